"""Small steps that the tests of paying share."""

from __future__ import annotations

from typing import Any

from studio_cli.booking import checkout as checkouts
from studio_cli.booking import journey
from studio_cli.booking import session as sessions
from studio_cli.booking.checkout import Provider
from studio_cli.booking.studio import Studio
from studio_cli.model.checkout import Checkout
from studio_cli.model.session import Session
from tests.conftest import Maker


def ready(studio: Studio, make: Maker, at: str = "2026-12-04 10:00", **wanted: Any) -> tuple[Session, str]:
    """Return a session of 100.00 that waits only for its payment, and the token of its link."""
    session = make.session(at, **wanted)
    token = make.link(session)
    journey.review(studio, token, session.revision)
    return sessions.get(studio, session.id), token


def go(studio: Studio, provider: Provider, token: str) -> Checkout:
    """Let a client tap Pay, and return the page that they come to."""
    revision = journey.visit(studio, token).session.revision
    checkout = checkouts.start(studio, provider, token, revision).checkout
    assert checkout is not None
    return checkout


def page_of(checkout: Checkout) -> str:
    """Return the name of a page that there is."""
    assert checkout.outside_id is not None
    return checkout.outside_id


def ledger(studio: Studio) -> list[tuple[Any, ...]]:
    """Return the ledger: session, kind, minor units, method, late."""
    query = "SELECT session_id, kind, amount_minor, method, late FROM payment ORDER BY id"
    return [tuple(row) for row in studio.file.connection.execute(query)]


def events(studio: Studio, session: Session) -> list[str]:
    """Return the kinds of what happened to a session."""
    return [line.kind for line in sessions.history(studio, session)]
