"""On which line things stand in a TOML text."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_cli.model.toml_lines import Path, lines_of

TRICKY = '''# [[field]]
title = "a # [[field]]"  # title
about = """
[[field]]
name = 1 \\"""
""""
note = \'\'\'
label = 'x'\'\'\'
[[field]]
name = "a"
options = [
  "one ] # two", # [
  'th"ree',

  ["in", ["side"]],
]
show_if = { field = "b", "equals" = { deep = [1, "}"] } }
help.me.please = 1979-05-27 07:32:00
[field.sub]
kind = 1

[[ "field" ]]
"na\\u006de" = "b"
[[field.inner]]
x = 1
[[field.inner]]
x = 2
[other . table]
y = [{ z = 1 }, { z = 2 }]
'''

WHERE: dict[Path, int] = {
    ("title",): 2,
    ("about",): 3,
    ("note",): 7,
    ("field", 0): 9,
    ("field", 0, "name"): 10,
    ("field", 0, "options"): 11,
    ("field", 0, "options", 0): 12,
    ("field", 0, "options", 1): 13,
    ("field", 0, "options", 2): 15,
    ("field", 0, "options", 2, 0): 15,
    ("field", 0, "options", 2, 1): 15,
    ("field", 0, "options", 2, 1, 0): 15,
    ("field", 0, "show_if"): 17,
    ("field", 0, "show_if", "field"): 17,
    ("field", 0, "show_if", "equals"): 17,
    ("field", 0, "show_if", "equals", "deep"): 17,
    ("field", 0, "show_if", "equals", "deep", 0): 17,
    ("field", 0, "show_if", "equals", "deep", 1): 17,
    ("field", 0, "help"): 18,
    ("field", 0, "help", "me"): 18,
    ("field", 0, "help", "me", "please"): 18,
    ("field", 0, "sub"): 19,
    ("field", 0, "sub", "kind"): 20,
    ("field", 1): 22,
    ("field", 1, "name"): 23,
    ("field", 1, "inner", 0): 24,
    ("field", 1, "inner", 0, "x"): 25,
    ("field", 1, "inner", 1): 26,
    ("field", 1, "inner", 1, "x"): 27,
    ("other", "table"): 28,
    ("other", "table", "y"): 29,
    ("other", "table", "y", 0): 29,
    ("other", "table", "y", 0, "z"): 29,
    ("other", "table", "y", 1): 29,
    ("other", "table", "y", 1, "z"): 29,
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tricky_text(end: str) -> None:
    """Comments, texts of many lines, inline tables, quoted and dotted keys do not fool it."""
    source = TRICKY.replace("\n", end)
    assert lines_of(source) == WHERE
    data = tomllib.loads(source)
    for path in WHERE:
        assert at(data, path) is not None


def at(data: Any, path: Path) -> Any:
    """Return what stands at a path, as tomllib reads it."""
    for step in path:
        data = data[step]
    return data


# Lines of a form, each with the key that begins on its first line.
LINES = st.sampled_from(
    [
        ("# comment", None), ("", None), ("  # [[field]]", None), ("key{} = 1", ""), ('key{} = "# [[field]]"', ""),
        ('key{} = """\n[[field]]\nkey0 = 1\n"""', ""), ("key{} = '''\n\n# x'''", ""),
        ("key{} = [\n  1, # ]\n\n  2,\n]", ""), ("key{} = {{ a = '}}', b = [1] }}", ""), ('"key{}" = 2026-12-01', ""),
        ("  key{}=true#", ""), ("key{} = '''''a'''''", ""), ('key{} = """"a""""" # "', ""), ("key{}.x = 1", ""),
    ]
)  # fmt: skip


@given(st.lists(st.lists(LINES, max_size=8), max_size=5))
def test_lines_of_any_form(tables: list[list[tuple[str, str | None]]]) -> None:
    """The n-th table and each of its keys are found on the line on which they were written."""
    source, expected, line = "", {}, 1
    for number, table in enumerate(tables):
        expected["field", number] = line
        source, line = source + "[[field]]\n", line + 1
        for index, (text, key) in enumerate(table):
            if key is not None:
                expected["field", number, f"key{index}"] = line
            written = text.format(index) if key is not None else text
            source += written + "\n"
            line += written.count("\n") + 1
    data = tomllib.loads(source)
    found = lines_of(source)
    assert {path: found[path] for path in expected} == expected
    assert {path for path in found if len(path) <= 3} == set(expected)
    assert len(data.get("field", [])) == len(tables)


@given(st.text() | st.text(alphabet="[]{}=,.\"'# \n\\ab1").filter(bool))
def test_no_text_breaks_it(source: str) -> None:
    """Whatever the text is, it answers; whether it is TOML is for another to say."""
    lines = lines_of(source)
    assert all(1 <= line <= source.count("\n") + 1 for line in lines.values())


@pytest.mark.parametrize("source", ["a = " + "[" * 100_000, "[" * 100_000, "a = " + "{b=" * 100_000])
def test_brackets_without_end(source: str) -> None:
    """Brackets within brackets, as deep as anybody can send them, are not followed for ever."""
    assert isinstance(lines_of(source), dict)
