"""A month as a page shows it: rows of seven days, and the times of one of them."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from whenever import Date, Instant

from studio_cli.booking.month import Month
from studio_cli.language import Language
from studio_cli.model.times import EARLIEST, LATEST, show_offset

To = Callable[[str], str]
"""Returns the address that shows a month (``2026-12``) or a day (``2026-12-04``)."""


def grid(month: Month, chosen: Date | None, language: Language, to: To) -> dict[str, Any]:
    """Return a month as plain data for ``page/month.html``; ``to`` says where it leads."""
    return {
        "month": language.month(month.first),
        "earlier": to(_name(month.first.subtract(months=1))) if month.earlier else "",
        "later": to(_name(month.after)) if month.later else "",
        "weekdays": language.weekdays(),
        "weeks": _weeks(month, chosen, language, to),
        "day": language.date(chosen) if chosen else "",
        "none": not month.days,
    }


def _name(first: Date) -> str:
    return first.format_iso()[:7]


def _weeks(
    month: Month, chosen: Date | None, language: Language, to: To
) -> list[list[dict[str, Any] | None]]:
    """Return the month as rows of seven: days of other months are empty."""
    blanks = (month.first.day_of_week().value - language.first_weekday) % 7
    before, _, after = to(month.first.format_iso()).partition(month.first.format_iso())
    cells: list[dict[str, Any] | None] = [None] * blanks
    for number in range(1, month.after.subtract(days=1).day + 1):
        day = month.first.replace(day=number)
        free = len(month.days.get(day, ()))
        cells.append(
            {
                "number": number,
                "link": f"{before}{day}{after}" if free else "",
                "name": _named(language, day) if free else "",
                "free": free,
                "chosen": day == chosen,
            }
        )
    cells += [None] * (-len(cells) % 7)
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


@lru_cache(maxsize=4096)
def _named(language: Language, day: Date) -> str:
    """Return a day in words; kept, because a month of them is most of what Babel does for a page."""
    return language.date(day)


def offsets(starts: Sequence[Instant], zone: str) -> dict[Instant, str]:
    """Return what tells a time apart from another that clocks show alike, in an hour that they repeat; else nothing."""
    shown = {start: start.to_tz(zone).to_plain() for start in starts}
    times = Counter(shown.values())
    return {
        start: show_offset(start, zone).rpartition(" ")[2] if times[plain] > 1 else ""
        for start, plain in shown.items()
    }


def day_of(text: str) -> Date | None:
    """Return the date that ``2026-12-04`` says, if it is one on which a session could be."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) or not text.isascii():
        return None
    with contextlib.suppress(ValueError):
        day = Date.parse_iso(text)
        return day if EARLIEST.to_tz("UTC").date() < day < LATEST.to_tz("UTC").date() else None
    return None
