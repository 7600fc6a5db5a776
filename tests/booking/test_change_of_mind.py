"""Clients move and cancel by themselves: until when, what stays, what goes back, and who is told."""

from __future__ import annotations

import pytest
from whenever import Instant

from studio_cli.booking import cancellation, journey, overview, policy, session_changes
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import contract as contracts
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.journey import Signer
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.language import ENGLISH
from studio_cli.model.checkout import ProviderRefused, ProviderUnreachable
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.model.site import TypedSite
from studio_cli.store import message as message_store
from studio_cli.store import refund_order as refund_store
from tests.booking.test_request import at_once, told
from tests.conftest import Clock, Maker

TEN = Instant.from_utc(2026, 12, 4, 15)
MONDAY = "2026-12-07T15:00:00Z"
TUESDAY = "2026-12-08T15:00:00Z"


@pytest.fixture(autouse=True)
def with_a_server(studio: Studio) -> None:
    """Mails are written only when there is a server to send them."""
    change_setting(studio, "mail.host", "mail.example.com")


def talk(make: Maker, **more: object) -> Session:
    """A pending session of an hour that its client can move until two days before, and cancel until one."""
    site = TypedSite(move_until="2d", cancel_until="1d")
    values = {"price": "100", "deposit": None, "duration": "1h", **more}
    return make.session(type=make.type("Talk", site=site, **values).slug)


def confirmed(studio: Studio, make: Maker, **more: object) -> tuple[Session, str]:
    """``talk``, reviewed and paid in cash, with its link."""
    session = talk(make, **more)
    token = make.link(session)
    journey.review(studio, token, 1)
    if session.due_now:
        payments.record(studio, str(session.id), session.due_now.amount, method="cash", tell=False)
    assert sessions.get(studio, session.id).status == "confirmed"
    return sessions.get(studio, session.id), token


def seen(studio: Studio, number: int) -> str:
    """Return what a client's page says about the money now."""
    return minds.terms_seen(cancellation.settlement(studio, sessions.get(studio, number)))


# ── until when ────────────────────────────────────────────────────────────────────────────────────


def test_move_until_the_very_second(studio: Studio, make: Maker, clock: Clock) -> None:
    """It can be moved until exactly so long before, and not a second later."""
    session, token = confirmed(studio, make)
    clock.now = TEN.subtract(hours=48)
    assert minds.why_not_move(studio, session) is None
    clock.forward(seconds=1)
    assert minds.move(studio, token, 1, MONDAY).what == "closed"
    assert sessions.get(studio, session.id).starts_at == TEN
    clock.now = TEN.subtract(hours=48)
    assert minds.move(studio, token, 1, MONDAY).what == "done"


def test_cancel_until_the_very_second(studio: Studio, make: Maker, clock: Clock) -> None:
    """Its own deadline is that of canceling."""
    session, token = confirmed(studio, make)
    clock.now = TEN.subtract(hours=24).add(seconds=1)
    assert minds.cancel(studio, token, 1, seen(studio, session.id)).what == "closed"
    clock.now = TEN.subtract(hours=24)
    assert minds.cancel(studio, token, 1, seen(studio, session.id)).what == "done"


def test_not_where_the_studio_does_it(studio: Studio, make: Maker) -> None:
    """A session without deadlines is neither moved nor canceled by its client, a canceled one no more."""
    session = make.session("2026-12-09 10:00")
    token = make.link(session)
    assert (minds.why_not_move(studio, session), minds.why_not_cancel(studio, session)) == ("never", "never")
    assert minds.move(studio, token, 1, MONDAY).what == "closed"
    assert minds.cancel(studio, token, 1, "0-0-0").what == "closed"
    other, token = confirmed(studio, make)
    sessions.cancel(studio, str(other.id))
    assert minds.move(studio, token, 1, MONDAY).what == "closed"


def test_one_session_can_differ(studio: Studio, make: Maker) -> None:
    """The owner changes the deadlines of one session; its client, who has agreed to others, agrees to these first."""
    session = talk(make)
    token = make.link(session)
    journey.review(studio, token, 1)
    edits = Edits(move_until="none", cancel_until="0")
    after = session_changes.edit(studio, str(session.id), edits).after
    assert (after.move_until, after.cancel_until) == (None, 0)
    assert after.step("review").open
    assert minds.why_not_move(studio, after) == "never"
    assert minds.cancel(studio, token, 1, "0-0-0").what == "changed"


