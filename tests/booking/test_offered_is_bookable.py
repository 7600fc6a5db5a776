"""Whatever is subscribed to, edited, booked and asked for, in whatever order: a slot offered is bookable at that moment,
and a bookable one is offered; to the owner, and on the booking site, whose server has the file open all the while.
"""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from whenever import Date, Instant

from studio_cli.booking import availability, journey, new_session, request, session_changes, site, slot
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking import subscription as subscriptions
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.site import Person, Visitor
from studio_cli.booking.studio import Studio, change_setting, found, open_studio
from studio_cli.errors import Refused, StudioError, WrongUsage
from studio_cli.model.availability import seconds
from studio_cli.model.calendar import CalendarUnreadable
from studio_cli.model.session_type import SessionType
from studio_cli.model.site import TypedSite
from studio_cli.model.times import rfc3339, stored
from studio_cli.store import session as session_store
from tests.booking.test_subscription import Paper
from tests.calendars import calendar, event
from tests.conftest import Clock

# The weekend on which clocks go back in Toronto: a Saturday, the Sunday of 25 hours, and a Monday.
FIRST, LAST = Instant.from_utc(2026, 10, 31, 4), Instant.from_utc(2026, 11, 3, 5)
ZONES = ("America/Toronto", "Europe/Lisbon")
KINDS = ("{at}", "{at}Z", ";TZID=Europe/Lisbon:{at}", ";TZID=America/Toronto:{at}")
MORE = ("", "RRULE:FREQ=DAILY;COUNT=3", "TRANSP:TRANSPARENT", "STATUS:CANCELLED")
LENGTHS = (15, 60, 100, 600, 2000)
QUARTERS = st.integers(0, 4 * 24 * 3)
MONTHS = (Date(2026, 10, 1), Date(2026, 11, 1))
PICKS = st.integers(0, 200)
SPANS = ("09:00-17:00", "00:00-24:00", "00:30-02:30", "10:10-12:00")


def _wall(quarter: int) -> str:
    day, rest = divmod(quarter, 96)
    return f"2026{('1031', '1101', '1102', '1103')[day]}T{rest // 4:02}{rest % 4 * 15:02}00"


@st.composite
def events(draw: st.DrawFn) -> str:
    """An event somewhere in these days: floating, in a zone, of a whole day; repeated, free, canceled."""
    lines = [draw(st.sampled_from(MORE))]
    if draw(st.integers(0, 5)) == 0:
        lines.append(f"DTSTART;VALUE=DATE:{_wall(draw(QUARTERS))[:8]}")
    else:
        kind = draw(st.sampled_from(KINDS))
        lines.append("DTSTART" + (kind if kind[0] == ";" else f":{kind}").format(at=_wall(draw(QUARTERS))))
        lines.append(f"DURATION:PT{draw(st.sampled_from(LENGTHS))}M")
    return "\r\n".join(filter(None, lines))


CALENDARS = st.lists(events(), max_size=3)
_numbers = count()


