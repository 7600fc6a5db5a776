"""Paying over real HTTP: the pages on the way to Stripe and back, and what Stripe's events may do."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from studio_cli.booking import checkout as checkouts
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.outside import stripe as outside
from studio_cli.outside.stripe import Stripe
from tests.booking.paying import ledger, ready
from tests.conftest import Clock, Door, Maker, serving
from tests.fake_stripe import LIVE_KEY, FakeStripe, post
from tests.outside.test_stripe import hostile
from tests.web.visitor import Visitor, dump, read


@pytest.fixture
def visitor(stripe_door: Door) -> Visitor:
    """Somebody at the door of a studio whose clients pay with Stripe."""
    return Visitor(stripe_door.base)


@pytest.fixture
def session(studio: Studio, make: Maker, visitor: Visitor) -> Session:
    """Session 1, which waits only for its payment."""
    return ready(studio, make)[0]


@pytest.fixture
def token(make: Maker, session: Session) -> str:
    """A link of session 1."""
    return make.link(session)


def hook(door: Door) -> str:
    """Return where Stripe's events arrive."""
    return f"{door.base}/webhooks/stripe"


def logged(door: Door, count: int) -> list[str]:
    """Return the log's lines without their times, when there are so many: a line comes after its answer."""
    for _ in range(100):
        if len(door.log) >= count:
            break
        time.sleep(0.02)
    return [line.rsplit(" ", 2)[0] for line in door.log]


# ── the way there and back ────────────────────────────────────────────────────────────────────────


def test_there_and_back(
    studio: Studio, visitor: Visitor, token: str, session: Session, fake_stripe: FakeStripe
) -> None:
    """The payment page leads to a page of ours that leads to Stripe; who comes back after paying is confirmed."""
    page = visitor.get(f"/s/{token}").text
    assert f'action="/s/{token}/checkout"' in page
    assert "Pay CA$100.00" in page
    there = visitor.step(token, "checkout")
    assert (there.status, there.header("location")) == (303, f"/s/{token}/checkout")
    leading = visitor.get(f"/s/{token}/checkout")
    url = fake_stripe.latest["url"]
    assert f'<meta http-equiv="refresh" content="0;url={url}">' in leading.text
    assert f'href="{url}"' in leading.text
    assert "You are going to Stripe" in leading.text
    assert leading.header("referrer-policy") == "no-referrer"
    fake_stripe.pay(fake_stripe.latest["id"])
    back = fake_stripe.latest["success_url"].removeprefix(visitor.base)
    assert token not in back
    arrived = visitor.get(back)
    assert (arrived.status, arrived.header("location")) == (303, back.removesuffix("/paid"))
    assert "Your session is confirmed" in visitor.get(back.removesuffix("/paid")).text
    assert "Your session is confirmed" in visitor.get(f"/s/{token}").text
    assert ledger(studio) == [(session.id, "payment", 10000, "stripe", None)]


def test_back_without_paying(visitor: Visitor, token: str, fake_stripe: FakeStripe) -> None:
    """Who comes back without having paid reads so, and finds the way to paying again."""
    visitor.step(token, "checkout")
    back = visitor.get(f"/s/{token}/paid")
    assert back.status == 200
    assert "Your payment has not arrived yet" in back.text
    assert f'href="/s/{token}/paid"' in back.text
    assert f'href="/s/{token}"' in back.text
    assert visitor.step(token, "checkout").header("location") == f"/s/{token}/checkout"
    assert len(fake_stripe.sessions) == 1


