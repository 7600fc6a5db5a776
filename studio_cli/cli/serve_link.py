"""``studio serve-link``: the clients' door, links only."""

import contextlib
import json
import threading
import time
from typing import Annotated

import typer

from studio_cli.booking import connection as connections
from studio_cli.booking import mail
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking import sync as syncing
from studio_cli.booking.studio import Studio, open_studio, remember_address
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.link import show_qr
from studio_cli.cli.params import desk_of, example
from studio_cli.errors import Refused, StudioError, WrongUsage
from studio_cli.model.calendar import Calendar, CalendarUnreadable
from studio_cli.model.session import Session
from studio_cli.model.settings import DEFAULT_PORT, check_proxies, check_public_url, is_local
from studio_cli.model.text import shown

app = typer.Typer()

UPKEEP_SECONDS = 60


@app.command(
    "serve-link",
    epilog=example(
        "studio serve-link",
        "studio serve-link 12 --once",
        "studio serve-link --port 0",
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
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")
    ] = DEFAULT_PORT,
    public_url: Annotated[
        str | None,
        typer.Option("--public-url", metavar="URL", help="The address clients open, when it is another one."),
    ] = None,
    trusted_proxy: Annotated[
        str | None,
        typer.Option(
            "--trusted-proxy",
            metavar="ADDRESS",
            help="The proxy in front of it, whose X-Forwarded-For says who asks.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write where it serves, and the link, as one JSON line.")
    ] = False,
) -> None:
    """Serve every open link, so that clients can complete their bookings. Ctrl-C ends it."""
    from studio_cli.web.proxies import Proxies
    from studio_cli.web.server import Door, address_of, bind, end_on_terminate

    desk = desk_of(ctx)
    if once and session is None:
        raise WrongUsage("--once needs a session.", hint="For example: studio serve-link 12 --once")
    studio = desk.studio
    trusted = studio.settings.get("web.trusted_proxy") if trusted_proxy is None else trusted_proxy
    proxies = Proxies.named(None if trusted is None else check_proxies(trusted))
    shared = sessions.find(studio, session) if session else None
    listening = bind(host, port)
    with contextlib.closing(listening):
        here = address_of(listening, host)
        link_base = _link_base(studio, here, public_url, chosen=port != 0)
        if not as_json:
            desk.data(here if not desk.on_terminal else f"Serving your clients' links on {here}")
        link = _share(desk, shared, link_base) if shared else None
        if as_json:
            desk.data(json.dumps({"address": here, "session": shared and shared.id, "link": link}))
        elif link:
            _show(desk, link)
        desk.stdout.flush()
        _say_how_clients_pay(desk)
        desk.say("Ctrl-C ends it.")
        end_on_terminate()
        # A person sees what their clients do; a log has requests without names, answers or tokens.
        for_people = desk.stderr.isatty()
        log = _quiet if for_people else desk.say
        door = Door(
            listening,
            desk.path,
            desk.clock,
            log,
            link_base=link_base,
            proxies=proxies,
            mailer=desk.mailer,
            provider=desk.provider,
        )
        news, upkeep = News(desk, desk.studio, aloud=for_people), Upkeep(desk)
        calendars = CalendarRefresh(desk)
        watched = shared.id if shared and once else None
        door.serve(lambda: upkeep.look() or calendars.look() or news.look(watched))
    _farewell(desk, watched, as_json)


def _link_base(studio: Studio, here: str, public_url: str | None, *, chosen: bool) -> str:
    """Return the address that links begin with, and remember it for links made elsewhere meanwhile.

    A port that nobody chose is nothing to send a client later, and this machine no better than elsewhere.
    """
    base = check_public_url(public_url) if public_url else None
    if base or (chosen and is_local(studio.settings.link_base)):
        remember_address(studio, base or here)
    return base or studio.settings.get("web.public_url") or here


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


def _say_how_clients_pay(desk: Desk) -> None:
    if desk.studio.settings["payment.provider"] != "stripe":
        return
    provider = desk.provider()
    if provider is None:
        desk.say(
            "There is no key for Stripe: clients read your instructions (studio config secret stripe.key)."
        )
    else:
        desk.say_mode(provider)


