"""Times: exact moments in UTC, shown and typed in the zone in which they were meant.

Arithmetic is on moments (``whenever.Instant``), never on wall clocks. A wall time that does not exist (clocks
go forward) is refused; one that exists twice (clocks go back) must be decided by whoever typed it.
"""

from __future__ import annotations

import contextlib
import re
from typing import Literal

from whenever import (
    Date,
    Instant,
    OffsetDateTime,
    PlainDateTime,
    RepeatedTime,
    SkippedTime,
    Time,
    TimeZoneNotFoundError,
    ZonedDateTime,
)

from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.text import nearest, shown

Which = Literal["first", "second"]

EXAMPLES = 'Write it like "2026-12-04 10:00", "tomorrow 10:00" or "fri 3pm".'
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# Far enough for any booking, near enough that every later calculation stays inside what dates can be.
EARLIEST, LATEST = Instant.from_utc(1990, 1, 1), Instant.from_utc(2199, 12, 31)


# ── stored ────────────────────────────────────────────────────────────────────────────────────────


def stored(moment: Instant) -> str:
    """Return the moment as the file keeps it: UTC, whole seconds, fixed width, so that text order is time order."""
    return moment.format_iso(unit="second")


def from_stored(text: str) -> Instant:
    """Return the moment that ``stored`` wrote."""
    return Instant.parse_iso(text)


def rfc3339(moment: Instant, zone: str) -> str:
    """Return ``2026-12-05T10:00:00-05:00``: RFC 3339 with the offset of ``zone`` at that moment."""
    return moment.to_tz(zone).format_iso(unit="second", tz_id_display="omit")


# ── zones ─────────────────────────────────────────────────────────────────────────────────────────


def check_zone(name: str) -> str:
    """Return ``name`` if it is an IANA time zone (https://www.iana.org/time-zones), in its own spelling."""
    if found := known_zone(name.strip()):
        return found
    from zoneinfo import available_timezones  # reads a thousand names: only when one was wrong

    zones = sorted(zone for zone in available_timezones() if not _NO_ZONE.fullmatch(zone))
    wanted = name.strip().casefold().replace(" ", "_")
    same = [zone for zone in zones if zone.casefold() == wanted]
    if same:
        return same[0]
    cities = {zone.rpartition("/")[2]: zone for zone in zones}
    near = [zone for zone in zones if wanted and zone.casefold().endswith("/" + wanted)]
    near = near or [cities[city] for city in nearest(wanted, cities, 2)] or nearest(wanted, zones, 2)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Use an IANA name, for example: America/Toronto"
    raise WrongUsage(f"{shown(name)[:60]!r} is not a time zone.", hint=hint, code="time_zone")


COMMON_ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Toronto", "America/Halifax", "America/St_Johns",
    "America/Vancouver", "America/Mexico_City", "America/Havana", "America/Panama", "America/Bogota",
    "America/Lima", "America/Caracas", "America/La_Paz", "America/Santiago", "America/Asuncion",
    "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "America/Montevideo", "Atlantic/Azores",
    "Atlantic/Cape_Verde", "Atlantic/Reykjavik", "Europe/Lisbon", "Europe/London", "Europe/Dublin",
    "Europe/Madrid", "Europe/Paris", "Europe/Brussels", "Europe/Amsterdam", "Europe/Zurich",
    "Europe/Berlin", "Europe/Rome", "Europe/Vienna", "Europe/Prague", "Europe/Warsaw", "Europe/Copenhagen",
    "Europe/Oslo", "Europe/Stockholm", "Europe/Helsinki", "Europe/Athens", "Europe/Bucharest",
    "Europe/Kyiv", "Europe/Istanbul", "Europe/Moscow", "Africa/Casablanca", "Africa/Lagos", "Africa/Cairo",
    "Africa/Johannesburg", "Africa/Nairobi", "Asia/Jerusalem", "Asia/Riyadh", "Asia/Dubai", "Asia/Tehran",
    "Asia/Kabul", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon",
    "Asia/Bangkok", "Asia/Singapore", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Manila", "Asia/Tokyo",
    "Asia/Seoul", "Australia/Perth", "Australia/Darwin", "Australia/Adelaide", "Australia/Brisbane",
    "Australia/Sydney", "Pacific/Noumea", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Tongatapu",
)  # fmt: skip
"""One zone for every clock that many people live by, from west to east, to choose from where all would be too many."""


