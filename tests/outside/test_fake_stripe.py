"""The stand-in for Stripe, seen through the official library: it is accepted, and behaves as Stripe says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from stripe import StripeClient, WebhookSignature

from tests.fake_stripe import LIVE_KEY, LONGEST, SHORTEST, TEST_KEY, WEBHOOK_SECRET, FakeStripe

NOW = 1_795_000_000


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    """A stand-in at a stopped clock."""
    with FakeStripe(lambda: NOW) as running:
        yield running


def client(fake: FakeStripe, key: str = TEST_KEY, retries: int = 0) -> StripeClient:
    """Return the official client, talking to the stand-in."""
    transport = stripe.RequestsClient(timeout=(2, 2))
    return StripeClient(
        key, base_addresses={"api": fake.base}, http_client=transport, max_network_retries=retries
    )


def wanted(**changes: Any) -> Any:
    """Return the parameters of a Checkout Session for 50.00 CAD."""
    price = {"currency": "cad", "unit_amount": 5000, "product_data": {"name": "Family session"}}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "https://book.example.com/s/x/paid",
        "cancel_url": "https://book.example.com/s/x",
        "client_reference_id": "s.1",
        "metadata": {"session": "1"},
        "customer_email": "rui@example.com",
        "payment_intent_data": {"metadata": {"session": "1"}},
        **changes,
    }


def test_a_payment_from_beginning_to_refund(fake: FakeStripe) -> None:
    """A Checkout Session is made, found, paid and refunded in parts, each as the library's own types."""
    api = client(fake)
    made = api.v1.checkout.sessions.create(wanted())
    assert (made.status, made.payment_status, made.amount_total, made.currency) == (
        "open", "unpaid", 5000, "cad",
    )  # fmt: skip
    assert fake.pay(made.id)
    paid = api.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent.latest_charge.refunds"]})
    assert (paid.status, paid.payment_status, paid.livemode) == ("complete", "paid", False)
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.status == "succeeded"
    assert intent.metadata.to_dict() == {"session": "1"}
    refund = api.v1.refunds.create({"payment_intent": intent.id, "amount": 2000})
    assert (refund.amount, refund.status) == (2000, "succeeded")
    rest = api.v1.refunds.create({"payment_intent": intent.id})
    assert rest.amount == 3000
    listed = api.v1.refunds.list({"payment_intent": intent.id}).auto_paging_iter()
    assert {one.id for one in listed} == {refund.id, rest.id}
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        api.v1.refunds.create({"payment_intent": intent.id})


def test_the_same_key_again(fake: FakeStripe) -> None:
    """The same request with its key is answered as before and says so; another request with it is an error."""
    api = client(fake)
    first = api.v1.checkout.sessions.create(wanted(), {"idempotency_key": "k"})
    again = api.v1.checkout.sessions.create(wanted(), {"idempotency_key": "k"})
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        api.v1.checkout.sessions.create(wanted(metadata={"session": "2"}), {"idempotency_key": "k"})
    assert len(fake.sessions) == 1


def test_a_key_in_use(fake: FakeStripe) -> None:
    """While a request with a key is still worked on, another one with it is a conflict, and tried again."""
    fake.seconds = 0.3
    made: list[str] = []

    def ask() -> None:
        api = client(fake, retries=4)
        made.append(api.v1.checkout.sessions.create(wanted(), {"idempotency_key": "k"}).id)

    first = threading.Thread(target=ask)
    first.start()
    ask()
    first.join()
    assert len(fake.requests) > 2
    assert len(set(made)) == len(fake.sessions) == 1


@pytest.mark.parametrize("seconds", [SHORTEST - 1, LONGEST + 1])
def test_how_long_a_page_lives(fake: FakeStripe, seconds: int) -> None:
    """A page lives from thirty minutes to a day; after that it has expired and cannot be paid."""
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        client(fake).v1.checkout.sessions.create(wanted(expires_at=NOW + seconds))
    made = client(fake).v1.checkout.sessions.create(wanted(expires_at=NOW + SHORTEST))
    fake.clock = lambda: NOW + SHORTEST
    assert not fake.pay(made.id)
    assert client(fake).v1.checkout.sessions.retrieve(made.id).status == "expired"


def test_ending_a_page(fake: FakeStripe) -> None:
    """A page can be ended once; one that is paid or has ended cannot."""
    api = client(fake)
    made = api.v1.checkout.sessions.create(wanted())
    assert api.v1.checkout.sessions.expire(made.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        api.v1.checkout.sessions.expire(made.id)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, stripe.InvalidRequestError),
        (401, stripe.AuthenticationError),
        (404, stripe.InvalidRequestError),
        (409, stripe.APIError),
        (429, stripe.RateLimitError),
        (500, stripe.APIError),
        ("lost", stripe.APIConnectionError),
    ],
)
def test_errors(fake: FakeStripe, status: int | str, error: type[Exception]) -> None:
    """Each error reaches the caller as the library's own."""
    fake.plan = [status]
    with pytest.raises(error):
        client(fake).v1.checkout.sessions.create(wanted())
    assert len(fake.sessions) == (1 if status == "lost" else 0)


def test_keys(fake: FakeStripe) -> None:
    """A key that is none is refused; live and test mode do not see each other's objects."""
    with pytest.raises(stripe.AuthenticationError):
        client(fake, "sk_test_wrong").v1.accounts.retrieve_current()
    assert client(fake).v1.accounts.retrieve_current().charges_enabled
    assert client(fake, LIVE_KEY).v1.balance.retrieve().livemode
    made = client(fake, LIVE_KEY).v1.checkout.sessions.create(wanted())
    assert made.livemode
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        client(fake).v1.checkout.sessions.retrieve(made.id)


def test_a_parameter_that_does_not_exist(fake: FakeStripe) -> None:
    """A parameter that the library's types do not have is refused, as Stripe does."""
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        client(fake).v1.checkout.sessions.create(wanted(sucess_url="https://x.example"))


def test_money_on_its_way(fake: FakeStripe) -> None:
    """A delayed payment is complete and unpaid, then paid or failed, with an event each."""
    api = client(fake)
    for number, end in ((api.v1.checkout.sessions.create(wanted()).id, end) for end in ("succeed", "fail")):
        fake.pay(number, delayed=True)
        waiting = api.v1.checkout.sessions.retrieve(number)
        assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
        getattr(fake, end)(number)
    assert [event["type"] for event in fake.events] == [
        "checkout.session.completed", "checkout.session.async_payment_succeeded",
        "checkout.session.completed", "checkout.session.async_payment_failed",
    ]  # fmt: skip


def test_signatures(fake: FakeStripe) -> None:
    """Its signature is the library's, and the library takes its events."""
    fake.pay(client(fake).v1.checkout.sessions.create(wanted()).id)
    body = json.dumps(fake.events[0])
    assert fake.sign(body.encode()) == WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, NOW)
    event = client(fake).construct_event(body, fake.sign(body.encode()), WEBHOOK_SECRET, tolerance=0)
    assert event.type == "checkout.session.completed"
    assert event.data.object["payment_status"] == "paid"
