"""Tables, cards and lines: what a person sees on a terminal, and what a pipe gets."""

from __future__ import annotations

import re
import unicodedata

import pytest

from studio_cli.cli.cards import change_in_words
from tests.conftest import Cli
from tests.terminal import on_terminal, studio

ESCAPE = re.compile(r"\x1b")
LISTS = (
    ("session", "list"),
    ("client", "list"),
    ("type", "list"),
    ("mail", "list"),
    ("session", "link", "1"),
)
CARDS = (
    ("session", "show", "1"), ("client", "show", "rui"), ("type", "show", "family"), ("availability", "show"),
    ("config", "list"), ("mail", "show", "1"),
)  # fmt: skip


@pytest.fixture
def full_studio(with_session: Cli) -> Cli:
    """A studio with some of everything, some of it long."""
    cli = with_session
    cli("type", "add", "Family session " + "of great length " * 10, "--slug", "family", "--duration", "90m",
        "--price", "1250.50", "--location", "Queen Street " * 10).ok()  # fmt: skip
    cli(
        "client",
        "add",
        "Wolfeschlegelsteinhausenbergerdorff" * 5,
        "--email",
        f"{'x' * 60}@{'y' * 60}.example.com",
    ).ok()
    cli("session", "new", "--one-off", "שלום 👧 日本語 " * 8, "--duration", "1h", "--price", "999999.99",
        "--client", "2", "--at", "2026-12-07 10:00").ok()  # fmt: skip
    cli("session", "share", "1", "--email")
    cli("session", "share", "1", "--link").ok()
    cli("session", "confirm", "1").ok()
    return cli


def width(line: str) -> int:
    """How many columns a line takes."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in plain)
    none = sum(unicodedata.category(character) in {"Mn", "Cf"} for character in plain)
    return len(plain) + wide - none


@pytest.mark.parametrize("columns", [80, 60])
def test_tables_and_cards_fit_the_terminal(full_studio: Cli, columns: int) -> None:
    """However long what was typed is, no line of a table or a card is wider than the terminal."""
    del full_studio
    for command in LISTS + CARDS:
        code, shown = on_terminal(studio(*command), columns=columns)
        assert code == 0
        assert max(width(line) for line in shown.splitlines()) <= columns, shown


def test_columns_variable(full_studio: Cli) -> None:
    """COLUMNS decides the width where it is set."""
    del full_studio
    _, shown = on_terminal(studio("session", "list"), columns=200, environ={"COLUMNS": "80"})
    assert max(width(line) for line in shown.splitlines()) <= 80


def test_tables_have_headers_and_colour_on_a_terminal(full_studio: Cli) -> None:
    """On a terminal a list is a table with a header, local words and colour."""
    del full_studio
    _, shown = on_terminal(studio("session", "list"))
    assert "Status" in shown
    assert "Fri 4 Dec 10:00" in shown
    assert ESCAPE.search(shown)


@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        (("--no-color",), {}),
        ((), {"NO_COLOR": "1"}),
        ((), {"TERM": "dumb"}),
        ((), {"NO_COLOR": "1", "COLORTERM": "truecolor", "FORCE_COLOR": "1"}),
    ],
)
def test_no_colour_when_asked(full_studio: Cli, flags: tuple[str, ...], environ: dict[str, str]) -> None:
    """--no-color, NO_COLOR and TERM=dumb leave no escape codes at all, bold and dim included."""
    del full_studio
    for command in (
        ("session", "list"),
        ("session", "show", "1"),
        ("config", "list"),
        ("session", "show", "99"),
    ):
        _, shown = on_terminal(studio(*flags, *command), environ=environ)
        assert shown
        assert not ESCAPE.search(shown), shown


def test_empty_list_on_a_terminal_says_what_to_do(new_studio: Cli) -> None:
    """On a terminal an empty list names the command that fills it, and is exit 0."""
    del new_studio
    for noun, words in (
        ("session", "studio session new"),
        ("client", "studio client add"),
        ("type", "studio type add"),
    ):
        code, shown = on_terminal(studio(noun, "list"))
        assert code == 0
        assert words in shown


def test_what_was_typed_cannot_draw_on_a_terminal(with_session: Cli) -> None:
    """Marks that reorder text, and markup of rich, are shown as what they are."""
    with_session("client", "add", "\u202egnp.exe [red]Eva[/red] :smile:", "--notes", "one\ntwo").ok()
    for command in (("client", "list"), ("client", "show", "2")):
        _, shown = on_terminal(studio(*command), columns=120, environ={"NO_COLOR": "1"})
        assert "\\u202egnp.exe [red]Eva[/red] :smile:" in shown
        assert "\u202e" not in shown


def test_lines_have_no_header_and_as_many_cells(full_studio: Cli) -> None:
    """Off a terminal every line of a list has the same number of cells, no header and no escape codes."""
    for command in LISTS:
        out = full_studio(*command).ok().out
        assert out
        assert len({line.count("\t") for line in out.splitlines()}) == 1
        assert not ESCAPE.search(out)
        assert out.splitlines()[0].split("\t")[0] in {"1", "2", "family"}


def test_empty_lists(new_studio: Cli) -> None:
    """Every empty list is exit 0, no line, and an empty JSON list."""
    for noun in ("session", "client", "type", "form", "mail"):
        result = new_studio(noun, "list").ok()
        assert (result.out, result.err) == ("", "")
        assert new_studio(noun, "list", "--json").ok().json == []


@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        ("move_until_minutes", 2880, None, "they can move it: until 2 days before → no more"),
        ("move_until_minutes", None, 0, "they can move it: no → until it begins"),
        ("cancel_until_minutes", 60, 1440, "they can cancel it: until 1 h before → until 1 day before"),
        ("buffer_before_minutes", 0, 15, "buffer before: none → 15 min"),
        ("location", None, "High Park", "location: none → High Park"),
    ],
)
def test_a_change_in_words(name: str, before: object, after: object, words: str) -> None:
    """What changed of a session is told as a person says it: no minutes by the thousand."""
    assert change_in_words(name, before, after) == words
