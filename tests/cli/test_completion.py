"""Completion: what is proposed, in the shells themselves, at once, and never anything else."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio_cli.booking import client as clients
from studio_cli.booking import contract as contracts
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.cli import columns, completion, completion_table, shells
from studio_cli.cli.completion import FILES, candidates
from studio_cli.model.client import ClientDetails
from studio_cli.model.text import shown
from tests.conftest import Cli, Maker
from tests.terminal import Terminal, script

HOSTILE = "Eva $(touch PWNED) `touch PWNED` 'q' \"x ;touch PWNED"


@pytest.fixture
def known(studio: Studio, make: Maker) -> Studio:
    """A studio with some of everything that has a name."""
    make.type(slug="family")
    clients.add(studio, ClientDetails.checked("Rui Costa", "rui@example.com", "+1 416 555 0100"))
    clients.add(studio, ClientDetails.checked(HOSTILE, "eva@example.com"))
    for number in (3, 4):
        clients.add(studio, ClientDetails.checked("José Lima", f"jose{number}@example.com"))
    make.session(client="1")
    make.session("2026-12-07 10:00", type="family", client="3")
    contracts.add(studio, "wedding", "# Terms\n\nAgreed?")
    return studio


def values(line: str) -> list[str]:
    """Return what is proposed at the end of a line; its words are apart by single blanks."""
    *words, current = line.split(" ")
    found = candidates(words, current)
    return [FILES] if found is None else [value for value, _ in found]


def test_the_table_is_what_the_commands_are() -> None:
    """Every command, option and argument is in the table as it is by now; if not: make completion."""
    assert json.loads(completion_table.TABLE.read_text(encoding="utf-8")) == completion_table.table()
    assert completion_table.TABLE.read_text(encoding="utf-8") == completion_table.text()


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("sess", ["session"]),
        ("serve", ["serve", "serve-link"]),
        ("session sh", ["show", "share"]),
        ("session list --st", ["--status"]),
        ("session list --status pe", ["pending"]),
        ("session list --status pending,co", ["pending,confirmed"]),
        ("session list --status=pe", ["--status=pending"]),
        ("session list --unpaid --waiting-for re", ["review"]),
        ("session list --columns id,bal", ["id,balance", "id,balance_due_on"]),
        ("session list --sort ema", ["email"]),
        ("session list --client ru", ["Rui Costa"]),
        ("session show ", ["last", "1", "2"]),
        ("session show la", ["last"]),
        ("session show 2", ["2"]),
        ("session show jose", ["2"]),
        ("session show 1 2", []),
        ("session share --email ", ["last", "1", "2"]),
        ("client show RUI", ["Rui Costa"]),
        ("client show la", ["last"]),
        ("client show jose", ["jose3@example.com", "jose4@example.com"]),  # the name would be ambiguous
        ("client show rui@", ["rui@example.com"]),
        ("client show 1", ["1"]),
        ("client show nobody", []),
        ("client list ", []),
        ("type show f", ["family"]),
        ("session new --type f", ["family"]),
        ("session edit 1 --contract w", ["wedding"]),
        ("contract show ", ["wedding"]),
        ("contract add ", []),
        ("form check ", [FILES]),
        ("--db ", [FILES]),
        ("template show conf", ["confirmed", "confirmed_owner"]),
        ("config get mail.ho", ["mail.host"]),
        ("config set studio.timezone america/toro", ["America/Toronto"]),
        ("config set mail.tls st", ["starttls"]),
        ("config secret mail", ["mail.password"]),
        ("availability set mo", ["mon", "mon-fri"]),
        ("init --currency CA", ["CAD"]),
        ("slots --from to", ["today", "tomorrow"]),
        ("type add --pay d", ["deposit"]),
        ("--no-input session show l", ["last"]),
        ("frobnicate ", []),
        ("session frobnicate ", []),
        ("session show -- l", ["last"]),
    ],
)
def test_proposed(known: Studio, line: str, proposed: list[str]) -> None:
    """Commands, options, and the values of both, among them what is in the studio."""
    del known
    found = values(line)
    assert found == proposed if proposed != ["confirmed", "confirmed_owner"] else "confirmed" in found


def test_another_file_is_named(known: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--db before the command says whose names are meant."""
    del known
    monkeypatch.setenv("STUDIO_DB", str(tmp_path / "nothing.db"))
    assert values("session show 1") == []
    assert values(f"--db {tmp_path}/studio.db session show 1") == ["1"]
    assert values(f"--db={tmp_path}/studio.db session show 1") == ["1"]


