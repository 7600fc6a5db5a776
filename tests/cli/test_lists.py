"""Every list: which fields, in which order, how many, and as what; and the filters of sessions."""

from __future__ import annotations

import csv
import io
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group

from studio_cli.booking import block as blocks
from studio_cli.booking import client as clients
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.share import share
from studio_cli.booking.studio import found
from studio_cli.cli.app import NOUNS, root
from studio_cli.model.client import ClientDetails
from tests.conftest import NOW, ZONE, Cli, Maker
from tests.terminal import on_terminal, studio

JSON_ONLY = {("config", "list")}
"""A list of names and values: it has one field, and its JSON is an object."""


def every_list() -> dict[tuple[str, ...], Any]:
    """Every command that lists something, by its words."""
    group: Any = get_group(root)
    listed: dict[tuple[str, ...], Any] = {("slots",): group.get_command(None, "slots")}
    for noun in NOUNS:
        command = group.get_command(None, noun)
        if hasattr(command, "list_commands") and "list" in command.list_commands(None):
            listed[noun, "list"] = command.get_command(None, "list")
    return {words: command for words, command in listed.items() if words not in JSON_ONLY}


LISTS = every_list()
each = pytest.mark.parametrize("words", LISTS, ids=" ".join)


@pytest.fixture(scope="module")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio's file with a little of everything that is listed, made once."""
    path = tmp_path_factory.mktemp("lists") / "studio.db"
    made = found(
        path, lambda: NOW, name="Ana Silva", email="ana@example.com", timezone=ZONE, currency="CAD", test=True
    )
    make = Maker(made)
    clients.add(made, ClientDetails.checked("Rui Costa", "rui@example.com"))
    clients.add(made, ClientDetails.checked("Eva Lima", "eva@example.com", "+1 416 555 0100"))
    make.type(slug="family", location="High Park")
    make.session(client="rui")
    make.session("2026-12-03 14:00", type="family", client="eva")
    share(made, "2", "email")
    payments.record(made, "2", "50", method="cash")
    sessions.confirm(made, "1")
    blocks.add(made, "spam@example.com")
    made.file.close()
    return path


@pytest.fixture
def full(full_file: Path, tmp_path: Path, cli: Cli) -> Cli:
    """The command line on a copy of ``full_file``."""
    shutil.copy(full_file, tmp_path / "studio.db")
    return cli


def arguments(words: tuple[str, ...]) -> list[str]:
    """Return what a list needs to be called."""
    return [*words, "--type", "family"] if words == ("slots",) else [*words]


@each
def test_columns_in_every_form(full: Cli, words: tuple[str, ...]) -> None:
    """--columns names the cells of a line and of CSV, in the order in which they are named; JSON stays as it is."""
    names = list(reversed(LISTS[words].columns))
    call = arguments(words)
    lines = full(*call, "--columns", ",".join(names)).ok().out.splitlines()
    table = list(csv.reader(io.StringIO(full(*call, "--csv", "--columns", ",".join(names)).ok().out)))
    assert table[0] == names
    assert len(table) == len(lines) + 1
    assert {line.count("\t") for line in lines} <= {len(names) - 1}
    assert full(*call, "--json", "--columns", names[0]).ok().json == full(*call, "--json").ok().json


@each
def test_csv_has_the_cells_of_the_lines_under_their_names(full: Cli, words: tuple[str, ...]) -> None:
    """CSV without more has the same cells as the lines, under the names that --columns knows."""
    call = arguments(words)
    head, *rows = csv.reader(io.StringIO(full(*call, "--csv").ok().out))
    assert set(head) <= set(LISTS[words].columns)
    lines = [line.split("\t") for line in full(*call).ok().out.splitlines()]
    assert [[cell.removeprefix("'") for cell in row] for row in rows] == lines


@each
def test_every_field_that_is_said_to_sort_does(full: Cli, words: tuple[str, ...]) -> None:
    """Each name that --sort takes is taken, up and down, and changes nothing but the order."""
    call = arguments(words)
    usual = sorted(full(*call).ok().out.splitlines())
    for name in LISTS[words].sorts:
        for order in (name, f"-{name}", f"{name} desc"):
            assert sorted(full(*call, "--sort", order).ok().out.splitlines()) == usual


@each
def test_limit(full: Cli, words: tuple[str, ...]) -> None:
    """--limit leaves the first ones, as lines and as JSON."""
    call = arguments(words)
    assert full(*call, "--limit", "1").ok().out.splitlines() == full(*call).ok().out.splitlines()[:1]
    assert full(*call, "--limit", "1", "--json").ok().json == full(*call, "--json").ok().json[:1]


@each
@pytest.mark.parametrize(
    ("typed", "words_of_error"),
    [
        (["--columns", "idd"], "--columns takes: "),
        (["--columns", ","], "--columns names none"),
        (["--sort", "frobnicate"], "--sort takes: "),
        (["--limit", "0"], "--limit"),
        (["--csv", "--json"], "contradict"),
    ],
)
def test_what_cannot_be_listed(
    full: Cli, words: tuple[str, ...], typed: list[str], words_of_error: str
) -> None:
    """A name that is none, a limit of nothing, two forms at once: exit 2, with what there is."""
    result = full(*arguments(words), *typed)
    assert (result.code, result.out) == (2, "")
    assert words_of_error in result.err


def test_a_mistyped_column_gets_the_nearest(full: Cli) -> None:
    """The nearest name is proposed, and the list is in the JSON of the error."""
    assert "Did you mean “client”" in full("session", "list", "--columns", "id,clinet").err
    assert "Did you mean “starts_at”" in full("session", "list", "--sort", "-start_at").err
    error = full("session", "list", "--columns", "clinet", "--json").error
    assert error["code"] == "column" and "client" in error["details"]["columns"]


