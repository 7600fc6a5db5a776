"""A message: one mail in the outbox, with its state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from whenever import Instant

from studio_cli.model.picture import Picture
from studio_cli.model.times import rfc3339

State = Literal["queued", "sending", "sent", "failed", "unknown", "canceled"]

LINK = "{studio:link}"
"""Stands for the link in a kept message: the link itself exists only in the mail that is sent."""


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
    """Who a mail is from, to whom, and where answers go: ``(name, address)`` each."""

    sender: tuple[str, str]
    to: tuple[str, str]
    reply_to: tuple[str, str]
    message_id: str


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
    """A mail: ``queued`` and ``failed`` are still to be sent, ``unknown`` may have been."""

    id: int
    session_id: int | None
    share_id: int | None
    payment_id: int | None
    kind: str
    to_name: str
    to_email: str
    letter: Letter
    state: State
    attempts: int
    last_error: str | None
    created_at: Instant
    sent_at: Instant | None

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the message as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "session": self.session_id,
            "to": self.to_email,
            "kind": self.kind,
            "subject": self.letter.subject,
            "state": self.state,
            "attempts": self.attempts,
            "last_error": self.last_error,
            "created_at": rfc3339(self.created_at, zone),
            "sent_at": self.sent_at and rfc3339(self.sent_at, zone),
        }
