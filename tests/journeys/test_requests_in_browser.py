"""Requests, moves and cancellations in a real browser, on a phone and on a desk, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from studio_cli.booking import request
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.site import TypedSite
from tests.booking.asking import ask
from tests.booking.test_change_of_mind import TEN, confirmed, talk
from tests.conftest import Clock, Door, Maker

pytestmark = pytest.mark.browser

WAYS = [
    pytest.param((390, True), id="phone", marks=pytest.mark.long),
    pytest.param((390, False), id="phone-without-script"),
    pytest.param((1280, True), id="desk"),
    pytest.param((1280, False), id="desk-without-script", marks=pytest.mark.long),
]


@pytest.fixture(params=WAYS)
def page(request: pytest.FixtureRequest, browser: Any, door: Door) -> Iterator[Any]:
    """A page of a client's browser, of each size and kind."""
    width, scripted = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=scripted, base_url=door.base
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


@pytest.fixture
def asked(studio: Studio, make: Maker) -> Session:
    """A request for a free session of an hour, which its client can move and cancel."""
    site = TypedSite(approval=True, move_until="2d", cancel_until="2d")
    slug = make.type("Talk", site=site, price="0", deposit=None, duration="1h").slug
    return ask(studio, make, type=slug)


def heading(page: Any) -> str:
    """Return what the page is headed."""
    return str(page.locator("h1").inner_text())


def test_asked_and_answered(studio: Studio, make: Maker, page: Any, asked: Session) -> None:
    """A stranger asks, is offered another time, asks for yet another, and is accepted."""
    link = f"/s/{make.link(asked)}"
    page.goto(link)
    assert "has your request" in heading(page)
    request.propose(studio, str(asked.id), ["2026-12-07 10:00"])
    page.reload()
    assert "offers you another time" in heading(page)
    page.get_by_role("link", name="Ask for another time").click()
    page.locator("a[href*='day=2026-12-09']").click()
    page.locator("[value='2026-12-09T19:00:00Z']").check()
    page.get_by_role("button", name="Ask for this time").click()
    assert "You have asked for another time" in page.get_by_role("status").inner_text()
    request.accept(studio, str(asked.id))
    page.goto(link)
    assert heading(page) == "Your session is confirmed"
    assert sessions.get(studio, asked.id).starts_at == TEN.add(hours=24 * 5 + 4)


def test_offered_and_taken(studio: Studio, make: Maker, page: Any, asked: Session) -> None:
    """A time that was proposed is taken with one tap, and with nothing left to do that is it."""
    page.goto(f"/s/{make.link(asked)}")
    request.propose(studio, str(asked.id), ["2026-12-07 10:00", "2026-12-08 14:00"])
    page.reload()
    page.get_by_role("button", name="December 8").click()
    assert heading(page) == "Your session is confirmed"


def test_declined_and_withdrawn(studio: Studio, make: Maker, page: Any, asked: Session) -> None:
    """A request is declined; another is withdrawn by its client, who is asked once."""
    request.decline(studio, str(asked.id))
    page.goto(f"/s/{make.link(ask(studio, make, type='talk'))}")
    page.get_by_role("link", name="Withdraw the request").click()
    page.get_by_role("button", name="Yes, withdraw it").click()
    assert heading(page) == "You have withdrawn your request"


def test_moved_and_canceled(studio: Studio, make: Maker, page: Any) -> None:
    """Within the policy a confirmed session is moved, by keyboard, and then canceled, with the money said first."""
    session, token = confirmed(studio, make, refunds="100% until 14d, 50% until 7d")
    page.goto(f"/s/{token}")
    page.get_by_role("link", name="Move it to another time").click()
    page.locator("a[href*='day=2026-12-07']").press("Enter")
    page.locator("[value='2026-12-07T15:00:00Z']").press("Space")
    page.get_by_role("button", name="Move it to this time").press("Enter")
    assert "It is moved" in page.get_by_role("status").inner_text()
    assert sessions.get(studio, session.id).starts_at == TEN.add(hours=72)
    page.get_by_role("link", name="Cancel it").click()
    assert "All that has been paid goes back" in page.locator("main").inner_text()
    page.get_by_role("button", name="Yes, cancel it").click()
    assert heading(page) == "You have canceled this session"
    assert sessions.get(studio, session.id).status == "canceled"


def test_outside_the_policy(studio: Studio, make: Maker, page: Any, clock: Clock) -> None:
    """After the deadline the page that was still open does nothing, says why, and leads to the studio."""
    session = talk(make)
    page.goto(f"/s/{make.link(session)}/move")
    page.locator("[value='2026-12-04T19:00:00Z']").check()
    clock.now = TEN.subtract(hours=47)
    page.get_by_role("button", name="Move it to this time").click()
    assert heading(page) == "It is too late to move it here"
    assert (
        page.get_by_role("link", name="Write to the studio").get_attribute("href") == "mailto:ana@example.com"
    )
    assert sessions.get(studio, session.id).starts_at == TEN


def test_fits(make: Maker, page: Any) -> None:
    """The month fits the screen, however narrow."""
    page.goto(f"/s/{make.link(talk(make))}/move")
    page.set_viewport_size({"width": 320, "height": 700})
    table = page.locator(".month table").bounding_box()
    assert table["x"] >= 0 and table["x"] + table["width"] <= 320
