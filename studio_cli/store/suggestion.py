"""What a shell can propose while somebody types: read at once or not at all, and nothing but read.

A connection of its own, for it must not wait, bring an older file up to date, or settle what has run out; and without
the dataclasses of the model, whose loading takes longer than the answer may.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from studio_cli.model.text import is_number, shown, unaccented
from studio_cli.store.database import APPLICATION_ID

LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Suggested:
    """What can be typed, and a few words about it."""

    value: str
    about: str


_SESSION = """SELECT session.id, session.title, client.name, session.starts_at, session.timezone, session.status
    FROM session JOIN client ON client.id = session.client_id"""
_CLIENT = "SELECT id, name, email, phone FROM client WHERE archived_at IS NULL"

# Of each kind: what is typed, and what is told of it.
_NAMED = {
    "type": "SELECT slug, name FROM session_type WHERE archived_at IS NULL ORDER BY id",
    "form": "SELECT name, json_extract(definition, '$.title') FROM form ORDER BY name",
    "contract": "SELECT name, '' FROM contract ORDER BY name",
    "calendar": "SELECT name, kind FROM calendar ORDER BY name",
}
_NUMBERED = {
    "message": ("id", "SELECT id, kind || ' to ' || to_email || ', ' || state FROM message"),
    "receipt": (
        "number",
        """SELECT number, client.name || ', ' || session.title FROM receipt JOIN payment ON payment.id = payment_id
           JOIN session ON session.id = session_id JOIN client ON client.id = client_id""",
    ),
    "time_off": (
        "id",
        "SELECT id, from_wall || ' to ' || until_wall || coalesce(', ' || reason, '') FROM block",
    ),
}


class Suggestions:
    """A studio's file, open for looking things up. A file that cannot be read, now, has nothing to propose."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sql: sqlite3.Connection | None = None

    def __enter__(self) -> Suggestions:
        try:
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            self._sql = sqlite3.connect(address, uri=True, isolation_level=None, timeout=0)
            if self._sql.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                self._close()
        except sqlite3.Error:
            self._close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._sql is not None:
            self._sql.close()
        self._sql = None

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        if self._sql is None:
            return []
        try:
            return self._sql.execute(query, values).fetchall()
        except sqlite3.Error:  # damaged, busy, or of a version that has no such table
            return []

    def last(self) -> list[Suggested]:
        """Return ``last`` with the session that it means."""
        rows = self._rows(
            f"""{_SESSION} WHERE session.id = (SELECT session_id FROM event WHERE actor = 'owner'
                AND session_id IS NOT NULL ORDER BY id DESC LIMIT 1)"""
        )
        return [Suggested("last", f"{row[0]}: {_about_session(row)}") for row in rows]

    def last_client(self) -> list[Suggested]:
        """Return ``last`` with the client that it means."""
        rows = self._rows(
            """SELECT name FROM client WHERE id = (
                 SELECT coalesce(event.client_id, session.client_id) FROM event
                 LEFT JOIN session ON session.id = event.session_id
                 WHERE event.actor = 'owner' AND (event.client_id IS NOT NULL OR event.session_id IS NOT NULL)
                 ORDER BY event.id DESC LIMIT 1)"""
        )
        return [Suggested("last", shown(str(row[0]))[:60]) for row in rows]

    def last_message(self) -> list[Suggested]:
        """Return ``last`` with the mail that it means."""
        newest = self.numbered("message", "", 1)
        return [Suggested("last", f"{one.value}: {one.about}") for one in newest]

    def sessions(self, typed: str, now: str, most: int) -> list[Suggested]:
        """Return sessions: those to come and those just gone, whose number begins so, or whose client's name does."""
        if typed and is_number(typed):
            rows = self._by_number(_SESSION, "WHERE", "session.id", typed, most)
        else:
            rows = [row for side in self._around(typed, now, most) for row in side]
        return [Suggested(str(row[0]), _about_session(row)) for row in rows]

    def _around(self, name: str, now: str, most: int) -> list[list[tuple[object, ...]]]:
        """Return the next sessions and the ones before, of everybody or of those whose name begins so."""
        whose, values = (
            ("1", ()) if not name else ("client.name_folded >= ? AND client.name_folded < ?", _range(name))
        )
        return [
            self._rows(
                f"{_SESSION} WHERE {whose} AND session.starts_at {side} ? {order} LIMIT ?",
                *values,
                now,
                most // 2,
            )
            for side, order in (
                (">=", "ORDER BY session.starts_at"),
                ("<", "ORDER BY session.starts_at DESC"),
            )
        ]

    def _by_number(self, query: str, word: str, key: str, typed: str, most: int) -> list[tuple[object, ...]]:
        """Return the rows whose number begins with these digits, the largest first: each range of them by its index."""
        rows: list[tuple[object, ...]] = []
        for low, high in _ranges(typed):
            if len(rows) < most:
                rows += self._rows(
                    f"{query} {word} {key} BETWEEN ? AND ? ORDER BY {key} DESC LIMIT ?",
                    low,
                    high,
                    most - len(rows),
                )
        return rows

    def clients(self, typed: str, most: int) -> list[Suggested]:
        """Return clients by number, by the beginning of a name without its accents, or of an address."""
        if not typed:
            return _clients(self._rows(f"{_CLIENT} ORDER BY id DESC LIMIT ?", most))
        if is_number(typed):
            rows = self._by_number(_CLIENT, "AND", "id", typed, most)
            return [Suggested(str(row[0]), str(row[1])) for row in rows]
        by_name = self._rows(
            f"{_CLIENT} AND name_folded >= ? AND name_folded < ? ORDER BY name_folded LIMIT ?",
            *_range(typed),
            most,
        )
        if by_name:
            return _clients(by_name)
        beginning = typed.casefold()
        by_email = self._rows(
            f"{_CLIENT} AND email_folded >= ? AND email_folded < ? ORDER BY email_folded LIMIT ?",
            beginning, beginning + "\U0010ffff", most,
        )  # fmt: skip
        return [Suggested(str(row[2]), str(row[1])) for row in by_email]

    def named(self, kind: str, typed: str, most: int) -> list[Suggested]:
        """Return the types, forms, contracts or calendars whose name begins so."""
        if kind not in _NAMED:
            return []
        beginning = typed.casefold()
        rows = [row for row in self._rows(_NAMED[kind]) if str(row[0]).casefold().startswith(beginning)]
        return [Suggested(str(row[0]), shown(str(row[1] or ""))[:60]) for row in rows[:most]]

    def numbered(self, kind: str, typed: str, most: int) -> list[Suggested]:
        """Return the newest mails, receipts or times off whose number begins so."""
        key, query = _NUMBERED[kind]
        if typed and not is_number(typed):
            return []
        if typed:
            rows = self._by_number(query, "WHERE", key, typed, most)
        else:
            rows = self._rows(f"{query} ORDER BY {key} DESC LIMIT ?", most)
        return [Suggested(str(row[0]), shown(str(row[1]))[:60]) for row in rows]


