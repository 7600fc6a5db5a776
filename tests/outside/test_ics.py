"""What a calendar's content says, whoever wrote it, and that nothing in it can hang or fill us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.model.calendar import CalendarUnreadable, Reading, Window
from studio_cli.model.times import show_short, stored
from studio_cli.outside import ics, ics_worker
from tests.calendars import DENTIST, at, calendar, event

# What the worker's process does for itself: without it, a rule that goes on for ever would end the tests.
signal.signal(signal.SIGVTALRM, ics_worker._too_long)

ZONE = "America/Toronto"
FIRST = Instant.from_utc(2026, 11, 20)
WINDOW = Window(ZONE, FIRST, FIRST.add(hours=24 * 400), "f00d", "ana@example.com")


def quick(content: bytes, window: Window = WINDOW) -> Reading:
    """Read in this process: the same code without its limits."""
    return ics.of_answer(json.loads(json.dumps(ics_worker.read(content, window))))


def times(*parts: str, window: Window = WINDOW, head: tuple[str, ...] = ()) -> list[str]:
    """Return the busy times of a calendar of these parts, on Toronto's clocks."""
    found = quick(calendar(*parts, head=head), window).busy
    return [f"{show_short(one.starts_at, ZONE)} {show_short(one.ends_at, ZONE)[-5:]}" for one in found]


TORONTO = at("20261204T100000", "20261204T110000", ZONE)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (TORONTO, ["Fri 4 Dec 2026 10:00 11:00"]),
        (at("20261204T100000Z", "20261204T110000Z"), ["Fri 4 Dec 2026 05:00 06:00"]),
        (at("20261204T100000", "20261204T110000"), ["Fri 4 Dec 2026 10:00 11:00"]),
        (at("20261204T100000", "20261204T110000", "Europe/Lisbon"), ["Fri 4 Dec 2026 05:00 06:00"]),
        (at("20261204T100000", "20261204T110000", "W. Europe Standard Time"), ["Fri 4 Dec 2026 04:00 05:00"]),
        (("DTSTART;VALUE=DATE:20261204", "DTEND;VALUE=DATE:20261204"), ["Fri 4 Dec 2026 00:00 00:00"]),
        (("DTSTART;VALUE=DATE:20261204",), ["Fri 4 Dec 2026 00:00 00:00"]),
        (("DTSTART;VALUE=DATE:20261204", "DTEND;VALUE=DATE:20261206"), ["Fri 4 Dec 2026 00:00 00:00"]),
        ((TORONTO[0], "DURATION:PT30M"), ["Fri 4 Dec 2026 10:00 10:30"]),
        ((TORONTO[0],), []),
        ((*TORONTO, "TRANSP:TRANSPARENT"), []),
        ((*TORONTO, "TRANSP:OPAQUE"), ["Fri 4 Dec 2026 10:00 11:00"]),
        ((*TORONTO, "STATUS:CANCELLED"), []),
        ((*TORONTO, "STATUS:TENTATIVE"), ["Fri 4 Dec 2026 10:00 11:00"]),
        ((*TORONTO, "ATTENDEE;PARTSTAT=DECLINED:mailto:Ana@example.com"), []),
        ((*TORONTO, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ana@example.com"), ["Fri 4 Dec 2026 10:00 11:00"]),
        (
            (*TORONTO, "ATTENDEE;PARTSTAT=DECLINED:mailto:rui@example.com", "ATTENDEE:mailto:ana@example.com"),
            ["Fri 4 Dec 2026 10:00 11:00"],
        ),
        (at("20261001T100000Z", "20261001T110000Z"), []),
        (at("20261101T100000Z", "20261201T000000Z"), ["Sun 1 Nov 2026 05:00 19:00"]),
        # Clocks that go forward over it, and back over it (Toronto, March and November 2027).
        (at("20270314T023000", "20270314T033000", ZONE), []),
        (at("20270314T023000", "20270314T040000", ZONE), ["Sun 14 Mar 2027 03:30 04:00"]),
        (at("20271107T013000", "20271107T020000", ZONE), ["Sun 7 Nov 2027 01:30 02:00"]),
    ],
)  # fmt: skip
def test_an_event_closes_its_time(lines: tuple[str, ...], expected: list[str]) -> None:
    """An event closes exactly its time; one that is free, canceled, declined or empty closes none."""
    assert times(event("1", *lines)) == expected


