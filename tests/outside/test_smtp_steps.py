"""Each step of a conversation with a mail server, failing in every way that was thought of: which, why, what helps."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_cli.model.message import Envelope, Letter, MailFailed, MailUnknown, Step
from studio_cli.outside import smtp
from studio_cli.outside.smtp import SmtpServer
from tests.certificate import Certificate, make_certificate
from tests.scripted_smtp import scripted
from tests.smtp_server import MailServer

ANA = ("Ana Silva Photography", "ana@example.com")
RUI = ("Rui Costa", "rui@example.com")
LETTER = Letter("Your session", "Hello", "")
ENVELOPE = Envelope(ANA, RUI, ANA, "<studio.1@example.com>")


def tried(server: SmtpServer) -> tuple[list[Step], MailFailed | MailUnknown | None]:
    """Send a mail; return the steps, and the failure if there is one. Only the last step can have failed."""
    steps = []
    try:
        for step in server.steps(ENVELOPE, LETTER):
            steps.append(step)
    except (MailFailed, MailUnknown) as failure:
        assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
        assert steps[-1].detail == str(failure)
        return steps, failure
    assert all(step.ok for step in steps)
    return steps, None


def failed(server: SmtpServer, step: str) -> MailFailed:
    """Send a mail that fails at that step, with a sentence and a hint; return the failure."""
    steps, failure = tried(server)
    assert isinstance(failure, MailFailed)
    assert steps[-1].name == step
    assert str(failure).endswith(".")
    assert failure.hint
    return failure


@contextlib.contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with its one connection whatever ``talk`` does, and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError), listening.accept()[0] as peer:
            talk(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(5)


def waiting(peer: socket.socket) -> None:
    """Say nothing until the other side goes."""
    while peer.recv(1000):
        pass


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is given up after half a second."""
    for name in ("TALKING", "CONNECTING", "PATIENCE", "TAKING", "PARTING"):
        monkeypatch.setattr(smtp, f"{name}_SECONDS", 0.5)


# ── all is well ───────────────────────────────────────────────────────────────────────────────────


def test_every_step(certificate: Certificate) -> None:
    """With STARTTLS and a login there are six steps, each with something worth telling."""
    with MailServer(starttls=certificate.server, login=("ana", "secret")) as running:
        server = SmtpServer("127.0.0.1", running.port, "starttls", "ana", "secret", certificate.client)
        steps, failure = tried(server)
    assert failure is None
    assert [step.name for step in steps] == ["name", "connection", "greeting", "tls", "login", "acceptance"]
    assert steps[1].detail == f"127.0.0.1 answers on port {running.port}"
    assert steps[3].detail.startswith("TLSv1.3, the certificate is good until 20")
    assert steps[4].detail == "as ana"
    assert steps[5].detail == "taken for rui@example.com: OK"


def test_tls_comes_first(certificate: Certificate) -> None:
    """With TLS from the first byte the greeting is read under its protection."""
    with MailServer(tls=certificate.server) as running:
        steps, failure = tried(SmtpServer("127.0.0.1", running.port, "tls", context=certificate.client))
    assert failure is None
    assert [step.name for step in steps] == ["name", "connection", "tls", "greeting", "acceptance"]


def test_machine_is_not_named() -> None:
    """The server is told our address on this line, not the machine's name."""
    with scripted({"DATA": "354 go on"}) as (port, heard):
        assert tried(SmtpServer("127.0.0.1", port, "none"))[1] is None
    assert heard[0] == "ehlo [127.0.0.1]"
    assert socket.gethostname() not in " ".join(heard)


def test_old_server() -> None:
    """A server that knows only HELO takes mail too."""
    with scripted({"EHLO": "502 what?", "DATA": "354 go on"}) as (port, heard):
        assert tried(SmtpServer("127.0.0.1", port, "none"))[1] is None
    assert heard[1] == "helo [127.0.0.1]"


def test_dots(mail_server: MailServer) -> None:
    """A line that is a dot, or begins with one, arrives as it was written and ends nothing."""
    text = ".\n..\n.a\na.\n.\n"
    letter = Letter("Dots", text, "")
    SmtpServer("127.0.0.1", mail_server.port, "none").send(ENVELOPE, letter)
    assert mail_server.received[0].text.replace("\r\n", "\n") == text


