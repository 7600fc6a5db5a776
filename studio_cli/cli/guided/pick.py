"""Which session is meant, when none was named."""

from __future__ import annotations

from collections.abc import Sequence

from studio_cli.booking.studio import Studio
from studio_cli.cli.desk import Desk
from studio_cli.cli.prompts import Choice, Known, Prompts, among, walk
from studio_cli.errors import NotFound
from studio_cli.model.session import Session, Status
from studio_cli.model.times import show_short
from studio_cli.store import session as session_store

DAYS_BACK = 180
MOST = 500


def pick_session(desk: Desk, statuses: Sequence[Status]) -> str:
    """Ask for one of the sessions with these statuses; return its number."""
    with Prompts(desk) as prompts:
        answers = walk(prompts, [lambda known: _picked(prompts, desk.studio, statuses)], {})
    return str(answers["session"])


def _picked(prompts: Prompts, studio: Studio, statuses: Sequence[Status]) -> Known:
    return {"session": session_question(prompts, studio, statuses)}


def session_question(prompts: Prompts, studio: Studio, statuses: Sequence[Status]) -> str:
    """Ask for one of the sessions with these statuses, the next one first; return its number."""
    found = _nearest_first(studio, statuses)
    if not found:
        words = f"{' or '.join(statuses)} " if statuses else ""
        raise NotFound(f"There is no {words}session.", hint="Set one up: studio session new")
    return prompts.choose("Session", among([_choice(one) for one in found]))


def _nearest_first(studio: Studio, statuses: Sequence[Status]) -> list[Session]:
    """Return those to come in their order, then those of the last months, the latest first."""
    now = studio.now()
    back = now.subtract(hours=24 * DAYS_BACK)
    ahead = session_store.listed(studio.file, now, statuses=statuses, first=now, limit=MOST)
    past = session_store.listed(studio.file, now, statuses=statuses, first=back, last=now)
    return [*ahead, *reversed(past)]


def _choice(session: Session) -> Choice[str]:
    when = show_short(session.starts_at, session.timezone)
    label = f"{session.id}  {when}  {session.client.name}"
    return Choice(
        str(session.id), label, f"{session.title}, {session.status}", told=f"{label}, {session.title}"
    )
