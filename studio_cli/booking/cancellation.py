"""Canceling a session, and what happens with the money: proposed by its policy, decided by the owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whenever import Instant

from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import GiveBack, Recorded, WantedRefund
from studio_cli.booking.session import Change
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.money import Money, parse_money
from studio_cli.model.session import Session
from studio_cli.model.settlement import Settlement
from studio_cli.model.terms import Refunds
from studio_cli.store import refund_order as refund_store


def settlement(studio: Studio, session: Session) -> Settlement:
    """Return what would happen with the money if its client canceled a session now; without a policy all goes back.

    What is on its way back already is not paid any more.
    """
    begun = sum((one.amount for one in payments.unfinished(studio, session)), session.terms.nothing)
    paid = (session.paid - begun).or_zero()
    back = _by_policy(session, paid, studio.now())
    parts = payments.parts_of(studio, session, back)
    online = sum((part.amount for part in parts if part.outside), session.terms.nothing)
    return Settlement(paid, back, online)


def _by_policy(session: Session, paid: Money, now: Instant) -> Money:
    """Return what of ``paid`` goes back at a moment; without a policy, all of it."""
    return session.terms.refunds.of(paid, _minutes(session, now)) if session.terms.refunds else paid


def _minutes(session: Session, now: Instant) -> int:
    return (session.starts_at.timestamp() - now.timestamp()) // 60


def after_a_move(studio: Studio, session: Session) -> Refunds | None:
    """Return the policy of a session that its client moves now: what they have lost already does not come back by it.

    Only where something is paid, and for what they do themselves: the owner moves as the terms stand.
    """
    refunds = session.terms.refunds
    if refunds is None or session.paid.minor <= 0:
        return refunds
    return refunds.at_most(refunds.percent(_minutes(session, studio.now())))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What canceling a session would mean for its money. ``policy`` is what its terms say, None for nothing."""

    session: Session
    paid: Money
    proposed: Money
    policy: str | None


def propose(studio: Studio, selector: str) -> Proposal:
    """Return what was paid for a session and what of it its policy gives back now; without a policy, all of it."""
    session = sessions.find(studio, selector)
    paid, policy = session.paid.or_zero(), session.terms.refunds
    proposed = _by_policy(session, paid, studio.now())
    return Proposal(session, paid, proposed, str(policy) if policy else None)


def cancel(
    studio: Studio,
    selector: str,
    refund: str | None = None,
    *,
    give_back: GiveBack | None = None,
    tell: bool = True,
    note: str | None = None,
    rehearse: bool = False,
) -> tuple[Change, Sequence[Recorded]]:
    """Cancel a session and free its time, then give back what the owner says: ``all``, ``none`` or an amount.

    When nothing is said nothing goes back. ``note`` is for the client, who is told unless not ``tell``.
    ``rehearse``: within a rehearsal, where nothing is asked outside either.
    """
    proposal = propose(studio, selector)
    session, amount = proposal.session, _amount(proposal, refund)
    if amount and amount > proposal.paid:
        raise WrongUsage(
            f"Only {proposal.paid} was paid: {amount} cannot go back.",
            hint="Give back that, or less: --refund all, none or an amount.",
            code="refund",
        )
    with studio.file.atomic():
        change = sessions.end(studio, str(session.id))
        if tell:
            sessions.tell_canceled(studio, change, note)
        wanted = WantedRefund(str(session.id), amount.amount if amount else None, tell=tell)
        if amount and change.changed:
            possible = give_back is not None
            done, orders = payments.plan_refund(studio, wanted, possible=possible or rehearse)
        else:  # done before: what was begun then and did not get through goes on
            done, orders = [], refund_store.unfinished(studio.file, session.id)
        if rehearse:  # nobody outside is asked
            done, orders = [*done, *(payments.as_given(studio, order) for order in orders)], []
    refunds = [*done, *payments.finish_refunds(studio, orders, give_back)]
    return Change(sessions.get(studio, session.id), change.changed), refunds


def _amount(proposal: Proposal, refund: str | None) -> Money | None:
    if refund is None:
        return None
    if refund in {"all", "none"}:
        return proposal.paid if refund == "all" else Money(0, proposal.paid.currency)
    return parse_money(refund, proposal.paid.currency, "The refund")
