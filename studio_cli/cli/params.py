"""Options that several commands share."""

from typing import Annotated

import typer

from studio_cli.cli.desk import Desk


def desk_of(ctx: typer.Context) -> Desk:
    """Return the desk that the root command made."""
    desk = ctx.find_object(Desk)
    assert desk is not None
    return desk


Json = Annotated[bool, typer.Option("--json", help="Write one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change and send nothing.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="TEXT", help="Make repeating safe: the same key again gives the first result."
    ),
]
SessionRef = Annotated[
    str, typer.Argument(metavar="SESSION", help="Its number, or last.", show_default=False)
]
ClientRef = Annotated[
    str,
    typer.Argument(metavar="CLIENT", help="Number, address, or the beginning of a name.", show_default=False),
]
TypeRef = Annotated[
    str, typer.Argument(metavar="TYPE", help="Its name or the beginning of it.", show_default=False)
]

LARGEST = 2**63 - 1
"""The largest number that SQLite keeps."""


def example(*commands: str) -> str:
    """Return the examples under a command's help, one a line."""
    return "\b\nFor example:\n" + "\n".join(f"  {command}" for command in commands)