def test_the_owner_is_not_bound(studio: Studio, make: Maker, clock: Clock) -> None:
    """After every deadline the owner moves and cancels as before."""
    session, _ = confirmed(studio, make)
    clock.now = TEN.subtract(minutes=30)
    session_changes.reschedule(studio, str(session.id), "2026-12-07 10:00")
    clock.now = TEN.add(hours=71)
    assert sessions.cancel(studio, str(session.id)).changed


# ── moving ────────────────────────────────────────────────────────────────────────────────────────


def test_moved_and_still_confirmed(studio: Studio, make: Maker) -> None:
    """A confirmed session stays confirmed and paid; both are told once, with what it was before."""
    session, token = confirmed(studio, make)
    newest = message_store.newest(studio.file)
    done = minds.move(studio, token, 1, MONDAY).visit.session
    assert (done.status, done.starts_at, done.paid) == ("confirmed", TEN.add(hours=72), session.paid)
    mails = message_store.listed(studio.file, after=newest)
    assert [(one.recipient, one.kind) for one in mails] == [("client", "changed"), ("owner", "owner")]
    assert mails[0].letter.invitation is not None
    for mail in mails:
        assert "4 December" in mail.letter.text and "7 December" in mail.letter.text
    last = sessions.history(studio, session)[-1]
    assert (last.actor, last.kind) == ("client", "session moved")
    make.session()


def test_pending_keeps_what_was_done_and_its_deadline(studio: Studio, make: Maker) -> None:
    """Who has reviewed and moves it themselves need not review again; the time is held no longer than before."""
    session = talk(make, hold="3d")
    token = make.link(session)
    journey.review(studio, token, 1)
    done = minds.move(studio, token, 1, MONDAY).visit.session
    assert [step.name for step in done.waiting_for] == ["payment"]
    assert done.expires_at == session.expires_at
    again = minds.move(studio, token, done.revision, TUESDAY).visit.session
    assert again.expires_at == session.expires_at and not again.step("review").open


def test_not_reviewed_stays_so(studio: Studio, make: Maker) -> None:
    """Moving is no review: who has not agreed to the rest is still asked to."""
    token = make.link(talk(make))
    assert minds.move(studio, token, 1, MONDAY).visit.session.step("review").open


def test_signature_is_for_its_time(studio: Studio, make: Maker) -> None:
    """A contract that names the time is signed again once it has moved, and moved back the first signature counts."""
    contracts.add(studio, "timed", "On {{ session.starts_at }}.")
    session = talk(make, contract="timed")
    token = make.link(session)
    journey.review(studio, token, 1)
    assert session.contract is not None
    signed = {"name": ["C"], "agreed": ["yes"]}
    journey.sign(studio, token, 1, session.contract.sha256, signed, Signer("192.0.2.1", "x"))
    moved = minds.move(studio, token, 1, MONDAY).visit.session
    assert [step.name for step in moved.waiting_for] == ["contract", "payment"]
    payments.record(studio, str(session.id), "100", method="cash")
    newest = message_store.newest(studio.file)
    back = minds.move(studio, token, moved.revision, "2026-12-04T15:00:00Z").visit.session
    assert back.status == "confirmed"
    kinds = [(one.recipient, one.kind) for one in message_store.listed(studio.file, after=newest)]
    assert kinds.count(("client", "confirmed")) == 1 and ("client", "changed") not in kinds


def test_only_to_what_clients_can_book(studio: Studio, make: Maker, clock: Clock) -> None:
    """Taken, closed, too soon, too far and nonsense are no times to move to; its own is nothing to do."""
    session, token = confirmed(studio, make, notice="2d", window="30d", buffer_after="30m")
    make.session("2026-12-07 12:00")
    for at in (
        "2026-12-07T16:00:00Z",
        "2026-12-05T15:00:00Z",
        "2026-11-20T20:00:00Z",
        "2027-02-01T15:00:00Z",
    ):
        assert minds.move(studio, token, 1, at).what == "taken", at
    for at in ("", "2026-12-07", "2026-12-07T15:07:00+00:00"):
        assert minds.move(studio, token, 1, at).what == "closed", at
    assert minds.move(studio, token, 1, "2026-12-04T15:00:00Z").what == "same"
    assert minds.move(studio, token, 1, "2026-12-04T15:30:00Z").what == "done"
    assert sessions.get(studio, session.id).revision == 2


