"""The tree of commands, as everything that is written about them needs it: usage, options, examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from typer.main import get_group

from studio_cli.cli.app import root


@dataclass(frozen=True)
class Command:
    """One command or group: the words that name it, and what Typer knows of it."""

    path: tuple[str, ...]
    typed: Any
    context: Any

    @property
    def name(self) -> str:
        """As it is typed: ``studio session new``."""
        return " ".join(("studio", *self.path))

    @property
    def is_group(self) -> bool:
        """Whether it does nothing without a verb."""
        return hasattr(self.typed, "list_commands")

    @property
    def usage(self) -> str:
        """Its usage on one line."""
        return " ".join(str(self.typed.get_usage(self.context)).removeprefix("Usage: ").split())

    @property
    def about(self) -> list[str]:
        """Its help, paragraph by paragraph."""
        return [" ".join(words.split()) for words in self.typed.help.split("\n\n")]

    def facts(self, kind: str) -> list[tuple[str, str]]:
        """Return its arguments or options as the help shows them, with what they are for."""
        params = [one for one in self.typed.get_params(self.context) if one.param_type_name == kind]
        records = [one.get_help_record(self.context) for one in params]
        return [(name, about) for name, about in filter(None, records)]

    @property
    def options(self) -> dict[str, str]:
        """Every spelling of every option, and the one by which it is known; ``--help`` and hidden ones are left out."""
        params = [one for one in self.typed.params if one.param_type_name == "option" and not one.hidden]
        return {
            spelling: one.opts[0] if spelling in one.opts else one.secondary_opts[0]
            for one in params
            for spelling in (*one.opts, *one.secondary_opts)
        }

    @property
    def examples(self) -> list[str]:
        """The lines under “For example:” in its help."""
        below = (self.typed.epilog or "").partition("For example:\n")[2]
        return [line.strip() for line in below.split("\n") if line.strip()]


@cache
def tree() -> tuple[Command, ...]:
    """Return the root, then every group and command, in the order of the help."""
    group: Any = get_group(root)
    context = group.make_context("studio", ["--no-input"], resilient_parsing=True)
    return tuple(_below(group, (), context))


def _below(typed: Any, path: tuple[str, ...], context: Any) -> Iterator[Command]:
    here = Command(path, typed, context)
    yield here
    if here.is_group:
        for word in typed.list_commands(context):
            found = typed.get_command(context, word)
            yield from _below(found, (*path, word), type(context)(found, info_name=word, parent=context))


def commands() -> list[Command]:
    """Return the commands that do something, without the groups."""
    return [one for one in tree() if not one.is_group]


def words_of(line: str) -> list[str]:
    """Return the arguments of a line like ``pass show mail | studio config secret mail.password > out``."""
    words = shlex.split(re.sub(r"^(.* \| )?studio ", "", line), comments=True)
    end = next((place for place, word in enumerate(words) if word in {">", "|", ">>", "<", "&&", ";"}), None)
    return words[:end]


def named_by(words: list[str]) -> Command | None:
    """Return the command that a line calls, or None; options of the root may stand before it."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "--db" else rest[1:]
    found = [one for one in commands() if tuple(rest[: len(one.path)]) == one.path]
    return max(found, key=lambda one: len(one.path), default=None)


def options_in(words: list[str]) -> set[tuple[str, str]]:
    """Return the options that a line shows: the command's name and how the option is known."""
    command = named_by(words) or tree()[0]
    shown = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
    mine = {(command.name, known) for spelling, known in command.options.items() if spelling in shown}
    whole = tree()[0]
    return mine | {(whole.name, known) for spelling, known in whole.options.items() if spelling in shown}
