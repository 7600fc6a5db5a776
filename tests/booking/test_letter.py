"""What a mail says of its session: the same time as the page, the terminal and the calendar, across every clock change."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from studio_cli.booking import letter, mail, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.model.message import KINDS, Invitation, Letter
from studio_cli.model.session import Session
from studio_cli.model.times import Which
from tests.booking.test_mail import Postbox
from tests.conftest import ZONE, Cli, Door, Maker
from tests.test_texts import Words
from tests.web.visitor import Visitor

TO_CLIENTS = sorted(kind for kind in KINDS if KINDS[kind].recipient == "client")
TIMES = [
    ("2026-12-04 10:00", None, "90m", ZONE),
    ("2027-03-14 01:30", None, "2h", ZONE),  # the hour after this one does not exist
    ("2027-11-07 00:30", None, "2h", ZONE),  # its end is in the hour that exists twice
    ("2027-11-07 01:30", "first", "1h", ZONE),  # from half past one to half past one
    ("2027-11-07 01:30", "second", "1h", ZONE),
    ("2027-11-06 20:00", None, "10h", ZONE),  # overnight
    ("2027-03-28 01:30", None, "2h", "Atlantic/Azores"),
    ("2027-07-01 10:00", None, "1h", "Asia/Kathmandu"),
]


@pytest.fixture
def session(request: pytest.FixtureRequest, studio: Studio, make: Maker) -> Session:
    """A session at a time in the zone that the studio had then; by now the studio has moved to another."""
    at, which, duration, zone = request.param
    if zone != ZONE:
        change_setting(studio, "studio.timezone", zone)
    made = make.session(at, which=which, duration=duration, custom=True)
    if zone != ZONE:
        change_setting(studio, "studio.timezone", "Pacific/Auckland")
    return made


def told_by_the_terminal(cli: Cli, session: Session) -> tuple[datetime, datetime]:
    """Return when a session begins and ends, as ``studio session show`` says, checked against the system's own zones."""
    said = cli("session", "show", str(session.id), "--json").ok().json
    start, end = (datetime.fromisoformat(said[name]) for name in ("starts_at", "ends_at"))
    zone = ZoneInfo(said["timezone"])
    assert start.utcoffset() == start.astimezone(zone).utcoffset()
    assert end - start == timedelta(minutes=said["duration_minutes"])
    return start, end


def in_words(start: datetime, end: datetime, zone: str) -> list[str]:
    """Return a time as an English mail or page says it: the day, from when until when, and the zone at its beginning."""
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b %Y %H:%M}"
    offset = f"{start:%z}"
    return [
        f"{start:%A} {start.day} {start:%B %Y}",
        f"{start:%H:%M} to {until}",
        f"{zone}, UTC{offset[:3]}:{offset[3:]}".replace("-", "−"),
    ]


def on_one_line(text: str) -> str:
    """Return words without line ends."""
    return " ".join(text.split())


def said(written: Letter) -> list[str]:
    """Return what the two parts of a mail say."""
    return [on_one_line(written.text), on_one_line(" ".join(Words(written.html).lines))]


def span(invitation: Invitation) -> tuple[datetime, datetime]:
    """Return when the event in the calendar part of a mail begins and ends."""
    (event,) = Calendar.from_ical(invitation.content).walk("VEVENT")
    return event["DTSTART"].dt, event["DTEND"].dt


@pytest.mark.parametrize(
    "session", TIMES, indirect=True, ids=lambda time: f"{time[0]} {time[1] or ''} {time[3]}"
)
def test_same_time_everywhere(studio: Studio, session: Session, make: Maker, cli: Cli, door: Door) -> None:
    """Every mail about a session, its page, the terminal and the calendar part say one and the same time."""
    start, end = told_by_the_terminal(cli, session)
    expected = in_words(start, end, session.timezone)
    visitor, link = Visitor(door.base), f"/s/{make.link(session)}"
    pages = [visitor.get(link).text]
    confirmed = replace(
        sessions.confirm(studio, str(session.id)).session, offered=(session.starts_at,)
    )  # what a proposal tells
    pages.append(visitor.get(link).text)
    mails = [letter.compose(studio, confirmed, kind, linked=True)[0] for kind in TO_CLIENTS]
    mails.append(letter.compose(studio, confirmed, "owner", linked=False, about={"news": "confirmed"})[0])
    read = [on_one_line(" ".join(Words(page).lines)) for page in pages]
    for words in chain(read, *map(said, mails)):
        assert all(one in words for one in expected), (expected, words)
    invitations = [one.invitation for one in mails if one.invitation]
    assert [one.method for one in invitations] == ["REQUEST"] * 2  # with “changed” and “confirmed”
    assert all(span(one) == (start, end) for one in invitations)


