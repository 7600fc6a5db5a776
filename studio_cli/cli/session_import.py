"""``studio session import``: appointments of another program, from a table or a calendar."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from studio_cli.booking import client as clients
from studio_cli.booking import session_type as types
from studio_cli.booking.client_import import Row as AnyRow
from studio_cli.booking.session_import import SessionImport
from studio_cli.booking.studio import Studio
from studio_cli.cli.desk import Desk
from studio_cli.cli.import_file import Encoding, GivenBack, Rejects, here, worked_off
from studio_cli.cli.params import AllowOverlap, Client, DryRun, Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.model.appointment import Appointment, Order, of_event, timetable
from studio_cli.model.calendar import HORIZON_DAYS, Window
from studio_cli.model.settings import STUDIO_ID
from studio_cli.model.text import shown
from studio_cli.model.times import EARLIEST, rfc3339
from studio_cli.outside.table_file import Row, open_table

app = typer.Typer()

EVENTS = ("Title", "Starts at", "Location", "Email")
"""What is given back of an event of a calendar."""
MOST_BYTES = 20 * 1024 * 1024


@app.command(
    "import",
    epilog=example(
        "studio session import appointments.csv --dates mdy --dry-run",
        "studio session import appointments.csv --dates mdy --type family --status pending --allow-overlap",
        'studio session import appointments.csv --dates mdy --map "Staff=notes" --encoding utf-8 --rejects bad.csv',
        "studio session import old.ics --client rui",
        "studio session import old.ics --names-in-titles",
    ),
)
def import_(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="CSV or a calendar (.ics); - for stdin.", show_default=False),
    ],
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="As for client import, of who it is with."),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="They all are of this type; else as each is called."),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="confirmed|pending", help="What they are; else as they say, or confirmed."
        ),
    ] = None,
    client: Client = None,
    names_in_titles: Annotated[
        bool,
        typer.Option("--names-in-titles", help="Events that invite nobody name the client: Rui: portrait."),
    ] = False,
    dates: Annotated[
        str | None, typer.Option("--dates", metavar="dmy|mdy", help="What 4/12/2026 is: day or month first.")
    ] = None,
    allow_overlap: AllowOverlap = False,
    encoding: Encoding = None,
    rejects: Rejects = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add the sessions of a file: what is to come, and what was. Nobody is mailed.

    All of them arrive or none; rows that cannot be sessions, or whose time is taken, go into a file of their own, each
    with the reason. The same file again changes nothing.
    """
    desk = desk_of(ctx)
    studio = desk.studio
    with here(file) as path:
        work = SessionImport(
            "stdin" if file == "-" else path.name,
            types.find(studio, type_) if type_ else None,
            clients.find(studio, client).id if client else None,
            _one_of(status, ("confirmed", "pending"), "--status"),
            allow_overlap,
            dry_run,
        )
        if _is_calendar(path):
            source = _events(studio, path, names_in_titles)
        else:
            order: Any = _one_of(dates, ("dmy", "mdy"), "--dates")
            source = _table(studio, path, encoding, maps or [], order)
        header, count, rows, read = source
        given_back = GivenBack(file, rejects, header, dry_run=dry_run)
        worked_off(desk, work, count, work.rows(studio, rows, read), given_back)
    _show(desk, work, given_back, as_json)


Read = Callable[[AnyRow], Appointment | int]
Source = tuple[tuple[str, ...], int, Iterator[Row], Read]
"""The names of the columns, how many rows there are, the rows, and how one is read."""


def _one_of(typed: str | None, words: tuple[str, ...], option: str) -> str | None:
    if typed is None or typed.strip() in words:
        return typed and typed.strip()
    raise WrongUsage(f"{option} cannot be {shown(typed)[:30]!r}.", hint=f"Use {option} {' or '.join(words)}.")


def _table(studio: Studio, path: Path, encoding: str | None, maps: list[str], order: Order | None) -> Source:
    table = open_table(path, encoding)
    cells = (row.cells for row in table.rows())
    known = timetable(table.header, cells, maps, studio.settings.zone, studio.now(), order)
    return table.header, table.count, table.rows(), lambda row: known.appointment(row.cells)


def _is_calendar(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(256).lstrip(b"\xef\xbb\xbf\r\n\t ").upper().startswith(b"BEGIN:VCALENDAR")
    except OSError:
        return False  # said by whoever opens it as a table


def _events(studio: Studio, path: Path, names_in_titles: bool) -> Source:
    from studio_cli.outside.ics import events

    if path.stat().st_size > MOST_BYTES:
        raise WrongUsage(
            f"{shown(path.name)} is larger than it can be.",
            hint=f"The limit is {MOST_BYTES // 1024**2} MB: export it in parts.",
            code="too_long",
        )
    settings = studio.settings
    until = studio.now().add(hours=24 * HORIZON_DAYS)
    window = Window(settings.zone, EARLIEST, until, settings[STUDIO_ID], settings["studio.email"])
    found, notes = events(path.read_bytes(), window)
    by_line = dict(enumerate(found, 1))

    def read(row: AnyRow) -> Appointment | int:
        return of_event(by_line[row.line], settings["studio.email"], titles_are_names=names_in_titles)

    rows = [Row(line, _as_cells(event, settings.zone)) for line, event in by_line.items()]
    rows += [Row(len(rows) + number, [note], f"{note}.") for number, note in enumerate(notes, 1)]
    return EVENTS, len(rows), iter(rows), read


def _as_cells(event: dict[str, Any], zone: str) -> list[str]:
    from whenever import Instant

    email = event["people"][0][0] if event["people"] else ""
    return [event["title"], rfc3339(Instant.from_timestamp(event["begins"]), zone), event["location"], email]


def _show(desk: Desk, work: SessionImport, given_back: GivenBack, as_json: bool) -> None:
    new, same, refused = (work.count[what] for what in ("new", "same", "refused"))
    if as_json:
        desk.json(
            {
                "source": work.source,
                "rows": work.count.total(),
                "new": new,
                "same": same,
                "refused": refused,
                "refusals": [{"line": line, "reason": why} for line, why in given_back.reasons],
                "rejects": str(given_back.path) if given_back.path else None,
                "dry_run": work.rehearse,
            }
        )
    elif desk.on_terminal:
        would = "would be" if work.rehearse else "was" if new == 1 else "were"
        parts = [f"{new} session{'' if new == 1 else 's'} {would} added"]
        parts += [f"{same} there already"] if same else []
        parts += [f"{refused} {'row' if refused == 1 else 'rows'} not imported"] if refused else []
        desk.data(f"{'Nothing was changed. ' if work.rehearse else ''}{', '.join(parts)}.")
    else:
        desk.lines([["new", str(new)], ["same", str(same)], ["refused", str(refused)]])
    given_back.say(desk)
