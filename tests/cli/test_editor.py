"""Editing a text in the owner's editor: which one, what comes back, and what is never lost."""

from __future__ import annotations

import io
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_cli.cli.desk import Desk
from studio_cli.cli.editor import edit_text, edit_until_right, not_lost
from studio_cli.errors import Refused, WrongUsage
from tests.conftest import Cli
from tests.terminal import on_terminal, script, studio

Edit = Callable[..., str | None]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the copies are made: nothing is left there after a good end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def desk(said: str = "", **environ: str) -> Desk:
    """Return a desk whose owner has these variables set, and answers so."""
    return Desk(environ=environ, stdin=io.StringIO(said), stdout=io.StringIO(), stderr=io.StringIO())


def words(desk: Desk) -> str:
    """Return what was said on stderr."""
    assert isinstance(desk.stderr, io.StringIO)
    return desk.stderr.getvalue()


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], str]:
    """Make an editor that does what a line of shell says to the file $1."""

    def make(line: str) -> str:
        return str(script(tmp_path / "an editor", line)).replace(" ", "\\ ")

    return make


def test_what_was_saved_comes_back(editor: Callable[[str], str], temporary: Path) -> None:
    """The text that was saved is returned exactly, and no copy is left."""
    command = editor(r"""printf 'é\r\n🎈 no newline' > "$1" """)
    assert edit_text(desk(EDITOR=command), "before\n", ".toml") == "é\r\n🎈 no newline"
    assert list(temporary.iterdir()) == []


def test_copy_is_private_and_has_the_suffix(editor: Callable[[str], str], tmp_path: Path) -> None:
    """The copy is in a folder that nobody else can enter, and its name tells the editor the language."""
    command = editor(
        f'ls -ld "$(dirname "$1")" > {tmp_path}/mode; echo "$1" > {tmp_path}/name; cat "$1" > {tmp_path}/text'
    )
    assert edit_text(desk(EDITOR=command), "x = 1", ".toml") is None
    assert (tmp_path / "mode").read_text().startswith("drwx------")
    assert (tmp_path / "name").read_text().endswith(".toml\n")
    assert (tmp_path / "text").read_text() == "x = 1\n"


def test_nothing_changed(editor: Callable[[str], str], temporary: Path) -> None:
    """A text that was looked at, or saved as it was, is not changed; an editor that comes back at once is suspected."""
    here = desk(EDITOR=editor('cp "$1" "$1.new"; mv "$1.new" "$1"'))
    assert edit_text(here, "x = 1", ".toml") is None
    assert "code --wait" in words(here)
    assert list(temporary.iterdir()) == []


def test_visual_comes_first(editor: Callable[[str], str]) -> None:
    """VISUAL is asked before EDITOR, and an empty one is none."""
    command = editor('echo changed > "$1"')
    assert edit_text(desk(VISUAL=command, EDITOR="false"), "x", "") == "changed\n"
    assert edit_text(desk(VISUAL=" ", EDITOR=command), "x", "") == "changed\n"


