"""What is written about templates is what they know: the documentation, the examples and the data of a mail agree."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import letter, sample
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.language import Language
from studio_cli.letters_bounded import write_bounded
from studio_cli.model.message import KINDS
from studio_cli.model.template import ALONE, CHANGE, PARTS, VARIABLES, every_variable
from tests.conftest import NOW, Cli, Maker
from tests.test_letter_source import STUDIO

DOCS = Path(__file__).parent.parent / "docs" / "templates.md"
WRITE = bool(os.environ.get("STUDIO_WRITE_DOCS"))
ENGLISH = Language()


def table(heads: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ("---", "---", "---"), *rows]
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |" for line in lines)


def variables() -> str:
    """Return the table of what can stand in braces."""
    rows = [
        (f"`{{{{ {name} }}}}`", one.about, f"`{one.example}`" if "{%" in one.example else one.example)
        for name, one in every_variable()
    ]
    return table(("write", "it is", "for example"), rows)


def parts() -> str:
    """Return the table of what a template can place."""
    rows = [(f"`{one.example}`", one.about) for one in PARTS.values()]
    return "\n".join(["| write | it is |", "| --- | --- |", *(f"| {one} | {two} |" for one, two in rows)])


@pytest.mark.parametrize(("name", "made"), [("variables", variables()), ("parts", parts())])
def test_the_documentation_has_every_variable(name: str, made: str) -> None:
    """The tables of docs/templates.md are those of the code."""
    text = DOCS.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {name}[^\n]*-->\n).*?(<!-- /{name} -->)", re.S)
    wanted = place.sub(lambda match: f"{match[1]}{made}\n{match[2]}", text)
    if WRITE:
        DOCS.write_text(wanted, encoding="utf-8")
    assert text == wanted or WRITE


def names(data: dict[str, Any]) -> set[str]:
    """Return what a template can say of data, as it is documented."""
    nouns = {f"{noun}.{word}" for noun, words in data.items() if isinstance(words, dict) for word in words}
    alone = {noun for noun, value in data.items() if not isinstance(value, dict)}
    return nouns | alone | {f"change.{word}" for change in data["changed"] for word in change}


def test_every_variable_is_there_and_every_one_is_documented(studio: Studio, make: Maker) -> None:
    """A real mail and a sample know exactly what is documented, whatever the mail is about."""
    make.session()
    documented = {name for name, _ in every_variable()}
    session = sessions.get(studio, 1)
    about = {"before": session.details() | {"title": "Other"}}
    real = letter.describe(studio, session, about, ENGLISH) | letter.links("share", {}, linked=False)
    assert names(real) == documented
    for kind in KINDS:
        assert names(sample.data_for(studio.settings, NOW, kind, ENGLISH)) == documented, kind


def test_every_example_is_true() -> None:
    """Each example is what the sample really says, in some state of its session, or how the word is used."""
    said: dict[str, set[str]] = {}
    for kind in KINDS:
        for status in sample.statuses(kind):
            data = sample.data_for(STUDIO, NOW, kind, ENGLISH, status)
            for noun, words in VARIABLES.items():
                for word in words:
                    said.setdefault(f"{noun}.{word}", set()).add(str(data[noun][word]))
            for change in data["changed"]:
                for word in CHANGE:
                    said.setdefault(f"change.{word}", set()).add(change[word])
    for name, one in every_variable():
        if name in ALONE or "{%" in one.example:
            continue
        assert one.example in said[name], (name, said[name])


def test_every_use_that_is_shown_works() -> None:
    """Conditions, loops and parts work as they are shown; so does the mail that the documentation shows."""
    data = [sample.data_for(STUDIO, NOW, "changed", ENGLISH)]
    uses = [one.example for _, one in every_variable() if "{%" in one.example]
    closed = [f"{use}x{{% {'endfor' if '{% for' in use else 'endif'} %}}" for use in uses]
    placed = [one.example for one in PARTS.values()]
    (_, text, _) = write_bounded("Subject: x\n\n" + "\n".join([*closed, *placed]), data, ENGLISH)[0]
    assert "See your booking:" in text
    shown = re.search(r"```\n(Subject:.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    assert shown
    (subject, text, html) = write_bounded(shown[1], data, ENGLISH)[0]
    assert subject == "Your session with Ana Silva Photography: Family session"
    assert 'href="tel:+14165550111"' in html and "<strong>Please look" in html


def test_the_terminal_has_them_too(new_studio: Cli) -> None:
    """--variables and --json show every variable and part with its example."""
    lines = new_studio("template", "show", "share", "--variables").ok().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [
        *(name for name, _ in every_variable()), *(one.example for one in PARTS.values()),
    ]  # fmt: skip
    shown = new_studio("template", "show", "share", "--json").ok().json
    assert [one["name"] for one in shown["variables"]] == [name for name, _ in every_variable()]
    assert [one["name"] for one in shown["parts"]] == list(PARTS)
