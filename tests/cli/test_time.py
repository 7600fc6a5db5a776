"""Time on the command line: hours, dates that differ, time off, free times, and moving sessions."""

from __future__ import annotations

import sys
from urllib.request import urlopen

import pytest

from studio_cli.web.visitor import walk
from tests.conftest import Cli, Door, Maker
from tests.terminal import on_terminal, studio

FAMILY = ("--type", "family")


@pytest.fixture
def family(new_studio: Cli) -> Cli:
    """A studio with one session type: 90 minutes, 15 of buffer after."""
    new_studio(
        "type",
        "add",
        "Family session",
        "--slug",
        "family",
        "--duration",
        "90m",
        "--price",
        "250",
        "--buffer-after",
        "15m",
    ).ok()
    new_studio("client", "add", "Rui Costa", "--email", "rui@example.com").ok()
    return new_studio


def _new(cli: Cli, at: str, *more: str) -> dict[str, object]:
    result = cli("session", "new", *FAMILY, "--client", "rui", "--at", at, "--json", *more).ok().json
    assert isinstance(result, dict)
    return result


def _rules(cli: Cli, at: str, *more: str) -> list[str]:
    return [
        rule["rule"] for rule in cli("availability", "why", at, *FAMILY, "--json", *more).ok().json["rules"]
    ]


def test_override_replaces_its_day(family: Cli) -> None:
    """A date with hours of its own has those and no others; removed, it is like its weekday again."""
    family("availability", "override", "2026-12-07", "18:00-20:00").ok()
    starts = [
        slot["starts_at"]
        for slot in family("slots", *FAMILY, "--from", "2026-12-07", "--days", "1", "--json").ok().json
    ]
    assert starts == ["2026-12-07T18:00:00-05:00", "2026-12-07T18:30:00-05:00"]
    assert _rules(family, "2026-12-07 10:00") == ["override"]
    family("availability", "override", "2026-12-07", "--remove").ok()
    assert _rules(family, "2026-12-07 10:00") == []
    again = family("availability", "override", "2026-12-07", "--remove", "--json")
    assert again.code == 4


def test_override_off_closes_the_day(family: Cli) -> None:
    """A date that is off has no slots, and booking it names the rule and the nearest free times."""
    family("availability", "override", "2026-12-07", "off").ok()
    assert family("slots", *FAMILY, "--from", "2026-12-07", "--days", "1", "--json").ok().json == []
    refused = family("session", "new", *FAMILY, "--client", "rui", "--at", "2026-12-07 10:00", "--json")
    assert refused.code == 3
    assert refused.error["code"] == "not_available"
    assert refused.error["details"]["rule"] == "override"
    assert refused.error["details"]["nearest"]


def test_block_closes_times_and_tells_its_reason(family: Cli) -> None:
    """Time off closes the times in it, by its reason; without it they are free again."""
    made = (
        family(
            "availability", "block", "2026-12-07 11:00", "2026-12-07 12:00", "--reason", "Dentist", "--json"
        )
        .ok()
        .json
    )
    why = family("availability", "why", "2026-12-07 10:00", *FAMILY, "--json").ok().json
    assert [(rule["rule"], rule["reason"]) for rule in why["rules"]] == [("block", "Dentist")]
    assert why["free"] is False
    assert _rules(family, "2026-12-07 09:30") == []
    family("availability", "unblock", str(made["id"])).ok()
    assert _rules(family, "2026-12-07 10:00") == []
    assert family("availability", "unblock", str(made["id"])).code == 4


def test_yearly_block_comes_back(family: Cli) -> None:
    """Time off that is yearly closes the same dates in later years, whole days, the last one included."""
    family("availability", "block", "2026-12-24", "2027-01-02", "--yearly").ok()
    assert "block" in _rules(family, "2029-01-02 10:00")
    assert "block" not in _rules(family, "2029-01-03 10:00")


def test_block_says_which_sessions_stay(family: Cli) -> None:
    """Taking time off where a session is leaves it there and says so."""
    _new(family, "2026-12-07 10:00")
    told = family("availability", "block", "2026-12-07").ok()
    assert "session 1, Family session with Rui Costa" in told.err
    assert "stays" in told.err


