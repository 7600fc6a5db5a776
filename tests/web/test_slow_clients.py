"""Clients that take all the time in the world, and clients that take all the places."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.store import database
from studio_cli.web import server
from studio_cli.web.guard import LARGEST_BODY
from studio_cli.web.limits import Bounds
from studio_cli.web.proxies import Proxies
from tests.conftest import Clock, Maker
from tests.server_process import ServerProcess
from tests.web.test_guard import check_headers
from tests.web.visitor import FORM, Visitor, dump, say, wait_for

PATIENT = Bounds(head=30, body=30, answer=30, rest=30)
"""A test shortens the one time that it is about, so that it need not wait as long as a client may."""

Open = Callable[..., Visitor]


@pytest.fixture
def open_door(studio: Studio, clock: Clock) -> Iterator[Open]:
    """Open a door of ``studio`` with the bounds that are given."""
    opened: list[Any] = []

    def open_one(bounds: Bounds, trusted: str | None = None) -> Visitor:
        listening = server.bind("127.0.0.1", 0)
        visitor = Visitor(server.address_of(listening, "127.0.0.1"))
        door = server.Door(
            listening,
            studio.file.path,
            clock,
            [].append,
            link_base=visitor.base,
            proxies=Proxies.named(trusted),
            bounds=bounds,
        )
        opened.append(door.__enter__())
        return visitor

    yield open_one
    for door in opened:
        door.__exit__()


def connect(visitor: Visitor, source: str = "127.0.0.1") -> socket.socket:
    """Connect from an address of this machine, and say nothing."""
    address = urlsplit(visitor.base)
    where = (address.hostname or "", address.port or 0)
    return socket.create_connection(where, timeout=10, source_address=(source, 0))


def lasts(raw: socket.socket, drip: bytes = b"") -> float:
    """Return for how long a connection is kept on which a byte is sent now and then."""
    begun = time.monotonic()
    raw.settimeout(0.03)
    with raw, contextlib.suppress(OSError):
        for number in range(400):
            if drip:
                raw.sendall(drip[number % len(drip) : number % len(drip) + 1])
            with contextlib.suppress(TimeoutError):
                if not raw.recv(65536):
                    break
    return time.monotonic() - begun


def is_open(raw: socket.socket) -> bool:
    """Return whether nobody has closed a connection on which nothing was said."""
    raw.settimeout(0.02)
    try:
        return raw.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


# ── one that is slow ──────────────────────────────────────────────────────────────────────────────

POST = f"POST /s/{{token}}/review HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"


@pytest.mark.parametrize("drip", [b"", b"G", b"GET / HTTP/1.1\r\nX: " + b"a" * 400])
def test_head_that_never_ends(drip: bytes, open_door: Open) -> None:
    """Who sends nothing, or a request's head byte by byte, is cut when its time is over."""
    visitor = open_door(replace(PATIENT, head=0.5))
    assert 0.3 < lasts(connect(visitor), drip) < 8


@pytest.mark.parametrize(
    "body", ["Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e8\r\n"]
)
def test_body_that_never_ends(body: str, open_door: Open, studio: Studio, make: Maker) -> None:
    """Who sends a body byte by byte is cut when its time is over, and nothing of it is kept."""
    visitor = open_door(replace(PATIENT, body=0.7))
    token = make.link(make.session())
    before = dump(studio.file.path)
    raw = connect(visitor)
    raw.sendall((POST.format(token=token) + body).encode())
    assert 0.5 < lasts(raw, b"a") < 8
    assert dump(studio.file.path) == before
    assert visitor.get(f"/s/{token}").status == 200


def test_rest_that_nobody_wants(open_door: Open, make: Maker) -> None:
    """Who was refused and goes on sending is listened to for a little while only."""
    visitor = open_door(replace(PATIENT, rest=0.4))
    raw = connect(visitor)
    head = POST.format(token=make.link(make.session())) + f"Content-Length: {10 * LARGEST_BODY}\r\n\r\n"
    raw.sendall(head.encode())
    assert raw.recv(100).startswith(b"HTTP/1.1 413 ")
    assert 0.2 < lasts(raw, b"a") < 8


