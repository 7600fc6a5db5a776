"""A questionnaire: fields that the owner defines in TOML and the client fills in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from studio_cli.errors import WrongUsage
from studio_cli.model.text import LONG, SHORT, clean, clean_optional, shown

Kind = Literal["short", "long", "yes_no", "choice"]
KINDS: tuple[str, ...] = get_args(Kind)
MOST_FIELDS, MOST_OPTIONS = 100, 50
_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")
_FIELD_KEYS = {"name", "label", "kind", "required", "help", "options"}
YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Field:
    """One question."""

    name: str
    label: str
    kind: Kind
    required: bool = False
    help: str | None = None
    options: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be picked: nothing for a field that is typed."""
        return YES_NO if self.kind == "yes_no" else self.options

    def as_json(self) -> dict[str, Any]:
        """Return the field with every key, as it is kept and as scripts read it."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "required": self.required,
            "help": self.help,
            "options": list(self.options),
        }


@dataclass(frozen=True, slots=True)
class Form:
    """A questionnaire. A session keeps its own copy, so that later edits do not change what was sent."""

    name: str
    title: str
    fields: tuple[Field, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the form as it is kept and as scripts read it."""
        return {"name": self.name, "title": self.title, "fields": [field.as_json() for field in self.fields]}

    def stored(self) -> str:
        """Return the form as JSON text."""
        return json.dumps(self.as_json(), ensure_ascii=False)

    @property
    def fingerprint(self) -> str:
        """A short text that is another one when anything in the form is."""
        from hashlib import (
            sha256,  # loads OpenSSL: only where a session has a form and is changed or reviewed
        )

        return sha256(self.stored().encode()).hexdigest()[:16]

    @classmethod
    def from_stored(cls, text: str) -> Form:
        """Return the form that ``stored`` wrote."""
        kept = json.loads(text)
        fields = tuple(Field(**{**field, "options": tuple(field["options"])}) for field in kept["fields"])
        return cls(name=kept["name"], title=kept["title"], fields=fields)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client said to one question, with the question as it was asked."""

    name: str
    label: str
    value: str
    kind: Kind = "short"

    def as_json(self) -> dict[str, str]:
        """Return ``{name, label, value}``."""
        return {"name": self.name, "label": self.label, "value": self.value}


# ── from TOML ─────────────────────────────────────────────────────────────────────────────────────


def parse_form(name: str, text: str) -> Form:
    """Return the form that a TOML text defines; ``WrongUsage`` names the field and the reason."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise _wrong("It is not TOML that can be read: too many brackets within each other.") from None
    except ValueError as problem:  # TOMLDecodeError, and a number of thousands of digits
        raise _wrong(f"It is not TOML: {problem}") from None
    unknown = sorted(set(data) - {"title", "field"})
    if unknown:
        raise _wrong(f"Unknown key: {shown(unknown[0])}. A form has title and [[field]].")
    tables = data.get("field")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables) or not tables:
        raise _wrong("It has no fields: each begins with a line [[field]].")
    if len(tables) > MOST_FIELDS:
        raise _wrong(f"It has {len(tables)} fields; the limit is {MOST_FIELDS}.")
    fields = tuple(_field(table, number) for number, table in enumerate(tables, 1))
    _check_unique([field.name for field in fields])
    return Form(name=name, title=_text(data, "title", "The form", default="") or name, fields=fields)


def _field(table: Mapping[str, Any], number: int) -> Field:
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(f"Field {number}: name must be letters, digits and _ (at most 40).")
    where = f"Field {name}"
    unknown = sorted(set(table) - _FIELD_KEYS)
    if unknown:
        raise _wrong(f"{where}: unknown key {shown(unknown[0])}. Known: {', '.join(sorted(_FIELD_KEYS))}.")
    kind = table.get("kind", "short")
    if kind not in KINDS:
        raise _wrong(f"{where}: kind must be one of {', '.join(KINDS)}.")
    required = table.get("required", False)
    if not isinstance(required, bool):
        raise _wrong(f"{where}: required must be true or false.")
    help_text = _text(table, "help", where, default="") or None
    label = _text(table, "label", where)
    return Field(name, label, kind, required, help_text, _options(table, kind, where))


def _text(table: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise _wrong(f"{where}: {key} must be a text.")
    return clean(value, f"{where}: {key}", limit=500) if value.strip() else ""


def _options(table: Mapping[str, Any], kind: str, where: str) -> tuple[str, ...]:
    options = table.get("options", [])
    if kind != "choice":
        if options:
            raise _wrong(f"{where}: only a choice has options.")
        return ()
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise _wrong(f"{where}: options must be a list of texts.")
    if not 2 <= len(options) <= MOST_OPTIONS:
        raise _wrong(f"{where}: a choice needs 2 to {MOST_OPTIONS} options.")
    cleaned = tuple(clean(option, f"{where}: an option") for option in options)
    if len(set(cleaned)) < len(cleaned):
        raise _wrong(f"{where}: two options are the same.")
    return cleaned


def _check_unique(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _wrong(f"Field {name}: the name is used twice.")


def _wrong(message: str) -> WrongUsage:
    return WrongUsage(message, hint="docs/forms.md shows a whole form.", code="form")


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


def check_answers(form: Form, posted: Mapping[str, str]) -> tuple[list[Answer], dict[str, str]]:
    """Return the answers as they are stored, and what is wrong by field name. Nothing is stored if any is."""
    answers: list[Answer] = []
    problems: dict[str, str] = {}
    for field in form.fields:
        try:
            value = _answer(field, posted.get(field.name, ""))
        except WrongUsage as problem:
            problems[field.name] = problem.message
        else:
            if value:
                answers.append(Answer(field.name, field.label, value, field.kind))
    return answers, problems


def _answer(field: Field, text: str) -> str | None:
    if not text.strip():
        if field.required:
            raise WrongUsage("Please choose one." if field.choices else "Please fill this in.")
        return None
    if field.choices:
        if text not in field.choices:
            raise WrongUsage("Please choose one of these.")
        return text
    long = field.kind == "long"
    return clean_optional(text, "Your answer", limit=LONG if long else SHORT * 5, multiline=long)
