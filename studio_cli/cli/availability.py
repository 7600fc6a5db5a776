"""``studio availability``: the hours the studio works."""

from typing import Annotated

import typer

from studio_cli.booking import availability
from studio_cli.cli import output
from studio_cli.cli.params import Json, desk_of, example

app = typer.Typer()


@app.command("show", epilog=example("studio availability show"))
def show(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the weekly hours."""
    desk = desk_of(ctx)
    output.show_week(desk, availability.weekly_hours(desk.studio), desk.studio.settings.zone, as_json=as_json)


@app.command(
    "set",
    epilog=example(
        "studio availability set mon-fri 09:00-12:00 13:00-17:00", "studio availability set sat,sun off"
    ),
)
def set_(
    ctx: typer.Context,
    days: Annotated[str, typer.Argument(metavar="DAYS", help="mon, mon-fri or sat,sun.", show_default=False)],
    ranges: Annotated[
        list[str],
        typer.Argument(
            metavar="RANGE...", help="09:00-12:00, as many as you like; off for none.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Set the hours of some weekdays, on the wall clock of the studio's zone."""
    desk = desk_of(ctx)
    week = availability.set_hours(desk.studio, days, ranges)
    output.show_week(desk, week, desk.studio.settings.zone, as_json=as_json)
