"""Letters: both parts say the same, nothing that somebody typed is more than words, and templates reach only the link."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from studio_cli.booking import studio as studios
from studio_cli.booking.studio import found
from studio_cli.language import ENGLISH, LANGUAGES, Language
from studio_cli.letters import WIDTH, NoSubject, source_of, write
from studio_cli.model.colors import palette
from studio_cli.model.message import KINDS, LINK
from studio_cli.templates import folder
from tests.conftest import ZONE, Clock, Maker
from tests.every_mail import PAGE, EveryMail, Mail
from tests.test_texts import Words

DATA: dict[str, Any] = {
    "studio": {
        "name": "Ana Silva", "email": "ana@example.com", "phone": "+1 416 555 0134", "signature": "",
        "instructions": "By transfer", **palette("#7a3e9d"),
    },
    "session": {
        "reference": "S1", "held_until": "", "wish": "", "policy": ["You can move it yourself until then."],
        "wishes": ["Friday 4 December 2026, 10:00", "Monday 7 December 2026, 10:00"],
        "offered": ["Friday 4 December 2026, 10:00", "Monday 7 December 2026, 10:00"],
        "title": "Portrait", "day": "Friday 4 December 2026", "time": "10:00 to 11:00", "location": "Park",
        "starts_at": "Friday 4 December 2026, 10:00", "zone": "America/Toronto, UTC−05:00", "asks": "CA$250.00",
        "due_now": "CA$50.00", "total": "CA$250.00", "paid": "CA$50.00", "balance": "CA$200.00",
        "balance_due": "Friday 27 November 2026", "deadline": "Fri 27 Nov 2026 10:00", "status": "pending",
        "steps_left": "Review", "announced": False, "refunded": "CA$20.00",
    },
    "client": {"name": "Rui", "email": "rui@example.com", "phone": "+1 416 555 0135"},
    "receipt": {"number": "7", "amount": "CA$50.00", "at": "Fri 20 Nov 2026 10:00"},
    "refund": {"amount": "CA$20.00"},
    "changed": [{"label": "Where", "before": "Beach", "now": "Park"}],
    "mail": {"money": [], "note": "Hello", "again": False, "overdue": False, "today": False, "moved": False, "picked": False},
    "news": {"headline": "News", "sentence": "Somebody has paid:", "command": "studio session show 1"},
    "link": LINK, "stop": LINK,
}  # fmt: skip
"""What a template may know, with a text in every place."""


def made(body: str, **changes: Any) -> tuple[str, str]:
    """Return text and HTML of a mail with this body; of the HTML only what the template became."""
    _, text, html = write(f"Subject: S\n\nHello,\n\n{body}\n", {**DATA, **changes}, ENGLISH)
    inner = html.partition("</p>\n")[2].partition('</td></tr>\n<tr><td class="room soft')[0]
    return text, inner


def typed(value: str) -> dict[str, Any]:
    """Return the data with a value in every place where somebody can type one; most places keep one line only."""
    line = " ".join(value.split())
    return {
        **DATA,
        "studio": {**DATA["studio"], "name": line, "phone": line, "instructions": value},
        "session": {**DATA["session"], "title": line, "location": line, "wish": value},
        "client": {**DATA["client"], "name": line, "phone": line},
        "changed": [{"label": "Where", "before": line, "now": line}],
        "mail": {**DATA["mail"], "note": value},
        "news": {**DATA["news"], "headline": line, "sentence": line},
    }


class Tags(HTMLParser):
    """The tags of a page with their attributes, but for line breaks, which follow the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        if tag != "br":
            self.found.append((tag, tuple(attrs)))

    @property
    def leads(self) -> list[str | None]:
        """Where its links lead."""
        return [dict(attrs).get("href") for tag, attrs in self.found if tag == "a"]


def words_of(page: str) -> str:
    """Return what is read of a page, on one line."""
    return " ".join(" ".join(Words(page).lines).split())


# ── one text, two parts ───────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, list[Mail]]]:
    """Every mail in every state, by its language; written once for all that look at them."""
    clock = Clock()
    studio = found(
        tmp_path_factory.mktemp("mails") / "studio.db", clock, name="Ana Silva Photography",
        email="ana@example.com", timezone=ZONE, currency="CAD", test=True,
    )  # fmt: skip
    studios.change_setting(studio, "studio.phone", "+1 416 555 0134")
    written, make = {}, Maker(studio)
    for code in LANGUAGES:
        studios.change_setting(studio, "studio.locale", code)
        written[code] = EveryMail(studio, make, clock).write()
    yield written
    studio.file.close()


