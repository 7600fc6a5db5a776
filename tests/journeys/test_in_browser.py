"""Whole journeys in a real browser: from a link on a phone to Confirmed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_cli import language, templates
from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes
from studio_cli.booking import share as shares
from studio_cli.booking import studio as studios
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from tests.conftest import Clock, Door, Maker
from tests.web.visitor import read

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("STUDIO_SCREENSHOTS")
"""Where the pictures go; read before ``clean_machine`` clears the environment."""

QUESTIONS = """
title = "A few questions"

[[field]]
name = "people"
label = "Who will be there?"
help = "Names, and ages of the children."
kind = "long"
required = true

[[field]]
name = "season"
label = "What are you celebrating?"
kind = "choice"
options = ["A wedding", "A birthday", "Nothing in particular, we just want good pictures of all of us"]
required = true

[[field]]
name = "photos"
label = "May the studio show some of the pictures on its website?"
kind = "yes_no"
required = true

[[field]]
name = "notes"
label = "Anything else we should know?"
"""

CONTRACT = """
# Agreement

between {{ studio.name }} and **{{ client.name }}**, for {{ session.day }}, {{ session.time }}.

## 1. What it costs

| What | Amount |
|---|---:|
| The whole price | {{ session.price }} |
| To be paid at booking | {{ session.due_now }} |

