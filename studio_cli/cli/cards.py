"""How one thing looks: a session, a client, a type, a calendar, the week, the history of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from whenever import Instant, Time

from studio_cli.cli.columns import waiting
from studio_cli.cli.desk import Desk
from studio_cli.cli.output import Column, Facts, json_facts, plain, same, show_card, show_list
from studio_cli.model.availability import Block, Hours, day_name, show_minutes
from studio_cli.model.calendar import Calendar
from studio_cli.model.client import Client
from studio_cli.model.event import Line
from studio_cli.model.form import Answer, Field, Form
from studio_cli.model.session import Session, Share
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import show_until
from studio_cli.model.terms import show_balance_due
from studio_cli.model.text import shown
from studio_cli.model.times import rfc3339, show_day, show_duration, show_offset, show_range, show_short

if TYPE_CHECKING:
    from studio_cli.booking.availability import Timetable


def show_session(desk: Desk, session: Session, answers: Sequence[Answer] = ()) -> None:
    """Show a session as a card."""
    zone = session.timezone
    day = f"{show_day(session.starts_at, zone)}\n{show_range(session.starts_at, session.ends_at, zone)}"
    facts = [
        ("Status", session.status),
        ("When", f"{day} ({show_duration(session.duration)})\n{show_offset(session.starts_at, zone)}"),
        ("Where", session.location or "–"),
        ("Client", f"{session.client.name}{f' <{session.client.email}>' if session.client.email else ''}"),
        *_from_the_site(session),
        ("Price", _sums(session)),
        ("Steps", _steps(session)),
    ]
    if waiting(session):
        facts.append(("Waiting for", waiting(session)))
    facts += _held(desk, session)
    facts += _asked(session)
    if session.move_until is not None or session.cancel_until is not None:
        facts.append(("Can be moved", show_until(session.move_until)))
        facts.append(("Can be canceled", show_until(session.cancel_until)))
    if session.confirmed_at:
        facts.append(
            ("Confirmed", f"{show_short(session.confirmed_at, zone)}, {_BY[session.confirmed_by or 'owner']}")
        )
    if session.contract and session.contract.signed_at:
        when = show_short(session.contract.signed_at, zone)
        facts.append(("Signed", f"{when} by {session.contract.signed_by}"))
    if session.notes:
        facts.append(("Notes", session.notes))
    if session.custom_time:
        facts.append(("Custom time", "outside the availability"))
    if session.overlap_allowed:
        facts.append(("Overlap", "allowed by you"))
    facts.append(("Reminders", _reminders(session)))
    facts.append(("Links", "\n".join(_share(share, zone) for share in session.shares) or "not shared yet"))
    plain = [
        *json_facts(session.as_json()),
        *((f"answer.{answer.name}", answer.value) for answer in answers),
    ]
    show_card(desk, f"{session.id}  {session.title}", facts, plain)
    if answers and desk.on_terminal:
        for answer in answers:
            desk.prose(answer.label)
            desk.prose(answer.value, indent="  ")


def _held(desk: Desk, session: Session) -> Facts:
    """Return until when a session's time is held, or who has it."""
    if session.status not in {"pending", "inquiry"}:
        return []
    if session.occupies:
        until = session.expires_at
        return [("Held until", show_short(until, session.timezone))] if until else []
    from studio_cli.booking.request import in_the_way

    others = in_the_way(desk.studio, session)
    if others and not session.offered:
        has = f"no: session {others[0].id} has its time"
        return [("Held", f"{has}\nPropose another: studio session propose {session.id} --at TIME")]
    if session.expires_at:
        return [("Held until", "no more")]
    return [("Held", "no: others can take its time")]


def _from_the_site(session: Session) -> Facts:
    """Return what was typed on the booking site, where it is not what you know of the client, and from where."""
    facts = []
    if session.booked_as and session.booked_as != session.client.name:
        facts.append(("Booked as", f"{session.booked_as} (typed on your site; the client is not changed)"))
    if session.booked_phone:
        facts.append(("Phone typed", session.booked_phone))
    if session.visitor:
        facts.append(("Booked from", f"{session.visitor} (studio block add {session.visitor})"))
    return facts


def _reminders(session: Session) -> str:
    """Return what a session's client is reminded of, or who said that they are not."""
    if not session.reminders:
        return "off for this session"
    if not session.client.reminders:
        return "off for this client"
    return ", ".join(session.type_reminders) or "off for this session type"


