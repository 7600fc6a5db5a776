"""The client's door as an ASGI application: routes, and what every request and every answer goes through."""

from __future__ import annotations

import contextlib
import queue
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from studio_cli.booking import brand, journey, mail
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import checkout as checkouts
from studio_cli.booking import feed as feeds
from studio_cli.booking import receipt as receipts
from studio_cli.booking import sync as syncing
from studio_cli.booking import waiting as lists
from studio_cli.booking.calendar_file import calendar_file
from studio_cli.booking.checkout import Provider, ProviderOf
from studio_cli.booking.details import language_of
from studio_cli.booking.studio import Studio
from studio_cli.errors import Busy, FileTrouble, NotFound, OutsideFailed, StudioError
from studio_cli.language import choose, preferred
from studio_cli.model.checkout import NotVerified, ProviderRefused, ProviderUnreachable
from studio_cli.model.session import Session, StepName
from studio_cli.model.text import shown
from studio_cli.model.times import stored
from studio_cli.model.words import N_
from studio_cli.templates import render
from studio_cli.web import changes, pages
from studio_cli.web import waiting as waits
from studio_cli.web.guard import LARGEST_BODY, guarded
from studio_cli.web.limits import Bounds, Limits, Ticks, Turns
from studio_cli.web.pages import Dress, Paying, Place
from studio_cli.web.proxies import NOBODY, Proxies

if TYPE_CHECKING:
    from starlette.types import ASGIApp

Log = Callable[[str], None]
SITE_PAGES = "details|sent|waiting|listed"
PAGES = "review|questionnaire|contract|payment|checkout|paid|receipt/[0-9]+|summary|calendar.ics|move|cancel|proposal"
"""What can stand after a link."""
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

    @contextlib.contextmanager
    def unwaiting(self) -> Iterator[Studio]:
        """Lend one that is open and free, and waits for nobody; raise ``Busy`` where that cannot be."""
        try:
            studio = self._idle.get_nowait()
        except queue.Empty:
            raise Busy("Every open studio is in use.") from None
        try:
            with studio.file.unwaiting():
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
    """What a form sent: values by the name of their field, and the revision of the details that the client saw.

    The revision is 0 for nonsense.
    """

    fields: Mapping[str, list[str]] = field(default_factory=dict)
    revision: int = 0

    @classmethod
    def of(cls, pairs: list[tuple[str, str]]) -> Posted:
        """Read what a form sent; the first revision is the page's own: a question may be called that too."""
        fields: dict[str, list[str]] = {}
        for name, value in pairs:
            fields.setdefault(name, []).append(value)
        own = fields.get("revision", [])
        revision = _number(own.pop(0)) if own else 0
        return cls(fields, revision)


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through a handler."""

    studio: Studio
    request: Request
    posted: Posted
    link_base: str
    pays: ProviderOf
    site: bool = False

    @property
    def root(self) -> str:
        """The path that the pages' addresses begin with."""
        return urlsplit(self.link_base).path.rstrip("/")

    @property
    def paying(self) -> Paying:
        """How clients pay online now."""
        if self.studio.settings["payment.provider"] != "stripe":
            return "offline"
        provider = self.provider
        return "offline" if provider is None else "live" if provider.live else "testing"

    @property
    def provider(self) -> Provider | None:
        """Where payments are asked about, whether or not clients are sent there now."""
        return self.pays(self.studio)

    @property
    def token(self) -> str:
        """The link's token."""
        return str(self.request.path_params["token"])

    def asked(self, name: str) -> str:
        """Return what stands in the address under a name, shortened to what can be of use; nothing is empty."""
        return self.request.query_params.get(name, "")[:40]

    def dress(self, session: Session | None = None) -> Dress:
        """Return what the page wears: in the client's language, else the browser's, else the studio's."""
        return replace(dress(self.studio, self.root, self.request, session), site=self.site)

    def to(self, page: str = "") -> Response:
        """Lead to a page of the link, by a redirect: loading it again, or going back to it, posts nothing."""
        return RedirectResponse(f"{self.root}/s/{self.token}{page}", status_code=303)


Handler = Callable[[Call], Response]


MailerOf = Callable[[Studio], mail.Mailer | None]
"""The mail server of a studio's settings as they are now."""


def no_mailer(studio: Studio) -> None:
    """Return no mail server: what is written waits in the outbox."""


def no_provider(studio: Studio) -> None:
    """Return no provider: clients pay as the studio tells them to."""


