"""Sharing a session: every share has a link of its own, and all of them work."""

from __future__ import annotations

import pytest

from studio_cli.booking import journey
from studio_cli.booking import session as sessions
from studio_cli.booking.share import latest, revoke, share
from studio_cli.booking.studio import Studio, change_setting, remember_address
from studio_cli.errors import NotFound, Refused
from studio_cli.model.message import LINK
from studio_cli.store import message as message_store
from tests.conftest import Clock, Maker


def test_each_share_has_its_own_link(studio: Studio, make: Maker) -> None:
    """Sharing again makes a new link, and the earlier ones go on working."""
    session = make.session()
    tokens = [make.link(session) for _ in range(3)]
    assert len(set(tokens)) == 3
    assert all(len(token) >= 43 for token in tokens)
    visits = [journey.visit(studio, token) for token in tokens]
    assert [visit.session.id for visit in visits] == [session.id] * 3
    assert len({visit.share_id for visit in visits}) == 3


def test_direct_link_begins_where_clients_reach_the_studio(studio: Studio, make: Maker) -> None:
    """A link begins with the address it is served at, the public one before any other."""
    session = str(make.session().id)
    assert str(share(studio, session, "direct").link).startswith("http://127.0.0.1:8000/s/")
    remember_address(studio, "http://10.0.0.2:8080")
    assert str(share(studio, session, "direct").link).startswith("http://10.0.0.2:8080/s/")
    change_setting(studio, "web.public_url", "https://book.example.com/")
    assert str(share(studio, session, "direct").link).startswith("https://book.example.com/s/")
    assert str(share(studio, session, "direct", "http://x").link).startswith("http://x/s/")


def test_direct_share_makes_no_mail(studio: Studio, make: Maker) -> None:
    """A link that the owner hands over himself puts nothing into the outbox."""
    shared = share(studio, str(make.session().id), "direct")
    assert shared.message_id is None
    assert message_store.listed(studio.file) == []


def test_share_by_mail_is_in_the_outbox(studio: Studio, make: Maker) -> None:
    """A share by mail waits in the outbox with the client's words, and with a mark where the link goes."""
    client = make.client("Zoë <3 O'Neil", "zoe@example.com")
    shared = share(studio, str(make.session(client=str(client.id), one_off="Tea & cake").id), "email")
    assert shared.message_id is not None
    message = message_store.get(studio.file, shared.message_id)
    assert message is not None
    assert (message.state, message.to_email, message.share_id) == (
        "queued",
        "zoe@example.com",
        shared.share_id,
    )
    assert message.letter.subject == "Please confirm your session with Ana Silva Photography: Tea & cake"
    for needed in (
        LINK,
        "Tea & cake",
        "Friday 4 December 2026",
        "10:00 to 11:00",
        "CA$100.00",
        "Zoë <3 O'Neil",
    ):
        assert needed in message.letter.text
    assert "Tea &amp; cake" in message.letter.html
    assert "Zoë &lt;3" in message.letter.html
    assert str(shared.link) not in message.letter.text + message.letter.html


def test_mail_shows_exact_money(studio: Studio, make: Maker) -> None:
    """A client reads what is due to its last digit, also in a currency that is usually written without any."""
    change_setting(studio, "studio.currency", "RSD")
    shared = share(studio, str(make.session(price="99.50").id), "email")
    assert shared.message_id is not None
    message = message_store.get(studio.file, shared.message_id)
    assert message is not None
    assert "99.50" in message.letter.text


@pytest.mark.parametrize("status", ["confirmed", "canceled", "expired"])
def test_only_a_pending_session_is_shared(studio: Studio, make: Maker, clock: Clock, status: str) -> None:
    """A session that does not wait for its client is not shared, and the hint says what can be done."""
    session = make.session(expires="2h")
    if status == "expired":
        clock.forward(hours=3)
    else:
        {"confirmed": sessions.confirm, "canceled": sessions.cancel}[status](studio, str(session.id))
    with pytest.raises(Refused) as refused:
        share(studio, str(session.id), "direct")
    assert refused.value.code == "wrong_status"
    assert refused.value.details["status"] == status
    assert refused.value.hint