def test_every_kind_in_every_mail(mails: Mapping[str, list[Mail]]) -> None:
    """What is looked at below is every kind of mail, with and without a link, each by a name of its own."""
    for written in mails.values():
        assert {mail.kind for mail in written} == set(KINDS)
        assert len({mail.name for mail in written}) == len(written) > 60


def only_in_text(text: str, language: Language) -> str:
    """Return a text part without what only it has to say in words: what the HTML shows by its form."""
    for known in ("until now: %(what)s", "from now on: %(what)s"):
        text = re.sub(rf"^    {language.text(known, what='')}", "", text, flags=re.MULTILINE)
    return re.sub(r"^(> ?|\d\. )", "", text, flags=re.MULTILINE)


def only_in_html(html: str, language: Language) -> str:
    """Return the HTML without its head, its preview and the studio's name above it, and without the word about the button."""
    body = re.sub(r"<div .*?</div>", "", html.partition("<body")[2], count=1, flags=re.DOTALL)
    body = re.sub(r'<p class="soft"[^>]*>.*?</p>', "", "<body" + body, count=1)
    return body.replace(language.text("If the button does not work, open this address:"), "")


def test_both_parts_say_the_same(mails: Mapping[str, list[Mail]]) -> None:
    """Text and HTML of every mail, in every state and language, say the same words in the same order."""
    for code, written in mails.items():
        language = Language(code, code)
        for mail in written:
            text = only_in_text(mail.letter.text, language)
            html = words_of(only_in_html(mail.letter.html, language))
            assert re.findall(r"\w+", text) == re.findall(r"\w+", html), (code, mail.name)


def test_every_mail_is_tidy(mails: Mapping[str, list[Mail]]) -> None:
    """No line is longer than can be read, no paragraph is torn, and no page is so long that Gmail cuts it (102 kB)."""
    for written in mails.values():
        for mail in written:
            letter = mail.letter
            assert "\n" not in letter.subject and letter.subject.strip(" :,") == letter.subject
            assert max(len(line) for line in letter.text.split("\n")) <= WIDTH, mail.name
            assert "\n\n\n" not in letter.text and letter.text.endswith("0134\n"), mail.name
            assert not re.search(
                r"[{}]|%\(| [,.:?]|\(\)|None(?! of them)|[\ue000\ue001]", letter.text.replace(LINK, "")
            )
            assert len(letter.html.encode()) < 20_000


def test_links_of_every_mail(mails: Mapping[str, list[Mail]]) -> None:
    """A mail with a link says it once in its text and twice in its HTML, on the button and below; others never."""
    for written in mails.values():
        for mail in written:
            linked = mail.kind not in {"canceled", "declined", "expired", "refund", "owner"}
            linked = linked and "no link" not in mail.name
            assert mail.letter.text.count(LINK) == linked, mail.name
            if mail.kind == "time-free":  # its button leads to a page for everybody, its link off the list
                assert Tags(mail.letter.html).leads == [PAGE] * 2 + [LINK] * linked, mail.name
                continue
            assert Tags(mail.letter.html).leads == [LINK] * 2 * linked, mail.name
            assert mail.letter.html.count(LINK) == 3 * linked


# ── what somebody typed ───────────────────────────────────────────────────────────────────────────

HOSTILE = [
    "*a*", "__a__", "`a`", "```", "~~~", "# a", "- a", "1. a", "1) a", "> a", "***", "---", "===", "| a | b |\n|---|---|",
    "[a](https://evil.example)", "[a]: https://evil.example", "![a](https://evil.example/a.png)", "<https://evil.example>",
    "https://evil.example", "<b>a</b>", "<img src=x onerror=alert(1)>", "</td></table>", "<!--", "&lt;b&gt;", "&#60;b&#62;",
    "{{ link }}", "{% if link %}", "{# a #}", "\ue0000\ue001", "\ue000", "\ue001", LINK, "{studio:\ue000link}",
    "%7Bstudio:link%7D", "&#123;studio:link}", "[a](%7Bstudio:link%7D)", "\\", "\\\\", '"', "'", "=", "\n", "\n\n",
    "    a", "\t", "a" * 1000, "a b " * 250, "\u202e", "\u200f", "שלום עולם", "Ana",
]  # fmt: skip
VALUES = (
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=5)
    .map(lambda parts: "".join(parts).strip())
    .filter(lambda value: value.strip("\ue000\ue001 \n\t"))
)


