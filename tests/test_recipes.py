"""The recipes of docs/scripting.md, run as they stand: once, again, and two at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from studio_cli.web.visitor import walk
from tests.conftest import Cli
from tests.server_process import ServerProcess, get
from tests.smtp_server import MailServer

PLACE = Path(__file__).parent.parent / "docs" / "scripting.md"
PARTS = re.split(r"^### (.*)\n", PLACE.read_text(encoding="utf-8"), flags=re.M)[1:]
RECIPES = dict(zip(PARTS[::2], PARTS[1::2], strict=True))
BLOCK = r"^```{}\n(.*?)^```$"
BOOK, BANK = "Book from a CSV", "Confirm when the bank's file says paid"

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not shutil.which("jq"), reason="there is no jq: apt-get install jq"
)


@dataclass(frozen=True)
class Kitchen:
    """A folder with a studio, in which recipes are run."""

    folder: Path
    cli: Cli
    mail: MailServer

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run the shell blocks of a recipe, strictly, with the file that it shows beside them."""
        shown = re.findall(r"`(\w+\.csv)`", RECIPES[name])
        for file, text in zip(
            shown, re.findall(BLOCK.format("csv"), RECIPES[name], re.M | re.S), strict=False
        ):
            (self.folder / file).write_text(text, encoding="utf-8")
        lines = "".join(re.findall(BLOCK.format("sh"), RECIPES[name], re.M | re.S))
        assert lines, f"{name} has no lines to run"
        words = ["bash", "-euo", "pipefail", "-c", lines]
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environ = {**os.environ, "PATH": path}
        return subprocess.run(
            words, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=60, check=True
        )

    def read(self, name: str) -> list[str]:
        """Return the lines of a file that a recipe has written."""
        return (self.folder / name).read_text(encoding="utf-8").splitlines()


