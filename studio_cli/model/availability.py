"""Availability: when the studio works, and which start times are free. Intervals in, slots out.

Hours are wall-clock hours in the studio's zone, turned into exact moments one stretch of equal offset at a
time; everything after that is arithmetic on whole seconds since 1970, so no clock change can bend it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from whenever import Date, Instant, PlainDateTime, Time

from studio_cli.errors import WrongUsage
from studio_cli.model.text import shown
from studio_cli.model.times import WEEKDAYS, day_begins, parse_clock

Interval = tuple[int, int]
"""From and until, in seconds since 1970-01-01T00:00Z; until is not included."""

Span = tuple[int, int]
"""Opens and closes, in minutes after midnight on the wall clock."""

MIDNIGHT = 24 * 60
DAY = 24 * 3600


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A stretch of one weekday (1 is Monday) in minutes after midnight, on the studio's wall clock."""

    weekday: int
    opens: int
    closes: int

    def as_json(self) -> dict[str, str]:
        """Return ``{"day": "mon", "opens": "09:00", "closes": "17:00"}``."""
        return {
            "day": day_name(self.weekday),
            "opens": show_minutes(self.opens),
            "closes": show_minutes(self.closes),
        }


DEFAULT_HOURS = tuple(Hours(weekday, 9 * 60, 17 * 60) for weekday in range(1, 6))
"""Monday to Friday, nine to five, until the owner says otherwise."""


def day_name(weekday: int) -> str:
    """Return ``mon`` for 1."""
    return WEEKDAYS[weekday - 1][:3]