@settings(max_examples=60, deadline=None)
@given(value=VALUES, kind=st.sampled_from(sorted(KINDS)))
@example("\ue0000\ue001", "share")
@example("{studio:link}", "share")
@example("{studio:\ue000link}", "owner")
@example("%7Bstudio:link%7D", "confirmed")
@example("[a](%7Bstudio:link%7D)", "declined")
@example("![a](https://evil.example/a.png)", "reminder")
def test_what_is_typed_is_only_words(value: str, kind: str) -> None:
    """Whatever a name, a title, a place or a note is: no tag, link or part comes of it, and it is read as it was typed."""
    _, text, html = write(source_of(kind), typed(value), ENGLISH)
    _, tame_text, tame = write(source_of(kind), typed("a"), ENGLISH)
    assert Tags(html).found == Tags(tame).found
    assert html.count(LINK) == tame.count(LINK) and text.count(LINK) == tame_text.count(LINK)
    shown = " ".join(re.sub("[\ue000\ue001]", "", value).replace(LINK, "{studio link}").split())
    assert shown in " ".join(text.replace("\n> ", "\n").split())
    assert shown in words_of(html)


@settings(max_examples=60, deadline=None)
@given(value=VALUES)
@example("- a\n- b")
@example("1. a\n2. b")
@example("a\n===")
@example("{studio:link}")
@example("%7Bstudio:link%7D")
def test_what_is_typed_is_only_words_in_every_place(value: str) -> None:
    """The same where an owner's template puts it: alone, as a heading, in a list, in bold, or beside the link."""
    for body in (
        "{{ mail.note }}",
        "# {{ mail.note }}",
        "* {{ mail.note }}",
        "[{{ mail.note }}]({{ link }}) {{ link }}",
    ):
        mail = {
            **DATA["mail"],
            "note": value if body == "{{ mail.note }}" else " ".join(value.split()) or "a",
        }
        _, hostile = made(body, mail=mail)
        _, tame = made(body, mail={**mail, "note": "a"})
        assert Tags(hostile).found == Tags(tame).found, body
        assert hostile.count(LINK) == tame.count(LINK)


def test_lines_of_a_note_stay_lines() -> None:
    """A note of several lines is quoted line by line, in both parts, and a long line is wrapped within its quote."""
    text, html = made("{{ quote(mail.note) }}", mail={**DATA["mail"], "note": "one\ntwo " + "three " * 20})
    quoted = [line for line in text.split("\n") if line.startswith("> ")]
    assert quoted[0] == "> one" and len(quoted) == 3 and max(map(len, quoted)) <= WIDTH
    assert "one<br>two three" in html


def test_missing_data_is_an_error() -> None:
    """A template that asks for what there is not fails instead of showing a hole."""
    with pytest.raises(UndefinedError):
        made("{{ client.nmae }}")
    with pytest.raises(UndefinedError):
        write(source_of("share"), {**DATA, "session": {}}, ENGLISH)


# ── what a template can do ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "text", "times"),
    [
        ("[Book here]({{ link }})", f"Book here: {LINK}", 1),
        ("{{ link }}", LINK, 1),
        ("Open {{ link }} now", f"Open {LINK} now", 1),
        ("**{{ link }}**", f"**{LINK}**", 1),
        ("[{{ link }}]({{ link }})", f"{LINK}: {LINK}", 1),
        ("- {{ link }}\n- {{ link }}", f"- {LINK}\n- {LINK}", 2),
        ("{{ button('Book') }}", f"Book:\n{LINK}", 2),
    ],
)
def test_ways_to_the_link(body: str, text: str, times: int) -> None:
    """A template leads to the link with a button, with words of its own, or with the bare address."""
    letter, html = made(body)
    assert f"\n\n{text}\n\n" in letter
    assert Tags(html).leads == [LINK] * times
    assert "%7B" not in html and html.count("<a ") == html.count("</a>")


@pytest.mark.parametrize(
    "body",
    [
        "![a](https://example.com/a.png)",
        '<img src="https://example.com/a.png">',
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">a</a>',
        "[a](javascript:alert(1))",
        "[a](JavaScript:alert(1))",
        "[a](data:text/html,a)",
        "[a](vbscript:a)",
        "[a](//example.com)",
        "[a](cid:logo)",
        "<javascript:alert(1)>",
        '``` {{ link }}"><b>\na\n```',
    ],
)
def test_what_a_template_cannot_do(body: str) -> None:
    """No picture, no HTML of its own, and no link other than to a website, an address or a telephone."""
    _, html = made(body)
    tags = Tags(html)
    assert {tag for tag, _ in tags.found} <= {"p", "a", "pre", "code"}
    assert all(str(href).startswith("https://example.com") for href in tags.leads)
    assert not any(name.startswith("on") for _, attrs in tags.found for name, _ in attrs)


