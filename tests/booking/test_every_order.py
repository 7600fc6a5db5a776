"""Whatever owner and clients do, in whatever order: never an overlap without a yes, never a lost session.

And never a contract that counts as signed without a signature under its very text, a move or a cancellation beyond
its deadline, or a mail too many.
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

from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import contract as contracts
from studio_cli.booking import journey, new_session, request, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.journey import Signer
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.request import Answer
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import change_setting, found
from studio_cli.errors import Refused
from studio_cli.model.availability import Hours
from studio_cli.model.session import TRANSITIONS
from studio_cli.model.times import rfc3339, stored
from studio_cli.store import availability as hours_store
from studio_cli.store import contract as contract_store
from studio_cli.store import message as message_store
from studio_cli.store import session as session_store
from tests.conftest import NOW, Clock

DAY = Instant.from_utc(2026, 12, 4)
MINUTES = st.integers(0, 40).map(lambda quarter: quarter * 15)
LENGTHS = st.sampled_from((15, 30, 60, 120, 600))
BUFFERS = st.sampled_from((0, 0, 15, 60))
YES_NO = st.booleans()
CONTRACTS = {"plain": "Be kind.", "timed": "On {{ session.starts_at }} for {{ session.duration }}."}
CONTRACT = st.sampled_from((None, "plain", "timed"))
UNTIL = st.sampled_from((None, 0, 24, 24 * 13))
ALL_DAY = [Hours(weekday, 0, 24 * 60) for weekday in range(1, 8)]
LIVING = {"inquiry", "pending", "confirmed"}
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
    move_until: int | None = None
    cancel_until: int | None = None
    moves: int = 0
    held: bool = True
    offered: tuple[int, ...] = ()
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

    @property
    def occupies(self) -> bool:
        """Whether its time is its own."""
        return self.status in {"pending", "confirmed"} or (self.status == "inquiry" and self.held)

    def meets(self, other: Naive) -> bool:
        """Whether the two, with their buffers, overlap."""
        mine = self.start - self.before, self.start + self.length + self.after
        theirs = other.start - other.before, other.start + other.length + other.after
        return mine[0] < theirs[1] and mine[1] > theirs[0]


def _open(start: int, length: int) -> bool:
    """Return whether clients can book then: every half hour, all day long."""
    return start % 30 == 0 and start + length <= 24 * 60


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
        self.accepted: set[int] = set()
        self.open_pages: list[tuple[int, int, str]] = []
        change_setting(self.studio, "mail.host", "mail.example.com")
        with self.studio.file.atomic():
            hours_store.set_weekly_hours(self.studio.file, range(1, 8), ALL_DAY)
        for name, source in CONTRACTS.items():
            contracts.add(self.studio, name, source)

    def teardown(self) -> None:
        self.studio.file.close()
        self.folder.cleanup()

    def _at(self, start: int) -> str:
        return rfc3339(DAY.add(minutes=start), "UTC")

    def _settle(self) -> None:
        for one in self.model.values():
            over = one.deadline is not None and one.deadline <= self.clock.now
            if one.status == "pending" and over:
                one.status = "expired"
            if one.status == "inquiry":
                one.held = one.held and not over
                times = one.offered or (one.start,)
                if all(DAY.add(minutes=start) <= self.clock.now for start in times):
                    one.status = "declined"

    def _taken(self, wanted: Naive, but: int | None = None) -> bool:
        return any(one.meets(wanted) for number, one in self.model.items() if number != but and one.occupies)

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
        possible = one.status in LIVING and (start == one.start or force or not taken)
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
        if one.status not in LIVING or (taken and not allowed):
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
        possible = to in TRANSITIONS[one.status] and (one.status, verb) != ("inquiry", "reopen")  # type: ignore[index]
        if one.status != to and (not possible or (taken and not force)):
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
        if one.status not in {"inquiry", "pending"}:
            with pytest.raises(Refused):
                session_changes.edit(self.studio, str(number), edits)
            return
        session_changes.edit(self.studio, str(number), edits)
        one.contract = contract

    def _request(self, pick: int) -> int:
        """Return a request, most of the time; where there is none, any session."""
        asked = sorted(number for number, one in self.model.items() if one.status == "inquiry")
        return asked[pick % len(asked)] if asked and pick % 5 else self._any(pick)

    # ── requests, and clients who change their minds ─────────────────────────────────────────────

    @precondition(lambda self: self.model)
    @rule(start=MINUTES, length=LENGTHS, hold=st.sampled_from((None, 2, 50)))
    def ask(self, start: int, length: int, hold: int | None) -> None:
        """Take down a request, whose time is held."""
        self._settle()
        wanted = Naive(start, length, status="inquiry")
        starts = DAY.add(minutes=start)
        held = f"{hold}h" if hold else None
        words = Wanted(
            at=self._at(start), one_off="T", duration=f"{length}m", price="0", custom=True, client="C",
            expires=held, inquiry=True,
        )  # fmt: skip
        if starts <= self.clock.now or self._taken(wanted):
            with pytest.raises(Refused):
                new_session.set_up(self.studio, words)
            return
        wanted.deadline = min(starts, self.clock.now.add(hours=hold or 7 * 24))
        number = new_session.set_up(self.studio, words).session.id
        self.model[number] = wanted
        self._look(number)

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), start=st.none() | MINUTES, force=YES_NO)
    def accept(self, pick: int, start: int | None, force: bool) -> None:
        """Accept a request, at its own time or another; done again nothing happens."""
        self._settle()
        number = self._request(pick)
        one = self.model[number]
        at = one.start if start is None else start
        wanted = Naive(at, one.length, one.before, one.after)
        taken = self._taken(wanted, number)
        past = at != one.start and DAY.add(minutes=at) < self.clock.now

        def act() -> Answer:
            return request.accept(
                self.studio, str(number), at=None if start is None else self._at(start), custom=True,
                allow_overlap=force,
            )  # fmt: skip

        if one.status in {"pending", "confirmed"} and number in self.accepted:
            assert not act().changed
        elif one.status != "inquiry" or (taken and not force):
            with pytest.raises(Refused):
                act()
        elif not past:
            assert act().session.status == "pending"  # by telephone: the client has not seen it
            self.accepted.add(number)
            one.status, one.start, one.forced, one.deadline, one.offered = "pending", at, taken, None, ()

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), starts=st.lists(MINUTES, min_size=1, max_size=3, unique=True))
    def propose(self, pick: int, starts: list[int]) -> None:
        """Propose other times for a request: all of them free, or none is."""
        self._settle()
        number = self._request(pick)
        one = self.model[number]
        taken = [self._taken(Naive(start, one.length, one.before, one.after), number) for start in starts]
        late = any(DAY.add(minutes=start) <= self.clock.now for start in starts)
        if one.status != "inquiry" or (any(taken) and one.offered != tuple(starts)):
            with pytest.raises(Refused):
                request.propose(self.studio, str(number), list(map(self._at, starts)), custom=True)
        elif not late and one.offered != tuple(starts):
            request.propose(self.studio, str(number), list(map(self._at, starts)), custom=True)
            one.start, one.offered, one.forced, one.held = starts[0], tuple(starts), False, True
            one.deadline = min(DAY.add(minutes=starts[0]), self.clock.now.add(hours=7 * 24))
            self._look(number)

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50))
    def decline(self, pick: int) -> None:
        """Decline a request."""
        self._settle()
        number = self._request(pick)
        one = self.model[number]
        if one.status not in {"inquiry", "declined"}:
            with pytest.raises(Refused):
                request.decline(self.studio, str(number))
            return
        assert request.decline(self.studio, str(number)).changed == (one.status == "inquiry")
        one.status = "declined"

    @precondition(lambda self: self.model)
    @rule(pick=st.integers(0, 50), move=UNTIL, cancel=UNTIL)
    def allow(self, pick: int, move: int | None, cancel: int | None) -> None:
        """Say until when a client can move and cancel."""
        self._settle()
        number = self._any(pick)
        one = self.model[number]
        typed = ["none" if hours is None else f"{hours}h" if hours else "0" for hours in (move, cancel)]
        if one.status in LIVING:
            session_changes.edit(self.studio, str(number), Edits(move_until=typed[0], cancel_until=typed[1]))
            one.move_until, one.cancel_until = move, cancel

    @precondition(lambda self: self.open_pages)
    @rule(page=st.integers(0, 50), start=MINUTES)
    def move_oneself(self, page: int, start: int) -> None:
        """A client moves on a page that was opened at any time before."""
        self._settle()
        number, revision, _ = self.open_pages[page % len(self.open_pages)]
        one, now = self.model[number], self.clock.now
        known = self._knows(number, revision)
        limit = None if one.move_until is None else DAY.add(minutes=one.start).subtract(hours=one.move_until)
        allowed = one.status == "inquiry" or (one.status in LIVING and limit is not None and now <= limit)
        wanted = Naive(start, one.length, one.before, one.after)
        free = not self._taken(wanted, number) and DAY.add(minutes=start) >= now and _open(start, one.length)
        was = one.start
        outcome = minds.move(self.studio, self.tokens[number], revision, stored(DAY.add(minutes=start)))
        if outcome.what == "done":
            assert known and allowed and free and one.moves < 5
            one.start, one.forced, one.offered, one.moves = start, False, (), one.moves + 1
            session = outcome.visit.session
            if one.status == "inquiry":
                one.held = one.held and session.holds_time
            if session.status == "confirmed" != one.status:
                one.signed_when_confirmed = not one.unsigned
                one.status = "confirmed"
        else:
            same = start == was and not one.offered
            assert not (known and allowed and free and one.moves < 5 and not same)

    @precondition(lambda self: self.open_pages)
    @rule(page=st.integers(0, 50))
    def cancel_oneself(self, page: int) -> None:
        """A client cancels, or withdraws a request, on a page that was opened at any time before."""
        self._settle()
        number, revision, _ = self.open_pages[page % len(self.open_pages)]
        one, now = self.model[number], self.clock.now
        limit = DAY.add(minutes=one.start).subtract(hours=one.cancel_until or 0)
        allowed = one.status == "inquiry" or (
            one.status in LIVING and one.cancel_until is not None and now <= limit
        )
        known = self._knows(number, revision)
        outcome = minds.cancel(self.studio, self.tokens[number], revision, "0-0-0")
        assert (outcome.what == "done") == (known and allowed)
        if outcome.what == "done":
            one.status = "canceled"

    @precondition(lambda self: self.open_pages)
    @rule(page=st.integers(0, 50), which=st.integers(0, 2))
    def say_yes(self, page: int, which: int) -> None:
        """A client takes one of the times that were proposed."""
        self._settle()
        number, revision, _ = self.open_pages[page % len(self.open_pages)]
        one = self.model[number]
        start = one.offered[which % len(one.offered)] if one.offered else one.start
        wanted = Naive(start, one.length, one.before, one.after)
        possible = self._knows(number, revision) and one.status == "inquiry" and bool(one.offered)
        free = not self._taken(wanted, number) and DAY.add(minutes=start) > self.clock.now
        outcome = minds.agree(self.studio, self.tokens[number], revision, stored(DAY.add(minutes=start)))
        assert (outcome.what == "done") == (possible and free)
        if outcome.what == "done":
            one.status, one.start, one.offered, one.forced, one.deadline = "pending", start, (), False, None
            if not one.unsigned:
                one.status, one.signed_when_confirmed = "confirmed", True

    def _knows(self, number: int, revision: int) -> bool:
        session = sessions.get(self.studio, number)
        seen = session_store.details_at(self.studio.file, number, revision)
        return revision == session.revision or seen == session.details()

    def _token(self, number: int) -> str | None:
        if number not in self.tokens and self.model[number].status in {"inquiry", "pending"}:
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
    def nothing_is_told_twice(self) -> None:
        """Nobody gets two mails about one occasion, and one occasion is one line of the history or one status."""
        for number, one in self.model.items():
            kept = message_store.listed(self.studio.file, session_id=number)
            assert len({(mail.occasion, mail.recipient) for mail in kept}) == len(kept)
            kinds = [mail.kind for mail in kept]
            assert all(kinds.count(kind) <= 1 for kind in ("accepted", "declined", "canceled"))
            if one.status == "confirmed":
                waiting = {mail.kind for mail in kept if mail.state == "queued"}
                assert not waiting & {"proposal", "requested", "accepted", "declined"}

    @invariant()
    def no_overlap_without_a_yes(self) -> None:
        """Of two sessions that overlap, one was placed there on purpose."""
        living = [one for one in self.model.values() if one.occupies]
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
