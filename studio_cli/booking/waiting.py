"""The waiting list: who is told when a time comes free, and when it is whose turn.

Nothing that frees a time has to think of it. Whoever looks compares what is free with what those who wait know to be
free: it comes to the same whether a client has canceled, a hold ran out, a calendar changed or hours were opened.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from whenever import Date, Instant

from studio_cli.booking import client as clients
from studio_cli.booking import mail, site, slot, waiting_mail
from studio_cli.booking import session_type as types
from studio_cli.booking.month import Month, horizon
from studio_cli.booking.site import Person, Visitor
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.availability import starts_by_day
from studio_cli.model.client import ClientDetails
from studio_cli.model.session_type import SessionType
from studio_cli.model.text import shown
from studio_cli.model.times import day_begins, parse_day, show_short
from studio_cli.model.waiting import Days, LeftWhy, Offered, Turn, Waiting, turns
from studio_cli.store import availability as hours_store
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store
from studio_cli.store import session_type as type_store
from studio_cli.store import waiting as waiting_store
from studio_cli.store.waiting import Entry

MOST_OF_ONE = 10
"""So many things can somebody wait for at once: nobody's mailbox is worth more to whoever types other people's."""
MOST_OF_AN_ADDRESS = 10
"""So many can put themselves on the list from one address in a day: it may be several homes'."""
MOST_AT_ONCE = 20
"""Mails are written while nobody else can write to the file: not for longer than anybody should wait for it."""
LINK_LIVES_DAYS = 30
"""So long after somebody has left the list, the link with which they do still says that they have."""


# ── telling ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done about those who wait: who leaves the list and why, and whose turn it is."""

    leaving: Sequence[tuple[Waiting, LeftWhy]] = field(default_factory=list)
    turns: Sequence[Turn] = field(default_factory=list)

    @property
    def told(self) -> int:
        """How many are to be told of a time."""
        return sum(turn.start is not None for turn in self.turns)


def look(studio: Studio) -> list[int]:
    """Put a mail into the outbox for everybody whose turn it is; return the numbers of the mails.

    Safe to run at any time, several at once too: who was told is what the outbox says. Without a mail server, and
    while clients are to be told nothing, nobody is; then they are when that has changed, if the time is still free.
    """
    if waiting_store.count(studio.file) == 0:
        return []
    with studio.file.reading():
        found = _possible(studio, due(studio))
    if not found.leaving and not found.turns:
        return []
    with studio.file.atomic():
        mail.cancel_untrue(studio)
        return _write(studio, _possible(studio, due(studio)))


def due(studio: Studio) -> Due:
    """Return what is to be done now, mail server or not; nobody's turn comes in the quiet hours."""
    now = studio.now()
    with studio.file.reading():
        people = waiting_store.listed(studio.file)
        ends = [(one, why) for one in people if (why := _why_leaves(one, now))]
        left = {one.id for one, _ in ends}
        if studio.settings.reminders.is_quiet(now):
            return Due(ends)
        staying = [one for one in people if one.id not in left and _may_be_told(studio, one)]
        offered = {
            number: _offered(studio, offer, [one for one in staying if one.type.id == number])
            for number in {one.type.id for one in staying}
            if (offer := type_store.get(studio.file, number)) and waiting_mail.is_open(offer)
        }
        return Due(ends, _first_of(turns(staying, offered, now)))


def _first_of(found: Iterable[Turn]) -> list[Turn]:
    """Return the turns until enough are told at once: the others come with the next look, in their order."""
    kept: list[Turn] = []
    for turn in found:
        kept.append(turn)
        if sum(one.start is not None for one in kept) == MOST_AT_ONCE:
            break
    return kept


def _possible(studio: Studio, found: Due) -> Due:
    silent = studio.quiet or not studio.settings.get("mail.host")
    return replace(found, turns=[]) if silent else found


def _why_leaves(one: Waiting, now: Instant) -> LeftWhy | None:
    if one.has_booked:
        return "booked"
    return "over" if now >= one.ends_at else None


def _may_be_told(studio: Studio, one: Waiting) -> bool:
    visitor = Visitor(one.visitor or "", one.days.zone)
    return one.client.email is not None and not site.is_unwanted(studio, visitor, one.client.email)


def _offered(studio: Studio, offer: SessionType, people: Sequence[Waiting]) -> Offered:
    """Return what there is for the people who wait for a type: its free times as far ahead as any of them looks."""
    now, zone, need = studio.now(), studio.settings.zone, offer.need()
    last = max(one.days.end or horizon(now, zone) for one in people)
    free = slot.slots(studio, need, now, last, for_clients=True)
    booked: Counter[Date] = Counter()
    if need.per_day is not None:
        begin = day_begins(now.to_tz(zone).date(), zone)
        around = hours_store.starts_of_type(studio.file, offer.id, begin, last.add(hours=48), now)
        booked = starts_by_day(around, zone)
    return Offered(need, free, booked, zone)


