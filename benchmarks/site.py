"""How fast the booking site's page of a type is, against a bare Starlette page of the same template: ``make bench``.

Both are served by uvicorn, in processes of their own, and asked in turns by the same client over a connection that
stays open. The studio has a year of availability, 10,000 sessions, and a subscribed calendar of 1,000 events, read
from a file by the program's own reader. Once nothing is written meanwhile; once another process writes to the file
before every single request, so that nothing that was worked out before can be of use.
"""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from whenever import Date, Instant

from benchmarks.slots import NOW, fill
from studio_cli.booking import session_type, subscription
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.model.site import TypedSite
from studio_cli.model.times import day_begins
from studio_cli.outside.calendars import CalendarFile
from studio_cli.store import calendar as calendar_store
from studio_cli.web import pages, server
from studio_cli.web.limits import Bounds, Rate

PAGES = ("/book/family", "/book/family?month=2027-03", "/book/family?month=2027-06&zone=Europe/Lisbon")
SHOWN = (Date(2026, 12, 1), Date(2027, 3, 1), Date(2027, 6, 1))
EVENTS = 1_000
ROUNDS, EACH = 40, 20


def clock() -> Instant:
    """The time at which all of it happens."""
    return NOW


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.db"
        studio = _furnish(file)
        print(_said(studio))
        print(
            "| page | before each request | ours | bare Starlette, same template | ratio of speeds | middle half |"
        )
        print("|---|---|---|---|---|---|")
        for writes in (False, True):
            for path in PAGES:
                before = "another process writes" if writes else "nothing"
                print(f"| {path} | {before} | {_compared(studio, path, writes)} |", flush=True)
        studio.file.close()


# ── the studio ────────────────────────────────────────────────────────────────────────────────────


def _furnish(file: Path) -> Studio:
    studio = fill(file, 10_000, gap_minutes=165)
    text = "An hour and a half in the park, with everybody who belongs to you."
    session_type.edit(studio, "family", TypedOffer(site=TypedSite(publish=True, description=text)))
    paper = file.with_name("private.ics")
    paper.write_text("\r\n".join(_calendar()))
    subscription.subscribe(studio, "file", str(paper), lambda one: CalendarFile(paper))
    return studio


