"""What is written by a test: compared in CI, and rewritten with STUDIO_WRITE_DOCS=1."""

from __future__ import annotations

import os
import re
from pathlib import Path

WRITE = bool(os.environ.get("STUDIO_WRITE_DOCS"))
HOW = "make docs"


def check_file(path: Path, wanted: str) -> None:
    """Assert that a file has this text; or write it."""
    if WRITE:
        path.write_text(wanted, encoding="utf-8")
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    assert written == wanted, f"{path.name} is not what the program says any more. Write it anew: {HOW}"


def check_part(path: Path, name: str, wanted: str) -> None:
    """Assert that the part of a file between ``<!-- name -->`` and ``<!-- /name -->`` is this; or write it."""
    text = path.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {name}[^\n]*-->\n).*?(<!-- /{name} -->)", re.S)
    assert place.search(text), f"{path.name} has no place for {name}."
    check_file(path, place.sub(lambda match: f"{match[1]}{wanted}\n{match[2]}", text))