def show_minutes(minutes: int) -> str:
    """Return ``09:30`` for 570."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


# ── typed ─────────────────────────────────────────────────────────────────────────────────────────


def parse_days(text: str) -> list[int]:
    """Return weekdays for ``mon``, ``mon-fri``, ``sat,sun``, ``fri-mon``."""
    days: list[int] = []
    for part in text.casefold().split(","):
        first, dash, last = part.strip().partition("-")
        start, end = _weekday(first, text), _weekday(last, text) if dash else _weekday(first, text)
        days += [(start - 1 + step) % 7 + 1 for step in range((end - start) % 7 + 1)]
    return sorted(set(days))


def _weekday(word: str, text: str) -> int:
    for number, name in enumerate(WEEKDAYS, 1):
        if len(word.strip()) >= 3 and name.startswith(word.strip()):
            return number
    raise WrongUsage(
        f"{shown(text)[:40]!r} names no days.", hint="Write them like mon, mon-fri or sat,sun.", code="days"
    )


def parse_hours(days: str, ranges: Iterable[str]) -> tuple[list[int], list[Hours]]:
    """Return the days, and their hours for ranges like ``09:00-12:00``; ``off`` means none."""
    weekdays = parse_days(days)
    return weekdays, [Hours(day, opens, closes) for day in weekdays for opens, closes in parse_spans(ranges)]


def parse_week(text: str) -> list[Hours]:
    """Return the hours of a week: ``mon-fri 09:00-12:00 13:00-17:00; sat 10:00-14:00``, or ``off``.

    Days that are not said have none; one that is said twice is refused.
    """
    if text.strip().casefold() == "off":
        return []
    week: dict[int, list[Hours]] = {}
    for part in text.split(";"):
        days, *ranges = part.split() or [""]
        weekdays, hours = parse_hours(days, ranges)
        for day in weekdays:
            if day in week:
                raise WrongUsage(
                    f"{shown(text)[:60]!r} says {day_name(day)} twice.",
                    hint="Give all its ranges in one place: mon 09:00-12:00 13:00-17:00",
                    code="hours",
                )
            week[day] = [one for one in hours if one.weekday == day]
    return [one for day in sorted(week) for one in week[day]]


def parse_spans(ranges: Iterable[str]) -> tuple[Span, ...]:
    """Return the hours of one day for ranges like ``09:00-12:00``, in order; ``off`` means none."""
    typed = list(ranges)
    if [text.casefold() for text in typed] == ["off"]:
        return ()
    if not typed:
        raise WrongUsage(
            "No hours were given.", hint="Write them like 09:00-17:00, or off for none.", code="hours"
        )
    spans = sorted(_range(text) for text in typed)
    for (_, closes), (opens, _) in pairwise(spans):
        if opens < closes:
            raise WrongUsage(
                "Two of these ranges overlap.", hint="Write them one after the other.", code="hours"
            )
    return tuple(spans)


def without(spans: Iterable[Span], breaks: Iterable[Span]) -> tuple[Span, ...]:
    """Return what is left of hours when breaks are taken out."""
    left = list(spans)
    for begins, ends in breaks:
        pieces = [
            piece
            for opens, closes in left
            for piece in ((opens, min(closes, begins)), (max(opens, ends), closes))
        ]
        left = [(opens, closes) for opens, closes in pieces if opens < closes]
    return tuple(sorted(set(left)))


def _range(text: str) -> tuple[int, int]:
    parts = re.split(r"\s*[-–]\s*", text.strip())
    example = "Write it like 09:00-12:00."
    if len(parts) != 2:
        raise WrongUsage(f"{shown(text)[:40]!r} is not a range of hours.", hint=example, code="hours")
    opens = _minutes(parts[0], text, example)
    closes = MIDNIGHT if parts[1] in {"24:00", "24", "midnight"} else _minutes(parts[1], text, example)
    if closes <= opens:
        raise WrongUsage(
            f"{shown(text)[:40]!r} ends before it begins.",
            hint="Hours past midnight are two ranges: one until 24:00, one from 00:00 on the next day.",
            code="hours",
        )
    return opens, closes


def _minutes(text: str, whole: str, example: str) -> int:
    try:
        clock = parse_clock(text)
    except WrongUsage:
        raise WrongUsage(
            f"{shown(whole)[:40]!r} is not a range of hours.", hint=example, code="hours"
        ) from None
    if clock.second:
        raise WrongUsage(
            f"{shown(whole)[:40]!r} has seconds; hours are whole minutes.", hint=example, code="hours"
        )
    return clock.hour * 60 + clock.minute


# ── hours as exact intervals ──────────────────────────────────────────────────────────────────────


def seconds(moment: Instant) -> int:
    """Return the moment as whole seconds since 1970."""
    return int(moment.timestamp())


def _midnight(day: Date) -> int:
    """Return the midnight with which a date begins, as if its wall clock were UTC."""
    return seconds(day.at(Time(0)).assume_utc())


def _offsets(zone: str, first: Instant, last: Instant) -> list[tuple[int, int, int]]:
    """Return ``(from, until, offset)``: the stretches of equal offset that cover ``first`` to ``last``."""
    stretches, at = [], first.to_tz(zone)
    begin, end = seconds(first), seconds(last)
    while begin < end:
        change = at.next_transition()
        until = min(end, seconds(change.to_instant())) if change is not None else end
        stretches.append((begin, until, int(at.offset.total("seconds"))))
        if change is None:
            break
        begin, at = until, change
    return stretches


def _exact(wall_from: int, wall_until: int, offsets: list[tuple[int, int, int]]) -> list[Interval]:
    """Return the moments at which a wall clock shows ``wall_from`` to ``wall_until`` (seconds as if UTC)."""
    pieces: list[Interval] = []
    at = bisect_right(offsets, (wall_from - DAY,)) - 1
    for begin, until, offset in offsets[max(at, 0) :]:
        start, stop = max(wall_from - offset, begin), min(wall_until - offset, until)
        if start >= stop:
            if begin - DAY > wall_until:
                break
            continue
        if pieces and pieces[-1][1] == start:
            pieces[-1] = (pieces[-1][0], stop)
        else:
            pieces.append((start, stop))
    return pieces


# ── days that differ, and time off ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Override:
    """The hours of one date instead of its weekday's; no spans means closed. ``type`` is the slug of the type it is for."""

    date: Date
    spans: tuple[Span, ...]
    type: str | None = None

    @property
    def hours(self) -> str:
        """The hours as they are typed and kept: ``10:00-12:00 13:00-16:00``, or ``off``."""
        return (
            " ".join(f"{show_minutes(opens)}-{show_minutes(closes)}" for opens, closes in self.spans) or "off"
        )

    def as_json(self) -> dict[str, Any]:
        """Return ``{date, type, hours: [{opens, closes}]}``."""
        spans = [
            {"opens": show_minutes(opens), "closes": show_minutes(closes)} for opens, closes in self.spans
        ]
        return {"date": self.date.format_iso(), "type": self.type, "hours": spans}