def test_bounded(studio: Studio, make: Maker) -> None:
    """Five times is often enough: a hold is not carried round the calendar."""
    session = talk(make)
    token = make.link(session)
    for count in range(5):
        assert minds.move(studio, token, count + 1, (MONDAY, TUESDAY)[count % 2]).what == "done"
    assert minds.move(studio, token, 6, TUESDAY).what == "closed"
    assert minds.why_not_move(studio, sessions.get(studio, session.id)) == "often"


def test_nothing_is_changed_that_was_not_seen(studio: Studio, make: Maker) -> None:
    """After the owner has moved it, the client's page is out of date, and neither moves nor cancels."""
    session, token = confirmed(studio, make)
    session_changes.reschedule(studio, str(session.id), "2026-12-09 10:00")
    assert minds.move(studio, token, 1, MONDAY).what == "changed"
    assert minds.cancel(studio, token, 1, seen(studio, session.id)).what == "changed"
    assert sessions.get(studio, session.id).starts_at == TEN.add(hours=24 * 5)
    assert minds.move(studio, token, 2, MONDAY).what == "done"


def test_two_want_the_same_time(studio: Studio, make: Maker) -> None:
    """Two clients who move to one time at once: one gets it, the other keeps theirs and sees what is nearest."""
    first, one = confirmed(studio, make)
    second = make.session("2026-12-04 14:00", type="talk")
    two = make.link(second)
    outcomes = at_once(
        studio,
        lambda own: minds.move(own, one, 1, MONDAY).what,
        lambda own: minds.move(own, two, 1, MONDAY).what,
    )
    assert sorted(map(str, outcomes)) == ["done", "taken"]
    there = [one for one in (first, second) if sessions.get(studio, one.id).starts_at == TEN.add(hours=72)]
    assert len(there) == 1
    loser = first if there == [second] else second
    near = minds.nearest(studio, sessions.get(studio, loser.id), TEN.add(hours=72))
    assert near and TEN.add(hours=72) not in near


def test_client_and_owner_at_once(studio: Studio, make: Maker) -> None:
    """The client moves while the owner does: what stands there at the end is what the later one has seen."""
    session, token = confirmed(studio, make)
    moved, _ = at_once(
        studio,
        lambda own: minds.move(own, token, 1, MONDAY).what,
        lambda own: session_changes.reschedule(own, str(session.id), "2026-12-09 10:00").changed,
    )
    assert moved in {"done", "changed"}
    assert sessions.get(studio, session.id).starts_at == TEN.add(hours=24 * 5)


# ── canceling ─────────────────────────────────────────────────────────────────────────────────────


def test_cash_is_given_back_by_the_owner(studio: Studio, make: Maker, clock: Clock) -> None:
    """What was not paid online waits for the owner, with the command; client, page and mails say the same amount."""
    session, token = confirmed(studio, make, refunds="100% until 14d, 50% until 7d")
    clock.forward(hours=24)
    newest = message_store.newest(studio.file)
    outcome = minds.cancel(studio, token, 1, seen(studio, session.id))
    assert (outcome.what, outcome.visit.session.status) == ("done", "canceled")
    ended = minds.ended(studio, outcome.visit.session)
    assert ended is not None
    assert (ended.money.back, ended.money.by_hand, ended.money.kept) == tuple(
        Money(minor, "CAD") for minor in (5000, 5000, 5000)
    )
    mails = message_store.listed(studio.file, after=newest)
    assert [(one.recipient, one.kind) for one in mails] == [("client", "canceled"), ("owner", "owner")]
    for sentence in policy.money(ended.money, ENGLISH, studio.settings["studio.name"]):
        assert sentence in " ".join(mails[0].letter.text.split())
    assert mails[0].letter.invitation is None or mails[0].letter.invitation.method == "CANCEL"
    assert f"studio payment refund {session.id} 50.00" in mails[1].letter.text
    (owed,) = overview.overview(studio).owed
    assert (owed.amount, owed.command) == (Money(5000, "CAD"), f"studio payment refund {session.id} 50.00")
    payments.refund(studio, payments.WantedRefund(str(session.id), "50", method="cash"))
    assert not overview.overview(studio).owed
    make.session()


