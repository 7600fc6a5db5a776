"""Contracts, documents and signatures as they are kept and read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused
from studio_cli.model.contract import Contract, Document, Signature
from studio_cli.model.session import Session
from studio_cli.store import contract as contract_store
from studio_cli.store import session as session_store
from tests.conftest import NOW, Clock, Maker

TERMS = Document("terms", "# {{ x }}", "# Terms\n\n“Agreed?” 🎉")
OTHER = replace(TERMS, text="# Other terms")


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A pending session with a share."""
    session = make.session()
    make.link(session)
    return session


def signature(document: Document = TERMS, name: str = "Rui Costa") -> Signature:
    """A signature under a document."""
    return Signature(document.sha256, name, NOW, "America/Toronto", 1, "192.0.2.1", "a browser")


def read(studio: Studio, session: Session) -> Session:
    """Read the session again."""
    again = session_store.get(studio.file, session.id, studio.now())
    assert again is not None
    return again


def test_contracts_come_back(studio: Studio, clock: Clock) -> None:
    """Contracts are kept word for word, listed by name, and say when they were changed last."""
    with studio.file.atomic():
        contract_store.insert(studio.file, "b", "# B {{ client.name }}\n\ttab", studio.now())
        contract_store.insert(studio.file, "a", "# A", studio.now())
    clock.forward(hours=1)
    with studio.file.atomic():
        contract_store.update(studio.file, "b", "# B2", studio.now())
    assert contract_store.listed(studio.file) == [
        Contract("a", "# A", NOW, NOW),
        Contract("b", "# B2", NOW, NOW.add(hours=1)),
    ]
    assert contract_store.by_name(studio.file, "b") == (1, Contract("b", "# B2", NOW, NOW.add(hours=1)))
    assert contract_store.by_name(studio.file, "c") is None


def test_document_of_a_session(studio: Studio, session: Session) -> None:
    """A session's document is found by its SHA-256, and by no other session."""
    with studio.file.atomic():
        contract_store.freeze(studio.file, session.id, TERMS, studio.now())
    assert contract_store.get(studio.file, session.id, TERMS.sha256) == TERMS
    assert contract_store.get(studio.file, session.id, OTHER.sha256) is None
    assert contract_store.get(studio.file, session.id + 1, TERMS.sha256) is None
    agreement = read(studio, session).contract
    assert agreement is not None
    assert (agreement.name, agreement.sha256, agreement.signed_by) == ("terms", TERMS.sha256, None)


def test_earlier_documents_stay(studio: Studio, session: Session) -> None:
    """What a session had before is kept when it gets another text, the first again, or none."""
    for document in (TERMS, TERMS, OTHER, TERMS, None):
        with studio.file.atomic():
            contract_store.freeze(studio.file, session.id, document, studio.now())
        contract = read(studio, session).contract
        assert (contract.sha256 if contract else None) == (document.sha256 if document else None)
    for document in (TERMS, OTHER):
        assert contract_store.get(studio.file, session.id, document.sha256) == document
    assert studio.file.connection.execute("SELECT count(*) FROM document").fetchone()[0] == 2


def test_signature_counts_for_its_text(studio: Studio, session: Session) -> None:
    """A signature comes back whole, and signs the text that it was given under and no other."""
    with studio.file.atomic():
        contract_store.freeze(studio.file, session.id, TERMS, studio.now())
        contract_store.sign(studio.file, session.id, signature())
    assert contract_store.signatures(studio.file, session.id) == [signature()]
    signed = read(studio, session)
    assert signed.contract is not None
    assert (signed.contract.signed_by, signed.contract.signed_at) == ("Rui Costa", NOW)
    assert signed.step("contract").done_at == NOW
    with studio.file.atomic():
        contract_store.freeze(studio.file, session.id, OTHER, studio.now())
    changed = read(studio, session)
    assert changed.contract is not None
    assert (changed.contract.signed_by, changed.step("contract").open) == (None, True)
    with studio.file.atomic():
        contract_store.freeze(studio.file, session.id, TERMS, studio.now())
    assert not read(studio, session).step("contract").open


def test_signature_needs_its_document(studio: Studio, session: Session) -> None:
    """A signature under a text that the session never had is refused by the file itself."""
    with studio.file.atomic():
        contract_store.freeze(studio.file, session.id, TERMS, studio.now())
    with pytest.raises(Exception, match="FOREIGN KEY"), studio.file.atomic():
        contract_store.sign(studio.file, session.id, signature(OTHER))
    assert contract_store.signatures(studio.file, session.id) == []


def test_what_was_signed_is_not_changed(studio: Studio, session: Session) -> None:
    """Changing a document or a signature is refused in words, by whatever program."""
    with studio.file.atomic():
        contract_store.freeze(studio.file, session.id, TERMS, studio.now())
        contract_store.sign(studio.file, session.id, signature())
    for statement in ("UPDATE document SET text = 'x'", "DELETE FROM signature"):
        with pytest.raises(Refused) as refused, studio.file.atomic() as sql:
            sql.execute(statement)
        assert refused.value.code == "append_only"


def test_lists_have_the_signatures_of_each(studio: Studio, make: Maker) -> None:
    """In a list each session has its own contract and signature, though the texts are the same."""
    sessions = [make.session(f"2026-12-04 {hour}:00") for hour in (9, 11, 13)]
    for session in sessions:
        make.link(session)
    with studio.file.atomic():
        for session in sessions[:2]:
            contract_store.freeze(studio.file, session.id, TERMS, studio.now())
        contract_store.sign(studio.file, sessions[1].id, signature())
    listed = session_store.listed(studio.file, studio.now())
    assert [one.contract and one.contract.signed_by for one in listed] == [None, "Rui Costa", None]
    assert [one.contract is not None for one in listed] == [True, True, False]


def test_drafts_are_by_step(studio: Studio, session: Session) -> None:
    """What was typed and not finished comes back as it was posted, the latest, by its step, until it is dropped."""
    with studio.file.atomic():
        session_store.save_draft(studio.file, session.id, "contract", {"name": ["R"]}, studio.now())
        session_store.save_draft(
            studio.file, session.id, "contract", {"name": ["Rui", "\x00 שלום"]}, studio.now()
        )
        session_store.save_draft(studio.file, session.id, "questionnaire", {"a": []}, studio.now())
    kept = {"contract": {"name": ["Rui", "\x00 שלום"]}, "questionnaire": {"a": []}}
    assert session_store.drafts(studio.file, session.id) == kept
    assert session_store.drafts(studio.file, session.id + 1) == {}
    with studio.file.atomic():
        session_store.drop_draft(studio.file, session.id, "contract")
    assert session_store.drafts(studio.file, session.id) == {"questionnaire": {"a": []}}
