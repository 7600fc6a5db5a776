"""The root command: help, exit codes, errors in words and in JSON, and a world that is not as it should be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group

from studio_cli import __version__
from studio_cli.cli.app import NOUNS, root
from tests.command_tree import commands
from tests.conftest import Cli, studio_process

COMMANDS = [one.path for one in commands() if one.path != ("demo",)]  # the demo has its own tests
named = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


# ── help ──────────────────────────────────────────────────────────────────────────────────────────


@named
def test_every_command_has_help_with_an_example(cli: Cli, command: tuple[str, ...]) -> None:
    """Every command explains itself and shows at least one whole example, on stdout."""
    result = cli(*command, "--help").ok()
    head, _, examples = result.out.partition("For example:")
    assert head.startswith(f"Usage: studio {' '.join(command)}")
    assert f"  studio {' '.join(command)}" in examples or f"| studio {' '.join(command)}" in examples
    assert result.err == ""


@named
def test_help_says_what_every_option_is_for(command: tuple[str, ...]) -> None:
    """Every option and argument of every command has a line of help."""
    found: Any = get_group(root)
    for word in command:
        found = found.get_command(None, word)
    assert found.help
    assert [param.name for param in found.params if not getattr(param, "help", None)] == []


def test_help_fits_a_terminal(cli: Cli) -> None:
    """The first help is within 80 columns and names every noun."""
    out = cli("--help").ok().out
    assert max(map(len, out.splitlines())) <= 80
    assert all(re.search(rf"^ .* {noun} +[A-Z]", out, re.M) for noun in NOUNS)


def test_version(cli: Cli) -> None:
    """--version prints the version, without a studio."""
    assert cli("--version").ok().out == f"studio {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("session",), ("config",)])
def test_nothing_said_is_wrong_usage_with_help(cli: Cli, arguments: tuple[str, ...]) -> None:
    """A noun without a verb is exit 2, shows the help on stderr, and leaves stdout to data."""
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Usage: studio" in result.err


# ── errors ────────────────────────────────────────────────────────────────────────────────────────


def is_plain(err: str) -> bool:
    """Whether an error is one or two plain lines, and no traceback."""
    lines = err.splitlines()
    return 1 <= len(lines) <= 2 and lines[0].startswith("studio: ") and "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("sesion", "list"), 2, "Did you mean “session”"),
        (("session", "lst"), 2, "Did you mean “list”?"),
        (("frobnicate",), 2, "studio --help shows them all."),
        (("session", "list", "--bogus"), 2, "No such option: --bogus"),
        (("session", "list", "--clinet", "rui"), 2, "Did you mean “--client”"),
        (("type", "add", "X", "--no-tip"), 2, "“--no-tips”"),
        (("config", "secret", "mail.pasword"), 4, "Did you mean “mail.password”?"),
        (("mail", "show", "last"), 4, "There is no message yet"),
        (("client", "show", "last"), 4, "There is no client yet"),
        (("payment", "receipt", "last"), 4, "There is no receipt yet"),
        (("payment", "receipt", "x"), 4, "is not a receipt's number"),
        (("session", "show"), 2, "Missing argument 'SESSION'"),
        (("session", "confirm", "1", "2"), 2, "unexpected extra argument"),
        (("session", "list", "--limit", "many"), 2, "--limit"),
        (("session", "list", "--limit", "0"), 2, "--limit"),
        (("session", "list", "--limit", str(10**30)), 2, "--limit"),
        (("session", "list", "--limit", "9" * 5000), 2, "--limit"),
        (("session", "show", "9" * 30), 4, "is not a session's number"),
        (("mail", "show", str(10**30)), 4, "is not a message's number"),
        (("mail", "send", str(10**30)), 4, "is not a message's number"),
        (("session", "list", "--status", "done"), 2, "pending"),
        (("session", "list", "--from", "2026-02-30"), 2, "Write it like 2026-12-04"),
        (("session", "list", "--to", "9999-12-31"), 2, "Write it like 2026-12-04"),
        (("session", "list", "--from", "+9999999d"), 2, "Write it like 2026-12-04"),
        (("config", "get", "studio.nme"), 4, "Did you mean “studio.name”"),
        (("type", "add", "X", "--duration", "1h", "--price", "1", "--per-day", str(10**30)), 2, ""),
    ],
)
def test_wrong_usage(new_studio: Cli, arguments: tuple[str, ...], code: int, words: str) -> None:
    """What cannot be meant ends with a code and one or two lines that say what helps; stdout stays empty."""
    result = new_studio(*arguments)
    assert result.code == code, result.err
    assert result.out == ""
    assert words in result.err
    assert is_plain(result.err), result.err


@pytest.mark.parametrize("arguments", [("session", "show", "99", "--json"), ("session", "show", "--json")])
def test_errors_in_json(new_studio: Cli, arguments: tuple[str, ...]) -> None:
    """With --json an error is one line of JSON on stderr: code, message, hint, details; stdout stays empty."""
    result = new_studio(*arguments)
    assert (result.code, result.out) == (4 if "99" in arguments else 2, "")
    assert len(result.err.splitlines()) == 1
    assert set(result.error) == {"code", "message", "hint", "details"}
    assert result.error["code"] == ("not_found" if "99" in arguments else "usage")
    assert isinstance(result.error["details"], dict)


def test_what_was_typed_cannot_draw_on_the_terminal(new_studio: Cli) -> None:
    """Escapes and line breaks in what was typed, or in a path, are written out in the error."""
    for arguments in (
        ("session", "list", "--\x1b[31m\nx"),
        ("session", "\x1b[31m\nx"),
        ("client", "show", "\x1b[31m\nx"),
        ("--db", "\x1b[31m\nx.db", "session", "list"),
        ("form", "add", "x", "--file", "\x1b[31m\nx.toml"),
        ("config", "get", "\x1b[31m\nx"),
    ):
        err = new_studio(*arguments).err
        assert "\x1b" not in err
        assert is_plain(err), err


NO_STUDIO_NEEDED = {("init",), ("config", "path"), ("help",), ("restore",), ("doctor",)}
ARGUMENTS = {
    ("client", "import"): ["-"],
    ("session", "import"): ["-"],
    ("session", "new"): ["--one-off", "X", "--duration", "1h", "--client", "1", "--at", "2026-12-04 10:00"],
    ("session", "show"): ["1"],
    ("session", "share"): ["1", "--link"],
    ("session", "link"): ["1"],
    ("session", "confirm"): ["1"],
    ("session", "reopen"): ["1"],
    ("session", "cancel"): ["1", "--yes"],
    ("client", "add"): ["Rui"],
    ("client", "show"): ["rui"],
    ("client", "edit"): ["rui", "--phone", "123"],
    ("type", "add"): ["Family", "--duration", "1h", "--price", "1"],
    ("type", "show"): ["family"],
    ("type", "edit"): ["family", "--price", "1"],
    ("type", "archive"): ["family"],
    ("type", "publish"): ["family"],
    ("type", "unpublish"): ["family"],
    ("type", "link"): ["family"],
    ("block", "add"): ["203.0.113.7"],
    ("block", "remove"): ["203.0.113.7"],
    ("serve",): ["--trusted-proxy", "nobody"],
    ("type", "dates"): ["family", "--on", "2026-12-12", "--off"],
    ("session", "reschedule"): ["1", "--at", "2026-12-04 10:00"],
    ("session", "edit"): ["1", "--location", "Park"],
    ("session", "history"): ["1"],
    ("session", "accept"): ["1"],
    ("session", "decline"): ["1"],
    ("session", "propose"): ["1", "--at", "2026-12-04 10:00"],
    ("availability", "set"): ["mon", "off"],
    ("availability", "override"): ["2026-12-24", "off"],
    ("availability", "block"): ["2026-12-24"],
    ("availability", "unblock"): ["1"],
    ("availability", "why"): ["2026-12-24 10:00", "--duration", "1h"],
    ("slots",): ["--type", "family"],
    ("calendar", "show"): ["x"],
    ("calendar", "subscribe"): ["x.ics"],
    ("calendar", "unsubscribe"): ["x"],
    ("calendar", "connect"): ["https://cal.example.com/", "--user", "ana"],
    ("calendar", "disconnect"): ["x"],
    ("form", "show"): ["x"],
    ("form", "check"): ["x"],
    ("form", "edit"): ["x"],
    ("contract", "show"): ["x"],
    ("contract", "edit"): ["x", "--file", "-"],
    ("contract", "check"): ["x"],
    ("payment", "record"): ["1", "50"],
    ("payment", "refund"): ["1"],
    ("payment", "keep"): ["1"],
    ("payment", "receipt"): ["1"],
    ("mail", "show"): ["1"],
    ("mail", "cancel"): ["1", "--yes"],
    ("mail", "test"): ["rui@example.com"],
    ("template", "show"): ["share"],
    ("template", "edit"): ["share", "--file", "-"],
    ("template", "preview"): ["share"],
    ("template", "reset"): ["share", "--yes"],
    ("waiting", "add"): ["--type", "x", "--client", "x"],
    ("waiting", "remove"): ["1"],
    ("config", "get"): ["studio.name"],
    ("config", "edit"): ["site.words"],
    ("config", "set"): ["studio.name", "Ana"],
    ("config", "secret"): ["mail.password"],
}


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command not in NO_STUDIO_NEEDED], ids=" ".join
)
def test_without_a_studio(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where there is no studio yet, every command is exit 4, names studio init, and makes nothing."""
    arguments = ARGUMENTS.get(command, [])
    if command[1:] == ("add",) and command[0] in {"form", "contract"}:
        (tmp_path / "form.toml").write_text(
            'title = "x"\n[[field]]\nname = "a"\nlabel = "A"\nkind = "short"\n'
        )
        arguments = ["x", "--file", str(tmp_path / "form.toml")]
    result = cli(*command, *arguments)
    assert result.code == 4, result.err
    assert "studio init" in result.err
    assert result.out == ""
    assert not (tmp_path / "studio.db").exists()


