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
    """Read a calendar once more, and where sessions are written into it, write those that have changed.

    They are written even into one that cannot be read; that it cannot is raised after that.
    """
    if not calendar.writes:
        synced = subscriptions.sync(studio, calendar, source)
        return Outcome(synced.calendar, synced.changed)
    try:
        synced = subscriptions.sync(studio, calendar, source)
    except CalendarUnreadable as unread:
        _deliver_unread(studio, calendar, cast(Target, source), unread)
        raise
    try:
        delivered = deliver(studio, calendar, cast(Target, source), synced.events)
    except CalendarUnreadable as trouble:
        raise subscriptions.failed(studio, calendar, trouble, "cannot be written") from trouble
    return Outcome(synced.calendar, synced.changed, delivered)


def _deliver_unread(studio: Studio, calendar: Calendar, target: Target, unread: CalendarUnreadable) -> None:
    """Write into a calendar that could not be read, and add what was written to what is told of it."""
    try:
        delivered = deliver(studio, calendar, target, None)
    except CalendarUnreadable:
        return  # one trouble is enough: this is the second one of a server that is not there, most of the time
    unread.details |= delivered.as_json()


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

    Sessions that are over stay as they were, unless it was by being moved that they came to be over.
    """
    written, now = calendar_store.written(studio.file, calendar.id), studio.now()
    identity = studio.settings[STUDIO_ID]
    put, remove, renamed, changed = [], [], [], set()
    for one in feeds.to_write(studio):
        known, to_come = written.get(one.session_id), one.ends_at > now
        if one.off:
            if known is not None:
                remove.append(known)
        elif known is None:
            if to_come:
                put.append(one)
        elif known.digest != _digest(one):
            put.append(one)
        elif to_come and events is not None and one.starts_at < window.last:
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
    """Write what is to be written; what was done stays done when something fails on the way.

    Once somebody disconnects the calendar no more is written, and nothing is left there that nobody knows of.
    """
    plan = planned(studio, calendar, events, subscriptions.window_of(studio, calendar))
    identity, put_back = studio.settings[STUDIO_ID], set(plan.put_back)
    known = calendar_store.written(studio.file, calendar.id)
    for same in plan.renamed:
        _note(studio, calendar, same)
    done: list[int] = []
    for one in plan.put:
        path = target.place_of(f"session-{one.session_id}-{identity}")
        before = known.get(one.session_id, Written(one.session_id, path, None, ""))
        if not _note(studio, calendar, Written(one.session_id, path, before.mark, "")):
            break
        there = events.get(path, (None,))[0] if events else None
        mark, surprised = target.put(path, feeds.alone(one, identity), there or before.mark)
        if not _note(studio, calendar, Written(one.session_id, path, mark, _digest(one))):
            if surprised or before.mark is None:  # it was not there any more, or not yet
                target.remove(path)
            break
        done.append(one.session_id)
        if surprised:
            put_back.add(one.session_id)
    gone = _take_out(studio, calendar, target, plan.remove)
    return Delivered(tuple(done), gone, tuple(sorted(put_back & set(done))))


def _take_out(
    studio: Studio, calendar: Calendar, target: Target, events: Sequence[Written]
) -> tuple[int, ...]:
    done = []
    for one in events:
        if not _is_known(studio, calendar):
            break
        target.remove(one.path)
        with studio.file.atomic():
            calendar_store.note_removed(studio.file, calendar.id, one.session_id)
        done.append(one.session_id)
    return tuple(done)


def _note(studio: Studio, calendar: Calendar, one: Written) -> bool:
    """Note what is written, or about to be; return whether the calendar is known still."""
    with studio.file.atomic():
        known = _is_known(studio, calendar)
        if known:
            calendar_store.note_written(studio.file, calendar.id, one)
        return known


def _is_known(studio: Studio, calendar: Calendar) -> bool:
    return calendar_store.get(studio.file, calendar.id, studio.now()) is not None


def disconnect(studio: Studio, calendar: Calendar, target: Target | None) -> int:
    """Forget a calendar; with ``target`` take the sessions to come out of it first. Return how many were."""
    removed: set[Written] = set()
    while True:
        with studio.file.atomic():
            # A server may be writing meanwhile: it is forgotten when nothing is left that was noted since.
            left = set() if target is None else _to_come(studio, calendar) - removed
            if not left:
                calendar_store.remove(studio.file, calendar.id)
                details = {"name": calendar.name}
                event_store.add(studio.file, "calendar forgotten", studio.now(), details=details)
                return len({one.session_id for one in removed})
        for one in left:
            assert target is not None
            target.remove(one.path)
            removed.add(one)


def _to_come(studio: Studio, calendar: Calendar) -> set[Written]:
    """Return what a calendar shows as to come: what is over stays in it."""
    written, now = calendar_store.written(studio.file, calendar.id), studio.now()
    entries = {one.session_id: one for one in feeds.to_write(studio)}
    return {
        known
        for number, known in written.items()
        if number in entries and (entries[number].ends_at > now or known.digest != _digest(entries[number]))
    }
