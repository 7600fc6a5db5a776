"""Our way to Stripe, against the stand-in: what it asks for, what it understands, and how it fails."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.checkout import (
    NotVerified,
    Order,
    ProviderRefused,
    ProviderUnreachable,
    check_webhook_secret,
    is_live_key,
)
from studio_cli.model.money import Money, minor_digits
from studio_cli.outside import stripe as outside
from studio_cli.outside.stripe import Stripe
from tests.conftest import NOW, Clock
from tests.fake_stripe import LIVE_KEY, TEST_KEY, WEBHOOK_SECRET, FakeStripe


def order(**changes: Any) -> Order:
    """Return an order for 50.00 CAD of session 7."""
    wanted = Order(
        key="k1",
        studio="abc",
        session_id=7,
        amount=Money(5000, "CAD"),
        title="Family session",
        email="rui@example.com",
        back="https://book.example.com/s/TOKEN",
        expires_at=NOW.add(hours=2),
    )
    return replace(wanted, **changes)


# ── payment pages ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_asked_for(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A page is for one amount, says whose money it is, leads back by the link, and ends when it was said."""
    page = provider.open(order())
    made = fake_stripe.latest
    assert (page.id, page.url) == (made["id"], made["url"])
    assert (made["amount_total"], made["currency"]) == (5000, "cad")
    assert made["success_url"] == "https://book.example.com/s/TOKEN/paid"
    assert made["cancel_url"] == "https://book.example.com/s/TOKEN"
    assert made["expires_at"] == NOW.add(hours=2).timestamp()
    assert made["client_reference_id"] == "abc.7"
    assert made["metadata"] == made["_intent_metadata"] == {"studio": "abc", "session": "7", "checkout": "k1"}
    assert made["customer_email"] == "rui@example.com"


