"""What a CalDAV server says, when it is not what it should be. (The journeys have a real one.)"""

from __future__ import annotations

import pytest

from studio_cli.model.calendar import CalendarUnreadable
from studio_cli.outside.caldav import CalDav, plain
from studio_cli.outside.caldav import _resources as resources
from studio_cli.outside.web import Answer

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
