"""The whole journey in another language, on the narrowest phone there is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.language import catalogue
from tests.conftest import Maker
from tests.journeys.test_in_browser import NewPhone, Phone, phone

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.browser

SHOTS = os.environ.get("STUDIO_SCREENSHOTS")
ASKED = os.environ.get("STUDIO_LANGUAGES", "de pt").split()
"""Which languages are tested. To look at all: STUDIO_LANGUAGES="de es fr pt" STUDIO_SCREENSHOTS=screenshots."""


@dataclass(frozen=True)
class Wording:
    """What a phone's owner reads: the formats, and what a studio of their country would have written."""

    browser: str
    day: str
    limit: str
    deadline: str
    price: str
    tipped: str
    title: str
    form: str
    questions: tuple[str, str, str, str]
    contract: str


WORDINGS = {
    "de": Wording(
        "de-DE", "Freitag, 4. Dezember 2026", "Spätestens Freitag, 20. November 2026.", "Mo., 23. Nov. 2026, 10:00",
        "250,00 CA$", "12,50 CA$", "Familienfotos im Park", "Vor Ihrem Termin",
        ("Wer wird auf den Bildern sein?", "Dürfen wir die Bilder zeigen?", "Seit wann sind Sie hier?",
         "Wie groß ist der Hund, in Metern?"),
        "Fotovertrag",
    ),
    "es": Wording(
        "es-ES", "viernes, 4 de diciembre de 2026", "A más tardar, el viernes, 20 de noviembre de 2026.",
        "lun, 23 nov 2026, 10:00", "250,00 CAD", "12,50 CAD", "Fotos de familia en el parque", "Antes de su sesión",
        ("¿Quién estará en las fotos?", "¿Podemos mostrar las fotos?", "¿Desde cuándo están aquí?",
         "¿Cuánto mide el perro, en metros?"),
        "Contrato de fotografía",
    ),
    "fr": Wording(
        "fr-CA", "vendredi 4 décembre 2026", "Au plus tard le vendredi 20 novembre 2026.",
        "lun. 23 nov. 2026, 10 h 00", "250,00 $", "12,50 $", "Photos de famille au parc", "Avant votre séance",
        ("Qui sera sur les photos ?", "Pouvons-nous montrer les photos ?", "Depuis quand êtes-vous ici ?",
         "Quelle est la taille du chien, en mètres ?"),
        "Contrat de photographie",
    ),
    "pt": Wording(
        "pt-BR", "sexta-feira, 4 de dezembro de 2026", "Até sexta-feira, 20 de novembro de 2026.",
        "seg., 23 de nov. de 2026, 10:00", "CA$ 250,00", "CA$ 12,50", "Fotografias de família no parque",
        "Antes da sua sessão",
        ("Quem vai estar nas fotografias?", "Podemos mostrar as fotografias?", "Desde quando estão aqui?",
         "Que altura tem o cão, em metros?"),
        "Contrato de fotografia",
    ),
}  # fmt: skip

FORM = """
title = "{form}"
[[field]]
name = "people"
label = "{questions[0]}"
kind = "long"
required = true
[[field]]
name = "publish"
label = "{questions[1]}"
kind = "yes_no"
required = true
[[field]]
name = "since"
label = "{questions[2]}"
kind = "date"
max = "2026-11-20"
[[field]]
name = "dog"
label = "{questions[3]}"
kind = "number"
min = 0.5
max = 1.5
"""


RUNS_OVER = """() => [...document.querySelectorAll('body *:not(.skip)')]
  .filter((one) => one.getBoundingClientRect().width && one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.textContent.trim().slice(0, 40))"""
"""What is cut at the right."""