def test_nobody_to_write_to(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A client without a mail address can pay, and a long title is cut."""
    provider.open(order(email=None, title="x" * 1000))
    assert fake_stripe.latest["customer_email"] is None


def test_same_order_is_the_same_page(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """The same order again is the same page; another one with its key is refused."""
    assert provider.open(order()) == provider.open(order())
    assert len(fake_stripe.sessions) == 1
    with pytest.raises(ProviderRefused):
        provider.open(order(title="Another"))


def test_how_a_page_is(provider: Stripe, fake_stripe: FakeStripe, clock: Clock) -> None:
    """A page is open, paid, on its way, failed or expired, and a paid one says all that there is to compare."""
    first, second, third, fourth, fifth = (provider.open(order(key=f"k{n}")).id for n in range(5))
    assert provider.look(first).outcome == "open"
    fake_stripe.pay(first)
    paid = provider.look(first)
    assert (paid.outcome, paid.amount) == ("paid", Money(5000, "CAD"))
    assert (paid.studio, paid.session, paid.key) == ("abc", "7", "k0")
    assert paid.payment == f"stripe:{fake_stripe.sessions[first]['payment_intent']}"
    assert paid.paid_at == NOW
    fake_stripe.pay(second, delayed=True)
    assert provider.look(second).outcome == "processing"
    fake_stripe.succeed(second)
    assert provider.look(second).outcome == "paid"
    fake_stripe.pay(third, delayed=True)
    fake_stripe.fail(third)
    assert provider.look(third).outcome == "failed"
    assert provider.end(fourth).outcome == "expired"
    clock.forward(hours=2)
    assert provider.look(fifth).outcome == "expired"


def test_ending_what_cannot_be_ended(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """Ending a page that was paid just before says that it is paid."""
    page = provider.open(order()).id
    fake_stripe.pay(page)
    assert provider.end(page).outcome == "paid"


@pytest.mark.parametrize("field", ["client_reference_id", "metadata"])
def test_a_page_of_somebody_else(provider: Stripe, fake_stripe: FakeStripe, field: str) -> None:
    """A page on which the two places that say whose it is contradict each other is nobody's."""
    page = provider.open(order()).id
    fake_stripe.sessions[page][field] = None
    seen = provider.look(page)
    assert (seen.studio, seen.session) == (None, None)


def test_the_way_back(provider: Stripe) -> None:
    """The token of the link back is the same for the same key, and another one for any other key or account."""
    token = provider.link_token("k1")
    assert token == Stripe(TEST_KEY).link_token("k1")
    assert len(token) == 43
    assert len({token, provider.link_token("k2"), Stripe(LIVE_KEY).link_token("k1")}) == 3


# ── refunds ───────────────────────────────────────────────────────────────────────────────────────


def test_refunds(provider: Stripe, fake_stripe: FakeStripe, clock: Clock) -> None:
    """Parts of a payment go back, each once a key, and are listed by payment and by day."""
    page = provider.open(order()).id
    fake_stripe.pay(page)
    payment = provider.look(page).payment
    assert payment is not None
    first = provider.give_back(payment, Money(1000, "CAD"), "r1")
    assert provider.give_back(payment, Money(1000, "CAD"), "r1") == first
    clock.forward(hours=30)
    fake_stripe._replies.clear()  # Stripe has forgotten the key: the refund is there all the same
    assert provider.give_back(payment, Money(1000, "CAD"), "r1") == first
    second = provider.give_back(payment, Money(500, "CAD"), "r2")
    listed = provider.refunds_of(payment)
    assert [(one.reference, one.amount.minor) for one in listed] == [(first, 1000), (second, 500)]
    assert [one.reference for one in provider.refunds_since(clock.now)] == [second]
    assert provider.look(page).refunds == tuple(listed)
    assert not provider.look(page).returned
    provider.give_back(payment, Money(3500, "CAD"), "r3")
    assert provider.look(page).returned
    with pytest.raises(ProviderRefused, match="already been refunded"):
        provider.give_back(payment, Money(1, "CAD"), "r4")


def test_a_refund_that_failed(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A refund that failed moved no money, and does not stand for one that is wanted again."""
    page = provider.open(order()).id
    fake_stripe.pay(page)
    payment = provider.look(page).payment
    assert payment is not None
    first = provider.give_back(payment, Money(1000, "CAD"), "r1")
    fake_stripe.refunds[first.removeprefix("stripe:")]["status"] = "failed"
    fake_stripe._replies.clear()
    assert provider.refunds_of(payment) == []
    assert provider.give_back(payment, Money(1000, "CAD"), "r1") != first


# ── how it fails ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("plan", [[409] * 3, [429] * 3, [500] * 3, ["lost"] * 3, ["garbage"]])
def test_no_clear_answer(provider: Stripe, fake_stripe: FakeStripe, plan: list[Any]) -> None:
    """Without a clear answer nobody can tell; the same order later is the same page."""
    fake_stripe.plan = plan
    with pytest.raises(ProviderUnreachable):
        replace(provider, hurried=True).open(order())
    fake_stripe.plan = []
    page = provider.open(order())
    assert list(fake_stripe.sessions) == [page.id]


@pytest.mark.parametrize(("status", "code"), [(400, "provider_refused"), (401, "stripe_key"), (404, "provider_refused")])  # fmt: skip
def test_a_definite_no(provider: Stripe, fake_stripe: FakeStripe, status: int, code: str) -> None:
    """A definite no is another thing, and says what Stripe said."""
    fake_stripe.plan = [status]
    with pytest.raises(ProviderRefused) as refused:
        provider.open(order())
    assert refused.value.code == code
    assert refused.value.details["status"] == status
    assert TEST_KEY not in str(refused.value)


@pytest.mark.parametrize("fault", [409, 429, 500, "lost"])
def test_tried_again_by_itself(provider: Stripe, fake_stripe: FakeStripe, fault: Any) -> None:
    """One fault is not noticed: the library asks again, with the same key, and there is one page."""
    fake_stripe.plan = [fault]
    if fault == 429:  # of too many requests the library makes no more
        with pytest.raises(ProviderUnreachable):
            provider.open(order())
        return
    provider.open(order())
    assert len(fake_stripe.sessions) == 1


def test_nobody_there() -> None:
    """A Stripe that cannot be reached is said to be so, soon."""
    begun = time.monotonic()
    with pytest.raises(ProviderUnreachable) as failed:
        Stripe(TEST_KEY, api_base="http://127.0.0.1:9").open(order())
    assert failed.value.exit_code == 5
    assert time.monotonic() - begun < 5


def test_slow(provider: Stripe, fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Stripe that takes too long is not waited for."""
    monkeypatch.setattr(outside, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(outside, "RETRIES", 0)
    fake_stripe.seconds = 1
    with pytest.raises(ProviderUnreachable):
        Stripe(TEST_KEY + "slow", api_base=fake_stripe.base).open(order())


def test_an_answer_of_another_shape(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """What is not what Stripe promises is no clear answer, or nothing to believe; never a crash."""
    page = provider.open(order()).id
    for changes in ({"url": None}, {"url": "javascript:alert(1)"}):
        fake_stripe.sessions[page].update(changes)
        fake_stripe._replies.clear()
        made = provider.look(page)
        assert made.outcome == "open"
    fake_stripe.pay(page)
    fake_stripe.sessions[page].update(metadata="?", amount_total="5000", client_reference_id=["x"])
    seen = provider.look(page)
    assert (seen.amount, seen.studio, seen.session, seen.key) == (None, None, None, None)
    fake_stripe.charges[fake_stripe.intents[seen.payment.removeprefix("stripe:")]["latest_charge"]]["created"] = "x"  # type: ignore[union-attr]  # fmt: skip
    with pytest.raises(ProviderUnreachable):
        provider.look(page)


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


def test_account(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A key is tried by asking whose it is; one that Stripe does not know is refused."""
    assert provider.account() == "Ana Silva"
    with pytest.raises(ProviderRefused) as refused:
        Stripe("sk_test_wrong0wrong", api_base=fake_stripe.base).account()
    assert refused.value.code == "stripe_key"


def test_kinds_of_keys() -> None:
    """Live and test keys are told apart by their beginning; anything else is refused without being repeated."""
    assert is_live_key(LIVE_KEY)
    assert is_live_key("rk_live_abcdefgh12")
    assert not is_live_key(TEST_KEY)
    for wrong in (
        "",
        "sk_test_",
        "pk_live_abcdefgh12",
        "sk_live_x y",
        "hunter2",
        "sk_prod_abcdefgh12",
        "sk_test_ü",
    ):
        with pytest.raises(WrongUsage) as refused:
            is_live_key(wrong)
        assert not wrong or wrong not in refused.value.message
    check_webhook_secret(WEBHOOK_SECRET)
    with pytest.raises(WrongUsage):
        check_webhook_secret("secret")


def test_keys_are_never_shown(provider: Stripe) -> None:
    """What is printed of it by accident has no key in it."""
    assert TEST_KEY not in repr(provider)
    assert WEBHOOK_SECRET not in repr(provider)


# ── amounts ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("money", "there"),
    [
        (Money(5000, "CAD"), 5000),
        (Money(500, "JPY"), 500),
        (Money(500, "ISK"), 50_000),
        (Money(5120, "KWD"), 5120),
        (Money(500_00, "MGA"), 500),
    ],
)
def test_amounts(money: Money, there: int) -> None:
    """Amounts go over as Stripe counts them, and come back the same."""
    assert outside._to_stripe(money) == there
    assert outside._from_stripe(there, money.currency.lower()) == money


@pytest.mark.parametrize("money", [Money(5124, "KWD"), Money(50, "MGA"), Money(500, "UGX")])
def test_amounts_that_stripe_cannot_take(money: Money) -> None:
    """An amount that Stripe has no number for is refused, never rounded."""
    with pytest.raises(ProviderRefused) as refused:
        outside._to_stripe(money)
    assert refused.value.code == "amount"


@given(st.integers(1, 10**12), st.sampled_from(["CAD", "JPY", "KWD", "ISK", "MGA", "CLF", "BHD", "KRW"]))
def test_no_amount_changes_on_the_way(minor: int, currency: str) -> None:
    """Whatever is taken comes back as it was."""
    money = Money(minor, currency)
    assert minor_digits(currency) in {0, 2, 3, 4}
    try:
        there = outside._to_stripe(money)
    except ProviderRefused:
        return
    assert outside._from_stripe(there, currency.lower()) == money


# ── events ────────────────────────────────────────────────────────────────────────────────────────


def paid_event(provider: Stripe, fake_stripe: FakeStripe) -> bytes:
    """Return the event of a payment."""
    fake_stripe.pay(provider.open(order()).id)
    return json.dumps(fake_stripe.events[-1]).encode()


def test_a_verified_event(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A verified event says what it is about."""
    body = paid_event(provider, fake_stripe)
    news = provider.read_event(body, fake_stripe.sign(body), NOW)
    assert (news.kind, news.live) == ("checkout.session.completed", False)
    assert (news.page, news.key, news.studio) == (fake_stripe.latest["id"], "k1", "abc")
    fake_stripe.give_back(fake_stripe.latest["payment_intent"], 100)
    body = json.dumps(fake_stripe.events[-1]).encode()
    given = provider.read_event(body, fake_stripe.sign(body), NOW)
    assert given.payment == f"stripe:{fake_stripe.latest['payment_intent']}"
    assert given.page is None


def hostile(body: bytes, fake: FakeStripe) -> dict[str, tuple[bytes, str | None]]:
    """Return what somebody could send who is not Stripe, or long ago was: by name, the body and the signature."""
    now, good = NOW.timestamp(), fake.sign(body)
    stamp, signature = good.split(",")
    odd = {
        "not JSON": b"{", "a list": b"[]", "a text": b'"event"', "nothing": b"", "null": b"null", "deep": b"[" * 9999,
        "a thin event": b'{"object": "v2.core.event", "id": "evt_1", "type": "x", "data": {}}',
        "without an id": json.dumps({**json.loads(body), "id": None}).encode(),
        "with an endless id": json.dumps({**json.loads(body), "id": "e" * 256}).encode(),
        "without data": json.dumps({**json.loads(body), "data": None}).encode(),
        "data that is a list": json.dumps({**json.loads(body), "data": {"object": []}}).encode(),
        "not UTF-8": body + b"\xff",
    }  # fmt: skip
    return {
        "tampered": (body.replace(b'"cad"', b'"usd"'), good),
        "301 s old": (body, fake.sign(body, at=now - 301)),
        "301 s in the future": (body, fake.sign(body, at=now + 301)),
        "another secret": (body, fake.sign(body, "whsec_other0secret")),
        "an empty secret": (body, fake.sign(body, "")),
        "no signature": (body, None),
        "an empty signature": (body, ""),
        "nonsense": (body, "nonsense"),
        "no time": (body, signature),
        "a time that is none": (body, f"t=now,{signature}"),
        "two times": (body, f"t={int(now) - 9999},{good}"),
        "a second time behind": (body, f"{good},t={int(now) - 9999}"),
        "an older scheme": (body, f"{stamp},{signature.replace('v1', 'v0')}"),
        "a signature that is not ASCII": (body, f"{stamp},v1=é{'a' * 63}"),
        "an endless time": (body, f"t={'9' * 5000},{signature}"),
        **{name: (content, fake.sign(content)) for name, content in odd.items()},
    }


def test_hostile_events(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """Nothing but a verified event of now is one."""
    body = paid_event(provider, fake_stripe)
    for name, (sent, signature) in hostile(body, fake_stripe).items():
        with pytest.raises(NotVerified):
            provider.read_event(sent, signature, NOW)
            pytest.fail(name)


@pytest.mark.parametrize("secret", [None, "", "  "])
def test_without_a_secret_nothing_is_verified(
    provider: Stripe, fake_stripe: FakeStripe, secret: str | None
) -> None:
    """Without a signing secret not even a signature made without one counts."""
    body = paid_event(provider, fake_stripe)
    unarmed = replace(provider, webhook_secret=secret)
    for signature in (fake_stripe.sign(body), fake_stripe.sign(body, secret or "")):
        with pytest.raises(NotVerified):
            unarmed.read_event(body, signature, NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_just_in_time(provider: Stripe, fake_stripe: FakeStripe, seconds: int) -> None:
    """Five minutes either way are allowed."""
    body = paid_event(provider, fake_stripe)
    assert provider.read_event(body, fake_stripe.sign(body, at=NOW.timestamp() + seconds), NOW)


def test_two_signatures(provider: Stripe, fake_stripe: FakeStripe) -> None:
    """While a secret is being changed Stripe signs with both: one that fits is enough."""
    body = paid_event(provider, fake_stripe)
    other = fake_stripe.sign(body, "whsec_other0secret").partition(",")[2]
    assert provider.read_event(body, f"{fake_stripe.sign(body)},{other}", NOW)
    with pytest.raises(NotVerified):
        provider.read_event(body, f"{fake_stripe.sign(body, 'whsec_x0x0x0x0')},{other}", NOW)
