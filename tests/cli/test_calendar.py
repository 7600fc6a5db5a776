"""studio calendar: on the command line."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.calendars import DENTIST, at, calendar, event, publishing
from tests.conftest import Cli
from tests.radicale_server import PASSWORD, USER, Radicale, radicale
from tests.server_process import ServerProcess, get
from tests.terminal import Terminal, on_terminal, studio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A calendar file with the dentist at ten on Friday 4 December."""
    path = tmp_path / "private.ics"
    path.write_bytes(calendar(DENTIST))
    return path


def test_subscribe_to_a_file(new_studio: Cli, file: Path) -> None:
    """A file is subscribed to, listed, shown and forgotten; slots follow, and lines are for scripts."""
    line = new_studio("calendar", "subscribe", file).ok().out
    assert line == f"private\tfile\t{file}\t1\t2026-11-20T10:00:00-05:00\t\t\n"
    assert new_studio("calendar", "list").ok().out == line
    assert new_studio("calendar", "show", "pri").ok().out == (
        "2026-12-04T10:00:00-05:00\t2026-12-04T11:00:00-05:00\tDentist\n"
    )
    new_studio("type", "add", "Portrait", "--duration", "1h", "--price", "0").ok()
    slots = new_studio("slots", "--type", "portrait", "--from", "2026-12-04", "--days", "1").ok().out
    assert "T09:00" in slots and "T09:30" not in slots and "T10:30" not in slots and "T11:00" in slots
    why = new_studio("availability", "why", "2026-12-04 10:00", "--type", "portrait", "--json").ok().json
    assert (why["free"], why["rules"][0]["rule"], why["rules"][0]["title"]) == (False, "calendar", "Dentist")
    assert new_studio("calendar", "unsubscribe", "private").code == 2
    new_studio("calendar", "unsubscribe", "private", "--yes").ok()
    assert new_studio("calendar", "list").ok().out == ""
    assert "T10:00" in new_studio("slots", "--type", "portrait", "--from", "2026-12-04", "--days", "1").out


def test_json(new_studio: Cli, file: Path) -> None:
    """Every command that shows or changes a calendar writes one JSON document."""
    made = new_studio("calendar", "subscribe", file, "--name", "Home", "--no-titles", "--json").ok().json
    assert (made["new"], made["name"], made["titles"], made["busy_times"]) == (True, "Home", False, 1)
    assert new_studio("calendar", "subscribe", file, "--json").ok().json["new"] is False
    listed = new_studio("calendar", "list", "--json").ok().json
    assert {**listed[0], "new": True} == made
    shown = new_studio("calendar", "show", "home", "--json").ok().json
    assert shown["next"] == [
        {"calendar": "Home", "title": None, "starts_at": "2026-12-04T10:00:00-05:00", "ends_at": "2026-12-04T11:00:00-05:00"}
    ]  # fmt: skip
    nothing = {"changed": False, "written": [], "removed": [], "put_back": []}
    assert new_studio("calendar", "sync", "--json").ok().json == [{**listed[0], **nothing}]
    assert new_studio("calendar", "unsubscribe", "home", "--yes", "--json").ok().json["forgotten"] is True
    assert new_studio("calendar", "sync", "--json").ok().json == []


def test_address_is_nowhere_but_in_the_file(new_studio: Cli, tmp_path: Path) -> None:
    """What is read from an address is told by its host; the rest of the address never leaves the file."""
    with publishing() as server:
        server.body = calendar(DENTIST, head=("X-WR-CALNAME:Ana",))
        told = [new_studio("calendar", "subscribe", server.url(), *more) for more in ((), ("--json",))]
        told += [new_studio("calendar", "list", "--json"), new_studio("calendar", "show", "ana", "--json")]
        server.status = 410
        told += [
            new_studio("calendar", "sync"),
            new_studio("status", "--json"),
            new_studio("calendar", "list"),
        ]
    told.append(new_studio("calendar", "sync", "--json"))
    assert [one.code for one in told] == [0, 0, 0, 0, 5, 0, 0, 5]
    assert not any("3k9x" in one.out + one.err for one in told)
    assert "127.0.0.1" in told[2].out
    assert told[-1].error["code"] == "calendar_unreadable"
    assert told[-1].json[0]["error"].startswith("127.0.0.1")
    file = sqlite3.connect(tmp_path / "studio.db")
    assert file.execute("SELECT count(*) FROM event WHERE details LIKE '%3k9x%'").fetchone() == (0,)
    file.close()


