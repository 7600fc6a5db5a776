"""``studio status``: one screen that answers what is stuck, what is next, what is owed."""

import contextlib
from collections.abc import Sequence
from typing import Any

import typer

from studio_cli.booking.overview import Overview, Stuck, overview
from studio_cli.cli import columns, output
from studio_cli.cli.desk import Desk
from studio_cli.cli.news import News
from studio_cli.cli.outbox import message_columns
from studio_cli.cli.output import Column
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import StudioError
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import rfc3339, show_short

app = typer.Typer()


@app.command("status", epilog=example("studio status", "studio status --json"))
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Show what is stuck and the command that moves it, what is next, what you are owed, and mail and calendars that failed."""
    desk = desk_of(ctx)
    _ask_outside(desk)
    found = overview(desk.studio)
    if as_json:
        desk.json(found.as_json())
        return
    sections = _sections(found)
    for title, fields, rows in sections:
        _section(desk, title, fields, rows)
    if found.unfinished_refunds:
        desk.say(f"{found.unfinished_refunds} refund begun and not finished: studio payment sync")
    for one in found.templates:
        desk.say(f"Your template {one.kind} ({one.language}) is not used: {shown(one.why)}")
        desk.say(f"  studio template check {one.kind}")
    if desk.on_terminal and found.waiting_list:
        who = f"{found.waiting_list} {'people wait' if found.waiting_list > 1 else 'person waits'}"
        desk.say(f"{who} for a time to come free: studio waiting list")
    if desk.on_terminal and not any(rows for _, _, rows in sections):
        desk.data("Nothing waits, and nothing is booked in the coming week.")
        desk.say("Set up a session: studio session new --help")


def _ask_outside(desk: Desk) -> None:
    """Ask whether clients have paid online, now and then, and never for long; it is no reason to fail."""
    from studio_cli.booking import sync

    with contextlib.suppress(StudioError):
        if sync.anything_stale(desk.studio):
            sync.sync_if_stale(desk.studio, desk.provider(hurried=True))
            News(desk).send()


def _sections(found: Overview) -> list[tuple[str, Sequence[Column], Sequence[Any]]]:
    yours = [one for one in found.stuck if one.yours]
    others = [one for one in found.stuck if not one.yours]
    return [
        ("Waiting for you", _stuck(found), yours),
        ("Waiting for clients", _stuck(found), others),
        ("Coming up", _coming(found), found.coming),
        ("Still to be paid", _owing(found), found.owing),
        ("Paid too much", _owing(found), found.overpaid),
        ("To give back", columns.payment_columns(found.zone), found.to_refund),
        ("Owed to clients", _OWED, found.owed),
        ("Mail to look at", message_columns(found.zone), found.mail),
        ("Calendars that cannot be read", columns.calendar_columns(found.zone), found.calendars),
    ]


def _section(desk: Desk, title: str, fields: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write one part: a table under its title on a terminal, lines that begin with its name elsewhere."""
    if not desk.on_terminal:
        name = title.casefold().replace(" ", "_")
        desk.lines([[name, *output.line(fields, row)] for row in rows])
        return
    if rows:
        output.show_section(desk, title, fields, rows)


def _stuck(found: Overview) -> tuple[Column, ...]:
    def since(one: Stuck) -> str:
        return _ago(one.since, found)

    def opened(one: Stuck) -> str:
        return _ago(one.opened_at, found) if one.opened_at else "not yet" if one.session.shares else ""

    return (
        Column("#", lambda one: str(one.session.id), lambda one: str(one.session.id), right=True),
        Column(
            "What",
            lambda one: one.session.title,
            lambda one: f"{one.session.title}, {one.session.client.name}",
        ),
        Column("Waits for", lambda one: one.waits_for, lambda one: one.waits_for),
        Column("Since", lambda one: rfc3339(one.since, found.zone), since),
        Column(
            "Link opened",
            lambda one: rfc3339(one.opened_at, found.zone) if one.opened_at else "",
            opened,
        ),
        Column("Command", lambda one: one.command, lambda one: one.command),
    )


def _ago(moment: Any, found: Overview) -> str:
    """Return how long ago something was, in the largest unit that fits."""
    minutes = max((found.now.timestamp() - moment.timestamp()) // 60, 0)
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{minutes} min"


def _coming(found: Overview) -> tuple[Column, ...]:
    return tuple(column for column in columns.session_columns(found.now) if column.title not in {"Due now"})


_OWED = (
    Column("#", lambda one: str(one.session.id), lambda one: str(one.session.id), right=True),
    Column("What", lambda one: one.session.title, lambda one: one.session.title),
    Column("Client", lambda one: one.session.client.name, lambda one: one.session.client.name),
    Column("Amount", lambda one: str(one.amount), lambda one: str(one.amount), right=True),
    Column("Command", lambda one: one.command, lambda one: one.command),
)


def _owing(found: Overview) -> tuple[Column, ...]:
    def due(session: Session) -> str:
        return str(session.balance_due_on or "")

    return (
        Column("#", lambda session: str(session.id), lambda session: str(session.id), right=True),
        Column("What", lambda session: session.title, lambda session: session.title),
        Column("Client", lambda session: session.client.name, lambda session: session.client.name),
        Column(
            "When",
            lambda session: rfc3339(session.starts_at, session.timezone),
            lambda session: show_short(session.starts_at, session.timezone),
        ),
        Column("Balance", lambda s: str(s.balance), lambda s: str(s.balance), right=True),
        Column("Due", due, due),
    )
