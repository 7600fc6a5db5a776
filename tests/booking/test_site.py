"""Taking a time on the booking site: what is offered, who gets it, what is told to whom, and for how long it is held."""

from __future__ import annotations

import json
from typing import Any

import pytest
from whenever import Date, Instant

from studio_cli.booking import (
    availability,
    journey,
    mail,
    reminder,
    request,
    session_changes,
    session_type,
    site,
    site_limits,
)
from studio_cli.booking import block as blocks
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import client as clients
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.site import Person, Reply, Visitor
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.message import LINK
from studio_cli.model.session import Session
from studio_cli.model.site import TypedSite
from studio_cli.store import client as client_store
from studio_cli.store import message as message_store
from tests.conftest import ZONE, Clock, Maker

AT = Instant.from_utc(2026, 12, 4, 15)
LATER = Instant.from_utc(2026, 12, 4, 17)
RUI = Person("Rui Costa", "rui@example.com")
HOME = Visitor("203.0.113.7", ZONE, "en")
ELSEWHERE = Visitor("198.51.100.9", ZONE, "en")


def picked(studio: Studio, at: Instant = AT, person: Person = RUI, visitor: Visitor = HOME) -> Reply:
    """Pick a time of the family session."""
    return site.pick(studio, "family-session", [at], person, visitor)


def session_of(studio: Studio, reply: Reply) -> Session:
    """Return the session of somebody who got one."""
    assert reply.session_id is not None, reply
    return sessions.get(studio, reply.session_id)


def token_of(reply: Reply) -> str:
    assert reply.link is not None
    return reply.link.rpartition("/s/")[2]


# ── what is offered ───────────────────────────────────────────────────────────────────────────────


def test_only_what_is_published_is_offered(studio: Studio, make: Maker) -> None:
    """On the site is what is published, public and not archived, in the order in which it was added."""
    make.offer("Family")
    make.type("Not published")
    make.offer("Private", private=True)
    make.offer("Archived")
    session_type.archive(studio, "archived")
    make.offer("Portrait")
    assert [one.slug for one in site.offers(studio)] == ["family", "portrait"]


def test_one_answer_for_all_that_is_not_there(studio: Studio, make: Maker) -> None:
    """A type that is not published, archived, private and named by its slug, or none at all is the same refusal."""
    make.type("Hidden")
    private = make.offer("Private", private=True)
    make.offer("Archived")
    session_type.archive(studio, "archived")
    public = make.offer("Public", TypedSite())
    told = set()
    for key in ("hidden", "private", "archived", "none", "", "x" * 300):
        with pytest.raises(NotFound) as refused:
            site.offer_at(studio, key)
        told.add((refused.value.message, refused.value.code))
    assert len(told) == 1
    assert site.offer_at(studio, site.key_of(private)).slug == "private"
    assert site.offer_at(studio, site.key_of(public)).slug == "public"


# ── taking a time ─────────────────────────────────────────────────────────────────────────────────


def test_a_time_is_held_for_a_stranger(studio: Studio, make: Maker, clock: Clock) -> None:
    """Picking makes a pending session with the hold and the policy of its type, and a link that works."""
    make.offer(site=TypedSite(site_hold="20m", move_until="48h", cancel_until="0"))
    reply = picked(studio)
    session = session_of(studio, reply)
    assert (reply.what, session.status, session.source) == ("held", "pending", "site")
    assert session.expires_at == clock.now.add(minutes=20)
    assert (session.move_until, session.cancel_until, session.site_hold) == (48 * 60, 0, 20)
    assert (session.visitor, session.client_zone) == (HOME.address, ZONE)
    assert journey.visit(studio, token_of(reply)).session.id == session.id


def test_what_clients_cannot_book_is_taken(studio: Studio, make: Maker) -> None:
    """A time that is past, outside the hours, too soon, too far or between two starts is not given."""
    make.offer(notice="2d", window="30d")
    for at in (
        Instant.from_utc(2026, 11, 20, 14),
        Instant.from_utc(2026, 11, 20, 16),
        Instant.from_utc(2026, 12, 4, 3),
        Instant.from_utc(2026, 12, 4, 15, 7),
        Instant.from_utc(2027, 1, 8, 15),
        Instant.from_utc(2190, 1, 1),
    ):
        reply = picked(studio, at)
        assert reply.what == "taken", at
    assert not sessions.client_events(studio, 0)
    assert client_store.by_email(studio.file, RUI.email) is None


