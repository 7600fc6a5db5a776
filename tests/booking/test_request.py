"""Requests: yes, no, another time; what they hold, how long, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from whenever import Instant

from studio_cli.booking import availability, overview, request, session_changes, slot
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import session as sessions
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, change_setting, open_studio
from studio_cli.errors import Refused, StudioError, WrongUsage
from studio_cli.model.site import TypedSite
from studio_cli.model.times import stored
from studio_cli.model.wish import Wish
from studio_cli.store import message as message_store
from tests.booking.asking import ask
from tests.conftest import Clock, Maker
from tests.web.visitor import change

TEN = Instant.from_utc(2026, 12, 4, 15)
"""Ten o'clock in Toronto, when the requests of these tests are for."""


def typed(make: Maker, request: str = "hold", **more: object) -> str:
    """Add a type that is approved; it is free of charge and asks for nothing, unless said otherwise."""
    values = {"price": "0", "deposit": None, "duration": "1h", **more}
    return make.type("Talk", site=TypedSite(approval=True, request=request), **values).slug


def told(studio: Studio, number: int) -> list[tuple[str, str]]:
    """Return the mails about a session that were written and not withdrawn: to whom, of which kind."""
    kept = message_store.listed(studio.file, session_id=number)
    return [(one.recipient, one.kind) for one in kept if one.state != "canceled"]


@pytest.fixture
def mailing(studio: Studio) -> Studio:
    """``studio`` with a mail server that nobody asks."""
    change_setting(studio, "mail.host", "127.0.0.1")
    return studio


# ── what has passed, moved or closed meanwhile ────────────────────────────────────────────────────


def test_the_past_is_not_accepted(studio: Studio, make: Maker, clock: Clock) -> None:
    """A first wish that has passed is refused, and the one that has not is named; --custom takes it all the same."""
    wish = Wish((Instant.from_utc(2026, 11, 23, 15), TEN))
    session = ask(studio, make, "2026-11-23 10:00", wish, type=typed(make, "wishes"))
    clock.now = Instant.from_utc(2026, 11, 24, 15)
    with pytest.raises(Refused, match="in the past") as refused:
        request.accept(studio, str(session.id))
    assert (refused.value.code, "--wish 2" in (refused.value.hint or "")) == ("past", True)
    assert request.accept(studio, str(session.id), wish=2).session.starts_at == TEN


def test_a_proposal_is_not_accepted_in_the_past(studio: Studio, make: Maker, clock: Clock) -> None:
    """Of two proposed times the first has passed: a plain yes of the owner does not book it."""
    session = ask(studio, make, type=typed(make))
    request.propose(studio, str(session.id), ["2026-11-23 10:00", "2026-12-04 14:00"])
    clock.now = Instant.from_utc(2026, 11, 24, 15)
    with pytest.raises(Refused, match="in the past") as refused:
        request.accept(studio, str(session.id))
    assert "--at" in (refused.value.hint or "")
    assert request.accept(studio, str(session.id), custom=True).session.custom_time is False


def test_a_moved_request_ends_with_its_new_time(studio: Studio, make: Maker, clock: Clock) -> None:
    """The owner moves a request; it is over when that time has come, not with the times that were wished for."""
    session = ask(studio, make, wish=Wish((TEN,)), type=typed(make, "wishes"))
    session_changes.reschedule(studio, str(session.id), "2026-12-21 10:00")
    clock.now = Instant.from_utc(2026, 12, 5, 15)
    assert sessions.get(studio, session.id).status == "inquiry"
    clock.now = Instant.from_utc(2026, 12, 21, 15)
    assert sessions.get(studio, session.id).status == "declined"


def test_a_moved_request_proposes_nothing_more(studio: Studio, make: Maker) -> None:
    """Times that were proposed before the owner moved it are no longer offered, and it is held no longer than its time."""
    session = ask(studio, make, type=typed(make))
    request.propose(studio, str(session.id), ["2026-12-04 14:00", "2026-12-07 10:00"])
    session_changes.reschedule(studio, str(session.id), "2026-11-23 10:00")
    now = sessions.get(studio, session.id)
    assert (now.offered, minds.still_offered(studio, now)) == ((), [])
    assert now.expires_at == now.starts_at