def test_while_money_is_on_its_way(visitor: Visitor, token: str, fake_stripe: FakeStripe) -> None:
    """While money is on its way the page says so, and offers no button to pay again."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"], delayed=True)
    assert visitor.get(f"/s/{token}/paid").header("location") == f"/s/{token}"
    page = visitor.get(f"/s/{token}").text
    assert "your payment is on its way" in page
    assert "<form" not in page


def test_nothing_on_the_way(visitor: Visitor, token: str, session: Session) -> None:
    """Without a payment page there is nothing to be led to, and nothing to ask about."""
    for page in ("checkout", "paid"):
        assert visitor.get(f"/s/{token}/{page}").header("location") == f"/s/{token}"


def test_test_mode_is_said_aloud(studio: Studio, visitor: Visitor, token: str, session: Session) -> None:
    """With a test key every page on the way says that no real money moves."""
    visitor.step(token, "checkout")
    for page in ("", "/checkout", "/paid"):
        assert "TEST MODE – no real money moves here" in visitor.get(f"/s/{token}{page}").text


def test_another_way_to_pay_meanwhile(
    studio: Studio, visitor: Visitor, token: str, fake_stripe: FakeStripe
) -> None:
    """A page that was open when the way to pay changed does nothing, and shows the new way."""
    assert visitor.step(token, "payment").header("location") == f"/s/{token}/payment"
    assert "on its way" not in visitor.get(f"/s/{token}").text
    studios.change_setting(studio, "payment.provider", "offline")
    assert visitor.step(token, "checkout").header("location") == f"/s/{token}"
    assert fake_stripe.requests == []


def test_changed_meanwhile(studio: Studio, visitor: Visitor, token: str, fake_stripe: FakeStripe) -> None:
    """Nobody pays for details that they have not seen, or before the steps that come first."""
    stale = visitor.step(token, "checkout", revision=9)
    assert stale.header("location") == f"/s/{token}/review?seen=9"
    assert fake_stripe.requests == []


def test_tips(studio: Studio, make: Maker, visitor: Visitor, fake_stripe: FakeStripe) -> None:
    """A tip goes along; one that cannot be read is asked for again."""
    _, token = ready(studio, make, tips=True)
    assert 'name="tip"' in visitor.get(f"/s/{token}").text
    wrong = visitor.step(token, "checkout", tip="other", tip_amount="lots")
    assert wrong.header("location") == f"/s/{token}/payment?tip=amount&typed=lots"
    page = visitor.get(str(wrong.header("location"))).text
    assert "Please write just the amount." in page and 'value="lots"' in page
    visitor.step(token, "checkout", tip="20")
    assert fake_stripe.latest["amount_total"] == 12000


def test_without_a_key(studio: Studio, make: Maker, stripe_studio: Studio, door: Door) -> None:
    """When there is no key (any more), clients read how to pay without it."""
    _, token = ready(studio, make)
    studios.change_setting(studio, "payment.instructions", "By transfer, please.")
    visitor = Visitor(door.base)
    assert "By transfer, please." in visitor.get(f"/s/{token}").text
    assert visitor.step(token, "payment").header("location") == f"/s/{token}"
    assert visitor.step(token, "checkout").header("location") == f"/s/{token}"
    assert visitor.get(f"/s/{token}/paid").header("location") == f"/s/{token}"


# ── when Stripe fails ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that waits a moment and asks once."""
    monkeypatch.setattr(outside, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(outside, "RETRIES", 0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [500, 429, 409, "lost", "garbage", "slow"])
def test_stripe_is_down(
    studio: Studio, visitor: Visitor, token: str, session: Session, fake_stripe: FakeStripe, fault: Any
) -> None:
    """While Stripe is down or slow the client reads a kind page; session and hold are intact; then it works, once."""
    fake_stripe.plan, fake_stripe.seconds = ([], 1.0) if fault == "slow" else ([fault], 0.0)
    answer = visitor.step(token, "checkout")
    assert answer.status == 503
    assert "The payment page cannot be opened just now" in answer.text
    assert "try again in a few minutes" in answer.text
    assert f'href="/s/{token}/payment"' in answer.text
    assert sessions.get(studio, session.id).status == "pending"
    assert sessions.get(studio, session.id).expires_at == session.expires_at
    fake_stripe.seconds = 0.0
    time.sleep(1.1 if fault == "slow" else 0)  # until the slow one has ended
    assert visitor.step(token, "checkout").header("location") == f"/s/{token}/checkout"
    assert len(fake_stripe.sessions) == 1


@pytest.mark.parametrize("fault", [400, 401])
def test_stripe_refuses(visitor: Visitor, token: str, fake_stripe: FakeStripe, fault: int) -> None:
    """When Stripe does not want it the client is told to write to the studio, not to try for ever."""
    fake_stripe.plan = [fault]
    answer = visitor.step(token, "checkout")
    assert answer.status == 503
    assert "Please write to the studio" in answer.text


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [500, 401, "lost"])
def test_stripe_is_down_on_the_way_back(
    studio: Studio, visitor: Visitor, token: str, clock: Clock, fake_stripe: FakeStripe, fault: Any
) -> None:
    """Who has paid and comes back while Stripe is down is told not to pay again; later it is found."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"])
    fake_stripe.plan = [fault]
    back = visitor.get(f"/s/{token}/paid")
    assert back.status == 503
    assert "We cannot see yet whether your payment has arrived" in back.text
    assert "you need not do it again" in back.text
    assert visitor.get(f"/s/{token}/paid").header("location") == f"/s/{token}"
    assert len(ledger(studio)) == 1


def test_a_slow_stripe_holds_up_nothing_else(
    studio: Studio, make: Maker, visitor: Visitor, fake_stripe: FakeStripe
) -> None:
    """While many clients wait for Stripe, others open their pages and answer as if nothing was."""
    tokens = [ready(studio, make, f"2026-12-{day:02} 10:00", custom=True)[1] for day in range(1, 11)]
    other = make.link(make.session("2026-12-20 10:00", custom=True))
    fake_stripe.seconds = 2
    payers = [threading.Thread(target=visitor.step, args=[one, "checkout"]) for one in tokens]
    for one in payers:
        one.start()
    time.sleep(0.3)
    begun = time.monotonic()
    assert visitor.get(f"/s/{other}").status == 200
    assert visitor.step(other, "review").status == 303
    assert time.monotonic() - begun < 1
    for one in payers:
        one.join()


# ── events ────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_confirms(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, session: Session, fake_stripe: FakeStripe
) -> None:
    """A signed event confirms the session of a client who never came back; repeated it is fine, and nothing more."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"])
    event = fake_stripe.events[-1]
    assert [fake_stripe.deliver(event, hook(stripe_door)) for _ in range(3)] == [200] * 3
    assert sessions.get(studio, session.id).status == "confirmed"
    assert len(ledger(studio)) == 1
    assert read(studio.file.path, "SELECT kind FROM outside_event") == [("checkout.session.completed",)]


