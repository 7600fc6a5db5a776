"""A command completed by answers: run as if everything had been typed, and shown as it could have been."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

import typer

from studio_cli.cli.params import desk_of
from studio_cli.errors import StudioError
from studio_cli.model.text import shown


def typed(ctx: typer.Context) -> dict[str, Any]:
    """Return what was typed of a command's arguments and options, by their names."""
    return {name: value for name, value in ctx.params.items() if _was_typed(ctx, name)}


def _was_typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def run_completed(ctx: typer.Context, command: Callable[..., None], answers: Mapping[str, Any]) -> None:
    """Run a command with the answers beside what was typed, then show the one command that does the same."""
    completed = {name: value for name, value in answers.items() if name in ctx.params}
    words = command_line(ctx, {**typed(ctx), **completed})
    desk_of(ctx).say()
    try:
        command(ctx, **{**ctx.params, **completed})
    except StudioError:  # not done, or only partly: what was answered is not lost
        _show(ctx, words)
        raise
    _show(ctx, words)


def _show(ctx: typer.Context, words: list[str]) -> None:
    desk = desk_of(ctx)
    desk.say("\nThe same, in one command:")
    desk.say(f"  {shown(shlex.join(words))}")


def command_line(ctx: typer.Context, values: Mapping[str, Any]) -> list[str]:
    """Return the words of a command line that gives these values, in the order of the command's help."""
    named = desk_of(ctx).named_file
    arguments: list[str] = []
    options: list[str] = []
    for parameter in ctx.command.params:
        value = values.get(parameter.name or "")
        if parameter.param_type_name == "argument":
            arguments += [str(value)] if value is not None else []
        else:
            options += _option(parameter, value)
    words = ["studio", *(["--db", named] if named else []), *ctx.command_path.split()[1:]]
    if any(argument.startswith("-") for argument in arguments):  # it would be taken for an option
        return [*words, *options, "--", *arguments]
    return [*words, *arguments, *options]


def _option(parameter: Any, value: Any) -> list[str]:
    flag = next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0])
    if value is None or (value is False and not parameter.secondary_opts):
        return []
    if isinstance(value, bool):
        return [flag if value else parameter.secondary_opts[0]]
    if isinstance(value, list | tuple):
        return [word for one in value for word in _option(parameter, one)]
    # One word where the value could be taken for an option.
    return [f"{flag}={value}"] if str(value).startswith("-") else [flag, str(value)]
