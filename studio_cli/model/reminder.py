"""Which reminder a session's client is due: pure rules, from the session, what has been, the plan and the moment.

Each reminder has an occasion, which never has a second mail. At most one reminder is due to a session at a time:

* Of several of one name that were missed, only the newest.
* One that another stands for within half a day is left out: a hold that ends says what is unfinished too, the mail
  on the day before says what is to be paid.
* Whoever has just been told something about the session is left alone for half a day.
* One whose moment had passed before its client knew (booked this morning for tomorrow) is none.
* One that is two weeks late is none: a program that is run for the first time does not write to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whenever import Date, Instant, Time

from studio_cli.model.message import State
from studio_cli.model.reminder_plan import Plan, ReminderName
from studio_cli.model.session import Session, Step
from studio_cli.model.times import day_begins, show_short, stored

KINDS: dict[ReminderName, str] = {
    "unfinished": "reminder",
    "hold": "hold-ending",
    "balance": "payment-due",
    "tomorrow": "tomorrow",
}
"""The kind of mail that each reminder is."""
TELLING = frozenset({"share", "changed", "confirmed", *KINDS.values()})
"""Kinds of mail after which a client is left alone for a while."""
APART_HOURS = 12
LATE_DAYS = 14
WAITS_DAYS = 3
"""So long a reminder can wait to be sent: longer than it is tried by itself."""
MORNING = Time(9)
"""When a balance is asked for, in the session's zone."""
_STANDS_FOR: dict[ReminderName, ReminderName] = {"unfinished": "hold", "balance": "tomorrow"}
"""The reminder that says what another would, and is more urgent."""


@dataclass(frozen=True, slots=True)
class Told:
    """A mail to a session's client: when it went out, or was written while it has not."""

    kind: str
    occasion: str
    state: State
    at: Instant


@dataclass(frozen=True, slots=True)
class Past:
    """What has been around a session, as far as its reminders ask.

    ``asked`` is the line of the history with which the client was last asked to complete it (``asked_at``): shared, or
    reopened. ``active_at``: when its client or its details last changed; ``held_since``: when its hold was set;
    ``start_since`` and ``due_since``: since when its start and the day its balance is due are what they are.
    """

    asked: int = 0
    asked_at: Instant | None = None
    active_at: Instant | None = None
    held_since: Instant | None = None
    start_since: Instant | None = None
    due_since: Instant | None = None
    mails: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of a session: from ``at`` on, and no more from ``until`` on. ``why`` is for the owner."""

    name: ReminderName
    occasion: str
    at: Instant
    until: Instant
    why: str

    @property
    def kind(self) -> str:
        """The kind of mail that it is."""
        return KINDS[self.name]


def due(session: Session, past: Past, plan: Plan, now: Instant) -> Reminder | None:
    """Return the reminder that a session's client is due now, if any."""
    if session.client.email is None or plan.is_quiet(now):
        return None
    had = {mail.occasion for mail in past.mails}
    for one in _newest(schedule(session, past, plan), now):
        if one.occasion not in had and now < one.until and _left_alone(session, past, one, now):
            return one
    return None


def schedule(session: Session, past: Past, plan: Plan) -> list[Reminder]:
    """Return every reminder of a session as it is now, those that have been and those to come."""
    wanted = session.reminded_of
    found = [one for one in _all(session, past, plan) if one.name in wanted and one.at < one.until]
    return [one for one in found if not any(_in_place_of(other, one) for other in found)]


def makes_sense(session: Session, kind: str, occasion: str, written: Instant, now: Instant) -> bool:
    """Return whether a reminder that was written and is not sent yet still says what is so, and not too late."""
    name = next(name for name, its_kind in KINDS.items() if its_kind == kind)
    if name not in session.reminded_of or _seconds(written, now) > WAITS_DAYS * 24 * 3600:
        return False
    if name in {"unfinished", "hold"}:
        return bool(left_to_do(session)) and (name != "hold" or occasion == _of_hold(session))
    today = now.to_tz(session.timezone).date()
    if name == "tomorrow":
        tomorrow = today.add(days=1)
        return occasion == _of_start(session) and _day(session) <= tomorrow
    if session.balance_due_on is None or not occasion.startswith(_of_balance(session)):
        return False
    in_time = today > session.balance_due_on if occasion.endswith(" after") else now < _due_until(session)
    return session.balance.minor > 0 and in_time


def left_to_do(session: Session) -> list[Step]:
    """Return the steps that its client can do something about: a payment on its way waits for the owner.

    None while nobody has a link.
    """
    if all(share.revoked_at for share in session.shares):
        return []
    return [step for step in session.waiting_for if not (step.name == "payment" and step.announced_at)]


# ── which there are ───────────────────────────────────────────────────────────────────────────────


def _all(session: Session, past: Past, plan: Plan) -> Iterator[Reminder]:
    if session.status == "pending" and left_to_do(session):
        yield from _unfinished(session, past, plan)
        yield from _hold(session, past, plan)
    if session.status == "confirmed":
        yield from _balance(session, past, plan)
        yield from _tomorrow(session, past, plan)


def _unfinished(session: Session, past: Past, plan: Plan) -> Iterator[Reminder]:
    """Days after the link, or after the last that the client did. Each at most once for each time they were asked."""
    if past.asked_at is None:
        return
    did = [moment for step in session.steps for moment in (step.done_at, step.announced_at) if moment]
    last = max([past.asked_at, *did, *([past.active_at] if past.active_at else [])])
    words = ", ".join(step.name for step in left_to_do(session))
    for days in plan.unfinished:
        at = last.add(hours=24 * days)
        until = min(_late(at), session.starts_at, session.expires_at or session.starts_at)
        since = "the link" if last == past.asked_at else "the last change"
        why = f"{_days(days)} after {since}; open: {words}"
        yield Reminder("unfinished", f"unfinished {session.id} {past.asked} {days}d", at, until, why)


