"""``studio remind``: on a terminal, in a pipe, as JSON, rehearsed; with a mail server, a bad one and none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from studio_cli.booking.studio import open_studio
from studio_cli.model.times import from_stored
from tests.conftest import Cli, studio_process
from tests.journeys.test_races import at_once
from tests.smtp_server import MailServer
from tests.terminal import on_terminal, studio

LATER = "2026-11-22T17:00:00Z"
DOCS = Path(__file__).parents[2] / "docs" / "reminders.md"


@pytest.fixture
def shared(with_mail: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A studio whose session 1 was shared by a link two days ago, with a mail server."""
    with_mail("session", "share", "1", "--link").ok()
    monkeypatch.setenv("STUDIO_NOW", LATER)
    return with_mail


def test_nothing_due(new_studio: Cli) -> None:
    """With nothing to do it is silent in a pipe, so that cron mails nobody; JSON is an empty list."""
    assert (new_studio("remind").ok().out, new_studio("remind").err) == ("", "")
    assert new_studio("remind", "--json").ok().json == []
    assert new_studio("remind", "--dry-run").ok().out == ""
    code, shown = on_terminal(studio("remind"))
    assert (code, shown) == (0, "Nothing is due.\n")


def test_in_a_pipe(shared: Cli, mail_server: MailServer) -> None:
    """What was sent is one line each: number, state, kind, address, session, title, start, why. Then nothing."""
    sent = shared("remind").ok()
    assert sent.out == (
        "1\tsent\treminder\trui@example.com\t1\tPortrait\t2026-12-04T10:00:00-05:00\t"
        "2 days after the link; open: review, payment\n"
    )
    assert sent.err == ""
    assert [one.recipients for one in mail_server.received] == [("rui@example.com",)]
    assert shared("remind").ok().out == ""


def test_json(shared: Cli) -> None:
    """JSON is the message, with why it was sent."""
    (one,) = shared("remind", "--json").ok().json
    assert (one["id"], one["session"], one["kind"], one["state"]) == (1, 1, "reminder", "sent")
    assert (one["why"], one["dry_run"]) == ("2 days after the link; open: review, payment", False)


def test_dry_run(shared: Cli, mail_server: MailServer, tmp_path: Path) -> None:
    """A dry run lists what would be sent and why, and changes nothing."""
    before = (tmp_path / "studio.db").read_bytes()
    (one,) = shared("remind", "--dry-run", "--json").ok().json
    assert (one["id"], one["to"], one["dry_run"]) == (None, "rui@example.com", True)
    assert (
        shared("remind", "--dry-run").ok().out.startswith("\twould be sent\treminder\trui@example.com\t1\t")
    )
    assert (tmp_path / "studio.db").read_bytes() == before
    assert mail_server.received == []


def test_on_a_terminal(shared: Cli) -> None:
    """On a terminal it is a small table, within 80 columns."""
    code, shown = on_terminal(studio("remind"), environ={"NO_COLOR": "1"})
    assert code == 0
    assert max(map(len, shown.splitlines())) <= 80
    assert "sent" in shown
    assert "rui@example.com" in shown


