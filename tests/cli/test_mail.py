"""``studio mail``: the outbox, sent once; and sharing by mail when there is no server, a bad one, a good one."""

from __future__ import annotations

import re
import socket
import sqlite3
from pathlib import Path

import pytest

from studio_cli.booking.journey import visit
from studio_cli.booking.studio import open_studio
from tests.conftest import NOW, Cli, studio_process
from tests.scripted_smtp import scripted
from tests.smtp_server import MailServer
from tests.terminal import on_terminal, studio

MESSAGE_FIELDS = {
    "id", "session", "to", "kind", "subject", "state", "attempts", "last_error", "created_at", "sent_at",
    "recipient", "waiting", "trouble", "next_try_at",
}  # fmt: skip
LINK = re.compile(r"http://127\.0\.0\.1:8000/s/([\w-]{43})")


def only_message(cli: Cli) -> dict[str, object]:
    """The one message of the outbox."""
    (message,) = cli("mail", "list", "--json").ok().json
    return dict(message)


def opens_session(tmp_path: Path, link: str) -> int:
    """The number of the session that a link opens."""
    studio = open_studio(tmp_path / "studio.db", lambda: NOW)
    try:
        return visit(studio, link.rpartition("/s/")[2]).session.id
    finally:
        studio.file.close()


def test_share_by_mail(with_mail: Cli, mail_server: MailServer, tmp_path: Path) -> None:
    """share --email sends one mail whose link works, and says so in its JSON."""
    shared = with_mail("session", "share", "1", "--email", "--json").ok().json
    assert shared == {
        "session": 1, "share": 1, "channel": "email", "link": shared["link"],
        "message": {"id": 1, "state": "sent", "last_error": None}, "mails": [], "dry_run": False,
    }  # fmt: skip
    (received,) = mail_server.received
    assert received.recipients == ("rui@example.com",)
    assert shared["link"] in received.text
    assert shared["link"] in received.html
    assert opens_session(tmp_path, shared["link"]) == 1
    message = only_message(with_mail)
    assert set(message) == MESSAGE_FIELDS
    assert (message["state"], message["attempts"], message["to"]) == ("sent", 1, "rui@example.com")
    assert message["sent_at"] == message["created_at"] == "2026-11-20T10:00:00-05:00"


def test_new_and_share_in_one(with_mail: Cli, mail_server: MailServer) -> None:
    """session new --share email sets up, shares and sends."""
    made = with_mail(
        "session", "new", "--one-off", "X", "--duration", "1h", "--client", "1", "--at", "2026-12-07 10:00",
        "--share", "email", "--json",
    ).ok().json  # fmt: skip
    assert made["share"]["message"]["state"] == "sent"
    assert made["share"]["link"] in mail_server.received[0].text


def test_no_server(with_session: Cli, tmp_path: Path) -> None:
    """Without a mail server sharing is exit 5: the link is on stdout and works, the message waits in the outbox."""
    result = with_session("session", "share", "1", "--email")
    assert result.code == 5
    assert LINK.fullmatch(result.out.strip())
    assert "No mail server is set." in result.err
    assert "studio config set mail.host" in result.err
    assert len(result.err.splitlines()) == 2
    assert opens_session(tmp_path, result.out.strip()) == 1
    session = with_session("session", "show", "1", "--json").json
    assert (session["status"], session["shares"][0]["channel"]) == ("pending", "email")
    assert only_message(with_session)["state"] == "queued"
    assert (
        with_session("mail", "list", "--waiting").ok().out.startswith("1\tqueued\tshare\trui@example.com\t")
    )


def test_no_server_in_json(with_session: Cli) -> None:
    """With --json the share is on stdout and the failure on stderr, each one document."""
    result = with_session("session", "share", "1", "--email", "--json")
    assert (result.code, result.error["code"]) == (5, "no_mail_server")
    assert result.json["message"]["state"] == "queued"


def test_sent_later_exactly_once(with_session: Cli, mail_server: MailServer, tmp_path: Path) -> None:
    """What waited is sent by mail send once there is a server, once, and the link in that mail works."""
    cli = with_session
    first = LINK.search(cli("session", "share", "1", "--email").out)
    assert cli("mail", "send").code == 5
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        cli("config", "set", f"mail.{name}", value).ok()
    assert [message["state"] for message in cli("mail", "send", "--dry-run", "--json").ok().json] == [
        "queued"
    ]
    assert mail_server.received == []
    (sent,) = cli("mail", "send", "--json").ok().json
    assert sent["state"] == "sent"
    assert cli("mail", "send", "--json").ok().json == []
    assert len(mail_server.received) == 1
    mailed = LINK.search(mail_server.received[0].text)
    assert first and mailed
    for link in (first[0], mailed[0]):
        assert opens_session(tmp_path, link) == 1


