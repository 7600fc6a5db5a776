"""A session: one appointment, its status, and what the client still has to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whenever import Date, Instant

from studio_cli.model.availability import Need
from studio_cli.model.form import Form
from studio_cli.model.money import Money
from studio_cli.model.reminder_plan import REMINDERS, ReminderName
from studio_cli.model.site import Request
from studio_cli.model.terms import Terms
from studio_cli.model.times import rfc3339, stored
from studio_cli.model.wish import Wish

Status = Literal["inquiry", "pending", "confirmed", "declined", "canceled", "expired"]
StepName = Literal["review", "questionnaire", "contract", "payment"]
Channel = Literal["email", "direct"]
By = Literal["client", "owner"]

STATUSES: tuple[Status, ...] = ("inquiry", "pending", "confirmed", "declined", "canceled", "expired")
STEPS: tuple[StepName, ...] = ("review", "questionnaire", "contract", "payment")

# The schema has the same list (a trigger); this one lets a use case say why before the database refuses.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    "inquiry": frozenset({"pending", "declined", "canceled"}),
    "pending": frozenset({"confirmed", "expired", "canceled"}),
    "confirmed": frozenset({"pending", "canceled"}),
    "expired": frozenset({"pending"}),
    "declined": frozenset(),
    "canceled": frozenset(),
}

LINK_LIVES_DAYS = 30
"""A link ends this many days after its session does."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the client does.

    ``announced_at`` is a payment that is said to be on its way; ``revision`` is that of the details for which the
    client did the step last, which need not be the present one.
    """

    name: StepName
    required: bool
    done_at: Instant | None = None
    waived_at: Instant | None = None
    announced_at: Instant | None = None
    revision: int | None = None

    @property
    def open(self) -> bool:
        """Whether the booking still waits for this step."""
        return self.required and self.done_at is None and self.waived_at is None

    def as_json(self) -> dict[str, Any]:
        """Return ``{step, required, done, waived}``."""
        return {
            "step": self.name,
            "required": self.required,
            "done": self.done_at is not None,
            "waived": self.waived_at is not None,
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a session knows of its contract without reading it: which one, and who signed that very text."""

    name: str
    sha256: str
    signed_by: str | None = None
    signed_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What the file has of one step: when it was done, for which revision of the details, waived or announced."""

    done_at: Instant | None = None
    done_revision: int | None = None
    waived_at: Instant | None = None
    announced_at: Instant | None = None


def steps_of(
    marks: Mapping[StepName, Mark],
    *,
    pending: bool,
    revision: int,
    form: Form | None,
    contract: Agreement | None,
    asked_now: Money,
    paid: Money,
    paid_at: Instant | None,
) -> tuple[Step, ...]:
    """Return the steps of a session, derived from what it is now and from the marks on file.

    Nothing can be left behind by a change: a review counts for the details it was made of, a signature for the
    text it stands under, a payment is done when the ledger covers what is asked.
    """
    required = {
        "review": True,
        "questionnaire": form is not None,
        "contract": contract is not None,
        "payment": bool(asked_now),
    }
    steps = []
    for name in STEPS:
        mark = marks.get(name, Mark())
        done_at = mark.done_at
        if name == "review" and pending and mark.done_revision != revision:
            done_at = None
        elif name == "contract" and pending:
            done_at = contract.signed_at if contract else None
        elif name == "payment":
            done_at = paid_at if asked_now and paid >= asked_now else None
        wanted = required[name]
        waived_at, announced_at = (mark.waived_at, mark.announced_at) if wanted else (None, None)
        steps.append(
            Step(
                name,
                wanted,
                done_at if wanted else None,
                None if done_at else waived_at,
                announced_at,
                mark.done_revision,
            )
        )
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Share:
    """One act of giving the client a link. The token itself is nowhere in the file."""

    id: int
    session_id: int
    channel: Channel
    created_at: Instant
    opened_at: Instant | None
    revoked_at: Instant | None
    last_opened_at: Instant | None = None

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the share as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "channel": self.channel,
            "created_at": rfc3339(self.created_at, zone),
            "opened_at": self.opened_at and rfc3339(self.opened_at, zone),
            "last_opened_at": self.last_opened_at and rfc3339(self.last_opened_at, zone),
            "revoked_at": self.revoked_at and rfc3339(self.revoked_at, zone),
        }


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history, with the session it is about."""

    number: int
    kind: str
    session_id: int
    title: str
    client: str


