"""Words that people type: kept whole or refused, and safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.text import (
    LONG,
    SHORT,
    check_slug,
    clean,
    clean_optional,
    did_you_mean,
    folded,
    nearest,
    shown,
    slug_of,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
"""One emoji of seven code points, held together by joiners."""


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.booleans())
def test_clean_keeps_or_refuses(text: str, multiline: bool) -> None:
    """What is accepted comes back as it was typed, normalised and without outer white space; nothing is dropped."""
    try:
        kept = clean(text, "It", multiline=multiline)
    except WrongUsage as refused:
        assert refused.code in {"empty", "control_character", "too_long"}
    else:
        assert kept == unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
        assert clean(kept, "It", multiline=multiline) == kept


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\udcff", "\ud800"]
)
@pytest.mark.parametrize("multiline", [True, False])
def test_control_characters_are_refused(character: str, multiline: bool) -> None:
    """Control characters, line separators and broken bytes are refused, named by their code point."""
    with pytest.raises(WrongUsage, match=f"U\\+{ord(character):04X}") as refused:
        clean(f"a{character}b", "The name", multiline=multiline)
    assert refused.value.code == "control_character"


@pytest.mark.parametrize("text", ["one\ntwo", "one\r\ntwo", "one\ttwo"])
def test_breaks_only_where_lines_are(text: str) -> None:
    """Line breaks and tabs are kept in a text of many lines and refused in a single one."""
    assert clean(text, "The notes", multiline=True) == text.replace("\r\n", "\n")
    with pytest.raises(WrongUsage):
        clean(text, "The name")


@pytest.mark.parametrize(
    "text",
    [
        FAMILY,
        "שלום עולם",
        "مرحبا بالعالم",
        "Zoë 🧘🏽‍♀️",
        "日本語",
        "a\u202eb",
        "क्षि",
        "e\u0301".replace("e\u0301", "é"),
    ],
)
def test_every_writing_is_kept(text: str) -> None:
    """Emoji, right-to-left writing and joined letters are kept as they are."""
    assert clean(text, "The name") == text


def test_decomposed_letters_become_one() -> None:
    """The same name typed on two machines is the same text."""
    assert clean("Zoe\u0308", "The name") == "Zoë"


def test_limits_count_characters() -> None:
    """The longest text is kept whole; one character more is refused, never cut."""
    assert clean("🧘" * SHORT, "The name") == "🧘" * SHORT
    with pytest.raises(WrongUsage, match="201 characters; the limit is 200"):
        clean("a" * (SHORT + 1), "The name")
    ten_thousand = "0123456789" * 1000
    assert clean(ten_thousand, "The notes", limit=LONG, multiline=True) == ten_thousand


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000"])
def test_nothing_is_empty(text: str) -> None:
    """White space alone is nothing: refused where a text is needed, None where it is not."""
    with pytest.raises(WrongUsage, match="The name is empty"):
        clean(text, "The name")
    assert clean_optional(text, "The phone") is None
    assert clean_optional(None, "The phone") is None


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_shown_is_one_harmless_line(text: str) -> None:
    """What is shown has no control characters and no marks that turn a line around, and loses nothing else."""
    line = shown(text)
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(character) == "Cc" for character in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert shown(line) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\x1b[31mred", "\\u001b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("one\ntwo", "one\\u000atwo"),
        ("שלום", "שלום"),
        (FAMILY, FAMILY),
    ],
)
def test_shown(text: str, line: str) -> None:
    """What cannot be seen is written out; what can is left alone."""
    assert shown(text) == line


def test_folded_compares_without_case() -> None:
    """Names compare without regard to case or to how their accents are made."""
    assert folded("ÉMILE") == folded("e\u0301mile") == folded("Émile")
    assert folded("STRASSE") == folded("straße")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Family session", "family-session"),
        ("Séance de famille!", "seance-de-famille"),
        ("  --A & B--  ", "a-b"),
        ("写真", ""),
        ("x" * 100, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_slug_of(name: str, slug: str) -> None:
    """A short name has small letters, digits and single hyphens; some names give none."""
    assert slug_of(name) == slug


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_slug_of_a_name_is_a_slug(name: str) -> None:
    """Whatever the name is, the short name made of it is one that may be typed."""
    slug = slug_of(name)
    if slug and not slug.isdigit():
        assert check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "A", "a_b", "-a", "a-", "a--b", "a b", "123", "é", "x" * 61, "a\n"])
def test_wrong_slug(slug: str) -> None:
    """Anything else is not a short name; only digits would be taken for a number."""
    with pytest.raises(WrongUsage, match="not a short name"):
        check_slug(slug)


def test_nearest_names() -> None:
    """The names most like a mistyped one come first, without regard to case; unlike ones not at all."""
    names = ["Rui Costa", "Rita Costa", "Eva Lima"]
    assert nearest("rui cosat", names)[0] == "Rui Costa"
    assert nearest("zzzzzz", names) == []
    assert did_you_mean(["Rui", "Eva"]) == "Did you mean “Rui” or “Eva”?"
    assert did_you_mean([]) is None
