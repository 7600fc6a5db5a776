"""On which line things stand in a TOML text: ``tomllib`` reads the values, but does not say where they are."""

from __future__ import annotations

import contextlib
import re
import tomllib

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""
    (?P<string> \"{3} (?: \\. | [^\\] )*? \"{3} \"{0,2} | '{3} .*? '{3} '{0,2}
              | " (?: \\. | [^"\\\n] )* " | ' [^'\n]* ' )
    | (?P<comment> \# [^\n]* )
    | (?P<line> \n )
    | (?P<mark> [\[\]{},=] )
    | (?P<word> [^\s\[\]{},=\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def lines_of(source: str) -> dict[Path, int]:
    """Return the line, from 1, of every table, key and element of a valid TOML text.

    Their paths are those of the values that ``tomllib`` reads: ``("field", 0, "options", 2)``.
    """
    scanner = _Scanner(source)
    with contextlib.suppress(RecursionError):  # brackets within brackets: what was found is enough
        scanner.scan()
    return scanner.lines


class _Scanner:
    """Goes through the tokens once. It never fails: whether the text is TOML is for ``tomllib`` to say."""

    def __init__(self, source: str) -> None:
        self.lines: dict[Path, int] = {}
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        self._lengths: dict[Path, int] = {}  # how many tables each array of tables has so far
        line, end = 1, 0
        text = source.replace("\r\n", "\n")
        for token in _TOKEN.finditer(text):
            line += text.count("\n", end, token.start())
            end = token.start()
            if token.lastgroup != "comment":
                self._tokens.append((str(token.lastgroup), token[0], line))

    def scan(self) -> None:
        table: Path = ()
        while self._at < len(self._tokens):
            kind, text, line = self._tokens[self._at]
            if kind == "line":
                self._at += 1
            elif text == "[":
                table = self._header(line)
            else:
                self._pair(table, "\n")

    def _header(self, line: int) -> Path:
        """Read ``[table]`` or ``[[table]]`` and return the path of what follows."""
        self._at += 1
        several = self._text == "["
        self._at += several
        path = self._inside((), self._key("]"))
        self._at += 1 + several
        if several:
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path += (self._lengths[path] - 1,)
        self._note(path, line)
        return path

    def _inside(self, path: Path, keys: list[str]) -> Path:
        """Follow keys from a table; through an array of tables the way goes by its newest one."""
        for key in keys:
            if path in self._lengths:
                path += (self._lengths[path] - 1,)
            path += (key,)
        return path

    def _pair(self, table: Path, *ends: str) -> None:
        """Read ``key = value``, up to the end of the line or what ends it in an inline table."""
        line = self._tokens[self._at][2]
        keys = self._key("=")
        for count in range(1, len(keys) + 1):
            self._note((*table, *keys[:count]), line)
        self._at += 1
        self._value((*table, *keys))
        while self._at < len(self._tokens) and self._text not in ends:
            self._at += 1

    def _value(self, path: Path) -> None:
        """Read an array or an inline table with all that is in it; anything else is passed over."""
        opening = self._text
        self._at += 1
        if opening == "[":
            self._array(path)
        elif opening == "{":
            while self._at < len(self._tokens) and self._text != "}":
                if self._text in {",", "\n"}:
                    self._at += 1
                else:
                    self._pair(path, ",", "}")
            self._at += 1

    def _array(self, path: Path) -> None:
        index = 0
        while self._at < len(self._tokens) and self._text != "]":
            if self._text == ",":
                index += 1
            if self._text in {",", "\n"}:
                self._at += 1
            else:
                self._note((*path, index), self._tokens[self._at][2])
                self._value((*path, index))
        self._at += 1

    def _key(self, end: str) -> list[str]:
        """Read a key up to ``end``: bare, quoted or dotted."""
        parts = []
        while self._at < len(self._tokens) and self._text not in {end, "\n"}:
            parts.append(self._text)
            self._at += 1
        return _keys("".join(parts))

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)

    @property
    def _text(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""


def _keys(text: str) -> list[str]:
    """Return the parts of a key; quoted ones as TOML reads them."""
    if _BARE.fullmatch(text):
        return [text]
    found: list[str] = []
    with contextlib.suppress(ValueError):
        value = tomllib.loads(f"{text} = 0")
        while isinstance(value, dict):
            found.extend(value)
            value = value[found[-1]]
    return found
