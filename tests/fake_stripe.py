"""A stand-in for Stripe on loopback: what Studio uses of its API, its hosted page and its events.

Nothing here is Studio's code, and the official library is what talks to it (``tests/outside/test_fake_stripe.py``
checks that the library accepts it). It behaves as https://docs.stripe.com/api says, as far as it goes.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import itertools
import json
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

TEST_KEY = "sk_test_studio0fake0key"
LIVE_KEY = "sk_live_studio0fake0key"
WEBHOOK_SECRET = "whsec_studio0fake"
SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60

Params = dict[str, Any]


@dataclass
class Trouble(Exception):
    """An error as Stripe answers it."""

    status: int
    code: str
    message: str = "Something is wrong with this request."
    kind: str = "invalid_request_error"

    def answer(self) -> Response:
        """Return the error as JSON (https://docs.stripe.com/api/errors)."""
        error = {"type": self.kind, "code": self.code, "message": self.message}
        return JSONResponse({"error": error}, self.status)


def _unknown(what: str, number: str) -> Trouble:
    return Trouble(404, "resource_missing", f"No such {what}: '{number}'")


ON_DEMAND = {
    400: Trouble(400, "parameter_invalid_integer", "Invalid integer: fake"),
    401: Trouble(401, "", "Invalid API Key provided: sk_test_****fake"),
    404: _unknown("checkout.session", "fake"),
    409: Trouble(409, "lock_timeout", "This object cannot be accessed right now."),
    429: Trouble(429, "rate_limit", "Too many requests hit the API too quickly."),
    500: Trouble(500, "", "An unknown error occurred", "api_error"),
}


@dataclass
class FakeStripe:
    """``with FakeStripe(clock) as stripe: stripe.base``; ``clock`` returns seconds since 1970.

    ``plan`` says what goes wrong with the next requests, one entry a request: a status (refused before anything
    happens), ``lost`` (it happens, the answer does not arrive), ``garbage`` (it happens, the answer is no JSON),
    or ``ok``. ``dead`` closes the door: every request is cut off. ``seconds`` is how long an answer takes. With
    ``page_status`` 204 its page is nothing to go to: a browser stays where it is.
    """

    clock: Callable[[], float]
    plan: list[int | str] = field(default_factory=list)
    dead: bool = False
    seconds: float = 0.0
    page_status: int = 200
    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
    sessions: dict[str, Params] = field(default_factory=dict)
    intents: dict[str, Params] = field(default_factory=dict)
    charges: dict[str, Params] = field(default_factory=dict)
    refunds: dict[str, Params] = field(default_factory=dict)
    prices: dict[str, Params] = field(default_factory=dict)
    events: list[Params] = field(default_factory=list)
    _replies: dict[tuple[str, str], tuple[str, Params, int, bytes]] = field(default_factory=dict)
    _in_use: set[tuple[str, str]] = field(default_factory=set)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # ── the server ───────────────────────────────────────────────────────────────────────────────

    @property
    def base(self) -> str:
        """The address to give to the library."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FakeStripe:
        # With the protocol said asyncio turns Nagle's algorithm off: each answer would wait 40 ms.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", self.port))
        listening.listen()
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            _with_transport(self.app()),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            http="h11",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve([listening])), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def app(self) -> Starlette:
        """Return the API and the hosted page as an ASGI application."""
        post, get = ["POST"], ["GET"]
        routes = [
            ("/v1/checkout/sessions", self._create_session, post),
            ("/v1/checkout/sessions/{id}", self._retrieve_session, get),
            ("/v1/checkout/sessions/{id}/expire", self._expire_session, post),
            ("/v1/refunds", self._create_refund, post),
            ("/v1/refunds", self._list_refunds, get),
            ("/v1/account", self._account, get),
            ("/v1/balance", self._balance, get),
            # What the vendor's command line uses to trigger checkout.session.completed.
            ("/v1/products", self._create_product, post),
            ("/v1/prices", self._create_price, post),
            ("/v1/payment_methods", self._create_method, post),
            ("/v1/payment_pages/{id}", self._payment_page, get),
            ("/v1/payment_pages/{id}/confirm", self._confirm_page, post),
        ]
        pages = [Route("/c/pay/{id}", self._page, methods=get), Route("/c/pay/{id}", self._pay, methods=post)]
        return Starlette(
            routes=[Route(path, self._api(call), methods=how) for path, call, how in routes] + pages
        )

    def _api(self, call: Callable[[Params, Params], Params]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.requests.append((request.method, request.url.path))
            fault = self.plan.pop(0) if self.plan else "ok"
            if self.dead:
                return _Cut()
            try:
                if isinstance(fault, int):
                    raise ON_DEMAND[fault]
                reply = await self._reply(request, call)
            except Trouble as trouble:
                return trouble.answer()
            return _Cut() if fault == "lost" else Response(b"<html>") if fault == "garbage" else reply

        return endpoint

    async def _reply(self, request: Request, call: Callable[[Params, Params], Params]) -> Response:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not re.fullmatch(r"[sr]k_(test|live)_[A-Za-z0-9]+", key) or "wrong" in key:
            raise Trouble(401, "", f"Invalid API Key provided: {key[:8]}****")
        body = (await request.body()).decode()
        text = body if request.method == "POST" else request.url.query
        params = _nested(parse_qsl(text, keep_blank_values=True))
        around = {"live": key.startswith(("sk_live", "rk_live")), **request.path_params}
        once = request.headers.get("idempotency-key") if request.method == "POST" else None
        if once is None:
            await asyncio.sleep(self.seconds)
            return JSONResponse(call(params, around))
        return await self._once((key, once), request.url.path, params, lambda: call(params, around))

    async def _once(
        self, key: tuple[str, str], path: str, params: Params, work: Callable[[], Params]
    ) -> Response:
        """Do it once a key: the same again is the first answer, another request with it an error.

        https://docs.stripe.com/api/idempotent_requests
        """
        if key in self._in_use:
            raise Trouble(
                409, "idempotency_key_in_use", "There is another request with this key.", "idempotency_error"
            )
        if key in self._replies:
            known_path, known_params, status, content = self._replies[key]
            if (known_path, known_params) != (path, params):
                words = "Keys for idempotent requests can only be used with the same parameters."
                raise Trouble(400, "idempotency_key_mismatch", words, "idempotency_error")
            headers = {"Idempotent-Replayed": "true"}
            return Response(content, status, headers, media_type="application/json")
        self._in_use.add(key)
        try:
            await asyncio.sleep(self.seconds)
            content = json.dumps(work()).encode()
        finally:
            self._in_use.discard(key)
        self._replies[key] = path, params, 200, content
        return Response(content, 200, media_type="application/json")

    # ── the API ──────────────────────────────────────────────────────────────────────────────────

    def _create_session(self, params: Params, around: Params) -> Params:
        _only(params, SessionCreateParams)
        if params.get("mode") != "payment":
            raise Trouble(400, "parameter_missing", "Missing required param: mode.")
        success = params.get("success_url", "")
        if not re.match(r"https?://[^/]", success):
            raise Trouble(400, "url_invalid", "Not a valid URL")
        now = int(self.clock())
        expires = int(params.get("expires_at", now + LONGEST))
        if not SHORTEST <= expires - now <= LONGEST:
            words = (
                "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from creation."
            )
            raise Trouble(400, "", words)
        amount, currency = self._sum(params.get("line_items", {}))
        number = f"cs_{'live' if around['live'] else 'test'}_{next(self._count):04}{'a' * 20}"
        self.sessions[number] = {
            "id": number,
            "object": "checkout.session",
            "amount_subtotal": amount,
            "amount_total": amount,
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "created": now,
            "currency": currency,
            "customer_details": None,
            "customer_email": params.get("customer_email"),
            "expires_at": expires,
            "livemode": around["live"],
            "metadata": params.get("metadata", {}),
            "mode": "payment",
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": success,
            "url": f"{self.base}/c/pay/{number}",
            "_intent_metadata": params.get("payment_intent_data", {}).get("metadata", {}),
        }
        return self._shown(number)

    def _sum(self, items: Params) -> tuple[int, str]:
        amount, currency = 0, ""
        for item in items.values():
            data = self.prices[item["price"]] if "price" in item else item["price_data"]
            if "price_data" in item and not data.get("product_data", {}).get("name"):
                raise Trouble(400, "parameter_missing", "Missing required param: product_data[name].")
            currency = data["currency"]
            if not re.fullmatch(r"[a-z]{3}", currency) or not data["unit_amount"].isdigit():
                raise Trouble(400, "parameter_invalid_integer", "Invalid price.")
            amount += int(data["unit_amount"]) * int(item["quantity"])
        if amount < 30:
            raise Trouble(400, "amount_too_small", "The Checkout Session's total amount must be larger.")
        return amount, currency

    def _retrieve_session(self, params: Params, around: Params) -> Params:
        self._find(around)
        return self._shown(around["id"], tuple(params.get("expand", {}).values()))

    def _expire_session(self, params: Params, around: Params) -> Params:
        session = self._find(around)
        if session["status"] != "open":
            raise Trouble(400, "", f"Only Checkout Sessions with a status in [\"open\"] can be expired. This one is {session['status']}.")  # fmt: skip
        self._end(session)
        return self._shown(session["id"])

    def _find(self, around: Params) -> Params:
        session = self.sessions.get(around["id"])
        if session is None or session["livemode"] != around["live"]:
            raise _unknown("checkout.session", around["id"])
        self._run_out(session)
        return session

    def _run_out(self, session: Params) -> None:
        if session["status"] == "open" and self.clock() >= session["expires_at"]:
            self._end(session)

    def _end(self, session: Params) -> None:
        session.update(status="expired", url=None)
        self._tell("checkout.session.expired", self._shown(session["id"]))

    def _shown(self, number: str, expand: tuple[str, ...] = ()) -> Params:
        """Return a Checkout Session as JSON; ``expand`` as ``payment_intent.latest_charge.refunds``."""
        shown = {name: value for name, value in self.sessions[number].items() if not name.startswith("_")}
        intent = shown["payment_intent"]
        if intent and any(path.startswith("payment_intent") for path in expand):
            shown["payment_intent"] = {**self.intents[intent]}
            charge = shown["payment_intent"]["latest_charge"]
            if charge and any("latest_charge" in path for path in expand):
                of = self._list({"payment_intent": intent})
                with_refunds = {"refunds": of} if any(path.endswith("refunds") for path in expand) else {}
                shown["payment_intent"]["latest_charge"] = {**self.charges[charge], **with_refunds}
        return json.loads(json.dumps(shown))

    def _create_refund(self, params: Params, around: Params) -> Params:
        _only(params, RefundCreateParams)
        intent = self.intents.get(params.get("payment_intent", ""))
        if intent is None or intent["livemode"] != around["live"]:
            raise _unknown("payment_intent", params.get("payment_intent", ""))
        if intent["status"] != "succeeded":
            raise Trouble(400, "", "This PaymentIntent does not have a successful charge to refund.")
        left = intent["amount"] - self.charges[intent["latest_charge"]]["amount_refunded"]
        amount = int(params.get("amount", left))
        if not left:
            raise Trouble(400, "charge_already_refunded", "The charge has already been refunded.")
        if not 0 < amount <= left:
            raise Trouble(400, "amount_too_large", "Refund amount is greater than unrefunded amount on charge.")  # fmt: skip
        return self.give_back(intent["id"], amount, params.get("metadata", {}))

    def _list_refunds(self, params: Params, around: Params) -> Params:
        return self._list(params)

    def _list(self, params: Params) -> Params:
        wanted, since = params.get("payment_intent"), int(params.get("created", {}).get("gte", 0))
        found = [
            refund
            for refund in reversed(self.refunds.values())
            if wanted in {None, refund["payment_intent"]} and refund["created"] >= since
        ]
        return {"object": "list", "url": "/v1/refunds", "has_more": False, "data": found}

    def _account(self, params: Params, around: Params) -> Params:
        return {
            "id": "acct_fake",
            "object": "account",
            "charges_enabled": True,
            "default_currency": "cad",
            "email": "ana@example.com",
            "business_profile": {"name": "Ana Silva Photography"},
            "settings": {"dashboard": {"display_name": "Ana Silva"}},
        }

    def _balance(self, params: Params, around: Params) -> Params:
        return {"object": "balance", "livemode": around["live"], "available": [], "pending": []}

    # ── for the vendor's command line ────────────────────────────────────────────────────────────

    def _create_product(self, params: Params, around: Params) -> Params:
        return {"id": f"prod_{next(self._count)}", "object": "product", "name": params["name"]}

    def _create_price(self, params: Params, around: Params) -> Params:
        number = f"price_{next(self._count)}"
        self.prices[number] = params
        return {"id": number, "object": "price", **params}

    def _create_method(self, params: Params, around: Params) -> Params:
        return {"id": f"pm_{next(self._count)}", "object": "payment_method", "type": params["type"]}

    def _payment_page(self, params: Params, around: Params) -> Params:
        return {"id": self._find(around)["id"], "object": "checkout.session"}

    def _confirm_page(self, params: Params, around: Params) -> Params:
        if int(params["expected_amount"]) != self._find(around)["amount_total"]:
            raise Trouble(400, "checkout_amount_mismatch", "The amount is another one.")
        self.pay(around["id"])
        return self._shown(around["id"])

    # ── the hosted page ──────────────────────────────────────────────────────────────────────────

    async def _page(self, request: Request) -> Response:
        session = self.sessions[request.path_params["id"]]
        self._run_out(session)
        amount = f"{session['amount_total'] / 100:.2f} {session['currency'].upper()}"
        if self.page_status == 204:
            return Response(status_code=204)
        if session["status"] != "open":
            return HTMLResponse(f"<!DOCTYPE html><title>Checkout</title><h1>{session['status']}</h1>")
        return HTMLResponse(
            f"<!DOCTYPE html><html lang=en><title>Checkout</title><h1>Pay {amount}</h1>"
            '<form method="post"><button>Pay</button></form>'
            f'<a href="{session["cancel_url"]}">Cancel</a>'
        )

    async def _pay(self, request: Request) -> Response:
        session = self.sessions[request.path_params["id"]]
        if not self.pay(session["id"]):
            return RedirectResponse(request.url.path, 303)
        return RedirectResponse(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)

    # ── what a test makes happen ─────────────────────────────────────────────────────────────────

    def pay(self, number: str, *, delayed: bool = False) -> bool:
        """Pay a Checkout Session as its page does; ``delayed``: the money is on its way (a bank debit, say)."""
        session = self.sessions[number]
        self._run_out(session)
        if session["status"] != "open":
            return False
        intent = f"pi_{next(self._count):04}{'b' * 18}"
        self.intents[intent] = {
            "id": intent,
            "object": "payment_intent",
            "amount": session["amount_total"],
            "currency": session["currency"],
            "created": int(self.clock()),
            "livemode": session["livemode"],
            "metadata": session["_intent_metadata"],
            "status": "processing",
            "latest_charge": None,
        }
        session.update(status="complete", payment_intent=intent, url=None)
        if delayed:
            self._tell("checkout.session.completed", self._shown(number))
        else:
            self._arrive(session)
            self._tell("checkout.session.completed", self._shown(number))
        return True

    def _arrive(self, session: Params) -> None:
        intent, charge = self.intents[session["payment_intent"]], f"ch_{next(self._count):04}"
        self.charges[charge] = {
            "id": charge,
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "created": int(self.clock()),
            "currency": intent["currency"],
            "livemode": session["livemode"],
            "paid": True,
            "payment_intent": intent["id"],
            "refunded": False,
            "status": "succeeded",
        }
        intent.update(status="succeeded", latest_charge=charge)
        session["payment_status"] = "paid"

    def succeed(self, number: str) -> None:
        """Let money that was on its way arrive."""
        self._arrive(self.sessions[number])
        self._tell("checkout.session.async_payment_succeeded", self._shown(number))

    def fail(self, number: str) -> None:
        """Let money that was on its way not arrive."""
        self.intents[self.sessions[number]["payment_intent"]]["status"] = "requires_payment_method"
        self._tell("checkout.session.async_payment_failed", self._shown(number))

    def give_back(self, intent: str, amount: int, metadata: Params | None = None) -> Params:
        """Refund part of a payment: by the API, or as somebody does in the dashboard."""
        charge = self.charges[self.intents[intent]["latest_charge"]]
        number = f"re_{next(self._count):04}{'c' * 16}"
        self.refunds[number] = {
            "id": number,
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": int(self.clock()),
            "currency": charge["currency"],
            "metadata": metadata or {},
            "payment_intent": intent,
            "status": "succeeded",
        }
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._tell("charge.refunded", {**charge})
        return self.refunds[number]

    @property
    def latest(self) -> Params:
        """The newest Checkout Session."""
        return list(self.sessions.values())[-1]

    # ── events ───────────────────────────────────────────────────────────────────────────────────

    def _tell(self, kind: str, about: Params) -> None:
        self.events.append(
            {
                "id": f"evt_{next(self._count):04}{'d' * 16}",
                "object": "event",
                "api_version": "2026-10-28.endive",
                "created": int(self.clock()),
                "data": {"object": about},
                "livemode": about["livemode"],
                "pending_webhooks": 1,
                "type": kind,
            }
        )

    def sign(self, body: bytes, secret: str = WEBHOOK_SECRET, *, at: float | None = None) -> str:
        """Return the ``Stripe-Signature`` header (https://docs.stripe.com/webhooks#verify-manually)."""
        moment = int(self.clock() if at is None else at)
        made = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={moment},v1={made}"

    def deliver(self, event: Params, url: str, headers: Mapping[str, str] | None = None) -> int:
        """POST a signed event and return the status of the answer."""
        body = json.dumps(event, indent=2).encode()
        signed = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": self.sign(body)}
        return post(url, body, {**signed, **(headers or {})})


class _Cut(Response):
    """No answer: what the other side sees when a line or a server dies."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["transport"].abort()


def _with_transport(app: Starlette) -> Any:
    async def with_transport(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "transport": send.__self__.transport}, receive, send)

    return with_transport


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST as Stripe's servers do: no Origin, no cookies; return the status."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("POST", parts.path, body, dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _nested(pairs: list[tuple[str, str]]) -> Params:
    """Read ``a[b][0]=c`` as Stripe does."""
    found: Params = {}
    for name, value in pairs:
        first, *rest = re.findall(r"[^\[\]]+", name)
        place, last = found, first
        for part in rest:
            place, last = place.setdefault(last, {}), part
        place[last] = value
    return found


def _only(params: Params, known: Any) -> None:
    """Refuse a parameter that the official library does not know."""
    strange = set(params) - set(known.__annotations__)
    if strange:
        raise Trouble(400, "parameter_unknown", f"Received unknown parameter: {min(strange)}")
