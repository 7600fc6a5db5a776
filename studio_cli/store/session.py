"""Sessions, with their steps, shares and what is paid."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from whenever import Date, Instant

from studio_cli.model.form import Answer, Form
from studio_cli.model.money import Money
from studio_cli.model.reminder_plan import parse_names
from studio_cli.model.session import STEPS, Agreement, Mark, Named, Session, Share, Status, StepName, steps_of
from studio_cli.model.times import from_stored, stored
from studio_cli.store.availability import LONGEST_DAYS
from studio_cli.store.database import Database
from studio_cli.store.order import Key, Order, order_by
from studio_cli.store.terms import columns, terms_of

T = TypeVar("T")

# Until when a request can be answered: the last of the times that were proposed, else wished for, and of its own,
# which its owner may have moved.
LAST_TIME = """max(session.starts_at, coalesce(
    (SELECT max(value) FROM json_each(session.offered)),
    (SELECT max(value) FROM json_each(CASE WHEN json_valid(session.wish) THEN session.wish END, '$.times')),
    session.starts_at))"""

# A hold that has run out reads as expired from that moment on, and a request that nobody has answered in time as
# declined, whether or not anybody has settled it yet.
STATUS_NOW = f"""CASE WHEN session.status = 'pending' AND session.expires_at <= :now THEN 'expired'
    WHEN session.status = 'inquiry' AND {LAST_TIME} <= :now THEN 'declined' ELSE session.status END"""
HOLDS_NOW = """session.holds_time
    AND (session.status <> 'inquiry' OR coalesce(session.expires_at > :now, 1))"""

_SELECT = f"""
SELECT session.*, client.name AS client_name, client.email AS client_email, client.language AS client_language,
  client.phone AS client_phone, client.reminders AS client_reminders, session_type.reminders AS type_reminders,
  (SELECT name FROM document WHERE session_id = session.id AND sha256 = contract_sha256) AS contract_name,
  session_type.slug AS type_slug, session_type.name AS type_name,
  {STATUS_NOW} AS status_now, {HOLDS_NOW} AS holds_now