def _hold(session: Session, past: Past, plan: Plan) -> Iterator[Reminder]:
    """Once for each end that a hold has; of a short one, in its second half."""
    ends, since = session.expires_at, past.held_since or session.created_at
    if ends is None or plan.hold is None:
        return
    if session.site_hold is not None and session.step("payment").announced_at is None:
        return  # a quarter of an hour of somebody who is there, or an address that nobody has proved
    notice = min(plan.hold * 60, _seconds(since, ends) // 2)
    why = f"held until {show_short(ends, session.timezone)}"
    yield Reminder(
        "hold", _of_hold(session), ends.subtract(seconds=notice), min(ends, session.starts_at), why
    )


def _balance(session: Session, past: Past, plan: Plan) -> Iterator[Reminder]:
    day = session.balance_due_on
    if day is None or session.balance.minor <= 0:
        return
    known = _known(session, past.due_since)
    for days in plan.balance:
        at = _morning(day.add(days=days), MORNING, session.timezone)
        if known.add(hours=APART_HOURS) <= at:
            until = _late(at) if days > 0 else _due_until(session)
            yield Reminder(
                "balance", f"{_of_balance(session)} {_offset(days)}", at, until, _why_due(session, days)
            )


def _due_until(session: Session) -> Instant:
    """Return until when a balance can be said to be due soon: while its day lasts, and the session has not begun."""
    day = session.balance_due_on
    assert day is not None
    over = day_begins(day.add(days=1), session.timezone)
    return over if day > _day(session) else min(over, session.starts_at)


def _tomorrow(session: Session, past: Past, plan: Plan) -> Iterator[Reminder]:
    if plan.tomorrow is None:
        return
    at = _morning(_day(session).subtract(days=1), plan.tomorrow, session.timezone)
    if _known(session, past.start_since).add(hours=APART_HOURS) <= at:
        why = f"begins {show_short(session.starts_at, session.timezone)}"
        yield Reminder("tomorrow", _of_start(session), at, session.starts_at, why)


def _why_due(session: Session, days: int) -> str:
    words = "overdue since" if days > 0 else "due by"
    return f"{session.balance} {words} {session.balance_due_on}"


# ── occasions ─────────────────────────────────────────────────────────────────────────────────────


def _of_hold(session: Session) -> str:
    return f"hold {session.id} {stored(session.expires_at) if session.expires_at else 'never'}"


def _of_start(session: Session) -> str:
    return f"tomorrow {session.id} {stored(session.starts_at)}"


def _of_balance(session: Session) -> str:
    return f"balance {session.id} {session.balance_due_on}"


def _offset(days: int) -> str:
    return "0" if days == 0 else f"{abs(days)}d {'before' if days < 0 else 'after'}"


# ── which of them now ─────────────────────────────────────────────────────────────────────────────


def _newest(found: list[Reminder], now: Instant) -> list[Reminder]:
    """Return the newest of each name whose moment has come, the most urgent name first."""
    newest: dict[str, Reminder] = {}
    for one in sorted((one for one in found if one.at <= now), key=lambda one: one.at):
        newest[one.name] = one
    return sorted(newest.values(), key=lambda one: one.name in _STANDS_FOR)


def _in_place_of(other: Reminder, one: Reminder) -> bool:
    """Return whether another reminder comes so close to this one that it stands for it."""
    close = abs(_seconds(one.at, other.at)) < APART_HOURS * 3600
    return _STANDS_FOR.get(one.name) == other.name and close


def _left_alone(session: Session, past: Past, one: Reminder, now: Instant) -> bool:
    """Return whether its client has not been told anything for a while, and nothing else waits to be sent.

    A reminder that waits is no hindrance: the newer one takes its place.
    """
    telling = [mail for mail in past.mails if mail.kind in TELLING]
    gone = {"sent", "sending", "unknown"}
    if any(mail.state in {"queued", "failed"} and mail.kind not in KINDS.values() for mail in telling):
        return False
    moments = [mail.at for mail in telling if mail.state in gone]
    moments += [share.created_at for share in session.shares]
    return not moments or _seconds(max(moments), now) >= _apart(session, past, one)


def _apart(session: Session, past: Past, one: Reminder) -> int:
    """Return the seconds between two mails: half a day, but of a short hold not more than half of it."""
    whole = APART_HOURS * 3600
    if one.name != "hold" or session.expires_at is None:
        return whole
    return min(whole, _seconds(past.held_since or session.created_at, session.expires_at) // 2)


# ── moments ───────────────────────────────────────────────────────────────────────────────────────


def _known(session: Session, since: Instant | None) -> Instant:
    """Return since when a confirmed session's client knows something about it."""
    assert session.confirmed_at is not None
    return max(session.confirmed_at, since or session.created_at)


def _day(session: Session) -> Date:
    return session.starts_at.to_tz(session.timezone).date()


def _morning(day: Date, clock: Time, zone: str) -> Instant:
    """Return a time of day; one that clocks skip is an hour later."""
    return day.at(clock).assume_tz(zone, disambiguation="compatible").to_instant()


def _late(at: Instant) -> Instant:
    return at.add(hours=24 * LATE_DAYS)


def _seconds(first: Instant, last: Instant) -> int:
    return last.timestamp() - first.timestamp()


def _days(count: int) -> str:
    return f"{count} day{'s' if count > 1 else ''}"
