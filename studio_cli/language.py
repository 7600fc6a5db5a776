"""The client's language: its catalogue, and how it writes days, times and money.

The texts are gettext catalogues in ``templates/languages``; English is the text itself. Formats are CLDR's,
through Babel, which is loaded only when something is written for a client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from whenever import Date, Instant, Time

from studio_cli.errors import WrongUsage
from studio_cli.model.money import Money, minor_digits
from studio_cli.model.text import shown
from studio_cli.model.times import MONTH_NAMES, WEEKDAYS, show_clock, show_day, show_short
from studio_cli.model.words import N_

if TYPE_CHECKING:
    from decimal import Decimal
    from gettext import GNUTranslations, NullTranslations
    from pathlib import Path

    from babel.core import Locale
    from jinja2 import Environment

LANGUAGES = ("en", "de", "es", "fr", "pt")
"""The languages in which pages and mails are written."""
LONGEST_HEAD = 4
"""Letters of a day at the head of a month, seven of which stand side by side on a phone."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language to write in: ``code`` names the catalogue, ``locale`` the formats (``pt``, ``pt-BR``)."""

    code: str = "en"
    locale: str = "en"

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way it is written."""
        return "rtl" if _babel(self.code).text_direction == "rtl" else "ltr"

    # ── texts ────────────────────────────────────────────────────────────────────────────────────

    def text(self, text: str, **values: object) -> str:
        """Return a text of ours in this language, with ``%(name)s`` filled in; English where there is no other."""
        found = catalogue(self.code).gettext(text)
        return one_stop(found % values, values) if values else found

    def plural(self, one: str, many: str, number: int) -> str:
        """Return the text for a number of things: ``%(num)s days``."""
        return catalogue(self.code).ngettext(one, many, number) % {"num": number}

    # ── days and times ───────────────────────────────────────────────────────────────────────────

    def day(self, moment: Instant, zone: str) -> str:
        """Return ``Friday 4 December 2026``."""
        if self.locale == "en":
            return show_day(moment, zone)
        from babel.dates import format_date

        return format_date(moment.to_tz(zone).date().to_stdlib(), "full", _babel(self.locale))

    def date(self, date: Date) -> str:
        """Return ``Friday 4 December 2026`` for a day without a time."""
        return self.day(date.at(Time(12)).assume_utc(), "UTC")

    def month(self, date: Date) -> str:
        """Return ``December 2026``."""
        if self.locale == "en":
            return f"{MONTH_NAMES[date.month - 1]} {date.year}"
        from babel.dates import format_skeleton

        return str(format_skeleton("yMMMM", date.to_stdlib(), locale=_babel(self.locale)))

    @property
    def first_weekday(self) -> int:
        """The day that a week begins with here: 1 is Monday, 7 Sunday."""
        return 1 if self.locale == "en" else int(_babel(self.locale).first_week_day) + 1

    def weekdays(self) -> list[tuple[str, str]]:
        """Return the days of a week from its first, each short and whole: ``Mon``, ``Monday``."""
        order = [(self.first_weekday - 1 + step) % 7 for step in range(7)]
        if self.locale == "en":
            return [(WEEKDAYS[day][:3].capitalize(), WEEKDAYS[day].capitalize()) for day in order]
        days = _babel(self.locale).days["stand-alone"]
        short = [self._heads(days[width], order) for width in ("abbreviated", "short", "narrow")]
        fitting = next((heads for heads in short if max(map(len, heads)) <= LONGEST_HEAD), short[-1])
        return list(zip(fitting, (str(days["wide"][day]) for day in order), strict=True))

    @staticmethod
    def _heads(days: Mapping[int, object], order: Iterable[int]) -> list[str]:
        return [str(days[day]).rstrip(".") for day in order]

    def clock(self, moment: Instant, zone: str) -> str:
        """Return ``10:00``, or ``10:00 AM`` where that is how it is read."""
        if self.locale == "en":
            return show_clock(moment, zone)
        from babel.dates import format_time

        text = format_time(moment.to_tz(zone).time().to_stdlib(), "short", locale=_babel(self.locale))
        return text.replace(" ", "\u00a0")  # of 10 h 00 no part on a line of its own

    def short(self, moment: Instant, zone: str) -> str:
        """Return ``Fri 4 Dec 2026 10:00``."""
        if self.locale == "en":
            return show_short(moment, zone)
        from babel.dates import format_skeleton

        local = moment.to_tz(zone).to_plain().to_stdlib()
        return f"{format_skeleton('yMMMEd', local, locale=_babel(self.locale))}, {self.clock(moment, zone)}"

    def range(self, start: Instant, end: Instant, zone: str) -> str:
        """Return ``10:00 to 11:30``, with the day where the end is on another one."""
        same = start.to_tz(zone).date() == end.to_tz(zone).date()
        until = self.clock(end, zone) if same else self.short(end, zone)
        return self.text(N_("%(start)s to %(end)s"), start=self.clock(start, zone), end=until)

    def duration(self, minutes: int) -> str:
        """Return ``1 h 30 min``, ``2 days``."""
        days, rest = divmod(minutes, 1440)
        hours, left = divmod(rest, 60)
        parts = [self.plural("%(num)s day", "%(num)s days", days)] if days else []
        parts += [f"{hours} h"] if hours else []
        parts += [f"{left} min"] if left or not minutes else []
        return " ".join(parts)

    # ── numbers, money and lists ──────────────────────────────────────────────────────────────────────────

    def number(self, number: Decimal) -> str:
        """Return ``8.875``, ``8,875``: with every decimal, and without marks for thousands, as it is also typed."""
        if self.locale == "en":
            return f"{number:f}"
        from babel.numbers import format_decimal

        locale = _babel(self.locale)
        return str(format_decimal(number, locale=locale, decimal_quantization=False, group_separator=False))

    def money(self, money: Money) -> str:
        """Return an amount as a client reads it: ``CA$250.00``, ``250,00 €``."""
        from copy import copy
        from decimal import Decimal

        from babel.numbers import format_currency

        # CLDR writes some currencies without the decimals that they have (RSD, IQD, …): the client would read
        # a rounded amount. So the decimals are ours.
        locale, digits = _babel(self.locale), minor_digits(money.currency)
        pattern = copy(locale.currency_formats["standard"])
        pattern.frac_prec = (digits, digits)
        amount = Decimal(money.amount)
        return str(
            format_currency(amount, money.currency, format=pattern, locale=locale, currency_digits=False)
        )

    def listed(self, parts: Iterable[str]) -> str:
        """Return ``one, two and three``."""
        *first, last = parts
        if not first:
            return last
        return self.text(N_("%(first)s and %(last)s"), first=", ".join(first), last=last)


ENGLISH = Language()


# ── choosing ──────────────────────────────────────────────────────────────────────────────────────


def one_stop(text: str, values: Mapping[str, object]) -> str:
    """Return a text without the full stop that would follow one of a value: "until 6:34 p.m.", not "p.m..".

    Only behind the values: dots that somebody typed stay.
    """
    for value in values.values():
        words = str(value)
        if words.endswith("."):
            text = text.replace(f"{words}.", words)
    return text


def one_stop_in(environment: Environment) -> None:
    """Let the texts that templates translate end their sentences with one full stop."""
    from jinja2 import pass_context

    inner: dict[str, Any] = {name: environment.globals[name] for name in ("gettext", "ngettext")}

    @pass_context
    def gettext(context: Any, text: str, **values: object) -> Any:
        made = inner["gettext"](context, text, **values)
        return type(made)(one_stop(made, values)) if values else made

    @pass_context
    def ngettext(context: Any, one: str, many: str, number: int, **values: object) -> Any:
        made = inner["ngettext"](context, one, many, number, **values)
        return type(made)(one_stop(made, values)) if values else made

    environment.globals.update(gettext=gettext, ngettext=ngettext)


def check_language(text: str) -> str:
    """Return a language that pages can be written in, as ``pt`` or ``pt-BR``; raise ``WrongUsage`` with those there are."""
    found = _of(text)
    if found is None or not re.fullmatch(r"[A-Za-z]{2}([-_][A-Za-z]{2})?", text.strip()):
        raise WrongUsage(
            f"{shown(text)[:40]!r} is not a language that your pages can be in.",
            hint=f"Use one of: {', '.join(LANGUAGES)}; with a country for dates and money, as pt-BR.",
            code="language",
        )
    return found.locale


def choose(wanted: Iterable[str | None], studio: str) -> Language:
    """Return the first wanted language that there is, else the studio's own."""
    for text in wanted:
        found = _of(text) if text else None
        if found:
            return found
    return _of(studio) or Language("en", studio)