def test_failure_is_exit_5_and_in_the_status(new_studio: Cli, file: Path, tmp_path: Path) -> None:
    """One calendar that cannot be read is exit 5; the others are read all the same, and the status tells it."""
    other = tmp_path / "other.ics"
    other.write_bytes(calendar(DENTIST))
    new_studio("calendar", "subscribe", file).ok()
    new_studio("calendar", "subscribe", other).ok()
    other.unlink()
    file.write_bytes(calendar(DENTIST, event("x", *at("20261205T100000", "20261205T110000"))))
    failed = new_studio("calendar", "sync")
    assert failed.code == 5
    assert failed.err.startswith("studio: The calendar other cannot be read: There is no file")
    assert [line.split("\t")[3] for line in failed.out.splitlines()] == ["1", "2"]
    status = new_studio("status").ok().out
    assert status.startswith("calendars_that_cannot_be_read\tother\tfile")
    assert [one["name"] for one in new_studio("status", "--json").ok().json["calendars"]] == ["other"]


@pytest.mark.parametrize(
    ("where", "code", "words"),
    [
        ("nowhere.ics", 3, "There is no file"),
        ("http://example.com/a.ics", 2, "not asked over http"),
        ("file:///etc/passwd", 2, "not the address of a calendar"),
        ("https://ana:pw@example.com/", 2, "studio calendar connect"),
        ("/dev/zero", 3, "There is no file"),
        ("/etc/hostname", 3, "no calendar file"),
    ],
)
def test_what_cannot_be_subscribed_to(new_studio: Cli, where: str, code: int, words: str) -> None:
    """What is no calendar is refused, with what to do, and not kept."""
    result = new_studio("calendar", "subscribe", where)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert new_studio("calendar", "list").ok().out == ""


def test_on_a_terminal(new_studio: Cli, file: Path) -> None:
    """A person reads sentences, a card and what is next; forgetting asks."""
    file.write_bytes(calendar(DENTIST, event("b", "DTSTART:nonsense")))
    with Terminal([sys.executable, "-m", "studio_cli", "calendar", "subscribe", str(file)]) as screen:
        assert screen.finish() == 0
        assert "private closes times here now: 1 busy time to come." in screen.shown
        assert "private: 1 event cannot be read whole." in screen.shown
    with Terminal([sys.executable, "-m", "studio_cli", "calendar", "show", "private"]) as screen:
        assert screen.finish() == 0
        assert "Dentist" in screen.shown and "kept, for you alone" in screen.shown
    with Terminal([sys.executable, "-m", "studio_cli", "calendar", "unsubscribe", "private"]) as screen:
        screen.read_until("Forget private? 1 busy time would be free again. [y/N]")
        screen.type("y\n")
        assert screen.finish() == 0
    assert new_studio("calendar", "list").ok().out == ""


def test_server_keeps_up_by_itself(new_studio: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A running server reads a stale calendar without being told, and its log has no address."""
    with publishing() as server:
        server.body = calendar()
        new_studio("calendar", "subscribe", server.url(), "--name", "Private").ok()
        server.body = calendar(DENTIST)
        monkeypatch.setenv("STUDIO_NOW", "2026-11-20T16:00:00Z")
        with ServerProcess("--port", "0") as door:
            assert door.address
            end = time.monotonic() + 20
            while new_studio("calendar", "show", "private").ok().out == "":
                assert time.monotonic() < end, door.log
                time.sleep(0.1)
            server.status = 500
            monkeypatch.setenv("STUDIO_NOW", "2026-11-20T17:00:00Z")
        assert not any("3k9x" in line for line in door.log)


def test_server_says_what_it_cannot_read(new_studio: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose calendar is gone serves on, and says so in its log without the address."""
    with publishing() as server:
        server.body = calendar(DENTIST)
        new_studio("calendar", "subscribe", server.url(), "--name", "Private").ok()
    monkeypatch.setenv("STUDIO_NOW", "2026-11-20T16:00:00Z")
    with ServerProcess("--port", "0") as door:
        assert door.address
        end = time.monotonic() + 20
        while not any("Private" in line for line in door.log):
            assert time.monotonic() < end, door.log
            time.sleep(0.05)
    assert any(line.startswith("The calendar Private cannot be read: 127.0.0.1") for line in door.log)
    assert not any("3k9x" in line for line in door.log)


def test_reading_loads_nothing_heavy_into_the_command(new_studio: Cli, file: Path) -> None:
    """The library that reads calendars is loaded by the process that reads, never by ``slots`` or ``calendar list``."""
    new_studio("calendar", "subscribe", file).ok()
    script = (
        "import sys; from studio_cli.cli.app import run; code = run(sys.argv[1:]); "
        "print({'icalendar', 'recurring_ical_events', 'ssl'} & set(sys.modules), code)"
    )
    for arguments in (("calendar", "list"), ("calendar", "show", "private")):
        ended = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60
        )
        assert ended.stdout.splitlines()[-1] == "set() 0", ended.stderr


