"""``studio session new``: setting up."""

from typing import Annotated

import typer

from studio_cli.booking import new_session
from studio_cli.booking.new_session import SetUp, Wanted
from studio_cli.cli import columns
from studio_cli.cli.cards import sentence, until
from studio_cli.cli.desk import Desk
from studio_cli.cli.link import copy_link, show_qr
from studio_cli.cli.news import News, note_of, rehearsed
from studio_cli.cli.params import (
    AllowOverlap,
    At,
    BalanceDue,
    Client,
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
    Key,
    LanguageTag,
    Location,
    NoReminders,
    Notes,
    Pay,
    PersonalNote,
    Price,
    Refunds,
    Second,
    Tax,
    Tips,
    WriteNote,
    desk_of,
    example,
    which_of,
)
from studio_cli.cli.session_share import deliver, mailer_for, show_shared, warn_if_local
from studio_cli.errors import WrongUsage
from studio_cli.model.message import Message
from studio_cli.model.session import Channel
from studio_cli.model.text import shown

app = typer.Typer()


@app.command(
    "new",
    epilog=example(
        'studio session new --type family --client rui --at "2026-12-04 10:00" --share email',
        'studio session new --one-off "Team headshots" --duration 2h --price 400 --client rui --at "sat 19:30" --custom',
        'studio session new --type family --add-client "Eva Lima <eva@example.com>" --at "fri 14:00"',
        'studio session new --type family --client rui --at "fri 14:00" --inquiry',
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
    at: At = None,
    client: Client = None,
    add_client: Annotated[
        str | None, typer.Option("--add-client", metavar='"NAME <EMAIL>"', help="A new client.")
    ] = None,
    client_email: Annotated[
        str | None, typer.Option("--client-email", help="The client's address, if you had none yet.")
    ] = None,
    client_phone: Annotated[
        str | None, typer.Option("--client-phone", help="The client's phone number, if you had none yet.")
    ] = None,
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
    form: FormName = None,
    contract: ContractName = None,
    language: LanguageTag = None,
    expires: Expires = None,
    notes: Notes = None,
    no_reminders: NoReminders = False,
    custom: Custom = False,
    allow_overlap: AllowOverlap = False,
    first: First = False,
    second: Second = False,
    share: Annotated[
        str,
        typer.Option(
            "--share",
            metavar="email|link|copy|qr|none",
            help="Give the client the link at once: a mail, or the link, on the clipboard or as a QR code too.",
        ),
    ] = "none",
    inquiry: Annotated[
        bool, typer.Option("--inquiry", help="Only a request as yet, that you answer later.")
    ] = False,
    message: PersonalNote = None,
    write: WriteNote = False,
    key: Key = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set up a session: what, when, with whom. It is pending until the client completes it or you confirm it.

    What is not said is as the type says. On a terminal what is missing is asked for.
    """
    desk = desk_of(ctx)
    channel = _channel(share)
    incomplete = at is None or not (type_ or (one_off and duration)) or not (client or add_client)
    if incomplete and desk.may_guide and not as_json:
        from studio_cli.cli.guided import session_new as guided

        guided.run(ctx, new)
        return
    if at is None:
        raise WrongUsage("--at is missing.", hint='For example: --at "2026-12-04 10:00"', code="missing")
    wanted = Wanted(
        at=at, type=type_, one_off=one_off, client=client, add_client=add_client, duration=duration, price=price,
        deposit=deposit, pay=pay, discount=discount, discount_reason=discount_reason, tax=tax,
        balance_due=balance_due, tips=tips, refunds=refunds, location=location, form=form, contract=contract, language=language, expires=expires, which=which_of(first, second),
        notes=notes, custom=custom, allow_overlap=allow_overlap, share=channel, note=note_of(desk, message, write),
        inquiry=inquiry, no_reminders=no_reminders, client_email=client_email, client_phone=client_phone,
    )  # fmt: skip
    mailer = mailer_for(desk, wanted.share)
    with rehearsed(desk, dry_run) as news:
        done = new_session.set_up(desk.studio, wanted, key=key)
    if dry_run:
        _show_rehearsal(desk, done, news, as_json)
        return
    sent, problem = deliver(desk, done.shared, mailer)
    _show_new(desk, done, sent, as_json)
    _hand_over(desk, done, share)
    news.send(done.session.id)  # holds that have run out meanwhile
    if problem:
        raise problem


def _channel(share: str) -> Channel | None:
    channels: dict[str, Channel | None] = {
        "email": "email", "link": "direct", "copy": "direct", "qr": "direct", "none": None,
    }  # fmt: skip
    if share not in channels:
        raise WrongUsage(
            f"{shown(share)[:20]!r} is not a way to share.", hint="Use --share email, link, copy, qr or none."
        )
    return channels[share]


def _show_new(desk: Desk, done: SetUp, message: Message | None, as_json: bool) -> None:
    session, shared = done.session, done.shared
    if as_json:
        desk.json(
            {
                **session.as_json(),
                "share": shared and shared.as_json(message),
                "mails": [],
                "dry_run": False,
            }
        )
        return
    if not desk.on_terminal:
        link = shared.link if shared and shared.link else ""
        desk.lines([[*[column.plain(session) for column in columns.SESSION], link]])
        return
    desk.data(
        f"Session {session.id} {'was set up already' if done.repeated else 'is set up'}: {sentence(session)}"
    )
    _remark(desk, done)
    if shared and shared.link:
        show_shared(desk, session, shared.link, message)
        warn_if_local(desk, shared.link)
    elif session.status == "inquiry":
        desk.say(f"It waits for your answer{until(session)}: studio session accept {session.id}")
    elif not done.repeated:
        how = "--email" if session.client.email else "--link"
        desk.say(f"Pending{until(session)}. Share it: studio session share {session.id} {how}")


def _hand_over(desk: Desk, done: SetUp, share: str) -> None:
    link = done.shared.link if done.shared else None
    if link and share == "qr":
        show_qr(desk, link)
    if link and share == "copy":
        copy_link(desk, link)


def _remark(desk: Desk, done: SetUp) -> None:
    if done.session.custom_time:
        desk.say("This is outside your availability.")
    if done.overlaps:
        desk.say(f"It overlaps session {' and '.join(map(str, done.overlaps))}, as you allowed.")


def _show_rehearsal(desk: Desk, done: SetUp, news: News, as_json: bool) -> None:
    if as_json:
        number = done.session.id if done.repeated else None
        desk.json(
            {**done.session.as_json(), "id": number, "share": None, "mails": news.as_json(), "dry_run": True}
        )
        return
    if done.repeated:
        desk.say(f"Nothing would be changed: session {done.session.id} was set up with this key already.")
        return
    desk.say(f"Nothing was changed. This would be set up: {sentence(done.session)}")
    _remark(desk, done)
    if done.shared:
        desk.say(
            f"It would be shared by {'mail to ' + str(done.session.client.email) if done.shared.message_id else 'link'}."
        )
        if done.shared.message_id:
            news.say()
