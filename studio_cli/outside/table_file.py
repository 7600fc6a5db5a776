"""Tables that other programs export as text (RFC 4180, more or less): whatever their encoding and separator."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studio_cli.errors import WrongUsage
from studio_cli.model.text import shown

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOST_KEPT = 64 * 1024
"""Characters of a row that cannot be read, as far as they are given back."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the line of the file on which it begins; ``problem``: why it cannot be read, the cells are its text."""

    line: int
    cells: Sequence[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table in a file, read as often as it is asked for and a row at a time.

    ``filled`` are the places of the columns with anything in them. ``plain``: see ``contact.Columns``.
    """

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    count: int
    filled: frozenset[int]
    plain: bool = False

    def rows(self) -> Iterator[Row]:
        """Yield the rows under the header; those without anything in them are none."""
        with _text(self.path, self.encoding) as stream:
            rows = _rows(stream, self.separator)
            next(rows)
            yield from rows


def open_table(path: Path, encoding: str | None = None) -> TableFile:
    """Return the table in a file, which is read once for it; raise ``WrongUsage`` for what is none.

    Without an ``encoding`` it is what its first bytes say (UTF-8 or UTF-16), else UTF-8 if all of it is, else
    Windows-1252, in which older programs write.
    """
    wanted = [known(encoding)] if encoding else encodings(path)
    for last, name in enumerate(wanted, 1):
        try:
            return _looked_at(path, name)
        except UnicodeError as error:
            if last == len(wanted):
                raise _not_text(path, encoding or "UTF-8") from error
    raise AssertionError


def _looked_at(path: Path, encoding: str) -> TableFile:
    separator = _separator(path, encoding)
    with _text(path, encoding) as stream:
        rows = _rows(stream, separator)
        head = next(rows, None)
        if head is None or head.problem:
            raise WrongUsage(
                f"{shown(path.name)} has no line with the names of its columns."
                if head is None
                else f"The names of the columns of {shown(path.name)} cannot be read: {head.problem}",
                hint="Export it again as CSV, with a header.",
                code="no_header",
            )
        columns = frozenset(range(len(head.cells)))
        empty: frozenset[int] | list[int] = columns
        count = 0
        for row in rows:
            count += 1
            empty = [place for place in empty if place >= len(row.cells) or not row.cells[place].strip()]
    return TableFile(path, encoding, separator, tuple(head.cells), count, columns - frozenset(empty))


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(opened(path), encoding=encoding, newline="")


def opened(path: Path) -> BinaryIO:
    """Open a file to read it; raise what its owner should read."""
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> WrongUsage:
    return WrongUsage(
        f"{shown(str(path))} cannot be read: {error.strerror or error}.",
        hint="Name a file that is there and yours, or - for stdin.",
        code="file",
    )


def encodings(path: Path) -> list[str]:
    """Return in which encodings a file can be, the likeliest first."""
    with opened(path) as stream:
        try:
            start = stream.read(4096)
        except OSError as error:  # a folder
            raise _unreadable(path, error) from error
    for mark, name in _MARKS:
        if start.startswith(mark):
            return [name]
    if b"\0" in start:
        raise _not_text(path, "")
    return ["utf-8", "cp1252"]


def known(encoding: str) -> str:
    """Return the name of an encoding of texts, if it is one."""
    try:
        codec = codecs.lookup(encoding)
        b"a".decode(codec.name)  # refuses what is a codec, and none of texts
    except (LookupError, ValueError):
        raise WrongUsage(
            f"{shown(encoding)[:40]!r} is not an encoding.",
            hint="Use one such as utf-8, utf-16, cp1252.",
            code="encoding",
        ) from None
    return codec.name


def _not_text(path: Path, encoding: str) -> WrongUsage:
    what = f"in {encoding}" if encoding else "a text"
    return WrongUsage(
        f"{shown(path.name)} is not {what}.",
        hint="Export it as CSV or vCard (a spreadsheet: save it as CSV UTF-8), or name its encoding with --encoding.",
        code="not_text",
    )


def _separator(path: Path, encoding: str) -> str:
    """Return what stands between the cells: the header says it, which has no cells like ``1,50``; or its line ``sep=;``."""
    with _text(path, encoding) as stream:
        line = next((line for line in stream if line.strip()), "")
    if line.lower().startswith("sep=") and line[4:5] in SEPARATORS:
        return line[4]
    return max(SEPARATORS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), ())))


def _rows(stream: io.TextIOWrapper, separator: str) -> Iterator[Row]:
    """Yield every row with anything in it, the header first. After one that cannot be read it goes on in the next line."""
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    first, width = True, 0
    while True:
        begun = lines.count + 1
        lines.kept.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            text = "".join(lines.kept)[:MOST_KEPT].rstrip("\r\n")
            # Something between a quote and a separator: as it was meant, if the row is whole then.
            loose = next(csv.reader([text], delimiter=separator)) if len(lines.kept) == 1 else []
            meant = width > 0 and len(loose) == width and "unexpected end" not in str(error)
            yield Row(begun, loose) if meant else Row(begun, [text], f"{_words(error)}.")
            first = False
            continue
        if first and len(cells) <= 2 and "".join(lines.kept).lower().startswith("sep="):
            continue
        if "".join(cells).strip():
            yield Row(begun, cells)
            first, width = False, width or len(cells)


def _words(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "It opens a quote that nothing closes"
    if "limit" in text:
        return "One of its cells is too long; a quote may not be closed"
    return "A quote stands where none can"


class _Lines:
    """The lines of a text, counted, those of the present row kept."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.count = 0
        self.kept: list[str] = []
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self.count += 1
            self.kept.append(line)
            yield line
