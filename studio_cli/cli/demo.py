"""``studio demo``: the whole main job, in a studio that is thrown away."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from studio_cli.booking import demo as demos
from studio_cli.booking import new_session
from studio_cli.booking import session as sessions
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.studio import Studio, remember_address
from studio_cli.cli.desk import Desk
from studio_cli.cli.door import Acts
from studio_cli.cli.link import show_qr
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.cli.session_card import show_session
from studio_cli.errors import StudioError
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import show_short
from studio_cli.store import client as client_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store

if TYPE_CHECKING:
    from studio_cli.web.server import Door

app = typer.Typer()

WHO = "rui@example.com"


@app.command("demo", epilog=example("studio demo", "studio demo --json"))
def demo(ctx: typer.Context, as_json: Json = False) -> None:
    """See a whole booking: a session is set up, shared, completed by its client and Confirmed.

    On a terminal you are the client, in your browser; elsewhere the client is played for you.
    """
    desk = desk_of(ctx)
    with tempfile.TemporaryDirectory(prefix="studio-demo-") as folder:
        studio = demos.furnish(Path(folder) / "studio.db", desk.clock)
        try:
            _Story(desk, studio, as_json).tell()
        finally:
            studio.file.close()


class _Story:
    """The demo, step by step. It speaks on stdout, or with ``--json`` on stderr."""

    def __init__(self, desk: Desk, studio: Studio, as_json: bool) -> None:
        self._desk, self._studio, self._as_json = desk, studio, as_json
        self._speak = desk.say if as_json else desk.data

    def tell(self) -> None:
        """Tell it from the studio to the Confirmed session."""
        from studio_cli.web.server import Door, address_of, bind

        self._introduce()
        listening = bind("127.0.0.1", 0)
        address = address_of(listening, "127.0.0.1")
        remember_address(self._studio, address)
        session, link = self._set_up()
        door = Door(listening, self._studio.file.path, self._desk.clock, lambda line: None, link_base=address)
        self._step("Serve", f"studio serve-link\nThe client's pages are on {address}")
        if self._desk.may_ask and not self._as_json:
            self._wait_for_browser(door, session, link)
        else:
            with door:
                self._play_client(link)
        self._finish(session)

    def _step(self, title: str, words: str) -> None:
        first, *rest = words.split("\n")
        lines = [f"{title:<10} {first}", *(" " * 11 + line for line in rest), ""]
        for line in lines:
            self._speak(line.rstrip())

    def _introduce(self) -> None:
        file = self._studio.file
        counts = (
            f"{len(type_store.listed(file))} session types, {len(client_store.listed(file))} clients and "
            f"{len(session_store.listed(file, self._studio.now()))} sessions"
        )
        name = self._studio.settings["studio.name"]
        self._step("A studio", f"{name}: {counts},\nin one file that is thrown away at the end:\n{file.path}")

    def _set_up(self) -> tuple[Session, str]:
        at = demos.free_time(self._studio, "family", 2)
        done = new_session.set_up(self._studio, Wanted(at=at, type="family", client=WHO, share="direct"))
        session, shared = done.session, done.shared
        assert shared is not None
        assert shared.link is not None
        self._step(
            "Set up",
            f'studio session new --type family --client rui --share link \\\n  --at "{at[:16].replace("T", " ")}"',
        )
        self._state(session)
        self._step("Share", f"The link for {shown(session.client.name)}:\n{shared.link}")
        return session, shared.link

    def _state(self, session: Session) -> None:
        when = show_short(session.starts_at, session.timezone)
        waiting = ", ".join(step.name for step in session.waiting_for) or "nothing"
        what = f"Session {session.id}, {session.title} with {session.client.name}, {when}"
        self._step(session.status.capitalize(), f"{what}\nwaiting for: {waiting}")

    def _wait_for_browser(self, door: "Door", session: Session, link: str) -> None:
        self._desk.data("Now you are the client. Open this link in your browser:")
        self._desk.data(f"\n  {link}\n")
        show_qr(self._desk, link)
        self._desk.data("\nWaiting for you to complete the booking. Ctrl-C ends the demo.")
        news = Acts(self._desk, self._studio, aloud=True)
        if not door.serve(lambda: news.look(session.id)):
            self._desk.leave("\nThe demo is over; nothing of it is left.", 130)

    def _play_client(self, link: str) -> None:
        from studio_cli.web.visitor import walk

        for number, page in enumerate(walk(link)):
            if page.status != 200:
                raise StudioError(f"The client got an error page ({page.status}): {page.heading}")
            does = f"presses “{page.button.strip()}”" if page.action else "has nothing left to do"
            self._step("The client" if not number else "", f"sees “{page.heading.strip()}” and {does}")

    def _finish(self, session: Session) -> None:
        after = sessions.get(self._studio, session.id)
        if after.status != "confirmed":
            raise StudioError(f"The demo's session is {after.status}, not confirmed.")
        self._state(after)
        if self._as_json:
            self._desk.json(after.as_json())
        else:
            show_session(self._desk, after, sessions.answers(self._studio, after))
        if self._desk.on_terminal:
            self._desk.say("\nYour own studio: studio init --help")
