"""``studio mail``: the outbox."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from studio_cli.booking import mail
from studio_cli.booking import session as sessions
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import Listing, listing_of, lists
from studio_cli.cli.news import warn_of_template
from studio_cli.cli.outbox import fail_if_any, message_columns, not_configured, show_message, show_step
from studio_cli.cli.params import DryRun, Json, Yes, desk_of, example
from studio_cli.cli.progress import tracked
from studio_cli.errors import OutsideFailed, Refused, WrongUsage
from studio_cli.model.client import check_email
from studio_cli.model.message import OPEN, STATES, WAITING, Message, State, Step
from studio_cli.model.text import did_you_mean, nearest, shown
from studio_cli.store import message as message_store

app = typer.Typer()
Number = Annotated[str, typer.Argument(metavar="MESSAGE", help="Its number, or last.", show_default=False)]


@app.command(
    "list",
    cls=lists(message_columns("UTC"), sorts=message_store.SORTS),
    epilog=example("studio mail list", "studio mail list --waiting --json", "studio mail list --session 12"),
)
def list_(
    ctx: typer.Context,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only those that have not ended well yet.")
    ] = False,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help=", ".join(STATES) + "; may be repeated."),
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="SESSION", help="Only those about this session.")
    ] = None,
) -> None:
    """List the messages and what became of them."""
    desk, look = desk_of(ctx), listing_of(ctx)
    mail.look_for_lost(desk.studio)
    rows = message_store.listed(
        desk.studio.file,
        (*(OPEN if waiting else ()), *(_state(text) for text in state or ())),
        session_id=sessions.find(desk.studio, session).id if session else None,
        order=look.order,
        limit=look.limit,
    )
    narrowed = bool(waiting or state or session)
    _show(desk, rows, look.in_order(), "No such messages." if narrowed else "No messages yet.")


def _state(text: str) -> State:
    if text not in STATES:
        hint = did_you_mean(nearest(text, STATES)) or f"Use one of: {', '.join(STATES)}."
        raise WrongUsage(f"{shown(text)[:30]!r} is not a state.", hint=hint)
    return text


def _show(desk: Desk, messages: list[Message], look: Listing, empty: str) -> None:
    zone = desk.studio.settings.zone
    columns = message_columns(zone, desk.studio.now())
    output.show_as(desk, look, columns, messages, json=lambda message: message.as_json(zone), empty=empty)


@app.command("show", epilog=example("studio mail show 9", "studio mail show last --open"))
def show(
    ctx: typer.Context,
    selector: Number,
    open_: Annotated[
        bool, typer.Option("--open", help="Show it in your browser, as the client sees it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one message. The link in it is not kept in the file."""
    desk = desk_of(ctx)
    message = mail.find(desk.studio, selector)
    letter = message.letter.with_link("[the client's link]")
    if as_json:
        calendar = letter.invitation.content.decode() if letter.invitation else None
        more = {"text": letter.text, "html": letter.html, "calendar": calendar}
        desk.json({**message.as_json(desk.studio.settings.zone), **more})
    elif open_:
        from studio_cli.cli.browser import open_page

        open_page(desk, mail.as_page(desk.studio, letter), f"message-{message.id}")
    else:
        show_message(desk, replace(message, letter=letter), desk.studio.settings.zone)


@app.command(
    "send",
    epilog=example(
        "studio mail send", "studio mail send 9", "studio mail send --due", "studio mail send --dry-run"
    ),
)
def send(
    ctx: typer.Context,
    selector: Annotated[
        str | None,
        typer.Argument(
            metavar="[MESSAGE]", help="One message, or last; else all that wait.", show_default=False
        ),
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only those whose next try has come: for a nightly job.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Send what waits in the outbox. A message is sent once, however often this runs.

    One that may have been sent already goes out again only if you say so.
    """
    desk = desk_of(ctx)
    number = mail.find(desk.studio, selector).id if selector is not None else None
    if dry_run:
        _show(desk, _waiting(desk, number, due=due), Listing(as_json), "Nothing waits to be sent.")
        return
    messages = _send(desk, number, due=due, yes=yes)
    _show(desk, messages, Listing(as_json), "Nothing waits to be sent.")
    for message in messages:
        warn_of_template(desk, message)
    fail_if_any(messages)


def _send(desk: Desk, number: int | None, *, due: bool, yes: bool) -> list[Message]:
    mailer = desk.mailer()
    if mailer is None:
        waiting = _waiting(desk, number, due=due)
        if not waiting:
            return []
        raise not_configured(
            f"{len(waiting)} message{'s wait' if len(waiting) > 1 else ' waits'} in the outbox."
        )
    if number is None:
        count = len(_waiting(desk, None, due=due))
        return list(tracked(desk, "Sending mails", mail.send_waiting(desk.studio, mailer, due=due), count))
    mail.look_for_lost(desk.studio)
    message = mail.get(desk.studio, number)
    if message.state == "unknown":
        desk.agree(
            f"Message {number} to {message.to_email} may have been sent already.\nSend it again?", yes=yes
        )
    return [mail.send_again(desk.studio, mailer, number)]


def _waiting(desk: Desk, number: int | None, *, due: bool) -> list[Message]:
    """Return what would be sent: all that wait, or the one that was named."""
    if number is not None:
        message = mail.get(desk.studio, number)
        return [] if message.state in {"sent", "canceled"} else [message]
    return message_store.listed(desk.studio.file, WAITING, due=desk.studio.now() if due else None)


@app.command("cancel", epilog=example("studio mail cancel 9 --yes"))
def cancel(ctx: typer.Context, selector: Number, yes: Yes = False, as_json: Json = False) -> None:
    """Do not send a message. For one that may have been sent: stop asking about it."""
    desk = desk_of(ctx)
    message = mail.find(desk.studio, selector)
    number = message.id
    if message.state in OPEN:
        desk.agree(
            f"Cancel message {number} to {message.to_email}: {shown(message.letter.subject)}?", yes=yes
        )
    message, new = mail.cancel(desk.studio, number)
    if as_json:
        desk.json({**message.as_json(desk.studio.settings.zone), "changed": new})
    elif desk.on_terminal:
        desk.data(f"Message {number} is canceled." if new else f"Message {number} was canceled already.")
    else:
        desk.lines([output.line(message_columns(desk.studio.settings.zone), message)])


@app.command("test", epilog=example("studio mail test you@example.com"))
def test(
    ctx: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="Where the test goes.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Send a test mail step by step, to see whether the settings work, and if not, what helps."""
    desk = desk_of(ctx)
    to = check_email(address)
    mailer = desk.mailer()
    if mailer is None:
        raise Refused(
            "No mail server is set.",
            hint="Set one: studio config set mail.host smtp.example.com",
            code="no_mail_server",
        )
    steps: list[Step] = []
    try:
        for step in mail.send_test(desk.studio, mailer, to):
            steps.append(step)
            if not as_json:
                show_step(desk, step)
    except OutsideFailed as problem:
        if as_json:
            desk.json(_tested(to, problem.code.removeprefix("mail_"), steps))
        raise
    if as_json:
        desk.json(_tested(to, "sent", steps))
    else:
        desk.say(f"The mail server took a test mail to {to}. Look whether it arrives.")


def _tested(to: str, state: str, steps: list[Step]) -> dict[str, Any]:
    return {"to": to, "state": state, "steps": [step.as_json() for step in steps]}
