"""When a session can be: the free slots, which rule closes a time, and placing a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whenever import Date, Instant

from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, StudioError
from studio_cli.model.availability import (
    Block,
    Need,
    Plan,
    find_slots,
    first_for_clients,
    is_open,
    seconds,
    show_minutes,
    starts_by_day,
    window_ends,
)
from studio_cli.model.calendar import Busy
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import (
    WEEKDAYS,
    Which,
    day_begins,
    days_between,
    parse_when,
    rfc3339,
    show_clock,
    show_date,
    show_day,
    show_duration,
    show_range,
    show_short,
    whole_days,
)
from studio_cli.store import availability as hours_store
from studio_cli.store import calendar as calendar_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store

LOOK_AHEAD_DAYS = 60


def plan_for(studio: Studio, need: Need) -> Plan:
    """Return when the studio works, for what a session needs: its type may have hours of its own."""
    return hours_store.plan(studio.file, studio.settings.zone, need.type_id)


# ── slots ─────────────────────────────────────────────────────────────────────────────────────────


def slots(
    studio: Studio,
    need: Need,
    first: Instant,
    last: Instant,
    *,
    for_clients: bool = False,
    but: int | None = None,
) -> list[Instant]:
    """Return every start between two moments at which a session with this need is possible, in order.

    ``for_clients`` keeps to the type's notice and booking window too; they do not bind the owner. The session ``but``
    counts as not there: it is the one that moves.
    """
    with studio.file.reading():
        plan, now = plan_for(studio, need), studio.now()
        begin = first.subtract(minutes=need.buffer_before)
        until = last.add(minutes=need.duration + need.buffer_after)
        taken = hours_store.busy(studio.file, begin, until, now, but=but)
        elsewhere = calendar_store.busy_intervals(studio.file, begin, until)
        busy = sorted([*taken, *elsewhere]) if elsewhere else taken
        around = first.subtract(hours=48), last.add(hours=48)  # of a day that is seen in part, all count
        booked = _booked(studio, need, *around, but) if need.per_day else []
        return find_slots(plan, need, busy, booked, first, last, now, for_clients=for_clients)


def possible(studio: Studio, need: Need, first: Instant, last: Instant) -> list[Instant]:
    """Return every start between two moments that a client could have if nothing was booked or planned, in order."""
    plan = plan_for(studio, need)
    return find_slots(plan, replace(need, per_day=None), [], [], first, last, studio.now(), for_clients=True)


def _booked(studio: Studio, need: Need, first: Instant, last: Instant, but: int | None = None) -> list[int]:
    """Return when the sessions of the needed type begin."""
    assert need.type_id is not None
    return hours_store.starts_of_type(studio.file, need.type_id, first, last, studio.now(), but=but)


def need_of(studio: Studio, session: Session) -> Need:
    """Return what a session asks of the time around it: its own length and buffers, its type's hours and limits."""
    offer = type_store.get(studio.file, session.type.id) if session.type else None
    own = session.need
    if offer is None:
        return own
    lengths = {"duration": own.duration, "buffer_before": own.buffer_before, "buffer_after": own.buffer_after}
    return replace(offer.need(), **lengths)


def place(
    studio: Studio,
    draft: Session,
    *,
    custom: bool,
    allow_overlap: bool | None,
    moving: Session | None = None,
) -> tuple[Session, list[int]]:
    """Return the draft at its time, and what it overlaps; refuse what the owner did not allow.

    ``custom`` allows a time outside the availability, ``allow_overlap`` one that is taken; None: nobody could.
    ``moving`` is the session as it is in the file, when it is there already.
    """
    need = need_of(studio, draft)
    if not custom:
        refuse_closed(studio, draft.starts_at, need, moving=moving)
    taken = taken_by(studio, draft.starts_at, need, but=moving.id if moving else None)
    if taken and not allow_overlap:
        refuse_taken(studio, draft.starts_at, need, taken, both=allow_overlap is not None)
    regular = not custom or is_regular(studio, draft.starts_at, need, moving=moving)
    return replace(draft, custom_time=not regular, overlap_allowed=bool(taken)), [one.id for one in taken]


