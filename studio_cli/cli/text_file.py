"""Reading a text that the owner wrote in a file, and writing one for them."""

import sys
from pathlib import Path

from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.text import shown

MOST_BYTES = 256 * 1024


def read_text(file: str) -> str:
    """Return the text of a file, or with ``-`` of stdin."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).expanduser().open("rb") as source:
                data = source.read(MOST_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WrongUsage(
            f"{shown(file)} cannot be read: {reason}.",
            hint="Name a file that is there and yours, or - for stdin.",
            code="file",
        ) from error
    if len(data) > MOST_BYTES:
        raise WrongUsage(
            f"{shown(file)} is larger than it can be.",
            hint=f"The limit is {MOST_BYTES // 1024} KB.",
            code="too_long",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUsage(
            f"{shown(file)} is not UTF-8 text.",
            hint="Save it as UTF-8 in your editor.",
            code="not_text",
        ) from error


def write_text(file: str, text: str) -> Path:
    """Write a text into a new file; one that is there is not written over."""
    try:
        path = Path(file).expanduser()
        with path.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise Refused(
            f"There is a file {shown(file)} already.",
            hint="Name another one, or remove it.",
            code="already_exists",
        ) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: ~somebody who has no home here
        reason = getattr(error, "strerror", None) or error
        raise Refused(
            f"{shown(file)} cannot be written: {reason}.",
            hint="Name a file in a folder that is there and yours.",
            code="file",
        ) from error
    return path
