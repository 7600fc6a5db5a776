"""The agenda: day by day what there is, and what is free in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from whenever import Instant

from studio_cli.booking.diary import Day
from studio_cli.cli.cells import cut, width_of
from studio_cli.cli.drawing import Look, appointment, heading, hours
from studio_cli.model.availability import Interval, seconds
from studio_cli.model.text import shown
from studio_cli.model.times import days_between, show_clock, show_days, show_full_date

LEAST_FREE = 15
"""Minutes of free time that are worth a line."""


def draw(days: Sequence[Day], look: Look) -> list[Text]:
    """Return the lines of the agenda."""
    number = max([2, *(len(str(session.id)) for day in days for session in day.sessions)])
    lines = [line for day in days for line in _day(day, look, number)]
    return [*lines, Text()]


def _day(day: Day, look: Look, number: int) -> Iterator[Text]:
    yield Text()
    title = show_full_date(day.date, look.today)
    near = days_between(look.today, day.date)
    if -1 <= near <= 1:
        title += f", {show_days(near)}"
    rows = sorted(_rows(day, look, number), key=lambda row: row[0])
    free = f"{hours(day.free_minutes)} free" if day.free_minutes else "" if rows else "closed"
    yield heading(title, look.width, free)
    for _, line in rows:
        yield line


def _rows(day: Day, look: Look, number: int) -> Iterator[tuple[int, Text]]:
    """Yield the lines of a day with the moments by which they are sorted."""
    for session in day.sessions:
        yield seconds(session.starts_at), appointment(session, look, look.width, number=number)
    for begins, ends in day.free:
        if ends - begins >= LEAST_FREE * 60:
            words = f"free {hours((ends - begins) // 60)}"
            yield begins, _other(day, (begins, ends), look, number, "  free", words[5:], "dim")
    for one in day.busy:
        what = ", ".join(part for part in (one.title, one.calendar) if part)
        times = seconds(one.starts_at), seconds(one.ends_at)
        yield times[0], _other(day, times, look, number, "╱ busy", what, "magenta")
    for block, times in day.off:
        yield times[0], _other(day, times, look, number, "╱ time off", block.reason or "", "magenta")


def _other(day: Day, times: Interval, look: Look, number: int, kind: str, what: str, style: str) -> Text:
    line = Text(" " * (number + 2))
    line.append(f"{_clock(day, times, look):<11}  ", style="dim" if style == "dim" else "")
    line.append(f"{kind:<11}  ", style=style)
    return line.append(cut(shown(what), look.width - width_of(line.plain)), style=style)


def _clock(day: Day, times: Interval, look: Look) -> str:
    """Return from when until when something is within a day."""
    begin, until = max(times[0], seconds(day.begins)), min(times[1], seconds(day.ends))
    if (begin, until) == (seconds(day.begins), seconds(day.ends)):
        return "all day"
    last = "24:00" if until == seconds(day.ends) else show_clock(Instant.from_timestamp(until), look.zone)
    return f"{show_clock(Instant.from_timestamp(begin), look.zone)}–{last}"