def test_quiet(shared: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """At night nothing goes out: a person is told why, a pipe is not."""
    monkeypatch.setenv("STUDIO_NOW", "2026-11-23T04:00:00Z")
    assert (shared("remind").ok().out, shared("remind").err) == ("", "")
    assert "It is quiet now (21:00-08:00)" in on_terminal(studio("remind"))[1]
    assert "It is quiet now" in shared("remind", "--dry-run").ok().err


def test_no_server(with_session: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mail server a nightly job does not fail; it says so when something is due."""
    with_session("session", "share", "1", "--link").ok()
    assert with_session("remind").ok().err == ""
    monkeypatch.setenv("STUDIO_NOW", LATER)
    result = with_session("remind").ok()
    assert result.out == ""
    assert result.err.startswith("No mail server is set: 1 reminder is due and cannot be sent.")
    assert "studio config set mail.host" in result.err
    assert with_session("mail", "list", "--json").ok().json == []


def test_mail_that_fails(shared: Cli, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that cannot be sent is exit 5, and goes out with a later run."""
    mail_server.refuse = "451 busy"
    failed = shared("remind")
    assert failed.code == 5
    assert "\tfailed\treminder\t" in failed.out
    assert "The mail to rui@example.com was not sent" in failed.err
    mail_server.refuse = None
    monkeypatch.setenv("STUDIO_NOW", "2026-11-22T18:00:00Z")
    assert "\tsent\treminder\t" in shared("remind").ok().out
    assert len(mail_server.received) == 1


def test_history_and_switches(shared: Cli) -> None:
    """The history says that it was sent; session, client and type show their switch and take it."""
    shared("remind").ok()
    assert shared("session", "history", "1", "--json").json[-1]["event"] == "mail sent"
    assert shared("session", "show", "1", "--json").json["reminders"] is True
    edited = shared("session", "edit", "1", "--no-reminders", "--json").ok().json
    assert (edited["reminders"], edited["reminded_of"]) == (False, [])
    assert edited["changes"] == {"reminders": {"before": True, "after": False}}
    assert "off for this session" in on_terminal(studio("session", "show", "1"))[1]
    assert shared("session", "edit", "1", "--reminders", "--json").ok().json["reminded_of"] == [
        "unfinished", "hold", "balance", "tomorrow",
    ]  # fmt: skip
    assert shared("client", "edit", "rui", "--no-reminders", "--json").ok().json["reminders"] is False
    assert shared("session", "show", "1", "--json").json["reminded_of"] == []
    assert "off for this client" in on_terminal(studio("session", "show", "1"))[1]


def test_switched_off_from_the_beginning(new_studio: Cli) -> None:
    """A client, a session and a type can be without reminders from the beginning."""
    added = new_studio("client", "add", "Eva", "--email", "eva@example.com", "--no-reminders", "--json").ok()
    assert added.json["reminders"] is False
    offer = (
        "type",
        "add",
        "Lesson",
        "--duration",
        "1h",
        "--price",
        "0",
        "--reminders",
        "tomorrow, unfinished",
    )
    assert new_studio(*offer, "--json").ok().json["reminders"] == ["unfinished", "tomorrow"]
    assert new_studio("type", "edit", "lesson", "--reminders", "off", "--json").ok().json["reminders"] == []
    new = (
        "session",
        "new",
        "--type",
        "lesson",
        "--client",
        "eva",
        "--at",
        "2026-12-04 10:00",
        "--no-reminders",
    )
    assert new_studio(*new, "--json").ok().json["reminders"] is False
    refused = new_studio("type", "edit", "lesson", "--reminders", "nudge", "--json")
    assert (refused.code, refused.error["code"]) == (2, "reminders")


def test_plan_is_a_setting(new_studio: Cli) -> None:
    """When clients are reminded is set like everything else, and shown in its usual form."""
    new_studio("config", "set", "remind.quiet", "10pm-7am").ok()
    assert new_studio("config", "get", "remind.quiet").ok().out == "22:00-07:00\n"
    assert new_studio("config", "set", "remind.unfinished", "soon").code == 2


def test_many_at_the_same_moment(with_mail: Cli, mail_server: MailServer, tmp_path: Path) -> None:
    """Cron that overlaps with itself: however many run at once, each client gets one mail."""
    for number in range(2, 7):
        with_mail(
            "session", "new", "--one-off", "X", "--duration", "1h", "--add-client", f"C{number} <c{number}@example.com>",
            "--at", f"2026-12-0{number} 19:00", "--custom", "--share", "link",
        ).ok()  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_NOW", LATER)
        ended = at_once(tmp_path, *[("remind",)] * 4)
    assert [(code, err) for code, _, err in ended] == [(0, "")] * 4
    got = Counter(one.recipients[0] for one in mail_server.received)
    assert got == {f"c{number}@example.com": 1 for number in range(2, 7)}
    assert len(with_mail("mail", "list", "--json").json) == 5


def test_killed_in_the_middle(shared: Cli, mail_server: MailServer, tmp_path: Path) -> None:
    """A run that is killed when the mail is with the server is not repeated by the next: the owner is asked."""
    script = (
        "import os, sys\n"
        "from studio_cli.outside import smtp\n"
        "send = smtp.SmtpServer.send\n"
        "def kill(self, *mail):\n    send(self, *mail)\n    os._exit(9)\n"
        "smtp.SmtpServer.send = kill\n"
        "from studio_cli.cli.app import main\n"
        "main(['remind'])\n"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 9
    assert shared("remind").ok().out == ""
    assert len(mail_server.received) == 1
    opened = open_studio(tmp_path / "studio.db", lambda: from_stored(LATER))
    assert opened.file.connection.execute("SELECT state FROM message").fetchall()[0][0] == "sending"
    opened.file.close()


def test_lines_of_the_documentation(new_studio: Cli) -> None:
    """The line for cron and the units for systemd are there, and run the command as it is."""
    text = DOCS.read_text()
    assert "Persistent=true" in text
    assert "OnCalendar=hourly" in text
    (line,) = [line for line in text.splitlines() if line.endswith("studio remind") and line[0].isdigit()]
    assert line.split()[:5] == ["7", "*", "*", "*", "*"]
    assert studio_process("remind").returncode == 0
    assert json.loads(studio_process("remind", "--json").stdout) == []