def test_closed_stdin_for_a_secret(new_studio: Cli) -> None:
    """A secret that cannot be read because stdin is closed is wrong usage."""
    del new_studio
    script = f'"{sys.executable}" -m studio_cli config secret mail.password <&-'
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert is_plain(ended.stderr)


# ── bytes that are not text ───────────────────────────────────────────────────────────────────────

NOT_UTF8 = b"\xff\xfe"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([b"client", b"add", NOT_UTF8], 2),
        ([b"client", b"add", b"Rui", b"--key", NOT_UTF8], 2),
        ([b"client", b"show", NOT_UTF8], 2),
        ([b"client", b"show", NOT_UTF8, b"--json"], 2),
        ([b"session", b"show", NOT_UTF8], 4),
        ([b"config", b"set", b"studio.name", NOT_UTF8], 2),
        ([NOT_UTF8], 2),
        ([b"session", b"list", b"--" + NOT_UTF8], 2),
        ([b"--db", NOT_UTF8 + b".db", b"session", b"list"], 4),
        ([b"form", b"add", b"x", b"--file", NOT_UTF8], 2),
    ],
)
def test_arguments_that_are_not_utf8(new_studio: Cli, arguments: list[bytes], code: int) -> None:
    """Bytes that are not UTF-8 in an argument are refused in plain words, and nothing is kept."""
    process = [sys.executable.encode(), b"-m", b"studio_cli", *arguments]
    ended = subprocess.run(process, capture_output=True, timeout=60)
    err = ended.stderr.decode()
    assert ended.returncode == code, err
    assert ended.stdout == b""
    if b"--json" in arguments:
        assert json.loads(err)["error"]["code"] == "not_text"
    else:
        assert is_plain(err), err
    assert new_studio("client", "list").ok().out == ""


