"""The ledger: money that came in, and money that was given back. Its rows are never edited, never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.times import rfc3339

Kind = Literal["payment", "refund"]
METHODS = ("cash", "transfer", "card", "check", "other")
"""How the owner says that money came in, or went back."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of the ledger. ``at`` is when it was paid, ``recorded_at`` when the studio wrote it down.

    A payment has the number of its ``receipt``. A refund can say which payment it gives back (``refund_of``).
    ``late`` says why a payment came too late to count: it waits to be given back. ``refunded`` is what of a
    payment has been.
    """

    id: int
    session_id: int
    kind: Kind
    amount: Money
    method: str
    note: str | None
    reference: str | None
    at: Instant
    recorded_at: Instant
    receipt: int | None = None
    refund_of: int | None = None
    late: str | None = None
    refunded: Money | None = None
    title: str = ""
    client: str = ""

    @property
    def signed(self) -> Money:
        """The amount as it changes what is paid: below zero for a refund."""
        return self.amount if self.kind == "payment" else Money(-self.amount.minor, self.amount.currency)

    @property
    def left(self) -> Money:
        """What of a payment can still be given back."""
        if self.kind != "payment":
            return Money(0, self.amount.currency)
        return self.amount - self.refunded if self.refunded else self.amount

    @property
    def to_refund(self) -> bool:
        """Whether it came too late and has not been given back."""
        return bool(self.late and self.left)

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the row as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "session": self.session_id,
            "title": self.title,
            "client": self.client,
            "kind": self.kind,
            "amount": self.amount.as_json(),
            "method": self.method,
            "note": self.note,
            "reference": self.reference,
            "at": rfc3339(self.at, zone),
            "recorded_at": rfc3339(self.recorded_at, zone),
            "receipt": self.receipt,
            "refund_of": self.refund_of,
            "late": self.late,
            "to_refund": self.to_refund,
        }


@dataclass(frozen=True, slots=True)
class Sum:
    """What came in and went back in one month by one method."""

    month: str
    method: str
    received: Money
    refunded: Money

    @property
    def net(self) -> Money:
        """What stayed."""
        return self.received - self.refunded

    def as_json(self) -> dict[str, Any]:
        """Return the sum as scripts read it; the month as ``2026-12``."""
        return {
            "month": self.month,
            "method": self.method,
            "received": self.received.as_json(),
            "refunded": self.refunded.as_json(),
            "net": self.net.as_json(),
        }


def sums(rows: Iterable[Payment], zone: str) -> list[Sum]:
    """Return the sums by month (in ``zone``), method and currency, in that order."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in rows:
        key = rfc3339(row.at, zone)[:7], row.method, row.amount.currency
        received, refunded = found.get(key, (0, 0))
        if row.kind == "payment":
            received += row.amount.minor
        else:
            refunded += row.amount.minor
        found[key] = received, refunded
    return [
        Sum(month, method, Money(received, currency), Money(refunded, currency))
        for (month, method, currency), (received, refunded) in sorted(found.items())
    ]
