"""``studio serve-link`` as a real process: its address, its lines, its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import TracebackType


class ServerProcess:
    """``with ServerProcess("--port", "0") as door: door.address``; ``door.lines`` is what it wrote to stdout."""

    def __init__(self, *arguments: str, most_files: int | None = None, command: str = "serve-link") -> None:
        limited = ["sh", "-c", f'ulimit -n {most_files}; exec "$@"', "sh"] if most_files else []
        self._process = subprocess.Popen(
            [*limited, sys.executable, "-m", "studio_cli", command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.log: list[str] = []
        self._readers = [
            threading.Thread(target=self._keep, args=(self._process.stdout, self.lines), daemon=True),
            threading.Thread(target=self._keep, args=(self._process.stderr, self.log), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _keep(self, stream: object, lines: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            lines.append(line.rstrip("\n"))

    def line(self, number: int, seconds: float = 20) -> str:
        """Return a line of stdout, when it is there."""
        end = time.monotonic() + seconds
        while len(self.lines) <= number:
            assert time.monotonic() < end, f"stdout {self.lines}, stderr {self.log}"
            assert self._process.poll() is None or len(self.lines) > number, f"ended: {self.log}"
            time.sleep(0.01)
        return self.lines[number]

    @property
    def address(self) -> str:
        """The first line: the address, when somebody answers there."""
        address = self.line(0)
        end = time.monotonic() + 20
        while True:
            try:
                get(address + "/robots.txt")
                return address
            except OSError:
                assert time.monotonic() < end, self.log
                time.sleep(0.02)

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        return self.end()

    def end(self, seconds: float = 20) -> int:
        """Wait for the end and return the exit code."""
        code = self._process.wait(seconds)
        for reader in self._readers:
            reader.join(5)
        return code

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.end()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


def get(address: str) -> tuple[int, str]:
    """Fetch a page; return its status and text."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
