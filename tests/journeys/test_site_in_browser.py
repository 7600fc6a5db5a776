"""The booking site in a real browser: a stranger books on a phone and at a desk, with scripts and without."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from studio_cli.booking import client as clients
from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio
from studio_cli.model.site import TypedSite
from tests.conftest import ZONE, Clock, Door, Maker

pytestmark = pytest.mark.browser

QUESTIONS = (
    'title = "A few questions"\n[[field]]\nname = "who"\nlabel = "Who will be there?"\nrequired = true\n'
)
PHONE, DESK = (390, 780), (1280, 900)


@pytest.fixture
def shop(studio: Studio, make: Maker, site_door: Door) -> str:
    """A site with a type that has questions, a contract and a payment; its address."""
    forms.add(studio, "family", QUESTIONS)
    contracts.add(studio, "agreement", "# Agreement\n\nwith {{ client.name }}")
    make.offer(form="family", contract="agreement", site=TypedSite(description="An hour in the park."))
    return site_door.base


@contextmanager
def tab(
    browser: Any,
    width: int = 390,
    height: int = 780,
    *,
    zone: str = ZONE,
    scripts: bool = True,
    may_complain: str = "(?!)",
) -> Iterator[Any]:
    """A page in a browser of its own; whatever else it complains about is a failure."""
    size = {"width": width, "height": height}
    context = browser.new_context(
        viewport=size, locale="en-GB", timezone_id=zone, java_script_enabled=scripts
    )
    page, complaints = context.new_page(), []
    page.set_default_timeout(10_000)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not [one for one in complaints if not re.search(may_complain, one)]


def pick(page: Any, day: str, time: str) -> None:
    """Go to a December day and take a time on it."""
    page.get_by_role("link", name="Later month").click()
    page.get_by_role("heading", name="December 2026", exact=True).wait_for()
    page.get_by_role("link", name=re.compile(day)).click()
    page.get_by_role("heading", name=re.compile(day)).wait_for()
    page.get_by_role("link", name=time, exact=True).click()
    page.get_by_role("heading", name="Who are you?").wait_for()


def introduce(page: Any, name: str = "Rui Costa", email: str = "rui@example.com") -> None:
    """Say who one is, and send it."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Mail address").fill(email)
    page.get_by_role("button", name="Hold this time for me").click()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "bare"])
def test_a_stranger_books(
    studio: Studio, shop: str, clock: Clock, browser: Any, size: tuple[int, int], scripts: bool
) -> None:
    """From the studio's page over a day and a time, the questions, the contract and the payment to Confirmed."""
    with tab(browser, *size, scripts=scripts) as page:
        page.goto(shop)
        page.get_by_role("link", name="Family session").click()
        pick(page, "y,? 4 December 2026", "10:00")
        clock.forward(seconds=20)
        introduce(page)
        assert re.search("Friday,? 4 December 2026", page.inner_text("main"))
        page.get_by_role("button", name="This is right, continue").click()
        page.get_by_label("Who will be there?").fill("Rui and Eva")
        page.get_by_role("button", name="Save and continue").click()
        page.get_by_label("Your full name").fill("Rui Costa")
        page.get_by_label("I have read this contract").check()
        page.get_by_role("button", name="Sign and continue").click()
        page.get_by_role("button", name="Pretend to pay CA$50.00").click()
        page.get_by_role("heading", name="Your session is confirmed").wait_for()
    session = sessions.get(studio, 1)
    assert (session.status, session.confirmed_by, str(session.paid)) == ("confirmed", "client", "50.00 CAD")
    assert clients.get(studio, session.client.id).email == "rui@example.com"


