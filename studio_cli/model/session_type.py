"""A session type: something the studio offers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.availability import Need
from studio_cli.model.money import Money, parse_money
from studio_cli.model.text import shown
from studio_cli.model.times import rfc3339, show_duration

Pay = Literal["full", "deposit", "later"]

SHORTEST, LONGEST_TYPE, LONGEST_ONE_OFF = 5, 12 * 60, 7 * 24 * 60
"""Minutes a session can last; a one-off can be a wedding."""
LONGEST_BUFFER = 12 * 60
LONGEST_HOLD = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Terms:
    """What is paid and when: a price, and how much of it is asked for at booking."""

    price: Money
    pay: Pay = "full"
    deposit: Money | None = None
    deposit_percent: int | None = None

    @property
    def asked_now(self) -> Money:
        """What a client pays to complete the booking; never more than the price."""
        if self.pay == "later":
            return Money(0, self.price.currency)
        if self.pay == "full":
            return self.price
        if self.deposit_percent is not None:
            return self.price.percent(self.deposit_percent)
        assert self.deposit is not None
        return min(self.deposit, self.price)

    def with_price(self, price: Money) -> Terms:
        """Return the same terms for another price: a percent follows it, a deposit of all of it is all of it."""
        if self.deposit is not None and self.deposit >= price:
            return Terms(price)
        return replace(self, price=price)

    def as_json(self) -> dict[str, Any]:
        """Return price, pay, deposit and deposit_percent as scripts read them."""
        return {
            "price": self.price.as_json(),
            "pay": self.pay,
            "deposit": self.deposit and self.deposit.as_json(),
            "deposit_percent": self.deposit_percent,
        }


@dataclass(frozen=True, slots=True)
class SessionType:
    """An offering. Durations, buffers, notice and hold are minutes, the window is days; None means no limit."""

    id: int
    slug: str
    name: str
    duration: int
    terms: Terms
    location: str | None
    buffer_before: int
    buffer_after: int
    increment: int
    notice: int
    window_days: int | None
    per_day: int | None
    hold: int | None
    form: str | None
    private: bool
    created_at: Instant
    archived_at: Instant | None
    own_hours: bool = False
    contract: str | None = None

    def need(self, duration: int | None = None) -> Need:
        """Return what a session of this type asks of the time around it."""
        return Need(
            duration=duration or self.duration,
            buffer_before=self.buffer_before,
            buffer_after=self.buffer_after,
            increment=self.increment,
            type_id=self.id,
            per_day=self.per_day,
            notice=self.notice,
            window_days=self.window_days,
        )

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the type as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "slug": self.slug,
            "name": self.name,
            "duration_minutes": self.duration,
            **self.terms.as_json(),
            "location": self.location,
            "buffer_before_minutes": self.buffer_before,
            "buffer_after_minutes": self.buffer_after,
            "increment_minutes": self.increment,
            "notice_minutes": self.notice,
            "window_days": self.window_days,
            "per_day": self.per_day,
            "hold_minutes": self.hold,
            "form": self.form,
            "contract": self.contract,
            "private": self.private,
            "own_hours": self.own_hours,
            "created_at": rfc3339(self.created_at, zone),
            "archived_at": self.archived_at and rfc3339(self.archived_at, zone),
        }


def parse_terms(price: str, deposit: str | None, pay: str | None, currency: str) -> Terms:
    """Return the terms that the owner typed.

    A price without more is due whole at booking; a deposit (an amount or ``20%``) makes that much due.
    """
    amount = parse_money(price, currency, "The price")
    if pay not in {None, "full", "deposit", "later"}:
        raise WrongUsage(
            f"{shown(pay or '')!r} is not a way to pay.", hint="Use --pay full, deposit or later."
        )
    if deposit is None:
        if pay == "deposit":
            raise WrongUsage("--pay deposit needs a deposit.", hint="Add --deposit 50 or --deposit 20%.")
        return Terms(amount, pay="later" if pay == "later" else "full")
    if pay in {"full", "later"}:
        raise WrongUsage(f"--deposit and --pay {pay} contradict each other.", hint="Leave one of them out.")
    percent = re.fullmatch(r"\s*(\d{1,3})\s*%\s*", deposit)
    if percent:
        return Terms(amount, pay="deposit", deposit_percent=_percent(int(percent[1])))
    asked = parse_money(deposit, currency, "The deposit")
    if not asked or asked > amount:
        raise WrongUsage(f"The deposit ({asked}) must be more than nothing and at most the price ({amount}).")
    return Terms(amount, pay="deposit", deposit=asked)


def _percent(percent: int) -> int:
    if not 1 <= percent <= 100:
        raise WrongUsage(f"A deposit of {percent}% cannot be asked for.", hint="Use 1% to 100%.")
    return percent


def within(minutes: int, low: int, high: int, what: str) -> int:
    """Return ``minutes`` if it lies between ``low`` and ``high``, both included."""
    if not low <= minutes <= high:
        raise WrongUsage(
            f"{what} of {show_duration(minutes)} is outside what is possible: "
            f"{show_duration(low)} to {show_duration(high)}.",
            code="out_of_range",
        )
    return minutes
