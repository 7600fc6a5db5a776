"""Times: what a person may type, what is stored, what is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Instant

from studio_cli.errors import Refused, WrongUsage
from studio_cli.model import times
from studio_cli.model.times import (
    check_zone,
    known_zone,
    parse_clock,
    parse_duration,
    parse_when,
    show_duration,
)

ZONE = "America/Toronto"
NOW = Instant.from_utc(2026, 11, 20, 15)
"""A Friday, ten in the morning in Toronto."""

moments = st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 30)).map(
    lambda naive: Instant.from_timestamp(int(naive.replace(tzinfo=UTC).timestamp()))
)
zones = st.sampled_from(
    [
        "UTC",
        "America/Toronto",
        "America/St_Johns",
        "America/Santiago",
        "Europe/London",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ]
)


def local(text: str, zone: str = ZONE, now: Instant = NOW, **which: str) -> str:
    """Return what ``parse_when`` understood, as a wall time with its offset."""
    return times.rfc3339(parse_when(text, zone, now, **which), zone)  # type: ignore[arg-type]


# ── stored ────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=200, deadline=None)
@given(moments)
def test_stored_comes_back(moment: Instant) -> None:
    """What is stored has twenty characters and comes back as the same moment."""
    text = times.stored(moment)
    assert len(text) == len("2026-12-04T15:00:00Z")
    assert times.from_stored(text) == moment


@settings(max_examples=200, deadline=None)
@given(moments, moments)
def test_stored_order_is_time_order(one: Instant, other: Instant) -> None:
    """Stored texts sort as their moments do."""
    assert (times.stored(one) < times.stored(other)) == (one < other)


@settings(max_examples=200, deadline=None)
@given(moments, zones)
def test_rfc3339_is_what_the_standard_library_reads(moment: Instant, zone: str) -> None:
    """What scripts read is the same moment to another parser, with the zone's offset."""
    read = datetime.fromisoformat(times.rfc3339(moment, zone))
    assert int(read.timestamp()) == moment.timestamp()
    assert read.utcoffset() == read.astimezone(ZoneInfo(zone)).utcoffset()


@settings(max_examples=200, deadline=None)
@given(moments, zones)
def test_rfc3339_may_be_typed_back(moment: Instant, zone: str) -> None:
    """A time that a script reads is understood when it is typed, exactly."""
    whole_minute = Instant.from_timestamp(moment.timestamp() // 60 * 60)
    assert parse_when(times.rfc3339(whole_minute, zone), ZONE, NOW) == whole_minute


# ── typed: ISO ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-04 10:00", "2026-12-04T10:00:00-05:00"),
        ("2026-12-04T10:00", "2026-12-04T10:00:00-05:00"),
        ("2026-12-04t10:00", "2026-12-04T10:00:00-05:00"),
        ("  2026-12-04   10:00  ", "2026-12-04T10:00:00-05:00"),
        ("2026-12-04 10:00:00", "2026-12-04T10:00:00-05:00"),
        ("2026-12-04 3pm", "2026-12-04T15:00:00-05:00"),
        ("2026-12-04 3:30 p.m.", "2026-12-04T15:30:00-05:00"),
        ("2026-12-04 noon", "2026-12-04T12:00:00-05:00"),
        ("2026-12-04 midnight", "2026-12-04T00:00:00-05:00"),
        ("2026-12-04 12am", "2026-12-04T00:00:00-05:00"),
        ("2026-12-04 12 pm", "2026-12-04T12:00:00-05:00"),
        ("2026-07-04 10:00", "2026-07-04T10:00:00-04:00"),
    ],
)
def test_iso_wall_time(text: str, meant: str) -> None:
    """A date and a time of day are a wall time in the studio's zone."""
    assert local(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-04T15:00:00Z",
        "2026-12-04T15:00Z",
        "2026-12-04t15:00:00z",
        "2026-12-04 15:00Z",
        "2026-12-04T10:00:00-05:00",
        "2026-12-04 10:00 -05:00",
        "2026-12-04T10:00 -05:00",
        "2026-12-04 10:00-0500",
        "2026-12-05T00:45:00.000+09:45",
    ],
)
def test_offset_is_exact(text: str) -> None:
    """With an offset it is that moment, whatever the studio's zone is."""
    assert parse_when(text, "Asia/Tokyo", NOW) == Instant.from_utc(2026, 12, 4, 15)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-04 10:00:30",
        "2026-12-04T10:00:30Z",
        "2026-12-04T10:00:00.5Z",
        "2026-12-04T10:00:00.000000001Z",
    ],
)
def test_seconds_are_refused(text: str) -> None:
    """A session begins on a whole minute: seconds, or parts of one, are refused rather than dropped."""
    with pytest.raises(WrongUsage, match="whole minute"):
        parse_when(text, ZONE, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "soon",
        "10:00",
        "tomorrow",
        "fri",
        "next fri",
        "2026-12-04",
        "2026-12-04 10",
        "2026-12-04 25:00",
        "2026-12-04 24:00",
        "2026-12-04 10:60",
        "2026-12-04 13pm",
        "2026-12-04 0am",
        "2026-13-04 10:00",
        "2026-02-29 10:00",
        "2026-12-04T10:00:00+25:00",
        "2026-12-04T10:00:99Z",
        "yesterday 10:00",
        "32 dec 10:00",
        "² dec 10:00",
        "4 dec 0000 10:00",
        "31 jun 10:00",
        "junk 4 10:00",
        "4 decoy 10:00",
        "\udcff 10:00",
    ],
)
def test_what_is_not_a_time(text: str) -> None:
    """What cannot be read as a date and a time is wrong usage, with an example in the hint."""
    with pytest.raises(WrongUsage) as wrong:
        parse_when(text, ZONE, NOW)
    assert wrong.value.exit_code == 2
    assert "2026-12-04" in (wrong.value.hint or "")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[0-9a-z:+ -]{1,30}", fullmatch=True))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever is typed gives a moment or an error that a person can read."""
    try:
        moment = parse_when(text, ZONE, NOW)
    except (WrongUsage, Refused) as told:
        assert told.message
    else:
        assert times.EARLIEST <= moment <= times.LATEST


