"""What the commands that import share: the file, or stdin, and the rows that are given back."""

import contextlib
import csv
import filecmp
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from studio_cli.cli.desk import Desk
from studio_cli.cli.progress import tracked
from studio_cli.errors import FileTrouble, Refused
from studio_cli.model.contact import REASON
from studio_cli.model.spreadsheet import as_cell
from studio_cli.model.text import shown

if TYPE_CHECKING:
    from studio_cli.booking.client_import import Import, Outcome
    from studio_cli.booking.session_import import SessionImport

Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Of the file, as cp1252; else it is found out."),
]
Rejects = Annotated[
    str | None,
    typer.Option(
        "--rejects",
        metavar="PATH",
        help="Where rows go that cannot be imported; else beside the file, as FILE.not-imported.csv.",
    ),
]
MOST_SHOWN = 10
"""Of the rows that cannot be imported, so many are said one by one."""


@contextlib.contextmanager
def here(file: str) -> Iterator[Path]:
    """Yield the path of a file that can be read more than once; ``-`` is stdin."""
    if file != "-":
        yield Path(os.path.expanduser(file))  # noqa: PTH111 - Path's own raises where ~somebody has no home
        return
    with tempfile.NamedTemporaryFile(suffix=".stdin") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield Path(copy.name)


class GivenBack:
    """The rows that were not imported: in a file under the names of their columns, each with the reason.

    The file is written beside its place and put there at the end. One that is there with other rows in it is left, and
    the next free name taken; the one that was named with --rejects is written over.
    """

    def __init__(self, file: str, rejects: str | None, header: Sequence[str], *, dry_run: bool) -> None:
        default = "not-imported.csv" if file == "-" else f"{file.removesuffix('.csv')}.not-imported.csv"
        self._wanted, self._named = Path(os.path.expanduser(rejects or default)), rejects is not None  # noqa: PTH111
        self._header, self._dry_run = header, dry_run
        self._draft: Path | None = None
        self._stream: TextIO | None = None
        self.path: Path | None = None
        self.reasons: list[tuple[int, str]] = []
        self.count = 0

    def add(self, line: int, cells: Sequence[str], why: str) -> None:
        """Write a row down."""
        self.count += 1
        if len(self.reasons) < MOST_SHOWN:
            self.reasons.append((line, why))
        if not self._dry_run:
            with self._trouble():
                padded = [*cells, *[""] * (len(self._header) - len(cells))]
                csv.writer(self._opened()).writerow([as_cell(cell) for cell in (*padded, why)])

    def _opened(self) -> TextIO:
        if self._stream is None:
            self._draft = self._wanted.with_name(f".{self._wanted.name}.{os.getpid()}.new")
            self._stream = self._draft.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._stream).writerow([*self._header, REASON])
        return self._stream

    def keep(self) -> None:
        """Put the file in its place."""
        if self._stream is None or self._draft is None:
            return
        with self._trouble():
            self._stream.close()
            self.path = self._wanted if self._named else self._free()
            self._draft.replace(self.path)
        self._stream = self._draft = None

    def _free(self) -> Path:
        assert self._draft is not None
        place, number = self._wanted, 1
        while place.exists() and not filecmp.cmp(place, self._draft, shallow=False):
            number += 1
            place = self._wanted.with_name(f"{self._wanted.stem}-{number}{self._wanted.suffix}")
        return place

    def forget(self) -> None:
        """Leave nothing behind: nothing was imported either."""
        if self._stream is not None and self._draft is not None:
            self._stream.close()
            self._draft.unlink(missing_ok=True)
            self._stream = self._draft = None

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileTrouble(
                f"{shown(str(self._wanted))} cannot be written: {error.strerror or error}. Nothing was imported.",
                hint="Name another place with --rejects.",
                code="file",
            ) from error

    def say(self, desk: Desk) -> None:
        """Say which rows were not imported, the first ones one by one."""
        for line, why in self.reasons:
            desk.say(f"Line {line}: {shown(why)}")
        if self.count > len(self.reasons):
            desk.say(f"… and {self.count - len(self.reasons)} more.")
        if self.path is not None:
            desk.say(f"They are in {shown(str(self.path))}, each with the reason.")


def worked_off(
    desk: Desk,
    work: "Import | SessionImport",
    count: int,
    outcomes: "Generator[Outcome, None, None]",
    given_back: GivenBack,
) -> None:
    """Let an import happen, with a bar; what it refuses is given back, also when that is all of it."""
    try:
        for outcome in tracked(desk, "Importing", outcomes, count):
            if outcome.why is not None:
                given_back.add(outcome.row.line, outcome.row.cells, outcome.why)
    except Refused as refusal:
        if refusal.code == "not_imported":
            given_back.keep()
            given_back.say(desk)
        raise
    finally:
        outcomes.close()  # what is not finished is taken back now
        if work.finished:
            given_back.keep()
        given_back.forget()
