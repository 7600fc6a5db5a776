"""``studio init``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from studio_cli.booking import studio as studios
from studio_cli.booking.trade import TRADES, add_samples, check_trade
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import WrongUsage
from studio_cli.model.availability import DEFAULT_HOURS, Hours, day_name, parse_week
from studio_cli.model.text import shown
from studio_cli.store import availability as hours_store
from studio_cli.store import session_type as type_store
from studio_cli.store.database import already_there

app = typer.Typer()


@app.command(
    "init",
    epilog=example(
        'studio init --name "Ana Silva Photography" --email ana@example.com --timezone America/Toronto --currency CAD',
        'studio init --samples photographer --hours "tue-fri 10:00-18:00; sat 10:00-14:00"',
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
    hours: Annotated[
        str | None,
        typer.Option(
            "--hours", metavar="HOURS", help='Your week: "mon-fri 09:00-17:00; sat 10:00-14:00"; off.'
        ),
    ] = None,
    samples: Annotated[
        str | None,
        typer.Option(
            "--samples", metavar="TRADE", help=f"Begin with session types of a trade: {', '.join(TRADES)}."
        ),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A studio to try things out in: payments are pretended.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a new studio: one file that is yours. On a terminal what is missing is asked for."""
    desk = desk_of(ctx)
    if desk.path.exists():
        raise already_there(desk.path)
    if None in (name, email, currency) and desk.may_guide and not as_json:
        from studio_cli.cli.guided import init as guided

        guided.run(ctx, init, this_machines_zone())
        return
    for flag, value in (("--name", name), ("--email", email), ("--currency", currency)):
        if value is None:
            raise WrongUsage(
                f"{flag} is missing.", hint="studio init --help shows an example.", code="missing"
            )
    assert name is not None and email is not None and currency is not None
    zone = timezone or _zone_needed()
    week = parse_week(hours) if hours is not None else DEFAULT_HOURS
    trade = check_trade(samples) if samples is not None else None
    studio = studios.found(
        desk.path, desk.clock, name=name, email=email, timezone=zone, currency=currency, test=test, week=week,
        furnish=(lambda studio: add_samples(studio, trade)) if trade else None,
    )  # fmt: skip
    settings, kept = studio.settings, studio.file
    hours_words = _week_words(hours_store.weekly_hours(kept))
    offers = [offer.slug for offer in type_store.listed(kept)]
    kept.close()
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
        desk.data(f"Time zone {settings.zone}, prices in {settings.currency}, {hours_words}.")
        _say_next(desk, offers)
    else:
        desk.lines([[str(desk.path)]])


def _week_words(week: Sequence[Hours]) -> str:
    if tuple(week) == DEFAULT_HOURS:
        return "hours Monday to Friday 09:00 to 17:00"
    days = dict.fromkeys(day_name(stretch.weekday) for stretch in week)
    return f"hours on {', '.join(days)}" if days else "no hours yet"


def _say_next(desk: Desk, offers: Sequence[str]) -> None:
    if not offers:
        desk.say('Next: studio type add "Family session" --duration 90m --price 250')
        return
    desk.say(f"Session types: {', '.join(offers)}; free until you say a price.")
    desk.say(f"Next: studio type edit {offers[0]} --price 100, then studio session new")


def this_machines_zone() -> str | None:
    """Return this machine's time zone, if it tells."""
    from whenever import SYSTEM_TZ, Instant

    return Instant.now().to_tz(SYSTEM_TZ).tz_id


def _zone_needed() -> str:
    zone = this_machines_zone()
    if not zone:
        raise WrongUsage(
            "--timezone is missing, and this machine does not tell its own.",
            hint="For example: --timezone America/Toronto",
        )
    return zone
