"""Contracts: what a session's copy is, who has signed it, and what can never come of one."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import journey, letter, new_session, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.contract import VARIABLES, as_html, as_paper, filled_in
from studio_cli.booking.details import differences
from studio_cli.booking.journey import Signer, Visit
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio, change_setting, open_studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.language import ENGLISH
from studio_cli.model.contract import LONGEST, Document
from studio_cli.model.session import Session
from studio_cli.model.text import LONG, SHORT, clean
from studio_cli.store import contract as contract_store
from studio_cli.templates import fill_in
from tests.conftest import NOW, Clock, Maker

TERMS = "# Agreement\n\n{{ client.name }} and {{ studio.name }} agree on: {{ session.title }}."
TIMED = TERMS + "\n\nIt takes place on {{ session.day }}, {{ session.time }}."
SIGNER = Signer("192.0.2.7", "Mozilla/5.0 (a phone)")
GOOD = {"name": ["Rui Costa"], "agreed": ["yes"]}


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A session with a contract that does not name its time, and 100 to pay."""
    contracts.add(studio, "terms", TERMS)
    contracts.add(studio, "timed", TIMED)
    return make.session(contract="terms", client=str(make.client("Rui Costa").id))


@pytest.fixture
def timed(studio: Studio, session: Session, make: Maker) -> Session:
    """A session with a contract that names its time, and 100 to pay."""
    return make.session("2026-12-04 14:00", contract="timed", client=str(session.client.id))


def now_is(studio: Studio, session: Session) -> Session:
    """Return the session as it is now."""
    return sessions.get(studio, session.id)


def waiting(studio: Studio, session: Session) -> list[str]:
    """Return the names of the steps that a session waits for."""
    return [step.name for step in now_is(studio, session).waiting_for]


def text_of(studio: Studio, session: Session) -> str:
    """Return the text that the session's client is to sign, or has signed."""
    document = contracts.current(studio, now_is(studio, session))
    assert document is not None
    return document.text


def agree(studio: Studio, session: Session, token: str | None = None, **posted: list[str]) -> Visit:
    """Review a session and sign its contract as it is now."""
    token = token or Maker(studio).link(session)
    revision = journey.visit(studio, token).session.revision
    journey.review(studio, token, revision)
    here = journey.visit(studio, token)
    assert here.session.contract is not None
    return journey.sign(studio, token, revision, here.session.contract.sha256, {**GOOD, **posted}, SIGNER)


def edit(studio: Studio, session: Session, **edits: object) -> Session:
    """Edit a session as its owner."""
    return session_changes.edit(studio, str(session.id), Edits(**edits)).after  # type: ignore[arg-type]


def move(studio: Studio, session: Session, at: str = "2026-12-07 10:00") -> Session:
    """Move a session."""
    return session_changes.reschedule(studio, str(session.id), at).after


# ── the owner's texts ─────────────────────────────────────────────────────────────────────────────


def test_added_and_changed(studio: Studio, clock: Clock) -> None:
    """A contract is kept as it was written, cleaned at its ends, and says when it was changed."""
    added = contracts.add(studio, "terms", "\n# Terms\r\n\r\n{{ client.name }}  \n\n")
    assert (added.source, added.created_at) == ("# Terms\n\n{{ client.name }}", NOW)
    clock.forward(hours=2)
    changed, was = contracts.edit(studio, "terms", TERMS)
    assert (was, changed.source, changed.created_at) == (True, TERMS, NOW)
    assert changed.changed_at == NOW.add(hours=2)
    clock.forward(hours=2)
    assert contracts.edit(studio, "terms", TERMS + "\n") == (changed, False)


@pytest.mark.parametrize("name", ["", "Terms", "none", "12", "a b", "é", "x" * 61, "../x"])
def test_name_that_is_none(studio: Studio, name: str) -> None:
    """A contract's name is a short name, and not the word that means none."""
    with pytest.raises(WrongUsage):
        contracts.add(studio, name, TERMS)
    assert contract_store.listed(studio.file) == []


def test_name_is_unique(studio: Studio, session: Session) -> None:
    """A second contract of a name is refused, and the first stays."""
    with pytest.raises(Refused) as refused:
        contracts.add(studio, "terms", "other")
    assert refused.value.code == "already_exists"
    assert contracts.find(studio, "terms").source == TERMS


