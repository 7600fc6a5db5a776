"""Who waits for a time to come free, which free times are news to them, and whose turn it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from whenever import Date, Instant

from studio_cli.model.availability import Need, seconds
from studio_cli.model.session import Named
from studio_cli.model.times import EARLIEST, LATEST, day_begins, rfc3339

LeftWhy = Literal["booked", "over", "asked", "removed"]
"""Why somebody waits no more: they have booked, their days are over, they asked for it, the owner took them off."""

TOLD_APART_HOURS = 24
"""Nobody is told more often than this, whatever they wait for."""
HEAD_START = 120
"""Minutes for which a time that somebody was told of counts as taken for the others on the list."""
SHORT_HEAD_START = 30
"""The same for a time within a day of being told: there is no time to lose."""
SOON_HOURS = 24
LONGEST_WAIT_DAYS = 180
"""So long somebody waits for any day at all."""

Starts = tuple[Instant, Instant]
"""The first and the last of several starts, each an increment after the other."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days on which a time would suit, both included, as clocks in ``zone`` show them; without them any day does."""

    zone: str
    first: Date | None = None
    last: Date | None = None

    def has(self, start: Instant) -> bool:
        """Return whether a session that begins then would be on one of them."""
        if self.first is None or self.last is None:
            return True
        return self.first <= start.to_tz(self.zone).date() <= self.last

    @property
    def begin(self) -> Instant | None:
        """When the first of them begins."""
        return self.first and day_begins(self.first, self.zone)

    @property
    def end(self) -> Instant | None:
        """When the last of them is over."""
        return self.last and day_begins(self.last.add(days=1), self.zone)

    @property
    def is_month(self) -> bool:
        """Whether they are a whole month, neither more nor less."""
        if self.first is None or self.last is None:
            return False
        return self.first.day == 1 and self.last.add(days=1) == self.first.add(months=1)

    def __str__(self) -> str:
        if self.first is None or self.last is None:
            return "any day"
        if self.is_month:
            return self.first.format_iso()[:7]
        first, last = self.first.format_iso(), self.last.format_iso()
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for a type.

    ``known`` are the starts that they know to be free. ``told_at`` is when they were last told, ``told_of`` of which
    start, ``told`` how often. ``tries_to_book``: they have picked a time of the type since, and not finished yet;
    ``has_booked``: they have. ``in_outbox``: a mail to them has not ended well yet.
    """

    id: int
    type: Named
    client: Named
    days: Days
    created_at: Instant
    name: str | None = None
    language: str | None = None
    visitor: str | None = None
    known: tuple[Starts, ...] = ()
    left_at: Instant | None = None
    left_why: LeftWhy | None = None
    told_at: Instant | None = None
    told_of: Instant | None = None
    told: int = 0
    has_booked: bool = False
    tries_to_book: bool = False
    in_outbox: bool = False

    @property
    def called(self) -> str:
        """Their name, as they typed it."""
        return self.name or self.client.name

    @property
    def ends_at(self) -> Instant:
        """When they wait no more, whatever happens."""
        return self.days.end or self.created_at.add(hours=24 * LONGEST_WAIT_DAYS)

    def knows(self, start: Instant) -> bool:
        """Return whether they know of a start that it is free."""
        return _is_in(start, self.known)

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return it as scripts read it; moments in ``zone``, days as clocks in ``timezone`` show them."""
        days = self.days
        return {
            "id": self.id,
            "type": {"slug": self.type.slug, "name": self.type.name},
            "client": {"id": self.client.id, "name": self.client.name, "email": self.client.email},
            "first_day": days.first and days.first.format_iso(),
            "last_day": days.last and days.last.format_iso(),
            "timezone": days.zone,
            "created_at": rfc3339(self.created_at, zone),
            "told": self.told,
            "told_at": self.told_at and rfc3339(self.told_at, zone),
            "told_of": self.told_of and rfc3339(self.told_of, zone),
            "left_at": self.left_at and rfc3339(self.left_at, zone),
            "left_why": self.left_why,
        }


# ── which times are news ──────────────────────────────────────────────────────────────────────────


def ranges(starts: Sequence[Instant], increment: int) -> tuple[Starts, ...]:
    """Return starts, in order, as ranges: those that follow one another by an increment (minutes) are one."""
    found: list[Starts] = []
    for start in starts:
        if found and seconds(start) - seconds(found[-1][1]) <= increment * 60:
            found[-1] = (found[-1][0], start)
        else:
            found.append((start, start))
    return tuple(found)


def _is_in(start: Instant, known: Sequence[Starts]) -> bool:
    at = bisect_right(known, start, key=lambda one: one[0]) - 1
    return at >= 0 and start <= known[at][1]


def head_start_ends(told_at: Instant, start: Instant) -> Instant:
    """Return until when a start counts as taken for the others, once somebody was told of it."""
    soon = seconds(start) - seconds(told_at) <= SOON_HOURS * 3600
    return told_at.add(minutes=SHORT_HEAD_START if soon else HEAD_START)


