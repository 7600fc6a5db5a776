"""Templates: finding, checking and rendering what clients read. Plain data only, in Jinja's sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio_cli.language import ENGLISH, Language, catalogue, one_stop_in

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
    one_stop_in(environment)
    return environment


def render(name: str, data: Mapping[str, Any], language: Language = ENGLISH) -> str:
    """Return the template ``name`` (``page/review.html``) in a language, filled with plain ``data``; HTML is escaped."""
    around = {"lang": language.code, "dir": language.direction}
    return _environment(language.code).get_template(name).render({**around, **data})


def part(name: str, macro: str, data: Mapping[str, Any], language: Language, *words: str) -> str:
    """Return what one macro of the template ``name`` makes of plain ``data`` and words; in HTML they are escaped."""
    around = {"lang": language.code, "dir": language.direction}
    module = _environment(language.code).get_template(name).make_module({**around, **data})
    return str(getattr(module, macro)(*words))


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
_MARKDOWN = re.compile(r"([`*_\[\]<>&|~#])")
# What is special where a line begins: a place called “1. Park” is not to be read as a list.
_FIRST = re.compile(r"^([^\S\n]*(?:[0-9]{1,9}(?=[.)](?:\s|$))|(?=[-+=:](?:[-+=:\s]|$))))", re.MULTILINE)


_ALONE = re.compile(r"^[ \t]*(\{%[^%\n]*%\})[ \t]*\n", re.M)


def escaped(value: object) -> str:
    """Return a value for a Markdown text: its characters mean themselves, its lines stay lines."""
    # A backslash as a character reference: before the | of a table no second one makes it harmless.
    text = "&#92;".join(_MARKDOWN.sub(r"\\\1", part) for part in str(value).split("\\"))
    return _FIRST.sub(r"\1\\", text).replace("\n", "\\\n")


@cache
def _words() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, finalize=escaped, keep_trailing_newline=True
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
        return [Mistake(problem.lineno, syntax_words(problem.message))]
    except RecursionError:
        return [Mistake(1, _TOO_DEEP)]
    except ValueError:  # a number of thousands of digits
        return [Mistake(1, "It cannot be read: there is a number in braces.")]
    return list(dict.fromkeys(islice(_mistakes(tree, variables), MOST_MISTAKES)))


def syntax_words(message: str | None) -> str:
    """Return what Jinja says of a text that it cannot read, as a sentence without its own terms."""
    words = message or "It cannot be read"
    for term, meant in (("end of print statement", "}}"), ("end of statement block", "%}")):
        words = words.replace(term, meant)
    unknown = re.match(r"Encountered unknown tag '(\w+)'", words)
    unclosed = re.search(r"block that needs to be closed is '(\w+)'", words)
    cut = re.match(r"unexpected end of template, expected '(.+)'", words, re.I)
    if unclosed:
        here = f"{{% {unknown[1]} %}} stands where" if unknown else "It ends before"
        return f"{here} {{% {unclosed[1]} %}} is closed: write {{% end{unclosed[1]} %}}."
    if unknown and unknown[1].startswith("end"):
        return f"{{% {unknown[1]} %}} closes nothing."
    if unknown:
        return f"There is no {{% {unknown[1]} %}} here."
    if cut:
        return f"It ends in the middle: {cut[1]} is missing."
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?")) else ".")


DEEPEST = 20
"""So much can stand within each other, or in one chain: Python compiles about a hundred."""
MOST_MISTAKES = 200
_TOO_DEEP = "Too much is within each other."
_ONLY = "Only {{ noun.word }} and {% if noun.word %} … {% else %} … {% endif %} can stand in braces."


def _mistakes(
    node: nodes.Node, variables: Mapping[str, Mapping[str, str]], depth: int = 0
) -> Iterator[Mistake]:
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        problem = _unknown(node.node.name, node.attr, variables)
        if problem:
            yield Mistake(node.lineno, problem)
    elif isinstance(node, nodes.Name):
        yield Mistake(node.lineno, _alone(node.name, variables))
    elif depth > DEEPEST or (isinstance(node, nodes.If) and len(node.elif_) > DEEPEST):
        yield Mistake(node.lineno, _TOO_DEEP)
    elif not _may_stand(node):
        yield Mistake(_line(node), _ONLY)
    else:
        for child in node.iter_child_nodes():
            yield from _mistakes(child, variables, depth + 1)


def _line(node: nodes.Node) -> int:
    """Return the line of a part: some of Jinja's own have none, but what stands in them does."""
    return node.lineno or next((_line(child) for child in node.iter_child_nodes()), 1)


def _may_stand(node: nodes.Node) -> bool:
    """Return whether a part of a text is of a kind that can be filled in, quickly and whatever the values are."""
    from jinja2 import nodes

    if isinstance(node, nodes.Compare):  # texts with texts: anything else can fail when it is filled in
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        return all(isinstance(side, (nodes.Getattr, nodes.Name)) or _is_text(side) for side in sides)
    plain = (
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Not, nodes.And, nodes.Or, nodes.Operand,
    )  # fmt: skip
    return isinstance(node, plain) or _is_text(node)


def _is_text(node: nodes.Node) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Const) and isinstance(node.value, str) and node.value.isprintable()


def _unknown(noun: str, word: str, variables: Mapping[str, Mapping[str, str]]) -> str | None:
    from studio_cli.model.text import did_you_mean, nearest, shown

    if word in variables.get(noun, {}):
        return None
    known = [f"{one}.{two}" for one, words in variables.items() for two in words]
    near = did_you_mean(nearest(f"{noun}.{word}"[:60], known))
    return f"There is no {shown(f'{noun}.{word}'[:60])} here.{f' {near}' if near else ''}"


def _alone(name: str, variables: Mapping[str, Mapping[str, str]]) -> str:
    from studio_cli.model.text import shown

    if name in variables:
        return f"{name} alone says nothing: write for example {name}.{next(iter(variables[name]))}."
    return f"There is no {shown(name[:60])} here. There is {', '.join(variables)}."
