"""Setting up a session."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from studio_cli.booking import client as clients
from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import new_session
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking.availability import set_hours
from studio_cli.booking.letter import compose
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.errors import NotFound, Refused, StudioError, WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from studio_cli.model.times import rfc3339
from tests.conftest import Clock, Maker

FORM = '[[field]]\nname = "people"\nlabel = "How many?"\n'


def contents(studio: Studio) -> list[str]:
    """Return everything in the studio's file, as statements."""
    outside = sqlite3.connect(studio.file.path)
    try:
        return list(outside.iterdump())
    finally:
        outside.close()


def starts(session: Session) -> str:
    """Return when a session starts, on its own wall."""
    return rfc3339(session.starts_at, session.timezone)


def steps(session: Session) -> list[str]:
    """Return the steps that a session waits for."""
    return [step.name for step in session.waiting_for]


# ── what it is ────────────────────────────────────────────────────────────────────────────────────


def test_session_of_a_type(studio: Studio, make: Maker) -> None:
    """A session of a type has what the type says: its time, price, deposit, place and buffers."""
    make.type(location="The park", buffer_before="10m", buffer_after="15m", hold="2d")
    client = make.client()
    session = make.session(type="fam", client=str(client.id))
    assert session.status == "pending"
    assert (session.title, session.duration, session.location) == ("Family session", 90, "The park")
    assert (session.price, session.asked_now) == (Money(25000, "CAD"), Money(5000, "CAD"))
    assert (session.buffer_before, session.buffer_after) == (10, 15)
    assert session.client.id == client.id
    assert starts(session) == "2026-12-04T10:00:00-05:00"
    assert session.expires_at == studio.now().add(hours=48)
    assert steps(session) == ["review", "payment"]
    assert not session.custom_time
    assert not session.overlap_allowed


def test_one_off(make: Maker) -> None:
    """A one-off carries its own title, duration, price and place."""
    session = make.session(
        one_off="Team headshots", duration="2h", price="400", deposit="25%", location="Office"
    )
    assert (session.title, session.type, session.duration, session.location) == (
        "Team headshots",
        None,
        120,
        "Office",
    )
    assert (session.price, session.asked_now) == (Money(40000, "CAD"), Money(10000, "CAD"))


@pytest.mark.parametrize(
    ("wanted", "waiting"),
    [
        ({}, ["review", "payment"]),
        ({"price": "0"}, ["review"]),
        ({"price": None}, ["review"]),
        ({"pay": "later"}, ["review"]),
        ({"form": "intake"}, ["review", "questionnaire", "payment"]),
        ({"form": "intake", "pay": "later"}, ["review", "questionnaire"]),
    ],
)
def test_steps_follow_from_what_is_asked(
    studio: Studio, make: Maker, wanted: dict[str, Any], waiting: list[str]
) -> None:
    """A client is asked for no step that has nothing in it."""
    forms.add(studio, "intake", FORM)
    assert steps(make.session(**wanted)) == waiting


def test_form_of_the_type_unless_said_otherwise(studio: Studio, make: Maker) -> None:
    """A type's form goes with its sessions, unless the owner says none for this one."""
    forms.add(studio, "intake", FORM)
    make.type(form="intake")
    client = str(make.client().id)
    assert steps(make.session(type="family", client=client)) == ["review", "questionnaire", "payment"]
    other = make.session("2026-12-04 14:00", type="family", client=client, form="none")
    assert steps(other) == ["review", "payment"]


@pytest.mark.parametrize(
    ("offer", "wanted", "price", "asked"),
    [
        ({}, {"price": "300"}, 30000, 5000),
        ({"deposit": "20%"}, {"price": "300"}, 30000, 6000),
        ({"deposit": None, "pay": "later"}, {"price": "300"}, 30000, 0),
        ({"deposit": None}, {"price": "300"}, 30000, 30000),
        ({}, {"price": "30"}, 3000, 3000),
        ({}, {"price": "0"}, 0, 0),
        ({}, {"deposit": "70"}, 25000, 7000),
        ({}, {"pay": "full"}, 25000, 25000),
        ({}, {"pay": "later"}, 25000, 0),
        ({}, {"price": "300", "deposit": "100"}, 30000, 10000),
    ],
)
def test_terms_for_one_session(
    make: Maker, offer: dict[str, Any], wanted: dict[str, Any], price: int, asked: int
) -> None:
    """What the owner says of the money for one session replaces that part of the type's terms, and only that."""
    make.type(**offer)
    session = make.session(type="family", client=str(make.client().id), **wanted)
    assert (session.price.minor, session.asked_now.minor) == (price, asked)


