"""Reading a stranger's calendar, in a process of its own that cannot take more time or memory than it is given.

A rule like ``FREQ=SECONDLY`` has no end, and nothing inside a process can stop a library that counts it out. Here
one event may take so many seconds and mean so many times, and the process dies rather than go on for ever.
Reads a line of JSON (see ``ics.read``) and then the content from stdin, writes one JSON document to stdout.
"""

from __future__ import annotations

import contextlib
import json
import re
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from whenever import Date, Instant, PlainDateTime

from studio_cli.model.calendar import Window, session_of
from studio_cli.model.text import shown
from studio_cli.model.times import day_begins, from_stored, known_zone

CPU_SECONDS = 60
COUNT_SECONDS = 45
"""For all of the events, so that some that are slow do not cost the others: the rest is for reading and writing."""
MEMORY = 1024**3
QUICK_SECONDS = 0.1
"""What an event may take at first; one that is slower waits until all the others are counted out."""
EVENT_SECONDS = 2.0
MOST_TIMES_OF_EVENT = 10_000
MOST_TIMES = 50_000
TITLE = 200
MOST_ZONES = 3
"""Zones that nobody knows of which the names are told."""
MARGIN = timedelta(days=2)
"""Floating times and whole days are in no zone yet when the library looks whether they are in the window."""
CENTURY = timedelta(days=36525)
"""As long as anything lasts: the library goes back by it from now, and before the year 1 there is nothing."""

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
    work = events if asked.pop("events", False) else read
    window = Window(**{**asked, "first": from_stored(asked["first"]), "last": from_stored(asked["last"])})
    json.dump(work(sys.stdin.buffer.read(), window), sys.stdout)


def _too_long(number: int, frame: object) -> None:
    raise TooLong


def read(content: bytes, window: Window) -> dict[str, Any]:
    """Return ``{name, busy: [[from, until, title]], notes}``, or ``{error}`` for what is no calendar."""
    until = time.process_time() + COUNT_SECONDS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones whose names it guesses
        notes: Counter[str] = Counter()
        calendars = _calendars(content, notes)
        if not calendars:
            page = re.match(
                rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", content[:10_000], re.I | re.S
            )
            if page:
                return {"error": "It is a web page and no calendar, one that asks for a login perhaps."}
            return {"error": "It is no calendar file, or only the beginning of one."}
        busy: set[Times] = set()
        for found in _quick_ones_first(calendars, window, notes, until):
            busy.update(found)
            if len(busy) > MOST_TIMES:
                return {"error": f"It has more than {MOST_TIMES:,} busy times in the coming months."}
        # The library does not know this property, and leaves it escaped.
        name = re.sub(r"\\(.)", _unescaped, str(calendars[0].get("X-WR-CALNAME", ""))) or None
    return {"name": name, "busy": sorted(busy, key=_order), "notes": _in_words(notes)}


def events(content: bytes, window: Window) -> dict[str, Any]:
    """Return ``{events, notes}``: every event and recurrence with what it says, or ``{error}`` for what is no calendar."""
    until = time.process_time() + COUNT_SECONDS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones whose names it guesses
        notes: Counter[str] = Counter()
        calendars = _calendars(content, notes)
        if not calendars:
            return {"error": "It is no calendar file, or only the beginning of one."}
        found: list[dict[str, Any]] = []
        for series in (one for calendar in calendars for one in _series(calendar)):
            left = min(until - time.process_time(), EVENT_SECONDS)
            try:
                times = _occurrences(series, window, left) if left > 0 else None
            except (TooLong, MemoryError):
                times = None
            except Exception:
                times, notes["broken"] = [], notes["broken"] + 1
            if times is None or len(times) > MOST_TIMES_OF_EVENT:
                notes["endless"] += 1
                continue
            found += [said for one in times if (said := _said(one, window, notes))]
            if len(found) > MOST_TIMES:
                return {"error": f"It has more than {MOST_TIMES:,} events."}
    return {"events": sorted(found, key=lambda one: (one["begins"], one["uid"])), "notes": _in_words(notes)}


