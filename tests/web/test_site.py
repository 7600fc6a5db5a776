"""The booking site over real HTTP: its pages, who may frame and find it, scripts, and a hundred strangers at once."""

from __future__ import annotations

import html
import http.client
import re
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from studio_cli.booking import availability, session_type, site
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.model.settings import SITE_KEY
from studio_cli.model.site import TypedSite
from studio_cli.web.limits import Bounds, Rate
from studio_cli.web.proxies import Proxies
from tests.conftest import Clock, Door, Maker, serving
from tests.smtp_server import MailServer
from tests.web.visitor import Answer, Visitor, dump

FREE = "2026-12-04T15:00:00Z"
DETAILS = "/book/family-session/details"


def form(studio: Studio, clock: Clock, at: str = FREE, seconds: int = 10, **typed: str) -> dict[str, str]:
    """Return what a person sends, so many seconds after they saw the form."""
    stamp = site.stamp(studio.settings[SITE_KEY], clock.now.subtract(seconds=seconds))
    return {"name": "Rui Costa", "email": "rui@example.com", "stamp": stamp, "at": at, **typed}


def arrived(server: MailServer) -> str:
    """Return the text of the first mail, when it is there: it is sent after the answer."""
    end = time.monotonic() + 10
    while not server.received:
        assert time.monotonic() < end, "no mail came"
        time.sleep(0.01)
    return server.received[0].text


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_studio_to_the_link(studio: Studio, make: Maker, site_door: Door, clock: Clock) -> None:
    """By links alone: the studio, a type, a month, a day, a time; the form leads to the link of a new session."""
    make.offer()
    visitor = Visitor(site_door.base)
    page = visitor.get("/").text
    path = re.findall(r'href="(/book/[^"]+)"', page)[0]
    later = html.unescape(
        re.findall(
            r'href="([^"]+)" data-swap rel="nofollow"><span aria-hidden="true">›', visitor.get(path).text
        )[0]
    )
    days = re.findall(r'<td><a href="([^"]+)"', visitor.get(later).text)
    slots = re.findall(r'<li><a href="([^"]+)" target="_top"', visitor.get(html.unescape(days[3])).text)
    seen = visitor.get(html.unescape(slots[2]))
    clock.forward(seconds=5)
    answer = visitor.post(DETAILS, {**hidden(seen.text), "name": "Rui Costa", "email": "rui@example.com"})
    assert answer.status == 303
    assert visitor.get(str(answer.header("location"))).text.count("Friday 4 December 2026") == 1
    assert sessions.get(studio, 1).starts_at.format_iso() == "2026-12-04T15:00:00Z"


def test_a_page_waits_for_a_write_alone(studio: Studio, make: Maker, clock: Clock) -> None:
    """While another program writes, whoever looks waits until it is done; the server goes on with the others."""
    make.offer()
    bounds, other = Bounds(connections_per_address=1), sqlite3.connect(studio.file.path, isolation_level=None)
    with serving(studio, clock, site=True, bounds=bounds) as door:
        visitor = Visitor(door.base)
        assert visitor.get("/book/family-session").status == 200
        other.execute("BEGIN EXCLUSIVE")
        waiting, begun = http.client.HTTPConnection(urlsplit(door.base).netloc, timeout=30), time.monotonic()
        waiting.request("GET", "/book/family-session")
        time.sleep(0.3)
        assert visitor.get("/").status == 503  # the one place is taken, which takes no file to say
        assert time.monotonic() - begun < 5
        other.execute("ROLLBACK")
        assert waiting.getresponse().status == 200
        waiting.close()
    other.close()


