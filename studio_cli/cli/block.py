"""``studio block``: who may not book on the site."""

from typing import Annotated

import typer

from studio_cli.booking import block as blocks
from studio_cli.cli import output
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.output import Column
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.model.site import Blocked
from studio_cli.model.times import rfc3339, show_short

app = typer.Typer()

What = Annotated[
    str,
    typer.Argument(
        metavar="WHAT",
        help="A mail address, @example.com, or an address like 203.0.113.7.",
        show_default=False,
    ),
]


@app.command("add", epilog=example("studio block add spam@example.com", "studio block add 203.0.113.0/24"))
def add(ctx: typer.Context, what: What, as_json: Json = False) -> None:
    """Let somebody see no free times on your booking site. Sessions that they have stay."""
    desk = desk_of(ctx)
    wanted, new = blocks.add(desk.studio, what)
    if as_json:
        desk.json({"what": wanted, "blocked": True, "changed": new})
    else:
        desk.data(
            f"{_named(wanted)} {'is blocked now' if new else 'was blocked already'}."
            if desk.on_terminal
            else wanted
        )


def _named(wanted: str) -> str:
    """Return what is blocked; of a domain, how far that reaches."""
    return f"{wanted}, with all that is below it," if wanted.startswith("@") else wanted


def _columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of who is blocked, with times in ``zone``."""

    def since(one: Blocked) -> str:
        return rfc3339(one.since, zone)

    return (
        Column("Who", lambda one: one.what, lambda one: one.what, name="what"),
        Column("Since", since, lambda one: show_short(one.since, zone)),
    )


@app.command("list", cls=lists(_columns("UTC")), epilog=example("studio block list"))
def list_(ctx: typer.Context) -> None:
    """List who is blocked."""
    desk = desk_of(ctx)
    zone = desk.studio.settings.zone
    output.show_as(
        desk,
        listing_of(ctx),
        _columns(zone),
        blocks.listed(desk.studio),
        json=lambda one: one.as_json(zone),
        empty="Nobody is blocked. For example: studio block add spam@example.com",
    )


@app.command("remove", epilog=example("studio block remove spam@example.com"))
def remove(ctx: typer.Context, what: What, as_json: Json = False) -> None:
    """Let them book again."""
    desk = desk_of(ctx)
    wanted, gone = blocks.remove(desk.studio, what)
    if as_json:
        desk.json({"what": wanted, "blocked": False, "changed": gone})
    else:
        words = "can book again" if gone else "was not blocked"
        desk.data(f"{wanted} {words}." if desk.on_terminal else wanted)
