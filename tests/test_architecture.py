"""docs/architecture.md says how the house is built, and the house is built so."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "studio_cli"
PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text(encoding="utf-8")
FLOORS = {
    floor: set(re.findall(r"`(\w+)`", uses))
    for floor, uses in re.findall(r"^\| `(\w+)` \|([^|]*)\|", TEXT, re.M)
}
OF_A_DOOR = {"typer", "click", "rich", "questionary", "prompt_toolkit", "starlette", "uvicorn", "http"}
"""Libraries that know a terminal or HTTP."""
WRITE = bool(os.environ.get("STUDIO_WRITE_DOCS"))
ROOMS = re.compile(r"(<!-- rooms: .*? -->\n).*?(?=\n## )", re.S)


def modules() -> Iterator[tuple[str, Path]]:
    """Yield each module with its floor; what stands beside the floors has none."""
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).parts
        yield (parts[0] if len(parts) > 1 else ""), path


def imported(path: Path) -> Iterator[str]:
    """Yield the name of every module that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_floor_is_in_the_page() -> None:
    """The floors of the page are the packages of the house."""
    assert {floor for floor, _ in modules() if floor} == set(FLOORS)


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_go_down(floor: str) -> None:
    """A floor imports itself, what the page allows it, and what stands beside the floors."""
    allowed = FLOORS[floor] | {floor}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for where, path in modules()
        if where == floor
        for name in imported(path)
        if name.startswith("studio_cli.") and name.split(".")[1] in set(FLOORS) - allowed
    ]
    assert wrong == []


def test_only_the_doors_know_a_terminal_or_http() -> None:
    """Nothing below the doors loads what prints, asks or serves."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for floor, path in modules()
        if floor in {"model", "store", "booking"}
        for name in imported(path)
        if name.split(".")[0] in OF_A_DOOR
    ]
    assert wrong == []


def test_sql_is_in_the_store_only() -> None:
    """No other floor writes SQL."""
    sql = re.compile(r"\b(SELECT\b.+\bFROM|INSERT\s+(OR \w+ )?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b", re.S)
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for floor, path in modules()
        if floor != "store"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and sql.search(node.value)
    ]
    assert wrong == []


def _rooms() -> str:
    """Return the nouns with the floors on which they have a room, and the rooms of one floor alone."""
    found: dict[str, list[str]] = {}
    for floor, path in modules():
        if floor and path.stem != "__init__":
            found.setdefault(path.stem, []).append(floor)
    order = ("cli", "web", "booking", "store", "model", "outside")
    shared = {noun: floors for noun, floors in sorted(found.items()) if len(floors) > 1}
    lines = [
        "| noun | " + " | ".join(f"`{floor}`" for floor in order) + " |",
        "|---" * (len(order) + 1) + "|",
    ]
    lines += [
        f"| {noun} | " + " | ".join("●" if floor in floors else "" for floor in order) + " |"
        for noun, floors in shared.items()
    ]
    alone = [
        f"- `{floor}` alone: "
        + ", ".join(noun for noun, floors in sorted(found.items()) if floors == [floor])
        for floor in order
    ]
    return "\n".join(["", *lines, "", *alone, ""])


def test_rooms_of_the_page() -> None:
    """The page shows the rooms that there are."""
    made = ROOMS.sub(lambda old: old[1] + _rooms(), TEXT)
    if WRITE:
        PAGE.write_text(made, encoding="utf-8")
    assert made == TEXT or WRITE, "STUDIO_WRITE_DOCS=1 pytest tests/test_architecture.py"
