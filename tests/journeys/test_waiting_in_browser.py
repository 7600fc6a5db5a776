"""The waiting list on a phone: from a full day over a mail to a time of one's own, with scripts and without."""

from __future__ import annotations

import re
from typing import Any

import pytest

from studio_cli.booking import mail, mini, waiting
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.mini import TypedDays
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.model.site import TypedSite
from tests.booking.test_waiting import Sent
from tests.conftest import Clock, Door, Maker
from tests.journeys.test_site_in_browser import introduce, tab

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "bare"])
def test_told_and_booked(
    studio: Studio, make: Maker, site_door: Door, clock: Clock, browser: Any, scripts: bool
) -> None:
    """All is taken; one asks to be told, is, and takes the time from the mail; the link in it then has nothing to end."""
    studios.change_setting(studio, "mail.host", "127.0.0.1")
    typed = TypedOffer(name="Santa minis", price="0", site=TypedSite(publish=True))
    mini.add(studio, typed, "20m", TypedDays(("2026-12-12",), "10:00", "10:20"))
    taken = make.session("2026-12-12 10:00", type="santa-minis")
    with tab(browser, scripts=scripts) as page:
        page.goto(f"{site_door.base}/book/santa-minis?month=2026-12")
        page.get_by_role("link", name="Tell me when a time comes free").click()
        page.get_by_label("When").select_option("2026-12-12")
        page.get_by_label("Your name").fill("Eva Lima")
        page.get_by_label("Mail address").fill("eva@example.com")
        assert not scripts or page.evaluate("document.documentElement.scrollWidth") <= 390
        clock.forward(seconds=20)
        page.get_by_role("button", name="Tell me", exact=True).click()
        page.get_by_role("heading", name="You are on the list").wait_for()

        sessions.cancel(studio, str(taken.id), tell=False)
        waiting.look(studio)
        box = Sent()
        mail.send_written(studio, box)
        [(to, letter, leave)] = box
        assert to == "eva@example.com"
        page.goto(re.findall(r"http\S+/book/\S+", letter.text)[0])
        page.get_by_role("link", name="10:00", exact=True).click()
        clock.forward(seconds=20)
        introduce(page, "Eva Lima", "eva@example.com")
        page.get_by_role("button", name="confirm").click()
        page.get_by_role("heading", name="Your session is confirmed").wait_for()
        waiting.look(studio)
        page.goto(leave)
        page.get_by_role("heading", name="You are not on the list any more").wait_for()
    assert [one.left_why for one in waiting.listed(studio, left=True)] == ["booked"]
