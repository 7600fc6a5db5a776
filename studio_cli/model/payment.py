"""A row of the ledger: money that came in. Never edited, never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.times import rfc3339

METHODS = ("cash", "transfer", "card", "check", "other")
"""How the owner says that money came in."""


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received for a session. ``at`` is when it was paid, ``recorded_at`` when the studio wrote it down."""

    id: int
    session_id: int
    amount: Money
    method: str
    note: str | None
    reference: str | None
    at: Instant
    recorded_at: Instant

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the payment as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "session": self.session_id,
            "kind": "payment",
            "amount": self.amount.as_json(),
            "method": self.method,
            "note": self.note,
            "reference": self.reference,
            "at": rfc3339(self.at, zone),
            "recorded_at": rfc3339(self.recorded_at, zone),
        }