def test_a_loser_sees_the_nearest_times(studio: Studio, make: Maker) -> None:
    """Who was slower keeps nothing, and is told free times near the one they wanted."""
    make.offer()
    picked(studio)
    reply = picked(studio, person=Person("Eva Lima", "eva@example.com"), visitor=ELSEWHERE)
    assert reply.what == "taken"
    assert len(reply.nearest) == site.NEAREST
    assert LATER in reply.nearest
    assert client_store.by_email(studio.file, "eva@example.com") is None


def test_an_abandoned_hold_frees_itself(studio: Studio, make: Maker, clock: Clock) -> None:
    """A hold that nobody goes on with ends by itself: the time is free, and nobody gets a mail."""
    make.offer()
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    session = session_of(studio, picked(studio))
    clock.forward(minutes=15)
    again = picked(studio, person=Person("Eva Lima", "eva@example.com"), visitor=ELSEWHERE)
    assert again.what == "held"
    assert sessions.get(studio, session.id).status == "expired"
    assert message_store.listed(studio.file) == []


def test_nobody_is_reminded_of_a_quarter_of_an_hour(studio: Studio, make: Maker, clock: Clock) -> None:
    """A short hold writes to nobody before it ends: the address may be a stranger's."""
    make.offer()
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    journey.review(studio, token_of(picked(studio)), 1)
    clock.forward(minutes=10)
    assert reminder.plan(studio) == []


# ── who is who ────────────────────────────────────────────────────────────────────────────────────


def test_a_client_is_found_and_not_told(studio: Studio, make: Maker) -> None:
    """With the address of a client the session is theirs; its pages say what was typed, and the client stays."""
    known = make.client("Rui Manuel Costa", "Rui@Example.com")
    clients.edit(studio, known.id, language="pt", phone="+351 555 010")
    make.offer()
    session = session_of(studio, picked(studio, person=Person("Somebody", "rui@example.COM", "+1 555 0199")))
    assert session.client.id == known.id
    assert clients.get(studio, known.id).name == "Rui Manuel Costa"
    assert clients.get(studio, known.id).phone == "+351 555 010"
    assert (session.called, session.written_to, session.languages[0]) == ("Somebody", "rui@example.com", "en")
    assert session.booked_phone == "+1 555 0199"


def test_a_stranger_becomes_a_client(studio: Studio, make: Maker) -> None:
    """Somebody new is added with what they typed, by themselves in the history, not by the owner."""
    make.offer()
    session = session_of(studio, picked(studio, person=Person("Rui Costa", "rui@example.com", "+1 555 0199")))
    known = clients.get(studio, session.client.id)
    assert (known.name, known.email, known.phone) == ("Rui Costa", "rui@example.com", "+1 555 0199")
    assert {line.actor for line in sessions.history(studio, session)} == {"client"}


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({}, {"name", "email"}),
        ({"name": "Rui", "email": "rui@"}, {"email"}),
        ({"name": "R\x07", "email": "rui@example.com", "phone": "x"}, {"name", "phone"}),
        ({"name": "x" * 201, "email": "rui@example.com", "words": "x" * 1001}, {"name", "words"}),
        ({"name": "Rui", "email": "rui@example.com", "phone": " ", "words": ""}, set()),
    ],
)
def test_what_is_typed_is_checked(typed: dict[str, str], wrong: set[str]) -> None:
    """What cannot be a name, an address, a number or words is named, field by field."""
    person, problems = site.check_person(typed)
    assert set(problems) == wrong
    assert (person is None) == bool(wrong)


# ── one unfinished hold ───────────────────────────────────────────────────────────────────────────


