"""``studio client``: adding once, finding by what one remembers, changing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import Cli

CLIENT_FIELDS = {
    "id",
    "name",
    "email",
    "phone",
    "notes",
    "language",
    "reminders",
    "created_at",
    "archived_at",
}
STANDING_FIELDS = {"next_session", "sessions_coming", "sessions_past", "paid", "balance"}


@pytest.fixture
def with_clients(new_studio: Cli) -> Cli:
    """A studio with Rui Costa, Rui Lima and Émile Zola."""
    new_studio("client", "add", "Rui Costa", "--email", "rui@example.com", "--phone", "+1 416 555 0100").ok()
    new_studio("client", "add", "Rui Lima", "--email", "lima@example.com").ok()
    new_studio("client", "add", "Émile Zola").ok()
    return new_studio


def test_add_in_json(new_studio: Cli) -> None:
    """A new client has every field, null when empty, and says that it is new."""
    added = new_studio("client", "add", "Rui Costa", "--email", "Rui@EXAMPLE.com", "--json").ok().json
    assert set(added) == CLIENT_FIELDS | {"new"}
    assert added == {
        "id": 1,
        "name": "Rui Costa",
        "email": "Rui@example.com",
        "phone": None,
        "notes": None,
        "language": None,
        "reminders": True,
        "created_at": "2026-11-20T10:00:00-05:00",
        "archived_at": None,
        "new": True,
    }


def test_list_and_show(with_clients: Cli) -> None:
    """The list is ordered by name, and shows the same document as show, which has more of it."""
    listed = with_clients("client", "list", "--json").ok().json
    assert [set(client) for client in listed] == [CLIENT_FIELDS] * 3
    assert [client["id"] for client in listed if client["id"] != 3] == [1, 2]
    shown = with_clients("client", "show", "1", "--json").ok().json
    assert {name: shown[name] for name in CLIENT_FIELDS} in listed
    assert set(shown) == CLIENT_FIELDS | STANDING_FIELDS
    assert "1\tRui Costa\trui@example.com\t+1 416 555 0100\n" in with_clients("client", "list").ok().out


@pytest.mark.parametrize(
    ("selector", "number"),
    [
        ("1", 1),
        ("rui@example.com", 1),
        ("RUI@EXAMPLE.COM", 1),
        ("rui costa", 1),
        ("Rui C", 1),
        ("émile", 3),
        ("ÉMILE ZOLA", 3),
        ("E\u0301mile", 3),
        ("emile zo", 3),
        (" 2 ", 2),
    ],
)
def test_found_by(with_clients: Cli, selector: str, number: int) -> None:
    """A client is found by number, address, name or the unique beginning of a name, in any case."""
    assert with_clients("client", "show", selector, "--json").ok().json["id"] == number


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (["rui"], [1, 2]),
        (["lima", "rui"], [2]),
        (["416", "555"], [1]),
        (["zol"], [3]),
        (["nobody"], []),
        (["*"], []),
    ],
)
def test_search(with_clients: Cli, words: list[str], numbers: list[int]) -> None:
    """client list with words lists those that have them, by name, as lines and as JSON."""
    found = with_clients("client", "list", *words, "--json").ok().json
    assert [one["id"] for one in found] == numbers
    lines = with_clients("client", "list", *words, "--columns", "id").ok().out.split()
    assert lines == [str(number) for number in numbers]


def test_last(with_clients: Cli) -> None:
    """last is the client that was touched last, or whose session was."""
    show = ("client", "show", "last", "--json")
    assert with_clients(*show).ok().json["id"] == 3
    with_clients("client", "edit", "1", "--phone", "123").ok()
    assert with_clients(*show).ok().json["id"] == 1
    with_clients(
        "session", "new", "--one-off", "X", "--duration", "1h", "--client", "2", "--at", "2026-12-04 10:00"
    ).ok()
    assert with_clients(*show).ok().json["id"] == 2


def test_a_mistyped_beginning_gets_the_nearest(with_clients: Cli) -> None:
    """Where no whole name is near, the beginning of one is proposed."""
    with_clients("client", "add", "Bartholomew Featherstonehaugh-Cholmondeley").ok()
    assert "Did you mean “Bartholomew”" in with_clients("client", "show", "bartolomew").err
    assert "Did you mean “Rui Costa”" in with_clients("client", "show", "rui csota").err


def test_ambiguous_name(with_clients: Cli) -> None:
    """A beginning that several names have is exit 4 with the candidates, in words and in JSON."""
    result = with_clients("client", "show", "rui", "--json")
    assert (result.code, result.error["code"]) == (4, "ambiguous")
    assert result.error["details"]["candidates"] == [
        {"id": 1, "name": "Rui Costa", "email": "rui@example.com"},
        {"id": 2, "name": "Rui Lima", "email": "lima@example.com"},
    ]
    words = with_clients("client", "show", "rui").err
    assert "1 Rui Costa <rui@example.com>, 2 Rui Lima <lima@example.com>" in words


def test_unknown_name(with_clients: Cli) -> None:
    """An unknown name is exit 4 with the nearest names."""
    result = with_clients("client", "show", "Rui Csota", "--json")
    assert (result.code, result.error["code"]) == (4, "not_found")
    assert result.error["details"]["nearest"][0] == "Rui Costa"
    assert "Did you mean “Rui Costa”" in with_clients("client", "show", "Rui Csota").err
    for nobody in ("99", "nobody@example.com", "", "%", "_", "9" * 40):
        assert with_clients("client", "show", nobody).code == 4


def test_address_is_unique(with_clients: Cli) -> None:
    """A second client with an address is exit 3, naming the first; in any case of its letters."""
    result = with_clients("client", "add", "Somebody", "--email", "RUI@example.com", "--json")
    assert (result.code, result.error["code"]) == (3, "already_exists")
    assert result.error["details"] == {"client": 1}
    assert with_clients("client", "edit", "2", "--email", "rui@example.com").code == 3


def test_if_missing(with_clients: Cli) -> None:
    """--if-missing returns the client with that address unchanged, and adds one when there is none."""
    add = ("client", "add", "--if-missing", "--json")
    there = with_clients(*add, "Another Name", "--email", "rui@example.com").ok().json
    assert (there["id"], there["name"], there["new"]) == (1, "Rui Costa", False)
    new = with_clients(*add, "Eva", "--email", "eva@example.com").ok().json
    assert (new["id"], new["new"]) == (4, True)


def test_same_key(new_studio: Cli) -> None:
    """The same key again returns the first client; with other arguments, or for another command, it is exit 3."""
    add = ("client", "add", "Rui", "--email", "rui@example.com", "--key", "k", "--json")
    first = new_studio(*add).ok().json
    again = new_studio(*add).ok().json
    assert again == {**first, "new": False}
    other = new_studio("client", "add", "Eva", "--key", "k", "--json")
    assert (other.code, other.error["code"]) == (3, "key_reused")
    assert new_studio("type", "add", "Rui", "--duration", "1h", "--price", "1", "--key", "k").code == 3
    assert len(new_studio("client", "list", "--json").json) == 1


def test_dry_run(with_clients: Cli) -> None:
    """--dry-run adds nobody, writes no number that does not exist, and refuses what would be refused."""
    before = with_clients("client", "list").ok().out
    rehearsed = with_clients("client", "add", "Eva", "--dry-run", "--key", "k")
    assert (rehearsed.ok().out, "Nothing was changed" in rehearsed.err) == ("", True)
    assert with_clients("client", "add", "Eva", "--dry-run", "--json").ok().json["id"] is None
    assert with_clients("client", "add", "Eva", "--dry-run", "--email", "rui@example.com").code == 3
    there = with_clients(
        "client", "add", "Eva", "--dry-run", "--if-missing", "--email", "rui@example.com"
    ).ok()
    assert there.out.startswith("1\tRui Costa\t")
    assert with_clients("client", "list").ok().out == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["", "--email", "x@example.com"], "name is empty"),
        (["  "], "name is empty"),
        (["Rui", "--email", "rui@"], "Write it like rui@example.com"),
        (["Rui", "--email", "rui"], "Write it like rui@example.com"),
        (["Rui", "--email", "a@b.co, c@d.co"], "Write it like rui@example.com"),
        (["Rui", "--email", "rui@example.com\nBcc: x@y.co"], "Write it like rui@example.com"),
        (["Rui", "--email", "x" * 10_000 + "@example.com"], "is not a mail address"),
        (["Rui", "--phone", "abc"], "+1 416 555 0100"),
        (["x" * 10_000], "10,000 characters; the limit is 200"),
        (["Rui\x1b[31m"], "U+001B"),
        (["Rui\nCosta"], "U+000A"),
        (["Rui", "--notes", "x" * 20_001], "20,001 characters; the limit is 20,000"),
    ],
)
def test_bad_values(new_studio: Cli, arguments: list[str], words: str) -> None:
    """What cannot be a client is exit 2 with what was wrong, in one or two lines, and nobody is added."""
    result = new_studio("client", "add", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert len(result.err.splitlines()) <= 2
    assert "\x1b" not in result.err
    assert new_studio("client", "list").ok().out == ""


def test_long_notes_are_stored_whole(new_studio: Cli) -> None:
    """Notes of ten thousand characters with lines, quotes and markup are stored whole."""
    notes = "line one\n\t<script>\"'--;\u202e 👩‍👩‍👧\n" * 300
    notes = notes[:10_000].strip()
    added = new_studio("client", "add", "Rui", "--notes", notes, "--json").ok().json
    assert added["notes"] == notes
    assert new_studio("client", "show", "1", "--json").ok().json["notes"] == notes
    assert len(new_studio("client", "show", "1").ok().out.splitlines()) == len(
        CLIENT_FIELDS | STANDING_FIELDS
    )


def test_edit(with_clients: Cli) -> None:
    """Only what is said changes; an empty text removes it; a name cannot be removed."""
    changed = with_clients("client", "edit", "1", "--phone", "+1 416 555 0199", "--json").ok().json
    assert (changed["phone"], changed["email"]) == ("+1 416 555 0199", "rui@example.com")
    assert with_clients("client", "edit", "1", "--email", "", "--json").ok().json["email"] is None
    assert with_clients("client", "edit", "1", "--name", "").code == 2
    assert with_clients("client", "edit", "99", "--name", "X").code == 4


def test_language(new_studio: Cli) -> None:
    """A client's language is kept in its normal form, changed, and left to their browser again with none."""
    added = new_studio("client", "add", "Rui", "--language", "PT_br", "--json").ok().json
    assert added["language"] == "pt-BR"
    edit = ("client", "edit", "1", "--json", "--language")
    assert new_studio(*edit, "fr").ok().json["language"] == "fr"
    assert "fr" in new_studio("client", "show", "1").ok().out
    for nothing in ("none", ""):
        new_studio(*edit, "de").ok()
        assert new_studio(*edit, nothing).ok().json["language"] is None
    for wrong in ("klingon", "pt-BRA", "xx", "d", "de-"):
        refused = new_studio(*edit, wrong)
        assert (refused.code, refused.error["code"]) == (2, "language")
        assert "en, de, es, fr, pt" in refused.error["hint"]


@given(name=st.text(max_size=250).filter(lambda text: not text.startswith("-")))
@example(name="x" * 201)
@example(name="\ud800")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_stored_whole_or_refused(new_studio: Cli, name: str) -> None:
    """Whatever is typed as a name is stored whole and shown on one line, or refused in one or two lines."""
    result = new_studio("client", "add", name, "--json")
    if result.code == 0:
        assert result.json["name"] == unicodedata.normalize("NFC", name.replace("\r\n", "\n")).strip()
        line = new_studio("client", "show", str(result.json["id"])).ok().out
        assert len(line.splitlines()) == len(CLIENT_FIELDS | STANDING_FIELDS)
    else:
        assert (result.code, result.out) == (2, "")
        assert len(result.err.splitlines()) == 1
        assert result.error["code"] in {"empty", "too_long", "control_character"}
