"""Reminders: what is due is sent once, and nothing that makes no sense any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import journey, mail, reminder, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.share import revoke, share
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.model.message import Envelope, Letter, MailFailed
from studio_cli.model.session import Session
from studio_cli.store import event as event_store
from tests.conftest import Clock, Maker


@dataclass
class Postbox:
    """A mailer that keeps what it is given, or fails as it is told to."""

    trouble: Exception | None = None
    sent: list[tuple[Envelope, Letter]] = field(default_factory=list)

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Take a mail, or raise the trouble there is."""
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((envelope, letter))


Run = Callable[..., list[str]]


@pytest.fixture
def box(studio: Studio) -> Postbox:
    """A mailer, and a studio that has one."""
    change_setting(studio, "mail.host", "localhost")
    change_setting(studio, "mail.news", "no")
    return Postbox()


@pytest.fixture
def run(studio: Studio, clock: Clock, box: Postbox) -> Run:
    """Run ``remind`` at a wall time in Toronto (or now) and return the kinds of mail that went out."""

    def at(wall: str | None = None) -> list[str]:
        if wall:
            clock.now = Instant.parse_iso(f"{wall.replace(' ', 'T')}:00-05:00")
        return [one.message.kind for one in reminder.remind(studio, box)]

    return at


@pytest.fixture
def pending(studio: Studio, make: Maker, box: Postbox) -> Session:
    """A session on 4 December at 10:00, shared on 20 November at 10:00, with two weeks to go."""
    session = make.session()
    make.link(session)
    return sessions.get(studio, session.id)


def confirmed(studio: Studio, make: Maker, at: str = "2026-12-04 10:00", **wanted: object) -> Session:
    """A confirmed session whose balance of 100 is due on its day, unless said otherwise."""
    session = make.session(at, **{"pay": "later", "balance_due": "on the day", "custom": True, **wanted})
    sessions.confirm(studio, str(session.id), tell=False)
    return sessions.get(studio, session.id)


# ── unfinished ────────────────────────────────────────────────────────────────────────────────────


def test_unfinished_two_times_and_no_more(run: Run, pending: Session, box: Postbox) -> None:
    """Two and five days after the link, each once, with a link that works and what is left to do."""
    assert run("2026-11-22 09:59") == []
    assert run("2026-11-22 10:00") == ["reminder"]
    assert run("2026-11-22 10:00") == []
    assert run("2026-11-25 09:59") == []
    assert run("2026-11-25 10:00") == ["reminder"]
    assert run("2026-12-03 10:00") == []
    text = box.sent[0][1].text
    assert "Review and Payment" in text
    assert "/s/" in text


def test_counted_from_the_last_step(run: Run, pending: Session, studio: Studio, clock: Clock) -> None:
    """A client who did something is given the days anew, and still not more mails than planned."""
    assert run("2026-11-22 12:00") == ["reminder"]
    clock.now = Instant.from_utc(2026, 11, 24, 17)
    token = str(share(studio, "1", "direct").link).rpartition("/")[2]
    journey.review(studio, token, 1)
    assert run("2026-11-26 11:59") == []
    assert run("2026-11-26 12:00") == ["reminder"]
    assert run("2026-11-29 12:00") == ["reminder"]


def test_unfinished_not_more_often_without_a_new_share(
    run: Run, pending: Session, studio: Studio, make: Maker, clock: Clock
) -> None:
    """A step that the client does moves what is still to come; it does not begin all over again."""
    token = make.link(pending)
    assert run("2026-11-22 12:00") == ["reminder"]
    clock.forward(hours=24)
    journey.review(studio, token, 1)
    assert run("2026-11-25 12:00") == []
    assert run("2026-11-28 12:00") == ["reminder"]
    assert run("2026-12-02 12:00") == []


def test_payment_on_its_way(run: Run, pending: Session, studio: Studio, make: Maker) -> None:
    """A client who has done all and waits for the owner is left alone."""
    change_setting(studio, "payment.provider", "offline")
    token = make.link(pending)
    journey.review(studio, token, 1)
    journey.announce_payment(studio, token, 1)
    run()
    assert run("2026-11-26 12:00") == []


def test_nobody_asked(run: Run, make: Maker, pending: Session, studio: Studio) -> None:
    """A session that was never shared, and one whose links were revoked, wait for the owner."""
    make.session("2026-12-07 10:00")
    revoke(studio, "1")
    assert run("2026-11-26 12:00") == []


