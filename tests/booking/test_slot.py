"""Free slots, and why a time is none."""

from __future__ import annotations

import pytest
from whenever import Date, Instant

from studio_cli.booking import availability, slot
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused
from studio_cli.model.availability import Need
from studio_cli.model.times import show_short
from tests.conftest import ZONE, Clock, Maker

FRIDAY = Instant.from_utc(2026, 12, 4, 5)


def slots(studio: Studio, need: Need, hours: int = 24) -> list[str]:
    """Return the slots of a Friday, as times of day."""
    found = slot.slots(studio, need, FRIDAY, FRIDAY.add(hours=hours))
    return [show_short(start, ZONE)[-5:] for start in found]


def test_slots_of_a_free_day(studio: Studio) -> None:
    """On a free day slots begin with the hours and every increment after, while the session fits."""
    assert slots(studio, Need(240, increment=60)) == ["09:00", "10:00", "11:00", "12:00", "13:00"]


def test_slots_beside_a_session(studio: Studio, make: Maker) -> None:
    """Slots keep clear of a session and its buffers, and of their own."""
    make.type(buffer_before="30m", buffer_after="30m", duration="1h")
    make.session("2026-12-04 12:00", type="family", client=str(make.client().id))
    assert slots(studio, Need(60, increment=60)) == ["09:00", "10:00", "14:00", "15:00", "16:00"]
    assert slots(studio, Need(60, buffer_after=31, increment=60)) == ["09:00", "14:00", "15:00", "16:00"]


def test_session_longer_than_a_day_is_kept_clear_of(studio: Studio, make: Maker) -> None:
    """A session that began days ago still takes its time."""
    make.session("2026-12-01 09:00", duration="7d", custom=True)
    assert slots(studio, Need(60)) == []


def test_slots_begin_now(studio: Studio, clock: Clock) -> None:
    """What has passed is no slot any more."""
    clock.now = FRIDAY.add(hours=15, minutes=1)
    assert slots(studio, Need(60, increment=30)) == ["15:30", "16:00"]


def test_slots_are_inside_what_was_asked(studio: Studio) -> None:
    """Slots start within the time asked about, its end not included."""
    assert slots(studio, Need(60), hours=10) == ["09:00", "09:30"]


def test_hold_that_ran_out_is_a_slot(studio: Studio, make: Maker, clock: Clock) -> None:
    """From a hold's deadline on, its time is offered again."""
    make.session("2026-12-04 12:00", expires="2h")
    assert "12:00" not in slots(studio, Need(60))
    clock.forward(hours=2)
    assert "12:00" in slots(studio, Need(60))


@pytest.mark.parametrize(
    ("at", "minutes", "inside"), [(14, 60, True), (14, 480, True), (14, 481, False), (13, 61, False)]
)
def test_in_hours(studio: Studio, at: int, minutes: int, inside: bool) -> None:
    """A session is in the hours when the whole of it is."""
    assert slot.is_regular(studio, Instant.from_utc(2026, 12, 4, at), Need(minutes)) is inside


def test_closed_studio_offers_nothing(studio: Studio) -> None:
    """With no hours at all, a refusal has no nearest times and still says what to do."""
    availability.set_hours(studio, "mon-sun", ["off"])
    with pytest.raises(Refused) as refused:
        slot.refuse_closed(studio, FRIDAY, Need(60))
    assert refused.value.details == {"rule": "hours", "hours": [], "nearest": []}
    assert refused.value.hint == "Or add --custom to book it all the same."


def test_nearest_looks_far_when_it_must(studio: Studio, make: Maker) -> None:
    """When the week around is taken, the nearest free times are further away."""
    make.session("2026-12-01 09:00", duration="7d", custom=True)
    make.session("2026-12-08 09:00", duration="7d", custom=True)
    near = slot.nearest_free(studio, Need(60), Instant.from_utc(2026, 12, 8, 15))
    assert [show_short(start, ZONE) for start in near] == [
        "Tue 15 Dec 2026 09:00",
        "Tue 15 Dec 2026 09:30",
        "Tue 15 Dec 2026 10:00",
    ]


def test_why_a_day_has_nothing_free(studio: Studio, make: Maker) -> None:
    """A day without a free start says what closes it: no hours, time off, a session, its limit."""
    availability.set_hours(studio, "mon", ["10:00-11:00"])
    availability.block(studio, "2026-12-01", None, "Moving")
    make.session("2026-12-07 10:00")
    need = Need(60)
    for day, said in (
        ("2026-11-29", "there are no hours on a Sunday"),
        ("2026-12-01", "is in your time off 1 (Moving)"),
        ("2026-12-07", "There is session 1, Portrait with Rui Costa, 10:00 to 11:00."),
    ):
        assert said in slot.why_not_on(studio, Date.parse_iso(day), need)
    assert "is outside your hours" in slot.why_not_on(studio, Date(2026, 11, 30), Need(90))
