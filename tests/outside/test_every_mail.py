"""Every mail of the studio, through two real servers, read back by two readers: nothing is lost on the way."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from whenever import Instant

from studio_cli.booking import journey, letter, mail, payment, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.model.message import KINDS, Message
from studio_cli.model.reminder import _of_balance, _of_hold, _of_start
from studio_cli.model.session import Session
from studio_cli.outside.smtp import SmtpServer
from tests.conftest import Clock, Maker
from tests.outside.calendar_programs import Kept, imported_by_ical_js, imported_by_khal
from tests.outside.postfix import LOGIN, Postfix
from tests.outside.second_reader import SecondReader
from tests.smtp_server import MailServer

LOGO = Path(__file__).parent / "logo.png"
NAME = "Rui Ñandú, “o Alto”"


@dataclass
class Way:
    """A mail server, how to reach it, and what arrived there."""

    server: SmtpServer
    arrived: Callable[[], bytes]


@pytest.fixture(params=["python", "postfix"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """The Python server without protection, and a real Postfix with STARTTLS and a login."""
    if request.param == "python":
        with MailServer() as python:
            yield Way(
                SmtpServer("127.0.0.1", python.port, "none"),
                lambda: python.received.pop().raw.replace(b"\r\n", b"\n"),
            )
        return
    postfix: Postfix = request.getfixturevalue("postfix")
    usual = SmtpServer("127.0.0.1", postfix.starttls, "starttls", *LOGIN, context=postfix.certificate.client)

    def newest() -> bytes:
        (kept,) = postfix.received(1)
        postfix.empty()
        return kept.as_bytes()

    yield Way(usual, newest)


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A session of a studio that has everything a mail can show, shared with its client."""
    change_setting(studio, "mail.host", "127.0.0.1")
    change_setting(studio, "studio.email", "rui@example.com")  # the one mailbox that Postfix has
    change_setting(studio, "brand.logo", str(LOGO))
    change_setting(studio, "mail.signature", "Ana Silva\n– fotografia –")
    change_setting(studio, "payment.instructions", "IBAN PT50 0002 0123\nou em dinheiro")
    client = make.client(NAME, "rui@example.com")
    made = make.session(client=str(client.id), type=make.type("Sessão de família 🎉").slug, location="Jardim")
    make.link(made)
    return sessions.get(studio, made.id)


STATES: dict[str, Callable[[Studio], object]] = {
    "confirmed": lambda studio: sessions.confirm(studio, "1", tell=False),
    "payment-due": lambda studio: due(studio),
    "tomorrow": lambda studio: due(studio),
    "hold-ending": lambda studio: session_changes.edit(studio, "1", Edits(expires="20h"), tell=False),
    "canceled": lambda studio: sessions.cancel(studio, "1", tell=False),
    "declined": lambda studio: status(studio, "declined"),
    "expired": lambda studio: status(studio, "expired"),
    "requested": lambda studio: asked(studio),
    "proposal": lambda studio: asked(studio),
}


def asked(studio: Studio) -> None:
    """Let the session be a request, for which two other times were proposed."""
    status(studio, "inquiry")
    offered = '["2026-12-07T15:00:00Z", "2026-12-08T15:00:00Z"]'
    studio.file.connection.execute("UPDATE session SET offered = ? WHERE id = 1", (offered,))


def due(studio: Studio) -> None:
    """Let it be the day before a confirmed session, of which the rest is due on the day."""
    session_changes.edit(studio, "1", Edits(balance_due="on the day"), tell=False)
    sessions.confirm(studio, "1", tell=False)
    assert isinstance(studio.clock, Clock)
    studio.clock.now = Instant.from_utc(2026, 12, 3, 15)


OCCASIONS = {"hold-ending": _of_hold, "payment-due": _of_balance, "tomorrow": _of_start}
"""What reminders are for: one that is for something else by now is not sent."""


def status(studio: Studio, to: str) -> None:
    """Give the session a status that no command gives it here."""
    sql = studio.file.connection
    if to in {"declined", "inquiry"}:
        sql.execute("DROP TRIGGER session_transition")
    sql.execute("UPDATE session SET status = ? WHERE id = 1", (to,))


