"""A second opinion on mails and calendar files: nodemailer's mailparser and ical.js, in a process of their own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

HERE = Path(__file__).parent
MODULES = HERE.parent / "web" / "audit" / "node_modules"


class SecondReader:
    """``with SecondReader() as reader: reader.mail(raw)["to"]``."""

    def __enter__(self) -> SecondReader:
        from playwright._impl._driver import compute_driver_executable

        node = compute_driver_executable()[0]  # the machine may have none
        self._process = subprocess.Popen(
            [node, HERE / "second_reader.mjs", MODULES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def mail(self, raw: bytes) -> dict[str, Any]:
        """Return what mailparser finds in a mail: headers, people as ``[name, address, group]``, texts, parts."""
        return self._read("mail", raw)

    def calendar(self, raw: bytes) -> dict[str, Any]:
        """Return what ical.js finds in a calendar file: its method, its components, its events."""
        return self._read("calendar", raw)

    def _read(self, kind: str, raw: bytes) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([kind, base64.b64encode(raw).decode()]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the second reader ended"
        return dict(json.loads(answer))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def skip_or_fail(reason: str) -> None:
    """Skip a test that needs what is not there, loudly; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