def test_subject_and_body_have_one_time(studio: Studio, make: Maker) -> None:
    """The time in a subject is the one in the mail, in every language."""
    for language in ("en", "de", "es", "fr", "pt", "en-US"):
        session = make.session(
            "2027-11-07 01:30", which="second", language=language, custom=True, allow_overlap=True
        )
        session = replace(session, offered=(session.starts_at,))
        for kind in TO_CLIENTS:
            written = letter.compose(studio, session, kind, linked=True)[0]
            clocks = re.findall(r"\d{1,2}:\d{2}(?:\W[AP]M)?", written.subject)
            assert all(clock in on_one_line(written.text) for clock in clocks)
            assert bool(clocks) == (
                kind
                not in {"share", "proposal", "declined", "hold-ending", "payment-due", "receipt", "refund"}
            ), kind
            assert "UTC−05:00" in written.text


def moved(studio: Studio, before: Session, at: str, which: Which | None = None) -> Letter:
    """Move a session and return the mail about it."""
    after = session_changes.reschedule(studio, str(before.id), at, which=which, custom=True).after
    return letter.compose(studio, after, "changed", linked=True, about={"before": before.details()})[0]


def test_moved_within_the_hour_that_exists_twice(studio: Studio, make: Maker) -> None:
    """Moved from the first half past one to the second, a session reads the same but for its offset: so that is told."""
    before = make.session("2027-11-07 01:30", which="first", duration="1h", custom=True)
    written = moved(studio, before, "2027-11-07 01:30", "second")
    assert written.subject.startswith("New time: ")
    for words in said(written):
        assert "Time zone" in words and words.index("UTC−04:00") < words.index("UTC−05:00")


def test_moved_across_a_clock_change(studio: Studio, make: Maker) -> None:
    """A session moved to the other side of a clock change says both times, each with its own offset."""
    words = said(moved(studio, make.session("2027-03-13 10:00", custom=True), "2027-03-15 10:00"))[0]
    assert "until now: Saturday 13 March 2027, 10:00 to 11:00" in words
    assert "from now on: Monday 15 March 2027, 10:00 to 11:00" in words
    assert "until now: America/Toronto, UTC−05:00 from now on: America/Toronto, UTC−04:00" in words


def test_canceled_takes_the_same_time_out(studio: Studio, make: Maker) -> None:
    """What the mail of a confirmed session put into a calendar, the mail about its end takes out: the same event and hour."""
    change_setting(studio, "mail.host", "127.0.0.1")
    session, box = make.session("2027-11-07 01:30", which="first", custom=True), Postbox()
    make.link(session)
    sessions.confirm(studio, str(session.id))
    mail.send_written(studio, box)
    sessions.cancel(studio, str(session.id))
    mail.send_written(studio, box)
    first, last = (written.invitation for _, written in box.sent)
    assert first and last and (first.method, last.method) == ("REQUEST", "CANCEL")
    assert span(first) == span(last) == (session.starts_at.to_stdlib(), session.ends_at.to_stdlib())
    uids = {re.findall(rb"UID:(\S+)", one.content)[0] for one in (first, last)}
    assert len(uids) == 1 and b"STATUS:CANCELLED" in last.content


@pytest.mark.parametrize("shared", [True, False])
def test_whoever_was_invited_hears_the_end(studio: Studio, make: Maker, shared: bool) -> None:
    """A client whose session the owner confirmed, with or without a link, is told of what becomes of it."""
    change_setting(studio, "mail.host", "127.0.0.1")
    session, box = make.session(), Postbox()
    if shared:
        make.link(session)
    sessions.confirm(studio, "1")
    mail.send_written(studio, box)
    sessions.reopen(studio, "1")
    session_changes.reschedule(studio, "1", "2026-12-05 10:00", custom=True)
    sessions.cancel(studio, "1")
    mail.send_written(studio, box)
    subjects = [written.subject.partition(":")[0] for _, written in box.sent]
    assert subjects == ["Confirmed", "Canceled"]


def test_who_has_heard_of_nothing_is_told_nothing(studio: Studio, make: Maker) -> None:
    """A session that was never shared or confirmed ends without a mail, and so does one whose mail had not gone out."""
    change_setting(studio, "mail.host", "127.0.0.1")
    box = Postbox()
    for at in ("2026-12-04 10:00", "2026-12-05 10:00"):
        session = make.session(at, custom=True)
        if at.startswith("2026-12-05"):
            sessions.confirm(studio, str(session.id))
        sessions.cancel(studio, str(session.id))
    mail.send_written(studio, box)
    assert box.sent == []
