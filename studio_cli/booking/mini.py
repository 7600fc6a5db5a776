"""Mini sessions: a session type that lives on given dates, in short slots one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whenever import Date

from studio_cli.booking import session_type as types
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.availability import Override, Span, parse_spans, without
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.text import shown
from studio_cli.model.times import day_begins, parse_day
from studio_cli.store import availability as hours_store
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store


@dataclass(frozen=True, slots=True)
class TypedDays:
    """Dates as they were typed: which, from when to when, and the breaks in them (``12:00-13:00``)."""

    on: tuple[str, ...] = ()
    opens: str | None = None
    closes: str | None = None
    breaks: tuple[str, ...] = ()

    def spans(self) -> tuple[Span, ...]:
        """Return the hours of each of the dates; raise ``WrongUsage`` for what cannot be."""
        for flag, value in (("--on", self.on), ("--from", self.opens), ("--to", self.closes)):
            if not value:
                raise WrongUsage(
                    f"{flag} is missing.",
                    hint="For example: --on 2026-12-12 --from 10:00 --to 16:00 --every 20m --break 12:00-13:00",
                    code="missing",
                )
        whole = parse_spans([f"{self.opens}-{self.closes}"])
        breaks = parse_spans(self.breaks) if self.breaks else ()
        for text in self.breaks:
            if without(whole, parse_spans([text])) == whole:
                raise WrongUsage(
                    f"The break {shown(text)} is not between {self.opens} and {self.closes}.",
                    hint="Leave it out, or look at --from and --to.",
                )
        return without(whole, breaks) if breaks else whole


def add(
    studio: Studio, typed: TypedOffer, every: str | None, days: TypedDays, *, key: str | None = None
) -> tuple[SessionType, bool]:
    """Add a type that can be booked on these dates only, a slot after the other; return it, and whether it is new.

    Each lasts as long as a slot, unless a shorter duration is said: then there is a pause after each.
    """
    if every is None:
        raise WrongUsage("--every is missing.", hint="For example: --every 20m", code="missing")
    spans = days.spans()
    offered = replace(typed, duration=typed.duration or every, increment=every)
    arguments = [every, list(days.on), days.opens, days.closes, list(days.breaks)]
    with studio.file.atomic():
        offer, new = types.insert(studio, offered, key=key, more=arguments)
        if new:
            _check_fits(offer, spans)
            hours_store.set_own_hours(studio.file, offer.id, True)
            _set(studio, offer, days.on, spans)
        return types.find(studio, offer.slug), new


def set_dates(studio: Studio, selector: str, days: TypedDays, *, off: bool = False) -> list[Override]:
    """Give a type that has hours of its own more dates, or with ``off`` take dates away; return its hours on them."""
    spans = () if off else days.spans()
    if off and not days.on:
        raise WrongUsage("--on is missing.", hint="For example: --on 2026-12-12 --off", code="missing")
    with studio.file.atomic():
        offer = types.find(studio, selector)
        if not offer.own_hours:
            raise WrongUsage(
                f"{offer.slug} is booked in the studio's hours.",
                hint=f"Give it dates of its own: studio availability override DATE RANGE --type {offer.slug}",
            )
        if not off:
            _check_fits(offer, spans)
        return _set(studio, offer, days.on, spans)


def dates_of(studio: Studio, offer: SessionType) -> list[Override]:
    """Return the dates to come on which a type has hours of its own."""
    today = studio.now().to_tz(studio.settings.zone).date()
    found = hours_store.overrides(studio.file, offer.id)
    return [one for one in found if one.type == offer.slug and one.date >= today]


def booked_on(studio: Studio, selector: str, dates: Sequence[Date]) -> list[Session]:
    """Return the sessions of a type that are booked on some dates of the studio's, by their time."""
    offer, zone = types.find(studio, selector), studio.settings.zone
    return [
        session
        for date in dates
        for session in session_store.taken_between(
            studio.file, day_begins(date, zone), day_begins(date.add(days=1), zone), studio.now()
        )
        if session.type and session.type.slug == offer.slug
    ]


def _set(studio: Studio, offer: SessionType, on: Sequence[str], spans: tuple[Span, ...]) -> list[Override]:
    """Inside a write: give dates their hours for a type."""
    now, made = studio.now(), []
    today = now.to_tz(studio.settings.zone).date()
    for text in on:
        override = Override(parse_day(text, studio.settings.zone, now), spans, offer.slug)
        if override.date < today and spans:
            raise WrongUsage(
                f"{override.date} is over.", hint="Which year do you mean? Write it like 2026-12-12."
            )
        hours_store.set_override(studio.file, override, offer.id, now)
        event_store.add(studio.file, "override set", now, details=override.as_json())
        made.append(override)
    return made


def _check_fits(offer: SessionType, spans: Sequence[Span]) -> None:
    if offer.duration > offer.increment:
        raise WrongUsage(
            "A mini session lasts no longer than its slot.",
            hint="Leave --duration out, or make --every longer.",
        )
    if not any(closes - opens >= offer.duration for opens, closes in spans):
        raise WrongUsage(
            "No slot fits between these times.", hint="Look at --from, --to, --every and --break."
        )
