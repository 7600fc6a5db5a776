"""Hours and busy times as they are kept."""

from __future__ import annotations

import pytest
from whenever import Instant

from studio_cli.booking.studio import Studio
from studio_cli.model.availability import DEFAULT_HOURS, Hours, seconds
from studio_cli.store import availability as hours_store
from tests.conftest import Clock, Maker

DAY = Instant.from_utc(2026, 12, 4)


def test_hours_of_the_named_days_are_replaced(studio: Studio) -> None:
    """Setting the hours of a day replaces those of that day and leaves the others."""
    with studio.file.atomic():
        hours_store.set_weekly_hours(studio.file, [1, 6], [Hours(6, 600, 720), Hours(6, 780, 900)])
    kept = [stretch for stretch in DEFAULT_HOURS if stretch.weekday != 1]
    assert hours_store.weekly_hours(studio.file) == [*kept, Hours(6, 600, 720), Hours(6, 780, 900)]


def busy(studio: Studio, first: Instant, last: Instant) -> list[tuple[int, int]]:
    """Return the busy times between two moments."""
    return hours_store.busy(studio.file, first, last, studio.now())


def test_busy_has_the_buffers_in_it(studio: Studio, make: Maker) -> None:
    """A busy time begins with the buffer before a session and ends with the one after it."""
    make.type(buffer_before="10m", buffer_after="20m")
    session = make.session(type="family", client=str(make.client().id))
    start = seconds(session.starts_at)
    assert busy(studio, DAY, DAY.add(hours=24)) == [(start - 600, start + 5400 + 1200)]


def test_busy_between(studio: Studio, make: Maker) -> None:
    """Only what meets the time asked about is busy; a session that ends as it begins does not."""
    session = make.session()
    start, end = session.starts_at, session.ends_at
    assert busy(studio, start.subtract(hours=2), start) == []
    assert busy(studio, end, end.add(hours=2)) == []
    assert len(busy(studio, start.subtract(hours=2), start.add(minutes=1))) == 1
    assert len(busy(studio, end.subtract(minutes=1), end.add(hours=2))) == 1


def test_a_week_long_session_is_busy_to_its_end(studio: Studio, make: Maker) -> None:
    """The longest session is busy on its last day too."""
    session = make.session("2026-12-04 10:00", duration="7d", custom=True)
    assert len(busy(studio, session.ends_at.subtract(minutes=1), session.ends_at)) == 1


@pytest.mark.parametrize(("minutes", "taken"), [(119, 1), (120, 0)])
def test_hold_that_ran_out_is_not_busy(
    studio: Studio, make: Maker, clock: Clock, minutes: int, taken: int
) -> None:
    """The time of a hold is free from its deadline on, whether or not anybody has settled it."""
    make.session(expires="2h")
    clock.forward(minutes=minutes)
    assert len(busy(studio, DAY, DAY.add(hours=24))) == taken


def test_canceled_is_not_busy(studio: Studio, make: Maker) -> None:
    """A canceled session takes no time."""
    from studio_cli.booking.session import cancel

    cancel(studio, str(make.session().id))
    assert busy(studio, DAY, DAY.add(hours=24)) == []
