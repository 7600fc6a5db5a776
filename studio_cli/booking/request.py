"""Requests: a client asks for a time, and the owner says yes, no, or when else it could be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whenever import Instant

from studio_cli.booking import letter, mail, session_changes, slot
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.message import WAITING
from studio_cli.model.session import Session
from studio_cli.model.site import held_until
from studio_cli.model.times import Which, from_stored, parse_when, show_short, stored
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store

ACCEPTED = "session accepted"
DECLINED = "session declined"
PROPOSED = "time proposed"
MOST_OFFERED = 5
"""So many times can be proposed at once: more is a calendar, and the client has that."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A request before and after it was answered. ``overlaps``: what the owner allowed it to overlap."""

    before: Session
    session: Session
    changed: bool = True
    overlaps: Sequence[int] = ()


# ── what is asked for ─────────────────────────────────────────────────────────────────────────────


def asked_times(session: Session) -> tuple[Instant, ...]:
    """Return the times that a request is for: its own first, then what else was wished for."""
    wished = session.wishes.times if session.wishes else ()
    return tuple(dict.fromkeys([session.starts_at, *wished]))


def is_possible(studio: Studio, session: Session, wanted: Instant) -> bool:
    """Return whether a request can get a time: it is to come, not taken, and open, unless its owner knew that it is not."""
    need = slot.need_of(studio, session)
    if wanted <= studio.now() or slot.taken_by(studio, wanted, need, but=session.id):
        return False
    known = wanted in proposed_outside(studio, session)
    return known or slot.is_regular(studio, wanted, need, moving=session)


def in_the_way(studio: Studio, session: Session) -> list[Session]:
    """Return what has the time that a request is for."""
    return slot.taken_by(studio, session.starts_at, slot.need_of(studio, session), but=session.id)


# ── yes ───────────────────────────────────────────────────────────────────────────────────────────


def accept(
    studio: Studio,
    selector: str,
    *,
    at: str | None = None,
    wish: int | None = None,
    which: Which | None = None,
    custom: bool = False,
    allow_overlap: bool = False,
    tell: bool = True,
    note: str | None = None,
) -> Answer:
    """Accept a request, at its own time, another (``at``), or one of those wished for (``wish``, from 1).

    It becomes pending, held as its type says; when its client asked for exactly this and nothing else is left to do,
    it is confirmed.
    """
    with studio.file.atomic():
        studio.settle(studio.now())
        before = sessions.find(studio, selector)
        if before.status in {"pending", "confirmed"} and event_store.last(studio.file, before.id, ACCEPTED):
            return Answer(before, before, changed=False)
        _check_request(before, "accepted")
        starts_at = _wanted(studio, before, at, wish, which)
        if not custom:
            _check_future(studio, before, starts_at)
        placed, overlaps = slot.place(
            studio,
            replace(before, starts_at=starts_at),
            custom=custom,
            allow_overlap=allow_overlap,
            moving=before,
        )
        asked_for = has_asked(studio, before)
        if starts_at != before.starts_at:
            wished = before.wishes is not None and starts_at in before.wishes.times
            asked_for = asked_for and wished
            session_changes.save(studio, "session moved", before, placed, agreed=asked_for)
        else:
            session_store.update(studio.file, placed)
        details = {"overlaps": overlaps} if overlaps else {}
        event_store.add(studio.file, ACCEPTED, studio.now(), session_id=before.id, details=details)
        after = take_in(studio, before.id, "owner")
        if tell:
            _tell_accepted(studio, before, after, note)
        return Answer(before, sessions.get(studio, before.id), overlaps=overlaps)


def _wanted(
    studio: Studio, before: Session, at: str | None, wish: int | None, which: Which | None
) -> Instant:
    """Return the time that a request is accepted at."""
    if at is not None and wish is not None:
        raise WrongUsage("--at and --wish contradict each other.", hint="Leave one of them out.")
    if at is not None:
        return parse_when(at, studio.settings.zone, studio.now(), which)
    if wish is None:
        return before.starts_at
    times = before.wishes.times if before.wishes else ()
    if not 1 <= wish <= len(times):
        raise WrongUsage(
            f"Session {before.id} has {len(times) or 'no'} wishes.",
            hint=f"studio session show {before.id}",
            code="no_wish",
        )
    return times[wish - 1]


