"""A person at a shell: presses keys, sees the screen as a terminal draws it (pyte, 80 by 24)."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Mapping
from typing import Any

import pyte

from tests.terminal import Terminal

KEYS = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "enter": "\r", "esc": "\x1b", "tab": "\t", "ctrl-c": "\x03", "ctrl-d": "\x04", "clear": "\x15",
}  # fmt: skip

# One process for many commands: what they load is loaded once. Each begins as if it were the first.
LOOP = """
import os, shlex
from studio_cli.cli.app import run
from studio_cli.store.database import Database
while True:
    first, *words = shlex.split(input("$ "))
    if first == "env":
        for name in [name for name in os.environ if name.startswith("STUDIO_") or name == "NO_COLOR"]:
            del os.environ[name]
        os.environ.update(word.split("=", 1) for word in words)
        continue
    Database.wrote = False
    code = run([first, *words])
    print(f"[exit {code}]", flush=True)
"""
MACHINE = ("STUDIO_DB", "STUDIO_NOW", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")


class Shell(Terminal):
    """``shell.run("session new"); shell.sees("Session type"); shell.press("enter")``."""

    def __init__(
        self, *, columns: int = 80, rows: int = 24, environ: Mapping[str, str] | None = None
    ) -> None:
        super().__init__([sys.executable, "-c", LOOP], columns=columns, rows=rows, environ=environ)
        self._picture = pyte.Screen(columns, rows)
        self._stream, self._fed = pyte.ByteStream(self._picture), 0
        self.at_prompt = False
        self.sees("$")
        self.begun = self.modes

    def move_in(self) -> None:
        """Begin anew on the machine of a test, in a window of the usual size."""
        self.resize(80)
        self.run(shlex.join(["env", *(f"{name}={os.environ[name]}" for name in MACHINE)]))
        self.read_until("\n$ ")
        self.at_prompt = True

    @property
    def picture(self) -> str:
        """What stands on the screen."""
        self._stream.feed(self._bytes[self._fed :])
        self._fed = len(self._bytes)
        return "\n".join(line.rstrip() for line in self._picture.display).rstrip()

    @property
    def cursor_is_seen(self) -> bool:
        """Whether there is a cursor."""
        return not self._picture.cursor.hidden

    @property
    def marked(self) -> str:
        """What is drawn in reverse."""
        cells = (
            self._picture.buffer[y][x]
            for y in range(self._picture.lines)
            for x in range(self._picture.columns)
        )
        return "".join(cell.data for cell in cells if cell.reverse)

    @property
    def colors(self) -> set[str]:
        """The colours on the screen."""
        rows = range(self._picture.lines)
        return {self._picture.buffer[y][x].fg for y in rows for x in range(self._picture.columns)}

    def resize(self, columns: int, rows: int = 24) -> None:
        """Make the window another size."""
        super().resize(columns, rows)
        self._picture.resize(rows, columns)

    def run(self, command: str) -> None:
        """Type a command on an empty screen."""
        self._picture.reset()
        self.shown, self._bytes, self._fed = "", b"", 0
        self.at_prompt = False
        self.type(f"{command}\n")

    def sees(self, *texts: str, seconds: float = 3) -> str:
        """Wait until all of this stands on the screen; return all that does."""
        end = time.monotonic() + seconds
        while any(text not in self.picture for text in texts):
            assert time.monotonic() < end, f"waited for {texts}, saw\n{self.picture}"
            self._read(0.05)
        return self.picture

    def press(self, *keys: str) -> None:
        """Press keys: names of them, or texts that are typed."""
        self.type("".join(KEYS.get(key, key) for key in keys))

    def ends(self, code: int = 0) -> str:
        """Wait for the end of the command and return the screen; the terminal is left as it was found."""
        shown = self.sees("[exit ")
        assert f"[exit {code}]" in shown, shown
        self.read_until("$ ")
        assert self.modes == self.begun
        assert self.cursor_is_seen
        self.at_prompt = True
        return shown

    @property
    def all_shown(self) -> str:
        """All that was written since the command began, without what moves the cursor and colours."""
        self.read_until("[exit ")
        screen: Any = pyte.HistoryScreen(500, 200)
        pyte.ByteStream(screen).feed(self._bytes)
        return "\n".join(line.rstrip() for line in screen.display).rstrip()