def test_two_children_have_a_time_each(studio: Studio, make: Maker) -> None:
    """Who takes a second time keeps the first: up to three may be unfinished, whatever was done in them."""
    make.offer()
    replies = [picked(studio), picked(studio, LATER), picked(studio, LATER.add(hours=72))]
    journey.review(studio, token_of(replies[0]), 1)
    assert [reply.what for reply in replies] == ["held"] * 3
    assert {session_of(studio, reply).status for reply in replies} == {"pending"}


def test_another_time_replaces_one_that_is_named(studio: Studio, make: Maker) -> None:
    """With three held, the fourth says which can be let go; nothing is, before one is named, and that one only."""
    make.offer()
    days = [AT.add(hours=24 * day) for day in (0, 3, 4, 5)]
    first, second, third = (session_of(studio, picked(studio, at)) for at in days[:3])
    full = picked(studio, days[3])
    assert (full.what, [one.id for one in full.begun]) == ("enough", [first.id, second.id, third.id])
    assert {sessions.get(studio, one.id).status for one in (first, second, third)} == {"pending"}
    taken = site.pick(studio, "family-session", [days[3]], RUI, HOME, instead=second.id)
    assert taken.what == "held"
    assert [sessions.get(studio, one.id).status for one in (first, second, third)] == [
        "pending",
        "expired",
        "pending",
    ]
    assert site.was_let_go(studio, sessions.get(studio, second.id))


def test_the_time_next_to_ones_own(studio: Studio, make: Maker) -> None:
    """Where only one's own hold is in the way, nobody was faster: it can be let go for the time next to it."""
    make.offer()
    first = session_of(studio, picked(studio))
    beside = AT.add(minutes=30)
    reply = picked(studio, beside)
    assert (reply.what, [one.id for one in reply.begun]) == ("enough", [first.id])
    assert picked(studio, beside, Person("Somebody", RUI.email)).what == "taken"
    assert site.pick(studio, "family-session", [beside], RUI, HOME, instead=first.id).what == "held"
    assert sessions.get(studio, first.id).status == "expired"


def test_what_cannot_be_let_go(studio: Studio, make: Maker) -> None:
    """Nobody lets go of what is not theirs, in which something is done, or which the owner has touched."""
    make.offer()
    others = session_of(studio, picked(studio, LATER.add(hours=96), Person("Eva", "eva@example.com")))
    reviewed = picked(studio)
    journey.review(studio, token_of(reviewed), 1)
    moved = session_of(studio, picked(studio, AT.add(hours=72)))
    session_changes.reschedule(studio, str(moved.id), "2026-12-08 10:00")
    for number in (others.id, reviewed.session_id, moved.id):
        reply = site.pick(studio, "family-session", [AT.add(hours=24 * 7)], RUI, HOME, instead=number)
        assert (reply.what, reply.begun) == ("enough", ())
        assert sessions.get(studio, number or 0).status == "pending"


def test_what_the_owner_holds_is_not_begun(studio: Studio, make: Maker, clock: Clock) -> None:
    """What the owner has accepted, reopened, or given a deadline neither counts as unfinished nor is let go."""
    make.offer(hold="3d", site=TypedSite(approval=True))
    accepted = [
        session_of(studio, picked(studio, AT.add(hours=24 * 7 * week), Person("X", f"x{week}@example.com")))
        for week in range(3)
    ]
    for one in accepted:
        request.accept(studio, str(one.id))
    session_type.edit(studio, "family-session", TypedOffer(site=TypedSite(approval=False)))
    edited = session_of(studio, picked(studio, LATER))
    session_changes.edit(studio, str(edited.id), Edits(expires="2d"))
    opened = session_of(studio, picked(studio, LATER.add(hours=72)))
    clock.forward(minutes=15)
    sessions.reopen(studio, str(opened.id))
    assert sessions.get(studio, opened.id).expires_at == clock.now.add(hours=72)
    assert picked(studio, LATER.add(hours=96)).what == "held"
    everything = [*accepted, edited, opened]
    assert {sessions.get(studio, one.id).status for one in everything} == {"pending"}
    assert {sessions.get(studio, one.id).site_hold for one in everything} == {None}


