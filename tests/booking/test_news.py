"""What is mailed when something happens: one event, one mail to each person, and only what they do not know yet."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from icalendar import Calendar

from studio_cli.booking import cancellation, journey, letter, mail, payment, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio, change_setting, remove_setting
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.message import KINDS, MOST_TRIES, MailFailed, Message
from studio_cli.model.session import Session
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from tests.booking.test_mail import Postbox
from tests.conftest import Clock, Maker

Told = list[tuple[str, str]]


@pytest.fixture(autouse=True)
def with_a_server(studio: Studio) -> None:
    """Mails are written only when there is a server to send them."""
    change_setting(studio, "mail.host", "mail.example.com")


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A pending session of 250 with a deposit of 50, whose client has a link."""
    made = make.session(type=make.type().slug)
    make.link(made)
    return sessions.get(studio, made.id)


def messages(studio: Studio) -> list[Message]:
    """Return every mail."""
    return message_store.listed(studio.file)


def told(studio: Studio, after: int = 0) -> Told:
    """Return kind and recipient of the mails that wait, those after a number."""
    return [(one.kind, one.to_email) for one in message_store.listed(studio.file, ("queued",), after=after)]


CLIENT, OWNER = "client1@example.com", "ana@example.com"


def last(studio: Studio) -> Message:
    """Return the newest mail."""
    return messages(studio)[-1]


def all_done(studio: Studio, session: Session, make: Maker) -> None:
    """Let the client do everything."""
    token = make.link(session)
    journey.review(studio, token, session.revision)
    journey.pay_test(studio, token, session.revision)


# ── one event, one mail ───────────────────────────────────────────────────────────────────────────

HAPPENINGS: dict[str, tuple[Callable[[Studio, Maker, Session], object], Told]] = {
    "the owner confirms": (
        lambda studio, make, session: sessions.confirm(studio, "1"),
        [("confirmed", CLIENT)],
    ),
    "the owner confirms without a word": (
        lambda studio, make, session: sessions.confirm(studio, "1", tell=False),
        [],
    ),
    "the client does all of it": (
        lambda studio, make, session: all_done(studio, session, make),
        [("confirmed", CLIENT), ("owner", OWNER)],
    ),
    "moved": (
        lambda studio, make, session: session_changes.reschedule(studio, "1", "2026-12-07 10:00"),
        [("changed", CLIENT)],
    ),
    "moved without a word": (
        lambda studio, make, session: session_changes.reschedule(studio, "1", "2026-12-07 10:00", tell=False),
        [],
    ),
    "another place": (
        lambda studio, make, session: session_changes.edit(studio, "1", Edits(location="High Park")),
        [("changed", CLIENT)],
    ),
    "notes that clients never see": (
        lambda studio, make, session: session_changes.edit(studio, "1", Edits(notes="dog")),
        [],
    ),
    "canceled": (lambda studio, make, session: sessions.cancel(studio, "1"), [("canceled", CLIENT)]),
    "canceled without a word": (
        lambda studio, make, session: sessions.cancel(studio, "1", tell=False),
        [],
    ),
    "money arrives": (
        lambda studio, make, session: payment.record(studio, "1", "50"),
        [("receipt", CLIENT)],
    ),
    "money on its way": (
        lambda studio, make, session: announced(studio, make, session),
        [("payment-instructions", CLIENT), ("owner", OWNER)],
    ),
    "the hold runs out": (
        lambda studio, make, session: run_out(studio),
        [("expired", CLIENT), ("owner", OWNER)],
    ),
    "reopened": (lambda studio, make, session: reopened(studio), [("confirmed", CLIENT)]),
}


def announced(studio: Studio, make: Maker, session: Session) -> None:
    """Let the client review, and say that the payment is on its way."""
    token = make.link(session)
    journey.review(studio, token, session.revision)
    journey.announce_payment(studio, token, session.revision)
    journey.announce_payment(studio, token, session.revision)


def run_out(studio: Studio) -> None:
    """Give the session a deadline, and let it pass."""
    session_changes.edit(studio, "1", Edits(expires="2h"))
    assert isinstance(studio.clock, Clock)
    studio.clock.forward(hours=3)
    for _ in range(2):
        with studio.file.atomic():
            studio.settle(studio.now())


def reopened(studio: Studio) -> None:
    """Confirm, and make it pending again: the client hears of that when the owner shares it."""
    sessions.confirm(studio, "1")
    sessions.reopen(studio, "1")