_NO_ZONE = re.compile(r"localtime|posixrules|Factory|(posix|right)/.*", re.I)
"""What lies beside the zones on many machines: another thing on each of them, or clocks with leap seconds."""


def known_zone(name: str) -> str | None:
    """Return a time zone's own name if there is one of that name; nothing is guessed, so it costs nothing to ask."""
    if not re.fullmatch(r"[A-Za-z0-9_+/-]{1,40}", name) or _NO_ZONE.fullmatch(name):
        return None
    try:
        return str(Instant.from_utc(2026, 1, 1).to_tz(name).tz_id)
    except (TimeZoneNotFoundError, ValueError):
        return None


# ── typed ─────────────────────────────────────────────────────────────────────────────────────────

_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:\.0+)?)?\s*(am|pm|a\.m\.|p\.m\.)?")
_ISO_WALL = re.compile(r"(\d{4}-\d{2}-\d{2})[T\s]+(\S.*)", re.I)
_ISO_EXACT = re.compile(r"\d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})", re.I)


def parse_when(text: str, zone: str, now: Instant, which: Which | None = None) -> Instant:
    """Return the moment that a person means by ``text``.

    ``text`` is ``2026-12-04 10:00`` (a wall time in ``zone``), RFC 3339 with an offset (exact), or everyday
    words counted from ``now``: ``today``, ``tomorrow``, a weekday (the next such time to come), ``4 dec``.
    ``which`` decides a wall time that exists twice. Raises ``WrongUsage`` (exit 2) for what is not a time and
    for an undecided one, ``Refused`` (exit 3) for a wall time that clocks skip.
    """
    value = " ".join(text.strip().split())
    if _ISO_EXACT.fullmatch(value):
        try:
            exact = f"{value[:10]}T{value[11:].replace(' ', '')}".upper()
            return _reasonable(OffsetDateTime.parse_iso(exact).to_instant(), text)
        except ValueError:
            raise _not_a_time(text) from None
    iso = _ISO_WALL.fullmatch(value)
    if iso:
        moment = at_wall(_wall(parse_date(iso[1]), _clock(iso[2], text), text), zone, which)
        return _reasonable(moment, text)
    return _reasonable(_words(value.casefold(), zone, now, text, which), text)


def at_wall(wall: PlainDateTime, zone: str, which: Which | None = None) -> Instant:
    """Return the moment of a wall time in ``zone``; refuse one that is skipped, ask about one that repeats."""
    if which is not None and not _is_skipped(wall, zone):
        choice: Literal["earlier", "later"] = "earlier" if which == "first" else "later"
        return wall.assume_tz(zone, disambiguation=choice).to_instant()
    try:
        return wall.assume_tz(zone, disambiguation="raise").to_instant()
    except SkippedTime:
        before, after = _around_gap(wall, zone)
        raise Refused(
            f"{_plain(wall)} does not exist in {zone}: the clocks go forward then.",
            hint=f"The nearest times that do are {before} and {after}.",
            code="time_does_not_exist",
            details={"nearest": [before, after]},
        ) from None
    except RepeatedTime:
        raise WrongUsage(
            f"{_plain(wall)} exists twice in {zone}: the clocks go back then.",
            hint="Say which one with --first or --second.",
            code="time_exists_twice",
        ) from None


