"""Clients."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from whenever import Instant

from studio_cli.model.client import Client, ClientDetails
from studio_cli.model.text import folded, unaccented
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database
from studio_cli.store.order import Key, Order, order_by

_COLUMNS = """client.id, client.name, client.email, client.phone, client.notes, client.language, client.created_at,
  client.archived_at, client.reminders"""


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
        unaccented(details.name),
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
    """Return the clients whose name is ``text`` or, when there is none, begins with it; archived ones last.

    Accents make no difference, except between names that are the same without them.
    """
    wanted = unaccented(text)
    beyond = wanted + "\U0010ffff"
    order = f"ORDER BY archived_at IS NOT NULL, name_folded, id LIMIT {most}"
    with db.reading() as sql:
        rows = sql.execute(
            f"SELECT {_COLUMNS} FROM client WHERE name_folded = ? {order}", (wanted,)
        ).fetchall()
        rows = [row for row in rows if folded(row["name"]) == folded(text)] or rows
        if not rows:
            rows = sql.execute(
                f"SELECT {_COLUMNS} FROM client WHERE name_folded >= ? AND name_folded < ? {order}",
                (wanted, beyond),
            ).fetchall()
    return [_client(row) for row in rows]


def last_touched(db: Database) -> int | None:
    """Return the number of the client that the owner touched last, or whose session."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT coalesce(event.client_id, session.client_id) FROM event
               LEFT JOIN session ON session.id = event.session_id
               WHERE event.actor = 'owner' AND (event.client_id IS NOT NULL OR event.session_id IS NOT NULL)
               ORDER BY event.id DESC LIMIT 1"""
        ).fetchone()
    return None if row is None else int(row[0])


# ── searching ─────────────────────────────────────────────────────────────────────────────────────

MOST_WORDS = 20
"""What is typed beyond so many words is not looked for."""
RANKED_FROM = 4
"""Words shorter than this are in so many clients that ranking them all costs more than it tells."""
_PHONE = r"(?<![\w@.])\+?\(?\d[\d\s().+/\u2010-\u2013-]*\d(?![\w@])"


def matching(db: Database, text: str, limit: int = 20) -> list[Client]:
    """Return the clients in whose name, address, phone number or notes every word of ``text`` begins one.

    Those whose name begins so come first, by name; then the best, when a word has four letters or more, else the
    newest. Nothing typed is everybody, by name. Archived ones are not looked at.
    """
    begins = _beginning_with(db, text, limit)
    query = _query(text)
    if query is None or len(begins) >= limit:
        return begins
    known = {client.id for client in begins}
    ranked = any(len(word) >= RANKED_FROM for word in text.split())
    best = "bm25(client_search, 10.0, 5.0, 5.0, 1.0)" if ranked else "client_search.rowid DESC"
    with db.reading() as sql:
        rows = sql.execute(
            f"""SELECT {_COLUMNS} FROM client_search JOIN client ON client.id = client_search.rowid
                WHERE client_search MATCH ? AND archived_at IS NULL ORDER BY {best} LIMIT ?""",
            (query, limit),
        ).fetchall()
    return [*begins, *(_client(row) for row in rows if row["id"] not in known)][:limit]


def _beginning_with(db: Database, text: str, limit: int) -> list[Client]:
    wanted = unaccented(text.strip())
    with db.reading() as sql:
        rows = sql.execute(
            f"""SELECT {_COLUMNS} FROM client WHERE name_folded >= ? AND name_folded < ? AND archived_at IS NULL
                ORDER BY name_folded, id LIMIT ?""",
            (wanted, wanted + "\U0010ffff", limit),
        ).fetchall()
    return [_client(row) for row in rows]


def _query(text: str) -> str | None:
    """Return what FTS5 is to look for, or None for no words. Each word is quoted: nothing in it means anything there."""
    numbers = re.findall(_PHONE, text)
    words = _quoted(text)
    if not words:
        return None
    query = " AND ".join(words)
    digits = ["".join(mark for mark in number if mark.isdecimal()) for number in numbers]
    digits = [number for number in digits if len(number) >= 3]
    if not digits:
        return query
    # A number may be one of the phone however it is spaced here, or words of the notes as they are.
    phones = [f'phone : "{number}" *' for number in digits]
    other = " AND ".join([*_quoted(re.sub(_PHONE, " ", text)), *phones])
    return f"({query}) OR ({other})"


def _quoted(text: str) -> list[str]:
    words = (word.replace('"', " ").replace("\0", " ").strip() for word in text.split()[:MOST_WORDS])
    return [f'"{word}" *' for word in words if any(mark.isalnum() for mark in word)]


SORTS = {
    "id": Key("client.id"),
    "name": Key("client.name_folded"),
    "email": Key("client.email_folded", can_be_empty=True),
    "phone": Key("client.phone", can_be_empty=True),
    "language": Key("client.language", can_be_empty=True),
    "created_at": Key("client.created_at"),
    "archived_at": Key("client.archived_at", can_be_empty=True),
}
"""What a list of clients can be sorted by."""


def listed(
    db: Database,
    *,
    text: str = "",
    archived: bool = False,
    order: Order | None = None,
    limit: int | None = None,
) -> list[Client]:
    """Return the clients, by name unless another order is wanted: those in which every word of ``text`` begins one.

    The archived ones only when asked for.
    """
    where, values = (
        ["1" if archived else "archived_at IS NULL"],
        dict[str, Any](limit=-1 if limit is None else limit),
    )
    if text.strip():
        query = _query(text)
        if query is None:
            return []
        where.append("client.id IN (SELECT rowid FROM client_search WHERE client_search MATCH :query)")
        values["query"] = query
    terms = order_by(SORTS, order, "client.name_folded", "client.id")
    with db.reading() as sql:
        rows = sql.execute(
            f"SELECT {_COLUMNS} FROM client WHERE {' AND '.join(where)} ORDER BY {terms} LIMIT :limit", values
        ).fetchall()
    return [_client(row) for row in rows]


def names(db: Database, most: int = 5000) -> list[str]:
    """Return names and addresses, to find the nearest to a mistyped one; the newest clients when there are many."""
    with db.reading() as sql:
        rows = sql.execute("SELECT name, email FROM client ORDER BY id DESC LIMIT ?", (most,)).fetchall()
    return [text for row in rows for text in row if text]


# ── by the thousand ───────────────────────────────────────────────────────────────────────────────

_SEARCHED_WITH = "client_search_insert"
"""The trigger that makes a new client one that is found."""
AT_A_TIME = 1000


class Additions:
    """Inside a write: adds clients by the thousand.

    What they are searched by is written in one go, in place of the trigger, which takes ten times as long; it is away
    for as long as the write lasts, which nobody else sees. What is found is the same: a test compares.
    """

    def __init__(self, db: Database, now: Instant) -> None:
        self._db, self._now = db, now
        self._trigger: str | None = None
        self._waiting: list[tuple[int, str, str | None, str | None, str | None]] = []

    def __enter__(self) -> Additions:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None and self._trigger is not None:  # else all of it is taken back
            self.settle()
            self._db.connection.execute(self._trigger)

    def add(self, details: ClientDetails) -> int:
        """Add a client and return its number."""
        if self._trigger is None:
            self._put_away()
        number = insert(self._db, details, self._now)
        name = f"{details.name} {unaccented(details.name)}"
        self._waiting.append((number, name, details.email, _ends_of(details.phone), details.notes))
        if len(self._waiting) >= AT_A_TIME:
            self.settle()
        return number

    def _put_away(self) -> None:
        sql = self._db.connection
        found = sql.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (_SEARCHED_WITH,)).fetchone()
        sql.execute(f"DROP TRIGGER {_SEARCHED_WITH}")
        self._trigger = str(found[0])

    def settle(self) -> None:
        """Let those that were added be found: before any of them is changed."""
        self._db.connection.executemany(
            "INSERT INTO client_search (rowid, name, email, phone, notes) VALUES (?, ?, ?, ?, ?)",
            self._waiting,
        )
        self._waiting.clear()


def _ends_of(phone: str | None) -> str | None:
    """Return the digits of a number from each of them on, three at least: as ``client_words`` does."""
    digits = "".join(re.findall(r"[0-9]", phone)) if phone else ""
    return " ".join(digits[place:] for place in range(len(digits) - 2)) or None


def alike(db: Database, name: str, phone: str | None) -> Client | None:
    """Return the first client of that name, without regard to case, and of that number if one is given."""
    digits = _digits(phone)
    with db.reading() as sql:
        rows = sql.execute(
            f"SELECT {_COLUMNS} FROM client WHERE name_folded = ? ORDER BY id", (unaccented(name),)
        )
        for row in rows:
            if folded(row["name"]) == folded(name) and (phone is None or _digits(row["phone"]) == digits):
                return _client(row)
    return None


def _digits(phone: str | None) -> str:
    return "".join(mark for mark in phone or "" if mark.isdecimal())


def newest(db: Database) -> int:
    """Return the number of the client that was added last, 0 for none."""
    with db.reading() as sql:
        return int(sql.execute("SELECT coalesce(max(id), 0) FROM client").fetchone()[0])