class Upkeep:
    """What is done now and then while the door is open, by a thread of its own: nobody waits for a slow server.

    It asks about payments of which nobody told (a client who paid need not come back), and sends mails again that
    a server did not take.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._next = desk, 0.0
        self._work: threading.Thread | None = None

    def look(self) -> bool:
        """Begin if it is time to; return False: this is never what the door waits for."""
        if time.monotonic() >= self._next and not (self._work and self._work.is_alive()):
            self._next = time.monotonic() + UPKEEP_SECONDS
            self._work = threading.Thread(target=self._do, daemon=True)
            self._work.start()
        return False

    def _do(self) -> None:
        desk = self._desk
        with contextlib.suppress(StudioError):
            studio = open_studio(desk.path, desk.clock)
            with contextlib.closing(studio.file):
                syncing.sync_if_stale(studio, desk.provider(studio, hurried=True))
                mail.send_written(studio, desk.mailer(studio), retry=True)


class CalendarRefresh:
    """Keeps up with the owner's calendars: one after the other, in a thread that nobody waits for."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._next, self._thread = desk, 0.0, threading.Thread()

    def look(self) -> bool:
        """Begin if it is time to and nothing is going on; return False: this is never what the door waits for."""
        if time.monotonic() >= self._next and not self._thread.is_alive():
            self._next = time.monotonic() + UPKEEP_SECONDS
            self._thread = threading.Thread(target=self._refresh, daemon=True)
            self._thread.start()
        return False

    def _refresh(self) -> None:
        try:
            studio = open_studio(self._desk.path, self._desk.clock)
            with contextlib.closing(studio.file):
                for calendar in connections.due(studio):
                    self._sync(studio, calendar)
        except Exception as trouble:  # the file is busy, say: a minute later is soon enough
            code = trouble.code if isinstance(trouble, StudioError) else type(trouble).__name__
            self._desk.say(f"calendars: {code}")

    def _sync(self, studio: Studio, calendar: Calendar) -> None:
        try:
            connections.sync(studio, calendar, self._desk.calendar_source(calendar, studio))
        except CalendarUnreadable as trouble:
            self._desk.say(shown(trouble.message))


NEWS = {
    "review done": "{client} has reviewed the details of session {session_id}, {title}.",
    "questionnaire done": "{client} has answered the questions for session {session_id}, {title}.",
    "contract done": "{client} has signed the contract for session {session_id}, {title}.",
    "payment announced": "{client} says that the payment for session {session_id}, {title}, is on its way.",
    "checkout opened": "{client} is on the way to pay for session {session_id}, {title}.",
    "payment recorded": "{client} has paid for session {session_id}, {title}.",
    "session confirmed": "Session {session_id}, {title} with {client}, is Confirmed.",
}
"""What a client's lines of the history sound like, said as they happen."""


class News:
    """Says what clients do while the door is open, and notices when the watched session is confirmed."""

    def __init__(self, desk: Desk, studio: Studio, *, aloud: bool) -> None:
        self._desk, self._studio, self._aloud = desk, studio, aloud
        self._seen = sessions.newest_event(studio)

    def look(self, watched: int | None) -> bool:
        """Tell what is new; return whether the watched session waits for nothing any more."""
        for event in sessions.client_events(self._studio, self._seen):
            self._seen = event.number
            if self._aloud and event.kind in NEWS:
                title, client = shown(event.title), shown(event.client)
                self._desk.say(
                    NEWS[event.kind].format(session_id=event.session_id, title=title, client=client)
                )
        if watched is None:
            return False
        return sessions.get(self._studio, watched).status != "pending"


def _quiet(line: str) -> None:
    """Say nothing."""


def _farewell(desk: Desk, watched: int | None, as_json: bool) -> None:
    if watched is None:
        desk.say("Stopped.")
        return
    session = sessions.get(desk.studio, watched)
    if desk.on_terminal and not as_json:
        output.show_session(desk, session)
    elif not as_json:
        desk.lines([[column.plain(session) for column in output.SESSION]])
    if session.status == "confirmed":
        desk.say(f"Session {session.id} is Confirmed.")
        return
    if session.status == "pending":  # only an interruption ends the waiting before the session has changed
        desk.leave(f"Stopped. Session {session.id} is still {session.status}.", 130)
    raise Refused(
        f"Session {session.id} is {session.status}: there is nothing to wait for.", code="wrong_status"
    )
