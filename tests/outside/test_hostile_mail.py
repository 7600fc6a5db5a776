"""Ten thousand mails of hostile words, over both servers, read by both readers: one recipient, no header too many."""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from icalendar import Calendar

from studio_cli.booking.calendar_file import calendar_file
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.message import Envelope, Invitation, Letter, MailFailed
from studio_cli.model.session import Session
from studio_cli.model.text import clean, clean_optional
from studio_cli.outside.mime import harmless
from studio_cli.outside.smtp import SmtpServer
from tests.conftest import Maker
from tests.outside.hostile import ADDRESSES, Case, case
from tests.outside.postfix import Postfix
from tests.outside.second_reader import SecondReader
from tests.smtp_server import MailServer

HOW_MANY = [
    200,
    pytest.param(int(os.environ.get("MAILS", "10000")), marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
]
ALL = 10_000
HEADERS = Counter(
    [
        "subject",
        "from",
        "to",
        "reply-to",
        "date",
        "message-id",
        "auto-submitted",
        "x-auto-response-suppress",
        "mime-version",
        "content-type",
    ]
)
ON_THE_WAY = {"return-path", "x-original-to", "delivered-to", "received"}
"""What a mail server writes above a mail that it delivers."""
PARTS = ["text/plain", "text/html", "text/calendar", "application/ics"]
ANA, RUI = "ana@example.com", "rui@example.com"


def envelope(one: Case) -> Envelope:
    """Return the envelope of a case."""
    sender = (one.sender_name, ANA)
    return Envelope(sender, (one.to_name, RUI), sender, f"<case.{one.number}@example.com>")


def letter(one: Case, calendar: bytes) -> Letter:
    """Return the letter of a case."""
    return Letter(one.subject, one.text, one.html, Invitation("REQUEST", calendar))


def as_sent(text: str) -> str:
    """Return a text as it should arrive: a half of a character is none, and a line break is a line break."""
    whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return re.sub("\r\n|\r|\n", "\n", whole).rstrip("\n")


# ── what both readers must agree on ───────────────────────────────────────────────────────────────


def check_by_python(raw: bytes, one: Case, calendar: bytes) -> None:
    """One of each header, one recipient, the parts that were put in, the words as they were."""
    mail = message_from_bytes(raw, policy=policy.compat32)
    names = Counter(name.lower() for name in mail if name.lower() not in ON_THE_WAY)
    assert names == HEADERS
    for header, name, address in (
        ("To", one.to_name, RUI), ("From", one.sender_name, ANA), ("Reply-To", one.sender_name, ANA),
    ):  # fmt: skip
        assert person(str(mail[header])) == (harmless(name), address)
    assert str(make_header(decode_header(unfolded(mail["Subject"])))) == harmless(one.subject)
    modern = message_from_bytes(raw, policy=policy.default)
    assert isinstance(modern, EmailMessage)
    leaves = [part for part in modern.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in leaves] == PARTS
    assert as_sent(str(leaves[0].get_content())) == as_sent(one.text)
    assert as_sent(str(leaves[1].get_content())) == as_sent(one.html)
    assert leaves[2].get_payload(decode=True) == leaves[3].get_payload(decode=True) == calendar


def unfolded(value: object) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", str(value))


def person(value: str) -> tuple[str, str]:
    """Return the name and the address of a header that may hold nothing else (RFC 5322, 3.4), read by hand."""
    found = re.fullmatch(
        r'(?:("(?:[^"\\]|\\.)*")|((?:=\?utf-8\?b\?[\w+/=]*\?=\s*)+))?\s*<([^<>\s,]+)>', unfolded(value)
    )
    assert found, value
    quoted, encoded, address = found.groups()
    name = (
        re.sub(r"\\(.)", r"\1", quoted[1:-1])
        if quoted
        else str(make_header(decode_header((encoded or "").strip())))
    )
    return name, address


def check_by_mailparser(read: dict[str, object], one: Case, calendar: bytes) -> None:
    """The same, in mailparser's words."""
    names = Counter(name for name in read["headers"] if name not in ON_THE_WAY)  # type: ignore[attr-defined]
    assert names == HEADERS
    assert read["others"] == []
    for header, address in (("to", RUI), ("from", ANA), ("reply_to", ANA)):
        ((_, seen, group),) = read[header]  # type: ignore[misc]
        assert (seen, group) == (address, None)
    parts = read["parts"]
    assert [part["type"] for part in parts] == PARTS[2:]  # type: ignore[attr-defined]
    assert {part["content"] for part in parts} == {base64.b64encode(calendar).decode()}  # type: ignore[attr-defined]


def check_calendar(file: bytes, session: Session, second_reader: SecondReader | None) -> None:
    """One event with the properties of a harmless one, and the words as they were."""
    calendar = Calendar.from_ical(file)
    assert [part.name for part in calendar.walk()] == ["VCALENDAR", "VEVENT"]
    (event,) = calendar.walk("VEVENT")
    lines = re.sub("\r\n[ \t]", "", file.decode()).split("\r\n")
    assert len(lines) == len(calendar) + len(event) + 4 + 1  # BEGIN and END of both, and the end
    assert as_kept(str(event["SUMMARY"])).startswith(as_kept(session.title))
    assert as_kept(str(event.get("LOCATION", ""))) == as_kept(session.location or "")
    if second_reader:
        told = second_reader.calendar(file)
        assert told["components"] == ["vevent"]
        assert len(told["events"][0]["properties"]) == len(event)
        assert told["events"][0]["inside"] == []
        assert told["events"][0]["summary"] == str(event["SUMMARY"])


def as_kept(text: str) -> str:
    # A byte order mark at the beginning is no character to the library that reads.
    return re.sub("\r\n|\r|\n", "\n", text).lstrip("\ufeff")


# ── over the wire ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def calendars(studio: Studio, make: Maker) -> Callable[[Case], tuple[bytes, Session]]:
    """Make the calendar file of a session with a case's title and place, as if they could be kept."""
    real = make.session()

    def made(one: Case) -> tuple[bytes, Session]:
        title, place = (re.sub("[\ud800-\udfff]", "", text) for text in (one.title, one.location))
        session = replace(real, title=title, location=place)
        return calendar_file(studio, session), session

    return made


@pytest.mark.parametrize("count", HOW_MANY)
def test_over_python(
    count: int,
    mail_server: MailServer,
    second_reader: SecondReader,
    calendars: Callable[[Case], tuple[bytes, Session]],
) -> None:
    """Over the Python server: the envelope has the one recipient, and both readers find what was put in."""
    server = SmtpServer("127.0.0.1", mail_server.port, "none")
    for number in range(count):
        one = case(number)
        calendar, session = calendars(one)
        server.send(envelope(one), letter(one, calendar))
        received = mail_server.received.pop()
        assert (received.sender, received.recipients) == (ANA, (RUI,)), number
        check_by_python(received.raw, one, calendar)
        check_by_mailparser(second_reader.mail(received.raw), one, calendar)
        check_calendar(calendar, session, second_reader)
    assert mail_server.received == []


@pytest.mark.parametrize("count", HOW_MANY)
def test_over_postfix(
    count: int,
    postfix: Postfix,
    second_reader: SecondReader,
    calendars: Callable[[Case], tuple[bytes, Session]],
) -> None:
    """Over Postfix: one mail in the one mailbox for each that was sent, and both readers find what was put in."""
    server = SmtpServer("127.0.0.1", postfix.plain, "none")
    sent = {}
    for number in range(ALL, ALL + count):  # others than over the Python server
        one = case(number)
        sent[number] = calendar = calendars(one)[0]
        server.send(envelope(one), letter(one, calendar))
    for file in postfix.files(count):
        raw = file.read_bytes()
        mail = message_from_bytes(raw, policy=policy.compat32)
        assert (mail.get_all("Delivered-To"), mail["Return-Path"]) == ([RUI], f"<{ANA}>")
        number = int(re.fullmatch(r"<case\.(\d+)@example\.com>", str(mail["Message-ID"]))[1])  # type: ignore[index]
        calendar = sent.pop(number)
        check_by_python(raw, case(number), calendar)
        check_by_mailparser(second_reader.mail(raw), case(number), calendar)
    assert sent == {}
    assert postfix.boxes == {**dict.fromkeys(postfix.boxes, 0), "rui": count}


def test_sessions_that_the_program_takes(studio: Studio, make: Maker, second_reader: SecondReader) -> None:
    """Hostile titles and places that can be typed make a calendar file like any other; the others are refused."""
    taken = 0
    for number in range(400):
        one = case(number)
        try:
            title, place = clean(one.title, "The title"), clean_optional(one.location, "The place")
        except WrongUsage:
            with pytest.raises(WrongUsage):
                make.session(one_off=one.title, location=one.location, allow_overlap=True)
            continue
        session = make.session(one_off=one.title, location=one.location, allow_overlap=True)
        assert (session.title, session.location) == (title, place)
        check_calendar(calendar_file(studio, session), session, second_reader)
        taken += 1
    assert taken > 10


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_no_address(address: str) -> None:
    """What is no address, or more than one, is refused before a server is asked, as recipient and as sender."""
    good = Envelope(("Ana", ANA), ("Rui", RUI), ("Ana", ANA), "<x@example.com>")
    for bad in (replace(good, to=("Rui", address)), replace(good, sender=("Ana", address))):
        with pytest.raises(MailFailed, match="not an address") as failed:
            SmtpServer("127.0.0.1", 1, "none").send(bad, Letter("S", "text", ""))
        assert failed.value.permanent
        assert str(failed.value).isprintable()
