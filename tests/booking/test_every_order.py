"""Whatever the owner does, in whatever order: never an overlap without a yes, never a lost session."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from whenever import Instant

from studio_cli.booking import new_session, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import found
from studio_cli.errors import Refused
from studio_cli.model.session import TRANSITIONS
from studio_cli.model.times import rfc3339, stored
from tests.conftest import NOW, Clock

DAY = Instant.from_utc(2026, 12, 4)
MINUTES = st.integers(0, 40).map(lambda quarter: quarter * 15)
LENGTHS = st.sampled_from((15, 30, 60, 120, 600))
BUFFERS = st.sampled_from((0, 0, 15, 60))
YES_NO = st.booleans()


@dataclass
class Naive:
    """A session as the slow and obvious model keeps it; minutes after ``DAY``."""

    start: int
    length: int
    before: int = 0
    after: int = 0
    status: str = "pending"
    forced: bool = False
    deadline: Instant | None = None

    def meets(self, other: Naive) -> bool:
        """Whether the two, with their buffers, overlap."""
        mine = self.start - self.before, self.start + self.length + self.after
        theirs = other.start - other.before, other.start + other.length + other.after
        return mine[0] < theirs[1] and mine[1] > theirs[0]


class Owner(RuleBasedStateMachine):
    """An owner who does anything at any time, against the naive model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        path = Path(self.folder.name) / "studio.db"
        self.studio = found(path, self.clock, name="A", email="a@example.com", timezone="UTC", currency="CAD")
        self.studio.file.connection.execute("PRAGMA synchronous = OFF")  # this test is not about power cuts
        self.model: dict[int, Naive] = {}

    def teardown(self) -> None:
        self.studio.file.close()
        self.folder.cleanup()

    def _at(self, start: int) -> str:
        return rfc3339(DAY.add(minutes=start), "UTC")

    def _settle(self) -> None:
        for one in self.model.values():
            if one.status == "pending" and one.deadline is not None and one.deadline <= self.clock.now:
                one.status = "expired"

    def _taken(self, wanted: Naive, but: int | None = None) -> bool:
        return any(
            one.meets(wanted)
            for number, one in self.model.items()
            if number != but and one.status in {"pending", "confirmed"}
        )

    def _any(self, pick: int) -> int:
        return sorted(self.model)[pick % len(self.model)]

    @rule(start=MINUTES, length=LENGTHS, force=YES_NO, hold=st.sampled_from((None, None, 2, 50)))
    def set_up(self, start: int, length: int, force: bool, hold: int | None) -> None:
        """Set up a session, at any time."""
        self._settle()
        wanted = Naive(start, length)
        wanted.deadline = self.clock.now.add(hours=hold) if hold else None
        wanted.forced = self._taken(wanted)
        words = Wanted(
            at=self._at(start), one_off="T", duration=f"{length}m", price="0", custom=True, allow_overlap=force,
            expires=f"{hold}h" if hold else None,
            **({"client": "C"} if self.model else {"add_client": "C"}),
        )  # fmt: skip
        if wanted.forced and not force:
            with pytest.raises(Refused, match="taken"):
                new_session.set_up(self.studio, words)
            if not self.model:
                raise AssertionError("nothing can be in the way of the first session")
            return
        done = new_session.set_up(self.studio, words)
        assert done.session.id not in self.model
        self.model[done.session.id] = wanted

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), start=MINUTES, force=YES_NO)
    def move(self, pick: int, start: int, force: bool) -> None:
        """Move a session."""
        self._settle()
        number = self._any(pick)
        one = self.model[number]
        wanted = Naive(start, one.length, one.before, one.after)
        taken = self._taken(wanted, number)
        possible = one.status in {"pending", "confirmed"} and (start == one.start or force or not taken)
        if not possible:
            with pytest.raises(Refused):
                session_changes.reschedule(
                    self.studio, str(number), self._at(start), custom=True, allow_overlap=force
                )
            return
        session_changes.reschedule(
            self.studio, str(number), self._at(start), custom=True, allow_overlap=force
        )
        if start != one.start:
            one.start, one.forced = start, taken

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), length=LENGTHS, before=BUFFERS, after=BUFFERS, force=YES_NO)
    def change(self, pick: int, length: int, before: int, after: int, force: bool) -> None:
        """Make a session longer or shorter, with other buffers."""
        self._settle()
        number = self._any(pick)
        one = self.model[number]
        wanted = Naive(one.start, length, before, after)
        same = (one.length, one.before, one.after) == (length, before, after)
        taken = self._taken(wanted, number)
        edits = Edits(duration=f"{length}m", buffer_before=f"{before}m", buffer_after=f"{after}m")
        inside = before <= one.before and length <= one.length and length + after <= one.length + one.after
        allowed = force or same or (one.forced and inside)
        if one.status not in {"pending", "confirmed"} or (taken and not allowed):
            with pytest.raises(Refused):
                session_changes.edit(self.studio, str(number), edits, custom=True, allow_overlap=force)
            return
        session_changes.edit(self.studio, str(number), edits, custom=True, allow_overlap=force)
        if not same:
            one.length, one.before, one.after, one.forced = length, before, after, taken

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), verb=st.sampled_from(("confirm", "cancel", "reopen")), force=YES_NO)
    def decide(self, pick: int, verb: str, force: bool) -> None:
        """Confirm, cancel or reopen a session."""
        self._settle()
        number = self._any(pick)
        one = self.model[number]
        to = {"confirm": "confirmed", "cancel": "canceled", "reopen": "pending"}[verb]
        act = {
            "confirm": lambda: sessions.confirm(self.studio, str(number)),
            "cancel": lambda: sessions.cancel(self.studio, str(number)),
            "reopen": lambda: sessions.reopen(self.studio, str(number), allow_overlap=force),
        }[verb]
        taken = verb == "reopen" and one.status == "expired" and self._taken(one, number)
        if one.status != to and (to not in TRANSITIONS[one.status] or (taken and not force)):  # type: ignore[index]
            with pytest.raises(Refused):
                act()
            return
        if verb == "reopen" and one.status in {"expired", "confirmed"}:
            one.deadline = None
            one.forced = taken if one.status == "expired" else one.forced
        assert act().changed == (one.status != to)
        one.status = to

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        """Let time pass: holds run out."""
        self.clock.forward(hours=hours)

    @precondition(lambda self: self.model)
    @rule(start=MINUTES, length=LENGTHS, before=BUFFERS, after=BUFFERS)
    def meddle(self, start: int, length: int, before: int, after: int) -> None:
        """Write a session into the file with another program: the file itself refuses an overlap."""
        self._settle_file()
        insert = (
            "INSERT INTO session (status, title, client_id, starts_at, duration_minutes, timezone, price_minor, "
            "asked_now_minor, currency, created_at, buffer_before_minutes, buffer_after_minutes) "
            "VALUES ('pending', 'M', 1, ?, ?, 'UTC', 0, 0, 'CAD', ?, ?, ?)"
        )
        values = (stored(DAY.add(minutes=start)), length, stored(NOW), before, after)
        other = sqlite3.connect(self.studio.file.path, isolation_level=None)
        wanted = Naive(start, length, before, after)
        try:
            if self._taken(wanted):
                with pytest.raises(sqlite3.IntegrityError, match="overlap"):
                    other.execute(insert, values)
            else:
                number = other.execute(insert, values).lastrowid
                assert number is not None
                self.model[number] = wanted
        finally:
            other.close()

    def _settle_file(self) -> None:
        self._settle()
        with self.studio.file.atomic():
            self.studio.settle(self.clock.now)

    @invariant()
    def every_session_is_as_the_model_says(self) -> None:
        """No session is lost, and each has the status, time and length that the model has."""
        self._settle()
        from studio_cli.store import session as session_store

        kept = {one.id: one for one in session_store.listed(self.studio.file, self.studio.now())}
        assert set(kept) == set(self.model)
        for number, one in self.model.items():
            session = kept[number]
            assert session.status == one.status
            assert session.starts_at == DAY.add(minutes=one.start)
            assert (session.duration, session.buffer_before, session.buffer_after) == (
                one.length,
                one.before,
                one.after,
            )
            assert session.overlap_allowed == one.forced

    @invariant()
    def no_overlap_without_a_yes(self) -> None:
        """Of two sessions that overlap, one was placed there on purpose."""
        living = [one for one in self.model.values() if one.status in {"pending", "confirmed"}]
        for one, other in combinations(living, 2):
            assert not one.meets(other) or one.forced or other.forced


@pytest.mark.timeout(300)
def test_any_order_keeps_the_promises() -> None:
    """Create, move, change, confirm, cancel, reopen, expire and meddle in any order: the model always agrees."""
    run_state_machine_as_test(
        Owner, settings=settings(max_examples=25, stateful_step_count=30, deadline=None)
    )
    assert Owner.__doc__


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_steps() -> None:
    """The same for ten thousand steps."""
    runs = int(os.environ.get("RUNS", "200"))
    run_state_machine_as_test(
        Owner, settings=settings(max_examples=runs, stateful_step_count=50, deadline=None)
    )
    assert runs
