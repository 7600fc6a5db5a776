"""The texts that clients read: every one in every language, and no text of ours outside the catalogues."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2 import nodes

from studio_cli.booking.studio import Studio
from studio_cli.language import LANGUAGES, Language, read_catalogue
from studio_cli.templates import _environment, folder
from tests.conftest import Clock, Door, Maker
from tests.every_page import EveryPage
from tests.web.visitor import Visitor

ROOT = Path(__file__).parent.parent
TRANSLATED = tuple(code for code in LANGUAGES if code != "en")
PLACE = re.compile(r"%\((\w+)\)s")

SAME = {
    "de": {"Browser", "Studio", "TEST"},  # the German words too
    "es": {"No"},
    "fr": {"Questions", "Studio", "TEST"},
    "pt": set[str](),
}
"""Texts that are the same in a language as in English."""

NAMES = {"SHA", "UTC", "Subject"}
"""Words in the templates that are the same in every language, or are not shown: a mail's begin with ``Subject:``."""

REGISTER = {
    "de": r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|Session\w*|Sitzung\w*|Beleg|Einheit)\b",
    "es": r"\b([Tt]ú|[Tt]us?|[Vv]osotros|[Vv]uestr\w+|[Cc]ita|[Ff]actura|[Ll]ink)\b",
    "fr": r"\b([Tt]u|[Tt]on|[Tt]a|[Tt]es|[Ss]ession\w*|[Rr]endez-vous|[Ee]-?mail|[Qq]uittance|[Ff]acture)\b",
    # What is said otherwise in Portugal or in Brazil: você, ficheiro and arquivo, ecrã and tela, contato, …
    "pt": r"\b([Vv]ocê|[Tt]eu|[Ff]icheiro|[Aa]rquivo|[Ee]crã|[Tt]ela|[Cc]onta[c]?to|[Ss]alvar|[Tt]elemóvel|[Cc]elular"
    r"|[Mm]orada|[Oo]brigad[oa]|[Aa]ceit[oe]s|[Ff]atura|[Uu]tilizador|[Uu]suário|[Rr]egist[r]?o|[Ff]acto|[Ff]ato)\b",
}
"""Words that a client is not addressed with, or that would call a thing by a second name."""


def messages(path: Path) -> dict[str, Message]:
    """Return the messages of a catalogue by their English text; of a plural by the one for one."""
    with path.open("rb") as source:
        found = [message for message in read_po(source, locale=path.stem) if message.id]
    return {one.id[0] if one.pluralizable else str(one.id): one for one in found}


def forms(message: Message) -> list[str]:
    """Return a text as it is translated, or as it is for one and for many; empty ones are not there yet."""
    return list(message.string) if message.pluralizable else [str(message.string)]


def translated(code: str) -> dict[str, list[str]]:
    """Return what a catalogue has, by the English text."""
    kept = messages(folder() / "languages" / f"{code}.po")
    return {text: forms(message) for text, message in kept.items() if all(forms(message))}


