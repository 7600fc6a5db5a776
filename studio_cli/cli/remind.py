"""``studio remind``: what is due to clients, from cron or a timer."""

import typer

from studio_cli.booking import reminder, waiting
from studio_cli.booking.reminder import Outcome
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.news import warn_of_template
from studio_cli.cli.outbox import failure
from studio_cli.cli.output import Column
from studio_cli.cli.params import DryRun, Json, desk_of, example
from studio_cli.cli.progress import busy
from studio_cli.model.times import rfc3339, show_short

app = typer.Typer()


@app.command("remind", epilog=example("studio remind", "studio remind --dry-run", "studio remind --json"))
def remind(ctx: typer.Context, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Remind clients of what is due, each thing once: for cron or a timer, every hour (docs/reminders.md).

    What they have not finished, a hold about to end, a balance, a session tomorrow; and who waits for a time, when one
    is free. Ends holds that have run out, and tries mails again that failed.
    """
    desk = desk_of(ctx)
    _say_what_keeps(desk, dry_run=dry_run)
    mailer = desk.mailer()
    with busy(desk, "Reminding"):
        found = reminder.rehearse(desk.studio) if dry_run else reminder.remind(desk.studio, mailer)
    _show(desk, found, as_json=as_json, dry_run=dry_run)
    if dry_run:
        return
    for one in found:
        warn_of_template(desk, one.message)
    failed = [one.message for one in found if one.message.state in {"failed", "unknown", "given_up"}]
    if failed:
        raise failure(failed[0])


def _say_what_keeps(desk: Desk, *, dry_run: bool) -> None:
    """Say why nothing can be sent: no server, while something is due; for a person also that it is quiet."""
    studio = desk.studio
    if not studio.settings.get("mail.host"):
        due = len(reminder.plan(studio))
        if due:
            words = f"{due} reminder{'s are' if due > 1 else ' is'} due and cannot be sent."
            desk.say(f"No mail server is set: {words} Set one: studio config set mail.host smtp.example.com")
        told = waiting.due(studio).told
        if told:
            words = f"{told} {'people wait' if told > 1 else 'person waits'} for a time that is free now (studio waiting list)."
            desk.say(f"No mail server is set: {words}")
    elif (dry_run or desk.on_terminal) and studio.settings.reminders.is_quiet(studio.now()):
        desk.say(f"It is quiet now ({studio.settings['remind.quiet']}): reminders wait until after that.")


def _show(desk: Desk, found: list[Outcome], *, as_json: bool, dry_run: bool) -> None:
    zone = desk.studio.settings.zone
    empty = "No mail would be sent." if dry_run else "Nothing is due."
    json = [{**one.as_json(zone), "dry_run": dry_run} for one in found]
    output.show_list(desk, _columns(zone, dry_run=dry_run), found, as_json=as_json, json=json, empty=empty)


def _columns(zone: str, *, dry_run: bool) -> tuple[Column, ...]:
    """Return the columns of what was sent, or would be, with times in ``zone``."""

    def number(one: Outcome) -> str:
        return str(one.message.id or "")

    def state(one: Outcome) -> str:
        return "would be sent" if dry_run else one.message.state

    def session(one: Outcome) -> str:
        return str(one.session.id) if one.session else ""

    def what(one: Outcome) -> str:
        return one.session.title if one.session else ""

    def when(one: Outcome) -> str:
        return rfc3339(one.session.starts_at, zone) if one.session else ""

    def about(one: Outcome) -> str:
        return f"{what(one)}, {show_short(one.session.starts_at, zone)}" if one.session else ""

    return (
        Column("#", number, None if dry_run else number, right=True),
        Column("State", state, None if dry_run else state),
        Column("Kind", lambda one: one.message.kind, lambda one: one.message.kind),
        Column("To", lambda one: one.message.to_email, lambda one: one.message.to_email),
        Column("Session", session, session, right=True),
        Column("About", what, about),
        Column("Starts", when, None),
        Column("Why", lambda one: one.why, lambda one: one.why),
    )