@dataclass(frozen=True, slots=True)
class Named:
    """The short form of a client or a type inside a session."""

    id: int
    name: str
    email: str | None = None
    slug: str | None = None
    language: str | None = None
    reminders: bool = True
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """An appointment. Buffers are minutes; ``tip`` is what its client gives on top of the terms.

    ``reminders`` is the switch of this session, ``type_reminders`` what its type says by now.

    ``revision`` counts the details that its client sees, ``sequence`` those and the changes of its status, as
    calendars want it (RFC 5545, 3.8.7.4). ``move_until`` and ``cancel_until`` are minutes before it begins, until which
    its client can change their mind; ``site_hold`` are minutes for which each thing that they do holds a time that
    that they picked themselves, ``wish`` is what they asked for in their own words. ``booked_as`` and ``booked_phone``
    are what somebody typed on the booking site, where anybody can type anything; ``client_zone`` is the zone in which
    they read its times, ``visitor`` the address that they came from.

    Of an inquiry, ``holds_time`` says whether its time is kept free for it, ``offered`` are the times that the owner
    proposed instead. ``kept`` is what the studio keeps of what was paid when its client has canceled it: what is paid
    beyond that goes back.
    """

    id: int
    status: Status
    title: str
    type: Named | None
    client: Named
    starts_at: Instant
    duration: int
    timezone: str
    buffer_before: int
    buffer_after: int
    location: str | None
    terms: Terms
    tip: Money
    paid: Money
    form: Form | None
    custom_time: bool
    overlap_allowed: bool
    expires_at: Instant | None
    revision: int
    created_at: Instant
    confirmed_at: Instant | None
    confirmed_by: By | None
    notes: str | None = None
    contract: Agreement | None = None
    language: str | None = None
    sequence: int = 0
    source: Literal["owner", "site"] = "owner"
    move_until: int | None = None
    cancel_until: int | None = None
    site_hold: int | None = None
    wish: str | None = None
    holds_time: bool = True
    offered: tuple[Instant, ...] = ()
    kept: Money | None = None
    booked_as: str | None = None
    booked_phone: str | None = None
    client_zone: str | None = None
    visitor: str | None = None
    reminders: bool = True
    type_reminders: tuple[ReminderName, ...] = REMINDERS
    steps: tuple[Step, ...] = ()
    shares: tuple[Share, ...] = ()

    @property
    def ends_at(self) -> Instant:
        """When it ends: a real duration after it starts, whatever clocks do in between."""
        return self.starts_at.add(minutes=self.duration)

    @property
    def reference(self) -> str:
        """What its client writes on a transfer: letters and digits alone, which every bank passes on."""
        return f"S{self.id}"

    @property
    def called(self) -> str:
        """What its client is called on its pages: as they typed, so that nobody learns how the studio knows them."""
        return self.booked_as or self.client.name

    @property
    def written_to(self) -> str | None:
        """The client's mail address as its pages may show it: not in the spelling that the studio has of it."""
        email = self.client.email
        return email.casefold() if email and self.booked_as else email

    @property
    def need(self) -> Need:
        """What the session asks of the time around it, whatever its type says by now."""
        return Need(
            self.duration, self.buffer_before, self.buffer_after, type_id=self.type.id if self.type else None
        )

    @property
    def price(self) -> Money:
        """The price, before discount, tax and tip."""
        return self.terms.price

    @property
    def total(self) -> Money:
        """What the client pays in all."""
        return self.terms.total + self.tip

    @property
    def asked_now(self) -> Money:
        """What completing the booking costs."""
        return self.terms.asked_now + self.tip

    @property
    def waiting_for(self) -> tuple[Step, ...]:
        """The steps that stand between a pending session and Confirmed, in their order."""
        return tuple(step for step in self.steps if step.open) if self.status == "pending" else ()

    @property
    def due_now(self) -> Money:
        """What the client is asked to pay now: nothing when it is paid, waived or no longer wanted."""
        if self.step("payment").waived_at or self.status not in {"inquiry", "pending", "confirmed"}:
            return Money(0, self.price.currency)
        return (self.asked_now - self.paid).or_zero()

    @property
    def balance(self) -> Money:
        """What is not paid of all; below zero when too much was."""
        return self.total - self.paid

    @property
    def balance_due_on(self) -> Date | None:
        """The day by which the balance is due, in the session's zone; None while nothing says so.

        Never before the day on which it was set up: nobody can have paid by then.
        """
        if self.terms.balance_due is None:
            return None
        due = self.starts_at.to_tz(self.timezone).date().add(days=self.terms.balance_due)
        return max(due, self.created_at.to_tz(self.timezone).date())

    @property
    def occupies(self) -> bool:
        """Whether nobody else can have its time."""
        return self.status in {"pending", "confirmed"} or (self.status == "inquiry" and self.holds_time)

    @property
    def request(self) -> Request:
        """What asking for its time did, as long as it is an inquiry."""
        if self.wish is not None:
            return "wishes"
        return "hold" if self.expires_at is not None else "free"

    @property
    def wishes(self) -> Wish | None:
        """Which times the client named."""
        return None if self.wish is None else Wish.from_stored(self.wish)

    @property
    def move_ends_at(self) -> Instant | None:
        """Until when its client can move it themselves, that moment included; None for never."""
        return None if self.move_until is None else self.starts_at.subtract(minutes=self.move_until)

    @property
    def cancel_ends_at(self) -> Instant | None:
        """Until when its client can cancel it themselves, that moment included; None for never."""
        return None if self.cancel_until is None else self.starts_at.subtract(minutes=self.cancel_until)

    @property
    def link_ends_at(self) -> Instant:
        """When every link of this session ends by itself."""
        return self.ends_at.add(hours=24 * LINK_LIVES_DAYS)

    def step(self, name: StepName) -> Step:
        """Return the step of that name; one that this session does not have is not required."""
        return next((step for step in self.steps if step.name == name), Step(name, required=False))

    @property
    def languages(self) -> tuple[str | None, ...]:
        """The languages that its client is written to in, the most wanted first."""
        return self.language, self.client.language

    @property
    def reminded_of(self) -> tuple[ReminderName, ...]:
        """What its client is reminded of, as session, client and type together say."""
        return self.type_reminders if self.reminders and self.client.reminders else ()

    def details(self) -> dict[str, str]:
        """Return what a client agrees to when reviewing: any change must be seen first.

        Plain values, so that they can be shown in any language; ``form`` and ``document`` say which wording.
        """
        return {
            "title": self.title,
            "starts_at": stored(self.starts_at),
            "ends_at": stored(self.ends_at),
            "timezone": self.timezone,
            "location": self.location or "",
            "price": str(self.price),
            "discount": str(self.terms.taken_off) if self.terms.discount else "",
            "tax": f"{self.terms.tax}: {self.terms.tax_amount}" if self.terms.tax else "",
            "total": str(self.terms.total),
            "due_now": str(self.terms.asked_now),
            "balance_due": str(self.balance_due_on or ""),
            "questions": self.form.title if self.form else "",
            "form": self.form.fingerprint if self.form else "",
            "contract": self.contract.name if self.contract else "",
            "document": self.contract.sha256 if self.contract else "",
            "move_until": "" if self.move_until is None else str(self.move_until),
            "cancel_until": "" if self.cancel_until is None else str(self.cancel_until),
            "refunds": str(self.terms.refunds or ""),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the session as scripts read it; times in its own zone."""

        def at(moment: Instant | None) -> str | None:
            return moment and rfc3339(moment, self.timezone)

        return {
            "id": self.id,
            "status": self.status,
            "title": self.title,
            "type": self.type and {"slug": self.type.slug, "name": self.type.name},
            "client": {"id": self.client.id, "name": self.client.name, "email": self.client.email},
            "starts_at": at(self.starts_at),
            "ends_at": at(self.ends_at),
            "timezone": self.timezone,
            "duration_minutes": self.duration,
            "buffer_before_minutes": self.buffer_before,
            "buffer_after_minutes": self.buffer_after,
            "location": self.location,
            "notes": self.notes,
            **self.terms.as_json(),
            "tip": self.tip.as_json(),
            "total": self.total.as_json(),
            "balance_due_on": str(self.balance_due_on) if self.balance_due_on else None,
            "asked_now": self.asked_now.as_json(),
            "due_now": self.due_now.as_json(),
            "paid": self.paid.as_json(),
            "balance": self.balance.as_json(),
            "steps": [step.as_json() for step in self.steps],
            "waiting_for": [step.name for step in self.waiting_for],
            "payment_announced_at": at(self.step("payment").announced_at),
            "form": self.form.name if self.form else None,
            "contract": self.contract.name if self.contract else None,
            "signed_by": self.contract.signed_by if self.contract else None,
            "signed_at": at(self.contract.signed_at if self.contract else None),
            "language": self.language,
            "source": self.source,
            "move_until_minutes": self.move_until,
            "cancel_until_minutes": self.cancel_until,
            "wish": self.wishes and self.wishes.as_json(self.timezone),
            "holds_time": self.occupies,
            "offered_times": [at(moment) for moment in self.offered],
            "kept": self.kept.as_json() if self.kept else None,
            "booked_as": self.booked_as,
            "booked_phone": self.booked_phone,
            "reminders": self.reminders,
            "reminded_of": list(self.reminded_of),
            "custom_time": self.custom_time,
            "overlap_allowed": self.overlap_allowed,
            "expires_at": at(self.expires_at) if self.status in {"inquiry", "pending", "expired"} else None,
            "created_at": at(self.created_at),
            "confirmed_at": at(self.confirmed_at),
            "confirmed_by": self.confirmed_by,
            "shares": [share.as_json(self.timezone) for share in self.shares],
        }
