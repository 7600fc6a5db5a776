"""``session accept · decline · propose`` and ``session new --inquiry``, as the owner types them."""

from __future__ import annotations

import shlex

import pytest

from tests.conftest import Cli
from tests.smtp_server import MailServer
from tests.terminal import on_terminal, studio


@pytest.fixture
def asked(with_mail: Cli) -> Cli:
    """A studio with mail, and session 2: a request of Rui Costa's by telephone, for 7 December at ten."""
    with_mail("type", "add", "Talk", "--duration", "1h", "--price", "0", "--approval").ok()
    with_mail(
        "session", "new", "--type", "talk", "--client", "rui", "--at", "2026-12-07 10:00", "--inquiry"
    ).ok()
    return with_mail


def test_waits_for_the_owner(asked: Cli) -> None:
    """A request stands under what waits for you, with the command; proposed, it waits for its client."""
    stuck = {one["session"]: one for one in asked("status", "--json").ok().json["stuck"]}
    assert (stuck[2]["yours"], stuck[2]["command"]) == (True, "studio session accept 2")
    asked("session", "propose", "2", "--at", "2026-12-08 10:00").ok()
    stuck = {one["session"]: one for one in asked("status", "--json").ok().json["stuck"]}
    assert not stuck[2]["yours"]


def test_somebody_else_has_the_time(asked: Cli) -> None:
    """Once the time of a request that holds none is taken, its card says by whom, and status proposes another."""
    asked("type", "edit", "talk", "--request", "free").ok()
    asked("session", "new", "--type", "talk", "--client", "rui", "--at", "2026-12-08 10:00", "--inquiry").ok()
    asked("session", "new", "--type", "talk", "--client", "rui", "--at", "2026-12-08 10:00").ok()
    stuck = {one["session"]: one for one in asked("status", "--json").ok().json["stuck"]}
    command = stuck[3]["command"]
    assert command.startswith("studio session propose 3 --at ")
    _, card = on_terminal(studio("session", "show", "3"))
    assert "session 4 has its time" in card and "session propose 3" in card
    asked(*shlex.split(command)[1:]).ok()


def test_accepted(asked: Cli, mail_server: MailServer) -> None:
    """Accepted, the client gets one mail with a link, and what is left is said; again, nothing happens."""
    session = asked("session", "show", "2", "--json").ok().json
    assert (session["status"], session["holds_time"]) == ("inquiry", True)
    assert session["expires_at"] == "2026-11-27T10:00:00-05:00"
    done = asked("session", "accept", "2", "--message", "With pleasure", "--json").ok().json
    assert (done["status"], done["waiting_for"], done["changed"]) == ("pending", ["review"], True)
    assert [mail["kind"] for mail in done["mails"]] == ["accepted"]
    assert not asked("session", "accept", "2", "--json").ok().json["changed"]
    (mail,) = mail_server.received
    assert "With pleasure" in mail.text and "/s/" in mail.text


def test_rehearsed(asked: Cli, mail_server: MailServer) -> None:
    """With --dry-run nothing is changed and nothing is sent, and it says what would be."""
    for command in (
        ("accept", "2", "--at", "2026-12-08 10:00"),
        ("decline", "2"),
        ("propose", "2", "--at", "2026-12-08 10:00"),
    ):
        shown = asked("session", *command, "--dry-run").ok()
        assert "Would be mailed to rui@example.com" in shown.err
    assert asked("session", "show", "2", "--json").json["status"] == "inquiry"
    assert not mail_server.received


def test_declined(asked: Cli, mail_server: MailServer) -> None:
    """Declined with a word; without mail if the owner says so."""
    done = asked("session", "decline", "2", "--message", "I am away", "--no-email", "--json").ok().json
    assert (done["status"], done["mails"]) == ("declined", [])
    refused = asked("session", "accept", "2", "--json")
    assert (refused.code, refused.error["code"]) == (3, "wrong_status")
    assert not mail_server.received


def test_proposed(asked: Cli, mail_server: MailServer) -> None:
    """The times that are proposed are mailed and shown; a taken one is refused with the nearest."""
    refused = asked("session", "propose", "2", "--at", "2026-12-04 10:00", "--json")
    assert (refused.code, refused.error["code"]) == (3, "overlap")
    assert asked("session", "propose", "2").code == 2
    done = asked("session", "propose", "2", "--at", "2026-12-08 10:00", "--at", "2026-12-09 10:00").ok()
    assert "Tue 8 Dec 2026 10:00 is held until Fri 27 Nov 2026 10:00." in done.err
    shown = asked("session", "show", "2", "--json").ok().json
    assert shown["offered_times"] == ["2026-12-08T10:00:00-05:00", "2026-12-09T10:00:00-05:00"]
    (mail,) = mail_server.received
    assert "Another time?" in str(mail.mail["subject"])


def test_declined_after_a_proposal(asked: Cli, mail_server: MailServer) -> None:
    """A no after other times were proposed says no, and not that those have passed."""
    asked("session", "propose", "2", "--at", "2026-12-08 10:00", "--no-email").ok()
    asked("session", "decline", "2").ok()
    (mail,) = mail_server.received
    assert "Not possible" in str(mail.mail["subject"])


def test_link_of_a_request(asked: Cli) -> None:
    """The link to its page can be handed over; a mail goes out with the answer."""
    assert "/s/" in asked("session", "share", "2", "--link").ok().out
    refused = asked("session", "share", "2", "--email")
    assert (refused.code, "accept 2" in refused.err) == (3, True)


def test_deadlines_of_one_session(with_session: Cli) -> None:
    """Until when a client can move and cancel is changed for one session, and shown."""
    with_session("session", "edit", "1", "--move-until", "48h", "--cancel-until", "0").ok()
    shown = with_session("session", "show", "1", "--json").ok().json
    assert (shown["move_until_minutes"], shown["cancel_until_minutes"]) == (2880, 0)
    done = with_session("session", "edit", "1", "--move-until", "none", "--json").ok().json
    assert done["changes"]["move_until_minutes"] == {"before": 2880, "after": None}
    assert with_session("session", "edit", "1", "--move-until", "soon").code == 2


def test_a_taken_time_cannot_be_proposed_whatever_is_added(with_session: Cli) -> None:
    """The way out that is named is one that the command has: another time."""
    with_session(
        "session", "new", "--one-off", "Talk", "--duration", "1h", "--price", "0", "--client", "rui",
        "--at", "2026-12-07 10:00", "--inquiry",
    ).ok()  # fmt: skip
    told = with_session("session", "propose", "2", "--at", "2026-12-04 10:00")
    assert told.code == 3
    assert "Nearest free:" in told.err
    assert "--allow-overlap" not in told.err