def test_type_with_hours_of_its_own(family: Cli) -> None:
    """A type can have hours of its own; given up, the studio's count again."""
    family("availability", "set", "sat", "10:00-13:00", *FAMILY).ok()
    assert _rules(family, "2026-12-05 10:00") == []
    assert _rules(family, "2026-12-07 10:00") == ["hours"]
    assert (
        family("availability", "why", "2026-12-05 10:00", "--duration", "1h", "--json").ok().json["free"]
        is False
    )
    family("availability", "set", *FAMILY, "--studio-hours").ok()
    assert _rules(family, "2026-12-05 10:00") == ["hours"]


def test_notice_and_window_bind_clients_only(family: Cli) -> None:
    """Minimum notice and booking window close times for clients, never for the owner."""
    family("type", "edit", "family", "--notice", "2d", "--window", "10d").ok()
    soon = family("availability", "why", "2026-11-20 13:00", *FAMILY, "--json").ok().json
    late = family("availability", "why", "2026-12-14 13:00", *FAMILY, "--json").ok().json
    for verdict, rule in ((soon, "notice"), (late, "window")):
        assert [(one["rule"], one["clients_only"]) for one in verdict["rules"]] == [(rule, True)]
        assert verdict["free"] is True
        assert verdict["free_for_clients"] is False
    assert _new(family, "2026-11-20 13:00")["custom_time"] is False
    offered = family("slots", *FAMILY, "--days", "60", "--for-clients", "--json").ok().json
    assert offered[0]["starts_at"][:10] == "2026-11-23"
    assert offered[-1]["starts_at"][:10] == "2026-11-30"


def test_daily_limit(family: Cli) -> None:
    """A day with as many sessions of a type as its limit has no slots left for it; --custom books one more."""
    family("type", "edit", "family", "--per-day", "1").ok()
    _new(family, "2026-12-07 09:00")
    assert _rules(family, "2026-12-07 13:00") == ["daily_limit"]
    assert family("slots", *FAMILY, "--from", "2026-12-07", "--days", "1", "--json").ok().json == []
    assert family("session", "new", *FAMILY, "--client", "rui", "--at", "2026-12-07 13:00").code == 3
    assert _new(family, "2026-12-07 13:00", "--custom")["custom_time"] is True
    moved = family("session", "reschedule", "1", "--at", "2026-12-07 15:00", "--json")
    assert moved.code == 3


def test_why_names_the_session_and_its_buffer(family: Cli) -> None:
    """A time is closed by the session that is then, or by the time kept free around it, by its number."""
    _new(family, "2026-12-07 10:00")
    for at, rule in (("2026-12-07 10:30", "session"), ("2026-12-07 11:30", "buffer")):
        rules = family("availability", "why", at, *FAMILY, "--json").ok().json["rules"]
        assert [(one["rule"], one["session"]) for one in rules] == [(rule, 1)]
    assert _rules(family, "2026-12-07 11:45") == []


def test_why_at_a_clock_change(family: Cli) -> None:
    """A time that clocks skip is closed by the clock change, with the nearest that exist."""
    why = family("availability", "why", "2027-03-14 02:30", *FAMILY, "--json").ok().json
    assert why["at"] is None
    assert [one["rule"] for one in why["rules"]] == ["clock_change"]
    assert why["rules"][0]["nearest"] == ["2027-03-14 01:59", "2027-03-14 03:00"]


def test_slots_in_the_clients_zone(family: Cli) -> None:
    """Slots can be told in the client's zone: the same moments."""
    here = family("slots", *FAMILY, "--from", "2026-12-07", "--days", "1", "--json").ok().json
    there = (
        family(
            "slots",
            *FAMILY,
            "--from",
            "2026-12-07",
            "--days",
            "1",
            "--client-zone",
            "Europe/Lisbon",
            "--json",
        )
        .ok()
        .json
    )
    assert here[0] == {"starts_at": "2026-12-07T09:00:00-05:00", "ends_at": "2026-12-07T10:30:00-05:00"}
    assert there[0] == {"starts_at": "2026-12-07T14:00:00+00:00", "ends_at": "2026-12-07T15:30:00+00:00"}


def test_hours_past_midnight_are_refused_with_a_clear_word(family: Cli) -> None:
    """Hours past midnight are refused, saying how to write them."""
    refused = family("availability", "set", "fri", "20:00-02:00")
    assert refused.code == 2
    assert "two ranges" in refused.err


