"""Forms that can be defined, as hypothesis draws them, and their TOML text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.form import KINDS, Condition, Field, Form
from studio_cli.model.text import clean

WORDS = st.text(min_size=1, max_size=12).map(lambda text: _cleaned(text)).filter(bool)
NUMBERS = st.decimals(-1000, 1000, places=2).map(
    lambda number: format(number, "f").rstrip("0").rstrip(".")
).map(lambda text: "0" if text == "-0" else text)  # fmt: skip
DAYS = st.dates().map(lambda day: day.isoformat())
COUNTED = st.integers(-400, 400).map(lambda days: f"{days:+}d") | st.just("today")


def _cleaned(text: str) -> str:
    try:
        return clean(text, "")
    except WrongUsage:
        return ""


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Draw a form with one to five questions."""
    fields: list[Field] = []
    for index in range(draw(st.integers(1, 5))):
        field = draw(_fields(f"f{index}"))
        fields.append(replace(field, show_if=draw(_conditions(fields))))
    return Form("drawn", draw(WORDS), tuple(fields))


@st.composite
def _fields(draw: st.DrawFn, name: str) -> Field:
    kind: Any = draw(st.sampled_from(KINDS))
    field = Field(name, draw(WORDS), kind, draw(st.booleans()), draw(st.none() | WORDS))
    if kind in {"choice", "choices"}:
        options = draw(st.lists(WORDS, min_size=2, max_size=5, unique=True))
        field = replace(field, options=tuple(options))
    if kind == "choices":
        least, most = sorted(draw(st.tuples(*[st.integers(1, len(field.options))] * 2)))
        return replace(field, least=draw(st.none() | st.just(least)), most=draw(st.none() | st.just(most)))
    if kind in {"short", "long"}:
        return replace(field, most=draw(st.none() | st.integers(1, 30)))
    if kind == "number":
        low, high = sorted(draw(st.tuples(NUMBERS, NUMBERS)), key=float)
        return replace(field, min=draw(st.none() | st.just(low)), max=draw(st.none() | st.just(high)))
    if kind == "date":
        return replace(field, **draw(_days()))
    return field


@st.composite
def _days(draw: st.DrawFn) -> dict[str, str]:
    days = draw(st.tuples(DAYS, DAYS).map(sorted) | st.tuples(COUNTED, DAYS) | st.just(["-7d", "+30d"]))
    return {name: day for name, day in zip(("min", "max"), days, strict=True) if draw(st.booleans())}


@st.composite
def _conditions(draw: st.DrawFn, earlier: list[Field]) -> Condition | None:
    possible = [
        Condition(field.name, choice) for field in earlier for choice in (field.choices or _typed(field))
    ]
    return draw(st.none() | st.sampled_from(possible)) if possible else None


def _typed(field: Field) -> tuple[str, ...]:
    """Return answers that a typed field surely takes."""
    if field.kind == "number":
        return (field.min or field.max or "3",)
    if field.kind == "date":
        limit = field.min or field.max or "2026-12-01"
        return (limit,) if limit[0].isdigit() and not (field.min and field.max) else ()
    return {"short": ("x",), "long": ("x",), "email": ("rui@example.com",), "phone": ("+1 416 555 0134",)}[
        field.kind
    ]


def source_of(form: Form) -> str:
    """Return the TOML text that defines a form."""
    lines = [f"title = {_text(form.title)}"]
    for field in form.fields:
        lines += ["", "[[field]]", *[f"{key} = {value}" for key, value in _keys(field).items()]]
    return "\n".join(lines) + "\n"


def _keys(field: Field) -> dict[str, str]:
    keys = {"name": _text(field.name), "label": _text(field.label), "kind": _text(field.kind)}
    keys["required"] = str(field.required).lower()
    if field.help:
        keys["help"] = _text(field.help)
    if field.options:
        keys["options"] = f"[{', '.join(map(_text, field.options))}]"
    if field.show_if:
        condition = field.show_if
        keys["show_if"] = f"{{ field = {_text(condition.field)}, equals = {_text(condition.equals)} }}"
    for key in ("min", "max", "least", "most"):
        value = getattr(field, key)
        if value is not None:
            keys[key] = _text(value) if field.kind == "date" else str(value)
    return keys


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
