"""When clients are reminded, in the words that an owner types: "2d, 5d", "7d before, on the day", "21:00-08:00"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from whenever import Instant, Time

from studio_cli.errors import WrongUsage
from studio_cli.model.terms import parse_balance_due, show_balance_due
from studio_cli.model.text import shown
from studio_cli.model.times import parse_clock, parse_duration

ReminderName = Literal["unfinished", "hold", "balance", "tomorrow"]
REMINDERS: tuple[ReminderName, ...] = ("unfinished", "hold", "balance", "tomorrow")

DEFAULTS = {
    "remind.unfinished": "2d, 5d",
    "remind.hold": "24h",
    "remind.balance": "7d before, on the day, 2d after",
    "remind.tomorrow": "09:00",
    "remind.quiet": "21:00-08:00",
}
MOST_DAYS = 60
"""How far from its day a reminder can be."""
MOST_TIMES = 6
"""So often somebody is reminded of one thing at most."""
LONGEST_HOLD_NOTICE = 14 * 24 * 60


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day in which no reminder is sent, by the clock on the wall; over midnight if they end earlier."""

    begins: Time
    ends: Time

    def at(self, now: Instant, zone: str) -> bool:
        """Return whether it is quiet: what the wall shows decides, also when clocks change."""
        clock = now.to_tz(zone).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def __str__(self) -> str:
        return f"{_clock(self.begins)}-{_clock(self.ends)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """When clients are reminded: days after the last share or step, minutes before a hold ends, days after the day
    on which a balance is due, the hour on the day before a session; ``zone`` is that of the quiet hours.
    """

    unfinished: tuple[int, ...]
    hold: int | None
    balance: tuple[int, ...]
    tomorrow: Time | None
    quiet: Quiet | None
    zone: str

    def is_quiet(self, now: Instant) -> bool:
        """Return whether no reminder is sent now."""
        return self.quiet is not None and self.quiet.at(now, self.zone)


def plan_of(words: Mapping[str, str], zone: str) -> Plan:
    """Return the plan that the settings say; ``words`` has all of ``DEFAULTS``."""
    return Plan(
        unfinished=parse_unfinished(words["remind.unfinished"]),
        hold=parse_hold(words["remind.hold"]),
        balance=parse_balance(words["remind.balance"]),
        tomorrow=parse_tomorrow(words["remind.tomorrow"]),
        quiet=parse_quiet(words["remind.quiet"]),
        zone=zone,
    )


# ── as it is typed, and as it is kept ─────────────────────────────────────────────────────────────


def parse_unfinished(text: str) -> tuple[int, ...]:
    """Return the days after the last share or step, the fewest first: ``2d, 5d``; ``none``."""
    days = [re.fullmatch(r"(\d{1,3})\s*d(?:ays?)?", part, re.I) for part in _parts(text)]
    if not all(days) or not text.isascii():
        raise _wrong(text, "does not say after how many days", 'Write days like "2d, 5d", or "none".')
    return _listed({int(one[1]) for one in days if one}, lowest=1)


def parse_hold(text: str) -> int | None:
    """Return how many minutes before a hold ends: ``24h``; None for ``none``."""
    if _is_none(text):
        return None
    minutes = parse_duration(text, "The time before a hold ends")
    if not 10 <= minutes <= LONGEST_HOLD_NOTICE:
        raise _wrong(text, "cannot be the time before a hold ends", "Use 10 minutes to 14 days: 24h.")
    return minutes


def parse_balance(text: str) -> tuple[int, ...]:
    """Return the days after the one on which a balance is due: ``7d before, on the day, 2d after`` is -7, 0, 2."""
    days = set()
    for part in _parts(text):
        try:
            day = parse_balance_due(part)
        except WrongUsage:
            day = None
        if day is None:
            raise _wrong(
                text,
                "does not say when to ask for a balance",
                'Write "7d before, on the day, 2d after", or "none".',
            )
        days.add(day)
    return _listed(days, lowest=-MOST_DAYS)


def parse_tomorrow(text: str) -> Time | None:
    """Return from what hour on the day before a session its client is reminded: ``yes``, ``18:00``; None for ``no``."""
    value = text.strip().casefold()
    if value in {"no", "none", "off"}:
        return None
    clock = parse_clock(DEFAULTS["remind.tomorrow"] if value == "yes" else value)
    if clock.second:
        raise _wrong(text, "is not an hour of the day before", "Write it like 18:00, yes or no.")
    return clock


def parse_quiet(text: str) -> Quiet | None:
    """Return the quiet hours: ``21:00-08:00``, ``9pm-8am``; None for ``none``."""
    if _is_none(text):
        return None
    begins, dash, ends = text.replace("–", "-").partition("-")
    try:
        quiet = Quiet(parse_clock(begins), parse_clock(ends)) if dash else None
    except WrongUsage:
        quiet = None
    if quiet is None or quiet.begins == quiet.ends:
        raise _wrong(text, "are no hours of a night", 'Write them like 21:00-08:00, or "none".')
    return quiet


def check_unfinished(text: str) -> str:
    """Return ``2d, 5d`` in its usual form."""
    return ", ".join(f"{day}d" for day in parse_unfinished(text)) or "none"


def check_hold(text: str) -> str:
    """Return ``24h`` in its usual form."""
    minutes = parse_hold(text)
    if minutes is None:
        return "none"
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest else "")


def check_balance(text: str) -> str:
    """Return ``7d before, on the day`` in its usual form."""
    return ", ".join(map(show_balance_due, parse_balance(text))) or "none"


def check_tomorrow(text: str) -> str:
    """Return the hour in its usual form."""
    clock = parse_tomorrow(text)
    return "no" if clock is None else _clock(clock)


def check_quiet(text: str) -> str:
    """Return the quiet hours in their usual form."""
    return str(parse_quiet(text) or "none")


# ── which of them ─────────────────────────────────────────────────────────────────────────────────


def parse_names(text: str) -> tuple[ReminderName, ...]:
    """Return the reminders that ``on``, ``off`` or ``unfinished, tomorrow`` means, in their usual order."""
    value = text.strip().casefold()
    if value in {"on", "all", "yes"}:
        return REMINDERS
    if value in {"off", "none", "no", ""}:
        return ()
    wanted = _parts(value)
    unknown = [name for name in wanted if name not in REMINDERS]
    if unknown:
        raise WrongUsage(
            f"There is no reminder {shown(unknown[0])[:40]!r}.",
            hint=f'Use on, off, or some of: "{", ".join(REMINDERS)}".',
            code="reminders",
        )
    return tuple(name for name in REMINDERS if name in wanted)


def show_names(names: tuple[ReminderName, ...]) -> str:
    """Return reminders as they are typed."""
    return "on" if names == REMINDERS else ", ".join(names) or "off"


def _parts(text: str) -> list[str]:
    return [] if _is_none(text) else [part.strip() for part in text.split(",")]


def _is_none(text: str) -> bool:
    return text.strip().casefold() in {"none", "no", "off"}


def _listed(days: set[int], lowest: int) -> tuple[int, ...]:
    if not all(lowest <= day <= MOST_DAYS for day in days) or len(days) > MOST_TIMES:
        raise WrongUsage(
            f"Reminders go out at most {MOST_TIMES} times, and at most {MOST_DAYS} days from their day.",
            hint="studio config list shows what is set.",
            code="reminders",
        )
    return tuple(sorted(days))


def _clock(clock: Time) -> str:
    return f"{clock.hour:02}:{clock.minute:02}"


def _wrong(text: str, what: str, hint: str) -> WrongUsage:
    return WrongUsage(f"{shown(text.strip())[:60]!r} {what}.", hint=hint, code="reminders")
