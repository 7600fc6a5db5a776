"""How much one link, one address and all clients together may ask of the door."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from studio_cli.errors import Busy

T = TypeVar("T")
Ticks = Callable[[], float]
"""Seconds of a clock that only goes forward."""

MOST_BUCKETS = 10_000
"""Of each kind are remembered, a few hundred bytes each; then the one used longest ago is forgotten, and full again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests at once, and from then on so many a second."""

    burst: int
    per_second: float

    @property
    def retry_after(self) -> int:
        """Seconds after which one more is surely let through: the same for everybody, so that it tells nothing."""
        return math.ceil(1 / self.per_second)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every bound of the door; the times are in seconds."""

    # A link's pages, and what is posted to them: nobody's fingers are that fast, and a script gets bored.
    reading: Rate = Rate(120, 4)
    writing: Rate = Rate(30, 0.5)
    # The booking site's pages for one address, and what is posted there: it may be a whole neighbourhood's.
    visiting: Rate = Rate(300, 10)
    booking: Rate = Rate(40, 0.5)
    # Requests of one address that no living link is behind.
    wrong: Rate = Rate(30, 0.5)
    # How long a client is waited for: from one answer (or the beginning) to the next complete head of a request, for
    # its body, until it has taken the answer, and for the rest of a body that is not wanted any more.
    head: float = 20
    body: float = 60
    answer: float = 30
    rest: float = 5
    connections: int = 500
    connections_per_address: int = 50
    # The file has one writer at a time anyway: more than a few threads would only wait, and be missing elsewhere.
    writers: int = 4
    turn: float = 5
    # How many wait for the payment provider at once, in threads that others would need.
    askers: int = 8


class Buckets:
    """Token buckets (https://en.wikipedia.org/wiki/Token_bucket), one for each key, in bounded memory."""

    def __init__(self, rate: Rate, ticks: Ticks = time.monotonic, most: int = MOST_BUCKETS) -> None:
        self.rate, self._ticks, self._most = rate, ticks, most
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> bool:
        """Take one token out of a key's bucket; return whether there was one."""
        now = self._ticks()
        level, since = self._kept.get(key, (float(self.rate.burst), now))
        level = min(self.rate.burst, level + (now - since) * self.rate.per_second)
        enough = level >= 1
        self._kept[key] = (level - 1 if enough else level, now)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return enough

    def __len__(self) -> int:
        return len(self._kept)


class Limits:
    """Slows down whoever tries links that do not work, and a script on one that does; never one for the other.

    Only links are counted. The few files that all pages share are not: refusing them would cost as much as giving
    them, and take away the clothes of a page that somebody else behind the same address is reading.
    """

    def __init__(
        self,
        find: Callable[[str], Awaitable[int | None]],
        bounds: Bounds,
        ticks: Ticks = time.monotonic,
        *,
        feed: Callable[[str], Awaitable[bool]] | None = None,
        waiting: Callable[[str], Awaitable[int | None]] | None = None,
    ) -> None:
        self._find, self._feed, self._waiting = find, feed, waiting
        self._reading, self._writing = Buckets(bounds.reading, ticks), Buckets(bounds.writing, ticks)
        self._wrong = Buckets(bounds.wrong, ticks)
        self._visiting, self._booking = Buckets(bounds.visiting, ticks), Buckets(bounds.booking, ticks)

    def visit(self, scope: Any) -> None:
        """Let a request to the booking site go on; raise 429 when there were too many from its address."""
        buckets = self._booking if scope["method"] == "POST" else self._visiting
        _take(buckets, whose(scope["client"][0]))

    async def admit(self, scope: Any) -> None:
        """Let a request go on; raise 404 when there is no living link in it, 429 when there were too many.

        All links that do not work, whatever they once were, take this way and come no further.
        """
        key = await self._key(scope["path"])
        if key is None:
            _take(self._wrong, whose(scope["client"][0]))
            raise HTTPException(404)
        _take(self._writing if scope["method"] == "POST" else self._reading, key)

    async def _key(self, path: str) -> Hashable | None:
        """Return what a path is counted with: the share of its link, who waits, or the feed; None for nothing."""
        link = re.match(r"/s/([^/]+)", path)
        if link:
            return await self._find(link[1])
        ending = re.fullmatch(r"/waiting/([^/]+)", path)
        if ending:
            number = await self._waiting(ending[1]) if self._waiting else None
            return None if number is None else ("waiting", number)
        feed = re.fullmatch(r"/calendar/([^/]+)\.ics", path)
        return "feed" if feed and self._feed and await self._feed(feed[1]) else None


def _take(buckets: Buckets, key: Hashable) -> None:
    if not buckets.take(key):
        raise HTTPException(429, headers={"Retry-After": str(buckets.rate.retry_after)})


@lru_cache(maxsize=MOST_BUCKETS)
def whose(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits, all of which one home has.

    RFC 6177 tells providers to give every site at least that much: counting single addresses would count nothing.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64))


class Turns:
    """Turns to write to the file: a few at once, the others wait without holding a thread, and not for long."""

    def __init__(self, bounds: Bounds) -> None:
        self._places, self._patience = asyncio.Semaphore(bounds.writers), bounds.turn

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do the work in a thread when its turn has come; raise ``Busy`` when it does not come."""
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise Busy("Too many others are writing to the studio's file.") from None
        try:
            return await run_in_threadpool(work, *arguments)
        finally:
            self._places.release()
