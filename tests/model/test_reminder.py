"""Which reminder is due: run every hour or at the moment itself, the same; and the limits of the rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whenever import Instant, Time

from studio_cli.model.money import Money
from studio_cli.model.reminder import APART_HOURS, KINDS, TELLING, Past, Reminder, Told, due, schedule
from studio_cli.model.reminder_plan import REMINDERS, Plan, Quiet
from studio_cli.model.session import Named, Session, Share, Step
from studio_cli.model.terms import Terms

ZONE = "America/Toronto"
BEGIN = Instant.from_utc(2026, 10, 20, 4)
"""Midnight in Toronto, twelve days before the clocks go back."""
PLAN = Plan((2, 5), 1440, (-7, 0, 2), Time(9), Quiet(Time(21), Time(8)), ZONE)
REVIEW = Step("review", required=True)
SHARE = Share(1, 12, "direct", BEGIN.add(hours=10), None, None)
SESSION = Session(
    id=12,
    status="pending",
    title="Portrait",
    type=None,
    client=Named(3, "Rui Costa", email="rui@example.com"),
    starts_at=BEGIN.add(hours=20 * 24),
    duration=60,
    timezone=ZONE,
    buffer_before=0,
    buffer_after=0,
    location=None,
    terms=Terms(Money(25000, "CAD"), "later"),
    tip=Money(0, "CAD"),
    paid=Money(0, "CAD"),
    form=None,
    custom_time=False,
    overlap_allowed=False,
    expires_at=None,
    revision=1,
    created_at=BEGIN,
    confirmed_at=None,
    confirmed_by=None,
    steps=(REVIEW,),
    shares=(SHARE,),
)


# ── every hour, or at the moment ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Story:
    """A session's life in hours after ``BEGIN``: what happens, happens ten minutes before an hour is full."""

    starts: int
    shared: int
    hold: int | None
    stepped: int | None
    confirmed: int | None
    due_days: int
    plan: Plan

    def at(self, now: Instant) -> tuple[Session, Past]:
        """Return the session and what was around it at a moment, without mails."""
        shared = _moment(self.shared)
        shares = (replace(SHARE, created_at=shared),) if shared <= now else ()
        done = self.stepped is not None and _moment(self.stepped) <= now
        is_confirmed = self.confirmed is not None and _moment(self.confirmed) <= now
        steps = (
            replace(REVIEW, done_at=_moment(self.stepped or 0) if done else None),
            Step("contract", required=True),
        )
        session = replace(
            SESSION,
            status="confirmed" if is_confirmed else "pending",
            confirmed_at=_moment(self.confirmed or 0) if is_confirmed else None,
            starts_at=BEGIN.add(hours=self.starts),
            expires_at=BEGIN.add(hours=self.shared + self.hold) if self.hold else None,
            terms=replace(SESSION.terms, balance_due=self.due_days),
            steps=steps,
            shares=shares,
        )
        if not is_confirmed and session.expires_at and session.expires_at <= now:
            session = replace(session, status="expired")
        return session, Past(asked=7, asked_at=shared if shares else None, held_since=shared)


def _moment(hour: int) -> Instant:
    return BEGIN.add(hours=hour).subtract(minutes=10)


def live(story: Story, minutes: Callable[[int], bool]) -> list[tuple[str, Instant]]:
    """Run through a story in quarters of an hour, looking when ``minutes`` says so; return what was sent when."""
    sent: list[tuple[str, Instant]] = []
    mails: tuple[Told, ...] = ()
    for quarter in range((story.starts + 24 * 5) * 4):
        if not minutes(quarter * 15 % 60):
            continue
        now = BEGIN.add(minutes=quarter * 15)
        session, past = story.at(now)
        found = due(session, replace(past, mails=mails), story.plan, now)
        if found:
            sent.append((found.occasion, now))
            mails = (*mails, Told(found.kind, found.occasion, "sent", now))
    return sent


