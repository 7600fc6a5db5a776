"""The schemas of docs/schemas say everything, of every command, and docs/json.md lists them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from studio_cli.model import calendar, checkout, form, message, reminder_plan, session, site, terms
from studio_cli.model.settings import KEYS
from tests.command_tree import commands
from tests.generated import check_part
from tests.schemas import INDEX, index, printed_by, problem, schemas

PAGE = Path(__file__).parent.parent / "docs" / "json.md"
WITH_JSON = [one for one in commands() if "--json" in one.options]


def test_every_command_with_json_has_a_schema() -> None:
    """Every command that has --json says in docs/schemas/commands.json what it prints, and each schema is there."""
    for command in WITH_JSON:
        assert set(printed_by(command.path)) <= set(schemas()), command.name
    known = {" ".join(one.path) for one in WITH_JSON}
    assert set(index()) == known, f"There is no such command any more: take it out of {INDEX}."


def test_every_command_has_json() -> None:
    """Every command has --json."""
    assert [one.name for one in commands() if one not in WITH_JSON] == []


def test_every_schema_is_used() -> None:
    """Each schema is printed by a command, or is what a failure prints."""
    printed = {name for names in index().values() for name in names}
    assert set(schemas()) - printed - {"client", "form", "contract", "payment", "type", "session"} == {
        "common",
        "error",
    }


def objects(schema: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every description of an object in a schema, and where it is."""
    if isinstance(schema, dict):
        if schema.get("type") in ("object", ["object", "null"]):
            yield where, schema
        for name, inner in schema.items():
            yield from objects(inner, f"{where}/{name}")
    elif isinstance(schema, list):
        for place, inner in enumerate(schema):
            yield from objects(inner, f"{where}/{place}")


@pytest.mark.parametrize("name", schemas())
def test_schemas_are_strict(name: str) -> None:
    """An object of ours has all the fields that it lists, always, and no others."""
    from jsonschema import Draft202012Validator

    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)
    for where, found in objects(schema, name):
        named = found.get("properties", {})
        closed = found.get("additionalProperties", found.get("unevaluatedProperties"))
        base = where.startswith("common/$defs/") and where.count("/") == 2  # closed where it is used
        described = "description" in found and not named  # a map, or what depends on the kind
        assert closed is False or base or described, f"{where} lets anything in."
        assert set(found.get("required", [])) == set(named) or "$comment" in found, (
            f"{where} can miss fields."
        )


def enum(path: str) -> set[str]:
    """Return the words of an enumeration: ``common/status``, or of a field ``common/field.kind``."""
    name, _, field = path.partition(".")
    found = schemas()["common"]["$defs"][name]
    return set((found["properties"][field] if field else found)["enum"])


def test_words_are_those_of_the_program() -> None:
    """Where a schema lists the words that a field can have, they are those of the code."""
    assert enum("status") == set(session.STATUSES)
    assert enum("step_name") == set(session.STEPS)
    assert enum("channel") == set(get_args(session.Channel))
    assert enum("pay") == set(get_args(terms.Pay))
    assert enum("message_state") == set(message.STATES)
    assert enum("reminder") == set(get_args(reminder_plan.ReminderName))
    assert enum("request") == set(get_args(site.Request))
    assert enum("field.kind") == set(form.KINDS)
    assert enum("calendar.kind") == set(get_args(calendar.Kind))
    sync = schemas()["payment-sync"]["items"]["properties"]
    assert set(sync["what"]["enum"]) == set(get_args(checkout.What))
    assert set(sync["checkout"]["properties"]["state"]["enum"]) == set(get_args(checkout.State))
    assert list(schemas()["settings"]["properties"]) == list(KEYS)


def test_schemas_refuse_what_is_wrong() -> None:
    """A field more, a field less, and an amount that is a number are all found."""
    good: dict[str, Any] = {
        "slug": "family",
        "private": False,
        "link": "https://book.example.com/book/family",
    }
    assert problem(good, ["type-link"]) is None
    assert problem({**good, "price": 1}, ["type-link"]) is not None
    assert problem({"slug": "family", "link": "x"}, ["type-link"]) is not None
    total = {"month": "2026-11", "method": "cash"}
    money = {"amount": "1.00", "currency": "CAD"}
    assert problem([total | dict.fromkeys(("received", "refunded", "net"), money)], ["payment-sums"]) is None
    wrong = {"amount": 1.0, "currency": "CAD"}
    assert (
        problem([total | dict.fromkeys(("received", "refunded", "net"), wrong)], ["payment-sums"]) is not None
    )


def test_page_lists_what_each_command_prints() -> None:
    """docs/json.md says for every command which documents it prints, and what they are."""
    rows = ["| command | writes | |", "|---|---|---|"]
    for command in WITH_JSON:
        names = printed_by(command.path)
        links = ", ".join(f"[{name}](schemas/{name}.json)" for name in names)
        about = "; ".join(schemas()[name]["title"] for name in names)
        rows.append(f"| `{command.name} --json` | {links} | {about} |")
    check_part(PAGE, "commands", "\n".join(rows))
