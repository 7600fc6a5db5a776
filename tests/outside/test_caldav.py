"""What a CalDAV server says, when it is not what it should be. (The journeys have a real one.)"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from studio_cli.model.calendar import CalendarUnreadable, Found
from studio_cli.outside.caldav import CalDav, plain
from studio_cli.outside.caldav import _resources as resources
from studio_cli.outside.web import Answer
from tests.calendars import Published, publishing
from tests.outside.conftest import Internet
from tests.outside.test_web import redirecting

DAV = '<multistatus xmlns="DAV:">{}</multistatus>'
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


def answer(body: bytes, status: int = 207) -> Answer:
    """Return an answer of a server."""
    return Answer(status, {}, body, "https://cal.example.com/ana/")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"\xff\xfe",
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    ],
)
def test_answers_that_are_none(body: bytes) -> None:
    """What is no answer of a calendar server is refused; nothing in it is expanded or looked up."""
    with pytest.raises(
        CalendarUnreadable, match=r"cal\.example\.com does not answer as a calendar server does"
    ):
        resources(answer(body))


def test_only_properties_that_are_there_count() -> None:
    """A property that a server names as missing is missing; addresses are whole."""
    found = resources(
        answer(
            DAV.format(
                "<response><href>/ana/work/</href>"
                '<propstat><prop><getetag>"a"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat>'
                "<propstat><prop><displayname>no</displayname></prop><status>HTTP/1.1 404 Not Found</status></propstat>"
                "</response><response><href></href></response><response/>"
            ).encode()
        )
    )
    (one,) = found
    assert (one.address, one.text("{DAV:}getetag"), one.text("{DAV:}displayname")) == (
        "https://cal.example.com/ana/work/", '"a"', "",
    )  # fmt: skip
    assert one.found().name == "work"


@pytest.mark.parametrize("mark", ['"a"', "a", 'W/"a"', ' "a" '])
def test_marks_are_compared_without_their_clothes(mark: str) -> None:
    """The same ETag in a header and in an answer is the same."""
    assert plain(mark) == "a"


@pytest.mark.parametrize(
    ("calendar", "path"),
    [
        ("https://cal.example.com/ana/work/", "/ana/work/session-1-f00d.ics"),
        ("https://cal.example.com/ana/My%20work/", "/ana/My work/session-1-f00d.ics"),
    ],
)
def test_place_of_an_event(calendar: str, path: str) -> None:
    """An event's place is within its calendar, spelled the same however a server spells it."""
    assert CalDav(calendar, "ana", "x").place_of("session-1-f00d") == path


def test_password_is_in_no_representation() -> None:
    """Whoever logs the way to a calendar does not log its password."""
    assert "s3cret" not in repr(CalDav("https://cal.example.com/", "ana", "s3cret"))


# ── where the login goes ──────────────────────────────────────────────────────────────────────────

PRINCIPAL = "<current-user-principal><href>{}</href></current-user-principal>"
HOME = '<home xmlns="urn:ietf:params:xml:ns:caldav"><href xmlns="DAV:">{}</href></home>'.replace(
    "home", "calendar-home-set"
)
WORK = '<resourcetype><calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype><displayname>Work</displayname>'
START = "https://cal.example.com/"


def telling(*things: tuple[str, str, str]) -> Any:
    """Return an answer that tells, at each path, of a thing at an address with these properties."""
    said = {path: (address, properties) for path, address, properties in things}

    def answer(handler: Any) -> None:
        address, properties = said.get(handler.path, ("", ""))
        body = DAV.format(
            f"<response><href>{address}</href><propstat><prop>{properties}</prop></propstat></response>"
        ).encode()
        handler.send_response(207 if address else 404)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def logins(server: Published) -> list[tuple[str, bool]]:
    """Return what a server was asked for, and whether with a login."""
    return [(path, "authorization" in headers) for path, headers in server.asked]


