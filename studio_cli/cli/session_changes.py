"""``studio session reschedule · edit · history``: moving and changing."""

from typing import Annotated

import typer

from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes
from studio_cli.booking.session_changes import Changed, Edits
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.news import end_pages
from studio_cli.cli.output import sentence
from studio_cli.cli.params import (
    AllowOverlap,
    At,
    BalanceDue,
    BufferAfter,
    BufferBefore,
    ContractName,
    Custom,
    Deposit,
    Discount,
    DiscountReason,
    DryRun,
    Duration,
    Expires,
    First,
    FormName,
    Json,
    LanguageTag,
    Location,
    Notes,
    Pay,
    Price,
    Refunds,
    Reminders,
    Second,
    SessionRef,
    Tax,
    Tips,
    desk_of,
    example,
    which_of,
)
from studio_cli.errors import WrongUsage
from studio_cli.model.times import show_short

app = typer.Typer()


@app.command(
    "reschedule",
    epilog=example(
        'studio session reschedule 12 --at "2026-12-05 10:00"',
        'studio session reschedule last --at "sat 19:00" --custom',
    ),
)
def reschedule(
    ctx: typer.Context,
    session: SessionRef,
    at: At = None,
    custom: Custom = False,
    allow_overlap: AllowOverlap = False,
    first: First = False,
    second: Second = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move a session to another time. Its number, links, answers and money stay."""
    desk = desk_of(ctx)
    if at is None:
        raise WrongUsage("--at is missing.", hint='For example: --at "2026-12-04 10:00"', code="missing")
    done = session_changes.reschedule(
        desk.studio,
        session,
        at,
        which=which_of(first, second),
        custom=custom,
        allow_overlap=allow_overlap,
        rehearse=dry_run,
    )
    _show_changed(desk, done, as_json, dry_run)


@app.command(
    "edit",
    epilog=example(
        'studio session edit 12 --location "High Park" --notes "Brings the dog"',
        "studio session edit 12 --price 300 --deposit 20%",
        "studio session edit 12 --refresh-documents",
        "studio session edit 12 --no-reminders",
    ),
)
def edit(
    ctx: typer.Context,
    session: SessionRef,
    title: Annotated[str | None, typer.Option("--title", help="What clients read.")] = None,
    duration: Duration = None,
    price: Price = None,
    deposit: Deposit = None,
    pay: Pay = None,
    discount: Discount = None,
    discount_reason: DiscountReason = None,
    tax: Tax = None,
    balance_due: BalanceDue = None,
    tips: Tips = None,
    refunds: Refunds = None,
    location: Location = None,
    notes: Notes = None,
    form: FormName = None,
    contract: ContractName = None,
    language: LanguageTag = None,
    refresh_documents: Annotated[
        bool,
        typer.Option(
            "--refresh-documents", help="Take the questionnaire and contract as they are worded now."
        ),
    ] = False,
    expires: Expires = None,
    buffer_before: BufferBefore = None,
    buffer_after: BufferAfter = None,
    reminders: Reminders = None,
    custom: Custom = False,
    allow_overlap: AllowOverlap = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change what a session is. A client who has not finished is shown what changed and asked again."""
    desk = desk_of(ctx)
    edits = Edits(
        title, duration, price, deposit, pay, discount, discount_reason, tax, balance_due, tips, refunds, location, notes, form, contract, language, refresh_documents,
        expires, buffer_before, buffer_after, reminders,
    )  # fmt: skip
    done = session_changes.edit(
        desk.studio, session, edits, custom=custom, allow_overlap=allow_overlap, rehearse=dry_run
    )
    if not dry_run:
        end_pages(desk, done.after.id)
    _show_changed(desk, done, as_json, dry_run)
    if refresh_documents and done.after.form and done.after.step("questionnaire").done_at:
        desk.say("The questionnaire stays as it is: the client has answered it.")


def _show_changed(desk: Desk, done: Changed, as_json: bool, dry_run: bool) -> None:
    session = done.after
    if as_json:
        differences = {
            name: {"before": before, "after": after} for name, (before, after) in done.fields.items()
        }
        desk.json({**session.as_json(), "changed": done.changed, "changes": differences, "dry_run": dry_run})
        return
    if desk.on_terminal:
        moved = done.before.starts_at != session.starts_at
        words = "would be" if dry_run else "is"
        word = "moved" if moved else "changed" if done.changed else "like that already"
        desk.data(f"Session {session.id} {words if done.changed else 'is'} {word}: {sentence(session)}")
        for name, (before, after) in done.fields.items():
            if name != "starts_at":  # the sentence says when it is
                desk.data(f"{name.replace('_', ' ')}: {output.plain(before)} → {output.plain(after)}")
        if done.before.starts_at != session.starts_at:
            desk.data(f"It was {show_short(done.before.starts_at, session.timezone)}.")
    else:
        desk.lines([[column.plain(session) for column in output.SESSION]])
    if done.overlaps:
        desk.say(f"It overlaps session {' and '.join(map(str, done.overlaps))}, as you allowed.")
    if (
        done.changed
        and session.status == "pending"
        and session.step("review").open
        and done.before.step("review").done_at
    ):
        desk.say("On its link the client is asked to review it again.")
    if done.changed and not dry_run and done.before.starts_at != session.starts_at:
        desk.say("The client is not told by mail.")


@app.command("history", epilog=example("studio session history 12", "studio session history last --json"))
def history(ctx: typer.Context, session: SessionRef, as_json: Json = False) -> None:
    """Show what happened to a session: who did what, when, with old and new."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    output.show_history(desk, sessions.history(desk.studio, found), found.timezone, as_json=as_json)
