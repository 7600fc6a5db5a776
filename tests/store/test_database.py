"""The studio's file: opened only when it is one, written whole or not at all."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from whenever import Instant

from studio_cli.booking.studio import Studio, found, open_studio
from studio_cli.errors import Busy, DiskTrouble, FileTrouble, NotFound, Refused, StudioError
from studio_cli.model.availability import seconds
from studio_cli.model.times import EARLIEST, stored
from studio_cli.store import setting
from studio_cli.store.availability import seconds_of
from studio_cli.store.database import (
    APPLICATION_ID,
    MOST_REMEMBERED,
    VERSION,
    Database,
    explain,
    trouble,
    wal_is_safe,
)
from tests.conftest import Clock, Maker


def contents(file: Database | Path) -> list[str]:
    """Return everything in a studio's file, as statements."""
    path = file if isinstance(file, Path) else file.path
    outside = sqlite3.connect(path)
    try:
        return list(outside.iterdump())
    finally:
        outside.close()


def pragma(connection: sqlite3.Connection, name: str) -> object:
    """Return the value of a PRAGMA."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


# ── how it is opened ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 0), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 44, 9), True),
        ((3, 45, 0), False),
        ((3, 46, 1), False),
        ((3, 49, 2), False),
        ((3, 50, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_is_safe(version: tuple[int, int, int], safe: bool) -> None:
    """WAL is used only with a SQLite in which concurrent checkpoints lose nothing."""
    assert wal_is_safe(version) is safe


def test_every_commit_is_on_the_disk(studio: Studio) -> None:
    """The journal fits the linked SQLite, every commit is synced, references are checked, writers wait."""
    sql = studio.file.connection
    assert pragma(sql, "journal_mode") == ("wal" if wal_is_safe() else "delete")
    assert pragma(sql, "synchronous") == 2
    assert pragma(sql, "foreign_keys") == 1
    assert int(str(pragma(sql, "busy_timeout"))) >= 5000
    assert pragma(sql, "application_id") == APPLICATION_ID
    assert pragma(sql, "user_version") == VERSION


def test_journal_is_put_right(studio: Studio, clock: Clock) -> None:
    """A file that was used with another SQLite is brought to the journal that is safe with this one."""
    studio.file.close()
    right, other = ("wal", "delete") if wal_is_safe() else ("delete", "wal")
    outside = sqlite3.connect(studio.file.path)
    assert outside.execute(f"PRAGMA journal_mode = {other}").fetchone() == (other,)
    outside.close()
    opened = open_studio(studio.file.path, clock)
    assert pragma(opened.file.connection, "journal_mode") == right
    assert pragma(opened.file.connection, "synchronous") == 2
    opened.file.close()


def test_no_studio(tmp_path: Path) -> None:
    """Where no file is, the answer is how to make one, and none is made."""
    with pytest.raises(NotFound) as missing:
        Database.open(tmp_path / "none.db")
    assert missing.value.code == "no_studio"
    assert "studio init" in str(missing.value.hint)
    assert list(tmp_path.glob("*.db*")) == []


def other_application(path: Path) -> None:
    """Make a database of another program."""
    other = sqlite3.connect(path)
    other.executescript(
        "CREATE TABLE note (text); INSERT INTO note VALUES ('mine'); PRAGMA user_version = 7;"
    )
    other.close()


def newer_version(path: Path) -> None:
    """Make a studio's file as a later program would leave it."""
    newer = sqlite3.connect(path)
    newer.executescript(
        f"CREATE TABLE setting (x); PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION + 1};"
    )
    newer.close()


def text_file(path: Path) -> None:
    """Make a file that is no database."""
    path.write_text("My notes about the studio.\n" * 200)


def empty_file(path: Path) -> None:
    """Make a file with nothing in it."""
    path.touch()


def damaged_header(path: Path) -> None:
    """Make a studio's file and write over its beginning."""
    newer_version(path)
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])


