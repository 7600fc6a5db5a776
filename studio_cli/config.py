"""Where things are kept on this machine: the studio's file, and the secrets that never go into it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from studio_cli.errors import FileTrouble, WrongUsage

FILE_NAME = "studio.db"


def studio_path(option: str | None, environ: Mapping[str, str]) -> Path:
    """Return the studio's file: ``--db``, else ``STUDIO_DB``, else the platform's data folder."""
    named = option or environ.get("STUDIO_DB")
    if named:
        return _path(named)
    from platformdirs import user_data_path  # a tenth of a command's start-up time: only when it is needed

    return user_data_path("studio", appauthor=False) / FILE_NAME


def secrets_path(environ: Mapping[str, str]) -> Path:
    """Return the file that holds the secrets of all studios of this user."""
    named = environ.get("STUDIO_SECRETS")
    if named:
        return _path(named)
    from platformdirs import user_config_path

    return user_config_path("studio", appauthor=False) / "secrets.json"


def _path(named: str) -> Path:
    try:
        return Path(named).expanduser()
    except RuntimeError:
        raise WrongUsage(
            f"{named}: nobody here has that home folder.", hint="Write the whole path."
        ) from None


def _read(path: Path) -> dict[str, dict[str, str]]:
    damaged = FileTrouble(f"The secrets in {path} are damaged.", hint="Remove the file and set them again.")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FileTrouble(
            f"The secrets in {path} cannot be read: {error.strerror}.",
            hint="Is that file yours? STUDIO_SECRETS names another one.",
        ) from error
    except (ValueError, RecursionError):
        raise damaged from None
    if not _are_secrets(kept):
        raise damaged
    return dict(kept)


def _are_secrets(kept: object) -> bool:
    return isinstance(kept, dict) and all(
        isinstance(mine, dict) and all(isinstance(value, str) for value in mine.values())
        for mine in kept.values()
    )


def read_secret(environ: Mapping[str, str], variable: str, studio_id: str, name: str) -> str | None:
    """Return a secret: from the environment ``variable``, else from the secrets' file."""
    return environ.get(variable) or _read(secrets_path(environ)).get(studio_id, {}).get(name)


def write_secret(environ: Mapping[str, str], studio_id: str, name: str, value: str | None) -> Path:
    """Keep a secret, or with None forget it, in a file that only its owner can read; return that file."""
    import tempfile

    path = secrets_path(environ)
    secrets = _read(path)
    mine = {**secrets.get(studio_id, {})}
    mine.pop(name, None)
    secrets[studio_id] = {**mine, name: value} if value is not None else mine
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written aside with mode 600 from the first byte, then put in place whole.
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(secrets, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(draft).unlink()
            raise
    except OSError as error:
        raise FileTrouble(
            f"The secret cannot be kept in {path}: {error.strerror}.",
            hint="Is that folder yours? STUDIO_SECRETS names another file.",
        ) from error
    return path
