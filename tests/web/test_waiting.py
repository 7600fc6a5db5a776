"""Getting on the waiting list and off it, over real HTTP."""

from __future__ import annotations

import re

import pytest

from studio_cli.booking import mail, mini, site, waiting
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.mini import TypedDays
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.settings import SITE_KEY
from studio_cli.model.site import TypedSite
from tests.booking.test_waiting import Sent
from tests.conftest import Clock, Door, Maker
from tests.web.visitor import Visitor, dump

LIST = "/book/santa-minis/waiting"


@pytest.fixture
def last(studio: Studio, make: Maker) -> Session:
    """The session that took the last slot of the only date."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    typed = TypedOffer(name="Santa minis", price="90", site=TypedSite(publish=True))
    mini.add(studio, typed, "20m", TypedDays(("2026-12-12",), "10:00", "10:20"))
    return make.session("2026-12-12 10:00", type="santa-minis")


@pytest.fixture
def visitor(last: Session, site_door: Door) -> Visitor:
    """Somebody on the site, when all is taken."""
    return Visitor(site_door.base)


def form(studio: Studio, clock: Clock, seconds: int = 10, **typed: str) -> dict[str, str]:
    """Return what a person sends, so many seconds after they saw the form."""
    stamp = site.stamp(studio.settings[SITE_KEY], clock.now.subtract(seconds=seconds))
    return {"name": "Eva", "email": "eva@example.com", "days": "2026-12-12", "stamp": stamp, **typed}


def leave(studio: Studio, last: Session) -> str:
    """Free the slot, tell whoever waits, and return the path of the link off the list in the mail."""
    sessions.cancel(studio, str(last.id), tell=False)
    waiting.look(studio)
    server = Sent()
    mail.send_written(studio, server)
    link = server[-1][2]
    assert link is not None
    return "/" + link.partition("://")[2].partition("/")[2]


def test_on_the_list(studio: Studio, visitor: Visitor, clock: Clock) -> None:
    """From the type's page to the form, and to a page that says that one is on the list."""
    page = visitor.get("/book/santa-minis?month=2026-12").text
    [path] = re.findall(r'href="([^"]+/waiting[^"]*)" target="_top"', page)
    assert 'value="2026-12-12"' in visitor.get(path.replace("&amp;", "&")).text
    answer = visitor.post(LIST, form(studio, clock, zone="Europe/Lisbon"))
    assert (answer.status, answer.header("location")) == (303, "/book/santa-minis/listed")
    assert visitor.get("/book/santa-minis/listed").status == 200
    [one] = waiting.listed(studio)
    assert (one.name, one.days.zone, str(one.days)) == ("Eva", "Europe/Lisbon", "2026-12-12")


@pytest.mark.parametrize(
    "typed",
    [{"stamp": ""}, {"topic": "x"}, {"days": "x"}, {"days": ""}, {"name": ""}, {"email": "eva"}],
)
def test_not_on_the_list(studio: Studio, visitor: Visitor, clock: Clock, typed: dict[str, str]) -> None:
    """What a script sends, and what cannot be read, comes back whole, and nobody is on the list."""
    answer = visitor.post(LIST, form(studio, clock, **typed))
    assert answer.status == (422 if typed.keys() & {"name", "email"} else 200)
    assert "Tell me" in answer.text and ("name" in typed or 'value="Eva"' in answer.text)
    assert visitor.post(LIST, form(studio, clock, seconds=1)).status == 200
    assert waiting.listed(studio) == []


def test_free_after_all(studio: Studio, visitor: Visitor, last: Session, clock: Clock) -> None:
    """Who wants to wait for what has come free is led to it; there is nothing to wait for then."""
    sessions.cancel(studio, str(last.id), tell=False)
    answer = visitor.post(LIST, form(studio, clock))
    assert answer.header("location") == "/book/santa-minis?day=2026-12-12&note=free"
    assert "There is a time free now" in visitor.get(str(answer.header("location"))).text
    assert visitor.get(LIST).header("location") == "/book/santa-minis"
    assert waiting.listed(studio) == []


def test_one_tap_when_somebody_was_faster(studio: Studio, visitor: Visitor, clock: Clock) -> None:
    """On the page that says that a time is gone, what was typed is enough to be told of the next."""
    taken = {**form(studio, clock), "at": "2026-12-12T15:00:00Z"}
    page = visitor.post("/book/santa-minis/details", taken).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    assert visitor.post(LIST, hidden).header("location") == "/book/santa-minis/listed"
    assert [one.client.email for one in waiting.listed(studio)] == ["eva@example.com"]


@pytest.mark.parametrize("off", ["the type's list", "the mail server"])
def test_no_list(studio: Studio, visitor: Visitor, clock: Clock, off: str) -> None:
    """Where there is no list, or nobody could be told, nothing is said of it and nobody gets on it."""
    if off == "the mail server":
        studios.remove_setting(studio, "mail.host")
    else:
        from studio_cli.booking import session_type as types

        types.edit(studio, "santa", TypedOffer(site=TypedSite(waiting_list=False)))
    assert "/waiting" not in visitor.get("/book/santa-minis?month=2026-12").text
    assert visitor.get(LIST).status == 303
    assert visitor.post(LIST, form(studio, clock)).status == 404
    assert waiting.listed(studio) == []


def test_off_the_list(studio: Studio, visitor: Visitor, last: Session, clock: Clock) -> None:
    """Opening the link changes nothing, however often; its form takes one off; afterwards the page says so."""
    visitor.post(LIST, form(studio, clock))
    path = leave(studio, last)
    before = dump(studio.file.path)
    for _ in range(2):
        assert "Yes, take me off" in visitor.get(path).text
    assert dump(studio.file.path) == before
    assert visitor.post(path, {}, Sec_Fetch_Site="cross-site").status == 403
    assert visitor.post(path, {}).header("location") == path
    assert "You are not on the list any more" in visitor.get(path).text
    assert waiting.listed(studio) == []
    assert visitor.get("/waiting/unknown").status == 404


def test_a_mail_program_takes_one_off(
    studio: Studio, visitor: Visitor, last: Session, clock: Clock, site_door: Door
) -> None:
    """The button of a mail program (RFC 8058) posts from nowhere, and gets its answer at once; no log has the token."""
    visitor.post(LIST, form(studio, clock))
    path = leave(studio, last)
    visitor.get(path)
    answer = visitor.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status == 200 and waiting.listed(studio) == []
    assert any("/waiting/…" in line for line in site_door.log)
    assert not any(path.rpartition("/")[2] in line for line in site_door.log)


def test_too_many_from_one_address(studio: Studio, visitor: Visitor, clock: Clock) -> None:
    """One address puts no more than a few on the list in a day."""
    for number in range(waiting.MOST_OF_AN_ADDRESS):
        assert visitor.post(LIST, form(studio, clock, email=f"{number}@example.com")).status == 303
    assert visitor.post(LIST, form(studio, clock)).status == 429
