"""A contract, the copy of it that is signed, and the signature."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.model.contract import Contract, Document, Signature
from studio_cli.model.form import Form
from studio_cli.model.money import Money
from studio_cli.model.session import Agreement, Mark, Step, StepName, steps_of

NOW = Instant.from_utc(2026, 11, 20, 15)
LATER = NOW.add(hours=1)
AGREED = Agreement("terms", "ab" * 32)
SIGNED = replace(AGREED, signed_by="Rui", signed_at=LATER)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_sha256_is_of_the_text_alone(text: str) -> None:
    """A document's SHA-256 is that of its text in UTF-8, whatever it is called and was made of."""
    expected = hashlib.sha256(text.encode("utf-8")).hexdigest()
    assert Document("a", "source", text).sha256 == Document("b", "other", text).sha256 == expected


def test_known_sha256() -> None:
    """The SHA-256 is the one that every other tool gives: the example of FIPS 180-4."""
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert Document("a", "", "abc").sha256 == known


def test_contract_in_json() -> None:
    """A script finds the text as it was written, and when it was."""
    assert Contract("terms", "# Terms", NOW, LATER).as_json("America/Toronto") == {
        "name": "terms",
        "source": "# Terms",
        "created_at": "2026-11-20T10:00:00-05:00",
        "changed_at": "2026-11-20T11:00:00-05:00",
    }


def test_signature_in_json() -> None:
    """A signature tells its time twice: in UTC, and on the wall where the session is."""
    signature = Signature("ab" * 32, "Rui", NOW, "America/Toronto", 5, "127.0.0.1", "a browser")
    assert signature.as_json() == {
        "name": "Rui",
        "at": "2026-11-20T10:00:00-05:00",
        "at_utc": "2026-11-20T15:00:00+00:00",
        "timezone": "America/Toronto",
        "share": 5,
        "address": "127.0.0.1",
        "user_agent": "a browser",
        "sha256": "ab" * 32,
    }


# ── its step ──────────────────────────────────────────────────────────────────────────────────────


def step(
    contract: Agreement | None, mark: Mark | None = None, *, pending: bool = True, name: StepName = "contract"
) -> Step:
    """Return one step of a session that asks for everything, with that contract."""
    steps = steps_of(
        {"contract": mark} if mark else {},
        pending=pending,
        revision=1,
        form=Form("about", "About", ()),
        contract=contract,
        asked_now=Money(100, "CAD"),
        paid=Money(0, "CAD"),
        paid_at=None,
    )
    assert [one.name for one in steps] == ["review", "questionnaire", "contract", "payment"]
    return next(one for one in steps if one.name == name)


def test_without_a_contract_there_is_no_such_step() -> None:
    """A session without a contract is not asked for one, whatever was done before."""
    assert step(None) == Step("contract", required=False)
    assert step(None, Mark(done_at=NOW, waived_at=NOW)) == Step("contract", required=False)


def test_signature_is_what_counts_while_pending() -> None:
    """The step of a pending session is done exactly when that text is signed: a mark of earlier does not help."""
    assert step(AGREED).open
    assert step(AGREED, Mark(done_at=NOW)).open
    assert step(SIGNED).done_at == LATER
    assert not step(SIGNED).open


def test_confirmed_session_keeps_what_was_done() -> None:
    """Once the session is confirmed its step stays done, though its contract would have another text by now."""
    assert step(AGREED, Mark(done_at=NOW), pending=False).done_at == NOW


def test_waived_contract() -> None:
    """A contract that its owner waived is not waited for; one that was signed was not waived."""
    assert not step(AGREED, Mark(waived_at=NOW)).open
    assert step(AGREED, Mark(waived_at=NOW)).waived_at == NOW
    assert step(SIGNED, Mark(waived_at=NOW)).waived_at is None


@pytest.mark.parametrize("contract", [None, AGREED, SIGNED])
def test_contract_leaves_the_other_steps_alone(contract: Agreement | None) -> None:
    """Whatever becomes of the contract, the review, the questions and the payment are still open."""
    for name in ("review", "questionnaire", "payment"):
        assert step(contract, name=name).open  # type: ignore[arg-type]
