"""The ledger as it is kept."""

from __future__ import annotations

from studio_cli.booking.studio import Studio
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.store import payment as payment_store
from tests.conftest import Clock, Maker


def test_payment_comes_back(studio: Studio, make: Maker, clock: Clock) -> None:
    """A payment is read as it was written, and its reference is known."""
    session, paid = make.session(), clock.now.subtract(hours=5)
    with studio.file.atomic():
        number = payment_store.insert(
            studio.file,
            session.id,
            Money(500, "CAD"),
            "cash",
            at=paid,
            now=clock.now,
            note="at the door",
            reference="r1",
        )
    assert payment_store.get(studio.file, number) == Payment(
        number, session.id, Money(500, "CAD"), "cash", "at the door", "r1", paid, clock.now
    )
    assert payment_store.has_reference(studio.file, "r1")
    assert not payment_store.has_reference(studio.file, "r2")
    assert payment_store.get(studio.file, number + 1) is None
