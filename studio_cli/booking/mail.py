"""The outbox at work: sending what waits, exactly once as far as anybody can know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, OutsideFailed, Refused
from studio_cli.model.message import LINK, Envelope, Letter, MailFailed, MailUnknown, Message
from studio_cli.model.settings import Settings
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import session as session_store

CLAIM_MINUTES = 10
"""A mail that has been "being sent" for longer was left by a program that ended around it."""


class Mailer(Protocol):
    """Something that sends one mail, or raises ``MailFailed`` or ``MailUnknown``."""

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Send one mail."""


def deliver(studio: Studio, mailer: Mailer | None, number: int, link: str | None = None) -> Message:
    """Send one waiting message and return what became of it. Safe to call again: it is sent once.

    ``link`` is the one to put into it, when the caller has it; else the message gets a link of its own, so that
    no usable link ever lies in the file.
    """
    if mailer is None:
        return get(studio, number)
    with studio.file.atomic():
        now = studio.now()
        if _pointless(studio, get(studio, number)):
            message_store.cancel(studio.file, number)
            return get(studio, number)
        if not message_store.claim(studio.file, number, now):
            return get(studio, number)
        message = get(studio, number)
        if message.share_id is not None and link is None:
            from studio_cli.booking.share import new_link

            link = new_link(studio, message.share_id, now)
    try:
        mailer.send(_envelope(message, studio.settings), message.letter.with_link(link or LINK))
    except MailFailed as failure:
        return _settle(studio, message, "failed", str(failure))
    except MailUnknown as doubt:
        return _settle(studio, message, "unknown", str(doubt))
    return _settle(studio, message, "sent")


def _settle(studio: Studio, message: Message, state: str, error: str | None = None) -> Message:
    assert state in {"sent", "failed", "unknown"}
    with studio.file.atomic():
        now = studio.now()
        message_store.settle(studio.file, message.id, state, now, error)  # type: ignore[arg-type]
        event_store.add(
            studio.file,
            f"mail {state}",
            now,
            actor="system",
            session_id=message.session_id,
            details={"message": message.id, "kind": message.kind},
        )
    return get(studio, message.id)


def send_waiting(studio: Studio, mailer: Mailer) -> Iterator[Message]:
    """Send every waiting message, one after the other, yielding each with what became of it."""
    with studio.file.atomic():
        lost = message_store.give_up_claims(studio.file, studio.now().subtract(minutes=CLAIM_MINUTES))
    for number in lost:
        yield get(studio, number)
    for message in message_store.listed(studio.file, ("queued", "failed")):
        yield deliver(studio, mailer, message.id)


def send_again(studio: Studio, mailer: Mailer, number: int) -> Message:
    """Send one message by its number; one whose fate is unknown is sent again because the owner says so."""
    message = get(studio, number)
    if message.state in {"sent", "canceled"}:
        raise Refused(f"Message {number} is {message.state} already.", code="wrong_status")
    if message.state == "unknown":
        with studio.file.atomic():
            message_store.release(studio.file, number)
    return deliver(studio, mailer, number)


def get(studio: Studio, number: int) -> Message:
    """Return the message of that number; ``NotFound`` when there is none."""
    message = message_store.get(studio.file, number)
    if message is None:
        raise NotFound(f"There is no message {number}.", hint="studio mail list")
    return message


def _pointless(studio: Studio, message: Message) -> bool:
    """Return whether a waiting message would only confuse: its session is no longer pending, or its share revoked."""
    if message.session_id is None or message.state not in {"queued", "failed"}:
        return False
    session = session_store.get(studio.file, message.session_id, studio.now())
    share = (
        next((share for share in session.shares if share.id == message.share_id), None) if session else None
    )
    return (
        session is None or session.status != "pending" or (share is not None and share.revoked_at is not None)
    )


def cancel_revoked(studio: Studio, session_id: int) -> None:
    """Inside a write: cancel the waiting mails of this session whose share was revoked."""
    for message in message_store.listed(studio.file, ("queued", "failed")):
        if message.session_id == session_id and _pointless(studio, message):
            message_store.cancel(studio.file, message.id)


def send_test(studio: Studio, mailer: Mailer, address: str) -> None:
    """Send a mail that only says that mails arrive; it is not kept in the outbox."""
    settings = studio.settings
    name = settings["studio.name"]
    text = f"This is a test from {name}.\n\nIf you can read it, your mail settings work.\n"
    letter = Letter(f"Test from {name}", text, "")
    sender = _sender(settings)
    try:
        mailer.send(
            Envelope(sender, ("", address), sender, f"<test.{studio.now().timestamp()}@studio.invalid>"),
            letter,
        )
    except (MailFailed, MailUnknown) as failure:
        raise OutsideFailed(
            f"The test mail was not sent. {failure}",
            hint="Check the settings: studio config list",
            code="mail_failed",
        ) from failure


def _sender(settings: Settings) -> tuple[str, str]:
    return settings["studio.name"], settings.get("mail.from") or settings["studio.email"]


def _envelope(message: Message, settings: Settings) -> Envelope:
    sender = _sender(settings)
    domain = sender[1].rpartition("@")[2]
    return Envelope(
        sender=sender,
        to=(message.to_name, message.to_email),
        reply_to=(settings["studio.name"], settings["studio.email"]),
        # The same for every attempt, so that a mail which did arrive twice is seen to be one.
        message_id=f"<{settings['internal.id']}.{message.id}@{domain}>",
    )
