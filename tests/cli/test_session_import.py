"""``studio session import``: appointments of other programs, calendars, and our own list."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli

FILES = Path(__file__).parent.parent / "files" / "import"
ATTENDEE = "ATTENDEE;CN=Rui Costa:mailto:rui@example.com"


@pytest.fixture
def with_type(new_studio: Cli) -> Cli:
    """A studio that offers a family session with a deposit."""
    new_studio(
        "type",
        "add",
        "Family session",
        "--slug",
        "family",
        "--duration",
        "90m",
        "--price",
        "250",
        "--deposit",
        "50",
    ).ok()
    return new_studio


def listed(cli: Cli) -> list[dict[str, Any]]:
    """Return the sessions by their time."""
    found: list[dict[str, Any]] = cli("session", "list", "--json").ok().json
    return found


def events(*texts: str) -> bytes:
    """Return a calendar of events."""
    body = "".join(f"BEGIN:VEVENT\n{text}\nEND:VEVENT\n" for text in texts)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def put(folder: Path, content: bytes | str, name: str = "old.ics") -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_appointments_of_acuity(with_type: Cli, tmp_path: Path) -> None:
    """What is known as a type is of it, the rest are one-offs; a time that is taken is given back; nobody is mailed."""
    file = put(tmp_path, (FILES / "acuity-appointments.csv").read_bytes(), "acuity.csv")
    done = with_type("session", "import", file, "--json").ok().json
    assert (done["new"], done["refused"]) == (2, 2)
    assert [one["line"] for one in done["refusals"]] == [4, 5]
    assert "taken" in done["refusals"][0]["reason"]
    assert "how long" in done["refusals"][1]["reason"]
    past, coming = listed(with_type)
    assert (past["title"], past["status"], past["starts_at"]) == (
        "Headshots",
        "confirmed",
        "2025-03-02T15:30:00-05:00",
    )
    assert past["price"]["amount"] == "0.00"
    assert with_type("session", "show", str(past["id"]), "--json").ok().json["notes"] == "Price: $149.00"
    assert (coming["type"]["slug"], coming["duration_minutes"], coming["price"]["amount"]) == (
        "family",
        90,
        "250.00",
    )
    assert coming["client"]["email"] == "chidi@example.com"
    assert with_type("mail", "list", "--json").ok().json == []
    refused = [one["email"] for one in with_type("client", "list", "--json").ok().json]
    assert "eleanor@example.com" not in refused


def test_the_same_file_again_changes_nothing(with_type: Cli, tmp_path: Path) -> None:
    """Even when a session was moved or canceled since, or a rehearsal went before."""
    file = put(tmp_path, (FILES / "acuity-appointments.csv").read_bytes(), "acuity.csv")
    before = (tmp_path / "studio.db").read_bytes()
    assert with_type("session", "import", file, "--dry-run", "--json").ok().json["new"] == 2
    assert (tmp_path / "studio.db").read_bytes() == before
    with_type("session", "import", file).ok()
    numbers = {one["title"]: str(one["id"]) for one in listed(with_type)}
    with_type("session", "reschedule", numbers["Family session"], "--at", "2026-12-05 14:00", "--custom").ok()
    before = (tmp_path / "studio.db").read_bytes()
    again = with_type("session", "import", file, "--json")
    assert (again.json["new"], again.json["same"]) == (1, 2)  # the third has its time now
    assert with_type("session", "import", file, "--json").json["new"] == 0


def test_appointments_of_square(new_studio: Cli, tmp_path: Path) -> None:
    """Date and time in two columns, the month first as one of the days says; what was canceled is given back."""
    file = put(tmp_path, (FILES / "square-appointments.csv").read_bytes(), "square.csv")
    done = new_studio("session", "import", file, "--json").ok().json
    assert [one["starts_at"] for one in listed(new_studio)] == [
        "2026-12-09T14:15:00-05:00",
        "2026-12-14T10:00:00-05:00",
    ]
    assert [one["reason"] for one in done["refusals"]] == ["It is cancelled."]
    assert listed(new_studio)[1]["price"]["amount"] == "160.00"


def test_dates_that_can_be_read_in_two_ways_are_asked_about(new_studio: Cli, tmp_path: Path) -> None:
    """A month and a day that could be each other are not guessed at."""
    file = put(tmp_path, "Date,Time,Duration,Name\n04/12/2026,10:00,60,Rui\n", "a.csv")
    refused = new_studio("session", "import", file)
    assert refused.code == 2
    assert "--dates" in refused.err
    new_studio("session", "import", file, "--dates", "dmy").ok()
    assert listed(new_studio)[0]["starts_at"] == "2026-12-04T10:00:00-05:00"


def test_overlaps_are_allowed_when_told(with_type: Cli, tmp_path: Path) -> None:
    """--allow-overlap takes both, --status and --type say what all of them are."""
    file = put(
        tmp_path,
        "Starts at,Ends at,Name\n2026-12-04 10:00,11:00,Rui\n2026-12-04T15:30:00Z,11:00,Eva\n",
        "a.csv",
    )
    assert with_type("session", "import", file, "--dry-run", "--json").ok().json["refused"] == 1
    with_type("session", "import", file, "--allow-overlap", "--status", "pending", "--type", "fam").ok()
    first, second = listed(with_type)
    assert (first["status"], second["status"], second["overlap_allowed"]) == ("pending", "pending", True)
    assert {one["type"]["slug"] for one in (first, second)} == {"family"}


def test_our_own_list_comes_back(with_type: Cli, tmp_path: Path) -> None:
    """What session list writes as CSV is the same sessions in another studio, and nothing new in this one."""
    new = ("session", "new", "--client", "1", "--notes", "=1+1\nsecond")
    with_type("client", "add", "Émile, Zola", "--email", "emile@example.com").ok()
    with_type(*new, "--type", "family", "--at", "2026-12-04 10:00").ok()
    with_type(
        *new,
        "--one-off",
        "-Tea",
        "--duration",
        "45m",
        "--price",
        "12.50",
        "--at",
        "2026-12-05 10:00",
        "--custom",
    ).ok()
    with_type("session", "confirm", "2").ok()
    fields = "status,starts_at,ends_at,title,client,email,price,location,type,notes"
    file = put(tmp_path, with_type("session", "list", "--csv", "--columns", fields).ok().out, "all.csv")
    assert with_type("session", "import", file, "--json").ok().json["same"] == 2
    known = [{**one, "created_at": "", "confirmed_at": ""} for one in listed(with_type)]
    (tmp_path / "studio.db").unlink()
    made = ("--name", "B", "--email", "b@example.com", "--timezone", "America/Toronto", "--currency", "CAD")
    with_type("init", *made).ok()
    with_type("session", "import", file).ok()
    for one, before in zip(listed(with_type), known, strict=True):
        for name in ("status", "title", "starts_at", "ends_at", "price", "notes", "client"):
            assert one[name] == before[name]


def test_events_of_a_calendar(new_studio: Cli, tmp_path: Path) -> None:
    """An event is with whom it invites; recurrences are sessions each; days and what is called off are given back."""
    content = events(
        f"UID:1\nDTSTART:20261204T150000Z\nDTEND:20261204T160000Z\nSUMMARY:Portrait\nLOCATION:High Park\nDESCRIPTION:a\\nb\n{ATTENDEE}",
        f"UID:2\nDTSTART;TZID=America/Toronto:20261201T090000\nDURATION:PT30M\nRRULE:FREQ=DAILY;COUNT=2\nSUMMARY:Lesson\n{ATTENDEE}",
        f"UID:3\nDTSTART;VALUE=DATE:20261206\nSUMMARY:Away\n{ATTENDEE}",
        f"UID:4\nDTSTART:20261207T150000Z\nDTEND:20261207T160000Z\nSTATUS:CANCELLED\nSUMMARY:Off\n{ATTENDEE}",
        "UID:5\nDTSTART:20261208T150000Z\nDTEND:20261208T160000Z\nSUMMARY:Eva Lima: Headshots",
    )
    file = put(tmp_path, content)
    done = new_studio("session", "import", file, "--json").ok().json
    assert (done["new"], done["refused"]) == (3, 3)
    assert [(one["title"], one["starts_at"][:16], one["client"]["email"]) for one in listed(new_studio)] == [
        ("Lesson", "2026-12-01T09:00", "rui@example.com"),
        ("Lesson", "2026-12-02T09:00", "rui@example.com"),
        ("Portrait", "2026-12-04T10:00", "rui@example.com"),
    ]
    assert new_studio("session", "import", file, "--names-in-titles", "--json").ok().json["new"] == 1
    assert listed(new_studio)[-1]["client"]["name"] == "Eva Lima"
    assert listed(new_studio)[-1]["title"] == "Headshots"
    assert new_studio("session", "import", file, "--client", "rui", "--json").ok().json["new"] == 0


def test_our_own_calendar_brings_nothing_new(with_type: Cli, tmp_path: Path) -> None:
    """A session of this studio in a calendar is itself."""
    with_type(
        "session",
        "new",
        "--type",
        "family",
        "--add-client",
        "Rui <rui@example.com>",
        "--at",
        "2026-12-04 10:00",
    ).ok()
    with_type("session", "confirm", "1").ok()
    file = put(tmp_path, with_type("calendar", "export").ok().out)
    done = with_type("session", "import", file, "--json").ok().json
    assert (done["new"], done["same"], done["refused"]) == (0, 1, 0)


@pytest.mark.parametrize(
    "content", [b"", b"BEGIN:VCALENDAR\r\n", b"Name,Email\nRui,a@example.com\n", b"\0\1"]
)
def test_files_that_are_none(new_studio: Cli, tmp_path: Path, content: bytes) -> None:
    """What holds no sessions is refused with words, and changes nothing."""
    refused = new_studio("session", "import", put(tmp_path, content))
    assert refused.code in {2, 3, 5}
    assert "Traceback" not in refused.err
    assert listed(new_studio) == []


def test_a_refused_row_leaves_no_client_behind(new_studio: Cli, tmp_path: Path) -> None:
    """Of a row that is given back nothing stays, and one line of history tells of the import."""
    text = (
        "Starts at,Duration,Name\n2026-12-04 10:00,60,Rui\n2026-12-04 10:30,60,Eva\n2026-13-04 10:30,60,Tom\n"
    )
    new_studio("session", "import", put(tmp_path, text, "a.csv")).ok()
    with sqlite3.connect(tmp_path / "studio.db") as file:
        assert file.execute("SELECT name FROM client").fetchall() == [("Rui",)]
        assert file.execute("SELECT count(*) FROM event WHERE kind = 'sessions imported'").fetchone() == (1,)
