"""A month as a page shows it: its weeks, on which days there are free times, and those of one day."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from whenever import Date, Instant

from studio_cli.language import Language
from studio_cli.model.times import day_begins, stored

Free = Callable[[Instant, Instant], Sequence[Instant]]
"""Returns the free times between two moments."""

MOST_MONTHS = 18
"""So far ahead a client can look."""
LOOKED_AHEAD = 4
"""So many months are looked at for the first free day."""


@dataclass(frozen=True, slots=True)
class Month:
    """The month that a client looks at and the day in it, with what is free there; ``first`` is its first day."""

    first: Date
    day: Date | None
    free: dict[Date, list[Instant]]
    today: Date

    def data(self, language: Language, zone: str) -> dict[str, Any]:
        """Return it as plain data for a template."""
        last = self.today.replace(day=1).add(months=MOST_MONTHS)
        return {
            "title": language.month(self.first),
            "weekdays": [{"short": short, "whole": whole} for _, short, whole in language.weekdays()],
            "weeks": [[self._cell(day, language) for day in week] for week in self._weeks(language)],
            "before": _month(self.first.subtract(months=1)) if self.first > self.today else None,
            "after": _month(self.first.add(months=1)) if self.first < last else None,
            "day": language.date(self.day) if self.day else "",
            "times": times(self.free.get(self.day, []) if self.day else [], language, zone),
        }

    def _weeks(self, language: Language) -> list[list[Date | None]]:
        begins = language.weekdays()[0][0]
        days: list[Date | None] = [None] * ((self.first.day_of_week().value - 1 - begins) % 7)
        day = self.first
        while day.month == self.first.month:
            days.append(day)
            day = day.add(days=1)
        days += [None] * (-len(days) % 7)
        return [days[start : start + 7] for start in range(0, len(days), 7)]

    def _cell(self, day: Date | None, language: Language) -> dict[str, Any] | None:
        if day is None:
            return None
        return {
            "number": day.day,
            "date": str(day),
            "name": language.date(day),
            "free": len(self.free.get(day, [])),
            "chosen": day == self.day,
        }


def times(
    moments: Sequence[Instant], language: Language, zone: str, *, days: bool = False
) -> list[dict[str, str]]:
    """Return times to choose from: what a form sends, and what is read; with ``days`` each says its own."""
    return [
        {
            "value": stored(moment),
            "text": language.short(moment, zone) if days else language.clock(moment, zone),
        }
        for moment in moments
    ]


def look(free: Free, zone: str, now: Instant, wanted: str, near: Instant) -> Month:
    """Return the month that ``wanted`` (``2026-12``, ``2026-12-04``) is in.

    Of nonsense, and at first, it is that of ``near``, or the first one from now on in which anything is free.
    """
    today = now.to_tz(zone).date()
    chosen, whole = _read(wanted, today)
    if chosen:
        return _of(free, zone, today, chosen.replace(day=1), None if whole else chosen)
    first = max(near.to_tz(zone).date(), today).replace(day=1)
    found = _of(free, zone, today, first, None, near.to_tz(zone).date())
    first = today.replace(day=1)
    for _ in range(LOOKED_AHEAD):
        if found.free:
            break
        found, first = _of(free, zone, today, first, None), first.add(months=1)
    return found


def _of(free: Free, zone: str, today: Date, first: Date, day: Date | None, near: Date | None = None) -> Month:
    """Return a month with its free times; without a day, the first free one from ``near`` on is looked at."""
    by_day: dict[Date, list[Instant]] = {}
    for moment in free(day_begins(first, zone), day_begins(first.add(months=1), zone)):
        by_day.setdefault(moment.to_tz(zone).date(), []).append(moment)
    if day is None and by_day:
        day = next((one for one in by_day if near is None or one >= near), next(iter(by_day)))
    return Month(first, day, by_day, today)


def _read(text: str, today: Date) -> tuple[Date | None, bool]:
    """Return the day that was asked for, or the first of a whole month; None for nonsense and what is out of reach."""
    whole = re.fullmatch(r"[0-9]{4}-[0-9]{2}", text) is not None
    try:
        day = Date.parse_iso(f"{text}-01" if whole else text[:10])
    except ValueError:
        return None, False
    first = today.replace(day=1)
    return (day if first <= day < first.add(months=MOST_MONTHS + 1) else None), whole


def _month(day: Date) -> str:
    return str(day)[:7]