FROM session JOIN client ON client.id = session.client_id
LEFT JOIN session_type ON session_type.id = session.type_id
"""


def _moment(text: str | None) -> Instant | None:
    return None if text is None else from_stored(text)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def get(db: Database, number: int, now: Instant) -> Session | None:
    """Return the session of that number as it is at ``now``."""
    with db.reading() as sql:
        rows = sql.execute(_SELECT + "WHERE session.id = :id", {"id": number, "now": stored(now)}).fetchall()
        found = _sessions(db, rows)
    return found[0] if found else None


_PAID = """(SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END), 0)
    FROM payment WHERE session_id = session.id)"""
_TOTAL = "coalesce(session.total_minor, session.price_minor)"

SORTS = {
    "id": Key("session.id"),
    "status": Key("status_now"),
    "starts_at": Key("session.starts_at"),
    "ends_at": Key("strftime('%s', session.starts_at) + session.duration_minutes * 60"),
    "title": Key("session.title COLLATE NOCASE"),
    "client": Key("client.name_folded"),
    "client_id": Key("session.client_id"),
    "email": Key("client.email_folded", can_be_empty=True),
    "type": Key("session_type.slug", can_be_empty=True),
    "location": Key("session.location COLLATE NOCASE", can_be_empty=True),
    "duration_minutes": Key("session.duration_minutes"),
    "price": Key("session.price_minor"),
    "total": Key(_TOTAL),
    "paid": Key(_PAID),
    "balance": Key(f"{_TOTAL} - {_PAID}"),
    "expires_at": Key("session.expires_at", can_be_empty=True),
    "created_at": Key("session.created_at"),
    "confirmed_at": Key("session.confirmed_at", can_be_empty=True),
}
"""What a list of sessions can be sorted by. Amounts are whole minor units, as if in one currency."""

# What a session is on file when it reads as something: the index finds these, the moment decides among them.
_ON_FILE: dict[Status, tuple[Status, ...]] = {
    "expired": ("expired", "pending"),
    "declined": ("declined", "inquiry"),
}


def listed(
    db: Database,
    now: Instant,
    *,
    statuses: Sequence[Status] = (),
    client_id: int | None = None,
    type_id: int | None = None,
    first: Instant | None = None,
    last: Instant | None = None,
    unpaid: bool = False,
    order: Order | None = None,
    limit: int | None = None,
) -> list[Session]:
    """Return sessions, by their start unless another order is wanted: of these statuses, this client, this type,
    starting in ``first`` (included) to ``last``; ``unpaid``: those that live and of which not everything is paid.
    """
    where, values = ["1"], {"now": stored(now), "limit": -1 if limit is None else limit}
    if statuses:
        marks = {f"status{index}": status for index, status in enumerate(statuses)}
        where.append(f"status_now IN ({', '.join(':' + mark for mark in marks)})")
        values.update(marks)
        on_file = {kept for status in statuses for kept in _ON_FILE.get(status, (status,))}
        where.append(f"session.status IN ({', '.join(repr(kept) for kept in sorted(on_file))})")
    if unpaid:
        where.append(f"status_now IN ('pending', 'confirmed') AND {_TOTAL} > {_PAID}")
    for condition, name, value in (
        ("session.client_id = :client", "client", client_id),
        ("session.type_id = :type", "type", type_id),
        ("session.starts_at >= :first", "first", first and stored(first)),
        ("session.starts_at < :last", "last", last and stored(last)),
    ):
        if value is not None:
            where.append(condition)
            values[name] = value
    terms = order_by(SORTS, order, "session.starts_at", "session.id")
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY {terms} LIMIT :limit"
    with db.reading() as sql:
        return _sessions(db, sql.execute(query, values).fetchall())


def at(db: Database, client_id: int, starts_at: Instant) -> int | None:
    """Return the number of a client's session that begins then and is not called off."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT id FROM session WHERE client_id = ? AND starts_at = ?
               AND status NOT IN ('canceled', 'declined', 'expired') ORDER BY id LIMIT 1""",
            (client_id, stored(starts_at)),
        ).fetchone()
    return None if row is None else int(row[0])


def unfinished(db: Database, now: Instant) -> list[Session]:
    """Return the sessions that are pending or asked for, those whose hold has just run out among them."""
    query = f"""{_SELECT} WHERE session.status IN ('pending', 'inquiry') AND status_now <> 'declined'
        ORDER BY session.starts_at, session.id"""
    with db.reading() as sql:
        return _sessions(db, sql.execute(query, {"now": stored(now)}).fetchall())


def owing(db: Database, now: Instant, since: Instant) -> list[Session]:
    """Return the confirmed sessions from ``since`` on of which not everything is paid."""
    query = f"""{_SELECT} WHERE session.starts_at >= :since AND session.status = 'confirmed'
        AND coalesce(session.total_minor, session.price_minor) > (
          SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END), 0)
          FROM payment WHERE session_id = session.id)
        ORDER BY session.starts_at, session.id"""
    with db.reading() as sql:
        rows = sql.execute(query, {"now": stored(now), "since": stored(since)}).fetchall()
        return _sessions(db, rows)


def with_balance_due(db: Database, now: Instant, first: Date, last: Date) -> list[Session]:
    """Return the confirmed sessions of which not everything is paid and is due by a day from ``first`` to ``last``.

    Days are those of UTC, so that the caller leaves one more on each side.
    """
    query = f"""{_SELECT} WHERE session.status = 'confirmed' AND session.balance_due_days IS NOT NULL
        AND date(session.starts_at, session.balance_due_days || ' days') BETWEEN date(:first, '-1 year') AND :last
        AND max(date(session.starts_at, session.balance_due_days || ' days'), date(session.created_at)) >= :first
        AND coalesce(session.total_minor, session.price_minor) > (
          SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END), 0)
          FROM payment WHERE session_id = session.id)
        ORDER BY session.starts_at, session.id"""
    days = {"now": stored(now), "first": first.format_iso(), "last": last.format_iso()}
    with db.reading() as sql:
        return _sessions(db, sql.execute(query, days).fetchall())


def overpaid(db: Database, now: Instant, since: Instant) -> list[Session]:
    """Return the living sessions for which more was paid than there was to pay, if they or the money are from ``since`` on."""
    query = f"""{_SELECT} WHERE session.status IN ('pending', 'confirmed')
        AND session.id IN (SELECT id FROM session WHERE starts_at >= :since
          UNION SELECT session_id FROM payment WHERE at >= :since)
        AND coalesce(session.total_minor, session.price_minor) < (
          SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END), 0)
          FROM payment WHERE session_id = session.id)
        ORDER BY session.starts_at, session.id"""
    with db.reading() as sql:
        rows = sql.execute(query, {"now": stored(now), "since": stored(since)}).fetchall()
        return _sessions(db, rows)


def owed(db: Database, now: Instant) -> list[Session]:
    """Return the sessions that clients have canceled and of which money is still to be given back by hand.

    What is on its way back where it was paid is not among it.
    """
    query = f"""{_SELECT} WHERE session.id IN (SELECT id FROM session WHERE kept_minor IS NOT NULL)
        AND session.kept_minor <
        (SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END), 0)
         FROM payment WHERE session_id = session.id)
        - (SELECT coalesce(sum(amount_minor), 0) FROM refund_order WHERE session_id = session.id AND done_at IS NULL)
        ORDER BY session.starts_at, session.id"""
    with db.reading() as sql:
        return _sessions(db, sql.execute(query, {"now": stored(now)}).fetchall())


def unfinished_on_the_site(
    db: Database, now: Instant, *, client_id: int | None = None, visitor: str | None = None
) -> list[Session]:
    """Return what a client, or somebody at an address, has begun on the booking site and not finished, oldest first.

    Of requests each one, whether or not it holds its time: each writes a mail to an address that anybody can type.
    """
    query = f"""{_SELECT} WHERE session.source = 'site' AND session.status IN ('pending', 'inquiry')
        AND (session.expires_at > :now OR session.status = 'inquiry')
        AND (:client IS NULL OR session.client_id = :client) AND (:visitor IS NULL OR session.visitor = :visitor)
        ORDER BY session.id"""
    with db.reading() as sql:
        values = {"now": stored(now), "client": client_id, "visitor": visitor}
        return _sessions(db, sql.execute(query, values).fetchall())


def count_unpaid_on_the_site(
    db: Database, now: Instant, since: Instant, *, client_id: int | None = None, visitor: str | None = None
) -> int:
    """Return how many sessions to come a client, or somebody at an address, has taken themselves and paid nothing for.

    Those that were confirmed, or canceled after that, count from ``since`` on; those with money on its way as long
    as it is.
    """
    query = """SELECT count(*) FROM session WHERE starts_at >= :now AND source = 'site'
        AND site_hold_minutes IS NOT NULL
        AND (:client IS NULL OR client_id = :client) AND (:visitor IS NULL OR visitor = :visitor)
        AND ((status IN ('confirmed', 'canceled') AND created_at > :since)
          OR (status = 'pending' AND coalesce(expires_at > :now, 1) AND EXISTS (
            SELECT 1 FROM step WHERE session_id = session.id AND announced_at IS NOT NULL)))
        AND NOT EXISTS (SELECT 1 FROM payment WHERE session_id = session.id)"""
    values = {"now": stored(now), "since": stored(since), "client": client_id, "visitor": visitor}
    with db.reading() as sql:
        return int(sql.execute(query, values).fetchone()[0])


def last_touched(db: Database) -> int | None:
    """Return the number of the session that the owner touched last; where there is none, the newest of the clients'."""
    with db.reading() as sql:
        row = sql.execute(
            """SELECT coalesce(
                 (SELECT session_id FROM event WHERE actor = 'owner' AND session_id IS NOT NULL ORDER BY id DESC LIMIT 1),
                 (SELECT max(id) FROM session))"""
        ).fetchone()
    return None if row[0] is None else int(row[0])