def test_unknown_contract(studio: Studio, session: Session, make: Maker) -> None:
    """A name that no contract has is told with the nearest, and gives no session to anybody."""
    for use in (
        lambda: contracts.find(studio, "trems"),
        lambda: contracts.edit(studio, "trems", TERMS),
        lambda: make.session("2026-12-05 10:00", contract="trems"),
        lambda: make.type(contract="trems"),
    ):
        with pytest.raises(NotFound) as unknown:
            use()
        assert unknown.value.details["nearest"] == ["terms"]


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("", 0, "is empty"),
        (" \n ", 0, "is empty"),
        ("x" * (LONGEST + 1), 0, "100,001 characters"),
        ("a\x00b", 0, "U+0000"),
        ("{{ client.nmae }}", 1, "Did you mean “client.name”"),
        ("\n\n# A\n\n{{ price }}", 5, "There is no price here"),
        ("{% for x in y %}{% endfor %}", 1, "can stand in braces"),
        ("a\n{{ client.name", 2, "It ends in the middle"),
    ],
)
def test_wrong_contract(studio: Studio, source: str, line: int, words: str) -> None:
    """What cannot be filled in is refused when it is written, with its line as it stands in the file."""
    for use in (contracts.add, contracts.edit):
        with pytest.raises(WrongUsage) as wrong:
            use(studio, "terms", source)
        assert words in wrong.value.message
        if line:
            assert wrong.value.details["mistakes"][0]["line"] == line
            assert f"terms, line {line}:" in wrong.value.message
    assert contract_store.listed(studio.file) == []
    found = contracts.check(source)
    assert words in found[0].message
    assert found[0].line == max(line, 1)


def test_every_variable_is_filled_in(studio: Studio, make: Maker) -> None:
    """Everything that a contract can say is said, with the session's own values and none of the examples'."""
    for key, value in (("studio.phone", "+1 416 555 0111"), ("payment.instructions", "Cash\nor card")):
        change_setting(studio, key, value)
    costs = {"price": "250", "deposit": "50", "discount": "10%", "tax": "HST 13%"}
    session = make.session(location="High Park", duration="90m", **costs)
    source = "\n".join(
        f"{noun}.{word}={{{{ {noun}.{word} }}}}" for noun, words in VARIABLES.items() for word in words
    )
    document = filled_in(studio, session, Document("a", source, ""))
    said = dict(line.split("=", 1) for line in document.text.replace("\\\n", " / ").split("\n"))
    plain = {name: value.replace("\\", "") for name, value in said.items()}
    assert plain == {
        "studio.name": "Ana Silva Photography",
        "studio.email": "ana@example.com",
        "studio.phone": "+1 416 555 0111",
        "studio.timezone": "America/Toronto",
        "studio.instructions": "Cash / or card",
        "client.name": "Rui Costa",
        "client.email": "client1@example.com",
        "session.id": "1",
        "session.title": "Portrait",
        "session.day": "Friday 4 December 2026",
        "session.time": "10:00 to 11:30",
        "session.starts_at": "Friday 4 December 2026, 10:00",
        "session.zone": "America/Toronto, UTC−05:00",
        "session.duration": "1 h 30 min",
        "session.location": "High Park",
        "session.price": "CA$250.00",
        "session.discount": "CA$25.00",
        "session.tax": "CA$29.25",
        "session.total": "CA$254.25",
        "session.due_now": "CA$50.00",
        "session.rest": "CA$204.25",
    }


def test_what_does_not_apply_is_empty(studio: Studio, make: Maker) -> None:
    """A session without a place and a price has nothing there, and a condition can ask for it."""
    source = "[{{ session.location }}{{ session.price }}{{ session.due_now }}{{ session.rest }}]"
    source += "{% if session.location %}at{% else %}nowhere{% endif %}"
    document = filled_in(studio, make.session(price="0"), Document("a", source, ""))
    assert document.text == "[]nowhere"


def test_contract_is_in_the_studios_language(studio: Studio, make: Maker) -> None:
    """A contract is written in one language, the studio's: its dates are in it too, whatever the client reads."""
    change_setting(studio, "studio.locale", "de")
    contracts.add(studio, "timed", TIMED)
    session = make.session(contract="timed", language="pt-BR")
    assert "Freitag, 4. Dezember 2026" in text_of(studio, session)


# ── frozen ────────────────────────────────────────────────────────────────────────────────────────


def test_session_has_its_own_copy(studio: Studio, session: Session) -> None:
    """A session's copy is filled in when it is set up, and its SHA-256 is of exactly that text."""
    text = text_of(studio, session)
    assert text == "# Agreement\n\nRui Costa and Ana Silva Photography agree on: Portrait."
    assert session.contract is not None
    assert session.contract.sha256 == hashlib.sha256(text.encode("utf-8")).hexdigest()
    assert waiting(studio, session) == ["review", "contract", "payment"]