def test_the_picker_stays_where_it_is(shop: str, browser: Any) -> None:
    """With scripts another month or day is swapped in: the page is not loaded anew, and going back goes back."""
    with tab(browser) as page:
        loads: list[str] = []
        page.goto(f"{shop}/book/family-session")
        page.on("load", lambda: loads.append(page.url))
        page.get_by_role("link", name="Later month").click()
        page.get_by_role("heading", name="December 2026", exact=True).wait_for()
        assert page.evaluate("document.activeElement.textContent.trim()").endswith("Later month")
        page.get_by_role("link", name=re.compile("y,? 8 December 2026")).click()
        page.get_by_role("heading", name=re.compile("y,? 8 December 2026")).wait_for()
        assert page.evaluate("document.activeElement.id") == "day"
        assert page.url.endswith("?day=2026-12-08")
        page.go_back()
        page.go_back()
        page.get_by_role("heading", name="November 2026", exact=True).wait_for()
        assert loads == []


def test_the_clock_of_the_browser(shop: str, clock: Clock, browser: Any) -> None:
    """With scripts the zone of the browser is one tap away; the times of both clocks go along to the link."""
    with tab(browser, zone="Europe/Lisbon") as page:
        page.goto(f"{shop}/book/family-session?day=2026-12-04")
        page.get_by_role("link", name="Show the times of your clock (Europe/Lisbon)").click()
        page.get_by_role("link", name=re.compile("^15:00")).click()
        page.get_by_role("heading", name="Who are you?").wait_for()
        clock.forward(seconds=20)
        introduce(page)
        page.get_by_role("heading", name="Review your session").wait_for()
        words = page.inner_text("main")
        assert "10:00" in words
        assert "15:00 to 16:30 (Europe/Lisbon, UTC+00:00)" in words


def test_another_zone_without_scripts(shop: str, browser: Any) -> None:
    """Without scripts the zone is chosen from a list, and the day stays."""
    with tab(browser, scripts=False) as page:
        page.goto(f"{shop}/book/family-session?day=2026-12-04")
        page.get_by_text("Another time zone").click()
        page.get_by_label("Time zone").select_option("Asia/Kolkata")
        page.get_by_role("button", name="Show these times").click()
        assert "Asia/Kolkata, UTC+05:30" in page.inner_text("main")
        assert "day=2026-12-04" in page.url


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "bare"])
def test_one_tap_for_the_slower(
    studio: Studio, make: Maker, shop: str, clock: Clock, browser: Any, scripts: bool
) -> None:
    """Who was slower takes another time with one tap, and types nothing again."""
    with tab(browser, scripts=scripts, may_complain="409") as page:
        page.goto(f"{shop}/book/family-session/details?at=2026-12-04T15:00:00Z")
        make.session("2026-12-04 10:00")
        clock.forward(seconds=20)
        introduce(page)
        page.get_by_role("heading", name="Somebody was faster").wait_for()
        page.get_by_role("button").nth(1).click()
        page.get_by_role("heading", name="Review your session").wait_for()
    session = sessions.get(studio, 2)
    assert (session.called, session.status) == ("Rui Costa", "pending")


def test_in_the_owners_own_website(studio: Studio, shop: str, clock: Clock, browser: Any) -> None:
    """In a frame of a named website one looks for a time; taking it leaves the frame. Elsewhere there is no frame."""
    with website(shop) as address:
        with tab(browser, may_complain="frame-ancestors|Framing") as page:
            page.goto(address)
            page.wait_for_load_state("networkidle")
            assert page.frames[1].url == "chrome-error://chromewebdata/"
        studios.change_setting(studio, "site.embed", address)
        with tab(browser) as page:
            page.goto(address)
            frame = page.frame_locator("iframe")
            frame.get_by_role("link", name="Family session").click()
            frame.get_by_role("link", name="Later month").click()
            frame.get_by_role("link", name=re.compile("y,? 4 December 2026")).click()
            frame.get_by_role("link", name="10:00", exact=True).click()
            page.get_by_role("heading", name="Who are you?").wait_for()
            assert page.url.startswith(shop)


@contextmanager
def website(shop: str) -> Iterator[str]:
    """A website of somebody's own, with the line of HTML in it."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            line = f'<iframe src="{shop}/" title="x" width="100%" height="900" loading="lazy"></iframe>'
            self.wfile.write(f'<!DOCTYPE html><link rel="icon" href="data:,"><h1>Mine</h1>{line}'.encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
