"""``studio payment``: the ledger."""

from typing import Annotated

import typer

from studio_cli.booking import payment as payments
from studio_cli.cli.output import waiting
from studio_cli.cli.params import Json, Key, SessionRef, desk_of, example
from studio_cli.model.payment import METHODS
from studio_cli.model.times import rfc3339

app = typer.Typer()


@app.command("record", epilog=example('studio payment record 12 50 --method cash --note "in the studio"'))
def record(
    ctx: typer.Context,
    session: SessionRef,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="As 50 or 50.00.", show_default=False)],
    method: Annotated[str, typer.Option("--method", metavar="HOW", help=", ".join(METHODS) + ".")] = "other",
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="When it was paid; else now.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="For yourself.")] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Record money that you received. If it was the last thing waited for, the session is confirmed."""
    desk = desk_of(ctx)
    done = payments.record(desk.studio, session, amount, method=method, at=at, note=note, key=key)
    payment, after = done.payment, done.session
    if as_json:
        document = payment.as_json(after.timezone)
        balance = {
            "session_status": after.status,
            "due_now": after.due_now.as_json(),
            "balance": after.balance.as_json(),
        }
        desk.json({**document, **balance})
    elif desk.on_terminal:
        words = "was recorded already" if done.repeated else "is recorded"
        desk.data(f"{payment.amount} for session {after.id} {words}. Paid {after.paid} of {after.price}.")
        if done.confirmed:
            desk.data(f"That was all that was waited for: session {after.id} is confirmed.")
        elif after.status == "pending":
            desk.data(f"Session {after.id} is pending: it waits for {waiting(after)}.")
    else:
        cells = [
            str(payment.id),
            str(after.id),
            str(payment.amount),
            payment.method,
            rfc3339(payment.at, after.timezone),
        ]
        desk.lines([[*cells, after.status]])
    if after.balance.minor < 0 and not done.repeated:
        desk.say(f"That is {after.paid - after.price} more than the price.")
    if after.status in {"canceled", "expired", "declined"} and not done.repeated:
        desk.say(
            f"Session {after.id} is {after.status}: the money is in the ledger, and may have to go back."
        )
        if after.status == "expired":
            desk.say(f"Or make it pending again: studio session reopen {after.id}")
