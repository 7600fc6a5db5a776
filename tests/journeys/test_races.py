"""Many processes at the same moment on one file: one wins, the others are told, nothing is torn."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.conftest import Cli

Ended = tuple[int, str, str]


# A process that has loaded everything, says so, and waits for the start: what then runs at the same moment is
# the command itself, not the loading of Python.
RUNNER = """
import pathlib, sys, time
from studio_cli.cli.app import main
import studio_cli.cli.client, studio_cli.cli.payment, studio_cli.cli.session
start = pathlib.Path(sys.argv[1])
(start / sys.argv[2]).touch()
while not (start / "go").exists():
    time.sleep(0.0005)
main(sys.argv[3:])
"""


def at_once(tmp_path: Path, *commands: tuple[str, ...]) -> list[Ended]:
    """Run commands in processes that wait for each other and then begin together."""
    start = tmp_path / "home" / "start"
    start.mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(start), str(number), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, command in enumerate(commands)
    ]
    end = time.monotonic() + 60
    while len(list(start.iterdir())) < len(commands):
        assert time.monotonic() < end, "they did not all get ready"
        time.sleep(0.01)
    (start / "go").touch()
    ended = [(*process.communicate(timeout=100), process.returncode) for process in processes]
    shutil.rmtree(start)
    assert not any("locked" in err or "busy" in err or "Traceback" in err for _, err, _ in ended), ended
    return [(code, out, err) for out, err, code in ended]


def codes(ended: list[Ended]) -> Counter[int]:
    return Counter(code for code, _, _ in ended)


def test_thirty_for_one_slot(with_session: Cli, tmp_path: Path) -> None:
    """Thirty processes that want the same time make one session; the others are refused for the overlap."""
    new = (
        "session",
        "new",
        "--one-off",
        "X",
        "--duration",
        "1h",
        "--client",
        "1",
        "--at",
        "2026-12-07 10:00",
        "--json",
    )
    ended = at_once(tmp_path, *[new] * 30)
    assert codes(ended) == {0: 1, 3: 29}
    assert {json.loads(err)["error"]["code"] for code, _, err in ended if code} == {"overlap"}
    assert len(with_session("session", "list", "--json").ok().json) == 2


def test_same_key_at_once(with_session: Cli, tmp_path: Path) -> None:
    """The same key from many processes at once gives all of them the same session."""
    new = ("session", "new", "--one-off", "X", "--duration", "1h", "--client", "1", "--at", "2026-12-07 10:00",
           "--key", "k", "--json")  # fmt: skip
    ended = at_once(tmp_path, *[new] * 8)
    assert codes(ended) == {0: 8}
    assert {json.loads(out)["id"] for _, out, _ in ended} == {2}


def test_confirm_twice_at_once(with_session: Cli, tmp_path: Path) -> None:
    """Two who confirm at once both succeed, and exactly one of them changed something."""
    ended = at_once(tmp_path, *[("session", "confirm", "1", "--json")] * 4)
    assert codes(ended) == {0: 4}
    assert sorted(json.loads(out)["changed"] for _, out, _ in ended) == [False, False, False, True]
    assert with_session("session", "show", "1", "--json").json["status"] == "confirmed"


def test_confirm_against_cancel(with_session: Cli, tmp_path: Path) -> None:
    """Confirm against cancel ends canceled, whoever came first, and who came too late is told."""
    for number in range(1, 5):
        confirm, cancel = at_once(
            tmp_path,
            ("session", "confirm", str(number), "--json"),
            ("session", "cancel", str(number), "--yes"),
        )
        session = with_session("session", "show", str(number), "--json").ok().json
        assert cancel[0] == 0
        assert session["status"] == "canceled"
        if confirm[0] == 0:
            assert session["waiting_for"] == []
        else:
            assert (confirm[0], json.loads(confirm[2])["error"]["code"]) == (3, "wrong_status")
        with_session(
            "session",
            "new",
            "--one-off",
            "X",
            "--duration",
            "1h",
            "--client",
            "1",
            "--at",
            "2026-12-07 10:00",
        ).ok()


def test_writers_and_readers(with_session: Cli, tmp_path: Path) -> None:
    """Many who write and read different things at once all succeed."""
    writers = [
        ("client", "add", f"Client {number}", "--email", f"c{number}@example.com") for number in range(10)
    ]
    readers = [("session", "list"), ("client", "list"), ("session", "show", "1")] * 3
    payments = [("payment", "record", "1", "1", "--key", f"k{number % 3}") for number in range(6)]
    assert codes(at_once(tmp_path, *writers, *readers, *payments)) == {0: 25}
    assert len(with_session("client", "list", "--json").ok().json) == 11
    assert with_session("session", "show", "1", "--json").ok().json["paid"]["amount"] == "3.00"


def test_same_client_at_once(with_session: Cli, tmp_path: Path) -> None:
    """Many who add the client that is missing at once add one, and all get that one."""
    add = ("client", "add", "Eva", "--email", "eva@example.com", "--if-missing", "--json")
    ended = at_once(tmp_path, *[add] * 20)
    assert codes(ended) == {0: 20}
    assert {json.loads(out)["id"] for _, out, _ in ended} == {2}
    assert sum(json.loads(out)["new"] for _, out, _ in ended) == 1


def test_two_inits(tmp_path: Path, cli: Cli) -> None:
    """Two who make a studio at the same path at once make one, whole; the others are told."""
    init = ("init", "--name", "A", "--email", "a@example.com", "--timezone", "UTC", "--currency", "EUR")
    assert codes(at_once(tmp_path, *[init] * 4)) == {0: 1, 3: 3}
    assert cli("config", "get", "studio.name").ok().out == "A\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "studio.db"]
