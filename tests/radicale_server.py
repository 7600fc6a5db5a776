"""A real CalDAV server (Radicale) on loopback, with one user, as a process of its own."""

from __future__ import annotations

import base64
import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

USER, PASSWORD = "ana", "s3same-öpen"
EVERYBODY = "[root]\nuser: .*\ncollection: .*\npermissions: RrWw\n"


@dataclass
class Radicale:
    """A running server; ``address`` is its root."""

    address: str
    port: int

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Ask as the user; underscores in the names of headers are hyphens."""
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": f"Basic {login}", **named})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def collection(self, name: str, content: bytes | None = None) -> str:
        """Make a calendar, with these events in it, and return its address."""
        path = f"/{USER}/{name}/"
        if content is None:
            called = (
                f'<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>'
                f"<displayname>{name}</displayname></prop></set></C:mkcalendar>"
            )
            status, said, _ = self.ask("MKCALENDAR", path, called.encode())
        else:
            status, said, _ = self.ask("PUT", path, content, Content_Type="text/calendar; charset=utf-8")
        assert status == 201, (status, said)
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def radicale(folder: Path, *, login: bool = True) -> Iterator[Radicale]:
    """Run the server on files in a folder; without ``login`` everybody may do everything."""
    if importlib.util.find_spec("radicale") is None:
        reason = "NO RADICALE: nothing was tried on a CalDAV server. Install it: pip install '.[dev]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder.mkdir(parents=True, exist_ok=True)
    users, rights = folder / "users", folder / "rights"
    users.write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
    rights.write_text(EVERYBODY)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    auth = (
        f"type = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\ndelay = 0"
        if login
        else "type = none"
    )
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\n{auth}\n"
        f"[rights]\ntype = {'owner_only' if login else 'from_file'}\nfile = {rights}\n"
        f"[storage]\nfilesystem_folder = {folder / 'collections'}\n"
        "[logging]\nlevel = error\n"
    )
    command = [sys.executable, "-W", "ignore", "-m", "radicale", "--config", str(folder / "config")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "log")
            yield Radicale(f"http://127.0.0.1:{port}/", port)
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
