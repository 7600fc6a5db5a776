"""The outbox."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whenever import Instant

from studio_cli.model.message import Invitation, Letter, Message, Recipient, State
from studio_cli.model.times import from_stored, stored
from studio_cli.store.database import Database
from studio_cli.store.order import Key, Order, order_by

SORTS = {
    "id": Key("id"),
    "state": Key("state"),
    "kind": Key("kind"),
    "to": Key("to_email COLLATE NOCASE"),
    "subject": Key("subject COLLATE NOCASE"),
    "created_at": Key("created_at"),
    "attempts": Key("attempts"),
    "next_try_at": Key("next_try_at", can_be_empty=True),
    "sent_at": Key("sent_at", can_be_empty=True),
    "session": Key("session_id", can_be_empty=True),
}
"""What a list of messages can be sorted by."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail before it is in the outbox; ``to`` is name and address."""

    kind: str
    occasion: str
    to: tuple[str, str]
    letter: Letter
    recipient: Recipient = "client"
    about: Mapping[str, Any] = field(default_factory=dict)
    session_id: int | None = None
    share_id: int | None = None
    payment_id: int | None = None
    waiting_id: int | None = None
    trouble: str | None = None


def _message(row: sqlite3.Row) -> Message:
    invitation = Invitation(row["method"], row["invitation"].encode()) if row["method"] else None
    return Message(
        id=row["id"],
        session_id=row["session_id"],
        share_id=row["share_id"],
        payment_id=row["payment_id"],
        waiting_id=row["waiting_id"],
        kind=row["kind"],
        recipient=row["recipient"],
        occasion=row["occasion"],
        about=json.loads(row["about"]),
        to_name=row["to_name"],
        to_email=row["to_email"],
        letter=Letter(row["subject"], row["text"], row["html"], invitation),
        trouble=row["trouble"],
        state=row["state"],
        attempts=row["attempts"],
        last_error=row["last_error"],
        created_at=from_stored(row["created_at"]),
        next_try_at=row["next_try_at"] and from_stored(row["next_try_at"]),
        sent_at=row["sent_at"] and from_stored(row["sent_at"]),
    )


def _written(to: tuple[str, str], letter: Letter, trouble: str | None) -> dict[str, Any]:
    invitation = letter.invitation
    return {
        "to_name": to[0],
        "to_email": to[1],
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "method": invitation and invitation.method,
        "invitation": invitation and invitation.content.decode(),
        "trouble": trouble,
    }


def insert(db: Database, draft: Draft, now: Instant) -> int | None:
    """Put a mail into the outbox and return its number; None when its occasion has had one."""
    values = {
        "kind": draft.kind,
        "occasion": draft.occasion,
        "recipient": draft.recipient,
        "about": json.dumps(dict(draft.about), ensure_ascii=False),
        "session_id": draft.session_id,
        "share_id": draft.share_id,
        "payment_id": draft.payment_id,
        "waiting_id": draft.waiting_id,
        "created_at": stored(now),
        **_written(draft.to, draft.letter, draft.trouble),
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    row = db.connection.execute(
        f"""INSERT INTO message ({names}) VALUES ({marks})
            ON CONFLICT (occasion, recipient) DO NOTHING RETURNING id""",
        list(values.values()),
    ).fetchone()
    return None if row is None else int(row[0])


def get(db: Database, number: int) -> Message | None:
    """Return the message of that number."""
    with db.reading() as sql:
        row = sql.execute("SELECT * FROM message WHERE id = ?", (number,)).fetchone()
    return row and _message(row)


def listed(
    db: Database,
    states: Sequence[State] = (),
    *,
    session_id: int | None = None,
    waiting_id: int | None = None,
    kind: str | None = None,
    due: Instant | None = None,
    after: int | None = None,
    order: Order | None = None,
    limit: int | None = None,
) -> list[Message]:
    """Return messages in the order in which they were written, unless another is wanted: of these states (of all, when
    none is named), this session, who waits under this number, this kind, those whose next try has come, those after
    a number.
    """
    where = [f"state IN ({', '.join('?' * len(states))})"] if states else []
    values: list[Any] = [*states]
    for condition, value in (
        ("session_id = ?", session_id),
        ("waiting_id = ?", waiting_id),
        ("kind = ?", kind),
        ("(next_try_at IS NULL OR next_try_at <= ?)", due and stored(due)),
        ("id > ?", after),
    ):
        if value is not None:
            where.append(condition)
            values.append(value)
    with db.reading() as sql:
        rows = sql.execute(
            f"""SELECT * FROM message WHERE {" AND ".join(where) or "1"}
                ORDER BY {order_by(SORTS, order, "id")} LIMIT ?""",
            [*values, -1 if limit is None else limit],
        ).fetchall()
    return [_message(row) for row in rows]


def newest(db: Database) -> int:
    """Return the number of the newest message, 0 for none."""
    with db.reading() as sql:
        return int(sql.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0])


