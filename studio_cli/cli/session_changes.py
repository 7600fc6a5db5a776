"""``studio session reschedule · edit · history``: moving and changing."""

from typing import Annotated

import typer

from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes
from studio_cli.booking.session_changes import Changed, Edits
from studio_cli.cli import cards, columns
from studio_cli.cli.cards import sentence
from studio_cli.cli.desk import Desk
from studio_cli.cli.news import News, end_pages, note_of, rehearsed, say_untold
from studio_cli.cli.params import (
    AllowOverlap,
    At,
    BalanceDue,
    BufferAfter,
    BufferBefore,
    CancelUntil,
    ContractName,
    Custom,
    Deposit,
    Discount,
    DiscountReason,
    DryRun,
    Duration,
    EditNotes,
    Expires,
    First,
    FormName,
    Json,
    LanguageTag,
    Location,
    MoveUntil,
    NoEmail,
    Notes,
    Pay,
    PersonalNote,
    Price,
    Refunds,
    Reminders,
    Second,
    SessionRef,
    Tax,
    Tips,
    WriteNote,
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
    message: PersonalNote = None,
    write: WriteNote = False,
    no_email: NoEmail = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move a session to another time. Its number, links, answers and money stay."""
    desk = desk_of(ctx)
    if at is None:
        raise WrongUsage("--at is missing.", hint='For example: --at "2026-12-04 10:00"', code="missing")
    note = note_of(desk, message, write)
    with rehearsed(desk, dry_run) as news:
        news.note = note
        done = session_changes.reschedule(
            desk.studio,
            session,
            at,
            which=which_of(first, second),
            custom=custom,
            allow_overlap=allow_overlap,
            tell=not no_email,
            note=note,
        )
    _show_changed(desk, done, news, as_json, told=not no_email)


@app.command(
    "edit",
    epilog=example(
        'studio session edit 12 --location "High Park" --notes "Brings the dog"',
        "studio session edit 12 --price 300 --deposit 20%",
        "studio session edit 12 --refresh-documents",
        "studio session edit 12 --move-until 24h --cancel-until none",
        "studio session edit last --edit-notes",
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
    edit_notes: EditNotes = False,
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
    move_until: MoveUntil = None,
    cancel_until: CancelUntil = None,
    reminders: Reminders = None,
    custom: Custom = False,
    allow_overlap: AllowOverlap = False,
    message: PersonalNote = None,
    write: WriteNote = False,
    no_email: NoEmail = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change what a session is. A client who has not finished is shown what changed and asked again."""
    from studio_cli.cli.editor import edited_not_lost, typed_or_edited

    desk = desk_of(ctx)
    if edit_notes:
        notes = typed_or_edited(desk, "notes", notes, True, sessions.find(desk.studio, session).notes)
    edits = Edits(
        title, duration, price, deposit, pay, discount, discount_reason, tax, balance_due, tips, refunds, location, notes, form, contract, language, refresh_documents,
        expires, buffer_before, buffer_after, move_until, cancel_until, reminders,
    )  # fmt: skip
    note = note_of(desk, message, write)
    with edited_not_lost(desk, notes, edit_notes), rehearsed(desk, dry_run) as news:
        news.note = note
        done = session_changes.edit(
            desk.studio,
            session,
            edits,
            custom=custom,
            allow_overlap=allow_overlap,
            tell=not no_email,
            note=note,
        )
    if not dry_run:
        end_pages(desk, done.after.id)
    if refresh_documents and done.after.form and done.after.step("questionnaire").done_at:
        desk.say("The questionnaire stays as it is: the client has answered it.")
    _show_changed(desk, done, news, as_json, told=not no_email)


def _show_changed(desk: Desk, done: Changed, news: News, as_json: bool, *, told: bool) -> None:
    if as_json:
        news.send(done.after.id)
        differences = {
            name: {"before": before, "after": after} for name, (before, after) in done.fields.items()
        }
        more = {"changed": done.changed, "changes": differences, "mails": news.as_json()}
        desk.json({**done.after.as_json(), **more, "dry_run": news.dry_run})
    else:
        _say_changed(desk, done, news.dry_run)
        if done.before.details() != done.after.details() and (done.before.shares or done.before.confirmed_at):
            say_untold(desk, done.after, told=told)
        news.send(done.after.id)
    news.say()


def _say_changed(desk: Desk, done: Changed, dry_run: bool) -> None:
    session = done.after
    if desk.on_terminal:
        moved = done.before.starts_at != session.starts_at
        words = "would be" if dry_run else "is"
        word = "moved" if moved else "changed" if done.changed else "like that already"
        desk.data(f"Session {session.id} {words if done.changed else 'is'} {word}: {sentence(session)}")
        for name, (before, after) in done.fields.items():
            if name != "starts_at":  # the sentence says when it is
                desk.data(cards.change_in_words(name, before, after))
        if done.before.starts_at != session.starts_at:
            desk.data(f"It was {show_short(done.before.starts_at, session.timezone)}.")
    else:
        desk.lines([[column.plain(session) for column in columns.SESSION]])
    if done.overlaps:
        desk.say(f"It overlaps session {' and '.join(map(str, done.overlaps))}, as you allowed.")
    if (
        done.changed
        and session.status == "pending"
        and session.step("review").open
        and done.before.step("review").done_at
    ):
        desk.say("On its link the client is asked to review it again.")


@app.command("history", epilog=example("studio session history 12", "studio session history last --json"))
def history(ctx: typer.Context, session: SessionRef, as_json: Json = False) -> None:
    """Show what happened to a session: who did what, when, with old and new."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    cards.show_history(desk, sessions.history(desk.studio, found), found.timezone, as_json=as_json)
