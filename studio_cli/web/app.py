"""The client's door as an ASGI application: routes, and what every request and every answer goes through."""

from __future__ import annotations

import contextlib
import queue
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from studio_cli.booking import journey
from studio_cli.booking.studio import Studio
from studio_cli.errors import Busy, FileTrouble, NotFound
from studio_cli.model.session import StepName
from studio_cli.templates import render
from studio_cli.web import pages
from studio_cli.web.guard import LARGEST_BODY, guarded
from studio_cli.web.limits import Bounds, Limits, Ticks, Turns
from studio_cli.web.pages import Dress
from studio_cli.web.proxies import NOBODY, Proxies

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Log = Callable[[str], None]
STEPS = "review|questionnaire|payment"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
"""Those that a log may name: a client can call its method whatever it likes."""


class Studios:
    """Open studios for the handlers' threads: a connection is used by one request at a time and kept for the next."""

    def __init__(self, open_one: Callable[[], Studio]) -> None:
        self._open_one = open_one
        self._idle: queue.LifoQueue[Studio] = queue.LifoQueue()

    @contextlib.contextmanager
    def one(self) -> Iterator[Studio]:
        """Lend an open studio."""
        try:
            studio = self._idle.get_nowait()
        except queue.Empty:
            studio = self._open_one()
        try:
            yield studio
        finally:
            self._idle.put(studio)

    def close(self) -> None:
        """Close those that nobody uses."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().file.close()


@dataclass(frozen=True, slots=True)
class Posted:
    """What a form sent: the answers, and the revision of the details that the client saw (0 for nonsense)."""

    answers: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0

    @classmethod
    def of(cls, fields: list[tuple[str, str]]) -> Posted:
        """Read the fields of a form; of answers with the same name the last one counts."""
        own = next((index for index, (name, _) in enumerate(fields) if name == "revision"), None)
        if own is None:
            return cls(dict(fields))
        text = fields.pop(own)[1]  # the first is the page's own: a question may be called revision too
        return cls(dict(fields), int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0)


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through a handler."""

    studio: Studio
    request: Request
    posted: Posted
    root: str

    @property
    def token(self) -> str:
        """The link's token."""
        return str(self.request.path_params["token"])

    @property
    def dress(self) -> Dress:
        """What the page wears."""
        return Dress(self.studio.settings, self.root)


Handler = Callable[[Call], Response]