# ── whose turn it is ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Offered:
    """A type that people wait for: what its sessions need, which starts are free, how many are booked on which day.

    ``zone`` is that of the days.
    """

    need: Need
    free: Sequence[Instant]
    booked: Counter[Date]
    zone: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody learns now: the starts that they then know, and the one that they are told of, if they are."""

    waiting: Waiting
    known: tuple[Starts, ...]
    start: Instant | None = None


@dataclass(slots=True)
class _Claims:
    """The times that people on the list have just been told of: for the others on it these are taken."""

    taken: list[tuple[int, int]] = field(default_factory=list)
    days: Counter[tuple[int | None, Date]] = field(default_factory=Counter)

    def add(self, offered: Offered, start: Instant) -> None:
        need, begin = offered.need, seconds(start)
        self.taken.append((begin - need.buffer_before * 60, begin + (need.duration + need.buffer_after) * 60))
        self.days[need.type_id, start.to_tz(offered.zone).date()] += 1

    def leave(self, offered: Offered, start: Instant) -> bool:
        """Return whether a session could still begin then if everybody took what they were told of."""
        need, begin, day = offered.need, seconds(start), start.to_tz(offered.zone).date()
        first, last = begin - need.buffer_before * 60, begin + (need.duration + need.buffer_after) * 60
        if any(first < until and last > since for since, until in self.taken):
            return False
        if need.per_day is None:
            return True
        return offered.booked[day] + self.days[need.type_id, day] < need.per_day


@dataclass(frozen=True, slots=True)
class _Sight:
    """The free starts on somebody's days: all of them, those that they know, and one by one those that they do not."""

    everything: tuple[Starts, ...]
    known: tuple[Starts, ...]
    news: Sequence[Instant]


class _Eyes:
    """What those who wait see. Many see the same: it is looked at once."""

    def __init__(self, offered: Mapping[int, Offered]) -> None:
        self._offered = offered
        self._mine = cache(self._on_days)
        self._split = cache(self._told_apart)

    def see(self, one: Waiting) -> _Sight:
        return self._split(one.type.id, one.days, one.known)

    def _on_days(self, type_id: int, days: Days) -> tuple[list[Instant], tuple[Starts, ...]]:
        what = self._offered[type_id]
        mine = [start for start in what.free if days.has(start)]
        return mine, ranges(mine, what.need.increment)

    def _told_apart(self, type_id: int, days: Days, known: tuple[Starts, ...]) -> _Sight:
        mine, everything = self._mine(type_id, days)
        if known == everything:
            return _Sight(everything, everything, ())
        kept = [start for start in mine if _is_in(start, known)]
        news = [start for start in mine if not _is_in(start, known)]
        return _Sight(everything, ranges(kept, self._offered[type_id].need.increment), news)


def turns(people: Sequence[Waiting], offered: Mapping[int, Offered], now: Instant) -> Iterator[Turn]:
    """Yield what each of the people learns now, who came first goes first; nothing for whom nothing changes.

    As many are told as could book at once. Whoever was told of a time has a head start before the next one is; who
    has been told within a day, is just booking, or has a mail in the outbox, lets others go first. A start that is
    not free any more is forgotten: when it comes free again it is news. ``offered`` is by the number of the type;
    who waits for one that is not there is left alone.
    """
    there = [one for one in people if one.type.id in offered]
    claims, told, eyes = _claimed(there, offered, now), _last_told(people), _Eyes(offered)
    for one in there:
        what, sight = offered[one.type.id], eyes.see(one)
        start = None
        if _may_hear(one, told.get(one.client.id), now):
            start = next((start for start in sight.news if claims.leave(what, start)), None)
        if start is not None:
            claims.add(what, start)
            told[one.client.id] = now
            yield Turn(one, sight.everything, start)
        elif sight.known != one.known:
            yield Turn(one, sight.known)


def _claimed(there: Sequence[Waiting], offered: Mapping[int, Offered], now: Instant) -> _Claims:
    """Return the times of those who have a head start; a time that is not free any more is nobody's."""
    claims = _Claims()
    for one in there:
        what = offered[one.type.id]
        if one.told_at is None or one.told_of is None or one.told_of not in what.free:
            continue
        if now < head_start_ends(one.told_at, one.told_of):
            claims.add(what, one.told_of)
    return claims


def _may_hear(one: Waiting, last: Instant | None, now: Instant) -> bool:
    if one.in_outbox or one.tries_to_book:
        return False
    return last is None or now >= last.add(hours=TOLD_APART_HOURS)


def _last_told(people: Sequence[Waiting]) -> dict[int, Instant]:
    """Return when each client was last told, whatever they wait for."""
    found: dict[int, Instant] = {}
    for one in people:
        if one.told_at:
            found[one.client.id] = max(one.told_at, found.get(one.client.id, one.told_at))
    return found


def parse_days(text: str, zone: str) -> Days | None:
    """Return the days that an address or a form names: ``any``, a month (``2026-12``) or a day; None for nonsense."""
    if text == "any":
        return Days(zone)
    if not re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", text, re.ASCII):
        return None
    whole = len(text) == 7
    try:
        first = Date.parse_iso(f"{text}-01" if whole else text)
        if not EARLIEST.to_tz("UTC").date() < first < LATEST.to_tz("UTC").date():
            return None
    except ValueError:
        return None
    return Days(zone, first, first.add(months=1).subtract(days=1) if whole else first)


def show_days(days: Days) -> str:
    """Return days as ``parse_days`` reads them; those that it does not know are never chosen on a page."""
    return "any" if days.first is None else str(days)