@pytest.mark.parametrize(
    "text", ["1989-12-31 10:00", "2200-01-01 10:00", "9999-12-31T23:59:00Z", "4 dec 9000 noon"]
)
def test_far_away_is_refused(text: str) -> None:
    """A time that is a lifetime away is a slip of the finger."""
    with pytest.raises(WrongUsage, match="too far away"):
        parse_when(text, ZONE, NOW)


# ── typed: everyday words ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("today 15:00", "2026-11-20T15:00:00-05:00"),
        ("today 9:00", "2026-11-20T09:00:00-05:00"),
        ("Tomorrow 10:00", "2026-11-21T10:00:00-05:00"),
        ("tomorrow at 10am", "2026-11-21T10:00:00-05:00"),
        ("sat 10:00", "2026-11-21T10:00:00-05:00"),
        ("Monday noon", "2026-11-23T12:00:00-05:00"),
        ("thu 3pm", "2026-11-26T15:00:00-05:00"),
        ("fri 3pm", "2026-11-20T15:00:00-05:00"),
        ("FRIDAY, 3 PM", "2026-11-20T15:00:00-05:00"),
        ("4 dec 10:00", "2026-12-04T10:00:00-05:00"),
        ("dec 4 10:00", "2026-12-04T10:00:00-05:00"),
        ("dec. 4 10:00", "2026-12-04T10:00:00-05:00"),
        ("December 4, 2027 at 10am", "2027-12-04T10:00:00-05:00"),
        ("4 sept 2027 10:00", "2027-09-04T10:00:00-04:00"),
        ("20 nov 15:00", "2026-11-20T15:00:00-05:00"),
        ("19 nov 15:00", "2027-11-19T15:00:00-05:00"),
        ("1 may 10:00", "2027-05-01T10:00:00-04:00"),
    ],
)
def test_everyday_words(text: str, meant: str) -> None:
    """Everyday words are counted from now, in the studio's zone."""
    assert local(text) == meant


@pytest.mark.parametrize(
    "text", ["fri 9:00", "fri 10:00", "Friday, 9:00", "fri, 9:00", "next fri 9:00", "next friday, 10:00"]
)
def test_weekday_rolls_over(text: str) -> None:
    """A weekday whose time has come today means the one a week later, however it is written."""
    assert local(text)[:10] == "2026-11-27"


