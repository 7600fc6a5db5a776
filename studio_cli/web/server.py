"""Serving the client's door: a socket, the server on it, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from studio_cli.booking.checkout import ProviderOf
from studio_cli.booking.site import keep_key
from studio_cli.booking.studio import Clock, open_studio
from studio_cli.errors import Busy, Refused, WrongUsage
from studio_cli.web.app import Log, MailerOf, Studios, make_app, no_mailer, no_provider
from studio_cli.web.limits import Bounds, Ticks
from studio_cli.web.proxies import NOBODY, Proxies

LAST_ANSWER_SECONDS = 2.0
"""After the end is reached, the client's browser still fetches the page that says so."""

ACCEPTED_AT_ONCE = 64
"""Connections are counted a few rounds after they were accepted: by default 2048 in each, more than files may be open."""
FILES_WANTED = 2048


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any free one. A port in use is refused, naming the next free one."""
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise WrongUsage(f"{host} is not an address of this machine.", hint="Use --host 127.0.0.1") from error
    # With the protocol said, asyncio turns Nagle's algorithm off: without it every answer on a connection that is
    # used again waits 40 ms for the acknowledgement of its own headers.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise _cannot_listen(error, host, port) from error
    return listening


def _cannot_listen(error: OSError, host: str, port: int) -> Refused:
    if error.errno == errno.EADDRINUSE:
        free = _next_free(host, port)
        hint = f"Use the next free one: --port {free}" if free else "Use another one with --port."
        return Refused(f"Port {port} is in use.", hint=hint, code="port_in_use", details={"free": free})
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Refused(
            f"Port {port} needs special rights.", hint="Use one above 1023: --port 8000", code="port"
        )
    return Refused(
        f"{host}:{port} cannot be listened on: {error.strerror}.", hint="Use --host 127.0.0.1", code="port"
    )


def _next_free(host: str, port: int) -> int | None:
    for candidate in range(port + 1, min(port + 200, 65536)):
        with socket.socket() as probe:
            try:
                probe.bind((host if host != "::1" else "", candidate))
            except OSError:
                continue
            return candidate
    return None


def address_of(listening: socket.socket, host: str) -> str:
    """Return the address under which a browser on this machine (or, listening everywhere, a near one) reaches it."""
    port = listening.getsockname()[1]
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Door:
    """The server for one studio's links, and with ``site`` its booking site, on a socket that already listens."""

    def __init__(
        self,
        listening: socket.socket,
        file: Path,
        clock: Clock,
        log: Log,
        *,
        link_base: str,
        mailer: MailerOf = no_mailer,
        provider: ProviderOf = no_provider,
        proxies: Proxies = NOBODY,
        bounds: Bounds = Bounds(),
        ticks: Ticks = time.monotonic,
        site: bool = False,
    ) -> None:
        import uvicorn

        from studio_cli.web.connection import Connection, Crowd

        # They warn of what clients do wrong, with bits of it; where nobody listens, Python writes that to stderr.
        # Our own log has a line for each request, without anything that was in it.
        for loud in ("uvicorn.error", "python_multipart"):
            logging.getLogger(loud).addHandler(logging.NullHandler())
        self._listening = listening
        self._studios = Studios(lambda: open_studio(file, clock))
        if site:
            studio = open_studio(file, clock)
            with contextlib.closing(studio.file):
                keep_key(studio)
        bounds = replace(bounds, connections=min(bounds.connections, _most_connections()))
        config = uvicorn.Config(
            make_app(
                self._studios,
                log,
                link_base,
                mailer=mailer,
                provider=provider,
                proxies=proxies,
                bounds=bounds,
                ticks=ticks,
                site=site,
            ),
            log_config=None,
            access_log=False,  # its lines hold the path, and the path holds the token
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            http=cast(Any, partial(Connection, Crowd(bounds, proxies), bounds)),
            ws="none",
            backlog=ACCEPTED_AT_ONCE,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=32 * 1024,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None
        self._reached = False

    def serve(self, until: Callable[[], bool] | None = None) -> bool:
        """Serve until interrupted, or until ``until()`` holds; return whether it came to that."""
        with contextlib.closing(self), self._interruptible():
            asyncio.run(self._serve(until))
        return self._reached

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let Ctrl-C ask the server to end, from the first moment on.

        An exception in the middle of starting or ending the event loop would leave it half made, and Python
        says so with a traceback.
        """

        def ask(number: int, frame: object) -> None:
            self._server.should_exit = True

        if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
            yield
            return
        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    async def _serve(self, until: Callable[[], bool] | None) -> None:
        watching = asyncio.create_task(self._watch(until)) if until else None
        await self._server.serve(sockets=[self._listening])
        if watching:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, until: Callable[[], bool]) -> None:
        while not await asyncio.to_thread(_looked, until):
            await asyncio.sleep(0.25)
        self._reached = True
        await asyncio.sleep(LAST_ANSWER_SECONDS)
        self._server.should_exit = True

    def __enter__(self) -> Door:
        """Serve in the background."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(None)), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        """Stop serving."""
        self._server.should_exit = True
        assert self._thread is not None
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Let go of the socket and the file."""
        self._listening.close()
        self._studios.close()


def _most_connections() -> int:
    """Return how many connections leave enough open files for the studio, of as many as this process may have."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < FILES_WANTED:  # macOS: 256, unless one asks
        wanted = FILES_WANTED if most == resource.RLIM_INFINITY else min(FILES_WANTED, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        allowed = wanted
    files = FILES_WANTED if allowed == resource.RLIM_INFINITY else allowed
    return max((files - 4 * ACCEPTED_AT_ONCE) // 2, 16)


def _looked(until: Callable[[], bool]) -> bool:
    """Look once; a file that is busy just now is looked at again."""
    try:
        return until()
    except Busy:
        return False


def end_on_terminate() -> None:
    """Let SIGTERM end a server as Ctrl-C does: cleanly."""

    def interrupt(number: int, frame: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGTERM, interrupt)
