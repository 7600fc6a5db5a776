"""The main job, whole: set up at the command line, shared by mail, completed in a browser, seen Confirmed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.templates import folder
from tests.conftest import Cli, Door
from tests.smtp_server import MailServer

SHOTS = os.environ.get("STUDIO_SCREENSHOTS")


@pytest.mark.browser
def test_from_new_to_confirmed(
    studio: Studio, door: Door, cli: Cli, mail_server: MailServer, browser: Any, tmp_path: Path
) -> None:
    """A session is set up and shared by mail; its client opens that link in Chromium, and it turns Confirmed."""
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        cli("config", "set", f"mail.{name}", value).ok()
    cli("form", "add", "family", "--file", str(folder() / "sample" / "family.toml")).ok()
    cli(
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
    ).ok()
    new = ("session", "new", "--type", "family", "--add-client", "Rui Costa <rui@example.com>")
    assert cli(*new, "--at", "2026-12-04 10:00", "--json").ok().json["status"] == "pending"
    shared = cli("session", "share", "1", "--email", "--json").ok().json
    assert shared["message"]["state"] == "sent"

    received = mail_server.received[0]
    assert received.recipients == ("rui@example.com",)
    links = set(re.findall(r"http://\S+/s/[\w-]{43}", received.text))
    assert links == {shared["link"]}
    assert set(re.findall(r'href="(http[^"]+)"', received.html)) == links

    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(links.pop())
    headings: list[str] = []
    shots = Path(SHOTS or tmp_path)

    def seen() -> None:
        headings.append(page.locator("h1").inner_text())
        page.screenshot(path=shots / f"main-job-{len(headings)}.png", full_page=True)

    seen()
    page.get_by_role("button", name="This is right, continue").click()
    seen()
    page.get_by_label("Who will be in the pictures?").fill("Sofia, 6, and Leo, 3")
    page.get_by_label("In High Park").check()
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Save and continue").click()
    seen()
    page.get_by_role("button", name="Pretend to pay CA$50.00").click()
    seen()
    context.close()
    assert headings == ["Review your session", "Before your session", "Payment", "Your session is confirmed"]

    session = cli("session", "show", "1", "--answers", "--json").ok().json
    assert (session["status"], session["confirmed_by"]) == ("confirmed", "client")
    assert session["paid"] == {"amount": "50.00", "currency": "CAD"}
    assert [step["done"] for step in session["steps"] if step["required"]] == [True, True, True]
    assert session["shares"][0]["opened_at"] is not None
    assert [answer["value"] for answer in session["answers"]] == [
        "Sofia, 6, and Leo, 3",
        "In High Park",
        "yes",
    ]