def test_answers_that_nobody_takes(studio: Studio, clock: Clock) -> None:
    """Who asks and asks without reading is cut, with all that waits for them, when their time is over."""
    listening = server.bind("127.0.0.1", 0)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(2)
    log: list[str] = []
    bounds = replace(PATIENT, answer=0.6)
    with (
        raw,
        server.Door(listening, studio.file.path, clock, log.append, link_base="http://x", bounds=bounds),
    ):
        raw.connect(listening.getsockname())
        with contextlib.suppress(OSError):  # the server stops reading, too
            raw.sendall(b"GET /studio.css HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
        time.sleep(1)
        answered, begun = len(log), time.monotonic()
    assert 0 < answered < 2000
    # The end of a door waits longer for a connection that is still there.
    assert time.monotonic() - begun < 2.5


def test_everybody_else_has_time(open_door: Open, make: Maker) -> None:
    """One connection used again and again, with pauses, and a body that takes a moment, are as good as any."""
    visitor = open_door(Bounds(head=1.5, body=5, answer=0.6, rest=0.2))
    token = make.link(make.session())
    connection = http.client.HTTPConnection(urlsplit(visitor.base).netloc, timeout=10)

    def slowly() -> Iterator[bytes]:
        for byte in b"revision=1":
            time.sleep(0.08)
            yield bytes([byte])

    for _ in range(3):
        connection.request("GET", f"/s/{token}")
        used = connection.sock
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
        assert connection.sock is used
        time.sleep(0.7)
    headers = {"Content-Type": FORM, "Content-Length": "10"}
    connection.request("POST", f"/s/{token}/review", slowly(), headers)
    assert connection.sock is used
    assert connection.getresponse().status == 303
    connection.close()


def test_slow_ones_delay_nobody(open_door: Open, make: Maker) -> None:
    """With forty slow heads and forty slow bodies on the line, a page comes at once."""
    visitor = open_door(PATIENT)
    token = make.link(make.session())
    slow = [connect(visitor, f"127.0.0.{2 + number % 4}") for number in range(80)]
    for raw in slow[:40]:
        raw.sendall((POST.format(token=token) + "Content-Length: 1000\r\n\r\n").encode())
    slowest = 0.0
    for _ in range(10):
        for raw in slow:
            raw.sendall(b"a")
        begun = time.monotonic()
        assert visitor.get(f"/s/{token}").status == 200
        slowest = max(slowest, time.monotonic() - begun)
    for raw in slow:
        raw.close()
    assert slowest < 1


def test_the_end_waits_for_no_slow_one(studio: Studio, clock: Clock, make: Maker) -> None:
    """A door with slow clients in it still closes within its few seconds."""
    head = POST.format(token=make.link(make.session())).encode()
    listening = server.bind("127.0.0.1", 0)
    visitor = Visitor(server.address_of(listening, "127.0.0.1"))
    with server.Door(listening, studio.file.path, clock, [].append, link_base=visitor.base):
        slow = [connect(visitor) for _ in range(6)]
        for raw, sent in zip(slow, (b"", b"G", head, head + b"Content-Length: 9\r\n\r\na"), strict=False):
            raw.sendall(sent)
        time.sleep(0.2)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    for raw in slow:
        raw.close()


# ── many ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bounds", [{"connections_per_address": 5}, {"connections": 5}], ids=str)
def test_the_oldest_idle_one_makes_room(bounds: dict[str, int], open_door: Open, make: Maker) -> None:
    """Beyond the most connections the one that has idled longest is closed, and who comes now is served."""
    visitor = open_door(Bounds(**bounds))
    token = make.link(make.session())
    idle = []
    for _ in range(8):
        idle.append(connect(visitor))
        time.sleep(0.01)
    wait_for(lambda: not is_open(idle[2]))
    assert [is_open(raw) for raw in idle] == [False] * 3 + [True] * 5
    for _ in range(3):
        assert visitor.get(f"/s/{token}").status == 200
    for raw in idle:
        raw.close()


def test_those_who_left_are_not_counted(open_door: Open) -> None:
    """However many came and went, there is as much room as before."""
    visitor = open_door(Bounds(connections_per_address=4))
    idle = [connect(visitor) for _ in range(3)]
    for _ in range(20):
        assert visitor.get("/").status == 200
    assert all(is_open(raw) for raw in idle)
    for raw in idle:
        raw.close()


def test_addresses_do_not_push_each_other_out(open_door: Open) -> None:
    """Many connections from one address close none of another's."""
    visitor = open_door(Bounds(connections_per_address=3))
    mine = connect(visitor, "127.0.0.2")
    theirs = [connect(visitor, "127.0.0.3") for _ in range(20)]
    wait_for(lambda: not is_open(theirs[16]))
    assert is_open(mine) and is_open(theirs[-1])
    for raw in (mine, *theirs):
        raw.close()


def test_a_proxy_may_have_many(open_door: Open) -> None:
    """The connections of a trusted proxy are those of many clients: only the most of all bounds them."""
    visitor = open_door(Bounds(connections_per_address=3), trusted="127.0.0.2")
    many = [connect(visitor, "127.0.0.2") for _ in range(20)]
    assert visitor.get("/").status == 200
    assert all(is_open(raw) for raw in many)
    for raw in many:
        raw.close()


def test_no_room_at_all(
    open_door: Open, studio: Studio, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everybody inside is being served, the next one is told to come back, with all the headers."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1500)
    visitor = open_door(Bounds(connections_per_address=2))
    token = make.link(make.session())
    other = sqlite3.connect(studio.file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    posts = [threading.Thread(target=visitor.step, args=(token, "review")) for _ in range(2)]
    for post in posts:
        post.start()
    time.sleep(0.3)
    answer = say(visitor.base, b"")
    assert (answer.status, answer.header("retry-after")) == (503, "5")
    check_headers(answer)
    for post in posts:
        post.join()
    other.close()
    assert visitor.get(f"/s/{token}").status == 200


def test_few_open_files(with_session: Any) -> None:
    """Where a process may open few files, connections never use up those that the studio needs."""
    token = with_session("session", "share", "1", "--link").ok().out.strip().rpartition("/s/")[2]
    with ServerProcess("--port", "0", most_files=300) as door:
        visitor = Visitor(door.address)
        idle = [connect(visitor, f"127.0.0.{2 + number % 50}") for number in range(400)]
        for _ in range(5):
            assert visitor.get(f"/s/{token}").status == 200
        for raw in idle:
            raw.close()
        assert door.interrupt() == 0
    requests = [line for line in door.log if line.startswith("GET ")]
    assert [line for line in door.log if line not in requests] == ["Ctrl-C ends it.", "Stopped."]
