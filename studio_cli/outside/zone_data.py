"""Which release of the time zone rules (https://www.iana.org/time-zones) this machine goes by."""

from __future__ import annotations

import contextlib
from importlib import import_module
from pathlib import Path

UNKNOWN = "unknown"


def releases() -> tuple[str | None, str | None]:
    """Return the system's release and that of Python's package tzdata, each None where there is none.

    Where the system has zones they are used; it need not say which release they are.
    """
    return _of_the_system(), _of_the_package()


def _of_the_system() -> str | None:
    from whenever import get_tzpath

    for place in map(Path, get_tzpath()):
        if (place / "Europe" / "London").is_file():
            return _said_in(place / "tzdata.zi") or _said_in(place / "+VERSION") or UNKNOWN
    return None


def _said_in(path: Path) -> str | None:
    """Return the release in the first line: ``# version 2026a``, or just ``2026a``."""
    with contextlib.suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
        return file.readline(100).removeprefix("# version").strip() or None
    return None


def _of_the_package() -> str | None:
    with contextlib.suppress(ImportError):
        return str(import_module("tzdata").IANA_VERSION)
    return None
