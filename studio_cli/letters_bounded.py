"""Mails from a template of the owner's: written in a process of its own, in bounded time and memory.

A shipped template is ours and is filled in where it is needed; what the owner wrote is any program that Jinja can run.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from studio_cli import letters_child
from studio_cli.language import Language
from studio_cli.letters import Written
from studio_cli.model.template import LINK, LONGEST, Unusable

START_SECONDS = 10.0
"""Until the process has loaded what it needs: ours, and slow only on a slow machine."""
SECONDS = 2.0
"""From then on, whatever the machine does; of the processor it gets less (``letters_child.SECONDS``)."""
LONGEST_SUBJECT = 500
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def write_bounded(
    source: str, data: Sequence[Mapping[str, Any]], language: Language, logo: Mapping[str, Any] | None = None
) -> list[Written]:
    """Return subject, text and HTML for each of ``data``, as ``letters.write`` makes them; raise ``Unusable``."""
    if len(source) > LONGEST:
        raise Unusable(f"It has {len(source):,} characters; the limit is {LONGEST:,}.")
    request = {
        "source": source,
        "letters": list(data),
        "language": [language.code, language.locale],
        "logo": logo,
    }
    answer = _ask(json.dumps(request).encode(), letters_child.MOST_BYTES * len(data))
    return [_checked(one) for one in _read_answer(answer, len(data))]


def _read_answer(answer: bytes, count: int) -> list[Any]:
    """Return what the process answered: it is believed in nothing but its shape."""
    try:
        found = json.loads(answer)
        if "problem" in found:
            message, line, costly = (found["problem"][name] for name in ("message", "line", "costly"))
            words = str(message)[:400].encode("utf-8", "backslashreplace").decode()
            raise Unusable(words, line and int(line), costly=bool(costly))
        letters = found["letters"]
    except (ValueError, KeyError, TypeError, RecursionError):
        letters = None
    if not isinstance(letters, list) or len(letters) != count:
        raise Unusable("It could not be filled in.")
    return letters


def _checked(letter: Any) -> Written:
    """Return a letter that can be kept and sent."""
    if not isinstance(letter, list) or len(letter) != 3 or not all(isinstance(part, str) for part in letter):
        raise Unusable("It could not be filled in.")
    subject, text, html = letter
    if not subject:
        raise Unusable("Its subject is empty.", 1)
    if len(subject) > LONGEST_SUBJECT:
        raise Unusable(f"Its subject is longer than {LONGEST_SUBJECT} characters.", 1)
    if LINK in subject:
        raise Unusable(
            "The link cannot be in the subject: everybody who sees the list of mails would have it.", 1
        )
    for part in (subject, text, html):
        found = _UNSENDABLE.search(part)
        if found:
            raise Unusable(f"It makes a character that no mail can have (U+{ord(found[0]):04X}).")
    return subject, text, html


# ── the process ───────────────────────────────────────────────────────────────────────────────────


def _ask(request: bytes, most: int) -> bytes:
    """Return what the process answers to a request, or the first ``most`` bytes of it."""
    with _process() as child:
        assert child.stdin and child.stdout
        try:
            if _read(child.stdout, 1, START_SECONDS) != letters_child.READY:
                raise Unusable("The process that fills it in could not be started.", passing=True)
            child.stdin.write(request)
            child.stdin.close()
            answer = _read(child.stdout, most, SECONDS)
        except TimeoutError:
            raise _too_slow(child) from None
        except OSError as error:
            raise Unusable(f"It could not be filled in: {error.strerror or error}.", passing=True) from error
        if answer:
            return answer
        raise _ended(child)


def _too_slow(child: subprocess.Popen[bytes]) -> Unusable:
    """Stop a process and return whether it is to blame: on a busy machine it may not have had its turn."""
    child.kill()
    try:
        _, _, usage = os.wait4(child.pid, 0)
    except ChildProcessError:  # its end was noticed by somebody else in this program
        return Unusable("It took too long to fill in.", passing=True)
    child.returncode = -signal.SIGKILL
    if usage.ru_utime + usage.ru_stime > letters_child.SECONDS / 2:
        return Unusable("It takes too long to fill in.", costly=True)
    return Unusable(f"It was not filled in within {SECONDS:g} seconds.", passing=True)


def _ended(child: subprocess.Popen[bytes]) -> Unusable:
    """Return what to say of a process that ended without an answer."""
    try:
        code = child.wait(SECONDS)
    except subprocess.TimeoutExpired:
        code = 0
    if -code in {signal.SIGPROF, signal.SIGXCPU}:
        return Unusable("It takes too long to fill in.", costly=True)
    return Unusable("Filling it in was stopped by the system.", costly=True)


@contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    """Start the process: without the environment, its secrets and any open file; at the end it is gone."""
    # Isolated from the machine's Python settings, so it is told where our packages are.
    path = [str(Path(__file__).parent.parent), *(entry for entry in sys.path if Path(entry).is_absolute())]
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", letters_child.__file__, json.dumps(path)]
    try:
        child = subprocess.Popen(  # noqa: S603  # our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={}, cwd="/", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Unusable(f"It could not be filled in: {error.strerror or error}.", passing=True) from error
    try:
        with child:
            try:
                yield child
            finally:
                child.kill()
    except BrokenPipeError:  # closing what it did not read
        raise Unusable("It could not be filled in.", passing=True) from None


def _read(stream: IO[bytes], most: int, seconds: float) -> bytes:
    """Return what comes until the end, or the first ``most`` bytes; raise ``TimeoutError`` when that takes longer."""
    until, parts = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while len(parts) < most:
            left = until - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            part = os.read(stream.fileno(), most - len(parts))
            if not part:
                break
            parts += part
    return parts
