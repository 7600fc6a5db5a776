"""Clients as they are kept and looked up."""

from __future__ import annotations

import sqlite3
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio_cli.booking import client as clients
from studio_cli.booking.studio import Studio
from studio_cli.model.client import ClientDetails
from studio_cli.store import client as client_store
from tests.conftest import Maker


def test_by_email_without_case(studio: Studio, make: Maker) -> None:
    """An address is found however it is capitalised."""
    client = make.client("Rui", "Rui@example.com")
    assert client_store.by_email(studio.file, "rUI@EXAMPLE.com") == client
    assert client_store.by_email(studio.file, "rui@example.org") is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rui costa", ["Rui Costa"]),
        ("RUI", ["Rui Costa", "Rui Costa Lima"]),
        ("émile", ["Émile"]),
        ("E\u0301MILE", ["Émile"]),
        ("emile", ["Émile"]),
        ("ruí cósta", ["Rui Costa"]),
        ("costa", []),
        ("%", []),
        ("r_i", []),
        ("🧘", ["🧘 Yoga"]),
    ],
)
def test_by_name(studio: Studio, make: Maker, text: str, names: list[str]) -> None:
    """A whole name wins over beginnings; case, accents' form and wildcards make no difference."""
    for name in ("Rui Costa Lima", "Rui Costa", "Émile", "🧘 Yoga"):
        make.client(name)
    assert [client.name for client in client_store.by_name(studio.file, text)] == names


def test_listed_and_named(studio: Studio, make: Maker) -> None:
    """Clients are listed by name; their names and addresses are there to be suggested."""
    make.client("Rui", "rui@example.com")
    make.client("eva", "eva@example.com")
    with studio.file.atomic() as sql:
        sql.execute("UPDATE client SET archived_at = '2026-11-20T15:00:00Z' WHERE name = 'Rui'")
    assert [client.name for client in client_store.listed(studio.file)] == ["eva"]
    assert [client.name for client in client_store.listed(studio.file, archived=True)] == ["eva", "Rui"]
    assert set(client_store.names(studio.file)) == {"Rui", "rui@example.com", "eva", "eva@example.com"}


def test_an_accent_decides_between_names_that_are_the_same_without(studio: Studio, make: Maker) -> None:
    """Émile and Emile are two clients, each found by their own name; somebody else's accents are left out."""
    for name in ("Émile", "Emile", "Łukasz Ørsted"):
        make.client(name)
    assert [one.name for one in client_store.by_name(studio.file, "émile")] == ["Émile"]
    assert [one.name for one in client_store.by_name(studio.file, "emile")] == ["Emile"]
    assert [one.name for one in client_store.by_name(studio.file, "lukasz or")] == ["Łukasz Ørsted"]


# ── searching ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def known(studio: Studio) -> Studio:
    """A studio with four clients of whom something is known."""
    for name, email, phone, notes in (
        ("José Costa", "jose@example.com", "+1 (416) 555-0100", "Brings the dog; room 12 34."),
        ("Łukasz Nowak", "nowak@beispiel.example", "0049 30 901820", None),
        ("Eva Lima", "eva@example.com", None, "Friend of José.\nLikes mornings."),
        ("O'Brien, Séan", None, "416.555.0199", '"quoted" AND NOT near(x) *'),
    ):
        clients.add(studio, ClientDetails.checked(name, email, phone, notes))
    return studio


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("jose", ["Eva Lima", "José Costa"]),
        ("JOSÉ costa", ["José Costa"]),
        ("cos jos", ["José Costa"]),
        ("lukasz", ["Łukasz Nowak"]),
        ("nowak@beispiel", ["Łukasz Nowak"]),
        ("example.com", ["Eva Lima", "José Costa"]),
        ("eva@example.com", ["Eva Lima"]),
        ("morning", ["Eva Lima"]),
        ("4165550100", ["José Costa"]),
        ("416 555", ["José Costa", "O'Brien, Séan"]),
        ("+1 416-555-01", ["José Costa"]),
        ("(416) 555 01 99", ["O'Brien, Séan"]),
        ("0199", ["O'Brien, Séan"]),
        ("jose 416 555", ["José Costa"]),
        ("12 34", ["José Costa"]),
        ("o'brien sean", ["O'Brien, Séan"]),
        ("near", ["O'Brien, Séan"]),
        ("dog eva", []),
        ("osta", []),
        ('* - " +', []),
    ],
)
def test_matching(known: Studio, text: str, names: list[str]) -> None:
    """A client is found when every word is the beginning of one of theirs, a number however it is spaced."""
    assert sorted(one.name for one in client_store.matching(known.file, text, 10)) == names
    listed = client_store.listed(known.file, text=text if text.strip() else "-")
    assert sorted(one.name for one in listed) == names


@given(text=st.text(max_size=60))
@example(text='"')
@example(text="name : x")
@example(text="a OR")
@example(text="NEAR(a b, 2")
@example(text="^a* {b}")
@example(text="x\0y")
@example(text="1 " * 40)
@example(text="a " * 500)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_only_looked_for(known: Studio, text: str) -> None:
    """Nothing that is typed means anything to the index: it finds somebody or nobody, and never fails."""
    found = {one.id for one in client_store.matching(known.file, text, 10)}
    listed = {one.id for one in client_store.listed(known.file, text=text)}
    begins = {one.id for one in client_store.by_name(known.file, text.strip())}
    assert found - begins <= listed <= found


