"""Sessions in a calendar of the owner's on a server: written as events, updated in place, taken out again.

What the studio's file says is what is so: an event that was changed or removed over there is put back, and told of.
Each write is noted before and after it is made, so that a process that dies in between is finished by the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from studio_cli.booking import feed as feeds
from studio_cli.booking import subscription as subscriptions
from studio_cli.booking.studio import Studio
from studio_cli.booking.subscription import Events, Source
from studio_cli.errors import Refused
from studio_cli.model.calendar import Calendar, CalendarUnreadable, Found, Window
from studio_cli.model.feed import Entry
from studio_cli.model.settings import STUDIO_ID
from studio_cli.model.text import folded, shown
from studio_cli.store import calendar as calendar_store
from studio_cli.store import event as event_store
from studio_cli.store.calendar import Written


class Target(Source, Protocol):
    """A calendar that sessions can be written into."""

    def place_of(self, name: str) -> str:
        """Return the path of an event of that name."""

    def put(self, path: str, content: bytes, mark: str | None) -> tuple[str | None, bool]:
        """Write an event; return what it is called now, and whether it was not as it was left."""

    def remove(self, path: str) -> None:
        """Remove an event; one that is gone already is fine."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done in a calendar so that it shows the sessions.

    ``put_back`` was changed over there; ``renamed`` is as it should be, and only called something else by now.
    """

    put: tuple[Entry, ...]
    remove: tuple[Written, ...]
    put_back: frozenset[int]
    renamed: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was done: the numbers of the sessions written, taken out, and put back as they are."""

    put: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    put_back: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return ``{written, removed, put_back}``: numbers of sessions."""
        return {"written": list(self.put), "removed": list(self.removed), "put_back": list(self.put_back)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of reading a calendar once more, and of writing into it where that is wanted."""

    calendar: Calendar
    changed: bool
    delivered: Delivered = Delivered()

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the calendar as scripts read it, with ``changed`` and what was delivered."""
        return {**self.calendar.as_json(zone), "changed": self.changed, **self.delivered.as_json()}


# ── which calendar ────────────────────────────────────────────────────────────────────────────────


def choose(found: Sequence[Found], wanted: str | None) -> Found:
    """Return the calendar that is meant: the only one, or the one of that name."""
    named = [one for one in found if wanted is None or folded(one.name) == folded(wanted)]
    if len(named) == 1:
        return named[0]
    if not found:
        raise CalendarUnreadable(
            "There is no calendar at that address.", hint="Give the address of the calendar itself."
        )
    names = ", ".join(f"“{shown(one.name)}”" for one in found)
    raise Refused(
        f"There are {len(found)} calendars there: {names}.",
        hint="Say which one: --calendar NAME",
        code="ambiguous",
        details={"calendars": [one.name for one in found]},
    )


# ── both ways ─────────────────────────────────────────────────────────────────────────────────────


def sync(studio: Studio, calendar: Calendar, source: Source) -> Outcome:
    """Read a calendar once more, and where sessions are written into it, write those that have changed."""
    synced = subscriptions.sync(studio, calendar, source)
    if not calendar.writes:
        return Outcome(synced.calendar, synced.changed)
    try:
        delivered = deliver(studio, calendar, cast(Target, source), synced.events)
    except CalendarUnreadable as trouble:
        raise subscriptions.failed(studio, calendar, trouble, "cannot be written") from trouble
    return Outcome(synced.calendar, synced.changed, delivered)


def due(studio: Studio) -> list[Calendar]:
    """Return the calendars that a server should see to: stale ones, those that were read for another zone, and those
    into which a session is to be written.

    One that failed is tried as seldom as one that did not.
    """
    now, zone = studio.now(), studio.settings.zone
    return [
        one
        for one in subscriptions.listed(studio)
        if one.is_stale(now) or (one.error is None and (one.zone != zone or waits(studio, one)))
    ]


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def planned(studio: Studio, calendar: Calendar, events: Events | None, window: Window) -> Plan:
    """Return what is to be written and taken out. ``events``: those that the server has now, if it was asked.

    Sessions that are over stay as they were.
    """
    written = calendar_store.written(studio.file, calendar.id)
    identity = studio.settings[STUDIO_ID]
    put, remove, renamed, changed = [], [], [], set()
    for one in feeds.entries(studio, studio.now()):
        known = written.get(one.session_id)
        if one.off:
            if known is not None:
                remove.append(known)
        elif known is None or known.digest != _digest(one):
            put.append(one)
        elif events is not None and one.starts_at < window.last:
            mark, content = events.get(known.path, ("", b""))
            if mark != known.mark and feeds.says(content, one, identity):
                renamed.append(replace(known, mark=mark))
            elif mark != known.mark:
                put.append(one)
                changed.add(one.session_id)
    return Plan(tuple(put), tuple(remove), frozenset(changed), tuple(renamed))


def _digest(one: Entry) -> str:
    return hashlib.sha256(repr(one).encode()).hexdigest()


def waits(studio: Studio, calendar: Calendar) -> bool:
    """Return whether a session has changed that is to be written into a calendar."""
    if not calendar.writes:
        return False
    plan = planned(studio, calendar, None, subscriptions.window_of(studio, calendar))
    return bool(plan.put or plan.remove)


def deliver(studio: Studio, calendar: Calendar, target: Target, events: Events | None) -> Delivered:
    """Write what is to be written; what was done stays done when something fails on the way."""
    plan = planned(studio, calendar, events, subscriptions.window_of(studio, calendar))
    identity, put_back = studio.settings[STUDIO_ID], set(plan.put_back)
    known = calendar_store.written(studio.file, calendar.id)
    for same in plan.renamed:
        _note(studio, calendar, same)
    for one in plan.put:
        path = target.place_of(f"session-{one.session_id}-{identity}")
        before = known.get(one.session_id, Written(one.session_id, path, None, ""))
        _note(studio, calendar, Written(one.session_id, path, before.mark, ""))
        there = events.get(path, (None,))[0] if events else None
        mark, surprised = target.put(path, feeds.alone(one, identity), there or before.mark)
        if surprised:
            put_back.add(one.session_id)
        _note(studio, calendar, Written(one.session_id, path, mark, _digest(one)))
    for gone in plan.remove:
        target.remove(gone.path)
        with studio.file.atomic():
            calendar_store.note_removed(studio.file, calendar.id, gone.session_id)
    put = tuple(one.session_id for one in plan.put)
    return Delivered(put, tuple(one.session_id for one in plan.remove), tuple(sorted(put_back)))


def _note(studio: Studio, calendar: Calendar, one: Written) -> None:
    with studio.file.atomic():
        if calendar_store.get(studio.file, calendar.id, studio.now()) is not None:
            calendar_store.note_written(studio.file, calendar.id, one)


def disconnect(studio: Studio, calendar: Calendar, target: Target | None) -> int:
    """Forget a calendar; with ``target`` take the sessions to come out of it first. Return how many were."""
    removed = 0
    if target is not None:
        for one in calendar_store.written(studio.file, calendar.id).values():
            target.remove(one.path)
            removed += 1
    with studio.file.atomic():
        calendar_store.remove(studio.file, calendar.id)
        event_store.add(studio.file, "calendar forgotten", studio.now(), details={"name": calendar.name})
    return removed