def test_changing_the_contract_changes_no_session(studio: Studio, session: Session) -> None:
    """However the owner words a contract anew, what a session has stays, through any other edit or move of it."""
    before = text_of(studio, session)
    contracts.edit(studio, "terms", "# Entirely other terms")
    assert text_of(studio, session) == before
    edit(studio, session, notes="a note", location="High Park", price="120")
    move(studio, session)
    assert text_of(studio, session) == before
    assert waiting(studio, session) == ["review", "contract", "payment"]
    edit(studio, session, refresh_documents=True)
    assert text_of(studio, session) == "# Entirely other terms"


def test_refreshed_contract_is_asked_for_again(studio: Studio, session: Session) -> None:
    """A signed contract that is refreshed is signed again; the first text and its signature stay for ever."""
    token = Maker(studio).link(session)
    agree(studio, session, token)
    first = text_of(studio, session)
    contracts.edit(studio, "terms", TERMS + "\n\nAnd more.")
    assert waiting(studio, session) == ["payment"]
    edit(studio, session, refresh_documents=True)
    assert waiting(studio, session) == ["review", "contract", "payment"]
    assert contracts.signed(studio, now_is(studio, session)) == (
        contracts.current(studio, now_is(studio, session)),
        None,
    )
    agree(studio, session, token, name=["Rui M. Costa"])
    signatures = contract_store.signatures(studio.file, session.id)
    assert [one.name for one in signatures] == ["Rui Costa", "Rui M. Costa"]
    kept = [contract_store.get(studio.file, session.id, one.sha256) for one in signatures]
    assert [one.text for one in kept if one] == [first, first + "\n\nAnd more."]


def test_refreshing_what_is_the_same_asks_nothing(studio: Studio, session: Session) -> None:
    """A contract that was not worded anew, or worded back, needs no new signature when it is refreshed."""
    agree(studio, session)
    edit(studio, session, refresh_documents=True)
    contracts.edit(studio, "terms", "# Other")
    contracts.edit(studio, "terms", TERMS)
    edit(studio, session, refresh_documents=True)
    assert waiting(studio, session) == ["payment"]
    assert now_is(studio, session).revision == session.revision


def test_moving_a_contract_that_names_its_time(studio: Studio, timed: Session) -> None:
    """A signed contract that says when is signed again for another time."""
    token = Maker(studio).link(timed)
    agree(studio, timed, token)
    assert waiting(studio, timed) == ["payment"]
    move(studio, timed)
    assert "Monday 7 December 2026" in text_of(studio, timed)
    assert waiting(studio, timed) == ["review", "contract", "payment"]
    agree(studio, timed, token)
    assert waiting(studio, timed) == ["payment"]
    assert len(contract_store.signatures(studio.file, timed.id)) == 2


def test_moving_a_contract_that_does_not(studio: Studio, session: Session) -> None:
    """A signed contract that does not say when stays signed: only the details are reviewed again."""
    agree(studio, session)
    before = text_of(studio, session)
    move(studio, session)
    assert waiting(studio, session) == ["review", "payment"]
    assert text_of(studio, session) == before


def test_back_to_what_was_signed(studio: Studio, timed: Session) -> None:
    """A session that is again as it was when its contract was signed needs no new signature."""
    agree(studio, timed)
    move(studio, timed)
    assert "contract" in waiting(studio, timed)
    move(studio, timed, "2026-12-04 14:00")
    assert waiting(studio, timed) == ["review", "payment"]
    assert len(contract_store.signatures(studio.file, timed.id)) == 1


def test_contract_taken_away_and_given_back(studio: Studio, session: Session) -> None:
    """Without its contract a session asks for none; given back, it is still signed; another one is not."""
    agree(studio, session)
    assert edit(studio, session, contract="none").contract is None
    assert waiting(studio, session) == ["review", "payment"]
    assert contracts.current(studio, now_is(studio, session)) is None
    edit(studio, session, contract="terms")
    assert waiting(studio, session) == ["review", "payment"]
    edit(studio, session, contract="timed")
    assert waiting(studio, session) == ["review", "contract", "payment"]


def test_payment_rewords_no_contract(studio: Studio, make: Maker) -> None:
    """What a contract says is to be paid at booking stays so when some of it has been paid."""
    contracts.add(studio, "sums", "At booking: {{ session.due_now }}, later: {{ session.rest }}.")
    session = make.session(contract="sums", price="250", deposit="50")
    before = text_of(studio, session)
    assert before == "At booking: CA$50.00, later: CA$200.00."
    payments.record(studio, str(session.id), "30")
    edit(studio, session, notes="paid some of it")
    assert text_of(studio, session) == before
    edit(studio, session, deposit="60")
    assert text_of(studio, session) == "At booking: CA$60.00, later: CA$190.00."


