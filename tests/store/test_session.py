"""Sessions as they are kept and read."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.booking import payment as payments
from studio_cli.booking.studio import Studio
from studio_cli.model.form import Answer
from studio_cli.model.money import Money
from studio_cli.store import session as session_store
from tests.conftest import Clock, Maker


def test_what_is_kept_comes_back(studio: Studio, make: Maker) -> None:
    """A session is read as it was set up, with its type, client, steps and sums."""
    make.type(location="The park", buffer_before="10m", buffer_after="15m")
    session = make.session(type="family", client=str(make.client("Rui").id))
    payments.record(studio, str(session.id), "20")
    read = session_store.get(studio.file, session.id, studio.now())
    assert read is not None
    assert read.type is not None
    assert (read.type.slug, read.client.name, read.location) == ("family-session", "Rui", "The park")
    assert (read.duration, read.buffer_before, read.buffer_after) == (90, 10, 15)
    assert read.starts_at == Instant.from_utc(2026, 12, 4, 15)
    assert (read.price, read.asked_now, read.paid) == (
        Money(25000, "CAD"),
        Money(5000, "CAD"),
        Money(2000, "CAD"),
    )
    assert [step.name for step in read.steps if step.required] == ["review", "payment"]


def test_unknown_session(studio: Studio) -> None:
    """A number that no session has gives nothing."""
    assert session_store.get(studio.file, 1, studio.now()) is None


def test_listed_by_status_client_and_time(studio: Studio, make: Maker) -> None:
    """A list is in the order of the sessions' starts and has only what was asked for."""
    third = make.session("2026-12-04 14:00")
    first = make.session("2026-12-03 10:00")
    second = make.session("2026-12-04 10:00", client=str(third.client.id))

    def numbers(**wanted: object) -> list[int]:
        return [session.id for session in session_store.listed(studio.file, studio.now(), **wanted)]  # type: ignore[arg-type]

    assert numbers() == [first.id, second.id, third.id]
    assert numbers(limit=2) == [first.id, second.id]
    assert numbers(client_id=third.client.id) == [second.id, third.id]
    assert numbers(first=second.starts_at) == [second.id, third.id]
    assert numbers(last=third.starts_at) == [first.id, second.id]
    assert numbers(statuses=["confirmed", "canceled"]) == []
    assert numbers(statuses=["pending", "canceled"]) == [first.id, second.id, third.id]


def test_long_lists_have_all_their_parts(studio: Studio, make: Maker) -> None:
    """What belongs to sessions is read for more of them than one statement can name."""
    make.session("2026-12-03 10:00")
    with studio.file.atomic() as sql:
        for number in range(2, 1203):
            sql.execute(
                """INSERT INTO session (id, status, title, client_id, starts_at, duration_minutes, timezone, price_minor,
                   asked_now_minor, currency, created_at, overlap_allowed)
                   SELECT ?, status, title, client_id, starts_at, duration_minutes, timezone, price_minor, asked_now_minor,
                   currency, created_at, 1 FROM session WHERE id = 1""",
                (number,),
            )
            sql.execute("INSERT INTO step (session_id, position, step) VALUES (?, 0, 'review')", (number,))
    listed = session_store.listed(studio.file, studio.now())
    assert len(listed) == 1202
    assert all(session.step("review").required for session in listed)


def test_read_never_shows_a_stale_hold(studio: Studio, make: Maker, clock: Clock) -> None:
    """From its deadline on, a pending session reads as expired though nobody has written it."""
    session = make.session(expires="2h")
    clock.forward(hours=2)
    listed = session_store.listed(studio.file, studio.now(), statuses=["expired"])
    assert [read.id for read in listed] == [session.id]
    assert session_store.listed(studio.file, studio.now(), statuses=["pending"]) == []
    kept = studio.file.connection.execute("SELECT status FROM session").fetchone()[0]
    assert kept == "pending"


def test_expire_settles_once(studio: Studio, make: Maker, clock: Clock) -> None:
    """Settling writes each hold that ran out, once, and no other."""
    held = make.session(expires="2h")
    make.session("2026-12-04 14:00")
    with studio.file.atomic():
        assert session_store.expire(studio.file, clock.now.add(hours=2).subtract(seconds=1)) == []
        assert session_store.expire(studio.file, clock.now.add(hours=2)) == [held.id]
        assert session_store.expire(studio.file, clock.now.add(hours=2)) == []


def test_first_finish_of_a_step_stays(studio: Studio, make: Maker, clock: Clock) -> None:
    """A step is done when it was done first; doing it again is nothing new."""
    session = make.session()
    with studio.file.atomic():
        assert session_store.finish_step(studio.file, session.id, "review", clock.now, 1)
        assert not session_store.finish_step(studio.file, session.id, "review", clock.now.add(hours=1), 1)
        assert session_store.finish_step(studio.file, session.id, "review", clock.now, 2)
        assert session_store.finish_step(studio.file, session.id, "review", clock.now, 1)
    read = session_store.get(studio.file, session.id, studio.now())
    assert read is not None
    assert read.step("review").done_at == clock.now


