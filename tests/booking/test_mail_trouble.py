"""Trouble with mails never undoes what happened, and never keeps anybody from hearing of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio_cli.booking import (
    cancellation,
    journey,
    letter,
    mail,
    own_template,
    payment,
    session_changes,
    sync,
)
from studio_cli.booking import checkout as checkouts
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio, change_setting, found
from studio_cli.model.checkout import ProviderUnreachable
from studio_cli.model.message import Envelope, Letter, MailFailed, Message
from studio_cli.model.session import Session
from studio_cli.outside.stripe import Stripe
from studio_cli.store import message as message_store
from studio_cli.store import template as template_store
from tests.booking.paying import go, page_of, ready
from tests.booking.test_mail import Postbox
from tests.booking.test_refunds import Outside, cad
from tests.conftest import ZONE, Clock, Maker
from tests.fake_stripe import FakeStripe

UNKEEPABLE = 'Subject: x\n\n{{ "{:5\\ud800\\ud800}".format(1) }}'
"""A template whose mistake is told with characters that no file keeps."""
DOWN = MailFailed("down")
OWNER = "ana@example.com"


@pytest.fixture(autouse=True)
def with_a_server(studio: Studio) -> None:
    """Mails are written only when there is a server to send them."""
    change_setting(studio, "mail.host", "mail.example.com")


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A pending session of 100 whose client has a link."""
    made = make.session()
    make.link(made)
    return sessions.get(studio, made.id)


@pytest.fixture
def paid(studio: Studio, session: Session) -> Session:
    """The session, of which 20 were paid in cash and 80 at Stripe."""
    for amount, method in ((20, "cash"), (80, "stripe")):
        with studio.file.atomic():
            payment.receive(
                studio, sessions.get(studio, session.id), cad(amount), method, at=studio.now(),
                reference="stripe:pi_1" if method == "stripe" else None, tell=False, actor="owner",
            )  # fmt: skip
    return session


def messages(studio: Studio) -> list[Message]:
    """Return every mail."""
    return message_store.listed(studio.file)


def sent(studio: Studio) -> list[str]:
    """Send what waits, and return the subjects of what clients got."""
    box = Postbox()
    mail.send_written(studio, box, retry=True)
    return [one.subject for envelope, one in box.sent if envelope.to[1] != OWNER]


# ── changes ───────────────────────────────────────────────────────────────────────────────────────


def test_change_is_told_whatever_is_edited_meanwhile(studio: Studio, session: Session, clock: Clock) -> None:
    """A move whose mail has not gone out is told, also when something is changed that the client never sees."""
    sessions.confirm(studio, "1", tell=False)
    session_changes.reschedule(studio, "1", "2026-12-07 10:00")
    mail.send_written(studio, Postbox(DOWN))
    session_changes.edit(studio, "1", Edits(notes="dog"))
    clock.forward(hours=3)
    assert sent(studio) == ["New time: Portrait, Monday 7 December 2026, 10:00"]


def test_change_that_was_taken_back_silently(studio: Studio, session: Session, clock: Clock) -> None:
    """A waiting mail about a change that is none any more is not sent."""
    session_changes.edit(studio, "1", Edits(location="High Park"))
    mail.send_written(studio, Postbox(DOWN))
    session_changes.edit(studio, "1", Edits(location=""), tell=False)
    clock.forward(hours=1)
    assert sent(studio) == []


def test_change_before_the_share_went_out(studio: Studio, make: Maker, clock: Clock) -> None:
    """Who has heard nothing yet gets the share alone, with the new time."""
    make.session()
    share(studio, "1", "email")
    mail.deliver(studio, Postbox(DOWN), 1)
    session_changes.reschedule(studio, "1", "2026-12-07 10:00")
    clock.forward(hours=1)
    (only,) = sent(studio)
    assert only.startswith("Please confirm") and "7 December" in messages(studio)[0].letter.text


def test_change_that_was_given_up(studio: Studio, session: Session) -> None:
    """What the client was never told of a first change stands in the mail about the second one."""
    session_changes.edit(studio, "1", Edits(location="High Park"))
    mail.send_written(studio, Postbox(MailFailed("no such box", permanent=True)))
    session_changes.edit(studio, "1", Edits(title="Double portrait"))
    text = messages(studio)[-1].letter.text
    assert "from now on: High Park" in text and "from now on: Double portrait" in text