def test_tomorrow_is_counted_in_the_studios_zone() -> None:
    """When it is tomorrow already in Tokyo, tomorrow is a day later there."""
    late = Instant.from_utc(2026, 11, 20, 23)
    assert local("tomorrow 10:00", now=late)[:10] == "2026-11-21"
    assert local("tomorrow 10:00", "Asia/Tokyo", now=late)[:10] == "2026-11-22"


def test_leap_day_means_the_next_one() -> None:
    """A day that this year does not have is the next such day to come."""
    assert local("29 feb 10:00")[:10] == "2028-02-29"
    assert local("29 feb 10:00", now=Instant.from_utc(2028, 3, 2))[:10] == "2032-02-29"


def test_weekday_rolls_over_a_skipped_time_that_is_past() -> None:
    """On the day the clocks went forward, "sunday 2:30" in the afternoon is next Sunday's."""
    afternoon = Instant.from_utc(2026, 3, 8, 18)
    assert local("sun 2:30", now=afternoon) == "2026-03-15T02:30:00-04:00"


def test_weekday_rolls_over_a_repeated_time_that_is_past() -> None:
    """On the day the clocks went back, "sunday 1:30" in the afternoon is next Sunday's, without a question."""
    afternoon = Instant.from_utc(2026, 11, 1, 18)
    assert local("sun 1:30", now=afternoon) == "2026-11-08T01:30:00-05:00"


# ── skipped and repeated wall times ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "zone", "before", "after"),
    [
        ("2026-03-08 02:00", "America/Toronto", "2026-03-08 01:59", "2026-03-08 03:00"),
        ("2026-03-08 02:30", "America/Toronto", "2026-03-08 01:59", "2026-03-08 03:00"),
        ("2026-03-08 02:59", "America/Toronto", "2026-03-08 01:59", "2026-03-08 03:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-04 01:59", "2026-10-04 02:30"),
        ("2026-04-24 00:00", "Africa/Cairo", "2026-04-23 23:59", "2026-04-24 01:00"),
        ("2026-09-06 00:30", "America/Santiago", "2026-09-05 23:59", "2026-09-06 01:00"),
    ],
)
@pytest.mark.parametrize("which", [None, "first", "second"])
def test_skipped_time_is_refused(text: str, zone: str, before: str, after: str, which: str | None) -> None:
    """A wall time that clocks skip is refused, whatever flag is given, and the nearest that exist are named."""
    with pytest.raises(Refused) as refused:
        local(text, zone, which=which)  # type: ignore[arg-type]
    assert refused.value.code == "time_does_not_exist"
    assert refused.value.details == {"nearest": [before, after]}
    assert before in str(refused.value.hint)
    assert after in str(refused.value.hint)
    assert local(before, zone).startswith(before.replace(" ", "T"))
    assert local(after, zone).startswith(after.replace(" ", "T"))


@pytest.mark.parametrize(
    ("text", "zone", "first", "second"),
    [
        ("2026-11-01 01:30", "America/Toronto", "-04:00", "-05:00"),
        ("2026-10-25 01:00", "Europe/London", "+01:00", "+00:00"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "+11:00", "+10:30"),
        ("2026-10-29 23:30", "Africa/Cairo", "+03:00", "+02:00"),
    ],
)
def test_repeated_time_is_asked_about(text: str, zone: str, first: str, second: str) -> None:
    """A wall time that exists twice must be decided, and each flag gives one of them."""
    with pytest.raises(WrongUsage) as asked:
        local(text, zone)
    assert asked.value.code == "time_exists_twice"
    assert "--first" in str(asked.value.hint)
    assert "--second" in str(asked.value.hint)
    assert local(text, zone, which="first").removesuffix("Z")[19:] == first
    assert local(text, zone, which="second").replace("Z", "+00:00")[19:] == second


@pytest.mark.parametrize("which", ["first", "second"])
def test_flag_does_not_bend_a_plain_time(which: str) -> None:
    """A time that exists once is that time, with or without a flag."""
    assert local("2026-12-04 10:00", which=which) == "2026-12-04T10:00:00-05:00"


