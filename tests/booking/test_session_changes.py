"""Moving and changing sessions: what a client did counts only for what there is now."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from studio_cli.booking import form as forms
from studio_cli.booking import journey, mail, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.details import differences
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.errors import FileTrouble, WrongUsage
from studio_cli.language import ENGLISH
from studio_cli.model.form_source import parse_form
from studio_cli.model.message import Envelope, Letter, MailFailed
from studio_cli.model.session import Session
from studio_cli.store import repeat_key
from studio_cli.store.database import Database, wal_is_safe
from tests.conftest import Clock, Maker

QUESTIONS = 'title = "About"\n[[field]]\nname = "people"\nlabel = "Who?"\nrequired = true\n'


def waiting(session: Session) -> list[str]:
    """Return the names of the steps that a session waits for."""
    return [step.name for step in session.waiting_for]


def told(studio: Studio, visit: journey.Visit, seen: int | None = None) -> list[tuple[str, str, str]]:
    """Return what a client is told has changed since what they saw."""
    before = journey.seen_before(studio, visit, seen)
    assert before is not None
    now = visit.session.details()
    return [(one.label, one.before, one.now) for one in differences(before, now, ENGLISH)]


def edit(studio: Studio, session: Session, **edits: Any) -> Session:
    """Edit a session as its owner."""
    return session_changes.edit(studio, str(session.id), Edits(**edits)).after


def test_more_to_pay_asks_for_payment_again(studio: Studio, make: Maker) -> None:
    """A session of which more is asked than was paid is not confirmed by what was paid before."""
    session = make.session(price="400", deposit="50")
    payments.record(studio, str(session.id), "50")
    after = edit(studio, session, deposit="300")
    assert waiting(after) == ["review", "payment"]
    visit = journey.review(studio, make.link(session), after.revision)
    assert visit.session.status == "pending"
    assert visit.session.due_now.amount == "250.00"


def test_reopened_session_asks_for_what_it_is_now(studio: Studio, make: Maker) -> None:
    """A confirmed session that was given a price and questions asks for both when it is reopened."""
    forms.add(studio, "about", QUESTIONS)
    session = make.session(price="0")
    sessions.confirm(studio, str(session.id))
    edit(studio, session, price="100", form="about")
    assert waiting(sessions.reopen(studio, str(session.id)).session) == ["review", "questionnaire", "payment"]


def test_questions_that_are_gone_are_not_asked(studio: Studio, make: Maker) -> None:
    """A reopened session whose questionnaire was taken away asks no questions."""
    forms.add(studio, "about", QUESTIONS)
    session = make.session(form="about", price="0")
    sessions.confirm(studio, str(session.id))
    edit(studio, session, form="none")
    assert waiting(sessions.reopen(studio, str(session.id)).session) == ["review"]


def test_review_counts_for_what_was_reviewed(studio: Studio, make: Maker) -> None:
    """Any change of the details, by whatever hand, makes a review one of something else."""
    session = make.session(price="100")
    token = make.link(session)
    journey.review(studio, token, 1)
    edit(studio, session, location="High Park")
    visit = journey.visit(studio, token)
    assert visit.current == "review"
    assert told(studio, visit) == [("Where", "", "High Park")]


def test_answers_wait_for_agreement(studio: Studio, make: Maker) -> None:
    """Answers posted about details that changed are not kept as done: they wait until the new ones are agreed to."""
    forms.add(studio, "about", QUESTIONS)
    session = make.session(form="about", price="0")
    token = make.link(session)
    journey.review(studio, token, 1)
    edit(studio, session, location="High Park")
    assert journey.questionnaire(studio, token, 1, {"people": ["Rui"]}).changed
    assert sessions.answers(studio, session) == []
    agreed = journey.review(studio, token, 2)
    assert (agreed.current, agreed.drafts) == ("questionnaire", {"questionnaire": {"people": ["Rui"]}})
    assert agreed.problems("questionnaire") == {}
    visit = journey.questionnaire(studio, token, 2, agreed.drafts["questionnaire"])
    assert (visit.session.status, visit.drafts) == ("confirmed", {})
    assert [answer.value for answer in sessions.answers(studio, session)] == ["Rui"]


def test_other_questions_are_a_change(studio: Studio, make: Maker) -> None:
    """A session that was given other questions is shown again, even where nothing else changed."""
    forms.add(studio, "about", QUESTIONS)
    session = make.session(price="0")
    token = make.link(session)
    edit(studio, session, form="about")
    visit = journey.review(studio, token, 1)
    assert visit.changed
    assert told(studio, visit, 1) == [("Questions", "", "About")]


def reword(studio: Studio) -> None:
    """Word the questionnaire anew, as its owner does."""
    other = parse_form("about", QUESTIONS.replace("Who?", "Who will come?"))
    with studio.file.atomic() as sql:
        sql.execute("UPDATE form SET definition = ?", (other.stored(),))


def test_refreshed_questions_are_a_change(studio: Studio, make: Maker) -> None:
    """A questionnaire that is worded anew is taken only when asked for, and is then shown as a change."""
    forms.add(studio, "about", QUESTIONS)
    session = make.session(form="about", price="0")
    token = make.link(session)
    journey.review(studio, token, 1)
    reword(studio)
    edit(studio, session, notes="nothing to do with it")
    assert journey.visit(studio, token).current == "questionnaire"
    edit(studio, session, refresh_documents=True)
    visit = journey.visit(studio, token)
    assert visit.current == "review"
    assert told(studio, visit) == [("Questions", "About", "About, with another wording")]
    assert visit.session.form == forms.find(studio, "about")


def test_answered_questions_stay(studio: Studio, make: Maker) -> None:
    """A questionnaire that was answered is not taken from under its answers by refreshing."""
    forms.add(studio, "about", QUESTIONS)
    session = make.session(form="about")
    token = make.link(session)
    journey.review(studio, token, 1)
    journey.questionnaire(studio, token, 1, {"people": ["Rui"]})
    reword(studio)
    assert edit(studio, session, refresh_documents=True).form == session.form


def test_percent_follows_the_price(studio: Studio, make: Maker) -> None:
    """A deposit in percent is that part of a new price; one in money stays what it is."""
    percent, fixed = (
        make.session(price="250", deposit="20%"),
        make.session("2026-12-04 14:00", price="250", deposit="50"),
    )
    assert edit(studio, percent, price="500").asked_now.amount == "100.00"
    assert edit(studio, fixed, price="500").asked_now.amount == "50.00"
    assert edit(studio, fixed, price="40").asked_now.amount == "40.00"


def test_change_of_the_deposit_is_in_the_history(studio: Studio, make: Maker) -> None:
    """What is asked at booking is a field of its own: changing it leaves its trace."""
    session = make.session(price="250", deposit="50")
    edit(studio, session, deposit="100")
    line = sessions.history(studio, session)[-1]
    assert [value["amount"] for value in line.details["asked_now"]] == ["50.00", "100.00"]


def test_announcement_is_about_an_amount(studio: Studio, make: Maker) -> None:
    """A client who said that 100 is on its way can say so again when it became 150."""
    session = make.session(price="100")
    token = make.link(session)
    journey.review(studio, token, 1)
    journey.announce_payment(studio, token, 1)
    assert edit(studio, session, price="150").step("payment").announced_at is None


def test_money_stops_the_clock(studio: Studio, make: Maker, clock: Clock) -> None:
    """A hold for which money has come does not run out."""
    session = make.session(price="100", deposit="50", expires="1h")
    payments.record(studio, str(session.id), "50")
    clock.forward(hours=5)
    assert sessions.get(studio, session.id).status == "pending"


def test_reopening_an_expired_session_loses_nothing(studio: Studio, make: Maker, clock: Clock) -> None:
    """What the client did before a hold ran out still counts; if it was all, the session is confirmed."""
    session = make.session(price="100", expires="1h")
    journey.review(studio, make.link(session), 1)
    clock.forward(hours=2)
    assert waiting(sessions.reopen(studio, str(session.id)).session) == ["payment"]
    session = make.session("2026-12-04 14:00", price="100", expires="1h")
    journey.review(studio, make.link(session), 1)
    clock.forward(hours=2)
    payments.record(studio, str(session.id), "100")
    assert sessions.reopen(studio, str(session.id)).session.status == "confirmed"


def test_shorter_is_fine_where_it_was(studio: Studio, make: Maker, clock: Clock) -> None:
    """Making a session shorter needs no new permission, neither for an allowed overlap nor for a time that is past."""
    make.session("2026-12-04 10:00")
    over = make.session("2026-12-04 10:30", allow_overlap=True)
    assert edit(studio, over, duration="15m").overlap_allowed
    clock.forward(hours=24 * 30)
    assert not edit(studio, over, duration="10m").custom_time


def test_nothing_to_change(studio: Studio, make: Maker) -> None:
    """An edit that names nothing is wrong usage."""
    session = make.session()
    with pytest.raises(WrongUsage):
        session_changes.edit(studio, str(session.id), Edits())


class Keeper:
    """A mail server that keeps what it is given, or refuses it with words that quote it."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.sent: list[tuple[Envelope, Letter]] = []
        self.refuses = refuses

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Keep or refuse one mail."""
        if self.refuses:
            raise MailFailed("554 blocked: " + letter.text)
        self.sent.append((envelope, letter))


def test_waiting_mail_says_what_is_true_when_it_goes(studio: Studio, make: Maker) -> None:
    """A mail that waited goes to the client's present address with the session's present time."""
    done = make.set_up(share="email")
    assert done.shared is not None
    assert done.shared.message_id is not None
    session_changes.reschedule(studio, str(done.session.id), "2026-12-08 10:00")
    from studio_cli.booking import client as clients

    clients.edit(studio, done.session.client.id, email="new@example.com")
    keeper = Keeper()
    mail.deliver(studio, keeper, done.shared.message_id)
    envelope, letter = keeper.sent[0]
    assert envelope.to[1] == "new@example.com"
    assert "Tuesday 8 December 2026" in letter.text
    assert mail.get(studio, done.shared.message_id).to_email == "new@example.com"


def test_quoted_link_is_not_kept(studio: Studio, make: Maker) -> None:
    """A server that quotes the mail in its refusal does not bring the link into the file."""
    done = make.set_up(share="email")
    assert done.shared is not None
    assert done.shared.message_id is not None
    message = mail.deliver(studio, Keeper(refuses=True), done.shared.message_id, done.shared.link)
    assert message.state == "failed"
    assert "554 blocked" in str(message.last_error)
    token = str(done.shared.link).rpartition("/")[2]
    assert token not in str(message.last_error)


def test_key_outlives_new_options(studio: Studio) -> None:
    """An option that did not exist when a key was first used, and is not used now, makes it no other key."""
    with studio.file.atomic():
        repeat_key.remember(studio.file, "k", "session new", {"at": "x", "custom": False}, 7, studio.now())
        again = {"at": "x", "custom": False, "contract": None, "silent": False}
        assert repeat_key.earlier_result(studio.file, "k", "session new", again) == 7


@pytest.mark.skipif(wal_is_safe(), reason="This SQLite has the fix: WAL is what the file is in.")
def test_wal_that_cannot_be_left_is_refused(tmp_path: Path, studio: Studio) -> None:
    """Where WAL can lose writes and another program keeps the file in it, the studio does not go on in it."""
    studio.file.close()
    other = sqlite3.connect(tmp_path / "studio.db", isolation_level=None)
    other.execute("PRAGMA journal_mode = wal")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM session").fetchone()
    try:
        with pytest.raises(FileTrouble) as refused:
            Database.open(tmp_path / "studio.db")
        assert refused.value.code == "wal"
    finally:
        other.close()