def test_a_time_that_is_not_got_loses_nothing(studio: Studio, make: Maker) -> None:
    """Who picks another time that is gone keeps the one that they have."""
    make.offer()
    first = session_of(studio, picked(studio))
    picked(studio, LATER, Person("Eva Lima", "eva@example.com"), ELSEWHERE)
    assert picked(studio, LATER).what == "taken"
    assert sessions.get(studio, first.id).status == "pending"


def test_a_second_tap_is_the_same_session(studio: Studio, make: Maker) -> None:
    """The same form sent twice is one session; once something was done behind its link, it is a new one's turn."""
    make.offer()
    first, again = picked(studio), picked(studio)
    assert first.session_id == again.session_id
    assert first.link != again.link
    journey.review(studio, token_of(first), 1)
    assert picked(studio).what == "taken"


@pytest.mark.parametrize("kind", ["hold", "free", "wishes"])
def test_a_second_tap_is_the_same_request(studio: Studio, make: Maker, kind: str) -> None:
    """A request sent twice is one request, and one mail; with another wish it is another one."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(approval=True, request=kind))
    first, again = picked(studio), picked(studio)
    assert (again.what, again.session_id) == ("asked", first.session_id)
    assert len(message_store.listed(studio.file, kind="requested")) == 1
    assert picked(studio, LATER).session_id != first.session_id


def test_nobody_frees_the_hold_of_somebody_elsewhere(studio: Studio, make: Maker) -> None:
    """With a client's mail address, but from another one, a hold is neither freed nor refused: both stand."""
    make.offer()
    first = session_of(studio, picked(studio))
    reply = picked(studio, LATER, visitor=ELSEWHERE)
    assert reply.what == "held"
    assert sessions.get(studio, first.id).status == "pending"


def test_a_hold_that_is_paid_is_not_let_go(studio: Studio, make: Maker) -> None:
    """Money stops it: picking another time leaves what was paid for alone."""
    make.offer()
    first = session_of(studio, picked(studio))
    payments.record(studio, str(first.id), "10")
    assert picked(studio, LATER).what == "held"
    assert sessions.get(studio, first.id).status == "pending"


@pytest.mark.parametrize("same", ["visitor", "email"])
def test_three_unfinished_and_no_more(studio: Studio, make: Maker, clock: Clock, same: str) -> None:
    """Three may be unfinished of one address, and of one mail address; when they have run out, others may be begun."""
    make.offer()
    for number in range(4):
        person = RUI if same == "email" else Person("Rui", f"rui{number}@example.com")
        visitor = HOME if same == "visitor" else Visitor(f"203.0.113.{number}", ZONE)
        reply = picked(studio, AT.add(hours=24 * 7 * number), person, visitor)
        assert reply.what == ("held" if number < 3 else "enough")
    clock.forward(minutes=15)
    assert picked(studio).what == "held"


@pytest.mark.parametrize("same", ["visitor", "email"])
@pytest.mark.parametrize("free", [True, False], ids=["nothing to pay", "on its way"])
def test_six_without_money_and_no_more(
    studio: Studio, make: Maker, clock: Clock, same: str, free: bool
) -> None:
    """Six sessions without any money are enough of one address or mail address: a family has room, a script has not."""
    studios.change_setting(studio, "payment.provider", "offline")
    make.offer(**({"price": "0", "deposit": None} if free else {}), duration="1h")
    outcomes = []
    for number in range(8):
        person = RUI if same == "email" else Person("Rui", f"rui{number}@example.com")
        visitor = HOME if same == "visitor" else Visitor(f"203.0.113.{number}", ZONE)
        reply = picked(studio, AT.add(hours=24 * 7 * number), person, visitor)
        outcomes.append(reply.what)
        if reply.link:
            journey.review(studio, token_of(reply), 1)
            journey.pay(studio, token_of(reply), 1)
    assert outcomes == ["held"] * site_limits.MOST_UNPAID + ["many"] * 2
    clock.forward(hours=25)
    assert picked(studio, LATER).what == ("held" if free else "many")
    payments.record(studio, "1", "50" if not free else "1")
    assert picked(studio, LATER.add(hours=72)).what == "held"


