"""Backups: one zip file with a consistent copy of the studio's file, its templates, and what is known of both.

Anybody can open it: ``studio.db`` in it is the file, ``templates/`` the owner's templates, ``backup.json`` says when it
was made and of what.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whenever import Instant

from studio_cli.errors import DiskTrouble, FileTrouble, NotFound, Refused
from studio_cli.model.backup import Backup, Contents, is_backup_name, names_before
from studio_cli.store import template as template_store
from studio_cli.store.database import APPLICATION_ID, VERSION, Database, read_only, trouble

FORMAT = 1
STUDIO, ABOUT, TEMPLATES = "studio.db", "backup.json", "templates/"
_TEMPLATE = re.compile(r"templates/(\.shipped/)?[A-Za-z_-]+\.[A-Za-z_-]+\.md")
_CHUNK = 1 << 20


def folder(path: Path) -> Path:
    """Return where the backups of a studio's file are kept when nothing else is said, whether or not it exists."""
    return path.with_name(f"{path.stem}-backups")


def listed(place: Path, stem: str) -> list[Path]:
    """Return the backups of a studio in a folder, oldest first."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(path for path in place.iterdir() if is_backup_name(stem, path.name))
    return []


def write(db: Database, path: Path, now: Instant, *, references: bool = True) -> Backup:
    """Write a backup into a new file and return it. It appears whole and checked, or not at all.

    What was acknowledged before it began is in it. Others can go on reading and writing: they wait while the file is
    copied, not while the copy is checked and compressed. ``references``: it is refused, too, when a row names one that is not there.
    """
    with trouble(path), _beside(path) as place:
        copy = place / STUDIO
        _copy(db, copy)
        contents = examine(copy, references=references)
        draft = place / "backup.zip"
        templates = _pack(draft, copy, template_store.files(db), now, contents)
        _check_pack(draft)
        size = draft.stat().st_size
        _put(draft, path)
    return Backup(path, now, size, contents, templates)


def write_before_update(path: Path, now: Instant) -> Path:
    """Write a backup of a file that is about to be brought up to date, and return where it is.

    It has a name of its own and is never rotated away. Without it nothing may be changed: raises ``FileTrouble``.
    """
    target = next(
        one for name in names_before(path.stem, VERSION) if not (one := folder(path) / name).exists()
    )
    size = path.stat().st_size
    if shutil.disk_usage(path.parent).free < COPIES_BEFORE_UPDATE * size:
        raise _no_copy(path, "there is no room for it", size)
    with contextlib.closing(read_only(path)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            # What is astray was so before, and its owner needs the program to see to it.
            return write(Database(path, connection), target, now, references=False).path
        except DiskTrouble as problem:
            raise _no_copy(path, problem.message.rstrip("."), size) from problem
        except FileTrouble as problem:
            if problem.code != FileTrouble.code:  # damaged, say
                raise
            raise _no_copy(path, problem.message.rstrip("."), size) from problem


COPIES_BEFORE_UPDATE = 3
"""How much room an update takes, in times of the file: a copy, the same compressed, and what the change itself needs."""


def _no_copy(path: Path, why: str, size: int) -> DiskTrouble:
    room = max(COPIES_BEFORE_UPDATE * size // 1_000_000, 1)
    return DiskTrouble(
        f"{path} is of an older version, and no copy of it could be kept before it is changed: {why}. Nothing was changed.",
        hint=f"Make {room} MB of room beside it, then run it again.",
        code="no_copy",
    )


def _copy(db: Database, copy: Path) -> None:
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with db.reading(), contextlib.closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA synchronous = OFF")  # a draft: it is synced whole, when it is finished
        # The moment that is copied: read first, for SQLite waits for its turn better than Connection.backup does.
        db.connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        db.connection.backup(target)


def _pack(
    draft: Path, copy: Path, templates: dict[str, Path], now: Instant, contents: Contents
) -> tuple[str, ...]:
    about = {
        "format": FORMAT,
        "created_at": now.format_iso(),
        "sha256": _sha256(copy),
        "contents": contents.as_json(),
    }
    os.close(
        os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    )  # clients' data: for its owner alone
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(ABOUT, json.dumps(about, ensure_ascii=False, indent=2) + "\n")
        pack.write(copy, STUDIO)
        for name, file in sorted(templates.items()):
            pack.write(file, TEMPLATES + name)
    with draft.open("rb+") as whole:
        os.fsync(whole.fileno())
    return tuple(sorted(templates))


def _check_pack(draft: Path) -> None:
    """Read the whole of a finished file once more: what cannot be read back is no backup."""
    with zipfile.ZipFile(draft) as pack:
        broken = pack.testzip()
    if broken:
        raise FileTrouble(
            "The backup could not be read back: the disk may be failing.",
            hint="Write it to another disk: studio backup PATH",
            code="damaged",
        )


def _put(draft: Path, path: Path) -> None:
    """Give a finished file its name, never over another one, so that it survives a power cut."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise Refused(
            f"There is a file {path} already.", hint="Name another one, or a folder.", code="already_exists"
        ) from None
    except OSError:  # a disk without hard links
        draft.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Make a folder for drafts on the same disk as ``path``, and remove it whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".studio-backup-") as place:
        yield Path(place)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ── looking into one ──────────────────────────────────────────────────────────────────────────────


