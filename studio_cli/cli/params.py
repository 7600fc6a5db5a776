"""Options that several commands share."""

from collections.abc import Sequence
from typing import Annotated

import typer
from whenever import Instant

from studio_cli.cli.desk import Desk
from studio_cli.errors import WrongUsage
from studio_cli.model.session import Status
from studio_cli.model.text import shown
from studio_cli.model.times import Which, day_begins, parse_day


def desk_of(ctx: typer.Context) -> Desk:
    """Return the desk that the root command made."""
    desk = ctx.find_object(Desk)
    assert desk is not None
    return desk


Json = Annotated[bool, typer.Option("--json", help="Write one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change and send nothing.")]
NoEmail = Annotated[bool, typer.Option("--no-email", help="Do not tell the client by mail.")]
PersonalNote = Annotated[
    str | None, typer.Option("--message", metavar="TEXT", help="A few words of yours in the mail.")
]
WriteNote = Annotated[bool, typer.Option("--write", help="Write these words in your editor.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="TEXT", help="Make repeating safe: the same key again gives the first result."
    ),
]
SessionRef = Annotated[
    str, typer.Argument(metavar="SESSION", help="Its number, or last.", show_default=False)
]
SessionPick = Annotated[
    str | None,
    typer.Argument(
        metavar="SESSION", help="Its number, or last; on a terminal you can pick it.", show_default=False
    ),
]
ClientRef = Annotated[
    str,
    typer.Argument(
        metavar="CLIENT", help="Number, address, the beginning of a name, or last.", show_default=False
    ),
]
CalendarRef = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name or the beginning of it.", show_default=False)
]
TypeRef = Annotated[
    str, typer.Argument(metavar="TYPE", help="Its name or the beginning of it.", show_default=False)
]

LARGEST = 2**63 - 1
"""The largest number that SQLite keeps."""

Client = Annotated[
    str | None,
    typer.Option("--client", metavar="CLIENT", help="Number, address, the beginning of a name, or last."),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help='"2026-12-04 10:00", "tomorrow 10:00", "fri 3pm".')
]
First = Annotated[bool, typer.Option("--first", help="Of a time that exists twice, the first.")]
Second = Annotated[bool, typer.Option("--second", help="Of a time that exists twice, the second.")]
Custom = Annotated[bool, typer.Option("--custom", help="A time outside the availability, on purpose.")]
AllowOverlap = Annotated[bool, typer.Option("--allow-overlap", help="Even where another session is.")]
Duration = Annotated[
    str | None, typer.Option("--duration", metavar="TIME", help="How long it lasts: 90m, 1h30, 2h.")
]
Price = Annotated[str | None, typer.Option("--price", metavar="AMOUNT", help="As 250 or 250.00; 0 for free.")]
Deposit = Annotated[
    str | None, typer.Option("--deposit", metavar="AMOUNT|N%", help="What is due at booking; else all of it.")
]
Pay = Annotated[str | None, typer.Option("--pay", metavar="full|deposit|later", help="When it is paid.")]
Discount = Annotated[
    str | None,
    typer.Option("--discount", metavar="AMOUNT|N%", help="Less than the price; none to take it away."),
]
DiscountReason = Annotated[
    str | None, typer.Option("--discount-reason", metavar="TEXT", help="Why, as clients read it.")
]
Tax = Annotated[
    str | None,
    typer.Option("--tax", metavar="TAX", help='"HST 13%", "VAT 20% included"; none. Else payment.tax.'),
]
BalanceDue = Annotated[
    str | None,
    typer.Option("--balance-due", metavar="WHEN", help='The rest: "7d before", "on the day", "14d after".'),
]
Tips = Annotated[bool | None, typer.Option("--tips/--no-tips", help="Whether clients can add a tip.")]
Refunds = Annotated[
    str | None,
    typer.Option("--refunds", metavar="POLICY", help='When canceled: "100% until 14d, 50% until 7d".'),
]
Location = Annotated[str | None, typer.Option("--location", help="Where it is.")]
Notes = Annotated[str | None, typer.Option("--notes", help="For yourself; clients never see them.")]
EditNotes = Annotated[bool, typer.Option("--edit-notes", help="Write your notes in your editor.")]
FormName = Annotated[
    str | None, typer.Option("--form", metavar="NAME", help="The questionnaire; none for no questionnaire.")
]
ContractName = Annotated[
    str | None, typer.Option("--contract", metavar="NAME", help="What the client signs; none for nothing.")
]
LanguageTag = Annotated[
    str | None,
    typer.Option("--language", metavar="LANG", help="What to write to the client in: pt, fr-CA; none."),
]
NoReminders = Annotated[bool, typer.Option("--no-reminders", help="The client is never reminded.")]
Reminders = Annotated[
    bool | None,
    typer.Option("--reminders/--no-reminders", help="Whether the client is reminded (studio remind)."),
]
Expires = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="Held only so long: 3d, a time, or never.")
]
BufferBefore = Annotated[
    str | None, typer.Option("--buffer-before", metavar="TIME", help="Free time kept before it.")
]
BufferAfter = Annotated[
    str | None, typer.Option("--buffer-after", metavar="TIME", help="Free time kept after it.")
]

MoveUntil = Annotated[
    str | None,
    typer.Option("--move-until", metavar="TIME", help="Clients can move it until 48h before; none."),
]
CancelUntil = Annotated[
    str | None,
    typer.Option("--cancel-until", metavar="TIME", help="Clients can cancel it until 48h before; none."),
]


def missing_argument(ctx: typer.Context, name: str) -> WrongUsage:
    """Return what to say of an argument that is missing where nobody can be asked."""
    return WrongUsage(f"Missing argument '{name}'.", hint=f"{ctx.command_path} --help shows how.")


def session_or_pick(
    ctx: typer.Context, session: str | None, statuses: Sequence[Status], *, as_json: bool
) -> str:
    """Return which session was named; when none was, it is picked on a terminal."""
    desk = desk_of(ctx)
    if session is not None:
        return session
    if as_json or not desk.may_guide:
        raise missing_argument(ctx, "SESSION")
    from studio_cli.cli.guided.pick import pick_session

    return pick_session(desk, statuses)


def day_bound(text: str, zone: str, now: Instant, *, days_later: int = 0) -> Instant:
    """Return when a day that was typed begins, or one so many days after it."""
    try:
        return day_begins(parse_day(text, zone, now).add(days=days_later), zone)
    except ValueError:  # beyond the year 9999
        raise WrongUsage(f"{shown(text)[:40]!r} is too far away.", hint="Write it like 2026-12-04.") from None


def which_of(first: bool, second: bool) -> Which | None:
    """Return which of two equal wall times is meant."""
    if first and second:
        raise WrongUsage("--first and --second contradict each other.", hint="Leave one of them out.")
    return "first" if first else "second" if second else None


def example(*commands: str) -> str:
    """Return the examples under a command's help, one a line."""
    return "\b\nFor example:\n" + "\n".join(f"  {command}" for command in commands)