def as_typed(moment: Instant, zone: str) -> tuple[str, Which | None]:
    """Return a moment as ``parse_when`` takes it, ``2026-12-04 10:00``, and which one it is if that exists twice."""
    wall = moment.to_tz(zone).to_plain()
    try:
        at_wall(wall, zone)
    except WrongUsage:
        return _plain(wall), "first" if at_wall(wall, zone, "first") == moment else "second"
    return _plain(wall), None


def _is_skipped(wall: PlainDateTime, zone: str) -> bool:
    return wall.assume_tz(zone, disambiguation="earlier").to_plain() != wall


def _around_gap(wall: PlainDateTime, zone: str) -> tuple[str, str]:
    """Return the last wall minute before the gap that swallows ``wall`` and the first one after it."""
    early = wall.assume_tz(zone, disambiguation="earlier")
    change = early.next_transition()
    assert change is not None  # a skipped time lies in a transition
    return _plain(change.subtract(minutes=1).to_plain()), _plain(change.to_plain())


def _plain(wall: PlainDateTime) -> str:
    return wall.format_iso(unit="minute", sep=" ")


def _wall(day: Date, clock: Time, text: str) -> PlainDateTime:
    if clock.second:
        raise WrongUsage(f"{text!r} has seconds; sessions begin on a whole minute.", hint=EXAMPLES)
    return day.at(clock)


def _reasonable(moment: Instant, text: str) -> Instant:
    if not EARLIEST <= moment <= LATEST:
        raise WrongUsage(f"{shown(text)[:60]!r} is too far away to be a session's time.", hint=EXAMPLES)
    if moment != moment.round("minute", mode="floor"):
        raise WrongUsage(
            f"{shown(text)[:60]!r} has seconds; sessions begin on a whole minute.", hint=EXAMPLES
        )
    return moment


def parse_date(text: str) -> Date:
    """Return the date that ``YYYY-MM-DD`` says."""
    try:
        return Date.parse_iso(text.strip())
    except ValueError:
        raise WrongUsage(
            f"{shown(text)[:40]!r} is not a date.", hint="Write it like 2026-12-04.", code="date"
        ) from None


def parse_clock(text: str) -> Time:
    """Return the time of day that ``text`` says: ``09:00``, ``3pm``, ``3:30 pm``, ``noon``."""
    return _clock(text, text)


def _clock(text: str, whole: str) -> Time:
    value = text.strip().casefold()
    if value in {"noon", "midday"}:
        return Time(12)
    if value == "midnight":
        return Time(0)
    match = _CLOCK.fullmatch(value)
    if not match or (match[2] is None and match[4] is None):
        raise _not_a_time(whole)
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise _not_a_time(whole)
        hour = hour % 12 + (12 if match[4].startswith("p") else 0)
    try:
        return Time(hour, minute, second)
    except ValueError:
        raise _not_a_time(whole) from None


def _weekday_words() -> dict[str, int]:
    return {word: number for number, day in enumerate(WEEKDAYS, 1) for word in (day, day[:3])}


def _words(value: str, zone: str, now: Instant, text: str, which: Which | None) -> Instant:
    """Return the moment of everyday words: a day, then a time of day."""
    words, here = value.replace(",", " ").replace(" at ", " ").split(), now.to_tz(zone)
    if words and words[0] == "next" and len(words) > 1 and words[1] in _weekday_words():
        words = words[1:]
    if len(words) < 2:
        raise _not_a_time(text)
    weekday = _weekday_words().get(words[0])
    if weekday is not None:
        return _next_weekday(weekday, _clock(" ".join(words[1:]), text), zone, now, text, which)
    if words[0] in {"today", "tomorrow"}:
        day = here.date().add(days=int(words[0] == "tomorrow"))
        clock = _clock(" ".join(words[1:]), text)
    else:
        day, clock = _month_day(words, here, text)
    return at_wall(_wall(day, clock, text), zone, which)


