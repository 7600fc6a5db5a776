"""What calendar programs keep of calendar files that they are given one after the other, as a client's would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tests.outside.second_reader import SecondReader, skip_or_fail

KHAL = """
[calendars]
[[client]]
path = {folder}/client
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = UTC
default_timezone = UTC
[sqlite]
path = {folder}/khal.db
[default]
default_calendar = client
"""


class Kept(NamedTuple):
    """An event that takes place, as a calendar shows it; times in UTC."""

    summary: str
    start: datetime
    end: datetime


def imported_by_khal(folder: Path, files: Sequence[bytes]) -> list[Kept]:
    """Import files into khal, in that order, in a folder of its own; return what takes place, by time.

    khal goes by the UID alone: what comes later replaces what came before, whatever METHOD and SEQUENCE say. What is
    STATUS:CANCELLED it keeps and shows as cancelled; that is left out here.
    """
    khal = shutil.which("khal") or shutil.which("khal", path=str(Path(sys.executable).parent))
    if khal is None:
        skip_or_fail("NO KHAL: no calendar program was asked. Install it: pip install khal")
    assert khal
    home = folder / "khal"
    (home / "client").mkdir(parents=True, exist_ok=True)
    (home / "config").write_text(KHAL.format(folder=home))
    for number, content in enumerate(files):
        (home / f"{number}.ics").write_bytes(content)
    names = [str(home / f"{number}.ics") for number in range(len(files))]
    environ = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_DATA_HOME": str(home)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [khal, "-c", home / "config", *arguments], capture_output=True, text=True, env=environ, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("import", "--batch", *names)
    fields = [part for name in ("title", "start-long", "end-long", "status") for part in ("--json", name)]
    shown = run("list", "--once", *fields, *_around(files))
    events = [event for line in shown.splitlines() for event in json.loads(line)]
    return sorted(
        Kept(event["title"], _utc(event["start-long"]), _utc(event["end-long"]))
        for event in events
        if event["status"] != "CANCELLED"
    )


def _around(files: Sequence[bytes]) -> tuple[str, str]:
    """Return the days within which the events of the files lie: khal writes a line for each day."""
    starts = [
        line.rpartition(":")[2][:8]
        for content in files
        for line in content.decode().splitlines()
        if line.startswith("DTSTART")
    ]
    first, last = (datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) for day in (min(starts), max(starts)))
    return f"{first - timedelta(days=1):%Y-%m-%d}", f"{last + timedelta(days=3):%Y-%m-%d}"


def _utc(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def imported_by_ical_js(reader: SecondReader, files: Sequence[bytes]) -> list[Kept]:
    """Return what a calendar that goes by the book has after these files, read by ical.js, in any order.

    The book is RFC 5546, 2.1.5: the highest SEQUENCE of a UID counts; METHOD:CANCEL (3.2.5) and STATUS:CANCELLED
    take the event away.
    """
    newest: dict[str, tuple[int, Kept | None]] = {}
    for content in files:
        calendar = reader.calendar(content)
        for event in calendar["events"]:
            sequence = event["sequence"] or 0
            if event["uid"] in newest and newest[event["uid"]][0] > sequence:
                continue
            gone = calendar["method"] == "CANCEL" or event["status"] == "CANCELLED"
            times = (datetime.fromisoformat(event[name]) for name in ("start", "end"))
            newest[event["uid"]] = sequence, None if gone else Kept(event["summary"], *times)
    return sorted(kept for _, kept in newest.values() if kept)
