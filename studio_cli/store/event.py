"""History: who did what, when. Append only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from whenever import Instant

from studio_cli.model.event import Line
from studio_cli.model.session import Happening
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database

Actor = Literal["owner", "client", "system"]


def add(
    db: Database,
    kind: str,
    now: Instant,
    *,
    actor: Actor = "owner",
    session_id: int | None = None,
    client_id: int | None = None,
    share_id: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Add a line to the history, in the transaction of what it tells; return its number."""
    cursor = db.connection.execute(
        "INSERT INTO event (at, actor, kind, session_id, client_id, share_id, details) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            stored(now),
            actor,
            kind,
            session_id,
            client_id,
            share_id,
            json.dumps(details or {}, ensure_ascii=False),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def newest(db: Database) -> int:
    """Return the number of the newest line, 0 for none."""
    with db.reading() as sql:
        return int(sql.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0])


def of_clients(db: Database, after: int) -> list[Happening]:
    """Return what clients did to sessions since the line ``after``, in order."""
    with db.reading() as sql:
        rows = sql.execute(
            """SELECT event.id, event.kind, session.id, session.title, client.name
               FROM event JOIN session ON session.id = event.session_id JOIN client ON client.id = session.client_id
               WHERE event.id > ? AND event.actor = 'client' ORDER BY event.id""",
            (after,),
        ).fetchall()
    return [Happening(*row) for row in rows]


def last(db: Database, session_id: int, kind: str, actor: Actor | None = None) -> Line | None:
    """Return the newest line of a kind in a session's history, of an actor when one is named."""
    lines = [one for one in of_session(db, session_id) if one.kind == kind and actor in {None, one.actor}]
    return lines[-1] if lines else None


def count(db: Database, session_id: int, kind: str, actor: Actor) -> int:
    """Return how many lines of a kind by an actor there are in a session's history."""
    with db.reading() as sql:
        row = sql.execute(
            "SELECT count(*) FROM event WHERE session_id = ? AND kind = ? AND actor = ?",
            (session_id, kind, actor),
        ).fetchone()
    return int(row[0])


def of_session(db: Database, session_id: int) -> list[Line]:
    """Return the history of a session, oldest first."""
    with db.reading() as sql:
        rows = sql.execute(
            "SELECT id, at, actor, kind, share_id, details FROM event WHERE session_id = ? ORDER BY id",
            (session_id,),
        ).fetchall()
    return [
        Line(
            row["id"],
            from_stored(row["at"]),
            row["actor"],
            row["kind"],
            row["share_id"],
            json.loads(row["details"]),
        )
        for row in rows
    ]