@dataclass(frozen=True, slots=True)
class Block:
    """Time off, on the studio's wall clock; a yearly one comes back on the same dates."""

    id: int
    begins: PlainDateTime
    ends: PlainDateTime
    yearly: bool = False
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return ``{id, from, until, yearly, reason}``; wall times of the studio's zone."""
        return {
            "id": self.id,
            "from": self.begins.format_iso(unit="minute"),
            "until": self.ends.format_iso(unit="minute"),
            "yearly": self.yearly,
            "reason": self.reason,
        }

    def between(self, zone: str, first: Instant, last: Instant) -> list[Interval]:
        """Return the exact times of the block that meet the time between two moments.

        From the first moment at which the clocks show it to the last one, however they change in between.
        """
        offsets = _offsets(zone, first.subtract(hours=48), last.add(hours=48))
        years = [self.begins.year]
        if self.yearly:
            around = range(first.to_tz(zone).year - 1, last.to_tz(zone).year + 1)
            years = [year for year in around if year >= self.begins.year]
        found: list[Interval] = []
        for year in years:
            begins, ends = (_in_year(wall, year - self.begins.year) for wall in (self.begins, self.ends))
            pieces = _exact(seconds(begins.assume_utc()), seconds(ends.assume_utc()), offsets)
            if pieces and pieces[-1][1] > seconds(first) and pieces[0][0] < seconds(last):
                found.append((pieces[0][0], pieces[-1][1]))
        return found


def _in_year(wall: PlainDateTime, later: int) -> PlainDateTime:
    """Return the same date and time some years later; 29 February is 28 February where there is none."""
    return wall.date().add(years=later).at(wall.time())


@dataclass(frozen=True, slots=True)
class Plan:
    """When the studio (or one of its types) works: weekly hours, dates that differ, time off; wall-clock time."""

    zone: str
    weekly: tuple[Hours, ...]
    overrides: tuple[Override, ...] = ()
    blocks: tuple[Block, ...] = ()

    def spans_on(self, day: Date) -> tuple[Span, ...]:
        """Return the hours of one date."""
        override = self.override_on(day)
        if override:
            return override.spans
        weekday = day.day_of_week().value
        return tuple(
            (stretch.opens, stretch.closes) for stretch in sorted(self.weekly) if stretch.weekday == weekday
        )

    def override_on(self, day: Date) -> Override | None:
        """Return the override of one date; a type's own goes before the studio's."""
        found = [override for override in self.overrides if override.date == day]
        return next((override for override in found if override.type), found[0] if found else None)

    def opened(self, first: Instant, last: Instant) -> list[Interval]:
        """Return the hours between two moments, in order, each range an interval of its own; blocks not looked at.

        An interval is the set of moments whose wall time lies in the range: hours that clocks skip are missing,
        hours that clocks repeat are there twice.
        """
        by_weekday: dict[int, list[Span]] = {}
        for stretch in sorted(self.weekly):
            by_weekday.setdefault(stretch.weekday, []).append((stretch.opens, stretch.closes))
        ordered = sorted(
            self.overrides, key=lambda override: bool(override.type)
        )  # a type's own goes last and wins
        special = {_midnight(override.date): override.spans for override in ordered}
        offsets = _offsets(self.zone, first.subtract(hours=48), last.add(hours=48))
        begin, end = seconds(first), seconds(last)
        found: list[Interval] = []
        # A day more on either side: clocks that go back over midnight begin a date again that had ended.
        first_day = first.to_tz(self.zone).date().subtract(days=1)
        last_day = last.to_tz(self.zone).date().add(days=1)
        weekday = first_day.day_of_week().value
        for midnight in range(_midnight(first_day), _midnight(last_day) + 1, DAY):
            for opens, closes in special.get(midnight, by_weekday.get(weekday, ())):
                found += _exact(midnight + opens * 60, midnight + closes * 60, offsets)
            weekday = weekday % 7 + 1
        # Sorted: where clocks repeat an hour, two ranges of one day take turns.
        return sorted((start, stop) for start, stop in found if stop > begin and start < end)

    def closed(self, first: Instant, last: Instant) -> list[Interval]:
        """Return the time off between two moments, in order."""
        # No clock is two days from another: most of a file's years are left out without looking at their clocks.
        early, late = (one.to_tz("UTC").to_plain() for one in (first.subtract(hours=48), last.add(hours=48)))
        near = (one for one in self.blocks if one.yearly or (one.begins < late and one.ends > early))
        return sorted(interval for block in near for interval in block.between(self.zone, first, last))


