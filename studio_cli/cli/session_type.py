"""``studio type``: what the studio offers."""

from dataclasses import replace
from typing import Annotated

import typer

from studio_cli.booking import mini as minis
from studio_cli.booking import session_type as types
from studio_cli.booking import site as sites
from studio_cli.booking import slot
from studio_cli.booking.mini import TypedDays
from studio_cli.booking.session_type import TypedOffer
from studio_cli.cli import cards, columns, output
from studio_cli.cli.desk import Desk
from studio_cli.cli.link import Copy, Open, Qr, show_link
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.params import (
    BalanceDue,
    BufferAfter,
    BufferBefore,
    CancelUntil,
    ContractName,
    Deposit,
    Discount,
    DiscountReason,
    Duration,
    FormName,
    Json,
    Key,
    Location,
    MoveUntil,
    Pay,
    Price,
    Refunds,
    Tax,
    Tips,
    TypeRef,
    desk_of,
    example,
    missing_argument,
)
from studio_cli.errors import WrongUsage
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import TypedSite
from studio_cli.model.times import show_date, show_short
from studio_cli.store import session_type as type_store

app = typer.Typer()

Slug = Annotated[str | None, typer.Option("--slug", help="Its short name; else made of the name.")]
Increment = Annotated[
    str | None, typer.Option("--increment", metavar="TIME", help="Slots begin every so often (30m).")
]
Notice = Annotated[str | None, typer.Option("--notice", metavar="TIME", help="How early clients must book.")]
Window = Annotated[
    str | None, typer.Option("--window", metavar="DAYS", help="How far ahead clients can book: 60d.")
]
PerDay = Annotated[int | None, typer.Option("--per-day", metavar="N", help="At most so many a day.")]
Hold = Annotated[
    str | None, typer.Option("--hold", metavar="TIME", help="Pending sessions expire after this: 3d.")
]
Private = Annotated[
    bool | None, typer.Option("--private/--public", help="Whether only those with its link see it.")
]
Publish = Annotated[
    bool | None, typer.Option("--publish/--unpublish", help="Whether clients book it on your booking site.")
]
Description = Annotated[
    str | None, typer.Option("--description", metavar="TEXT", help="What clients read about it there.")
]
Approval = Annotated[
    bool | None, typer.Option("--approval/--no-approval", help="Whether you say yes or no to each.")
]
RequestKind = Annotated[
    str | None,
    typer.Option(
        "--request",
        metavar="hold|free|wishes",
        help="While you think: the time is held, stays free, or they only name times that suit.",
    ),
]
SiteHold = Annotated[
    str | None,
    typer.Option("--site-hold", metavar="TIME", help="How long a time picked there is held (15m)."),
]
VerifyEmail = Annotated[
    bool | None,
    typer.Option("--verify-email/--no-verify-email", help="Hold it only once the mail is opened."),
]
WaitingList = Annotated[
    bool | None,
    typer.Option(
        "--waiting-list/--no-waiting-list", help="Whether who finds no time can ask to be told of one."
    ),
]
On = Annotated[
    list[str] | None, typer.Option("--on", metavar="DAY", help="A date of mini sessions; may be repeated.")
]
Opens = Annotated[str | None, typer.Option("--from", metavar="HH:MM", help="When the first slot begins.")]
Closes = Annotated[str | None, typer.Option("--to", metavar="HH:MM", help="When the last slot ends.")]
Breaks = Annotated[
    list[str] | None, typer.Option("--break", metavar="RANGE", help="A break, 12:00-13:00; may be repeated.")
]
Reminders = Annotated[
    str | None,
    typer.Option(
        "--reminders",
        metavar="on|off|NAMES",
        help='Of what clients are reminded: on, off, "unfinished, tomorrow".',
    ),
]


