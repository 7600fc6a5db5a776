"""The booking site: what strangers see of the studio's offers and free times, and how they take one by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from whenever import Date, Instant

from studio_cli.booking import client as clients
from studio_cli.booking import mail, new_session, request, slot
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking.month import Month, View
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.answers import Problem
from studio_cli.model.availability import seconds, window_ends
from studio_cli.model.client import Client, ClientDetails, check_email
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.settings import SITE_KEY
from studio_cli.model.site import held_until, is_blocked
from studio_cli.model.text import clean, clean_optional
from studio_cli.model.wish import LONGEST_WORDS, Wish
from studio_cli.model.words import N_
from studio_cli.store import blocked as blocked_store
from studio_cli.store import checkout as checkout_store
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store
from studio_cli.store import form as form_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store
from studio_cli.store import setting as setting_store

NEAREST = 6
"""Free times that are offered instead of one that is gone."""
NEAR_DAYS = 21
MOST_UNFINISHED = 3
"""Holds of one address, or of one mail address, that may be unfinished at once: several homes can share an address."""
RECENT_HOURS = 1
"""For so long a request counts among them: after that it is the owner who has to do something."""
TOO_FAST_SECONDS, TOO_OLD_SECONDS = 2, 24 * 3600
"""No person fills in a form faster, and none leaves it open longer and still wants that time."""


# ── what is offered ───────────────────────────────────────────────────────────────────────────────


def offers(studio: Studio) -> list[SessionType]:
    """Return what everybody can book, in the order in which it was added."""
    return [one for one in type_store.listed(studio.file) if one.site.published and not one.private]


def offer_at(studio: Studio, key: str) -> SessionType:
    """Return what a part of an address leads to: the slug of a public type, the key of a private one.

    Whatever else it could be (not published, archived, private and named by its slug, none at all) is the same
    ``NotFound``.
    """
    found = type_store.by_slug(studio.file, key)
    if found is None or found.private:
        found = type_store.by_link_key(studio.file, key)
        found = found if found and found.private else None
    if found is None or not found.site.published or found.archived_at is not None:
        raise NotFound("There is nothing at this address.", code="no_offer")
    return found


def still_offered(studio: Studio, session: Session) -> str | None:
    """Return the part of the address at which a session's type is booked, while it is."""
    return address_of(studio, session.type.id) if session.type else None


def address_of(studio: Studio, type_id: int) -> str | None:
    """Return the part of the address at which a type is booked, while it is."""
    offer = type_store.get(studio.file, type_id)
    open_ = offer is not None and offer.site.published and offer.archived_at is None
    return key_of(offer) if offer and open_ else None


def key_of(offer: SessionType) -> str:
    """Return the part of the address that leads to a type."""
    return offer.link_key if offer.private and offer.link_key else offer.slug


def link_of(offer: SessionType, base: str) -> str:
    """Return the address at which a type is booked."""
    return f"{base}/book/{key_of(offer)}"


def check_open(offer: SessionType) -> SessionType:
    """Return a type that can be booked at its address; refuse, with what to do, one that cannot."""
    if offer.archived_at is not None:
        raise Refused(
            f"The session type {offer.slug} is archived.",
            hint=f"Take it out again: studio type archive {offer.slug} --restore",
            code="archived",
        )
    if not offer.site.published:
        raise Refused(
            f"The session type {offer.slug} is not published.",
            hint=f"Publish it: studio type publish {offer.slug}",
            code="not_published",
        )
    return offer


def questions_of(studio: Studio, offer: SessionType) -> str:
    """Return the title of a type's questionnaire, or nothing."""
    if offer.form is None:
        return ""
    with studio.file.reading():
        return studio.file.remembered(("title of form", offer.form), partial(_title_of, studio, offer.form))


def _title_of(studio: Studio, form: str) -> str:
    found = form_store.by_name(studio.file, form)
    return found[1].title if found else ""


# ── when ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on the site: their address (a network of IPv6), the zone that they read times in, their language."""

    address: str
    zone: str
    language: str | None = None


