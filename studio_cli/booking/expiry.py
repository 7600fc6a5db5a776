"""What a hold or a request that has run out means to people: it is told once, whoever notices it first."""

from __future__ import annotations

from studio_cli.booking import letter, mail
from studio_cli.booking.studio import Studio
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store


def tell(studio: Studio, number: int) -> None:
    """Inside a write: note that a session has just expired, and tell its client and the owner while that matters."""
    now = studio.now()
    event = event_store.add(studio.file, "session expired", now, actor="system", session_id=number)
    mail.cancel_pointless(studio, number)
    session = session_store.get(studio.file, number, now)
    assert session is not None
    if session.starts_at <= now:  # nobody noticed in time: there is nothing to save any more
        return
    if session.site_hold is not None and not any(step.done_at for step in session.steps):
        return  # picked on the site and left at once: nobody waits for it, and the address may be a stranger's
    if letter.knows(studio, session):
        letter.tell_client(studio, session, "expired", f"event {event}")
    letter.tell_owner(studio, session, "expired", f"event {event}")


TOLD_HOURS = 24
"""What ran out longer ago is told nobody any more."""
OVER = "request ran out"
"""The event of a request that nobody answered before its time had come."""


def tell_over(studio: Studio, number: int) -> None:
    """Inside a write: note that a request was not answered in time.

    Its client is told when it was their answer that did not come, and that is not long ago. Else nobody is written
    to: there is nothing to save.
    """
    now = studio.now()
    event_store.add(studio.file, OVER, now, actor="system", session_id=number)
    mail.cancel_pointless(studio, number)
    session = session_store.get(studio.file, number, now)
    if session and session.offered and max(session.offered) > now.subtract(hours=TOLD_HOURS):
        letter.tell_client(studio, session, "declined", f"over {number}")


def tell_released(studio: Studio, number: int) -> None:
    """Inside a write: note that a request goes on without its time being held."""
    event_store.add(
        studio.file, "time of request free again", studio.now(), actor="system", session_id=number
    )
