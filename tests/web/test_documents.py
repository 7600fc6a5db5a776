"""The contract, the confirmed page and all that can be kept of it, the logo, the language: over real HTTP."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from icalendar import Calendar

from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes
from studio_cli.booking import studio as studios
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from tests.booking.test_calendar_file import by_hand
from tests.conftest import Door, Maker
from tests.model.test_picture import gif, jpeg, png, webp
from tests.web.visitor import Answer, Visitor, dump, read

TERMS = "# Our terms\n\n{{ client.name }} agrees to pay {{ session.price }}.\n\n- no *refunds*"
TIMED = "We meet on {{ session.day }}."
QUESTIONS = """
title = "About you"
[[field]]
name = "people"
label = "Who will be there?"
[[field]]
name = "photos"
label = "May we show them?"
kind = "yes_no"
"""


@pytest.fixture
def visitor(door: Door) -> Visitor:
    """Somebody at the door."""
    return Visitor(door.base)


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A session with every step there is, for Rui Costa."""
    contracts.add(studio, "terms", TERMS)
    contracts.add(studio, "timed", TIMED)
    forms.add(studio, "about", QUESTIONS)
    return make.session(contract="terms", form="about", client=str(make.client("Rui Costa").id))


@pytest.fixture
def token(studio: Studio, make: Maker, visitor: Visitor, session: Session) -> str:
    """A link to it, with the contract next."""
    token = make.link(session)
    visitor.step(token, "review")
    visitor.step(token, "questionnaire", people="yes", photos="yes")
    return token


class Form(HTMLParser):
    """The fields of a page's form, and where it goes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str]] = {}
        self.action = ""
        self.links: dict[str, str] = {}
        self._link = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field or a link."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values["action"]
        elif tag in {"input", "textarea"}:
            self.fields[values["name"]] = values
        elif tag == "a":
            self._link = values["href"]

    def handle_data(self, data: str) -> None:
        """Note a link by its words."""
        if self._link:
            self.links[data.strip()] = self._link
            self._link = ""


def sign(visitor: Visitor, token: str, **fields: str) -> Answer:
    """Sign what is on the contract's page, with every field that the page has."""
    form = Form(visitor.get(f"/s/{token}/contract").text)
    given = {name: field["value"] for name, field in form.fields.items() if field.get("type") == "hidden"}
    return visitor.post(form.action, {**given, "name": "Rui Costa", "agreed": "yes", **fields})


def signatures(studio: Studio) -> list[tuple[object, ...]]:
    """Return the signatures in the file."""
    return read(studio.file.path, "SELECT name, sha256 FROM signature ORDER BY id")


def finish(visitor: Visitor, token: str) -> None:
    """Sign and pay."""
    sign(visitor, token)
    visitor.step(token, "payment")


# ── the contract ──────────────────────────────────────────────────────────────────────────────────


def test_contract_page(studio: Studio, visitor: Visitor, session: Session, token: str) -> None:
    """The page shows the text with its headings below the page's own, and asks for a name and a tick."""
    page = visitor.get(f"/s/{token}").text
    assert page.count("<h1") == 1 and "<h2>Our terms</h2>" in page
    assert "Rui Costa agrees to pay CA$100.00." in page and "<em>refunds</em>" in page
    form = Form(page)
    assert session.contract is not None
    assert form.action == f"/s/{token}/contract"
    assert (form.fields["revision"]["value"], form.fields["document"]["value"]) == (
        "1",
        session.contract.sha256,
    )
    assert "checked" not in form.fields["agreed"] and form.fields["name"]["value"] == ""
    assert 'for="f-name"' in page and 'id="f-name"' in page
    assert "Sign and continue" in page


