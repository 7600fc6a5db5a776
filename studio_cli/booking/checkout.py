"""Paying at a provider: the client is sent to a page there, and what comes of it is asked for and written down.

Whoever asks (the client who comes back, an event, the owner), and however often and in which order: ``settle`` asks
the provider how a page is and writes that down once. Nothing else writes such a payment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from whenever import Instant

from studio_cli.booking import journey
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.journey import Fields, Visit
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, OutsideFailed, Refused
from studio_cli.model.checkout import (
    Checkout,
    GivenBack,
    News,
    Order,
    Outcome,
    Page,
    ProviderRefused,
    ProviderUnreachable,
    Seen,
    Settled,
    What,
    is_live_key,
)
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.model.settings import STUDIO_ID, Settings
from studio_cli.store import checkout as checkout_store
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import session as session_store
from studio_cli.store import share as share_store

SHORTEST_MINUTES, LONGEST_MINUTES = 31, 23 * 60
"""How long a page can be paid: a provider takes 30 minutes to 24 hours, and clocks differ."""
WORTH_GOING_MINUTES = 10
"""A page that ends sooner is not offered again."""
FORGOTTEN_HOURS = 23
"""A provider remembers a key for a day; after that the same request would be another page."""
PAYING_HOURS = 3
"""For so long after it was picked on the site, a new page holds a time until that page ends."""
GONE_DAYS = 7
"""A page that its provider does not know, and that ended so long ago, is given up."""
TRIES = 3
TEST_NOTE = "Test mode: no money moved."


class Provider(Protocol):
    """Where clients pay: every call raises ``ProviderRefused`` or ``ProviderUnreachable``."""

    @property
    def name(self) -> str:
        """Its name in the settings and in the ledger."""

    @property
    def live(self) -> bool:
        """Whether it moves real money."""

    def open(self, order: Order) -> Page:
        """Make a payment page; the same order again is the same page."""

    def look(self, page: str) -> Seen:
        """Return how a page is now."""

    def end(self, page: str) -> Seen:
        """Let nobody pay on a page any more, and return how it is then: it may have been paid just before."""

    def link_token(self, key: str) -> str:
        """Return the token of the link by which a client comes back; the same for the same key."""

    def give_back(self, payment: str, amount: Money, key: str) -> str:
        """Give back part of a payment and return the refund's reference; the same key is the same refund."""

    def refunds_of(self, payment: str) -> list[GivenBack]:
        """Return what of a payment has gone back."""

    def refunds_since(self, moment: Instant) -> list[GivenBack]:
        """Return everything that has gone back since a moment."""

    def account(self) -> str:
        """Return the name of the account, which shows that the key works."""

    def read_event(self, body: bytes, signature: str | None, now: Instant) -> News:
        """Return what an event is about, or raise ``NotVerified``."""


ProviderOf = Callable[[Studio], Provider | None]
"""The provider of a studio's settings and secrets as they are now."""


def check_stripe_key(settings: Settings, key: str | None) -> bool:
    """Return whether a key moves real money; refuse none at all, and real money in a studio made for trying out."""
    if key is None:
        raise Refused(
            "There is no key for Stripe yet.",
            hint="Set it: studio config secret stripe.key (docs/payments.md says where to find it)",
            code="no_key",
        )
    live = is_live_key(key)
    if live and settings.is_test_studio:
        raise Refused(
            "That is a live key, and this studio is for trying things out.",
            hint="Use a test key (sk_test_… or rk_test_…) here.",
            code="live_key",
        )
    return live


# ── going there ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Departure:
    """A client who wants to pay: their visit and, when there is something to pay, the page to pay it on.

    ``again``: the page, or its row, was there before.
    """

    visit: Visit
    checkout: Checkout | None = None
    again: bool = False


