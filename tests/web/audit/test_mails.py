"""Every kind of mail, looked at as a mail program, a screen reader and a validator do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import letter, mail, session_changes
from studio_cli.booking import session as sessions
from studio_cli.model.message import KINDS, LINK
from studio_cli.model.session import Session
from tests.every_mail import EveryMail, Mail
from tests.gallery import CONTRACT, QUESTIONS, Stage
from tests.web.audit.conftest import Validate
from tests.web.audit.test_pages import FIND, PHONE, RULES, Viewer

SHOTS = os.environ.get("STUDIO_SCREENSHOTS")
"""Where the pictures go; read before ``clean_machine`` clears the environment."""

READER = 700
"""CSS pixels of a mail beside a list of mails."""
ADDRESS = "http://127.0.0.1:8022/s/WhoeverReadsThisHasBeenToldThatItIsOnlyForThem0"
MAIL_RULES = [rule for rule in RULES if rule != "best-practice"]
"""A mail has no landmarks: what it is shown in has."""
NOT_OF_MAILS = "unclear bypass: "
"""The same in WCAG's words: nothing in a mail is repeated on a next page."""

Show = Callable[[str, Mapping[str, str]], list[str]]


# A mail is no wider than its reader, and its button can be tapped.
FITS = """() => {
  const wrong = document.documentElement.scrollWidth > innerWidth ? ['wider than the window'] : [];
  for (const one of document.querySelectorAll('td > a'))
    if (one.getBoundingClientRect().height < 44) wrong.push('too small to tap: ' + one.innerText);
  return wrong;
}"""


@pytest.fixture
def show(browser: Any, on: Stage, axe: str, validate_mail: Validate) -> Iterator[Show]:
    """Look at mails by day and by night, keep their pictures when asked to, and return what is wrong with them."""
    viewer = Viewer(browser, on.door.base)

    def faults(name: str, page: str) -> Iterator[str]:
        yield from validate_mail(page)
        viewer.widen(320)
        viewer.page.set_content(page)
        yield from viewer.page.evaluate(FITS)
        viewer.page.evaluate(axe)
        viewer.widen(PHONE)
        for scheme in ("light", "dark"):
            viewer.page.emulate_media(color_scheme=scheme)
            found = viewer.page.evaluate(FIND, MAIL_RULES)
            yield from (f"{scheme} {one}" for one in found if not one.startswith(NOT_OF_MAILS))
            for width in (PHONE, READER) if SHOTS else ():
                viewer.widen(width)
                way = f"{width}{'-dark' if scheme == 'dark' else ''}"
                viewer.shoot(Path(SHOTS or "") / f"mail-{name}-{way}.png")

    def look(group: str, pages: Mapping[str, str]) -> list[str]:
        return [
            f"{group} {name}: {fault}"
            for name, page in pages.items()
            for fault in faults("-".join(f"{group} {name}".replace(",", "").split()), page)
        ]

    yield look
    viewer.context.close()


def as_page(on: Stage, written: Mail | tuple[Session, str]) -> str:
    """Return a mail as its reader sees it: with its link, and with the logo in it."""
    made = (
        written.letter if isinstance(written, Mail) else letter.compose(on.studio, *written, linked=True)[0]
    )
    return mail.as_page(on.studio, made.with_link(ADDRESS))


def with_papers(on: Stage) -> EveryMail:
    """Return what writes every mail, about sessions with every step there is."""
    on.setting("studio.phone", "+1 416 555 0134")
    forms.add(on.studio, "family", QUESTIONS)
    contracts.add(on.studio, "agreement", CONTRACT)
    papers = {"form": "family", "contract": "agreement"}
    return EveryMail(on.studio, on.make, on.clock, wanted=papers)


@pytest.mark.browser
def test_every_kind_of_mail(on: Stage, show: Show) -> None:
    """Neither axe-core nor html-validate finds anything wrong with any kind of mail, in the state that says the most."""
    most: dict[str, Mail] = {}
    for written in with_papers(on).write():
        if written.kind not in most or len(written.letter.html) > len(most[written.kind].letter.html):
            most[written.kind] = written
    assert set(most) == set(KINDS)
    faults = show("every", {kind: as_page(on, written) for kind, written in most.items()})
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.browser
def test_mails_of_another_studio(on: Stage, show: Show) -> None:
    """The same with a logo, in German, in a light colour, with a signature, long words, and a place without a space."""
    mails = with_papers(on)
    on.logo()
    for name, value in (
        ("studio.locale", "de"),
        ("brand.color", "#ffe08a"),
        ("mail.signature", "Herzliche Grüße\nAna Silva\nwww.example.com/" + "a" * 60),
    ):
        on.setting(name, value)
    mails.place = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    wanted = {"share, note": "share", "changed, everything": "changed", "confirmed, paid": "confirmed"}
    pages = {wanted[one.name]: as_page(on, one) for one in mails.write() if one.name in wanted}
    assert len(pages) == len(wanted)
    faults = show("german", pages)
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.browser
def test_mails_at_odd_times(on: Stage, show: Show) -> None:
    """The same for the hour that exists twice, and for a session of another zone than the studio's."""
    first = on.make.session("2027-11-07 01:30", which="first", custom=True)
    confirmed = sessions.confirm(on.studio, str(first.id)).session
    moved = session_changes.reschedule(
        on.studio, str(first.id), "2027-11-07 01:30", which="second", custom=True, tell=False
    ).after
    told, _ = letter.compose(on.studio, moved, "changed", linked=True, about={"before": first.details()})
    on.setting("studio.timezone", "Asia/Kathmandu")
    pages = {
        "confirmed": as_page(on, (confirmed, "confirmed")),
        "changed": mail.as_page(on.studio, told.with_link(ADDRESS)),
        "another zone": as_page(on, (on.make.session("2026-12-24 10:00", custom=True), "share")),
    }
    assert "UTC+05:45" in pages["another zone"] and LINK not in "".join(pages.values())
    faults = show("odd", pages)
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.browser
def test_faults_of_a_mail_are_seen(on: Stage, show: Show) -> None:
    """A contrast that is too low by night, an element that is never closed, a picture without words, and a page too wide."""
    page = as_page(on, (on.make.session(), "share"))
    for breaking, fault in (
        ((".soft { color: #a9afb6", ".soft { color: #333333"), "dark wrong color-contrast"),
        (("</span>", "", 1), "close-order"),
        (("<p style", '<img src="data:,"><p style', 1), "wrong image-alt"),
        (("max-width:520px", "width:520px"), "wider"),
    ):
        assert any(fault in one for one in show("broken", {"share": page.replace(*breaking)})), fault
