"""A questionnaire as its page shows it: plain data for the template, dates as the client reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from whenever import Date

from studio_cli.language import Language
from studio_cli.model.answers import Problem, limit_on
from studio_cli.model.form import Field, Form, Kind
from studio_cli.model.words import N_


def asked(form: Form, values: Mapping[str, Sequence[str]], today: Date, language: Language) -> dict[str, Any]:
    """Return the questions, each with what is in it: ``values`` by name, everything that was ticked or typed."""
    by_name = {field.name: field for field in form.fields}
    fields = [_question(field, by_name, values.get(field.name, ()), today, language) for field in form.fields]
    return {"title": form.title, "fields": fields}


def _question(
    field: Field, by_name: Mapping[str, Field], values: Sequence[str], today: Date, language: Language
) -> dict[str, Any]:
    condition = field.show_if
    return {
        **field.as_json(),
        **_limits(field, today, language),
        "choices": list(field.choices),
        "longest": field.longest,
        "value": values[-1] if values else "",
        "ticked": list(values),
        "only_if": condition
        and {
            "field": condition.field,
            "question": by_name[condition.field].label,
            "equals": condition.equals,
            "shown": shown(by_name[condition.field].kind, condition.equals, language),
        },
    }


def _limits(field: Field, today: Date, language: Language) -> dict[str, str | None]:
    """Return the limits as the browser takes them and as a client reads them; a date's as they are today."""
    limits: dict[str, str | None] = {}
    for name, limit in (("min", field.min), ("max", field.max)):
        day = limit_on(limit, today) if field.kind == "date" else None
        limits[name] = str(day) if day else limit
        limits[f"{name}_shown"] = language.date(day) if day else limit and shown(field.kind, limit, language)
    return limits


def shown(kind: Kind, value: str, language: Language) -> str:
    """Return an answer as its client reads it: a day, a number, or of a yes or no the word that is ticked."""
    if kind == "date":
        return language.date(Date.parse_iso(value))
    if kind == "number":
        return language.number(Decimal(value))
    return language.text(_YES_NO[value]) if kind == "yes_no" else value


_YES_NO = {"yes": N_("Yes"), "no": N_("No")}


def said(problem: Problem, language: Language) -> str:
    """Return what is wrong with an answer, in the client's language."""
    return language.text(
        problem.text, **{name: _value(value, language) for name, value in problem.values.items()}
    )


def _value(value: str | int | Date | Decimal, language: Language) -> str | int:
    if isinstance(value, Date):
        return language.date(value)
    return language.number(value) if isinstance(value, Decimal) else value
