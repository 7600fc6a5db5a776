"""Every zone, every clock change of the years that people book in."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import available_timezones

import pytest
from whenever import Instant, PlainDateTime, ZonedDateTime

from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.availability import Hours, Need, Plan, find_slots
from studio_cli.model.times import from_stored, parse_when, rfc3339, stored

FIRST, LAST = Instant.from_utc(2025, 1, 1), Instant.from_utc(2031, 1, 1)
NOW = Instant.from_utc(2024, 12, 1)
OPENS, CLOSES = 30, 23 * 60 + 30
ZONES = sorted(available_timezones() - {"localtime", "Factory"})


def _changes(zone: str) -> Iterator[tuple[ZonedDateTime, int]]:
    """Yield each clock change: the first moment after it, and by how many seconds clocks go forward."""
    at = FIRST.to_tz(zone)
    while (change := at.next_transition()) is not None and change.to_instant() < LAST:
        before = change.subtract(seconds=1)
        yield change, int((change.offset - before.offset).total("seconds"))
        at = change


def _check(zone: str) -> None:
    for change, shift in _changes(zone):
        if shift > 0:
            _check_skipped(change, shift, zone)
        elif shift < 0:
            _check_repeated(change, shift, zone)
        _check_slots(change, zone)


def _wall(wall: PlainDateTime) -> str:
    return wall.format_iso(unit="minute", sep=" ")


def _check_skipped(change: ZonedDateTime, shift: int, zone: str) -> None:
    """A wall time in the gap is refused, with the last before it and the first after it."""
    missing = change.to_plain().subtract(seconds=shift // 2, naive_arithmetic_ok=True)
    missing = missing.round("minute", mode="floor")
    with pytest.raises(Refused) as refused:
        parse_when(_wall(missing), zone, NOW)
    assert refused.value.code == "time_does_not_exist"
    before, after = (parse_when(text, zone, NOW) for text in refused.value.details["nearest"])
    assert after == change.to_instant()
    assert before == after.subtract(minutes=1)


def _check_repeated(change: ZonedDateTime, shift: int, zone: str) -> None:
    """A wall time that exists twice is asked about; first and second are the two, as far apart as clocks went back."""
    twice = change.to_plain().add(seconds=-shift // 2, naive_arithmetic_ok=True).round("minute", mode="floor")
    with pytest.raises(WrongUsage) as asked:
        parse_when(_wall(twice), zone, NOW)
    assert "--first or --second" in str(asked.value.hint)
    first, second = (
        parse_when(_wall(twice), zone, NOW, "first"),
        parse_when(_wall(twice), zone, NOW, "second"),
    )
    assert second == first.add(seconds=-shift)
    assert rfc3339(first, zone)[:16] == rfc3339(second, zone)[:16]


def _check_slots(change: ZonedDateTime, zone: str) -> None:
    """The slots of the day and night around a change: nothing doubled, wall and UTC round-trip, durations real."""
    around = change.to_instant()
    hours = tuple(Hours(weekday, OPENS, CLOSES) for weekday in range(1, 8))
    first, last = around.subtract(hours=24), around.add(hours=24)
    starts = find_slots(Plan(zone, hours), Need(45, increment=15), [], [], first, last, NOW)
    assert starts == sorted(set(starts))
    assert starts
    for start in starts:
        last_minute = start.add(minutes=44).to_tz(zone)
        begins, ends = (at.hour * 60 + at.minute for at in (start.to_tz(zone), last_minute))
        assert begins >= OPENS, (zone, start)
        assert ends < CLOSES, (zone, start)
        told = rfc3339(start, zone)
        assert parse_when(told, zone, NOW) == start == from_stored(stored(start))
        assert (
            Instant.parse_iso(rfc3339(start.add(minutes=45), zone)).difference(start).total("minutes") == 45
        )


def check_ordinary_day(zone: str) -> bool:
    """Return whether an ordinary wall time round-trips."""
    moment = parse_when("2026-06-17 10:30", zone, NOW)
    return parse_when(rfc3339(moment, zone), zone, NOW) == moment


def test_no_clock_change_of_any_zone_bends_a_slot() -> None:
    """In every zone of the IANA database, no clock change from 2025 to 2030 bends a slot or has a time guessed."""
    for zone in ZONES:
        _check(zone)
        assert check_ordinary_day(zone), zone
    assert len(ZONES) > 400