def examine(path: Path, *, references: bool = True) -> Contents:
    """Check a studio's file that nobody else uses, and count what is in it; raise ``FileTrouble`` when it is not whole.

    ``references``: a row that names one that is not there is a fault too.
    """
    with contextlib.closing(read_only(path)) as connection:
        application, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if application != APPLICATION_ID:
            raise FileTrouble(
                f"{path.name} is not a studio's file.",
                hint="Name what studio backup wrote, or a copy of the studio's file.",
                code="not_a_studio",
            )
        if version > VERSION:
            raise FileTrouble(
                f"It was written by a newer version of studio (file version {version}, this program knows {VERSION}).",
                hint="Update the program: pip install --upgrade studio-cli",
                code="newer_version",
            )
        faults = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
        astray = references and connection.execute("PRAGMA foreign_key_check").fetchone()
        if faults != ["ok"] or astray:
            raise FileTrouble("The file is damaged.", hint="Take an earlier backup.", code="damaged")
        return _count(connection, version)


def _count(connection: sqlite3.Connection, version: int) -> Contents:
    def one(query: str) -> Any:
        return connection.execute(query).fetchone()[0]

    settings = dict(tuple(row) for row in connection.execute("SELECT name, value FROM setting"))
    last = one("SELECT max(at) FROM event")
    return Contents(
        studio=settings.get("studio.name", ""),
        timezone=settings.get("studio.timezone", "UTC"),
        version=version,
        clients=one("SELECT count(*) FROM client"),
        sessions=one("SELECT count(*) FROM session"),
        payments=one("SELECT count(*) FROM payment"),
        last_change=Instant.parse_iso(last) if last else None,
    )


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[tuple[Backup, Path]]:
    """Take a backup apart in a folder of its own, checked: yield what it is, and that folder.

    A plain copy of a studio's file is a backup too.
    """
    if not path.is_file():
        raise NotFound(
            f"There is no file {path}.", hint="Name a file that studio backup has written, or last."
        )
    with trouble(path), tempfile.TemporaryDirectory(prefix="studio-restore-") as name:
        place = Path(name)
        created_at = None
        if zipfile.is_zipfile(path):
            created_at = _unzip(path, place)
        else:
            _take_copy(path, place)
        templates = tuple(sorted(_names_in(place / TEMPLATES)))
        yield Backup(path, created_at, path.stat().st_size, examine(place / STUDIO), templates), place


def _take_copy(path: Path, place: Path) -> None:
    with (
        contextlib.closing(read_only(path)) as source,
        contextlib.closing(sqlite3.connect(place / STUDIO)) as copy,
    ):
        source.backup(copy)


def _unzip(path: Path, place: Path) -> Instant:
    damaged = FileTrouble(
        f"{path.name} is damaged, or no backup of a studio.", hint="Take another one.", code="damaged"
    )
    try:
        with zipfile.ZipFile(path) as pack:
            about = json.loads(pack.read(ABOUT))
            for name in pack.namelist():
                if name == STUDIO or _TEMPLATE.fullmatch(name):  # nothing else, so nothing lands elsewhere
                    target = place / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with pack.open(name) as source, target.open("xb") as file:
                        shutil.copyfileobj(source, file, _CHUNK)
        if about["format"] > FORMAT:
            raise FileTrouble(
                "The backup was made by a newer version of studio.",
                hint="Update the program: pip install --upgrade studio-cli",
                code="newer_version",
            )
        if _sha256(place / STUDIO) != about["sha256"]:
            raise damaged
        return Instant.parse_iso(about["created_at"])
    except (
        zipfile.BadZipFile,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        FileNotFoundError,
        RuntimeError,
    ) as error:
        raise damaged from error


def _names_in(place: Path) -> Iterator[str]:
    for path in place.rglob("*.md"):
        yield path.relative_to(place).as_posix()


# ── putting one in place ──────────────────────────────────────────────────────────────────────────


def put_in_place(db: Database, restored: Path) -> None:
    """Make an open studio's file what another one is: all of it or nothing, also for whoever else has it open."""
    with trouble(db.path), contextlib.closing(read_only(restored)) as source:
        source.backup(db.connection)
    Database.wrote = True


def put_new(path: Path, restored: Path) -> Path | None:
    """Put a studio's file where none can be used; return where the one that was there is now, if there was one."""
    aside = None
    with trouble(path), _beside(path) as place:
        draft = place / STUDIO
        shutil.copyfile(restored, draft)
        draft.chmod(0o600)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        if path.exists():
            aside = _set_aside(path)
        _put(draft, path)
    return aside


def _set_aside(path: Path) -> Path:
    """Rename a file and what SQLite keeps beside it, so that nothing of it touches what comes in its place."""
    number = 1
    while (aside := path.with_name(f"{path.stem}-damaged{number}{path.suffix}")).exists():
        number += 1
    for ending in ("-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    path.rename(aside)
    return aside