def start(
    studio: Studio,
    provider: Provider,
    token: str,
    revision: int,
    posted: Fields | None = None,
    base: str | None = None,
) -> Departure:
    """Bring the client to a page on which they can pay what is due: one page, however often they tap.

    ``base`` is the address that the link back begins with. What the session's other pages are is asked first:
    none of them can be paid any more when there is a new one.
    """
    for _ in range(TRIES):
        going = _claim(studio, provider, token, revision, posted, base)
        if going.checkout is None:
            return going
        if _close_others(studio, provider, going.checkout):
            return Departure(journey.visit(studio, token))
        page = _page_of(studio, provider, going, base)
        if page is not None:
            return replace(going, checkout=page)
    raise ProviderUnreachable("The session is changing just now.", hint="Try again in a moment.")


def _claim(
    studio: Studio,
    provider: Provider,
    token: str,
    revision: int,
    posted: Fields | None,
    base: str | None,
) -> Departure:
    """Find the page that fits, or write down that one is about to be asked for, before anybody asks for it."""
    with studio.file.atomic():
        here = journey.at_payment(studio, token, revision, posted)
        if not journey.may_pay(here):
            # Nothing to pay any more can be the last thing that was waited for.
            return Departure(here if here.trouble else journey.leave(studio, token, here))
        for one in checkout_store.of_session(studio.file, here.session.id, "open", "asked"):
            if _usable(studio, provider, one, here):
                _way_back(studio, provider, one)
                return Departure(here, one, again=True)
            if one.state == "asked":
                checkout_store.ended(studio.file, one.id)  # nobody has its address
        return Departure(here, _ask_for(studio, provider, here))


def _usable(studio: Studio, provider: Provider, one: Checkout, here: Visit) -> bool:
    now = studio.now()
    fresh = one.url if one.state == "open" else one.created_at > now.subtract(hours=FORGOTTEN_HOURS)
    lasts = one.expires_at > now.add(minutes=WORTH_GOING_MINUTES)
    # The link back is one of the share by which they came: another share may be revoked.
    return bool(fresh) and lasts and one.share_id == here.share_id and one.fits(here.session, provider.name)


def _ask_for(studio: Studio, provider: Provider, here: Visit) -> Checkout:
    """Inside a write: write down a new page, and the link that leads back from it; as long as it can be paid the
    time is held, within bounds."""
    import secrets

    session, now = here.session, studio.now()
    session_store.forget_announcement(studio.file, session.id)
    soonest, latest = now.add(minutes=SHORTEST_MINUTES), now.add(minutes=LONGEST_MINUTES)
    ends = min(max(session.expires_at or latest, soonest), latest)
    if session.expires_at is not None and session.expires_at < ends and _may_hold_longer(studio, session):
        session_store.set_expiry(studio.file, session.id, ends)
    number = checkout_store.insert(
        studio.file,
        session.id,
        here.share_id,
        session.due_now,
        provider=provider.name,
        key=secrets.token_hex(16),
        now=now,
        expires_at=ends,
    )
    made = get(studio, number)
    _way_back(studio, provider, made)
    return made


def _may_hold_longer(studio: Studio, session: Session) -> bool:
    """Return whether a new page holds a time longer: one picked on the site could be kept by that for ever, unpaid."""
    if session.site_hold is None:
        return True
    failed = event_store.last(studio.file, session.id, "payment failed")
    since = max(session.created_at, failed.at) if failed else session.created_at
    return studio.now() < since.add(hours=PAYING_HOURS)


def _way_back(studio: Studio, provider: Provider, checkout: Checkout) -> None:
    """Inside a write: make the link that a client comes back by. The provider sees it, so it is not their own."""
    token = provider.link_token(checkout.key)
    if checkout.share_id is not None and share_store.by_token(studio.file, token) is None:
        share_store.add_link(studio.file, checkout.share_id, token, studio.now())


