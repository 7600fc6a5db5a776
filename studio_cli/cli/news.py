"""Telling clients what a command just did: sent after it is saved, and never a reason for it to fail."""

import contextlib
from collections.abc import Iterator, Sequence

from studio_cli.booking import mail
from studio_cli.cli.desk import Desk
from studio_cli.errors import OutsideFailed, StudioError
from studio_cli.model.message import Message
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


def send_news(desk: Desk, session_id: int | None = None) -> None:
    """Send the mails that a command left in the outbox, and say what became of those about its session."""
    if not desk.studio.settings.get("mail.host"):
        return
    messages = [one for one in mail.send_written(desk.studio, desk.mailer()) if one.recipient == "client"]
    mine = [one for one in messages if session_id in {None, one.session_id}]
    for message in mine:
        if message.state == "sent":
            desk.say(f"{message.to_email} is told by mail.")
        warn_of_template(desk, message)
    failed = [one for one in mine if one.state not in {"sent", "canceled"}]
    if failed:
        raise OutsideFailed(
            f"It is saved, but the mail to {failed[0].to_email} was not sent: {failed[0].last_error}",
            hint="It waits in the outbox: studio mail send",
            code="mail_failed",
        )


def warn_of_template(desk: Desk, message: Message) -> None:
    """Say that the owner's own template could not be used for a mail."""
    if message.trouble:
        desk.say(f"Your template {message.kind} was not used: {shown(message.trouble)}")
        desk.say(f"The one that comes with the program was. Look: studio template check {message.kind}")


@contextlib.contextmanager
def rehearsed(desk: Desk, dry_run: bool) -> Iterator[list[Message]]:
    """With ``dry_run`` nothing in the block is kept; the mails that it would send come into the list it is given."""
    found: list[Message] = []
    if not dry_run:
        yield found
        return
    file = desk.studio.file
    with file.rehearsal():
        newest = message_store.newest(file)
        yield found
        found.extend(message_store.listed(file, ("queued",), after=newest))


def show_would_send(desk: Desk, messages: Sequence[Message]) -> None:
    """Show the mails that a command would send."""
    for message in messages:
        desk.say(f"\nWould be mailed to {message.to_email}: {shown(message.letter.subject)}")
        for line in message.letter.with_link("[the client's link]").text.rstrip().split("\n"):
            desk.say(f"  {shown(line)}" if line else "")
    if not messages:
        desk.say("No mail would be sent.")