def test_what_was_closed_since_is_not_agreed_to(studio: Studio, make: Maker) -> None:
    """A proposed time in what is the owner's time off by now is gone; one that they proposed outside their hours is not."""
    session = ask(studio, make, type=typed(make))
    token = make.link(session)
    request.propose(studio, str(session.id), ["2026-12-04 14:00", "2026-12-07 10:00"])
    availability.block(studio, "2026-12-07", "2026-12-08", reason="Ill")
    now = sessions.get(studio, session.id)
    assert minds.still_offered(studio, now) == [now.offered[0]]
    assert minds.agree(studio, token, now.revision, stored(now.offered[1])).what == "taken"
    late = ["2026-12-04 14:00", "2026-12-05 10:00"]
    request.propose(studio, str(session.id), late, custom=True)
    now = sessions.get(studio, session.id)
    assert minds.agree(studio, token, now.revision, stored(now.offered[1])).what == "done"
    assert sessions.get(studio, session.id).custom_time


def test_a_price_that_was_never_shown_is_not_agreed_to(studio: Studio, make: Maker) -> None:
    """Who asks for another time after the price was raised has not agreed to it: they review it first."""
    session = ask(studio, make, type=typed(make, price="100", pay="later"))
    token = make.link(session)
    revision = session_changes.edit(studio, str(session.id), Edits(price="900")).after.revision
    assert minds.move(studio, token, revision, "2026-12-09T15:00:00Z").what == "done"
    after = request.accept(studio, str(session.id)).session
    assert (after.status, [step.name for step in after.waiting_for]) == ("pending", ["review"])


def test_a_request_is_held_never_for_ever(studio: Studio, make: Maker) -> None:
    """Whatever deadline its owner gives it, a request holds its time until it begins; one that holds none gets none."""
    session = ask(studio, make, type=typed(make))
    assert session_changes.edit(studio, str(session.id), Edits(expires="never")).after.expires_at == TEN
    assert session_changes.edit(studio, str(session.id), Edits(expires="60d")).after.expires_at == TEN
    free = ask(studio, make, "2026-12-07 10:00", type=make.type("Free", site=TypedSite(request="free")).slug)
    with pytest.raises(Refused, match="holds no time"):
        session_changes.edit(studio, str(free.id), Edits(expires="2d"))


# ── what a request holds ──────────────────────────────────────────────────────────────────────────


def test_holds_or_not(studio: Studio, make: Maker) -> None:
    """A request holds its time as its type says: others are refused it, or get it."""
    ask(studio, make, type=typed(make))
    with pytest.raises(Refused, match="taken"):
        make.session("2026-12-04 10:30")
    free = ask(studio, make, "2026-12-07 10:00", type=make.type("Free", site=TypedSite(request="free")).slug)
    assert not free.holds_time and free.expires_at is None
    make.session("2026-12-07 10:00")


def test_not_for_ever(studio: Studio, make: Maker, clock: Clock) -> None:
    """Without a word about it a time is held for a week; then others can have it, and the request goes on."""
    session = ask(studio, make, type=typed(make))
    assert session.expires_at == clock.now.add(hours=24 * 7)
    clock.forward(hours=24 * 7, seconds=-1)
    assert slot.taken_by(studio, TEN, session.need)
    clock.forward(seconds=1)
    assert not slot.taken_by(studio, TEN, session.need)
    assert not sessions.get(studio, session.id).holds_time
    other = make.session()
    assert sessions.get(studio, session.id).status == "inquiry"
    with pytest.raises(Refused, match="taken") as refused:
        request.accept(studio, str(session.id))
    assert refused.value.details["overlaps"] == [other.id]


