"""Languages: which one a client is written to in, and how it writes days, times and money."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from gettext import NullTranslations

import pytest
from babel.core import Locale
from babel.numbers import format_currency
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.language import (
    ENGLISH,
    LANGUAGES,
    Language,
    catalogue,
    check_language,
    choose,
    one_stop_in,
    preferred,
)
from studio_cli.model.money import Money, minor_digits
from studio_cli.model.times import show_clock, show_day, show_range, show_short

TEN = Instant.from_utc(2026, 12, 4, 15)
ZONE = "America/Toronto"


# ── tags ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("en", "en"),
        ("EN", "en"),
        (" pt ", "pt"),
        ("pt-BR", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("fr-CA", "fr-CA"),
        ("de-AT", "de-AT"),
        ("en-US", "en-US"),
        ("pt-XX", "pt"),
    ],
)
def test_language_that_can_be_set(typed: str, kept: str) -> None:
    """A language is kept as a small code, with its country where that writes dates and money in another way."""
    assert check_language(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "e", "english", "xx", "ja", "zh-Hans-CN", "pt-", "-pt", "pt--BR", "pt-BRA", "de-1996", "pt BR", "pt\n-BR",
     "ｐｔ", "en-Latn-US", "*", "../en", "e" * 1000],
)  # fmt: skip
def test_language_that_cannot(typed: str) -> None:
    """What there is no catalogue for, or is no language, is refused with those there are."""
    with pytest.raises(WrongUsage) as wrong:
        check_language(typed)
    assert wrong.value.code == "language"
    assert all(code in str(wrong.value.hint) for code in LANGUAGES)
    assert "\n" not in wrong.value.message


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("pt", Language("pt", "pt")),
        ("pt-BR", Language("pt", "pt-BR")),
        ("PT_br", Language("pt", "pt-BR")),
        ("pt-Latn-BR", Language("pt", "pt-BR")),
        ("de-CH-1996", Language("de", "de-CH")),
        ("es-419", Language("es", "es")),
        ("fr-XX", Language("fr", "fr")),
        ("en", Language("en", "en")),
        ("en-GB-oxendict", Language("en", "en-GB")),
    ],
)
def test_tags_of_browsers(tag: str, language: Language) -> None:
    """Every form that browsers send asks for its language, with its country's formats where it has one."""
    assert choose([tag], "en") == language


@pytest.mark.parametrize(
    "tag", ["xx", "zh-Hans-CN", "*", "", "ende", "e", "pt.BR", "x-klingon", "i-default", None]
)
def test_tags_of_nothing(tag: str | None) -> None:
    """What there is no catalogue for is passed over."""
    assert choose([tag, "fr"], "de") == Language("fr", "fr")
    assert choose([tag], "de") == Language("de", "de")


def test_first_that_there_is() -> None:
    """The first wanted language that there is wins, and then the studio's."""
    assert choose([None, "ja", "pt-BR", "de"], "fr").locale == "pt-BR"
    assert choose([], "fr-CA") == Language("fr", "fr-CA")


def test_studio_in_a_language_without_a_catalogue() -> None:
    """A studio whose language has no catalogue writes English, with its own days and amounts."""
    assert choose([], "ja") == Language("en", "ja")
    assert choose([], "ja").day(TEN, ZONE) == "2026年12月4日金曜日"
    assert choose([], "xx").money(Money(25000, "CAD")) == "CA$250.00"


# ── what a browser asks for ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, []),
        ("", []),
        ("de", ["de"]),
        ("de, en", ["de", "en"]),
        ("en;q=0.5, de", ["de", "en"]),
        ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", ["pt-BR", "pt", "en-US", "en"]),
        ("fr;q=0.3, de ; q = 0.7 , es;q=0.7", ["de", "es", "fr"]),
        ("da, en-gb;q=0.8, *;q=0.1", ["da", "en-gb", "*"]),
        ("de;q=0, en", ["en"]),
        ("de;q=0.000", []),
        ("de;q=1.000, en;q=0.999", ["de", "en"]),
        ("de;q=1.5, en", ["en"]),
        ("de;q=-1, en", ["en"]),
        ("de;q=0.1234, en", ["en"]),
        ("de;q=x, en", ["en"]),
        ("de;q=nan, en;q=inf, fr", ["fr"]),
        ("de;level=1, en", ["en"]),
        (",,, ;q=1, de,", ["de"]),
        (";", []),
    ],
)
def test_accept_language(header: str | None, tags: list[str]) -> None:
    """Languages come by their weight, equal ones in their order; what is refused or no weight is left out."""
    assert preferred(header) == tags


