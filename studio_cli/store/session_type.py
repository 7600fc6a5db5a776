"""Session types."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.model.reminder_plan import parse_names, show_names
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import SiteRules
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database
from studio_cli.store.terms import columns, terms_of

_SELECT = """SELECT session_type.*, form.name AS form_name, contract.name AS contract_name FROM session_type
LEFT JOIN form ON form.id = form_id LEFT JOIN contract ON contract.id = contract_id"""


def _type(row: sqlite3.Row) -> SessionType:
    return SessionType(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        duration=row["duration_minutes"],
        terms=terms_of(row),
        location=row["location"],
        buffer_before=row["buffer_before_minutes"],
        buffer_after=row["buffer_after_minutes"],
        increment=row["increment_minutes"],
        notice=row["notice_minutes"],
        window_days=row["window_days"],
        per_day=row["per_day"],
        hold=row["hold_minutes"],
        form=row["form_name"],
        private=bool(row["private"]),
        created_at=from_stored(row["created_at"]),
        archived_at=row["archived_at"] and from_stored(row["archived_at"]),
        own_hours=bool(row["own_hours"]),
        contract=row["contract_name"],
        site=SiteRules(
            published=bool(row["published"]),
            description=row["description"],
            approval=bool(row["approval"]),
            request=row["request"],
            hold=row["site_hold_minutes"],
            verify_email=bool(row["verify_email"]),
            move_until=row["move_until_minutes"],
            cancel_until=row["cancel_until_minutes"],
            waiting_list=bool(row["waiting_list"]),
        ),
        link_key=row["link_key"],
        reminders=parse_names(row["reminders"]),
    )


@dataclass(frozen=True, slots=True)
class Papers:
    """The numbers of the documents that a session type asks its clients for."""

    form_id: int | None = None
    contract_id: int | None = None


def _columns(offer: SessionType, papers: Papers) -> dict[str, Any]:
    return {
        "slug": offer.slug,
        "name": offer.name,
        "duration_minutes": offer.duration,
        **columns(offer.terms),
        "location": offer.location,
        "buffer_before_minutes": offer.buffer_before,
        "buffer_after_minutes": offer.buffer_after,
        "increment_minutes": offer.increment,
        "notice_minutes": offer.notice,
        "window_days": offer.window_days,
        "per_day": offer.per_day,
        "hold_minutes": offer.hold,
        "form_id": papers.form_id,
        "contract_id": papers.contract_id,
        "private": int(offer.private),
        "published": int(offer.site.published),
        "description": offer.site.description,
        "approval": int(offer.site.approval),
        "request": offer.site.request,
        "site_hold_minutes": offer.site.hold,
        "verify_email": int(offer.site.verify_email),
        "move_until_minutes": offer.site.move_until,
        "cancel_until_minutes": offer.site.cancel_until,
        "waiting_list": int(offer.site.waiting_list),
        "link_key": offer.link_key,
        "reminders": show_names(offer.reminders),
    }


def insert(db: Database, offer: SessionType, papers: Papers) -> int:
    """Add a session type (its ``id`` is not looked at) and return its number."""
    values = {**_columns(offer, papers), "created_at": stored(offer.created_at)}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = db.connection.execute(
        f"INSERT INTO session_type ({names}) VALUES ({marks})", list(values.values())
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def update(db: Database, offer: SessionType, papers: Papers) -> None:
    """Write a session type back."""
    values = _columns(offer, papers)
    changes = ", ".join(f"{name} = ?" for name in values)
    db.connection.execute(f"UPDATE session_type SET {changes} WHERE id = ?", [*values.values(), offer.id])


def archive(db: Database, number: int, now: Instant | None) -> None:
    """Put a session type away, or with None take it out again."""
    db.connection.execute(
        "UPDATE session_type SET archived_at = ? WHERE id = ?", (now and stored(now), number)
    )


def get(db: Database, number: int) -> SessionType | None:
    """Return the session type of that number."""
    with db.reading() as sql:
        row = sql.execute(f"{_SELECT} WHERE session_type.id = ?", (number,)).fetchone()
    return row and _type(row)


def by_slug(db: Database, slug: str) -> SessionType | None:
    """Return the session type of that slug."""
    return _one(db, "slug", slug)


def _one(db: Database, column: str, value: str) -> SessionType | None:
    def read() -> SessionType | None:
        row = db.connection.execute(f"{_SELECT} WHERE {column} = ?", (value,)).fetchone()
        return row and _type(row)

    with db.reading():
        return db.remembered(("session type", column, value), read)


def by_link_key(db: Database, key: str) -> SessionType | None:
    """Return the session type that a part of an address leads to."""
    return _one(db, "link_key", key)


def listed(db: Database, *, archived: bool = False) -> list[SessionType]:
    """Return the session types in the order in which they were added; archived ones only when asked for."""
    where = "" if archived else "WHERE session_type.archived_at IS NULL"
    with db.reading() as sql:
        rows = sql.execute(f"{_SELECT} {where} ORDER BY session_type.id").fetchall()
    return [_type(row) for row in rows]
