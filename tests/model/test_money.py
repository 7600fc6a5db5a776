"""Money: exact, in whole minor units."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from babel.core import get_global
from babel.numbers import list_currencies
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.money import LARGEST, Money, minor_digits, parse_currency, parse_money

# CLDR's digits are how people write prices; ours are how ISO 4217 counts ("minor unit" in its list one, and in
# list three for those withdrawn), because banks and payment providers count so. The two differ where coins have
# fallen out of use: CLDR then writes whole units of a currency that still has a hundredth (in Iraq a thousandth).
ISO_HAS_MORE = {
    "AFN": 2, "ALL": 2, "IQD": 3, "IRR": 2, "KPW": 2, "LAK": 2, "LBP": 2, "MGA": 2, "MMK": 2, "RSD": 2, "SLL": 2,
    "SOS": 2, "SYP": 2, "YER": 2,
}  # fmt: skip
# Money that no longer exists, kept by CLDR without decimals. Nobody is asked for it; any number would do.
WITHDRAWN = {"ADP", "BYR", "ESP", "ITL", "LUF", "MGF", "MRO", "STD", "TMM", "TRL", "ZMK", "ZWD"}

currencies = st.sampled_from(["CAD", "JPY", "KWD"])


def test_digits_are_those_of_cldr() -> None:
    """Every currency that Babel knows has the minor digits of CLDR's data, but for the exceptions above."""
    fractions = get_global("currency_fractions")
    ours = {code: minor_digits(code) for code in list_currencies()}
    cldr = {code: fractions.get(code, fractions["DEFAULT"])[0] for code in ours}
    assert len(ours) > 150
    different = {code: digits for code, digits in ours.items() if digits != cldr[code]}
    assert different == {**ISO_HAS_MORE, **dict.fromkeys(WITHDRAWN, 2)}


@pytest.mark.parametrize(
    ("code", "digits"), [("CAD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("KWD", 3), ("CLF", 4)]
)
def test_digits_of_known_currencies(code: str, digits: int) -> None:
    """Dollars have cents, yen have nothing, dinars have fils."""
    assert minor_digits(code) == digits


@settings(max_examples=300, deadline=None)
@given(st.integers(0, LARGEST), currencies)
def test_amount_typed_back_is_the_same(minor: int, currency: str) -> None:
    """What is shown of an amount, typed back in either way, is that amount."""
    money = Money(minor, currency)
    assert parse_money(money.amount, currency) == money
    assert parse_money(str(money), currency) == money


@settings(max_examples=200, deadline=None)
@given(st.integers(-LARGEST, LARGEST), currencies)
def test_amount_is_exact_decimal(minor: int, currency: str) -> None:
    """The text of an amount is its minor units shifted by the currency's digits, below zero too."""
    amount = Money(minor, currency).amount
    assert Decimal(amount) == Decimal(minor).scaleb(-minor_digits(currency))
    assert len(amount.partition(".")[2]) == minor_digits(currency)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("250", "CAD", 25000),
        ("250.5", "CAD", 25050),
        ("250.50", "CAD", 25050),
        (" 250 ", "CAD", 25000),
        ("1,250.50", "CAD", 125050),
        ("1,250,000", "JPY", 1250000),
        ("250 CAD", "CAD", 25000),
        ("250cad", "CAD", 25000),
        ("0", "CAD", 0),
        ("0007", "CAD", 700),
        ("0" * 60 + "7", "JPY", 7),
        ("25000", "JPY", 25000),
        ("1.5", "KWD", 1500),
        ("0.001", "KWD", 1),
    ],
)
def test_parse(text: str, currency: str, minor: int) -> None:
    """An amount may have thousands' commas, decimals up to the currency's, and the currency itself."""
    assert parse_money(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "CAD"),
        ("CAD", "CAD"),
        ("-5", "CAD"),
        ("+5", "CAD"),
        ("250.", "CAD"),
        (".5", "CAD"),
        ("1.2.3", "CAD"),
        ("12,50", "CAD"),
        ("1,2345", "CAD"),
        ("250 USD", "CAD"),
        ("$250", "CAD"),
        ("1e3", "CAD"),
        ("nan", "CAD"),
        ("٢٥٠", "CAD"),
        ("２５０", "CAD"),
        ("250.555", "CAD"),
        ("250.0", "JPY"),
        ("0.0001", "KWD"),
        ("10000000000.01", "CAD"),
        ("1" * 5000, "CAD"),
        ("\udcff", "CAD"),
    ],
)
def test_parse_refused(text: str, currency: str) -> None:
    """What is not an amount of that currency is refused: nothing is rounded, dropped or guessed."""
    with pytest.raises(WrongUsage, match="amount") as wrong:
        parse_money(text, currency, "The amount")
    assert wrong.value.exit_code == 2


def test_largest() -> None:
    """The largest amount is accepted and one more is not."""
    assert parse_money(str(LARGEST), "JPY").minor == LARGEST
    with pytest.raises(WrongUsage, match="larger"):
        parse_money(str(LARGEST + 1), "JPY")


@settings(max_examples=300, deadline=None)
@given(st.integers(0, LARGEST), st.integers(1, 100))
def test_percent_rounds_half_up(minor: int, percent: int) -> None:
    """A percentage is exact, half a minor unit rounded up."""
    exact = (Decimal(minor) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    assert Money(minor, "CAD").share(percent, 100).minor == exact


def test_half_a_cent_goes_up() -> None:
    """Half of 0.25 is 0.13."""
    assert Money(25, "CAD").share(50, 100) == Money(13, "CAD")


def test_currencies_do_not_mix() -> None:
    """Two currencies are never added or subtracted."""
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, "CAD") + Money(1, "USD")
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, "CAD") - Money(1, "USD")


def test_arithmetic() -> None:
    """Amounts of one currency add, subtract, and stop at nothing when asked to."""
    assert Money(5, "CAD") + Money(7, "CAD") == Money(12, "CAD")
    assert Money(5, "CAD") - Money(7, "CAD") == Money(-2, "CAD")
    assert (Money(5, "CAD") - Money(7, "CAD")).or_zero() == Money(0, "CAD")
    assert Money(5, "CAD").or_zero() == Money(5, "CAD")
    assert not Money(0, "CAD")
    assert Money(-1, "CAD")


def test_as_json() -> None:
    """Scripts read the amount as text and the currency beside it."""
    assert Money(-25050, "CAD").as_json() == {"amount": "-250.50", "currency": "CAD"}


@pytest.mark.parametrize(("text", "code"), [("CAD", "CAD"), (" cad ", "CAD"), ("eur", "EUR")])
def test_currency_code(text: str, code: str) -> None:
    """A currency's code is three letters, whatever their case."""
    assert parse_currency(text) == code


@pytest.mark.parametrize("text", ["", "CA", "CADX", "C4D", "$", "ÇAD", "CAD\n1"])
def test_currency_code_refused(text: str) -> None:
    """Anything else is not a currency's code."""
    with pytest.raises(WrongUsage, match="not a currency code"):
        parse_currency(text)
