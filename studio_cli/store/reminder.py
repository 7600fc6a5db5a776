"""What has been around sessions, as far as reminders ask. Every query reads the lines of those sessions only."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from whenever import Instant

from studio_cli.model.reminder import Past, Told
from studio_cli.model.times import from_stored
from studio_cli.store.database import Database

MANY = 500
"""Sessions asked about at once: SQLite has a limit of variables in a statement."""

# max(id) makes at the one of that row (https://www.sqlite.org/lang_select.html#bare_columns_in_an_aggregate_query).
_ASKED = """SELECT session_id, max(id) AS number, at FROM event
WHERE session_id IN ({}) AND kind IN ('session shared', 'session reopened') GROUP BY session_id"""
_HELD = """SELECT session_id, max(id), at FROM event WHERE session_id IN ({})
AND (kind IN ('session set up', 'session reopened')
  OR (kind = 'session changed' AND json_type(details, '$.expires_at') IS NOT NULL)) GROUP BY session_id"""
_TYPED = "SELECT session_id, max(saved_at) AS at FROM draft WHERE session_id IN ({}) GROUP BY session_id"
_REVISIONS = """SELECT session_id, number, created_at AS at, json_extract(details, '$.starts_at') AS starts_at,
json_extract(details, '$.balance_due') AS balance_due FROM revision WHERE session_id IN ({}) ORDER BY number"""
_MAILS = """SELECT session_id, kind, occasion, state, coalesce(sent_at, claimed_at, created_at) AS at FROM message
WHERE session_id IN ({}) AND recipient = 'client'"""


def pasts(db: Database, sessions: Sequence[int]) -> dict[int, Past]:
    """Return what has been around sessions, by their numbers."""
    with db.reading():
        asked = {row["session_id"]: (row["number"], row["at"]) for row in _rows(db, _ASKED, sessions)}
        held = {row["session_id"]: row["at"] for row in _rows(db, _HELD, sessions)}
        typed = {row["session_id"]: row["at"] for row in _rows(db, _TYPED, sessions)}
        revisions = _by_session(_rows(db, _REVISIONS, sessions))
        mails = _by_session(_rows(db, _MAILS, sessions))
    return {
        number: Past(
            asked=asked.get(number, (0, None))[0],
            asked_at=_moment(asked.get(number, (0, None))[1]),
            active_at=_moment(_latest(typed.get(number), revisions[number])),
            held_since=_moment(held.get(number)),
            start_since=_moment(_since(revisions[number], "starts_at")),
            due_since=_moment(_since(revisions[number], "balance_due")),
            mails=tuple(_told(row) for row in mails[number]),
        )
        for number in sessions
    }


def _rows(db: Database, query: str, sessions: Sequence[int]) -> Iterator[sqlite3.Row]:
    for start in range(0, len(sessions), MANY):
        some = sessions[start : start + MANY]
        yield from db.connection.execute(query.format(", ".join("?" * len(some))), some)


def _by_session(rows: Iterator[sqlite3.Row]) -> defaultdict[int, list[sqlite3.Row]]:
    found: defaultdict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        found[row["session_id"]].append(row)
    return found


def _latest(typed: str | None, revisions: Sequence[sqlite3.Row]) -> str | None:
    """Return when the client typed something last, or was asked to look at other details than before."""
    changed = [row["at"] for row in revisions if row["number"] > 1]
    return max([moment for moment in (typed, *changed) if moment], default=None)


def _since(revisions: Sequence[sqlite3.Row], column: str) -> str | None:
    """Return since which revision a column has had its present value."""
    since, value = None, object()
    for row in revisions:
        if row[column] != value:
            since, value = row["at"], row[column]
    return since


def _moment(text: str | None) -> Instant | None:
    return None if text is None else from_stored(text)


def _told(row: Any) -> Told:
    return Told(row["kind"], row["occasion"], row["state"], from_stored(row["at"]))
