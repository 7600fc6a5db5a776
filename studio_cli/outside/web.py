"""Asking a web server for one thing, bounded in size, time and redirects. Errors name its host and nothing more:
the rest of an address may be a secret.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from studio_cli import __version__
from studio_cli.errors import WrongUsage
from studio_cli.model.calendar import LARGEST_CALENDAR, CalendarUnreadable, host_of

SECONDS = 30
"""For all of one answer; a server that sends a byte now and then is not waited for."""
CONNECT_SECONDS = 10
REDIRECTS = 5
_FAULTS = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. ``headers`` have small names; ``address`` is where it was said, after redirects.

    ``public``: that server is on the internet, not in the owner's house.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str
    public: bool = False


def check_address(text: str) -> str:
    """Return a calendar's web address: https, or http on this machine; ``webcal:`` means https."""
    address = text.strip()
    if address[:7].casefold() in {"webcal:", "webcals"}:
        address = "https:" + address.partition(":")[2]
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not address.isprintable() or " " in address or parts.scheme not in {"http", "https"}:
        raise WrongUsage(
            "That is not the address of a calendar.", hint="Write it like https://example.com/calendar.ics."
        )
    if parts.username is not None:
        raise WrongUsage(
            "A password does not belong into an address.",
            hint="For a calendar with a login: studio calendar connect URL --user NAME",
        )
    if not _may_ask(parts):
        raise WrongUsage(
            f"{host_of(address)} is not asked over http: others could read and change what it says.",
            hint="Use its https address.",
        )
    return address


def _may_ask(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or ""))


