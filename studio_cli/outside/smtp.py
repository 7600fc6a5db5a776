"""Sending one mail over SMTP (RFC 5321), safely whatever a person typed into a name."""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from studio_cli.model.message import Envelope, Letter, MailFailed, MailUnknown

TIMEOUT_SECONDS = 30
# On some Python versions (3.11.7 is one) an encoded word in a display name is decoded when the header is
# folded, line breaks included, and adds headers of its own. Nobody's name has one.
_DANGEROUS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\?")


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
        mail = compose(envelope, letter)
        try:
            server = self._connect()
            try:
                self._hand_over(server, envelope, mail)
            finally:
                # Whatever is said at parting, the mail was accepted or refused before it.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.quit()
                server.close()
        except (MailFailed, MailUnknown):
            raise
        except ssl.SSLError as error:
            raise MailFailed(
                f"{self._named}: the protected connection failed: {error.reason or error}"
            ) from error
        except smtplib.SMTPResponseException as error:
            raise MailFailed(f"{self._named} said: {_words(error.smtp_error)} ({error.smtp_code})") from error
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise MailFailed(f"{self._named}: {_reason(error)}") from error

    @property
    def _named(self) -> str:
        return f"{self.host}:{self.port}"

    def _connect(self) -> smtplib.SMTP:
        context = self.context or ssl.create_default_context()
        if self.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            if self.tls == "starttls":
                server.starttls(context=context)
            if self.user and self.password is not None:
                server.login(self.user, self.password)
            server.ehlo_or_helo_if_needed()
        except BaseException:
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, envelope: Envelope, mail: EmailMessage) -> None:
        utf8 = not (envelope.sender[1].isascii() and envelope.to[1].isascii())
        if utf8 and not server.has_extn("smtputf8"):
            raise MailFailed(f"{self._named} cannot deliver to addresses with letters outside ASCII.")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        body = mail.as_bytes(policy=_Wire(linesep="\r\n", utf8=utf8))
        self._expect(server.mail(envelope.sender[1], options), 250)
        self._expect(server.rcpt(envelope.to[1]), 250, 251)
        self._expect(self._data(server, body), 250)

    def _data(self, server: smtplib.SMTP, body: bytes) -> tuple[int, bytes]:
        try:
            return server.data(body)
        except smtplib.SMTPDataError:
            raise  # refused before the mail was handed over
        except (smtplib.SMTPException, OSError) as error:
            # Gone while the server had it: it may be on its way.
            raise MailUnknown(f"{self._named}: {_reason(error)}") from error

    def _expect(self, answer: tuple[int, bytes], *codes: int) -> None:
        if answer[0] not in codes:
            raise MailFailed(f"{self._named} said: {_words(answer[1])} ({answer[0]})")


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return _DANGEROUS.sub(" ", text)[:300].strip()


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _words(str(error)) or type(error).__name__


class _Wire(EmailPolicy):
    """How a mail is written. The headers with names are folded here: Python folds a long name by dropping the
    quotes around it, and then each comma in it makes one more recipient.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return one header, folded."""
        if name not in {"From", "To", "Reply-To"}:
            return super().fold_binary(name, value)
        (person,) = value.addresses
        lines = [f"{name}:", *_phrase(person.display_name), f"<{person.addr_spec}>"]
        return (f"{self.linesep} ".join(lines) + self.linesep).encode()


def compose(envelope: Envelope, letter: Letter) -> EmailMessage:
    """Return the mail: text, with HTML as its alternative. Headers hold nothing that could become another header."""
    mail = EmailMessage(policy=_Wire())
    mail["Subject"] = harmless(letter.subject)
    mail["From"] = _address(envelope.sender)
    mail["To"] = _address(envelope.to)
    mail["Reply-To"] = _address(envelope.reply_to)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = envelope.message_id
    # No vacation notes and no read receipts in answer to a mail that a program sent (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return mail


def harmless(text: str) -> str:
    """Return ``text`` for a header: one line, no control characters, no encoded words."""
    return " ".join(_DANGEROUS.sub(" ", text).split())


def _address(person: tuple[str, str]) -> Address:
    name, address = person
    local, _, domain = address.rpartition("@")
    if not local or not domain or _DANGEROUS.search(address):
        raise MailFailed(f"{harmless(address)} is not an address that mail can be sent to.")
    return Address(display_name=harmless(name), username=local, domain=domain)


def _phrase(name: str) -> list[str]:
    """Return the lines of a name: a quoted string, or encoded words (RFC 2047) when it is not ASCII."""
    if name.isascii():
        return ['"' + re.sub(r'(["\\])', r"\\\1", name) + '"'] if name else []
    # Eleven characters are at most 44 bytes: 72 characters with the frame, of the 75 that a word may have.
    pieces = [name[start : start + 11] for start in range(0, len(name), 11)]
    return [f"=?utf-8?b?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces]