def taken_between(
    db: Database, first: Instant, last: Instant, now: Instant, *, but: int | None = None
) -> list[Session]:
    """Return the sessions whose time, buffers included, meets the time between two moments; no hold that has run out."""
    query = (
        _SELECT
        + """WHERE session.occupies AND session.id IS NOT :but AND session.busy_from > :reach
        AND session.busy_from < :last AND session.busy_until > :first
        AND (session.status = 'confirmed' OR session.expires_at IS NULL OR session.expires_at > :now)
        ORDER BY session.busy_from"""
    )
    values = {
        "now": stored(now),
        "but": but,
        "reach": stored(first.subtract(hours=24 * LONGEST_DAYS)),
        "first": stored(first),
        "last": stored(last),
    }
    with db.reading() as sql:
        return _sessions(db, sql.execute(query, values).fetchall())


def _sessions(db: Database, rows: Sequence[sqlite3.Row]) -> list[Session]:
    """Build sessions from their rows, reading what belongs to them once for all of them."""
    numbers = [row["id"] for row in rows]
    marks = _grouped(db, "SELECT * FROM step WHERE session_id IN ({})", numbers, _mark)
    shares = _grouped(db, "SELECT * FROM share WHERE session_id IN ({}) ORDER BY id", numbers, _share)
    paid = _grouped(
        db,
        """SELECT session_id, max(recorded_at) AS at,
           sum(CASE kind WHEN 'payment' THEN amount_minor ELSE -amount_minor END) AS minor
           FROM payment WHERE session_id IN ({}) GROUP BY session_id""",
        numbers,
        lambda row: (row["minor"], from_stored(row["at"])),
    )
    contracted = [row["id"] for row in rows if row["contract_sha256"]]
    signed = _grouped(db, "SELECT * FROM signature WHERE session_id IN ({}) ORDER BY id", contracted, _signed)
    return [
        _session(
            row,
            dict(marks[row["id"]]),
            shares[row["id"]],
            paid[row["id"]],
            _agreement(row, dict(signed[row["id"]])),
        )
        for row in rows
    ]