def test_a_long_sleep(run: Run, pending: Session) -> None:
    """Of what a machine slept through, the newest goes out, once; what is more than two weeks late does not."""
    assert run("2026-11-28 12:00") == ["reminder"]
    assert run("2026-11-30 12:00") == []


def test_years_later(run: Run, make: Maker, studio: Studio) -> None:
    """A program that reminds for the first time does not write to everybody about everything there ever was."""
    session = make.session("2027-03-01 10:00")
    make.link(session)
    confirmed(studio, make, "2026-11-27 10:00")
    assert run("2027-01-20 12:00") == []


def test_share_begins_anew(run: Run, pending: Session, studio: Studio, clock: Clock) -> None:
    """A link sent again is given its days too."""
    assert run("2026-11-26 12:00") == ["reminder"]
    share(studio, "1", "direct")
    assert run("2026-11-28 11:00") == []
    assert run("2026-11-28 12:00") == ["reminder"]


def test_reopened_begins_anew(run: Run, studio: Studio, pending: Session, clock: Clock) -> None:
    """A session that was confirmed and is open again counts from then."""
    sessions.confirm(studio, "1", tell=False)
    clock.forward(hours=6 * 24)
    sessions.reopen(studio, "1")
    assert run() == []
    assert run("2026-11-28 10:00") == ["reminder"]


# ── a hold ────────────────────────────────────────────────────────────────────────────────────────


def test_hold_ends(run: Run, make: Maker, studio: Studio) -> None:
    """A day before a hold ends its client is told, once for each end that it has; then that it has ended."""
    make.link(make.session(expires="4d"))
    assert run("2026-11-22 12:00") == ["reminder"]
    assert run("2026-11-23 09:00") == []
    assert run("2026-11-23 10:00") == ["hold-ending"]
    assert run("2026-11-24 08:00") == []
    session_changes.edit(studio, "1", Edits(expires="3d"))
    assert run("2026-11-25 10:00") == ["reminder"]
    assert run("2026-11-26 07:59") == []
    assert run("2026-11-26 08:00") == ["hold-ending"]
    assert run("2026-11-27 08:00") == ["expired"]
    assert run("2026-11-27 09:00") == []


@pytest.mark.parametrize(("hold", "first"), [("2h", "11:00"), ("6h", "13:00"), ("10h", "15:00")])
def test_short_hold(run: Run, make: Maker, hold: str, first: str) -> None:
    """Of a hold of hours its client is told when half of it is over."""
    make.link(make.session(expires=hold))
    hour = int(first[:2])
    assert run(f"2026-11-20 {hour - 1}:59") == []
    assert run(f"2026-11-20 {first}") == ["hold-ending"]


def test_hold_stands_for_unfinished(run: Run, make: Maker) -> None:
    """Where a hold ends about when something is unfinished for long, one mail says both."""
    make.link(make.session(expires="70h"))
    assert run("2026-11-22 08:00") == ["hold-ending"]
    assert run("2026-11-22 10:00") == []
    assert run("2026-11-22 20:30") == []


# ── a balance ─────────────────────────────────────────────────────────────────────────────────────


def test_balance(run: Run, make: Maker, studio: Studio, box: Postbox) -> None:
    """Seven days before, on the day and two days after, at nine; then it is for the owner to say."""
    confirmed(studio, make, "2026-12-11 10:00", balance_due="4d before")
    assert run("2026-11-30 08:59") == []
    assert run("2026-11-30 09:00") == ["payment-due"]
    assert run("2026-12-07 09:00") == ["payment-due"]
    assert run("2026-12-09 09:00") == ["payment-due"]
    assert run("2026-12-12 09:00") == []
    assert [letter.subject.partition(":")[0] for _, letter in box.sent] == [
        "Due by Monday 7 December 2026", "Due by Monday 7 December 2026", "Overdue",
    ]  # fmt: skip


def test_balance_paid(run: Run, make: Maker, studio: Studio) -> None:
    """Who has paid is not asked."""
    confirmed(studio, make)
    payments.record(studio, "1", "100", tell=False)
    assert run("2026-11-27 09:00") == []
    assert run("2026-12-04 11:00") == []
    assert run("2026-12-06 09:00") == []


def test_balance_after_a_sleep(run: Run, make: Maker, studio: Studio) -> None:
    """After a week of sleep the newest goes out: on the day, not "in seven days" too; later that it is overdue."""
    confirmed(studio, make, "2026-12-04 18:00")
    assert run("2026-12-04 09:30") == ["tomorrow"]
    assert run("2026-12-05 09:30") == []
    assert run("2026-12-08 09:30") == ["payment-due"]


