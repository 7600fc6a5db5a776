"""When a session can be: the hours, the free slots, and why a time is not one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from whenever import Instant

from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused
from studio_cli.model.availability import (
    Hours,
    Need,
    day_name,
    free_starts,
    is_open,
    open_intervals,
    parse_hours,
    seconds,
    show_minutes,
)
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import WEEKDAYS, rfc3339, show_range, show_short
from studio_cli.store import availability as hours_store
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store

LOOK_AHEAD_DAYS = 60


def set_hours(studio: Studio, days: str, ranges: Sequence[str]) -> list[Hours]:
    """Set the hours of some weekdays and return the whole week."""
    weekdays, hours = parse_hours(days, ranges)
    with studio.file.atomic():
        hours_store.set_weekly_hours(studio.file, weekdays, hours)
        details = {
            "days": [day_name(day) for day in weekdays],
            "hours": [stretch.as_json() for stretch in hours],
        }
        event_store.add(studio.file, "hours changed", studio.now(), details=details)
        return hours_store.weekly_hours(studio.file)


def weekly_hours(studio: Studio) -> list[Hours]:
    """Return the weekly hours in order."""
    return hours_store.weekly_hours(studio.file)


def slots(studio: Studio, need: Need, first: Instant, last: Instant) -> list[Instant]:
    """Return every start between two moments at which a session with this need would be in the hours and free."""
    settings, now = studio.settings, studio.now()
    opened = open_intervals(hours_store.weekly_hours(studio.file), settings.zone, first, last)
    reach = (need.duration + need.buffer_before + need.buffer_after) * 60
    busy = hours_store.busy(studio.file, first.subtract(seconds=reach), last.add(seconds=reach), now)
    earliest = max(seconds(first), seconds(now))
    return [
        Instant.from_timestamp(start)
        for start in free_starts(opened, busy, need, earliest)
        if start < seconds(last)
    ]


def nearest_free(studio: Studio, need: Need, wanted: Instant, most: int = 3) -> list[Instant]:
    """Return the free starts nearest to a time, in order."""
    now = studio.now()
    around = max(wanted, now)
    for days in (7, LOOK_AHEAD_DAYS):
        first = max(now, around.subtract(hours=24 * days))
        found = slots(studio, need, first, around.add(hours=24 * days))
        if len(found) >= most:
            break
    nearest = sorted(found, key=lambda start: abs(seconds(start) - seconds(wanted)))
    return sorted(islice(nearest, most))


def in_hours(studio: Studio, start: Instant, minutes: int) -> bool:
    """Return whether the whole session lies within one range of the studio's hours."""
    opened = open_intervals(
        hours_store.weekly_hours(studio.file), studio.settings.zone, start, start.add(minutes=minutes)
    )
    return is_open(opened, seconds(start), minutes)


def refuse_closed(studio: Studio, start: Instant, need: Need) -> None:
    """Raise, with the rule and the nearest free times, if a start is past or outside the hours."""
    zone = studio.settings.zone
    if start < studio.now():
        what, code = f"{show_short(start, zone)} is in the past.", "past"
    elif not in_hours(studio, start, need.duration):
        what, code = _outside_hours(studio, start, need, zone), "not_available"
    else:
        return
    near = nearest_free(studio, need, start)
    raise Refused(
        what,
        hint=f"{_offer(near, zone)}Or add --custom to book it all the same.",
        code=code,
        details={
            "rule": "past" if code == "past" else "hours",
            "nearest": [rfc3339(moment, zone) for moment in near],
        },
    )


def _outside_hours(studio: Studio, start: Instant, need: Need, zone: str) -> str:
    weekday = start.to_tz(zone).date().day_of_week().value
    ranges = [
        f"{show_minutes(stretch.opens)}–{show_minutes(stretch.closes)}"
        for stretch in hours_store.weekly_hours(studio.file)
        if stretch.weekday == weekday
    ]
    day = WEEKDAYS[weekday - 1].capitalize()
    hours = f"the hours on a {day} are {' and '.join(ranges)}" if ranges else f"there are no hours on a {day}"
    time = f"{show_short(start, zone)} to {show_range(start, start.add(minutes=need.duration), zone).split(' to ')[1]}"
    return f"{time} is outside your hours: {hours}."


def refuse_taken(studio: Studio, start: Instant, need: Need, taken: Sequence[Session]) -> None:
    """Raise, naming what a time overlaps and the nearest free times."""
    zone = studio.settings.zone
    near = nearest_free(studio, need, start)
    raise Refused(
        f"{show_short(start, zone)} is taken: {'; '.join(_named(session) for session in taken)}.",
        hint=f"{_offer(near, zone)}Or add --allow-overlap to book both.",
        code="overlap",
        details={
            "overlaps": [session.id for session in taken],
            "nearest": [rfc3339(moment, zone) for moment in near],
        },
    )


def _named(session: Session) -> str:
    around = ""
    if session.buffer_before or session.buffer_after:
        around = f" (with {session.buffer_before} min before and {session.buffer_after} min after)"
    times = show_range(session.starts_at, session.ends_at, session.timezone)
    return f"{session.id} {shown(session.title)} with {shown(session.client.name)}, {times}{around}"


def _offer(near: Sequence[Instant], zone: str) -> str:
    return f"Nearest free: {', '.join(show_short(moment, zone) for moment in near)}. " if near else ""


def taken_by(studio: Studio, start: Instant, need: Need, *, but: int | None = None) -> list[Session]:
    """Return the sessions that a session at ``start`` would overlap, its and their buffers included."""
    first = start.subtract(minutes=need.buffer_before)
    last = start.add(minutes=need.duration + need.buffer_after)
    return session_store.taken_between(studio.file, first, last, but=but)
