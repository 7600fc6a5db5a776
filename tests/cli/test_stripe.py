"""Stripe from the command line: keys, asking what was paid, giving back."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio, found
from studio_cli.outside.stripe import Stripe
from tests.booking.paying import go, page_of, ready
from tests.cli.test_serve_link import ServerProcess
from tests.conftest import ZONE, Cli, Clock, Maker
from tests.fake_stripe import LIVE_KEY, TEST_KEY, WEBHOOK_SECRET, FakeStripe
from tests.smtp_server import MailServer


@pytest.fixture(autouse=True)
def at_the_fake(fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands reach the stand-in, and nothing else."""
    monkeypatch.setenv("STUDIO_STRIPE_API_BASE", fake_stripe.base)


@pytest.fixture
def real_studio(studio: Studio, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A studio in which real money can move."""
    path = tmp_path / "real.db"
    monkeypatch.setenv("STUDIO_DB", str(path))
    return found(path, clock, name="Ana", email="ana@example.com", timezone=ZONE, currency="CAD")


@pytest.fixture
def page(studio: Studio, make: Maker, provider: Stripe, monkeypatch: pytest.MonkeyPatch) -> str:
    """The open page of session 1, of a studio that has its key in the environment."""
    studios.change_setting(studio, "payment.provider", "stripe", stripe_key=TEST_KEY)
    monkeypatch.setenv("STUDIO_STRIPE_KEY", TEST_KEY)
    return page_of(go(studio, provider, ready(studio, make)[1]))


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let the next command read this from stdin."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


def test_no_key_yet(studio: Studio, cli: Cli) -> None:
    """Choosing Stripe without a key says how to set one."""
    refused = cli("config", "set", "payment.provider", "stripe", "--json")
    assert (refused.code, refused.error["code"]) == (3, "no_key")
    assert "studio config secret stripe.key" in refused.error["hint"]
    assert cli("config", "get", "payment.provider").out == "test\n"


def test_setting_a_key(studio: Studio, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is tried, kept outside the file, and never printed; then Stripe can be chosen."""
    typed(monkeypatch, TEST_KEY)
    kept = cli("config", "secret", "stripe.key").ok()
    assert "Stripe knows this test key of Ana Silva." in kept.err
    typed(monkeypatch, WEBHOOK_SECRET)
    cli("config", "secret", "stripe.webhook").ok()
    chosen = cli("config", "set", "payment.provider", "stripe").ok()
    for said in (kept, chosen):
        assert TEST_KEY not in said.out + said.err
    assert TEST_KEY.encode() not in studio.file.path.read_bytes()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("stripe.key", "hunter2", "not_a_key"),
        ("stripe.key", "pk_live_abcdefgh", "not_a_key"),
        ("stripe.key", "sk_test_wrong0wrong", "stripe_key"),
        ("stripe.key", LIVE_KEY, "live_key"),
        ("stripe.webhook", "hunter2", "not_a_secret"),
    ],
)
def test_keys_that_are_not_kept(
    studio: Studio, cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str
) -> None:
    """What is no key, what Stripe does not know, and a live key in a studio for trying things out are not kept."""
    typed(monkeypatch, value)
    refused = cli("config", "secret", name, "--json")
    assert refused.code != 0
    assert refused.error["code"] == code
    assert value not in refused.out + refused.err
    assert cli("config", "set", "payment.provider", "stripe").code == 3


