"""A checkout: a payment page at a provider, from the moment it is asked for until it is known how it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from whenever import Instant

from studio_cli.errors import OutsideFailed, WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from studio_cli.model.times import rfc3339

State = Literal["asked", "open", "paid", "ended"]
"""``asked``: there may be a page, but nobody has its address; ``open``: it can be paid; the others are final."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A payment page of a session as the file knows it.

    ``key`` makes asking for it repeatable. ``payment_id`` is the row of the ledger that it became; ``doubt`` says
    why money that was paid there is not in the ledger: its owner has to look.
    """

    id: int
    session_id: int
    share_id: int | None
    provider: str
    key: str
    amount: Money
    state: State
    outside_id: str | None
    url: str | None
    created_at: Instant
    expires_at: Instant
    checked_at: Instant | None = None
    payment_id: int | None = None
    doubt: str | None = None

    def fits(self, session: Session, provider: str) -> bool:
        """Return whether its session still wants just this to be paid there."""
        asked = session.status == "pending" and session.step("payment").open
        return asked and self.amount == session.due_now and self.provider == provider

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the checkout as scripts read it; times in ``zone``. Its address is nobody's but its client's."""
        return {
            "id": self.id,
            "session": self.session_id,
            "provider": self.provider,
            "amount": self.amount.as_json(),
            "state": self.state,
            "outside_id": self.outside_id,
            "created_at": rfc3339(self.created_at, zone),
            "expires_at": rfc3339(self.expires_at, zone),
            "payment": self.payment_id,
            "doubt": self.doubt,
        }


# ── what goes to a provider and what comes back ───────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Order:
    """A payment page to be made: the same order, with the same ``key``, is the same page.

    ``back`` is the link that a client comes back by; ``studio`` and ``session_id`` say whose money it will be.
    """

    key: str
    studio: str
    session_id: int
    amount: Money
    title: str
    email: str | None
    back: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class Page:
    """A payment page that was made: its name at the provider and its address."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund as its provider knows it. ``payment`` and ``reference`` are as the ledger has them."""

    reference: str
    payment: str
    amount: Money
    at: Instant


Outcome = Literal["open", "processing", "paid", "failed", "expired"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A payment page as its provider says that it is now.

    ``amount`` is None for one that this program cannot read. ``key``, ``studio`` and ``session`` are what was said
    when it was made; ``payment`` is the reference that the ledger keeps; ``refunds`` what has gone back already.
    """

    id: str
    outcome: Outcome
    amount: Money | None
    key: str | None
    studio: str | None
    session: str | None
    payment: str | None = None
    paid_at: Instant | None = None
    refunds: tuple[GivenBack, ...] = ()

    @property
    def returned(self) -> bool:
        """Whether all that was paid has gone back."""
        given = sum(one.amount.minor for one in self.refunds)
        return self.amount is not None and 0 < self.amount.minor <= given


@dataclass(frozen=True, slots=True)
class News:
    """A provider's event, verified. A hint where to look, no more: what is true is asked for.

    ``page`` and ``key`` name a payment page, ``payment`` a payment whose refunds changed.
    """

    id: str
    kind: str
    live: bool
    page: str | None = None
    key: str | None = None
    payment: str | None = None
    studio: str | None = None


# ── what can go wrong there ───────────────────────────────────────────────────────────────────────


class ProviderRefused(OutsideFailed):
    """The provider said no, for good: asking the same again will not help."""

    code = "provider_refused"


class ProviderUnreachable(OutsideFailed):
    """There was no clear answer: it may have happened. Asking again, with the same key, is safe."""

    code = "provider_unreachable"


class NotVerified(Exception):
    """What arrived is not an event that the provider signed."""


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────

_KEY = re.compile(r"[sr]k_(live|test)_[A-Za-z0-9_]{8,250}")


def is_live_key(key: str) -> bool:
    """Return whether a Stripe key moves real money (https://docs.stripe.com/keys); refuse what is no such key."""
    match = _KEY.fullmatch(key)
    if match is None:
        kind = "Stripe's publishable key: it cannot be used here" if key.startswith("pk_") else None
        raise WrongUsage(
            f"That is {kind or 'not a secret key of Stripe'}.",
            hint="It begins with sk_live_, rk_live_, sk_test_ or rk_test_: https://dashboard.stripe.com/apikeys",
            code="not_a_key",
        )
    return match[1] == "live"


def check_webhook_secret(secret: str) -> None:
    """Refuse what is not the signing secret of a webhook (https://docs.stripe.com/webhooks)."""
    if not re.fullmatch(r"whsec_[A-Za-z0-9+/=_-]{8,250}", secret):
        raise WrongUsage(
            "That is not the signing secret of a webhook.", hint="It begins with whsec_.", code="not_a_secret"
        )


What = Literal[
    "paid", "late", "processing", "failed", "ended", "open", "refunded", "doubt", "unknown", "known"
]


@dataclass(frozen=True, slots=True)
class Settled:
    """What asking about a payment page, or about refunds, brought to light.

    ``paid``; ``late`` (paid, for a session that is over); ``processing`` (on its way); ``failed`` (it did not
    arrive); ``ended`` (nobody can pay there any more); ``open``; ``refunded``; ``doubt`` (paid, and not what was
    asked: the owner has to look); ``unknown`` (the provider knows no such page); ``known`` (nothing new).
    """

    what: What
    session_id: int
    amount: Money
    checkout: Checkout | None = None
    payment_id: int | None = None
    words: str = ""

    @property
    def needs_owner(self) -> bool:
        """Whether somebody has to look."""
        return self.what in {"late", "doubt", "unknown"}

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return it as scripts read it; times in ``zone``."""
        return {
            "what": self.what,
            "session": self.session_id,
            "amount": self.amount.as_json(),
            "payment": self.payment_id,
            "needs_owner": self.needs_owner,
            "why": self.words or None,
            "checkout": self.checkout and self.checkout.as_json(zone),
        }
