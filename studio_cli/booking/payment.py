"""Payments: what came in, and what that completes."""

from __future__ import annotations

from dataclasses import dataclass

from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.money import Money, parse_money
from studio_cli.model.payment import METHODS, Payment
from studio_cli.model.session import Session
from studio_cli.model.text import clean_optional, shown
from studio_cli.model.times import parse_moment
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import repeat_key
from studio_cli.store import session as session_store
from studio_cli.store.event import Actor


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment in the ledger and the session after it. ``confirmed``: it was the last thing waited for."""

    payment: Payment
    session: Session
    confirmed: bool = False
    repeated: bool = False


def record(
    studio: Studio,
    selector: str,
    amount: str,
    *,
    method: str = "other",
    at: str | None = None,
    note: str | None = None,
    key: str | None = None,
) -> Recorded:
    """Write down money that the studio has received for a session, whatever the session's status.

    When it covers what is due, the payment step is done; when that was the last step, the session is confirmed.
    """
    arguments = {"session": selector, "amount": amount, "method": method, "at": at, "note": note}
    with studio.file.atomic():
        now = studio.now()
        if key is not None:
            earlier = repeat_key.earlier_result(studio.file, key, "payment record", arguments)
            if earlier is not None:
                payment = _get(studio, earlier)
                return Recorded(payment, sessions.get(studio, payment.session_id), repeated=True)
        studio.settle(now)
        before = sessions.find(studio, selector)
        money = _amount(amount, before)
        if method not in METHODS:
            raise WrongUsage(
                f"{shown(method)[:40]!r} is not a method.", hint=f"Use one of: {', '.join(METHODS)}."
            )
        paid_at = parse_moment(at, studio.settings.zone, now) if at else now
        number = payment_store.insert(
            studio.file,
            before.id,
            money,
            method,
            at=paid_at,
            now=now,
            note=clean_optional(note, "The note", limit=500),
        )
        details = {"payment": number, "amount": money.as_json(), "method": method}
        event_store.add(studio.file, "payment recorded", now, session_id=before.id, details=details)
        after = received(studio, before.id, "owner")
        if key is not None:
            repeat_key.remember(studio.file, key, "payment record", arguments, number, now)
        return Recorded(_get(studio, number), after, confirmed=after.status == "confirmed" != before.status)


def received(studio: Studio, number: int, actor: Actor = "client") -> Session:
    """Inside a write, after money was recorded: it stops the clock of a hold; if nothing is left, it confirms."""
    session = sessions.get(studio, number)
    if session.status == "pending" and session.expires_at is not None:
        session_store.set_expiry(studio.file, number, None)
    return sessions.complete(studio, number, actor)


def _amount(text: str, session: Session) -> Money:
    money = parse_money(text, session.price.currency)
    if not money:
        raise WrongUsage("A payment of nothing cannot be recorded.")
    return money


def _get(studio: Studio, number: int) -> Payment:
    payment = payment_store.get(studio.file, number)
    assert payment is not None
    return payment
