"""What is paid and when: price, discount, tax, and how much of it is asked for at booking.

How it rounds (docs/payments.md says it to people): everything is whole minor units, and each percent is rounded
once, half up. In this order: a percent discount of the price; tax of what is left; a percent deposit of the
total. What is left after the deposit is the total less the deposit, so the two parts always make the whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from studio_cli.errors import WrongUsage
from studio_cli.model.money import Money, parse_money
from studio_cli.model.text import clean, shown

Pay = Literal["full", "deposit", "later"]

WHOLE = 100_000
"""A hundred percent, in thousandths of a percent: 8.875 % of New York's sales tax is 8,875."""


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax by its name; ``rate`` in thousandths of a percent. ``included``: prices have it in them already."""

    name: str
    rate: int
    included: bool = False

    def of(self, net: Money) -> Money:
        """Return the tax on an amount, or in it when prices include it."""
        if self.included:
            return net - net.share(WHOLE, WHOLE + self.rate)
        return net.share(self.rate, WHOLE)

    def as_json(self) -> dict[str, Any]:
        """Return ``{name, rate, included}``, the rate as decimal text in percent."""
        return {"name": self.name, "rate": show_rate(self.rate), "included": self.included}

    def __str__(self) -> str:
        return f"{self.name} {show_rate(self.rate)} %"


@dataclass(frozen=True, slots=True)
class Discount:
    """Less than the price: an amount, or a ``percent`` of it in thousandths of a percent."""

    amount: Money | None = None
    percent: int | None = None
    reason: str | None = None

    def of(self, price: Money) -> Money:
        """Return what it takes off a price: never more than there is."""
        if self.percent is not None:
            return price.share(self.percent, WHOLE)
        assert self.amount is not None
        return min(self.amount, price)


@dataclass(frozen=True, slots=True)
class Refunds:
    """What is proposed to go back when a session is canceled: ``(percent, days)``, the most days first.

    A rule holds until so many days (of 24 hours) before the session begins; after the last one it is nothing.
    """

    rules: tuple[tuple[int, int], ...]

    def of(self, paid: Money, minutes_before: int) -> Money:
        """Return what of ``paid`` goes back so many minutes before the session; below zero is after it began."""
        return paid.share(self.percent(minutes_before), 100)

    def percent(self, minutes_before: int) -> int:
        """Return how many percent go back so many minutes before the session."""
        return next((percent for percent, days in self.rules if minutes_before >= days * 24 * 60), 0)

    def at_most(self, most: int) -> Refunds:
        """Return the policy by which never more than ``most`` percent go back."""
        least_days = {min(percent, most): days for percent, days in self.rules}
        return Refunds(tuple(least_days.items()))

    def __str__(self) -> str:
        return ", ".join(f"{percent}% until {days}d" for percent, days in self.rules)


@dataclass(frozen=True, slots=True)
class Terms:
    """A price and all that changes what is paid of it, and when. ``balance_due`` is days after the session's day."""

    price: Money
    pay: Pay = "full"
    deposit: Money | None = None
    deposit_percent: int | None = None
    discount: Discount | None = None
    tax: Tax | None = None
    balance_due: int | None = None
    tips: bool = False
    refunds: Refunds | None = None

    @property
    def nothing(self) -> Money:
        """No money, in this currency."""
        return Money(0, self.price.currency)

    @property
    def taken_off(self) -> Money:
        """What the discount takes off the price."""
        return self.discount.of(self.price) if self.discount else self.nothing

    @property
    def net(self) -> Money:
        """The price less the discount."""
        return self.price - self.taken_off

    @property
    def tax_amount(self) -> Money:
        """The tax on it, or in it."""
        return self.tax.of(self.net) if self.tax else self.nothing

    @property
    def tax_added(self) -> Money:
        """The tax that comes on top: none when prices include it."""
        return self.nothing if self.tax is None or self.tax.included else self.tax_amount

    @property
    def total(self) -> Money:
        """What the client pays in all, without a tip."""
        return self.net + self.tax_added

    @property
    def asked_now(self) -> Money:
        """What a client pays to complete the booking; never more than the total."""
        if self.pay == "later":
            return self.nothing
        if self.pay == "full":
            return self.total
        if self.deposit_percent is not None:
            return self.total.share(self.deposit_percent, 100)
        assert self.deposit is not None
        return min(self.deposit, self.total)

    @property
    def rest(self) -> Money:
        """What is left of the total after the booking."""
        return self.total - self.asked_now

    def with_price(self, price: Money) -> Terms:
        """Return the same terms for another price: a percent follows it, a deposit of all of it is all of it."""
        after = replace(self, price=price)
        if self.deposit is not None and self.deposit >= after.total:
            return replace(after, pay="full", deposit=None)
        return after

    def as_json(self) -> dict[str, Any]:
        """Return the terms as scripts read them."""
        return {
            "price": self.price.as_json(),
            "pay": self.pay,
            "deposit": self.deposit and self.deposit.as_json(),
            "deposit_percent": self.deposit_percent,
            "discount": self.taken_off.as_json(),
            "discount_percent": _rate_or_none(self.discount.percent if self.discount else None),
            "discount_reason": self.discount.reason if self.discount else None,
            "tax": self.tax and {**self.tax.as_json(), "amount": self.tax_amount.as_json()},
            "total": self.total.as_json(),
            "balance_due_days": self.balance_due,
            "tips": self.tips,
            "refunds": str(self.refunds) if self.refunds else None,
        }


