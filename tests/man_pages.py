"""The manual pages, written from the tree of commands.

In the macros of man(7), that every reader of manual pages knows. click-man is not used: it knows commands of click only,
and Typer has a click of its own; nor does it see commands that are loaded when they are used.
"""

from __future__ import annotations

import re

from tests.command_tree import Command, tree


def name_of(command: Command) -> str:
    """Return the name of a command's page: ``studio-session-new``."""
    return command.name.replace(" ", "-")


def page(command: Command) -> str:
    """Return the manual page of a command or a group."""
    first, *rest = command.about
    lines = [
        f'.TH {name_of(command).upper()} 1 "" "studio" "Studio"',
        ".SH NAME",
        f"{_roff(name_of(command))} \\- {_roff(first.partition('. ')[0].rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_roff(command.usage)}",
        ".SH DESCRIPTION",
        _roff(first),
        *(line for paragraph in rest for line in (".PP", _roff(paragraph))),
        *_list("ARGUMENTS", command.facts("argument")),
        *_list("OPTIONS", command.facts("option")),
        *(_commands(command) if command.is_group else []),
        *_examples(command.examples),
        *_see_also(command),
    ]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """Return a text with nothing in it that troff would take for an order."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    escaped = escaped.replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def _list(title: str, facts: list[tuple[str, str]]) -> list[str]:
    if not facts:
        return []
    return [
        f".SH {title}",
        *(line for name, about in facts for line in (".TP", f".B {_roff(name)}", _roff(about))),
    ]


def _commands(command: Command) -> list[str]:
    below = [one for one in tree() if one.path and one.path[:-1] == command.path]
    return _list("COMMANDS", [(one.name, one.typed.get_short_help_str(100)) for one in below])


def _examples(examples: list[str]) -> list[str]:
    if not examples:
        return []
    return [".SH EXAMPLES", ".nf", *map(_roff, examples), ".fi"]


def _see_also(command: Command) -> list[str]:
    above = [one for one in tree() if command.path and one.path == command.path[:-1]]
    below = [one for one in tree() if one.path and one.path[:-1] == command.path]
    pages = [f".BR {_roff(name_of(one))} (1)" for one in [*above, *below]]
    separated = [f"{one} ," if place < len(pages) - 1 else one for place, one in enumerate(pages)]
    return [".SH SEE ALSO", *(re.sub(r" \(1\) ,$", " (1),", one) for one in separated)]
