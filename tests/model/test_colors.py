"""The studio's colour, kept readable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_cli.model.colors import contrast, palette

PAPER, NIGHT = "#ffffff", "#1e2124"
colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, counted anew here."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@settings(max_examples=300, deadline=None)
@given(colors)
def test_everything_can_be_read(color: str) -> None:
    """Whatever colour an owner picks, text on it, and itself as text by day and by night, has 4.5 to 1."""
    made = palette(color)
    assert made["color"] == color
    assert ratio(made["on_color"], color) >= 4.5
    assert ratio(made["ink_color"], PAPER) >= 4.5
    assert ratio(made["night_color"], NIGHT) >= 4.5


@settings(max_examples=100, deadline=None)
@given(colors)
def test_readable_colours_stay(color: str) -> None:
    """A colour that can be read as it is, is left as it is."""
    made = palette(color)
    if ratio(color, PAPER) >= 4.5:
        assert made["ink_color"] == color
    if ratio(color, NIGHT) >= 4.5:
        assert made["night_color"] == color


@pytest.mark.parametrize(
    ("color", "text"),
    [("#000000", "#ffffff"), ("#ffffff", "#000000"), ("#ffff00", "#000000"), ("#2f5d50", "#ffffff")],
)
def test_text_on_the_colour(color: str, text: str) -> None:
    """Text is white on dark colours and black on light ones."""
    assert palette(color)["on_color"] == text


def test_contrast_of_black_and_white() -> None:
    """Black and white have the largest contrast, equal colours the smallest, in either order."""
    black, white = (0, 0, 0), (255, 255, 255)
    assert contrast(black, white) == contrast(white, black) == pytest.approx(21)
    assert contrast(white, white) == 1