def test_duration_and_place_for_one_session(make: Maker) -> None:
    """A session of a type may be longer, or elsewhere, than its type says."""
    make.type(location="The park")
    session = make.session(type="family", client=str(make.client().id), duration="2h", location="At home")
    assert (session.duration, session.location) == (120, "At home")


def test_archived_type(studio: Studio, make: Maker) -> None:
    """A session type that was put away is not booked by mistake."""
    make.type()
    types.archive(studio, "family")
    with pytest.raises(Refused) as refused:
        make.session(type="family", client=str(make.client().id))
    assert refused.value.code == "archived"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"type": "family", "one_off": "x"}, WrongUsage),
        ({"one_off": None}, WrongUsage),
        ({"one_off": "  "}, WrongUsage),
        ({"duration": None}, WrongUsage),
        ({"duration": "4m"}, WrongUsage),
        ({"duration": "8d"}, WrongUsage),
        ({"price": "-5"}, WrongUsage),
        ({"deposit": "500"}, WrongUsage),
        ({"client": None}, WrongUsage),
        ({"client": "1", "add_client": "Eva"}, WrongUsage),
        ({"client": "nobody"}, NotFound),
        ({"client": None, "add_client": "eva@example.com"}, WrongUsage),
        ({"client": None, "add_client": "Eva <client1@example.com>"}, Refused),
        ({"form": "nothing"}, NotFound),
        ({"at": "soon"}, WrongUsage),
        ({"at": "2026-11-01 01:30"}, WrongUsage),
        ({"at": "2027-03-14 02:30"}, Refused),
        ({"expires": "0m"}, WrongUsage),
        ({"expires": "2026-11-19 10:00"}, WrongUsage),
        ({"expires": "soon"}, WrongUsage),
        ({"type": "nothing", "one_off": None}, NotFound),
    ],
)
def test_nothing_is_kept_of_what_is_refused(
    studio: Studio, make: Maker, changes: dict[str, Any], error: type[StudioError]
) -> None:
    """Whatever is wrong with what was asked for, the file stays as it was, new clients included."""
    make.client()
    wanted = Wanted(at="2026-12-04 10:00", one_off="Portrait", duration="1h", price="100", client="1")
    before = contents(studio)
    with pytest.raises(error):
        new_session.set_up(studio, replace(wanted, **changes))
    assert contents(studio) == before


# ── with whom ─────────────────────────────────────────────────────────────────────────────────────


def test_new_client_comes_with_the_session(make: Maker) -> None:
    """A client may be added in the same write as the session."""
    session = make.session(add_client="Eva Lima <eva@example.com>")
    assert (session.client.name, session.client.email) == ("Eva Lima", "eva@example.com")


# ── when ──────────────────────────────────────────────────────────────────────────────────────────


def test_pending_session_holds_its_time(make: Maker) -> None:
    """Two pending sessions never share a time."""
    make.session("2026-12-04 10:00")
    with pytest.raises(Refused) as refused:
        make.session("2026-12-04 10:30")
    assert refused.value.code == "overlap"


def test_overlap_names_what_it_meets_and_the_nearest_free_times(make: Maker) -> None:
    """A taken time is refused with the sessions that have it and the nearest times that are free."""
    first = make.session("2026-12-04 10:00", one_off="Portrait")
    with pytest.raises(Refused) as refused:
        make.session("2026-12-04 10:30")
    assert refused.value.details == {
        "overlaps": [first.id],
        "nearest": ["2026-12-04T09:00:00-05:00", "2026-12-04T11:00:00-05:00", "2026-12-04T11:30:00-05:00"],
    }
    assert "Portrait" in refused.value.message
    assert "--allow-overlap" in str(refused.value.hint)


