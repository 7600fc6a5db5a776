"""The waiting list: who is told when a time comes free, whoever freed it, and whose turn it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from whenever import Date, Instant

from studio_cli.booking import availability, mail, mini, reminder, session_changes, site, waiting
from studio_cli.booking import block as blocks
from studio_cli.booking import client as clients
from studio_cli.booking import request as requests
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking import studio as studios
from studio_cli.booking.mini import TypedDays
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.site import Person, Visitor
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.message import Envelope, Letter, MailFailed
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import TypedSite
from studio_cli.model.waiting import HEAD_START, SHORT_HEAD_START, Days
from studio_cli.store import message as message_store
from tests.conftest import ZONE, Clock, Maker

THE_DAY = Days(ZONE, Date(2026, 12, 12), Date(2026, 12, 12))
VISITOR = Visitor("203.0.113.7", ZONE)
TIMES = [f"2026-12-12 {at}" for at in ("10:00", "10:20", "10:40")]


class Sent(list[tuple[str, Letter, str | None]]):
    """A mail server that takes everything: to whom, what, and where its reader leaves."""

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Take a mail."""
        self.append((envelope.to[1], letter, envelope.leave))


class Down:
    """A mail server that takes nothing just now."""

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Refuse."""
        raise MailFailed("Try later.")


@pytest.fixture
def santa(studio: Studio) -> SessionType:
    """Mini sessions on one date, with three slots of twenty minutes, on the site; the studio can send mails."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    typed = TypedOffer(name="Santa minis", price="90", site=TypedSite(publish=True))
    return mini.add(studio, typed, "20m", TypedDays(("2026-12-12",), "10:00", "11:00"))[0]


@pytest.fixture
def booked(make: Maker, santa: SessionType) -> list[Session]:
    """The three slots, all of them taken."""
    return [make.session(at, type=santa.slug) for at in TIMES]


def join(studio: Studio, offer: SessionType, *names: str, days: Days = THE_DAY, **visitor: Any) -> None:
    """Let people put themselves on the list, each at an address of their own."""
    for name in names:
        person = Person(name.title(), f"{name}@example.com")
        here = Visitor(visitor.pop("address", "203.0.113.7"), ZONE, **visitor)
        assert waiting.join(studio, site.key_of(offer), days, person, here) == "listed"


def told(studio: Studio) -> list[str]:
    """Let the studio look, and return whom it has written to, by the first part of their address."""
    numbers = waiting.look(studio)
    return [mail.get(studio, number).to_email.partition("@")[0] for number in numbers]


def deliver(studio: Studio) -> Sent:
    """Send what is in the outbox, and return what went out."""
    server = Sent()
    mail.send_written(studio, server, retry=True)
    return server


def on_the_list(studio: Studio) -> list[str]:
    """Return who waits, in their order."""
    return [(one.client.email or "").partition("@")[0] for one in waiting.listed(studio)]


# ── whoever frees a time ──────────────────────────────────────────────────────────────────────────


