"""docs/file.md names what is in the file, all of it and nothing else."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from studio_cli.booking.studio import Studio

TEXT = (Path(__file__).parent.parent / "docs" / "file.md").read_text(encoding="utf-8")


def _names(studio: Studio, kind: str) -> set[str]:
    with sqlite3.connect(studio.file.path) as file:
        rows = file.execute("SELECT name FROM sqlite_master WHERE type = ? AND sql NOT LIKE '%fts5%'", [kind])
        return {str(name) for (name,) in rows}


def test_every_table_is_named(studio: Studio) -> None:
    """Each table has a row in the page and each row is a table."""
    hidden = {"sqlite_sequence"}
    named = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.M))
    shadows = {
        name for name in _names(studio, "table") if re.search(r"_(data|idx|content|docsize|config)$", name)
    }
    assert named == _names(studio, "table") - hidden - shadows


def test_views_are_named(studio: Studio) -> None:
    """Each view has a paragraph of its own."""
    assert set(re.findall(r"^\*\*`(\w+)`\*\*:", TEXT, re.M)) == _names(studio, "view")


def test_queries_run(studio: Studio) -> None:
    """Every query of the page runs."""
    queries = re.findall(r"^```sql\n(.*?)^```$", TEXT, re.M | re.S) + re.findall(r'"(SELECT .*?)"', TEXT)
    assert len(queries) == 3
    with sqlite3.connect(studio.file.path) as file:
        for query in queries:
            file.execute(query).fetchall()
