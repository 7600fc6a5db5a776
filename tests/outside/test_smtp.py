"""Sending one mail over SMTP: real servers on loopback, real TLS, and names that want to be headers."""

from __future__ import annotations

import socket
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.client import ClientDetails
from studio_cli.model.message import Envelope, Letter, MailFailed, MailUnknown
from studio_cli.outside.mime import compose, harmless
from studio_cli.outside.smtp import SmtpServer
from tests.certificate import Certificate
from tests.scripted_smtp import scripted
from tests.smtp_server import MailServer

ANA = ("Ana Silva Photography", "ana@example.com")
RUI = ("Rui Costa", "rui@example.com")
LETTER = Letter("Your session", "Hello\n.\nfrom Ana, é\n", "<p>Hello, é</p>")


def envelope(to: tuple[str, str] = RUI, sender: tuple[str, str] = ANA) -> Envelope:
    return Envelope(sender, to, ANA, "<studio.1@example.com>")


# ── sending ───────────────────────────────────────────────────────────────────────────────────────


def test_mail_arrives_whole(mail_server: MailServer) -> None:
    """A mail arrives with its text, its HTML and its headers, to the one recipient."""
    SmtpServer("127.0.0.1", mail_server.port, "none").send(envelope(), LETTER)
    (received,) = mail_server.received
    assert (received.sender, received.recipients) == ("ana@example.com", ("rui@example.com",))
    assert received.text.splitlines() == ["Hello", ".", "from Ana, é"]
    assert received.html.strip() == "<p>Hello, é</p>"
    assert received.mail["Subject"] == "Your session"
    assert received.mail["From"] == "Ana Silva Photography <ana@example.com>"
    assert received.mail["Message-ID"] == "<studio.1@example.com>"
    assert received.mail["Auto-Submitted"] == "auto-generated"
    assert received.mail["Date"].datetime.utcoffset() is not None


def test_address_outside_ascii_is_delivered(mail_server: MailServer) -> None:
    """An address with letters outside ASCII is delivered as it is, to a server that can (RFC 6531)."""
    SmtpServer("127.0.0.1", mail_server.port, "none").send(envelope(("Ré", "ré@exämple.com")), LETTER)
    (received,) = mail_server.received
    assert received.recipients == ("ré@exämple.com",)
    assert b"<r\xc3\xa9@ex\xc3\xa4mple.com>" in received.raw


def test_domain_outside_ascii_needs_no_new_server() -> None:
    """A domain with letters outside ASCII is written so that a server from before RFC 6531 delivers to it."""
    ana = ("Ana", "ana@müller.example")
    written = Envelope(ana, ("Rui", "rui@müller.example"), ana, "<studio.1@müller.example>")
    with scripted({"DATA": "354 go on"}) as (port, heard):
        SmtpServer("127.0.0.1", port, "none").send(written, LETTER)
    assert "mail FROM:<ana@xn--mller-kva.example>" in heard
    assert "rcpt TO:<rui@xn--mller-kva.example>" in heard
    assert "Message-ID: <studio.1@xn--mller-kva.example>" in heard
    assert "<rui@xn--mller-kva.example>" in heard  # the line of the header To
    assert all(line.isascii() for line in heard)


def test_starttls_and_login(certificate: Certificate) -> None:
    """With STARTTLS the login is sent protected, and the mail arrives."""
    with MailServer(starttls=certificate.server, login=("ana", "secret")) as running:
        server = SmtpServer("127.0.0.1", running.port, "starttls", "ana", "secret", certificate.client)
        server.send(envelope(), LETTER)
        assert len(running.received) == 1


def test_tls_from_the_first_byte(certificate: Certificate) -> None:
    """With TLS from the first byte the mail arrives."""
    with MailServer(tls=certificate.server) as running:
        SmtpServer("127.0.0.1", running.port, "tls", context=certificate.client).send(envelope(), LETTER)
        assert len(running.received) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_unknown_certificate_is_refused(certificate: Certificate, tls: str) -> None:
    """A certificate that nobody vouches for ends the attempt before anything is said."""
    options = {tls: certificate.server}
    with MailServer(**options) as running:
        with pytest.raises(MailFailed, match="vouches for its certificate"):
            SmtpServer("127.0.0.1", running.port, tls, "ana", "secret").send(envelope(), LETTER)
        assert running.received == []


