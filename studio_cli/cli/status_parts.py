"""What stands on the status screen, part by part, in words: the same for the eye and for the ear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from studio_cli.booking.overview import COMING_DAYS, Overview, Owed, Stuck
from studio_cli.cli.outbox import WORDS
from studio_cli.model.message import Message
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.model.times import (
    days_between,
    show_ago,
    show_clock,
    show_date,
    show_days,
    show_distance,
    show_near,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing on the screen: a session by its ``number``, or something else.

    ``when`` is what its eye falls on first (a time, an amount), ``notes`` are short phrases about it, ``alarm`` says that
    it went wrong or is late; ``command`` moves it.
    """

    what: str
    number: int | None = None
    day: str = ""
    when: str = ""
    status: str = ""
    notes: tuple[str, ...] = ()
    command: str | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the screen. ``sums`` stand beside its title; of ``left_out`` entries ``more`` shows the rest."""

    title: str
    entries: Sequence[Entry]
    sums: str = ""
    left_out: int = 0
    more: str = ""
    empty: str = ""

    def cut(self, most: int) -> Part:
        """Return the part with no more than so many entries; one more is not worth a line that says so."""
        if len(self.entries) <= most + 1:
            return self
        return replace(self, entries=self.entries[:most], left_out=len(self.entries) - most)


def diary_parts(found: Overview) -> list[Part]:
    """Return today and the coming week."""
    today = found.now.to_tz(found.zone).date()
    here = [(session, session.starts_at.to_tz(found.zone).date()) for session in found.coming]
    now = [_appointment(session, found) for session, day in here if day <= today]
    later = [
        _appointment(session, found, show_date(day, today) if not number else "")
        for day, group in groupby(((one, day) for one, day in here if day > today), key=lambda pair: pair[1])
        for number, (session, _) in enumerate(group)
    ]
    return [
        Part("Today", now, more="studio calendar show --agenda --days 1", empty="Nothing more today."),
        Part("Coming week", later, more=f"studio calendar show --agenda --days {COMING_DAYS + 1}",
             empty="Nothing in the coming week."),
    ]  # fmt: skip


def _appointment(session: Session, found: Overview, day: str | None = None) -> Entry:
    """Return a session of the diary: on the ``day``, empty below another one of it; without one, how soon it is."""
    begins, ends = (show_clock(moment, found.zone) for moment in (session.starts_at, session.ends_at))
    running = session.starts_at <= found.now
    soon = "now" if running else show_distance(session.starts_at, found.now, found.zone)
    return Entry(
        what=_named(session),
        number=session.id,
        day=soon if day is None else day,
        when=f"{begins}–{ends}",
        status=session.status,
        notes=(session.location,) if session.location else (),
    )


def todo_parts(found: Overview) -> list[Part]:
    """Return what waits for somebody and what went wrong."""
    yours = [_waiting(one, found) for one in found.stuck if one.yours]
    theirs = [_waiting(one, found) for one in found.stuck if not one.yours]
    pending = "studio session list --status pending,inquiry"
    parts = [
        Part("Waiting for you", yours, more=pending),
        Part("Waiting for clients", theirs, more=pending),
        Part("Trouble", list(_trouble(found)), more="studio mail list --waiting"),
    ]
    return [part for part in parts if part.entries]


def _waiting(one: Stuck, found: Overview) -> Entry:
    words = one.waits_for.partition(": ")[2]
    living = any(share.revoked_at is None for share in one.session.shares)
    opened = f"link opened {show_ago(one.opened_at, found.now)} ago" if one.opened_at else "link never opened"
    return Entry(
        what=_named(one.session),
        number=one.session.id,
        when=show_near(one.session.starts_at, found.zone, found.now),
        status=one.session.status,
        notes=(words, f"for {show_ago(one.since, found.now)}", *((opened,) if living else ())),
        command=one.command,
    )


def money_parts(found: Overview) -> list[Part]:
    """Return what clients owe and what is to be given back."""
    owed = Part(
        "Owed to you",
        [_balance(session, found) for session in found.owing],
        _sum(found.owing_sums),
        more="studio status --all",
    )
    back = [
        *(_late(row) for row in found.to_refund),
        *(_owed(one) for one in found.owed),
        *(_too_much(session) for session in found.overpaid),
    ]
    parts = [owed, Part("To give back", back, _sum(found.give_back_sums), more="studio status --all")]
    return [part for part in parts if part.entries]


def _sum(amounts: Iterable[Money]) -> str:
    return ", ".join(str(amount) for amount in amounts)


def _balance(session: Session, found: Overview) -> Entry:
    today, due = found.now.to_tz(session.timezone).date(), session.balance_due_on
    if due is None:
        note, late = f"session {show_near(session.starts_at, session.timezone, found.now)}", False
    else:
        late = due < today
        note = (
            f"{'was due' if late else 'due'} {show_date(due, today)}, {show_days(days_between(today, due))}"
        )
    return Entry(
        what=_named(session),
        number=session.id,
        when=str(session.balance),
        notes=(note,),
        command=f"studio payment record {session.id} {session.balance.amount}",
        alarm=late,
    )


def _late(row: Payment) -> Entry:
    return Entry(
        what=f"{row.title}, {row.client}",
        number=row.session_id,
        when=str(row.left),
        notes=("paid too late to count",),
        command=f"studio payment refund {row.session_id} {row.left.amount} --of {row.id}",
    )


def _owed(one: Owed) -> Entry:
    return Entry(
        what=_named(one.session),
        number=one.session.id,
        when=str(one.amount),
        notes=("canceled by the client",),
        command=one.command,
    )


def _too_much(session: Session) -> Entry:
    extra = session.paid - session.total
    return Entry(
        what=_named(session),
        number=session.id,
        when=str(extra),
        notes=("paid too much",),
        command=f"studio payment refund {session.id} {extra.amount}",
    )


def _trouble(found: Overview) -> Iterable[Entry]:
    for one in found.mail:
        if one.state not in {"queued", "sending"}:
            yield _mail(one, found)
    waiting = sum(one.state in {"queued", "sending"} for one in found.mail)
    if waiting:
        yield Entry(f"{_count(waiting, 'mail')} to be sent", command="studio mail send")
    for calendar in found.calendars:
        read = calendar.synced_at
        since = f"last read {show_near(read, found.zone, found.now)}" if read else "never read so far"
        yield Entry(
            f"Calendar {calendar.name} cannot be read",
            notes=((calendar.error or "").rstrip("."), since),
            command=f"studio calendar sync {_quoted(calendar.name)}",
            alarm=True,
        )
    for template in found.templates:
        yield Entry(
            f"Your template {template.kind} ({template.language}) is not used",
            notes=(template.why,),
            command=f"studio template check {template.kind}",
            alarm=True,
        )
    if found.unfinished_refunds:
        begun = f"{_count(found.unfinished_refunds, 'refund')} begun and not finished"
        yield Entry(begun, command="studio payment sync", alarm=True)


def _mail(one: Message, found: Overview) -> Entry:
    command = f"studio mail send {one.id}" if one.state == "failed" else f"studio mail show {one.id}"
    again = (
        (f"next try {show_near(one.next_try_at, found.zone, found.now)}",)
        if one.state == "failed" and one.next_try_at
        else ()
    )
    state = "may have been sent" if one.state == "unknown" else WORDS[one.state]
    return Entry(
        f"Mail {one.id} to {one.to_email} ({one.kind}): {state}",
        notes=((one.last_error or "").rstrip("."), *again),
        command=command,
        alarm=True,
    )


def _named(session: Session) -> str:
    return f"{session.title}, {session.client.name}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _quoted(name: str) -> str:
    import shlex

    return shlex.quote(name)
