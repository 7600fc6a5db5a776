"""Sends the mails of a studio again and again, and is killed again and again: a program of its own, because it forks.

``python -m tests.journeys.killed_while_sending FILE PORT ROUNDS [naive]``; prints how many mails are in which state at the end.
``naive`` sends a mail without writing down that it does: the control, which sends twice.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from whenever import Instant

from studio_cli.booking import letter, mail
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.outside.smtp import SmtpServer
from studio_cli.store import message as message_store


def send_naively(studio: Studio, server: SmtpServer) -> None:
    """Send what waits, and write it down only afterwards."""
    for message in message_store.listed(studio.file, ("queued",)):
        server.send(mail._envelope(message, studio.settings, None), message.letter)
        with studio.file.atomic():
            studio.file.connection.execute(
                "UPDATE message SET state = 'sent', sent_at = created_at WHERE id = ?", (message.id,)
            )


def child(path: Path, server: SmtpServer, *, naive: bool) -> None:
    """Send everything that waits, in a process that may be killed at any moment."""
    studio = open_studio(path, Instant.now)
    if naive:
        send_naively(studio, server)
    else:
        mail.send_written(studio, server, retry=True)


def one_round(path: Path, server: SmtpServer, after: float | None, *, naive: bool) -> float:
    """Write one more mail, send in a child, kill it after so many seconds; return how long it lived."""
    studio = open_studio(path, Instant.now)
    with studio.file.atomic():
        occasion = f"round {message_store.newest(studio.file)}"
        letter.put(studio, sessions.get(studio, 1), "receipt", occasion)
    studio.file.close()
    begun, number = time.monotonic(), os.fork()
    if number == 0:
        code = 1
        try:
            child(path, server, naive=naive)
            code = 0
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return time.monotonic() - begun


def states(path: Path) -> Counter[str]:
    """Return how many messages are in which state."""
    studio = open_studio(path, Instant.now)
    found = Counter(str(message.state) for message in message_store.listed(studio.file))
    studio.file.close()
    return found


def main() -> None:
    """Measure a whole sending, then kill at random moments of it."""
    path, port, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    server, naive = SmtpServer("127.0.0.1", port, "none"), "naive" in sys.argv[4:]
    child(path, server, naive=naive)  # what it loads, the children have
    whole = sorted(one_round(path, server, None, naive=naive) for _ in range(5))[2]
    chance = random.Random(7)
    for _ in range(rounds):
        one_round(path, server, chance.uniform(0, whole * 1.1), naive=naive)
    sys.stdout.write(" ".join(f"{state}={count}" for state, count in sorted(states(path).items())))


if __name__ == "__main__":
    main()
