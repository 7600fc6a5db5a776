"""The owner's desk: streams, flags, clock and the open studio, made once per command and passed to it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TextIO

from whenever import Instant

from studio_cli import config
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.errors import OutsideFailed, WrongUsage
from studio_cli.model.settings import CALENDAR_PASSWORD, STUDIO_ID, login_name
from studio_cli.model.text import shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from studio_cli.booking.checkout import Provider
    from studio_cli.booking.subscription import Source
    from studio_cli.model.calendar import Calendar
    from studio_cli.model.settings import Settings
    from studio_cli.outside.smtp import SmtpServer


LEAST_COLUMNS = 56
"""Where there are fewer, the terminal breaks the lines."""
Reader = Literal["script", "viewer", "listener"]
"""Who reads what a command writes: a program, somebody at a terminal, somebody who has it read out."""


class Desk:
    """Everything a command needs of the world around it. Heavy parts are made when they are first used."""

    def __init__(
        self,
        *,
        db: str | None = None,
        no_input: bool = False,
        no_color: bool = False,
        no_pager: bool = False,
        plain: bool = False,
        environ: Mapping[str, str] = os.environ,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.environ = environ
        self.no_input = no_input
        self.no_color = no_color
        self.no_pager = no_pager
        self.plain = plain
        self.stdin, self.stdout, self.stderr = stdin or sys.stdin, stdout or sys.stdout, stderr or sys.stderr
        self.db = db
        self._studio: Studio | None = None
        self.exit_code = 0

    # ── the studio ───────────────────────────────────────────────────────────────────────────────

    @property
    def named_file(self) -> str | None:
        """The file that ``--db`` names, as it was typed."""
        return self.db

    @property
    def path(self) -> Path:
        """The studio's file, whether or not it exists."""
        return config.studio_path(self.db, self.environ)

    @property
    def studio(self) -> Studio:
        """The open studio."""
        if self._studio is None:
            self._studio = open_studio(self.path, self.clock)
            self._say_updated()
        return self._studio

    def _say_updated(self) -> None:
        updated = self._studio and self._studio.file.updated
        if updated:
            self.say(
                f"{self.path} is from an older version and was brought up to date. As it was: {updated.copy}"
            )

    def clock(self) -> Instant:
        """Return the present moment; ``STUDIO_NOW`` (RFC 3339) stops it, for trying things out."""
        stopped = self.environ.get("STUDIO_NOW")
        if not stopped:
            return Instant.now()
        try:
            return Instant.parse_iso(stopped)
        except ValueError:
            raise WrongUsage(
                "STUDIO_NOW is not a time.", hint="Write it like 2026-12-04T15:00:00Z."
            ) from None

    def close(self) -> None:
        """Close the studio."""
        if self._studio is not None:
            self._studio.file.close()
            self._studio = None

    def secret(self, name: str, settings: Settings | None = None) -> str | None:
        """Return a secret of this studio."""
        from studio_cli.model.settings import SECRETS

        known = settings or self.studio.settings
        return config.read_secret(self.environ, SECRETS[name], known[STUDIO_ID], name)

    def mailer(self, studio: Studio | None = None) -> SmtpServer | None:
        """Return the mail server of the settings as they are now, or None when there is none.

        ``studio`` is the same one, opened by another thread.
        """
        settings = (studio or self.studio).settings
        host = settings.get("mail.host")
        if host is None:
            return None
        from studio_cli.outside.smtp import SmtpServer

        user = settings.get("mail.user")
        password = self.secret("mail.password", settings) if user else None
        return SmtpServer(host, int(settings["mail.port"]), settings["mail.tls"], user, password)

    def provider(self, studio: Studio | None = None, *, hurried: bool = False) -> Provider | None:
        """Return Stripe with the keys as they are now, or None when there is none; its library is loaded on first use.

        Whether clients are sent there is another question: the setting ``payment.provider``. ``studio`` is the same
        one, opened by another thread.
        """
        settings = (studio or self.studio).settings
        key = self.secret("stripe.key", settings)
        if key is None:
            return None
        from studio_cli.booking.checkout import check_stripe_key
        from studio_cli.outside.stripe import Stripe

        check_stripe_key(settings, key)
        webhook = self.secret("stripe.webhook", settings)
        return Stripe(key, webhook, self.environ.get("STUDIO_STRIPE_API_BASE"), hurried)

    def calendar_source(self, calendar: Calendar, studio: Studio | None = None) -> Source:
        """Return where a calendar is read from. ``studio`` is the same one, opened by another thread."""
        from studio_cli.outside.calendars import CalendarFile, WebCalendar

        if calendar.kind == "file":
            return CalendarFile(Path(calendar.address))
        if calendar.kind == "url":
            return WebCalendar(calendar.address)
        from studio_cli.outside.caldav import CalDav

        user = calendar.user or ""
        return CalDav(calendar.address, user, self.calendar_password(calendar.address, user, studio))

    def calendar_password(self, address: str, user: str, studio: Studio | None = None) -> str | None:
        """Return the password of somebody on a calendar server: the environment's, else the one that is kept."""
        known = (studio or self.studio).settings[STUDIO_ID]
        return config.read_secret(self.environ, CALENDAR_PASSWORD, known, login_name(address, user))

    def say_mode(self, provider: Provider) -> None:
        """Say loudly that no real money moves, where one could think that it does."""
        if not provider.live and not self.studio.settings.is_test_studio:
            self.say("TEST MODE: this Stripe key moves no real money.")

    # ── speaking ─────────────────────────────────────────────────────────────────────────────────

    @property
    def on_terminal(self) -> bool:
        """Whether data is read by a person right now."""
        return self.stdout.isatty()

    @property
    def reader(self) -> Reader:
        """Who reads the data. ``--plain`` is meant whatever it goes to; ``STUDIO_PLAIN`` changes nothing for a script."""
        if self.plain or (self.on_terminal and self.environ.get("STUDIO_PLAIN")):
            return "listener"
        return "viewer" if self.on_terminal else "script"

    @property
    def may_ask(self) -> bool:
        """Whether a question can be asked."""
        return not self.no_input and self.stdin.isatty() and self.stdout.isatty()

    @property
    def may_guide(self) -> bool:
        """Whether questions with lists and arrow keys can be asked: a dumb terminal cannot show them."""
        return self.may_ask and self.environ.get("TERM", "dumb") not in {"dumb", "unknown"}

    def say(self, text: str = "") -> None:
        """Say something that is not data: on stderr. Nobody to hear it is no reason to fail."""
        with contextlib.suppress(OSError):
            for line in self.folded(text, self.stderr):
                _write(self.stderr, line)

    def folded(self, text: str, stream: TextIO) -> list[str]:
        """Return the lines of a text as they are written to a stream: on a terminal broken between words, if at all."""
        if self.plain or self.environ.get("STUDIO_PLAIN") or not stream.isatty():
            return [text]
        from studio_cli.cli.cells import fold

        return [part for line in text.split("\n") for part in fold(line, terminal_width(self.environ))]

    def data(self, text: str) -> None:
        """Write a line of data to stdout."""
        try:
            _write(self.stdout, text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritten(error) from error

    def json(self, document: Any) -> None:
        """Write one JSON document to stdout."""
        self.data(json.dumps(document, ensure_ascii=False, indent=2))

    def lines(self, rows: Sequence[Sequence[str]]) -> None:
        """Write tab-separated lines to stdout, for scripts."""
        for row in rows:
            self.data("\t".join(shown(cell) for cell in row))

    def prose(self, text: str, indent: str = "") -> None:
        """Write a text as it is, line for line; only what is wider than the terminal is wrapped."""
        import shutil
        import textwrap

        columns = max(shutil.get_terminal_size().columns - len(indent), 20)
        lines = [
            indent + part
            for line in text.expandtabs(4).split("\n")
            for part in (textwrap.wrap(shown(line), columns) if len(line) > columns else [shown(line)])
        ]
        self.page("\n".join(lines))

    def text(self, text: str) -> None:
        """Write a text whole: as it is for a file or a program, safely on a terminal."""
        if self.on_terminal:
            self.prose(text)
        else:
            self.data(text)

    def page(self, text: str) -> None:
        """Write a text that may be long: on a terminal on which it does not fit, in a pager."""
        if self.on_terminal and not (self.no_pager or self.no_input):
            from studio_cli.cli import pager

            command = pager.pager_of(self.environ)
            if command and not pager.fits(text) and pager.page(command, text + "\n", self.stdout):
                return
        self.data(text)

    def show_long(self, what: RenderableType) -> None:
        """Show something made for a person that may be longer than the screen."""
        console = self.console
        with console.capture() as captured:
            console.print(what)
        self.page(captured.get().removesuffix("\n"))

    def show(self, what: RenderableType) -> None:
        """Show something made for a person: a table, a card."""
        console = self.console
        with console.capture() as captured:
            console.print(what)
        text = captured.get().removesuffix("\n")
        if self.ascii_only:
            from studio_cli.cli.cells import PLAIN_MARKS

            text = text.translate(PLAIN_MARKS)
        self.data(text)

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal is of a time or a place that has no marks and lines."""
        return "utf" not in (self.stdout.encoding or "ascii").casefold()

    @property
    def columns(self) -> int:
        """How wide a screen is drawn: as wide as the terminal, and no narrower than a time with its status needs."""
        return max(self.console.width, LEAST_COLUMNS)

    @property
    def console(self) -> Console:
        """Rich, for stdout on a terminal."""
        from rich.console import Console

        # Without colour there is no bold and no dim either: nothing but the words.
        colors: Literal["auto"] | None = None if self.colorless else "auto"
        return Console(file=self.stdout, color_system=colors, highlight=False, emoji=False, markup=False)

    @property
    def colorless(self) -> bool:
        """Whether nothing but words is shown: no colour, no bold, no dim."""
        return self.no_color or bool(self.environ.get("NO_COLOR")) or self.environ.get("TERM") == "dumb"

    # ── asking ───────────────────────────────────────────────────────────────────────────────────

    def ask_yes(self, question: str) -> bool:
        """Ask a yes-or-no question on the terminal; anything but yes is no."""
        self.stderr.write(f"{question} [y/N] ")
        self.stderr.flush()
        answer = self.stdin.readline()
        if not answer:
            self.say()
        return answer.strip().casefold() in {"y", "yes"}

    def ask(self, question: str, default: str) -> str:
        """Ask for a text on the terminal; just Enter means the default."""
        self.stderr.write(question)
        self.stderr.flush()
        answer = self.stdin.readline()
        if not answer:  # the end of what is typed is no answer
            self.leave("\nNothing was changed.")
        return answer.strip() or default

    def agree(self, question: str, *, yes: bool) -> None:
        """Go on only if the owner wants it: asks on a terminal, needs ``--yes`` elsewhere."""
        if yes:
            return
        if not self.may_ask:
            raise WrongUsage(
                "This cannot be taken back, so it needs a yes.", hint="Add --yes.", code="needs_yes"
            )
        if not self.ask_yes(question):
            self.leave("Nothing was changed.")

    def leave(self, words: str, code: int = 0) -> NoReturn:
        """End the command here, saying why."""
        import typer

        self.say(words)
        raise typer.Exit(code)


def terminal_width(environ: Mapping[str, str]) -> int:
    """Return how many columns a person sees."""
    import shutil

    columns = environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) else shutil.get_terminal_size().columns


def unwritten(error: OSError) -> OutsideFailed:
    """Return what to say when the data cannot be written: what was asked for is done all the same."""
    return OutsideFailed(
        f"It is done, but the answer could not be written: {error.strerror or error}.",
        hint="Nothing is lost: studio status shows how things stand.",
        code="output",
    )


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:  # a terminal or pipe in another encoding: show what it can show
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
