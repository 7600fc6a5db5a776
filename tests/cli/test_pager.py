"""What does not fit goes through a pager, as with git; never where nobody looks, and never in the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from studio_cli.booking import client as clients
from studio_cli.booking.studio import Studio
from studio_cli.cli import pager
from studio_cli.model.client import ClientDetails
from tests.conftest import Cli
from tests.terminal import Terminal, script, studio


@pytest.fixture
def many(studio: Studio) -> Studio:
    """A studio with more clients than a screen has lines."""
    for number in range(60):
        clients.add(studio, ClientDetails.checked(f"Client {number:02}"))
    return studio


def shown_by(words: tuple[str, ...], environ: dict[str, str], rows: int = 24) -> tuple[int, str]:
    """Run a command on a terminal of so many lines; return its exit code and what was shown."""
    with Terminal(studio(*words), rows=rows, environ={"LINES": str(rows), **environ}) as screen:
        return screen.finish(), screen.shown


@pytest.fixture
def paging(tmp_path: Path) -> str:
    """A pager that says so."""
    return str(script(tmp_path / "pages", "echo PAGED; cat"))


LIST = ("client", "list")


@pytest.mark.parametrize(
    ("words", "environ", "rows", "paged"),
    [
        (LIST, {"PAGER": "{paging}"}, 24, True),
        (LIST, {"PAGER": "{paging} | cat"}, 24, True),
        (LIST, {"PAGER": "false", "STUDIO_PAGER": "{paging}"}, 24, True),
        (LIST, {"PAGER": "{paging}", "STUDIO_PAGER": ""}, 24, False),
        (LIST, {"PAGER": "{paging}"}, 100, False),
        ((*LIST, "--limit", "5"), {"PAGER": "{paging}"}, 24, False),
        ((*LIST, "--json"), {"PAGER": "{paging}"}, 24, False),
        (("--no-pager", *LIST), {"PAGER": "{paging}"}, 24, False),
        (("--no-input", *LIST), {"PAGER": "{paging}"}, 24, False),
        (LIST, {"PAGER": "{paging}", "TERM": "dumb"}, 24, False),
        (LIST, {"PAGER": "/nowhere/pager"}, 24, False),
    ],
)
def test_when_a_list_is_paged(
    many: Studio, paging: str, words: tuple[str, ...], environ: dict[str, str], rows: int, paged: bool
) -> None:
    """A list goes to the pager when it does not fit, one is wanted, and it is there; all of it is shown either way."""
    del many
    code, shown = shown_by(words, {name: text.format(paging=paging) for name, text in environ.items()}, rows)
    assert code == 0
    assert ("PAGED" in shown) == paged, shown
    assert "Client 04" in shown
    assert ("Client 59" in shown) == ("--limit" not in words)


def test_off_a_terminal_there_is_none(
    many: Studio, cli: Cli, paging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe gets the lines."""
    del many
    monkeypatch.setenv("PAGER", paging)
    assert len(cli(*LIST).ok().out.splitlines()) == 60


def test_leaving_it_early_is_no_error(many: Studio, tmp_path: Path) -> None:
    """A pager that reads nothing, or ends with an error of its own, has done its work."""
    del many
    for lines in ("exit 0", "head -1 >/dev/null; exit 1"):
        assert shown_by(LIST, {"PAGER": str(script(tmp_path / "gone", lines))})[0] == 0


def test_less(many: Studio) -> None:
    """less shows a page with its colours, goes on with a blank, and ends with q; a Ctrl-C in it ends nothing."""
    del many
    if pager.pager_of({"TERM": "xterm"}) is None:
        if os.environ.get("CI"):
            pytest.fail("NO LESS: install it (apt-get install less)")
        pytest.skip("NO LESS: the pager was not tried. Install it (apt-get install less).")
    with Terminal(studio(*LIST), rows=24, environ={"PAGER": "less", "LINES": "24"}) as screen:
        screen.read_until("Client 15")
        assert "Client 40" not in screen.shown and "\x1b[1m" in screen.shown
        screen.type("\x03")
        time.sleep(0.2)
        screen.type(" ")
        screen.read_until("Client 35")
        screen.type("q")
        assert screen.finish() == 0


def test_which_pager() -> None:
    """STUDIO_PAGER is asked before PAGER; cat and nothing are none; on a terminal that can nothing there is none."""
    assert pager.pager_of({"TERM": "xterm", "PAGER": "more -d"}) == "more -d"
    assert pager.pager_of({"TERM": "xterm", "PAGER": "more", "STUDIO_PAGER": "most"}) == "most"
    for none in ({"PAGER": "cat"}, {"PAGER": ""}, {"PAGER": "more", "STUDIO_PAGER": "cat"}):
        assert pager.pager_of({"TERM": "xterm", **none}) is None
    assert pager.pager_of({"PAGER": "more"}) is None
