"""Shares and links as they are kept."""

from __future__ import annotations

import hashlib

from studio_cli.booking.studio import Studio
from studio_cli.store import share as share_store
from tests.conftest import Clock, Maker


def test_only_the_digest_of_a_token_is_kept(studio: Studio, make: Maker) -> None:
    """A link is found by its token, of which the file has the SHA-256 only."""
    session = make.session()
    token = make.link(session)
    row = studio.file.connection.execute("SELECT token_sha256, share_id FROM link").fetchone()
    assert bytes(row["token_sha256"]) == hashlib.sha256(token.encode()).digest()
    assert share_store.by_token(studio.file, token) == (row["share_id"], session.id)


def test_unknown_tokens_open_nothing(studio: Studio, make: Maker) -> None:
    """A token that was never given, or is no text that can be one, opens nothing."""
    token = make.link(make.session())
    for wrong in ("", token[:-1], token + "A", token.swapcase(), "\udcff", "\x00", "é" * 100):
        assert share_store.by_token(studio.file, wrong) is None


def test_first_opening_stays(studio: Studio, make: Maker, clock: Clock) -> None:
    """When a link was opened first stays known; later openings are noted once a minute at most."""
    make.link(make.session())
    first = clock.now
    assert share_store.needs_mark(studio.file, 1, first)
    with studio.file.atomic():
        share_store.mark_opened(studio.file, 1, first)
    assert not share_store.needs_mark(studio.file, 1, first.add(seconds=59))
    assert share_store.needs_mark(studio.file, 1, first.add(seconds=61))
    with studio.file.atomic():
        share_store.mark_opened(studio.file, 1, first.add(hours=1))
    row = studio.file.connection.execute("SELECT opened_at, last_opened_at FROM share").fetchone()
    assert tuple(row) == ("2026-11-20T15:00:00Z", "2026-11-20T16:00:00Z")


def test_revoke_counts_what_it_ended(studio: Studio, make: Maker, clock: Clock) -> None:
    """Revoking ends the living shares that are meant, and says how many there were."""
    session, other = make.session(), make.session("2026-12-04 14:00")
    tokens = [make.link(session), make.link(session), make.link(other)]
    with studio.file.atomic():
        assert share_store.revoke(studio.file, session.id, clock.now, share_id=1) == 1
        assert share_store.revoke(studio.file, session.id, clock.now, share_id=3) == 0
        assert share_store.revoke(studio.file, session.id, clock.now) == 1
        assert share_store.revoke(studio.file, session.id, clock.now) == 0
    assert [share_store.by_token(studio.file, token) for token in tokens] == [None, None, (3, other.id)]