def test_held_as_the_type_holds(studio: Studio, make: Maker, clock: Clock) -> None:
    """The hold of the type is the hold of a request, and it ends when the time has come."""
    day = make.type("Short", site=TypedSite(approval=True), hold="1d").slug
    assert ask(studio, make, type=day).expires_at == clock.now.add(hours=24)
    soon = ask(studio, make, "2026-11-20 15:00", type=day)
    assert soon.expires_at == soon.starts_at


def test_a_file_written_by_others_holds_no_request_for_ever(studio: Studio, make: Maker) -> None:
    """Whoever writes a request without a word about how long it holds, writes one for a week."""
    one = make.session()
    copied = (
        "INSERT INTO session (status, title, client_id, starts_at, duration_minutes, timezone, price_minor, "
        "asked_now_minor, currency, created_at) SELECT 'inquiry', title, client_id, '2027-01-04T15:00:00Z', "
        "duration_minutes, timezone, 0, 0, currency, created_at FROM session WHERE id = ?"
    )
    change(studio.file.path, (copied, (one.id,)))
    assert sessions.get(studio, 2).expires_at == one.created_at.add(hours=24 * 7)


def test_over_when_its_time_has_come(mailing: Studio, make: Maker, clock: Clock) -> None:
    """A request that nobody has answered is over when the last of its times begins, and nobody is bothered."""
    wish = Wish((TEN, TEN.add(hours=24)), "Please")
    session = ask(mailing, make, type=typed(make, "wishes"), wish=wish)
    clock.now = TEN
    assert sessions.get(mailing, session.id).status == "inquiry"
    assert overview.overview(mailing).stuck
    clock.forward(hours=24)
    assert sessions.get(mailing, session.id).status == "declined"
    assert not overview.overview(mailing).stuck
    with pytest.raises(Refused, match="declined"):
        request.accept(mailing, str(session.id))
    make.session("2026-12-18 10:00")
    make.session("2026-12-21 10:00")
    history = [(line.actor, line.kind) for line in sessions.history(mailing, session)]
    assert history.count(("system", "request ran out")) == 1
    assert not told(mailing, session.id)


def test_nobody_asks_for_the_past(make: Maker) -> None:
    """A request is for a time to come."""
    with pytest.raises(Refused, match="passed"):
        make.session("2026-11-20 09:00", inquiry=True, custom=True)


def test_daily_limit_counts_the_request_itself_once(studio: Studio, make: Maker) -> None:
    """Where one a day is the limit, the request for that one can be accepted, and no second."""
    day = make.type("One", site=TypedSite(approval=True), per_day=1, price="0", deposit=None).slug
    session = ask(studio, make, type=day)
    with pytest.raises(Refused, match="limit"):
        make.session("2026-12-04 14:00", type=day)
    assert request.accept(studio, str(session.id)).session.status == "confirmed"


# ── yes ───────────────────────────────────────────────────────────────────────────────────────────


def test_yes_is_enough(mailing: Studio, make: Maker) -> None:
    """Who has asked for exactly this on the site, and has nothing to do, is confirmed by the yes, and told once."""
    session = ask(mailing, make, type=typed(make))
    done = request.accept(mailing, str(session.id), note="See you!")
    assert (done.session.status, done.session.confirmed_by) == ("confirmed", "client")
    assert told(mailing, session.id) == [("client", "confirmed")]
    again = request.accept(mailing, str(session.id))
    assert not again.changed
    assert told(mailing, session.id) == [("client", "confirmed")]
    assert "See you!" in message_store.listed(mailing.file, session_id=session.id)[0].letter.text


def test_yes_and_what_is_left(mailing: Studio, make: Maker, clock: Clock) -> None:
    """What is to be paid is left to do, with a link, from now on for as long as the type holds."""
    slug = typed(make, price="100", hold="2d")
    session = ask(mailing, make, type=slug)
    clock.forward(hours=24)
    done = request.accept(mailing, str(session.id)).session
    assert done.status == "pending"
    assert [step.name for step in done.waiting_for] == ["payment"]
    assert done.expires_at == clock.now.add(hours=48)
    assert told(mailing, session.id) == [("client", "accepted")]
    letter = message_store.listed(mailing.file, session_id=session.id)[0]
    assert letter.share_id is not None and "{studio:link}" in letter.letter.text


