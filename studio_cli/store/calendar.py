"""Calendars outside: which there are, and when they say that the owner is busy."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from whenever import Instant

from studio_cli.model.availability import Interval
from studio_cli.model.calendar import Busy, Calendar, Reading
from studio_cli.model.times import from_stored, stored
from studio_cli.store.availability import intervals, seconds_of
from studio_cli.store.database import Database


def _moment(text: str | None) -> Instant | None:
    return None if text is None else from_stored(text)


# ── calendars ─────────────────────────────────────────────────────────────────────────────────────

_SELECT = (
    "SELECT *, (SELECT count(*) FROM busy WHERE calendar_id = calendar.id AND ends_at > ?) AS events "
    "FROM calendar"
)


def listed(db: Database, now: Instant) -> list[Calendar]:
    """Return the calendars by name, each with how many busy times are to come."""
    with db.reading() as sql:
        rows = sql.execute(f"{_SELECT} ORDER BY name", (stored(now),)).fetchall()
    return [_calendar(row) for row in rows]


def get(db: Database, number: int, now: Instant) -> Calendar | None:
    """Return the calendar of that number."""
    with db.reading() as sql:
        row = sql.execute(f"{_SELECT} WHERE id = ?", (stored(now), number)).fetchone()
    return row and _calendar(row)


def _calendar(row: sqlite3.Row) -> Calendar:
    return Calendar(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        address=row["address"],
        user=row["user"],
        titles=bool(row["titles"]),
        writes=bool(row["writes"]),
        created_at=from_stored(row["created_at"]),
        tried_at=_moment(row["tried_at"]),
        synced_at=_moment(row["synced_at"]),
        error=row["error"],
        notes=tuple(json.loads(row["notes"])),
        mark=row["mark"],
        digest=row["digest"],
        zone=row["zone"],
        covers_until=_moment(row["covers_until"]),
        events=row["events"],
    )


def insert(db: Database, calendar: Calendar) -> int:
    """Add a calendar (its ``id`` is not looked at) of which nothing is known yet, and return its number."""
    cursor = db.connection.execute(
        "INSERT INTO calendar (name, kind, address, user, titles, writes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            calendar.name,
            calendar.kind,
            calendar.address,
            calendar.user,
            int(calendar.titles),
            int(calendar.writes),
            stored(calendar.created_at),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def remove(db: Database, number: int) -> None:
    """Forget a calendar and all that is known from it."""
    db.connection.execute("DELETE FROM calendar WHERE id = ?", (number,))


# ── what they say ─────────────────────────────────────────────────────────────────────────────────


def replace_busy(db: Database, number: int, reading: Reading) -> None:
    """Let a calendar's busy times be those of a reading, and nothing else."""
    db.connection.execute("DELETE FROM busy WHERE calendar_id = ?", (number,))
    db.connection.executemany(
        "INSERT INTO busy (calendar_id, starts_at, ends_at, title) VALUES (?, ?, ?, ?)",
        [(number, stored(one.starts_at), stored(one.ends_at), one.title) for one in reading.busy],
    )
    db.connection.execute(
        "UPDATE calendar SET notes = ? WHERE id = ?", (json.dumps(reading.notes, ensure_ascii=False), number)
    )


def mark_read(
    db: Database, number: int, now: Instant, *, mark: str | None, digest: str, zone: str, until: Instant
) -> None:
    """Note what was read of a calendar, how far and for which zone."""
    db.connection.execute(
        "UPDATE calendar SET mark = ?, digest = ?, zone = ?, covers_until = ? WHERE id = ?",
        (mark, digest, zone, stored(until), number),
    )
    mark_same(db, number, now)


def mark_same(db: Database, number: int, now: Instant) -> None:
    """Note that what is known of a calendar is so still."""
    db.connection.execute(
        "UPDATE calendar SET tried_at = ?1, synced_at = ?1, error = NULL WHERE id = ?2", (stored(now), number)
    )


def mark_failed(db: Database, number: int, now: Instant, error: str) -> None:
    """Note why a calendar could not be read; what is known of it stays."""
    db.connection.execute(
        "UPDATE calendar SET tried_at = ?, error = ? WHERE id = ?", (stored(now), error, number)
    )


def busy_intervals(db: Database, first: Instant, last: Instant) -> list[Interval]:
    """Return when the owner is busy elsewhere between two moments, by the ends; times may overlap."""
    with db.reading() as sql:
        return intervals(
            sql,
            f"""SELECT {seconds_of("starts_at")}, {seconds_of("ends_at")}
               FROM busy WHERE ends_at > ? AND starts_at < ? ORDER BY ends_at""",
            (stored(first), stored(last)),
        )


def busy_between(
    db: Database, first: Instant, last: Instant, *, calendar: int | None = None, limit: int = -1
) -> list[Busy]:
    """Return the busy times between two moments, the first ones first, of one calendar or of all."""
    with db.reading() as sql:
        rows = sql.execute(
            """SELECT busy.starts_at, busy.ends_at, busy.title, calendar.name
               FROM busy JOIN calendar ON calendar.id = calendar_id
               WHERE ends_at > ?1 AND starts_at < ?2 AND (?3 IS NULL OR calendar_id = ?3)
               ORDER BY busy.starts_at, busy.ends_at, busy.id LIMIT ?4""",
            (stored(first), stored(last), calendar, limit),
        ).fetchall()
    return [Busy(from_stored(row[0]), from_stored(row[1]), row[2], row[3]) for row in rows]


# ── sessions that are written into them ───────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Written:
    """A session as it was last written into a calendar; a digest of nothing: it was begun, and not heard of again."""

    session_id: int
    path: str
    mark: str | None
    digest: str


def written(db: Database, number: int) -> dict[int, Written]:
    """Return the sessions that were written into a calendar."""
    with db.reading() as sql:
        rows = sql.execute(
            "SELECT session_id, path, mark, digest FROM calendar_entry WHERE calendar_id = ?", (number,)
        ).fetchall()
    return {row[0]: Written(*row) for row in rows}


def note_written(db: Database, number: int, one: Written) -> None:
    """Note what is written, or about to be."""
    db.connection.execute(
        "INSERT OR REPLACE INTO calendar_entry (calendar_id, session_id, path, mark, digest) VALUES (?, ?, ?, ?, ?)",
        (number, one.session_id, one.path, one.mark, one.digest),
    )


def note_removed(db: Database, number: int, session_id: int) -> None:
    """Note that a session is in a calendar no more."""
    db.connection.execute(
        "DELETE FROM calendar_entry WHERE calendar_id = ? AND session_id = ?", (number, session_id)
    )
