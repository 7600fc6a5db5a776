"""Calendars of the owner's that close times here: subscribing to them, and keeping up with what they say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.calendar import (
    HORIZON_DAYS,
    Busy,
    Calendar,
    CalendarUnreadable,
    Fetched,
    Kind,
    Reading,
    Window,
)
from studio_cli.model.session import Session
from studio_cli.model.settings import STUDIO_ID
from studio_cli.model.text import clean, did_you_mean, folded, nearest, shown
from studio_cli.store import calendar as calendar_store
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store


class Source(Protocol):
    """Where a calendar is read from."""

    def fetch(self, mark: str | None, window: Window) -> Fetched:
        """Return what it holds, or that it is what ``mark`` stands for; raise ``CalendarUnreadable``."""

    def read(self, content: bytes, window: Window) -> Reading:
        """Return what its content says; raise ``CalendarUnreadable`` when that is no calendar."""


SourceOf = Callable[[Calendar], Source]
Events = Mapping[str, tuple[str, bytes]]
"""What a server calls each of its events, and what is in it, by their path."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of reading a calendar once more. ``changed``: it says something else than before.

    ``events`` are those of a server that we write to, when it was asked for them.
    """

    calendar: Calendar
    changed: bool
    events: Events | None = None


# ── finding ───────────────────────────────────────────────────────────────────────────────────────


def listed(studio: Studio) -> list[Calendar]:
    """Return the calendars by name."""
    return calendar_store.listed(studio.file, studio.now())


def find(studio: Studio, name: str) -> Calendar:
    """Return the calendar of that name, or the one whose name begins like that."""
    known, wanted = listed(studio), folded(name.strip())
    exact = [one for one in known if folded(one.name) == wanted]
    found = exact or [one for one in known if wanted and folded(one.name).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(shown(one.name) for one in found)
        raise NotFound(
            f"{shown(name)[:60]!r} is the beginning of {len(found)}: {names}.",
            hint="Write more of its name.",
            code="ambiguous",
        )
    hint = did_you_mean(nearest(name, [one.name for one in known])) or "studio calendar list shows them all."
    raise NotFound(f"There is no calendar {shown(name)[:60]!r}.", hint=hint)


def coming(studio: Studio, calendar: Calendar, limit: int) -> list[Busy]:
    """Return the next busy times of a calendar."""
    now = studio.now()
    horizon = now.add(hours=24 * (HORIZON_DAYS + 1))
    return calendar_store.busy_between(studio.file, now, horizon, calendar=calendar.id, limit=limit)


def sessions_in(studio: Studio, calendar: Calendar) -> list[Session]:
    """Return the sessions to come that a calendar's busy times meet: it does not move them."""
    now = studio.now()
    horizon = now.add(hours=24 * (HORIZON_DAYS + 1))

    def met(one: Session) -> bool:
        first = max(now, one.starts_at)
        return bool(
            calendar_store.busy_between(studio.file, first, one.ends_at, calendar=calendar.id, limit=1)
        )

    with studio.file.reading():
        return [one for one in session_store.taken_between(studio.file, now, horizon, now) if met(one)]


# ── subscribing ───────────────────────────────────────────────────────────────────────────────────


def subscribe(
    studio: Studio,
    kind: Kind,
    address: str,
    source_of: SourceOf,
    *,
    name: str | None = None,
    called: str | None = None,
    titles: bool = True,
    user: str | None = None,
    writes: bool = False,
) -> tuple[Calendar, bool]:
    """Read a calendar and keep it; return it, and whether it is new. One that cannot be read is not kept.

    ``name`` is the owner's word for it, ``called`` what it is called over there. The same address again changes
    nothing, but that it is read once more.
    """
    known = next((one for one in listed(studio) if one.address == address), None)
    if known is not None:
        _refuse_another_way(known, kind, writes)
        return sync(studio, known, source_of(known)).calendar, False
    wanted = clean(name, "The name") if name else ""
    draft = Calendar(0, wanted, kind, address, user, titles, writes, studio.now())
    source, window = source_of(draft), window_of(studio, draft)
    with nothing_kept():
        fetched = source.fetch(None, window)
        reading = source.read(fetched.content or b"", window)
    with studio.file.atomic():
        draft = _named(studio, draft, called or reading.name)
        number = calendar_store.insert(studio.file, draft)
        _keep(studio, number, fetched, reading, window)
        event_store.add(studio.file, "calendar subscribed", studio.now(), details={"name": draft.name})
        return _get(studio, number), True


def _refuse_another_way(known: Calendar, kind: Kind, writes: bool) -> None:
    """Refuse to read or write a calendar in another way than until now: what was written into it would be left."""
    if (known.kind, known.writes) != (kind, writes):
        verb = "disconnect" if known.kind == "caldav" else "unsubscribe"
        raise Refused(
            f"That is your calendar {shown(known.name)} already, read in another way.",
            hint=f"End that first: studio calendar {verb} {_typed(known.name)}",
            code="already_exists",
        )


