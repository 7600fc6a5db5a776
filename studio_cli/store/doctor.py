"""Looking at a studio's file as it is: reading it without changing it, and mending what can be made anew from the rest."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from whenever import Instant

from studio_cli.model.invariant import LedgerRow, Place, Status
from studio_cli.model.text import folded, unaccented
from studio_cli.model.times import from_stored
from studio_cli.store import session as session_store
from studio_cli.store.database import Database, connect, trouble
from studio_cli.store.share import digest


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Database]:
    """Open a file, whatever it is and of whichever version, to read in it: nothing is written.

    What an interrupted write has left beside it is put right by SQLite itself.
    """
    with trouble(path), contextlib.closing(connect(path, "rw")) as connection:
        connection.execute("PRAGMA query_only = ON")
        yield Database(path, connection)


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a file say."""

    application: int
    version: int
    journal: str


def header(db: Database) -> Header:
    """Return what a file says that it is; raise ``FileTrouble`` for what is no SQLite file."""
    with trouble(db.path):
        values = [
            db.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "journal_mode")
        ]
    return Header(*values)


def faults(db: Database, most: int = 5) -> list[str]:
    """Return what SQLite finds wrong in the file: its pages, its indexes, the rules of its columns."""
    try:
        rows = [str(row[0]) for row in db.connection.execute(f"PRAGMA integrity_check({most})")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if rows == ["ok"] else [line for row in rows for line in row.splitlines()]


def astray(db: Database) -> list[tuple[str, int | None, str]]:
    """Return table and row of everything that names something that is not there, and where that should be."""
    return [(row[0], row[1], row[2]) for row in db.connection.execute("PRAGMA foreign_key_check")]


# ── the schema ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the schema: a table, an index, a trigger or a view."""

    kind: str
    name: str
    sql: str

    def is_like(self, other: Part | None) -> bool:
        """Whether another one is the same, however it is laid out."""
        return other is not None and self.kind == other.kind and self.sql.split() == other.sql.split()


def _parts(connection: sqlite3.Connection) -> dict[str, Part]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {row[1]: Part(*row) for row in rows}


def missing_parts(db: Database) -> list[Part]:
    """Return the parts of the schema that are missing or are not what they were made as."""
    there = _parts(db.connection)
    return [part for name, part in _wanted().items() if not part.is_like(there.get(name))]


@cache
def _wanted() -> dict[str, Part]:
    from studio_cli.store.migrations import migrate

    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh)
        return _parts(fresh)


def put_back(db: Database, part: Part) -> None:
    """Make a trigger or a view anew."""
    db.connection.execute(f"DROP {part.kind.upper()} IF EXISTS {part.name}")
    db.connection.execute(part.sql)


