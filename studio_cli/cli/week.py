"""The coming days as a picture: hours, time off and sessions, a line a day."""

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio_cli.booking.diary import Day
from studio_cli.cli.desk import Desk
from studio_cli.model.availability import Interval, day_name, seconds

if TYPE_CHECKING:
    from rich.text import Text

OPEN, CLOSED, OFF, PENDING, TAKEN = "░", " ", "×", "▒", "█"
STYLES = {OPEN: "green", OFF: "dim", PENDING: "yellow", TAKEN: "bold"}
LABEL = 11


def show(desk: Desk, days: Sequence[Day], zone: str) -> None:
    """Draw the days on the terminal, a quarter or half of an hour a character."""
    first, last = _hours(days)
    minutes = 15 if (last - first) * 4 + LABEL <= shutil.get_terminal_size().columns - 2 else 30
    desk.show(_ruler(first, last, minutes))
    for day in days:
        desk.show(_line(day, first, last, minutes))
    desk.show(_legend(minutes))


def _hours(days: Sequence[Day]) -> tuple[int, int]:
    """Return the first and last hour of the day in which anything is."""
    begin, end = 9, 17
    for day in days:
        midnight = seconds(day.begins)
        sessions = [(seconds(session.starts_at), seconds(session.ends_at)) for session in day.sessions]
        for start, until in [*day.opened, *sessions]:
            begin = min(begin, max(0, (start - midnight) // 3600))
            end = max(end, min(24, -(-(until - midnight) // 3600)))
    return begin, end


def _ruler(first: int, last: int, minutes: int) -> "Text":
    from rich.text import Text

    width = 60 // minutes
    return Text(
        " " * LABEL + "".join(f"{hour:<{width}}" for hour in range(first, last)) + str(last), style="dim"
    )


def _line(day: Day, first: int, last: int, minutes: int) -> "Text":
    from rich.text import Text

    name = day_name(day.date.day_of_week().value).capitalize()
    line = Text(f"{name} {day.date.format('DD MMM')}".ljust(LABEL))
    midnight = seconds(day.begins)
    for at in range(midnight + first * 3600, midnight + last * 3600, minutes * 60):
        mark = _mark(day, (at, at + minutes * 60))
        line.append(mark, style=STYLES.get(mark, ""))
    return line


def _mark(day: Day, cell: Interval) -> str:
    for session in day.sessions:
        if _meets((seconds(session.starts_at), seconds(session.ends_at)), cell):
            return TAKEN if session.status == "confirmed" else PENDING
    if any(_meets(interval, cell) for interval in day.closed):
        return OFF
    return OPEN if any(_meets(interval, cell) for interval in day.opened) else CLOSED


def _meets(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] and one[1] > other[0]


def _legend(minutes: int) -> "Text":
    from rich.text import Text

    legend = Text(" " * LABEL, style="dim")
    for mark, words in ((OPEN, "free"), (TAKEN, "confirmed"), (PENDING, "pending"), (OFF, "time off, busy")):
        legend.append(mark, style=STYLES[mark])
        legend.append(f" {words}   ")
    legend.append(f"{minutes} min each")
    return legend
