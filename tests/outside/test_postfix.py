"""A real Postfix takes our mails, or refuses them, and two readers read what lies in the mailbox."""

from __future__ import annotations

import base64
import json
import mailbox
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from studio_cli.model.message import Envelope, Invitation, Letter, MailFailed
from studio_cli.outside.smtp import SmtpServer
from tests.conftest import Cli, studio_process
from tests.outside.postfix import LARGEST, LOGIN, Postfix
from tests.outside.second_reader import SecondReader
from tests.outside.test_mime import HTML, ICS, LOGO

ANA = ("Ana Silva – Fotografía", "ana@example.com")
RUI = ('Rui "Ñandú" Costa, שלום', "rui@example.com")
ENVELOPE = Envelope(ANA, RUI, ANA, "<studio.1@example.com>")
LETTER = Letter("Sessão 🎉 – 写真", "Olá Rui,\n.\n密码 é\n", "<p>Olá <b>Rui</b> – 🎉</p>")


def server(postfix: Postfix, **other: object) -> SmtpServer:
    """Return the way to Postfix that a studio would take: STARTTLS and a login."""
    usual = SmtpServer("127.0.0.1", postfix.starttls, "starttls", *LOGIN, context=postfix.certificate.client)
    return replace(usual, **other)  # type: ignore[arg-type]


def arrived(postfix: Postfix) -> tuple[bytes, EmailMessage]:
    """Return the one mail that arrived, as it came in, and as Python reads it."""
    (kept,) = postfix.received(1)
    assert isinstance(kept, mailbox.MaildirMessage)
    raw = kept.as_bytes()
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return raw, mail


def refused(
    postfix: Postfix, way: SmtpServer, envelope: Envelope = ENVELOPE, letter: Letter = LETTER
) -> MailFailed:
    """Send a mail that Postfix does not take; return the failure. Nothing arrives."""
    with pytest.raises(MailFailed) as failed:
        way.send(envelope, letter)
    assert not any(postfix.boxes.values())
    return failed.value


# ── taken ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["starttls", "tls", "plain"])
def test_every_way_in(postfix: Postfix, way: str) -> None:
    """A mail arrives over STARTTLS and over TLS with a login, and in the clear without."""
    if way == "plain":
        SmtpServer("127.0.0.1", postfix.plain, "none").send(ENVELOPE, LETTER)
    else:
        server(postfix, port=getattr(postfix, way), tls=way).send(ENVELOPE, LETTER)
    assert arrived(postfix)[1]["Delivered-To"] == "rui@example.com"


def test_plain_text(postfix: Postfix, second_reader: SecondReader) -> None:
    """A mail of text alone arrives as it was written, in every script, for both readers."""
    server(postfix).send(ENVELOPE, replace(LETTER, html=""))
    raw, mail = arrived(postfix)
    assert mail.get_content() == LETTER.text
    assert mail["Subject"] == LETTER.subject
    assert mail["Return-Path"] == "<ana@example.com>"
    seen = second_reader.mail(raw)
    assert seen["text"] == LETTER.text
    assert seen["subject"] == LETTER.subject
    assert seen["to"] == [[RUI[0], RUI[1], None]]
    assert seen["from"] == seen["reply_to"] == [[ANA[0], ANA[1], None]]
    assert seen["others"] == seen["parts"] == []


def test_html_and_logo(postfix: Postfix, second_reader: SecondReader) -> None:
    """HTML with the logo arrives with the very bytes of the picture, under the name that the HTML calls."""
    server(postfix).send(ENVELOPE, replace(LETTER, html=HTML, logo=LOGO))
    raw, mail = arrived(postfix)
    body = mail.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == HTML
    seen = second_reader.mail(raw)
    assert seen["html"].strip() == HTML
    (image,) = seen["parts"]
    assert (image["cid"], image["related"], image["type"]) == ("logo", True, "image/png")
    assert base64.b64decode(image["content"]) == LOGO.content


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_invitation(method: str, postfix: Postfix, second_reader: SecondReader) -> None:
    """An invitation and its cancellation arrive byte for byte, as an alternative and as a file."""
    content = ICS.replace(b"METHOD:REQUEST", f"METHOD:{method}".encode())
    invitation = Invitation(method, content)  # type: ignore[arg-type]
    server(postfix).send(ENVELOPE, replace(LETTER, html=HTML, logo=LOGO, invitation=invitation))
    raw, _ = arrived(postfix)
    _, calendar, file = second_reader.mail(raw)["parts"]
    assert calendar["parameters"]["method"] == method
    assert base64.b64decode(calendar["content"]) == base64.b64decode(file["content"]) == content
    told = second_reader.calendar(base64.b64decode(file["content"]))
    assert (told["method"], told["events"][0]["summary"]) == (method, "Sessão – 🎉")


def test_address_outside_ascii(postfix: Postfix, second_reader: SecondReader) -> None:
    """An address with letters outside ASCII reaches its mailbox (RFC 6531)."""
    server(postfix).send(replace(ENVELOPE, to=("Ré", "ré@example.net")), LETTER)
    (mail,) = postfix.received(1, "others")
    assert second_reader.mail(mail.as_bytes())["to"] == [["Ré", "ré@example.net", None]]


# ── refused ───────────────────────────────────────────────────────────────────────────────────────


def test_wrong_password(postfix: Postfix) -> None:
    """A wrong password is refused at the login; that may be put right."""
    failure = refused(postfix, server(postfix, password="wr0ng"))
    assert "refused the login as ana: 5.7.8 Error: authentication failed" in str(failure)
    assert not failure.permanent
    assert "wr0ng" not in postfix.log


