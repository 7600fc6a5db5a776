"""``studio form``: questionnaires."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from studio_cli.booking import form as forms
from studio_cli.cli import output
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.store import form as form_store

app = typer.Typer()

MOST_BYTES = 256 * 1024


@app.command("add", epilog=example("studio form add family --file family.toml"))
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its short name.", show_default=False)],
    file: Annotated[
        str,
        typer.Option(
            "--file", metavar="FORM.toml", help="The form in TOML; - reads stdin.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Add a questionnaire from a TOML file (docs/forms.md)."""
    desk = desk_of(ctx)
    form = forms.add(desk.studio, name, _read(file))
    if as_json:
        desk.json(form.as_json())
    elif desk.on_terminal:
        desk.data(f"Form {form.name} is added: {len(form.fields)} fields.")
        desk.say(f"Use it: studio type edit TYPE --form {form.name}")
    else:
        desk.lines([[column.plain(form) for column in output.FORM]])


@app.command("list", epilog=example("studio form list"))
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the questionnaires."""
    desk = desk_of(ctx)
    rows = form_store.listed(desk.studio.file)
    output.show_list(
        desk,
        output.FORM,
        rows,
        as_json=as_json,
        json=[form.as_json() for form in rows],
        empty="No forms yet. Add one: studio form add NAME --file FORM.toml",
    )


@app.command("show", epilog=example("studio form show family"))
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its short name.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show one questionnaire."""
    desk = desk_of(ctx)
    form = forms.find(desk.studio, name)
    if as_json:
        desk.json(form.as_json())
    else:
        output.show_form(desk, form)


def _read(file: str) -> str:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as source:
                data = source.read(MOST_BYTES + 1)
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise WrongUsage(f"{file} is larger than a form can be.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{file} is not UTF-8 text.") from error
