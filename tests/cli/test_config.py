"""``studio config``: settings, and secrets that stay out of the studio's file."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Cli, studio_process
from tests.terminal import Terminal, on_terminal, studio

KEYS = {
    "studio.name", "studio.email", "studio.phone", "studio.timezone", "studio.currency", "studio.locale",
    "brand.logo", "brand.color", "web.public_url", "web.trusted_proxy", "mail.from", "mail.host", "mail.port",
    "mail.user", "mail.tls",
    "payment.provider", "payment.instructions",
}  # fmt: skip


def test_list(new_studio: Cli) -> None:
    """Every setting is listed, null or empty where nothing is set, and nothing of the studio's inside."""
    listed = new_studio("config", "list", "--json").ok().json
    assert set(listed) >= KEYS
    assert listed["studio.name"] == "Ana Silva Photography"
    assert listed["mail.host"] is None
    assert (listed["mail.port"], listed["mail.tls"]) == ("587", "starttls")
    assert not any(name.startswith("internal.") for name in listed)
    assert "mail.host\t\n" in new_studio("config", "list").ok().out


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("studio.name", " Ana ", "Ana"),
        ("studio.timezone", "europe/lisbon", "Europe/Lisbon"),
        ("studio.currency", "eur", "EUR"),
        ("brand.color", "#ABCDEF", "#abcdef"),
        ("web.public_url", "https://book.example.com/", "https://book.example.com"),
        ("mail.port", "25", "25"),
        ("payment.instructions", "Line one\r\nIBAN <b>x</b>", "Line one\nIBAN <b>x</b>"),
    ],
)
def test_set_and_get(new_studio: Cli, name: str, typed: str, kept: str) -> None:
    """A setting is kept in its normal form, and get prints it."""
    assert new_studio("config", "set", name, typed, "--json").ok().json == {"name": name, "value": kept}
    assert new_studio("config", "get", name).ok().out == kept + "\n"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("studio.email", "ana", "rui@example.com"),
        ("studio.timezone", "Mars/Olympus", "is not a time zone"),
        ("studio.currency", "XQQ", "CAD, EUR or JPY"),
        ("brand.color", "green", "#2f6f62"),
        ("web.public_url", "book.example.com", "https://book.example.com"),
        ("web.public_url", "javascript:alert(1)", "https://book.example.com"),
        ("web.trusted_proxy", "localhost", "127.0.0.1, 10.0.0.0/8"),
        ("mail.port", "0", "1 to 65535"),
        ("mail.port", "65536", "1 to 65535"),
        ("mail.tls", "maybe", "starttls, tls, none"),
        ("mail.host", "smtp example", "smtp.example.com"),
        ("payment.provider", "barter", "offline"),
        ("payment.instructions", "x" * 10_000, "the limit is 2,000"),
        ("mail.password", "secret", "studio config secret mail.password"),
    ],
)
def test_bad_values(new_studio: Cli, name: str, value: str, words: str) -> None:
    """What a setting cannot be is exit 2 with an example, and the setting stays as it was."""
    before = new_studio("config", "list").ok().out
    result = new_studio("config", "set", name, value)
    assert (result.code, result.out) == (2, ""), result.err
    assert words in result.err
    assert len(result.err.splitlines()) <= 2
    assert new_studio("config", "list").ok().out == before


def test_unset(new_studio: Cli) -> None:
    """--unset goes back to the default; what a studio cannot be without stays; one of value and --unset is needed."""
    new_studio("config", "set", "mail.port", "25").ok()
    assert new_studio("config", "set", "mail.port", "--unset", "--json").ok().json["value"] == "587"
    assert new_studio("config", "set", "studio.name", "--unset").code == 3
    assert new_studio("config", "set", "mail.port").code == 2
    assert new_studio("config", "set", "mail.port", "25", "--unset").code == 2


def test_unknown_key(new_studio: Cli) -> None:
    """A key that is none is exit 4, those of the studio's inside included."""
    for arguments in (
        ("get", "nme"),
        ("set", "nme", "x"),
        ("get", "internal.id"),
        ("set", "internal.id", "x"),
    ):
        assert new_studio("config", *arguments).code == 4


def test_path(cli: Cli, tmp_path: Path) -> None:
    """config path prints where the studio is, or would be, and needs none."""
    assert cli("config", "path").ok().out == f"{tmp_path / 'studio.db'}\n"
    assert cli("config", "path", "--json").ok().json == {"path": str(tmp_path / "studio.db"), "exists": False}
    assert cli("--db", "other.db", "config", "path").ok().out == "other.db\n"


