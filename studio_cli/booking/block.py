"""Whom the owner does not want on the booking site."""

from __future__ import annotations

from collections.abc import Sequence

from studio_cli.booking.studio import Studio
from studio_cli.model.site import Blocked, check_blocked
from studio_cli.store import blocked as blocked_store
from studio_cli.store import event as event_store


def add(studio: Studio, what: str) -> tuple[str, bool]:
    """Block an address, a mail address or a domain; return it in its normal form, and whether that is new."""
    wanted = check_blocked(what)
    with studio.file.atomic():
        new = blocked_store.add(studio.file, wanted, studio.now())
        if new:
            event_store.add(studio.file, "visitor blocked", studio.now(), details={"what": wanted})
        return wanted, new


def remove(studio: Studio, what: str) -> tuple[str, bool]:
    """Block it no longer; return it in its normal form, and whether it was blocked."""
    wanted = check_blocked(what)
    with studio.file.atomic():
        gone = blocked_store.remove(studio.file, wanted)
        if gone:
            event_store.add(studio.file, "visitor unblocked", studio.now(), details={"what": wanted})
        return wanted, gone


def listed(studio: Studio) -> Sequence[Blocked]:
    """Return everything that is blocked, oldest first."""
    return blocked_store.listed(studio.file)
