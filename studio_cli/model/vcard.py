"""vCards, what we need of them: who somebody is, their addresses, their numbers, and notes.

Written as version 3.0 (RFC 2426), which every address book reads; read in 3.0, 4.0 (RFC 6350) and 2.1, in which phones
still write: with quoted-printable and parameters without a name.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from studio_cli.model.client import Client

FOLD_BYTES = 75
"""In a line, its end not counted (RFC 2426, 2.6)."""
LONGEST = 1024 * 1024
"""Characters of a card, pictures included, beyond which it is no card."""


@dataclass(slots=True)
class Card:
    """One card: the line on which it begins, and what it says. ``problem``: why it cannot be read."""

    line: int
    name: str = ""
    parts: tuple[str, ...] = ()
    company: str = ""
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    language: str = ""
    problem: str | None = None

    @property
    def called(self) -> str:
        """The name: as it is written, else put together from its parts (family, given, middle, before, after)."""
        if self.name or not self.parts:
            return self.name
        family, given, middle, before, after = (*self.parts, "", "", "", "", "")[:5]
        return " ".join(part for part in (before, given, middle, family, after) if part)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def cards(lines: Iterable[str]) -> Iterator[Card]:
    """Yield the cards of a text. One that has no end, or is too long, says so; what stands between cards is left out."""
    card: Card | None = None
    length = 0
    for number, line in _unfolded(lines):
        name, group_free, value = _property(line)
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            if card is not None:
                card.problem = "It has no end."
                yield card
            card, length = Card(number), 0
        elif card is None:
            continue
        elif name == "END" and value.strip().upper() == "VCARD":
            yield card
            card = None
        elif (length := length + len(line)) > LONGEST:
            card.problem = "It is too long to be a card."
        else:
            _note(card, name, group_free, value)
    if card is not None:
        card.problem = "It has no end."
        yield card


def _unfolded(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines as they were before they were broken, with their number."""
    held, begun, soft = "", 0, False
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        if soft:  # quoted-printable of 2.1: the line goes on after its =
            held, soft = held[:-1] + line.lstrip(" \t"), line.endswith("=")
        elif line[:1] in {" ", "\t"} and begun and len(held) < LONGEST:
            held += line[1:]
        else:
            if begun:
                yield begun, held
            held, begun = line, number
            soft = line.endswith("=") and "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
    if begun:
        yield begun, held


def _property(line: str) -> tuple[str, list[str], str]:
    """Return the name of a property, its parameters and its value, of which the parameters may be quoted."""
    found = re.match(r'((?:"[^"]*"|[^":])*):(.*)', line, re.S)
    if not found:
        return "", [], ""
    name, *parameters = re.findall(r'(?:"[^"]*"|[^";])+', found[1]) or [""]
    return name.rpartition(".")[2].strip().upper(), parameters, found[2]


def _note(card: Card, name: str, parameters: list[str], value: str) -> None:
    if name not in {"FN", "N", "ORG", "EMAIL", "TEL", "NOTE", "LANG"}:
        return
    text = _decoded(parameters, value)
    is_address = any(one.strip().upper() == "VALUE=URI" for one in parameters)
    if name == "N":
        card.parts = card.parts or tuple(_text(part).strip() for part in _split(text, ";"))
        return
    if name == "ORG":
        text = ", ".join(part for part in (_text(part).strip() for part in _split(text, ";")) if part)
    else:
        text = _text(text).strip()
    if not text:
        return
    if name == "FN":
        card.name = card.name or text
    elif name == "ORG":
        card.company = card.company or text
    elif name == "EMAIL":
        card.emails.append(text.removeprefix("mailto:") if is_address else text)
    elif name == "TEL":
        card.phones.append(text.removeprefix("tel:") if is_address else text)
    elif name == "NOTE":
        card.notes.append(text)
    else:
        card.language = card.language or text


def _decoded(parameters: list[str], value: str) -> str:
    words = {one.strip().upper() for one in parameters}
    if not words & {"ENCODING=QUOTED-PRINTABLE", "QUOTED-PRINTABLE"}:
        return value
    charset = next((one.partition("=")[2] for one in words if one.startswith("CHARSET=")), "UTF-8")
    data = quopri.decodestring(value.encode("utf-8", "surrogateescape"))
    try:
        text = data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n")


def _split(text: str, mark: str) -> list[str]:
    """Return the parts between marks that are not escaped."""
    parts, part = [], ""
    for piece in re.findall(r"\\.|[^\\]|\\$", text, re.S):
        if piece == mark:
            parts.append(part)
            part = ""
        else:
            part += piece
    return [*parts, part]


def _text(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value, flags=re.S)


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def written(client: Client) -> str:
    """Return a client as a card, with the line ends of one."""
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{_escaped(client.name)}",
        # What of a name is the family's nobody asked: as the given one it is shown whole.
        f"N:;{_escaped(client.name)};;;",
    ]
    if client.email:
        lines.append(f"EMAIL;TYPE=INTERNET:{_escaped(client.email)}")
    if client.phone:
        lines.append(f"TEL;TYPE=VOICE:{_escaped(client.phone)}")
    if client.notes:
        lines.append(f"NOTE:{_escaped(client.notes)}")
    if client.language:
        lines.append(f"LANG:{_escaped(client.language)}")
    lines.append("END:VCARD")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _escaped(text: str) -> str:
    for mark, instead in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
        text = text.replace(mark, instead)
    return text


def _folded(line: str) -> str:
    """Return a line in pieces of no more bytes than a line may have, none of which cuts a letter in two."""
    pieces, piece, room = [], "", FOLD_BYTES
    for letter in line:
        size = len(letter.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", FOLD_BYTES - 1
        piece, room = piece + letter, room - size
    return "\r\n ".join([*pieces, piece])