@contextlib.contextmanager
def nothing_kept() -> Iterator[None]:
    """Say of a calendar that cannot be read the first time that it is not kept: there is nothing to run again."""
    try:
        yield
    except CalendarUnreadable as trouble:
        hint = trouble.hint or "Nothing was subscribed to."
        raise Refused(trouble.message, hint=hint, code=trouble.code) from trouble


def _named(studio: Studio, draft: Calendar, called: str | None) -> Calendar:
    """Return the calendar with its name: the owner's word, else its own, else where it is from."""
    taken = {folded(one.name) for one in listed(studio)}
    if draft.name:
        if folded(draft.name) in taken:
            raise Refused(
                f"There is a calendar {shown(draft.name)} already.",
                hint="Choose another name with --name.",
                code="already_exists",
            )
        return draft
    stem = draft.where.rpartition("/")[2].removesuffix(".ics") if draft.kind == "file" else draft.where
    base = shown(called or stem).strip()[:60] or "calendar"
    names = [base, *(f"{base} {number}" for number in range(2, len(taken) + 3))]
    return replace(draft, name=next(one for one in names if folded(one) not in taken))


def unsubscribe(studio: Studio, name: str) -> Calendar:
    """Forget a calendar: what only it closed is free again."""
    with studio.file.atomic():
        calendar = find(studio, name)
        calendar_store.remove(studio.file, calendar.id)
        event_store.add(studio.file, "calendar forgotten", studio.now(), details={"name": calendar.name})
        return calendar


# ── keeping up ────────────────────────────────────────────────────────────────────────────────────


def sync(studio: Studio, calendar: Calendar, source: Source) -> Synced:
    """Read a calendar once more. One that cannot be read keeps its busy times, and says why.

    What it says is replaced as a whole, so that at no moment a part of it is known.
    """
    window = window_of(studio, calendar)
    anew = calendar.must_be_read(window.zone, studio.now())
    try:
        fetched = source.fetch(None if anew else calendar.mark, window)
        same = fetched.content is None or (not anew and _digest(fetched.content) == calendar.digest)
        reading = None if same else source.read(fetched.content or b"", window)
    except CalendarUnreadable as trouble:
        raise failed(studio, calendar, trouble, "cannot be read") from trouble
    with studio.file.atomic():
        if calendar_store.get(studio.file, calendar.id, studio.now()) is None:
            return Synced(calendar, changed=False)  # forgotten meanwhile
        if reading is None:
            calendar_store.mark_same(studio.file, calendar.id, studio.now())
        else:
            _keep(studio, calendar.id, fetched, reading, window)
        return Synced(_get(studio, calendar.id), reading is not None, fetched.events)


def failed(studio: Studio, calendar: Calendar, trouble: CalendarUnreadable, what: str) -> CalendarUnreadable:
    """Note why something did not work with a calendar, and return what its owner should read."""
    with studio.file.atomic():
        calendar_store.mark_failed(studio.file, calendar.id, studio.now(), trouble.message)
    return CalendarUnreadable(
        f"The calendar {shown(calendar.name)} {what}: {trouble.message}",
        hint=trouble.hint
        or f"Its busy times stay as they were. Try again: studio calendar sync {_typed(calendar.name)}",
        details={"calendar": calendar.name},
    )


def window_of(studio: Studio, calendar: Calendar) -> Window:
    """Return what is asked of a calendar: a day back, for sessions that are going on, and the horizon ahead."""
    settings, now = studio.settings, studio.now()
    return Window(
        zone=settings.zone,
        first=now.subtract(hours=24),
        last=now.add(hours=24 * HORIZON_DAYS),
        studio_id=settings[STUDIO_ID],
        owner=settings["studio.email"],
        titles=calendar.titles,
    )


def _keep(studio: Studio, number: int, fetched: Fetched, reading: Reading, window: Window) -> None:
    """Inside a write: keep what was read."""
    assert fetched.content is not None
    calendar_store.replace_busy(studio.file, number, reading)
    calendar_store.mark_read(
        studio.file,
        number,
        studio.now(),
        mark=fetched.mark,
        digest=_digest(fetched.content),
        zone=window.zone,
        until=window.last,
    )


def _digest(content: bytes) -> str:
    import hashlib  # loads OpenSSL: only when a calendar is read

    return hashlib.sha256(content).hexdigest()


def _get(studio: Studio, number: int) -> Calendar:
    found = calendar_store.get(studio.file, number, studio.now())
    assert found is not None
    return found


def _typed(name: str) -> str:
    """Return a name as it is typed into a shell."""
    import shlex

    return shlex.quote(shown(name))