def preferred(header: str | None) -> list[str]:
    """Return the languages of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    ranges: list[tuple[float, str]] = []
    for part in (header or "")[:500].split(","):
        tag, _, quality = part.strip().partition(";")
        weight = re.fullmatch(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", quality) if quality else None
        if tag.strip() and (not quality or weight):
            ranges.append((float(weight[1]) if weight else 1.0, tag.strip()))
    return [tag for weight, tag in sorted(ranges, key=lambda pair: -pair[0]) if weight]


def _of(text: str) -> Language | None:
    """Return the language that a tag (``pt``, ``pt-BR``, ``PT_br``, ``zh-Hans-CN``) asks for, if there is a catalogue."""
    return _tagged(text.strip()[:35])


@lru_cache(maxsize=500)
def _tagged(tag: str) -> Language | None:
    parts = re.split(r"[-_]", tag)
    code = parts[0].casefold()
    if code not in LANGUAGES:
        return None
    country = next((part.upper() for part in parts[1:] if re.fullmatch(r"[A-Za-z]{2}", part)), None)
    locale = f"{code}-{country}" if country else code
    return Language(code, locale if _babel(locale) != _babel(code) or not country else code)


@cache
def _babel(tag: str) -> Locale:
    """Return Babel's locale for a tag; of one that CLDR does not know, its language's, else English."""
    from babel.core import Locale, UnknownLocaleError

    for name in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


# ── catalogues ────────────────────────────────────────────────────────────────────────────────────

Translator = Callable[[str], str]


@cache
def catalogue(code: str) -> NullTranslations:
    """Return the texts of a language; what is missing in it is English."""
    from gettext import NullTranslations

    from studio_cli.templates import folder

    path = folder() / "languages" / f"{code}.po"
    return NullTranslations() if code == "en" or not path.is_file() else read_catalogue(path, code)


def read_catalogue(path: Path, code: str) -> GNUTranslations:
    """Return the texts in a catalogue; a text that has no translation there stays what it is."""
    from gettext import GNUTranslations
    from io import BytesIO

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        texts = read_po(source, locale=code)
    compiled = BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return GNUTranslations(compiled)