HOURS = st.integers(0, 23)
PLANS = st.builds(
    Plan,
    unfinished=st.sampled_from(((2, 5), (1,), (1, 2, 3), ())),
    hold=st.sampled_from((1440, 60, 3000, None)),
    balance=st.sampled_from(((-7, 0, 2), (-1, 0, 1), (2,), ())),
    tomorrow=st.sampled_from((Time(9), Time(18), Time(22), Time(0), None)),
    quiet=st.one_of(
        st.none(),
        st.tuples(HOURS, HOURS)
        .filter(lambda two: two[0] != two[1])
        .map(lambda two: Quiet(Time(two[0]), Time(two[1]))),
    ),
    zone=st.just(ZONE),
)
STORIES = st.builds(
    Story,
    starts=st.integers(30, 20 * 24),
    shared=st.integers(1, 100),
    hold=st.one_of(st.none(), st.integers(2, 200)),
    stepped=st.one_of(st.none(), st.integers(101, 300)),
    confirmed=st.one_of(st.none(), st.integers(101, 300)),
    due_days=st.integers(-9, 3),
    plan=PLANS,
)


def check_hourly(story: Story) -> None:
    """Fail unless looking once an hour sends what looking every quarter does, in its order, less than an hour later."""
    exactly, hourly = live(story, lambda minute: True), live(story, lambda minute: minute == 45)
    assert [occasion for occasion, _ in hourly] == [occasion for occasion, _ in exactly]
    for (_, late), (_, early) in zip(hourly, exactly, strict=True):
        assert 0 <= late.timestamp() - early.timestamp() < 3600


@settings(max_examples=40, deadline=None)
@given(STORIES)
def test_every_hour_is_often_enough(story: Story) -> None:
    """Run every hour the same goes out as at the due moments, less than an hour later."""
    check_hourly(story)


@pytest.mark.long
def test_every_hour_is_often_enough_long() -> None:
    """The same for many more stories."""
    count = int(os.environ.get("CASES", "2000"))
    settings(max_examples=count, deadline=None)(given(STORIES)(check_hourly))()


@settings(max_examples=60, deadline=None)
@given(STORIES, st.sets(st.integers(0, 24 * 25), min_size=1, max_size=12))
def test_at_any_moments(story: Story, hours: set[int]) -> None:
    """Looked at at any moments: each occasion once, half a day apart, never in quiet hours, never out of its time."""
    mails: tuple[Told, ...] = ()
    for hour in sorted(hours):
        now = BEGIN.add(hours=hour)
        session, past = story.at(now)
        found = due(session, replace(past, mails=mails), story.plan, now)
        if found is None:
            continue
        assert found.occasion not in {mail.occasion for mail in mails}
        assert story.plan.quiet is None or not story.plan.quiet.at(now, ZONE)
        last = max((mail.at for mail in mails), default=None)
        assert last is None or found.name == "hold" or now.timestamp() - last.timestamp() >= 12 * 3600
        assert found.at <= now < found.until
        assert session.status == ("pending" if found.name in {"unfinished", "hold"} else "confirmed")
        assert now < session.starts_at or found.occasion.endswith(" after") or story.due_days > 0
        mails = (*mails, Told(found.kind, found.occasion, "sent", now))


# ── limits ────────────────────────────────────────────────────────────────────────────────────────


def asked(**more: object) -> Past:
    """Return what is around a session that was shared when ``SHARE`` was."""
    return Past(**{"asked": 7, "asked_at": SHARE.created_at, **more})  # type: ignore[arg-type]


def named(found: list[Reminder]) -> list[str]:
    """Return the names of reminders."""
    return [one.name for one in found]


def test_kinds_are_those_of_the_outbox() -> None:
    """Every reminder is a kind of mail that there is, after which its client is left alone."""
    assert tuple(KINDS) == REMINDERS
    assert set(KINDS.values()) <= TELLING


def test_last_moment() -> None:
    """At the moment of its end a reminder is not due any more; a second before it is."""
    session = replace(SESSION, expires_at=BEGIN.add(hours=24 * 4 + 12))
    end = session.expires_at
    assert end is not None
    plan = replace(PLAN, unfinished=(), quiet=None)
    past = asked(held_since=BEGIN)
    first = end.subtract(hours=24)
    assert due(session, past, plan, first.subtract(seconds=1)) is None
    assert due(session, past, plan, first) is not None
    assert due(session, past, plan, end.subtract(seconds=1)) is not None
    assert due(session, past, plan, end) is None


