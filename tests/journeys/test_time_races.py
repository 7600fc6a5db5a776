"""Many at once on one time: one winner, everybody else a clean refusal."""

from __future__ import annotations

import multiprocessing
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from whenever import Instant

from studio_cli.booking import new_session, session_changes
from studio_cli.booking import session as sessions
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.errors import StudioError
from studio_cli.model.times import rfc3339
from tests.conftest import NOW, Door, Maker

PROCESSES = 16
ROUNDS = int(os.environ.get("ROUNDS", "3"))
FIRST = Instant.from_utc(2026, 12, 7, 15)

_mine: dict[str, Studio] = {}
"""The studio that each worker process has opened."""


def _now() -> Instant:
    return NOW


def _act(path: str, what: str, number: int, at: str) -> str:
    """Do one thing in a worker process; return what came of it in a word."""
    studio = _mine.setdefault(path, None) or open_studio(Path(path), _now)  # type: ignore[arg-type]
    _mine[path] = studio
    acts: dict[str, Callable[[], object]] = {
        "new": lambda: new_session.set_up(
            studio, Wanted(at=at, one_off="T", duration="1h", client="1", custom=True)
        ),
        "confirm": lambda: sessions.confirm(studio, str(number)).changed,
        "cancel": lambda: sessions.cancel(studio, str(number)).changed,
        "reopen": lambda: sessions.reopen(studio, str(number)).changed,
        "reschedule": lambda: session_changes.reschedule(studio, str(number), at, custom=True).changed,
    }
    try:
        return f"{what}: {'nothing' if acts[what]() is False else 'done'}"
    except StudioError as refused:
        return f"{what}: {refused.code}"


@pytest.fixture(scope="module")
def workers() -> ProcessPoolExecutor:
    """Sixteen processes, each with a connection of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        yield pool  # type: ignore[misc]


def _at_once(
    pool: ProcessPoolExecutor, studio: Studio, tasks: Sequence[tuple[str, int, str]]
) -> Counter[str]:
    path = str(studio.file.path)
    futures = [pool.submit(partial(_act, path, *task)) for task in tasks]
    return Counter(future.result(timeout=120) for future in futures)


def _time(round_: int, hour: int = 0) -> str:
    return rfc3339(FIRST.add(hours=24 * round_ + hour), "UTC")


def test_one_slot_has_one_winner(
    make: Maker, studio: Studio, workers: ProcessPoolExecutor, door: Door
) -> None:
    """Of 200 attempts from 16 processes on one time one wins and 199 are refused, while clients use their pages."""
    make.client()
    for round_ in range(ROUNDS):
        waiting = make.session(_time(round_, 5), client="1", custom=True)
        links = [f"{door.base}/s/{make.link(waiting)}/review" for _ in range(20)]
        with ThreadPoolExecutor(8) as clients:
            pages = [clients.submit(_post_review, link) for link in links]
            results = _at_once(workers, studio, [("new", 0, _time(round_))] * 200)
            assert {page.result(60) for page in pages} <= {200}
        assert results == {"new: done": 1, "new: overlap": 199}


def _post_review(link: str) -> int:
    try:
        with urllib.request.urlopen(link, data=b"revision=1", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_confirmed_once(make: Maker, studio: Studio, workers: ProcessPoolExecutor) -> None:
    """Of many confirmations at once one changes the session; the others find it done."""
    for round_ in range(ROUNDS):
        session = make.session(_time(round_), custom=True)
        results = _at_once(workers, studio, [("confirm", session.id, "")] * 32)
        assert results == {"confirm: done": 1, "confirm: nothing": 31}
        assert (
            len([line for line in sessions.history(studio, session) if line.kind == "session confirmed"]) == 1
        )


def test_confirm_against_cancel(make: Maker, studio: Studio, workers: ProcessPoolExecutor) -> None:
    """Confirming and canceling at once ends canceled, each done at most once, and nothing in between shows."""
    for round_ in range(ROUNDS):
        session = make.session(_time(round_), custom=True)
        tasks = [("confirm", session.id, ""), ("cancel", session.id, "")] * 16
        results = _at_once(workers, studio, tasks)
        assert results["cancel: done"] == 1
        assert results["confirm: done"] <= 1
        assert set(results) <= {
            "cancel: done", "cancel: nothing", "confirm: done", "confirm: nothing", "confirm: wrong_status"
        }  # fmt: skip
        assert sessions.get(studio, session.id).status == "canceled"


def test_reopen_against_new(make: Maker, studio: Studio, workers: ProcessPoolExecutor) -> None:
    """An expired session that is reopened while others book its time: one of them has it."""
    make.client()
    for round_ in range(ROUNDS):
        session = make.session(_time(round_), expires="1h", custom=True)
        studio.file.connection.execute("UPDATE session SET status = 'expired' WHERE id = ?", (session.id,))
        tasks = [("reopen", session.id, ""), ("new", 0, _time(round_))] * 16
        results = _at_once(workers, studio, tasks)
        assert results["reopen: done"] + results["new: done"] == 1
        assert set(results) <= {
            "reopen: done",
            "reopen: nothing",
            "reopen: overlap",
            "new: done",
            "new: overlap",
        }


def test_reschedule_against_new(make: Maker, studio: Studio, workers: ProcessPoolExecutor) -> None:
    """Sessions moved to a time while others book it: one of them has it."""
    make.client()
    for round_ in range(ROUNDS):
        one, other = (make.session(_time(round_, hour), custom=True) for hour in (5, 7))
        tasks = [
            ("reschedule", one.id, _time(round_)),
            ("reschedule", other.id, _time(round_)),
            ("new", 0, _time(round_)),
        ]
        results = _at_once(workers, studio, tasks * 10)
        assert results["reschedule: done"] + results["new: done"] == 1
        assert set(results) <= {
            "reschedule: done",
            "reschedule: nothing",
            "reschedule: overlap",
            "new: done",
            "new: overlap",
        }
