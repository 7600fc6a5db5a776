"""A mail from its template: one text in Markdown, from which both its parts are made, so that they say the same."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from studio_cli.language import Language, catalogue, one_stop_in
from studio_cli.model.template import LINK, PARTS
from studio_cli.templates import escaped, folder, part, render

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

Form = Literal["text", "html"]
WIDTH = 76
"""Columns of the text part: RFC 5322 asks for fewer than 78."""
SUBJECT = "Subject:"
"""How the first line of every template begins."""
Written = tuple[str, str, str]
"""Subject, text and HTML."""

# Marks the place of a part while the words around it are read as Markdown. Nobody types private-use characters,
# and those that somebody pastes are taken out of every value.
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("<p[^>]*>\ue000(\\d+)\ue001</p>|\ue000(\\d+)\ue001")
_PRIVATE = re.compile("[\ue000\ue001]")
_LINK_IN_HREF = LINK.replace("{", "%7B").replace("}", "%7D")
_NO_LINK = LINK.replace(":", " ")
_LONE_LINK = re.compile(r"<a [^>]*>.*?</a>|<[^>]*>|(" + re.escape(LINK) + ")", re.DOTALL)
"""The link among words: neither in a tag nor where it is a link already."""
_WORDS_AND_ADDRESS = re.compile(r"(?<!!)\[([^\]\n]+)\]\(((?:\{\{[^}\n]*\}\}|[^\s(){}])+)\)")
"""A link as Markdown writes it, ``[words](address)``."""


class NoSubject(Exception):
    """A template does not begin with the line of its subject."""


class _Placed(str):
    """A part in its place: not to be escaped any more."""


def source_of(kind: str) -> str:
    """Return the shipped template of a kind of mail."""
    return (folder() / "email" / f"{kind}.md").read_text(encoding="utf-8")


def write(
    source: str, data: Mapping[str, Any], language: Language, logo: Mapping[str, Any] | None = None
) -> Written:
    """Return subject, text and HTML of a mail whose template is ``source``, filled with plain ``data``.

    ``logo`` is ``{address, width, height}`` in CSS pixels. Raises what Jinja raises, or ``NoSubject``.
    """
    source, data = _PRIVATE.sub("", source), {**_tame(data), **_links_in(data)}
    in_words = _WORDS_AND_ADDRESS.sub(r"\1: \2", source)
    subject, body = _split(_filled(in_words, data, language, "text", _placed_as_text(data, language)))
    signature = _signature(data["studio"])
    text = f"{_wrapped(body)}\n\n{_wrapped(signature)}\n"
    parts: list[str] = []
    _, words = _split(_filled(source, data, language, "html", _placed_in(parts, data, language)))
    frame = {
        **data,
        "subject": subject,
        "preview": _preview(body),
        "body": _safe(_as_html(words, parts, data["studio"]["ink_color"])),
        "signature": signature.split("\n"),
        "logo": logo,
    }
    return subject, text, render("email/frame.html", frame, language)


def _links_in(data: Mapping[str, Any]) -> dict[str, str]:
    """Return where the mail leads: there alone the place of a link may stand."""
    return {name: data[name] for name in ("link", "stop") if name in data}


def _tame(value: Any) -> Any:
    """Return data in which no text that somebody typed marks a place of ours: that of a part, or of the link."""
    if isinstance(value, str):
        return _PRIVATE.sub("", value).replace(LINK, _NO_LINK)
    if isinstance(value, Mapping):
        return {name: _tame(one) for name, one in value.items()}
    return [_tame(one) for one in value] if isinstance(value, (list, tuple)) else value


def _filled(source: str, data: Mapping[str, Any], language: Language, form: Form, parts: Any) -> str:
    # What is for nobody to read would be the first thing to be missed in a template: so it is all there.
    return _template(source, language.code, form).render({**data, **parts})


@lru_cache(maxsize=64)
def _template(source: str, code: str, form: Form) -> Template:
    """Return a template ready to be filled: to read it takes longer than all the rest, and many mails have the same."""
    return sandbox(code, form).from_string(source)


@cache
def sandbox(code: str, form: Form) -> ImmutableSandboxedEnvironment:
    """Return what templates of mails are read and filled in with, for one of the two forms."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=_for_text if form == "text" else _for_markdown,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.install_gettext_translations(catalogue(code), newstyle=True)  # type: ignore[attr-defined]
    one_stop_in(environment)
    for name in ("lipsum", "cycler", "joiner"):  # of no use in a mail
        del environment.globals[name]
    return environment


