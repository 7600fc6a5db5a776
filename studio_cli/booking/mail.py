"""The outbox at work: sending what waits, exactly once as far as anybody can know."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Protocol

from studio_cli.booking import letter
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, OutsideFailed, Refused
from studio_cli.model.message import (
    LINK,
    Envelope,
    Letter,
    MailFailed,
    MailUnknown,
    Message,
    State,
    Step,
)
from studio_cli.model.session import Status
from studio_cli.model.settings import Settings
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import session as session_store

CLAIM_MINUTES = 10
"""A mail that has been "being sent" for longer was left by a program that ended around it."""


class Mailer(Protocol):
    """Something that sends one mail, or raises ``MailFailed`` or ``MailUnknown``."""

    def send(self, envelope: Envelope, letter: Letter, /) -> None:
        """Send one mail."""


class Tester(Protocol):
    """Something that sends one mail step by step; after a step that failed it raises as a ``Mailer`` does."""

    def steps(self, envelope: Envelope, letter: Letter, /) -> Iterator[Step]:
        """Send one mail, yielding each step when it is done."""


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
        if not message_store.claim(studio.file, number, now):
            return get(studio, number)
        message = _as_it_is_now(studio, get(studio, number))
        if LINK in message.letter.text and message.share_id is not None and link is None:
            link = letter.new_link(studio, message.share_id, now)
    state: State = "sent"
    error = None
    try:
        mailer.send(_envelope(message, studio.settings), message.letter.with_link(link or LINK))
    except MailFailed as failure:
        state, error = "failed", _without_link(str(failure), link)
    except MailUnknown as doubt:
        state, error = "unknown", _without_link(str(doubt), link)
    except Exception as bug:  # whatever it was, the mail may be on its way: it is asked about, not sent again
        _settle(studio, message, "unknown", type(bug).__name__)
        raise
    return _settle(studio, message, state, error)


def _as_it_is_now(studio: Studio, message: Message) -> Message:
    """Inside a write: a mail that has waited goes to the client's present address and says what is true now."""
    if message.session_id is None:
        return message
    session = session_store.get(studio.file, message.session_id, studio.now())
    assert session is not None
    assert session.client.email is not None  # else it would be pointless
    to = session.client.name, session.client.email
    written = letter.compose(
        studio,
        session,
        message.kind,
        linked=message.share_id in {share.id for share in session.shares if share.revoked_at is None},
        payment_id=message.payment_id,
    )
    message_store.rewrite(studio.file, message.id, to, written)
    return get(studio, message.id)


def _without_link(words: str, link: str | None) -> str:
    """Return a server's words without the link, which some quote: the file and the terminal must not have it."""
    return words.replace(link, "[link]").replace(link.rpartition("/")[2], "[link]") if link else words


def _settle(studio: Studio, message: Message, state: State, error: str | None) -> Message:
    """Record how the sending ended, if it is still this sending that counts."""
    with studio.file.atomic():
        now = studio.now()
        if message_store.settle(studio.file, message, state, now, error):
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


def send_news(studio: Studio, mailer: Mailer | None, session_id: int) -> list[Message]:
    """Send what waits to be told to a session's client; without a mail server it waits on."""
    if mailer is None:
        return []
    waiting = message_store.listed(studio.file, ("queued",), session_id=session_id)
    return [deliver(studio, mailer, message.id) for message in waiting]


def send_written(studio: Studio, mailer: Mailer | None) -> list[Message]:
    """Send what a client's step has just written: not the shares, which whoever made them is sending."""
    if mailer is None:
        return []
    sent, trouble = [], None
    for message in message_store.listed(studio.file, ("queued",)):
        if message.kind != "share":
            try:
                sent.append(deliver(studio, mailer, message.id))
            except Exception as error:  # one that cannot be written or sent holds up no other
                trouble = error
    if trouble:
        raise trouble
    return sent


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


WHILE: dict[str, frozenset[Status]] = {
    "share": frozenset({"pending"}),
    "confirmed": frozenset({"confirmed"}),
}
"""While a session has one of these statuses a waiting mail of the kind makes sense; other kinds always do."""


def _pointless(studio: Studio, message: Message) -> bool:
    """Return whether a waiting message would only confuse: its time is over, its share revoked, its address gone."""
    if message.session_id is None or message.state not in {"queued", "failed"}:
        return False
    session = session_store.get(studio.file, message.session_id, studio.now())
    assert session is not None
    share = next((share for share in session.shares if share.id == message.share_id), None)
    if session.client.email is None:
        return True
    if message.kind == "share" and share is not None and share.revoked_at is not None:
        return True
    return message.kind in WHILE and session.status not in WHILE[message.kind]


def cancel_pointless(studio: Studio, session_id: int) -> None:
    """Inside a write: cancel the waiting mails of a session that make no sense any more."""
    for message in message_store.listed(studio.file, ("queued", "failed")):
        if message.session_id == session_id and _pointless(studio, message):
            message_store.cancel(studio.file, message.id)


def send_test(studio: Studio, mailer: Tester, address: str) -> Iterator[Step]:
    """Send a mail that only says that mails arrive, yielding each step; it is not kept in the outbox.

    After a step that failed raise ``OutsideFailed`` with what helps.
    """
    settings = studio.settings
    name = settings["studio.name"]
    text = f"This is a test from {name}.\n\nIf you can read it, your mail settings work.\n"
    test = Letter(f"Test from {name}", text, "")
    sender = _sender(settings)
    # Another one each time: a provider that has seen a number shows the mail only once.
    number = f"<test.{secrets.token_hex(8)}@{sender[1].rpartition('@')[2]}>"
    try:
        yield from mailer.steps(Envelope(sender, ("", address), sender, number), test)
    except MailFailed as failure:
        raise OutsideFailed(
            f"The test mail was not sent. {failure}",
            hint=failure.hint or "Check the settings: studio config list",
            code="mail_failed",
        ) from failure
    except MailUnknown as doubt:
        raise OutsideFailed(
            f"The test mail may or may not have been sent. {doubt}",
            hint=f"Look whether it arrives at {address}.",
            code="mail_unknown",
        ) from doubt


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
