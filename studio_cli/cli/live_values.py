"""What of the studio's own can be typed: numbers and names from its file, each with a few words about it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from studio_cli.config import studio_path
from studio_cli.store.suggestion import Suggestions

if TYPE_CHECKING:
    from studio_cli.store.suggestion import Suggested

MOST = 40


def live_values(kind: str, db: str | None, typed: str) -> list[tuple[str, str]]:
    """Return the things of a kind that begin with what is typed, at most ``MOST``. The file is only read."""
    with Suggestions(studio_path(db, os.environ)) as known:
        found = _found(known, kind, typed)
    return [(one.value, one.about) for one in found if one.value.isprintable()]


def _found(known: Suggestions, kind: str, typed: str) -> list[Suggested]:
    if kind == "session":
        last = known.last() if "last".startswith(typed) else []
        return [*last, *known.sessions(typed, _now(), MOST)]
    if kind == "client":
        last = known.last_client() if "last".startswith(typed) else []
        return [*last, *known.clients(typed, MOST)]
    if kind == "message":
        last = known.last_message() if "last".startswith(typed) else []
        return [*last, *known.numbered("message", typed, MOST)]
    if kind in {"receipt", "time_off"}:
        return known.numbered(kind, typed, MOST)
    return known.named(kind, typed, MOST)


def _now() -> str:
    """Return the present moment as the file keeps moments; ``STUDIO_NOW`` stops it, as everywhere."""
    stopped = os.environ.get("STUDIO_NOW")
    return stopped or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