def test_confirmed_session_keeps_its_contract(studio: Studio, timed: Session) -> None:
    """A confirmed session that is moved keeps its signed text and signature, and is asked for nothing."""
    agree(studio, timed)
    payments.record(studio, str(timed.id), "100")
    signed = text_of(studio, timed)
    moved = move(studio, timed)
    assert (moved.status, moved.waiting_for) == ("confirmed", ())
    assert moved.step("contract").done_at == NOW
    kept = contracts.signed(studio, moved)
    assert kept is not None
    assert kept[0].text == signed
    assert kept[1] == contract_store.signatures(studio.file, timed.id)[0]
    told = moved.as_json()
    assert (told["signed_by"], told["signed_at"]) == ("Rui Costa", "2026-11-20T10:00:00-05:00")


def test_reopened_session_asks_for_what_it_says_now(studio: Studio, session: Session, timed: Session) -> None:
    """A confirmed session that was moved asks for a new signature, when its contract says when, once it is reopened."""
    for one in (session, timed):
        agree(studio, one)
        payments.record(studio, str(one.id), "100")
        sessions.reopen(studio, str(one.id))
        assert waiting(studio, one) == ["review"]
        sessions.confirm(studio, str(one.id))
    move(studio, session)
    move(studio, timed, "2026-12-07 14:00")
    for one, steps in ((session, ["review"]), (timed, ["review", "contract"])):
        sessions.reopen(studio, str(one.id))
        assert waiting(studio, one) == steps


@pytest.mark.parametrize("edits", [{"contract": "timed"}, {"contract": "none"}, {"refresh_documents": True}])
def test_contract_of_a_confirmed_session(studio: Studio, session: Session, edits: dict[str, object]) -> None:
    """What a confirmed session has is not taken away or changed under its client: it has to be reopened first."""
    sessions.confirm(studio, str(session.id))
    with pytest.raises(Refused, match="contract stays as it is"):
        edit(studio, session, **edits)
    sessions.reopen(studio, str(session.id))
    edit(studio, session, **edits)


def test_contract_of_the_type(studio: Studio, session: Session, make: Maker) -> None:
    """A session of a type has the type's contract, unless another one or none is said."""
    make.type(contract="timed")

    def set_up(at: str, **wanted: str) -> Session:
        words = Wanted(at=at, type="family", client=str(session.client.id), **wanted)
        return new_session.set_up(studio, words).session

    made = [
        set_up("2026-12-07 09:00"),
        set_up("2026-12-07 11:00", contract="terms"),
        set_up("2026-12-07 13:00", contract="none"),
    ]
    assert [one.contract and one.contract.name for one in made] == ["timed", "terms", None]


def test_rehearsal_signs_nothing_away(studio: Studio, session: Session) -> None:
    """Rehearsing an edit shows what it would ask for, and leaves the contract as it was."""
    before = list(studio.file.connection.iterdump())
    edits = Edits(contract="timed")
    with studio.file.rehearsal():
        after = session_changes.edit(studio, str(session.id), edits).after
    assert after.contract is not None
    assert after.contract.name == "timed"
    assert list(studio.file.connection.iterdump()) == before


def test_other_wording_is_in_the_history(studio: Studio, session: Session) -> None:
    """That a contract of the same name was taken anew leaves its trace."""
    contracts.edit(studio, "terms", "# Other")
    edit(studio, session, refresh_documents=True)
    line = sessions.history(studio, session)[-1]
    assert (line.kind, line.details["contract_text"]) == ("session changed", "another wording")


# ── signing ───────────────────────────────────────────────────────────────────────────────────────


def ready(studio: Studio, session: Session) -> tuple[str, str]:
    """Review a session; return its link's token and the SHA-256 of its contract."""
    token = Maker(studio).link(session)
    here = journey.review(studio, token, now_is(studio, session).revision)
    assert here.current == "contract"
    assert here.session.contract is not None
    return token, here.session.contract.sha256


def test_signature_says_all_there_is_to_say(studio: Studio, session: Session, clock: Clock) -> None:
    """A signature keeps the name, the moment, the zone, the share, the address, the browser and which text."""
    Maker(studio).link(session)
    token, sha256 = ready(studio, session)
    clock.forward(minutes=7)
    visit = journey.sign(studio, token, 1, sha256, {**GOOD, "name": ["  Rui Costa "]}, SIGNER)
    assert visit.current == "payment"
    (signature,) = contract_store.signatures(studio.file, session.id)
    assert (signature.name, signature.at) == ("Rui Costa", NOW.add(minutes=7))
    assert (signature.timezone, signature.share_id) == ("America/Toronto", 2)
    assert (signature.address, signature.user_agent) == ("192.0.2.7", "Mozilla/5.0 (a phone)")
    assert signature.sha256 == hashlib.sha256(text_of(studio, session).encode()).hexdigest()
    assert visit.session.as_json()["signed_by"] == "Rui Costa"
    line = sessions.history(studio, session)[-1]
    assert (line.kind, line.actor) == ("contract done", "client")