def month_of(studio: Studio, offer: SessionType, visitor: Visitor, wanted: Date | None = None) -> Month:
    """Return a month with its free times, the nearest that can be looked at; without one wanted, that of the first.

    What it offers can be booked at this moment; what becomes free by itself is offered within a minute.
    """
    with studio.file.reading():
        key = ("month", offer.id, visitor.zone, wanted, is_unwanted(studio, visitor), _minute(studio))
        return studio.file.remembered(key, lambda: _view(studio, offer, visitor).month(wanted))


def _minute(studio: Studio) -> tuple[Instant, Instant]:
    """Return between which minutes it is, twice the same one on the minute.

    Until that changes, by the passing of time alone, nothing that is free stops being so: sessions begin on whole
    minutes, and notice and windows end on them.
    """
    now = studio.now()
    return now.round("minute", mode="floor"), now.round("minute", mode="ceil")


def _view(studio: Studio, offer: SessionType, visitor: Visitor) -> View:
    now = studio.now()
    ends = window_ends(offer.need(), studio.settings.zone, now)
    return View(partial(_free, studio, offer, visitor), visitor.zone, now, ends)


def next_free(studio: Studio, offer: SessionType, visitor: Visitor, after: Instant) -> Instant | None:
    """Return the first free start from a moment on, as far ahead as months can be looked at; as true as ``month_of``."""
    with studio.file.reading():
        key = ("next", offer.id, visitor.zone, after, is_unwanted(studio, visitor), _minute(studio))
        return studio.file.remembered(key, lambda: _view(studio, offer, visitor).next(after))


def is_free(studio: Studio, offer: SessionType, visitor: Visitor, start: Instant) -> bool:
    """Return whether a client could take a time at this moment."""
    return start in _free(studio, offer, visitor, start, start.add(minutes=1))


def nearest(studio: Studio, offer: SessionType, visitor: Visitor, wanted: Instant) -> list[Instant]:
    """Return the free starts nearest to a time, in order."""
    around = max(wanted, studio.now())
    first = max(studio.now(), around.subtract(hours=24 * NEAR_DAYS))
    found = _free(studio, offer, visitor, first, around.add(hours=24 * NEAR_DAYS))
    if not found:
        later = _view(studio, offer, visitor).next(around)
        return [] if later is None else _free(studio, offer, visitor, later, later.add(hours=24))[:NEAREST]
    by_distance = sorted(found, key=lambda start: abs(seconds(start) - seconds(wanted)))
    return sorted(by_distance[:NEAREST])


def _free(
    studio: Studio, offer: SessionType, visitor: Visitor, first: Instant, last: Instant
) -> list[Instant]:
    """Return the free starts as this visitor sees them: for whom the owner has blocked there are none."""
    if is_unwanted(studio, visitor):
        return []
    return slot.slots(studio, offer.need(), first, last, for_clients=True)


def is_unwanted(studio: Studio, visitor: Visitor, email: str | None = None) -> bool:
    """Return whether the owner has blocked somebody: their address, their mail address or its domain."""
    entries = blocked_store.entries(studio.file)
    return bool(entries) and is_blocked(entries, visitor.address, email)


# ── who ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Person:
    """Who wants a time, as they typed it; ``words`` go with wishes."""

    name: str
    email: str
    phone: str | None = None
    words: str | None = None


def check_person(typed: Mapping[str, str]) -> tuple[Person | None, dict[str, Problem]]:
    """Return who it is, or what is wrong with what was typed, by the name of the field."""
    checks: dict[str, Callable[[str], str | None]] = {
        "name": lambda text: clean(text, "The name"),
        "email": check_email,
        "phone": lambda text: ClientDetails.checked("–", phone=text).phone,
        "words": lambda text: clean_optional(text, "The words", limit=LONGEST_WORDS, multiline=True),
    }
    values: dict[str, str | None] = {}
    problems: dict[str, Problem] = {}
    for name, check in checks.items():
        try:
            values[name] = check(typed.get(name, ""))
        except WrongUsage as wrong:
            problems[name] = Problem(_WRONG[name] if wrong.code != "empty" else N_("Please fill this in."))
    if problems:
        return None, problems
    return Person(values["name"] or "", values["email"] or "", values["phone"], values["words"]), {}


_WRONG = {
    "name": N_("Please type just your name."),
    "email": N_("Please write a mail address, like name@example.com."),
    "phone": N_("Please write a phone number, like +1 416 555 0134."),
    "words": N_("That is too long"),
}