# ── as long as somebody goes on ───────────────────────────────────────────────────────────────────


def test_every_step_holds_it_longer(studio: Studio, make: Maker, clock: Clock) -> None:
    """Each finished step holds the time as long again; a session of the owner's keeps its deadline."""
    make.offer()
    reply = picked(studio)
    clock.forward(minutes=10)
    journey.review(studio, token_of(reply), 1)
    assert session_of(studio, reply).expires_at == clock.now.add(minutes=15)
    own = make.session(at="2026-12-11 10:00", expires="30m")
    clock.forward(minutes=10)
    journey.review(studio, make.link(own), 1)
    assert sessions.get(studio, own.id).expires_at == own.expires_at


@pytest.mark.parametrize(("hold", "minutes"), [(None, 3 * 24 * 60), ("5d", 5 * 24 * 60)])
def test_money_on_its_way_holds_it(
    studio: Studio, make: Maker, clock: Clock, hold: str | None, minutes: int
) -> None:
    """Once the client says that a payment is on its way, the time is held as long as the owner's own sessions."""
    studios.change_setting(studio, "payment.provider", "offline")
    make.offer(hold=hold)
    reply = picked(studio)
    journey.review(studio, token_of(reply), 1)
    journey.pay(studio, token_of(reply), 1)
    assert session_of(studio, reply).expires_at == clock.now.add(minutes=minutes)


def test_money_on_its_way_is_said_once(studio: Studio, make: Maker, clock: Clock) -> None:
    """Said again, for another tip, it does not hold the time longer."""
    studios.change_setting(studio, "payment.provider", "offline")
    make.offer(tips=True)
    reply = picked(studio)
    journey.review(studio, token_of(reply), 1)
    journey.pay(studio, token_of(reply), 1, {"tip": ["10"]})
    until = session_of(studio, reply).expires_at
    clock.forward(hours=48)
    journey.pay(studio, token_of(reply), 1, {"tip": ["20"]})
    assert session_of(studio, reply).step("payment").announced_at == clock.now
    assert session_of(studio, reply).expires_at == until


# ── asked for, and by mail ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("request_kind", "holds"), [("hold", True), ("free", False), ("wishes", False)])
def test_what_the_owner_decides_on(
    studio: Studio, make: Maker, clock: Clock, request_kind: str, holds: bool
) -> None:
    """Where the owner says yes or no, an inquiry is made, which holds its time or not; wishes are kept."""
    make.offer(site=TypedSite(approval=True, request=request_kind))
    person = Person("Rui Costa", "rui@example.com", words="With two dogs.")
    reply = site.pick(studio, "family-session", [AT, LATER], person, HOME)
    session = session_of(studio, reply)
    assert (reply.what, session.status) == ("asked", "inquiry")
    assert session.holds_time is holds
    assert session.expires_at == (clock.now.add(hours=24 * 7) if holds else None)
    assert session.site_hold is None
    times = ["2026-12-04T15:00:00Z", "2026-12-04T17:00:00Z"]
    wished = {"times": times, "words": "With two dogs."} if request_kind == "wishes" else None
    assert (session.wish and json.loads(session.wish)) == wished
    assert journey.visit(studio, token_of(reply)).session.id == session.id


def test_both_are_told_of_a_request(studio: Studio, make: Maker) -> None:
    """Who asks has a mail with their link and what they wished; the owner has one with the command that answers."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(approval=True, request="wishes"))
    person = Person("Rui Costa", "rui@example.com", words="With two dogs.")
    reply = site.pick(studio, "family-session", [AT, LATER], person, HOME)
    mails = {one.kind: one for one in message_store.listed(studio.file)}
    assert set(mails) == {"requested", "owner"}
    assert mails["requested"].share_id is not None and LINK in mails["requested"].letter.text
    assert "10:00" in mails["requested"].letter.text and "12:00" in mails["requested"].letter.text
    assert "With two dogs." in mails["owner"].letter.text
    assert f"studio session accept {reply.session_id}" in mails["owner"].letter.text


def test_requests_that_hold_nothing_have_an_end(studio: Studio, make: Maker, clock: Clock) -> None:
    """Three unanswered requests an hour of one address, or for one mail address, are enough: each writes a mail."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(approval=True, request="free"))
    asked = [picked(studio, AT.add(hours=24 * 7 * week)).what for week in range(4)]
    assert asked == ["asked"] * 3 + ["enough"]
    assert picked(studio, LATER, visitor=ELSEWHERE).what == "enough"
    assert len(message_store.listed(studio.file, kind="requested")) == 3
    clock.forward(minutes=61)
    assert picked(studio, LATER).what == "asked"


