"""The schema: what must always be true holds for any writer, with any tool.

These tests write to the file as an outside tool would: with a plain connection that knows nothing of the studio.

Of every version that landed there is one file in ``tests/files``, written by the program of that version and never
edited since: ``studio-N.db.gz``. Whoever adds a migration keeps a file of the version before it there first.
"""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.booking import contract as contracts
from studio_cli.booking import journey, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.details import differences
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio, found, open_studio
from studio_cli.language import ENGLISH
from studio_cli.model.session import STATUSES, TRANSITIONS, Status
from studio_cli.model.text import unaccented
from studio_cli.store.database import VERSION, Database

AT = "2026-11-20T15:00:00Z"
START = datetime(2026, 12, 4, 15)


@pytest.fixture(scope="module")
def studio_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio's file with a client; every test leaves it as it was."""
    path = tmp_path_factory.mktemp("schema") / "studio.db"
    made = found(
        path,
        lambda: Instant.from_utc(2026, 11, 20, 15),
        name="Ana",
        email="ana@example.com",
        timezone="UTC",
        currency="CAD",
    )
    made.file.close()
    outside = sqlite3.connect(path)
    outside.execute("INSERT INTO client (name, name_folded, created_at) VALUES ('Rui', 'rui', ?)", (AT,))
    outside.commit()
    outside.close()
    return path


