"""Questionnaires: how they are kept, in this version and the one before."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from whenever import Date

from studio_cli.model.form import Answer, Condition, Field, Form, day_of, days_from_today, is_relative
from tests.model.forms import forms


@given(forms())
def test_stored_form_comes_back(form: Form) -> None:
    """Any form that can be defined is the same after it was kept."""
    assert Form.from_stored(form.stored()) == form


def test_form_of_the_earlier_version_comes_back() -> None:
    """A form that was kept before there were conditions and limits is read, with none of them."""
    kept = {
        "name": "intake",
        "title": "Before your session",
        "fields": [
            {"name": "a", "label": "A", "kind": "short", "required": True, "help": "h", "options": []},
            {"name": "b", "label": "B", "kind": "choice", "required": False, "help": None, "options": ["x", "y"]},
        ],
    }  # fmt: skip
    assert Form.from_stored(json.dumps(kept)) == Form(
        "intake",
        "Before your session",
        (Field("a", "A", "short", required=True, help="h"), Field("b", "B", "choice", options=("x", "y"))),
    )


def test_field_as_scripts_read_it() -> None:
    """A field has every key in JSON, null where there is nothing."""
    field = Field("a", "A", "number", min="1", show_if=Condition("b", "yes"))
    assert field.as_json() == {
        "name": "a",
        "label": "A",
        "kind": "number",
        "required": False,
        "help": None,
        "options": [],
        "show_if": {"field": "b", "equals": "yes"},
        "min": "1",
        "max": None,
        "least": None,
        "most": None,
    }


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        (Field("a", "A", "short"), 1000),
        (Field("a", "A", "short", most=10), 10),
        (Field("a", "A", "long"), 20_000),
        (Field("a", "A", "choices", options=("x", "y"), most=1), None),
        (Field("a", "A", "yes_no"), None),
    ],
)
def test_longest_answer(field: Field, longest: int | None) -> None:
    """What is typed has a length that it can have; ticks have none, and their limit is not one."""
    assert field.longest == longest


def test_answers_as_scripts_read_them() -> None:
    """An answer is a text, and what was ticked a list of texts, even if it is one."""
    assert Answer("a", "A", "x\ny", "long").as_json() == {"name": "a", "label": "A", "value": "x\ny"}
    assert Answer("a", "A", "x\ny", "choices").as_json()["value"] == ["x", "y"]
    assert Answer("a", "A", "x", "choices").as_json()["value"] == ["x"]


@pytest.mark.parametrize(
    ("limit", "relative", "day"),
    [
        ("today", True, "2026-11-20"),
        ("+0d", True, "2026-11-20"),
        ("+30d", True, "2026-12-20"),
        ("-365d", True, "2025-11-20"),
        ("2026-12-01", False, "2026-12-01"),
    ],
)
def test_days_of_limits(limit: str, relative: bool, day: str) -> None:
    """A date's limit is a day, or counted from the day on which the client answers."""
    assert is_relative(limit) == relative
    assert str(day_of(limit, Date(2026, 11, 20))) == day
    if relative:
        assert Date(2026, 11, 20).add(days=days_from_today(limit)) == day_of(limit, Date(2026, 11, 20))
