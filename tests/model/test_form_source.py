"""A questionnaire's TOML text: what it may say, and how its mistakes are named."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.form import KINDS, Condition, Field, Form
from studio_cli.model.form_source import (
    MOST_FIELDS,
    MOST_OPTIONS,
    MOST_TICKS,
    Mistake,
    WrongForm,
    parse_form,
    read_form,
)
from studio_cli.templates import folder
from tests.model.forms import forms, source_of

WHOLE = """
title = "Before your session"
[[field]]
name = "people"
label = "How many?"
required = true
help = "Children count too."
[[field]]
name = "notes"
label = "Anything else?"
kind = "long"
most = 500
[[field]]
name = "outdoors"
label = "Outdoors?"
kind = "yes_no"
[[field]]
name = "style"
label = "Style"
kind = "choice"
options = ["Candid", "Posed"]
show_if = { field = "outdoors", equals = true }
[[field]]
name = "extras"
label = "Extras"
kind = "choices"
options = ["Prints", "An album", "A film"]
least = 1
most = 2
[[field]]
name = "children"
label = "How many children?"
kind = "number"
min = 0
max = 12.50
[[field]]
name = "day"
label = "Which day?"
kind = "date"
min = "today"
max = 2027-01-31
[[field]]
name = "email"
label = "Your address?"
kind = "email"
[[field]]
name = "phone"
label = "Your number?"
kind = "phone"
"""


def one_field(**lines: str) -> str:
    """Return the TOML of a form with one field."""
    values = {"name": '"a"', "label": '"A"', **lines}
    return "[[field]]\n" + "\n".join(f"{key} = {value}" for key, value in values.items())


def second(show_if: str, **first: str) -> str:
    """Return the TOML of two fields: the second, b, is shown if …"""
    return f"{one_field(**first)}\n[[field]]\nname = 'b'\nlabel = 'B'\nshow_if = {show_if}"


def test_whole_form() -> None:
    """Every kind of field is read, with what was left out at its default."""
    assert parse_form("intake", WHOLE) == Form(
        "intake",
        "Before your session",
        (
            Field("people", "How many?", "short", required=True, help="Children count too."),
            Field("notes", "Anything else?", "long", most=500),
            Field("outdoors", "Outdoors?", "yes_no"),
            Field("style", "Style", "choice", options=("Candid", "Posed"), show_if=Condition("outdoors", "yes")),
            Field("extras", "Extras", "choices", options=("Prints", "An album", "A film"), least=1, most=2),
            Field("children", "How many children?", "number", min="0", max="12.5"),
            Field("day", "Which day?", "date", min="today", max="2027-01-31"),
            Field("email", "Your address?", "email"),
            Field("phone", "Your number?", "phone"),
        ),
    )  # fmt: skip
    assert {field.kind for field in parse_form("intake", WHOLE).fields} == set(KINDS)


@given(forms())
def test_written_form_is_read(form: Form) -> None:
    """Any form that can be defined is read from its text as it was meant."""
    assert read_form("drawn", source_of(form)) == (form, [])


@pytest.mark.parametrize("title", ["", 'title = ""\n', 'title = "  "\n'])
def test_form_without_title_has_its_name(title: str) -> None:
    """A form without a title of its own is called by its name."""
    assert parse_form("intake", title + one_field()).title == "intake"


def test_other_ways_to_write_the_same() -> None:
    """Inline fields, quoted keys and tables for conditions are TOML too."""
    inline = 'field = [{ name = "a", label = "A", kind = "yes_no" }, { name = "b", label = "B" }]'
    assert [field.name for field in parse_form("x", inline).fields] == ["a", "b"]
    source = one_field(kind='"yes_no"') + "\n[[field]]\n'name' = 'b'\nlabel = 'B'\n[field.show_if]\n"
    form = parse_form("x", source + 'field = "a"\nequals = "no"')
    assert form.fields[1].show_if == Condition("a", "no")


@pytest.mark.parametrize(
    ("first", "equals", "kept"),
    [
        ({"kind": '"yes_no"'}, "true", "yes"),
        ({"kind": '"yes_no"'}, "false", "no"),
        ({"kind": '"yes_no"'}, '"yes"', "yes"),
        ({"kind": '"choice"', "options": '["1", "2"]'}, "2", "2"),
        ({"kind": '"choices"', "options": '["x", "y"]'}, '"x"', "x"),
        ({"kind": '"number"'}, "3", "3"),
        ({"kind": '"number"'}, "3.50", "3.5"),
        ({"kind": '"number"'}, '"3,5"', "3.5"),
        ({"kind": '"date"', "min": '"today"'}, "2026-12-01", "2026-12-01"),
        ({"kind": '"date"'}, '"2026-12-01"', "2026-12-01"),
        ({}, '" Paris "', "Paris"),
        ({"kind": '"email"'}, '"rui@EXAMPLE.com"', "rui@example.com"),
        ({"kind": '"phone"'}, '"+1 416 555 0134"', "+1 416 555 0134"),
    ],
)
def test_conditions(first: dict[str, str], equals: str, kept: str) -> None:
    """A condition is kept as the answer it means would be."""
    form = parse_form("x", second(f'{{ field = "a", equals = {equals} }}', **first))
    assert form.fields[1].show_if == Condition("a", kept)


CHOICE = {"kind": '"choice"', "options": '["x", "y"]'}
CHOICES = {"kind": '"choices"', "options": '["x", "y", "z"]'}
NUMBER, DAY = {"kind": '"number"'}, {"kind": '"date"'}


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("title = ", 1, "It is not TOML: Invalid value."),
        ('title = "x"\n\ncolour', 3, "It is not TOML"),
        ("a = 1\nb = 01", 2, "It is not TOML: Expected newline or end of document after a statement (column 6)."),
        ("a = " + "[" * 20_000, None, "not TOML"),
        ("a = " + "1" * 5000, None, "not TOML"),
        ('title = "x"', None, "no fields"),
        ("field = []", 1, "no fields"),
        ("\nfield = 1", 2, "no fields"),
        ("field = [1]", 1, "no fields"),
        ("[field]\nname = 'a'", 1, "no fields"),
        ('colour = "x"\n' + one_field(), 1, "Unknown key: colour"),
        ("title = 1\n" + one_field(), 1, "title must be a text"),
        ("[[field]]\nlabel = 'A'", 1, "Field 1: name"),
        (one_field(name='"a b"'), 2, "Field 1: name"),
        (one_field(name='""'), 2, "Field 1: name"),
        (one_field(name=f'"{"a" * 41}"'), 2, "Field 1: name"),
        (one_field(name="1"), 2, "Field 1: name"),
        (one_field() + "\n" + one_field(), 5, "Field a: the name is used twice"),
        (one_field(label='" "'), 3, "Field a: label"),
        (one_field(label="1"), 3, "Field a: label"),
        (one_field(label='"\\u0007b"'), 3, "Field a: label contains a character"),
        ("[[field]]\nname = 'a'", 1, "Field a: label must be a text"),
        (one_field(kind='"number!"'), 4, "Field a: kind must be one of short, long,"),
        (one_field(kind="[]"), 4, "Field a: kind"),
        (one_field(required='"yes"'), 4, "Field a: required must be true or false"),
        (one_field(help="1"), 4, "Field a: help"),
        (one_field(placeholder='"x"'), 4, "unknown key placeholder"),
        (one_field(options='["x", "y"]'), 4, "options is only for choice and choices"),
        (one_field(kind='"choice"'), 4, "a choice needs 2 to 50 options"),
        (one_field(kind='"choices"', options='["x"]'), 5, "2 to 50 options"),
        (one_field(kind='"choice"', options='["x", "x "]'), 5, "two options are the same: x"),
        (one_field(kind='"choice"', options='[\n"x",\n"y",\n"x"]'), 8, "two options are the same"),
        (one_field(kind='"choice"', options='["x", 1]'), 5, "list of texts"),
        (one_field(kind='"choice"', options='["x",\n""]'), 6, "an option is empty"),
        (one_field(kind='"choice"', options=str([str(n) for n in range(MOST_OPTIONS + 1)])), 5, "2 to 50 options"),
        ("\n".join(one_field(name=f'"a{n}"') for n in range(MOST_FIELDS + 1)), 301, "101 fields"),
        ("\n".join(
            one_field(name=f'"a{n}"', kind='"choices"', options=str(list(map(str, range(50))))) for n in range(9)
        ), 45, f"Field a8: more than {MOST_TICKS} options to tick"),
        (one_field(min="1"), 4, "min is only for number and date"),
        (one_field(least="1"), 4, "least is only for choices"),
        (one_field(**NUMBER, most="1"), 5, "most is only for short, long and choices"),
        (one_field(**NUMBER, min='"1"'), 5, "min must be a number"),
        (one_field(**NUMBER, min="true"), 5, "min must be a number"),
        (one_field(**NUMBER, max="inf"), 5, "max must be a number"),
        (one_field(**NUMBER, max="nan"), 5, "max must be a number"),
        (one_field(**NUMBER, max="1e999999"), 5, "max must be a number"),
        (one_field(**NUMBER, max="1e-999999"), 5, "max must be a number"),
        (one_field(**NUMBER, max="0x" + "f" * 100_000), 5, "max must be a number"),
        (one_field(**NUMBER, min="3.5", max="3.49"), 6, "max (3.49) is less than min (3.5)"),
        (one_field(**DAY, min="1"), 5, "min must be a date like"),
        (one_field(**DAY, min='"30d"'), 5, "min must be a date like"),
        (one_field(**DAY, min='"2026-02-30"'), 5, "min must be a date like"),
        (one_field(**DAY, min="2026-12-01T10:00:00"), 5, "min must be a date like"),
        (one_field(**DAY, min='"2026-12-02"', max='"2026-12-01"'), 6, "max (2026-12-01) is less than min"),
        (one_field(**DAY, min='"+1d"', max='"today"'), 6, "max (today) is less than min (+1d)"),
        (one_field(most="0"), 4, "most must be a whole number from 1 to 1000"),
        (one_field(most="1001"), 4, "most must be a whole number from 1 to 1000"),
        (one_field(most="1.5"), 4, "most must be a whole number"),
        (one_field(most="true"), 4, "most must be a whole number"),
        (one_field(**CHOICES, least="4"), 6, "least is 4, but there are 3 options"),
        (one_field(**CHOICES, most="4"), 6, "most is 4, but there are 3 options"),
        (one_field(**CHOICES, least="3", most="2"), 7, "most (2) is less than least (3)"),
        (second('"a"'), 7, "Field b: show_if must be like"),
        (second('{ field = "a" }'), 7, "show_if must be like"),
        (second('{ field = "a", equals = "x", is = 1 }'), 7, "show_if must be like"),
        (second('{ field = "c", equals = "x" }'), 7, "show_if: there is no earlier field “c”"),
        (second('{ field = "b", equals = "x" }'), 7, "show_if: there is no earlier field “b”"),
        (second('{ field = [], equals = "x" }'), 7, "show_if: there is no earlier field that"),
        (second('{ field = "a", equals = "z" }', **CHOICE), 8 + 1, "a is never answered “z”. It can be: x, y."),
        (second('{ field = "a", equals = true }'), 7, "a is never answered that"),
        (second('{ field = "a", equals = "  " }'), 7, "a is never answered “  ”"),
        (second('{ field = "a", equals = [] }'), 7, "a is never answered that"),
        (second('{ field = "a", equals = 10:00:00 }'), 7, "a is never answered that"),
        (second('{ field = "a", equals = "abc" }', most="2"), 8, "a is never answered “abc”"),
        (second('{ field = "a", equals = 2 }', **NUMBER, min="3"), 9, "a is never answered that"),
        (second('{ field = "a", equals = "no" }', **NUMBER), 8, "a is never answered “no”"),
        (second('{ field = "a", equals = 2026-01-01 }', **DAY, min="2026-12-01"), 9, "a is never answered"),
    ],
)  # fmt: skip
def test_wrong_form(source: str, line: int | None, reason: str) -> None:
    """A form that is wrong is refused with the line, the field and the reason."""
    form, mistakes = read_form("intake", source)
    assert form is None
    assert len(mistakes) == 1, mistakes
    assert (mistakes[0].line, reason in mistakes[0].text) == (line, True), mistakes


def test_every_mistake_is_named() -> None:
    """All mistakes are named in the order of their lines, and none that only follows from another."""
    source = """titel = "x"
