"""Texts as cells of a CSV that a spreadsheet shows and does not run, and back again."""

from __future__ import annotations

import re

# What makes a spreadsheet calculate (https://owasp.org/www-community/attacks/CSV_Injection), with the apostrophes that
# stand before it already: each text is written as a cell of its own, and comes back as it was.
_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?( [A-Z]{3})?")
"""Amounts below zero stay numbers: a minus with only digits behind it is nothing to run."""


def as_cell(text: str) -> str:
    """Return a text as a cell: one that would be calculated gets an apostrophe, which spreadsheets take for "text"."""
    return f"'{text}" if _RUNS.match(text) and not _AMOUNT.fullmatch(text) else text


def from_cell(cell: str) -> str:
    """Return the text of a cell, without the apostrophe that ``as_cell`` and other programs put before it."""
    return cell[1:] if cell[:1] == "'" and _RUNS.match(cell) else cell
