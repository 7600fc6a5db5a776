"""``studio form``: questionnaires."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from studio_cli.booking import form as forms
from studio_cli.booking.form import Edited
from studio_cli.cli import cards, columns, output
from studio_cli.cli.browser import open_page
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.cli.text_file import read_text
from studio_cli.errors import WrongUsage
from studio_cli.model.form import Form
from studio_cli.model.text import shown
from studio_cli.store import form as form_store

app = typer.Typer()

FormRef = Annotated[str, typer.Argument(metavar="NAME", help="Its short name.", show_default=False)]


@app.command("add", epilog=example("studio form add family --file family.toml"))
def add(
    ctx: typer.Context,
    name: FormRef,
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
    with _naming(desk, file, as_json):
        form = forms.add(desk.studio, name, read_text(file))
    if as_json:
        desk.json(form.as_json())
    elif desk.on_terminal:
        desk.data(f"Form {form.name} is added: {_count(form)}.")
        desk.say(f"See it: studio form show {form.name} --open")
        desk.say(f"Use it: studio type edit TYPE --form {form.name}")
    else:
        _line(desk, form)


@app.command("list", cls=lists(columns.FORM), epilog=example("studio form list"))
def list_(ctx: typer.Context) -> None:
    """List the questionnaires."""
    desk = desk_of(ctx)
    output.show_as(
        desk,
        listing_of(ctx),
        columns.FORM,
        form_store.listed(desk.studio.file),
        json=Form.as_json,
        empty="No forms yet. Add one: studio form add NAME --file FORM.toml",
    )


@app.command(
    "show",
    epilog=example(
        "studio form show family",
        "studio form show family --open",
        "studio form show family --out family.html",
        "studio form show family --source > family.toml",
    ),
)
def show(
    ctx: typer.Context,
    name: FormRef,
    source: Annotated[bool, typer.Option("--source", help="Its TOML text, as it was written.")] = False,
    browse: Annotated[bool, typer.Option("--open", help="As clients see it, in your browser.")] = False,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE.html", help="As clients see it, into a file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one questionnaire."""
    desk = desk_of(ctx)
    form = forms.find(desk.studio, name)
    if as_json:
        if out and out != "-":
            Path(out).write_text(_page(desk, form), encoding="utf-8")
        desk.json(form.as_json())
    elif source:
        desk.data(forms.source_of(desk.studio, name).removesuffix("\n"))
    elif browse or out:
        _show_page(desk, form, out)
    else:
        cards.show_form(desk, form)


@app.command("check", epilog=example("studio form check family.toml", "studio form check family --json"))
def check(
    ctx: typer.Context,
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORM.toml", help="A file, - for stdin, or a form of the studio.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Say everything that is wrong in a questionnaire, with its line."""
    from studio_cli.model.form_source import read_form

    desk = desk_of(ctx)
    source = read_text(form) if _is_file(form) else forms.source_of(desk.studio, form)
    what = "stdin" if form == "-" else form
    found, mistakes = read_form(Path(what).stem, source)
    if as_json:
        listed = [{"line": one.line, "message": one.text} for one in mistakes]
        count = len(found.fields) if found else None
        desk.json({"form": what, "fine": not mistakes, "questions": count, "mistakes": listed})
    else:
        for one in mistakes:
            desk.data(shown(one.at(what)))
        if found:
            desk.data(shown(f"{what} is fine: {_count(found)}."))
    if mistakes:
        raise typer.Exit(WrongUsage.exit_code)


@app.command("edit", epilog=example("studio form edit family", "studio form edit family --file family.toml"))
def edit(
    ctx: typer.Context,
    name: FormRef,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="FORM.toml", help="Its new text, instead of an editor; - reads stdin."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change a questionnaire in your editor ($VISUAL, $EDITOR), for the sessions set up from now on."""
    desk = desk_of(ctx)
    if file is None:
        edited = _edit_in_editor(desk, name)
    else:
        with _naming(desk, file, as_json):
            edited = forms.edit(desk.studio, name, read_text(file))
    if as_json:
        changes = {"changed": edited.changed, "pending_sessions": list(edited.keeping)}
        desk.json(edited.form.as_json() | changes)
    elif desk.on_terminal and edited.changed:
        desk.data(f"Form {name} is changed: {_count(edited.form)}.")
    elif not desk.on_terminal:
        _line(desk, edited.form)
    _tell(desk, edited)


def _is_file(form: str) -> bool:
    """Return whether a file is meant: a form's short name has no dot and no slash."""
    with contextlib.suppress(OSError):  # longer than any file's name
        return form == "-" or "." in form or "/" in form or Path(form).is_file()
    return False


def _edit_in_editor(desk: Desk, name: str) -> Edited:
    before = forms.source_of(desk.studio, name)
    if not desk.may_ask:
        raise WrongUsage(
            "An editor needs a terminal.", hint=f"Or give the new text: studio form edit {name} --file FILE"
        )
    from studio_cli.cli.editor import edit_until_right, not_lost

    file = f"{name}.toml"
    typed = edit_until_right(desk, before, ".toml", lambda text: _mistakes(file, text))
    if typed is None:
        return Edited(forms.find(desk.studio, name), changed=False)
    with not_lost(desk, typed, ".toml"):
        return forms.edit(desk.studio, name, typed, before=before)


def _mistakes(file: str, source: str) -> list[str]:
    from studio_cli.model.form_source import read_form

    return [one.at(file) for one in read_form("", source)[1]]


def _tell(desk: Desk, edited: Edited) -> None:
    """Say what an edit did not do."""
    if not edited.changed:
        desk.say("Nothing was changed.")
    if edited.keeping:
        listed = ", ".join(map(str, edited.keeping))
        which = (
            f"Session {listed} is pending and keeps"
            if len(edited.keeping) == 1
            else f"Sessions {listed} are pending and keep"
        )
        desk.say(f"{which} the questions from before. To ask the new ones:")
        desk.say(f"  studio session edit {edited.keeping[0]} --refresh-documents")


def _show_page(desk: Desk, form: Form, out: str | None) -> None:
    open_page(desk, _page(desk, form), form.name, out)


def _page(desk: Desk, form: Form) -> str:
    """Return a questionnaire as clients see it."""
    from studio_cli.web.preview import questionnaire

    settings = desk.studio.settings
    return questionnaire(form, settings, desk.studio.now().to_tz(settings.zone).date())


def _count(form: Form) -> str:
    return f"{len(form.fields)} question{'s' if len(form.fields) > 1 else ''}"


def _line(desk: Desk, form: Form) -> None:
    desk.lines([[column.plain(form) for column in columns.FORM]])


@contextlib.contextmanager
def _naming(desk: Desk, file: str, as_json: bool) -> Iterator[None]:
    """Name the file in what is said about its mistakes; one that has several gets a line for each."""
    from studio_cli.model.form_source import WrongForm

    try:
        yield
    except WrongForm as wrong:
        what = "stdin" if file == "-" else file
        if len(wrong.mistakes) > 1 and not as_json:
            for one in wrong.mistakes:
                desk.say(shown(one.at(what)))
        raise WrongForm(wrong.mistakes, what) from None
