"""The overview: what waits and for whom, what is owed, what went wrong."""

from __future__ import annotations

from studio_cli.booking import journey, payment
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.overview import overview
from studio_cli.booking.studio import Studio
from tests.conftest import Clock, Maker


def waits(studio: Studio) -> list[tuple[int, str, bool, str]]:
    """Return what each unfinished session waits for, and what moves it."""
    return [(one.session.id, one.waits_for, one.yours, one.command) for one in overview(studio).stuck]


def test_what_a_session_waits_for(studio: Studio, make: Maker, clock: Clock) -> None:
    """From unshared to announced, each session says whom it waits for and the command that moves it."""
    studios.change_setting(studio, "payment.provider", "offline")
    session = make.session(expires="3d")
    number = session.id
    assert waits(studio) == [(number, "you: share it", True, f"studio session share {number} --email")]
    token = make.link(session)
    again = f"studio session share {number} --email"
    assert waits(studio) == [(number, "client: review, payment", False, again)]
    journey.review(studio, token, 1)
    journey.announce_payment(studio, token, 1)
    paid = f"studio payment record {number} 100.00"
    assert waits(studio) == [(number, "you: confirm payment", True, paid)]
    clock.forward(hours=24 * 4)
    assert waits(studio) == [(number, "nothing: its hold ran out", True, f"studio session reopen {number}")]


def test_money(studio: Studio, make: Maker) -> None:
    """Balances of confirmed sessions are owed, what was paid too much is told, late money has to go back."""
    owing, over, over_and_out = (make.session(f"2026-12-{day} 10:00") for day in ("04", "07", "08"))
    for one in (owing, over, over_and_out):
        sessions.confirm(studio, str(one.id))
    payment.record(studio, str(owing.id), "40")
    payment.record(studio, str(over.id), "120")
    sessions.cancel(studio, str(over_and_out.id))
    payment.record(studio, str(over_and_out.id), "5")
    found = overview(studio)
    assert [session.id for session in found.owing] == [owing.id]
    assert [session.id for session in found.overpaid] == [over.id]
    assert [row.session_id for row in found.to_refund] == [over_and_out.id]
    assert found.unfinished_refunds == 0


def test_coming(studio: Studio, make: Maker, clock: Clock) -> None:
    """What begins within a week and is not over is coming, whatever its status but canceled."""
    soon, gone, late = make.session("2026-11-23 10:00"), make.session("2026-11-24 10:00"), make.session()
    sessions.cancel(studio, str(gone.id))
    assert [session.id for session in overview(studio).coming] == [soon.id]
    clock.forward(hours=24 * 8)
    assert [session.id for session in overview(studio).coming] == [late.id]
    assert set(overview(studio).as_json()) == {
        "at", "coming", "stuck", "owing", "overpaid", "unfinished_refunds", "to_refund", "owed", "mail",
        "templates", "calendars", "waiting_list",
    }  # fmt: skip
