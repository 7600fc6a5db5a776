"""What a client may answer: each kind, each limit, and what is said when an answer cannot be kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whenever import Date

from studio_cli.model import answers as rules
from studio_cli.model.answers import Problem, check_answers
from studio_cli.model.form import Answer, Condition, Field, Form
from studio_cli.model.text import LONG
from tests.model.forms import forms

TODAY = Date(2026, 11, 20)
PLACES = ("Park", "Studio", "Home")
FORM = Form(
    "intake",
    "Before your session",
    (
        Field("people", "How many?", required=True),
        Field("notes", "Anything else?", "long"),
        Field("outdoors", "Outdoors?", "yes_no"),
        Field("style", "Style", "choice", options=("Candid", "Posed")),
        Field("places", "Where?", "choices", options=PLACES),
    ),
)


def one(kind: Any, **rules: Any) -> Form:
    """Return a form with one field, a."""
    return Form("x", "X", (Field("a", "A", kind, **rules),))


def said(form: Form, *posted: str) -> str:
    """Return what is kept of the posted answers to a, or what is wrong with them."""
    answers, problems = check_answers(form, {"a": posted}, TODAY)
    assert not (answers and problems)
    return str(problems["a"]) if problems else answers[0].value if answers else ""


# ── the whole form ────────────────────────────────────────────────────────────────────────────────


def test_answers_are_kept_with_their_questions() -> None:
    """Answers come in the order of the questions, with the words that were asked; empty ones are left out."""
    posted = {"style": ["Posed"], "people": [" 4 "], "notes": ["a\r\nb"], "places": ["Home", "Park"]}
    answers, problems = check_answers(FORM, posted, TODAY)
    assert problems == {}
    assert answers == [
        Answer("people", "How many?", "4"),
        Answer("notes", "Anything else?", "a\nb", "long"),
        Answer("style", "Style", "Posed", "choice"),
        Answer("places", "Where?", "Park\nHome", "choices"),
    ]


@pytest.mark.parametrize(
    ("posted", "wrong"),
    [
        ({}, {"people"}),
        ({"people": [" "]}, {"people"}),
        ({"people": ["4", ""]}, {"people"}),
        ({"people": ["4"], "style": ["Other"]}, {"style"}),
        ({"people": ["4"], "style": ["posed"]}, {"style"}),
        ({"people": ["4"], "outdoors": ["maybe"]}, {"outdoors"}),
        ({"people": ["4"], "places": ["Park", "Moon"]}, {"places"}),
        ({"people": ["4\n5"]}, {"people"}),
        ({"people": ["a" * 1001]}, {"people"}),
        ({"people": ["4"], "notes": ["a" * (LONG + 1)]}, {"notes"}),
        ({"people": ["\x00"], "notes": ["\x1b"]}, {"people", "notes"}),
    ],
)
def test_wrong_answers_are_named(posted: dict[str, list[str]], wrong: set[str]) -> None:
    """Every answer that cannot be kept is named, so that the page can say it beside its field."""
    _, problems = check_answers(FORM, posted, TODAY)
    assert set(problems) == wrong
    assert all(map(str, problems.values()))


def test_unasked_answers_are_not_kept() -> None:
    """What was posted under a name that the form does not ask is not an answer."""
    answers, problems = check_answers(FORM, {"people": ["4"], "admin": ["1"]}, TODAY)
    assert [answer.name for answer in answers] == ["people"]
    assert problems == {}


def test_one_text_is_one_answer() -> None:
    """A text in place of a list is that one answer, not its letters."""
    answers, _ = check_answers(FORM, {"people": "45", "places": "Park"}, TODAY)
    assert [answer.value for answer in answers] == ["45", "Park"]


def test_last_of_several_counts() -> None:
    """Of a question with one answer, what was posted last counts."""
    assert said(one("short"), "first", "last") == "last"
    assert said(one("choice", options=("x", "y")), "x", "y") == "y"


# ── kinds and limits ──────────────────────────────────────────────────────────────────────────────

NUMBER, THOUSANDS = (
    "Please write a number, like 3 or 3.5.",
    "Please write the number without a separator for thousands.",
)
DATE = "Please write a date that exists, like 2026-12-04."
EMAIL = "Please write a mail address, like name@example.com."
PHONE = "Please write a phone number, like +1 416 555 0134."


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("number", "3", "3"), ("number", " 3.5 ", "3.5"), ("number", "3,5", "3.5"), ("number", "+03,50", "3.5"),
        ("number", "-0", "0"), ("number", "-0.0", "0"), ("number", "-2", "-2"), ("number", "−2", "-2"),
        ("number", ".5", "0.5"), ("number", ",5", "0.5"), ("number", "٣٫٥", "3.5"), ("number", "१२", "12"),
        ("number", "３．５", "3.5"), ("number", "0.125", "0.125"), ("number", "0,125", "0.125"), ("number", "1000", "1000"),
        ("number", "1000.125", "1000.125"), ("number", "1,50", "1.5"), ("number", "9" * 30, "9" * 30),
        ("number", "1,000", THOUSANDS), ("number", "1.000", THOUSANDS), ("number", "-12,500", THOUSANDS),
        ("number", "1,000,000", NUMBER), ("number", "1 000", NUMBER), ("number", "1e3", NUMBER),
        ("number", "1_000", NUMBER), ("number", "3.", NUMBER), ("number", ".", NUMBER), ("number", "+", NUMBER),
        ("number", "three", NUMBER), ("number", "½", NUMBER), ("number", "3²", NUMBER), ("number", "Ⅷ", NUMBER),
        ("number", "--3", NUMBER), ("number", "inf", NUMBER), ("number", "nan", NUMBER), ("number", "3\u200b", NUMBER),
        ("number", "9" * 31, "This has 31 characters; at most 30 are possible."),
        ("date", "2026-12-04", "2026-12-04"), ("date", " 1931-02-28 ", "1931-02-28"),
        ("date", "2026-02-30", DATE), ("date", "04.12.2026", DATE), ("date", "20261204", DATE),
        ("date", "2026-W49-5", DATE), ("date", "٢٠٢٦-١٢-٠٤", DATE), ("date", "0000-01-01", DATE),
        ("date", "2026-12-04T10:00", DATE), ("date", "12026-12-04", DATE),
        ("email", " rui@EXAMPLE.com", "rui@example.com"), ("email", "rui@exämple.com", "rui@exämple.com"),
        ("email", "rui@xn--exmple-cua.com", "rui@exämple.com"), ("email", "rui", EMAIL), ("email", "a@b@c.de", EMAIL),
        ("email", "rui@example", EMAIL), ("email", "=?x?=@example.com", EMAIL), ("email", "Rui <rui@example.com>", EMAIL),
        ("phone", "+1 (416) 555-0134", "+1 (416) 555-0134"), ("phone", "0041 44 / 123.45.67", "0041 44 / 123.45.67"),
        ("phone", "416 555 0134 ext. 12", "416 555 0134 ext. 12"), ("phone", "416 555 0134x12", "416 555 0134x12"),
        ("phone", "416 555 0134 EXT 12", "416 555 0134 EXT 12"), ("phone", "12345", "12345"),
        ("phone", "\u202a+1\u00a0416\u2011555\u20130134\u202c", "+1 416-555-0134"), ("phone", "٠١٢٣٤٥", "٠١٢٣٤٥"),
        ("phone", "1234", PHONE), ("phone", "1" * 21, PHONE), ("phone", "x12345", PHONE), ("phone", "call me", PHONE),
        ("phone", "416 555 0134 # 2", PHONE), ("phone", "416 555 0134 x1234567", PHONE), ("phone", "++++", PHONE),
        ("phone", "\u200e", "Please fill this in."),
        ("phone", "1 " * 21, "This has 41 characters; at most 40 are possible."),
        ("short", "a\tb", "This contains a character that cannot be kept (U+0009). Please remove it."),
        ("short", "100 % & %s", "100 % & %s"),
    ],
)  # fmt: skip
def test_kinds(kind: str, typed: str, kept: str) -> None:
    """Each kind takes what people type on their phones, keeps it in one spelling, and refuses what it cannot be."""
    assert said(one(kind), typed) == kept


@pytest.mark.parametrize(
    ("form", "posted", "kept"),
    [
        (one("number", min="1", max="3"), "0", "Please write a number from 1 to 3."),
        (one("number", min="1", max="3"), "3.0", "3"),
        (one("number", min="0.5"), "0.49", "Please write a number that is 0.5 or more."),
        (one("number", max="-1"), "-0.9", "Please write a number that is -1 or less."),
        (one("number", max="0.3"), "0.30000000000000000000000001", "Please write a number that is 0.3 or less."),
        (one("date", min="today"), "2026-11-20", "2026-11-20"),
        (one("date", min="today"), "2026-11-19", "Please choose 2026-11-20 or a later day."),
        (one("date", max="+30d"), "2026-12-21", "Please choose 2026-12-20 or an earlier day."),
        (one("date", min="-1d", max="+1d"), "2026-11-22", "Please choose a day from 2026-11-19 to 2026-11-21."),
        (one("date", min="2026-12-01"), "2026-12-01", "2026-12-01"),
        (one("short", most=3), "abcd", "This has 4 characters; at most 3 are possible."),
        (one("short", most=3), " 👩🎉🎈 ", "👩🎉🎈"),
        (one("long", most=3), "a\r\nb", "a\nb"),
        (one("short", required=True), "", "Please fill this in."),
        (one("yes_no", required=True), "", "Please choose one."),
        (one("yes_no", required=True), "no", "no"),
        (one("choices", options=PLACES, required=True), "", "Please choose at least one."),
        (one("choices", options=PLACES, required=True), "Moon", "Please choose from these."),
        (one("choices", options=PLACES, least=2), "", ""),
        (one("choices", options=PLACES, least=2), "Park", "Please choose at least 2."),
        (one("choices", options=PLACES, least=2), ("Park", "Park"), "Please choose at least 2."),
        (one("choices", options=PLACES, most=2), ("Park", "Studio", "Home"), "Please choose at most 2."),
        (one("choices", options=PLACES, most=2), ("Home", "", "Park", "Home"), "Park\nHome"),
    ],
)  # fmt: skip
def test_limits(form: Form, posted: str | tuple[str, ...], kept: str) -> None:
    """An answer outside its limits is refused with the limit; nothing ticked is no answer, whatever the least is."""
    assert said(form, *([posted] if isinstance(posted, str) else posted)) == kept


def test_day_of_the_answer_counts() -> None:
    """A limit that is counted from the day of the answer moves with it."""
    form = one("date", min="today", max="+7d")
    for day, fine in ((Date(2026, 11, 20), True), (Date(2026, 11, 28), False), (Date(2026, 11, 12), False)):
        assert (check_answers(form, {"a": ["2026-11-20"]}, day)[1] == {}) == fine


def test_problem_in_another_language() -> None:
    """What is wrong is a text that can be translated, and its values."""
    _, problems = check_answers(one("choices", options=PLACES, most=1), {"a": ["Park", "Home"]}, TODAY)
    assert problems == {"a": Problem("Please choose at most %(most)s.", {"most": 1})}


def test_every_text_is_marked() -> None:
    """Each text that a client may read is marked for the catalogues, with its placeholders by name."""
    source = __import__("inspect").getsource(rules)
    texts = re.findall(r'"((?:Please|This)[^"]*\.)"', source)
    assert len(texts) >= 18
    assert len(texts) == len(re.findall(r'N_\(\s*"', source))
    assert all(re.fullmatch(r"(?:[^%]|%\([a-z]+\)s)*", text) for text in texts)


# ── conditions ────────────────────────────────────────────────────────────────────────────────────


def dependent(kind: str = "yes_no", equals: str = "yes", **rules: Any) -> Form:
    """Return a form whose second question, b, is required if the first, a, was answered so."""
    condition = Condition("a", equals)
    return Form("x", "X", (Field("a", "A", kind, **rules), Field("b", "B", required=True, show_if=condition)))


@pytest.mark.parametrize(
    ("form", "posted", "names", "wrong"),
    [
        (dependent(), {"a": ["yes"]}, ["a"], {"b"}),
        (dependent(), {"a": ["yes"], "b": ["x"]}, ["a", "b"], set()),
        (dependent(), {"a": ["no"]}, ["a"], set()),
        (dependent(), {"a": ["no"], "b": ["dropped"]}, ["a"], set()),
        (dependent(), {"b": ["dropped"]}, [], set()),
        (dependent(), {"a": ["maybe"], "b": ["x" * 2000]}, [], {"a"}),
        (dependent("choices", "Home", options=PLACES), {"a": ["Park", "Home"]}, ["a"], {"b"}),
        (dependent("choices", "Home", options=PLACES), {"a": ["Park"]}, ["a"], set()),
        (dependent("number", "3.5"), {"a": ["3,50"]}, ["a"], {"b"}),
        (dependent("number", "3.5"), {"a": ["3"]}, ["a"], set()),
    ],
)
def test_conditions(form: Form, posted: dict[str, list[str]], names: list[str], wrong: set[str]) -> None:
    """A question that does not apply is not required, and what was posted for it is dropped."""
    answers, problems = check_answers(form, posted, TODAY)
    assert ([answer.name for answer in answers], set(problems)) == (names, wrong)


def test_conditions_on_what_was_not_asked() -> None:
    """What depends on a question that does not apply does not apply either, whatever is posted."""
    form = Form(
        "x",
        "X",
        (
            Field("a", "A", "yes_no"),
            Field("b", "B", "yes_no", show_if=Condition("a", "yes")),
            Field("c", "C", required=True, show_if=Condition("b", "yes")),
        ),
    )
    answers, problems = check_answers(form, {"a": ["no"], "b": ["yes"], "c": ["x"]}, TODAY)
    assert ([answer.name for answer in answers], problems) == (["a"], {})


# ── any form, any answers ─────────────────────────────────────────────────────────────────────────
# The rules once more, written to be slow and plain: what is kept of a text, or None if it cannot be kept.


def kept_text(field: Field, text: str, most: int) -> str | None:
    value = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    allowed = {"\n", "\t"} if field.kind == "long" else set()
    fine = all(one in allowed or unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"} for one in value)
    return value if value and fine and len(value) <= most else None


def kept_number(field: Field, text: str) -> str | None:
    value = kept_text(field, text, 30)
    if value is None:
        return None
    digits = "".join(
        str(unicodedata.digit(one)) if unicodedata.category(one) == "Nd" else one for one in value
    )
    for mark, plain in (
        ("٫", "."),
        ("．", "."),
        (",", "."),
        ("，", "."),
        ("−", "-"),
        ("－", "-"),
        ("＋", "+"),
    ):
        digits = digits.replace(mark, plain)
    sign, rest = ("-", digits[1:]) if digits[:1] == "-" else ("", digits.removeprefix("+"))
    whole, point, fraction = rest.partition(".")
    if not (whole + fraction).isascii() or not (whole + fraction).isdigit() or (point and not fraction):
        return None
    if point and len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0":
        return None
    number = Fraction(int(whole or "0")) + Fraction(int(fraction or "0"), 10 ** len(fraction))
    number = -number if sign else number
    if (field.min and number < Fraction(field.min)) or (field.max and number > Fraction(field.max)):
        return None
    short = str(int(whole or "0")) + (f".{fraction.rstrip('0')}" if fraction.rstrip("0") else "")
    return ("-" if number < 0 else "") + short


def kept_date(field: Field, text: str) -> str | None:
    value = text.strip()
    days = {Date(2026, 11, 20).add(days=number).format_iso(): number for number in range(-1000, 1001)}
    try:
        known = Date.parse_iso(value).format_iso() == value
    except ValueError:
        return None
    for limit, sign in ((field.min, 1), (field.max, -1)):
        if limit and (limit == "today" or limit[0] in "+-"):
            number = 0 if limit == "today" else int(limit[:-1])
            limit = next(day for day, index in days.items() if index == number)
        if limit and (value > limit) - (value < limit) == -sign:
            return None
    return value if known else None


def kept_email(field: Field, text: str) -> str | None:
    value = kept_text(field, text, 320)
    try:
        if value is None or "=?" in value:
            return None
        return str(validate_email(value, check_deliverability=False, test_environment=True).normalized)
    except EmailNotValidError:
        return None


def kept_phone(field: Field, text: str) -> str | None:
    plain = "".join({"Cf": "", "Zs": " ", "Pd": "-"}.get(unicodedata.category(one), one) for one in text)
    value = kept_text(field, plain, 40)
    if value is None:
        return None
    main = value
    for mark in ("ext.", "ext", "x"):
        head, found, tail = value.lower().rpartition(mark)
        if (
            found
            and tail.strip().isdecimal()
            and len(tail) - len(tail.lstrip(" ")) <= 1
            and len(tail.strip()) <= 6
        ):
            main = value[: len(head)]
            break
    fine = all(one.isdecimal() or one in "+-(). /" for one in main)
    return value if fine and 5 <= sum(one.isdecimal() for one in main) <= 20 else None


def kept_pick(field: Field, text: str) -> str | None:
    return text if text in (("yes", "no") if field.kind == "yes_no" else field.options) else None


KEPT: dict[str, Callable[[Field, str], str | None]] = {
    "short": lambda field, text: kept_text(field, text, field.most or 1000),
    "long": lambda field, text: kept_text(field, text, field.most or 20_000),
    "yes_no": kept_pick,
    "choice": kept_pick,
    "choices": kept_pick,
    "number": kept_number,
    "date": kept_date,
    "email": kept_email,
    "phone": kept_phone,
}


def slowly(form: Form, posted: Mapping[str, Sequence[str]]) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """Return the answers that should be kept, by name, and the names of the wrong ones."""
    kept: dict[str, tuple[str, ...]] = {}
    wrong: set[str] = set()
    for field in form.fields:
        if field.show_if and field.show_if.equals not in kept.get(field.show_if.field, ()):
            continue
        given = list(posted.get(field.name, ()))
        if field.kind != "choices":
            given = given[-1:]
        values = [KEPT[field.kind](field, text) for text in given if text.strip()]
        ticks = len(set(values))
        counted = field.kind != "choices" or (field.least or 0) <= ticks <= (field.most or 50)
        if None in values or (values and not counted) or (field.required and not values):
            wrong.add(field.name)
        elif field.kind == "choices" and values:
            kept[field.name] = tuple(option for option in field.options if option in values)
        elif values:
            kept[field.name] = (str(values[0]),)
    return kept, wrong


TYPED = st.one_of(
    st.text(max_size=10),
    st.sampled_from(["yes", "no", "", " ", "x" * 1001, "y" * 20_001, "a\r\nb", "\x00", "e\u0301", "\ud800"]),
    st.from_regex(r"\A[+−-]?[0-9٣]{0,4}[.,٫]?[0-9]{0,4}\Z"),
    st.dates().map(str),
    st.integers(-500, 500).map(lambda number: str(TODAY.add(days=number))),
    st.from_regex(r"\A[a-z]{1,5}@(exam|exä)ple\.(com|COM|test)\Z"),
    st.from_regex(r"\A\+?[0-9 ()./\u2011\u00a0-]{3,24}( ?(ext\.?|x) ?[0-9]{1,7})?\Z"),
)


@st.composite
def posts(draw: st.DrawFn, form: Form) -> dict[str, list[str]]:
    """Draw what is posted for a form: mostly what it may be."""
    posted = {}
    for field in form.fields:
        texts = st.one_of(TYPED, st.sampled_from(field.choices)) if field.choices else TYPED
        if field.choices and draw(st.booleans()):
            texts = st.sampled_from(field.choices)
        if draw(st.integers(0, 4)):
            posted[field.name] = draw(st.lists(texts, min_size=1, max_size=4))
    return posted


@settings(max_examples=500, deadline=None)
@given(forms().flatmap(lambda form: st.tuples(st.just(form), posts(form))))
def test_kept_if_and_only_if_every_rule_holds(drawn: tuple[Form, dict[str, list[str]]]) -> None:
    """For any form and any answers: each is kept exactly as it should be, or named as wrong, by the plain rules."""
    form, posted = drawn
    answers, problems = check_answers(form, posted, TODAY)
    expected, wrong = slowly(form, posted)
    assert {answer.name: answer.values for answer in answers} == expected
    assert set(problems) == wrong
    assert all(isinstance(str(problem), str) for problem in problems.values())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["number", "date", "email", "phone", "short"]), TYPED | st.text())
@example("phone", "416 555 0134 x 12 x 12")
@example("phone", "5555555ext")
@example("number", "१٢3")
def test_kinds_take_what_they_should(kind: str, text: str) -> None:
    """For any text each kind keeps what the plain rules keep."""
    field = Field("a", "A", kind)  # type: ignore[arg-type]
    answers, problems = check_answers(Form("x", "X", (field,)), {"a": [text]}, TODAY)
    expected = KEPT[kind](field, text) if text.strip() else None
    assert [answer.value for answer in answers] == ([] if expected is None else [expected])
    assert bool(problems) == (expected is None and bool(text.strip()))


@settings(max_examples=200, deadline=None)
@given(forms().flatmap(lambda form: st.tuples(st.just(form), posts(form))))
def test_kept_answers_are_taken_again(drawn: tuple[Form, dict[str, list[str]]]) -> None:
    """What was kept, posted again as the page shows it, is kept as it is."""
    form, posted = drawn
    answers, _ = check_answers(form, posted, TODAY)
    again, problems = check_answers(form, {answer.name: answer.values for answer in answers}, TODAY)
    kept = {answer.name for answer in answers}
    assert [answer for answer in again if answer.name in kept] == answers
    assert not set(problems) & kept
