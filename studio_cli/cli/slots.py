"""``studio slots``: the free times of a session type."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from whenever import Instant

from studio_cli.booking import session_type as types
from studio_cli.booking import slot
from studio_cli.cli import output
from studio_cli.cli.desk import Desk
from studio_cli.cli.listing import Listing, listing_of, lists
from studio_cli.cli.output import Column
from studio_cli.cli.params import desk_of, example
from studio_cli.model.times import (
    check_zone,
    day_begins,
    parse_day,
    rfc3339,
    show_clock,
    show_day,
    show_offset,
    show_short,
)

app = typer.Typer()


Slot = tuple[Instant, Instant]


def _columns(zone: str) -> tuple[Column, ...]:
    """Return the columns of slots, with times in ``zone``."""

    def moment(title: str, name: str, index: int) -> Column:
        def plain(slot: Slot) -> str:
            return rfc3339(slot[index], zone)

        return Column(title, plain, lambda slot: show_short(slot[index], zone), name=name)

    return (moment("Begins", "starts_at", 0), moment("Ends", "ends_at", 1))


@app.command(
    "slots",
    cls=lists(_columns("UTC")),
    epilog=example(
        "studio slots --type family --from 2026-12-01 --days 14 --json",
        "studio slots --type family --client-zone Europe/Lisbon --for-clients",
    ),
)
def slots(
    ctx: typer.Context,
    type_: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="The session type.", show_default=False)
    ],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="2026-12-01, today, +7d.")] = "today",
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3660, help="How many days.")] = 14,
    client_zone: Annotated[
        str | None, typer.Option("--client-zone", metavar="ZONE", help="Show the times in this zone.")
    ] = None,
    for_clients: Annotated[
        bool, typer.Option("--for-clients", help="Only what clients may book: notice and window count.")
    ] = False,
) -> None:
    """List the times at which a session of this type could begin."""
    desk, look = desk_of(ctx), listing_of(ctx)
    offer = types.find(desk.studio, type_)
    zone = desk.studio.settings.zone
    begin = parse_day(first, zone, desk.studio.now())
    found = slot.slots(
        desk.studio,
        offer.need(),
        day_begins(begin, zone),
        day_begins(begin.add(days=days), zone),
        for_clients=for_clients,
    )
    told = check_zone(client_zone) if client_zone else zone
    slots = [(start, start.add(minutes=offer.duration)) for start in found]
    if desk.on_terminal and look in {Listing(), Listing(limit=look.limit)}:
        _show(desk, found[: look.limit], told)
    else:
        output.show_as(desk, look, _columns(told), slots, json=partial(_document, told), empty=EMPTY)


def _document(zone: str, slot: Slot) -> dict[str, str]:
    return {"starts_at": rfc3339(slot[0], zone), "ends_at": rfc3339(slot[1], zone)}


EMPTY = "No free times in these days. For one of them, studio availability why TIME --type … says why."


def _show(desk: Desk, found: Sequence[Instant], zone: str) -> None:
    """Show the slots, a line a day, wrapped to the terminal."""
    if not found:
        desk.say(EMPTY)
        return
    import shutil
    import textwrap

    offsets = {show_offset(start, zone) for start in found}
    by_day: dict[str, list[str]] = {}
    for start in found:
        day = show_day(start, zone)
        if len(offsets) > 1:  # clocks change in these days: say on which side of it each time is
            day += " " + show_offset(start, zone).rpartition(" ")[2]
        by_day.setdefault(day, []).append(show_clock(start, zone))
    width = max(len(day) for day in by_day) + 2
    columns = shutil.get_terminal_size().columns
    for day, clocks in by_day.items():
        lines = textwrap.wrap("  ".join(clocks), max(columns - width, 20))
        desk.data(f"{day:<{width}}{lines[0]}")
        for line in lines[1:]:
            desk.data(" " * width + line)
    desk.say(offsets.pop() if len(offsets) == 1 else zone)