def _close_others(studio: Studio, provider: Provider, checkout: Checkout) -> bool:
    """Ask how the session's open pages are and end all but this one; return whether there is nothing to pay now."""
    pages = checkout_store.of_session(studio.file, checkout.session_id, "open")
    found = [settle(studio, provider, one, wanted=one.id == checkout.id) for one in pages]
    for one in found:
        if (
            one.what == "unknown" and one.checkout == checkout
        ):  # made with another key: there will be a new one
            _end_unknown(studio, checkout, one.words)
    return any(one.what in {"paid", "late", "processing", "doubt"} for one in found)


def _page_of(studio: Studio, provider: Provider, going: Departure, base: str | None) -> Checkout | None:
    """Return the open page, asking for it if nobody has; None when it ended meanwhile: there will be another."""
    assert going.checkout is not None
    checkout = get(studio, going.checkout.id)
    if checkout.state != "asked":
        return checkout if checkout.state == "open" else None
    session = sessions.get(studio, checkout.session_id)
    try:
        page = provider.open(_order(studio, provider, session, checkout, base))
    except ProviderRefused as refusal:
        _note_refusal(studio, checkout, refusal)
        if going.again and refusal.code == "provider_refused":
            return None  # what was asked for then cannot be asked for now: a changed title is enough
        raise
    with studio.file.atomic():
        if checkout_store.opened(studio.file, checkout.id, page):
            _tell(studio, checkout, "checkout opened", actor="client")
    after = get(studio, checkout.id)
    if after.state == "open" and after.url:
        return after
    with contextlib.suppress(OutsideFailed):  # nobody has its address; it ends by itself
        provider.end(page.id)
    return None


def _order(
    studio: Studio, provider: Provider, session: Session, checkout: Checkout, base: str | None
) -> Order:
    settings = studio.settings
    return Order(
        key=checkout.key,
        studio=settings[STUDIO_ID],
        session_id=session.id,
        amount=checkout.amount,
        title=session.title,
        email=session.written_to,
        back=f"{base or settings.link_base}/s/{provider.link_token(checkout.key)}",
        expires_at=checkout.expires_at,
    )


def _note_refusal(studio: Studio, checkout: Checkout, refusal: ProviderRefused) -> None:
    """Write down what the provider did not want: its owner has to know, not the client."""
    with studio.file.atomic():
        if checkout_store.ended(studio.file, checkout.id):
            _tell(studio, checkout, "checkout refused", why=refusal.message)


def page_to_pay(studio: Studio, token: str) -> tuple[Visit, Checkout | None]:
    """Return the client's visit and the page that they are on their way to, if there is one."""
    here = journey.visit(studio, token)
    pages = checkout_store.of_session(studio.file, here.session.id, "open")
    provider = studio.settings["payment.provider"]
    return here, next((one for one in reversed(pages) if one.fits(here.session, provider)), None)


# ── what came of it ───────────────────────────────────────────────────────────────────────────────


def settle(
    studio: Studio,
    provider: Provider,
    checkout: Checkout,
    *,
    wanted: bool = True,
    news: News | None = None,
    rehearse: bool = False,
) -> Settled:
    """Ask how a page is and write that down: money once, and for what it was paid.

    A page that nobody wants paid any more is ended there. ``news`` is the event that led here.
    """
    if checkout.outside_id is None:
        return _give_up(studio, checkout, rehearse=rehearse)
    try:
        seen = provider.look(checkout.outside_id)
    except ProviderRefused as refusal:
        return _unknown(studio, checkout, refusal, rehearse=rehearse)
    if seen.outcome == "open" and not (wanted and _still_wanted(studio, checkout)):
        seen = replace(seen, outcome="expired") if rehearse else provider.end(checkout.outside_id)
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        found = _Found(studio, provider, get(studio, checkout.id), seen)
        if news is not None and not checkout_store.hear(studio.file, news.id, news.kind, now):
            return found.settled("known")
        checkout_store.checked(studio.file, [checkout.id], now)
        return _TAKE_IN[seen.outcome](found)


