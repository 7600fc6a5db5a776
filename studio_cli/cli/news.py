"""Telling clients what a command just did: sent after it is saved, and never a reason for it to fail."""

from studio_cli.booking import mail
from studio_cli.cli.desk import Desk
from studio_cli.errors import OutsideFailed, StudioError


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


def send_news(desk: Desk, session_id: int) -> None:
    """Send the mails that a command left in the outbox for a session's client, and say what became of them."""
    if not desk.studio.settings.get("mail.host"):
        return
    messages = mail.send_news(desk.studio, desk.mailer(), session_id)
    for message in messages:
        if message.state == "sent":
            desk.say(f"{message.to_email} is told by mail.")
    failed = [message for message in messages if message.state != "sent"]
    if failed:
        raise OutsideFailed(
            f"It is saved, but the mail to {failed[0].to_email} was not sent: {failed[0].last_error}.",
            hint="It waits in the outbox: studio mail send",
            code="mail_failed",
        )