def _for_text(value: object) -> object:
    return value if isinstance(value, _Placed) else _PRIVATE.sub("", str(value))


def _for_markdown(value: object) -> object:
    if isinstance(value, _Placed):
        return value
    words = _PRIVATE.sub("", str(value))
    return LINK.join(escaped(one) for one in words.split(LINK))


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────

Placing = Mapping[str, Callable[..., str]]


def _placed_as_text(data: Mapping[str, Any], language: Language) -> Placing:
    return _placing(
        "email/parts.txt", data, language, lambda made: _Placed("\n\n" + made.strip("\n") + "\n\n")
    )


def _placed_in(parts: list[str], data: Mapping[str, Any], language: Language) -> Placing:
    def keep(made: str) -> str:
        parts.append(made)
        return _Placed("\n\n" + _MARK.format(len(parts) - 1) + "\n\n")

    return _placing("email/parts.html", data, language, keep)


def _placing(
    template: str, data: Mapping[str, Any], language: Language, place: Callable[[str], str]
) -> Placing:
    def placing(name: str) -> Callable[..., str]:
        return lambda *words: place(part(template, name, data, language, *words))

    return {name: placing(name) for name in PARTS}


# ── the two forms ─────────────────────────────────────────────────────────────────────────────────


def _split(filled: str) -> tuple[str, str]:
    """Return the subject, one line, and what follows it."""
    first, _, rest = filled.lstrip().partition("\n")
    if not first.startswith(SUBJECT):
        raise NoSubject
    return " ".join(first.removeprefix(SUBJECT).split()), rest


def _wrapped(body: str) -> str:
    """Return the text part: its lines no longer than can be read, its paragraphs one empty line apart."""
    lines = [line.rstrip() for line in body.strip("\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(wrapped for line in lines for wrapped in _lines(line)))


def _lines(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    indent = (re.match(r"(?:> )?\s*", line) or [""])[0]
    words = line[len(indent) :]
    return textwrap.wrap(
        words, WIDTH, initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _preview(body: str) -> str:
    """Return what a mailbox shows beside the subject: what comes after the greeting, in words."""
    _, _, after = re.sub(r"^> ?", "", body.strip(), flags=re.MULTILINE).partition("\n\n")
    return " ".join(after.replace(LINK, "").split())[:140]


def _signature(studio: Mapping[str, Any]) -> str:
    lines = (studio["name"], studio["email"], studio["phone"])
    return str(studio["signature"] or "\n".join(line for line in lines if line))


def _safe(html: str) -> str:
    from markupsafe import Markup

    return Markup(html)  # noqa: S704  # made from Markdown without raw HTML, and from our own parts


def _may_lead(address: str) -> bool:
    return (
        address.casefold().startswith(("https://", "http://", "mailto:", "tel:")) or address == _LINK_IN_HREF
    )


_STYLES = {
    "paragraph_open": "margin:0 0 16px 0",
    "heading_open": "margin:0 0 12px 0;font-size:19px;line-height:1.3",
    "bullet_list_open": "margin:0 0 16px 0;padding-inline-start:24px",
    "ordered_list_open": "margin:0 0 16px 0;padding-inline-start:24px",
    "blockquote_open": "margin:0 0 16px 0;padding-left:14px;border-left:4px solid #e6e4df",
    "code_block": "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px",
    "hr": "border:0;border-top:1px solid #e6e4df;margin:0 0 16px 0",
}


def _as_html(words: str, parts: list[str], link_color: str) -> str:
    """Return Markdown as HTML for mail programs: styles inline, no raw HTML, no pictures from elsewhere."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).disable("image")
    reader.validateLink = _may_lead  # type: ignore[assignment]
    tokens = reader.parse(words)
    for token in tokens:
        if token.type in _STYLES:
            token.attrs = {"style": _STYLES[token.type], "dir": "auto"}
        for child in token.children or ():
            if child.type == "link_open":
                address = LINK if child.attrs["href"] == _LINK_IN_HREF else child.attrs["href"]
                child.attrs |= {"href": address, "class": "leads", "style": f"color:{link_color}"}
    html = str(reader.renderer.render(tokens, reader.options, {}))
    link = f'<a class="leads" href="{LINK}" style="color:{link_color};word-break:break-all">{LINK}</a>'
    html = _LONE_LINK.sub(lambda match: link if match[1] else match[0], html)
    return _MARKED.sub(lambda match: parts[int(match[1] or match[2])], html)
