"""Text in columns: measured, cut, wrapped, and commands that stay whole."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.cli.cells import PLAIN_MARKS, clip, cut, fit, fold, width_of, wrap

ANYTHING = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)


@settings(max_examples=200, deadline=None)
@given(ANYTHING, st.integers(-3, 40))
def test_cut_text_fits(text: str, width: int) -> None:
    """Whatever the text, cut it takes no more columns than there are, and filled up exactly as many."""
    room = max(width, 0)
    assert width_of(cut(text, width)) <= room
    assert width_of(clip(text, width)) <= room
    assert width_of(fit(text, width)) == room
    assert width_of(fit(text, width, right=True)) == room


@settings(max_examples=200, deadline=None)
@given(ANYTHING, st.integers(2, 40))
def test_wrapped_text_fits_and_is_whole(text: str, width: int) -> None:
    """No line of a wrapped text is too wide, and nothing but white space is lost."""
    lines = wrap(text, width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_what_is_left_out_is_left_out_of_the_middle() -> None:
    """A long name keeps its beginning and its end."""
    assert cut("Sofia Marchetti-Bergström", 16) == "Sofia Ma…ergström"[:8] + "…" + "rgström"
    assert cut("Rui Costa", 9) == "Rui Costa"


def test_commands_stay_whole() -> None:
    """Prose is broken between words, before a command and never in one; what fits stays as it is."""
    words = "Set one, and then look whether it works: studio config set mail.host smtp.example.com, then: studio mail send"
    assert fold(words, 60) == [
        "Set one, and then look whether it works:",
        "  studio config set mail.host smtp.example.com, then:",
        "  studio mail send",
    ]
    assert fold("Short: studio status", 60) == ["Short: studio status"]
    long = '  studio session new --one-off "Team headshots" --duration 2h --price 400'
    assert fold(long, 40) == [long]
    assert fold(words, 300) == [words]


def test_marks_have_others_of_the_same_width() -> None:
    """What stands for a mark on an old terminal is one character of ASCII."""
    assert all(isinstance(other, int) and other < 128 for other in PLAIN_MARKS.values())