def _check_future(studio: Studio, request: Session, starts_at: Instant) -> None:
    """Refuse a time that has passed, though it was asked for; name how to accept what has not."""
    now = studio.now()
    if starts_at > now:
        return
    times = request.wishes.times if request.wishes else ()
    later = next((number for number, moment in enumerate(times, start=1) if moment > now), None)
    how = f"--wish {later}" if later else '--at "…" with another time'
    raise Refused(
        f"{show_short(starts_at, studio.settings.zone)} is in the past.",
        hint=f"Accept it with {how}, or add --custom: studio session accept {request.id} --help",
        code="past",
    )


def has_asked(studio: Studio, session: Session) -> bool:
    """Inside a write: return whether a client has seen and asked for what their request says now.

    Who asks on the booking site sees the first revision of the details there. What the owner took down for somebody
    is reviewed by them first, and so is what was changed since.
    """
    review = session.step("review")
    if session.source == "site" and review.revision is None and session.revision == 1:
        session_store.finish_step(studio.file, session.id, "review", session.created_at, 1)
        return True
    return review.done_at is not None


_OF_ITS_TIME = {"starts_at", "ends_at", "balance_due", "document"}


def has_asked_but_for_the_time(studio: Studio, session: Session) -> bool:
    """Inside a write: return whether a client has seen all that their request says now, other times aside.

    A contract, which names the time, is read and signed by itself.
    """
    if has_asked(studio, session):
        return True
    revision = session.step("review").revision or (1 if session.source == "site" else 0)
    seen, now = session_store.details_at(studio.file, session.id, revision), session.details()
    return seen is not None and all(seen.get(name) == now[name] for name in now if name not in _OF_ITS_TIME)


def take_in(studio: Studio, number: int, actor: event_store.Actor) -> Session:
    """Inside a write: make a request a pending session, confirmed when nothing is left to do.

    Its client is not told; the owner is when the client is the ``actor`` and it is confirmed.
    """
    session_store.accept(studio.file, number, sessions.deadline_anew(studio, sessions.get(studio, number)))
    mail.cancel_pointless(studio, number)
    return sessions.complete(studio, number, actor, tell=False)


def _tell_accepted(studio: Studio, before: Session, after: Session, note: str | None) -> None:
    kind = "confirmed" if after.status == "confirmed" else "accepted"
    about = {"note": letter.check_note(note)}
    if after.starts_at != before.starts_at:
        about["before"] = before.details()  # type: ignore[assignment]
    letter.tell_client(studio, linked(studio, after), kind, f"accepted {after.id}", about=about)


def linked(studio: Studio, session: Session) -> Session:
    """Inside a write: give a session whose client has no link yet a share, for the link in a mail."""
    living = any(share.revoked_at is None for share in session.shares)
    if living or not session.client.email or not studio.settings.get("mail.host"):
        return session
    shares.by_mail(studio, session.id)
    return sessions.get(studio, session.id)


# ── no ────────────────────────────────────────────────────────────────────────────────────────────


def decline(studio: Studio, selector: str, *, tell: bool = True, note: str | None = None) -> Answer:
    """Say no to a request; its time is free again."""
    with studio.file.atomic():
        studio.settle(studio.now())
        before = sessions.find(studio, selector)
        if before.status == "declined":
            return Answer(before, before, changed=False)
        _check_request(before, "declined")
        if before.offered:  # it is not that those have passed
            session_store.update(studio.file, replace(before, offered=()))
        session_store.set_status(studio.file, before.id, "declined")
        mail.cancel_pointless(studio, before.id)
        event_store.add(studio.file, DECLINED, studio.now(), session_id=before.id)
        after = sessions.get(studio, before.id)
        if tell:
            about = {"note": letter.check_note(note)}
            letter.tell_client(studio, after, "declined", f"declined {after.id}", about=about)
        return Answer(before, after)


# ── another time ──────────────────────────────────────────────────────────────────────────────────


