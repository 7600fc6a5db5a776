"""The overview: what waits and for whom, what is owed, what went wrong."""

from __future__ import annotations

from whenever import Instant

from studio_cli.booking import availability, journey, payment, request
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.overview import next_command, overview
from studio_cli.booking.studio import Studio
from studio_cli.model.site import TypedSite
from studio_cli.model.wish import Wish
from tests.booking.asking import ask
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


def test_what_a_request_waits_for(studio: Studio, make: Maker) -> None:
    """A yes is named only where it is possible: else another wish, or a free time to propose."""
    make.type(price="0", deposit=None, site=TypedSite(approval=True, request="free"))
    wish = Wish((Instant.from_utc(2026, 12, 4, 15), Instant.from_utc(2026, 12, 7, 15)))
    session = ask(studio, make, wish=wish, type="family")
    answer, number = "you: accept, decline or propose", session.id
    assert waits(studio) == [(number, answer, True, f"studio session accept {number}")]
    sessions.confirm(studio, str(make.session("2026-12-04 10:30").id))
    assert waits(studio) == [(number, answer, True, f"studio session accept {number} --wish 2")]
    availability.block(studio, "2026-12-07", "2026-12-07")
    assert waits(studio) == [
        (
            number,
            "you: propose another time",
            True,
            f'studio session propose {number} --at "2026-12-04 09:00"',
        )
    ]
    request.propose(studio, str(number), ["2026-12-04 09:00"])
    assert waits(studio)[0][1:3] == ("client: choose a time", False)
    availability.block(studio, "2026-12-04", "2026-12-04")
    assert waits(studio)[0][1:3] == ("you: propose another time", True)


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
        "templates", "calendars", "waiting_list", "studio", "owing_sums", "give_back_sums",
    }  # fmt: skip


def test_the_coming_week_is_whole(studio: Studio, make: Maker) -> None:
    """A week from now to its last minute is coming, not only until the same time of day."""
    evening = make.session("2026-11-27 16:00")
    make.session("2026-11-28 09:00", custom=True)
    assert [session.id for session in overview(studio).coming] == [evening.id]


def test_what_is_due_first_comes_first(studio: Studio, make: Maker) -> None:
    """Balances stand in the order in which they are due; sums are by currency, and all is well when there is none."""
    assert overview(studio).is_calm
    later = make.session("2026-12-07 10:00", balance_due="7d before", pay="later")
    soon = make.session("2026-12-09 10:00", balance_due="14d before", pay="later")
    without = make.session("2026-12-04 10:00", pay="later")
    for one in (later, soon, without):
        sessions.confirm(studio, str(one.id))
    found = overview(studio)
    assert [session.id for session in found.owing] == [soon.id, later.id, without.id]
    assert [str(amount) for amount in found.owing_sums] == ["300.00 CAD"]
    assert not found.is_calm
    assert found.as_json()["owing_sums"] == [{"amount": "300.00", "currency": "CAD"}]


def test_next_command(studio: Studio, make: Maker) -> None:
    """A session names the command that moves it on; one of which nothing is open has none."""
    session = make.session()
    assert next_command(session) == f"studio session share {session.id} --email"
    confirmed = sessions.confirm(studio, str(session.id)).session
    assert next_command(confirmed) == f"studio payment record {session.id} 100.00"
    payment.record(studio, str(session.id), "100")
    assert next_command(sessions.get(studio, session.id)) is None


GROWING = ("session", "payment", "message", "event", "share", "step", "refund_order", "client")


def test_nothing_grows_with_the_past(studio: Studio, make: Maker) -> None:
    """No question of the overview reads all of a table that grows with the years; what is rare has an index."""
    asked: list[str] = []
    make.session()
    studio.file.connection.set_trace_callback(asked.append)
    overview(studio)
    studio.file.connection.set_trace_callback(None)
    plans = {
        row[3]
        for query in asked
        if query.lstrip().startswith("SELECT")
        for row in studio.file.connection.execute(f"EXPLAIN QUERY PLAN {query}")
    }
    rare = {"session_kept", "payment_late", "refund_order_open"}
    scans = [plan for plan in plans if plan.startswith("SCAN") and plan.split()[1] in GROWING]
    assert [plan for plan in scans if not rare & set(plan.split())] == []
    assert any(plan.startswith("SEARCH") for plan in plans)
