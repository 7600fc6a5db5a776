"""What reminders ask the file: ranges of indexes, however many sessions there have ever been."""

from __future__ import annotations

import re
import sqlite3
import time

import pytest

from studio_cli.booking import reminder, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.store import reminder as reminder_store
from tests.conftest import Clock, Maker

OLD = 100_000


def fill(studio: Studio, count: int) -> None:
    """Add old sessions: confirmed, unpaid, with a balance that was due long ago; and pending ones nobody completed."""
    studio.file.connection.executescript(f"""
        PRAGMA synchronous = OFF;
        BEGIN;
        INSERT INTO client (name, name_folded, email, email_folded, created_at)
        VALUES ('Old', 'old', 'old@example.com', 'old@example.com', '2001-01-01T00:00:00Z');
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO session (status, title, client_id, starts_at, duration_minutes, timezone, price_minor, total_minor,
          asked_now_minor, currency, overlap_allowed, created_at, balance_due_days, pay)
        SELECT 'pending', 'Old', last_insert_rowid(), strftime('%Y-%m-%dT%H:00:00Z', '2002-01-01', '+' || (2 * i) || ' hours'),
          60, 'America/Toronto', 100, 100, 0, 'CAD', 1, '2001-01-01T00:00:00Z', -7, 'later' FROM n;
        UPDATE session SET status = 'confirmed', confirmed_at = created_at, confirmed_by = 'owner' WHERE id % 10;
        COMMIT;
    """)  # fmt: skip


@pytest.fixture
def statements(studio: Studio) -> list[str]:
    """Every statement that the studio's connection runs from now on, with its values."""
    found: list[str] = []
    studio.file.connection.set_trace_callback(found.append)
    return found


def test_only_ranges_of_indexes(studio: Studio, make: Maker, clock: Clock, statements: list[str]) -> None:
    """No query of a run reads a whole table of sessions, mails, payments, history or revisions."""
    make.link(make.session(expires="3d"))
    made = make.session("2026-12-07 10:00", pay="later", balance_due="on the day")
    sessions.confirm(studio, str(made.id), tell=False)
    clock.forward(hours=49)
    statements.clear()
    assert [one.session.id for one in reminder.plan(studio)] == [1]
    asked = [one for one in statements if one.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert len(asked) >= 8
    outside = sqlite3.connect(studio.file.path)
    for query in asked:
        plan = [row[3] for row in outside.execute(f"EXPLAIN QUERY PLAN {query}")]
        whole = [
            line
            for line in plan
            if re.match(r"SCAN (session|message|event|payment|revision|step|share)\b", line)
        ]
        assert whole == [], (query, plan)
    plans = " ".join(row[3] for query in asked for row in outside.execute(f"EXPLAIN QUERY PLAN {query}"))
    outside.close()
    assert "session_balance_due (<expr>>? AND <expr><?)" in plans
    assert "session_by_start (starts_at>? AND starts_at<?)" in plans


def test_a_hundred_years_of_sessions(studio: Studio, make: Maker, clock: Clock) -> None:
    """With many old sessions a run looks at those few that can be due."""
    fill(studio, OLD // 10)
    make.link(make.session())
    clock.forward(hours=49)
    begun = time.process_time()
    assert len(reminder.plan(studio)) == 1
    assert time.process_time() - begun < 0.25


def test_past(studio: Studio, make: Maker, clock: Clock) -> None:
    """What has been around a session: when it was asked for, held, moved, and when its balance came to be due."""
    begun = clock.now
    session = make.session(expires="3d", pay="later", balance_due="on the day")
    make.link(session)
    clock.forward(hours=1)
    session_changes.edit(studio, "1", Edits(notes="not for clients"))
    session_changes.edit(studio, "1", Edits(expires="5d"))
    clock.forward(hours=1)
    session_changes.edit(studio, "1", Edits(location="High Park"))
    clock.forward(hours=1)
    session_changes.reschedule(studio, "1", "2026-12-07 10:00")
    past = reminder_store.pasts(studio.file, [1])[1]
    assert past.asked_at == begun
    assert past.held_since == begun.add(hours=1)
    assert past.active_at == past.start_since == past.due_since == begun.add(hours=3)
    clock.forward(hours=1)
    session_changes.edit(studio, "1", Edits(balance_due="7d after"))
    past = reminder_store.pasts(studio.file, [1])[1]
    assert (past.start_since, past.due_since) == (begun.add(hours=3), begun.add(hours=4))


def test_nothing_is_asked_about_nothing(studio: Studio) -> None:
    """Without sessions there is nothing to read, and of one without a past there is an empty one."""
    assert reminder_store.pasts(studio.file, []) == {}
    assert reminder_store.pasts(studio.file, [99]) == {99: reminder_store.Past()}
