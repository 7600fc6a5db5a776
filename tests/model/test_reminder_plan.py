"""When clients are reminded, as it is typed; and quiet hours by the clock on the wall."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant, Time

from studio_cli.errors import WrongUsage
from studio_cli.model.reminder_plan import (
    DEFAULTS,
    REMINDERS,
    Quiet,
    parse_names,
    plan_of,
    show_names,
)
from studio_cli.model.settings import KEYS, check_setting

NEW_YORK, LORD_HOWE = "America/New_York", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("unfinished", "5d, 2 days", "2d, 5d"),
        ("unfinished", "none", "none"),
        ("hold", "90m", "1h30m"),
        ("hold", "1d", "24h"),
        ("hold", "off", "none"),
        ("balance", "2d after, on the day,7d before", "7d before, on the day, 2d after"),
        ("balance", "none", "none"),
        ("tomorrow", "yes", "09:00"),
        ("tomorrow", "6pm", "18:00"),
        ("tomorrow", "no", "no"),
        ("quiet", "9pm-8am", "21:00-08:00"),
        ("quiet", "13:00–14:30", "13:00-14:30"),
        ("quiet", "none", "none"),
    ],
)
def test_typed(name: str, typed: str, kept: str) -> None:
    """What is typed is kept in one form, which reads the same again."""
    assert check_setting(f"remind.{name}", typed) == kept
    assert check_setting(f"remind.{name}", kept) == kept


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("unfinished", "2"), ("unfinished", "0d"), ("unfinished", "61d"), ("unfinished", "٢d"), ("unfinished", ""),
        ("unfinished", "1d,2d,3d,4d,5d,6d,7d"), ("hold", "5m"), ("hold", "15d"), ("hold", "soon"),
        ("balance", "7d"), ("balance", "61d before"), ("balance", "on the day, none"), ("tomorrow", "9"),
        ("tomorrow", "25:00"), ("tomorrow", "09:00:30"), ("quiet", "21:00"), ("quiet", "08:00-08:00"), ("quiet", "a-b"),
    ],
)  # fmt: skip
def test_refused(name: str, typed: str) -> None:
    """What cannot be meant is refused, with an example."""
    with pytest.raises(WrongUsage) as refused:
        check_setting(f"remind.{name}", typed)
    assert refused.value.hint


def test_defaults_are_in_their_own_form() -> None:
    """What holds when nothing is set is what could be typed."""
    assert {name: check_setting(name, text) for name, text in DEFAULTS.items()} == DEFAULTS
    assert all(KEYS[name].default == text for name, text in DEFAULTS.items())
    plan = plan_of(DEFAULTS, NEW_YORK)
    assert (plan.unfinished, plan.hold, plan.balance, plan.tomorrow) == ((2, 5), 1440, (-7, 0, 2), Time(9))


@given(st.sets(st.sampled_from(REMINDERS)))
def test_names(names: set[str]) -> None:
    """Any choice of reminders is written as it is read."""
    chosen = tuple(name for name in REMINDERS if name in names)
    assert parse_names(show_names(chosen)) == chosen
    assert parse_names(", ".join(reversed(chosen)) or "off") == chosen


def test_unknown_name() -> None:
    """A reminder that does not exist is refused with those that do."""
    with pytest.raises(WrongUsage, match="nudge") as refused:
        parse_names("tomorrow, nudge")
    assert "unfinished" in str(refused.value.hint)


# ── quiet hours ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wall", "quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_over_midnight(wall: str, quiet: bool) -> None:
    """Hours that end earlier than they begin go over midnight; the first minute is in, the last is out."""
    hour, minute = map(int, wall.split(":"))
    assert Quiet(Time(21), Time(8)).at(Instant.from_utc(2026, 1, 5, hour, minute), "UTC") is quiet


def test_night_of_a_clock_change() -> None:
    """The night is an hour shorter in spring and longer in autumn: it ends when the wall shows eight."""
    night = Quiet(Time(21), Time(8))
    for first, hours in ((Instant.from_utc(2026, 3, 8, 2), 10), (Instant.from_utc(2026, 11, 1, 1), 12)):
        assert not night.at(first.subtract(seconds=1), NEW_YORK)
        assert all(night.at(first.add(minutes=minute), NEW_YORK) for minute in range(hours * 60))
        assert not night.at(first.add(hours=hours), NEW_YORK)


@given(
    st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 366 * 1440),
    st.sampled_from((NEW_YORK, LORD_HOWE, "UTC")),
)  # fmt: skip
def test_the_wall_decides(begins: int, ends: int, minute: int, zone: str) -> None:
    """At any minute of a year it is quiet exactly when counting from the wall's beginning of quiet says so."""
    quiet = Quiet(Time(begins // 60, begins % 60), Time(ends // 60, ends % 60))
    now = Instant.from_utc(2026, 1, 1).add(minutes=minute)
    wall = now.to_tz(zone)
    length = (ends - begins) % 1440 or 1440
    assert quiet.at(now, zone) is ((wall.hour * 60 + wall.minute - begins) % 1440 < length)
