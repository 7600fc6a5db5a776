"""Who may not book on the site: addresses of machines and networks, mail addresses, domains."""

from __future__ import annotations

from whenever import Instant

from studio_cli.model.site import Blocked
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database


def listed(db: Database) -> list[Blocked]:
    """Return everything that is blocked, oldest first."""
    with db.reading() as sql:
        rows = sql.execute("SELECT what, created_at FROM blocked_visitor ORDER BY id").fetchall()
    return [Blocked(row["what"], from_stored(row["created_at"])) for row in rows]


def entries(db: Database) -> tuple[str, ...]:
    """Return what is blocked, without since when."""
    with db.reading():
        return db.remembered("blocked", lambda: tuple(one.what for one in listed(db)))


def add(db: Database, what: str, now: Instant) -> bool:
    """Block something; return whether that is new."""
    cursor = db.connection.execute(
        "INSERT OR IGNORE INTO blocked_visitor (what, created_at) VALUES (?, ?)", (what, stored(now))
    )
    return cursor.rowcount == 1


def remove(db: Database, what: str) -> bool:
    """Block it no longer; return whether it was."""
    return db.connection.execute("DELETE FROM blocked_visitor WHERE what = ?", (what,)).rowcount > 0
