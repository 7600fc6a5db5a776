"""Who waits for a time to come free. Only the SHA-256 of the token of a link that ends it is kept."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from whenever import Date, Instant

from studio_cli.model.session import Named
from studio_cli.model.times import from_stored, stored
from studio_cli.model.waiting import Days, LeftWhy, Starts, Waiting
from studio_cli.store.database import Database
from studio_cli.store.share import digest

# A mail that was canceled has told nobody anything. One whose sending went well counts from then on.
_SELECT = """SELECT waiting.*, session_type.slug, session_type.name AS type_name, client.name AS client_name,
  client.email, client.language AS client_language,
  (SELECT count(*) FROM message WHERE waiting_id = waiting.id AND state <> 'canceled') AS told,
  (SELECT max(coalesce(sent_at, created_at)) FROM message
   WHERE waiting_id = waiting.id AND state <> 'canceled') AS told_at,
  (SELECT json_extract(about, '$.start') FROM message
   WHERE waiting_id = waiting.id AND state <> 'canceled' ORDER BY id DESC LIMIT 1) AS told_of,
  EXISTS (SELECT 1 FROM message WHERE waiting_id = waiting.id
   AND state IN ('queued', 'sending', 'failed', 'unknown', 'given_up')) AS in_outbox,
  EXISTS (SELECT 1 FROM session WHERE session.client_id = waiting.client_id AND session.type_id = waiting.type_id
   AND session.created_at >= waiting.created_at AND session.status = 'confirmed') AS has_booked,
  EXISTS (SELECT 1 FROM session WHERE session.client_id = waiting.client_id AND session.type_id = waiting.type_id
   AND session.created_at >= waiting.created_at AND session.status IN ('pending', 'inquiry')) AS tries_to_book
FROM waiting JOIN session_type ON session_type.id = waiting.type_id JOIN client ON client.id = waiting.client_id"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody before they are on the list; ``name``, ``language`` and ``visitor`` are there when they came by the site."""

    type_id: int
    client_id: int
    days: Days
    name: str | None = None
    language: str | None = None
    visitor: str | None = None


def _waiting(row: sqlite3.Row) -> Waiting:
    first, last = (row[name] and Date.parse_iso(row[name]) for name in ("first_day", "last_day"))
    return Waiting(
        id=row["id"],
        type=Named(row["type_id"], row["type_name"], slug=row["slug"]),
        client=Named(
            row["client_id"], row["client_name"], email=row["email"], language=row["client_language"]
        ),
        days=Days(row["zone"], first, last),
        created_at=from_stored(row["created_at"]),
        name=row["name"],
        language=row["language"],
        visitor=row["visitor"],
        known=tuple((from_stored(begin), from_stored(end)) for begin, end in json.loads(row["known"])),
        left_at=row["left_at"] and from_stored(row["left_at"]),
        left_why=row["left_why"],
        told_at=row["told_at"] and from_stored(row["told_at"]),
        told_of=row["told_of"] and from_stored(row["told_of"]),
        told=row["told"],
        has_booked=bool(row["has_booked"]),
        tries_to_book=bool(row["tries_to_book"]),
        in_outbox=bool(row["in_outbox"]),
    )


def insert(db: Database, entry: Entry, now: Instant) -> int | None:
    """Put somebody on the list and return their number; None when they wait for just that already."""
    first, last = (day and day.format_iso() for day in (entry.days.first, entry.days.last))
    row = db.connection.execute(
        """INSERT INTO waiting (type_id, client_id, first_day, last_day, zone, name, language, visitor, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id""",
        (
            entry.type_id,
            entry.client_id,
            first,
            last,
            entry.days.zone,
            entry.name,
            entry.language,
            entry.visitor,
            stored(now),
        ),
    ).fetchone()
    return None if row is None else int(row[0])


def get(db: Database, number: int) -> Waiting | None:
    """Return whoever has that number on the list, or had it."""
    with db.reading() as sql:
        row = sql.execute(f"{_SELECT} WHERE waiting.id = ?", (number,)).fetchone()
    return row and _waiting(row)


def listed(db: Database, *, type_id: int | None = None, left: bool = False) -> list[Waiting]:
    """Return who waits, of one type or of all, who came first comes first; with ``left`` also who waits no more."""
    with db.reading() as sql:
        rows = sql.execute(
            f"""{_SELECT} WHERE (waiting.left_at IS NULL OR ?) AND (? IS NULL OR waiting.type_id = ?)
                ORDER BY waiting.created_at, waiting.id""",
            (left, type_id, type_id),
        ).fetchall()
    return [_waiting(row) for row in rows]


def of_client(db: Database, client_id: int, days: Days, type_id: int) -> Waiting | None:
    """Return what a client waits for already, if it is just this."""
    first, last = (day and day.format_iso() for day in (days.first, days.last))
    with db.reading() as sql:
        row = sql.execute(
            f"""{_SELECT} WHERE waiting.left_at IS NULL AND waiting.client_id = ? AND waiting.type_id = ?
                AND waiting.first_day IS ? AND waiting.last_day IS ?""",
            (client_id, type_id, first, last),
        ).fetchone()
    return row and _waiting(row)


def count(
    db: Database, *, client_id: int | None = None, visitor: str | None = None, since: Instant | None = None
) -> int:
    """Return how many are on the list: of one client, of one address since a moment, or all."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT count(*) FROM waiting WHERE (?1 IS NOT NULL OR left_at IS NULL)
               AND (?2 IS NULL OR client_id = ?2) AND (?1 IS NULL OR visitor = ?1) AND (?3 IS NULL OR created_at > ?3)""",
            (visitor, client_id, since and stored(since)),
        ).fetchone()
    return int(row[0])


def people(db: Database) -> int:
    """Return how many clients are on the list, each counted once."""
    with db.reading() as sql:
        query = "SELECT count(DISTINCT client_id) FROM waiting WHERE left_at IS NULL"
        return int(sql.execute(query).fetchone()[0])


def note_known(db: Database, number: int, known: tuple[Starts, ...]) -> None:
    """Keep which starts somebody knows to be free."""
    ranges = json.dumps([[stored(first), stored(last)] for first, last in known])
    db.connection.execute("UPDATE waiting SET known = ? WHERE id = ?", (ranges, number))


def leave(db: Database, number: int, why: LeftWhy, now: Instant) -> bool:
    """Take somebody off the list; return whether they were on it."""
    cursor = db.connection.execute(
        "UPDATE waiting SET left_at = ?, left_why = ? WHERE id = ? AND left_at IS NULL",
        (stored(now), why, number),
    )
    return cursor.rowcount == 1


def add_link(db: Database, number: int, token: str, now: Instant) -> None:
    """Make ``token`` open the page on which somebody leaves the list."""
    db.connection.execute(
        "INSERT INTO waiting_link (token_sha256, waiting_id, created_at) VALUES (?, ?, ?)",
        (digest(token), number, stored(now)),
    )


def by_token(db: Database, token: str, left_after: Instant) -> int | None:
    """Return the number behind a token, unless they left the list before a moment."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT waiting.id FROM waiting_link JOIN waiting ON waiting.id = waiting_id
               WHERE token_sha256 = ? AND (left_at IS NULL OR left_at > ?)""",
            (digest(token), stored(left_after)),
        ).fetchone()
    return row and int(row[0])
