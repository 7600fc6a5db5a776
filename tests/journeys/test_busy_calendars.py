"""Calendars of a real CalDAV server close exactly what a slow second opinion closes.

The opinion reads the same calendar with ical.js (its own parser, recurrences and time zones) and asks of every slot,
minute by minute, whether anything is then.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from whenever import Instant

from studio_cli.booking import slot
from studio_cli.booking import subscription as subscriptions
from studio_cli.booking.studio import Studio
from studio_cli.model.availability import Need
from studio_cli.model.calendar import Calendar
from studio_cli.outside.calendars import WebCalendar
from tests.calendars import AUDIT, calendar, event
from tests.conftest import NOW, ZONE
from tests.radicale_server import radicale

ZONES = ("America/Toronto", "Europe/Lisbon", "Asia/Kolkata", "Australia/Sydney", "America/Santiago", "UTC")
HERE = ZoneInfo(ZONE)


# ── a calendar of everything ──────────────────────────────────────────────────────────────────────


def life(seed: int, count: int) -> bytes:
    """Return a calendar of so many events: zones, whole days, floating times, rules, and exceptions to them."""
    chance = random.Random(seed)
    parts = [part for number in range(count) for part in _event(chance, f"{seed}-{number}@example.com")]
    from icalendar import Calendar

    whole = Calendar.from_ical(calendar(*parts))
    whole.add_missing_timezones(date(2026, 1, 1), date(2029, 1, 1))
    return bytes(whole.to_ical())


def _event(chance: random.Random, uid: str) -> list[str]:
    kind = chance.choice(("timed", "timed", "timed", "floating", "day", "long"))
    zone = chance.choice(ZONES)
    begins = datetime(2026, 9, 1) + timedelta(
        days=chance.randrange(460), minutes=15 * chance.randrange(24, 84)
    )
    minutes = chance.choice((15, 30, 45, 60, 90, 120))
    if kind == "long":
        minutes = 60 * chance.randrange(20, 60)
    write = {"timed": _in_zone(zone), "long": _in_zone(zone), "floating": _in_zone(None), "day": _whole_day}[
        kind
    ]
    rule = chance.choice((None, None, *RULES)) if kind != "long" else None
    # A first time that does not follow its own rule is undefined (RFC 5545, 3.8.5.3): everybody reads it differently.
    while rule in FIRST_DAYS and not FIRST_DAYS[rule](begins):
        begins += timedelta(days=1)
    lines = [*_times(write, begins, minutes, kind), *chance.choice(FREE)]
    exceptions: list[str] = []
    if rule:
        until = {"day": "%Y%m%d", "floating": "%Y%m%dT235959"}.get(kind, "%Y%m%dT235959Z")
        lines.append(f"RRULE:{rule.format(f'{begins + timedelta(days=60):{until}}')}")
        if rule.startswith("FREQ=WEEKLY;COUNT"):
            out, moved, canceled = (begins + timedelta(weeks=week) for week in (1, 2, 3))
            lines.append(write("EXDATE", out))
            later = moved + timedelta(minutes=15 * chance.randrange(1, 40) if kind != "day" else 1440)
            exceptions = [
                event(uid, write("RECURRENCE-ID", moved), *_times(write, later, minutes, kind)),
                event(
                    uid,
                    write("RECURRENCE-ID", canceled),
                    *_times(write, canceled, minutes, kind),
                    "STATUS:CANCELLED",
                ),
            ]
    return [event(uid, *lines, f"SUMMARY:Event {uid}"), *exceptions]


RULES = (
    "FREQ=WEEKLY;COUNT=10", "FREQ=WEEKLY;COUNT=20", "FREQ=DAILY;INTERVAL=9;COUNT=12", "FREQ=WEEKLY;INTERVAL=3",
    "FREQ=MONTHLY;COUNT=8", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=9", "FREQ=YEARLY",
    "FREQ=DAILY;UNTIL={};INTERVAL=6",
)  # fmt: skip
FIRST_DAYS = {
    "FREQ=MONTHLY;BYDAY=2TU": lambda day: day.weekday() == 1 and 8 <= day.day <= 14,
    "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=9": lambda day: (day + timedelta(days=1)).day == 1,
}
FREE: tuple[tuple[str, ...], ...] = (
    (), (), (), (), ("TRANSP:TRANSPARENT",), ("STATUS:CANCELLED",), ("STATUS:TENTATIVE",),
    ("ATTENDEE;PARTSTAT=DECLINED:mailto:ana@example.com",),
)  # fmt: skip


def _in_zone(zone: str | None):  # type: ignore[no-untyped-def]
    def write(name: str, wall: datetime) -> str:
        if zone == "UTC":
            return f"{name}:{wall:%Y%m%dT%H%M%S}Z"
        return f"{name}{f';TZID={zone}' if zone else ''}:{wall:%Y%m%dT%H%M%S}"

    return write


def _whole_day(name: str, wall: datetime) -> str:
    return f"{name};VALUE=DATE:{wall:%Y%m%d}"


def _times(write, begins: datetime, minutes: int, kind: str) -> list[str]:  # type: ignore[no-untyped-def]
    length = timedelta(days=1) if kind == "day" else timedelta(minutes=minutes)
    return [write("DTSTART", begins), write("DTEND", begins + length)]


# ── the second opinion ────────────────────────────────────────────────────────────────────────────


def busy_minutes(node: str, content: bytes, first: datetime, last: datetime) -> set[int]:
    """Return every minute since 1970 in which anything is, by ical.js."""
    span = [str(int(moment.timestamp())) for moment in (first, last)]
    done = subprocess.run(
        [node, str(AUDIT / "busy.mjs"), *span, "ana@example.com"],
        input=content,
        capture_output=True,
        check=True,
    )
    minutes: set[int] = set()
    for begins, ends, _ in json.loads(done.stdout):
        minutes.update(range(_minute(begins), _minute(ends)))
    return minutes


def _minute(moment: int | str) -> int:
    if isinstance(moment, str):
        return int(datetime.fromisoformat(moment).replace(tzinfo=HERE).timestamp()) // 60
    return moment // 60


def free_slots(busy: set[int], need: Need, first: date, days: int) -> list[int]:
    """Return the slots of Monday to Friday, nine to five, minute by minute."""
    found = []
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        if day.weekday() >= 5:
            continue
        opens, closes = (
            int(datetime(day.year, day.month, day.day, hour, tzinfo=HERE).timestamp()) // 60
            for hour in (9, 17)
        )
        start = opens
        while start + need.duration <= closes:
            wanted = range(start - need.buffer_before, start + need.duration + need.buffer_after)
            if not any(minute in busy for minute in wanted):
                found.append(start * 60)
            start += need.increment
    return found


def compare(studio: Studio, node: str, content: bytes, name: str) -> int:
    """Compare a year of slots with the second opinion; return how many are closed."""
    first = NOW.add(hours=24)
    begin = datetime.fromtimestamp(first.timestamp(), UTC)
    days = 365
    minutes = busy_minutes(node, content, begin - timedelta(days=2), begin + timedelta(days=days + 2))
    day = begin.astimezone(HERE).date() + timedelta(days=1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=HERE)
    end = datetime.combine(day + timedelta(days=days), datetime.min.time(), HERE)
    closed = 0
    for need in (Need(60), Need(90, 30, 15)):
        found = slot.slots(
            studio,
            need,
            Instant.from_timestamp(midnight.timestamp()),
            Instant.from_timestamp(end.timestamp()),
        )
        expected = free_slots(minutes, need, day, days)
        ours = [int(start.timestamp()) for start in found]
        assert ours == expected, (name, sorted(set(ours) ^ set(expected))[:5])
        closed += len(free_slots(set(), need, day, days)) - len(expected)
    return closed


def run(studio: Studio, node: str, folder: Path, seed: int, count: int) -> None:
    """Publish a life on a server, subscribe to it, compare; change it there, sync, compare again."""
    with radicale(folder, login=False) as server:
        address = server.collection("private", life(seed, count))
        kept = subscriptions.subscribe(studio, "url", address, _web)[0]
        published = server.ask("GET", "/ana/private/")[1]
        assert kept.notes == ()
        assert compare(studio, node, published, "subscribed") > 50
        begun = time.perf_counter()
        assert not subscriptions.sync(studio, kept, _web(kept)).changed
        assert time.perf_counter() - begun < 5
        server.ask("DELETE", "/ana/private/")
        server.collection("private", life(seed + 1, count // 3))
        assert subscriptions.sync(studio, kept, _web(kept)).changed
        assert compare(studio, node, server.ask("GET", "/ana/private/")[1], "changed there") > 10


def _web(calendar: Calendar) -> WebCalendar:
    return WebCalendar(calendar.address)


def test_a_published_calendar_closes_what_the_second_opinion_closes(
    studio: Studio, opinion: str, tmp_path: Path
) -> None:
    """A calendar of every kind of event closes exactly the slots that the slow second opinion closes, for a year."""
    run(studio, opinion, tmp_path / "radicale", 1, 50)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10, 10 + max(int(os.environ.get("ROUNDS", "10")) // 10, 1)))
def test_a_thousand_events(studio: Studio, opinion: str, tmp_path: Path, seed: int) -> None:
    """The same with a thousand events."""
    run(studio, opinion, tmp_path / "radicale", seed, 1000)
