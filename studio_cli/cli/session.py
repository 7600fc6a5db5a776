"""``studio session list · show``: looking."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import typer
from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.cli import columns, output
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import listing_of, lists
from studio_cli.cli.params import (
    Client,
    Json,
    SessionPick,
    day_bound,
    desk_of,
    example,
    session_or_pick,
)
from studio_cli.cli.session_card import show_session
from studio_cli.errors import NotFound, WrongUsage
from studio_cli.model.session import STATUSES, STEPS, Session
from studio_cli.model.text import did_you_mean, nearest, shown
from studio_cli.model.times import show_short
from studio_cli.store import session as session_store

app = typer.Typer()


@app.command(
    "list",
    cls=lists(columns.session_columns(Instant.MIN), sorts=session_store.SORTS),
    epilog=example(
        "studio session list --status pending --client rui --from today --to +30d --sort starts_at",
        "studio session list --waiting-for contract",
        "studio session list --unpaid --sort -balance --columns id,client,phone,balance",
        "studio session list --type family --csv > family.csv",
    ),
)
def list_(
    ctx: typer.Context,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help=", ".join(STATUSES) + "; may be repeated."),
    ] = None,
    client: Client = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only of this session type.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="2026-12-01, today, +7d.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Until the end of this day.")
    ] = None,
    waiting_for: Annotated[
        str | None,
        typer.Option("--waiting-for", metavar="STEP", help=f"Pending, with this to do: {', '.join(STEPS)}."),
    ] = None,
    unpaid: Annotated[
        bool, typer.Option("--unpaid", help="Pending or confirmed, and not everything is paid.")
    ] = False,
) -> None:
    """List the sessions by their time."""
    desk, look = desk_of(ctx), listing_of(ctx)
    studio = desk.studio
    zone, now = studio.settings.zone, studio.now()
    filters = sessions.Filters(
        statuses=tuple(_one_of(STATUSES, one, "status") for text in status or () for one in text.split(",")),
        client_id=clients.find(studio, client).id if client else None,
        type_id=_type_id(studio, type_) if type_ else None,
        first=day_bound(first, zone, now) if first else None,
        last=day_bound(last, zone, now, days_later=1) if last else None,
        waiting_for=_one_of(STEPS, waiting_for, "step") if waiting_for else None,
        unpaid=unpaid,
    )
    output.show_as(
        desk,
        look.in_order(),
        columns.session_columns(now),
        sessions.listed(studio, filters, order=look.order, limit=look.limit),
        json=Session.as_json,
        empty="No sessions yet. Set one up: studio session new --help"
        if filters == sessions.Filters()
        else "No such sessions.",
    )


def _type_id(studio: Studio, selector: str) -> int:
    from studio_cli.booking import session_type as types  # only when one is said: looking is to be quick

    return types.find(studio, selector).id


Word = TypeVar("Word", bound=str)


def _one_of(words: Sequence[Word], typed: str, what: str) -> Word:
    """Return the word that was typed, if it is one of these."""
    for word in words:
        if typed.strip() == word:
            return word
    listed = f"Use one of: {', '.join(words)}."
    near = did_you_mean(nearest(typed, words))
    raise WrongUsage(f"{shown(typed)[:30]!r} is not a {what}.", hint=f"{near} {listed}" if near else listed)


@app.command(
    "show",
    epilog=example(
        "studio session show 12",
        "studio session show last --answers --json",
        "studio session show 12 --contract --out contract.html",
    ),
)
def show(
    ctx: typer.Context,
    session: SessionPick = None,
    answers: Annotated[bool, typer.Option("--answers", help="With what the client answered.")] = False,
    contract: Annotated[
        bool, typer.Option("--contract", help="The contract as it is signed, or is to be.")
    ] = False,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE.html", help="Write the contract as a page.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one session: its steps, its money, its links."""
    desk = desk_of(ctx)
    found = sessions.find(desk.studio, session_or_pick(ctx, session, [], as_json=as_json))
    given = sessions.answers(desk.studio, found) if answers else []
    document = {**found.as_json(), "answers": [one.as_json() for one in given] if answers else None}
    if contract or out is not None:
        _show_contract(desk, found, out, document if as_json else None)
    elif as_json:
        desk.json({**document, "document": None})
    else:
        show_session(desk, found, given)


def _show_contract(desk: Desk, session: Session, out: str | None, told: dict[str, Any] | None) -> None:
    """Show the contract: as a page in ``out``, as part of what is ``told`` in JSON, or as text."""
    from studio_cli.booking import contract as contracts
    from studio_cli.cli.text_file import write_text

    found = contracts.signed(desk.studio, session)
    if found is None:
        raise NotFound(
            f"Session {session.id} has no contract.", hint="Give it one: studio session edit --help"
        )
    document, signature = found
    if out is not None:
        page = contracts.as_paper(desk.studio, session.title, document, signature)
        written = write_text(out, page)
        if told is None:
            desk.data(str(written))
            return
    if told is not None:
        kept = {"name": document.name, "text": document.text, "sha256": document.sha256}
        signed = signature.as_json() if signature else None
        desk.json({**told, "document": {**kept, "signature": signed}})
        return
    desk.text(document.text)
    desk.say()
    if signature is None:
        desk.say("Not signed.")
        return
    when = f"{show_short(signature.at, signature.timezone)} ({signature.timezone})"
    desk.say(f"Signed {when} by {shown(signature.name)}, from {shown(signature.address)}.")
    desk.say(f"SHA-256 {signature.sha256}")
