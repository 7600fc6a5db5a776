"""Requests as clients make them on the booking site."""

from __future__ import annotations

from typing import Any

from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.wish import Wish
from tests.conftest import Maker
from tests.web.visitor import change


def ask(
    studio: Studio, make: Maker, at: str = "2026-12-04 10:00", wish: Wish | None = None, **wanted: Any
) -> Session:
    """Make a request that came from the site, with a wish when one is given."""
    session = make.session(at, inquiry=True, **wanted)
    values = (wish.stored() if wish else None, session.id)
    change(studio.file.path, ("UPDATE session SET source = 'site', wish = ? WHERE id = ?", values))
    return sessions.get(studio, session.id)