@pytest.fixture
def sql(studio_file: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection whose writes are taken back after the test."""
    connection = sqlite3.connect(studio_file, isolation_level=None)
    connection.execute("BEGIN")
    yield connection
    connection.execute("ROLLBACK")
    connection.close()


def text(moment: datetime) -> str:
    """Return a moment as the file keeps it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def add(sql: sqlite3.Connection, minute: int = 0, verb: str = "INSERT", **values: Any) -> int:
    """Insert a session of an hour, ``minute`` minutes after ``START``, and return its number."""
    row = {
        "status": "pending",
        "title": "Portrait",
        "client_id": 1,
        "starts_at": text(START + timedelta(minutes=minute)),
        "duration_minutes": 60,
        "timezone": "UTC",
        "price_minor": 10000,
        "asked_now_minor": 0,
        "currency": "CAD",
        "created_at": AT,
        **values,
    }
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    number = sql.execute(f"{verb} INTO session ({names}) VALUES ({marks})", list(row.values())).lastrowid
    assert number is not None
    return number


def change(sql: sqlite3.Connection, number: int, **values: Any) -> None:
    """Change columns of a session."""
    changes = ", ".join(f"{name} = ?" for name in values)
    sql.execute(f"UPDATE session SET {changes} WHERE id = ?", [*values.values(), number])


def bring_to(sql: sqlite3.Connection, number: int, status: Status) -> None:
    """Lead a new inquiry to a status by allowed steps."""
    ways: dict[Status, list[Status]] = {
        "inquiry": [],
        "pending": ["pending"],
        "confirmed": ["pending", "confirmed"],
        "declined": ["declined"],
        "canceled": ["canceled"],
        "expired": ["pending", "expired"],
    }
    for step in ways[status]:
        set_status(sql, number, step)


def set_status(sql: sqlite3.Connection, number: int, status: str) -> None:
    """Change a session's status as it is written: a confirmed one says when and by whom."""
    by = (AT, "owner") if status == "confirmed" else (None, None)
    change(sql, number, status=status, confirmed_at=by[0], confirmed_by=by[1])


taken = pytest.raises(sqlite3.IntegrityError, match="studio:overlap")


# ── overlap ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
@pytest.mark.parametrize("minute", [-59, -1, 0, 30, 59])
def test_insert_into_a_taken_time(sql: sqlite3.Connection, minute: int, verb: str) -> None:
    """A session cannot be added where another one is, however it is inserted."""
    add(sql)
    with taken:
        add(sql, minute, verb)


@pytest.mark.parametrize("minute", [-60, 60])
def test_sessions_may_touch(sql: sqlite3.Connection, minute: int) -> None:
    """One session may end as the other begins."""
    add(sql)
    add(sql, minute)


@pytest.mark.parametrize(
    ("minute", "before", "after", "free"),
    [
        (84, 15, 0, False),
        (85, 15, 0, True),
        (-74, 0, 10, False),
        (-75, 0, 10, True),
        (70, 0, 0, True),
        (69, 0, 0, False),
    ],
)
def test_buffers_add_up(sql: sqlite3.Connection, minute: int, before: int, after: int, free: bool) -> None:
    """Ten minutes after one session and fifteen before the next make twenty-five between them."""
    add(sql, buffer_before_minutes=5, buffer_after_minutes=10)
    buffers = {"buffer_before_minutes": before, "buffer_after_minutes": after}
    if free:
        add(sql, minute, **buffers)
    else:
        with taken:
            add(sql, minute, **buffers)


def test_a_week_long_session_is_seen_from_its_end(sql: sqlite3.Connection) -> None:
    """The longest session with the longest buffers keeps others away to its last minute."""
    add(sql, duration_minutes=10080, buffer_before_minutes=720, buffer_after_minutes=720)
    last = 10080 + 720
    with taken:
        add(sql, last - 1)
    with taken:
        add(sql, last + 719, buffer_before_minutes=720)
    add(sql, last)


@pytest.mark.parametrize(
    "move",
    [
        {"starts_at": text(START + timedelta(minutes=150))},
        {"duration_minutes": 181},
        {"buffer_after_minutes": 121},
        {"starts_at": text(START + timedelta(minutes=300)), "buffer_before_minutes": 61},
    ],
)
def test_update_into_a_taken_time(sql: sqlite3.Connection, move: dict[str, Any]) -> None:
    """A session cannot be moved, lengthened or given buffers into another one."""
    first = add(sql, 0)
    add(sql, 180)
    with taken:
        change(sql, first, **move)


def test_expired_session_comes_back_only_if_free(sql: sqlite3.Connection) -> None:
    """A session whose hold ran out cannot take a time back that somebody else has by now."""
    first = add(sql)
    set_status(sql, first, "expired")
    second = add(sql)
    with taken:
        set_status(sql, first, "pending")
    set_status(sql, second, "canceled")
    set_status(sql, first, "pending")


def test_inquiry_without_hold_becomes_pending_only_if_free(sql: sqlite3.Connection) -> None:
    """An inquiry without a hold takes no time, and cannot take one that is taken."""
    first = add(sql, status="inquiry", holds_time=0)
    add(sql)
    with taken:
        set_status(sql, first, "pending")
    with taken:
        change(sql, first, holds_time=1)


def test_inquiry_with_hold_occupies(sql: sqlite3.Connection) -> None:
    """An inquiry with a hold keeps its time."""
    add(sql, status="inquiry")
    with taken:
        add(sql)


def test_overlap_on_purpose(sql: sqlite3.Connection) -> None:
    """With the owner's word the newer of two sessions may overlap; the word cannot be taken back while it does."""
    add(sql)
    second = add(sql, overlap_allowed=1)
    set_status(sql, second, "confirmed")
    with taken:
        change(sql, second, overlap_allowed=0)
    change(sql, second, starts_at=text(START + timedelta(minutes=60)))
    change(sql, second, overlap_allowed=0)


def test_word_for_one_is_not_for_the_next(sql: sqlite3.Connection) -> None:
    """A session that may overlap does not open its time to others."""
    add(sql, overlap_allowed=1)
    with taken:
        add(sql)


def test_older_session_is_confirmed_beside_one_placed_on_purpose(sql: sqlite3.Connection) -> None:
    """Confirming a session where another was put on purpose is no new overlap."""
    first = add(sql)
    add(sql, overlap_allowed=1)
    set_status(sql, first, "confirmed")


@pytest.mark.parametrize("status", ["canceled", "expired"])
def test_freed_time_is_free(sql: sqlite3.Connection, status: str) -> None:
    """A canceled or expired session leaves its time to others."""
    set_status(sql, add(sql), status)
    add(sql)


moves = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "move", "status", "flag", "buffers"]),
        st.integers(0, 40),
        st.integers(1, 20),
        st.integers(0, 6),
        st.sampled_from(STATUSES),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(moves)
