"""Mini sessions: short slots on given dates, with breaks and a limit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.booking import mini, slot
from studio_cli.booking import session_type as types
from studio_cli.booking.mini import TypedDays
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.availability import Span, without
from studio_cli.model.session_type import SessionType
from studio_cli.store import session_type as type_store
from tests.conftest import ZONE, Cli, Maker
from tests.terminal import on_terminal
from tests.terminal import studio as studio_command

SANTA = TypedOffer(name="Santa minis", price="90", location="The barn")
DAY = TypedDays(("2026-12-12",), "10:00", "12:00", ("10:40-11:00",))


def starts(studio: Studio, offer: SessionType) -> list[str]:
    """Return the free starts of December as wall clocks of the studio."""
    first, last = Instant.from_utc(2026, 12, 1), Instant.from_utc(2026, 12, 31)
    found = slot.slots(studio, offer.need(), first, last, for_clients=True)
    return [str(one.to_tz(ZONE).to_plain())[:16] for one in found]


def test_slots_between_breaks(studio: Studio) -> None:
    """Slots follow one another on the given dates alone, around the breaks, whatever the studio's hours are."""
    offer, new = mini.add(studio, SANTA, "20m", DAY)
    assert new and (offer.duration, offer.increment, offer.own_hours) == (20, 20, True)
    assert starts(studio, offer) == [
        f"2026-12-12T{at}" for at in ("10:00", "10:20", "11:00", "11:20", "11:40")
    ]


def test_shorter_than_the_slot(studio: Studio) -> None:
    """A duration below the slot's leaves a pause after each."""
    offer, _ = mini.add(studio, replace(SANTA, duration="15m"), "20m", DAY)
    assert offer.duration == 15
    assert len(starts(studio, offer)) == 5


def test_limit_and_kept_slot(studio: Studio, make: Maker) -> None:
    """A slot that is kept for a client is taken; when the limit of the date is reached nothing is free."""
    offer, _ = mini.add(studio, TypedOffer(name="Santa minis", price="90", per_day=2), "20m", DAY)
    make.session("2026-12-12 10:20", type=offer.slug)
    assert "2026-12-12T10:20" not in starts(studio, offer)
    assert len(starts(studio, offer)) == 4
    make.session("2026-12-12 11:40", type=offer.slug)
    assert starts(studio, offer) == []


def test_more_dates_and_fewer(studio: Studio) -> None:
    """Dates come and go; a type without hours of its own has none to change."""
    offer, _ = mini.add(studio, SANTA, "20m", DAY)
    mini.set_dates(studio, offer.slug, TypedDays(("2026-12-13",), "10:00", "10:40"))
    assert starts(studio, offer)[-2:] == ["2026-12-13T10:00", "2026-12-13T10:20"]
    mini.set_dates(studio, offer.slug, TypedDays(("2026-12-12",)), off=True)
    assert starts(studio, offer) == ["2026-12-13T10:00", "2026-12-13T10:20"]
    plain, _ = types.add(studio, TypedOffer(name="Portrait", duration="1h", price="0"))
    with pytest.raises(WrongUsage):
        mini.set_dates(studio, plain.slug, DAY)


@pytest.mark.parametrize(
    ("every", "days"),
    [
        (None, DAY),
        ("20m", TypedDays()),
        ("20m", TypedDays(("2026-12-12",))),
        ("20m", TypedDays(("2026-12-12",), "12:00", "10:00")),
        ("20m", TypedDays(("2026-12-12",), "10:00", "10:10")),
        ("20m", TypedDays(("2026-12-12",), "10:00", "11:00", ("10:00-11:00",))),
        ("20m", TypedDays(("2026-12-12",), "10:00", "11:00", ("lunch",))),
        ("2m", DAY),
        ("3h", DAY),
    ],
)
def test_what_cannot_be(studio: Studio, every: str | None, days: TypedDays) -> None:
    """A mini session that could never be booked is refused, and nothing of it is kept."""
    with pytest.raises(WrongUsage):
        mini.add(studio, SANTA, every, days)
    assert list(studio.file.connection.execute("SELECT * FROM session_type")) == []