def _rate_or_none(rate: int | None) -> str | None:
    return None if rate is None else show_rate(rate)


def show_rate(rate: int) -> str:
    """Return thousandths of a percent as decimal text: ``13``, ``8.875``."""
    return f"{rate // 1000}.{rate % 1000:03}".rstrip("0").rstrip(".")


# ── typed ─────────────────────────────────────────────────────────────────────────────────────────

_PERCENT = re.compile(r"\s*(\d{1,3})(?:\.(\d{1,3}))?\s*%\s*")


@dataclass(frozen=True, slots=True)
class TypedTerms:
    """Terms as they were typed. None means: not said; ``none`` takes away."""

    price: str | None = None
    deposit: str | None = None
    pay: str | None = None
    discount: str | None = None
    discount_reason: str | None = None
    tax: str | None = None
    balance_due: str | None = None
    tips: bool | None = None
    refunds: str | None = None


NOTHING_SAID = TypedTerms()


def typed_terms(said: Any) -> TypedTerms:
    """Return the terms among what was typed about a session or a type."""
    return TypedTerms(**{field.name: getattr(said, field.name) for field in fields(TypedTerms)})


def change_terms(before: Terms, typed: TypedTerms) -> Terms:
    """Return terms with what was typed; what was not said stays as it is."""
    currency = before.price.currency
    after = before
    if typed.price is not None:
        after = after.with_price(parse_money(typed.price, currency, "The price"))
    if typed.discount is not None or typed.discount_reason is not None:
        after = replace(after, discount=_discount(before.discount, typed, currency))
    if typed.tax is not None:
        after = replace(after, tax=parse_tax(typed.tax))
    if typed.balance_due is not None:
        after = replace(after, balance_due=parse_balance_due(typed.balance_due))
    if typed.tips is not None:
        after = replace(after, tips=typed.tips)
    if typed.refunds is not None:
        after = replace(after, refunds=parse_refunds(typed.refunds))
    if typed.deposit is not None or typed.pay is not None:
        after = _booking(after, typed.deposit, typed.pay)
    return _fitting(after)


def parse_terms(price: str, deposit: str | None, pay: str | None, currency: str) -> Terms:
    """Return the terms of a price without more: due whole at booking, or as deposit and pay say."""
    start = Terms(Money(0, currency))
    return change_terms(start, TypedTerms(price=price, deposit=deposit, pay=pay))


def _booking(terms: Terms, deposit: str | None, pay: str | None) -> Terms:
    """Return the terms with what is asked for at booking: all, a part, or nothing."""
    if pay not in {None, "full", "deposit", "later"}:
        raise WrongUsage(
            f"{shown(pay or '')!r} is not a way to pay.", hint="Use --pay full, deposit or later."
        )
    if deposit is None:
        if pay == "deposit":
            if terms.pay == "deposit":
                return terms
            raise WrongUsage("--pay deposit needs a deposit.", hint="Add --deposit 50 or --deposit 20%.")
        return replace(terms, pay="later" if pay == "later" else "full", deposit=None, deposit_percent=None)
    if pay in {"full", "later"}:
        raise WrongUsage(f"--deposit and --pay {pay} contradict each other.", hint="Leave one of them out.")
    percent = re.fullmatch(r"\s*(\d{1,3})\s*%\s*", deposit)
    if percent:
        if not 1 <= int(percent[1]) <= 100:
            raise WrongUsage(f"A deposit of {percent[1]}% cannot be asked for.", hint="Use 1% to 100%.")
        return replace(terms, pay="deposit", deposit=None, deposit_percent=int(percent[1]))
    asked = parse_money(deposit, terms.price.currency, "The deposit")
    return replace(terms, pay="deposit", deposit=asked, deposit_percent=None)


