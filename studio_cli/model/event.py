"""A line of the history: who did what, when, with old and new."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from whenever import Instant

from studio_cli.model.times import rfc3339


@dataclass(frozen=True, slots=True)
class Line:
    """One event. ``details`` is plain JSON; a change is ``[old, new]`` by the name of its field."""

    number: int
    at: Instant
    actor: str
    kind: str
    share_id: int | None
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the event as scripts read it; times in ``zone``."""
        return {
            "id": self.number,
            "at": rfc3339(self.at, zone),
            "actor": self.actor,
            "event": self.kind,
            "share": self.share_id,
            "details": self.details,
        }