def test_until_now_is_what_the_client_knew(studio: Studio, make: Maker) -> None:
    """A change that was kept from the client does not become what they are told it was until now."""
    make.session()
    share(studio, "1", "email")
    mail.deliver(studio, Postbox(), 1)
    session_changes.reschedule(studio, "1", "2026-12-07 10:00", tell=False)
    session_changes.reschedule(studio, "1", "2026-12-08 10:00")
    text = messages(studio)[-1].letter.text
    assert "until now: Friday 4 December 2026" in text and "7 December" not in text


def test_again_only_after_a_first(studio: Studio, make: Maker) -> None:
    """A share says “once more” only when an earlier one has gone out."""
    make.session()
    share(studio, "1", "email")
    mail.deliver(studio, Postbox(MailFailed("no such box", permanent=True)), 1)
    share(studio, "1", "email")
    assert messages(studio)[-1].letter.subject.startswith("Please confirm")


# ── money ─────────────────────────────────────────────────────────────────────────────────────────


def test_same_key_refunds_once_whatever_the_mail_does(studio: Studio, paid: Session) -> None:
    """A template that breaks the refund's mail does not make the refund happen twice."""
    template_store.write(studio.file, "refund", "en", UNKEEPABLE)
    outside = Outside()
    for _ in range(2):
        payment.refund(studio, WantedRefund("1", "30"), give_back=outside, key="k")
    assert outside.total == 3000


def test_refund_in_two_parts_is_told(studio: Studio, paid: Session) -> None:
    """What goes back by hand is told, also when the other part comes only with the second try."""
    outside = Outside(trouble=ProviderUnreachable("x"))
    with pytest.raises(ProviderUnreachable):
        payment.refund(studio, WantedRefund("1"), give_back=outside)
    outside.trouble = None
    payment.refund(studio, WantedRefund("1"), give_back=outside)
    assert sent(studio) == ["CA$100.00 goes back to you: Portrait"]


def test_refund_after_the_cancellation_was_told(studio: Studio, paid: Session) -> None:
    """Money that goes back after the mail about the cancellation is told in a mail of its own."""
    outside = Outside(trouble=ProviderUnreachable("x"))
    with pytest.raises(ProviderUnreachable):
        cancellation.cancel(studio, "1", "all", give_back=outside)
    assert sent(studio)[0].startswith("Canceled")
    outside.trouble = None
    cancellation.cancel(studio, "1", "all", give_back=outside)
    assert sent(studio) == ["CA$80.00 goes back to you: Portrait"]


def test_no_mail_is_remembered_with_the_refund(studio: Studio, paid: Session) -> None:
    """A refund that was not to be mailed is not mailed when it is finished later."""

    class Provider:
        name = "stripe"

        def give_back(self, payment: object, amount: object, key: str) -> str:
            outside.trouble = None
            return outside(payment, amount, key)  # type: ignore[arg-type]

    outside = Outside(trouble=ProviderUnreachable("x"))
    with pytest.raises(ProviderUnreachable):
        payment.refund(studio, WantedRefund("1", "50", tell=False), give_back=outside)
    list(sync._finish_refunds(studio, Provider()))  # type: ignore[arg-type]
    assert messages(studio) == []


def test_paid_on_the_spot(studio: Studio, make: Maker, session: Session, clock: Clock) -> None:
    """Who pays after the session began gets a receipt, though there is nothing to look forward to."""
    journey.review(studio, make.link(session), session.revision)
    clock.now = session.starts_at.add(minutes=70)
    payment.record(studio, "1", "100", method="cash")
    assert sent(studio) == ["Receipt 1 from Ana Silva Photography"]


def test_paid_long_after(studio: Studio, session: Session, clock: Clock) -> None:
    """A receipt has no button that leads to a link which has ended."""
    sessions.confirm(studio, "1", tell=False)
    clock.now = session.ends_at.add(hours=24 * 31)
    payment.record(studio, "1", "100")
    assert (
        "/s/" not in messages(studio)[-1].letter.text
        and "{studio:link}" not in messages(studio)[-1].letter.text
    )