def _write(studio: Studio, found: Due) -> list[int]:
    """Inside a write: do what is due. A mail that cannot be written holds up no other."""
    for one, why in found.leaving:
        _leave(studio, one, why)
    numbers = []
    for turn in found.turns:
        waiting_store.note_known(studio.file, turn.waiting.id, turn.known)
        number = _tell(studio, turn.waiting, turn.start) if turn.start else None
        if number is not None:
            numbers.append(number)
    return numbers


def _tell(studio: Studio, one: Waiting, start: Instant) -> int | None:
    try:
        return waiting_mail.put(studio, one, start)
    except (sqlite3.Error, MemoryError):  # what the file refuses is another matter: then nothing is kept
        raise
    except Exception as problem:
        why = {"kind": waiting_mail.KIND, "why": type(problem).__name__}
        _note(studio, one, "mail not written", why)
        return None


def _leave(studio: Studio, one: Waiting, why: LeftWhy) -> bool:
    """Inside a write: take somebody off the list; return whether they were on it."""
    gone = waiting_store.leave(studio.file, one.id, why, studio.now())
    if gone:
        actor: event_store.Actor = {"asked": "client", "removed": "owner"}.get(why, "system")  # type: ignore[assignment]
        _note(studio, one, "waiting ended", {"waiting": one.id, "why": why}, actor)
        mail.cancel_untrue(studio)
    return gone


def _note(
    studio: Studio,
    one: Waiting,
    kind: str,
    details: Mapping[str, Any],
    actor: event_store.Actor = "system",
) -> None:
    event_store.add(studio.file, kind, studio.now(), actor=actor, client_id=one.client.id, details=details)


# ── on the site ───────────────────────────────────────────────────────────────────────────────────

Joined = Literal["listed", "free", "enough"]
"""``listed``: they are told (or it looks so). ``free``: there is a time already. ``enough``: too many from there."""


def is_kept(studio: Studio, offer: SessionType) -> bool:
    """Return whether clients can put themselves on the list of a type: nobody could be told without a mail server."""
    return offer.site.waiting_list and studio.settings.get("mail.host") is not None


def choices(studio: Studio, offer: SessionType, visitor: Visitor, month: Month) -> list[Days]:
    """Return what somebody who looks at a month can wait for: days on which all is taken, and more if nothing is free.

    None at all while there is something free on every day that is open. As true as the month is.
    """
    if not is_kept(studio, offer):
        return []
    with studio.file.reading():
        minute = studio.now().round("minute", mode="floor")
        key = ("waiting", offer.id, visitor.zone, month.first, site.is_unwanted(studio, visitor), minute)
        return studio.file.remembered(key, lambda: _choices(studio, offer, visitor, month))


def _choices(studio: Studio, offer: SessionType, visitor: Visitor, month: Month) -> list[Days]:
    zone, found = visitor.zone, []
    begin, end = day_begins(month.first, zone), day_begins(month.after, zone)
    if not month.days:
        found.append(Days(zone, month.first, month.after.subtract(days=1)))
        if site.next_free(studio, offer, visitor, studio.now()) is None:
            found.insert(0, Days(zone))
    open_days = {start.to_tz(zone).date() for start in slot.possible(studio, offer.need(), begin, end)}
    return found + [Days(zone, day, day) for day in sorted(open_days - set(month.days))]


def join(studio: Studio, key: str, days: Days, person: Person, visitor: Visitor) -> Joined:
    """Put somebody on the list of what a part of an address leads to. What they have typed stays with that.

    As when booking, nobody learns who is known here: who is blocked, or waits for a lot already, sees the same page.
    """
    offer = site.offer_at(studio, key)
    if not is_kept(studio, offer):
        raise NotFound(
            "There is no waiting list at this address.",
            hint="See what can be booked: studio type list",
            code="no_offer",
        )
    if site.is_unwanted(studio, visitor, person.email):
        return "listed"
    with studio.file.atomic():
        studio.settle(studio.now())
        if first_free(studio, offer, days) is not None:
            return "free"
        since = studio.now().subtract(hours=24)
        if waiting_store.count(studio.file, visitor=visitor.address, since=since) >= MOST_OF_AN_ADDRESS:
            return "enough"
        client = client_store.by_email(studio.file, person.email)
        if client and waiting_store.count(studio.file, client_id=client.id) >= MOST_OF_ONE:
            return "listed"
        details = ClientDetails.checked(person.name, person.email)
        number = client.id if client else clients.insert(studio, details, "client")
        _insert(
            studio,
            Entry(offer.id, number, days, person.name, visitor.language, visitor.address),
            "client",
        )
        return "listed"


