"""Availability: hours as they are typed, and the slots in them, against a slow and obvious second way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.availability import (
    DEFAULT_HOURS,
    Hours,
    Interval,
    Need,
    Plan,
    free_starts,
    is_open,
    merged,
    parse_days,
    parse_hours,
)

# ── the slow, obvious way: every minute is looked at, in UTC, with the standard library ────────────

CHANGES = [
    ("America/Toronto", "2026-03-08"),
    ("America/Toronto", "2026-11-01"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Africa/Cairo", "2026-04-23"),
    ("Africa/Cairo", "2026-10-29"),
    ("America/Santiago", "2026-04-05"),
    ("America/Santiago", "2026-09-06"),
    ("America/St_Johns", "2026-03-08"),
    ("America/St_Johns", "2026-11-01"),
    ("America/St_Johns", "2010-11-07"),  # changed at one minute past midnight: back into the day before
    ("America/Nuuk", "2026-10-25"),
    ("Antarctica/Troll", "2026-03-29"),  # two hours at once
    ("Pacific/Apia", "2011-12-30"),  # a day that did not exist
    ("Asia/Kathmandu", "2026-06-01"),
    ("UTC", "2026-06-01"),
]
MINUTE = timedelta(minutes=1)
LONGEST_LOOK = timedelta(days=2)


@dataclass
class Case:
    """One studio's hours, busy times and wish, around a day on which clocks may change."""

    zone: str
    hours: list[Hours]
    first: datetime
    last: datetime
    busy: list[tuple[datetime, datetime]]
    need: Need


def slow_open(case: Case) -> list[tuple[datetime, datetime]]:
    """Return the unbroken runs of minutes whose wall time lies in one range of one day."""
    zone = ZoneInfo(case.zone)

    def range_of(minute: datetime) -> tuple[object, Hours] | None:
        wall = minute.astimezone(zone)
        now = wall.hour * 60 + wall.minute
        for hours in case.hours:
            if hours.weekday == wall.isoweekday() and hours.opens <= now < hours.closes:
                return wall.date(), hours
        return None

    begin = case.first - LONGEST_LOOK
    count = (case.last + LONGEST_LOOK - begin) // MINUTE
    minutes = [begin + number * MINUTE for number in range(count)]
    runs = []
    for where, run in groupby(minutes, key=range_of):
        listed = list(run)
        if where is not None and listed[-1] + MINUTE > case.first and listed[0] < case.last:
            runs.append((listed[0], listed[-1] + MINUTE))
    return runs


