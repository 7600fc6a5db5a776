"""``studio status --watch``: the screen stays, and is drawn anew when something changes, until Ctrl-C."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from rich.console import Console, ConsoleDimensions, Group
from rich.text import Text

from studio_cli.booking.overview import Overview, overview
from studio_cli.cli.desk import LEAST_COLUMNS, Desk
from studio_cli.cli.status_screen import MOST, draw

LOOK_SECONDS = 0.5
"""How often it is looked whether something has changed: a question to the file that costs microseconds."""
FOOT = "Shown anew when something changes. Ctrl-C ends it."


def watch(desk: Desk, ask_outside: Callable[[], None]) -> None:
    """Show the status until Ctrl-C. The terminal is left as it was, whatever ends it."""
    console = desk.console
    drawn: object = None
    try:
        with console.screen(hide_cursor=True) as screen:
            while True:
                state = _state(desk, console)
                if state != drawn:
                    ask_outside()
                    drawn = _state(desk, console)
                    screen.update(Group(*_lines(overview(desk.studio), console)))
                time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        return  # the only way to end it is no interruption


def _state(desk: Desk, console: Console) -> object:
    """Return what changes when the screen has to be drawn anew: the file, the minute, the size of the window."""
    # Of the window itself: what LINES and COLUMNS say does not change with it.
    console.size = ConsoleDimensions(*os.get_terminal_size(desk.stdout.fileno()))
    minute = desk.studio.now().round("minute", mode="floor")
    return desk.studio.file.version(), minute, console.size


def _lines(found: Overview, console: Console) -> list[Text]:
    """Return as much of the status as fits into the window: its lists are cut shorter until it does."""
    width, height = max(console.width, LEAST_COLUMNS), console.height
    lines: list[Text] = []
    for most in (MOST, 5, 3, 2, 1):
        lines = draw(found, width, most)
        if len(lines) < height:
            break
    foot = Text(FOOT[:width], style="dim")
    return [*lines[: max(height - 1, 1)], foot] if height > 1 else lines[:1]
