"""What is listed: for each noun its fields, as scripts read them and as a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from whenever import Instant

from studio_cli.cli.output import Column, only_plain, same
from studio_cli.model.calendar import Busy, Calendar
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session, Share
from studio_cli.model.times import rfc3339, show_date, show_duration, show_short, whole_days


def _money(money: Money) -> str:
    """Return an amount for a table's column, whose currency the owner knows."""
    return money.amount if money else "–"


def waiting(session: Session) -> str:
    """Return what a request or a pending session waits for, as the owner reads it."""
    if session.status == "inquiry":
        return "client: choose a time" if session.offered else "you: answer it"
    names = [step.name for step in session.waiting_for]
    if names == ["payment"] and session.step("payment").announced_at:
        return "you: confirm payment"
    if session.status == "pending" and not names:
        return "you: confirm it"
    return ", ".join(names)


def _extra(name: str, get: Callable[[Any], str], *, right: bool = False) -> Column:
    """Return a field that is there only when it is asked for; its title is its name in words."""
    title = name.replace("_", " ").capitalize()
    return same(title, get, right=right, name=name, extra=True)


def _extra_moment(name: str, zone: str | None = None) -> Column:
    """Return a moment that is there only when it is asked for, in ``zone`` or in that of the row."""

    def plain(row: Any) -> str:
        at = getattr(row, name)
        return rfc3339(at, zone or row.timezone) if at else ""

    def for_people(row: Any) -> str:
        at = getattr(row, name)
        return show_short(at, zone or row.timezone) if at else ""

    title = name.removesuffix("_at").replace("_", " ").capitalize()
    return Column(title, plain, for_people, name=name, extra=True)


def _extra_money(name: str) -> Column:
    def people(row: Any) -> str:
        return _money(getattr(row, name))

    title = name.replace("_", " ").capitalize()
    return Column(title, lambda row: str(getattr(row, name)), people, right=True, name=name, extra=True)


def _yes(fact: object) -> str:
    return "yes" if fact else "no"


SESSION = (
    same("#", lambda session: str(session.id), right=True, name="id"),
    same("Status", lambda session: session.status),
    Column(
        "When",
        lambda session: rfc3339(session.starts_at, session.timezone),
        lambda session: show_short(session.starts_at, session.timezone),
        name="starts_at",
    ),
    only_plain(
        "Ends",
        lambda session: rfc3339(session.ends_at, session.timezone),
        name="ends_at",
        asked=lambda session: show_short(session.ends_at, session.timezone),
    ),
    same("What", lambda session: session.title, name="title"),
    same("Client", lambda session: session.client.name),
    Column("Price", lambda session: str(session.price), None, asked=lambda session: _money(session.price)),
    Column(
        "Due now", lambda session: str(session.due_now), lambda session: _money(session.due_now), right=True
    ),
    Column("Waiting for", lambda session: ",".join(step.name for step in session.waiting_for), waiting),
)
"""What is told of a session where one line is: in a list, and after a command that changed it."""

MORE_OF_A_SESSION = (
    _extra("email", lambda session: session.client.email or ""),
    _extra("phone", lambda session: session.client.phone or ""),
    _extra("client_id", lambda session: str(session.client.id), right=True),
    _extra("type", lambda session: (session.type and session.type.slug) or ""),
    _extra("location", lambda session: session.location or ""),
    _extra("duration_minutes", lambda session: str(session.duration), right=True),
    _extra("timezone", lambda session: session.timezone),
    _extra_money("total"),
    _extra_money("paid"),
    _extra_money("balance"),
    _extra("balance_due_on", lambda session: str(session.balance_due_on or "")),
    _extra_moment("expires_at"),
    _extra_moment("created_at"),
    _extra_moment("confirmed_at"),
    _extra("confirmed_by", lambda session: session.confirmed_by or ""),
    _extra("source", lambda session: session.source),
    _extra("form", lambda session: session.form.name if session.form else ""),
    _extra("contract", lambda session: session.contract.name if session.contract else ""),
    _extra("shares", lambda session: str(len(session.shares)), right=True),
    _extra("notes", lambda session: session.notes or ""),
)


def session_columns(now: Instant) -> tuple[Column, ...]:
    """Return the columns of sessions and what more can be asked for; in a table this year is left out of times."""

    def when(session: Session) -> str:
        words, year = show_short(session.starts_at, session.timezone), f" {now.to_tz(session.timezone).year} "
        return words.replace(year, " ")

    shown = (replace(column, shown=when) if column.title == "When" else column for column in SESSION)
    return (*shown, *MORE_OF_A_SESSION)


CLIENT = (
    same("#", lambda client: str(client.id), right=True, name="id"),
    same("Name", lambda client: client.name),
    same("Email", lambda client: client.email or ""),
    same("Phone", lambda client: client.phone or ""),
)


