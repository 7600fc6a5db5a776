"""A file of vCards, as a table with a row for each."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio_cli.model.vcard import Card, cards
from studio_cli.outside.table_file import Row, TableFile, encodings, known, open_table, opened

HEADER = ("Name", "Company", "Email", "Phone", "Notes", "Language")


@dataclass(frozen=True, slots=True)
class CardFile:
    """The cards of a file; the rest as in a ``TableFile``."""

    path: Path
    encoding: str
    count: int
    header: tuple[str, ...] = HEADER
    filled: frozenset[int] = frozenset(range(len(HEADER)))
    separator: str = ""
    plain: bool = True

    def rows(self) -> Iterator[Row]:
        """Yield a row for each card."""
        with _text(self.path, self.encoding) as stream:
            for card in cards(stream):
                yield Row(card.line, _cells(card), card.problem)


def _cells(card: Card) -> list[str]:
    emails, phones = " ".join(card.emails), "\n".join(card.phones)
    return [card.called, card.company, emails, phones, "\n".join(card.notes), card.language]


def open_contacts(path: Path, encoding: str | None = None) -> TableFile | CardFile:
    """Return what a file of contacts holds: vCards if it begins like one, else a table."""
    for name in [known(encoding)] if encoding else encodings(path):
        try:
            with _text(path, name) as stream:
                first = next((line for line in stream if line.strip()), "")
                if not first.strip().upper().startswith("BEGIN:VCARD"):
                    break
                return CardFile(path, name, 1 + sum(line[:11].upper() == "BEGIN:VCARD" for line in stream))
        except UnicodeError:
            continue
    return open_table(path, encoding)


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(opened(path), encoding=encoding, newline="")
