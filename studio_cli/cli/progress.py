"""How far something is that takes longer than a second: a line on the terminal, gone when it is done."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from studio_cli.cli.desk import Desk

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
REDRAWN_SECONDS = 0.2
WIDTH = 30


def tracked(desk: Desk, what: str, work: Iterable[T], total: int | None = None) -> Iterator[T]:
    """Yield what the work yields. While that lets wait, it is shown how many of ``total`` are done.

    While the caller has one in its hands nothing is shown, so that it can say what it likes.
    """
    line = _Line(desk.stderr, what, total) if _can_be_drawn(desk) else None
    if line is None:
        yield from work
        return
    source = iter(work)
    with line:
        while True:
            with line.shown():
                try:
                    one = next(source)
                except StopIteration:
                    return
            line.done += 1
            yield one


@contextlib.contextmanager
def busy(desk: Desk, what: str) -> Iterator[None]:
    """Show that something goes on of which nobody knows how long it takes."""
    if not _can_be_drawn(desk):
        yield
        return
    with _Line(desk.stderr, what, None) as line, line.shown():
        yield


def _can_be_drawn(desk: Desk) -> bool:
    return desk.stderr.isatty() and desk.environ.get("TERM", "dumb") != "dumb"


class _Line:
    """The line, drawn over and over by a thread of its own, for the work may be one long wait."""

    def __init__(self, stream: TextIO, what: str, total: int | None) -> None:
        self.done = 0
        self._stream, self._what, self._total = stream, what, total
        self._begun = time.monotonic()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._wanted = self._drawn = False
        self._thread = threading.Thread(target=self._draw_again, daemon=True)

    def __enter__(self) -> "_Line":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Let it be seen within the block."""
        self._wanted = True
        try:
            yield
        finally:
            with self._lock:
                self._wanted = False
                if self._drawn:
                    self._write("\r\033[K")
                self._drawn = False

    def _draw_again(self) -> None:
        pause = PATIENCE_SECONDS
        while not self._over.wait(pause):
            pause = REDRAWN_SECONDS
            with self._lock:
                if self._wanted:
                    self._write(f"\r{self._text()}\033[K")
                    self._drawn = True

    def _text(self) -> str:
        seconds = int(time.monotonic() - self._begun)
        if not self._total:
            counted = f"{self.done} done, " if self.done else ""
            text = f"{self._what} … {counted}{seconds} s"
        else:
            full = WIDTH * min(self.done, self._total) // self._total
            text = f"{self._what} [{'#' * full}{'.' * (WIDTH - full)}] {self.done} of {self._total}"
        return text[: shutil.get_terminal_size().columns - 1]

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            encoding = self._stream.encoding or "utf-8"
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