def test_reschedule_keeps_everything_else(family: Cli) -> None:
    """A moved session keeps its number, links and status; the history has old and new."""
    _new(family, "2026-12-07 10:00", "--share", "link")
    family("session", "confirm", "1").ok()
    moved = family("session", "reschedule", "1", "--at", "2026-12-08 10:00", "--json").ok().json
    assert (moved["id"], moved["status"], moved["starts_at"]) == (1, "confirmed", "2026-12-08T10:00:00-05:00")
    assert len(moved["shares"]) == 1
    assert moved["changes"]["starts_at"] == {
        "before": "2026-12-07T10:00:00-05:00",
        "after": "2026-12-08T10:00:00-05:00",
    }
    line = family("session", "history", "1", "--json").ok().json[-1]
    assert line["event"] == "session moved"
    assert line["details"]["starts_at"] == ["2026-12-07T10:00:00-05:00", "2026-12-08T10:00:00-05:00"]
    same = family("session", "reschedule", "1", "--at", "2026-12-08 10:00", "--json").ok().json
    assert same["changed"] is False


def test_reschedule_keeps_to_the_rules(family: Cli) -> None:
    """Moving keeps to availability and other sessions, unless --custom and --allow-overlap say otherwise."""
    _new(family, "2026-12-07 10:00")
    _new(family, "2026-12-08 10:00")
    taken = family("session", "reschedule", "1", "--at", "2026-12-08 11:00", "--json")
    assert (taken.code, taken.error["code"], taken.error["details"]["overlaps"]) == (3, "overlap", [2])
    closed = family("session", "reschedule", "1", "--at", "2026-12-08 19:00", "--json")
    assert (closed.code, closed.error["code"]) == (3, "not_available")
    forced = family(
        "session", "reschedule", "1", "--at", "2026-12-08 11:00", "--allow-overlap", "--json"
    ).ok()
    assert forced.json["overlap_allowed"] is True
    back = family("session", "reschedule", "1", "--at", "2026-12-08 19:00", "--custom", "--json").ok().json
    assert (back["overlap_allowed"], back["custom_time"]) == (False, True)


def test_moving_a_session_onto_its_own_buffer_is_possible(family: Cli) -> None:
    """A session does not stand in its own way."""
    _new(family, "2026-12-07 10:00")
    moved = family("session", "reschedule", "1", "--at", "2026-12-07 10:30", "--json").ok().json
    assert moved["starts_at"] == "2026-12-07T10:30:00-05:00"


def test_dry_run_moves_nothing(family: Cli) -> None:
    """With --dry-run the session would move, and does not."""
    _new(family, "2026-12-07 10:00")
    would = family("session", "reschedule", "1", "--at", "2026-12-08 10:00", "--dry-run", "--json").ok().json
    assert (would["starts_at"], would["dry_run"]) == ("2026-12-08T10:00:00-05:00", True)
    assert family("session", "show", "1", "--json").ok().json["starts_at"] == "2026-12-07T10:00:00-05:00"


def test_edit_changes_what_is_said_and_nothing_else(family: Cli) -> None:
    """Editing changes the named fields; a new price alone keeps how the session is paid."""
    _new(family, "2026-12-07 10:00", "--deposit", "50")
    after = (
        family(
            "session", "edit", "1", "--location", "High Park", "--price", "300", "--notes", "A dog", "--json"
        )
        .ok()
        .json
    )
    assert (after["location"], after["notes"], after["price"]["amount"]) == ("High Park", "A dog", "300.00")
    assert after["due_now"]["amount"] == "50.00"
    assert set(after["changes"]) == {"location", "notes", "price"}
    assert family("session", "edit", "1").code == 2
    assert family("session", "edit", "1", "--location", "", "--json").ok().json["location"] is None


def test_edit_asks_for_the_steps_that_are_now_needed(family: Cli) -> None:
    """A session that becomes free no longer waits for a payment; one that is to be paid does."""
    _new(family, "2026-12-07 10:00")
    free = family("session", "edit", "1", "--price", "0", "--json").ok().json
    assert free["waiting_for"] == ["review"]
    paid = family("session", "edit", "1", "--price", "100", "--json").ok().json
    assert paid["waiting_for"] == ["review", "payment"]


def test_longer_session_must_fit(family: Cli) -> None:
    """A session made longer must still be in the hours and free; shorter is always fine."""
    _new(family, "2026-12-07 10:00")
    _new(family, "2026-12-07 12:00")
    assert family("session", "edit", "1", "--duration", "3h", "--json").error["code"] == "overlap"
    assert family("session", "edit", "2", "--duration", "6h", "--json").error["code"] == "not_available"
    assert family("session", "edit", "2", "--duration", "30m", "--json").ok().json["duration_minutes"] == 30