def test_without_a_line(studio: Studio, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a way to Stripe a key is kept untried, and that is said."""
    monkeypatch.setenv("STUDIO_STRIPE_API_BASE", "http://127.0.0.1:9")
    typed(monkeypatch, TEST_KEY)
    assert "the key was not tried" in cli("config", "secret", "stripe.key").ok().err


def test_going_live(real_studio: Studio, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a real studio a test key is called so aloud wherever money is spoken of, and a live one too."""
    typed(monkeypatch, TEST_KEY)
    assert "TEST MODE" in cli("config", "secret", "stripe.key").ok().err
    assert "TEST MODE" in cli("config", "set", "payment.provider", "stripe").ok().err
    assert "TEST MODE" in cli("payment", "sync").ok().err
    typed(monkeypatch, LIVE_KEY)
    kept = cli("config", "secret", "stripe.key").ok().err
    assert "LIVE" in kept
    assert "TEST MODE" not in kept
    assert "TEST MODE" not in cli("payment", "sync").ok().err


def test_a_live_key_from_the_environment(
    studio: Studio, page: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A studio for trying things out refuses a live key wherever it comes from."""
    monkeypatch.setenv("STUDIO_STRIPE_KEY", LIVE_KEY)
    refused = cli("payment", "sync", "--json")
    assert (refused.code, refused.error["code"]) == (3, "live_key")


# ── asking what was paid ──────────────────────────────────────────────────────────────────────────


def test_sync(studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe) -> None:
    """What was paid is written down, once, and said in lines for scripts."""
    assert cli("payment", "sync").ok().out == f"open\t1\t100.00 CAD\t\t{page}\n"
    fake_stripe.pay(page)
    assert cli("payment", "sync").ok().out == f"paid\t1\t100.00 CAD\t1\t{page}\n"
    assert cli("payment", "sync").ok().out == ""
    shown = cli("session", "show", "1", "--json").json
    assert (shown["status"], shown["paid"]["amount"]) == ("confirmed", "100.00")


def test_sync_without_a_word(
    studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe, mail_server: MailServer
) -> None:
    """With --no-email the client is not told what was found; the owner is, and without it the client too."""
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        cli("config", "set", f"mail.{name}", value).ok()
    fake_stripe.pay(page)
    cli("payment", "sync", "--no-email").ok()
    assert cli("session", "show", "1", "--json").json["status"] == "confirmed"
    assert {one["recipient"] for one in cli("mail", "list", "--json").json} == {"owner"}


def test_sync_in_json(studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe) -> None:
    """As JSON every field is there; a rehearsal changes nothing."""
    fake_stripe.pay(page)
    rehearsed = cli("payment", "sync", "--dry-run", "--json").ok().json
    assert cli("payment", "list", "--json").json == []
    (done,) = cli("payment", "sync", "--json").ok().json
    assert [one["what"] for one in rehearsed] == [done["what"]] == ["paid"]
    assert (rehearsed[0]["dry_run"], done["dry_run"]) == (True, False)
    assert set(done) == {"what", "session", "amount", "payment", "needs_owner", "why", "checkout", "dry_run"}
    assert set(done["checkout"]) == {
        "id", "session", "provider", "amount", "state", "outside_id", "created_at", "expires_at", "payment", "doubt",
    }  # fmt: skip
    assert done["checkout"]["payment"] == done["payment"] == 1
    assert cli("payment", "sync", "--json").ok().json == []


def test_money_that_needs_the_owner(studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe) -> None:
    """Money that is not what was asked is shown each time until it has gone back."""
    fake_stripe.pay(page)
    fake_stripe.sessions[page]["amount_total"] = 9000
    for _ in range(2):
        shown = cli("payment", "sync", "--json").ok()
        assert shown.json[0]["needs_owner"]
        assert shown.json[0]["why"] == "90.00 CAD was paid where 100.00 CAD was asked"
        assert "dashboard.stripe.com" in shown.err


def test_money_that_came_too_late(studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe) -> None:
    """Money for a canceled session is flagged, and goes back with one command."""
    fake_stripe.pay(page)
    canceled = cli("session", "cancel", "1", "--yes").ok()
    assert "100.00 CAD was paid online just before" in canceled.err
    late = cli("payment", "list", "--to-refund", "--json").ok().json
    assert [(one["session"], one["late"], one["amount"]["amount"]) for one in late] == [
        (1, "canceled", "100.00")
    ]
    cli("payment", "refund", "1", "--yes").ok()
    assert [one["amount"] for one in fake_stripe.refunds.values()] == [10000]
    assert cli("payment", "list", "--to-refund", "--json").json == []


@pytest.mark.parametrize("fault", [500, 401])
def test_stripe_cannot_be_asked(
    studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe, fault: int
) -> None:
    """When Stripe cannot be asked it is exit 5, with what came before; nothing is lost."""
    fake_stripe.pay(page)
    fake_stripe.plan = [fault] * 3
    failed = cli("payment", "sync", "--json")
    assert failed.code == 5
    assert json.loads(failed.out) == []
    fake_stripe.plan = []
    assert cli("payment", "sync", "--json").ok().json[0]["what"] == "paid"


@pytest.mark.parametrize(
    "command",
    [
        ("payment", "record", "1", "100"),
        ("session", "confirm", "1"),
        ("session", "cancel", "1", "--yes"),
        ("session", "edit", "1", "--price", "120"),
    ],
)
def test_nobody_pays_for_what_has_changed(
    studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe, command: tuple[str, ...]
) -> None:
    """When the owner settles or changes a session the open page of its client is ended at once."""
    cli(*command).ok()
    assert fake_stripe.sessions[page]["status"] == "expired"


def test_stripe_is_down_when_something_changes(
    studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe
) -> None:
    """A page that cannot be ended just now is no reason for a command to fail."""
    fake_stripe.dead = True
    assert cli("session", "confirm", "1", "--json").ok().json["status"] == "confirmed"


def test_status_asks_now_and_then(
    studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status finds money that came without a webhook, ten minutes after anybody asked."""
    fake_stripe.pay(page)
    assert cli("status", "--json").ok().json["stuck"] != []
    monkeypatch.setenv("STUDIO_NOW", "2026-11-20T15:11:00Z")
    found = cli("status", "--json").ok().json
    assert (found["stuck"], found["owing"]) == ([], [])
    assert cli("session", "show", "1", "--json").json["status"] == "confirmed"


def test_sync_without_a_key(studio: Studio, cli: Cli) -> None:
    """Without a key there is nobody to ask, and how to set one is said."""
    refused = cli("payment", "sync", "--json")
    assert (refused.code, refused.error["code"]) == (3, "no_key")


# ── giving back ───────────────────────────────────────────────────────────────────────────────────


def test_refund(studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe) -> None:
    """A refund of what was paid with Stripe is made there and written down; a rehearsal is neither."""
    fake_stripe.pay(page)
    cli("payment", "sync").ok()
    cli("payment", "refund", "1", "30", "--dry-run").ok()
    assert not fake_stripe.refunds
    (done,) = cli("payment", "refund", "1", "30", "--yes", "--json").ok().json
    assert done["reference"] == f"stripe:{next(iter(fake_stripe.refunds))}"
    assert done["amount"]["amount"] == "30.00"
    cli("session", "cancel", "1", "--refund", "all", "--yes").ok()
    assert [one["amount"] for one in fake_stripe.refunds.values()] == [3000, 7000]


def test_refund_while_stripe_is_down(studio: Studio, cli: Cli, page: str, fake_stripe: FakeStripe) -> None:
    """A refund that Stripe did not make is exit 5 and not in the ledger; the same command again makes it, once."""
    fake_stripe.pay(page)
    cli("payment", "sync").ok()
    fake_stripe.plan = ["ok", "lost", 500, 500]
    assert cli("payment", "refund", "1", "30", "--yes").code == 5
    assert len(cli("payment", "list", "--json").json) == 1
    fake_stripe.plan = []
    cli("payment", "refund", "1", "30", "--yes").ok()
    assert [one["amount"] for one in fake_stripe.refunds.values()] == [3000]


# ── around it ─────────────────────────────────────────────────────────────────────────────────────


def test_serving(studio: Studio, page: str, fake_stripe: FakeStripe, make: Maker) -> None:
    """serve-link sends clients to Stripe with the key of the environment."""
    from tests.web.visitor import Visitor

    session, token = ready(studio, make, "2026-12-04 14:00")
    with ServerProcess("--port", "0") as door:
        address = door.address
        answer = Visitor(address).step(token, "checkout")
        assert answer.header("location") == f"/s/{token}/checkout"
    assert fake_stripe.latest["metadata"]["session"] == str(session.id)
    assert fake_stripe.latest["success_url"].startswith(address)


def test_serving_without_a_key(studio: Studio, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """serve-link says that there is no key, and serves."""
    monkeypatch.delenv("STUDIO_STRIPE_KEY")
    with ServerProcess("--port", "0") as door:
        assert door.address
    assert any("There is no key for Stripe" in line for line in door.log)


def test_everyday_commands_do_not_load_stripe(studio: Studio, page: str, make: Maker) -> None:
    """Only a call to Stripe loads its library: session 2 has no page open."""
    make.session("2026-12-07 10:00")
    code = (
        "import sys; from studio_cli.cli.app import run; "
        "[run(words.split()) for words in ('session list', 'payment list', 'config list', 'session show 1', 'payment record 2 5')]; "
        "print([name for name in ('stripe', 'requests') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip().splitlines()[-1] == "[]"
