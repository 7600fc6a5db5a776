"""The order that a list is asked for in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """By which field, and whether from the largest down."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """What a field is sorted by: an expression of SQL. Where it can be empty, empty comes last either way."""

    expression: str
    can_be_empty: bool = False


def order_by(keys: Mapping[str, Key], order: Order | None, *default: str) -> str:
    """Return the terms of an ORDER BY; only a field in ``keys`` ever gets into one. ``default`` settles what is equal."""
    if order is None:
        return ", ".join(default)
    key = keys[order.field]
    empty_last = [f"{key.expression} IS NULL"] if key.can_be_empty else []
    return ", ".join([*empty_last, f"{key.expression} {'DESC' if order.descending else 'ASC'}", *default])
