"""What the tests of what we talk to stand on."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.calendars import Published, publishing
from tests.certificate import Certificate, make_certificate
from tests.outside import postfix as real_postfix
from tests.outside.postfix import Postfix
from tests.outside.second_reader import MODULES, SecondReader, skip_or_fail


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@dataclass
class Internet:
    """Names that lead to servers on loopback, which seem to stand at addresses of the internet, or of a house."""

    certificate: Certificate
    stack: ExitStack
    addresses: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def host(self, name: str, address: str | None = None) -> Published:
        """Let a server of its own answer to a name over TLS, whatever port it is asked at."""
        address = address or f"93.184.216.{len(self.ports) + 1}"
        server = self.stack.enter_context(publishing(self.certificate.server))
        self.addresses[name] = address
        self.ports[address] = urlsplit(server.address).port or 0
        return server


@pytest.fixture
def internet(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Internet]:
    """An internet without servers yet; whose names a certificate is good for is not looked at in it."""
    lookup, connect = socket.getaddrinfo, socket.socket.connect
    trusting = certificate.client
    trusting.check_hostname = False
    with ExitStack() as stack:
        made = Internet(certificate, stack)

        def found(host: str, port: int, *args: Any, **named: Any) -> Any:
            return lookup(made.addresses.get(host, host), port, *args, **named)

        def connected(self: socket.socket, where: tuple[str, int]) -> None:
            here = made.ports.get(where[0])
            connect(self, ("127.0.0.1", here) if here else where)

        monkeypatch.setattr(socket, "getaddrinfo", found)
        monkeypatch.setattr(socket.socket, "connect", connected)
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        yield made


@pytest.fixture(scope="session")
def running_postfix() -> Iterator[Postfix]:
    """A real Postfix. Where there can be none the test is skipped, loudly; in CI that is a failure."""
    if reason := real_postfix.why_not():
        skip_or_fail(reason)
    with real_postfix.running() as server:
        yield server


@pytest.fixture
def postfix(running_postfix: Postfix) -> Postfix:
    """The real Postfix, its mailboxes empty."""
    running_postfix.empty()
    return running_postfix


@pytest.fixture(scope="session")
def second_reader() -> Iterator[SecondReader]:
    """mailparser and ical.js. Without them the test is skipped, loudly; in CI that is a failure."""
    if not (MODULES / "mailparser").exists():
        skip_or_fail(
            "NO MAILPARSER: only one reader read the mails. Install it: npm ci --prefix tests/web/audit"
        )
    with SecondReader() as reader:
        yield reader
