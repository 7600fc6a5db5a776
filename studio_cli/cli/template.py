"""``studio template``: the words of the studio's mails."""

from collections.abc import Sequence
from typing import Annotated

import typer

from studio_cli.booking import template as templates
from studio_cli.booking.template import Template
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.output import Column
from studio_cli.cli.params import Json, Yes, desk_of, example
from studio_cli.cli.text_file import read_text, write_text
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.message import KINDS, Letter
from studio_cli.model.template import PARTS, every_variable
from studio_cli.model.text import shown
from studio_cli.templates import Mistake

app = typer.Typer()

Kind = Annotated[
    str, typer.Argument(metavar="MAIL", help="Which mail: share, confirmed, …", show_default=False)
]
AnyKind = Annotated[
    str | None,
    typer.Argument(metavar="[MAIL]", help="Which mail; else all of yours.", show_default=False),
]
Checked = list[tuple[Template, list[Mistake]]]
InLanguage = Annotated[
    str | None,
    typer.Option("--language", metavar="LANG", help="en, de, es, fr or pt; else the studio's."),
]


def _words(row: tuple[Template, list[Mistake]]) -> str:
    template = row[0]
    return f"yours ({template.language})" if template.own is not None else "as shipped"


_COLUMNS = (
    Column("Mail", lambda row: row[0].kind, lambda row: row[0].kind, name="template"),
    Column("Language", lambda row: row[0].language),
    Column("Words", lambda row: "yours" if row[0].own is not None else "shipped", _words),
    Column("Newly shipped", lambda row: "newly shipped" if row[0].newly_shipped else ""),
    Column("Mistakes", lambda row: str(len(row[1]))),
    Column("Says", lambda row: KINDS[row[0].kind].about, lambda row: KINDS[row[0].kind].about, name="about"),
)


@app.command(
    "list", cls=lists(_COLUMNS), epilog=example("studio template list", "studio template list --json")
)
def list_(ctx: typer.Context) -> None:
    """List the mails, which of them are in your own words, and whether something is wrong with those."""
    desk, look = desk_of(ctx), listing_of(ctx)
    rows = [(one, templates.check_used(desk.studio, one)) for one in templates.listed(desk.studio)]
    output.show_as(desk, look, _COLUMNS, rows, json=_document, empty="")
    if look.as_json or look.as_csv or not desk.on_terminal:
        return
    for template, mistakes in rows:
        _say_what_is_wrong(desk, template, mistakes)
    for name in templates.strangers(desk.studio):
        desk.say(f"{shown(name)} is the template of no mail: it is never used.")
    desk.say("Make one your own: studio template edit share")


def _say_what_is_wrong(desk: Desk, template: Template, mistakes: Sequence[Mistake]) -> None:
    name = f"{template.kind} ({template.language})"
    if mistakes:
        desk.say(f"Your {name} is not used, but the shipped one: {shown(_said(mistakes[0]))}")
    if template.newly_shipped:
        desk.say(f"The shipped {name} has changed: studio template diff {template.kind}")


def _document(row: tuple[Template, list[Mistake]]) -> dict[str, object]:
    return row[0].as_json() | {"mistakes": _listed(row[1])}


