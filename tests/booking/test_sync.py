"""The ways in which it is heard that a client has paid: each alone is enough, and all together are one payment."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from studio_cli.booking import checkout as checkouts
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking import sync as syncing
from studio_cli.booking.checkout import Provider
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.studio import Studio
from studio_cli.errors import StudioError
from studio_cli.model.checkout import ProviderRefused, ProviderUnreachable, Settled
from studio_cli.model.money import Money
from studio_cli.outside.stripe import Stripe
from tests.booking.paying import events, go, ledger, page_of, ready
from tests.conftest import Clock, Maker
from tests.fake_stripe import FakeStripe

pytestmark = pytest.mark.usefixtures("stripe_studio")


def hear(studio: Studio, provider: Stripe, fake: FakeStripe, event: dict[str, Any]) -> None:
    """Take in an event as the server does."""
    body = json.dumps(event).encode()
    syncing.heard(studio, provider, provider.read_event(body, fake.sign(body), studio.now()))


def what(found: Any) -> list[str]:
    """Return what was brought to light, in a word each."""
    return [one.what for one in found]


@pytest.fixture
def waiting(studio: Studio, make: Maker, provider: Stripe) -> str:
    """The page of session 1, not paid yet; its link is ``TOKEN``."""
    _, token = ready(studio, make)
    return page_of(go(studio, provider, token))


@pytest.fixture
def token(studio: Studio, make: Maker, waiting: str) -> str:
    """A link of session 1."""
    return make.link(sessions.get(studio, 1))


@pytest.fixture
def paid(studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str) -> str:
    """The page of session 1, paid and written down."""
    fake_stripe.pay(waiting)
    list(syncing.sync(studio, provider))
    return waiting


# ── the client comes back ─────────────────────────────────────────────────────────────────────────


def test_back_from_paying(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str, token: str
) -> None:
    """A client who comes back after paying has nothing left to do, also when they come again."""
    fake_stripe.pay(waiting)
    assert not syncing.returned(studio, provider, token)
    assert sessions.get(studio, 1).status == "confirmed"
    asked = len(fake_stripe.requests)
    assert not syncing.returned(studio, provider, token)
    assert len(fake_stripe.requests) == asked


def test_back_without_paying(
    studio: Studio, provider: Stripe, clock: Clock, fake_stripe: FakeStripe, waiting: str, token: str
) -> None:
    """A client who comes back unpaid is told so; Stripe is asked about them every two seconds at most."""
    asked = len(fake_stripe.requests)
    assert [syncing.returned(studio, provider, token) for _ in range(5)] == [True] * 5
    assert len(fake_stripe.requests) == asked + 1
    fake_stripe.pay(waiting)
    clock.forward(seconds=1)
    assert syncing.returned(studio, provider, token)
    clock.forward(seconds=1)
    assert not syncing.returned(studio, provider, token)


def test_back_while_money_is_on_its_way(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str, token: str
) -> None:
    """A client whose money is on its way need not look again."""
    fake_stripe.pay(waiting, delayed=True)
    assert not syncing.returned(studio, provider, token)
    assert not syncing.returned(studio, provider, token)


def test_back_without_a_provider(studio: Studio, waiting: str, token: str) -> None:
    """Without a key nothing can be asked, and nothing fails."""
    assert not syncing.returned(studio, None, token)


# ── an event arrives ──────────────────────────────────────────────────────────────────────────────


def test_an_event(studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str) -> None:
    """An event leads to its page; repeated it changes nothing and asks nothing."""
    fake_stripe.pay(waiting)
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert sessions.get(studio, 1).status == "confirmed"
    asked = len(fake_stripe.requests)
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert len(fake_stripe.requests) == asked
    assert len(ledger(studio)) == 1


def test_an_event_is_only_a_hint(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """What an event says is not believed: what Stripe says when asked is."""
    fake_stripe.pay(waiting)
    event = json.loads(json.dumps(fake_stripe.events[-1]))
    event["data"]["object"] |= {"amount_total": 1, "currency": "usd", "payment_status": "unpaid"}
    hear(studio, provider, fake_stripe, event)
    assert ledger(studio) == [(1, "payment", 10000, "stripe", None)]


def test_an_event_that_comes_too_early(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """An event that says paid of a page that is not is harmless, and the real one counts when it comes."""
    event = {
        "id": "evt_early", "object": "event", "type": "checkout.session.completed", "livemode": False,
        "data": {"object": {"id": waiting, "object": "checkout.session", "payment_status": "paid"}},
    }  # fmt: skip
    hear(studio, provider, fake_stripe, event)
    assert ledger(studio) == []
    fake_stripe.pay(waiting)
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert len(ledger(studio)) == 1


def test_events_of_others(studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str) -> None:
    """Events of other pages of the account, of other kinds and of live mode change nothing."""
    before = list(studio.file.connection.iterdump())
    fake_stripe.pay(waiting)
    event = fake_stripe.events[-1]
    about = event["data"]["object"]
    others: list[dict[str, Any]] = [
        {**event, "livemode": True},
        {**event, "data": {"object": {**about, "id": "cs_test_other", "metadata": {}}}},
        {**event, "type": "invoice.paid", "data": {"object": {"object": "invoice", "id": "in_1"}}},
        {
            **event,
            "type": "charge.refunded",
            "data": {"object": {"object": "charge", "payment_intent": "pi_x"}},
        },
        {
            **event,
            "type": "charge.refunded",
            "data": {"object": {"object": "charge", "payment_intent": None}},
        },
        {**event, "type": "customer.created", "data": {"object": {}}},
    ]
    for other in others:
        hear(studio, provider, fake_stripe, other)
    assert list(studio.file.connection.iterdump()) == before


def test_an_event_before_the_answer(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """An event about a page whose name got lost finds it by the key that it was asked for with."""
    _, token = ready(studio, make)
    fake_stripe.plan = ["lost"]
    with pytest.raises(ProviderUnreachable):
        go(studio, replace(provider, hurried=True), token)
    fake_stripe.pay(fake_stripe.latest["id"])
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert ledger(studio) == [(1, "payment", 10000, "stripe", None)]


def test_an_event_of_before_a_backup(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """A page of this studio that the file does not know is written into the history once, for the owner."""
    fake_stripe.pay(waiting)
    studio.file.connection.execute("DELETE FROM checkout")
    for _ in range(2):
        hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    rows = studio.file.connection.execute(
        "SELECT details FROM event WHERE kind = 'payment in doubt'"
    ).fetchall()
    assert [json.loads(row[0])["page"] for row in rows] == [waiting]
    assert ledger(studio) == []


def test_an_event_while_stripe_cannot_be_asked(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """An event that cannot be followed is not counted as heard: it is sent again."""
    fake_stripe.pay(waiting)
    fake_stripe.plan = [500]
    with pytest.raises(ProviderUnreachable):
        hear(studio, replace(provider, hurried=True), fake_stripe, fake_stripe.events[-1])
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert len(ledger(studio)) == 1


def test_refunded_in_the_dashboard(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """Money that is given back in Stripe's dashboard is in the ledger once, by event and by asking."""
    fake_stripe.give_back(fake_stripe.sessions[paid]["payment_intent"], 2500)
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert what(syncing.sync(studio, provider)) == []
    fake_stripe.give_back(fake_stripe.sessions[paid]["payment_intent"], 500)
    assert what(syncing.sync(studio, provider)) == ["refunded"]
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert [row[1:3] for row in ledger(studio)] == [("payment", 10000), ("refund", 2500), ("refund", 500)]
    assert sessions.get(studio, 1).paid == Money(7000, "CAD")


