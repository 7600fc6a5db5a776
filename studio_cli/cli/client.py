"""``studio client``: the people sessions are for."""

from typing import Annotated

import typer

from studio_cli.booking import client as clients
from studio_cli.cli import cards, columns, output
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.params import (
    ClientRef,
    DryRun,
    EditNotes,
    Json,
    Key,
    LanguageTag,
    NoReminders,
    Reminders,
    desk_of,
    example,
    missing_argument,
)
from studio_cli.errors import WrongUsage
from studio_cli.model.client import Client, ClientDetails
from studio_cli.model.text import shown
from studio_cli.store import client as client_store

app = typer.Typer()

Email = Annotated[str | None, typer.Option("--email", help="Where share mails go.")]
Phone = Annotated[str | None, typer.Option("--phone", help="As +1 416 555 0100.")]
Notes = Annotated[str | None, typer.Option("--notes", help="For yourself; clients never see them.")]


@app.command(
    "add", epilog=example('studio client add "Rui Costa" --email rui@example.com --phone "+1 416 555 0100"')
)
def add(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The client's name.", show_default=False)] = None,
    email: Email = None,
    phone: Phone = None,
    notes: Notes = None,
    language: LanguageTag = None,
    no_reminders: NoReminders = False,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Return the client with that address if there is one.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Add a client. On a terminal what is missing is asked for."""
    desk = desk_of(ctx)
    if name is None:
        if desk.may_guide and not as_json:
            from studio_cli.cli.guided import client as guided

            guided.run(ctx, add)
            return
        raise missing_argument(ctx, "NAME")
    details = ClientDetails.checked(name, email, phone, notes, language, no_reminders)
    client, new = clients.add(desk.studio, details, key=key, if_missing=if_missing, rehearse=dry_run)
    zone = desk.studio.settings.zone
    if as_json:
        desk.json({**client.as_json(zone), "id": None if dry_run and new else client.id, "new": new})
    elif dry_run and new:
        desk.say(f"Nothing was changed. {_who(client)} would be added.")
    elif desk.on_terminal:
        desk.data(f"Client {client.id}, {_who(client)}, {'is added' if new else 'was there already'}.")
    else:
        desk.lines([[column.plain(client) for column in columns.CLIENT]])


def _who(client: Client) -> str:
    return f"{shown(client.name)}{f' <{client.email}>' if client.email else ''}"


@app.command(
    "list",
    cls=lists(columns.client_columns("UTC"), sorts=client_store.SORTS),
    epilog=example(
        "studio client list",
        "studio client list rui",
        "studio client list 416 555 --json",
        "studio client list --vcard > clients.vcf",
        "studio client list --columns name,email,phone,language,reminders,notes --csv > clients.csv",
    ),
)
def list_(
    ctx: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...",
            help="Only those with these words, or beginnings of them, in name, address, phone or notes.",
            show_default=False,
        ),
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="The archived ones too.")] = False,
    vcard: Annotated[bool, typer.Option("--vcard", help="As vCards, for an address book.")] = False,
) -> None:
    """List the clients by name, or those that a search finds."""
    desk, look = desk_of(ctx), listing_of(ctx)
    if vcard and (look.as_json or look.as_csv or look.columns):
        raise WrongUsage(
            "--vcard goes with none of --json, --csv and --columns.", hint="Leave one of them out."
        )
    zone, wanted = desk.studio.settings.zone, " ".join(text or ())
    rows = client_store.listed(
        desk.studio.file, text=wanted, archived=archived, order=look.order, limit=look.limit
    )
    if vcard:
        from studio_cli.model.vcard import written

        if rows:
            desk.data("".join(written(client) for client in rows).removesuffix("\n"))
        return
    output.show_as(
        desk,
        look.in_order(),
        columns.client_columns(zone),
        rows,
        json=lambda client: client.as_json(zone),
        empty="No such clients."
        if wanted
        else 'No clients yet. Add one: studio client add "Name" --email name@example.com',
    )


@app.command("show", epilog=example("studio client show rui", "studio client show rui@example.com --json"))
def show(ctx: typer.Context, client: ClientRef, as_json: Json = False) -> None:
    """Show one client: how to reach them, their sessions, what they paid and what is open."""
    desk = desk_of(ctx)
    found = clients.find(desk.studio, client)
    zone = desk.studio.settings.zone
    standing = clients.standing(desk.studio, found)
    if as_json:
        desk.json({**found.as_json(zone), **standing.as_json()})
    else:
        cards.show_client(desk, found, zone, standing)


@app.command(
    "edit",
    epilog=example(
        'studio client edit rui --phone "+1 416 555 0199"', "studio client edit last --edit-notes"
    ),
)
def edit(
    ctx: typer.Context,
    client: ClientRef,
    name: Annotated[str | None, typer.Option("--name", help="The client's name.")] = None,
    email: Email = None,
    phone: Phone = None,
    notes: Notes = None,
    edit_notes: EditNotes = False,
    language: LanguageTag = None,
    reminders: Reminders = None,
    as_json: Json = False,
) -> None:
    """Change what you know of a client; an empty text removes it."""
    from studio_cli.cli.editor import edited_not_lost, typed_or_edited

    desk = desk_of(ctx)
    found = clients.find(desk.studio, client)
    notes = typed_or_edited(desk, "notes", notes, edit_notes, found.notes)
    typed = {"name": name, "email": email, "phone": phone, "notes": notes, "language": language}
    changes: dict[str, str | bool] = {field: value for field, value in typed.items() if value is not None}
    if reminders is not None:
        changes["no_reminders"] = not reminders
    if not changes:
        raise WrongUsage(
            "Nothing to change was said.",
            hint=f'For example: studio client edit {found.id} --phone "+1 416 555 0199"',
        )
    with edited_not_lost(desk, notes, edit_notes):
        changed = clients.edit(desk.studio, found.id, **changes)
    zone = desk.studio.settings.zone
    if as_json:
        desk.json(changed.as_json(zone))
    else:
        cards.show_client(desk, changed, zone)
