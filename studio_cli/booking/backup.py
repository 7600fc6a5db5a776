"""Backups: making one while the studio is at work, and coming back from one without losing what is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_cli.booking.studio import Clock, Studio, open_studio
from studio_cli.errors import FileTrouble, NotFound, WrongUsage
from studio_cli.model.backup import Backup, file_names
from studio_cli.store import backup as backup_store
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import template as template_store
from studio_cli.store.database import Database

LAST = "last"
IN_DOUBT = "It waited when the backup was made, and may have been sent since."


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made, and the older ones that went for it."""

    backup: Backup
    rotated: tuple[Path, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {**self.backup.as_json(), "rotated": [str(path) for path in self.rotated]}


@dataclass(frozen=True, slots=True)
class Restored:
    """A studio that came back: from what, where what was there is kept, and how many mails are in doubt."""

    backup: Backup
    path: Path
    kept: Path | None = None
    templates_kept: Path | None = None
    mails_in_doubt: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {
            "path": str(self.path),
            "backup": self.backup.as_json(),
            "kept": str(self.kept) if self.kept else None,
            "templates_kept": str(self.templates_kept) if self.templates_kept else None,
            "mails_in_doubt": self.mails_in_doubt,
        }


def make(studio: Studio, place: Path | None = None, keep: int | None = None) -> Made:
    """Write a backup: into ``place`` when it is a folder, else as that file; else beside the studio's file.

    Of the backups in a folder only the newest ``keep`` stay; they go after the new one is whole.
    """
    now, path = studio.now(), studio.file.path
    target = place or backup_store.folder(path)
    in_folder = place is None or target.is_dir()
    if keep is not None and not in_folder:
        raise WrongUsage(
            "--keep is for a folder of backups, not for one file.", hint="Name a folder that exists."
        )
    if not in_folder and target.suffix != ".zip":
        raise NotFound(
            f"There is no folder {target}.",
            hint=f"Make it first: mkdir {target}; or name a file: {target.name}.zip",
        )
    if in_folder:
        target_file = next(one for name in file_names(path.stem, now) if not (one := target / name).exists())
    else:
        target_file = target
    made = backup_store.write(studio.file, target_file, now)
    if keep is None:
        return Made(made)
    old = tuple(backup_store.listed(target, path.stem)[:-keep])
    for one in old:
        one.unlink()
    return Made(made, old)


def find(path: Path, named: str) -> Path:
    """Return the file of a backup: as it was named, or for ``last`` the newest beside the studio's file ``path``."""
    if named != LAST:
        return Path(named).expanduser()
    known = backup_store.listed(backup_store.folder(path), path.stem)
    if not known:
        raise NotFound(
            f"There is no backup in {backup_store.folder(path)}.",
            hint="Name the file: studio restore studio-backups/…zip",
        )
    return known[-1]


def look(path: Path) -> Backup:
    """Check a backup and return what it is; raise ``FileTrouble`` when it is not whole."""
    with backup_store.unpacked(path) as (backup, _):
        return backup


def restore(source: Path, path: Path, clock: Clock) -> Restored:
    """Bring a backup into the studio's file at ``path``; what was there is backed up first, or set aside.

    A server that has the file open goes on with what is restored. Mails that waited when the backup was made may have
    been sent since: none of them goes out before its owner has looked at it.
    """
    with backup_store.unpacked(source) as (backup, place):
        draft, doubtful = place / backup_store.STUDIO, 0
        doubtful = _prepare(draft, backup, clock)
        try:
            present = Database.open(path, clock)
        except NotFound:
            kept = backup_store.put_new(path, draft)
        except FileTrouble as error:
            if error.code not in {"damaged", "not_a_studio"}:
                raise
            kept = backup_store.put_new(path, draft)
        else:
            with_studio = Studio(present, clock)
            try:
                kept = make(with_studio).backup.path
                backup_store.put_in_place(present, draft)
            finally:
                present.close()
        studio = open_studio(path, clock)
        try:
            aside = template_store.replace_all(studio.file, place / backup_store.TEMPLATES)
        finally:
            studio.file.close()
        return Restored(backup, path, kept, aside, doubtful)


def _prepare(draft: Path, backup: Backup, clock: Clock) -> int:
    """Bring an unpacked copy to this program's version, and note in it that it comes from a backup."""
    studio = Studio(Database.open(draft, clock, keep_copy=False), clock)
    try:
        with studio.file.atomic():
            made = backup.created_at.format_iso() if backup.created_at else None
            event_store.add(
                studio.file, "studio restored", studio.now(), details={"from": backup.path.name, "made": made}
            )
            return message_store.doubt_all(studio.file, IN_DOUBT)
    finally:
        studio.file.close()
