"""Sessions: finding, confirming, reopening, canceling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from whenever import Instant

from studio_cli.booking import letter, mail, slot
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.event import Line
from studio_cli.model.form import Answer
from studio_cli.model.money import Money
from studio_cli.model.session import TRANSITIONS, Happening, Session, Status, Step, StepName
from studio_cli.model.text import is_number, shown
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store
from studio_cli.store.event import Actor
from studio_cli.store.order import Order


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of status did. ``changed`` is False when the session was so already."""

    session: Session
    changed: bool
    waived: tuple[Step, ...] = ()
    waived_money: Money | None = None


# ── finding ───────────────────────────────────────────────────────────────────────────────────────


def get(studio: Studio, number: int) -> Session:
    """Return the session of that number as it is now; ``NotFound`` when there is none."""
    session = session_store.get(studio.file, number, studio.now())
    if session is None:
        raise NotFound(f"There is no session {number}.", hint="studio session list")
    return session


def find(studio: Studio, selector: str) -> Session:
    """Return the session that a number or ``last`` (the one the owner touched last) means."""
    text = selector.strip()
    if text == "last":
        number = session_store.last_touched(studio.file)
        if number is None:
            raise NotFound("There is no session yet.", hint="Set one up: studio session new --help")
        return get(studio, number)
    if not is_number(text):
        raise NotFound(
            f"{shown(text)[:60]!r} is not a session's number.",
            hint="Use a number from studio session list, or last.",
        )
    return get(studio, int(text))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which sessions are wanted; None and False leave it open. They start in ``first`` (included) to ``last``."""

    statuses: tuple[Status, ...] = ()
    client_id: int | None = None
    type_id: int | None = None
    first: Instant | None = None
    last: Instant | None = None
    waiting_for: StepName | None = None
    unpaid: bool = False


def listed(
    studio: Studio, filters: Filters, *, order: Order | None = None, limit: int | None = None
) -> list[Session]:
    """Return the sessions that are wanted, by their start unless another order is; at most ``limit``."""
    step = filters.waiting_for
    statuses = filters.statuses
    if step and statuses and "pending" not in statuses:
        return []
    found = session_store.listed(
        studio.file,
        studio.now(),
        statuses=("pending",) if step else statuses,
        client_id=filters.client_id,
        type_id=filters.type_id,
        first=filters.first,
        last=filters.last,
        unpaid=filters.unpaid,
        order=order,
        limit=None if step else limit,
    )
    # What a session waits for follows from all that is known of it: only pending ones are looked at.
    waiting = [one for one in found if step is None or one.step(step) in one.waiting_for]
    return waiting if limit is None else waiting[:limit]


def answers(studio: Studio, session: Session) -> list[Answer]:
    """Return what the client answered, in the order of the questions."""
    return session_store.answers(studio.file, session.id)


def history(studio: Studio, session: Session) -> list[Line]:
    """Return what happened to a session, oldest first."""
    return event_store.of_session(studio.file, session.id)


def newest_event(studio: Studio) -> int:
    """Return the number of the newest line of the history."""
    return event_store.newest(studio.file)


def client_events(studio: Studio, after: int) -> list[Happening]:
    """Return what clients did since a line of the history."""
    return event_store.of_clients(studio.file, after)


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


def confirm(studio: Studio, selector: str, *, tell: bool = True) -> Change:
    """Confirm a pending session as its owner: what the client has not done yet is waived."""
    with studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        session = find(studio, selector)
        if session.status == "confirmed":
            return Change(session, changed=False)
        return waive(studio, session, now, tell=tell)


def waive(studio: Studio, session: Session, now: Instant, *, tell: bool) -> Change:
    """Inside a write: confirm a pending session as its owner."""
    check_transition(session, "confirmed", "confirm")
    waived, money = session.waiting_for, session.due_now
    if session.tip and session.step("payment").open:  # chosen, and not paid: nobody owes a tip
        session_store.update(studio.file, replace(session, tip=session.terms.nothing))
    session_store.waive_steps(studio.file, session.id, [step.name for step in waived], now)
    session_store.set_status(studio.file, session.id, "confirmed", confirmed_at=now, confirmed_by="owner")
    session_store.leave_to_owner(studio.file, session.id)
    mail.cancel_pointless(studio, session.id)
    details = {"waived": [step.name for step in waived], "waived_money": money.as_json()}
    event_store.add(studio.file, "session confirmed", now, session_id=session.id, details=details)
    confirmed = get(studio, session.id)
    if tell:
        letter.tell_client(studio, confirmed, "confirmed", f"confirmed {confirmed.id} {confirmed.sequence}")
    return Change(confirmed, True, waived, money)


def reopen(studio: Studio, selector: str, *, allow_overlap: bool = False, tell: bool = True) -> Change:
    """Make a confirmed or expired session pending again.

    A client is asked again to review a confirmed one, and for what was waived; of an expired one nothing that
    they did is lost, and if it was all, it is confirmed.
    """
    with studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        session = find(studio, selector)
        if session.status == "pending":
            return Change(session, changed=False)
        if session.status == "inquiry":
            raise wrong_status(session, "it cannot be reopened.")
        check_transition(session, "pending", "reopen")
        if session.status == "expired":
            _take_time_again(studio, session, allow_overlap)
        else:
            session_store.ask_again(studio.file, session.id)
        session_store.leave_to_owner(studio.file, session.id)
        session_store.set_expiry(studio.file, session.id, deadline_anew(studio, get(studio, session.id)))
        session_store.set_status(studio.file, session.id, "pending")
        event_store.add(
            studio.file, "session reopened", now, session_id=session.id, details={"from": session.status}
        )
        return Change(complete(studio, session.id, "owner", tell=tell), changed=True)


def _take_time_again(studio: Studio, session: Session, allow_overlap: bool) -> None:
    need = slot.need_of(studio, session)
    taken = slot.taken_by(studio, session.starts_at, need, but=session.id)
    if taken and not allow_overlap:
        slot.refuse_taken(studio, session.starts_at, need, taken)
    session_store.allow_overlap(studio.file, session.id, bool(taken))


def take_up_again(studio: Studio, session: Session) -> Session:
    """Inside a write: make an expired session pending again, without a deadline, if its time is still free.

    For a client who paid at the last moment: nothing that is taken is forced, and nothing that is past comes back.
    """
    if session.status != "expired" or session.starts_at <= studio.now():
        return session
    if slot.taken_by(studio, session.starts_at, slot.need_of(studio, session), but=session.id):
        return session
    session_store.allow_overlap(studio.file, session.id, False)
    session_store.set_expiry(studio.file, session.id, None)
    session_store.set_status(studio.file, session.id, "pending")
    details = {"from": "expired", "why": "paid"}
    event_store.add(
        studio.file, "session reopened", studio.now(), actor="system", session_id=session.id, details=details
    )
    return get(studio, session.id)


def deadline_anew(studio: Studio, session: Session) -> Instant | None:
    """Return until when a session is held that begins to wait for its client once more; money holds it without an end.

    One that its client picked is held as at first: never for ever. No hold is cut off at the beginning of its
    session: who comes and pays there is confirmed by that.
    """
    offer = type_store.get(studio.file, session.type.id) if session.type else None
    minutes = session.site_hold or (offer.hold if offer else None)
    return studio.now().add(minutes=minutes) if minutes and not session.paid else None


def cancel(studio: Studio, selector: str, *, tell: bool = True, note: str | None = None) -> Change:
    """Cancel a session and free its time. What was paid stays in the ledger: nothing is refunded silently."""
    with studio.file.atomic():
        change = end(studio, selector)
        if tell:
            tell_canceled(studio, change, note)
        return change


def end(
    studio: Studio, selector: str, *, actor: Actor = "owner", details: Mapping[str, Any] | None = None
) -> Change:
    """Inside a write: cancel a session; ``details`` go into the history."""
    now = studio.now()
    studio.settle(now)
    session = find(studio, selector)
    if session.status == "canceled":
        return Change(session, changed=False)
    check_transition(session, "canceled", "cancel")
    session_store.set_status(studio.file, session.id, "canceled")
    mail.cancel_pointless(studio, session.id)
    event_store.add(
        studio.file,
        "session canceled",
        now,
        actor=actor,
        session_id=session.id,
        details={"from": session.status, **(details or {})},
    )
    return Change(get(studio, session.id), changed=True)


def tell_canceled(studio: Studio, change: Change, note: str | None = None) -> None:
    """Inside a write: tell the client that a session was canceled, if they have heard of it."""
    session = change.session
    if change.changed and letter.knows(studio, session):
        about = {"note": letter.check_note(note)}
        letter.tell_client(studio, session, "canceled", f"canceled {session.id}", about=about)


def complete(
    studio: Studio,
    number: int,
    actor: Actor = "client",
    *,
    tell: bool = True,
    payment_id: int | None = None,
) -> Session:
    """Inside a write: confirm a pending session of which nothing is waited for any more, for its client.

    ``actor`` did the last of it: the owner, when it was recording the payment ``payment_id``.
    """
    session, now = get(studio, number), studio.now()
    if session.status != "pending" or session.waiting_for:
        return session
    session_store.set_status(studio.file, number, "confirmed", confirmed_at=now, confirmed_by="client")
    event_store.add(studio.file, "session confirmed", now, actor=actor, session_id=number)
    mail.cancel_pointless(studio, number)
    confirmed = get(studio, number)
    occasion = f"confirmed {number} {confirmed.sequence}"
    if tell and confirmed.starts_at > now:  # else there is nothing to look forward to
        letter.tell_client(studio, confirmed, "confirmed", occasion, payment_id=payment_id)
    if actor == "client":
        letter.tell_owner(studio, confirmed, "confirmed", occasion)
    return confirmed


def check_transition(session: Session, to: Status, verb: str) -> None:
    """Refuse a change of status that is not possible, with the one that is."""
    if to not in TRANSITIONS[session.status]:
        raise wrong_status(session, f"it cannot be {_PAST[verb]}.")


_PAST = {
    "confirm": "confirmed",
    "reopen": "reopened",
    "cancel": "canceled",
    "accept": "accepted",
    "decline": "declined",
}


def wrong_status(session: Session, words: str, hint: str | None = None) -> Refused:
    """Return the refusal of what a session's status does not allow; by itself it hints at reopening where that helps."""
    if hint is None and session.status == "inquiry":
        hint = f"Answer the request first: studio session accept {session.id}"
    elif hint is None and "pending" in TRANSITIONS[session.status]:
        hint = f"Make it pending first: studio session reopen {session.id}"
    return Refused(
        f"Session {session.id} is {session.status}: {words}",
        hint=hint,
        code="wrong_status",
        details={"session": session.id, "status": session.status},
    )