def _grouped(
    db: Database, query: str, numbers: Sequence[int], make: Callable[[sqlite3.Row], T]
) -> defaultdict[int, list[T]]:
    found: defaultdict[int, list[T]] = defaultdict(list)
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        for row in db.connection.execute(query.format(", ".join("?" * len(some))), some):
            found[row["session_id"]].append(make(row))
    return found


def _mark(row: sqlite3.Row) -> tuple[StepName, Mark]:
    mark = Mark(
        done_at=_moment(row["done_at"]),
        done_revision=row["done_revision"],
        waived_at=_moment(row["waived_at"]),
        announced_at=_moment(row["announced_at"]),
    )
    return row["step"], mark


def _signed(row: sqlite3.Row) -> tuple[str, tuple[str, Instant]]:
    return row["sha256"], (row["name"], from_stored(row["at"]))


def _agreement(row: sqlite3.Row, signed: Mapping[str, tuple[str, Instant]]) -> Agreement | None:
    """Return what a session knows of its contract; a signature counts for the text that it stands under.

    Once the session is confirmed, it is the last one whatever the text would be by now.
    """
    sha256 = row["contract_sha256"]
    if sha256 is None:
        return None
    last = list(signed.values())[-1:] if row["status_now"] == "confirmed" else []
    name, at = signed.get(sha256, last[0] if last else (None, None))
    return Agreement(row["contract_name"], sha256, name, at)


def _share(row: sqlite3.Row) -> Share:
    return Share(
        id=row["id"],
        session_id=row["session_id"],
        channel=row["channel"],
        created_at=from_stored(row["created_at"]),
        opened_at=_moment(row["opened_at"]),
        revoked_at=_moment(row["revoked_at"]),
        last_opened_at=_moment(row["last_opened_at"]),
    )