def test_an_event_nobody_knows(
    studio: Studio, stripe_door: Door, visitor: Visitor, fake_stripe: FakeStripe
) -> None:
    """A verified event that is not about anything here is taken, and changes nothing."""
    before = dump(studio.file.path)
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payout.paid",
        "livemode": False,
        "data": {"object": {}},
    }
    assert fake_stripe.deliver(event, hook(stripe_door)) == 200
    assert dump(studio.file.path) == before


def test_hostile_events(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, fake_stripe: FakeStripe
) -> None:
    """Whatever is sent that Stripe did not sign just now is a 400 and changes nothing."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"])
    body = json.dumps(fake_stripe.events[-1]).encode()
    before = dump(studio.file.path)
    answers = {}
    for name, (sent, signature) in hostile(body, fake_stripe).items():
        headers = {} if signature is None else {"Stripe-Signature": signature.encode()}
        answers[name] = post(hook(stripe_door), sent, headers)
    assert answers == dict.fromkeys(answers, 400)
    assert dump(studio.file.path) == before
    assert post(hook(stripe_door), body, {"Stripe-Signature": fake_stripe.sign(body)}) == 200
    assert len(ledger(studio)) == 1


def test_two_signature_headers(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, fake_stripe: FakeStripe
) -> None:
    """A request with two signatures' headers is not Stripe's."""
    visitor.step(token, "checkout")
    body = json.dumps({"id": "evt_1", "object": "event", "type": "x", "data": {"object": {}}}).encode()
    good = fake_stripe.sign(body)
    lines = (
        f"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    )
    assert _raw(stripe_door, f"{lines}Stripe-Signature: {good}\r\n", body) == 200
    assert _raw(stripe_door, f"{lines}Stripe-Signature: {good}\r\nStripe-Signature: {good}\r\n", body) == 400


def _raw(door: Door, head: str, body: bytes) -> int:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(door.base)
    with socket.create_connection((parts.hostname, parts.port), 10) as line:  # type: ignore[arg-type]
        line.sendall(head.encode() + b"\r\n" + body)
        return int(line.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("changes", "paid"),
    [
        ({"amount_total": 1}, 0),
        ({"currency": "usd"}, 0),
        ({"metadata": {"studio": "other"}}, 0),
        ({"client_reference_id": "x.2"}, 0),
        ({"payment_status": "unpaid"}, 0),
        ({"status": "expired"}, 0),
        ({}, 10000),
    ],
)
def test_events_about_what_was_not_asked(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, session: Session, fake_stripe: FakeStripe,
    changes: dict[str, Any], paid: int,
) -> None:  # fmt: skip
    """A signed event about a wrong amount, currency or session, or an unpaid page, confirms nothing: no 5xx either."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"])
    fake_stripe.latest.update(changes)
    assert fake_stripe.deliver(fake_stripe.events[-1], hook(stripe_door)) == 200
    after = sessions.get(studio, session.id)
    assert after.paid.minor == paid
    assert after.status == ("confirmed" if paid else "pending")