def test_looking_changes_nothing(studio: Studio, make: Maker, site_door: Door) -> None:
    """No GET of the site leaves anything behind."""
    make.offer()
    visitor, before = Visitor(site_door.base), dump(studio.file.path)
    for path in (
        "/",
        "/book/family-session",
        f"{DETAILS}?at={FREE}",
        "/book/family-session/sent",
        "/book/none",
    ):
        visitor.get(path)
    assert dump(studio.file.path) == before


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13", "month=9999-12", "month=0000-00", "month=x", "day=2026-02-30", "day=x", "zone=x", "zone=../x",
        "zone=%00", "at=x", "at=9999-12-31T23:59:59Z", "at=" + ",".join([FREE] * 50), "month=&day=&zone=", "day=9998-01-01",
        "day=%D9%A2%D9%A0%D9%A2%D9%A6-12-04",
    ],
)  # fmt: skip
def test_nonsense_in_the_address(make: Maker, site_door: Door, query: str) -> None:
    """Whatever stands in the address, there is a page, and never a failure."""
    make.offer()
    visitor = Visitor(site_door.base)
    assert visitor.get(f"/book/family-session?{query}").status == 200
    assert visitor.get(f"{DETAILS}?{query}").status in {200, 303}


def test_both_clocks(make: Maker, site_door: Door) -> None:
    """In another zone a time is shown by both clocks, and one that begins on another day there with its day."""
    make.offer()
    page = (
        Visitor(site_door.base)
        .get("/book/family-session?day=2026-12-05&zone=Asia/Tokyo", Accept_Language="en-GB")
        .text
    )
    assert re.search(r">00:00 <span class=\"soft\">Fri,? 4 Dec 2026, 10:00 at the studio<", page)
    assert "Asia/Tokyo, UTC+09:00" in page
    assert "The studio is in America/Toronto." in page


def test_an_hour_that_is_there_twice(studio: Studio, make: Maker, site_door: Door) -> None:
    """On the day on which clocks go back, two starts of the same wall time are told apart by their offset."""
    make.offer(duration="30m", increment="30m")
    availability.set_hours(studio, "sun", ["00:00-04:00"])
    page = Visitor(site_door.base).get("/book/family-session?day=2027-11-07").text
    assert page.count(">01:30 <span") == 2
    assert page.count("UTC−04:00</span>") == 2
    assert page.count("UTC−05:00</span>") == 2


def test_private_only_by_its_key(make: Maker, site_door: Door) -> None:
    """A private type is not on the studio's page, its key leads to it, and the key is not in the log."""
    offer = make.offer(private=True)
    visitor = Visitor(site_door.base)
    assert "Family session" not in visitor.get("/").text
    assert visitor.get("/book/family-session").undated == visitor.get("/book/none").undated
    assert visitor.get(f"/book/{offer.link_key}").status == 200
    end = time.monotonic() + 10
    while not any(line.startswith("GET /book/… 200") for line in site_door.log):  # written after the answer
        assert time.monotonic() < end, site_door.log
        time.sleep(0.01)
    assert not [line for line in site_door.log if offer.link_key and offer.link_key in line]


def test_links_only_elsewhere(make: Maker, door: Door) -> None:
    """Where only links are served, no page of the site is there."""
    make.offer()
    visitor = Visitor(door.base)
    assert [
        visitor.get(path).status for path in ("/book/family-session", f"{DETAILS}?at={FREE}", "/shop.css")
    ] == [404] * 3
    assert "Family session" not in visitor.get("/").text


# ── who may frame and find it ─────────────────────────────────────────────────────────────────────


def test_framed_only_where_nothing_is_sent(studio: Studio, make: Maker, site_door: Door) -> None:
    """Named websites may frame the pages on which one looks; never the form, a link, or for anybody else."""
    make.offer()
    visitor, link = Visitor(site_door.base), f"/s/{make.link(make.session())}"
    looked = ("/", "/book/family-session")
    never = (f"{DETAILS}?at={FREE}", "/book/family-session/sent", link, "/book/none", "/studio.css")
    for path in (*looked, *never):
        answer = visitor.get(path)
        assert "frame-ancestors 'none'" in str(answer.header("content-security-policy"))
        assert answer.header("x-frame-options") == "DENY"
    studios.change_setting(studio, "site.embed", "https://www.example.com, https://example.org/")
    for path in looked:
        answer = visitor.get(path)
        policy = str(answer.header("content-security-policy"))
        assert "frame-ancestors https://www.example.com https://example.org;" in policy + ";"
        assert answer.header("x-frame-options") is None
    for path in never:
        assert "frame-ancestors 'none'" in str(visitor.get(path).header("content-security-policy"))


