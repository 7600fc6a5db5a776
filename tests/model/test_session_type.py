"""Session types: terms of payment and lengths of time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.session_type import Terms, parse_terms, within

PRICE = Money(25000, "CAD")


@pytest.mark.parametrize(
    ("deposit", "pay", "terms", "asked"),
    [
        (None, None, Terms(PRICE, "full"), 25000),
        (None, "full", Terms(PRICE, "full"), 25000),
        (None, "later", Terms(PRICE, "later"), 0),
        ("50", None, Terms(PRICE, "deposit", deposit=Money(5000, "CAD")), 5000),
        ("50", "deposit", Terms(PRICE, "deposit", deposit=Money(5000, "CAD")), 5000),
        ("250", None, Terms(PRICE, "deposit", deposit=PRICE), 25000),
        ("20%", None, Terms(PRICE, "deposit", deposit_percent=20), 5000),
        (" 20 % ", "deposit", Terms(PRICE, "deposit", deposit_percent=20), 5000),
        ("100%", None, Terms(PRICE, "deposit", deposit_percent=100), 25000),
    ],
)
def test_terms(deposit: str | None, pay: str | None, terms: Terms, asked: int) -> None:
    """A price without more is due whole; a deposit makes that much due; later, nothing."""
    made = parse_terms("250", deposit, pay, "CAD")
    assert made == terms
    assert made.asked_now == Money(asked, "CAD")


@pytest.mark.parametrize(
    ("price", "deposit", "pay"),
    [
        ("", None, None),
        ("-1", None, None),
        ("250", None, "deposit"),
        ("250", "50", "full"),
        ("250", "50", "later"),
        ("250", None, "cash"),
        ("250", "0", None),
        ("250", "251", None),
        ("250", "0%", None),
        ("250", "101%", None),
        ("250", "12.5%", None),
        ("250", "", None),
        ("0", "10", None),
    ],
)
def test_terms_refused(price: str, deposit: str | None, pay: str | None) -> None:
    """Terms that contradict themselves, or ask for more than the price, are refused."""
    with pytest.raises(WrongUsage):
        parse_terms(price, deposit, pay, "CAD")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 100))
def test_asked_now_is_never_more_than_the_price(minor: int, percent: int) -> None:
    """A deposit in percent is between nothing and the price."""
    asked = Terms(Money(minor, "CAD"), "deposit", deposit_percent=percent).asked_now
    assert Money(0, "CAD") <= asked <= Money(minor, "CAD")


def test_deposit_is_cut_at_the_price() -> None:
    """Of a session cheaper than its type's deposit, the price is asked and no more."""
    assert Terms(Money(3000, "CAD"), "deposit", deposit=Money(5000, "CAD")).asked_now == Money(3000, "CAD")


def test_terms_as_json() -> None:
    """A script reads every part of the terms, null where there is none."""
    assert Terms(PRICE, "deposit", deposit_percent=20).as_json() == {
        "price": {"amount": "250.00", "currency": "CAD"},
        "pay": "deposit",
        "deposit": None,
        "deposit_percent": 20,
    }


def test_within() -> None:
    """A length may be either end of what is possible, and nothing beyond."""
    assert [within(minutes, 5, 720, "A duration") for minutes in (5, 60, 720)] == [5, 60, 720]
    for minutes in (4, 721):
        with pytest.raises(WrongUsage, match="5 min to 12 h") as wrong:
            within(minutes, 5, 720, "A duration")
        assert wrong.value.code == "out_of_range"
