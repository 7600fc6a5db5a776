"""When the studio works, and when it is taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whenever import Instant

from studio_cli.model.availability import Hours, Interval
from studio_cli.model.times import stored
from studio_cli.store.database import Database

LONGEST_DAYS = 8
"""No session with its buffers lasts longer (the schema's CHECKs): nothing older can reach into a time."""


def weekly_hours(db: Database) -> list[Hours]:
    """Return the weekly hours in order."""
    with db.reading() as sql:
        rows = sql.execute(
            "SELECT weekday, opens_minute, closes_minute FROM weekly_hours ORDER BY 1, 2"
        ).fetchall()
    return [Hours(*row) for row in rows]


def set_weekly_hours(db: Database, days: Sequence[int], hours: Iterable[Hours]) -> None:
    """Replace the hours of ``days``."""
    db.connection.executemany("DELETE FROM weekly_hours WHERE weekday = ?", [(day,) for day in days])
    db.connection.executemany(
        "INSERT INTO weekly_hours (weekday, opens_minute, closes_minute) VALUES (?, ?, ?)",
        [(stretch.weekday, stretch.opens, stretch.closes) for stretch in hours],
    )


def busy(db: Database, first: Instant, last: Instant, now: Instant) -> list[Interval]:
    """Return the times that sessions take between two moments, buffers included, in order.

    Holds that have run out by ``now`` take none.
    """
    with db.reading() as sql:
        rows = sql.execute(
            """SELECT CAST(strftime('%s', busy_from) AS INTEGER), CAST(strftime('%s', busy_until) AS INTEGER)
               FROM session WHERE occupies AND busy_from > ? AND busy_from < ? AND busy_until > ?
               AND (status <> 'pending' OR expires_at IS NULL OR expires_at > ?) ORDER BY busy_from""",
            (stored(first.subtract(hours=24 * LONGEST_DAYS)), stored(last), stored(first), stored(now)),
        ).fetchall()
    return [(begin, until) for begin, until in rows]
