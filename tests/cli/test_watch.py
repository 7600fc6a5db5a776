"""``studio status --watch``: drawn anew when something changes, and a terminal that is left as it was."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from tests.conftest import Cli
from tests.terminal import CTRL_C, Terminal, studio

ENTER, LEAVE, SHOW_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


def test_watch(with_session: Cli) -> None:
    """What another command does shows by itself, a resized window is filled anew, Ctrl-C ends it well."""
    with Terminal(studio("status", "--watch"), columns=80, rows=30) as screen:
        screen.read_until("share it")
        assert ENTER in screen.shown
        with_session("session", "share", "1", "--link").ok()
        screen.read_until("Waiting for clients")
        fcntl.ioctl(screen._screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 150, 0, 0))
        screen.read_until("─" * 65)
        screen.type(CTRL_C)
        assert screen.finish() == 0
        assert LEAVE in screen.shown.rpartition(ENTER)[2]
        assert screen.shown.rpartition(SHOW_CURSOR)[1]


def test_watch_fits_a_small_window(with_session: Cli) -> None:
    """In a window of few lines the foot is there all the same, and nothing scrolls."""
    with_session("session", "confirm", "1").ok()
    with Terminal(studio("status", "--watch"), columns=60, rows=8, environ={"LINES": "24"}) as screen:
        shown = screen.read_until("Ctrl-C ends it.")
        screen.type(CTRL_C)
        assert screen.finish() == 0
        assert shown.count("\n") < 8


def test_watch_needs_a_terminal(with_session: Cli) -> None:
    """Into a pipe, as JSON or read out there is nothing to watch: exit 2, with what helps."""
    for more in ((), ("--json",), ("--plain",)):
        refused = with_session("status", "--watch", *more)
        assert refused.code == 2
        assert "studio status --json" in refused.err
    assert os.environ["STUDIO_DB"]
