"""How things look: for each noun one list of fields for lines and tables, and a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whenever import Instant, Time

from studio_cli.cli.desk import Desk
from studio_cli.model.availability import Block, Hours, day_name, show_minutes
from studio_cli.model.calendar import Calendar
from studio_cli.model.client import Client
from studio_cli.model.event import Line
from studio_cli.model.form import Answer, Field, Form
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session, Share
from studio_cli.model.session_type import SessionType
from studio_cli.model.terms import show_balance_due
from studio_cli.model.text import shown
from studio_cli.model.times import rfc3339, show_day, show_duration, show_offset, show_range, show_short

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from studio_cli.booking.availability import Timetable

STYLES = {
    "pending": "yellow",
    "confirmed": "green",
    "inquiry": "cyan",
    "canceled": "dim",
    "declined": "dim",
    "expired": "dim",
    "sent": "green",
    "failed": "red",
    "unknown": "red",
    "given up": "red",
    "waiting": "yellow",
    "being sent": "yellow",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a noun: as a script reads it, and as a person does (None: not in the table).

    ``rare``: in a table only when a row has something there. ``people_only``: what scripts find in other fields.
    """

    title: str
    plain: Callable[[Any], str]
    shown: Callable[[Any], str] | None = None
    right: bool = False
    rare: bool = False
    people_only: bool = False


def line(columns: Sequence[Column], row: Any) -> list[str]:
    """Return a row as scripts read it, field by field."""
    return [column.plain(row) for column in columns if not column.people_only]


def _same(title: str, get: Callable[[Any], str], *, right: bool = False) -> Column:
    return Column(title, get, get, right)


def _for_scripts(title: str, get: Callable[[Any], str]) -> Column:
    return Column(title, get)


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
    _same("#", lambda session: str(session.id), right=True),
    _same("Status", lambda session: session.status),
    Column(
        "When",
        lambda session: rfc3339(session.starts_at, session.timezone),
        lambda session: show_short(session.starts_at, session.timezone),
    ),
    _for_scripts("Ends", lambda session: rfc3339(session.ends_at, session.timezone)),
    _same("What", lambda session: session.title),
    _same("Client", lambda session: session.client.name),
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
    _same("#", lambda client: str(client.id), right=True),
    _same("Name", lambda client: client.name),
    _same("Email", lambda client: client.email or ""),
    _same("Phone", lambda client: client.phone or ""),
)

TYPE = (
    _same("Name", lambda offer: offer.slug),
    _same("Session type", lambda offer: offer.name),
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
    _same("Where", lambda offer: offer.location or ""),
)

CONTRACT = (
    _same("Name", lambda contract: contract.name),
    _same("Begins", lambda contract: _first_line(contract.source)),
)


def _first_line(text: str) -> str:
    """Return the first words of a contract: its heading, most of the time."""
    return next((line.strip("# ")[:60] for line in text.splitlines() if line.strip("# ")), "")


FORM = (
    _same("Name", lambda form: form.name),
    _same("Title", lambda form: form.title),
    _same("Fields", lambda form: str(len(form.fields)), right=True),
)


def payment_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of the ledger, with times in ``zone``."""
    return (
        _same("#", lambda row: str(row.id), right=True),
        Column("When", lambda row: rfc3339(row.at, zone), lambda row: show_short(row.at, zone)),
        Column("Kind", lambda row: row.kind, None),
        Column("Amount", lambda row: row.signed.amount, lambda row: str(row.signed), right=True),
        Column("Currency", lambda row: row.amount.currency, None),
        _same("Method", lambda row: row.method),
        _same("Session", lambda row: str(row.session_id), right=True),
        _same("Client", lambda row: row.client),
        Column("What", lambda row: row.title, None),
        _same("Receipt", lambda row: str(row.receipt or ""), right=True),
        Column("Reference", lambda row: row.reference or "", None),
        Column("Note", lambda row: row.note or "", lambda row: row.note or "", rare=True),
        Column("Late", lambda row: "to refund" if row.to_refund else "", _late, rare=True),
    )


def _late(row: Payment) -> str:
    return "to give back" if row.to_refund else ""


SUM = (
    _same("Month", lambda row: row.month),
    _same("Method", lambda row: row.method),
    _same("Received", lambda row: str(row.received), right=True),
    _same("Given back", lambda row: str(row.refunded), right=True),
    _same("Net", lambda row: str(row.net), right=True),
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
        _same("#", lambda share: str(share.id), right=True),
        _same("By", lambda share: share.channel),
        moment("Made", "created_at"),
        moment("Opened", "opened_at"),
        moment("Revoked", "revoked_at"),
    )


def calendar_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of the calendars that close times, with times in ``zone``."""

    def read_at(one: Calendar) -> str:
        return show_short(one.synced_at, zone) if one.synced_at else "never"

    return (
        _same("Name", lambda one: one.name),
        _same("Kind", lambda one: one.kind),
        _same("Where", lambda one: one.where),
        _same("Busy times", lambda one: str(one.events), right=True),
        Column("Read", lambda one: rfc3339(one.synced_at, zone) if one.synced_at else "", read_at),
        Column("Trouble", lambda one: one.error or "", lambda one: one.error or "", rare=True),
        Column("Notes", lambda one: "; ".join(one.notes), lambda one: "; ".join(one.notes), rare=True),
    )


