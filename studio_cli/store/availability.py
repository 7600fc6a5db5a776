"""When the studio works, and when it is taken."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from whenever import Date, Instant, PlainDateTime

from studio_cli.model.availability import Block, Hours, Interval, Override, Plan, parse_spans
from studio_cli.model.times import stored
from studio_cli.store.database import Database

LONGEST_DAYS = 8
"""No session with its buffers lasts longer (the schema's CHECKs): nothing older can reach into a time."""


def weekly_hours(db: Database, type_id: int | None = None) -> list[Hours]:
    """Return the studio's weekly hours in order, or those of a type's own."""
    table, where, values = _hours_of(type_id)
    with db.reading() as sql:
        rows = sql.execute(
            f"SELECT weekday, opens_minute, closes_minute FROM {table} WHERE {where} ORDER BY 1, 2", values
        ).fetchall()
    return [Hours(*row) for row in rows]


def _hours_of(type_id: int | None) -> tuple[str, str, tuple[int, ...]]:
    return ("weekly_hours", "1", ()) if type_id is None else ("type_hours", "type_id = ?", (type_id,))


def set_weekly_hours(
    db: Database, days: Sequence[int], hours: Iterable[Hours], type_id: int | None = None
) -> None:
    """Replace the hours of ``days``, the studio's or those of a type's own."""
    table, where, values = _hours_of(type_id)
    db.connection.executemany(
        f"DELETE FROM {table} WHERE {where} AND weekday = ?", [(*values, day) for day in days]
    )
    columns = (
        "weekday, opens_minute, closes_minute"
        if type_id is None
        else "type_id, weekday, opens_minute, closes_minute"
    )
    marks = ", ".join("?" * (3 + len(values)))
    db.connection.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})",
        [(*values, stretch.weekday, stretch.opens, stretch.closes) for stretch in hours],
    )


def set_own_hours(db: Database, type_id: int, own: bool) -> None:
    """Give a type hours of its own, or take them away: then the studio's count."""
    db.connection.execute("UPDATE session_type SET own_hours = ? WHERE id = ?", (int(own), type_id))
    if not own:
        db.connection.execute("DELETE FROM type_hours WHERE type_id = ?", (type_id,))


def plan(db: Database, zone: str, type_id: int | None = None) -> Plan:
    """Return when the studio works, for a type or for one-offs."""
    with db.reading():
        return db.remembered(("plan", zone, type_id), lambda: _plan(db, zone, type_id))


def _plan(db: Database, zone: str, type_id: int | None) -> Plan:
    own = (
        type_id is not None
        and db.connection.execute("SELECT own_hours FROM session_type WHERE id = ?", (type_id,)).fetchone()[0]
    )
    hours = weekly_hours(db, type_id if own else None)
    return Plan(zone, tuple(hours), tuple(overrides(db, type_id)), tuple(blocks(db)))


def overrides(db: Database, type_id: int | None = None, *, all_types: bool = False) -> list[Override]:
    """Return the studio's overrides, and those of a type (or of all of them), by date."""
    with db.reading() as sql:
        rows = sql.execute(
            """SELECT date, hours, slug FROM date_override LEFT JOIN session_type ON session_type.id = type_id
               WHERE type_id IS NULL OR type_id = ? OR ? ORDER BY date, type_id IS NOT NULL""",
            (type_id, all_types),
        ).fetchall()
    return [
        Override(Date.parse_iso(row["date"]), parse_spans(row["hours"].split()), row["slug"]) for row in rows
    ]


def set_override(db: Database, override: Override, type_id: int | None, now: Instant) -> None:
    """Give a date hours of its own, instead of those it had."""
    remove_override(db, override.date, type_id)
    db.connection.execute(
        "INSERT INTO date_override (date, type_id, hours, created_at) VALUES (?, ?, ?, ?)",
        (override.date.format_iso(), type_id, override.hours, stored(now)),
    )


def remove_override(db: Database, date: Date, type_id: int | None) -> bool:
    """Let a date have its weekday's hours again; return whether it had others."""
    cursor = db.connection.execute(
        "DELETE FROM date_override WHERE date = ? AND type_id IS ?", (date.format_iso(), type_id)
    )
    return cursor.rowcount > 0


def blocks(db: Database) -> list[Block]:
    """Return the time off, in order."""
    with db.reading() as sql:
        rows = sql.execute("SELECT * FROM block ORDER BY from_wall, id").fetchall()
    return [
        Block(
            row["id"],
            PlainDateTime.parse_iso(row["from_wall"]),
            PlainDateTime.parse_iso(row["until_wall"]),
            bool(row["yearly"]),
            row["reason"],
        )
        for row in rows
    ]


def insert_block(db: Database, block: Block, now: Instant) -> int:
    """Add time off (its ``id`` is not looked at) and return its number."""
    begins, ends = (wall.format_iso(unit="minute") for wall in (block.begins, block.ends))
    cursor = db.connection.execute(
        "INSERT INTO block (from_wall, until_wall, yearly, reason, created_at) VALUES (?, ?, ?, ?, ?)",
        (begins, ends, int(block.yearly), block.reason, stored(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def remove_block(db: Database, number: int) -> bool:
    """Remove time off; return whether there was any of that number."""
    return db.connection.execute("DELETE FROM block WHERE id = ?", (number,)).rowcount > 0


def starts_of_type(
    db: Database, type_id: int, first: Instant, last: Instant, now: Instant, *, but: int | None = None
) -> list[int]:
    """Return when the sessions of a type that hold their time begin, between two moments, in seconds since 1970.

    The session ``but`` counts as not there.
    """
    with db.reading() as sql:
        rows = sql.execute(
            """SELECT CAST(strftime('%s', starts_at) AS INTEGER) FROM session
               WHERE occupies AND type_id = ? AND starts_at >= ? AND starts_at < ?
               AND (status = 'confirmed' OR expires_at IS NULL OR expires_at > ?) AND id IS NOT ?""",
            (type_id, stored(first), stored(last), stored(now), but),
        ).fetchall()
    return [row[0] for row in rows]


def seconds_of(column: str) -> str:
    """Return the SQL for a stored moment in seconds since 1970: strftime('%s') takes twice as long, and pages wait.

    A day number is exact to 40 microseconds (https://www.sqlite.org/lang_datefunc.html), so that half a second more
    makes it the second that was stored.
    """
    return f"CAST((julianday({column}) - 2440587.5) * 86400 + 0.5 AS INTEGER)"


def intervals(sql: sqlite3.Connection, query: str, values: Sequence[object]) -> list[Interval]:
    """Return what a query finds as plain tuples: of the many rows of a month no column is asked for by its name."""
    cursor = sql.cursor()
    cursor.row_factory = None
    return cursor.execute(query, values).fetchall()


def busy(
    db: Database, first: Instant, last: Instant, now: Instant, *, but: int | None = None
) -> list[Interval]:
    """Return the times that sessions take between two moments, buffers included, in order.

    Holds that have run out by ``now`` take none; neither does the session ``but``.
    """
    with db.reading() as sql:
        return intervals(
            sql,
            f"""SELECT {seconds_of("busy_from")}, {seconds_of("busy_until")}
               FROM session WHERE occupies AND busy_from > ? AND busy_from < ? AND busy_until > ?
               AND (status = 'confirmed' OR expires_at IS NULL OR expires_at > ?) AND id IS NOT ?
               ORDER BY busy_from""",
            (stored(first.subtract(hours=24 * LONGEST_DAYS)), stored(last), stored(first), stored(now), but),
        )
