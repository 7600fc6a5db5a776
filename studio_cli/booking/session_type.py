"""Session types: what the studio offers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from studio_cli.booking import contract as contracts
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.reminder_plan import parse_names
from studio_cli.model.session_type import (
    LONGEST_BUFFER,
    LONGEST_HOLD,
    LONGEST_TYPE,
    SHORTEST,
    SHORTEST_SITE_HOLD,
    SessionType,
    within,
)
from studio_cli.model.settings import default_tax
from studio_cli.model.site import NOTHING_TYPED, REQUESTS, SiteRules, TypedSite
from studio_cli.model.terms import NOTHING_SAID, Terms, change_terms, typed_terms
from studio_cli.model.text import (
    LONG,
    check_slug,
    clean,
    clean_optional,
    did_you_mean,
    folded,
    nearest,
    shown,
    slug_of,
)
from studio_cli.model.times import parse_duration
from studio_cli.store import contract as contract_store
from studio_cli.store import event as event_store
from studio_cli.store import form as form_store
from studio_cli.store import repeat_key
from studio_cli.store import session_type as type_store
from studio_cli.store.session_type import Papers


@dataclass(frozen=True, slots=True)
class TypedOffer:
    """A session type as it was typed. None means: not said."""

    name: str | None = None
    slug: str | None = None
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
    buffer_before: str | None = None
    buffer_after: str | None = None
    increment: str | None = None
    notice: str | None = None
    window: str | None = None
    per_day: int | None = None
    hold: str | None = None
    form: str | None = None
    contract: str | None = None
    private: bool | None = None
    site: TypedSite = NOTHING_TYPED
    reminders: str | None = None


def add(studio: Studio, typed: TypedOffer, *, key: str | None = None) -> tuple[SessionType, bool]:
    """Add a session type; return it, and whether it is new."""
    with studio.file.atomic():
        return insert(studio, typed, key=key)


def insert(
    studio: Studio, typed: TypedOffer, *, key: str | None = None, more: Sequence[object] = ()
) -> tuple[SessionType, bool]:
    """Inside a write: add a session type. ``more`` is what else was typed: the same key with other words is refused."""
    arguments = asdict(typed) | ({"more": list(more)} if more else {})
    now = studio.now()
    if key is not None:
        earlier = repeat_key.earlier_result(studio.file, key, "type add", arguments)
        if earlier is not None:
            return _get(studio, earlier), False
    offer = _new(studio, typed)
    if type_store.by_slug(studio.file, offer.slug):
        raise Refused(
            f"There is a session type {offer.slug} already.",
            hint="Give it another --slug, or change that one: studio type edit " + offer.slug,
            code="already_exists",
        )
    number = type_store.insert(studio.file, offer, _papers(studio, offer))
    event_store.add(studio.file, "type added", now, details={"slug": offer.slug})
    if key is not None:
        repeat_key.remember(studio.file, key, "type add", arguments, number, now)
    return _get(studio, number), True


def edit(studio: Studio, selector: str, typed: TypedOffer) -> SessionType:
    """Change a session type; what is not said stays. Sessions that were set up before keep what they have."""
    with studio.file.atomic():
        before = find(studio, selector)
        after = _changed(studio, before, typed)
        other = type_store.by_slug(studio.file, after.slug)
        if other and other.id != before.id:
            raise Refused(
                f"There is a session type {after.slug} already.",
                hint="Give it another --slug.",
                code="already_exists",
            )
        if after.site.published and not before.site.published and before.archived_at:
            raise Refused(
                f"{before.slug} is archived, so nobody can book it.",
                hint=f"Take it out again first: studio type archive {before.slug} --restore",
                code="archived",
            )
        if after != before:
            type_store.update(studio.file, after, _papers(studio, after))
            event_store.add(studio.file, "type changed", studio.now(), details={"slug": after.slug})
        return _get(studio, before.id)


def archive(studio: Studio, selector: str, *, restore: bool = False) -> tuple[SessionType, bool]:
    """Put a session type away (or take it out again); return it, and whether that changed anything."""
    with studio.file.atomic():
        offer = find(studio, selector)
        changed = (offer.archived_at is None) != restore
        if changed:
            type_store.archive(studio.file, offer.id, None if restore else studio.now())
            event_store.add(
                studio.file,
                "type restored" if restore else "type archived",
                studio.now(),
                details={"slug": offer.slug},
            )
        return _get(studio, offer.id), changed


def find(studio: Studio, selector: str) -> SessionType:
    """Return the session type that a slug, or the unique beginning of a slug or name, means."""
    offers = type_store.listed(studio.file, archived=True)
    wanted = folded(selector.strip())
    exact = [offer for offer in offers if offer.slug == wanted]
    exact = exact or [offer for offer in offers if folded(offer.name) == wanted]
    begins = [
        offer
        for offer in offers
        if wanted and (offer.slug.startswith(wanted) or folded(offer.name).startswith(wanted))
    ]
    living = [offer for offer in begins if offer.archived_at is None]
    found = exact or living or begins
    if len(found) == 1:
        return found[0]
    if found:
        slugs = [offer.slug for offer in found]
        raise NotFound(
            f"{shown(selector)[:60]!r} could be {' or '.join(slugs)}.",
            hint="Write more of its name.",
            code="ambiguous",
            details={"candidates": slugs},
        )
    near = nearest(selector, [offer.slug for offer in offers])
    raise NotFound(
        f"There is no session type {shown(selector)[:60]!r}.",
        hint=did_you_mean(near) or "studio type list shows them, studio type add makes one.",
        details={"nearest": near},
    )


def _get(studio: Studio, number: int) -> SessionType:
    offer = type_store.get(studio.file, number)
    assert offer is not None
    return offer


def _papers(studio: Studio, offer: SessionType) -> Papers:
    form = form_store.by_name(studio.file, offer.form) if offer.form else None
    contract = contract_store.by_name(studio.file, offer.contract) if offer.contract else None
    return Papers(form and form[0], contract and contract[0])


def _new(studio: Studio, typed: TypedOffer) -> SessionType:
    name = clean(typed.name or "", "The name")
    slug = check_slug(typed.slug) if typed.slug else slug_of(name)
    if not slug or slug.isdigit():
        raise WrongUsage(
            f"No short name can be made of {shown(name)!r}.", hint="Give one with --slug, for example: family"
        )
    if typed.duration is None or typed.price is None:
        missing = "--duration" if typed.duration is None else "--price"
        raise WrongUsage(f"{missing} is missing.", hint="For example: --duration 90m --price 250")
    blank = SessionType(
        id=0, slug=slug, name=name, duration=0, terms=Terms(Money(0, studio.settings.currency), tax=default_tax(studio.settings)),
        location=None, buffer_before=0, buffer_after=0, increment=30, notice=0, window_days=None, per_day=None,
        hold=None, form=None, private=False, created_at=studio.now(), archived_at=None,
    )  # fmt: skip
    return _changed(studio, blank, replace(typed, slug=None, name=None))


def _changed(studio: Studio, offer: SessionType, typed: TypedOffer) -> SessionType:
    """Return ``offer`` with what was typed, checked."""
    changes: dict[str, Any] = {}
    if typed.name is not None:
        changes["name"] = clean(typed.name, "The name")
    if typed.slug is not None:
        changes["slug"] = check_slug(typed.slug)
    if typed.location is not None:
        changes["location"] = clean_optional(typed.location, "The location")
    if typed.per_day is not None:
        changes["per_day"] = _count(typed.per_day, "--per-day")
    if typed.private is not None:
        changes["private"] = typed.private
    if typed.reminders is not None:
        changes["reminders"] = parse_names(typed.reminders)
    if typed.form is not None:
        changes["form"] = check_form(studio, typed.form)
    if typed.contract is not None:
        named = typed.contract not in {"", "none"}
        changes["contract"] = contracts.find(studio, typed.contract).name if named else None
    if typed.window is not None:
        changes["window_days"] = _window(typed.window)
    if typed.site != NOTHING_TYPED:
        changes["site"] = _site(offer.site, typed.site)
        if typed.site.verify_email and not studio.settings.get("mail.host"):
            raise Refused(
                "Without a mail server nobody can be asked to open a mail.",
                hint="Set one up first: studio config set mail.host smtp.example.com",
                code="no_mail_server",
            )
    changes |= _lengths(typed)
    private = changes.get("private", offer.private)
    if private and offer.link_key is None:
        changes["link_key"] = new_key()
    if typed_terms(typed) != NOTHING_SAID:
        changes["terms"] = _terms(offer.terms, typed)
    return replace(offer, **changes)


def _terms(before: Terms, typed: TypedOffer) -> Terms:
    """Return the terms after a change. Of a type nothing gives way unsaid: a deposit above the price is refused."""
    after = change_terms(before, typed_terms(typed))
    if before.deposit is not None and after.deposit is None and typed.deposit is None and typed.pay is None:
        raise WrongUsage(
            f"The deposit ({before.deposit}) must be more than nothing and at most the price ({after.total}).",
            hint="Say what is due at booking too: --deposit 20 or --pay full.",
        )
    return after


def new_key() -> str:
    """Return a part of an address that nobody guesses: 96 random bits, enough where only a booking page is behind it."""
    import secrets

    return secrets.token_urlsafe(12)


def _site(before: SiteRules, typed: TypedSite) -> SiteRules:
    """Return how clients book a type by themselves, after a change."""
    changes: dict[str, Any] = {
        name: value
        for name, value in (
            ("published", typed.publish),
            ("approval", typed.approval),
            ("verify_email", typed.verify_email),
            ("waiting_list", typed.waiting_list),
        )
        if value is not None
    }
    if typed.description is not None:
        text = clean_optional(typed.description, "The description", limit=LONG, multiline=True)
        changes["description"] = text
    if typed.request is not None:
        if typed.request not in REQUESTS:
            raise WrongUsage(
                f"{shown(typed.request)[:20]!r} is not possible here.",
                hint=f"Use one of: {', '.join(REQUESTS)}.",
            )
        changes["request"] = typed.request
    if typed.site_hold is not None:
        minutes = parse_duration(typed.site_hold, "A hold")
        changes["hold"] = within(minutes, SHORTEST_SITE_HOLD, LONGEST_HOLD, "A hold")
    for name in ("move_until", "cancel_until"):
        text = getattr(typed, name)
        if text is not None:
            changes[name] = until_of(text)
    return replace(before, **changes)


def until_of(text: str) -> int | None:
    """Return how long before a session something ends: ``48h``, 0 for until it begins, None for ``none``."""
    if text.strip() == "none":
        return None
    return within(0 if text.strip() == "0" else parse_duration(text, "That"), 0, LONGEST_HOLD, "That")


def _lengths(typed: TypedOffer) -> dict[str, int | None]:
    """Return the durations that were typed, in minutes, each within what is possible."""
    limits = {
        "duration": (SHORTEST, LONGEST_TYPE, "A duration"),
        "buffer_before": (0, LONGEST_BUFFER, "A buffer"),
        "buffer_after": (0, LONGEST_BUFFER, "A buffer"),
        "increment": (5, 60, "An increment"),
        "notice": (0, LONGEST_HOLD, "A notice"),
        "hold": (1, LONGEST_HOLD, "A hold"),
    }
    lengths: dict[str, int | None] = {}
    for name, (low, high, what) in limits.items():
        text = getattr(typed, name)
        if text is not None:
            none = name == "hold" and text == "none"
            lengths[name] = None if none else within(parse_duration(text, what), low, high, what)
    return lengths


def _count(number: int, flag: str) -> int:
    if not 1 <= number <= 1000:
        raise WrongUsage(f"{flag} must be 1 to 1000.", hint=f"For example: {flag} 4")
    return number


def _window(text: str) -> int | None:
    """Return the booking window in whole days: ``60d``, or ``none``."""
    if text == "none":
        return None
    days = re.fullmatch(r"(\d{1,4})\s*d(?:ays)?", text.strip())
    if not days:
        raise WrongUsage(
            f"{shown(text)[:30]!r} is not a number of days.", hint="Write it like 60d.", code="duration"
        )
    return _count(int(days[1]), "--window")


def check_form(studio: Studio, name: str) -> str | None:
    """Return the name of a form that exists; an empty name means none."""
    if not name or name == "none":
        return None
    if form_store.by_name(studio.file, name):
        return name
    near = nearest(name, [form.name for form in form_store.listed(studio.file)])
    raise NotFound(
        f"There is no form {shown(name)[:60]!r}.",
        hint=did_you_mean(near) or "Add it: studio form add NAME --file FORM.toml",
        details={"nearest": near},
    )
