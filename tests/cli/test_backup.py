"""``studio backup · restore``: what is written, what is asked, and what is said."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Cli
from tests.terminal import CTRL_C, Terminal, studio


def test_backup_prints_where_it_is(with_session: Cli) -> None:
    """stdout has the path and nothing else; what is in it is said on stderr."""
    made = with_session("backup").ok()
    assert Path(made.out.strip()).is_file()
    assert "1 session, 1 client, 0 payments" in made.err


def test_backup_as_json(with_session: Cli, tmp_path: Path) -> None:
    """--json says what is in the backup and which older ones went for it."""
    document = with_session("backup", "--json").ok().json
    assert (document["sessions"], document["rotated"]) == (1, [])
    again = with_session("backup", "--keep", "1", "--json").ok().json
    assert again["rotated"] == [document["path"]]


def test_restore_needs_a_yes(with_session: Cli) -> None:
    """Off a terminal a restore over a studio needs --yes; with it, it says where what was there is kept."""
    with_session("backup").ok()
    with_session("session", "cancel", "1", "--yes").ok()
    assert with_session("restore", "last").code == 2
    assert with_session("session", "show", "1", "--json").json["status"] == "canceled"
    done = with_session("restore", "last", "--yes").ok()
    assert "What was there before is in " in done.err
    assert with_session("session", "show", "1", "--json").json["status"] == "pending"
    lines = with_session("config", "path").ok().out
    assert done.out == lines


def test_restore_into_nothing_needs_no_yes(with_session: Cli, tmp_path: Path) -> None:
    """Where there is no studio there is nothing to lose."""
    path = with_session("backup").ok().out.strip()
    with_session("--db", str(tmp_path / "other.db"), "restore", path).ok()
    assert len(with_session("--db", str(tmp_path / "other.db"), "session", "list", "--json").json) == 1


def test_dry_run_changes_nothing(with_session: Cli) -> None:
    """--dry-run checks the backup and says what it is."""
    with_session("backup").ok()
    with_session("session", "cancel", "1", "--yes").ok()
    told = with_session("restore", "last", "--dry-run").ok()
    assert "Ana Silva Photography, 1 session, 1 client" in told.err
    assert "It is whole. Nothing was changed." in told.err
    assert with_session("restore", "last", "--dry-run", "--json").ok().json["backup"]["sessions"] == 1
    assert with_session("session", "show", "1", "--json").json["status"] == "canceled"


def test_restore_asks_on_a_terminal(with_session: Cli) -> None:
    """On a terminal it shows what comes back and asks; Ctrl-C leaves everything as it is."""
    with_session("backup").ok()
    with_session("session", "cancel", "1", "--yes").ok()
    with Terminal(studio("restore", "last")) as screen:
        screen.read_until("[y/N]")
        assert "Ana Silva Photography, 1 session" in screen.shown
        screen.type(CTRL_C)
        assert screen.finish() == 130
    assert with_session("session", "show", "1", "--json").json["status"] == "canceled"


def test_no_backup(new_studio: Cli) -> None:
    """Without any backup, last is exit 4 and says where it looked."""
    told = new_studio("restore", "last", "--yes")
    assert told.code == 4
    assert "There is no backup in" in told.err
