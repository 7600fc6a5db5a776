"""How things look, whatever they are: a list as a table, as lines or CSV, and one thing as a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from studio_cli.cli.desk import Desk
from studio_cli.model.spreadsheet import as_cell
from studio_cli.model.text import shown

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from studio_cli.cli.listing import Listing


STYLES = {
    "pending": "yellow",
    "confirmed": "green",
    "inquiry": "cyan",
    "canceled": "dim",
    "declined": "dim",
    "expired": "dim",
    "sent": "green",
    "failed": "red",
    "unknown": "red",
    "given up": "red",
    "waiting": "yellow",
    "being sent": "yellow",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a noun: as a script reads it, and as a person does (None: not in the table).

    ``rare``: in a table only when a row has something there. ``people_only``: what scripts find in other fields.
    ``name``: what --columns and --sort call it, as the JSON does where that has it; else the title in snake_case.
    ``extra``: there only when --columns asks for it. ``asked``: as a person reads it when they ask for it, where it is
    not in the table by itself.
    ``beneath``: sentences, which stand beneath the table and not in a narrow column of it.
    """

    title: str
    plain: Callable[[Any], str]
    shown: Callable[[Any], str] | None = None
    right: bool = False
    rare: bool = False
    people_only: bool = False
    name: str = ""
    extra: bool = False
    asked: Callable[[Any], str] | None = None

    @property
    def field(self) -> str:
        """What scripts call it."""
        return self.name or self.title.casefold().replace(" ", "_")

    beneath: bool = False


def line(columns: Sequence[Column], row: Any) -> list[str]:
    """Return a row as scripts read it, field by field."""
    return [column.plain(row) for column in columns if not (column.people_only or column.extra)]


def same(
    title: str, get: Callable[[Any], str], *, right: bool = False, name: str = "", extra: bool = False
) -> Column:
    return Column(title, get, get, right, name=name, extra=extra)


def only_plain(
    title: str, get: Callable[[Any], str], *, name: str = "", asked: Callable[[Any], str] | None = None
) -> Column:
    return Column(title, get, name=name, asked=asked)


def fields_of(columns: Sequence[Column]) -> dict[str, Column]:
    """Return what can be asked for by name."""
    return {column.field: column for column in columns if not column.people_only}


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────


def show_list(
    desk: Desk,
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    as_json: bool,
    json: Sequence[Any],
    empty: str,
) -> None:
    """Write a list: JSON, tab-separated lines, or a table; when there is nothing, say on stderr what to do."""
    if as_json:
        desk.json(list(json))
    elif desk.reader == "listener" and rows:
        say_rows(desk, columns, rows)
    elif not desk.on_terminal:
        desk.lines([line(columns, row) for row in rows])
    elif rows:
        desk.show_long(_table(columns, rows))
        _show_beneath(desk, columns, rows)
    else:
        desk.say(empty)


def show_as(
    desk: Desk,
    look: Listing,
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    json: Callable[[Any], Any],
    empty: str,
) -> None:
    """Write a list as it was asked for. What the store has not put in order or cut is sorted and cut here.

    ``json`` returns a row as scripts read it.
    """
    rows = look.arranged(rows, fields_of(columns))
    if look.columns:
        known = fields_of(columns)
        columns = [asked_for(known[name]) for name in look.columns]
    if look.as_csv:
        show_csv(desk, columns, rows)
        return
    documents = [json(row) for row in rows] if look.as_json else []
    show_list(desk, columns, rows, as_json=look.as_json, json=documents, empty=empty)


def asked_for(column: Column) -> Column:
    """Return a column as it is when somebody named it: there, whatever it is like by itself."""
    shown = column.shown or column.asked or column.plain
    return replace(column, shown=shown, rare=False, extra=False, beneath=False)


