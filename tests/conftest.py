"""What every test stands on: a clean machine, a studio on a real file, a stopped clock, real servers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import new_session
from studio_cli.booking import session_type as types
from studio_cli.booking import studio as studios
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio, found
from studio_cli.model.client import Client, ClientDetails
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import TypedSite
from studio_cli.outside.stripe import Stripe
from tests.smtp_server import MailServer

if TYPE_CHECKING:
    from tests.fake_stripe import FakeStripe
    from tests.furnished import Machine, Servers

NOW = Instant.from_utc(2026, 11, 20, 15)
"""A Friday, ten in the morning in Toronto."""
ZONE = "America/Toronto"


@pytest.fixture(autouse=True)
def clean_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No setting of the machine reaches a test, and no test reaches the machine."""
    for name in list(os.environ):
        if name.startswith("STUDIO_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        folder = tmp_path / "home" / name.lower()
        folder.mkdir(parents=True)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("STUDIO_DB", str(tmp_path / "studio.db"))
    monkeypatch.setenv("STUDIO_NOW", "2026-11-20T15:00:00Z")
    return tmp_path


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: Instant = NOW

    def __call__(self) -> Instant:
        return self.now

    def forward(self, **amount: int) -> None:
        """Move the clock: ``clock.forward(hours=3)``."""
        self.now = self.now.add(**amount)


@pytest.fixture
def clock() -> Clock:
    """The clock of ``studio``."""
    return Clock()


@pytest.fixture
def studio(tmp_path: Path, clock: Clock) -> Iterator[Studio]:
    """A test studio in Toronto, on the file that the command line uses too."""
    made = found(
        tmp_path / "studio.db",
        clock,
        name="Ana Silva Photography",
        email="ana@example.com",
        timezone=ZONE,
        currency="CAD",
        test=True,
    )
    yield made
    made.file.close()


@dataclass
class Maker:
    """Makes what a test needs in a studio, with values that do not matter."""

    studio: Studio
    count: int = 0

    def type(self, name: str = "Family session", **typed: Any) -> SessionType:
        """Add a session type: 90 minutes, 250, a deposit of 50, unless said otherwise."""
        values = {"duration": "90m", "price": "250", "deposit": "50", **typed}
        return types.add(self.studio, TypedOffer(name=name, **values))[0]

    def offer(self, name: str = "Family session", site: TypedSite = TypedSite(), **typed: Any) -> SessionType:
        """Add a session type that is on the booking site."""
        return self.type(name, site=replace(site, publish=True), **typed)

    def client(self, name: str = "Rui Costa", email: str | None = None) -> Client:
        """Add a client; each has an address of its own."""
        self.count += 1
        address = email or f"client{self.count}@example.com"
        return clients.add(self.studio, ClientDetails.checked(name, address))[0]

    def session(self, at: str = "2026-12-04 10:00", **wanted: Any) -> Session:
        """Set up a one-off of an hour for a new client, unless said otherwise."""
        return self.set_up(at, **wanted).session

    def set_up(self, at: str = "2026-12-04 10:00", **wanted: Any) -> new_session.SetUp:
        """Set up a session and return all that came of it."""
        if "type" not in wanted:
            wanted = {"one_off": "Portrait", "duration": "1h", "price": "100", **wanted}
        if "client" not in wanted and "add_client" not in wanted:
            wanted["client"] = str(self.client().id)
        return new_session.set_up(self.studio, Wanted(at=at, **wanted))

    def link(self, session: Session) -> str:
        """Share a session directly and return the link's token."""
        from studio_cli.booking.share import share

        link = share(self.studio, str(session.id), "direct").link
        assert link is not None
        return link.rpartition("/s/")[2]


@pytest.fixture
def make(studio: Studio) -> Maker:
    """A maker for ``studio``."""
    return Maker(studio)


@dataclass
class Result:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote to stdout, as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error it wrote to stderr as JSON."""
        return dict(json.loads(self.err.strip().splitlines()[-1])["error"])

    def ok(self) -> Result:
        """Return itself, having ended well."""
        assert self.code == 0, f"exit {self.code}\n{self.out}\n{self.err}"
        return self


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process, off a terminal: ``cli("client", "add", "Rui").ok().json``."""
    from studio_cli.cli.app import run

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Result(code, written.out, written.err)

    return call


@pytest.fixture
def new_studio(cli: Cli) -> Cli:
    """Make a studio by the command line and return the command line."""
    cli(
        "init", "--name", "Ana Silva Photography", "--email", "ana@example.com",
        "--timezone", ZONE, "--currency", "CAD", "--test",
    ).ok()  # fmt: skip
    return cli


def studio_process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, off a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "studio_cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A real SMTP server on loopback, without TLS or login."""
    with MailServer() as server:
        yield server


@pytest.fixture
def fake_stripe(clock: Clock) -> Iterator[FakeStripe]:
    """A stand-in for Stripe on loopback, at the clock of ``studio``."""
    from tests.fake_stripe import FakeStripe

    with FakeStripe(lambda: clock.now.timestamp()) as running:
        yield running


@pytest.fixture
def provider(fake_stripe: FakeStripe) -> Stripe:
    """Our way to ``fake_stripe``, with a test key."""
    from tests.fake_stripe import TEST_KEY, WEBHOOK_SECRET

    return Stripe(TEST_KEY, WEBHOOK_SECRET, fake_stripe.base)


@pytest.fixture
def stripe_studio(studio: Studio) -> Studio:
    """``studio``, whose clients pay with Stripe."""
    from tests.fake_stripe import TEST_KEY

    studios.change_setting(studio, "payment.provider", "stripe", stripe_key=TEST_KEY)
    return studio


@dataclass
class Door:
    """A running server for a studio's links; ``provider`` is where its clients pay, when a test sets one."""

    base: str
    log: list[str] = field(default_factory=list)
    provider: Stripe | None = None


@pytest.fixture
def door(studio: Studio, clock: Clock) -> Iterator[Door]:
    """The clients' door of ``studio``, served on loopback by a thread; it lets tests hurry as no person does."""
    with serving(studio, clock, provider=lambda studio: served.provider) as served:
        yield served


@pytest.fixture
def site_door(studio: Studio, clock: Clock) -> Iterator[Door]:
    """``door`` with the booking site, as ``studio serve`` opens it."""
    with serving(studio, clock, provider=lambda studio: served.provider, site=True) as served:
        yield served


@pytest.fixture
def stripe_door(stripe_studio: Studio, clock: Clock, provider: Stripe) -> Iterator[Door]:
    """``door`` of a studio whose clients pay with Stripe."""
    with serving(stripe_studio, clock, provider=lambda studio: provider) as served:
        yield served


@contextmanager
def serving(studio: Studio, clock: Clock, **more: Any) -> Iterator[Door]:
    """Serve a studio's links on loopback."""
    from studio_cli.booking.studio import remember_address
    from studio_cli.web import server
    from studio_cli.web.limits import Bounds, Rate

    listening = server.bind("127.0.0.1", 0)
    base = server.address_of(listening, "127.0.0.1")
    remember_address(studio, base)
    served, fast = Door(base), Rate(10**6, 10**6)
    bounds = Bounds(reading=fast, writing=fast, wrong=fast, visiting=fast, booking=fast)
    options = {"link_base": base, "bounds": bounds, **more}
    with server.Door(listening, studio.file.path, clock, served.log.append, **options):
        yield served


def chromium() -> str | None:
    """Return where Chromium is, if it is."""
    named = os.environ.get("CHROMIUM")
    return (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium. Without one the test is skipped, loudly; in CI that is a failure."""
    path = chromium()
    if path is None:
        reason = "NO CHROMIUM: the browser tests did not run. Install it (apt-get install chromium) or set CHROMIUM."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    quiet = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=quiet)
        yield started
        started.close()


# ── for the command line ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def with_session(new_studio: Cli) -> Cli:
    """A studio with session 1: a one-off of an hour for 100, with Rui Costa, on 4 December at 10:00."""
    new_studio("client", "add", "Rui Costa", "--email", "rui@example.com").ok()
    new_studio(
        "session", "new", "--one-off", "Portrait", "--duration", "1h", "--price", "100",
        "--client", "rui", "--at", "2026-12-04 10:00",
    ).ok()  # fmt: skip
    return new_studio


@pytest.fixture
def with_mail(with_session: Cli, mail_server: MailServer) -> Cli:
    """``with_session`` with ``mail_server`` as its mail server."""
    for name, value in (
        ("mail.host", "127.0.0.1"),
        ("mail.port", str(mail_server.port)),
        ("mail.tls", "none"),
    ):
        with_session("config", "set", name, value).ok()
    return with_session


# ── for what the help and the documentation show ──────────────────────────────────────────────────


@pytest.fixture(scope="session")
def example_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers, and the furnished studios, of all the examples."""
    from tests.furnished import servers

    with servers(tmp_path_factory.mktemp("examples")) as started:
        yield started


@pytest.fixture
def machine(
    example_servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Machine:
    """A machine on which examples run, each in a furnished studio."""
    from tests.furnished import Machine

    return Machine(example_servers, monkeypatch, capsys)
