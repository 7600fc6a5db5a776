"""Questionnaires."""

from __future__ import annotations

from whenever import Instant

from studio_cli.model.form import Form
from studio_cli.model.times import stored
from studio_cli.store.database import Database


def insert(db: Database, form: Form, source: str, now: Instant) -> int:
    """Add a form and return its number."""
    cursor = db.connection.execute(
        "INSERT INTO form (name, source, definition, created_at) VALUES (?, ?, ?, ?)",
        (form.name, source, form.stored(), stored(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def update(db: Database, form: Form, source: str) -> None:
    """Replace the text and the definition of the form of that name."""
    db.connection.execute(
        "UPDATE form SET source = ?, definition = ? WHERE name = ?", (source, form.stored(), form.name)
    )


def by_name(db: Database, name: str) -> tuple[int, Form] | None:
    """Return the number and the form of that name."""
    with db.reading() as sql:
        row = sql.execute("SELECT id, definition FROM form WHERE name = ?", (name,)).fetchone()
    return row and (row["id"], Form.from_stored(row["definition"]))


def source(db: Database, name: str) -> str:
    """Return the TOML text of a form that exists."""
    with db.reading() as sql:
        return str(sql.execute("SELECT source FROM form WHERE name = ?", (name,)).fetchone()["source"])


def listed(db: Database) -> list[Form]:
    """Return all forms by name."""
    with db.reading() as sql:
        rows = sql.execute("SELECT definition FROM form ORDER BY name").fetchall()
    return [Form.from_stored(row["definition"]) for row in rows]
