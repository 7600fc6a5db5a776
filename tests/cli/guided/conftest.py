"""A prepared studio, copied for each test, and a shell for all tests of a module."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_cli.booking import availability, new_session
from studio_cli.booking import client as clients
from studio_cli.booking import session_type as types
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import found
from studio_cli.model.client import ClientDetails
from tests.cli.guided.shell import Shell
from tests.conftest import NOW, ZONE, Cli


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio in Toronto: two types, three clients (Émile without an address), one pending session, a day off."""
    path = tmp_path_factory.mktemp("guided") / "studio.db"
    studio = found(
        path, lambda: NOW, name="Ana Silva", email="ana@example.com", timezone=ZONE, currency="CAD", test=True
    )
    types.add(studio, TypedOffer("Family session", "family", duration="90m", price="250", deposit="50"))
    types.add(studio, TypedOffer("Portrait", duration="1h", price="160"))
    for name, email in (
        ("Rui Costa", "rui@example.com"),
        ("Rui Lima", "lima@example.com"),
        ("Émile Zola", None),
    ):
        clients.add(studio, ClientDetails.checked(name, email))
    new_session.set_up(studio, Wanted(at="2026-12-04 10:00", type="portrait", client="1"))
    availability.block(studio, "2026-12-24", "2026-12-26", "Winter holidays")
    studio.file.close()
    return path


@pytest.fixture
def file(prepared: Path, clean_machine: Path) -> Path:
    """A copy of the prepared studio, where the command line looks for its own."""
    return Path(shutil.copy(prepared, clean_machine / "studio.db"))


@pytest.fixture(scope="session")
def shells() -> Iterator[list[Shell]]:
    """The shell of this process, once there is one."""
    running: list[Shell] = []
    yield running
    for shell in running:
        shell.__exit__()


@pytest.fixture
def shell(clean_machine: Path, shells: list[Shell]) -> Shell:
    """A shell on the machine of this test: the one of the test before, unless that left it in the middle of something."""
    del clean_machine
    if not shells or not shells[-1].at_prompt:
        shells.append(Shell())
    shells[-1].move_in()
    return shells[-1]


TABLES = ("session", "client", "session_type", "step", "weekly_hours", "event", "share", "message", "setting")
CHANCE = {"token_hash", "body", "text", "html", "link", "message_id"}
"""Columns with random bits in them."""


def rows(path: Path, *tables: str) -> dict[str, list[tuple[object, ...]]]:
    """Return what is in a studio, row by row, without what is random."""
    with sqlite3.connect(path) as sql:
        kept = {name for (name,) in sql.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        found = {}
        for table in tables or sorted(kept & set(TABLES)):
            columns = [row[1] for row in sql.execute(f"PRAGMA table_info({table})")]
            fixed = ", ".join(column for column in columns if column not in CHANCE)
            found[table] = sql.execute(f"SELECT {fixed} FROM {table} ORDER BY 1, 2").fetchall()
        return found


def dump(path: Path) -> str:
    """Return all that is in a studio."""
    with sqlite3.connect(path) as sql:
        return "\n".join(sql.iterdump())


def same_command(shown: str) -> list[str]:
    """Return the words of the command that a flow has shown at its end."""
    lines = shown.splitlines()
    return shlex.split(lines[lines.index("The same, in one command:") + 1])


Replay = Callable[[str], list[str]]


@pytest.fixture
def replayed(cli: Cli, prepared: Path, tmp_path: Path) -> Replay:
    """Run the command that a flow has shown on a fresh copy of the studio, and compare the two row by row."""

    def replay(shown: str) -> list[str]:
        words = same_command(shown)
        fresh = Path(shutil.copy(prepared, tmp_path / "fresh.db"))
        result = cli("--db", str(fresh), *words[1:])
        assert result.code in {0, 5}, result.err
        assert rows(fresh) == rows(tmp_path / "studio.db")
        return words

    return replay
