"""How a mail is put together: its parts as mail programs look for them, read by two readers."""

from __future__ import annotations

import base64
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from studio_cli.model.message import Envelope, Invitation, Letter
from studio_cli.model.picture import Picture, read_picture
from studio_cli.outside.mime import Wire, compose
from tests.outside.second_reader import SecondReader

ANA = ("Ana Silva Photography", "ana@example.com")
RUI = ("Rui Costa", "rui@example.com")
ENVELOPE = Envelope(ANA, RUI, ANA, "<studio.1@example.com>")
LOGO = read_picture("logo.png", (Path(__file__).parent / "logo.png").read_bytes())
HTML = '<p>Olá – ünï</p><img src="cid:logo" alt="">'
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    "DTSTAMP:20261120T150000Z\r\nDTSTART:20261204T150000Z\r\nDTEND:20261204T160000Z\r\n"
    "SUMMARY:Sessão – 🎉\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
).encode()
INVITED = Invitation("REQUEST", ICS)


def wire(letter: Letter) -> bytes:
    """Return a mail as it goes over the wire."""
    return compose(ENVELOPE, letter).as_bytes(policy=Wire(linesep="\r\n"))


def read(raw: bytes) -> EmailMessage:
    """Return a mail as Python reads it."""
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not [defect for part in mail.walk() for defect in part.defects]
    return mail


def tree(part: EmailMessage) -> object:
    """Return the types of a mail's parts, nested as they are."""
    if not part.is_multipart():
        return part.get_content_type()
    return [part.get_content_type(), *(tree(one) for one in part.iter_parts())]  # type: ignore[arg-type]


PLAIN = "text/plain"
RELATED = ["multipart/related", "text/html", "image/png"]


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (Letter("S", "Olá", ""), PLAIN),
        (Letter("S", "Olá", "<p>Olá</p>"), ["multipart/alternative", PLAIN, "text/html"]),
        (Letter("S", "Olá", HTML, logo=LOGO), ["multipart/alternative", PLAIN, RELATED]),
        (Letter("S", "Olá", "<p>No logo here</p>", logo=LOGO), ["multipart/alternative", PLAIN, "text/html"]),
        (Letter("S", "Olá", "", logo=LOGO), PLAIN),
        (
            Letter("S", "Olá", "", INVITED),
            ["multipart/mixed", ["multipart/alternative", PLAIN, "text/calendar"], "application/ics"],
        ),
        (
            Letter("S", "Olá", HTML, INVITED, LOGO),
            [
                "multipart/mixed",
                ["multipart/alternative", PLAIN, RELATED, "text/calendar"],
                "application/ics",
            ],
        ),
    ],
)
def test_parts(letter: Letter, expected: object) -> None:
    """Each part stands where mail programs look for it, and none is there that was not asked for."""
    assert tree(read(wire(letter))) == expected


def test_logo_is_inline(second_reader: SecondReader) -> None:
    """The logo travels inline under the name that the HTML calls it by, never under the owner's file name."""
    secret = Picture("C:\\Users\\ana\r\nX: y.png", LOGO.media_type, LOGO.width, LOGO.height, LOGO.content)
    raw = wire(Letter("S", "Olá", HTML, logo=secret))
    (image,) = [part for part in read(raw).walk() if part.get_content_type() == "image/png"]
    assert (image["Content-ID"], image.get_content_disposition()) == ("<logo>", "inline")
    assert (image.get_filename(), image.get_content()) == ("logo.png", LOGO.content)
    related = next(part for part in read(raw).walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    (seen,) = second_reader.mail(raw)["parts"]
    assert (seen["cid"], seen["related"], seen["disposition"]) == ("logo", True, "inline")
    assert base64.b64decode(seen["content"]) == LOGO.content
    assert b"Users" not in raw


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_invitation(method: str, second_reader: SecondReader) -> None:
    """The calendar part says its method and its letters, and comes once more as a file, byte for byte."""
    letter = Letter("S", "Olá", HTML, Invitation(method, ICS), LOGO)  # type: ignore[arg-type]
    raw = wire(letter)
    calendar, file = [part for part in read(raw).walk() if part.get_content_subtype() in {"calendar", "ics"}]
    assert (calendar.get_param("method"), calendar.get_param("charset")) == (method, "UTF-8")
    assert calendar.get_content_disposition() is None
    assert calendar["Content-Transfer-Encoding"] == "base64"
    assert (file.get_filename(), file.get_content_disposition()) == ("invite.ics", "attachment")
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True) == ICS
    _, seen, attached = second_reader.mail(raw)["parts"]
    assert seen["parameters"] == {"charset": "UTF-8", "method": method}
    assert base64.b64decode(seen["content"]) == base64.b64decode(attached["content"]) == ICS
    assert second_reader.calendar(ICS)["events"][0]["summary"] == "Sessão – 🎉"


def test_everything_is_short_and_7_bit() -> None:
    """No line is longer than 998 bytes (RFC 5322, 2.1.1), no byte needs 8 bits, no line break is half of one."""
    long = "é" * 5000 + "\n" + "x" * 5000 + "\r.\r\nFrom me\n\x00\u2028\ud800"
    raw = wire(Letter("é" * 1000, long, f"<p>{long}</p>{HTML}", Invitation("REQUEST", ICS * 50), LOGO))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"")
    (text, *_) = [part for part in read(raw).walk() if part.get_content_type() == PLAIN]
    assert (
        text.get_content().replace("\r\n", "\n").startswith("é" * 5000 + "\n" + "x" * 5000 + "\n.\nFrom me\n")
    )


def test_no_answers_from_programs() -> None:
    """A mail that a program sent asks for no vacation notes, in both words for that, and is nobody's subscription."""
    mail = read(wire(Letter("S", "Olá", "")))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert mail["List-Unsubscribe"] is None
    assert mail["Precedence"] is None


def test_headers_begin_on_their_own_line() -> None:
    """No header is empty on its first line: some servers take what follows for the body."""
    raw = wire(Letter("é" * 200, "Olá", ""))
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(not line.endswith(b":") for line in head)
    assert all(line.strip() for line in head)


@pytest.mark.parametrize("secure", [True, False])
def test_button_that_ends_such_mails(secure: bool) -> None:
    """What somebody has asked for can be ended by their mail program, with one click over https (RFC 8058); else nothing."""
    leave = f"http{'s' if secure else ''}://book.example.com/{'path/' * 20}waiting/{'x' * 43}"
    raw = compose(replace(ENVELOPE, leave=leave), Letter("S", "Olá", "")).as_bytes(
        policy=Wire(linesep="\r\n")
    )
    assert f"List-Unsubscribe: <{leave}>\r\n".encode() in raw
    assert (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw) == secure
    assert b"List-Unsubscribe" not in wire(Letter("S", "Olá", ""))