@pytest.fixture
def kitchen(new_studio: Cli, mail_server: MailServer, tmp_path: Path) -> Kitchen:
    """A studio with two types, hours and a mail server; ``studio`` is a command."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "studio"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m studio_cli "$@"\n')
    command.chmod(0o755)
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        new_studio("config", "set", f"mail.{name}", value).ok()
    new_studio("type", "add", "Family session", "--slug", "family", "--duration", "90m", "--price", "50").ok()
    new_studio("type", "add", "Portrait", "--duration", "60m", "--price", "160", "--deposit", "40").ok()
    return Kitchen(tmp_path, new_studio, mail_server)


def _sessions(kitchen: Kitchen) -> list[tuple[int, str, str]]:
    rows = kitchen.cli("session", "list", "--json").ok().json
    return sorted((row["id"], row["client"]["name"], row["status"]) for row in rows)


def test_every_recipe_is_run_here() -> None:
    """No recipe stands in the page without a test that runs it."""
    tested = PLACE.parent.parent / "tests" / "test_recipes.py"
    text = tested.read_text(encoding="utf-8")
    assert [name for name in RECIPES if f'"{name}"' not in text] == []


def test_book_from_a_csv(kitchen: Kitchen) -> None:
    """Each row becomes a session that is shared; what cannot be booked is kept with its reason; again changes nothing."""
    kitchen.run(BOOK)
    assert _sessions(kitchen) == [(1, "Rui Costa", "pending"), (2, "Eva Lima", "pending")]
    assert [line.split("\t")[5] for line in kitchen.read("booked.tsv")] == ["Rui Costa", "Eva Lima"]
    kept = kitchen.read("not-booked.txt")
    assert kept[-1] == "Jürgen Weiß,juergen@example.org,portrait,2026-12-04 14:30"
    assert "session 2" in kept[0]
    assert "Nearest free: " in kept[1]
    assert {mail.recipients[0] for mail in kitchen.mail.received} == {"eva@example.com", "rui@example.com"}
    kitchen.run(BOOK)
    assert len(_sessions(kitchen)) == len(kitchen.mail.received) == 2


def test_book_from_a_csv_two_at_a_time(kitchen: Kitchen) -> None:
    """Run by two at once, each row is booked once and each mail sent once."""
    with ThreadPoolExecutor(2) as both:
        list(both.map(kitchen.run, [BOOK, BOOK]))
    assert [name for _, name, _ in _sessions(kitchen)] == ["Rui Costa", "Eva Lima"]
    assert len(kitchen.mail.received) == 2


def test_confirm_when_the_banks_file_says_paid(kitchen: Kitchen) -> None:
    """The client reads the reference, the bank's file has it, and the session is confirmed; the coffee is nobody's."""
    kitchen.cli("config", "set", "payment.provider", "offline").ok()
    kitchen.cli("config", "set", "payment.instructions", "E-transfer to ana@example.com").ok()
    kitchen.run(BOOK)
    link = kitchen.cli("session", "share", "1", "--link").ok().out.strip()
    with ServerProcess("--port", "0") as door:
        payment = list(islice(walk(door.address + "/s/" + link.rpartition("/s/")[2]), 2))[-1]
        assert "Reference: S1" in get(payment.address)[1]
    kitchen.run(BANK)
    kitchen.run(BANK)
    rows = kitchen.cli("payment", "list", "--json").ok().json
    assert [(row["session"], row["amount"]["amount"]) for row in rows] == [(1, "50.00"), (2, "40.00")]
    assert _sessions(kitchen) == [(1, "Rui Costa", "confirmed"), (2, "Eva Lima", "pending")]
    assert kitchen.read("look-at-these.txt") == []


def test_every_hour(kitchen: Kitchen) -> None:
    """What the reminders would do is shown, and nothing is sent."""
    kitchen.run(BOOK)
    before = len(kitchen.mail.received)
    kitchen.run("Every hour: reminders, mails, payments")
    assert len(kitchen.mail.received) == before
    line = re.search(
        r"^7 \* \* \* \* STUDIO_DB=\S+ \S+/studio remind$",
        RECIPES["Every hour: reminders, mails, payments"],
        re.M,
    )
    assert line is not None


def test_who_has_not_opened_the_link(kitchen: Kitchen) -> None:
    """Only those who have never opened a link are written to once more."""
    kitchen.run(BOOK)
    link = kitchen.cli("session", "share", "1", "--link").ok().out.strip()
    with ServerProcess("--port", "0") as door:
        next(walk(door.address + "/s/" + link.rpartition("/s/")[2]))
    kitchen.run("Who has not opened the link?")
    last = kitchen.mail.received[2:]
    assert [mail.recipients for mail in last] == [("eva@example.com",)]
    assert "Is there anything you would like to ask?" in last[0].text


def test_tomorrow_on_a_piece_of_paper(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tomorrow's confirmed sessions, with time, place and client."""
    kitchen.run(BOOK)
    kitchen.cli("session", "confirm", "1").ok()
    monkeypatch.setenv("STUDIO_NOW", "2026-12-03T15:00:00Z")
    paper = kitchen.run("Tomorrow, on a piece of paper").stdout
    assert paper.splitlines() == ["10:00  Family session", "       Rui Costa  "]


def test_for_the_bookkeeper(kitchen: Kitchen) -> None:
    """The month's payments as a file, and sums by month."""
    kitchen.run(BOOK)
    kitchen.cli("payment", "record", "1", "50", "--method", "cash").ok()
    sums = kitchen.run("For the bookkeeper").stdout
    assert "2026-11\tcash\t50.00 CAD" in sums
    assert len(kitchen.read("november.csv")) == 2


def test_free_times_for_a_message(kitchen: Kitchen) -> None:
    """A line for each day with its free times, without those that are taken."""
    kitchen.run(BOOK)
    lines = kitchen.run("Free times for a message").stdout.splitlines()
    assert lines[0].startswith("2026-12-01: 09:00, 09:30, ")
    friday = next(line for line in lines if line.startswith("2026-12-04"))
    assert "10:00" not in friday


def test_ill_on_friday(kitchen: Kitchen) -> None:
    """The day is closed and everybody who is booked then is named."""
    kitchen.run(BOOK)
    told = kitchen.run("Ill on Friday").stdout.splitlines()
    assert told[-2:] == ["1\tRui Costa\trui@example.com", "2\tEva Lima\teva@example.com"]
    refused = kitchen.cli("session", "new", "--type", "family", "--client", "rui", "--at", "2026-12-04 09:00")
    assert refused.code == 3
