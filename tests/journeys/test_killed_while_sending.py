"""Programs that are killed around sending a mail: none is lost, none is sent twice by us, doubtful ones are listed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from whenever import Instant

from studio_cli.booking import mail
from studio_cli.booking.studio import Studio, open_studio
from studio_cli.outside.smtp import SmtpServer
from studio_cli.store import message as message_store
from tests.conftest import Clock, Maker
from tests.smtp_server import MailServer

KILLS = int(os.environ.get("KILLS", "40"))
ROOT = Path(__file__).parent.parent.parent


def killed(studio: Studio, server: MailServer, rounds: int, *more: str) -> dict[str, int]:
    """Let a program send and be killed so often; return how many mails are in which state then."""
    command = [sys.executable, "-m", "tests.journeys.killed_while_sending", str(studio.file.path)]
    done = subprocess.run(
        [*command, str(server.port), str(rounds), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    return {state: int(count) for state, count in (word.split("=") for word in done.stdout.split())}


def arrived(server: MailServer) -> Counter[str]:
    """Return how often each mail arrived, by its Message-ID, which is the same for every attempt."""
    return Counter(str(one.mail["Message-ID"]) for one in server.received)


def test_killed_while_sending(studio: Studio, make: Maker, mail_server: MailServer) -> None:
    """However often a program dies around sending, each mail goes out once, or is shown as doubtful."""
    make.session("2099-12-04 10:00", custom=True)
    met = killed(studio, mail_server, KILLS)
    assert met.get("sending", 0) > 0, f"no kill came in the middle of a sending: {met}"

    later = open_studio(studio.file.path, lambda: Instant.now().add(hours=1))
    box = SmtpServer("127.0.0.1", mail_server.port, "none")
    list(mail.send_waiting(later, box))
    messages = message_store.listed(later.file)
    assert len(messages) == KILLS + 5
    assert {message.state for message in messages} <= {"sent", "unknown"}
    counts, domain = arrived(mail_server), studio.settings["internal.id"]
    for message in messages:
        times = counts[f"<{domain}.{message.id}@example.com>"]
        assert times == 1 if message.state == "sent" else times <= 1, (message.id, message.state, times)
    unknown = {message.id for message in messages if message.state == "unknown"}
    assert unknown == {one.id for one in message_store.listed(later.file, ("unknown",))}
    told = [line for line in _history(later) if line == "mail unknown"]
    assert len(told) == len(unknown) == met["sending"]
    later.file.close()


def _history(studio: Studio) -> list[str]:
    from studio_cli.booking import session as sessions

    return [line.kind for line in sessions.history(studio, sessions.get(studio, 1))]


def test_control_sends_twice(studio: Studio, make: Maker, mail_server: MailServer, clock: Clock) -> None:
    """A program that writes down only afterwards what it sent sends some mails twice under the same kills."""
    make.session("2099-12-04 10:00", custom=True)
    for _ in range(5):
        killed(studio, mail_server, 30, "naive")
        if max(arrived(mail_server).values()) > 1:
            return
    raise AssertionError("the kills never came between sending and writing it down: they prove nothing")
