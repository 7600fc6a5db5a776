"""Setting up a session: what it is, when, with whom, and how the client gets the link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from whenever import Instant

from studio_cli.booking import availability, share
from studio_cli.booking import client as clients
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.availability import Need
from studio_cli.model.client import Client, parse_person
from studio_cli.model.form import Form
from studio_cli.model.money import Money, parse_money
from studio_cli.model.session import Channel, Named, Session, StepName
from studio_cli.model.session_type import LONGEST_ONE_OFF, SHORTEST, SessionType, Terms, parse_terms, within
from studio_cli.model.text import clean, clean_optional, shown
from studio_cli.model.times import Which, parse_duration, parse_when
from studio_cli.store import event as event_store
from studio_cli.store import form as form_store
from studio_cli.store import repeat_key
from studio_cli.store import session as session_store


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session as it was asked for, in the words that were typed."""

    at: str
    type: str | None = None
    one_off: str | None = None
    client: str | None = None
    add_client: str | None = None
    duration: str | None = None
    price: str | None = None
    deposit: str | None = None
    pay: str | None = None
    location: str | None = None
    form: str | None = None
    expires: str | None = None
    which: Which | None = None
    custom: bool = False
    allow_overlap: bool = False
    share: Channel | None = None


@dataclass(frozen=True, slots=True)
class SetUp:
    """What came of setting up a session. ``repeated``: the key was used before, nothing was changed."""

    session: Session
    shared: share.Shared | None = None
    overlaps: Sequence[int] = ()
    repeated: bool = False


# ── setting up ────────────────────────────────────────────────────────────────────────────────────


def set_up(studio: Studio, wanted: Wanted, *, key: str | None = None, rehearse: bool = False) -> SetUp:
    """Set up a session and, when asked, share it, in one write. ``rehearse`` checks all of it and keeps nothing."""
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        if key is not None:
            earlier = repeat_key.earlier_result(studio.file, key, "session new", asdict(wanted))
            if earlier is not None:
                return SetUp(sessions.get(studio, earlier), share.latest(studio, earlier), repeated=True)
        draft = _draft(studio, wanted, now)
        overlaps = _check_time(studio, draft, wanted)
        number = session_store.insert(studio.file, _placed(studio, draft, overlaps), _steps(draft))
        details = {"overlaps": overlaps} if overlaps else {}
        event_store.add(studio.file, "session set up", now, session_id=number, details=details)
        shared = (
            share.prepare(studio, sessions.get(studio, number), wanted.share, now) if wanted.share else None
        )
        if key is not None:
            repeat_key.remember(studio.file, key, "session new", asdict(wanted), number, now)
        return SetUp(sessions.get(studio, number), shared, overlaps)


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a type, or the owner for a one-off, says about a session."""

    title: str
    duration: int
    terms: Terms
    location: str | None
    form: Form | None
    type: Named | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    hold: int | None = None


def _draft(studio: Studio, wanted: Wanted, now: Instant) -> Session:
    """Return the session that is wanted, before its time has been looked at."""
    settings = studio.settings
    offer = _offer(studio, wanted)
    client = _client(studio, wanted)
    starts_at = parse_when(wanted.at, settings.zone, now, wanted.which)
    return Session(
        id=0,
        status="pending",
        title=offer.title,
        type=offer.type,
        client=Named(client.id, client.name, email=client.email),
        starts_at=starts_at,
        duration=offer.duration,
        timezone=settings.zone,
        buffer_before=offer.buffer_before,
        buffer_after=offer.buffer_after,
        location=offer.location,
        price=offer.terms.price,
        asked_now=offer.terms.asked_now,
        paid=Money(0, offer.terms.price.currency),
        form=offer.form,
        custom_time=False,
        overlap_allowed=False,
        expires_at=_expiry(wanted, offer, settings.zone, now),
        revision=1,
        created_at=now,
        confirmed_at=None,
        confirmed_by=None,
    )


def _offer(studio: Studio, wanted: Wanted) -> _Offer:
    if wanted.type and wanted.one_off:
        raise WrongUsage("--type and --one-off contradict each other.", hint="Leave one of them out.")
    if wanted.one_off:
        return _one_off(studio, wanted)
    if not wanted.type:
        raise WrongUsage("What kind of session is missing.", hint='Add --type TYPE or --one-off "Title".')
    offer = types.find(studio, wanted.type)
    if offer.archived_at:
        raise Refused(
            f"The session type {offer.slug} is archived.",
            hint=f"Take it out again: studio type archive {offer.slug} --restore",
            code="archived",
        )
    return _of_type(studio, offer, wanted)


def _of_type(studio: Studio, offer: SessionType, wanted: Wanted) -> _Offer:
    """Return what the type says, with what the owner said otherwise for this one session."""
    return _Offer(
        title=offer.name,
        duration=_duration(wanted.duration) if wanted.duration else offer.duration,
        terms=_terms_of_type(offer.terms, wanted),
        location=clean_optional(wanted.location, "The location") or offer.location,
        form=_form(studio, wanted.form if wanted.form is not None else offer.form),
        type=Named(offer.id, offer.name, slug=offer.slug),
        buffer_before=offer.buffer_before,
        buffer_after=offer.buffer_after,
        hold=offer.hold,
    )


def _terms_of_type(terms: Terms, wanted: Wanted) -> Terms:
    """Return the type's terms with what was said otherwise: a price alone keeps how it is paid."""
    currency = terms.price.currency
    if wanted.deposit is not None or wanted.pay is not None:
        price = wanted.price if wanted.price is not None else terms.price.amount
        return parse_terms(price, wanted.deposit, wanted.pay, currency)
    if wanted.price is not None:
        return replace(terms, price=parse_money(wanted.price, currency, "The price"))
    return terms