def test_event_of_an_hour_that_is_repeated_lasts_as_long_as_it_does() -> None:
    """From half past one the first time to two o'clock is an hour and a half when clocks go back in between."""
    (one,) = quick(calendar(event("1", *at("20271107T013000", "20271107T020000", ZONE)))).busy
    assert one.ends_at - one.starts_at == Instant.from_utc(2027, 1, 1, 1, 30) - Instant.from_utc(2027, 1, 1)


WEEKLY = event("w", *at("20261204T100000", "20261204T110000", ZONE), "RRULE:FREQ=WEEKLY;COUNT=4")
FLOATING = event("f", *at("20261204T100000", "20261204T110000"), "RRULE:FREQ=WEEKLY;COUNT=4")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((WEEKLY,), ["Fri 4", "Fri 11", "Fri 18", "Fri 25"]),
        (
            (WEEKLY.replace("RRULE", f"EXDATE;TZID={ZONE}:20261211T100000\r\nRRULE"),),
            ["Fri 4", "Fri 18", "Fri 25"],
        ),
        (
            (WEEKLY, event("w", f"RECURRENCE-ID;TZID={ZONE}:20261211T100000", *at("20261212T150000", "20261212T160000", ZONE))),
            ["Fri 4", "Sat 12", "Fri 18", "Fri 25"],
        ),
        (
            (WEEKLY, event("w", f"RECURRENCE-ID;TZID={ZONE}:20261211T100000", *TORONTO, "STATUS:CANCELLED")),
            ["Fri 4", "Fri 18", "Fri 25"],
        ),
        (
            (WEEKLY, event("w", f"RECURRENCE-ID;RANGE=THISANDFUTURE;TZID={ZONE}:20261218T100000", *at("20261219T100000", "20261219T110000", ZONE))),
            ["Fri 4", "Fri 11", "Sat 19", "Sat 26"],
        ),
        ((WEEKLY.replace("RRULE", f"RDATE;TZID={ZONE}:20261206T100000\r\nRRULE"),), ["Fri 4", "Sun 6", "Fri 11", "Fri 18", "Fri 25"]),
        ((WEEKLY.replace("COUNT=4", "UNTIL=20261211T150000Z"),), ["Fri 4", "Fri 11"]),
        # As old programs write it: the time or the day of the last one, on the clock of the event.
        ((WEEKLY.replace("COUNT=4", "UNTIL=20261211T100000"),), ["Fri 4", "Fri 11"]),
        ((WEEKLY.replace("COUNT=4", "UNTIL=20261211"),), ["Fri 4", "Fri 11"]),
        ((WEEKLY.replace("COUNT=4", "UNTIL=20261210"),), ["Fri 4"]),
        ((FLOATING.replace("COUNT=4", "UNTIL=20261211"),), ["Fri 4", "Fri 11"]),
        ((FLOATING.replace("COUNT=4", "UNTIL=20261211T150000Z"),), ["Fri 4", "Fri 11"]),
        ((FLOATING.replace("COUNT=4", "UNTIL=20261211T145959Z"),), ["Fri 4"]),
    ],
)  # fmt: skip
def test_recurrences_with_exceptions(parts: tuple[str, ...], expected: list[str]) -> None:
    """Rules, dates taken out, moved, canceled and added: each recurrence closes its own time."""
    assert [" ".join(one.split()[:2]) for one in times(*parts)] == expected


def test_recurrence_keeps_its_wall_clock_across_a_change_of_clocks() -> None:
    """Ten o'clock every Friday stays ten o'clock in its own zone when clocks change there, and only then."""
    found = times(
        event("1", *at("20270305T100000", "20270305T110000", "Europe/Lisbon"), "RRULE:FREQ=WEEKLY;COUNT=5")
    )
    assert [one.split()[4] for one in found] == ["05:00", "05:00", "06:00", "06:00", "05:00"]


def test_zone_that_the_calendar_describes() -> None:
    """A zone with a name of its own is read as the file describes it."""
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0300\r\n"
        "TZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    )
    assert times(zone, event("1", *at("20261204T100000", "20261204T110000", "Ours"))) == [
        "Fri 4 Dec 2026 02:00 03:00"
    ]


