"""How much one visitor of the booking site may take: holds that are not finished, sessions without money, mails."""

from __future__ import annotations

from typing import Literal

from studio_cli.booking.studio import Studio
from studio_cli.model.client import Client
from studio_cli.model.session import Session
from studio_cli.store import checkout as checkout_store
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import session as session_store

MOST_UNFINISHED = 3
"""Holds of one address, or of one mail address, that may be unfinished at once: several homes can share an address."""
RECENT_HOURS = 1
"""For so long a request counts among them: after that it is the owner who has to do something."""
MOST_UNPAID, UNPAID_HOURS = 6, 24
"""Sessions without any money of one address, or of one mail address: booked within a day, or with money on its way."""
MOST_PROOFS, MOST_REQUESTED, MAIL_HOURS = 3, 6, 1
"""Mails that the site writes to one mail address within an hour, on the word of whoever typed it."""


class Enough(Exception):
    """One visitor has taken enough for now. ``many``: of sessions without money, so that waiting a little is no help."""

    def __init__(self, *, many: bool = False) -> None:
        super().__init__()
        self.many = many


Writes = Literal["proof", "request"]
"""What the site writes to whoever takes a time: the link that proves their address, or that their request is here."""


def check(studio: Studio, client: Client | None, visitor: str, writes: Writes | None) -> None:
    """Inside a write: raise ``Enough`` when whoever is at an address, or has a client's mail address, has to wait."""
    here = unfinished(studio, visitor=visitor)
    theirs = unfinished(studio, client_id=client.id) if client else []
    if max(len(here), len(theirs)) >= MOST_UNFINISHED:
        raise Enough
    unpaid = _unpaid(studio, visitor=visitor), _unpaid(studio, client_id=client.id) if client else 0
    if max(unpaid) >= MOST_UNPAID:
        raise Enough(many=True)
    if client and writes and not may_write(studio, client.id, writes):
        raise Enough


def unfinished(studio: Studio, *, client_id: int | None = None, visitor: str | None = None) -> list[Session]:
    """Return what is begun and waits for its client, held for minutes; after an hour a request waits for the owner.

    What the owner has accepted, reopened or given a deadline of its own is held by them, however long.
    """
    now = studio.now()
    found = session_store.unfinished_on_the_site(studio.file, now, client_id=client_id, visitor=visitor)
    recent = now.subtract(hours=RECENT_HOURS)
    return [
        one for one in found if (_is_short_hold(one) if one.status == "pending" else one.created_at > recent)
    ]


def _is_short_hold(session: Session) -> bool:
    return session.site_hold is not None and session.step("payment").announced_at is None


def _unpaid(studio: Studio, *, client_id: int | None = None, visitor: str | None = None) -> int:
    now = studio.now()
    since = now.subtract(hours=UNPAID_HOURS)
    return session_store.count_unpaid_on_the_site(
        studio.file, now, since, client_id=client_id, visitor=visitor
    )


def may_write(studio: Studio, client_id: int, what: Writes) -> bool:
    """Return whether the site may write one more mail to a client, who may be a stranger whose address was typed."""
    since = studio.now().subtract(hours=MAIL_HOURS)
    proofs, requested = message_store.count_from_the_site(studio.file, client_id, since)
    return proofs < MOST_PROOFS if what == "proof" else requested < MOST_REQUESTED


def can_let_go(studio: Studio, session: Session) -> bool:
    """Return whether a hold is only that: nothing was done or paid, and the owner has not touched it."""
    if session.status != "pending" or not _is_short_hold(session) or session.paid:
        return False
    if any(step.done_at for step in session.steps):
        return False
    if checkout_store.of_session(studio.file, session.id, "open", "asked"):
        return False
    return not any(line.actor == "owner" for line in event_store.of_session(studio.file, session.id))
