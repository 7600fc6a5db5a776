"""Payments and refunds: what came in and what it completes, what goes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.booking import letter
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.checkout import GivenBack, ProviderRefused
from studio_cli.model.message import WAITING
from studio_cli.model.money import Money, parse_money
from studio_cli.model.payment import METHODS, Payment
from studio_cli.model.session import Session, Status
from studio_cli.model.text import clean_optional, is_number, shown
from studio_cli.model.times import parse_moment, stored
from studio_cli.store import checkout as checkout_store
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import payment as payment_store
from studio_cli.store import refund_order as refund_store
from studio_cli.store import repeat_key
from studio_cli.store import session as session_store
from studio_cli.store.event import Actor
from studio_cli.store.refund_order import RefundOrder

DEAD: frozenset[Status] = frozenset({"canceled", "declined", "expired"})
"""Statuses of a session that takes no money: what comes all the same is kept and flagged."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of the ledger and the session after it. ``confirmed``: it was the last thing waited for."""

    payment: Payment
    session: Session
    confirmed: bool = False
    repeated: bool = False


# ── in ────────────────────────────────────────────────────────────────────────────────────────────


def record(
    studio: Studio,
    selector: str,
    amount: str,
    *,
    method: str = "other",
    at: str | None = None,
    note: str | None = None,
    key: str | None = None,
    tell: bool = True,
) -> Recorded:
    """Write down money that the studio has received for a session, whatever the session's status.

    When it covers what is due, the payment step is done; when that was the last step, the session is confirmed.
    """
    arguments = {"session": selector, "amount": amount, "method": method, "at": at, "note": note}
    with studio.file.atomic():
        now = studio.now()
        earlier = repeat_key.earlier_result(studio.file, key, "payment record", arguments) if key else None
        if earlier is not None:
            return _repeated(studio, earlier)
        studio.settle(now)
        before = sessions.find(studio, selector)
        money, paid_at = _amount(amount, before), _moment(studio, at)
        check_method(method)
        number = receive(
            studio,
            before,
            money,
            method,
            at=paid_at,
            note=clean_optional(note, "The note", limit=500),
            actor="owner",
            tell=tell,
        )
        if key is not None:
            repeat_key.remember(studio.file, key, "payment record", arguments, number, now)
        after = sessions.get(studio, before.id)
        return Recorded(get(studio, number), after, confirmed=after.status == "confirmed" != before.status)


def receive(
    studio: Studio,
    session: Session,
    amount: Money,
    method: str,
    *,
    at: Instant,
    note: str | None = None,
    reference: str | None = None,
    actor: Actor = "client",
    tell: bool = True,
    counts: bool = True,
) -> int:
    """Inside a write: put money into the ledger, with its receipt, and let it do what it completes.

    Money for a session that is over is kept all the same, and flagged: it may have to go back. Without ``counts`` it
    completes nothing yet.
    """
    now = studio.now()
    late = session.status if session.status in DEAD else None
    number = payment_store.insert(
        studio.file,
        session.id,
        amount,
        method,
        at=at,
        now=now,
        note=note,
        reference=reference,
        late=late,
        facts=_facts(session, amount),
    )
    details = {"payment": number, "amount": amount.as_json(), "method": method}
    event_store.add(studio.file, "payment recorded", now, actor=actor, session_id=session.id, details=details)
    if late:
        event_store.add(
            studio.file, "payment came too late", now, actor="system", session_id=session.id, details=details
        )
    if counts:
        let_count(studio, session, number, actor=actor, tell=tell)
    return number