def test_what_changed_is_reviewed(studio: Studio, make: Maker) -> None:
    """After a change of what they saw, or when they only telephoned, the client reviews it first."""
    slug = typed(make)
    changed = ask(studio, make, type=slug)
    session_changes.edit(studio, str(changed.id), Edits(location="Elsewhere"))
    for number in (changed.id, make.session("2026-12-07 10:00", type=slug, inquiry=True).id):
        done = request.accept(studio, str(number)).session
        assert [step.name for step in done.waiting_for] == ["review"]


def test_yes_at_another_time(mailing: Studio, make: Maker) -> None:
    """Accepted at another time it moves there, and the client agrees to that first."""
    session = ask(mailing, make, type=typed(make))
    done = request.accept(mailing, str(session.id), at="2026-12-07 10:00").session
    assert [step.name for step in done.waiting_for] == ["review"]
    assert done.starts_at == Instant.from_utc(2026, 12, 7, 15)
    text = message_store.listed(mailing.file, session_id=session.id)[0].letter.text
    assert "not the time that you asked for first" in " ".join(text.split())
    make.session()


def test_one_of_the_wishes(studio: Studio, make: Maker) -> None:
    """A time that the client has wished for is what they asked for; one that is not there is refused."""
    wish = Wish((TEN, TEN.add(hours=72)))
    session = ask(studio, make, type=typed(make, "wishes"), wish=wish)
    with pytest.raises(WrongUsage, match="2 wishes"):
        request.accept(studio, str(session.id), wish=3)
    done = request.accept(studio, str(session.id), wish=2).session
    assert (done.status, done.starts_at) == ("confirmed", TEN.add(hours=72))


def test_yes_needs_a_free_time(studio: Studio, make: Maker) -> None:
    """A time that is taken or closed is refused as for a new session, unless the owner says so."""
    slug = typed(make, "free")
    taken, closed = (
        ask(studio, make, type=slug),
        ask(studio, make, "2026-12-05 10:00", type=slug, custom=True),
    )
    make.session()
    for number, code, allowed in (
        (taken.id, "overlap", {"allow_overlap": True}),
        (closed.id, "not_available", {"custom": True}),
    ):
        with pytest.raises(Refused) as refused:
            request.accept(studio, str(number))
        assert refused.value.code == code
        assert request.accept(studio, str(number), **allowed).session.status == "confirmed"  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["pending", "confirmed", "canceled", "expired"])
def test_only_requests_are_answered(studio: Studio, make: Maker, clock: Clock, status: str) -> None:
    """What is no request is not accepted, declined or given another time; the hint says what can be done."""
    session = make.session(expires="1h")
    act: dict[str, Callable[[], object]] = {
        "confirmed": lambda: sessions.confirm(studio, "1"),
        "canceled": lambda: sessions.cancel(studio, "1"),
        "expired": lambda: clock.forward(hours=2),
    }
    act.get(status, lambda: None)()
    for answer in (
        lambda: request.accept(studio, "1"),
        lambda: request.decline(studio, "1"),
        lambda: request.propose(studio, "1", ["2026-12-07 10:00"]),
    ):
        with pytest.raises(Refused, match=status) as refused:
            answer()
        assert refused.value.code == "wrong_status" and refused.value.hint
    assert sessions.get(studio, session.id).status == status


# ── no ────────────────────────────────────────────────────────────────────────────────────────────


def test_no(mailing: Studio, make: Maker) -> None:
    """Declined, its time is free, and the client reads why, once."""
    session = ask(mailing, make, type=typed(make))
    assert request.decline(mailing, str(session.id), note="I am away.").session.status == "declined"
    assert not request.decline(mailing, str(session.id), note="I am away.").changed
    assert told(mailing, session.id) == [("client", "declined")]
    assert "I am away." in message_store.listed(mailing.file, session_id=session.id)[0].letter.text
    make.session()


