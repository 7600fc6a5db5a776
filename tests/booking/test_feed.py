"""The owner's feed: who may read it, what is in it, and that it says the same until something changes."""

from __future__ import annotations

from typing import Any

import pytest
from icalendar import Calendar
from whenever import Instant

from studio_cli.booking import feed as feeds
from studio_cli.booking import new_session, request, session_changes, site
from studio_cli.booking import session as sessions
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.site import Person, Visitor
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.model.site import TypedSite
from tests.conftest import ZONE, Clock, Maker


def token_of(address: str | None) -> str:
    """Return the token in a feed's address."""
    assert address is not None
    return address.rpartition("/")[2].removesuffix(".ics")


def events(studio: Studio) -> dict[int, Any]:
    """Return the events of the feed by the number of their session."""
    read = Calendar.from_ical(feeds.calendar(studio, feeds.entries(studio)))
    return {int(one["UID"].split("@")[0].removeprefix("session-")): one for one in read.walk("VEVENT")}


def mark(studio: Studio) -> str:
    """Return what stands for the feed as it is now."""
    return feeds.mark_of(studio, feeds.entries(studio))


# ── its address ───────────────────────────────────────────────────────────────────────────────────


def test_address_is_told_once(studio: Studio) -> None:
    """The address is told when it is made; the file keeps nothing that opens the feed."""
    made = feeds.feed(studio)
    token = token_of(made.address)
    assert len(token) == 43 and feeds.opens(studio, token)
    again = feeds.feed(studio)
    assert (again.address, again.made_at) == (None, made.made_at)
    assert token.encode() not in studio.file.path.read_bytes()


def test_another_address_ends_the_first(studio: Studio) -> None:
    """A new address is another secret, and the one before opens nothing."""
    first = token_of(feeds.feed(studio).address)
    made = feeds.feed(studio, new=True)
    assert made.ended and feeds.opens(studio, token_of(made.address))
    assert not feeds.opens(studio, first)


def test_revoked_feed_is_over(studio: Studio) -> None:
    """A feed that is revoked opens no more; the next one is another; nothing to revoke is said."""
    first = token_of(feeds.feed(studio).address)
    assert feeds.revoke(studio)
    assert not feeds.opens(studio, first)
    assert not feeds.revoke(studio)
    assert token_of(feeds.feed(studio).address) != first


@pytest.mark.parametrize("token", ["", "x", "\udc80", "' OR 1=1 --", "x" * 100_000])
def test_wrong_tokens(studio: Studio, token: str) -> None:
    """Nothing else opens a feed, whether or not there is one."""
    assert not feeds.opens(studio, token)
    feeds.feed(studio)
    assert not feeds.opens(studio, token)


# ── what is in it ─────────────────────────────────────────────────────────────────────────────────


def test_sessions_with_their_status(studio: Studio, make: Maker) -> None:
    """Confirmed is confirmed, pending is tentative, canceled is cancelled, and each says so in words."""
    for hour in (9, 10, 11):
        make.session(f"2026-12-04 {hour:02}:00", add_client=f"Zoë {hour}", one_off="Head, shots")
    sessions.confirm(studio, "2")
    sessions.cancel(studio, "3")
    shown = {
        number: (str(one["STATUS"]), str(one["SUMMARY"]), str(one["TRANSP"]))
        for number, one in events(studio).items()
    }
    assert shown == {
        1: ("TENTATIVE", "Head, shots – Zoë 9 (pending)", "OPAQUE"),
        2: ("CONFIRMED", "Head, shots – Zoë 10", "OPAQUE"),
        3: ("CANCELLED", "Canceled: Head, shots – Zoë 11", "TRANSPARENT"),
    }


def test_event_has_what_the_owner_needs_on_the_way(studio: Studio, make: Maker) -> None:
    """Where, whom to call, the notes, and the command that shows the rest."""
    client = make.client("Rui Costa", "rui@example.com")
    new_session.set_up(
        studio,
        Wanted(
            at="2026-12-04 10:00",
            one_off="X",
            duration="1h",
            client=str(client.id),
            location="High Park",
            notes="Dog;\nbig",
        ),
    )
    (event,) = events(studio).values()
    assert str(event["LOCATION"]) == "High Park"
    assert str(event["DESCRIPTION"]) == "Rui Costa\nrui@example.com\n\nDog;\nbig\n\nstudio session show 1"


def test_sequence_grows_with_every_change(studio: Studio, make: Maker, clock: Clock) -> None:
    """Whatever a calendar shows of a session changes its SEQUENCE and its time of change, and only that."""
    session = make.session(expires="3h")
    seen = [int(events(studio)[1]["SEQUENCE"])]

    def grown(what: object) -> bool:
        del what
        clock.forward(minutes=1)
        seen.append(int(events(studio)[1]["SEQUENCE"]))
        return seen[-1] > seen[-2]

    number = str(session.id)
    assert grown(session_changes.edit(studio, number, Edits(notes="x")))
    assert grown(session_changes.edit(studio, number, Edits(location="High Park")))
    assert grown(session_changes.reschedule(studio, number, "2026-12-07 10:00"))
    assert grown(clock.forward(hours=4))  # the hold runs out, and nobody settles it
    assert str(events(studio)[1]["STATUS"]) == "CANCELLED"
    assert grown(sessions.reopen(studio, number))
    assert grown(sessions.confirm(studio, number))
    assert grown(sessions.reopen(studio, number))
    assert grown(sessions.cancel(studio, number))
    assert not grown(sessions.cancel(studio, number))