def let_count(
    studio: Studio, session: Session, number: int, *, actor: Actor = "client", tell: bool = True
) -> None:
    """Inside a write: let a payment of the ledger do what it completes; ``session`` is as it was before.

    Who is told that the session is confirmed is not told again that the payment has arrived.
    """
    after, occasion = _received(studio, session.id, actor, number, tell=tell), f"payment {number}"
    if after.status == "confirmed" != session.status and after.starts_at > studio.now():
        return
    if tell:
        letter.tell_client(studio, after, "receipt", occasion, payment_id=number)
    if actor == "client":
        what = "late-payment" if after.status in DEAD else "paid"
        letter.tell_owner(studio, after, what, occasion)


def _facts(session: Session, amount: Money) -> dict[str, Any]:
    """Return what a receipt of ``amount`` goes on saying of its session, whatever becomes of it; money in minor units."""
    terms, paid = session.terms, session.paid + amount
    return {
        "title": session.title,
        "client": session.called,
        "starts_at": stored(session.starts_at),
        "discount": terms.taken_off.minor,
        "tax": terms.tax_amount.minor,
        "tax_name": terms.tax.name if terms.tax else "",
        "tax_rate": terms.tax.rate if terms.tax else 0,
        "tax_included": bool(terms.tax and terms.tax.included),
        "tip": session.tip.minor,
        "total": session.total.minor,
        "paid": paid.minor,
        "balance": (session.total - paid).or_zero().minor,
    }


def _received(studio: Studio, number: int, actor: Actor, payment_id: int, *, tell: bool) -> Session:
    """Inside a write, after money was recorded: it stops the clock of a hold; if nothing is left, it confirms."""
    session = sessions.get(studio, number)
    if session.status == "pending" and session.expires_at is not None:
        session_store.set_expiry(studio.file, number, None)
    return sessions.complete(studio, number, actor, tell=tell, payment_id=payment_id)


# ── back ──────────────────────────────────────────────────────────────────────────────────────────

GiveBack = Callable[[Payment, Money, str], str]
"""Gives back part of a payment where it was made, and returns that refund's reference there.

It is given the payment, the amount and an idempotency key: the same key gives the same refund.
"""


@dataclass(frozen=True, slots=True)
class WantedRefund:
    """A refund as it was asked for. ``amount`` None is all that was paid; ``of`` is a row of the ledger.

    ``tell``: the client hears of it.
    """

    session: str
    amount: str | None = None
    of: int | None = None
    method: str | None = None
    at: str | None = None
    note: str | None = None
    tell: bool = True


def refund(
    studio: Studio,
    wanted: WantedRefund,
    *,
    give_back: GiveBack | None = None,
    key: str | None = None,
    rehearse: bool = False,
) -> list[Recorded]:
    """Give money back: outside, where it was paid outside, and in the ledger; return the new rows.

    Of several payments the newest go back first. A ``method`` other than that of the payment means that the owner
    gave it back by hand. ``give_back`` is for payments that were made outside.
    """
    arguments = {"session": wanted.session, "amount": wanted.amount, "of": wanted.of, "method": wanted.method}
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        earlier = repeat_key.earlier_result(studio.file, key, "payment refund", arguments) if key else None
        if earlier is not None:
            return [_repeated(studio, earlier)]
        studio.settle(studio.now())
        done, orders = plan_refund(studio, wanted, possible=give_back is not None or rehearse)
        if rehearse:
            return [*done, *(as_given(studio, order) for order in orders)]
        if key is not None and done:
            _remember(studio, key, arguments, done[0])

    def first(made: Recorded) -> None:
        if key is not None and not repeat_key.earlier_result(studio.file, key, "payment refund", arguments):
            _remember(studio, key, arguments, made)

    return [*done, *finish_refunds(studio, orders, give_back, kept=first)]


def _tell_refunded(studio: Studio, session_id: int, number: int) -> None:
    """Inside a write: tell the client that a row of the ledger went back.

    Several that have not been told yet are one mail; one about the cancellation that still waits says the sum.
    """
    waiting = {one.kind: one for one in message_store.listed(studio.file, WAITING, session_id=session_id)}
    if "canceled" in waiting:
        return
    session, told = sessions.get(studio, session_id), waiting.get("refund")
    before = list(told.about.get("refunds", ())) if told else []
    if told:
        message_store.cancel(studio.file, told.id)
    letter.tell_client(studio, session, "refund", f"refund {number}", about={"refunds": [*before, number]})


