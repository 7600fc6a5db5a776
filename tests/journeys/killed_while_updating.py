"""Brings copies of an older file up to date and is killed each time: a program of its own, because it forks.

``python -m tests.journeys.killed_while_updating FILE FOLDER KILLS [statements | instructions]``: leaves a folder for
each kill, named by its number, and prints how many places there were and the numbers at which it was killed.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whenever import Instant

import studio_cli.store.backup
import studio_cli.store.migrations  # noqa: F401  # loaded once, for every child
from studio_cli.store.database import Database

INSTRUCTIONS = 500
"""How many instructions of SQLite's machine lie between two places within statements."""


def update(path: Path, within: str, reached: Callable[[int], None]) -> None:
    """Open a file, telling at each place of its update which one it is."""
    connect, number = sqlite3.connect, itertools.count(1)

    def watched(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        if within == "statements":
            connection.set_trace_callback(lambda _: reached(next(number)))
        else:
            connection.set_progress_handler(lambda: reached(next(number)), INSTRUCTIONS)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]
    Database.open(path, lambda: Instant.from_utc(2026, 11, 20, 15)).close()


def fork(path: Path, within: str, reached: Callable[[int], None]) -> int:
    """Do that in a process of its own and return how it ended."""
    child = os.fork()
    if child == 0:
        try:
            update(path, within, reached)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def copied(source: Path, folder: Path) -> Path:
    """Return a copy of the file in a folder of its own."""
    folder.mkdir()
    return Path(shutil.copy(source, folder / "studio.db"))


def main(source: Path, folder: Path, kills: int, within: str) -> None:
    """Kill it at so many places, spread over all there are."""
    counted = folder / "places"
    fork(copied(source, folder / "whole"), within, lambda number: counted.write_text(str(number)) and None)
    places, killed = int(counted.read_text()), []
    for number in sorted(
        {1 + place * (places - 1) // max(kills - 1, 1) for place in range(min(kills, places))}
    ):

        def kill(here: int, number: int = number) -> None:
            if here == number:
                os.kill(os.getpid(), signal.SIGKILL)

        ended = fork(copied(source, folder / str(number)), within, kill)
        if os.WIFSIGNALED(ended):
            killed.append(number)
    sys.stdout.write(json.dumps({"places": places, "killed": killed}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
