"""The process in which the owner's templates are filled in: little time, little memory, nothing of ours to read.

Run by ``letters_bounded`` as a file, without the environment: it reads one request from stdin and answers on stdout,
both JSON. Everything before ``_seal`` is ours; from there on whatever a template does is bounded by the kernel.
"""

import json
import resource
import signal
import sys
from typing import Any

MEMORY = 256 * 1024 * 1024
"""Bytes of address space."""
SECONDS = 1.0
"""Seconds of the processor for what the owner's template does."""
MOST_BYTES = 256 * 1024
"""Bytes of a mail as JSON: mail programs cut off what is longer than about a hundred kilobytes."""
READY = b"+"
"""Said when everything is loaded: the time that counts begins here."""
TEMPLATE = "<template>"
"""What Jinja calls a template without a file, in a traceback."""


def main() -> None:
    """Answer one request."""
    for name, most in (("AS", MEMORY), ("CORE", 0), ("FSIZE", 0)):
        _limit(name, most)
    sys.path[:] = json.loads(sys.argv[1])
    _load()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    request = json.load(sys.stdin.buffer)
    answer = json.dumps(_answer(request)).encode()
    if len(answer) > MOST_BYTES * len(request["letters"]):
        answer = json.dumps(_problem("It makes a mail that is far too long.", costly=True)).encode()
    sys.stdout.buffer.write(answer)


def _load() -> None:
    """Import what Jinja and Markdown would import when it is needed: later no file can be opened."""
    import linecache
    import pprint  # noqa: F401
    import random  # noqa: F401
    import textwrap  # noqa: F401
    import urllib.parse  # noqa: F401

    import jinja2.debug
    import jinja2.ext
    import jinja2.sandbox  # noqa: F401
    import markdown_it  # noqa: F401

    import studio_cli.letters  # noqa: F401

    linecache.updatecache = lambda *_: []  # a traceback asks for source lines


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from studio_cli.language import Language
    from studio_cli.letters import write

    language, logo = Language(*request["language"]), request["logo"]
    # With a template of ours first: so the catalogue and the frame are loaded.
    write(
        'Subject: .\n\n{{ details() }}{{ quote(".") }}[.](https://x)', request["letters"][0], language, logo
    )
    _seal()
    try:
        return {"letters": [write(request["source"], data, language, logo) for data in request["letters"]]}
    except BaseException as error:
        return _explained(error)


def _seal() -> None:
    """From here on: no file can be opened, no process started, and the time is counted."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + SECONDS) + 2
    for name, number in (("NOFILE", 0), ("NPROC", 0), ("CPU", most)):
        _limit(name, number)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # whose signal ends the process, wherever it is


def _limit(name: str, most: int) -> None:
    """Set a limit of this process; one that is lower already stays."""
    which = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


# ── what went wrong, in plain words ───────────────────────────────────────────────────────────────


def _problem(message: str, line: int | None = None, *, costly: bool = False) -> dict[str, Any]:
    return {"problem": {"message": message, "line": line, "costly": costly}}


def _explained(error: BaseException) -> dict[str, Any]:
    from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

    from studio_cli.letters import NoSubject
    from studio_cli.templates import syntax_words

    if isinstance(error, MemoryError):
        return _problem("It needs too much memory.", costly=True)
    if isinstance(error, TemplateSyntaxError):
        return _problem(syntax_words(error.message), error.lineno)
    line = _line(error)
    if isinstance(error, NoSubject):
        return _problem("It has to begin with its subject: a line like Subject: Hello", 1)
    if isinstance(error, UndefinedError):
        return _problem(_missing(str(error)), line)
    if isinstance(error, SecurityError):
        return _problem("A template may not do that: it can show what it knows, and call nothing.", line)
    if isinstance(error, OverflowError) and "range" in str(error).casefold():
        return _problem("It counts too far: range goes to 100,000 at most.", line)
    if isinstance(error, RecursionError):
        return _problem("Too much is within each other.", line)
    return _problem(f"It cannot be filled in. {_sentence(str(error) or type(error).__name__)}", line)


def _line(error: BaseException) -> int | None:
    """Return the line of the template that was being filled in."""
    step, line = error.__traceback__, None
    while step is not None:
        if step.tb_frame.f_code.co_filename == TEMPLATE:
            line = step.tb_lineno
        step = step.tb_next
    return line


def _missing(words: str) -> str:
    """Return what Jinja says of something that is not there: ``'dict object' has no attribute 'nmae'``."""
    parts = words.split("'")
    if words.endswith("is undefined") and len(parts) == 3:
        return f"There is no {parts[1][:60]} here."
    if "has no attribute" in words and len(parts) == 5:
        return f"There is no {parts[3][:60]} there."
    return _sentence(words)


def _sentence(words: str) -> str:
    short = " ".join(words.split())[:200]
    short = short[:1].upper() + short[1:]
    return short if short.endswith((".", "?", "!")) else short + "."


if __name__ == "__main__":
    main()