def test_one_time_one_mail(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """A canceled slot is told to whoever came first, once, with its time, the page of that day and a way off the list."""
    join(studio, santa, "eva", "rui", language="pt")
    assert told(studio) == []
    sessions.cancel(studio, str(booked[1].id), tell=False)
    assert told(studio) == ["eva"]
    assert told(studio) == []
    [(to, letter, leave)] = deliver(studio)
    assert to == "eva@example.com" and "10:20" in letter.subject
    assert "livre" in letter.subject and "Eva" in letter.text
    assert "/book/santa-minis?day=2026-12-12" in letter.text
    assert leave and leave in letter.text and leave in letter.html
    kept = mail.get(studio, 1 + max(m.id for m in message_store.listed(studio.file)) - 1)
    assert leave.rpartition("/")[2] not in kept.letter.text + kept.letter.html


def cancel(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    sessions.cancel(studio, str(last.id), tell=False)


def move(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    session_changes.reschedule(studio, str(last.id), "2026-12-14 10:00", custom=True)


def expire(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    sql = studio.file.connection
    sql.execute("UPDATE session SET expires_at = '2026-11-20T15:00:00Z' WHERE id = ?", (last.id,))


def decline(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    sessions.cancel(studio, str(last.id), tell=False)
    asked = make.session(TIMES[2], type=santa.slug, inquiry=True)
    assert told(studio) == []
    requests.decline(studio, str(asked.id))


def open_hours(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    mini.set_dates(studio, santa.slug, TypedDays(("2026-12-12",), "10:00", "12:00"))


def come_back(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    sessions.cancel(studio, str(last.id), tell=False)
    one = availability.block(studio, "2026-12-12", None)
    assert told(studio) == []
    availability.unblock(studio, one.id)


def read_calendar(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    sql, now = studio.file.connection, "2026-11-20T15:00:00Z"
    sql.execute(
        "INSERT INTO calendar (name, kind, address, titles, writes, created_at) VALUES ('p', 'file', 'p', 1, 0, ?)",
        (now,),
    )
    span = ("2026-12-12T15:00:00Z", "2026-12-12T16:00:00Z")
    sql.execute("INSERT INTO busy (calendar_id, starts_at, ends_at) VALUES (1, ?, ?)", span)
    sessions.cancel(studio, str(last.id), tell=False)
    assert told(studio) == []
    sql.execute("DELETE FROM busy")


def raise_limit(studio: Studio, make: Maker, santa: SessionType, last: Session) -> None:
    types.edit(studio, santa.slug, TypedOffer(per_day=2))
    sessions.cancel(studio, str(last.id), tell=False)
    assert told(studio) == []
    types.edit(studio, santa.slug, TypedOffer(per_day=3))


@pytest.mark.parametrize(
    "free", [cancel, move, expire, decline, open_hours, come_back, read_calendar, raise_limit]
)
def test_whatever_frees_it(
    studio: Studio, make: Maker, santa: SessionType, booked: list[Session], free: Any
) -> None:
    """It does not matter how a time comes free: whoever waits is told when somebody looks."""
    join(studio, santa, "eva")
    free(studio, make, santa, booked[2])
    assert told(studio) == ["eva"]


def test_another_day_is_no_news(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """Who waits for one day does not hear of another; who waits for any day does, and so does who wants that month."""
    mini.set_dates(studio, santa.slug, TypedDays(("2026-12-19",), "10:00", "10:20"))
    one = types.find(studio, santa.slug)
    take = Instant.from_utc(2026, 12, 19, 15)
    assert site.pick(studio, one.slug, [take], Person("Z", "z@example.com"), VISITOR).what == "held"
    join(studio, one, "day")
    join(studio, one, "any", days=Days(ZONE))
    join(studio, one, "month", days=Days(ZONE, Date(2026, 12, 1), Date(2026, 12, 31)))
    sessions.cancel(studio, str(booked[0].id + 3), tell=False)
    assert told(studio) == ["any"]
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == ["day"]


# ── whose turn it is ──────────────────────────────────────────────────────────────────────────────


def test_as_many_as_there_are_times(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """Two slots come free: the first two are told, each of one; the third when neither has taken theirs in time."""
    join(studio, santa, "eva", "rui", "tom")
    for one in booked[:2]:
        sessions.cancel(studio, str(one.id), tell=False)
    assert told(studio) == ["eva", "rui"]
    subjects = [letter.subject[-5:] for _, letter, _ in deliver(studio)]
    assert subjects == ["10:00", "10:20"]
    assert told(studio) == []


def test_next_one_after_the_head_start(
    studio: Studio, santa: SessionType, booked: list[Session], clock: Clock
) -> None:
    """If a time is still free when the head start is over, the next one is told, and so on; nobody hears of it twice."""
    join(studio, santa, "eva", "rui", "tom")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == ["eva"]
    deliver(studio)
    clock.forward(minutes=HEAD_START - 1)
    assert told(studio) == []
    clock.forward(minutes=1)
    assert told(studio) == ["rui"]
    deliver(studio)
    clock.forward(hours=30)
    assert told(studio) == ["tom"]
    deliver(studio)
    clock.forward(hours=48)
    assert told(studio) == []


def test_short_head_start_when_it_is_soon(
    studio: Studio, santa: SessionType, booked: list[Session], clock: Clock
) -> None:
    """Of a time within a day the next one is told after half an hour."""
    join(studio, santa, "eva", "rui")
    clock.now = booked[0].starts_at.subtract(hours=3)
    clock.now = clock.now.add(hours=2)  # nine in the morning, after the quiet hours
    sessions.cancel(studio, str(booked[2].id), tell=False)
    assert told(studio) == ["eva"]
    deliver(studio)
    clock.forward(minutes=SHORT_HEAD_START - 1)
    assert told(studio) == []
    clock.forward(minutes=1)
    assert told(studio) == ["rui"]


def test_a_gap_is_told_once(studio: Studio, make: Maker) -> None:
    """An hour with five possible beginnings is one session: one of those who wait is told of it."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    offer = make.offer("Portrait", duration="60m", increment="15m", deposit=None)
    availability.set_hours(studio, "mon-sun", ["off"])
    availability.set_override(studio, "2026-12-12", ["10:00-12:00"])
    taken = make.session("2026-12-12 10:00", type=offer.slug, duration="2h")
    join(studio, offer, "eva", "rui", "tom")
    sessions.cancel(studio, str(taken.id), tell=False)
    assert told(studio) == ["eva", "rui"]


def test_two_types_share_a_time(studio: Studio, make: Maker) -> None:
    """Of two types that could use one freed hour, whoever came first on either list is told."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    offers = [make.offer(name, duration="60m", deposit=None) for name in ("Portrait", "Product")]
    availability.set_hours(studio, "mon-sun", ["off"])
    availability.set_override(studio, "2026-12-12", ["10:00-11:00"])
    taken = make.session("2026-12-12 10:00")
    join(studio, offers[1], "eva")
    join(studio, offers[0], "rui")
    sessions.cancel(studio, str(taken.id), tell=False)
    assert told(studio) == ["eva"]


def test_daily_limit_counts(studio: Studio, make: Maker) -> None:
    """A day of which the limit leaves one session is told to one, however many hours of it are free."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    offer = make.offer("Portrait", duration="60m", deposit=None, per_day=1)
    availability.set_hours(studio, "mon-sun", ["off"])
    availability.set_override(studio, "2026-12-12", ["10:00-17:00"])
    taken = make.session("2026-12-12 10:00", type=offer.slug)
    join(studio, offer, "eva", "rui")
    sessions.cancel(studio, str(taken.id), tell=False)
    assert told(studio) == ["eva"]


def test_once_a_day(studio: Studio, santa: SessionType, booked: list[Session], clock: Clock) -> None:
    """Who was told and did not book is told of another time, a day later at the earliest."""
    join(studio, santa, "eva")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == ["eva"]
    deliver(studio)
    sessions.cancel(studio, str(booked[1].id), tell=False)
    clock.forward(hours=23)
    assert told(studio) == []
    clock.forward(hours=1)
    assert told(studio) == ["eva"]
    assert "10:20" in deliver(studio)[0][1].subject


def test_freed_again_is_news(
    studio: Studio, make: Maker, santa: SessionType, booked: list[Session], clock: Clock
) -> None:
    """A time that somebody else took, and that comes free once more, is news once more."""
    join(studio, santa, "eva")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == ["eva"]
    deliver(studio)
    clock.forward(hours=25)
    again = make.session(TIMES[0], type=santa.slug)
    assert told(studio) == []
    sessions.cancel(studio, str(again.id), tell=False)
    assert told(studio) == ["eva"]


def test_freed_and_taken_before_anybody_looks(
    studio: Studio, make: Maker, santa: SessionType, booked: list[Session]
) -> None:
    """Nobody is told of a time that is gone again; a mail that waits for the server is not sent any more."""
    join(studio, santa, "eva", "rui")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    again = make.session(TIMES[0], type=santa.slug)
    assert told(studio) == []
    sessions.cancel(studio, str(again.id), tell=False)
    assert told(studio) == ["eva"]
    last = make.session(TIMES[0], type=santa.slug)
    assert deliver(studio) == []
    sessions.cancel(studio, str(last.id), tell=False)
    assert told(studio) == ["eva"]  # who has heard of nothing has lost nothing


def test_mail_that_waits_says_what_is_true_then(
    studio: Studio, santa: SessionType, booked: list[Session], clock: Clock
) -> None:
    """A mail that could not be sent is written anew: to the present address, at the present place."""
    join(studio, santa, "eva")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == ["eva"]
    mail.send_written(studio, Down())
    clients.edit(studio, waiting.listed(studio)[0].client.id, email="eva@example.org")
    types.edit(studio, santa.slug, TypedOffer(location="The new barn"))
    clock.forward(minutes=5)
    [(to, letter, _)] = deliver(studio)
    assert to == "eva@example.org" and "The new barn" in letter.text


def test_not_all_at_once(studio: Studio, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many a few are told in one go, so that the file is free for others in between; the next ones follow."""
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 2)
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    offer = make.offer("Portrait", duration="60m", deposit=None)
    availability.set_hours(studio, "mon-sun", ["off"])
    join(studio, offer, *"abcde", days=Days(ZONE))
    availability.set_hours(studio, "mon-sun", ["09:00-17:00"])
    assert [told(studio) for _ in range(4)] == [["a", "b"], ["c", "d"], ["e"], []]


# ── when not ──────────────────────────────────────────────────────────────────────────────────────


def test_quiet_hours(studio: Studio, santa: SessionType, booked: list[Session], clock: Clock) -> None:
    """At night nobody is told; in the morning they are."""
    join(studio, santa, "eva")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    clock.now = Instant.from_utc(2026, 11, 21, 4)
    assert told(studio) == []
    clock.now = Instant.from_utc(2026, 11, 21, 13, 1)
    assert told(studio) == ["eva"]


def test_without_a_mail_server(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """Without a mail server nobody is told, and nobody can put themselves on the list; with one again they are."""
    join(studio, santa, "eva")
    studios.remove_setting(studio, "mail.host")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == [] and waiting.due(studio).told == 1
    with pytest.raises(NotFound):
        waiting.join(studio, santa.slug, THE_DAY, Person("Rui", "rui@example.com"), VISITOR)
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    assert told(studio) == ["eva"]


@pytest.mark.parametrize("change", ["unpublished", "archived", "blocked", "no address"])
def test_who_cannot_book_is_not_told(
    studio: Studio, santa: SessionType, booked: list[Session], change: str
) -> None:
    """Nobody is told of what they cannot take: it is not on the site any more, or they are blocked there."""
    join(studio, santa, "eva")
    number = waiting.listed(studio)[0].client.id
    if change == "unpublished":
        types.edit(studio, santa.slug, TypedOffer(site=TypedSite(publish=False)))
    elif change == "archived":
        types.archive(studio, santa.slug)
    elif change == "blocked":
        blocks.add(studio, "eva@example.com")
    else:
        clients.edit(studio, number, email="")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert told(studio) == []


# ── on and off the list ───────────────────────────────────────────────────────────────────────────


def test_who_books_is_off_the_list(
    studio: Studio, santa: SessionType, booked: list[Session], clock: Clock
) -> None:
    """Who is just booking is not told; a booking that comes to nothing leaves them on the list, a real one does not."""
    join(studio, santa, "eva")
    for one in booked[:2]:
        sessions.cancel(studio, str(one.id), tell=False)
    person = Person("Eva", "eva@example.com")
    held = site.pick(studio, santa.slug, [booked[0].starts_at], person, VISITOR)
    assert held.what == "held" and told(studio) == []
    clock.forward(minutes=16)
    with studio.file.atomic():
        studio.settle(studio.now())
    assert told(studio) == ["eva"]
    deliver(studio)
    again = site.pick(studio, santa.slug, [booked[0].starts_at], person, VISITOR)
    sessions.confirm(studio, str(again.session_id))
    clock.forward(hours=48)
    sessions.cancel(studio, str(booked[2].id), tell=False)
    assert told(studio) == [] and on_the_list(studio) == []
    assert [one.left_why for one in waiting.listed(studio, left=True)] == ["booked"]


def test_a_kept_slot(studio: Studio, make: Maker, santa: SessionType, booked: list[Session]) -> None:
    """A slot that the owner keeps for somebody who waits takes them off the list once it is confirmed."""
    join(studio, santa, "eva", "rui")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    kept = make.session(TIMES[0], type=santa.slug, client="eva@example.com")
    assert told(studio) == [] and on_the_list(studio) == ["eva", "rui"]
    sessions.confirm(studio, str(kept.id))
    assert told(studio) == [] and on_the_list(studio) == ["rui"]


def test_over(studio: Studio, santa: SessionType, booked: list[Session], clock: Clock) -> None:
    """When the day is over, so is waiting for it; waiting for any day ends after half a year."""
    join(studio, santa, "eva")
    join(studio, santa, "rui", days=Days(ZONE))
    clock.now = Instant.from_utc(2026, 12, 13, 5)
    waiting.look(studio)
    assert on_the_list(studio) == ["rui"]
    clock.now = Instant.from_utc(2027, 5, 20, 16)
    waiting.look(studio)
    assert on_the_list(studio) == []


def test_same_again_is_the_same(
    studio: Studio, make: Maker, santa: SessionType, booked: list[Session]
) -> None:
    """Nobody is on the list twice; a client there is stays as they are, and nobody learns that there is one."""
    known = make.client("Eva Lima", "Eva@Example.com")
    join(studio, santa, "eva", "eva")
    join(studio, santa, "eva", days=Days(ZONE))
    assert [(one.client.id, one.name) for one in waiting.listed(studio)] == [(known.id, "Eva")] * 2
    assert clients.get(studio, known.id).name == "Eva Lima"


def test_free_already(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """Who wants to wait for what is free is not put on the list: they can have it."""
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert waiting.join(studio, santa.slug, THE_DAY, Person("E", "e@example.com"), VISITOR) == "free"
    assert on_the_list(studio) == []


def test_bounds_of_the_list(studio: Studio, make: Maker, santa: SessionType, booked: list[Session]) -> None:
    """Who is blocked, or waits for a lot, sees the same and is not listed; one address gets no further than ten a day."""
    blocks.add(studio, "@spam.example")
    bad = Person("X", "x@spam.example")
    assert waiting.join(studio, santa.slug, THE_DAY, bad, VISITOR) == "listed"
    for day in range(1, 13):
        one = Days(ZONE, Date(2027, 1, day), Date(2027, 1, day))
        join(studio, santa, "eva", days=one, address=f"198.51.100.{day}")
    assert len(on_the_list(studio)) == waiting.MOST_OF_ONE
    for number in range(waiting.MOST_OF_AN_ADDRESS):
        join(studio, santa, f"n{number}")
    assert waiting.join(studio, santa.slug, THE_DAY, Person("N", "n@example.com"), VISITOR) == "enough"


def test_leaving(studio: Studio, santa: SessionType, booked: list[Session], clock: Clock) -> None:
    """The link of a mail ends this, or everything; done twice nothing changes; a month later it is no link any more."""
    join(studio, santa, "eva")
    join(studio, santa, "eva", days=Days(ZONE))
    sessions.cancel(studio, str(booked[0].id), tell=False)
    waiting.look(studio)
    leave = deliver(studio)[0][2]
    assert leave is not None
    token = leave.rpartition("/")[2]
    assert waiting.behind(studio, token).others == 1
    assert waiting.stop(studio, token).waiting.left_why == "asked"
    assert on_the_list(studio) == ["eva"]
    assert waiting.stop(studio, token, everything=True).others == 0
    assert on_the_list(studio) == []
    clock.forward(hours=24 * 31)
    with pytest.raises(NotFound):
        waiting.behind(studio, token)


def test_what_can_be_waited_for(
    studio: Studio, make: Maker, santa: SessionType, booked: list[Session]
) -> None:
    """A month without a free time, its days that are open, any day if nothing is free at all; nothing else."""

    def choices() -> list[str]:
        one = types.find(studio, santa.slug)
        month = site.month_of(studio, one, VISITOR, Date(2026, 12, 1))
        return [str(days) for days in waiting.choices(studio, one, VISITOR, month)]

    assert choices() == ["any day", "2026-12", "2026-12-12"]
    mini.set_dates(studio, santa.slug, TypedDays(("2027-01-09",), "10:00", "11:00"))
    assert choices() == ["2026-12", "2026-12-12"]
    mini.set_dates(studio, santa.slug, TypedDays(("2026-12-19",), "10:00", "11:00"))
    assert choices() == ["2026-12-12"]
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert choices() == []
    types.edit(studio, santa.slug, TypedOffer(site=TypedSite(waiting_list=False)))
    make.session(TIMES[0], type=santa.slug)
    assert choices() == []


# ── the owner ─────────────────────────────────────────────────────────────────────────────────────


def test_owner_puts_somebody_on_the_list(
    studio: Studio, make: Maker, santa: SessionType, booked: list[Session]
) -> None:
    """The owner can, for days or any; not while there is a time free, nor whom nobody can write to."""
    rui = make.client("Rui Costa", "rui@example.com")
    one, new = waiting.add(studio, "santa", "rui@example.com", "2026-12-12", None)
    assert (
        new
        and str(one.days) == "2026-12-12"
        and not waiting.add(studio, "santa", "rui@example.com", "2026-12-12", None)[1]
    )
    assert (
        str(waiting.add(studio, "santa", "rui@example.com", "2026-12-01", "2026-12-31")[0].days) == "2026-12"
    )
    with pytest.raises(WrongUsage):
        waiting.add(studio, "santa", "rui@example.com", "2026-12-12", "2026-12-11")
    with pytest.raises(Refused, match="over"):
        waiting.add(studio, "santa", "rui@example.com", "2026-11-01", None)
    clients.edit(studio, rui.id, email="")
    with pytest.raises(Refused, match="no mail address"):
        waiting.add(studio, "santa", str(rui.id), None, None)
    sessions.cancel(studio, str(booked[0].id), tell=False)
    clients.edit(studio, rui.id, email="rui@example.com")
    with pytest.raises(Refused, match=re.escape("Sat 12 Dec 2026 10:00")):
        waiting.add(studio, "santa", "rui@example.com", None, None)
    gone, was = waiting.remove(studio, one.id)
    assert was and gone.left_why == "removed" and not waiting.remove(studio, one.id)[1]


def test_owner_cancels_the_mail(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """A mail that the owner does not want sent is not written again for the same time; the next one is told."""
    join(studio, santa, "eva", "rui")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    [number] = waiting.look(studio)
    mail.cancel(studio, number)
    assert told(studio) == ["rui"]
    assert told(studio) == []


def test_remind_tells(studio: Studio, santa: SessionType, booked: list[Session]) -> None:
    """``remind`` tells those who wait, and says so; its rehearsal shows it and changes nothing."""
    join(studio, santa, "eva")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    assert [one.why for one in reminder.rehearse(studio)] == ["a time is free that they wait for"]
    assert [(one.message.state, one.why) for one in reminder.remind(studio, Sent())] == [
        ("sent", "a time is free that they wait for")
    ]
    assert reminder.remind(studio, Sent()) == []


def test_two_look_at_once(studio: Studio, santa: SessionType, booked: list[Session], clock: Clock) -> None:
    """Two programs that look at one moment write one mail: the second sees what the first has written."""
    join(studio, santa, "eva", "rui")
    sessions.cancel(studio, str(booked[0].id), tell=False)
    other = open_studio(studio.file.path, clock)
    found = waiting.due(other)
    assert found.told == 1
    assert told(studio) == ["eva"]
    assert told(other) == []
    other.file.close()
