"""A row of the ledger, as scripts read it."""

from __future__ import annotations

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.payment import Payment


def test_json_has_what_scripts_lean_on() -> None:
    """A payment tells when it was paid and when it was written down, in the session's zone."""
    paid, noted = Instant.from_utc(2026, 11, 19, 15), Instant.from_utc(2026, 11, 20, 15)
    payment = Payment(4, 12, Money(5000, "CAD"), "cash", None, None, paid, noted)
    assert payment.as_json("America/Toronto") == {
        "id": 4,
        "session": 12,
        "kind": "payment",
        "amount": {"amount": "50.00", "currency": "CAD"},
        "method": "cash",
        "note": None,
        "reference": None,
        "at": "2026-11-19T10:00:00-05:00",
        "recorded_at": "2026-11-20T10:00:00-05:00",
    }