def _still_wanted(studio: Studio, checkout: Checkout) -> bool:
    session = sessions.get(studio, checkout.session_id)
    return checkout.fits(session, studio.settings["payment.provider"])


def _give_up(studio: Studio, checkout: Checkout, *, rehearse: bool) -> Settled:
    """Forget a page that was asked for and of which no address came, once it is of no use any more.

    It may be there, but nobody can have paid on it: only an answer that was saved is ever shown to a client.
    """
    young = checkout.created_at > studio.now().subtract(hours=FORGOTTEN_HOURS)
    if young and _still_wanted(studio, checkout):
        return Settled("open", checkout.session_id, checkout.amount, checkout)
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        if get(studio, checkout.id).state == "asked":
            checkout_store.ended(studio.file, checkout.id)
        return Settled("ended", checkout.session_id, checkout.amount, get(studio, checkout.id))


def _unknown(studio: Studio, checkout: Checkout, refusal: ProviderRefused, *, rehearse: bool) -> Settled:
    """A page that the provider does not know was made with another key: of another account, or of test mode.

    It is kept for a while: the key may have been changed by mistake.
    """
    if refusal.details.get("status") != 404:
        raise refusal
    if checkout.expires_at < studio.now().subtract(hours=24 * GONE_DAYS) and not rehearse:
        _end_unknown(studio, checkout, refusal.message)
        return Settled("ended", checkout.session_id, checkout.amount, get(studio, checkout.id))
    return Settled("unknown", checkout.session_id, checkout.amount, checkout, words=refusal.message)


def _end_unknown(studio: Studio, checkout: Checkout, words: str) -> None:
    with studio.file.atomic():
        if checkout_store.ended(studio.file, checkout.id):
            _tell(studio, checkout, "checkout given up", why=words)


@dataclass(frozen=True, slots=True)
class _Found:
    """A page as the file has it and as its provider says that it is; inside a write."""

    studio: Studio
    provider: Provider
    checkout: Checkout
    seen: Seen

    @property
    def session(self) -> Session:
        return sessions.get(self.studio, self.checkout.session_id)

    def settled(self, what: What, words: str = "") -> Settled:
        after = get(self.studio, self.checkout.id)
        return Settled(what, after.session_id, after.amount, after, after.payment_id, words)


def _take_open(found: _Found) -> Settled:
    return found.settled("open")


def _take_expired(found: _Found) -> Settled:
    if checkout_store.ended(found.studio.file, found.checkout.id):
        _tell(found.studio, found.checkout, "checkout ended")
        return found.settled("ended")
    return found.settled("known")


def _take_processing(found: _Found) -> Settled:
    """Money that is on its way, for days perhaps: the client has done their part, so their time is kept."""
    studio, session = found.studio, sessions.take_up_again(found.studio, found.session)
    if session.status == "pending" and session_store.announce_payment(
        studio.file, session.id, studio.now(), found.checkout.share_id
    ):
        session_store.set_expiry(studio.file, session.id, None)
        _tell(studio, found.checkout, "payment processing")
    return found.settled("processing")


def _take_failed(found: _Found) -> Settled:
    """Money that did not arrive: the client is asked again, and has as long as at the beginning."""
    studio, session = found.studio, found.session
    if not checkout_store.ended(studio.file, found.checkout.id):
        return found.settled("known")
    if session.status == "pending":
        session_store.forget_announcement(studio.file, session.id)
        session_store.set_expiry(studio.file, session.id, sessions.deadline_anew(studio, session))
    _tell(studio, found.checkout, "payment failed")
    return found.settled("failed")


