"""The owner's mail templates: files in a folder beside the studio's, so that no upgrade touches them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from studio_cli.errors import FileTrouble
from studio_cli.model.template import Fault
from studio_cli.store import setting as setting_store
from studio_cli.store.database import Database

MOST_BYTES = 256 * 1024
_NAME = re.compile(r"([A-Za-z_-]+)\.([A-Za-z_-]+)\.md")


def folder(db: Database) -> Path:
    """Return the folder, whether or not it exists: ``studio-templates`` beside ``studio.db``."""
    return db.path.with_name(f"{db.path.stem}-templates")


def path_of(db: Database, kind: str, code: str) -> Path:
    """Return the file of a kind of mail in a language, whether or not it exists."""
    return folder(db) / f"{kind}.{code}.md"


def _shipped_path(db: Database, kind: str, code: str) -> Path:
    """Return the file that keeps the shipped template which a copy was made from."""
    return folder(db) / ".shipped" / f"{kind}.{code}.md"


def listed(db: Database) -> list[tuple[str, str]]:
    """Return kind and language of every file there that has the name of a template, known or not."""
    try:
        names = [path.name for path in folder(db).iterdir()]
    except OSError:
        return []
    return [(match[1], match[2]) for name in sorted(names) if (match := _NAME.fullmatch(name))]


def files(db: Database) -> dict[str, Path]:
    """Return every file of templates there by its name in the folder: the owner's, and what they were made from."""
    names = [f"{kind}.{code}.md" for kind, code in listed(db)]
    found = {name: folder(db) / name for name in (*names, *(f".shipped/{name}" for name in names))}
    return {name: path for name, path in found.items() if path.is_file()}


def replace_all(db: Database, place: Path) -> Path | None:
    """Put the templates of a folder in place of those that are there; return where the old ones are, if any were.

    With no such folder there are none afterwards.
    """
    mine, aside = folder(db), None
    with _telling(mine):
        if mine.exists():
            aside = next(path for path in _names_beside(mine) if not path.exists())
            mine.rename(aside)
        if place.is_dir():
            shutil.copytree(place, mine)
            mine.chmod(0o700)
    return aside


def _names_beside(mine: Path) -> Iterator[Path]:
    for number in itertools.count(1):
        yield mine.with_name(f"{mine.name}-before{number}")


def read(db: Database, kind: str, code: str) -> str | None:
    """Return the owner's template, None when there is none; raise ``FileTrouble`` when it cannot be read."""
    return _read(path_of(db, kind, code))


def read_shipped(db: Database, kind: str, code: str) -> str | None:
    """Return the shipped template that the owner's was made from; None when nobody knows it any more."""
    return _read(_shipped_path(db, kind, code))


_MEND = "Mend it, or take it away: then mails are as shipped."


def _read(path: Path) -> str | None:
    with _telling(path):
        if not os.path.lexists(path):
            return None
        if not path.is_file():  # a pipe would be waited for, a device has no end
            raise FileTrouble(f"{path} is not a file.", hint=_MEND)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FileTrouble(f"{path} is larger than a template can be.", hint=_MEND)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise FileTrouble(f"{path} is not UTF-8 text.", hint=_MEND) from None


def write(db: Database, kind: str, code: str, source: str) -> None:
    """Keep the owner's template."""
    _write(db, path_of(db, kind, code), source)


def write_shipped(db: Database, kind: str, code: str, source: str) -> None:
    """Keep the shipped template that the owner's was made from, or was compared with last."""
    _write(db, _shipped_path(db, kind, code), source)


def _write(db: Database, path: Path, source: str) -> None:
    """Write a file whole or not at all."""
    with _telling(path):
        for above in (folder(db), path.parent):
            above.mkdir(exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.write(source)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def set_aside(db: Database, kind: str, code: str) -> Path:
    """Take the owner's template out of use and return where it is kept; no other one is written over."""
    path = path_of(db, kind, code)
    with _telling(path):
        number, aside = 1, path.with_name(f"{path.name}.old")
        while os.path.lexists(aside):
            number += 1
            aside = path.with_name(f"{path.name}.old{number}")
        path.rename(aside)
        _shipped_path(db, kind, code).unlink(missing_ok=True)
    return aside


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileTrouble(
            f"{path}: {error.strerror or error}.", hint="Is that file, and its folder, yours?"
        ) from error


# ── what is known to be wrong with one ────────────────────────────────────────────────────────────


def _key(kind: str, code: str) -> str:
    return f"internal.template.{kind}.{code}"


def fault(db: Database, kind: str, code: str) -> Fault | None:
    """Return what was wrong with the owner's template when it was last used."""
    kept = setting_store.read(db).get(_key(kind, code))
    try:
        return Fault.of_json(json.loads(kept)) if kept else None
    except (ValueError, KeyError, TypeError):  # somebody else wrote there: no reason for a mail to fail
        return None


def remember(db: Database, kind: str, code: str, fault: Fault | None) -> None:
    """Inside a write: remember what is wrong with the owner's template, or that nothing is."""
    setting_store.write(db, _key(kind, code), json.dumps(fault.as_json()) if fault else None)
