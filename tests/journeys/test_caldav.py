"""A calendar on a real CalDAV server: sessions go into it, stay what they are, and what else is there closes times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from icalendar import Calendar as Ics
from whenever import Instant

from studio_cli.booking import connection as connections
from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes, slot
from studio_cli.booking import subscription as subscriptions
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused
from studio_cli.model.availability import Need
from studio_cli.model.calendar import Calendar, CalendarUnreadable, Found
from studio_cli.model.settings import STUDIO_ID
from studio_cli.outside import ics
from studio_cli.outside.caldav import CalDav
from tests.calendars import DENTIST, at, calendar, event
from tests.conftest import Clock, Maker
from tests.journeys.test_busy_calendars import compare, life
from tests.radicale_server import PASSWORD, USER, Radicale, radicale


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A CalDAV server with one user."""
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture
def address(server: Radicale) -> Iterator[str]:
    """An empty calendar there."""
    yield server.collection("work")
    server.ask("DELETE", f"/{USER}/work/")


def target_of(calendar: Calendar) -> CalDav:
    """Return the way to a calendar."""
    return CalDav(calendar.address, USER, PASSWORD)


def connect(studio: Studio, address: str, *, writes: bool = True) -> Calendar:
    """Connect a calendar."""
    return subscriptions.subscribe(
        studio, "caldav", address, target_of, name="Work", user=USER, writes=writes
    )[0]


def sync(studio: Studio) -> connections.Outcome:
    """Read and write it once more."""
    known = subscriptions.find(studio, "work")
    return connections.sync(studio, known, target_of(known))


def there(server: Radicale, path: str = f"/{USER}/work/") -> dict[str, Ics]:
    """Return the events that are on the server, by their UID."""
    status, content, _ = server.ask("GET", path)
    assert status == 200
    events = list(Ics.from_ical(content).walk("VEVENT")) if content.strip() else []
    found = {str(one["UID"]): one for one in events}
    assert len(found) == len(events)
    return found


def shown(server: Radicale) -> list[str]:
    """Return what the server's events say: when (UTC), what, status."""
    said = [
        f"{one['DTSTART'].dt:%d %H:%M} {one['SUMMARY']} {one['STATUS']}" for one in there(server).values()
    ]
    return sorted(said)


# ── finding ───────────────────────────────────────────────────────────────────────────────────────


def test_calendars_are_found(server: Radicale, address: str) -> None:
    """From the root of a server, from a person's home and from the calendar itself."""
    home = f"{server.address}{USER}/"
    for start in (server.address, home, address, address.rstrip("/")):
        assert CalDav(start, USER, PASSWORD).find() == [Found(address, "work")], start
    other = server.collection("family")
    found = CalDav(server.address, USER, PASSWORD).find()
    server.ask("DELETE", f"/{USER}/family/")
    assert {one.address for one in found} == {address, other}
    assert connections.choose(found, "FAMILY").address == other
    with pytest.raises(Refused, match="2 calendars there"):
        connections.choose(found, None)


def test_wrong_password(server: Radicale, address: str) -> None:
    """A wrong password is said as such, and so is one that is not known."""
    for password, words in (("wrong", "password is wrong"), (None, "not known here")):
        with pytest.raises(CalendarUnreadable, match=words):
            CalDav(address, USER, password).find()


# ── sessions in it ────────────────────────────────────────────────────────────────────────────────


def test_sessions_are_written_and_updated_in_place(
    studio: Studio, make: Maker, clock: Clock, server: Radicale, address: str
) -> None:
    """Each session is one event, which follows it wherever it goes, and goes with it."""
    make.session("2026-12-04 10:00", add_client="Rui")
    make.session("2026-12-07 10:00", add_client="Eva", expires="3h")
    connect(studio, address)
    assert sync(studio).delivered.put == (1, 2)
    assert shown(server) == [
        "04 15:00 Portrait – Rui (pending) TENTATIVE",
        "07 15:00 Portrait – Eva (pending) TENTATIVE",
    ]
    assert sync(studio).delivered == connections.Delivered()
    sessions.confirm(studio, "1")
    session_changes.reschedule(studio, "1", "2026-12-05 11:00", custom=True)
    clock.forward(hours=4)
    assert sync(studio).delivered == connections.Delivered((1,), (2,))
    assert shown(server) == ["05 16:00 Portrait – Rui CONFIRMED"]
    sessions.reopen(studio, "2")
    sessions.cancel(studio, "1")
    assert sync(studio).delivered == connections.Delivered((2,), (1,))
    assert shown(server) == ["07 15:00 Portrait – Eva (pending) TENTATIVE"]
    assert list(there(server)) == [f"session-2@{studio.settings[STUDIO_ID]}.studio"]


