"""``studio client import``: clients from another program's file."""

from typing import Annotated, Any

import typer

from studio_cli.booking.client_import import DUPLICATES, Duplicates, Import
from studio_cli.cli.desk import Desk
from studio_cli.cli.import_file import Encoding, GivenBack, Rejects, here, worked_off
from studio_cli.cli.params import DryRun, Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.model.contact import FIELDS, Columns, recognized
from studio_cli.model.text import shown
from studio_cli.outside.card_file import CardFile, open_contacts
from studio_cli.outside.table_file import SEPARATORS, TableFile

app = typer.Typer()


@app.command(
    "import",
    epilog=example(
        "studio client import contacts.csv --dry-run",
        'studio client import contacts.csv --map "Birthday=notes" --duplicates update',
        "studio client import contacts.csv --encoding cp1252 --rejects bad.csv",
        "studio client import contacts.vcf",
    ),
)
def import_(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV or vCard; - for stdin.", show_default=False)
    ],
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help=f"What a column is: {', '.join(FIELDS)}; * for all that are not known. May be repeated.",
        ),
    ] = None,
    duplicates: Annotated[
        str,
        typer.Option(
            "--duplicates",
            metavar="|".join(DUPLICATES),
            help="Clients you have already: left as they are, what is empty filled in, or replaced.",
        ),
    ] = "merge",
    encoding: Encoding = None,
    rejects: Rejects = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add the clients of a file, as the program that you come from exports it, or an address book.

    All of them arrive or none; rows that cannot be clients go into a file of their own, each with the reason. A client is
    known by their address, and the same file again changes nothing.
    """
    desk = desk_of(ctx)
    studio = desk.studio
    with here(file) as path:
        source = open_contacts(path, encoding)
        columns = recognized(source.header, maps or (), plain=source.plain)
        work = Import("stdin" if file == "-" else path.name, _one_of(duplicates), dry_run)
        given_back = GivenBack(file, rejects, source.header, dry_run=dry_run)
        if desk.on_terminal and not as_json:
            _show_columns(desk, source, columns)
        worked_off(desk, work, source.count, work.rows(studio, source.rows(), columns.details), given_back)
    _show(desk, source, columns, work, given_back, as_json)


def _one_of(typed: str) -> Duplicates:
    for one in DUPLICATES:
        if typed.strip() == one:
            return one
    raise WrongUsage(
        f"{shown(typed)[:30]!r} is nothing that can be done with duplicates.",
        hint=f"Use --duplicates {', '.join(DUPLICATES[:-1])} or {DUPLICATES[-1]}.",
    )


def _show_columns(desk: Desk, source: TableFile | CardFile, columns: Columns) -> None:
    """Show what each column of a table is taken for, and which are left out."""
    if isinstance(source, CardFile):
        return
    desk.say(f"{shown(source.path.name)}: {source.encoding}, {SEPARATORS[source.separator]}.")
    known = [
        (name, what) for name, what in zip(columns.header, columns.fields, strict=True) if what is not None
    ]
    width = max(len(shown(name.strip())) for name, _ in known)
    for name, what in known:
        desk.say(f"  {shown(name.strip()):<{width}}  {what}")
    left = _left_out(source, columns)
    if left:
        desk.say(f"Left out: {', '.join(shown(name) for name in left)}.")
        desk.say(f'Kept in the notes with --map "{shown(left[0])}=notes", all of them with --map "*=notes".')


def _left_out(source: TableFile | CardFile, columns: Columns) -> list[str]:
    """Return the columns with something in them that is not imported."""
    unknown = [place for place, what in enumerate(columns.fields) if what is None]
    return [columns.header[place].strip() for place in unknown if place in source.filled]


def _show(
    desk: Desk,
    source: TableFile | CardFile,
    columns: Columns,
    work: Import,
    given_back: GivenBack,
    as_json: bool,
) -> None:
    count = {what: work.count[what] for what in ("new", "changed", "same", "refused")}
    if as_json:
        desk.json(_document(source, columns, work, given_back))
    elif desk.on_terminal:
        desk.data(_sentence(count, work.rehearse))
    else:
        desk.lines([[what, str(number)] for what, number in count.items()])
    given_back.say(desk)


def _sentence(count: dict[str, int], rehearsed: bool) -> str:
    new, changed, same, refused = count.values()
    head = "Nothing was changed. " if rehearsed else ""
    would = "would be" if rehearsed else "was" if new == 1 else "were"
    parts = [f"{new} client{'' if new == 1 else 's'} {would} added"]
    parts += [f"{changed} changed"] if changed else []
    parts += [f"{same} there already"] if same else []
    parts += [f"{refused} {'row' if refused == 1 else 'rows'} not imported"] if refused else []
    return f"{head}{', '.join(parts)}."


def _document(
    source: TableFile | CardFile, columns: Columns, work: Import, given_back: GivenBack
) -> dict[str, Any]:
    return {
        "source": work.source,
        "kind": "vcard" if isinstance(source, CardFile) else "csv",
        "encoding": source.encoding,
        "columns": [
            {"column": name.strip(), "field": what}
            for name, what in zip(columns.header, columns.fields, strict=True)
        ],
        "left_out": _left_out(source, columns),
        "rows": work.count.total(),
        **{what: work.count[what] for what in ("new", "changed", "same", "refused")},
        "refusals": [{"line": line, "reason": why} for line, why in given_back.reasons],
        "rejects": str(given_back.path) if given_back.path else None,
        "dry_run": work.rehearse,
    }
