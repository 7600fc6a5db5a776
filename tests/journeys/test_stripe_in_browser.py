"""A client pays on Stripe's page (the stand-in's) in a real browser and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio
from studio_cli.outside.smtp import SmtpServer
from studio_cli.outside.stripe import Stripe
from tests.booking.paying import ledger
from tests.conftest import Clock, Door, Maker, serving
from tests.fake_stripe import FakeStripe
from tests.journeys.test_in_browser import SHOTS, Phone
from tests.smtp_server import MailServer

pytestmark = pytest.mark.browser


@pytest.fixture
def door_with_mail(
    stripe_studio: Studio, clock: Clock, provider: Stripe, mail_server: MailServer
) -> Iterator[Door]:
    """The door of a studio whose clients pay with Stripe and get mail."""
    for name, value in (
        ("mail.host", "127.0.0.1"),
        ("mail.port", str(mail_server.port)),
        ("mail.tls", "none"),
    ):
        studios.change_setting(stripe_studio, name, value)
    mailer = SmtpServer("127.0.0.1", mail_server.port, "none")
    with serving(stripe_studio, clock, provider=lambda _: provider, mailer=lambda _: mailer) as door:
        yield door


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def phone(
    browser: Any, door_with_mail: Door, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Phone]:
    """A phone, with scripts and without."""
    made = Phone(browser, door_with_mail, tmp_path, java_script_enabled=request.param)
    yield made
    made.context.close()


def test_paying_on_a_phone(
    studio: Studio, make: Maker, phone: Phone, fake_stripe: FakeStripe, mail_server: MailServer
) -> None:
    """The client pays at Stripe, comes back, reads Confirmed; there is one payment, one receipt and one mail."""
    make.type()
    session = make.session(type="family", client=str(make.client().id))
    phone.open(make.link(session))
    phone.press("This is right")
    assert "TEST MODE" in phone.text
    phone.press("Pay CA\\$50.00")
    phone.page.wait_for_url(f"{fake_stripe.base}/c/pay/**")
    assert phone.heading == "Pay 50.00 CAD"
    phone.press("Pay")
    assert phone.heading == "Your session is confirmed"
    assert "Receipt 1" in phone.text
    assert phone.complaints == []
    assert sessions.get(studio, session.id).status == "confirmed"
    assert ledger(studio) == [(session.id, "payment", 5000, "stripe", None)]
    phone.page.wait_for_timeout(300)
    told = sorted(one.recipients[0] for one in mail_server.received)
    assert told == ["ana@example.com", "client1@example.com"]
    phone.page.reload()
    assert phone.heading == "Your session is confirmed"
    assert len(ledger(studio)) == 1


def test_thinking_better_of_it(studio: Studio, make: Maker, phone: Phone, fake_stripe: FakeStripe) -> None:
    """The client goes to Stripe, turns round, and is where they were; going back leads out, not round in circles."""
    session = make.session()
    phone.open(make.link(session))
    phone.press("This is right")
    phone.press("Pay")
    phone.page.wait_for_url(f"{fake_stripe.base}/c/pay/**")
    phone.page.go_back()
    assert phone.heading == "Payment"
    phone.press("Pay")
    phone.page.wait_for_url(f"{fake_stripe.base}/c/pay/**")
    phone.follow("Cancel")
    assert phone.heading == "Payment"
    assert sessions.get(studio, session.id).status == "pending"
    assert len(fake_stripe.sessions) == 1


def test_the_pages_on_the_way(
    studio: Studio, make: Maker, browser: Any, door_with_mail: Door, tmp_path: Path, fake_stripe: FakeStripe
) -> None:
    """Every page on the way is as it should be: to read, to tap, at every width, without anything foreign."""
    phone = Phone(browser, door_with_mail, Path(SHOTS) if SHOTS else tmp_path)
    token = make.link(make.session(tips=True))
    phone.open(token).press("This is right")
    phone.check("payment-stripe", dark=True)
    fake_stripe.plan = [400]
    phone.press("Go on to pay")
    phone.check("payment-cannot-be-opened")
    phone.follow("Try again")
    phone.press("Go on to pay")
    phone.page.wait_for_url(f"{fake_stripe.base}/c/pay/**")
    phone.foreign.clear()  # the one place that leads away
    phone.page.goto(f"{door_with_mail.base}/s/{token}/paid")
    phone.check("payment-not-yet")
    phone.context.close()
