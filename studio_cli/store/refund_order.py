"""Refunds that are made outside: written down before they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.times import stored
from studio_cli.store.database import Database


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Part of a payment that is to go back where it was paid; ``key`` makes asking for it again the same refund."""

    id: int
    payment_id: int
    amount: Money
    key: str
    note: str | None
    tell: bool = True


def insert(db: Database, session_id: int, order: RefundOrder, now: Instant) -> RefundOrder:
    """Write down a refund that is about to be asked for (its ``id`` is not looked at), and return it."""
    cursor = db.connection.execute(
        """INSERT INTO refund_order (session_id, payment_id, amount_minor, idempotency_key, note, tell, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            session_id,
            order.payment_id,
            order.amount.minor,
            order.key,
            order.note,
            int(order.tell),
            stored(now),
        ),
    )
    assert cursor.lastrowid is not None
    return replace(order, id=cursor.lastrowid)


def unfinished(db: Database, session_id: int | None = None) -> list[RefundOrder]:
    """Return the refunds that were begun and of which it is not known that they were made."""
    with db.reading() as sql:
        rows = sql.execute(
            """SELECT refund_order.*, payment.currency FROM refund_order JOIN payment ON payment.id = payment_id
               WHERE refund_order.id IN (SELECT id FROM refund_order WHERE done_at IS NULL) AND (?1 IS NULL OR refund_order.session_id = ?1) ORDER BY refund_order.id""",
            (session_id,),
        ).fetchall()
    return [
        RefundOrder(
            row["id"],
            row["payment_id"],
            Money(row["amount_minor"], row["currency"]),
            row["idempotency_key"],
            row["note"],
            bool(row["tell"]),
        )
        for row in rows
    ]


def done(db: Database, number: int, now: Instant) -> None:
    """Note that a refund is made, or refused for good."""
    db.connection.execute(
        "UPDATE refund_order SET done_at = ? WHERE id = ? AND done_at IS NULL", (stored(now), number)
    )
