"""Showing what does not fit on the screen a page at a time, in the program that somebody has for it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from typing import TextIO

NOT_THERE = {126, 127}
"""What a shell ends with when it cannot run a command (POSIX, 2.8.2)."""


def pager_of(environ: Mapping[str, str]) -> str | None:
    """Return the command that pages: ``STUDIO_PAGER``, else ``PAGER``, else less; None for none, or ``cat``."""
    if environ.get("TERM", "dumb") == "dumb":
        return None
    named = environ.get("STUDIO_PAGER", environ.get("PAGER"))
    if named is None:
        return "less" if shutil.which("less") else None
    return None if named.strip() in {"", "cat"} else named


def fits(text: str) -> bool:
    """Return whether a text and the next prompt are on the screen together."""
    return text.count("\n") < shutil.get_terminal_size().lines


def page(command: str, text: str, stdout: TextIO) -> bool:
    """Show a text in a pager; return whether there was one. Somebody who leaves it early has seen enough."""
    stdout.flush()
    # As git does: less goes by itself when all of it fits after all, shows colours, and leaves what it showed.
    environ = {"LESS": "FRX", "LV": "-c", **os.environ}
    before = signal.signal(signal.SIGINT, lambda *_: None)  # a Ctrl-C in it is the pager's business
    try:
        shown = text.encode("utf-8", "replace")
        ended = subprocess.run(command, shell=True, input=shown, env=environ, check=False)  # noqa: S602 - their own
        return ended.returncode not in NOT_THERE
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
