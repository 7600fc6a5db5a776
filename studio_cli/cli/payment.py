"""``studio payment``: the ledger."""

from typing import Annotated

import typer
from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import Recorded, WantedRefund
from studio_cli.cli import columns, output
from studio_cli.cli.columns import waiting
from studio_cli.cli.desk import Desk
from studio_cli.cli.give_back import give_back
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.news import end_pages, rehearsed
from studio_cli.cli.params import (
    Client,
    DryRun,
    Json,
    Key,
    NoEmail,
    SessionRef,
    Yes,
    day_bound,
    desk_of,
    example,
)
from studio_cli.errors import WrongUsage
from studio_cli.model.payment import METHODS, Payment, Sum, sums
from studio_cli.store import payment as payment_store

app = typer.Typer()

At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="When it was; else now.")]
Note = Annotated[str | None, typer.Option("--note", help="For yourself.")]


@app.command("record", epilog=example('studio payment record 12 50 --method cash --note "in the studio"'))
def record(
    ctx: typer.Context,
    session: SessionRef,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="As 50 or 50.00.", show_default=False)],
    method: Annotated[str, typer.Option("--method", metavar="HOW", help=", ".join(METHODS) + ".")] = "other",
    at: At = None,
    note: Note = None,
    key: Key = None,
    no_email: NoEmail = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Record money that you received. If it was the last thing waited for, the session is confirmed."""
    desk = desk_of(ctx)
    with rehearsed(desk, dry_run) as news:
        done = payments.record(
            desk.studio, session, amount, method=method, at=at, note=note, key=key, tell=not no_email
        )
    payment, after = done.payment, done.session
    if as_json:
        news.send(after.id)
        desk.json({**_document(done), "mails": news.as_json(), "dry_run": dry_run})
    elif desk.on_terminal:
        would = "would be" if dry_run else "is"
        words = "was recorded already" if done.repeated else f"{would} recorded"
        desk.data(f"{payment.amount} for session {after.id} {words}. Paid {after.paid} of {after.total}.")
        if payment.receipt and not dry_run:
            desk.data(f"Receipt {payment.receipt}: studio payment receipt {payment.receipt}")
        if done.confirmed:
            desk.data(f"That was all that was waited for: session {after.id} {would} confirmed.")
        elif after.status == "pending":
            desk.data(f"Session {after.id} is pending: it waits for {waiting(after)}.")
    else:
        desk.lines([output.line(columns.payment_columns(after.timezone), payment)])
    if not done.repeated:
        _warn(desk, done)
    if not dry_run:
        end_pages(desk, after.id)
    news.send(after.id)
    news.say()


def _document(done: Recorded) -> dict[str, object]:
    after = done.session
    return {
        **done.payment.as_json(after.timezone),
        "session_status": after.status,
        "paid": after.paid.as_json(),
        "due_now": after.due_now.as_json(),
        "balance": after.balance.as_json(),
    }


def _warn(desk: Desk, done: Recorded) -> None:
    """Say what an amount or a status makes doubtful: it is recorded all the same, money is never refused."""
    after = done.session
    if after.balance.minor < 0:
        desk.say(f"That is {after.paid - after.total} more than there was to pay.")
        desk.say(f"Give it back: studio payment refund {after.id} {(after.paid - after.total).amount}")
    if done.payment.late:
        desk.say(f"Session {after.id} is {after.status}: the money is in the ledger and has to go back.")
        desk.say(f"Give it back: studio payment refund {after.id}")
        if after.status == "expired":
            desk.say(f"Or make it pending again: studio session reopen {after.id}")


@app.command(
    "refund",
    epilog=example(
        "studio payment refund 12 50 --method transfer --yes", "studio payment refund 12 --dry-run"
    ),
)
def refund(
    ctx: typer.Context,
    session: SessionRef,
    amount: Annotated[
        str | None,
        typer.Argument(
            metavar="[AMOUNT]", help="As 50 or 50.00; else all that was paid.", show_default=False
        ),
    ] = None,
    of: Annotated[
        int | None, typer.Option("--of", metavar="PAYMENT", help="Of this payment; else the newest first.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="HOW", help="How you gave it back; else as it was paid."),
    ] = None,
    at: At = None,
    note: Note = None,
    key: Key = None,
    no_email: NoEmail = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give money back. What was paid with Stripe goes back there; of other payments you record what you gave back."""
    desk = desk_of(ctx)
    wanted = WantedRefund(session, amount, of, method, at, note, tell=not no_email)
    with rehearsed(desk, dry_run) as news:
        planned = payments.refund(desk.studio, wanted, key=key, rehearse=True)
    if not dry_run and not all(done.repeated for done in planned):
        desk.agree(f"{_sentence(planned)}\nGive it back?", yes=yes)
    done = planned
    if not dry_run:
        done = payments.refund(desk.studio, wanted, key=key, give_back=give_back(desk))
    if as_json:
        desk.json([{**_document(one), "dry_run": dry_run} for one in done])
    elif desk.on_terminal:
        words = "would be given back" if dry_run else "is given back"
        for one in done:
            row, receipt = one.payment, _receipt_of(desk, one.payment)
            desk.data(f"{row.amount} of session {row.session_id}{receipt} {words} ({row.method}).")
    else:
        zone = desk.studio.settings.zone
        desk.lines([output.line(columns.payment_columns(zone), one.payment) for one in done])
    news.send(done[0].session.id)
    news.say()


