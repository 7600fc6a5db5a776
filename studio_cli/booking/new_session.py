"""Setting up a session: what it is, when, with whom, and how the client gets the link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import contract as contracts
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking import share, slot
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.availability import Need
from studio_cli.model.client import Client, parse_person
from studio_cli.model.contract import Document
from studio_cli.model.form import Form
from studio_cli.model.money import Money
from studio_cli.model.session import Channel, Named, Session
from studio_cli.model.session_type import LONGEST_ONE_OFF, SHORTEST, SessionType, within
from studio_cli.model.settings import default_tax
from studio_cli.model.site import Request, held_until
from studio_cli.model.terms import Terms, change_terms, typed_terms
from studio_cli.model.text import LONG, clean, clean_optional, shown
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
    discount: str | None = None
    discount_reason: str | None = None
    tax: str | None = None
    balance_due: str | None = None
    tips: bool | None = None
    refunds: str | None = None
    location: str | None = None
    form: str | None = None
    contract: str | None = None
    language: str | None = None
    expires: str | None = None
    which: Which | None = None
    custom: bool = False
    allow_overlap: bool = False
    notes: str | None = None
    share: Channel | None = None
    note: str | None = None
    no_reminders: bool = False
    inquiry: bool = False
    client_email: str | None = None
    client_phone: str | None = None


@dataclass(frozen=True, slots=True)
class SetUp:
    """What came of setting up a session. ``repeated``: the key was used before, nothing was changed."""

    session: Session
    shared: share.Shared | None = None
    overlaps: Sequence[int] = ()
    repeated: bool = False


# ── setting up ────────────────────────────────────────────────────────────────────────────────────


def set_up(studio: Studio, wanted: Wanted, *, key: str | None = None) -> SetUp:
    """Set up a session and, when asked, share it, in one write."""
    with studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        if key is not None:
            earlier = repeat_key.earlier_result(studio.file, key, "session new", asdict(wanted))
            if earlier is not None:
                return SetUp(sessions.get(studio, earlier), share.latest(studio, earlier), repeated=True)
        session, contract = draft(studio, wanted, now)
        placed, overlaps = slot.place(
            studio, session, custom=wanted.custom, allow_overlap=wanted.allow_overlap
        )
        number = put(studio, placed, contract)
        details = {"overlaps": overlaps} if overlaps else {}
        event_store.add(studio.file, "session set up", now, session_id=number, details=details)
        shared = (
            share.prepare(studio, sessions.get(studio, number), wanted.share, now, note=wanted.note)
            if wanted.share
            else None
        )
        if key is not None:
            repeat_key.remember(studio.file, key, "session new", asdict(wanted), number, now)
        return SetUp(sessions.get(studio, number), shared, overlaps)


def need_of(studio: Studio, wanted: Wanted) -> Need:
    """Return what a session that is wanted asks of the time around it; refuse what cannot be offered so."""
    offer = _offer(studio, wanted)
    if offer.type is None:
        return Need(offer.duration)
    return types.find(studio, offer.type.slug or "").need(offer.duration)


def put(studio: Studio, session: Session, contract: Document | None) -> int:
    """Inside a write: keep a new session with its contract, and what its client sees of it; return its number."""
    number = session_store.insert(studio.file, session)
    contracts.freeze(studio, sessions.get(studio, number), contract)
    session_store.keep_revision(studio.file, sessions.get(studio, number), studio.now())
    return number


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a type, or the owner for a one-off, says about a session."""

    title: str
    duration: int
    terms: Terms
    location: str | None
    form: Form | None
    contract: Document | None
    type: Named | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    hold: int | None = None
    request: Request = "hold"
    move_until: int | None = None
    cancel_until: int | None = None


def draft(studio: Studio, wanted: Wanted, now: Instant) -> tuple[Session, Document | None]:
    """Return the session that is wanted, before its time has been looked at, and its contract."""
    settings = studio.settings
    offer = _offer(studio, wanted)
    client = _client(studio, wanted)
    starts_at = parse_when(wanted.at, settings.zone, now, wanted.which)
    holds, expires_at = _held(wanted, offer, starts_at, settings.zone, now)
    session = replace(
        _session(studio, offer, client, starts_at),
        status="inquiry" if wanted.inquiry else "pending",
        expires_at=expires_at,
        holds_time=holds,
        notes=clean_optional(wanted.notes, "The notes", limit=LONG, multiline=True),
        language=language_of(wanted.language),
        reminders=not wanted.no_reminders,
    )
    return session, offer.contract


def draft_of(
    studio: Studio, offer: SessionType, client: Client, starts_at: Instant
) -> tuple[Session, Document | None]:
    """Return a session of a type as the type says, before its time has been looked at, and its contract."""
    what = _of_type(studio, offer, Wanted(at=""))
    return _session(studio, what, client, starts_at), what.contract


