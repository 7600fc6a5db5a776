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
