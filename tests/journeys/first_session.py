"""A new user's first session by the clock: ``make first-session`` writes docs/first-session.md.

A fresh copy of the project, a fresh home folder, nothing downloaded before. The commands are those of the README, typed
into a real shell on a real terminal, with time to read in between; the client is a program that fills in every page.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from studio_cli.web.visitor import walk
from tests.terminal import CTRL_C, Terminal

ROOT = Path(__file__).parent.parent.parent
README, PAGE = ROOT / "README.md", ROOT / "docs" / "first-session.md"
LETTERS_A_SECOND, READING = 12, 2.0
"""How fast somebody types who copies from a page, and how long they look at each answer, in seconds."""
LIMIT = 5 * 60
LAST = "studio session show last"
PROMPT = "$ "
LINK = re.compile(r"http://127\.0\.0\.1:\d+/s/[\w-]{43}")


def install_lines(readme: str) -> list[str]:
    """Return the README's lines that install the program."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", readme, re.M | re.S)
    return next(block.strip().splitlines() for block in blocks if "pip install ." in block)


def commands(readme: str) -> list[str]:
    """Return the README's commands from making a studio to looking at the first Confirmed session."""
    shown = [
        line.removeprefix(PROMPT)
        for block in re.findall(r"^```console\n(.*?)^```$", readme, re.M | re.S)
        for line in block.splitlines()
        if line.startswith(PROMPT)
    ]
    return shown[: shown.index(LAST) + 1]


class Newcomer:
    """Somebody at a shell: types, waits, reads; ``story`` is what they saw, with the seconds it took them."""

    def __init__(self, shell: Terminal) -> None:
        self.shell, self.began, self.story = shell, time.monotonic(), ""
        shell.read_until(PROMPT)
        self._seen = len(shell.shown)

    def seconds(self) -> int:
        """Return how long it has taken so far."""
        return round(time.monotonic() - self.began)

    def run(self, command: str, seconds: float = LIMIT) -> str:
        """Type a command, wait for the prompt, read the answer and return it."""
        self.type(command)
        shown = self.until(PROMPT, seconds)
        time.sleep(READING)
        return shown

    def type(self, command: str) -> None:
        """Type a command and Enter."""
        self.story += f"[{self.seconds() // 60}:{self.seconds() % 60:02}] $ {command}\n"
        for letter in command:
            self.shell.type(letter)
            time.sleep(1 / LETTERS_A_SECOND)
        self.shell.type("\n")
        self._skip(command)

    def _skip(self, command: str) -> None:
        """Leave out the echo of what was typed, which the shell may have wrapped."""
        self.shell.read_until(command[-10:], 10)
        time.sleep(0.1)
        while "\n" not in self.shell.shown[self._seen :]:
            time.sleep(0.01)
            self.shell.read_until("\n", 10)
        self._seen = self.shell.shown.index("\n", self._seen) + 1

    def until(self, words: str, seconds: float = 30) -> str:
        """Wait for words behind what was seen already; return all that came."""
        end = time.monotonic() + seconds
        while words not in (new := self.shell.shown[self._seen :]):
            assert time.monotonic() < end, new
            self.shell.wait(0.2)
        shown = new.removesuffix(PROMPT)
        self._seen = len(self.shell.shown)
        self.story += shown
        return shown


def main() -> None:
    """Be new, and write down how it went."""
    readme = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        home, project = Path(name) / "home", Path(name) / "studio"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(project)], check=True)
        environ = {
            "HOME": str(home), "PS1": PROMPT,
            "LANG": "C.UTF-8", "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1",
            "PROMPT_COMMAND": "", "BASH_SILENCE_DEPRECATION_WARNING": "1",
        }  # fmt: skip
        shell = ["bash", "--norc", "--noprofile", "-i"]
        for unwanted in ("STUDIO_DB", "STUDIO_NOW", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV"):
            os.environ.pop(unwanted, None)
        with Terminal(shell, environ=environ, folder=project) as terminal:
            story, installed, whole = _live_through(Newcomer(terminal), readme)
    PAGE.write_text(_page(story.replace(str(home), "~"), installed, whole), encoding="utf-8")
    print(f"Installed after {installed} s, Confirmed and seen after {whole} s: {PAGE.relative_to(ROOT)}")  # noqa: T201
    sys.exit(whole > LIMIT)


def _live_through(newcomer: Newcomer, readme: str) -> tuple[str, int, int]:
    for line in install_lines(readme):
        newcomer.run(line)
    installed = newcomer.seconds()
    link = ""
    for command in commands(readme):
        if command.startswith("studio serve-link"):
            _serve(newcomer, command, link)
            continue
        shown = newcomer.run(command)
        link = found[0] if (found := LINK.search(shown)) else link
    return newcomer.story, installed, newcomer.seconds()


def _serve(newcomer: Newcomer, command: str, link: str) -> None:
    newcomer.type(command)
    newcomer.until("Ctrl-C ends it.\n")
    for page in walk(link):
        assert page.status == 200
        time.sleep(READING)
    newcomer.until("is Confirmed.\n")
    newcomer.shell.type(CTRL_C)
    newcomer.until(PROMPT)


def _page(story: str, installed: int, whole: int) -> str:
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    shown = "\n".join(line.rstrip() for line in LINK.sub("http://127.0.0.1:8000/s/…", story).splitlines())
    return f"""# A first session, by the clock

This is what a terminal showed on a machine that had never seen Studio ({machine}): a fresh home folder, nothing downloaded
before, the commands of the README typed at {LETTERS_A_SECOND} letters a second, {READING:.0f} seconds to look at each answer and at each page
that the client opened. Installed after {installed // 60} min {installed % 60} s, the first session Confirmed and looked at after
**{whole // 60} min {whole % 60} s**. `make first-session` does it again, and fails when it takes more than five minutes.

```
{shown.strip()}
```
"""


if __name__ == "__main__":
    main()