def test_no_two_sessions_ever_overlap_unmarked(studio_file: Path, drawn: list[tuple[Any, ...]]) -> None:
    """After any writes that were accepted, two sessions that overlap have the owner's word on one of them."""
    sql = sqlite3.connect(studio_file, isolation_level=None)
    sql.row_factory = sqlite3.Row
    sql.execute("BEGIN")
    numbers: list[int] = []
    for what, place, length, buffer, status, flag in drawn:
        minutes = {"duration_minutes": length * 15, "buffer_after_minutes": buffer * 10}
        number = numbers[place % len(numbers)] if numbers else 0
        try:
            if what == "add":
                first = status if status in {"inquiry", "pending"} else "pending"
                values = {**minutes, "status": first, "overlap_allowed": int(flag and buffer > 3)}
                numbers.append(add(sql, place * 15, holds_time=int(length % 2), **values))
            elif what == "move":
                change(sql, number, starts_at=text(START + timedelta(minutes=place * 15)), **minutes)
            elif what == "status":
                set_status(sql, number, status)
            elif what == "flag":
                change(sql, number, overlap_allowed=int(flag))
            else:
                change(sql, number, buffer_before_minutes=buffer * 10)
        except sqlite3.IntegrityError as refused:
            assert "studio:" in str(refused)
    rows = sql.execute("SELECT * FROM session").fetchall()
    sql.execute("ROLLBACK")
    sql.close()

    def span(row: sqlite3.Row) -> tuple[datetime, datetime]:
        start = datetime.fromisoformat(row["starts_at"][:-1])
        end = start + timedelta(minutes=row["duration_minutes"] + row["buffer_after_minutes"])
        return start - timedelta(minutes=row["buffer_before_minutes"]), end

    def occupies(row: sqlite3.Row) -> bool:
        return row["status"] in {"pending", "confirmed"} or (row["status"] == "inquiry" and row["holds_time"])

    for one, other in combinations([row for row in rows if occupies(row)], 2):
        overlap = span(one)[0] < span(other)[1] and span(other)[0] < span(one)[1]
        assert not overlap or one["overlap_allowed"] or other["overlap_allowed"]


# ── statuses ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
def test_every_change_of_status(sql: sqlite3.Connection, before: Status, after: Status) -> None:
    """The file allows a change of status exactly where the model's table does."""
    number = add(sql, status="inquiry")
    bring_to(sql, number, before)
    if after == before or after in TRANSITIONS[before]:
        set_status(sql, number, after)
    else:
        with pytest.raises(sqlite3.IntegrityError, match="studio:transition"):
            set_status(sql, number, after)


@pytest.mark.parametrize("status", STATUSES)
def test_first_status(sql: sqlite3.Connection, status: Status) -> None:
    """A session begins as an inquiry or pending and as nothing else."""
    confirmed = {"confirmed_at": AT, "confirmed_by": "owner"} if status == "confirmed" else {}
    if status in {"inquiry", "pending"}:
        add(sql, status=status)
    else:
        with pytest.raises(sqlite3.IntegrityError, match="studio:transition"):
            add(sql, status=status, **confirmed)


def test_session_is_not_replaced(sql: sqlite3.Connection) -> None:
    """Replacing a canceled session by a pending one of its number is a change of status like any other."""
    number = add(sql)
    set_status(sql, number, "canceled")
    with pytest.raises(sqlite3.IntegrityError, match="studio:transition"):
        add(sql, verb="INSERT OR REPLACE", id=number)
    assert sql.execute("SELECT status FROM session WHERE id = ?", (number,)).fetchone() == ("canceled",)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "confirmed"},
        {"status": "confirmed", "confirmed_at": AT},
        {"confirmed_at": AT, "confirmed_by": "owner"},
        {"confirmed_by": "client"},
        {"status": "confirmed", "confirmed_at": AT, "confirmed_by": "nobody"},
        {"status": "done"},
    ],
)
def test_confirmed_says_when_and_by_whom(sql: sqlite3.Connection, values: dict[str, Any]) -> None:
    """A session is confirmed exactly when the file says when and by whom."""
    number = add(sql)
    with pytest.raises(sqlite3.IntegrityError):
        change(sql, number, **values)


# ── what was recorded stays ───────────────────────────────────────────────────────────────────────


def pay(sql: sqlite3.Connection, session: int, verb: str = "INSERT", **values: Any) -> None:
    """Add a row to the ledger."""
    row = {
        "session_id": session, "kind": "payment", "amount_minor": 500, "currency": "CAD", "method": "cash",
        "at": AT, "recorded_at": AT, **values,
    }  # fmt: skip
    sql.execute(
        f"{verb} INTO payment ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
    )


def fill(sql: sqlite3.Connection) -> int:
    """Add a session with a row in everything that is append-only."""
    number = add(sql)
    pay(sql, number, id=1, reference="outside:1")
    sql.execute(
        "INSERT INTO event (id, at, actor, kind, session_id) VALUES (1000, ?, 'owner', 'x', ?)", (AT, number)
    )
    sql.execute("INSERT INTO revision VALUES (?, 1, '{}', ?)", (number, AT))
    return number


