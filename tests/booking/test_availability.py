"""When a session can be: hours, slots, and why a time is none."""

from __future__ import annotations

import pytest

from studio_cli.booking import availability
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.availability import DEFAULT_HOURS, Hours


def test_hours_of_some_days(studio: Studio) -> None:
    """Setting the hours of a day leaves the other days as they were."""
    week = availability.set_hours(studio, "sat,sun", ["10:00-12:00"])
    assert week == [*DEFAULT_HOURS, Hours(6, 600, 720), Hours(7, 600, 720)]
    assert availability.set_hours(studio, "mon-sun", ["off"]) == []
    with pytest.raises(WrongUsage):
        availability.set_hours(studio, "mon", ["10:00-12:00", "11:00-13:00"])
    assert availability.timetable(studio).weekly == ()
