"""``studio waiting`` as scripts run it, and the commands that tell whoever waits."""

from __future__ import annotations

import pytest

from tests.conftest import Cli
from tests.smtp_server import MailServer

MINI = (
    "type", "add", "Santa minis", "--price", "90", "--mini", "--on", "2026-12-12", "--from", "10:00", "--to", "10:20",
    "--every", "20m", "--publish",
)  # fmt: skip
KEPT = ("session", "new", "--type", "santa", "--client", "rui", "--at", "2026-12-12 10:00")


@pytest.fixture
def full(with_mail: Cli) -> Cli:
    """A studio whose only mini session is kept for Rui, as session 2; Eva is a client too."""
    with_mail(*MINI).ok()
    with_mail("client", "add", "Eva Lima", "--email", "eva@example.com").ok()
    with_mail(*KEPT).ok()
    return with_mail


def test_list_add_remove(full: Cli) -> None:
    """Who waits is added, listed and taken off; each again changes nothing."""
    fields = {
        "id", "type", "client", "first_day", "last_day", "timezone", "created_at", "told", "told_at", "told_of", "left_at",
        "left_why",
    }  # fmt: skip
    for _ in range(2):
        one = (
            full("waiting", "add", "--type", "santa", "--client", "eva", "--on", "2026-12-12", "--json")
            .ok()
            .json
        )
        assert set(one) == fields and (one["id"], one["first_day"], one["told"]) == (1, "2026-12-12", 0)
    assert full("waiting", "list", "--json").ok().json == [one]
    line = full("waiting", "list", "--type", "santa").ok().out
    assert line.startswith("1\tsanta-minis\tEva Lima\teva@example.com\t2026-12-12\t2026-11-20T10:00:00-05:00")
    for _ in range(2):
        assert full("waiting", "remove", "1", "--json").ok().json["left_why"] == "removed"
    assert full("waiting", "list", "--json").ok().json == []
    assert len(full("waiting", "list", "--all", "--json").ok().json) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("add", "--client", "eva"), 2, "missing"),
        (("add", "--type", "santa"), 2, "missing"),
        (("add", "--type", "santa", "--client", "eva", "--until", "2026-12-12"), 2, "missing"),
        (("add", "--type", "nothing", "--client", "eva"), 4, "not_found"),
        (("remove", "7"), 4, "not_found"),
    ],
)
def test_refusals(full: Cli, arguments: tuple[str, ...], code: int, error: str) -> None:
    """What is missing, or not there, is said with the code that scripts know."""
    refused = full("waiting", *arguments, "--json")
    assert (refused.code, refused.error["code"]) == (code, error)


def test_cancel_tells_who_waits(full: Cli, mail_server: MailServer) -> None:
    """A command that frees a time tells whoever waits for it; what it says itself is about its own session."""
    full("waiting", "add", "--type", "santa", "--client", "eva").ok()
    full("session", "cancel", "2", "--yes").ok()
    [mail] = [
        one.mail for one in mail_server.received if one.mail["To"].addresses[0].addr_spec == "eva@example.com"
    ]
    assert mail["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/waiting/")
    assert mail["List-Unsubscribe-Post"] is None  # only for https
    assert full("waiting", "list", "--json").ok().json[0]["told"] == 1
    assert full("mail", "list", "--json").ok().json[-1]["waiting"] == 1


def test_rehearsal_tells_nobody(full: Cli, mail_server: MailServer) -> None:
    """``--dry-run`` frees nothing and tells nobody; ``remind`` shows whom it would tell, and tells them."""
    full("waiting", "add", "--type", "santa", "--client", "eva").ok()
    full("session", "cancel", "2", "--dry-run").ok()
    assert mail_server.received == [] and full("remind", "--json").ok().json == []
    full("availability", "override", "2026-12-12", "10:00-11:00", "--type", "santa").ok()
    [would] = full("remind", "--dry-run", "--json").ok().json
    assert (would["kind"], would["to"], would["waiting"]) == ("time-free", "eva@example.com", 1)
    assert mail_server.received == []
    assert [one["state"] for one in full("remind", "--json").ok().json] == ["sent"]


def test_nobody_can_be_told(full: Cli) -> None:
    """Without a mail server ``remind`` says that somebody waits for what is free."""
    full("waiting", "add", "--type", "santa", "--client", "eva").ok()
    full("config", "set", "mail.host", "--unset").ok()
    full("session", "cancel", "2", "--yes").ok()
    assert "1 person waits for a time that is free now" in full("remind").ok().err


def test_switch(full: Cli) -> None:
    """The list of a type can be switched off and on; it is on until somebody says otherwise."""
    assert full("type", "show", "santa", "--json").ok().json["waiting_list"] is True
    assert full("type", "edit", "santa", "--no-waiting-list", "--json").ok().json["waiting_list"] is False
    assert full("type", "edit", "santa", "--waiting-list", "--json").ok().json["waiting_list"] is True


def test_status_counts(full: Cli) -> None:
    """The overview says how many people wait, while anybody does; who waits for two things is one of them."""
    assert full("status", "--json").ok().json["waiting_list"] == 0
    for days in ((), ("--on", "2026-12-12")):
        full("waiting", "add", "--type", "santa", "--client", "eva", *days).ok()
    assert full("status", "--json").ok().json["waiting_list"] == 1
