"""Keys that make a command safe to repeat: the same key again gives the first result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from whenever import Instant

from studio_cli.errors import Refused
from studio_cli.model.text import shown
from studio_cli.model.times import stored
from studio_cli.store.database import Database


def earlier_result(db: Database, key: str, command: str, arguments: Mapping[str, Any]) -> int | None:
    """Return the number that the key's first use gave; refuse the key for anything but the same again."""
    row = db.connection.execute(
        "SELECT command, arguments, result_id FROM repeat_key WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    if row["command"] != command or _said(json.loads(row["arguments"])) != _said(arguments):
        raise Refused(
            f"The key {shown(key)!r} was used before, for something else.",
            hint="Use a key of its own for each thing you make.",
            code="key_reused",
            details={"command": row["command"], "arguments": json.loads(row["arguments"])},
        )
    return int(row["result_id"])


def remember(
    db: Database, key: str, command: str, arguments: Mapping[str, Any], result_id: int, now: Instant
) -> None:
    """Keep a key with what it was used for and what came of it."""
    db.connection.execute(
        "INSERT INTO repeat_key (key, command, arguments, result_id, created_at) VALUES (?, ?, ?, ?, ?)",
        (key, command, json.dumps(_said(arguments), ensure_ascii=False), result_id, stored(now)),
    )


def _said(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said, without what was not: options that come later do not make an old key another one."""
    return {name: value for name, value in arguments.items() if value not in (None, False)}
