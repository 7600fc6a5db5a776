"""What went wrong with a mail server, in words: which step it was, what the server said, and what helps."""

from __future__ import annotations

import re
import socket
import ssl
from typing import Protocol

from studio_cli.model.message import MailFailed, MailUnknown
from studio_cli.outside.mime import harmless

PORTS = "587 goes with starttls, 465 with tls."
SET_PORT = "studio config set mail.port 587"
SET_TLS = "studio config set mail.tls"
SET_PASSWORD = "studio config secret mail.password"  # noqa: S105  # the command that keeps it
SET_SENDER = "Send as an address that your login may use: studio config set mail.from you@example.com"
TRY_LATER = "Try again in a few minutes."


class Settings(Protocol):
    """The settings that words about a server depend on."""

    @property
    def host(self) -> str:
        """Its name."""

    @property
    def port(self) -> int:
        """Its port."""

    @property
    def tls(self) -> str:
        """``starttls``, ``tls`` or ``none``."""

    @property
    def user(self) -> str | None:
        """The login."""


def words_of(said: bytes | str) -> str:
    """Return a server's words as one line that can be shown."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return harmless(text)[:300].strip()


def _answer(code: int, said: bytes | str) -> str:
    return f"{words_of(said)} ({code})" if code > 0 else words_of(said)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return words_of(str(error)) or type(error).__name__


def _seconds_up(error: BaseException, late: bool) -> bool:
    return late or isinstance(error, TimeoutError)


# ── name and connection ───────────────────────────────────────────────────────────────────────────


def no_name(host: str, error: Exception) -> MailFailed:
    """The server's name leads nowhere."""
    unknown = isinstance(error, UnicodeError) or getattr(error, "errno", None) in {
        socket.EAI_NONAME,
        getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
    }
    if unknown:
        return MailFailed(
            f"There is no server named {host}: {_reason(error)}.",
            hint="Correct the name: studio config set mail.host smtp.example.com",
        )
    return MailFailed(
        f"The name {host} could not be looked up: {_reason(error)}.",
        hint=f"Is this machine online? {TRY_LATER}",
    )


def no_connection(host: str, port: int, error: OSError) -> MailFailed:
    """Nothing answers at that port."""
    if isinstance(error, TimeoutError):
        return MailFailed(
            f"{host}:{port} does not answer (timed out).",
            hint=f"The port may be wrong, or closed by a firewall ({PORTS} 25 is closed to most homes): {SET_PORT}",
        )
    return MailFailed(
        f"{host}:{port} cannot be reached: {_reason(error)}.",
        hint=f"Is the port right? {PORTS} {SET_PORT}"
        if isinstance(error, ConnectionRefusedError)
        else f"Is this machine online? {TRY_LATER}",
    )


def broken(where: str, step: str, error: BaseException, *, late: bool) -> MailFailed:
    """The connection ended, or the server said nothing any more."""
    if _seconds_up(error, late):
        return MailFailed(f"{where} did not answer in time, at {step}.", hint=TRY_LATER)
    return MailFailed(f"{where} ended the connection at {step}: {_reason(error)}.", hint=TRY_LATER)


def unknown(where: str, error: BaseException, *, late: bool) -> MailUnknown:
    """The connection ended after the whole mail had been handed over."""
    reason = "it did not answer in time" if _seconds_up(error, late) else _reason(error)
    return MailUnknown(f"{where} was given the mail and did not say whether it took it: {reason}.")


# ── greeting ──────────────────────────────────────────────────────────────────────────────────────

_OTHERS = {b"SSH-": "SSH", b"* OK": "IMAP", b"+OK": "POP3", b"HTTP": "a web server", b"RFB": "VNC"}


def no_greeting(where: str, server: Settings, code: int, said: bytes, begins: bytes) -> MailFailed:
    """Something answers, but not to take mail."""
    if code > 0:
        return MailFailed(f"{where} does not want to talk now: {_answer(code, said)}.", hint=TRY_LATER)
    other = next((name for start, name in _OTHERS.items() if begins.startswith(start)), None)
    what = f"That is {other}, not a mail server for sending." if other else "That is not a mail server."
    return MailFailed(
        f"{where} answers: {words_of(begins)[:60]}. {what}",
        hint=f"Is the port right? {PORTS} {SET_PORT}",
    )


def tls_expected(where: str) -> MailFailed:
    """There is no greeting because the server waits for TLS."""
    return MailFailed(f"{where} speaks TLS from the first byte.", hint=f"Say so: {SET_TLS} tls")