def test_session_that_is_over_stays_in_it(
    studio: Studio, make: Maker, clock: Clock, server: Radicale, address: str
) -> None:
    """What is over stays in the calendar as it was, whatever is done to the session later."""
    session = make.session("2026-12-04 10:00", add_client="Rui")
    connect(studio, address)
    sync(studio)
    clock.now = session.ends_at
    sessions.confirm(studio, "1")
    assert sync(studio).delivered == connections.Delivered()
    assert shown(server) == ["04 15:00 Portrait – Rui (pending) TENTATIVE"]


@pytest.mark.parametrize("hours", [0, 24])
def test_session_that_is_moved_into_the_past_follows(
    studio: Studio, make: Maker, clock: Clock, server: Radicale, address: str, hours: int
) -> None:
    """A session that is over because it was moved is no longer where it was, whenever that is noticed."""
    make.session("2026-12-04 10:00", add_client="Rui")
    connect(studio, address)
    sync(studio)
    session_changes.reschedule(
        studio, "1", "2026-11-19 10:00" if not hours else "2026-11-20 12:00", custom=True
    )
    clock.forward(hours=hours)
    known = subscriptions.find(studio, "work")
    assert connections.waits(studio, known)
    assert sync(studio).delivered == connections.Delivered((1,))
    assert [one[:8] for one in shown(server)] == [["19 15:00", "20 17:00"][hours > 0]]
    assert not connections.waits(studio, known) and sync(studio).delivered == connections.Delivered()


def test_session_that_was_called_off_long_ago_is_taken_out(
    studio: Studio, make: Maker, clock: Clock, server: Radicale, address: str
) -> None:
    """However late it is noticed, a session that was canceled does not stay in the calendar."""
    make.session("2027-10-01 10:00", custom=True)
    connect(studio, address)
    sync(studio)
    sessions.cancel(studio, "1")
    clock.forward(hours=24 * 100)
    assert sync(studio).delivered.removed == (1,)
    assert there(server) == {}