def test_ended_sessions_stay_as_they_were(family: Cli) -> None:
    """A canceled session can be neither moved nor changed."""
    _new(family, "2026-12-07 10:00")
    family("session", "cancel", "1", "--yes").ok()
    for command in (("reschedule", "1", "--at", "2026-12-08 10:00"), ("edit", "1", "--location", "Park")):
        refused = family("session", *command, "--json")
        assert (refused.code, refused.error["code"]) == (3, "wrong_status")


def test_a_client_in_the_middle_is_asked_again(make: Maker, door: Door, cli: Cli) -> None:
    """A client who has reviewed, and whose session then moves, must look again before anything is confirmed."""
    session = make.session("2026-12-07 10:00", price="0")
    address = f"{door.base}/s/{make.link(session)}"
    first = next(iter(walk(address)))
    cli("session", "reschedule", str(session.id), "--at", "2026-12-08 10:00").ok()
    with urlopen(f"{address}/review", data=f"revision={first.fields['revision']}".encode()) as answer:
        page = answer.read().decode()
    assert "nothing was confirmed" in page
    assert "Monday 7 December 2026" in page
    assert "Tuesday 8 December 2026" in page
    assert cli("session", "show", str(session.id), "--json").ok().json["status"] == "pending"
    assert [one.heading.strip() for one in walk(address)][-1] == "Your session is confirmed"


def test_week_is_a_picture_on_a_terminal(family: Cli) -> None:
    """On a terminal the coming week is drawn: hours, sessions and time off, in 80 columns."""
    _new(family, "2026-12-07 10:00")
    family("availability", "block", "2026-12-08 13:00", "2026-12-08 15:00", "--reason", "Dentist").ok()
    code, shown = on_terminal(
        [sys.executable, "-m", "studio_cli", "availability", "show", "--from", "2026-12-07"],
        environ={"NO_COLOR": "1"},
    )
    assert code == 0
    lines = shown.splitlines()
    monday = next(line for line in lines if line.startswith("Mon 07 Dec"))
    tuesday = next(line for line in lines if line.startswith("Tue 08 Dec"))
    assert "░░░░▒▒▒▒▒▒░" in monday
    assert "×" * 8 in tuesday
    assert max(map(len, lines)) <= 80
    assert "Dentist" in shown


def test_slots_tell_the_offset_where_clocks_change(family: Cli) -> None:
    """On a terminal slots on both sides of a clock change have their offsets, so that no two read alike."""
    family("availability", "override", "2027-11-07", "00:00-04:00").ok()
    code, shown = on_terminal(
        studio("slots", *FAMILY, "--from", "2027-11-07", "--days", "1"), environ={"NO_COLOR": "1"}
    )
    assert code == 0
    before, after = (
        next(line for line in shown.splitlines() if offset in line) for offset in ("UTC−04:00", "UTC−05:00")
    )
    assert "00:00  00:30  01:00  01:30" in before
    assert "01:00  01:30  02:00  02:30" in after


def test_person_without_brackets_is_not_a_name(family: Cli) -> None:
    """A name and an address without <> between them are refused, not taken for a name."""
    refused = family(
        "session", "new", *FAMILY, "--add-client", "Bob Stone bob@example.com", "--at", "2026-12-07 10:00"
    )
    assert refused.code == 2
    assert "Eva Lima <eva@example.com>" in refused.err


def test_window_is_days(family: Cli) -> None:
    """A booking window that is no number of days says how to write one."""
    refused = family("type", "edit", "family", "--window", "365")
    assert refused.code == 2
    assert "60d" in refused.err


def test_what_was_changed_comes_first(family: Cli) -> None:
    """On a terminal a change of the hours, a time off and a move are told in a sentence."""
    for words, said in (
        (("availability", "override", "2026-12-24", "off"), "Thu 24 Dec 2026: off."),
        (
            ("availability", "block", "2026-12-25", "2026-12-31", "--yearly"),
            "Fri 25 Dec 2026 to Thu 31 Dec 2026, every year",
        ),
    ):
        assert said in on_terminal(studio(*words), environ={"NO_COLOR": "1"})[1]
    _new(family, "2026-12-07 10:00")
    shown = on_terminal(
        studio("session", "reschedule", "1", "--at", "2026-12-08 10:00"), environ={"NO_COLOR": "1"}
    )[1]
    assert "Tuesday 8 December 2026, 10:00 to 11:30" in shown
    assert "It was Mon 7 Dec 2026 10:00." in shown