def test_a_request_of_the_site_is_accepted(studio: Studio, make: Maker, clock: Clock) -> None:
    """A yes to a second wish moves the request there; it counts as reviewed and waits as the type says, not minutes."""
    make.offer(site=TypedSite(approval=True, request="wishes"), hold="5d")
    session = session_of(studio, site.pick(studio, "family-session", [AT, LATER], RUI, HOME))
    after = request.accept(studio, str(session.id), wish=2).session
    assert (after.status, after.starts_at) == ("pending", LATER)
    assert after.expires_at == clock.now.add(hours=24 * 5)
    assert [step.name for step in after.waiting_for] == ["payment"]


def test_a_request_holds_no_longer_than_its_type_says(studio: Studio, make: Maker, clock: Clock) -> None:
    """The time of a request is held for the hold of its type, and never once it begins."""
    make.offer(site=TypedSite(approval=True), hold="2d")
    session = session_of(studio, picked(studio))
    assert session.expires_at == clock.now.add(hours=48)
    clock.now = AT.subtract(hours=3)
    late = session_of(studio, picked(studio, LATER, visitor=ELSEWHERE))
    assert late.expires_at == LATER


def test_the_link_comes_by_mail(studio: Studio, make: Maker) -> None:
    """Where an address is to be proved, the link is in a mail only; too many for one address are not told apart."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(verify_email=True))
    replies = [
        picked(studio, AT.add(hours=24 * 7 * number), visitor=Visitor(f"203.0.113.{number}", ZONE))
        for number in range(4)
    ]
    assert {(reply.what, reply.link) for reply in replies} == {("mailed", None)}
    written = message_store.listed(studio.file)
    assert [message.to_email for message in written] == ["rui@example.com"] * 3


@pytest.mark.parametrize("times", [[AT], [AT, LATER]], ids=["the same time again", "two times in turn"])
def test_an_address_that_was_typed_gets_three_mails_an_hour(
    studio: Studio, make: Maker, clock: Clock, times: list[Instant]
) -> None:
    """Whoever sends the form, however often, has the studio write three times an hour to a stranger, and sees no other page."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(verify_email=True))
    for number in range(12):
        reply = picked(studio, times[number % len(times)])
        assert (reply.what, reply.link) == ("mailed", None)
        for one in message_store.listed(studio.file, ("queued",)):
            mail.deliver(studio, Sent(), one.id)
        clock.forward(minutes=4)
    assert len(message_store.listed(studio.file, ("sent",))) == 3
    clock.forward(minutes=61)
    picked(studio, times[0])
    assert len(message_store.listed(studio.file)) == 4


class Sent:
    """A mailer to which every mail is gone."""

    def send(self, envelope: object, letter: object, /) -> None:
        """Say that it is."""


def test_a_mail_that_proves_an_address_says_so(studio: Studio, make: Maker) -> None:
    """It says that somebody picked a time with their address and that nothing needs doing, and no word of theirs."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(verify_email=True))
    picked(studio, person=Person("You have won: example.net", "rui@example.com"))
    (message,) = message_store.listed(studio.file)
    assert "with your mail address" in message.letter.text
    assert "It was not you?" in message.letter.text
    assert "has set up" not in message.letter.text
    assert "won" not in f"{message.to_name}{message.letter.subject}{message.letter.text}{message.letter.html}"


def test_requests_write_six_mails_an_hour(studio: Studio, make: Maker, clock: Clock) -> None:
    """Asking and withdrawing in turn does not write to a stranger for ever."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(approval=True))
    outcomes = []
    for _ in range(8):
        reply = picked(studio)
        outcomes.append(reply.what)
        if reply.link:
            for one in message_store.listed(studio.file, ("queued",)):
                mail.deliver(studio, Sent(), one.id)
            minds.cancel(studio, token_of(reply), 1, "0-0-0")
        clock.forward(minutes=1)
    assert outcomes == ["asked"] * 6 + ["enough"] * 2


