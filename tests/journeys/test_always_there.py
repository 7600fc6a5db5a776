"""docs/internet.md as it stands: behind a real nginx and a real Caddy, and as a unit of systemd."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio_cli.web.visitor import walk
from tests.conftest import Cli
from tests.server_process import ServerProcess, get

DOCS = Path(__file__).parent.parent.parent / "docs"
TEXT = (DOCS / "internet.md").read_text(encoding="utf-8")
PAGES = TEXT + (DOCS / "backup.md").read_text(encoding="utf-8")
UNITS = re.findall(r"^```ini\n(.*?)^```$", PAGES, re.M | re.S)

NGINX = """daemon off; error_log stderr; pid {folder}/nginx.pid;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


def needs(program: str) -> str:
    """Return where a program is; without it the test is skipped, loudly, and fails in CI."""
    place = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if place is None:
        words = f"there is no {program}: apt-get install it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    return str(place)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*words: str, port: int) -> Iterator[None]:
    """Run a web server until the block ends, and wait until it listens."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < end
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _nginx(folder: Path, port: int, behind: str) -> list[str]:
    location = re.search(r"^```\n(location / \{.*?^\})\n```$", TEXT, re.M | re.S)
    assert location is not None
    lines = location[1].replace("http://127.0.0.1:8000", behind)
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port, location=lines))
    return [needs("nginx"), "-p", str(folder), "-c", str(file), "-e", "stderr"]


def _caddy(folder: Path, port: int, behind: str) -> list[str]:
    shown = re.search(r"`(book\.example\.com \{ reverse_proxy 127\.0\.0\.1:8000 \})`", TEXT)
    assert shown is not None
    lines = shown[1].replace("book.example.com", f"http://127.0.0.1:{port}")
    lines = (
        lines.replace("127.0.0.1:8000", behind.removeprefix("http://"))
        .replace("{ ", "{\n")
        .replace(" }", "\n}")
    )
    file = folder / "Caddyfile"
    file.write_text("{\n admin off\n auto_https off\n}\n" + lines)
    return [needs("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]


@pytest.mark.parametrize("proxy", [_nginx, _caddy])
def test_behind_a_proxy(proxy: object, with_session: Cli, tmp_path: Path) -> None:
    """A client completes a booking through the proxy as the page sets it up, and no key is in any log."""
    port, folder = _free_port(), tmp_path / "proxy"
    folder.mkdir()
    public = f"http://127.0.0.1:{port}"
    link = with_session("session", "share", "1", "--link").ok().out.strip()
    token = link.rpartition("/s/")[2]
    options = ("--port", "0", "--public-url", public, "--trusted-proxy", "127.0.0.1")
    with ServerProcess(*options) as door:
        words = proxy(folder, port, _behind(door))  # type: ignore[operator]
        with running(*words, port=port):
            pages = list(walk(f"{public}/s/{token}"))
            assert pages[-1].heading == "Your session is confirmed"
            assert get(f"{public}/s/nothing")[0] == 404
        assert not any(token in line for line in door.log)
    kept = [file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()]
    assert not any(token in text for text in kept)


def _behind(door: ServerProcess) -> str:
    """Return where the server itself listens."""
    door.line(0)
    end = time.monotonic() + 20
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", "\n".join([*door.lines, *door.log]))):
        assert time.monotonic() < end, (door.lines, door.log)
        time.sleep(0.02)
    return found[0]


def test_units_are_what_systemd_understands(tmp_path: Path) -> None:
    """systemd has nothing to say against the units of the pages."""
    program = tmp_path / ".studio" / "bin" / "studio"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    names = (
        "studio.service", "studio-remind.timer", "studio-remind.service",
        "studio-backup.timer", "studio-backup.service",
    )  # fmt: skip
    for name, text in zip(names, UNITS, strict=True):
        (tmp_path / name).write_text(text)
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    words = [needs("systemd-analyze"), "--user", "verify", *(str(tmp_path / name) for name in names)]
    result = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