def _said(event: Any, window: Window, notes: Counter[str]) -> dict[str, Any] | None:
    """Return what an event says, its times as exact moments; None when it cannot be read."""
    try:
        begins = _seconds(event["DTSTART"].dt, window.zone)
        uid = str(event.get("UID", ""))
        people = event.get("ATTENDEE", [])
        return {
            "uid": f"{uid}/{begins}",
            "begins": begins,
            "ends": _seconds(event["DTEND"].dt, window.zone),
            "whole_day": not isinstance(event["DTSTART"].dt, datetime),
            "off": _is_off(event, window.owner),
            "ours": session_of(uid, window.studio_id),
            **{
                name: _storable(str(event.get(word, "")))
                for name, word in (("title", "SUMMARY"), ("location", "LOCATION"), ("notes", "DESCRIPTION"))
            },
            "people": [
                [
                    _storable(str(one)).removeprefix("mailto:").removeprefix("MAILTO:"),
                    _storable(str(one.params.get("CN", ""))),
                ]
                for one in (people if isinstance(people, list) else [people])
            ],
        }
    except Exception:
        notes["broken"] += 1
        return None


def _quick_ones_first(
    calendars: Sequence[Any], window: Window, notes: Counter[str], until: float
) -> Iterator[set[Times]]:
    """Yield when each event closes the owner's time; leave those out that are slow when it is ``until``."""
    slow = []
    for series in (one for calendar in calendars for one in _series(calendar)):
        found = _times_of(series, window, notes, QUICK_SECONDS)
        if found is None:
            slow.append(series)
        else:
            yield found
    for series in slow:
        left = until - time.process_time()
        found = _times_of(series, window, notes, min(left, EVENT_SECONDS)) if left > 0 else None
        if found is None:
            notes["endless"] += 1
        else:
            yield found


_CALENDAR = re.compile(rb"^END:VCALENDAR[ \t]*\r?$", re.M | re.I)
_ZONE = re.compile(rb"^BEGIN:VTIMEZONE[ \t]*\r?\n(?:(?!BEGIN:V).*\n)*?END:VTIMEZONE[ \t]*\r?\n", re.M | re.I)


def _calendars(content: bytes, notes: Counter[str]) -> list[Any]:
    """Return the calendars that stand one after the other; none when the last one has no end.

    Each is read by itself: what one of them is like does not touch the others.
    """
    *parts, rest = _CALENDAR.split(content)
    if b"BEGIN:" in rest.upper():
        return []
    found = []
    for part in parts:
        try:
            found.append(_calendar(part.strip() + b"\r\nEND:VCALENDAR\r\n"))
        except Exception:  # of many kinds
            notes["broken"] += max(part.upper().count(b"BEGIN:VEVENT"), 1)
    return found


def _calendar(content: bytes) -> Any:
    """Return a calendar, read with the zones that it describes itself.

    They come first wherever they stand, and one that describes nothing is a zone that nobody knows.
    """
    from icalendar import Calendar, Timezone
    from icalendar.timezone import tzp

    tzp.use(_zones())  # what the calendar before called a zone is forgotten
    for zone in _ZONE.findall(content):
        with contextlib.suppress(Exception):
            Timezone.from_ical(zone)
    return Calendar.from_ical(_ZONE.sub(b"", content))


@cache
def _zones() -> Any:
    """Return the zones that everybody knows, by the names that IANA gives them and no others."""
    from icalendar.timezone.zoneinfo import ZONEINFO

    class Known(ZONEINFO):
        def timezone(self, name: str) -> tzinfo | None:
            return super().timezone(name) if known_zone(name) else None

    return Known()


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


def _times_of(series: Any, window: Window, notes: Counter[str], seconds: float) -> set[Times] | None:
    """Return when an event and its recurrences close the owner's time; None when that takes longer to find out."""
    events = series.subcomponents
    if session_of(str(events[0].get("UID", "")), window.studio_id) is not None:
        return set()  # a session never closes its own time
    broken = any(name in MATTERS for event in events for name, _ in event.errors)
    try:
        found = _counted_out(series, window, seconds)
    except (TooLong, MemoryError):
        return None
    except Exception:
        broken, found = True, _alone(series, window)
    unknown = {name for event in events for name in _unknown_zones(event)}
    notes["zone"] += bool(unknown)
    notes.update(f"zone {name}" for name in unknown)
    notes["broken"] += broken
    if len(found) > MOST_TIMES_OF_EVENT:
        notes["endless"] += 1
        return set()
    return found