class Days(RuleBasedStateMachine):
    """An owner with calendars, and what is offered in three days."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock(FIRST.subtract(hours=20))
        path = Path(self.folder.name) / "studio.db"
        self.studio = found(path, self.clock, name="A", email="a@b.co", timezone=ZONES[0], currency="CAD")
        self.studio.file.connection.execute("PRAGMA synchronous = OFF")  # this test is not about power cuts
        self.server = open_studio(path, self.clock)
        self.server.file.connection.execute("PRAGMA synchronous = OFF")
        self.papers: dict[str, Paper] = {}
        self.links: dict[int, str] = {}
        self.looked = 0

    def teardown(self) -> None:
        self.server.file.close()
        self.studio.file.close()
        self.folder.cleanup()

    @initialize()
    def open(self) -> None:
        """A plain type, one with buffers, a limit a day and a hold, and two that are asked for: one of each is taken."""
        availability.set_hours(self.studio, "mon-sun", ["00:30-02:30", "09:00-17:00"])
        at_once = TypedSite(publish=True, move_until="1h")
        held, free = (
            TypedSite(publish=True, approval=True, request=one, move_until="0") for one in ("hold", "free")
        )
        offers = (
            TypedOffer(name="Plain", duration="1h", price="0", site=at_once),
            TypedOffer(
                name="Careful", duration="45m", price="0", buffer_before="15m", buffer_after="30m", increment="15m",
                per_day=2, hold="3h", site=at_once,
            ),
            TypedOffer(name="Asked", duration="90m", price="0", buffer_after="15m", hold="5h", notice="2h", site=held),
            TypedOffer(name="Free", duration="1h", price="0", per_day=3, site=free),
        )  # fmt: skip
        self.types: list[SessionType] = [types.add(self.studio, one)[0] for one in offers]
        for which in range(4):
            self._pick(which, 5 * which)

    # ── calendars ────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: len(self.papers) < 3)
    @rule(busy=CALENDARS)
    def subscribe(self, busy: list[str]) -> None:
        """Subscribe to one more calendar."""
        name = f"calendar {next(_numbers)}"
        self.papers[name] = paper = Paper(self._written(busy))
        subscriptions.subscribe(self.studio, "file", f"/{name}", lambda one: paper, name=name)

    def _written(self, busy: list[str]) -> bytes:
        return calendar(*(event(f"{number}", one) for number, one in enumerate(busy)))

    @precondition(lambda self: self.papers)
    @rule(pick=st.integers(0, 2), busy=CALENDARS, fails=st.integers(0, 4), synced=st.integers(0, 4))
    def edit_calendar(self, pick: int, busy: list[str], fails: int, synced: int) -> None:
        """Something changes in a calendar; most of the time it is read again, and sometimes cannot be."""
        name = sorted(self.papers)[pick % len(self.papers)]
        self.papers[name].content = self._written(busy)
        self.papers[name].trouble = None if fails else "gone"
        if synced:
            self._sync(name)

    def _sync(self, name: str) -> None:
        try:
            subscriptions.sync(self.studio, subscriptions.find(self.studio, name), self.papers[name])
        except CalendarUnreadable:
            assert self.papers[name].trouble

    @precondition(lambda self: self.papers)
    @rule(pick=st.integers(0, 2))
    def unsubscribe(self, pick: int) -> None:
        """A calendar counts no more."""
        name = sorted(self.papers)[pick % len(self.papers)]
        del self.papers[name]
        subscriptions.unsubscribe(self.studio, name)

    # ── the owner ────────────────────────────────────────────────────────────────────────────────

    def _offered(self, offer: SessionType) -> list[Instant]:
        return slot.slots(self.studio, offer.need(), FIRST, LAST)

    def _words(self, offer: SessionType, start: Instant, **more: bool) -> Wanted:
        return Wanted(at=rfc3339(start, "UTC"), type=offer.slug, add_client="C", **more)

    @rule(which=st.integers(0, 3), pick=PICKS)
    def book(self, which: int, pick: int) -> None:
        """Book one of the slots that are offered now."""
        offered = self._offered(self.types[which])
        if offered:
            new_session.set_up(self.studio, self._words(self.types[which], offered[pick % len(offered)]))

    @rule(which=st.integers(0, 3), quarter=QUARTERS)
    def insist(self, which: int, quarter: int) -> None:
        """Book any time on purpose."""
        start = FIRST.add(minutes=15 * quarter)
        new_session.set_up(
            self.studio, self._words(self.types[which], start, custom=True, allow_overlap=True)
        )

    @rule(
        pick=st.integers(0, 20),
        quarter=QUARTERS,
        verb=st.sampled_from(("cancel", "confirm", "reopen", "move", "grow")),
    )
    def change(self, pick: int, quarter: int, verb: str) -> None:
        """Do something to a session, if that is possible."""
        known = session_store.listed(self.studio.file, self.studio.now())
        if not known:
            return
        number = str(known[pick % len(known)].id)
        at = rfc3339(FIRST.add(minutes=15 * quarter), "UTC")
        act = {
            "cancel": lambda: sessions.cancel(self.studio, number),
            "confirm": lambda: sessions.confirm(self.studio, number),
            "reopen": lambda: sessions.reopen(self.studio, number),
            "move": lambda: session_changes.reschedule(self.studio, number, at),
            "grow": lambda: session_changes.edit(self.studio, number, Edits(duration=f"{30 + quarter}m")),
        }[verb]
        try:
            act()
        except Refused:
            return

    @rule(
        pick=PICKS,
        quarters=st.lists(QUARTERS, min_size=1, max_size=3),
        verb=st.sampled_from(("accept", "decline", "propose")),
    )
    def answer(self, pick: int, quarters: list[int], verb: str) -> None:
        """Say yes, no or when else to a request, if there is one."""
        known = session_store.listed(self.studio.file, self.studio.now(), statuses=("inquiry",))
        if not known:
            return
        asked = known[pick % len(known)]
        number, free = str(asked.id), minds.free_times(self.studio, asked, FIRST, LAST)
        times = [rfc3339(free[quarter % len(free)], "UTC") for quarter in quarters if free]
        act = {
            "accept": lambda: request.accept(self.studio, number),
            "decline": lambda: request.decline(self.studio, number),
            "propose": lambda: request.propose(self.studio, number, times),
        }[verb]
        try:
            act()
        except (Refused, WrongUsage):  # taken meanwhile; nothing free to propose
            return

    @rule(hours=st.integers(1, 15))
    def wait(self, hours: int) -> None:
        """Let time pass: holds run out, and the days begin."""
        self.clock.forward(hours=hours)

    @rule(minutes=st.integers(2, 40), seconds=st.sampled_from((0, 1, 59)))
    def wait_a_little(self, minutes: int, seconds: int) -> None:
        """Let a little time pass, into the middle of a minute perhaps: a hold of the site runs out, a slot begins."""
        self.clock.now = self.clock.now.round("minute", mode="floor").add(minutes=minutes, seconds=seconds)

    @rule(span=st.sampled_from(SPANS), day=st.sampled_from(("sat", "sun", "mon", "2026-11-01")))
    def set_hours(self, span: str, day: str) -> None:
        """Work at other times."""
        if day[0].isdigit():
            availability.set_override(self.studio, day, [span])
        else:
            availability.set_hours(self.studio, day, [span])

    @rule(begins=QUARTERS, length=st.sampled_from(LENGTHS))
    def block(self, begins: int, length: int) -> None:
        """Take time off."""
        ends = begins + max(length // 15, 1)
        if ends < 4 * 96:
            first, last = (_wall(one) for one in (begins, ends))
            words = [f"{one[:4]}-{one[4:6]}-{one[6:8]} {one[9:11]}:{one[11:13]}" for one in (first, last)]
            try:
                availability.block(self.studio, *words)
            except StudioError as refused:
                assert refused.code in {"time_exists_twice", "usage"}

    @rule(zone=st.sampled_from(ZONES))
    def travel(self, zone: str) -> None:
        """Move the studio to another zone; its calendars are read again then, as a server does."""
        change_setting(self.studio, "studio.timezone", zone)
        for name in self.papers:
            self._sync(name)

    # ── clients ──────────────────────────────────────────────────────────────────────────────────

    def _on_the_site(self, offer: SessionType) -> list[Instant]:
        """Return what the server's pages offer."""
        months = [site.month_of(self.server, offer, Visitor("", ZONES[0]), month) for month in MONTHS]
        pages = {month.first: month.days for month in months}  # a month that is over shows the next one
        starts = sorted(start for days in pages.values() for day in days.values() for start in day)
        return [start for start in starts if FIRST <= start < LAST]

    def _take(self, studio: Studio, offer: SessionType, start: Instant) -> site.Reply:
        """Take a time on the site, as somebody who was never there before."""
        number = next(_numbers)
        person, visitor = Person("C", f"c{number}@example.com"), Visitor(f"visitor {number}", ZONES[0])
        return site.pick(studio, offer.slug, [start], person, visitor)

    @rule(which=st.integers(0, 3), pick=PICKS)
    def pick(self, which: int, pick: int) -> None:
        """Take, or ask for, one of the times that the site offers now."""
        self._pick(which, pick)

    def _pick(self, which: int, pick: int) -> None:
        offered = self._on_the_site(self.types[which])
        if offered:
            reply = self._take(self.server, self.types[which], offered[pick % len(offered)])
            assert reply.what == ("asked" if self.types[which].site.approval else "held")
            assert reply.link and reply.session_id
            self.links[reply.session_id] = reply.link.rpartition("/")[2]

    @precondition(lambda self: self.links)
    @rule(pick=PICKS, at=PICKS, verb=st.sampled_from(("move", "finish", "agree")))
    def go_on(self, pick: int, at: int, verb: str) -> None:
        """A client does something on the pages of their link, if that is possible."""
        token = self.links[sorted(self.links)[pick % len(self.links)]]
        session = journey.visit(self.server, token).session
        if verb == "finish" and session.status == "pending":
            journey.review(self.server, token, session.revision)
        if verb == "agree":
            for one in minds.still_offered(self.server, session)[:1]:
                assert minds.agree(self.server, token, session.revision, stored(one)).what == "done"
        if verb == "move" and minds.why_not_move(self.server, session) is None:
            free = [
                one for one in minds.free_times(self.server, session, FIRST, LAST) if one != session.starts_at
            ]
            for one in free[at % (len(free) or 1) :][:1]:
                assert minds.move(self.server, token, session.revision, stored(one)).what == "done"

    # ── the promise ──────────────────────────────────────────────────────────────────────────────

    def _grid(self, offer: SessionType) -> list[Instant]:
        """Return every time at which a slot could begin."""
        need = offer.need()
        step = need.increment * 60
        opened = slot.plan_for(self.studio, need).opened(FIRST, LAST)
        starts = {at for begin, until in opened for at in range(begin, until, step)}
        return [Instant.from_timestamp(at) for at in sorted(starts) if seconds(FIRST) <= at < seconds(LAST)]

    def _bookable(self, offer: SessionType, start: Instant) -> bool:
        try:
            with self.studio.file.rehearsal():
                new_session.set_up(self.studio, self._words(offer, start))
        except Refused:
            return False
        return True

    @invariant()
    def what_is_offered_is_what_is_bookable(self) -> None:
        """Of the times at which a slot could begin, those that can be booked now are those that are offered."""
        self.looked += 1
        for offer in self.types[self.looked % 2 :: 2]:
            offered, grid = set(self._offered(offer)), self._grid(offer)
            assert offered <= set(grid)
            # Each step looks at every seventh of them, and the next one at the others.
            for start in grid[self.looked % 7 :: 7]:
                assert self._bookable(offer, start) == (start in offered), (offer.slug, start)

    @invariant()
    def what_the_site_offers_can_be_taken(self) -> None:
        """The site's pages offer what is free for clients now: nothing else, and on the minute all of it."""
        for offer in self.types:
            offered = self._on_the_site(offer)
            free = slot.slots(self.studio, offer.need(), FIRST, LAST, for_clients=True)
            assert set(offered) <= set(free), offer.slug
            # In the middle of a minute, what has become free by itself may not be there yet.
            assert offered == free or self.clock.now != self.clock.now.round("minute", mode="floor"), (
                offer.slug
            )
            for start in offered[self.looked % 7 :: 49]:
                # Not by the server: what it remembers would be forgotten by its own writing.
                with self.studio.file.rehearsal():
                    assert self._take(self.studio, offer, start).what in {"held", "asked"}, (
                        offer.slug,
                        start,
                    )


@pytest.mark.timeout(300)
def test_offered_is_bookable() -> None:
    """In any order of calendars, edits and bookings, a slot is offered exactly while it is bookable."""
    run_state_machine_as_test(Days, settings=settings(max_examples=8, stateful_step_count=20, deadline=None))
    assert Days.__doc__


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_offered_is_bookable_in_many_orders() -> None:
    """The same for thousands of steps."""
    runs = int(os.environ.get("RUNS", "200"))
    run_state_machine_as_test(
        Days, settings=settings(max_examples=runs, stateful_step_count=40, deadline=None)
    )
    assert runs