def _session(
    row: sqlite3.Row,
    marks: Mapping[StepName, Mark],
    shares: Iterable[Share],
    paid: Sequence[tuple[int, Instant]],
    contract: Agreement | None,
) -> Session:
    currency = row["currency"]
    minor, paid_at = paid[0] if paid else (0, None)
    form = Form.from_stored(row["form"]) if row["form"] else None
    terms, tip, received = terms_of(row), Money(row["tip_minor"], currency), Money(minor, currency)
    steps = steps_of(
        marks,
        pending=row["status_now"] in {"inquiry", "pending", "expired"},
        revision=row["revision"],
        form=form,
        contract=contract,
        asked_now=terms.asked_now + tip,
        paid=received,
        paid_at=paid_at,
    )
    return Session(
        id=row["id"],
        status=row["status_now"],
        title=row["title"],
        type=Named(row["type_id"], row["type_name"], slug=row["type_slug"]) if row["type_id"] else None,
        client=Named(
            row["client_id"],
            row["client_name"],
            row["client_email"],
            phone=row["client_phone"],
            language=row["client_language"],
            reminders=bool(row["client_reminders"]),
        ),
        starts_at=from_stored(row["starts_at"]),
        duration=row["duration_minutes"],
        timezone=row["timezone"],
        buffer_before=row["buffer_before_minutes"],
        buffer_after=row["buffer_after_minutes"],
        location=row["location"],
        terms=terms,
        tip=tip,
        paid=received,
        form=form,
        custom_time=bool(row["custom_time"]),
        overlap_allowed=bool(row["overlap_allowed"]),
        expires_at=_moment(row["expires_at"]),
        revision=row["revision"],
        sequence=row["sequence"],
        source=row["source"],
        move_until=row["move_until_minutes"],
        cancel_until=row["cancel_until_minutes"],
        site_hold=row["site_hold_minutes"],
        wish=row["wish"],
        holds_time=bool(row["holds_now"]),
        offered=tuple(from_stored(moment) for moment in json.loads(row["offered"] or "[]")),
        kept=None if row["kept_minor"] is None else Money(row["kept_minor"], currency),
        booked_as=row["booked_as"],
        booked_phone=row["booked_phone"],
        client_zone=row["client_zone"],
        visitor=row["visitor"],
        created_at=from_stored(row["created_at"]),
        confirmed_at=_moment(row["confirmed_at"]),
        confirmed_by=row["confirmed_by"],
        notes=row["notes"],
        contract=contract,
        language=row["language"],
        reminders=bool(row["reminders"]),
        type_reminders=parse_names(row["type_reminders"] or "on"),
        steps=steps,
        shares=tuple(shares),
    )


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def insert(db: Database, session: Session) -> int:
    """Add a pending session or an inquiry (its ``id`` is not looked at) and return its number."""
    values: dict[str, Any] = {
        "status": session.status,
        "title": session.title,
        "type_id": session.type and session.type.id,
        "client_id": session.client.id,
        "starts_at": stored(session.starts_at),
        "duration_minutes": session.duration,
        "timezone": session.timezone,
        "buffer_before_minutes": session.buffer_before,
        "buffer_after_minutes": session.buffer_after,
        "location": session.location,
        **_money(session),
        "form": session.form and session.form.stored(),
        "custom_time": int(session.custom_time),
        "overlap_allowed": int(session.overlap_allowed),
        "expires_at": session.expires_at and stored(session.expires_at),
        "created_at": stored(session.created_at),
        "notes": session.notes,
        "language": session.language,
        "source": session.source,
        "move_until_minutes": session.move_until,
        "cancel_until_minutes": session.cancel_until,
        "site_hold_minutes": session.site_hold,
        "wish": session.wish,
        "holds_time": int(session.holds_time),
        "booked_as": session.booked_as,
        "booked_phone": session.booked_phone,
        "client_zone": session.client_zone,
        "visitor": session.visitor,
        "reminders": int(session.reminders),
    }
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = db.connection.execute(f"INSERT INTO session ({names}) VALUES ({marks})", list(values.values()))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _money(session: Session) -> dict[str, Any]:
    """Return what a session costs as columns; what follows from the terms is there for whoever reads the file."""
    return {
        **columns(session.terms),
        "asked_now_minor": min(session.asked_now, session.price).minor,
        "booking_minor": session.asked_now.minor,
        "tip_minor": session.tip.minor,
        "total_minor": session.total.minor,
    }


def update(db: Database, session: Session) -> None:
    """Write a session back after an edit or a move, in one statement."""
    values: dict[str, Any] = {
        "title": session.title,
        "starts_at": stored(session.starts_at),
        "duration_minutes": session.duration,
        "buffer_before_minutes": session.buffer_before,
        "buffer_after_minutes": session.buffer_after,
        "location": session.location,
        **_money(session),
        "form": session.form and session.form.stored(),
        "custom_time": int(session.custom_time),
        "overlap_allowed": int(session.overlap_allowed),
        "expires_at": session.expires_at and stored(session.expires_at),
        "notes": session.notes,
        "language": session.language,
        "reminders": int(session.reminders),
        "revision": session.revision,
        "move_until_minutes": session.move_until,
        "cancel_until_minutes": session.cancel_until,
        "wish": session.wish,
        "holds_time": int(session.holds_time),
        "offered": json.dumps([stored(moment) for moment in session.offered]) if session.offered else None,
    }
    changes = ", ".join(f"{name} = ?" for name in values)
    db.connection.execute(f"UPDATE session SET {changes} WHERE id = ?", [*values.values(), session.id])