- The pictures are ready within three weeks.
- See [our website](https://example.com/terms).

> Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft and Siebentausendzweihundertvierundfünfzig

    This was indented by accident, and is so long that it does not fit on one line of a phone, not by far, not at all.
"""

# What every page must have, read from the page itself: [what is wrong, …].
BASICS = """() => {
  const wrong = [], all = (what) => [...document.querySelectorAll(what)];
  if (!document.documentElement.lang) wrong.push('no language');
  if (!document.title.trim()) wrong.push('no title');
  if (all('h1').length !== 1) wrong.push(all('h1').length + ' main headings');
  if (all('main').length !== 1) wrong.push('no main part');
  if (all('script:not([src]), [style], iframe').length) wrong.push('inline script or style');
  const ids = all('[id]').map((one) => one.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id twice');
  for (const one of all('[aria-describedby]'))
    for (const id of one.getAttribute('aria-describedby').split(' '))
      if (!document.getElementById(id)) wrong.push('described by nothing: ' + id);
  for (const one of all('input:not([type=hidden]), textarea')) {
    if (![...one.labels].some((label) => label.innerText.trim())) wrong.push('no label: ' + one.name);
    if (one.type === 'radio' && !one.closest('fieldset')?.querySelector('legend')?.innerText.trim())
      wrong.push('no legend: ' + one.name);
  }
  for (const one of all('button, .button, .choice'))
    if (!one.closest('[hidden]') && one.getBoundingClientRect().height < 44) wrong.push('too small to tap: ' + one.innerText);
  const before = (one) => one.textContent.trim().slice(0, 30);
  for (const one of all('body *')) {
    const box = one.getBoundingClientRect();
    if (box.right > innerWidth + 1 && box.width && !one.closest('.skip'))
      wrong.push('cut at the right: ' + one.tagName + ' ' + before(one));
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls sideways');
  return wrong;
}"""


class Phone:
    """A browser context of a client, and what it saw."""

    def __init__(self, browser: Any, door: Door, folder: Path, **options: Any) -> None:
        self._base, self._folder = door.base, folder
        self.context = browser.new_context(**{"viewport": {"width": 390, "height": 780}, **options})
        self.page = self.context.new_page()
        self.page.set_default_timeout(5_000)
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith(self._base):
            self.foreign.append(request.url)

    def _note_console(self, message: Any) -> None:
        # A page with an error's status is reported as well; that is how it should be.
        if (
            message.type in {"error", "warning"}
            and "the server responded with a status of" not in message.text
        ):
            self.complaints.append(message.text)

    def open(self, token: str) -> Phone:
        """Open a link."""
        self.page.goto(f"{self._base}/s/{token}")
        return self

    @property
    def heading(self) -> str:
        """The main heading."""
        return str(self.page.locator("h1").inner_text())

    @property
    def text(self) -> str:
        """What can be read."""
        return str(self.page.locator("body").inner_text())

    def press(self, name: str) -> None:
        """Press a button."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=re.compile(name)).click()

    def follow(self, name: str) -> None:
        """Follow a link."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).click()

    def check(self, name: str, *, dark: bool = False) -> None:
        """Check the basics of the page at every width and keep its picture."""
        given = self.page.viewport_size
        for width in (320, 390, 1280):
            self.page.set_viewport_size({"width": width, "height": 780})
            assert self.page.evaluate(BASICS) == [], f"{name} at {width}"
            if width != 320 or SHOTS:
                self.shoot(f"{name}-{width}")
        if dark:
            self.page.emulate_media(color_scheme="dark")
            self.page.set_viewport_size({"width": 390, "height": 780})
            self.shoot(f"{name}-390-dark")
            self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(given)
        assert self.foreign == [] and self.complaints == []

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        # caret="initial": hiding the caret would write a style into the page.
        self.page.screenshot(path=self._folder / f"{name}.png", full_page=True, caret="initial")


NewPhone = Callable[..., Phone]


@pytest.fixture
def phone(browser: Any, door: Door, tmp_path: Path) -> Iterator[NewPhone]:
    """Make phones: ``phone(java_script_enabled=False)``."""
    folder = Path(SHOTS) if SHOTS else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Phone] = []

    def new(**options: Any) -> Phone:
        made.append(Phone(browser, door, folder, **options))
        return made[-1]

    yield new
    for one in made:
        one.context.close()


@pytest.fixture
def wedding(studio: Studio, make: Maker) -> Session:
    """A session with every step there is: review, questions, a contract, a deposit."""
    forms.add(studio, "family", QUESTIONS)
    contracts.add(studio, "wedding", CONTRACT)
    studios.change_setting(studio, "studio.phone", "+1 416 555 0134")
    return make.session(
        one_off="Wedding portraits",
        duration="90m",
        price="1250",
        deposit="20%",
        location="Toronto Music Garden, 479 Queens Quay West",
        form="family",
        contract="wedding",
        expires="3d",
        client=str(make.client("Rui Costa and Eva Lima").id),
    )


def fill(phone: Phone) -> None:
    """Answer every question of the wedding's form."""
    page = phone.page
    page.get_by_label("Who will be there?").fill("Rui and Eva\nBenedita (4)")
    page.get_by_label("A wedding").check()
    page.get_by_role("group", name=re.compile("May the studio")).get_by_label("Yes").check()
    page.get_by_label(re.compile("Anything else")).fill("We love <b>trees</b> & water")


def sign(phone: Phone) -> None:
    """Sign the contract."""
    phone.page.get_by_label("Your full name").fill("Rui Costa")
    phone.page.get_by_label("I have read this contract").check()
    phone.press("Sign")


def status(studio: Studio, session: Session) -> str:
    """Return the session's status now."""
    return sessions.get(studio, session.id).status


@pytest.mark.parametrize(
    "options",
    [{}, {"java_script_enabled": False}, {"viewport": {"width": 320, "height": 600}}],
    ids=["phone", "without-javascript", "320px"],
)
def test_whole_journey(
    options: dict[str, Any], phone: NewPhone, studio: Studio, make: Maker, wedding: Session
) -> None:
    """A client reviews, corrects a missed answer, signs, pays and is told that the session is confirmed."""
    first = not options
    here = phone(**options).open(make.link(wedding))
    assert here.heading == "Review your session"
    here.check("review", dark=first)
    here.press("continue")
    assert here.heading == "A few questions"
    here.check("questionnaire", dark=first)
    here.page.get_by_label(re.compile("Anything else")).fill("kept while the rest is corrected")
    here.press("Save")
    assert "3 answers need another look" in here.text
    assert (
        here.page.get_by_label(re.compile("Anything else")).input_value()
        == "kept while the rest is corrected"
    )
    here.check("questionnaire-missed", dark=first)
    here.page.get_by_role("link", name="Who will be there?").click()
    assert here.page.evaluate("document.activeElement.name || location.hash") in {"people", "#f-people"}
    fill(here)
    here.press("Save")
    assert here.heading == "Contract" and "CA$250.00" in here.text
    here.check("contract", dark=first)
    here.page.get_by_label("Your full name").fill("Rui Costa")
    here.press("Sign")
    assert "Not signed yet" in here.text
    assert here.page.get_by_label("Your full name").input_value() == "Rui Costa"
    here.check("contract-missed")
    sign(here)
    assert here.heading == "Payment" and "TEST" in here.text and "250.00" in here.text
    here.check("payment-test", dark=first)
    here.press("Pretend to pay")
    assert here.heading == "Your session is confirmed"
    here.check("confirmed", dark=first)
    here.follow("Everything on one page, with the contract, to print or keep")
    assert "Rui Costa" in here.text and "SHA-256" in here.text
    here.check("summary", dark=first)
    assert status(studio, wedding) == "confirmed"
    assert dict(read(studio.file.path, "SELECT name, value FROM answer")) == {
        "people": "Rui and Eva\nBenedita (4)",
        "season": "A wedding",
        "photos": "yes",
        "notes": "We love <b>trees</b> & water",
    }


def tab_to(phone: Phone, selector: str) -> None:
    """Press Tab until what ``selector`` means has the focus, and can be seen to have it."""
    for _ in range(40):
        phone.page.keyboard.press("Tab")
        if phone.page.evaluate(f"document.activeElement.matches({selector!r})"):
            assert phone.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"Tab never reaches {selector}")


def enter(phone: Phone) -> None:
    """Press Enter on a button and wait for the next page."""
    with phone.page.expect_navigation():
        phone.page.keyboard.press("Enter")


def test_by_keyboard_only(phone: NewPhone, studio: Studio, make: Maker, wedding: Session) -> None:
    """A client who has only a keyboard comes to Confirmed, and always sees where they are."""
    here = phone().open(make.link(wedding))
    keys = here.page.keyboard
    tab_to(here, "a.skip")
    assert here.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    tab_to(here, "button")
    enter(here)
    tab_to(here, "[name=people]")
    keys.type("Rui and Eva")
    tab_to(here, "[name=season]")
    keys.press("Space")
    keys.press("ArrowDown")
    tab_to(here, "[name=photos]")
    keys.press("Space")
    tab_to(here, "button")
    here.shoot("keyboard-focus-390")
    enter(here)
    assert here.heading == "Contract"
    tab_to(here, "[name=name]")
    keys.type("Rui Costa")
    tab_to(here, "[name=agreed]")
    keys.press("Space")
    tab_to(here, "button")
    enter(here)
    assert here.heading == "Payment"
    tab_to(here, "button")
    enter(here)
    assert here.heading == "Your session is confirmed"
    assert status(studio, wedding) == "confirmed"
    assert ("season", "A birthday") in read(studio.file.path, "SELECT name, value FROM answer")


def test_interrupted_after_each_step(
    phone: NewPhone, studio: Studio, make: Maker, clock: Clock, wedding: Session
) -> None:
    """A client who stops after any step goes on where they were, on another device, by another link."""
    first = phone().open(make.link(wedding))
    first.press("continue")
    clock.forward(hours=5)
    second = phone().open(make.link(wedding))
    assert second.heading == "A few questions"
    second.page.get_by_label("Who will be there?").fill("typed, but not saved")
    third = phone().open(make.link(wedding))
    assert third.page.get_by_label("Who will be there?").input_value() == ""
    fill(third)
    third.press("Save")
    fifth = phone().open(make.link(wedding))
    assert fifth.heading == "Contract"
    sign(fifth)
    fourth = phone().open(make.link(wedding))
    assert fourth.heading == "Payment"
    fourth.follow("Questions")
    assert fourth.page.get_by_label("Who will be there?").input_value() == "Rui and Eva\nBenedita (4)"
    fourth.check("questionnaire-again")
    fourth.follow("Contract")
    assert "Signed by Rui Costa." in fourth.text
    fourth.check("contract-again")
    fourth.follow("Review")
    fourth.check("review-again")
    fourth.follow("Continue")
    fourth.press("Pretend to pay")
    first.page.goto(first.page.url)
    assert first.heading == "Your session is confirmed"
    assert status(studio, wedding) == "confirmed"


def test_offline_payment(phone: NewPhone, studio: Studio, make: Maker, wedding: Session) -> None:
    """A payment that is announced waits for the owner; once recorded, the client's page says Confirmed."""
    studios.change_setting(studio, "payment.provider", "offline")
    studios.change_setting(
        studio,
        "payment.instructions",
        "E-transfer to ana@example.com\nor by bank: IBAN PT50 0002 0123 1234 5678 9015 4\nPlease write your name.",
    )
    here = phone().open(make.link(wedding))
    here.press("continue")
    fill(here)
    here.press("Save")
    sign(here)
    here.check("payment-offline", dark=True)
    here.press("I have sent it")
    assert here.heading == "Thank you" and status(studio, wedding) == "pending"
    here.check("payment-announced", dark=True)
    here.page.reload()
    assert here.heading == "Thank you"
    payments.record(studio, str(wedding.id), "250")
    here.page.reload()
    assert here.heading == "Your session is confirmed" and status(studio, wedding) == "confirmed"
    here.check("confirmed-after-transfer")


def test_changed_meanwhile(phone: NewPhone, studio: Studio, make: Maker, wedding: Session) -> None:
    """A client whose details change meanwhile sees what changed, agrees to it, and loses nothing that was typed."""
    here = phone().open(make.link(wedding))
    raise_price(studio, wedding, 145000)
    here.press("continue")
    assert here.heading == "Something changed"
    assert "CA$1,250.00" in here.text and "CA$1,450.00" in here.text
    here.check("review-changed", dark=True)
    here.press("continue")
    assert here.heading == "A few questions"
    fill(here)
    raise_price(studio, wedding, 155000)
    here.press("Save")
    assert here.heading == "Something changed"
    assert "What you typed is not lost" in here.text
    here.check("questionnaire-changed")
    here.press("continue")
    assert here.heading == "A few questions"
    here.page.reload()
    here.press("Save")
    assert here.heading == "Contract"
    here.page.get_by_label("Your full name").fill("Rui Costa")
    raise_price(studio, wedding, 165000)
    here.press("Sign")
    assert here.heading == "Something changed" and here.page.url.endswith("/review?seen=3")
    here.press("continue")
    assert here.page.get_by_label("Your full name").input_value() == "Rui Costa"
    assert read(studio.file.path, "SELECT * FROM signature") == []
    sign(here)
    assert here.heading == "Payment"
    assert ("people", "Rui and Eva\nBenedita (4)") in read(studio.file.path, "SELECT name, value FROM answer")


def raise_price(studio: Studio, session: Session, minor: int) -> None:
    """Change the price as the owner does."""
    session_changes.edit(studio, str(session.id), Edits(price=f"{minor / 100:.2f}"))


def test_back_and_twice(phone: NewPhone, studio: Studio, make: Maker, wedding: Session) -> None:
    """Going back and loading again asks nothing twice: a browser never offers to send a form again."""
    here = phone().open(make.link(wedding))
    here.press("continue")
    here.press("Save")
    assert "3 answers need another look" in here.text
    here.page.reload()
    assert "3 answers need another look" in here.text
    fill(here)
    here.press("Save")
    sign(here)
    assert here.heading == "Payment"
    here.page.go_back()
    here.page.go_back()
    here.page.goto(here.page.url)
    assert "Signed by Rui Costa." in here.text or here.heading in {"Payment", "A few questions"}
    assert len(read(studio.file.path, "SELECT * FROM signature")) == 1
    assert here.complaints == []


HEBREW = {
    "Review your session": "סקירת הפגישה",
    "%(studio)s is holding this time for you.": "%(studio)s שומר לך את המועד הזה.",
    "This is right, continue": "הכול נכון, להמשיך",
    "Contract": "חוזה",
    "Your full name": "שם מלא",
    "Sign and continue": "לחתום ולהמשיך",
    "I have read this contract and agree to it.": "קראתי את החוזה ואני מסכים לו.",
    "Save and continue": "לשמור ולהמשיך",
    "Payment": "תשלום",
}


@pytest.fixture
def hebrew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language that is written from right to left, with a catalogue of its own."""
    shipped = templates.folder()
    own = tmp_path / "templates"
    shutil.copytree(shipped, own)
    (own / "languages").mkdir(exist_ok=True)
    texts = "".join(f'msgid "{english}"\nmsgstr "{text}"\n\n' for english, text in HEBREW.items())
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (own / "languages" / "he.po").write_text(head + texts, encoding="utf-8")
    monkeypatch.setattr(templates, "folder", lambda: own)
    monkeypatch.setattr(language, "LANGUAGES", (*language.LANGUAGES, "he"))
    caches = (language.catalogue, language._babel, templates._environment)
    for one in caches:
        one.cache_clear()
    yield
    for one in caches:
        one.cache_clear()


def test_from_right_to_left(
    hebrew: None, phone: NewPhone, studio: Studio, make: Maker, wedding: Session
) -> None:
    """In a language that is written from right to left every page is, with its formats, and fits a phone."""
    session_changes.edit(studio, str(wedding.id), Edits(language="he"))
    here = phone().open(make.link(wedding))
    where = "[document.documentElement.lang, document.documentElement.dir, getComputedStyle(document.body).direction]"

    def check(name: str) -> None:
        assert here.page.evaluate(where) == ["he", "rtl", "rtl"]
        here.check(f"rtl-{name}")

    assert here.heading == HEBREW["Review your session"]
    assert "יום שישי, 4 בדצמבר 2026" in here.text
    check("review")
    here.press(HEBREW["This is right, continue"])
    check("questionnaire")
    here.press(HEBREW["Save and continue"])
    check("questionnaire-missed")
    fill_in_hebrew(here)
    here.press(HEBREW["Save and continue"])
    assert here.heading == HEBREW["Contract"]
    assert "Friday 4 December 2026" in here.text
    check("contract")
    here.press(HEBREW["Sign and continue"])
    check("contract-missed")
    here.page.get_by_label(HEBREW["Your full name"]).fill("רוי קוסטה")
    here.page.get_by_label(HEBREW["I have read this contract and agree to it."]).check()
    here.press(HEBREW["Sign and continue"])
    assert here.heading == HEBREW["Payment"]
    check("payment")
    here.press("Pretend to pay")
    check("confirmed")
    here.page.goto(f"{here.page.url}/summary")
    assert "רוי קוסטה" in here.text
    check("summary")


def fill_in_hebrew(phone: Phone) -> None:
    """Answer the wedding's questions, which are the owner's and stay in the owner's language."""
    phone.page.get_by_label("Who will be there?").fill("רוי ואווה")
    phone.page.get_by_label("A wedding").check()
    phone.page.locator("[name=photos]").first.check()


def test_what_else_a_link_can_say(
    phone: NewPhone, studio: Studio, make: Maker, clock: Clock, wedding: Session, door: Door
) -> None:
    """Confirmed by the studio, expired, canceled, revoked: each page says kindly what is so and what to do."""
    token, here = make.link(wedding), phone()
    clock.forward(hours=24 * 3)
    assert here.open(token).heading == "The time to confirm has run out"
    here.check("expired", dark=True)
    sessions.reopen(studio, str(wedding.id))
    sessions.confirm(studio, str(wedding.id))
    assert here.open(token).heading == "Your session is confirmed"
    assert "has confirmed it for you" in here.text
    here.check("confirmed-by-the-studio")
    sessions.cancel(studio, str(wedding.id))
    assert here.open(token).heading == "This session was canceled"
    here.check("canceled")
    shares.revoke(studio, str(wedding.id))
    assert here.open(token).heading == "This link does not work"
    here.check("no-link", dark=True)
    here.page.goto(door.base)
    here.check("home")


def test_hostile_words(phone: NewPhone, studio: Studio, make: Maker) -> None:
    """Words that would break a page are shown as they were typed, and nothing of them runs or runs over."""
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
    session = make.session(
        one_off="<script>alert(1)</script> \u202egnp.exe 🎉 \"'&",
        client=str(make.client("<img src=x onerror=alert(1)>").id),
        location=long,
    )
    here = phone()
    here.page.on("dialog", lambda dialog: here.complaints.append(dialog.message))
    here.open(make.link(session))
    assert "<script>alert(1)</script>" in here.text and "<img src=x onerror=alert(1)>" in here.text
    here.check("hostile")


def test_double_taps(phone: NewPhone, studio: Studio, make: Maker, wedding: Session) -> None:
    """Every button tapped twice, as fast as a hand can, without scripts: each step is done once, and it ends Confirmed."""
    here = phone(java_script_enabled=False).open(make.link(wedding))
    for heading in ("Review your session", "A few questions", "Contract", "Payment"):
        assert here.heading == heading
        if heading == "A few questions":
            fill(here)
        if heading == "Contract":
            here.page.get_by_label("Your full name").fill("Rui Costa")
            here.page.get_by_label("I have read this contract").check()
        here.page.locator("main button").dblclick(no_wait_after=True)
        here.page.wait_for_function(
            "heading => document.querySelector('h1')?.innerText !== heading", arg=heading
        )
        here.page.wait_for_load_state()
    assert here.heading == "Your session is confirmed"
    assert status(studio, wedding) == "confirmed"
    assert read(studio.file.path, "SELECT count(*) FROM payment") == [(1,)]
    assert read(studio.file.path, "SELECT count(*) FROM signature") == [(1,)]
