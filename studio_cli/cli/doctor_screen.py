"""How an examination looks on a terminal: a line for what is fine, and for the rest what it is and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from studio_cli.booking.doctor import PARTS
from studio_cli.cli.cells import wrap
from studio_cli.cli.drawing import COMMAND, heading
from studio_cli.model.finding import Finding, State
from studio_cli.model.text import shown

MARKS: dict[State, tuple[str, str]] = {"fine": ("✓", "green"), "look": ("!", "yellow"), "wrong": ("✗", "red")}
NAME = max(len(name) for names in PARTS.values() for name in names) + 2
WORD = 7
"""Columns of the word that says what the mark does: nobody depends on it, or on its colour."""
WIDEST = 120
"""Columns of a sentence: longer lines are hard to read."""


def draw(findings: Sequence[Finding], width: int) -> Iterator[Text]:
    """Yield the screen's lines."""
    width = min(width, WIDEST)
    for title, names in PARTS.items():
        part = [one for one in findings if one.check in names]
        if part:
            yield Text()
            yield heading(title, width)
            for one in part:
                yield from _drawn(one, width)
    yield Text()


def _drawn(one: Finding, width: int) -> Iterator[Text]:
    mark, style = MARKS[one.state]
    label = Text.assemble((f"{mark} {one.state:<{WORD - 2}}", style), " ", (f"{one.check:<{NAME}}", "bold"))
    indent = " " * len(label.plain)
    lines = [(line, "") for line in wrap(shown(one.words), width - len(indent))]
    if one.fixed:
        lines += [(line, "green") for line in wrap(f"Mended. {shown(one.fixed)}", width - len(indent))]
    if one.advice:
        lines += _advice(shown(one.advice), width - len(indent))
    for number, (line, how) in enumerate(lines):
        yield (Text().append_text(label) if number == 0 else Text(indent)).append(line, style=how)


def _advice(text: str, room: int) -> list[tuple[str, str]]:
    """Return what to do: a command in one piece, so that it can be copied, a sentence broken between words."""
    is_command = text.startswith(("studio ", "chmod ", "pip "))
    return [(text, COMMAND)] if is_command else [(line, "") for line in wrap(text, room)]