def client_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of clients and what more can be asked for, with times in ``zone``."""
    return (
        *CLIENT,
        _extra("language", lambda client: client.language or ""),
        _extra("reminders", lambda client: _yes(not client.no_reminders)),
        _extra_moment("created_at", zone),
        _extra_moment("archived_at", zone),
        _extra("notes", lambda client: client.notes or ""),
    )


TYPE = (
    same("Name", lambda offer: offer.slug, name="slug"),
    same("Session type", lambda offer: offer.name, name="name"),
    Column(
        "Duration",
        lambda offer: str(offer.duration),
        lambda offer: show_duration(offer.duration),
        right=True,
        name="duration_minutes",
    ),
    Column(
        "Price", lambda offer: str(offer.terms.price), lambda offer: _money(offer.terms.price), right=True
    ),
    Column(
        "At booking",
        lambda offer: str(offer.terms.asked_now),
        lambda offer: _money(offer.terms.asked_now),
        right=True,
    ),
    same("Where", lambda offer: offer.location or "", name="location"),
)


def type_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of session types and what more can be asked for, with times in ``zone``."""
    return (
        *TYPE,
        _extra("published", lambda offer: _yes(offer.site.published)),
        _extra("private", lambda offer: _yes(offer.private)),
        _extra("approval", lambda offer: _yes(offer.site.approval)),
        _extra("form", lambda offer: offer.form or ""),
        _extra("contract", lambda offer: offer.contract or ""),
        _extra("notice_minutes", lambda offer: str(offer.notice), right=True),
        _extra("hold_minutes", lambda offer: str(offer.hold or ""), right=True),
        _extra("per_day", lambda offer: str(offer.per_day or ""), right=True),
        _extra_moment("created_at", zone),
        _extra_moment("archived_at", zone),
    )


CONTRACT = (
    same("Name", lambda contract: contract.name),
    same("Begins", lambda contract: _first_line(contract.source)),
)


def contract_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of contracts, with times in ``zone``."""
    return (*CONTRACT, _extra_moment("created_at", zone), _extra_moment("changed_at", zone))


def _first_line(text: str) -> str:
    """Return the first words of a contract: its heading, most of the time."""
    return next((line.strip("# ")[:60] for line in text.splitlines() if line.strip("# ")), "")


FORM = (
    same("Name", lambda form: form.name),
    same("Title", lambda form: form.title),
    same("Fields", lambda form: str(len(form.fields)), right=True),
)


def payment_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of the ledger, with times in ``zone``."""
    return (
        same("#", lambda row: str(row.id), right=True, name="id"),
        Column("When", lambda row: rfc3339(row.at, zone), lambda row: show_short(row.at, zone), name="at"),
        Column("Kind", lambda row: row.kind, None),
        Column("Amount", lambda row: row.signed.amount, lambda row: str(row.signed), right=True),
        Column("Currency", lambda row: row.amount.currency, None),
        same("Method", lambda row: row.method),
        same("Session", lambda row: str(row.session_id), right=True),
        same("Client", lambda row: row.client),
        Column("What", lambda row: row.title, None, name="title"),
        same("Receipt", lambda row: str(row.receipt or ""), right=True),
        Column("Reference", lambda row: row.reference or "", None),
        Column("Note", lambda row: row.note or "", lambda row: row.note or "", rare=True),
        Column("Late", lambda row: "to refund" if row.to_refund else "", _late, rare=True),
        _extra_moment("recorded_at", zone),
        _extra("refund_of", lambda row: str(row.refund_of or ""), right=True),
    )


def _late(row: Payment) -> str:
    return "to give back" if row.to_refund else ""


SUM = (
    same("Month", lambda row: row.month),
    same("Method", lambda row: row.method),
    same("Received", lambda row: str(row.received), right=True),
    same("Given back", lambda row: str(row.refunded), right=True, name="refunded"),
    same("Net", lambda row: str(row.net), right=True),
)


def share_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of a session's shares, with times in ``zone``."""

    def moment(title: str, name: str) -> Column:
        def plain(share: Share) -> str:
            at = getattr(share, name)
            return rfc3339(at, zone) if at else ""

        def for_people(share: Share) -> str:
            at = getattr(share, name)
            return show_short(at, zone) if at else "–"

        return Column(title, plain, for_people, name=name)

    return (
        same("#", lambda share: str(share.id), right=True, name="id"),
        same("By", lambda share: share.channel, name="channel"),
        moment("Made", "created_at"),
        moment("Opened", "opened_at"),
        moment("Revoked", "revoked_at"),
    )


def calendar_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of the calendars that close times, with times in ``zone``."""

    def read_at(one: Calendar) -> str:
        return show_short(one.synced_at, zone) if one.synced_at else "never"

    return (
        same("Name", lambda one: one.name),
        same("Kind", lambda one: one.kind),
        same("Where", lambda one: one.where),
        same("Busy times", lambda one: str(one.events), right=True),
        Column(
            "Read",
            lambda one: rfc3339(one.synced_at, zone) if one.synced_at else "",
            read_at,
            name="synced_at",
        ),
        Column("Trouble", lambda one: one.error or "", lambda one: one.error or "", rare=True, name="error"),
        Column("Notes", lambda one: "; ".join(one.notes), lambda one: "; ".join(one.notes), rare=True),
        _extra("user", lambda one: one.user or ""),
        _extra("writes", lambda one: _yes(one.writes)),
        _extra_moment("tried_at", zone),
        _extra_moment("covers_until", zone),
    )


def busy_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of busy times, with times in ``zone``."""

    def ends(one: Busy) -> tuple[str, str]:
        days = whole_days(one.starts_at, one.ends_at, zone)
        if days is None:
            return show_short(one.starts_at, zone), show_short(one.ends_at, zone)
        first, last = map(show_date, days)
        return first, "all day" if first == last else f"{last}, all day"

    return (
        Column(
            "From",
            lambda one: rfc3339(one.starts_at, zone),
            lambda one: ends(one)[0],
            name="starts_at",
        ),
        Column(
            "Until",
            lambda one: rfc3339(one.ends_at, zone),
            lambda one: ends(one)[1],
            name="ends_at",
        ),
        same("What", lambda one: one.title or "", name="title"),
    )