def test_found_only_if_the_owner_says_so(studio: Studio, make: Maker, site_door: Door) -> None:
    """Search engines are asked to stay away until the owner says otherwise, and from links and forms for ever."""
    private = make.offer("Private", private=True)
    make.offer()
    visitor = Visitor(site_door.base)
    found = ("/", "/book/family-session")
    hidden_ = (f"{DETAILS}?at={FREE}", f"/s/{make.link(make.session())}", f"/book/{private.link_key}")

    def indexed(path: str) -> bool:
        answer = visitor.get(path)
        told = answer.header("x-robots-tag") == "noindex, nofollow"
        assert told == ('name="robots"' in answer.text), path
        return not told

    assert not [path for path in (*found, *hidden_) if indexed(path)]
    assert visitor.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    studios.change_setting(studio, "site.indexed", "yes")
    assert [path for path in (*found, *hidden_) if indexed(path)] == list(found)
    assert "Disallow: /s/" in visitor.get("/robots.txt").text


def test_a_shared_link_looks_right(studio: Studio, make: Maker, clock: Clock) -> None:
    """What is shared has a title, words and its own address, where that is one that others can open."""
    make.offer(site=TypedSite(description='An hour\n\n"outside"'))
    with serving(studio, clock, site=True) as local:
        page = Visitor(local.base).get("/book/family-session?day=2026-12-04").text
        assert '<meta property="og:title" content="Family session">' in page
        assert '<meta property="og:description" content="An hour &#34;outside&#34;">' in page
        assert "canonical" not in page
    with serving(studio, clock, site=True, link_base="https://book.example.com/x") as public:
        page = Visitor(public.base).get("/x/book/family-session?day=2026-12-04").text
        assert '<link rel="canonical" href="https://book.example.com/x/book/family-session">' in page


# ── more than one ─────────────────────────────────────────────────────────────────────────────────


def labels(page: str) -> list[str]:
    """Return what the buttons of a page that take a time say."""
    return re.findall(r'name="at" value="[^"]*">([^<]*)<', page)


def test_nearest_in_an_hour_that_is_there_twice(
    studio: Studio, make: Maker, site_door: Door, clock: Clock
) -> None:
    """Of the free times that are offered instead of one that is gone, no two read alike."""
    make.offer(duration="30m", increment="30m")
    availability.set_hours(studio, "sun", ["00:00-04:00"])
    make.session("2027-11-07T01:30:00-04:00", duration="30m")
    page = Visitor(site_door.base).post(DETAILS, form(studio, clock, "2027-11-07T05:30:00Z"))
    assert page.status == 409
    assert len(set(labels(page.text))) == site.NEAREST
    assert sum("UTC−0" in one for one in labels(page.text)) == 2


def test_one_is_let_go_by_its_button(studio: Studio, make: Maker, site_door: Door, clock: Clock) -> None:
    """With three held the fourth is refused, until a button says which becomes free; that one's page says why it is over."""
    make.offer()
    visitor = Visitor(site_door.base)
    days = [f"2026-12-{day:02}T15:00:00Z" for day in (1, 2, 3, 4)]
    links = [visitor.post(DETAILS, form(studio, clock, at)).header("location") for at in days[:3]]
    page = visitor.post(DETAILS, form(studio, clock, days[3]))
    assert page.status == 409
    assert [sessions.get(studio, number).status for number in (1, 2, 3)] == ["pending"] * 3
    chosen = re.findall(r'name="instead" value="(\d+)">Instead of (\w+)', page.text)
    assert chosen == [("1", "Tuesday"), ("2", "Wednesday"), ("3", "Thursday")]
    again = {name: html.unescape(value) for name, value in hidden(page.text).items()}
    assert visitor.post(DETAILS, {**again, "instead": "2"}).status == 303
    assert [sessions.get(studio, number).status for number in (1, 2, 3)] == ["pending", "expired", "pending"]
    assert "You have taken another time" in visitor.get(str(links[1])).text
    for nonsense in ("x", "9" * 30, "-1", "٣"):
        assert visitor.post(DETAILS, form(studio, clock, days[1], instead=nonsense)).status == 409