def sign(sql: sqlite3.Connection, number: int, verb: str = "INSERT", **values: Any) -> None:
    """Add a signature under ``document`` by the session's first share."""
    row = {
        "session_id": number, "sha256": SHA, "name": "Rui", "at": AT, "timezone": "UTC", "share_id": 1,
        "address": "127.0.0.1", "user_agent": "a browser", **values,
    }  # fmt: skip
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    sql.execute(f"{verb} INTO signature ({names}) VALUES ({marks})", list(row.values()))


def document(sql: sqlite3.Connection, number: int, verb: str = "INSERT", **values: Any) -> None:
    """Add a contract as a session's client reads it, whose SHA-256 is ``SHA``."""
    row = {
        "session_id": number, "sha256": SHA, "name": "terms", "created_at": AT, "source": "Agreed?", "text": "Agreed?",
        **values,
    }  # fmt: skip
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    sql.execute(f"{verb} INTO document ({names}) VALUES ({marks})", list(row.values()))


SHA = "0b" * 32


def signed(sql: sqlite3.Connection) -> int:
    """Add a session with a contract and a signature under it."""
    number = add(sql)
    sql.execute(
        "INSERT INTO share (id, session_id, channel, created_at) VALUES (1, ?, 'direct', ?)", (number, AT)
    )
    document(sql, number)
    change(sql, number, contract_sha256=SHA)
    sign(sql, number, id=1)
    return number


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        ("payment", "amount_minor = 1"),
        ("event", "kind = 'y'"),
        ("revision", "details = '[]'"),
        ("document", "text = 'other'"),
        ("signature", "name = 'Eva'"),
    ],
)
def test_recorded_rows_stay(sql: sqlite3.Connection, table: str, changed: str) -> None:
    """A row of the ledger, the history, what a client was shown or signed is neither changed nor deleted."""
    if table in {"document", "signature"}:
        signed(sql)
    else:
        fill(sql)
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        sql.execute(f"UPDATE {table} SET {changed}")
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        sql.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("payment", "id = 1"),
        ("payment", "reference = 'outside:1'"),
        ("event", "id = 1000"),
        ("revision", "number = 1"),
    ],
)
def test_recorded_rows_are_not_replaced(sql: sqlite3.Connection, table: str, where: str) -> None:
    """INSERT OR REPLACE, which fires no DELETE trigger, replaces nothing that was recorded either."""
    number = fill(sql)
    kept = sql.execute(f"SELECT * FROM {table} WHERE {where}").fetchall()
    assert len(kept) == 1
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        if table == "payment":
            column, value = where.replace("'", "").split(" = ")
            pay(sql, number, "INSERT OR REPLACE", amount_minor=1, **{column: value})
        elif table == "event":
            sql.execute(
                "INSERT OR REPLACE INTO event (id, at, actor, kind) VALUES (1000, ?, 'owner', 'y')", (AT,)
            )
        else:
            sql.execute("INSERT OR REPLACE INTO revision VALUES (?, 1, '[]', ?)", (number, AT))
    assert sql.execute(f"SELECT * FROM {table} WHERE {where}").fetchall() == kept


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "INSERT"])
def test_what_was_signed_is_not_replaced(sql: sqlite3.Connection, verb: str) -> None:
    """No document and no signature is written over, whatever the words of the INSERT; the old rows are still there."""
    number = signed(sql)
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        document(sql, number, verb, text="other")
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        sign(sql, number, verb, id=1, name="Eva")
    assert sql.execute("SELECT text FROM document").fetchall() == [("Agreed?",)]
    assert sql.execute("SELECT id, name FROM signature").fetchall() == [(1, "Rui")]


@pytest.mark.parametrize("sha256", ["ab" * 32, "", "x"])
def test_session_has_a_contract_that_exists(sql: sqlite3.Connection, sha256: str) -> None:
    """A session points at a document of its own or at none, when it is changed and when it is added."""
    number = signed(sql)
    other = add(sql, 600)
    for wrong, value in ((number, sha256), (other, sha256), (other, SHA)):
        with pytest.raises(sqlite3.IntegrityError, match="contract that exists"):
            change(sql, wrong, contract_sha256=value)
    with pytest.raises(sqlite3.IntegrityError, match="contract that exists"):
        add(sql, 1200, contract_sha256=SHA)
    change(sql, number, contract_sha256=None)
    change(sql, number, contract_sha256=SHA)


