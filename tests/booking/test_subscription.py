"""Calendars that close times: subscribing, keeping up, failing, forgetting."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from whenever import Instant

from studio_cli.booking import connection as connections
from studio_cli.booking import new_session, session_changes, slot
from studio_cli.booking import session as sessions
from studio_cli.booking import subscription as subscriptions
from studio_cli.booking.diary import diary
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.overview import overview
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.errors import NotFound, Refused
from studio_cli.model.availability import Need
from studio_cli.model.calendar import Calendar, CalendarUnreadable, Fetched, Reading, Window
from studio_cli.model.times import parse_date, show_clock, show_short
from tests.calendars import DENTIST, at, calendar, event
from tests.conftest import ZONE, Clock, Maker
from tests.outside.test_ics import quick

FRIDAY = Instant.from_utc(2026, 12, 4, 5)


@dataclass
class Paper:
    """A calendar that a test writes: read by the real reader, counted each time."""

    content: bytes = calendar(DENTIST)
    mark: str | None = None
    trouble: str | None = None
    fetched: list[str | None] = field(default_factory=list)
    read_times: int = 0

    def fetch(self, mark: str | None, window: Window) -> Fetched:
        self.fetched.append(mark)
        if self.trouble:
            raise CalendarUnreadable(self.trouble)
        if mark is not None and mark == self.mark:
            return Fetched(None, mark)
        return Fetched(self.content, self.mark)

    def read(self, content: bytes, window: Window) -> Reading:
        self.read_times += 1
        return quick(content, window)


@pytest.fixture
def paper() -> Paper:
    """A calendar with the dentist at ten on Friday 4 December."""
    return Paper()


def subscribe(studio: Studio, paper: Paper, name: str | None = "Private", **more: bool) -> Calendar:
    """Subscribe to a paper calendar."""
    return subscriptions.subscribe(studio, "file", f"/{name}.ics", lambda one: paper, name=name, **more)[0]


def slots(studio: Studio, need: Need = Need(60, increment=60)) -> list[str]:
    """Return the slots of that Friday, as times of day."""
    return [show_clock(start, ZONE) for start in slot.slots(studio, need, FRIDAY, FRIDAY.add(hours=24))]


# ── what a busy time closes ───────────────────────────────────────────────────────────────────────


def test_busy_time_closes_slots(studio: Studio, paper: Paper) -> None:
    """No slot meets a busy time, and the others stay."""
    subscribe(studio, paper)
    assert slots(studio) == ["09:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00"]


def test_buffers_are_kept_free_of_busy_times(studio: Studio, paper: Paper) -> None:
    """The time kept free around a session must be free of busy times, as it must of other sessions."""
    subscribe(studio, paper)
    assert slots(studio, Need(60, 30, 0, increment=60))[:2] == ["09:00", "12:00"]
    assert slots(studio, Need(60, 0, 1, increment=60))[0] == "11:00"
    verdict = slot.why(studio, "2026-12-04 11:00", Need(60, buffer_before=30))
    assert [one.rule for one in verdict.closures] == ["calendar"]
    assert "reaches into the time kept free" in verdict.closures[0].words


def test_why_names_calendar_and_event(studio: Studio, paper: Paper) -> None:
    """The owner reads which calendar closes a time, with what, and until when."""
    subscribe(studio, paper)
    (closure,) = slot.why(studio, "2026-12-04 10:30", Need(60)).closures
    assert (
        closure.words == "Fri 4 Dec 2026 10:30 is closed by your calendar “Private”: Dentist, 10:00 to 11:00."
    )
    assert closure.as_json()["calendar"] == "Private"
    assert not closure.clients_only


def test_owner_is_refused_and_may_insist(studio: Studio, paper: Paper, make: Maker) -> None:
    """A session in a busy time is refused with the nearest that are free, and set up with --custom."""
    subscribe(studio, paper)
    with pytest.raises(Refused, match="Dentist") as refused:
        make.session("2026-12-04 10:30")
    assert refused.value.code == "not_available"
    assert refused.value.details["nearest"][0] == "2026-12-04T09:00:00-05:00"
    assert make.session("2026-12-04 10:30", custom=True).custom_time


def test_session_is_moved_and_changed_under_the_same_rule(studio: Studio, paper: Paper, make: Maker) -> None:
    """Moving into a busy time and growing into one are refused; growing away from it is not."""
    session = make.session("2026-12-04 09:00")
    subscribe(studio, paper)
    with pytest.raises(Refused, match="Dentist"):
        session_changes.reschedule(studio, str(session.id), "2026-12-04 10:00")
    with pytest.raises(Refused, match="Dentist"):
        session_changes.edit(studio, str(session.id), Edits(duration="90m"))
    assert session_changes.edit(studio, str(session.id), Edits(duration="45m")).after.duration == 45


def test_session_that_is_there_already_stays(studio: Studio, paper: Paper, make: Maker) -> None:
    """A calendar that is busy during a session changes nothing about the session."""
    session = make.session("2026-12-04 10:00")
    subscribe(studio, paper)
    assert sessions.get(studio, session.id) == session
    assert sessions.confirm(studio, str(session.id)).session.status == "confirmed"


def test_diary_shows_busy_times(studio: Studio, paper: Paper) -> None:
    """The picture of the week has busy times among the time off."""
    subscribe(studio, paper)
    (day,) = diary(studio, parse_date("2026-12-04"), 1)
    assert [show_short(Instant.from_timestamp(at), ZONE)[-5:] for pair in day.closed for at in pair] == [
        "10:00",
        "11:00",
    ]


def test_titles_need_not_be_kept(studio: Studio, paper: Paper) -> None:
    """Without titles the file has none, and the calendar alone is named."""
    subscribe(studio, paper, titles=False)
    (closure,) = slot.why(studio, "2026-12-04 10:30", Need(60)).closures
    assert closure.words == "Fri 4 Dec 2026 10:30 is closed by your calendar “Private”, 10:00 to 11:00."
    assert b"Dentist" not in studio.file.path.read_bytes()


# ── keeping up ────────────────────────────────────────────────────────────────────────────────────


def sync(studio: Studio, paper: Paper, name: str = "Private") -> subscriptions.Synced:
    """Read a paper calendar once more."""
    return subscriptions.sync(studio, subscriptions.find(studio, name), paper)


def test_sync_replaces_what_was_known(studio: Studio, paper: Paper) -> None:
    """What is no longer in the calendar closes nothing any more, what is new does."""
    subscribe(studio, paper)
    paper.content = calendar(event("lunch", *at("20261204T120000", "20261204T130000", ZONE)))
    assert sync(studio, paper).changed
    assert slots(studio) == ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"]


def test_unchanged_calendar_is_not_read_again(studio: Studio, paper: Paper) -> None:
    """A calendar that says it is the same, or is the same, is not counted out again."""
    subscribe(studio, paper)
    assert not sync(studio, paper).changed
    paper.mark, paper.content = "etag 1", paper.content + b"\r\n"
    assert sync(studio, paper).changed
    assert not sync(studio, paper).changed
    assert paper.fetched == [None, None, None, "etag 1"]
    assert paper.read_times == 2


def test_horizon_moves_with_the_time(studio: Studio, paper: Paper, clock: Clock) -> None:
    """An unchanged calendar is counted out further when a month of what is known is over."""
    paper.content = calendar(event("w", *at("20261204T100000", "20261204T110000", ZONE), "RRULE:FREQ=WEEKLY"))
    paper.mark = "etag 1"
    until = subscribe(studio, paper).covers_until
    clock.forward(hours=24 * 29)
    assert not sync(studio, paper).changed
    clock.forward(hours=24 * 2)
    synced = sync(studio, paper)
    assert synced.changed and synced.calendar.covers_until == (until and until.add(hours=24 * 31))
    assert synced.calendar.events == 57


def test_floating_times_follow_the_studio_s_zone(studio: Studio, paper: Paper) -> None:
    """After the studio has moved to another zone, a calendar is read anew: ten o'clock is ten o'clock there."""
    paper.content = calendar(event("f", *at("20261204T100000", "20261204T110000")))
    paper.mark = "etag 1"
    subscribe(studio, paper)
    change_setting(studio, "studio.timezone", "Europe/Lisbon")
    sync(studio, paper)
    (one,) = subscriptions.coming(studio, subscriptions.find(studio, "private"), 5)
    assert show_short(one.starts_at, "Europe/Lisbon") == "Fri 4 Dec 2026 10:00"


def test_failure_keeps_what_was_known(studio: Studio, paper: Paper, clock: Clock) -> None:
    """A calendar that cannot be read closes what it closed, says why, and shows in the overview until it can."""
    subscribe(studio, paper)
    clock.forward(hours=1)
    paper.trouble = "example.com does not answer."
    with pytest.raises(CalendarUnreadable, match=r"Private cannot be read: example\.com does"):
        sync(studio, paper)
    assert "10:00" not in slots(studio)
    (failed,) = overview(studio).calendars
    assert failed.error == "example.com does not answer."
    assert failed.synced_at and failed.tried_at and failed.synced_at < failed.tried_at
    paper.trouble = None
    sync(studio, paper)
    assert overview(studio).calendars == []


def test_calendar_that_breaks_keeps_what_was_known(studio: Studio, paper: Paper) -> None:
    """Half a file, or a page in its place, frees nothing."""
    subscribe(studio, paper)
    paper.content = b"<html>Please log in</html>"
    with pytest.raises(CalendarUnreadable):
        sync(studio, paper)
    assert "10:00" not in slots(studio)


def test_stale_calendars(studio: Studio, paper: Paper, clock: Clock) -> None:
    """A calendar is stale a quarter of an hour after it was tried, whatever came of it."""
    subscribe(studio, paper)
    assert connections.due(studio) == []
    clock.forward(minutes=15)
    assert len(connections.due(studio)) == 1
    paper.trouble = "no"
    with pytest.raises(CalendarUnreadable):
        sync(studio, paper)
    assert connections.due(studio) == []


def test_calendar_forgotten_while_it_was_read(studio: Studio, paper: Paper) -> None:
    """A calendar that is forgotten while it is read stays forgotten."""
    known = subscribe(studio, paper)
    subscriptions.unsubscribe(studio, "private")
    paper.content = calendar()
    assert not subscriptions.sync(studio, known, paper).changed
    assert subscriptions.listed(studio) == []


# ── subscribing and forgetting ────────────────────────────────────────────────────────────────────


def test_calendar_that_cannot_be_read_is_not_kept(studio: Studio, paper: Paper) -> None:
    """A mistyped address leaves nothing behind."""
    paper.trouble = "nobody there"
    with pytest.raises(Refused, match="nobody there"):
        subscribe(studio, paper)
    assert subscriptions.listed(studio) == []


def test_same_address_again(studio: Studio, paper: Paper) -> None:
    """Subscribing twice to the same address keeps one calendar."""
    first = subscribe(studio, paper)
    again, new = subscriptions.subscribe(studio, "file", "/Private.ics", lambda one: paper, name="Other")
    assert (again.id, again.name, new) == (first.id, "Private", False)


def test_names(studio: Studio, paper: Paper) -> None:
    """A calendar is called what the owner says, else what it calls itself, else where it is; each name once."""
    subscribe(studio, paper)
    with pytest.raises(Refused, match="already"):
        subscriptions.subscribe(studio, "file", "/other.ics", lambda one: paper, name="PRIVATE")
    paper.content = calendar(DENTIST, head=("X-WR-CALNAME:Private",))
    for address in ("/one.ics", "/two.ics"):
        subscriptions.subscribe(studio, "file", address, lambda one: paper)
    paper.content = calendar(DENTIST)
    subscriptions.subscribe(studio, "file", "/home/ana/holidays.ics", lambda one: paper)
    subscriptions.subscribe(studio, "url", "https://example.com/s3cret.ics", lambda one: paper)
    names = [one.name for one in subscriptions.listed(studio)]
    assert names == ["example.com", "holidays", "Private", "Private 2", "Private 3"]


def test_finding(studio: Studio, paper: Paper) -> None:
    """A calendar is found by its name or the beginning of it; else the nearest names are told."""
    subscribe(studio, paper, "Work")
    subscribe(studio, paper, "Workshop")
    assert subscriptions.find(studio, "WORK").name == "Work"
    assert subscriptions.find(studio, "works").name == "Workshop"
    for name, words in (("wor", "beginning of 2"), ("wrk", "no calendar"), ("", "no calendar")):
        with pytest.raises(NotFound, match=words):
            subscriptions.find(studio, name)


def test_forgetting_frees(studio: Studio, paper: Paper) -> None:
    """What only a forgotten calendar closed is free again, and a slot there is bookable."""
    subscribe(studio, paper)
    subscriptions.unsubscribe(studio, "private")
    assert "10:00" in slots(studio)
    new_session.set_up(
        studio, Wanted(at="2026-12-04 10:00", one_off="X", duration="1h", add_client="A <a@b.co>")
    )


def test_address_is_shown_by_its_host_alone(studio: Studio, paper: Paper) -> None:
    """Nothing that is shown holds more of an address than its host."""
    secret = "https://example.com/private-3k9x/basic.ics?key=3k9x"
    kept = subscriptions.subscribe(studio, "url", secret, lambda one: paper)[0]
    assert "3k9x" not in str(kept.as_json(ZONE))
    assert kept.where == "example.com"
    assert Path(kept.address) != Path(kept.where)
