"""Showing a link: the text is the data, everything around it is for the person."""

from __future__ import annotations

import base64
import re

from tests.conftest import Cli
from tests.terminal import on_terminal, studio


def test_copy_on_a_terminal(with_session: Cli) -> None:
    """--copy puts the whole link on the clipboard by the terminal's own escape."""
    del with_session
    code, shown = on_terminal(studio("session", "share", "1", "--copy"))
    link = re.search(r"http://\S+/s/[\w-]{43}", shown)
    copied = re.search(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", shown)
    assert code == 0
    assert link and copied
    assert base64.b64decode(copied[1]).decode() == link[0]


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
