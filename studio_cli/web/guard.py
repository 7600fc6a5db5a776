"""What every request passes and every answer carries, errors included."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp

LARGEST_BODY = 1024 * 1024
"""Bytes; a questionnaire with every answer as long as it may be stays below."""

_OUR_PATHS = re.compile(r"(/?|/s/.*|/studio\.(css|svg|js)|/logo|/robots\.txt)\Z", re.DOTALL)

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


def guarded(app: ASGIApp, refuse: Callable[[Request, int], Awaitable[Response]], link_base: str) -> ASGIApp:
    """Return ``app`` behind the guards; ``link_base`` is the address at which clients reach it."""
    public = urlsplit(link_base)
    prefix = public.path.rstrip("/")

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        async def dressed(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        scope = _without_prefix(scope, prefix)
        headers = Headers(scope=scope)
        if scope["method"] == "POST" and _is_cross_site(headers, public.netloc):
            await (await refuse(Request(scope), 403))(scope, receive, dressed)
            return
        await app(scope, _bounded(headers, receive), dressed)

    return guard


def _without_prefix(scope: Any, prefix: str) -> Any:
    """Let the pages answer under the path of their public address too, whether or not a proxy strips it."""
    path = scope["path"]
    if not prefix or not path.startswith(prefix):
        return scope
    # Only what leaves a page of ours: under https://x.example/s a link may arrive as /s/s/TOKEN or as /s/TOKEN.
    inner = path[len(prefix) :]
    return {**scope, "path": inner or "/"} if _OUR_PATHS.match(inner) else scope


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