def test_more_fields_than_are_shown(full: Cli) -> None:
    """What is not listed by itself can be asked for."""
    cells = "id,email,phone,type,location,total,paid,balance,client_id"
    assert full(
        "session", "list", "--status", "pending,confirmed", "--columns", cells
    ).ok().out.splitlines() == [
        "2\teva@example.com\t+1 416 555 0100\tfamily\tHigh Park\t250.00 CAD\t50.00 CAD\t200.00 CAD\t2",
        "1\trui@example.com\t\t\t\t100.00 CAD\t0.00 CAD\t100.00 CAD\t1",
    ]


def test_columns_of_a_table(full: Cli) -> None:
    """On a terminal --columns chooses those of the table, with words for people where they have some."""
    code, shown = on_terminal(studio("session", "list", "--columns", "id,phone,ends_at,waiting_for"))
    assert code == 0
    assert "Phone" in shown and "Ends" in shown and "Status" not in shown
    assert "Fri 4 Dec 2026 11:00" in shown
    assert "Waiting for" in shown  # asked for, so it is there though nothing waits
    del full


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (["--type", "family"], [2]),
        (["--client", "eva"], [2]),
        (["--unpaid"], [2, 1]),
        (["--unpaid", "--status", "confirmed"], [2, 1]),
        (["--waiting-for", "review"], []),
        (["--sort", "-starts_at"], [1, 2]),
        (["--sort", "client desc"], [1, 2]),
        (["--sort", "balance"], [1, 2]),
        (["--sort", "email", "--limit", "1"], [2]),
        (["--from", "2026-12-04"], [1]),
        (["--status", "pending", "--unpaid"], []),
    ],
)
def test_filters_and_order_of_sessions(full: Cli, filters: list[str], numbers: list[int]) -> None:
    """Filters narrow, and --sort orders, what session list shows."""
    full("session", "confirm", "2")
    assert [one["id"] for one in full("session", "list", "--json", *filters).ok().json] == numbers


def test_waiting_for(full: Cli) -> None:
    """--waiting-for finds the pending sessions that wait for a step; with another status nothing does."""
    call = ("session", "list", "--json", "--waiting-for")
    assert [one["id"] for one in full(*call, "review").ok().json] == [2]
    assert full(*call, "payment").ok().json == []  # the deposit is paid
    assert full(*call, "review", "--status", "confirmed").ok().json == []
    wrong = full(*call, "paymnt")
    assert wrong.code == 2 and "Did you mean “payment”" in wrong.error["hint"]
    assert "Did you mean “confirmed”" in full("session", "list", "--status", "confirmd").err


def test_sessions_sort_alike_in_sql_and_by_their_cells(make: Maker, cli: Cli) -> None:
    """The store sorts sessions as their cells would be: by every field, up and down, the empty ones last."""
    dice = random.Random(7)
    make.type("Family session")
    make.type("Album", duration="1h", price="20", deposit=None)
    for number in range(12):
        about = {"type": dice.choice(["family", "album"])} if number % 3 else {}
        location = {"location": dice.choice(["Park", "attic", "Studio"])} if number % 2 else {}
        make.session(f"2026-12-{number + 7:02} 1{number % 4}:00", custom=True, **about, **location)
    for name in LISTS["session", "list"].sorts:
        if name == "status":
            continue
        for down in ("", "-"):
            documents = cli("session", "list", "--columns", name, "--sort", down + name).ok().out.splitlines()
            filled = [cell for cell in documents if cell]
            assert documents == filled + [""] * (len(documents) - len(filled)), name
            if name in {"id", "client_id", "duration_minutes"}:
                assert list(map(int, filled)) == sorted(map(int, filled), reverse=bool(down)), name
            elif not any(cell.endswith(" CAD") for cell in filled):
                folded = [cell.casefold() for cell in filled]
                assert folded == sorted(folded, reverse=bool(down)), name
            else:
                amounts = [float(cell.split()[0]) for cell in filled]
                assert amounts == sorted(amounts, reverse=bool(down)), name


def test_moments_sort_by_when_they_are(full: Cli) -> None:
    """Cells with other offsets from UTC are sorted by when they are, not by how they are written."""
    from studio_cli.cli.listing import Listing
    from studio_cli.cli.output import same
    from studio_cli.store.order import Order

    del full
    rows = ["2026-11-01T01:10:00-05:00", "2026-11-01T01:40:00-04:00", ""]
    columns = {"at": same("At", str)}
    assert Listing(order=Order("at")).arranged(rows, columns) == [rows[1], rows[0], ""]
    assert Listing(order=Order("at", True)).arranged(rows, columns) == rows
    numbers = ["10", "9", "-3.5", "x", "1.20 CAD"]
    assert Listing(order=Order("at")).arranged(numbers, columns) == ["-3.5", "1.20 CAD", "9", "10", "x"]


def test_every_list_is_one(full: Cli) -> None:
    """No list is left out: each that there is has the same options."""
    del full
    assert len(LISTS) >= 10
    for words, command in LISTS.items():
        names = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "--csv", "--columns", "--sort", "--limit"} <= names, words


def test_amounts_stay_numbers_and_formulas_do_not(full: Cli) -> None:
    """A client whose name is a formula is text in CSV."""
    full("client", "add", "=1+1", "--email", "x@example.com").ok()
    assert "'=1+1" in full("client", "list", "--csv").ok().out
