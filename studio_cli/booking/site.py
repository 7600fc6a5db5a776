"""The booking site: what strangers see of the studio's offers and free times, and how they take one by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from whenever import Date, Instant

from studio_cli.booking import client as clients
from studio_cli.booking import mail, new_session, request, site_limits, slot
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking.month import Month, View, horizon
from studio_cli.booking.site_limits import Enough, Writes
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
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store
from studio_cli.store import form as form_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store
from studio_cli.store import setting as setting_store

NEAREST = 6
"""Free times that are offered instead of one that is gone."""
NEAR_DAYS = 21
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
    """Return the free starts as this visitor sees them: what no month shows is not free for them.

    For whom the owner has blocked there are none.
    """
    last = min(last, horizon(studio.now(), visitor.zone))
    if first >= last or is_unwanted(studio, visitor):
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

Outcome = Literal["held", "mailed", "asked", "taken", "enough", "many"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of picking a time.

    ``held``, ``asked``: there is a session behind ``link``. ``mailed``: its link is in a mail (``message_id``).
    ``taken``: somebody was faster, ``left`` of what they wish for is free, and so are ``nearest``. ``enough``: too
    much is unfinished already, and one of ``begun`` can be let go for it. ``many``: too much without any money.
    """

    what: Outcome
    link: str | None = None
    session_id: int | None = None
    message_id: int | None = None
    nearest: tuple[Instant, ...] = ()
    left: tuple[Instant, ...] = ()
    begun: tuple[Session, ...] = ()


class _Gone(Exception):
    """The time is not free any more: nothing of the write is kept."""


def pick(
    studio: Studio,
    key: str,
    starts: Sequence[Instant],
    person: Person,
    visitor: Visitor,
    base: str | None = None,
    *,
    instead: int | None = None,
) -> Reply:
    """Take a time for somebody, or ask for it where the owner decides: whole, or nothing at all.

    ``starts`` is one time, or up to three that would suit where a type takes wishes. ``base`` is the address that the
    link begins with, ``instead`` a session of theirs that they let go for this one. Who has been here before is found
    by their mail address, and learns nothing of that: what they typed is kept with the session, and the client in
    the file stays as it is.
    """
    offer = offer_at(studio, key)
    if is_unwanted(studio, visitor, person.email):
        return Reply("taken")
    try:
        with studio.file.atomic():
            studio.settle(studio.now())
            return _take(studio, offer_at(studio, key), starts, person, visitor, base, instead)
    except _Gone:
        return _gone(studio, offer, starts, person, visitor)
    except Enough as enough:
        if _by_mail(offer):  # there nobody learns that somebody else has used that address today
            return Reply("mailed")
        return Reply("many") if enough.many else Reply("enough", begun=_begun(studio, person, visitor))


def _by_mail(offer: SessionType) -> bool:
    return offer.site.verify_email and not offer.site.approval


def _take(
    studio: Studio,
    offer: SessionType,
    starts: Sequence[Instant],
    person: Person,
    visitor: Visitor,
    base: str | None,
    instead: int | None,
) -> Reply:
    client = client_store.by_email(studio.file, person.email)
    mine = _taken_by(studio, client, person, visitor) if client else []
    same = next((one for one in mine if _is_same(one, offer, starts, person)), None)
    if same:
        return _give_link(studio, offer, same, base)
    for one in mine:
        if one.id == instead and site_limits.can_let_go(studio, one):
            _let_go(studio, one)
    writes: Writes | None = "request" if offer.site.approval else "proof" if _by_mail(offer) else None
    site_limits.check(studio, client, visitor.address, writes)
    if not all(is_free(studio, offer, visitor, start) for start in starts):
        raise _Gone
    number = _hold(studio, offer, client or _new_client(studio, person), starts, person, visitor)
    return _give_link(studio, offer, sessions.get(studio, number), base)


def _gone(
    studio: Studio, offer: SessionType, starts: Sequence[Instant], person: Person, visitor: Visitor
) -> Reply:
    """Return what is free instead of what somebody wanted; what they hold themselves is no reason to be refused."""
    left = tuple(start for start in starts if is_free(studio, offer, visitor, start))
    own = [] if left or _by_mail(offer) else _in_the_way(studio, offer, starts[0], person, visitor)
    if own:
        return Reply("enough", begun=tuple(own))
    return Reply("taken", nearest=tuple(nearest(studio, offer, visitor, starts[0])), left=left)


