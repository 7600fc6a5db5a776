"""What a client reads about a session: plain texts, the same for mails, pages and contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from whenever import Date, Instant

from studio_cli.booking import policy
from studio_cli.booking.studio import Studio
from studio_cli.language import ENGLISH, Language, choose
from studio_cli.model.money import parse_money
from studio_cli.model.session import Session, StepName
from studio_cli.model.settings import Settings
from studio_cli.model.times import from_stored, known_zone, same_clock, show_offset
from studio_cli.model.words import N_

STEP_TITLES: dict[StepName, str] = {
    "review": N_("Review"),
    "questionnaire": N_("Questions"),
    "contract": N_("Contract"),
    "payment": N_("Payment"),
}


def language_of(session: Session, settings: Settings, *preferred: str) -> Language:
    """Return the language to write to a session's client in: theirs, else one that they prefer, else the studio's."""
    return choose((*session.languages, *preferred), settings["studio.locale"])


def describe(
    session: Session, settings: Settings, language: Language, now: Instant | None = None
) -> dict[str, Any]:
    """Return the session as plain data for a template: nothing in it has methods of ours.

    With ``now`` it says what a client can still do then, without it what was agreed.
    """
    zone, money = session.timezone, language.money
    deadline, terms, wish = session.expires_at, session.terms, session.wishes
    return {
        "id": session.id,
        "reference": session.reference,
        "status": session.status,
        "title": session.title,
        "client": session.called,
        "day": language.day(session.starts_at, zone),
        "time": language.range(session.starts_at, session.ends_at, zone),
        "starts_at": f"{language.day(session.starts_at, zone)}, {language.clock(session.starts_at, zone)}",
        "zone": show_offset(session.starts_at, zone),
        "there": _elsewhere(session, language),
        "duration": language.duration(session.duration),
        "location": session.location or "",
        "price": money(session.price) if session.price else "",
        "due_now": money(session.due_now) if session.due_now else "",
        "rest": money(terms.rest) if terms.rest else "",
        "discount": money(terms.taken_off) if terms.taken_off else "",
        "discount_reason": terms.discount.reason or "" if terms.discount else "",
        "tax": money(terms.tax_amount) if terms.tax else "",
        "tax_name": tax_name(str(terms.tax), language) if terms.tax else "",
        "tax_included": bool(terms.tax and terms.tax.included),
        "tip": money(session.tip) if session.tip else "",
        "total": money(session.total) if session.total else "",
        "balance_due": language.date(session.balance_due_on) if session.balance_due_on else "",
        "paid": money(session.paid) if session.paid else "",
        "balance": money(session.balance) if session.balance.minor > 0 else "",
        "deadline": language.short(deadline, zone) if deadline else "",
        "held_until": language.short(deadline, zone) if deadline and session.holds_time else "",
        "offered": _offered(session, language),
        "wishes": [when(moment, session, language) for moment in wish.times] if wish else [],
        "wish": wish.words or "" if wish else "",
        "policy": policy.terms(session, language, now),
        "steps": [language.text(STEP_TITLES[step.name]) for step in session.waiting_for],
        "confirmed_by": session.confirmed_by or "",
    }


def when(moment: Instant, session: Session, language: Language, zone: str | None = None) -> str:
    """Return a time that a session could have, as its client reads it: the day, from when to when."""
    zone, end = zone or session.timezone, moment.add(minutes=session.duration)
    return f"{language.day(moment, zone)}, {language.range(moment, end, zone)}"


def _offered(session: Session, language: Language) -> list[str]:
    """Return the times that the owner proposed; one after a change of clocks says its own offset."""
    zone = session.timezone
    own, said = show_offset(session.starts_at, zone), []
    for moment in session.offered:
        text, offset = when(moment, session, language), show_offset(moment, zone)
        said.append(text if offset == own else f"{text} ({offset})")
    return said


def _elsewhere(session: Session, language: Language) -> str:
    """Return when a session is by the clocks of its client, where those show another time than the studio's."""
    zone = known_zone(
        session.client_zone or ""
    )  # it was kept by another machine, perhaps, which knew more of them
    if zone is None or same_clock(session.starts_at, zone, session.timezone):
        return ""
    there = when(session.starts_at, session, language, zone)
    return f"{there} ({show_offset(session.starts_at, zone)})"


