"""Terms of payment: what is asked, when, and how it rounds."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.terms import (
    Discount,
    Refunds,
    Tax,
    Terms,
    TypedTerms,
    change_terms,
    parse_balance_due,
    parse_refunds,
    parse_tax,
    parse_terms,
    show_balance_due,
    show_rate,
)

PRICE = Money(25000, "CAD")
NOTHING = Terms(Money(0, "CAD"))


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


# ── discount, tax, rounding ───────────────────────────────────────────────────────────────────────

CURRENCIES = st.sampled_from(["JPY", "USD", "KWD"])
RATES = st.integers(1, 100_000)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    """Any terms that can be typed, in a currency of none, two or three decimals."""
    currency = draw(CURRENCIES)

    def money(low: int, high: int) -> Money:
        return Money(draw(st.integers(low, high)), currency)

    price = money(0, 10**9)
    discount = draw(
        st.none() | st.builds(Discount, percent=RATES) | st.builds(Discount, amount=st.just(money(0, 10**9)))
    )
    tax = draw(st.none() | st.builds(Tax, st.just("Tax"), RATES, st.booleans()))
    terms = Terms(price, discount=discount, tax=tax)
    if draw(st.booleans()):
        return Terms(price, "deposit", None, draw(st.integers(1, 100)), discount, tax)
    if terms.total and draw(st.booleans()):
        return Terms(price, "deposit", money(1, terms.total.minor), None, discount, tax)
    return Terms(price, draw(st.sampled_from(["full", "later"])), None, None, discount, tax)


def half_up(amount: Decimal) -> int:
    """Round as the rule says, by another hand."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


@settings(max_examples=500, deadline=None)
@given(any_terms())
def test_sums_are_those_of_another_hand(terms: Terms) -> None:
    """Discount, then tax, then deposit, each rounded once, half up; the parts make the whole."""
    price, taken_off = Decimal(terms.price.minor), 0
    if terms.discount:
        percent, amount = terms.discount.percent, terms.discount.amount
        taken_off = (
            half_up(price * percent / 100_000) if percent is not None else min(int(price), amount.minor)  # type: ignore[union-attr]
        )
    net = Decimal(terms.price.minor - taken_off)
    added = contained = 0
    if terms.tax and terms.tax.included:
        contained = int(net) - half_up(net / (1 + Decimal(terms.tax.rate) / 100_000))
    elif terms.tax:
        added = half_up(net * terms.tax.rate / 100_000)
    assert terms.taken_off.minor == taken_off
    assert terms.tax_added.minor == added
    assert terms.tax_amount.minor == added + contained
    assert terms.total.minor == terms.price.minor - taken_off + added
    assert terms.asked_now + terms.rest == terms.total
    assert Money(0, terms.price.currency) <= terms.asked_now <= terms.total


@settings(max_examples=300, deadline=None)
@given(any_terms(), st.lists(st.integers(-(10**9), 10**9), max_size=8), st.integers(0, 10**6))
def test_paid_and_balance_make_the_whole(terms: Terms, ledger: list[int], tip: int) -> None:
    """Whatever came in and went back, paid + balance = price − discount + tax + tip."""
    paid = Money(sum(ledger), terms.price.currency)
    whole = terms.total + Money(tip, terms.price.currency)
    balance = whole - paid
    assert paid + balance == terms.price - terms.taken_off + terms.tax_added + Money(
        tip, terms.price.currency
    )


@pytest.mark.parametrize(
    ("price", "tax", "added", "contained", "total"),
    [
        ("100", "HST 13%", "13.00", "13.00", "113.00"),
        ("100", "VAT 20% included", "0.00", "16.67", "100.00"),
        ("19.99", "Sales tax 8.875%", "1.77", "1.77", "21.76"),
        ("0.01", "HST 13%", "0.00", "0.00", "0.01"),
        ("0.50", "T 1%", "0.01", "0.01", "0.51"),
    ],
)
def test_tax(price: str, tax: str, added: str, contained: str, total: str) -> None:
    """Tax comes on top, or is in the price; half a cent goes up."""
    terms = change_terms(NOTHING, TypedTerms(price=price, tax=tax))
    assert (terms.tax_added.amount, terms.tax_amount.amount, terms.total.amount) == (added, contained, total)


