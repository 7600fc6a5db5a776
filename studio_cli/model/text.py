"""Words that people type: what is stored, and how they are made safe to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from studio_cli.errors import WrongUsage

SHORT = 200
"""Characters in a name, a title, a place."""
LONG = 20_000
"""Characters in notes, instructions and long answers."""

# Characters that reorder what stands after them: harmless in a page (each value is isolated there), but on a
# terminal they can make one line read as another.
_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSHOWABLE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_REORDERING}]")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def clean(text: str, what: str, *, limit: int = SHORT, multiline: bool = False) -> str:
    """Return ``text`` as it is stored: whole, or refused with the reason.

    Outer white space goes, CRLF becomes LF. Control characters (and line breaks, in a single line) are refused
    rather than dropped: they are never meant, and dropping would store something nobody typed.
    """
    value = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not value:
        raise WrongUsage(f"{what} is empty.", code="empty")
    if len(value) > limit:
        raise WrongUsage(
            f"{what} has {len(value):,} characters; the limit is {limit:,}.",
            code="too_long",
            details={"count": len(value), "most": limit},
        )
    if value.isprintable():  # most texts: nothing to look for, letter by letter
        return value
    for character in value:
        if _forbidden(character, multiline):
            raise WrongUsage(
                f"{what} contains a character that cannot be kept (U+{ord(character):04X}).",
                hint="Remove it and try again.",
                code="control_character",
                details={"character": f"U+{ord(character):04X}"},
            )
    return value


def clean_optional(text: str | None, what: str, *, limit: int = SHORT, multiline: bool = False) -> str | None:
    """Return ``clean(text)``, or None for nothing or only white space."""
    if text is None or not text.strip():
        return None
    return clean(text, what, limit=limit, multiline=multiline)


def _forbidden(character: str, multiline: bool) -> bool:
    if character in "\n\t":
        return not multiline
    # Cs are lone surrogates: bytes of an argument that were not UTF-8. SQLite could not store them.
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def shown(text: str) -> str:
    """Return ``text`` safe for one line of a terminal: what cannot be seen is written out as its code point."""
    return _UNSHOWABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def folded(text: str) -> str:
    """Return ``text`` for comparing without regard to case: ``Émile`` and ``ÉMILE`` are the same name."""
    return unicodedata.normalize("NFC", text.casefold())


def is_number(text: str) -> bool:
    """Return whether a text is the number of something: digits, and no more than the file can keep."""
    return text.isascii() and text.isdigit() and len(text) < 19


_ACCENTS = "[\u0300-\u036f]"
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
"""Letters that people without them on their keyboard write otherwise, and that Unicode does not take apart."""


def unaccented(text: str) -> str:
    """Return ``text`` for finding without regard to case and accents: ``jose`` finds ``José``, ``lukasz`` ``Łukasz``.

    Only marks of Latin, Greek and Cyrillic letters go: in other scripts they are vowels.
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", re.sub(_ACCENTS, "", apart)).translate(_LETTERS)


def slug_of(name: str) -> str:
    """Return a short name in ASCII for ``name``: ``Séance de famille`` gives ``seance-de-famille``."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", ascii_name))[:60].strip("-")


def check_slug(slug: str) -> str:
    """Return ``slug`` if it is one: small letters, digits and single hyphens."""
    if not _SLUG.fullmatch(slug) or len(slug) > 60 or slug.isdigit():
        raise WrongUsage(
            f"{shown(slug)!r} is not a short name.",
            hint="Use small letters, digits and hyphens, for example: family-session",
        )
    return slug


def nearest(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Return the names most like ``name``, best first."""
    import difflib  # only when a name was wrong

    by_fold = {folded(candidate): candidate for candidate in names}
    close = difflib.get_close_matches(folded(name), by_fold, n=most, cutoff=0.5)
    return [by_fold[match] for match in close]


def did_you_mean(names: Iterable[str]) -> str | None:
    """Return ``Did you mean …?`` for the nearest names, or None when there are none."""
    listed = [f"“{shown(name)}”" for name in names]
    return f"Did you mean {' or '.join(listed)}?" if listed else None
