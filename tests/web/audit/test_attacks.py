"""The tools of those who look for holes, let loose on the door; and on a door with holes, to see that they find them.

They come from an environment of their own (``make audit``); ``AUDIT_TOOLS`` says where.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from studio_cli.booking import session as sessions
from studio_cli.web import server
from tests.gallery import ANSWERS, Stage

TOOLS = os.environ.get("AUDIT_TOOLS")
pytestmark = [pytest.mark.audit, pytest.mark.timeout(1200)]

# What needs no server outside to call back, and no list of other people's software. csrf would want a token in the
# form: here it is in the address, and other websites' forms are refused.
MODULES = "backup,cookieflags,crlf,csp,exec,file,htaccess,http_headers,ldap,log4shell,methods,permanentxss,redirect,sql,timesql,upload,xss"


@pytest.fixture
def tools() -> Path:
    """Where the attackers are."""
    if TOOLS is None:
        pytest.fail("Nothing to attack with: run make audit, or set AUDIT_TOOLS.")
    return Path(TOOLS).absolute()


# ── a door with holes ─────────────────────────────────────────────────────────────────────────────


class Holes:
    """A server that shows what it is sent as it is, and builds its SQL of it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with sqlite3.connect(file) as people:
            people.execute("CREATE TABLE person (name TEXT)")
            people.executemany("INSERT INTO person VALUES (?)", [("Rui",), ("Eva",), ("Zoë",)])
        people.close()
        self.app = Starlette(
            routes=[
                Route("/", self._home),
                Route("/echo", self._echo),
                Route("/find", self._find, methods=["POST"]),
                Route("/blind", self._blind, methods=["POST"]),
            ]
        )

    async def _home(self, request: Request) -> Response:
        return HTMLResponse('<form action="/echo"><input name="words" value="a"><button>Go</button></form>')

    async def _echo(self, request: Request) -> Response:
        return HTMLResponse(f"<p>{request.query_params.get('words', '')}</p>")

    def _select(self, name: str) -> list[Any]:
        people = sqlite3.connect(self._file)
        try:
            return people.execute(f"SELECT name FROM person WHERE name = '{name}'").fetchall()
        except sqlite3.Error:
            return []
        finally:
            people.close()

    async def _find(self, request: Request) -> Response:
        async with request.form() as form:
            found = self._select(str(form["name"]))
        return HTMLResponse("<p>There is one.</p>" if found else "<p>There is none.</p>")

    async def _blind(self, request: Request) -> Response:
        async with request.form() as form:
            self._select(str(form["name"]))
        return RedirectResponse("/", status_code=303)


@pytest.fixture
def holes(tmp_path: Path) -> Iterator[str]:
    """The address of a server with holes."""
    import uvicorn

    listening = server.bind("127.0.0.1", 0)
    config = uvicorn.Config(Holes(tmp_path / "holes.db").app, log_config=None, lifespan="off", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield server.address_of(listening, "127.0.0.1")
    running.should_exit = True
    thread.join()
    listening.close()


# ── wapiti ────────────────────────────────────────────────────────────────────────────────────────


def wapiti(tools: Path, folder: Path, base: str, starts: list[str]) -> dict[str, list[Any]]:
    """Let wapiti crawl and attack a server; return what it found, by kind."""
    report = folder / "wapiti.json"
    command = [
        str(tools / "wapiti"), "--url", f"{base}/", "--scope", "domain", "--module", MODULES,
        "--flush-session", "--store-session", str(folder / "session"), "--store-config", str(folder / "config"),
        "--format", "json", "--output", str(report), "--no-bugreport", "--max-scan-time", "900",
    ]  # fmt: skip
    for start in starts:
        command += ["--start", base + start]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    return {
        kind: some for part in ("vulnerabilities", "anomalies") for kind, some in found[part].items() if some
    }


def test_wapiti_finds_nothing(on: Stage, tools: Path, tmp_path: Path) -> None:
    """No script, file, command, redirect or header can be slipped in, through any form of any step."""
    on.setting("payment.provider", "offline")  # so that no post ends a session: the next finds its form again
    links = [on.link(on.wedding())]
    for step in ("review", "questionnaire", "contract"):
        again = on.make.session(form="family", contract="agreement", allow_overlap=True, tips=True)
        links.append(on.past(step, again))
    assert wapiti(tools, tmp_path, on.door.base, links) == {}
    posted = [line for line in on.door.log if line.startswith("POST /s/…/questionnaire 303")]
    assert len(posted) > 100, "wapiti did not get to the questions"
    assert not [line for line in on.door.log if " 500 " in line]


def test_wapiti_finds_a_hole(holes: str, tools: Path, tmp_path: Path) -> None:
    """A page that shows what it was sent as it is, is found."""
    assert "Reflected Cross Site Scripting" in wapiti(tools, tmp_path, holes, [])


# ── sqlmap ────────────────────────────────────────────────────────────────────────────────────────


def sqlmap(tools: Path, folder: Path, address: str, fields: str | None = None) -> bool:
    """Let sqlmap try every field of a form, or what is starred in an address; return whether it got through."""
    command = [
        str(tools / "sqlmap"), "--url", address, "--batch", "--disable-coloring", "--flush-session",
        "--output-dir", str(folder / "sqlmap"), "--dbms", "sqlite", "--level", "5", "--risk", "3",
        "--ignore-code", "*", "--ignore-redirects",
    ]  # fmt: skip
    if fields is not None:
        command += ["--data", fields]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    through = "sqlmap identified the following injection point" in done.stdout
    assert through or "all tested parameters do not appear to be injectable" in done.stdout, done.stdout
    return through


def test_sqlmap_finds_nothing(on: Stage, tools: Path, tmp_path: Path) -> None:
    """Neither the link nor any field of any form, nor a header, becomes a part of a query."""
    on.setting("payment.provider", "offline")
    link = on.door.base + on.past("contract", on.wedding())
    unsigned = on.make.session(form="family", contract="agreement", allow_overlap=True)
    contract = sessions.get(on.studio, unsigned.id).contract
    assert contract
    signed = {"revision": "1", "document": contract.sha256, "name": "Rui", "agreed": "yes"}
    assert not sqlmap(tools, tmp_path, f"{link}/questionnaire", urlencode({"revision": "1", **ANSWERS}))
    assert not sqlmap(
        tools, tmp_path, f"{on.door.base}{on.past('questionnaire', unsigned)}/contract", urlencode(signed)
    )
    assert not sqlmap(tools, tmp_path, f"{link}/payment", "revision=1")
    assert not sqlmap(tools, tmp_path, f"{link}/review?seen=1")
    assert not sqlmap(tools, tmp_path, f"{link}*")
    assert len(on.door.log) > 1000
    assert not [line for line in on.door.log if " 500 " in line]


@pytest.mark.parametrize("path", ["find", "blind"])
def test_sqlmap_finds_a_hole(path: str, holes: str, tools: Path, tmp_path: Path) -> None:
    """A query built of what was sent is found, by what the answer says or, when it says nothing, by its time."""
    assert sqlmap(tools, tmp_path, f"{holes}/{path}", "name=Rui")
