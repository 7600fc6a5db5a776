"""``studio availability``: the hours the studio works, and why a time is free or not."""

from typing import Annotated

import typer

from studio_cli.booking import availability, slot
from studio_cli.booking import session_type as types
from studio_cli.booking.diary import diary
from studio_cli.booking.slot import Verdict
from studio_cli.cli import cards, week
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import LARGEST, Json, desk_of, example, which_of
from studio_cli.errors import WrongUsage
from studio_cli.model.availability import Need
from studio_cli.model.text import shown
from studio_cli.model.times import parse_day, parse_duration, rfc3339, show_date, show_short

app = typer.Typer()

TypeName = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only for this session type.")]
Ranges = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RANGE...", help="09:00-12:00, as many as you like; off for none.", show_default=False
    ),
]


@app.command("show", epilog=example("studio availability show", "studio availability show --from +7d"))
def show(
    ctx: typer.Context,
    first: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day of the picture.")
    ] = "today",
    as_json: Json = False,
) -> None:
    """Show the hours and the time off, and on a terminal the coming week as a picture."""
    desk = desk_of(ctx)
    table = availability.timetable(desk.studio)
    if as_json:
        desk.json(table.as_json())
    elif desk.on_terminal:
        day = parse_day(first, table.zone, desk.studio.now())
        week.show(desk, diary(desk.studio, day, 7), table.zone)
        cards.show_timetable(desk, table)
    else:
        cards.show_timetable(desk, table)


