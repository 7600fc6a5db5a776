"""The studio's colour, kept readable: contrast by WCAG 2.2 (relative luminance, 4.5 to 1 for text)."""

from __future__ import annotations

from functools import lru_cache

_PAPER, _NIGHT = (255, 255, 255), (0x1E, 0x21, 0x24)
READABLE = 4.5
Rgb = tuple[int, int, int]


def _rgb(color: str) -> Rgb:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _hex(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _luminance(rgb: Rgb) -> float:
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _towards(rgb: Rgb, goal: int, ground: Rgb) -> Rgb:
    """Return the colour, made lighter or darker until it can be read on ``ground``."""
    for step in range(0, 101, 5):
        mixed = tuple(round(part + (goal - part) * step / 100) for part in rgb)
        if contrast((mixed[0], mixed[1], mixed[2]), ground) >= READABLE:
            return mixed[0], mixed[1], mixed[2]
    return goal, goal, goal


@lru_cache(maxsize=64)
def palette(color: str) -> dict[str, str]:
    """Return what a page needs of a brand ``#rrggbb``: text on it, and itself as text by day and by night."""
    rgb = _rgb(color)
    white = contrast(rgb, (255, 255, 255)) >= contrast(rgb, (0, 0, 0))
    return {
        "color": color,
        "on_color": "#ffffff" if white else "#000000",
        "ink_color": _hex(_towards(rgb, 0, _PAPER)),
        "night_color": _hex(_towards(rgb, 255, _NIGHT)),
    }
