"""A session for the client's own calendar: as a file, and as links of the common web calendars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from studio_cli.booking.studio import Studio
from studio_cli.model.calendar import uid_of
from studio_cli.model.message import Invitation
from studio_cli.model.session import Session, Status
from studio_cli.model.settings import STUDIO_ID, Settings
from studio_cli.store.message import was_invited

if TYPE_CHECKING:
    from icalendar import vCalAddress


def calendar_file(studio: Studio, session: Session) -> bytes:
    """Return the session as a calendar file (RFC 5545): UTC times, the same UID for ever, a SEQUENCE that grows."""
    return _calendar(studio, session, "PUBLISH")


def invitation(studio: Studio, session: Session, kind: str) -> Invitation | None:
    """Return the calendar part of a mail of a kind, if it has one.

    A confirmed session is put into the client's calendar, and what was put there once is moved and taken out again.
    Calendars that do not know CANCEL read it from the status (RFC 5546, 3.2.5).
    """
    if kind in {"confirmed", "changed"} and session.status == "confirmed":
        return Invitation("REQUEST", _calendar(studio, session, "REQUEST"))
    if kind not in {"changed", "canceled", "expired"} or not was_invited(studio.file, session.id):
        return None
    if kind == "changed":  # reopened and moved: it stands there as not yet sure
        return Invitation("REQUEST", _calendar(studio, session, "REQUEST"))
    return Invitation("CANCEL", _calendar(studio, session, "CANCEL"))


STATUS: dict[Status, str] = {
    "inquiry": "TENTATIVE",
    "pending": "TENTATIVE",
    "confirmed": "CONFIRMED",
    "declined": "CANCELLED",
    "canceled": "CANCELLED",
    "expired": "CANCELLED",
}
"""A session's status as calendars call it."""


def _calendar(studio: Studio, session: Session, method: str) -> bytes:
    from icalendar import Calendar, Event

    settings = studio.settings
    event = Event()
    event.add("uid", uid_of(session.id, settings[STUDIO_ID]))
    event.add("dtstamp", studio.now().to_stdlib())
    event.add("dtstart", session.starts_at.to_stdlib())
    event.add("dtend", session.ends_at.to_stdlib())
    event.add("sequence", session.sequence)
    event.add("status", STATUS[session.status])
    event.add("summary", _summary(studio, session))
    if session.location:
        event.add("location", session.location)
    event.add("description", _contact(studio))
    if method != "PUBLISH":
        event.add("organizer", _organizer(settings))
        event.add("attendee", _attendee(session))
    calendar = Calendar()
    calendar.add("prodid", "-//Studio//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _organizer(settings: Settings) -> vCalAddress:
    """Return who invites. Answers go to the studio; SENT-BY says so where mails come from another address."""
    from icalendar import vCalAddress, vText

    organizer = vCalAddress(f"mailto:{settings['studio.email']}")
    organizer.params["CN"] = vText(_parameter(settings["studio.name"]))
    sender = settings.get("mail.from")
    if sender and sender != settings["studio.email"]:
        organizer.params["SENT-BY"] = vText(f"mailto:{sender}")
    return organizer


def _attendee(session: Session) -> vCalAddress:
    """Return who comes: has said so by completing the booking, or is asked nothing more."""
    from icalendar import vCalAddress, vText

    attendee = vCalAddress(f"mailto:{session.written_to}")
    attendee.params["CN"] = vText(_parameter(session.called))
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["PARTSTAT"] = vText("ACCEPTED" if session.confirmed_by == "client" else "NEEDS-ACTION")
    attendee.params["RSVP"] = vText("FALSE")
    return attendee


def _parameter(text: str) -> str:
    """Return a text as it may stand in a parameter: without quotes and controls, for which it has no escape."""
    return "".join(mark for mark in text.replace('"', "'") if mark.isprintable())


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
