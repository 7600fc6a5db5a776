"""What every request passes and every answer carries, errors included."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from studio_cli.web.limits import Limits
from studio_cli.web.proxies import Proxies

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp

LARGEST_BODY = 1024 * 1024
"""Bytes; a questionnaire with every answer as long as it may be stays below."""

UNREADABLE = "studio.unreadable"
"""In the scope of a request that could not be read: the status of its answer."""

OWN_HEADERS = "studio.headers"
"""In the scope of a request: headers of its answer that are not those of all others; None for one that is missing."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def guarded(
    app: ASGIApp,
    failed: Callable[[Any, Exception], Awaitable[Response]],
    link_base: str,
    *,
    public: Collection[str],
    limits: Limits,
    proxies: Proxies,
    site: bool = False,
) -> ASGIApp:
    """Return ``app`` behind the guards.

    ``failed`` makes the answer to an error, ``link_base`` is the address at which clients reach the pages, and
    ``public`` are the paths that need no link; with ``site`` those of the booking site need none either.
    """
    base = urlsplit(link_base)
    prefix = base.path.rstrip("/")
    pages = ["/s/.*", "/calendar/.*", "/waiting/.*", *(["/book/.*"] if site else [])]
    ours = re.compile("|".join(["", *pages, *map(re.escape, public)]), re.DOTALL)

    async def admit(scope: Any, headers: Headers) -> None:
        if UNREADABLE in scope:
            raise HTTPException(scope[UNREADABLE])
        if site and (scope["path"] == "/" or scope["path"].startswith("/book/")):
            limits.visit(scope)
        elif scope["path"] not in public:
            await limits.admit(scope)
        if scope["method"] == "POST" and _is_cross_site(headers, base.netloc):
            raise HTTPException(403)

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        headers = Headers(scope=scope)
        scope = _without_prefix(scope, prefix, ours) | {"client": _client(scope, headers, proxies)}
        dressed = _Dressed(scope, send)
        try:
            await admit(scope, headers)
            await app(scope, _bounded(headers, receive), dressed)
        except Exception as error:
            if dressed.begun:
                raise
            await (await failed(scope, error))(scope, receive, dressed)

    return guard


class _Dressed:
    """Sends an answer with all the headers, and knows whether it has begun."""

    def __init__(self, scope: Any, send: Any) -> None:
        self._scope, self._send, self.begun = scope, send, False

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            # Nothing is stored anywhere, but what says itself for how long: the feed, which calendars keep.
            cached = headers.get("Cache-Control")
            for name, value in {**HEADERS, **self._scope.get(OWN_HEADERS, {})}.items():
                if value is not None:
                    headers[name] = value
            if cached:
                headers["Cache-Control"] = cached
        await self._send(message)


def _client(scope: Any, headers: Headers, proxies: Proxies) -> tuple[str, int]:
    """Return whose request it is, so that ``request.client.host`` is the client's address, not a proxy's."""
    peer, port = scope["client"] or ("", 0)  # gone already
    client = proxies.client(peer, headers.getlist("x-forwarded-for"))
    return client, port if peer not in proxies else 0


def _without_prefix(scope: Any, prefix: str, ours: re.Pattern[str]) -> dict[str, Any]:
    """Let the pages answer under the path of their public address too, whether or not a proxy strips it."""
    path = scope["path"]
    inner = path[len(prefix) :]
    # Only what leaves a page of ours: under https://x.example/s a link may arrive as /s/s/TOKEN or as /s/TOKEN.
    if prefix and path.startswith(prefix) and ours.fullmatch(inner):
        path = inner or "/"
    return {**scope, "path": path}


def _is_cross_site(headers: Headers, public: str) -> bool:
    """Return whether a POST was sent by another site's page (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/).

    Browsers send ``Origin: null`` with a form of ours, because the pages ask for no referrer; it is let through
    only where there is no ``Sec-Fetch-Site`` (plain http, old browsers). The token in the address, which no
    other site knows, stands behind both.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None or origin == "null":
        return False
    try:
        host = urlsplit(origin).netloc.casefold()
    except ValueError:  # http://[
        return True
    return host not in {headers.get("host", "").casefold(), public.casefold()}


def _bounded(headers: Headers, receive: Any) -> Any:
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        return _refusing
    seen = 0

    async def bounded() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return bounded


async def _refusing() -> Any:
    raise HTTPException(413)
