"""A client's browser without its screen: asks over real HTTP and follows nothing by itself."""

from __future__ import annotations

import http.client
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def header(self, name: str) -> str | None:
        """Return the value of a header; one that stands there twice is a mistake."""
        found = [value for key, value in self.headers if key == name.lower()]
        assert len(found) < 2, f"{name} stands there {len(found)} times"
        return found[0] if found else None

    @property
    def undated(self) -> tuple[object, ...]:
        """Everything of it but the date."""
        return self.status, tuple(pair for pair in self.headers if pair[0] != "date"), self.body


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks the server at ``base``."""

    base: str

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunked: bool = False,
    ) -> Answer:
        """Send one request and return the answer."""
        connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=30)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}), encode_chunked=chunked)
            return _read(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET a path."""
        return self.ask("GET", path, headers=_named(headers))

    def post(
        self, path: str, fields: Mapping[str, str] | Iterable[tuple[str, str]], **headers: str
    ) -> Answer:
        """POST a form as a browser does."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        body = urlencode(pairs).encode()
        return self.ask("POST", path, body, {"Content-Type": FORM, **_named(headers)})

    def step(self, token: str, step: str, revision: int = 1, **fields: str) -> Answer:
        """POST a step of the link's journey."""
        return self.post(f"/s/{token}/{step}", {"revision": str(revision), **fields})


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _read(response: http.client.HTTPResponse) -> Answer:
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    return Answer(response.status, headers, response.read())


def say(base: str, words: bytes) -> Answer:
    """Send bytes, HTTP or not, over a connection of their own and return the answer."""
    address = urlsplit(base)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as raw:
        raw.sendall(words)
        response = http.client.HTTPResponse(raw)
        response.begin()
        return _read(response)


def wait_for(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something holds; fail when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def dump(file: Path) -> list[str]:
    """Return the whole file as SQL, read through a connection of its own."""
    connection = sqlite3.connect(file)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def change(file: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Change the file as another program would: in one write, through a connection of its own."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    finally:
        connection.close()


def read(file: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    """Return the rows of a query, read through a connection of its own."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
