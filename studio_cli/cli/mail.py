"""``studio mail``: the outbox."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from studio_cli.booking import mail
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import LARGEST, DryRun, Json, desk_of, example
from studio_cli.errors import OutsideFailed, Refused
from studio_cli.model.client import check_email
from studio_cli.model.message import Message, Step
from studio_cli.store import message as message_store

app = typer.Typer()


@app.command("list", epilog=example("studio mail list", "studio mail list --waiting --json"))
def list_(
    ctx: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that are still to be sent.")] = False,
    as_json: Json = False,
) -> None:
    """List the messages and what became of them."""
    desk = desk_of(ctx)
    rows = message_store.listed(
        desk.studio.file, ("queued", "sending", "failed", "unknown") if waiting else ()
    )
    zone = desk.studio.settings.zone
    output.show_list(
        desk,
        output.message_columns(zone),
        rows,
        as_json=as_json,
        json=[message.as_json(zone) for message in rows],
        empty="No messages." if waiting else "No messages yet.",
    )


@app.command("show", epilog=example("studio mail show 9"))
def show(
    ctx: typer.Context,
    number: Annotated[
        int, typer.Argument(metavar="MESSAGE", max=LARGEST, help="Its number.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Show one message. The link in it is not kept in the file."""
    desk = desk_of(ctx)
    message = mail.get(desk.studio, number)
    letter = message.letter.with_link("[the client's link]")
    if as_json:
        desk.json({**message.as_json(desk.studio.settings.zone), "text": letter.text, "html": letter.html})
    else:
        output.show_message(desk, replace(message, letter=letter), desk.studio.settings.zone)


@app.command("send", epilog=example("studio mail send", "studio mail send 9", "studio mail send --dry-run"))
def send(
    ctx: typer.Context,
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[MESSAGE]", max=LARGEST, help="One message; else all that wait.", show_default=False
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Send what waits in the outbox. A message is sent once, however often this runs."""
    desk = desk_of(ctx)
    messages = _waiting(desk, number) if dry_run else _send(desk, number)
    _show_sent(desk, messages, as_json, "Nothing waits to be sent.")
    _fail_if_any(messages, dry_run)


def _send(desk: Desk, number: int | None) -> list[Message]:
    mailer = desk.mailer()
    if mailer is None:
        waiting = _waiting(desk, number)
        if not waiting:
            return []
        raise not_configured(
            f"{len(waiting)} message{'s wait' if len(waiting) > 1 else ' waits'} in the outbox."
        )
    if number is not None:
        return [mail.send_again(desk.studio, mailer, number)]
    return list(mail.send_waiting(desk.studio, mailer))


def _waiting(desk: Desk, number: int | None) -> list[Message]:
    """Return what would be sent: all that wait, or the one that was named."""
    if number is not None:
        message = mail.get(desk.studio, number)
        return [] if message.state in {"sent", "canceled"} else [message]
    return message_store.listed(desk.studio.file, ("queued", "failed"))


def _show_sent(desk: Desk, messages: list[Message], as_json: bool, empty: str) -> None:
    zone = desk.studio.settings.zone
    json = [message.as_json(zone) for message in messages]
    output.show_list(desk, output.message_columns(zone), messages, as_json=as_json, json=json, empty=empty)


def _fail_if_any(messages: list[Message], dry_run: bool) -> None:
    failed = [message for message in messages if message.state in {"failed", "unknown"}]
    if failed and not dry_run:
        raise failure(failed[0])


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
                output.show_step(desk, step)
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


def failure(message: Message) -> OutsideFailed:
    """Return what to say when a message was not, or may not have been, sent."""
    if message.state == "unknown":
        return OutsideFailed(
            f"Message {message.id} to {message.to_email} may or may not have been sent: {message.last_error}",
            hint=f"Ask the client, or send it again: studio mail send {message.id}",
            code="mail_unknown",
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
