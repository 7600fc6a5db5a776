"""How long ``studio client import`` takes for 100,000 contacts, whole process, against sqlite-utils: ``make bench``.

``sqlite-utils insert FILE TABLE many.csv --csv`` puts the same rows into a table without an index, a rule or a search.
Both are run in turns; the figures are medians, by the clock (theirs commits every hundred rows, which costs on slow
disks) and of the processor alone. The memory is that of the whole process, against that of an import of ten contacts.
"""

from __future__ import annotations

import csv
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from whenever import Instant

from studio_cli.booking.studio import found

NOW = Instant.from_utc(2026, 11, 20, 15)
COUNT = 100_000
ROUNDS = 5
FIRST = ["Ana", "Rui", "Eva", "Émile", "José", "Łukasz", "Mei", "Amara", "Tom", "Ines"]
LAST = ["Silva", "Costa", "Lima", "Zola", "García", "Nowak", "Chen", "Okafor", "Smith", "Moreau"]
PEAK = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module("studio_cli", run_name="__main__")
finally:
    # Not ru_maxrss: a process inherits that of the one that started it.
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1], file=sys.stderr)
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "many.csv", COUNT)
        write(folder / "few.csv", 10)
        found(
            folder / "empty.db", lambda: NOW, name="A", email="a@example.com", timezone="UTC", currency="CAD"
        )
        ours, theirs = in_turns(folder)
        again = again_on(folder)
        many, few = peak(folder, "many.csv"), peak(folder, "few.csv")
    print("| what | measured | against | ratio |\n|---|---|---|---|")
    row(f"`studio client import`, {COUNT:,} contacts, by the clock", ours[0], theirs[0])
    row(f"`studio client import`, {COUNT:,} contacts, processor", ours[1], theirs[1])
    row("the same file again, processor", again, theirs[1])
    print(
        f"| its memory at most | {many / 1024:.0f} MiB | ten contacts {few / 1024:.0f} MiB | {many / few:.2f} |"
    )


def row(what: str, ours: float, theirs: float) -> None:
    """Print a line of the table."""
    print(f"| {what} | {ours:.2f} s | sqlite-utils insert --csv {theirs:.2f} s | {ours / theirs:.2f} |")


def contacts(count: int) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield people that nobody knows."""
    for number in range(count):
        first, last = FIRST[number % 10], LAST[number // 10 % 10]
        notes = "Likes mornings. Met at the fair." if number % 3 == 0 else ""
        yield first, last, f"client.{number}@example.com", f"+1 416 555 {number % 10_000:04d}", notes


def write(path: Path, count: int) -> None:
    """Write a file such as programs export."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Last Name", "Email", "Phone", "Notes"])
        writer.writerows(contacts(count))


Taken = tuple[float, float]
"""Seconds by the clock, and of the processor."""


def in_turns(folder: Path) -> tuple[Taken, Taken]:
    """Return what ours and theirs takes."""
    ours, theirs = [], []
    for number in range(ROUNDS):
        shutil.copy(folder / "empty.db", folder / "ours.db")
        ours.append(seconds(*studio(folder, "many.csv")))
        plain = [
            "insert",
            str(folder / f"{number}.db"),
            "client",
            str(folder / "many.csv"),
            "--csv",
            "--silent",
        ]
        theirs.append(seconds(sys.executable, "-m", "sqlite_utils", *plain))
    return medians(ours), medians(theirs)


def medians(taken: list[Taken]) -> Taken:
    """Return the median of each."""
    clock, processor = zip(*taken, strict=True)
    return statistics.median(clock), statistics.median(processor)


def again_on(folder: Path) -> float:
    """Return the processor's seconds for importing what is there."""
    return medians([seconds(*studio(folder, "many.csv")) for _ in range(ROUNDS)])[1]


def studio(folder: Path, file: str) -> list[str]:
    """Return the command."""
    return [sys.executable, "-m", *arguments(folder, file)]


def arguments(folder: Path, file: str) -> list[str]:
    """Return the command's words after the interpreter's."""
    return ["studio_cli", "--db", str(folder / "ours.db"), "client", "import", str(folder / file)]


def seconds(*command: str) -> Taken:
    """Return how long a command takes."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
    taken, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak(folder: Path, file: str) -> int:
    """Return the memory of an import into an empty studio at its largest, in KiB."""
    shutil.copy(folder / "empty.db", folder / "ours.db")
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments(folder, file)], check=True, capture_output=True, text=True
    )
    return int(done.stderr.split()[-1])


if __name__ == "__main__":
    main()
