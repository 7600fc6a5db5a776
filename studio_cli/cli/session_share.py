"""``studio session share · link``: giving the client a link."""

from typing import Annotated

import typer

from studio_cli.booking import mail
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.cli import columns, output
from studio_cli.cli.cards import until
from studio_cli.cli.desk import Desk
from studio_cli.cli.link import Copy, Qr, show_link
from studio_cli.cli.news import News, note_of, rehearsed, warn_of_template
from studio_cli.cli.outbox import failure, not_configured
from studio_cli.cli.params import (
    DryRun,
    Json,
    PersonalNote,
    SessionPick,
    SessionRef,
    WriteNote,
    Yes,
    desk_of,
    example,
    missing_argument,
)
from studio_cli.errors import OutsideFailed, WrongUsage
from studio_cli.model.message import Message
from studio_cli.model.session import Channel, Session
from studio_cli.model.settings import is_local

app = typer.Typer()


def mailer_for(desk: Desk, channel: Channel | None) -> mail.Mailer | None:
    """Return the mail server for a share by mail. Asked for before anything is saved: its secret may be unreadable."""
    return desk.mailer() if channel == "email" else None


def deliver(
    desk: Desk, shared: shares.Shared | None, mailer: mail.Mailer | None
) -> tuple[Message | None, OutsideFailed | None]:
    """Send the mail of a share, if it has one; return it and what to say when it was not sent."""
    if shared is None or shared.message_id is None:
        return None, None
    message = mail.deliver(desk.studio, mailer, shared.message_id, shared.link)
    warn_of_template(desk, message)
    if message.state in {"sent", "canceled", "sending"}:  # or somebody else is just sending it
        return message, None
    if mailer is None:
        return message, not_configured(
            "The mail waits in the outbox; the session is shared, and its link works."
        )
    return message, failure(message)


@app.command(
    "share",
    epilog=example(
        "studio session share 12 --email",
        'studio session share 12 --email --message "Looking forward to it"',
        "studio session share last --link",
        "studio session share 12 --qr --copy",
    ),
)
def share(
    ctx: typer.Context,
    session: SessionPick = None,
    email: Annotated[bool, typer.Option("--email", help="Send the client a mail with a link.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Print a link, and nothing else.")] = False,
    qr: Qr = False,
    copy: Copy = False,
    browse: Annotated[
        bool, typer.Option("--open", help="Open it in your browser; it counts as opened then.")
    ] = False,
    message: PersonalNote = None,
    write: WriteNote = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give the client a link, as often as you like while the session is pending. Earlier links go on working."""
    desk = desk_of(ctx)
    if (session is None or not (email or link or qr or copy or browse)) and desk.may_guide and not as_json:
        from studio_cli.cli.guided import share as guided

        guided.run(ctx, share)
        return
    if session is None:
        raise missing_argument(ctx, "SESSION")
    if email == (link or qr or copy or browse):
        words = "Say one way to share." if email else "How to share it is missing."
        raise WrongUsage(
            words, hint="Add --email, or any of --link, --qr, --copy and --open.", code="missing"
        )
    channel: Channel = "email" if email else "direct"
    mailer = mailer_for(desk, channel)
    note = note_of(desk, message, write)
    with rehearsed(desk, dry_run) as news:
        shared = shares.share(desk.studio, session, channel, note=note)
    if dry_run:
        _show_rehearsal(desk, shared, news, as_json)
        return
    assert shared.link is not None
    sent, problem = deliver(desk, shared, mailer)
    if as_json:
        desk.json({**shared.as_json(sent), "mails": [], "dry_run": False})
    elif email and desk.on_terminal:
        show_shared(desk, sessions.get(desk.studio, shared.session_id), shared.link, sent)
    else:
        show_link(desk, shared.link, qr=qr, copy=copy, browse=browse)
    warn_if_local(desk, shared.link)
    news.send(shared.session_id)  # holds that have run out meanwhile
    if problem:
        raise problem


def _show_rehearsal(desk: Desk, shared: shares.Shared, news: News, as_json: bool) -> None:
    if as_json:
        unmade = {"share": None, "link": None, "mails": news.as_json(), "dry_run": True}
        desk.json({**shared.as_json(None), **unmade})
        return
    to = sessions.get(desk.studio, shared.session_id).client.email if shared.channel == "email" else None
    desk.say(
        f"Nothing was changed. Session {shared.session_id} would be shared by {f'mail to {to}' if to else 'link'}."
    )
    if to:
        news.say()


def show_shared(desk: Desk, session: Session, link: str, message: Message | None) -> None:
    """Say how a session was shared, and show the link."""
    if message and message.state == "sent":
        desk.data(
            f"Shared by mail with {session.client.email}. Pending{until(session)}: the client completes it."
        )
    elif message is None:
        desk.data(f"Shared by link. Pending{until(session)}: the client completes it.")
    desk.data(link)


def warn_if_local(desk: Desk, link: str) -> None:
    """Say when a link leads nowhere but to this machine."""
    if not (desk.on_terminal and is_local(link)):
        return
    desk.say("This link works on this computer only, while studio serve-link runs.")
    if desk.studio.settings.get("web.public_url"):
        desk.say("web.public_url is an address of this computer, which nobody else can open.")
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
        living = [one for one in found.shares if one.revoked_at is None]
        if desk.may_ask and living:
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
            desk, columns.share_columns(found.timezone), found.shares, as_json=False, json=json, empty=empty
        )