@settings(deadline=None)
@given(st.one_of(st.text(max_size=600), st.text("de-*;q=01. ,", max_size=600)))
@example("de;q=0." + "9" * 10_000)
@example("," * 100_000)
@example("de," * 100_000)
@example("d" * 100_000)
@example("\x00\ud800")
def test_hostile_header(header: str) -> None:
    """Whatever a browser sends, it is read quickly, and there is a language to write in."""
    tags = preferred(header)
    assert len(tags) <= 250
    assert choose(tags, "pt-BR").code in LANGUAGES


@given(st.lists(st.tuples(st.sampled_from(["de", "en-US", "fr", "es"]), st.integers(0, 10)), max_size=8))
def test_weights_decide(ranges: list[tuple[str, int]]) -> None:
    """The order is that of the weights, whatever order they are written in."""
    header = ", ".join(f"{tag};q={weight / 10:.1f}" for tag, weight in ranges)
    expected = [tag for tag, weight in sorted(ranges, key=lambda pair: -pair[1]) if weight]
    assert preferred(header) == expected


# ── days and times ────────────────────────────────────────────────────────────────────────────────


@settings(deadline=None)
@given(st.integers(0, 60 * 24 * 800), st.integers(5, 3000), st.sampled_from([ZONE, "Asia/Kolkata", "UTC"]))
def test_english_keeps_our_formats(minute: int, length: int, zone: str) -> None:
    """In plain English, days and times are written as on the terminal."""
    start = Instant.from_utc(2026, 1, 1).add(minutes=minute)
    end = start.add(minutes=length)
    assert ENGLISH.day(start, zone) == show_day(start, zone)
    assert ENGLISH.clock(start, zone) == show_clock(start, zone)
    assert ENGLISH.short(start, zone) == show_short(start, zone)
    assert ENGLISH.range(start, end, zone) == show_range(start, end, zone)


@pytest.mark.parametrize(
    ("tag", "day", "clock", "short"),
    [
        ("en", "Friday 4 December 2026", "10:00", "Fri 4 Dec 2026 10:00"),
        ("en-US", "Friday, December 4, 2026", "10:00 AM", "Fri, Dec 4, 2026, 10:00 AM"),
        ("de", "Freitag, 4. Dezember 2026", "10:00", "Fr., 4. Dez. 2026, 10:00"),
        ("es", "viernes, 4 de diciembre de 2026", "10:00", "vie, 4 dic 2026, 10:00"),
        ("fr", "vendredi 4 décembre 2026", "10:00", "ven. 4 déc. 2026, 10:00"),
        ("pt", "sexta-feira, 4 de dezembro de 2026", "10:00", "sex., 4 de dez. de 2026, 10:00"),
    ],
)
def test_days_and_times(tag: str, day: str, clock: str, short: str) -> None:
    """Days and times are written as the language, and the country, writes them."""
    language = choose([tag], "en")

    def plain(text: str) -> str:
        return unicodedata.normalize("NFKC", text)

    assert plain(language.day(TEN, ZONE)) == day
    assert plain(language.clock(TEN, ZONE)) == clock
    assert plain(language.short(TEN, ZONE)) == short


@pytest.mark.parametrize("tag", [*LANGUAGES, "pt-BR", "en-US", "fr-CA"])
def test_range_over_midnight_names_the_day(tag: str) -> None:
    """Where a session ends on another day, the end says which; on the same day it does not."""
    language = choose([tag], "en")
    late = language.range(TEN.add(hours=12), TEN.add(hours=16), ZONE)
    assert "2026" in late
    assert language.short(TEN.add(hours=16), ZONE) in late
    assert "2026" not in language.range(TEN, TEN.add(hours=1), ZONE)


def test_duration() -> None:
    """A duration is told in days, hours and minutes, none of them when there are none."""
    texts = {5: "5 min", 60: "1 h", 90: "1 h 30 min", 1440: "1 day", 2910: "2 days 30 min", 0: "0 min"}
    assert {minutes: ENGLISH.duration(minutes) for minutes in texts} == texts


