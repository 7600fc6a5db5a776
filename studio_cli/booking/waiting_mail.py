"""The mail to somebody who waits: which time is free. It is about a session that nobody has booked."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from whenever import Instant

from studio_cli.booking import letter, slot
from studio_cli.booking.studio import Studio
from studio_cli.model.message import Letter, Message
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.times import from_stored, stored
from studio_cli.model.waiting import Waiting
from studio_cli.store import client as client_store
from studio_cli.store import message as message_store
from studio_cli.store import session_type as type_store
from studio_cli.store import waiting as waiting_store
from studio_cli.store.message import Draft

KIND = "time-free"


def put(studio: Studio, one: Waiting, start: Instant) -> int | None:
    """Inside a write: tell somebody of a time that is free; return the number of the mail."""
    now, session = studio.now(), _session(studio, one, start)
    written, trouble = _compose(studio, one, session)
    assert one.client.email is not None
    earlier = message_store.listed(studio.file, waiting_id=one.id)
    draft = Draft(
        kind=KIND,
        occasion=f"waiting {one.id} {len(earlier) + 1}",
        to=(one.called, one.client.email),
        letter=written,
        about={"start": stored(start)},
        waiting_id=one.id,
        trouble=trouble,
    )
    return message_store.insert(studio.file, draft, now)


def rewrite(studio: Studio, message: Message) -> None:
    """Inside a write: let a mail that has waited say what is true now, and go to the present address."""
    one = _waiting(studio, message)
    session = _session(studio, one, _start(message))
    written, trouble = _compose(studio, one, session)
    to = one.called, one.client.email or message.to_email
    message_store.rewrite(studio.file, message.id, to, written, trouble, session.revision)


def is_pointless(studio: Studio, message: Message) -> bool:
    """Return whether a mail that waits would only confuse: they wait no more, or that time is not free any more."""
    one, start = _waiting(studio, message), _start(message)
    offer = _offer(studio, one)
    if one.left_at is not None or one.client.email is None or not is_open(offer):
        return True
    return start not in slot.slots(studio, offer.need(), start, start.add(minutes=1), for_clients=True)


def is_open(offer: SessionType) -> bool:
    """Return whether clients book a type by themselves."""
    return offer.site.published and offer.archived_at is None


def take_back(studio: Studio, number: int) -> None:
    """Inside a write: a mail was not sent after all; what it would have told is not known."""
    waiting_store.note_known(studio.file, number, ())


def new_link(studio: Studio, number: int) -> str:
    """Inside a write: make a link that takes somebody off the list; the file keeps the SHA-256 of its token."""
    import secrets

    token = secrets.token_urlsafe(32)
    waiting_store.add_link(studio.file, number, token, studio.now())
    return f"{studio.settings.link_base}/waiting/{token}"


def _compose(studio: Studio, one: Waiting, session: Session) -> tuple[Letter, str | None]:
    about = {"page": _page(studio, one, session.starts_at)}
    return letter.compose(studio, session, KIND, linked=True, about=about)


def _session(studio: Studio, one: Waiting, start: Instant) -> Session:
    """Return the session as it would be if they took that time."""
    from studio_cli.booking import new_session  # which needs the outbox, and that this module

    client = client_store.get(studio.file, one.client.id)
    assert client is not None
    draft, _ = new_session.draft_of(studio, _offer(studio, one), client, start)
    return replace(draft, language=one.language, booked_as=one.name, client_zone=one.days.zone)


def _page(studio: Studio, one: Waiting, start: Instant) -> str:
    """Return the address of the type's page on the day of a time, by the clocks that they read."""
    from studio_cli.booking import site

    zone, settings = one.days.zone, studio.settings
    query = {"day": start.to_tz(zone).date().format_iso()} | ({"zone": zone} if zone != settings.zone else {})
    return f"{site.link_of(_offer(studio, one), settings.link_base)}?{urlencode(query, safe='/')}"


def _offer(studio: Studio, one: Waiting) -> SessionType:
    offer = type_store.get(studio.file, one.type.id)
    assert offer is not None
    return offer


def _waiting(studio: Studio, message: Message) -> Waiting:
    assert message.waiting_id is not None
    found = waiting_store.get(studio.file, message.waiting_id)
    assert found is not None  # what is in the outbox keeps it
    return found


def _start(message: Message) -> Instant:
    return from_stored(message.about["start"])