def plan_refund(
    studio: Studio, wanted: WantedRefund, *, possible: bool
) -> tuple[list[Recorded], list[RefundOrder]]:
    """Inside a write: put what the owner gives back by hand into the ledger, and write down what is to be asked outside.

    What was begun before and is not finished comes first, and alone: it may be the very same refund. ``possible``:
    there is a way to ask outside.
    """
    session = sessions.find(studio, wanted.session)
    begun = unfinished(studio, session)
    if begun and wanted.method is None:  # by hand it is another one
        return [], begun
    parts = _parts(studio, wanted)
    lost = next((part.payment for part in parts if part.outside and not possible), None)
    if lost:
        raise Refused(
            f"Payment {lost.id} was made with Stripe, and there is no key to give it back with.",
            hint="studio config secret stripe.key, or give it back yourself and say how: --method transfer",
            code="no_provider",
        )
    done = [_give(studio, wanted, part) for part in parts if not part.outside]
    return done, [_order(studio, wanted, part) for part in parts if part.outside]


def _order(studio: Studio, wanted: WantedRefund, part: Part) -> RefundOrder:
    import secrets

    note = clean_optional(wanted.note, "The note", limit=500)
    payment, key = part.payment, f"refund-{secrets.token_hex(16)}"
    order = RefundOrder(0, payment.id, part.amount, key, note, wanted.tell)
    return refund_store.insert(studio.file, payment.session_id, order, studio.now())


def finish_refunds(
    studio: Studio,
    orders: Sequence[RefundOrder],
    give_back: GiveBack | None,
    *,
    kept: Callable[[Recorded], None] = lambda made: None,
) -> list[Recorded]:
    """Ask outside for refunds that are written down, and put them into the ledger; ``kept`` is called in that write.

    Asking again is safe: each has a key. What cannot be reached stays written down, and the same command, or
    ``payment sync``, goes on with it; what is refused for good is given up.
    """
    made = []
    for order in orders if give_back else ():
        assert give_back is not None
        try:
            reference = give_back(get(studio, order.payment_id), order.amount, order.key)
        except ProviderRefused:
            with studio.file.atomic():
                refund_store.done(studio.file, order.id, studio.now())
            raise
        with studio.file.atomic():
            made.append(_keep_order(studio, order, reference))
            kept(made[-1])
    return made


def as_given(studio: Studio, order: RefundOrder) -> Recorded:
    """Within a rehearsal: put a refund that would be asked for outside into the ledger."""
    return _keep_order(studio, order, None)


def _keep_order(studio: Studio, order: RefundOrder, reference: str | None) -> Recorded:
    """Inside a write: put a refund that was made outside into the ledger, unless it was heard of before."""
    refund_store.done(studio.file, order.id, studio.now())
    known = payment_store.by_reference(studio.file, reference) if reference else None
    if known:
        return _repeated(studio, known.id)
    payment = get(studio, order.payment_id)
    wanted = WantedRefund(str(payment.session_id), note=order.note, tell=order.tell)
    return _give(studio, wanted, Part(payment, order.amount, outside=True), reference)