def test_nearest_free_times_are_free(make: Maker) -> None:
    """Each time that is offered instead can be booked, buffers included."""
    make.type(buffer_before="20m", buffer_after="30m")
    client = str(make.client().id)
    make.session("2026-12-04 11:00", type="family", client=client)
    with pytest.raises(Refused) as refused:
        make.session("2026-12-04 12:00", type="family", client=client)
    nearest = refused.value.details["nearest"]
    assert nearest == [f"2026-12-04T{at}:00-05:00" for at in ("13:30", "14:00", "14:30")]
    for at in nearest:
        with make.studio.file.rehearsal():
            new_session.set_up(make.studio, Wanted(at=at, type="family", client=client))


def test_custom_still_refuses_an_overlap(make: Maker) -> None:
    """A time outside the hours is one decision; booking two at once is another."""
    make.session("2026-12-05 20:00", custom=True)
    with pytest.raises(Refused) as refused:
        make.session("2026-12-05 20:30", custom=True)
    assert refused.value.code == "overlap"


def test_allowed_overlap_is_recorded(studio: Studio, make: Maker) -> None:
    """An overlap that the owner allows is kept with what it overlaps; the flag alone marks nothing."""
    first = make.session("2026-12-04 10:00")
    both = make.set_up("2026-12-04 10:30", allow_overlap=True)
    assert list(both.overlaps) == [first.id]
    assert both.session.overlap_allowed
    alone = make.set_up("2026-12-04 14:00", allow_overlap=True)
    assert (list(alone.overlaps), alone.session.overlap_allowed) == ([], False)


@pytest.mark.parametrize(
    ("at", "duration"),
    [
        ("2026-12-05 10:00", "1h"),
        ("2026-12-04 08:59", "1h"),
        ("2026-12-04 16:30", "1h"),
        ("2026-12-04 09:00", "9h"),
    ],
)
def test_outside_the_hours(make: Maker, at: str, duration: str) -> None:
    """A time outside the hours is refused with the rule and the nearest free times; --custom allows it."""
    with pytest.raises(Refused) as refused:
        make.session(at, duration=duration)
    assert refused.value.code == "not_available"
    assert refused.value.details["rule"] == "hours"
    assert "--custom" in str(refused.value.hint)
    assert make.session(at, duration=duration, custom=True).custom_time


def test_the_rule_that_closes_a_time_is_named(make: Maker) -> None:
    """The owner reads which hours there are on that day, or that there are none."""
    with pytest.raises(Refused, match="there are no hours on a Saturday"):
        make.session("2026-12-05 10:00")
    with pytest.raises(Refused, match="the hours on a Friday are 09:00–17:00"):
        make.session("2026-12-04 18:00")


def test_regular_time_is_not_custom(make: Maker) -> None:
    """A time in the hours is a regular one though --custom was said."""
    assert not make.session("2026-12-04 10:00", custom=True).custom_time


def test_past_is_refused_unless_custom(make: Maker) -> None:
    """A time that has passed is refused as such; with --custom the owner may write it down."""
    with pytest.raises(Refused) as refused:
        make.session("2026-11-20 09:00")
    assert refused.value.code == "past"
    assert refused.value.details["nearest"][0] == "2026-11-20T10:00:00-05:00"
    session = make.session("2026-11-20 09:00", custom=True)
    assert session.custom_time


def test_repeated_time_is_decided_by_the_flag(studio: Studio, make: Maker, clock: Clock) -> None:
    """Of a wall time that exists twice, the flag books the one that is meant."""
    set_hours(studio, "sun", ["00:00-24:00"])
    first = make.session("2027-11-07 01:30", which="first", duration="30m")
    second = make.session("2027-11-07 01:30", which="second", duration="30m")
    assert starts(first) == "2027-11-07T01:30:00-04:00"
    assert starts(second) == "2027-11-07T01:30:00-05:00"


def test_sessions_may_follow_each_other(make: Maker) -> None:
    """One session may begin as another ends."""
    make.session("2026-12-04 10:00")
    make.session("2026-12-04 11:00")
    make.session("2026-12-04 09:00")


