"""Words that want to be more than words: headers, recipients, lines, properties of a calendar file."""

from __future__ import annotations

import random
from dataclasses import dataclass

PIECES = [
    "=?utf-8?q?=0D=0ABcc=3A evil@example.net?=", "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5uZXQ=?=", "=?", "?=", "=?x",
    "\r\nBcc: evil@example.net", "\nBcc: evil@example.net", "\rBcc: evil@example.net", "\r\n\r\n", "\r\n.\r\n", "\n.\n",
    "\r\n.\r\nMAIL FROM:<evil@example.net>\r\n", "\x85Bcc: evil@example.net", "\u2028Bcc: evil@example.net", "\u2029",
    "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x00", "\x1b[31m", "\x7f", "\x9b", "\t", " ", "  ", "\xa0", "\u3000",
    ", ", ",", ";", ":", "\"", "\\", "\\\"", "\\\\", "'", "`", "(", ")", "<", ">", "[", "]", "@", "=", "?", "&", "%0d%0a",
    "<evil@example.net>", "evil@example.net", "Friends: evil@example.net;", "(comment)", "\" <evil@example.net>, \"",
    "\r\nContent-Type: text/html\r\n\r\n<script>", "--===============", "\r\nATTENDEE:mailto:evil@example.net",
    "\nEND:VEVENT\nBEGIN:VEVENT\nUID:2", "\\nEND:VEVENT", ";X=1:", "\r\n ", "\r\n\t", "END:VCALENDAR", "BEGIN:VALARM",
    "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\ufeff", "\u00ad",
    "é", "e\u0301", "Z\u0351\u036b\u0343\u036a", "שלום", "مرحبا", "日本語", "🎉", "👩‍👩‍👧", "🏳️‍🌈", "\U0001f1e8\U0001f1e6",
    "\ud800", "\udc00", "\udcff", "\ufffd", "\ufffe", "\U0010ffff", "Rui", "Costa", "a", "x" * 60, "é" * 60,
]  # fmt: skip
ADDRESSES = [
    "rui@example.com\r\nRCPT TO:<evil@example.net>", "rui@example.com>\r\nRCPT TO:<evil@example.net", "rui@example.com, evil@example.net",
    "rui@example.com evil@example.net", "<rui@example.com>", "rui@example.com> SIZE=1", '"rui, evil"@example.com', '"a\r\nb"@example.com',
    "rui\x00@example.com", "rui@example.com\x00", "=?utf-8?q?=0D=0ABcc=3Aevil?=@example.com", "rui@exam\nple.com", "@evil.net:rui@example.com",
    "evil@example.net@example.com", "rui@", "@example.com", "", " ", "rui", "rui@[127.0.0.1]", "rui(evil)@example.com", "rui;evil@example.com",
    "rui\u2028@example.com", "rui\u202e@example.com", "rui\ud800@example.com", "r" * 65 + "@example.com", "rui@" + "e" * 300, "Friends:rui@example.com;",
]  # fmt: skip
"""What is no address. What is one, in tests, is rui@example.com."""


@dataclass(frozen=True)
class Case:
    """One mail made of such words."""

    number: int
    to_name: str
    sender_name: str
    subject: str
    text: str
    html: str
    title: str
    location: str


def words(random: random.Random, most: int = 1000) -> str:
    """Return a text of up to ``most`` characters: pieces as above, any characters at all, or both."""
    length = random.choice((0, 1, 10, 60, 200, most))
    text = ""
    while len(text) < length:
        text += random.choice(PIECES) if random.random() < 0.9 else chr(random.randrange(0x110000))
    return text[: max(length, 1)]


def case(number: int) -> Case:
    """Return case ``number``, always the same."""
    made = random.Random(number)
    names = words(made), words(made), words(made)
    return Case(number, *names, words(made), f"<p>{words(made)}</p>", words(made), words(made, 200))