def test_calendar_that_cannot_be_read_is_written(
    studio: Studio, make: Maker, server: Radicale, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with the others' events keeps no session out of the calendar; it is told all the same."""
    known = connect(studio, address)
    server.ask("PUT", f"/{USER}/work/dentist.ics", calendar(DENTIST), Content_Type="text/calendar")
    make.session("2026-12-07 10:00", add_client="Rui")
    monkeypatch.setattr(ics, "SECONDS", 0.01)
    with pytest.raises(CalendarUnreadable, match="Work cannot be read: It takes too long") as trouble:
        sync(studio)
    assert trouble.value.details == {"calendar": "Work", "written": [1], "removed": [], "put_back": []}
    assert f"session-1@{studio.settings[STUDIO_ID]}.studio" in there(server)
    assert "too long" in (subscriptions.find(studio, known.name).error or "")


def test_change_over_there_is_put_back_and_told(
    studio: Studio, make: Maker, server: Radicale, address: str
) -> None:
    """An event that was moved or removed in the calendar is put back as the session is, and its owner is told."""
    for day in (4, 7, 8):
        make.session(f"2026-12-0{day} 10:00", add_client="Rui")
    connect(studio, address)
    sync(studio)
    sync(studio)  # reads what it has written itself
    before = shown(server)
    identity = studio.settings[STUDIO_ID]
    moved, removed = (f"/{USER}/work/session-{number}-{identity}.ics" for number in (1, 2))
    content = server.ask("GET", moved)[1].replace(b"T150000Z", b"T180000Z")
    assert server.ask("PUT", moved, content, Content_Type="text/calendar")[0] in {201, 204}
    assert server.ask("DELETE", removed)[0] == 200
    assert shown(server) != before
    assert sync(studio).delivered == connections.Delivered((1, 2), (), (1, 2))
    assert shown(server) == before
    assert sessions.get(studio, 1).starts_at == make.session("2026-12-09 10:00").starts_at.subtract(
        hours=24 * 5
    )


def test_server_that_adds_something_of_its_own(
    studio: Studio, make: Maker, server: Radicale, address: str
) -> None:
    """An event that a server has written anew, and that says the same, is left alone, and nobody is told."""
    make.session("2026-12-04 10:00", add_client="Rui", location="High Park", notes="Dog;\nbig")
    connect(studio, address)
    sync(studio)
    path = f"/{USER}/work/session-1-{studio.settings[STUDIO_ID]}.ics"
    content = server.ask("GET", path)[1].replace(b"END:VEVENT", b"X-MOZ-GENERATION:1\r\nEND:VEVENT")
    server.ask("PUT", path, content, Content_Type="text/calendar")
    assert sync(studio).delivered == connections.Delivered()
    assert b"X-MOZ-GENERATION" in server.ask("GET", path)[1]
    sessions.confirm(studio, "1")
    assert sync(studio).delivered == connections.Delivered((1,))
    assert [str(one["STATUS"]) for one in there(server).values()] == ["CONFIRMED"]


def test_change_over_there_at_the_same_moment(
    studio: Studio, make: Maker, server: Radicale, address: str
) -> None:
    """Something that is changed there after it was read, and before it is written, is put back and told of too."""
    make.session("2026-12-04 10:00", add_client="Rui")
    known = connect(studio, address)
    sync(studio)
    path = f"/{USER}/work/session-1-{studio.settings[STUDIO_ID]}.ics"
    for act in (
        lambda: server.ask(
            "PUT", path, server.ask("GET", path)[1].replace(b"Rui", b"Eva"), Content_Type="text/calendar"
        ),
        lambda: server.ask("DELETE", path),
    ):
        act()
        session_changes.edit(studio, "1", Edits(notes=f"{act}"))
        assert connections.deliver(studio, known, target_of(known), None).put_back == (1,)
        assert shown(server) == ["04 15:00 Portrait – Rui (pending) TENTATIVE"]


class Killed(BaseException):
    """The process was killed here."""


def test_killed_at_any_point_the_next_one_finishes(
    studio: Studio, make: Maker, server: Radicale, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it dies before, during or after any write: the next sync leaves each session there once, as it is."""
    for day in (4, 7):
        make.session(f"2026-12-0{day} 10:00", add_client="Rui")
    known = connect(studio, address)
    ask = connections.calendar_store.note_written
    put, remove = CalDav.put, CalDav.remove
    left = 0

    def mortal(act):  # type: ignore[no-untyped-def]
        def dying(*arguments, **named):  # type: ignore[no-untyped-def]
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            done = act(*arguments, **named)
            left -= 1
            if left == 0:
                raise Killed
            return done

        return dying

    monkeypatch.setattr(connections.calendar_store, "note_written", mortal(ask))
    monkeypatch.setattr(CalDav, "put", mortal(put))
    monkeypatch.setattr(CalDav, "remove", mortal(remove))
    deaths = 0
    for changes in range(1, 11):
        left = changes
        session_changes.edit(studio, "1", Edits(notes=f"change {changes}"))
        session = sessions.cancel(studio, "2") if changes == 8 else None
        try:
            connections.deliver(studio, known, target_of(known), None)
        except Killed:
            deaths += 1
        left = 10**6
        sync(studio)
        events = there(server)
        assert len(events) == (1 if changes >= 8 else 2), session
        assert f"change {changes}" in str(
            events[f"session-1@{studio.settings[STUDIO_ID]}.studio"]["DESCRIPTION"]
        )
    assert deaths >= 6


def test_killed_right_after_a_write_and_then_canceled(
    studio: Studio, make: Maker, server: Radicale, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that was written by a process that died at once, and then canceled, does not stay there."""
    make.session("2026-12-04 10:00")
    known = connect(studio, address)
    put = CalDav.put

    def dying(*arguments, **named):  # type: ignore[no-untyped-def]
        put(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CalDav, "put", dying)
        with pytest.raises(Killed):
            connections.deliver(studio, known, target_of(known), None)
    assert len(there(server)) == 1
    sessions.cancel(studio, "1")
    assert sync(studio).delivered.removed == (1,)
    assert there(server) == {}


# ── busy times in it ──────────────────────────────────────────────────────────────────────────────


def test_other_events_close_times_and_sessions_do_not(
    studio: Studio, make: Maker, server: Radicale, address: str
) -> None:
    """The dentist closes ten o'clock; a session in the same calendar does not close its own time once it is canceled."""
    server.ask("PUT", f"/{USER}/work/dentist.ics", calendar(DENTIST), Content_Type="text/calendar")
    session = make.session("2026-12-04 12:00")
    connect(studio, address)
    sync(studio)
    sync(studio)
    assert subscriptions.find(studio, "work").events == 1
    assert "Dentist" in slot.why(studio, "2026-12-04 10:00", Need(60)).closures[0].words
    session_changes.reschedule(studio, str(session.id), "2026-12-04 13:00")
    assert slot.why(studio, "2026-12-04 12:00", Need(60)).free
    server.ask("DELETE", f"/{USER}/work/dentist.ics")
    assert sync(studio).changed
    assert slot.why(studio, "2026-12-04 10:00", Need(60)).free


def test_unchanged_calendar_costs_one_question(studio: Studio, server: Radicale, address: str) -> None:
    """When nothing has changed there, one small question is asked."""
    known = connect(studio, address, writes=False)
    calendar_then = subscriptions.find(studio, "work")
    source = target_of(known)
    assert source.fetch(calendar_then.mark, subscriptions.window_of(studio, known)).content is None
    assert not sync(studio).changed


def test_life_on_the_server_closes_what_the_second_opinion_closes(
    studio: Studio, server: Radicale, opinion: str
) -> None:
    """Read over CalDAV, a calendar of every kind of event closes exactly what the slow second opinion closes."""
    address = server.collection("life", life(3, 40))
    connect(studio, address, writes=False)
    assert compare(studio, opinion, server.ask("GET", f"/{USER}/life/")[1], "over CalDAV") > 50
    server.ask("DELETE", f"/{USER}/life/")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_events_over_caldav(studio: Studio, server: Radicale, opinion: str) -> None:
    """The same with a thousand events."""
    address = server.collection("life", life(5, 1000))
    connect(studio, address, writes=False)
    assert compare(studio, opinion, server.ask("GET", f"/{USER}/life/")[1], "over CalDAV") > 500
    server.ask("DELETE", f"/{USER}/life/")


def test_life_goes_on_there(studio: Studio, make: Maker, server: Radicale, opinion: str) -> None:
    """With sessions written among them, the others' events go on closing exactly what they close."""
    address = server.collection("life", life(4, 25))
    make.session("2026-12-04 07:00", custom=True)
    connect(studio, address)
    sync(studio)
    sync(studio)
    sessions.cancel(studio, "1")
    content = re.sub(
        rb"BEGIN:VEVENT\r\n(?:(?!END:VEVENT)[\s\S])*UID:session-[\s\S]*?END:VEVENT\r\n",
        b"",
        server.ask("GET", f"/{USER}/life/")[1],
    )
    assert compare(studio, opinion, content, "with sessions") > 20
    server.ask("DELETE", f"/{USER}/life/")


# ── no longer ─────────────────────────────────────────────────────────────────────────────────────


def test_disconnecting(studio: Studio, make: Maker, server: Radicale, address: str) -> None:
    """A calendar that is forgotten keeps its sessions, or is left without them; the others' events stay."""
    server.ask("PUT", f"/{USER}/work/dentist.ics", calendar(DENTIST), Content_Type="text/calendar")
    make.session("2026-12-04 12:00")
    known = connect(studio, address)
    sync(studio)
    assert connections.disconnect(studio, known, None) == 0
    assert len(there(server)) == 2
    known = connect(studio, address)
    assert sync(studio).delivered.put == (1,)  # it is there already, and is found again
    assert len(there(server)) == 2
    assert connections.disconnect(studio, known, target_of(known)) == 1
    assert list(there(server)) == ["dentist"]


def test_disconnecting_leaves_what_is_over(
    studio: Studio, make: Maker, clock: Clock, server: Radicale, address: str
) -> None:
    """Only sessions to come are taken out of a calendar; one that was moved into the past goes from where it was."""
    for day in (4, 7, 8):
        make.session(f"2026-12-0{day} 10:00", add_client="Rui")
    known = connect(studio, address)
    sync(studio)
    clock.now = Instant.from_utc(2026, 12, 5, 15)
    session_changes.reschedule(studio, "3", "2026-12-03 10:00", custom=True)
    assert connections.disconnect(studio, known, target_of(known)) == 2
    assert [one[:8] for one in shown(server)] == ["04 15:00"]


@pytest.mark.parametrize(
    ("nth", "moment", "remove"),
    [(1, "before", True), (1, "after", False), (2, "before", False), (2, "after", True)],
)
def test_disconnected_while_somebody_writes(
    studio: Studio, make: Maker, server: Radicale, address: str, monkeypatch: pytest.MonkeyPatch,
    nth: int, moment: str, remove: bool,
) -> None:  # fmt: skip
    """Whoever is writing stops, and leaves nothing there that was not there, or was taken out meanwhile."""
    make.session("2026-12-04 10:00", add_client="Rui")
    known = connect(studio, address)
    sync(studio)
    session_changes.edit(studio, "1", Edits(notes="x"))
    for day in (7, 8):
        make.session(f"2026-12-0{day} 10:00", add_client="Eva")
    put, calls = CalDav.put, []

    def putting(self: CalDav, path: str, content: bytes, mark: str | None) -> tuple[str | None, bool]:
        calls.append(path)
        if len(calls) == nth and moment == "before":
            connections.disconnect(studio, known, target_of(known) if remove else None)
        done = put(self, path, content, mark)
        if len(calls) == nth and moment == "after":
            connections.disconnect(studio, known, target_of(known) if remove else None)
        return done

    monkeypatch.setattr(CalDav, "put", putting)
    delivered = connections.deliver(studio, known, target_of(known), None)
    assert len(calls) == nth and len(delivered.put) == nth - 1
    assert [one[:8] for one in shown(server)] == ([] if remove else ["04 15:00"])


def test_disconnected_while_somebody_takes_out(
    studio: Studio, make: Maker, server: Radicale, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions that are to stay in a calendar when it is forgotten stay, though somebody was taking them out."""
    for day in (4, 7):
        make.session(f"2026-12-0{day} 10:00", add_client="Rui")
    known = connect(studio, address)
    sync(studio)
    for number in ("1", "2"):
        sessions.cancel(studio, number)
    remove = CalDav.remove

    def removing(self: CalDav, path: str) -> None:
        remove(self, path)
        connections.disconnect(studio, known, None)

    monkeypatch.setattr(CalDav, "remove", removing)
    assert connections.deliver(studio, known, target_of(known), None).removed == (1,)
    assert [one[:8] for one in shown(server)] == ["07 15:00"]


def test_read_only_is_never_written(studio: Studio, make: Maker, server: Radicale, address: str) -> None:
    """A calendar that is only read stays as it is."""
    make.session("2026-12-04 12:00")
    connect(studio, address, writes=False)
    sync(studio)
    assert there(server) == {}


def test_server_that_is_gone_keeps_what_was_known(
    studio: Studio, make: Maker, tmp_path: Path, clock: Clock
) -> None:
    """While the server is away, times stay closed; when it is back, what has changed meanwhile is written."""
    with radicale(tmp_path / "one") as server:
        address = server.collection(
            "work", calendar(DENTIST, event("x", *at("20261207T150000Z", "20261207T160000Z")))
        )
        known = connect(studio, address)
    make.session("2026-12-04 12:00")
    with pytest.raises(CalendarUnreadable, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        sync(studio)
    assert not slot.why(studio, "2026-12-04 10:00", Need(60)).free
    assert connections.due(studio) == []
    clock.forward(minutes=15)
    assert [one.id for one in connections.due(studio)] == [known.id]
