"""``studio calendar show``: your sessions as a picture, by month, week or day; or one of your calendars."""

from collections.abc import Sequence
from typing import Annotated

import typer
from whenever import Date, Instant

from studio_cli.booking.diary import Day, diary
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.model.times import parse_day, parse_month, rfc3339

app = typer.Typer()

WEEK, MOST_DAYS = 7, 366


@app.command(
    "show",
    epilog=example(
        "studio calendar show",
        "studio calendar show --month 2026-12",
        "studio calendar show --week --from +7d",
        "studio calendar show --agenda --days 3",
        "studio calendar show private",
    ),
)
def show(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="One of studio calendar list, and when you are busy in it."),
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="MONTH", help="2026-12, december, next; else this one.")
    ] = None,
    week: Annotated[bool, typer.Option("--week", help="A week, hour by hour.")] = False,
    agenda: Annotated[bool, typer.Option("--agenda", help="Day by day, with what is free.")] = False,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="2026-12-01, today, +7d; else today.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=MOST_DAYS, help="How many days; else a week.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="How many busy times of NAME.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """Show your sessions, hours and free time as a picture: a month, or a week, or an agenda.

    With NAME: one of your calendars, and when you are busy in it next.
    """
    desk = desk_of(ctx)
    if name is not None:
        if month or week or agenda or first or days:
            raise WrongUsage(
                "A picture is of your sessions, and not of one of your calendars.",
                hint="Leave out its name, or the other options.",
            )
        _show_calendar(desk, name, limit, as_json=as_json)
        return
    view = _view(month, week=week, agenda=agenda, ranged=bool(first or days))
    begin, count = _span(desk, view, month, first, days)
    found = diary(desk.studio, begin, count)
    if as_json:
        _write_json(desk, view, found)
    elif desk.reader == "script":
        _write_lines(desk, found)
    elif desk.reader == "listener":
        from studio_cli.cli.calendar_words import lines

        desk.data("\n".join(lines(found, desk.studio.settings.zone, desk.studio.now())))
    else:
        _draw(desk, view, found)


def _view(month: str | None, *, week: bool, agenda: bool, ranged: bool) -> str:
    if (month is not None) + week + agenda > 1:
        raise WrongUsage("--month, --week and --agenda contradict each other.", hint="Leave one of them.")
    if month is not None and ranged:
        raise WrongUsage("A month begins on its first day.", hint="Leave out --from and --days.")
    return "week" if week else "agenda" if agenda or ranged else "month"


def _span(desk: Desk, view: str, month: str | None, first: str | None, days: int | None) -> tuple[Date, int]:
    """Return the first day and how many there are. A week begins on its Monday, unless a day is named."""
    zone, now = desk.studio.settings.zone, desk.studio.now()
    today = now.to_tz(zone).date()
    if view == "month":
        begin = parse_month(month or "this", zone, now)
        return begin, (begin.add(months=1).subtract(days=1)).day
    begin = parse_day(first, zone, now) if first else today
    if view == "week":
        if days not in {None, WEEK}:
            raise WrongUsage("A week has seven days.", hint="For other spans: --agenda --days N")
        monday = begin.subtract(days=begin.day_of_week().value - 1)
        return (begin if first else monday), WEEK
    return begin, days or WEEK


def _write_json(desk: Desk, view: str, found: Sequence[Day]) -> None:
    zone = desk.studio.settings.zone
    desk.json(
        {
            "view": view,
            "from": found[0].date.format_iso(),
            "to": found[-1].date.format_iso(),
            "timezone": zone,
            "days": [day.as_json(zone) for day in found],
        }
    )


def _write_lines(desk: Desk, found: Sequence[Day]) -> None:
    """Write what is in the days for scripts, each line after its kind; what lasts over midnight is there once."""
    from studio_cli.cli import columns, output

    zone = desk.studio.settings.zone
    rows: dict[tuple[str, ...], None] = {}
    for day in found:
        for session in day.sessions:
            rows["session", *output.line(columns.SESSION, session)] = None
        for begins, ends in day.free:
            rows["free", _rfc(begins, zone), _rfc(ends, zone)] = None
        for one in day.busy:
            times = rfc3339(one.starts_at, zone), rfc3339(one.ends_at, zone)
            rows["busy", *times, one.title or "", one.calendar] = None
        for block, (begins, ends) in day.off:
            rows["off", _rfc(begins, zone), _rfc(ends, zone), block.reason or ""] = None
    desk.lines(list(rows))


def _rfc(moment: int, zone: str) -> str:
    return rfc3339(Instant.from_timestamp(moment), zone)


def _draw(desk: Desk, view: str, found: Sequence[Day]) -> None:
    from rich.console import Group

    from studio_cli.cli import calendar_agenda, calendar_month, calendar_week
    from studio_cli.cli.drawing import Look

    console = desk.console
    colors = console.color_system in {"256", "truecolor"}
    look = Look(desk.studio.settings.zone, desk.studio.now(), desk.columns, colors)
    draw = {"month": calendar_month.draw, "week": calendar_week.draw, "agenda": calendar_agenda.draw}[view]
    desk.show(Group(*draw(found, look)))


def _show_calendar(desk: Desk, name: str, limit: int, *, as_json: bool) -> None:
    """Show a calendar that closes times here, and when it does so next."""
    from studio_cli.booking import subscription as subscriptions
    from studio_cli.cli import cards, columns, output

    zone = desk.studio.settings.zone
    calendar = subscriptions.find(desk.studio, name)
    busy = subscriptions.coming(desk.studio, calendar, limit)
    if as_json:
        desk.json({**calendar.as_json(zone), "next": [one.as_json(zone) for one in busy]})
    elif desk.reader != "script":
        cards.show_calendar(desk, calendar, zone)
        if busy:
            output.show_section(desk, "Busy next", columns.busy_columns(zone), busy)
    else:
        desk.lines([[column.plain(one) for column in columns.busy_columns(zone)] for one in busy])
