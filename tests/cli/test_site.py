"""``studio serve``, ``site``, ``block`` and ``type publish · link`` as scripts and people run them."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import Cli
from tests.server_process import ServerProcess, get
from tests.terminal import on_terminal, studio

TYPE = ("type", "add", "Family session", "--duration", "90m", "--price", "250")


@pytest.fixture
def offered(new_studio: Cli) -> Cli:
    """A studio with a type that nobody can book yet."""
    new_studio(*TYPE).ok()
    return new_studio


def test_publish_and_unpublish(offered: Cli) -> None:
    """A type is bookable once it is published, and no longer when it is taken off; twice is as good as once."""
    refused = offered("type", "link", "family", "--json")
    assert (refused.code, refused.error["code"], "publish" in refused.error["hint"]) == (
        3,
        "not_published",
        True,
    )
    for _ in range(2):
        assert offered("type", "publish", "family", "--json").ok().json["published"] is True
    link = offered("type", "link", "family").ok().out.strip()
    assert link == "http://127.0.0.1:8000/book/family-session"
    assert offered("site", "show", "--json").ok().json["types"] == [
        {"slug": "family-session", "name": "Family session", "link": link}
    ]
    for _ in range(2):
        assert offered("type", "unpublish", "family", "--json").ok().json["published"] is False
    assert offered("site", "show").ok().out == "address\thttp://127.0.0.1:8000\n"


def test_link_of_a_private_type(offered: Cli) -> None:
    """A private type's link has a key that cannot be guessed instead of its name; an archived one has none."""
    offered("type", "edit", "family", "--private", "--publish").ok()
    shown = offered("type", "link", "family", "--json").ok().json
    assert shown["private"] is True
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/book/[\w-]{16}", shown["link"])
    assert offered("site", "show", "--json").ok().json["types"] == []
    offered("type", "archive", "family").ok()
    assert offered("type", "link", "family", "--json").error["code"] == "archived"


def test_embed(offered: Cli) -> None:
    """The line of HTML is printed once a website is named that may have it."""
    assert offered("site", "embed", "--json").error["code"] == "no_embed"
    offered("config", "set", "studio.name", 'Ana "A" & <B>').ok()
    offered("config", "set", "site.embed", "https://WWW.example.com/").ok()
    assert offered("config", "get", "site.embed").ok().out == "https://www.example.com\n"
    line = offered("site", "embed", "--height", "700").ok().out
    assert line.startswith('<iframe src="http://127.0.0.1:8000/" title="Ana &quot;A&quot; &amp; &lt;B&gt;"')
    assert 'width="100%" height="700" loading="lazy"' in line
    assert offered("site", "embed", "family", "--json").error["code"] == "not_published"
    offered("type", "publish", "family").ok()
    assert "/book/family-session" in offered("site", "embed", "family", "--json").ok().json["html"]


@pytest.mark.parametrize(
    "address",
    ["http://www.example.com", "https://x/path", "https://*.example.com", "https://x; script-src *", "x", "https://a@b", " "],
)  # fmt: skip
def test_no_address_of_a_website(offered: Cli, address: str) -> None:
    """What is no address of a website with https is refused: it becomes part of a policy."""
    assert offered("config", "set", "site.embed", address).code == 2


def test_block(offered: Cli) -> None:
    """Addresses, mail addresses and domains are listed as they are meant, and can be taken off."""
    for typed, kept in (
        ("Spam@Example.com", "spam@example.com"),
        ("@Example.com", "@example.com"),
        ("203.0.113.9/24", "203.0.113.0/24"),
        ("2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"),
    ):
        assert offered("block", "add", typed, "--json").ok().json == {
            "what": kept,
            "blocked": True,
            "changed": True,
        }
        assert offered("block", "add", kept, "--json").ok().json["changed"] is False
    assert [one["what"] for one in offered("block", "list", "--json").ok().json] == [
        "spam@example.com", "@example.com", "203.0.113.0/24", "2001:db8:0:1::/64",
    ]  # fmt: skip
    assert offered("block", "remove", "SPAM@example.com", "--json").ok().json["changed"] is True
    assert len(offered("block", "list").ok().out.splitlines()) == 3
    for wrong in ("0.0.0.0/0", "example.com", "@x", "a b@example.com", ""):
        assert offered("block", "add", wrong).code == 2


def test_a_blocked_domain_reaches_down(offered: Cli) -> None:
    """Whoever blocks a domain reads that what is below it is blocked with it."""
    _, shown = on_terminal(studio("block", "add", "@bad.example"))
    assert "@bad.example, with all that is below it, is blocked now." in shown


def test_serve(offered: Cli) -> None:
    """studio serve says where it is, serves the site and the links, and its log has neither keys nor names."""
    offered("type", "edit", "family", "--private", "--publish").ok()
    key = offered("type", "link", "family").ok().out.strip().rpartition("/")[2]
    with ServerProcess("--port", "0", "--json", command="serve") as door:
        told = json.loads(door.line(0))
        assert told["types"] == []
        base = told["address"]
        for _ in range(200):
            try:
                get(base)
                break
            except OSError:
                continue
        assert get(f"{base}/book/{key}")[0] == 200
        assert get(f"{base}/book/family-session")[0] == 404
        assert "Book a session" in get(base)[1]
        door.interrupt()
    log = "\n".join(door.log)
    assert "nothing to book" in log
    assert re.search(r"^GET /book/… 200 \d+ ms$", log, re.M)
    assert key not in log