OUTLOOK = "Customized Time Zone"
"""What Outlook calls every zone that it has no name for."""


def zone(name: str, offset: str) -> str:
    """Return a zone that has one offset."""
    lines = f"DTSTART:16010101T000000|TZOFFSETFROM:{offset}|TZOFFSETTO:{offset}".replace("|", "\r\n")
    return f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\n{lines}\r\nEND:STANDARD\r\nEND:VTIMEZONE"


def begins(content: bytes) -> list[str]:
    """Return when the busy times of calendars begin, in UTC."""
    return [one.starts_at.format_iso() for one in quick(content).busy]


@pytest.mark.parametrize("name", [OUTLOOK, "Eastern Standard Time"])
@pytest.mark.parametrize("first", [True, False])
def test_each_calendar_has_its_own_zones(name: str, first: bool) -> None:
    """Calendars one after the other each mean their own zone, wherever in them it is described, and no other's."""

    def of(offset: str, uid: str) -> bytes:
        parts = zone(name, offset), event(uid, *at("20261204T100000", "20261204T110000", name))
        return calendar(*(parts if first else parts[::-1]))

    assert begins(of("+0100", "a") + of("-0800", "b")) == ["2026-12-04T09:00:00Z", "2026-12-04T18:00:00Z"]
    assert begins(of("-0800", "b")) == ["2026-12-04T18:00:00Z"]
    nobodys = calendar(event("c", *at("20261205T100000", "20261205T110000", OUTLOOK)))
    # Whose zone nobody describes is in the studio's.
    assert begins(of("-0800", "b") + nobodys)[1] == "2026-12-05T15:00:00Z"


@pytest.mark.parametrize(
    "odd",
    [
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE",
        zone("X", "nonsense"),
        zone("X", "+0100").replace("DTSTART:16010101T000000\r\n", ""),
        "BEGIN:VTIMEZONE\r\nEND:VTIMEZONE",
    ],
)
def test_zone_that_says_nothing_costs_nothing_else(odd: str) -> None:
    """A zone that cannot be understood is one that nobody knows; all events are read."""
    reading = quick(calendar(odd, DENTIST, event("x", *at("20261205T100000", "20261205T110000", "X"))))
    assert [show_short(one.starts_at, ZONE) for one in reading.busy] == [
        "Fri 4 Dec 2026 10:00",
        "Sat 5 Dec 2026 10:00",
    ]
    assert "time zone that is not known" in reading.notes[0]


@pytest.mark.parametrize(
    "name", ["America", "localtime", "posixrules", "/etc/localtime", "../../etc/passwd", "\0"]
)
def test_names_that_are_no_zone(name: str) -> None:
    """A folder of zones, the clock of this machine and a path are zones that nobody knows."""
    reading = quick(calendar(event("1", *at("20261204T100000", "20261204T110000", name)), DENTIST))
    assert {show_short(one.starts_at, ZONE) for one in reading.busy} == {"Fri 4 Dec 2026 10:00"}


def test_calendar_that_cannot_be_read_costs_the_others_nothing() -> None:
    """Of calendars one after the other the broken one is told of; one without an end makes all of it unreadable."""
    broken = calendar("BEGIN:VALARM", event("b", *TORONTO), event("c", *TORONTO))
    reading = quick(calendar(DENTIST) + broken + b"\r\n\xef\xbb\xbf" + calendar(WEEKLY))
    assert len(reading.busy) == 1 + 4
    assert reading.notes == ("2 events cannot be read whole",)
    with pytest.raises(CalendarUnreadable, match="no calendar file"):
        quick(calendar(DENTIST) + calendar(WEEKLY)[:-20])