[[field]]
name = "a"
kind = "chioce"
options = ["x", "y"]
[[field]]
name = "b"
label = "B"
required = 1
min = 1
show_if = { field = "a", equals = "z" }
[[field]]
label = "C"
kind = "number"
min = 2
max = 1
"""
    _, mistakes = read_form("intake", source)
    assert [one.at("x.toml") for one in mistakes] == [
        "x.toml:1: Unknown key: titel. A form has title and [[field]].",
        "x.toml:2: Field a: label must be a text.",
        f"x.toml:4: Field a: kind must be one of {', '.join(KINDS)}.",
        "x.toml:9: Field b: required must be true or false.",
        "x.toml:10: Field b: min is only for number and date.",
        "x.toml:12: Field 3: name must be letters, digits and _ (at most 40).",
        "x.toml:16: Field 3: max (1) is less than min (2).",
    ]


def test_mistakes_are_not_consequences() -> None:
    """What hangs on a question that is wrong itself is not called wrong for that."""
    first = {"kind": '"choice"', "options": '["x"]'}
    _, mistakes = read_form("x", second('{ field = "a", equals = "x" }', **first))
    assert [mistake.line for mistake in mistakes] == [5]


def test_refusal_says_how_many() -> None:
    """A form is refused with its one mistake, or with their number; scripts read them all."""
    with pytest.raises(WrongForm) as one:
        parse_form("x", one_field(kind="1"))
    assert one.value.message.startswith("Field a: kind must be")
    assert (one.value.exit_code, one.value.code) == (2, "form")
    with pytest.raises(WrongForm) as two:
        parse_form("x", one_field(kind="1", required="1"))
    assert two.value.message == "The form has 2 mistakes."
    assert [each["line"] for each in two.value.details["mistakes"]] == [4, 5]
    assert json.dumps(two.value.as_json())


def test_mistake_without_a_line() -> None:
    """Where no line can be named, the file is."""
    assert Mistake("It has no fields.").at("x.toml") == "x.toml: It has no fields."


def test_sample_is_fine() -> None:
    """The sample form that comes with the program is one."""
    source = (folder() / "sample" / "family.toml").read_text(encoding="utf-8")
    form = parse_form("family", source)
    assert {field.kind for field in form.fields} >= {"choice", "choices", "phone", "yes_no", "short", "long"}


def test_documented_forms_are_fine() -> None:
    """Every form in docs/forms.md is one, and together they use every kind and every key."""
    text = (Path(__file__).parents[2] / "docs" / "forms.md").read_text(encoding="utf-8")
    sources = re.findall(r"^```toml\n(.*?)^```$", text, re.M | re.S)
    read = [read_form("doc", source) for source in sources]
    assert sources and [mistakes for _, mistakes in read if mistakes] == []
    fields = [field for form, _ in read if form for field in form.fields]
    assert {field.kind for field in fields} == set(KINDS)
    assert {key for field in fields for key, value in field.as_json().items() if value} == set(
        fields[0].as_json()
    )
    for key in (*fields[0].as_json(), *KINDS):
        assert f"`{key}`" in text


# ── whatever is sent ──────────────────────────────────────────────────────────────────────────────

JUNK = st.recursive(
    st.one_of(
        st.booleans().map(lambda value: str(value).lower()),
        st.integers().map(str),
        st.floats(allow_nan=True).map(str),
        st.text(max_size=8).map(json.dumps),
        st.sampled_from(["2026-12-01", "2026-12-01T10:00:00Z", "10:00:00", "1e999", "-inf", "0x1f", '"today"']),
        st.sampled_from([*KINDS, "a", "b", "yes", "+30d", "x"]).map(json.dumps),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        st.dictionaries(st.sampled_from(["field", "equals", "x"]), inner, max_size=3).map(
            lambda some: "{ " + ", ".join(f"{key} = {value}" for key, value in some.items()) + " }"
        ),
    ),
    max_leaves=4,
)  # fmt: skip
KEYS = st.sampled_from([
    "name", "label", "kind", "required", "help", "options", "show_if", "min", "max", "least", "most", "other",
])  # fmt: skip
TABLES = st.lists(st.dictionaries(KEYS, JUNK, max_size=8), max_size=4)


@settings(max_examples=400, deadline=None)
@given(TABLES)
@example([{"name": '"a"', "label": '"A"', "kind": '"number"', "max": "0x" + "f" * 5000}])
@example([{"name": '"a"', "label": '"A"'}, {"name": '"b"', "show_if": "{ field = [[]], equals = {} }"}])
def test_hostile_tables(tables: list[dict[str, str]]) -> None:
    """Whatever stands in a form, it is a form, or every mistake has a line and plain words."""
    lines = [
        "[[field]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items()) for table in tables
    ]
    check("".join(lines))


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text(alphabet="[]{}=,.\"'# \n\\fieldnam1"))
@example("\ud800")
@example("a = 9999-99-99")
@example('"\\ud800" = 1')
def test_hostile_text(source: str) -> None:
    """Whatever is given as a form, the answer is a form or mistakes in plain words."""
    check(source)


def check(source: str) -> None:
    """Check that a text is a form, or is refused in a way that can be shown."""
    form, mistakes = read_form("x", source)
    assert (form is None) == bool(mistakes)
    for mistake in mistakes:
        assert mistake.line is None or 1 <= mistake.line <= source.count("\n") + 1
        assert "\n" not in mistake.text and mistake.text.endswith(".")
    if form:
        assert Form.from_stored(form.stored()) == form
        tomllib.loads(source)
    else:
        with pytest.raises(WrongUsage):
            parse_form("x", source)