def test_whole_way(studio: Studio, make: Maker, visitor: Visitor, session: Session) -> None:
    """Review, questions, contract and payment, each led to by the one before, confirm the session."""
    token = make.link(session)
    order = []
    for step in ("review", "questionnaire", "contract", "payment"):
        page = visitor.get(f"/s/{token}").text
        order.append(Form(page).action.rpartition("/")[2])
        answer = sign(visitor, token) if step == "contract" else visitor.step(token, step)
        assert (answer.status, answer.header("location")) == (303, f"/s/{token}")
    assert order == ["review", "questionnaire", "contract", "payment"]
    assert sessions.get(studio, session.id).status == "confirmed"
    assert session.contract is not None
    assert signatures(studio) == [("Rui Costa", session.contract.sha256)]


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"name": " "}, {"name": "Please type your full name."}),
        ({"name": "x" * 201}, {"name": "Please type just your name."}),
        ({"agreed": ""}, {"agreed": "Please tick that you agree."}),
        (
            {"name": "", "agreed": "no"},
            {"name": "Please type your full name.", "agreed": "Please tick that you agree."},
        ),
    ],
)
def test_what_is_missing(
    studio: Studio, visitor: Visitor, token: str, fields: dict[str, str], missing: dict[str, str]
) -> None:
    """Without a name or a tick nothing is signed; the page says what is missing, and the name is still there."""
    answer = sign(visitor, token, **fields)
    assert (answer.status, answer.header("location")) == (303, f"/s/{token}/contract")
    page = visitor.get(f"/s/{token}/contract").text
    assert 'role="alert"' in page and "<title>Please check:" in page and "Not signed yet" in page
    assert re.findall(r'href="#f-(\w+)"', page) == list(missing)
    assert dict(re.findall(r'id="f-(\w+)-problem">([^<]*)</p>', page)) == missing
    assert Form(page).fields["name"]["value"] == fields.get("name", "Rui Costa")
    assert signatures(studio) == []
    assert sign(visitor, token).header("location") == f"/s/{token}"
    assert len(signatures(studio)) == 1


def test_hostile_name(studio: Studio, visitor: Visitor, token: str) -> None:
    """A name that would break a page is shown as it was typed, before it is signed with and after."""
    name = "\"'><script>alert(1)</script>"
    sign(visitor, token, name=name, agreed="")
    page = visitor.get(f"/s/{token}/contract").text
    assert Form(page).fields["name"]["value"] == name and "<script>alert" not in page
    sign(visitor, token, name=name)
    page = visitor.get(f"/s/{token}/contract").text
    assert "Signed by" in page and "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_changed_while_the_page_was_open(
    studio: Studio, visitor: Visitor, session: Session, token: str
) -> None:
    """Details that changed meanwhile are shown before anything is signed; the name waits on the contract's page."""
    open_page = Form(visitor.get(f"/s/{token}/contract").text)
    session_changes.edit(studio, str(session.id), Edits(price="120"))
    fields = {name: open_page.fields[name]["value"] for name in ("revision", "document")}
    answer = visitor.post(open_page.action, {**fields, "name": "Rui M. Costa", "agreed": "yes"})
    assert (answer.status, answer.header("location")) == (303, f"/s/{token}/review?seen=1")
    page = visitor.get(f"/s/{token}/review?seen=1").text
    assert "nothing was confirmed" in page and "CA$120.00" in page and "another wording" not in page
    assert signatures(studio) == []
    agreed = visitor.step(token, "review", revision=2)
    assert agreed.header("location") == f"/s/{token}/contract"
    page = visitor.get(f"/s/{token}/contract").text
    assert "agrees to pay CA$120.00" in page and Form(page).fields["name"]["value"] == "Rui M. Costa"
    assert "checked" not in Form(page).fields["agreed"]
    assert sign(visitor, token).header("location") == f"/s/{token}"
    now = sessions.get(studio, session.id)
    assert now.contract is not None
    assert signatures(studio) == [("Rui Costa", now.contract.sha256)]


@pytest.mark.parametrize("document", [None, "", "x", "0" * 64, "\x00"])
def test_text_that_was_not_on_the_page(
    studio: Studio, visitor: Visitor, token: str, document: str | None
) -> None:
    """A post that does not name the text of the page signs nothing, however right the rest of it is."""
    fields = [("revision", "1"), ("name", "Rui"), ("agreed", "yes")]
    answer = visitor.post(
        f"/s/{token}/contract", fields if document is None else [*fields, ("document", document)]
    )
    assert (answer.status, answer.header("location")) == (303, f"/s/{token}/review?seen=1")
    assert visitor.get(f"/s/{token}/review?seen=1").status == 200
    assert signatures(studio) == []
    assert 'value="Rui"' in visitor.get(f"/s/{token}").text


