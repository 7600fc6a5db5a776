"""A questionnaire from its TOML text (docs/forms.md): every mistake in it is named, with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from studio_cli.errors import WrongUsage
from studio_cli.model.answers import Wrong, check_value, is_day, normal_number
from studio_cli.model.form import KINDS, Condition, Field, Form, Kind, days_from_today, is_relative
from studio_cli.model.text import clean, shown
from studio_cli.model.toml_lines import Path, lines_of

MOST_FIELDS, MOST_OPTIONS = 100, 50
MOST_TICKS = 400
"""Options of all ``choices`` together: the page's server takes no more than 500 values in one post."""
_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
_RELATIVE = re.compile(r"today|[+-][0-9]{1,5}d")
_FIELD_KEYS = (
    "name", "label", "kind", "required", "help", "options", "show_if", "min", "max", "least", "most"
)  # fmt: skip
_KINDS_WITH = {
    "options": ("choice", "choices"),
    "min": ("number", "date"),
    "max": ("number", "date"),
    "least": ("choices",),
    "most": ("short", "long", "choices"),
}
"""The kinds that a key is for; the others are for all."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a form's text, and on which line: None where no line can be named."""

    text: str
    line: int | None = None

    def at(self, file: str) -> str:
        """Return ``family.toml:12: Field people: …``."""
        return f"{file}:{self.line}: {self.text}" if self.line else f"{file}: {self.text}"


class WrongForm(WrongUsage):
    """A text that defines no form, with every mistake in it."""

    code = "form"

    def __init__(self, mistakes: Sequence[Mistake], file: str | None = None) -> None:
        self.mistakes = tuple(mistakes)
        first = mistakes[0].at(file) if file else mistakes[0].text
        super().__init__(
            first if len(mistakes) == 1 else f"{file or 'The form'} has {len(mistakes)} mistakes.",
            hint="docs/forms.md shows a whole form.",
            details={"mistakes": [{"line": one.line, "message": one.text} for one in mistakes]},
        )


def parse_form(name: str, source: str) -> Form:
    """Return the form that a TOML text defines; ``WrongForm`` has every mistake in it."""
    form, mistakes = read_form(name, source)
    if form is None:
        raise WrongForm(mistakes)
    return form


def read_form(name: str, source: str) -> tuple[Form | None, list[Mistake]]:
    """Return the form that a TOML text defines, or None with everything that is wrong with it."""
    try:
        data = tomllib.loads(source, parse_float=Decimal)
    except RecursionError:
        return None, [Mistake("It is not TOML that can be read: too many brackets within each other.")]
    except (ValueError, ArithmeticError) as problem:  # TOMLDecodeError; numbers that no number can be
        return None, [_not_toml(str(problem), source)]
    reader = _Reader(data, lines_of(source))
    form = reader.form(name)
    return (None if reader.mistakes else form), sorted(reader.mistakes, key=lambda one: one.line or 0)


def _not_toml(words: str, source: str) -> Mistake:
    """Put tomllib's own words into ours: it says the place in brackets at the end."""
    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", words)
    if match is None:
        return Mistake(f"It is not TOML: {shown(words)}.")
    column = f" (column {match[2]})" if match[2] else ""
    line = int(match[1]) if match[1] else source.rstrip().count("\n") + 1
    return Mistake(f"It is not TOML: {shown(words[: match.start()])}{column}.", line)


