"""Payment pages outside, and the events that were heard of."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database

if TYPE_CHECKING:
    from studio_cli.model.checkout import Checkout, Page, State


def insert(
    db: Database,
    session_id: int,
    share_id: int,
    amount: Money,
    *,
    provider: str,
    key: str,
    now: Instant,
    expires_at: Instant,
) -> int:
    """Write down that a payment page is about to be asked for, and return its number."""
    cursor = db.connection.execute(
        """INSERT INTO checkout
           (session_id, share_id, amount_minor, currency, provider, idempotency_key, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            session_id,
            share_id,
            amount.minor,
            amount.currency,
            provider,
            key,
            stored(now),
            stored(expires_at),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def get(db: Database, number: int) -> Checkout | None:
    """Return the payment page of that number."""
    return _one(db, "id = ?", number)


def by_page(db: Database, page: str, key: str | None = None) -> Checkout | None:
    """Return the payment page of that name at its provider, or the one that was asked for with ``key``."""
    return _one(db, "outside_id = ?", page) or (_one(db, "idempotency_key = ?", key) if key else None)


def of_session(db: Database, session_id: int, *states: State) -> list[Checkout]:
    """Return a session's payment pages of these states, the oldest first."""
    marks = ", ".join("?" * len(states))
    return _all(db, f"session_id = ? AND state IN ({marks})", session_id, *states)


def waiting(db: Database, *, unseen_since: Instant | None = None) -> list[Checkout]:
    """Return the pages of which it is not known how they end, and those in doubt; oldest first.

    With ``unseen_since`` only those that nobody has looked at since that moment.
    """
    where = "(state IN ('asked', 'open') OR doubt IS NOT NULL)"
    if unseen_since is None:
        return _all(db, where)
    return _all(db, f"{where} AND coalesce(checked_at, created_at) <= ?", stored(unseen_since))


def _one(db: Database, where: str, *values: object) -> Checkout | None:
    found = _all(db, where, *values)
    return found[0] if found else None


def _all(db: Database, where: str, *values: object) -> list[Checkout]:
    with db.reading() as sql:
        rows = sql.execute(f"SELECT * FROM checkout WHERE {where} ORDER BY id", values).fetchall()
    return [_checkout(row) for row in rows]


def _checkout(row: sqlite3.Row) -> Checkout:
    from studio_cli.model.checkout import Checkout  # most of the time there is none, and every status asks

    return Checkout(
        id=row["id"],
        session_id=row["session_id"],
        share_id=row["share_id"],
        provider=row["provider"],
        key=row["idempotency_key"],
        amount=Money(row["amount_minor"], row["currency"]),
        state=row["state"],
        outside_id=row["outside_id"],
        url=row["url"],
        created_at=from_stored(row["created_at"]),
        expires_at=from_stored(row["expires_at"]),
        checked_at=from_stored(row["checked_at"]) if row["checked_at"] else None,
        payment_id=row["payment_id"],
        doubt=row["doubt"],
    )


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


def opened(db: Database, number: int, page: Page) -> bool:
    """Keep where a page that was asked for is; return False when its row has ended meanwhile, or is open."""
    cursor = db.connection.execute(
        "UPDATE checkout SET state = 'open', outside_id = ?, url = ? WHERE id = ? AND state = 'asked'",
        (page.id, page.url, number),
    )
    return cursor.rowcount == 1


def named(db: Database, number: int, page: str) -> None:
    """Keep the name of a page that became known by another way than asking for it."""
    db.connection.execute(
        "UPDATE checkout SET outside_id = ?, state = CASE state WHEN 'asked' THEN 'open' ELSE state END WHERE id = ?",
        (page, number),
    )


def ended(db: Database, number: int) -> bool:
    """Note that nobody can pay on a page any more, or that what was paid there has gone back; return if that is new."""
    cursor = db.connection.execute(
        "UPDATE checkout SET state = 'ended', doubt = NULL, url = NULL WHERE id = ? AND state <> 'ended' AND payment_id IS NULL",
        (number,),
    )
    return cursor.rowcount == 1


def paid(db: Database, number: int, payment_id: int) -> None:
    """Note which payment of the ledger a page has become."""
    db.connection.execute(
        "UPDATE checkout SET state = 'paid', payment_id = ?, doubt = NULL, url = NULL WHERE id = ?",
        (payment_id, number),
    )


def doubted(db: Database, number: int, why: str) -> bool:
    """Note why money that was paid on a page is not in the ledger; return whether that is new."""
    cursor = db.connection.execute(
        "UPDATE checkout SET state = 'paid', doubt = ?, url = NULL WHERE id = ? AND doubt IS NOT ?",
        (why, number, why),
    )
    return cursor.rowcount == 1


def checked(db: Database, numbers: Sequence[int], now: Instant) -> None:
    """Note that pages were looked at."""
    marks = ", ".join("?" * len(numbers))
    db.connection.execute(
        f"UPDATE checkout SET checked_at = ? WHERE id IN ({marks})", (stored(now), *numbers)
    )


# ── events ────────────────────────────────────────────────────────────────────────────────────────


def heard_of(db: Database, event: str) -> bool:
    """Return whether an event was taken in before."""
    with db.reading() as sql:
        row = sql.execute("SELECT 1 FROM outside_event WHERE id = ?", (event,)).fetchone()
    return row is not None


def hear(db: Database, event: str, kind: str, now: Instant) -> bool:
    """Take in an event, in the write of what it changes; return whether it is new."""
    cursor = db.connection.execute(
        "INSERT OR IGNORE INTO outside_event (id, kind, at) VALUES (?, ?, ?)", (event, kind, stored(now))
    )
    return cursor.rowcount == 1