def test_hold_that_ran_out_is_the_same_once_it_is_settled(studio: Studio, make: Maker, clock: Clock) -> None:
    """Whether or not somebody has settled it: the feed says the same of a hold that ran out."""
    make.session(expires="3h")
    clock.forward(hours=5)
    before = int(events(studio)[1]["SEQUENCE"])
    make.session("2026-12-07 10:00")  # settles it
    assert int(events(studio)[1]["SEQUENCE"]) == before


def ask_for(studio: Studio, make: Maker, **asking: Any) -> None:
    """Ask for a time on the site: Friday at ten."""
    make.offer(site=TypedSite(approval=True, **asking))
    person, visitor = Person("Rui", "rui@example.com"), Visitor("203.0.113.7", ZONE, "en")
    site.pick(studio, "family-session", [Instant.from_utc(2026, 12, 4, 15)], person, visitor)


@pytest.mark.parametrize(("asked", "busy"), [("hold", "OPAQUE"), ("free", "TRANSPARENT")])
def test_request_closes_what_it_holds(studio: Studio, make: Maker, asked: str, busy: str) -> None:
    """A request that does not hold its time leaves it free in the owner's calendar too."""
    ask_for(studio, make, request=asked)
    assert (str(events(studio)[1]["STATUS"]), str(events(studio)[1]["TRANSP"])) == ("TENTATIVE", busy)


def told(studio: Studio) -> tuple[str, str, int]:
    """Return the status of the one event, whether it is busy, and its SEQUENCE."""
    (one,) = events(studio).values()
    return str(one["STATUS"]), str(one["TRANSP"]), int(one["SEQUENCE"])


def test_request_that_runs_out(studio: Studio, make: Maker, clock: Clock) -> None:
    """A request frees its time and ends in the feed when it does, each a change, whether or not anybody settles it."""
    ask_for(studio, make)
    first = told(studio)
    session = sessions.get(studio, 1)
    assert first[:2] == ("TENTATIVE", "OPAQUE") and session.expires_at is not None
    seen = [first[2]]
    for moment, expected in (
        (session.expires_at, ("TENTATIVE", "TRANSPARENT")),
        (session.starts_at, ("CANCELLED", "TRANSPARENT")),
    ):
        clock.now = moment
        before = told(studio)
        with studio.file.atomic():
            studio.settle(clock.now)
        assert before == told(studio) and before[:2] == expected
        seen.append(before[2])
    assert seen == sorted(set(seen))
    assert [one.status for one in feeds.entries(studio)] == [sessions.get(studio, 1).status] == ["declined"]


def test_accepted_request_goes_on_growing(studio: Studio, make: Maker, clock: Clock) -> None:
    """A request whose time was free again and that is accepted after all is busy again, which is a change."""
    ask_for(studio, make)
    clock.now = sessions.get(studio, 1).expires_at or clock.now
    before = told(studio)
    request.accept(studio, "1")
    after = told(studio)
    assert after[:2] == ("TENTATIVE", "OPAQUE") and after[2] > before[2]


def test_called_off_is_shown_for_ninety_days(studio: Studio, make: Maker, clock: Clock) -> None:
    """A session that was called off is shown as such for 90 days, and then no more."""
    make.session("2027-12-03 10:00")
    sessions.cancel(studio, "1")
    clock.forward(hours=24 * 89)
    assert list(events(studio)) == [1]
    clock.forward(hours=24 * 2)
    assert list(events(studio)) == []


def test_past_sessions_stay_for_ninety_days(studio: Studio, make: Maker, clock: Clock) -> None:
    """A session stays in the feed until 90 days after it, and can be exported for ever."""
    session = make.session("2026-12-04 10:00")
    clock.now = session.ends_at.add(hours=24 * 89)
    assert list(events(studio)) == [1]
    clock.forward(hours=25)
    assert list(events(studio)) == []
    assert len(feeds.entries(studio, session.starts_at)) == 1
    assert feeds.entries(studio, session.ends_at) == []
    assert feeds.entries(studio, session.starts_at, session.starts_at) == []


def test_feed_is_the_same_until_something_changes(studio: Studio, make: Maker, clock: Clock) -> None:
    """The feed is the same to the byte, and so is what stands for it, until something in it changes."""
    session = make.session()
    before, stands = feeds.calendar(studio, feeds.entries(studio)), mark(studio)
    clock.forward(hours=5)
    assert feeds.calendar(studio, feeds.entries(studio)) == before
    assert mark(studio) == stands
    changes = (
        lambda: session_changes.edit(studio, str(session.id), Edits(notes="x")),
        lambda: sessions.confirm(studio, str(session.id)),
        lambda: change_setting(studio, "studio.name", "Another, name; here"),
        lambda: make.session("2026-12-07 10:00"),
    )
    for change in changes:
        change()
        assert mark(studio) != stands
        stands = mark(studio)
    assert b"\r\nX-WR-CALNAME:Another\\, name\\; here\r\n" in feeds.calendar(studio, [])


def test_nothing_of_the_owner_s_other_calendars_is_in_it(studio: Studio, make: Maker) -> None:
    """The titles of calendars that are subscribed to are in no feed."""
    from tests.booking.test_subscription import Paper, subscribe

    subscribe(studio, Paper())
    make.session("2026-12-04 10:00", custom=True)
    assert b"Dentist" not in feeds.calendar(studio, feeds.entries(studio))