@pytest.mark.parametrize("sha256", [SHA[:-1], SHA + "0", ""])
def test_length_of_a_sha256(sql: sqlite3.Connection, sha256: str) -> None:
    """The SHA-256 of a document has 64 digits."""
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        document(sql, add(sql), sha256=sha256)


@pytest.mark.parametrize(
    "values", [{"name": ""}, {"name": "x" * 201}, {"at": "2026-11-20 15:00"}, {"name": None}]
)
def test_wrong_signature(sql: sqlite3.Connection, values: dict[str, Any]) -> None:
    """A signature has a name and says when it was given, in UTC."""
    number = signed(sql)
    with pytest.raises(sqlite3.IntegrityError):
        sign(sql, number, **values)


def test_signature_is_under_a_document(sql: sqlite3.Connection) -> None:
    """A signature points at a document that its session has had."""
    number = signed(sql)
    assert sql.execute("PRAGMA foreign_key_check(signature)").fetchall() == []
    sign(sql, number, sha256="ab" * 32)
    assert len(sql.execute("PRAGMA foreign_key_check(signature)").fetchall()) == 1


def test_payment_reference_is_unique(sql: sqlite3.Connection) -> None:
    """Money with the same outside reference is recorded once; money without one as often as it comes."""
    number = add(sql)
    pay(sql, number)
    pay(sql, number)
    pay(sql, number, reference="outside:2")
    with pytest.raises(sqlite3.IntegrityError):
        pay(sql, number, reference="outside:2")


@pytest.mark.parametrize(
    "values",
    [{"amount_minor": 0}, {"amount_minor": -5}, {"kind": "gift"}, {"currency": "USD"}, {"at": "today"}],
)
def test_wrong_payment(sql: sqlite3.Connection, values: dict[str, Any]) -> None:
    """A row of the ledger is more than nothing, in the currency of its session."""
    number = add(sql)
    with pytest.raises(sqlite3.IntegrityError):
        pay(sql, number, **values)


def test_currency_stays_once_money_came(sql: sqlite3.Connection) -> None:
    """A session's currency may change until something was paid in it."""
    number = add(sql)
    change(sql, number, currency="USD")
    pay(sql, number, currency="USD")
    with pytest.raises(sqlite3.IntegrityError):
        change(sql, number, currency="CAD")


def test_sent_mail_stays_sent(sql: sqlite3.Connection) -> None:
    """A mail that was sent is never waiting again."""
    sql.execute(
        """INSERT INTO message (kind, occasion, to_name, to_email, subject, text, html, state, created_at, sent_at)
           VALUES ('share', 'share 1', 'Rui', 'rui@example.com', 's', 't', 'h', 'sent', ?, ?)""",
        (AT, AT),
    )
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        sql.execute("UPDATE message SET state = 'queued', sent_at = NULL")


# ── who waits ─────────────────────────────────────────────────────────────────────────────────────


def wait(sql: sqlite3.Connection, **values: Any) -> None:
    """Put a client on the waiting list of a type."""
    if not sql.execute("SELECT 1 FROM session_type").fetchone():
        sql.execute(
            """INSERT INTO session_type (id, slug, name, duration_minutes, price_minor, currency, pay, created_at)
               VALUES (1, 'x', 'X', 60, 0, 'CAD', 'full', ?)""",
            (AT,),
        )
    row = {"type_id": 1, "client_id": 1, "zone": "UTC", "created_at": AT, **values}
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    sql.execute(f"INSERT INTO waiting ({names}) VALUES ({marks})", list(row.values()))


DAY = {"first_day": "2026-12-12", "last_day": "2026-12-12"}


@pytest.mark.parametrize("days", [{}, DAY])
def test_nobody_waits_twice_for_the_same(sql: sqlite3.Connection, days: dict[str, str]) -> None:
    """Somebody is on the list once for the same days, any day too; once they have left they can come back."""
    wait(sql, **days)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        wait(sql, **days)
    wait(sql, first_day="2026-12-12", last_day="2026-12-13")
    sql.execute("UPDATE waiting SET left_at = ?, left_why = 'asked'", (AT,))
    wait(sql, **days)


@pytest.mark.parametrize(
    "values",
    [
        {"first_day": "2026-12-12"},
        {"first_day": "2026-12-12", "last_day": "2026-12-11"},
        {"first_day": "2026-12-32", "last_day": "2026-12-32"},
        {"first_day": "soon", "last_day": "soon"},
        {"known": "x"},
        {"name": ""},
        {"created_at": "2026-11-20"},
        {"left_at": AT},
        {"left_why": "asked"},
        {"left_at": AT, "left_why": "bored"},
        {"zone": None},
    ],
)
def test_wrong_waiting(sql: sqlite3.Connection, values: dict[str, Any]) -> None:
    """Days come in pairs and in order, and who has left says when and why."""
    with pytest.raises(sqlite3.IntegrityError):
        wait(sql, **values)