def test_nothing_paid_nothing_owed(studio: Studio, make: Maker) -> None:
    """Where nothing was paid there is nothing to give back, and the owner is not asked for anything."""
    session = talk(make)
    token = make.link(session)
    assert minds.cancel(studio, token, 1, seen(studio, session.id)).what == "done"
    assert minds.cancel(studio, token, 1, "0-0-0").what == "same"
    assert not overview.overview(studio).owed
    assert told(studio, session.id) == [("client", "canceled"), ("owner", "owner")]


def test_without_a_policy_all_goes_back(studio: Studio, make: Maker) -> None:
    """Who lets clients cancel and says nothing about the money gives it all back."""
    session, _ = confirmed(studio, make)
    settled = cancellation.settlement(studio, session)
    assert settled.back == session.paid and not settled.kept
    assert "all that you have paid goes back" in " ".join(policy.terms(session, ENGLISH))


def test_the_terms_have_days(studio: Studio, make: Maker) -> None:
    """The terms name until when, as days and times in the session's zone, and stay true when time passes."""
    session = sessions.get(studio, talk(make, refunds="100% until 14d, 50% until 7d").id)
    assert policy.terms(session, ENGLISH) == [
        "You can move it yourself until Wed 2 Dec 2026 10:00.",
        "You can cancel it yourself until Thu 3 Dec 2026 10:00.",
        "Canceled until Fri 20 Nov 2026 10:00: all that you have paid goes back to you.",
        "Canceled until Fri 27 Nov 2026 10:00: 50\u00a0% of what you have paid goes back to you.",
        "Canceled later: nothing goes back.",
    ]
    free = sessions.get(studio, make.session("2026-12-11 10:00", price="0").id)
    assert policy.terms(free, ENGLISH) == []


def test_money_is_as_it_was_seen(studio: Studio, make: Maker, clock: Clock) -> None:
    """When less would go back than the page said, nothing is done: the client looks again."""
    session, token = confirmed(studio, make, refunds="100% until 14d, 50% until 7d")
    page = seen(studio, session.id)
    clock.forward(seconds=1)
    assert minds.cancel(studio, token, 1, page).what == "changed"
    assert sessions.get(studio, session.id).status == "confirmed"
    assert minds.cancel(studio, token, 1, seen(studio, session.id)).what == "done"


class Till:
    """Gives back what was paid online, or fails as it is told to."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.given = trouble, list[tuple[int, str, str]]()

    def __call__(self, payment: Payment, amount: Money, key: str) -> str:
        """Give an amount back."""
        if self.trouble:
            raise self.trouble
        self.given.append((payment.id, str(amount), key))
        return f"re_{key}"


def paid_online(studio: Studio, make: Maker, **more: object) -> tuple[Session, str]:
    """``talk`` with a deposit paid online and the rest in cash."""
    session = talk(make, **{"deposit": "40", **more})
    token = make.link(session)
    journey.review(studio, token, 1)
    with studio.file.atomic():
        amount = Money(4000, "CAD")
        payments.receive(studio, session, amount, "stripe", at=studio.now(), reference="pi_1")
    payments.record(studio, str(session.id), "60", method="cash", tell=False)
    return sessions.get(studio, session.id), token


def test_paid_online_goes_back_there(studio: Studio, make: Maker) -> None:
    """What was paid online goes back by itself, exactly once; only the rest is the owner's."""
    session, token = paid_online(studio, make)
    till = Till()
    settled = cancellation.settlement(studio, session)
    assert (settled.online, settled.by_hand) == (Money(4000, "CAD"), Money(6000, "CAD"))
    assert minds.cancel(studio, token, 1, seen(studio, session.id), till).what == "done"
    assert [amount for _, amount, _ in till.given] == ["40.00 CAD"]
    assert minds.cancel(studio, token, 1, "", till).what == "same"
    assert len(till.given) == 1
    assert sessions.get(studio, session.id).paid == Money(6000, "CAD")
    (owed,) = overview.overview(studio).owed
    assert owed.amount == Money(6000, "CAD")


