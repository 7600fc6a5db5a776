"""Clients: added once, found by whatever the owner types."""

from __future__ import annotations

import json

import pytest

from studio_cli.booking import client as clients
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.client import ClientDetails
from tests.conftest import Maker

RUI = ClientDetails("Rui Costa", "rui@example.com", "+1 416 555 0100")


def count(studio: Studio) -> int:
    """Return how many clients there are."""
    return int(studio.file.connection.execute("SELECT count(*) FROM client").fetchone()[0])


# ── adding ────────────────────────────────────────────────────────────────────────────────────────


def test_add(studio: Studio) -> None:
    """A client is added with what was typed."""
    client, new = clients.add(studio, RUI)
    assert new
    assert (client.name, client.email, client.phone) == ("Rui Costa", "rui@example.com", "+1 416 555 0100")
    assert client.created_at == studio.now()


def test_address_is_unique(studio: Studio) -> None:
    """A second client with the same address, however capitalised, is refused and named."""
    client, _ = clients.add(studio, RUI)
    with pytest.raises(Refused) as refused:
        clients.add(studio, ClientDetails("Other", "RUI@example.com"))
    assert (refused.value.code, refused.value.details) == ("already_exists", {"client": client.id})


def test_clients_without_address_may_have_one_name(studio: Studio) -> None:
    """Two people may have the same name, and no address."""
    clients.add(studio, ClientDetails("Rui"))
    assert clients.add(studio, ClientDetails("Rui"))[1]


def test_if_missing(studio: Studio) -> None:
    """With --if-missing the client who is there is returned as he is."""
    client, _ = clients.add(studio, RUI)
    again = clients.add(studio, ClientDetails("Somebody", "rui@example.com"), if_missing=True)
    assert again == (client, False)


def test_same_key(studio: Studio) -> None:
    """The same key again is the same client; for another client it is refused."""
    first = clients.add(studio, ClientDetails("Rui"), key="k1")
    assert clients.add(studio, ClientDetails("Rui"), key="k1") == (first[0], False)
    assert count(studio) == 1
    with pytest.raises(Refused) as refused:
        clients.add(studio, ClientDetails("Eva"), key="k1")
    assert refused.value.code == "key_reused"


def test_rehearsal(studio: Studio) -> None:
    """A rehearsal returns the client that would be, and adds none."""
    assert clients.add(studio, RUI, rehearse=True)[0].name == "Rui Costa"
    assert count(studio) == 0


# ── finding ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def people(make: Maker) -> dict[str, int]:
    """Four clients: two with one beginning, one whose name is a beginning, one with accents."""
    names = [
        ("Rui Costa", "rui@example.com"),
        ("Rui Costa Lima", None),
        ("Rita Alves", None),
        ("Émile Zola", None),
    ]
    return {name: make.client(name, email).id for name, email in names}


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("rui@example.com", "Rui Costa"),
        ("RUI@EXAMPLE.COM", "Rui Costa"),
        ("rui costa", "Rui Costa"),
        ("Rui Costa L", "Rui Costa Lima"),
        ("rit", "Rita Alves"),
        (" Rita Alves ", "Rita Alves"),
        ("émile", "Émile Zola"),
        ("E\u0301MILE", "Émile Zola"),
    ],
)
def test_find(studio: Studio, people: dict[str, int], selector: str, name: str) -> None:
    """An address, a name or a unique beginning of one finds the client, without regard to case."""
    assert clients.find(studio, selector).id == people[name]


def test_find_by_number(studio: Studio, people: dict[str, int]) -> None:
    """A number is the client's."""
    assert clients.find(studio, str(people["Rita Alves"])).name == "Rita Alves"


def test_ambiguous(studio: Studio, people: dict[str, int]) -> None:
    """A beginning that several names have is refused with the candidates."""
    with pytest.raises(NotFound) as refused:
        clients.find(studio, "rui c")
    assert refused.value.code == "ambiguous"
    assert [candidate["id"] for candidate in refused.value.details["candidates"]] == [
        people["Rui Costa"],
        people["Rui Costa Lima"],
    ]


def test_nearest(studio: Studio, people: dict[str, int]) -> None:
    """A mistyped name is answered with the nearest ones."""
    with pytest.raises(NotFound) as missing:
        clients.find(studio, "Rita Alvez")
    assert missing.value.details["nearest"][0] == "Rita Alves"
    assert "Rita Alves" in str(missing.value.hint)
    with pytest.raises(NotFound) as missing:
        clients.find(studio, "rui@exmaple.com")
    assert "rui@example.com" in missing.value.details["nearest"]


@pytest.mark.parametrize("selector", ["", "  ", "99", "9" * 30, "%", "_", "'; --", "\x00", "²"])
def test_find_nothing(studio: Studio, people: dict[str, int], selector: str) -> None:
    """Whatever is typed for a client who is not there is not found, without a traceback."""
    with pytest.raises(NotFound):
        clients.find(studio, selector)


@pytest.mark.parametrize("selector", ["\udcff", "\udcff@x"])
def test_bytes_that_are_no_text(studio: Studio, selector: str) -> None:
    """An argument that was not UTF-8 is told as such, whether it is a name, an address or a key."""
    with pytest.raises(WrongUsage) as wrong:
        clients.find(studio, selector)
    assert wrong.value.code == "not_text"
    with pytest.raises(WrongUsage):
        clients.add(studio, RUI, key=selector)
    assert count(studio) == 0


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


def test_edit(studio: Studio) -> None:
    """What is said changes, an empty text removes, the rest stays; the history has old and new."""
    client, _ = clients.add(studio, RUI)
    after = clients.edit(studio, client.id, phone="", notes="Likes dogs")
    assert (after.name, after.email, after.phone, after.notes) == (
        "Rui Costa",
        "rui@example.com",
        None,
        "Likes dogs",
    )
    row = studio.file.connection.execute("SELECT details FROM event WHERE kind = 'client changed'").fetchone()
    assert json.loads(row["details"]) == {"phone": ["+1 416 555 0100", None], "notes": [None, "Likes dogs"]}


def test_edit_to_the_same(studio: Studio) -> None:
    """A change that changes nothing is not in the history."""
    client, _ = clients.add(studio, RUI)
    assert clients.edit(studio, client.id, name=" Rui Costa ", email="rui@example.com") == client
    rows = studio.file.connection.execute("SELECT 1 FROM event WHERE kind = 'client changed'").fetchall()
    assert rows == []


def test_edit_refused(studio: Studio) -> None:
    """A client keeps a name, and takes nobody else's address."""
    client, _ = clients.add(studio, RUI)
    clients.add(studio, ClientDetails("Eva", "eva@example.com"))
    with pytest.raises(Refused):
        clients.edit(studio, client.id, email="EVA@example.com")
    with pytest.raises(WrongUsage):
        clients.edit(studio, client.id, name=" ")
    with pytest.raises(NotFound):
        clients.edit(studio, 99, name="x")
    assert clients.get(studio, client.id) == client
    assert clients.edit(studio, client.id, email="Rui@example.com").email == "Rui@example.com"