# ── zones ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("America/Toronto", "America/Toronto"),
        (" America/Toronto ", "America/Toronto"),
        ("america/toronto", "America/Toronto"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_zone_gets_its_own_spelling(typed: str, zone: str) -> None:
    """A zone is found whatever its case and is kept in IANA's spelling."""
    assert check_zone(typed) == zone


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("Toronto", "America/Toronto"),
        ("New York", "America/New_York"),
        ("America/Torronto", "America/Toronto"),
        ("Londn", "Europe/London"),
    ],
)
def test_wrong_zone_suggests(typed: str, suggested: str) -> None:
    """A city, or a slip, is answered with the zone that was probably meant."""
    with pytest.raises(WrongUsage) as wrong:
        check_zone(typed)
    assert wrong.value.code == "time_zone"
    assert suggested in str(wrong.value.hint)


@pytest.mark.parametrize(
    "typed",
    [
        "", "localtime", "LocalTime", "posixrules", "Factory", "posix/Europe/Lisbon", "right/Europe/Lisbon", "/", "America", "../../etc/passwd", "a\x00b", "x" * 500, "\udcff", "é" * 40,
    ],
)  # fmt: skip
def test_odd_zone_is_only_wrong(typed: str) -> None:
    """Nothing that can be typed as a zone does more than be refused, in one printable line."""
    with pytest.raises(WrongUsage) as wrong:
        check_zone(typed)
    assert wrong.value.code == "time_zone"
    assert "\x00" not in wrong.value.message
    assert "posix/" not in (wrong.value.hint or "") and "right/" not in (wrong.value.hint or "")
    assert known_zone(typed) is None


# ── clocks, dates, durations ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("09:00", 9, 0),
        ("9:05", 9, 5),
        ("3pm", 15, 0),
        ("3:30 pm", 15, 30),
        ("NOON", 12, 0),
        ("midnight", 0, 0),
    ],
)
def test_clock(text: str, hour: int, minute: int) -> None:
    """A time of day is read in 24 hours, in 12 hours or as a word."""
    clock = parse_clock(text)
    assert (clock.hour, clock.minute) == (hour, minute)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90m", 90),
        ("90 min", 90),
        ("1h30", 90),
        ("1h30m", 90),
        ("1 h 30 min", 90),
        ("2h", 120),
        ("2H", 120),
        ("3d", 4320),
        ("1d2h3m", 1563),
        ("0m", 0),
    ],
)
def test_duration(text: str, minutes: int) -> None:
    """A duration is days, hours and minutes, each with its letter."""
    assert parse_duration(text) == minutes


@pytest.mark.parametrize(
    "text", ["", " ", "90", "1.5h", "-5m", "h", "m", "soon", "5s", "30m1h", "123456m", "\udcff"]
)
def test_duration_refused(text: str) -> None:
    """A bare number could be hours or minutes, so it is refused like any other text."""
    with pytest.raises(WrongUsage) as wrong:
        parse_duration(text)
    assert wrong.value.code == "duration"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0 min"),
        (45, "45 min"),
        (60, "1 h"),
        (90, "1 h 30 min"),
        (1440, "1 day"),
        (2880, "2 days"),
        (1563, "1 day 2 h 3 min"),
    ],
)
def test_show_duration(minutes: int, text: str) -> None:
    """A duration is shown in the units that a person would use."""
    assert show_duration(minutes) == text


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10080))
def test_shown_duration_is_the_same_duration(minutes: int) -> None:
    """A shown duration, typed back, is as long."""
    assert parse_duration(show_duration(minutes).replace("days", "d").replace("day", "d")) == minutes


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-04", Date(2026, 12, 4)),
        ("today", Date(2026, 11, 20)),
        ("Tomorrow", Date(2026, 11, 21)),
        ("+30d", Date(2026, 12, 20)),
        ("-7d", Date(2026, 11, 13)),
    ],
)
def test_parse_day(text: str, day: Date) -> None:
    """A day is a date, a word or a distance from today."""
    assert times.parse_day(text, ZONE, NOW) == day


