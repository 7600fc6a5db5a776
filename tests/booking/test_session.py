"""Confirming, reopening, canceling; and what a deadline does by itself."""

from __future__ import annotations

import pytest

from studio_cli.booking import journey
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from studio_cli.store import message as message_store
from tests.conftest import Clock, Maker


def history(studio: Studio, session: Session) -> list[str]:
    """Return what the history says of a session."""
    rows = studio.file.connection.execute(
        "SELECT kind FROM event WHERE session_id = ? ORDER BY id", (session.id,)
    )
    return [row["kind"] for row in rows]


def waiting(session: Session) -> list[str]:
    """Return the steps that a session waits for."""
    return [step.name for step in session.waiting_for]


# ── finding ───────────────────────────────────────────────────────────────────────────────────────


def test_find(studio: Studio, make: Maker) -> None:
    """A session is found by its number, or as the one that was touched last."""
    first, second = make.session(), make.session("2026-12-04 14:00")
    assert sessions.find(studio, f" {first.id} ").id == first.id
    assert sessions.find(studio, "last").id == second.id
    sessions.confirm(studio, str(first.id))
    assert sessions.find(studio, "last").id == first.id


@pytest.mark.parametrize(
    "selector", ["", "0", "99", "-1", "1.0", "Rui", "１", "²", "9" * 30, "\udcff", "last"]
)
def test_find_nothing(studio: Studio, selector: str) -> None:
    """What is no session's number is not found, without a traceback."""
    with pytest.raises(NotFound):
        sessions.find(studio, selector)


# ── confirming ────────────────────────────────────────────────────────────────────────────────────


def test_owner_confirms_and_waives(studio: Studio, make: Maker) -> None:
    """When the owner confirms, what the client has not done is waived, and the money with it."""
    change = sessions.confirm(studio, str(make.session().id))
    assert change.changed
    assert [step.name for step in change.waived] == ["review", "payment"]
    assert change.waived_money == Money(10000, "CAD")
    assert (change.session.status, change.session.confirmed_by) == ("confirmed", "owner")
    assert change.session.confirmed_at == studio.now()
    assert all(step.waived_at for step in change.session.steps if step.required)
    assert not change.session.due_now


def test_what_was_done_is_not_waived(studio: Studio, make: Maker) -> None:
    """Confirming waives only what is left."""
    session = make.session()
    journey.review(studio, make.link(session), 1)
    change = sessions.confirm(studio, str(session.id))
    assert [step.name for step in change.waived] == ["payment"]
    assert change.session.step("review").waived_at is None


def test_confirming_twice(studio: Studio, make: Maker, clock: Clock) -> None:
    """Confirming what is confirmed succeeds, says that nothing changed, and writes nothing."""
    session = make.session()
    first = sessions.confirm(studio, str(session.id))
    clock.forward(hours=1)
    again = sessions.confirm(studio, str(session.id))
    assert not again.changed
    assert again.session == first.session
    assert history(studio, session).count("session confirmed") == 1


def test_confirming_cancels_the_waiting_mail(studio: Studio, make: Maker) -> None:
    """A mail that still asks the client to confirm is not sent after the owner did."""
    session = make.session()
    message = share(studio, str(session.id), "email").message_id
    sessions.confirm(studio, str(session.id))
    assert message is not None
    kept = message_store.get(studio.file, message)
    assert kept is not None
    assert kept.state == "canceled"


# ── reopening ─────────────────────────────────────────────────────────────────────────────────────


def test_reopen_asks_again(studio: Studio, make: Maker, clock: Clock) -> None:
    """A reopened session is pending, asks for the review and for what was waived, and has a new deadline."""
    make.type(hold="2d")
    session = make.session(type="family", client=str(make.client().id))
    sessions.confirm(studio, str(session.id))
    clock.forward(hours=240)
    change = sessions.reopen(studio, str(session.id))
    assert change.changed
    assert (change.session.status, change.session.confirmed_at, change.session.confirmed_by) == (
        "pending",
        None,
        None,
    )
    assert waiting(change.session) == ["review", "payment"]
    assert change.session.expires_at == clock.now.add(hours=48)
    assert not sessions.reopen(studio, str(session.id)).changed


def test_reopen_does_not_ask_for_money_that_came(studio: Studio, make: Maker) -> None:
    """What was paid after the owner had waived it is not waited for when the session is reopened."""
    session = make.session()
    sessions.confirm(studio, str(session.id))
    payments.record(studio, str(session.id), "100")
    reopened = sessions.reopen(studio, str(session.id)).session
    assert waiting(reopened) == ["review"]
    assert journey.review(studio, make.link(reopened), 1).session.status == "confirmed"


def test_reopen_counts_money_that_came_after_the_deadline(studio: Studio, make: Maker, clock: Clock) -> None:
    """Money that came for an expired session counts when the session is taken up again."""
    session = make.session(expires="2h")
    clock.forward(hours=3)
    payments.record(studio, str(session.id), "100")
    assert waiting(sessions.reopen(studio, str(session.id)).session) == ["review"]