def silence(where: str, error: BaseException, *, late: bool) -> MailFailed:
    """There is a connection, but no greeting, or no answer to ours."""
    if _seconds_up(error, late):
        return MailFailed(
            f"{where} is there, but does not greet (timed out).",
            hint=f"Is the port right? {PORTS} {SET_PORT}",
        )
    return broken(where, "the greeting", error, late=late)


# ── TLS ───────────────────────────────────────────────────────────────────────────────────────────


def no_starttls(where: str, server: Settings, code: int = 0, said: bytes = b"") -> MailFailed:
    """The server does not go over to TLS; nothing is said in the clear instead."""
    if code:
        return MailFailed(f"{where} refused STARTTLS: {_answer(code, said)}.", hint=TRY_LATER)
    return MailFailed(
        f"{where} offers no STARTTLS, so nothing was sent.",
        hint=f"Is the port right? {PORTS} Only for a server on this machine: {SET_TLS} none",
    )


def no_tls(where: str, server: Settings, error: Exception, *, late: bool) -> MailFailed:
    """The protected connection failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(where, server, error)
    plain = isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}
    if plain and server.tls == "tls":
        return MailFailed(
            f"{where} does not speak TLS from the first byte.",
            hint=f"Most ports but 465 begin without it: {SET_TLS} starttls",
        )
    if _seconds_up(error, late) and server.tls == "tls":
        return MailFailed(
            f"{where} did not answer in time, at TLS.",
            hint=f"Does that port speak TLS from the first byte? {PORTS} {SET_PORT}",
        )
    if _seconds_up(error, late):
        return broken(where, "TLS", error, late=late)
    reason = getattr(error, "reason", None) or _reason(error)
    return MailFailed(
        f"{where}: the protected connection failed: {reason}.", hint=f"Is the port right? {PORTS} {SET_PORT}"
    )


def _certificate(where: str, server: Settings, error: ssl.SSLCertVerificationError) -> MailFailed:
    """The numbers are OpenSSL's, X509_V_ERR_… (x509_vfy.h)."""
    if error.verify_code in {62, 64}:
        return MailFailed(
            f"{where} has the certificate of another name, so nothing was sent: {words_of(error.verify_message)}.",
            hint="Use the name that your provider gives: studio config set mail.host smtp.example.com",
        )
    if error.verify_code in {9, 10}:
        state = "has expired" if error.verify_code == 10 else "is not valid yet"
        return MailFailed(
            f"{where}: its certificate {state}, so nothing was sent.",
            hint="Is the clock of this machine right? Otherwise the server's owner has to renew it.",
        )
    return MailFailed(
        f"{where}: nobody that this machine trusts vouches for its certificate, so nothing was sent: "
        f"{words_of(error.verify_message)}.",
        hint="For a server of your own, name its certificate: SSL_CERT_FILE=certificate.pem studio mail test …",
    )


# ── login ─────────────────────────────────────────────────────────────────────────────────────────


def no_password(user: str) -> MailFailed:
    """There is a login, but no password for it."""
    return MailFailed(f"No password is kept for {user}.", hint=f"Keep it: {SET_PASSWORD}")


def login_in_the_clear(where: str) -> MailFailed:
    """The password would be read by everybody on the way."""
    return MailFailed(
        f"The password was not sent to {where}: without TLS everybody on the way could read it.",
        hint=f"{PORTS} {SET_TLS} starttls",
    )


def no_login(where: str, server: Settings, ways: str = "") -> MailFailed:
    """The server offers no login, or none that we know."""
    if ways:
        return MailFailed(
            f"{where} offers only logins that Studio does not know: {words_of(ways)}.",
            hint="Ask your provider for a login with a password for programs, or send over another one.",
        )
    if server.tls == "none":
        return MailFailed(
            f"{where} offers no login without TLS.",
            hint=f"Most offer it after TLS: {SET_TLS} starttls. If it wants none: studio config set mail.user --unset",
        )
    return MailFailed(
        f"{where} offers no login.",
        hint="If it needs none: studio config set mail.user --unset",
    )


def login_refused(where: str, server: Settings, code: int, said: bytes | str) -> MailFailed:
    """Name and password were not accepted, or not now."""
    words = f"{where} refused the login as {server.user}: {_answer(code, said)}."
    if 400 <= code < 500:
        return MailFailed(words, hint=TRY_LATER)
    if _enhanced(said) in {"5.7.139", "5.7.30"}:
        return MailFailed(
            words, hint="Microsoft is ending logins with a password: send over another provider."
        )
    return MailFailed(
        words,
        hint=f"Many providers want an app password, not your own: {SET_PASSWORD}",
    )