def _next_weekday(
    weekday: int, clock: Time, zone: str, now: Instant, text: str, which: Which | None
) -> Instant:
    """Return the next such time to come. What today's clock has passed is not asked about, even if it repeats."""
    here = now.to_tz(zone)
    day = here.date().add(days=(weekday - here.date().day_of_week().value) % 7)
    wall = _wall(day, clock, text)
    if wall.assume_tz(zone, disambiguation="later").to_instant() > now:
        moment = at_wall(wall, zone, which)
        if moment > now:
            return moment
    return at_wall(_wall(day.add(days=7), clock, text), zone, which)


def _month_day(words: list[str], now: ZonedDateTime, text: str) -> tuple[Date, Time]:
    """Read ``4 dec 10:00``, ``dec 4 2026 10am``: without a year, the next such day."""
    first, second, *rest = words
    if _month(first):
        first, second = second, first
    month = _month(second)
    if not first.isdigit() or not month or not rest:
        raise _not_a_time(text)
    try:
        if re.fullmatch(r"\d{4}", rest[0]):
            day = Date(int(rest.pop(0)), month, int(first))
        else:
            day = _next_date(now.date(), month, int(first))
    except ValueError:
        raise _not_a_time(text) from None
    return day, _clock(" ".join(rest), text)


def _month(word: str) -> int | None:
    """Return 12 for ``dec``, ``dec.`` and ``december``."""
    name = word.removesuffix(".")
    if len(name) < 3:
        return None
    return next(
        (number for number, month in enumerate(MONTH_NAMES, 1) if month.casefold().startswith(name)), None
    )


def _next_date(today: Date, month: int, day: int) -> Date:
    """Return the next such day, today included: eight years hold every day that there is."""
    for year in range(today.year, today.year + 9):
        with contextlib.suppress(ValueError):
            if (found := Date(year, month, day)) >= today:
                return found
    raise ValueError("there is no such day")


def _not_a_time(text: str) -> WrongUsage:
    return WrongUsage(f"{shown(text.strip())[:60]!r} is not a date and time.", hint=EXAMPLES, code="time")


# ── durations ─────────────────────────────────────────────────────────────────────────────────────

_DURATION = re.compile(r"(?:(\d{1,3})\s*d)?\s*(?:(\d{1,4})\s*h)?\s*(?:(\d{1,5})\s*(?:m|min)?)?", re.I)


def parse_duration(text: str, what: str = "The duration") -> int:
    """Return minutes: ``90m``, ``1h30``, ``2h``, ``3d``. A bare number is refused: it could mean either."""
    value = text.strip()
    match = _DURATION.fullmatch(value)
    if not match or not any(match.groups()) or value.isdigit():
        raise WrongUsage(
            f"{what} cannot be {shown(value)[:40]!r}: that is not a length of time.",
            hint="Write it like 90m, 1h30 or 2h.",
            code="duration",
        )
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + minutes


def show_duration(minutes: int) -> str:
    """Return ``1 h 30 min``, ``45 min``, ``2 days``."""
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [f"{days} day{'s' if days > 1 else ''}" if days else "", f"{hours} h" if hours else ""]
    parts.append(f"{left} min" if left or not minutes else "")
    return " ".join(part for part in parts if part)


# ── shown: the one place that decides how a time reads, on the terminal, in a mail, on a page ─────


def show_day(moment: Instant, zone: str) -> str:
    """Return ``Friday 4 December 2026``."""
    local = moment.to_tz(zone)
    weekday = WEEKDAYS[local.date().day_of_week().value - 1].capitalize()
    return f"{weekday} {local.day} {MONTH_NAMES[local.month - 1]} {local.year}"


def show_clock(moment: Instant, zone: str) -> str:
    """Return ``10:00``: 24 hours, on the wall of ``zone``."""
    local = moment.to_tz(zone)
    return f"{local.hour:02}:{local.minute:02}"


def show_short(moment: Instant, zone: str) -> str:
    """Return ``Fri 4 Dec 2026 10:00``, for a line of a table or an error."""
    local = moment.to_tz(zone)
    weekday = WEEKDAYS[local.date().day_of_week().value - 1][:3].capitalize()
    return f"{weekday} {local.day} {MONTHS[local.month - 1].capitalize()} {local.year} {local.hour:02}:{local.minute:02}"