@pytest.mark.parametrize("what", HAPPENINGS)
def test_one_event_is_one_mail_to_each(studio: Studio, make: Maker, session: Session, what: str) -> None:
    """What happens is told once to whoever does not know it, and to nobody else."""
    happen, expected = HAPPENINGS[what]
    happen(studio, make, session)
    told_now = [(one.kind, one.to_email) for one in messages(studio)]
    assert told_now == expected


def test_confirmed_by_a_payment_is_one_mail(studio: Studio, make: Maker, session: Session) -> None:
    """A payment that completes the booking is told with the confirmation, not beside it."""
    journey.review(studio, make.link(session), session.revision)
    payment.record(studio, "1", "50")
    assert told(studio) == [("confirmed", CLIENT)]
    assert "CA$50.00 has arrived (receipt 1" in last(studio).letter.text


def test_done_twice_is_told_once(studio: Studio, session: Session) -> None:
    """Confirming or canceling what is so already tells nobody anything."""
    for _ in range(2):
        sessions.confirm(studio, "1")
    for _ in range(2):
        sessions.cancel(studio, "1")
    assert [one.kind for one in messages(studio)] == ["confirmed", "canceled"]
    assert messages(studio)[0].state == "canceled"  # it had not gone out, and says what is no longer so


def test_one_occasion_is_one_mail(studio: Studio, session: Session) -> None:
    """The file itself refuses a second mail for the same occasion to the same person."""
    with studio.file.atomic():
        first = letter.tell_client(studio, session, "receipt", "payment 1")
        second = letter.tell_client(studio, session, "receipt", "payment 1")
        owner = letter.tell_owner(studio, session, "paid", "payment 1")
    assert first and owner and second is None


def test_who_never_heard_of_it_is_not_told(studio: Studio, make: Maker) -> None:
    """A session that was never shared is moved, canceled and runs out without a mail to its client."""
    make.session(expires="1d")
    session_changes.reschedule(studio, "1", "2026-12-07 10:00")
    sessions.cancel(studio, "1")
    assert told(studio) == []


def test_nobody_is_told_without_a_server(studio: Studio, session: Session) -> None:
    """Without a mail server nothing piles up for the day that there is one; a share that was asked for waits."""
    remove_setting(studio, "mail.host")
    share(studio, "1", "email")
    session_changes.reschedule(studio, "1", "2026-12-07 10:00")
    sessions.confirm(studio, "1")
    assert [one.kind for one in messages(studio)] == ["share"]


def test_owner_wants_no_news(studio: Studio, make: Maker, session: Session) -> None:
    """With mail.news off the client is told as before, and the owner is not."""
    change_setting(studio, "mail.news", "no")
    all_done(studio, session, make)
    assert told(studio) == [("confirmed", CLIENT)]


def test_hold_that_ran_out_long_ago(studio: Studio, session: Session, clock: Clock) -> None:
    """Nobody is told that a time is free again when that time is over."""
    session_changes.edit(studio, "1", Edits(expires="2h"))
    clock.forward(hours=24 * 30)
    with studio.file.atomic():
        studio.settle(studio.now())
    assert told(studio) == []
    assert sessions.get(studio, 1).status == "expired"


# ── changes ───────────────────────────────────────────────────────────────────────────────────────


def test_changed_says_old_and_new(studio: Studio, session: Session) -> None:
    """A move is told with the old time and the new one, and with the owner's own words."""
    session_changes.reschedule(studio, "1", "2026-12-07 14:00", note="My car broke down.")
    text = last(studio).letter.text
    assert "until now: Friday 4 December 2026, 10:00 to 11:30" in text
    assert "from now on: Monday 7 December 2026, 14:00 to 15:30" in text
    assert "> My car broke down." in text
    assert last(studio).letter.subject.startswith("New time: ")


def test_two_changes_before_the_mail_went_out(studio: Studio, session: Session) -> None:
    """Of several changes one mail goes out, from what the client knew to what is now."""
    session_changes.reschedule(studio, "1", "2026-12-07 14:00", note="Sorry!")
    session_changes.edit(studio, "1", Edits(location="High Park"))
    assert [one.state for one in messages(studio)] == ["canceled", "queued"]
    text = last(studio).letter.text
    assert "until now: Friday 4 December 2026" in text and "High Park" in text and "> Sorry!" in text


