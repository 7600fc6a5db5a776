"""``studio form``: questionnaires from TOML."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli, studio_process
from tests.terminal import CTRL_C, Terminal, on_terminal, script, studio

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


# ── check ─────────────────────────────────────────────────────────────────────────────────────────

WRONG = """title = "Before your session"
# kinds are short, long, …
[[field]]
name = "people"
label = "How many?"
kind = "nubmer"

[[field]]
name = "place"
label = "Where?"
kind = "choice"
options = ["Park"]
"""


def test_check_says_every_mistake_with_its_line(cli: Cli, tmp_path: Path) -> None:
    """form check names file, line and reason of every mistake, and is exit 2; it needs no studio."""
    path = tmp_path / "family.toml"
    path.write_text(WRONG, encoding="utf-8")
    result = cli("form", "check", str(path))
    assert result.code == 2
    assert result.out.splitlines() == [
        f"{path}:6: Field people: kind must be one of short, long, yes_no, choice, choices, number, date, email, phone.",
        f"{path}:12: Field place: a choice needs 2 to 50 options.",
    ]
    assert result.err == ""
    read = cli("form", "check", str(path), "--json")
    assert (read.code, read.json["fine"], read.json["questions"]) == (2, False, None)
    assert [one["line"] for one in read.json["mistakes"]] == [6, 12]


def test_check_of_a_fine_form(new_studio: Cli, toml: Path) -> None:
    """A fine form says so with its number of questions: from a file, from stdin, or in the studio."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    assert new_studio("form", "check", str(toml)).ok().out == f"{toml} is fine: 1 question.\n"
    assert new_studio("form", "check", "family").ok().out == "family is fine: 1 question.\n"
    assert studio_process("form", "check", "-", input=FORM).stdout == "stdin is fine: 1 question.\n"
    assert new_studio("form", "check", "family", "--json").ok().json == {
        "form": "family",
        "fine": True,
        "questions": 1,
        "mistakes": [],
    }


