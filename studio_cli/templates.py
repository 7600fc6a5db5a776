"""Templates: finding, checking and rendering what clients read. Plain data only, in Jinja's sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio_cli.language import ENGLISH, Language, catalogue

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment


def folder() -> Path:
    """Return the shipped templates: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "shipped_templates"
    return installed if installed.is_dir() else package.parent / "templates"


@cache
def _environment(code: str) -> ImmutableSandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder()),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(catalogue(code), newstyle=True)  # type: ignore[attr-defined]
    return environment


def render(name: str, data: Mapping[str, Any], language: Language = ENGLISH) -> str:
    """Return the template ``name`` (``email/share.txt``) in a language, filled with plain ``data``; HTML is escaped."""
    around = {"lang": language.code, "dir": language.direction}
    return _environment(language.code).get_template(name).render({**around, **data})


# ── the owner's own texts ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a text, and on which line."""

    line: int
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return ``{line, message}``."""
        return {"line": self.line, "message": self.message}


# What is special in Markdown wherever it stands: a client called *Rui* is not to be read in italics.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&|~#])")


_ALONE = re.compile(r"^[ \t]*(\{%[^%\n]*%\})[ \t]*\n", re.M)


def _escaped(value: object) -> str:
    """Return a value for a Markdown text: its characters mean themselves, its lines stay lines."""
    return _MARKDOWN.sub(r"\\\1", str(value)).replace("\n", "\\\n")


@cache
def _words() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=_escaped, keep_trailing_newline=True
    )


def fill_in(source: str, data: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown text of the owner's that ``check_words`` found nothing in, filled with ``data``."""
    # A line that is only a condition leaves no line behind; after any other, line breaks are the text's own.
    lines = _ALONE.sub(r"\1", source)
    return re.sub(r"\n{3,}", "\n\n", _words().from_string(lines).render(data)).strip()


def check_words(source: str, variables: Mapping[str, Mapping[str, str]]) -> list[Mistake]:
    """Return what is wrong with a text that may say ``{{ client.name }}`` and ``{% if session.location %}``.

    Nothing else of Jinja is allowed there: no loop, no call, no arithmetic, so that no text can take long to
    fill in or reach anything but its variables.
    """
    from jinja2 import TemplateSyntaxError

    try:
        tree = _words().parse(source)
    except TemplateSyntaxError as problem:
        return [Mistake(problem.lineno, f"{problem.message or 'It cannot be read'}.".replace("..", "."))]
    except RecursionError:
        return [Mistake(1, "Too much is within each other.")]
    return list(dict.fromkeys(_mistakes(tree, variables)))


def _mistakes(node: nodes.Node, variables: Mapping[str, Mapping[str, str]]) -> Iterator[Mistake]:
    from jinja2 import nodes

    allowed = (
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Not, nodes.And, nodes.Or,
        nodes.Const, nodes.Compare, nodes.Operand,
    )  # fmt: skip
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        problem = _unknown(node.node.name, node.attr, variables)
        if problem:
            yield Mistake(node.lineno, problem)
        return
    if isinstance(node, nodes.Name):
        yield Mistake(node.lineno, _alone(node.name, variables))
        return
    if not isinstance(node, allowed):
        yield Mistake(
            node.lineno,
            "Only {{ noun.word }} and {% if noun.word %} … {% else %} … {% endif %} can stand in braces.",
        )
        return
    for child in node.iter_child_nodes():
        yield from _mistakes(child, variables)


def _unknown(noun: str, word: str, variables: Mapping[str, Mapping[str, str]]) -> str | None:
    from studio_cli.model.text import did_you_mean, nearest, shown

    if word in variables.get(noun, {}):
        return None
    known = [f"{one}.{two}" for one, words in variables.items() for two in words]
    near = did_you_mean(nearest(f"{noun}.{word}", known))
    return f"There is no {shown(noun)}.{shown(word)} here.{f' {near}' if near else ''}"


def _alone(name: str, variables: Mapping[str, Mapping[str, str]]) -> str:
    from studio_cli.model.text import shown

    if name in variables:
        return f"{name} alone says nothing: write for example {name}.{next(iter(variables[name]))}."
    return f"There is no {shown(name)} here. There is {', '.join(variables)}."
