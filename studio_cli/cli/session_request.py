"""``studio session accept · decline · propose``: answering a request."""

from typing import Annotated, Any

import typer

from studio_cli.booking import request
from studio_cli.booking.request import Answer
from studio_cli.cli import columns
from studio_cli.cli.cards import sentence, until
from studio_cli.cli.desk import Desk
from studio_cli.cli.news import News, note_of, rehearsed
from studio_cli.cli.params import (
    AllowOverlap,
    At,
    Custom,
    DryRun,
    First,
    Json,
    NoEmail,
    PersonalNote,
    Second,
    SessionRef,
    WriteNote,
    desk_of,
    example,
    which_of,
)
from studio_cli.model.session import Session
from studio_cli.model.times import rfc3339, show_short

app = typer.Typer()


@app.command(
    "accept",
    epilog=example(
        "studio session accept 12",
        'studio session accept 12 --at "2026-12-04 14:00" --message "The light is better then."',
        "studio session accept 12 --wish 2",
    ),
)
def accept(
    ctx: typer.Context,
    session: SessionRef,
    at: At = None,
    wish: Annotated[
        int | None, typer.Option("--wish", metavar="N", help="At the time that they wish for in this place.")
    ] = None,
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
    """Accept a request: it is pending, and its client does what is left. With nothing left it is confirmed."""
    desk = desk_of(ctx)
    note = note_of(desk, message, write)
    with rehearsed(desk, dry_run) as news:
        done = request.accept(
            desk.studio,
            session,
            at=at,
            wish=wish,
            which=which_of(first, second),
            custom=custom,
            allow_overlap=allow_overlap,
            tell=not no_email,
            note=note,
        )
    if as_json:
        _show_json(desk, done, news)
    else:
        _show(desk, done, "accepted", dry_run=dry_run)
        if done.changed and not dry_run:
            _say_what_is_next(desk, done.session)
        news.send(done.session.id)
    news.say()


def _say_what_is_next(desk: Desk, session: Session) -> None:
    if session.waiting_for:
        names = ", ".join(step.name for step in session.waiting_for)
        desk.say(f"Left for the client: {names}.")
    if not any(share.revoked_at is None for share in session.shares):
        desk.say(f"They have no link yet: studio session share {session.id} --link")


@app.command(
    "decline", epilog=example('studio session decline 12 --message "I am away that week; how about January?"')
)
def decline(
    ctx: typer.Context,
    session: SessionRef,
    message: PersonalNote = None,
    write: WriteNote = False,
    no_email: NoEmail = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Decline a request: its time is free again. It cannot be taken back; to offer another time: propose."""
    desk = desk_of(ctx)
    note = note_of(desk, message, write)
    with rehearsed(desk, dry_run) as news:
        done = request.decline(desk.studio, session, tell=not no_email, note=note)
    if as_json:
        _show_json(desk, done, news)
    else:
        _show(desk, done, "declined", dry_run=dry_run)
        news.send(done.session.id)
    news.say()


@app.command(
    "propose",
    epilog=example(
        'studio session propose 12 --at "fri 14:00"',
        'studio session propose 12 --at "2026-12-04 14:00" --at "2026-12-05 10:00"',
    ),
)
def propose(
    ctx: typer.Context,
    session: SessionRef,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="TIME", help="A free time; several to choose from, the first is held."),
    ] = None,
    custom: Custom = False,
    first: First = False,
    second: Second = False,
    message: PersonalNote = None,
    write: WriteNote = False,
    no_email: NoEmail = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Propose other times for a request. Its client says yes to one on their link, or asks for another."""
    desk = desk_of(ctx)
    note = note_of(desk, message, write)
    with rehearsed(desk, dry_run) as news:
        done = request.propose(
            desk.studio,
            session,
            at or [],
            which=which_of(first, second),
            custom=custom,
            tell=not no_email,
            note=note,
        )
    if as_json:
        _show_json(desk, done, news)
    else:
        _show_proposal(desk, done, dry_run=dry_run)
        news.send(done.session.id)
    news.say()


def _show_proposal(desk: Desk, done: Answer, *, dry_run: bool) -> None:
    session = done.session
    if not desk.on_terminal:
        desk.lines([[column.plain(session) for column in columns.SESSION]])
    times = ", ".join(show_short(moment, session.timezone) for moment in session.offered)
    verb = "Would be proposed" if dry_run else "Proposed" if done.changed else "Proposed already"
    say = desk.data if desk.on_terminal else desk.say
    say(f"{verb} for session {session.id}: {times}.")
    if session.holds_time and session.expires_at:
        held, deadline = (
            show_short(moment, session.timezone) for moment in (session.offered[0], session.expires_at)
        )
        desk.say(f"{held} is held until {deadline}.")
    if done.changed and not dry_run and not session.shares:
        desk.say(f"They have no link yet: studio session share {session.id} --link")


def _show(desk: Desk, done: Answer, word: str, *, dry_run: bool) -> None:
    session = done.session
    if desk.on_terminal:
        verb = "would be" if dry_run else "is"
        if not done.changed:
            desk.data(f"Session {session.id} was {word} already: it is {session.status}.")
        elif word == "accepted":
            desk.data(f"Session {session.id} {verb} {session.status}{until(session)}: {sentence(session)}")
        else:
            desk.data(f"Session {session.id} {verb} {word}.")
    else:
        desk.lines([[column.plain(session) for column in columns.SESSION]])
        if not done.changed:
            desk.say(f"Session {session.id} was {word} already.")
    if done.changed and done.before.starts_at != session.starts_at:
        desk.say(f"They had asked for {show_short(done.before.starts_at, session.timezone)}.")
    if done.overlaps:
        desk.say(f"It overlaps session {' and '.join(map(str, done.overlaps))}, as you allowed.")


def _show_json(desk: Desk, done: Answer, news: News) -> None:
    news.send(done.session.id)
    zone = done.session.timezone
    more: dict[str, Any] = {"changed": done.changed, "asked_for": rfc3339(done.before.starts_at, zone)}
    more |= {"overlaps": list(done.overlaps), "mails": news.as_json(), "dry_run": news.dry_run}
    desk.json({**done.session.as_json(), **more})