@pytest.mark.parametrize(
    ("make_file", "code"),
    [
        (other_application, "not_a_studio"),
        (newer_version, "newer_version"),
        (text_file, "not_a_studio"),
        (empty_file, "not_a_studio"),
        (damaged_header, "not_a_studio"),
    ],
)
def test_not_ours_is_left_alone(tmp_path: Path, make_file: object, code: str) -> None:
    """A file that is not a studio's, or a newer one, is refused and not one byte of it changes."""
    path = tmp_path / "file.db"
    assert callable(make_file)
    make_file(path)
    before = path.read_bytes()
    with pytest.raises(FileTrouble) as refused:
        Database.open(path)
    assert refused.value.code == code
    assert refused.value.exit_code == 3
    assert path.read_bytes() == before
    assert [kept.name for kept in tmp_path.glob("file.db*")] == ["file.db"]


def test_damaged_file_is_said_to_be(studio: Studio, make: Maker, clock: Clock) -> None:
    """A studio's file whose pages are damaged is refused with the way out, and not changed further."""
    make.session()
    path = studio.file.path
    studio.file.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    damaged = path.read_bytes()
    with pytest.raises(FileTrouble) as refused:
        open_studio(path, clock).settings  # noqa: B018
    assert refused.value.code == "damaged"
    assert "backup" in str(refused.value.hint)
    assert path.read_bytes() == damaged


def test_folder_is_not_a_studio(tmp_path: Path) -> None:
    """A folder in the place of the file is told as such, without a traceback."""
    with pytest.raises(FileTrouble) as refused:
        Database.open(tmp_path)
    assert refused.value.code == "unreadable"


# ── how it is made ────────────────────────────────────────────────────────────────────────────────


def found_at(path: Path) -> Studio:
    """Make a studio at a path."""
    clock = Clock(Instant.from_utc(2026, 11, 20, 15))
    return found(path, clock, name="Ana", email="ana@example.com", timezone="UTC", currency="CAD")


def test_new_file_is_private(tmp_path: Path) -> None:
    """A new studio's file can be read by its owner only, in folders made for it, and stands alone there."""
    made = found_at(tmp_path / "a" / "b" / "studio.db")
    assert made.file.path.stat().st_mode & 0o777 == 0o600
    made.file.close()
    assert [file.name for file in made.file.path.parent.iterdir()] == ["studio.db"]


@pytest.mark.parametrize("make_file", [other_application, text_file, empty_file])
def test_create_never_overwrites(tmp_path: Path, make_file: object) -> None:
    """Making a studio where a file is refuses and leaves that file as it was."""
    path = tmp_path / "file.db"
    assert callable(make_file)
    make_file(path)
    before = path.read_bytes()
    with pytest.raises(Refused) as refused:
        found_at(path)
    assert refused.value.code == "already_exists"
    assert path.read_bytes() == before


def test_create_never_overwrites_what_came_meanwhile(tmp_path: Path) -> None:
    """A file that somebody makes while a studio is being made there stays, and nothing else is left."""
    path = tmp_path / "file.db"
    with pytest.raises(Refused) as refused:
        Database.create(path, lambda _: path.write_text("mine") and None)
    assert refused.value.code == "already_exists"
    assert path.read_text() == "mine"
    assert [file.name for file in tmp_path.glob("*file.db*")] == ["file.db"]
    assert list(tmp_path.glob(".*")) == []


def test_create_is_whole_or_nothing(tmp_path: Path) -> None:
    """A studio whose making fails half-way leaves nothing behind, not even a journal."""

    def fail(file: Database) -> None:
        file.connection.execute("BEGIN IMMEDIATE")
        setting.write(file, "studio.name", "Ana")
        raise RuntimeError("stopped")

    folder = tmp_path / "folder"
    with pytest.raises(RuntimeError, match="stopped"):
        Database.create(folder / "file.db", fail)
    assert list(folder.iterdir()) == []
    found_at(folder / "file.db").file.close()