def test_an_unpaid_page_that_is_paid_later(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, session: Session, fake_stripe: FakeStripe
) -> None:
    """Complete and unpaid confirms nothing; the event of the money's arrival does; events may be out of order."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"], delayed=True)
    completed = fake_stripe.events[-1]
    assert fake_stripe.deliver(completed, hook(stripe_door)) == 200
    assert sessions.get(studio, session.id).status == "pending"
    fake_stripe.succeed(fake_stripe.latest["id"])
    assert fake_stripe.deliver(fake_stripe.events[-1], hook(stripe_door)) == 200
    assert fake_stripe.deliver(completed, hook(stripe_door)) == 200
    assert sessions.get(studio, session.id).status == "confirmed"
    assert len(ledger(studio)) == 1


@pytest.mark.usefixtures("impatient")
def test_an_event_while_stripe_is_down(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, session: Session, fake_stripe: FakeStripe
) -> None:
    """An event that cannot be followed now is answered so that it is sent again."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"])
    fake_stripe.plan = [500]
    event = fake_stripe.events[-1]
    assert fake_stripe.deliver(event, hook(stripe_door)) == 503
    assert fake_stripe.deliver(event, hook(stripe_door)) == 200
    assert sessions.get(studio, session.id).status == "confirmed"


def test_a_refund_in_the_dashboard(
    studio: Studio, stripe_door: Door, visitor: Visitor, token: str, fake_stripe: FakeStripe
) -> None:
    """A refund made in Stripe's dashboard reaches the ledger by its event."""
    visitor.step(token, "checkout")
    fake_stripe.pay(fake_stripe.latest["id"])
    visitor.get(f"/s/{token}/paid")
    fake_stripe.give_back(fake_stripe.latest["payment_intent"], 4000)
    for _ in range(2):
        assert fake_stripe.deliver(fake_stripe.events[-1], hook(stripe_door)) == 200
    assert [row[1:3] for row in ledger(studio)] == [("payment", 10000), ("refund", 4000)]


def test_the_door_for_events(
    studio: Studio, stripe_door: Door, visitor: Visitor, fake_stripe: FakeStripe
) -> None:
    """Only POST, not from a browser on another site, not too long; with all the headers and a line in the log."""
    path = "/webhooks/stripe"
    assert visitor.get(path).status == 405
    assert visitor.ask("POST", path, b"{}", {"Origin": "https://evil.example"}).status == 403
    assert visitor.ask("POST", path, b"x" * (1024 * 1024 + 1)).status == 413
    answer = visitor.ask("POST", path, b"{}", {"Stripe-Signature": "t=1,v1=x"})
    assert (answer.status, answer.body) == (400, b"")
    assert answer.header("cache-control") == "no-store"
    assert logged(stripe_door, 4)[-1] == f"POST {path} 400"


def test_the_log_has_no_links(
    stripe_door: Door, visitor: Visitor, token: str, fake_stripe: FakeStripe
) -> None:
    """The log says what was asked for on the way to paying, without the link."""
    visitor.step(token, "checkout")
    visitor.get(f"/s/{token}/checkout")
    visitor.get(f"/s/{token}/paid")
    lines = logged(stripe_door, 3)
    assert lines == ["POST /s/…/checkout 303", "GET /s/…/checkout 200", "GET /s/…/paid 200"]


def test_events_without_a_provider(studio: Studio, make: Maker, door: Door, fake_stripe: FakeStripe) -> None:
    """A studio without a key takes no events."""
    assert fake_stripe.deliver({"id": "evt_1", "object": "event"}, f"{door.base}/webhooks/stripe") == 400


def test_a_key_that_cannot_be_used(studio: Studio, make: Maker, clock: Clock, stripe_studio: Studio) -> None:
    """A live key in a studio for trying things out is not used: clients read how to pay without it, the log says why."""
    _, token = ready(studio, make)

    def provider(served: Studio) -> Stripe:
        checkouts.check_stripe_key(served.settings, LIVE_KEY)
        raise AssertionError

    with serving(studio, clock, provider=provider) as door:
        visitor = Visitor(door.base)
        assert "How to pay" in visitor.get(f"/s/{token}").text
        assert visitor.step(token, "checkout").header("location") == f"/s/{token}"
        assert "payment: live_key" in door.log


def test_links_back_lead_to_this_door(
    visitor: Visitor, token: str, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """The link back begins with the address at which clients reach the door."""
    visitor.step(token, "checkout")
    assert fake_stripe.latest["success_url"].startswith(f"{visitor.base}/s/")