def test_mail_needs_an_address(studio: Studio, make: Maker) -> None:
    """A client without an address cannot be mailed, and gets no share by the attempt."""
    session = make.session(add_client="Eva Lima")
    with pytest.raises(Refused) as refused:
        share(studio, str(session.id), "email")
    assert refused.value.code == "no_email"
    assert sessions.get(studio, session.id).shares == ()


def test_revoke_all(studio: Studio, make: Maker) -> None:
    """Revoked links are as unknown as ones that never were; doing it again ends none."""
    session = make.session()
    tokens = [make.link(session), make.link(session)]
    revoked, ended = revoke(studio, str(session.id))
    assert ended == 2
    assert all(share.revoked_at for share in revoked.shares)
    for token in [*tokens, "never-given"]:
        with pytest.raises(NotFound, match=r"^This link does not work\.$"):
            journey.visit(studio, token)
    assert revoke(studio, str(session.id))[1] == 0
    assert journey.visit(studio, make.link(session)).session.id == session.id


def test_revoke_one(studio: Studio, make: Maker) -> None:
    """One share can be ended while the others go on."""
    session = make.session()
    first, second = make.link(session), make.link(session)
    revoke(studio, str(session.id), journey.visit(studio, first).share_id)
    with pytest.raises(NotFound):
        journey.visit(studio, first)
    assert journey.visit(studio, second).session.id == session.id


def test_revoke_of_another_sessions_share(studio: Studio, make: Maker) -> None:
    """A share is ended through its own session only."""
    first, second = make.session(), make.session("2026-12-04 14:00")
    token = make.link(first)
    with pytest.raises(NotFound):
        revoke(studio, str(second.id), journey.visit(studio, token).share_id)
    assert journey.visit(studio, token).session.id == first.id


def test_revoke_cancels_the_waiting_mail(studio: Studio, make: Maker) -> None:
    """A mail whose link was revoked before it was sent is not sent; mails of other shares are."""
    session = make.session()
    first, second = share(studio, str(session.id), "email"), share(studio, str(session.id), "email")
    revoke(studio, str(session.id), first.share_id)
    states = {message.share_id: message.state for message in message_store.listed(studio.file)}
    assert states == {first.share_id: "canceled", second.share_id: "queued"}


def test_link_ends_thirty_days_after_the_session(studio: Studio, make: Maker, clock: Clock) -> None:
    """A link lives until thirty days after the session's end, also when the session is over or canceled."""
    session = make.session()
    token = make.link(session)
    sessions.cancel(studio, str(session.id))
    clock.now = session.ends_at.add(hours=30 * 24).subtract(seconds=1)
    assert journey.visit(studio, token).session.status == "canceled"
    clock.forward(seconds=1)
    with pytest.raises(NotFound):
        journey.visit(studio, token)


def test_latest(studio: Studio, make: Maker) -> None:
    """The newest share is known without its link: the file does not have it."""
    session = make.session()
    assert latest(studio, session.id) is None
    make.link(session)
    mailed = share(studio, str(session.id), "email")
    newest = latest(studio, session.id)
    assert newest is not None
    assert (newest.share_id, newest.link, newest.message_id) == (mailed.share_id, None, mailed.message_id)


def test_opening_is_noted(studio: Studio, make: Maker, clock: Clock) -> None:
    """The owner sees which share was opened, and when first."""
    session = make.session()
    first, _ = make.link(session), make.link(session)
    journey.mark_opened(studio, journey.visit(studio, first).share_id)
    opened = clock.now
    clock.forward(hours=1)
    journey.mark_opened(studio, journey.visit(studio, first).share_id)
    assert [share.opened_at for share in sessions.get(studio, session.id).shares] == [opened, None]
