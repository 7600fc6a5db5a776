"""``studio help``: how things work, topic by topic, and the help of every command."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import NotFound
from studio_cli.model.text import did_you_mean, nearest, shown

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

app = typer.Typer()

TOPICS = (
    "statuses", "links", "payments", "mail", "time", "calendars", "site", "scripting", "exit-codes", "files",
)  # fmt: skip
"""In the order in which a newcomer would read them; each is a text in studio_cli/help."""
WIDTH = 80
"""Columns of a page: longer lines are hard to read."""


@app.command("help", epilog=example("studio help", "studio help statuses", "studio help session new"))
def help_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC|COMMAND]", help="A topic, or a command.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell how things work, topic by topic; of a command the same as its --help."""
    desk = desk_of(ctx)
    if not words:
        _list(desk, as_json)
        return
    name = " ".join(words)
    if name in TOPICS:
        title, text = read(name)
    else:
        title, text = f"studio {name}", _of_command(ctx, words)
    if as_json:
        desk.json({"topic": name, "title": title, "text": text})
    elif name in TOPICS and desk.on_terminal:
        _show(desk, text)
    else:
        desk.data(_plain(text) if name in TOPICS else text)


def read(topic: str) -> tuple[str, str]:
    """Return a topic's title and its text, in a little Markdown: headings, lists, tables and code."""
    text = (Path(__file__).parent.parent / "help" / f"{topic}.md").read_text(encoding="utf-8").rstrip()
    title = text.partition("\n")[0].partition(": ")[2]
    return title[0].upper() + title[1:], text


def _list(desk: Desk, as_json: bool) -> None:
    titles = [(topic, read(topic)[0]) for topic in TOPICS]
    if as_json:
        desk.json([{"topic": topic, "title": title} for topic, title in titles])
        return
    for topic, title in titles:
        desk.data(f"{topic:<12}  {title}" if desk.on_terminal else f"{topic}\t{title}")
    desk.say("Read one: studio help statuses. A command: studio help session new.")


def _of_command(ctx: typer.Context, words: list[str]) -> str:
    """Return what ``--help`` says of a command."""
    here: Any = ctx.find_root()
    for word in words:
        group = here.command
        known = group.list_commands(here) if hasattr(group, "list_commands") else []
        if word not in known:
            topics = TOPICS if here is ctx.find_root() else ()
            raise NotFound(
                f"There is no help on {shown(' '.join(words))[:60]!r}.",
                hint=did_you_mean(nearest(word, [*topics, *known])) or "studio help lists the topics.",
            )
        here = type(here)(group.get_command(here, word), info_name=word, parent=here)
    return str(here.command.get_help(here))


# ── how a topic looks ─────────────────────────────────────────────────────────────────────────────

Part = tuple[str, list[str]]
"""A part of a topic: ``title``, ``code``, ``table``, ``item`` or ``words``, and its lines."""


def parts(text: str) -> Iterator[Part]:
    """Return the parts of a topic, in their order."""
    code = False
    kinds = []
    for line in text.split("\n"):
        fence = line.startswith("```")
        kinds.append(("fence" if fence else "code" if code else _kind(line), line))
        code ^= fence
    for kind, lines in groupby(kinds, lambda pair: pair[0]):
        found = [line for _, line in lines]
        if kind == "item":
            yield from (("item", one) for one in _items(found))
        elif kind not in {"", "fence"}:
            yield kind, found


def _kind(line: str) -> str:
    marks = {"#": "title", "|": "table", "-": "item", " ": "item"}
    return marks.get(line[:1], "words" if line else "")


def _items(lines: list[str]) -> list[list[str]]:
    items: list[list[str]] = []
    for line in lines:
        if line.startswith("- "):
            items.append([])
        items[-1].append(line[2:])
    return items


def _cells(lines: list[str]) -> list[list[str]]:
    """Return the cells of a table, without the line under its head."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if set(row[0]) != {"-"}]


def _plain(text: str) -> str:
    """Return a topic for a file or a program: as it is written, its tables laid out."""
    lines: list[str] = []
    for is_table, group in groupby(text.split("\n"), lambda line: line.startswith("|")):
        found = list(group)
        lines += _laid_out(_cells(found)) if is_table else found
    return "\n".join(lines)


def _laid_out(rows: list[list[str]]) -> list[str]:
    import textwrap

    width = max(len(row[0]) for row in rows) + 2
    lines = []
    for first, last in rows:
        head, *more = textwrap.wrap(last, WIDTH - width)
        lines += [f"{first:<{width}}{head}", *(" " * width + line for line in more)]
    return lines


def _show(desk: Desk, text: str) -> None:
    """Show a topic on a terminal: wrapped, with headings and commands that stand out."""
    console = desk.console
    width = min(WIDTH, console.width)
    before = ""
    for kind, lines in parts(text):
        if before and not kind == before == "item":
            console.print()
        console.print(_drawn(kind, lines), width=width)
        before = kind


def _drawn(kind: str, lines: list[str]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    if kind == "title":
        return Text(lines[0].lstrip("# "), style="bold")
    if kind == "code":
        return Text("\n".join(f"  {line}" for line in lines), style="cyan")
    if kind == "words":
        return _styled(" ".join(lines))
    grid = Table.grid(padding=(0, 2) if kind == "table" else (0, 1))
    rows = _cells(lines) if kind == "table" else [["-", " ".join(line.strip() for line in lines)]]
    for row in rows:
        grid.add_row(*map(_styled, row))
    return grid


def _styled(text: str) -> "Text":
    """Return words whose ``code`` stands out instead of standing in backticks."""
    from rich.text import Text

    words = Text()
    for place, part in enumerate(text.split("`")):
        words.append(part, style="cyan" if place % 2 else "")
    return words