def test_two_senders_send_once(with_session: Cli, mail_server: MailServer) -> None:
    """Two mail send at the same time send each message once."""
    import subprocess
    import sys

    for hour in (12, 14):
        with_session(
            "session", "new", "--one-off", "X", "--duration", "1h", "--client", "1",
            "--at", f"2026-12-07 {hour}:00", "--custom",
        ).ok()  # fmt: skip
    for number in ("1", "2", "3"):
        with_session("session", "share", number, "--email")
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        with_session("config", "set", f"mail.{name}", value).ok()
    command = [sys.executable, "-m", "studio_cli", "mail", "send"]
    senders = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for sender in senders:
        sender.communicate(timeout=60)
    assert [sender.returncode for sender in senders] == [0, 0, 0, 0]
    assert len(mail_server.received) == 3
    assert len({LINK.search(received.text)[1] for received in mail_server.received}) == 3  # type: ignore[index]


def test_server_that_is_not_there(with_session: Cli) -> None:
    """A server that cannot be reached is exit 5 with its words; the message stays to be sent."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name, value in (("host", "127.0.0.1"), ("port", str(port)), ("tls", "none")):
        with_session("config", "set", f"mail.{name}", value).ok()
    result = with_session("session", "share", "1", "--email", "--json")
    assert (result.code, result.error["code"]) == (5, "mail_failed")
    assert "Connection refused" in result.error["message"]
    assert result.error["hint"] == "It waits in the outbox: studio mail send"
    message = only_message(with_session)
    assert (message["state"], message["attempts"]) == ("failed", 1)
    assert "Connection refused" in str(message["last_error"])


def test_refusing_server(with_mail: Cli, mail_server: MailServer) -> None:
    """A mail that the server refuses is exit 5, and sent by the next mail send when the server takes it."""
    mail_server.refuse = "451 Try later"
    assert with_mail("session", "share", "1", "--email").code == 5
    assert with_mail("mail", "send").code == 5
    mail_server.refuse = None
    with_mail("mail", "send").ok()
    assert len(mail_server.received) == 1
    assert only_message(with_mail)["attempts"] == 3


def test_doubtful_mail_is_sent_again_only_when_asked(with_session: Cli, mail_server: MailServer) -> None:
    """A mail that may have been sent is exit 5, is not sent again by itself, and is when its number is named."""
    cli = with_session
    cli("config", "set", "mail.host", "127.0.0.1").ok()
    cli("config", "set", "mail.tls", "none").ok()
    with scripted({"DATA": "354 go on", ".": None}) as (port, _):
        cli("config", "set", "mail.port", str(port)).ok()
        result = cli("session", "share", "1", "--email", "--json")
    assert (result.code, result.error["code"]) == (5, "mail_unknown")
    assert "studio mail send 1 --yes" in result.error["hint"]
    assert result.json["message"]["state"] == only_message(cli)["state"] == "unknown"
    cli("config", "set", "mail.port", str(mail_server.port)).ok()
    cli("mail", "send").ok()
    assert mail_server.received == []
    assert cli("mail", "send", "1", "--json").error["code"] == "needs_yes"
    assert mail_server.received == []
    cli("mail", "send", "1", "--yes").ok()
    assert len(mail_server.received) == 1
    assert only_message(cli)["state"] == "sent"


def test_pointless_mail_is_not_sent(with_session: Cli, mail_server: MailServer) -> None:
    """A waiting share mail is never sent once its session is confirmed."""
    with_session("session", "share", "1", "--email")
    with_session("session", "confirm", "1").ok()
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        with_session("config", "set", f"mail.{name}", value).ok()
    with_session("mail", "send").ok()
    assert mail_server.received == []
    assert only_message(with_session)["state"] == "canceled"


def test_link_is_not_in_the_file(with_mail: Cli, tmp_path: Path) -> None:
    """Neither the outbox nor mail show has the link, sent or not."""
    link = with_mail("session", "share", "1", "--email", "--json").ok().json["link"]
    token = link.rpartition("/")[2]
    assert token not in with_mail("mail", "show", "1", "--json").ok().out
    assert "[the client's link]" in with_mail("mail", "show", "1").ok().out
    with sqlite3.connect(tmp_path / "studio.db") as connection:
        dumped = "\n".join(connection.iterdump())
    connection.close()
    assert token not in dumped


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_send_of_one(with_session: Cli, options: tuple[str, ...]) -> None:
    """mail send with a number is about that message: exit 4 when there is none, with or without a server."""
    with_session("session", "share", "1", "--email")
    with_session("session", "share", "1", "--email")
    assert with_session("mail", "send", "99", *options).code == 4
    if options:
        assert [one["id"] for one in with_session("mail", "send", "2", *options, "--json").ok().json] == [2]


def test_send_again_of_what_was_sent(with_mail: Cli, mail_server: MailServer) -> None:
    """A message that was sent is not sent again."""
    with_mail("session", "share", "1", "--email").ok()
    result = with_mail("mail", "send", "1", "--json")
    assert (result.code, result.error["code"]) == (3, "wrong_status")
    assert len(mail_server.received) == 1


def test_hostile_names_arrive_as_names(with_mail: Cli, mail_server: MailServer) -> None:
    """Names with commas, quotes, encoded words and other scripts reach one recipient, as names."""
    names = [
        'Costa, "Rui" <x@example.com>;',
        "=?utf-8?q?=0D=0ABcc=3Aevil@example.com?=",
        "שלום \u202e" + "é, " * 60,
    ]
    for number, name in enumerate(names):
        with_mail("client", "edit", "1", "--name", name[:200]).ok()
        with_mail("session", "share", "1", "--email").ok()
        received = mail_server.received[number]
        assert received.recipients == ("rui@example.com",)
        (person,) = received.mail["To"].addresses
        assert person.addr_spec == "rui@example.com"
        assert received.mail["Bcc"] is None


def test_test_mail(with_mail: Cli, mail_server: MailServer) -> None:
    """mail test sends one mail to the address: each step is a line, and stderr says that the server took it."""
    result = with_mail("mail", "test", "me@example.com").ok()
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert [(name, done) for name, done, *_ in rows] == [
        ("name", "done"), ("connection", "done"), ("greeting", "done"), ("acceptance", "done"),
    ]  # fmt: skip
    assert all(milliseconds.isdigit() for _, _, milliseconds, _ in rows)
    assert rows[0][3] == "an address already"
    assert "me@example.com" in result.err
    assert mail_server.received[0].recipients == ("me@example.com",)
    assert with_mail("mail", "list", "--json").ok().json == []


def test_test_mail_in_json(with_mail: Cli, mail_server: MailServer) -> None:
    """mail test --json is one document with the steps, also when a step failed; the error is on stderr."""
    told = with_mail("mail", "test", "me@example.com", "--json").ok().json
    assert (told["to"], told["state"]) == ("me@example.com", "sent")
    assert all(set(step) == {"step", "ok", "detail", "milliseconds"} and step["ok"] for step in told["steps"])
    mail_server.refuse = "554 5.6.0 No"
    refused = with_mail("mail", "test", "me@example.com", "--json")
    assert (refused.code, refused.error["code"]) == (5, "mail_failed")
    assert refused.json["state"] == "failed"
    assert [step["ok"] for step in refused.json["steps"]] == [True, True, True, False]
    assert refused.json["steps"][-1]["detail"] in refused.error["message"]


def test_doubtful_test_mail(with_session: Cli) -> None:
    """A test mail whose fate is unknown says so, and where to look."""
    with scripted({"DATA": "354 go on", ".": None}) as (port, _):
        for name, value in (("host", "127.0.0.1"), ("port", str(port)), ("tls", "none")):
            with_session("config", "set", f"mail.{name}", value).ok()
        result = with_session("mail", "test", "me@example.com", "--json")
    assert (result.code, result.error["code"]) == (5, "mail_unknown")
    assert result.json["state"] == "unknown"
    assert result.error["hint"] == "Look whether it arrives at me@example.com."


def test_test_mail_on_a_terminal(with_mail: Cli, mail_server: MailServer) -> None:
    """On a terminal each step is a line with a tick, the failed one with a cross; why is said once, below."""
    code, shown = on_terminal(studio("--no-color", "mail", "test", "me@example.com"))
    assert code == 0
    assert re.search(r"✓ Connection +\d+ ms 127\.0\.0\.1 answers on port \d+", shown)
    assert "Look whether it arrives." in shown
    mail_server.refuse = "554 5.6.0 Not this one"
    code, shown = on_terminal(studio("--no-color", "mail", "test", "me@example.com"), columns=200)
    assert code == 5
    assert re.search(r"✗ Mail +\d+ ms failed", shown)
    assert shown.count("Not this one") == 1


def test_last_error_says_which_step(with_mail: Cli, mail_server: MailServer) -> None:
    """What the outbox keeps of a failure says what was refused, and by whom."""
    mail_server.refuse = "554 5.6.0 Not this one"
    with_mail("session", "share", "1", "--email")
    error = str(only_message(with_mail)["last_error"])
    assert error == f"127.0.0.1:{mail_server.port} refused the mail: 5.6.0 Not this one (554)."


def test_test_mail_without_a_server_or_an_address(with_session: Cli) -> None:
    """mail test without a server is exit 3 and says how to set one; what is no address is exit 2."""
    result = with_session("mail", "test", "me@example.com")
    assert (result.code, "mail.host" in result.err) == (3, True)
    assert with_session("mail", "test", "me").code == 2


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_login_with_the_kept_secret(with_session: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login uses the kept secret, or the environment's, and neither is in the file or printed."""
    cli = with_session
    with MailServer(login=("ana", "geheim-1")) as server:
        for name, value in (
            ("host", "127.0.0.1"),
            ("port", str(server.port)),
            ("tls", "none"),
            ("user", "ana"),
        ):
            cli("config", "set", f"mail.{name}", value).ok()
        kept = studio_process("config", "secret", "mail.password", input="wrong\n")
        assert kept.returncode == 0
        assert cli("mail", "test", "me@example.com").code == 5
        monkeypatch.setenv("STUDIO_MAIL_PASSWORD", "geheim-1")
        sent = cli("mail", "test", "me@example.com").ok()
        assert len(server.received) == 1
        assert "geheim-1" not in sent.out + sent.err
