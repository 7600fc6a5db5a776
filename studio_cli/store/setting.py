"""Settings, as rows of name and value."""

from __future__ import annotations

from studio_cli.model.settings import Settings
from studio_cli.store.database import Database


def read(db: Database) -> Settings:
    """Return all settings."""
    with db.reading() as sql:
        return db.remembered(
            "settings", lambda: Settings(dict(sql.execute("SELECT name, value FROM setting").fetchall()))
        )


def write(db: Database, name: str, value: str | None) -> None:
    """Set, or with None remove, one setting."""
    if value is None:
        db.connection.execute("DELETE FROM setting WHERE name = ?", (name,))
    else:
        db.connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))
