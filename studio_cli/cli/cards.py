"""How one thing looks: a client, a type, a calendar, the week, the history of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from whenever import Instant, Time

from studio_cli.cli.desk import Desk
from studio_cli.cli.output import Column, Facts, json_facts, plain, same, show_card, show_list
from studio_cli.model.availability import Block, Hours, Override, day_name, show_minutes
from studio_cli.model.calendar import Calendar
from studio_cli.model.client import Client
from studio_cli.model.event import Line
from studio_cli.model.form import Field, Form
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import show_until
from studio_cli.model.terms import show_balance_due
from studio_cli.model.text import shown
from studio_cli.model.times import (
    rfc3339,
    show_date,
    show_day,
    show_distance,
    show_duration,
    show_near,
    show_offset,
    show_range,
    show_short,
    show_wall,
)

if TYPE_CHECKING:
    from studio_cli.booking.availability import Timetable
    from studio_cli.booking.client import Standing


def until(session: Session) -> str:
    """Return `` until …`` for a pending session whose hold runs out; of a request until when its time is held."""
    held = session.expires_at if session.status == "pending" or session.holds_time else None
    if held is None or session.status not in {"pending", "inquiry"}:
        return ""
    words = "until" if session.status == "pending" else "and its time is held until"
    return f" {words} {show_short(held, session.timezone)}"


def sentence(session: Session) -> str:
    """Return a session in two lines: what and with whom, and when."""
    zone = session.timezone
    when = f"{show_day(session.starts_at, zone)}, {show_range(session.starts_at, session.ends_at, zone)}"
    return f"{shown(session.title)} with {shown(session.client.name)}\n{when} ({show_offset(session.starts_at, zone)})"


def show_client(desk: Desk, client: Client, zone: str, standing: Standing | None = None) -> None:
    """Show a client as a card; with their ``standing`` also their sessions and money."""
    extra = standing.as_json() if standing else {}
    facts = [
        ("Email", client.email or "–"),
        ("Phone", client.phone or "–"),
        ("Notes", client.notes or "–"),
        ("Language", client.language or "as their browser says, else yours"),
        ("Reminders", "off" if client.no_reminders else "on"),
        ("Since", show_short(client.created_at, zone)),
    ]
    second = _standing(client, standing, desk.clock()) if standing else []
    lines = json_facts({**client.as_json(zone), **extra})
    show_card(desk, client.name, facts, lines, second=second, number=str(client.id))


def _standing(client: Client, found: Standing, now: Instant) -> Facts:
    """Return a client's sessions and money in words."""
    ahead = found.next
    facts = [("Next session", "none")]
    if ahead:
        when = show_near(ahead.starts_at, ahead.timezone, now)
        distance = show_distance(ahead.starts_at, now, ahead.timezone)
        what = f"{ahead.id} {ahead.title}, {ahead.status}"
        facts = [("Next session", f"{what}\n{when}, {'now' if ahead.starts_at <= now else distance}")]
    more = found.coming - 1
    facts += [("After that", f"{more} more")] if more > 0 else []
    return [
        *facts,
        ("Past sessions", str(found.past) if found.past else "none"),
        ("Paid in all", ", ".join(map(str, found.paid)) or "nothing"),
        ("Balance", ", ".join(map(str, found.balance)) or "nothing"),
        ("All of them", f"studio session list --client {client.id}"),
    ]


def _on_the_site(offer: SessionType) -> str:
    """Return how clients book a type by themselves, if they can."""
    rules = offer.site
    if not rules.published:
        return "not published"
    who = "by its link" if offer.private else "everybody"
    asks = {
        "hold": "you say yes or no, the time is held",
        "free": "you say yes or no, the time stays free",
        "wishes": "they name times that suit",
    }
    return (
        f"{who}; {asks[rules.request]}"
        if rules.approval
        else f"{who}; held {show_duration(rules.hold)} at first"
    )