def test_who_left_has_left(sql: sqlite3.Connection) -> None:
    """Whoever left the list is not put back by a change of that row: nobody takes another's place in it."""
    wait(sql)
    sql.execute("UPDATE waiting SET left_at = ?, left_why = 'asked'", (AT,))
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        sql.execute("UPDATE waiting SET left_at = NULL, left_why = NULL")


# ── columns ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("column", ["ends_at", "busy_from", "busy_until", "occupies"])
def test_generated_columns_cannot_be_lied_to(sql: sqlite3.Connection, column: str) -> None:
    """Nobody can claim a session to be shorter, or freer, than it is."""
    number = add(sql)
    with pytest.raises(sqlite3.OperationalError, match="generated column"):
        change(sql, number, **{column: "0"})
    with pytest.raises(sqlite3.OperationalError, match="generated column"):
        add(sql, 600, **{column: "0"})


def test_generated_columns(sql: sqlite3.Connection) -> None:
    """End and busy time follow from start, duration and buffers."""
    number = add(sql, buffer_before_minutes=15, buffer_after_minutes=10)
    row = sql.execute("SELECT ends_at, busy_from, busy_until, occupies FROM session WHERE id = ?", (number,))
    assert row.fetchone() == ("2026-12-04T16:00:00Z", "2026-12-04T14:45:00Z", "2026-12-04T16:10:00Z", 1)


@pytest.mark.parametrize(
    "values",
    [
        {"starts_at": "2026-12-04T15:00:30Z"},
        {"starts_at": "2026-12-04T15:00:00"},
        {"starts_at": "2026-12-04 15:00:00Z"},
        {"starts_at": "2026-12-04T15:00:00+00:00"},
        {"starts_at": "2026-02-30T15:00:00Z"},
        {"starts_at": "soon"},
        {"duration_minutes": 4},
        {"duration_minutes": 10081},
        {"duration_minutes": "an hour"},
        {"duration_minutes": 60.5},
        {"buffer_before_minutes": -1},
        {"buffer_after_minutes": 721},
        {"price_minor": -1},
        {"price_minor": 100.5},
        {"asked_now_minor": -1},
        {"currency": "cad"},
        {"currency": "CADX"},
        {"title": ""},
        {"title": "x" * 201},
        {"title": b"bytes"},
        {"form": "{"},
        {"custom_time": 2},
        {"expires_at": "tomorrow"},
        {"revision": 0},
    ],
)
def test_wrong_values(sql: sqlite3.Connection, values: dict[str, Any]) -> None:
    """A session's columns hold what they are for, in the form that everybody compares by."""
    number = add(sql, 600)
    with pytest.raises(sqlite3.IntegrityError):
        add(sql, **values)
    with pytest.raises(sqlite3.IntegrityError):
        change(sql, number, **values)


def test_every_table_is_strict(sql: sqlite3.Connection) -> None:
    """No table of ours takes a text where a number belongs."""
    tables = sql.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    )
    ours = {name: strict for name, strict in tables if not name.startswith(("sqlite_", "_sqlite"))}
    assert len(ours) >= 14
    assert set(ours.values()) == {1}


@pytest.mark.parametrize(
    ("opens", "closes", "free"),
    [(600, 700, False), (500, 541, False), (539, 1021, False), (480, 540, True), (1020, 1440, True)],
)
def test_hours_of_a_day_stay_apart(sql: sqlite3.Connection, opens: int, closes: int, free: bool) -> None:
    """Two ranges of a weekday never overlap, whether one is added or changed."""
    statements = [
        f"INSERT INTO weekly_hours VALUES (1, {opens}, {closes})",
        f"UPDATE weekly_hours SET weekday = 1, opens_minute = {opens}, closes_minute = {closes} WHERE weekday = 2",
    ]
    for statement in statements:
        sql.execute("SAVEPOINT before")
        if free:
            sql.execute(statement)
        else:
            with pytest.raises(sqlite3.IntegrityError, match="overlap"):
                sql.execute(statement)
        sql.execute("ROLLBACK TO before")