def test_same_key(studio: Studio) -> None:
    """The same key gives the same type; with other dates it is refused."""
    first, _ = mini.add(studio, SANTA, "20m", DAY, key="k")
    again, new = mini.add(studio, SANTA, "20m", DAY, key="k")
    assert (again.id, new) == (first.id, False)
    with pytest.raises(Refused):
        mini.add(studio, SANTA, "20m", TypedDays(("2026-12-13",), "10:00", "12:00"), key="k")


SPANS = st.lists(
    st.tuples(st.integers(0, 47), st.integers(1, 12)).map(lambda one: (one[0] * 30, (one[0] + one[1]) * 30))
)


@given(SPANS, SPANS)
def test_without(spans: list[Span], breaks: list[Span]) -> None:
    """A minute is open when some range has it and no break does."""
    left = without(spans, breaks)
    for minute in range(0, 60 * 30, 15):
        wanted = any(a <= minute < b for a, b in spans) and not any(a <= minute < b for a, b in breaks)
        assert any(a <= minute < b for a, b in left) == wanted


def test_on_the_command_line(new_studio: Cli) -> None:
    """One command makes a day of minis; its options mean nothing without --mini."""
    days = (
        "--on",
        "2026-12-12",
        "--from",
        "10:00",
        "--to",
        "16:00",
        "--every",
        "20m",
        "--break",
        "12:00-13:00",
    )
    made = new_studio("type", "add", "Minis", "--price", "90", "--mini", *days, "--limit", "8", "--json").ok()
    assert (made.json["duration_minutes"], made.json["per_day"], made.json["own_hours"]) == (20, 8, True)
    found = new_studio("slots", "--type", "minis", "--from", "2026-12-12", "--days", "1", "--json").ok().json
    assert len(found) == 15
    assert new_studio("type", "add", "X", "--price", "1", "--duration", "1h", *days).code == 2
    off = new_studio("type", "dates", "minis", "--on", "2026-12-12", "--off", "--json").ok().json
    assert [one["date"] for one in off] == ["2026-12-12"]
    assert new_studio("slots", "--type", "minis", "--from", "2026-12-12", "--days", "1", "--json").json == []


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (TypedDays(("2025-12-05",), "10:00", "12:00"), "2025-12-05 is over"),
        (
            TypedDays(("2026-12-12",), "10:00", "12:00", ("13:00-14:00",)),
            "The break 13:00-14:00 is not between",
        ),
        (
            TypedDays(("2026-12-12",), "10:00", "12:00", ("12:00-13:00",)),
            "The break 12:00-13:00 is not between",
        ),
    ],
)
def test_days_that_cannot_be_meant(studio: Studio, days: TypedDays, words: str) -> None:
    """A date that is over and a break outside the hours are mistakes, and nothing is added."""
    with pytest.raises(WrongUsage, match=words):
        mini.add(studio, SANTA, "20m", days)
    assert type_store.listed(studio.file) == []


def test_who_is_booked_on_a_date_that_goes(new_studio: Cli) -> None:
    """Taking a date away names the sessions of the type that are booked on it, as they stay."""
    days = ("--on", "2026-12-12", "--from", "10:00", "--to", "12:00", "--every", "20m")
    new_studio("type", "add", "Minis", "--price", "90", "--mini", *days).ok()
    new_studio(
        "session",
        "new",
        "--type",
        "minis",
        "--add-client",
        "Eva Lima <eva@example.com>",
        "--at",
        "2026-12-12 10:20",
    ).ok()
    told = new_studio("type", "dates", "minis", "--on", "2026-12-12", "--off").ok()
    assert "session 1, Minis with Eva Lima, 10:20 to 10:40; it stays." in told.err


def test_card_shows_the_dates(new_studio: Cli) -> None:
    """The card of minis says on which dates they are, and nothing of what is not set."""
    days = ("--on", "2026-12-12", "--from", "10:00", "--to", "12:00", "--every", "20m")
    new_studio("type", "add", "Minis", "--price", "90", "--mini", *days).ok()
    code, shown = on_terminal(studio_command("type", "show", "minis"))
    assert code == 0
    assert "Sat 12 Dec 2026  10:00-12:00" in shown
    assert "–" not in shown.replace("──", "")