def test_the_index_follows_every_writer(known: Studio) -> None:
    """What is changed, archived or deleted, by us or by an outside tool, is found as it is by now."""
    clients.edit(known, 1, notes="Has a cat", phone="")
    assert client_store.matching(known.file, "dog") == []
    assert [one.id for one in client_store.matching(known.file, "cat")] == [1]
    assert [one.id for one in client_store.matching(known.file, "416555")] == [4]
    outside = sqlite3.connect(known.file.path)
    outside.execute("UPDATE client SET notes = 'a horse' WHERE id = 2")
    outside.execute("DELETE FROM event WHERE 0")
    outside.execute(
        "INSERT OR REPLACE INTO client (id, name, name_folded, created_at) VALUES (9, 'Zoe', 'zoe', '2026-11-20T15:00:00Z')"
    )
    outside.execute(
        "INSERT OR REPLACE INTO client (id, name, name_folded, created_at) VALUES (9, 'Zia', 'zia', '2026-11-20T15:00:00Z')"
    )
    outside.execute("UPDATE client SET archived_at = '2026-11-20T15:00:00Z' WHERE id = 3")
    outside.commit()
    outside.execute("INSERT INTO client_search (client_search) VALUES ('integrity-check')")
    outside.close()
    assert [one.id for one in client_store.matching(known.file, "horse")] == [2]
    assert client_store.matching(known.file, "zoe") == []
    assert [one.id for one in client_store.matching(known.file, "zia")] == [9]
    assert client_store.matching(known.file, "eva") == []
    assert [one.id for one in client_store.listed(known.file, text="eva", archived=True)] == [3]


def test_the_best_come_first(studio: Studio, make: Maker) -> None:
    """Names that begin so come first, then those in whose name it is, then notes; of short words the newest."""
    for name, notes in (("Eva Lima", "knows Marta"), ("Marta Roy", None), ("Max Marta", "Marta Marta")):
        clients.add(studio, ClientDetails.checked(name, notes=notes))
    for text in ("marta", "mar"):
        found = [one.name for one in client_store.matching(studio.file, text, 10)]
        assert found == ["Marta Roy", "Max Marta", "Eva Lima"]
    assert [one.name for one in client_store.matching(studio.file, "mar", 2)] == ["Marta Roy", "Max Marta"]
    del make


@pytest.mark.long
def test_a_hundred_thousand_clients(studio: Studio) -> None:
    """Among a hundred thousand clients a search and a name take no longer than a person notices."""
    with studio.file.atomic():
        for number in range(100_000):
            details = ClientDetails(
                f"José Costa {number}", f"c{number}@example.com", f"+1 416 {number:07}", "a dog"
            )
            client_store.insert(studio.file, details, studio.now())
    begun = time.perf_counter()
    for text in ("jose", "j", "dog", "costa 777", "4160000", "example"):
        assert len(client_store.matching(studio.file, text, 20)) == 20
    assert clients.find(studio, "jose costa 99999").id == 100_000
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Ana", "rui lima", "Rui Costa"]),
        ("ru", ["rui lima", "Rui Costa"]),
        (" RUI ", ["rui lima", "Rui Costa"]),
        ("bell@", ["Ana"]),
        ("%", []),
        ("_", []),
        ("nobody", []),
    ],
)
def test_matching_as_one_types(studio: Studio, make: Maker, text: str, names: list[str]) -> None:
    """Clients are found as one types, by the beginning of a name or an address, without the archived ones."""
    make.client("Rui Costa")
    make.client("rui lima")
    make.client("Ana", "bell@example.com")
    gone = make.client("Rui Gone")
    studio.file.connection.execute(
        "UPDATE client SET archived_at = '2026-11-20T15:00:00Z' WHERE id = ?", (gone.id,)
    )
    assert {client.name for client in client_store.matching(studio.file, text, 10)} == set(names)
    assert len(client_store.matching(studio.file, text, 1)) == min(len(names), 1)


def test_matching_is_fast_with_many_clients(studio: Studio, make: Maker) -> None:
    """However many clients there are, what is typed is looked up in the indexes: as many steps for 100 as for 5,000."""
    steps: list[int] = []
    for many in (100, 5_000):
        with studio.file.atomic() as sql:
            sql.executemany(
                """INSERT INTO client (name, name_folded, email, email_folded, created_at)
                   VALUES (?1, ?1, ?2, ?2, '2026-11-20T15:00:00Z')""",
                [(f"client {many} {number:06}", f"c{many}-{number}@example.com") for number in range(many)],
            )
        count = [0]

        def step(count: list[int] = count) -> int:
            count[0] += 1
            return 0

        studio.file.connection.set_progress_handler(step, 100)
        assert len(client_store.matching(studio.file, "cl", 50)) == 50
        studio.file.connection.set_progress_handler(None, 0)
        steps.append(count[0])
    assert steps[1] < steps[0] * 2
    del make