def test_double_post(studio: Studio, visitor: Visitor, token: str) -> None:
    """A signature that is sent twice is one; the second leads on like the first."""
    form = Form(visitor.get(f"/s/{token}/contract").text)
    fields = {name: form.fields[name]["value"] for name in ("revision", "document")}
    posts = [visitor.post(form.action, {**fields, "name": name, "agreed": "yes"}) for name in ("Rui", "Eva")]
    assert [(one.status, one.header("location")) for one in posts] == [(303, f"/s/{token}")] * 2
    assert [name for name, _ in signatures(studio)] == ["Rui"]


def test_looking_back_at_what_was_signed(visitor: Visitor, token: str) -> None:
    """A signed contract can be read again, says who signed it, and has no form any more."""
    sign(visitor, token)
    page = visitor.get(f"/s/{token}/contract").text
    assert "Signed by Rui Costa." in page and "Our terms" in page
    assert "<form" not in page and "<button" not in page


def test_proof_of_a_signature(studio: Studio, visitor: Visitor, token: str) -> None:
    """With a signature stay the address that it came from and the browser, cut short and safe to show."""
    form = Form(visitor.get(f"/s/{token}/contract").text)
    fields = {name: form.fields[name]["value"] for name in ("revision", "document")}
    browser = "Mozilla/5.0 (\x9b31m é) " + "x" * 5000
    visitor.post(form.action, {**fields, "name": "Rui", "agreed": "yes"}, User_Agent=browser)
    ((address, kept, share, zone, at),) = read(
        studio.file.path, "SELECT address, user_agent, share_id, timezone, at FROM signature"
    )
    assert (address, share, zone, at) == ("127.0.0.1", 1, "America/Toronto", "2026-11-20T15:00:00Z")
    assert str(kept).startswith("Mozilla/5.0 (\\u009b31m é) xxx") and len(str(kept)) == 300


def test_contract_of_another_session(studio: Studio, make: Maker, visitor: Visitor, token: str) -> None:
    """A session without a contract has no such page, and nothing can be signed for it."""
    other = make.link(make.session("2026-12-05 10:00", custom=True))
    visitor.step(other, "review")
    assert visitor.get(f"/s/{other}/contract").header("location") == f"/s/{other}"
    before = dump(studio.file.path)
    fields = {"name": "Rui", "agreed": "yes", "document": "0" * 64}
    assert visitor.step(other, "contract", **fields).header("location") == f"/s/{other}"
    assert dump(studio.file.path) == before


def test_log_of_the_contract(door: Door, visitor: Visitor, token: str) -> None:
    """What is signed is in the log by its path alone."""
    sign(visitor, token, name="A secret name")
    visitor.get(f"/s/{token}/calendar.ics")
    visitor.get(f"/s/{token}/summary")
    lines = "\n".join(door.log)
    assert token not in lines and "secret" not in lines
    for path in ("POST /s/…/contract 303", "GET /s/…/calendar.ics 303"):
        assert path in lines


# ── confirmed ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", ["summary", "calendar.ics"])
def test_only_of_a_confirmed_session(
    studio: Studio, visitor: Visitor, session: Session, token: str, page: str
) -> None:
    """What is to keep of a session is there while it is confirmed; before and after, the link leads to its place."""
    path = f"/s/{token}/{page}"
    assert (visitor.get(path).status, visitor.get(path).header("location")) == (303, f"/s/{token}")
    finish(visitor, token)
    assert visitor.get(path).status == 200
    sessions.reopen(studio, str(session.id))
    assert visitor.get(path).header("location") == f"/s/{token}"
    sessions.cancel(studio, str(session.id))
    assert visitor.get(path).header("location") == f"/s/{token}"
    assert visitor.get(f"/s/unknown/{page}").undated == visitor.get("/s/unknown").undated
    assert visitor.step(token, page).status == 405


def test_confirmed_page(studio: Studio, visitor: Visitor, token: str) -> None:
    """The confirmed page leads to the calendars, with the session's exact time, and to all of it on one page."""
    finish(visitor, token)
    links = Form(visitor.get(f"/s/{token}").text).links
    assert links["calendar file"] == f"/s/{token}/calendar.ics"
    assert links["Everything on one page, with the contract, to print or keep"] == f"/s/{token}/summary"
    google, outlook = (parse_qs(urlsplit(links[name]).query) for name in ("Google", "Outlook"))
    assert google["dates"] == ["20261204T150000Z/20261204T160000Z"]
    assert (outlook["startdt"], outlook["enddt"]) == (["2026-12-04T15:00:00Z"], ["2026-12-04T16:00:00Z"])
    assert google["text"] == outlook["subject"] == ["Portrait – Ana Silva Photography"]
    assert token not in links["Google"] + links["Outlook"]