# ── the feed ──────────────────────────────────────────────────────────────────────────────────────


def test_feed_is_made_shown_once_and_revoked(new_studio: Cli, tmp_path: Path) -> None:
    """The address is on stdout once; afterwards there are words for a person, and null for a script."""
    made = new_studio("calendar", "feed").ok()
    address = made.out.strip()
    assert address.startswith("http://127.0.0.1:8000/calendar/") and address.endswith(".ics")
    assert "names and contacts of your clients" in made.err and "this computer only" in made.err
    again = new_studio("calendar", "feed").ok()
    assert again.out == "" and "studio calendar feed --new" in again.err
    assert new_studio("calendar", "feed", "--json").ok().json == {
        "address": None, "created_at": "2026-11-20T10:00:00-05:00", "revoked_earlier": False, "revoked": False,
    }  # fmt: skip
    newer = new_studio("calendar", "feed", "--new", "--json").ok().json
    assert newer["address"] != address and newer["revoked_earlier"] is True
    assert new_studio("calendar", "feed", "--revoke", "--json").ok().json["revoked"] is True
    assert new_studio("calendar", "feed", "--revoke").ok().err == "There was no feed.\n"
    assert new_studio("calendar", "feed", "--revoke", "--new").code == 2
    secrets = [address.rpartition("/")[2][:43], newer["address"].rpartition("/")[2][:43]]
    assert not any(secret.encode() in (tmp_path / "studio.db").read_bytes() for secret in secrets)


def test_feed_begins_with_the_public_address(new_studio: Cli) -> None:
    """A feed for other machines begins with the address that clients open."""
    new_studio("config", "set", "web.public_url", "https://book.example.com/x").ok()
    made = new_studio("calendar", "feed").ok()
    assert made.out.startswith("https://book.example.com/x/calendar/")
    assert "this computer only" not in made.err


def test_a_public_address_of_this_computer(new_studio: Cli) -> None:
    """Who has set an address of this computer reads that, not that none is set."""
    new_studio("config", "set", "web.public_url", "http://127.0.0.1:8000").ok()
    assert "web.public_url is an address of this computer" in new_studio("calendar", "feed").ok().err


def test_sessions_in_a_calendars_busy_times(with_session: Cli, tmp_path: Path) -> None:
    """Subscribing names the sessions that the busy times meet, five of them at most; so does what is new in a sync."""
    path = tmp_path / "away.ics"
    path.write_bytes(calendar(event("away", *at("20261130T000000", "20261220T000000"))))
    for day in range(7, 13):
        new = ("session", "new", "--one-off", f"Talk {day}", "--duration", "1h", "--price", "0", "--custom")
        with_session(*new, "--client", "rui", "--at", f"2026-12-{day:02} 10:00").ok()
    told = with_session("calendar", "subscribe", path).ok().err.splitlines()
    assert [line.startswith("On ") and line.endswith("; it stays.") for line in told] == [True] * 5 + [False]
    assert "there is session 1, " in told[0] and told[5] == "And 2 sessions more."
    assert with_session("calendar", "sync").ok().err == ""
    path.write_bytes(calendar(event("away", *at("20261207T090000", "20261207T110000"))))
    assert re.findall(r"session (\d+),", with_session("calendar", "sync").ok().err) == ["2"]


def test_export(with_session: Cli, tmp_path: Path) -> None:
    """Sessions of some days are written to stdout or a new file; one that is there is not written over."""
    assert with_session("calendar", "export").ok().out.count("BEGIN:VEVENT") == 1
    assert "VEVENT" not in with_session("calendar", "export", "--to", "2026-12-03").ok().out
    assert with_session("calendar", "export", "--json").code == 2
    out = tmp_path / "sessions.ics"
    assert with_session("calendar", "export", "--out", out).ok().err == f"1 session in {out}.\n"
    assert b"\r\nSUMMARY:Portrait \xe2\x80\x93 Rui Costa (pending)\r\n" in out.read_bytes()
    refused = with_session("calendar", "export", "--out", out)
    assert (refused.code, "already" in refused.err) == (3, True)