def test_owner_is_not_told_two_things(
    stripe_studio: Studio, make: Maker, provider: Stripe, fake_stripe: FakeStripe, clock: Clock
) -> None:
    """When a payment arrives just after the hold, the owner hears that it is confirmed, and not that it is free."""
    _, token = ready(stripe_studio, make, expires="40m")
    checkout = go(stripe_studio, provider, token)
    fake_stripe.pay(page_of(checkout))
    clock.forward(minutes=50)
    checkouts.settle(stripe_studio, provider, checkouts.get(stripe_studio, checkout.id))
    box = Postbox()
    mail.send_written(stripe_studio, box)
    owners = [one.subject for envelope, one in box.sent if envelope.to[1] == OWNER]
    assert len(owners) == 1 and "has confirmed" in owners[0]


def test_announced_and_recorded_at_once(studio: Studio, make: Maker, session: Session) -> None:
    """The owner is not asked to write down what is written down."""
    token = make.link(session)
    journey.review(studio, token, session.revision)
    journey.announce_payment(studio, token, session.revision)
    payment.record(studio, "1", "100")
    box = Postbox()
    mail.send_written(studio, box)
    assert not any("payment record" in one.text for _, one in box.sent)


# ── the outbox ────────────────────────────────────────────────────────────────────────────────────


def test_full_mailbox_holds_up_nobody(studio: Studio, make: Maker, session: Session, clock: Clock) -> None:
    """One client's mailbox that takes nothing does not delay another client's mail."""

    class Picky(Postbox):
        def send(self, envelope: Envelope, letter: Letter) -> None:
            self.trouble = MailFailed("mailbox full") if envelope.to[1] == "client1@example.com" else None
            super().send(envelope, letter)

    make.link(make.session("2026-12-07 10:00"))
    box = Picky()
    for number in ("1", "2"):
        sessions.confirm(studio, number)
    mail.send_written(studio, box, retry=True)
    clock.forward(hours=1)
    mail.send_written(studio, box, retry=True)
    assert len(box.sent) == 1


def test_what_cannot_be_written_undoes_nothing(
    studio: Studio, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in writing a mail is put into the history, and the session is confirmed all the same."""

    def broken(*arguments: object, **more: object) -> None:
        raise LookupError("no such thing")

    monkeypatch.setattr(letter, "compose", broken)
    sessions.confirm(studio, "1")
    assert sessions.get(studio, 1).status == "confirmed"
    lines = sessions.history(studio, sessions.get(studio, 1))
    assert [line.details for line in lines if line.kind == "mail not written"] == [
        {"kind": "confirmed", "why": "LookupError"}
    ]


# ── the owner's templates ─────────────────────────────────────────────────────────────────────────


def test_step_goes_on_with_a_broken_template(studio: Studio, make: Maker, session: Session) -> None:
    """A template whose mistake cannot even be kept as it is keeps no client from going on."""
    template_store.write(studio.file, "owner", "en", UNKEEPABLE)
    template_store.write(studio.file, "expired", "en", UNKEEPABLE)
    token = make.link(session)
    journey.review(studio, token, session.revision)
    assert journey.announce_payment(studio, token, session.revision).session.step("payment").announced_at
    session_changes.edit(studio, "1", Edits(expires="1h"), tell=False)
    assert isinstance(studio.clock, Clock)
    studio.clock.forward(hours=2)
    make.session("2026-12-07 10:00")
    assert sessions.get(studio, 1).status == "expired"
    assert all("\\ud800" in str(one.trouble) for one in messages(studio) if one.kind in {"owner", "expired"})


def test_fault_is_forgotten_when_it_is_gone(studio: Studio, make: Maker, session: Session) -> None:
    """A template that failed for one client's data and works for the next is not called broken for ever."""
    template_store.write(studio.file, "confirmed", "en", "Subject: x\n\n{{ 5 // (session.location|length) }}")
    make.session("2026-12-07 10:00", location="High Park")
    sessions.confirm(studio, "1")
    assert own_template.not_used(studio)
    sessions.confirm(studio, "2")
    assert not own_template.not_used(studio)


def test_folder_with_a_strange_name(tmp_path: Path, clock: Clock) -> None:
    """A studio in a folder whose name is no text goes on, with a template that cannot be read."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    studio = found(
        folder / "studio.db", clock, name="A", email=OWNER, timezone=ZONE, currency="CAD", test=True
    )
    change_setting(studio, "mail.host", "mail.example.com")
    Maker(studio).session()
    template_store.folder(studio.file).mkdir()
    (template_store.folder(studio.file) / "confirmed.en.md").write_bytes(b"Subject: \xff")
    sessions.confirm(studio, "1")
    assert messages(studio)[-1].trouble
    studio.file.close()
