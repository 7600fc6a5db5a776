"""Contracts, the copies that sessions have of them, and their signatures."""

from __future__ import annotations

import sqlite3

from whenever import Instant

from studio_cli.model.contract import Contract, Document, Signature
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database


def insert(db: Database, name: str, source: str, now: Instant) -> None:
    """Add a contract."""
    db.connection.execute(
        "INSERT INTO contract (name, source, created_at, changed_at) VALUES (?1, ?2, ?3, ?3)",
        (name, source, stored(now)),
    )


def update(db: Database, name: str, source: str, now: Instant) -> None:
    """Replace the text of a contract; the copies that sessions have stay."""
    db.connection.execute(
        "UPDATE contract SET source = ?, changed_at = ? WHERE name = ?", (source, stored(now), name)
    )


def by_name(db: Database, name: str) -> tuple[int, Contract] | None:
    """Return the number and the contract of that name."""
    with db.reading() as sql:
        row = sql.execute("SELECT * FROM contract WHERE name = ?", (name,)).fetchone()
    return row and (row["id"], _contract(row))


def listed(db: Database) -> list[Contract]:
    """Return all contracts by name."""
    with db.reading() as sql:
        return [_contract(row) for row in sql.execute("SELECT * FROM contract ORDER BY name")]


def _contract(row: sqlite3.Row) -> Contract:
    return Contract(
        name=row["name"],
        source=row["source"],
        created_at=from_stored(row["created_at"]),
        changed_at=from_stored(row["changed_at"]),
    )


# ── a session's own copy ──────────────────────────────────────────────────────────────────────────


def freeze(db: Database, session_id: int, document: Document | None, now: Instant) -> None:
    """Make ``document`` the one that a session's client is to sign, or none; earlier ones are kept."""
    sha256 = document.sha256 if document else None
    if document and get(db, session_id, document.sha256) is None:
        db.connection.execute(
            "INSERT INTO document (session_id, sha256, name, created_at, source, text) VALUES (?,?,?,?,?,?)",
            (session_id, sha256, document.name, stored(now), document.source, document.text),
        )
    db.connection.execute("UPDATE session SET contract_sha256 = ? WHERE id = ?", (sha256, session_id))


def get(db: Database, session_id: int, sha256: str) -> Document | None:
    """Return the document of a session with that SHA-256."""
    with db.reading() as sql:
        row = sql.execute(
            "SELECT name, source, text FROM document WHERE session_id = ? AND sha256 = ?",
            (session_id, sha256),
        ).fetchone()
    return row and Document(*row)


def sign(db: Database, session_id: int, signature: Signature) -> None:
    """Keep a signature."""
    db.connection.execute(
        """INSERT INTO signature (session_id, sha256, name, at, timezone, share_id, address, user_agent)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            session_id,
            signature.sha256,
            signature.name,
            stored(signature.at),
            signature.timezone,
            signature.share_id,
            signature.address,
            signature.user_agent,
        ),
    )


def signatures(db: Database, session_id: int) -> list[Signature]:
    """Return the signatures of a session, oldest first."""
    with db.reading() as sql:
        rows = sql.execute(
            "SELECT * FROM signature WHERE session_id = ? ORDER BY id", (session_id,)
        ).fetchall()
    return [
        Signature(
            sha256=row["sha256"],
            name=row["name"],
            at=from_stored(row["at"]),
            timezone=row["timezone"],
            share_id=row["share_id"],
            address=row["address"],
            user_agent=row["user_agent"],
        )
        for row in rows
    ]
