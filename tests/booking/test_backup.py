"""Backups: complete while others write, whole or not there, and a way back that loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from studio_cli.booking import backup as backups
from studio_cli.booking import client as clients
from studio_cli.booking import template as templates
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.errors import FileTrouble, NotFound, Refused, WrongUsage
from studio_cli.model.client import ClientDetails
from studio_cli.store import backup as backup_store
from studio_cli.store import client as client_store
from studio_cli.store import message as message_store
from tests.conftest import Clock, Maker

RUNS = int(os.environ.get("RUNS", "12"))


def dump(path: Path) -> list[str]:
    """Return a file as SQL, line by line."""
    with closing(sqlite3.connect(path)) as file:
        return list(file.iterdump())


def taken_out(backup: Path, place: Path) -> Path:
    """Return the studio's file of a backup, taken out with nothing but zipfile."""
    with zipfile.ZipFile(backup) as pack:
        return Path(pack.extract("studio.db", place))


# ── making one ────────────────────────────────────────────────────────────────────────────────────


def test_everything_is_in_it(studio: Studio, make: Maker, tmp_path: Path) -> None:
    """A backup holds the file, row by row, and says of what and when it was made."""
    make.session()
    made = backups.make(studio).backup
    assert dump(taken_out(made.path, tmp_path / "out")) == dump(studio.file.path)
    assert (made.contents.sessions, made.contents.clients) == (1, 1)
    assert made.path.parent == tmp_path / "studio-backups"
    assert oct(made.path.stat().st_mode & 0o777) == "0o600"
    assert backups.look(made.path) == made


def test_templates_are_in_it(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    """The owner's templates are in the backup, come back with it, and those of now are kept."""
    templates.edit(studio, templates.find(studio, "share", "en"), "Subject: Old\n\nOld\n{{ link }}\n")
    made = backups.make(studio).backup
    assert made.templates == (".shipped/share.en.md", "share.en.md")
    templates.edit(studio, templates.find(studio, "share", "en"), "Subject: New\n\nNew\n{{ link }}\n")
    done = backups.restore(made.path, studio.file.path, clock)
    assert "Old" in (tmp_path / "studio-templates" / "share.en.md").read_text()
    assert done.templates_kept is not None
    assert "New" in (done.templates_kept / "share.en.md").read_text()


def test_into_a_folder_or_a_file(studio: Studio, tmp_path: Path) -> None:
    """A folder gets a file named for the moment, a second one in the same second another name; a file is never written over."""
    (tmp_path / "disk").mkdir()
    first, second = (backups.make(studio, tmp_path / "disk").backup.path.name for _ in range(2))
    assert (first, second) == ("studio-20261120T150000Z.zip", "studio-20261120T150000Z_2.zip")
    backups.make(studio, tmp_path / "mine.zip")
    with pytest.raises(Refused, match="There is a file"):
        backups.make(studio, tmp_path / "mine.zip")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".studio-backup-")] == []


