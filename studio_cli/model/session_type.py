"""A session type: something the studio offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.availability import Need
from studio_cli.model.reminder_plan import REMINDERS, ReminderName
from studio_cli.model.site import NOT_ON_THE_SITE, SiteRules
from studio_cli.model.terms import Terms
from studio_cli.model.times import rfc3339, show_duration

SHORTEST, LONGEST_TYPE, LONGEST_ONE_OFF = 5, 12 * 60, 7 * 24 * 60
"""Minutes a session can last; a one-off can be a wedding."""
LONGEST_BUFFER = 12 * 60
LONGEST_HOLD = 365 * 24 * 60
SHORTEST_SITE_HOLD = 5


@dataclass(frozen=True, slots=True)
class SessionType:
    """An offering. Durations, buffers, notice and hold are minutes, the window is days; None means no limit.

    ``link_key`` is the part of the address of a private one that nobody guesses.
    """

    id: int
    slug: str
    name: str
    duration: int
    terms: Terms
    location: str | None
    buffer_before: int
    buffer_after: int
    increment: int
    notice: int
    window_days: int | None
    per_day: int | None
    hold: int | None
    form: str | None
    private: bool
    created_at: Instant
    archived_at: Instant | None
    own_hours: bool = False
    contract: str | None = None
    site: SiteRules = NOT_ON_THE_SITE
    link_key: str | None = None
    reminders: tuple[ReminderName, ...] = REMINDERS

    def need(self, duration: int | None = None) -> Need:
        """Return what a session of this type asks of the time around it."""
        return Need(
            duration=duration or self.duration,
            buffer_before=self.buffer_before,
            buffer_after=self.buffer_after,
            increment=self.increment,
            type_id=self.id,
            per_day=self.per_day,
            notice=self.notice,
            window_days=self.window_days,
        )

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the type as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "slug": self.slug,
            "name": self.name,
            "duration_minutes": self.duration,
            **self.terms.as_json(),
            "location": self.location,
            "buffer_before_minutes": self.buffer_before,
            "buffer_after_minutes": self.buffer_after,
            "increment_minutes": self.increment,
            "notice_minutes": self.notice,
            "window_days": self.window_days,
            "per_day": self.per_day,
            "hold_minutes": self.hold,
            "form": self.form,
            "contract": self.contract,
            "private": self.private,
            **self.site.as_json(),
            "reminders": list(self.reminders),
            "own_hours": self.own_hours,
            "created_at": rfc3339(self.created_at, zone),
            "archived_at": self.archived_at and rfc3339(self.archived_at, zone),
        }


def within(minutes: int, low: int, high: int, what: str) -> int:
    """Return ``minutes`` if it lies between ``low`` and ``high``, both included."""
    if not low <= minutes <= high:
        raise WrongUsage(
            f"{what} of {show_duration(minutes)} is outside what is possible: "
            f"{show_duration(low)} to {show_duration(high)}.",
            code="out_of_range",
        )
    return minutes
