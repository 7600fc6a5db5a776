"""One client's connection: what keeps a slow one from holding it, and many from holding all of them.

uvicorn bounds only the silence between two requests (``timeout_keep_alive``, taken back at the first byte).
Nothing in it ends a connection on which nothing was ever sent, a head or a body that comes byte by byte, or an
answer that nobody takes, and its ``limit_concurrency`` refuses everybody when a few hold that many connections.
An ASGI application cannot help: it is called when the head is complete.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from studio_cli.web.guard import HEADERS, UNREADABLE
from studio_cli.web.limits import Bounds, whose
from studio_cli.web.proxies import Proxies

Wait = Literal["head", "body", "answer", "rest"]
"""What a connection waits for; each is one of the times in ``Bounds``."""


class Connection(H11Protocol):
    """A connection that waits for its client only so long."""

    def __init__(self, crowd: Crowd, bounds: Bounds, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._crowd, self._bounds = crowd, bounds
        self._waiting: tuple[RequestResponseCycle, Wait] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> str:
        """The address at the other end: a client's or a proxy's."""
        return self.client[0] if self.client else ""

    @property
    def idles(self) -> bool:
        """Whether it is the client who has something to do."""
        return self._waits_for != "answer" or self.flow.write_paused

    @property
    def _waits_for(self) -> Wait:
        receiving = self.conn.their_state is h11.SEND_BODY
        if self.cycle is None or self.cycle.response_complete:
            return "rest" if receiving else "head"
        return "body" if receiving else "answer"

    def _watch(self) -> None:
        """Give what comes next its time; more of the same gets no more of it."""
        waiting = (self.cycle, self._waits_for)
        if waiting == self._waiting:
            return
        self._forget_deadline()
        self._waiting = waiting
        # Not close(): that would wait until everything written is taken.
        self._deadline = self.loop.call_later(getattr(self._bounds, waiting[1]), self.transport.abort)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    # ── what uvicorn calls ────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if self._crowd.enter(self):
            self._watch()
        else:
            transport.write(TOO_MANY)
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self.conn.their_state is h11.ERROR:  # its answer is on the way
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._forget_deadline()
        self._crowd.leave(self)

    def send_400_response(self, msg: str) -> None:
        """Let the application answer what is not HTTP: with all its headers, a page, and a line in the log."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:  # another answer has begun
            self.transport.close()
            return
        if (
            self.cycle is not None
        ):  # the body of its request is broken: nobody is there for what it may still say
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        # uvicorn calls this while it handles h11's error, which knows when it was about the length.
        hint = getattr(sys.exc_info()[1], "error_status_hint", 400)
        self._answer_unreadable(431 if hint == 431 else 400)

    def _answer_unreadable(self, status: int) -> None:
        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": "-",
            "root_path": "",
            "path": "-",
            "raw_path": b"-",
            "query_string": b"",
            "headers": [(b"connection", b"close")],
            UNREADABLE: status,
        }
        self.cycle = RequestResponseCycle(
            scope=scope,
            conn=self.conn,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            on_response=self.on_response_complete,
        )
        task = self.loop.create_task(self.cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


class Crowd:
    """Who is connected: not too many from one address, and not too many."""

    def __init__(self, bounds: Bounds, proxies: Proxies) -> None:
        self._bounds, self._proxies = bounds, proxies
        self._inside: dict[Connection, str] = {}

    def enter(self, connection: Connection) -> bool:
        """Let a connection in; where there are too many, the oldest that only waits makes room for it."""
        client = whose(self._proxies.client(connection.peer))
        neighbours = [one for one, other in self._inside.items() if other == client]
        crowded = len(neighbours) >= self._bounds.connections_per_address
        if crowded and connection.peer not in self._proxies and not self._make_room(neighbours):
            return False  # (a proxy's connections are many clients')
        if len(self._inside) >= self._bounds.connections and not self._make_room(list(self._inside)):
            return False
        self._inside[connection] = client
        return True

    def _make_room(self, crowd: list[Connection]) -> bool:
        oldest = next((one for one in crowd if one.idles), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.transport.abort()
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        self._inside.pop(connection, None)


def _too_many() -> bytes:
    words = "The studio is busy. Please try again in a moment.\n"
    headers = {
        **HEADERS,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(words)),
        "Retry-After": "5",
        "Connection": "close",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n{words}".encode()


TOO_MANY = _too_many()
"""The answer to a connection that there is no place for: ready, because it is given when there is much to do."""
