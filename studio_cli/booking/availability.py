"""When the studio works: weekly hours, dates that differ, and time off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whenever import Date, Instant, PlainDateTime, Time

from studio_cli.booking import session_type as types
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, WrongUsage
from studio_cli.model.availability import (
    Block,
    Hours,
    Override,
    day_name,
    parse_hours,
    parse_spans,
)
from studio_cli.model.session import Session
from studio_cli.model.text import clean_optional
from studio_cli.model.times import (
    parse_day,
    parse_wall,
    show_date,
)
from studio_cli.store import availability as hours_store
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store

# ── the hours ─────────────────────────────────────────────────────────────────────────────────────


def set_hours(studio: Studio, days: str, ranges: Sequence[str], type_: str | None = None) -> list[Hours]:
    """Set the hours of some weekdays and return the whole week: the studio's, or those of a type's own.

    A type that had none of its own begins with those of ``days`` alone.
    """
    weekdays, hours = parse_hours(days, ranges)
    with studio.file.atomic():
        offer = types.find(studio, type_) if type_ else None
        if offer and not offer.own_hours:
            hours_store.set_own_hours(studio.file, offer.id, True)
        hours_store.set_weekly_hours(studio.file, weekdays, hours, offer.id if offer else None)
        names = [day_name(day) for day in weekdays]
        _tell(
            studio,
            "hours changed",
            type=offer and offer.slug,
            days=names,
            hours=[one.as_json() for one in hours],
        )
        return hours_store.weekly_hours(studio.file, offer.id if offer else None)


def use_studio_hours(studio: Studio, type_: str) -> list[Hours]:
    """Take a type's own hours away: the studio's count for it again."""
    with studio.file.atomic():
        offer = types.find(studio, type_)
        hours_store.set_own_hours(studio.file, offer.id, False)
        _tell(studio, "hours changed", type=offer.slug, own=False)
        return hours_store.weekly_hours(studio.file)


def set_override(studio: Studio, day: str, ranges: Sequence[str], type_: str | None = None) -> Override:
    """Give one date hours of its own (``off`` for none) instead of its weekday's."""
    spans = parse_spans(ranges)
    with studio.file.atomic():
        offer = types.find(studio, type_) if type_ else None
        date = parse_day(day, studio.settings.zone, studio.now())
        override = Override(date, spans, offer.slug if offer else None)
        hours_store.set_override(studio.file, override, offer.id if offer else None, studio.now())
        _tell(studio, "override set", **override.as_json())
        return override


def remove_override(studio: Studio, day: str, type_: str | None = None) -> Date:
    """Let a date have its weekday's hours again."""
    with studio.file.atomic():
        offer = types.find(studio, type_) if type_ else None
        date = parse_day(day, studio.settings.zone, studio.now())
        if not hours_store.remove_override(studio.file, date, offer.id if offer else None):
            raise NotFound(f"{show_date(date)} has no hours of its own.", hint="studio availability show")
        _tell(studio, "override removed", date=date.format_iso(), type=offer and offer.slug)
        return date


def block(
    studio: Studio, begins: str, ends: str | None, reason: str | None = None, *, yearly: bool = False
) -> Block:
    """Take time off: whole days (both included) or from a time to a time, every year if wanted."""
    with studio.file.atomic():
        zone, now = studio.settings.zone, studio.now()
        first, last = _wall_of(begins, zone, now, end=False), _wall_of(ends or begins, zone, now, end=True)
        if first >= last:
            raise WrongUsage("The time off ends before it begins.", hint="For example: 2026-12-24 2027-01-02")
        if yearly and last > first.replace_date(first.date().add(years=1)):
            raise WrongUsage(
                "Time off that comes back every year must be shorter than a year.",
                hint="Give an earlier end, or leave --yearly out.",
            )
        words = clean_optional(reason, "The reason")
        number = hours_store.insert_block(studio.file, Block(0, first, last, yearly, words), now)
        made = Block(number, first, last, yearly, words)
        _tell(studio, "time blocked", **made.as_json())
        return made


def sessions_in(studio: Studio, one: Block) -> list[Session]:
    """Return the sessions to come that time off meets: it does not move them."""
    zone, now = studio.settings.zone, studio.now()
    horizon = now.add(hours=24 * 366 * 2)
    found: dict[int, Session] = {}
    for begin, until in one.between(zone, now, horizon):
        first, last = max(now, Instant.from_timestamp(begin)), Instant.from_timestamp(until)
        for session in session_store.taken_between(studio.file, first, last, now):
            if session.starts_at < last and session.ends_at > first:
                found[session.id] = session
    return list(found.values())


def unblock(studio: Studio, number: int) -> None:
    """Be there again: remove time off."""
    with studio.file.atomic():
        if not hours_store.remove_block(studio.file, number):
            raise NotFound(f"There is no time off {number}.", hint="studio availability show")
        _tell(studio, "time unblocked", id=number)


def _wall_of(text: str, zone: str, now: Instant, *, end: bool) -> PlainDateTime:
    """Return a wall time; a day alone means its beginning, or as an end the beginning of the next day."""
    try:
        day = parse_day(text, zone, now)
    except WrongUsage:
        return parse_wall(text, zone, now)
    return day.add(days=int(end)).at(Time(0))


def _tell(studio: Studio, kind: str, **details: Any) -> None:
    event_store.add(studio.file, kind, studio.now(), details=details)


@dataclass(frozen=True, slots=True)
class Timetable:
    """All that says when the studio works. ``types`` has the hours of the types that have their own."""

    zone: str
    weekly: tuple[Hours, ...]
    types: dict[str, tuple[Hours, ...]]
    overrides: tuple[Override, ...]
    blocks: tuple[Block, ...]

    def as_json(self) -> dict[str, Any]:
        """Return ``{timezone, weekly, types, overrides, blocks}``."""
        return {
            "timezone": self.zone,
            "weekly": [stretch.as_json() for stretch in self.weekly],
            "types": {slug: [stretch.as_json() for stretch in hours] for slug, hours in self.types.items()},
            "overrides": [override.as_json() for override in self.overrides],
            "blocks": [one.as_json() for one in self.blocks],
        }


def timetable(studio: Studio) -> Timetable:
    """Return all that says when the studio works."""
    with studio.file.reading():
        own = [offer for offer in type_store.listed(studio.file) if offer.own_hours]
        return Timetable(
            studio.settings.zone,
            tuple(hours_store.weekly_hours(studio.file)),
            {offer.slug: tuple(hours_store.weekly_hours(studio.file, offer.id)) for offer in own},
            tuple(hours_store.overrides(studio.file, all_types=True)),
            tuple(hours_store.blocks(studio.file)),
        )
