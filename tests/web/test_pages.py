"""What is on the pages, read as a screen reader would: from the HTML alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from studio_cli.booking import form as forms
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio
from studio_cli.web.pages import ERRORS
from tests.conftest import Door, Maker
from tests.web.visitor import Visitor


@pytest.fixture
def visitor(door: Door) -> Visitor:
    """Somebody at the door."""
    return Visitor(door.base)


class Reader(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


def test_nothing_inline_and_nothing_foreign(make: Maker, visitor: Visitor) -> None:
    """A page has no inline script or style, and fetches nothing but its own stylesheet, sign and few lines of script."""
    page = visitor.get(f"/s/{make.link(make.session())}").text
    reader = Reader(page)
    assert reader.all("script") == [{"src": "/studio.js", "defer": ""}]
    assert '<script src="/studio.js" defer></script>' in page
    assert not reader.all("style") and not reader.all("img")
    assert not [
        one for _, one in reader.elements if any(name == "style" or name.startswith("on") for name in one)
    ]
    assert [one["href"] for one in reader.all("link")] == ["/studio.css", "/studio.svg"]
    style = visitor.get("/studio.css").text
    assert "url(" not in style and "@import" not in style and "http" not in style
    assert len(style) < 12_000
    script = visitor.get("/studio.js")
    assert script.header("content-type") == "text/javascript; charset=utf-8"
    assert len(script.text) < 4000 and "fetch" not in script.text and "http" not in script.text


def test_brand_is_readable(studio: Studio, visitor: Visitor) -> None:
    """The studio's colour is on the pages, with text on it that can be read."""
    studios.change_setting(studio, "brand.color", "#ffe600")
    style = visitor.get("/studio.css").text
    assert "--brand: #ffe600;" in style and "--on-brand: #000000;" in style
    assert 'fill="#ffe600"' in visitor.get("/studio.svg").text


def test_how_to_reach_the_studio(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Every page, errors included, says how to reach the studio."""
    studios.change_setting(studio, "studio.phone", "+1 (416) 555-0134")
    for path in (f"/s/{make.link(make.session())}", "/s/unknown", "/"):
        links = [one.get("href") for one in Reader(visitor.get(path).text).all("a")]
        assert "mailto:ana@example.com" in links and "tel:+14165550134" in links


def test_every_field_has_its_label(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Each text field has a label of its own, each group of choices a legend, and help is tied to its field."""
    source = (
        "title = 'Q'\n[[field]]\nname = 'a'\nlabel = 'A'\nhelp = 'h'\nrequired = true\n"
        "[[field]]\nname = 'b'\nlabel = 'B'\nkind = 'long'\n"
        "[[field]]\nname = 'c'\nlabel = 'C'\nkind = 'yes_no'\nhelp = 'h'\nrequired = true\n"
    )
    forms.add(studio, "q", source)
    token = make.link(make.session(form="q"))
    visitor.step(token, "review")
    page = visitor.get(str(visitor.step(token, "questionnaire").header("location"))).text
    reader = Reader(page)
    labels = {one.get("for") for one in reader.all("label")}
    assert {"f-a", "f-b"} <= labels and page.count("<legend") == 1
    ids = [one["id"] for _, one in reader.elements if "id" in one]
    assert len(ids) == len(set(ids))
    described = [one["aria-describedby"] for _, one in reader.elements if "aria-describedby" in one]
    assert described == ["f-a-help f-a-problem", "f-c-help f-c-problem"]
    assert set(" ".join(described).split()) <= set(ids)
    assert 'role="alert"' in page and "<title>Please check: Q" in page


def test_headings_and_landmarks(make: Maker, visitor: Visitor) -> None:
    """Every page has a language, a title, one main heading and the landmarks a screen reader goes by."""
    for path in (f"/s/{make.link(make.session())}", "/s/unknown", "/"):
        reader = Reader(visitor.get(path).text)
        assert reader.all("html")[0]["lang"] == "en"
        for tag in ("title", "h1", "main", "header", "footer"):
            assert len(reader.all(tag)) == 1, tag


def test_progress(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """The line of steps says where the client is, leads back to done steps and to nothing else."""
    forms.add(studio, "q", "title = 'Q'\n[[field]]\nname = 'a'\nlabel = 'A'\n")
    token = make.link(make.session(form="q"))
    visitor.step(token, "review")
    page = visitor.get(f"/s/{token}").text
    steps = re.findall(r"<li class=\"(\w+)\"( aria-current=\"step\")?>", page)
    assert steps == [("done", ""), ("current", ' aria-current="step"'), ("later", "")]
    links = [one["href"] for one in Reader(page).all("a") if "/s/" in one["href"]]
    assert links == [f"/s/{token}/review"]


def test_one_step_has_no_progress(make: Maker, visitor: Visitor) -> None:
    """A session that only asks for a review has one button, and it says that it confirms."""
    page = visitor.get(f"/s/{make.link(make.session(price='0'))}").text
    assert "<nav" not in page and "Confirm this session" in page


def test_money_on_the_confirmed_page(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A confirmed session shows what was paid and what is still to pay, and asks for nothing now."""
    session = make.session(price="250", deposit="50")
    token = make.link(session)
    visitor.step(token, "review")
    payments.record(studio, str(session.id), "50")
    page = visitor.get(f"/s/{token}").text
    assert "Your session is confirmed" in page
    assert "<dt>Paid</dt><dd>CA$50.00</dd>" in page and "<dt>Still to pay</dt><dd>CA$200.00</dd>" in page
    assert "Due now" not in page


def test_no_instructions(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A studio that has not said how to pay is asked, by a client who has its address before their eyes."""
    studios.change_setting(studio, "payment.provider", "offline")
    token = make.link(make.session())
    visitor.step(token, "review")
    assert "Please ask the studio how to pay: ana@example.com" in visitor.get(f"/s/{token}").text


def test_test_page_says_test(make: Maker, visitor: Visitor) -> None:
    """Pretended payments say TEST, on the page and on its head."""
    token = make.link(make.session())
    visitor.step(token, "review")
    assert visitor.get(f"/s/{token}").text.count("TEST") == 2


def test_name_written_from_right_to_left(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A name that is written from right to left stands in an English sentence without turning it around."""
    studios.change_setting(studio, "studio.name", "סטודיו אנה")
    token = make.link(make.session(one_off="צילום"))
    assert '<p class="lead"><bdi>סטודיו אנה</bdi> is holding' in visitor.get(f"/s/{token}").text
    visitor.step(token, "review")
    assert '<p class="soft"><bdi>צילום</bdi>, Friday' in visitor.get(f"/s/{token}").text


def test_reopened_session(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A reopened session asks for its review again, and what was paid is not asked for twice."""
    session = make.session()
    token = make.link(session)
    visitor.step(token, "review")
    visitor.step(token, "payment")
    sessions.reopen(studio, str(session.id))
    page = visitor.get(f"/s/{token}").text
    assert "Confirm this session" in page and "Due now" not in page
    visitor.step(token, "review")
    assert sessions.get(studio, session.id).status == "confirmed"


def test_words_are_calm() -> None:
    """What an error says is plain: no exclamation marks, no numbers, none of our own words."""
    for heading, words in ERRORS.values():
        assert not re.search(r"!|\d|HTTP|[Ee]rror|server|token|database|invalid|session", heading + words)
