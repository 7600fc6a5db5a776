"""Sending one mail over SMTP (RFC 5321), step by step, so that a failure says which step it was and what helps."""

from __future__ import annotations

import base64
import contextlib
import io
import ipaddress
import queue
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from studio_cli.model.message import Envelope, Letter, MailFailed, MailUnknown, Step
from studio_cli.outside import smtp_trouble as trouble
from studio_cli.outside.mime import Wire, compose, routable

TALKING_SECONDS = 28
"""For everything up to the mail itself, however slowly the server drips its answers."""
CONNECTING_SECONDS = 10
"""For one address of the server; many have two, and one of them may lead nowhere."""
PATIENCE_SECONDS = 3
"""For a greeting, before we look whether the server waits for TLS. Some servers take long on purpose."""
TAKING_SECONDS = 25
"""For the mail itself, when it is small."""
SLOWEST = 20_000
"""Bytes a second: a larger mail has as much more time as this line would need."""
PARTING_SECONDS = 2
LEAST_SECONDS = 0.05

StepName = Literal["name", "connection", "greeting", "tls", "login", "acceptance"]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. ``tls`` is ``starttls``, ``tls`` (from the first byte) or ``none``."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = None
    context: ssl.SSLContext | None = None

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Send one mail. ``MailFailed``: it was not sent. ``MailUnknown``: it may have been."""
        for _ in self.steps(envelope, letter):
            pass

    def steps(self, envelope: Envelope, letter: Letter) -> Iterator[Step]:
        """Send one mail, yielding each step when it is done; after one that failed, raise as ``send`` does."""
        envelope = routable(envelope)
        mail = compose(envelope, letter).as_bytes(
            policy=Wire(linesep="\r\n", utf8=bool(_beyond_ascii(envelope)))
        )
        yield from self._talk(lambda talk: {"acceptance": lambda: talk.hand_over(envelope, mail)})

    def reach(self) -> Iterator[Step]:
        """Go as far as a mail could be sent and send none, yielding each step; after one that failed, raise ``MailFailed``."""
        yield from self._talk(lambda talk: {})

    def _talk(self, then: Callable[[_Conversation], dict[StepName, Callable[[], str]]]) -> Iterator[Step]:
        talk = _Conversation(self)
        todo: dict[StepName, Callable[[], str]] = {
            "name": talk.look_up,
            "connection": talk.connect,
            **self._opening(talk),
            **then(talk),
        }
        try:
            for name, do in todo.items():
                began = time.monotonic()
                try:
                    detail, failure = do(), None
                except (MailFailed, MailUnknown) as problem:
                    detail, failure = str(problem), problem
                yield Step(name, failure is None, detail, round((time.monotonic() - began) * 1000))
                if failure:
                    raise failure
        finally:
            talk.part()

    def _opening(self, talk: _Conversation) -> dict[StepName, Callable[[], str]]:
        """Return the steps between the connection and the mail, in the order that the settings ask for."""
        steps: dict[StepName, Callable[[], str]] = {"greeting": talk.greet}
        if self.tls == "tls":
            steps = {"tls": talk.protect, **steps}
        elif self.tls == "starttls":
            steps["tls"] = talk.start_tls
        if self.user:
            steps["login"] = talk.log_in
        return steps


def _beyond_ascii(envelope: Envelope) -> list[str]:
    """Return the addresses for which a server has to know RFC 6531."""
    addresses = envelope.to[1], envelope.sender[1], envelope.reply_to[1]
    return [address for address in addresses if not address.isascii()]


@dataclass
class _Conversation:
    """One connection. Each step returns what is worth telling of it, or raises ``MailFailed`` or ``MailUnknown``."""

    server: SmtpServer
    client: smtplib.SMTP = field(init=False)
    addresses: list[Any] = field(default_factory=list)
    line: socket.socket | None = None
    greeted: bool = False
    until: float = field(default_factory=lambda: time.monotonic() + TALKING_SECONDS)

    # ── the steps ────────────────────────────────────────────────────────────────────────────────

    def look_up(self) -> str:
        """Ask for the addresses of the server's name."""
        found: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # In a thread of its own because the system's own waiting for a name cannot be bounded.
        threading.Thread(target=lambda: found.put(_addresses(self.server)), daemon=True).start()
        try:
            answer = found.get(timeout=self._left())
        except queue.Empty:
            answer = TimeoutError()
        if isinstance(answer, Exception):
            raise trouble.no_name(self.server.host, answer)
        self.addresses = answer
        first, more = answer[0][4][0], f" and {len(answer) - 1} more" if len(answer) > 1 else ""
        return "an address already" if first == self.server.host else f"{self.server.host} is {first}{more}"

    def connect(self) -> str:
        """Connect to the first address that answers."""
        problem: OSError = OSError("no address")
        for position, (family, kind, protocol, _, address) in enumerate(self.addresses):
            line = socket.socket(family, kind, protocol)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the last dot does not wait
            # Each has its share of the time, so that the last is reached.
            line.settimeout(min(CONNECTING_SECONDS, self._left() / (len(self.addresses) - position)))
            try:
                line.connect(address)
            except OSError as error:
                line.close()
                problem = error
                continue
            self._take(line)
            return f"{address[0]} answers on port {self.server.port}"
        raise trouble.no_connection(self.server.host, self.server.port, problem) from problem

    def greet(self) -> str:
        """Wait for the greeting, and greet."""
        assert self.line is not None
        # Who we are: our address on this line. The machine's name would have to be looked up, which can take
        # long, and is nobody's business (RFC 5321, 4.1.4, allows either).
        self.client.local_hostname = _literal(self.line.getsockname()[0])
        try:
            begins = self._first_word()
            code, words = self.client.getreply()
            if code != 220:
                raise trouble.no_greeting(self._where, self.server, code, words, begins)
            self.greeted = True
            self.client.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            raise trouble.silence(self._where, error, late=self._late) from error
        return trouble.words_of(words)

    def start_tls(self) -> str:
        """Ask for TLS on this connection; without it nothing more is said."""
        if not self.client.has_extn("starttls"):
            raise trouble.no_starttls(self._where, self.server)
        try:
            code, words = self.client.docmd("STARTTLS")
        except (smtplib.SMTPException, OSError) as error:
            raise trouble.broken(self._where, "STARTTLS", error, late=self._late) from error
        if code != 220:
            raise trouble.no_starttls(self._where, self.server, code, words)
        detail = self.protect()
        # What was said before was not protected, so it counts for nothing (RFC 3207, 4.2).
        self.client.ehlo_resp = self.client.helo_resp = None
        try:
            self.client.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            raise trouble.broken(self._where, "TLS", error, late=self._late) from error
        return detail

    def protect(self) -> str:
        """Speak TLS from here on, with a server whose certificate is good for the name in the settings."""
        assert self.line is not None
        try:
            context = self.server.context or ssl.create_default_context()
            line = context.wrap_socket(
                self.line, server_hostname=self.server.host, do_handshake_on_connect=False
            )
            self._take(line)
            line.settimeout(self._left())
            line.do_handshake()
        except (OSError, ValueError) as error:
            raise trouble.no_tls(self._where, self.server, error, late=self._late) from error
        ends = (line.getpeercert() or {}).get("notAfter")
        until = f", the certificate is good until {_day(ends)}" if isinstance(ends, str) else ""
        return f"{line.version()}{until}"

    def log_in(self) -> str:
        """Log in, over TLS or to this machine only."""
        server, client = self.server, self.client
        assert server.user is not None
        if server.password is None:
            raise trouble.no_password(server.user)
        if not isinstance(self.line, ssl.SSLSocket) and not self._loopback:
            raise trouble.login_in_the_clear(self._where)
        if not client.has_extn("auth"):
            raise trouble.no_login(self._where, server)
        try:
            if (server.user + server.password).isascii():
                client.login(server.user, server.password)
            else:
                self._log_in_beyond_ascii(server.user, server.password)
        except smtplib.SMTPResponseException as error:
            raise trouble.login_refused(self._where, server, error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPServerDisconnected as error:
            raise trouble.broken(self._where, "the login", error, late=self._late) from error
        except smtplib.SMTPException as error:  # none of the ways to log in is one that we know
            raise trouble.no_login(self._where, server, client.esmtp_features.get("auth", "")) from error
        except OSError as error:
            raise trouble.broken(self._where, "the login", error, late=self._late) from error
        return f"as {server.user}"

    def hand_over(self, envelope: Envelope, mail: bytes) -> str:
        """Say from whom and to whom, and hand the mail over."""
        client, to = self.client, envelope.to[1]
        options = self._options(envelope, len(mail))
        try:
            code, words = client.mail(envelope.sender[1], options)
            if code != 250:
                raise trouble.sender_refused(self._where, self.server, envelope.sender[1], code, words)
            code, words = client.rcpt(to)
            if code not in {250, 251}:
                raise trouble.recipient_refused(self._where, self.server, to, code, words)
            # From here on the clock is for the mail: it may be large and the line slow.
            self.until = time.monotonic() + TAKING_SECONDS + len(mail) / SLOWEST
            code, words = self._data(mail)
        except (smtplib.SMTPException, OSError) as error:
            raise trouble.broken(self._where, "the mail", error, late=self._late) from error
        if code != 250:
            raise trouble.mail_refused(self._where, self.server, code, words)
        return f"taken for {to}: {trouble.words_of(words)}"

    def part(self) -> None:
        """Say goodbye. Whatever is answered, the mail was taken or refused before it."""
        if self.line is None:
            return
        self.until = time.monotonic() + PARTING_SECONDS
        with contextlib.suppress(smtplib.SMTPException, OSError, ValueError):
            self.line.settimeout(PARTING_SECONDS)
            if self.greeted:
                self.client.quit()
        self.client.close()
        self.line.close()

    # ── what they stand on ───────────────────────────────────────────────────────────────────────

    def _first_word(self) -> bytes:
        """Wait for the first bytes of the greeting. A port for TLS from the first byte would wait for ours for ever."""
        assert self.client.file is not None
        whole = self.until
        if self.server.tls != "tls":
            self.until = min(whole, time.monotonic() + PATIENCE_SECONDS)
            try:
                return bytes(self.client.file.peek(1))
            except TimeoutError:
                if self._waits_for_tls():
                    raise trouble.tls_expected(self._where) from None
            finally:
                self.until = whole
        return bytes(self.client.file.peek(1))

    def _waits_for_tls(self) -> bool:
        """Return whether TLS is answered at that port: on a connection of its own, where nothing else is said."""
        assert self.line is not None
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # whose it is does not matter here
        try:
            with socket.create_connection(self.line.getpeername()[:2], timeout=PATIENCE_SECONDS) as line:
                context.wrap_socket(line).close()
        except (OSError, ValueError):
            return False
        return True

    def _options(self, envelope: Envelope, size: int) -> list[str]:
        """Return what is said with the sender; ``MailFailed`` for what the server says it cannot take."""
        client, options = self.client, []
        if beyond := _beyond_ascii(envelope):
            if not client.has_extn("smtputf8"):
                raise trouble.not_ascii(self._where, beyond[0], ours=beyond[0] != envelope.to[1])
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        if client.has_extn("size"):
            most = client.esmtp_features["size"]
            if most.isdigit() and 0 < int(most) < size:
                raise trouble.too_large(self._where, size, int(most))
            options.append(f"SIZE={size}")
        return options

    def _data(self, mail: bytes) -> tuple[int, bytes]:
        assert self.line is not None
        code, words = self.client.docmd("DATA")
        if code != 354:  # whatever it is: the server has not been given the mail
            raise trouble.mail_refused(self._where, self.server, code, words)
        self.line.settimeout(self._left())
        # A dot alone ends the mail, so one that begins a line is doubled (RFC 5321, 4.5.2).
        self.client.send(re.sub(rb"(?m)^\.", b"..", mail))
        try:
            self.client.send(b".\r\n")
            return self.client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            # Gone while the server had all of it: it may be on its way. Before the dot it had not.
            raise trouble.unknown(self._where, error, late=self._late) from error

    def _log_in_beyond_ascii(self, user: str, password: str) -> None:
        """Log in as UTF-8 (RFC 4616), which smtplib does not do."""
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        code, words = self.client.docmd("AUTH", f"PLAIN {token}")
        if code not in {235, 503}:
            raise smtplib.SMTPAuthenticationError(code, words)

    def _take(self, line: socket.socket) -> None:
        """Let smtplib speak on this line, its answers read in the time that is left."""
        if self.line is None:
            self.client = smtplib.SMTP(local_hostname="localhost")  # it connects to nothing yet
        self.line = self.client.sock = line
        line.settimeout(self._left())
        # Nothing that came before TLS may be read after it.
        self.client.file = io.BufferedReader(_Answers(line, self._left))

    @property
    def _where(self) -> str:
        return f"{self.server.host}:{self.server.port}"

    @property
    def _loopback(self) -> bool:
        assert self.line is not None
        peer = str(self.line.getpeername()[0]).partition("%")[0]
        return ipaddress.ip_address(peer).is_loopback

    @property
    def _late(self) -> bool:
        return self._left() <= LEAST_SECONDS

    def _left(self) -> float:
        """Return the seconds that are left; never none, which would mean for ever."""
        return max(self.until - time.monotonic(), LEAST_SECONDS)


class _Answers(io.RawIOBase):
    """What a server says, read in the time that is left: a socket's own timeout begins anew with each byte."""

    def __init__(self, line: socket.socket, left: Callable[[], float]) -> None:
        self._line, self._left = line, left

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is, even from a server that never stops."""
        if self._left() <= LEAST_SECONDS:
            raise TimeoutError
        self._line.settimeout(self._left())
        return self._line.recv_into(buffer)


def _addresses(server: SmtpServer) -> list[Any] | Exception:
    try:
        return socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error


def _literal(address: str) -> str:
    """Return an address as a server is told it (RFC 5321, 4.1.3)."""
    plain = address.partition("%")[0]
    return f"[IPv6:{plain}]" if ":" in plain else f"[{plain}]"


def _day(certificate_time: str) -> str:
    return f"{datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate_time), UTC):%Y-%m-%d}"
