"""The ways in which it is heard that a client has paid: they come back, an event arrives, or the owner asks.

All of them end in ``checkout.settle``. None is needed: whichever comes first writes it down, the others find it there.
"""

from __future__ import annotations

from collections.abc import Iterator

from studio_cli.booking import checkout as checkouts
from studio_cli.booking import journey
from studio_cli.booking import payment as payments
from studio_cli.booking.checkout import Provider
from studio_cli.booking.stale import STALE_MINUTES
from studio_cli.booking.studio import Studio
from studio_cli.errors import StudioError
from studio_cli.model.checkout import Checkout, GivenBack, News, Settled
from studio_cli.model.settings import STUDIO_ID
from studio_cli.store import checkout as checkout_store
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import refund_order as refund_store

PATIENCE_SECONDS = 2
"""A client who loads the page again and again is not asked about more often."""
REFUND_DAYS = 30
"""How far back ``payment sync`` looks for refunds that were made at the provider."""


# ── the client comes back ─────────────────────────────────────────────────────────────────────────


def returned(studio: Studio, provider: Provider | None, token: str) -> bool:
    """The client is back from paying: ask about their pages; return whether one is still to be paid."""
    session_id = journey.visit(studio, token).session.id
    open_now = checkout_store.of_session(studio.file, session_id, "open")
    soon = studio.now().subtract(seconds=PATIENCE_SECONDS)
    waiting = False
    for one in open_now if provider else []:
        assert provider is not None
        if one.checked_at is not None and one.checked_at > soon:
            waiting = waiting or not _on_its_way(studio, token)
        else:
            waiting = checkouts.settle(studio, provider, one).what == "open" or waiting
    return waiting


def _on_its_way(studio: Studio, token: str) -> bool:
    return journey.visit(studio, token).session.step("payment").announced_at is not None


def open_pages(studio: Studio, session_id: int) -> list[Checkout]:
    """Return the pages on which a session can still be paid."""
    return checkout_store.of_session(studio.file, session_id, "open")


def end_unwanted(studio: Studio, provider: Provider, session_id: int) -> list[Settled]:
    """After the owner changed something: let nobody pay on a page for what is not wanted any more. Never fails."""
    try:
        return [checkouts.settle(studio, provider, one) for one in open_pages(studio, session_id)]
    except StudioError:
        return []  # payment sync ends them, or they end by themselves


# ── an event arrives ──────────────────────────────────────────────────────────────────────────────


def heard(studio: Studio, provider: Provider, news: News) -> None:
    """Take in a verified event: it only says where to look. What is of somebody else changes nothing."""
    if news.live != provider.live or checkout_store.heard_of(studio.file, news.id):
        return
    if news.page is not None:
        _heard_of_page(studio, provider, news, news.page)
    elif news.payment is not None and news.kind.startswith(("charge.refund", "refund.")):
        _heard_of_refund(studio, provider, news, news.payment)


def _heard_of_page(studio: Studio, provider: Provider, news: News, page: str) -> None:
    ours = news.studio == studio.settings[STUDIO_ID]
    checkout = checkout_store.by_page(studio.file, page, news.key if ours else None)
    if checkout is not None:
        checkouts.settle(studio, provider, _named(studio, checkout, page), news=news)
    elif ours:
        _heard_of_lost_page(studio, news, page)


def _named(studio: Studio, checkout: Checkout, page: str) -> Checkout:
    """Return a page with its name, which may have got lost between the answer and the file."""
    if checkout.outside_id is None:
        with studio.file.atomic():
            checkout_store.named(studio.file, checkout.id, page)
    return checkouts.get(studio, checkout.id)


def _heard_of_lost_page(studio: Studio, news: News, page: str) -> None:
    """Write down that there is a page of ours that the file does not know: of a time before a backup, say."""
    with studio.file.atomic():
        if checkout_store.hear(studio.file, news.id, news.kind, studio.now()):
            details = {"page": page, "event": news.kind, "why": "the file does not know this page"}
            event_store.add(studio.file, "payment in doubt", studio.now(), actor="system", details=details)


def _heard_of_refund(studio: Studio, provider: Provider, news: News, reference: str) -> None:
    if payment_store.by_reference(studio.file, reference) is None:
        return  # not ours, or not heard of yet: it is seen when the payment is
    given = provider.refunds_of(reference)
    with studio.file.atomic():
        if checkout_store.hear(studio.file, news.id, news.kind, studio.now()):
            _keep(studio, given)


# ── the owner asks ────────────────────────────────────────────────────────────────────────────────


def sync(studio: Studio, provider: Provider, *, rehearse: bool = False) -> Iterator[Settled]:
    """Ask about every page that may have been paid, end those that nobody wants paid, and look for refunds.

    Yields each page with what it brought. A provider that cannot be reached ends it: what came before is kept.
    """
    for checkout in checkout_store.waiting(studio.file):
        if checkout.provider == provider.name:
            yield checkouts.settle(studio, provider, checkout, rehearse=rehearse)
    if not rehearse:
        yield from _finish_refunds(studio, provider)
    since = studio.now().subtract(hours=24 * REFUND_DAYS)
    given = provider.refunds_since(since)
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        found = _keep(studio, given)
    yield from found


def _finish_refunds(studio: Studio, provider: Provider) -> Iterator[Settled]:
    """Go on with refunds that were begun and did not get through."""
    for order in refund_store.unfinished(studio.file):
        for made in payments.finish_refunds(studio, [order], checkouts.give_back_with(provider)):
            yield Settled("refunded", made.session.id, order.amount, payment_id=made.payment.id)


def _keep(studio: Studio, given: list[GivenBack]) -> list[Settled]:
    """Inside a write: put refunds of payments that the ledger has into it, each once."""
    found = []
    for one in given:
        payment = payment_store.by_reference(studio.file, one.payment)
        kept = payments.keep_refund(studio, payment, one) if payment else None
        if kept:
            found.append(Settled("refunded", kept.session.id, one.amount, payment_id=kept.payment.id))
    return found


def sync_if_stale(studio: Studio, provider: Provider | None) -> list[Settled]:
    """Ask about pages that nobody has looked at for ten minutes; for a command that shows how things are.

    Never fails, and asks nothing when there is nothing to ask. Give it a provider that is in a hurry.
    """
    found: list[Settled] = []
    try:
        since = studio.now().subtract(minutes=STALE_MINUTES)
        stale = checkout_store.waiting(studio.file, unseen_since=since) if provider else []
        if not stale or provider is None:
            return found
        with studio.file.atomic(wait=False):  # before asking: whoever comes next need not
            checkout_store.checked(studio.file, [one.id for one in stale], studio.now())
        for checkout in stale:
            if checkout.provider == provider.name:
                found.append(checkouts.settle(studio, provider, checkout))
    except StudioError:
        pass  # the next one, or payment sync, finds it
    return found
