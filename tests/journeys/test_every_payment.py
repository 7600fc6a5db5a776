"""Paying at Stripe in any order: what happens is shuffled, repeated, dropped and cut off, and ends the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import checkout as checkouts
from studio_cli.booking import client as clients
from studio_cli.booking import journey, new_session, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking import sync as syncing
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio, found, open_studio
from studio_cli.errors import StudioError
from studio_cli.model.client import ClientDetails
from studio_cli.model.session import Session
from studio_cli.outside.stripe import Stripe
from studio_cli.store import payment as payment_store
from tests.conftest import ZONE, Clock
from tests.fake_stripe import TEST_KEY, WEBHOOK_SECRET, FakeStripe


class Killed(BaseException):
    """The program ended here."""


@dataclass(frozen=True)
class Mortal:
    """A provider around whose calls the program can end: before one is made, or before its answer is written down."""

    inner: Stripe
    fate: Callable[[], bool]

    def __getattr__(self, name: str) -> Any:
        made = getattr(self.inner, name)
        if name not in {"open", "look", "end", "refunds_of", "refunds_since"}:
            return made

        def mortal(*arguments: Any) -> Any:
            if self.fate():
                raise Killed
            answer = made(*arguments)
            if self.fate():
                raise Killed
            return answer

        return mortal


@dataclass
class Story:
    """One session, its client, its owner and Stripe, for a while."""

    studio: Studio
    clock: Clock
    fake: FakeStripe
    dice: random.Random
    token: str
    shown: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    status: str = "pending"
    seen: int = 0

    @property
    def provider(self) -> Any:
        """Stripe, in a world in which programs end at any moment."""
        healthy = Stripe(TEST_KEY, WEBHOOK_SECRET, self.fake.base)
        return Mortal(healthy, lambda: self.dice.random() < 0.08)

    @property
    def session(self) -> Session:
        """The session as it is."""
        return sessions.get(self.studio, 1)

    def tell(self) -> None:
        """Let it happen."""
        acts = self.dice.choices(list(ACTS), list(ACTS.values()), k=self.dice.randint(6, 16))
        for act in [*self.dice.choice([[], ["start"], ["start", "pay"]]), *acts]:
            self.told.append(act)
            self._do(getattr(self, act))
            self._check()
        self._settle()

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Killed:
            self.told[-1] += " (killed)"
            # The next program finds the file as it was left.
            self.studio = open_studio(self.studio.file.path, self.clock)
        except StudioError as refused:  # a rule said no: that is how it should be
            self.told[-1] += f" ({refused.code})"

    # ── the client ───────────────────────────────────────────────────────────────────────────────

    def review(self) -> None:
        """Agree to what is there now."""
        journey.review(self.studio, self.token, self.session.revision)

    def start(self) -> None:
        """Tap Pay."""
        going = checkouts.start(self.studio, self.provider, self.token, self.session.revision)
        if going.checkout is None:
            return
        page = going.checkout.outside_id
        assert page is not None
        assert going.checkout.amount == self.session.due_now
        if page not in self.shown:
            self.shown.append(page)
        still_open = [one for one in self.shown if self._page(one)["status"] == "open"]
        assert set(still_open) <= {page}, "a client could pay twice"

    def pay(self) -> None:
        """Pay on the newest page that was shown."""
        if self.shown:
            self.fake.pay(self.shown[-1])

    def pay_by_debit(self) -> None:
        """Pay on it by a bank debit, which takes days."""
        if self.shown:
            self.fake.pay(self.shown[-1], delayed=True)

    def pay_on_an_old_page(self) -> None:
        """Pay on any page that was ever shown, in a tab that stayed open."""
        if self.shown:
            self.fake.pay(self.dice.choice(self.shown))

    def come_back(self) -> None:
        """Come back, whether or not anything was paid."""
        self.clock.forward(seconds=3)
        syncing.returned(self.studio, self.provider, self.token)

    # ── Stripe ───────────────────────────────────────────────────────────────────────────────────

    def event(self) -> None:
        """Deliver any event, again or for the first time, in any order."""
        if self.fake.events:
            self._hear(self.dice.choice(self.fake.events))

    def _hear(self, event: dict[str, Any]) -> None:
        body, provider = json.dumps(event).encode(), self.provider
        syncing.heard(
            self.studio, provider, provider.read_event(body, self.fake.sign(body), self.studio.now())
        )

    def debit_ends(self) -> None:
        """Let money that was on its way arrive, or not."""
        for page in self.shown:
            intent = self.fake.intents.get(self._page(page)["payment_intent"] or "")
            if intent and intent["status"] == "processing":
                (self.fake.succeed if self.dice.random() < 0.6 else self.fake.fail)(page)

    def give_back(self) -> None:
        """Refund something in the dashboard."""
        for intent in self.fake.intents.values():
            if intent["status"] == "succeeded" and self.dice.random() < 0.5:
                charge = self.fake.charges[intent["latest_charge"]]
                left = charge["amount"] - charge["amount_refunded"]
                if left:
                    self.fake.give_back(intent["id"], self.dice.choice([left, 100]) if left > 100 else left)

    def stumble(self) -> None:
        """Let Stripe's next answers be none."""
        self.fake.plan = [self.dice.choice([500, "lost", 429, 400]) for _ in range(self.dice.randint(1, 4))]

    # ── the owner ────────────────────────────────────────────────────────────────────────────────

    def sync(self) -> None:
        """Ask about everything."""
        list(syncing.sync(self.studio, self.provider))

    def confirm(self) -> None:
        """Confirm."""
        sessions.confirm(self.studio, "1")

    def cancel(self) -> None:
        """Cancel."""
        sessions.cancel(self.studio, "1")

    def reopen(self) -> None:
        """Reopen."""
        sessions.reopen(self.studio, "1")

    def move(self) -> None:
        """Move it to another hour."""
        at = f"2026-12-{self.dice.choice(['04', '07'])} {self.dice.choice(['10', '13'])}:00"
        session_changes.reschedule(self.studio, "1", at)

    def reprice(self) -> None:
        """Change the price."""
        session_changes.edit(self.studio, "1", Edits(price=self.dice.choice(["80", "100", "120"])))

    def record_cash(self) -> None:
        """Record cash."""
        payments.record(self.studio, "1", self.dice.choice(["40", "100"]), method="cash")

    def refund(self) -> None:
        """Give something back through Stripe."""
        payments.refund(
            self.studio,
            payments.WantedRefund("1", self.dice.choice([None, "10"])),
            give_back=checkouts.give_back_with(Stripe(TEST_KEY, WEBHOOK_SECRET, self.fake.base)),
        )

    def fill_the_time(self) -> None:
        """Give the time to somebody else, if it is free."""
        wanted = Wanted(one_off="Other", duration="1h", price="0", client="1", at="2026-12-04 10:00")
        new_session.set_up(self.studio, wanted)

    def wait(self) -> None:
        """Let time pass."""
        self.clock.forward(minutes=self.dice.choice([5, 45, 400, 1500]))

    # ── what must always be so ───────────────────────────────────────────────────────────────────

    def _page(self, number: str) -> dict[str, Any]:
        page = self.fake.sessions[number]
        self.fake._run_out(page)
        return page

    def _check(self) -> None:
        session = self.session
        if session.status == "confirmed" != self.status:
            assert not session.step("payment").open, "confirmed without being paid or waived"
        self.status = session.status
        rows = payment_store.listed(self.studio.file)
        for row in rows[self.seen :]:
            if row.kind == "payment" and row.method == "stripe" and session.status in payments.DEAD:
                assert row.late == session.status or not row.left, "money for a dead session is not flagged"
        self.seen = len(rows)

    def _settle(self) -> None:
        """Let everybody ask once more, in a world without accidents: now the file knows all that Stripe knows."""
        self.fake.plan = []
        healthy = Stripe(TEST_KEY, WEBHOOK_SECRET, self.fake.base)
        list(syncing.sync(self.studio, healthy))
        self._check()
        self._check_ledger()
        before = list(self.studio.file.connection.iterdump())
        for event in self.dice.sample(self.fake.events, len(self.fake.events)):
            body = json.dumps(event).encode()
            syncing.heard(
                self.studio, healthy, healthy.read_event(body, self.fake.sign(body), self.studio.now())
            )
        list(syncing.sync(self.studio, healthy))
        self._check_ledger()
        after = list(self.studio.file.connection.iterdump())
        changed = {line for line in set(before) ^ set(after) if not line.startswith(NOISE)}
        assert not changed, "something was still to be heard"

    def _check_ledger(self) -> None:
        rows = payment_store.listed(self.studio.file)
        kept = {row.reference: row for row in rows if row.method == "stripe"}
        paid = [one for one in self.fake.intents.values() if one["status"] == "succeeded"]
        ours = {f"stripe:{one['id']}": one["amount"] for one in paid}
        assert {name: row.amount.minor for name, row in kept.items() if row.kind == "payment"} == ours
        back = {f"stripe:{one['id']}": one["amount"] for one in self.fake.refunds.values()}
        doubts = self.studio.file.connection.execute(
            "SELECT id FROM outside_event WHERE kind = 'refund in doubt'"
        )
        doubtful = {row[0] for row in doubts}
        refunds = {name: row.amount.minor for name, row in kept.items() if row.kind == "refund"}
        assert refunds == {name: amount for name, amount in back.items() if name not in doubtful}
        assert not checkouts.in_doubt(self.studio)
        receipts = sorted(row.receipt for row in rows if row.receipt is not None)
        assert receipts == list(range(1, len(receipts) + 1))
        assert len(receipts) == sum(row.kind == "payment" for row in rows)
        open_pages = [one for one in self.shown if self._page(one)["status"] == "open"]
        wanted = self.session.status == "pending" and self.session.due_now
        assert len(open_pages) <= (1 if wanted else 0), "a page is open that nobody wants paid"