# ── another time ──────────────────────────────────────────────────────────────────────────────────


def test_proposal_is_taken(mailing: Studio, make: Maker) -> None:
    """The client takes a time that was proposed; nothing else is left, so it is confirmed, and both are told once."""
    session = ask(mailing, make, type=typed(make))
    token = make.link(session)
    times = ["2026-12-07 10:00", "2026-12-08 10:00"]
    proposed = request.propose(mailing, str(session.id), times, note="Better light")
    assert proposed.session.offered == (TEN.add(hours=72), TEN.add(hours=96))
    assert not request.propose(mailing, str(session.id), times).changed
    make.session()  # the time that was asked for is free again
    with pytest.raises(Refused):
        make.session("2026-12-07 10:00")  # the first is held, as the type says
    done = minds.agree(mailing, token, proposed.session.revision, "2026-12-08T15:00:00Z")
    assert (done.what, done.visit.session.status) == ("done", "confirmed")
    assert done.visit.session.starts_at == TEN.add(hours=96)
    assert minds.agree(mailing, token, proposed.session.revision, "2026-12-08T15:00:00Z").what != "done"
    assert told(mailing, session.id) == [("owner", "owner"), ("client", "confirmed")]


def test_proposal_says_which(mailing: Studio, make: Maker) -> None:
    """The mail names the times and the owner's words; an earlier one that has not gone out is withdrawn."""
    session = ask(mailing, make, type=typed(make))
    request.propose(mailing, str(session.id), ["2026-12-07 10:00"])
    request.propose(mailing, str(session.id), ["2026-12-07 10:00", "2026-12-08 14:00"], note="Or then?")
    assert told(mailing, session.id) == [("client", "proposal")]
    text = message_store.listed(mailing.file, session_id=session.id)[-1].letter.text
    assert all(words in text for words in ("7 December", "8 December", "Or then?"))


def test_proposal_goes_on_to_what_is_left(mailing: Studio, make: Maker) -> None:
    """With a price the client goes on to pay, held as the type says; the owner hears that the time is taken."""
    session = ask(mailing, make, type=typed(make, price="100"))
    token = make.link(session)
    revision = request.propose(mailing, str(session.id), ["2026-12-07 10:00"]).session.revision
    done = minds.agree(mailing, token, revision, "2026-12-07T15:00:00Z").visit.session
    assert [step.name for step in done.waiting_for] == ["payment"]
    assert done.offered == ()
    assert told(mailing, session.id) == [("owner", "owner")]


def test_proposal_has_to_be_free(studio: Studio, make: Maker) -> None:
    """A time that is taken cannot be proposed, a closed one only on purpose, and nothing in between is kept."""
    session = ask(studio, make, type=typed(make))
    make.session("2026-12-07 10:00")
    for times in (["2026-12-07 10:00"], ["2026-12-08 10:00", "2026-12-05 10:00"]):
        with pytest.raises(Refused):
            request.propose(studio, str(session.id), times)
    assert sessions.get(studio, session.id).starts_at == TEN
    done = request.propose(studio, str(session.id), ["2026-12-05 10:00"], custom=True)
    assert done.session.custom_time
    for times in ([], [f"2026-12-{day} 10:00" for day in range(7, 13)]):
        with pytest.raises(WrongUsage):
            request.propose(studio, str(session.id), times)


def test_proposed_and_gone(studio: Studio, make: Maker) -> None:
    """Of a request that holds nothing, a time that was proposed can be gone: nothing is done, and it is not offered."""
    session = ask(studio, make, type=typed(make, "free"))
    token = make.link(session)
    done = request.propose(studio, str(session.id), ["2026-12-07 10:00", "2026-12-08 10:00"])
    make.session("2026-12-07 10:00")
    assert minds.still_offered(studio, sessions.get(studio, session.id)) == [TEN.add(hours=96)]
    outcome = minds.agree(studio, token, done.session.revision, "2026-12-07T15:00:00Z")
    assert (outcome.what, outcome.wanted) == ("taken", TEN.add(hours=72))
    assert sessions.get(studio, session.id).status == "inquiry"