def busy_columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of busy times, with times in ``zone``."""
    return (
        Column("From", lambda one: rfc3339(one.starts_at, zone), lambda one: show_short(one.starts_at, zone)),
        Column("Until", lambda one: rfc3339(one.ends_at, zone), lambda one: show_short(one.ends_at, zone)),
        _same("What", lambda one: one.title or ""),
    )


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────


def show_list(
    desk: Desk,
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    as_json: bool,
    json: Sequence[Any],
    empty: str,
) -> None:
    """Write a list: JSON, tab-separated lines, or a table; when there is nothing, say on stderr what to do."""
    if as_json:
        desk.json(list(json))
    elif not desk.on_terminal:
        desk.lines([line(columns, row) for row in rows])
    elif rows:
        desk.show(_table(columns, rows))
    else:
        desk.say(empty)


def show_section(desk: Desk, title: str, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write a list under a title of its own."""
    from rich.text import Text

    desk.show(Text(title, style="bold underline"))
    desk.show(_table(columns, rows))


def show_csv(desk: Desk, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write a list as CSV (RFC 4180) with a header; no cell of it is taken for a formula by a spreadsheet."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.title for column in columns if not column.people_only])
    writer.writerows([[_no_formula(cell) for cell in line(columns, row)] for row in rows])
    desk.data(text.getvalue().removesuffix("\r\n"))


def _no_formula(cell: str) -> str:
    """Return a cell that a spreadsheet shows and does not run (https://owasp.org/www-community/attacks/CSV_Injection).

    Amounts below zero stay numbers: a minus with only digits behind it is nothing to run.
    """
    number = cell.removeprefix("-").replace(".", "", 1).partition(" ")[0].isdigit()
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not number else cell


def _table(columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    filled = [(column, _cells(column, rows)) for column in columns if column.shown]
    filled = [(column, cells) for column, cells in filled if any(cells) or not column.rare]
    for column, cells in filled:
        longest = max((len(word) for cell in cells for word in cell.split()), default=0)
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=column.title in _WHOLE,
            overflow="fold",
            min_width=min(max(longest, len(column.title)), 14),  # no word of a usual length is broken
        )
    for row in zip(*(cells for _, cells in filled), strict=True):
        table.add_row(*[_cell(cell) for cell in row])
    return table


_WHOLE = {"#", "Status", "State", "When", "Due now", "Price", "Amount", "Balance"}
"""Columns that are read at a glance: never on two lines."""


def _cells(column: Column, rows: Sequence[Any]) -> list[str]:
    return [column.shown(row) for row in rows] if column.shown else []


def _cell(text: str) -> Text:
    from rich.text import Text

    return Text(shown(text), style=STYLES.get(text, ""))


# ── cards ─────────────────────────────────────────────────────────────────────────────────────────

Facts = Sequence[tuple[str, str]]


def show_card(desk: Desk, title: str, facts: Facts, plain: Facts) -> None:
    """Write one thing: a card on a terminal, ``name<TAB>value`` lines elsewhere."""
    if not desk.on_terminal:
        desk.lines([[name, value.replace("\n", "\\n")] for name, value in plain])
        return
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        lines = [_cell(line) for line in value.split("\n")]
        grid.add_row(name, Text("\n").join(lines))
    desk.show(Padding(Text(shown(title), style="bold"), (1, 0, 0, 0)))
    desk.show(Padding(grid, (0, 0, 1, 0)))


def _json_facts(document: dict[str, Any]) -> Facts:
    """Return a JSON object as flat lines: ``client.name``, ``price`` as ``250.00 CAD``."""
    facts: list[tuple[str, str]] = []
    for name, value in document.items():
        if isinstance(value, dict) and set(value) == {"amount", "currency"}:
            facts.append((name, f"{value['amount']} {value['currency']}"))
        elif isinstance(value, dict):
            facts += [
                (f"{name}.{key}", "" if inner is None else plain(inner)) for key, inner in value.items()
            ]
        elif isinstance(value, bool):
            facts.append((name, str(value).lower()))
        elif isinstance(value, list):
            facts.append((name, ",".join(item for item in value if isinstance(item, str))))
        else:
            facts.append((name, "" if value is None else str(value)))
    return [fact for fact in facts if fact[0] not in {"steps", "shares", "fields"}]


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
    if session.expires_at and session.status == "pending":
        facts.append(("Held until", show_short(session.expires_at, zone)))
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
        *_json_facts(session.as_json()),
        *((f"answer.{answer.name}", answer.value) for answer in answers),
    ]
    show_card(desk, f"{session.id}  {session.title}", facts, plain)
    if answers and desk.on_terminal:
        for answer in answers:
            desk.prose(answer.label)
            desk.prose(answer.value, indent="  ")


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
    """Return `` until …`` for a pending session whose hold runs out."""
    held = session.expires_at if session.status == "pending" else None
    return f" until {show_short(held, session.timezone)}" if held else ""


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
    show_card(desk, f"{client.id}  {client.name}", facts, _json_facts(client.as_json(zone)))


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
    show_card(desk, calendar.name, facts, _json_facts(calendar.as_json(zone)))


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
        ("Reminders", ", ".join(offer.reminders) or "off"),
    ]
    if offer.archived_at:
        facts.append(("Archived", show_short(offer.archived_at, zone)))
    show_card(desk, offer.name, facts, _json_facts(offer.as_json(zone)))


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
        _same("Who", lambda line: line.actor),
        _same("What", lambda line: line.kind),
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
        changed = isinstance(value, list) and len(value) == 2 and name not in {"overlaps", "waived"}
        words.append(
            f"{name}: {plain(value[0])} → {plain(value[1])}" if changed else f"{name}: {plain(value)}"
        )
    return words


def plain(value: Any) -> str:
    """Return a value of the JSON as a person reads it."""
    if value is None or value == []:
        return "none"
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, dict) and {"name", "rate"} <= set(value):
        return f"{value['name']} {value['rate']}%{' included' if value['included'] else ''}"
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value)
    return str(value)
