"""``session confirm``, ``share`` and ``show`` on a terminal, when no session was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.guided.conftest import dump
from tests.cli.guided.shell import Shell
from tests.conftest import Cli


@pytest.fixture
def file(file: Path, cli: Cli) -> Path:
    """The studio with a second session, confirmed, and a third that was yesterday."""
    cli("session", "new", "--type", "family", "--client", "2", "--at", "2026-12-01 09:00").ok()
    cli("session", "confirm", "2").ok()
    cli("session", "new", "--type", "family", "--client", "1", "--at", "2026-11-19 09:00", "--custom").ok()
    return file


def test_confirm(shell: Shell, file: Path, cli: Cli) -> None:
    """Only pending sessions are offered, the next first; what will be waived is a list, and no is the answer of Enter."""
    before = dump(file)
    shell.run("session confirm")
    shown = shell.sees("? Session:", "❯ 1  Fri 4 Dec 2026 10:00  Rui Costa", "3  Thu 19 Nov 2026 09:00")
    assert "Rui Lima" not in shown
    shell.press("enter")
    shell.sees(
        "no longer have to:\n  • review the details\n  • pay 160.00 CAD now; 160.00 CAD stays open", "[y/N]"
    )
    shell.press("\n")
    assert "Nothing was changed." in shell.ends()
    assert dump(file) == before
    shell.run("session confirm")
    shell.sees("? Session:")
    shell.press("enter")
    shell.sees("[y/N]")
    shell.press("y\n")
    assert "Session 1 is confirmed." in shell.ends()
    assert cli("session", "show", "1", "--json").json["status"] == "confirmed"


def test_show(shell: Shell, file: Path) -> None:
    """Any session can be shown; Esc and Ctrl-C at the only question change nothing."""
    shell.run("session show")
    shell.sees(
        "? Session:", "❯ 2  Tue 1 Dec 2026 09:00  Rui Lima    Family session, confirmed", "3  Thu 19 Nov"
    )
    shell.press("esc", "portrait", "enter")
    assert "Portrait ─" in shell.ends()
    shell.run("session show")
    shell.sees("? Session:")
    shell.press("ctrl-c")
    shell.ends(130)
    del file


def test_share(shell: Shell, file: Path) -> None:
    """Sharing asks which session and how; the command shown says both. With one of them typed, only for the other."""
    shell.run("session share")
    shell.sees("? Session:")
    shell.press("enter")
    shell.sees("Send session:", "Copy the direct link", "Show a QR code", "Send an email")
    shell.press("copy", "enter")
    shown = shell.ends()
    assert "/s/" in shown
    assert "studio session share 1 --copy" in shown
    shell.run("session share --link")
    shell.sees("? Session:")
    shell.press("down", "enter")
    assert "studio session share 3 --link" in shell.ends()
    shell.run("session share last")
    shell.sees("Send session:")
    shell.press("mail", "enter")
    assert "No mail server is set." in shell.ends(5)
    del file


@pytest.mark.parametrize("verb", ["confirm", "share", "show"])
def test_off_a_terminal(cli: Cli, file: Path, verb: str) -> None:
    """Off a terminal a session that is not named is exit 2, and says so."""
    result = cli("session", verb)
    assert (result.code, result.out) == (2, "")
    assert "Missing argument 'SESSION'" in result.err
    del file


def test_nothing_to_pick(shell: Shell, prepared: Path, clean_machine: Path, cli: Cli) -> None:
    """Where there is no pending session, that is said."""
    cli("init", "--name", "A", "--email", "a@b.co", "--timezone", "UTC", "--currency", "EUR").ok()
    shell.run("session confirm")
    assert "There is no pending session." in shell.ends(4)
    del prepared, clean_machine
