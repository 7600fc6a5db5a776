"""``studio serve``: the booking site and the clients' links, in one server."""

import contextlib
import json
from typing import Annotated

import typer

from studio_cli.booking import site as sites
from studio_cli.cli.door import Host, Port, PublicUrl, TrustedProxy, check_proxy, link_base, serve
from studio_cli.cli.params import desk_of, example
from studio_cli.model.settings import DEFAULT_PORT

app = typer.Typer()


@app.command(
    "serve",
    epilog=example(
        "studio serve",
        "studio serve --port 0 --json",
        "studio serve --host 127.0.0.1 --port 8080",
        "studio serve --public-url https://book.example.com --trusted-proxy 127.0.0.1",
    ),
)
def serve_site(
    ctx: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    public_url: PublicUrl = None,
    trusted_proxy: TrustedProxy = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write where it serves, as one JSON line.")] = False,
) -> None:
    """Serve your booking site and every open link: clients pick a time and complete it. Ctrl-C ends it."""
    from studio_cli.web.server import address_of, bind

    desk = desk_of(ctx)
    check_proxy(desk.studio, trusted_proxy)
    listening = bind(host, port)
    with contextlib.closing(listening):
        here = address_of(listening, host)
        base = link_base(desk.studio, here, public_url, chosen=port != 0)
        offered = sites.offers(desk.studio)
        if as_json:
            types = [{"slug": one.slug, "link": sites.link_of(one, base)} for one in offered]
            desk.data(json.dumps({"address": here, "site": base, "types": types}))
        else:
            desk.data(f"Serving your booking site on {here}" if desk.on_terminal else here)
        desk.stdout.flush()
        if not offered:
            desk.say("Nothing is published yet, so there is nothing to book: studio type publish TYPE")
        serve(desk, listening, base, trusted_proxy, site=True)
    desk.say("Stopped.")