def test_reopen_still_asks_for_the_rest(studio: Studio, make: Maker) -> None:
    """A part of what is due leaves the payment to be waited for."""
    session = make.session()
    sessions.confirm(studio, str(session.id))
    payments.record(studio, str(session.id), "40")
    reopened = sessions.reopen(studio, str(session.id)).session
    assert waiting(reopened) == ["review", "payment"]
    assert reopened.due_now == Money(6000, "CAD")


def test_reopen_of_an_expired_session(studio: Studio, make: Maker, clock: Clock) -> None:
    """An expired session is pending again if its time is still free."""
    session = make.session(expires="2h")
    clock.forward(hours=3)
    change = sessions.reopen(studio, str(session.id))
    assert (change.session.status, change.session.expires_at) == ("pending", None)
    with pytest.raises(Refused):
        make.session()


def test_reopen_of_a_taken_time(studio: Studio, make: Maker, clock: Clock) -> None:
    """An expired session whose time somebody has by now is refused, unless the owner wants both."""
    session = make.session(expires="2h")
    clock.forward(hours=3)
    other = make.session()
    with pytest.raises(Refused) as refused:
        sessions.reopen(studio, str(session.id))
    assert refused.value.details["overlaps"] == [other.id]
    assert sessions.get(studio, session.id).status == "expired"
    assert sessions.reopen(studio, str(session.id), allow_overlap=True).session.overlap_allowed


def test_answers_and_payments_survive_reopening(studio: Studio, make: Maker) -> None:
    """What the client gave or paid stays when the session is reopened."""
    session = make.session()
    journey.review(studio, make.link(session), 1)
    payments.record(studio, str(session.id), "100")
    reopened = sessions.reopen(studio, str(session.id)).session
    assert reopened.paid == Money(10000, "CAD")
    assert waiting(reopened) == ["review"]


# ── canceling ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("confirmed", [False, True])
def test_cancel(studio: Studio, make: Maker, confirmed: bool) -> None:
    """A canceled session leaves its time and asks for nothing; twice is once; the ledger keeps what was paid."""
    session = make.session()
    payments.record(studio, str(session.id), "40")
    if confirmed:
        sessions.confirm(studio, str(session.id))
    change = sessions.cancel(studio, str(session.id))
    assert change.changed
    assert change.session.status == "canceled"
    assert change.session.paid == Money(4000, "CAD")
    assert not change.session.due_now
    assert not sessions.cancel(studio, str(session.id)).changed
    assert history(studio, session).count("session canceled") == 1
    make.session()


def test_cancel_stops_the_waiting_mail(studio: Studio, make: Maker) -> None:
    """A mail that asks for a session that was canceled is not sent."""
    session = make.session(share="email")
    sessions.cancel(studio, str(session.id))
    assert [message.state for message in message_store.listed(studio.file)] == ["canceled"]


# ── what is not possible ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["confirm", "reopen"])
def test_canceled_is_the_end(studio: Studio, make: Maker, verb: str) -> None:
    """A canceled session is neither confirmed nor reopened."""
    session = make.session()
    sessions.cancel(studio, str(session.id))
    with pytest.raises(Refused) as refused:
        getattr(sessions, verb)(studio, str(session.id))
    assert refused.value.code == "wrong_status"
    assert refused.value.details == {"session": session.id, "status": "canceled"}
    assert refused.value.hint is None


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
def test_expired_is_reopened_first(studio: Studio, make: Maker, clock: Clock, verb: str) -> None:
    """An expired session is refused with the command that makes it pending, from its deadline on."""
    session = make.session(expires="2h")
    clock.forward(hours=2)
    with pytest.raises(Refused) as refused:
        getattr(sessions, verb)(studio, str(session.id))
    assert f"studio session reopen {session.id}" in str(refused.value.hint)
    assert refused.value.details["status"] == "expired"


def test_read_never_shows_a_stale_pending(studio: Studio, make: Maker, clock: Clock) -> None:
    """A session reads as expired from its deadline on, without anybody having written it."""
    session = make.session(expires="2h")
    clock.forward(minutes=119, seconds=59)
    assert sessions.get(studio, session.id).status == "pending"
    clock.forward(seconds=1)
    expired = sessions.get(studio, session.id)
    assert expired.status == "expired"
    assert expired.waiting_for == ()
    assert sessions.find(studio, "last").status == "expired"


def test_expiry_is_in_the_history_once(studio: Studio, make: Maker, clock: Clock) -> None:
    """That a hold ran out is written once, by whichever write comes next."""
    session = make.session(expires="2h")
    clock.forward(hours=3)
    make.session("2026-12-04 14:00")
    make.session("2026-12-04 15:00")
    assert history(studio, session).count("session expired") == 1


def test_confirmed_session_does_not_expire(studio: Studio, make: Maker, clock: Clock) -> None:
    """A deadline concerns pending sessions only."""
    session = make.session(expires="2h")
    sessions.confirm(studio, str(session.id))
    clock.forward(hours=3)
    make.session("2026-12-04 14:00")
    assert sessions.get(studio, session.id).status == "confirmed"
