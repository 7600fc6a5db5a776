"""Showing a link: the text is the data, everything around it is for the person."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from studio_cli.cli.link import _to_clipboard
from tests.conftest import Cli
from tests.terminal import on_terminal, script, studio


def test_copy_on_a_terminal(with_session: Cli) -> None:
    """--copy puts the whole link on the clipboard by the terminal's own escape."""
    del with_session
    code, shown = on_terminal(studio("session", "share", "1", "--copy"))
    link = re.search(r"http://\S+/s/[\w-]{43}", shown)
    copied = re.search(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", shown)
    assert code == 0
    assert link and copied
    assert base64.b64decode(copied[1]).decode() == link[0]


def test_copy_within_tmux_and_screen() -> None:
    """Within tmux and screen the escape is wrapped, so that it reaches the terminal outside."""
    plain = _to_clipboard("x", None, "xterm")
    assert plain == "\x1b]52;c;eA==\x07"
    assert _to_clipboard("x", "/tmp/tmux,1,0", "tmux-256color") == (
        plain + "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"
    )
    assert _to_clipboard("x", None, "screen.xterm") == f"\x1bP{plain}\x1b\\"


def test_every_link_can_be_copied_and_opened(with_session: Cli, tmp_path: Path) -> None:
    """The links of the site, of a type and of the feed are copied and opened as those of a session."""
    cli = with_session
    cli("type", "add", "Family", "--duration", "1h", "--price", "1", "--publish").ok()
    opened = tmp_path / "opened"
    browser = script(tmp_path / "browser", f'echo "$1" >> {opened}')
    for words in (
        ("type", "link", "family", "--copy", "--open"),
        ("calendar", "feed", "--copy"),
        ("site", "show", "--open"),
    ):
        code, shown = on_terminal(studio(*words), environ={"BROWSER": str(browser)})
        link = re.search(r"http://\S+", shown)
        assert code == 0 and link
        if "--copy" in words:
            copied = re.search(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", shown)
            assert copied and base64.b64decode(copied[1]).decode() == link[0]
        if "--open" in words:
            assert opened.read_text().splitlines()[-1] == link[0]
    assert cli("site", "show", "--open").ok().out.startswith("http://")  # off a terminal nothing is opened
    assert len(opened.read_text().splitlines()) == 2


def test_copy_off_a_terminal(with_session: Cli) -> None:
    """Off a terminal --copy says that there is no clipboard, and stdout is the link alone."""
    result = with_session("session", "share", "1", "--copy").ok()
    assert len(result.out.splitlines()) == 1
    assert "no terminal" in result.err
    assert "\x1b" not in result.out + result.err


def test_qr_code_fits_80_columns(with_session: Cli) -> None:
    """The QR code of a long public address fits 80 columns, without escape codes."""
    with_session("config", "set", "web.public_url", f"https://{'b' * 60}.example.com/path").ok()
    lines = with_session("session", "share", "1", "--qr").ok().err.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("\x1b" in line for line in lines)
