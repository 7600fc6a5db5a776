"""A week hour by hour: hours that are open are empty, sessions are blocks in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from whenever import Instant

from studio_cli.booking.diary import Day
from studio_cli.cli.calendar_month import CLOSED, OFF
from studio_cli.cli.cells import clip, fit, width_of, wrap
from studio_cli.cli.drawing import EDGES, MARKS, Look, appointment, heading, hours
from studio_cli.cli.output import STYLES
from studio_cli.model.availability import Interval, seconds
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import show_clock, show_date

STEP = 30
"""Minutes that a line stands for."""
LABEL = 6
ROOMY = 20
"""From so many columns on a block says all that a list would say."""
MOST_LANES = 3
Cell = tuple[str, str]
"""What stands in a line of a day, and its style."""


def draw(days: Sequence[Day], look: Look) -> list[Text]:
    """Return the lines of a week, or of as many days as there are."""
    first, last = _hours(days, look)
    column = (look.width - LABEL) // len(days) - 1
    columns = [_Column(day, look, column, first, last).cells() for day in days]
    lines = [Text(), _title(days, look), _names(days, look, column)]
    for row in range((last - first) * 60 // STEP):
        lines.append(_line(first * 60 + row * STEP, [cells[row] for cells in columns], days, look))
    lines += [Text(), _legend(look.width)]
    if column < ROOMY:
        lines += _list(days, look)
    return [*lines, Text()]


def _title(days: Sequence[Day], look: Look) -> Text:
    words = f"{show_date(days[0].date)} to {show_date(days[-1].date)}"
    free = f"{hours(sum(day.free_minutes for day in days), about=True)} free"
    return Text.assemble((words, "bold"), " " * (look.width - len(words) - len(free)), (free, "dim"))


def _names(days: Sequence[Day], look: Look, column: int) -> Text:
    line = Text(" " * LABEL)
    for day in days:
        today = day.date == look.today
        name = show_date(day.date, day.date)
        short = name if len(name) <= column else name.rpartition(" ")[0]
        words = f"›{short}{' today' if len(short) + 7 <= column else ''}" if today else short
        line.append(fit(words, column), style="bold reverse" if today else "bold").append(" ")
    return line


def _hours(days: Sequence[Day], look: Look) -> tuple[int, int]:
    """Return the first and the last hour in which anything is."""
    begin, end = 24, 0
    for day in days:
        sessions = [(seconds(one.starts_at), seconds(one.ends_at)) for one in day.sessions]
        busy = [(seconds(one.starts_at), seconds(one.ends_at)) for one in day.busy]
        whole = seconds(day.ends) - seconds(day.begins)
        for times in [*day.opened, *sessions, *(one for one in busy if one[1] - one[0] < whole // 2)]:
            start, stop = _minutes(day, times, look)
            begin, end = min(begin, start // 60), max(end, -(-stop // 60))
    return (begin, end) if begin < end else (9, 17)


def _minutes(day: Day, times: Interval, look: Look) -> Interval:
    """Return from when until when something is on the wall clock of a day, in minutes after midnight."""

    def minute(at: int) -> int:
        local = Instant.from_timestamp(at).to_tz(look.zone)
        return local.hour * 60 + local.minute

    start = 0 if times[0] <= seconds(day.begins) else minute(times[0])
    stop = 1440 if times[1] >= seconds(day.ends) else minute(times[1])
    return start, max(stop, start + 1)


def _line(minute: int, cells: Sequence[Sequence[Cell]], days: Sequence[Day], look: Look) -> Text:
    local = look.now.to_tz(look.zone)
    here = any(day.date == look.today for day in days) and 0 <= local.hour * 60 + local.minute - minute < STEP
    label = f"{minute // 60:02}:00" if minute % 60 == 0 else ""
    if here:
        line = Text.assemble((f"{show_clock(look.now, look.zone)}›", "bold"))
    else:
        line = Text.assemble((f"{label:<{LABEL}}", "dim"))
    for cell in cells:
        for words, style in cell:
            line.append(words, style=style)
        line.append(" ")
    return line


@dataclass(frozen=True, slots=True)
class _Column:
    """A day as the lines of a column, each some cells that are ``width`` wide together."""

    day: Day
    look: Look
    width: int
    first: int
    last: int

    def cells(self) -> list[list[Cell]]:
        """Return what stands in each line: hours, then what closes them, then the sessions."""
        count = (self.last - self.first) * 60 // STEP
        closed = fit(f" {CLOSED}" * ((self.width - 1) // 2), self.width)
        lines: list[list[Cell]] = [[(closed, "dim")] for _ in range(count)]
        for times in self.day.opened:
            for row in self._rows(times):
                lines[row] = [(" " * self.width, "")]
        for words, times in self._closures():
            for index, row in enumerate(self._rows(times)):
                lines[row] = [(self._hatched(words if index == 0 else ""), "magenta")]
        for group in self._groups():
            self._place(group, lines)
        return lines

    def _closures(self) -> list[tuple[str, Interval]]:
        busy = [
            (one.title or one.calendar, (seconds(one.starts_at), seconds(one.ends_at)))
            for one in self.day.busy
        ]
        return [*((one.reason or "time off", times) for one, times in self.day.off), *busy]

    def _hatched(self, words: str) -> str:
        label = f"{OFF} {clip(shown(words), self.width - 3)} " if words else ""
        return label + OFF * (self.width - width_of(label))

    def _rows(self, times: Interval) -> range:
        start, stop = _minutes(self.day, times, self.look)
        begin = max(start // STEP - self.first * 60 // STEP, 0)
        return range(begin, min(-(-stop // STEP), self.last * 60 // STEP) - self.first * 60 // STEP)

    def _groups(self) -> list[list[tuple[Session, range]]]:
        """Return the sessions in groups that share no line."""
        groups: list[list[tuple[Session, range]]] = []
        until = -1
        for session in self.day.sessions:
            rows = self._rows((seconds(session.starts_at), seconds(session.ends_at)))
            if not groups or rows.start >= until:
                groups.append([])
            groups[-1].append((session, rows))
            until = max(until, rows.stop)
        return groups

    def _place(self, group: Sequence[tuple[Session, range]], lines: list[list[Cell]]) -> None:
        """Draw sessions that share lines side by side; of too many the last ones are only counted."""
        ends: list[int] = []
        lanes: list[list[tuple[Session, range]]] = []
        for session, rows in group:
            free = next((number for number, end in enumerate(ends) if end <= rows.start), len(ends))
            if free == len(ends):
                ends.append(0)
                lanes.append([])
            ends[free] = rows.stop
            lanes[free].append((session, rows))
        shown_lanes = lanes[: max(1, min(MOST_LANES, self.width // 5))]
        width = self.width // len(shown_lanes)
        widths = [width] * (len(shown_lanes) - 1) + [self.width - width * (len(shown_lanes) - 1)]
        whole = range(min(rows.start for _, rows in group), max(rows.stop for _, rows in group))
        for row in whole:
            lines[row] = [
                self._piece(lane, row, wide) for lane, wide in zip(shown_lanes, widths, strict=True)
            ]

    def _piece(self, lane: Sequence[tuple[Session, range]], row: int, width: int) -> Cell:
        for session, rows in lane:
            if row in rows:
                words = self._words(session, len(rows), width - 1)
                index = row - rows.start
                text = words[index] if index < len(words) else ""
                return EDGES.get(session.status, "▌") + fit(text, width - 1), self.look.block(session.status)
        return " " * width, ""

    def _words(self, session: Session, lines: int, width: int) -> list[str]:
        """Return what a block says, the most important first, in as many lines as it has."""
        clock = "–".join(
            show_clock(moment, self.look.zone) for moment in (session.starts_at, session.ends_at)
        )
        mark, who, what = MARKS[session.status], shown(session.client.name), shown(session.title)
        if width >= ROOMY - 1:
            first = f"{mark} {clock} {session.status}"
            full = first if width_of(first) + 4 <= width else f"{mark} {clock}"
            return [
                f"{full} {session.id}" if lines > 1 else f"{mark} {clock[:5]} {who}",
                who,
                what,
                shown(session.location or ""),
            ]
        start = f"{clock[:5]} " if seconds(session.starts_at) // 60 % STEP else ""
        first, *others = f"{start}{who}".split(" ")
        words = [f"{mark} {clip(first, width - 2)}", *(clip(word, width) for word in others)]
        return [
            *wrap(" ".join(words), width),
            *wrap(" ".join(clip(word, width) for word in what.split(" ")), width),
        ]


def _legend(width: int) -> Text:
    line = Text(" " * LABEL)
    for status in ("confirmed", "pending", "inquiry"):
        line.append(f"{MARKS[status]} {status}   ", style=STYLES[status])
    line.append(f"{CLOSED} {CLOSED} closed   ", style="dim").append(
        f"{OFF}{OFF} time off, busy", style="magenta"
    )
    return line if len(line) <= width else Text()


def _list(days: Sequence[Day], look: Look) -> list[Text]:
    found = {session.id: session for day in days for session in day.sessions}
    number = max([2, *(len(str(one)) for one in found)])
    lines = [Text(), heading("Sessions", look.width)]
    for session in found.values():
        day = show_date(session.starts_at.to_tz(look.zone).date(), look.today)
        lines.append(appointment(session, look, look.width, fit(day, 12), number))
    return lines if found else []