def test_changed_back_before_the_mail_went_out(studio: Studio, session: Session) -> None:
    """Who heard nothing of a change need not hear that it was taken back."""
    session_changes.reschedule(studio, "1", "2026-12-07 14:00")
    session_changes.reschedule(studio, "1", "2026-12-04 10:00")
    assert told(studio) == []


def test_changed_back_after_the_mail_went_out(studio: Studio, session: Session) -> None:
    """Who was told of a change is told that it was taken back."""
    session_changes.reschedule(studio, "1", "2026-12-07 14:00")
    mail.send_written(studio, Postbox())
    session_changes.reschedule(studio, "1", "2026-12-04 10:00")
    assert told(studio) == [("changed", CLIENT)]


def test_edit_that_completes(studio: Studio, make: Maker, session: Session) -> None:
    """A deposit that falls to what was paid: the change is told, and then that the session is confirmed."""
    journey.review(studio, make.link(session), session.revision)
    payment.record(studio, "1", "40", tell=False)
    session_changes.edit(studio, "1", Edits(deposit="40"))
    journey.review(studio, make.link(session), sessions.get(studio, 1).revision)
    assert sessions.get(studio, 1).status == "confirmed"
    assert told(studio) == [("changed", CLIENT), ("confirmed", CLIENT), ("owner", OWNER)]


def test_share_again_and_with_a_note(studio: Studio, session: Session) -> None:
    """A link that is mailed once more says so; a note stands in the mail as it was typed, and only there."""
    share(studio, "1", "email", note="  Bring *hats* & <b>scarves</b>\r\nand the dog ")
    mail.deliver(studio, Postbox(), 1)
    share(studio, "1", "email")
    first, second = messages(studio)
    assert "> Bring *hats* & <b>scarves</b>\n> and the dog" in first.letter.text
    assert "Bring *hats* &amp; &lt;b&gt;scarves&lt;/b&gt;<br>and the dog" in first.letter.html
    assert "once more" not in first.letter.text and "once more" in second.letter.text
    with pytest.raises(WrongUsage):
        share(studio, "1", "direct", note="Hello")
    with pytest.raises(WrongUsage):
        share(studio, "1", "email", note="x" * 5001)


def test_canceled_says_what_goes_back(studio: Studio, session: Session) -> None:
    """A refund that comes with the cancellation is told in the same mail."""
    payment.record(studio, "1", "50", tell=False)
    cancellation.cancel(studio, "1", "20", note="Ill.")
    assert told(studio) == [("canceled", CLIENT)]
    mail.send_written(studio, Postbox())
    assert "CA$20.00 goes back to you." in last(studio).letter.text
    assert "> Ill." in last(studio).letter.text


def test_refund_is_told(studio: Studio, session: Session) -> None:
    """Money that goes back by itself is told, once for all of it."""
    payment.record(studio, "1", "30", tell=False)
    payment.record(studio, "1", "20", tell=False)
    payment.refund(studio, WantedRefund("1", "45"))
    assert told(studio) == [("refund", CLIENT)]
    assert "has given back CA$45.00" in " ".join(last(studio).letter.text.split())


# ── the calendar part ─────────────────────────────────────────────────────────────────────────────


def invited(message: Message) -> tuple[str, str, int, str]:
    """Return method, UID, SEQUENCE and status of a mail's calendar part."""
    invitation = message.letter.invitation
    assert invitation is not None
    (event,) = Calendar.from_ical(invitation.content).walk("VEVENT")
    return invitation.method, str(event["UID"]), int(event["SEQUENCE"]), str(event["STATUS"])


def test_calendar_entry_comes_moves_and_goes(studio: Studio, session: Session) -> None:
    """A confirmed session is put into the client's calendar, moved there and taken out, as one entry."""
    for happen in (
        lambda: sessions.confirm(studio, "1"),
        lambda: session_changes.reschedule(studio, "1", "2026-12-07 14:00"),
        lambda: sessions.cancel(studio, "1"),
    ):
        happen()
        mail.send_written(studio, Postbox())
    parts = [invited(one) for one in messages(studio)]
    assert [(method, status) for method, _, _, status in parts] == [
        ("REQUEST", "CONFIRMED"), ("REQUEST", "CONFIRMED"), ("CANCEL", "CANCELLED"),
    ]  # fmt: skip
    assert len({uid for _, uid, _, _ in parts}) == 1
    numbers = [number for _, _, number, _ in parts]
    assert numbers == sorted(set(numbers))


