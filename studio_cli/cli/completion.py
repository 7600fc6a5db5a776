"""What could be typed next, for a shell that asks: ``_STUDIO_COMPLETE=zsh studio session show 1``.

It answers while a finger is still on the Tab key, so nothing that commands are made of is loaded: what there is to type
stands in a table (completion_table.py), what is in the studio is read straight from its file. A line for each
candidate, a tab, and a few words about it; a line that begins with the tab says that files are meant. Whatever goes
wrong, there are no candidates and no noise; nothing is ever written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_STUDIO_COMPLETE"
FILES = "\tfiles"

Candidates = list[tuple[str, str]]


def main() -> None:
    """Answer the shell that is named in the environment."""
    try:
        lines = _answer(os.environ.get(VARIABLE, ""))
        sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    except Exception:  # noqa: S110 - in the middle of what somebody types, nobody wants to read why
        pass


def _answer(shell: str) -> list[str]:
    if shell == "bash":
        words, current, before = _bash_words(os.environ.get("STUDIO_LINE", ""))
        found = candidates(words, current)
        return [FILES] if found is None else [_for_bash(value, current, before) for value, _ in found]
    typed = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    current = typed[-1] if typed else ""
    if current[:1] in {"'", '"'} and current.count(current[0]) == 1:  # a quote that is still open
        current = current[1:]
    found = candidates(typed[:-1], current)
    return [FILES] if found is None else [f"{value}\t{about}" if about else value for value, about in found]


def candidates(words: Sequence[str], current: str) -> Candidates | None:
    """Return what could stand where ``current`` stands, after ``words``; None when it is a file."""
    place = _place(words)
    if place.waits_for is None and current.startswith("-") and not place.only_arguments:
        option, equals, typed = current.partition("=")
        if not equals:
            return [(name, about) for name, (about, _) in place.options().items() if name.startswith(current)]
        takes = place.options().get(option, ["", None])[1]
        found = place.values(takes, typed)
        return found and [(f"{option}={value}", about) for value, about in found]
    if place.waits_for is None and place.verbs:
        return [(name, about) for name, about in place.verbs.items() if name.startswith(current)]
    return place.values(place.takes(), current)


class _Place:
    """Where in a command somebody is."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table, self._path = table, ""
        self._here: dict[str, Any] = table[""]
        self._arguments: list[str] = []
        self.db: str | None = None
        self.waits_for: str | None = None
        self.only_arguments = False

    @property
    def verbs(self) -> dict[str, str]:
        """What commands there are at this place."""
        return dict(self._here.get("verbs", {}))

    def options(self) -> dict[str, list[Any]]:
        """Return the options at this place: help, and what each takes."""
        return dict(self._here.get("options", {"--help": ["Show the help", None]}))

    def go(self, word: str) -> None:
        """Take one word that is typed already."""
        if self.waits_for is not None:
            if self.waits_for == "--db":
                self.db = word
            self.waits_for = None
        elif word == "--" and not self.verbs:
            self.only_arguments = True
        elif word.startswith("-") and not self.only_arguments:
            name, equals, value = word.partition("=")
            if name == "--db" and equals:
                self.db = value
            elif not equals and self.options().get(name, ["", None])[1] is not None:
                self.waits_for = name
        elif self.verbs:
            self._path = f"{self._path} {word}".strip()
            self._here = self._table.get(self._path, {})
        else:
            self._arguments.append(word)

    def takes(self) -> Any:
        """Return what comes next: the value of an option, or an argument."""
        if self.waits_for is not None:
            return self.options()[self.waits_for][1]
        arguments = self._here.get("arguments", [])
        number = len(self._arguments)
        if self._here.get("many") and arguments:
            number = min(number, len(arguments) - 1)
        return arguments[number] if number < len(arguments) else ""

    def values(self, takes: Any, typed: str) -> Candidates | None:
        """Return the values that begin with what is typed; of several with commas, the last is meant."""
        if takes == "file":
            return None
        if takes == "value":
            takes = _VALUES.get(self._arguments[-1] if self._arguments else "", "")
        if isinstance(takes, list):
            before, comma, last = typed.rpartition(",")
            return [(before + comma + value, about) for value, about in takes if value.startswith(last)]
        if takes == "zone":
            return _zones(typed)
        if not takes:
            return []
        from studio_cli.cli.live_values import live_values

        return live_values(takes, self.db, typed)


_VALUES: dict[str, Any] = {
    "studio.timezone": "zone",
    "payment.provider": [["offline", ""], ["stripe", ""]],
    "mail.tls": [["starttls", ""], ["tls", ""], ["none", ""]],
    "site.indexed": [["yes", ""], ["no", ""]],
    "brand.logo": "file",
}
"""What some settings can be."""


def _place(words: Sequence[str]) -> _Place:
    with open(os.path.join(os.path.dirname(__file__), "completion_table.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123 - pathlib costs more than the rest
        place = _Place(json.load(file))
    for word in words:
        place.go(word)
    return place


def _zones(typed: str) -> Candidates:
    from importlib.util import find_spec

    spec = find_spec("tzdata")
    if spec is None or spec.origin is None:
        return []
    with open(os.path.join(os.path.dirname(spec.origin), "zones"), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123
        names = file.read().split()
    return [(name, "") for name in names if name.casefold().startswith(typed.casefold())]


# ── bash ──────────────────────────────────────────────────────────────────────────────────────────

# Bash hands over the line as it is typed, and replaces only what stands after the last of these, unless it is quoted.
_BREAKS = " \t\n\"'@><=;|&(:"
_SPECIAL = " \t\\\"'`$&|;<>()*?[]{}!#~"


def _bash_words(line: str) -> tuple[list[str], str, str]:
    """Return the words of a line without the first, the one that is being typed, and what of it bash leaves alone.

    That is the text before its last break, or, within quotes, the quote itself.
    """
    words: list[str] = []
    word, quote, kept, begun = "", "", "", False
    letters = iter(line)
    for letter in letters:
        if quote:
            if letter == quote:
                quote, kept = "", word
            elif letter == "\\" and quote == '"':
                word += next(letters, "")
            else:
                word += letter
        elif letter in "\"'":
            quote, kept, begun = letter, word, True
        elif letter == "\\":
            word, begun = word + next(letters, ""), True
        elif letter in " \t":
            if begun:
                words.append(word)
            word, kept, begun = "", "", False
        else:
            word, begun = word + letter, True
            if letter in _BREAKS:
                kept = word
    return words[1:], word, kept + quote


def _for_bash(value: str, current: str, before: str) -> str:
    """Return a candidate as bash is to put it into the line."""
    quote = before[-1:] if before[-1:] in ('"', "'") and not current.startswith(before) else ""
    kept = before.removesuffix(quote) if quote else before
    rest = value[len(kept) :] if value.startswith(kept) else value
    if quote:
        return rest
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in rest)
