"""What clients read about changing their minds: until when, and what happens with the money. Pages and mails say the same."""

from __future__ import annotations

from studio_cli.language import Language
from studio_cli.model.session import Session
from studio_cli.model.settlement import Settlement
from studio_cli.model.terms import Refunds, parse_refunds
from studio_cli.model.words import N_


def terms(session: Session, language: Language) -> list[str]:
    """Return until when a client can move and cancel a session, and what goes back, in sentences.

    They stand there before anybody books, and stay true: they say until when, not how long it still is.
    """
    return [*_deadlines(session, language), *_refunds(session, language)]


def _deadlines(session: Session, language: Language) -> list[str]:
    move, cancel = session.move_ends_at, session.cancel_ends_at
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


def _refunds(session: Session, language: Language) -> list[str]:
    """Return what goes back when it is canceled; nothing where nothing is paid or nothing was said."""
    policy = session.terms.refunds
    if not session.total or (policy is None and session.cancel_until is None):
        return []
    if policy is None:
        return [language.text(N_("If you cancel it by then, all that you have paid goes back to you."))]
    sentences = []
    if not any(percent for percent, _ in policy.rules):
        return [language.text(N_("If you cancel it, nothing goes back."))]
    for percent, days in policy.rules:
        when = language.short(session.starts_at.subtract(hours=24 * days), session.timezone)
        words = N_("Canceled until %(when)s: %(part)s of what you have paid goes back to you.")
        if percent == 100:
            words = N_("Canceled until %(when)s: all that you have paid goes back to you.")
        sentences.append(language.text(words, when=when, part=f"{percent}\u00a0%"))
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


def money(settlement: Settlement, language: Language, studio: str) -> list[str]:
    """Return what happens with the money when a client cancels, and how, in sentences. ``studio`` is its name."""
    paid, back, kept = map(language.money, (settlement.paid, settlement.back, settlement.kept))
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
