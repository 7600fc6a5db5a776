"""``studio session list · show``: looking."""

from typing import Annotated

import typer

from studio_cli.booking import client as clients
from studio_cli.booking import session as sessions
from studio_cli.cli import cards, columns, output
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import (
    LARGEST,
    Json,
    SessionPick,
    day_bound,
    desk_of,
    example,
    session_or_pick,
)
from studio_cli.errors import NotFound, WrongUsage
from studio_cli.model.session import STATUSES, Session, Status
from studio_cli.model.text import shown
from studio_cli.model.times import show_short
from studio_cli.store import session as session_store

app = typer.Typer()


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
        first=day_bound(first, zone, now) if first else None,
        last=day_bound(last, zone, now, days_later=1) if last else None,
        limit=limit,
    )
    narrowed = bool(status or client or first or last)
    output.show_list(
        desk,
        columns.session_columns(now),
        rows,
        as_json=as_json,
        json=[session.as_json() for session in rows] if as_json else [],
        empty="No such sessions." if narrowed else "No sessions yet. Set one up: studio session new --help",
    )


def _status(text: str) -> Status:
    for status in STATUSES:
        if text.strip() == status:
            return status
    raise WrongUsage(f"{shown(text)[:30]!r} is not a status.", hint=f"Use one of: {', '.join(STATUSES)}.")


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
    if contract or out is not None:
        _show_contract(desk, found, out, as_json=as_json)
    elif as_json:
        extra = {"answers": [answer.as_json() for answer in given]} if answers else {}
        desk.json({**found.as_json(), **extra})
    else:
        cards.show_session(desk, found, given)


def _show_contract(desk: Desk, session: Session, out: str | None, *, as_json: bool) -> None:
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
        desk.data(str(write_text(out, page)))
        return
    if as_json:
        kept = {"name": document.name, "text": document.text, "sha256": document.sha256}
        signed = signature.as_json() if signature else None
        desk.json({**session.as_json(), "document": {**kept, "signature": signed}})
        return
    desk.text(document.text)
    desk.say()
    if signature is None:
        desk.say("Not signed.")
        return
    when = f"{show_short(signature.at, signature.timezone)} ({signature.timezone})"
    desk.say(f"Signed {when} by {shown(signature.name)}, from {shown(signature.address)}.")
    desk.say(f"SHA-256 {signature.sha256}")