@app.command(
    "set",
    epilog=example(
        "studio availability set mon-fri 09:00-12:00 13:00-17:00",
        "studio availability set sat,sun off",
        "studio availability set sat 10:00-14:00 --type family",
        "studio availability set --type family --studio-hours",
    ),
)
def set_(
    ctx: typer.Context,
    days: Annotated[
        str | None, typer.Argument(metavar="DAYS", help="mon, mon-fri or sat,sun.", show_default=False)
    ] = None,
    ranges: Ranges = None,
    type_: TypeName = None,
    studio_hours: Annotated[
        bool, typer.Option("--studio-hours", help="With --type: no hours of its own any more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set the hours of some weekdays, on the wall clock of the studio's zone."""
    desk = desk_of(ctx)
    if studio_hours:
        if type_ is None or days:
            raise WrongUsage(
                "--studio-hours goes with --type alone.", hint="For example: --type family --studio-hours"
            )
        availability.use_studio_hours(desk.studio, type_)
        said = f"{type_} has the studio's hours again."
    elif days is None:
        raise WrongUsage(
            "The days are missing.", hint="For example: studio availability set mon-fri 09:00-17:00"
        )
    else:
        availability.set_hours(desk.studio, days, ranges or [], type_)
        said = f"{days}: {' '.join(ranges or [])}{f' for {type_}' if type_ else ''}."
    _show_table(desk, as_json, said)


@app.command(
    "override",
    epilog=example(
        "studio availability override 2026-12-24 09:00-12:00",
        "studio availability override 2026-12-26 off",
        "studio availability override 2026-12-24 --remove",
    ),
)
def override(
    ctx: typer.Context,
    day: Annotated[
        str, typer.Argument(metavar="DATE", help="2026-12-24, tomorrow, +7d.", show_default=False)
    ],
    ranges: Ranges = None,
    type_: TypeName = None,
    remove: Annotated[bool, typer.Option("--remove", help="Back to the hours of its weekday.")] = False,
    as_json: Json = False,
) -> None:
    """Give one date hours of its own, instead of those of its weekday."""
    desk = desk_of(ctx)
    if remove:
        date = availability.remove_override(desk.studio, day, type_)
        said = f"{show_date(date)} has the hours of its weekday again."
    else:
        made = availability.set_override(desk.studio, day, ranges or [], type_)
        said = f"{show_date(made.date)}: {made.hours}{f' for {made.type}' if made.type else ''}."
    _show_table(desk, as_json, said)


@app.command(
    "block",
    epilog=example(
        'studio availability block 2026-12-24 2027-01-02 --reason "Holidays"',
        'studio availability block "fri 13:00" "fri 15:00" --reason "Dentist"',
        "studio availability block 2026-12-25 --yearly",
    ),
)
def block(
    ctx: typer.Context,
    begins: Annotated[
        str, typer.Argument(metavar="FROM", help="A day, or a day and time.", show_default=False)
    ],
    ends: Annotated[
        str | None,
        typer.Argument(
            metavar="[TO]", help="The last day, or a time; else that one day.", show_default=False
        ),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="For yourself; clients never see it.")
    ] = None,
    yearly: Annotated[bool, typer.Option("--yearly", help="Every year on these dates.")] = False,
    as_json: Json = False,
) -> None:
    """Take time off. Sessions that are set up already stay."""
    desk = desk_of(ctx)
    made = availability.block(desk.studio, begins, ends, reason, yearly=yearly)
    if as_json:
        desk.json(made.as_json())
    elif desk.on_terminal:
        desk.data(
            f"Time off {made.id}: {cards.time_off(made)}. To take it back: studio availability unblock {made.id}"
        )
    else:
        desk.lines([cards.block_line(made)])
    zone = desk.studio.settings.zone
    for session in availability.sessions_in(desk.studio, made):
        desk.say(f"On {show_short(session.starts_at, zone)} there is {slot.named(session)}; it stays.")


@app.command("unblock", epilog=example("studio availability unblock 3"))
def unblock(
    ctx: typer.Context,
    number: Annotated[
        int,
        typer.Argument(max=LARGEST, metavar="NUMBER", help="As availability show tells.", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Remove time off."""
    desk = desk_of(ctx)
    availability.unblock(desk.studio, number)
    _show_table(desk, as_json, f"Time off {number} is taken back.")


@app.command(
    "why",
    epilog=example(
        'studio availability why "2026-12-04 19:00" --type family',
        'studio availability why "sat 10:00" --duration 2h',
    ),
)
def why(
    ctx: typer.Context,
    at: Annotated[
        str, typer.Argument(metavar="TIME", help='"2026-12-04 10:00", "fri 3pm".', show_default=False)
    ],
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="For this session type.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="TIME", help="For a one-off this long.")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="Of a time that exists twice, the first.")] = False,
    second: Annotated[
        bool, typer.Option("--second", help="Of a time that exists twice, the second.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell which rule closes a time, or that it is free."""
    desk = desk_of(ctx)
    verdict = slot.why(desk.studio, at, _need(desk, type_, duration), which_of(first, second))
    if as_json:
        desk.json(_verdict_json(verdict, desk.studio.settings.zone))
    elif desk.on_terminal:
        _tell_verdict(desk, verdict)
    else:
        desk.lines([[one.rule, one.words] for one in verdict.closures] or [["free", ""]])


def _need(desk: Desk, type_: str | None, duration: str | None) -> Need:
    if type_:
        return types.find(desk.studio, type_).need(parse_duration(duration) if duration else None)
    if duration is None:
        raise WrongUsage("What kind of session is missing.", hint="Add --type TYPE or --duration 90m.")
    return Need(parse_duration(duration))


def _verdict_json(verdict: Verdict, zone: str) -> dict[str, object]:
    return {
        "at": verdict.at and rfc3339(verdict.at, zone),
        "free": verdict.free,
        "free_for_clients": verdict.free_for_clients,
        "rules": [closure.as_json() for closure in verdict.closures],
        "nearest": [rfc3339(moment, zone) for moment in verdict.nearest],
    }


def _tell_verdict(desk: Desk, verdict: Verdict) -> None:
    zone = desk.studio.settings.zone
    if verdict.at is not None:
        free = (
            "free"
            if verdict.free_for_clients
            else "free for you, not for clients"
            if verdict.free
            else "not free"
        )
        desk.data(f"{show_short(verdict.at, zone)} is {free}.")
    for closure in verdict.closures:
        desk.data(f"{closure.rule:<12} {closure.words}")
    if verdict.nearest:
        desk.data(f"Nearest free: {', '.join(show_short(moment, zone) for moment in verdict.nearest)}")


def _show_table(desk: Desk, as_json: bool, said: str) -> None:
    """Show all the hours after a change; on a terminal with what was changed first."""
    if desk.on_terminal and not as_json:
        desk.data(shown(said))
    table = availability.timetable(desk.studio)
    if as_json:
        desk.json(table.as_json())
    else:
        cards.show_timetable(desk, table)
