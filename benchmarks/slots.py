"""How fast times are found and checked, as ratios in one run: ``make bench``.

Prints a table in Markdown. Every figure is the median of many; the first column says what it is measured
against, on the same machine, in the same minute.
"""

from __future__ import annotations

import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from whenever import Instant

from studio_cli.booking import session_type, slot
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio, found, open_studio
from studio_cli.model.calendar import Busy, Calendar, Reading
from studio_cli.model.times import stored
from studio_cli.store import calendar as calendar_store

NOW = Instant.from_utc(2026, 11, 20, 15)
BEGIN = Instant.from_utc(2026, 1, 1)


def main() -> None:
    """Measure and print."""
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}\n")
    print("| what | measured | against | ratio |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        _slots(Path(folder))
        _overlap(Path(folder))


def _row(what: str, measured: float, against: str, base: float) -> None:
    print(
        f"| {what} | {measured * 1000:.3f} ms | {against} {base * 1000:.3f} ms | {measured / base:.2f} |",
        flush=True,
    )


def _slots(folder: Path) -> None:
    studio = fill(folder / "slots.db", 10_000, gap_minutes=52)
    need = session_type.find(studio, "family").need()
    imported = _median(lambda: subprocess.run([sys.executable, "-c", "import typer"], check=True), 15)
    bare = _median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 15)
    for events in (0, 1_000):
        _be_busy(studio, events)
        for days in (90, 365):
            until = NOW.add(hours=24 * days)
            taken = _median(lambda: slot.slots(studio, need, NOW, until), 20)  # noqa: B023
            what = f"slots, {days} days, 10,000 sessions, {events:,} busy times"
            _row(what, taken, "importing typer", imported - bare)
    command = [
        sys.executable,
        "-m",
        "studio_cli",
        "--db",
        str(studio.file.path),
        "slots",
        "--type",
        "family",
        "--days",
        "365",
    ]
    whole = _median(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), 15)
    _row("`studio slots --days 365`, whole process", whole, "python -c pass", bare)
    studio.file.close()


def _be_busy(studio: Studio, count: int) -> None:
    """Subscribe to a calendar with so many times in the coming year."""
    if not count:
        return
    minutes = 365 * 24 * 60 // count
    starts = [NOW.add(minutes=minutes * number) for number in range(count)]
    busy = [Busy(start, start.add(minutes=45), "Private") for start in starts]
    with studio.file.atomic():
        number = calendar_store.insert(
            studio.file, Calendar(0, "Private", "file", "/private.ics", None, True, False, NOW)
        )
        calendar_store.replace_busy(studio.file, number, Reading(None, busy))


def _overlap(folder: Path) -> None:
    base = 0.0
    for count in (1_000, 10_000, 100_000, 1_000_000):
        studio = fill(folder / f"{count}.db", count, gap_minutes=90)
        middle = BEGIN.add(minutes=90 * (count // 2) + 1)
        connection = studio.file.connection

        def attempt() -> None:
            """An insert that the trigger refuses: all of its cost is the check."""
            try:
                connection.execute(INSERT, (stored(middle),))  # noqa: B023
            except sqlite3.IntegrityError:
                return
            raise AssertionError("it should have been refused")

        connection.execute("BEGIN IMMEDIATE")
        taken = _median(attempt, 2000)
        connection.execute("ROLLBACK")
        base = base or taken
        _row(f"overlap check, {count:,} sessions", taken, "1,000 sessions", base)
        studio.file.close()


INSERT = (
    "INSERT INTO session (status, title, client_id, starts_at, duration_minutes, timezone, price_minor, "
    "asked_now_minor, currency, created_at) VALUES ('pending', 'T', 1, ?, 45, 'UTC', 0, 0, 'CAD', '2026-01-01T00:00:00Z')"
)


def fill(path: Path, count: int, gap_minutes: int) -> Studio:
    """A studio with so many sessions, one after the other."""
    studio = found(
        path, lambda: NOW, name="A", email="a@example.com", timezone="America/Toronto", currency="CAD"
    )
    session_type.add(studio, TypedOffer("Family", duration="90m", price="0", buffer_after="10m"))
    studio.file.connection.execute(
        "INSERT INTO client (name, name_folded, created_at) VALUES ('C', 'c', ?)", (stored(NOW),)
    )
    with studio.file.atomic() as sql:
        sql.executemany(
            INSERT, ((stored(BEGIN.add(minutes=gap_minutes * number)),) for number in range(count))
        )
    studio.file.close()
    return open_studio(path, lambda: NOW)


def _median(act: Callable[[], object], times: int) -> float:
    act()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