def show_date(day: Date, today: Date | None = None) -> str:
    """Return ``Fri 4 Dec 2026``; without the year when ``today`` is given and has the same."""
    weekday = WEEKDAYS[day.day_of_week().value - 1][:3].capitalize()
    year = "" if today is not None and today.year == day.year else f" {day.year}"
    return f"{weekday} {day.day} {MONTHS[day.month - 1].capitalize()}{year}"


def show_wall(wall: PlainDateTime) -> str:
    """Return a wall time, whether or not clocks ever show it, as ``Fri 4 Dec 2026 10:00``."""
    return f"{show_date(wall.date())} {wall.hour:02}:{wall.minute:02}"


def show_near(moment: Instant, zone: str, now: Instant) -> str:
    """Return ``Fri 4 Dec 10:00``; with the year when it is not that of ``now``."""
    local = moment.to_tz(zone)
    return f"{show_date(local.date(), now.to_tz(zone).date())} {local.hour:02}:{local.minute:02}"


def show_span(minutes: int) -> str:
    """Return how long something lasts in its largest unit: ``3 days``, ``1 hour``, ``20 minutes``."""
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            return f"{minutes // size} {unit}{'' if minutes // size == 1 else 's'}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def show_ago(moment: Instant, now: Instant) -> str:
    """Return how long ago something was: ``3 days``; what is still to come is ``0 minutes``."""
    return show_span(max(int((now - moment).total("minutes")), 0))


def show_distance(moment: Instant, now: Instant, zone: str) -> str:
    """Return ``in 14 days``, ``tomorrow``, ``in 3 hours``, ``now``, ``yesterday``: by the days of ``zone``."""
    days = days_between(now.to_tz(zone).date(), moment.to_tz(zone).date())
    if days:
        return show_days(days)
    minutes = int((moment - now).total("minutes"))
    if minutes == 0:
        return "now"
    return f"in {show_span(minutes)}" if minutes > 0 else f"{show_span(-minutes)} ago"


def show_full_date(day: Date, today: Date | None = None) -> str:
    """Return ``Friday 4 December 2026``; without the year when ``today`` is given and has the same."""
    weekday = WEEKDAYS[day.day_of_week().value - 1].capitalize()
    year = "" if today is not None and today.year == day.year else f" {day.year}"
    return f"{weekday} {day.day} {MONTH_NAMES[day.month - 1]}{year}"


def show_days(days: int) -> str:
    """Return a number of days from today in words: ``in 14 days``, ``tomorrow``, ``today``, ``3 days ago``."""
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return near.get(days) or (f"in {days} days" if days > 0 else f"{-days} days ago")


def days_between(first: Date, last: Date) -> int:
    """Return how many days after ``first`` the other day is; below zero when it is before."""
    return int(last.since(first, total="days"))


def show_range(start: Instant, end: Instant, zone: str) -> str:
    """Return ``10:00 to 11:30``, with the day where the end is on another one."""
    if start.to_tz(zone).date() == end.to_tz(zone).date():
        return f"{show_clock(start, zone)} to {show_clock(end, zone)}"
    return f"{show_clock(start, zone)} to {show_short(end, zone)}"


def whole_days(start: Instant, end: Instant, zone: str) -> tuple[Date, Date] | None:
    """Return the first and the last day of a time that is whole days of a zone; None for any other."""
    first, after = start.to_tz(zone).date(), end.to_tz(zone).date()
    if first < after and day_begins(first, zone) == start and day_begins(after, zone) == end:
        return first, after.subtract(days=1)
    return None


def show_offset(moment: Instant, zone: str) -> str:
    """Return ``America/Toronto, UTC−05:00``: the zone and its offset at that moment."""
    offset = rfc3339(moment, zone)[19:].replace("Z", "+00:00")
    return f"{zone}, UTC" + offset.replace("-", "−")


