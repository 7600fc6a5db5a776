"""``studio doctor``: what it writes for whom, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio_cli.cli.cells import width_of
from tests.conftest import Cli
from tests.terminal import on_terminal, studio


def test_well(new_studio: Cli) -> None:
    """Of a new studio everything is well: exit 0, one tab-separated line for each check."""
    told = new_studio("doctor").ok()
    lines = [line.split("\t") for line in told.out.splitlines()]
    assert {len(line) for line in lines} == {6}
    assert {line[0] for line in lines} == {"fine"}
    assert "\x1b" not in told.out


def test_worth_a_look_is_no_failure(with_session: Cli) -> None:
    """What is worth a look ends with 0."""
    document = with_session("doctor", "--json").ok().json
    assert document["state"] == "look"
    assert {one["check"] for one in document["findings"] if one["state"] != "fine"} == {"backup"}


def test_wrong_is_three_until_it_is_fixed(new_studio: Cli, tmp_path: Path) -> None:
    """What is wrong ends with 3 and names the command; --fix mends it and says so, once."""
    (tmp_path / "studio.db").chmod(0o644)
    told = new_studio("doctor")
    assert told.code == 3
    assert f"chmod 600 {tmp_path / 'studio.db'}\tfixable" in told.out
    mended = new_studio("doctor", "--fix", "--json").ok().json
    assert [one["fixed"] for one in mended["findings"] if one["fixed"]] == [
        f"For you alone now: {tmp_path / 'studio.db'}."
    ]
    assert not any(one["fixed"] for one in new_studio("doctor", "--fix", "--json").ok().json["findings"])


def test_no_studio(cli: Cli) -> None:
    """Where there is no studio it says how to make one, and makes nothing."""
    told = cli("doctor", "--fix", "--json")
    assert (told.code, told.json["state"]) == (3, "wrong")
    assert told.json["findings"][0]["advice"].startswith("studio init")
    assert cli("doctor", "--fix").code == 3


def test_read_out(with_session: Cli) -> None:
    """--plain says each check in a sentence, and at the end how many there are of each."""
    lines = with_session("doctor", "--plain").ok().out.splitlines()
    assert "Fine: overlaps. No two sessions are at one time that nobody has allowed." in lines
    assert any(
        line.startswith("Worth a look: backup.") and line.endswith("What to do: studio backup")
        for line in lines
    )
    assert lines[-1].startswith("1 worth a look, ")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_on_a_terminal(with_session: Cli, tmp_path: Path, columns: int) -> None:
    """On a terminal nothing is wider than it, and what can be mended at once is said."""
    (tmp_path / "studio.db").chmod(0o644)
    code, shown = on_terminal(studio("doctor"), columns=columns, environ={"NO_COLOR": "1"})
    lines = shown.splitlines()
    assert code == 3
    wide = [line for line in lines if width_of(line) > columns and str(tmp_path) not in line]
    assert wide == []
    assert any(line.startswith("✗ wrong permissions") for line in lines)
    assert "studio doctor --fix" in shown
    assert "\x1b" not in shown


def test_online_logs_in_and_sends_nothing(with_mail: Cli) -> None:
    """--online talks with the mail server that is set, and no mail arrives."""
    document = with_mail("doctor", "--online", "--json").ok().json
    said = next(one["words"] for one in document["findings"] if one["check"] == "mail")
    assert said == "The mail server can be used (name, connection, greeting)."
