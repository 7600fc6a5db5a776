"""A month on the terminal: its free days are marked, the arrow keys move, a typed day or time is jumped to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from whenever import Date

from studio_cli.booking.month import MONTHS_AHEAD, Month, View
from studio_cli.cli.prompts import Row
from studio_cli.errors import Refused, StudioError
from studio_cli.model.times import (
    MONTH_NAMES,
    WEEKDAYS,
    parse_any_day,
    parse_when,
    show_clock,
    show_date,
    show_short,
)

FREE = "•"


@dataclass(frozen=True, slots=True)
class CustomTime:
    """A time that the owner says in words; ``text`` is what there is of it already."""

    text: str


class MonthPicture:
    """Asks for a day. The answer is one with free times, or a ``CustomTime``.

    ``why`` returns why a day has no free time.
    """

    def __init__(self, view: View, why: Callable[[Date], str], day: Date | None = None) -> None:
        self.hint, self.default = "←↑↓→ day · PgUp PgDn month · Enter picks", "or type it: 24 dec, sat 19:30"
        self._view, self._why = view, why
        self._today = view.now.to_tz(view.zone).date()
        self._last = self._today.replace(day=1).add(months=MONTHS_AHEAD + 1).subtract(days=1)
        self._months: dict[Date, Month] = {}
        first = view.month()
        self._day = day or min(first.days, default=max(self._today, first.first))
        self._custom = False
        self._time: str | None = None
        self.keys: Mapping[str, Callable[[], None]] = {
            "left": lambda: self._go(self._day.subtract(days=1)),
            "right": lambda: self._go(self._day.add(days=1)),
            "up": lambda: self._go(self._day.subtract(days=7)),
            "down": lambda: self._go(self._day.add(days=7)),
            "pageup": lambda: self._go(self._day.subtract(months=1)),
            "pagedown": lambda: self._go(self._day.add(months=1)),
            "tab": self._switch,
        }

    # ── moving ───────────────────────────────────────────────────────────────────────────────────

    def _go(self, day: Date) -> None:
        self._custom, self._time = False, None
        self._day = max(self._today, min(day, self._last))

    def _switch(self) -> None:
        self._custom = not self._custom

    def change(self, typed: str) -> None:
        """Go to the day that is typed, as soon as it is one."""
        self._time = None
        zone, now = self._view.zone, self._view.now
        try:
            self._go(parse_any_day(typed, zone, now))
        except StudioError:
            self._follow_time(typed)

    def _follow_time(self, typed: str) -> None:
        zone = self._view.zone
        try:
            moment = parse_when(typed, zone, self._view.now, "first")
        except StudioError:
            return
        self._go(moment.to_tz(zone).date())
        self._time = show_short(moment, zone)

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────

    @property
    def _month(self) -> Month:
        first = self._day.replace(day=1)
        if first not in self._months:
            self._months[first] = self._view.month(first)
        return self._months[first]

    def rows(self) -> Sequence[Row]:
        """Return the month, always of the same height, and what is known of the day."""
        title = f"{MONTH_NAMES[self._day.month - 1]} {self._day.year}"
        picked = self._custom and "class:picked"
        return [
            [],
            [("class:title", f"  {title:^35}".rstrip())],
            [("class:dim", "  " + "".join(f" {name[:3].capitalize()} " for name in WEEKDAYS))],
            *self._weeks(),
            [
                (picked or "class:dim", f"  {'❯' if picked else ' '} Select custom… (Tab)"),
                ("class:dim", f"     {FREE} free"),
            ],
            [],
            [("", f"  {self._told()}")],
        ]

    def _weeks(self) -> list[Row]:
        blanks = self._month.first.day_of_week().value - 1
        weeks: list[Row] = [[("", "  ")] for _ in range(6)]
        weeks[0].append(("", " " * 5 * blanks))
        for number in range(1, self._month.after.subtract(days=1).day + 1):
            weeks[(blanks + number - 1) // 7].append(self._cell(self._month.first.replace(day=number)))
        return weeks

    def _cell(self, day: Date) -> tuple[str, str]:
        """Return a day: marked when it has free times, in brackets when it is the one that Enter picks."""
        free = FREE if day in self._month.days else " "
        if day == self._day and not self._custom:
            return "class:cursor", f"[{day.day:>2}{free}]"
        return "class:free" if free == FREE else "class:dim", f" {day.day:>2}{free} "

    def _told(self) -> str:
        if self._time:
            return f"Enter takes {self._time}."
        times = self._month.days.get(self._day, ())
        if not times:
            return f"{show_date(self._day)}: nothing is free."
        zone = self._view.zone
        first, last = show_clock(times[0], zone), show_clock(times[-1], zone)
        if len(times) == 1:
            return f"{show_date(self._day)}: free at {first}"
        return f"{show_date(self._day)}: {len(times)} free times, {first} to {last}"

    # ── Enter ────────────────────────────────────────────────────────────────────────────────────

    def answer(self, typed: str) -> Date | CustomTime:
        """Return the day or the typed time; raise with the reason on a day without free times."""
        if self._custom:
            return CustomTime(f"{self._day} ")
        if typed.strip() and not self._is_day(typed):
            parse_when(typed, self._view.zone, self._view.now, "first")
            return CustomTime(typed)
        if self._day not in self._month.days:
            raise Refused(self._why(self._day), hint="Tab is for a custom time.")
        return self._day

    def _is_day(self, typed: str) -> bool:
        try:
            parse_any_day(typed, self._view.zone, self._view.now)
        except StudioError:
            return False
        return True

    def told(self, typed: str) -> str:
        """Return the day, or that it is a custom time."""
        if self._custom:
            return "custom"
        return self._time or show_date(self._day)