def test_test_payments_only_in_a_test_studio(cli: Cli) -> None:
    """Pretended payments are refused in a studio that is not for trying things out."""
    cli("init", "--name", "A", "--email", "a@example.com", "--timezone", "UTC", "--currency", "EUR").ok()
    result = cli("config", "set", "payment.provider", "test", "--json")
    assert (result.code, result.error["code"]) == (3, "not_a_test_studio")


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────


def test_secret_from_stdin(new_studio: Cli, tmp_path: Path) -> None:
    """A secret is read from stdin, kept with mode 600 outside the studio's file, and never printed."""
    del new_studio
    ended = studio_process("config", "secret", "mail.password", input="gehéim-42 x\n")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "gehéim" not in ended.stderr
    kept = tmp_path / "home" / "xdg_config_home" / "studio" / "secrets.json"
    (secrets,) = json.loads(kept.read_text(encoding="utf-8")).values()
    assert secrets == {"mail.password": "gehéim-42 x"}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "gehéim".encode() not in (tmp_path / "studio.db").read_bytes()


def test_secret_is_forgotten(new_studio: Cli, tmp_path: Path) -> None:
    """--unset forgets a secret, and needs none to be there."""
    del new_studio
    studio_process("config", "secret", "mail.password", input="geheim\n")
    for _ in range(2):
        ended = studio_process("config", "secret", "mail.password", "--unset", "--json")
        assert ended.returncode == 0
    kept = tmp_path / "home" / "xdg_config_home" / "studio" / "secrets.json"
    assert "geheim" not in kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("given", ["", "\n", "   \n", "a\x00b\n", "x" * 10_000])
def test_secret_that_is_none(new_studio: Cli, tmp_path: Path, given: str) -> None:
    """Nothing, control characters and too much are exit 2; nothing is kept and nothing of it is shown."""
    del new_studio
    ended = studio_process("config", "secret", "mail.password", input=given)
    assert ended.returncode == 2
    assert len(ended.stderr) < 300
    assert not (tmp_path / "home" / "xdg_config_home" / "studio").exists()


def test_secret_that_is_not_utf8(new_studio: Cli) -> None:
    """A secret whose bytes are not UTF-8 is exit 2, whatever the locale says of such bytes."""
    import os
    import subprocess

    del new_studio
    for errors in ("strict", "surrogateescape"):
        ended = subprocess.run(
            studio("config", "secret", "mail.password"),
            input=b"\xff\xfe\n",
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": f"utf-8:{errors}"},
            timeout=60,
        )
        assert ended.returncode == 2, ended.stderr


def test_secret_is_never_an_argument(new_studio: Cli) -> None:
    """A secret cannot be given as an argument, and an unknown one is exit 4."""
    assert new_studio("config", "secret", "mail.password", "geheim").code == 2
    assert new_studio("config", "secret", "mail.pasword").code == 4


def test_secret_on_a_terminal_is_not_shown(new_studio: Cli, tmp_path: Path) -> None:
    """On a terminal a secret is asked for without showing what is typed."""
    del new_studio
    with Terminal(studio("config", "secret", "mail.password")) as screen:
        screen.read_until("mail.password: ")
        screen.type("geheim-77\n")
        assert screen.finish() == 0
        assert "geheim" not in screen.shown
    kept = tmp_path / "home" / "xdg_config_home" / "studio" / "secrets.json"
    assert "geheim-77" in kept.read_text(encoding="utf-8")


def test_list_on_a_terminal_has_no_secret(new_studio: Cli) -> None:
    """No list of settings has a secret."""
    del new_studio
    studio_process("config", "secret", "mail.password", input="geheim\n")
    assert "geheim" not in on_terminal(studio("config", "list"))[1]


def test_secret_is_kept_as_it_was_typed(new_studio: Cli, clean_machine: Path) -> None:
    """A password that begins and ends with a blank keeps both."""
    ended = subprocess.run(
        studio("config", "secret", "mail.password"), input=b" a b \n", capture_output=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    kept = json.loads((clean_machine / "home" / "xdg_config_home" / "studio" / "secrets.json").read_text())
    assert [one["mail.password"] for one in kept.values()] == [" a b "]
