"""The calendar as it is read out: each day with what is in it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from whenever import Instant

from studio_cli.booking.diary import Day
from studio_cli.model.availability import Interval, seconds
from studio_cli.model.text import shown
from studio_cli.model.times import days_between, show_clock, show_days, show_duration, show_full_date


def lines(days: Sequence[Day], zone: str, now: Instant) -> Iterator[str]:
    """Yield the lines: one for a day and one for each thing in it. Days without hours or anything else are left out."""
    today = now.to_tz(zone).date()
    said = False
    for day in days:
        inside = list(_inside(day, zone))
        if not inside:
            continue
        near = days_between(today, day.date)
        yield f"{show_full_date(day.date)}{f', {show_days(near)}' if -1 <= near <= 1 else ''}:"
        yield from inside
        said = True
    if not said:
        yield "Nothing there, and nothing free."


def _inside(day: Day, zone: str) -> Iterator[str]:
    """Yield what is in a day by its time, and what is free of it at the end."""
    for _, words in sorted(_things(day, zone)):
        yield words
    free = [f"{_times(times, day, zone)}, {show_duration((times[1] - times[0]) // 60)}" for times in day.free]
    if free:
        yield f"Free: {'; '.join(free)}."


def _things(day: Day, zone: str) -> Iterator[tuple[int, str]]:
    for session in day.sessions:
        interval = seconds(session.starts_at), seconds(session.ends_at)
        place = f", {shown(session.location)}" if session.location else ""
        what = f"{shown(session.title)} with {shown(session.client.name)}, {session.status}{place}"
        yield interval[0], f"{_times(interval, day, zone)}: session {session.id}, {what}."
    for one in day.busy:
        interval = seconds(one.starts_at), seconds(one.ends_at)
        what = shown(", ".join(part for part in (one.title, one.calendar) if part))
        yield interval[0], f"{_times(interval, day, zone)}: busy, {what}."
    for block, interval in day.off:
        reason = f", {shown(block.reason)}" if block.reason else ""
        yield interval[0], f"{_times(interval, day, zone)}: time off{reason}."


def _times(times: Interval, day: Day, zone: str) -> str:
    begin, until = max(times[0], seconds(day.begins)), min(times[1], seconds(day.ends))
    if (begin, until) == (seconds(day.begins), seconds(day.ends)):
        return "All day"
    last = "24:00" if until == seconds(day.ends) else show_clock(Instant.from_timestamp(until), zone)
    return f"{show_clock(Instant.from_timestamp(begin), zone)} to {last}"
