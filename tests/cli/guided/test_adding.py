"""``studio client add`` and ``studio type add`` on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.guided.conftest import Replay, dump
from tests.cli.guided.shell import Shell
from tests.conftest import Cli

CLIENT = (("Name:", ("Eva Lima", "enter")), ("Email:", ("eva@example.com", "enter")), ("Phone:", ("enter",)))
TYPE = (
    ("Name:", ("Newborn", "enter")),
    ("Duration:", ("2h", "enter")),
    ("Price in CAD:", ("300", "enter")),
    ("Due at booking:", ("20%", "enter")),
    ("Questionnaire:", ("family", "enter")),
    ("Contract:", ("enter",)),
    ("Who books it:", ("down", "enter")),
)


@pytest.fixture
def with_documents(file: Path, cli: Cli) -> Path:
    """A studio with a questionnaire and a contract."""
    samples = Path(__file__).parents[3] / "templates" / "sample"
    cli("form", "add", "family", "--file", str(samples / "family.toml")).ok()
    cli("contract", "add", "agreement", "--file", str(samples / "agreement.md")).ok()
    return file


def test_client(shell: Shell, file: Path, replayed: Replay) -> None:
    """A client is asked for by name, address and phone; mistakes are explained at once."""
    shell.run("client add")
    shell.sees("Name:")
    shell.press("enter")
    shell.sees("✗ The client's name is empty.")
    shell.press("Eva Lima", "enter")
    shell.sees("Email:")
    shell.press("RUI@example.com", "enter")
    shell.sees("✗ There is a client with that address already: 1 Rui Costa")
    shell.press("clear", "eva@example.com", "enter")
    shell.sees("Phone:")
    shell.press("+1 416 555 0199", "enter")
    assert "Client 4, Eva Lima <eva@example.com>, is added." in shell.ends()
    assert replayed(shell.all_shown)[:4] == ["studio", "client", "add", "Eva Lima"]
    shell.run("client add --name Eva")
    shell.ends(2)
    shell.run('client add "Only a name"')
    assert "✓" not in shell.ends()
    del file


def test_command_of_odd_words(shell: Shell, file: Path, replayed: Replay) -> None:
    """Words that a shell or the command would take for something else are written so that they are themselves."""
    name = """-Eva "O'Neil" $(x) *"""
    shell.run("client add --notes=-x")
    shell.sees("Name:")
    shell.press(name, "enter")
    shell.sees("Email:")
    shell.press("enter")
    shell.sees("Phone:")
    shell.press("enter")
    shell.ends()
    assert replayed(shell.all_shown)[3:] == ["--notes=-x", "--", name]
    del file


def test_type(shell: Shell, with_documents: Path, replayed: Replay, prepared: Path) -> None:
    """A session type is asked for with its documents and who books it; each answer is tried with those before it."""
    shell.run("type add")
    shell.sees("Name:")
    shell.press("family", "enter")
    shell.sees("✗ There is a session type family already.")
    shell.press("clear", "Newborn", "enter")
    shell.sees("Duration: 1h")
    shell.press("13h", "enter")
    shell.sees("✗ A duration of 13 h is outside what is possible: 5 min to 12 h.")
    shell.press("clear", "2h", "enter")
    shell.sees("Price in CAD: 0")
    shell.press("300", "enter")
    shell.sees("Due at booking:")
    shell.press("500", "enter")
    shell.sees("✗ The deposit")
    shell.press("clear", "20%", "enter")
    shell.sees("Questionnaire:", "❯ None", "family")
    shell.press("fam", "enter")
    shell.sees("Contract:", "agreement")
    shell.press("enter")
    shell.sees("Who books it:", "Only you set it up", "By its direct link")
    shell.press("link", "enter")
    assert "300.00 CAD, 60.00 CAD at booking" in shell.ends()
    assert (
        "  studio type add Newborn --duration 2h --price 300 --deposit 20% --form family --private --publish\n"
        in shell.all_shown
    )
    del with_documents, replayed, prepared


def test_free_type_asks_for_no_deposit(shell: Shell, file: Path, replayed: Replay) -> None:
    """Just Enter takes what is proposed; of a free session nothing is due, and without documents none are asked for."""
    shell.run("type add Consultation --duration 30m")
    shell.sees("Price in CAD:")
    shell.press("enter")
    shell.sees("Who books it:")
    shell.press("enter")
    shown = shell.ends()
    assert "Due at booking" not in shown
    assert replayed(shell.all_shown)[3:] == ["Consultation", "--duration", "30m", "--price", "0"]
    shell.run("type add Other --duration forever")
    assert "is not a length of time" in shell.ends(2)
    del file


@pytest.mark.parametrize(("command", "questions"), [("client add", CLIENT), ("type add", TYPE)])
def test_interrupted_at_each_question(
    shell: Shell, with_documents: Path, command: str, questions: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    """Ctrl-C at any question leaves the file as it was; Esc goes back to the first."""
    before = dump(with_documents)
    for last in range(len(questions)):
        shell.run(command)
        for question, keys in questions[:last]:
            shell.sees(question)
            shell.press(*keys)
        shell.sees(f"? {questions[last][0]}")
        for question, _ in reversed(questions[:last]):
            shell.press("esc")
            shell.sees(f"? {question}")
        shell.press("ctrl-c")
        assert "Interrupted. Nothing was changed." in shell.ends(130)
    assert dump(with_documents) == before


@pytest.mark.parametrize("command", [("client", "add"), ("type", "add"), ("type", "add", "--mini")])
def test_off_a_terminal(cli: Cli, file: Path, command: tuple[str, ...]) -> None:
    """Off a terminal a missing name is exit 2, and says so."""
    result = cli(*command)
    assert (result.code, result.out) == (2, "")
    assert "Missing argument 'NAME'" in result.err
    del file