def test_a_wish_that_is_gone_is_named(studio: Studio, make: Maker, site_door: Door, clock: Clock) -> None:
    """Of two wishes one was taken meanwhile: nothing is asked for before its client has seen that and sent the rest."""
    make.offer(site=TypedSite(approval=True, request="wishes"))
    make.session("2026-12-04 10:00")
    visitor, wished = Visitor(site_door.base), f"{FREE},2026-12-07T15:00:00Z"
    before = visitor.get(f"{DETAILS}?at={wished}").text
    page = visitor.post(DETAILS, form(studio, clock, wished, words="With two dogs."))
    for text in (before, page.text):
        assert "Friday 4 December 2026, 10:00 to 11:30 is not free any more." in text
        assert hidden(text)["at"] == "2026-12-07T15:00:00Z"
    assert (page.status, "With two dogs." in page.text) == (409, True)
    assert sessions.client_events(studio, 0) == []
    again = visitor.post(DETAILS, form(studio, clock, hidden(page.text)["at"]))
    assert again.status == 303
    assert len(sessions.get(studio, 2).wishes.times) == 1  # type: ignore[union-attr]


# ── scripts ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "more", [{"topic": "x"}, {"stamp": ""}, {"stamp": "1.x"}, {"seconds": 1}, {"seconds": 90_000}]
)
def test_a_script_gets_the_form_again(
    studio: Studio, make: Maker, site_door: Door, clock: Clock, more: dict[str, str]
) -> None:
    """A field that nobody sees, no stamp, a hurry, a day: the form comes again, whole, says nothing, and works then."""
    make.offer()
    visitor = Visitor(site_door.base)
    answer = visitor.post(DETAILS, form(studio, clock, **more))
    assert answer.status == 200
    assert 'value="rui@example.com"' in answer.text
    assert "problem" not in answer.text
    assert not sessions.client_events(studio, 0)
    clock.forward(seconds=3)
    again = {**form(studio, clock), **hidden(answer.text)}
    assert visitor.post(DETAILS, again).status == 303


def test_mistakes_lose_nothing(studio: Studio, make: Maker, site_door: Door, clock: Clock) -> None:
    """What cannot be used is named, with everything else where it was."""
    make.offer()
    answer = Visitor(site_door.base).post(DETAILS, form(studio, clock, email="rui@", phone="+1 555 0199"))
    assert answer.status == 422
    assert 'value="+1 555 0199"' in answer.text
    assert 'id="f-email-problem"' in answer.text


def test_one_tap_for_a_loser(studio: Studio, make: Maker, site_door: Door, clock: Clock) -> None:
    """Who was slower sees other times as buttons that take them, with what was typed."""
    make.offer()
    make.session("2026-12-04 10:00")
    visitor = Visitor(site_door.base)
    answer = visitor.post(DETAILS, form(studio, clock, name="Rui <b>Costa"))
    assert answer.status == 409
    button = re.findall(r'<button type="submit" name="at" value="([^"]+)">', answer.text)[0]
    again = {name: html.unescape(value) for name, value in hidden(answer.text).items()}
    assert visitor.post(DETAILS, {**again, "at": button}).status == 303
    assert sessions.get(studio, 2).booked_as == "Rui <b>Costa"


def test_too_much_from_one_address(studio: Studio, make: Maker, clock: Clock) -> None:
    """An address that asks too much is slowed down; others, and the links, are not."""
    make.offer()
    link = f"/s/{make.link(make.session())}"
    slow = Bounds(visiting=Rate(5, 0.1), booking=Rate(2, 0.1))
    proxies = Proxies.named("127.0.0.1")
    with serving(studio, clock, site=True, bounds=slow, proxies=proxies) as door:
        visitor = Visitor(door.base)

        def ask(address: str, path: str = "/book/family-session") -> int:
            return visitor.get(path, X_Forwarded_For=address).status

        assert Counter(ask("203.0.113.1") for _ in range(8)) == {200: 5, 429: 3}
        assert ask("203.0.113.2") == 200
        assert ask("203.0.113.1", link) == 200
        assert ask("203.0.113.1", "/studio.css") == 200
        sent = [visitor.post(DETAILS, {}, X_Forwarded_For="203.0.113.3").status for _ in range(3)]
        assert sent == [303, 303, 429]


