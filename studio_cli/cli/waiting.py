"""``studio waiting``: who waits for a time to come free."""

from typing import Annotated

import typer

from studio_cli.booking import waiting
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.output import Column, same
from studio_cli.cli.params import LARGEST, Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.model.times import rfc3339, show_short
from studio_cli.model.waiting import Waiting

app = typer.Typer()

Type = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="The session type, or the beginning of its name.")
]


def _columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of who waits, with moments in ``zone``."""

    def moment(name: str) -> Column:
        title = {"created_at": "Since", "told_at": "Told", "told_of": "Of", "left_at": "Left"}[name]

        def plain(one: Waiting) -> str:
            at = getattr(one, name)
            return rfc3339(at, zone) if at else ""

        def for_people(one: Waiting) -> str:
            at = getattr(one, name)
            return show_short(at, zone) if at else ""

        return Column(title, plain, for_people, rare=name != "created_at")

    def why(one: Waiting) -> str:
        return one.left_why or ""

    return (
        same("#", lambda one: str(one.id), right=True),
        same("Type", lambda one: one.type.slug or ""),
        same("Client", lambda one: one.client.name),
        Column("Email", lambda one: one.client.email or "", None),
        same("Days", lambda one: str(one.days)),
        moment("created_at"),
        moment("told_at"),
        moment("told_of"),
        moment("left_at"),
        Column("Why", why, why, rare=True),
    )


@app.command(
    "list",
    cls=lists(_columns("UTC")),
    epilog=example("studio waiting list", "studio waiting list --type santa --all"),
)
def list_(
    ctx: typer.Context,
    type_: Type = None,
    everybody: Annotated[bool, typer.Option("--all", help="Also those who wait no more.")] = False,
) -> None:
    """List who waits, in the order in which they are told."""
    desk = desk_of(ctx)
    zone = desk.studio.settings.zone
    output.show_as(
        desk,
        listing_of(ctx),
        _columns(zone),
        waiting.listed(desk.studio, type_, left=everybody),
        json=lambda one: one.as_json(zone),
        empty="Nobody waits for a time. Put somebody on the list: studio waiting add --type santa --client rui",
    )


@app.command(
    "add",
    epilog=example(
        "studio waiting add --type santa --client rui --on 2026-12-12",
        "studio waiting add --type santa --client 2 --on 2026-12-12 --until 2026-12-13",
    ),
)
def add(
    ctx: typer.Context,
    type_: Type = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="Number, address, or the beginning of a name."),
    ] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Only that day; else any.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Any day from --on to this one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a client on the list: they get a mail when a time comes free."""
    desk = desk_of(ctx)
    for flag, value in (("--type", type_), ("--client", client)):
        if not value:
            raise WrongUsage(
                f"{flag} is missing.", hint="For example: --type santa --client rui", code="missing"
            )
    one, new = waiting.add(desk.studio, type_ or "", client or "", on, until)
    _show(desk, one, "waits now" if new else "waits already", as_json)
    if new and not desk.studio.settings.get("mail.host"):
        desk.say("Nobody can be told: no mail server is set. studio config set mail.host smtp.example.com")


@app.command("remove", epilog=example("studio waiting remove 1"))
def remove(
    ctx: typer.Context,
    number: Annotated[
        int,
        typer.Argument(
            metavar="NUMBER", help="As studio waiting list shows it.", max=LARGEST, show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Take somebody off the list. They are not told that."""
    desk = desk_of(ctx)
    one, gone = waiting.remove(desk.studio, number)
    _show(desk, one, "waits no more" if gone else "did not wait any more", as_json)


def _show(desk: Desk, one: Waiting, words: str, as_json: bool) -> None:
    zone = desk.studio.settings.zone
    if as_json:
        desk.json(one.as_json(zone))
    elif desk.on_terminal:
        desk.data(f"{one.client.name} {words} ({one.type.name}, {one.days}).")
    else:
        desk.lines([output.line(_columns(zone), one)])
