"""How long ``studio status`` takes, whole process, against the start of a bare Typer program: ``make bench``.

The studio is one of a long life: 100,000 sessions over thirty years with their payments, links and mails, a full
diary, forty sessions that wait for somebody. The two programs are run in turns; the figures are medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from whenever import Instant

from studio_cli.booking.studio import found
from studio_cli.model.times import stored

NOW = Instant.from_utc(2026, 11, 20, 15)
COUNT, WAITING, AHEAD = 100_000, 40, 200
HOURS_APART = 3
ROUNDS = 21
BARE = """
import typer
app = typer.Typer()
@app.command()
def main() -> None:
    print("Hello")
app()
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        file, bare = Path(folder) / "studio.db", Path(folder) / "bare.py"
        bare.write_text(BARE)
        fill(file)
        ours = [sys.executable, "-m", "studio_cli", "--db", str(file), "status"]
        print("| what | measured | against | ratio |\n|---|---|---|---|")
        for what, more in (("status", []), ("status --json", ["--json"])):
            taken, base = _in_turns([*ours, *more], [sys.executable, str(bare)])
            print(
                f"| `studio {what}`, {COUNT:,} sessions, whole process | {taken * 1000:.0f} ms "
                f"| a bare Typer program {base * 1000:.0f} ms | {taken / base:.2f} |",
                flush=True,
            )


def _in_turns(*commands: Sequence[str]) -> list[float]:
    """Return the median seconds of each command, all run in turns."""
    environ = {**os.environ, "STUDIO_NOW": stored(NOW)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is not compiled anew at each start
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for taken, command in zip(times, commands, strict=True):
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
            taken.append(time.perf_counter() - begun)
    return [statistics.median(taken) for taken in times]


def fill(path: Path) -> None:
    """Make the studio: every tenth session was canceled, all others are confirmed and paid, the last ones wait."""
    studio = found(
        path, lambda: NOW, name="A", email="a@example.com", timezone="America/Toronto", currency="CAD"
    )
    with studio.file.atomic() as sql:
        sql.executemany(
            "INSERT INTO client (name, name_folded, created_at) VALUES (?1, ?1, ?2)",
            ((f"client {number}", stored(NOW)) for number in range(1000)),
        )
        sql.executemany(
            """INSERT INTO session (status, title, client_id, starts_at, duration_minutes, timezone, price_minor,
               asked_now_minor, currency, created_at)
               VALUES ('pending', 'Family session', ?, ?, 90, 'America/Toronto', 25000, 25000, 'CAD', ?)""",
            _sessions(),
        )
        settled = f"id <= {COUNT - WAITING}"
        sql.execute(f"UPDATE session SET status = 'canceled' WHERE id % 10 = 0 AND {settled}")
        sql.execute(
            f"""UPDATE session SET status = 'confirmed', confirmed_at = created_at, confirmed_by = 'client'
                WHERE id % 10 <> 0 AND {settled}"""
        )
        sql.execute(
            """INSERT INTO payment (session_id, kind, amount_minor, currency, method, at, recorded_at)
               SELECT id, 'payment', 25000, 'CAD', 'transfer', created_at, created_at FROM session
               WHERE status = 'confirmed' AND id % 500 <> 7"""
        )
        sql.execute(
            "INSERT INTO share (session_id, channel, created_at) SELECT id, 'email', created_at FROM session"
        )
        sql.execute(
            """INSERT INTO message (session_id, kind, recipient, occasion, about, to_name, to_email, subject, text,
               html, state, created_at, sent_at)
               SELECT id, 'share', 'client', 'share ' || id, '{}', 'C', 'c@example.com', 'S', 'T', 'H',
               iif(id % 20000 = 3, 'failed', 'sent'), created_at, iif(id % 20000 = 3, NULL, created_at)
               FROM session"""
        )
    studio.file.close()


def _sessions() -> Iterator[tuple[int, str, str]]:
    first = NOW.subtract(hours=HOURS_APART * (COUNT - AHEAD))
    for number in range(COUNT):
        begins = first.add(hours=HOURS_APART * number)
        yield number % 1000 + 1, stored(begins), stored(begins.subtract(hours=24 * 30))


if __name__ == "__main__":
    main()