def test_calendar_over_http(studio: Studio, visitor: Visitor, session: Session, token: str) -> None:
    """The calendar file is one by its type and name, and after a move it is the same event, later in its sequence."""
    finish(visitor, token)
    answer = visitor.get(f"/s/{token}/calendar.ics")
    assert answer.header("content-type") == "text/calendar; charset=utf-8"
    assert answer.header("content-disposition") == 'attachment; filename="session.ics"'
    assert answer.header("x-content-type-options") == "nosniff"
    first = by_hand(answer.body)
    assert first["start"] == datetime(2026, 12, 4, 15, tzinfo=UTC)
    session_changes.reschedule(studio, str(session.id), "2026-12-07 14:00")
    body = visitor.get(f"/s/{token}/calendar.ics").body
    second = by_hand(body)
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    assert event["DTSTART"].dt == second["start"] == datetime(2026, 12, 7, 19, tzinfo=UTC)
    assert second["uid"] == first["uid"] and second["sequence"] > first["sequence"]  # type: ignore[operator]


def test_summary(studio: Studio, visitor: Visitor, session: Session, token: str) -> None:
    """Everything is on one page: the details, the answers as they were given, the contract and its signature."""
    finish(visitor, token)
    page = visitor.get(f"/s/{token}/summary").text
    assert "Friday 4 December 2026" in page and "<dt>Paid</dt><dd>CA$100.00</dd>" in page
    assert '<dt dir="auto">Who will be there?</dt>\n<dd dir="auto">yes</dd>' in page
    assert '<dt dir="auto">May we show them?</dt>\n<dd dir="auto">Yes</dd>' in page
    assert "agrees to pay CA$100.00" in page
    assert session.contract is not None
    for part in ("Rui Costa</strong>", "Fri 20 Nov 2026 10:00", "America/Toronto", session.contract.sha256):
        assert part in page
    assert "127.0.0.1" not in page


def test_summary_after_a_move(studio: Studio, make: Maker, visitor: Visitor, session: Session) -> None:
    """A confirmed session that was moved shows the text that was signed, not one that nobody has signed."""
    timed = make.session("2026-12-07 10:00", contract="timed", price="0", client=str(session.client.id))
    token = make.link(timed)
    visitor.step(token, "review")
    sign(visitor, token)
    session_changes.reschedule(studio, str(timed.id), "2026-12-08 10:00")
    page = visitor.get(f"/s/{token}/summary").text
    assert "We meet on Monday 7 December 2026." in page and "SHA-256" in page
    assert "Tuesday 8 December 2026" in page


