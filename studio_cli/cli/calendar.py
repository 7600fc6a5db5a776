"""``studio calendar``: your own calendars close times here, and your sessions appear in them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from studio_cli.booking import subscription as subscriptions
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, Yes, desk_of, example
from studio_cli.errors import Refused, StudioError, WrongUsage
from studio_cli.model.calendar import Calendar, CalendarUnreadable, Kind
from studio_cli.model.text import shown

app = typer.Typer()

CalendarRef = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name or the beginning of it.", show_default=False)
]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What you call it.")]
NoTitles = Annotated[bool, typer.Option("--no-titles", help="Keep when you are busy, and not with what.")]


@app.command("list", epilog=example("studio calendar list"))
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the calendars that close times here."""
    desk = desk_of(ctx)
    _show_list(desk, subscriptions.listed(desk.studio), as_json=as_json)


def _show_list(desk: Desk, calendars: Sequence[Calendar], *, as_json: bool) -> None:
    zone = desk.studio.settings.zone
    output.show_list(
        desk,
        output.calendar_columns(zone),
        calendars,
        as_json=as_json,
        json=[one.as_json(zone) for one in calendars],
        empty="No calendars yet. Subscribe to one: studio calendar subscribe FILE|URL",
    )


@app.command(
    "show", epilog=example("studio calendar show private", "studio calendar show private --limit 50")
)
def show(
    ctx: typer.Context,
    name: CalendarRef,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many busy times.")] = 10,
    as_json: Json = False,
) -> None:
    """Show a calendar and when you are busy in it next."""
    desk = desk_of(ctx)
    zone = desk.studio.settings.zone
    calendar = subscriptions.find(desk.studio, name)
    busy = subscriptions.coming(desk.studio, calendar, limit)
    if as_json:
        desk.json({**calendar.as_json(zone), "next": [one.as_json(zone) for one in busy]})
    elif desk.on_terminal:
        output.show_calendar(desk, calendar, zone)
        if busy:
            output.show_section(desk, "Busy next", output.busy_columns(zone), busy)
    else:
        desk.lines([[column.plain(one) for column in output.busy_columns(zone)] for one in busy])


@app.command(
    "subscribe",
    epilog=example(
        "studio calendar subscribe https://example.com/private.ics --name Private",
        "studio calendar subscribe ~/holidays.ics --no-titles",
    ),
)
def subscribe(
    ctx: typer.Context,
    where: Annotated[
        str,
        typer.Argument(metavar="FILE|URL", help="A calendar file, or its address.", show_default=False),
    ],
    name: Name = None,
    no_titles: NoTitles = False,
    as_json: Json = False,
) -> None:
    """Let a calendar close times here: no session is offered while you are busy in it."""
    desk = desk_of(ctx)
    kind, address = _where(where)
    calendar, new = subscriptions.subscribe(
        desk.studio, kind, address, desk.calendar_source, name=name, titles=not no_titles
    )
    _tell_kept(desk, calendar, new, as_json=as_json)


def _where(text: str) -> tuple[Kind, str]:
    """Return what a calendar is read from: a path, or an address."""
    if re.match(r"(https?|webcals?):", text, re.I):
        from studio_cli.outside.web import check_address

        return "url", check_address(text)
    if "://" in text:
        raise WrongUsage("That is not the address of a calendar.", hint="Give a file, or an https address.")
    try:
        return "file", str(Path(text).expanduser().absolute())
    except RuntimeError:
        raise WrongUsage("Nobody here has that home folder.", hint="Write the whole path.") from None


def _tell_kept(desk: Desk, calendar: Calendar, new: bool, *, as_json: bool) -> None:
    zone = desk.studio.settings.zone
    if as_json:
        desk.json({**calendar.as_json(zone), "new": new})
    elif desk.on_terminal:
        words = "closes times here now" if new else "closed times here already"
        desk.data(f"{shown(calendar.name)} {words}: {_count(calendar)} to come.")
    else:
        desk.lines([[column.plain(calendar) for column in output.calendar_columns(zone)]])
    _warn(desk, calendar)


def _count(calendar: Calendar) -> str:
    return f"{calendar.events} busy time{'' if calendar.events == 1 else 's'}"


def _warn(desk: Desk, calendar: Calendar) -> None:
    for note in calendar.notes:
        desk.say(f"{shown(calendar.name)}: {note}.")


@app.command("sync", epilog=example("studio calendar sync", "studio calendar sync private"))
def sync(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this one.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the calendars once more. A running server does so by itself."""
    desk = desk_of(ctx)
    wanted = [subscriptions.find(desk.studio, name)] if name else subscriptions.listed(desk.studio)
    trouble: StudioError | None = None
    for calendar in wanted:
        try:
            done = subscriptions.sync(desk.studio, calendar, desk.calendar_source(calendar))
        except CalendarUnreadable as problem:
            if trouble is not None:  # the last one is told at the end
                desk.say(shown(trouble.message))
            trouble = problem
            continue
        if desk.on_terminal and not as_json:
            state = "read" if done.changed else "unchanged"
            desk.data(f"{shown(calendar.name)}: {state}, {_count(done.calendar)} to come.")
        _warn(desk, done.calendar)
    ids = {one.id for one in wanted}
    after = [one for one in subscriptions.listed(desk.studio) if one.id in ids]
    if as_json or not desk.on_terminal or not wanted:
        _show_list(desk, after, as_json=as_json)
    if trouble is not None:
        raise trouble


@app.command("unsubscribe", epilog=example("studio calendar unsubscribe private --yes"))
def unsubscribe(ctx: typer.Context, name: CalendarRef, yes: Yes = False, as_json: Json = False) -> None:
    """Forget a calendar: what only it closed is free again."""
    desk = desk_of(ctx)
    calendar = subscriptions.find(desk.studio, name)
    if calendar.kind == "caldav":
        raise Refused(
            f"{shown(calendar.name)} is connected, not only subscribed to.",
            hint=f"End that: studio calendar disconnect {shown(calendar.name)}",
        )
    question = f"Forget {shown(calendar.name)}? {_count(calendar)} would be free again."
    desk.agree(question, yes=yes)
    subscriptions.unsubscribe(desk.studio, calendar.name)
    if as_json:
        desk.json({**calendar.as_json(desk.studio.settings.zone), "forgotten": True})
    else:
        desk.say(f"{shown(calendar.name)} is forgotten.")
