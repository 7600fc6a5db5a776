"""A calendar's content (RFC 5545) as busy times. What it can do to us is bounded: see ``ics_worker``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from whenever import Instant

from studio_cli.model.calendar import Busy, CalendarUnreadable, Reading, Window
from studio_cli.model.text import shown
from studio_cli.model.times import stored

SECONDS = 90
"""For all of it, on the clock on the wall: the worker's own limit is on the time that it works."""


def read(content: bytes, window: Window) -> Reading:
    """Return when a calendar says that its owner is busy, in the time of the window.

    Raises ``CalendarUnreadable`` for what is no calendar, and for one that takes too long.
    """
    return of_answer(json.loads(_worked(_asked(window) + content)))


def events(content: bytes, window: Window) -> tuple[list[dict[str, Any]], list[str]]:
    """Return every event of a calendar with what it says (see ``ics_worker.events``), and what could not be read.

    Raises ``CalendarUnreadable`` as ``read`` does.
    """
    answer = json.loads(_worked(_asked(window, events=True) + content))
    if "error" in answer:
        raise CalendarUnreadable(answer["error"])
    return answer["events"], answer["notes"]


def _asked(window: Window, **more: bool) -> bytes:
    asked = {
        "zone": window.zone,
        "first": stored(window.first),
        "last": stored(window.last),
        "studio_id": window.studio_id,
        "owner": window.owner,
        "titles": window.titles,
    }
    return json.dumps({**asked, **more}).encode() + b"\n"


def of_answer(answer: Mapping[str, Any]) -> Reading:
    """Return the worker's answer as what it means."""
    if "error" in answer:
        raise CalendarUnreadable(answer["error"])
    busy = [
        Busy(Instant.from_timestamp(begins), Instant.from_timestamp(ends), title)
        for begins, ends, title in answer["busy"]
    ]
    name = " ".join(shown(answer["name"]).split())[:60].strip() if answer["name"] else None
    return Reading(name or None, busy, tuple(answer["notes"]))


def _worked(work: bytes) -> bytes:
    # The same modules as here, none that happens to lie in the present folder, and no secret of the studio's.
    harmless = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environ = {**harmless, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "studio_cli.outside.ics_worker"]
    too_much = CalendarUnreadable("It takes too long to read: something in it repeats too often.")
    try:
        done = subprocess.run(command, input=work, capture_output=True, timeout=SECONDS, env=environ)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise too_much from None
    if done.returncode:
        if os.environ.get("STUDIO_TRACEBACK"):
            sys.stderr.buffer.write(done.stderr)
        raise too_much
    return done.stdout
