"""docs/commands.md and the manual pages say what the program says of its commands, all of them and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from studio_cli.cli.app import AREAS, NOUNS
from tests.command_tree import Command, tree
from tests.generated import WRITE, check_file
from tests.man_pages import name_of, page

DOCS = Path(__file__).parent.parent / "docs"
REFERENCE, MAN = DOCS / "commands.md", DOCS / "man"

HEAD = """# Commands

Every command with its options, as `studio … --help` has them; a test writes this page. How things work: `studio help`.
Longer examples: [recipes.md](recipes.md). What `--json` writes: [json.md](json.md).
"""


def reference() -> str:
    """Return docs/commands.md."""
    whole, *rest = tree()
    areas = [
        f"- {area}: " + ", ".join(f"[{noun}](#studio-{noun})" for noun in nouns)
        for area, nouns in AREAS.items()
    ]
    return "\n".join([HEAD, *areas, "", _section(whole), *(_section(one) for one in rest)])


def _section(command: Command) -> str:
    depth = "##" if len(command.path) < 2 else "###"
    parts = [f"{depth} {command.name}", f"```\n{command.usage}\n```", *map(_text, command.about)]
    for kind, title in (("argument", "argument"), ("option", "option")):
        facts = [fact for fact in command.facts(kind) if not fact[0].endswith("--help")]
        if facts:
            parts.append("\n".join([f"| {title} | |", "|---|---|", *map(_row, facts)]))
    if command.examples:
        parts.append("\n".join(["```sh", *command.examples, "```"]))
    return "\n\n".join(parts) + "\n"


def _row(fact: tuple[str, str]) -> str:
    name, about = (text.replace("|", "\\|") for text in fact)
    return f"| `{name}` | {_text(about)} |"


def _text(text: str) -> str:
    """Return a text in which nothing is taken for HTML, or for a template of a site generator."""
    return text.replace("<", "&lt;").replace("{{", "`{{").replace("}}", "}}`")


def test_command_reference() -> None:
    """docs/commands.md has every command, as its help is now."""
    check_file(REFERENCE, reference())


def test_every_noun_has_its_area() -> None:
    """The help groups every noun under an area, each once."""
    placed = [noun for nouns in AREAS.values() for noun in nouns]
    assert sorted(placed) == sorted(NOUNS), "Say in AREAS (studio_cli/cli/app.py) where the noun belongs."


def test_manual_pages() -> None:
    """There is a manual page for every command and group, as its help is now, and none for what is gone."""
    wanted = {f"{name_of(one)}.1": page(one) for one in tree()}
    if WRITE:
        MAN.mkdir(exist_ok=True)
        for old in MAN.glob("*.1"):
            old.unlink()
    for name, text in wanted.items():
        check_file(MAN / name, text)
    assert {path.name for path in MAN.glob("*")} == set(wanted)


def test_manual_pages_are_sound() -> None:
    """mandoc finds nothing wrong with the manual pages, and shows one whole."""
    if shutil.which("mandoc") is None:
        reason = "NO MANDOC: the manual pages were not looked at. Install it: apt-get install mandoc"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    pages = sorted(MAN.glob("*.1"))
    looked = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True, timeout=60
    )
    wrong = [
        line for line in looked.stdout.splitlines() if "missing date" not in line
    ]  # a date would be out of date
    assert wrong == []
    shown = subprocess.run(
        ["mandoc", "-T", "ascii", MAN / "studio-session-new.1"], capture_output=True, text=True, timeout=60
    )
    plain = re.sub(".\b", "", shown.stdout)  # bold is a letter struck twice
    for words in (
        "studio-session-new",
        "--allow-overlap",
        '--add-client "Eva Lima <eva@example.com>"',
        "SEE ALSO",
    ):
        assert words in plain
