"""The whole story through real processes: the owner at the command line, a mail server, a client over HTTP."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.conftest import studio_process
from tests.server_process import ServerProcess
from tests.smtp_server import MailServer

FORM = """title = "Before your session"
[[field]]
name = "wishes"
label = "What do you wish for?"
kind = "short"
required = true
"""


def run(*arguments: str) -> str:
    """Run a command that must succeed; return what it wrote to stdout."""
    ended = studio_process(*arguments)
    assert ended.returncode == 0, ended.stderr
    return str(ended.stdout)


def told(*arguments: str) -> Any:
    """Run a command with --json and return the document."""
    return json.loads(run(*arguments, "--json"))


def test_from_init_to_confirmed(tmp_path: Path, mail_server: MailServer) -> None:
    """A studio is made, a session shared by mail, and its client completes it from the link in that mail."""
    (tmp_path / "family.toml").write_text(FORM)
    run("init", "--name", "Ana Silva Photography", "--email", "ana@example.com", "--timezone", "America/Toronto",
        "--currency", "CAD", "--test")  # fmt: skip
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        run("config", "set", f"mail.{name}", value)
    run("form", "add", "family", "--file", str(tmp_path / "family.toml"))
    run(
        "type",
        "add",
        "Family session",
        "--duration",
        "90m",
        "--price",
        "250",
        "--deposit",
        "50",
        "--form",
        "family",
    )
    run("client", "add", "Rui Costa", "--email", "rui@example.com", "--phone", "+1 416 555 0100")
    made = told("session", "new", "--type", "family", "--client", "rui", "--at", "2026-12-04 10:00")
    assert made["waiting_for"] == ["review", "questionnaire", "payment"]

    assert told("session", "share", "last", "--email")["message"]["state"] == "sent"
    (received,) = mail_server.received
    mailed = re.search(r"http://\S+(/s/[\w-]{43})", received.text)
    assert mailed is not None

    with ServerProcess("--port", "0") as door:
        link = door.address + mailed[1]
        page = _complete(link)
        assert "confirmed" in page.lower()
        assert told("session", "show", "1")["status"] == "confirmed"
        assert door.interrupt() == 0

    session = told("session", "show", "1", "--answers")
    assert (session["status"], session["confirmed_by"], session["waiting_for"]) == ("confirmed", "client", [])
    assert session["answers"] == [
        {"name": "wishes", "label": "What do you wish for?", "value": "Sun & no <wind>"}
    ]
    assert session["paid"] == {"amount": "50.00", "currency": "CAD"}
    assert session["balance"] == {"amount": "200.00", "currency": "CAD"}
    assert session["shares"][0]["opened_at"]
    assert [step["done"] for step in session["steps"] if step["required"]] == [True, True, True]
    assert studio_process("session", "confirm", "1").stderr == "Session 1 was already confirmed.\n"


def _complete(link: str) -> str:
    """Fill in and send the form of each page until there is none; return the last page."""
    page = _open(link)
    for _ in range(5):
        form = re.search(r'<form method="post" action="([^"]+)"', page)
        if form is None:
            return page
        revision = re.search(r'name="revision" value="(\d+)"', page)
        assert revision is not None
        fields = {"revision": revision[1]}
        if 'name="wishes"' in page:
            fields["wishes"] = "Sun & no <wind>"
        page = _open(urllib.parse.urljoin(link, form[1]), fields)
    raise AssertionError(f"no end: {page}")


def _open(address: str, fields: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(fields).encode() if fields else None
    with urllib.request.urlopen(address, data, timeout=10) as answer:
        return str(answer.read().decode())
