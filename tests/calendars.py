"""Calendar files for tests, and a web server on loopback that publishes them."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parent / "web" / "audit"


def node_with_ical_js() -> str:
    """Return the Node that Playwright brings. Without ical.js the test is skipped, loudly; in CI that is a failure."""
    if not (AUDIT / "node_modules" / "ical.js").is_dir():
        reason = (
            "NO ICAL.JS: calendars were read by one parser only. Install it: npm ci --prefix tests/web/audit"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright._impl._driver import compute_driver_executable

    return str(compute_driver_executable()[0])


STAMP = "DTSTAMP:20260101T000000Z"


def event(uid: str, *lines: str) -> str:
    """Return an event with these lines."""
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", STAMP, *lines, "END:VEVENT"])


def at(start: str, end: str, zone: str | None = None) -> tuple[str, str]:
    """Return the lines of an event from ``20261204T100000`` to another such time."""
    named = f";TZID={zone}" if zone else ""
    return f"DTSTART{named}:{start}", f"DTEND{named}:{end}"


def calendar(*parts: str, head: tuple[str, ...] = ()) -> bytes:
    """Return a calendar file of events and the like."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *head, *parts, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


DENTIST = event("dentist", *at("20261204T100000", "20261204T110000", "America/Toronto"), "SUMMARY:Dentist")


@dataclass
class Published:
    """What a server answers with, and what it was asked: a test changes the one and looks at the other."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answer: Any = None
    address: str = ""

    def url(self, path: str = "/private-3k9x.ics") -> str:
        """Return an address on this server."""
        return self.address + path


@contextmanager
def publishing(tls: ssl.SSLContext | None = None) -> Iterator[Published]:
    """Serve calendars on loopback: one answer for every path, or what ``answer(handler)`` writes."""
    published = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            published.asked.append(
                (self.path, {name.casefold(): value for name, value in self.headers.items()})
            )
            if published.answer:
                published.answer(self)
                return
            etag = published.headers.get("ETag")
            status = published.status
            if status == 200 and etag and self.headers.get("If-None-Match") == etag:
                status = 304
            body = published.body if status == 200 else b""
            self.send_response(status)
            for name, value in published.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PROPFIND = do_REPORT = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *error: None  # type: ignore[method-assign]  # whoever hangs up is looked at by the test
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    published.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield published
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