@pytest.mark.parametrize(
    ("posted", "problems"),
    [
        ({}, {"name", "agreed"}),
        ({"name": ["Rui"]}, {"agreed"}),
        ({"name": ["Rui"], "agreed": ["no"]}, {"agreed"}),
        ({"name": ["Rui"], "agreed": ["yes", ""]}, {"agreed"}),
        ({"agreed": ["yes"]}, {"name"}),
        ({"name": [], "agreed": ["yes"]}, {"name"}),
        ({"name": ["  \t "], "agreed": ["yes"]}, {"name"}),
        ({"name": ["Rui\nCosta"], "agreed": ["yes"]}, {"name"}),
        ({"name": ["Rui\x00"], "agreed": ["yes"]}, {"name"}),
        ({"name": ["x" * 201], "agreed": ["yes"]}, {"name"}),
    ],
)
def test_what_is_missing(
    studio: Studio, session: Session, posted: dict[str, list[str]], problems: set[str]
) -> None:
    """Without a name and a tick nothing is signed: what was typed waits, with what is to be mended."""
    token, sha256 = ready(studio, session)
    visit = journey.sign(studio, token, 1, sha256, {**posted, "document": [sha256]}, SIGNER)
    for seen in (visit, journey.visit(studio, token)):
        assert set(seen.problems("contract")) == problems
        assert seen.drafts == {"contract": posted}
        assert seen.current == "contract"
    assert contract_store.signatures(studio.file, session.id) == []
    done = journey.sign(studio, token, 1, sha256, GOOD, SIGNER)
    assert (done.current, done.drafts) == ("payment", {})


@pytest.mark.parametrize("revision", [0, 2, -1, 10**12])
def test_stale_revision_is_never_signed(studio: Studio, session: Session, revision: int) -> None:
    """A signature that was given on a page about other details is none; the name that was typed is kept."""
    token, sha256 = ready(studio, session)
    visit = journey.sign(studio, token, revision, sha256, GOOD, SIGNER)
    assert visit.changed
    assert visit.drafts["contract"]["name"] == ["Rui Costa"]
    assert contract_store.signatures(studio.file, session.id) == []


def test_moved_under_the_pen(studio: Studio, timed: Session) -> None:
    """A contract that came to say another time while the page was open is not signed; after a look it can be."""
    token, sha256 = ready(studio, timed)
    moved = move(studio, timed)
    visit = journey.sign(studio, token, 1, sha256, GOOD, SIGNER)
    assert (visit.changed, visit.session.status) == (True, "pending")
    assert contract_store.signatures(studio.file, timed.id) == []
    assert journey.visit(studio, token).drafts["contract"]["name"] == ["Rui Costa"]
    old = journey.sign(studio, token, moved.revision, sha256, GOOD, SIGNER)
    assert old.changed
    assert contract_store.signatures(studio.file, timed.id) == []
    assert agree(studio, timed, token).current == "payment"


@pytest.mark.parametrize("which", ["", "x", "0" * 64, "other", "upper"])
def test_another_text_is_never_signed(studio: Studio, session: Session, timed: Session, which: str) -> None:
    """Only the text that was on the page is signed: no other session's, no nonsense."""
    token, sha256 = ready(studio, session)
    assert timed.contract is not None
    posted = {"other": timed.contract.sha256, "upper": sha256.upper()}.get(which, which)
    visit = journey.sign(studio, token, 1, posted, GOOD, SIGNER)
    assert visit.changed
    assert visit.drafts["contract"]["name"] == ["Rui Costa"]
    assert contract_store.signatures(studio.file, session.id) == []
    assert contract_store.signatures(studio.file, timed.id) == []


def test_double_post_signs_once(studio: Studio, session: Session) -> None:
    """A signature that arrives twice is kept once, the first, and the second leaves nothing behind."""
    token, sha256 = ready(studio, session)
    journey.sign(studio, token, 1, sha256, GOOD, SIGNER)
    before = list(studio.file.connection.iterdump())
    again = journey.sign(studio, token, 1, sha256, {**GOOD, "name": ["Somebody"]}, SIGNER)
    assert again.current == "payment"
    assert list(studio.file.connection.iterdump()) == before


