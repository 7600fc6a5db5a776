"""The ledger's rows, and their sums."""

from __future__ import annotations

from dataclasses import replace

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.payment import Payment, Sum, sums

PAID, NOTED = Instant.from_utc(2026, 12, 1, 4), Instant.from_utc(2026, 12, 2, 15)
PAYMENT = Payment(
    4,
    12,
    "payment",
    Money(5000, "CAD"),
    "cash",
    None,
    None,
    PAID,
    NOTED,
    receipt=3,
    title="Portrait",
    client="Rui",
)


def test_json_has_what_scripts_lean_on() -> None:
    """A payment tells when it was paid and when it was written down, in the session's zone."""
    assert PAYMENT.as_json("America/Toronto") == {
        "id": 4,
        "session": 12,
        "title": "Portrait",
        "client": "Rui",
        "kind": "payment",
        "amount": {"amount": "50.00", "currency": "CAD"},
        "method": "cash",
        "note": None,
        "reference": None,
        "at": "2026-11-30T23:00:00-05:00",
        "recorded_at": "2026-12-02T10:00:00-05:00",
        "receipt": 3,
        "refund_of": None,
        "late": None,
        "to_refund": False,
    }


def test_what_is_left_of_a_payment() -> None:
    """What of a payment has not gone back can still go back; of a refund nothing can."""
    half = replace(PAYMENT, refunded=Money(2000, "CAD"))
    assert (PAYMENT.left, half.left) == (Money(5000, "CAD"), Money(3000, "CAD"))
    assert not replace(PAYMENT, kind="refund").left
    late = replace(half, late="canceled")
    assert late.to_refund
    assert not replace(late, refunded=Money(5000, "CAD")).to_refund


def test_sums_by_month_and_method() -> None:
    """Sums are by the month in the studio's zone, the method and the currency; refunds stand beside payments."""
    rows = [
        PAYMENT,
        replace(PAYMENT, kind="refund", amount=Money(2000, "CAD")),
        replace(PAYMENT, method="card"),
        replace(PAYMENT, at=NOTED),
        replace(PAYMENT, amount=Money(7, "JPY")),
    ]
    cad, jpy = Money(0, "CAD"), Money(0, "JPY")
    assert sums(rows, "America/Toronto") == [
        Sum("2026-11", "card", Money(5000, "CAD"), cad),
        Sum("2026-11", "cash", Money(5000, "CAD"), Money(2000, "CAD")),
        Sum("2026-11", "cash", Money(7, "JPY"), jpy),
        Sum("2026-12", "cash", Money(5000, "CAD"), cad),
    ]
    assert sums(rows, "UTC")[0].month == "2026-12"
    assert sums(rows, "America/Toronto")[1].net == Money(3000, "CAD")
