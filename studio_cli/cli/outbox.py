"""How the outbox looks: its list, one message, and what to say when a message was not sent."""

from collections.abc import Sequence

from whenever import Instant

from studio_cli.cli.desk import Desk
from studio_cli.cli.output import Column, show_card
from studio_cli.errors import OutsideFailed
from studio_cli.model.message import Message, State, Step
from studio_cli.model.text import shown
from studio_cli.model.times import rfc3339, show_near, show_short

WORDS: dict[State, str] = {
    "queued": "waiting",
    "sending": "being sent",
    "sent": "sent",
    "failed": "failed",
    "unknown": "unknown",
    "given_up": "given up",
    "canceled": "canceled",
}
"""A state as it reads on a terminal; scripts read its name."""


def message_columns(zone: str, now: Instant | None = None) -> tuple[Column, ...]:
    """Return the columns of the outbox, with times in ``zone``; with ``now`` those of its year are shown without it."""

    def moment(message: Message) -> str:
        at = message.sent_at or message.created_at
        return show_near(at, zone, now) if now else show_short(at, zone)

    def plain(name: str) -> Column:
        def cell(message: Message) -> str:
            at = getattr(message, name)
            return rfc3339(at, zone) if at else ""

        def for_people(message: Message) -> str:
            at = getattr(message, name)
            return show_short(at, zone) if at else ""

        title = name.removesuffix("_at").replace("_", " ").capitalize()
        return Column(title, cell, None, name=name, asked=for_people)

    return (
        Column("#", lambda one: str(one.id), lambda one: str(one.id), right=True, name="id"),
        Column("State", lambda one: one.state, lambda one: WORDS[one.state]),
        Column("Kind", lambda one: one.kind, lambda one: one.kind),
        Column("For", _session, _session, right=True, people_only=True),
        Column("To", lambda one: one.to_email, lambda one: one.to_email),
        Column("Subject", lambda one: one.letter.subject, None),
        plain("created_at"),
        Column("Tries", lambda one: str(one.attempts), None, name="attempts"),
        Column("Last error", lambda one: one.last_error or "", None),
        plain("next_try_at"),
        plain("sent_at"),
        Column("Session", lambda one: str(one.session_id or ""), None),
        Column("When", moment, moment, people_only=True),
        Column("What now", what_now, lambda one: what_now(one, zone), people_only=True, beneath=True),
    )


def _session(message: Message) -> str:
    return str(message.session_id or "")


def what_now(message: Message, zone: str = "UTC") -> str:
    """Return what went wrong with a message and what happens next; nothing while all is well."""
    error = message.last_error or ""
    if message.state == "failed":
        again = f" Next try: {show_short(message.next_try_at, zone)}." if message.next_try_at else ""
        return f"{error}{again}"
    if message.state == "given_up":
        return f"{error} After {message.attempts} {'try' if message.attempts == 1 else 'tries'} given up."
    if message.state == "unknown":
        return f"It may have been sent. {error}"
    return (message.trouble and "Not your own template") or ""


def show_message(desk: Desk, message: Message, zone: str) -> None:
    """Show one mail: what became of it, then its text as it was written."""
    facts = [
        ("State", WORDS[message.state] if desk.on_terminal else message.state),
        ("Kind", message.kind),
        ("Session", str(message.session_id) if message.session_id else "–"),
        ("To", f"{message.to_name} <{message.to_email}>"),
        ("Subject", message.letter.subject),
        ("Written", show_short(message.created_at, zone)),
        ("Sent", show_short(message.sent_at, zone) if message.sent_at else "–"),
        ("Tries", str(message.attempts)),
        ("Next try", show_short(message.next_try_at, zone) if message.next_try_at else "–"),
        ("Last error", message.last_error or "–"),
        ("Calendar", message.letter.invitation.method if message.letter.invitation else "–"),
    ]
    if message.trouble:
        facts.append(("Your template", f"was not used: {message.trouble}"))
    plain = [(name.casefold().replace(" ", "_"), value) for name, value in facts]
    if desk.on_terminal:
        facts = [(name, value) for name, value in facts if value != "–"]
    show_card(desk, f"Message {message.id}", facts, [*plain, ("text", message.letter.text)])
    if desk.on_terminal:
        desk.prose(message.letter.text)


def fail_if_any(messages: Sequence[Message]) -> None:
    """Raise for the first of several messages that was not sent."""
    failed = [message for message in messages if message.state in {"failed", "unknown", "given_up"}]
    if failed:
        raise failure(failed[0])


def failure(message: Message) -> OutsideFailed:
    """Return what to say when a message was not, or may not have been, sent."""
    if message.state == "unknown":
        return OutsideFailed(
            f"Message {message.id} to {message.to_email} may or may not have been sent: {message.last_error}",
            hint=f"Ask them. Not there: studio mail send {message.id} --yes. There: studio mail cancel {message.id}",
            code="mail_unknown",
            details={"message": message.id},
        )
    if message.state == "given_up":
        return OutsideFailed(
            f"The mail to {message.to_email} was not sent, and is not tried again: {message.last_error}",
            hint=f"When that is mended (studio client edit … --email …): studio mail send {message.id}"
            if message.recipient == "client"
            else f"When that is mended: studio mail send {message.id}",
            code="mail_given_up",
            details={"message": message.id},
        )
    return OutsideFailed(
        f"The mail to {message.to_email} was not sent: {message.last_error}",
        hint="It waits in the outbox: studio mail send",
        code="mail_failed",
        details={"message": message.id},
    )


def not_configured(what: str) -> OutsideFailed:
    """Return what to say when there is no mail server to send with."""
    return OutsideFailed(
        f"No mail server is set. {what}",
        hint="Set one: studio config set mail.host smtp.example.com, then: studio mail send",
        code="no_mail_server",
    )


# ── trying it out ─────────────────────────────────────────────────────────────────────────────────

STEPS = {
    "name": "Name",
    "connection": "Connection",
    "greeting": "Greeting",
    "tls": "TLS",
    "login": "Login",
    "acceptance": "Mail",
}


def show_step(desk: Desk, step: Step) -> None:
    """Write one step of a test mail: a line with a tick or a cross, or tab-separated for scripts.

    Why a step failed is told in the error that follows, so a person is not told twice.
    """
    if not desk.on_terminal:
        done = "done" if step.ok else "failed"
        desk.lines([[step.name, done, str(step.milliseconds), step.detail]])
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, min_width=10)
    grid.add_column(no_wrap=True, min_width=8, justify="right", style="dim")
    grid.add_column(overflow="fold")
    mark = Text("✓", style="green") if step.ok else Text("✗", style="red")
    grid.add_row(mark, STEPS[step.name], _took(step), Text(shown(step.detail) if step.ok else "failed"))
    desk.show(grid)


def _took(step: Step) -> str:
    seconds = step.milliseconds / 1000
    return f"{seconds:.1f} s" if seconds >= 1 else f"{step.milliseconds} ms"
