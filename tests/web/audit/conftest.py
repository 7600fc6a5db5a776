"""What looks at the client's pages: scenes of the gallery, axe-core, html-validate."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_cli.booking.studio import Studio
from tests.conftest import Clock, Door, Maker
from tests.gallery import Stage, stage

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"

Validate = Callable[[str], list[str]]


@pytest.fixture
def on(studio: Studio, make: Maker, clock: Clock, site_door: Door) -> Iterator[Stage]:
    """A stage for one scene of the gallery."""
    with stage(studio, make, clock, site_door) as made:
        yield made


@pytest.fixture(scope="session")
def modules() -> Path:
    """Where npm has put the tools. Without them the test is skipped, loudly; in CI that is a failure."""
    if not (MODULES / ".package-lock.json").exists():
        reason = "NO AXE, NO HTML-VALIDATE: the pages were not looked at. Install them: npm ci --prefix tests/web/audit"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return MODULES


@pytest.fixture(scope="session")
def axe(modules: Path) -> str:
    """The source of axe-core, for a page's evaluate: the pages' own policy lets no script in."""
    return (modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def validate(modules: Path) -> Iterator[Validate]:
    """Tell what html-validate finds wrong with a page; one process for all of them."""
    with contextlib.closing(_Validator(".htmlvalidate.mjs")) as validator:
        yield validator.look


@pytest.fixture(scope="session")
def validate_mail(modules: Path) -> Iterator[Validate]:
    """Tell what html-validate finds wrong with the HTML of a mail."""
    with contextlib.closing(_Validator(".htmlvalidate-mail.mjs")) as validator:
        yield validator.look


class _Validator:
    """``validate.mjs`` in a process of its own, on the Node that Playwright brings: the machine may have none."""

    def __init__(self, rules: str) -> None:
        from playwright._impl._driver import compute_driver_executable

        node = compute_driver_executable()[0]
        self._process = subprocess.Popen(
            [node, HERE / "validate.mjs", rules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def look(self, page: str) -> list[str]:
        """Return what is wrong with a page: ``line:column rule: reason``."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(page) + "\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def dump(file: Path) -> list[str]:
    """Return the whole file as SQL, but for when a link was opened, and when Stripe was last asked."""
    copy = sqlite3.connect(":memory:")
    source = sqlite3.connect(file)
    try:
        source.backup(copy)
        copy.execute("UPDATE share SET opened_at = NULL, last_opened_at = NULL")
        copy.execute("UPDATE checkout SET checked_at = NULL")
        return list(copy.iterdump())
    finally:
        source.close()
        copy.close()
