"""The feed: its address, of which only a SHA-256 is kept, and the sessions as calendars show them."""

from __future__ import annotations

from whenever import Instant

from studio_cli.model.feed import KEPT_DAYS, Entry
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database
from studio_cli.store.session import HOLDS_NOW, LAST_TIME, STATUS_NOW
from studio_cli.store.share import digest

# ── its address ───────────────────────────────────────────────────────────────────────────────────


def made_at(db: Database) -> Instant | None:
    """Return when the feed that is alive was made."""
    with db.reading() as sql:
        row = sql.execute("SELECT created_at FROM feed WHERE revoked_at IS NULL").fetchone()
    return row and from_stored(row[0])


def make(db: Database, token: str, now: Instant) -> None:
    """Let ``token`` open the feed."""
    db.connection.execute(
        "INSERT INTO feed (token_sha256, created_at) VALUES (?, ?)", (digest(token), stored(now))
    )


def revoke(db: Database, now: Instant) -> bool:
    """Let no token open the feed any more; return whether one did."""
    cursor = db.connection.execute("UPDATE feed SET revoked_at = ? WHERE revoked_at IS NULL", (stored(now),))
    return cursor.rowcount > 0


def opens(db: Database, token: str) -> bool:
    """Return whether a token opens the feed."""
    with db.reading() as sql:
        row = sql.execute(
            "SELECT 1 FROM feed WHERE token_sha256 = ? AND revoked_at IS NULL", (digest(token),)
        ).fetchone()
    return row is not None


# ── what is in it ─────────────────────────────────────────────────────────────────────────────────

# Grows with every change that a calendar shows: the session's own number, changes that only its owner sees (notes),
# and a hold or a request that has run out, whether or not anybody has settled it yet.
_SEQUENCE = """session.sequence
  + (SELECT count(*) FROM event WHERE session_id = session.id
     AND kind IN ('session changed', 'time of request free again'))
  + (ran_out_at IS NOT NULL)"""

_RAN_OUT = f"""CASE WHEN session.status = 'pending' AND session.expires_at <= :now THEN session.expires_at
  WHEN session.status = 'inquiry' AND {LAST_TIME} <= :now THEN {LAST_TIME}
  WHEN session.status = 'inquiry' AND session.holds_time AND session.expires_at <= :now THEN session.expires_at END"""

_ENTRY = f"""
SELECT session.id, session.title, session.starts_at, session.ends_at, session.location, session.notes,
  session.created_at, client.name, client.email, client.phone, {_SEQUENCE} AS sequence, {STATUS_NOW} AS status_now,
  session.status <> 'inquiry' OR ({HOLDS_NOW}) AS holds_now,
  max(coalesce((SELECT at FROM event WHERE session_id = session.id ORDER BY id DESC LIMIT 1), session.created_at),
    coalesce(ran_out_at, '')) AS changed_at
FROM (SELECT *, {_RAN_OUT} AS ran_out_at FROM session) AS session JOIN client ON client.id = session.client_id
"""


def entries(db: Database, now: Instant, first: Instant, last: Instant | None = None) -> list[Entry]:
    """Return the sessions that end after ``first`` and begin before ``last``, by their start.

    Those that were called off are there as long as somebody may still have them in a calendar.
    """
    where = """WHERE session.starts_at > :reach AND session.ends_at > :first
        AND (:last IS NULL OR session.starts_at < :last)
        AND (status_now IN ('inquiry', 'pending', 'confirmed') OR changed_at > :kept)"""
    return _entries(db, where, now, first, last=last and stored(last), kept=_before(now, KEPT_DAYS))


def to_write(db: Database, now: Instant) -> list[Entry]:
    """Return the sessions to come, called off or not, and those that were to come before they were moved.

    A calendar that sessions are written into may show the latter where they were.
    """
    where = """WHERE (session.starts_at > :reach AND session.ends_at > :first) OR session.id IN (
        SELECT calendar_entry.session_id FROM calendar_entry JOIN event ON event.session_id = calendar_entry.session_id
        WHERE strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(event.details, '$.starts_at[0]')) > :reach)"""
    return _entries(db, where, now, now)


def _before(moment: Instant, days: int) -> str:
    return stored(moment.subtract(hours=24 * days))


def _entries(db: Database, where: str, now: Instant, first: Instant, **values: str | None) -> list[Entry]:
    asked = {"now": stored(now), "reach": _before(first, 8), "first": stored(first), **values}
    with db.reading() as sql:
        rows = sql.execute(f"{_ENTRY} {where} ORDER BY session.starts_at, session.id", asked).fetchall()
    return [
        Entry(
            session_id=row["id"],
            status=row["status_now"],
            sequence=row["sequence"],
            title=row["title"],
            starts_at=from_stored(row["starts_at"]),
            ends_at=from_stored(row["ends_at"]),
            location=row["location"],
            notes=row["notes"],
            client=row["name"],
            email=row["email"],
            phone=row["phone"],
            created_at=from_stored(row["created_at"]),
            changed_at=from_stored(row["changed_at"]),
            holds_time=bool(row["holds_now"]),
        )
        for row in rows
    ]