# ── until when ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expires", "deadline"),
    [
        (None, "2026-11-22T10:00:00-05:00"),
        ("3h", "2026-11-20T13:00:00-05:00"),
        ("2026-11-25 12:00", "2026-11-25T12:00:00-05:00"),
        ("tomorrow 9:00", "2026-11-21T09:00:00-05:00"),
        ("never", None),
    ],
)
def test_deadline(make: Maker, expires: str | None, deadline: str | None) -> None:
    """A session has its own deadline, else its type's, or none at all."""
    make.type(hold="2d")
    session = make.session(type="family", client=str(make.client().id), expires=expires)
    assert session.as_json()["expires_at"] == deadline


def test_time_is_free_after_the_deadline(studio: Studio, make: Maker, clock: Clock) -> None:
    """When a hold has run out, its time can be booked, and the session that had it reads as expired."""
    held = make.session("2026-12-04 10:00", expires="2h")
    clock.forward(minutes=119)
    with pytest.raises(Refused):
        make.session("2026-12-04 10:00")
    clock.forward(minutes=1)
    assert sessions.get(studio, held.id).status == "expired"
    make.session("2026-12-04 10:00")
    history = studio.file.connection.execute(
        "SELECT kind, actor FROM event WHERE session_id = ?", (held.id,)
    ).fetchall()
    assert ("session expired", "system") in [tuple(line) for line in history]


# ── once ──────────────────────────────────────────────────────────────────────────────────────────


def test_same_key_again(studio: Studio, make: Maker) -> None:
    """The same key again gives the first session and its share, without the link, and changes nothing."""
    make.client()
    wanted = Wanted(at="2026-12-04 10:00", one_off="Portrait", duration="1h", client="1", share="direct")
    first = new_session.set_up(studio, wanted, key="k1")
    assert first.shared is not None
    assert first.shared.link
    before = contents(studio)
    again = new_session.set_up(studio, wanted, key="k1")
    assert again.repeated
    assert again.session == first.session
    assert again.shared is not None
    assert (again.shared.share_id, again.shared.link) == (first.shared.share_id, None)
    assert contents(studio) == before


def test_same_key_for_something_else(studio: Studio, make: Maker) -> None:
    """A key that was used for other arguments, or another command, is refused."""
    make.client()
    wanted = Wanted(at="2026-12-04 10:00", one_off="Portrait", duration="1h", client="1")
    new_session.set_up(studio, wanted, key="k1")
    for other in (replace(wanted, at="2026-12-04 14:00"), replace(wanted, share="direct")):
        with pytest.raises(Refused) as refused:
            new_session.set_up(studio, other, key="k1")
        assert refused.value.code == "key_reused"


def test_key_of_what_was_refused_is_free(studio: Studio, make: Maker) -> None:
    """A key is used up by a session that was set up, not by one that was refused."""
    make.client()
    wanted = Wanted(at="2026-12-05 10:00", one_off="Portrait", duration="1h", client="1")
    with pytest.raises(Refused):
        new_session.set_up(studio, wanted, key="k1")
    assert not new_session.set_up(studio, replace(wanted, custom=True), key="k1").repeated


def test_rehearsal_keeps_nothing(studio: Studio, make: Maker) -> None:
    """A rehearsal says what would be, new client, share and key included, and the file stays as it was."""
    before = contents(studio)
    wanted = Wanted(
        at="2026-12-04 10:00",
        one_off="Portrait",
        duration="1h",
        add_client="Eva <eva@example.com>",
        share="email",
    )
    with studio.file.rehearsal():
        rehearsed = new_session.set_up(studio, wanted, key="k1")
    assert rehearsed.session.client.name == "Eva"
    assert contents(studio) == before
    assert not new_session.set_up(studio, wanted, key="k1").repeated


def test_rehearsal_refuses_what_would_be_refused(make: Maker, studio: Studio) -> None:
    """A rehearsal is as strict as the real thing."""
    make.session("2026-12-04 10:00")
    wanted = Wanted(at="2026-12-04 10:00", one_off="Portrait", duration="1h", client="1")
    with pytest.raises(Refused) as refused, studio.file.rehearsal():
        new_session.set_up(studio, wanted)
    assert refused.value.code == "overlap"


