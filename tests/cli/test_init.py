"""``studio init``: one file, made whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.terminal import on_terminal, studio

VALUES = {
    "--name": "Ana Silva Photography",
    "--email": "ana@example.com",
    "--timezone": "America/Toronto",
    "--currency": "CAD",
}


def init(changed: dict[str, str | None] | None = None) -> list[str]:
    values = {**VALUES, **(changed or {})}
    return ["init", *[word for flag, value in values.items() if value is not None for word in (flag, value)]]


def test_init(cli: Cli, tmp_path: Path) -> None:
    """A new studio is one file, which only its owner can read; its path is the data."""
    assert cli(*init()).ok().out == f"{tmp_path / 'studio.db'}\n"
    assert stat.S_IMODE((tmp_path / "studio.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["studio.db"]


def test_init_in_json(cli: Cli, tmp_path: Path) -> None:
    """With --json the studio's values are written in their normal form."""
    made = (
        cli(*init({"--name": "  Ana ", "--currency": "cad", "--timezone": "america/toronto"}), "--json")
        .ok()
        .json
    )
    assert made == {
        "path": str(tmp_path / "studio.db"), "name": "Ana", "timezone": "America/Toronto", "currency": "CAD",
    }  # fmt: skip


def test_second_init_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    """Where there is a file already init is exit 3, and the file is as it was."""
    cli(*init()).ok()
    before = (tmp_path / "studio.db").read_bytes()
    result = cli(*init({"--name": "Other"}), "--json")
    assert (result.code, result.error["code"]) == (3, "already_exists")
    assert (tmp_path / "studio.db").read_bytes() == before


@pytest.mark.parametrize("flag", ["--name", "--email", "--currency"])
def test_missing_values_name_their_flag(cli: Cli, flag: str) -> None:
    """Off a terminal a missing value is exit 2 and names the flag."""
    result = cli(*init({flag: None}))
    assert (result.code, result.out) == (2, "")
    assert flag in result.err


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"--name": ""}, "is empty"),
        ({"--name": "x" * 10_000}, "the limit is 200"),
        ({"--name": "A\tB"}, "U+0009"),
        ({"--email": ""}, "is not a mail address"),
        ({"--email": "ana at example"}, "is not a mail address"),
        ({"--timezone": "Toronto Time"}, "is not a time zone"),
        ({"--timezone": "toronto"}, "Did you mean America/Toronto?"),
        ({"--timezone": "../../etc/passwd"}, "is not a time zone"),
        ({"--timezone": "/etc/localtime"}, "is not a time zone"),
        ({"--timezone": "x" * 10_000}, "is not a time zone"),
        ({"--currency": "dollars"}, "for example: CAD"),
        ({"--currency": "XQQ"}, "CAD, EUR or JPY"),
        ({"--currency": ""}, "for example: CAD"),
    ],
)
def test_bad_values(cli: Cli, tmp_path: Path, changed: dict[str, str], words: str) -> None:
    """What cannot be a studio's is exit 2 with what was wrong and an example, and no file appears."""
    result = cli(*init(changed))
    assert (result.code, result.out) == (2, ""), result.err
    assert words in result.err
    assert 1 <= len(result.err.splitlines()) <= 2
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_hostile_name_is_stored_whole(cli: Cli) -> None:
    """A studio's name with quotes, markup and other scripts is stored whole."""
    name = 'Ana\'s "Studio" <script>alert(1)</script> שלום 👩‍👩‍👧'
    cli(*init({"--name": name})).ok()
    assert cli("config", "get", "studio.name", "--json").ok().json == {"name": "studio.name", "value": name}


def test_folder_that_is_not_there_is_made(cli: Cli, tmp_path: Path) -> None:
    """The folder of the file is made, for the owner only."""
    cli("--db", str(tmp_path / "a" / "b" / "s.db"), *init()).ok()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) & 0o077 in {0, 0o055}
    assert (tmp_path / "a" / "b" / "s.db").exists()


def test_folder_that_cannot_be(cli: Cli, tmp_path: Path) -> None:
    """A path under a file, or one that is too long, is exit 3 in plain words."""
    (tmp_path / "file").write_text("")
    for path in (
        tmp_path / "file" / "s.db",
        tmp_path / ("x" * 300) / "s.db",
        tmp_path / "nobody" / ("y" * 5000),
    ):
        result = cli("--db", str(path), *init())
        assert result.code == 3, result.err
        assert len(result.err.splitlines()) <= 2


def test_on_a_terminal() -> None:
    """On a terminal init tells what was assumed and what comes next."""
    code, shown = on_terminal(studio(*init()))
    assert code == 0
    assert "hours Monday to Friday 09:00 to 17:00" in shown
    assert "studio type add" in shown