@pytest.mark.parametrize("text", ["", "2026-02-30", "next week", "+d", "2026-12", "４"])
def test_parse_day_refused(text: str) -> None:
    """What is not a day is wrong usage, with an example."""
    with pytest.raises(WrongUsage, match="is not a date") as wrong:
        times.parse_day(text, ZONE, NOW)
    assert "2026-12-04" in str(wrong.value.hint)


def test_day_begins_where_midnight_does_not_exist() -> None:
    """A day without a midnight begins at its first minute."""
    begins = times.day_begins(Date(2026, 4, 24), "Africa/Cairo")
    assert times.rfc3339(begins, "Africa/Cairo") == "2026-04-24T01:00:00+03:00"


def test_day_begins_at_midnight() -> None:
    """Any other day begins at midnight of its zone."""
    assert times.day_begins(Date(2026, 12, 4), ZONE) == Instant.from_utc(2026, 12, 4, 5)


# ── shown ─────────────────────────────────────────────────────────────────────────────────────────

START = Instant.from_utc(2026, 12, 4, 15)


def test_show_day_clock_short() -> None:
    """A moment is shown on the wall of its zone, in 24 hours, with the weekday."""
    assert times.show_day(START, ZONE) == "Friday 4 December 2026"
    assert times.show_clock(START, ZONE) == "10:00"
    assert times.show_short(START, ZONE) == "Fri 4 Dec 2026 10:00"
    assert times.show_day(START, "Asia/Tokyo") == "Saturday 5 December 2026"


def test_show_range() -> None:
    """A range names the day of its end only when it is another one."""
    assert times.show_range(START, START.add(minutes=90), ZONE) == "10:00 to 11:30"
    assert times.show_range(START, START.add(hours=15), ZONE) == "10:00 to Sat 5 Dec 2026 01:00"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("America/Toronto", "America/Toronto, UTC−05:00"),
        ("Asia/Kathmandu", "Asia/Kathmandu, UTC+05:45"),
        ("Europe/London", "Europe/London, UTC+00:00"),
        ("UTC", "UTC, UTC+00:00"),
    ],
)
def test_show_offset(zone: str, text: str) -> None:
    """A zone is shown with the offset it has at that moment."""
    assert times.show_offset(START, zone) == text


@settings(max_examples=150, deadline=None)
@given(moments, zones)
def test_show_short_agrees_with_the_standard_library(moment: Instant, zone: str) -> None:
    """The short form says what another calendar says."""
    there = datetime.fromtimestamp(moment.timestamp(), ZoneInfo(zone))
    assert times.show_short(moment, zone) == f"{there:%a} {there.day} {there:%b} {there.year} {there:%H:%M}"
    assert times.show_day(moment, zone) == f"{there:%A} {there.day} {there:%B} {there.year}"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-04", Date(2026, 12, 4)),
        ("today", Date(2026, 11, 20)),
        ("fri", Date(2026, 11, 20)),
        ("sat", Date(2026, 11, 21)),
        ("next monday", Date(2026, 11, 23)),
        ("24 dec", Date(2026, 12, 24)),
        ("dec 24 2027", Date(2027, 12, 24)),
    ],
)
def test_any_day(text: str, day: Date) -> None:
    """A day can be typed in everyday words too; today's weekday is today."""
    assert times.parse_any_day(text, "America/Toronto", Instant.from_utc(2026, 11, 20, 15)) == day


@pytest.mark.parametrize("text", ["", "soon", "sat 19:30", "24 dec 10", "12"])
def test_no_day(text: str) -> None:
    """What is not a day, or says a time too, is none."""
    with pytest.raises(WrongUsage):
        times.parse_any_day(text, "America/Toronto", Instant.from_utc(2026, 11, 20, 15))


@given(
    st.integers(min_value=0, max_value=2 * 366 * 24 * 4),
    st.sampled_from(["America/Toronto", "Europe/Lisbon", "UTC"]),
)
def test_as_typed_may_be_typed_back(quarters: int, zone: str) -> None:
    """A moment as it can be typed means that moment, in hours that come twice too."""
    moment = Instant.from_utc(2026, 1, 1).add(minutes=15 * quarters)
    text, which = times.as_typed(moment, zone)
    assert parse_when(text, zone, moment, which) == moment