def test_server_that_does_not_know_of_its_tls(internet: Internet) -> None:
    """A server that calls itself by http, or by a name that it has behind its proxy, is asked over TLS all the same."""
    server = internet.host("cal.example.com")
    server.answer = telling(
        ("/", "http://cal.example.com/", PRINCIPAL.format("http://cal.example.com:8008/ana/")),
        ("/ana/", "http://radicale:5232/ana/", HOME.format("http://cal.example.com/home/")),
        ("/home/", "http://radicale:5232/home/work/", WORK),
    )
    assert CalDav(START, "ana", "x").find() == [Found("https://cal.example.com/home/work/", "Work")]
    assert logins(server) == [("/", True), ("/ana/", True), ("/home/", True)]


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("http://169.254.169.254/latest/", "leads to an address that is not asked"),
        ("http://127.0.0.1:5232/ana/", "leads to an address that is not asked"),
        ("file:///etc/passwd", "leads to an address that is not asked"),
        ("https://[", "leads to an address that is not asked"),
        ("https://169.254.169.254/latest/", "169.254.169.254, which is not given your password"),
        ("https://cal.example.com.example.net/", "example.net, which is not given your password"),
        ("https://dav.example.com/", "dav.example.com, which is not given your password"),
        ("https://nas.cal.example.com/", "private network"),
    ],
)
def test_where_no_login_goes(internet: Internet, href: str, words: str) -> None:
    """A server leads the login neither out of TLS, nor to another's host, nor into the owner's house."""
    server, inside = internet.host("cal.example.com"), internet.host("nas.cal.example.com", "192.168.1.5")
    for told in (("/", START, PRINCIPAL.format(href)), ("/", START, HOME.format(href))):
        server.answer = telling(told)
        with pytest.raises(CalendarUnreadable, match=words):
            CalDav(START, "ana", "x").find()
    assert inside.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_takes_no_login_along(internet: Internet, status: int) -> None:
    """A redirect to another host is not followed: its owner is told how to go there on purpose."""
    server, other = internet.host("cal.example.com"), internet.host("cal.example.net")
    server.answer = redirecting("https://cal.example.net/ana/", status)
    with pytest.raises(CalendarUnreadable, match="is not given your password") as refused:
        CalDav(START, "ana", "x").find()
    assert (
        refused.value.hint == "If you trust it: studio calendar connect https://cal.example.net/ --user NAME"
    )
    assert other.asked == []


@pytest.mark.parametrize(
    ("named", "below"),
    [
        ("example.com", "cal.example.com"),
        ("caldav.icloud.com", "p34-caldav.icloud.com:443"),
    ],
)
def test_hosts_of_one_server(internet: Internet, named: str, below: str) -> None:
    """A host below the one that was named, and the others of a service that has several, are its own."""
    first, second = internet.host(named), internet.host(below.partition(":")[0])
    first.answer = telling(
        ("/", "/", PRINCIPAL.format("/1/")), ("/1/", "/1/", HOME.format(f"https://{below}/1/"))
    )
    second.answer = telling(("/1/", "/1/work/", WORK))
    assert CalDav(f"https://{named}/", "ana", "x").find() == [Found(f"https://{below}/1/work/", "Work")]
    assert logins(second) == [("/1/", True)]


@pytest.mark.parametrize("path", ["//evil.example.net/x", "/ana/a?b#c%d é", "https://evil.example.net/x"])
def test_events_stay_on_their_server(internet: Internet, path: str) -> None:
    """An event is asked for on the server of its calendar, however strange its path."""
    server = internet.host("cal.example.com")
    server.status = 204
    CalDav(START + "ana/work/", "ana", "x").remove(path)
    ((asked, _),) = logins(server)
    assert unquote(asked).lstrip("/") == path.lstrip("/")


# ── weak marks ────────────────────────────────────────────────────────────────────────────────────


class Weak:
    """A server of one event, whose marks are weak and fit no If-Match."""

    def __init__(self) -> None:
        self.mark, self.writes = 1, 0

    def __call__(self, handler: Any) -> None:
        """Answer."""
        body, status = b"", 207
        if handler.command == "PUT":
            refused = "If-Match" in handler.headers or "If-None-Match" in handler.headers
            status = 412 if refused else 204
            self.mark, self.writes = self.mark + (not refused), self.writes + (not refused)
        else:
            body = DAV.format(
                "<response><href>/a.ics</href><propstat><prop>"
                f'<getetag>W/"{self.mark}"</getetag></prop></propstat></response>'
            ).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.mark.parametrize(("left", "surprised"), [("1", False), ("0", True), (None, False)])
def test_marks_that_fit_no_condition(left: str | None, surprised: bool) -> None:
    """What a server with weak marks keeps is written all the same, and said to be changed only if it was."""
    with publishing() as server:
        server.answer = weak = Weak()
        assert CalDav(server.url("/work/"), "ana", "x").put("/work/a.ics", b"", left) == ("2", surprised)
        assert weak.writes == 1
