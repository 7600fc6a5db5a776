"""A month of free times, as whoever looks for one turns its pages: on the booking site, and to move a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from whenever import Date, Instant

from studio_cli.model.times import day_begins

MONTHS_AHEAD = 12
"""Whole months after this one that can be looked at."""

Free = Callable[[Instant, Instant], Sequence[Instant]]
"""Returns the free starts between two moments, in order."""


def horizon(now: Instant, zone: str) -> Instant:
    """Return when the last month that can be looked at is over."""
    return day_begins(now.to_tz(zone).date().replace(day=1).add(months=MONTHS_AHEAD + 1), zone)


@dataclass(frozen=True, slots=True)
class Month:
    """A month in the zone of who looks: the free starts of its days. ``earlier``, ``later``: whether there is one."""

    first: Date
    days: Mapping[Date, Sequence[Instant]] = field(default_factory=dict)
    earlier: bool = False
    later: bool = False

    @property
    def after(self) -> Date:
        """The first day of the month after it."""
        return self.first.add(months=1)


@dataclass(frozen=True, slots=True)
class View:
    """From where somebody looks: what is ``free``, their zone, now, and when the booking window ``ends``, if it does."""

    free: Free
    zone: str
    now: Instant
    ends: Instant | None = None

    def month(self, wanted: Date | None = None) -> Month:
        """Return a month with its free times, the nearest that can be looked at; without one wanted, that of the first."""
        this = self._this
        last = this.add(months=MONTHS_AHEAD)
        if self.ends is not None:
            window = self.ends.subtract(seconds=1).to_tz(self.zone).date().replace(day=1)
            last = min(last, max(this, window))
        if wanted is None:
            found = self.free(self.now, day_begins(this.add(months=1), self.zone))
            first = None if found else self.next(day_begins(this.add(months=1), self.zone))
            if first is None:
                return Month(this, self._by_day(found), False, this < last)
            wanted = first.to_tz(self.zone).date()
        month = min(max(wanted.replace(day=1), this), last)
        begin, until = (day_begins(day, self.zone) for day in (month, month.add(months=1)))
        return Month(month, self._by_day(self.free(begin, until)), month > this, month < last)

    def next(self, after: Instant) -> Instant | None:
        """Return the first free start from a moment on, as far ahead as months can be looked at."""
        begin, ends = max(after, self.now), horizon(self.now, self.zone)
        while begin < ends:
            until = min(begin.add(hours=24 * 60), ends)
            found = self.free(begin, until)
            if found:
                return found[0]
            begin = until
        return None

    @property
    def _this(self) -> Date:
        return self.now.to_tz(self.zone).date().replace(day=1)

    def _by_day(self, starts: Sequence[Instant]) -> dict[Date, list[Instant]]:
        days: dict[Date, list[Instant]] = {}
        for start in starts:
            days.setdefault(start.to_tz(self.zone).date(), []).append(start)
        return days