def test_starttls_is_never_skipped(mail_server: MailServer) -> None:
    """Where STARTTLS is set and the server does not offer it, no mail and no password leave."""
    with pytest.raises(MailFailed, match="STARTTLS"):
        SmtpServer("127.0.0.1", mail_server.port, "starttls", "ana", "secret").send(envelope(), LETTER)
    assert mail_server.received == []


def test_wrong_password(certificate: Certificate) -> None:
    """A refused login fails with the server's words, without the password."""
    with MailServer(starttls=certificate.server, login=("ana", "secret")) as running:
        server = SmtpServer("127.0.0.1", running.port, "starttls", "ana", "wr0ng", certificate.client)
        with pytest.raises(MailFailed, match=r"refused the login as ana.*535") as failed:
            server.send(envelope(), LETTER)
        assert "wr0ng" not in str(failed.value)
        assert running.received == []


def test_nobody_listens() -> None:
    """A server that is not there is named in the failure."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(MailFailed, match=f"127.0.0.1:{port} cannot be reached: Connection refused"):
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)


def test_refused_mail(mail_server: MailServer) -> None:
    """A mail that the server refuses after reading it failed: it is known not to have been sent."""
    mail_server.refuse = "554 Looks like spam"
    with pytest.raises(MailFailed, match=r"Looks like spam \(554\)"):
        SmtpServer("127.0.0.1", mail_server.port, "none").send(envelope(), LETTER)


# ── servers that misbehave ────────────────────────────────────────────────────────────────────────


def test_refused_recipient() -> None:
    """A recipient that the server refuses is a failure, and the mail is never handed over."""
    with (
        scripted({"RCPT": "550 No such person"}) as (port, heard),
        pytest.raises(MailFailed, match=r"No such person \(550\)"),
    ):
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)
    assert "data" not in [line.lower() for line in heard]


def test_refused_data() -> None:
    """A server that refuses to take any mail now is a failure, not a doubt."""
    with scripted({"DATA": "451 Later"}) as (port, _), pytest.raises(MailFailed, match=r"Later \(451\)"):
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)


def test_hanging_up_after_the_mail_is_a_doubt() -> None:
    """A connection that breaks after the mail was handed over leaves it unknown: it may have been sent."""
    with scripted({"DATA": "354 go on", ".": None}) as (port, heard), pytest.raises(MailUnknown):
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)
    assert heard[-1] == "."


def test_hanging_up_before_the_mail_is_a_failure() -> None:
    """A connection that breaks before the mail was handed over is a failure: it was not sent."""
    with scripted({"RCPT": None}) as (port, _), pytest.raises(MailFailed):
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)


def test_rude_goodbye_after_the_mail_changes_nothing() -> None:
    """Whatever a server does at parting, a mail that it took is sent."""
    with scripted({"DATA": "354 go on", "QUIT": None}) as (port, _):
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)


def test_address_outside_ascii_needs_a_server_that_can() -> None:
    """A server that cannot deliver to an address outside ASCII is not given the mail."""
    with scripted({}) as (port, heard), pytest.raises(MailFailed, match="outside ASCII") as failed:
        SmtpServer("127.0.0.1", port, "none").send(envelope(("Ré", "ré@example.com")), LETTER)
    assert failed.value.permanent
    assert not any(line.lower().startswith("mail") for line in heard)


def test_own_address_outside_ascii_needs_a_server_that_can() -> None:
    """An address of ours that the server cannot take is a matter of settings: no mail is given up for it."""
    ours = Envelope(ANA, RUI, ("Aná", "aná@example.com"), "<studio.1@example.com>")
    with scripted({}) as (port, heard), pytest.raises(MailFailed, match=r"aná@example\.com") as failed:
        SmtpServer("127.0.0.1", port, "none").send(ours, LETTER)
    assert not failed.value.permanent
    assert not any(line.lower().startswith("mail") for line in heard)


def test_words_of_a_server_cannot_draw_on_a_terminal() -> None:
    """Control characters in what a server says never reach the failure's text."""
    with scripted({"RCPT": "550 \x1b[31mred\x07"}) as (port, _), pytest.raises(MailFailed) as failed:
        SmtpServer("127.0.0.1", port, "none").send(envelope(), LETTER)
    assert "\x1b" not in str(failed.value)
    assert "\x07" not in str(failed.value)


