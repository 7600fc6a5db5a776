"""Reminding clients: what is due now is written, each for its own occasion, and sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from whenever import Instant

from studio_cli.booking import letter, mail, waiting
from studio_cli.booking.mail import Mailer
from studio_cli.booking.studio import Studio
from studio_cli.model.message import Message
from studio_cli.model.reminder import LATE_DAYS, Reminder, due
from studio_cli.model.reminder_plan import Plan
from studio_cli.model.session import Session
from studio_cli.store import message as message_store
from studio_cli.store import reminder as reminder_store
from studio_cli.store import session as session_store

TOMORROW_HOURS = 50
"""The day before a session begins at most so long before it: two days, and an hour when clocks change."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A reminder that is due, with its session."""

    session: Session
    reminder: Reminder


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mail that was sent, or would be, and why."""

    message: Message
    why: str
    session: Session | None

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return it as scripts read it; times in ``zone``."""
        return {**self.message.as_json(zone), "id": self.message.id or None, "why": self.why}


# ── what is due ───────────────────────────────────────────────────────────────────────────────────


def plan(studio: Studio) -> list[Planned]:
    """Return the reminders that are due now; none in the quiet hours."""
    now, when = studio.now(), studio.settings.reminders
    if when.is_quiet(now):
        return []
    with studio.file.reading():
        sessions = _candidates(studio, when, now)
        pasts = reminder_store.pasts(studio.file, [session.id for session in sessions])
    found = [(session, due(session, pasts[session.id], when, now)) for session in sessions]
    return [Planned(session, reminder) for session, reminder in found if reminder]


def _candidates(studio: Studio, when: Plan, now: Instant) -> list[Session]:
    """Return the sessions that can have a reminder due: each is found by a range of an index, however many there are."""
    file, today = studio.file, now.to_tz("UTC").date()
    pending = session_store.listed(file, now, statuses=("pending",), first=now)
    soon = now.add(hours=TOMORROW_HOURS)
    coming = session_store.listed(file, now, statuses=("confirmed",), first=now, last=soon)
    owing = []
    if when.balance:
        first = today.subtract(days=LATE_DAYS + max(0, *when.balance, 0) + 1)
        owing = session_store.with_balance_due(file, now, first, today.add(days=1 - min(0, *when.balance, 0)))
    return list({session.id: session for session in (*pending, *coming, *owing)}.values())


# ── writing and sending ───────────────────────────────────────────────────────────────────────────


def remind(studio: Studio, mailer: Mailer | None) -> list[Outcome]:
    """End the holds that have run out, write the reminders that are due and who waits for a time that is free now,
    send them and what is to be tried again.

    Without a mail server nothing is written: a reminder does not wait for one. Safe to run at any time, several at
    once too. A reminder that cannot be written holds up no other.
    """
    with studio.file.atomic():
        _tidy(studio)
    reasons: dict[int, str] = {}
    trouble = None
    for planned in plan(studio) if mailer else ():
        try:
            with studio.file.atomic():
                reasons |= write(studio, planned.session.id)
        except Exception as error:
            trouble = error
    waiting.look(studio)
    sent = mail.send_written(studio, mailer, retry=True)
    if trouble:
        raise trouble
    return [
        _outcome(studio, message, reasons) for message in sent if message.state not in {"canceled", "sending"}
    ]


def write(studio: Studio, number: int) -> dict[int, str]:
    """Inside a write: look again, and put the reminder that a session's client is due into the outbox.

    Returns the number of the mail with its reason. A reminder that waits there already gives way to it.
    """
    now, session = studio.now(), session_store.get(studio.file, number, studio.now())
    past = reminder_store.pasts(studio.file, [number])[number]
    found = due(session, past, studio.settings.reminders, now) if session else None
    if session is None or found is None:
        return {}
    message = letter.tell_client(studio, session, found.kind, found.occasion)
    if message is None:
        return {}
    mail.cancel_pointless(studio, number)
    return {message: found.why}


def rehearse(studio: Studio) -> list[Outcome]:
    """Return what ``remind`` would send now, changing nothing. A mail that is not written yet has the number 0."""
    file = studio.file
    with file.rehearsal():
        newest = message_store.newest(file)
        _tidy(studio)
        reasons: dict[int, str] = {}
        for planned in plan(studio):
            reasons |= write(studio, planned.session.id)
        waiting.look(studio)
        found = [_outcome(studio, message, reasons) for message in mail.to_send(studio, retry=True)]
    return [
        replace(one, message=replace(one.message, id=0)) if one.message.id > newest else one for one in found
    ]


def _tidy(studio: Studio) -> None:
    """Inside a write: end the holds that have run out, and cancel what waits and makes no sense any more."""
    studio.settle(studio.now())
    for number in {message.session_id for message in mail.to_send(studio, retry=True)}:
        if number is not None:
            mail.cancel_pointless(studio, number)


def _outcome(studio: Studio, message: Message, reasons: dict[int, str]) -> Outcome:
    now = studio.now()
    session = session_store.get(studio.file, message.session_id, now) if message.session_id else None
    return Outcome(message, reasons.get(message.id) or _reason(message), session)


def _reason(message: Message) -> str:
    """Return why a mail goes out that is no new reminder."""
    if message.kind in {"expired", "owner"} and message.attempts <= 1:
        return "a hold has run out" if "expired" in {message.kind, message.about.get("news")} else "news"
    if message.kind == "time-free" and message.attempts <= 1:
        return "a time is free that they wait for"
    return "waited in the outbox"
