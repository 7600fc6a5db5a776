"""How much one link, one address and all together may ask: by themselves, and at a real door."""

from __future__ import annotations

import asyncio
import math
import re
import secrets
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking.studio import Studio
from studio_cli.store import database
from studio_cli.web import server
from studio_cli.web.limits import Bounds, Buckets, Limits, Rate, whose
from studio_cli.web.proxies import Proxies
from tests.conftest import Clock, Maker
from tests.web.test_guard import check_headers
from tests.web.visitor import FORM, Visitor, dump


@dataclass
class Ticks:
    """A clock of seconds that stands still until a test moves it."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


# ── buckets ───────────────────────────────────────────────────────────────────────────────────────

PAUSES = st.lists(st.sampled_from([0, 0, 0, 0.01, 0.3, 1, 7, 40]), max_size=120)
RATES = st.builds(Rate, st.integers(1, 20), st.sampled_from([0.1, 0.5, 1.0, 4.0]))


@given(rate=RATES, pauses=PAUSES)
def test_no_more_than_the_rate(rate: Rate, pauses: list[float]) -> None:
    """In no stretch of time are more let through than fit at once and have come since."""
    ticks = Ticks()
    buckets = Buckets(rate, ticks)
    taken: list[float] = []
    for pause in pauses:
        ticks.now += pause
        if buckets.take("one"):
            taken.append(ticks.now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            most = rate.burst + (taken[last] - taken[first]) * rate.per_second
            assert last - first + 1 <= most + 1e-6


@given(rate=RATES, pauses=PAUSES)
def test_what_retry_after_promises(rate: Rate, pauses: list[float]) -> None:
    """Whoever was refused and waits as long as they were told is let through."""
    ticks = Ticks()
    buckets = Buckets(rate, ticks)
    for pause in pauses:
        ticks.now += pause
        if not buckets.take("one"):
            ticks.now += rate.retry_after
            assert buckets.take("one")


def test_buckets_are_apart_and_few() -> None:
    """One key's bucket is not another's, and a million keys are not remembered."""
    ticks = Ticks()
    buckets = Buckets(Rate(1, 0.1), ticks, most=100)
    assert buckets.take("a") and not buckets.take("a") and buckets.take("b")
    for number in range(10_000):
        buckets.take(number)
        assert not buckets.take("a")  # used all the time: not the one that is forgotten
    assert len(buckets) == 100


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::1", "::"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_whose(address: str, group: str) -> None:
    """An IPv4 address counts by itself, IPv6 by the network of 64 bits that one home has."""
    assert whose(address) == group


def test_the_docs_name_the_bounds() -> None:
    """docs/internet.md says what the bounds are."""
    bounds = Bounds()
    written = Path(__file__).parents[2].joinpath("docs/internet.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", written, re.M))
    posting = f"{bounds.writing.burst} at once, then one every {bounds.writing.retry_after} seconds"
    assert (
        rows["opening the pages of one link"]
        == f"{bounds.reading.burst} at once, then {bounds.reading.per_second} a second"
    )
    assert rows["posting to one link"] == posting
    assert rows["links that do not work, from one address"] == posting and bounds.wrong == bounds.writing
    assert rows["connections from one address"].startswith(f"{bounds.connections_per_address} ")
    assert rows["connections in all"] == str(bounds.connections)
    assert rows["the head of a request"].startswith(f"{bounds.head} seconds")
    assert rows["its body"].startswith(f"{bounds.body} seconds")
    assert rows["taking the answer"] == f"{bounds.answer} seconds"
    turns = f"{bounds.writers} at once; the others wait up to {bounds.turn} seconds for their turn"
    assert rows["posts that write to the file"] == turns


# ── ten thousand guesses ──────────────────────────────────────────────────────────────────────────


def admitted(limits: Limits, path: str, address: str = "192.0.2.7", method: str = "GET") -> int:
    """Return the status with which a request is let in or not."""
    try:
        # In a thread of its own: a browser of another test may have a loop running in this one.
        asking = limits.admit({"path": path, "method": method, "client": (address, 1)})
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, asking).result()
    except HTTPException as refused:
        return refused.status_code
    return 200


def test_ten_thousand_wrong_tokens() -> None:
    """Ten thousand guesses from one address, a hundred a second, are nearly all 429; the right link always works."""
    ticks = Ticks()
    asked: list[str] = []

    async def find(token: str) -> int | None:
        asked.append(token)
        return 7 if token == "right" else None

    bounds = Bounds()
    limits = Limits(find, bounds, ticks)
    seen: Counter[int] = Counter()
    for number in range(10_000):
        ticks.now += 0.01
        seen[admitted(limits, f"/s/{number}")] += 1
        if number % 100 == 0:
            assert admitted(limits, "/s/right") == 200
    assert seen[404] <= bounds.wrong.burst + 100 * bounds.wrong.per_second
    assert seen[404] + seen[429] == 10_000
    assert admitted(limits, "/s/wrong", address="192.0.2.8") == 404
    assert len(asked) == 10_000 + 100 + 1


@pytest.mark.parametrize("path", ["/wp-login.php", "/s/", "/s//review", "/S/right", "/x/s/right", "*", "-"])
def test_paths_without_a_link(path: str) -> None:
    """Whatever names no link is counted like a wrong one."""

    async def find(token: str) -> int | None:
        return 7 if token == "right" else None

    limits = Limits(find, Bounds(wrong=Rate(2, 1)), Ticks())
    assert [admitted(limits, path) for _ in range(3)] == [404, 404, 429]
    assert admitted(limits, "/s/right") == 200


# ── at the door ───────────────────────────────────────────────────────────────────────────────────

Open = Callable[..., Visitor]


@pytest.fixture
def ticks() -> Ticks:
    """The clock of ``open_door``."""
    return Ticks()


@pytest.fixture
def open_door(studio: Studio, clock: Clock, ticks: Ticks) -> Iterator[Open]:
    """Open a door of ``studio`` with the bounds that are given."""
    opened: list[Any] = []

    def open_one(bounds: Bounds | None = None, trusted: str | None = None) -> Visitor:
        listening = server.bind("127.0.0.1", 0)
        visitor = Visitor(server.address_of(listening, "127.0.0.1"))
        door = server.Door(
            listening,
            studio.file.path,
            clock,
            [].append,
            link_base=visitor.base,
            proxies=Proxies.named(trusted),
            bounds=bounds or Bounds(),
            ticks=ticks,
        )
        opened.append(door.__enter__())
        return visitor

    yield open_one
    for door in opened:
        door.__exit__()


def exhaust(visitor: Visitor, **headers: str) -> None:
    """Try wrong links until the address has no more to try."""
    for _ in range(200):
        if visitor.get(f"/s/{secrets.token_urlsafe(32)}", **headers).status == 429:
            return
    raise AssertionError("nothing stops the guessing")


def test_guesses_are_slowed_down(open_door: Open, make: Maker, ticks: Ticks) -> None:
    """Who guesses is told to wait, on a page like the others, and may try again later."""
    visitor = open_door()
    exhaust(visitor)
    answer = visitor.get("/s/wrong")
    assert (answer.status, answer.header("retry-after")) == (429, "2")
    assert "Please wait a moment" in answer.text and "Ana Silva Photography" in answer.text
    check_headers(answer)
    ticks.now += 2
    assert [visitor.get("/s/wrong").status for _ in range(2)] == [404, 429]


def test_right_link_from_the_same_address(open_door: Open, make: Maker) -> None:
    """Whatever others behind the same address try, who has a living link goes on, in full dress, to Confirmed."""
    visitor = open_door()
    token = make.link(make.session())
    exhaust(visitor)
    for path in (f"/s/{token}", "/studio.css", "/studio.svg", "/robots.txt", "/", f"/s/{token}/review"):
        assert visitor.get(path).status == 200
    assert [visitor.step(token, step).status for step in ("review", "payment")] == [303, 303]
    assert "Your session is confirmed" in visitor.get(f"/s/{token}").text
    assert visitor.get("/s/wrong").status == 429


@pytest.mark.parametrize("exhausted", [False, True])
def test_dead_links_stay_alike(
    exhausted: bool, open_door: Open, studio: Studio, make: Maker, clock: Clock
) -> None:
    """Unknown, revoked and ended links have the same answer to the byte, before and after too many tries."""
    visitor = open_door(None if exhausted else Bounds(wrong=Rate(1000, 1)))
    ended, revoked = make.session("2026-12-04 10:00"), make.session("2027-03-05 10:00")
    living = make.link(make.session("2027-03-05 14:00"))
    tokens = [make.link(ended), make.link(revoked), secrets.token_urlsafe(32), "x"]
    shares.revoke(studio, str(revoked.id))
    clock.now = ended.ends_at.add(hours=24 * 30)
    if exhausted:
        exhaust(visitor)
    before = dump(studio.file.path)
    for path in ("", "/review", "/questionnaire", "/payment", "/nowhere"):
        for method in ("GET", "HEAD", "POST", "DELETE"):
            answers = {
                visitor.ask(method, f"/s/{token}{path}", b"revision=1", {"Content-Type": FORM}).undated
                for token in tokens
            }
            assert len(answers) == 1
            assert next(iter(answers))[0] == (429 if exhausted else 404)
    assert dump(studio.file.path) == before
    assert visitor.get(f"/s/{living}").status == 200


def test_dead_links_take_alike_long(open_door: Open, studio: Studio, make: Maker, clock: Clock) -> None:
    """How long the answer takes does not tell a link that ended or was revoked from one that never was."""
    visitor = open_door(Bounds(wrong=Rate(10_000, 1)))
    ended, revoked = make.session("2026-12-04 10:00"), make.session("2027-03-05 10:00")
    tokens = [make.link(ended), make.link(revoked), secrets.token_urlsafe(32)]
    shares.revoke(studio, str(revoked.id))
    clock.now = ended.ends_at.add(hours=24 * 30)
    shortest = [math.inf] * len(tokens)
    for _ in range(40):  # in turn, so that whatever else this machine does is the same for all
        for index, token in enumerate(tokens):
            begun = time.perf_counter()
            visitor.get(f"/s/{token}")
            shortest[index] = min(shortest[index], time.perf_counter() - begun)
    assert max(shortest) < 1.5 * min(shortest)


def test_a_person_never_notices(open_door: Open, make: Maker, ticks: Ticks) -> None:
    """Ten reloads of a page with all that belongs to it, and every button tapped twice, in no time at all."""
    visitor = open_door()
    token = make.link(make.session())
    for _ in range(10):
        for path in (f"/s/{token}", "/studio.css", "/studio.svg", f"/s/{token}/review"):
            assert visitor.get(path).status == 200
        assert visitor.get("/favicon.ico").status == 404
    for step in ("review", "payment"):
        for _ in range(2):
            assert visitor.step(token, step).status == 303
            assert visitor.get(f"/s/{token}").status == 200


def test_a_script_on_one_link(open_door: Open, make: Maker, ticks: Ticks) -> None:
    """Who posts to one link without end has to wait; the link can be read, and others can be posted to."""
    visitor = open_door()
    token, other = make.link(make.session()), make.link(make.session("2026-12-04 14:00"))
    seen = Counter(visitor.step(token, "review").status for _ in range(60))
    assert seen == {303: Bounds().writing.burst, 429: 60 - Bounds().writing.burst}
    assert visitor.get(f"/s/{token}").status == 200
    assert visitor.step(other, "review").status == 303
    ticks.now += Bounds().writing.retry_after
    assert visitor.step(token, "review").status == 303


def test_reading_one_link_without_end(open_door: Open, make: Maker) -> None:
    """Who loads one link without end has to wait; other links and the posts of this one do not."""
    visitor = open_door(Bounds(reading=Rate(5, 1)))
    token, other = make.link(make.session()), make.link(make.session("2026-12-04 14:00"))
    assert [visitor.ask("HEAD", f"/s/{token}").status for _ in range(6)] == [200] * 5 + [429]
    assert visitor.get(f"/s/{other}").status == 200
    assert visitor.step(token, "review").status == 303


# ── whose requests they are ───────────────────────────────────────────────────────────────────────


def test_forged_addresses(open_door: Open) -> None:
    """A header in which anybody may write anything is no way around the limits."""
    visitor = open_door()
    exhaust(visitor)
    for number in range(5):
        forged = f"203.0.113.{number}"
        answer = visitor.get("/s/wrong", X_Forwarded_For=forged, Forwarded=f"for={forged}", X_Real_IP=forged)
        assert answer.status == 429


def test_clients_of_a_trusted_proxy(open_door: Open) -> None:
    """Behind the proxy that is trusted everybody has an address of their own, and cannot invent others."""
    visitor = open_door(trusted="127.0.0.1")
    exhaust(visitor, X_Forwarded_For="203.0.113.1")
    for same in ("203.0.113.1", "198.51.100.9, 203.0.113.1", "nonsense, 203.0.113.1:4711"):
        assert visitor.get("/s/wrong", X_Forwarded_For=same).status == 429
    for other in ("203.0.113.2", "203.0.113.1, 203.0.113.2", "2001:db8::1"):
        assert visitor.get("/s/wrong", X_Forwarded_For=other).status == 404


def test_one_home_with_many_addresses(open_door: Open) -> None:
    """All addresses of an IPv6 network of 64 bits are one client."""
    visitor = open_door(trusted="127.0.0.1")
    exhaust(visitor, X_Forwarded_For="2001:db8::1")
    assert visitor.get("/s/wrong", X_Forwarded_For="2001:db8::ffff:2:3").status == 429
    assert visitor.get("/s/wrong", X_Forwarded_For="[2001:db8:0:1::1]:443").status == 404


# ── turns ─────────────────────────────────────────────────────────────────────────────────────────


def test_waiting_posts_hold_nobody_up(
    open_door: Open, studio: Studio, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While sixty posts wait for a file that another program writes to, pages are shown at once."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 2000)
    visitor = open_door(Bounds(writing=Rate(100, 1), turn=0.5, connections_per_address=100))
    reader, writer = make.link(make.session()), make.link(make.session("2026-12-04 14:00"))
    statuses: list[int] = []
    posts = [
        threading.Thread(target=lambda: statuses.append(visitor.step(writer, "review").status))
        for _ in range(60)
    ]
    other = sqlite3.connect(studio.file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for post in posts:
        post.start()
    time.sleep(0.3)
    slowest = 0.0
    for _ in range(10):
        begun = time.monotonic()
        assert visitor.get(f"/s/{reader}").status == 200
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 1
    for post in posts:
        post.join()
    other.close()
    assert statuses == [503] * 60
    assert visitor.step(writer, "review").status == 303


def test_turns_come(open_door: Open, studio: Studio, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posts that wait their turn behind another program all go through when it is done."""
    visitor = open_door(Bounds(writing=Rate(100, 1)))
    session = make.session()
    token = make.link(session)
    statuses: list[int] = []
    posts = [
        threading.Thread(target=lambda: statuses.append(visitor.step(token, "review").status))
        for _ in range(30)
    ]
    other = sqlite3.connect(studio.file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for post in posts:
        post.start()
    time.sleep(0.5)
    other.close()
    for post in posts:
        post.join()
    assert statuses == [303] * 30
    assert sessions.get(studio, session.id).step("review").done_at is not None
