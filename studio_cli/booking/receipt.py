"""Receipts: the proof of a payment, as a page, a file and a text."""

from __future__ import annotations

from typing import Any

from studio_cli.booking import details
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.language import Language, choose
from studio_cli.model.money import Money
from studio_cli.model.payment import METHODS, Payment
from studio_cli.model.session import Session
from studio_cli.model.terms import Tax
from studio_cli.model.times import from_stored
from studio_cli.model.words import N_
from studio_cli.store import payment as payment_store
from studio_cli.templates import render

METHOD_WORDS = {
    "cash": N_("in cash"),
    "transfer": N_("by bank transfer"),
    "card": N_("by card"),
    "check": N_("by cheque"),
    "stripe": N_("by card"),
    "test": N_("as a test: no money moved"),
}
assert set(METHOD_WORDS) >= set(METHODS) - {"other"}


def describe(studio: Studio, payment: Payment, language: Language) -> dict[str, Any]:
    """Return a receipt as plain data for a template."""
    session = sessions.get(studio, payment.session_id)
    known = details.describe_for(studio, session, language)
    kept = payment_store.facts_of(studio.file, payment.receipt) if payment.receipt else None
    return {
        **known,
        "receipt": {
            **(_as_issued(kept, session, language) if kept else _as_it_is(known["session"])),
            "number": payment.receipt,
            "amount": language.money(payment.amount),
            "at": language.short(payment.at, session.timezone),
            "zone": session.timezone,
            "method": language.text(METHOD_WORDS[payment.method]) if payment.method in METHOD_WORDS else "",
            "refunded": language.money(payment.refunded) if payment.refunded else "",
        },
    }


_SUMS = ("discount", "tax", "tip", "total", "paid", "balance")


def _as_it_is(session: dict[str, Any]) -> dict[str, Any]:
    """Return what a receipt says of its session now: for those that were issued before it was kept."""
    names = ("title", "client", "starts_at", "tax_name", "tax_included", *_SUMS)
    return {name: session[name] for name in names}


def _as_issued(kept: dict[str, Any], session: Session, language: Language) -> dict[str, Any]:
    """Return what a receipt said of its session when it was issued, in a language of today."""
    currency, starts_at = session.price.currency, from_stored(kept["starts_at"])
    zone, rate = session.timezone, Tax(kept["tax_name"], kept["tax_rate"])
    sums = {name: language.money(Money(kept[name], currency)) if kept[name] else "" for name in _SUMS}
    return {
        **sums,
        "title": kept["title"],
        "client": kept["client"],
        "starts_at": f"{language.day(starts_at, zone)}, {language.clock(starts_at, zone)}",
        "tax_name": details.tax_name(str(rate), language) if kept["tax_name"] else "",
        "tax_included": kept["tax_included"],
    }


def of_session(studio: Studio, session_id: int) -> list[Payment]:
    """Return the payments of a session that a receipt is for, oldest first."""
    rows = payment_store.listed(studio.file, session_id=session_id, kind="payment")
    return [row for row in rows if row.receipt is not None]


def as_text(studio: Studio, payment: Payment) -> str:
    """Return a receipt as text, in the studio's language."""
    language = choose((), studio.settings["studio.locale"])
    return render("receipt.txt", describe(studio, payment, language), language).strip()


def as_paper(studio: Studio, payment: Payment) -> str:
    """Return a receipt as an HTML file that stands alone, in its client's language."""
    session = sessions.get(studio, payment.session_id)
    language = details.language_of(session, studio.settings)
    data = describe(studio, payment, language)
    css = render("page/studio.css", data["studio"])
    return render("page/receipt_paper.html", {**data, "css": css}, language)
