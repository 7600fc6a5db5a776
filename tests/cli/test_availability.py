"""``studio availability``: the weekly hours."""

from __future__ import annotations

import pytest

from tests.conftest import Cli


def test_hours_of_a_new_studio(new_studio: Cli) -> None:
    """A new studio works Monday to Friday from nine to five, in its zone."""
    shown = new_studio("availability", "show", "--json").ok().json
    assert set(shown) == {"timezone", "weekly", "types", "overrides", "blocks"}
    assert shown["timezone"] == "America/Toronto"
    assert len(shown["weekly"]) == 5
    assert len(new_studio("availability", "show").ok().out.splitlines()) == 5


def test_set_hours(new_studio: Cli) -> None:
    """Hours are set for some days with several ranges, and taken away with off; the rest stays."""
    new_studio("availability", "set", "mon-fri", "09:00-12:00", "13:00-17:00").ok()
    assert len(new_studio("availability", "set", "sat,sun", "10:00-12:00").ok().out.splitlines()) == 12
    assert len(new_studio("availability", "set", "mon", "off", "--json").ok().json["weekly"]) == 10
    new = ("session", "new", "--one-off", "X", "--duration", "1h", "--add-client", "R", "--at")
    assert new_studio(*new, "2026-12-01 12:00").code == 3
    assert new_studio(*new, "2026-12-01 11:30").code == 3
    new_studio(*new, "2026-12-01 11:00").ok()


@pytest.mark.parametrize(
    "arguments",
    [("someday", "09:00-12:00"), ("mon", "9-25"), ("mon", "12:00-09:00"), ("mon", "lunch"), ("mon", "off", "09:00-10:00"),
     ("mon", "09:00-12:00", "11:00-13:00"), ("mon-", "off"), ("", "off"), ("mon",)],
)  # fmt: skip
def test_bad_hours(new_studio: Cli, arguments: tuple[str, ...]) -> None:
    """What are no hours is exit 2 in one or two lines, and the week stays as it is."""
    before = new_studio("availability", "show").ok().out
    result = new_studio("availability", "set", *arguments)
    assert (result.code, result.out) == (2, ""), result.err
    assert len(result.err.splitlines()) <= 2
    assert new_studio("availability", "show").ok().out == before
