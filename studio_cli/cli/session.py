"""``studio session``: setting up, sharing, confirming."""

from typing import Annotated

import typer
from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import mail, new_session, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking.new_session import SetUp, Wanted
from studio_cli.booking.session_changes import Changed, Edits
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.link import show_link
from studio_cli.cli.mail import failure, not_configured
from studio_cli.cli.params import LARGEST, DryRun, Json, Key, SessionRef, Yes, desk_of, example
from studio_cli.errors import OutsideFailed, WrongUsage
from studio_cli.model.message import Message
from studio_cli.model.session import STATUSES, Channel, Session, Status
from studio_cli.model.text import shown
from studio_cli.model.times import Which, day_begins, parse_day, show_day, show_offset, show_range
from studio_cli.store import session as session_store

app = typer.Typer()


# ── setting up ────────────────────────────────────────────────────────────────────────────────────


@app.command(
    "new",
    epilog=example(
        'studio session new --type family --client rui --at "2026-12-04 10:00" --share email',
        'studio session new --one-off "Team headshots" --duration 2h --price 400 --client rui --at "sat 19:30" --custom',
        'studio session new --type family --add-client "Eva Lima <eva@example.com>" --at "fri 14:00"',
    ),
)
def new(
    ctx: typer.Context,
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="The session type, or the beginning of its name."),
    ] = None,
    one_off: Annotated[
        str | None, typer.Option("--one-off", metavar="TITLE", help="A session without a type.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help='"2026-12-04 10:00", "tomorrow 10:00", "fri 3pm".'),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="Number, address, or the beginning of a name."),
    ] = None,
    add_client: Annotated[
        str | None, typer.Option("--add-client", metavar='"NAME <EMAIL>"', help="A new client.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="TIME", help="90m, 1h30, 2h; else the type's.")
    ] = None,
    price: Annotated[str | None, typer.Option("--price", metavar="AMOUNT", help="Else the type's.")] = None,
    deposit: Annotated[
        str | None, typer.Option("--deposit", metavar="AMOUNT|N%", help="What is due at booking.")
    ] = None,
    pay: Annotated[
        str | None, typer.Option("--pay", metavar="full|deposit|later", help="When it is paid.")
    ] = None,
    location: Annotated[str | None, typer.Option("--location", help="Where it is; else the type's.")] = None,
    form: Annotated[
        str | None,
        typer.Option("--form", metavar="NAME", help="The questionnaire; none for no questionnaire."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="Held only so long: 3d, or a time; else the type's."),
    ] = None,
    notes: Annotated[
        str | None, typer.Option("--notes", help="For yourself; clients never see them.")
    ] = None,
    custom: Annotated[
        bool, typer.Option("--custom", help="A time outside the availability, on purpose.")
    ] = False,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Even where another session is.")
    ] = False,
    first: Annotated[bool, typer.Option("--first", help="Of a time that exists twice, the first.")] = False,
    second: Annotated[
        bool, typer.Option("--second", help="Of a time that exists twice, the second.")
    ] = False,
    share: Annotated[
        str, typer.Option("--share", metavar="email|link|none", help="Give the client the link at once.")
    ] = "none",
    key: Key = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set up a session: what, when, with whom. It is pending until the client completes it or you confirm it."""
    desk = desk_of(ctx)
    if at is None:
        raise WrongUsage("--at is missing.", hint='For example: --at "2026-12-04 10:00"', code="missing")
    wanted = Wanted(
        at=at, type=type_, one_off=one_off, client=client, add_client=add_client, duration=duration, price=price,
        deposit=deposit, pay=pay, location=location, form=form, expires=expires, which=which_of(first, second),
        notes=notes, custom=custom, allow_overlap=allow_overlap, share=_channel(share),
    )  # fmt: skip
    done = new_session.set_up(desk.studio, wanted, key=key, rehearse=dry_run)
    if dry_run:
        _show_rehearsal(desk, done, as_json)
        return
    message, problem = _deliver(desk, done.shared)
    _show_new(desk, done, message, as_json)
    if problem:
        raise problem


def which_of(first: bool, second: bool) -> Which | None:
    """Return which of two equal wall times is meant."""
    if first and second:
        raise WrongUsage("--first and --second contradict each other.", hint="Leave one of them out.")
    return "first" if first else "second" if second else None


def _channel(share: str) -> Channel | None:
    channels: dict[str, Channel | None] = {"email": "email", "link": "direct", "none": None}
    if share not in channels:
        raise WrongUsage(
            f"{shown(share)[:20]!r} is not a way to share.", hint="Use --share email, link or none."
        )
    return channels[share]


def _deliver(desk: Desk, shared: shares.Shared | None) -> tuple[Message | None, OutsideFailed | None]:
    """Send the mail of a share, if it has one; return it and what to say when it was not sent."""
    if shared is None or shared.message_id is None:
        return None, None
    mailer = desk.mailer()
    message = mail.deliver(desk.studio, mailer, shared.message_id, shared.link)
    if message.state in {"sent", "canceled"}:
        return message, None
    if mailer is None:
        return message, not_configured(
            "The mail waits in the outbox; the session is shared, and its link works."
        )
    return message, failure(message)


def _show_new(desk: Desk, done: SetUp, message: Message | None, as_json: bool) -> None:
    session, shared = done.session, done.shared
    if as_json:
        desk.json({**session.as_json(), "share": shared and shared.as_json(message)})
        return
    if not desk.on_terminal:
        link = shared.link if shared and shared.link else ""
        desk.lines([[*[column.plain(session) for column in output.SESSION], link]])
        return
    desk.data(
        f"Session {session.id} {'was set up already' if done.repeated else 'is set up'}: {_sentence(session)}"
    )
    _remark(desk, done)
    if shared and shared.link:
        _show_shared(desk, session, shared.link, message)
        _warn_if_local(desk, shared.link)
    elif not done.repeated:
        desk.say(f"Pending. Share it: studio session share {session.id} --email")


def _sentence(session: Session) -> str:
    zone = session.timezone
    when = f"{show_day(session.starts_at, zone)}, {show_range(session.starts_at, session.ends_at, zone)}"
    return f"{shown(session.title)} with {shown(session.client.name)}\n{when} ({show_offset(session.starts_at, zone)})"


def _remark(desk: Desk, done: SetUp) -> None:
    if done.session.custom_time:
        desk.say("This is outside your availability.")
    if done.overlaps:
        desk.say(f"It overlaps session {' and '.join(map(str, done.overlaps))}, as you allowed.")


def _show_rehearsal(desk: Desk, done: SetUp, as_json: bool) -> None:
    if as_json:
        desk.json({**done.session.as_json(), "id": None, "share": None, "dry_run": True})
        return
    desk.say(f"Nothing was changed. This would be set up: {_sentence(done.session)}")
    _remark(desk, done)
    if done.shared:
        desk.say(
            f"It would be shared by {'mail to ' + str(done.session.client.email) if done.shared.message_id else 'link'}."
        )


# ── changing ──────────────────────────────────────────────────────────────────────────────────────

Custom = Annotated[bool, typer.Option("--custom", help="A time outside the availability, on purpose.")]
AllowOverlap = Annotated[bool, typer.Option("--allow-overlap", help="Even where another session is.")]


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
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help='"2026-12-04 10:00", "fri 3pm".')
    ] = None,
    custom: Custom = False,
    allow_overlap: AllowOverlap = False,
    first: Annotated[bool, typer.Option("--first", help="Of a time that exists twice, the first.")] = False,
    second: Annotated[
        bool, typer.Option("--second", help="Of a time that exists twice, the second.")
    ] = False,
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
    ),
)
def edit(
    ctx: typer.Context,
    session: SessionRef,
    title: Annotated[str | None, typer.Option("--title", help="What clients read.")] = None,
    duration: Annotated[str | None, typer.Option("--duration", metavar="TIME", help="90m, 1h30, 2h.")] = None,
    price: Annotated[str | None, typer.Option("--price", metavar="AMOUNT", help="As 250 or 250.00.")] = None,
    deposit: Annotated[
        str | None, typer.Option("--deposit", metavar="AMOUNT|N%", help="What is due at booking.")
    ] = None,
    pay: Annotated[
        str | None, typer.Option("--pay", metavar="full|deposit|later", help="When it is paid.")
    ] = None,
    location: Annotated[
        str | None, typer.Option("--location", help="Where it is; empty for nowhere.")
    ] = None,
    notes: Annotated[
        str | None, typer.Option("--notes", help="For yourself; clients never see them.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--form", metavar="NAME", help="The questionnaire; none for no questionnaire."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="Held only so long: 3d, a time, or never.")
    ] = None,
    buffer_before: Annotated[
        str | None, typer.Option("--buffer-before", metavar="TIME", help="Free time kept before it.")
    ] = None,
    buffer_after: Annotated[
        str | None, typer.Option("--buffer-after", metavar="TIME", help="Free time kept after it.")
    ] = None,
    custom: Custom = False,
    allow_overlap: AllowOverlap = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change what a session is. A client who has not finished is shown what changed and asked again."""
    desk = desk_of(ctx)
    edits = Edits(
        title, duration, price, deposit, pay, location, notes, form, expires, buffer_before, buffer_after
    )
    nothing = session_changes.nothing_said(edits)
    if nothing:
        raise nothing
    done = session_changes.edit(
        desk.studio, session, edits, custom=custom, allow_overlap=allow_overlap, rehearse=dry_run
    )
    _show_changed(desk, done, as_json, dry_run)


def _show_changed(desk: Desk, done: Changed, as_json: bool, dry_run: bool) -> None:
    session = done.after
    if as_json:
        differences = {
            name: {"before": before, "after": after} for name, (before, after) in done.fields.items()
        }
        desk.json({**session.as_json(), "changed": done.changed, "changes": differences, "dry_run": dry_run})
        return
    if desk.on_terminal:
        words = "would be" if dry_run else "is"
        desk.data(f"Session {session.id} {words if done.changed else 'was already'} {_sentence(session)}")
        for name, (before, after) in done.fields.items():
            desk.data(f"{name}: {output.plain(before)} → {output.plain(after)}")
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
        desk.say("Its client is asked to review it again.")


@app.command("history", epilog=example("studio session history 12", "studio session history last --json"))
def history(ctx: typer.Context, session: SessionRef, as_json: Json = False) -> None:
    """Show what happened to a session: who did what, when, with old and new."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    output.show_history(desk, sessions.history(desk.studio, found), found.timezone, as_json=as_json)


# ── looking ───────────────────────────────────────────────────────────────────────────────────────


@app.command(
    "list",
    epilog=example(
        "studio session list --status pending", "studio session list --from today --to +30d --json"
    ),
)
def list_(
    ctx: typer.Context,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help=", ".join(STATUSES) + "; may be repeated."),
    ] = None,
    client: Annotated[
        str | None, typer.Option("--client", metavar="CLIENT", help="Only this client's.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="2026-12-01, today, +7d.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Until the end of this day.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, max=LARGEST, help="At most so many.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the sessions by their time."""
    desk = desk_of(ctx)
    studio = desk.studio
    zone, now = studio.settings.zone, studio.now()
    rows = session_store.listed(
        studio.file,
        now,
        statuses=[_status(one) for text in status or () for one in text.split(",")],
        client_id=clients.find(studio, client).id if client else None,
        first=_begin_of(first, zone, now) if first else None,
        last=_begin_of(last, zone, now, days_later=1) if last else None,
        limit=limit,
    )
    narrowed = bool(status or client or first or last)
    output.show_list(
        desk,
        output.SESSION,
        rows,
        as_json=as_json,
        json=[session.as_json() for session in rows] if as_json else [],
        empty="No such sessions." if narrowed else "No sessions yet. Set one up: studio session new --help",
    )


def _begin_of(text: str, zone: str, now: Instant, *, days_later: int = 0) -> Instant:
    try:
        return day_begins(parse_day(text, zone, now).add(days=days_later), zone)
    except ValueError:  # beyond the year 9999
        raise WrongUsage(f"{shown(text)[:40]!r} is too far away.", hint="Write it like 2026-12-04.") from None


def _status(text: str) -> Status:
    for status in STATUSES:
        if text.strip() == status:
            return status
    raise WrongUsage(f"{shown(text)[:30]!r} is not a status.", hint=f"Use one of: {', '.join(STATUSES)}.")


@app.command("show", epilog=example("studio session show 12", "studio session show last --answers --json"))
def show(
    ctx: typer.Context,
    session: SessionRef,
    answers: Annotated[bool, typer.Option("--answers", help="With what the client answered.")] = False,
    as_json: Json = False,
) -> None:
    """Show one session: its steps, its money, its links."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    given = sessions.answers(desk.studio, found) if answers else []
    if as_json:
        extra = {"answers": [answer.as_json() for answer in given]} if answers else {}
        desk.json({**found.as_json(), **extra})
    else:
        output.show_session(desk, found, given)


# ── sharing ───────────────────────────────────────────────────────────────────────────────────────


@app.command(
    "share",
    epilog=example(
        "studio session share 12 --email",
        "studio session share last --link",
        "studio session share 12 --qr --copy",
    ),
)
def share(
    ctx: typer.Context,
    session: SessionRef,
    email: Annotated[bool, typer.Option("--email", help="Send the client a mail with a link.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Print a link, and nothing else.")] = False,
    qr: Annotated[bool, typer.Option("--qr", help="Show a link as a QR code.")] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Put a link on the clipboard of your terminal.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Give the client a link, as often as you like while the session is pending. Earlier links go on working."""
    desk = desk_of(ctx)
    if email == (link or qr or copy):
        words = "Say one way to share." if email else "How to share it is missing."
        raise WrongUsage(words, hint="Add --email, or any of --link, --qr and --copy.", code="missing")
    shared = shares.share(desk.studio, session, "email" if email else "direct")
    assert shared.link is not None
    message, problem = _deliver(desk, shared)
    if as_json:
        desk.json(shared.as_json(message))
    elif email and desk.on_terminal:
        _show_shared(desk, sessions.get(desk.studio, shared.session_id), shared.link, message)
    else:
        show_link(desk, shared.link, qr=qr, copy=copy)
    _warn_if_local(desk, shared.link)
    if problem:
        raise problem


def _show_shared(desk: Desk, session: Session, link: str, message: Message | None) -> None:
    if message and message.state == "sent":
        desk.data(f"Shared by mail with {session.client.email}. Pending until the client has completed it.")
    elif message is None:
        desk.data("Shared by link. Pending until the client has completed it.")
    desk.data(link)


def _warn_if_local(desk: Desk, link: str) -> None:
    """Say, to a person, when a link leads nowhere but to this machine."""
    if desk.on_terminal and link.startswith(("http://127.", "http://localhost", "http://[::1]")):
        desk.say("This link works on this computer only, while studio serve-link runs.")
        desk.say("For clients elsewhere: studio config set web.public_url https://…")


@app.command("link", epilog=example("studio session link 12", "studio session link 12 --revoke"))
def link(
    ctx: typer.Context,
    session: SessionRef,
    revoke: Annotated[bool, typer.Option("--revoke", help="End its links at once.")] = False,
    share: Annotated[
        int | None, typer.Option("--share", metavar="SHARE", help="With --revoke: only this share's.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """List a session's links, or end them. To make one: session share SESSION --link."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    if revoke:
        if desk.may_ask:
            desk.agree(f"End {f'share {share}' if share else 'all links'} of session {found.id}?", yes=yes)
        found, ended = shares.revoke(desk.studio, str(found.id), share)
        if not as_json:
            desk.say(f"{ended} link{'' if ended == 1 else 's'} of session {found.id} ended.")
    if as_json:
        desk.json({"session": found.id, "shares": [share.as_json(found.timezone) for share in found.shares]})
    elif not revoke:
        json = [share.as_json(found.timezone) for share in found.shares]
        empty = f"Not shared yet. Share it: studio session share {found.id} --link"
        output.show_list(
            desk, output.share_columns(found.timezone), found.shares, as_json=False, json=json, empty=empty
        )


# ── deciding ──────────────────────────────────────────────────────────────────────────────────────


@app.command("confirm", epilog=example("studio session confirm 12"))
def confirm(ctx: typer.Context, session: SessionRef, yes: Yes = False, as_json: Json = False) -> None:
    """Confirm a session yourself. The client then need not do any step that is left."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    if desk.may_ask and not yes and not as_json and found.status == "pending":
        desk.agree(
            f"Confirm session {found.id}, {shown(found.title)} with {shown(found.client.name)}?{_would_waive(found)}",
            yes=False,
        )
    done = sessions.confirm(desk.studio, str(found.id))
    if as_json:
        waived = [step.name for step in done.waived]
        money = done.waived_money.as_json() if done.waived_money else None
        desk.json(
            {**done.session.as_json(), "waived": waived, "waived_money": money, "changed": done.changed}
        )
        return
    _show_change(desk, done, "confirmed")
    if done.waived:
        desk.say(f"Waived: {', '.join(step.name for step in done.waived)}.{_money_words(done)}")


def _would_waive(session: Session) -> str:
    steps = ", ".join(step.name for step in session.waiting_for)
    money = f" and {session.due_now} due now" if session.due_now else ""
    return f"\nThis waives: {steps}{money}." if steps else ""


def _money_words(done: sessions.Change) -> str:
    if not done.waived_money:
        return ""
    return (
        f" {done.waived_money} is no longer asked for now; {done.session.balance} of the price is still open."
    )


@app.command("reopen", epilog=example("studio session reopen 12"))
def reopen(
    ctx: typer.Context,
    session: SessionRef,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Even where another session is now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a confirmed or expired session pending again: the client is asked for what was waived."""
    desk = desk_of(ctx)
    done = sessions.reopen(desk.studio, session, allow_overlap=allow_overlap)
    if as_json:
        desk.json({**done.session.as_json(), "changed": done.changed})
    else:
        _show_change(desk, done, "pending")


@app.command("cancel", epilog=example("studio session cancel 12 --yes"))
def cancel(ctx: typer.Context, session: SessionRef, yes: Yes = False, as_json: Json = False) -> None:
    """Cancel a session and free its time. It cannot be taken back; what was paid stays in the ledger."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session)
    if found.status != "canceled":
        paid = f"\n{found.paid} was paid and stays in the ledger." if found.paid else ""
        desk.agree(
            f"Cancel session {found.id}, {shown(found.title)} with {shown(found.client.name)}?{paid}", yes=yes
        )
    done = sessions.cancel(desk.studio, str(found.id))
    if as_json:
        desk.json({**done.session.as_json(), "changed": done.changed})
        return
    _show_change(desk, done, "canceled")
    if done.changed and done.session.paid:
        desk.say(f"{done.session.paid} was paid for it; nothing is refunded by itself.")


def _show_change(desk: Desk, done: sessions.Change, word: str) -> None:
    session = done.session
    if desk.on_terminal:
        desk.data(f"Session {session.id} {'is' if done.changed else 'was already'} {word}.")
    else:
        desk.lines([[column.plain(session) for column in output.SESSION]])
        if not done.changed:
            desk.say(f"Session {session.id} was already {word}.")