def first_free(studio: Studio, offer: SessionType, days: Days) -> Instant | None:
    """Return the first time on these days that a client could have, or None while there is nothing but to wait."""
    now = studio.now()
    begin, end = max(now, days.begin or now), days.end or horizon(now, days.zone)
    found = slot.slots(studio, offer.need(), begin, end, for_clients=True)
    return found[0] if found else None


def _insert(studio: Studio, entry: Entry, actor: event_store.Actor) -> int | None:
    number = waiting_store.insert(studio.file, entry, studio.now())
    if number is not None:
        known = {"waiting": number, "type": entry.type_id, "days": str(entry.days)}
        event_store.add(
            studio.file,
            "waiting begun",
            studio.now(),
            actor=actor,
            client_id=entry.client_id,
            details=known,
        )
    return number


# ── a link that ends it ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ending:
    """What is behind such a link: what they wait for, and how much else they do."""

    waiting: Waiting
    others: int


def behind(studio: Studio, token: str) -> Ending:
    """Return what a link takes somebody off; ``NotFound`` for one that is none, or not any more."""
    number = number_behind(studio, token)
    found = waiting_store.get(studio.file, number) if number is not None else None
    if found is None:
        raise NotFound("There is nothing at this address.", code="no_link")
    every = waiting_store.count(studio.file, client_id=found.client.id)
    return Ending(found, every - (found.left_at is None))


def number_behind(studio: Studio, token: str) -> int | None:
    """Return the number that a token stands for."""
    return waiting_store.by_token(studio.file, token, studio.now().subtract(hours=24 * LINK_LIVES_DAYS))


def stop(studio: Studio, token: str, *, everything: bool = False) -> Ending:
    """Take whoever has the link off the list, or all lists; done twice, nothing changes."""
    with studio.file.atomic():
        here = behind(studio, token).waiting
        others = [one for one in waiting_store.listed(studio.file) if one.client.id == here.client.id]
        for one in others if everything else [here]:
            _leave(studio, one, "asked")
        return behind(studio, token)


# ── the owner's side ──────────────────────────────────────────────────────────────────────────────


def add(studio: Studio, type_: str, client: str, on: str | None, until: str | None) -> tuple[Waiting, bool]:
    """Put a client on the list of a type, for days or for any; return them, and whether that is new.

    Refused while a time is free on these days: there is nothing to wait for.
    """
    with studio.file.atomic():
        studio.settle(studio.now())
        offer, found = site.check_open(types.find(studio, type_)), clients.find(studio, client)
        days = _typed_days(studio, on, until)
        if found.email is None:
            raise Refused(
                f"{shown(found.name)} has no mail address to be told at.",
                hint=f"Add it: studio client edit {found.id} --email name@example.com",
                code="no_email",
            )
        free = first_free(studio, offer, days)
        if free is not None:
            when = show_short(free, studio.settings.zone)
            raise Refused(
                f"There is a time free already: {when}.",
                hint=f"studio slots --type {offer.slug} --for-clients shows them; or name a day: --on DAY",
                code="free",
            )
        already = waiting_store.of_client(studio.file, found.id, days, offer.id)
        if already:
            return already, False
        number = _insert(studio, Entry(offer.id, found.id, days), "owner")
        assert number is not None
        return get(studio, number), True


def _typed_days(studio: Studio, on: str | None, until: str | None) -> Days:
    zone, now = studio.settings.zone, studio.now()
    if on is None:
        if until is not None:
            raise WrongUsage("--until needs a first day.", hint="Say it with --on.", code="missing")
        return Days(zone)
    first = parse_day(on, zone, now)
    last = parse_day(until, zone, now) if until else first
    if last < first:
        raise WrongUsage(
            "The last day is before the first.", hint="For example: --on 2026-12-12 --until 2026-12-19"
        )
    if last < now.to_tz(zone).date():
        raise Refused(
            f"{last} is over.", hint="Which year do you mean? Write it like 2026-12-12.", code="past"
        )
    return Days(zone, first, last)


def remove(studio: Studio, number: int) -> tuple[Waiting, bool]:
    """Take somebody off the list; return them, and whether they were on it."""
    with studio.file.atomic():
        gone = _leave(studio, get(studio, number), "removed")
        return get(studio, number), gone


def get(studio: Studio, number: int) -> Waiting:
    """Return whoever has that number on the list; ``NotFound`` when there never was one."""
    found = waiting_store.get(studio.file, number)
    if found is None:
        raise NotFound(f"Nobody has the number {number} on the waiting list.", hint="studio waiting list")
    return found


def listed(studio: Studio, type_: str | None = None, *, left: bool = False) -> list[Waiting]:
    """Return who waits, for one type or for all of them, who came first comes first; with ``left`` who did, too."""
    number = types.find(studio, type_).id if type_ else None
    return waiting_store.listed(studio.file, type_id=number, left=left)