def unfinished(studio: Studio, session: Session) -> list[RefundOrder]:
    """Return the refunds of a session that were begun outside and did not get through yet."""
    return refund_store.unfinished(studio.file, session.id)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a studio keeps of what it owed for a session that its client has canceled; nothing when it was so already."""

    session: Session
    amount: Money


def keep(studio: Studio, selector: str, note: str | None = None, *, rehearse: bool = False) -> Kept:
    """Note that nothing more goes back by hand for a session that its client has canceled: they agreed otherwise."""
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        session = sessions.find(studio, selector)
        if session.kept is None:
            raise Refused(
                f"Nothing is owed for session {session.id}: no client has canceled it.",
                hint="studio status shows what is owed to whom.",
                code="nothing_owed",
            )
        begun = sum((one.amount for one in unfinished(studio, session)), session.terms.nothing)
        owed = (session.paid - session.kept - begun).or_zero()
        if owed:
            session_store.keep_money(studio.file, session.id, session.kept + owed)
            details = {"amount": owed.as_json(), "note": clean_optional(note, "The note", limit=500)}
            event_store.add(studio.file, "money kept", studio.now(), session_id=session.id, details=details)
        return Kept(sessions.get(studio, session.id), owed)


def order_back(studio: Studio, session: Session, amount: Money) -> list[RefundOrder]:
    """Inside a write: write down what of ``amount`` goes back where it was paid; nothing else is touched."""
    wanted = WantedRefund(str(session.id))
    return [_order(studio, wanted, part) for part in parts_of(studio, session, amount) if part.outside]


def parts_of(studio: Studio, session: Session, amount: Money) -> list[Part]:
    """Return which payments an amount would be given back from, each where it was paid."""
    return _parts(studio, WantedRefund(str(session.id), amount.amount)) if amount else []


def _remember(studio: Studio, key: str, arguments: Mapping[str, object], first: Recorded) -> None:
    repeat_key.remember(studio.file, key, "payment refund", arguments, first.payment.id, studio.now())


@dataclass(frozen=True, slots=True)
class Part:
    """What of one payment goes back; ``outside`` when it was paid there and goes back there."""

    payment: Payment
    amount: Money
    outside: bool


def _parts(studio: Studio, wanted: WantedRefund) -> list[Part]:
    """Return which payments a refund comes from, the newest first."""
    session = sessions.find(studio, wanted.session)
    if wanted.method is not None:
        check_method(wanted.method)
    begun = unfinished(studio, session)
    given = _left(studio, session, begun)
    if wanted.of is not None:
        given = {one: left for one, left in given.items() if one.id == wanted.of}
    most = sum(given.values(), session.terms.nothing)
    on_its_way = sum((one.amount for one in begun), session.terms.nothing)
    most = min(most, session.paid - on_its_way) if session.paid.minor >= 0 else most
    if most.minor <= 0:
        raise Refused(
            f"Of session {session.id} there is nothing to give back: {session.paid} is paid.",
            hint=f"studio payment list --session {session.id}",
            code="nothing_paid",
        )
    money = most if wanted.amount in {None, "all"} else _amount(wanted.amount or "", session)
    if money > most:
        raise Refused(
            f"Only {most} can be given back.",
            hint=f"studio payment list --session {session.id} shows what was paid.",
            code="refund",
            details={"most": most.as_json()},
        )
    parts: list[Part] = []
    for payment, left in reversed(given.items()):
        amount = min(left, money)
        if amount:
            outside = is_outside(payment) and wanted.method in {None, payment.method}
            parts.append(Part(payment, amount, outside))
            money -= amount
    return parts


def _left(studio: Studio, session: Session, begun: Sequence[RefundOrder]) -> dict[Payment, Money]:
    """Return what of each payment could still go back, oldest first: not what is on its way back already."""
    left = {one: one.left for one in payment_store.listed(studio.file, session_id=session.id) if one.left}
    for payment in left:
        for order in begun:
            if order.payment_id == payment.id:
                left[payment] = (left[payment] - order.amount).or_zero()
    return left


def is_outside(payment: Payment) -> bool:
    """Return whether a payment was made at a provider that can give it back."""
    return payment.method == "stripe" and bool(payment.reference)


def _give(studio: Studio, wanted: WantedRefund, part: Part, reference: str | None = None) -> Recorded:
    """Inside a write: put a refund into the ledger."""
    now, session_id = studio.now(), part.payment.session_id
    method = wanted.method or (
        part.payment.method if part.outside or part.payment.method in METHODS else "other"
    )
    number = payment_store.insert(
        studio.file,
        session_id,
        part.amount,
        method,
        kind="refund",
        at=_moment(studio, wanted.at),
        now=now,
        note=clean_optional(wanted.note, "The note", limit=500),
        reference=reference,
        refund_of=part.payment.id,
    )
    details = {"payment": number, "of": part.payment.id, "amount": part.amount.as_json(), "method": method}
    event_store.add(studio.file, "payment refunded", now, session_id=session_id, details=details)
    if wanted.tell:
        _tell_refunded(studio, session_id, number)
    return Recorded(get(studio, number), sessions.get(studio, session_id))


def keep_refund(studio: Studio, payment: Payment, given: GivenBack) -> Recorded | None:
    """Inside a write: put a refund that was made at the provider into the ledger, once.

    One that is more than the ledger has left of its payment is not believed: it goes into the history.
    """
    if payment_store.by_reference(studio.file, given.reference):
        return None
    now, paid = studio.now(), sessions.get(studio, payment.session_id).paid
    details = {"of": payment.id, "amount": given.amount.as_json(), "reference": given.reference}
    if given.amount.currency != payment.amount.currency or given.amount > min(payment.left, paid):
        if checkout_store.hear(studio.file, given.reference, "refund in doubt", now):
            event_store.add(
                studio.file,
                "refund in doubt",
                now,
                actor="system",
                session_id=payment.session_id,
                details=details,
            )
        return None
    number = payment_store.insert(
        studio.file,
        payment.session_id,
        given.amount,
        payment.method,
        kind="refund",
        at=given.at,
        now=now,
        reference=given.reference,
        refund_of=payment.id,
    )
    details = {"payment": number, **details, "method": payment.method}
    event_store.add(
        studio.file, "payment refunded", now, actor="system", session_id=payment.session_id, details=details
    )
    _tell_refunded(studio, payment.session_id, number)
    return Recorded(get(studio, number), sessions.get(studio, payment.session_id))


# ── finding and checking ──────────────────────────────────────────────────────────────────────────


def get(studio: Studio, number: int) -> Payment:
    """Return the row of the ledger with that number."""
    payment = payment_store.get(studio.file, number)
    if payment is None:
        raise NotFound(f"There is no payment {number}.", hint="studio payment list")
    return payment


def of_receipt(studio: Studio, selector: str) -> Payment:
    """Return the payment that a receipt is for: one of that number, or ``last``."""
    text = selector.strip()
    if not (text == "last" or is_number(text)):
        raise NotFound(
            f"{shown(text)[:60]!r} is not a receipt's number.",
            hint="studio payment list shows them, or use last.",
        )
    number = payment_store.last_receipt(studio.file) if text == "last" else int(text)
    payment = payment_store.by_receipt(studio.file, number)
    if payment is None:
        what = f"receipt {number}" if number else "receipt yet"
        raise NotFound(f"There is no {what}.", hint="studio payment list")
    return payment


def check_method(method: str) -> None:
    """Refuse a method that the owner cannot say."""
    if method not in METHODS:
        raise WrongUsage(
            f"{shown(method)[:40]!r} is not a method.", hint=f"Use one of: {', '.join(METHODS)}."
        )


def _repeated(studio: Studio, number: int) -> Recorded:
    payment = get(studio, number)
    return Recorded(payment, sessions.get(studio, payment.session_id), repeated=True)


def _moment(studio: Studio, at: str | None) -> Instant:
    now = studio.now()
    return parse_moment(at, studio.settings.zone, now) if at else now


def _amount(text: str, session: Session) -> Money:
    money = parse_money(text, session.price.currency)
    if not money:
        raise WrongUsage("Nothing is not an amount to record.", hint="Say how much it was: 50 or 50.00.")
    return money
