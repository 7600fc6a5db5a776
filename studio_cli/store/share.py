"""Shares and their links. Only the SHA-256 of a link's token is kept."""

from __future__ import annotations

from whenever import Instant

from studio_cli.model.session import Channel
from studio_cli.model.times import stored
from studio_cli.store.database import Database


def digest(token: str) -> bytes:
    """Return what the file keeps of a secret that opens something: its SHA-256."""
    import hashlib  # loads OpenSSL: only where a link is made or opened

    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def insert(db: Database, session_id: int, channel: Channel, now: Instant) -> int:
    """Add a share of a session and return its number."""
    cursor = db.connection.execute(
        "INSERT INTO share (session_id, channel, created_at) VALUES (?, ?, ?)",
        (session_id, channel, stored(now)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def add_link(db: Database, share_id: int, token: str, now: Instant) -> None:
    """Make ``token`` open the share's session."""
    db.connection.execute(
        "INSERT INTO link (token_sha256, share_id, created_at) VALUES (?, ?, ?)",
        (digest(token), share_id, stored(now)),
    )


def by_token(db: Database, token: str) -> tuple[int, int] | None:
    """Return the numbers of the share and of the session that a token opens, unless it is revoked."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT share.id, share.session_id FROM link JOIN share ON share.id = link.share_id
               WHERE token_sha256 = ? AND revoked_at IS NULL""",
            (digest(token),),
        ).fetchone()
    return row and (row[0], row[1])


def needs_mark(db: Database, share_id: int, now: Instant) -> bool:
    """Return whether the opening of a link at ``now`` is worth a write: the first, or a minute after the last."""
    with db.reading() as sql:
        row = sql.execute("SELECT last_opened_at FROM share WHERE id = ?", (share_id,)).fetchone()
    return row is not None and (row[0] is None or row[0] < stored(now.subtract(minutes=1)))


def mark_opened(db: Database, share_id: int, now: Instant) -> None:
    """Note that a share's link was opened; the first time stays."""
    db.connection.execute(
        "UPDATE share SET opened_at = coalesce(opened_at, ?1), last_opened_at = ?1 WHERE id = ?2",
        (stored(now), share_id),
    )


def revoke(db: Database, session_id: int, now: Instant, share_id: int | None = None) -> int:
    """End a session's links, or those of one share; return how many shares had living ones."""
    cursor = db.connection.execute(
        "UPDATE share SET revoked_at = ?1 WHERE session_id = ?2 AND revoked_at IS NULL AND (?3 IS NULL OR id = ?3)",
        (stored(now), session_id, share_id),
    )
    return cursor.rowcount