def test_only_the_newest_stay(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    """--keep removes the oldest of this studio's backups, and nothing else that lies there."""
    place = tmp_path / "disk"
    place.mkdir()
    others = ("studio-notes.zip", "other-20200101T000000Z.zip", "studio-20200101T000000Z.zip.txt")
    for name in others:
        (place / name).touch()
    for _ in range(4):
        made = backups.make(studio, place, keep=2)
        clock.forward(hours=24)
    assert len(made.rotated) == 1
    assert sorted(path.name for path in place.iterdir()) == sorted(
        (*others, "studio-20261122T150000Z.zip", "studio-20261123T150000Z.zip")
    )
    with pytest.raises(WrongUsage, match="--keep"):
        backups.make(studio, tmp_path / "one.zip", keep=2)


@contextmanager
def writing(studio: Studio, clock: Clock) -> Iterator[list[str]]:
    """Add clients all the time on a connection of their own; yield the names of those that are acknowledged."""
    acknowledged: list[str] = []
    enough = threading.Event()

    def work() -> None:
        mine = open_studio(studio.file.path, clock)
        while not enough.is_set():
            name = f"Client {len(acknowledged)} " + "x" * 150
            clients.add(mine, ClientDetails.checked(name))
            acknowledged.append(name)
        mine.file.close()

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield acknowledged
    finally:
        enough.set()
        writer.join()


def test_complete_under_constant_writing(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    """Every backup made while others write passes its check and has every write acknowledged before it began."""
    with writing(studio, clock) as acknowledged:
        for number in range(RUNS):
            known = list(acknowledged)
            made = backups.make(studio, tmp_path / f"{number}.zip").backup
            place = tmp_path / f"out{number}"
            with closing(sqlite3.connect(taken_out(made.path, place))) as file:
                there = {name for (name,) in file.execute("SELECT name FROM client")}
                assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert set(known) <= there
            shutil.rmtree(place)
            made.path.unlink()
    assert len(acknowledged) > RUNS


def test_control_a_plain_copy_is_not_a_backup(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    """A file that is copied while others write is damaged or lacks writes, sooner or later: the copy must ask SQLite."""
    for number in range(400):
        clients.add(studio, ClientDetails.checked(f"First {number} " + "y" * 150))
    with writing(studio, clock) as acknowledged:
        for number in range(max(RUNS * 10, 500)):
            known, copy = list(acknowledged), tmp_path / f"{number}.db"
            with studio.file.path.open("rb") as source, copy.open("wb") as target:
                while part := source.read(4096):
                    target.write(part)
            if not _is_whole(copy, known):
                return
            copy.unlink()
    pytest.fail("every plain copy was whole: this test does not see what it should")


def _is_whole(copy: Path, known: list[str]) -> bool:
    try:
        backup_store.examine(copy)
        with closing(sqlite3.connect(copy)) as file:
            return set(known) <= {name for (name,) in file.execute("SELECT name FROM client")}
    except (FileTrouble, sqlite3.Error):
        return False


# ── the way back ──────────────────────────────────────────────────────────────────────────────────


def test_restore_brings_everything_back(studio: Studio, make: Maker, clock: Clock, tmp_path: Path) -> None:
    """After a restore the file is as it was, plus a line of history; what was there is in a backup of its own."""
    make.session()
    made = backups.make(studio).backup
    before = dump(studio.file.path)
    make.session("2026-12-07 10:00")
    now = dump(studio.file.path)
    done = backups.restore(made.path, studio.file.path, clock)
    added = set(dump(studio.file.path)) ^ set(before)
    assert {line.split('"')[1] for line in added} <= {"event", "sqlite_sequence"}
    assert done.kept is not None
    assert dump(taken_out(done.kept, tmp_path / "kept")) == now


def test_a_server_goes_on_with_what_is_restored(studio: Studio, make: Maker, clock: Clock) -> None:
    """A connection that was open all the time reads what came back, and its writes go there."""
    made = backups.make(studio).backup
    make.session()
    backups.restore(made.path, studio.file.path, clock)
    assert client_store.listed(studio.file) == []
    clients.add(studio, ClientDetails.checked("Rui Costa"))
    again = open_studio(studio.file.path, clock)
    assert [client.name for client in client_store.listed(again.file)] == ["Rui Costa"]
    again.file.close()


def test_mails_that_waited_are_asked_about(studio: Studio, make: Maker, clock: Clock) -> None:
    """A mail that waited when the backup was made is not sent by itself: it may have gone out since."""
    from studio_cli.booking.share import share

    share(studio, str(make.session().id), "email")
    made = backups.make(studio).backup
    done = backups.restore(made.path, studio.file.path, clock)
    assert done.mails_in_doubt == 1
    (message,) = message_store.listed(studio.file)
    assert message.state == "unknown"


def test_a_lost_file_comes_back(studio: Studio, make: Maker, clock: Clock, tmp_path: Path) -> None:
    """A studio whose file is gone, or is damaged, comes back; the damaged one is set aside."""
    make.session()
    made = backups.make(studio).backup
    other = tmp_path / "elsewhere" / "new.db"
    assert backups.restore(made.path, other, clock).kept is None
    assert backups.look(other).contents.sessions == 1
    other.write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    done = backups.restore(made.path, other, clock)
    assert done.kept == other.with_name("new-damaged1.db")
    assert b"nonsense" in done.kept.read_bytes()
    assert backups.look(other).contents.sessions == 1


def test_a_plain_copy_can_be_restored(studio: Studio, make: Maker, clock: Clock, tmp_path: Path) -> None:
    """A copy of the file made by other means is taken too."""
    make.session()
    shutil.copyfile(studio.file.path, tmp_path / "copy.db")
    done = backups.restore(tmp_path / "copy.db", tmp_path / "new.db", clock)
    assert done.backup.created_at is None
    assert done.backup.contents.sessions == 1


def _cut(pack: Path) -> None:
    pack.write_bytes(pack.read_bytes()[:-2000])


def _flip(pack: Path) -> None:
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.write_bytes(content)


def _swap(pack: Path) -> None:
    """Put another studio's file in: whole, and not the one that was backed up."""
    with zipfile.ZipFile(pack) as old:
        about, file = old.read("backup.json"), bytearray(old.read("studio.db"))
    file[-1] ^= 1
    with zipfile.ZipFile(pack, "w") as new:
        new.writestr("backup.json", about)
        new.writestr("studio.db", bytes(file))


def _empty(pack: Path) -> None:
    with zipfile.ZipFile(pack, "w") as new:
        new.writestr("readme.txt", "hello")


def _not_json(pack: Path) -> None:
    with zipfile.ZipFile(pack, "a") as new, pytest.warns(UserWarning, match="Duplicate"):
        new.writestr("backup.json", "[]")


@pytest.mark.parametrize("harm", [_cut, _flip, _swap, _empty, _not_json])
def test_what_is_damaged_is_refused(harm: object, studio: Studio, make: Maker, clock: Clock) -> None:
    """A backup that is cut off, changed or none at all is refused, and nothing is touched."""
    make.session()
    made = backups.make(studio).backup
    harm(made.path)  # type: ignore[operator]
    before = dump(studio.file.path)
    with pytest.raises(FileTrouble):
        backups.restore(made.path, studio.file.path, clock)
    assert dump(studio.file.path) == before
    with pytest.raises(NotFound):
        backups.restore(made.path.with_name("none.zip"), studio.file.path, clock)


def test_nothing_lands_elsewhere(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    """Names that lead out of the folder, or are none of ours, are left in the pack."""
    made = backups.make(studio).backup
    with zipfile.ZipFile(made.path, "a") as pack:
        for name in (
            "../evil.md",
            "templates/../../evil.md",
            "/tmp/evil-studio.md",
            "templates/sub/evil.en.md",
        ):
            pack.writestr(name, "evil")
    done = backups.restore(made.path, studio.file.path, clock)
    assert done.backup.templates == ()
    assert not list(tmp_path.rglob("*evil*"))


def test_newer_ones_are_refused(studio: Studio, clock: Clock) -> None:
    """A backup of a newer program says so."""
    made = backups.make(studio).backup
    with zipfile.ZipFile(made.path) as old:
        about, file = json.loads(old.read("backup.json")), old.read("studio.db")
    with zipfile.ZipFile(made.path, "w") as new:
        new.writestr("backup.json", json.dumps({**about, "format": 2}))
        new.writestr("studio.db", file)
    with pytest.raises(FileTrouble, match="newer version"):
        backups.restore(made.path, studio.file.path, clock)


def test_a_folder_that_is_not_there(studio: Studio, tmp_path: Path) -> None:
    """A folder that is mistyped, or not mounted, is refused; no file takes its name."""
    with pytest.raises(NotFound, match="There is no folder"):
        backups.make(studio, tmp_path / "mnt" / "disk")
    assert not (tmp_path / "mnt").exists()