def _ranges(typed: str) -> list[tuple[int, int]]:
    """Return the ranges of numbers that begin with these digits, the largest first: 1200 to 1299, 120 to 129, 12."""
    found, low, high = [], int(typed), int(typed)
    while 0 < low <= LARGEST:
        found.append((low, min(high, LARGEST)))
        low, high = low * 10, high * 10 + 9
    return found[::-1]


def _range(typed: str) -> tuple[str, str]:
    beginning = unaccented(typed)
    return beginning, beginning + "\U0010ffff"


def _clients(rows: list[tuple[object, ...]]) -> list[Suggested]:
    """Return clients by name; who shares theirs with somebody, by their address or number."""
    names = [unaccented(str(row[1])) for row in rows]
    found = []
    for row, name in zip(rows, names, strict=True):
        number, email, phone = str(row[0]), str(row[2] or ""), str(row[3] or "")
        if names.count(name) == 1 and not is_number(str(row[1])) and "@" not in name:
            found.append(Suggested(str(row[1]), ", ".join(filter(None, (email, phone)))[:60]))
        else:
            found.append(Suggested(email or number, str(row[1])[:60]))
    return found


def _about_session(row: tuple[object, ...]) -> str:
    _, title, client, starts_at, zone, status = map(str, row)
    return shown(f"{title[:30]}, {client[:30]}, {_when(starts_at, zone)}, {status}")


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _when(starts_at: str, zone: str) -> str:
    """Return when a session begins as its table shows it. The zone's own clock: nothing is counted with it."""
    try:
        at = datetime.fromisoformat(starts_at).astimezone(ZoneInfo(zone))
    except (ValueError, KeyError, OSError):
        return starts_at
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year} {at.hour:02}:{at.minute:02}"
