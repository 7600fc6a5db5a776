"""The outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from whenever import Instant

from studio_cli.model.message import Letter, Message, State
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database


def _message(row: sqlite3.Row) -> Message:
    return Message(
        id=row["id"],
        session_id=row["session_id"],
        share_id=row["share_id"],
        payment_id=row["payment_id"],
        kind=row["kind"],
        to_name=row["to_name"],
        to_email=row["to_email"],
        letter=Letter(row["subject"], row["text"], row["html"]),
        state=row["state"],
        attempts=row["attempts"],
        last_error=row["last_error"],
        created_at=from_stored(row["created_at"]),
        sent_at=row["sent_at"] and from_stored(row["sent_at"]),
    )


def insert(
    db: Database,
    kind: str,
    to: tuple[str, str],
    letter: Letter,
    now: Instant,
    *,
    session_id: int | None = None,
    share_id: int | None = None,
    payment_id: int | None = None,
) -> int:
    """Put a mail to ``(name, address)`` into the outbox and return its number."""
    cursor = db.connection.execute(
        """INSERT INTO message
           (session_id, share_id, payment_id, kind, to_name, to_email, subject, text, html, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            session_id,
            share_id,
            payment_id,
            kind,
            *to,
            letter.subject,
            letter.text,
            letter.html,
            stored(now),
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def get(db: Database, number: int) -> Message | None:
    """Return the message of that number."""
    with db.reading() as sql:
        row = sql.execute("SELECT * FROM message WHERE id = ?", (number,)).fetchone()
    return row and _message(row)


def listed(db: Database, states: Sequence[State] = (), *, session_id: int | None = None) -> list[Message]:
    """Return the messages of these states (of all, when none is named) in the order in which they were written."""
    where = [f"state IN ({', '.join('?' * len(states))})"] if states else []
    where += ["session_id = ?"] if session_id is not None else []
    values = [*states, *([session_id] if session_id is not None else [])]
    with db.reading() as sql:
        rows = sql.execute(
            f"SELECT * FROM message WHERE {' AND '.join(where) or '1'} ORDER BY id", values
        ).fetchall()
    return [_message(row) for row in rows]


def claim(db: Database, number: int, now: Instant) -> bool:
    """Take a waiting message for sending; False when it is no longer waiting, so that nobody sends it twice."""
    cursor = db.connection.execute(
        """UPDATE message SET state = 'sending', attempts = attempts + 1, claimed_at = ?
           WHERE id = ? AND state IN ('queued', 'failed')""",
        (stored(now), number),
    )
    return cursor.rowcount == 1


def settle(db: Database, message: Message, state: State, now: Instant, error: str | None = None) -> bool:
    """Record how the sending of a claimed message ended; False when another sending has taken over meanwhile.

    Each claim counts one attempt up, so that its number tells whose sending it was.
    """
    cursor = db.connection.execute(
        """UPDATE message SET state = ?, sent_at = ?, last_error = ?
           WHERE id = ? AND attempts = ? AND state IN ('sending', 'unknown')""",
        (state, stored(now) if state == "sent" else None, error, message.id, message.attempts),
    )
    return cursor.rowcount == 1


def rewrite(db: Database, number: int, to: tuple[str, str], letter: Letter) -> None:
    """Replace what a message that is about to be sent says, and to whom."""
    db.connection.execute(
        "UPDATE message SET to_name = ?, to_email = ?, subject = ?, text = ?, html = ? WHERE id = ?",
        (*to, letter.subject, letter.text, letter.html, number),
    )


def release(db: Database, number: int) -> bool:
    """Let a message whose fate is unknown be sent again; return whether there was one."""
    cursor = db.connection.execute(
        "UPDATE message SET state = 'queued' WHERE id = ? AND state = 'unknown'", (number,)
    )
    return cursor.rowcount == 1


def give_up_claims(db: Database, before: Instant) -> list[int]:
    """Mark messages claimed before a moment and never settled as unknown: whoever sent them died around it."""
    rows = db.connection.execute(
        """UPDATE message SET state = 'unknown', last_error = 'The program ended while it was being sent.'
           WHERE state = 'sending' AND claimed_at < ? RETURNING id""",
        (stored(before),),
    ).fetchall()
    return sorted(row["id"] for row in rows)


def of_share(db: Database, share_id: int) -> int | None:
    """Return the number of the message that carries a share."""
    with db.reading() as sql:
        row = sql.execute(
            "SELECT id FROM message WHERE share_id = ? ORDER BY id DESC LIMIT 1", (share_id,)
        ).fetchone()
    return None if row is None else int(row[0])


def cancel(db: Database, number: int) -> None:
    """Cancel a waiting message."""
    db.connection.execute(
        "UPDATE message SET state = 'canceled' WHERE id = ? AND state IN ('queued', 'failed')", (number,)
    )
