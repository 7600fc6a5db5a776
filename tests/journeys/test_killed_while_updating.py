"""An older file is brought up to date whole or not at all, wherever that is killed, and what it was is kept."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from whenever import Instant

from studio_cli.errors import DiskTrouble
from studio_cli.store.backup import COPIES_BEFORE_UPDATE
from studio_cli.store.database import VERSION, Database

KILLS = int(os.environ.get("KILLS", "6"))
"""How often each file's update is killed; 500 is at every statement."""
FILES = sorted((Path(__file__).parent.parent / "files").glob("studio-*.db.gz"))
AT = Instant.from_utc(2026, 11, 20, 15)


def contents(path: Path) -> dict[str, Any]:
    """Return all that a file holds: its version, its schema, and every row but when a change of the schema was made."""
    sql = sqlite3.connect(path)
    assert sql.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    schema = sql.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    tables = [name for kind, name, _ in schema if kind == "table" and name != "_sqlite_migrations"]
    held = {name: sorted(sql.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}
    version = sql.execute("PRAGMA user_version").fetchone()[0]
    sql.close()
    return {"version": version, "schema": schema, "rows": held}


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def landed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A studio's file as a program of an older version left it."""
    path = tmp_path / "landed" / "studio.db"
    path.parent.mkdir()
    path.write_bytes(gzip.decompress(request.param.read_bytes()))
    return path


def updated(path: Path) -> dict[str, Any]:
    """Open a file, and return what it holds then."""
    Database.open(path, lambda: AT).close()
    return contents(path)


@pytest.mark.parametrize("within", ["statements", "instructions"])
def test_killed_anywhere(landed: Path, tmp_path: Path, within: str) -> None:
    """Killed at any statement, or within one, the file is wholly the old or the new one; opened again it is the new one."""
    folder = tmp_path / "kills"
    folder.mkdir()
    words = [sys.executable, "-m", "tests.journeys.killed_while_updating"]
    told = subprocess.run(
        [
            *words,
            str(landed),
            str(folder),
            str(KILLS if within == "statements" else KILLS // 2),
            within,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    ended = json.loads(told.stdout)
    assert ended["places"] > 50
    assert len(ended["killed"]) >= min(KILLS // 2, 3), told
    old, new = contents(landed), contents(folder / "whole" / "studio.db")
    assert (new["version"], old == new) == (VERSION, False)
    for number in ended["killed"]:
        path = folder / str(number) / "studio.db"
        before = contents(path)
        assert before in (old, new), f"{landed}: killed at {number} of {ended['places']}"
        assert updated(path) == new


def test_copy_before_an_update(landed: Path) -> None:
    """A backup of an older file lies beside it before it is changed: the file as it was, byte for byte what it said."""
    old = contents(landed)
    opened = Database.open(landed, lambda: AT)
    kept = opened.updated
    opened.close()
    assert kept is not None
    assert (kept.version, kept.copy) == (
        old["version"],
        landed.parent / "studio-backups" / f"studio-before-v{VERSION}.zip",
    )
    assert kept.copy is not None
    with zipfile.ZipFile(kept.copy) as pack:
        pack.extract("studio.db", landed.parent / "unpacked")
    assert contents(landed.parent / "unpacked" / "studio.db") == old
    again = Database.open(landed, lambda: AT)
    assert again.updated is None
    again.close()
    assert [path.name for path in kept.copy.parent.iterdir()] == [kept.copy.name]


def test_no_room_for_a_copy(landed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for a copy the file is refused and stays as it is, and it is said how much it takes."""
    before, size = landed.read_bytes(), landed.stat().st_size
    free = os.statvfs(landed.parent)
    short = (COPIES_BEFORE_UPDATE * size - 1) // free.f_frsize
    values = [*free[:3], short, short, *free[5:]]
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(values))
    with pytest.raises(DiskTrouble) as refused:
        Database.open(landed, lambda: AT)
    assert (refused.value.code, refused.value.exit_code) == ("no_copy", 1)
    assert "no room" in refused.value.message and "MB of room" in str(refused.value.hint)
    assert landed.read_bytes() == before
    assert [path.name for path in landed.parent.iterdir()] == ["studio.db"]
