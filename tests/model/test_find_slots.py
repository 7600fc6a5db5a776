"""Slot finding against a second, slow and obvious implementation: minute by minute, on the wall clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, PlainDateTime, Time

from studio_cli.model.availability import Block, Hours, Need, Override, Plan, find_slots, seconds

ZONES = (
    "America/Toronto",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour
    "Africa/Cairo",  # at midnight
    "America/Santiago",  # at midnight, the other way round
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
)
# The days around which clocks change in these zones, and an ordinary one.
DAYS = (
    Date(2026, 3, 7), Date(2026, 3, 28), Date(2026, 4, 3), Date(2026, 4, 4), Date(2026, 4, 23), Date(2026, 9, 5),
    Date(2026, 10, 3), Date(2026, 10, 24), Date(2026, 10, 29), Date(2026, 10, 31), Date(2026, 7, 14),
)  # fmt: skip
MINUTE, WINDOW_DAYS = 60, 3

Walls = dict[int, tuple[str, int]]


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Up to three ranges of one day, on quarters of an hour, some of them touching."""
    marks = sorted(draw(st.lists(st.integers(0, 96), unique=True, max_size=6)))
    return tuple((opens * 15, closes * 15) for opens, closes in zip(marks[::2], marks[1::2], strict=False))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, object]:
    """A plan, a need, sessions and a clock, around a day on which clocks may change."""
    zone, day = draw(st.sampled_from(ZONES)), draw(st.sampled_from(DAYS))
    weekly = [Hours(weekday, *span) for weekday in range(1, 8) for span in draw(spans())]
    dates = draw(st.lists(st.integers(0, WINDOW_DAYS), unique=True, max_size=2))
    overrides = [Override(day.add(days=ahead), draw(spans())) for ahead in dates]
    at = day.at(Time(0))
    walls = st.integers(-24 * 4, 24 * 4 * (WINDOW_DAYS + 1)).map(lambda quarter: _later(at, quarter * 15))
    blocks = []
    for number, (one, other) in enumerate(draw(st.lists(st.tuples(walls, walls), max_size=2))):
        if one != other:
            blocks.append(Block(number, min(one, other), max(one, other)))
    first = at.assume_tz(zone, disambiguation="compatible").to_instant()
    begin = seconds(first)
    starts = draw(st.lists(st.tuples(st.integers(-300, 4600), st.integers(5, 300)), max_size=5))
    busy = sorted((begin + start * MINUTE, begin + (start + length) * MINUTE) for start, length in starts)
    booked = [begin + minute * MINUTE for minute in draw(st.lists(st.integers(-300, 4600), max_size=4))]
    need = Need(
        duration=draw(st.integers(5, 240)),
        buffer_before=draw(st.sampled_from((0, 0, 5, 30))),
        buffer_after=draw(st.sampled_from((0, 0, 10, 45))),
        increment=draw(st.sampled_from((5, 7, 15, 30, 60))),
        type_id=1,
        per_day=draw(st.sampled_from((None, 1, 2))),
        notice=draw(st.sampled_from((0, 60, 2000))),
        window_days=draw(st.sampled_from((None, 1, 2))),
    )
    now = first.add(minutes=draw(st.integers(-2000, 3000)), seconds=draw(st.sampled_from((0, 17))))
    return {
        "plan": Plan(zone, tuple(weekly), tuple(overrides), tuple(blocks)),
        "need": need, "busy": busy, "booked": booked, "first": first,
        "last": first.add(hours=24 * WINDOW_DAYS), "now": now, "for_clients": draw(st.booleans()),
    }  # fmt: skip


def _later(wall: PlainDateTime, minutes: int) -> PlainDateTime:
    return wall.assume_utc().add(minutes=minutes).to_tz("UTC").to_plain()


def slow(case: dict[str, object]) -> list[int]:
    """Find the slots by looking at every minute with the standard library's zones."""
    plan, need, now = case["plan"], case["need"], case["now"]
    assert isinstance(plan, Plan)
    assert isinstance(need, Need)
    assert isinstance(now, Instant)
    zone = ZoneInfo(plan.zone)
    first, last = seconds(case["first"]), seconds(case["last"])  # type: ignore[arg-type]
    window = range(first - 3 * 86400, last + 86400, MINUTE)
    wall = {at: datetime.fromtimestamp(at, UTC).astimezone(zone).replace(tzinfo=None) for at in window}
    ranges = {at: _range_of(plan, wall[at]) for at in window}
    off = _off(plan, wall)
    found = []
    today = datetime.fromtimestamp(now.timestamp(), UTC).astimezone(zone).date()
    for start in range(first, last, MINUTE):
        minutes = range(start, start + need.duration * MINUTE, MINUTE)
        mine = ranges[start]
        if mine is None or any(ranges[minute] != mine or minute in off for minute in minutes):
            continue
        begun = start
        while ranges[begun - MINUTE] == mine:
            begun -= MINUTE
        if (start - begun) // MINUTE % need.increment:
            continue
        kept_from, kept_until = start - need.buffer_before * 60, minutes[-1] + 60 + need.buffer_after * 60
        if any(begin < kept_until and until > kept_from for begin, until in case["busy"]):  # type: ignore[attr-defined]
            continue
        same_day = [one for one in case["booked"] if _date(one, zone) == wall[start].date()]  # type: ignore[attr-defined]
        if need.per_day is not None and len(same_day) >= need.per_day:
            continue
        notice = max(need.notice * 60, 1) if case["for_clients"] else 0
        if start < now.timestamp() + notice:
            continue
        days = need.window_days if case["for_clients"] else None
        if days is not None and wall[start].date() > today + timedelta(days=days):
            continue
        found.append(start)
    return found


def _date(at: int, zone: ZoneInfo) -> object:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


def _range_of(plan: Plan, wall: datetime) -> tuple[object, int] | None:
    """Return which range of hours a minute of the wall clock lies in."""
    day = Date(wall.year, wall.month, wall.day)
    special = [override.spans for override in plan.overrides if override.date == day]
    usual = [(one.opens, one.closes) for one in plan.weekly if one.weekday == wall.isoweekday()]
    minute = wall.hour * 60 + wall.minute
    for number, (opens, closes) in enumerate(special[0] if special else usual):
        if opens <= minute < closes:
            return wall.date(), number
    return None


def _off(plan: Plan, wall: dict[int, datetime]) -> set[int]:
    """Return the minutes of time off: from the first to the last at which the clock shows it."""
    minutes: set[int] = set()
    for block in plan.blocks:
        begins, ends = (datetime.fromisoformat(one.format_iso()) for one in (block.begins, block.ends))
        inside = [at for at, shown in wall.items() if begins <= shown < ends]
        if inside:
            minutes |= set(range(inside[0], inside[-1] + 1, MINUTE))
    return minutes


def check_slots(case: dict[str, object]) -> None:
    fast = [seconds(start) for start in find_slots(**case)]  # type: ignore[arg-type]
    assert fast == slow(case)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=120, deadline=None, suppress_health_check=QUIET)
@given(cases())
def test_slots_are_what_looking_at_every_minute_finds(case: dict[str, object]) -> None:
    """Slots are exactly the starts that a minute-by-minute search on the wall clock finds."""
    check_slots(case)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=int(os.environ.get("CASES", "5000")), deadline=None, suppress_health_check=QUIET)
@given(cases())
def test_slots_in_thousands_of_cases(case: dict[str, object]) -> None:
    """The same in thousands of cases."""
    check_slots(case)
