"""Templates: what the owner's own texts can say, and what the shipped ones never do."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from studio_cli.booking.contract import VARIABLES
from studio_cli.language import choose
from studio_cli.model.colors import palette
from studio_cli.templates import Mistake, check_words, fill_in, folder, part, render

PAGES = sorted(path.relative_to(folder()).as_posix() for path in folder().rglob("*.html"))


def check(source: str) -> list[Mistake]:
    """Look for mistakes in a text that can say what a contract can."""
    return check_words(source, VARIABLES)


# ── what a text can say ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("plain { % } # text", "plain { % } # text"),
        ("Dear {{ client.name }},", "Dear Rui Costa,"),
        ("{{client.name}}{{ client.name }}{{- client.name -}}", "Rui CostaRui CostaRui Costa"),
        ("{% if session.location %}At {{ session.location }}.{% endif %}", "At High Park."),
        ("{% if not session.location %}a{% else %}b{% endif %}", "b"),
        ("{% if studio.phone and session.location or client.email %}a{% endif %}", "a"),
        ('{% if session.title == "Family session" %}a{% elif client.name %}b{% endif %}', "a"),
        ('{% if session.title != "Wedding" and "Park" in session.location %}a{% endif %}', "a"),
        ("{% if session.price %}\n- {{ session.price }}\n{% endif %}\nb", "- CA$250.00\nb"),
        ("a{# a note of the owner's #}b", "ab"),
        ("{% raw %}{{ this }}{% endraw %}", "{{ this }}"),
    ],
)
def test_what_can_be_said(source: str, text: str) -> None:
    """A text names what there is, and can make what it says depend on it."""
    assert check(source) == []
    assert fill_in(source, VARIABLES) == text


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a\nb {{ client.nmae }}", 2, "There is no client.nmae here. Did you mean “client.name”"),
        ("{{ clint.name }}", 1, "Did you mean “client.name”"),
        ("\n\n{{ xyzzy.plugh }}", 3, "There is no xyzzy.plugh here."),
        ("{{ name }}", 1, "There is no name here. There is studio, client, session."),
        ("{{ client }}", 1, "client alone says nothing: write for example client.name."),
        ("{% if session %}a{% endif %}", 1, "session alone says nothing"),
        ("{% if a.b %}\n{{ c.d }}\n{% endif %}", 1, "There is no a.b"),
        ("{{ client.name.upper }}", 1, "can stand in braces"),
        ("{{ client['name'] }}", 1, "can stand in braces"),
        ("{{ client.name[0] }}", 1, "can stand in braces"),
        ("{{ client.name() }}", 1, "can stand in braces"),
        ("{{ client.__class__ }}", 1, "There is no client.__class__"),
        ("{{ client.name.__class__.__mro__ }}", 1, "can stand in braces"),
        ("{{ client.name | upper }}", 1, "can stand in braces"),
        ("{{ client.name|safe }}", 1, "can stand in braces"),
        ("{{ 1 + 1 }}", 1, "can stand in braces"),
        ("{{ 'a' * 1000000000 }}", 1, "can stand in braces"),
        ("{{ 9 ** 9 ** 9 }}", 1, "can stand in braces"),
        ("{{ 1 }}", 1, "can stand in braces"),
        ("{{ 1e999 }}", 1, "can stand in braces"),
        ("{{ 'a' ~ client.name }}", 1, "can stand in braces"),
        ("{{ '\\ud800' }}", 1, "can stand in braces"),
        ("{{ client.name if client.email }}", 1, "can stand in braces"),
        ("{{ client.name, client.email }}", 1, "can stand in braces"),
        ("{{ [client.name] }}", 1, "can stand in braces"),
        ("{{ range(10) }}", 1, "can stand in braces"),
        ("{% if client.name is defined %}a{% endif %}", 1, "can stand in braces"),
        ("{% if session.price > 100 %}a{% endif %}", 1, "can stand in braces"),
        ("{% if 'a' in 3 %}a{% endif %}", 1, "can stand in braces"),
        ("{% if (not client.name) < client.name %}a{% endif %}", 1, "can stand in braces"),
        ("a\n{% for x in client.name %}x{% endfor %}", 2, "can stand in braces"),
        ("{% set x = client.name %}", 1, "can stand in braces"),
        ("{% include 'page/base.html' %}", 1, "can stand in braces"),
        ("{% extends 'page/base.html' %}", 1, "can stand in braces"),
        ("{% import 'page/parts.html' as x %}", 1, "can stand in braces"),
        ("{% macro a() %}{% endmacro %}", 1, "can stand in braces"),
        ("{% call a() %}{% endcall %}", 1, "can stand in braces"),
        ("{% filter upper %}a{% endfilter %}", 1, "can stand in braces"),
        ("{% with %}a{% endwith %}", 1, "can stand in braces"),
        ("{% block a %}{% endblock %}", 1, "can stand in braces"),
        ("{% autoescape true %}a{% endautoescape %}", 1, "can stand in braces"),
        ("{% trans %}a{% endtrans %}", 1, "There is no {% trans %} here."),
        ("{% do client.name %}", 1, "There is no {% do %} here."),
        ("{% frobnicate %}", 1, "There is no {% frobnicate %} here."),
        ("a\n{{ client.name", 2, "It ends in the middle: }} is missing."),
        ("{% if client.name %}a", 1, "It ends before {% if %} is closed: write {% endif %}."),
        ("{% endif %}", 1, "{% endif %} closes nothing."),
        ("{{ }}", 1, "Expected an expression"),
        ("{# a", 1, "Missing end of comment tag"),
        ("{{ client.name }", 1, "unexpected '}'"),
    ],
)
def test_what_cannot_be_said(source: str, line: int, words: str) -> None:
    """Everything else is a mistake: named, with its line, and with what was probably meant."""
    mistakes = check(source)
    assert mistakes[0].line == line
    assert words.casefold() in mistakes[0].message.casefold(), mistakes
    assert mistakes[0].message[-1] in ".?"


def test_every_mistake_is_told_once() -> None:
    """All mistakes of a text are told, each once, in the order of their lines."""
    source = "{{ a.b }} {{ a.b }}\n{{ client.name | upper }}\n\n{% if c %}{{ client.phone }}{% endif %}"
    assert [(one.line, one.message.split(".")[0]) for one in check(source)] == [
        (1, "There is no a"), (2, "Only {{ noun"), (4, "There is no c here"), (4, "There is no client"),
    ]  # fmt: skip
    assert Mistake(2, "x").as_json() == {"line": 2, "message": "x"}


DEEP = {
    "conditions": "{% if client.name %}" * 40 + "a" + "{% endif %}" * 40,
    "thousands of conditions": "{% if client.name %}" * 4000 + "a" + "{% endif %}" * 4000,
    "not": "{% if " + "not " * 40 + "client.name %}a{% endif %}",
    "thousands of not": "{% if " + "not " * 9000 + "client.name %}a{% endif %}",
    "and": "{% if " + "client.name and " * 40 + "client.name %}a{% endif %}",
    "thousands of and": "{% if " + "client.name and " * 6000 + "client.name %}a{% endif %}",
    "or": "{% if " + "client.name or " * 300 + "client.name %}a{% endif %}",
    "elif": "{% if client.name %}" + "{% elif client.name %}a" * 3000 + "{% endif %}",
    "brackets": "{{ " + "(" * 40_000 + "client.name" + ")" * 40_000 + " }}",
    "open brackets": "{{ " + "[" * 90_000,
    "braces": "{{" * 50_000,
    "tags": "{%" * 50_000,
    "comments": "{#" * 50_000,
    "digits": "{{ " + "9" * 90_000 + " }}",
    "digits in a condition": "{% if client.name == " + "9" * 5_000 + " %}a{% endif %}",
    "a long name": "{{ " + "a" * 90_000 + ".b }}",
    "a long chain": "{{ client" + ".name" * 15_000 + " }}",
    "unknown words": "".join(f"{{{{ client.nam{number} }}}}" for number in range(5000)),
    "power": "{{ 10 ** 10 ** 10 ** 10 }}",
    "strings": "{{ 'aaaaaaaaaa' * 10000000000 }}",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_deep_and_huge_texts_are_refused_quickly(source: str) -> None:
    """What is too deep or too much of anything is refused in plain words, within two seconds."""
    begun = time.process_time()
    mistakes = check(source)
    assert time.process_time() - begun < 2
    assert 0 < len(mistakes) <= 200
    assert max(len(mistake.message) for mistake in mistakes) < 300


@pytest.mark.parametrize(
    "source",
    [
        "{{ client.name }}" * 5_500,
        "{% if client.name %}a{% endif %}" * 3_000,
        "{% if client.name %}" * 15 + "{{ client.name }}" + "{% endif %}" * 15,
        "{% if client.name %}a" + "{% elif client.email %}b" * 15 + "{% endif %}",
        "{% if " + "not " * 15 + "client.name %}a{% else %}b{% endif %}",
        "{% if " + " == ".join(["client.name"] * 3000) + " %}a{% endif %}",
        "\n" * 90_000 + "{{ client.name }}",
        "{{" + " " * 90_000 + "client.name }}",
        "a" * 100_000,
    ],
    ids=["many", "many-conditions", "deep", "elif", "not", "compare", "lines", "spaces", "long"],
)
def test_large_texts_that_are_fine(source: str) -> None:
    """A text that is only long, or as deep as it may be, is filled in, well within two seconds."""
    assert check(source) == []
    begun = time.process_time()
    assert fill_in(source, VARIABLES)
    assert time.process_time() - begun < 2


WORD = st.sampled_from(
    [
        "client.name",
        "session.location",
        "client.nam",
        "client",
        "x",
        "'a'",
        '"b"',
        "1",
        "1e999",
        "true",
        "none",
        "[]",
    ]
)
JOIN = st.sampled_from(
    [
        " and ",
        " or ",
        " == ",
        " != ",
        " < ",
        " in ",
        " not in ",
        " ~ ",
        " + ",
        " if ",
        ".",
        ", ",
        " | ",
        " is ",
    ]
)
EXPRESSION = st.recursive(
    WORD,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not {one}"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, JOIN, inner).map("".join),
    ),
    max_leaves=12,
)
PART = st.recursive(
    st.one_of(
        EXPRESSION.map(lambda one: f"{{{{ {one} }}}}"),
        st.sampled_from(
            ["text", "\n", "*", "{{", "}}", "{%", "%}", "{# #}", "{#", "-", "%", "{% else %}", "{% endif %}"]
        ),
        st.text(max_size=5),
    ),
    lambda inner: st.tuples(EXPRESSION, st.lists(inner, max_size=3).map("".join)).map(
        lambda both: f"{{% if {both[0]} %}}{both[1]}{{% endif %}}"
    ),
    max_leaves=8,
)
EMPTY = {noun: dict.fromkeys(words, "") for noun, words in VARIABLES.items()}


@settings(max_examples=300, deadline=None)
@given(source=st.lists(PART, max_size=5).map("".join), data=st.sampled_from([VARIABLES, EMPTY]))
@example("{% if (not client.name) < client.name %}a{% endif %}", VARIABLES)
@example("{% if 1e999 %}a{% endif %}", VARIABLES)
@example("{% if client.name < 'a' < 'b' %}a{% endif %}", EMPTY)
@example("{% if client.name not in client.name %}{{ 'x' }}{% endif %}", EMPTY)
def test_what_passes_can_be_filled_in(source: str, data: Mapping[str, Mapping[str, str]]) -> None:
    """Any text is either refused in words, or filled in, within two seconds, whatever there is to fill in."""
    if mistakes := check(source):
        assert all(one.line >= 1 and one.message for one in mistakes)
        return
    begun = time.process_time()
    filled = fill_in(source, data)
    assert time.process_time() - begun < 2
    filled.encode("utf-8")


def test_what_is_not_there_is_no_empty_text() -> None:
    """A text that was not checked does not pass over what is missing in silence."""
    with pytest.raises(UndefinedError):
        fill_in("{{ client.nmae }}", VARIABLES)


# ── what is shipped ───────────────────────────────────────────────────────────────────────────────


def test_missing_data_is_an_error() -> None:
    """A shipped template that is given too little fails instead of showing a hole."""
    with pytest.raises(UndefinedError):
        render("receipt.txt", {})


@pytest.mark.parametrize("name", PAGES)
def test_pages_put_no_text_outside_the_catalogues(name: str) -> None:
    """Every word that a client reads on a page or in a mail goes through the catalogues."""
    source = (folder() / name).read_text(encoding="utf-8")
    source = re.sub(
        r"\{% set (\w+) %\}.*?\{% endset %\}|\{% block (?:button|body) %\}.*?\{% endblock %\}",
        "",
        source,
        flags=re.DOTALL,
    )
    without = re.sub(r"\{[{%#].*?[}%#]\}|<style>.*?</style>|<[^>]*>|&\w+;", " ", source, flags=re.DOTALL)
    assert re.findall(r"[^\W\d_]{3,}", without.replace("UTC", "").replace("SHA", "")) == []


def test_values_are_escaped_in_pages_and_not_in_texts() -> None:
    """What a person typed is escaped where it is HTML, with translations around it too, and plain where it is not."""
    data = {
        "changed": [{"label": "l", "before": "<i>", "now": "<b>&"}],
        "link": "l",
        "studio": palette("#7a3e9d"),
    }
    for language in (choose(("en",), "en"), choose(("de",), "en")):
        for macro, words in (("changes", ()), ("button", ("<u>",)), ("quote", ("<s>\n<u>",))):
            page = part("email/parts.html", macro, data, language, *words)
            assert not re.findall("<[biu]>", page) and "&lt;" in page
            text = part("email/parts.txt", macro, data, language, *words)
            assert re.findall("<[biu]>", text) and "&" not in text.replace("<b>&", "")
