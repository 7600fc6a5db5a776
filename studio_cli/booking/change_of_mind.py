"""Clients change their minds: they pick a proposed time, move, or cancel, from their link and within the policy.

Every act names the revision of the details that the client has seen; of what was changed meanwhile nothing is done.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Literal

from whenever import Instant

from studio_cli.booking import cancellation, journey, letter, mail, request, session_changes, slot
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.journey import Visit
from studio_cli.booking.month import View, horizon
from studio_cli.booking.payment import GiveBack
from studio_cli.booking.studio import Studio
from studio_cli.errors import StudioError
from studio_cli.model.availability import window_ends
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.model.settlement import Settlement
from studio_cli.model.site import MOST_MOVES
from studio_cli.model.times import EARLIEST, LATEST, from_stored, stored
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import session as session_store

MOVED = "session moved"

What = Literal["done", "same", "changed", "taken", "closed"]
"""What came of an act: it is done; there was nothing to do; the details had changed, or the time was gone, so that
nothing was done; or it is not possible (any more), which their page says."""

No = Literal["never", "late", "often", "over"]
"""Why a client cannot move or cancel: the studio does that, the deadline has passed, they did it often, it is over."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A client's visit after what they did, and what came of it. ``wanted`` is the time that was gone."""

    visit: Visit
    what: What
    wanted: Instant | None = None


# ── what is possible ──────────────────────────────────────────────────────────────────────────────


def why_not_move(studio: Studio, session: Session) -> No | None:
    """Return why its client cannot move a session now; None when they can. A request asks for another time."""
    if session.status not in {"inquiry", "pending", "confirmed"}:
        return "over"
    if session.status != "inquiry":
        if session.move_ends_at is None:
            return "never"
        if studio.now() > session.move_ends_at:
            return "late"
    moves = event_store.count(studio.file, session.id, MOVED, "client")
    return "often" if moves >= MOST_MOVES else None


def why_not_cancel(studio: Studio, session: Session) -> No | None:
    """Return why its client cannot cancel a session now; None when they can. A request can always be withdrawn."""
    if session.status == "inquiry":
        return None
    if session.status not in {"pending", "confirmed"}:
        return "over"
    if session.cancel_ends_at is None:
        return "never"
    return "late" if studio.now() > session.cancel_ends_at else None


def free_times(studio: Studio, session: Session, first: Instant, last: Instant) -> list[Instant]:
    """Return when a client can move their session to, between two moments: where it is now counts as free.

    What no month shows is not free for them.
    """
    need, last = slot.need_of(studio, session), min(last, horizon(studio.now(), session.timezone))
    if first >= last:
        return []
    return slot.slots(studio, need, first, last, for_clients=True, but=session.id)


def view(studio: Studio, session: Session) -> View:
    """Return when a client can move their session to, to turn the months of: another time than the one it has."""
    now = studio.now()

    def free(first: Instant, last: Instant) -> list[Instant]:
        return [one for one in free_times(studio, session, first, last) if one != session.starts_at]

    ends = window_ends(slot.need_of(studio, session), studio.settings.zone, now)
    return View(free, session.timezone, now, ends)


def nearest(studio: Studio, session: Session, wanted: Instant) -> list[Instant]:
    """Return the free times nearest to one that is gone."""
    need, last = slot.need_of(studio, session), horizon(studio.now(), session.timezone)
    found = slot.nearest_free(studio, need, min(wanted, last), for_clients=True, but=session.id)
    return [one for one in found if one < last]


def still_offered(studio: Studio, session: Session) -> list[Instant]:
    """Return the times that the owner proposed and that are still possible."""
    if session.status != "inquiry":
        return []
    return [one for one in session.offered if request.is_possible(studio, session, one)]


# ── a proposed time ───────────────────────────────────────────────────────────────────────────────


def agree(studio: Studio, token: str, revision: int, at: str) -> Outcome:
    """The client says yes to one of the times that the owner proposed: it is theirs, and they go on from there."""
    with studio.file.atomic():
        here, problem = _enter(studio, token, revision)
        session, wanted = here.session, moment(at)
        if problem or wanted is None or session.status != "inquiry" or wanted not in session.offered:
            return Outcome(here, problem or "closed")
        if not request.is_possible(studio, session, wanted):
            return Outcome(here, "taken", wanted)
        regular = slot.is_regular(studio, wanted, slot.need_of(studio, session), moving=session)
        after = replace(session, starts_at=wanted, offered=(), custom_time=not regular, overlap_allowed=False)
        session_changes.save(studio, "time agreed", session, after, actor="client", agreed=True)
        taken, occasion = request.take_in(studio, session.id, "client"), f"agreed {session.id}"
        if taken.status == "confirmed":  # the owner has been told
            letter.tell_client(studio, taken, "confirmed", occasion)
        else:
            letter.tell_owner(studio, taken, "agreed", occasion)
        return Outcome(journey.visit(studio, token), "done")


# ── another time ──────────────────────────────────────────────────────────────────────────────────


