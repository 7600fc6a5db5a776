"""Reading a stranger's calendar, in a process of its own that cannot take more time or memory than it is given.

A rule like ``FREQ=SECONDLY`` has no end, and nothing inside a process can stop a library that counts it out. Here
one event may take so many seconds and mean so many times, and the process dies rather than go on for ever.
Reads a line of JSON (see ``ics.read``) and then the content from stdin, writes one JSON document to stdout.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from whenever import Date, Instant, PlainDateTime

from studio_cli.model.calendar import Window, session_of
from studio_cli.model.times import day_begins, from_stored

CPU_SECONDS = 60
MEMORY = 1024**3
EVENT_SECONDS = 2
MOST_TIMES_OF_EVENT = 10_000
MOST_TIMES = 50_000
TITLE = 200
MARGIN = timedelta(days=2)
"""Floating times and whole days are in no zone yet when the library looks whether they are in the window."""

Times = tuple[int, int, str | None]
"""From and until in seconds since 1970, and the title."""

MATTERS = {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}


class TooLong(BaseException):
    """One event took all the time that it may. Not an Exception: libraries catch those."""


def main() -> None:
    """Read one calendar."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    if sys.platform != "darwin":  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, _too_long)
    asked = json.loads(sys.stdin.buffer.readline())
    window = Window(**{**asked, "first": from_stored(asked["first"]), "last": from_stored(asked["last"])})
    json.dump(read(sys.stdin.buffer.read(), window), sys.stdout)


def _too_long(number: int, frame: object) -> None:
    raise TooLong


def read(content: bytes, window: Window) -> dict[str, Any]:
    """Return ``{name, busy: [[from, until, title]], notes}``, or ``{error}`` for what is no calendar."""
    from icalendar import Calendar

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones whose names it guesses
        try:
            calendars = Calendar.from_ical(content, multiple=True)
        except Exception:  # of many kinds: a zone called "America" is an IsADirectoryError
            calendars = []
        if not calendars:
            return {"error": "It is no calendar file, or only the beginning of one."}
        notes: Counter[str] = Counter()
        busy: set[Times] = set()
        for one in calendars:
            for series in _series(one):
                found = _times_of(series, window, notes)
                if len(busy) + len(found) > MOST_TIMES:
                    return {"error": f"It has more than {MOST_TIMES:,} busy times in the coming months."}
                busy.update(found)
        # The library does not know this property, and leaves it escaped.
        name = re.sub(r"\\(.)", _unescaped, str(calendars[0].get("X-WR-CALNAME", ""))) or None
    return {"name": name, "busy": sorted(busy, key=_order), "notes": _in_words(notes)}


def _unescaped(mark: re.Match[str]) -> str:
    return " " if mark[1] in "nN" else mark[1]


def _order(times: Times) -> tuple[int, int, str]:
    return times[0], times[1], times[2] or ""


def _series(calendar: Any) -> Iterator[Any]:
    """Yield a calendar for each event with its exceptions: what one of them is like does not touch the others."""
    from icalendar import Calendar

    by_uid: dict[str, list[Any]] = {}
    for number, event in enumerate(calendar.walk("VEVENT")):
        by_uid.setdefault(str(event.get("UID", f"\n{number}")), []).append(event)
    for events in by_uid.values():
        series = Calendar()
        if "X-WR-TIMEZONE" in calendar:
            series["X-WR-TIMEZONE"] = calendar["X-WR-TIMEZONE"]
        for event in events:
            series.add_component(event)
        yield series


def _times_of(series: Any, window: Window, notes: Counter[str]) -> set[Times]:
    """Return when an event and its recurrences close the owner's time."""
    events = series.subcomponents
    if session_of(str(events[0].get("UID", "")), window.studio_id) is not None:
        return set()  # a session never closes its own time
    if any(_zone_unknown(event) for event in events):
        notes["zone"] += 1
    broken = any(name in MATTERS for event in events for name, _ in event.errors)
    try:
        found = _counted_out(series, window)
    except (TooLong, MemoryError):
        notes["endless"] += 1
        return set()
    except Exception:
        broken, found = True, _alone(series, window)
    notes["broken"] += broken
    if len(found) > MOST_TIMES_OF_EVENT:
        notes["endless"] += 1
        return set()
    return found


def _counted_out(series: Any, window: Window) -> set[Times]:
    from recurring_ical_events import of

    first, last = window.first.to_stdlib(), window.last.to_stdlib()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, EVENT_SECONDS)
        found = of(series).between(first - MARGIN, last + MARGIN)
        return {times for one in found if (times := _times(one, window))}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _alone(series: Any, window: Window) -> set[Times]:
    """Return an event whose rules cannot be followed, once: when it says that it is."""
    for event in series.subcomponents:
        for name in ("RRULE", "RDATE", "EXDATE"):
            event.pop(name, None)
    try:
        return _counted_out(series, window)
    except Exception:
        return set()


def _times(event: Any, window: Window) -> Times | None:
    """Return one recurrence as exact moments; None where it closes nothing."""
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or _is_off(event, window.owner):
        return None
    begins = _seconds(event["DTSTART"].dt, window.zone)
    ends = _seconds(event["DTEND"].dt, window.zone)
    if begins >= ends or ends <= window.first.timestamp() or begins >= window.last.timestamp():
        return None
    title = " ".join(str(event.get("SUMMARY", "")).split())[:TITLE].strip() if window.titles else ""
    return begins, ends, _storable(title) or None


def _storable(title: str) -> str:
    return title.encode("utf-8", "replace").decode().replace("\0", "")


def _is_off(event: Any, owner: str) -> bool:
    """Return whether an event is canceled, or the owner has declined it."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return True
    invited = event.get("ATTENDEE", [])
    for one in invited if isinstance(invited, list) else [invited]:
        address = str(one).casefold().removeprefix("mailto:")
        answer = str(getattr(one, "params", {}).get("PARTSTAT", "")).upper()
        if owner and address == owner.casefold() and answer == "DECLINED":
            return True
    return False


def _zone_unknown(event: Any) -> bool:
    """Return whether a time names a zone that nobody here knows: it is read on the wall clock of the studio."""
    named = [event[name] for name in ("DTSTART", "DTEND") if name in event]
    return any("TZID" in getattr(one, "params", {}) and _is_floating(one) for one in named)


def _is_floating(value: Any) -> bool:
    try:
        return isinstance(value.dt, datetime) and value.dt.tzinfo is None
    except Exception:  # what cannot be read is told of elsewhere
        return False


def _seconds(moment: date, zone: str) -> int:
    """Return a moment; whole days and floating times are on the wall clock of ``zone``."""
    if not isinstance(moment, datetime):
        return int(day_begins(Date(moment.year, moment.month, moment.day), zone).timestamp())
    if moment.tzinfo is not None:
        return int(Instant.from_timestamp(int(moment.astimezone(UTC).timestamp())).timestamp())
    wall = PlainDateTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return int(wall.assume_tz(zone, disambiguation="compatible").timestamp())


def _in_words(notes: Counter[str]) -> list[str]:
    words = {
        "broken": "{} cannot be read whole",
        "endless": f"{{}} repeats too often: more than {MOST_TIMES_OF_EVENT:,} times, or without an end",
        "zone": "{} names a time zone that is not known here, and is read in yours",
    }
    return [
        words[kind].format(f"{count} event{'s' if count > 1 else ''}")
        for kind, count in notes.items()
        if count
    ]


if __name__ == "__main__":
    main()