# ── taking a time ─────────────────────────────────────────────────────────────────────────────────

Outcome = Literal["held", "mailed", "asked", "taken", "enough"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of picking a time.

    ``held``, ``asked``: there is a session behind ``link``. ``mailed``: its link is in a mail (``message_id``).
    ``taken``: somebody was faster, ``nearest`` are free. ``enough``: too much is unfinished already.
    """

    what: Outcome
    link: str | None = None
    session_id: int | None = None
    message_id: int | None = None
    nearest: tuple[Instant, ...] = ()


class _Gone(Exception):
    """The time is not free any more: nothing of the write is kept."""


class _Enough(Exception):
    """Too much is unfinished: nothing of the write is kept."""


def pick(
    studio: Studio,
    key: str,
    starts: Sequence[Instant],
    person: Person,
    visitor: Visitor,
    base: str | None = None,
) -> Reply:
    """Take a time for somebody, or ask for it where the owner decides: whole, or nothing at all.

    ``starts`` is one time, or up to three that would suit where a type takes wishes. ``base`` is the address that the
    link begins with. Who has been here before is found by their mail address, and learns nothing of that: what
    they typed is kept with the session, and the client in the file stays as it is.
    """
    offer = offer_at(studio, key)
    if is_unwanted(studio, visitor, person.email):
        return Reply("taken")
    try:
        with studio.file.atomic():
            studio.settle(studio.now())
            return _take(studio, offer_at(studio, key), starts, person, visitor, base)
    except _Gone:
        return Reply("taken", nearest=tuple(nearest(studio, offer, visitor, starts[0])))
    except _Enough:
        # Where the link comes by mail, nobody learns that somebody else has used that address today.
        return Reply("mailed" if _by_mail(offer) else "enough")


def _by_mail(offer: SessionType) -> bool:
    return offer.site.verify_email and not offer.site.approval


def _take(
    studio: Studio,
    offer: SessionType,
    starts: Sequence[Instant],
    person: Person,
    visitor: Visitor,
    base: str | None,
) -> Reply:
    client = client_store.by_email(studio.file, person.email)
    begun = _unfinished(studio, client_id=client.id) if client else []
    mine = [one for one in begun if one.visitor == visitor.address]
    same = next((one for one in mine if _is_same(one, offer, starts[0], person)), None)
    if same:
        return _give_link(studio, offer, same, base)
    released = [one.id for one in mine if _release(studio, one)]
    here = [one for one in _unfinished(studio, visitor=visitor.address) if one.id not in released]
    if len(here) >= MOST_UNFINISHED or len(begun) - len(released) >= MOST_UNFINISHED:
        raise _Enough
    free = [start for start in starts if is_free(studio, offer, visitor, start)]
    if not free:
        raise _Gone
    number = _hold(studio, offer, client or _new_client(studio, person), free, person, visitor)
    return _give_link(studio, offer, sessions.get(studio, number), base)


def _unfinished(studio: Studio, *, client_id: int | None = None, visitor: str | None = None) -> list[Session]:
    """Return what is begun and waits for its client; a payment on its way, or an old request, waits for the owner."""
    now = studio.now()
    found = session_store.unfinished_on_the_site(studio.file, now, client_id=client_id, visitor=visitor)
    recent = now.subtract(hours=RECENT_HOURS)
    return [
        one
        for one in found
        if one.step("payment").announced_at is None and (one.status == "pending" or one.created_at > recent)
    ]


def _is_same(session: Session, offer: SessionType, start: Instant, person: Person) -> bool:
    """Return whether this is what the same person has just asked for: a second tap, a page that was sent again.

    Only as long as nothing was done: behind the link is nothing yet but what they have typed once more.
    """
    typed = (session.booked_as, session.booked_phone)
    untouched = session.status == "pending" and not any(step.done_at for step in session.steps)
    same_type = session.type is not None and session.type.id == offer.id
    return untouched and same_type and session.starts_at == start and typed == (person.name, person.phone)


def _release(studio: Studio, session: Session) -> bool:
    """Let go of a time for another one of the same person, unless it is being paid; return whether it is free."""
    if session.status != "pending" or session.paid:
        return False
    if checkout_store.of_session(studio.file, session.id, "open", "asked"):
        return False
    session_store.set_status(studio.file, session.id, "expired")
    mail.cancel_pointless(studio, session.id)
    details = {"why": "another time was picked"}
    event_store.add(
        studio.file,
        "session expired",
        studio.now(),
        actor="client",
        session_id=session.id,
        details=details,
    )
    return True


def _new_client(studio: Studio, person: Person) -> Client:
    details = ClientDetails.checked(person.name, person.email, person.phone)
    return clients.get(studio, clients.insert(studio, details, "client"))


def _hold(
    studio: Studio,
    offer: SessionType,
    client: Client,
    starts: Sequence[Instant],
    person: Person,
    visitor: Visitor,
) -> int:
    """Inside a write: make the session and return its number."""
    now, rules = studio.now(), offer.site
    draft, contract = new_session.draft_of(studio, offer, client, starts[0])
    wish = Wish(tuple(starts), person.words)
    holds, until = _held(offer, starts[0], now)
    session = replace(
        draft,
        source="site",
        status="inquiry" if rules.approval else "pending",
        holds_time=holds,
        expires_at=until,
        site_hold=None
        if rules.approval
        else rules.hold,  # a request that is accepted waits as the owner's do
        language=visitor.language,
        booked_as=person.name,
        booked_phone=person.phone,
        client_zone=visitor.zone,
        visitor=visitor.address,
        wish=wish.stored() if rules.approval and rules.request == "wishes" else None,
    )
    number = new_session.put(studio, session, contract)
    kind = "session asked for" if rules.approval else "session picked"
    event_store.add(studio.file, kind, now, actor="client", session_id=number)
    return number


def _held(offer: SessionType, starts_at: Instant, now: Instant) -> tuple[bool, Instant | None]:
    """Return whether a time is held for whoever has picked it, and until when; a request is, as its type says."""
    if not offer.site.approval:
        return True, now.add(minutes=offer.site.hold)
    if offer.site.request != "hold":
        return False, None
    return True, held_until(offer.hold, starts_at, now)


def _give_link(studio: Studio, offer: SessionType, session: Session, base: str | None) -> Reply:
    """Inside a write: share the session with whoever has just picked it."""
    now = studio.now()
    if session.status == "inquiry":
        _, link = shares.make(studio, session, "direct", now, base, "client")
        asked = sessions.get(studio, session.id)  # with its link, a further one of which is in the mail
        request.tell_asked(studio, asked, f"asked {asked.id} {asked.sequence}")
        return Reply("asked", link, session.id)
    if _by_mail(offer):
        shared = shares.prepare(studio, session, "email", now, base, actor="client")
        return Reply("mailed", None, session.id, shared.message_id)
    shared = shares.prepare(studio, session, "direct", now, base, actor="client")
    return Reply("held", shared.link, session.id)


# ── forms that a person fills in ──────────────────────────────────────────────────────────────────


def keep_key(studio: Studio) -> None:
    """Make the key with which the site signs its forms, once for this studio."""
    import secrets

    if studio.settings.get(SITE_KEY) is None:
        with studio.file.atomic():
            if studio.settings.get(SITE_KEY) is None:
                setting_store.write(studio.file, SITE_KEY, secrets.token_hex(32))


def stamp(key: str, now: Instant) -> str:
    """Return the moment at which a form was given out, signed (HMAC, RFC 2104): nobody can make one up."""
    moment = str(seconds(now))
    return f"{moment}.{_signature(key, moment)}"


def is_unhurried(key: str, text: str, now: Instant) -> bool | None:
    """Return whether a form took as long as people take; None for a stamp that is too old or not ours."""
    import hmac

    moment, _, signature = text.partition(".")
    if not moment.isascii() or not moment.isdigit() or len(moment) > 12:
        return None
    if not hmac.compare_digest(signature.encode(), _signature(key, moment).encode()):
        return None
    age = seconds(now) - int(moment)
    return None if not 0 <= age <= TOO_OLD_SECONDS else age >= TOO_FAST_SECONDS


def _signature(key: str, text: str) -> str:
    import hmac

    return hmac.new(bytes.fromhex(key), text.encode(), "sha256").hexdigest()[:32]
