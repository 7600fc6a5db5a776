"""Giving money back, also when what is outside does not answer: never lost, never twice."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from studio_cli.booking import cancellation, journey, payment, session_changes
from studio_cli.booking import contract as contracts
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused
from studio_cli.model.checkout import ProviderRefused, ProviderUnreachable
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.store import payment as payment_store
from studio_cli.store import refund_order as refund_store
from tests.conftest import Clock, Maker


def cad(amount: int) -> Money:
    """So many dollars."""
    return Money(amount * 100, "CAD")


@dataclass
class Outside:
    """Gives back as a provider does: the same key is the same refund. ``trouble`` comes after the refund is made."""

    made: dict[str, tuple[str, Money]] = field(default_factory=dict)
    trouble: Exception | None = None

    def __call__(self, paid: Payment, amount: Money, key: str) -> str:
        self.made.setdefault(key, (f"stripe:re_{len(self.made)}", amount))
        if self.trouble:
            raise self.trouble
        return self.made[key][0]

    @property
    def total(self) -> int:
        """What has gone back in all, in minor units."""
        return sum(amount.minor for _, amount in self.made.values())


@pytest.fixture
def paid(studio: Studio, make: Maker) -> Session:
    """A session for 100 that was paid at Stripe, in two parts: 20 and 80."""
    session = make.session()
    with studio.file.atomic():
        for number, amount in enumerate((20, 80)):
            payment.receive(
                studio, session, cad(amount), "stripe", at=studio.now(), reference=f"stripe:pi_{number}"
            )
    return sessions.get(studio, session.id)


LOST = ProviderUnreachable("No answer.", hint="Try again.")


def test_lost_answer_is_one_refund(studio: Studio, paid: Session) -> None:
    """When the answer is lost the same command goes on with the same refund, with a key of the owner's or without."""
    outside, wanted = Outside(trouble=LOST), WantedRefund(str(paid.id), "30")
    for key in ("k1", None):
        with pytest.raises(ProviderUnreachable):
            payment.refund(studio, wanted, give_back=outside, key=key)
    outside.trouble = None
    done = payment.refund(studio, wanted, give_back=outside, key="k1")
    assert [one.payment.amount for one in done] == [cad(30)]
    assert outside.total == 3000
    assert sessions.get(studio, paid.id).paid == cad(70)
    assert payment.refund(studio, wanted, give_back=outside, key="k1")[0].repeated
    assert outside.total == 3000


def test_refund_heard_of_meanwhile_is_one(studio: Studio, paid: Session) -> None:
    """A refund that an event brings before the owner asks again is in the ledger once, and made once."""
    outside = Outside(trouble=LOST)
    with pytest.raises(ProviderUnreachable):
        payment.refund(studio, WantedRefund(str(paid.id), "30"), give_back=outside)
    reference = next(iter(outside.made.values()))[0]
    newest = payment_store.listed(studio.file, session_id=paid.id)[-1]
    with studio.file.atomic():
        payment_store.insert(
            studio.file, paid.id, cad(30), "stripe", kind="refund", at=studio.now(), now=studio.now(),
            reference=reference, refund_of=newest.id,
        )  # fmt: skip
    outside.trouble = None
    assert payment.refund(studio, WantedRefund(str(paid.id), "30"), give_back=outside)[0].repeated
    assert (outside.total, sessions.get(studio, paid.id).paid) == (3000, cad(70))
    assert refund_store.unfinished(studio.file) == []


def test_refund_of_several_payments_with_a_key(studio: Studio, paid: Session) -> None:
    """A refund that comes from two payments is kept whole under one key, and repeating it changes nothing."""
    outside, wanted = Outside(), WantedRefund(str(paid.id), "90")
    done = payment.refund(studio, wanted, give_back=outside, key="k")
    assert [one.payment.amount for one in done] == [cad(80), cad(10)]
    payment.refund(studio, wanted, give_back=outside, key="k")
    assert (outside.total, sessions.get(studio, paid.id).paid) == (9000, cad(10))


def test_refused_for_good_is_given_up(studio: Studio, paid: Session) -> None:
    """What the provider refuses does not stand in the way of giving it back by hand."""
    outside = Outside(trouble=ProviderRefused("It was given back already.", code="provider_refused"))
    with pytest.raises(ProviderRefused):
        payment.refund(studio, WantedRefund(str(paid.id), "30"), give_back=outside)
    payment.refund(studio, WantedRefund(str(paid.id), "30", method="transfer"))
    assert sessions.get(studio, paid.id).paid == cad(70)


