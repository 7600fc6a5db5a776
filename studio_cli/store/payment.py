"""The ledger, append only, and the receipts of what is in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.payment import Kind, Payment
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database

_SELECT = """
SELECT payment.*, CASE WHEN session.status IN ('canceled', 'declined', 'expired') THEN payment.late END AS late_now,
  receipt.number AS receipt, session.title, client.name AS client,
  (SELECT sum(given.amount_minor) FROM payment AS given WHERE given.refund_of = payment.id) AS refunded_minor
FROM payment JOIN session ON session.id = payment.session_id JOIN client ON client.id = session.client_id
LEFT JOIN receipt ON receipt.payment_id = payment.id
"""


def insert(
    db: Database,
    session_id: int,
    amount: Money,
    method: str,
    *,
    at: Instant,
    now: Instant,
    kind: Kind = "payment",
    note: str | None = None,
    reference: str | None = None,
    refund_of: int | None = None,
    late: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Add a row to the ledger and return its number; a payment gets the next receipt in the same write."""
    values = {
        "session_id": session_id,
        "kind": kind,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "method": method,
        "note": note,
        "reference": reference,
        "at": stored(at),
        "recorded_at": stored(now),
        "refund_of": refund_of,
        "late": late,
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = db.connection.execute(f"INSERT INTO payment ({names}) VALUES ({marks})", list(values.values()))
    assert cursor.lastrowid is not None
    if kind == "payment":
        db.connection.execute(
            """INSERT INTO receipt (number, payment_id, issued_at, facts)
               SELECT coalesce(max(number), 0) + 1, ?, ?, ? FROM receipt""",
            (cursor.lastrowid, stored(now), facts and json.dumps(facts, ensure_ascii=False)),
        )
    return cursor.lastrowid


def get(db: Database, number: int) -> Payment | None:
    """Return the row of that number."""
    with db.reading() as sql:
        row = sql.execute(f"{_SELECT} WHERE payment.id = ?", (number,)).fetchone()
    return row and _payment(row)


def by_receipt(db: Database, receipt: int) -> Payment | None:
    """Return the payment that a receipt is for."""
    with db.reading() as sql:
        row = sql.execute(f"{_SELECT} WHERE receipt.number = ?", (receipt,)).fetchone()
    return row and _payment(row)


def last_receipt(db: Database) -> int:
    """Return the number of the newest receipt, 0 for none."""
    with db.reading() as sql:
        return int(sql.execute("SELECT coalesce(max(number), 0) FROM receipt").fetchone()[0])


def facts_of(db: Database, receipt: int) -> dict[str, Any] | None:
    """Return what was so when a receipt was issued; None for one that is older than that."""
    with db.reading() as sql:
        row = sql.execute("SELECT facts FROM receipt WHERE number = ?", (receipt,)).fetchone()
    return json.loads(row["facts"]) if row and row["facts"] else None


def listed(
    db: Database,
    *,
    session_id: int | None = None,
    client_id: int | None = None,
    method: str | None = None,
    kind: Kind | None = None,
    first: Instant | None = None,
    last: Instant | None = None,
    late: bool = False,
) -> list[Payment]:
    """Return the ledger by when money moved: paid in ``first`` (included) to ``last``; ``late``: to be given back."""
    where, values = _conditions(
        ("payment.session_id = ?", session_id),
        ("session.client_id = ?", client_id),
        ("payment.method = ?", method),
        ("payment.kind = ?", kind),
        ("payment.at >= ?", first and stored(first)),
        ("payment.at < ?", last and stored(last)),
    )
    if late:
        # The few that ever were late are found by an index of their own; the ledger only grows.
        where.append("payment.id IN (SELECT id FROM payment WHERE late IS NOT NULL)")
        where.append("late_now IS NOT NULL AND payment.amount_minor > coalesce(refunded_minor, 0)")
    with db.reading() as sql:
        rows = sql.execute(
            f"{_SELECT} WHERE {' AND '.join(where) or '1'} ORDER BY payment.at, payment.id", values
        ).fetchall()
    return [_payment(row) for row in rows]


def _conditions(*pairs: tuple[str, Any]) -> tuple[list[str], Sequence[Any]]:
    wanted = [(condition, value) for condition, value in pairs if value is not None]
    return [condition for condition, _ in wanted], [value for _, value in wanted]


def _payment(row: sqlite3.Row) -> Payment:
    currency = row["currency"]
    return Payment(
        id=row["id"],
        session_id=row["session_id"],
        kind=row["kind"],
        amount=Money(row["amount_minor"], currency),
        method=row["method"],
        note=row["note"],
        reference=row["reference"],
        at=from_stored(row["at"]),
        recorded_at=from_stored(row["recorded_at"]),
        receipt=row["receipt"],
        refund_of=row["refund_of"],
        late=row["late_now"],
        refunded=Money(row["refunded_minor"], currency) if row["refunded_minor"] else None,
        title=row["title"],
        client=row["client"],
    )


def count(db: Database, session_id: int) -> int:
    """Return how many rows of the ledger a session has."""
    with db.reading() as sql:
        return int(
            sql.execute("SELECT count(*) FROM payment WHERE session_id = ?", (session_id,)).fetchone()[0]
        )


def by_reference(db: Database, reference: str) -> Payment | None:
    """Return the row with that outside reference: money from outside is in the ledger once."""
    with db.reading() as sql:
        row = sql.execute(f"{_SELECT} WHERE payment.reference = ?", (reference,)).fetchone()
    return row and _payment(row)
