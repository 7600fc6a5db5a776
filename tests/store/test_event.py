"""The history as it is kept."""

from __future__ import annotations

from studio_cli.booking.studio import Studio
from studio_cli.model.session import Happening
from studio_cli.store import event as event_store
from tests.conftest import Maker


def test_what_clients_did(studio: Studio, make: Maker) -> None:
    """Of the history since a line, only what clients did is told, in order, with whom and what."""
    session = make.session(client=str(make.client("Rui").id))
    line = event_store.newest(studio.file)
    with studio.file.atomic():
        for kind, actor in (
            ("review done", "client"),
            ("mail sent", "system"),
            ("payment announced", "client"),
        ):
            event_store.add(studio.file, kind, studio.now(), actor=actor, session_id=session.id)  # type: ignore[arg-type]
    assert event_store.of_clients(studio.file, line) == [
        Happening(line + 1, "review done", session.id, "Portrait", "Rui"),
        Happening(line + 3, "payment announced", session.id, "Portrait", "Rui"),
    ]
    assert event_store.of_clients(studio.file, event_store.newest(studio.file)) == []
