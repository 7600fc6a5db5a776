"""The status for scripts: tab-separated lines, each after the name of its part."""

from collections.abc import Sequence
from typing import Any

from studio_cli.booking.overview import Overview
from studio_cli.cli import columns, output
from studio_cli.cli.desk import Desk
from studio_cli.cli.outbox import message_columns
from studio_cli.cli.output import Column, only_plain
from studio_cli.model.text import shown
from studio_cli.model.times import rfc3339


def write(desk: Desk, found: Overview) -> None:
    """Write each row after the name of its part, for scripts."""
    for title, fields, rows in _sections(found):
        name = title.casefold().replace(" ", "_")
        desk.lines([[name, *output.line(fields, row)] for row in rows])
    if found.unfinished_refunds:
        desk.say(f"{found.unfinished_refunds} refund begun and not finished: studio payment sync")
    for one in found.templates:
        desk.say(f"Your template {one.kind} ({one.language}) is not used: {shown(one.why)}")
        desk.say(f"  studio template check {one.kind}")


def _sections(found: Overview) -> list[tuple[str, Sequence[Column], Sequence[Any]]]:
    yours = [one for one in found.stuck if one.yours]
    others = [one for one in found.stuck if not one.yours]
    return [
        ("Waiting for you", _stuck(found), yours),
        ("Waiting for clients", _stuck(found), others),
        ("Coming up", _COMING, found.coming),
        ("Still to be paid", _OWING, found.owing),
        ("Paid too much", _OWING, found.overpaid),
        ("To give back", columns.payment_columns(found.zone), found.to_refund),
        ("Owed to clients", _OWED, found.owed),
        ("Mail to look at", message_columns(found.zone), found.mail),
        ("Calendars that cannot be read", columns.calendar_columns(found.zone), found.calendars),
    ]


def _stuck(found: Overview) -> tuple[Column, ...]:
    return (
        only_plain("Number", lambda one: str(one.session.id)),
        only_plain("What", lambda one: one.session.title),
        only_plain("Waits for", lambda one: one.waits_for),
        only_plain("Since", lambda one: rfc3339(one.since, found.zone)),
        only_plain("Link opened", lambda one: rfc3339(one.opened_at, found.zone) if one.opened_at else ""),
        only_plain("Command", lambda one: one.command),
    )


_COMING = tuple(column for column in columns.SESSION if column.title != "Due now")


_OWED = (
    only_plain("Number", lambda one: str(one.session.id)),
    only_plain("What", lambda one: one.session.title),
    only_plain("Client", lambda one: one.session.client.name),
    only_plain("Amount", lambda one: str(one.amount)),
    only_plain("Command", lambda one: one.command),
)

_OWING = (
    only_plain("Number", lambda session: str(session.id)),
    only_plain("What", lambda session: session.title),
    only_plain("Client", lambda session: session.client.name),
    only_plain("When", lambda session: rfc3339(session.starts_at, session.timezone)),
    only_plain("Balance", lambda session: str(session.balance)),
    only_plain("Due", lambda session: str(session.balance_due_on or "")),
)
