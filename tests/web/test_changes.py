"""Requests, moves and cancellations over real HTTP: what is shown, what a form does, and that looking does nothing."""

from __future__ import annotations

import re

import pytest
from whenever import Instant

from studio_cli.booking import availability, cancellation, request, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.model.session import Session
from studio_cli.model.site import TypedSite
from studio_cli.store import message as message_store
from tests.booking.asking import ask
from tests.booking.test_change_of_mind import confirmed, seen, talk
from tests.conftest import Clock, Door, Maker
from tests.web.visitor import Visitor, dump

MONDAY = "2026-12-07T15:00:00Z"


@pytest.fixture
def visitor(door: Door) -> Visitor:
    """A client at the door."""
    return Visitor(door.base)


@pytest.fixture
def asked(studio: Studio, make: Maker) -> Session:
    """A request for a free session of an hour."""
    site = TypedSite(approval=True)
    return ask(studio, make, type=make.type("Talk", site=site, price="0", deposit=None, duration="1h").slug)


def values(page: str) -> list[str]:
    """Return the times that a page lets its client choose from."""
    return re.findall(r'name="at" value="([^"]+)"', page)


def test_looking_does_nothing(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """However often a client, or a mail scanner, looks at these pages: nothing but that is in the file."""
    token = make.link(asked)
    request.propose(studio, str(asked.id), ["2026-12-07 10:00"])
    assert visitor.get(f"/s/{token}").status == 200
    before = dump(studio.file.path)
    for page in ("", "/move", "/move?day=2026-12-08", "/cancel", "/proposal", "?note=moved"):
        assert visitor.get(f"/s/{token}{page}").status in {200, 303}, page
    assert dump(studio.file.path) == before


def test_proposal_by_its_button(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """The times that were proposed are buttons; one of them is pressed, and it is confirmed."""
    token = make.link(asked)
    assert "has your request" in visitor.get(f"/s/{token}").text
    request.propose(studio, str(asked.id), ["2026-12-07 10:00", "2026-12-08 14:00"])
    page = visitor.get(f"/s/{token}").text
    assert values(page) == [MONDAY, "2026-12-08T19:00:00Z"]
    revision = int(re.findall(r'name="revision" value="(\d+)"', page)[0])
    stale = visitor.step(token, "proposal", 1, at=MONDAY)
    assert stale.header("location") == f"/s/{token}?note=changed"
    assert visitor.step(token, "proposal", revision, at=MONDAY).header("location") == f"/s/{token}"
    assert "confirmed" in visitor.get(f"/s/{token}").text


def test_moved_by_hand(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """The month shows what is free, a day its times; one is chosen, and the page says that it is moved."""
    _, token = confirmed(studio, make)
    page = visitor.get(f"/s/{token}/move").text
    assert "December 2026" in page and 'aria-current="date"' in page
    day = visitor.get(f"/s/{token}/move?day=2026-12-07").text
    assert MONDAY in values(day)
    done = visitor.step(token, "move", at=MONDAY)
    assert done.header("location") == f"/s/{token}?note=moved"
    assert "It is moved" in visitor.get(f"/s/{token}?note=moved").text


def test_somebody_was_faster(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A time that has just gone is said to be, and the nearest free ones can be chosen at once."""
    session, token = confirmed(studio, make)
    make.session("2026-12-07 10:00")
    answer = visitor.step(token, "move", at=MONDAY)
    page = visitor.get(answer.header("location") or "").text
    assert "Somebody has just taken that time" in page
    assert {"2026-12-07T14:00:00Z", "2026-12-07T16:00:00Z"} <= set(values(page))
    assert sessions.get(studio, session.id).revision == 1


def test_shown_what_changed(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """After a change of the owner's the client sees what it was and is, on the page that they come from."""
    session, token = confirmed(studio, make)
    session_changes.reschedule(studio, str(session.id), "2026-12-09 10:00")
    for step, more in (("move", {"at": MONDAY}), ("cancel", {"seen": "0-0-0"})):
        answer = visitor.step(token, step, 1, **more)
        assert answer.header("location") == f"/s/{token}/{step}?note=changed&seen=1"
        page = visitor.get(answer.header("location") or "").text
        assert "nothing was done" in page and "9" in page and "<s dir" in page
    assert sessions.get(studio, session.id).status == "confirmed"


@pytest.mark.parametrize(
    "day", ["", "2026-11", "2026-13", "9999-12-31", "0001-01", "x", "%00", "2026-02-30", "2028-12"]
)
def test_any_month(studio: Studio, make: Maker, visitor: Visitor, day: str) -> None:
    """Whatever stands in the address, there is a month with something free in it."""
    token = make.link(talk(make))
    assert values(visitor.get(f"/s/{token}/move?day={day}").text)


def test_months_of_the_calendar(studio: Studio, make: Maker, visitor: Visitor, clock: Clock) -> None:
    """Nothing that has begun can be chosen, and from a month without hours one goes on to the next."""
    token = make.link(talk(make))
    page = visitor.get(f"/s/{token}/move?day=2026-11").text
    assert "Earlier month" not in page and "Later month" in page
    assert min(values(page)) == "2026-11-20T15:30:00Z"
    clock.now = Instant.from_utc(2026, 12, 1, 15)
    assert "Earlier month" not in visitor.get(f"/s/{token}/move").text
    far = visitor.get(f"/s/{token}/move?day=2028-06").text
    assert "Later month" not in far


def test_canceled_by_hand(studio: Studio, make: Maker, visitor: Visitor, clock: Clock) -> None:
    """The page asks once and says what happens with the money; afterwards the same stands there."""
    session, token = confirmed(studio, make, refunds="50% until 7d")
    assert "If your plans change" in visitor.get(f"/s/{token}").text
    page = visitor.get(f"/s/{token}/cancel").text
    assert "goes back" in page and seen(studio, session.id) in page
    assert (
        visitor.step(token, "cancel", seen="1-1-0").header("location")
        == f"/s/{token}/cancel?note=changed&seen=1"
    )
    done = visitor.step(token, "cancel", seen=seen(studio, session.id))
    assert done.header("location") == f"/s/{token}"
    ended = visitor.get(f"/s/{token}").text
    assert "You have canceled this session" in ended and "50.00" in ended
    assert visitor.get(f"/s/{token}/cancel").status == 303


def test_too_late(studio: Studio, make: Maker, visitor: Visitor, clock: Clock) -> None:
    """After the deadlines the pages lead to the studio, and a form from before does nothing."""
    session, token = confirmed(studio, make)
    clock.now = Instant.from_utc(2026, 12, 3, 20)
    for step in ("move", "cancel"):
        page = visitor.get(f"/s/{token}/{step}").text
        assert "too late" in page and "mailto:ana@example.com" in page and "<form" not in page
        answer = visitor.step(token, step, at=MONDAY, seen=seen(studio, session.id))
        assert answer.header("location") == f"/s/{token}/{step}"
    assert sessions.get(studio, session.id).status == "confirmed"
    assert f"{token}/move" not in visitor.get(f"/s/{token}").text


@pytest.mark.parametrize("at", ["9999-12-31T23:59:00Z", "9999-06-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_nonsense_in_a_time(make: Maker, visitor: Visitor, at: str) -> None:
    """A time at the end of the calendar is no time: there is a page, and never a failure."""
    token = make.link(talk(make))
    assert visitor.get(f"/s/{token}/move?taken={at}").status == 200
    assert visitor.step(token, "move", at=at).status == 303


def test_nothing_beyond_the_last_month(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """What no month of the page shows cannot be moved to either."""
    session = talk(make)
    token = make.link(session)
    assert "move?taken=" in str(visitor.step(token, "move", at="2035-12-04T15:00:00Z").header("location"))
    assert sessions.get(studio, session.id).starts_at == session.starts_at
    assert not [
        at for at in values(visitor.get(f"/s/{token}/move?taken=2035-12-04T15:00:00Z").text) if at > "2027-12"
    ]


def test_the_hour_that_is_there_twice(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """The nearest free times, and those that were proposed, are told apart by their offset."""
    site = TypedSite(approval=True, move_until="0")
    slug = make.type("Short", site=site, price="0", deposit=None, duration="30m", increment="30m").slug
    availability.set_hours(studio, "sun", ["00:00-04:00"])
    token = make.link(make.session(type=slug))
    page = visitor.get(f"/s/{token}/move?taken=2027-11-07T05:30:00Z").text
    near = re.findall(
        r"<span>([^<]*)</span>", page.partition("nearest free times")[2].partition("</fieldset>")[0]
    )
    assert len(set(near)) == len(near) > 1
    session = ask(studio, make, "2026-12-07 10:00", type=slug)
    token = make.link(session)
    request.propose(studio, str(session.id), ["2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"])
    buttons = re.findall(r'<button type="submit">([^<]*)</button>', visitor.get(f"/s/{token}").text)
    assert len(set(buttons)) == len(buttons) == 2


def test_a_request_whose_time_is_gone(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Once somebody else has the time of a request that holds none, its page says so, and what was changed meanwhile."""
    site = TypedSite(approval=True, request="free")
    session = ask(
        studio, make, type=make.type("Talk", site=site, price="0", deposit=None, duration="1h").slug
    )
    token = make.link(session)
    assert "somebody else may take it" in visitor.get(f"/s/{token}").text
    make.session("2026-12-04 10:00")
    session_changes.edit(studio, str(session.id), Edits(price="900", pay="later"))
    page = visitor.get(f"/s/{token}").text
    assert "is not free any more" in page and "may take it" not in page
    assert "900" in page.partition("</dl>")[0]


def test_moving_late_gives_no_more_back(studio: Studio, make: Maker, visitor: Visitor, clock: Clock) -> None:
    """Who moves when half would go back is told, before and after, that it is half at most from then on."""
    session, token = confirmed(studio, make, refunds="100% until 14d, 50% until 7d")
    assert "If you cancel it after that" not in visitor.get(f"/s/{token}/move").text
    clock.forward(hours=1)
    page = visitor.get(f"/s/{token}/move").text
    assert "If you cancel it after that, at most 50\u00a0%" in page
    assert visitor.step(token, "move", at="2027-02-08T15:00:00Z").status == 303
    after = sessions.get(studio, session.id)
    assert (after.status, str(after.terms.refunds)) == ("confirmed", "50% until 7d")
    clock.now = Instant.from_utc(2027, 2, 2, 15)
    assert "nothing goes back, as it is now" in visitor.get(f"/s/{token}/move").text
    assert visitor.step(token, "move", after.revision, at="2027-03-08T15:00:00Z").status == 303
    assert "If you cancel it, nothing goes back." in visitor.get(f"/s/{token}").text
    assert cancellation.settlement(studio, sessions.get(studio, session.id)).back.minor == 0
    session_changes.edit(studio, str(session.id), Edits(refunds="100%"))
    assert cancellation.settlement(studio, sessions.get(studio, session.id)).kept.minor == 0


def test_proposed_times_that_passed(
    studio: Studio, make: Maker, visitor: Visitor, asked: Session, clock: Clock
) -> None:
    """When the studio had proposed and the times have passed, nobody is blamed, and the client has a mail that says so."""
    change_setting(studio, "mail.host", "127.0.0.1")
    token = make.link(asked)
    last = request.propose(studio, str(asked.id), ["2026-12-07 10:00"]).session.starts_at
    clock.now = last
    assert "times that you were offered have passed" in visitor.get(f"/s/{token}").text
    make.session("2026-12-09 10:00")
    (mail,) = message_store.listed(studio.file, ("queued",), session_id=asked.id, kind="declined")
    assert "had offered you these times" in mail.letter.text
    other = ask(studio, make, "2026-12-10 10:00", type="talk")
    request.propose(studio, str(other.id), ["2026-12-11 10:00"])
    clock.now = Instant.from_utc(2026, 12, 20)
    make.session("2026-12-21 10:00")
    assert not message_store.listed(studio.file, session_id=other.id, kind="declined")


def test_a_request_that_was_not_answered(make: Maker, visitor: Visitor, asked: Session, clock: Clock) -> None:
    """When its time has come without an answer, the page says so and is sorry."""
    token = make.link(asked)
    clock.now = asked.starts_at
    assert "not answered in time" in visitor.get(f"/s/{token}").text
    assert visitor.step(token, "cancel", seen="0-0-0").status == 303


def test_what_was_promised_is_said_until_it_is_done(
    studio: Studio, make: Maker, visitor: Visitor, clock: Clock
) -> None:
    """A canceled session's page says what goes back, and once the ledger has it that it has been given back."""
    session, token = confirmed(studio, make, refunds="50% until 7d")
    visitor.step(token, "cancel", seen=seen(studio, session.id))
    assert "gives CA$50.00 back" in visitor.get(f"/s/{token}").text
    clock.forward(hours=1)
    payments.refund(studio, WantedRefund(str(session.id), amount="50", method="transfer"))
    page = visitor.get(f"/s/{token}").text
    assert "CA$50.00 has been given back." in page
    assert "gets in touch about how" not in page


def test_money_that_was_on_its_way(studio: Studio, make: Maker, visitor: Visitor, clock: Clock) -> None:
    """Whoever has said that they have paid does not read that nothing was, neither before they cancel nor after."""
    change_setting(studio, "payment.provider", "offline")
    offer = make.type("Talk", site=TypedSite(cancel_until="48h"), price="120", deposit=None, duration="1h")
    session = make.session("2026-12-07 10:00", type=offer.slug)
    token = make.link(session)
    visitor.step(token, "review")
    visitor.step(token, "payment")
    assert "A payment is on its way." in visitor.get(f"/s/{token}/cancel").text
    visitor.step(token, "cancel", seen=seen(studio, session.id))
    assert "A payment is on its way." in visitor.get(f"/s/{token}").text
    clock.forward(hours=1)
    payments.record(studio, str(session.id), "120", method="transfer")
    page = visitor.get(f"/s/{token}").text
    assert "CA$120.00 arrived after that." in page
    assert "Nothing has been paid" not in page


def test_what_is_over_is_no_right(studio: Studio, make: Maker, visitor: Visitor, clock: Clock) -> None:
    """Deadlines that have passed are not offered any more; what still holds is."""
    session, token = confirmed(studio, make, refunds="100% until 14d, 50% until 7d")
    before = visitor.get(f"/s/{token}").text
    assert "all that you have paid" in before
    clock.now = session.starts_at.subtract(hours=24 * 10)
    later = visitor.get(f"/s/{token}").text
    assert "all that you have paid" not in later
    assert "50\u00a0%" in later


def test_a_rest_is_not_due_before_it_is_booked(studio: Studio, make: Maker) -> None:
    """A balance that would have been due before the session was set up is due on that day."""
    near = make.session("2026-11-24 10:00", balance_due="7d before", deposit="20", price="100")
    far = make.session("2026-12-24 10:00", balance_due="7d before", deposit="20", price="100")
    assert str(near.balance_due_on) == "2026-11-20"
    assert str(far.balance_due_on) == "2026-12-17"