def describe_for(studio: Studio, session: Session, language: Language | None = None) -> dict[str, Any]:
    """Return what a template may know: the studio, the session, the client."""
    settings = studio.settings
    return {
        "studio": settings.for_clients(),
        "session": describe(session, settings, language or language_of(session, settings)),
        "client": {"name": session.called, "email": session.written_to or ""},
    }


# ── what changed ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Difference:
    """One detail that is not what the client saw, as they read it."""

    label: str
    before: str
    now: str


LABELS = {
    "title": N_("What"),
    "when": N_("When"),
    "zone": N_("Time zone"),
    "location": N_("Where"),
    "price": N_("Price"),
    "discount": N_("Discount"),
    "tax": N_("Tax"),
    "total": N_("In all"),
    "due_now": N_("To be paid at booking"),
    "balance_due": N_("Rest to be paid by"),
    "questions": N_("Questions"),
    "contract": N_("Contract"),
    "move_until": N_("You can move it"),
    "cancel_until": N_("You can cancel it"),
    "refunds": N_("When canceled, goes back"),
}
_WORDING = {"questions": "form", "contract": "document"}
"""Details of which the wording can change while the name stays, and what says so."""


def differences(
    seen: Mapping[str, str], now: Mapping[str, str], language: Language
) -> tuple[Difference, ...]:
    """Return what is different between two ``Session.details``, in words."""
    before, after = _read(seen, language), _read(now, language)
    if seen.get("when") == _read(now, ENGLISH).get("when"):  # the first versions kept it in English words
        before["when"] = after["when"]
    changed = []
    for name, label in LABELS.items():
        old, new = before.get(name, ""), after.get(name, "")
        wording = _WORDING.get(name, "")
        reworded = wording in seen and seen[wording] != now.get(wording)
        if old == new and old and reworded:
            new = language.text(N_("%(title)s, with another wording"), title=new)
        if old != new:
            changed.append(Difference(language.text(label), old, new))
    return tuple(changed)


def _amount(text: str, language: Language) -> str:
    """Return a kept amount (``250.00 CAD``, ``HST 13 %: 32.50 CAD``) as the rest of the page writes it."""
    name, _, amount = text.rpartition(": ")
    figure, _, currency = amount.rpartition(" ")
    if not figure:
        return ""
    shown = language.money(parse_money(figure, currency))
    label = tax_name(name, language)
    return language.text(N_("%(label)s: %(value)s"), label=label, value=shown) if name else shown


def tax_name(text: str, language: Language) -> str:
    """Return ``TVA 5.5 %`` as ``TVA 5,5 %``, its rate never on a line of its own."""
    name, _, rate = text.removesuffix(" %").rpartition(" ")
    return f"{name} {language.number(Decimal(rate))}\u00a0%" if name else text


def _read(details: Mapping[str, str], language: Language) -> dict[str, str]:
    """Return details as a client reads them. Those that the first versions kept are in words already."""
    words = dict(details)
    if "starts_at" in details:
        zone = details["timezone"]
        start, end = from_stored(details["starts_at"]), from_stored(details["ends_at"])
        words["when"] = f"{language.day(start, zone)}, {language.range(start, end, zone)}"
        words["zone"] = show_offset(start, zone)
    for name in ("price", "discount", "tax", "total", "due_now"):
        words[name] = _amount(details.get(name, ""), language)
    if details.get("balance_due"):
        words["balance_due"] = language.date(Date.parse_iso(details["balance_due"]))
    for name in ("move_until", "cancel_until"):
        words[name] = policy.until(int(details[name]), language) if details.get(name) else ""
    words["refunds"] = policy.refunds(details.get("refunds", ""), language)
    if words["total"] == words["price"]:
        words["total"] = ""  # the price says it
    if "form" not in details:  # kept as “title (number of questions)”
        words["questions"] = details.get("questions", "").rpartition(" (")[0]
    return words
