"""Terms as columns: the same in the tables of session types and of sessions."""

from __future__ import annotations

import sqlite3
from typing import Any

from studio_cli.model.money import Money
from studio_cli.model.terms import Discount, Tax, Terms, parse_refunds


def columns(terms: Terms) -> dict[str, Any]:
    """Return terms as columns and their values."""
    discount, tax = terms.discount, terms.tax
    return {
        "price_minor": terms.price.minor,
        "currency": terms.price.currency,
        "pay": terms.pay,
        "deposit_minor": min(terms.deposit, terms.price).minor if terms.deposit is not None else None,
        "deposit_whole_minor": terms.deposit and terms.deposit.minor,
        "deposit_percent": terms.deposit_percent,
        "discount_minor": discount.amount.minor if discount and discount.amount is not None else None,
        "discount_percent": discount.percent if discount else None,
        "discount_reason": discount.reason if discount else None,
        "tax_name": tax.name if tax else None,
        "tax_rate": tax.rate if tax else None,
        "tax_included": int(tax.included) if tax else 0,
        "balance_due_days": terms.balance_due,
        "tips": int(terms.tips),
        "refunds": str(terms.refunds) if terms.refunds else None,
    }


def terms_of(row: sqlite3.Row) -> Terms:
    """Return the terms in a row."""
    currency = row["currency"]

    def amount(name: str) -> Money | None:
        return None if row[name] is None else Money(row[name], currency)

    taken_off, percent = amount("discount_minor"), row["discount_percent"]
    discounted = taken_off is not None or percent is not None
    return Terms(
        price=Money(row["price_minor"], currency),
        pay=row["pay"],
        deposit=amount("deposit_whole_minor") or amount("deposit_minor"),
        deposit_percent=row["deposit_percent"],
        discount=Discount(taken_off, percent, row["discount_reason"]) if discounted else None,
        tax=Tax(row["tax_name"], row["tax_rate"], bool(row["tax_included"])) if row["tax_rate"] else None,
        balance_due=row["balance_due_days"],
        tips=bool(row["tips"]),
        refunds=parse_refunds(row["refunds"]) if row["refunds"] else None,
    )
