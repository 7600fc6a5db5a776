"""``studio contract``: what clients sign."""

from pathlib import Path
from typing import Annotated

import typer

from studio_cli.booking import contract as contracts
from studio_cli.cli import columns, output
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.cli.text_file import read_text, write_text
from studio_cli.errors import WrongUsage
from studio_cli.model.contract import Contract
from studio_cli.model.text import shown
from studio_cli.store import contract as contract_store
from studio_cli.templates import Mistake

app = typer.Typer()

Name = Annotated[str, typer.Argument(help="Its short name.", show_default=False)]
File = Annotated[
    str | None,
    typer.Option("--file", metavar="CONTRACT.md", help="Its Markdown; - reads stdin.", show_default=False),
]


@app.command("add", epilog=example("studio contract add wedding --file wedding.md"))
def add(ctx: typer.Context, name: Name, file: File = None, as_json: Json = False) -> None:
    """Add a contract from a Markdown file (docs/contracts.md). It can say {{ client.name }} and the like."""
    desk = desk_of(ctx)
    if file is None:
        raise WrongUsage(
            "--file is missing.", hint=f"For example: studio contract add {shown(name)} --file contract.md"
        )
    _show(desk, contracts.add(desk.studio, name, read_text(file)), "is added", as_json)


@app.command("list", cls=lists(columns.contract_columns("UTC")), epilog=example("studio contract list"))
def list_(ctx: typer.Context) -> None:
    """List the contracts."""
    desk = desk_of(ctx)
    zone = desk.studio.settings.zone
    output.show_as(
        desk,
        listing_of(ctx),
        columns.contract_columns(zone),
        contract_store.listed(desk.studio.file),
        json=lambda contract: contract.as_json(zone),
        empty="No contracts yet. Add one: studio contract add NAME --file CONTRACT.md",
    )


@app.command(
    "show", epilog=example("studio contract show wedding", "studio contract show wedding --out wedding.html")
)
def show(
    ctx: typer.Context,
    name: Name,
    sample: Annotated[bool, typer.Option("--sample", help="Filled in with examples.")] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE.html", help="As a page, filled in with examples."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a contract as you wrote it, or filled in with examples as a client would read it."""
    desk = desk_of(ctx)
    contract = contracts.find(desk.studio, name)
    if out is not None:
        page = contracts.as_paper(desk.studio, contract.name, contracts.sample(contract.source))
        written = write_text(out, page)
        if not as_json:
            desk.data(str(written))
            return
    if as_json:
        desk.json(contract.as_json(desk.studio.settings.zone))
    else:
        desk.text(contracts.sample(contract.source).text if sample else contract.source)


@app.command(
    "edit", epilog=example("studio contract edit wedding", "studio contract edit wedding --file wedding.md")
)
def edit(ctx: typer.Context, name: Name, file: File = None, as_json: Json = False) -> None:
    """Change a contract, in your editor or from a file. What was sent or signed stays as it was."""
    desk = desk_of(ctx)
    before = contracts.find(desk.studio, name)
    from studio_cli.cli.editor import edited_not_lost

    source = read_text(file) if file is not None else _from_editor(desk, before)
    with edited_not_lost(desk, source, file is None):
        contract, changed = contracts.edit(desk.studio, name, before.source if source is None else source)
    _show(desk, contract, "is changed" if changed else "is as it was", as_json)
    if changed and desk.on_terminal and not as_json:
        desk.say(
            "Sessions that are set up keep the text they have: studio session edit 12 --refresh-documents"
        )


def _from_editor(desk: Desk, contract: Contract) -> str | None:
    if not desk.may_ask:
        raise WrongUsage(
            "An editor needs a terminal.",
            hint=f"Or give the new text: studio contract edit {contract.name} --file FILE",
        )
    from studio_cli.cli.editor import edit_until_right

    return edit_until_right(
        desk, contract.source, ".md", lambda text: [_said(one) for one in contracts.check(text)]
    )


@app.command("check", epilog=example("studio contract check wedding.md", "studio contract check wedding"))
def check(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|NAME", help="A file, or a contract's short name.", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Look for mistakes in a contract: what it cannot say, by line. Nothing is changed."""
    desk = desk_of(ctx)
    is_file = what == "-" or "/" in what or "." in what or Path(what).is_file()
    source = read_text(what) if is_file else contracts.find(desk.studio, what).source
    mistakes = contracts.check(source)
    if as_json:
        listed = [mistake.as_json() for mistake in mistakes]
        desk.json({"contract": what, "fine": not mistakes, "mistakes": listed})
    for mistake in mistakes:
        if not as_json:
            desk.data(f"{shown(what)}:{mistake.line}: {shown(mistake.message)}")
    if mistakes:
        raise typer.Exit(WrongUsage.exit_code)
    if not as_json:
        desk.data(f"{shown(what)} is fine.")


def _said(mistake: Mistake) -> str:
    return f"line {mistake.line}: {mistake.message}"


def _show(desk: Desk, contract: Contract, words: str, as_json: bool) -> None:
    if as_json:
        desk.json(contract.as_json(desk.studio.settings.zone))
    elif desk.on_terminal:
        desk.data(f"Contract {contract.name} {words}.")
        desk.say(f"Use it: studio type edit TYPE --contract {contract.name}")
    else:
        desk.lines([output.line(columns.CONTRACT, contract)])
