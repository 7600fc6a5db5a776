"""Telling clients what a command just did: sent after it is saved, and never a reason for it to fail."""

import contextlib
from collections.abc import Iterator
from typing import Any

from studio_cli.booking import mail
from studio_cli.cli.desk import Desk
from studio_cli.cli.outbox import failure
from studio_cli.errors import OutsideFailed, StudioError, WrongUsage
from studio_cli.model.message import Message
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.store import message as message_store


def end_pages(desk: Desk, session_id: int) -> None:
    """Let nobody pay online for what a command has just changed; without a page open nothing is loaded or asked."""
    from studio_cli.booking import sync

    if not sync.open_pages(desk.studio, session_id):
        return
    try:
        provider = desk.provider(hurried=True)
    except StudioError:  # a key that cannot be used is the business of payment sync
        return
    for one in sync.end_unwanted(desk.studio, provider, session_id) if provider else ():
        if one.what in {"paid", "late"}:
            desk.say(f"{one.amount} was paid online just before, and is in the ledger.")
            desk.say(f"If it has to go back: studio payment refund {session_id}")


class News:
    """The mails of one command: sent after what it did is saved, or only shown when that was a rehearsal."""

    def __init__(self, desk: Desk, *, dry_run: bool = False) -> None:
        self.desk = desk
        self.dry_run = dry_run
        self.messages: list[Message] = []
        self.note: str | None = None
        self._sent = dry_run
        self._trouble: Exception | None = None

    def send(self, session_id: int | None = None) -> None:
        """Send what was written, once; those about other sessions go out too, and are not mentioned."""
        if self._sent:
            return
        self._sent = True
        if not self.desk.studio.settings.get("mail.host"):
            return
        try:
            _tell_who_waits(self.desk)
            sent = mail.send_written(self.desk.studio, self.desk.mailer())
        except Exception as trouble:  # what the command did is saved: that is said first
            self._trouble = trouble
            return
        self.messages = [one for one in sent if session_id in {None, one.session_id}]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the mails as scripts read them; those that only would be sent have no number."""
        zone = self.desk.studio.settings.zone
        told = [{**message.as_json(zone), "text": _text(message)} for message in self.messages]
        return [{**one, "id": None} for one in told] if self.dry_run else told

    def say(self) -> None:
        """Say what became of the mails; raise when one to the client was not sent."""
        if self.dry_run:
            self._would_send()
            return
        told = [message for message in self.messages if message.recipient == "client"]
        if self.note and not told and self._trouble is None:
            self.desk.say("Your words were not sent: there is no mail that they could go with.")
        for message in self.messages:
            warn_of_template(self.desk, message)
        for message in told:
            if message.state == "sent":
                self.desk.say(f"{message.to_email} is told by mail.")
        if self._trouble is not None:
            words = str(self._trouble) or type(self._trouble).__name__
            raise OutsideFailed(
                f"It is saved, but its mail was not sent: {words}",
                hint="It waits in the outbox: studio mail send",
                code="mail_failed",
            )
        failed = [message for message in told if message.state in {"failed", "unknown", "given_up"}]
        if failed:
            problem = failure(failed[0])
            raise OutsideFailed(
                f"It is saved. {problem.message}",
                hint=problem.hint,
                code=problem.code,
                details=problem.details,
            )

    def _would_send(self) -> None:
        for message in self.messages:
            self.desk.say(f"\nWould be mailed to {message.to_email}: {shown(message.letter.subject)}")
            for line in _text(message).rstrip().split("\n"):
                self.desk.say(f"  {shown(line)}" if line else "")
        if not self.messages:
            self.desk.say("No mail would be sent.")


def _tell_who_waits(desk: Desk) -> None:
    """Put a mail into the outbox for whoever waits for a time that this command has freed."""
    from studio_cli.store import waiting as waiting_store

    if waiting_store.count(desk.studio.file):
        from studio_cli.booking import waiting  # much to load, for what is rare

        waiting.look(desk.studio)


def _text(message: Message) -> str:
    return message.letter.with_link("[the client's link]").text


@contextlib.contextmanager
def rehearsed(desk: Desk, dry_run: bool) -> Iterator[News]:
    """Give the block the news of what it does. With ``dry_run`` nothing in it is kept, and no mail goes out."""
    news = News(desk, dry_run=dry_run)
    if not dry_run:
        yield news
        return
    file = desk.studio.file
    with file.rehearsal():
        newest = message_store.newest(file)
        yield news
        written = message_store.listed(file, ("queued",), after=newest)
        news.messages = [mail.as_it_is_now(desk.studio, message) for message in written]


def say_untold(desk: Desk, session: Session, *, told: bool) -> None:
    """Say that a client hears nothing of what was done, because there is nothing to send a mail with."""
    if told and session.client.email and not desk.studio.settings.get("mail.host"):
        desk.say(f"{session.client.email} is not told: no mail server is set.")


def note_of(desk: Desk, message: str | None, write: bool) -> str | None:
    """Return the personal note for a mail: as it was typed, or written in the owner's editor."""
    if not write:
        return message
    if message is not None:
        raise WrongUsage("--message and --write contradict each other.", hint="Leave one of them out.")
    if not desk.may_ask:
        raise WrongUsage("An editor needs a terminal.", hint="Say it with --message.", code="missing")
    from studio_cli.cli.editor import edit_text

    written = edit_text(desk, "", ".txt")
    if not written or not written.strip():
        desk.leave("Nothing was written, so nothing was changed and nothing is sent.", 2)
    return written


def warn_of_template(desk: Desk, message: Message) -> None:
    """Say that the owner's own template could not be used for a mail."""
    if message.trouble:
        desk.say(f"Your template {message.kind} was not used: {shown(message.trouble)}")
        desk.say(f"The one that comes with the program was. Look: studio template check {message.kind}")
