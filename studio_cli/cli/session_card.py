"""How a session looks: what, when and with whom; its steps, its money, its links, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from whenever import Instant

from studio_cli.booking.overview import next_command, stuck
from studio_cli.booking.studio import Studio
from studio_cli.cli.columns import waiting
from studio_cli.cli.desk import Desk
from studio_cli.cli.output import Facts, json_facts, say_card, write_card
from studio_cli.model.form import Answer
from studio_cli.model.money import Money
from studio_cli.model.session import Session, Share, Step
from studio_cli.model.site import show_until
from studio_cli.model.times import (
    days_between,
    show_date,
    show_day,
    show_days,
    show_distance,
    show_duration,
    show_near,
    show_offset,
    show_range,
    show_short,
)

if TYPE_CHECKING:
    from rich.text import Text

Sum = tuple[str, Money, str]
"""A line of the money: its name, the amount, and what there is to say about it."""


def show_session(desk: Desk, session: Session, answers: Sequence[Answer] = ()) -> None:
    """Show a session as a card."""
    if desk.reader == "script":
        plain = [
            *json_facts(session.as_json()),
            *((f"answer.{answer.name}", answer.value) for answer in answers),
        ]
        write_card(desk, plain)
        return
    now = desk.clock().round("second", mode="floor")
    facts = [*_appointment(session, now), *_state(desk, session, now)]
    if desk.reader == "listener":
        money = [
            f"{name} {amount}{f', {note}' if note else ''}" for name, amount, note in _money(session, now)
        ]
        steps = [f"{step.name}: {words}" for step, _, words in _steps(session, now)]
        facts += [("Steps", ", ".join(steps)), ("Money", ". ".join(money) or "free")]
        say_card(
            desk,
            f"Session {session.id}, {session.title}",
            [("Status", session.status), *facts, *_next(desk, session)],
        )
    else:
        _draw(desk, session, facts, now)
    for answer in answers:
        desk.data("")
        desk.prose(answer.label)
        desk.prose(answer.value, indent="  ")


def _draw(desk: Desk, session: Session, facts: Facts, now: Instant) -> None:
    from rich.console import Group

    from studio_cli.cli.drawing import Card

    card = Card(desk.columns)
    card.add(facts)
    card.turn()
    card.lines("Steps", _step_lines(session, now))
    card.lines("Money", _money_lines(session, now))
    card.add(_next(desk, session))
    desk.show(Group(*card.drawn(session.title, session.status, f"{session.id}")))


def _next(desk: Desk, session: Session) -> Facts:
    asked_for = session.status == "inquiry"
    command = stuck(desk.studio, session).command if asked_for else next_command(session)
    return [("Next", command)] if command else []


# ── what it is ────────────────────────────────────────────────────────────────────────────────────


def _appointment(session: Session, now: Instant) -> Iterator[tuple[str, str]]:
    zone = session.timezone
    times = show_range(session.starts_at, session.ends_at, zone)
    distance = show_distance(session.starts_at, now, zone)
    if session.starts_at <= now < session.ends_at:
        distance = "now"
    yield (
        "When",
        f"{show_day(session.starts_at, zone)}, {distance}\n{times} ({show_duration(session.duration)})",
    )
    yield "", show_offset(session.starts_at, zone)
    yield "Where", session.location or "–"
    yield "Client", f"{session.client.name}{f' <{session.client.email}>' if session.client.email else ''}"
    yield from _from_the_site(session)
    if session.notes:
        yield "Notes", session.notes


def _from_the_site(session: Session) -> Iterator[tuple[str, str]]:
    """Yield what was typed on the booking site, where it is not what you know of the client, and from where."""
    if session.booked_as and session.booked_as != session.client.name:
        yield "Booked as", f"{session.booked_as} (typed on your site; the client is not changed)"
    if session.booked_phone:
        yield "Phone typed", session.booked_phone
    if session.visitor:
        yield "Booked from", f"{session.visitor} (studio block add {session.visitor})"


def _state(desk: Desk, session: Session, now: Instant) -> Iterator[tuple[str, str]]:
    """Yield how far it has got, and what is agreed about it."""
    zone = session.timezone
    if waiting(session):
        yield "Waiting for", waiting(session)
    if session.expires_at and (
        session.status == "pending" or (session.status == "inquiry" and session.holds_time)
    ):
        left = show_distance(session.expires_at, now, zone)
        yield "Held until", f"{show_near(session.expires_at, zone, now)}, {left}"
    elif session.status == "inquiry" and not session.holds_time:
        yield "Held", _not_held(desk.studio, session)
    yield from _asked(session)
    if session.confirmed_at:
        by = _BY[session.confirmed_by or "owner"]
        yield "Confirmed", f"{show_near(session.confirmed_at, zone, now)}, {by}"
    if session.contract and session.contract.signed_at:
        yield "Signed", f"{show_near(session.contract.signed_at, zone, now)} by {session.contract.signed_by}"
    if session.move_until is not None or session.cancel_until is not None:
        yield "Can be moved", show_until(session.move_until)
        yield "Can be canceled", show_until(session.cancel_until)
    if session.custom_time:
        yield "Custom time", "outside the availability"
    if session.overlap_allowed:
        yield "Overlap", "allowed by you"
    yield "Reminders", _reminders(session)
    yield "Links", "\n".join(_share(share, zone, now) for share in session.shares) or "not shared yet"


def _not_held(studio: Studio, session: Session) -> str:
    """Return who has the time of a request that does not hold it, or that anybody can have it."""
    from studio_cli.booking.request import in_the_way

    others = [] if session.offered else in_the_way(studio, session)
    if others:
        return f"no: session {others[0].id} has its time"
    return f"{'no more' if session.expires_at else 'no'}: others can take its time"


_BY = {"client": "every step done", "owner": "by you"}


def _asked(session: Session) -> Iterator[tuple[str, str]]:
    """Yield what a client asked for and what was proposed to them."""
    zone = session.timezone
    if session.wishes:
        times = enumerate(session.wishes.times, start=1)
        lines = [f"{number}. {show_short(moment, zone)}" for number, moment in times]
        lines += [session.wishes.words] if session.wishes.words else []
        yield "Wishes", "\n".join(lines)
    if session.offered:
        yield "Proposed", "\n".join(show_short(moment, zone) for moment in session.offered)


def _reminders(session: Session) -> str:
    """Return what a session's client is reminded of, or who said that they are not."""
    if not session.reminders:
        return "off for this session"
    if not session.client.reminders:
        return "off for this client"
    return ", ".join(session.type_reminders) or "off for this session type"