def show_calendar(desk: Desk, calendar: Calendar, zone: str) -> None:
    """Show a calendar as a card."""

    def at(moment: Instant | None) -> str:
        return show_short(moment, zone) if moment else "never"

    facts = [
        ("From", f"{calendar.kind}, {calendar.where}"),
        ("Titles", "kept, for you alone" if calendar.titles else "not kept"),
        ("Busy times", f"{calendar.events} to come"),
        ("Read", at(calendar.synced_at)),
        ("Known until", at(calendar.covers_until)),
    ]
    if calendar.writes:
        facts.insert(1, ("Sessions", f"written into it, as {calendar.user}"))
    if calendar.error:
        facts.append(("Trouble", f"{calendar.error} ({at(calendar.tried_at)})"))
    if calendar.notes:
        facts.append(("Notes", "\n".join(calendar.notes)))
    show_card(desk, calendar.name, facts, json_facts(calendar.as_json(zone)))


def show_type(desk: Desk, offer: SessionType, zone: str, dates: Sequence[Override] = ()) -> None:
    """Show a session type as a card: what is set, and the ``dates`` to come that have hours of its own."""
    terms = offer.terms
    asked = {"full": "all of it at booking", "later": "nothing at booking"}.get(
        terms.pay, f"{terms.asked_now} at booking"
    )
    price = f"{terms.price}, {asked}" if terms.price else "free"
    changes = [str(terms.tax) + (" included" if terms.tax.included else " on top")] if terms.tax else []
    changes += [f"less {terms.taken_off}"] if terms.discount else []
    price = "\n".join([price, *changes])
    facts = [
        ("Name", offer.slug),
        ("Duration", show_duration(offer.duration)),
        ("Price", price),
        ("Balance due", show_balance_due(terms.balance_due) if terms.balance_due is not None else "–"),
        ("When canceled", f"back: {terms.refunds}" if terms.refunds else "–"),
        ("Tips", "clients can add one" if terms.tips else "–"),
        ("Where", offer.location or "–"),
        ("Buffers", _buffers(offer)),
        ("Starts every", show_duration(offer.increment)),
        ("Dates", "\n".join(f"{show_date(one.date)}  {one.hours}" for one in dates) or "–"),
        ("Clients book", _limits(offer)),
        ("Held for", show_duration(offer.hold) if offer.hold else "as long as it is pending"),
        ("Questionnaire", offer.form or "–"),
        ("Contract", offer.contract or "–"),
        ("Booking site", _on_the_site(offer)),
        *([("Waiting list", "yes" if offer.site.waiting_list else "no")] if offer.site.published else []),
        ("They can move it", show_until(offer.site.move_until)),
        ("They can cancel it", show_until(offer.site.cancel_until)),
        ("Reminders", ", ".join(offer.reminders) or "off"),
    ]
    if offer.archived_at:
        facts.append(("Archived", show_short(offer.archived_at, zone)))
    said = [fact for fact in facts if fact[1] != "–"]
    show_card(desk, offer.name, said, json_facts(offer.as_json(zone)))


def _buffers(offer: SessionType) -> str:
    parts = [
        f"{show_duration(minutes)} {where}"
        for minutes, where in ((offer.buffer_before, "before"), (offer.buffer_after, "after"))
        if minutes
    ]
    return ", ".join(parts) or "–"


def _limits(offer: SessionType) -> str:
    """Return notice, window and daily limit in words."""
    parts = [
        f"{show_duration(offer.notice)} ahead or more" if offer.notice else "",
        f"up to {offer.window_days} days ahead" if offer.window_days else "",
        f"at most {offer.per_day} a day" if offer.per_day else "",
    ]
    return ", ".join(part for part in parts if part) or "whenever there is a slot"


def show_form(desk: Desk, form: Form) -> None:
    """Show a questionnaire as a card: each question with its rules; elsewhere one question a line."""
    plain = [
        (field.name, f"{field.label} ({field.kind}{', required' if field.required else ''})")
        for field in form.fields
    ]
    facts = [
        (name, "\n".join([question, *_rules(field)]))
        for (name, question), field in zip(plain, form.fields, strict=True)
    ]
    show_card(desk, form.title, facts, plain)


