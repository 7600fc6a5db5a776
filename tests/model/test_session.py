"""A session as it is known: what is open, what is due, what a client agrees to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from whenever import Instant

from studio_cli.model.money import Money
from studio_cli.model.session import STATUSES, TRANSITIONS, Named, Session, Share, Step
from studio_cli.model.terms import Discount, Tax, Terms

NOW = Instant.from_utc(2026, 11, 20, 15)
REVIEW, PAYMENT = Step("review", required=True), Step("payment", required=True)
SESSION = Session(
    id=12,
    status="pending",
    title="Portrait",
    type=None,
    client=Named(3, "Rui Costa", email="rui@example.com"),
    starts_at=Instant.from_utc(2026, 12, 4, 15),
    duration=90,
    timezone="America/Toronto",
    buffer_before=0,
    buffer_after=0,
    location=None,
    terms=Terms(Money(25000, "CAD"), "deposit", Money(5000, "CAD")),
    tip=Money(0, "CAD"),
    paid=Money(0, "CAD"),
    form=None,
    custom_time=False,
    overlap_allowed=False,
    expires_at=None,
    revision=1,
    created_at=NOW,
    confirmed_at=None,
    confirmed_by=None,
    steps=(REVIEW, PAYMENT),
)


def test_transitions_name_every_status() -> None:
    """Every status says where it may go, and only to statuses that there are."""
    assert set(TRANSITIONS) == set(STATUSES)
    assert all(after <= set(STATUSES) for after in TRANSITIONS.values())


def test_waiting_for() -> None:
    """A pending session waits for the steps that are neither done nor waived, in their order."""
    assert SESSION.waiting_for == (REVIEW, PAYMENT)
    done = replace(REVIEW, done_at=NOW)
    assert replace(SESSION, steps=(done, PAYMENT)).waiting_for == (PAYMENT,)
    assert replace(SESSION, steps=(done, replace(PAYMENT, waived_at=NOW))).waiting_for == ()
    assert replace(SESSION, status="confirmed").waiting_for == ()


def test_missing_step_is_not_required() -> None:
    """A step that a session does not have stands in nobody's way."""
    assert SESSION.step("contract") == Step("contract", required=False)
    assert not SESSION.step("contract").open


def test_announced_payment_is_still_waited_for() -> None:
    """A payment that is said to be on its way is not there yet."""
    announced = replace(PAYMENT, announced_at=NOW)
    assert announced.open


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, 5000),
        ({"paid": Money(2000, "CAD")}, 3000),
        ({"paid": Money(9000, "CAD")}, 0),
        ({"status": "confirmed"}, 5000),
        ({"status": "canceled"}, 0),
        ({"status": "expired"}, 0),
        ({"status": "declined"}, 0),
        ({"steps": (REVIEW, replace(PAYMENT, waived_at=NOW))}, 0),
    ],
)
def test_due_now(changes: dict[str, object], due: int) -> None:
    """What is asked for now is what is missing of it, and nothing of a session that is waived or over."""
    assert replace(SESSION, **changes).due_now == Money(due, "CAD")  # type: ignore[arg-type]


def test_balance() -> None:
    """The balance is what of the price is missing, below zero when too much was paid."""
    assert replace(SESSION, paid=Money(9000, "CAD")).balance == Money(16000, "CAD")
    assert replace(SESSION, paid=Money(30000, "CAD")).balance == Money(-5000, "CAD")


def test_ends_after_its_real_duration() -> None:
    """A session over a change of clocks lasts as long as any other."""
    night = replace(SESSION, starts_at=Instant.from_utc(2026, 11, 1, 5), duration=180)
    assert night.ends_at == Instant.from_utc(2026, 11, 1, 8)
    assert night.as_json()["starts_at"] == "2026-11-01T01:00:00-04:00"
    assert night.as_json()["ends_at"] == "2026-11-01T03:00:00-05:00"


def test_links_end_thirty_days_after() -> None:
    """Links end by themselves thirty days after the session does."""
    assert SESSION.link_ends_at == SESSION.ends_at.add(hours=30 * 24)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Family"},
        {"starts_at": SESSION.starts_at.add(minutes=30)},
        {"starts_at": SESSION.starts_at.add(hours=24)},
        {"duration": 60},
        {"timezone": "America/New_York"},
        {"location": "At home"},
        {"terms": Terms(Money(26000, "CAD"), "deposit", Money(5000, "CAD"))},
        {"terms": Terms(Money(25000, "CAD"), "deposit", Money(6000, "CAD"))},
        {"terms": replace(SESSION.terms, tax=Tax("HST", 13000))},
        {"terms": replace(SESSION.terms, discount=Discount(percent=10000))},
        {"terms": replace(SESSION.terms, balance_due=-7)},
    ],
)
def test_every_change_that_matters_is_in_the_details(changes: dict[str, object]) -> None:
    """Whatever of a session a client agrees to, a change of it changes the details they read."""
    assert replace(SESSION, **changes).details() != SESSION.details()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes", [{"paid": Money(100, "CAD")}, {"buffer_before": 15}, {"status": "confirmed"}, {"revision": 7}]
)
def test_what_does_not_concern_the_client_is_not(changes: dict[str, object]) -> None:
    """What a client does not agree to leaves the details as they were."""
    assert replace(SESSION, **changes).details() == SESSION.details()  # type: ignore[arg-type]


def test_json_has_what_scripts_lean_on() -> None:
    """The JSON of a session has every promised field, null when empty, times in its own zone."""
    body = SESSION.as_json()
    promised = (
        "id status title type client starts_at ends_at timezone duration_minutes location price due_now paid balance "
        "steps waiting_for custom_time overlap_allowed expires_at created_at confirmed_at confirmed_by shares"
    )
    assert set(promised.split()) <= set(body)
    assert body["starts_at"] == "2026-12-04T10:00:00-05:00"
    assert body["client"] == {"id": 3, "name": "Rui Costa", "email": "rui@example.com"}
    assert body["due_now"] == {"amount": "50.00", "currency": "CAD"}
    assert body["waiting_for"] == ["review", "payment"]
    assert body["steps"][0] == {"step": "review", "required": True, "done": False, "waived": False}
    assert body["type"] is body["location"] is body["confirmed_at"] is body["expires_at"] is None


def test_json_of_a_deadline() -> None:
    """A deadline is shown while it can still matter, and not of a session that was confirmed."""
    held = replace(SESSION, expires_at=NOW)
    assert held.as_json()["expires_at"] == "2026-11-20T10:00:00-05:00"
    assert replace(held, status="expired").as_json()["expires_at"] == "2026-11-20T10:00:00-05:00"
    assert replace(held, status="confirmed").as_json()["expires_at"] is None


def test_json_of_a_share() -> None:
    """A share tells when it was made, opened and revoked."""
    assert Share(5, 12, "email", NOW, None, None).as_json("America/Toronto") == {
        "id": 5,
        "channel": "email",
        "created_at": "2026-11-20T10:00:00-05:00",
        "opened_at": None,
        "last_opened_at": None,
        "revoked_at": None,
    }
