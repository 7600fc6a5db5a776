"""The text of a mail's template: put into plain words for its owner to change, and looked through for mistakes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING

from studio_cli.errors import WrongUsage
from studio_cli.language import Language, catalogue
from studio_cli.letters import sandbox, source_of
from studio_cli.model.template import ALONE, LONGEST, PARTS, VARIABLES
from studio_cli.model.text import clean, did_you_mean, nearest, shown
from studio_cli.templates import Mistake, escaped, syntax_words

if TYPE_CHECKING:
    from jinja2 import nodes

# ── in plain words ────────────────────────────────────────────────────────────────────────────────

HINT = "{# What can stand in braces: studio template show {kind} --variables #}\n"
"""The first line of an owner's template; no mail has it."""


def plain_source(kind: str, language: Language) -> str:
    """Return the shipped template of a kind in the words of a language: what ``_("…")`` says there stands in it.

    It makes the same mails as the shipped one.
    """
    lexer = sandbox(language.code, "text").lexer
    parts, braces = [HINT.replace("{kind}", kind)], ""
    for _, kind_of, text in lexer.tokeniter(source_of(kind), kind):
        if kind_of == "variable_begin" or braces:
            braces += text
        else:
            parts.append(text)
        if kind_of == "variable_end":
            parts.append(_plain(braces, language))
            braces = ""
    return "".join(parts)


def _plain(braces: str, language: Language) -> str:
    """Return ``{{ _("Hello %(name)s,", name=client.name) }}`` as ``Hello {{ client.name }},``, if it can be put so."""
    from jinja2 import nodes

    expression = next(iter(sandbox(language.code, "text").parse(braces).find_all(nodes.Output))).nodes[0]
    words = _words(expression, language)
    if words is not None:
        return words
    if isinstance(expression, nodes.Call) and len(expression.args) == 1 and not expression.kwargs:
        label = _words(expression.args[0], language)
        part = expression.node
        if label is not None and "{{" not in label and isinstance(part, nodes.Name):
            return f"{{{{ {part.name}({_quoted(label)}) }}}}"
    return braces


def _words(node: nodes.Node, language: Language) -> str | None:
    """Return what a call of ``_`` says, with its values in braces; None for anything else."""
    from jinja2 import nodes

    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name) or node.node.name != "_":
        return None
    if len(node.args) != 1 or not isinstance(node.args[0], nodes.Const):
        return None
    text = catalogue(language.code).gettext(node.args[0].value)
    values = {pair.key: _name(pair.value) for pair in node.kwargs}
    bare = text % dict.fromkeys(values, "x")
    # Words that Markdown or Jinja would read as more than words stay where they are protected.
    if None in values.values() or escaped(bare) != bare or "{" in bare:
        return None
    return str(text % {key: f"{{{{ {name} }}}}" for key, name in values.items()})


def _name(node: nodes.Node) -> str | None:
    """Return ``session.title``, or None for anything but such a name."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        before = _name(node.node)
        return before and f"{before}.{node.attr}"
    return None


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


# ── mistakes ──────────────────────────────────────────────────────────────────────────────────────


def mistakes_in(source: str) -> list[Mistake]:
    """Return what can be seen to be wrong with a template without filling it in, by line."""
    from jinja2 import TemplateSyntaxError

    try:
        clean(source, "The template", limit=LONGEST, multiline=True)
        tree = sandbox("en", "text").parse(source)
    except WrongUsage as problem:
        return [Mistake(1, problem.message)]
    except TemplateSyntaxError as problem:
        return [Mistake(problem.lineno, syntax_words(problem.message))]
    except RecursionError:
        return [Mistake(1, "Too much is within each other.")]
    except ValueError:  # a number of thousands of digits
        return [Mistake(1, "It cannot be read: there is a number in braces.")]
    try:
        found = list(_mistakes(tree, _own_names(tree)))
    except RecursionError:
        return [Mistake(1, "Too much is within each other.")]
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


def _own_names(tree: nodes.Node) -> set[str]:
    """Return the names that a template gives to something itself, in loops, ``set`` and macros."""
    from jinja2 import nodes

    names = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    names |= {node.name for node in tree.find_all(nodes.Macro)}
    return names | {"loop", "caller", "varargs", "kwargs"}


def _mistakes(node: nodes.Node, own: Collection[str]) -> Iterator[Mistake]:
    from jinja2 import nodes

    problem = None
    if isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        problem = "A template stands alone: nothing can be included, imported or extended."
    elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name not in own:
        problem = _unknown_word(node.node.name, node.attr)
    elif isinstance(node, nodes.Name) and node.name not in own:
        problem = _unknown_name(node.name)
    elif isinstance(node, nodes.Filter) and node.name not in _environment_names("filters"):
        problem = _unknown(f"filter {node.name}", node.name, _environment_names("filters"))
    elif isinstance(node, nodes.Test) and node.name not in _environment_names("tests"):
        problem = _unknown(f"test {node.name}", node.name, _environment_names("tests"))
    if problem:
        yield Mistake(node.lineno or 1, problem)
        return
    called = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in PARTS
    for child in node.iter_child_nodes(exclude=("node",) if called else ()):
        if isinstance(child, nodes.Name) and child.name in PARTS and child.name not in own:
            yield Mistake(child.lineno, f"{child.name} is placed with brackets: {PARTS[child.name].example}")
        yield from _mistakes(child, own)


@cache
def _environment_names(what: str) -> frozenset[str]:
    return frozenset(getattr(sandbox("en", "text"), what))


def _unknown_word(noun: str, word: str) -> str | None:
    if noun in VARIABLES:
        if word in VARIABLES[noun] or (not word.startswith("_") and hasattr(dict, word)):
            return None
    elif _unknown_name(noun) is None:
        return None
    known = [f"{one}.{two}" for one, words in VARIABLES.items() for two in words]
    return _unknown(f"{noun}.{word}", f"{noun}.{word}", known)


def _unknown_name(name: str) -> str | None:
    known = {*VARIABLES, *ALONE, *PARTS, *_environment_names("globals")}
    return None if name in known else _unknown(name, name, {*VARIABLES, *ALONE, *PARTS})


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = did_you_mean(nearest(name[:60], known))
    return f"There is no {shown(what[:60])} here.{f' {near}' if near else ''}"