def test_a_few_words_about_each(known: Studio) -> None:
    """A session is told by its title, its client and when it is, in the words of its table; a client by how to reach them."""
    when = next(one.shown for one in columns.SESSION if one.title == "When")
    assert when is not None
    for number in (1, 2):
        session = sessions.get(known, number)
        [(_, about)] = candidates(["session", "show"], str(number)) or []
        assert about == f"{session.title}, {session.client.name}, {when(session)}, pending"
    assert candidates(["client", "show"], "rui") == [("Rui Costa", "rui@example.com, +1 416 555 0100")]
    assert candidates(["type", "show"], "") == [("family", "Family session")]


def complete(*words: str, shell: str = "zsh", **environ: str) -> subprocess.CompletedProcess[str]:
    """Ask as a shell does."""
    return subprocess.run(
        [sys.executable, "-m", "studio_cli", "--", *words],
        env={**os.environ, "_STUDIO_COMPLETE": shell, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_nothing_heavy_is_loaded(known: Studio) -> None:
    """Completing a number from the studio loads no Typer, no rich, no whenever and no command."""
    del known
    code = (
        "import sys; sys.argv = ['studio', '--', 'session', 'show', '1']\n"
        "from studio_cli.__main__ import main; main()\n"
        "heavy = {'typer', 'click', 'rich', 'whenever', 'jinja2', 'sqlite_utils', 'babel', 'platformdirs'}\n"
        "print(sorted(heavy & set(sys.modules)), [name for name in sys.modules if 'studio_cli.booking' in name])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "_STUDIO_COMPLETE": "zsh"},
        capture_output=True,
        text=True,
    )
    first, second = ended.stdout.splitlines()
    assert first.startswith("1\tPortrait, Rui Costa, Fri 4 Dec 2026 10:00, pending")
    assert second == "[] []", ended.stderr


@pytest.mark.parametrize("kind", ["none", "folder", "garbage", "empty", "foreign", "old", "busy", "damaged"])
def test_whatever_is_wrong_there_is_no_noise(known: Studio, tmp_path: Path, kind: str) -> None:
    """Without a file that can be read now, nothing is proposed, nothing is said, nothing is written, at once."""
    path = tmp_path / "other.db"
    if kind == "folder":
        path.mkdir()
    elif kind in {"garbage", "empty"}:
        path.write_bytes(b"not a database " * 500 if kind == "garbage" else b"")
    elif kind in {"foreign", "old"}:
        made = sqlite3.connect(path)
        made.execute("CREATE TABLE client (id)")
        made.execute(f"PRAGMA application_id = {0x57D10C11 if kind == 'old' else 7}")
        made.close()
    elif kind in {"busy", "damaged"}:
        shutil.copy(known.file.path, path)
    if kind == "damaged":
        data = path.read_bytes()
        path.write_bytes(data[:4096] + b"\x55" * (len(data) - 4096))
    before = path.read_bytes() if path.is_file() else None
    holder = sqlite3.connect(path if kind == "busy" else ":memory:", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")  # the file is not read here until it is let go: that would let it go
    begun = time.monotonic()
    ended = complete("client", "show", "ru", STUDIO_DB=str(path))
    assert time.monotonic() - begun < 5
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    holder.close()
    assert (path.read_bytes() if path.is_file() else None) == before
    if kind == "none":
        assert not path.exists()


@given(line=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
@example(line='studio client show "')
@example(line="studio client show \\")
@example(line="studio session list --status=")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_line_is_answered(known: Studio, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Whatever stands on the line, it is answered or not, and never fails."""
    del known
    monkeypatch.setenv("STUDIO_LINE", line)
    assert isinstance(completion._answer("bash"), list)


@given(
    value=st.text(
        st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30
    ),
    cut=st.integers(0, 3),
)
@example(value=HOSTILE, cut=2)
@example(value="a@b.co", cut=2)
@example(value="!x ~y", cut=0)
@settings(max_examples=100, deadline=None)
def test_what_bash_puts_into_the_line_is_the_value(value: str, cut: int) -> None:
    """What was typed with what bash replaces of it reads as the candidate, quoted or not, whatever is in it."""
    typed = "".join(f"\\{letter}" if letter in completion._SPECIAL else letter for letter in value[:cut])
    words, current, before = completion._bash_words(f"studio client show {typed}")
    assert (words, current) == (["client", "show"], value[:cut])
    line = before + completion._for_bash(value, current, before)
    parsed, last, _ = completion._bash_words(
        f"studio x {line}" if not before else f"studio x '{before}'{line[len(before) :]}"
    )
    assert (parsed, last) == (["x"], value)


def test_bash_reads_it_the_same() -> None:
    """Bash itself reads what is put into the line as the value, and runs nothing of it."""
    quoted = completion._for_bash(HOSTILE, "", "")
    ended = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, text=True)
    assert ended.stdout == HOSTILE


# ── the shells themselves ─────────────────────────────────────────────────────────────────────────

START = {
    "bash": ["bash", "--norc", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "-i"],
}


def shell_command(shell: str) -> list[str]:
    """Return how to start a shell; without it the test is skipped, loudly, and in CI that is a failure."""
    if shutil.which(shell) is None:
        reason = f"NO {shell.upper()}: completion was not tried in it. Install it (apt-get install {shell})."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return START[shell]


@pytest.mark.parametrize("shell", START)
def test_in_the_shell(known: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    """Installed by its option, the Tab key completes commands, statuses, numbers, names and files, and runs no name."""
    del known
    command = shell_command(shell)
    home = tmp_path / "shell"
    home.mkdir()
    program = script(home / "studio", f'exec "{sys.executable}" -m studio_cli "$@"')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ZDOTDIR", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("PATH", f"{home}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(home)
    installed = subprocess.run(
        [program, "--install-completion", shell], capture_output=True, text=True, check=True
    )
    assert shell in installed.stdout
    if shell == "bash":
        command = ["bash", "--rcfile", str(home / ".bashrc"), "-i"]
    (home / "some_form.toml").touch()
    with Terminal(command, columns=200, environ={"TERM": "dumb" if shell == "bash" else "xterm"}) as screen:
        screen.type("echo rea''dy\n")
        screen.read_until("ready")
        for typed, completed in (
            ("studio sess", "session"),
            ("studio session list --status pe", "pending"),
            ("studio client show ru", "Costa"),
            ("studio client show 'Rui C", "Costa'"),
            ("studio client show ev", "PWNED"),
            ("studio form check some_", "some_form.toml"),
            ("studio session show 2", "2"),
        ):
            screen.type(typed)
            screen.type("\t")
            screen.read_until(completed)
            screen.type("\x15")
        screen.type("exit\n")
    assert not list(home.rglob("PWNED"))


def test_installing_twice_changes_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's own file gets one line, after what is in it; an unknown shell is exit 2."""
    home = tmp_path / "bare"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME")
    (home / ".bashrc").write_text("alias ll='ls -l'")
    for _ in range(2):
        assert ".bashrc" in cli("--install-completion", "bash").ok().out
    lines = (home / ".bashrc").read_text().splitlines()
    assert lines[0] == "alias ll='ls -l'" and len(lines) == 2
    assert (home / ".config" / "studio" / "completion.bash").read_text() == shells.SCRIPTS["bash"]
    assert cli("--show-completion", "zsh").ok().out == shells.SCRIPTS["zsh"]
    assert cli("--show-completion", "cmd").code == 2
    assert cli("--show-completion").code in {0, 2}  # whatever shell runs the tests


def test_words_are_safe_to_show(known: Studio) -> None:
    """What an outside tool wrote into a name cannot draw on the terminal: such a name is not proposed."""
    with known.file.atomic() as sql:
        sql.execute("UPDATE client SET name = 'Rui' || char(27) || '[31m', name_folded = 'rui' WHERE id = 1")
    assert values("client show ru") == []
    for _, about in candidates(["session", "show"], "") or []:
        assert about == shown(about)