def test_balance_of_a_late_booking(run: Run, make: Maker, studio: Studio) -> None:
    """Who booked two days before has read there what is due when: the week before is not made up for."""
    confirmed(studio, make, "2026-11-23 10:00", balance_due="1d before")
    assert run() == []
    assert run("2026-11-22 08:59") == []
    assert run("2026-11-22 09:00") == ["tomorrow"]


def test_tomorrow_says_what_is_to_be_paid(run: Run, make: Maker, studio: Studio, box: Postbox) -> None:
    """The mail on the day before stands for the one about the balance: it says what, by when and how."""
    change_setting(studio, "payment.instructions", "IBAN CA12 3456")
    confirmed(studio, make, balance_due="1d before")
    assert run("2026-11-26 09:00") == ["payment-due"]
    assert run("2026-12-03 09:00") == ["tomorrow"]
    assert run("2026-12-03 20:59") == []
    text = box.sent[-1][1].text
    assert "This is to be paid by Thursday 3 December 2026: CA$100.00" in " ".join(text.split())
    assert "IBAN CA12 3456" in text


# ── tomorrow ──────────────────────────────────────────────────────────────────────────────────────


def test_tomorrow(run: Run, make: Maker, studio: Studio, box: Postbox) -> None:
    """On the day before from nine, once."""
    confirmed(studio, make, price="0", balance_due="none")
    assert run("2026-12-03 08:59") == []
    assert run("2026-12-03 09:00") == ["tomorrow"]
    assert run("2026-12-04 08:59") == []
    assert box.sent[0][1].subject.startswith("Tomorrow: Portrait")


def test_on_the_day_it_says_today(run: Run, make: Maker, studio: Studio, box: Postbox) -> None:
    """A machine that woke in the morning says "today"; one that woke when it had begun says nothing."""
    confirmed(studio, make)
    confirmed(studio, make, "2026-12-04 14:00")
    assert run("2026-12-04 10:00") == ["tomorrow"]
    assert box.sent[0][1].subject.startswith("Today: Portrait")


def test_booked_this_morning(run: Run, make: Maker, studio: Studio, clock: Clock) -> None:
    """Who has confirmed this morning for tomorrow, or was moved there, has just read when it is."""
    make.session("2026-12-04 14:00", pay="later")
    confirmed(studio, make, "2026-12-10 10:00", balance_due="none")
    clock.now = Instant.from_utc(2026, 12, 3, 13, 30)
    sessions.confirm(studio, "1", tell=False)
    session_changes.reschedule(studio, "2", "2026-12-04 10:00", tell=False)
    for moment in ("2026-12-03 09:00", "2026-12-03 20:59", "2026-12-04 08:00"):
        assert run(moment) == []


def test_moved_after_its_reminder(run: Run, make: Maker, studio: Studio) -> None:
    """A session that moved is another tomorrow."""
    confirmed(studio, make, balance_due="none")
    assert run("2026-12-03 09:00") == ["tomorrow"]
    session_changes.reschedule(studio, "1", "2026-12-10 10:00", tell=False)
    assert run("2026-12-04 09:00") == []
    assert run("2026-12-09 09:00") == ["tomorrow"]


@pytest.mark.parametrize(("said", "first"), [("yes", "09:00"), ("18:00", "18:00"), ("no", None)])
def test_hour_of_tomorrow(run: Run, make: Maker, studio: Studio, said: str, first: str | None) -> None:
    """The hour is the owner's to say."""
    change_setting(studio, "remind.tomorrow", said)
    confirmed(studio, make, balance_due="none")
    for hour in range(8, 21):
        assert run(f"2026-12-03 {hour:02}:00") == (["tomorrow"] if f"{hour:02}:00" == first else [])


# ── quiet hours, and what was just told ───────────────────────────────────────────────────────────


def test_quiet_hours(run: Run, make: Maker, studio: Studio, clock: Clock) -> None:
    """What falls into the night is sent after it, a session that begins before then excepted."""
    change_setting(studio, "remind.tomorrow", "22:00")
    confirmed(studio, make, "2026-12-04 10:00", balance_due="none")
    session_changes.reschedule(studio, "1", "2026-12-04 08:30", custom=True, tell=False)
    confirmed(studio, make, "2026-12-07 07:30", balance_due="none")
    for hour in ("22:00", "23:59"):
        assert run(f"2026-12-03 {hour}") == []
    assert run("2026-12-04 07:59") == []
    assert run("2026-12-04 08:00") == ["tomorrow"]
    assert run("2026-12-06 22:00") == []
    assert run("2026-12-07 08:00") == []


