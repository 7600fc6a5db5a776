"""``studio status``: one screen that answers what is stuck, what is next, what is owed."""

import contextlib
from typing import Annotated

import typer

from studio_cli.booking.overview import Overview, overview
from studio_cli.booking.stale import anything_stale
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import StudioError, WrongUsage

app = typer.Typer()


@app.command(
    "status",
    epilog=example("studio status", "studio status --watch", "studio status --plain", "studio status --json"),
)
def status(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Cut no list short.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and show it anew when something changes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is stuck and the command that moves it, what is next, what you are owed, and mail and calendars that failed."""
    desk = desk_of(ctx)
    if watch:
        _watch(desk, as_json=as_json)
        return
    _ask_outside(desk)
    found = overview(desk.studio)
    if as_json:
        desk.json(found.as_json())
    elif desk.reader == "listener":
        from studio_cli.cli.status_words import lines

        desk.data("\n".join(lines(found)))
        _say_who_waits(desk, found)
    elif desk.reader == "viewer":
        _draw(desk, found, everything=everything)
    else:
        from studio_cli.cli.status_lines import write

        write(desk, found)


def _draw(desk: Desk, found: Overview, *, everything: bool) -> None:
    from rich.console import Group

    from studio_cli.cli.status_screen import MOST, draw

    desk.show(Group(*draw(found, desk.columns, None if everything else MOST)))
    _say_who_waits(desk, found)
    if found.is_calm and not found.coming:
        desk.say("Set up a session: studio session new --help")


def _say_who_waits(desk: Desk, found: Overview) -> None:
    if found.waiting_list:
        who = f"{found.waiting_list} {'people wait' if found.waiting_list > 1 else 'person waits'}"
        desk.say(f"{who} for a time to come free: studio waiting list")


def _watch(desk: Desk, *, as_json: bool) -> None:
    if as_json or desk.reader != "viewer":
        raise WrongUsage("--watch draws on a terminal.", hint="Without one: studio status --json")
    from studio_cli.cli.status_watch import watch

    watch(desk, lambda: _ask_outside(desk))


def _ask_outside(desk: Desk) -> None:
    """Ask whether clients have paid online, now and then, and never for long; it is no reason to fail."""
    with contextlib.suppress(StudioError):
        if anything_stale(desk.studio):
            from studio_cli.booking import sync
            from studio_cli.cli.news import News

            sync.sync_if_stale(desk.studio, desk.provider(hurried=True))
            News(desk).send()
