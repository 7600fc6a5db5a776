"""What a client reads about a session."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.booking.details import describe_for, show_money
from studio_cli.booking.studio import Studio
from studio_cli.model.money import Money
from tests.conftest import Maker


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(25000, "CAD"), "en", "CA$250.00"),
        (Money(25000, "CAD"), "en-CA", "$250.00"),
        (Money(25000, "EUR"), "fr", "250,00\xa0€"),
        (Money(25000, "JPY"), "en", "¥25,000"),
        (Money(1500, "KWD"), "en", "KWD1.500"),
        (Money(9950, "RSD"), "en", "RSD99.50"),
        (Money(1500, "IQD"), "en", "IQD1.500"),
        (Money(25000, "CAD"), "xx", "CA$250.00"),
    ],
)
def test_money_as_a_client_reads_it(money: Money, locale: str, text: str) -> None:
    """An amount is written as the language does, with all the decimals of its currency."""
    assert show_money(money, locale) == text


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["CAD", "JPY", "KWD", "EUR"]),
    st.sampled_from(["en", "fr", "pt-BR", "de-CH", "hi", "ja"]),
)
def test_money_is_written_as_babel_writes_it(minor: int, currency: str, locale: str) -> None:
    """Where CLDR has the currency's own decimals, the text is CLDR's."""
    money = Money(minor, currency)
    written = format_currency(Decimal(money.amount), currency, locale=locale.replace("-", "_"))
    assert show_money(money, locale) == written


def test_described_as_plain_data(studio: Studio, make: Maker) -> None:
    """A template gets texts and numbers only, nothing that has methods of ours."""

    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(inner) for key, inner in value.items())
        if isinstance(value, list):
            return all(plain(inner) for inner in value)
        return value is None or type(value) in {str, int, bool}

    told = describe_for(studio, make.session(expires="2h"))
    assert plain(told)
    assert told["session"]["day"] == "Friday 4 December 2026"
    assert told["session"]["time"] == "10:00 to 11:00"
    assert told["session"]["zone"] == "America/Toronto, UTC−05:00"
    assert told["session"]["steps"] == ["Review", "Payment"]
    assert told["session"]["deadline"] == "Fri 20 Nov 2026 12:00"


def test_nothing_is_not_written_as_money(studio: Studio, make: Maker) -> None:
    """What is nothing is an empty text, so that a template can leave it out."""
    session = replace(make.session(price="0"), paid=Money(0, "CAD"))
    told = describe_for(studio, session)["session"]
    assert (told["price"], told["due_now"], told["paid"], told["balance"]) == ("", "", "", "")
