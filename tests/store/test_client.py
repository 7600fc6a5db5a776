"""Clients as they are kept and looked up."""

from __future__ import annotations

import pytest

from studio_cli.booking.studio import Studio
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
def test_matching(studio: Studio, make: Maker, text: str, names: list[str]) -> None:
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