def test_set_up_and_shared_in_one_write(studio: Studio, make: Maker) -> None:
    """When the share cannot be made, the session is not set up either."""
    client = make.client("Rui")
    studio.file.connection.execute("UPDATE client SET email = NULL, email_folded = NULL")
    before = contents(studio)
    with pytest.raises(Refused) as refused:
        make.session(client=str(client.id), share="email")
    assert refused.value.code == "no_email"
    assert contents(studio) == before


def test_empty_price_is_not_free(make: Maker) -> None:
    """A price that is an empty text (a shell variable nobody set) is refused, not taken for nothing."""
    with pytest.raises(WrongUsage):
        make.session(price="")


# ── documents and language ────────────────────────────────────────────────────────────────────────


def test_contract_stands_between_questions_and_payment(studio: Studio, make: Maker) -> None:
    """A session with everything asks for review, questions, contract and payment, in that order."""
    forms.add(studio, "intake", FORM)
    contracts.add(studio, "terms", "Agreed with {{ client.name }}?")
    session = make.session(form="intake", contract="terms")
    assert steps(session) == ["review", "questionnaire", "contract", "payment"]
    assert session.details()["contract"] == "terms"
    assert len(session.details()["document"]) == 64


def test_refused_session_leaves_no_contract(studio: Studio, make: Maker) -> None:
    """A session that is refused for its time or its contract leaves no document and no revision behind."""
    contracts.add(studio, "terms", "Agreed?")
    client = str(make.client().id)
    make.session(client=client)
    before = contents(studio)
    with pytest.raises(Refused):
        make.session(client=client, contract="terms")
    with pytest.raises(NotFound):
        make.session("2026-12-04 14:00", client=client, contract="other")
    with studio.file.rehearsal():
        new_session.set_up(
            studio,
            Wanted(at="2026-12-04 14:00", one_off="X", duration="1h", client=client, contract="terms"),
        )
    assert contents(studio) == before


def test_same_key_gives_the_same_contract(studio: Studio, make: Maker) -> None:
    """A session set up again with its key is the first one, with its contract as it was then."""
    contracts.add(studio, "terms", "Agreed?")
    wanted = Wanted(
        at="2026-12-04 10:00", one_off="X", duration="1h", client=str(make.client().id), contract="terms"
    )
    first = new_session.set_up(studio, wanted, key="k").session
    contracts.edit(studio, "terms", "Other")
    again = new_session.set_up(studio, wanted, key="k")
    assert (again.repeated, again.session) == (True, first)


@pytest.mark.parametrize(("typed", "kept"), [(None, None), ("none", None), ("PT_br", "pt-BR"), ("de", "de")])
def test_language_of_a_session(make: Maker, typed: str | None, kept: str | None) -> None:
    """A session's language is kept in its normal form, or left to its client."""
    assert make.session(language=typed).language == kept


def test_language_that_there_is_not(studio: Studio, make: Maker) -> None:
    """A language without a catalogue is refused before anything is kept."""
    client = str(make.client().id)
    before = contents(studio)
    with pytest.raises(WrongUsage):
        make.session(language="klingon", client=client)
    assert contents(studio) == before


def test_mail_in_the_clients_language(studio: Studio, make: Maker) -> None:
    """The mail with the link is written for its reader: in the session's language, else the client's, else the studio's."""
    change_setting(studio, "studio.locale", "es")
    client = make.client()

    def day(session: Session) -> str:
        return compose(studio, session, "share", linked=True)[0].text.split("\n  ")[2].partition("\n")[0]

    session = make.session(client=str(client.id))
    assert "viernes, 4 de diciembre" in day(session)
    clients.edit(studio, client.id, language="de")
    assert "Freitag, 4. Dezember" in day(sessions.get(studio, session.id))
    other = make.session("2026-12-04 14:00", client=str(client.id), language="fr")
    assert "vendredi 4 décembre" in day(other)
    assert '<html lang="fr" dir="ltr">' in compose(studio, other, "share", linked=True)[0].html