def _mend(event: Any, window: Window) -> None:
    """Let an event say in the standard's words what many write in others."""
    begins, ends, lasts = event["DTSTART"].dt, event.get("DTEND"), event.get("DURATION")
    if ends is not None and not isinstance(begins, datetime) and ends.dt == begins:
        del event["DTEND"]  # a whole day that ends when it begins is that day
    elif ends is not None:
        ends.dt = _bounded(ends.dt, window)
    if lasts is not None:
        lasts.dt = min(lasts.dt, CENTURY)
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if "UNTIL" in rule:
            rule["UNTIL"] = [_until(one, begins, window) for one in rule["UNTIL"]]


def _bounded(ends: date, window: Window) -> date:
    """Return an end that the library can count with: nobody looks at what lies beyond the window."""
    last = (window.last.to_stdlib() + MARGIN).replace(tzinfo=None)
    if not isinstance(ends, datetime):
        return min(ends, last.date())
    return min(ends.replace(tzinfo=None), last).replace(tzinfo=ends.tzinfo)


def _until(until: date, begins: date, window: Window) -> date:
    """Return the end of a rule in the form that the times of its event have (RFC 5545, 3.3.10): a day is included."""
    if not isinstance(begins, datetime):
        return until
    if not isinstance(until, datetime):
        until = datetime.combine(until, datetime.max.time().replace(microsecond=0))
    if until.tzinfo is None:
        return until.replace(tzinfo=begins.tzinfo).astimezone(UTC) if begins.tzinfo else until
    return until if begins.tzinfo else until.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None)


def _counted_out(series: Any, window: Window, seconds: float) -> set[Times]:
    found = _occurrences(series, window, seconds)
    return {times for one in found if (times := _times(one, window))}


def _occurrences(series: Any, window: Window, seconds: float) -> list[Any]:
    from recurring_ical_events import of

    first, last = window.first.to_stdlib(), window.last.to_stdlib()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        for event in series.subcomponents:
            with contextlib.suppress(Exception):  # what cannot be read is told of by whoever reads it next
                _mend(event, window)
        return list(of(series).between(first - MARGIN, last + MARGIN))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _alone(series: Any, window: Window) -> set[Times]:
    """Return an event whose rules cannot be followed, once: when it says that it is."""
    for event in series.subcomponents:
        for name in ("RRULE", "RDATE", "EXDATE"):
            event.pop(name, None)
    try:
        return _counted_out(series, window, QUICK_SECONDS)
    except (Exception, TooLong):
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


def _unknown_zones(event: Any) -> Iterator[str]:
    """Yield the zones of an event's times that nobody here knows: they are read on the wall clock of the studio."""
    for one in [event[name] for name in ("DTSTART", "DTEND") if name in event]:
        if "TZID" in getattr(one, "params", {}) and _is_floating(one):
            yield _storable(" ".join(shown(str(one.params["TZID"])).split())[:60])


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
    zones = sorted(kind.removeprefix("zone ") for kind in notes if kind.startswith("zone "))
    named = ", ".join(zones[:MOST_ZONES]) + (
        f" and {len(zones) - MOST_ZONES} more" * (len(zones) > MOST_ZONES)
    )
    words = {
        "broken": "{} cannot be read whole",
        "endless": f"{{}} repeat{{}} too often: more than {MOST_TIMES_OF_EVENT:,} times, or without an end",
        "zone": f"{{}} name{{}} a time zone that is not known here ({_as_it_is(named)}), and {{}} read in yours",
    }
    return [
        words[kind].format(
            f"{count} event{'s' if count > 1 else ''}", *(("", "are") if count > 1 else ("s", "is"))
        )
        for kind, count in notes.items()
        if count and kind in words
    ]


def _as_it_is(text: str) -> str:
    """Return a stranger's text as it stands in a pattern that is filled in."""
    return text.replace("{", "{{").replace("}", "}}")


if __name__ == "__main__":
    main()