def views(db: Database) -> list[str]:
    """Return the names of the file's views."""
    return [row[0] for row in db.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")]


def read_view(db: Database, name: str) -> None:
    """Read a view to its end."""
    quoted = name.replace('"', '""')
    for _ in db.connection.execute(f'SELECT * FROM "{quoted}"'):
        pass


# ── rows, as plain as they are ────────────────────────────────────────────────────────────────────


def places(db: Database) -> list[Place]:
    """Return the places in time of the sessions that occupy theirs."""
    rows = db.connection.execute(
        """SELECT id, strftime('%s', starts_at) AS starts, duration_minutes, buffer_before_minutes,
           buffer_after_minutes, overlap_allowed FROM session
           WHERE status IN ('pending', 'confirmed') OR (status = 'inquiry' AND holds_time)"""
    )
    found = []
    for number, starts, duration, before, after, allowed in rows:
        begins = int(starts) - before * 60
        found.append(Place(number, begins, int(starts) + (duration + after) * 60, bool(allowed)))
    return found


def statuses(db: Database) -> Iterator[Status]:
    """Yield what every row says of its status."""
    for row in db.connection.execute(
        "SELECT id, status, confirmed_at, confirmed_by FROM session ORDER BY id"
    ):
        yield Status(*row)


def ledger(db: Database) -> list[LedgerRow]:
    """Return the whole ledger with its receipts."""
    rows = db.connection.execute(
        """SELECT payment.id, session_id, kind, amount_minor, currency, refund_of, receipt.number
           FROM payment LEFT JOIN receipt ON receipt.payment_id = payment.id ORDER BY payment.id"""
    )
    return [LedgerRow(*row) for row in rows]


def changed_since_confirmed(db: Database) -> set[int]:
    """Return the sessions that were changed after they were confirmed."""
    rows = db.connection.execute(
        """SELECT id FROM session WHERE confirmed_at IS NOT NULL AND confirmed_at <=
           (SELECT max(created_at) FROM revision WHERE session_id = session.id AND number > 1)"""
    )
    return {row[0] for row in rows}


def unfolded(db: Database) -> list[tuple[int, str, str, str | None]]:
    """Return the clients who would not be found by their name or address: number, name, and what they should be as."""
    found = []
    rows = db.connection.execute("SELECT id, name, name_folded, email, email_folded FROM client")
    for number, name, name_folded, email, email_folded in rows:
        right = unaccented(name), email and folded(email)
        if (name_folded, email_folded) != right:
            found.append((number, name, *right))
    return found


def fold(db: Database, number: int, name: str, email: str | None) -> None:
    """Keep under which name and address a client is found."""
    db.connection.execute(
        "UPDATE client SET name_folded = ?, email_folded = ? WHERE id = ?", (name, email, number)
    )


def unsearchable(db: Database) -> list[int]:
    """Return the numbers of the clients of whom the search index says something else than they are."""
    columns = "name, email, phone, notes"
    with db.reading() as sql:
        words, index = (
            {row[0]: tuple(row)[1:] for row in sql.execute(f"SELECT {number}, {columns} FROM {source}")}
            for number, source in (("id", "client_words"), ("rowid", "client_search"))
        )
    return sorted(number for number in words.keys() | index.keys() if words.get(number) != index.get(number))


def index_again(db: Database) -> None:
    """Make the search index anew."""
    db.connection.execute("INSERT INTO client_search (client_search) VALUES ('rebuild')")
    db.connection.execute("DELETE FROM client_search")
    db.connection.execute(
        """INSERT INTO client_search (rowid, name, email, phone, notes)
           SELECT id, name, email, phone, notes FROM client_words"""
    )


_TOKEN = re.compile(r"/(?:s|waiting|calendar)/([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")


def mails_with_links(db: Database) -> list[int]:
    """Return the numbers of the kept mails in which a link stands that opens something."""
    keys = {
        bytes(row[0])
        for row in db.connection.execute(
            "SELECT token_sha256 FROM link UNION ALL SELECT token_sha256 FROM waiting_link "
            "UNION ALL SELECT token_sha256 FROM feed"
        )
    }
    rows = db.connection.execute(
        "SELECT id, text, html FROM message WHERE text || html GLOB '*/[swc]*/*' ORDER BY id"
    )
    return [
        number
        for number, text, html in rows
        if any(digest(match[1]) in keys for match in _TOKEN.finditer(text + html))
    ]


def zones(db: Database) -> dict[str, int]:
    """Return every time zone in use, and how many rows say it."""
    rows = db.connection.execute(
        """SELECT zone, count(*) FROM (SELECT timezone AS zone FROM session UNION ALL SELECT client_zone FROM session
           UNION ALL SELECT zone FROM waiting UNION ALL SELECT zone FROM calendar) WHERE zone IS NOT NULL GROUP BY zone"""
    )
    return {row[0]: row[1] for row in rows}


def newest_moment(db: Database) -> Instant | None:
    """Return the latest moment at which, says the file, something was done."""
    row = db.connection.execute(
        """SELECT max(at) FROM (SELECT max(at) AS at FROM event UNION ALL SELECT max(recorded_at) FROM payment
           UNION ALL SELECT max(created_at) FROM session UNION ALL SELECT max(created_at) FROM message)"""
    ).fetchone()
    return from_stored(row[0]) if row[0] else None


def mail_states(db: Database) -> dict[str, int]:
    """Return how many mails are in each state."""
    return {
        row[0]: row[1] for row in db.connection.execute("SELECT state, count(*) FROM message GROUP BY state")
    }


def is_booked(db: Database, now: Instant) -> bool:
    """Return whether a session is booked that has not ended."""
    return bool(session_store.listed(db, now, statuses=("pending", "confirmed"), first=now, limit=1))


def gave_links(db: Database) -> bool:
    """Return whether a link was ever given to a client."""
    return db.connection.execute("SELECT 1 FROM link LIMIT 1").fetchone() is not None
