"""The ledger."""

from __future__ import annotations

import sqlite3

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database


def _payment(row: sqlite3.Row) -> Payment:
    return Payment(
        id=row["id"],
        session_id=row["session_id"],
        amount=Money(row["amount_minor"], row["currency"]),
        method=row["method"],
        note=row["note"],
        reference=row["reference"],
        at=from_stored(row["at"]),
        recorded_at=from_stored(row["recorded_at"]),
    )


def insert(
    db: Database,
    session_id: int,
    amount: Money,
    method: str,
    *,
    at: Instant,
    now: Instant,
    note: str | None = None,
    reference: str | None = None,
) -> int:
    """Add a payment to the ledger and return its number."""
    cursor = db.connection.execute(
        """INSERT INTO payment (session_id, kind, amount_minor, currency, method, note, reference, at, recorded_at)
           VALUES (?, 'payment', ?, ?, ?, ?, ?, ?, ?)""",
        (session_id, amount.minor, amount.currency, method, note, reference, stored(at), stored(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def get(db: Database, number: int) -> Payment | None:
    """Return the payment of that number."""
    with db.reading() as sql:
        row = sql.execute("SELECT * FROM payment WHERE id = ?", (number,)).fetchone()
    return row and _payment(row)


def count(db: Database, session_id: int) -> int:
    """Return how many rows of the ledger a session has."""
    with db.reading() as sql:
        return int(
            sql.execute("SELECT count(*) FROM payment WHERE session_id = ?", (session_id,)).fetchone()[0]
        )


def has_reference(db: Database, reference: str) -> bool:
    """Return whether money with that outside reference is in the ledger already."""
    with db.reading() as sql:
        return sql.execute("SELECT 1 FROM payment WHERE reference = ?", (reference,)).fetchone() is not None