def slow_starts(case: Case) -> list[datetime]:
    """Return the starts at which every minute of the session is open, and of its buffers not busy."""
    busy = {
        begin + number * MINUTE for begin, until in case.busy for number in range((until - begin) // MINUTE)
    }
    found = []
    for begin, until in slow_open(case):
        start = begin
        while start + case.need.duration * MINUTE <= until:
            around = range(-case.need.buffer_before, case.need.duration + case.need.buffer_after)
            if start >= case.first and not any(start + minute * MINUTE in busy for minute in around):
                found.append(start)
            start += case.need.increment * MINUTE
    return found


def seconds(moment: datetime) -> int:
    """Return seconds since 1970."""
    return int(moment.timestamp())


def opened(case: Case) -> list[Interval]:
    """Return what the studio says of the hours."""
    first, last = (Instant.from_timestamp(seconds(moment)) for moment in (case.first, case.last))
    return Plan(case.zone, tuple(case.hours)).opened(first, last)


@st.composite
def weeks(draw: st.DrawFn) -> list[Hours]:
    """Draw a week: up to three ranges on each day, which may touch, and may reach from midnight to midnight."""
    week = []
    for weekday in range(1, 8):
        minutes = st.integers(0, 96).map(lambda quarter: quarter * 15) | st.integers(0, 1440)
        marks = sorted(draw(st.lists(minutes, max_size=6, unique=True)))
        touching = draw(st.booleans())
        pairs = pairwise(marks) if touching else zip(marks[::2], marks[1::2], strict=False)
        week += [Hours(weekday, opens, closes) for opens, closes in pairs]
    return week


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a case around a day on which clocks change somewhere."""
    zone, day = draw(st.sampled_from(CHANGES))
    noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    minutes = st.integers(-2160, 2160)
    first, last = sorted(noon + draw(minutes) * MINUTE for _ in range(2))
    busy = [
        (noon + begin * MINUTE, noon + (begin + length) * MINUTE)
        for begin, length in sorted(draw(st.lists(st.tuples(minutes, st.integers(1, 600)), max_size=6)))
    ]
    need = Need(
        duration=draw(st.integers(5, 300)),
        buffer_before=draw(st.sampled_from([0, 0, 5, 15, 60, 720])),
        buffer_after=draw(st.sampled_from([0, 0, 10, 45, 720])),
        increment=draw(st.sampled_from([5, 15, 20, 30, 60])),
    )
    return Case(zone, draw(weeks()), first, last + MINUTE, busy, need)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_slots_are_those_of_the_slow_way(case: Case) -> None:
    """Hours and free starts are exactly those found by looking at every minute, whatever clocks do."""
    fast = opened(case)
    assert fast == [(seconds(begin), seconds(until)) for begin, until in slow_open(case)]
    busy = [(seconds(begin), seconds(until)) for begin, until in case.busy]
    starts = list(free_starts(fast, busy, case.need, seconds(case.first)))
    assert starts == [seconds(start) for start in slow_starts(case)]
    assert all(is_open(fast, start, case.need.duration) for start in starts)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20)), max_size=12))
def test_merged_covers_the_same_seconds(drawn: list[tuple[int, int]]) -> None:
    """Joined intervals hold the same seconds as before, apart from each other and in order."""
    intervals = sorted((begin, begin + length) for begin, length in drawn)
    joined = merged(intervals)
    assert {second for span in intervals for second in range(*span)} == {
        second for span in joined for second in range(*span)
    }
    assert all(one[1] < other[0] for one, other in pairwise(joined))


@pytest.mark.parametrize("minute", [150, 151, 180, 209, 210])
def test_clocks_that_go_back_into_the_day_before(minute: int) -> None:
    """Where clocks went back over midnight, what is open is found from either side of it."""
    change = datetime(2010, 11, 7, tzinfo=UTC)  # 02:31 UTC: from 00:01 to 23:01 the day before
    hours = [
        Hours(weekday, opens, closes) for weekday in range(1, 8) for opens, closes in [(0, 120), (1320, 1440)]
    ]
    look = change + minute * MINUTE
    for first, last in [(look, look + 30 * MINUTE), (look - 30 * MINUTE, look)]:
        case = Case("America/St_Johns", hours, first, last, [], Need(30))
        assert opened(case) == [(seconds(begin), seconds(until)) for begin, until in slow_open(case)]


def around(zone: str, day: str, hours: list[tuple[int, int]], need: Need) -> list[str]:
    """Return the starts on one day, every weekday having the same hours, as wall times with their offset."""
    begin = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    week = [Hours(weekday, *span) for weekday in range(1, 8) for span in hours]
    end = begin.astimezone(UTC) + timedelta(hours=30)
    case = Case(zone, week, begin.astimezone(UTC), end, [], need)
    starts = [datetime.fromtimestamp(start, ZoneInfo(zone)) for start in free_starts(opened(case), [], need)]
    return [f"{start:%H:%M%z}" for start in starts if start.date() == begin.date()]


def test_skipped_hour_has_no_slots() -> None:
    """Where clocks go forward, the slots go on in real time and the missing hour has none."""
    assert around("America/Toronto", "2026-03-08", [(60, 240)], Need(60, increment=60)) == [
        "01:00-0500",
        "03:00-0400",
    ]


def test_repeated_hour_has_slots_twice() -> None:
    """Where clocks go back, the repeated hour is worked twice."""
    assert around("America/Toronto", "2026-11-01", [(0, 120)], Need(60, increment=60)) == [
        "00:00-0400",
        "01:00-0400",
        "01:00-0500",
    ]


def test_session_fits_whole_or_not() -> None:
    """A session that would end a minute after the hours do is not offered."""
    assert around("UTC", "2026-06-01", [(540, 600)], Need(60)) == ["09:00+0000"]
    assert around("UTC", "2026-06-01", [(540, 600)], Need(61)) == []


def test_ranges_that_touch_are_two() -> None:
    """A session does not lie across two ranges, even where one begins as the other ends."""
    assert around("UTC", "2026-06-01", [(540, 600), (600, 660)], Need(60, increment=30)) == [
        "09:00+0000",
        "10:00+0000",
    ]


def test_buffers_may_lie_outside_the_hours() -> None:
    """Buffers must be free of other sessions only, not open."""
    assert around("UTC", "2026-06-01", [(540, 600)], Need(60, 30, 30)) == ["09:00+0000"]


def test_buffers_keep_other_sessions_away() -> None:
    """A start is free exactly when its buffers end where the busy time begins."""
    hours = [(0, 24 * 3600)]
    need = Need(60, buffer_before=15, buffer_after=10, increment=5)
    starts = set(free_starts(hours, [(36_000, 39_600)], need))
    assert 36_000 - 70 * 60 in starts
    assert 36_000 - 65 * 60 not in starts
    assert 39_600 + 10 * 60 not in starts
    assert 39_600 + 15 * 60 in starts


def test_earliest_keeps_to_the_grid() -> None:
    """Slots that have passed are left out; those to come stay at their increments."""
    assert list(free_starts([(0, 7200)], [], Need(30), earliest=1)) == [1800, 3600, 5400]


# ── typed ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", [1]),
        ("Monday", [1]),
        ("mon-fri", [1, 2, 3, 4, 5]),
        ("sat,sun", [6, 7]),
        ("sat, sun", [6, 7]),
        ("fri-mon", [1, 5, 6, 7]),
        ("sun-sat", [1, 2, 3, 4, 5, 6, 7]),
        ("mon,mon,mon-tue", [1, 2]),
        ("tues - thurs", [2, 3, 4]),
    ],
)
def test_days(text: str, days: list[int]) -> None:
    """Days are names, lists and ranges, which may go over the weekend."""
    assert parse_days(text) == days


@pytest.mark.parametrize(
    "text", ["", ",", "m", "mo", "t-f", "mon-", "-fri", "mon-tue-wed", "mondays", "1-5", "\x1b[31m"]
)
def test_days_refused(text: str) -> None:
    """What names no day is refused in one printable line."""
    with pytest.raises(WrongUsage) as wrong:
        parse_days(text)
    assert wrong.value.code == "days"
    assert "\x1b" not in wrong.value.message


@pytest.mark.parametrize(
    ("ranges", "spans"),
    [
        (["09:00-17:00"], [(540, 1020)]),
        (["13:00-17:00", "09:00-12:00"], [(540, 720), (780, 1020)]),
        (["09:00-12:00", "12:00-13:00"], [(540, 720), (720, 780)]),
        (["9am-5pm"], [(540, 1020)]),
        (["9:00 – noon"], [(540, 720)]),
        (["22:00-24:00"], [(1320, 1440)]),
        (["00:00-midnight"], [(0, 1440)]),
        (["off"], []),
        (["OFF"], []),
    ],
)
def test_hours(ranges: list[str], spans: list[tuple[int, int]]) -> None:
    """Ranges become minutes of the day, in order, on each of the days."""
    assert parse_hours("mon,tue", ranges) == (
        [1, 2],
        [Hours(day, opens, closes) for day in (1, 2) for opens, closes in spans],
    )


@pytest.mark.parametrize(
    "ranges",
    [
        ["09:00-12:00", "11:59-13:00"],
        ["09:00-12:00", "09:00-12:00"],
        ["09:00-17:00", "10:00-11:00"],
    ],
)
def test_overlapping_hours_refused(ranges: list[str]) -> None:
    """Ranges of one day that overlap are refused."""
    with pytest.raises(WrongUsage, match="overlap"):
        parse_hours("mon", ranges)


@pytest.mark.parametrize("text", ["22:00-02:00", "09:00-09:00", "10:00-00:00"])
def test_hours_past_midnight_refused(text: str) -> None:
    """A range that ends before it begins is refused, and the hint says how to write it as two."""
    with pytest.raises(WrongUsage) as wrong:
        parse_hours("mon", [text])
    assert "24:00" in str(wrong.value.hint)


@pytest.mark.parametrize(
    "ranges",
    [
        [],
        ["off", "09:00-12:00"],
        ["09:00"],
        ["9-5"],
        ["09:00-25:00"],
        ["09:00-12:00-13:00"],
        [""],
        ["09:00:30-12:00"],
    ],
)
def test_hours_refused(ranges: list[str]) -> None:
    """What is not a range of whole minutes is refused; nothing of it is dropped."""
    with pytest.raises(WrongUsage) as wrong:
        parse_hours("mon", ranges)
    assert wrong.value.code == "hours"


def test_default_hours() -> None:
    """A new studio works Monday to Friday, nine to five."""
    assert [stretch.as_json() for stretch in DEFAULT_HOURS] == [
        {"day": day, "opens": "09:00", "closes": "17:00"} for day in ("mon", "tue", "wed", "thu", "fri")
    ]