def test_create_where_no_folder_can_be(tmp_path: Path) -> None:
    """A path that leads through a file is told as such, without a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(FileTrouble):
        found_at(tmp_path / "file" / "studio.db")


# ── how it is written ─────────────────────────────────────────────────────────────────────────────


def test_atomic_keeps_all(studio: Studio) -> None:
    """What a write did is there for another connection when it has ended, and not before."""
    with studio.file.atomic():
        setting.write(studio.file, "studio.phone", "1")
        assert "studio.phone" not in str(contents(studio.file))
    assert "studio.phone" in str(contents(studio.file))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Refused])
def test_atomic_keeps_nothing_on_an_error(studio: Studio, error: type[BaseException]) -> None:
    """When a write ends in an error, or is interrupted, the file is as it was and can be written again."""
    before = contents(studio.file)
    with pytest.raises(error), studio.file.atomic():
        setting.write(studio.file, "studio.phone", "1")
        raise error("stopped")
    assert contents(studio.file) == before
    assert not studio.file.connection.in_transaction
    with studio.file.atomic():
        setting.write(studio.file, "studio.phone", "2")


def test_atomic_after_sqlite_rolled_back(studio: Studio) -> None:
    """When SQLite has rolled back by itself, as on a full disk, the first error is the one that is told."""
    with pytest.raises(RuntimeError, match="first"), studio.file.atomic() as sql:
        sql.execute("ROLLBACK")
        raise RuntimeError("first")


def test_rehearsal_keeps_nothing(studio: Studio) -> None:
    """A rehearsal sees what it did and keeps none of it."""
    before = contents(studio.file)
    with studio.file.rehearsal():
        setting.write(studio.file, "studio.phone", "1")
        assert studio.settings.get("studio.phone") == "1"
    assert contents(studio.file) == before
    assert not studio.file.connection.in_transaction


def test_reading_sees_one_moment(studio: Studio, clock: Clock) -> None:
    """Several reads in one block see the same state, whatever others write meanwhile."""
    other = open_studio(studio.file.path, clock)
    other.file.connection.execute("PRAGMA busy_timeout = 50")
    with studio.file.reading():
        assert studio.settings.get("studio.phone") is None
        if pragma(other.file.connection, "journal_mode") == "wal":
            with other.file.atomic():
                setting.write(other.file, "studio.phone", "1")
        else:
            with pytest.raises(Busy), other.file.atomic():
                setting.write(other.file, "studio.phone", "1")
        assert studio.settings.get("studio.phone") is None
    other.file.close()


def test_two_writers_wait_for_each_other(studio: Studio, clock: Clock) -> None:
    """A second writer waits until the first has ended, and then sees what it wrote."""
    inside, order = threading.Event(), []

    def second() -> None:
        other = open_studio(studio.file.path, clock)
        inside.wait(5)
        with other.file.atomic():
            order.append(f"second sees {other.settings.get('studio.phone')}")
        other.file.close()

    thread = threading.Thread(target=second)
    thread.start()
    with studio.file.atomic():
        inside.set()
        time.sleep(0.2)
        setting.write(studio.file, "studio.phone", "1")
        order.append("first ends")
    thread.join()
    assert order == ["first ends", "second sees 1"]


def test_many_writers_lose_nothing(studio: Studio, clock: Clock) -> None:
    """Writers that read a number and write the next one never write the same."""

    def count() -> None:
        mine = open_studio(studio.file.path, clock)
        for _ in range(10):
            with mine.file.atomic():
                setting.write(
                    mine.file, "internal.count", str(int(mine.settings.get("internal.count") or 0) + 1)
                )
        mine.file.close()

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert studio.settings.get("internal.count") == "30"


def test_busy_file_is_told(studio: Studio, clock: Clock) -> None:
    """When somebody writes for too long, the answer is to try again, and nothing was changed."""
    other = open_studio(studio.file.path, clock)
    other.file.connection.execute("PRAGMA busy_timeout = 20")
    with studio.file.atomic(), pytest.raises(Busy) as busy, other.file.atomic():
        raise AssertionError("two writers at once")
    assert busy.value.exit_code == 3
    other.file.close()


# ── what went wrong, in words ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("studio:overlap that time is taken", "overlap"),
        ("studio:transition x", "transition"),
        ("studio:append_only x", "append_only"),
    ],
)
def test_rules_of_the_schema_are_refusals(message: str, code: str) -> None:
    """What a trigger refuses is told as a rule that says no."""
    told = explain(sqlite3.IntegrityError(message), Path("studio.db"))
    assert isinstance(told, Refused)
    assert told.code == code


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("SQLITE_BUSY", Busy, "busy"),
        ("SQLITE_BUSY_SNAPSHOT", Busy, "busy"),
        ("SQLITE_LOCKED", Busy, "busy"),
        ("SQLITE_FULL", DiskTrouble, "disk"),
        ("SQLITE_IOERR_WRITE", DiskTrouble, "disk"),
        ("SQLITE_READONLY_DIRECTORY", FileTrouble, "read_only"),
        ("SQLITE_CANTOPEN", FileTrouble, "unreadable"),
        ("SQLITE_NOTADB", FileTrouble, "not_a_studio"),
        ("SQLITE_CORRUPT_INDEX", FileTrouble, "damaged"),
    ],
)
def test_what_sqlite_says_in_words(name: str, kind: type[StudioError], code: str) -> None:
    """What SQLite says about disks, locks and files is told in words with a way out."""
    error = sqlite3.OperationalError("x")
    error.sqlite_errorname = name
    told = explain(error, Path("studio.db"))
    assert type(told) is kind
    assert told is not None
    assert told.code == code
    assert told.hint


def test_bugs_are_not_dressed_up() -> None:
    """An error that only a bug can cause stays what it is."""
    error = sqlite3.OperationalError("no such column: x")
    error.sqlite_errorname = "SQLITE_ERROR"
    assert explain(error, Path("studio.db")) is None
    with pytest.raises(sqlite3.OperationalError), trouble(Path("studio.db")):
        raise error


def test_file_system_errors_are_told() -> None:
    """What the file system says is told with the path it is about."""
    with pytest.raises(FileTrouble, match=r"studio\.db: Permission denied"), trouble(Path("studio.db")):
        raise PermissionError(13, "Permission denied")


# ── what is worked out from the file ──────────────────────────────────────────────────────────────


def test_remembered_until_somebody_writes(studio: Studio) -> None:
    """What was read holds until anybody writes, here or elsewhere."""
    other, worked = Database.open(studio.file.path), []

    def ask() -> int:
        with studio.file.reading():
            return studio.file.remembered("key", lambda: worked.append(1) or len(worked))

    def write(file: Database) -> None:
        with file.atomic():
            setting.write(file, "internal.test", str(len(worked)))

    try:
        assert [ask(), ask()] == [1, 1]
        write(studio.file)
        assert [ask(), ask()] == [2, 2]
        write(other)
        assert [ask(), ask()] == [3, 3]
    finally:
        other.close()


def test_nothing_is_remembered_of_a_write_that_is_undone(studio: Studio) -> None:
    """What is read in the middle of a write is read anew afterwards: it may never have been kept."""
    with studio.file.rehearsal():
        setting.write(studio.file, "studio.name", "Not For Long")
        assert studio.settings["studio.name"] == "Not For Long"
    assert studio.settings["studio.name"] == "Ana Silva Photography"


def test_no_more_is_remembered_than_fits(studio: Studio) -> None:
    """Whoever asks for a thousand things is told the truth, and does not fill the memory."""
    for number in range(1000):
        with studio.file.reading():
            assert studio.file.remembered(number, lambda: number) == number  # noqa: B023
    assert len(studio.file._memory) <= MOST_REMEMBERED


def test_what_is_kept_as_plain_pairs_is_the_second_that_was_stored(studio: Studio) -> None:
    """Every stored second comes back as itself, in any year that a session can be in."""
    moments = [EARLIEST.add(seconds=at) for at in range(0, 6_600_000_000, 1_234_567)]
    query = f"SELECT {seconds_of('?1')}"
    found = [studio.file.connection.execute(query, (stored(one),)).fetchone()[0] for one in moments]
    assert found == [seconds(one) for one in moments]