def test_end_of_a_hold_in_the_night(run: Run, make: Maker, studio: Studio) -> None:
    """A hold that runs out at night frees its time then, and its client reads it in the morning."""
    make.link(make.session(expires="13h"))
    assert run("2026-11-20 23:30") == []
    assert sessions.get(studio, 1).status == "expired"
    assert run("2026-11-21 08:00") == ["expired"]


def test_waiting_reminder_keeps_quiet(run: Run, pending: Session, box: Postbox) -> None:
    """One that failed in the evening is not tried again at night."""
    box.trouble = MailFailed("down")
    assert run("2026-11-22 20:50") == ["reminder"]
    box.trouble = None
    assert run("2026-11-22 21:00") == []
    assert run("2026-11-23 07:59") == []
    assert run("2026-11-23 08:00") == ["reminder"]


def test_left_alone_after_a_change(run: Run, make: Maker, studio: Studio, clock: Clock) -> None:
    """Who was told of a change is not reminded within half a day."""
    confirmed(studio, make, "2026-12-04 16:00", balance_due="none")
    clock.now = Instant.from_utc(2026, 12, 3, 13)
    session_changes.edit(studio, "1", Edits(location="High Park"))
    assert run() == ["changed"]
    assert run("2026-12-03 19:59") == []
    assert run("2026-12-03 20:00") == ["tomorrow"]


def test_nothing_beside_a_mail_that_waits(run: Run, pending: Session, studio: Studio, box: Postbox) -> None:
    """While a share cannot be sent nothing else is written: it says all of it."""
    share(studio, "1", "email")
    box.trouble = MailFailed("down")
    assert run("2026-11-22 12:00") == ["share"]
    assert run("2026-11-22 12:02") == ["share"]
    box.trouble = None
    assert run("2026-11-22 15:00") == ["share"]
    assert run("2026-11-22 20:00") == []


def test_newer_reminder_takes_the_place_of_one_that_waits(
    run: Run, make: Maker, studio: Studio, box: Postbox
) -> None:
    """Of two reminders that could not be sent the newer goes out."""
    make.link(make.session(expires="4d"))
    box.trouble = MailFailed("down")
    assert run("2026-11-22 12:00") == ["reminder"]
    assert run("2026-11-23 10:00") == ["hold-ending"]
    box.trouble = None
    assert run("2026-11-23 13:00") == ["hold-ending"]
    assert [one.state for one in (mail.get(studio, 1), mail.get(studio, 2))] == ["canceled", "sent"]


@pytest.mark.parametrize(
    "change",
    [
        lambda studio: sessions.cancel(studio, "1", tell=False),
        lambda studio: session_changes.reschedule(studio, "1", "2026-12-10 10:00", tell=False),
        lambda studio: session_changes.edit(studio, "1", Edits(reminders=False)),
        lambda studio: clients.edit(studio, 1, no_reminders=True),
        lambda studio: clients.edit(studio, 1, email=""),
    ],
)
def test_what_waits_and_makes_no_sense_any_more(
    run: Run, make: Maker, studio: Studio, box: Postbox, change: Callable[[Studio], object]
) -> None:
    """A reminder that could not be sent is not sent when it is not so any more."""
    confirmed(studio, make, balance_due="none")
    box.trouble = MailFailed("down")
    assert run("2026-12-03 09:00") == ["tomorrow"]
    box.trouble = None
    change(studio)
    assert run("2026-12-03 12:00") == []
    assert mail.get(studio, 1).state == "canceled"


@pytest.mark.parametrize(("again", "sent"), [("09:00", ["payment-due"]), ("09:01", [])])
def test_what_waited_too_long(
    run: Run, make: Maker, studio: Studio, box: Postbox, again: str, sent: list[str]
) -> None:
    """A reminder that could not be sent for three days is not sent any more."""
    confirmed(studio, make)
    clients.edit(studio, 1, no_reminders=True)
    assert run("2026-12-04 09:00") == []
    clients.edit(studio, 1, no_reminders=False)
    box.trouble = MailFailed("down")
    assert run("2026-12-06 09:00") == ["payment-due"]
    box.trouble = None
    assert run(f"2026-12-09 {again}") == sent


