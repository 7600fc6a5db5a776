"""``studio init``."""

from typing import Annotated

import typer

from studio_cli.booking import studio as studios
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.model.text import shown

app = typer.Typer()


@app.command(
    "init",
    epilog=example(
        'studio init --name "Ana Silva Photography" --email ana@example.com --timezone America/Toronto --currency CAD'
    ),
)
def init(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option("--name", help="What clients read as your name.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Where clients reach you.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", metavar="ZONE", help="Your time zone, as America/Toronto; else this machine's."
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CODE", help="What your prices are in, as CAD.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A studio to try things out in: payments are pretended.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a new studio: one file that is yours."""
    desk = desk_of(ctx)
    for flag, value in (("--name", name), ("--email", email), ("--currency", currency)):
        if value is None:
            raise WrongUsage(
                f"{flag} is missing.", hint="studio init --help shows an example.", code="missing"
            )
    assert name is not None and email is not None and currency is not None
    zone = timezone or _this_machines_zone()
    studio = studios.found(
        desk.path, desk.clock, name=name, email=email, timezone=zone, currency=currency, test=test
    )
    settings = studio.settings
    studio.file.close()
    if as_json:
        desk.json(
            {
                "path": str(desk.path),
                "name": settings["studio.name"],
                "timezone": settings.zone,
                "currency": settings.currency,
            }
        )
    elif desk.on_terminal:
        desk.data(f"{shown(settings['studio.name'])} is ready: {desk.path}")
        desk.data(
            f"Time zone {settings.zone}, prices in {settings.currency}, hours Monday to Friday 09:00 to 17:00."
        )
        desk.say('Next: studio type add "Family session" --duration 90m --price 250')
    else:
        desk.lines([[str(desk.path)]])


def _this_machines_zone() -> str:
    from whenever import Instant

    zone = Instant.now().to_system_tz().tz_id
    if not zone:
        raise WrongUsage(
            "--timezone is missing, and this machine does not tell its own.",
            hint="For example: --timezone America/Toronto",
        )
    return zone
