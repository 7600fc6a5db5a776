"""Clients."""

from __future__ import annotations

import sqlite3

from whenever import Instant

from studio_cli.model.client import Client, ClientDetails
from studio_cli.model.text import folded
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database

_COLUMNS = "id, name, email, phone, notes, language, created_at, archived_at, reminders"


def _client(row: sqlite3.Row) -> Client:
    return Client(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        notes=row["notes"],
        language=row["language"],
        created_at=from_stored(row["created_at"]),
        archived_at=row["archived_at"] and from_stored(row["archived_at"]),
        no_reminders=not row["reminders"],
    )


def insert(db: Database, details: ClientDetails, now: Instant) -> int:
    """Add a client and return its number."""
    cursor = db.connection.execute(
        """INSERT INTO client (name, name_folded, email, email_folded, phone, notes, language, reminders, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (*_typed(details), stored(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def update(db: Database, number: int, details: ClientDetails) -> None:
    """Replace what was typed about a client."""
    db.connection.execute(
        """UPDATE client SET name = ?, name_folded = ?, email = ?, email_folded = ?, phone = ?, notes = ?, language = ?,
           reminders = ? WHERE id = ?""",
        (*_typed(details), number),
    )


def _typed(details: ClientDetails) -> tuple[str | int | None, ...]:
    email = details.email
    return (
        details.name,
        folded(details.name),
        email,
        email and folded(email),
        details.phone,
        details.notes,
        details.language,
        int(not details.no_reminders),
    )


def get(db: Database, number: int) -> Client | None:
    """Return the client of that number."""
    with db.reading() as sql:
        row = sql.execute(f"SELECT {_COLUMNS} FROM client WHERE id = ?", (number,)).fetchone()
    return row and _client(row)


def by_email(db: Database, email: str) -> Client | None:
    """Return the client with that address, without regard to case."""
    with db.reading() as sql:
        row = sql.execute(
            f"SELECT {_COLUMNS} FROM client WHERE email_folded = ?", (folded(email),)
        ).fetchone()
    return row and _client(row)


def by_name(db: Database, text: str, most: int = 10) -> list[Client]:
    """Return the clients whose name is ``text`` or, when there is none, begins with it; archived ones last."""
    wanted = folded(text)
    beyond = wanted + "\U0010ffff"
    order = f"ORDER BY archived_at IS NOT NULL, name_folded, id LIMIT {most}"
    with db.reading() as sql:
        rows = sql.execute(
            f"SELECT {_COLUMNS} FROM client WHERE name_folded = ? {order}", (wanted,)
        ).fetchall()
        if not rows:
            rows = sql.execute(
                f"SELECT {_COLUMNS} FROM client WHERE name_folded >= ? AND name_folded < ? {order}",
                (wanted, beyond),
            ).fetchall()
    return [_client(row) for row in rows]


def matching(db: Database, text: str, most: int) -> list[Client]:
    """Return the clients whose name or address begins with ``text``, by name; without the archived ones."""
    wanted = folded(text.strip())
    beyond = wanted + "\U0010ffff"
    with db.reading() as sql:
        rows = sql.execute(
            f"""SELECT {_COLUMNS} FROM (
                  SELECT * FROM (SELECT * FROM client WHERE name_folded >= ?1 AND name_folded < ?2
                                 AND archived_at IS NULL ORDER BY name_folded, id LIMIT ?3)
                  UNION
                  SELECT * FROM (SELECT * FROM client WHERE email_folded >= ?1 AND email_folded < ?2
                                 AND archived_at IS NULL ORDER BY email_folded LIMIT ?3)
                ) ORDER BY name_folded, id LIMIT ?3""",
            (wanted, beyond, most),
        ).fetchall()
    return [_client(row) for row in rows]


def listed(db: Database, *, archived: bool = False) -> list[Client]:
    """Return the clients by name; the archived ones only when asked for."""
    where = "" if archived else "WHERE archived_at IS NULL"
    with db.reading() as sql:
        rows = sql.execute(f"SELECT {_COLUMNS} FROM client {where} ORDER BY name_folded, id").fetchall()
    return [_client(row) for row in rows]


def names(db: Database, most: int = 5000) -> list[str]:
    """Return names and addresses, to find the nearest to a mistyped one; the newest clients when there are many."""
    with db.reading() as sql:
        rows = sql.execute("SELECT name, email FROM client ORDER BY id DESC LIMIT ?", (most,)).fetchall()
    return [text for row in rows for text in row if text]