def test_out_of_reach_is_finished_later(studio: Studio, make: Maker) -> None:
    """When nobody can be reached it is canceled all the same, and what goes back waits for payment sync."""
    session, token = paid_online(studio, make)
    till = Till(ProviderUnreachable("gone"))
    assert minds.cancel(studio, token, 1, seen(studio, session.id), till).what == "done"
    orders = refund_store.unfinished(studio.file, session.id)
    assert [order.amount for order in orders] == [Money(4000, "CAD")]
    found = overview.overview(studio)
    assert found.unfinished_refunds == 1
    assert [one.amount for one in found.owed] == [Money(6000, "CAD")]
    payments.finish_refunds(studio, orders, Till())
    assert overview.overview(studio).unfinished_refunds == 0
    assert [one.amount for one in overview.overview(studio).owed] == [Money(6000, "CAD")]


def test_what_goes_back_already_is_not_by_hand(studio: Studio, make: Maker) -> None:
    """While an earlier refund is on its way, the rest of what was paid online goes back there too, and both get through."""
    session, token = paid_online(studio, make)
    with pytest.raises(ProviderUnreachable):
        payments.refund(
            studio,
            payments.WantedRefund(str(session.id), "10", of=1),
            give_back=Till(ProviderUnreachable("gone")),
        )
    settled = cancellation.settlement(studio, sessions.get(studio, session.id))
    assert (settled.paid, settled.online, settled.by_hand) == tuple(
        Money(one, "CAD") for one in (9000, 3000, 6000)
    )
    till = Till(ProviderUnreachable("gone"))
    assert minds.cancel(studio, token, 1, seen(studio, session.id), till).what == "done"
    (owed,) = overview.overview(studio).owed
    assert (owed.amount, owed.command) == (Money(6000, "CAD"), "studio payment sync")
    by_hand = payments.WantedRefund(str(session.id), "60", method="cash")
    assert [made.payment.amount for made in payments.refund(studio, by_hand)] == [Money(6000, "CAD")]
    orders = refund_store.unfinished(studio.file, session.id)
    assert [order.amount for order in orders] == [Money(1000, "CAD"), Money(3000, "CAD")]
    payments.finish_refunds(studio, orders, Till())
    assert not sessions.get(studio, session.id).paid
    assert overview.overview(studio).owed == []


def test_refused_there_is_owed_here(studio: Studio, make: Maker) -> None:
    """What the provider refuses to give back is put before the owner, with the rest."""
    session, token = paid_online(studio, make)
    minds.cancel(studio, token, 1, seen(studio, session.id), Till(ProviderRefused("no")))
    found = overview.overview(studio)
    assert (found.unfinished_refunds, found.owed[0].amount) == (0, Money(10000, "CAD"))


def test_canceled_twice_at_once(studio: Studio, make: Maker) -> None:
    """Two taps at once cancel once, give back once and tell once."""
    session, token = paid_online(studio, make)
    page, till = seen(studio, session.id), Till()
    outcomes = at_once(studio, *[lambda own: minds.cancel(own, token, 1, page, till).what] * 2)
    assert sorted(map(str, outcomes)) == ["done", "same"]
    assert len(till.given) == 1
    assert told(studio, session.id).count(("client", "canceled")) == 1


def test_moved_while_the_owner_cancels(studio: Studio, make: Maker) -> None:
    """Whatever comes first, a session that the owner has canceled stays canceled."""
    session, token = confirmed(studio, make)
    moved, _ = at_once(
        studio,
        lambda own: minds.move(own, token, 1, MONDAY).what,
        lambda own: sessions.cancel(own, str(session.id)).changed,
    )
    assert moved in {"done", "closed"}
    assert sessions.get(studio, session.id).status == "canceled"