def test_file_whose_name_is_not_utf8(tmp_path: Path) -> None:
    """A studio in a file whose name is not UTF-8 works."""
    path = os.fsencode(tmp_path) + b"/\xff.db"
    init = [
        b"init",
        b"--name",
        b"Ana",
        b"--email",
        b"a@example.com",
        b"--timezone",
        b"UTC",
        b"--currency",
        b"EUR",
    ]
    for arguments in (init, [b"config", b"get", b"studio.name"]):
        ended = subprocess.run(
            [sys.executable.encode(), b"-m", b"studio_cli", b"--db", path, *arguments],
            capture_output=True,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr
    assert ended.stdout == b"Ana\n"


def test_stdout_in_another_encoding(new_studio: Cli) -> None:
    """Data that the encoding of stdout does not have is written out instead of ending the command."""
    new_studio("client", "add", "Zoë").ok()
    ended = studio_process("client", "list", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stdout) == (0, "1\tZo\\xeb\t\t\n")


# ── pipes and disks ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("extra", ["", " --json"])
def test_reader_that_goes_away(new_studio: Cli, unbuffered: str, extra: str) -> None:
    """A pipe whose reader has enough (head) is no error, and nothing is said about it."""
    for number in range(40):
        new_studio("client", "add", f"Client {number} {'x' * 150}").ok()
    script = f'set -o pipefail; "{sys.executable}" -m studio_cli client list{extra} | head -c 1'
    environ = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, env=environ)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout) == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_answer_that_cannot_be_written(new_studio: Cli, unbuffered: str) -> None:
    """When stdout is on a full disk the work is saved, the code is 5, and one line says so."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "studio_cli", "client", "add", "Rui"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert ended.returncode == 5
    assert is_plain(ended.stderr), ended.stderr
    assert "could not be written" in ended.stderr
    assert new_studio("client", "show", "rui").code == 0


def test_stopped_clock_that_is_no_time(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """STUDIO_NOW that is no time is wrong usage with an example."""
    monkeypatch.setenv("STUDIO_NOW", "soon")
    result = cli("init", "--name", "A", "--email", "a@b.co", "--timezone", "UTC", "--currency", "EUR")
    assert result.code == 2
    assert "2026-12-04T15:00:00Z" in result.err


# ── what is loaded ────────────────────────────────────────────────────────────────────────────────

HEAVY = (
    "sqlite_utils", "jinja2", "starlette", "uvicorn", "stripe", "icalendar", "babel", "rich", "segno", "markdown_it",
    "imagesize", "prompt_toolkit",
)  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("session", "--help"),
        ("session", "list"),
        ("session", "list", "--json"),
        ("session", "show", "1"),
        ("session", "confirm", "1"),
        ("session", "cancel", "1", "--yes"),
        ("client", "list"),
        ("client", "add", "Eva", "--json"),
        ("config", "get", "studio.name"),
        ("type", "list"),
        ("mail", "list"),
        ("payment", "record", "1", "10"),
        ("session", "new", "--one-off", "X", "--duration", "1h", "--client", "1", "--at", "2026-12-07 10:00"),
        ("session", "share", "1", "--link"),
        ("session", "edit", "1", "--notes", "x"),
        ("session", "reschedule", "1", "--at", "2026-12-07 10:00"),
        ("contract", "list"),
        ("calendar", "list"),
        ("session", "list", "--bogus"),
    ],
    ids=" ".join,
)
def test_everyday_commands_load_nothing_heavy(with_session: Cli, arguments: tuple[str, ...]) -> None:
    """Off a terminal an everyday command loads no library that it does not use: start-up time is its imports."""
    del with_session
    script = (
        "import sys; from studio_cli.cli.app import run; code = run(sys.argv[1:]); "
        "print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}), code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60
    )
    *loaded, code = ended.stdout.splitlines()[-1].split()
    assert code == ("2" if "--bogus" in arguments else "0"), ended.stderr
    assert sorted(set(HEAVY) & set(loaded)) == []


def test_what_is_said_before_a_command_can_be_said_after_it(with_session: Cli, tmp_path: Path) -> None:
    """Options of the whole program are taken after the command too: scripts and people write them there."""
    with_session("session", "list", "--no-input", "--no-color", "--no-pager").ok()
    other = with_session("session", "list", "--db", str(tmp_path / "none.db"))
    assert other.code == 4
    assert "none.db" in other.err