def test_answers_are_replaced_whole(studio: Studio, make: Maker) -> None:
    """Answers come back in the order of the questions; new ones replace all of the old ones."""
    session = make.session()
    with studio.file.atomic():
        session_store.save_answers(studio.file, session.id, [Answer("b", "B", "1"), Answer("a", "A", "2")])
        newer = [Answer("c", "C", "שלום", "long"), Answer("a", "A", "no", "yes_no")]
        session_store.save_answers(studio.file, session.id, newer)
    assert session_store.answers(studio.file, session.id) == newer


def test_answers_keep_their_kind(studio: Studio, make: Maker) -> None:
    """Ticks come back one by one, and two lines of a text as one text."""
    session = make.session()
    given = [Answer("a", "A", "x\ny", "choices"), Answer("b", "B", "x\ny", "long")]
    with studio.file.atomic():
        session_store.save_answers(studio.file, session.id, given)
    read = session_store.answers(studio.file, session.id)
    assert read == given
    assert [answer.values for answer in read] == [("x", "y"), ("x\ny",)]


def test_details_of_a_revision(studio: Studio, make: Maker) -> None:
    """What a client saw is kept word for word; a revision that never was gives nothing."""
    session = make.session()
    assert session_store.details_at(studio.file, session.id, 1) == session.details()
    assert session_store.details_at(studio.file, session.id, 2) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(-200, 200), st.integers(1, 200), st.booleans())
def test_taken_between_agrees_with_the_schema(
    studio: Studio, make: Maker, quarter: int, length: int, but: bool
) -> None:
    """What Python calls taken is exactly what the file would refuse."""
    if not session_store.listed(studio.file, studio.now()):
        make.type(buffer_before="20m", buffer_after="40m")
        make.session(type="family", client=str(make.client().id))
        make.session("2026-12-05 12:00", custom=True, duration="7d")
    session = session_store.listed(studio.file, studio.now())[0]
    first = session.starts_at.add(minutes=5 * quarter)
    last = first.add(minutes=5 * length)
    found = session_store.taken_between(
        studio.file, first, last, studio.now(), but=session.id if but else None
    )
    with studio.file.rehearsal() as sql:
        if but:
            sql.execute("UPDATE session SET status = 'canceled' WHERE id = ?", (session.id,))
        insert = """INSERT INTO session (status, title, client_id, starts_at, duration_minutes, timezone, price_minor,
                    asked_now_minor, currency, created_at)
                    VALUES ('pending', 'x', 1, ?, ?, 'UTC', 0, 0, 'CAD', '2026-11-20T15:00:00Z')"""
        try:
            sql.execute(insert, (first.format_iso(unit="second"), 5 * length))
        except sqlite3.IntegrityError as refused:
            assert "studio:overlap" in str(refused)
            assert found
        else:
            assert not found


def test_last_touched_is_the_owners(studio: Studio, make: Maker) -> None:
    """The session touched last is the one of the owner's newest line of history, not of a client's."""
    assert session_store.last_touched(studio.file) is None
    first, second = make.session(), make.session("2026-12-04 14:00")
    assert session_store.last_touched(studio.file) == second.id
    with studio.file.atomic() as sql:
        sql.execute(
            "INSERT INTO event (at, actor, kind, session_id) VALUES ('2026-11-20T15:00:00Z', 'client', 'x', ?)",
            (first.id,),
        )
    assert session_store.last_touched(studio.file) == second.id


def test_plan_of_the_overlap_search(studio: Studio) -> None:
    """Looking for an overlap is a range of the index of occupied times, never a scan of all sessions."""
    plan = studio.file.connection.execute(
        """EXPLAIN QUERY PLAN SELECT 1 FROM session AS other WHERE other.occupies AND other.id <> 1
           AND other.busy_from > '2026-12-01' AND other.busy_from < '2026-12-02' AND other.busy_until > '2026-12-01'"""
    ).fetchall()
    assert any("session_occupied" in row["detail"] for row in plan)
    assert all("SCAN" not in row["detail"] for row in plan)


@pytest.mark.parametrize("status", ["pending", "canceled"])
def test_status_is_refused_by_the_schema(studio: Studio, make: Maker, status: str) -> None:
    """A status that the schema refuses is told as a rule that says no."""
    from studio_cli.errors import Refused

    session = make.session()
    with studio.file.atomic():
        session_store.set_status(studio.file, session.id, "canceled")
    if status == "canceled":
        with studio.file.atomic():
            session_store.set_status(studio.file, session.id, "canceled")
    else:
        with pytest.raises(Refused) as refused, studio.file.atomic():
            session_store.set_status(studio.file, session.id, "pending")
        assert refused.value.code == "transition"
