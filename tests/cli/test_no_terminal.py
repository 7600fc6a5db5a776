"""Off a terminal nothing is ever asked: every command ends at once, whatever its stdin is."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from studio_cli.cli.app import main
from tests.command_tree import commands, words_of
from tests.conftest import Cli, Result
from tests.furnished import STUDIOS, Machine, starting_with

SECONDS = 5
"""Longer than any command takes that waits for nobody."""

SERVERS = {("serve",), ("serve-link",)}
"""They serve until they are stopped: tests/cli/test_serve_link.py and test_site.py run them with stdin closed."""
ELSEWHERE = {("demo",)}
"""Plays a whole booking; tests/cli/test_demo.py runs it off a terminal."""
READS_STDIN = {("config", "secret")}
"""A pipe is where they are told what they cannot be told otherwise: they wait for it, as any filter does."""

COMMANDS = [one for one in commands() if one.path not in SERVERS | ELSEWHERE]


@contextlib.contextmanager
def stdin(kind: str) -> Iterator[Any]:
    """Open a stdin: ``null``, ``closed`` (as ``<&-`` leaves it, none), or ``silent``: a pipe into which nobody writes."""
    if kind == "closed":
        yield None
    elif kind == "null":
        with open(os.devnull) as nothing:  # noqa: PTH123
            yield nothing
    else:
        reading, writing = os.pipe()
        patience = threading.Timer(SECONDS, os.close, [writing])
        patience.start()
        with open(reading) as pipe:  # noqa: PTH123
            yield pipe
        patience.cancel()
        with contextlib.suppress(OSError):
            os.close(writing)


def call(machine: Machine, words: list[str], kind: str) -> tuple[Result, float]:
    """Run a command with such a stdin; return how it ended and after how many seconds."""
    machine.capsys.readouterr()
    with stdin(kind) as stream, machine.monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", stream)
        begun = time.monotonic()
        with pytest.raises(SystemExit) as ended:
            main([machine.local(word) for word in words])
        took = time.monotonic() - begun
        if stream is None:
            sys.stdin.close()
    written = machine.capsys.readouterr()
    return Result(int(str(ended.value.code)), written.out, written.err), took


@pytest.mark.parametrize("kind", ["null", "closed", "silent"])
def test_no_command_asks(machine: Machine, kind: str) -> None:
    """With or without what it needs, every command ends within seconds, with a code, and asks nothing."""
    machine.fresh("full")
    machine.monkeypatch.setenv("STUDIO_CALENDAR_PASSWORD", "correct horse")
    wrong = []
    for command in COMMANDS:
        if kind == "silent" and command.path in READS_STDIN:
            continue
        whole, bare = words_of(command.examples[0]), [*command.path]
        for words in {"null": [bare], "closed": [whole], "silent": [bare, whole]}[kind]:
            result, took = call(machine, words, kind)
            said = result.out + result.err
            asked = "[y/N]" in said or "Traceback" in said
            if result.code not in {0, 2, 3, 4, 5} or took > SECONDS or asked:
                wrong.append((words, result.code, round(took), result.err))
    assert not wrong, (
        "What a command needs and was not told is an error that names its option (desk.may_ask)."
    )


def test_what_cannot_be_taken_back_needs_a_yes(machine: Machine) -> None:
    """Every command that has --yes, and would ask, names it: exit 2 with needs_yes, and nothing is done."""
    asking = 0
    for command in COMMANDS:
        if "--yes" not in command.options:
            continue
        words = [word for word in words_of(command.examples[0]) if word not in {"--yes", "--dry-run"}]
        machine.fresh(starting_with(STUDIOS, " ".join(words), "full"))
        result, _ = call(machine, [*words, "--json"], "null")
        if result.code == 2:
            assert result.error["code"] == "needs_yes", (words, result.err)
            assert result.error["hint"] == "Add --yes."
            asking += 1
    assert asking >= 6


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("session", "new"),
        ("session", "cancel", "1"),
        ("session", "list", "--json"),
        ("config", "secret", "mail.password"),
        ("client", "add", "Eva", "--json"),
    ],
    ids=" ".join,
)
def test_streams_that_are_closed(with_session: Cli, words: tuple[str, ...]) -> None:
    """A process started with all its streams closed ends with a code of the contract, not as a bug."""
    del with_session
    script = f'exec "{sys.executable}" -m studio_cli "$@" <&- >&- 2>&-'
    ended = subprocess.run(["sh", "-c", script, "sh", *words], timeout=60)
    assert ended.returncode in {0, 2, 3, 4, 5}
