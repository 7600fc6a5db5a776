"""What every command is: Typer's, with a usage that reads as everywhere else."""

from typing import Any

from typer.core import TyperCommand


class Verb(TyperCommand):
    """A command whose usage reads as everywhere else: what is required stands bare, not in braces."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the command's name in its usage."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]