def test_mail_that_is_over_holds_up_none(run: Run, make: Maker, studio: Studio, box: Postbox) -> None:
    """A mail that waits and makes no sense any more is canceled first: the same run reminds."""
    confirmed(studio, make)
    session_changes.edit(studio, "1", Edits(location="High Park"))
    box.trouble = MailFailed("down")
    assert run("2026-12-03 10:00") == ["changed"]
    box.trouble = None
    assert run("2026-12-06 09:00") == ["payment-due"]


# ── switches ──────────────────────────────────────────────────────────────────────────────────────


def test_off_for_a_session(run: Run, pending: Session, studio: Studio) -> None:
    """Off for one session, and on again."""
    session_changes.edit(studio, "1", Edits(reminders=False))
    assert run("2026-11-22 12:00") == []
    session_changes.edit(studio, "1", Edits(reminders=True))
    assert run("2026-11-22 12:01") == ["reminder"]


def test_off_for_a_client(run: Run, pending: Session, studio: Studio) -> None:
    """Off for one client, and on again."""
    clients.edit(studio, pending.client.id, no_reminders=True)
    assert run("2026-11-22 12:00") == []
    clients.edit(studio, pending.client.id, no_reminders=False)
    assert run("2026-11-22 12:01") == ["reminder"]


def test_some_for_a_type(run: Run, make: Maker, studio: Studio) -> None:
    """A type says of what its clients are reminded, its earlier sessions too."""
    make.type(deposit=None, pay="later", balance_due="on the day")
    session = make.session(type="family")
    sessions.confirm(studio, str(session.id), tell=False)
    types.edit(studio, "family", TypedOffer(reminders="unfinished, balance"))
    assert run("2026-11-27 09:00") == ["payment-due"]
    assert run("2026-12-03 09:00") == []
    assert run("2026-12-04 09:00") == ["payment-due"]


def test_no_address(run: Run, make: Maker, studio: Studio) -> None:
    """A client without an address is not reminded, and the others are."""
    make.link(make.session(add_client="Eva Lima"))
    make.link(make.session("2026-12-07 10:00"))
    assert run("2026-11-22 12:00") == ["reminder"]


def test_off_by_the_plan(run: Run, pending: Session, studio: Studio, make: Maker) -> None:
    """With "none" and "no" for everything nothing is sent."""
    confirmed(studio, make, "2026-12-07 10:00")
    for name in ("unfinished", "hold", "balance"):
        change_setting(studio, f"remind.{name}", "none")
    change_setting(studio, "remind.tomorrow", "no")
    for day in range(1, 10):
        assert run(f"2026-12-{day:02} 12:00") == []


# ── running it ────────────────────────────────────────────────────────────────────────────────────


def test_history(run: Run, pending: Session, studio: Studio) -> None:
    """The history of a session has its reminders, like other mails."""
    run("2026-11-22 12:00")
    last = event_store.of_session(studio.file, 1)[-1]
    assert (last.kind, last.actor, last.details["kind"]) == ("mail sent", "system", "reminder")


def test_without_a_mail_server(studio: Studio, make: Maker, clock: Clock) -> None:
    """Without a mail server nothing is written, and holds still run out."""
    make.link(make.session(expires="3d"))
    clock.forward(hours=49)
    assert reminder.remind(studio, None) == []
    assert len(reminder.plan(studio)) == 1
    clock.forward(hours=24)
    assert reminder.remind(studio, None) == []
    assert sessions.get(studio, 1).status == "expired"


def test_rehearsal(
    run: Run, pending: Session, studio: Studio, clock: Clock, make: Maker, box: Postbox
) -> None:
    """A rehearsal says what would be sent, to whom and why, and changes nothing."""
    make.link(make.session("2026-12-07 10:00", expires="30h"))
    clock.now = Instant.from_utc(2026, 11, 22, 17)
    before = "\n".join(studio.file.connection.iterdump())
    would = reminder.rehearse(studio)
    assert [(one.message.kind, one.message.id) for one in would] == [("expired", 0), ("reminder", 0)]
    assert would[0].why == "a hold has run out"
    assert would[1].why == "2 days after the link; open: review, payment"
    assert "\n".join(studio.file.connection.iterdump()) == before
    assert box.sent == []
    assert run() == ["expired", "reminder"]


def test_a_payment_that_waits_is_tried_again(run: Run, make: Maker, studio: Studio, box: Postbox) -> None:
    """What failed before is sent too, at night as well: a person has caused it."""
    confirmed(studio, make)
    box.trouble = MailFailed("down")
    payments.record(studio, "1", "40")
    assert run("2026-11-20 22:00") == ["receipt"]
    box.trouble = None
    assert run("2026-11-20 23:00") == ["receipt"]