@dataclass
class Reader:
    """Somebody who reads one language, with a phone."""

    phone: Phone
    code: str

    def says(self, text: str, **values: str) -> str:
        """Return a text of ours as this reader reads it."""
        return plain(catalogue(self.code).gettext(text) % values)

    def look(self, name: str, *expected: str) -> None:
        """Look at a page: it is in the language, nothing runs over, and it says what is expected."""
        page, read = self.phone.page, plain(self.phone.text)
        assert page.evaluate("document.documentElement.lang") == self.code
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        assert page.evaluate(RUNS_OVER) == [], name
        assert [text for text in expected if text not in read] == [], (name, read)
        if SHOTS:
            page.set_viewport_size({"width": 390, "height": 780})
            self.phone.shoot(f"{self.code}-{name}-390")
            page.set_viewport_size({"width": 320, "height": 600})

    def press(self, text: str, **values: str) -> None:
        """Press the button that says this."""
        self.phone.press(re.escape(self.says(text, **values)).replace(r"\ ", r"\s"))


def plain(text: str) -> str:
    """Return a text with plain spaces, whatever a language puts where no line may break."""
    return " ".join(text.split())


@pytest.fixture(params=ASKED)
def reader(
    request: pytest.FixtureRequest, phone: NewPhone, studio: Studio, make: Maker
) -> Iterator[tuple[Reader, Wording]]:
    """Somebody whose browser asks for a language, at the link of a session with everything."""
    wording = WORDINGS[request.param]
    forms.add(studio, "questions", FORM.format(form=wording.form, questions=wording.questions))
    contracts.add(studio, "contract", f"# {wording.contract}\n\n{{{{ session.title }}}}")
    session = make.session(
        one_off=wording.title, duration="90m", price="250", deposit="50", tips=True, tax="TVA 5.5%",
        location="Toronto Music Garden, 479 Queens Quay West", form="questions", contract="contract",
        balance_due="2d before", expires="3d",
    )  # fmt: skip
    options = {"locale": wording.browser, "viewport": {"width": 320, "height": 600}}
    yield Reader(phone(**options).open(make.link(session)), request.param), wording


def test_whole_journey_in_another_language(reader: tuple[Reader, Wording], studio: Studio) -> None:
    """From review to summary in the browser's language at 320 px: whole pages, and its own days and amounts."""
    here, wording = reader
    page, says = here.phone.page, here.says
    here.look("review", wording.day, wording.price, wording.deadline, "5,5 %", says("Review your session"))
    here.press("This is right, continue")

    here.look("questions", wording.limit, says("From %(min)s to %(max)s.", min="0,5", max="1,5"))
    people, publish, since, dog = wording.questions
    page.get_by_label(people).fill("Rui, Eva")
    page.get_by_label(dog).fill("2,5")
    here.press("Save and continue")
    wrong = says("Please write a number from %(min)s to %(max)s.", min="0,5", max="1,5")
    here.look("questions-missed", wrong, says("Please choose one."))
    page.get_by_role("group", name=publish).get_by_label(says("Yes"), exact=True).check()
    page.get_by_label(since).fill("2026-11-20")
    page.get_by_label(dog).fill("0,5")
    here.press("Save and continue")

    here.look("contract", wording.contract, says("Typing it here is your signature."))
    here.press("Sign and continue")
    here.look("contract-missed", says("Please type your full name."), says("Please tick that you agree."))
    page.get_by_label(says("Your full name")).fill("Rui Costa")
    page.get_by_label(says("I have read this contract and agree to it.")).check()
    here.press("Sign and continue")

    here.look("payment", says("TEST – no money moves here"), wording.day, says("Due now"))
    page.get_by_label(says("Another amount")).fill("12,50")
    here.press("Pretend to pay")

    here.look("confirmed", says("Your session is confirmed"), wording.tipped, wording.day)
    here.phone.follow(says("Receipt %(number)s", number="1"))
    here.look("receipt", says("Received"), wording.tipped)
    here.phone.follow(says("Back"))
    here.phone.follow(says("Everything on one page, with the contract, to print or keep"))
    day = wording.limit.rstrip(".")[-len("20. November 2026") :]
    here.look("summary", says("Your answers"), says("Yes"), "0,5", day)
    assert sessions.get(studio, 1).status == "confirmed"
    assert here.phone.foreign == [] and here.phone.complaints == []
