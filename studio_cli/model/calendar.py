"""Calendars of the owner's that close times here, and the busy times in them. Their titles are private."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from whenever import Instant

from studio_cli.errors import OutsideFailed
from studio_cli.model.times import rfc3339

Kind = Literal["file", "url", "caldav"]

HORIZON_DAYS = 400
"""How far ahead the events of a calendar are counted out; a rule without an end has no last one."""
RENEW_DAYS = 30
"""A calendar that says it is unchanged is read anew all the same when this much of the horizon is used up."""
STALE_MINUTES = 15
"""How old what we know of a calendar may be before a running server reads it again."""
LARGEST_CALENDAR = 10 * 1024 * 1024
"""Bytes of a calendar; a life full of appointments is a tenth of that."""


class CalendarUnreadable(OutsideFailed):
    """A calendar could not be fetched, or is none. What was known of it stays. Never names more than a host."""

    code = "calendar_unreadable"


@dataclass(frozen=True, slots=True)
class Found:
    """A calendar of the server's: its address and what it is called there."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Busy:
    """A time in one of the owner's calendars at which the owner is busy. ``title`` is for the owner alone."""

    starts_at: Instant
    ends_at: Instant
    title: str | None = None
    calendar: str = ""

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return ``{calendar, title, starts_at, ends_at}``, times in ``zone``."""
        return {
            "calendar": self.calendar,
            "title": self.title,
            "starts_at": rfc3339(self.starts_at, zone),
            "ends_at": rfc3339(self.ends_at, zone),
        }


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar that is read, and with ``writes`` written too.

    ``address`` is a path or a web address, which may hold a secret. ``mark`` is what the source calls the content
    that was read last (an ETag, say), ``digest`` its SHA-256; ``zone`` and ``covers_until`` say for which zone and
    how far it was read. ``notes`` are what could not be read of it.
    """

    id: int
    name: str
    kind: Kind
    address: str
    user: str | None
    titles: bool
    writes: bool
    created_at: Instant
    tried_at: Instant | None = None
    synced_at: Instant | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()
    mark: str | None = None
    digest: str | None = None
    zone: str | None = None
    covers_until: Instant | None = None
    events: int = 0

    @property
    def where(self) -> str:
        """Where it is, without what only its owner may know: the path, or the host alone."""
        return self.address if self.kind == "file" else host_of(self.address)

    def is_stale(self, now: Instant) -> bool:
        """Whether a server should read it again; one that failed is tried as seldom as one that did not."""
        return self.tried_at is None or self.tried_at <= now.subtract(minutes=STALE_MINUTES)

    def must_be_read(self, zone: str, now: Instant) -> bool:
        """Whether what we know of it is not enough even if it is unchanged: another zone, or the horizon came near."""
        if self.synced_at is None or self.covers_until is None:
            return True
        return self.zone != zone or self.covers_until < now.add(hours=24 * (HORIZON_DAYS - RENEW_DAYS))

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return it as scripts read it; times in ``zone``."""

        def at(moment: Instant | None) -> str | None:
            return moment and rfc3339(moment, zone)

        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "where": self.where,
            "user": self.user,
            "titles": self.titles,
            "writes": self.writes,
            "busy_times": self.events,
            "synced_at": at(self.synced_at),
            "tried_at": at(self.tried_at),
            "covers_until": at(self.covers_until),
            "error": self.error,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of a calendar's content: the zone of its floating times, from when until when, whose UIDs are ours."""

    zone: str
    first: Instant
    last: Instant
    studio_id: str
    owner: str = ""
    titles: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar's content says: its own name, the busy times in order, and what could not be read."""

    name: str | None
    busy: Sequence[Busy]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a calendar holds now (``content`` None: the same as before), and what to ask with next time.

    ``events`` are those of a server that we write to, by their path: what it calls each, and what is in it.
    """

    content: bytes | None
    mark: str | None = None
    events: Mapping[str, tuple[str, bytes]] | None = None


def host_of(address: str) -> str:
    """Return the host of a web address: all of it that may be shown."""
    found = re.match(r"[a-z]+://(?:[^/@]*@)?([^/?#]+)", address, re.I)
    return found[1].casefold() if found else "?"


def uid_of(session_id: int, studio_id: str) -> str:
    """Return the UID of a session in every calendar, for ever."""
    return f"session-{session_id}@{studio_id}.studio"


def session_of(uid: str, studio_id: str) -> int | None:
    """Return the number of the session that has a UID; None when it is not one of this studio's."""
    found = re.fullmatch(rf"session-([0-9]{{1,18}})@{re.escape(studio_id)}\.studio", uid)
    return int(found[1]) if found else None
