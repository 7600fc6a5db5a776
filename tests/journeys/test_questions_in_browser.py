"""Questionnaires of every kind in a real browser: on a phone, by keyboard, with and without the pages' script."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import form as forms
from studio_cli.booking.studio import Studio
from studio_cli.web.preview import questionnaire
from tests.conftest import Maker
from tests.journeys.test_in_browser import NewPhone, Phone, phone, tab_to
from tests.web.visitor import read

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("STUDIO_SCREENSHOTS")

EVERY_KIND = """
title = "Before your session"
[[field]]
name = "people"
label = "How many people will be there?"
kind = "number"
min = 1
max = 12
required = true
help = "Children count too."
[[field]]
name = "place"
label = "Where would you like to be photographed?"
kind = "choice"
options = ["In the studio", "At your home"]
required = true
[[field]]
name = "parking"
label = "Is there a place to park?"
kind = "yes_no"
required = true
show_if = { field = "place", equals = "At your home" }
[[field]]
name = "where"
label = "Where exactly is it?"
required = true
show_if = { field = "parking", equals = true }
[[field]]
name = "pictures"
label = "Which pictures matter most?"
kind = "choices"
options = ["Everybody together", "The children alone", "Unposed, while you play"]
most = 2
[[field]]
name = "alone"
label = "What are their names?"
show_if = { field = "pictures", equals = "The children alone" }
[[field]]
name = "day"
label = "Which other day would suit you?"
kind = "date"
min = "today"
max = "+60d"
[[field]]
name = "email"
label = "Who else gets the pictures?"
kind = "email"
[[field]]
name = "thanks"
label = "What shall we write to them?"
show_if = { field = "email", equals = "eva@example.com" }
[[field]]
name = "phone"
label = "Which number reaches you on the day?"
kind = "phone"
[[field]]
name = "wishes"
label = "Anything else?"
kind = "long"
most = 300
"""
PARKING, WHERE = "Is there a place to park?", re.compile("Where exactly is it")


@pytest.fixture
def asked(phone: NewPhone, studio: Studio, make: Maker) -> Callable[..., Phone]:
    """Open a page with every kind of question, its review done."""
    forms.add(studio, "every", EVERY_KIND)

    def open_one(**options: Any) -> Phone:
        here = phone(**options).open(make.link(make.session(form="every", allow_overlap=True)))
        here.press("continue")
        assert here.heading == "Before your session"
        return here

    return open_one


def answers(studio: Studio) -> dict[str, str]:
    """Return what was kept."""
    return {str(name): str(value) for name, value in read(studio.file.path, "SELECT name, value FROM answer")}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_every_kind(asked: Callable[..., Phone], studio: Studio, script: bool) -> None:
    """Each kind is filled in with what a phone offers for it; wrong answers are pointed at, and the right ones kept."""
    here = asked(java_script_enabled=script)
    page, name = here.page, f"every-kind{'' if script else '-no-script'}"
    here.check(name, dark=True)
    page.get_by_label("How many people").fill("13")
    page.get_by_label("At your home").check()
    page.get_by_role("group", name=PARKING).get_by_label("Yes").check()
    for option in ("Everybody", "The children", "Unposed"):
        page.get_by_label(option).check()
    page.get_by_label("Who else").fill("eva@example")
    page.get_by_label("Which number").fill("ask Rui")
    here.press("Save")
    assert "5 answers need another look" in here.text
    for words in ("a number from 1 to 12", "fill this in", "at most 2", "a mail address", "a phone number"):
        assert words in here.text
    assert page.get_by_label("How many people").input_value() == "13"
    assert page.get_by_label("The children").is_checked()
    here.check(f"{name}-missed", dark=True)
    page.get_by_label("How many people").fill("3,5")
    page.get_by_label(WHERE).fill("Behind the church")
    page.get_by_label("Unposed").uncheck()
    page.get_by_label("Which other day").fill("2026-12-01")
    page.get_by_label("Who else").fill("eva@EXAMPLE.com")
    page.get_by_label("Which number").fill("+1 416 555 0134 ext. 12")
    here.press("Save")
    assert here.heading == "Payment"
    assert answers(studio) == {
        "people": "3.5",
        "place": "At your home",
        "parking": "yes",
        "where": "Behind the church",
        "pictures": "Everybody together\nThe children alone",
        "day": "2026-12-01",
        "email": "eva@example.com",
        "phone": "+1 416 555 0134 ext. 12",
    }
    here.follow("Questions")
    assert page.get_by_label("The children").is_checked() and not page.get_by_label("Unposed").is_checked()
    assert page.get_by_label("Which other day").input_value() == "2026-12-01"
    here.check(f"{name}-again")


def test_keyboards_and_pickers(asked: Callable[..., Phone]) -> None:
    """Each kind brings up the keyboard or the picker that fits, with the limits of the day."""
    page = asked().page

    def attributes(label: str) -> dict[str, str]:
        script = "one => Object.fromEntries([...one.attributes].map(a => [a.name, a.value]))"
        return dict(page.get_by_label(label).evaluate(script))

    number, day = attributes("How many people"), attributes("Which other day")
    email, telephone = attributes("Who else"), attributes("Which number")
    assert (number["type"], number["inputmode"]) == ("text", "decimal")
    assert (day["type"], day["min"], day["max"]) == ("date", "2026-11-20", "2027-01-19")
    assert (email["type"], email["autocomplete"], email["inputmode"]) == ("email", "email", "email")
    assert (telephone["type"], telephone["autocomplete"]) == ("tel", "tel")
    assert attributes("Anything else")["maxlength"] == "300"


def test_script_shows_what_applies(asked: Callable[..., Phone], studio: Studio) -> None:
    """With the script a question appears when it applies and goes when it does not, and so does what hangs on it."""
    here = asked()
    page = here.page
    parking, where = page.get_by_role("group", name=PARKING), page.get_by_label(WHERE)
    alone = page.get_by_label("What are their names")
    assert not parking.is_visible() and not where.is_visible() and not alone.is_visible()
    page.get_by_label("At your home").check()
    assert parking.is_visible() and not where.is_visible()
    assert "Only if you answered “At your home”" not in here.text
    parking.get_by_label("Yes").check()
    assert where.is_visible()
    page.get_by_label("In the studio").check()
    assert not parking.is_visible() and not where.is_visible()
    page.get_by_label("The children alone").check()
    assert alone.is_visible()
    # What depends on something typed stays, with the words that say when it is meant.
    assert page.get_by_label("What shall we write").is_visible()
    assert "Only if you answered “eva@example.com” to “Who else gets the pictures?”." in here.text
    here.check("conditions")
    page.get_by_label("How many people").fill("3")
    here.press("Save")
    assert here.heading == "Payment"
    assert set(answers(studio)) == {"people", "place", "pictures"}


def test_order_of_the_keyboard(asked: Callable[..., Phone]) -> None:
    """A question that appears is where Tab goes next, and what had the focus keeps it."""
    here = asked()
    here.page.get_by_label("At your home").focus()
    here.page.keyboard.press("Space")
    assert here.page.evaluate("document.activeElement.value") == "At your home"
    here.page.keyboard.press("Tab")
    assert here.page.evaluate("document.activeElement.name") == "parking"
    here.page.keyboard.press("Space")
    tab_to(here, "[name=where]")


def test_without_the_script(asked: Callable[..., Phone]) -> None:
    """Without the script every question is there, and says when it is meant."""
    here = asked(java_script_enabled=False)
    assert here.page.get_by_label(WHERE).is_visible()
    assert "Only if you answered “At your home” to “Where would you like to be photographed?”." in here.text
    assert "Only if you answered “Yes” to “Is there a place to park?”." in here.text
    described = here.page.get_by_label(WHERE).get_attribute("aria-describedby")
    assert described == "f-where-only-if"


def test_second_tap_posts_nothing(asked: Callable[..., Phone]) -> None:
    """After a tap the button takes no other one; on a page that the browser brings back it does again."""
    here = asked()
    posts: list[Any] = []
    here.page.route("**/questionnaire", lambda route: posts.append(route))  # and never answered
    states = here.page.evaluate(
        """() => {
          const button = document.querySelector("button[type=submit]"), states = [];
          for (const _ of [1, 2]) { button.click(); states.push(button.disabled); }
          dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
          return [...states, button.disabled];
        }"""
    )
    here.page.wait_for_timeout(200)
    assert (states, len(posts)) == ([True, True, False], 1)


def test_preview(browser: Any, studio: Studio, tmp_path: Path) -> None:
    """The owner's preview is the page in one file: it looks and behaves like it, and nothing can be sent from it."""
    form = forms.add(studio, "every", EVERY_KIND)
    path = tmp_path / "every.html"
    today = studio.now().to_tz("America/Toronto").date()
    path.write_text(questionnaire(form, studio.settings, today), encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 780})
    page, asked_for = context.new_page(), []
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(path.as_uri())
    page.screenshot(path=(Path(SHOTS) if SHOTS else tmp_path) / "preview-390.png", full_page=True)
    assert page.evaluate("getComputedStyle(document.querySelector('button')).borderRadius") == "10px"
    assert not page.get_by_role("group", name=PARKING).is_visible()
    page.get_by_label("At your home").check()
    assert page.get_by_role("group", name=PARKING).is_visible()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("How many people").press("Enter")
    page.wait_for_timeout(200)
    assert asked_for == [path.as_uri()]
    context.close()