@app.command(
    "add",
    epilog=example(
        'studio type add "Family session" --duration 90m --price 250 --deposit 50',
        'studio type add "Consultation" --duration 30m --price 0',
        'studio type add "Santa minis" --price 90 --mini --on 2026-12-12 --from 10:00 --to 16:00 --every 20m --break 12:00-13:00',
    ),
)
def add(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="What clients read.", show_default=False)] = None,
    slug: Slug = None,
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
    buffer_before: BufferBefore = None,
    buffer_after: BufferAfter = None,
    increment: Increment = None,
    notice: Notice = None,
    window: Window = None,
    per_day: PerDay = None,
    hold: Hold = None,
    form: FormName = None,
    contract: ContractName = None,
    private: Private = None,
    publish: Publish = None,
    description: Description = None,
    approval: Approval = None,
    request: RequestKind = None,
    site_hold: SiteHold = None,
    verify_email: VerifyEmail = None,
    move_until: MoveUntil = None,
    cancel_until: CancelUntil = None,
    waiting_list: WaitingList = None,
    reminders: Reminders = None,
    mini: Annotated[
        bool, typer.Option("--mini", help="Short slots on given dates: --on, --from, --to, --every, --break.")
    ] = False,
    on: On = None,
    opens: Opens = None,
    closes: Closes = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="TIME", help="How long a slot is: 20m.")
    ] = None,
    breaks: Breaks = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="At most so many mini sessions a date.")
    ] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Add a session type. A price without more is due whole at booking. On a terminal what is missing is asked for."""
    desk = desk_of(ctx)
    incomplete = name is None or duration is None or price is None
    if incomplete and not mini and desk.may_guide and not as_json:
        from studio_cli.cli.guided import session_type as guided

        guided.run(ctx, add)
        return
    if name is None:
        raise missing_argument(ctx, "NAME")
    typed = TypedOffer(
        name, slug, duration, price, deposit, pay, discount, discount_reason, tax, balance_due, tips, refunds, location,
        buffer_before, buffer_after,
        increment, notice, window, per_day, hold, form, contract, private,
        TypedSite(
            publish, description, approval, request, site_hold, verify_email, move_until, cancel_until, waiting_list
        ),
        reminders,
    )  # fmt: skip
    days = TypedDays(tuple(on or ()), opens, closes, tuple(breaks or ()))
    if mini:
        limited = replace(typed, per_day=limit if limit is not None else per_day)
        offer, new = minis.add(desk.studio, limited, every, days, key=key)
    elif days != TypedDays() or every or limit:
        raise WrongUsage(
            "--on, --from, --to, --every, --break and --limit are for --mini.", hint="Add --mini."
        )
    else:
        offer, new = types.add(desk.studio, typed, key=key)
    _show(desk, offer, "is added" if new else "was there already", as_json)


@app.command(
    "list",
    cls=lists(columns.type_columns("UTC")),
    epilog=example("studio type list", "studio type list --columns slug,price,published --sort price"),
)
def list_(
    ctx: typer.Context,
    archived: Annotated[bool, typer.Option("--archived", help="The archived ones too.")] = False,
) -> None:
    """List the session types."""
    desk = desk_of(ctx)
    zone = desk.studio.settings.zone
    output.show_as(
        desk,
        listing_of(ctx),
        columns.type_columns(zone),
        type_store.listed(desk.studio.file, archived=archived),
        json=lambda offer: offer.as_json(zone),
        empty='No session types yet. Add one: studio type add "Family session" --duration 90m --price 250',
    )


@app.command("show", epilog=example("studio type show family"))
def show(ctx: typer.Context, type_: TypeRef, as_json: Json = False) -> None:
    """Show one session type."""
    desk = desk_of(ctx)
    offer = types.find(desk.studio, type_)
    zone = desk.studio.settings.zone
    if as_json:
        desk.json(offer.as_json(zone))
    else:
        cards.show_type(desk, offer, zone, minis.dates_of(desk.studio, offer))


@app.command(
    "edit",
    epilog=example(
        "studio type edit family --price 280 --deposit 20%",
        'studio type edit family --reminders "unfinished, tomorrow"',
    ),
)
def edit(
    ctx: typer.Context,
    type_: TypeRef,
    name: Annotated[str | None, typer.Option("--name", help="What clients read.")] = None,
    slug: Slug = None,
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
    buffer_before: BufferBefore = None,
    buffer_after: BufferAfter = None,
    increment: Increment = None,
    notice: Notice = None,
    window: Window = None,
    per_day: PerDay = None,
    hold: Hold = None,
    form: FormName = None,
    contract: ContractName = None,
    private: Private = None,
    publish: Publish = None,
    description: Description = None,
    approval: Approval = None,
    request: RequestKind = None,
    site_hold: SiteHold = None,
    verify_email: VerifyEmail = None,
    move_until: MoveUntil = None,
    cancel_until: CancelUntil = None,
    waiting_list: WaitingList = None,
    reminders: Reminders = None,
    as_json: Json = False,
) -> None:
    """Change a session type. Sessions that are set up already keep what they have; only --reminders is for them too."""
    desk = desk_of(ctx)
    typed = TypedOffer(
        name, slug, duration, price, deposit, pay, discount, discount_reason, tax, balance_due, tips, refunds, location,
        buffer_before, buffer_after,
        increment, notice, window, per_day, hold, form, contract, private,
        TypedSite(
            publish, description, approval, request, site_hold, verify_email, move_until, cancel_until, waiting_list
        ),
        reminders,
    )  # fmt: skip
    types.find(desk.studio, type_)
    if typed == TypedOffer():
        raise WrongUsage(
            "Nothing to change was said.", hint=f"For example: studio type edit {type_} --price 280"
        )
    _show(desk, types.edit(desk.studio, type_, typed), "is changed", as_json)


@app.command(
    "dates",
    epilog=example(
        "studio type dates santa-minis --on 2026-12-13 --from 10:00 --to 14:00",
        "studio type dates santa-minis --on 2026-12-12 --off",
    ),
)
def dates(
    ctx: typer.Context,
    type_: TypeRef,
    on: On = None,
    opens: Opens = None,
    closes: Closes = None,
    breaks: Breaks = None,
    off: Annotated[bool, typer.Option("--off", help="Not on these dates any more.")] = False,
    as_json: Json = False,
) -> None:
    """Give mini sessions more dates, or take dates away. Sessions that are booked stay."""
    desk = desk_of(ctx)
    days = TypedDays(tuple(on or ()), opens, closes, tuple(breaks or ()))
    made = minis.set_dates(desk.studio, type_, days, off=off)
    if as_json:
        desk.json([override.as_json() for override in made])
    elif desk.on_terminal:
        for override in made:
            desk.data(f"{show_date(override.date)}: {override.hours}")
    else:
        desk.lines([[override.date.format_iso(), override.hours] for override in made])
    zone = desk.studio.settings.zone
    for session in minis.booked_on(desk.studio, type_, [override.date for override in made]) if off else ():
        desk.say(f"On {show_short(session.starts_at, zone)} there is {slot.named(session)}; it stays.")


@app.command("archive", epilog=example("studio type archive family", "studio type archive family --restore"))
def archive(
    ctx: typer.Context,
    type_: TypeRef,
    restore: Annotated[bool, typer.Option("--restore", help="Take it out again.")] = False,
    as_json: Json = False,
) -> None:
    """Put a session type away: no new sessions of it, the old ones stay."""
    desk = desk_of(ctx)
    offer, changed = types.archive(desk.studio, type_, restore=restore)
    words = "offered again" if restore else "archived"
    _show(desk, offer, f"is {words}" if changed else f"was {words} already", as_json)


@app.command("publish", epilog=example("studio type publish family"))
def publish(ctx: typer.Context, type_: TypeRef, as_json: Json = False) -> None:
    """Let clients book a session type on your site; a private one only by its link."""
    _publish(desk_of(ctx), type_, True, as_json)


@app.command("unpublish", epilog=example("studio type unpublish family"))
def unpublish(ctx: typer.Context, type_: TypeRef, as_json: Json = False) -> None:
    """Take a session type off your site. Sessions that were booked there stay."""
    _publish(desk_of(ctx), type_, False, as_json)


def _publish(desk: Desk, selector: str, publish: bool, as_json: bool) -> None:
    before = types.find(desk.studio, selector)
    offer = types.edit(desk.studio, selector, TypedOffer(site=TypedSite(publish=publish)))
    words = "published" if publish else "not published"
    changed = before.site.published != publish
    _show(desk, offer, f"is {words} now" if changed else f"was {words} already", as_json)
    if publish and changed and not as_json:
        desk.say(f"Clients book it at {sites.link_of(offer, desk.studio.settings.link_base)}")


@app.command("link", epilog=example("studio type link family", "studio type link family --qr --copy"))
def link(
    ctx: typer.Context,
    type_: TypeRef,
    qr: Qr = False,
    copy: Copy = False,
    browse: Open = False,
    as_json: Json = False,
) -> None:
    """Print the address at which clients book a session type."""
    desk = desk_of(ctx)
    offer = sites.check_open(types.find(desk.studio, type_))
    address = sites.link_of(offer, desk.studio.settings.link_base)
    if as_json:
        desk.json({"slug": offer.slug, "private": offer.private, "link": address})
    else:
        show_link(desk, address, qr=qr, copy=copy, browse=browse)


def _show(desk: Desk, offer: SessionType, words: str, as_json: bool) -> None:
    zone = desk.studio.settings.zone
    if as_json:
        desk.json(offer.as_json(zone))
    elif desk.on_terminal:
        desk.data(f"Session type {offer.slug} {words}.")
        cards.show_type(desk, offer, zone, minis.dates_of(desk.studio, offer))
    else:
        desk.lines([output.line(columns.TYPE, offer)])