def test_export_that_ends_before_it_begins(with_session: Cli) -> None:
    """Days in the wrong order are a mistake, and not an empty calendar."""
    refused = with_session("calendar", "export", "--from", "2026-12-31", "--to", "2026-12-30")
    assert (refused.code, "--from is after --to" in refused.err) == (2, True)
    with_session("calendar", "export", "--from", "2026-12-31", "--to", "2026-12-31").ok()


def test_whole_days_read_as_such(new_studio: Cli, tmp_path: Path) -> None:
    """What lasts all day is told by its days, in the table and where it closes a time."""
    path = tmp_path / "days.ics"
    fair = event("fair", "DTSTART;VALUE=DATE:20261217", "SUMMARY:Fair")
    trip = event("trip", "DTSTART;VALUE=DATE:20261221", "DTEND;VALUE=DATE:20261224", "SUMMARY:Trip")
    path.write_bytes(calendar(fair, trip))
    new_studio("calendar", "subscribe", path).ok()
    _, shown = on_terminal(studio("calendar", "show", "days"))
    assert re.search(r"Thu 17 Dec 2026 +all day +Fair", shown)
    assert re.search(r"Mon 21 Dec 2026 +Wed 23 Dec 2026, all day +Trip", shown)
    why = [
        new_studio("availability", "why", f"2026-12-{day} 10:00", "--duration", "1h").out for day in (17, 22)
    ]
    assert ": Fair, all day Thu 17 Dec 2026." in why[0]
    assert ": Trip, all days from Mon 21 Dec 2026 to Wed 23 Dec 2026." in why[1]


def test_a_folder_is_no_calendar_file(new_studio: Cli, tmp_path: Path) -> None:
    """Who names a folder is told that it is one."""
    refused = new_studio("calendar", "subscribe", tmp_path)
    assert (refused.code, f"{tmp_path} is a folder." in refused.err) == (3, True)


def test_webcal_to_this_computer(new_studio: Cli) -> None:
    """Where https is asked of what speaks http, that is said in words, and what to write instead."""
    with publishing() as server:
        refused = new_studio("calendar", "subscribe", server.url().replace("http:", "webcal:"))
    assert "cannot be reached: it does not speak https." in refused.err and "http://" in refused.err


def test_feed_under_the_server(with_session: Cli) -> None:
    """The running server serves the feed that was made while it ran."""
    with ServerProcess("--port", "0") as door:
        path = urlsplit(with_session("calendar", "feed").ok().out.strip()).path
        status, content = get(door.address + path)
        assert status == 200 and "Portrait – Rui Costa (pending)" in content
        with_session("calendar", "feed", "--revoke").ok()
        assert get(door.address + path)[0] == 404
    assert not any(path.rpartition("/")[2] in line for line in door.log)


# ── connected ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def caldav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A CalDAV server with one user."""
    with radicale(tmp_path_factory.mktemp("radicale")) as running:
        yield running


