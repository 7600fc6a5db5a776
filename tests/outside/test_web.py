"""Asking a web server, on loopback: bounded in size, time and redirects, and silent about the address."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from studio_cli.errors import WrongUsage
from studio_cli.model.calendar import CalendarUnreadable
from studio_cli.outside import web
from studio_cli.outside.calendars import WebCalendar
from studio_cli.outside.web import ask, check_address
from tests.calendars import DENTIST, Published, calendar, publishing
from tests.certificate import Certificate
from tests.outside.conftest import Internet
from tests.outside.test_ics import WINDOW


@pytest.fixture
def server() -> Iterator[Published]:
    """A server of calendars on loopback."""
    with publishing() as published:
        published.body = calendar(DENTIST)
        yield published


def test_https(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS a server is believed when somebody vouches for it, and else nothing is said to it."""
    server_side, client_side = certificate.server, certificate.client
    with publishing(server_side) as server:
        with pytest.raises(CalendarUnreadable, match="certificate is not valid"):
            ask("GET", server.url())
        assert server.asked == []
        monkeypatch.setattr(ssl, "create_default_context", lambda: client_side)
        server.body = calendar(DENTIST)
        assert ask("GET", server.url()).body == server.body


def test_handshake_that_never_comes() -> None:
    """A server that takes the connection and says nothing is left when the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(CalendarUnreadable, match="took longer"):
            ask("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/secret", seconds=0.3)
        assert time.monotonic() - begun < 5


def test_login_stays_with_its_host(server: Published) -> None:
    """Where a server leads to another host, neither the login nor what is sent with it is taken along."""
    with publishing() as other:
        server.answer = redirecting(other.url())
        with pytest.raises(CalendarUnreadable, match="which is not given your password") as refused:
            ask("PUT", server.url(), {"Authorization": "Basic c2VjcmV0"}, b"Rui")
        assert server.asked[0][1]["authorization"] == "Basic c2VjcmV0"
        assert other.asked == []
        assert f"studio calendar connect {other.address}/ --user NAME" in (refused.value.hint or "")
        assert ask("GET", server.url()).address == other.url()


@pytest.mark.parametrize(
    "address", ["http://example.com/a", "http://169.254.169.254/latest/", "ftp://127.0.0.1/"]
)
def test_first_address_is_no_exception(address: str) -> None:
    """Whoever names an address: what the owner could not type is not asked."""
    with pytest.raises(CalendarUnreadable, match="not asked over http"):
        ask("GET", address)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://example.com/a.ics?x=1", "https://example.com/a.ics?x=1"),
        (" webcal://example.com/a.ics ", "https://example.com/a.ics"),
        ("WEBCALS://example.com/a.ics", "https://example.com/a.ics"),
        ("http://127.0.0.1:5232/a", "http://127.0.0.1:5232/a"),
        ("http://localhost/a", "http://localhost/a"),
        ("http://[::1]:1/a", "http://[::1]:1/a"),
    ],
)
def test_addresses(typed: str, address: str) -> None:
    """https, http on this machine, and webcal, which means https."""
    assert check_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "http://example.com/a.ics", "file:///etc/passwd", "ftp://example.com/a", "https://", "https:///a", "https://[",
        "https://example.com:99999/", "https://ana:secret@example.com/", "https://example.com/a b", "http://127.0.0.1.example.com/",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(typed: str) -> None:
    """Nothing that others could read on the way, and no password in an address; none of it is repeated."""
    with pytest.raises(WrongUsage) as refused:
        check_address(typed)
    assert "secret" not in refused.value.message and "/a" not in refused.value.message


def test_unchanged_is_not_sent_again(server: Published) -> None:
    """An ETag, or else the time of the last change, is what a server is asked with the next time."""
    server.headers = {"ETag": '"one"'}
    source = WebCalendar(server.url())
    fetched = source.fetch(None, WINDOW)
    assert fetched.content == server.body
    again = source.fetch(fetched.mark, WINDOW)
    assert (again.content, again.mark) == (None, fetched.mark)
    server.headers = {"Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
    mark = source.fetch(fetched.mark, WINDOW).mark
    source.fetch(mark, WINDOW)
    assert server.asked[-1][1]["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "words"), [(404, "nothing at that address"), (401, "login"), (500, "answers 500")]
)
def test_other_answers_are_no_calendar(server: Published, status: int, words: str) -> None:
    """Any other answer is no calendar, an empty one least of all."""
    server.status = status
    with pytest.raises(CalendarUnreadable, match=words) as refused:
        WebCalendar(server.url()).fetch(None, WINDOW)
    assert "3k9x" not in refused.value.message


def test_answer_that_is_too_large(server: Published) -> None:
    """No more is read than may be."""
    server.body = b"x" * 1001
    with pytest.raises(CalendarUnreadable, match="more than"):
        ask("GET", server.url(), largest=1000)
    assert ask("GET", server.url(), largest=1001).body == server.body


def test_answer_that_ends_early(server: Published) -> None:
    """Half an answer is none."""

    def half(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 500)

    server.answer = half
    with pytest.raises(CalendarUnreadable, match="ended early"):
        ask("GET", server.url())


def test_answer_that_drips(server: Published) -> None:
    """A server that sends a byte now and then is left when the time is over."""

    def drip(handler: Any) -> None:
        handler.send_response(200)
        try:
            while True:
                handler.wfile.write(b"X: y\r\n")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    server.answer = drip
    begun = time.monotonic()
    with pytest.raises(CalendarUnreadable, match=r"took longer|cannot be reached"):
        ask("GET", server.url(), seconds=0.3)
    assert time.monotonic() - begun < 5


def redirecting(to: str, status: int = 302) -> Any:
    """Return an answer that leads elsewhere."""

    def answer(handler: Any) -> None:
        handler.send_response(status)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize(
    "to", ["http://example.com/a", "file:///etc/passwd", "ftp://127.0.0.1/", "https://["]
)
def test_redirects_that_are_not_followed(server: Published, to: str) -> None:
    """Nobody leads us to where the owner could not send us."""
    server.answer = redirecting(to)
    with pytest.raises(CalendarUnreadable, match="not asked"):
        ask("GET", server.url())


@pytest.mark.parametrize(
    ("here", "to", "leads"),
    [
        ("https://cal.example.com:8443/a/", "http://cal.example.com/b/", "https://cal.example.com:8443/b/"),
        ("https://cal.example.com/a/", "../b", "https://cal.example.com/b"),
        ("https://cal.example.com/", "https://other.example.net/", "https://other.example.net/"),
        ("https://cal.example.com/", "http://other.example.net/", None),
        ("https://cal.example.com/", "http://127.0.0.1:5232/", None),
        ("https://cal.example.com/", "http://localhost/", None),
        ("http://127.0.0.1:5232/", "http://127.0.0.1:80/", "http://127.0.0.1:80/"),
    ],
)  # fmt: skip
def test_where_a_server_leads(here: str, to: str, leads: str | None) -> None:
    """On its own host TLS stays; elsewhere it is https, and from the internet never this machine."""
    said = web.Answer(301, {}, b"", here, public="example.com" in here)
    if leads is None:
        with pytest.raises(CalendarUnreadable, match="leads to an address that is not asked"):
            web.led(said, to)
    else:
        assert web.led(said, to) == leads


def test_see_other(server: Published) -> None:
    """A 303 leads on whoever only asks; to one who writes it is an answer."""

    def first(handler: Any) -> None:
        redirecting("/seen.ics", 303)(handler) if handler.path != "/seen.ics" else answered(handler)

    def answered(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answer = first
    for method in ("GET", "PROPFIND", "REPORT"):
        assert ask(method, server.url()).address == server.url("/seen.ics")
    for method in ("PUT", "DELETE"):
        assert ask(method, server.url()).status == 303


def test_redirects_end(server: Published) -> None:
    """A server that leads on and on is left."""
    server.answer = redirecting("/next")
    with pytest.raises(CalendarUnreadable, match="on and on"):
        ask("GET", server.url())
    assert len(server.asked) == web.REDIRECTS + 1


def test_redirect_within_the_server(server: Published) -> None:
    """A redirect is followed, and the address is where it led."""

    def once(handler: Any) -> None:
        server.answer = None
        redirecting("/moved.ics")(handler)

    server.answer = once
    assert ask("GET", server.url()).address == server.url("/moved.ics")


def test_public_server_does_not_lead_into_the_house(server: Published) -> None:
    """From the internet nobody leads us to this machine or its neighbours: the very address is looked at."""
    with pytest.raises(CalendarUnreadable, match="private network"):
        web._once("GET", server.url(), {}, None, 1000, 5, True)
    assert server.asked == []


def test_internet_leads_nobody_into_the_house(internet: Internet) -> None:
    """What stands in the house is asked where the owner names it, and not where a server on the internet does."""
    server, inside = internet.host("cal.example.com"), internet.host("nas.example.com", "192.168.1.5")
    server.answer = redirecting("https://nas.example.com/a")
    with pytest.raises(CalendarUnreadable, match="private network"):
        ask("GET", "https://cal.example.com/")
    assert len(server.asked) == 1 and inside.asked == []
    inside.body = calendar(DENTIST)
    assert ask("GET", "https://nas.example.com/").body == inside.body  # the owner may


def test_server_that_is_not_there() -> None:
    """A port where nobody listens, and a name that does not exist, are said by the host alone."""
    for address, words in (
        ("http://127.0.0.1:9/secret", "refused"),
        ("https://nowhere.invalid/secret", "no such host"),
    ):
        with pytest.raises(CalendarUnreadable, match=words) as refused:
            ask("GET", address)
        assert "secret" not in refused.value.message
