"""What every list can do: as JSON or CSV, with the fields, in the order and of the length that are asked for."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from studio_cli.cli.output import Column, fields_of
from studio_cli.cli.params import LARGEST
from studio_cli.cli.verb import Verb
from studio_cli.errors import WrongUsage
from studio_cli.model.text import did_you_mean, nearest, shown
from studio_cli.store.order import Order

KEY = "studio.listing"


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is wanted. ``order`` and ``limit`` are None once somebody has seen to them."""

    as_json: bool = False
    as_csv: bool = False
    columns: tuple[str, ...] = ()
    order: Order | None = None
    limit: int | None = None

    def in_order(self) -> "Listing":
        """Return it for rows that come sorted and cut from the store."""
        return replace(self, order=None, limit=None)

    def arranged(self, rows: Sequence[Any], fields: Mapping[str, Column]) -> Sequence[Any]:
        """Return rows sorted by what scripts read in a field, the empty ones last, and no more than wanted."""
        if self.order is not None:
            field = fields[self.order.field]
            filled = [row for row in rows if field.plain(row)]
            empty = [row for row in rows if not field.plain(row)]
            filled.sort(key=lambda row: _rank(field.plain(row)), reverse=self.order.descending)
            rows = filled + empty
        return rows if self.limit is None else rows[: self.limit]


_NUMBER = r"-?\d+(\.\d+)?( [A-Z]{3})?"
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"


def _rank(text: str) -> tuple[int, Any]:
    """Return what a cell is sorted by: numbers and amounts as such, moments whatever their offset, words without case."""
    if re.fullmatch(_NUMBER, text):
        from decimal import Decimal

        number, _, currency = text.partition(" ")
        return 0, (Decimal(number), currency)
    if re.fullmatch(_MOMENT, text):
        from whenever import Instant

        return 1, Instant.parse_iso(text).timestamp()
    from studio_cli.model.text import folded

    return 2, folded(text)


def listing_of(ctx: typer.Context) -> Listing:
    """Return how the list of this command is wanted."""
    found = ctx.meta[KEY]
    assert isinstance(found, Listing)
    return found


def lists(columns: Sequence[Column], *, sorts: Collection[str] | None = None) -> type[TyperCommand]:
    """Return the kind of command that lists rows with these columns: it has the options of every list.

    ``sorts``: the fields that the store sorts by, where it does; else every one of them can be.
    """
    fields = tuple(fields_of(columns))
    sortable = tuple(name for name in fields if sorts is None or name in sorts)

    class ListCommand(Verb):
        def __init__(self, *arguments: Any, params: list[Any] | None = None, **more: Any) -> None:
            options = _options(fields, sortable)
            super().__init__(*arguments, params=[*(params or []), *options], **more)
            self.columns, self.sorts = fields, sortable

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            rest = super().parse_args(ctx, args)
            typed = {name: ctx.params.pop(name, None) for name in _NAMES}
            if not ctx.resilient_parsing:
                ctx.meta[KEY] = _checked(fields, sortable, **typed)
            return rest

    return ListCommand


_NAMES = ("columns", "sort", "limit", "as_csv", "as_json")


def _options(fields: Sequence[str], sortable: Sequence[str]) -> list[TyperOption]:
    listed = ", ".join(fields)
    by = ", ".join(sortable) if tuple(sortable) != tuple(fields) else "any of them"
    return [
        TyperOption(
            param_decls=["columns", "--columns"],
            type=str,
            metavar="FIELDS",
            help=f"Only these, in this order, as id,{fields[1]}. There are: {listed}.",
        ),
        TyperOption(
            param_decls=["sort", "--sort"],
            type=str,
            metavar="FIELD",
            help=f"In the order of a field; -FIELD from the largest down. By: {by}.",
        ),
        TyperOption(param_decls=["limit", "--limit"], type=int, metavar="N", help="At most so many."),
        TyperOption(
            param_decls=["as_csv", "--csv"],
            is_flag=True,
            default=False,
            help="As CSV with a header, for a spreadsheet.",
        ),
        TyperOption(
            param_decls=["as_json", "--json"], is_flag=True, default=False, help="Write one JSON document."
        ),
    ]


def _checked(
    fields: Sequence[str],
    sortable: Sequence[str],
    *,
    columns: str | None,
    sort: str | None,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
) -> Listing:
    if as_csv and as_json:
        raise WrongUsage("--csv and --json contradict each other.", hint="Leave one of them out.")
    if limit is not None and not 1 <= limit <= LARGEST:
        raise WrongUsage("--limit is a number from 1 on.", hint="For example: --limit 20")
    return Listing(as_json, as_csv, _columns(fields, columns), _order(fields, sortable, sort), limit)


def _columns(fields: Sequence[str], typed: str | None) -> tuple[str, ...]:
    if typed is None:
        return ()
    names = tuple(name.strip() for name in typed.split(",") if name.strip())
    for name in names:
        if name not in fields:
            raise _no_field(name, fields, "There is no column", "--columns")
    if not names:
        raise WrongUsage("--columns names none.", hint=f"Use some of: {', '.join(fields)}.")
    return tuple(dict.fromkeys(names))


def _order(fields: Sequence[str], sortable: Sequence[str], typed: str | None) -> Order | None:
    """Read ``starts_at``, ``-starts_at`` or ``starts_at desc``."""
    if typed is None:
        return None
    name, _, direction = typed.strip().partition(" ")
    direction = direction.strip().casefold()
    down = name.startswith("-") or direction in {"desc", "descending"}
    name = name.removeprefix("-").removeprefix("+")
    if name not in sortable:
        words = "Lists cannot be sorted by" if name in fields else "There is no column"
        raise _no_field(name, sortable, words, "--sort")
    if direction not in {"", "asc", "ascending", "desc", "descending"}:
        raise WrongUsage(
            f"{shown(typed)[:40]!r} is no order.", hint=f'Write --sort {name} or --sort "{name} desc".'
        )
    return Order(name, down)


def _no_field(name: str, fields: Sequence[str], words: str, option: str) -> WrongUsage:
    near = did_you_mean(nearest(name, fields))
    listed = f"{option} takes: {', '.join(fields)}."
    return WrongUsage(
        f"{words} {shown(name)[:40]!r}.",
        hint=f"{near} {listed}" if near else listed,
        code="column",
        details={"columns": list(fields)},
    )
