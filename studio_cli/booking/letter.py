"""What the studio's mails say, to whom, and the links in them. Each is written in the transaction that causes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.booking import brand, details, own_template, policy, receipt
from studio_cli.booking.calendar_file import invitation
from studio_cli.booking.studio import Studio
from studio_cli.language import Language, choose
from studio_cli.model.message import KINDS, LINK, LOGO, WAITING, Letter, Message
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from studio_cli.model.settings import Settings
from studio_cli.model.settlement import Settlement
from studio_cli.model.text import clean_optional
from studio_cli.model.words import N_
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import payment as payment_store
from studio_cli.store import session as session_store
from studio_cli.store import share as share_store
from studio_cli.store.message import Draft

About = Mapping[str, Any]
"""What an occasion knows and its session does not say any more, as plain JSON."""


def new_link(studio: Studio, share_id: int, now: Instant, base: str | None = None) -> str:
    """Inside a write: make a link of a share. Its token is 256 random bits, of which the file keeps the SHA-256."""
    import secrets

    token = secrets.token_urlsafe(32)
    share_store.add_link(studio.file, share_id, token, now)
    return f"{base or studio.settings.link_base}/s/{token}"


# ── what a mail says ──────────────────────────────────────────────────────────────────────────────


def compose(
    studio: Studio,
    session: Session,
    kind: str,
    *,
    linked: bool,
    about: About | None = None,
    payment_id: int | None = None,
) -> tuple[Letter, str | None]:
    """Inside a write: return a mail of a kind about a session as it is now, and why the owner's template was not used.

    A client's is in their language, the owner's in the studio's.
    """
    to_owner = KINDS[kind].recipient == "owner"
    locale = studio.settings["studio.locale"]
    language = choose((), locale) if to_owner else details.language_of(session, studio.settings)
    data = {
        **describe(studio, session, about or {}, language, payment_id=payment_id),
        **links(kind, about or {}, linked=linked),
    }
    (subject, text, html), trouble = own_template.write(studio, kind, data, language, logo_of(studio))
    return Letter(subject, text, html, None if to_owner else invitation(studio, session, kind)), trouble


def links(kind: str, about: About, *, linked: bool) -> dict[str, str]:
    """Return where a mail leads: ``link`` to what it is about, ``stop`` to where its reader asks for no more of them.

    One of them is a secret that only the mail itself has; that a time is free stands on a page for everybody.
    """
    own = LINK if linked else ""
    return {"link": about.get("page", ""), "stop": own} if kind == "time-free" else {"link": own, "stop": ""}


def describe(
    studio: Studio, session: Session, about: About, language: Language, *, payment_id: int | None = None
) -> dict[str, Any]:
    """Return what the template of a mail may know, as plain data; every name is there in every kind of mail."""
    client = client_store.get(studio.file, session.client.id)
    beyond = Beyond(
        phone=(client and client.phone) or "",
        receipt=_receipt(studio, payment_id, language),
        refund=_refunded(studio, session, about.get("refunds"), language),
        refunded=_refunded(studio, session, None, language),
    )
    return words_of(studio.settings, session, about, language, studio.now(), beyond)


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a mail says besides its session and its occasion, in words; empty where there is nothing."""

    phone: str
    receipt: Mapping[str, Any]
    refund: str
    refunded: str


NO_RECEIPT = {"number": "", "amount": "", "at": ""}


def words_of(
    settings: Settings, session: Session, about: About, language: Language, now: Instant, beyond: Beyond
) -> dict[str, Any]:
    """Return what the template of a mail may know of a session, whether or not that is in the file."""
    known = details.describe(session, settings, language, now)
    today = now.to_tz(session.timezone).date()
    return {
        "studio": {**settings.for_clients(), "signature": settings.get("mail.signature") or ""},
        "session": {**known, **_in_a_mail(session, known, language), "refunded": beyond.refunded},
        "client": {
            "name": session.called,
            "email": session.client.email or "",
            "phone": beyond.phone,
        },
        "receipt": beyond.receipt,
        "refund": {"amount": beyond.refund},
        "changed": _changed(session, about, language),
        "mail": {
            "money": _money_back(settings, about, language),
            "note": about.get("note") or "",
            "again": bool(about.get("again")),
            "picked": bool(about.get("picked")),
            "overdue": session.balance_due_on is not None and session.balance_due_on < today,
            "today": session.starts_at.to_tz(session.timezone).date() == today,
            "moved": _moved(session, about),
        },
        "news": _news(session, about, known, language),
    }


