"""A month as a grid: a mark for each session, what is free, what is closed; its sessions in a list."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from studio_cli.booking.diary import Day
from studio_cli.cli.cells import clip, cut, fit, width_of
from studio_cli.cli.drawing import MARKS, Look, appointment, beside, heading, hours
from studio_cli.cli.output import STYLES
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import MONTH_NAMES, WEEKDAYS, show_clock, show_date

WIDE = 150
"""From so many columns on the list stands beside the grid."""
ROOMY = 15
"""From so many columns on a day has room for the names of its clients."""
GAP = 4
CLOSED, OFF = "·", "╱"


def draw(days: Sequence[Day], look: Look) -> list[Text]:
    """Return the lines of a month; ``days`` are all of its days."""
    width = look.width if look.width < WIDE else (look.width - GAP) * 2 // 3
    width -= (width - 8) % 7  # as wide as seven equal columns and their lines
    grid = [*_title(days, width), *_grid(days, look, width), Text(), _legend(width)]
    if look.width < WIDE:
        return [Text(), *grid, *_list(days, look, look.width), Text()]
    return [Text(), *beside(grid, _list(days, look, look.width - GAP - width)[1:], width, GAP), Text()]


def _title(days: Sequence[Day], width: int) -> list[Text]:
    first = days[0].date
    name = f"{MONTH_NAMES[first.month - 1]} {first.year}"
    free = sum(day.free_minutes for day in days)
    count = len({session.id for day in days for session in day.sessions})
    words = f"{count} session{'' if count == 1 else 's'}, {hours(free, about=True)} free"
    return [Text.assemble((name, "bold"), " " * (width - len(name) - len(words)), (words, "dim"))]


def _grid(days: Sequence[Day], look: Look, width: int) -> list[Text]:
    cell = (width - 8) // 7
    names = [
        Text(f" {fit(name[: 3 if cell < 10 else 9].capitalize(), cell - 1)}", "dim") for name in WEEKDAYS
    ]
    lines = [_rule("┌┬┐", cell), _row(names), _rule("├┼┤", cell)]
    blanks: list[Day | None] = [None] * (days[0].date.day_of_week().value - 1)
    cells = [*blanks, *days]
    cells += [None] * (-len(cells) % 7)
    weeks = [cells[at : at + 7] for at in range(0, len(cells), 7)]
    for number, week in enumerate(weeks):
        if number:
            lines.append(_rule("├┼┤", cell))
        boxes = [_cell(day, look, cell) if day else [] for day in week]
        for at in range(max(len(box) for box in boxes)):
            lines.append(_row([box[at] if at < len(box) else Text() for box in boxes], cell))
    return [*lines, _rule("└┴┘", cell)]


def _rule(ends: str, cell: int) -> Text:
    return Text(ends[0] + ends[1].join("─" * cell for _ in range(7)) + ends[2], style="dim")


def _row(cells: Sequence[Text], cell: int = 0) -> Text:
    line = Text("│", style="")
    line.stylize("dim")
    for one in cells:
        line.append_text(one).append(" " * max(cell - width_of(one.plain), 0)).append("│", style="dim")
    return line


def _cell(day: Day, look: Look, width: int) -> list[Text]:
    """Return the lines of a day: its number, its sessions, and what is free or why nothing is."""
    today, past = day.date == look.today, day.date < look.today
    number = f"{'›' if today else ' '}{day.date.day:>2} "
    head = Text(number, style="bold reverse" if today else "dim" if past else "bold")
    if today and width >= len(number) + 6:
        head.append(" today", style="bold")
    if width >= ROOMY:
        sessions = _names(day.sessions, look, width)
    else:
        sessions = [_marks(day.sessions, width)] if day.sessions else []
    lines = [head, *sessions, _state(day, width, past=past)]
    return [lines[0], Text(), *lines[1:]] if len(lines) == 2 and width < ROOMY else lines


def _marks(sessions: Sequence[Session], width: int) -> Text:
    line = Text(" ")
    for session in sessions[: width - 2] if len(sessions) <= width - 2 else ():
        line.append(MARKS.get(session.status, "●"), style=STYLES.get(session.status, ""))
    return line if len(line) > 1 else Text(f" {MARKS['confirmed']}×{len(sessions)}")


MOST_NAMES = 4


def _names(sessions: Sequence[Session], look: Look, width: int) -> list[Text]:
    some = sessions if len(sessions) <= MOST_NAMES else sessions[: MOST_NAMES - 1]
    lines = []
    for session in some:
        line = Text.assemble(" ", (MARKS.get(session.status, "●"), STYLES.get(session.status, "")))
        line.append(f" {show_clock(session.starts_at, look.zone)} ")
        lines.append(line.append(clip(shown(session.client.name), width - len(line) - 1)))
    if len(some) < len(sessions):
        lines.append(Text(f"   and {len(sessions) - len(some)} more", style="dim"))
    return lines


def _state(day: Day, width: int, *, past: bool) -> Text:
    """Return what is free of a day; nothing for one that is over, a pattern for one on which nothing can be."""
    if day.free_minutes:
        free = hours(day.free_minutes, about=True)
        return Text(f" {cut(f'{free} free', width - 1)}", style="dim" if past else "green")
    covers = any(begin <= _begin(day) and until >= _end(day) for begin, until in day.closed)
    if day.off and covers:
        reason = shown(day.off[0][0].reason or "time off")
        return Text(clip(f" {OFF * 2} {reason}", width), style="magenta")
    if covers or (day.opened and day.closed and not past and not day.sessions):
        return Text(f" {OFF * (width - 2)}", style="magenta")
    if not day.opened:
        return Text(f" {f'{CLOSED} ' * ((width - 1) // 2)}"[:width], style="dim")
    return Text("" if past else " full", style="dim")


def _begin(day: Day) -> int:
    return int(day.begins.timestamp())


def _end(day: Day) -> int:
    return int(day.ends.timestamp())


def _legend(width: int) -> Text:
    line = Text()
    for status in ("confirmed", "pending", "inquiry"):
        line.append(f"{MARKS[status]} {status}   ", style=STYLES[status])
    line.append(f"{CLOSED} {CLOSED} closed   ", style="dim").append(
        f"{OFF}{OFF} time off, busy", style="magenta"
    )
    return line if len(line) <= width else Text()


def _list(days: Sequence[Day], look: Look, width: int) -> list[Text]:
    found = {session.id: session for day in days for session in day.sessions}
    lines = [Text(), heading("Sessions", width)]
    number = max([2, *(len(str(one)) for one in found)])
    last = ""
    for session in found.values():
        day = show_date(session.starts_at.to_tz(look.zone).date(), look.today)
        lines.append(appointment(session, look, width, fit("" if day == last else day, 12), number))
        last = day
    return [*lines, *([] if found else [Text("None.", style="dim")])]