def nearest_free(
    studio: Studio,
    need: Need,
    wanted: Instant,
    most: int = 3,
    *,
    for_clients: bool = False,
    but: int | None = None,
) -> list[Instant]:
    """Return the free starts nearest to a time, in order."""
    now = studio.now()
    around = max(wanted, now)
    found: list[Instant] = []
    for days in (7, LOOK_AHEAD_DAYS):
        first, last = max(now, around.subtract(hours=24 * days)), around.add(hours=24 * days)
        found = slots(studio, need, first, last, for_clients=for_clients, but=but)
        if len(found) >= most:
            break
    nearest = sorted(found, key=lambda start: abs(seconds(start) - seconds(wanted)))
    return sorted(nearest[:most])


def taken_by(studio: Studio, start: Instant, need: Need, *, but: int | None = None) -> list[Session]:
    """Return the sessions that a session at ``start`` would overlap, its and their buffers included."""
    first = start.subtract(minutes=need.buffer_before)
    last = start.add(minutes=need.duration + need.buffer_after)
    return session_store.taken_between(studio.file, first, last, studio.now(), but=but)


# ── why not ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Closure:
    """A rule that closes a time. ``clients_only``: it does not bind the owner. ``rule`` is a stable word."""

    rule: str
    words: str
    clients_only: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return ``{rule, message, clients_only, …}``."""
        return {"rule": self.rule, "message": self.words, "clients_only": self.clients_only, **self.details}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a time could be booked, by whom, and what closes it. ``at`` is None for a time that does not exist."""

    at: Instant | None
    closures: tuple[Closure, ...]
    nearest: tuple[Instant, ...] = ()

    @property
    def free(self) -> bool:
        """Whether the owner can book it without forcing anything."""
        return all(closure.clients_only for closure in self.closures)

    @property
    def free_for_clients(self) -> bool:
        """Whether a client could book it."""
        return not self.closures


def why(studio: Studio, at: str, need: Need, which: Which | None = None) -> Verdict:
    """Return which rules close a time, or that it is free."""
    zone = studio.settings.zone
    try:
        start = parse_when(at, zone, studio.now(), which)
    except StudioError as problem:
        if problem.code != "time_does_not_exist":
            raise
        return Verdict(None, (Closure("clock_change", problem.message, details=problem.details),))
    with studio.file.reading():
        closures = [*closed_by(studio, start, need), *_taken(studio, start, need)]
        near = nearest_free(studio, need, start) if closures else []
    return Verdict(start, tuple(closures), tuple(near))


