"""``studio type``: offerings and their terms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Cli

FAMILY = ("type", "add", "Family session", "--slug", "family", "--duration", "90m", "--price", "250")
TYPE_FIELDS = {
    "own_hours", "contract", "discount", "discount_percent", "discount_reason", "tax", "total", "balance_due_days",
    "tips", "refunds",
    "id", "slug", "name", "duration_minutes", "price", "pay", "deposit", "deposit_percent", "location",
    "buffer_before_minutes", "buffer_after_minutes", "increment_minutes", "notice_minutes", "window_days", "per_day",
    "hold_minutes", "form", "private", "created_at", "archived_at", "published", "description", "approval", "request",
    "site_hold_minutes", "verify_email", "move_until_minutes", "cancel_until_minutes", "waiting_list",
    "reminders",
}  # fmt: skip


def test_add_in_json(new_studio: Cli) -> None:
    """A new type has every field, with what is said and the defaults for the rest."""
    offer = new_studio(*FAMILY, "--deposit", "50", "--json").ok().json
    assert set(offer) == TYPE_FIELDS
    assert (offer["slug"], offer["duration_minutes"], offer["pay"]) == ("family", 90, "deposit")
    assert offer["price"] == {"amount": "250.00", "currency": "CAD"}
    assert offer["deposit"] == {"amount": "50.00", "currency": "CAD"}
    assert (offer["increment_minutes"], offer["private"], offer["archived_at"]) == (30, False, None)


@pytest.mark.parametrize(
    ("options", "pay", "due"),
    [
        ((), "full", "250.00"),
        (("--pay", "full"), "full", "250.00"),
        (("--pay", "later"), "later", "0.00"),
        (("--deposit", "20%"), "deposit", "50.00"),
        (("--deposit", "33%"), "deposit", "82.50"),
        (("--deposit", "50", "--pay", "deposit"), "deposit", "50.00"),
    ],
)
def test_terms(new_studio: Cli, options: tuple[str, ...], pay: str, due: str) -> None:
    """A price without more is due whole at booking, a deposit makes that much due, later nothing."""
    assert new_studio(*FAMILY, *options, "--json").ok().json["pay"] == pay
    made = new_studio(
        "session", "new", "--type", "family", "--add-client", "Rui", "--at", "2026-12-04 10:00", "--json"
    ).ok()
    assert made.json["due_now"] == {"amount": due, "currency": "CAD"}


def test_every_option(new_studio: Cli) -> None:
    """Every option of a type is kept."""
    offer: dict[str, Any] = new_studio(
        *FAMILY, "--location", "Queen St", "--buffer-before", "10m", "--buffer-after", "15m", "--increment", "20m",
        "--notice", "1d", "--window", "60d", "--per-day", "3", "--hold", "3d", "--private", "--json",
    ).ok().json  # fmt: skip
    assert {name: offer[name] for name in (
        "location", "buffer_before_minutes", "buffer_after_minutes", "increment_minutes", "notice_minutes",
        "window_days", "per_day", "hold_minutes", "private",
    )} == {
        "location": "Queen St", "buffer_before_minutes": 10, "buffer_after_minutes": 15, "increment_minutes": 20,
        "notice_minutes": 1440, "window_days": 60, "per_day": 3, "hold_minutes": 4320, "private": True,
    }  # fmt: skip


def test_buffers_keep_time_free(new_studio: Cli) -> None:
    """Buffers add up: ten minutes after one and fifteen before the next make twenty-five."""
    new_studio(*FAMILY, "--buffer-before", "15m", "--buffer-after", "10m").ok()
    new = ("session", "new", "--type", "family", "--add-client", "Rui", "--at")
    new_studio(*new, "2026-12-04 10:00").ok()
    assert new_studio(*new, "2026-12-04 11:54").code == 3
    new_studio(*new, "2026-12-04 11:55").ok()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--duration", "90"), "90m, 1h30 or 2h"),
        (("--duration", "13h"), "12 h"),
        (("--price", "250.999"), "250.00"),
        (("--price", "free"), "250.00"),
        (("--price", "9" * 5000), "larger than"),
        (("--deposit", "300"), "at most the price"),
        (("--deposit", "50", "--pay", "later"), "contradict"),
        (("--slug", "Not A Slug"), "family-session"),
        (("--per-day", "0"), ""),
        (("--buffer-after", "2w"), "90m, 1h30 or 2h"),
        (("--window", "soon"), ""),
        (("--location", "x" * 10_000), "the limit is 200"),
    ],
)
def test_bad_values(new_studio: Cli, options: tuple[str, ...], words: str) -> None:
    """What cannot be meant is exit 2 with what was wrong and an example, and nothing is added."""
    result = new_studio(*FAMILY, *options)
    assert (result.code, result.out) == (2, ""), result.err
    assert words in result.err
    assert len(result.err) < 500
    assert new_studio("type", "list").ok().out == ""


def test_missing_values_name_their_flag(new_studio: Cli) -> None:
    """A missing duration or price is exit 2 and names the flag."""
    assert "--duration" in new_studio("type", "add", "X", "--price", "1").err
    assert "--price" in new_studio("type", "add", "X", "--duration", "1h").err


def test_name_without_letters_needs_a_slug(new_studio: Cli) -> None:
    """A name of which no short name can be made asks for one, and is kept with it."""
    result = new_studio("type", "add", "写真", "--duration", "1h", "--price", "1")
    assert (result.code, "--slug" in result.err) == (2, True)
    assert new_studio("type", "add", "写真", "--slug", "photo", "--duration", "1h", "--price", "1").code == 0


def test_found_by_beginning(new_studio: Cli) -> None:
    """A type is found by slug or unique beginning; several are exit 4 with candidates, none with the nearest."""
    new_studio(*FAMILY).ok()
    new_studio("type", "add", "Family portrait", "--duration", "1h", "--price", "100").ok()
    assert new_studio("type", "show", "family-p", "--json").ok().json["slug"] == "family-portrait"
    assert new_studio("type", "show", "family", "--json").ok().json["slug"] == "family"
    both = new_studio("type", "show", "fam", "--json")
    assert (both.code, both.error["code"]) == (4, "ambiguous")
    assert sorted(both.error["details"]["candidates"]) == ["family", "family-portrait"]
    unknown = new_studio("type", "show", "famly", "--json")
    assert (unknown.code, unknown.error["details"]["nearest"][0]) == (4, "family")


def test_slug_is_unique(new_studio: Cli) -> None:
    """A second type of a name is exit 3 and names what helps."""
    new_studio(*FAMILY).ok()
    result = new_studio(*FAMILY, "--json")
    assert (result.code, result.error["code"]) == (3, "already_exists")
    assert "--slug" in result.error["hint"]


def test_same_key(new_studio: Cli) -> None:
    """The same key again returns the first type; with other arguments it is exit 3."""
    first = new_studio(*FAMILY, "--key", "k", "--json").ok().json
    assert new_studio(*FAMILY, "--key", "k", "--json").ok().json == first
    assert new_studio(*FAMILY, "--key", "k", "--private").code == 3
    assert len(new_studio("type", "list", "--json").json) == 1


def test_edit_leaves_sessions_as_they_are(new_studio: Cli) -> None:
    """Editing a type changes what is said, and no session that was set up before."""
    new_studio(*FAMILY).ok()
    new_studio("session", "new", "--type", "family", "--add-client", "Rui", "--at", "2026-12-04 10:00").ok()
    changed = new_studio("type", "edit", "family", "--price", "280", "--json").ok().json
    assert changed["price"]["amount"] == "280.00"
    assert changed["duration_minutes"] == 90
    assert new_studio("session", "show", "1", "--json").json["price"]["amount"] == "250.00"
    nothing = new_studio("type", "edit", "family")
    assert (nothing.code, len(nothing.err.splitlines())) == (2, 2)


def test_archive(new_studio: Cli) -> None:
    """An archived type is offered no more, stays to be seen, and can be taken out again; twice changes nothing."""
    new_studio(*FAMILY).ok()
    for _ in range(2):
        assert new_studio("type", "archive", "family", "--json").ok().json["archived_at"]
    assert new_studio("type", "list", "--json").ok().json == []
    assert len(new_studio("type", "list", "--archived", "--json").ok().json) == 1
    refused = new_studio(
        "session", "new", "--type", "family", "--add-client", "Rui", "--at", "2026-12-04 10:00"
    )
    assert (refused.code, "--restore" in refused.err) == (3, True)
    assert new_studio("type", "archive", "family", "--restore", "--json").ok().json["archived_at"] is None


def test_line(new_studio: Cli) -> None:
    """Off a terminal a type is a line: slug, name, minutes, price, what is due at booking, place."""
    line = new_studio(*FAMILY, "--deposit", "20%").ok().out
    assert line == "family\tFamily session\t90\t250.00 CAD\t50.00 CAD\t\n"
    assert new_studio("type", "list").ok().out == line


def test_an_archived_type_is_not_published(new_studio: Cli) -> None:
    """What nobody can book is not said to be published; the way to take it out again is named."""
    new_studio("type", "add", "Family", "--duration", "1h", "--price", "0").ok()
    new_studio("type", "archive", "family").ok()
    told = new_studio("type", "publish", "family")
    assert told.code == 3
    assert "studio type archive family --restore" in told.err
