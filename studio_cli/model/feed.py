"""A session as the owner's own calendars show it."""

from __future__ import annotations

from dataclasses import dataclass

from whenever import Instant

from studio_cli.model.session import Status

KEPT_DAYS = 90
"""How long a session that is over stays in a feed, and one that was called off is shown as such."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A session in a calendar. ``sequence`` grows with every change of it, ``changed_at`` is the last one.

    ``holds_time``: it keeps its time free for itself, which a request need not.
    """

    session_id: int
    status: Status
    sequence: int
    title: str
    starts_at: Instant
    ends_at: Instant
    location: str | None
    notes: str | None
    client: str
    email: str | None
    phone: str | None
    created_at: Instant
    changed_at: Instant
    holds_time: bool

    @property
    def off(self) -> bool:
        """Whether it was called off: canceled, declined, or its hold ran out."""
        return self.status in {"canceled", "declined", "expired"}
