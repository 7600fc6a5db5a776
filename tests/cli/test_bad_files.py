"""Files that are not a studio's, or cannot be used: one or two plain lines, never a traceback, the file untouched."""

from __future__ import annotations

import gzip
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_cli.store.database import VERSION
from tests.conftest import Cli, studio_process
from tests.terminal import studio

READ = ("session", "list")
WRITE = ("client", "add", "Eva Lima")


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def other_application(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE session (id)", "PRAGMA application_id = 42", "PRAGMA user_version = 1")


def newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 999")


def text_file(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def cut_off(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def overwritten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


def header_only(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (other_application, {"not_a_studio"}),
        (newer, {"newer_version"}),
        (text_file, {"not_a_studio"}),
        (empty_file, {"not_a_studio"}),
        (cut_off, {"damaged"}),
        (overwritten, {"damaged"}),
        (header_only, {"damaged", "not_a_studio"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("command", [READ, WRITE], ids=" ".join)
def test_files_that_are_not_ours_or_damaged(
    with_session: Cli,
    tmp_path: Path,
    spoil: Callable[[Path], None],
    codes: set[str],
    command: tuple[str, ...],
) -> None:
    """Another program's, a newer, a damaged and an empty file are refused with exit 3, and not touched."""
    path = tmp_path / "studio.db"
    spoil(path)
    before = path.read_bytes()
    result = with_session(*command)
    assert (result.code, result.out) == (3, ""), result.err
    assert 1 <= len(result.err.splitlines()) <= 2
    assert str(path) in result.err
    assert with_session(*command, "--json").error["code"] in codes
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["home", "studio.db"]


def test_folder_instead_of_a_file(with_session: Cli, tmp_path: Path) -> None:
    """A folder is not a studio, and said so in plain words."""
    (tmp_path / "folder").mkdir()
    result = with_session("--db", str(tmp_path / "folder"), *READ)
    assert (result.code, len(result.err.splitlines()) <= 2) == (3, True)


# ── without the right to ──────────────────────────────────────────────────────────────────────────


def without_rights(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody for whom a file's mode counts: root is made to lose what puts it above that."""
    words = studio(*arguments)
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("NO SETPRIV: root may do anything, so what others may not do was not tested.")
        words = [setpriv, "--bounding-set=-all", "--inh-caps=-all", *words]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


@pytest.fixture
def guarded(with_session: Cli, tmp_path: Path) -> Iterator[Path]:
    """The studio in a folder of its own whose rights a test takes away."""
    del with_session
    folder = tmp_path / "guarded"
    folder.mkdir()
    path = folder / "studio.db"
    shutil.copy(tmp_path / "studio.db", path)
    yield path
    folder.chmod(0o700)


def test_read_only_file(guarded: Path) -> None:
    """Who may only read the file can list; a change is exit 3 in plain words, and the file is as it was."""
    before = guarded.read_bytes()
    guarded.chmod(0o444)
    guarded.parent.chmod(0o555)
    listed = without_rights("--db", str(guarded), *READ)
    assert (listed.returncode, listed.stdout.count("\n")) == (0, 1), listed.stderr
    changed = without_rights("--db", str(guarded), *WRITE)
    assert (changed.returncode, changed.stdout) == (3, "")
    assert "cannot be written to" in changed.stderr
    assert len(changed.stderr.splitlines()) == 2
    assert guarded.read_bytes() == before
    assert [path.name for path in guarded.parent.iterdir()] == ["studio.db"]


@pytest.mark.parametrize("what", ["file", "folder"])
def test_unreadable_file_or_folder(guarded: Path, what: str) -> None:
    """A file or folder that one may not open is exit 3 in plain words."""
    (guarded if what == "file" else guarded.parent).chmod(0)
    for command in (READ, WRITE):
        ended = without_rights("--db", str(guarded), *command)
        assert (ended.returncode, ended.stdout) == (3, ""), ended.stderr
        assert str(guarded) in ended.stderr
        assert len(ended.stderr.splitlines()) <= 2
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("what", ["file", "folder"])
def test_examining_what_one_may_not_open(guarded: Path, what: str) -> None:
    """Of a file or folder that one may not open the doctor says just that, and looks at the rest."""
    (guarded if what == "file" else guarded.parent).chmod(0)
    ended = without_rights("--db", str(guarded), "doctor")
    assert (ended.returncode, ended.stderr) == (3, "")
    found = dict(line.split("\t")[1::-1] for line in ended.stdout.splitlines())
    assert found["file"] == "wrong"
    assert {"sqlite", "zone-data"} <= set(found)


def test_init_where_one_may_not_write(guarded: Path) -> None:
    """A new studio in a folder that one may not write to is exit 3 in plain words."""
    guarded.parent.chmod(0o555)
    ended = without_rights(
        "--db", str(guarded.parent / "new.db"), "init", "--name", "A", "--email", "a@example.com",
        "--timezone", "UTC", "--currency", "EUR",
    )  # fmt: skip
    assert ended.returncode == 3, ended.stderr
    assert len(ended.stderr.splitlines()) <= 2
    assert [path.name for path in guarded.parent.iterdir()] == ["studio.db"]


# ── a full disk ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "studio-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("NO SMALL DISK: nothing can be mounted here, so a full disk was not tested.")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to its last byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


def test_full_disk(small_disk: Path, with_session: Cli, tmp_path: Path) -> None:
    """On a full disk a change fails in plain words and leaves the studio as it was; reading goes on."""
    path = small_disk / "studio.db"
    shutil.copy(tmp_path / "studio.db", path)
    before = path.read_bytes()
    filler = fill(small_disk)
    ended = with_session("--db", str(path), "client", "add", "Eva", "--notes", "x" * 20_000, "--json")
    assert (ended.code, ended.error["code"]) == (1, "disk")
    assert "Make room" in ended.error["hint"]
    assert path.read_bytes() == before
    assert len(with_session("--db", str(path), "session", "list", "--json").ok().json) == 1
    filler.unlink()
    with_session("--db", str(path), *WRITE).ok()


def test_init_on_a_full_disk(small_disk: Path, cli: Cli) -> None:
    """A new studio on a full disk fails in plain words and leaves nothing behind."""
    filler = fill(small_disk)
    ended = cli("--db", str(small_disk / "studio.db"), "init", "--name", "A", "--email", "a@example.com",
                "--timezone", "UTC", "--currency", "EUR")  # fmt: skip
    assert (ended.code, ended.out) == (1, ""), ended.err
    assert "disk is full" in ended.err
    assert len(ended.err.splitlines()) <= 2
    assert list(small_disk.iterdir()) == [filler]


def test_limit_on_the_size_of_files(with_session: Cli, tmp_path: Path) -> None:
    """Where files may grow no further (ulimit -f) a change fails in plain words, and nothing is lost."""
    path = tmp_path / "studio.db"
    size, before = path.stat().st_size, path.read_bytes()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    ended = subprocess.run(
        [sys.executable, "-m", "studio_cli", "client", "add", "Eva", "--notes", "x" * 20_000],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=60,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith("studio: The disk ")
    assert len(ended.stderr.splitlines()) == 2
    assert path.read_bytes() == before
    assert len(with_session("session", "list", "--json").ok().json) == 1


def test_busy_file_is_waited_for(with_session: Cli, tmp_path: Path) -> None:
    """While another program writes, a command waits its turn."""
    del with_session
    connection = sqlite3.connect(tmp_path / "studio.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    process = subprocess.Popen(studio(*WRITE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    connection.execute("ROLLBACK")
    connection.close()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, ""), out
    assert studio_process(*READ).returncode == 0


# ── a file of an older version ────────────────────────────────────────────────────────────────────

OLDER = Path(__file__).parent.parent / "files" / "studio-8.db.gz"


def test_older_file_is_said_to_be_kept(cli: Cli, tmp_path: Path) -> None:
    """The command that brings an older file up to date says on stderr where the file as it was is; the next says nothing."""
    (tmp_path / "studio.db").write_bytes(gzip.decompress(OLDER.read_bytes()))
    first, second = cli(*READ, "--json").ok(), cli(*READ, "--json").ok()
    copy = tmp_path / "studio-backups" / f"studio-before-v{VERSION}.zip"
    assert copy.is_file()
    assert f"brought up to date. As it was: {copy}" in first.err
    assert (second.err, second.out) == ("", first.out)


def test_older_file_on_a_full_disk(small_disk: Path, cli: Cli) -> None:
    """An older file for whose copy the disk has no room is refused in plain words, and stays as it is."""
    path, content = small_disk / "studio.db", gzip.decompress(OLDER.with_name("studio-3.db.gz").read_bytes())
    path.write_bytes(content)
    ended = cli("--db", str(path), *READ, "--json")
    assert (ended.code, ended.error["code"]) == (1, "no_copy")
    assert path.read_bytes() == content
    assert [file.name for file in small_disk.iterdir()] == ["studio.db"]
