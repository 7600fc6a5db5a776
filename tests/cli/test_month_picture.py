"""The month on the terminal: where its keys and what is typed lead, what it shows, what Enter means."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from whenever import Date, Instant

from studio_cli.booking.month import View
from studio_cli.cli.month_picture import CustomTime, MonthPicture
from studio_cli.errors import StudioError
from tests.conftest import NOW, ZONE


def weekdays_at_ten(begin: Instant, until: Instant) -> list[Instant]:
    """Return ten o'clock in Toronto on each weekday."""
    day, last, found = begin.to_tz(ZONE).date(), until.to_tz(ZONE).date(), []
    while day <= last:
        moment = Instant.parse_iso(f"{day}T15:00:00Z")
        if day.day_of_week().value < 6 and begin <= moment < until:
            found.append(moment)
        day = day.add(days=1)
    return found


@pytest.fixture
def picture() -> MonthPicture:
    """The month of 20 November 2026, a Friday."""
    return MonthPicture(View(weekdays_at_ten, ZONE, NOW), lambda day: f"{day} is closed.")


def drawn(picture: MonthPicture) -> list[str]:
    return ["".join(fragment[1] for fragment in row) for row in picture.rows()]


def brackets(picture: MonthPicture) -> str:
    return next(line for line in drawn(picture) if "[" in line).partition("[")[2][:2].strip()


@pytest.mark.parametrize(
    ("keys", "day"),
    [
        ([], "2026-11-20"),
        (["right"], "2026-11-21"),
        (["down"], "2026-11-27"),
        (["down", "up"], "2026-11-20"),
        (["right", "left"], "2026-11-20"),
        (["left"], "2026-11-20"),
        (["up"], "2026-11-20"),
        (["pageup"], "2026-11-20"),
        (["pagedown"], "2026-12-20"),
        (["down", "down"], "2026-12-04"),
        (["pagedown"] * 3, "2027-02-20"),
        (["pagedown"] * 40, "2027-11-30"),
        (["down"] * 200, "2027-11-30"),
    ],
)
def test_keys(picture: MonthPicture, keys: list[str], day: str) -> None:
    """Arrows move by days and weeks, pages by months; from today to the end of the twelfth month ahead."""
    for key in keys:
        picture.keys[key]()
    assert (drawn(picture)[-1].split(":")[0].split()[1], brackets(picture)) == (
        str(int(day[-2:])),
        str(int(day[-2:])),
    )
    assert day[:4] in drawn(picture)[1]


def test_end_of_a_month(picture: MonthPicture) -> None:
    """A month later than the 31st is the last day of a shorter month."""
    picture.change("2026-12-31")
    picture.keys["pagedown"]()
    picture.keys["pagedown"]()
    assert brackets(picture) == "28"


def test_same_height_in_every_month(picture: MonthPicture) -> None:
    """Every month takes the same lines, none wider than 60 columns, so that nothing jumps."""
    heights = set()
    for _ in range(13):
        heights.add(len(drawn(picture)))
        assert max(map(len, drawn(picture))) < 60
        picture.keys["pagedown"]()
    assert len(heights) == 1


def test_every_day_is_there_once(picture: MonthPicture) -> None:
    """The days stand under their weekdays, free ones with a mark that is no colour."""
    picture.keys["pagedown"]()
    weeks = drawn(picture)[3:9]
    numbers = [cell.strip(" •[]") for line in weeks for cell in line.split()]
    assert [number for number in numbers if number] == [str(number) for number in range(1, 32)]
    assert weeks[0] == "         1•   2•   3•   4•   5    6  "
    assert sum(line.count("•") for line in weeks) == 23


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("", Date(2026, 11, 20)),
        ("24 nov", Date(2026, 11, 24)),
        ("mon", Date(2026, 11, 23)),
        ("2026-12-01", Date(2026, 12, 1)),
        ("+3d", Date(2026, 11, 23)),
        ("sat 19:30", CustomTime("sat 19:30")),
        ("24 dec 3pm", CustomTime("24 dec 3pm")),
        ("1999-01-01 10:00", CustomTime("1999-01-01 10:00")),
    ],
)
def test_what_enter_means(picture: MonthPicture, typed: str, answer: Date | CustomTime) -> None:
    """Enter takes the day, or the time that is typed; a typed day is gone to."""
    if typed:
        picture.change(typed)
    assert picture.answer(typed) == answer


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sat", "2026-11-21 is closed."),
        ("soon", "is not a date and time"),
        ("30 feb", "is not a date and time"),
    ],
)
def test_what_enter_refuses(picture: MonthPicture, typed: str, said: str) -> None:
    """A day without free times says why, and what is no time says so; the picture stays."""
    picture.change(typed)
    with pytest.raises(StudioError, match=said):
        picture.answer(typed)


def test_custom(picture: MonthPicture) -> None:
    """Tab goes to the custom time and back; it begins with the day that was looked at."""
    picture.keys["down"]()
    picture.keys["tab"]()
    assert "❯ Select custom…" in "\n".join(drawn(picture))
    assert picture.answer("") == CustomTime("2026-11-27 ")
    picture.keys["tab"]()
    assert picture.answer("") == Date(2026, 11, 27)


def test_nothing_free_at_all() -> None:
    """Where nothing is free the picture begins with today, and every day says why."""
    none: Callable[[Instant, Instant], list[Instant]] = lambda begin, until: []  # noqa: E731
    picture = MonthPicture(View(none, ZONE, NOW), lambda day: "No hours.")
    assert drawn(picture)[-1] == "  Fri 20 Nov 2026: nothing is free."
    with pytest.raises(StudioError, match="No hours"):
        picture.answer("")
