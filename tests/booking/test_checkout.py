"""Going to a payment page and what comes of it: one page, money once, and for what it was paid."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from whenever import Instant

from studio_cli.booking import checkout as checkouts
from studio_cli.booking import journey, session_changes, site
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking import studio as studios
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.errors import Refused, StudioError
from studio_cli.model.checkout import Order, Page, ProviderRefused, ProviderUnreachable, Seen
from studio_cli.model.money import Money
from studio_cli.outside.stripe import Stripe
from studio_cli.store import checkout as checkout_store
from tests.booking.paying import events, go, ledger, page_of, ready
from tests.conftest import NOW, ZONE, Clock, Maker
from tests.fake_stripe import LIVE_KEY, TEST_KEY, FakeStripe

pytestmark = pytest.mark.usefixtures("stripe_studio")


@dataclass(frozen=True)
class Meddled:
    """A provider during whose calls something else happens: ``before`` or ``after`` the call of that name."""

    inner: Stripe
    call: str
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name != self.call:
            return found

        def meddled(*arguments: Any) -> Any:
            self.before()
            answer = found(*arguments)
            self.after()
            return answer

        return meddled


def dies() -> None:
    """End the program in the middle."""
    raise KeyboardInterrupt


# ── going there ───────────────────────────────────────────────────────────────────────────────────


def test_a_page_for_what_is_due(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """The page is for what is due now, and the link back is a further one of the same share."""
    make.type()
    session, token = ready(studio, make, type="family", client=str(make.client().id))
    checkout = go(studio, provider, token)
    assert (checkout.state, checkout.amount) == ("open", Money(5000, "CAD"))
    assert (fake_stripe.latest["amount_total"], fake_stripe.latest["url"]) == (5000, checkout.url)
    assert token not in str(fake_stripe.latest)
    back = fake_stripe.latest["cancel_url"].rpartition("/s/")[2]
    assert journey.visit(studio, back).share_id == journey.visit(studio, token).share_id
    assert events(studio, session)[-1] == "checkout opened"


def test_taps(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """However often a client taps, it is one page; also through the link by which they came back."""
    _, token = ready(studio, make)
    first = go(studio, provider, token)
    assert go(studio, provider, token) == replace(first, checked_at=NOW)
    assert go(studio, provider, provider.link_token(first.key)).id == first.id
    assert len(fake_stripe.sessions) == 1


def test_two_taps_at_once(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """Two taps at the same moment, while Stripe is slow, come to the same page."""
    _, token = ready(studio, make)
    fake_stripe.seconds = 0.3
    found: list[int] = []

    def tap() -> None:
        own = open_studio(studio.file.path, clock)
        found.append(go(own, provider, token).id)
        own.file.close()

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert len(found) == 2
    assert len(set(found)) == len(fake_stripe.sessions) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_program_dies_while_asking(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, moment: str
) -> None:
    """A program that dies before or after Stripe made the page leaves one page when the client taps again."""
    _, token = ready(studio, make)
    with pytest.raises(KeyboardInterrupt):
        go(studio, Meddled(provider, "open", **{moment: dies}), token)
    assert len(fake_stripe.sessions) == (0 if moment == "before" else 1)
    checkout = go(studio, provider, token)
    assert list(fake_stripe.sessions) == [checkout.outside_id]
    assert studio.file.connection.execute("SELECT count(*) FROM checkout").fetchone()[0] == 1


def test_what_was_asked_for_has_changed(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """When what was asked for without an answer would be another page now, it is a new one, and the old one nobody's."""
    session, token = ready(studio, make)
    with pytest.raises(KeyboardInterrupt):
        go(studio, Meddled(provider, "open", after=dies), token)
    session_changes.edit(studio, str(session.id), Edits(title="Passport"))
    journey.review(studio, token, 2)
    checkout = go(studio, provider, token)
    assert len(fake_stripe.sessions) == 2
    assert checkout.outside_id == fake_stripe.latest["id"]


@pytest.mark.parametrize(
    ("expires", "minutes"), [("never", 23 * 60), ("3d", 23 * 60), ("5h", 300), ("40m", 40), ("10m", 31)]
)
def test_how_long_it_is_held(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, expires: str, minutes: int
) -> None:
    """The page ends within the hold; a hold that is too short for any page is made longer, not shorter."""
    session, token = ready(studio, make, expires=expires)
    checkout = go(studio, provider, token)
    assert checkout.expires_at == NOW.add(minutes=minutes)
    after = sessions.get(studio, session.id).expires_at
    assert after is None or after >= checkout.expires_at
    assert after == (session.expires_at if minutes > 31 else NOW.add(minutes=31))