@pytest.mark.parametrize(("seconds", "free"), [(APART_HOURS * 3600 - 1, False), (APART_HOURS * 3600, True)])
def test_half_a_day_apart(seconds: int, free: bool) -> None:
    """Half a day after a mail about the session its client may be reminded, not a second before."""
    now = SHARE.created_at.add(hours=50)
    told = Told("changed", "changed 12 2", "sent", now.subtract(seconds=seconds))
    plan = replace(PLAN, quiet=None)
    assert (due(SESSION, asked(mails=(told,)), plan, now) is not None) is free


@pytest.mark.parametrize("state", ["given_up", "canceled"])
def test_what_was_never_sent_is_no_news(state: str) -> None:
    """A mail that did not go out keeps no other back, and its occasion is over all the same."""
    now = SHARE.created_at.add(hours=50)
    plan = replace(PLAN, quiet=None)
    other = Told("changed", "changed 12 2", state, now)  # type: ignore[arg-type]
    same = Told("reminder", "unfinished 12 7 2d", state, now)  # type: ignore[arg-type]
    assert due(SESSION, asked(mails=(other,)), plan, now) is not None
    assert due(SESSION, asked(mails=(same,)), plan, now) is None


@given(st.integers(1, 14 * 24 * 60))
@example(24 * 60)
def test_hold_notice_is_at_most_half(minutes: int) -> None:
    """However long before its end clients are told of a hold, it is in the second half of it."""
    end = BEGIN.add(hours=48)
    session = replace(SESSION, expires_at=end)
    plan = replace(PLAN, hold=minutes, unfinished=())
    (found,) = schedule(session, asked(held_since=BEGIN), plan)
    assert found.at == end.subtract(minutes=min(minutes, 24 * 60))


def test_not_for_a_session_that_is_over() -> None:
    """A session whose time is over is not asked about; what is owed for it is."""
    over = replace(SESSION, starts_at=BEGIN.add(hours=30), terms=replace(SESSION.terms, balance_due=0))
    now = BEGIN.add(hours=24 * 3 + 9)
    assert due(over, asked(), PLAN, now) is None
    owed = due(replace(over, status="confirmed", confirmed_at=BEGIN), asked(), PLAN, now.add(hours=1))
    assert owed is not None
    assert owed.occasion == "balance 12 2026-10-21 2d after"
    assert owed.until == owed.at.add(hours=14 * 24)


@pytest.mark.parametrize("status", ["inquiry", "declined", "canceled", "expired"])
def test_nothing_for_other_statuses(status: str) -> None:
    """Nobody is reminded of what is asked for, refused or over."""
    assert schedule(replace(SESSION, status=status), asked(), PLAN) == []  # type: ignore[arg-type]


def test_one_stands_for_another_only_if_it_comes() -> None:
    """What is switched off, or would come too late, is not in the schedule and stands for nothing else."""
    expires = replace(SESSION, expires_at=SHARE.created_at.add(hours=60))
    assert named(schedule(expires, asked(held_since=BEGIN), PLAN)) == ["unfinished", "hold"]
    starts = replace(
        expires, starts_at=SHARE.created_at.add(hours=49), expires_at=SHARE.created_at.add(hours=72)
    )
    assert named(schedule(starts, asked(held_since=SHARE.created_at), replace(PLAN, hold=23 * 60))) == [
        "unfinished"
    ]
    both = replace(expires, expires_at=SHARE.created_at.add(hours=24 * 3))
    past = asked(held_since=SHARE.created_at)
    assert named(schedule(both, past, replace(PLAN, unfinished=(2,)))) == ["hold"]
    only = replace(both, type_reminders=("unfinished",))
    assert named(schedule(only, past, replace(PLAN, unfinished=(2,)))) == ["unfinished"]