def test_hours_may_be_changed_in_place(sql: sqlite3.Connection) -> None:
    """A range does not stand in its own way."""
    sql.execute("UPDATE weekly_hours SET opens_minute = 600 WHERE weekday = 1")
    sql.execute("UPDATE weekly_hours SET closes_minute = 900 WHERE weekday = 1")


def test_foreign_keys_are_declared(sql: sqlite3.Connection) -> None:
    """Nothing in a studio's file points at something that is not there."""
    assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
    number = add(sql, client_id=999)
    assert [row[0] for row in sql.execute("PRAGMA foreign_key_check")] == ["session"]
    assert number


# ── views ─────────────────────────────────────────────────────────────────────────────────────────


def test_money_view(sql: sqlite3.Connection) -> None:
    """Who opens the file with another tool sees what was paid, refunds taken off, and what is missing."""
    number = add(sql)
    pay(sql, number, amount_minor=6000)
    pay(sql, number, kind="refund", amount_minor=1000)
    row = sql.execute(
        "SELECT price_minor, paid_minor, balance_minor FROM money WHERE session_id = ?", (number,)
    )
    assert row.fetchone() == (10000, 5000, 5000)


def test_agenda_view(sql: sqlite3.Connection) -> None:
    """The agenda lists what occupies its time, in order, with what is waited for."""
    later, sooner = add(sql, 600), add(sql)
    set_status(sql, add(sql, 1200), "canceled")
    done = (
        "INSERT INTO step (session_id, position, step, done_at, done_revision) VALUES (?, 0, 'review', ?, ?)"
    )
    sql.execute(done, (later, AT, 1))
    sql.execute(done, (sooner, AT, 7))
    rows = sql.execute("SELECT session_id, client, waiting_for FROM agenda").fetchall()
    assert rows == [(sooner, "Rui", "review"), (later, "Rui", "")]


def test_agenda_view_of_a_contract(sql: sqlite3.Connection) -> None:
    """The agenda waits for a contract until that very text is signed, or its step is waived."""
    number = signed(sql)

    def waits() -> str:
        return str(sql.execute("SELECT waiting_for FROM agenda").fetchone()[0])

    assert waits() == "review"
    document(sql, number, sha256="ab" * 32, text="other")
    change(sql, number, contract_sha256="ab" * 32)
    assert waits() == "review, contract"
    change(sql, number, asked_now_minor=100)
    assert waits() == "review, contract, payment"
    sql.execute(
        "INSERT INTO step (session_id, position, step, waived_at) VALUES (?, 2, 'contract', ?)", (number, AT)
    )
    assert waits() == "review, payment"


# ── migrating ─────────────────────────────────────────────────────────────────────────────────────


def test_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """A file of an older program is opened, gets the rules it lacks, and keeps what is in it."""
    from sqlite_utils import Database as Tables

    from studio_cli.store.migrations import migrations

    path = tmp_path / "old.db"
    old = sqlite3.connect(path, isolation_level=None)
    migrations.apply(Tables(old, execute_plugins=False), stop_before="0002_outside_tools")
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.execute("INSERT INTO client (name, name_folded, created_at) VALUES ('Rui', 'rui', ?)", (AT,))
    number = fill(old)
    old.close()
    opened = Database.open(path)
    assert opened.connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
    assert (
        opened.connection.execute("SELECT title FROM session WHERE id = ?", (number,)).fetchone()[0]
        == "Portrait"
    )
    with pytest.raises(sqlite3.IntegrityError, match="studio:append_only"):
        pay(opened.connection, number, "INSERT OR REPLACE", id=1)
    opened.close()


FILES = sorted((Path(__file__).parent.parent / "files").glob("studio-*.db.gz"))


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def landed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A studio's file as a program of an older version left it."""
    path = tmp_path / "landed.db"
    path.write_bytes(gzip.decompress(request.param.read_bytes()))
    return path