def _is_here(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.casefold() == "localhost"


def led(said: Answer, to: str) -> str:
    """Return the address to which an answer leads, in a redirect or in what it says.

    Where the owner sends us we go, to a machine at home too. Where a server sends us we go only where the owner could
    send us, and from the internet not to this machine. Raises ``CalendarUnreadable`` for anywhere else.
    """
    try:
        address = urljoin(said.address, to)
        parts, here = urlsplit(address), urlsplit(said.address)
        if here.scheme == "https" and parts.scheme == "http" and parts.hostname == here.hostname:
            # A server behind a proxy that does TLS for it does not know that, or its own port.
            address = parts._replace(scheme=here.scheme, netloc=here.netloc).geturl()
            parts = urlsplit(address)
        allowed = _may_ask(parts) and parts.port != 0 and not (said.public and _is_here(parts.hostname or ""))
    except ValueError:
        allowed = False
    if not allowed:
        raise CalendarUnreadable(f"{host_of(said.address)} leads to an address that is not asked.")
    return address


_SPREAD = ("icloud.com",)
"""Services that keep one person's things on several hosts, which stand beside each other."""


def _check_login(named: str, address: str) -> None:
    """Refuse to take the login that the owner has given for one address to another server.

    It goes to the same host, to one below it, and to one of the same service. Whether two hosts side by side belong to
    one owner cannot be told from their names (``ana.example.co.uk`` and ``eve.example.co.uk``).
    """
    ours, other = urlsplit(named), urlsplit(address)
    mine, theirs = ours.hostname or "", other.hostname or ""
    tops = (mine, *(service for service in _SPREAD if _is_below(mine, service)))
    secure = ours.scheme == other.scheme == "https"
    if (secure and any(_is_below(theirs, top) for top in tops)) or ours[:2] == other[:2]:
        return
    raise CalendarUnreadable(
        f"{host_of(named)} leads to {host_of(address)}, which is not given your password.",
        hint=f"If you trust it: studio calendar connect {other.scheme}://{host_of(address)}/ --user NAME",
    )


def _is_below(host: str, top: str) -> bool:
    return bool(top) and (host == top or host.endswith(f".{top}"))


_ONLY_ASK = {"GET", "HEAD", "PROPFIND", "REPORT"}


def ask(
    method: str,
    address: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    named: str | None = None,
    public: bool = False,
    largest: int = LARGEST_CALENDAR,
    seconds: float = SECONDS,
) -> Answer:
    """Ask, and follow redirects; raise ``CalendarUnreadable`` when there is no whole answer.

    ``named`` is what the owner named: a login goes there, and to what belongs to it. ``public``: a server on the
    internet named the address, which must not be in the owner's house then, like where such a server redirects to.
    """
    with_login = "Authorization" in (headers or {})
    named = named or address
    if not _may_ask(urlsplit(address)):
        raise CalendarUnreadable(f"{host_of(address)} is not asked over http.", hint="Use its https address.")
    for _ in range(REDIRECTS + 1):
        if with_login:
            _check_login(named, address)
        answer = _once(method, address, headers or {}, body, largest, seconds, public)
        moved = {301, 302, 307, 308} | ({303} if method in _ONLY_ASK else set())
        if answer.status not in moved or "location" not in answer.headers:
            return answer
        address, public = led(answer, answer.headers["location"]), answer.public
    raise CalendarUnreadable(f"{host_of(address)} leads on and on.")


def _once(
    method: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes | None,
    largest: int,
    seconds: float,
    public: bool,
) -> Answer:
    parts, host = urlsplit(address), host_of(address)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
    try:
        with _connected(parts, public) as (connection, is_public), _deadline(connection, seconds) as late:
            try:
                connection.sock.settimeout(seconds + CONNECT_SECONDS)  # the deadline comes first
                if isinstance(connection.sock, ssl.SSLSocket):
                    connection.sock.do_handshake()
                connection.request(method, target, body, {**_OURS, **headers, "Host": parts.netloc})
                said = connection.getresponse()
                content = said.read(largest + 1)
                kept = {name.casefold(): value for name, value in said.getheaders()}
            except _FAULTS as fault:
                if late.is_set():
                    raise CalendarUnreadable(f"{host} took longer than {seconds:.0f} s.") from fault
                raise
            # read(n) says nothing of an answer that ended early.
            if len(content) <= largest and said.length:
                raise http.client.IncompleteRead(content)
    except _FAULTS as fault:
        hint = (
            "On this computer it can be http: write http:// before it."
            if _speaks_http_here(fault, parts)
            else None
        )
        raise CalendarUnreadable(f"{host} cannot be reached: {_reason(fault)}.", hint=hint) from fault
    if len(content) > largest:
        raise CalendarUnreadable(f"{host} sent more than {largest // 1024 // 1024} MB.")
    return Answer(said.status, kept, content, address, is_public)


_OURS = {"User-Agent": f"studio-cli/{__version__}", "Accept-Encoding": "identity", "Connection": "close"}


@contextlib.contextmanager
def _connected(parts: SplitResult, public: bool) -> Iterator[tuple[http.client.HTTPConnection, bool]]:
    """Connect to the very address that was looked at: asking for the name again could give another one."""
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if public and not all(_is_global(one[4]) for one in found):
        raise ValueError("it leads into a private network")
    sock, is_public = _first_that_answers(found)
    try:
        if secure:
            # The handshake is part of what has a deadline.
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        yield connection, is_public
    finally:
        sock.close()


def _is_global(where: tuple[Any, ...]) -> bool:
    return ipaddress.ip_address(where[0]).is_global


def _first_that_answers(found: list[Any]) -> tuple[socket.socket, bool]:
    """Return a connection, and whether it is to the internet."""
    trouble: OSError = OSError("it has no address")
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(CONNECT_SECONDS)
        try:
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock, _is_global(where)
        except OSError as error:
            sock.close()
            trouble = error
    raise trouble


@contextlib.contextmanager
def _deadline(connection: http.client.HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """Break the connection off when the time is over, whatever it is doing."""
    late, sock = threading.Event(), connection.sock

    def end() -> None:
        late.set()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _speaks_http_here(fault: BaseException, parts: SplitResult) -> bool:
    return isinstance(fault, ssl.SSLError) and fault.reason in _NO_TLS and _is_here(parts.hostname or "")


_NO_TLS = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
}
"""What OpenSSL says, by its versions, of an answer that is not TLS at all."""


def _reason(fault: BaseException) -> str:
    """Return why, in words that hold nothing of the address."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "its certificate is not valid"
    if isinstance(fault, ssl.SSLError):
        return "it does not speak https" if fault.reason in _NO_TLS else "no secure connection came about"
    if isinstance(fault, socket.gaierror):
        return "there is no such host"
    if isinstance(fault, TimeoutError):
        return "it does not answer"
    if isinstance(fault, http.client.IncompleteRead):
        return "its answer ended early"
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return str(fault) if type(fault) is ValueError else type(fault).__name__
