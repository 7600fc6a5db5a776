"""A backup: one file with the whole studio in it, and what is known of it without opening the studio."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whenever import Instant

from studio_cli.model.times import rfc3339

_MOMENT = r"\d{8}T\d{6}Z(_\d+)?"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a studio's file holds, counted: to be recognised by its owner."""

    studio: str
    timezone: str
    version: int
    clients: int
    sessions: int
    payments: int
    last_change: Instant | None

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {
            "studio": self.studio,
            "version": self.version,
            "clients": self.clients,
            "sessions": self.sessions,
            "payments": self.payments,
            "last_change": rfc3339(self.last_change, self.timezone) if self.last_change else None,
        }


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made and checked, or read and checked. ``size`` in bytes, ``templates`` by file name."""

    path: Path
    created_at: Instant | None
    size: int
    contents: Contents
    templates: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        made = rfc3339(self.created_at, self.contents.timezone) if self.created_at else None
        known = {**self.contents.as_json(), "templates": list(self.templates)}
        return {"path": str(self.path), "created_at": made, "size": self.size, **known}


def file_names(stem: str, moment: Instant) -> Iterator[str]:
    """Yield names for a backup made at a moment, the usual one first; names sort by time."""
    name = f"{stem}-{moment.format_iso(unit='second', basic=True)}"
    yield f"{name}.zip"
    for number in itertools.count(2):
        yield f"{name}_{number}.zip"  # _ sorts behind the dot


def names_before(stem: str, version: int) -> Iterator[str]:
    """Yield names for a backup of a file that is about to be brought to a version, the usual one first."""
    name = f"{stem}-before-v{version}"
    yield f"{name}.zip"
    for number in itertools.count(2):
        yield f"{name}_{number}.zip"


def is_backup_name(stem: str, name: str) -> bool:
    """Return whether ``file_name`` could have made a name for this studio: only such are ever rotated away."""
    return re.fullmatch(rf"{re.escape(stem)}-{_MOMENT}\.zip", name) is not None


def moment_of(stem: str, name: str) -> Instant | None:
    """Return when the backup of that name was made; None for a name that says nothing of it."""
    if not is_backup_name(stem, name):
        return None
    try:
        return Instant.parse_iso(name.removeprefix(f"{stem}-").removesuffix(".zip").partition("_")[0])
    except ValueError:
        return None
