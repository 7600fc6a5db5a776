"""Mail scanners open every link and follow where it leads, with scripts on. Nothing of a booking may come of it."""

from __future__ import annotations

import http.client
import re
from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from studio_cli.booking import journey
from studio_cli.booking.studio import Studio
from studio_cli.model.session import STEPS
from tests.gallery import SCENES, Post, Scene, Stage
from tests.web.audit.conftest import dump

ROUNDS = 100
"""How often everything of a link is asked for."""
FEW = 10
"""The same where the link behind an error is one that was not used yet: other scenes have that."""
ALWAYS = ("/", "/robots.txt", "/favicon.ico")
"""What a scanner asks for whatever it was sent."""


FEW_OF_A_KIND = 2


class Scanner:
    """Asks for everything that a page leads to, over one connection."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)

    def ask(self, method: str, path: str) -> tuple[int, str, str]:
        """Return the status, the page if it is one, and where the answer leads."""
        self._connection.request(method, path)
        answer = self._connection.getresponse()
        body, kind = answer.read(), answer.getheader("Content-Type", "")
        page = body.decode() if kind.startswith("text/html") else ""
        return answer.status, page, answer.getheader("Location", "")

    def reach(self, start: Iterable[str]) -> list[str]:
        """Return every path of the door that can be got to: by links, by redirects, by where forms are sent.

        Of the days and times of the booking site, which have no end, a few of each kind.
        """
        seen: set[str] = set()
        kinds: Counter[tuple[str, ...]] = Counter()
        waiting = list(start)
        while waiting:
            path = waiting.pop()
            bare, _, query = path.partition("?")
            kind = (bare, *(pair.partition("=")[0] for pair in query.split("&")))
            if path not in seen and not (query and kinds[kind] >= FEW_OF_A_KIND):
                seen.add(path)
                kinds[kind] += 1
                _, body, location = self.ask("GET", path)
                waiting += self._own(path, [*Links(body).found, location])
        return sorted(seen)

    def _own(self, path: str, addresses: Iterable[str]) -> list[str]:
        here = urljoin(self._base, path)
        whole = (urlsplit(urljoin(here, address)) for address in addresses)
        same = [one for one in whole if (one.scheme, one.netloc) == urlsplit(self._base)[:2]]
        return [one._replace(scheme="", netloc="", fragment="").geturl() or "/" for one in same]

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class Links(HTMLParser):
    """Collects every address on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of an element."""
        self.found += [
            value for name, value in attrs if name in {"href", "src", "action", "formaction"} and value
        ]


def doors(look: str | Post) -> list[str]:
    """Return the addresses that a scene gives away: a link's own, and its steps whether or not they are asked for."""
    path = look if isinstance(look, str) else look.path
    link = re.match(r"/s/[^/]+", path)
    steps = [f"{link[0]}/{step}" for step in STEPS] if link else []
    return [path, *([link[0]] if link else []), *steps, *ALWAYS]


@pytest.fixture
def scanner(on: Stage) -> Any:
    """A scanner at the door of the stage."""
    made = Scanner(on.door.base)
    yield made
    made.close()


def scan(on: Stage, scanner: Scanner, paths: list[str], rounds: int) -> None:
    """Ask for every path of a link so many times, by GET and HEAD in turn; for the others now and then."""
    of_link = [path for path in paths if path.startswith("/s/")]
    for number in range(rounds):
        for path in paths if number % 20 < 2 else of_link:
            scanner.ask("HEAD" if number % 2 else "GET", path)
        if number % 20 == 0:
            on.clock.forward(minutes=1)


def watch(browser: Any, address: str) -> list[str]:
    """Open an address in a browser that runs scripts, and press nothing; return the methods of what it asked."""
    context = browser.new_context()
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.method))
    page.goto(address)
    context.close()
    return asked


@pytest.mark.browser
@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_scanned(scene: Scene, on: Stage, scanner: Scanner, browser: Any) -> None:
    """A hundred GETs and HEADs, and a browser, leave of everything a page leads to only when its link was opened."""
    look = scene.play(on)
    if isinstance(look, Post):
        on.send(look)
    before = dump(on.studio.file.path)
    paths = scanner.reach(doors(look))
    scan(on, scanner, paths, FEW if scene.template == "page/error.html" else ROUNDS)
    # Where the page leads to are scenes of their own.
    assert set(watch(browser, on.door.base + doors(look)[0])) == {"GET"}
    assert dump(on.studio.file.path) == before


def test_everything_is_reached(on: Stage, scanner: Scanner) -> None:
    """A scanner gets to every step, to where forms are sent, and to what a page is dressed in; and stays here."""
    link = on.past("contract", on.wedding())
    steps = {f"{link}/{step}" for step in STEPS}
    reached = scanner.reach([link])
    assert {path for path in reached if path.startswith("/s/")} == {link, *steps}
    assert {"/studio.css", "/studio.svg"} <= set(reached)


def test_writing_get_is_caught(on: Stage, scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that does a step for whoever looks at it is noticed at its first GET."""
    marked = journey.mark_opened

    def planted(studio: Studio, share_id: int) -> None:
        marked(studio, share_id)
        step = "INSERT INTO step (session_id, position, step, done_at, done_revision) VALUES (1, 0, 'review', ?, 1)"
        with studio.file.atomic() as sql:
            sql.execute(step, ("2026-11-20T15:00:00Z",))

    link = on.link(on.wedding())
    before = dump(on.studio.file.path)
    scan(on, scanner, [link, *ALWAYS], 2)
    assert dump(on.studio.file.path) == before
    monkeypatch.setattr(journey, "mark_opened", planted)
    scanner.ask("GET", link)
    assert dump(on.studio.file.path) != before
