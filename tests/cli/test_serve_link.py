"""``studio serve-link`` as scripts and people run it: a process, an address, an end."""

from __future__ import annotations

import json
import re
import signal
import socket

import pytest

from tests.conftest import Cli, studio_process
from tests.server_process import ServerProcess, get
from tests.terminal import CTRL_C, Terminal, studio
from tests.web.visitor import Visitor

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
LINK = re.compile(r"http://127\.0\.0\.1:\d+/s/[\w-]{43}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_interrupted(with_session: Cli, number: int) -> None:
    """The first line is the address, a link made before works, and Ctrl-C or a TERM ends it cleanly."""
    token = with_session("session", "share", "1", "--link").ok().out.strip().rpartition("/s/")[2]
    with ServerProcess("--port", "0") as door:
        assert ADDRESS.fullmatch(door.address)
        status, page = get(f"{door.address}/s/{token}")
        assert (status, "Portrait" in page) == (200, True)
        assert get(f"{door.address}/s/{'x' * 43}")[0] == 404
        assert door.interrupt(number) == 0
    assert len(door.lines) == 1
    assert door.log[-1] == "Stopped."
    assert not any("Traceback" in line for line in door.log)


def test_log_has_no_tokens_or_names(with_session: Cli) -> None:
    """The log has a line for each request, without token, name or address of a client."""
    token = with_session("session", "share", "1", "--link").ok().out.strip().rpartition("/s/")[2]
    with ServerProcess("--port", "0") as door:
        for path in (f"/s/{token}", f"/s/{token}/review", f"/s/{token}/{token}", f"/{token}", f"/?t={token}"):
            get(door.address + path)
        door.interrupt()
    log = "\n".join(door.log)
    assert token not in log
    assert "Rui" not in log
    assert "rui@example.com" not in log
    assert re.search(r"^GET /s/… 200 \d+ ms$", log, re.M)
    assert re.search(r"^GET /s/…/review 200 \d+ ms$", log, re.M)


@pytest.mark.parametrize("by_setting", [True, False])
def test_trusted_proxy(with_session: Cli, by_setting: bool) -> None:
    """What the proxy of the setting or the option says is believed: each of its clients is one of their own."""
    with_session("config", "set", "web.trusted_proxy", "127.0.0.1" if by_setting else "192.0.2.1").ok()
    option = () if by_setting else ("--trusted-proxy", "10.0.0.0/8, 127.0.0.0/8")
    with ServerProcess("--port", "0", *option) as door:
        visitor = Visitor(door.address)
        seen = [visitor.get("/s/x", X_Forwarded_For="203.0.113.1").status for _ in range(40)]
        assert (seen[0], seen[-1]) == (404, 429)
        assert visitor.get("/s/x", X_Forwarded_For="203.0.113.2").status == 404
        door.interrupt()


def test_once_ends_when_the_session_is_confirmed(with_session: Cli) -> None:
    """serve-link SESSION --once shows a link that works, and ends with 0 when somebody confirms the session."""
    with ServerProcess("1", "--once", "--port", "0") as door:
        link = door.line(1)
        assert LINK.fullmatch(link)
        assert link.startswith(door.address)
        assert get(link)[0] == 200
        with_session("session", "confirm", "1").ok()
        assert door.end() == 0
    assert door.lines[2].startswith("1\tconfirmed\t")
    assert door.log[-1] == "Session 1 is Confirmed."
    assert with_session("session", "show", "1", "--json").json["shares"][0]["opened_at"]


def test_once_interrupted(with_session: Cli) -> None:
    """Interrupted before the session is confirmed, --once is 130 and says how the session is."""
    with ServerProcess("1", "--once", "--port", "0") as door:
        assert door.address
        assert door.interrupt() == 130
    assert "still pending" in door.log[-1]
    assert with_session("session", "show", "1", "--json").json["status"] == "pending"


def test_once_of_a_canceled_session(with_session: Cli) -> None:
    """When the session is canceled meanwhile there is nothing to wait for: exit 3."""
    with ServerProcess("1", "--once", "--port", "0") as door:
        assert door.address
        with_session("session", "cancel", "1", "--yes").ok()
        assert door.end() == 3
    assert "canceled" in door.log[-2]


def test_once_of_a_confirmed_session(with_session: Cli) -> None:
    """For a session that is confirmed already --once ends with 0."""
    with_session("session", "confirm", "1").ok()
    with ServerProcess("1", "--once", "--port", "0") as door:
        assert door.end() == 0


def test_port_in_use(with_session: Cli) -> None:
    """A port in use is exit 3 with the next free one, and leaves no share behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = studio_process("serve-link", "1", "--port", str(port))
    assert (ended.returncode, ended.stdout) == (3, "")
    first, hint = ended.stderr.splitlines()
    assert first == f"studio: Port {port} is in use."
    suggested = re.fullmatch(r"Use the next free one: --port (\d+)", hint)
    assert suggested is not None
    with socket.create_server(("127.0.0.1", int(suggested[1]))):
        pass
    assert with_session("session", "show", "1", "--json").json["shares"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--port", "70000"), 2),
        (("--port", "-1"), 2),
        (("--port", "web"), 2),
        (("--host", "256.0.0.1"), 2),
        (("--host", "not a host"), 2),
        (("--host", "192.0.2.1", "--port", "0"), 3),
        (("--once",), 2),
        (("99", "--port", "0"), 4),
        (("--public-url", "ftp://x", "--port", "0"), 2),
        (("--public-url", "not an address", "--port", "0"), 2),
        (("--trusted-proxy", "proxy.example.com", "--port", "0"), 2),
        (("--trusted-proxy", "", "--port", "0"), 2),
        (("--trusted-proxy", "0.0.0.0/0", "--port", "0"), 2),
    ],
)
def test_bad_values(with_session: Cli, arguments: tuple[str, ...], code: int) -> None:
    """What cannot be served is refused before anything is, in one or two lines."""
    result = with_session("serve-link", *arguments)
    assert result.code == code, result.err
    assert len(result.err.splitlines()) <= 2
    assert result.out == ""


def test_public_url(with_session: Cli) -> None:
    """With --public-url the links begin with it, the address stays the one that is listened on."""
    del with_session
    with ServerProcess("1", "--port", "0", "--public-url", "https://book.example.com/ana/") as door:
        link = door.line(1)
        assert re.fullmatch(r"https://book\.example\.com/ana/s/[\w-]{43}", link)
        assert get(f"{door.address}/s/{link.rpartition('/')[2]}")[0] == 200
        door.interrupt()


def test_port_of_the_moment_is_not_remembered(with_session: Cli) -> None:
    """A port that nobody chose does not become the address of later links; one that was chosen does."""
    with ServerProcess("--port", "0") as door:
        assert door.address
        door.interrupt()
    assert ":8000/s/" in with_session("session", "share", "1", "--link").ok().out
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with ServerProcess("--port", str(port)) as door:
        assert door.address
        door.interrupt()
    assert f":{port}/s/" in with_session("session", "share", "1", "--link").ok().out


def test_on_a_terminal(with_session: Cli) -> None:
    """On a terminal the link and a QR code are shown, then what the client does, and Ctrl-C ends it."""
    with Terminal(studio("serve-link", "1", "--port", "0"), columns=100, environ={"NO_COLOR": "1"}) as screen:
        shown = screen.read_until("Ctrl-C ends it.")
        assert LINK.search(shown)
        assert "▀" in shown or "▄" in shown
        assert "\x1b" not in shown
        screen.type(CTRL_C)
        screen.finish()
        assert "Traceback" not in screen.shown
    assert with_session("session", "show", "1", "--json").json["status"] == "pending"


def test_once_in_json(with_session: Cli) -> None:
    """With --json the one line of stdout says where it serves and has the link of the session."""
    with ServerProcess("1", "--once", "--port", "0", "--json") as door:
        told = json.loads(door.line(0))
        assert set(told) == {"address", "session", "link"}
        assert told["session"] == 1
        assert get(told["link"])[0] == 200
        with_session("session", "confirm", "1").ok()
        assert door.end() == 0
    assert len(door.lines) == 1
