"""The overview: what is stuck and what moves it, what is next, what is owed, what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whenever import Date, Instant

from studio_cli.booking import own_template
from studio_cli.booking.own_template import NotUsed
from studio_cli.booking.studio import Studio
from studio_cli.model.calendar import Calendar
from studio_cli.model.message import OPEN, Message
from studio_cli.model.money import Money, sums_of
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.model.times import day_begins, rfc3339
from studio_cli.store import calendar as calendar_store
from studio_cli.store import message as message_store
from studio_cli.store import payment as payment_store
from studio_cli.store import refund_order as refund_store
from studio_cli.store import session as session_store
from studio_cli.store import waiting as waiting_store

COMING_DAYS = 7
"""How many whole days after today are the coming week."""
OWING_DAYS = 400
"""How long after a session an unpaid balance is still shown, and how long after a payment that it was too much."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A session that waits for somebody: for what, since when, and the command that moves it.

    ``yours``: it waits for the owner.
    """

    session: Session
    waits_for: str
    yours: bool
    since: Instant
    opened_at: Instant | None
    command: str

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it; times in the session's zone."""
        zone = self.session.timezone
        return {
            "session": self.session.id,
            "title": self.session.title,
            "client": self.session.client.name,
            "status": self.session.status,
            "waits_for": self.waits_for,
            "yours": self.yours,
            "since": rfc3339(self.since, zone),
            "link_opened_at": self.opened_at and rfc3339(self.opened_at, zone),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Owed:
    """What is to be given back by hand for a session that its client has canceled, and the command for it.

    ``begun``: a refund of the same session is on its way, and finished first.
    """

    session: Session
    amount: Money
    begun: bool = False

    @property
    def command(self) -> str:
        """The command that writes it down, once what was begun is finished."""
        if self.begun:
            return "studio payment sync"
        return f"studio payment refund {self.session.id} {self.amount.amount}"

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {
            "session": self.session.id,
            "title": self.session.title,
            "client": self.session.client.name,
            "amount": self.amount.as_json(),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Overview:
    """The studio at one moment."""

    name: str
    now: Instant
    zone: str
    coming: Sequence[Session]
    stuck: Sequence[Stuck]
    owing: Sequence[Session]
    overpaid: Sequence[Session]
    to_refund: Sequence[Payment]
    owed: Sequence[Owed]
    unfinished_refunds: int
    mail: Sequence[Message]
    templates: Sequence[NotUsed]
    calendars: Sequence[Calendar]
    waiting_list: int

    @property
    def owing_sums(self) -> list[Money]:
        """What clients still owe, a sum for each currency."""
        return sums_of(session.balance for session in self.owing)

    @property
    def give_back_sums(self) -> list[Money]:
        """What is to be given back to clients, a sum for each currency."""
        too_much = [session.paid - session.total for session in self.overpaid]
        return sums_of([*(row.left for row in self.to_refund), *(one.amount for one in self.owed), *too_much])

    @property
    def is_calm(self) -> bool:
        """Whether nothing waits for anybody, nothing is owed either way, and nothing went wrong."""
        money = (self.owing, self.overpaid, self.to_refund, self.owed)
        trouble = (self.unfinished_refunds, self.mail, self.templates, self.calendars)
        return not (self.stuck or any(money) or any(trouble))

    def as_json(self) -> dict[str, Any]:
        """Return the overview as scripts read it."""
        return {
            "studio": self.name,
            "at": rfc3339(self.now, self.zone),
            "coming": [session.as_json() for session in self.coming],
            "stuck": [one.as_json() for one in self.stuck],
            "owing": [session.as_json() for session in self.owing],
            "owing_sums": [amount.as_json() for amount in self.owing_sums],
            "give_back_sums": [amount.as_json() for amount in self.give_back_sums],
            "overpaid": [session.as_json() for session in self.overpaid],
            "unfinished_refunds": self.unfinished_refunds,
            "to_refund": [payment.as_json(self.zone) for payment in self.to_refund],
            "owed": [one.as_json() for one in self.owed],
            "mail": [message.as_json(self.zone) for message in self.mail],
            "templates": [one.as_json() for one in self.templates],
            "calendars": [calendar.as_json(self.zone) for calendar in self.calendars],
            "waiting_list": self.waiting_list,
        }


def overview(studio: Studio) -> Overview:
    """Return what the owner should know now."""
    now, zone, file = studio.now(), studio.settings.zone, studio.file
    long_ago = now.subtract(hours=24 * OWING_DAYS)
    today = now.to_tz(zone).date()
    with file.reading():
        coming = session_store.listed(
            file,
            now,
            statuses=("confirmed", "pending", "inquiry"),
            first=now.subtract(hours=12),
            last=day_begins(today.add(days=COMING_DAYS + 1), zone),
        )
        return Overview(
            name=studio.settings["studio.name"],
            now=now,
            zone=zone,
            coming=[session for session in coming if session.ends_at > now],
            stuck=[stuck(studio, session) for session in session_store.unfinished(file, now)],
            owing=sorted(session_store.owing(file, now, long_ago), key=_due_first),
            overpaid=session_store.overpaid(file, now, long_ago),
            unfinished_refunds=len(refund_store.unfinished(file)),
            to_refund=payment_store.listed(file, late=True),
            owed=[_owed(studio, session) for session in session_store.owed(file, now)],
            mail=message_store.listed(file, OPEN),
            templates=own_template.not_used(studio),
            calendars=[one for one in calendar_store.listed(file, now) if one.error],
            waiting_list=waiting_store.people(file),
        )


def _due_first(session: Session) -> tuple[Date, Instant]:
    """Return what sorts balances: the day by which it is due comes first; without one, that of the session itself."""
    return session.balance_due_on or session.starts_at.to_tz(session.timezone).date(), session.starts_at


def _owed(studio: Studio, session: Session) -> Owed:
    assert session.kept is not None
    begun = refund_store.unfinished(studio.file, session.id)
    amount = session.paid - session.kept - sum((one.amount for one in begun), session.terms.nothing)
    return Owed(session, amount, bool(begun))


def stuck(studio: Studio, session: Session) -> Stuck:
    """Return what an unfinished session waits for."""
    asked_for = session.status == "inquiry"
    waits_for, yours, command = _answer(studio, session) if asked_for else _move(session)
    living = [share for share in session.shares if share.revoked_at is None]
    opened = [share.last_opened_at for share in living if share.last_opened_at]
    moments = [session.created_at, *(share.created_at for share in living), *opened]
    moments += [step.done_at for step in session.steps if step.done_at]
    return Stuck(session, waits_for, yours, max(moments), max(opened, default=None), command)


def next_command(session: Session) -> str | None:
    """Return the command that moves a session on; None when there is nothing to do. Of a request ``stuck`` knows it."""
    if session.status in {"pending", "expired"}:
        return _move(session)[2]
    if session.status == "confirmed" and session.balance.minor > 0:
        return f"studio payment record {session.id} {session.balance.amount}"
    if session.kept is not None and session.paid > session.kept:
        return f"studio payment refund {session.id} {(session.paid - session.kept).amount}"
    return None


def _answer(studio: Studio, session: Session) -> tuple[str, bool, str]:
    """Return what a request waits for, as ``_move`` does: a yes only where that is possible."""
    from studio_cli.booking import change_of_mind as minds  # only where there is a request: it loads a lot
    from studio_cli.booking import request

    number = session.id
    if minds.still_offered(studio, session):
        return "client: choose a time", False, f"studio session show {number}"
    asked = [session.starts_at, *(session.wishes.times if session.wishes else ())]
    place = next((at for at, one in enumerate(asked) if request.is_possible(studio, session, one)), None)
    if session.offered or place is None:
        return "you: propose another time", True, _propose(studio, session)
    how = f" --wish {place}" if place else " --custom" if session.custom_time else ""
    return "you: accept, decline or propose", True, f"studio session accept {number}{how}"


def _propose(studio: Studio, session: Session) -> str:
    from studio_cli.booking import slot

    near = slot.nearest_free(studio, slot.need_of(studio, session), session.starts_at, most=1)
    if not near:
        return f"studio session decline {session.id}"
    wall = near[0].to_tz(studio.settings.zone).to_plain().format_iso(unit="minute", sep=" ")
    return f'studio session propose {session.id} --at "{wall}"'


def _move(session: Session) -> tuple[str, bool, str]:
    """Return what a session waits for, whether that is the owner, and the command that moves it."""
    number, due = session.id, session.due_now.amount
    if session.status == "expired":
        return "nothing: its hold ran out", True, f"studio session reopen {number}"
    if not session.waiting_for:
        return "you: confirm it", True, f"studio session confirm {number}"
    names = [step.name for step in session.waiting_for]
    if names == ["payment"] and session.step("payment").announced_at:
        return "you: confirm payment", True, f"studio payment record {number} {due}"
    if not any(share.revoked_at is None for share in session.shares):
        how = "--email" if session.client.email else "--link"
        return "you: share it", True, f"studio session share {number} {how}"
    how = "--email" if session.client.email else "--link"
    return f"client: {', '.join(names)}", False, f"studio session share {number} {how}"
