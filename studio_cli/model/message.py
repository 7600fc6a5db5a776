"""A message: one mail in the outbox, with its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from whenever import Instant

from studio_cli.model.picture import Picture
from studio_cli.model.session import STATUSES, Status
from studio_cli.model.template import LINK as LINK
from studio_cli.model.times import rfc3339

State = Literal["queued", "sending", "sent", "failed", "unknown", "given_up", "canceled"]
STATES: tuple[State, ...] = ("queued", "sending", "sent", "failed", "unknown", "given_up", "canceled")
Recipient = Literal["client", "owner"]
WAITING: tuple[State, ...] = ("queued", "failed")
"""States of a mail that is sent when its time comes."""
OPEN: tuple[State, ...] = ("queued", "sending", "failed", "unknown", "given_up")
"""States of a mail that has not ended well yet: it is still to be sent, or the owner has to say what happens with it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail: what it is for, to whom, and while its session has which statuses it makes sense.

    ``before_it``: only until the session begins.
    """

    about: str
    recipient: Recipient = "client"
    while_: frozenset[Status] = frozenset(STATUSES)
    before_it: bool = True


_HELD: frozenset[Status] = frozenset({"pending"})
_LIVING: frozenset[Status] = frozenset({"inquiry", "pending", "confirmed"})
KINDS: dict[str, Kind] = {
    "share": Kind("the link to a session, to be completed", while_=_HELD),
    "reminder": Kind("what is left to do, some days after the link", while_=_HELD),
    "hold-ending": Kind("the time is held only a little longer", while_=_HELD),
    "confirmed": Kind("the session is confirmed, with the calendar entry", while_=frozenset({"confirmed"})),
    "changed": Kind("another time, place or price, with what it was until now", while_=_LIVING),
    "canceled": Kind(
        "the session is canceled, and what goes back", while_=frozenset({"canceled"}), before_it=False
    ),
    "requested": Kind("a request has arrived, and what happens next", while_=frozenset({"inquiry"})),
    "accepted": Kind("a request is accepted, and what is left to do", while_=_HELD),
    "proposal": Kind("other times for a request, to pick from", while_=frozenset({"inquiry"})),
    "declined": Kind(
        "a time that was asked for is not possible, or those that were proposed have passed",
        while_=frozenset({"declined"}),
        before_it=False,
    ),
    "expired": Kind("the time is no longer held", while_=frozenset({"expired"})),
    "payment-instructions": Kind("how to pay, for a payment on its way", while_=_HELD),
    "receipt": Kind("a payment has arrived", before_it=False),
    "refund": Kind("a payment goes back", before_it=False),
    "payment-due": Kind(
        "the rest is to be paid, or is overdue", while_=frozenset({"confirmed"}), before_it=False
    ),
    "tomorrow": Kind("the session is tomorrow", while_=frozenset({"confirmed"})),
    "time-free": Kind("a time has come free, to who waits for one", while_=_HELD),
    "owner": Kind("news for yourself: what a client did", recipient="owner", before_it=False),
}
"""Every kind of mail there is, by the name of its template."""

_BACK_OFF = (1, 5, 15, 60, 180, 360, 720, 1440)
"""Minutes until the next try, after each that failed."""
MOST_TRIES = len(_BACK_OFF) + 1
"""So often a mail is tried by itself, over two days, before it is given up (RFC 5321, 4.5.4.1 asks for some days)."""


def next_try(tries: int, now: Instant) -> Instant:
    """Return when a mail that has failed so often is tried again."""
    return now.add(minutes=_BACK_OFF[min(tries, len(_BACK_OFF)) - 1])


@dataclass(frozen=True, slots=True)
class Invitation:
    """The calendar part of a mail (RFC 6047): the file and what the calendar is to do with it."""

    method: Literal["REQUEST", "CANCEL"]
    content: bytes


LOGO = "cid:logo"
"""Where the HTML of a letter shows the logo that travels in the same mail (RFC 2392)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says; ``LINK`` stands where the link goes, ``LOGO`` is the address of the logo in the HTML."""

    subject: str
    text: str
    html: str
    invitation: Invitation | None = None
    logo: Picture | None = None

    def with_link(self, link: str) -> Letter:
        """Return the letter with a link in its place."""
        return replace(self, text=self.text.replace(LINK, link), html=self.html.replace(LINK, link))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a mail is from, to whom, and where answers go: ``(name, address)`` each.

    ``leave`` is where its reader asks for no more of them, in a mail that somebody has asked for.
    """

    sender: tuple[str, str]
    to: tuple[str, str]
    reply_to: tuple[str, str]
    message_id: str
    leave: str | None = None


class MailFailed(Exception):
    """The mail was not sent, and it is known that it was not; ``str()`` says what failed, in a sentence.

    ``hint`` is what helps. ``permanent``: this recipient or this mail was refused for good, so that sending it
    again changes nothing; everything else (settings, the line, the server's mood) may pass.
    """

    def __init__(self, words: str, *, hint: str | None = None, permanent: bool = False) -> None:
        super().__init__(words)
        self.hint = hint
        self.permanent = permanent


class MailUnknown(Exception):
    """The connection broke after the mail had been handed over: it may have been sent."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversation with a mail server, and how it went; ``detail`` says it in a few words."""

    name: Literal["name", "connection", "greeting", "tls", "login", "acceptance"]
    ok: bool
    detail: str
    milliseconds: int

    def as_json(self) -> dict[str, Any]:
        """Return the step as scripts read it."""
        return {
            "step": self.name,
            "ok": self.ok,
            "detail": self.detail,
            "milliseconds": self.milliseconds,
        }


@dataclass(frozen=True, slots=True)
class Message:
    """A mail: ``queued`` and ``failed`` are still to be sent, ``unknown`` may have been.

    ``occasion`` is what it is written for: one occasion is one mail to each ``recipient``. ``about`` is what that
    occasion knows and the session does not say any more. ``trouble``: why the owner's own template was not used.
    """

    id: int
    session_id: int | None
    share_id: int | None
    payment_id: int | None
    waiting_id: int | None
    kind: str
    recipient: Recipient
    occasion: str
    about: Mapping[str, Any]
    to_name: str
    to_email: str
    letter: Letter
    trouble: str | None
    state: State
    attempts: int
    last_error: str | None
    created_at: Instant
    next_try_at: Instant | None
    sent_at: Instant | None

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the message as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "session": self.session_id,
            "waiting": self.waiting_id,
            "to": self.to_email,
            "kind": self.kind,
            "recipient": self.recipient,
            "subject": self.letter.subject,
            "state": self.state,
            "attempts": self.attempts,
            "last_error": self.last_error,
            "trouble": self.trouble,
            "created_at": rfc3339(self.created_at, zone),
            "next_try_at": self.next_try_at and rfc3339(self.next_try_at, zone),
            "sent_at": self.sent_at and rfc3339(self.sent_at, zone),
        }
