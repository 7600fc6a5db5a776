"""``studio serve-link``: the clients' door, links only."""

import contextlib
import json
from typing import Annotated

import typer

from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.cli import columns
from studio_cli.cli.desk import Desk
from studio_cli.cli.door import Host, Port, PublicUrl, TrustedProxy, check_proxy, link_base, serve
from studio_cli.cli.link import show_qr
from studio_cli.cli.params import desk_of, example
from studio_cli.cli.session_card import show_session
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.session import Session
from studio_cli.model.settings import DEFAULT_PORT

app = typer.Typer()


@app.command(
    "serve-link",
    epilog=example(
        "studio serve-link",
        "studio serve-link 12 --once",
        "studio serve-link --host 127.0.0.1 --port 8080",
        "studio serve-link --public-url https://book.example.com --trusted-proxy 127.0.0.1",
    ),
)
def serve_link(
    ctx: typer.Context,
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="[SESSION]", help="Make a link of this session and show it.", show_default=False
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when that session is confirmed.")] = False,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    public_url: PublicUrl = None,
    trusted_proxy: TrustedProxy = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write where it serves, and the link, as one JSON line.")
    ] = False,
) -> None:
    """Serve every open link, so that clients can complete their bookings. Ctrl-C ends it."""
    from studio_cli.web.server import address_of, bind

    desk = desk_of(ctx)
    if once and session is None:
        raise WrongUsage("--once needs a session.", hint="For example: studio serve-link 12 --once")
    studio = desk.studio
    shared = sessions.find(studio, session) if session else None
    check_proxy(studio, trusted_proxy)
    listening = bind(host, port)
    with contextlib.closing(listening):
        here = address_of(listening, host)
        base = link_base(studio, here, public_url, chosen=port != 0)
        if not as_json:
            desk.data(here if not desk.on_terminal else f"Serving your clients' links on {here}")
        link = _share(desk, shared, base) if shared else None
        if as_json:
            desk.data(json.dumps({"address": here, "session": shared and shared.id, "link": link}))
        elif link:
            _show(desk, link)
        desk.stdout.flush()
        watched = shared.id if shared and once else None
        serve(desk, listening, base, trusted_proxy, watched=watched)
    _farewell(desk, watched, as_json)


def _share(desk: Desk, session: Session, base: str) -> str | None:
    """Make a link of the session and return it; nothing to make when it is confirmed already."""
    if session.status == "confirmed":
        desk.say(f"Session {session.id} is confirmed already.")
        return None
    return shares.share(desk.studio, str(session.id), "direct", base).link


def _show(desk: Desk, link: str) -> None:
    desk.data(link)
    if desk.on_terminal:
        show_qr(desk, link)


def _farewell(desk: Desk, watched: int | None, as_json: bool) -> None:
    if watched is None:
        desk.say("Stopped.")
        return
    session = sessions.get(desk.studio, watched)
    if desk.on_terminal and not as_json:
        show_session(desk, session)
    elif not as_json:
        desk.lines([[column.plain(session) for column in columns.SESSION]])
    if session.status == "confirmed":
        desk.say(f"Session {session.id} is Confirmed.")
        return
    if session.status == "pending":  # only an interruption ends the waiting before the session has changed
        desk.leave(f"Stopped. Session {session.id} is still {session.status}.", 130)
    raise Refused(
        f"Session {session.id} is {session.status}: there is nothing to wait for.",
        hint=f"What happened: studio session history {session.id}",
        code="wrong_status",
    )