def count_from_the_site(db: Database, client_id: int, since: Instant) -> tuple[int, int]:
    """Return how many mails the booking site has written to a client since a moment: to prove an address, of requests."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT coalesce(sum(kind = 'share'), 0), coalesce(sum(kind = 'requested'), 0)
               FROM message JOIN session ON session.id = message.session_id
               WHERE session.client_id = ? AND source = 'site' AND message.created_at > ? AND state <> 'canceled'
               AND recipient = 'client' AND (kind = 'requested' OR json_extract(about, '$.picked'))""",
            (client_id, stored(since)),
        ).fetchone()
    return row[0], row[1]


def was_invited(db: Database, session_id: int) -> bool:
    """Return whether a session's client may have its calendar entry from a mail."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT 1 FROM message WHERE session_id = ? AND method = 'REQUEST'
               AND state IN ('sending', 'sent', 'unknown') LIMIT 1""",
            (session_id,),
        ).fetchone()
    return row is not None


def claim(db: Database, number: int, now: Instant) -> bool:
    """Take a waiting message for sending; False when it is no longer waiting, so that nobody sends it twice."""
    cursor = db.connection.execute(
        """UPDATE message SET state = 'sending', attempts = attempts + 1, claimed_at = ?, next_try_at = NULL
           WHERE id = ? AND state IN ('queued', 'failed')""",
        (stored(now), number),
    )
    return cursor.rowcount == 1


def settle(
    db: Database,
    message: Message,
    state: State,
    now: Instant,
    error: str | None = None,
    next_try: Instant | None = None,
) -> bool:
    """Record how the sending of a claimed message ended; False when another sending has taken over meanwhile.

    Each claim counts one attempt up, so that its number tells whose sending it was.
    """
    cursor = db.connection.execute(
        """UPDATE message SET state = ?, sent_at = ?, last_error = ?, next_try_at = ?
           WHERE id = ? AND attempts = ? AND state IN ('sending', 'unknown')""",
        (
            state,
            stored(now) if state == "sent" else None,
            error,
            next_try and stored(next_try),
            message.id,
            message.attempts,
        ),
    )
    return cursor.rowcount == 1


def rewrite(
    db: Database, number: int, to: tuple[str, str], letter: Letter, trouble: str | None, revision: int
) -> None:
    """Replace what a message that is about to be sent says, and to whom; ``revision`` is that of the details in it."""
    values = _written(to, letter, trouble)
    db.connection.execute(
        f"""UPDATE message SET {", ".join(f"{name} = ?" for name in values)},
            about = json_set(about, '$.revision', ?) WHERE id = ?""",
        [*values.values(), revision, number],
    )


def told_revision(db: Database, session_id: int) -> int:
    """Return the newest revision of a session's details that its client may have had a mail about, 0 for none."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT max(json_extract(about, '$.revision')) FROM message
               WHERE session_id = ? AND recipient = 'client' AND state IN ('sending', 'sent', 'unknown')""",
            (session_id,),
        ).fetchone()
    return row[0] or 0


def doubt_all(db: Database, why: str) -> int:
    """Mark every message that waits as one that may have been sent, so that its owner is asked; return how many."""
    cursor = db.connection.execute(
        """UPDATE message SET state = 'unknown', last_error = ?, next_try_at = NULL
           WHERE state IN ('queued', 'sending', 'failed')""",
        (why,),
    )
    return cursor.rowcount


def release(db: Database, number: int) -> bool:
    """Let a message whose fate is unknown, or that was given up, be sent again; return whether there was one."""
    cursor = db.connection.execute(
        "UPDATE message SET state = 'queued', next_try_at = NULL WHERE id = ? AND state IN ('unknown', 'given_up')",
        (number,),
    )
    return cursor.rowcount == 1


def any_claimed(db: Database, before: Instant) -> bool:
    """Return whether there are messages claimed before a moment and never settled."""
    with db.reading() as sql:
        query = "SELECT 1 FROM message WHERE state = 'sending' AND claimed_at < ? LIMIT 1"
        return sql.execute(query, (stored(before),)).fetchone() is not None


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
            "SELECT id FROM message WHERE share_id = ? AND kind = 'share' ORDER BY id DESC LIMIT 1",
            (share_id,),
        ).fetchone()
    return None if row is None else int(row[0])


def cancel(db: Database, number: int) -> bool:
    """Cancel a message that is not sent, or of which the owner will not know more; return whether it was one."""
    cursor = db.connection.execute(
        """UPDATE message SET state = 'canceled', next_try_at = NULL
           WHERE id = ? AND state IN ('queued', 'failed', 'unknown', 'given_up')""",
        (number,),
    )
    return cursor.rowcount == 1
