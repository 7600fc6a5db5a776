"""Whatever owner and clients do, in whatever order: never an overlap without a yes, never a lost session.

And never a contract that counts as signed without a signature under its very text.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from dataclasses import dataclass, field
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

from studio_cli.booking import contract as contracts
from studio_cli.booking import journey, new_session, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.journey import Signer
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import found
from studio_cli.errors import Refused
from studio_cli.model.session import TRANSITIONS
from studio_cli.model.times import rfc3339, stored
from studio_cli.store import contract as contract_store
from studio_cli.store import session as session_store
from tests.conftest import NOW, Clock

DAY = Instant.from_utc(2026, 12, 4)
MINUTES = st.integers(0, 40).map(lambda quarter: quarter * 15)
LENGTHS = st.sampled_from((15, 30, 60, 120, 600))
BUFFERS = st.sampled_from((0, 0, 15, 60))
YES_NO = st.booleans()
CONTRACTS = {"plain": "Be kind.", "timed": "On {{ session.starts_at }} for {{ session.duration }}."}
CONTRACT = st.sampled_from((None, "plain", "timed"))
SIGNED = {"name": ["C"], "agreed": ["yes"]}


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
    contract: str | None = None
    price: int = 0
    signed: list[tuple[object, ...]] = field(default_factory=list)
    signed_when_confirmed: bool | None = None

    @property
    def wording(self) -> tuple[object, ...]:
        """What makes one text of the contract another: for the timed one, when and how long."""
        return (self.contract, self.start, self.length) if self.contract == "timed" else (self.contract,)

    @property
    def unsigned(self) -> bool:
        """Whether the contract as it would be now waits for a signature."""
        return self.contract is not None and self.wording not in self.signed

    def meets(self, other: Naive) -> bool:
        """Whether the two, with their buffers, overlap."""
        mine = self.start - self.before, self.start + self.length + self.after
        theirs = other.start - other.before, other.start + other.length + other.after
        return mine[0] < theirs[1] and mine[1] > theirs[0]


class Owner(RuleBasedStateMachine):
    """An owner and clients who do anything at any time, against the naive model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        path = Path(self.folder.name) / "studio.db"
        self.studio = found(path, self.clock, name="A", email="a@example.com", timezone="UTC", currency="CAD")
        self.studio.file.connection.execute("PRAGMA synchronous = OFF")  # this test is not about power cuts
        self.model: dict[int, Naive] = {}
        self.tokens: dict[int, str] = {}
        self.open_pages: list[tuple[int, int, str]] = []
        for name, source in CONTRACTS.items():
            contracts.add(self.studio, name, source)

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

    @rule(
        start=MINUTES, length=LENGTHS, force=YES_NO, hold=st.sampled_from((None, None, 2, 50)), contract=CONTRACT,
        price=st.sampled_from((0, 100)),
    )  # fmt: skip
    def set_up(
        self, start: int, length: int, force: bool, hold: int | None, contract: str | None, price: int
    ) -> None:
        """Set up a session, at any time, with or without a contract and a price."""
        self._settle()
        wanted = Naive(start, length, contract=contract, price=price)
        wanted.deadline = self.clock.now.add(hours=hold) if hold else None
        wanted.forced = self._taken(wanted)
        words = Wanted(
            at=self._at(start), one_off="T", duration=f"{length}m", price=str(price), custom=True, allow_overlap=force,
            expires=f"{hold}h" if hold else None, contract=contract,
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
        if verb == "confirm" and one.status == "pending":
            one.signed_when_confirmed = not one.unsigned
        if verb == "reopen" and one.status in {"expired", "confirmed"}:
            one.deadline = None
            one.forced = taken if one.status == "expired" else one.forced
        assert act().changed == (one.status != to)
        one.status = to

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), contract=CONTRACT)
    def ask_for(self, pick: int, contract: str | None) -> None:
        """Give a session another contract, or none."""
        self._settle()
        number = self._any(pick)
        one = self.model[number]
        edits = Edits(contract=contract or "none")
        if one.status != "pending":
            with pytest.raises(Refused):
                session_changes.edit(self.studio, str(number), edits)
            return
        session_changes.edit(self.studio, str(number), edits)
        one.contract = contract

    def _token(self, number: int) -> str | None:
        if number not in self.tokens and self.model[number].status == "pending":
            link = share(self.studio, str(number), "direct").link
            assert link is not None
            self.tokens[number] = link.rpartition("/s/")[2]
        return self.tokens.get(number)

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50))
    def look(self, pick: int) -> None:
        """A client opens the page and leaves it open: what is on it may be signed much later."""
        self._settle()
        self._look(self._any(pick))

    def _look(self, number: int) -> bool:
        token = self._token(number)
        if token is None:
            return False
        session = journey.visit(self.studio, token).session
        self.open_pages.append(
            (number, session.revision, session.contract.sha256 if session.contract else "")
        )
        return True

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50))
    def agree(self, pick: int) -> None:
        """A client opens the page, agrees to its details and signs at once."""
        self._settle()
        if self._look(self._any(pick)):
            self.sign(len(self.open_pages) - 1, True)

    @precondition(lambda self: self.open_pages)
    @rule(page=st.integers(0, 50), review=YES_NO)
    def sign(self, page: int, review: bool) -> None:
        """A client signs on a page that was opened at any time before, having agreed to its details or not."""
        self._settle()
        number, revision, sha256 = self.open_pages[page % len(self.open_pages)]
        token, one = self.tokens[number], self.model[number]
        session = sessions.get(self.studio, number)
        details = session.details()
        seen = revision == session.revision or (
            session_store.details_at(self.studio.file, number, revision) == details
        )
        if review:
            journey.review(self.studio, token, revision)
        reviewed = sessions.get(self.studio, number).step("review").done_at is not None
        after = journey.sign(
            self.studio, token, revision, sha256, SIGNED, Signer("192.0.2.1", "a browser")
        ).session
        if one.status != "pending":
            assert after.status == one.status
            return
        if seen and reviewed and one.unsigned:
            one.signed.append(one.wording)
        if reviewed and not one.unsigned and not one.price:
            one.status, one.signed_when_confirmed = "confirmed", True
        assert after.status == one.status

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
    def every_contract_is_as_it_was_signed(self) -> None:
        """A pending session waits for a signature exactly when nobody has signed that very text; none is lost."""
        for number, one in self.model.items():
            session = sessions.get(self.studio, number)
            assert (session.contract.name if session.contract else None) == one.contract
            kept = contract_store.signatures(self.studio.file, number)
            assert len(kept) == len(one.signed)
            for signature in kept:
                document = contract_store.get(self.studio.file, number, signature.sha256)
                assert document is not None
                assert hashlib.sha256(document.text.encode()).hexdigest() == signature.sha256
            if one.status in {"pending", "expired"}:
                assert session.step("contract").open == one.unsigned
            elif one.status == "confirmed" and session.confirmed_by == "client":
                assert one.signed_when_confirmed

    @invariant()
    def no_overlap_without_a_yes(self) -> None:
        """Of two sessions that overlap, one was placed there on purpose."""
        living = [one for one in self.model.values() if one.status in {"pending", "confirmed"}]
        for one, other in combinations(living, 2):
            assert not one.meets(other) or one.forced or other.forced


@pytest.mark.timeout(300)
def test_any_order_keeps_the_promises() -> None:
    """Create, move, change, sign, confirm, cancel, reopen, expire and meddle in any order: the model always agrees."""
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