def _in_the_way(
    studio: Studio, offer: SessionType, start: Instant, person: Person, visitor: Visitor
) -> list[Session]:
    """Return the hold of somebody's own, if it is all that stands between them and a time."""
    begun = {one.id for one in _begun(studio, person, visitor)}
    for one in slot.taken_by(studio, start, offer.need()):
        around = slot.slots(studio, offer.need(), start, start.add(minutes=1), for_clients=True, but=one.id)
        if one.id in begun and start in around:
            return [one]
    return []


def _begun(studio: Studio, person: Person, visitor: Visitor) -> tuple[Session, ...]:
    """Return what somebody holds that they can let go: told to nobody who has not typed the very same."""
    client = client_store.by_email(studio.file, person.email)
    mine = _taken_by(studio, client, person, visitor) if client else []
    return tuple(one for one in mine if site_limits.can_let_go(studio, one))


def _taken_by(studio: Studio, client: Client, person: Person, visitor: Visitor) -> list[Session]:
    """Return what is not finished of a client who typed these very words at this address."""
    found = session_store.unfinished_on_the_site(
        studio.file, studio.now(), client_id=client.id, visitor=visitor.address
    )
    return [one for one in found if (one.booked_as, one.booked_phone) == (person.name, person.phone)]


def _is_same(session: Session, offer: SessionType, starts: Sequence[Instant], person: Person) -> bool:
    """Return whether this is what the same person has just asked for: a second tap, a page that was sent again.

    Only as long as nothing was done: behind the link is nothing yet but what they have typed once more.
    """
    if session.type is None or session.type.id != offer.id:
        return False
    if session.status == "inquiry":
        wish = Wish(tuple(starts), person.words) if session.wish is not None else None
        asked = session.wishes == wish and session.starts_at == starts[0]
        return asked and session.revision == 1 and not session.offered
    untouched = session.site_hold is not None and not any(step.done_at for step in session.steps)
    return untouched and session.starts_at == starts[0]


LET_GO = "another time was picked"
"""Why a hold ended, in its history."""


def _let_go(studio: Studio, session: Session) -> None:
    """Inside a write: free a time that somebody has given up for another one."""
    session_store.set_status(studio.file, session.id, "expired")
    mail.cancel_pointless(studio, session.id)
    details = {"why": LET_GO}
    event_store.add(
        studio.file,
        "session expired",
        studio.now(),
        actor="client",
        session_id=session.id,
        details=details,
    )


def was_let_go(studio: Studio, session: Session) -> bool:
    """Return whether a session has expired because its client took another time."""
    line = event_store.last(studio.file, session.id, "session expired")
    return session.status == "expired" and line is not None and line.details.get("why") == LET_GO


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
        if not site_limits.may_write(studio, session.client.id, "proof"):
            return Reply("mailed", None, session.id)
        shared = shares.prepare(studio, session, "email", now, base, actor="client", picked=True)
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
    return f"{moment}.{signature(key, moment)}"


def is_unhurried(key: str, text: str, now: Instant) -> bool | None:
    """Return whether a form took as long as people take; None for a stamp that is too old or not ours."""
    moment, _, signed = text.partition(".")
    if not moment.isascii() or not moment.isdigit() or len(moment) > 12:
        return None
    if not is_signed(key, moment, signed):
        return None
    age = seconds(now) - int(moment)
    return None if not 0 <= age <= TOO_OLD_SECONDS else age >= TOO_FAST_SECONDS


def is_signed(key: str, text: str, signed: str) -> bool:
    """Return whether a signature is that of a text by the site."""
    import hmac

    return hmac.compare_digest(signed.encode(), signature(key, text).encode())


def signature(key: str, text: str) -> str:
    """Return what shows that a text is the site's own: nobody else can make it."""
    import hmac

    return hmac.new(bytes.fromhex(key), text.encode(), "sha256").hexdigest()[:32]