@pytest.mark.parametrize(
    ("text", "tax"),
    [
        ("HST 13%", Tax("HST", 13000)),
        ("HST 13 %", Tax("HST", 13000)),
        ("Sales tax 8.875%", Tax("Sales tax", 8875)),
        ("VAT 20% included", Tax("VAT", 20000, included=True)),
        ("none", None),
        ("", None),
    ],
)
def test_parse_tax(text: str, tax: Tax | None) -> None:
    """A tax is a name and a rate."""
    assert parse_tax(text) == tax


@pytest.mark.parametrize(
    "text", ["13%", "HST", "HST 13", "HST 0%", "HST 101%", "HST 1.2345%", "HST -1%", "HST ١٣%"]
)
def test_parse_tax_refused(text: str) -> None:
    """Anything else is no tax."""
    with pytest.raises(WrongUsage):
        parse_tax(text)


def test_rate_is_written_as_it_is_typed() -> None:
    """Rates lose nothing and carry no needless zeros."""
    assert [show_rate(rate) for rate in (13000, 8875, 500, 1, 100_000)] == [
        "13",
        "8.875",
        "0.5",
        "0.001",
        "100",
    ]


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_said_stays() -> None:
    """A change touches what was said and nothing else; none takes away."""
    before = change_terms(
        NOTHING,
        TypedTerms("250", "20%", None, "10%", "Returning", "HST 13%", "7d before", True, "100% until 14d"),
    )
    after = change_terms(before, TypedTerms(price="300"))
    assert (after.deposit_percent, after.discount, after.tax) == (20, before.discount, before.tax)
    assert (after.balance_due, after.tips, after.refunds) == (-7, True, Refunds(((100, 14),)))
    bare = change_terms(
        before, TypedTerms(discount="none", tax="none", balance_due="none", refunds="none", tips=False)
    )
    assert bare == Terms(PRICE, "deposit", deposit_percent=20)


def test_deposit_that_a_discount_overtakes() -> None:
    """A deposit that is more than there is to pay is refused; of a lower price all of it is asked."""
    before = change_terms(NOTHING, TypedTerms(price="100", deposit="90"))
    with pytest.raises(WrongUsage, match="deposit"):
        change_terms(before, TypedTerms(discount="50%"))
    assert change_terms(before, TypedTerms(price="80")) == Terms(Money(8000, "CAD"))


def test_deposit_may_be_of_the_total() -> None:
    """With tax on top a deposit can be more than the price, and never more than the total."""
    terms = change_terms(NOTHING, TypedTerms(price="100", deposit="110", tax="HST 13%"))
    assert (terms.asked_now, terms.rest) == (Money(11000, "CAD"), Money(300, "CAD"))


def test_reason_without_a_discount() -> None:
    """A reason for no discount is refused."""
    with pytest.raises(WrongUsage, match="no discount"):
        change_terms(NOTHING, TypedTerms(discount_reason="Friend"))


@pytest.mark.parametrize(
    ("text", "days"),
    [("7d before", -7), ("14 days after", 14), ("on the day", 0), ("0d", 0), ("none", None), ("1D AFTER", 1)],
)
def test_balance_due(text: str, days: int | None) -> None:
    """The balance is due so many days before or after the session's day."""
    assert parse_balance_due(text) == days
    assert parse_balance_due(show_balance_due(days)) == days


@pytest.mark.parametrize("text", ["7d", "soon", "366d before", "-7d", "7 before"])
def test_balance_due_refused(text: str) -> None:
    """What does not say before or after, or is too far, is refused."""
    with pytest.raises(WrongUsage):
        parse_balance_due(text)


# ── when canceled ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("days", "back"), [(30, 100), (14, 100), (13, 50), (7, 50), (6, 0), (0, 0), (-1, 0)])
def test_refund_policy(days: int, back: int) -> None:
    """The first rule that still holds says what goes back; after the last it is nothing."""
    policy = parse_refunds("50% until 7d, 100% until 14d before")
    assert policy is not None
    assert policy.of(Money(10000, "CAD"), days * 1440) == Money(back * 100, "CAD")
    assert parse_refunds(str(policy)) == policy


def test_refund_policy_to_the_minute() -> None:
    """A rule of fourteen days ends fourteen days before the session begins, not a minute later."""
    policy = Refunds(((100, 14),))
    assert policy.of(PRICE, 14 * 1440) == PRICE
    assert not policy.of(PRICE, 14 * 1440 - 1)


@pytest.mark.parametrize(
    "text", ["all", "101%", "50% until 400d", "50% until 7d, 20% until 7d", "50%,", "٥٠%"]
)
def test_refund_policy_refused(text: str) -> None:
    """What is not a list of percents and days is refused."""
    with pytest.raises(WrongUsage):
        parse_refunds(text)