def propose(
    studio: Studio,
    selector: str,
    times: Sequence[str],
    *,
    which: Which | None = None,
    custom: bool = False,
    tell: bool = True,
    note: str | None = None,
) -> Answer:
    """Propose other times for a request, of which its client picks one; each has to be free now.

    The request moves to the first of them, and holds that one, anew, if it held its time at all; the others are
    offered as long as they are free.
    """
    with studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        before = sessions.find(studio, selector)
        _check_request(before, "given another time")
        wanted = _offered(studio, times, which)
        if before.offered == wanted:
            return Answer(before, before, changed=False)
        placed = [_placed(studio, before, moment, custom=custom) for moment in wanted]
        held = held_until(_hold_of(studio, before), wanted[0], now) if before.request == "hold" else None
        after = replace(placed[0], offered=wanted, holds_time=held is not None, expires_at=held)
        outside = [stored(one.starts_at) for one in placed if one.custom_time]
        more = {"custom": outside} if outside else {}
        session_changes.save(studio, PROPOSED, before, after, more=more)
        if tell:
            _tell_proposed(studio, before.id, f"event {event_store.newest(studio.file)}", note)
        return Answer(before, sessions.get(studio, before.id))


def proposed_outside(studio: Studio, session: Session) -> set[Instant]:
    """Return which of the times that are proposed the owner knew to be outside the availability."""
    line = event_store.last(studio.file, session.id, PROPOSED)
    known = {session.starts_at} if session.custom_time else set()
    return known | {from_stored(text) for text in (line.details.get("custom", ()) if line else ())}


def _offered(studio: Studio, times: Sequence[str], which: Which | None) -> tuple[Instant, ...]:
    wanted = tuple(
        dict.fromkeys(parse_when(text, studio.settings.zone, studio.now(), which) for text in times)
    )
    if not wanted:
        raise WrongUsage("--at is missing.", hint='For example: --at "2026-12-04 10:00"', code="missing")
    if len(wanted) > MOST_OFFERED:
        raise WrongUsage(
            f"{len(wanted)} times are too many to choose from.",
            hint=f"Propose at most {MOST_OFFERED} times.",
            code="too_many",
        )
    return wanted


def _placed(studio: Studio, before: Session, moment: Instant, *, custom: bool) -> Session:
    draft = replace(before, starts_at=moment)
    return slot.place(studio, draft, custom=custom, allow_overlap=None, moving=before)[0]


def _hold_of(studio: Studio, session: Session) -> int | None:
    offer = type_store.get(studio.file, session.type.id) if session.type else None
    return offer.hold if offer else None


def _tell_proposed(studio: Studio, number: int, occasion: str, note: str | None) -> None:
    """Inside a write: mail the proposal; an earlier one that has not gone out yet is no longer of use."""
    for waiting in message_store.listed(studio.file, WAITING, session_id=number, kind="proposal"):
        message_store.cancel(studio.file, waiting.id)
    session = linked(studio, sessions.get(studio, number))
    about = {"note": letter.check_note(note)}
    letter.tell_client(studio, session, "proposal", occasion, about=about)


# ── asked ─────────────────────────────────────────────────────────────────────────────────────────


def tell_asked(studio: Studio, session: Session, occasion: str) -> None:
    """Inside a write: tell its client that their request is here, and the owner that there is one to answer."""
    letter.tell_client(studio, session, "requested", occasion)
    letter.tell_owner(studio, session, "requested", occasion)


def _check_request(session: Session, word: str) -> None:
    if session.status == "inquiry":
        return
    hints = {
        "pending": f"Its client is at it: studio session show {session.id}",
        "confirmed": f"Move or cancel it: studio session reschedule {session.id} --help",
        "expired": f"Make it pending again: studio session reopen {session.id}",
    }
    hint = hints.get(session.status, "Set up a new one: studio session new")
    raise Refused(
        f"Session {session.id} is {session.status}, no request: it cannot be {word}.",
        hint=hint,
        code="wrong_status",
        details={"session": session.id, "status": session.status},
    )


def was_answered(studio: Studio, session: Session) -> bool:
    """Return whether the owner has declined a request, and not its time."""
    return event_store.last(studio.file, session.id, DECLINED) is not None
