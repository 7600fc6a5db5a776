"""Editing a text in the owner's own editor. What was typed there is never lost: it is kept, and said where."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from studio_cli.cli.desk import Desk
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.text import shown

FALLBACKS = ("nano", "vi")


def edit_text(desk: Desk, text: str, suffix: str) -> str | None:
    """Open the editor on a copy of ``text`` and return what was saved; None when nothing was changed.

    The copy is a private file whose name ends in ``suffix``, so that the editor knows the language.
    """
    command = _command(desk.environ)
    given = text if text.endswith("\n") else text + "\n"  # editors add it, which is no change
    path = _private_file(given, suffix)
    begun = time.monotonic()
    code = _run(command, path)
    if path.exists() and path.read_bytes() == given.encode():
        shutil.rmtree(path.parent)
        if code:
            raise _failed(command, code, None)
        if time.monotonic() - begun < 1:
            desk.say(
                "The editor came back at once. If it has a window of its own, tell it to wait: code --wait"
            )
        return None
    if code:
        raise _failed(command, code, path)
    return _saved(path)


def edit_until_right(
    desk: Desk, text: str, suffix: str, mistakes: Callable[[str], Sequence[str]]
) -> str | None:
    """Like ``edit_text``, but shows the mistakes in what was saved and offers to edit it again."""
    typed = edit_text(desk, text, suffix)
    while typed is not None and (wrong := mistakes(typed)):
        with not_lost(desk, typed, suffix):
            for line in wrong:
                desk.say(shown(line))
            if not desk.ask_yes("Edit it again?"):
                desk.leave("Nothing was changed.", 2)
            again = edit_text(desk, typed, suffix)
        typed = typed if again is None else again
    return typed


def typed_or_edited(desk: Desk, option: str, typed: str | None, edit: bool, before: str | None) -> str | None:
    """Return the text of an option as it was typed, or with ``--edit-OPTION`` as it was left in the editor."""
    if not edit:
        return typed
    if typed is not None:
        raise WrongUsage(
            f"--{option} and --edit-{option} contradict each other.", hint="Leave one of them out."
        )
    if not desk.may_ask:
        raise WrongUsage("An editor needs a terminal.", hint=f"Say it with --{option}.", code="missing")
    written = edit_text(desk, before or "", ".txt")
    if written is None:
        desk.leave("Nothing was changed.")
    return written


def edited_not_lost(desk: Desk, text: str | None, edit: bool) -> contextlib.AbstractContextManager[None]:
    """Return ``not_lost`` for what comes from the editor."""
    return not_lost(desk, text, ".txt") if edit and text else contextlib.nullcontext()


@contextlib.contextmanager
def not_lost(desk: Desk, text: str, suffix: str) -> Iterator[None]:
    """Keep what was typed in a file if the block does not end well, and say where."""
    try:
        yield
    except BaseException:
        desk.say(f"What you typed is kept in {_private_file(text, suffix)}")
        raise


def _command(environ: Mapping[str, str]) -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError as error:
            raise WrongUsage(
                f"{name} cannot be read as a command: {error}.",
                hint=f"Write it like: export {name}=nano",
                code="editor",
            ) from None
        if words:
            return words
    for fallback in FALLBACKS:
        if shutil.which(fallback):
            return [fallback]
    raise WrongUsage(
        "No editor was found.", hint="Name yours, for example: export EDITOR=nano", code="editor"
    )


def _private_file(text: str, suffix: str) -> Path:
    """Write a text to a file in a folder that only its owner can enter."""
    path = Path(tempfile.mkdtemp(prefix="studio-")) / f"text{suffix}"
    path.write_bytes(text.encode())
    return path


def _run(command: Sequence[str], path: Path) -> int:
    """Run the editor and return its exit code. A Ctrl-C in it is the editor's business, not ours."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run([*command, os.fspath(path)], check=False).returncode  # noqa: S603
    except OSError as error:
        shutil.rmtree(path.parent)
        raise WrongUsage(
            f"The editor {shown(command[0])} cannot be run: {error.strerror or error}.",
            hint="Name another one, for example: export EDITOR=nano",
            code="editor",
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)


def _failed(command: Sequence[str], code: int, kept: Path | None) -> Refused:
    """Return what to say of an editor that ended badly, or was left on purpose with an error (:cq)."""
    return Refused(
        f"The editor {shown(command[0])} ended with code {code}, so nothing was changed.",
        hint=f"What you typed is kept in {kept}" if kept else None,
        code="editor",
    )


def _saved(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "The editor left no UTF-8 text, so nothing was changed.", hint=f"Look at {path}", code="editor"
        ) from None
    shutil.rmtree(path.parent)
    return text
