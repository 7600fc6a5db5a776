"""Requests, moves and cancellations over real HTTP: what is shown, what a form does, and that looking does nothing."""

from __future__ import annotations

import re

import pytest
from whenever import Instant

from studio_cli.booking import request, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.site import TypedSite
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


def test_a_request_that_was_not_answered(make: Maker, visitor: Visitor, asked: Session, clock: Clock) -> None:
    """When its time has come without an answer, the page says so and is sorry."""
    token = make.link(asked)
    clock.now = asked.starts_at
    assert "not answered in time" in visitor.get(f"/s/{token}").text
    assert visitor.step(token, "cancel", seen="0-0-0").status == 303