def _take_paid(found: _Found) -> Settled:
    """Money that was paid: into the ledger, once, if it is what was asked; else its owner has to look."""
    studio, checkout, seen = found.studio, found.checkout, found.seen
    if checkout.payment_id is not None:
        return found.settled("known")
    problem = _mismatch(found)
    if problem and seen.returned:
        checkout_store.ended(studio.file, checkout.id)
        return found.settled("ended")
    if problem or seen.payment is None or seen.amount is None:
        return _doubt(found, problem or "Stripe names no payment")
    known = payment_store.by_reference(studio.file, seen.payment)
    payment = known or _receive(found, seen.payment, seen.amount)
    checkout_store.paid(studio.file, checkout.id, payment.id)
    return found.settled("known" if known else "late" if payment.late else "paid")


def _mismatch(found: _Found) -> str | None:
    """Return in which way what was paid is not what was asked."""
    studio, checkout, seen = found.studio, found.checkout, found.seen
    asked = studio.settings[STUDIO_ID], str(checkout.session_id), checkout.key
    if (seen.studio, seen.session, seen.key) != asked or seen.id != checkout.outside_id:
        return "it was paid for something else"
    if seen.payment is None:
        return f"{found.provider.name} names no payment"
    if seen.amount != checkout.amount or checkout.amount.currency != found.session.price.currency:
        return f"{seen.amount or 'an amount that cannot be read'} was paid where {checkout.amount} was asked"
    known = payment_store.by_reference(studio.file, seen.payment)
    if known and known.session_id != checkout.session_id:
        return f"the same payment is in the ledger for session {known.session_id}"
    return None


def _doubt(found: _Found, problem: str) -> Settled:
    studio, checkout = found.studio, found.checkout
    if checkout_store.doubted(studio.file, checkout.id, problem):
        _tell(studio, checkout, "payment in doubt", why=problem, reference=found.seen.payment)
    return found.settled("doubt", problem)


def _receive(found: _Found, reference: str, amount: Money) -> Payment:
    """Put the money into the ledger, with what of it has gone back; an expired session is taken up again for it."""
    studio, seen, session = found.studio, found.seen, found.session
    if not seen.returned:
        session = sessions.take_up_again(studio, session)
    number = payments.receive(
        studio,
        session,
        amount,
        found.provider.name,
        at=seen.paid_at or studio.now(),
        note=None if found.provider.live else TEST_NOTE,
        reference=reference,
        counts=not seen.refunds,
    )
    for given in seen.refunds:
        payments.keep_refund(studio, payments.get(studio, number), given)
    if seen.refunds and not seen.returned:
        payments.let_count(studio, session, number)
    return payments.get(studio, number)


_TAKE_IN: dict[Outcome, Callable[[_Found], Settled]] = {
    "open": _take_open,
    "expired": _take_expired,
    "processing": _take_processing,
    "failed": _take_failed,
    "paid": _take_paid,
}


# ── giving back, and finding ──────────────────────────────────────────────────────────────────────


def give_back_with(provider: Provider) -> payments.GiveBack:
    """Return what gives part of a payment back at its provider."""

    def give_back(payment: Payment, amount: Money, key: str) -> str:
        assert payment.reference is not None
        return provider.give_back(payment.reference, amount, key)

    return give_back


def get(studio: Studio, number: int) -> Checkout:
    """Return the payment page of that number."""
    checkout = checkout_store.get(studio.file, number)
    if checkout is None:
        raise NotFound(f"There is no checkout {number}.", hint="studio payment sync")
    return checkout


def in_doubt(studio: Studio) -> list[Checkout]:
    """Return the pages on which money was paid that is not in the ledger: their owner has to look."""
    return [one for one in checkout_store.waiting(studio.file) if one.doubt is not None]


def _tell(
    studio: Studio, checkout: Checkout, kind: str, *, actor: event_store.Actor = "system", **more: str | None
) -> None:
    """Inside a write: put a line about a page into the history of its session."""
    details = {"checkout": checkout.id, "amount": checkout.amount.as_json(), **more}
    event_store.add(
        studio.file,
        kind,
        studio.now(),
        actor=actor,
        session_id=checkout.session_id,
        share_id=checkout.share_id if actor == "client" else None,
        details=details,
    )
