"""``studio site``: what the booking site shows, and how it comes into a website of one's own."""

import html
from typing import Annotated

import typer

from studio_cli.booking import session_type as types
from studio_cli.booking import site as sites
from studio_cli.cli import output
from studio_cli.cli.link import Open, show_link
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import Refused
from studio_cli.model.text import shown

app = typer.Typer()


@app.command("show", epilog=example("studio site show", "studio site show --open"))
def show(ctx: typer.Context, browse: Open = False, as_json: Json = False) -> None:
    """Show what is on your booking site, and where it is."""
    desk = desk_of(ctx)
    settings = desk.studio.settings
    base, offered = settings.link_base, sites.offers(desk.studio)
    if as_json:
        desk.json(
            {
                "address": base,
                "words": settings.get("site.words"),
                "indexed": settings["site.indexed"] == "yes",
                "embed": (settings.get("site.embed") or "").split(),
                "types": [
                    {"slug": one.slug, "name": one.name, "link": sites.link_of(one, base)} for one in offered
                ],
            }
        )
        return
    if browse:
        show_link(desk, f"{base}/", browse=True)
        return
    facts = [
        ("Address", base),
        ("Words", settings.get("site.words") or "– (studio config set site.words)"),
        ("Search engines", "may list it" if settings["site.indexed"] == "yes" else "are asked to stay away"),
        ("May stand in", settings.get("site.embed") or "no other website (studio config set site.embed)"),
    ]
    booked = [(shown(one.name), sites.link_of(one, base)) for one in offered]
    nothing = [("To book", "nothing yet: studio type publish TYPE")]
    plain = [("address", base), *((one.slug, sites.link_of(one, base)) for one in offered)]
    output.show_card(desk, "Booking site", [*facts, *(booked or nothing)], plain)


@app.command("embed", epilog=example("studio site embed", "studio site embed family"))
def embed(
    ctx: typer.Context,
    type_: Annotated[
        str | None,
        typer.Argument(
            metavar="[TYPE]", help="Only this session type; else all of them.", show_default=False
        ),
    ] = None,
    height: Annotated[int, typer.Option("--height", min=200, max=5000, help="In pixels.")] = 900,
    as_json: Json = False,
) -> None:
    """Print the line of HTML that puts the booking site into your own website."""
    desk = desk_of(ctx)
    settings = desk.studio.settings
    if not settings.get("site.embed"):
        raise Refused(
            "No website may show your booking site yet.",
            hint="Say which: studio config set site.embed https://www.example.com",
            code="no_embed",
        )
    offer = types.find(desk.studio, type_) if type_ else None
    link = sites.link_of(sites.check_open(offer), settings.link_base) if offer else f"{settings.link_base}/"
    title = f"{offer.name} – {settings['studio.name']}" if offer else settings["studio.name"]
    line = (
        f'<iframe src="{html.escape(link)}" title="{html.escape(title)}" width="100%" height="{height}" '
        'loading="lazy" style="border: 0"></iframe>'
    )
    if as_json:
        desk.json({"html": line, "link": link, "allowed": settings["site.embed"].split()})
    else:
        desk.data(line)
