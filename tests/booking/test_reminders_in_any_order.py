"""Whatever owner and clients do, and whenever ``remind`` runs: once each, never at night, never what makes no sense."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from whenever import Instant, PlainDateTime, Time, ZonedDateTime

from studio_cli.booking import client as clients
from studio_cli.booking import journey, new_session, reminder, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import revoke, share
from studio_cli.booking.studio import change_setting, found
from studio_cli.errors import StudioError
from studio_cli.model.message import Envelope, Letter, MailFailed
from studio_cli.model.session import Session
from studio_cli.model.times import rfc3339
from studio_cli.store import message as message_store
from tests.conftest import NOW, ZONE, Clock

PICK = st.integers(0, 100)
REMINDING = ("reminder", "hold-ending", "payment-due", "tomorrow")
TELLING = (*REMINDING, "share", "changed", "confirmed")


class Living(RuleBasedStateMachine):
    """A studio in which anything happens; what its clients get is looked at by rules written down a second time."""

    looked: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        path = Path(self.folder.name) / "studio.db"
        self.studio = found(path, self.clock, name="A", email="a@example.com", timezone=ZONE, currency="CAD")
        self.studio.file.connection.execute("PRAGMA synchronous = OFF")  # this test is not about power cuts
        change_setting(self.studio, "mail.host", "localhost")
        change_setting(self.studio, "mail.news", "no")
        self.broken = False
        self.tokens: dict[int, str] = {}
        self.rounds: Counter[int] = Counter()
        self.last_told: dict[int, Instant] = {}
        self.asked: Counter[tuple[int, int]] = Counter()
        self.seen: set[str] = set()

    def teardown(self) -> None:
        self.studio.file.close()
        self.folder.cleanup()

    def _session(self, pick: int) -> Session:
        return sessions.get(self.studio, sorted(self.tokens)[pick % len(self.tokens)])

    # ── the world ─────────────────────────────────────────────────────────────────────────────────

    @rule(minutes=st.sampled_from((7, 60, 240, 600, 1440, 7 * 1440)))
    def time_passes(self, minutes: int) -> None:
        """Time passes; a machine sleeps a week."""
        self.clock.forward(minutes=minutes)

    @rule(times=st.integers(4, 20), minutes=st.sampled_from((60, 177, 430, 1440)))
    def cron(self, times: int, minutes: int) -> None:
        """Time passes, and the command runs again and again, as often as its owner found right."""
        for _ in range(times):
            self.clock.forward(minutes=minutes)
            self._run()

    @rule(broken=st.sampled_from((False, False, True)))
    def mail_server(self, broken: bool) -> None:
        """The mail server fails, or works again."""
        self.broken = broken

    @initialize(hours=st.integers(30, 24 * 15), due=st.sampled_from(("on the day", "2d before", "3d after")))
    def begin(self, hours: int, due: str) -> None:
        """There are sessions from the beginning: two confirmed ones, and one that its client has to complete."""
        for number, hold in enumerate((None, "6d", None)):
            self.set_up(hours + 50 * number, hold, due)
        self._do(self._session(0), "confirm")
        self._do(self._session(2), "confirm")
        self.cron(6, 1440)

    @precondition(lambda self: len(self.tokens) < 6)
    @rule(
        hours=st.integers(20, 24 * 20), hold=st.sampled_from((None, "3h", "30h", "6d")),
        due=st.sampled_from(("none", "on the day", "2d before", "3d after")),
    )  # fmt: skip
    def set_up(self, hours: int, hold: str | None, due: str) -> None:
        """Set up a session and give its client the link."""
        number = len(self.tokens) + 1
        wanted = Wanted(
            at=rfc3339(self.clock.now.round("hour").add(hours=hours), ZONE), one_off="T", duration="1h", price="100",
            pay="later", balance_due=due, add_client=f"C{number} <c{number}@example.com>", expires=hold,
            custom=True, allow_overlap=True,
        )  # fmt: skip
        made = new_session.set_up(self.studio, wanted).session
        self.tokens[made.id] = ""
        self._share(made)

    def _share(self, session: Session) -> None:
        link = share(self.studio, str(session.id), "direct").link
        self.tokens[session.id] = str(link).rpartition("/")[2]
        self.rounds[session.id] += 1
        self.last_told[session.id] = self.clock.now

    @precondition(lambda self: self.tokens)
    @rule(pick=PICK)
    def confirm(self, pick: int) -> None:
        """The owner confirms a session."""
        self._do(self._session(pick), "confirm")

    @precondition(lambda self: self.tokens)
    @rule(pick=PICK, what=st.sampled_from(("share", "reopen", "cancel", "review", "revoke", "pay")))
    def somebody_does(self, pick: int, what: str) -> None:
        """Owner or client do what they may; what they may not is refused."""
        self._do(self._session(pick), what)

    def _do(self, session: Session, what: str) -> None:
        number = str(session.id)
        try:
            if what == "share":
                self._share(session)
            elif what == "confirm":
                sessions.confirm(self.studio, number)
            elif what == "reopen":
                self.rounds[session.id] += sessions.reopen(self.studio, number, allow_overlap=True).changed
            elif what == "cancel":
                sessions.cancel(self.studio, number)
            elif what == "review":
                journey.review(self.studio, self.tokens[session.id], session.revision)
            elif what == "revoke":
                revoke(self.studio, number)
            else:
                payments.record(self.studio, number, "100")
        except StudioError:
            pass

    @precondition(lambda self: self.tokens)
    @rule(pick=PICK, hours=st.integers(1, 24 * 10), place=st.booleans())
    def changed(self, pick: int, hours: int, place: bool) -> None:
        """The owner moves a session or changes its place."""
        session = self._session(pick)
        number, at = str(session.id), rfc3339(self.clock.now.round("hour").add(hours=hours), ZONE)
        try:
            if place:
                session_changes.edit(self.studio, number, Edits(location=f"Room {hours}"))
            else:
                session_changes.reschedule(self.studio, number, at, custom=True, allow_overlap=True)
        except StudioError:
            pass

    @precondition(lambda self: self.tokens)
    @rule(pick=PICK, on=st.sampled_from((True, True, False)), whole=st.booleans())
    def switch(self, pick: int, on: bool, whole: bool) -> None:
        """Reminders are switched off or on, for a session or its client."""
        session = self._session(pick)
        try:
            if whole:
                clients.edit(self.studio, session.client.id, no_reminders=not on)
            else:
                session_changes.edit(self.studio, str(session.id), Edits(reminders=on))
        except StudioError:
            pass

    # ── what clients get ──────────────────────────────────────────────────────────────────────────

    @rule()
    def remind(self) -> None:
        """The command runs, twice for good measure: the second time there is nothing left."""
        self._run()

    def _run(self) -> None:
        reminder.remind(self.studio, self)
        if not self.broken:
            again = [one for one in reminder.remind(self.studio, self) if one.message.kind in REMINDING]
            assert again == []

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Take a mail as the mail server does, and look whether it makes sense at this moment."""
        if self.broken:
            raise MailFailed("down")
        number = int(envelope.message_id.partition(".")[2].partition("@")[0])
        message = message_store.get(self.studio.file, number)
        assert message is not None
        assert message.session_id is not None
        session = sessions.get(self.studio, message.session_id)
        assert envelope.message_id not in self.seen
        self.seen.add(envelope.message_id)
        if message.kind in REMINDING:
            self._look(session, message.kind, letter)
        if message.kind in TELLING:
            self.last_told[session.id] = self.clock.now

    def _look(self, session: Session, kind: str, letter: Letter) -> None:
        self.looked[kind] += 1
        now, here = self.clock.now, self.clock.now.to_tz(ZONE)
        start = session.starts_at.to_tz(ZONE)
        assert 8 <= here.hour < 21, "in the night"
        assert session.reminders, "switched off"
        assert session.client.reminders, "switched off"
        told = self.last_told[session.id]
        if kind in {"reminder", "hold-ending"}:
            assert session.status == "pending", "not pending"
            assert now < session.starts_at, "over"
            assert any(share.revoked_at is None for share in session.shares), "no link"
            assert session.steps[0].name == "review", "nothing to do"
            assert session.steps[0].open, "nothing to do"
            assert "/s/" in letter.text
        if kind == "reminder":
            self.asked[session.id, self.rounds[session.id]] += 1
            assert self.asked[session.id, self.rounds[session.id]] <= 2, "a third time"
        if kind in {"tomorrow", "payment-due"}:
            assert session.status == "confirmed", "not confirmed"
        if kind == "tomorrow":
            days = _days(here, start)
            assert now < session.starts_at
            assert days == (0 if letter.subject.startswith("Today") else 1), letter.subject
        if kind == "payment-due":
            day = session.balance_due_on
            assert session.paid.minor < 10000, "paid"
            assert day is not None, "not due"
            assert letter.subject.startswith("Overdue") is (day < here.date())
            assert -7 <= _days(day.at(Time(0)), here) <= 16 + 3, "not its day"
        if kind != "hold-ending":
            assert now.timestamp() - told.timestamp() >= 12 * 3600, "just told"


def _days(first: ZonedDateTime | PlainDateTime, last: ZonedDateTime) -> int:
    """Return the days between two walls."""
    days = [date(one.year, one.month, one.day).toordinal() for one in (first, last)]
    return days[1] - days[0]


@pytest.mark.timeout(300)
def test_any_order_of_things() -> None:
    """Sessions change, time passes, mail fails: what clients get is once, by day, and so."""
    run_state_machine_as_test(
        Living, settings=settings(max_examples=8, stateful_step_count=25, deadline=None)
    )
    assert sum(Living.looked.values()) > 10


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_things() -> None:
    """The same for ten thousand steps."""
    runs = int(os.environ.get("RUNS", "200"))
    run_state_machine_as_test(
        Living, settings=settings(max_examples=runs, stateful_step_count=50, deadline=None)
    )
    assert runs


def test_the_clock_begins_by_day() -> None:
    """The first moment is in the morning in Toronto: the test is not about the night alone."""
    assert NOW.to_tz(ZONE).hour == 10