def _one_off(studio: Studio, wanted: Wanted) -> _Offer:
    if wanted.duration is None:
        raise WrongUsage("A one-off needs a duration.", hint="Add --duration 2h.")
    return _Offer(
        title=clean(wanted.one_off or "", "The title"),
        duration=_duration(wanted.duration),
        terms=parse_terms(
            "0" if wanted.price is None else wanted.price,
            wanted.deposit,
            wanted.pay,
            studio.settings.currency,
        ),
        location=clean_optional(wanted.location, "The location"),
        form=_form(studio, wanted.form),
    )


def _duration(text: str) -> int:
    return within(parse_duration(text), SHORTEST, LONGEST_ONE_OFF, "A duration")


def _form(studio: Studio, name: str | None) -> Form | None:
    checked = types.check_form(studio, name) if name else None
    found = form_store.by_name(studio.file, checked) if checked else None
    return found[1] if found else None


def _client(studio: Studio, wanted: Wanted) -> Client:
    if wanted.client and wanted.add_client:
        raise WrongUsage("--client and --add-client contradict each other.", hint="Leave one of them out.")
    if wanted.add_client:
        return clients.get(studio, clients.insert(studio, parse_person(wanted.add_client)))
    if not wanted.client:
        raise WrongUsage(
            "The client is missing.", hint='Add --client WHO or --add-client "Eva Lima <eva@example.com>".'
        )
    return clients.find(studio, wanted.client)


def _expiry(wanted: Wanted, offer: _Offer, zone: str, now: Instant) -> Instant | None:
    """Return when the session expires if it is still pending: its own deadline, else the type's."""
    if wanted.expires == "never":
        return None
    if wanted.expires is None:
        return now.add(minutes=offer.hold) if offer.hold else None
    try:
        deadline = now.add(minutes=parse_duration(wanted.expires, "The deadline"))
    except WrongUsage:
        deadline = parse_when(wanted.expires, zone, now)
    if deadline <= now:
        raise WrongUsage(
            f"The deadline {shown(wanted.expires)!r} has passed already.", hint="Write it like 3d."
        )
    return deadline


def _check_time(studio: Studio, draft: Session, wanted: Wanted) -> list[int]:
    """Refuse a time that is closed or taken, as far as the owner did not allow it; return what it overlaps."""
    if not wanted.custom:
        availability.refuse_closed(studio, draft.starts_at, _need(draft))
    taken = availability.taken_by(studio, draft.starts_at, _need(draft))
    if taken and not wanted.allow_overlap:
        availability.refuse_taken(studio, draft.starts_at, _need(draft), taken)
    return [session.id for session in taken]


def _placed(studio: Studio, draft: Session, overlaps: Sequence[int]) -> Session:
    """Return the draft with what was found out about its time."""
    regular = draft.starts_at >= studio.now() and availability.in_hours(
        studio, draft.starts_at, draft.duration
    )
    return replace(draft, custom_time=not regular, overlap_allowed=bool(overlaps))


def _steps(draft: Session) -> list[StepName]:
    """Return the steps that this session asks of its client, in their order."""
    steps: list[StepName] = ["review"]
    if draft.form:
        steps.append("questionnaire")
    if draft.asked_now:
        steps.append("payment")
    return steps


def _need(session: Session) -> Need:
    return Need(session.duration, session.buffer_before, session.buffer_after)