def _calendar() -> Iterator[str]:
    """Yield the lines of a calendar with as many events as that, spread over a year from now on."""
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Benchmark//EN")
    for number in range(EVENTS):
        start = NOW.add(minutes=365 * 24 * 60 * number // EVENTS)
        yield from _event(number, start)
    yield from ("END:VCALENDAR", "")


ZONE = "America/Toronto"
WALLS = ("DTSTART:{}Z", "DTSTART:{}", f"DTSTART;TZID={ZONE}:{{}}", "DTSTART;TZID=Europe/Lisbon:{}")


def _event(number: int, start: Instant) -> Iterator[str]:
    """Yield an event: an appointment by one clock or another; of each fifty one is a whole day, and one comes back."""
    yield from _begun(number)
    if number % 50 == 1:
        yield f"DTSTART;VALUE=DATE:{_wall(start)[:8]}"
    elif number % 50 == 2:
        yield from _weekly(number, start)
    else:
        yield from (WALLS[number % 4].format(_wall(start)), "DURATION:PT45M")
    yield "END:VEVENT"


def _weekly(number: int, start: Instant) -> Iterator[str]:
    """Yield what comes back in ten weeks, but for the third, and in the fifth half an hour later."""
    third, fifth, moved = (
        start.add(hours=24 * days, minutes=late) for days, late in ((14, 0), (28, 0), (28, 30))
    )
    yield from (WALLS[2].format(_wall(start)), "DURATION:PT45M", "RRULE:FREQ=WEEKLY;COUNT=10")
    yield from (f"EXDATE;TZID={ZONE}:{_wall(third)}", "END:VEVENT", *_begun(number))
    yield from (f"RECURRENCE-ID;TZID={ZONE}:{_wall(fifth)}", WALLS[2].format(_wall(moved)), "DURATION:PT45M")


def _begun(number: int) -> tuple[str, ...]:
    uid = f"UID:{number}@example.com"
    return "BEGIN:VEVENT", uid, "DTSTAMP:20260101T000000Z", f"SUMMARY:Private {number}"


def _wall(moment: Instant) -> str:
    return moment.to_tz("UTC").to_stdlib().strftime("%Y%m%dT%H%M00")


def _said(studio: Studio) -> str:
    """Return how much of it there is, and that the months that are shown are touched by it."""
    rows = len(calendar_store.busy_intervals(studio.file, NOW, NOW.add(hours=24 * 365)))
    months = [
        len(
            calendar_store.busy_intervals(
                studio.file, *(day_begins(day, "UTC") for day in (first, first.add(months=1)))
            )
        )
        for first in SHOWN
    ]
    return (
        f"{EVENTS:,} events, {rows:,} busy times in the coming year, {months} of them in the months shown\n"
    )


# ── measuring ─────────────────────────────────────────────────────────────────────────────────────


def _compared(studio: Studio, path: str, writes: bool) -> str:
    """Return the medians of both, their ratio, and between what the ratios of the middle half of the rounds are."""
    ours_took, bare_took = [], []
    with _Served(_ours, studio.file.path) as ours, _Served(_bare, studio.file.path, path) as bare:
        written = (lambda number: _write(studio, number)) if writes else None
        for _ in range(ROUNDS):
            ours_took.append(_ask(ours.port, path, written))
            bare_took.append(_ask(bare.port, path, written))
    one, other = statistics.median(ours_took), statistics.median(bare_took)
    low, _, high = statistics.quantiles(
        [bare / ours for ours, bare in zip(ours_took, bare_took, strict=True)], n=4
    )
    return f"{one * 1000:.2f} ms | {other * 1000:.2f} ms | {other / one:.2f} | {low:.2f} to {high:.2f}"


def _write(studio: Studio, number: int) -> None:
    """Write something, as a command does: not in the server's process."""
    change_setting(studio, "site.words", f"Welcome. {number}")


def _ask(port: int, path: str, before: Callable[[int], None] | None = None) -> float:
    """Return the seconds that an answer takes, the median of some on one connection.

    By hand: what a client makes of headers would be measured too, and one side has more of them.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    taken = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for number in range(EACH):
            if before is not None:
                before(number)
            begun = time.perf_counter()
            connection.sendall(request)
            body = _answer(connection)
            taken.append(time.perf_counter() - begun)
            assert len(body) > 5000
    return statistics.median(taken)


def _answer(connection: socket.socket) -> bytes:
    """Return the body of an answer that says how long it is."""
    held = b""
    while b"\r\n\r\n" not in held:
        held += connection.recv(65536)
    head, _, body = held.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return body


class _Served:
    """A server in a process of its own."""

    def __init__(self, serve: Callable[..., None], *arguments: Any) -> None:
        inner, outer = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=serve, args=(outer, *arguments), daemon=True)
        self._process.start()
        self.port: int = inner.recv()
        time.sleep(0.5)

    def __enter__(self) -> _Served:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def _ours(told: Any, file: Path) -> None:
    listening, fast = server.bind("127.0.0.1", 0), Rate(10**6, 10**6)
    base = server.address_of(listening, "127.0.0.1")
    door = server.Door(
        listening, file, clock, lambda line: None, link_base=base, bounds=Bounds(visiting=fast), site=True
    )
    told.send(listening.getsockname()[1])
    door.serve()


def _bare(told: Any, file: Path, path: str) -> None:
    """One route that renders our template with the data that our page has there."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    kept = _data_of(file, path)

    async def page(request: Request) -> HTMLResponse:
        dress, name, data = kept
        return HTMLResponse(dress.page(name, data))

    listening = server.bind("127.0.0.1", 0)
    config = uvicorn.Config(
        Starlette(routes=[Route("/book/family", page)]),
        log_config=None,
        access_log=False,
        http="h11",
        ws="none",
    )
    told.send(listening.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listening])


def _data_of(file: Path, path: str) -> tuple[pages.Dress, str, Any]:
    """Let our server make the page once, and keep what it gives to the template."""
    seen: list[Any] = []
    page = pages.Dress.page

    def keep(dress: pages.Dress, name: str, data: Any) -> str:
        seen.append((dress, name, data))
        return page(dress, name, data)

    listening = server.bind("127.0.0.1", 0)
    base = server.address_of(listening, "127.0.0.1")
    with (
        mock.patch.object(pages.Dress, "page", keep),
        server.Door(listening, file, clock, lambda line: None, link_base=base, site=True),
    ):
        connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
    dress, name, data = seen[0]
    return dress, name, data


if __name__ == "__main__":
    sys.exit(main())
