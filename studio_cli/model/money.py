"""Money: whole minor units and a currency. No floats, ever."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from studio_cli.errors import WrongUsage

# ISO 4217 currencies whose minor unit is not a hundredth. A test compares the table with Babel's data
# (CLDR) and lists where the two differ; the table is here because loading Babel would double the start-up time of every command.
_NO_DIGITS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE_DIGITS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR_DIGITS = frozenset(["CLF", "UYW"])

_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")
LARGEST = 10**12
"""The largest amount, in minor units: far above any session, far below what SQLite's integers hold."""


def minor_digits(currency: str) -> int:
    """Return how many decimals ``currency`` has: 2 for most, 0 for JPY, 3 for KWD (ISO 4217)."""
    if currency in _NO_DIGITS:
        return 0
    if currency in _THREE_DIGITS:
        return 3
    return 4 if currency in _FOUR_DIGITS else 2


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of ``minor`` units (cents, yen, fils) of an ISO 4217 ``currency``."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other

    def or_zero(self) -> Money:
        """Return the amount, or nothing when it is below zero."""
        return self if self.minor > 0 else Money(0, self.currency)

    @property
    def amount(self) -> str:
        """The amount as plain decimal text: ``250.00``, ``25000`` (JPY), ``1.500`` (KWD)."""
        digits = minor_digits(self.currency)
        sign, units = "-" if self.minor < 0 else "", str(abs(self.minor)).zfill(digits + 1)
        return f"{sign}{units[:-digits]}.{units[-digits:]}" if digits else sign + units

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def as_json(self) -> dict[str, str]:
        """Return ``{"amount": "250.00", "currency": "CAD"}``."""
        return {"amount": self.amount, "currency": self.currency}

    def share(self, part: int, whole: int) -> Money:
        """Return ``part`` of ``whole`` of the amount, rounded half up to a whole minor unit."""
        return Money((self.minor * part * 2 + whole) // (whole * 2), self.currency)


def sums_of(amounts: Iterable[Money]) -> list[Money]:
    """Return the sum of amounts for each currency, in the order in which they first occur."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums[amount.currency] + amount if amount.currency in sums else amount
    return [amount for amount in sums.values() if amount]


def parse_money(text: str, currency: str, what: str = "The amount") -> Money:
    """Return the amount that ``text`` says, in ``currency``: ``250``, ``250.00``, ``1,250.50``, ``250 CAD``."""
    value = text.strip()
    if value.upper().endswith(currency):
        value = value[: -len(currency)].strip()
    digits = minor_digits(currency)
    match = _AMOUNT.fullmatch(value)
    if not match or not value.isascii():
        raise _not_money(text, what, currency)
    whole, part = match[1].replace(",", "").lstrip("0"), match[2] or ""
    if len(part) > digits:
        raise WrongUsage(
            f"{what} {text.strip()!r} has more decimals than {currency} has ({digits}).",
            hint=_example(currency),
        )
    minor = int((whole + part.ljust(digits, "0"))[:40] or "0")
    if minor > LARGEST:
        raise WrongUsage(f"{what} is larger than {Money(LARGEST, currency)}.", hint=_example(currency))
    return Money(minor, currency)


def _not_money(text: str, what: str, currency: str) -> WrongUsage:
    return WrongUsage(f"{what} {text.strip()[:40]!r} is not an amount of money.", hint=_example(currency))


def _example(currency: str) -> str:
    return f"Write it like this: {Money(250 * 10 ** minor_digits(currency), currency).amount}"


def parse_currency(text: str) -> str:
    """Return the ISO 4217 code that ``text`` is. Only its form is looked at; ``init`` checks that it exists."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise WrongUsage(f"{text[:20]!r} is not a currency code.", hint="Use three letters, for example: CAD")
    return code