# ── money and lists ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(25000, "CAD"), "en", "CA$250.00"),
        (Money(25000, "CAD"), "en-CA", "$250.00"),
        (Money(25000, "EUR"), "fr", "250,00\xa0€"),
        (Money(25000, "JPY"), "en", "¥25,000"),
        (Money(1500, "KWD"), "en", "KWD1.500"),
        (Money(9950, "RSD"), "en", "RSD99.50"),
        (Money(1500, "IQD"), "en", "IQD1.500"),
        (Money(25000, "CAD"), "xx", "CA$250.00"),
    ],
)
def test_money_as_a_client_reads_it(money: Money, locale: str, text: str) -> None:
    """An amount is written as the language does, with all the decimals of its currency."""
    assert choose([], locale).money(money) == text


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["CAD", "JPY", "KWD", "EUR"]),
    st.sampled_from(["en", "fr", "pt-BR", "de-CH", "hi", "ja"]),
)
def test_money_is_written_as_babel_writes_it(minor: int, currency: str, locale: str) -> None:
    """Where CLDR has the currency's own decimals, the text is CLDR's."""
    money = Money(minor, currency)
    written = format_currency(Decimal(money.amount), currency, locale=locale.replace("-", "_"))
    assert choose([], locale).money(money) == written


@settings(deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(["JPY", "USD", "KWD"]),
    st.sampled_from([*LANGUAGES, "pt-BR", "fr-CH", "de-CH", "es-MX", "en-IN"]),
)
def test_money_keeps_its_decimals(minor: int, currency: str, tag: str) -> None:
    """In every language an amount has exactly the decimals of its currency, none lost and none added."""
    money, locale = Money(minor, currency), Locale.parse(tag, sep="-")
    written = choose([tag], "en").money(money)
    mark = locale.number_symbols["latn"]["decimal"]
    whole, _, part = re.sub(rf"[^\d{re.escape(mark)}]", "", written).partition(mark)
    assert len(part) == minor_digits(currency) == {"JPY": 0, "USD": 2, "KWD": 3}[currency]
    assert int(whole + part) == minor


def test_lists() -> None:
    """Several things are told as one tells them."""
    assert ENGLISH.listed(["one"]) == "one"
    assert ENGLISH.listed(["one", "two"]) == "one and two"
    assert ENGLISH.listed(["one", "two", "three"]) == "one, two and three"


# ── texts ─────────────────────────────────────────────────────────────────────────────────────────


def test_missing_text_is_english() -> None:
    """A text that no catalogue has is written in English, with its values."""
    for code in LANGUAGES:
        language = choose([code], "en")
        assert (
            language.text("Nobody has translated %(this)s", this="<this>") == "Nobody has translated <this>"
        )
        assert language.plural("%(num)s zebra", "%(num)s zebras", 1) == "1 zebra"
        assert language.plural("%(num)s zebra", "%(num)s zebras", 3) == "3 zebras"


def test_direction() -> None:
    """A language says which way it is written."""
    assert [choose([code], "en").direction for code in LANGUAGES] == ["ltr"] * len(LANGUAGES)
    assert Language("he", "he").direction == Language("ar", "ar").direction == "rtl"


@pytest.mark.parametrize("code", LANGUAGES)
def test_catalogues_can_be_read(code: str) -> None:
    """Every catalogue there is can be read, and no translation loses or invents a value."""
    texts = getattr(catalogue(code), "_catalog", {})
    for source, translated in texts.items():
        english = source[0] if isinstance(source, tuple) else source
        if english:
            assert set(re.findall(r"%\(\w+\)s", translated)) <= set(re.findall(r"%\(\w+\)s", english)), (
                english
            )


@pytest.mark.parametrize("tag", ["en", "en-CA", "de", "es-MX", "fr", "pt", "pt-PT", "pt-BR", "ja", "ar"])
def test_heads_of_a_month_fit(tag: str) -> None:
    """The heads of seven days stand side by side on a phone, whatever another language has loaded before."""
    heads = [short for short, _ in choose([tag], tag).weekdays()]
    assert max(map(len, heads)) <= 4


def test_one_full_stop() -> None:
    """A sentence that ends with "p.m." ends with one full stop, in texts of ours and in templates; what somebody typed stays."""
    language = choose(["en-CA"], "en")
    until = language.clock(Instant.from_utc(2026, 11, 22, 23, 34), "America/Toronto")
    assert until.endswith("p.m.")
    assert language.text("Your time is held until %(deadline)s.", deadline=until).endswith("p.m.")
    assert language.text("%(a)s and %(b)s.", a="Wait.. what", b="ok") == "Wait.. what and ok."
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.install_gettext_translations(NullTranslations(), newstyle=True)  # type: ignore[attr-defined]
    one_stop_in(environment)
    source = """{{ _("Held until %(a)s. <b>", a=a) }}{{ ngettext("%(num)s until %(a)s.", "x", 1, a=a) }}"""
    assert environment.from_string(source).render(a="6 p.m.") == "Held until 6 p.m. <b>1 until 6 p.m."
