"""What clients read about changing their minds: until when, and what happens with the money. Pages and mails say the same."""

from __future__ import annotations

from collections.abc import Sequence

from whenever import Instant

from studio_cli.language import Language
from studio_cli.model.payment import Payment
from studio_cli.model.session import Session
from studio_cli.model.settlement import Settlement
from studio_cli.model.terms import Refunds, parse_refunds
from studio_cli.model.words import N_


def terms(session: Session, language: Language, now: Instant | None = None) -> list[str]:
    """Return until when a client can move and cancel a session, and what goes back, in sentences.

    They say until when, not how long it still is, so they stay true; what is over at ``now`` is left out. Without it
    everything stands there, as it was agreed to.
    """
    return [*_deadlines(session, language, now), *_refunds(session, language, now)]


def _ahead(moment: Instant | None, now: Instant | None) -> Instant | None:
    return moment if moment is None or now is None or moment >= now else None


def _deadlines(session: Session, language: Language, now: Instant | None) -> list[str]:
    move, cancel = _ahead(session.move_ends_at, now), _ahead(session.cancel_ends_at, now)
    if move is not None and move == cancel:
        when = language.short(move, session.timezone)
        return [language.text(N_("You can move or cancel it yourself until %(when)s."), when=when)]
    sentences = []
    for moment, words in (
        (move, N_("You can move it yourself until %(when)s.")),
        (cancel, N_("You can cancel it yourself until %(when)s.")),
    ):
        if moment is not None:
            sentences.append(language.text(words, when=language.short(moment, session.timezone)))
    return sentences


def _refunds(session: Session, language: Language, now: Instant | None) -> list[str]:
    """Return what goes back when it is canceled; nothing where nothing is paid or nothing was said."""
    policy = session.terms.refunds
    if not session.total or (policy is None and session.cancel_until is None):
        return []
    if policy is None:
        if _ahead(session.cancel_ends_at, now) is None:
            return []
        return [language.text(N_("If you cancel it by then, all that you have paid goes back to you."))]
    sentences = []
    if not any(percent for percent, _ in policy.rules):
        return [language.text(N_("If you cancel it, nothing goes back."))]
    for percent, days in policy.rules:
        ends = _ahead(session.starts_at.subtract(hours=24 * days), now)
        if ends is None:
            continue
        when = language.short(ends, session.timezone)
        words = N_("Canceled until %(when)s: %(part)s of what you have paid goes back to you.")
        if percent == 100:
            words = N_("Canceled until %(when)s: all that you have paid goes back to you.")
        sentences.append(language.text(words, when=when, part=f"{percent}\u00a0%"))
    if not sentences:
        return [language.text(N_("If you cancel it, nothing goes back."))]
    return [*sentences, language.text(N_("Canceled later: nothing goes back."))]


def after_a_move(before: Refunds | None, after: Refunds | None, language: Language) -> str:
    """Return what moving a session changes in what goes back, as a sentence; nothing where it changes nothing."""
    if before is None or after is None or before == after:
        return ""
    most = max((percent for percent, _ in after.rules), default=0)
    if not most:
        return language.text(N_("If you cancel it after that, nothing goes back, as it is now."))
    words = N_("If you cancel it after that, at most %(part)s of what you have paid goes back, as it is now.")
    return language.text(words, part=f"{most}\u00a0%")


def until(minutes: int, language: Language) -> str:
    """Return ``until 2 days before it begins``: what is agreed to, whenever that is."""
    if not minutes:
        return language.text(N_("until it begins"))
    return language.text(N_("until %(time)s before it begins"), time=language.duration(minutes))


def refunds(text: str, language: Language) -> str:
    """Return a kept policy (``100% until 14d``) as a client reads it; empty for none."""
    policy = parse_refunds(text)
    rules = policy.rules if policy else ()
    return ", ".join(f"{percent}\u00a0% {until(days * 24 * 60, language)}" for percent, days in rules)


def money_now(
    settlement: Settlement, since: Sequence[Payment], language: Language, studio: str, *, announced: bool
) -> list[str]:
    """Return what ``money`` says of a session that was canceled, as it is after what the ledger has had ``since``."""
    nothing = settlement.paid - settlement.paid
    arrived = sum((row.amount for row in since if row.kind == "payment"), nothing)
    returned = sum((row.amount for row in since if row.kind == "refund"), nothing)
    if returned and returned.minor >= (settlement.back + arrived).minor:
        return [language.text(N_("%(amount)s has been given back."), amount=language.money(returned))]
    sentences = (
        [] if arrived and not settlement.paid else money(settlement, language, studio, announced=announced)
    )
    if arrived:
        words = N_("%(amount)s arrived after that. %(studio)s gets in touch about it.")
        sentences.append(language.text(words, amount=language.money(arrived), studio=studio))
    if returned:
        sentences.append(
            language.text(N_("%(amount)s has been given back."), amount=language.money(returned))
        )
    return sentences


def money(settlement: Settlement, language: Language, studio: str, *, announced: bool = False) -> list[str]:
    """Return what happens with the money when a client cancels, and how, in sentences. ``studio`` is its name.

    ``announced``: the client has said that a payment is on its way.
    """
    paid, back, kept = map(language.money, (settlement.paid, settlement.back, settlement.kept))
    if not settlement.paid and announced:
        words = N_("A payment is on its way. When it arrives, %(studio)s gets in touch about it.")
        return [language.text(words, studio=studio)]
    if not settlement.paid:
        return [language.text(N_("Nothing has been paid, so there is nothing to give back."))]
    if not settlement.back:
        words = N_("What has been paid, %(paid)s, stays with the studio, as the terms say.")
        return [language.text(words, paid=paid)]
    if not settlement.kept:
        sentences = [language.text(N_("All that has been paid goes back: %(back)s."), back=back)]
    else:
        words = N_("Of the %(paid)s that have been paid, %(back)s goes back; %(kept)s stays with the studio.")
        sentences = [language.text(words, paid=paid, back=back, kept=kept)]
    if settlement.online:
        words = N_("%(amount)s goes back to where it was paid from; that can take some days.")
        sentences.append(language.text(words, amount=language.money(settlement.online)))
    if settlement.by_hand:
        words = N_("%(studio)s gives %(amount)s back and gets in touch about how.")
        amount = language.money(settlement.by_hand)
        sentences.append(language.text(words, studio=studio, amount=amount))
    return sentences