def test_markdown_of_a_template() -> None:
    """Headings, lists, quotes, lines and links to elsewhere are dressed for mail programs, which know no stylesheet."""
    _, html = made(
        "# One\n\n- two\n\n1. three\n\n> four\n\n---\n\n[five](https://example.com) **six**\n\n{{ details() }}"
    )
    for tag in ("h1", "ul", "ol", "blockquote", "hr", "p", "a"):
        assert f"<{tag} " in html and 'style="' in html.split(f"<{tag} ")[1].split(">")[0]
    assert "<strong>six</strong>" in html and "Portrait" in html


@settings(max_examples=60, deadline=None)
@given(
    source=st.lists(
        st.sampled_from([*HOSTILE, "{{ link }}", "{{ details() }}", "\n\n", " "]), max_size=8
    ).map("".join)
)
@example("\ue0007\ue001")
@example("{{ '\\ue0007\\ue001' }}")
@example("{{ details() }} \ue0000\ue001")
def test_private_marks_in_a_template(source: str) -> None:
    """Whatever signs a template is made of, its mail is written, and every part stands there once for each time it is placed."""
    _, html = made(
        "{% raw %}"
        + source.replace("{{ details() }}", "{% endraw %}{{ details() }}{% raw %}")
        + "{% endraw %}"
    )
    assert "\ue000" not in html and "\ue001" not in html
    assert html.count("<table") == source.count("{{ details() }}")


def test_lines_are_as_long_as_can_be_read() -> None:
    """Long paragraphs are wrapped; an address is never torn, wherever it stands."""
    long = "https://example.com/" + "a" * 100
    text, _ = made(f"{'word ' * 60}{long} {'word ' * 10}\n\n  {'deep ' * 30}")
    lines = text.split("\n")
    assert long in lines
    assert max(len(line) for line in lines if line != long) <= WIDTH
    assert [line.startswith("  deep") for line in lines if "deep" in line] == [True] * 2


def test_signature_of_several_lines() -> None:
    """A signature of the owner's stands at the end as it is, line by line; without one, name and ways to reach them."""
    signature = "Ana <Silva>\nphotographer & *more*\n" + "Queens Quay West " * 8
    text, _ = made("a", studio={**DATA["studio"], "signature": signature})
    assert text.split("\n\n")[-1].startswith("Ana <Silva>\nphotographer & *more*\nQueens")
    assert max(map(len, text.split("\n"))) <= WIDTH
    _, _, html = write(
        "Subject: S\n\na\n", {**DATA, "studio": {**DATA["studio"], "signature": signature}}, ENGLISH
    )
    assert "Ana &lt;Silva&gt;<br>photographer &amp; *more*<br>Queens Quay" in html
    assert made("a")[0].endswith("\n\na\n\nAna Silva\nana@example.com\n+1 416 555 0134\n")


@pytest.mark.parametrize("source", ["", "Hello,", "\n\nHello\nSubject: a", "subject: a\n", " Betreff: a"])
def test_template_without_a_subject(source: str) -> None:
    """A template that does not begin with the line of its subject is told from one that does."""
    with pytest.raises(NoSubject):
        write(source, DATA, ENGLISH)


def test_subject_is_one_line_of_words() -> None:
    """A subject is one line whatever is filled in, with single spaces."""
    subject, text, html = write("\nSubject:  {{ session.title }}\t !\n\na\n", DATA, ENGLISH)
    assert subject == "Portrait !"
    assert LINK not in html and LINK not in text


def test_preview_is_words(mails: Mapping[str, list[Mail]]) -> None:
    """What a mailbox shows beside the subject is what the mail says after the greeting, without marks and addresses."""
    _, _, html = write(
        "Subject: S\n\nHello,\n\n{{ quote('Yes') }}\n\n" + "a" * 125 + " {{ link }} b\n", DATA, ENGLISH
    )
    assert f">Yes {'a' * 125} b" in html
    for mail in mails["en"]:
        preview = re.findall(r"<div [^>]*>(.*?)</div>", mail.letter.html)[0]
        assert len(preview) > 40 and "&gt;" not in preview and "studio:" not in preview, mail.name


def test_no_letter_loads_anything() -> None:
    """The frame around every mail names no address: nothing is fetched when it is read, nobody learns that it was."""
    frame = (folder() / "email" / "frame.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import|<link|<script", frame)
