"""``studio payment sync``: what Stripe knows and the ledger does not."""

from dataclasses import replace

from studio_cli.booking import sync as syncing
from studio_cli.booking.checkout import check_stripe_key
from studio_cli.cli.desk import Desk
from studio_cli.cli.news import News
from studio_cli.cli.progress import tracked
from studio_cli.model.checkout import ProviderRefused, ProviderUnreachable, Settled, What

WORDS: dict[What, str] = {
    "paid": "{amount} was paid for session {session}.",
    "late": "{amount} was paid for session {session}, which is over: it has to go back.",
    "processing": "{amount} for session {session} is on its way.",
    "failed": "{amount} for session {session} did not arrive: the client is asked again.",
    "ended": "The page to pay {amount} for session {session} has ended.",
    "open": "{amount} for session {session} is not paid yet.",
    "refunded": "{amount} of session {session} was given back at Stripe.",
    "doubt": "LOOK: money for session {session} is not in the ledger: {why}.",
    "unknown": "LOOK: the page to pay {amount} for session {session} is not known with this key: {why}",
    "known": "{amount} for session {session} is in the ledger already.",
}


def run(desk: Desk, *, tell: bool, dry_run: bool, as_json: bool) -> None:
    """Ask about every open page, say what came of it, and tell the clients unless not ``tell``."""
    provider = desk.provider()
    if provider is None:
        check_stripe_key(desk.studio.settings, None)
        return
    desk.say_mode(provider)
    found: list[Settled] = []
    trouble: ProviderRefused | ProviderUnreachable | None = None
    try:
        asked = syncing.sync(replace(desk.studio, quiet=not tell), provider, rehearse=dry_run)
        for one in tracked(desk, "Asking Stripe", asked):
            found.append(one)
            if not as_json:
                _show(desk, one, dry_run=dry_run)
    except (ProviderRefused, ProviderUnreachable) as problem:
        trouble = problem
    if not found and not trouble and desk.on_terminal and not as_json:
        desk.data("Nothing waits at Stripe.")
    _finish(desk, found, as_json=as_json, dry_run=dry_run)
    if trouble:
        raise trouble


def _show(desk: Desk, one: Settled, *, dry_run: bool) -> None:
    words = WORDS[one.what].format(amount=one.amount, session=one.session_id, why=one.words)
    if desk.on_terminal:
        desk.data(f"{'Would be: ' if dry_run else ''}{words}")
    else:
        page = one.checkout.outside_id if one.checkout else None
        desk.lines([[one.what, str(one.session_id), str(one.amount), str(one.payment_id or ""), page or ""]])


def _finish(desk: Desk, found: list[Settled], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        zone = desk.studio.settings.zone
        desk.json([{**one.as_json(zone), "dry_run": dry_run} for one in found])
    if any(one.what == "late" for one in found):
        desk.say("Give it back: studio payment list --to-refund")
    if any(one.what == "doubt" for one in found):
        desk.say(
            "Look at it, and give it back there if it is not yours: https://dashboard.stripe.com/payments"
        )
    if not dry_run:
        news = News(desk)
        news.send()
        news.say()
