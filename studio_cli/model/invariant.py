"""What must always be true of a studio, worked out anew from plain rows: it asks neither the schema nor its triggers."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from studio_cli.model.money import Money
from studio_cli.model.session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """A session's place in time, with its buffers: seconds since 1970."""

    id: int
    begins: int
    ends: int
    overlap_allowed: bool


def overlaps(places: Iterable[Place]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of every two that overlap although for neither of them that is allowed: one sweep by time."""
    going_on: list[tuple[int, int]] = []  # (ends, number) of those without leave
    for place in sorted(places, key=lambda one: (one.begins, one.id)):
        while going_on and going_on[0][0] <= place.begins:
            heapq.heappop(going_on)
        if place.overlap_allowed or place.ends <= place.begins:
            continue
        for _, other in going_on:
            yield other, place.id
        heapq.heappush(going_on, (place.ends, place.id))


@dataclass(frozen=True, slots=True)
class Status:
    """What a row says of its session's status."""

    id: int
    status: str
    confirmed_at: str | None
    confirmed_by: str | None


def contradictions(rows: Iterable[Status]) -> Iterator[str]:
    """Yield what is contradictory: who is confirmed says when and by whom, and nobody else does."""
    for row in rows:
        confirmed = row.status == "confirmed"
        if confirmed and row.confirmed_at is None:
            yield f"Session {row.id} is confirmed, and does not say when."
        elif confirmed and row.confirmed_by is None:
            yield f"Session {row.id} is confirmed, and does not say by whom."
        elif not confirmed and (row.confirmed_at or row.confirmed_by):
            yield f"Session {row.id} is {row.status}, and says that it was confirmed."


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row of the ledger, and the number of its receipt."""

    id: int
    session_id: int
    kind: str
    amount: int
    currency: str
    refund_of: int | None
    receipt: int | None


def wrong_sums(rows: Sequence[LedgerRow]) -> Iterator[tuple[int, str]]:
    """Yield the session and what is wrong: more given back than came in, of it all or of one payment."""
    sums: defaultdict[tuple[int, str], int] = defaultdict(int)
    left = {row.id: row for row in rows if row.kind == "payment"}
    given: defaultdict[int, int] = defaultdict(int)
    for row in rows:
        sums[row.session_id, row.currency] += row.amount if row.kind == "payment" else -row.amount
        if row.refund_of is not None:
            given[row.refund_of] += row.amount
    for (session, currency), minor in sums.items():
        if minor < 0:
            yield (
                session,
                f"Of session {session} {Money(-minor, currency)} more was given back than was paid.",
            )
    for number, minor in given.items():
        payment = left.get(number)
        if payment is not None and minor > payment.amount:
            much = Money(minor - payment.amount, payment.currency)
            yield payment.session_id, f"Of payment {number} {much} more was given back than it was."


def receipt_faults(rows: Sequence[LedgerRow]) -> Iterator[str]:
    """Yield what is wrong with the receipts: every payment has one, refunds none, and they count from 1 without gaps."""
    numbers = sorted(row.receipt for row in rows if row.receipt is not None)
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if missing:
        yield f"There is no receipt {', '.join(map(str, missing[:5]))}{' and more' if len(missing) > 5 else ''}."
    for row in rows:
        if row.kind == "payment" and row.receipt is None:
            yield f"Payment {row.id} of session {row.session_id} has no receipt."
        elif row.kind == "refund" and row.receipt is not None:
            yield f"Refund {row.id} of session {row.session_id} has a receipt."


def unfinished(sessions: Iterable[Session], paid_in: Mapping[int, int]) -> Iterator[tuple[int, str]]:
    """Yield the confirmed sessions of which a step that was required is neither done nor waived.

    ``paid_in`` is what was paid of each, in minor units, whatever went back since: who has paid has paid. Sessions that
    were changed after they were confirmed are not to be handed in: they are asked for other things by now.
    """
    for session in sessions:
        open_steps = [step.name for step in session.steps if step.open]
        if paid_in.get(session.id, 0) >= session.terms.asked_now.minor:
            open_steps = [name for name in open_steps if name != "payment"]
        if open_steps:
            yield session.id, f"Session {session.id} is confirmed without {' and '.join(open_steps)}."
