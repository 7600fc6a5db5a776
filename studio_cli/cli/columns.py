"""What is listed: for each noun its fields, as scripts read them and as a person does."""

from __future__ import annotations

from dataclasses import replace

from whenever import Instant

from studio_cli.cli.output import Column, only_plain, same
from studio_cli.model.calendar import Calendar
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session, Share
from studio_cli.model.times import rfc3339, show_duration, show_short


def _money(money: Money) -> str:
    """Return an amount for a table's column, whose currency the owner knows."""
    return money.amount if money else "–"


def waiting(session: Session) -> str:
    """Return what a pending session waits for, as the owner reads it."""
    names = [step.name for step in session.waiting_for]
    if names == ["payment"] and session.step("payment").announced_at:
        return "you: confirm payment"
    if session.status == "pending" and not names:
        return "you: confirm it"
    return ", ".join(names)


SESSION = (
    same("#", lambda session: str(session.id), right=True),
    same("Status", lambda session: session.status),
    Column(
        "When",
        lambda session: rfc3339(session.starts_at, session.timezone),
        lambda session: show_short(session.starts_at, session.timezone),
    ),
    only_plain("Ends", lambda session: rfc3339(session.ends_at, session.timezone)),
    same("What", lambda session: session.title),
    same("Client", lambda session: session.client.name),
    Column("Price", lambda session: str(session.price), None),
    Column(
        "Due now", lambda session: str(session.due_now), lambda session: _money(session.due_now), right=True
    ),
    Column("Waiting for", lambda session: ",".join(step.name for step in session.waiting_for), waiting),
)


def session_columns(now: Instant) -> tuple[Column, ...]:
    """Return the columns of sessions; in a table this year's are shown without the year."""

    def when(session: Session) -> str:
        words, year = show_short(session.starts_at, session.timezone), f" {now.to_tz(session.timezone).year} "
        return words.replace(year, " ")

    return tuple(replace(column, shown=when) if column.title == "When" else column for column in SESSION)


CLIENT = (
    same("#", lambda client: str(client.id), right=True),
    same("Name", lambda client: client.name),
    same("Email", lambda client: client.email or ""),
    same("Phone", lambda client: client.phone or ""),
)


TYPE = (
    same("Name", lambda offer: offer.slug),
    same("Session type", lambda offer: offer.name),
    Column(
        "Duration", lambda offer: str(offer.duration), lambda offer: show_duration(offer.duration), right=True
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
    same("Where", lambda offer: offer.location or ""),
)


CONTRACT = (
    same("Name", lambda contract: contract.name),
    same("Begins", lambda contract: _first_line(contract.source)),
)


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
        same("#", lambda row: str(row.id), right=True),
        Column("When", lambda row: rfc3339(row.at, zone), lambda row: show_short(row.at, zone)),
        Column("Kind", lambda row: row.kind, None),
        Column("Amount", lambda row: row.signed.amount, lambda row: str(row.signed), right=True),
        Column("Currency", lambda row: row.amount.currency, None),
        same("Method", lambda row: row.method),
        same("Session", lambda row: str(row.session_id), right=True),
        same("Client", lambda row: row.client),
        Column("What", lambda row: row.title, None),
        same("Receipt", lambda row: str(row.receipt or ""), right=True),
        Column("Reference", lambda row: row.reference or "", None),
        Column("Note", lambda row: row.note or "", lambda row: row.note or "", rare=True),
        Column("Late", lambda row: "to refund" if row.to_refund else "", _late, rare=True),
    )


def _late(row: Payment) -> str:
    return "to give back" if row.to_refund else ""


SUM = (
    same("Month", lambda row: row.month),
    same("Method", lambda row: row.method),
    same("Received", lambda row: str(row.received), right=True),
    same("Given back", lambda row: str(row.refunded), right=True),
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

        return Column(title, plain, for_people)

    return (
        same("#", lambda share: str(share.id), right=True),
        same("By", lambda share: share.channel),
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
        Column("Read", lambda one: rfc3339(one.synced_at, zone) if one.synced_at else "", read_at),
        Column("Trouble", lambda one: one.error or "", lambda one: one.error or "", rare=True),
        Column("Notes", lambda one: "; ".join(one.notes), lambda one: "; ".join(one.notes), rare=True),
    )


def busy_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of busy times, with times in ``zone``."""
    return (
        Column("From", lambda one: rfc3339(one.starts_at, zone), lambda one: show_short(one.starts_at, zone)),
        Column("Until", lambda one: rfc3339(one.ends_at, zone), lambda one: show_short(one.ends_at, zone)),
        same("What", lambda one: one.title or ""),
    )
