"""Availability: when the studio works, and which start times are free. Intervals in, slots out.

Hours are wall-clock hours in the studio's zone, turned into exact moments one stretch of equal offset at a
time; everything after that is arithmetic on whole seconds since 1970, so no clock change can bend it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from whenever import Date, Instant, PlainDateTime

from studio_cli.errors import WrongUsage
from studio_cli.model.text import shown
from studio_cli.model.times import WEEKDAYS, parse_clock

Interval = tuple[int, int]
"""From and until, in seconds since 1970-01-01T00:00Z; until is not included."""

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
    weekdays, typed = parse_days(days), list(ranges)
    if [text.casefold() for text in typed] == ["off"]:
        return weekdays, []
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
    return weekdays, [Hours(day, opens, closes) for day in weekdays for opens, closes in spans]


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


def open_intervals(hours: Sequence[Hours], zone: str, first: Instant, last: Instant) -> list[Interval]:
    """Return when the studio works between two moments, in order, each range of hours an interval of its own.

    An interval is the set of moments whose wall time lies in the range: hours that clocks skip are missing,
    hours that clocks repeat are there twice.
    """
    by_day: dict[int, list[Hours]] = {}
    for stretch in sorted(hours):
        by_day.setdefault(stretch.weekday, []).append(stretch)
    offsets = _offsets(zone, first.subtract(hours=48), last.add(hours=48))
    begin, end = seconds(first), seconds(last)
    found: list[Interval] = []
    # A day more on either side: clocks that go back over midnight begin a date again that had ended.
    for day in _days(first.to_tz(zone).date().subtract(days=1), last.to_tz(zone).date().add(days=1)):
        midnight = seconds(PlainDateTime(day.year, day.month, day.day).assume_utc())
        for stretch in by_day.get(day.day_of_week().value, ()):
            found += _exact(midnight + stretch.opens * 60, midnight + stretch.closes * 60, offsets)
    # Sorted: where clocks repeat an hour, two ranges of one day take turns.
    return sorted((start, stop) for start, stop in found if stop > begin and start < end)


def _days(first: Date, last: Date) -> Iterator[Date]:
    day = first
    while day <= last:
        yield day
        day = day.add(days=1)


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


# ── slots ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Need:
    """What a session asks of the time around it, in minutes."""

    duration: int
    buffer_before: int = 0
    buffer_after: int = 0
    increment: int = 30


def free_starts(
    opened: Iterable[Interval], busy: Sequence[Interval], need: Need, earliest: int = 0
) -> Iterator[int]:
    """Yield every start that is free, in order: one sweep over the hours and the busy times.

    ``opened`` is sorted; ``busy`` is sorted by its beginning and has the buffers of its sessions in it. Starts
    are at the beginning of each interval and every increment after it while the whole duration fits.
    """
    length, before, after = need.duration * 60, need.buffer_before * 60, need.buffer_after * 60
    taken = merged(busy)
    at = 0
    for begin, until in opened:
        start = begin
        if start < earliest:
            start += -(-(earliest - start) // (need.increment * 60)) * need.increment * 60
        while start + length <= until:
            while at < len(taken) and taken[at][1] <= start - before:
                at += 1
            if at == len(taken) or taken[at][0] >= start + length + after:
                yield start
            start += need.increment * 60


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
