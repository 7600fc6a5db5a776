"""The schemas of docs/schemas, and which command prints what."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs" / "schemas"
INDEX = FOLDER / "commands.json"
"""Which command prints documents of which schema."""


@cache
def schemas() -> dict[str, Any]:
    """Return every schema by its name."""
    paths = [path for path in sorted(FOLDER.glob("*.json")) if path != INDEX]
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


@cache
def index() -> dict[str, list[str]]:
    """Return the names of the schemas that a command prints."""
    return dict(json.loads(INDEX.read_text(encoding="utf-8")))


def printed_by(path: tuple[str, ...]) -> list[str]:
    """Return the schemas of a command; one that has none is told what to do."""
    name = " ".join(path)
    assert name in index(), f"Write a schema of what studio {name} --json prints, and name it in {INDEX}."
    return index()[name]


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resources = [(f"{one}.json", Resource(contents, DRAFT202012)) for one, contents in schemas().items()]
    registry: Any = Registry().with_resources(resources)
    return Draft202012Validator({"$ref": f"{name}.json"}, registry=registry)


def problem(document: Any, names: list[str]) -> str | None:
    """Return what is wrong with a document that one of these schemas should describe, or None."""
    from jsonschema.exceptions import best_match

    if any(_validator(name).is_valid(document) for name in names):
        return None
    worst = best_match(_validator(names[0]).iter_errors(document))
    return f"{names[0]}: {'/'.join(map(str, worst.absolute_path)) or 'the document'}: {worst.message[:300]}"
