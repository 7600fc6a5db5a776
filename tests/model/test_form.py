"""Questionnaires: how an owner writes one, and what a client may answer."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.form import MOST_FIELDS, MOST_OPTIONS, Answer, Field, Form, check_answers, parse_form

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
[[field]]
name = "outdoors"
label = "Outdoors?"
kind = "yes_no"
[[field]]
name = "style"
label = "Style"
kind = "choice"
options = ["Candid", "Posed"]
"""


def one_field(**lines: str) -> str:
    """Return the TOML of a form with one field."""
    values = {"name": '"a"', "label": '"A"', **lines}
    return "[[field]]\n" + "\n".join(f"{key} = {value}" for key, value in values.items())


def test_whole_form() -> None:
    """Every kind of field is read, with what was left out at its default."""
    form = parse_form("intake", WHOLE)
    assert form == Form(
        "intake",
        "Before your session",
        (
            Field("people", "How many?", "short", required=True, help="Children count too."),
            Field("notes", "Anything else?", "long"),
            Field("outdoors", "Outdoors?", "yes_no"),
            Field("style", "Style", "choice", options=("Candid", "Posed")),
        ),
    )
    assert [field.choices for field in form.fields] == [(), (), ("yes", "no"), ("Candid", "Posed")]


def test_stored_form_comes_back() -> None:
    """A form is the same after it was kept."""
    form = parse_form("intake", WHOLE)
    assert Form.from_stored(form.stored()) == form


@pytest.mark.parametrize("title", ["", 'title = ""\n', 'title = "  "\n'])
def test_form_without_title_has_its_name(title: str) -> None:
    """A form without a title of its own is called by its name."""
    assert parse_form("intake", title + one_field()).title == "intake"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("title = ", "not TOML"),
        ("a = " + "[" * 20_000, "not TOML"),
        ("a = " + "1" * 5000, "not TOML"),
        ('title = "x"', "no fields"),
        ("field = []", "no fields"),
        ("field = 1", "no fields"),
        ("field = [1]", "no fields"),
        ('colour = "x"\n' + one_field(), "Unknown key: colour"),
        ("title = 1\n" + one_field(), "title must be a text"),
        ("[[field]]\nlabel = 'A'", "Field 1: name"),
        (one_field(name='"a b"'), "Field 1: name"),
        (one_field(name='""'), "Field 1: name"),
        (one_field(name=f'"{"a" * 41}"'), "Field 1: name"),
        (one_field(name="1"), "Field 1: name"),
        (one_field() + "\n" + one_field(), "used twice"),
        (one_field(label='" "'), "Field a: label"),
        (one_field(label="1"), "Field a: label"),
        (one_field(label='"\\u0007b"'), "Field a: label"),
        (one_field(kind='"number!"'), "Field a: kind"),
        (one_field(kind="[]"), "Field a: kind"),
        (one_field(required='"yes"'), "Field a: required"),
        (one_field(help="1"), "Field a: help"),
        (one_field(placeholder='"x"'), "unknown key placeholder"),
        (one_field(options='["x", "y"]'), "only a choice has options"),
        (one_field(kind='"choice"'), "2 to 50 options"),
        (one_field(kind='"choice"', options='["x"]'), "2 to 50 options"),
        (one_field(kind='"choice"', options='["x", "x "]'), "two options are the same"),
        (one_field(kind='"choice"', options='["x", 1]'), "list of texts"),
        (one_field(kind='"choice"', options='["x", ""]'), "empty"),
        (
            one_field(kind='"choice"', options=str([str(n) for n in range(MOST_OPTIONS + 1)])),
            "2 to 50 options",
        ),
        ("\n".join(one_field(name=f'"a{n}"') for n in range(MOST_FIELDS + 1)), "101 fields"),
    ],
)
def test_wrong_form(source: str, reason: str) -> None:
    """A form that is wrong is refused with the field and the reason."""
    with pytest.raises(WrongUsage) as wrong:
        parse_form("intake", source)
    assert reason in wrong.value.message
    assert wrong.value.exit_code == 2


FORM = parse_form("intake", WHOLE)


def test_answers_are_stored_with_their_questions() -> None:
    """Answers come in the order of the questions, with the words and the kind that were asked; empty ones are left out."""
    answers, problems = check_answers(FORM, {"style": "Posed", "people": " 4 ", "notes": "a\r\nb"})
    assert problems == {}
    assert answers == [
        Answer("people", "How many?", "4"),
        Answer("notes", "Anything else?", "a\nb", "long"),
        Answer("style", "Style", "Posed", "choice"),
    ]


@pytest.mark.parametrize(
    ("posted", "wrong"),
    [
        ({}, {"people"}),
        ({"people": "  "}, {"people"}),
        ({"people": "4", "style": "Other"}, {"style"}),
        ({"people": "4", "style": "posed"}, {"style"}),
        ({"people": "4", "outdoors": "maybe"}, {"outdoors"}),
        ({"people": "4\n5"}, {"people"}),
        ({"people": "a" * 1001}, {"people"}),
        ({"people": "4", "notes": "a" * 20_001}, {"notes"}),
        ({"people": "\x00", "notes": "\x1b"}, {"people", "notes"}),
    ],
)
def test_wrong_answers_are_named(posted: dict[str, str], wrong: set[str]) -> None:
    """Every answer that cannot be kept is named, so that the page can say it beside its field."""
    _, problems = check_answers(FORM, posted)
    assert set(problems) == wrong
    assert all(problems.values())


def test_unasked_answers_are_not_kept() -> None:
    """What was posted under a name that the form does not ask is not an answer."""
    answers, problems = check_answers(FORM, {"people": "4", "admin": "1"})
    assert [answer.name for answer in answers] == ["people"]
    assert problems == {}


def test_required_choice() -> None:
    """A required choice that is not made is asked for in words that fit a choice."""
    form = parse_form("a", one_field(kind='"yes_no"', required="true"))
    assert check_answers(form, {}) == ([], {"a": "Please choose one."})
    assert check_answers(form, {"a": "no"})[0] == [Answer("a", "A", "no", "yes_no")]


LONG_FORM = parse_form("a", one_field(kind='"long"'))


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=100)
    | st.sampled_from(["0123456789" * 1000, "🧘🏽‍♀️" * 1000, "שלום\u200f עולם", "e\u0301\n\u0915\u094d\u0937"])
)
def test_accepted_answer_comes_back_exactly(text: str) -> None:
    """An answer that is accepted is kept whole: in NFC, without outer white space, with LF for CRLF."""
    answers, problems = check_answers(LONG_FORM, {"a": text})
    expected = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if problems:
        assert answers == []
        assert any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in expected)
    else:
        assert [answer.value for answer in answers] == ([expected] if expected else [])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=10), min_size=2, max_size=5))
def test_every_option_can_be_chosen(options: list[str]) -> None:
    """Each option of a form that is accepted can be picked and comes back as the form has it."""
    listed = (
        "["
        + ", ".join('"' + "".join(f"\\U{ord(mark):08x}" for mark in option) + '"' for option in options)
        + "]"
    )
    try:
        form = parse_form("a", one_field(kind='"choice"', options=listed))
    except WrongUsage:
        return
    for option in form.fields[0].choices:
        assert check_answers(form, {"a": option}) == ([Answer("a", "A", option, "choice")], {})
