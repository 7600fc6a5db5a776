"""The outbox at work: sending what waits, exactly once as far as anybody can know."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from whenever import Instant

from studio_cli.booking import brand, letter, waiting_mail
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, OutsideFailed, Refused
from studio_cli.model.message import (
    KINDS,
    LINK,
    LOGO,
    MOST_TRIES,
    WAITING,
    Envelope,
    Letter,
    MailFailed,
    MailUnknown,
    Message,
    State,
    Step,
    next_try,
)
from studio_cli.model.reminder import KINDS as REMINDER_KINDS
from studio_cli.model.reminder import makes_sense
from studio_cli.model.session import Session
from studio_cli.model.settings import Settings
from studio_cli.model.text import is_number, shown
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import session as session_store
from studio_cli.store.event import Actor

CLAIM_MINUTES = 10
"""A mail that has been "being sent" for longer was left by a program that ended around it."""


BY_THE_CLOCK = frozenset({*REMINDER_KINDS.values(), "expired", "time-free"})
"""Mails to clients that no person has caused."""


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
            _cancel(studio, get(studio, number), "nothing to say any more")
        if not message_store.claim(studio.file, number, now):
            return get(studio, number)
        message = as_it_is_now(studio, get(studio, number))
        if link is None and (LINK in message.letter.text or message.waiting_id is not None):
            link = _new_link(studio, message)
        sent = _to_send(studio, message).with_link(link or LINK)
    try:
        leave = link if message.waiting_id is not None else None
        mailer.send(_envelope(message, studio.settings, leave), sent)
    except MailFailed as failure:
        return _failed(studio, message, _without_link(str(failure), link), permanent=failure.permanent)
    except MailUnknown as doubt:
        return _settle(studio, message, "unknown", _without_link(str(doubt), link))
    except Exception as bug:  # whatever it was, the mail may be on its way: it is asked about, not sent again
        _settle(studio, message, "unknown", type(bug).__name__)
        raise
    return _settle(studio, message, "sent")


def _new_link(studio: Studio, message: Message) -> str | None:
    """Inside a write: make the link of a message: one more of its share, or the one that takes somebody off the list."""
    if message.share_id is not None:
        return letter.new_link(studio, message.share_id, studio.now())
    return waiting_mail.new_link(studio, message.waiting_id) if message.waiting_id is not None else None


def as_it_is_now(studio: Studio, message: Message) -> Message:
    """Inside a write: let a mail that has waited go to the client's present address and say what is true now."""
    if message.waiting_id is not None:
        waiting_mail.rewrite(studio, message)
        return get(studio, message.id)
    if message.session_id is None:
        return message
    session = _session(studio, message.session_id)
    written, trouble = letter.compose(
        studio,
        session,
        message.kind,
        linked=message.share_id in letter.linkable(studio, session),
        about=message.about,
        payment_id=message.payment_id,
    )
    to = letter.addressee(studio, session, message.kind, message.about)
    message_store.rewrite(studio.file, message.id, to, written, trouble, session.revision)
    return get(studio, message.id)


def _to_send(studio: Studio, message: Message) -> Letter:
    """Return the letter with the logo that it shows: the file keeps that once, not in every mail."""
    if LOGO not in message.letter.html:
        return message.letter
    return replace(message.letter, logo=brand.logo(studio))


def _failed(studio: Studio, message: Message, words: str, *, permanent: bool) -> Message:
    """Record that a mail was not sent: it is tried again later, or given up."""
    if permanent or message.attempts >= MOST_TRIES:
        return _settle(studio, message, "given_up", words)
    return _settle(studio, message, "failed", words, next_try(message.attempts, studio.now()))


def _without_link(words: str, link: str | None) -> str:
    """Return a server's words without the link, which some quote: the file and the terminal must not have it."""
    return words.replace(link, "[link]").replace(link.rpartition("/")[2], "[link]") if link else words


def _settle(
    studio: Studio, message: Message, state: State, error: str | None = None, again: Instant | None = None
) -> Message:
    """Record how the sending ended, if it is still this sending that counts."""
    with studio.file.atomic():
        now = studio.now()
        if message_store.settle(studio.file, message, state, now, error, again):
            _note(studio, message, f"mail {state.replace('_', ' ')}", {"why": error} if error else {})
    return get(studio, message.id)