# ── name and connection ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["no-such-server.invalid", "smtp..example.com", "a" * 70 + ".example.com"])
def test_name_that_leads_nowhere(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not exist, or cannot, fails at the name and says how to correct it."""

    def nobody(*asked: object, **more: object) -> None:  # no resolver has to be there
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    if host.endswith(".invalid"):
        monkeypatch.setattr(socket, "getaddrinfo", nobody)
    failure = failed(SmtpServer(host, 587, "starttls"), "name")
    assert str(failure).startswith(f"There is no server named {host}: ")
    assert "studio config set mail.host" in str(failure.hint)


def test_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no name can be looked up at all, the name is not blamed."""

    def offline(*asked: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    failure = failed(SmtpServer("smtp.example.com", 587, "starttls"), "name")
    assert "could not be looked up" in str(failure)
    assert "online" in str(failure.hint)


@pytest.mark.usefixtures("hurried")
def test_slow_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up for ever is given up."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: time.sleep(3))
    began = time.monotonic()
    failed(SmtpServer("smtp.example.com", 587, "starttls"), "name")
    assert time.monotonic() - began < 2


def test_refused_connection() -> None:
    """A port that nobody listens on is named, with the ports that are usual."""
    port = free_port()
    failure = failed(SmtpServer("127.0.0.1", port, "starttls"), "connection")
    assert str(failure) == f"127.0.0.1:{port} cannot be reached: Connection refused."
    assert "587 goes with starttls, 465 with tls" in str(failure.hint)


@pytest.mark.usefixtures("hurried")
def test_connection_that_is_never_made() -> None:
    """A firewall that swallows everything ends in a timeout that says so."""
    with socket.socket() as full:  # a queue of connections that nobody takes any from
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting_in_line = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting_in_line.append(one)
        failure = failed(SmtpServer("127.0.0.1", full.getsockname()[1], "none"), "connection")
        for one in waiting_in_line:
            one.close()
    assert "does not answer (timed out)" in str(failure)
    assert "firewall" in str(failure.hint)


def test_second_address_is_tried(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with two addresses, one of which leads nowhere, is reached at the other."""
    there = socket.getaddrinfo("127.0.0.1", mail_server.port, type=socket.SOCK_STREAM)
    nowhere = socket.getaddrinfo("127.0.0.1", free_port(), type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: [*nowhere, *there])
    steps, failure = tried(SmtpServer("two.example.com", mail_server.port, "none"))
    assert failure is None
    assert steps[0].detail == "two.example.com is 127.0.0.1 and 1 more"
    assert len(mail_server.received) == 1


# ── greeting ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("says", "what"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "That is SSH"),
        (b"* OK IMAP4rev1 ready\r\n", "That is IMAP"),
        (b"+OK POP3 ready\r\n", "That is POP3"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "That is a web server"),
        (b"\x00\x01\x02\xff\r\n", "That is not a mail server"),
        (b"220\x1b[31m\r\n", None),
    ],
)
def test_something_else_answers(says: bytes, what: str | None) -> None:
    """What answers but is no mail server is called by its name; nothing it says can draw on a terminal."""

    def talk(peer: socket.socket) -> None:
        peer.sendall(says)
        waiting(peer)

    with answering(talk) as port:
        if what is None:
            steps = SmtpServer("127.0.0.1", port, "none").steps(ENVELOPE, LETTER)
            assert "\x1b" not in "".join(next(steps).detail for _ in range(2))
            steps.close()  # type: ignore[attr-defined]
        else:
            failure = failed(SmtpServer("127.0.0.1", port, "none"), "greeting")
            assert what in str(failure)
            assert str(failure).isprintable()


@pytest.mark.parametrize("greeting", ["421 Too busy", "554 Not you"])
def test_unwelcome(greeting: str) -> None:
    """A server that does not want to talk is quoted; that may pass."""
    with answering(lambda peer: peer.sendall(f"{greeting}\r\n".encode())) as port:
        failure = failed(SmtpServer("127.0.0.1", port, "none"), "greeting")
    assert greeting[4:] in str(failure)
    assert not failure.permanent


def test_hanging_up_at_once() -> None:
    """A server that hangs up without a word fails at the greeting."""
    with answering(lambda peer: None) as port:
        assert "ended the connection" in str(failed(SmtpServer("127.0.0.1", port, "none"), "greeting"))


@pytest.mark.parametrize("tls", ["starttls", "none"])
def test_tls_port_without_tls(tls: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that speaks TLS from the first byte is found out long before the time is up: the hint is mail.tls tls."""
    monkeypatch.setattr(smtp, "PATIENCE_SECONDS", 0.3)
    began = time.monotonic()
    with MailServer(tls=certificate.server) as running:
        failure = failed(SmtpServer("127.0.0.1", running.port, tls), "greeting")
    assert "speaks TLS from the first byte" in str(failure)
    assert "studio config set mail.tls tls" in str(failure.hint)
    assert time.monotonic() - began < 3


def test_slow_greeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes its time is waited for: that we looked for TLS meanwhile does it no harm."""
    monkeypatch.setattr(smtp, "PATIENCE_SECONDS", 0.2)

    def talk(peer: socket.socket) -> None:
        time.sleep(0.8)
        peer.sendall(b"220 here\r\n")
        for _ in range(3):
            peer.recv(1000)
            peer.sendall(b"250 fine\r\n")

    with answering(talk) as port:
        steps = SmtpServer("127.0.0.1", port, "none").steps(ENVELOPE, LETTER)
        assert [next(steps).ok for _ in range(3)] == [True, True, True]
        steps.close()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("hurried")
def test_silent_port() -> None:
    """A port that says nothing at all, and answers no TLS either, is given up."""
    with answering(waiting) as port:
        failure = failed(SmtpServer("127.0.0.1", port, "starttls"), "greeting")
    assert "does not greet (timed out)" in str(failure)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("drip", [b"2", b"220-wait\r\n"])
def test_tarpit(drip: bytes) -> None:
    """A server that drips its greeting, byte by byte or line by line, is given up in time."""

    def talk(peer: socket.socket) -> None:
        for _ in range(500):
            peer.sendall(drip)
            time.sleep(0.01)

    began = time.monotonic()
    with answering(talk) as port:
        failed(SmtpServer("127.0.0.1", port, "none"), "greeting")
        assert time.monotonic() - began < 2


def test_tarpit_that_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that drips and then says nothing gets no more time than one that says nothing."""
    monkeypatch.setattr(smtp, "TALKING_SECONDS", 1)

    def talk(peer: socket.socket) -> None:
        for _ in range(8):
            peer.sendall(b"2")
            time.sleep(0.1)
        waiting(peer)

    began = time.monotonic()
    with answering(talk) as port:
        failed(SmtpServer("127.0.0.1", port, "none"), "greeting")
        assert time.monotonic() - began < 1.5


def test_under_a_minute() -> None:
    """However slow a server is, a small mail is taken, refused or given up within a minute."""
    assert smtp.TALKING_SECONDS + 2 * smtp.PATIENCE_SECONDS < 40
    assert smtp.TALKING_SECONDS + smtp.TAKING_SECONDS + smtp.PARTING_SECONDS < 60


# ── TLS ───────────────────────────────────────────────────────────────────────────────────────────


def test_plain_port_with_tls(mail_server: MailServer) -> None:
    """TLS from the first byte on a port that begins without: the hint is mail.tls starttls."""

    def greets(peer: socket.socket) -> None:
        peer.sendall(b"220 here\r\n")
        waiting(peer)

    with answering(greets) as port:
        failure = failed(SmtpServer("127.0.0.1", port, "tls"), "tls")
    assert "does not speak TLS from the first byte" in str(failure)
    assert "studio config set mail.tls starttls" in str(failure.hint)


def test_no_starttls(mail_server: MailServer) -> None:
    """A server without STARTTLS is told nothing more."""
    failure = failed(SmtpServer("127.0.0.1", mail_server.port, "starttls", "ana", "secret"), "tls")
    assert "offers no STARTTLS, so nothing was sent" in str(failure)


def test_starttls_refused() -> None:
    """A server that offers STARTTLS and then refuses is quoted."""
    answers = {"EHLO": "250-here\r\n250 STARTTLS", "STARTTLS": "454 TLS not available"}
    with scripted(answers) as (port, _):
        failure = failed(SmtpServer("127.0.0.1", port, "starttls"), "tls")
    assert "TLS not available (454)" in str(failure)


def test_starttls_without_tls() -> None:
    """A server that says yes to STARTTLS and goes on in the clear is told nothing more."""
    answers = {"EHLO": "250-here\r\n250 STARTTLS", "STARTTLS": "220 go on\r\n250 anything\r\n250 anything"}
    with scripted(answers) as (port, heard):
        failure = failed(SmtpServer("127.0.0.1", port, "starttls", "ana", "secret"), "tls")
    assert "the protected connection failed" in str(failure)
    assert not any("AUTH" in line for line in heard)


def test_nothing_from_before_tls_counts(certificate: Certificate) -> None:
    """What somebody on the way puts behind the answer to STARTTLS is not taken for the server's word."""
    heard = []

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 here\r\n")
        peer.recv(1000)
        peer.sendall(b"250-here\r\n250 STARTTLS\r\n")
        peer.recv(1000)
        peer.sendall(b"220 go on\r\n250-here\r\n250 AUTH PLAIN\r\n")
        with certificate.server.wrap_socket(peer, server_side=True) as protected:
            heard.append(protected.recv(1000))
            protected.sendall(b"250 here\r\n")
            heard.append(protected.recv(1000))

    with answering(talk) as port:
        server = SmtpServer("127.0.0.1", port, "starttls", "ana", "secret", certificate.client)
        assert "offers no login" in str(failed(server, "login"))
    assert heard[0] == b"ehlo [127.0.0.1]\r\n"
    assert not any(b"AUTH" in line for line in heard)


@pytest.mark.parametrize(
    ("days", "address", "host", "words"),
    [
        (1, "127.0.0.1", "localhost", "has the certificate of another name"),
        (1, "127.0.0.2", "127.0.0.1", "has the certificate of another name"),
        (-2, "127.0.0.1", "127.0.0.1", "certificate has expired"),
    ],
)
def test_wrong_certificate(days: int, address: str, host: str, words: str, tmp_path: Path) -> None:
    """A certificate of another name, or one that has expired, ends the attempt before anything is said."""
    certificate = make_certificate(tmp_path, address, days=days)
    with MailServer(starttls=certificate.server) as running:
        server = SmtpServer(host, running.port, "starttls", context=certificate.client)
        failure = failed(server, "tls")
        assert running.received == []
    assert words in str(failure)


@pytest.mark.usefixtures("hurried")
def test_silence_at_tls() -> None:
    """A server that says nothing when TLS is to begin is given up."""
    with answering(waiting) as port:
        assert "did not answer in time" in str(failed(SmtpServer("127.0.0.1", port, "tls"), "tls"))


def test_hanging_up_at_tls() -> None:
    """A server that hangs up when TLS is to begin fails at TLS."""
    with answering(lambda peer: peer.recv(10)) as port:
        failed(SmtpServer("127.0.0.1", port, "tls"), "tls")


# ── login ─────────────────────────────────────────────────────────────────────────────────────────


def test_no_password_kept(mail_server: MailServer) -> None:
    """A login without a password says how to keep one; nothing is sent."""
    failure = failed(SmtpServer("127.0.0.1", mail_server.port, "none", "ana"), "login")
    assert str(failure) == "No password is kept for ana."
    assert failure.hint == "Keep it: studio config secret mail.password"
    assert mail_server.received == []


def test_no_login_in_the_clear() -> None:
    """Without TLS a password is sent to this machine only."""
    here = next(iter(own_addresses()), None)
    if here is None:
        pytest.skip("This machine has no address but loopback.")
    with socket.create_server((here, 0)) as listening:
        heard: list[bytes] = []

        def serve() -> None:
            with contextlib.suppress(OSError), listening.accept()[0] as peer:
                peer.sendall(b"220 here\r\n")
                heard.append(peer.recv(1000))
                peer.sendall(b"250-here\r\n250 AUTH PLAIN\r\n")
                while (said := peer.recv(1000)) and b"quit" not in said.lower():
                    heard.append(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        server = SmtpServer(here, listening.getsockname()[1], "none", "ana", "secret")
        failure = failed(server, "login")
        thread.join(5)
    assert "without TLS everybody on the way could read it" in str(failure)
    assert not any(b"AUTH" in said for said in heard)


def own_addresses() -> list[str]:
    """Return this machine's addresses that are not loopback; no packet is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return [probe.getsockname()[0]]
    return []


@pytest.mark.parametrize(
    ("offered", "words"),
    [("250 8BITMIME", "offers no login without TLS"), ("250 AUTH XOAUTH2 GSSAPI", "XOAUTH2 GSSAPI")],
)
def test_no_login_that_we_know(offered: str, words: str) -> None:
    """A server without a login, or with none that takes a password, is told so."""
    with scripted({"EHLO": f"250-here\r\n{offered}"}) as (port, heard):
        assert words in str(failed(SmtpServer("127.0.0.1", port, "none", "ana", "secret"), "login"))
    assert not any("secret" in line for line in heard)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("535 5.7.8 Username and Password not accepted", "app password"),
        ("534 5.7.9 Application-specific password required", "app password"),
        ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled", "Microsoft"),
        ("454 4.7.0 Temporary authentication failure", "Try again"),
        ("421 Too many logins", "Try again"),
    ],
)
def test_refused_login(answer: str, hint: str) -> None:
    """A refused login is quoted with what helps, never with the password; it is no fault of the mail."""
    with scripted({"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": answer}) as (port, _):
        failure = failed(SmtpServer("127.0.0.1", port, "none", "ana", "geheim-1"), "login")
    assert answer[4:] in str(failure)
    assert hint in str(failure.hint)
    assert "geheim-1" not in str(failure)
    assert not failure.permanent


def test_password_beyond_ascii(certificate: Certificate) -> None:
    """A password with letters outside ASCII is sent as UTF-8."""
    with MailServer(starttls=certificate.server, login=("ána", "contraseña 密码")) as running:
        server = SmtpServer("127.0.0.1", running.port, "starttls", "ána", "contraseña 密码")
        good = SmtpServer(server.host, server.port, server.tls, "ána", server.password, certificate.client)
        assert tried(good)[1] is None
        bad = SmtpServer(server.host, server.port, server.tls, "ána", "señal", certificate.client)
        assert "refused the login as ána" in str(failed(bad, "login"))


# ── acceptance ────────────────────────────────────────────────────────────────────────────────────

FOR_GOOD = [
    ("RCPT", "550 No such person"),
    ("RCPT", "550 5.1.1 The email account that you tried to reach does not exist"),
    ("RCPT", "553 5.1.3 Not an address"),
    ("RCPT", "550 5.4.1 Recipient address rejected: Access denied"),
    ("RCPT", "550 5.2.1 The account is disabled"),
    ("RCPT", "556 5.1.10 Domain does not take mail"),
    (".", "554 5.6.0 What is this?"),
    (".", "552 5.3.4 Too large"),
    ("DATA", "554 No valid recipients"),
    ("MAIL", "552 5.3.4 Too large"),
]
FOR_NOW = [
    ("MAIL", "550 5.1.8 Sender unknown"),
    ("MAIL", "530 5.7.0 Authentication required"),
    ("MAIL", "451 Later"),
    ("RCPT", "450 4.2.1 Greylisted"),
    ("RCPT", "452 4.2.2 Mailbox full"),
    ("RCPT", "421 Closing"),
    ("RCPT", "530 Log in first"),
    ("RCPT", "535 Log in first"),
    ("RCPT", "550 relay not permitted"),
    ("RCPT", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    ("RCPT", "554 5.7.1 <rui@example.com>: Relay access denied"),
    ("RCPT", "550 5.1.8 Sender address rejected: Domain not found"),
    ("RCPT", "550 Sender verify failed"),
    ("RCPT", "550 5.4.5 Daily user sending limit exceeded"),
    (".", "554 Message rejected: Email address is not verified"),
    ("RCPT", "503 5.5.1 Bad sequence"),
    ("RCPT", "550 4.7.1 Come back"),
    ("DATA", "451 Later"),
    ("DATA", "421 Closing"),
    (".", "421 Closing"),
    (".", "550 5.1.8 Sender address rejected"),
    (".", "451 4.3.0 Later"),
    (".", "554 5.7.1 Policy"),
    (".", "550 5.7.26 Not authenticated"),
    (".", "554 Looks like spam"),
]


@pytest.mark.parametrize(
    ("word", "answer", "permanent"),
    [(*one, True) for one in FOR_GOOD] + [(*one, False) for one in FOR_NOW],
)
def test_refusals(word: str, answer: str, permanent: bool) -> None:
    """A refusal is quoted, and permanent only when this recipient or this mail will never be taken."""
    answers: dict[str, str | None] = {"DATA": "354 go on", word: answer}
    with scripted(answers) as (port, _):
        failure = failed(SmtpServer("127.0.0.1", port, "none"), "acceptance")
    assert f"{answer[4:]} ({answer[:3]})" in str(failure)
    assert failure.permanent is permanent


def test_login_wanted() -> None:
    """A server that relays nothing without a login says how to set one."""
    with scripted({"RCPT": "554 5.7.1 Relay access denied"}) as (port, _):
        failure = failed(SmtpServer("127.0.0.1", port, "none"), "acceptance")
    assert "studio config set mail.user" in str(failure.hint)


@pytest.mark.parametrize("word", ["MAIL", "RCPT"])
def test_sender_that_is_not_ours(word: str) -> None:
    """A server that refuses the sender, at once or when it hears the recipient, says how to set another."""
    with scripted({word: "553 5.7.1 Sender address rejected: not owned by user"}) as (port, _):
        failure = failed(SmtpServer("127.0.0.1", port, "none"), "acceptance")
    assert "refused the sender" in str(failure)
    assert "studio config set mail.from" in str(failure.hint)


def test_too_large_is_not_even_tried() -> None:
    """A mail larger than the server says it takes is not handed over, and never will be."""
    with scripted({"EHLO": "250-here\r\n250 SIZE 300"}) as (port, heard):
        failure = failed(SmtpServer("127.0.0.1", port, "none"), "acceptance")
    assert "takes mails of at most" in str(failure)
    assert failure.permanent
    assert not any(line.lower().startswith("mail") for line in heard)


def test_size_is_said() -> None:
    """A server that asks is told the size before."""
    with scripted({"EHLO": "250-here\r\n250 SIZE 0", "DATA": "354 go on"}) as (port, heard):
        assert tried(SmtpServer("127.0.0.1", port, "none"))[1] is None
    assert any("SIZE=" in line.upper() for line in heard)


def test_a_yes_at_the_wrong_time_is_no_mail_taken() -> None:
    """A server that says that all is well before it was given the mail has not taken it."""
    with scripted({"DATA": "250 fine"}) as (port, heard):
        failure = failed(SmtpServer("127.0.0.1", port, "none"), "acceptance")
    assert not failure.permanent
    assert not any(line.startswith("Subject") for line in heard)


@pytest.mark.parametrize("word", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_hanging_up_before_the_end_is_a_failure(word: str) -> None:
    """A connection that ends before the last dot of the mail is a failure that may pass: the server has no mail."""
    with scripted({"DATA": "354 go on", word: None}) as (port, _):
        failure = tried(SmtpServer("127.0.0.1", port, "none"))[1]
    assert isinstance(failure, MailFailed)
    assert not failure.permanent


@pytest.mark.usefixtures("hurried")
def test_silence_after_the_mail_is_a_doubt() -> None:
    """A server that never says whether it took the mail leaves it unknown."""

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 here\r\n")
        for answer in (b"250 here", b"250 ok", b"250 ok", b"354 go on"):
            peer.recv(1000)
            peer.sendall(answer + b"\r\n")
        waiting(peer)

    with answering(talk) as port:
        failure = tried(SmtpServer("127.0.0.1", port, "none"))[1]
    assert isinstance(failure, MailUnknown)
    assert "did not answer in time" in str(failure)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("parting", [None, "500 Rude", "421 Gone", "silence"])
def test_parting_changes_nothing(parting: str | None) -> None:
    """A mail that was taken is sent, whatever is answered to QUIT, and nobody waits long for it."""
    began = time.monotonic()

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 here\r\n")
        for answer in (b"250 here", b"250 ok", b"250 ok", b"354 go on"):
            peer.recv(1000)
            peer.sendall(answer + b"\r\n")
        said = b""
        while not said.endswith(b"\r\n.\r\n"):
            said += peer.recv(1000)
        peer.sendall(b"250 taken\r\n")
        peer.recv(1000)
        if parting == "silence":
            waiting(peer)
        elif parting:
            peer.sendall(parting.encode() + b"\r\n")

    with answering(talk) as port:
        assert tried(SmtpServer("127.0.0.1", port, "none"))[1] is None
    assert time.monotonic() - began < 3


def test_certificates_of_the_environment(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate named in SSL_CERT_FILE is trusted, as the hint for a server of one's own says."""
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(certificate.certificate))
    assert ssl.get_default_verify_paths().cafile == str(certificate.certificate)
    with MailServer(starttls=certificate.server) as running:
        assert tried(SmtpServer("127.0.0.1", running.port, "starttls"))[1] is None