NOISE = ('INSERT INTO "outside_event"', 'INSERT INTO "checkout"')
"""Hearing of an event and looking at a page leave a trace, and change nothing else."""

ACTS = {
    "start": 16, "pay": 12, "pay_by_debit": 4, "pay_on_an_old_page": 3, "come_back": 6, "event": 6, "debit_ends": 4,
    "sync": 4, "wait": 4, "review": 6, "cancel": 2, "confirm": 2, "reopen": 3, "move": 2, "reprice": 3,
    "record_cash": 1, "refund": 2, "give_back": 2, "fill_the_time": 2, "stumble": 2,
}  # fmt: skip
"""What can happen, and how often compared with the rest."""


@dataclass
class World:
    """What the stories share: one stand-in for Stripe, which forgets between them, and where they begin."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    beginnings: list[tuple[Path, str]] = field(default_factory=list)

    def begin(self, hold: str | None) -> None:
        """Make a studio whose client has reviewed a session that is held so long, and has only to pay."""
        path = self.folder / f"begin-{hold}.db"
        studio = found(
            path, self.clock, name="Ana", email="ana@example.com", timezone=ZONE, currency="CAD", test=True
        )
        studios.change_setting(studio, "payment.provider", "stripe", stripe_key=TEST_KEY)
        clients.add(studio, ClientDetails.checked("Rui Costa", "rui@example.com"))
        wanted = Wanted(one_off="Portrait", duration="1h", price="100", client="1", at="2026-12-04 10:00")
        new_session.set_up(studio, replace(wanted, expires=hold))
        link = share(studio, "1", "direct").link
        assert link is not None
        token = link.rpartition("/")[2]
        journey.review(studio, token, 1)
        studio.file.close()
        self.beginnings.append((path, token))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[World, FakeStripe]]:
    """A world with a stand-in for Stripe at its clock. In memory where there is such a folder: thousands of writes."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        made = World(Path(folder))
        for hold in (None, "40m", "5h", "2d"):
            made.begin(hold)
        with FakeStripe(lambda: made.clock.now.timestamp()) as fake:
            yield made, fake


