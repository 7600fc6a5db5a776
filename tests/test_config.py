"""Where things are kept on this machine, and the secrets that never go into the studio's file."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from studio_cli.config import read_secret, secrets_path, studio_path, write_secret
from studio_cli.errors import FileTrouble, WrongUsage


def test_path_by_option_environment_and_platform(tmp_path: Path) -> None:
    """--db names the file, else STUDIO_DB, else the platform's data folder."""
    environ = {"STUDIO_DB": "/from/environment.db"}
    assert studio_path("/from/option.db", environ) == Path("/from/option.db")
    assert studio_path(None, environ) == Path("/from/environment.db")
    assert studio_path(None, {}) == tmp_path / "home" / "xdg_data_home" / "studio" / "studio.db"
    assert studio_path("", {}) == studio_path(None, {})


def test_home_folder_is_understood(tmp_path: Path) -> None:
    """A ~ is the home folder, in the studio's path and in the secrets'."""
    home = tmp_path / "home" / "home"
    assert studio_path("~/a.db", {}) == home / "a.db"
    assert secrets_path({"STUDIO_SECRETS": "~/s.json"}) == home / "s.json"


@pytest.mark.parametrize("path", ["~nosuchperson/a.db", "~nosuchperson"])
def test_home_of_nobody(path: str) -> None:
    """The home folder of somebody who does not exist is wrong usage, not a bug."""
    with pytest.raises(WrongUsage, match="nosuchperson"):
        studio_path(path, {})
    with pytest.raises(WrongUsage, match="nosuchperson"):
        secrets_path({"STUDIO_SECRETS": path})


def test_secret_is_kept_for_its_owner_only() -> None:
    """The secrets' file can be read by its owner only, and so can its folder."""
    path = write_secret({}, "one", "mail.password", "geheim")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_secret({}, "STUDIO_MAIL_PASSWORD", "one", "mail.password") == "geheim"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_open_secrets_file_is_closed_on_the_next_write() -> None:
    """A secrets' file that others could read is private after the next write."""
    path = write_secret({}, "one", "mail.password", "geheim")
    path.chmod(0o644)
    write_secret({}, "one", "mail.password", "anders")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_studios_do_not_share_secrets() -> None:
    """Each studio has its own secrets, and forgetting one leaves the others."""
    write_secret({}, "one", "mail.password", "eins")
    write_secret({}, "two", "mail.password", "zwei")
    write_secret({}, "one", "mail.password", None)
    assert read_secret({}, "STUDIO_MAIL_PASSWORD", "one", "mail.password") is None
    assert read_secret({}, "STUDIO_MAIL_PASSWORD", "two", "mail.password") == "zwei"


def test_environment_wins() -> None:
    """A secret in the environment goes before the kept one."""
    write_secret({}, "one", "mail.password", "kept")
    environ = {"STUDIO_MAIL_PASSWORD": "given"}
    assert read_secret(environ, "STUDIO_MAIL_PASSWORD", "one", "mail.password") == "given"


@pytest.mark.parametrize("content", ["{", "\ud800", "[1]", '{"one": 5}', '{"one": {"mail.password": 5}}'])
def test_damaged_secrets(tmp_path: Path, content: str) -> None:
    """A secrets' file that is damaged is named, is no bug, and is not overwritten."""
    path = tmp_path / "secrets.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    before = path.read_bytes()
    environ = {"STUDIO_SECRETS": str(path)}
    with pytest.raises(FileTrouble, match="damaged"):
        read_secret(environ, "STUDIO_MAIL_PASSWORD", "one", "mail.password")
    with pytest.raises(FileTrouble, match="damaged"):
        write_secret(environ, "one", "mail.password", "geheim")
    assert path.read_bytes() == before


def test_secrets_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder in which nothing can be written is named in one line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(FileTrouble, match="cannot be"):
        write_secret({"STUDIO_SECRETS": str(tmp_path / "file" / "secrets.json")}, "one", "mail.password", "x")


def test_secrets_file_is_plain_json() -> None:
    """The secrets' file is JSON that a person can read and edit."""
    path = write_secret({}, "one", "mail.password", "pässwörd")
    assert json.loads(path.read_text(encoding="utf-8")) == {"one": {"mail.password": "pässwörd"}}
