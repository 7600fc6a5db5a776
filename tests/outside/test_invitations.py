"""Calendar files in calendars: one event for ever, moved when it is moved, gone when it is canceled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio_cli.booking import session_changes
from studio_cli.booking.calendar_file import calendar_file
from studio_cli.booking.studio import Studio
from tests.conftest import Maker
from tests.outside.calendar_programs import Kept, imported_by_ical_js, imported_by_khal

Imported = Callable[[Sequence[bytes]], list[Kept]]
TITLE = "Portrait – Ana Silva Photography"
FIRST = Kept(TITLE, datetime(2026, 12, 4, 15, tzinfo=UTC), datetime(2026, 12, 4, 16, tzinfo=UTC))
MOVED = Kept(TITLE, datetime(2026, 12, 7, 19, tzinfo=UTC), datetime(2026, 12, 7, 20, tzinfo=UTC))


@pytest.fixture(params=["khal", "ical.js"])
def imported(request: pytest.FixtureRequest, tmp_path: Path) -> Imported:
    """Put calendar files into a calendar; return what takes place."""
    if request.param == "khal":
        return lambda files: imported_by_khal(tmp_path, files)
    reader = request.getfixturevalue("second_reader")
    return lambda files: imported_by_ical_js(reader, files)


def as_request(file: bytes) -> bytes:
    """Return a published event as an invitation."""
    assert file.count(b"METHOD:PUBLISH\r\n") == 1
    people = b"ORGANIZER;CN=Ana:mailto:ana@example.com\r\nATTENDEE;CN=Rui:mailto:rui@example.com\r\n"
    return file.replace(b"METHOD:PUBLISH", b"METHOD:REQUEST").replace(b"END:VEVENT", people + b"END:VEVENT")


def as_cancel(file: bytes) -> bytes:
    """Return the cancellation of an event: both words for it, and a higher number."""
    file = as_request(file).replace(b"METHOD:REQUEST", b"METHOD:CANCEL")
    file = file.replace(b"STATUS:CONFIRMED", b"STATUS:CANCELLED")
    return re.sub(rb"SEQUENCE:(\d+)", lambda found: b"SEQUENCE:%d" % (int(found[1]) + 1), file)


def test_published(studio: Studio, make: Maker, imported: Imported) -> None:
    """A session's file is one event at its time, also when it is opened twice."""
    file = calendar_file(studio, make.session())
    assert imported([file, file]) == [FIRST]


def test_moved(studio: Studio, make: Maker, imported: Imported) -> None:
    """The file of a session that was moved moves the event: the old time is free."""
    session = make.session()
    moved = session_changes.reschedule(studio, str(session.id), "2026-12-07 14:00").after
    assert imported([calendar_file(studio, session), calendar_file(studio, moved)]) == [MOVED]


def test_two_sessions(studio: Studio, make: Maker, imported: Imported) -> None:
    """Two sessions are two events."""
    sessions = [make.session(), make.session("2026-12-07 14:00")]
    assert imported([calendar_file(studio, session) for session in sessions]) == [FIRST, MOVED]


def test_late_mail(studio: Studio, make: Maker, second_reader: object) -> None:
    """Mails may overtake each other: the numbers say which is the last, in whatever order they come."""
    session = make.session()
    after = session_changes.reschedule(studio, str(session.id), "2026-12-07 14:00").after
    invited, moved = (as_request(calendar_file(studio, one)) for one in (session, after))
    canceled = as_cancel(calendar_file(studio, after))
    assert imported_by_ical_js(second_reader, [moved, invited]) == [MOVED]  # type: ignore[arg-type]
    assert imported_by_ical_js(second_reader, [canceled, moved, invited]) == []  # type: ignore[arg-type]


def test_over_a_clock_change(studio: Studio, make: Maker, imported: Imported) -> None:
    """A session in the night in which clocks change has its real length in every calendar."""
    session = make.session("2026-11-01 00:30", duration="3h", custom=True)
    (kept,) = imported([calendar_file(studio, session)])
    assert (kept.start, kept.end) == (
        datetime(2026, 11, 1, 4, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 7, 30, tzinfo=UTC),
    )


def test_words(studio: Studio, make: Maker, imported: Imported) -> None:
    """Whatever a title is, the calendar shows it as it is."""
    titles = ["a, b; c\\n d", "Familienbild – שלום 🎉", "END:VEVENT", 'x" : =; y']
    sessions = [
        make.session(f"2026-12-04 {10 + 2 * n}:00", one_off=title, custom=True)
        for n, title in enumerate(titles)
    ]
    kept = imported([calendar_file(studio, session) for session in sessions])
    assert {one.summary for one in kept} == {f"{title} – Ana Silva Photography" for title in titles}