def test_no_login_without_tls(postfix: Postfix) -> None:
    """Without TLS Postfix offers no login, and none is tried."""
    failure = refused(postfix, server(postfix, tls="none"))
    assert "offers no login without TLS" in str(failure)


def test_certificate_that_nobody_knows(postfix: Postfix) -> None:
    """A certificate that this machine does not know ends it before the login."""
    assert "vouches for its certificate" in str(refused(postfix, server(postfix, context=None)))


def test_wrong_ports(postfix: Postfix) -> None:
    """STARTTLS where there is none, and TLS where there is no TLS, are told apart."""
    assert "offers no STARTTLS" in str(refused(postfix, server(postfix, port=postfix.plain)))
    assert "does not speak TLS" in str(refused(postfix, server(postfix, tls="tls")))


def test_relay_denied(postfix: Postfix) -> None:
    """A stranger's address without a login is refused as relaying; that may be put right with a login."""
    elsewhere = replace(ENVELOPE, to=("Eva", "eva@elsewhere.example"))
    way = SmtpServer("127.0.0.1", postfix.plain, "none")
    failure = refused(postfix, way, elsewhere)
    assert "Relay access denied (554)" in str(failure)
    assert "studio config set mail.user" in str(failure.hint)
    assert not failure.permanent


def test_unknown_recipient(postfix: Postfix) -> None:
    """A recipient whom Postfix does not know is refused for good."""
    failure = refused(postfix, server(postfix), replace(ENVELOPE, to=("Nobody", "nobody@example.com")))
    assert "refused the recipient nobody@example.com: 5.1.1" in str(failure)
    assert failure.permanent


def test_too_large(postfix: Postfix) -> None:
    """A mail larger than Postfix takes is refused for good, without being sent."""
    failure = refused(postfix, server(postfix), letter=replace(LETTER, text="x" * LARGEST))
    assert f"takes mails of at most {LARGEST // 1000} KB" in str(failure)
    assert failure.permanent
    assert "message-id" not in postfix.log.rpartition("postfix/smtpd")[2]


# ── studio mail test ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def with_postfix(postfix: Postfix, new_studio: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A studio that sends over Postfix, its password kept."""
    for name, value in (
        ("mail.host", "127.0.0.1"), ("mail.port", str(postfix.starttls)), ("mail.tls", "starttls"), ("mail.user", LOGIN[0]),
    ):  # fmt: skip
        new_studio("config", "set", name, value).ok()
    assert studio_process("config", "secret", "mail.password", input=f"{LOGIN[1]}\n").returncode == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(postfix.certificate.certificate))
    return new_studio


@pytest.mark.usefixtures("with_postfix")
def test_mail_test(postfix: Postfix) -> None:
    """studio mail test, as a process, goes through all six steps, and the test arrives."""
    done = studio_process("mail", "test", "rui@example.com")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(row[0], row[1]) for row in rows] == [
        (step, "done") for step in ("name", "connection", "greeting", "tls", "login", "acceptance")
    ]
    assert rows[-1][3].startswith("taken for rui@example.com: 2.0.0 Ok: queued as ")
    assert arrived(postfix)[1]["Subject"] == "Test from Ana Silva Photography"


@pytest.mark.parametrize(
    ("change", "step", "words"),
    [
        (("mail.host", "localhost"), "tls", "the certificate of another name"),
        (("mail.tls", "tls"), "tls", "does not speak TLS from the first byte"),
        (("mail.tls", "none"), "login", "offers no login without TLS"),
        (("mail.user", "eva"), "login", "authentication failed"),
        (("mail.port", "plain"), "tls", "offers no STARTTLS"),
    ],
)
def test_mail_test_that_fails(
    with_postfix: Cli, postfix: Postfix, change: tuple[str, str], step: str, words: str
) -> None:
    """A wrong setting fails at its step, with exit 5, one JSON document of steps, and a hint."""
    name, value = change
    with_postfix("config", "set", name, str(postfix.plain) if value == "plain" else value).ok()
    done = studio_process("mail", "test", "rui@example.com", "--json")
    assert done.returncode == 5
    told = json.loads(done.stdout)
    assert (told["state"], told["steps"][-1]["step"], told["steps"][-1]["ok"]) == ("failed", step, False)
    error = json.loads(done.stderr)["error"]
    assert words in error["message"]
    assert error["hint"]
    assert LOGIN[1] not in done.stdout + done.stderr


def test_outbox_through_postfix(with_postfix: Cli, postfix: Postfix, second_reader: SecondReader) -> None:
    """A session shared by mail arrives over Postfix, and its link is in the text and in the HTML."""
    with_postfix("client", "add", "Rui Costa", "--email", "rui@example.com").ok()
    with_postfix(
        "session", "new", "--one-off", "Sessão – 🎉", "--duration", "1h", "--client", "rui", "--at", "2026-12-04 10:00"
    ).ok()  # fmt: skip
    shared = studio_process("session", "share", "1", "--email", "--json")
    assert shared.returncode == 0, shared.stderr
    seen = second_reader.mail(arrived(postfix)[0])
    link = json.loads(shared.stdout)["link"]
    assert link in seen["text"]
    assert link in seen["html"]
    assert "Sessão – 🎉" in seen["text"]


def test_nothing_can_leave(postfix: Postfix) -> None:
    """The Postfix of these tests has no service that talks to another machine, and takes nothing for one."""
    services = [line.split() for line in (postfix.folder / "master.cf").read_text().splitlines() if line]
    assert not {"smtp", "relay", "lmtp", "pipe"} & {word for line in services for word in (line[0], line[7])}
    failure = refused(postfix, server(postfix), replace(ENVELOPE, to=("Eva", "eva@elsewhere.example")))
    assert "nothing leaves this machine" in str(failure)
