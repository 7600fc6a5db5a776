"""A template of a mail: what can stand in its braces, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LINK = "{studio:link}"
"""Stands for the link in a kept message: the link itself exists only in the mail that is sent."""
LONGEST = 100_000
"""Characters in a template."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Something that a template can say: what it is, and an example of what it says or of how it is used."""

    about: str
    example: str


_V = Variable
VARIABLES: dict[str, dict[str, Variable]] = {
    "studio": {
        "name": _V("your name", "Ana Silva Photography"),
        "email": _V("your address", "ana@example.com"),
        "phone": _V("your phone number", "+1 416 555 0111"),
        "tel": _V("the same without spaces, for a link to call you", "+14165550111"),
        "timezone": _V("the zone of your hours", "America/Toronto"),
        "instructions": _V("how to pay you: payment.instructions", "E-transfer to ana@example.com"),
        "signature": _V(
            "your signature: mail.signature; it stands below every mail by itself", "Ana\nStudio 4, High Park"
        ),
        "color": _V("your colour: brand.color", "#2f5d50"),
        "on_color": _V("what can be read on it", "#ffffff"),
        "ink_color": _V("your colour as text on white", "#2f5d50"),
        "night_color": _V("your colour as text on dark", "#6d8e84"),
        "test": _V("for a condition: this studio only tries things out", "{% if studio.test %}"),
    },
    "client": {
        "name": _V("the client's name", "Rui Costa"),
        "email": _V("the client's address", "rui@example.com"),
        "phone": _V("the client's phone number", "+1 416 555 0100"),
    },
    "session": {
        "id": _V("its number", "12"),
        "reference": _V("what a client writes on a transfer, so that you know what it is for", "S12"),
        "status": _V("pending, confirmed, canceled, declined, expired or inquiry", "confirmed"),
        "title": _V("what it is", "Family session"),
        "client": _V("the client's name", "Rui Costa"),
        "day": _V("the day", "Friday 4 December 2026"),
        "time": _V("from when to when", "10:00 to 11:30"),
        "starts_at": _V("day and time", "Friday 4 December 2026, 10:00"),
        "zone": _V("the time zone of these", "America/Toronto, UTC−05:00"),
        "there": _V("the time by the clocks of a client who booked it elsewhere", "{% if session.there %}"),
        "duration": _V("how long it is", "1 h 30 min"),
        "location": _V("where it is", "High Park"),
        "price": _V("the price", "CA$250.00"),
        "discount": _V("what is taken off it", "CA$25.00"),
        "discount_reason": _V("why", "Returning client"),
        "tax": _V("the tax", "CA$29.25"),
        "tax_name": _V("what the tax is called, with its rate", "HST 13\u00a0%"),
        "tax_included": _V("for a condition: the price has the tax in it", "{% if session.tax_included %}"),
        "tip": _V("what the client adds", "CA$10.00"),
        "total": _V("price less discount, with tax and tip", "CA$264.25"),
        "asks": _V("what booking costs, until it is booked", "CA$264.25, of which CA$60.00 at booking"),
        "due_now": _V("what is still to be paid to complete the booking", "CA$60.00"),
        "rest": _V("of the total, what is not paid at booking", "CA$204.25"),
        "paid": _V("what was paid", "CA$60.00"),
        "balance": _V("what is still to be paid of all", "CA$204.25"),
        "balance_due": _V("by when", "Friday 27 November 2026"),
        "refunded": _V("what went back of what was paid", "CA$60.00"),
        "deadline": _V("until when the time is held", "Fri 27 Nov 2026 10:00"),
        "held_until": _V("the same, and empty for a request that holds no time", "Fri 27 Nov 2026 10:00"),
        "wishes": _V(
            "the times that would suit the client, the dearest first", "{% for one in session.wishes %}"
        ),
        "wish": _V("what the client says about them", "With two dogs."),
        "offered": _V("the times that you proposed", "{% for one in session.offered %}"),
        "policy": _V(
            "until when it can be moved and canceled, and what goes back", "{% for line in session.policy %}"
        ),
        "steps": _V("what the client still has to do, one after the other", "{% for step in session.steps %}"),
        "steps_left": _V("the same in words", "Review, Contract and Payment"),
        "announced": _V("whether the client says that a payment is on its way", "{% if session.announced %}"),
        "confirmed_by": _V("client or owner", "client"),
    },
    "receipt": {
        "number": _V("in a mail about a payment: the receipt's number", "7"),
        "amount": _V("its amount", "CA$60.00"),
        "at": _V("when it arrived", "Fri 20 Nov 2026 10:00"),
    },
    "refund": {"amount": _V("in a mail about a refund: what goes back", "CA$60.00")},
    "mail": {
        "note": _V("the words of yours for this mail: --message", "I look forward to it."),
        "money": _V("when the client has canceled: what goes back and how", "{% for line in mail.money %}"),
        "again": _V("for a condition: the link is sent once more", "{% if mail.again %}"),
        "picked": _V(
            "for a condition: it was picked on the booking site, and is to be proved", "{% if mail.picked %}"
        ),
        "overdue": _V("for a condition: the balance should be there already", "{% if mail.overdue %}"),
        "today": _V("for a condition: the session is today", "{% if mail.today %}"),
        "moved": _V("for a condition: the session has a new time", "{% if mail.moved %}"),
    },
    "news": {
        "headline": _V(
            "in the mail to yourself: what happened",
            "Rui Costa has confirmed: Family session, Friday 4 December 2026, 10:00",
        ),
        "sentence": _V(
            "the same as a sentence",
            "Rui Costa has done everything that was asked for. The session is confirmed:",
        ),
        "command": _V("the command that helps", "studio session show 12"),
    },
}  # fmt: skip
"""What a template can say in double braces, ``{{ client.name }}``. What does not apply is empty."""