# ── hostile names ─────────────────────────────────────────────────────────────────────────────────


def parsed(mail: EmailMessage) -> EmailMessage:
    back = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert isinstance(back, EmailMessage)
    return back


def one_person(mail: EmailMessage, header: str) -> tuple[str, str]:
    """The name and address of the only person in a header, as RFC 2047 reads them."""
    (raw,) = mail.get_all(header, [])
    (person,) = raw.addresses
    (line,) = [
        value
        for name, value in message_from_bytes(mail.as_bytes(), policy=policy.compat32).items()
        if name == header
    ]
    phrase = " ".join(line.split()).rpartition(" ")[0]
    if phrase.startswith('"'):
        return person.display_name, person.addr_spec
    return str(make_header(decode_header(phrase))), person.addr_spec


HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "=?utf-8?q?=0D=0ABcc=3Aevil@example.com?=", "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=", "\r\n",
                "\nBcc: evil@example.com", ", ", "<evil@example.com>", '"', "\\", ";", ":", "(", ")", "@", "é", "שלום",
                "\u202e", "👩‍👩‍👧", "Rui", " ", "=?", "?=", "\x00", "\u2028", "a" * 60,
            ]
        ),
        max_size=30,
    ).map("".join).map(lambda text: text[:200]),
)  # fmt: skip


@given(name=HOSTILE, subject=HOSTILE)
@example(name="=?utf-8?q?=0D=0ABcc=3Aevil@example.com?=", subject="=?utf-8?q?=0D=0ABcc=3Aevil@example.com?=")
@example(name="Costa, Rui " * 18, subject="a, " * 66)
@example(name='"quo\\ted", <evil@example.com>, ' * 6, subject="\r\nBcc: evil@example.com")
@example(name="é, <evil@example.com>;" * 9, subject="é" * 200)
@example(name="", subject="")
@settings(max_examples=300, deadline=None)
def test_no_name_makes_a_header_or_a_recipient(name: str, subject: str) -> None:
    """Whatever stands in a name or a subject, a mail has one of each header and the one recipient it is for."""
    mail = parsed(compose(envelope((name, RUI[1]), (name, ANA[1])), Letter(subject, "text", "<p>html</p>")))
    names = [header.lower() for header in mail]
    assert {header: names.count(header) for header in ("from", "to", "subject", "reply-to")} == {
        "from": 1, "to": 1, "subject": 1, "reply-to": 1,
    }  # fmt: skip
    assert not {"bcc", "cc", "sender", "resent-to"} & set(names)
    assert one_person(mail, "To") == (harmless(name), RUI[1])
    assert one_person(mail, "From") == (harmless(name), ANA[1])
    assert one_person(mail, "Reply-To") == ANA
    assert mail["Subject"].replace(" ", "") == harmless(subject).replace(" ", "")
    assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content() == "text\n"


@pytest.mark.parametrize(
    "address",
    ["=?utf-8?q?=0D=0ABcc=3Aevil?=@example.com", "rui@example.com\r\nBcc: x", "rui", "@example.com", "rui@"],
)
def test_address_that_is_none_is_not_mailed(address: str) -> None:
    """An address that is none, or hides a header, is refused before a server is asked."""
    with pytest.raises(MailFailed, match="not an address"):
        SmtpServer("127.0.0.1", 1, "none").send(envelope(("Rui", address)), LETTER)


@pytest.mark.parametrize("name", ["Rui\nBcc: evil@example.com", "Rui\r\nCosta", "Rui\x00", "Rui\u2028Costa"])
def test_line_breaks_in_names_are_refused_when_typed(name: str) -> None:
    """A name with a line break or a control character is refused where it is typed."""
    with pytest.raises(WrongUsage):
        ClientDetails.checked(name, "rui@example.com")