def _note(
    studio: Studio, message: Message, kind: str, more: Mapping[str, str], actor: Actor = "system"
) -> None:
    """Inside a write: put what became of a message into the history."""
    known = {"message": message.id, "kind": message.kind, "to": message.to_email}
    event_store.add(
        studio.file,
        kind,
        studio.now(),
        actor=actor,
        session_id=message.session_id,
        details={**known, **more},
    )


# ── several ───────────────────────────────────────────────────────────────────────────────────────


def send_waiting(studio: Studio, mailer: Mailer, *, due: bool = False) -> Iterator[Message]:
    """Send every waiting message, or only those whose next try has come, yielding each with what became of it."""
    for number in look_for_lost(studio):
        yield get(studio, number)
    until = studio.now() if due else None
    for message in message_store.listed(studio.file, WAITING, due=until):
        yield deliver(studio, mailer, message.id)


def look_for_lost(studio: Studio) -> list[int]:
    """Return the messages around whose sending a program has just been found to have ended.

    Nobody can know whether they went out: the owner is asked.
    """
    before = studio.now().subtract(minutes=CLAIM_MINUTES)
    if not message_store.any_claimed(studio.file, before):
        return []
    with studio.file.atomic():
        lost = message_store.give_up_claims(studio.file, before)
        for number in lost:
            _note(studio, get(studio, number), "mail unknown", {})
    return lost


def send_written(studio: Studio, mailer: Mailer | None, *, retry: bool = False) -> list[Message]:
    """Send what has just been written: not the shares, which whoever made them is sending.

    With ``retry`` also what failed before and is due again, shares among it. A server that does not take one is
    not asked about the others now.
    """
    if mailer is None:
        return []
    if retry:
        look_for_lost(studio)
    sent: list[Message] = []
    trouble = None
    for message in to_send(studio, retry=retry):
        try:
            sent.append(deliver(studio, mailer, message.id))
        except Exception as error:  # one that cannot be written or sent holds up no other
            trouble = error
        # One full mailbox holds up nobody else; a server that takes nothing is not asked about all the others.
        if len(sent) > 1 and all(one.state in {"failed", "unknown"} for one in sent[-2:]):
            break
    if trouble:
        raise trouble
    return sent


def to_send(studio: Studio, *, retry: bool) -> list[Message]:
    """Return the mails that go out now by themselves.

    Not in the quiet hours: what no person has caused, reminders and the end of a hold.
    """
    now = studio.now()
    quiet = studio.settings.reminders.is_quiet(now)
    waiting = message_store.listed(studio.file, WAITING, due=now)
    return [
        message
        for message in sorted(
            waiting, key=lambda one: one.state == "failed"
        )  # what was never tried goes first
        if (retry or (message.kind != "share" and message.state != "failed"))
        and not (quiet and message.kind in BY_THE_CLOCK)
    ]


def send_again(studio: Studio, mailer: Mailer, number: int) -> Message:
    """Send one message by its number; one that may have been sent, or was given up, because the owner says so."""
    message = get(studio, number)
    if message.state in {"sent", "canceled"}:
        raise Refused(
            f"Message {number} is {message.state} already.",
            hint=f"Look at it: studio mail show {number}",
            code="wrong_status",
        )
    if message.state == "sending":
        raise Refused(
            f"Message {number} is being sent.",
            hint=f"If that program has ended, this can be asked again {CLAIM_MINUTES} minutes after it began.",
            code="wrong_status",
        )
    with studio.file.atomic():
        message_store.release(studio.file, number)
    return deliver(studio, mailer, number)


def cancel(studio: Studio, number: int) -> tuple[Message, bool]:
    """Cancel a message that is not sent, or whose fate is not worth asking about; return it and whether it was new."""
    with studio.file.atomic():
        message = get(studio, number)
        if message.state == "canceled":
            return message, False
        if message.state in {"sent", "sending"}:
            words = "was sent already" if message.state == "sent" else "is being sent"
            hint = f"Look at it: studio mail show {number}"
            raise Refused(f"Message {number} {words}.", hint=hint, code="wrong_status")
        _cancel(studio, message, None, "owner")
        return get(studio, number), True


