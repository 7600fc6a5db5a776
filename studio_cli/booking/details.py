"""What a client reads about a session: plain texts, the same for mails and pages."""

from __future__ import annotations

from typing import Any

from studio_cli.booking.studio import Studio
from studio_cli.model.money import Money, minor_digits
from studio_cli.model.session import Session, StepName
from studio_cli.model.settings import Settings
from studio_cli.model.times import show_clock, show_day, show_duration, show_offset, show_range, show_short

STEP_TITLES: dict[StepName, str] = {
    "review": "Review",
    "questionnaire": "Questions",
    "contract": "Contract",
    "payment": "Payment",
}


def show_money(money: Money, locale: str) -> str:
    """Return an amount as a client reads it: ``CA$250.00``."""
    from copy import copy
    from decimal import Decimal

    from babel.core import Locale, UnknownLocaleError
    from babel.numbers import format_currency

    try:
        language = Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        language = Locale("en")
    # CLDR writes some currencies without the decimals that they have (RSD, IQD, …): the client would read a
    # rounded amount. So the decimals are ours.
    pattern, digits = copy(language.currency_formats["standard"]), minor_digits(money.currency)
    pattern.frac_prec = (digits, digits)
    amount = Decimal(money.amount)
    return str(
        format_currency(amount, money.currency, format=pattern, locale=language, currency_digits=False)
    )


def describe(session: Session, settings: Settings) -> dict[str, Any]:
    """Return the session as plain data for a template: nothing in it has methods of ours."""
    zone, locale = session.timezone, settings["studio.locale"]
    deadline = session.expires_at
    return {
        "id": session.id,
        "status": session.status,
        "title": session.title,
        "client": session.client.name,
        "day": show_day(session.starts_at, zone),
        "time": show_range(session.starts_at, session.ends_at, zone),
        "starts_at": f"{show_day(session.starts_at, zone)}, {show_clock(session.starts_at, zone)}",
        "zone": show_offset(session.starts_at, zone),
        "duration": show_duration(session.duration),
        "location": session.location or "",
        "price": show_money(session.price, locale) if session.price else "",
        "due_now": show_money(session.due_now, locale) if session.due_now else "",
        "paid": show_money(session.paid, locale) if session.paid else "",
        "balance": show_money(session.balance, locale) if session.balance.minor > 0 else "",
        "deadline": show_short(deadline, zone) if deadline else "",
        "steps": [STEP_TITLES[step.name] for step in session.waiting_for],
        "confirmed_by": session.confirmed_by or "",
    }


LABELS = {
    "title": "What",
    "when": "When",
    "zone": "Time zone",
    "location": "Where",
    "price": "Price",
    "due_now": "To be paid at booking",
    "questions": "Questions",
}
"""What the details of ``Session.details`` are called where a client reads them."""


def describe_for(studio: Studio, session: Session) -> dict[str, Any]:
    """Return what a template may know: the studio, the session, the client."""
    settings = studio.settings
    return {
        "studio": settings.for_clients(),
        "session": describe(session, settings),
        "client": {"name": session.client.name, "email": session.client.email or ""},
    }