def test_no_mail_server_no_proof(studio: Studio, make: Maker) -> None:
    """An address cannot be asked to be proved where no mail can be sent."""
    make.offer()
    typed = TypedOffer(site=TypedSite(verify_email=True))
    with pytest.raises(Refused) as refused:
        session_type.edit(studio, "family-session", typed)
    assert (refused.value.code, "mail.host" in (refused.value.hint or "")) == ("no_mail_server", True)


# ── who is not wanted ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("entry", "address", "email", "unwanted"),
    [
        ("rui@example.com", "203.0.113.7", "RUI@example.com", True),
        ("rui@example.com", "203.0.113.7", "eva@example.com", False),
        ("@Example.com", "203.0.113.7", "eva@example.com", True),
        ("@example.com", "203.0.113.7", "eva@sub.example.com", False),
        ("203.0.113.7", "203.0.113.7", "eva@example.com", True),
        ("203.0.113.0/24", "203.0.113.250", "eva@example.com", True),
        ("203.0.113.0/24", "203.0.114.1", "eva@example.com", False),
        ("2001:db8:1:2::5", "2001:db8:1:2::", "eva@example.com", True),
        ("203.0.113.7", "2001:db8::", "eva@example.com", False),
    ],
)
def test_the_blocked_see_no_free_time(
    studio: Studio, make: Maker, entry: str, address: str, email: str, unwanted: bool
) -> None:
    """Who is blocked, by address, mail address or domain, gets nothing, and sees what others see when nothing is free."""
    make.offer()
    blocks.add(studio, entry)
    reply = picked(studio, person=Person("Eva", email), visitor=Visitor(address, ZONE))
    assert reply.what == ("taken" if unwanted else "held")
    assert reply.nearest == ()
    if "@" not in entry:
        month = site.month_of(studio, site.offer_at(studio, "family-session"), Visitor(address, ZONE))
        assert (not month.days) == unwanted
    assert blocks.remove(studio, entry)[1]
    assert blocks.listed(studio) == []


# ── months ────────────────────────────────────────────────────────────────────────────────────────


def days_of(studio: Studio, zone: str, wanted: Date | None = None) -> Any:
    return site.month_of(studio, site.offer_at(studio, "family-session"), Visitor("", zone), wanted)


def test_a_month_is_the_visitors(studio: Studio, make: Maker) -> None:
    """Times stand on the day on which the visitor's clock shows them, and a month begins by that clock too."""
    make.offer()
    month = days_of(studio, "Asia/Tokyo", Date(2026, 12, 1))
    first = min(month.days)
    assert first == Date(2026, 12, 1)  # Monday evening in Toronto
    assert month.days[first][0] == Instant.from_utc(2026, 11, 30, 15)
    assert Date(2026, 12, 5) in month.days  # Friday in Toronto
    assert Date(2026, 12, 6) not in month.days


def test_months_end_somewhere(studio: Studio, make: Maker) -> None:
    """Before this month and beyond a year, or the booking window, there is nothing to look at."""
    make.offer()
    asked = [days_of(studio, ZONE, day) for day in (Date(2020, 1, 1), Date(2026, 12, 31), Date(2099, 1, 1))]
    assert [one.first for one in asked] == [Date(2026, 11, 1), Date(2026, 12, 1), Date(2027, 11, 1)]
    assert [(one.earlier, one.later) for one in asked] == [(False, True), (True, True), (True, False)]
    session_type.edit(studio, "family-session", TypedOffer(window="20d"))
    assert days_of(studio, ZONE, Date(2099, 1, 1)).first == Date(2026, 12, 1)


