"""The sessions for the owner's own calendars: a feed under a secret address, and a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whenever import Instant

from studio_cli.booking.calendar_file import STATUS
from studio_cli.booking.studio import Studio
from studio_cli.model.calendar import uid_of
from studio_cli.model.feed import KEPT_DAYS, Entry
from studio_cli.model.settings import STUDIO_ID
from studio_cli.model.times import rfc3339
from studio_cli.store import event as event_store
from studio_cli.store import feed as feed_store

if TYPE_CHECKING:
    from icalendar import Component, Event

REFRESH_MINUTES = 15
"""How often calendars are asked to look; most look when they like."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed's state; ``address`` only right after it was made. ``ended``: an earlier address works no more."""

    made_at: Instant | None
    address: str | None = None
    ended: bool = False

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return ``{address, created_at, revoked_earlier}`` as scripts read it."""
        made = self.made_at and rfc3339(self.made_at, zone)
        return {"address": self.address, "created_at": made, "revoked_earlier": self.ended}


# ── its address ───────────────────────────────────────────────────────────────────────────────────


def feed(studio: Studio, *, new: bool = False) -> Feed:
    """Make the feed if there is none, or with ``new`` another one, which ends the one there is.

    Its address is a secret of 256 bits of which the file keeps a SHA-256: it can be told once.
    """
    with studio.file.atomic():
        known = feed_store.made_at(studio.file)
        if known is not None and not new:
            return Feed(known)
        import secrets

        now, token = studio.now(), secrets.token_urlsafe(32)
        ended = feed_store.revoke(studio.file, now)
        feed_store.make(studio.file, token, now)
        event_store.add(studio.file, "feed made", now, details={"revoked_earlier": ended})
        return Feed(now, f"{studio.settings.link_base}/calendar/{token}.ics", ended)


def revoke(studio: Studio) -> bool:
    """End the feed; return whether there was one."""
    with studio.file.atomic():
        ended = feed_store.revoke(studio.file, studio.now())
        if ended:
            event_store.add(studio.file, "feed revoked", studio.now())
        return ended


def opens(studio: Studio, token: str) -> bool:
    """Return whether a token opens the feed."""
    return feed_store.opens(studio.file, token)


# ── what is in it ─────────────────────────────────────────────────────────────────────────────────


def entries(studio: Studio, first: Instant | None = None, last: Instant | None = None) -> list[Entry]:
    """Return the sessions as calendars show them: from 90 days ago on, unless said otherwise."""
    now = studio.now()
    return feed_store.entries(studio.file, now, first or now.subtract(hours=24 * KEPT_DAYS), last)


def to_write(studio: Studio) -> list[Entry]:
    """Return the sessions of which a calendar that they are written into shows that they are, or are not, to come."""
    return feed_store.to_write(studio.file, studio.now())


def mark_of(studio: Studio, found: Sequence[Entry]) -> str:
    """Return what stands for these entries: another one whenever the file of them would be another."""
    import hashlib

    settings = studio.settings
    return hashlib.sha256(repr((settings[STUDIO_ID], settings["studio.name"], found)).encode()).hexdigest()[
        :32
    ]


def calendar(studio: Studio, found: Sequence[Entry]) -> bytes:
    """Return sessions as a calendar (RFC 5545): UTC times, no METHOD (it is nobody's invitation)."""
    from datetime import timedelta

    from icalendar import Calendar, vDuration, vText

    settings = studio.settings
    made = Calendar()
    made.add("prodid", "-//Studio//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    # NAME and REFRESH-INTERVAL are RFC 7986; their neighbours are what most calendars read.
    for name in ("name", "x-wr-calname"):
        made.add(name, vText(settings["studio.name"]))
    refresh = timedelta(minutes=REFRESH_MINUTES)
    made.add("refresh-interval", vDuration(refresh), {"value": "DURATION"})
    made.add("x-published-ttl", vDuration(refresh))
    for one in found:
        made.add_component(event_of(one, settings[STUDIO_ID]))
    return bytes(made.to_ical())


def alone(one: Entry, studio_id: str) -> bytes:
    """Return a session as a calendar of its own, as CalDAV keeps events (RFC 4791, 4.1: no METHOD)."""
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", "-//Studio//EN")
    made.add("version", "2.0")
    made.add_component(event_of(one, studio_id))
    return bytes(made.to_ical())


SHOWN = ("DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS")


def says(content: bytes, one: Entry, studio_id: str) -> bool:
    """Return whether a calendar shows of a session what it should, whatever else a server has written beside it."""
    from icalendar import Calendar

    try:
        (event,) = Calendar.from_ical(content).walk("VEVENT")
        wanted = event_of(one, studio_id)
        return all(_said(event, name) == _said(wanted, name) for name in SHOWN)
    except Exception:  # of many kinds: a zone called "America" is an IsADirectoryError
        return False


def _said(event: Component, name: str) -> object:
    value = event.get(name)
    return getattr(value, "dt", None) or (str(value).strip() if value is not None else "")


def event_of(one: Entry, studio_id: str) -> Event:
    """Return a session as an event. It says the same as long as the session is the same.

    Many calendars do not show an event's status, so the title says what is not confirmed.
    """
    from icalendar import Event

    event = Event()
    event.add("uid", uid_of(one.session_id, studio_id))
    event.add("dtstamp", one.changed_at.to_stdlib())
    event.add("created", one.created_at.to_stdlib())
    event.add("last-modified", one.changed_at.to_stdlib())
    event.add("dtstart", one.starts_at.to_stdlib())
    event.add("dtend", one.ends_at.to_stdlib())
    event.add("sequence", one.sequence)
    event.add("status", STATUS[one.status])
    event.add("transp", "OPAQUE" if one.holds_time and not one.off else "TRANSPARENT")
    event.add("summary", _summary(one))
    if one.location:
        event.add("location", one.location)
    event.add("description", _description(one))
    return event


def _summary(one: Entry) -> str:
    named = f"{one.title} – {one.client}"
    if one.off:
        return f"Canceled: {named}" if one.status == "canceled" else f"{one.status.capitalize()}: {named}"
    return named if one.status == "confirmed" else f"{named} ({one.status})"


def _description(one: Entry) -> str:
    contact = [one.client, one.email, one.phone]
    known = "\n".join(part for part in contact if part)
    parts = [known, one.notes or "", f"studio session show {one.session_id}"]
    return "\n\n".join(part for part in parts if part)
