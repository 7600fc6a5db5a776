"""A session for the client's own calendar: as a file, and as links of the common web calendars."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from studio_cli.booking.studio import Studio
from studio_cli.model.calendar import uid_of
from studio_cli.model.session import Session
from studio_cli.model.settings import STUDIO_ID


def calendar_file(studio: Studio, session: Session) -> bytes:
    """Return the session as a calendar file (RFC 5545): UTC times, the same UID for ever, a SEQUENCE that grows."""
    from icalendar import Calendar, Event

    settings = studio.settings
    event = Event()
    event.add("uid", uid_of(session.id, settings[STUDIO_ID]))
    event.add("dtstamp", studio.now().to_stdlib())
    event.add("dtstart", session.starts_at.to_stdlib())
    event.add("dtend", session.ends_at.to_stdlib())
    event.add("sequence", session.revision)
    event.add("status", "CONFIRMED")
    event.add("summary", _summary(studio, session))
    if session.location:
        event.add("location", session.location)
    event.add("description", _contact(studio))
    calendar = Calendar()
    calendar.add("prodid", "-//Studio//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def web_calendars(studio: Studio, session: Session) -> list[dict[str, str]]:
    """Return ``{name, link}`` for the common web calendars: each opens with the session filled in.

    The addresses are those that the calendars give for this: Google's ``render?action=TEMPLATE`` and Outlook's
    ``deeplink/compose``.
    """
    title, where = _summary(studio, session), session.location or ""
    start, end = session.starts_at.to_stdlib(), session.ends_at.to_stdlib()
    google = {
        "action": "TEMPLATE",
        "text": title,
        "dates": f"{start:%Y%m%dT%H%M%SZ}/{end:%Y%m%dT%H%M%SZ}",
        "location": where,
        "details": _contact(studio),
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": title,
        "startdt": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "location": where,
        "body": _contact(studio),
    }
    return [
        {"name": "Google", "link": f"https://calendar.google.com/calendar/render?{_query(google)}"},
        {
            "name": "Outlook",
            "link": f"https://outlook.live.com/calendar/0/deeplink/compose?{_query(outlook)}",
        },
    ]


def _query(values: Mapping[str, str]) -> str:
    """Return values as the query of an address; a space is %20, for calendars that show a plus as one."""
    return urlencode(values, quote_via=quote)


def _summary(studio: Studio, session: Session) -> str:
    return f"{session.title} – {studio.settings['studio.name']}"


def _contact(studio: Studio) -> str:
    settings = studio.settings
    return "\n".join(
        part
        for part in (settings["studio.name"], settings["studio.email"], settings.get("studio.phone"))
        if part
    )
