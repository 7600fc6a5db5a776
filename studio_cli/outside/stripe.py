"""Stripe: hosted payment pages, refunds and verified events, through the official library.

The library takes a third of a second to load, so it is imported where it is used; no everyday command does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from whenever import Instant

from studio_cli.model.checkout import (
    GivenBack,
    News,
    NotVerified,
    Order,
    Outcome,
    Page,
    ProviderRefused,
    ProviderUnreachable,
    Seen,
    is_live_key,
)
from studio_cli.model.money import Money, minor_digits

if TYPE_CHECKING:
    from stripe import StripeClient

CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
RETRIES = 2
"""Of a request that got no answer, or that met another one: with its idempotency key it happens once."""
TOLERANCE_SECONDS = 300
"""How far an event's time may be from ours, either way (https://docs.stripe.com/webhooks#replay-attacks)."""
PREFIX = "stripe:"
"""Before Stripe's own names, where the ledger keeps them."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stripe:
    """One account at Stripe, in live or in test mode as its key says. ``hurried``: somebody waits for something else.

    Every call raises ``ProviderRefused`` (a definite no) or ``ProviderUnreachable`` (no clear answer).
    """

    key: str = field(repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    api_base: str | None = None
    hurried: bool = False
    name: str = "stripe"

    @property
    def live(self) -> bool:
        """Whether it moves real money."""
        return is_live_key(self.key)

    # ── payment pages ────────────────────────────────────────────────────────────────────────────

    def open(self, order: Order) -> Page:
        """Make a payment page, or return the one that was made with the order's key.

        https://docs.stripe.com/api/checkout/sessions/create
        """
        with _asking():
            made = _plain(
                self._client.v1.checkout.sessions.create(_params(order), {"idempotency_key": order.key})
            )
        if not made.get("id") or not str(made.get("url", "")).startswith(("https://", "http://")):
            raise ProviderRefused("Stripe made a payment page without an address.")
        return Page(str(made["id"]), str(made["url"]))

    def look(self, page: str) -> Seen:
        """Return a payment page as it is now (https://docs.stripe.com/api/checkout/sessions/retrieve)."""
        wanted: Any = {"expand": ["payment_intent.latest_charge.refunds"]}
        with _asking():
            return _seen(_plain(self._client.v1.checkout.sessions.retrieve(page, wanted)))

    def end(self, page: str) -> Seen:
        """End a payment page, so that nobody can pay there any more; return how it is then.

        One that is paid or has ended cannot be ended (https://docs.stripe.com/api/checkout/sessions/expire).
        """
        try:
            with _asking():
                return _seen(_plain(self._client.v1.checkout.sessions.expire(page)))
        except ProviderRefused:
            return self.look(page)

    def link_token(self, key: str) -> str:
        """Return the token of the link that a client comes back by.

        The same for the same order, so that asking again is the same request; not to be guessed, and never in the
        file: it depends on the account's secret key.
        """
        import base64

        made = hmac.new(self.key.encode(), b"the way back from " + key.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    # ── refunds ──────────────────────────────────────────────────────────────────────────────────

    def give_back(self, payment: str, amount: Money, key: str) -> str:
        """Refund part of a payment and return the refund's reference; the same key is the same refund, for ever.

        Stripe itself remembers a key for a day at least, so the refunds that are there already are looked at first
        (https://docs.stripe.com/api/refunds/create).
        """
        intent = payment.removeprefix(PREFIX)
        params: Any = {
            "payment_intent": intent,
            "amount": _to_stripe(amount),
            "metadata": {"studio_key": key},
        }
        with _asking():
            for one in _refunds(self._client, {"payment_intent": intent, "limit": 100}):
                if _about(one).get("studio_key") == key and one.get("status") not in {"failed", "canceled"}:
                    return f"{PREFIX}{one['id']}"
            made = _plain(self._client.v1.refunds.create(params, {"idempotency_key": key}))
        return f"{PREFIX}{made['id']}"

    def refunds_of(self, payment: str) -> list[GivenBack]:
        """Return what of a payment has gone back (https://docs.stripe.com/api/refunds/list)."""
        with _asking():
            return _given(
                _refunds(self._client, {"payment_intent": payment.removeprefix(PREFIX), "limit": 100})
            )

    def refunds_since(self, moment: Instant) -> list[GivenBack]:
        """Return every refund of the account since a moment, whoever made it."""
        with _asking():
            return _given(_refunds(self._client, {"created": {"gte": int(moment.timestamp())}, "limit": 100}))

    # ── the account ──────────────────────────────────────────────────────────────────────────────

    def account(self) -> str:
        """Return the name of the account that the key belongs to; refuse one that cannot take payments.

        A restricted key may be kept from looking (https://docs.stripe.com/keys#limit-access): then it is empty.
        """
        try:
            with _asking():
                account = _plain(self._client.v1.accounts.retrieve_current())
        except ProviderRefused as refusal:
            if refusal.details.get("status") == 403:
                return ""
            raise
        if account.get("charges_enabled") is False and self.live:
            raise ProviderRefused(
                "Stripe does not let this account take payments yet.",
                hint="Finish setting it up: https://dashboard.stripe.com/account",
                code="account_not_active",
            )
        shown = (account.get("settings") or {}).get("dashboard") or {}
        return str(shown.get("display_name") or account.get("email") or account.get("id") or "")

    # ── events ───────────────────────────────────────────────────────────────────────────────────

    def read_event(self, body: bytes, signature: str | None, now: Instant) -> News:
        """Return what an event is about if Stripe signed it for us within five minutes; else ``NotVerified``.

        https://docs.stripe.com/webhooks#verify-official-libraries. On hostile input the library raises more than it
        says (TypeError, UnicodeDecodeError, …), and it accepts times in the future.
        """
        from stripe import WebhookSignature

        try:
            text = body.decode()
            WebhookSignature.verify_header(text, signature, self.webhook_secret or "", tolerance=None)
            event = json.loads(text)
            near = abs(_signed_at(signature or "") - now.timestamp()) <= TOLERANCE_SECONDS
            if not near or event["object"] != "event" or not 0 < len(event["id"]) <= 255:
                raise NotVerified("It is not an event, or not of now.")
            return _news(event)
        except NotVerified:
            raise
        except Exception as problem:  # whatever else it is, it is not a verified event
            raise NotVerified(type(problem).__name__) from problem

    @property
    def _client(self) -> StripeClient:
        return _client(self.key, self.api_base, self.hurried)


@cache
def _client(key: str, api_base: str | None, hurried: bool) -> StripeClient:
    """Return the library's client: one for an account, as its connections are kept for the next call."""
    import stripe

    stripe.enable_telemetry = False  # how long requests take is nobody's business
    waits = (2.0, 3.0) if hurried else (float(CONNECT_SECONDS), float(ANSWER_SECONDS))
    return stripe.StripeClient(
        key,
        base_addresses={"api": api_base} if api_base else None,
        http_client=stripe.RequestsClient(timeout=waits),
        max_network_retries=0 if hurried else RETRIES,
    )


@contextmanager
def _asking() -> Iterator[None]:
    """Turn what the library raises into a definite no, or no clear answer (https://docs.stripe.com/error-handling)."""
    import stripe

    try:
        yield
    except (ProviderRefused, ProviderUnreachable):
        raise
    except stripe.AuthenticationError as error:
        raise ProviderRefused(
            "Stripe does not accept the key.",
            hint="Set it again: studio config secret stripe.key",
            code="stripe_key",
            details={"status": 401},
        ) from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise _no_answer("Stripe cannot be reached.") from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        if status < 400 or status == 409 or status >= 500:
            raise _no_answer("Stripe did not give a clear answer.") from error
        raise ProviderRefused(
            f"Stripe said: {_words(error.user_message or '')}",
            details={"status": status, "code": error.code or ""},
        ) from error
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:  # an answer of another shape than promised
        raise _no_answer("Stripe's answer cannot be read.") from error


def _no_answer(words: str) -> ProviderUnreachable:
    return ProviderUnreachable(words, hint="Try again in a few minutes: nothing happens twice.")


def _words(said: str) -> str:
    """Return Stripe's words as one line without anything like a key in it."""
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return re.sub(r"[sr]k_(live|test)_\S+", "[key]", line)[:300] or "no"


# ── reading and writing Stripe's objects ──────────────────────────────────────────────────────────


def _plain(found: Any) -> dict[str, Any]:
    return dict(found.to_dict())


def _params(order: Order) -> Any:
    """Return the request for a payment page. It depends on the order alone: asking again is the same request."""
    about = {"studio": order.studio, "session": str(order.session_id), "checkout": order.key}
    price = {
        "currency": order.amount.currency.lower(),
        "unit_amount": _to_stripe(order.amount),
        "product_data": {"name": order.title[:250]},
    }
    params = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": f"{order.back}/paid",
        "cancel_url": order.back,
        "expires_at": int(order.expires_at.timestamp()),
        "client_reference_id": f"{order.studio}.{order.session_id}",
        "metadata": about,
        "payment_intent_data": {"metadata": about, "description": order.title[:250]},
        # What is paid is what was asked, in the same currency.
        "adaptive_pricing": {"enabled": False},
    }
    return {**params, "customer_email": order.email} if order.email else params


def _seen(page: Fields) -> Seen:
    about, intent = _about(page), page.get("payment_intent")
    payment: Fields = intent if isinstance(intent, Mapping) else {"id": intent} if intent else {}
    charge = payment.get("latest_charge")
    charge = charge if isinstance(charge, Mapping) else {}
    reference = str(page.get("client_reference_id") or "").rpartition(".")
    same = reference[0] == about.get("studio") and reference[2] == about.get("session")
    return Seen(
        id=str(page.get("id")),
        outcome=_outcome(page, payment),
        amount=_from_stripe(page.get("amount_total"), page.get("currency")),
        key=about.get("checkout"),
        studio=about.get("studio") if same else None,
        session=about.get("session") if same else None,
        payment=f"{PREFIX}{payment['id']}" if payment.get("id") else None,
        paid_at=Instant.from_timestamp(charge["created"]) if charge.get("created") else None,
        refunds=tuple(_given((charge.get("refunds") or {}).get("data", []))),
    )


def _outcome(page: Fields, payment: Fields) -> Outcome:
    """Return how a page ended: https://docs.stripe.com/payments/checkout/fulfill-orders.

    Complete and unpaid is a payment that takes days (a bank debit): it is on its way until it has failed.
    """
    if page.get("status") == "expired":
        return "expired"
    if page.get("status") != "complete":
        return "open"
    if page.get("payment_status") in {"paid", "no_payment_required"}:
        return "paid"
    return "failed" if payment.get("status") in {"requires_payment_method", "canceled"} else "processing"


def _about(found: Fields) -> dict[str, str]:
    about = found.get("metadata")
    return {str(name): str(value) for name, value in about.items()} if isinstance(about, Mapping) else {}


def _refunds(client: StripeClient, wanted: Any) -> Iterator[dict[str, Any]]:
    for one in client.v1.refunds.list(wanted).auto_paging_iter():
        yield _plain(one)


def _given(refunds: Any) -> list[GivenBack]:
    """Return the refunds that moved money, or will, the oldest first."""
    found = []
    for one in refunds:
        amount = _from_stripe(one.get("amount"), one.get("currency"))
        if one.get("status") in {"failed", "canceled"} or amount is None or not one.get("payment_intent"):
            continue
        at = Instant.from_timestamp(one["created"])
        found.append(GivenBack(f"{PREFIX}{one['id']}", f"{PREFIX}{one['payment_intent']}", amount, at))
    return sorted(found, key=lambda one: (one.at, one.reference))


def _news(event: Fields) -> News:
    found = event["data"]["object"]
    kind, is_page = str(event["type"]), found.get("object") == "checkout.session"
    payment = found.get("payment_intent")
    return News(
        id=event["id"],
        kind=kind,
        live=event.get("livemode") is True,
        page=str(found["id"]) if is_page else None,
        key=_about(found).get("checkout") if is_page else None,
        payment=f"{PREFIX}{payment}" if isinstance(payment, str) and not is_page else None,
        studio=_about(found).get("studio"),
    )


def _signed_at(signature: str) -> int:
    """Return the time in a signature's header; it has just one."""
    (moment,) = [part for part in signature.split(",") if part.startswith("t=")]
    return int(moment.removeprefix("t="))


# ── amounts ───────────────────────────────────────────────────────────────────────────────────────

# How many decimals Stripe counts with, where that is not what ISO 4217 says, and the smallest step it takes:
# https://docs.stripe.com/currencies#minor-units. Of UGX that page says two things, a hundredfold apart.
_DECIMALS = {"ISK": 2, "MGA": 0}
_STEPS = {"ISK": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}
_NOT = frozenset({"UGX"})


def _scale(currency: str) -> tuple[int, int]:
    """Return what one of our minor units is there, as a fraction."""
    ours, theirs = minor_digits(currency), _DECIMALS.get(currency, minor_digits(currency))
    return int(10 ** max(theirs - ours, 0)), int(10 ** max(ours - theirs, 0))


def _to_stripe(money: Money) -> int:
    """Return an amount as Stripe counts it; refuse one that it cannot take."""
    up, down = _scale(money.currency)
    amount, rest = divmod(money.minor * up, down)
    if money.currency in _NOT or rest or amount % _STEPS.get(money.currency, 1):
        raise ProviderRefused(f"Stripe cannot take {money}.", code="amount")
    return amount


def _from_stripe(amount: Any, currency: Any) -> Money | None:
    """Return an amount that Stripe counted, or None for what is none."""
    if type(amount) is not int or not isinstance(currency, str):
        return None
    code = currency.upper()
    up, down = _scale(code)
    minor, rest = divmod(amount * down, up)
    return None if rest else Money(minor, code)
