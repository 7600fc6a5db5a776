"""``studio session confirm · reopen · cancel``: deciding."""

from collections.abc import Sequence
from typing import Annotated

import typer

from studio_cli.booking import cancellation
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import Recorded
from studio_cli.cli import columns
from studio_cli.cli.cards import sentence, until
from studio_cli.cli.desk import Desk
from studio_cli.cli.give_back import give_back
from studio_cli.cli.news import end_pages, note_of, rehearsed, say_untold
from studio_cli.cli.params import (
    DryRun,
    Json,
    NoEmail,
    PersonalNote,
    SessionPick,
    SessionRef,
    WriteNote,
    Yes,
    desk_of,
    example,
    session_or_pick,
)
from studio_cli.model.session import Session
from studio_cli.model.text import shown

app = typer.Typer()


@app.command(
    "confirm",
    epilog=example("studio session confirm 12", "studio session confirm   # on a terminal: pick it"),
)
def confirm(
    ctx: typer.Context,
    session: SessionPick = None,
    no_email: NoEmail = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Confirm a session yourself. The client then need not do any step that is left."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session_or_pick(ctx, session, ["pending"], as_json=as_json))
    if desk.may_ask and not (yes or dry_run or as_json) and found.status == "pending":
        _show_waived(desk, found)
        desk.agree("Confirm it?", yes=False)
    with rehearsed(desk, dry_run) as news:
        done = sessions.confirm(desk.studio, str(found.id), tell=not no_email)
    if not dry_run:
        end_pages(desk, found.id)
    if as_json:
        news.send(found.id)
        waived = [step.name for step in done.waived]
        money = done.waived_money.as_json() if done.waived_money else None
        more = {"waived": waived, "waived_money": money, "changed": done.changed}
        desk.json({**done.session.as_json(), **more, "mails": news.as_json(), "dry_run": dry_run})
    else:
        _show_change(desk, done, "confirmed", dry_run=dry_run)
        say_untold(desk, done.session, told=not no_email and done.changed)
        if done.waived:
            words = "Would be waived" if dry_run else "Waived"
            desk.say(f"{words}: {', '.join(step.name for step in done.waived)}.{_money_words(done)}")
        news.send(found.id)
    news.say()


_LEFT_TO_DO = {
    "review": "review the details",
    "questionnaire": "answer the questionnaire",
    "contract": "sign the contract",
    "payment": "pay",
}


def _show_waived(desk: Desk, session: Session) -> None:
    """Show what a session is, and what its client would no longer have to do."""
    desk.say(f"Session {session.id}: {sentence(session)}")
    if session.waiting_for:
        desk.say("\nThe client would no longer have to:")
    for step in session.waiting_for:
        money = f" {session.due_now} now; {session.balance} stays open" if step.name == "payment" else ""
        desk.say(f"  • {_LEFT_TO_DO[step.name]}{money}")
    desk.say()


def _money_words(done: sessions.Change) -> str:
    if not done.waived_money:
        return ""
    return f" {done.waived_money} is not asked for now; {done.session.balance} is still open."


@app.command("reopen", epilog=example("studio session reopen 12"))
def reopen(
    ctx: typer.Context,
    session: SessionRef,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Even where another session is now.")
    ] = False,
    no_email: NoEmail = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a confirmed or expired session pending again: the client is asked for what was waived."""
    desk = desk_of(ctx)
    with rehearsed(desk, dry_run) as news:
        done = sessions.reopen(desk.studio, session, allow_overlap=allow_overlap, tell=not no_email)
    if as_json:
        news.send(done.session.id)
        more = {"changed": done.changed, "mails": news.as_json(), "dry_run": dry_run}
        desk.json({**done.session.as_json(), **more})
    else:
        _show_change(desk, done, "pending", dry_run=dry_run)
        if done.changed and done.session.status == "pending":
            how = "--email" if done.session.client.email else "--link"
            desk.say(f"The client is not told. Share it: studio session share {done.session.id} {how}")
        news.send(done.session.id)
    news.say()


@app.command(
    "cancel",
    epilog=example("studio session cancel 12 --yes", "studio session cancel 12 --refund 50 --yes"),
)
def cancel(
    ctx: typer.Context,
    session: SessionRef,
    refund: Annotated[
        str | None,
        typer.Option(
            "--refund", metavar="all|none|AMOUNT", help="What of the money that was paid goes back."
        ),
    ] = None,
    message: PersonalNote = None,
    write: WriteNote = False,
    no_email: NoEmail = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel a session and free its time. It cannot be taken back; nothing is refunded unless you say so."""
    desk = desk_of(ctx)
    plan = cancellation.propose(desk.studio, session)
    found = plan.session
    if found.status != "canceled" and not dry_run:
        desk.agree(
            f"Cancel session {found.id}, {shown(found.title)} with {shown(found.client.name)}?{_paid(plan)}",
            yes=yes,
        )
        if plan.paid and refund is None and desk.may_ask and not as_json and not yes:
            refund = desk.ask(
                f"How much goes back (an amount, all or none)? [{plan.proposed.amount}] ",
                plan.proposed.amount,
            )
    note = note_of(desk, message, write)
    with rehearsed(desk, dry_run) as news:
        news.note = note
        done, refunds = cancellation.cancel(
            desk.studio, str(found.id), refund, give_back=give_back(desk), tell=not no_email, note=note,
            rehearse=dry_run,
        )  # fmt: skip
    if not dry_run:
        end_pages(desk, found.id)
    if as_json:
        news.send(found.id)
        more = {
            "given_back": [one.payment.as_json(found.timezone) for one in refunds],
            "changed": done.changed,
        }
        more |= {"proposed_refund": plan.proposed.as_json(), "mails": news.as_json(), "dry_run": dry_run}
        desk.json({**done.session.as_json(), **more})
    else:
        _show_change(desk, done, "canceled", dry_run=dry_run)
        say_untold(desk, done.session, told=not no_email and done.changed)
        _show_refunds(desk, plan, done, refunds, said=refund is not None, dry_run=dry_run)
        news.send(found.id)
    news.say()


def _show_refunds(
    desk: Desk,
    plan: cancellation.Proposal,
    done: sessions.Change,
    refunds: Sequence[Recorded],
    *,
    said: bool,
    dry_run: bool,
) -> None:
    for one in refunds:
        words = "would be" if dry_run else "is"
        desk.say(f"{one.payment.amount} {words} given back ({one.payment.method}).")
    if done.changed and done.session.paid and not refunds and not said and not dry_run:
        desk.say(f"{done.session.paid} was paid for it, and nothing was given back.{_policy(plan)}")
        desk.say(f"To give back: studio payment refund {done.session.id} {plan.proposed.amount}")


def _paid(plan: cancellation.Proposal) -> str:
    return f"\n{plan.paid} was paid.{_policy(plan)}" if plan.paid else ""


def _policy(plan: cancellation.Proposal) -> str:
    return f" Its policy ({plan.policy}) gives back {plan.proposed}." if plan.policy else ""


def _show_change(desk: Desk, done: sessions.Change, word: str, *, dry_run: bool = False) -> None:
    session = done.session
    if desk.on_terminal:
        would = "would be" if dry_run else "is"
        verb = would if done.changed else "was already"
        desk.data(f"Session {session.id} {verb} {session.status}{until(session)}.")
    else:
        desk.lines([[column.plain(session) for column in columns.SESSION]])
        if not done.changed:
            desk.say(f"Session {session.id} was already {word}.")
