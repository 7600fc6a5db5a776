"""Text in the columns of a terminal: how wide it is, cut, filled up, and broken between words."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"

# Terminals that cannot show these get what comes nearest, of the same width.
PLAIN_MARKS = str.maketrans("…–−·●◐○◌×✓✗─│┌┐└┘├┤┬┴┼▌┊╱▏‹›→“”’", '~--.*o?.xvx-|+++++++++|:/|<>>""\'')


def width_of(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Return a text that takes no more than ``width`` columns; what is left out is left out of its middle."""
    if width_of(text) <= width:
        return text
    if width < 4:
        return _head(text, width)
    room = width - 1
    tail = _tail(text, room // 2)
    return _head(text, room - width_of(tail)).rstrip() + ELLIPSIS + tail.lstrip()


def _head(text: str, width: int) -> str:
    kept, taken = "", 0
    for character in text:
        taken += width_of(character)
        if taken > width:
            break
        kept += character
    # Measured whole once more: what joins with its neighbour can be wider than its parts.
    while kept and width_of(kept) > width:
        kept = kept[:-1]
    return kept


def _tail(text: str, width: int) -> str:
    start, taken = len(text), 0
    while start and (taken := taken + width_of(text[start - 1])) <= width:
        start -= 1
    while start < len(text) and _joins(text[start]):
        start += 1
    return text[start:]


def _joins(character: str) -> bool:
    """Return whether a character is part of the one before it."""
    return unicodedata.category(character) in {"Mn", "Me", "Cf"} or "\U0001f3fb" <= character <= "\U0001f3ff"


def clip(text: str, width: int) -> str:
    """Return a text that takes no more than ``width`` columns, without its end: where hardly a word has room."""
    return text if width_of(text) <= width else _head(text, width - 1).rstrip() + ELLIPSIS * (width > 0)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return a text that takes exactly ``width`` columns."""
    short = cut(text, width)
    gap = " " * (width - width_of(short))
    return gap + short if right else short + gap


def wrap(text: str, width: int) -> list[str]:
    """Return the lines of a text, none wider than ``width``, broken between words where that is possible."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(longer) <= width:
            lines[-1] = longer
            continue
        pieces = _pieces(word, max(width, 2))
        lines += pieces if lines[-1] else []
        if not lines[-1]:
            lines[-1:] = pieces
    return lines


def _pieces(word: str, width: int) -> list[str]:
    pieces = []
    while width_of(word) > width:
        pieces.append(_head(word, width) or word[0])
        word = word[len(pieces[-1]) :]
    return [*pieces, word]


_COMMAND = re.compile(r"(?<=[:,.] )(?=studio \w)|(?<=\()(?=studio \w)")


def fold(line: str, width: int) -> list[str]:
    """Return a line of prose as lines no wider than ``width``; a command in it stays whole, to be copied.

    A command that is wider than that stands on a line of its own, as it is.
    """
    if width_of(line) <= width or width < 20:
        return [line]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    words, *commands = _COMMAND.split(line.strip(" "))
    if not commands and words.startswith("studio "):
        return [line]
    lines = [indent + part for part in wrap(words.rstrip(" "), width - len(indent))] if words.strip() else []
    for command in (one.rstrip(" ") for one in commands):
        if lines and width_of(f"{lines[-1]} {command}") <= width:
            lines[-1] += f" {command}"
        else:
            lines.append(f"{indent}  {command}")
    return lines