# ── slots ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Need:
    """What a session asks of the time around it, in minutes; of a type also whose hours and limits count."""

    duration: int
    buffer_before: int = 0
    buffer_after: int = 0
    increment: int = 30
    type_id: int | None = None
    per_day: int | None = None
    notice: int = 0
    window_days: int | None = None


def find_slots(
    plan: Plan,
    need: Need,
    busy: Sequence[Interval],
    booked: Sequence[int],
    first: Instant,
    last: Instant,
    now: Instant,
    *,
    for_clients: bool = False,
) -> list[Instant]:
    """Return every start from ``first`` to before ``last`` at which a session is possible, in order.

    ``busy`` are the times that sessions take, buffers included, sorted, as far as a session and its buffers reach;
    ``booked`` the starts of the sessions of the same type, for its daily limit, at least a day further on either
    side; both in seconds since 1970.
    Nothing starts in the past. ``for_clients`` keeps to the type's notice and booking window too.
    """
    earliest = max(first, now)
    if for_clients:
        earliest = max(earliest, first_for_clients(need, now))
        last = min(last, window_ends(need, plan.zone, now) or last)
    until = last.add(minutes=need.duration)
    starts = free_starts(plan.opened(first, until), busy, need, seconds(earliest), plan.closed(first, until))
    begin, end = seconds(first), seconds(last)
    found = [Instant.from_timestamp(start) for start in starts if begin <= start < end]
    if need.per_day is None:
        return found
    days = starts_by_day(booked, plan.zone)
    return [start for start in found if days[start.to_tz(plan.zone).date()] < need.per_day]


def first_for_clients(need: Need, now: Instant) -> Instant:
    """Return the first moment that clients can book: after the notice, and never the one that has come."""
    return now.add(minutes=need.notice) if need.notice else now.add(seconds=1)


def window_ends(need: Need, zone: str, now: Instant) -> Instant | None:
    """Return the end of the last day that clients can book; None for no limit."""
    return (
        None
        if need.window_days is None
        else day_begins(now.to_tz(zone).date().add(days=need.window_days + 1), zone)
    )


def starts_by_day(starts: Iterable[int], zone: str) -> Counter[Date]:
    """Return how many sessions begin on each day of the zone."""
    return Counter(Instant.from_timestamp(start).to_tz(zone).date() for start in starts)


def free_starts(
    opened: Iterable[Interval],
    busy: Sequence[Interval],
    need: Need,
    earliest: int = 0,
    closed: Sequence[Interval] = (),
) -> Iterator[int]:
    """Yield every start that is free, in order: one sweep over the hours, the sessions and the time off.

    All three are sorted by their beginning. ``busy`` has the buffers of its sessions in it, and the need's own
    buffers must be free of it; time off (``closed``) only the session itself must keep out of. Starts are at the
    beginning of each interval and every increment after it while the whole duration fits.
    """
    length, before, after = need.duration * 60, need.buffer_before * 60, need.buffer_after * 60
    step, width, at = need.increment * 60, before + length + after, 0
    # Time off is a busy time less the part that buffers may reach into.
    shut = sorted([*busy, *((begin + after, until - before) for begin, until in closed)]) if closed else busy
    count = len(shut)
    for begin, until in opened:
        start = _on_grid(begin, step, earliest)
        while start + length <= until:
            first = start - before
            while at < count and shut[at][1] <= first:
                at += 1
            if at == count or shut[at][0] >= first + width:
                yield start
                start += step
            else:
                start = _on_grid(begin, step, shut[at][1] + before)


def _on_grid(begin: int, step: int, earliest: int) -> int:
    """Return ``begin``, or the first that is some steps later and not before ``earliest``."""
    return begin + max(-((begin - earliest) // step), 0) * step


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Return sorted intervals with the overlapping ones joined."""
    joined: list[Interval] = []
    for begin, until in intervals:
        if joined and begin <= joined[-1][1]:
            if until > joined[-1][1]:
                joined[-1] = (joined[-1][0], until)
        else:
            joined.append((begin, until))
    return joined


def is_open(opened: Iterable[Interval], start: int, minutes: int) -> bool:
    """Return whether the whole duration fits into one range of hours."""
    return any(begin <= start and start + minutes * 60 <= until for begin, until in opened)