def test_nothing_beyond_the_last_month(studio: Studio, make: Maker) -> None:
    """What no month shows is not given either, though no window closes it; the last day of the last month is."""
    make.offer()
    assert picked(studio, Instant.from_utc(2035, 12, 4, 15)).what == "taken"
    assert picked(studio, Instant.from_utc(2027, 12, 1, 15)).what == "taken"
    assert picked(studio, Instant.from_utc(2027, 11, 30, 15)).what == "held"


def test_the_first_month_is_the_one_with_times(studio: Studio, make: Maker) -> None:
    """Without a month asked for, the one with the first free time is shown; with none at all, this one."""
    make.offer()
    availability.block(studio, "2026-11-20", "2027-02-09")
    assert days_of(studio, ZONE).first == Date(2027, 2, 1)
    availability.set_hours(studio, "mon-sun", ["off"])
    assert (days_of(studio, ZONE).first, days_of(studio, ZONE).days) == (Date(2026, 11, 1), {})


@pytest.mark.parametrize("notice", ["0m", "2h"])
def test_a_time_is_not_offered_once_it_has_begun(
    studio: Studio, make: Maker, clock: Clock, notice: str
) -> None:
    """A time is offered until the second in which it begins, or is too near, and not until the minute is over."""
    offer, visitor, friday = make.offer(notice=notice), Visitor("", ZONE), Date(2026, 12, 4)
    clock.now = Instant.from_utc(2026, 12, 4, 14, 59, 30)
    wanted = Instant.from_utc(2026, 12, 4, 15).add(hours=int(notice[0]))
    for seconds, offered in ((0, True), (30, notice == "2h"), (1, False), (58, False)):
        clock.forward(seconds=seconds)
        assert (days_of(studio, ZONE).days[friday][0] == wanted) == offered
        assert site.is_free(studio, offer, visitor, wanted) == offered


@pytest.mark.parametrize("zone", ["America/Toronto", "Europe/Lisbon", "Asia/Kathmandu", "Pacific/Apia"])
def test_every_offered_time_can_be_taken(studio: Studio, make: Maker, zone: str) -> None:
    """What a month shows is free to take, in every zone, over both changes of clocks: nothing more, nothing less."""
    make.offer(duration="1h", increment="1h")
    availability.set_hours(studio, "mon-sun", ["00:00-04:00"])
    offer = site.offer_at(studio, "family-session")
    for wanted in (Date(2027, 3, 1), Date(2027, 11, 1)):
        month = days_of(studio, zone, wanted)
        starts = [start for day in sorted(month.days) for start in month.days[day]]
        assert starts == sorted(set(starts))
        assert all(site.is_free(studio, offer, Visitor("", zone), start) for start in starts[::7])
        assert all(start.to_tz(zone).date() == day for day in month.days for start in month.days[day])


# ── stamps ────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_takes_a_while(clock: Clock) -> None:
    """A stamp says whether a form took as long as people take; a changed, foreign or old one says nothing."""
    key, now = "ab" * 32, clock.now
    given = site.stamp(key, now)
    answers = {
        seconds: site.is_unhurried(key, given, now.add(seconds=seconds))
        for seconds in (-1, 0, 1, 2, 86400, 86401)
    }
    assert answers == {-1: None, 0: False, 1: False, 2: True, 86400: True, 86401: None}
    later = now.add(minutes=1)
    for text in (
        "",
        ".",
        given + "0",
        "1" + given,
        given.replace(".", ""),
        site.stamp("cd" * 32, now),
        "٣." + given,
    ):
        assert site.is_unhurried(key, text, later) is None


def test_the_key_is_made_once(studio: Studio) -> None:
    """The key that signs forms is made when it is first needed, and stays."""
    site.keep_key(studio)
    first = studio.settings["internal.site_key"]
    site.keep_key(studio)
    assert studio.settings["internal.site_key"] == first
    assert len(first) == 64


def test_last_is_the_newest_where_only_clients_have_booked(studio: Studio, make: Maker) -> None:
    """``last`` names a session that a stranger booked, as long as the owner has touched none."""
    make.offer()
    reply = picked(studio)
    assert sessions.find(studio, "last").id == reply.session_id
