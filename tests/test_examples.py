"""What the help and docs/recipes.md show is true: every example runs, and its JSON is as its schema says."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_cli.cli.app import run
from tests.command_tree import Command, commands, named_by, options_in, tree, words_of
from tests.conftest import Result
from tests.furnished import Machine
from tests.schemas import printed_by, problem

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "docs" / "recipes.md"
WRITTEN = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "commands.md"]
"""What people wrote; the commands of commands.md are those of the help."""

SERVERS = {("serve",), ("serve-link",)}
"""They run until they are stopped: their examples are run as processes."""
ELSEWHERE = {("demo",): "tests/cli/test_demo.py runs both of its examples"}
NO_DOCUMENT = {
    "studio payment list --csv > ledger.csv": "CSV or JSON",
    "studio session list --type family --csv > family.csv": "CSV or JSON",
    "studio client list --vcard > clients.vcf": "cards or JSON",
    "studio client list --columns name,email,phone,language,reminders,notes --csv > clients.csv": "CSV or JSON",
    "studio calendar export --from 2026-01-01 --to 2026-12-31": "JSON needs --out",
}
"""Examples that do not go with --json."""

ASKS = {
    "studio session confirm   # on a terminal: pick it": "tests/cli/guided/test_picking.py",
    'studio init --samples photographer --hours "tue-fri 10:00-18:00; sat 10:00-14:00"': "tests/cli/guided/test_init.py",
    "studio status --watch": "tests/cli/test_watch.py",
    "studio session edit last --edit-notes": "tests/cli/test_editor.py",
    "studio client edit last --edit-notes": "tests/cli/test_editor.py",
    "studio config edit site.words": "tests/cli/test_editor.py",
    "studio config edit mail.signature": "tests/cli/test_editor.py",
}
"""Examples that ask or draw on a terminal, and the tests that are there; elsewhere they say what is missing."""

COMPLETION = {"--install-completion", "--show-completion"}
"""Options of the whole program for the shell."""

WHAT_TO_DO = (
    "Examples run in the studio of tests/furnished.py. Change the example, or furnish what it needs: STORY, MADE "
    "and STUDIOS (a studio of its own), ON_TERMINAL (what is answered to a yes or no); ASKS (here) for one that asks for more."
)


def in_process() -> list[Command]:
    """Return the commands whose examples are run here."""
    return [one for one in commands() if one.path not in SERVERS and one.path not in ELSEWHERE]


def test_every_example_runs(machine: Machine) -> None:
    """Every example in the help of every command ends well, in a studio that has what it names."""
    failed = [
        (line, result.code, result.err)
        for command in in_process()
        for line in command.examples
        if (result := machine.example(line)).code != (2 if line in ASKS else 0)
    ]
    assert not failed, WHAT_TO_DO


def test_examples_write_what_their_schema_says(machine: Machine) -> None:
    """With --json every example writes one document that its schema describes completely, and nothing more."""
    wrong = []
    for command in in_process():
        for line in command.examples:
            if line not in NO_DOCUMENT and "as_json" in {param.name for param in command.typed.params}:
                said = machine.example(line, *(() if "--json" in words_of(line) else ("--json",)))
                wrong += [(line, what) for what in judged(command, said, codes={2 if line in ASKS else 0})]
    assert not wrong, "Say it in docs/schemas, and which command prints it in docs/schemas/commands.json."


def test_in_an_empty_studio_too(machine: Machine) -> None:
    """Where there is nothing yet, the answer to --json is a document all the same, or an error that is one."""
    wrong = []
    machine.fresh("bare")
    for command in in_process():
        if "as_json" in {param.name for param in command.typed.params} and command.path != ("init",):
            line = next(one for one in command.examples if one not in NO_DOCUMENT)
            said = machine.run(line, *(() if "--json" in words_of(line) else ("--json",)))
            wrong += [(line, what) for what in judged(command, said, codes={0, 2, 3, 4, 5})]
    assert not wrong


def judged(command: Command, said: Result, *, codes: set[int]) -> Iterator[str]:
    """Yield what is wrong with what a command said with ``--json``."""
    if said.code not in codes:
        yield f"exit {said.code}: {said.err}"
        return
    if said.code in {0, 5} or said.out:
        yield from filter(None, [problem(json.loads(said.out), printed_by(command.path))])
    if said.code and not said.out:
        yield from filter(None, [problem(json.loads(said.err.strip().splitlines()[-1]), ["error"])])


# ── servers ───────────────────────────────────────────────────────────────────────────────────────


def test_examples_of_servers_run(machine: Machine) -> None:
    """Every example of the commands that serve does serve, and ends when it is told to; its JSON has a schema too."""
    lines = [
        (one, line, "--json" in line or number == 0)
        for one in commands()
        if one.path in SERVERS
        for number, line in enumerate(one.examples)
    ]
    machine.fresh("full")
    started = [(*about, serving(about[1], as_json=about[2])) for about in lines]
    for command, line, as_json, process in started:
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 130 or "Stopped." in errors, (line, errors)
        wrong = problem(json.loads(first), printed_by(command.path)) if as_json else None
        assert first and not wrong, (line, wrong, errors)


def serving(line: str, *, as_json: bool) -> subprocess.Popen[str]:
    """Start a server as an example does, on any free port."""
    words = words_of(line)
    if "--port" in words:
        words[words.index("--port") + 1] = "0"
    more = [
        *([] if "--port" in words else ["--port", "0"]),
        *(["--json"] if as_json and "--json" not in words else []),
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "studio_cli", *words, *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# ── recipes ───────────────────────────────────────────────────────────────────────────────────────


def lines_of(block: str) -> list[str]:
    """Return the commands of a block: what is continued is one line, ``$`` and comments are left out."""
    whole = re.sub(r" *\\\n *", " ", block)
    found = [line.strip().removeprefix("$ ") for line in whole.split("\n")]
    return [line for line in found if re.match(r"(\S.* \| )?studio ", line)]


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """Return the blocks of code of a text: in which studio they run, and their commands."""
    pattern = re.compile(r"(?:<!-- studio: (\w+) -->\n)?^ *```(?:sh|console)?\n(.*?)^ *```$", re.M | re.S)
    return [(studio or "full", lines_of(block)) for studio, block in pattern.findall(text)]


def test_every_recipe_works(machine: Machine) -> None:
    """The commands of each block of docs/recipes.md end well, one after the other."""
    failed = []
    for studio, lines in blocks(RECIPES.read_text(encoding="utf-8")):
        machine.fresh(studio)
        for line in lines:
            result = machine.run(line)
            if result.code:
                failed.append((line, result.code, result.err))
    assert not failed, WHAT_TO_DO


def test_every_option_is_in_an_example_that_runs() -> None:
    """Every option of every command stands in an example of a help, in docs/recipes.md, or in docs/json.md.

    But for those that each list has: tests/cli/test_lists.py runs them with every list. And those about completion:
    tests/cli/test_completion.py runs them in every shell.
    """
    shown = [line for one in commands() for line in one.examples]
    shown += [line for _, lines in blocks(RECIPES.read_text(encoding="utf-8")) for line in lines]
    known = {(one.name, option) for one in tree() for option in one.options.values()}
    with_json = {(name, option) for name, option in known if option == "--json"}
    of_lists = {
        (one.name, option)
        for one in commands()
        if hasattr(one.typed, "sorts")
        for option in ("--csv", "--columns", "--sort", "--limit")
    }
    of_shells = {("studio", option) for option in COMPLETION}
    left = (
        known
        - with_json
        - of_lists
        - of_shells
        - set().union(*(options_in(words_of(line)) for line in shown))
    )
    assert not left, "Show each in an example of its help where that reads well, else in docs/recipes.md."


@pytest.mark.parametrize("path", [ROOT / "README.md", *WRITTEN], ids=lambda path: path.name)
def test_documents_name_commands_that_exist(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command in a block of code of the README and docs/ exists, with every option that it names."""
    wrong: list[Any] = []
    for _, lines in blocks(path.read_text(encoding="utf-8")):
        for line in lines:
            words = words_of(line)
            if set(words) <= {*tree()[0].options, *COMPLETION} or words[0] in COMPLETION:  # studio --version
                continue
            if named_by(words) is None or run([*words, "--help"]):
                wrong.append((line, capsys.readouterr().err))
    capsys.readouterr()
    assert not wrong