def move(studio: Studio, token: str, revision: int, at: str) -> Outcome:
    """The client moves their session to a free time, or asks for that one instead of the one they had asked for.

    What it costs, their answers and how long a time is held stay; a confirmed session stays confirmed. What goes back
    if they cancel it later is never more than it would be now, as the page says.
    """
    with studio.file.atomic():
        here, problem = _enter(studio, token, revision)
        before, wanted = here.session, moment(at)
        if problem or wanted is None or why_not_move(studio, before):
            return Outcome(here, problem or "closed")
        if wanted == before.starts_at and not before.offered:
            return Outcome(here, "same")
        if wanted not in free_times(studio, before, wanted, wanted.add(minutes=1)):
            return Outcome(here, "taken", wanted)
        after = replace(before, starts_at=wanted, custom_time=False, overlap_allowed=False)
        if before.status == "inquiry":
            _ask_again(studio, before, after)
        else:
            terms = replace(before.terms, refunds=cancellation.after_a_move(studio, before))
            _move(studio, before, replace(after, terms=terms))
        return Outcome(journey.visit(studio, token), "done")


def _move(studio: Studio, before: Session, after: Session) -> None:
    agreed = before.status == "pending" and before.step("review").done_at is not None
    done = session_changes.save(studio, MOVED, before, after, actor="client", agreed=agreed)
    session_changes.told(studio, done, None, by_client=True)


def _ask_again(studio: Studio, before: Session, after: Session) -> None:
    """Inside a write: make it a request for another time; how long it is held stays.

    The page to do that on says nothing of money: whoever had not agreed to the details has not now either.
    """
    agreed, wishes = request.has_asked_but_for_the_time(studio, before), before.wishes
    wish = replace(wishes, times=(after.starts_at,)).stored() if wishes else None
    asked = replace(after, offered=(), wish=wish)
    session_changes.save(studio, MOVED, before, asked, actor="client", agreed=agreed)
    mail.cancel_pointless(studio, before.id)
    now = sessions.get(studio, before.id)
    request.tell_asked(studio, now, f"asked {now.id} {now.sequence}")


# ── not at all ────────────────────────────────────────────────────────────────────────────────────


def cancel(
    studio: Studio, token: str, revision: int, seen: str, give_back: GiveBack | None = None
) -> Outcome:
    """The client cancels their session, or withdraws their request; what goes back is what their page said.

    ``seen`` is ``terms_seen`` of that page: when something else would happen with the money now, nothing is done.
    What was paid online goes back there; what cannot be reached now is finished by ``payment sync``.
    """
    with studio.file.atomic():
        here, problem = _enter(studio, token, revision)
        session = here.session
        if session.status == "canceled":
            return Outcome(here, "same")
        if problem or why_not_cancel(studio, session):
            return Outcome(here, problem or "closed")
        money, begun = cancellation.settlement(studio, session), payments.unfinished(studio, session)
        if seen != terms_seen(money):
            return Outcome(here, "changed")
        sessions.end(studio, str(session.id), actor="client", details={"money": money.as_json()})
        orders = payments.order_back(studio, session, money.back) if money.online else []
        orders = [*begun, *orders]
        session_store.keep_money(studio.file, session.id, money.kept)
        _tell_canceled(studio, session, money)
    with contextlib.suppress(StudioError):  # what is written down goes back later
        payments.finish_refunds(studio, orders, give_back)
    return Outcome(journey.visit(studio, token), "done")


def terms_seen(money: Settlement) -> str:
    """Return what a page says about the money, as its form sends it back."""
    return f"{money.paid.minor}-{money.back.minor}-{money.online.minor}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a client ended a session, or a ``request``, and what they were told about the money."""

    request: bool
    money: Settlement
    at: Instant


def ended(studio: Studio, session: Session) -> Ended | None:
    """Return how a client canceled a session; None when it is not canceled, or the studio did it."""
    line = event_store.last(studio.file, session.id, "session canceled")
    if session.status != "canceled" or line is None or line.actor != "client":
        return None
    return Ended(line.details["from"] == "inquiry", Settlement.from_json(line.details["money"]), line.at)


def since(studio: Studio, session: Session, ended: Ended) -> list[Payment]:
    """Return what the ledger has had since a session was ended."""
    rows = payment_store.listed(studio.file, session_id=session.id)
    return [row for row in rows if row.recorded_at > ended.at]


def _tell_canceled(studio: Studio, before: Session, money: Settlement) -> None:
    session, occasion = sessions.get(studio, before.id), f"canceled {before.id}"
    if before.status == "inquiry":  # of what was only asked for there is nothing to take out of a calendar
        letter.tell_owner(studio, session, "withdrawn", occasion)
        return
    announced = before.step("payment").announced_at is not None
    about = {"money": money.as_json(), **({"announced": True} if announced else {})}
    letter.tell_client(studio, session, "canceled", occasion, about=about)
    what = "canceled-owed" if money.by_hand else "canceled"
    letter.tell_owner(studio, session, what, occasion, about=about)


# ── at the door of every act ──────────────────────────────────────────────────────────────────────


def _enter(studio: Studio, token: str, revision: int) -> tuple[Visit, What | None]:
    """Look again, inside the write: is the link alive, and is the session what the client saw?"""
    studio.settle(studio.now())
    here = journey.visit(studio, token)
    known = here.session.status == "canceled" or journey.is_present(studio, here.session, revision)
    return here, None if known else "changed"


def moment(text: str) -> Instant | None:
    """Return the moment that a button stands for; None for nonsense."""
    try:
        found = from_stored(text)
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST and stored(found) == text else None
