"""A session that nobody booked: what a template looks like, and is tried with, when no session is named."""

from __future__ import annotations

from typing import Any

from whenever import Instant, Time

from studio_cli.booking import letter
from studio_cli.language import Language
from studio_cli.model.message import KINDS, LINK
from studio_cli.model.money import Money, minor_digits
from studio_cli.model.session import STATUSES, Named, Session, Status, Step
from studio_cli.model.settings import Settings
from studio_cli.model.settlement import Settlement
from studio_cli.model.terms import Discount, Tax, Terms
from studio_cli.model.wish import Wish

FIRST: tuple[Status, ...] = ("pending", "confirmed", "canceled", *STATUSES)
"""Which status a sample has, of those in which a kind of mail is sent."""


def data_for(
    settings: Settings,
    now: Instant,
    kind: str,
    language: Language,
    status: Status | None = None,
    *,
    by_client: bool = False,
) -> dict[str, Any]:
    """Return what a mail of a kind knows of the sample, in all its details; ``by_client``: who canceled it."""
    session = _session(settings, now, status or statuses(kind)[0])
    money, zone = language.money, session.timezone
    beyond = letter.Beyond(
        phone="+1 416 555 0100",
        receipt={
            "number": 7,
            "amount": money(_amount(settings, 60)),
            "at": language.short(now, zone),
        },
        refund=money(_amount(settings, 60)),
        refunded=money(_amount(settings, 60)) if session.status == "canceled" else "",
    )
    before = session.details() | {"starts_at": _week_earlier(session.starts_at)}
    before |= {"ends_at": _week_earlier(session.ends_at)}
    about: dict[str, Any] = {"note": "I look forward to it.", "before": before, "news": "confirmed"}
    if by_client and session.status == "canceled":
        about["money"] = Settlement(session.paid, session.paid, _amount(settings, 0)).as_json()
    data = letter.words_of(settings, session, about, language, now, beyond)
    return {**data, **letter.links(kind, {"page": LINK}, linked=KINDS[kind].recipient == "client")}


def trials(settings: Settings, now: Instant, kind: str, language: Language) -> list[dict[str, Any]]:
    """Return what a template of a kind is tried with: sessions in several states, in all details and with the fewest."""
    found = []
    for status in statuses(kind)[:3]:
        full = data_for(settings, now, kind, language, status)
        bare = letter.words_of(
            settings, _bare(settings, now, status), {"again": True}, language, now,
            letter.Beyond("", letter.NO_RECEIPT, "", ""),
        )  # fmt: skip
        found += [full, {**bare, **letter.links(kind, {}, linked=kind == "share")}]
        if kind == "share":
            found.append({**full, "mail": {**full["mail"], "picked": True}})
        if status == "canceled":
            found.append(data_for(settings, now, kind, language, status, by_client=True))
    return found


def statuses(kind: str) -> list[Status]:
    """Return in which statuses of its session a kind of mail is sent, the usual ones first."""
    return [status for status in dict.fromkeys(FIRST) if status in KINDS[kind].while_]


def _amount(settings: Settings, whole: int) -> Money:
    return Money(whole * 10 ** minor_digits(settings.currency), settings.currency)


def _week_earlier(moment: Instant) -> str:
    from studio_cli.model.times import stored

    return stored(moment.subtract(hours=7 * 24))


def _session(settings: Settings, now: Instant, status: Status) -> Session:
    """Return a session in two weeks with everything that one can have."""
    begins = now.to_tz(settings.zone).date().add(days=14).at(Time(10)).assume_tz(settings.zone).to_instant()
    terms = Terms(
        _amount(settings, 250),
        pay="deposit",
        deposit=_amount(settings, 50),
        discount=Discount(percent=10_000, reason="Returning client"),
        tax=Tax("HST", 13_000),
        balance_due=-7,
        tips=True,
    )
    pending = status in {"pending", "inquiry"}
    return Session(
        id=12,
        status=status,
        title="Family session",
        type=None,
        client=Named(1, "Rui Costa", "rui@example.com"),
        starts_at=begins,
        duration=90,
        timezone=settings.zone,
        buffer_before=0,
        buffer_after=0,
        location="High Park",
        terms=terms,
        tip=_amount(settings, 10),
        paid=_amount(settings, 0 if pending else 60),
        form=None,
        custom_time=False,
        overlap_allowed=False,
        expires_at=now.add(hours=7 * 24) if pending else None,
        revision=1,
        created_at=now,
        confirmed_at=now if status == "confirmed" else None,
        confirmed_by="client" if status == "confirmed" else None,
        move_until=48 * 60,
        cancel_until=48 * 60,
        wish=Wish((begins, begins.add(hours=24)), "With two dogs.").stored() if status == "inquiry" else None,
        offered=(begins, begins.add(hours=24)) if status == "inquiry" else (),
        client_zone="Europe/Lisbon",
        steps=(Step("review", True), Step("contract", True), Step("payment", True)),
    )


def _bare(settings: Settings, now: Instant, status: Status) -> Session:
    """Return a session that has only what each one has, today."""
    from dataclasses import replace

    nothing = _amount(settings, 0)
    return replace(
        _session(settings, now, status),
        starts_at=now.add(hours=1),
        location=None,
        terms=Terms(nothing),
        tip=nothing,
        paid=nothing,
        expires_at=None,
        move_until=None,
        cancel_until=None,
        wish=None,
        offered=(),
        client_zone=None,
        client=Named(1, "Rui Costa"),
        steps=(Step("review", True),),
    )
