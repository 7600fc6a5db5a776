"""What takes longer than a second shows how far it is, on a terminal only, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

LONG = """
import sys, time
from studio_cli.cli.desk import Desk
from studio_cli.cli.progress import busy, tracked

def work():
    for number in range(3):
        time.sleep(float(sys.argv[1]))
        yield number

desk = Desk()
for number in tracked(desk, "Sending mails", work(), 3):
    desk.say(f"said {number}")
with busy(desk, "Reminding"):
    time.sleep(float(sys.argv[1]) * 2)
desk.say("over")
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    """A program that takes as long as it is told."""
    path = tmp_path / "long.py"
    path.write_text(LONG)
    return [sys.executable, str(path)]


def test_long_work_is_drawn(program: list[str]) -> None:
    """After a second a line shows what is done of how much; it is gone before anything else is said."""
    with Terminal([*program, "0.7"]) as screen:
        assert screen.finish() == 0
        shown = screen.shown
    assert "Sending mails [##########....................] 1 of 3" in shown
    assert "Reminding … 1 s" in shown
    assert "\nsaid 0\n" in f"\n{shown}"
    for line in ("said 1", "said 2", "over"):
        assert f"\r\x1b[K{line}\n" in shown, shown


def test_short_work_and_pipes_show_nothing(program: list[str]) -> None:
    """What takes less than a second, or a terminal that can draw nothing, shows nothing."""
    with Terminal([*program, "0.01"]) as screen:
        assert screen.finish() == 0
        assert screen.shown == "said 0\nsaid 1\nsaid 2\nover\n"
    with Terminal([*program, "0.6"], environ={"TERM": "dumb"}) as screen:
        assert screen.finish() == 0
        assert screen.shown == "said 0\nsaid 1\nsaid 2\nover\n"


def test_an_error_leaves_no_line(tmp_path: Path) -> None:
    """When the work fails, the line goes and the error comes through."""
    path = tmp_path / "fails.py"
    path.write_text(LONG.replace("yield number", "yield 1 // (number - 2)").replace("(2)", "(3)"))
    with Terminal([sys.executable, str(path), "0.6"]) as screen:
        assert screen.finish() == 1
        assert "ZeroDivisionError" in screen.shown
        assert "\r\x1b[KTraceback" in screen.shown