def why_not_on(studio: Studio, day: Date, need: Need) -> str:
    """Return what closes a day that has no free start: what its first hours meet, or that it has none."""
    with studio.file.reading():
        plan, zone = plan_for(studio, need), studio.settings.zone
        begins, ends = day_begins(day, zone), day_begins(day.add(days=1), zone)
        opened = [start for start, _ in plan.opened(begins, ends) if seconds(begins) <= start < seconds(ends)]
        first = Instant.from_timestamp(opened[0]) if opened else begins.add(hours=12)
        starts = (first.add(minutes=need.increment * step) for step in range(24 * 60 // need.increment))
        for start in starts:
            closures = [*closed_by(studio, start, need), *_taken(studio, start, need)]
            binding = [one.words for one in closures if not one.clients_only and one.rule != "past"]
            if binding:
                return binding[0]
    return f"{show_date(day)} has no more free times."


def closed_by(
    studio: Studio, start: Instant, need: Need, *, moving: Session | None = None
) -> Iterator[Closure]:
    """Yield the rules of the availability, other sessions aside, that close a start; ``moving`` counts as not there."""
    plan, now = plan_for(studio, need), studio.now()
    zone, end = plan.zone, start.add(minutes=need.duration)
    stays = moving is not None and moving.starts_at == start
    if start < now and not stays:
        yield Closure("past", f"{show_short(start, zone)} is in the past.")
    if not is_open(plan.opened(start, end), seconds(start), need.duration):
        yield _outside_hours(plan, start, need, now)
    for one in plan.blocks:
        if any(
            begin < seconds(end) and until > seconds(start) for begin, until in one.between(zone, start, end)
        ):
            yield _blocked(one, start, zone)
    yield from _busy_elsewhere(studio, start, need)
    if need.per_day is not None and need.type_id is not None:
        day = start.to_tz(zone).date()
        around = start.subtract(hours=48), start.add(hours=48)
        booked = starts_by_day(_booked(studio, need, *around), zone)[day]
        if moving is not None and moving.occupies and moving.starts_at.to_tz(zone).date() == day:
            booked -= 1
        if booked >= need.per_day:
            words = (
                f"{show_day(start, zone)} has {booked} of these already; the limit is {need.per_day} a day."
            )
            yield Closure("daily_limit", words, details={"booked": booked, "limit": need.per_day})
    yield from _client_limits(need, start, zone, now)


def _client_limits(need: Need, start: Instant, zone: str, now: Instant) -> Iterator[Closure]:
    if now <= start < first_for_clients(need, now):
        ahead = show_duration(need.notice) if need.notice else "a moment"
        yield Closure("notice", f"Clients must book {ahead} ahead.", clients_only=True)
    ends = window_ends(need, zone, now)
    if ends is not None and start >= ends:
        yield Closure(
            "window", f"Clients can book {need.window_days} days ahead, not further.", clients_only=True
        )


def _outside_hours(plan: Plan, start: Instant, need: Need, now: Instant) -> Closure:
    zone, day = plan.zone, start.to_tz(plan.zone).date()
    dates = _own_dates(plan)
    if dates and day not in dates:
        words = f"{show_short(start, zone)} is not one of its dates: {_listed_dates(dates, day, now.to_tz(zone).date())}."
        return Closure("hours", words, details={"hours": [], "dates": [one.format_iso() for one in dates]})
    override = plan.override_on(day)
    ranges = [f"{show_minutes(opens)}–{show_minutes(closes)}" for opens, closes in plan.spans_on(day)]
    listed = " and ".join(ranges)
    if override:
        hours = f"that date has hours of its own, {listed}" if ranges else "that date is off"
    else:
        weekday = WEEKDAYS[day.day_of_week().value - 1].capitalize()
        hours = f"the hours on a {weekday} are {listed}" if ranges else f"there are no hours on a {weekday}"
    end = show_range(start, start.add(minutes=need.duration), zone).partition(" to ")[2]
    words = f"{show_short(start, zone)} to {end} is outside your hours: {hours}."
    spans = [
        {"opens": show_minutes(opens), "closes": show_minutes(closes)} for opens, closes in plan.spans_on(day)
    ]
    return Closure("override" if override else "hours", words, details={"hours": spans})


def _own_dates(plan: Plan) -> list[Date]:
    """Return the dates of a type that is booked on given dates only, in order; of any other type none."""
    return [] if plan.weekly else sorted(one.date for one in plan.overrides if one.type and one.spans)


def _listed_dates(dates: Sequence[Date], day: Date, today: Date) -> str:
    """Return on which dates to come a type is booked, three of them at most: the nearest ones to a day."""
    coming = [one for one in dates if one >= today]
    if not coming:
        return "it is booked on given dates, and all of them are over"
    near = sorted(sorted(coming, key=lambda one: abs(days_between(one, day)))[:3])
    more = f", and on {len(coming) - len(near)} more" if len(coming) > len(near) else ""
    return f"it is booked on {' and '.join(map(show_date, near))}{more}"


def _blocked(one: Block, start: Instant, zone: str) -> Closure:
    reason = f" ({shown(one.reason)})" if one.reason else ""
    words = f"{show_short(start, zone)} is in your time off {one.id}{reason}."
    return Closure("block", words, details={"block": one.id, "reason": one.reason})


def _busy_elsewhere(studio: Studio, start: Instant, need: Need) -> Iterator[Closure]:
    """Yield the events of the owner's calendars that a session, or the time kept free around it, would meet.

    Their titles are in the words: for the owner's terminal, never for a page or a mail.
    """
    zone, end = studio.settings.zone, start.add(minutes=need.duration)
    first, last = start.subtract(minutes=need.buffer_before), end.add(minutes=need.buffer_after)
    for one in calendar_store.busy_between(studio.file, first, last):
        meets = one.starts_at < end and one.ends_at > start
        title = f": {shown(one.title)}" if one.title else ""
        times = _times_of(one, zone)
        around = "" if meets else ", which reaches into the time kept free around it"
        words = f"{show_short(start, zone)} is closed by your calendar “{shown(one.calendar)}”{title}, {times}{around}."
        yield Closure("calendar", words, details=one.as_json(zone))


def _times_of(one: Busy, zone: str) -> str:
    days = whole_days(one.starts_at, one.ends_at, zone)
    if days is None:
        return show_range(one.starts_at, one.ends_at, zone)
    first, last = map(show_date, days)
    return f"all day {first}" if first == last else f"all days from {first} to {last}"


def _taken(studio: Studio, start: Instant, need: Need) -> Iterator[Closure]:
    end = start.add(minutes=need.duration)
    for session in taken_by(studio, start, need):
        meets = session.starts_at < end and session.ends_at > start
        rule = "session" if meets else "buffer"
        known = named(session)
        words = f"There is {known}." if meets else f"The time kept free around {known} reaches into it."
        yield Closure(rule, words, details={"session": session.id})


# ── refusing ──────────────────────────────────────────────────────────────────────────────────────


def refuse_closed(studio: Studio, start: Instant, need: Need, *, moving: Session | None = None) -> None:
    """Raise, with the rule and the nearest free times, if the availability closes a start for the owner."""
    closure = next(
        (one for one in closed_by(studio, start, need, moving=moving) if not one.clients_only), None
    )
    if closure is None:
        return
    zone, near = studio.settings.zone, nearest_free(studio, need, start)
    raise Refused(
        closure.words,
        hint=f"{_offered(near, zone)}Or add --custom to book it all the same.",
        code="past" if closure.rule == "past" else "not_available",
        details={
            "rule": closure.rule,
            **closure.details,
            "nearest": [rfc3339(moment, zone) for moment in near],
        },
    )


def is_regular(studio: Studio, start: Instant, need: Need, *, moving: Session | None = None) -> bool:
    """Return whether a start is within the availability, as far as it binds the owner."""
    return all(one.clients_only for one in closed_by(studio, start, need, moving=moving))


def refuse_taken(
    studio: Studio, start: Instant, need: Need, taken: Sequence[Session], *, both: bool = True
) -> None:
    """Raise, naming what a time overlaps and the nearest free times, and how to book ``both`` if that is possible."""
    zone = studio.settings.zone
    near = nearest_free(studio, need, start)
    raise Refused(
        f"{show_short(start, zone)} is taken: {'; '.join(named(session) for session in taken)}.",
        hint=f"{_offered(near, zone)}{'Or add --allow-overlap to book both.' if both else ''}".strip()
        or None,
        code="overlap",
        details={
            "overlaps": [session.id for session in taken],
            "nearest": [rfc3339(moment, zone) for moment in near],
        },
    )


def named(session: Session) -> str:
    """Return a session in a few words: its number, what, with whom, when, and the time kept free around it."""
    around = ""
    if session.buffer_before or session.buffer_after:
        around = f" (with {session.buffer_before} min before and {session.buffer_after} min after)"
    times = show_range(session.starts_at, session.ends_at, session.timezone)
    return f"session {session.id}, {shown(session.title)} with {shown(session.client.name)}, {times}{around}"


def _offered(near: Sequence[Instant], zone: str) -> str:
    """Return the nearest free times as a sentence; the day is said once where it is the same."""
    words: list[str] = []
    day = ""
    for moment in near:
        this_day = show_short(moment, zone)[:-6]
        words.append(show_clock(moment, zone) if this_day == day else show_short(moment, zone))
        day = this_day
    return f"Nearest free: {', '.join(words)}. " if words else ""