def test_a_page_about_to_end(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """A page that ends in a few minutes is not offered again: it is ended, and there is a new one."""
    _, token = ready(studio, make, expires="40m")
    first = go(studio, provider, token)
    clock.forward(minutes=31)
    second = go(studio, provider, token)
    assert second.id != first.id
    assert fake_stripe.sessions[page_of(first)]["status"] == "expired"


def test_another_share(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A page leads back by the share through which its client came: another share has a page of its own."""
    session, token = ready(studio, make)
    first = go(studio, provider, token)
    second = go(studio, provider, make.link(session))
    assert fake_stripe.sessions[page_of(first)]["status"] == "expired"
    assert second.state == "open"


def test_nothing_to_pay(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """There is no page while another step comes first, for details not seen, or when nothing is due."""
    session = make.session()
    token = make.link(session)
    assert checkouts.start(studio, provider, token, 1).checkout is None
    journey.review(studio, token, 1)
    assert checkouts.start(studio, provider, token, 0).visit.changed
    sessions.confirm(studio, str(session.id))
    assert checkouts.start(studio, provider, token, 1).checkout is None
    assert fake_stripe.requests == []


def test_tips(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A tip is part of what is paid; another one is another page; nonsense is no page."""
    session, token = ready(studio, make, tips=True)
    first = checkouts.start(studio, provider, token, 1, {"tip": ["10"]}).checkout
    assert first is not None
    assert first.amount == Money(11000, "CAD")
    wrong = checkouts.start(studio, provider, token, 1, {"tip": ["other"], "tip_amount": ["x"]})
    assert (wrong.checkout, list(wrong.visit.trouble)) == (None, ["tip"])
    second = checkouts.start(studio, provider, token, 1, {"tip": ["0"]}).checkout
    assert second is not None
    assert fake_stripe.sessions[page_of(first)]["status"] == "expired"
    fake_stripe.pay(page_of(second))
    checkouts.settle(studio, provider, second)
    assert sessions.get(studio, session.id).status == "confirmed"


def test_already_paid(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """A client who has paid and taps Pay once more is not sent to pay again: the payment is found."""
    session, token = ready(studio, make)
    fake_stripe.pay(page_of(go(studio, provider, token)))
    going = checkouts.start(studio, provider, token, 1)
    assert (going.checkout, going.visit.session.status) == (None, "confirmed")
    assert ledger(studio) == [(session.id, "payment", 10000, "stripe", None)]


def test_other_price(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """When the price has changed the old page is ended before there is a new one."""
    session, token = ready(studio, make)
    old = go(studio, provider, token)
    session_changes.edit(studio, str(session.id), Edits(price="120"))
    journey.review(studio, token, 2)
    new = go(studio, provider, token)
    assert new.amount == Money(12000, "CAD")
    assert [one["status"] for one in fake_stripe.sessions.values()] == ["expired", "open"]
    assert checkouts.get(studio, old.id).state == "ended"


def test_paid_while_a_new_page_is_asked_for(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """A page that is paid in the very moment in which it is ended counts, and there is no second one."""
    session, token = ready(studio, make)
    old = go(studio, provider, token)
    session_changes.edit(studio, str(session.id), Edits(price="120"))
    journey.review(studio, token, 2)
    racing = Meddled(provider, "end", before=lambda: fake_stripe.pay(page_of(old)))
    assert checkouts.start(studio, racing, token, 2).checkout is None
    assert ledger(studio) == [(session.id, "payment", 10000, "stripe", None)]
    after = sessions.get(studio, session.id)
    assert (after.status, after.due_now) == ("pending", Money(2000, "CAD"))
    assert go(studio, provider, token).amount == Money(2000, "CAD")


def test_canceled_while_stripe_is_asked(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """A row that ends while its page is made is not opened again: the page is ended, and the client not sent there."""
    session, token = ready(studio, make)

    def cancel() -> None:
        own = open_studio(studio.file.path, clock)
        sessions.cancel(own, str(session.id))
        (asked,) = checkout_store.of_session(own.file, session.id, "asked")
        checkouts.settle(own, provider, asked)
        own.file.close()

    going = checkouts.start(studio, Meddled(provider, "open", before=cancel), token, 1)
    assert going.checkout is None
    assert fake_stripe.latest["status"] == "expired"


def test_stripe_says_no(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """What Stripe does not want is in the history for the owner; the session and its hold are as they were."""
    session, token = ready(studio, make, expires="5h")
    fake_stripe.plan = [400]
    with pytest.raises(ProviderRefused):
        go(studio, provider, token)
    assert sessions.get(studio, session.id) == session
    assert sessions.history(studio, session)[-1].details["why"] == "Stripe said: Invalid integer: fake"
    assert go(studio, provider, token).state == "open"


def test_stripe_cannot_be_reached(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """Without an answer nothing is lost, and the next tap finds the page that was made all the same."""
    session, token = ready(studio, make, expires="5h")
    hurried = replace(provider, hurried=True)
    fake_stripe.plan = ["lost"]
    with pytest.raises(ProviderUnreachable):
        go(studio, hurried, token)
    assert sessions.get(studio, session.id) == session
    checkout = go(studio, hurried, token)
    assert list(fake_stripe.sessions) == [checkout.outside_id]


def test_a_change_that_never_ends(studio: Studio, make: Maker, provider: Stripe) -> None:
    """A session that changes under every try is given up on, kindly."""
    _, token = ready(studio, make)

    class Restless(Meddled):
        def open(self, order: Order) -> Page:
            with studio.file.atomic():
                studio.file.connection.execute("UPDATE checkout SET state = 'ended'")
            return self.inner.open(order)

    with pytest.raises(ProviderUnreachable):
        go(studio, Restless(provider, "open"), token)


# ── what came of it ───────────────────────────────────────────────────────────────────────────────


def settle(studio: Studio, provider: Any, number: int = 1) -> str:
    """Ask about a page and return what it brought."""
    return checkouts.settle(studio, provider, checkouts.get(studio, number)).what


@pytest.fixture
def paid(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> str:
    """The page of session 1, paid, of which nobody has heard."""
    _, token = ready(studio, make)
    page = page_of(go(studio, provider, token))
    fake_stripe.pay(page)
    return page


def test_paid_once(studio: Studio, provider: Stripe, paid: str) -> None:
    """A payment is in the ledger once, however often it is asked about; it confirms, and has a receipt."""
    assert [settle(studio, provider) for _ in range(3)] == ["paid", "known", "known"]
    (payment,) = payments.payment_store.listed(studio.file)
    assert (payment.receipt, payment.at, payment.note) == (1, NOW, "Test mode: no money moved.")
    assert payment.reference is not None
    assert payment.reference.startswith("stripe:pi_")
    checkout = checkouts.get(studio, 1)
    assert (checkout.state, checkout.payment_id, checkout.url) == ("paid", payment.id, None)
    assert sessions.get(studio, 1).status == "confirmed"


def test_the_program_dies_before_it_is_written_down(studio: Studio, provider: Stripe, paid: str) -> None:
    """What was asked and not written down is found by whoever asks next."""
    with pytest.raises(KeyboardInterrupt):
        settle(studio, Meddled(provider, "look", after=dies))
    assert ledger(studio) == []
    assert settle(studio, provider) == "paid"


def test_a_payment_with_a_live_key(studio: Studio, make: Maker, fake_stripe: FakeStripe) -> None:
    """Real money has no note about test mode."""
    live = Stripe(LIVE_KEY, api_base=fake_stripe.base)
    _, token = ready(studio, make)
    fake_stripe.pay(page_of(go(studio, live, token)))
    settle(studio, live)
    assert payments.payment_store.listed(studio.file)[0].note is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount_total": 9999}, "99.99 CAD was paid where 100.00 CAD was asked"),
        ({"amount_total": 20000}, "200.00 CAD was paid where 100.00 CAD was asked"),
        ({"amount_total": "10000"}, "an amount that cannot be read was paid where 100.00 CAD was asked"),
        ({"currency": "usd"}, "100.00 USD was paid where 100.00 CAD was asked"),
        ({"client_reference_id": "abc.1"}, "it was paid for something else"),
        ({"metadata": {}}, "it was paid for something else"),
        ({"payment_intent": None}, "stripe names no payment"),
        ({"id": "cs_test_other"}, "it was paid for something else"),
    ],
)
def test_not_what_was_asked(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str, changes: dict[str, Any], why: str
) -> None:
    """Money that is not what was asked confirms nothing and is not lost: the owner is told until it is settled."""
    fake_stripe.sessions[paid].update(changes)
    found = [checkouts.settle(studio, provider, checkouts.get(studio, 1)) for _ in range(2)]
    assert [(one.what, one.words) for one in found] == [("doubt", why)] * 2
    session = sessions.get(studio, 1)
    assert (ledger(studio), session.status) == ([], "pending")
    assert events(studio, session).count("payment in doubt") == 1
    assert [one.doubt for one in checkouts.in_doubt(studio)] == [why]


def test_a_doubt_that_was_given_back(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """When such money has gone back at Stripe there is nothing to look at any more."""
    fake_stripe.sessions[paid]["amount_total"] = 9000
    settle(studio, provider)
    fake_stripe.give_back(fake_stripe.sessions[paid]["payment_intent"], 10000)
    assert settle(studio, provider) == "ended"
    assert checkouts.in_doubt(studio) == []


def test_another_sessions_payment(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """A payment that is in the ledger for one session does not pay for another."""
    settle(studio, provider)
    other, token = ready(studio, make, "2026-12-05 10:00", custom=True)
    page = page_of(go(studio, provider, token))
    fake_stripe.sessions[page] |= {
        "status": "complete", "payment_status": "paid",
        "payment_intent": fake_stripe.sessions[paid]["payment_intent"],
    }  # fmt: skip
    assert settle(studio, provider, 2) == "doubt"
    assert sessions.get(studio, other.id).status == "pending"
    assert len(ledger(studio)) == 1


@pytest.mark.parametrize("verb", ["cancel", "confirm"])
def test_nobody_wants_it_paid(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, verb: str
) -> None:
    """The page of a session that is canceled, or confirmed by its owner, is ended when it is next looked at."""
    session, token = ready(studio, make)
    checkout = go(studio, provider, token)
    getattr(sessions, verb)(studio, str(session.id))
    assert settle(studio, provider) == "ended"
    assert fake_stripe.sessions[page_of(checkout)]["status"] == "expired"
    assert checkouts.get(studio, 1).state == "ended"


def test_paid_otherwise(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """The page of a session that was paid in cash meanwhile is ended; so is one when clients no longer pay there."""
    session, token = ready(studio, make)
    go(studio, provider, token)
    payments.record(studio, str(session.id), "100", method="cash")
    assert settle(studio, provider) == "ended"
    _, token = ready(studio, make, "2026-12-07 10:00")
    go(studio, provider, token)
    studios.change_setting(studio, "payment.provider", "offline")
    assert settle(studio, provider, 2) == "ended"


def test_paid_for_a_canceled_session(studio: Studio, provider: Stripe, paid: str) -> None:
    """Money for a session that is canceled is kept and flagged, and changes nothing else."""
    sessions.cancel(studio, "1")
    assert settle(studio, provider) == "late"
    assert ledger(studio) == [(1, "payment", 10000, "stripe", "canceled")]
    assert sessions.get(studio, 1).status == "canceled"


def test_confirmed_by_the_owner_meanwhile(studio: Studio, provider: Stripe, paid: str) -> None:
    """Money for a session that its owner has confirmed is a payment, and nothing else."""
    sessions.confirm(studio, "1")
    assert settle(studio, provider) == "paid"
    session = sessions.get(studio, 1)
    assert (session.confirmed_by, session.balance) == ("owner", Money(0, "CAD"))
    assert ledger(studio) == [(1, "payment", 10000, "stripe", None)]


def test_moved_meanwhile(studio: Studio, provider: Stripe, paid: str) -> None:
    """Money follows a session that was moved; its client is asked to look at the new time."""
    session_changes.reschedule(studio, "1", "2026-12-07 11:00")
    assert settle(studio, provider) == "paid"
    session = sessions.get(studio, 1)
    assert [step.name for step in session.waiting_for] == ["review"]
    assert session.paid == Money(10000, "CAD")


@pytest.mark.parametrize("taken", [False, True])
def test_paid_at_the_last_moment(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe, taken: bool
) -> None:
    """A session whose hold ran out while it was paid is taken up again if its time is free; else it is flagged."""
    session, token = ready(studio, make, expires="40m")
    page = page_of(go(studio, provider, token))
    clock.forward(minutes=39)
    fake_stripe.pay(page)
    clock.forward(minutes=2)
    if taken:
        make.session()
    assert settle(studio, provider) == ("late" if taken else "paid")
    after = sessions.get(studio, session.id)
    assert after.status == ("expired" if taken else "confirmed")
    assert ledger(studio)[0][4] == ("expired" if taken else None)
    assert ("session reopened" in events(studio, session)) is not taken


def test_paid_for_a_time_that_is_over(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """A session whose hold and whose time are over is not taken up again."""
    session, token = ready(studio, make, expires="40m")
    fake_stripe.pay(page_of(go(studio, provider, token)))
    clock.forward(hours=24 * 20)
    assert settle(studio, provider) == "late"
    assert sessions.get(studio, session.id).status == "expired"


def test_money_on_its_way(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """While money is on its way the time is kept and nobody is asked to pay again; when it arrives it confirms."""
    session, token = ready(studio, make, expires="40m")
    page = page_of(go(studio, provider, token))
    fake_stripe.pay(page, delayed=True)
    assert [settle(studio, provider) for _ in range(2)] == ["processing"] * 2
    waiting = sessions.get(studio, session.id)
    assert (waiting.status, waiting.expires_at) == ("pending", None)
    assert waiting.step("payment").announced_at is not None
    assert checkouts.start(studio, provider, token, 1).checkout is None
    clock.forward(hours=72)
    fake_stripe.succeed(page)
    assert settle(studio, provider) == "paid"
    assert sessions.get(studio, session.id).status == "confirmed"
    assert events(studio, session).count("payment processing") == 1


def test_money_that_does_not_arrive(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """When money on its way does not arrive, the client is asked again and has as long as at the beginning."""
    make.type(hold="2d")
    session, token = ready(studio, make, type="family", client=str(make.client().id))
    page = page_of(go(studio, provider, token))
    fake_stripe.pay(page, delayed=True)
    settle(studio, provider)
    clock.forward(hours=72)
    fake_stripe.fail(page)
    assert [settle(studio, provider) for _ in range(2)] == ["failed", "known"]
    after = sessions.get(studio, session.id)
    assert after.step("payment").announced_at is None
    assert after.expires_at == clock.now.add(hours=48)
    assert go(studio, provider, token).state == "open"


def picked(studio: Studio, make: Maker) -> tuple[int, str]:
    """A time that somebody has picked on the site and reviewed, and their link."""
    make.offer()
    person, visitor = site.Person("Rui Costa", "rui@example.com"), site.Visitor("203.0.113.7", ZONE)
    reply = site.pick(studio, "family-session", [Instant.from_utc(2026, 12, 4, 15)], person, visitor)
    assert reply.link is not None and reply.session_id is not None
    token = reply.link.rpartition("/s/")[2]
    journey.review(studio, token, 1)
    return reply.session_id, token


def test_a_picked_time_is_not_held_for_ever_by_money_that_failed(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """When money on its way does not arrive, a time picked on the site is held for its minutes, not without an end."""
    number, token = picked(studio, make)
    page = page_of(go(studio, provider, token))
    fake_stripe.pay(page, delayed=True)
    assert settle(studio, provider) == "processing"
    clock.forward(hours=24)
    fake_stripe.fail(page)
    assert settle(studio, provider) == "failed"
    assert sessions.get(studio, number).expires_at == clock.now.add(minutes=15)
    assert go(studio, provider, token).state == "open"
    assert sessions.get(studio, number).expires_at == clock.now.add(minutes=31)


def test_pages_opened_again_and_again_hold_nothing_for_ever(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe
) -> None:
    """A new page holds a picked time for three hours after it was picked, and then no longer; the owner's goes on."""
    number, token = picked(studio, make)
    since = clock.now
    while sessions.get(studio, number).status == "pending":
        checkouts.start(studio, provider, token, 1)
        clock.forward(minutes=25)
        assert clock.now < since.add(hours=4)
    assert clock.now > since.add(hours=3)


def test_given_back_before_anybody_heard(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """Money that went back before it was heard of is in the books both ways, and confirms nothing."""
    fake_stripe.give_back(fake_stripe.sessions[paid]["payment_intent"], 10000)
    settle(studio, provider)
    assert [row[1:3] for row in ledger(studio)] == [("payment", 10000), ("refund", 10000)]
    session = sessions.get(studio, 1)
    assert (session.status, session.due_now) == ("pending", Money(10000, "CAD"))


def test_part_given_back_before_anybody_heard(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """Of money of which a part went back only the rest counts: the session waits for what is missing."""
    fake_stripe.give_back(fake_stripe.sessions[paid]["payment_intent"], 2500)
    assert settle(studio, provider) == "paid"
    session = sessions.get(studio, 1)
    assert (session.status, session.paid, session.due_now) == (
        "pending",
        Money(7500, "CAD"),
        Money(2500, "CAD"),
    )


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_of_test_mode_and_a_live_key(
    studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """After going live a page of test mode is nobody's: the client gets one that takes real money."""
    _, token = ready(studio, make)
    go(studio, provider, token)
    live = Stripe(LIVE_KEY, api_base=fake_stripe.base)
    assert settle(studio, live) == "unknown"
    checkout = go(studio, live, token)
    assert page_of(checkout).startswith("cs_live_")
    assert checkouts.get(studio, 1).state == "ended"


def test_a_page_that_was_never_known(
    studio: Studio, make: Maker, clock: Clock, provider: Stripe, fake_stripe: FakeStripe
) -> None:
    """A page that Stripe does not know is kept for a week after its end, then given up."""
    _, token = ready(studio, make)
    go(studio, provider, token)
    fake_stripe.sessions.clear()
    assert settle(studio, provider) == "unknown"
    clock.forward(hours=24 * 9)
    assert settle(studio, provider) == "ended"


@pytest.mark.parametrize(("key", "code"), [(None, "no_key"), ("pk_test_abcdefgh", "not_a_key"), (LIVE_KEY, "live_key")])  # fmt: skip
def test_keys_that_do_not_belong_here(studio: Studio, key: str | None, code: str) -> None:
    """Stripe is chosen with a key, and never with one that moves real money in a studio for trying things out."""
    with pytest.raises(StudioError) as refused:
        studios.change_setting(studio, "payment.provider", "stripe", stripe_key=key)
    assert refused.value.code == code
    assert studios.change_setting(studio, "payment.provider", "stripe", stripe_key=TEST_KEY) == "stripe"


# ── refunds ───────────────────────────────────────────────────────────────────────────────────────


def refund(studio: Studio, provider: Any, amount: str | None = None, **more: Any) -> list[payments.Recorded]:
    """Give money of session 1 back through Stripe."""
    return payments.refund(
        studio, WantedRefund("1", amount), give_back=checkouts.give_back_with(provider), **more
    )


def test_giving_back(studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str) -> None:
    """What was paid with Stripe goes back there, in parts too, and is in the ledger with its reference."""
    settle(studio, provider)
    (first,) = refund(studio, provider, "30")
    (second,) = refund(studio, provider)
    assert [one["amount"] for one in fake_stripe.refunds.values()] == [3000, 7000]
    assert [first.payment.reference, second.payment.reference] == [
        f"stripe:{one}" for one in fake_stripe.refunds
    ]
    assert second.session.paid == Money(0, "CAD")
    with pytest.raises(Refused):
        refund(studio, provider)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_program_dies_while_giving_back(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str, moment: str
) -> None:
    """The same command again gives back once, wherever the program died; also a day later."""
    settle(studio, provider)
    with pytest.raises(KeyboardInterrupt):
        refund(studio, Meddled(provider, "give_back", **{moment: dies}), "30")
    fake_stripe._replies.clear()
    refund(studio, provider, "30")
    assert [one["amount"] for one in fake_stripe.refunds.values()] == [3000]
    assert len(ledger(studio)) == 2


def test_stripe_does_not_give_back(
    studio: Studio, provider: Stripe, fake_stripe: FakeStripe, paid: str
) -> None:
    """What Stripe does not give back is not in the ledger."""
    settle(studio, provider)
    fake_stripe.intents[fake_stripe.sessions[paid]["payment_intent"]]["status"] = "processing"
    with pytest.raises(ProviderRefused):
        refund(studio, provider)
    assert len(ledger(studio)) == 1


def test_revoked_links(studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe) -> None:
    """When its links are revoked a client cannot come back, but what they paid is found."""
    session, token = ready(studio, make)
    checkout = go(studio, provider, token)
    shares.revoke(studio, str(session.id))
    fake_stripe.pay(page_of(checkout))
    assert settle(studio, provider) == "paid"


def test_seen_without_a_payment() -> None:
    """A page on which nothing was paid has nothing to give back."""
    assert not Seen("cs_1", "open", None, None, None, None).returned