def make_app(
    studios: Studios,
    log: Log,
    link_base: str,
    *,
    mailer: MailerOf = no_mailer,
    provider: ProviderOf = no_provider,
    proxies: Proxies = NOBODY,
    bounds: Bounds = Bounds(),
    ticks: Ticks = time.monotonic,
    site: bool = False,
) -> ASGIApp:
    """Return the application that serves every living link under ``link_base``, and with ``site`` the booking site.

    What a client's step writes into the outbox is sent after the answer: nobody waits for a mail server. Who asks
    the ``provider`` waits for it, so only a few do at once: a slow one holds up nothing else.
    """
    root = urlsplit(link_base).path.rstrip("/")
    turns = Turns(bounds)
    asking = Turns(replace(bounds, writers=bounds.askers))

    def route(
        path: str, handler: Handler, *methods: str, asks: Collection[str] = (), only_looks: bool = False
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            outside = ("GET" if request.method == "HEAD" else request.method) in asks
            try:
                if only_looks:
                    return await _glance(handler, request)
                if request.method != "POST" and not outside:
                    return await run_in_threadpool(_run, handler, request, Posted())
                posted = await _form(request) if request.method == "POST" else Posted()
                answer = await (asking if outside else turns).run(_run, handler, request, posted)
                # A mail that the client waits for goes before all others.
                answer.background = BackgroundTask(_send_written, getattr(request.state, "mail", None))
                return answer
            except Exception as error:
                return await on_error(request, error)

        return Route(path, endpoint, methods=list(methods))

    async def _glance(handler: Handler, request: Request) -> Response:
        """Answer what only reads a little, here: on a busy machine, waiting for a thread takes longer than the page.

        Nothing is waited for here, or everybody would wait: while somebody writes to the file, a thread does that.
        """
        with contextlib.suppress(Busy), studios.unwaiting() as studio:
            return handler(Call(studio, request, Posted(), link_base, pays, site))
        return await run_in_threadpool(_run, handler, request, Posted())

    def _run(handler: Handler, request: Request, posted: Posted) -> Response:
        with studios.one() as studio:
            return handler(Call(studio, request, posted, link_base, pays, site))

    def pays(studio: Studio) -> Provider | None:
        try:
            return provider(studio)
        except StudioError as error:  # a key that cannot be used: the pages say how to pay without it
            log(f"payment: {error.code}")
            return None

    async def webhook(request: Request) -> Response:
        try:
            signatures = request.headers.getlist("stripe-signature")
            heard = await asking.run(_hear, await request.body(), signatures)
            heard.background = BackgroundTask(_send_written)
            return heard
        except ClientDisconnect:
            return Response(status_code=400)
        except HTTPException as error:
            return Response(status_code=error.status_code)
        except Exception as error:
            if not isinstance(error, (Busy, OutsideFailed)):
                log(_where(error))
            return Response(status_code=503, headers={"Retry-After": "60"})  # it is sent again

    def _hear(body: bytes, signatures: list[str]) -> Response:
        with studios.one() as studio:
            asked = pays(studio)
            try:
                if asked is None or len(signatures) != 1:
                    raise NotVerified("Nobody here can tell.")
                syncing.heard(studio, asked, asked.read_event(body, signatures[0], studio.now()))
            except NotVerified:
                return Response(status_code=400)
            return Response(status_code=200)

    def _send_written(message: int | None = None) -> None:
        try:
            with studios.one() as studio:
                server = mailer(studio)
                if message is not None and server is not None:
                    mail.deliver(studio, server, message)
                mail.send_written(studio, server)
        except Exception as error:  # the step is saved and answered: the mail waits, and the log says why
            log(f"mail: {_where(error)}")

    async def on_error(where: Any, error: Exception) -> Response:
        request = where if isinstance(where, Request) else Request(where)
        status = _status_of(error)
        if status == 500:
            log(_where(error))
        headers = {"Retry-After": "5"} if status == 503 else dict(getattr(error, "headers", None) or {})
        return await run_in_threadpool(_error_page, studios, request, status, root, headers)

    async def find(token: str) -> int | None:
        return await run_in_threadpool(_share_of, studios, token)

    async def find_waiting(token: str) -> int | None:
        return await run_in_threadpool(_waiting_of, studios, token)

    async def find_feed(token: str) -> bool:
        return await run_in_threadpool(_opens_feed, studios, token)

    app = Starlette(
        routes=[
            *(
                site_routes(route)
                if site
                else [route("/", _home, "GET"), route("/robots.txt", _robots, "GET")]
            ),
            route("/studio.css", _asset("page/studio.css", "text/css"), "GET"),
            route("/studio.svg", _asset("page/studio.svg", "image/svg+xml"), "GET"),
            route("/studio.js", _asset("page/studio.js", "text/javascript"), "GET"),
            route("/logo", _logo, "GET"),
            route("/s/{token}", _open, "GET"),
            route("/s/{token}/review", _review, "GET", "POST"),
            route("/s/{token}/questionnaire", _questionnaire, "GET", "POST"),
            route("/s/{token}/contract", _contract, "GET", "POST"),
            route("/s/{token}/payment", _payment, "GET", "POST"),
            route("/s/{token}/checkout", _checkout, "GET", "POST", asks=("GET", "POST")),
            route("/s/{token}/paid", _paid, "GET", asks=("GET",)),
            Route("/webhooks/stripe", webhook, methods=["POST"]),
            route("/s/{token}/receipt/{number}", _receipt, "GET"),
            route("/s/{token}/summary", _summary, "GET"),
            route("/s/{token}/calendar.ics", _calendar, "GET"),
            route("/s/{token}/proposal", _proposal, "GET", "POST"),
            route("/s/{token}/move", _move, "GET", "POST"),
            route("/s/{token}/cancel", _cancel, "GET", "POST", asks=("POST",)),
            route("/calendar/{token}.ics", _feed, "GET"),
            route("/waiting/{token}", waits.ending, "GET", "POST"),
        ],
        exception_handlers={HTTPException: on_error},
    )
    app.router.redirect_slashes = False
    public = {one.path for one in app.routes if isinstance(one, Route) and "{" not in one.path}
    limits = Limits(find, bounds, ticks, feed=find_feed, waiting=find_waiting)
    door = guarded(app, on_error, link_base, public=public, limits=limits, proxies=proxies, site=site)
    return _logged(door, log, public)


def site_routes(route: Callable[..., Route]) -> list[Route]:
    """Return the routes of the booking site."""
    from studio_cli.web import site

    return [
        route("/", site.studio_page, "GET", only_looks=True),
        route("/robots.txt", site.robots, "GET"),
        route("/shop.css", _asset("page/shop.css", "text/css"), "GET"),
        route("/shop.js", _asset("page/shop.js", "text/javascript"), "GET"),
        route("/book/{key}", site.offer_page, "GET", only_looks=True),
        route("/book/{key}/details", site.details, "GET", "POST"),
        route("/book/{key}/sent", site.sent, "GET"),
        route("/book/{key}/waiting", waits.wait, "GET", "POST"),
        route("/book/{key}/listed", waits.listed, "GET"),
    ]


# ── handlers ──────────────────────────────────────────────────────────────────────────────────────


def _home(call: Call) -> Response:
    return HTMLResponse(pages.home(call.dress()))


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
    return HTMLResponse(pages.current(_place(call, visit), call.asked("note")))


def _look(call: Call, name: StepName) -> Response:
    """A step's page, to go on or to look back; where there is no such step now, the client's place."""
    visit = journey.visit(call.studio, call.token)
    if not pages.may_look_at(name, visit):
        return call.to()
    return HTMLResponse(pages.step(name, _place(call, visit)))


def _place(call: Call, visit: journey.Visit) -> Place:
    tip = call.request.query_params.get("tip", "")
    if tip in journey.TIP_PROBLEMS:
        visit = replace(visit, trouble={"tip": tip})
    seen = _number(call.request.query_params.get("seen", ""))
    typed = call.request.query_params.get("typed", "")[:20] if visit.trouble else ""
    return Place(call.studio, visit, call.token, call.dress(visit.session), seen or None, typed, call.paying)


def _review(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "review")
    return _after(call, "review", journey.review(call.studio, call.token, call.posted.revision))


def _questionnaire(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "questionnaire")
    posted = call.posted
    visit = journey.questionnaire(call.studio, call.token, posted.revision, posted.fields)
    return _after(call, "questionnaire", visit)


def _contract(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "contract")
    posted = call.posted
    sha256 = "".join(posted.fields.get("document", [])[-1:])
    visit = journey.sign(
        call.studio, call.token, posted.revision, sha256, posted.fields, _signer(call.request)
    )
    return _after(call, "contract", visit)


def _signer(request: Request) -> journey.Signer:
    address = request.client.host if request.client else ""
    return journey.Signer(address, shown(request.headers.get("user-agent", ""))[:300])


def _payment(call: Call) -> Response:
    if call.request.method != "POST":
        return _look(call, "payment")
    if call.paying != "offline":  # the page was open when the way to pay changed
        return call.to("/payment")
    posted = call.posted
    visit = journey.pay(call.studio, call.token, posted.revision, posted.fields)
    if visit.trouble:
        return _tip_again(call, visit)
    return _after(call, "payment", visit)


def _to_checkout(call: Call) -> Response:
    """The client wants to pay online. Browsers do not let a form lead elsewhere, so a page of ours does."""
    provider, posted = call.provider, call.posted
    if provider is None or call.paying == "offline":
        return call.to()
    try:
        going = checkouts.start(
            call.studio, provider, call.token, posted.revision, posted.fields, call.link_base
        )
    except (ProviderRefused, ProviderUnreachable) as trouble:
        return _no_way_to_pay(call, trouble)
    if going.checkout is not None:
        return call.to("/checkout")
    if going.visit.trouble:
        return _tip_again(call, going.visit)
    return _after(call, "payment", going.visit)


def _tip_again(call: Call, visit: journey.Visit) -> Response:
    """Lead back to the payment with what is wrong with the tip, and what was typed."""
    typed = "".join(call.posted.fields.get("tip_amount", [])[-1:])[:20]
    return call.to(f"/payment?{urlencode({**visit.trouble, 'typed': typed})}")


def _no_way_to_pay(call: Call, trouble: StudioError) -> Response:
    place = _place(call, journey.visit(call.studio, call.token))
    page = pages.no_way_to_pay(place, for_good=isinstance(trouble, ProviderRefused))
    return HTMLResponse(page, status_code=503)


def _checkout(call: Call) -> Response:
    if call.request.method == "POST":
        return _to_checkout(call)
    visit, checkout = checkouts.page_to_pay(call.studio, call.token)
    if checkout is None or checkout.url is None:
        return call.to()
    return HTMLResponse(pages.checkout(_place(call, visit), checkout.url))


def _paid(call: Call) -> Response:
    """The client is back from the payment page: whatever came of it is asked, never believed."""
    try:
        waiting = syncing.returned(call.studio, call.provider, call.token)
    except (ProviderRefused, ProviderUnreachable):
        return HTMLResponse(pages.not_known_yet(_place(call, journey.visit(call.studio, call.token))), 503)
    if not waiting:
        return call.to()
    return HTMLResponse(pages.unpaid(_place(call, journey.visit(call.studio, call.token))))


def _after(call: Call, name: StepName, visit: journey.Visit) -> Response:
    """Go on, or show what is wrong, or what changed since the client looked."""
    if visit.changed:
        return call.to(f"/review?seen={call.posted.revision}")
    # Once the details are agreed to, what was typed before they changed is looked at first.
    typed = visit.drafts if name == "review" else [name] if name in visit.drafts else ()
    waiting = next((step for step in typed if pages.may_look_at(step, visit)), None)
    return call.to(f"/{waiting}" if waiting else "")


def _summary(call: Call) -> Response:
    visit = journey.visit(call.studio, call.token)
    if visit.session.status != "confirmed":
        return call.to()
    return HTMLResponse(pages.summary(_place(call, visit)))


def _receipt(call: Call) -> Response:
    """The receipt of a payment for this session; of another one there is none here."""
    visit = journey.visit(call.studio, call.token)
    number = _number(call.request.path_params["number"])
    found = [row for row in receipts.of_session(call.studio, visit.session.id) if row.receipt == number]
    if not found:
        return call.to()
    return HTMLResponse(pages.receipt(_place(call, visit), found[0]))


def _calendar(call: Call) -> Response:
    """The session as a calendar file (RFC 5545), for whatever the client keeps their days in."""
    visit = journey.visit(call.studio, call.token)
    if visit.session.status != "confirmed":
        return call.to()
    file = calendar_file(call.studio, visit.session)
    disposition = {"Content-Disposition": 'attachment; filename="session.ics"'}
    return Response(file, media_type="text/calendar; charset=utf-8", headers=disposition)


def _feed(call: Call) -> Response:
    """The sessions for the owner's own calendars, which ask every few minutes: most of the time nothing is new."""
    if not feeds.opens(call.studio, call.token):
        raise HTTPException(404)
    found = feeds.entries(call.studio)
    mark = f'"{feeds.mark_of(call.studio, found)}"'
    headers = {"ETag": mark, "Cache-Control": f"private, max-age={60 * feeds.REFRESH_MINUTES // 3}"}
    known = call.request.headers.get("if-none-match", "")
    if mark in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="studio.ics"'
    return Response(
        feeds.calendar(call.studio, found), media_type="text/calendar; charset=utf-8", headers=headers
    )


# ── changes of mind ───────────────────────────────────────────────────────────────────────────────


def _proposal(call: Call) -> Response:
    """The client takes a time that was proposed; there is no such page to look at."""
    if call.request.method != "POST":
        return call.to()
    posted = call.posted
    done = minds.agree(call.studio, call.token, posted.revision, _posted(posted, "at"))
    return call.to(f"?note={done.what}" if done.what in {"taken", "changed"} else "")


def _move(call: Call) -> Response:
    if call.request.method != "POST":
        visit = journey.visit(call.studio, call.token)
        taken = minds.moment(call.asked("taken"))
        return HTMLResponse(changes.move(_place(call, visit), call.asked("day"), taken, call.asked("note")))
    posted = call.posted
    before = journey.visit(call.studio, call.token).session.status
    done = minds.move(call.studio, call.token, posted.revision, _posted(posted, "at"))
    if done.what == "done":
        return call.to(f"?note={'asked' if before == 'inquiry' else 'moved'}")
    if done.what == "taken" and done.wanted:
        return call.to(f"/move?{urlencode({'taken': stored(done.wanted)})}")
    if done.what == "changed":
        return call.to(f"/move?note=changed&seen={posted.revision}")
    return call.to("" if done.what == "same" else "/move")


def _cancel(call: Call) -> Response:
    """The client cancels. What was paid online goes back there, and pages to pay on are of no use any more."""
    if call.request.method != "POST":
        visit = journey.visit(call.studio, call.token)
        if visit.session.status == "canceled":
            return call.to()
        return HTMLResponse(changes.cancel(_place(call, visit), call.asked("note")))
    posted, provider = call.posted, call.provider
    give_back = checkouts.give_back_with(provider) if provider else None
    done = minds.cancel(call.studio, call.token, posted.revision, _posted(posted, "seen"), give_back)
    if done.what == "changed":
        return call.to(f"/cancel?note=changed&seen={posted.revision}")
    if done.what == "closed":
        return call.to("/cancel")
    if provider and syncing.open_pages(call.studio, done.visit.session.id):
        syncing.end_unwanted(call.studio, provider, done.visit.session.id)
    return call.to()


def _posted(posted: Posted, name: str) -> str:
    return "".join(posted.fields.get(name, [])[-1:])


def _logo(call: Call) -> Response:
    picture = brand.logo(call.studio)
    if picture is None:
        raise HTTPException(404)
    return Response(picture.content, media_type=picture.media_type)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


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


def dress(studio: Studio, root: str, request: Request, session: Session | None = None) -> Dress:
    """Return what a page wears; without a session in the browser's language, else the studio's."""
    settings, wanted = studio.settings, preferred(request.headers.get("accept-language"))
    if session:
        return Dress(settings, root, language_of(session, settings, *wanted), brand.logo_size(studio))
    return Dress(settings, root, choose(wanted, settings["studio.locale"]), brand.logo_size(studio))


def _share_of(studios: Studios, token: str) -> int | None:
    """Return the share whose living link a token is."""
    with studios.one() as studio:
        return journey.share_of(studio, token)


def _waiting_of(studios: Studios, token: str) -> int | None:
    """Return who is taken off the waiting list by a token."""
    with studios.one() as studio:
        return lists.number_behind(studio, token)


def _opens_feed(studios: Studios, token: str) -> bool:
    """Return whether a token opens the owner's feed."""
    with studios.one() as studio:
        return feeds.opens(studio, token)


def _error_page(
    studios: Studios, request: Request, status: int, root: str, headers: Mapping[str, str]
) -> Response:
    try:
        with studios.one() as studio:
            again = request.url.path if status == 503 and request.method == "GET" else ""
            page = pages.error(status, dress(studio, root, request), again)
    except Exception:  # the file itself cannot be read: there is nothing to dress the page with
        language = choose(preferred(request.headers.get("accept-language")), "en")
        words = language.text(N_("Something went wrong. Please try again in a few minutes."))
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
    known = re.fullmatch(rf".*?/s/[^/]*(/(?:{PAGES}))?", path)
    if known:
        return f"/s/…{known[1] or ''}"
    booking = re.fullmatch(rf".*?/book/[^/]*(/(?:{SITE_PAGES}))?", path)
    if booking:  # the key of a private type is as good as a link
        return f"/book/…{booking[1] or ''}"
    if re.fullmatch(r".*?/waiting/[^/]*", path):
        return "/waiting/…"
    if re.fullmatch(r".*?/calendar/[^/]*\.ics", path):
        return "/calendar/….ics"
    return path if path in public else "…"
