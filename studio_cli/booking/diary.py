"""The diary: what is in each day, and what is free in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whenever import Date, Instant

from studio_cli.booking.studio import Studio
from studio_cli.model.availability import Block, Interval, merged, seconds
from studio_cli.model.calendar import Busy
from studio_cli.model.session import Session
from studio_cli.model.times import day_begins, rfc3339
from studio_cli.store import availability as hours_store
from studio_cli.store import calendar as calendar_store
from studio_cli.store import session as session_store


@dataclass(frozen=True, slots=True)
class Day:
    """One day, with what meets it.

    ``opened`` are its hours and ``free`` what is left of them from now on, as exact moments; ``off`` is time off with
    its exact times, ``busy`` the times of other calendars, ``sessions`` those that hold their time, by their start.
    """

    date: Date
    begins: Instant
    ends: Instant
    opened: tuple[Interval, ...]
    free: tuple[Interval, ...]
    off: tuple[tuple[Block, Interval], ...]
    busy: tuple[Busy, ...]
    sessions: tuple[Session, ...]

    @property
    def closed(self) -> tuple[Interval, ...]:
        """The time off and the busy times, joined."""
        return tuple(merged(sorted([*(times for _, times in self.off), *map(_times, self.busy)])))

    @property
    def free_minutes(self) -> int:
        """How much of the day is free."""
        return sum(until - begin for begin, until in self.free) // 60

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the day as scripts read it; times in ``zone``."""

        def ranges(intervals: Iterable[Interval]) -> list[dict[str, Any]]:
            return [_range(interval, zone) for interval in intervals]

        return {
            "date": self.date.format_iso(),
            "hours": ranges(self.opened),
            "free": ranges(self.free),
            "time_off": [
                {**_range(times, zone), "id": one.id, "reason": one.reason} for one, times in self.off
            ],
            "busy": [one.as_json(zone) for one in self.busy],
            "sessions": [session.as_json() for session in self.sessions],
        }


def _range(interval: Interval, zone: str) -> dict[str, Any]:
    begins, ends = (Instant.from_timestamp(moment) for moment in interval)
    return {"starts_at": rfc3339(begins, zone), "ends_at": rfc3339(ends, zone)}


def _times(one: Busy) -> Interval:
    return seconds(one.starts_at), seconds(one.ends_at)


def diary(studio: Studio, first: Date, days: int) -> list[Day]:
    """Return some days, each with what is in it."""
    with studio.file.reading():
        plan, now = hours_store.plan(studio.file, studio.settings.zone), studio.now()
        bounds = [day_begins(first.add(days=ahead), plan.zone) for ahead in range(days + 1)]
        begin, until = bounds[0], bounds[-1]
        opened = plan.opened(begin, until)
        off = [(one, times) for one in plan.blocks for times in one.between(plan.zone, begin, until)]
        busy = calendar_store.busy_between(studio.file, begin, until)
        sessions = session_store.taken_between(studio.file, begin, until, now)
        taken = [*(times for _, times in off), *map(_times, busy), *map(_kept, sessions)]
        taken.append((0, seconds(now)))  # what is over is not free any more
        free = list(_without(opened, merged(sorted(taken))))
        return [
            Day(
                date=first.add(days=ahead),
                begins=bounds[ahead],
                ends=bounds[ahead + 1],
                opened=_within(opened, edges),
                free=_within(free, edges),
                off=tuple((one, times) for one, times in off if _meet(times, edges)),
                busy=tuple(one for one in busy if _meet(_times(one), edges)),
                sessions=tuple(
                    one for one in sessions if _meet((seconds(one.starts_at), seconds(one.ends_at)), edges)
                ),
            )
            for ahead, edges in enumerate(
                zip(map(seconds, bounds[:-1]), map(seconds, bounds[1:]), strict=True)
            )
        ]


def _kept(session: Session) -> Interval:
    """Return the time that a session takes, with the time that is kept free around it."""
    begins = session.starts_at.subtract(minutes=session.buffer_before)
    return seconds(begins), seconds(session.ends_at.add(minutes=session.buffer_after))


def _meet(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] and one[1] > other[0]


def _within(intervals: Iterable[Interval], edges: Interval) -> tuple[Interval, ...]:
    """Return what of some intervals lies within two edges."""
    met = [one for one in intervals if _meet(one, edges)]
    return tuple((max(begin, edges[0]), min(until, edges[1])) for begin, until in met)


def _without(intervals: Iterable[Interval], taken: Sequence[Interval]) -> Iterator[Interval]:
    """Yield what is left of sorted intervals when others, sorted and joined, are taken out."""
    for begin, until in intervals:
        for start, stop in taken:
            if stop <= begin or start >= until:
                continue
            if start > begin:
                yield begin, start
            begin = max(begin, stop)
            if begin >= until:
                break
        if begin < until:
            yield begin, until