def test_nothing_to_take_out(studio: Studio, session: Session) -> None:
    """A session that was never in the client's calendar is canceled without a calendar part."""
    session_changes.reschedule(studio, "1", "2026-12-07 14:00")
    sessions.cancel(studio, "1")
    assert [one.letter.invitation for one in messages(studio)] == [None, None]


def test_sequence_grows_with_every_change(studio: Studio, session: Session) -> None:
    """Through every status a session can have, the number that calendars go by only grows."""
    seen = [sessions.get(studio, 1).sequence]
    for happen in (
        lambda: session_changes.edit(studio, "1", Edits(location="Park")),
        lambda: sessions.confirm(studio, "1"),
        lambda: sessions.reopen(studio, "1"),
        lambda: session_changes.reschedule(studio, "1", "2026-12-07 14:00"),
        lambda: sessions.confirm(studio, "1"),
        lambda: sessions.cancel(studio, "1"),
    ):
        happen()
        seen.append(sessions.get(studio, 1).sequence)
    assert seen == sorted(set(seen))


# ── trying again ──────────────────────────────────────────────────────────────────────────────────


def test_later_and_later_then_given_up(studio: Studio, session: Session, clock: Clock) -> None:
    """A mail that a server does not take is tried after longer and longer times, and after some days given up."""
    share(studio, "1", "email")
    broken, tries = Postbox(MailFailed("busy")), []
    for _ in range(10_000):
        if mail.send_written(studio, broken, retry=True):
            tries.append(clock.now)
        if mail.get(studio, 1).state == "given_up":
            break
        clock.forward(minutes=1)
    assert broken.tried == len(tries) == MOST_TRIES
    pauses = [(two - one).total("minutes") for one, two in pairwise(tries)]
    assert pauses == sorted(pauses) and pauses[0] == 1 and pauses[-1] == 1440
    clock.forward(hours=24 * 7)
    assert mail.send_written(studio, broken, retry=True) == []
    assert list(mail.send_waiting(studio, broken)) == []
    assert mail.send_again(studio, Postbox(), 1).state == "sent"


def test_refused_for_good_is_given_up_at_once(studio: Studio, session: Session) -> None:
    """An address that does not exist is not tried for days; the owner is shown the server's words."""
    share(studio, "1", "email")
    message = mail.deliver(studio, Postbox(MailFailed("no such mailbox", permanent=True)), 1)
    assert (message.state, message.last_error, message.next_try_at) == ("given_up", "no such mailbox", None)
    assert "mail given up" in [line.kind for line in event_store.of_session(studio.file, 1)]


def test_server_that_takes_nothing_is_asked_twice(studio: Studio, make: Maker, session: Session) -> None:
    """What a command wrote goes out; a server that is down is not waited for again and again."""
    all_done(studio, session, make)
    share(studio, str(make.session("2026-12-04 14:00").id), "email")
    broken = Postbox(MailFailed("no connection"))
    mail.send_written(studio, broken, retry=True)
    assert broken.tried == 2
    assert [one.state for one in messages(studio)] == ["failed", "failed", "queued"]


def test_cancel_a_message(studio: Studio, session: Session) -> None:
    """A message that waits can be canceled, once; one that was sent cannot."""
    share(studio, "1", "email")
    assert mail.cancel(studio, 1)[1] is True
    assert mail.cancel(studio, 1)[1] is False
    assert mail.deliver(studio, Postbox(), 1).state == "canceled"
    share(studio, "1", "email")
    mail.deliver(studio, Postbox(), 2)
    with pytest.raises(Refused):
        mail.cancel(studio, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_end_with_their_session(studio: Studio, make: Maker, session: Session, kind: str) -> None:
    """A waiting mail of any kind is not sent once its session is canceled, unless it says something that stays true."""
    with studio.file.atomic():
        news = {"news": "confirmed"} if kind == "owner" else {}
        letter.put(studio, session, kind, "test", about=news)
    sessions.cancel(studio, "1", tell=False)
    box = Postbox()
    mail.send_written(studio, box, retry=True)
    stays = {"canceled", "receipt", "refund", "owner"}
    assert bool(box.sent) == (kind in stays)
