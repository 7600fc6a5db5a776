"""A questionnaire: fields that the owner defines in TOML (``form_source``) and the client fills in (``answers``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from whenever import Date

from studio_cli.model.text import LONG, SHORT

Kind = Literal["short", "long", "yes_no", "choice", "choices", "number", "date", "email", "phone"]
KINDS: tuple[str, ...] = get_args(Kind)
YES_NO = ("yes", "no")
LONGEST: dict[Kind, int] = {"short": SHORT * 5, "long": LONG, "number": 30, "email": 320, "phone": 40}
"""Characters in an answer that is typed."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a question is asked: if an earlier one was answered so; of several ticks, if one of them is it."""

    field: str
    equals: str


@dataclass(frozen=True, slots=True)
class Field:
    """One question.

    ``min`` and ``max`` are of a number ("2.5") or a date ("2026-12-01", or counted from the day of the answer:
    "today", "+30d"); ``least`` and ``most`` count ticks; of a text ``most`` counts characters.
    """

    name: str
    label: str
    kind: Kind = "short"
    required: bool = False
    help: str | None = None
    options: tuple[str, ...] = ()
    show_if: Condition | None = None
    min: str | None = None
    max: str | None = None
    least: int | None = None
    most: int | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be picked: nothing for a field that is typed."""
        return YES_NO if self.kind == "yes_no" else self.options

    @property
    def longest(self) -> int | None:
        """The most characters of an answer; None for one that is picked."""
        return self.most if self.most and self.kind != "choices" else LONGEST.get(self.kind)

    def as_json(self) -> dict[str, Any]:
        """Return the field with every key, as it is kept and as scripts read it."""
        condition = self.show_if
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "required": self.required,
            "help": self.help,
            "options": list(self.options),
            "show_if": condition and {"field": condition.field, "equals": condition.equals},
            "min": self.min,
            "max": self.max,
            "least": self.least,
            "most": self.most,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Field:
        """Return the field that ``as_json`` wrote; earlier versions wrote fewer keys."""
        condition = kept.get("show_if")
        own = {"options": tuple(kept["options"]), "show_if": condition and Condition(**condition)}
        return cls(**{**kept, **own})


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
        """Return the form that ``stored`` wrote, in this version or an earlier one."""
        kept = json.loads(text)
        fields = tuple(Field.from_json(field) for field in kept["fields"])
        return cls(name=kept["name"], title=kept["title"], fields=fields)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client said to one question, with the question as it was asked.

    ``value`` is as it is kept: of ``choices`` each tick is a line.
    """

    name: str
    label: str
    value: str
    kind: Kind = "short"

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that was ticked; of another kind the one answer."""
        return tuple(self.value.split("\n")) if self.kind == "choices" else (self.value,)

    def as_json(self) -> dict[str, str | list[str]]:
        """Return ``{name, label, value}``; the value of ``choices`` is a list."""
        value = list(self.values) if self.kind == "choices" else self.value
        return {"name": self.name, "label": self.label, "value": value}


def is_relative(limit: str) -> bool:
    """Return whether a date's limit is counted from the day of the answer: ``today``, ``+30d``."""
    return limit == "today" or limit[0] in "+-"


def days_from_today(limit: str) -> int:
    """Return how many days after the day of the answer a relative limit is."""
    return 0 if limit == "today" else int(limit.removesuffix("d"))


def day_of(limit: str, today: Date) -> Date:
    """Return the day that a date's limit means for somebody who answers ``today``."""
    return today.add(days=days_from_today(limit)) if is_relative(limit) else Date.parse_iso(limit)
