"""Recording payments, and what they complete."""

from __future__ import annotations

import pytest

from studio_cli.booking import journey
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, StudioError, WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from tests.conftest import Clock, Maker


@pytest.fixture
def session(make: Maker) -> Session:
    """A pending session of 250, of which 50 are due at booking."""
    make.type()
    return make.session(type="family", client=str(make.client().id))


def ledger(studio: Studio) -> list[int]:
    """Return the amounts in the ledger."""
    return [row[0] for row in studio.file.connection.execute("SELECT amount_minor FROM payment ORDER BY id")]


def test_what_is_due_finishes_the_step(studio: Studio, session: Session) -> None:
    """Paying what is due does the payment step; the session waits for what is left."""
    recorded = payments.record(studio, str(session.id), "50", method="cash", note=" at the door ")
    assert (recorded.payment.amount, recorded.payment.method) == (Money(5000, "CAD"), "cash")
    assert recorded.payment.note == "at the door"
    assert not recorded.confirmed
    assert [step.name for step in recorded.session.waiting_for] == ["review"]
    assert recorded.session.balance == Money(20000, "CAD")


def test_last_thing_waited_for_confirms(studio: Studio, make: Maker, session: Session) -> None:
    """A payment that was the last thing waited for confirms the session, and says so."""
    journey.review(studio, make.link(session), 1)
    assert payments.record(studio, str(session.id), "50").confirmed


def test_parts_add_up(studio: Studio, make: Maker, session: Session) -> None:
    """The step is done when the parts together are what is due."""
    journey.review(studio, make.link(session), 1)
    assert not payments.record(studio, "last", "49.99").confirmed
    assert payments.record(studio, "last", "0.01").confirmed


def test_more_than_the_price(studio: Studio, session: Session) -> None:
    """Too much is recorded as it came, and the balance is below zero."""
    recorded = payments.record(studio, str(session.id), "300")
    assert recorded.session.balance == Money(-5000, "CAD")


@pytest.mark.parametrize("status", ["confirmed", "canceled", "expired"])
def test_money_is_recorded_whatever_the_status(
    studio: Studio, make: Maker, clock: Clock, session: Session, status: str
) -> None:
    """Money that comes is never dropped, and changes the status of nothing that is over."""
    if status == "expired":
        session = make.session("2026-12-04 14:00", expires="2h")
        clock.forward(hours=3)
    else:
        {"confirmed": sessions.confirm, "canceled": sessions.cancel}[status](studio, str(session.id))
    recorded = payments.record(studio, str(session.id), "50")
    assert recorded.session.status == status
    assert recorded.session.paid == Money(5000, "CAD")
    assert not recorded.confirmed


def test_paid_at(studio: Studio, session: Session, clock: Clock) -> None:
    """When it was paid may be said; when it was written down is now."""
    recorded = payments.record(studio, str(session.id), "50", at="2026-11-18 09:00")
    assert recorded.payment.as_json(session.timezone)["at"] == "2026-11-18T09:00:00-05:00"
    assert recorded.payment.recorded_at == clock.now


@pytest.mark.parametrize(
    ("selector", "amount", "method", "error"),
    [
        ("99", "50", "cash", NotFound),
        ("1", "0", "cash", WrongUsage),
        ("1", "-5", "cash", WrongUsage),
        ("1", "50 USD", "cash", WrongUsage),
        ("1", "fifty", "cash", WrongUsage),
        ("1", "50", "gold", WrongUsage),
    ],
)
def test_wrong_payment(
    studio: Studio, session: Session, selector: str, amount: str, method: str, error: type[StudioError]
) -> None:
    """What cannot be a payment is refused and not in the ledger."""
    with pytest.raises(error):
        payments.record(studio, selector, amount, method=method)
    assert ledger(studio) == []


def test_same_key_again(studio: Studio, session: Session) -> None:
    """The same key again is the same payment; without a key, or with another, it is a second one."""
    first = payments.record(studio, "1", "50", key="k1")
    again = payments.record(studio, "1", "50", key="k1")
    assert again.repeated
    assert again.payment == first.payment
    assert ledger(studio) == [5000]
    payments.record(studio, "1", "50", key="k2")
    payments.record(studio, "1", "50")
    assert ledger(studio) == [5000, 5000, 5000]


def test_same_key_for_another_amount(studio: Studio, session: Session) -> None:
    """A key that was used for another amount is refused."""
    payments.record(studio, "1", "50", key="k1")
    with pytest.raises(Refused) as refused:
        payments.record(studio, "1", "60", key="k1")
    assert refused.value.code == "key_reused"
    assert ledger(studio) == [5000]


def test_receipt_goes_on_saying_what_was_so(studio: Studio, make: Maker) -> None:
    """What a receipt says does not change with its session, nor with later payments."""
    from studio_cli.booking import receipt, session_changes
    from studio_cli.booking.session_changes import Edits

    session = make.session(price="250", tax="HST 13%", discount="10%")
    paid = payments.record(studio, str(session.id), "50").payment
    before = receipt.as_text(studio, paid)
    assert "CA$254.25" in before and "CA$29.25" in before
    session_changes.edit(studio, str(session.id), Edits(price="350", title="Other", tax="none"))
    payments.record(studio, str(session.id), "100")
    assert receipt.as_text(studio, payments.get(studio, paid.id)) == before