def tell(seeds: range, world: tuple[World, FakeStripe], monkeypatch: pytest.MonkeyPatch) -> int:
    """Tell a story for each seed; return how many payments there were in all."""
    around, fake = world
    monkeypatch.setattr("studio_cli.outside.stripe.RETRIES", 0)  # every fault reaches us
    count = 0
    for seed in seeds:
        around.clock = Clock()
        for kept in (fake.sessions, fake.intents, fake.charges, fake.refunds, fake.events, fake._replies):
            kept.clear()
        fake.plan = []
        dice, path = random.Random(seed), around.folder / "story.db"
        begin, token = dice.choice(around.beginnings)
        shutil.copy(begin, path)
        story = Story(open_studio(path, around.clock), around.clock, fake, dice, token)
        try:
            story.tell()
        except Exception as problem:
            problem.add_note(f"seed {seed}: {', '.join(story.told)}")
            raise
        count += len(payment_store.listed(story.studio.file))
        story.studio.file.close()
        path.unlink()
    return count


@pytest.mark.timeout(300)
def test_any_order_ends_the_same(world: tuple[World, FakeStripe], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each payment is once in the ledger, nothing is confirmed unpaid, late money is flagged, receipts have no gaps."""
    assert tell(range(200), world, monkeypatch) > 150


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_orders(world: tuple[World, FakeStripe], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a thousand others."""
    assert tell(range(1000, 2000), world, monkeypatch) > 750
