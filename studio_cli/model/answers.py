"""What a client answers: read from what was posted, and held against the rules of each question.

What is wrong is said to the client, on the page: short, kind, and in words for the catalogues.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from whenever import Date

from studio_cli.errors import WrongUsage
from studio_cli.model.client import check_email
from studio_cli.model.form import Answer, Field, Form, Kind, day_of, is_relative
from studio_cli.model.text import clean
from studio_cli.model.words import N_

Posted = Mapping[str, str | Sequence[str]]
"""What came from the page by the name of the field: one text, or several for what is ticked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an answer: a text for the catalogues, and the values in it."""

    text: str
    values: Mapping[str, str | int | Date | Decimal] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values


class Wrong(Exception):
    """An answer that cannot be kept."""

    def __init__(self, text: str, **values: str | int | Date | Decimal) -> None:
        super().__init__(text)
        self.problem = Problem(text, values)


def check_answers(form: Form, posted: Posted, today: Date) -> tuple[list[Answer], dict[str, Problem]]:
    """Return the answers as they are kept, and what is wrong by field name. Nothing is to be kept if any is.

    A question that does not apply is not asked: what was posted for it is dropped. ``today`` is the day in the
    studio's zone, from which relative limits count.
    """
    answers: dict[str, Answer] = {}
    problems: dict[str, Problem] = {}
    for asked in form.fields:
        if applies(asked, answers):
            try:
                values = _answer(asked, _given(posted, asked.name), today)
            except Wrong as wrong:
                problems[asked.name] = wrong.problem
            else:
                if values:
                    answers[asked.name] = Answer(asked.name, asked.label, "\n".join(values), asked.kind)
    return list(answers.values()), problems


def applies(asked: Field, answers: Mapping[str, Answer]) -> bool:
    """Return whether a question is asked after these answers to the earlier ones."""
    if asked.show_if is None:
        return True
    earlier = answers.get(asked.show_if.field)
    return earlier is not None and asked.show_if.equals in earlier.values


def check_value(asked: Field, text: str, today: Date | None = None) -> str:
    """Return one answer as it is kept; of ``choices``, one tick. Without ``today`` limits that need it are not looked at."""
    value = _READ[asked.kind](asked, text)
    if asked.kind == "number":
        _check_number(asked, Decimal(value))
    if asked.kind == "date":
        _check_date(asked, Date.parse_iso(value), today)
    return value


def _given(posted: Posted, name: str) -> list[str]:
    given = posted.get(name, ())
    return [given] if isinstance(given, str) else list(given)


def _answer(asked: Field, given: Sequence[str], today: Date) -> tuple[str, ...]:
    """Return what is kept of what was given: nothing, one value (of several the last), or every tick."""
    several = asked.kind == "choices"
    typed = [text for text in (given if several else given[-1:]) if text.strip()]
    if not typed:
        if asked.required:
            raise _missing(asked)
        return ()
    if not several:
        return (check_value(asked, typed[0], today),)
    picked = {check_value(asked, text) for text in typed}
    _check_count(asked, len(picked))
    return tuple(option for option in asked.options if option in picked)


def _missing(asked: Field) -> Wrong:
    if asked.kind == "choices":
        return Wrong(N_("Please choose at least one."))
    return Wrong(N_("Please choose one.") if asked.choices else N_("Please fill this in."))


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def _text(asked: Field, text: str) -> str:
    try:
        return clean(text, "The answer", limit=asked.longest or 0, multiline=asked.kind == "long")
    except WrongUsage as wrong:
        raise Wrong(_UNKEPT[wrong.code], **wrong.details) from None


_UNKEPT = {
    "empty": N_("Please fill this in."),
    "too_long": N_("This has %(count)s characters; at most %(most)s are possible."),
    "control_character": N_(
        "This contains a character that cannot be kept (%(character)s). Please remove it."
    ),
}


def _picked(asked: Field, text: str) -> str:
    if text not in asked.choices:
        raise Wrong(N_("Please choose from these."))
    return text


# What phones put where a keyboard has . - and digits: Arabic and full-width decimal signs, the true minus.
_NUMBER_MARKS = str.maketrans({"٫": ".", "．": ".", ",": ".", "，": ".", "−": "-", "－": "-", "＋": "+"})
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]+))?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")


def _number(asked: Field, text: str) -> str:
    plain = "".join(map(_ascii_digit, _text(asked, text))).translate(_NUMBER_MARKS)
    if _THOUSANDS.fullmatch(plain):
        # 1,000 is a thousand to some and one to others: nobody's number is guessed.
        raise Wrong(N_("Please write the number without a separator for thousands."))
    value = normal_number(plain)
    if value is None:
        raise Wrong(N_("Please write a number, like 3 or 3.5."))
    return value


def normal_number(text: str) -> str | None:
    """Return a decimal number in its one spelling: ``3.5`` for ``+03.50``; None for what is none."""
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    whole, fraction = match[2].lstrip("0") or "0", (match[3] or "").rstrip("0")
    value = f"{whole}.{fraction}" if fraction else whole
    return f"-{value}" if match[1] == "-" and value != "0" else value


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(asked: Field, text: str) -> str:
    value = text.strip()
    if not is_day(value):
        raise Wrong(N_("Please write a date that exists, like 2026-12-04."))
    return value


def is_day(text: str) -> bool:
    """Return whether a text is a day that exists, as ``<input type="date">`` sends it: 2026-12-04."""
    try:
        return bool(_DAY.fullmatch(text)) and bool(Date.parse_iso(text))
    except ValueError:
        return False


def _email(asked: Field, text: str) -> str:
    try:
        return check_email(_text(asked, text))
    except WrongUsage:
        raise Wrong(N_("Please write a mail address, like name@example.com.")) from None


_PHONE = re.compile(r"([\d+().\-/ ]+?)(?: ?(?:ext\.?|x) ?\d{1,6})?", re.IGNORECASE)


def _phone(asked: Field, text: str) -> str:
    value = _text(asked, "".join(map(_phone_mark, text)))
    match = _PHONE.fullmatch(value)
    if match is None or not 5 <= sum(map(str.isdecimal, match[1])) <= 20:
        raise Wrong(N_("Please write a phone number, like +1 416 555 0134."))
    return value


def _phone_mark(character: str) -> str:
    """Return what is kept of a character: address books add invisible marks, wide spaces and other hyphens."""
    category = unicodedata.category(character)
    return "" if category == "Cf" else " " if category == "Zs" else "-" if category == "Pd" else character


_READ: dict[Kind, Callable[[Field, str], str]] = {
    "short": _text,
    "long": _text,
    "yes_no": _picked,
    "choice": _picked,
    "choices": _picked,
    "number": _number,
    "date": _date,
    "email": _email,
    "phone": _phone,
}


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


def _check_number(asked: Field, value: Decimal) -> None:
    low, high = (None if limit is None else Decimal(limit) for limit in (asked.min, asked.max))
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is not None and high is not None:
        raise Wrong(N_("Please write a number from %(min)s to %(max)s."), min=low, max=high)
    if low is not None:
        raise Wrong(N_("Please write a number that is %(min)s or more."), min=low)
    assert high is not None
    raise Wrong(N_("Please write a number that is %(max)s or less."), max=high)


def _check_date(asked: Field, value: Date, today: Date | None) -> None:
    low, high = limit_on(asked.min, today), limit_on(asked.max, today)
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is not None and high is not None:
        raise Wrong(N_("Please choose a day from %(min)s to %(max)s."), min=low, max=high)
    if low is not None:
        raise Wrong(N_("Please choose %(min)s or a later day."), min=low)
    assert high is not None
    raise Wrong(N_("Please choose %(max)s or an earlier day."), max=high)


def limit_on(limit: str | None, today: Date | None) -> Date | None:
    """Return the day that a limit means for an answer given ``today``, if there is one that can be known."""
    if limit is None or (today is None and is_relative(limit)):
        return None
    return day_of(limit, today or Date.MIN)


def _check_count(asked: Field, ticks: int) -> None:
    if asked.least is not None and ticks < asked.least:
        raise Wrong(N_("Please choose at least %(least)s."), least=asked.least)
    if asked.most is not None and ticks > asked.most:
        raise Wrong(N_("Please choose at most %(most)s."), most=asked.most)