def rows(path: Path, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the tables, with just those columns, in an order that depends on nothing else."""
    outside = sqlite3.connect(path)
    try:
        return {
            table: sorted(outside.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall(), key=repr)
            for table, names in columns.items()
        }
    finally:
        outside.close()


def columns_of(path: Path) -> dict[str, list[str]]:
    """Return the tables of a file with their columns, generated ones too."""
    outside = sqlite3.connect(path)
    try:
        tables = [name for (name,) in outside.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: [row[1] for row in outside.execute(f"PRAGMA table_xinfo({table})")] for table in tables
        }
    finally:
        outside.close()


def updated(path: Path) -> Studio:
    """Open the studio in a file, which brings it up to date."""
    return open_studio(path, lambda: Instant.from_utc(2026, 11, 20, 15))


LANDED = [3, 5, 8]
"""The versions that somebody's file can have; those between them came together with the next one."""


def test_there_is_a_file_of_every_landed_version() -> None:
    """A file of each version that was ever given out is kept, and none is of the present one or newer."""
    numbers = [int(re.findall(r"\d+", file.name)[0]) for file in FILES]
    assert sorted(numbers) == LANDED
    assert max(LANDED) < VERSION


def test_landed_file_keeps_every_row(landed: Path) -> None:
    """A file of an older program is brought up to date, and every row of before is still there, equal."""
    columns = columns_of(landed)
    before = rows(landed, columns)
    updated(landed).file.close()
    after = rows(landed, columns)
    done = "_sqlite_migrations"
    assert set(before.pop(done)) < set(after.pop(done))
    place = columns["client"].index("name_folded")
    for row in before["client"]:  # the one thing that changes: names are found without their accents
        assert unaccented(row[1]) in {new[place] for new in after["client"] if new[0] == row[0]}
    for moment in (before, after):
        moment["client"] = [(*row[:place], *row[place + 1 :]) for row in moment["client"]]
    counted, going_on = dict(before.pop("sqlite_sequence")), dict(after.pop("sqlite_sequence"))
    assert all(going_on[table] >= number for table, number in counted.items())  # no number is given twice
    assert after == before
    assert sum(map(len, before.values())) > 40
    outside = sqlite3.connect(landed)
    assert outside.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert outside.execute("PRAGMA foreign_key_check").fetchall() == []
    assert outside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    outside.close()


def test_landed_file_has_the_schema_of_a_new_one(landed: Path, studio_file: Path) -> None:
    """Whichever way a file came to the present version, its tables and columns are the same."""
    updated(landed).file.close()
    assert columns_of(landed) == columns_of(studio_file)


def test_sessions_of_a_landed_file_are_read(landed: Path) -> None:
    """The sessions of an older program are listed with their steps, their money and their history."""
    studio = updated(landed)
    by_number = {number: sessions.get(studio, number) for number in (1, 2, 3)}
    assert [one.status for one in by_number.values()] == ["pending", "confirmed", "canceled"]
    done = {one.name: (one.required, one.done_at is not None) for one in by_number[1].steps}
    assert done == {
        "review": (True, True), "questionnaire": (True, True), "contract": (False, False), "payment": (True, True),
    }  # fmt: skip
    assert by_number[1].paid.amount == "50.00"
    assert [one.value for one in sessions.answers(studio, by_number[1])] == ["Sofia and Leo"]
    assert all(sessions.history(studio, one) for one in by_number.values())
    assert all(one.as_json()["contract"] is None for one in by_number.values())
    studio.file.close()


def test_pending_session_of_a_landed_file_is_completed(landed: Path) -> None:
    """A pending session of an older program is changed, told of in words, given a contract, signed and confirmed."""
    studio = updated(landed)
    link = share(studio, "1", "direct").link
    assert link is not None
    token = link.rpartition("/s/")[2]
    session_changes.edit(studio, "1", Edits(location="At your home"))
    here = journey.visit(studio, token)
    seen = journey.seen_before(studio, here)
    assert seen is not None
    told = differences(seen, here.session.details(), ENGLISH)
    assert [(one.label, one.before, one.now) for one in told] == [("Where", "High Park", "At your home")]
    contracts.add(studio, "terms", "Agreed with {{ client.name }}?")
    now = session_changes.edit(studio, "1", Edits(contract="terms")).after
    assert now.contract is not None
    assert journey.review(studio, token, now.revision).current == "contract"
    posted = {"name": ["Rui Costa"], "agreed": ["yes"]}
    signer = journey.Signer("127.0.0.1", "a browser")
    done = journey.sign(studio, token, now.revision, now.contract.sha256, posted, signer).session
    assert (done.status, done.confirmed_by) == ("confirmed", "client")
    studio.file.close()


def test_file_says_what_it_is(sql: sqlite3.Connection) -> None:
    """The file carries the studio's mark, its version, and valid JSON where JSON is promised."""
    assert sql.execute("PRAGMA application_id").fetchone() == (0x57D10C11,)
    assert sql.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert all(isinstance(json.loads(row[0]), dict) for row in sql.execute("SELECT details FROM event"))