def _fitting(terms: Terms) -> Terms:
    """Refuse a deposit that is nothing, or more than there is to pay."""
    deposit = terms.deposit
    if deposit is not None and (not deposit or deposit > terms.total):
        what = "total" if terms.total != terms.price else "price"
        raise WrongUsage(
            f"The deposit ({deposit}) must be more than nothing and at most the {what} ({terms.total}).",
            hint="For example: --deposit 20%",
        )
    return terms


def parse_rate(text: str, what: str) -> int:
    """Return a percentage in thousandths of a percent: ``13%``, ``8.875%``."""
    match = _PERCENT.fullmatch(text)
    rate = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0")) if match else -1
    if not 0 < rate <= WHOLE or not text.isascii():
        raise WrongUsage(
            f"{what} cannot be {shown(text.strip())[:30]!r}.", hint="Write it like 13% or 8.875%."
        )
    return rate


def parse_tax(text: str) -> Tax | None:
    """Return the tax that ``HST 13%`` or ``VAT 20% included`` says; ``none`` for no tax."""
    value = text.strip()
    if value == "none" or not value:
        return None
    included = value.endswith(" included")
    value = value.removesuffix(" included").removesuffix(" added").strip()
    name, _, rate = value.replace(" %", "%").rpartition(" ")
    if not name or "%" in name or not rate.endswith("%"):
        raise WrongUsage(
            f"{shown(text)[:40]!r} is not a tax.",
            hint='Write its name and rate: "HST 13%", or "VAT 20% included" when prices have it in them.',
            code="tax",
        )
    return Tax(clean(name, "The tax's name", limit=40), parse_rate(rate, "A tax"), included)


def _discount(before: Discount | None, typed: TypedTerms, currency: str) -> Discount | None:
    reason = typed.discount_reason if typed.discount_reason is not None else before and before.reason
    kept = clean(reason, "The reason") if reason and reason.strip() else None
    if typed.discount is None:
        if before is None:
            raise WrongUsage("There is no discount to give a reason for.", hint="Add --discount 10%.")
        return replace(before, reason=kept)
    if typed.discount.strip() in {"none", "0", ""}:
        return None
    if "%" in typed.discount:
        return Discount(percent=parse_rate(typed.discount, "A discount"), reason=kept)
    return Discount(parse_money(typed.discount, currency, "The discount"), reason=kept)


_BALANCE = re.compile(r"(\d{1,3})\s*d(?:ays?)?\s*(before|after)", re.I)


def parse_balance_due(text: str) -> int | None:
    """Return when the balance is due, in days after the session's day: ``7d before`` is -7, ``on the day`` 0."""
    value = text.strip().casefold()
    if value in {"none", ""}:
        return None
    if value in {"on the day", "0d"}:
        return 0
    match = _BALANCE.fullmatch(value)
    if not match or int(match[1]) > 365:
        raise WrongUsage(
            f"{shown(text)[:40]!r} does not say when the balance is due.",
            hint='Write "7d before", "on the day", "14d after" or "none".',
            code="balance_due",
        )
    return int(match[1]) * (-1 if match[2] == "before" else 1)


def show_balance_due(days: int | None) -> str:
    """Return when the balance is due, as it is typed."""
    if days is None:
        return "none"
    return "on the day" if days == 0 else f"{abs(days)}d {'before' if days < 0 else 'after'}"


_RULE = re.compile(r"(\d{1,3})\s*%(?:\s*until\s*(\d{1,3})\s*d(?:ays?)?(?:\s*before)?)?", re.I)


def parse_refunds(text: str) -> Refunds | None:
    """Return the policy that ``100% until 14d, 50% until 7d`` says; a percent alone holds until the session begins."""
    value = text.strip()
    if value in {"none", ""}:
        return None
    rules = []
    for part in value.split(","):
        match = _RULE.fullmatch(part.strip())
        if not match or not part.isascii() or int(match[1]) > 100 or int(match[2] or 0) > 365:
            raise WrongUsage(
                f"{shown(text)[:60]!r} does not say what goes back.",
                hint='Write it like "100% until 14d, 50% until 7d", or "none" to say nothing.',
                code="refunds",
            )
        rules.append((int(match[1]), int(match[2] or 0)))
    days = [day for _, day in rules]
    if len(set(days)) < len(days):
        raise WrongUsage(
            f"{shown(text)[:60]!r} has two rules for the same day.",
            hint='Write it like "100% until 14d, 50% until 7d".',
            code="refunds",
        )
    return Refunds(tuple(sorted(rules, key=lambda rule: -rule[1])))
