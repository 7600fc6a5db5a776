"""The feed as programs read it that people use: vdirsyncer fetches it, khal shows it, ical.js reads it too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import feed as feeds
from studio_cli.booking import session as sessions
from studio_cli.booking import session_changes
from studio_cli.booking.studio import Studio
from studio_cli.model.settings import STUDIO_ID
from tests.calendars import AUDIT, node_with_ical_js
from tests.conftest import Clock, Door, Maker

# Toronto's clocks go forward on Sunday 14 March 2027: ten o'clock is 15:00 UTC before it and 14:00 after.
AROUND = ("2027-03-12 10:00", "2027-03-15 10:00")


@pytest.fixture
def readers() -> None:
    """vdirsyncer and khal; without them the test is skipped, loudly, and fails in CI."""
    missing = [one for one in ("vdirsyncer", "khal") if not _program(one)]
    if missing:
        reason = f"NO {' AND NO '.join(missing).upper()}: the feed was not read. Install them: pip install '.[dev]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def _program(name: str) -> str | None:
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


class Reader:
    """Somebody with vdirsyncer and khal, subscribed to a feed."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.events = folder, folder / "events"
        self.events.mkdir(parents=True)
        (folder / "vdirsyncer").write_text(
            f'[general]\nstatus_path = "{folder}/status"\n'
            '[pair studio]\na = "here"\nb = "there"\ncollections = null\nconflict_resolution = "b wins"\n'
            f'[storage here]\ntype = "filesystem"\npath = "{self.events}"\nfileext = ".ics"\n'
            f'[storage there]\ntype = "http"\nurl = "{address}"\n'
        )
        (folder / "khal").write_text(
            f"[calendars]\n[[studio]]\npath = {self.events}\nreadonly = True\n"
            "[locale]\nlocal_timezone = America/Toronto\ndefault_timezone = America/Toronto\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
            f"[sqlite]\npath = {folder}/khal.db\n"
        )
        self._run("vdirsyncer", "-c", str(folder / "vdirsyncer"), "discover")

    def _run(self, program: str, *arguments: str) -> str:
        path = _program(program)
        assert path is not None
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fetch(self) -> int:
        """Read the feed once more; return how many events there are."""
        self._run("vdirsyncer", "-c", str(self.folder / "vdirsyncer"), "sync")
        return len(list(self.events.glob("*.ics")))

    def shown(self) -> list[tuple[str, ...]]:
        """Return what khal shows of 2027, in order: from, until, what, status."""
        listed = self._run(
            "khal", "-c", str(self.folder / "khal"), "list", "--day-format", "", "--format",
            "{start-long}|{end-long}|{title}|{status}", "2027-01-01", "2027-12-31",
        )  # fmt: skip
        return [
            tuple(part.strip() for part in line.split("|")) for line in listed.splitlines() if line.strip()
        ]


def by_ical_js(content: bytes) -> dict[str, Any]:
    """Return what ical.js reads."""
    command = [node_with_ical_js(), str(AUDIT / "events.mjs")]
    return dict(json.loads(subprocess.run(command, input=content, capture_output=True, check=True).stdout))


def test_feed_in_khal_vdirsyncer_and_ical_js(
    studio: Studio, make: Maker, clock: Clock, door: Door, tmp_path: Path, readers: None
) -> None:
    """All three see as many sessions, at the same times on both sides of a clock change, and what is canceled."""
    for at in AROUND:
        make.session(at, one_off="Head, shots", add_client="Zoë; née „O“\\x")
    sessions.confirm(studio, "1")
    made = feeds.feed(studio)
    assert made.address is not None
    reader = Reader(tmp_path / "reader", made.address)
    name = "Head, shots – Zoë; née „O“\\x"
    assert reader.fetch() == 2
    assert reader.shown() == [
        ("2027-03-12 10:00", "2027-03-12 11:00", name, "CONFIRMED"),
        ("2027-03-15 10:00", "2027-03-15 11:00", f"{name} (pending)", "TENTATIVE"),
    ]
    clock.forward(minutes=1)
    sessions.cancel(studio, "1")
    session_changes.reschedule(studio, "2", "2027-03-16 10:00")
    make.session("2027-11-08 09:00", one_off="After clocks went back")
    assert reader.fetch() == 3
    assert [(one[0], one[2].partition(":")[0], one[3]) for one in reader.shown()] == [
        ("2027-03-12 10:00", "Canceled", "CANCELLED"),
        ("2027-03-16 10:00", f"{name} (pending)", "TENTATIVE"),
        (
            "2027-11-08 09:00",
            "After clocks went back – Rui Costa (pending)",
            "TENTATIVE",
        ),
    ]
    read = by_ical_js(feeds.calendar(studio, feeds.entries(studio)))
    identity = studio.settings[STUDIO_ID]
    assert (read["name"], read["method"]) == ("Ana Silva Photography", None)
    assert [(one["uid"], one["status"]) for one in read["events"]] == [
        (f"session-1@{identity}.studio", "CANCELLED"),
        (f"session-2@{identity}.studio", "TENTATIVE"),
        (f"session-3@{identity}.studio", "TENTATIVE"),
    ]
    assert [one["start"] for one in read["events"]] == [
        int(sessions.get(studio, number).starts_at.timestamp()) for number in (1, 2, 3)
    ]
    assert read["events"][1]["summary"] == f"{name} (pending)"
    clock.forward(hours=24 * 91)
    assert reader.fetch() == 2


def test_exported_file_in_khal(studio: Studio, make: Maker, cli: Any, tmp_path: Path, readers: None) -> None:
    """An exported file is what khal and ical.js read from the feed."""
    for at in AROUND:
        make.session(at)
    out = tmp_path / "sessions.ics"
    told = cli(
        "calendar", "export", "--from", "2027-03-12", "--to", "2027-03-12", "--out", out, "--json"
    ).ok()
    assert told.json == {"path": str(out), "sessions": 1}
    assert cli("calendar", "export", "--out", out).code == 3
    (event,) = by_ical_js(out.read_bytes())["events"]
    assert event["start"] == int(sessions.get(studio, 1).starts_at.timestamp())
    whole = cli("calendar", "export").ok()
    assert whole.out.encode() == feeds.calendar(studio, feeds.entries(studio))
    assert whole.err == "2 sessions.\n"