def test_a_foreign_form(studio: Studio, make: Maker, site_door: Door, clock: Clock) -> None:
    """A form on another website takes no time."""
    make.offer()
    answer = Visitor(site_door.base).post(DETAILS, form(studio, clock), Sec_Fetch_Site="cross-site")
    assert answer.status == 403


def test_the_mail_is_sent_at_once(studio: Studio, make: Maker, clock: Clock, mail_server: MailServer) -> None:
    """Where an address is to be proved, the mail goes out with the answer, and its link goes on from there."""
    from studio_cli.outside.smtp import SmtpServer

    studios.change_setting(studio, "mail.host", "127.0.0.1")
    make.offer(site=TypedSite(verify_email=True))
    server = SmtpServer("127.0.0.1", mail_server.port, "none")
    with serving(studio, clock, site=True, mailer=lambda studio: server) as door:
        visitor = Visitor(door.base)
        answer = visitor.post(DETAILS, form(studio, clock))
        sent = str(answer.header("location"))
        assert "15 min" in visitor.get(sent).text
        assert "rui@example.com" in visitor.get(sent).text
        forged = visitor.get(sent.replace("rui", "eva")).text
        assert "15 min" in forged and "eva@" not in forged
        link = re.search(r"/s/[\w-]{43}", arrived(mail_server))
        assert link
        assert visitor.get(link[0]).status == 200


# ── everybody at once ─────────────────────────────────────────────────────────────────────────────


def test_a_hundred_strangers_on_ten_times(studio: Studio, make: Maker, clock: Clock) -> None:
    """Ten get a time, nobody gets another's, nobody sees an error, the others see free times; then all is free again."""
    make.offer(duration="30m", increment="30m")
    availability.set_override(studio, "2026-12-04", ["10:00-15:00"])
    times = [f"2026-12-04T{15 + half // 2}:{'30' if half % 2 else '00'}:00Z" for half in range(10)]
    with serving(studio, clock, site=True, proxies=Proxies.named("127.0.0.1")) as door:
        visitor = Visitor(door.base)

        key = studio.settings[SITE_KEY]
        stamp = site.stamp(key, clock.now.subtract(seconds=9))

        def stranger(number: int) -> Answer:
            fields = {
                "name": "Rui",
                "email": f"rui{number}@example.com",
                "stamp": stamp,
                "at": times[number % 10],
            }
            return visitor.post(DETAILS, fields, X_Forwarded_For=f"203.0.113.{number}")

        with ThreadPoolExecutor(100) as crowd:
            answers = list(crowd.map(stranger, range(100)))
        assert Counter(answer.status for answer in answers) == {303: 10, 409: 90}
        assert all(answer.text.count('name="at"') == 6 for answer in answers if answer.status == 409)
        links = [str(answer.header("location")) for answer in answers if answer.status == 303]
        assert {visitor.get(link).status for link in links} == {200}
        held = [sessions.get(studio, number) for number in range(1, 11)]
        assert {one.starts_at.format_iso() for one in held} == set(times)
        assert {one.status for one in held} == {"pending"}
        clock.forward(minutes=16)
        page = visitor.get("/book/family-session?day=2026-12-04").text
        assert page.count('target="_top"') == 10


def test_types_of_every_day(studio: Studio, make: Maker, site_door: Door) -> None:
    """A type that is taken off the site is gone at once; its sessions' links go on working."""
    make.offer()
    visitor = Visitor(site_door.base)
    assert visitor.get("/book/family-session").status == 200
    session_type.edit(studio, "family-session", TypedOffer(site=TypedSite(publish=False)))
    assert visitor.get("/book/family-session").status == 404
