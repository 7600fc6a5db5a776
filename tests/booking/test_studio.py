"""The studio itself: made, and its settings changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from whenever import Instant

from studio_cli.booking.studio import (
    Studio,
    change_setting,
    found,
    open_studio,
    remember_address,
    remove_setting,
    shown_settings,
)
from studio_cli.errors import NotFound, Refused, WrongUsage
from tests.conftest import Clock, Maker


def test_new_studio(studio: Studio, clock: Clock) -> None:
    """A new studio has its name, zone, currency and hours, and an identity of its own."""
    opened = open_studio(studio.file.path, clock)
    settings = opened.settings
    assert settings["studio.name"] == "Ana Silva Photography"
    assert (settings.zone, settings.currency) == ("America/Toronto", "CAD")
    assert len(settings["internal.id"]) == 16
    opened.file.close()


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"email": "ana"}, {"timezone": "Toronto"}, {"currency": "XYZ"}, {"currency": "dollars"}],
)
def test_nothing_is_made_of_wrong_values(tmp_path: Path, clock: Clock, wrong: dict[str, str]) -> None:
    """A studio with a wrong value is not made at all."""
    values = {"name": "Ana", "email": "ana@example.com", "timezone": "UTC", "currency": "CAD", **wrong}
    with pytest.raises(WrongUsage):
        found(tmp_path / "new" / "studio.db", clock, **values)
    assert not (tmp_path / "new").exists()


def test_now_is_whole_seconds(studio: Studio, clock: Clock) -> None:
    """The clock is read in the seconds that the file keeps."""
    clock.now = Instant.parse_iso("2026-11-20T15:00:00.999Z")
    assert studio.now() == Instant.from_utc(2026, 11, 20, 15)


def test_change_is_seen_at_once(studio: Studio, clock: Clock) -> None:
    """A setting that one program changes is what another reads next."""
    server = open_studio(studio.file.path, clock)
    assert change_setting(studio, "brand.color", "#ABCDEF") == "#abcdef"
    assert server.settings["brand.color"] == "#abcdef"
    server.file.close()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("studio.currency", "XYZ", WrongUsage),
        ("studio.currency", "x", WrongUsage),
        ("brand.color", "red", WrongUsage),
        ("no.such", "x", NotFound),
        ("internal.id", "x", NotFound),
        ("mail.password", "x", WrongUsage),
    ],
)
def test_change_refused(studio: Studio, name: str, value: str, error: type[Exception]) -> None:
    """A wrong value, an unknown name and a secret are refused."""
    with pytest.raises(error):
        change_setting(studio, name, value)


def test_test_provider_needs_a_test_studio(tmp_path: Path, clock: Clock) -> None:
    """In a real studio nobody can switch pretended payments on."""
    real = found(
        tmp_path / "real.db", clock, name="Ana", email="ana@example.com", timezone="UTC", currency="CAD"
    )
    with pytest.raises(Refused) as refused:
        change_setting(real, "payment.provider", "test")
    assert refused.value.code == "not_a_test_studio"
    assert real.settings["payment.provider"] == "offline"
    real.file.close()


def test_remove(studio: Studio) -> None:
    """A setting that is removed has its default again; what a studio cannot be without stays."""
    change_setting(studio, "mail.port", "25")
    remove_setting(studio, "mail.port")
    assert studio.settings["mail.port"] == "587"
    with pytest.raises(Refused):
        remove_setting(studio, "studio.name")
    with pytest.raises(NotFound):
        remove_setting(studio, "no.such")


def test_remembered_address(studio: Studio) -> None:
    """Where the links were served is remembered, without a write when it is known already."""
    remember_address(studio, "http://10.0.0.2:8000")
    changes = studio.file.connection.total_changes
    remember_address(studio, "http://10.0.0.2:8000")
    assert studio.file.connection.total_changes == changes
    assert studio.settings.link_base == "http://10.0.0.2:8000"


def test_internal_settings_are_not_shown(studio: Studio) -> None:
    """The list of settings has every one that can be set, and nothing else."""
    shown = shown_settings(studio.settings)
    assert shown["studio.name"] == "Ana Silva Photography"
    assert shown["mail.host"] is None
    assert not any(name.startswith("internal") for name in shown)


def test_sessions_keep_their_zone(studio: Studio, make: Maker) -> None:
    """A studio that moves to another zone leaves its sessions at the moments and in the zone they were meant."""
    from studio_cli.booking import session as sessions

    session = make.session()
    change_setting(studio, "studio.timezone", "Europe/Lisbon")
    kept = sessions.get(studio, session.id)
    assert (kept.starts_at, kept.timezone) == (session.starts_at, "America/Toronto")
