"""What ``serve-link`` and ``serve`` have in common: the options, the door, its upkeep, and news of what clients do."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Annotated

import typer

from studio_cli.booking import connection as connections
from studio_cli.booking import mail, stale, waiting
from studio_cli.booking import session as sessions
from studio_cli.booking import sync as syncing
from studio_cli.booking.studio import Studio, open_studio, remember_address
from studio_cli.cli.desk import Desk
from studio_cli.errors import StudioError
from studio_cli.model.calendar import Calendar, CalendarUnreadable
from studio_cli.model.settings import check_proxies, check_public_url, is_local
from studio_cli.model.text import shown

UPKEEP_SECONDS = 60

Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")]
PublicUrl = Annotated[
    str | None,
    typer.Option("--public-url", metavar="URL", help="The address clients open, when it is another one."),
]
TrustedProxy = Annotated[
    str | None,
    typer.Option(
        "--trusted-proxy",
        metavar="ADDRESS",
        help="The proxy in front of it, whose X-Forwarded-For says who asks.",
    ),
]


def serve(
    desk: Desk,
    listening: socket.socket,
    base: str,
    trusted_proxy: str | None,
    *,
    site: bool = False,
    watched: int | None = None,
) -> None:
    """Serve the links, and with ``site`` the booking site, until interrupted or until a session waits for nothing."""
    from studio_cli.web.proxies import Proxies
    from studio_cli.web.server import Door, end_on_terminate

    proxies = Proxies.named(check_proxy(desk.studio, trusted_proxy))
    _say_how_clients_pay(desk)
    desk.say("Ctrl-C ends it.")
    end_on_terminate()
    # A person sees what their clients do; a log has requests without names, answers or tokens.
    for_people = desk.stderr.isatty()
    door = Door(
        listening,
        desk.path,
        desk.clock,
        _quiet if for_people else desk.say,
        link_base=base,
        proxies=proxies,
        mailer=desk.mailer,
        provider=desk.provider,
        site=site,
    )
    acts, upkeep = Acts(desk, desk.studio, aloud=for_people), Upkeep(desk)
    calendars = CalendarRefresh(desk)
    door.serve(lambda: upkeep.look() or calendars.look() or acts.look(watched))


def check_proxy(studio: Studio, typed: str | None) -> str | None:
    """Return the proxies that are believed: those that were typed, else those of the settings."""
    named = studio.settings.get("web.trusted_proxy") if typed is None else typed
    return None if named is None else check_proxies(named)


def link_base(studio: Studio, here: str, public_url: str | None, *, chosen: bool) -> str:
    """Return the address that links begin with, and remember it for links made elsewhere meanwhile.

    A port that nobody chose is nothing to send a client later, and this machine no better than elsewhere.
    """
    base = check_public_url(public_url) if public_url else None
    if base or (chosen and is_local(studio.settings.link_base)):
        remember_address(studio, base or here)
    return base or studio.settings.get("web.public_url") or here


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

    It asks about payments of which nobody told (a client who paid need not come back), tells who waits for a time that
    has come free, and sends mails again that a server did not take.
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
        self._try("payments", lambda studio: self._ask(studio))
        self._try("mail", lambda studio: self._send(studio))

    def _try(self, what: str, work: Callable[[Studio], None]) -> None:
        """Do one of them: what is wrong with it keeps the other from nothing, and is said by its name alone."""
        try:
            studio = open_studio(self._desk.path, self._desk.clock)
            with contextlib.closing(studio.file):
                work(studio)
        except Exception as trouble:
            code = trouble.code if isinstance(trouble, StudioError) else type(trouble).__name__
            self._desk.say(f"{what}: {code}")

    def _ask(self, studio: Studio) -> None:
        if stale.anything_stale(studio):
            syncing.sync_if_stale(studio, self._desk.provider(studio, hurried=True))

    def _send(self, studio: Studio) -> None:
        with studio.file.atomic():
            studio.settle(studio.now())
        waiting.look(studio)
        mail.send_written(studio, self._desk.mailer(studio), retry=True)


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
    "session picked": "{client} has picked a time for session {session_id}, {title}, on your site.",
    "session asked for": "{client} asks for session {session_id}, {title}, on your site.",
    "review done": "{client} has reviewed the details of session {session_id}, {title}.",
    "questionnaire done": "{client} has answered the questions for session {session_id}, {title}.",
    "contract done": "{client} has signed the contract for session {session_id}, {title}.",
    "payment announced": "{client} says that the payment for session {session_id}, {title}, is on its way.",
    "checkout opened": "{client} is on the way to pay for session {session_id}, {title}.",
    "payment recorded": "{client} has paid for session {session_id}, {title}.",
    "time agreed": "{client} takes the time that you proposed for session {session_id}, {title}.",
    "session moved": "{client} has moved session {session_id}, {title}.",
    "session canceled": "{client} has canceled session {session_id}, {title}.",
    "session confirmed": "Session {session_id}, {title} with {client}, is Confirmed.",
}
"""What a client's lines of the history sound like, said as they happen."""


class Acts:
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