def test_without_a_name_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When none is named, nano is tried, then vi; a machine with neither is told what to do."""
    script(tmp_path / "vi", 'echo vi > "$1"')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert edit_text(desk(), "x", "") == "vi\n"
    (tmp_path / "vi").unlink()
    with pytest.raises(WrongUsage) as none:
        edit_text(desk(), "x", "")
    assert none.value.hint is not None and "export EDITOR=nano" in none.value.hint


@pytest.mark.parametrize(
    ("command", "reason"), [("/none/editor", "No such file"), ("/dev/null", "denied"), ("a 'b", "command")]
)
def test_editor_that_cannot_be_run(command: str, reason: str, temporary: Path) -> None:
    """An editor that is not there, is none, or is misspelt is named in plain words, and nothing is left."""
    with pytest.raises(WrongUsage) as absent:
        edit_text(desk(EDITOR=command), "x", ".toml")
    assert reason in absent.value.message and absent.value.code == "editor"
    assert list(temporary.iterdir()) == []


def test_editor_that_fails_keeps_what_was_typed(editor: Callable[[str], str]) -> None:
    """An editor that ends badly changes nothing, and what was typed is where the error says."""
    with pytest.raises(Refused) as failed:
        edit_text(desk(EDITOR=editor('echo typed > "$1"; exit 3')), "x", ".toml")
    assert "ended with code 3" in failed.value.message
    kept = re.search(r"kept in (\S+\.toml)", failed.value.hint or "")
    assert kept is not None and Path(kept[1]).read_text() == "typed\n"


def test_editor_left_on_purpose(editor: Callable[[str], str], temporary: Path) -> None:
    """An editor that is left with an error and no change leaves no copy."""
    with pytest.raises(Refused) as failed:
        edit_text(desk(EDITOR=editor("exit 1")), "x", ".toml")
    assert failed.value.hint is None
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("line", [r"""printf '\377\376' > "$1" """, 'rm "$1"'])
def test_editor_that_leaves_no_text(editor: Callable[[str], str], line: str) -> None:
    """A file that is gone, or is no text, is told; what is there stays there."""
    with pytest.raises(Refused, match="left no UTF-8 text"):
        edit_text(desk(EDITOR=editor(line)), "x", ".toml")


def test_ctrl_c_is_the_editors(editor: Callable[[str], str]) -> None:
    """A Ctrl-C that is pressed in the editor does not end the command; afterwards it does again."""
    before = signal.getsignal(signal.SIGINT)
    command = editor('trap : INT; kill -INT $PPID; sleep 0.2; echo typed > "$1"')
    assert edit_text(desk(EDITOR=command), "x", ".toml") == "typed\n"
    assert signal.getsignal(signal.SIGINT) == before


def mistakes(text: str) -> list[str]:
    """Say that a text is too short."""
    return [] if len(text) > 4 else ["too short"]


def test_mistakes_are_corrected(editor: Callable[[str], str], temporary: Path) -> None:
    """While there are mistakes the editor opens again on what was typed last."""
    here = desk("y\ny\n", EDITOR=editor('echo x >> "$1"'))
    assert edit_until_right(here, "", "", mistakes) == "\nx\nx\n"
    assert words(here).count("too short") == 1
    assert list(temporary.iterdir()) == []


def test_mistakes_are_left(editor: Callable[[str], str], temporary: Path) -> None:
    """Who does not want to correct leaves with exit 2; what was typed is kept and named."""
    import typer

    here = desk("n\n", EDITOR=editor('echo abc > "$1"'))
    with pytest.raises(typer.Exit) as left:
        edit_until_right(here, "x", ".md", mistakes)
    assert left.value.exit_code == 2
    (folder,) = temporary.iterdir()
    assert (folder / "text.md").read_text() == "abc\n"
    assert f"What you typed is kept in {folder}/text.md" in words(here)


def test_not_lost(temporary: Path) -> None:
    """A block that does not end well leaves the text in a file; one that does leaves nothing."""
    here = desk()
    with not_lost(here, "typed", ".md"):
        pass
    assert list(temporary.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), not_lost(here, "typed", ".md"):
        raise KeyboardInterrupt
    (folder,) = temporary.iterdir()
    assert (folder / "text.md").read_text() == "typed"


# ── the commands ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("command", "look", "field"),
    [
        (("client", "edit", "1", "--edit-notes"), ("client", "show", "1"), "notes"),
        (("session", "edit", "1", "--edit-notes"), ("session", "show", "1"), "notes"),
        (("config", "edit", "site.words"), ("config", "get", "site.words"), "value"),
    ],
)
def test_long_texts_are_written_in_the_editor(
    with_session: Cli,
    editor: Callable[[str], str],
    command: tuple[str, ...],
    look: tuple[str, ...],
    field: str,
) -> None:
    """Notes and long settings open in the editor as they are, and are kept as they are left."""
    for line, kept in (
        ("printf 'One\\nand two' > \"$1\"", "One\nand two"),
        ("printf '\\nmore' >> \"$1\"", "One\nand two\n\nmore"),
        ("true", "One\nand two\n\nmore"),
        (': > "$1"', None),
    ):
        code, shown = on_terminal(studio(*command), environ={"EDITOR": editor(line)})
        assert code == 0, shown
        assert with_session(*look, "--json").ok().json[field] == kept
    off = with_session(*command)
    assert (off.code, off.out) == (2, "")
    assert "An editor needs a terminal" in off.err


def test_what_is_refused_is_kept(with_session: Cli, editor: Callable[[str], str], temporary: Path) -> None:
    """Notes that cannot be kept stay in a file that is named."""
    del with_session
    command = editor("head -c 30000 /dev/zero | tr '\\0' x > \"$1\"")
    code, shown = on_terminal(
        studio("client", "edit", "1", "--edit-notes"), environ={"EDITOR": command, "TMPDIR": str(temporary)}
    )
    assert code == 2
    assert "is kept in" in shown and "the limit is 20,000" in shown
    assert [path.stat().st_size for path in temporary.rglob("text.txt")] == [30_000]
