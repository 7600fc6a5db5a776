"""The vendor's own command line drives the stand-in: a second opinion on whether it behaves like Stripe.

It comes from npm (``npm install @stripe/cli``); ``STRIPE_CLI`` says where it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from tests.booking.paying import ready
from tests.conftest import Door, Maker
from tests.fake_stripe import TEST_KEY, FakeStripe
from tests.web.visitor import Visitor

pytestmark = pytest.mark.audit

NAMED = os.environ.get("STRIPE_CLI")
"""Read before ``clean_machine`` clears the environment."""


@pytest.fixture
def stripe(fake_stripe: FakeStripe, tmp_path: Path) -> Iterator[object]:
    """Run the vendor's command line against the stand-in and return what it printed."""
    command = NAMED or shutil.which("stripe")
    if command is None:
        pytest.skip("NO STRIPE CLI: npm install @stripe/cli, and put it on PATH or name it in STRIPE_CLI.")

    def run(*arguments: str) -> str:
        home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "STRIPE_API_KEY": TEST_KEY}
        done = subprocess.run(
            [command, *arguments, "--api-base", fake_stripe.base],
            env={**home, "STRIPE_CLI_TELEMETRY_OPTOUT": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run


def test_it_triggers_a_completed_checkout(stripe: object, fake_stripe: FakeStripe) -> None:
    """Its trigger makes a Checkout Session with products and prices, and pays it."""
    assert callable(stripe)
    assert "Trigger succeeded" in stripe("trigger", "checkout.session.completed")
    assert (fake_stripe.latest["status"], fake_stripe.latest["amount_total"]) == ("complete", 3000)
    assert fake_stripe.events[-1]["type"] == "checkout.session.completed"


def test_it_sees_and_refunds_what_a_client_paid(
    studio: Studio, make: Maker, stripe_door: Door, stripe: object, fake_stripe: FakeStripe
) -> None:
    """What a client of ours paid can be looked at and given back with it, and the ledger hears of it."""
    assert callable(stripe)
    session, token = ready(studio, make)
    visitor = Visitor(stripe_door.base)
    visitor.step(token, "checkout")
    page = fake_stripe.latest["id"]
    fake_stripe.pay(page)
    visitor.get(f"/s/{token}/paid")
    seen = json.loads(stripe("checkout", "sessions", "retrieve", page))
    assert (seen["payment_status"], seen["client_reference_id"].rpartition(".")[2]) == ("paid", "1")
    stripe("refunds", "create", "--payment-intent", seen["payment_intent"], "--amount", "2500")
    fake_stripe.deliver(fake_stripe.events[-1], f"{stripe_door.base}/webhooks/stripe")
    assert sessions.get(studio, session.id).paid.minor == 7500
