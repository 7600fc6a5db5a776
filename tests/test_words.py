"""The program speaks plainly: no jargon, no cheering, and never a problem without what to do about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.booking.template import check
from studio_cli.language import Language

PROGRAM = Path(__file__).parent.parent / "studio_cli"
MODULES = [path for path in sorted(PROGRAM.rglob("*.py")) if path.name not in {"migrations.py", "shells.py"}]

NEVER = {
    "successful": "say what is done",
    "successfully": "say what is done",
    "invalid": "say what it should be like",
    "illegal": "say what it should be like",
    "sandbox": "say what a template can do",
    "oops": "say what happened",
    "fatal": "say what happened",
    "abort": "say that nothing was changed",
    "aborted": "say that nothing was changed",
    "unable to": "say what could not be done, and why",
    "failed to": "say what could not be done, and why",
    "an error occurred": "say what happened",
    "null": "none, or nothing",
    "boolean": "yes or no",
    "regex": "say what it should be like",
    "payload": "what was sent",
    "traceback": "what it prints",
    "click here": "say what it leads to",
    "e.g.": "for example",
    "i.e.": "that is",
    "simply": "leave it out",
}
"""Words that say nothing to somebody who has never seen the program, or too much; and what to do instead."""

ERRORS = {"StudioError", "WrongUsage", "Refused", "NotFound", "OutsideFailed", "FileTrouble", "Busy"}
SPEAKS = ("booking", "cli", "model", "store", "config.py")
"""Where errors for the owner are made; in outside/ they get their hint from who asked, in web/ from the page."""
ENOUGH = (
    "This link does not work.",  # on a page
    "There is nothing at this address.",
    "Name at least one time",
    "Name at most",
    "The same time stands there twice.",
    "That is not a time.",
    "That time has passed already.",
    "… is empty.",  # what is missing is all that is to be said
    "… has … characters; the limit is ….",
    "… of … is outside what is possible: … to ….",
    "The demo's session is",  # bugs
    "The client got an error page",
    "……",  # what the machine said, of a path that it names
    "…",  # what a rule of the file says
)
"""Errors that need no hint: they say what to do themselves, or a page does."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every text in a module that somebody could read, with its line; … stands for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
            inner.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inner:
            yield node.lineno, said(node)


@cache
def prose() -> list[tuple[str, int, str]]:
    """Return every text of the program that is words for people: its module, its line, and the words."""
    found = [(path.name, line, text) for path in MODULES for line, text in texts(path)]
    return [one for one in found if is_prose(one[2])]


def said(node: ast.expr) -> str:
    """Return a text as it is in the source, with … for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(said(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_prose(text: str) -> bool:
    """Whether a text is words for people: not a name, SQL, markup or a header."""
    machine = re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|JOIN|CREATE|NULL)\b|<\w|^[\w.*/;:=-]*$", text)
    return not machine and " " in text.strip()


@pytest.mark.parametrize("word", NEVER)
def test_no_jargon(word: str) -> None:
    """None of these words is in what the program says, or in its help."""
    pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?!\w)", re.I)
    found = [one for one in prose() if pattern.search(one[2])]
    if word != "null":  # a word of JSON, which one topic is about
        for path in (PROGRAM / "help").glob("*.md"):
            found += [(path.name, 0, word)] if pattern.search(path.read_text(encoding="utf-8")) else []
    assert not found, f"Instead of “{word}”: {NEVER[word]}."


def test_no_shouting() -> None:
    """Nothing that the program says ends with an exclamation mark."""
    assert not [one for one in prose() if re.search(r"\w!(\s|$)", one[2])]


def test_every_error_says_what_now() -> None:
    """Every error that the owner can meet has a hint: the command that helps, or how to write what was meant."""
    without = []
    for path in MODULES:
        if not str(path.relative_to(PROGRAM)).startswith(SPEAKS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                words = said(node.args[0]) if node.args else ""
                hinted = any(keyword.arg == "hint" for keyword in node.keywords)
                if words and not hinted and not words.startswith(ENOUGH[:-1]) and words != ENOUGH[-1]:
                    without.append((path.name, node.lineno, words))
    assert not without, "Give it a hint=…: the command that helps, or how to write what was meant."


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (
            "{% for i in range(1000000000) %}x{% endfor %}",
            "It counts too far: range goes to 100,000 at most.",
        ),
        ("{% for x in session.steps %}", "It ends before {% for %} is closed: write {% endfor %}."),
        (
            "{% for x in session.steps %}{% endif %}",
            "{% endif %} stands where {% for %} is closed: write {% endfor %}.",
        ),
        ("{% nope %}", "There is no {% nope %} here."),
        ("{{ client.name", "It ends in the middle: }} is missing."),
        ("{{ ''.__class__ }}", None),
        ("{{ client.name.upper.__globals__ }}", None),
    ],
)
def test_mistakes_in_templates_are_told_in_our_words(studio: Studio, source: str, wanted: str | None) -> None:
    """What is wrong in a template is said without the terms of what reads it."""
    (mistake, *_) = check(studio, "share", Language(), f"Subject: x\n\n{source}\n")
    assert wanted in {None, mistake.message}, mistake.message
    assert not re.search(r"sandbox|jinja|unsafe|MAX_|attribute|object|tag", mistake.message, re.I)
