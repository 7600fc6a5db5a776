"""The ledger as it is kept."""

from __future__ import annotations

import sqlite3

import pytest

from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.store import payment as payment_store
from tests.conftest import Clock, Maker

FIVE = Money(500, "CAD")


def test_payment_comes_back(studio: Studio, make: Maker, clock: Clock) -> None:
    """A payment is read as it was written, with the number of its receipt, and found by its reference."""
    session, paid = make.session(), clock.now.subtract(hours=5)
    with studio.file.atomic():
        number = payment_store.insert(
            studio.file, session.id, FIVE, "cash", at=paid, now=clock.now, note="at the door", reference="r1"
        )
    kept = Payment(
        number, session.id, "payment", FIVE, "cash", "at the door", "r1", paid, clock.now,
        receipt=1, title="Portrait", client="Rui Costa",
    )  # fmt: skip
    assert payment_store.get(studio.file, number) == kept
    assert payment_store.by_reference(studio.file, "r1") == kept
    assert payment_store.by_receipt(studio.file, 1) == kept
    assert payment_store.by_reference(studio.file, "r2") is None
    assert payment_store.by_receipt(studio.file, 2) is None
    assert payment_store.get(studio.file, number + 1) is None


def pay(studio: Studio, number: int, **values: object) -> int:
    """Put a row into the ledger."""
    now = studio.now()
    words = {"amount": FIVE, "method": "cash", "at": now, "now": now, **values}
    with studio.file.atomic():
        return payment_store.insert(studio.file, number, **words)  # type: ignore[arg-type]


def test_receipts_have_no_gaps(studio: Studio, make: Maker) -> None:
    """Each payment has the next number, a refund and a payment that was not kept have none."""
    session = make.session()
    first = pay(studio, session.id)
    pay(studio, session.id, kind="refund", refund_of=first)
    with pytest.raises(RuntimeError), studio.file.atomic():
        payment_store.insert(studio.file, session.id, FIVE, "cash", at=studio.now(), now=studio.now())
        raise RuntimeError
    pay(studio, session.id)
    rows = payment_store.listed(studio.file)
    assert [row.receipt for row in rows] == [1, None, 2]
    assert rows[0].refunded == FIVE
    with pytest.raises(Refused), studio.file.atomic() as sql:
        sql.execute("INSERT INTO receipt VALUES (4, 1, '2026-11-20T15:00:00Z', NULL)")


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "refund", "amount": Money(501, "CAD")},
        {"kind": "refund", "amount": Money(501, "CAD"), "refund_of": 1},
        {"kind": "refund", "refund_of": 2},
        {"kind": "payment", "refund_of": 1},
    ],
)
def test_no_more_goes_back_than_came(studio: Studio, make: Maker, values: dict[str, object]) -> None:
    """The file refuses a refund of more than was paid, and one of a payment that is none of the session's."""
    session, other = make.session(), make.session("2026-12-07 10:00")
    pay(studio, session.id)
    pay(studio, other.id)
    with pytest.raises((Refused, sqlite3.IntegrityError)):
        pay(studio, session.id, **values)


def test_filters(studio: Studio, make: Maker, clock: Clock) -> None:
    """The ledger is narrowed by session, client, method, kind and time; late money that went back is done."""
    session, other = make.session(), make.session("2026-12-07 10:00")
    early = pay(studio, session.id, at=clock.now.subtract(hours=48))
    late = pay(studio, other.id, method="card", late="canceled")
    back = pay(studio, other.id, kind="refund", amount=Money(200, "CAD"), refund_of=late)

    def ids(**wanted: object) -> list[int]:
        return [row.id for row in payment_store.listed(studio.file, **wanted)]  # type: ignore[arg-type]

    assert ids() == [early, late, back]
    assert ids(session_id=session.id) == [early]
    assert ids(client_id=other.client.id) == [late, back]
    assert ids(method="card") == [late]
    assert ids(kind="refund") == [back]
    assert ids(first=clock.now) == [late, back]
    assert ids(last=clock.now) == [early]
    assert ids(late=True) == []  # as long as the session can use it
    sessions.cancel(studio, str(other.id))
    assert ids(late=True) == [late]
    pay(studio, other.id, kind="refund", amount=Money(300, "CAD"), refund_of=late)
    assert ids(late=True) == []
