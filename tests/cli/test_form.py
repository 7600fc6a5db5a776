"""``studio form``: questionnaires from TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Cli, studio_process

FORM = """title = "Before your session"
[[field]]
name = "people"
label = "How many people will be there?"
kind = "short"
required = true
help = "Children count too."
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """A form in a file."""
    path = tmp_path / "form.toml"
    path.write_text(FORM, encoding="utf-8")
    return path


def test_add_list_show(new_studio: Cli, toml: Path) -> None:
    """A form is added from its file, listed, shown, and used by a type and a one-off."""
    added = new_studio("form", "add", "family", "--file", str(toml), "--json").ok().json
    assert (added["name"], added["title"]) == ("family", "Before your session")
    assert new_studio("form", "list").ok().out == "family\tBefore your session\t1\n"
    assert new_studio("form", "show", "family", "--json").ok().json == added
    new_studio("type", "add", "Family", "--duration", "1h", "--price", "0", "--form", "family").ok()
    made = new_studio(
        "session", "new", "--type", "family", "--add-client", "Rui", "--at", "2026-12-04 10:00", "--json"
    ).ok()
    assert made.json["waiting_for"] == ["review", "questionnaire"]


def test_add_from_stdin(new_studio: Cli) -> None:
    """--file - reads the form from stdin."""
    assert studio_process("form", "add", "family", "--file", "-", input=FORM).returncode == 0
    assert new_studio("form", "show", "family").code == 0


def test_name_is_unique(new_studio: Cli, toml: Path) -> None:
    """A second form of a name is exit 3."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    result = new_studio("form", "add", "family", "--file", str(toml), "--json")
    assert (result.code, result.error["code"]) == (3, "already_exists")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"title", b"\xff\xfe", b'title = "x"\n', FORM.replace("short", "guess").encode(), b"x" * 300_000,
        FORM.replace("people", "two words").encode(), (FORM + FORM.partition("\n")[2]).encode(), b"a = " + b"[" * 5000,
    ],
)  # fmt: skip
def test_bad_forms(new_studio: Cli, tmp_path: Path, content: bytes) -> None:
    """What is no form is exit 2 in one or two plain lines, and nothing is added."""
    (tmp_path / "bad.toml").write_bytes(content)
    result = new_studio("form", "add", "bad", "--file", str(tmp_path / "bad.toml"))
    assert (result.code, result.out) == (2, ""), result.err
    assert 1 <= len(result.err.splitlines()) <= 2
    assert new_studio("form", "list").ok().out == ""


@pytest.mark.parametrize("file", ["none.toml", "", "/", "/dev/zero", "/dev/null", "x" * 5000])
def test_files_that_are_none(new_studio: Cli, file: str) -> None:
    """A file that is not there, a folder, or one without end is exit 2 in plain words."""
    result = new_studio("form", "add", "x", "--file", file)
    assert (result.code, result.out) == (2, ""), result.err
    assert len(result.err.splitlines()) <= 2


def test_unknown_form(new_studio: Cli, toml: Path) -> None:
    """An unknown form is exit 4 with the nearest name."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    result = new_studio("form", "show", "famliy", "--json")
    assert (result.code, result.error["details"]["nearest"]) == (4, ["family"])