@app.command(
    "show",
    epilog=example(
        "studio template show share",
        "studio template show share --variables",
        "studio template show share --language pt --shipped > share.md",
    ),
)
def show(
    ctx: typer.Context,
    mail: Kind,
    language: InLanguage = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="The one that comes with the program.")] = False,
    variables: Annotated[
        bool, typer.Option("--variables", help="All that can stand in braces, each with an example.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the template of a mail, yours or the shipped one, or what can stand in it."""
    desk = desk_of(ctx)
    template = templates.find(desk.studio, mail, language)
    source = template.shipped if shipped else template.source
    if as_json:
        desk.json(template.as_json() | {"source": source, "variables": _variables(), "parts": _parts()})
    elif variables:
        _show_variables(desk)
    else:
        desk.text(source.removesuffix("\n"))


def _variables() -> list[dict[str, str]]:
    return [{"name": name, "about": one.about, "example": one.example} for name, one in every_variable()]


def _parts() -> list[dict[str, str]]:
    return [{"name": name, "about": one.about, "example": one.example} for name, one in PARTS.items()]


def _show_variables(desk: Desk) -> None:
    rows = _variables()
    parts = [{"name": row["example"], "about": row["about"], "example": ""} for row in _parts()]
    columns = [_column("Word", "name"), _column("It is", "about"), _column("For example", "example")]
    if not desk.on_terminal:
        desk.lines([output.line(columns, row) for row in [*rows, *parts]])
        return
    output.show_section(desk, "In double braces, as in Hello {{ client.name }}", columns, rows)
    output.show_section(desk, "Parts of a mail", [_column("Write", "name"), columns[1]], parts)
    desk.say("What does not apply is empty: {% if session.location %} … {% endif %} leaves words out.")


def _column(title: str, name: str) -> Column:
    def cell(row: dict[str, str]) -> str:
        return row[name].replace("\n", " ")

    return Column(title, cell, cell)


@app.command(
    "edit",
    epilog=example(
        "studio template edit share",
        "studio template edit share --language pt",
        "studio template edit share --file share.md",
    ),
)
def edit(
    ctx: typer.Context,
    mail: Kind,
    language: InLanguage = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE.md", help="Its new text, instead of an editor; - reads stdin."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a mail into your own words, in your editor or from a file. Mails in other languages stay as they are."""
    desk = desk_of(ctx)
    before = templates.find(desk.studio, mail, language)
    template, changed = _from_editor(desk, before) if file is None else _from_file(desk, before, file)
    if as_json:
        desk.json(template.as_json() | {"changed": changed, "source": template.source})
    elif not desk.on_terminal:
        desk.lines([output.line(_COLUMNS, (template, []))])
    else:
        _tell_changed(desk, template, changed)


def _from_file(desk: Desk, before: Template, file: str) -> tuple[Template, bool]:
    return templates.edit(desk.studio, before, read_text(file).replace("\r\n", "\n"))


def _from_editor(desk: Desk, before: Template) -> tuple[Template, bool]:
    if not desk.may_ask:
        raise WrongUsage(
            "An editor needs a terminal.",
            hint=f"Or give the new text: studio template edit {before.kind} --file FILE",
        )
    from studio_cli.cli.editor import edit_until_right, not_lost

    spoken = templates.language_for(desk.studio, before.language)

    def mistakes(text: str) -> list[str]:
        return [_said(one) for one in templates.check(desk.studio, before.kind, spoken, text)]

    typed = edit_until_right(desk, before.source, ".md", mistakes)
    if typed is None:
        return before, False
    with not_lost(desk, typed, ".md"):
        return templates.edit(desk.studio, before, typed)


def _tell_changed(desk: Desk, template: Template, changed: bool) -> None:
    if not changed:
        desk.data(f"The template {template.kind} ({template.language}) is as it was.")
        return
    desk.data(f"The template {template.kind} ({template.language}) is in your words now: {template.path}")
    option = f" --language {template.language}" if _other(desk, template) else ""
    desk.say(f"See it: studio template preview {template.kind}{option} --open")
    if template.newly_shipped:
        desk.say(f"The shipped one has changed: studio template diff {template.kind}{option}")


def _other(desk: Desk, template: Template) -> bool:
    return template.language != templates.language_for(desk.studio, None).code


@app.command(
    "check",
    epilog=example(
        "studio template check", "studio template check share", "studio template check share --file share.md"
    ),
)
def check(
    ctx: typer.Context,
    mail: AnyKind = None,
    language: InLanguage = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE.md", help="A text that is not in use yet; - for stdin."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for mistakes in your templates, by line: what they cannot say, and what goes wrong with sample sessions."""
    desk = desk_of(ctx)
    found = _checked_file(desk, mail, language, file) if file else _checked(desk, mail, language)
    if as_json:
        desk.json(
            [
                {**template.as_json(), "fine": not mistakes, "mistakes": _listed(mistakes)}
                for template, mistakes in found
            ]
        )
    else:
        _show_checked(desk, found, file)
    if any(mistakes for _, mistakes in found):
        raise typer.Exit(Refused.exit_code)


def _checked_file(desk: Desk, mail: str | None, language: str | None, file: str) -> Checked:
    if mail is None:
        raise WrongUsage("Which mail is it for?", hint="For example: studio template check share --file FILE")
    template = templates.find(desk.studio, mail, language)
    spoken = templates.language_for(desk.studio, language)
    return [(template, templates.check(desk.studio, mail, spoken, read_text(file)))]


def _checked(desk: Desk, mail: str | None, language: str | None) -> Checked:
    return [
        (one, templates.check_used(desk.studio, one)) for one in templates.owned(desk.studio, mail, language)
    ]


def _show_checked(desk: Desk, found: Checked, file: str | None) -> None:
    for template, mistakes in found:
        name = shown(file or template.path.name)
        for mistake in mistakes:
            desk.data(f"{name}:{mistake.line}: {shown(mistake.message)}")
        if not mistakes:
            desk.data(f"{name} is fine.")
    if not found:
        desk.say("Nothing to check: these mails are as shipped.")


def _listed(mistakes: Sequence[Mistake]) -> list[dict[str, object]]:
    return [mistake.as_json() for mistake in mistakes]


def _said(mistake: Mistake) -> str:
    return f"line {mistake.line}: {mistake.message}"


@app.command(
    "preview",
    epilog=example(
        "studio template preview share",
        "studio template preview confirmed --session 12 --open",
        "studio template preview share --language pt --html share.html",
    ),
)
def preview(
    ctx: typer.Context,
    mail: Kind,
    session: Annotated[
        str | None,
        typer.Option("--session", metavar="SESSION", help="Its number, or last; else a made-up one."),
    ] = None,
    language: InLanguage = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE.html", help="Write the HTML there; - for stdout.")
    ] = None,
    browse: Annotated[bool, typer.Option("--open", help="Look at it in your browser.")] = False,
    as_json: Json = False,
) -> None:
    """Show a mail as its reader would see it. Nothing is sent or kept."""
    desk = desk_of(ctx)
    letter, trouble = templates.preview(desk.studio, mail, language, session)
    if as_json:
        letter = letter.with_link(_sample_link(desk))
        if html and html != "-":
            write_text(html, letter.html)
        found = {"subject": letter.subject, "text": letter.text, "html": letter.html, "trouble": trouble}
        desk.json({"template": mail, **found})
        return
    if trouble:
        desk.say(f"Your template {mail} cannot be used, so this is the shipped one: {shown(trouble)}")
    _show_letter(desk, letter, mail, html, browse)


def _sample_link(desk: Desk) -> str:
    """Return what stands where the client's own link will be."""
    return f"{desk.studio.settings.link_base}/s/…"


def _show_letter(desk: Desk, letter: Letter, mail: str, html: str | None, browse: bool) -> None:
    page = letter.with_link(_sample_link(desk)).html
    if html == "-":
        desk.data(page)
    elif html:
        desk.data(str(write_text(html, page)))
    elif browse:
        from studio_cli.cli.browser import open_page

        open_page(desk, page, mail)
    else:
        text = letter.with_link("[the client's link]").text
        desk.text(f"Subject: {letter.subject}\n\n{text.rstrip()}")


@app.command(
    "diff",
    epilog=example("studio template diff share", "studio template diff", "studio template diff share --seen"),
)
def diff(
    ctx: typer.Context,
    mail: AnyKind = None,
    language: InLanguage = None,
    seen: Annotated[
        bool,
        typer.Option("--seen", help="I have seen what the new version changed: do not mention it again."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what you changed in your templates, and what a new version changed in the shipped ones since."""
    desk = desk_of(ctx)
    found = templates.owned(desk.studio, mail, language)
    if as_json:
        desk.json([_differences(template) for template in found])
    else:
        for template in found:
            _show_differences(desk, template)
        if not found:
            desk.say("Nothing to compare: these mails are as shipped.")
    for template in found if seen else ():
        templates.mark_seen(desk.studio, template)


def _differences(template: Template) -> dict[str, object]:
    yours, new = templates.differences(template)
    return {**template.as_json(), "yours": "\n".join(yours), "new": "\n".join(new)}


def _show_differences(desk: Desk, template: Template) -> None:
    yours, new = templates.differences(template)
    name = f"{template.kind} ({template.language})"
    for title, lines in (
        (f"What you changed in {name}", yours),
        (f"What the new version changed in {name}", new),
    ):
        if lines:
            _show_diff(desk, title, lines)
    if not yours:
        desk.say(f"{name} says what the shipped one said when you copied it.")
    if new:
        desk.say(f"Take over what you like: studio template edit {template.kind}")
        desk.say(f"Then: studio template diff {template.kind} --seen")


def _show_diff(desk: Desk, title: str, lines: Sequence[str]) -> None:
    if not desk.on_terminal:
        for line in lines:
            desk.data(line)
        return
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    desk.show(Text(f"{title}\n", style="bold underline"))
    for line in lines[2:]:
        desk.show(Text(shown(line), style=styles.get(line[:1], "")))
    desk.show(Text())


@app.command("reset", epilog=example("studio template reset share", "studio template reset share --yes"))
def reset(
    ctx: typer.Context, mail: Kind, language: InLanguage = None, yes: Yes = False, as_json: Json = False
) -> None:
    """Go back to the shipped template. Yours is kept in a file beside it."""
    desk = desk_of(ctx)
    template = templates.find(desk.studio, mail, language)
    if template.own is None:
        if as_json:
            desk.json(template.as_json() | {"kept": None})
        else:
            desk.say(f"The template {mail} ({template.language}) is the shipped one already.")
        return
    desk.agree(f"Go back to the shipped {mail} ({template.language})?", yes=yes)
    kept = templates.reset(desk.studio, template)
    if as_json:
        after = templates.find(desk.studio, mail, language)
        desk.json(after.as_json() | {"kept": str(kept)})
    else:
        desk.data(str(kept))
        desk.say(f"The template {mail} ({template.language}) is the shipped one again. Yours is kept there.")
