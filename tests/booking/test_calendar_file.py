"""A session for the client's own calendar: read back by a library, and by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes
from studio_cli.booking.calendar_file import calendar_file, web_calendars
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.errors import WrongUsage
from studio_cli.model.session import Session
from studio_cli.model.text import clean
from tests.conftest import Maker


def by_library(file: bytes) -> dict[str, object]:
    """Return the one event of a calendar file, as the icalendar library reads it."""
    calendar = Calendar.from_ical(file)
    (event,) = calendar.walk("VEVENT")
    return {
        "uid": str(event["UID"]),
        "start": event["DTSTART"].dt,
        "end": event["DTEND"].dt,
        "sequence": int(event["SEQUENCE"]),
        "summary": str(event["SUMMARY"]),
        "location": str(event.get("LOCATION", "")),
        "description": str(event["DESCRIPTION"]),
    }


def by_hand(file: bytes) -> dict[str, object]:
    """Return the same by the letter of RFC 5545 alone: unfold (3.1), split at the colon, take the escapes away (3.3.11)."""
    assert file.endswith(b"\r\n") and b"\n" not in file.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    lines = file.decode("utf-8").replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")[:-1]
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 1
    fields: dict[str, str] = {}
    for line in lines[lines.index("BEGIN:VEVENT") + 1 : lines.index("END:VEVENT")]:
        name, value = line.split(":", 1)
        assert re.fullmatch(r"[A-Z-]+", name), f"{name} has parameters"
        assert name not in fields, f"{name} stands there twice"
        fields[name] = value

    def text(name: str) -> str:
        value = fields.get(name, "")
        assert not re.search(r"(?<!\\)(?:\\\\)*[,;]", value), f"{name} has a bare comma or semicolon"
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)

    def moment(name: str) -> datetime:
        return datetime.strptime(fields[name], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    assert moment("DTSTAMP")
    return {
        "uid": text("UID"),
        "start": moment("DTSTART"),
        "end": moment("DTEND"),
        "sequence": int(fields["SEQUENCE"]),
        "summary": text("SUMMARY"),
        "location": text("LOCATION"),
        "description": text("DESCRIPTION"),
    }


def event(studio: Studio, session: Session) -> dict[str, object]:
    """Return a session's event, on which both readers agree."""
    file = calendar_file(studio, session)
    assert by_hand(file) == by_library(file)
    return by_hand(file)


def test_event_of_a_session(studio: Studio, make: Maker) -> None:
    """The event has the session's time in UTC, its title with the studio, its place, and how to reach the studio."""
    change_setting(studio, "studio.phone", "+1 416 555 0111")
    session = make.session(location="High Park; by the gate, left\\right", duration="90m")
    told = event(studio, session)
    assert told["start"] == datetime(2026, 12, 4, 15, tzinfo=UTC)
    assert told["end"] == datetime(2026, 12, 4, 16, 30, tzinfo=UTC)
    assert told["summary"] == "Portrait – Ana Silva Photography"
    assert told["location"] == "High Park; by the gate, left\\right"
    assert told["description"] == "Ana Silva Photography\nana@example.com\n+1 416 555 0111"
    file = calendar_file(studio, session)
    assert b"STATUS:TENTATIVE" in file and b"METHOD:PUBLISH" in file and b"VERSION:2.0" in file
    confirmed = sessions.confirm(studio, str(session.id)).session
    assert b"STATUS:CONFIRMED" in calendar_file(studio, confirmed)


def test_same_event_for_ever(studio: Studio, make: Maker) -> None:
    """A move or a change is the same event with a higher number: a calendar replaces the old one."""
    session = make.session()
    first = event(studio, session)
    moved = session_changes.reschedule(studio, str(session.id), "2026-12-07 14:00").after
    second = event(studio, moved)
    third = event(studio, session_changes.edit(studio, str(session.id), Edits(location="Park")).after)
    assert first["uid"] == second["uid"] == third["uid"]
    assert first["sequence"] < second["sequence"] < third["sequence"]  # type: ignore[operator]
    assert second["start"] == datetime(2026, 12, 7, 19, tzinfo=UTC)