def keep_revision(db: Database, session: Session, now: Instant) -> None:
    """Keep what the session's client is to see from now on."""
    db.connection.execute(
        "INSERT INTO revision (session_id, number, details, created_at) VALUES (?, ?, ?, ?)",
        (session.id, session.revision, json.dumps(session.details(), ensure_ascii=False), stored(now)),
    )


def details_at(db: Database, number: int, revision: int) -> dict[str, str] | None:
    """Return the details that a client saw at a revision of the session."""
    with db.reading() as sql:
        row = sql.execute(
            "SELECT details FROM revision WHERE session_id = ? AND number = ?", (number, revision)
        ).fetchone()
    return None if row is None else dict(json.loads(row["details"]))


def set_status(
    db: Database,
    number: int,
    status: Status,
    *,
    confirmed_at: Instant | None = None,
    confirmed_by: str | None = None,
) -> None:
    """Change the status; the schema refuses a change that is not possible, or a time that is taken.

    What was typed and not finished is forgotten with a status in which nobody goes on with it.
    """
    if status in {"confirmed", "canceled"}:
        db.connection.execute("DELETE FROM draft WHERE session_id = ?", (number,))
    db.connection.execute(
        "UPDATE session SET status = ?, confirmed_at = ?, confirmed_by = ? WHERE id = ?",
        (status, confirmed_at and stored(confirmed_at), confirmed_by, number),
    )


def set_expiry(db: Database, number: int, expires_at: Instant | None) -> None:
    """Set, or with None remove, the moment at which a pending session expires."""
    db.connection.execute(
        "UPDATE session SET expires_at = ? WHERE id = ?", (expires_at and stored(expires_at), number)
    )


def leave_to_owner(db: Database, number: int) -> None:
    """Hold a time that was picked on the site as one that the owner set up, from now on: until its deadline."""
    db.connection.execute("UPDATE session SET site_hold_minutes = NULL WHERE id = ?", (number,))


def allow_overlap(db: Database, number: int, allowed: bool) -> None:
    """Record that the owner wants this session where another one is, or no longer."""
    db.connection.execute("UPDATE session SET overlap_allowed = ? WHERE id = ?", (int(allowed), number))


def expire(db: Database, now: Instant) -> list[int]:
    """Settle the pending sessions whose deadline has passed; return their numbers."""
    rows = db.connection.execute(
        """UPDATE session SET status = 'expired' WHERE status = 'pending' AND expires_at IS NOT NULL AND expires_at <= ?
           RETURNING id""",
        (stored(now),),
    ).fetchall()
    return sorted(row["id"] for row in rows)


def release_requests(db: Database, now: Instant) -> list[int]:
    """Give the times of requests free that were held long enough; return the sessions' numbers."""
    rows = db.connection.execute(
        """UPDATE session SET holds_time = 0 WHERE status IN ('pending', 'inquiry') AND status = 'inquiry'
           AND holds_time AND expires_at <= ? RETURNING id""",
        (stored(now),),
    ).fetchall()
    return sorted(row["id"] for row in rows)


def end_requests(db: Database, now: Instant) -> list[int]:
    """Decline the requests of which every time has begun; return their numbers."""
    rows = db.connection.execute(
        f"""UPDATE session SET status = 'declined' WHERE status IN ('pending', 'inquiry') AND status = 'inquiry'
            AND {LAST_TIME} <= ? RETURNING id""",
        (stored(now),),
    ).fetchall()
    return sorted(row["id"] for row in rows)


def accept(db: Database, number: int, expires_at: Instant | None) -> None:
    """Make a request a pending session, held until ``expires_at``; nothing is proposed for it any more."""
    db.connection.execute(
        """UPDATE session SET status = 'pending', expires_at = ?, holds_time = 1, offered = NULL,
           site_hold_minutes = NULL WHERE id = ?""",
        (expires_at and stored(expires_at), number),
    )


def keep_money(db: Database, number: int, kept: Money) -> None:
    """Note what the studio keeps of what was paid for a session that its client has canceled."""
    db.connection.execute("UPDATE session SET kept_minor = ? WHERE id = ?", (kept.minor, number))


