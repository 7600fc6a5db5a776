"""``studio demo``: the main job, for somebody who has just arrived."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest

from studio_cli.web.visitor import walk
from tests.conftest import Cli
from tests.terminal import Terminal, studio


def test_demo_plays_the_client_off_a_terminal(cli: Cli) -> None:
    """Off a terminal the demo shows Pending, each page the client sees, and the Confirmed session."""
    shown = cli("demo").ok().out
    order = ["Pending", "Review your session", "Before your session", "Payment", "is confirmed", "Confirmed"]
    places = [shown.index(words) for words in order]
    assert places == sorted(places)
    assert "status\tconfirmed" in shown
    assert "confirmed_by\tclient" in shown


def test_demo_leaves_nothing_behind(cli: Cli, clean_machine: Path) -> None:
    """The demo's studio is thrown away, and the owner's own is not touched."""
    shown = cli("demo").ok().out
    place = re.search(r"/\S+/studio\.db", shown)
    assert place is not None
    assert not Path(place[0]).parent.exists()
    assert not (clean_machine / "studio.db").exists()


def test_demo_as_json_is_the_confirmed_session(cli: Cli) -> None:
    """With --json the demo writes the Confirmed session to stdout and its story to stderr."""
    result = cli("demo", "--json").ok()
    assert result.json["status"] == "confirmed"
    assert [step["done"] for step in result.json["steps"] if step["required"]] == [True, True, True, True]
    assert "sees “Review your session”" in result.err


def test_demo_waits_for_the_browser_on_a_terminal() -> None:
    """On a terminal the demo shows a link and a QR code and waits until its client has completed the booking."""
    terminal = Terminal([sys.executable, "-m", "studio_cli", "demo"], columns=100, rows=60)
    shown = terminal.read_until("Waiting for you")
    assert "▀" in shown or "▄" in shown
    link = re.search(r"http://127\.0\.0\.1:\d+/s/[\w-]{43}", shown)
    assert link is not None
    pages = list(walk(link[0]))
    assert pages[-1].heading.strip() == "Your session is confirmed"
    assert terminal.finish() == 0
    assert "Rui Costa has reviewed the details" in terminal.shown
    assert "is Confirmed" in terminal.shown


def test_demo_can_be_left() -> None:
    """Ctrl-C ends the demo with 130, without a traceback, and leaves nothing."""
    terminal = Terminal([sys.executable, "-m", "studio_cli", "demo"])
    place = re.search(r"/\S+/studio\.db", terminal.read_until("Waiting for you"))
    terminal.type("\x03")
    assert terminal.finish() == 130
    assert "Traceback" not in terminal.shown
    assert place is not None
    assert not Path(place[0]).parent.exists()


@pytest.mark.parametrize("seconds", [0, 0.005, 0.02, 0.05, 0.1])
def test_demo_can_be_left_while_it_starts(seconds: float) -> None:
    """A Ctrl-C at any moment of starting ends the demo as plainly as a later one."""
    with Terminal(studio("demo")) as terminal:
        terminal.read_until("Waiting for you")
        time.sleep(seconds)
        terminal.type("\x03")
        assert terminal.finish() == 130
        assert "Traceback" not in terminal.shown


def test_visitor_reports_what_it_saw(cli: Cli) -> None:
    """The demo's JSON has the sums of a deposit that was paid."""
    session = json.loads(cli("demo", "--json").ok().out)
    assert session["paid"] == {"amount": "50.00", "currency": "CAD"}
    assert session["balance"] == {"amount": "200.00", "currency": "CAD"}