LIVING = frozenset({"inquiry", "pending", "confirmed"})
"""While a session has one of these statuses there is something to pay for."""


def _in_a_mail(session: Session, known: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Return what a mail says of a session besides what a page does."""
    asks = ""
    if session.status in {"inquiry", "pending"} and session.total:
        asks = known["total"]
        if known["due_now"] == known["total"]:
            asks = language.text(N_("%(price)s, to be paid at booking"), price=known["total"])
        elif known["due_now"]:
            part = N_("%(price)s, of which %(part)s at booking")
            asks = language.text(part, price=known["total"], part=known["due_now"])
    return {
        "asks": asks,
        "steps_left": language.listed(known["steps"]) if known["steps"] else "",
        "announced": session.step("payment").announced_at is not None,
        **({} if session.status in LIVING else {"balance": "", "balance_due": ""}),
        **({"deadline": ""} if session.status in {"canceled", "declined"} else {}),
    }


def _receipt(studio: Studio, payment_id: int | None, language: Language) -> dict[str, Any]:
    payment = payment_store.get(studio.file, payment_id) if payment_id is not None else None
    if payment is None or payment.kind != "payment":
        return NO_RECEIPT
    found = receipt.describe(studio, payment, language)["receipt"]
    return {name: found[name] for name in ("number", "amount", "at")}


def _refunded(studio: Studio, session: Session, numbers: Iterable[int] | None, language: Language) -> str:
    """Return what went back: in these rows of the ledger, or in all of the session's."""
    rows = payment_store.listed(studio.file, session_id=session.id, kind="refund")
    wanted = set(numbers) if numbers is not None else {row.id for row in rows}
    total = sum((row.amount.minor for row in rows if row.id in wanted), 0)
    return language.money(Money(total, session.price.currency)) if total else ""


def _changed(session: Session, about: About, language: Language) -> list[dict[str, str]]:
    """Return what is different from what the client knew, as ``{label, before, now}``."""
    found = details.differences(about.get("before") or session.details(), session.details(), language)
    return [{"label": one.label, "before": one.before, "now": one.now} for one in found]


def _money_back(settings: Settings, about: About, language: Language) -> list[str]:
    """Return what a client who canceled was told about the money."""
    if "money" not in about:
        return []
    told, name = Settlement.from_json(about["money"]), settings["studio.name"]
    return policy.money(told, language, name, announced=bool(about.get("announced")))


def _moved(session: Session, about: About) -> bool:
    before, now = about.get("before") or {}, session.details()
    return bool(before) and before["starts_at"] != now["starts_at"]


def logo_of(studio: Studio) -> dict[str, Any] | None:
    size = brand.logo_size(studio)
    return {"address": LOGO, "width": size[0], "height": size[1]} if size else None


NEWS: dict[str, tuple[str, str, str]] = {
    "confirmed": (
        N_("%(client)s has confirmed: %(title)s, %(when)s"),
        N_("%(client)s has done everything that was asked for. The session is confirmed:"),
        "studio session show {id}",
    ),
    "paid": (
        N_("%(client)s has paid: %(title)s, %(when)s"),
        N_("A payment of %(client)s has arrived:"),
        "studio session show {id}",
    ),
    "payment-announced": (
        N_("%(client)s says that the payment is on its way: %(title)s"),
        N_("%(client)s says that the payment is on its way. When it is there, write it down:"),
        "studio payment record {id} {due}",
    ),
    "late-payment": (
        N_("A payment came too late: %(title)s, %(client)s"),
        N_("%(client)s has paid for a session that is no longer held. The money may have to go back:"),
        "studio payment refund {id}",
    ),
    "expired": (
        N_("Free again: %(title)s, %(when)s"),
        N_("%(client)s has not completed the booking, and its time is free again:"),
        "studio session reopen {id}",
    ),
    "requested": (
        N_("%(client)s asks for %(title)s, %(when)s"),
        N_("%(client)s asks for a time. Accept it, decline it, or propose another:"),
        "studio session accept {id}",
    ),
    "withdrawn": (
        N_("%(client)s has withdrawn the request: %(title)s, %(when)s"),
        N_("%(client)s does not ask for this time any more. There is nothing for you to do:"),
        "studio session show {id}",
    ),
    "agreed": (
        N_("%(client)s takes the time that you proposed: %(title)s, %(when)s"),
        N_("%(client)s takes the time that you proposed, and now completes the booking:"),
        "studio session show {id}",
    ),
    "moved": (
        N_("%(client)s has moved: %(title)s, now %(when)s"),
        N_("%(client)s has moved the session to another free time:"),
        "studio session show {id}",
    ),
    "canceled": (
        N_("%(client)s has canceled: %(title)s, %(when)s"),
        N_("%(client)s has canceled the session. Its time is free again:"),
        "studio session show {id}",
    ),
    "canceled-owed": (
        N_("%(client)s has canceled, money goes back: %(title)s, %(when)s"),
        N_("%(client)s has canceled the session. When you have given back %(owed)s, write it down:"),
        "studio payment refund {id} {owed}",
    ),
}
"""What the owner is told: subject, first sentence and the command that helps, by what happened."""


def _news(session: Session, about: About, known: Mapping[str, Any], language: Language) -> dict[str, str]:
    if "news" not in about:
        return {"headline": "", "sentence": "", "command": ""}
    headline, sentence, command = NEWS[about["news"]]
    owed = Settlement.from_json(about["money"]).by_hand if "money" in about else session.terms.nothing
    words = {
        "client": session.client.name,
        "title": session.title,
        "when": known["starts_at"],
        "owed": language.money(owed),
    }
    return {
        "headline": language.text(headline, **words),
        "sentence": language.text(sentence, **words),
        "command": command.format(id=session.id, due=session.due_now.amount, owed=owed.amount),
    }


LONGEST_NOTE = 5000


def check_note(note: str | None) -> str | None:
    """Return a personal note for a client as it is kept: lines of text, None for nothing."""
    return clean_optional(note, "The note", limit=LONGEST_NOTE, multiline=True)


# ── into the outbox ───────────────────────────────────────────────────────────────────────────────


def tell_client(
    studio: Studio,
    session: Session,
    kind: str,
    occasion: str,
    *,
    about: About | None = None,
    payment_id: int | None = None,
) -> int | None:
    """Inside a write: put a mail about what just happened into the outbox; return its number.

    None when there is nobody to write to, no mail server (nobody asked for this mail, so it does not wait for one
    to be set up), or when this occasion has had its mail. The link in it is a further one of the last share.
    """
    if studio.quiet or not session.client.email or not studio.settings.get("mail.host"):
        return None
    share_id = linkable(studio, session)[-1:]
    return _put_safely(
        studio,
        session,
        kind,
        lambda: put(
            studio,
            session,
            kind,
            occasion,
            about=about,
            payment_id=payment_id,
            share_id=share_id[0] if share_id else None,
        ),
    )


def linkable(studio: Studio, session: Session) -> list[int]:
    """Return the shares of which a link would open something."""
    if session.link_ends_at <= studio.now():
        return []
    return [share.id for share in session.shares if share.revoked_at is None]


def tell_owner(
    studio: Studio, session: Session, what: str, occasion: str, *, about: About | None = None
) -> int | None:
    """Inside a write: put a mail to the owner about what a client did into the outbox; ``what`` is one of ``NEWS``."""
    settings = studio.settings
    if not settings.get("mail.host") or settings["mail.news"] != "yes":
        return None
    told = {**(about or {}), "news": what}
    return _put_safely(studio, session, "owner", lambda: put(studio, session, "owner", occasion, about=told))


def _put_safely(studio: Studio, session: Session, kind: str, write: Callable[[], int | None]) -> int | None:
    """Inside a write: write a mail that nobody asked for; one that cannot be written undoes nothing.

    What the file or the disk refuses is another matter: then nothing of the write is kept.
    """
    try:
        return write()
    except (sqlite3.Error, MemoryError):
        raise
    except Exception as problem:
        why = {"kind": kind, "why": type(problem).__name__}
        event_store.add(
            studio.file, "mail not written", studio.now(), actor="system", session_id=session.id, details=why
        )
        return None


def put(
    studio: Studio,
    session: Session,
    kind: str,
    occasion: str,
    *,
    about: About | None = None,
    payment_id: int | None = None,
    share_id: int | None = None,
) -> int | None:
    """Inside a write: put a mail into the outbox, whether or not there is a mail server yet; return its number."""
    letter, trouble = compose(
        studio, session, kind, linked=share_id is not None, about=about, payment_id=payment_id
    )
    draft = Draft(
        kind=kind,
        occasion=occasion,
        to=addressee(studio, session, kind, about),
        letter=letter,
        recipient=KINDS[kind].recipient,
        about=about or {},
        session_id=session.id,
        share_id=share_id,
        payment_id=payment_id,
        trouble=trouble,
    )
    return message_store.insert(studio.file, draft, studio.now())


def addressee(studio: Studio, session: Session, kind: str, about: About | None = None) -> tuple[str, str]:
    """Return the name and the address that a mail of a kind about a session goes to.

    Whoever has picked a time may be a stranger, and the name words of theirs to somebody else: it is left out.
    """
    if KINDS[kind].recipient == "owner":
        return studio.settings["studio.name"], studio.settings["studio.email"]
    assert session.client.email is not None
    return "" if about and about.get("picked") else session.called, session.client.email


# ── a change ──────────────────────────────────────────────────────────────────────────────────────


def tell_change(
    studio: Studio, before: Session, after: Session, occasion: str, note: str | None = None
) -> int | None:
    """Inside a write: tell the client what is different, if they have heard of the session at all.

    A mail about an earlier change that has not gone out is replaced: who reads it compares with what they knew.
    """
    if not knows(studio, before) or before.details() == after.details():
        return None  # what waits is written anew when it goes out
    knew, note = _known(studio, before), check_note(note)
    for waiting in _untold_changes(studio, after):
        knew = waiting.about.get("before", knew)
        note = note or waiting.about.get("note")
        message_store.cancel(studio.file, waiting.id)
    if not details.differences(knew, after.details(), details.language_of(after, studio.settings)):
        return None
    return tell_client(studio, after, "changed", occasion, about={"before": knew, "note": note})


def _known(studio: Studio, session: Session) -> dict[str, str]:
    """Return the details that a client was told last, or agreed to: changes that nobody told them are not among them."""
    told = message_store.told_revision(studio.file, session.id)
    known = max(told, session.step("review").revision or 0)
    found = session_store.details_at(studio.file, session.id, known) if known < session.revision else None
    return found or session.details()


def knows(studio: Studio, session: Session) -> bool:
    """Return whether a client has heard of a session: it was shared with them, or is confirmed, or they have had it so.

    A share that has not gone out yet will say how things are when it does.
    """
    unsent = (*WAITING, "given_up", "canceled")
    waiting = message_store.listed(studio.file, unsent, session_id=session.id, kind="share")
    heard = {share.id for share in session.shares} - {one.share_id for one in waiting}
    opened = any(share.opened_at for share in session.shares)
    if heard or opened or session.confirmed_at is not None:
        return True
    return message_store.was_invited(studio.file, session.id)


def _untold_changes(studio: Studio, session: Session) -> list[Message]:
    """Return the mails about earlier changes that have not gone out, and will not by themselves."""
    return message_store.listed(studio.file, (*WAITING, "given_up"), session_id=session.id, kind="changed")


def is_empty(studio: Studio, session: Session, message: Message) -> bool:
    """Return whether a mail about a change has none to tell any more."""
    language = details.language_of(session, studio.settings)
    return message.kind == "changed" and not _changed(session, message.about, language)
