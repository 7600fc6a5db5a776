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
    """What a server said. ``headers`` have small names; ``address`` is where it was said, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str


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


def ask(
    method: str,
    address: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    largest: int = LARGEST_CALENDAR,
    seconds: float = SECONDS,
) -> Answer:
    """Ask, and follow redirects; raise ``CalendarUnreadable`` when there is no whole answer.

    Where the owner sends us we go, to a machine at home too. Where a server sends us we go only if it is as public:
    a calendar on the internet has no business with what stands in the owner's house. A login stays with its host.
    """
    public: bool | None = None
    first = host_of(address)
    for _ in range(REDIRECTS + 1):
        asked = {
            name: value
            for name, value in (headers or {}).items()
            if name != "Authorization" or host_of(address) == first
        }
        answer, public = _once(method, address, asked, body, largest, seconds, public)
        if answer.status not in {301, 302, 307, 308} or "location" not in answer.headers:
            return answer
        try:
            address = urljoin(address, answer.headers["location"])
            allowed = _may_ask(urlsplit(address)) and (
                not public or not _is_here(urlsplit(address).hostname or "")
            )
        except ValueError:
            allowed = False
        if not allowed:
            raise CalendarUnreadable(f"{host_of(answer.address)} leads to an address that is not asked.")
    raise CalendarUnreadable(f"{host_of(address)} leads on and on.")


def _once(
    method: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes | None,
    largest: int,
    seconds: float,
    public: bool | None,
) -> tuple[Answer, bool]:
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
        raise CalendarUnreadable(f"{host} cannot be reached: {_reason(fault)}.") from fault
    if len(content) > largest:
        raise CalendarUnreadable(f"{host} sent more than {largest // 1024 // 1024} MB.")
    return Answer(said.status, kept, content, address), is_public


_OURS = {"User-Agent": f"studio-cli/{__version__}", "Accept-Encoding": "identity", "Connection": "close"}


@contextlib.contextmanager
def _connected(parts: SplitResult, public: bool | None) -> Iterator[tuple[http.client.HTTPConnection, bool]]:
    """Connect to the very address that was looked at: asking for the name again could give another one."""
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    is_public = all(ipaddress.ip_address(one[4][0]).is_global for one in found)
    if public and not is_public:
        raise ValueError("it leads into a private network")
    sock = _first_that_answers(found)
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


def _first_that_answers(found: list[Any]) -> socket.socket:
    trouble: OSError = OSError("it has no address")
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(CONNECT_SECONDS)
        try:
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
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


def _reason(fault: BaseException) -> str:
    """Return why, in words that hold nothing of the address."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "its certificate is not valid"
    if isinstance(fault, socket.gaierror):
        return "there is no such host"
    if isinstance(fault, TimeoutError):
        return "it does not answer"
    if isinstance(fault, http.client.IncompleteRead):
        return "its answer ended early"
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return str(fault) if type(fault) is ValueError else type(fault).__name__
