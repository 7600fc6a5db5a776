"""A command on a real terminal (a pty of its own, which also sends Ctrl-C), and what it shows."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CTRL_C = "\x03"
CTRL_D = "\x04"


class Terminal:
    """``with Terminal(studio("session", "confirm", "1")) as screen: screen.read_until("[y/N]"); screen.type("y")``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 40,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.shown, self._bytes = "", b""
        self._screen, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(
            list(command),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**os.environ, "TERM": "xterm-256color", "PAGER": "cat", **(environ or {})},
            cwd=folder,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(inner)

    def read_until(self, text: str, seconds: float = 20) -> str:
        """Wait until ``text`` is on the screen; return all that was shown."""
        end = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < end, f"waited for {text!r}, saw {self.shown!r}"
            if not self._read(0.2) and self._process.poll() is not None and not self._read(0):
                assert text in self.shown, f"ended before {text!r}: {self.shown!r}"
        return self.shown

    def wait(self, seconds: float) -> None:
        """Take in what is shown within so many seconds, if anything is."""
        self._read(seconds)

    @property
    def modes(self) -> list[Any]:
        """The terminal's modes: whether it echoes, waits for whole lines, sends signals."""
        return termios.tcgetattr(self._screen)

    def resize(self, columns: int, rows: int = 24) -> None:
        """Make the window another size; who runs in it is told."""
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._screen, text.encode())

    def finish(self, seconds: float = 20) -> int:
        """Wait for the command to end and return its exit code."""
        end = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < end, f"still running, saw {self.shown!r}"
            self._read(0.05)
        while self._read(0.02):
            pass
        return self._process.returncode

    def _read(self, seconds: float) -> bool:
        if not select.select([self._screen], [], [], seconds)[0]:
            return False
        try:
            part = os.read(self._screen, 65536)
        except OSError:  # EIO: nobody has the other end any more
            return False
        self._bytes += part  # decoded whole: a part may end inside a character or a line end
        self.shown = self._bytes.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(part)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._screen)


def studio(*arguments: str) -> list[str]:
    """Return the command line of a studio command."""
    return [sys.executable, "-m", "studio_cli", *arguments]


def script(path: Path, lines: str) -> Path:
    """Write a shell script to be run in place of somebody else's program: an editor, a browser."""
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o700)
    return path


def on_terminal(
    command: Sequence[str], *, columns: int = 80, environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command that asks nothing on a terminal; return its exit code and what was shown."""
    with Terminal(command, columns=columns, environ=environ) as screen:
        code = screen.finish()
        return code, screen.shown