def written(studio: Studio, kind: str) -> Message:
    """Write a mail of a kind with all that it can say."""
    STATES.get(kind, lambda studio: None)(studio)
    paid, back = None, None
    if kind not in {"payment-instructions", "hold-ending", "requested", "proposal"}:  # of what is not paid
        paid = payment.record(studio, "1", "60", tell=False).payment.id
        back = payment.refund(studio, WantedRefund("1", "10", tell=False))[0].payment.id
    session = sessions.get(studio, 1)
    before = {**session.details(), "location": "Estúdio", "starts_at": "2026-12-03T15:00:00Z"}
    before["ends_at"] = "2026-12-03T16:30:00Z"
    about = {"note": "Até já!\nAna", "again": True, "before": before, "refunds": [back] if back else []}
    about |= {"news": "confirmed"} if kind == "owner" else {}
    with studio.file.atomic():
        linked = session.shares[0].id if kind != "owner" else None
        occasion = OCCASIONS[kind](session) if kind in OCCASIONS else "test"
        number = letter.put(studio, session, kind, occasion, about=about, payment_id=paid, share_id=linked)
    assert number is not None
    return mail.get(studio, number)


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_arrives(
    kind: str, way: Way, studio: Studio, session: Session, second_reader: SecondReader
) -> None:
    """Each mail arrives as it was written: people, subject, both texts, logo and calendar part, and one link."""
    before = written(studio, kind)
    sent = mail.deliver(studio, way.server, before.id)
    assert (sent.state, sent.last_error) == ("sent", None)
    raw = way.arrived()
    first = message_from_bytes(raw, policy=policy.default)
    assert isinstance(first, EmailMessage)
    seen = second_reader.mail(raw)

    to = "Ana Silva Photography" if kind == "owner" else NAME
    assert seen["to"] == [[to, "rui@example.com", None]]
    assert seen["from"] == seen["reply_to"] == [["Ana Silva Photography", "rui@example.com", None]]
    assert seen["subject"] == str(first["Subject"]).strip() == sent.letter.subject
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text and html
    link = next((word for word in text.get_content().split() if "/s/" in word), "")
    expected = sent.letter.with_link(link)
    assert text.get_content() == expected.text
    assert seen["text"].strip() == expected.text.strip()
    assert html.get_content().strip() == seen["html"].strip() == expected.html.strip()
    if "{studio:link}" in sent.letter.text:
        assert set(_links(expected.html)) == {link}
        assert journey.visit(studio, link.rpartition("/")[2]).session.id == 1

    types = [part["type"] for part in seen["parts"]]
    assert types.count("image/png") == 1
    if sent.letter.invitation is None:
        assert not any("calendar" in one or "ics" in one for one in types)
    else:
        calendars = [base64.b64decode(one["content"]) for one in seen["parts"] if one["type"] != "image/png"]
        assert calendars == [sent.letter.invitation.content] * 2
    assert (sent.letter.invitation is not None) == (kind in {"confirmed"})


def _links(html: str) -> list[str]:
    return re.findall(r'href="(http://[^"]*)"', html)


# ── the calendar part ─────────────────────────────────────────────────────────────────────────────

TITLE = "Sessão de família 🎉 – Ana Silva Photography"


def test_calendars_follow(
    way: Way, studio: Studio, session: Session, second_reader: SecondReader, tmp_path: Path
) -> None:
    """The mails of a session that is confirmed, moved and canceled put it into two calendars, move it, take it out."""

    def parts(happen: Callable[[], object]) -> bytes:
        happen()
        (sent,) = mail.send_written(studio, way.server)
        assert sent.state == "sent"
        (_, calendar, _) = second_reader.mail(way.arrived())["parts"]
        return base64.b64decode(calendar["content"])

    files = [parts(lambda: sessions.confirm(studio, "1"))]
    first = Kept(TITLE, datetime(2026, 12, 4, 15, tzinfo=UTC), datetime(2026, 12, 4, 16, 30, tzinfo=UTC))
    assert imported_by_khal(tmp_path, files) == imported_by_ical_js(second_reader, files) == [first]
    files.append(parts(lambda: session_changes.reschedule(studio, "1", "2026-12-07 14:00")))
    moved = Kept(TITLE, datetime(2026, 12, 7, 19, tzinfo=UTC), datetime(2026, 12, 7, 20, 30, tzinfo=UTC))
    assert imported_by_khal(tmp_path, files) == imported_by_ical_js(second_reader, files) == [moved]
    files.append(parts(lambda: sessions.cancel(studio, "1")))
    assert imported_by_khal(tmp_path, files) == imported_by_ical_js(second_reader, files) == []
    late = [files[2], files[0], files[1]]
    assert imported_by_ical_js(second_reader, late) == []


def test_shared_again_and_again(way: Way, studio: Studio, session: Session) -> None:
    """Every share by mail is a mail of its own, with a link of its own."""
    links = set()
    for _ in range(3):
        shared = share(studio, "1", "email")
        assert shared.message_id is not None
        mail.deliver(studio, way.server, shared.message_id, shared.link)
        assert str(shared.link).encode() in way.arrived().replace(b"=\r\n", b"").replace(b"=\n", b"")
        links.add(shared.link)
    assert len(links) == 3