def test_summary_without_a_contract(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A session without questions and a contract has a page to keep as well, without empty parts."""
    session = make.session()
    token = make.link(session)
    sessions.confirm(studio, str(session.id))
    page = visitor.get(f"/s/{token}/summary").text
    assert "Portrait" in page and "Your answers" not in page and "SHA-256" not in page
    assert "to print or keep" in visitor.get(f"/s/{token}").text
    assert "with the contract" not in visitor.get(f"/s/{token}").text


def test_waived_contract_on_the_summary(
    studio: Studio, visitor: Visitor, session: Session, token: str
) -> None:
    """A contract that was waived is shown as it is, without a signature."""
    sessions.confirm(studio, str(session.id))
    page = visitor.get(f"/s/{token}/summary").text
    assert "Our terms" in page and "SHA-256" not in page and "Signed" not in page


def test_looking_changes_nothing(studio: Studio, make: Maker, visitor: Visitor, token: str) -> None:
    """However often the contract, the summary and the calendar are looked at, nothing of it is written down."""
    sign(visitor, token, agreed="")
    visitor.get(f"/s/{token}")
    for done in (False, True):
        if done:
            finish(visitor, token)
        before = dump(studio.file.path)
        for page in ("contract", "summary", "calendar.ics", "review?seen=1"):
            for method in ("GET", "HEAD", "GET"):
                assert visitor.ask(method, f"/s/{token}/{page}").status in {200, 303}
        assert dump(studio.file.path) == before


# ── the logo ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "kind"),
    [(png(600, 160), "image/png"), (jpeg(), "image/jpeg"), (gif(), "image/gif"), (webp(), "image/webp")],
)
def test_logo(
    studio: Studio, make: Maker, visitor: Visitor, tmp_path: Path, content: bytes, kind: str
) -> None:
    """The logo is served as what it is, byte for byte, and stands on every page with its size and the studio's name."""
    assert visitor.get("/logo").status == 404
    (tmp_path / "logo.bin").write_bytes(content)
    studios.change_setting(studio, "brand.logo", str(tmp_path / "logo.bin"))
    answer = visitor.get("/logo")
    assert (answer.status, answer.header("content-type"), answer.body) == (200, kind, content)
    assert answer.header("x-content-type-options") == "nosniff"
    size = 'width="240" height="64"' if kind == "image/png" else 'width="3" height="2"'
    for path in (f"/s/{make.link(make.session())}", "/s/unknown", "/"):
        page = visitor.get(path).text
        assert f'<img class="logo" src="/logo" alt="Ana Silva Photography" {size}>' in page
    studios.remove_setting(studio, "brand.logo")
    assert visitor.get("/logo").status == 404 and "<img" not in visitor.get("/").text


# ── the language ──────────────────────────────────────────────────────────────────────────────────


def lang(page: str) -> tuple[str, str]:
    """Return the language and the direction that a page says it has."""
    found = re.search(r'<html lang="([^"]*)" dir="([^"]*)">', page)
    assert found is not None
    return found[1], found[2]


def test_whose_language_it_is(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """The session's language comes before the client's, the client's before the browser's, and that before the studio's."""
    studios.change_setting(studio, "studio.locale", "es")
    client = make.client()
    token = make.link(make.session(client=str(client.id)))

    def seen(**headers: str) -> str:
        return lang(visitor.get(f"/s/{token}", **headers).text)[0]

    from studio_cli.booking import client as clients

    assert (seen(), seen(Accept_Language="ja, xx;q=0.5")) == ("es", "es")
    assert seen(Accept_Language="ja, fr;q=0.5, de;q=0.4") == "fr"
    clients.edit(studio, client.id, language="de")
    assert seen(Accept_Language="fr") == "de"
    session_changes.edit(studio, "1", Edits(language="pt-BR"))
    assert seen(Accept_Language="fr") == "pt"
    session_changes.edit(studio, "1", Edits(language="none"))
    assert seen(Accept_Language="fr") == "de"


def test_language_is_no_change_of_the_session(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Writing to a client in another language asks them for nothing again."""
    session = make.session()
    token = make.link(session)
    visitor.step(token, "review")
    after = session_changes.edit(studio, str(session.id), Edits(language="fr")).after
    assert (after.revision, after.language) == (1, "fr")
    assert [step.name for step in after.waiting_for] == ["payment"]


@pytest.mark.parametrize("path", ["/", "/s/unknown", "/nowhere"])
def test_pages_without_a_session(studio: Studio, visitor: Visitor, path: str) -> None:
    """Pages that are about no session are in the browser's language, else the studio's."""
    assert lang(visitor.get(path).text) == ("en", "ltr")
    assert lang(visitor.get(path, Accept_Language="pt-BR,pt;q=0.9").text) == ("pt", "ltr")
    studios.change_setting(studio, "studio.locale", "fr-CA")
    assert lang(visitor.get(path, Accept_Language="\xff;q=\xff, *").text) == ("fr", "ltr")


def test_formats_of_the_language(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Days and amounts on a page are the language's, and the country's."""
    token = make.link(make.session(price="1250"))
    page = visitor.get(f"/s/{token}", Accept_Language="de-AT").text
    assert "Freitag, 4. Dezember 2026" in page
    plain = unicodedata.normalize("NFKC", visitor.get(f"/s/{token}", Accept_Language="fr").text)
    assert "vendredi 4 décembre 2026" in plain and "1 250,00 $CA" in plain
    assert "10:00 AM" in unicodedata.normalize(
        "NFKC", visitor.get(f"/s/{token}", Accept_Language="en-US").text
    )