@pytest.mark.parametrize(
    "end",
    [
        "DTEND:99991231T235959Z", f"DTEND;TZID={ZONE}:99991231T235959", "DTEND:99991231T000000", "DTEND;VALUE=DATE:99991231",
        "DURATION:P3650000D",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "begin", ["DTSTART:20261204T150000Z", "DTSTART:20200101T000000Z", "DTSTART;VALUE=DATE:20261204"]
)
def test_event_without_an_end_in_sight(begin: str, end: str) -> None:
    """An event until the end of days closes as far as we look."""
    (busy,) = quick(calendar(event("1", begin, end))).busy
    assert busy.starts_at <= Instant.from_utc(2026, 12, 4, 15) and busy.ends_at >= WINDOW.last


def test_zones_that_nobody_knows_are_bounded() -> None:
    """Three of them are named, whatever they are called, and none can do anything to a terminal."""
    names = ["A{}", "B\x1b[31m", "C" * 500, "D", "E", "F"]
    reading = quick(
        calendar(*(event(name[0], *at("20261204T100000", "20261204T110000", f'"{name}"')) for name in names))
    )
    assert "A{}" in reading.notes[0] and " and 2 more)" in reading.notes[0]
    assert "\x1b" not in reading.notes[0] and "C" * 61 not in reading.notes[0]


@pytest.mark.parametrize(
    "page",
    [
        b"<html>no</html>",
        b"<!DOCTYPE html><title>Login</title>",
        b"\n <html lang=en><body>BEGIN:VCALENDAR",
        b"<!-- x --><!doctype HTML>",
    ],
)
def test_web_page_is_called_one(page: bytes) -> None:
    """What is a web page, of a login say, is not taken for a file that was cut off."""
    with pytest.raises(CalendarUnreadable, match="a web page and no calendar"):
        quick(page)


def test_zone_that_nobody_knows_is_said() -> None:
    """An unknown zone is read as the studio's, and a note names it."""
    reading = quick(calendar(event("1", *at("20261204T100000", "20261204T110000", "Nowhere/Near"))))
    assert [show_short(one.starts_at, ZONE) for one in reading.busy] == ["Fri 4 Dec 2026 10:00"]
    assert reading.notes == (
        "1 event names a time zone that is not known here (Nowhere/Near), and is read in yours",
    )


def test_sessions_of_this_studio_close_nothing() -> None:
    """A session that comes back in a calendar does not close its own time; another studio's does."""
    later = at("20261204T140000", "20261204T150000", ZONE)
    ours, theirs = event("session-12@f00d.studio", *later), event("session-12@beef.studio", *TORONTO)
    assert times(ours, theirs) == ["Fri 4 Dec 2026 10:00 11:00"]


def test_titles_are_kept_or_not() -> None:
    """A title is kept in one line of bounded length, and not at all when it is not wanted."""
    long = DENTIST.replace("Dentist", "Root\\ncanal " + "x" * 500)
    assert quick(calendar(long)).busy[0].title == ("Root canal " + "x" * 500)[:200]
    assert quick(calendar(long), replace(WINDOW, titles=False)).busy[0].title is None


def test_name_of_the_calendar() -> None:
    """A calendar's own name is told, in one line."""
    assert quick(calendar(DENTIST, head=("X-WR-CALNAME:Ana\\nprivate",))).name == "Ana private"
    assert quick(calendar(DENTIST)).name is None


@pytest.mark.parametrize(
    "content",
    [b"", b"BEGIN:VCALENDAR\r\n", calendar(DENTIST)[:-20], b"\xff\xfe\0", b"\0" * 1000],
)
def test_what_is_no_calendar(content: bytes) -> None:
    """What is no calendar, or only its beginning, is refused: it would free what the rest closes."""
    with pytest.raises(CalendarUnreadable, match="no calendar file"):
        quick(content)


def test_broken_event_does_not_touch_the_others() -> None:
    """An event that cannot be read is told of, and the others are read."""
    broken = (
        event("b", "DTSTART:nonsense"),
        event("c", *TORONTO, "RRULE:FREQ=OFTEN"),
        event("d", "SUMMARY:No time"),
    )
    reading = quick(calendar(*broken, DENTIST))
    assert len(reading.busy) == 2
    assert reading.notes == ("3 events cannot be read whole",)


def test_hostile_rules_cost_seconds_and_close_nothing() -> None:
    """An event that repeats without end is left out after two seconds, and told of; the others are read."""
    rule = "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"
    begun = time.monotonic()
    reading = ics.read(
        calendar(event("h", *at("20200101T000000Z", "20200101T000100Z"), rule), DENTIST), WINDOW
    )
    assert time.monotonic() - begun < 20
    assert [one.title for one in reading.busy] == ["Dentist"]
    assert "1 event repeats too often" in reading.notes[0]


WORKER = """
from studio_cli.outside import ics_worker
ics_worker.CPU_SECONDS, ics_worker.COUNT_SECONDS, ics_worker.EVENT_SECONDS, ics_worker.QUICK_SECONDS = 5, 0.6, 0.3, 0.02
ics_worker.main()
"""


def test_slow_events_do_not_use_up_the_time_of_the_others() -> None:
    """However many events are slow to count out, the others are read, and only the slow ones are left out."""
    rule = "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"
    slow = [event(f"h{number}", *at("20200101T000000Z", "20200101T000100Z"), rule) for number in range(25)]
    asked = {
        "zone": ZONE, "first": stored(WINDOW.first), "last": stored(WINDOW.last), "studio_id": "f00d", "titles": True,
    }  # fmt: skip
    work = json.dumps(asked).encode() + b"\n" + calendar(*slow, DENTIST)
    done = subprocess.run([sys.executable, "-c", WORKER], input=work, capture_output=True, check=True)
    reading = ics.of_answer(json.loads(done.stdout))
    assert [one.title for one in reading.busy] == ["Dentist"]
    assert reading.notes[0].startswith("25 events repeat")


def test_too_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event of too many times is left out; a calendar of too many is refused."""
    hourly = event("h", *at("20261201T000000Z", "20261201T000100Z"), "RRULE:FREQ=HOURLY;COUNT=50")
    monkeypatch.setattr(ics_worker, "MOST_TIMES_OF_EVENT", 49)
    assert len(quick(calendar(hourly, DENTIST)).busy) == 1
    monkeypatch.setattr(ics_worker, "MOST_TIMES_OF_EVENT", 50)
    monkeypatch.setattr(ics_worker, "MOST_TIMES", 50)
    with pytest.raises(CalendarUnreadable, match="more than 50 busy times"):
        quick(calendar(hourly, DENTIST))


def test_worker_that_dies_is_a_calendar_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the process that reads is ended by its limits, the calendar cannot be read, and nothing else happens."""
    monkeypatch.setattr(ics, "SECONDS", 0.01)
    with pytest.raises(CalendarUnreadable, match="too long"):
        ics.read(calendar(DENTIST), WINDOW)


def test_worker_reads_what_it_is_given() -> None:
    """The process that reads is the same code, and its answer the same."""
    content = calendar(WEEKLY, DENTIST)
    assert ics.read(content, WINDOW) == quick(content)


LIFE = calendar(
    WEEKLY,
    DENTIST,
    event("w", f"RECURRENCE-ID;TZID={ZONE}:20261211T100000", *at("20261212T150000", "20261212T160000", ZONE)),
    event(
        "d",
        "DTSTART;VALUE=DATE:20261204",
        "RRULE:FREQ=MONTHLY;BYDAY=2TU;UNTIL=20271204",
        "EXDATE;VALUE=DATE:20261208",
    ),
    event(
        "p", *TORONTO, "RDATE;VALUE=PERIOD:20261206T100000Z/PT1H", "ATTENDEE;PARTSTAT=DECLINED:mailto:a@b.co"
    ),
).decode()
PIECES = (
    "9",
    "-",
    "Z",
    "T",
    ";",
    ":",
    "=",
    "\r\n",
    "00000000",
    "99991231T235959Z",
    "FREQ=DAILY",
    "END:VEVENT\r\n",
    "\0",
    "é",
)


@settings(max_examples=int(os.environ.get("CASES", "100")), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(LIFE)), st.integers(0, 12), st.sampled_from(PIECES)),
        min_size=1,
        max_size=4,
    )
)
def test_damaged_calendars(damage: list[tuple[int, int, str]]) -> None:
    """However a calendar is damaged, it is read as far as it can be, or refused: nothing else comes of it."""
    text = LIFE
    for place, length, piece in damage:
        text = text[:place] + piece + text[place + length :]
    try:
        reading = quick(text.encode())
    except CalendarUnreadable:
        return
    assert all(one.starts_at < one.ends_at and len(one.title or "x") <= 200 for one in reading.busy)