@pytest.mark.parametrize(
    ("form", "code"), [("none.toml", 2), ("famliy", 4), ("", 4), ("/dev/zero", 2), ("x" * 5000, 4)]
)
def test_check_of_nothing(new_studio: Cli, toml: Path, form: str, code: int) -> None:
    """What is neither a file nor a form of the studio is told in plain words."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    result = new_studio("form", "check", form)
    assert (result.code, result.out) == (code, ""), result.err
    assert "“family”" in result.err or form != "famliy"


def test_add_says_every_mistake_with_its_line(new_studio: Cli, tmp_path: Path) -> None:
    """form add shows what form check would, and adds nothing; with --json it is one error with all of them."""
    path = tmp_path / "family.toml"
    path.write_text(WRONG, encoding="utf-8")
    result = new_studio("form", "add", "family", "--file", str(path))
    assert (result.code, result.out) == (2, "")
    lines = result.err.splitlines()
    assert lines[0].startswith(f"{path}:6: Field people: kind") and lines[1].startswith(
        f"{path}:12: Field place"
    )
    assert lines[2] == f"studio: {path} has 2 mistakes."
    error = new_studio("form", "add", "family", "--file", str(path), "--json").error
    assert (error["code"], [one["line"] for one in error["details"]["mistakes"]]) == ("form", [6, 12])
    assert new_studio("form", "list").ok().out == ""


# ── show ──────────────────────────────────────────────────────────────────────────────────────────

RULES = """[[field]]
name = "place"
label = "Where?"
kind = "choices"
options = ["In the park", "At your home"]
most = 1
[[field]]
name = "address"
label = "Which address?"
help = "With the floor."
required = true
most = 80
show_if = { field = "place", equals = "At your home" }
[[field]]
name = "children"
label = "How many <children>?"
kind = "number"
min = 0
"""


def test_card_shows_the_rules() -> None:
    """On a terminal the card says of each question what it may be and when it is asked."""
    studio_process(
        "init", "--name", "Ana", "--email", "ana@example.com", "--timezone", "UTC", "--currency", "CAD"
    )
    studio_process("form", "add", "family", "--file", "-", input=RULES)
    _, shown = on_terminal(studio("form", "show", "family"))
    for words in (
        "Where? (choices)", "In the park, At your home", "at most 1", "Which address? (short, required)",
        "With the floor.", "at most 80 characters", "only if place is At your home", "from 0",
    ):  # fmt: skip
        assert words in shown
    assert (
        studio_process("form", "show", "family").stdout.splitlines()[1]
        == "address\tWhich address? (short, required)"
    )


def test_source_is_as_it_was_written(new_studio: Cli, toml: Path) -> None:
    """--source gives the text back, comments and all, so that it can be edited and given back."""
    toml.write_text("# a comment\r\n" + FORM, newline="")
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    assert new_studio("form", "show", "family", "--source").ok().out == "# a comment\r\n" + FORM


def test_page_into_a_file(new_studio: Cli, tmp_path: Path) -> None:
    """The form as clients see it is written to a file that stands alone and can send nothing."""
    (tmp_path / "form.toml").write_text(RULES)
    new_studio("form", "add", "family", "--file", str(tmp_path / "form.toml")).ok()
    path = tmp_path / "family.html"
    assert new_studio("form", "show", "family", "--out", str(path)).ok().out == f"{path}\n"
    page = path.read_text(encoding="utf-8")
    assert "How many &lt;children&gt;?" in page and "Only if you answered “At your home” to “Where?”." in page
    assert "--brand:" in page and "form-action 'none'" in page and "Ana Silva Photography" in page
    assert not re.search(r'<form[^>]*(action|method)|type="submit"|<link|src=|href="/', page)
    assert new_studio("form", "show", "family", "--out", "-").ok().out == page + "\n"


def test_page_off_a_terminal(new_studio: Cli, toml: Path) -> None:
    """Off a terminal --open writes a private file and prints where; no browser is opened."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    done = studio_process("form", "show", "family", "--open", env={**os.environ, "BROWSER": "false"})
    path = Path(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
    assert path.name == "family.html" and path.parent.stat().st_mode & 0o077 == 0
    shutil.rmtree(path.parent)


def test_page_in_the_browser(new_studio: Cli, toml: Path, tmp_path: Path) -> None:
    """On a terminal --open opens the file in the browser; where there is none it says so."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    browser = script(tmp_path / "browser", f'echo "$1" > "{tmp_path}/opened"')
    code, shown = on_terminal(
        studio("form", "show", "family", "--open"), environ={"BROWSER": f"{browser} %s"}
    )
    opened = (tmp_path / "opened").read_text().strip()
    path = Path(opened.removeprefix("file://"))
    assert code == 0 and path.name in shown.replace("\n", "") and "Before your session" in path.read_text()
    shutil.rmtree(path.parent)


def test_page_that_cannot_be_written(new_studio: Cli, toml: Path, tmp_path: Path) -> None:
    """A file that cannot be written is named in plain words."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    result = new_studio("form", "show", "family", "--out", str(tmp_path / "none" / "x.html"))
    assert (result.code, result.out) == (3, "")
    assert result.err == f"studio: {tmp_path}/none/x.html: No such file or directory.\n"


# ── edit ──────────────────────────────────────────────────────────────────────────────────────────


def test_edit_from_a_file(new_studio: Cli, toml: Path) -> None:
    """--file replaces the definition; the same again changes nothing and says so."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    toml.write_text(FORM.replace("short", "number"))
    edited = new_studio("form", "edit", "family", "--file", str(toml), "--json").ok().json
    assert (edited["changed"], edited["pending_sessions"], edited["fields"][0]["kind"]) == (
        True,
        [],
        "number",
    )
    again = new_studio("form", "edit", "family", "--file", str(toml)).ok()
    assert (again.out, again.err) == ("family\tBefore your session\t1\n", "Nothing was changed.\n")
    toml.write_text(WRONG)
    assert new_studio("form", "edit", "family", "--file", str(toml)).code == 2
    assert new_studio("form", "show", "family", "--json").ok().json["fields"] == edited["fields"]


def test_edit_tells_who_keeps_the_old_questions(new_studio: Cli, toml: Path) -> None:
    """The pending sessions that keep the questions they were sent are named, with the command that changes them."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    for hour in (10, 12):
        new_studio(
            "session", "new", "--one-off", "Portrait", "--duration", "1h", "--price", "0", "--form", "family",
            "--add-client", f"Rui{hour} <rui{hour}@example.com>", "--at", f"2026-12-04 {hour}:00",
        ).ok()  # fmt: skip
    toml.write_text(FORM.replace("short", "long"))
    edited = new_studio("form", "edit", "family", "--file", str(toml)).ok()
    assert edited.err.splitlines() == [
        "Sessions 1, 2 are pending and keep the questions from before. To ask the new ones:",
        "  studio session edit 1 --refresh-documents",
    ]


def test_edit_off_a_terminal(new_studio: Cli, toml: Path) -> None:
    """Off a terminal there is no editor: exit 2, naming --file."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    result = new_studio("form", "edit", "family")
    assert (result.code, result.out) == (2, "")
    assert "studio form edit family --file FILE" in result.err


def test_edit_in_the_editor(new_studio: Cli, toml: Path, tmp_path: Path) -> None:
    """On a terminal the editor gets a copy that ends in .toml, and what it saves is kept."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    editor = script(tmp_path / "editor", 'case "$2" in *.toml) sed -i s/short/long/ "$2";; esac')
    code, shown = on_terminal(studio("form", "edit", "family"), environ={"VISUAL": f"{editor} --wait"})
    assert (code, "Form family is changed: 1 question." in shown) == (0, True), shown
    assert new_studio("form", "show", "family", "--json").ok().json["fields"][0]["kind"] == "long"


def test_edit_again_until_it_is_right(new_studio: Cli, toml: Path, tmp_path: Path) -> None:
    """Mistakes are shown with their lines; the editor opens again on what was typed, until it is right."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    editor = script(
        tmp_path / "editor",
        'if grep -q shrt "$1"; then sed -i s/shrt/long/ "$1"; else sed -i s/short/shrt/ "$1"; fi',
    )
    with Terminal(studio("form", "edit", "family"), environ={"EDITOR": str(editor)}) as screen:
        screen.read_until("Edit it again? [y/N]")
        assert "family.toml:5: Field people: kind must be one of" in screen.shown
        screen.type("y\n")
        assert screen.finish() == 0
        assert "Form family is changed: 1 question." in screen.shown


@pytest.mark.parametrize(("answer", "code"), [("n\n", 2), (CTRL_C, 130)])
def test_leaving_with_mistakes(new_studio: Cli, toml: Path, tmp_path: Path, answer: str, code: int) -> None:
    """Who leaves instead of correcting keeps what was typed, in a file that is named; the form stays."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    editor = script(tmp_path / "editor", 'sed -i s/short/shrt/ "$1"')
    with Terminal(studio("form", "edit", "family"), environ={"EDITOR": str(editor)}, columns=200) as screen:
        screen.read_until("Edit it again? [y/N]")
        screen.type(answer)
        assert screen.finish() == code
        kept = re.search(r"What you typed is kept in (\S+)", screen.shown)
    assert kept is not None and Path(kept[1]).read_text() == FORM.replace("short", "shrt")
    shutil.rmtree(Path(kept[1]).parent)
    assert new_studio("form", "show", "family", "--source").ok().out == FORM


def test_changed_by_somebody_else_meanwhile(new_studio: Cli, toml: Path, tmp_path: Path) -> None:
    """An edit that would write over another one is refused, and what was typed is kept."""
    new_studio("form", "add", "family", "--file", str(toml)).ok()
    toml.write_text(FORM.replace("people", "pets"))
    command = f"{sys.executable} -m studio_cli form edit family --file {toml}"
    editor = script(tmp_path / "editor", f'sed -i s/short/long/ "$1"\n{command} > /dev/null')
    code, shown = on_terminal(studio("form", "edit", "family"), environ={"EDITOR": str(editor)}, columns=200)
    kept = re.search(r"What you typed is kept in (\S+)", shown)
    assert code == 3 and "was changed by somebody else meanwhile" in shown
    assert kept is not None and Path(kept[1]).read_text() == FORM.replace("short", "long")
    shutil.rmtree(Path(kept[1]).parent)
    assert new_studio("form", "show", "family", "--json").ok().json["fields"][0]["name"] == "pets"