@pytest.fixture
def work(caldav: Radicale, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty calendar there; the password is typed into stdin."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    yield caldav.collection("work")
    caldav.ask("DELETE", f"/{USER}/work/")


def test_connect_and_disconnect(with_session: Cli, caldav: Radicale, work: str, tmp_path: Path) -> None:
    """A calendar is found from the server's address, written, kept up to date, and left as it was."""
    del work
    made = with_session("calendar", "connect", caldav.address, "--user", USER, "--json").ok().json
    assert (made["name"], made["kind"], made["user"], made["writes"]) == ("work", "caldav", USER, True)
    assert (made["new"], made["written"], made["put_back"]) == (True, [1], [])
    assert b"SUMMARY:Portrait" in caldav.ask("GET", f"/{USER}/work/")[1]
    with_session("session", "cancel", "1", "--yes").ok()
    assert with_session("calendar", "sync", "--json").ok().json[0]["removed"] == [1]
    assert b"SUMMARY" not in caldav.ask("GET", f"/{USER}/work/")[1]
    secrets = Path(os.environ["XDG_CONFIG_HOME"]) / "studio" / "secrets.json"
    kept = json.loads(secrets.read_text(encoding="utf-8"))
    assert PASSWORD in str(kept) and secrets.stat().st_mode & 0o077 == 0
    assert PASSWORD.encode() not in (tmp_path / "studio.db").read_bytes()
    assert with_session("calendar", "unsubscribe", "work", "--yes").code == 3
    with_session("calendar", "disconnect", "work", "--remove-events", "--yes").ok()
    assert PASSWORD not in secrets.read_text(encoding="utf-8")
    assert with_session("calendar", "list").ok().out == ""


def test_password_from_the_environment_is_not_kept(
    new_studio: Cli, caldav: Radicale, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password in the environment is used and not kept; a wrong one is said, and nothing is connected."""
    monkeypatch.setenv("STUDIO_CALENDAR_PASSWORD", "wrong")
    refused = new_studio("calendar", "connect", work, "--user", USER, "--json")
    assert (refused.code, refused.error["code"]) == (3, "calendar_unreadable")
    assert "password is wrong" in refused.error["message"]
    monkeypatch.setenv("STUDIO_CALENDAR_PASSWORD", PASSWORD)
    new_studio("calendar", "connect", work, "--user", USER, "--read-only").ok()
    monkeypatch.delenv("STUDIO_CALENDAR_PASSWORD")
    failed = new_studio("calendar", "sync")
    assert failed.code == 5 and "not known here" in failed.err


def test_several_calendars(
    new_studio: Cli, caldav: Radicale, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are several, they are named, and one is chosen by its name."""
    family = caldav.collection("family")
    monkeypatch.setenv("STUDIO_CALENDAR_PASSWORD", PASSWORD)
    refused = new_studio("calendar", "connect", caldav.address, "--user", USER, "--json")
    assert (refused.code, sorted(refused.error["details"]["calendars"])) == (3, ["family", "work"])
    chosen = new_studio(
        "calendar", "connect", caldav.address, "--user", USER, "--calendar", "work", "--name", "Job"
    )
    assert chosen.ok().out.startswith("Job\tcaldav\t127.0.0.1:")
    assert caldav.ask("GET", f"/{USER}/work/")[0] == 200, work
    caldav.ask("DELETE", f"/{USER}/family/")
    gone = new_studio("calendar", "connect", family, "--user", USER)
    assert (gone.code, "no calendar at that address" in gone.err) == (3, True)


def test_calendar_is_read_in_one_way(new_studio: Cli, work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connected calendar is not subscribed to, or connected in another way, before that has ended."""
    monkeypatch.setenv("STUDIO_CALENDAR_PASSWORD", PASSWORD)
    new_studio("calendar", "connect", work, "--user", USER).ok()
    for other in (("subscribe", work), ("connect", work, "--user", USER, "--read-only")):
        refused = new_studio("calendar", *other)
        assert (refused.code, "studio calendar disconnect work" in refused.err) == (3, True)
    assert new_studio("calendar", "connect", work, "--user", USER, "--json").ok().json["new"] is False


def test_running_server_writes_sessions(with_session: Cli, caldav: Radicale, work: str) -> None:
    """A running server writes a session into the calendar soon after it has changed."""
    with_session("calendar", "connect", work, "--user", USER).ok()
    with_session("session", "confirm", "1").ok()
    with ServerProcess("--port", "0") as door:
        assert door.address
        end = time.monotonic() + 20
        while b"STATUS:CONFIRMED" not in caldav.ask("GET", f"/{USER}/work/")[1]:
            assert time.monotonic() < end, door.log
            time.sleep(0.1)
    assert not any(PASSWORD in line for line in door.log)


def test_connecting_on_a_terminal(with_session: Cli, caldav: Radicale, work: str) -> None:
    """A person types the password unseen, and reads what happened."""
    with Terminal(
        [sys.executable, "-m", "studio_cli", "calendar", "connect", work, "--user", USER]
    ) as screen:
        screen.read_until("password: ")
        screen.type(PASSWORD + "\n")
        assert screen.finish() == 0
        assert "closes times here now: 0 busy times to come." in screen.shown
        assert "1 session written into it." in screen.shown
        assert PASSWORD not in screen.shown
    path = next(iter(re.findall(rb"UID:(\S+)", caldav.ask("GET", f"/{USER}/work/")[1]))).decode()
    caldav.ask(
        "DELETE",
        f"/{USER}/work/{path.partition('@')[0]}-{path.partition('@')[2].removesuffix('.studio')}.ics",
    )
    with_session("calendar", "sync").ok()
    with Terminal([sys.executable, "-m", "studio_cli", "calendar", "sync"]) as screen:
        assert screen.finish() == 0
        assert "unchanged, 0 busy times to come." in screen.shown or "read, 0 busy times" in screen.shown
