"""The door does what its description says, whatever it is asked. It is schemathesis that asks."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.exceptions import HTTPException

from studio_cli.booking import feed as feeds
from studio_cli.booking import journey, session_changes, site
from studio_cli.booking import payment as payments
from studio_cli.booking import request as requests
from studio_cli.booking import session as sessions
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.settings import SITE_KEY
from studio_cli.model.site import TypedSite
from studio_cli.store import session_type as types
from studio_cli.web import guard
from tests.booking import asking
from tests.gallery import Post, Stage
from tests.web.audit.conftest import HERE
from tests.web.audit.test_scanner import Scanner

Ask = Callable[..., subprocess.CompletedProcess[str]]

# A wrong answer is a page that says so, not a status: these two checks would want a 4xx for every one of them.
QUIET = "negative_data_rejection,positive_data_acceptance"


def described(on: Stage, links: list[str], booked: list[Session]) -> str:
    """Return the description, with the links and the contracts that there are."""
    tokens = [link.removeprefix("/s/") for link in links]
    contracts = [sessions.get(on.studio, one.id).contract for one in booked]
    text = (HERE / "openapi.yaml").read_text(encoding="utf-8")
    documents = json.dumps([one.sha256 for one in contracts if one])
    keys = [*(site.key_of(one) for one in types.listed(on.studio.file) if one.site.published), "none"]
    given = site.stamp(on.studio.settings[SITE_KEY], on.clock.now.subtract(seconds=10))
    text = text.replace("[KEYS]", json.dumps(keys)).replace("STAMP", json.dumps(given))
    feed = feeds.feed(on.studio).address or ""
    known = [feed.rpartition("/")[2].removesuffix(".ics"), "unknown"]
    text = text.replace("[TOKENS]", json.dumps(tokens)).replace("[FEEDS]", json.dumps(known))
    return text.replace("[DOCUMENTS]", documents)


def movable(on: Stage) -> Session:
    """A session that its client can move and cancel."""
    session = on.make.session("2026-12-11 10:00", price="0")
    edits = Edits(move_until="1d", cancel_until="1d")
    return session_changes.edit(on.studio, str(session.id), edits).after


def proposed(on: Stage) -> Session:
    """A request for which other times were proposed."""
    session = asking.ask(on.studio, on.make, "2026-12-10 10:00")
    times = ["2026-12-07 10:00", "2026-12-08 10:00"]
    return requests.propose(on.studio, str(session.id), times).session


@pytest.fixture
def ask(on: Stage, tmp_path: Path) -> Ask:
    """Let schemathesis ask the door, which has links at every step: ``ask("--max-examples", "20")``."""
    on.stripe()  # where no post ends a session: the next finds its form again
    on.logo()
    on.make.offer()
    on.make.offer("Wedding", TypedSite(approval=True), private=True)
    again = {"form": "family", "contract": "agreement", "allow_overlap": True, "tips": True}
    booked = [on.wedding(), *(on.make.session(**again) for _ in range(5))]
    steps = ("review", "questionnaire", "contract", "contract")
    links = [on.link(booked[0]), *map(on.past, steps, booked[1:5]), on.link(booked[5]), "/s/unknown"]
    links += [on.link(movable(on)), on.link(proposed(on))]
    on.send(Post(f"{links[4]}/checkout", {"revision": "1"}))
    sessions.confirm(on.studio, str(booked[5].id))
    payments.record(on.studio, str(booked[5].id), "10")
    description = tmp_path / "openapi.yaml"
    description.write_text(described(on, links, booked), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(description), "--url", on.door.base,
        "--checks", "all", "--exclude-checks", QUIET, "--generation-database", "none", "--no-color",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.web.audit.schemathesis_checks",
        "PYTHONPATH": str(HERE.parents[2]),
    }

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return run


def check(on: Stage, asked: subprocess.CompletedProcess[str]) -> None:
    """Fail unless nothing was found, and there was something to find it in."""
    assert asked.returncode == 0, asked.stdout + asked.stderr
    for seen in (
        "GET /s/… 200",
        "GET /s/… 404",
        "POST /s/…/questionnaire 303",
        "POST /s/…/contract 303",
        "POST /s/…/checkout 303",
        "POST /s/…/move 303",
        "POST /s/…/cancel 303",
        "GET /book/… 200",
        "GET /book/… 404",
        "POST /book/…/details 303",
        "POST /book/…/details 409",
        "GET /calendar/….ics 200",
        "GET /calendar/….ics 404",
    ):
        assert any(line.startswith(seen) for line in on.door.log), seen


def test_as_described(on: Stage, ask: Ask) -> None:
    """No failure of ours, no status and no header that is not described, and none missing: a first look."""
    check(on, ask("--max-examples", "15"))


@pytest.mark.audit
@pytest.mark.timeout(900)
def test_as_described_at_length(on: Stage, ask: Ask) -> None:
    """The same, for some thousands of questions."""
    check(on, ask("--max-examples", "400"))
    assert len(on.door.log) > 3000


def test_planted_flaws_are_found(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure for some answers only, a status and a header that nobody described, and one left out are found."""
    questionnaire = journey.questionnaire

    def planted(studio: Studio, token: str, revision: int, posted: Any, **options: Any) -> journey.Visit:
        if len("".join(posted.get("notes", ""))) > 40:
            raise ValueError("planted")
        return questionnaire(studio, token, revision, posted, **options)

    def refuse(*arguments: Any) -> str:
        raise HTTPException(418)

    others = {name: value for name, value in guard.HEADERS.items() if name != "Referrer-Policy"}
    monkeypatch.setattr(journey, "questionnaire", planted)
    monkeypatch.setattr(site, "offers", refuse)
    monkeypatch.setattr(guard, "HEADERS", others | {"Set-Cookie": "a=b"})
    options = ("--include-path-regex", "^/$|questionnaire", "--phases", "coverage,fuzzing", "--no-shrink")
    asked = ask("--max-examples", "20", "--continue-on-failure", *options)
    assert asked.returncode == 1
    for found in (
        "Server error",
        "Undocumented status code",
        "undocumented headers: set-cookie",
        "Missing required response headers",
    ):
        assert found in asked.stdout, asked.stdout


def test_whole_door_is_described(on: Stage) -> None:
    """Every address that a page leads to is in the description."""
    unfinished, finished = on.link(on.make.session("2026-12-11 10:00")), on.past("payment", on.wedding())
    text = (HERE / "openapi.yaml").read_text(encoding="utf-8")
    paths = {re.sub(r"\{\w+\}", "[^/]+", path) for path in re.findall(r"^  (/.*):$", text, re.M)}
    with contextlib.closing(Scanner(on.door.base)) as scanner:
        reached = scanner.reach([unfinished, finished])
    assert f"{finished}/calendar.ics" in reached
    assert not [one for one in reached if not any(re.fullmatch(path, urlsplit(one).path) for path in paths)]