CHANGE: dict[str, Variable] = {
    "label": _V("what changed", "When"),
    "before": _V("what it was", "Friday 27 November 2026, 10:00 to 11:30"),
    "now": _V("what it is now", "Friday 4 December 2026, 10:00 to 11:30"),
}
"""What ``{% for change in changed %}`` knows of each change, in a mail about changes."""

ALONE: dict[str, Variable] = {
    "link": _V("the client's link; empty in a mail without one", "https://book.example.com/s/…"),
    "stop": _V(
        "in a mail that a time is free: where one asks to be told no more",
        "https://book.example.com/waiting/…",
    ),
    "changed": _V("what changed, one after the other", "{% for change in changed %}"),
}

PARTS: dict[str, Variable] = {
    "details": _V("what, when and where, beside a line in your colour", "{{ details() }}"),
    "changes": _V("what was and what is now, one below the other", "{{ changes() }}"),
    "quote": _V("words set apart, as they were typed", "{{ quote(mail.note) }}"),
    "button": _V("a button to the link, with the link below it", '{{ button("See your booking") }}'),
}
"""What a template can place besides words."""


def every_variable() -> list[tuple[str, Variable]]:
    """Return all that can stand in braces, as it is written there."""
    nouns = [(f"{noun}.{word}", one) for noun, words in VARIABLES.items() for word, one in words.items()]
    changes = [(f"change.{word}", one) for word, one in CHANGE.items()]
    return [*nouns, *ALONE.items(), *changes]


class Unusable(Exception):
    """The owner's template cannot be used: why, and on which line of it; ``str()`` is one plain sentence.

    ``costly``: it took all the time or memory there is, and would again. ``passing``: the machine is to blame.
    """

    def __init__(
        self, message: str, line: int | None = None, *, costly: bool = False, passing: bool = False
    ) -> None:
        super().__init__(said(message, line))
        self.message, self.line, self.costly, self.passing = message, line, costly, passing


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an owner's template could not be used, as it is remembered: with the SHA-256 of its text.

    ``costly``: finding out takes so long that the same text is not tried again.
    """

    sha256: str
    message: str
    line: int | None
    costly: bool

    def __str__(self) -> str:
        return said(self.message, self.line)

    def as_json(self) -> dict[str, Any]:
        """Return it as the file keeps it."""
        return {"sha256": self.sha256, "message": self.message, "line": self.line, "costly": self.costly}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Fault:
        """Return one that was kept."""
        return cls(kept["sha256"], kept["message"], kept["line"], kept["costly"])


def said(message: str, line: int | None) -> str:
    """Return what is wrong as one sentence, with its line where there is one."""
    return f"line {line}: {message}" if line else message
