"""The socket, the server on it, and its end."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, WrongUsage
from studio_cli.web import server
from tests.conftest import Clock, Door, Maker
from tests.server_process import ServerProcess
from tests.web.test_guard import check_headers
from tests.web.visitor import FORM, Visitor, dump, say, wait_for


def test_port_in_use_names_a_free_one() -> None:
    """A port in use is refused, naming one above it that is free indeed."""
    with server.bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused) as refused:
            server.bind("127.0.0.1", port)
        assert refused.value.code == "port_in_use" and refused.value.exit_code == 3
        free = refused.value.details["free"]
        assert refused.value.hint == f"Use the next free one: --port {free}"
        assert free > port
        server.bind("127.0.0.1", free).close()


def test_next_free_port_skips_taken_ones() -> None:
    """The port that is named is not one that is taken as well."""
    with server.bind("127.0.0.1", 0) as taken, socket.socket() as next_one:
        port = taken.getsockname()[1]
        with contextlib.suppress(OSError):  # taken by somebody else: as good
            next_one.bind(("127.0.0.1", port + 1))
        with pytest.raises(Refused) as refused:
            server.bind("127.0.0.1", port)
        assert refused.value.details["free"] > port + 1


def test_host_that_is_none() -> None:
    """An address that is not of this machine is refused with one that is."""
    with pytest.raises(WrongUsage) as wrong:
        server.bind("no-such-host.invalid", 0)
    assert "127.0.0.1" in (wrong.value.hint or "")


def test_address_of() -> None:
    """The address that is shown can be opened: IPv6 in brackets, everywhere as this machine's name."""
    with server.bind("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert server.address_of(listening, "127.0.0.1") == f"http://127.0.0.1:{port}"
        assert server.address_of(listening, "::1") == f"http://[::1]:{port}"
        assert server.address_of(listening, "0.0.0.0") == f"http://{socket.gethostname()}:{port}"


def test_serves_until_the_end_is_reached(studio: Studio, make: Maker, clock: Clock) -> None:
    """A door that waits for something ends by itself once it has come, after the last page was fetched."""
    listening = server.bind("127.0.0.1", 0)
    visitor = Visitor(server.address_of(listening, "127.0.0.1"))
    token = make.link(make.session())
    came, ended = threading.Event(), threading.Event()
    door = server.Door(listening, studio.file.path, clock, [].append, link_base=visitor.base)

    def serve() -> None:
        assert door.serve(came.is_set)
        ended.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert visitor.get(f"/s/{token}").status == 200
    came.set()
    assert visitor.get(f"/s/{token}").status == 200
    assert ended.wait(10)
    thread.join()
    with pytest.raises(ConnectionRefusedError):
        visitor.get(f"/s/{token}")


def test_nonsense_on_the_socket(door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    """What is not HTTP, or longer than anything of ours, gets a page and a line in the log; the next is served."""
    visitor = Visitor(door.base)
    post = b"POST /s/secret/review HTTP/1.1\r\nHost: x\r\n"
    for status, nonsense in (
        (400, b"\x16\x03\x01\x00\xa5 secret\r\n\r\n"),
        (400, b"\x00" * 5000 + b"\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nsecret\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n\r\n"),  # without a host
        (400, b"GET /s/secret HTTP/x\r\nHost: x\r\n\r\n"),
        (400, b"GET /s/secret\xff HTTP/1.1\r\nHost: x\r\n\r\n"),
        (400, post + b"Content-Length: secret\r\n\r\n"),
        (400, post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
        (400, post + b"Transfer-Encoding: gzip\r\n\r\n"),
        (431, b"GET /" + b"a" * 40_000),
        (431, b"GET /s/secret HTTP/1.1\r\nHost: x\r\nCookie: " + b"secret" * 8_000),
    ):
        answer = say(door.base, nonsense)
        assert answer.status == status
        assert "Ana Silva Photography" in answer.text and answer.header("connection") == "close"
        check_headers(answer)
    assert visitor.get("/").status == 200
    wait_for(lambda: len(door.log) == 12)
    assert all(line.startswith(("… … 400 ", "… … 431 ")) for line in door.log[:-1])
    assert "secret" not in "".join(door.log) + capfd.readouterr().err


def test_broken_body(door: Door, make: Maker, studio: Studio, capfd: pytest.CaptureFixture[str]) -> None:
    """A body that stops being HTTP in its middle is a 400, once, and changes nothing."""
    token = make.link(make.session())
    before = dump(studio.file.path)
    head = f"POST /s/{token}/review HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
    answer = say(door.base, f"{head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nsecret\r\n".encode())
    assert answer.status == 400
    check_headers(answer)
    assert dump(studio.file.path) == before
    wait_for(lambda: len(door.log) == 2)
    assert sorted(line.rpartition(" 400 ")[0] for line in door.log) == ["POST /s/…/review", "… …"]
    assert capfd.readouterr().err == ""


def test_nonsense_in_pieces(door: Door) -> None:
    """What is not HTTP is answered once, however much more of it comes."""
    address = urlsplit(door.base)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as raw:
        taken = bytearray()
        with contextlib.suppress(OSError):
            for _ in range(200):
                raw.sendall(b"nonsense\r\n\r\n")
        with contextlib.suppress(OSError):
            while part := raw.recv(65536):
                taken += part
    assert taken.count(b"HTTP/1.1 400 ") == 1
    assert len(door.log) == 1


def test_nonsense_on_stderr(studio: Studio, make: Maker) -> None:
    """Whatever a client sends, the server's stderr has its own lines only."""
    token = make.link(make.session())
    form = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 20\r\n\r\n--x\r\nsecret\xe9\x00-secret"
    with ServerProcess("--port", "0") as door:
        base = door.address
        assert say(base, b"\x16\x03 secret\r\n\r\n").status == 400
        upgrade = f"GET /s/{token} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        assert say(base, upgrade.encode()).status == 200
        post = f"POST /s/{token}/review HTTP/1.1\r\nHost: x\r\n{form}"
        assert say(base, post.encode("latin-1")).status == 400
        assert door.interrupt() == 0
    line = re.compile(r"(GET|POST|…) (/robots\.txt|/s/…|/s/…/review|…) \d{3} \d+ ms")
    assert [one for one in door.log if not line.fullmatch(one)] == ["Ctrl-C ends it.", "Stopped."]


def test_answers_on_one_connection(door: Door) -> None:
    """A connection is used again, and no answer on it waits for an acknowledgement."""
    connection = http.client.HTTPConnection(door.base.removeprefix("http://"), timeout=10)
    took = []
    for _ in range(40):  # the first few are acknowledged at once in any case
        begun = time.monotonic()
        connection.request("GET", "/studio.css")
        connection.getresponse().read()
        took.append(time.monotonic() - begun)
    connection.close()
    assert sorted(took)[20] < 0.03


def test_many_at_once(make: Maker, door: Door, studio: Studio) -> None:
    """Twenty clients who press the same button at once all get an answer, and it counts once."""
    token = make.link(make.session())
    statuses: list[int] = []

    def press() -> None:
        statuses.append(Visitor(door.base).step(token, "review").status)

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303] * 20
    done = studio.file.connection.execute("SELECT count(*) FROM event WHERE kind = 'review done'").fetchone()
    assert done[0] == 1


def test_terminated_server_ends_cleanly(studio: Studio, make: Maker) -> None:
    """A server process that gets SIGTERM stops without a traceback, and its log has no token."""
    token = make.link(make.session())
    process = subprocess.Popen(
        [sys.executable, "-m", "studio_cli", "serve-link", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    base = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", base)
    assert Visitor(base).get(f"/s/{token}").status == 200
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert "GET /s/… 200" in err and token not in err + out
    assert "Traceback" not in err
