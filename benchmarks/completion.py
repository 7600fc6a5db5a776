"""How soon a shell has its answer, against a bare Typer program's start, in one run: ``python -m benchmarks.completion``.

The studio has 100,000 clients and as many sessions. Prints a table in Markdown; every figure is a median.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from studio_cli.booking import session_type
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import found
from studio_cli.model.client import ClientDetails
from studio_cli.store import client as client_store
from tests.conftest import NOW, ZONE

MANY = 100_000
RUNS = 30

BARE = """
import typer
app = typer.Typer()
@app.command()
def hello(name: str = "you") -> None:
    print(name)
app()
"""

ASKED = {
    "the number of a session": ["session", "show", "1"],
    "any session": ["session", "show", ""],
    "a session by its client": ["session", "show", "jose"],
    "a client": ["client", "show", "jos"],
    "a status": ["session", "list", "--status", "pe"],
    "an option": ["session", "new", "--"],
    "a command": ["sess"],
}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "studio.db"
        _fill(path)
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environ["STUDIO_DB"] = str(path)
        base = _median([sys.executable, str(bare)], environ)
        print(f"Python {platform.python_version()}, {platform.machine()}; bare Typer {base * 1000:.0f} ms\n")
        print("| completing | takes | of a bare Typer program |")
        print("|---|---|---|")
        for what, words in ASKED.items():
            command = [sys.executable, "-m", "studio_cli", "--", *words]
            taken = _median(command, {**environ, "_STUDIO_COMPLETE": "zsh"})
            print(f"| {what} | {taken * 1000:.0f} ms | {taken / base:.2f} |", flush=True)


def _median(command: list[str], environ: dict[str, str]) -> float:
    times = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])  # the first may have compiled what it loads


def _fill(path: Path) -> None:
    studio = found(
        path, lambda: NOW, name="Ana", email="ana@example.com", timezone=ZONE, currency="CAD", test=True
    )
    offer, _ = session_type.add(studio, TypedOffer(name="Family session", duration="90m", price="250"))
    with studio.file.atomic() as sql:
        for number in range(MANY):
            details = ClientDetails(f"José Costa {number}", f"c{number}@example.com")
            client_store.insert(studio.file, details, NOW)
        sql.execute(
            f"""WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < {MANY - 1})
            INSERT INTO session (status, title, type_id, client_id, starts_at, duration_minutes, timezone, price_minor,
              currency, asked_now_minor, buffer_before_minutes, buffer_after_minutes, created_at, pay)
            SELECT 'pending', 'Family session', {offer.id}, i + 1,
              strftime('%Y-%m-%dT%H:%M:%SZ', '2020-01-01', (i * 100) || ' minutes'), 90, '{ZONE}', 25000, 'CAD', 25000,
              0, 0, '2019-01-01T00:00:00Z', 'full' FROM n"""
        )
    studio.file.close()


if __name__ == "__main__":
    main()