def finish_step(
    db: Database, number: int, step: StepName, now: Instant, revision: int, share_id: int | None = None
) -> bool:
    """Mark a step as done, for the details of ``revision``; return whether that is new."""
    cursor = db.connection.execute(
        """INSERT INTO step (session_id, position, step, done_at, done_revision, share_id) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (session_id, step) DO UPDATE
           SET done_at = excluded.done_at, done_revision = excluded.done_revision, share_id = excluded.share_id
           WHERE done_at IS NULL OR done_revision <> excluded.done_revision""",
        (number, STEPS.index(step), step, stored(now), revision, share_id),
    )
    return cursor.rowcount == 1


def announce_payment(db: Database, number: int, now: Instant, share_id: int | None) -> bool:
    """Note that the client says the payment is on its way; return whether that is new."""
    cursor = db.connection.execute(
        """INSERT INTO step (session_id, position, step, announced_at, share_id) VALUES (?, ?, 'payment', ?, ?)
           ON CONFLICT (session_id, step) DO UPDATE
           SET announced_at = excluded.announced_at, share_id = excluded.share_id WHERE announced_at IS NULL""",
        (number, STEPS.index("payment"), stored(now), share_id),
    )
    return cursor.rowcount == 1


def forget_announcement(db: Database, number: int) -> None:
    """Let the client say again that a payment is on its way: what they said was about another amount."""
    db.connection.execute("UPDATE step SET announced_at = NULL WHERE session_id = ?", (number,))


def waive_steps(db: Database, number: int, steps: Iterable[StepName], now: Instant) -> None:
    """Mark steps as waived by the owner."""
    db.connection.executemany(
        """INSERT INTO step (session_id, position, step, waived_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (session_id, step) DO UPDATE SET waived_at = excluded.waived_at""",
        [(number, STEPS.index(step), step, stored(now)) for step in steps],
    )


def ask_again(db: Database, number: int) -> None:
    """Ask again for the review and for the steps that were waived; what the client gave or paid stays."""
    db.connection.execute(
        "UPDATE step SET waived_at = NULL, announced_at = NULL WHERE session_id = ?", (number,)
    )
    db.connection.execute(
        "UPDATE step SET done_at = NULL WHERE session_id = ? AND step = 'review'", (number,)
    )


def save_answers(db: Database, number: int, answers: Sequence[Answer]) -> None:
    """Replace the answers to the questionnaire."""
    db.connection.execute("DELETE FROM answer WHERE session_id = ?", (number,))
    db.connection.executemany(
        "INSERT INTO answer (session_id, name, position, label, value, kind) VALUES (?, ?, ?, ?, ?, ?)",
        [(number, one.name, index, one.label, one.value, one.kind) for index, one in enumerate(answers)],
    )


def answers(db: Database, number: int) -> list[Answer]:
    """Return the client's answers in the order of the questions."""
    with db.reading() as sql:
        rows = sql.execute(
            "SELECT name, label, value, kind FROM answer WHERE session_id = ? ORDER BY position", (number,)
        ).fetchall()
    return [Answer(*row) for row in rows]


# ── what was typed and not finished ───────────────────────────────────────────────────────────────


def save_draft(
    db: Database, number: int, step: StepName, fields: Mapping[str, Sequence[str]], now: Instant
) -> None:
    """Keep what a client posted for a step that cannot be kept as done yet."""
    kept = json.dumps({name: list(values) for name, values in fields.items()})
    db.connection.execute(
        "INSERT OR REPLACE INTO draft (session_id, step, fields, saved_at) VALUES (?, ?, ?, ?)",
        (number, step, kept, stored(now)),
    )


def drop_draft(db: Database, number: int, step: StepName) -> None:
    """Forget what was typed for a step: it is done."""
    db.connection.execute("DELETE FROM draft WHERE session_id = ? AND step = ?", (number, step))


def drafts(db: Database, number: int) -> dict[StepName, dict[str, list[str]]]:
    """Return what was typed and not finished, by step."""
    with db.reading() as sql:
        rows = sql.execute("SELECT step, fields FROM draft WHERE session_id = ?", (number,)).fetchall()
    return {row["step"]: json.loads(row["fields"]) for row in rows}