def test_without_a_key_nothing_is_begun(studio: Studio, paid: Session) -> None:
    """Without a way to ask outside a refund is refused, and nothing is left behind."""
    with pytest.raises(Refused) as refused:
        payment.refund(studio, WantedRefund(str(paid.id)))
    assert refused.value.code == "no_provider"
    assert refund_store.unfinished(studio.file) == []


def test_cancel_goes_on_with_its_refund(studio: Studio, paid: Session) -> None:
    """A refund that did not get through when its session was canceled is made when it is canceled again, once."""
    outside = Outside(trouble=LOST)
    with pytest.raises(ProviderUnreachable):
        cancellation.cancel(studio, str(paid.id), "all", give_back=outside)
    assert sessions.get(studio, paid.id).status == "canceled"
    outside.trouble = None
    change, refunds = cancellation.cancel(studio, str(paid.id), "all", give_back=outside)
    assert (change.changed, [one.payment.amount for one in refunds]) == (False, [cad(80), cad(20)])
    assert cancellation.cancel(studio, str(paid.id), "all", give_back=outside)[1] == []
    assert (outside.total, sessions.get(studio, paid.id).paid) == (10000, cad(0))


def test_cancel_that_cannot_refund_does_not_cancel(studio: Studio, paid: Session) -> None:
    """Without a way to give back what is wanted back, nothing happens at all."""
    with pytest.raises(Refused):
        cancellation.cancel(studio, str(paid.id), "all")
    assert sessions.get(studio, paid.id).status == paid.status


def test_late_money_that_became_useful(studio: Studio, make: Maker, clock: Clock) -> None:
    """Money for a session whose hold ran out has to go back, until the session is taken up again."""
    session = make.session(expires="1h")
    clock.forward(hours=2)
    payment.record(studio, str(session.id), "100")
    assert [row.to_refund for row in payment_store.listed(studio.file, late=True)] == [True]
    sessions.reopen(studio, str(session.id))
    assert payment_store.listed(studio.file, late=True) == []


# ── tips and contracts that follow ────────────────────────────────────────────────────────────────


@pytest.fixture
def tipped(studio: Studio, make: Maker) -> tuple[Session, str]:
    """A session for 100 whose client has said that 120 is on its way, and its link."""
    studios.change_setting(studio, "payment.provider", "offline")
    session = make.session(tips=True)
    token = make.link(session)
    journey.review(studio, token, 1)
    journey.pay(studio, token, 1, {"tip": ["20"]})
    assert sessions.get(studio, session.id).total == cad(120)
    return session, token


def test_typed_tip_is_meant(studio: Studio, tipped: tuple[Session, str]) -> None:
    """An amount that is typed counts, whatever is ticked; one that is none, or too much, is said."""
    session, token = tipped
    journey.pay(studio, token, 1, {"tip": ["0"], "tip_amount": ["7,50"]})
    assert sessions.get(studio, session.id).tip == Money(750, "CAD")
    for typed, problem in (("a lot", "amount"), ("1000", "much")):
        here = journey.pay(studio, token, 1, {"tip": ["0"], "tip_amount": [typed]})
        assert here.trouble == {"tip": problem}
    assert sessions.get(studio, session.id).tip == Money(750, "CAD")


def test_unpaid_tip_is_not_owed(studio: Studio, tipped: tuple[Session, str]) -> None:
    """A tip that was chosen and not paid goes when the owner confirms."""
    sessions.confirm(studio, str(tipped[0].id))
    assert sessions.get(studio, tipped[0].id).balance == cad(100)


def test_no_tips_any_more(studio: Studio, tipped: tuple[Session, str]) -> None:
    """A tip that was chosen and not paid goes when tips are no longer taken."""
    session_changes.edit(studio, str(tipped[0].id), Edits(tips=False))
    assert sessions.get(studio, tipped[0].id).due_now == cad(100)


def test_private_note_rewords_no_contract(studio: Studio, make: Maker) -> None:
    """A change that the client never sees does not fill in the contract anew, whatever else is different by now."""
    contracts.add(studio, "terms", "Call {{ studio.phone }}.")
    session = make.session(contract="terms")
    studios.change_setting(studio, "studio.phone", "+1 416 555 0134")
    session_changes.edit(studio, str(session.id), Edits(notes="brings the dog"))
    document = contracts.current(studio, sessions.get(studio, session.id))
    assert document and document.text == "Call ."
    session_changes.edit(studio, str(session.id), Edits(location="Park"))
    document = contracts.current(studio, sessions.get(studio, session.id))
    assert document and document.text == "Call +1 416 555 0134."