def test_only_what_was_proposed(studio: Studio, make: Maker) -> None:
    """A time that nobody proposed, nonsense, and a proposal of a request that is over are nothing to agree to."""
    session = ask(studio, make, type=typed(make))
    token = make.link(session)
    revision = request.propose(studio, str(session.id), ["2026-12-07 10:00"]).session.revision
    for at in ("2026-12-08T15:00:00Z", "", "now", "2026-12-07T15:00:00+00:00", "9" * 40):
        assert minds.agree(studio, token, revision, at).what == "closed"
    assert minds.agree(studio, token, 1, "2026-12-07T15:00:00Z").what == "changed"
    request.decline(studio, str(session.id))
    assert minds.agree(studio, token, revision, "2026-12-07T15:00:00Z").what == "closed"


def test_asking_for_yet_another(mailing: Studio, make: Maker) -> None:
    """Who wants none of the times asks for a free one: a request again, of which both are told."""
    session = ask(mailing, make, type=typed(make))
    token = make.link(session)
    revision = request.propose(mailing, str(session.id), ["2026-12-07 10:00"]).session.revision
    outcome = minds.move(mailing, token, revision, "2026-12-09T15:00:00Z")
    asked = outcome.visit.session
    assert (outcome.what, asked.status, asked.offered) == ("done", "inquiry", ())
    assert told(mailing, session.id) == [("client", "requested"), ("owner", "owner")]
    assert request.accept(mailing, str(session.id)).session.status == "confirmed"


def test_withdrawn(mailing: Studio, make: Maker) -> None:
    """A request can be withdrawn whatever the deadlines say; only the owner is told, and nothing else follows."""
    session = ask(mailing, make, type=typed(make))
    token = make.link(session)
    assert minds.cancel(mailing, token, 1, "0-0-0").what == "done"
    assert minds.cancel(mailing, token, 1, "0-0-0").what == "same"
    assert sessions.get(mailing, session.id).status == "canceled"
    assert told(mailing, session.id) == [("owner", "owner")]
    with pytest.raises(Refused, match="canceled"):
        request.accept(mailing, str(session.id))
    make.session()


# ── at once ───────────────────────────────────────────────────────────────────────────────────────


def at_once(studio: Studio, *acts: Callable[[Studio], object]) -> list[object]:
    """Do things at the same time, each through a file of its own; return what came of each."""
    results: list[object] = [None] * len(acts)
    begin = threading.Barrier(len(acts))

    def run(index: int) -> None:
        own = open_studio(studio.file.path, studio.clock)
        begin.wait()
        try:
            results[index] = acts[index](own)
        except StudioError as refusal:
            results[index] = refusal
        finally:
            own.file.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_accepted_twice_at_once(mailing: Studio, make: Maker) -> None:
    """Two who accept at once accept once, and one mail is written."""
    session = ask(mailing, make, type=typed(make))

    def accept(own: Studio) -> bool:
        return request.accept(own, str(session.id)).changed

    assert sorted(map(bool, at_once(mailing, accept, accept))) == [False, True]
    assert told(mailing, session.id) == [("client", "confirmed")]


def test_accepted_while_it_is_withdrawn(mailing: Studio, make: Maker) -> None:
    """Whoever is first wins: a request is accepted, or withdrawn, and the other one hears of it."""
    session = ask(mailing, make, type=typed(make))
    token = make.link(session)
    accepted, withdrawn = at_once(
        mailing,
        lambda own: request.accept(own, str(session.id)).session.status,
        lambda own: minds.cancel(own, token, 1, "0-0-0").what,
    )
    status = sessions.get(mailing, session.id).status
    assert (accepted, withdrawn, status) in (
        ("confirmed", "closed", "confirmed"),
        (accepted, "done", "canceled"),
    )
    assert isinstance(accepted, Refused) == (status == "canceled")