def _session(studio: Studio, offer: _Offer, client: Client, starts_at: Instant) -> Session:
    return Session(
        id=0,
        status="pending",
        title=offer.title,
        type=offer.type,
        client=Named(
            client.id,
            client.name,
            email=client.email,
            language=client.language,
            reminders=not client.no_reminders,
        ),
        starts_at=starts_at,
        duration=offer.duration,
        timezone=studio.settings.zone,
        buffer_before=offer.buffer_before,
        buffer_after=offer.buffer_after,
        location=offer.location,
        terms=offer.terms,
        tip=offer.terms.nothing,
        paid=offer.terms.nothing,
        form=offer.form,
        custom_time=False,
        overlap_allowed=False,
        expires_at=None,
        revision=1,
        created_at=studio.now(),
        confirmed_at=None,
        confirmed_by=None,
        move_until=offer.move_until,
        cancel_until=offer.cancel_until,
    )


def _held(
    wanted: Wanted, offer: _Offer, starts_at: Instant, zone: str, now: Instant
) -> tuple[bool, Instant | None]:
    """Return whether the time is held, and until when; a request holds it as its type says, never for ever."""
    if not wanted.inquiry:
        return True, deadline_of(wanted.expires, offer.hold, zone, now)
    if wanted.share == "email":
        raise WrongUsage("The client of a request gets a mail when you answer it.", hint="Leave --share out.")
    if starts_at <= now:
        raise Refused(
            "Nobody can be asked for a time that has passed.", hint="Choose a time to come.", code="past"
        )
    if offer.request != "hold":
        return False, None
    if wanted.expires is None:
        return True, held_until(offer.hold, starts_at, now)
    return True, min(deadline_of(wanted.expires, None, zone, now) or starts_at, starts_at)


def language_of(text: str | None) -> str | None:
    """Return the language that was said; ``none`` and nothing leave it to the client."""
    if not text or text == "none":
        return None
    from studio_cli.language import check_language  # only when one is said

    return check_language(text)


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
        duration=duration_of(wanted.duration) if wanted.duration else offer.duration,
        terms=change_terms(offer.terms, typed_terms(wanted)),
        location=clean_optional(wanted.location, "The location") or offer.location,
        form=form_of(studio, wanted.form if wanted.form is not None else offer.form),
        contract=contracts.draft(studio, wanted.contract if wanted.contract is not None else offer.contract),
        type=Named(offer.id, offer.name, slug=offer.slug),
        buffer_before=offer.buffer_before,
        buffer_after=offer.buffer_after,
        hold=offer.hold,
        request=offer.site.request,
        move_until=offer.site.move_until,
        cancel_until=offer.site.cancel_until,
    )


def _one_off(studio: Studio, wanted: Wanted) -> _Offer:
    if wanted.duration is None:
        raise WrongUsage("A one-off needs a duration.", hint="Add --duration 2h.")
    return _Offer(
        title=clean(wanted.one_off or "", "The title"),
        duration=duration_of(wanted.duration),
        terms=change_terms(
            Terms(Money(0, studio.settings.currency), tax=default_tax(studio.settings)), typed_terms(wanted)
        ),
        location=clean_optional(wanted.location, "The location"),
        form=form_of(studio, wanted.form),
        contract=contracts.draft(studio, wanted.contract),
    )


def duration_of(text: str) -> int:
    return within(parse_duration(text), SHORTEST, LONGEST_ONE_OFF, "A duration")


def form_of(studio: Studio, name: str | None) -> Form | None:
    checked = types.check_form(studio, name) if name else None
    found = form_store.by_name(studio.file, checked) if checked else None
    return found[1] if found else None


def _client(studio: Studio, wanted: Wanted) -> Client:
    if wanted.client and wanted.add_client:
        raise WrongUsage("--client and --add-client contradict each other.", hint="Leave one of them out.")
    if wanted.add_client:
        return _known_better(studio, clients.insert(studio, parse_person(wanted.add_client)), wanted)
    if not wanted.client:
        raise WrongUsage(
            "The client is missing.", hint='Add --client WHO or --add-client "Eva Lima <eva@example.com>".'
        )
    return _known_better(studio, clients.find(studio, wanted.client).id, wanted)


def _known_better(studio: Studio, number: int, wanted: Wanted) -> Client:
    """Inside a write: add what was said of a client and is not known yet; nothing that is known is replaced."""
    client = clients.get(studio, number)
    said = {"email": wanted.client_email, "phone": wanted.client_phone}
    changes = {name: text for name, text in said.items() if text is not None}
    if not changes:
        return client
    changed = clients.change(studio, number, **changes)
    for name in changes:
        before, after = getattr(client, name), getattr(changed, name)
        if before not in {None, after}:
            raise Refused(
                f"{shown(client.name)} has another {name}: {shown(before)}.",
                hint=f"Change it first: studio client edit {number} --{name} {shown(after or '')}",
                code="client_known",
            )
    return changed


def deadline_of(text: str | None, hold: int | None, zone: str, now: Instant) -> Instant | None:
    """Return when a session expires if it is still pending: ``3d``, a time or ``never``; else after the type's hold."""
    if text == "never":
        return None
    if text is None:
        return now.add(minutes=hold) if hold else None
    try:
        deadline = now.add(minutes=parse_duration(text, "The deadline"))
    except WrongUsage:
        deadline = parse_when(text, zone, now)
    if deadline <= now:
        raise WrongUsage(f"The deadline {shown(text)!r} has passed already.", hint="Write it like 3d.")
    return deadline
