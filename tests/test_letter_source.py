"""The text of a mail's template: the plain words an owner starts from, and the mistakes found in theirs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.booking import sample
from studio_cli.language import LANGUAGES, Language
from studio_cli.letter_source import mistakes_in, plain_source
from studio_cli.letters import source_of, write
from studio_cli.model.message import KINDS
from studio_cli.model.settings import Settings
from tests.conftest import NOW

STUDIO = Settings(
    {
        "studio.name": "Ana Silva Photography",
        "studio.email": "ana@example.com",
        "studio.phone": "+1 416 555 0111",
        "studio.timezone": "America/Toronto",
        "studio.currency": "CAD",
        "payment.instructions": "E-transfer to ana@example.com",
        "mail.signature": "Ana\nStudio 4, High Park",
    }
)
HOSTILE = "1. *Rui* _x_ [a](b) <b>&amp; `c` # | \\ ~{{ 7 * 7 }}"


def changed(data: dict[str, Any]) -> dict[str, Any]:
    """Return data in which every name is one that Markdown and Jinja would read as more than words."""
    named = {noun: {**data[noun], "name": HOSTILE} for noun in ("studio", "client")}
    return {**data, **named, "session": {**data["session"], "title": HOSTILE, "deadline": HOSTILE}}


# ── plain words ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_copy_makes_the_same_mails(code: str) -> None:
    """In every language, the copy that an owner starts from makes the very mails of the shipped template."""
    language = Language(code, code)
    for kind in KINDS:
        copy = plain_source(kind, language)
        for data in sample.trials(STUDIO, NOW, kind, language):
            assert write(copy, data, language) == write(source_of(kind), data, language), kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_copy_with_hostile_names(kind: str) -> None:
    """Names that look like Markdown or like Jinja mean themselves, in the copy as in the shipped template."""
    english = Language()
    data = changed(sample.data_for(STUDIO, NOW, kind, english))
    made = write(plain_source(kind, english), data, english)
    assert made == write(source_of(kind), data, english)
    assert "49" not in made[1]
    assert "<b>&amp;" not in made[2]


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_copy_is_in_plain_words(code: str) -> None:
    """No copy has anything of gettext in it, and none has a mistake."""
    for kind in KINDS:
        copy = plain_source(kind, Language(code, code))
        assert "_(" not in copy and "%(" not in copy, (kind, copy)
        assert mistakes_in(copy) == []


def test_what_a_copy_looks_like() -> None:
    """The copy reads as a mail with names in braces, in its language."""
    english = plain_source("reminder", Language())
    assert english.startswith(
        "{# What can stand in braces: studio template show reminder --variables #}\nSubject: "
    )
    assert "\nHello {{ client.name }},\n" in english
    assert '\n{{ button("Go on") }}\n' in english
    assert "Olá, {{ client.name }}," in plain_source("reminder", Language("pt", "pt"))


# ── mistakes ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{{ client.nmae }}", "There is no client.nmae here. Did you mean “client.name”"),
        ("{{ sesion.title }}", "There is no sesion.title here. Did you mean “session.title”"),
        ("{{ clinet }}", "There is no clinet here. Did you mean “client”"),
        ("{% if sesion %}{% endif %}", "There is no sesion here."),
        ("{% for x in chnged %}{% endfor %}", "There is no chnged here. Did you mean “changed”"),
        ("{{ quote(mail.nte) }}", "There is no mail.nte here. Did you mean “mail.note”"),
        ("{{ client.name|uper }}", "There is no filter uper here. Did you mean “upper”?"),
        ("{% if link is emtpy %}{% endif %}", "There is no test emtpy here."),
        ("{{ details }}", "details is placed with brackets: {{ details() }}"),
        ("{{ client.__class__ }}", "There is no client.__class__ here."),
        ("{{ lipsum() }}", "There is no lipsum here."),
        ("{% include 'x.md' %}", "A template stands alone: nothing can be included, imported or extended."),
        ("{% import 'x.md' as x %}", "A template stands alone"),
        ("{% from 'x.md' import x %}", "A template stands alone"),
        ("{% extends 'x.md' %}", "A template stands alone"),
        ("{{ client.name", "It ends in the middle: }} is missing."),
        ("{{ client name }}", "Expected token '}}', got 'name'."),
        ("{% if %}", "Expected an expression, got '%}'."),
        ("{% fi %}", "There is no {% fi %} here."),
    ],
)  # fmt: skip
def test_mistakes(line: str, words: str) -> None:
    """A mistake is told with its line, in plain words and, where there is one, with the nearest name."""
    found = mistakes_in(f"Subject: x\n\n{line}\n")
    assert found and found[0].message.startswith(words), found
    assert [one.line for one in found] == [3]


@pytest.mark.parametrize(
    "line",
    [
        "{% for change in changed %}{{ change.label }}: {{ change.now }}{{ loop.index }}{% endfor %}",
        "{% set name = client.name %}{{ name|upper }}",
        "{% macro line(x) %}{{ x }}{{ varargs }}{% endmacro %}{{ line(session.title) }}",
        "{% if session.status == 'pending' and not mail.again %}{{ button('Go') }}{% endif %}",
        '{{ _("Hello %(name)s,", name=client.name) }}{% trans %}Hello{% endtrans %}',
        "{% with x = 1 %}{{ x }}{% endwith %}{{ range(3)|list }}{% raw %}{{ nothing }}{% endraw %}",
        "{{ session['title'] }}{{ session.items()|list }}{% set n = namespace(a=1) %}{{ n.a }}",
        "{# {{ nothing }} #}[Book here]({{ link }})",
    ],
)
def test_no_mistakes(line: str) -> None:
    """What Jinja can do is no mistake."""
    assert mistakes_in(f"Subject: x\n\n{line}") == []


def test_every_mistake_in_its_order() -> None:
    """All mistakes are told, by line, each once."""
    source = "Subject: {{ a }}\n{{ b }}{{ b }}\n{% if c %}{{ client.d }}{% endif %}\n"
    assert [(one.line, one.message.split()[3]) for one in mistakes_in(source)] == [
        (1, "a"), (2, "b"), (3, "c"), (3, "client.d"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    ["", " \n", "a\x00b", "x" * 100_001, "{{ " + "(" * 50_000, "{{ " + "9" * 5000, "{{ 9**(9**9) }}"],
)
def test_texts_that_are_none(source: str) -> None:
    """No text takes long to look through, or ends in anything but mistakes."""
    assert all(one.line >= 1 and one.message.endswith((".", "?")) for one in mistakes_in(source))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "{#", "if", "for x in", "endif", "client", ".", "name", "|",
                                 "(", ")", "'", "_", "\n", " ", "set", "=", "[", "]", "macro", "1", "~", "\ud800"])))  # fmt: skip
def test_any_text(parts: list[str]) -> None:
    """Whatever was typed, looking for mistakes answers."""
    assert all(one.line >= 1 for one in mistakes_in("".join(parts)))