class _Reader:
    """Goes through the whole text and notes what is wrong instead of stopping there."""

    def __init__(self, data: Mapping[str, Any], lines: Mapping[Path, int]) -> None:
        self.mistakes: list[Mistake] = []
        self._data, self._lines = data, lines
        self._earlier: dict[str, Field | None] = {}
        self._ticks = 0

    def wrong(self, text: str, path: Path = ()) -> None:
        """Note a mistake, at the line of the nearest thing that has one."""
        while path and path not in self._lines:
            path = path[:-1]
        self.mistakes.append(Mistake(text, self._lines.get(path)))

    def form(self, name: str) -> Form:
        """Return the form, as far as it can be read."""
        for key in self._data:
            if key not in {"title", "field"}:
                self.wrong(f"Unknown key: {shown(key)}. A form has title and [[field]].", (key,))
        top = _Table(self, self._data, (), "The form")
        title = top.text("title") if "title" in self._data else None
        return Form(name=name, title=title or name, fields=tuple(self._fields()))

    def _fields(self) -> list[Field]:
        tables = self._data.get("field")
        if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
            self.wrong("It has no fields: each begins with a line [[field]].", ("field",))
            return []
        if len(tables) > MOST_FIELDS:
            place: Path = ("field", MOST_FIELDS)
            self.wrong(f"It has {len(tables)} fields; the limit is {MOST_FIELDS}.", place)
        return [self._field(table, index) for index, table in enumerate(tables[:MOST_FIELDS])]

    def _field(self, table: Mapping[str, Any], index: int) -> Field:
        named = table.get("name")
        good = isinstance(named, str) and bool(_NAME.fullmatch(named))
        name = cast(str, named) if good else ""
        here = _Table(self, table, ("field", index), f"Field {name or index + 1}")
        before = len(self.mistakes)
        if not good:
            here.wrong("name", "name must be letters, digits and _ (at most 40).")
        elif name in self._earlier:
            here.wrong("name", "the name is used twice.")
        field = here.field(name, self._earlier)
        # What is said about a later field must not be a consequence of what was said about this one.
        self._earlier.setdefault(name, field if len(self.mistakes) == before else None)
        self._count_ticks(here, field)
        return field

    def _count_ticks(self, here: _Table, field: Field) -> None:
        before = self._ticks
        self._ticks += len(field.options) if field.kind == "choices" else 0
        if before <= MOST_TICKS < self._ticks:
            here.wrong("options", f"more than {MOST_TICKS} options to tick in one form.")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the text: reads a value as what it must be, or notes why it cannot."""

    reader: _Reader
    table: Mapping[str, Any]
    path: Path
    where: str

    def wrong(self, key: str | int, text: str, *inner: str | int) -> None:
        """Note a mistake at the line of a key."""
        self.reader.wrong(f"{self.where}: {text}", (*self.path, key, *inner))

    def field(self, name: str, earlier: Mapping[str, Field | None]) -> Field:
        """Return the question; what is wrong in it is noted, and left out."""
        for key in self.table:
            if key not in _FIELD_KEYS:
                self.wrong(key, f"unknown key {shown(key)}. Known: {', '.join(_FIELD_KEYS)}.")
        kind = self._kind()
        field = Field(
            name,
            self.text("label", needed=True),
            kind or "short",
            self._flag("required"),
            self.text("help") or None,
            self._options(kind),
            self._condition(earlier),
            self._limit("min", kind),
            self._limit("max", kind),
            self._count("least", kind),
            self._count("most", kind),
        )
        self._check_order(field)
        return field

    def text(self, key: str, *, needed: bool = False) -> str:
        """Return a text; an empty one is as if it were not there."""
        value = self.table.get(key, "")
        if not isinstance(value, str) or (needed and not value.strip()):
            self.wrong(key, f"{key} must be a text.")
            return ""
        return self._clean(value, key, 500) if value.strip() else ""

    def _clean(self, value: str, key: str, limit: int, *inner: int) -> str:
        try:
            return clean(value, key if not inner else "an option", limit=limit)
        except WrongUsage as wrong:
            self.wrong(key, wrong.message, *inner)
            return ""

    def _kind(self) -> Kind | None:
        kind = self.table.get("kind", "short")
        if kind not in KINDS:
            self.wrong("kind", f"kind must be one of {', '.join(KINDS)}.")
            return None
        return cast(Kind, kind)

    def _flag(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f"{key} must be true or false.")
        return value is True

    def _has(self, key: str, kind: Kind | None) -> bool:
        """Return whether there is a value to look at: the key is there, and for this kind of question."""
        if kind is None or key not in self.table:
            return False
        if kind in _KINDS_WITH[key]:
            return True
        if self.table[key] != []:  # an empty list of options is none
            *others, last = _KINDS_WITH[key]
            self.wrong(key, f"{key} is only for {', '.join(others)}{' and ' if others else ''}{last}.")
        return False

    # ── options ──────────────────────────────────────────────────────────────────────────────────

    def _options(self, kind: Kind | None) -> tuple[str, ...]:
        if kind in _KINDS_WITH["options"] and "options" not in self.table:
            self.wrong("kind", f"a {kind} needs 2 to {MOST_OPTIONS} options.")
        if not self._has("options", kind):
            return ()
        options = self.table["options"]
        if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
            self.wrong("options", "options must be a list of texts.")
            return ()
        if not 2 <= len(options) <= MOST_OPTIONS:
            self.wrong("options", f"a {kind} needs 2 to {MOST_OPTIONS} options.")
            return ()
        return self._different([self._clean(one, "options", 200, n) for n, one in enumerate(options)])

    def _different(self, options: Sequence[str]) -> tuple[str, ...]:
        for index, option in enumerate(options):
            if option and option in options[:index]:
                self.wrong("options", f"two options are the same: {shown(option)}.", index)
        return tuple(options)

    # ── limits ───────────────────────────────────────────────────────────────────────────────────

    def _limit(self, key: str, kind: Kind | None) -> str | None:
        """Return ``min`` or ``max`` as it is kept."""
        if not self._has(key, kind):
            return None
        limit = (_number_limit if kind == "number" else _date_limit)(self.table[key])
        if limit is None:
            right = (
                "a number, like 1 or 2.5"
                if kind == "number"
                else 'a date like "2026-12-01", "today" or "+30d"'
            )
            self.wrong(key, f"{key} must be {right}.")
        return limit

    def _count(self, key: str, kind: Kind | None) -> int | None:
        """Return ``least`` or ``most``."""
        if not self._has(key, kind):
            return None
        highest = Field("", "", kind or "short").longest or MOST_OPTIONS
        value = self.table[key]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
            self.wrong(key, f"{key} must be a whole number from 1 to {highest}.")
            return None
        return value

    def _check_order(self, field: Field) -> None:
        """Refuse limits that no answer can be within."""
        if field.min and field.max and _is_after(field):
            self.wrong("max", f"max ({field.max}) is less than min ({field.min}).")
        if field.kind != "choices" or not field.options:
            return
        for key, count in (("least", field.least), ("most", field.most)):
            if count and count > len(field.options):
                self.wrong(key, f"{key} is {count}, but there are {len(field.options)} options.")
        if field.least and field.most and field.least > field.most:
            self.wrong("most", f"most ({field.most}) is less than least ({field.least}).")

    # ── show_if ──────────────────────────────────────────────────────────────────────────────────

    def _condition(self, earlier: Mapping[str, Field | None]) -> Condition | None:
        if "show_if" not in self.table:
            return None
        value = self.table["show_if"]
        if not isinstance(value, dict) or set(value) != {"field", "equals"}:
            self.wrong("show_if", 'show_if must be like { field = "other", equals = "yes" }.')
            return None
        name = value["field"]
        if not isinstance(name, str) or name not in earlier:
            self.wrong("show_if", f"show_if: there is no earlier field {_said(name)}.", "field")
            return None
        asked = earlier[name]
        return self._possible(asked, value["equals"]) if asked else None

    def _possible(self, asked: Field, equals: object) -> Condition | None:
        """Return the condition, if the earlier question can be answered so."""
        text = _answer_text(asked, equals)
        try:
            if text is None:
                raise Wrong("")
            return Condition(asked.name, check_value(asked, text))
        except Wrong:
            possible = f" It can be: {', '.join(asked.choices)}." if asked.choices else ""
            self.wrong(
                "show_if", f"show_if: {asked.name} is never answered {_said(equals)}.{possible}", "equals"
            )
            return None


def _said(value: object) -> str:
    """Return a value as it may stand in a message; only a text has a length that is known to be harmless."""
    return f"“{shown(value[:60])}”" if isinstance(value, str) else "that"


def _answer_text(asked: Field, value: object) -> str | None:
    """Return what stands after ``equals`` as a client would post it."""
    if isinstance(value, bool):
        return ("yes" if value else "no") if asked.kind == "yes_no" else None
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | Decimal):
        return _number_limit(value)
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else None


def _number_limit(value: object) -> str | None:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    # Beyond is nothing that anybody counts, and 1e999999 would be written with a million digits.
    if not -(10**15) < value < 10**15 or Decimal(value).adjusted() < -15:
        return None
    text = format(Decimal(value), "f")
    return normal_number(text) if len(text) <= 30 else None


def _date_limit(value: object) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str) or not (_RELATIVE.fullmatch(value) or is_day(value)):
        return None
    return value


def _is_after(field: Field) -> bool:
    """Return whether ``min`` is after ``max`` on every day."""
    low, high = field.min or "", field.max or ""
    if field.kind == "number":
        return Decimal(low) > Decimal(high)
    if is_relative(low) and is_relative(high):
        return days_from_today(low) > days_from_today(high)
    return not is_relative(low) and not is_relative(high) and low > high
