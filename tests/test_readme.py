"""The commands of the README and of docs/getting-started.md, run as they stand, show what is shown there."""

from __future__ import annotations

import os
import re
import shlex
import socket
import sys
from pathlib import Path

import pytest

from studio_cli.web.visitor import walk
from tests.smtp_server import MailServer
from tests.terminal import Terminal, on_terminal

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
WRITE = bool(os.environ.get("STUDIO_WRITE_README"))
TOKEN = re.compile(r"/s/[A-Za-z0-9_-]{43}")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Reader:
    """Runs commands in their order, as the reader of the README would."""

    def __init__(self, mail_port: int) -> None:
        self.mail_port, self.port, self.token = mail_port, _free_port(), ""

    def run(self, command: str) -> str:
        words = [sys.executable, "-m", "studio_cli", *shlex.split(command)[1:]]
        if command.startswith("studio serve-link"):
            return self._told(self._serve([*words, "--port", str(self.port)]))
        shown = self._told(on_terminal(words, environ={"NO_COLOR": "1"})[1])
        if command.startswith("studio init"):
            for name, value in (("host", "127.0.0.1"), ("port", str(self.mail_port)), ("tls", "none")):
                on_terminal([*words[:3], "config", "set", f"mail.{name}", value])
        return shown

    def _serve(self, words: list[str]) -> str:
        with Terminal(words, environ={"NO_COLOR": "1"}) as terminal:
            terminal.read_until("Ctrl-C ends it.\n")
            for page in walk(f"http://127.0.0.1:{self.port}/s/{self.token}"):
                assert page.status == 200
            # With its line end: a terminal throws away what it has not shown yet when it is interrupted.
            terminal.read_until("is Confirmed.\n")
            terminal.type("\x03")
            assert terminal.finish() == 0
            return terminal.shown.replace("^C", "")

    def _told(self, shown: str) -> str:
        """What was shown, with the parts that differ from run to run as the README writes them."""
        token = TOKEN.search(shown)
        self.token = token[0].removeprefix("/s/") if token else self.token
        text = (
            TOKEN.sub("/s/…", shown)
            .replace(str(self.port), "8000")
            .replace(os.environ["STUDIO_DB"], "~/.local/share/studio/studio.db")
            .replace(os.environ["STUDIO_DB"].removesuffix(".db"), "~/.local/share/studio/studio")
        )
        text = re.sub(r"Checked: \d+ kB", "Checked: 42 kB", text)
        return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


@pytest.mark.parametrize(("page", "mails"), [("README.md", 4), ("docs/getting-started.md", 2)])
def test_page_shows_what_happens(page: str, mails: int, mail_server: MailServer) -> None:
    """Every command of a page's console blocks shows exactly what stands below it."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    reader = _Reader(mail_server.port)
    for block in BLOCK.findall(text):
        parts = re.split(r"^\$ (.*)\n", block, flags=re.M)[1:]
        happened = "".join(
            f"$ {command}\n{shown}\n" if (shown := reader.run(command)) else f"$ {command}\n"
            for command in parts[::2]
        )
        if WRITE:
            text = text.replace(block, happened)
            path.write_text(text, encoding="utf-8")
        else:
            assert happened == block
    # The link, that each of the two sessions is confirmed, and to the owner what a client did.
    assert len(mail_server.received) == mails
    assert reader.token


def test_readme_has_the_two_commands() -> None:
    """The README tells how a booking is seen and how everything is tested, on a fresh machine."""
    text = README.read_text(encoding="utf-8")
    assert "studio demo" in text
    assert "make test" in text