def collect(root: Path) -> None:
    """Run ``make texts`` in a copy, with the tools of this environment."""
    # Not resolved: the Python of a virtual environment is a link that leads out of it.
    subprocess.run(
        ["make", "--silent", "texts", f"BIN={Path(sys.executable).parent}"],
        cwd=root, check=True, timeout=60, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogues as ``make texts`` leaves them."""
    root = tmp_path_factory.mktemp("studio")
    shutil.copy(ROOT / "Makefile", root)
    for name in ("studio_cli", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    collect(root)
    return root / "templates" / "languages"


# ── the catalogues ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", TRANSLATED)
def test_catalogue_is_complete(collected: Path, code: str) -> None:
    """Every text that a client reads is in the catalogue, translated, and no other."""
    wanted = messages(collected / f"{code}.po")
    kept = messages(folder() / "languages" / f"{code}.po")
    missing = [text for text in wanted if text not in kept or not all(forms(kept[text]))]
    gone = [text for text in kept if text not in wanted]
    say = "\n  ".join
    assert not missing, f"{code} lacks (run make texts, then translate):\n  {say(missing)}"
    assert not gone, f"{code} has what nobody reads (run make texts):\n  {say(gone)}"
    assert not any(message.fuzzy for message in kept.values())


def test_collecting_again_changes_nothing(collected: Path) -> None:
    """``make texts`` leaves the catalogues as they are kept: no day, no place, always in the same order."""
    for code in TRANSLATED:
        kept = (folder() / "languages" / f"{code}.po").read_bytes()
        assert (collected / f"{code}.po").read_bytes() == kept, f"{code}.po: run make texts"


def test_every_way_to_mark_a_text(tmp_path: Path) -> None:
    """Texts are found in Python and in every template, however they are marked; what is translated stays."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    files = {
        "studio_cli/deep/x.py": 'N_("Python %(a)s")\nself.plural("%(num)s one", "%(num)s many", n)\ntext("not this")\n',
        "templates/page/x.html": '{{ _("Page") }}{{ ngettext("Form", "Forms", n) }}{% trans %}Block{% endtrans %}\n',
        "templates/email/deep/x.txt": '{{ _("Mail" if a else "Letter") }}{{ _("Mail") }}\n',
        "templates/x.txt": '{{ _("Receipt") }}\n',
        "templates/languages/de.po": 'msgid "Gone"\nmsgstr "Weg"\n\nmsgid "Receipt"\nmsgstr "Quittung"\n',
        "templates/languages/babel.cfg": (folder() / "languages" / "babel.cfg").read_text(encoding="utf-8"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    collect(tmp_path)
    found = messages(tmp_path / "templates/languages/de.po")
    assert list(found) == ["%(num)s one", "Block", "Form", "Mail", "Page", "Python %(a)s", "Receipt"]
    assert {text for text, message in found.items() if any(forms(message))} == {"Receipt"}
    before = (tmp_path / "templates/languages/de.po").read_bytes()
    assert str(tmp_path).encode() not in before and b"20" not in before
    collect(tmp_path)
    assert (tmp_path / "templates/languages/de.po").read_bytes() == before


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_are_sound(code: str) -> None:
    """A translation has the place holders of its text and no others, no HTML, no shouting, and is not the English."""
    for text, found in translated(code).items():
        for form in found:
            assert set(PLACE.findall(form)) == set(PLACE.findall(text)), form
            assert not re.search(r"[<>&!¡%]|\s\s|^\s|\s$|\.\.", PLACE.sub("x", form)), form
            assert form.endswith((".", ":", "?", ",")) == text.endswith((".", ":", "?", ",")), form
    words = {text for text in translated(code) if re.search(r"[^\W\d]", PLACE.sub("", text))}
    assert {text for text in words if translated(code)[text][0] == text} == SAME[code]


@pytest.mark.parametrize("code", TRANSLATED)
def test_one_way_to_speak(code: str) -> None:
    """A language addresses its reader in one way, formally, and has one word for each thing."""
    for form in chain.from_iterable(translated(code).values()):
        assert not re.search(REGISTER[code], form), form


def test_french_spaces() -> None:
    """French has a space that no line breaks at before a colon and within quotes, a thin one before ; and ?."""
    for form in chain.from_iterable(translated("fr").values()):
        assert not re.search(r"(?<!\u00a0):|(?<!\u202f)[;?]|«(?!\u00a0)|(?<!\u00a0)»|'", form), form


@pytest.mark.parametrize(
    ("code", "zero", "one", "two"),
    [
        ("en", "0 days", "1 day", "2 days"),
        ("de", "0 Tage", "1 Tag", "2 Tage"),
        ("es", "0 días", "1 día", "2 días"),
        ("fr", "0 jour", "1 jour", "2 jours"),
        ("pt", "0 dias", "1 dia", "2 dias"),
    ],
)
def test_numbers_of_things(code: str, zero: str, one: str, two: str) -> None:
    """None, one and two of something are told as each language does."""
    language = Language(code, code)
    assert [language.plural("%(num)s day", "%(num)s days", number) for number in (0, 1, 2)] == [
        zero,
        one,
        two,
    ]


def test_missing_translation_is_english(tmp_path: Path) -> None:
    """A text that its language does not have yet is shown in English, for one and for many; others are not."""
    kept = (folder() / "languages" / "de.po").read_text(encoding="utf-8")
    gaps = re.sub(r'^msgstr(\[.\])? "(Weiter|%\(num\)s Tage?)"$', r'msgstr\1 ""', kept, flags=re.MULTILINE)
    path = tmp_path / "de.po"
    path.write_text(gaps.replace("Back", "Backwards"), encoding="utf-8")
    texts = read_catalogue(path, "de")
    assert [texts.gettext(text) for text in ("Continue", "Back", "Yes")] == ["Continue", "Back", "Ja"]
    one, many = "%(num)s day", "%(num)s days"
    assert [texts.ngettext(one, many, number) for number in (1, 2)] == [one, many]


# ── the templates ─────────────────────────────────────────────────────────────────────────────────


def bare(node: nodes.Node) -> str:
    """Return what a template writes by itself: its own words, without those that go through a catalogue."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Const):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, (nodes.AssignBlock, nodes.Block)) and _ATTRIBUTES.fullmatch(
        "".join(map(bare, node.body))
    ):
        return ""
    return "".join(map(bare, _written(node)))


_ATTRIBUTES = re.compile(r'(?: [a-z-]+="[^"]*"| required)*')
"""What ``{% set %}`` or a block keeps for a tag is no text."""


def _written(node: nodes.Node) -> list[nodes.Node]:
    """Return the parts of a node whose words end up on the page."""
    if isinstance(node, nodes.Output):
        return node.nodes
    if isinstance(node, nodes.If):
        return [*node.body, *node.elif_, *node.else_]
    if isinstance(node, nodes.CondExpr):
        return [part for part in (node.expr1, node.expr2) if part]
    if isinstance(node, nodes.Concat):
        return node.nodes
    if isinstance(node, nodes.BinExpr):
        return [node.left, node.right]
    if isinstance(node, nodes.Filter):
        return [node.node] if node.node else []
    return list(getattr(node, "body", ()))


class Words(HTMLParser):
    """What is read of a page: ``lines``, one for each block, and ``pieces``, the texts between tags."""

    INLINE = frozenset({"a", "bdi", "span", "strong", "s", "b", "i", "em"})
    READ = frozenset({"alt", "aria-label", "placeholder", "title"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self._line: list[str] = []
        self._silent = 0
        self.pieces: list[str] = []
        self.lines: list[str] = []
        self.feed(page)
        self.close()
        self._end_line()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or go on in it; what is read of a tag is a line of its own."""
        read = [value for name, value in attrs if name in self.READ and value]
        self.pieces += read
        self.lines += read
        if tag not in self.INLINE:
            self._end_line()
        self._silent += tag in {"style", "script"}

    def handle_endtag(self, tag: str) -> None:
        """End a line."""
        if tag not in self.INLINE:
            self._end_line()
        self._silent -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if not self._silent:
            self._line.append(data)
            self.pieces += [data.strip()] if data.strip() else []

    def _end_line(self) -> None:
        line = " ".join("".join(self._line).split())
        self.lines += [line] if line else []
        self._line = []


TEMPLATES = sorted(
    path.relative_to(folder()).as_posix()
    for path in folder().rglob("*")
    if path.suffix in {".html", ".txt"} or path.parent.name == "email"
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_text_outside_the_catalogues(name: str) -> None:
    """Every word that a template writes by itself is a name, the same in every language."""
    environment = _environment("en")
    source = (folder() / name).read_text(encoding="utf-8")
    written = bare(environment.parse(source))
    read = " ".join(Words(written).pieces) if name.endswith(".html") else written
    assert set(re.findall(r"[^\W\d_]{2,}", read)) - NAMES == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<p>{{ _("Yes") }}</p>', False),
        ("<p>{% trans %}Yes{% endtrans %}</p>", False),
        ("<p>{{ ngettext('One', 'Two', n) | wordwrap(76) }}</p>", False),
        ('<a href="/yes" class="no">{{ yes.no }}</a>', False),
        ("{% set id %} aria-label-by=\"x\"{% if a %} required{% endif %}{% endset %}<p>{{ 'f' ~ id }}</p>", False),
        ("<p>Yes</p>", True),
        ('<p title="{{ a }} yes"></p>', True),
        ('<p>{{ a or "yes" }}</p>', True),
        ('<p>{{ "yes" if a else b }}</p>', True),
        ('<p>{{ a ~ " yes" }}</p>', True),
        ("{% macro a() %}{% for b in c %}{% if d %}{% elif e %}<p>Yes</p>{% endif %}{% endfor %}{% endmacro %}", True),
        ("{% set a %}<b>Yes</b>{% endset %}", True),
        ("{% block a %}{% filter upper %}yes{% endfilter %}{% endblock %}", True),
    ],
)  # fmt: skip
def test_guard_sees_every_text(source: str, found: bool) -> None:
    """The guard above finds a text wherever a template can write one, and nothing else."""
    written = bare(_environment("en").parse(source))
    assert bool(re.findall(r"[^\W\d_]{2,}", " ".join(Words(written).pieces))) == found


# ── what is read ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def read_in(studio: Studio, make: Maker, clock: Clock, site_door: Door) -> Callable[[str], dict[str, str]]:
    """Read every page, mail and receipt in a language."""
    return lambda code: EveryPage(studio, make, clock, Visitor(site_door.base), code).read()


@cache
def english(text: str) -> re.Pattern[str]:
    """Return what finds an English text, whatever is filled into it."""
    parts = [re.escape(part) for part in re.split(r"%\(\w+\)s", text)]
    return re.compile(r"(?<!\w)" + ".+?".join(parts) + r"(?!\w)")


def seen(text: str, words: Words) -> str | None:
    """Return where an English text is read: one of a single word is a text by itself, others anywhere in a line."""
    if " " not in text:
        return next((piece for piece in words.pieces if text in {piece, piece.strip(" ,:()")}), None)
    return next((line for line in words.lines if english(text).search(line)), None)


def texts_of(code: str) -> Iterator[str]:
    """Yield the English texts with words in them that are others in this language."""
    for text, message in messages(folder() / "languages" / f"{code}.po").items():
        if text not in SAME[code] and re.search(r"[^\W\d]", PLACE.sub("", text)):
            yield from ([text, message.id[1]] if message.pluralizable else [text])


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_english_is_left(read_in: Callable[[str], dict[str, str]], code: str) -> None:
    """In another language no page, mail or receipt says anything of ours in English."""
    texts, left = list(texts_of(code)), []
    for name, page in read_in(code).items():
        assert f'<html lang="{code}"' in page or "<html" not in page, name
        words = Words(page)
        left += [f"{name}: {line}" for text in texts if (line := seen(text, words))]
    assert not left, "\n".join(left)


def test_nearly_everything_is_read(read_in: Callable[[str], dict[str, str]]) -> None:
    """In English the same pages show nearly every text that there is, so that the test above looks at them."""
    pages = [Words(page) for page in read_in("en").values()]
    texts = sorted({text for code in TRANSLATED for text in texts_of(code)})
    unread = [text for text in texts if not any(seen(text, words) for words in pages)]
    assert len(unread) < len(texts) / 20, "\n".join(unread)