def test_every_session_is_another_event(studio: Studio, make: Maker) -> None:
    """No two sessions are taken for one, nor are those of two studios."""
    uids = [event(studio, make.session(f"2026-12-04 {hour}:00"))["uid"] for hour in (10, 14)]
    assert len(set(uids)) == 2
    assert all(re.fullmatch(r"session-\d+@[0-9a-f]{16}\.studio", str(uid)) for uid in uids)


def test_over_a_clock_change(studio: Studio, make: Maker) -> None:
    """A session over the night in which clocks change lasts as long as it does."""
    session = make.session("2026-11-01 00:30", duration="3h", custom=True)
    told = event(studio, session)
    assert told["start"] == datetime(2026, 11, 1, 4, 30, tzinfo=UTC)
    assert told["end"] == datetime(2026, 11, 1, 7, 30, tzinfo=UTC)


def typed(text: str) -> str | None:
    """Return a text as it would be kept, or None for one that cannot be."""
    try:
        return clean(text, "It")
    except WrongUsage:
        return None


WORDS = st.one_of(
    st.text(min_size=1, max_size=200), st.text(",;:\\n\"'=é🎉 \u202e", min_size=1, max_size=120)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=WORDS.map(typed).filter(bool), location=WORDS.map(typed).filter(bool))
@example(title="a, b; c\\n d", location='"x";VALUE=y:z')
@example(title="é" * 200, location="👩‍👩‍👧" * 24)
@example(title="END:VEVENT", location="\\\\n")
def test_any_words(studio: Studio, make: Maker, title: str, location: str) -> None:
    """Whatever a title and a place are, they come back whole, and nothing else in the file changes."""
    session = make.session(one_off=title, location=location, allow_overlap=True)
    told = event(studio, session)
    assert told["summary"] == f"{session.title} – Ana Silva Photography"
    assert told["location"] == session.location
    assert set(told) == {"uid", "start", "end", "sequence", "summary", "location", "description"}


# ── web calendars ─────────────────────────────────────────────────────────────────────────────────


def asked(studio: Studio, session: Session) -> dict[str, tuple[str, dict[str, str]]]:
    """Return where each web calendar's link leads, and what it says there."""
    told = {}
    for one in web_calendars(studio, session):
        parts = urlsplit(one["link"])
        values = parse_qs(parts.query, strict_parsing=True, keep_blank_values=True)
        assert all(len(value) == 1 for value in values.values())
        where = f"{parts.scheme}://{parts.netloc}{parts.path}"
        told[one["name"]] = (where, {name: value[0] for name, value in values.items()})
        assert "+" not in parts.query and " " not in one["link"] and parts.fragment == ""
    return told


def test_web_calendars(studio: Studio, make: Maker) -> None:
    """The links open Google's and Outlook's calendar with the session's exact time, title and place."""
    session = make.session(one_off="Portrait & co + more #1", location="High Park, 50%")
    google, outlook = (asked(studio, session)[name] for name in ("Google", "Outlook"))
    title = "Portrait & co + more #1 – Ana Silva Photography"
    assert google[0] == "https://calendar.google.com/calendar/render"
    assert google[1] == {
        "action": "TEMPLATE",
        "text": title,
        "dates": "20261204T150000Z/20261204T160000Z",
        "location": "High Park, 50%",
        "details": "Ana Silva Photography\nana@example.com",
    }
    assert outlook[0] == "https://outlook.live.com/calendar/0/deeplink/compose"
    assert outlook[1]["startdt"] == "2026-12-04T15:00:00Z"
    assert outlook[1]["enddt"] == "2026-12-04T16:00:00Z"
    assert (outlook[1]["subject"], outlook[1]["location"]) == (title, "High Park, 50%")
    assert (outlook[1]["path"], outlook[1]["rru"]) == ("/calendar/action/compose", "addevent")


@pytest.mark.parametrize("location", [None, "https://x.example/?a=b&c=d#e", "\u202egnp 🎉"])
def test_place_in_a_link(studio: Studio, make: Maker, location: str | None) -> None:
    """A place that looks like an address of its own is still only the place; none is empty."""
    session = make.session(location=location)
    assert all(values["location"] == (location or "") for _, values in asked(studio, session).values())