def make_app(
    studios: Studios,
    log: Log,
    link_base: str,
    *,
    proxies: Proxies = NOBODY,
    bounds: Bounds = Bounds(),
    ticks: Ticks = time.monotonic,
) -> ASGIApp:
    """Return the application that serves every living link under ``link_base``."""
    root = urlsplit(link_base).path.rstrip("/")
    turns = Turns(bounds)

    def route(path: str, handler: Handler, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                if request.method == "POST":
                    return await turns.run(_run, handler, request, await _form(request))
                return await run_in_threadpool(_run, handler, request, Posted())
            except Exception as error:
                return await on_error(request, error)

        return Route(path, endpoint, methods=list(methods))

    def _run(handler: Handler, request: Request, posted: Posted) -> Response:
        with studios.one() as studio:
            return handler(Call(studio, request, posted, root))

    async def on_error(request: object, error: Exception) -> Response:
        status = _status_of(error)
        if status == 500:
            log(_where(error))
        headers = {"Retry-After": "5"} if status == 503 else dict(getattr(error, "headers", None) or {})
        return await run_in_threadpool(_error_page, studios, status, root, headers)

    async def find(token: str) -> int | None:
        return await run_in_threadpool(_share_of, studios, token)

    app = Starlette(
        routes=[
            route("/", _home, "GET"),
            route("/robots.txt", _robots, "GET"),
            route("/studio.css", _asset("page/studio.css", "text/css"), "GET"),
            route("/studio.svg", _asset("page/studio.svg", "image/svg+xml"), "GET"),
            route("/s/{token}", _open, "GET"),
            route("/s/{token}/review", _review, "GET", "POST"),
            route("/s/{token}/questionnaire", _questionnaire, "GET", "POST"),
            route("/s/{token}/payment", _payment, "GET", "POST"),
        ],
        exception_handlers={HTTPException: on_error},
    )
    app.router.redirect_slashes = False
    public = {one.path for one in app.routes if isinstance(one, Route) and "{" not in one.path}
    limits = Limits(find, bounds, ticks)
    door = guarded(app, on_error, link_base, public=public, limits=limits, proxies=proxies)
    return _logged(door, log, public)


# ── handlers ──────────────────────────────────────────────────────────────────────────────────────


def _home(call: Call) -> Response:
    return HTMLResponse(pages.home(call.dress))


def _robots(call: Call) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


def _asset(template: str, media_type: str) -> Handler:
    def handler(call: Call) -> Response:
        return Response(render(template, call.studio.settings.for_clients()), media_type=media_type)

    return handler


def _open(call: Call) -> Response:
    visit = journey.visit(call.studio, call.token)
    if call.request.method == "GET":
        with contextlib.suppress(FileTrouble):  # a busy or full disk is no reason not to show the page
            journey.mark_opened(call.studio, visit.share_id)
    return HTMLResponse(pages.current(visit, call.token, call.dress))


def _look(call: Call, name: StepName) -> Response:
    """A step's page, to go on or to look back; where there is no such step now, the client's place."""
    visit = journey.visit(call.studio, call.token)
    if not pages.may_look_at(name, visit):
        return _back(call)
    return HTMLResponse(pages.step(name, visit, call.token, call.dress))


def _review(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "review")
    return _after(call, journey.review(call.studio, call.token, call.posted.revision))


def _questionnaire(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "questionnaire")
    agreed = "agreed" in call.request.query_params
    visit = journey.questionnaire(
        call.studio, call.token, call.posted.revision, call.posted.answers, agreed=agreed
    )
    if visit.problems:
        page = pages.step("questionnaire", visit, call.token, call.dress, typed=call.posted.answers)
        return HTMLResponse(page, status_code=422)
    return _after(call, visit, typed=call.posted.answers)


def _payment(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "payment")
    return _after(call, journey.pay(call.studio, call.token, call.posted.revision))


def _after(call: Call, visit: journey.Visit, typed: Mapping[str, str] | None = None) -> Response:
    """Go on (by a redirect, so that loading again posts nothing), or show what changed since the client looked."""
    if visit.changed:
        page = pages.step("review", visit, call.token, call.dress, typed=typed)
        return HTMLResponse(page, status_code=409)
    return _back(call)


def _back(call: Call) -> Response:
    return RedirectResponse(call.dress.link(call.token), status_code=303)


async def _form(request: Request) -> Posted:
    """Return what the form sent; a file in it is refused."""
    try:
        async with request.form(max_files=0, max_fields=500, max_part_size=LARGEST_BODY) as form:
            return Posted.of([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
    except (ClientDisconnect, ValueError):  # ValueError: broken multipart, an encoding that does not exist
        raise HTTPException(400) from None


# ── errors and the log ────────────────────────────────────────────────────────────────────────────


def _status_of(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, NotFound):
        return 404
    return 503 if isinstance(error, Busy) else 500


def _share_of(studios: Studios, token: str) -> int | None:
    """Return the share whose living link a token is."""
    with studios.one() as studio, contextlib.suppress(NotFound):
        return journey.visit(studio, token).share_id
    return None


def _error_page(studios: Studios, status: int, root: str, headers: Mapping[str, str]) -> Response:
    try:
        with studios.one() as studio:
            page = pages.error(status, Dress(studio.settings, root))
    except Exception:  # the file itself cannot be read: there is nothing to dress the page with
        words = "Something went wrong. Please try again in a few minutes."
        return PlainTextResponse(words, status_code=status, headers=headers)
    return HTMLResponse(page, status_code=status, headers=headers)


def _where(error: BaseException) -> str:
    """Return what failed and where, without any value: messages and locals may hold what a client typed."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return f"{type(error).__name__} at " + " < ".join(
        f"{frame.name}:{frame.lineno}" for frame in reversed(frames)
    )


def _logged(app: ASGIApp, log: Log, public: Collection[str]) -> ASGIApp:
    """Write a line for each request: never the token, an answer or a name."""

    async def logged(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        begun, status = time.monotonic(), 0

        async def watching(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await cast(Awaitable[None], send(message))

        try:
            await app(scope, receive, watching)
        except Exception as error:  # in the middle of an answer
            log(_where(error))
            raise
        finally:
            milliseconds = (time.monotonic() - begun) * 1000
            method = scope["method"] if scope["method"] in METHODS else "…"
            log(f"{method} {_without_token(scope['path'], public)} {status or '-'} {milliseconds:.0f} ms")

    return logged


def _without_token(path: str, public: Collection[str]) -> str:
    known = re.fullmatch(rf".*?/s/[^/]*(/(?:{STEPS}))?", path)
    if known:
        return f"/s/…{known[1] or ''}"
    return path if path in public else "…"
