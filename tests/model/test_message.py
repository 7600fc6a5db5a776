"""A message: its link is only in what is sent."""

from __future__ import annotations

from whenever import Instant

from studio_cli.model.message import LINK, Letter, Message


def test_link_takes_its_place() -> None:
    """The link stands wherever the letter has its mark, and the kept letter stays as it was."""
    letter = Letter("Hello", f"Open {LINK} or {LINK}", f'<a href="{LINK}">')
    sent = letter.with_link("https://x/s/abc")
    assert sent == Letter("Hello", "Open https://x/s/abc or https://x/s/abc", '<a href="https://x/s/abc">')
    assert LINK in letter.text


def test_json_has_what_scripts_lean_on() -> None:
    """A script reads a message's state and subject, not its text."""
    message = Message(
        9, 12, 5, None, None, "share", "client", "share 5", {}, "Rui", "rui@example.com", Letter("Hello", "text", "html"),
        None, "failed", 1, "No.", Instant.from_utc(2026, 11, 20, 15), Instant.from_utc(2026, 11, 20, 16), None,
    )  # fmt: skip
    assert message.as_json("America/Toronto") == {
        "id": 9,
        "session": 12,
        "waiting": None,
        "to": "rui@example.com",
        "kind": "share",
        "recipient": "client",
        "subject": "Hello",
        "state": "failed",
        "attempts": 1,
        "last_error": "No.",
        "trouble": None,
        "created_at": "2026-11-20T10:00:00-05:00",
        "next_try_at": "2026-11-20T11:00:00-05:00",
        "sent_at": None,
    }
