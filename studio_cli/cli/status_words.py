"""The status as it is read out: sentences, whole commands, nothing that stands for something else."""

from __future__ import annotations

from collections.abc import Iterator

from studio_cli.booking.overview import Overview
from studio_cli.cli.status_parts import Entry, Part, diary_parts, money_parts, todo_parts
from studio_cli.model.text import shown
from studio_cli.model.times import show_clock, show_day

CALM = "Nothing waits for you, nobody owes you anything, and all mail has gone out."


def lines(found: Overview) -> Iterator[str]:
    """Yield the lines, one thing each; an empty one before each part."""
    yield f"{shown(found.name)}. {show_day(found.now, found.zone)}, {show_clock(found.now, found.zone)}, {found.zone}."
    for part in (*diary_parts(found), *todo_parts(found), *money_parts(found)):
        yield ""
        yield from _part(part)
    if found.is_calm:
        yield ""
        yield CALM


def _part(part: Part) -> Iterator[str]:
    if not part.entries:
        yield part.empty
        return
    count = f", {len(part.entries)}" if part.entries[0].command else ""
    yield f"{part.title}{count}{f', {part.sums}' if part.sums else ''}:"
    day = ""
    for entry in part.entries:
        day = entry.day or day
        yield _entry(entry, day if not entry.command else "")


def _entry(entry: Entry, day: str) -> str:
    said = [
        f"session {entry.number}" if entry.number else "",
        shown(entry.what),
        ", ".join(part for part in (day, entry.when.replace("–", " to ")) if part),
        entry.status if not entry.command else "",
        *(shown(note) for note in entry.notes),
    ]
    words = ". ".join(_capital(part.rstrip(".")) for part in said if part) + "."
    return f"{words} Command: {shown(entry.command)}" if entry.command else words


def _capital(text: str) -> str:
    """Return a text as the beginning of a sentence; an address stays as it is."""
    first = text.partition(" ")[0]
    return text if "." in first or "@" in first else text[:1].upper() + text[1:]
