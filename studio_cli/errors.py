"""What can go wrong, as a person should read it: a message, a hint and an exit code.

Errors are made where the knowledge is and shown in one place (``cli/app.py``, ``web/app.py``).
The exit codes are a contract with scripts; docs/scripting.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class StudioError(Exception):
    """Something a person can cause or must know about. Never shown with a traceback.

    ``message`` says what and why, ``hint`` names the command that helps, ``code`` is a stable word for
    scripts, ``details`` is plain JSON data.
    """

    exit_code = 1
    code = "failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.details = dict(details or {})

    def as_json(self) -> dict[str, Any]:
        """Return the error as the JSON document that scripts read."""
        body = {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}
        return {"error": body}


class WrongUsage(StudioError):
    """A value that cannot be what was meant: exit 2."""

    exit_code = 2
    code = "usage"


class Refused(StudioError):
    """A rule says no: exit 3. Nothing was changed."""

    exit_code = 3
    code = "refused"


class NotFound(StudioError):
    """Nothing, or more than one thing, has that name: exit 4."""

    exit_code = 4
    code = "not_found"


class OutsideFailed(StudioError):
    """The work is saved, but something outside failed: exit 5."""

    exit_code = 5
    code = "outside_failed"


class FileTrouble(StudioError):
    """The studio's file cannot be used as it is: exit 3 (a full or failing disk: exit 1). Nothing was changed."""

    exit_code = 3
    code = "file"


class DiskTrouble(FileTrouble):
    """The disk is full or failing. SQLite has rolled back: the file is as it was."""

    exit_code = 1
    code = "disk"


class Busy(FileTrouble):
    """Somebody else is writing to the file and did not finish in time."""

    code = "busy"