def _share(share: Share, zone: str, now: Instant) -> str:
    first = show_near(share.opened_at, zone, now) if share.opened_at else ""
    last = show_near(share.last_opened_at, zone, now) if share.last_opened_at else ""
    opened = f"opened {first}" if first else "not opened yet"
    again = f", last {last}" if last and last != first else ""
    revoked = f", revoked {show_near(share.revoked_at, zone, now)}" if share.revoked_at else ""
    return f"{share.id} {share.channel}, {show_near(share.created_at, zone, now)}, {opened}{again}{revoked}"


# ── steps and money ───────────────────────────────────────────────────────────────────────────────


def _steps(session: Session, now: Instant) -> Iterator[tuple[Step, str, str]]:
    """Yield the steps that there are, each with its mark and its state in words."""
    zone = session.timezone
    for step in session.steps:
        if not step.required:
            continue
        if step.done_at:
            yield step, "✓", f"done {show_near(step.done_at, zone, now)}"
        elif step.waived_at:
            yield step, "–", f"waived {show_near(step.waived_at, zone, now)}"
        elif step.announced_at:
            yield step, "○", "on its way, says the client"
        else:
            yield step, "○", "open"


def _step_lines(session: Session, now: Instant) -> list[Text]:
    from rich.text import Text

    styles = {"✓": "green", "○": "yellow", "–": "dim"}
    steps = list(_steps(session, now))
    longest = max((len(step.name) for step, _, _ in steps), default=0)
    return [
        Text.assemble(
            (f"{mark} {step.name:<{longest}}", styles[mark]), "  ", (words, "dim" if mark != "○" else "")
        )
        for step, mark, words in steps
    ]


def _money(session: Session, now: Instant) -> Iterator[Sum]:
    """Yield what is paid and when, as a client would read it: a line for each thing that changes the sum."""
    terms = session.terms
    if not session.price and not session.paid:
        return
    yield "Price", session.price, ""
    if terms.discount:
        yield f"Less{f', {terms.discount.reason}' if terms.discount.reason else ''}", terms.taken_off, ""
    if terms.tax:
        yield f"{'Of it ' if terms.tax.included else 'Plus '}{terms.tax}", terms.tax_amount, ""
    if session.tip:
        yield "Tip", session.tip, ""
    if session.total != session.price:
        yield "In all", session.total, ""
    if session.paid:
        yield "Paid", session.paid, ""
    yield from _still_due(session, now)


def _still_due(session: Session, now: Instant) -> Iterator[Sum]:
    if session.due_now:
        yield "Due now", session.due_now, ""
    if session.kept is not None and session.paid > session.kept:
        yield "To give back", session.paid - session.kept, ""
    elif session.balance.minor < 0:
        yield "Overpaid", session.paid - session.total, ""
    elif session.balance and (session.paid or session.balance_due_on):
        yield "Balance", session.balance, _due(session, now)


def _due(session: Session, now: Instant) -> str:
    day, today = session.balance_due_on, now.to_tz(session.timezone).date()
    if day is None:
        return ""
    return f"{'was due' if day < today else 'due'} {show_date(day, today)}, {show_days(days_between(today, day))}"


def _money_lines(session: Session, now: Instant) -> list[Text]:
    from rich.text import Text

    from studio_cli.cli.cells import cut, fit
    from studio_cli.model.text import shown

    sums = list(_money(session, now))
    if not sums:
        return [Text("free")]
    names = min(max(len(name) for name, _, _ in sums), 24)
    amounts = max(len(str(amount)) for _, amount, _ in sums)
    lines = []
    for name, amount, note in sums:
        strong = "bold" if name in {"Due now", "Balance", "Overpaid", "To give back"} else ""
        line = Text.assemble(fit(cut(shown(name), names), names), "  ", (f"{amount!s:>{amounts}}", strong))
        lines.append(line.append(f"  {note}" if note else "", style="red" if note.startswith("was") else ""))
    return lines
