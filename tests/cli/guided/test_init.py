"""``studio init`` on a terminal: who, where, paid in what, offering what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_cli.model.availability import parse_week
from tests.cli.guided.conftest import rows, same_command
from tests.cli.guided.shell import Shell
from tests.conftest import Cli
from tests.terminal import on_terminal, studio


@pytest.fixture
def shell(clean_machine: Path) -> Iterator[Shell]:
    """A shell on a machine in Lisbon."""
    with Shell(environ={"TZ": "Europe/Lisbon", "LANG": "en_US.UTF-8"}) as running:
        yield running


def test_init(shell: Shell, cli: Cli, tmp_path: Path) -> None:
    """Everything is asked, mistakes are explained, and the studio is the one that the shown command makes."""
    shell.run("init")
    shell.sees("Your studio's name:")
    shell.press("enter")
    shell.sees("✗ The studio's name is empty.")
    shell.press("Ana's Studio", "enter")
    shell.sees("Your email:")
    shell.press("ana", "enter")
    shell.sees("✗ 'ana' is not a mail address")
    shell.press("@example.com", "enter")
    shell.sees("Time zone:", "❯ Europe/Lisbon", "this machine's: 15:00")
    shell.press("new york")
    shell.sees("❯ America/New_York")
    shell.press("clear", "enter")
    shell.sees("Currency:", "❯ EUR  Euro")
    shell.press("dollar can", "enter")
    shell.sees("✓ Currency: CAD, Canadian Dollar", "Sample session types:", "Tutor", "None")
    shell.press("down", "enter")
    shell.sees("Hours you work:", "❯ Monday to Friday, 09:00 to 17:00", "None yet")
    shell.press("other", "enter")
    shell.sees("Hours: mon-fri 09:00-17:00")
    shell.press("mon 9-5", "enter")
    shell.sees("✗ '9-5' is not a range of hours. Write it like 09:00-12:00.")
    shell.press("clear", "tue-thu 10:00-12:00 14:00-18:00; sat 10:00-13:00", "enter")
    shown = shell.ends()
    assert "Ana's Studio is ready" in shown
    assert "hours on tue, wed, thu, sat" in shown
    assert "Next: studio type edit lesson --price 100" in shown
    cli("--db", str(tmp_path / "fresh.db"), *same_command(shell.all_shown)[1:]).ok()
    fresh, made = (rows(tmp_path / name) for name in ("fresh.db", "studio.db"))
    kept = [row for row in fresh.pop("setting") if row[0] != "internal.id"]
    assert kept == [row for row in made.pop("setting") if row[0] != "internal.id"]
    assert fresh == made
    assert len(made["session_type"]) == 3


def test_interrupted_at_each_question(shell: Shell, tmp_path: Path) -> None:
    """Ctrl-C at any question leaves no file."""
    questions = (
        ("Your studio's name:", ("Ana", "enter")), ("Your email:", ("a@b.co", "enter")), ("Time zone:", ("enter",)),
        ("Currency:", ("enter",)), ("Sample session types:", ("enter",)), ("Hours you work:", ("other", "enter")),
        ("Hours:", ()),
    )  # fmt: skip
    for last in range(len(questions)):
        shell.run("init")
        for question, keys in questions[:last]:
            shell.sees(question)
            shell.press(*keys)
        shell.sees(f"? {questions[last][0]}")
        shell.press("ctrl-c")
        assert "Interrupted. Nothing was changed." in shell.ends(130)
        assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_only_the_missing_is_asked(shell: Shell) -> None:
    """What was typed is not asked for; what was typed wrong fails at once."""
    shell.run("init --name Ana --email ana@example.com --timezone Asia/Tokyo --hours off --samples none")
    shell.sees("? Currency:", "❯ JPY")
    shell.press("enter")
    shown = shell.ends()
    assert "prices in JPY, no hours yet" in shown
    assert "Next: studio type add" in shown
    shell.run("init")
    assert "There is a file at" in shell.ends(3)


def test_wrong_value_fails_before_anything_is_asked(shell: Shell) -> None:
    """A value that was typed wrong is exit 2 before the first question."""
    for words, said in (
        ("--currency XQQ", "XQQ is not a currency"),
        ("--timezone Mars", "is not a time zone"),
        ("--samples plumber", "There are no samples for 'plumber'"),
        ("--hours never", "names no days"),
    ):
        shell.run(f"init {words}")
        assert said in shell.ends(2)


def test_samples_and_hours_by_flags(cli: Cli) -> None:
    """--samples adds the session types of a trade, --hours sets the week; off a terminal nothing is asked."""
    words = ("--name", "A", "--email", "a@b.co", "--timezone", "UTC", "--currency", "EUR")
    cli("init", *words, "--samples", "Therapist", "--hours", "mon,wed 09:00-12:00; fri 14:00-18:00").ok()
    offers = cli("type", "list", "--json").ok().json
    assert {(one["slug"], one["duration_minutes"], one["price"]["amount"]) for one in offers} == {
        ("couples-session", 80, "0.00"), ("first-conversation", 25, "0.00"), ("session", 50, "0.00"),
    }  # fmt: skip
    weekly = cli("availability", "show", "--json").ok().json["weekly"]
    assert [(one["day"], one["opens"]) for one in weekly] == [
        ("mon", "09:00"),
        ("wed", "09:00"),
        ("fri", "14:00"),
    ]


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--samples", "photografer", "Did you mean “photographer”"),
        ("--samples", "", "Use one of"),
        ("--hours", "mon 09:00-12:00; mon-fri 13:00-17:00", "says mon twice"),
        ("--hours", "mon", "No hours were given"),
        ("--hours", "", "names no days"),
        ("--hours", "mon 12:00-09:00", "ends before it begins"),
    ],
)
def test_wrong_samples_and_hours(cli: Cli, tmp_path: Path, flag: str, value: str, said: str) -> None:
    """A trade or hours that cannot be are exit 2 with what helps, and no file appears."""
    words = ("--name", "A", "--email", "a@b.co", "--timezone", "UTC", "--currency", "EUR")
    result = cli("init", *words, flag, value)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_hours_of_a_day_off() -> None:
    """A day that is said to be off has no hours."""
    assert [one.weekday for one in parse_week("mon-tue 09:00-12:00; wed off")] == [1, 2]


def test_without_input(clean_machine: Path) -> None:
    """With --no-input a missing value is exit 2 and names its flag."""
    code, shown = on_terminal(studio("--no-input", "init"))
    assert (code, "--name is missing" in shown) == (2, True)
    del clean_machine