def show_section(desk: Desk, title: str, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write a list under a title of its own."""
    if desk.reader == "listener":
        desk.data(f"{title}:")
        say_rows(desk, columns, rows)
        return
    from rich.text import Text

    desk.show(Text(title, style="bold underline"))
    desk.show(_table(columns, rows))


def say_rows(desk: Desk, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write a list to be read out: a line for each row, with the name of each field before what is in it."""
    for row in rows:
        cells = [(column, column.shown(row)) for column in columns if column.shown]
        said = [
            f"{'Number' if column.title == '#' else column.title}: {shown(cell).rstrip('.')}"
            for column, cell in cells
            if cell and cell != "–"
        ]
        desk.data(". ".join(said) + ".")


def _show_beneath(desk: Desk, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write what has no room in a table: sentences, each after the name of its row."""
    from studio_cli.cli.cells import wrap

    first, width = columns[0], desk.console.width
    for column in (one for one in columns if one.beneath and one.shown):
        for row in rows:
            words = shown(column.shown(row)) if column.shown else ""
            if words:
                label = f"{shown(first.plain(row))}  "
                for number, part in enumerate(wrap(words, max(width - len(label), 20))):
                    desk.data((label if number == 0 else " " * len(label)) + part)


def show_csv(desk: Desk, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    """Write a list as CSV (RFC 4180) under the names of its fields; no cell of it is a formula to a spreadsheet."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.field for column in columns if not (column.people_only or column.extra)])
    writer.writerows([[as_cell(cell) for cell in line(columns, row)] for row in rows])
    desk.data(text.getvalue().removesuffix("\r\n"))


def _table(columns: Sequence[Column], rows: Sequence[Any]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    shown_here = [one for one in columns if one.shown and not (one.extra or one.beneath)]
    filled = [(column, _cells(column, rows)) for column in shown_here]
    filled = [(column, cells) for column, cells in filled if any(cells) or not column.rare]
    for column, cells in filled:
        longest = max((len(word) for cell in cells for word in cell.split()), default=0)
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=column.title in _WHOLE,
            overflow="fold",
            min_width=min(max(longest, len(column.title)), 14),  # no word of a usual length is broken
        )
    for row in zip(*(cells for _, cells in filled), strict=True):
        table.add_row(*[_cell(cell) for cell in row])
    return table


_WHOLE = {"#", "Status", "State", "When", "Due now", "Price", "Amount", "Balance"}
"""Columns that are read at a glance: never on two lines."""


def _cells(column: Column, rows: Sequence[Any]) -> list[str]:
    return [column.shown(row) for row in rows] if column.shown else []


def _cell(text: str) -> Text:
    from rich.text import Text

    return Text(shown(text), style=STYLES.get(text, ""))


# ── cards ─────────────────────────────────────────────────────────────────────────────────────────


Facts = Sequence[tuple[str, str]]


def show_card(
    desk: Desk, title: str, facts: Facts, plain: Facts, *, second: Facts = (), number: str = ""
) -> None:
    """Write one thing: a card on a terminal, ``name<TAB>value`` lines elsewhere.

    ``second`` are the facts of a second column, where there is room for one.
    """
    if desk.reader == "script":
        write_card(desk, plain)
    elif desk.reader == "listener":
        say_card(desk, f"{number}, {title}" if number else title, [*facts, *second])
    else:
        from rich.console import Group

        from studio_cli.cli.drawing import Card

        card = Card(desk.columns)
        card.add(facts)
        card.turn()
        card.add(second)
        desk.show(Group(*card.drawn(title, right=number)))


def write_card(desk: Desk, plain: Facts) -> None:
    """Write one thing for scripts: ``name<TAB>value`` lines."""
    desk.lines([[name, value.replace("\n", "\\n")] for name, value in plain])


def say_card(desk: Desk, title: str, facts: Facts) -> None:
    """Write one thing to be read out: its name, then a line for each fact."""
    desk.data(f"{shown(title)}.")
    said = ""
    for name, value in facts:
        said = name or said
        for line in value.split("\n"):
            if line not in {"", "–"}:
                desk.data(f"{said}: {shown(line)}")


def json_facts(document: dict[str, Any]) -> Facts:
    """Return a JSON object as flat lines: ``client.name``, ``price`` as ``250.00 CAD``."""
    facts: list[tuple[str, str]] = []
    for name, value in document.items():
        if isinstance(value, dict) and set(value) == {"amount", "currency"}:
            facts.append((name, f"{value['amount']} {value['currency']}"))
        elif isinstance(value, dict):
            facts += [
                (f"{name}.{key}", "" if inner is None else plain(inner)) for key, inner in value.items()
            ]
        elif isinstance(value, bool):
            facts.append((name, str(value).lower()))
        elif isinstance(value, list):
            facts.append((name, ",".join(plain(item) for item in value if _is_short(item))))
        else:
            facts.append((name, "" if value is None else str(value)))
    return [fact for fact in facts if fact[0] not in {"steps", "shares", "fields"}]


def _is_short(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and set(item) == {"amount", "currency"})


def plain(value: Any) -> str:
    """Return a value of the JSON as a person reads it."""
    if value is None or value == []:
        return "none"
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, dict) and {"name", "rate"} <= set(value):
        return f"{value['name']} {value['rate']}%{' included' if value['included'] else ''}"
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value)
    return str(value)