def _rules(field: Field) -> list[str]:
    """Return what an answer must be, and when it is asked for, a line each."""
    counted = "" if field.kind == "choices" else " characters"
    limits = [
        f"from {field.min}" if field.min else "",
        f"to {field.max}" if field.max else "",
        f"at least {field.least}" if field.least else "",
        f"at most {field.most}{counted}" if field.most else "",
    ]
    lines = [
        field.help or "",
        ", ".join(field.options),
        " ".join(filter(None, limits)),
        f"only if {field.show_if.field} is {field.show_if.equals}" if field.show_if else "",
    ]
    return [f"  {line}" for line in lines if line]


def show_timetable(desk: Desk, table: Timetable) -> None:
    """Show the hours, dates that differ and time off: cards on a terminal, lines by kind elsewhere."""
    if not desk.on_terminal:
        desk.lines([["weekly", *stretch.as_json().values()] for stretch in table.weekly])
        for slug, hours in table.types.items():
            desk.lines([["type", *stretch.as_json().values(), slug] for stretch in hours])
        desk.lines(
            [["override", one.date.format_iso(), one.hours, one.type or ""] for one in table.overrides]
        )
        desk.lines([["block", *block_line(one)] for one in table.blocks])
        return
    week = _week(table.weekly)
    show_card(desk, f"Weekly hours ({table.zone})", week, week)
    for slug, hours in table.types.items():
        own = _week(hours)
        show_card(desk, f"Hours of {slug}", own, own)
    if table.overrides:
        days = [
            (
                show_date(one.date),
                f"{one.hours}{f' ({one.type})' if one.type else ''}",
            )
            for one in table.overrides
        ]
        show_card(desk, "Dates with hours of their own", days, days)
    if table.blocks:
        off = [(str(one.id), time_off(one)) for one in table.blocks]
        show_card(desk, "Time off", off, off)


def _week(hours: Sequence[Hours]) -> Facts:
    days: list[tuple[str, str]] = []
    for number in range(1, 8):
        ranges = [f"{show_minutes(s.opens)}–{show_minutes(s.closes)}" for s in hours if s.weekday == number]
        days.append((day_name(number).capitalize(), "  ".join(ranges) or "off"))
    return days


def time_off(block: Block) -> str:
    """Return time off in words: whole days by their first and last."""
    midnight = block.begins.time() == block.ends.time() == Time(0)
    first, last = block.begins, block.ends
    if midnight:
        day, end = show_date(first.date()), show_date(last.date().subtract(days=1))
        words = day if day == end else f"{day} to {end}"
    else:
        words = f"{show_wall(first)} to {show_wall(last)}"
    return words + (", every year" if block.yearly else "") + (f", {block.reason}" if block.reason else "")


def block_line(block: Block) -> list[str]:
    """Return time off as fields: number, from, until, yearly, reason."""
    walls = [wall.format_iso(unit="minute", sep=" ") for wall in (block.begins, block.ends)]
    return [str(block.id), *walls, "yearly" if block.yearly else "once", block.reason or ""]


def show_history(desk: Desk, lines: Sequence[Line], zone: str, *, as_json: bool) -> None:
    """Show the history of a session, oldest first."""
    columns = (
        Column("When", lambda line: rfc3339(line.at, zone), lambda line: show_short(line.at, zone)),
        same("Who", lambda line: line.actor),
        same("What", lambda line: line.kind),
        Column("Details", lambda line: "; ".join(_changes(line.details)), _details),
    )
    show_list(
        desk,
        columns,
        lines,
        as_json=as_json,
        json=[line.as_json(zone) for line in lines],
        empty="No history.",
    )


def _details(line: Line) -> str:
    """Return the details of a line of history as a person reads them."""
    if line.kind.startswith("mail ") and "to" in line.details:
        why = f": {line.details['why']}" if "why" in line.details else ""
        return f"{line.details['kind']} to {line.details['to']}{why}"
    return "; ".join(_changes(line.details))


def _changes(details: dict[str, Any]) -> list[str]:
    """Return the details of a line of history in words: ``location: none → High Park``."""
    words = []
    for name, value in details.items():
        changed = isinstance(value, list) and len(value) == 2 and name not in {"overlaps", "waived", "custom"}
        words.append(
            f"{name}: {plain(value[0])} → {plain(value[1])}" if changed else f"{name}: {plain(value)}"
        )
    return words