def same_clock(moment: Instant, zone: str, other: str) -> bool:
    """Return whether the clocks of two zones show the same at a moment."""
    return moment.to_tz(zone).to_plain() == moment.to_tz(other).to_plain()


def parse_day(text: str, zone: str, now: Instant) -> Date:
    """Return the day that ``text`` says: ``2026-12-04``, ``today``, ``tomorrow``, ``+30d``, ``-7d``."""
    day = _day(text.strip().casefold(), now.to_tz(zone).date())
    if not EARLIEST.to_tz(zone).date() <= day <= LATEST.to_tz(zone).date():
        raise WrongUsage(
            f"{shown(text)[:40]!r} is too far away.", hint="Write it like 2026-12-04.", code="date"
        )
    return day


def _day(value: str, today: Date) -> Date:
    if value in {"today", "tomorrow"}:
        return today.add(days=int(value == "tomorrow"))
    ahead = re.fullmatch(r"([+-]\d{1,4})d", value)
    if ahead:
        return today.add(days=int(ahead[1]))
    return parse_date(value)


def parse_any_day(text: str, zone: str, now: Instant) -> Date:
    """Return the day that ``text`` says as ``parse_day`` does, or in everyday words: ``sat``, ``24 dec``."""
    try:
        return parse_day(text, zone, now)
    except WrongUsage:
        return parse_when(f"{text} 23:59", zone, now, "first").to_tz(zone).date()


def parse_month(text: str, zone: str, now: Instant) -> Date:
    """Return the first day of the month that ``text`` says: ``2026-12``, ``dec``, ``december``, ``this``, ``next``.

    A name means the next such month, the present one included.
    """
    today, value = now.to_tz(zone).date().replace(day=1), text.strip().casefold()
    if value in {"this", "next"}:
        return today.add(months=int(value == "next"))
    month = _month(value)
    if month:
        return today.add(months=(month - today.month) % 12)
    typed = re.fullmatch(r"(\d{4})-(\d{2})", value)
    try:
        first = Date(int(typed[1]), int(typed[2]), 1) if typed else None
    except ValueError:
        first = None
    if first is None or not EARLIEST.to_tz(zone).date() <= first <= LATEST.to_tz(zone).date():
        raise WrongUsage(
            f"{shown(text)[:40]!r} is not a month.",
            hint="Write it like 2026-12, december or next.",
            code="date",
        )
    return first


def parse_moment(text: str, zone: str, now: Instant) -> Instant:
    """Return when something happened: like ``parse_when``, to the second; a day alone means its noon."""
    value = " ".join(text.strip().split())
    if _ISO_EXACT.fullmatch(value):
        try:
            moment = OffsetDateTime.parse_iso(
                value.upper().replace(" ", "T", 1).replace(" ", "")
            ).to_instant()
        except ValueError:
            raise _not_a_time(text) from None
        return moment.round("second", mode="floor")
    try:
        day = parse_day(text, zone, now)
    except WrongUsage:
        return parse_when(text, zone, now, "first")
    return day.at(Time(12)).assume_tz(zone, disambiguation="compatible").to_instant()


def day_begins(day: Date, zone: str) -> Instant:
    """Return the first moment of a day in ``zone``; midnight may not exist there."""
    return day.at(Time(0)).assume_tz(zone, disambiguation="compatible").start_of("day").to_instant()


def parse_wall(text: str, zone: str, now: Instant) -> PlainDateTime:
    """Return the wall time that ``text`` says, whether or not clocks ever show it: ``2026-12-24 13:00``, ``fri 3pm``."""
    iso = _ISO_WALL.fullmatch(" ".join(text.strip().split()))
    if iso:
        return _wall(parse_date(iso[1]), _clock(iso[2], text), text)
    return parse_when(text, zone, now, "first").to_tz(zone).to_plain()