# ── acceptance ────────────────────────────────────────────────────────────────────────────────────

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
# Where the server gives no code of RFC 3463, its words decide. A mail that is tried once more than needed is a
# smaller harm than one that is given up while the settings are put right.
_NOT_FOR_GOOD = re.compile(
    r"relay|authenti|log ?in|sender|verif|spam|policy|block|black ?list|reputation|denied|limit|quota|try",
    re.IGNORECASE,
)
_ABOUT_US = {500, 502, 503, 504, 521, 530, 534, 535, 538}
"""Answers that are about the conversation or the login, whatever they are an answer to."""


def _enhanced(said: bytes | str) -> str | None:
    found = _ENHANCED.search(words_of(said))
    return found[1] if found else None


def _for_good(code: int, said: bytes | str) -> bool:
    """Return whether an answer to a recipient or a mail means that it will never be taken (RFC 5321, RFC 3463)."""
    if not 500 <= code < 600 or code in _ABOUT_US or _about_sender(said):
        return False
    exact = _enhanced(said)
    if exact is None:
        return not _NOT_FOR_GOOD.search(words_of(said))
    # The address (1), the mailbox (2), what is in the mail (6), its size, and a domain without a mail server. The
    # rest is about networks (Gmail's limit for a day is 5.4.5), the protocol, policy and login: it may pass.
    return exact.startswith(("5.1.", "5.2.", "5.6.")) or exact in {"5.3.4", "5.4.1", "5.4.4"}


def _about_sender(said: bytes | str) -> bool:
    """Return whether the sender is meant: Postfix says that only when it hears the recipient."""
    return _enhanced(said) in {"5.1.7", "5.1.8"} or "sender" in words_of(said).casefold()


def _wants_login(code: int, said: bytes | str) -> bool:
    return code == 530 or bool(re.search("relay|authenti|log ?in", words_of(said), re.IGNORECASE))


def _acceptance_hint(server: Settings, code: int, said: bytes | str, otherwise: str) -> str:
    if 400 <= code < 500:
        return TRY_LATER
    if _wants_login(code, said) and not server.user:
        return f"It wants a login: studio config set mail.user you@example.com, then: {SET_PASSWORD}"
    return otherwise


def not_ascii(where: str, address: str, *, ours: bool) -> MailFailed:
    """The server is too old for such an address: the client's, or one of ours."""
    return MailFailed(
        f"{where} cannot deliver to addresses with letters outside ASCII: {harmless(address)}.",
        hint="Use another address of your own: studio config set studio.email you@example.com"
        if ours
        else "Ask the client for another address.",
        permanent=not ours,
    )


def too_large(where: str, size: int, most: int) -> MailFailed:
    """The server has said how much it takes."""
    return MailFailed(
        f"{where} takes mails of at most {most // 1000} KB; this one has {size // 1000} KB.",
        hint="Make the logo smaller: studio config set brand.logo small.png",
        permanent=True,
    )


def sender_refused(where: str, server: Settings, sender: str, code: int, said: bytes) -> MailFailed:
    """It does not take mail from us, or (when it was told the size) not this mail."""
    large = code == 552 or _enhanced(said) == "5.3.4"
    what = "a mail of this size" if large else f"the sender {sender}"
    otherwise = "Make the logo smaller: studio config set brand.logo small.png" if large else SET_SENDER
    return MailFailed(
        f"{where} refused {what}: {_answer(code, said)}.",
        hint=_acceptance_hint(server, code, said, otherwise),
        permanent=large,
    )


def recipient_refused(where: str, server: Settings, to: str, code: int, said: bytes) -> MailFailed:
    """It does not deliver to this address, ever or now."""
    if _about_sender(said) and code >= 500:
        return MailFailed(
            f"{where} refused the sender: {_answer(code, said)}.",
            hint=_acceptance_hint(server, code, said, SET_SENDER),
        )
    return MailFailed(
        f"{where} refused the recipient {to}: {_answer(code, said)}.",
        hint=_acceptance_hint(server, code, said, "Is the address right?"),
        permanent=_for_good(code, said),
    )


def mail_refused(where: str, server: Settings, code: int, said: bytes | str) -> MailFailed:
    """It has read the mail, or would not even look at it."""
    return MailFailed(
        f"{where} refused the mail: {_answer(code, said)}.",
        hint=_acceptance_hint(
            server, code, said, "Its words say why; your provider's help says what they mean."
        ),
        permanent=_for_good(code, said),
    )
