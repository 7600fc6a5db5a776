"""Many who look at the waiting list at once, and programs that die in the middle: each time is told once."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio_cli.booking import mini, waiting
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.mini import TypedDays
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.site import Person, Visitor
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.model.site import TypedSite
from studio_cli.model.waiting import Days
from tests.conftest import NOW, ZONE, Maker

TIMES = [f"2026-12-12 10:{minute:02}" for minute in (0, 20, 40)]


@pytest.fixture
def taken(studio: Studio, make: Maker) -> list[int]:
    """Three mini sessions, for which five wait; the numbers of the sessions."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    typed = TypedOffer(name="Santa minis", price="90", site=TypedSite(publish=True))
    mini.add(studio, typed, "20m", TypedDays(("2026-12-12",), "10:00", "11:00"))
    found = [make.session(at, type="santa-minis").id for at in TIMES]
    for number in range(5):
        person = Person(str(number), f"{number}@example.com")
        assert waiting.join(studio, "santa-minis", Days(ZONE), person, Visitor("127.0.0.1", ZONE)) == "listed"
    return found


def told(path: Path) -> list[tuple[str, str]]:
    """Return to whom a mail was written, and of which start."""
    outside = sqlite3.connect(path)
    rows = outside.execute(
        "SELECT to_email, about ->> 'start' FROM message WHERE kind = 'time-free' ORDER BY id"
    ).fetchall()
    outside.close()
    return rows


def test_two_free_at_once_and_eight_look(studio: Studio, taken: list[int]) -> None:
    """Two sessions are canceled at the same moment, each by a program that looks, while others look too: two mails."""

    def work(number: int) -> None:
        own = open_studio(studio.file.path, lambda: NOW)
        if number < 2:
            sessions.cancel(own, str(taken[number]), tell=False)
        for _ in range(3):
            waiting.look(own)
        own.file.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    found = told(studio.file.path)
    assert [to for to, _ in found] == ["0@example.com", "1@example.com"]
    assert Counter(start for _, start in found) == {"2026-12-12T15:00:00Z": 1, "2026-12-12T15:20:00Z": 1}


def test_killed_at_every_statement(studio: Studio, taken: list[int]) -> None:
    """However far a program gets before it is killed, what was told and what is known agree, and nothing is lost."""
    sessions.cancel(studio, str(taken[1]), tell=False)
    path, step, ended = studio.file.path, 0, False
    while not ended:
        step += 1
        ended = look_until(path, step)
        outside = sqlite3.connect(path)
        (known,) = outside.execute("SELECT count(*) FROM waiting WHERE known <> '[]'").fetchone()
        outside.close()
        assert len(told(path)) == known == ended, step
    assert step > 10
    waiting.look(studio)
    assert told(path) == [("0@example.com", "2026-12-12T15:20:00Z")]


def look_until(path: Path, step: int) -> bool:
    """Look in a process that is killed before its statement of that number; return whether it came to an end."""
    child = os.fork()
    if child == 0:
        own = open_studio(path, lambda: NOW)
        left = [step]

        def count(statement: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        own.file.connection.set_trace_callback(count)
        waiting.look(own)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
