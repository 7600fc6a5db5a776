"""How fast the booking site's page of a type is, against a bare Starlette page of the same template: ``make bench``.

Both are served by uvicorn, in processes of their own, and asked in turns by the same client over connections that
stay open. The studio has a year of availability, 10,000 sessions and, as a stand-in for calendars, 1,000 busy hours.
"""

from __future__ import annotations

import http.client
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from whenever import Instant

from benchmarks.slots import NOW, fill
from studio_cli.booking import session_type
from studio_cli.booking.session_type import TypedOffer
from studio_cli.model.site import TypedSite
from studio_cli.web import pages, server
from studio_cli.web.limits import Bounds, Rate

PAGES = ("/book/family", "/book/family?month=2027-03", "/book/family?month=2027-06&zone=Europe/Lisbon")
ROUNDS, EACH = 30, 20


def clock() -> Instant:
    """The time at which all of it happens."""
    return NOW


def main() -> None:
    """Measure and print."""
    print("| page | ours | bare Starlette, same template | ratio of speeds |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.db"
        _furnish(file)
        for path in PAGES:
            ours, bare = _compare(file, path)
            print(f"| {path} | {ours * 1000:.2f} ms | {bare * 1000:.2f} ms | {bare / ours:.2f} |", flush=True)


def _furnish(file: Path) -> None:
    studio = fill(file, 11_000, gap_minutes=165)
    text = "An hour and a half in the park, with everybody who belongs to you."
    session_type.edit(studio, "family", TypedOffer(site=TypedSite(publish=True, description=text)))
    studio.file.close()


def _compare(file: Path, path: str) -> tuple[float, float]:
    """Return the median seconds of our page and of the bare one, asked in turns."""
    with _Served(_ours, file) as ours, _Served(_bare, file, path) as bare:
        times: dict[int, list[float]] = {ours.port: [], bare.port: []}
        for _ in range(ROUNDS):
            for one in (ours, bare):
                times[one.port].append(_ask(one.port, path))
        return statistics.median(times[ours.port]), statistics.median(times[bare.port])


def _ask(port: int, path: str) -> float:
    """Return the seconds that an answer takes, the mean of some on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    begun = time.perf_counter()
    for _ in range(EACH):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        assert len(answer.read()) > 5000
    taken = (time.perf_counter() - begun) / EACH
    connection.close()
    return taken


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
