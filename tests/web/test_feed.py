"""The owner's feed at the door: its secret, its headers, its limits, and a log that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from studio_cli.booking import feed as feeds
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.web import server
from studio_cli.web.guard import HEADERS
from studio_cli.web.limits import Bounds, Rate
from tests.booking.test_feed import token_of
from tests.conftest import Clock, Door, Maker
from tests.web.visitor import Visitor, dump


@pytest.fixture
def visitor(door: Door) -> Visitor:
    """A calendar at the door."""
    return Visitor(door.base)


@pytest.fixture
def path(studio: Studio, door: Door) -> str:
    """The path of the studio's feed."""
    address = feeds.feed(studio).address
    assert address is not None and address.startswith(door.base)
    return urlsplit(address).path


def test_feed_is_read_and_not_sent_twice(studio: Studio, make: Maker, visitor: Visitor, path: str) -> None:
    """A calendar gets the feed, is told when nothing changed, and gets it anew when something did."""
    make.session()
    answer = visitor.get(path)
    assert answer.status == 200
    assert answer.header("content-type") == "text/calendar; charset=utf-8"
    assert answer.header("cache-control") == "private, max-age=300"
    assert b"STATUS:TENTATIVE" in answer.body
    known = answer.header("etag") or ""
    for asked in (known, f"W/{known}", f'"other", {known}'):
        again = visitor.get(path, If_None_Match=asked)
        assert (again.status, again.body, again.header("etag")) == (304, b"", known)
    sessions.confirm(studio, "1")
    changed = visitor.get(path, If_None_Match=known)
    assert changed.status == 200 and b"STATUS:CONFIRMED" in changed.body
    assert visitor.ask("HEAD", path).status == 200


def test_every_other_header_is_there(visitor: Visitor, path: str) -> None:
    """The feed carries the headers of every answer, but that a calendar may keep it for a while."""
    for answer in (
        visitor.get(path),
        visitor.get(path, If_None_Match=visitor.get(path).header("etag") or ""),
    ):
        for name, value in HEADERS.items():
            if name != "Cache-Control":
                assert answer.header(name) == value
    assert visitor.get("/calendar/unknown.ics").header("cache-control") == "no-store"


def test_wrong_and_revoked_are_answered_alike(studio: Studio, visitor: Visitor, path: str) -> None:
    """A feed that has ended, one that never was, and a link that is none are answered alike, to the byte."""
    feeds.feed(studio, new=True)
    ended = visitor.get(path).undated
    assert ended[0] == 404
    for other in (
        "/calendar/unknown.ics",
        "/s/unknown",
        f"{path}/x",
        path.removesuffix(".ics"),
        path.replace(".ics", ".ICS"),
    ):
        assert visitor.get(other).undated == ended, other
    assert visitor.post(path, {}).status == 404


def test_link_is_no_feed_and_feed_is_no_link(make: Maker, visitor: Visitor, path: str) -> None:
    """A client's link does not open the feed, and the feed's secret opens nobody's session."""
    link = make.link(make.session())
    assert visitor.get(f"/calendar/{link}.ics").status == 404
    assert visitor.get(f"/s/{token_of(path)}").status == 404


def test_looking_changes_nothing(studio: Studio, make: Maker, visitor: Visitor, path: str) -> None:
    """Reading the feed, rightly or wrongly, writes nothing into the file."""
    make.session(expires="1h")
    before = dump(studio.file.path)
    for one in (path, path, "/calendar/unknown.ics"):
        visitor.get(one)
    assert dump(studio.file.path) == before


def test_secret_is_in_no_log(visitor: Visitor, door: Door, path: str) -> None:
    """The log tells that the feed was read, and never its secret, however the address is bent."""
    token = token_of(path)
    bent = [
        path,
        f"/calendar/{token}",
        f"{path}/",
        f"/x{path}",
        f"{path}?{token}",
        f"//calendar/{token}.ics",
        f"/calendar/{token}.ics.ics",
    ]
    for one in bent:
        visitor.get(one)
    assert "GET /calendar/….ics 200" in door.log[0]
    assert not any(token in line for line in door.log)


def test_feed_under_a_path_of_the_public_address(studio: Studio, clock: Clock) -> None:
    """Under a public address with a path the feed answers there, whether or not a proxy takes the path away."""
    listening = server.bind("127.0.0.1", 0)
    base = server.address_of(listening, "127.0.0.1")
    log: list[str] = []
    public = "https://example.com/booking"
    with server.Door(listening, studio.file.path, clock, log.append, link_base=public):
        token = token_of(feeds.feed(studio).address)
        for prefix in ("", "/booking"):
            assert Visitor(base).get(f"{prefix}/calendar/{token}.ics").status == 200
    assert not any(token in line for line in log)


@pytest.fixture
def tight(studio: Studio, clock: Clock) -> Iterator[Visitor]:
    """A door that lets five requests through."""
    listening = server.bind("127.0.0.1", 0)
    few = Rate(5, 0.001)
    visitor = Visitor(server.address_of(listening, "127.0.0.1"))
    with server.Door(
        listening,
        studio.file.path,
        clock,
        lambda line: None,
        link_base=visitor.base,
        bounds=Bounds(reading=few, wrong=few),
    ):
        yield visitor


def test_feed_has_limits_of_its_own(studio: Studio, make: Maker, tight: Visitor) -> None:
    """A calendar gone wild is slowed down, guesses are, and neither takes anything from a client's link."""
    path, link = f"/calendar/{token_of(feeds.feed(studio).address)}.ics", make.link(make.session())
    assert [tight.get("/calendar/wrong.ics").status for _ in range(6)] == [404] * 5 + [429]
    assert [tight.get(path).status for _ in range(6)] == [200] * 5 + [429]
    assert tight.get(f"/s/{link}").status == 200