def test_our_own_refund_is_not_counted_again(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """The event of a refund that this studio made changes nothing, whether it comes before or after it is written."""
    give_back = checkouts.give_back_with(provider)

    def with_event_first(*arguments: Any) -> str:
        reference = give_back(*arguments)
        hear(studio, provider, fake_stripe, fake_stripe.events[-1])
        return reference

    payments.refund(studio, WantedRefund("1", "10"), give_back=give_back)
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    payments.refund(studio, WantedRefund("1", "20"), give_back=with_event_first)
    assert [row[1:3] for row in ledger(studio)] == [("payment", 10000), ("refund", 1000), ("refund", 2000)]


def test_a_refund_that_does_not_fit(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """A refund at Stripe of what the owner has given back by hand already goes into the history, once."""
    payments.refund(studio, WantedRefund("1", "80", method="cash"))
    fake_stripe.give_back(fake_stripe.sessions[paid]["payment_intent"], 5000)
    hear(studio, provider, fake_stripe, fake_stripe.events[-1])
    assert what(syncing.sync(studio, provider)) == []
    assert len(ledger(studio)) == 2
    assert events(studio, sessions.get(studio, 1)).count("refund in doubt") == 1


# ── the owner asks ────────────────────────────────────────────────────────────────────────────────


def test_asking_about_everything(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """One command finds what was paid, what was not, and ends what nobody wants paid."""
    tokens = [ready(studio, make, f"2026-12-04 {hour}:00")[1] for hour in (11, 12, 13)]
    pages = [page_of(go(studio, provider, one)) for one in tokens]
    fake_stripe.pay(pages[0])
    sessions.cancel(studio, "3")
    fake_stripe.pay(pages[2])
    sessions.cancel(studio, "4")
    assert what(syncing.sync(studio, provider)) == ["open", "paid", "ended", "late"]
    assert what(syncing.sync(studio, provider)) == ["open"]
    assert fake_stripe.sessions[pages[1]]["status"] == "expired"


def test_rehearsal(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """A rehearsal says the same and changes nothing, here or there."""
    _, token = ready(studio, make, "2026-12-04 11:00")
    other = page_of(go(studio, provider, token))
    sessions.cancel(studio, "2")
    fake_stripe.pay(waiting)
    before = list(studio.file.connection.iterdump())
    assert what(syncing.sync(studio, provider, rehearse=True)) == ["paid", "ended"]
    assert list(studio.file.connection.iterdump()) == before
    assert fake_stripe.sessions[other]["status"] == "open"


def test_stripe_goes_away_in_the_middle(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """What was found before Stripe went away is kept."""
    _, token = ready(studio, make, "2026-12-04 11:00")
    go(studio, provider, token)
    fake_stripe.pay(waiting)
    fake_stripe.plan = ["ok", 500]
    found: list[Settled] = []
    with pytest.raises(ProviderUnreachable):
        found.extend(syncing.sync(studio, replace(provider, hurried=True)))
    assert len(ledger(studio)) == 1


def test_a_key_that_does_not_work(studio: Studio, provider: Stripe, waiting: str) -> None:
    """A key that Stripe does not accept ends it: nothing can be said about any page."""
    with pytest.raises(ProviderRefused) as refused:
        list(syncing.sync(studio, replace(provider, key="sk_test_wrong0wrong")))
    assert refused.value.code == "stripe_key"


@pytest.mark.parametrize(("hours", "state"), [(0, "asked"), (23, "ended")])
def test_a_page_that_nobody_has_the_address_of(
    studio: Studio,
    make: Maker,
    clock: Clock,
    provider: Stripe,
    fake_stripe: FakeStripe,
    hours: int,
    state: str,
) -> None:
    """A page that was asked for without an answer is kept for the next tap, and forgotten after a day."""
    _, token = ready(studio, make)
    fake_stripe.plan = ["lost"]
    with pytest.raises(ProviderUnreachable):
        go(studio, replace(provider, hurried=True), token)
    clock.forward(hours=hours)
    asked = len(fake_stripe.requests)
    assert what(syncing.sync(studio, provider)) == ["open" if state == "asked" else "ended"]
    assert checkouts.get(studio, 1).state == state
    assert len(fake_stripe.requests) == asked + 1  # about refunds


# ── now and then ──────────────────────────────────────────────────────────────────────────────────


def test_now_and_then(
    studio: Studio, clock: Clock, provider: Stripe, fake_stripe: FakeStripe, waiting: str
) -> None:
    """A page is asked about when nobody has looked at it for ten minutes, and not before."""
    fake_stripe.pay(waiting)
    clock.forward(minutes=9)
    assert syncing.sync_if_stale(studio, provider) == []
    clock.forward(minutes=1)
    assert what(syncing.sync_if_stale(studio, provider)) == ["paid"]
    assert syncing.sync_if_stale(studio, provider) == []


@pytest.mark.parametrize("fault", [500, 401, 404, "lost", "garbage"])
def test_now_and_then_never_fails(
    studio: Studio, clock: Clock, provider: Stripe, fake_stripe: FakeStripe, waiting: str, fault: Any
) -> None:
    """Whatever Stripe answers, looking now and then does not fail, and waits ten minutes before it asks again."""
    clock.forward(minutes=10)
    fake_stripe.plan = [fault]
    hurried = replace(provider, hurried=True)
    assert what(syncing.sync_if_stale(studio, hurried)) in ([], ["unknown"])
    asked = len(fake_stripe.requests)
    assert syncing.sync_if_stale(studio, hurried) == []
    assert len(fake_stripe.requests) == asked


def test_now_and_then_without_anything_to_ask(studio: Studio, waiting: str) -> None:
    """Without a provider, or without a page, nothing is asked."""
    nobody: Provider | None = None
    assert syncing.sync_if_stale(studio, nobody) == []


def test_now_and_then_while_the_file_is_busy(
    studio: Studio, clock: Clock, provider: Stripe, waiting: str
) -> None:
    """Somebody else who is writing is no reason to wait or to fail."""
    import sqlite3

    clock.forward(minutes=10)
    other = sqlite3.connect(studio.file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert syncing.sync_if_stale(studio, provider) == []
    other.close()


def test_another_provider(studio: Studio, provider: Stripe, fake_stripe: FakeStripe, waiting: str) -> None:
    """Pages are still asked about when clients pay in another way by now."""
    studios.change_setting(studio, "payment.provider", "offline")
    fake_stripe.pay(waiting)
    assert what(syncing.sync(studio, provider)) == ["paid"]


def test_no_such_checkout(studio: Studio) -> None:
    """A page that the file does not have is not found."""
    with pytest.raises(StudioError):
        checkouts.get(studio, 99)
