"""Whose turn it is, and which free times are news: for any list, any free times, at any moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Date, Instant

from studio_cli.model.availability import Need, seconds
from studio_cli.model.session import Named
from studio_cli.model.waiting import (
    TOLD_APART_HOURS,
    Days,
    Offered,
    Turn,
    Waiting,
    head_start_ends,
    parse_days,
    ranges,
    show_days,
    turns,
)

NOW = Instant.from_utc(2026, 11, 20, 15)
FIRST = Instant.from_utc(2026, 12, 4, 9)
ZONE = "UTC"
TYPES = {
    1: Need(60, increment=30, type_id=1),
    2: Need(30, buffer_before=15, buffer_after=15, increment=15, type_id=2, per_day=2),
}
STARTS = [FIRST.add(minutes=15 * step) for step in range(24)] + [FIRST.add(hours=24 * 3 + 1)]


@st.composite
def people(draw: Any) -> list[Waiting]:
    """Some who wait: for a day, a range or any, told long ago, just now or never, alone or twice."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        day = draw(
            st.sampled_from(
                [None, None, Date(2026, 12, 4), Date(2026, 12, 4), Date(2026, 12, 5), Date(2026, 12, 7)]
            )
        )
        told = draw(st.sampled_from([None, None, None, None, 0, 60, 60 * 20, 60 * 30]))
        found.append(
            Waiting(
                number,
                Named(draw(st.sampled_from([1, 2])), "T"),
                Named(draw(st.integers(1, 9)), "C"),
                Days(ZONE, day, day and draw(st.sampled_from([day, Date(2026, 12, 7)]))),
                NOW,
                known=ranges(sorted(draw(st.sets(st.sampled_from(STARTS), max_size=4))), 0),
                told_at=None if told is None else NOW.subtract(minutes=told),
                told_of=None if told is None else draw(st.sampled_from(STARTS)),
                in_outbox=draw(st.integers(0, 9)) == 9,
                tries_to_book=draw(st.integers(0, 9)) == 9,
            )
        )
    return found


@st.composite
def offers(draw: Any) -> dict[int, Offered]:
    """What is free of each type; of one there may be nothing at all to say."""
    return {
        number: Offered(
            need,
            sorted(draw(st.sets(st.sampled_from(STARTS), min_size=2, max_size=10))),
            Counter({Date(2026, 12, 4): draw(st.integers(0, 2))}),
            ZONE,
        )
        for number, need in TYPES.items()
        if draw(st.integers(0, 5))
    }


def taken(need: Need, start: Instant) -> tuple[int, int]:
    """Return the time that a session takes, buffers included, in seconds."""
    begin = seconds(start)
    return begin - need.buffer_before * 60, begin + (need.duration + need.buffer_after) * 60


@given(waiting=people(), offered=offers())
def test_everybody_could_take_what_they_are_told_of(
    waiting: list[Waiting], offered: dict[int, Offered]
) -> None:
    """Whoever is told, and whoever has a head start still, could all book at once, within every daily limit."""
    told = [(turn.waiting.type.id, turn.start) for turn in turns(waiting, offered, NOW) if turn.start]
    ahead = [
        (one.type.id, one.told_of)
        for one in waiting
        if one.told_at and one.told_of and one.type.id in offered and one.told_of in offered[one.type.id].free
        if head_start_ends(one.told_at, one.told_of) > NOW
    ]
    for (type_, start), (other, against) in [*combinations(told, 2), *((a, b) for a in told for b in ahead)]:
        first, second = taken(TYPES[type_], start), taken(TYPES[other], against)
        assert first[1] <= second[0] or second[1] <= first[0]
    days = Counter((type_, start.to_tz(ZONE).date()) for type_, start in told)
    for (type_, day), count in days.items():
        limit = TYPES[type_].per_day
        assert limit is None or offered[type_].booked[day] + count <= limit


@given(waiting=people(), offered=offers())
def test_only_news_to_who_may_hear_it(waiting: list[Waiting], offered: dict[int, Offered]) -> None:
    """Nobody is told of what is not free, not on their days, or known; nor twice a day; nor while they book."""
    told: Counter[int] = Counter()
    for turn in turns(waiting, offered, NOW):
        one, start = turn.waiting, turn.start
        what = offered[one.type.id]
        assert all(one.days.has(known) for first, last in turn.known for known in (first, last))
        if start is None:
            continue
        assert start in what.free and one.days.has(start) and not one.knows(start)
        then = replace(one, known=turn.known)
        assert all(then.knows(free) for free in what.free if one.days.has(free))
        assert not one.in_outbox and not one.tries_to_book
        told[one.client.id] += 1
        for other in waiting:
            if other.client.id == one.client.id and other.told_at:
                assert other.told_at <= NOW.subtract(hours=TOLD_APART_HOURS)
    assert not told or max(told.values()) == 1


@given(waiting=people(), offered=offers())
def test_nothing_is_forgotten(waiting: list[Waiting], offered: dict[int, Offered]) -> None:
    """Who could be told and is not lets go first somebody who came earlier; looked at again, nothing is left to do."""
    found = list(turns(waiting, offered, NOW))
    by_id = {turn.waiting.id: turn for turn in found}
    after = [_after(one, by_id.get(one.id)) for one in waiting]
    assert [turn for turn in turns(after, offered, NOW) if turn.start] == []
    assert list(turns(after, offered, NOW)) == []


def _after(one: Waiting, turn: Turn | None) -> Waiting:
    if turn is None:
        return one
    told = {"told_at": NOW, "told_of": turn.start} if turn.start else {}
    return replace(one, known=turn.known, **told)


def test_first_come_first_told() -> None:
    """Of several who could have the only free time, the one who came first is told."""
    free = {1: Offered(TYPES[1], [FIRST], Counter(), ZONE)}
    three = [Waiting(n, Named(1, "T"), Named(n, "C"), Days(ZONE), NOW) for n in (3, 1, 2)]
    assert [turn.waiting.id for turn in turns(three, free, NOW)] == [3]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("any", "any day"), ("2026-12", "2026-12"), ("2026-12-04", "2026-12-04"), ("2026-13", None), ("2026-02-30", None),
        ("9999-12", None), ("0001-01-01", None), ("", None), ("٢٠٢٦-12", None), ("2026-12-04 to 2026-12-05", None),
    ],
)  # fmt: skip
def test_days_of_an_address(text: str, read: str | None) -> None:
    """A page names any day, a month or a day; whatever else stands there is nothing."""
    days = parse_days(text, ZONE)
    assert (days and str(days)) == read
    assert days is None or parse_days(show_days(days), ZONE) == days
