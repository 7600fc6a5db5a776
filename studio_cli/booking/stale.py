"""Whether there are payment pages that nobody has looked at for a while; asked often, so that it loads little."""

from __future__ import annotations

from studio_cli.booking.studio import Studio
from studio_cli.store import checkout as checkout_store

STALE_MINUTES = 10


def anything_stale(studio: Studio) -> bool:
    """Return whether there is a page that nobody has looked at for ten minutes."""
    since = studio.now().subtract(minutes=STALE_MINUTES)
    return bool(checkout_store.waiting(studio.file, unseen_since=since))