def find(studio: Studio, selector: str) -> Message:
    """Return the message that a number or ``last`` (the one written last) means."""
    text = selector.strip()
    if text == "last":
        newest = message_store.newest(studio.file)
        if not newest:
            raise NotFound(
                "There is no message yet.", hint="studio session share SESSION --email writes one."
            )
        return get(studio, newest)
    if not is_number(text):
        raise NotFound(
            f"{shown(text)[:60]!r} is not a message's number.",
            hint="Use a number from studio mail list, or last.",
        )
    return get(studio, int(text))


def get(studio: Studio, number: int) -> Message:
    """Return the message of that number; ``NotFound`` when there is none."""
    message = message_store.get(studio.file, number)
    if message is None:
        raise NotFound(f"There is no message {number}.", hint="studio mail list")
    return message


def _session(studio: Studio, number: int) -> Session:
    session = session_store.get(studio.file, number, studio.now())
    assert session is not None  # what is in the outbox keeps it
    return session


# ── what makes no sense any more ──────────────────────────────────────────────────────────────────


def _pointless(studio: Studio, message: Message) -> bool:
    """Return whether a waiting message would only confuse: its time is over, its share revoked, its address gone."""
    if message.state not in WAITING:
        return False
    if message.waiting_id is not None:
        return waiting_mail.is_pointless(studio, message)
    if message.session_id is None:
        return False
    session, kind = _session(studio, message.session_id), KINDS[message.kind]
    if kind.recipient == "owner":
        news = message.about.get("news")
        over = news == "expired" and session.status != "expired"
        return over or (news == "payment-announced" and not session.step("payment").open)
    if session.client.email is None or session.status not in kind.while_:
        return True
    if kind.before_it and session.starts_at <= studio.now():
        return True
    if message.kind == "share":
        return any(share.id == message.share_id and share.revoked_at for share in session.shares)
    if message.kind == "proposal":
        return not session.offered
    if message.kind in REMINDER_KINDS.values():
        fits = makes_sense(session, message.kind, message.occasion, message.created_at, studio.now())
        return not fits or _newer(studio, message)
    if message.kind == "changed":
        return letter.is_empty(studio, session, message)
    return message.kind == "payment-instructions" and not session.step("payment").open


def _newer(studio: Studio, message: Message) -> bool:
    """Return whether another reminder of the same session was written later."""
    later = message_store.listed(studio.file, session_id=message.session_id, after=message.id)
    return any(one.kind in REMINDER_KINDS.values() for one in later)


def cancel_untrue(studio: Studio) -> None:
    """Inside a write: cancel the waiting mails that say that a time is free which is not."""
    for message in message_store.listed(studio.file, WAITING, kind="time-free"):
        if _pointless(studio, message):
            _cancel(studio, message, "nothing to say any more")


def cancel_pointless(studio: Studio, session_id: int) -> None:
    """Inside a write: cancel the waiting mails of a session that make no sense any more."""
    for message in message_store.listed(studio.file, WAITING, session_id=session_id):
        if _pointless(studio, message):
            _cancel(studio, message, "nothing to say any more")


def _cancel(studio: Studio, message: Message, why: str | None, actor: Actor = "system") -> None:
    if message_store.cancel(studio.file, message.id):
        if message.waiting_id is not None and actor == "system":
            waiting_mail.take_back(studio, message.waiting_id)
        _note(studio, message, "mail canceled", {"why": why} if why else {}, actor)


def as_page(studio: Studio, letter: Letter) -> str:
    """Return the HTML of a letter as a page that stands alone: its logo inside it, nothing to be loaded."""
    import base64

    logo = brand.logo(studio)
    if logo is None:
        return letter.html
    return letter.html.replace(
        LOGO, f"data:{logo.media_type};base64,{base64.b64encode(logo.content).decode()}"
    )


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


def _envelope(message: Message, settings: Settings, leave: str | None) -> Envelope:
    sender = _sender(settings)
    domain = sender[1].rpartition("@")[2]
    return Envelope(
        sender=sender,
        to=(message.to_name, message.to_email),
        reply_to=(settings["studio.name"], settings["studio.email"]),
        # The same for every attempt, so that a mail which did arrive twice is seen to be one.
        message_id=f"<{settings['internal.id']}.{message.id}@{domain}>",
        leave=leave,
    )
