"""The studio's file, and what lies around it on the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from whenever import Instant

from studio_cli.booking.checkup import Check, Patient, Trouble
from studio_cli.model.backup import moment_of
from studio_cli.store import backup as backup_store
from studio_cli.store import doctor as doctor_store
from studio_cli.store.database import wal_is_safe

LEFT_OVER_HOURS = 24
BACKUP_DAYS = 7
LITTLE_ROOM = 50_000_000
"""Bytes: less than that is soon gone, whatever the size of the file."""

RESTORE = "studio restore last"


def _whole(patient: Patient) -> Iterator[Trouble]:
    assert patient.file is not None
    for fault in doctor_store.faults(patient.file):
        yield Trouble("wrong", f"The file is damaged: {fault}.", RESTORE)


def _references(patient: Patient) -> Iterator[Trouble]:
    assert patient.file is not None
    for table, row, wanted in doctor_store.astray(patient.file):
        which = f"Row {row} of {table}" if row is not None else f"A row of {table}"
        yield Trouble("wrong", f"{which} names a {wanted} that is not there.", RESTORE)


def _schema(patient: Patient) -> Iterator[Trouble]:
    for part in doctor_store.missing_parts(patient.at_work.file):
        words = f"The {part.kind} {part.name} is missing, or is not what it should be."
        if part.kind in {"trigger", "view"}:
            yield Trouble(
                "wrong", f"{words} Another tool may have taken it away.", "studio doctor --fix", True
            )
        else:
            yield Trouble("wrong", words, RESTORE)


def _put_back(patient: Patient) -> str:
    parts = doctor_store.missing_parts(patient.at_work.file)
    mended = [part for part in parts if part.kind in {"trigger", "view"}]
    for part in mended:
        doctor_store.put_back(patient.at_work.file, part)
    return f"Made anew: {', '.join(part.name for part in mended)}."


def _views(patient: Patient) -> Iterator[Trouble]:
    for name in doctor_store.views(patient.at_work.file):
        try:
            doctor_store.read_view(patient.at_work.file, name)
        except sqlite3.Error as error:
            yield Trouble("wrong", f"The view {name} cannot be read: {error}.", "studio doctor --fix")


def _sqlite(patient: Patient) -> Iterator[Trouble]:
    version, safe = sqlite3.sqlite_version, wal_is_safe()
    journal = doctor_store.header(patient.file).journal if patient.file else "delete"
    if safe:
        yield Trouble("fine", f"SQLite {version} has no fault that matters here.")
    elif journal == "wal":
        yield Trouble(
            "wrong",
            f"The file is in WAL mode, in which SQLite {version} can lose what was written.",
            "Close the other program that has it open; the next command puts it right.",
        )
    else:
        yield Trouble(
            "fine",
            f"SQLite {version} can lose writes in WAL mode (fixed in 3.51.3), so the file is kept in rollback mode, "
            "where it cannot. All that follows: Litestream cannot be used.",
        )


# ── who may read it ───────────────────────────────────────────────────────────────────────────────


def _private(patient: Patient) -> Iterator[Path]:
    """Yield what is for its owner alone, as far as it is there."""
    path, backups = patient.path, backup_store.folder(patient.path)
    yield from (path, patient.machine.secrets_path, path.with_name(f"{path.stem}-templates"), backups)
    with contextlib.suppress(OSError):
        yield from sorted(backups.glob("*.zip"))


def _open_to_others(patient: Patient) -> Iterator[tuple[Path, int]]:
    if os.name != "posix":
        return
    for path in _private(patient):
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                yield path, mode & 0o700


def _permissions(patient: Patient) -> Iterator[Trouble]:
    for path, mode in _open_to_others(patient):
        yield Trouble(
            "wrong",
            f"Others on this machine may use {path}.",
            f"chmod {mode:o} {_quoted(path)}",
            fixable=True,
        )


def _close_to_others(patient: Patient) -> str:
    closed = []
    for path, mode in _open_to_others(patient):
        path.chmod(mode)
        closed.append(str(path))
    return f"For you alone now: {', '.join(closed)}."


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


# ── what was left behind ──────────────────────────────────────────────────────────────────────────


def _leftovers(patient: Patient) -> list[Path]:
    """Return what interrupted work left behind, more than a day ago."""
    path, wall = patient.path, patient.machine.wall_clock or Instant.now()
    secrets = patient.machine.secrets_path
    places = {
        path.parent: (f".{path.name}.*.new", ".studio-backup-*"),
        backup_store.folder(path): (".studio-backup-*",),
        path.with_name(f"{path.stem}-templates"): (".*.md.*.new",),
        secrets.parent: (".secrets-*",),
    }
    before = wall.subtract(hours=LEFT_OVER_HOURS).timestamp()
    found = []
    for folder, patterns in places.items():
        with contextlib.suppress(OSError):
            found += [
                one
                for pattern in patterns
                for one in folder.glob(pattern)
                if one.lstat().st_mtime < before and not one.is_symlink()
            ]
    return sorted(found)


def _left_behind(patient: Patient) -> Iterator[Trouble]:
    for one in _leftovers(patient):
        yield Trouble("look", f"Interrupted work left {one} behind.", "studio doctor --fix", fixable=True)


def _clear_away(patient: Patient) -> str:
    gone = _leftovers(patient)
    for one in gone:
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink(missing_ok=True)
    return f"Removed: {', '.join(map(str, gone))}."


# ── room, and a way back ──────────────────────────────────────────────────────────────────────────


def _room(patient: Patient) -> Iterator[Trouble]:
    folder = next(place for place in (patient.path.parent, *patient.path.parent.parents) if place.exists())
    size = patient.path.stat().st_size if patient.path.is_file() else 0
    free, wanted = shutil.disk_usage(folder).free, max(backup_store.COPIES_BEFORE_UPDATE * size, LITTLE_ROOM)
    words = f"{free // 1_000_000:,} MB are free on the disk"
    if free < wanted:
        advice = f"Make room: {wanted // 1_000_000:,} MB at least."
        yield Trouble("look", f"{words}: not enough for a backup and an update.", advice)
    else:
        yield Trouble("fine", f"{words}.")


def _backups(patient: Patient) -> Iterator[Trouble]:
    studio, path, now = patient.at_work, patient.path, patient.now()
    booked = doctor_store.is_booked(studio.file, now)
    known = [
        made
        for one in backup_store.listed(backup_store.folder(path), path.stem)
        if (made := moment_of(path.stem, one.name))
    ]
    if not known:
        state, words = "look" if booked else "fine", "There is no backup beside the file"
        more = ", and sessions are booked." if booked else "."
        yield Trouble(
            "look" if state == "look" else "fine", words + more, "studio backup" if booked else None
        )
        return
    days = (now.timestamp() - max(known).timestamp()) // 86400
    words = f"The newest backup beside the file is {f'{days} days' if days != 1 else '1 day'} old."
    if days > BACKUP_DAYS and booked:
        yield Trouble("look", words, "studio backup")
    else:
        yield Trouble("fine", words)


CHECKS = (
    Check("integrity", "Its pages, its indexes and the rules of its columns are whole.", _whole, "file"),
    Check("references", "Everything that is named in it is there.", _references, "file"),
    Check("schema", "Its tables, triggers and views are those that this program made.", _schema, mend=_put_back),
    Check("views", "The views for other tools can be read.", _views),
    Check("sqlite", "", _sqlite, "nothing"),
    Check("permissions", "File, backups, templates and secrets are for you alone.", _permissions, "nothing", _close_to_others),
    Check("leftovers", "Nothing is left of interrupted work.", _left_behind, "nothing", _clear_away),
    Check("room", "", _room, "nothing"),
    Check("backup", "", _backups),
)  # fmt: skip
