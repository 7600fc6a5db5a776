"""What the tests of what we talk to stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.certificate import Certificate, make_certificate
from tests.outside import postfix as real_postfix
from tests.outside.postfix import Postfix
from tests.outside.second_reader import MODULES, SecondReader, skip_or_fail


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def running_postfix() -> Iterator[Postfix]:
    """A real Postfix. Where there can be none the test is skipped, loudly; in CI that is a failure."""
    if reason := real_postfix.why_not():
        skip_or_fail(reason)
    with real_postfix.running() as server:
        yield server


@pytest.fixture
def postfix(running_postfix: Postfix) -> Postfix:
    """The real Postfix, its mailboxes empty."""
    running_postfix.empty()
    return running_postfix


@pytest.fixture(scope="session")
def second_reader() -> Iterator[SecondReader]:
    """mailparser and ical.js. Without them the test is skipped, loudly; in CI that is a failure."""
    if not (MODULES / "mailparser").exists():
        skip_or_fail(
            "NO MAILPARSER: only one reader read the mails. Install it: npm ci --prefix tests/web/audit"
        )
    with SecondReader() as reader:
        yield reader