def test_two_taps_at_once_sign_once(studio: Studio, session: Session, clock: Clock) -> None:
    """Two signatures that arrive at the same moment are one."""
    token, sha256 = ready(studio, session)
    barrier, steps = threading.Barrier(2), []

    def tap() -> None:
        mine = open_studio(studio.file.path, clock)
        barrier.wait(5)
        steps.append(journey.sign(mine, token, 1, sha256, GOOD, SIGNER).current)
        mine.file.close()

    threads = [threading.Thread(target=tap) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert steps == ["payment", "payment"]
    assert len(contract_store.signatures(studio.file, session.id)) == 1


def test_stale_post_after_signing(studio: Studio, session: Session) -> None:
    """A signature that is posted again about details that changed asks for no second one."""
    token, sha256 = ready(studio, session)
    journey.sign(studio, token, 1, sha256, GOOD, SIGNER)
    move(studio, session)
    visit = journey.sign(studio, token, 1, sha256, GOOD, SIGNER)
    assert (visit.changed, visit.drafts) == (True, {})
    assert len(contract_store.signatures(studio.file, session.id)) == 1


@pytest.mark.parametrize("status", ["confirmed", "canceled"])
def test_over_before_it_was_signed(studio: Studio, session: Session, status: str) -> None:
    """A signature for a session that was confirmed or canceled meanwhile keeps nothing, whatever text it names."""
    token, sha256 = ready(studio, session)
    (sessions.confirm if status == "confirmed" else sessions.cancel)(studio, str(session.id))
    before = list(studio.file.connection.iterdump())
    for named in (sha256, "0" * 64):
        assert journey.sign(studio, token, 1, named, GOOD, SIGNER).session.status == status
    assert list(studio.file.connection.iterdump()) == before


def test_nobody_signs_before_the_review_nor_pays_before_the_contract(studio: Studio, make: Maker) -> None:
    """The contract comes after the review and the questions, and before the payment."""
    contracts.add(studio, "terms", TERMS)
    forms.add(studio, "about", '[[field]]\nname = "a"\nlabel = "A"\n')
    session = make.session(contract="terms", form="about")
    token = make.link(session)
    assert session.contract is not None

    def sign() -> Visit:
        assert session.contract is not None
        return journey.sign(studio, token, 1, session.contract.sha256, GOOD, SIGNER)

    assert sign().current == "review"
    journey.review(studio, token, 1)
    assert sign().current == "questionnaire"
    journey.questionnaire(studio, token, 1, {})
    assert journey.pay(studio, token, 1).current == "contract"
    assert studio.file.connection.execute("SELECT count(*) FROM payment").fetchone()[0] == 0
    assert sign().current == "payment"
    assert journey.pay(studio, token, 1).session.status == "confirmed"
    assert len(contract_store.signatures(studio.file, session.id)) == 1


def test_last_step_confirms(studio: Studio, session: Session, make: Maker) -> None:
    """Where nothing is to be paid, the signature confirms the session."""
    free = make.session("2026-12-05 10:00", contract="terms", price="0", custom=True)
    assert agree(studio, free).session.status == "confirmed"


def test_waived_contract(studio: Studio, session: Session) -> None:
    """A contract that the owner waived by confirming is shown as not signed, and asked for once it is reopened."""
    change = sessions.confirm(studio, str(session.id))
    assert [step.name for step in change.waived] == ["review", "contract", "payment"]
    found = contracts.signed(studio, now_is(studio, session))
    assert found == (contracts.current(studio, now_is(studio, session)), None)
    assert now_is(studio, session).as_json()["signed_by"] is None
    sessions.reopen(studio, str(session.id))
    assert "contract" in waiting(studio, session)


def test_money_does_not_sign(studio: Studio, session: Session) -> None:
    """A session that is paid in full is not confirmed before its contract is signed."""
    payments.record(studio, str(session.id), "100")
    assert waiting(studio, session) == ["review", "contract"]
    assert agree(studio, session).session.status == "confirmed"


# ── what can come of a text ───────────────────────────────────────────────────────────────────────

ALLOWED: dict[str, set[str]] = {
    **{f"h{level}": set() for level in range(2, 7)},
    **{
        tag: set()
        for tag in ("br", "strong", "em", "ul", "blockquote", "hr", "table", "thead", "tbody", "tr", "pre")
    },
    **{tag: {"dir", "class"} for tag in ("p", "li", "td", "th")},
    "ol": {"start"},
    "code": {"class"},
    "a": {"href", "title"},
}


class Reader(HTMLParser):
    """Reads HTML as a browser does, and collects what would worry one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.words.append(" " if tag in {"br", "p", "li", "td", "th", "tr"} or tag[0] == "h" else "")
        if tag not in ALLOWED:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ALLOWED.get(tag, set()):
                self.wrong.append(f"{name} of <{tag}>")
            if name == "href" and not (value or "").lower().startswith(
                ("https://", "http://", "mailto:", "tel:")
            ):
                self.wrong.append(f"a link to {value}")

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        """Nothing that is not text may come through."""
        self.wrong.append(f"comment {data}")

    handle_decl = unknown_decl = handle_pi = handle_comment

    @property
    def text(self) -> str:
        """What is read, with single spaces."""
        return " ".join("".join(self.words).split())


PIECES = st.sampled_from(
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![a](https://x.example/a.png)",
        "![a][b]\n\n[b]: https://x.example/a.png\n", "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))",
        "[a](&#106;avascript:alert(1))", "[a](java\tscript:x)", "[a](<javascript:alert(1)>)", "[a](\\javascript:x)",
        "[a]: javascript:alert(1)\n\n[a]", "[a](data:text/html;base64,PHNjcmlwdD4=)", "[a](data:image/png;base64,AAAA)",
        "[a](vbscript:x)", "[a](file:///etc/passwd)", "[a](//x.example)", "[a](/s/token)", "[a](#x)",
        "<javascript:alert(1)>", "<https://x.example>", "<a@b.co>", "[a](https://x.example \"t\")", "[a](mailto:a@b.co)",
        "<!-- x -->", "<?php x ?>", "<![CDATA[x]]>", "<!DOCTYPE html>", "<style>*{}</style>", "</article>", "<a href=x>",
        "```html onload=x\n<b>\n```\n", "    <b>indented\n", "`<b>`", "~~~\n", "|a|b|\n|:-:|--:|\n|<b>|`|`|\n", "# h\n",
        "#### h\n", "h\n===\n", "1) a\n", "- b\n", "> ", "\n", "\n\n", "***", "**", "_", "\\", "&lt;b&gt;", "&#60;b&#62;",
        "a", " ", "\"'", "\u202e", "🎉",
    ]
)  # fmt: skip
"""What contracts are not made of, but could be."""


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=60)))
@example("<script>alert(1)</script>")
@example("[a](data:image/png;base64,AAAA)")
@example("|a|\n|--:|\n|b|")
def test_html_is_harmless(source: str) -> None:
    """Whatever the text, its HTML has only a few plain elements, and links that lead to websites, mails and calls."""
    assert Reader(as_html(source)).wrong == []


def cleaned(text: str, *, multiline: bool = False) -> str | None:
    """Return a value as it would be kept, or None for one that cannot be."""
    try:
        return clean(text, "It", limit=LONG if multiline else SHORT, multiline=multiline)
    except WrongUsage:
        return None


HOSTILE = st.one_of(
    st.lists(PIECES, min_size=1, max_size=4).map("".join),
    st.text(min_size=1, max_size=30),
    st.text("*_-+=:.)(1 #>|`~[]<\\&!\t{}%", min_size=1, max_size=12),
)
VALUES = HOSTILE.map(cleaned).filter(lambda value: value is not None)
LINES = st.lists(HOSTILE, max_size=4).map("\n".join).map(lambda text: cleaned(text, multiline=True))

AROUND = (
    "{{ client.name }}", "Between {{ client.name }} and us", "a\n{{ client.name }}\nb", "# {{ client.name }}",
    "{{ client.name }}\n===", "- {{ client.name }}\n- b", "1. {{ client.name }}", "> {{ client.name }}",
    "**{{ client.name }}**", "|a|b|\n|-|-|\n|{{ client.name }}|c|", "[{{ client.name }}](https://x.example)",
    "a  \n{{ client.name }}", "{% if client.name %}{{ client.name }}{% endif %}",
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(value=VALUES, around=st.sampled_from(AROUND))
@example(value="*x* <b> [a](javascript:b) | # \\", around="{{ client.name }}")
@example(value="1. a", around="{{ client.name }}")
@example(value="---", around="a\n{{ client.name }}\nb")
@example(value="=", around="a\n{{ client.name }}\nb")
@example(value="&lt;script&gt;", around="# {{ client.name }}")
@example(value="{{ session.price }}", around="{{ client.name }}")
@example(value="a | b", around="|a|b|\n|-|-|\n|{{ client.name }}|c|")
@example(value="a\\", around="|a|b|\n|-|-|\n|{{ client.name }}|c|")
def test_values_mean_themselves(value: str, around: str) -> None:
    """A client can be called anything: the name is read as it is, and marks nothing up."""
    assert contracts.check(around) == []
    read = Reader(as_html(fill_in(around, {"client": {"name": value}})))
    plain = Reader(as_html(fill_in(around, {"client": {"name": "Rui"}})))
    assert read.wrong == []
    assert " ".join(value.split()) in read.text
    assert read.tags == plain.tags


@settings(max_examples=200, deadline=None)
@given(value=LINES.filter(lambda value: value is not None))
@example(value="Cash\n- card\n1. IBAN\n\n    # indented\n===\n> quoted")
def test_lines_mean_themselves(value: str) -> None:
    """Instructions of several lines keep their lines, and no line of them is a list, a heading or a quotation."""
    read = Reader(as_html(fill_in("Please:\n{{ studio.instructions }}", {"studio": {"instructions": value}})))
    assert read.text == " ".join(f"Please: {value}".split())
    assert set(read.tags) <= {"p", "br"}
    assert read.tags.count("br") == value.count("\n")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=VALUES, title=VALUES)
def test_hostile_client_in_a_session(studio: Studio, make: Maker, name: str, title: str) -> None:
    """From the name that was typed to the page that is signed, nothing of it is taken for anything else."""
    if not contract_store.listed(studio.file):
        contracts.add(studio, "terms", TERMS)
        make.session("2026-12-04 14:00")
    session = sessions.get(studio, 1)
    hostile = replace(session, client=replace(session.client, name=name), title=title)
    document = filled_in(studio, hostile, Document("terms", TERMS, ""))
    read = Reader(as_html(document.text))
    assert read.wrong == []
    assert read.text == " ".join(f"Agreement {name} and Ana Silva Photography agree on: {title}.".split())


def test_headings_stand_below_that_of_the_page() -> None:
    """The page has the main heading; a contract's own begin one below it, without gaps."""
    assert Reader(as_html("# A\n\n### B\n\n### C\n\n###### D")).tags == ["h2", "h3", "h3", "h4"]
    assert Reader(as_html("## A\n\n# B")).tags == ["h3", "h2"]


# ── on paper ──────────────────────────────────────────────────────────────────────────────────────


def test_paper_has_the_text_and_the_proof(studio: Studio, session: Session) -> None:
    """The page to keep stands alone: nothing is fetched, and it names who signed what, when and from where."""
    agree(studio, session)
    found = contracts.signed(studio, now_is(studio, session))
    assert found is not None
    page = as_paper(studio, "Portrait <1>", *found)
    for part in (
        "Portrait &lt;1&gt;", "agree on: Portrait.", "Rui Costa</strong>", "Fri 20 Nov 2026 10:00",
        "America/Toronto", "2026-11-20T15:00:00+00:00", "192.0.2.7", "Mozilla/5.0 (a phone)", found[0].sha256,
    ):  # fmt: skip
        assert part in page, part
    assert "src=" not in page and "href=" not in page and "@import" not in page and "url(" not in page
    assert "Not signed." not in page


def test_paper_that_is_not_signed(studio: Studio, session: Session) -> None:
    """A page of a contract that nobody has signed says so."""
    found = contracts.signed(studio, session)
    assert found is not None
    assert "Not signed." in as_paper(studio, "Portrait", *found)


def test_sample_has_no_holes() -> None:
    """Filled in with the examples a contract reads whole: every noun and word has one."""
    assert all(text for words in VARIABLES.values() for text in words.values())
    assert (
        contracts.sample(TERMS).text
        == "# Agreement\n\nRui Costa and Ana Silva Photography agree on: Family session."
    )


@pytest.mark.parametrize("signs", [False, True])
def test_a_moved_session_has_no_other_contract(studio: Studio, timed: Session, signs: bool) -> None:
    """Only the time that is filled into it differs: page, mail and history tell the time, and no other wording."""
    token = Maker(studio).link(timed)
    if signs:
        agree(studio, timed, token)
    else:
        journey.review(studio, token, 1)
    moved = session_changes.reschedule(studio, str(timed.id), "2026-12-07 14:00").after
    seen = journey.seen_before(studio, journey.visit(studio, token))
    assert seen is not None
    assert [one.label for one in differences(seen, moved.details(), ENGLISH)] == ["When"]
    about = {"before": timed.details()}
    assert [one["label"] for one in letter.describe(studio, moved, about, ENGLISH)["changed"]] == ["When"]
    assert "contract_text" not in sessions.history(studio, timed)[-1].details
    assert "contract" in waiting(studio, moved)


def test_a_moved_session_with_another_wording_says_so(studio: Studio, timed: Session) -> None:
    """Where the owner's own words are others too, that is told beside the time."""
    contracts.edit(studio, "timed", TIMED + "\n\nNo dogs.")
    token = Maker(studio).link(timed)
    journey.review(studio, token, 1)
    session_changes.reschedule(studio, str(timed.id), "2026-12-07 14:00")
    edit(studio, timed, refresh_documents=True)
    here = journey.visit(studio, token)
    seen = journey.seen_before(studio, here)
    assert seen is not None
    told = differences(seen, here.session.details(), ENGLISH)
    assert [(one.label, one.now) for one in told][1:] == [("Contract", "timed, with another wording")]