def _sentence(planned: list[Recorded]) -> str:
    parts = [f"{one.payment.amount} ({one.payment.method})" for one in planned]
    session = planned[0].session
    return f"Session {session.id}, {session.title} with {session.client.name}: {', '.join(parts)}."


def _receipt_of(desk: Desk, row: Payment) -> str:
    of = payments.get(desk.studio, row.refund_of) if row.refund_of else None
    return f", receipt {of.receipt}," if of else ""


@app.command(
    "keep",
    epilog=example(
        'studio payment keep 12 --note "Stays as a voucher, as agreed by telephone" --yes',
        "studio payment keep 12 --dry-run",
    ),
)
def keep(
    ctx: typer.Context,
    session: SessionRef,
    note: Note = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Keep what you owe a client who has canceled, because you agreed otherwise: nothing is paid, and status is quiet."""
    desk = desk_of(ctx)
    planned = payments.keep(desk.studio, session, note, rehearse=True)
    about = f"session {planned.session.id}, {planned.session.title} with {planned.session.client.name}"
    if planned.amount and not dry_run:
        desk.agree(f"{planned.amount} is owed to the client of {about}.\nKeep it?", yes=yes)
    done = planned if dry_run else payments.keep(desk.studio, session, note)
    if as_json:
        more = {"kept_now": done.amount.as_json(), "changed": bool(done.amount), "dry_run": dry_run}
        desk.json({**done.session.as_json(), **more})
    elif done.amount:
        desk.data(f"{done.amount} {'would be' if dry_run else 'is'} kept: nothing more is owed for {about}.")
    else:
        desk.data(f"Nothing is owed any more for {about}.")


@app.command(
    "list",
    cls=lists(columns.payment_columns("UTC")),
    epilog=example(
        "studio payment list --from 2026-01-01 --to 2026-12-31 --sums",
        "studio payment list --session 12",
        "studio payment list --to-refund --json",
        "studio payment list --csv > ledger.csv",
    ),
)
def list_(
    ctx: typer.Context,
    session: Annotated[
        str | None, typer.Option("--session", metavar="SESSION", help="Only this session's.")
    ] = None,
    client: Client = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="HOW", help="Only by this method.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="Paid on this day or later.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Until the end of this day.")
    ] = None,
    to_refund: Annotated[
        bool, typer.Option("--to-refund", help="Only what came too late and has to go back.")
    ] = False,
    by_month: Annotated[bool, typer.Option("--sums", help="Sums by month and method.")] = False,
) -> None:
    """List the ledger: what came in and what went back, by when."""
    desk, look = desk_of(ctx), listing_of(ctx)
    if by_month and (look.columns or look.order):
        raise WrongUsage(
            "--sums has columns and an order of its own.", hint="Leave --columns and --sort out."
        )
    studio, zone = desk.studio, desk.studio.settings.zone
    rows = payment_store.listed(
        studio.file,
        session_id=sessions.find(studio, session).id if session else None,
        client_id=clients.find(studio, client).id if client else None,
        method=method,
        first=_bound(first, desk),
        last=_bound(last, desk, days_later=1),
        late=to_refund,
    )
    output.show_as(
        desk,
        look,
        columns.SUM if by_month else columns.payment_columns(zone),
        sums(rows, zone) if by_month else rows,
        json=Sum.as_json if by_month else lambda row: row.as_json(zone),
        empty="No such payments."
        if (session or client or method or first or last or to_refund)
        else "No payments yet. Record one: studio payment record 12 50 --method cash",
    )


def _bound(text: str | None, desk: Desk, *, days_later: int = 0) -> Instant | None:
    studio = desk.studio
    return day_bound(text, studio.settings.zone, studio.now(), days_later=days_later) if text else None


@app.command("receipt", epilog=example("studio payment receipt 7", "studio payment receipt last --open"))
def receipt(
    ctx: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="The number of the receipt, or last.", show_default=False)
    ],
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE.html", help="Write it as a page, to print or send.")
    ] = None,
    browse: Annotated[bool, typer.Option("--open", help="Look at that page in your browser.")] = False,
    as_json: Json = False,
) -> None:
    """Show a receipt, as its client can see it too."""
    from studio_cli.booking import receipt as receipts
    from studio_cli.cli.text_file import write_text

    desk = desk_of(ctx)
    payment = payments.of_receipt(desk.studio, number)
    if out is not None:
        written = write_text(out, receipts.as_paper(desk.studio, payment))
        if not as_json:
            desk.data(str(written))
            return
    if as_json:
        desk.json(payment.as_json(desk.studio.settings.zone))
    elif browse:
        from studio_cli.cli.browser import open_page

        open_page(desk, receipts.as_paper(desk.studio, payment), f"receipt-{payment.receipt}")
    else:
        desk.text(receipts.as_text(desk.studio, payment))


@app.command("sync", epilog=example("studio payment sync", "studio payment sync --json"))
def sync(
    ctx: typer.Context, no_email: NoEmail = False, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Ask Stripe what was paid and given back, and write it down. Pages that nobody wants paid any more are ended."""
    from studio_cli.cli.payment_sync import run

    run(desk_of(ctx), tell=not no_email, dry_run=dry_run, as_json=as_json)