def until(session: Session) -> str:
    """Return `` until …`` for a pending session whose hold runs out; of a request until when its time is held."""
    held = session.expires_at if session.status == "pending" or session.holds_time else None
    if held is None or session.status not in {"pending", "inquiry"}:
        return ""
    words = "until" if session.status == "pending" else "and its time is held until"
    return f" {words} {show_short(held, session.timezone)}"


_BY = {"client": "every step done", "owner": "by you"}


def sentence(session: Session) -> str:
    """Return a session in two lines: what and with whom, and when."""
    zone = session.timezone
    when = f"{show_day(session.starts_at, zone)}, {show_range(session.starts_at, session.ends_at, zone)}"
    return f"{shown(session.title)} with {shown(session.client.name)}\n{when} ({show_offset(session.starts_at, zone)})"


def _sums(session: Session) -> str:
    """Return what is paid and when, as a client would read it: a line for each thing that changes the sum."""
    terms = session.terms
    if not session.price and not session.paid:
        return "free"
    parts = [str(session.price)]
    if terms.discount:
        reason = f" ({terms.discount.reason})" if terms.discount.reason else ""
        parts.append(f"less {terms.taken_off}{reason}")
    if terms.tax:
        parts.append(f"{'of it' if terms.tax.included else 'plus'} {terms.tax_amount} {terms.tax}")
    if session.tip:
        parts.append(f"tip {session.tip}")
    if session.total != session.price:
        parts.append(f"in all {session.total}")
    if session.paid:
        parts.append(f"paid {session.paid}")
    if session.due_now:
        parts.append(f"due now {session.due_now}")
    if session.balance.minor < 0:
        parts.append(f"overpaid {session.paid - session.total}")
    elif session.paid and session.balance:
        parts.append(f"balance {session.balance}")
    if session.balance_due_on and session.balance.minor > 0:
        parts.append(f"balance due {session.balance_due_on}")
    changed = bool(terms.discount or terms.tax or session.tip)
    return "\n".join(parts) if changed else ", ".join(parts)


def _steps(session: Session) -> str:
    lines = []
    for step in session.steps:
        if step.required:
            state = "done" if step.done_at else "waived" if step.waived_at else "open"
            if state == "open" and step.announced_at:
                state = "on its way, says the client"
            lines.append(f"{'✓' if step.done_at else '–' if step.waived_at else '○'} {step.name}: {state}")
    return "\n".join(lines)


def _asked(session: Session) -> list[tuple[str, str]]:
    """Return what a client asked for and what was proposed to them."""
    zone, facts = session.timezone, []
    if session.wishes:
        times = enumerate(session.wishes.times, start=1)
        lines = [f"{number}. {show_short(moment, zone)}" for number, moment in times]
        lines += [session.wishes.words] if session.wishes.words else []
        facts.append(("Wishes", "\n".join(lines)))
    if session.offered:
        facts.append(("Proposed", "\n".join(show_short(moment, zone) for moment in session.offered)))
    if session.kept is not None and session.paid > session.kept:
        facts.append(("To give back", str(session.paid - session.kept)))
    return facts


def _share(share: Share, zone: str) -> str:
    opened = f"opened {show_short(share.opened_at, zone)}" if share.opened_at else "not opened yet"
    revoked = f", revoked {show_short(share.revoked_at, zone)}" if share.revoked_at else ""
    return f"{share.id} {share.channel}, {show_short(share.created_at, zone)}, {opened}{revoked}"


def show_client(desk: Desk, client: Client, zone: str) -> None:
    """Show a client as a card."""
    facts = [
        ("Email", client.email or "–"),
        ("Phone", client.phone or "–"),
        ("Notes", client.notes or "–"),
        ("Language", client.language or "as their browser says, else yours"),
        ("Reminders", "off" if client.no_reminders else "on"),
        ("Since", show_short(client.created_at, zone)),
    ]
    show_card(desk, f"{client.id}  {client.name}", facts, json_facts(client.as_json(zone)))


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


def show_type(desk: Desk, offer: SessionType, zone: str) -> None:
    """Show a session type as a card."""
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
        ("Buffers", f"{offer.buffer_before} min before, {offer.buffer_after} min after"),
        ("Starts every", show_duration(offer.increment)),
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
    show_card(desk, offer.name, facts, json_facts(offer.as_json(zone)))


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
                f"{day_name(one.date.day_of_week().value).capitalize()} {one.date}",
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
        day, end = first.date().format_iso(), last.date().subtract(days=1).format_iso()
        words = day if day == end else f"{day} to {end}"
    else:
        words = f"{first.format_iso(unit='minute', sep=' ')} to {last.format_iso(unit='minute', sep=' ')}"
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
