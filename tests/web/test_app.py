"""The client's door over real HTTP: what it answers, what it keeps, and what it never does."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio_cli.booking import form as forms
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.store import database
from tests.conftest import Clock, Door, Maker
from tests.web.visitor import FORM, Answer, Visitor, change, dump, read

QUESTIONS = """
title = "About you"
[[field]]
name = "people"
label = "Who will be there?"
required = true
[[field]]
name = "story"
label = "Tell us more"
kind = "long"
[[field]]
name = "photos"
label = "May we show them?"
kind = "yes_no"
[[field]]
name = "season"
label = "Season"
kind = "choice"
options = ["Spring", "A \\"quoted\\" <autumn>"]
"""
SEASON = 'A "quoted" <autumn>'


@pytest.fixture
def visitor(door: Door) -> Visitor:
    """Somebody at the door."""
    return Visitor(door.base)


@pytest.fixture
def asked(studio: Studio, make: Maker) -> Session:
    """A session with review, questionnaire and payment."""
    forms.add(studio, "about", QUESTIONS)
    return make.session(form="about")


def raise_price(studio: Studio, session: Session, minor: int) -> None:
    """Change price and due amount as the owner does, with a new revision."""
    new = f"{minor / 100:.2f} CAD"
    details = session.details() | {"price": new, "due_now": new}
    change(
        studio.file.path,
        (
            "UPDATE session SET price_minor = ?1, asked_now_minor = ?1, revision = 2 WHERE id = ?2",
            (minor, session.id),
        ),
        ("INSERT INTO revision VALUES (?, 2, ?, '2026-11-20T15:00:00Z')", (session.id, json.dumps(details))),
    )


def status(studio: Studio, session: Session) -> str:
    """Return the session's status now."""
    return sessions.get(studio, session.id).status


def events(studio: Studio, session: Session) -> list[str]:
    """Return what clients did with the session."""
    query = "SELECT kind FROM event WHERE session_id = ? AND actor = 'client' ORDER BY id"
    return [str(row[0]) for row in read(studio.file.path, query, session.id)]


# ── the journey ───────────────────────────────────────────────────────────────────────────────────


def test_steps_in_order(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """Review, questions and payment, posted in their order, confirm the session."""
    token = make.link(asked)
    for step, fields in (("review", {}), ("questionnaire", {"people": "Rui"}), ("payment", {})):
        answer = visitor.step(token, step, **fields)
        assert (answer.status, answer.header("location")) == (303, f"/s/{token}")
    assert "Your session is confirmed" in visitor.get(f"/s/{token}").text
    assert status(studio, asked) == "confirmed"


def test_double_posts(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """Each step posted twice is done once: one payment, one line of history, one confirmation."""
    token = make.link(asked)
    for step, fields in (("review", {}), ("questionnaire", {"people": "Rui"}), ("payment", {})):
        assert [visitor.step(token, step, **fields).status for _ in range(2)] == [303, 303]
    done = ["review done", "questionnaire done", "payment recorded", "session confirmed"]
    assert events(studio, asked) == done
    assert read(studio.file.path, "SELECT amount_minor FROM payment") == [(10000,)]


@pytest.mark.parametrize("step", ["questionnaire", "payment"])
def test_out_of_order(step: str, studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """A step whose turn has not come leads back to the one whose turn it is, and nothing is done."""
    token = make.link(asked)
    before = dump(studio.file.path)
    for answer in (visitor.get(f"/s/{token}/{step}"), visitor.step(token, step, people="Rui")):
        assert (answer.status, answer.header("location")) == (303, f"/s/{token}")
    assert dump(studio.file.path) == before


def test_resumed_by_another_link(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """A journey begun with one link goes on with another, and a link from before a re-share still works."""
    old = make.link(asked)
    visitor.step(old, "review")
    new = make.link(asked)
    assert "About you" in visitor.get(f"/s/{new}").text
    visitor.step(new, "questionnaire", people="Eva")
    assert "Due now" in visitor.get(f"/s/{old}").text
    assert 'value="Eva"' in visitor.get(f"/s/{old}/questionnaire").text
    visitor.step(old, "payment")
    assert status(studio, asked) == "confirmed"


def test_answers_may_be_changed(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """Until the session is confirmed the questionnaire can be answered again; then it stays as it was."""
    token = make.link(asked)
    visitor.step(token, "review")
    visitor.step(token, "questionnaire", people="Rui", photos="yes")
    visitor.step(token, "questionnaire", people="Eva")
    visitor.step(token, "payment")
    visitor.step(token, "questionnaire", people="Nobody")
    assert read(studio.file.path, "SELECT name, value FROM answer") == [("people", "Eva")]


def test_missing_answer_keeps_the_others(make: Maker, visitor: Visitor, asked: Session) -> None:
    """A missing answer is pointed at, and what was typed elsewhere is still there, however often the page is loaded."""
    token = make.link(asked)
    visitor.step(token, "review")
    answer = visitor.step(token, "questionnaire", story="typed already", season=SEASON)
    assert (answer.status, answer.header("location")) == (303, f"/s/{token}/questionnaire")
    for path in (f"/s/{token}/questionnaire", f"/s/{token}", f"/s/{make.link(asked)}"):
        page = visitor.get(path).text
        assert 'href="#f-people"' in page and "typed already" in page and "Please fill this in." in page
        assert 'value="A &#34;quoted&#34; &lt;autumn&gt;" checked' in page


def test_announced_payment(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A client who says that the payment is on its way, once or twice, confirms nothing by it."""
    studios.change_setting(studio, "payment.provider", "offline")
    session = make.session()
    token = make.link(session)
    visitor.step(token, "review")
    for _ in range(2):
        assert visitor.step(token, "payment").status == 303
    assert events(studio, session) == ["review done", "payment announced"]
    assert status(studio, session) == "pending"
    assert "on its way" in visitor.get(f"/s/{token}").text


def test_promised_hold_is_the_deadline(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A client whose payment is on its way is told until when the time is held, not that it is held for ever."""
    studios.change_setting(studio, "payment.provider", "offline")
    token = make.link(make.session(expires="3d"))
    visitor.step(token, "review")
    assert "Mon 23 Nov 2026 10:00" in visitor.get(f"/s/{token}").text
    visitor.step(token, "payment")
    assert "arrives before Mon 23 Nov 2026 10:00" in visitor.get(f"/s/{token}").text


def test_ended_sessions(studio: Studio, make: Maker, clock: Clock, visitor: Visitor) -> None:
    """An expired or canceled session says so through its living link, and no step of it can be done."""
    expired, canceled = make.session(expires="2h"), make.session("2026-12-04 14:00")
    tokens = make.link(expired), make.link(canceled)
    sessions.cancel(studio, str(canceled.id))
    clock.forward(hours=2)
    for token, words in zip(tokens, ("time to confirm has run out", "was canceled"), strict=True):
        assert visitor.step(token, "review").status == 303
        page = visitor.get(f"/s/{token}")
        assert page.status == 200 and words in page.text and "ana@example.com" in page.text
    assert (status(studio, expired), status(studio, canceled)) == ("expired", "canceled")


def test_confirmed_by_the_owner(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A session that its owner confirmed asks its client for nothing, whatever page was open."""
    session = make.session()
    token = make.link(session)
    sessions.confirm(studio, str(session.id))
    assert visitor.step(token, "review").status == 303
    assert "has confirmed it for you" in visitor.get(f"/s/{token}").text
    assert visitor.get(f"/s/{token}/payment").status == 303
    assert events(studio, session) == []


# ── details that changed meanwhile ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["review", "questionnaire", "payment"])
def test_changed_between_look_and_post(
    step: str, studio: Studio, make: Maker, visitor: Visitor, asked: Session
) -> None:
    """A post about details that changed since is not done; the page that it leads to shows what was and what is."""
    token = make.link(asked)
    for earlier in ("review", "questionnaire", "payment"):
        if earlier == step:
            break
        visitor.step(token, earlier, people="Rui")
    raise_price(studio, asked, 15000)
    before = dump(studio.file.path)
    answer = visitor.step(token, step, people="Changed")
    assert (answer.status, answer.header("location")) == (303, f"/s/{token}/review?seen=1")
    page = visitor.get(f"/s/{token}/review?seen=1").text
    assert "Something changed" in page and "nothing was confirmed" in page
    assert '<s dir="auto">CA$100.00</s>' in page and '<strong dir="auto">CA$150.00</strong>' in page
    assert [line for line in dump(studio.file.path) if '"draft"' not in line] == before
    done = len(events(studio, asked))
    visitor.step(token, "review", revision=2)
    assert len(events(studio, asked)) == done + 1


def test_typed_answers_survive_a_change(
    studio: Studio, make: Maker, visitor: Visitor, asked: Session
) -> None:
    """What a client typed into the questionnaire is not lost when the details changed meanwhile."""
    token = make.link(asked)
    visitor.step(token, "review")
    raise_price(studio, asked, 15000)
    answer = visitor.step(token, "questionnaire", people='A "long" <story>', other="not asked")
    assert "What you typed is not lost" in visitor.get(str(answer.header("location"))).text
    assert read(studio.file.path, "SELECT * FROM answer") == []
    agreed = visitor.step(token, "review", revision=2)
    page = visitor.get(str(agreed.header("location"))).text
    assert 'name="people" value="A &#34;long&#34; &lt;story&gt;"' in page
    assert "not asked" not in page and "not asked" not in "".join(dump(studio.file.path))


def test_changed_answers_survive_a_change(
    studio: Studio, make: Maker, visitor: Visitor, asked: Session
) -> None:
    """Answers that were about to be changed wait on the next page too, though the questions were answered before."""
    token = make.link(asked)
    visitor.step(token, "review")
    visitor.step(token, "questionnaire", people="Rui")
    raise_price(studio, asked, 15000)
    visitor.step(token, "questionnaire", people="Rui and Eva")
    agreed = visitor.step(token, "review", revision=2)
    assert agreed.header("location") == f"/s/{token}/questionnaire"
    assert 'value="Rui and Eva"' in visitor.get(f"/s/{token}/questionnaire").text
    assert read(studio.file.path, "SELECT value FROM answer") == [("Rui",)]
    assert visitor.step(token, "questionnaire", revision=2, people="Rui and Eva").header("location") == (
        f"/s/{token}"
    )
    assert read(studio.file.path, "SELECT value FROM answer") == [("Rui and Eva",)]


@pytest.mark.parametrize("seen", ["0", "2", "99", "-1", "x", "9" * 4000, "%00", ""])
def test_nonsense_in_the_address(seen: str, studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A revision in the address that nobody was shown tells of no changes, and breaks nothing."""
    session = make.session()
    token = make.link(session)
    raise_price(studio, session, 15000)
    page = visitor.get(f"/s/{token}/review?seen={seen}")
    assert page.status == 200 and "Something changed" not in page.text
    assert "Something changed" in visitor.get(f"/s/{token}/review?seen=1").text


def test_ticks_survive_a_change(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Everything that was ticked waits while the client agrees to changed details, and is kept then."""
    field = '[[field]]\nname = "a"\nlabel = "A"\nkind = "choices"\noptions = ["x", "y", "z"]'
    forms.add(studio, "ticks", field)
    session = make.session(form="ticks")
    token = make.link(session)
    visitor.step(token, "review")
    raise_price(studio, session, 15000)
    answer = visitor.post(f"/s/{token}/questionnaire", [("revision", "1"), ("a", "x"), ("a", "z")])
    assert answer.header("location") == f"/s/{token}/review?seen=1"
    visitor.step(token, "review", 2)
    page = visitor.get(f"/s/{token}").text
    assert re.findall(r'value="(\w+)" checked', page) == ["x", "z"]
    visitor.post(f"/s/{token}/questionnaire", [("revision", "2"), ("a", "x"), ("a", "z")])
    assert read(studio.file.path, "SELECT value FROM answer") == [("x\nz",)]


@pytest.mark.parametrize("revision", ["", "0", "99", "-1", "1.0", "٣", "9" * 4000, "1\x00"])
def test_nonsense_revision(revision: str, studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A revision that nobody was shown is not agreed to."""
    session = make.session()
    token = make.link(session)
    answer = visitor.post(f"/s/{token}/review", {"revision": revision})
    assert answer.status == 303
    page = visitor.get(str(answer.header("location")))
    assert page.status == 200 and "This is right, continue" in page.text
    assert events(studio, session) == []


@pytest.mark.parametrize("kind", ["short", "choice"])
def test_question_named_like_our_own_field(kind: str, studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A question may be called revision: its answer is kept, and may be left out, like any other's."""
    options = 'options = ["first", "second"]' if kind == "choice" else ""
    field = f'[[field]]\nname = "revision"\nlabel = "Which draft?"\nkind = "{kind}"\n{options}'
    forms.add(studio, "drafts", f'title = "Drafts"\n{field}')
    session = make.session(form="drafts")
    token = make.link(session)
    visitor.step(token, "review")
    own = ("revision", "1")
    assert visitor.post(f"/s/{token}/questionnaire", [own]).status == 303
    assert read(studio.file.path, "SELECT * FROM answer") == []
    assert visitor.post(f"/s/{token}/questionnaire", [own, ("revision", "second")]).status == 303
    assert read(studio.file.path, "SELECT name, value FROM answer") == [("revision", "second")]


# ── looking changes nothing ───────────────────────────────────────────────────────────────────────


def test_looking_changes_nothing(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """A hundred GETs and HEADs of a link and its steps leave nothing behind but when it was opened."""
    token = make.link(asked)
    visitor.step(token, "review")
    before = dump(studio.file.path)
    paths = [f"/s/{token}", f"/s/{token}/review", f"/s/{token}/questionnaire", f"/s/{token}/payment"]
    for number in range(100):
        visitor.ask("HEAD" if number % 2 else "GET", paths[number // 2 % 4])
    assert read(studio.file.path, "SELECT opened_at, last_opened_at FROM share") == [
        ("2026-11-20T15:00:00Z", "2026-11-20T15:00:00Z")
    ]
    change(studio.file.path, ("UPDATE share SET opened_at = NULL, last_opened_at = NULL", ()))
    assert dump(studio.file.path) == before


def test_head_does_not_mark(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A HEAD, as mail scanners send it, does not count as opened, and answers what a GET would."""
    token = make.link(make.session())
    before = dump(studio.file.path)
    head = visitor.ask("HEAD", f"/s/{token}")
    assert dump(studio.file.path) == before
    assert head.body == b"" and head.undated[:2] == visitor.get(f"/s/{token}").undated[:2]


def test_opened_link_is_known(studio: Studio, make: Maker, clock: Clock, visitor: Visitor) -> None:
    """The owner sees which share was opened first and last."""
    session = make.session()
    make.link(session)
    token = make.link(session)
    visitor.get(f"/s/{token}")
    clock.forward(hours=1)
    visitor.get(f"/s/{token}")
    rows = read(studio.file.path, "SELECT opened_at, last_opened_at FROM share ORDER BY id")
    assert rows == [(None, None), ("2026-11-20T15:00:00Z", "2026-11-20T16:00:00Z")]


# ── links that do not work ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["", "/review", "/questionnaire", "/contract", "/payment"])
def test_dead_links_are_alike(path: str, studio: Studio, make: Maker, clock: Clock, visitor: Visitor) -> None:
    """Unknown, revoked and ended links answer with the same bytes: nobody learns that there was one."""
    ended, revoked = make.session("2026-12-04 10:00"), make.session("2027-03-05 10:00")
    tokens = [make.link(ended), make.link(revoked), "A" * 43, "x"]
    shares.revoke(studio, str(revoked.id))
    clock.now = ended.ends_at.add(hours=24 * 30)
    looked = {visitor.get(f"/s/{token}{path}").undated for token in tokens}
    assert len(looked) == 1 and next(iter(looked))[0] == 404
    if path:
        posted = {visitor.step(token, path[1:], people="Rui").undated for token in tokens}
        assert posted == looked


def test_link_lives_thirty_days(make: Maker, clock: Clock, visitor: Visitor) -> None:
    """A link works until thirty days after the session's end, not a second longer."""
    session = make.session()
    token = make.link(session)
    clock.now = session.ends_at.add(hours=24 * 30).subtract(seconds=1)
    assert visitor.get(f"/s/{token}").status == 200
    clock.forward(seconds=1)
    assert visitor.get(f"/s/{token}").status == 404


def test_one_revoked_share(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Revoking one share ends its link only."""
    session = make.session()
    first, second = make.link(session), make.link(session)
    shares.revoke(studio, str(session.id), sessions.get(studio, session.id).shares[0].id)
    assert [visitor.get(f"/s/{token}").status for token in (first, second)] == [404, 200]


# ── hostile input ─────────────────────────────────────────────────────────────────────────────────

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>", "\"'><b>", "{{ 7*7 }}{% raw %}", "\u202eevil", "🎉👩‍👩‍👧", "\x00", "a\r\nb",
            "e\u0301", "\ufeff", "' OR 1=1 --", "../../etc/passwd", " \t ", "yes", "no", "Spring", SEASON,
            "x" * 1000, "x" * 1001, "y" * 20_001, "%00", "%ZZ", "&=;+",
        ]
    ),
)  # fmt: skip
FIELDS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(["people", "story", "photos", "season", "revision"]), HOSTILE), HOSTILE
    ),
    max_size=8,
)


def kept(text: str) -> str:
    """Return what a typed text is in the file: composed, with plain line ends and no outer white space."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


class Trial:
    """One session after another, for posts that nobody meant."""

    def __init__(self, studio: Studio, make: Maker, visitor: Visitor) -> None:
        self.studio, self.make, self.visitor = studio, make, visitor
        self.client = str(make.client().id)
        self.session, self.token = self.fresh()

    def fresh(self) -> tuple[Session, str]:
        """Set up one more session, with its review done."""
        session = self.make.session(form="about", client=self.client, allow_overlap=True)
        token = self.make.link(session)
        assert self.visitor.step(token, "review").status == 303
        return session, token

    def kept(self) -> tuple[dict[str, str], bool]:
        """Return the answers in the file, and whether the step is done."""
        path, number = self.studio.file.path, self.session.id
        answers = dict(read(path, "SELECT name, value FROM answer WHERE session_id = ?", number))
        step = "SELECT done_at FROM step WHERE session_id = ? AND step = 'questionnaire'"
        return {str(name): str(value) for name, value in answers.items()}, read(path, step, number) != [
            (None,)
        ]


@pytest.fixture
def trial(studio: Studio, make: Maker, visitor: Visitor) -> Trial:
    """A trial of the door."""
    forms.add(studio, "about", QUESTIONS)
    return Trial(studio, make, visitor)


quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet
@given(fields=FIELDS, step=st.sampled_from(["questionnaire", "questionnaire", "review", "payment"]))
@example(fields=[("people", " e\u0301 "), ("story", "a\r\nb"), ("season", SEASON)], step="questionnaire")
@example(fields=[("people", "x"), ("story", "y" * 20_001)], step="questionnaire")
def test_hostile_fields(trial: Trial, fields: list[tuple[str, str]], step: str) -> None:
    """Whatever is posted, the answer is never a 5xx, and answers are kept whole and exact or not at all."""
    before = trial.kept()
    fields = [("revision", "1"), *fields]
    answer = trial.visitor.post(f"/s/{trial.token}/{step}", fields)
    assert answer.status == 303
    after, page = trial.kept(), trial.visitor.get(str(answer.header("location")))
    mended = not str(answer.header("location")).endswith("/questionnaire")
    if step == "questionnaire" and mended:
        last = dict(fields)
        asked = {name: kept(last.get(name, "")) for name in ("people", "story", "photos", "season")}
        assert after == ({name: value for name, value in asked.items() if value}, True)
    else:
        assert after == before
    assert page.status == 200
    if not mended:
        assert 'role="alert"' in page.text
        assert "<script>alert" not in page.text and "'><b>" not in page.text
    if step == "payment":
        trial.session, trial.token = trial.fresh()


BOUNDARY = "multipart/form-data; boundary=x"


@quiet
@given(
    body=st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda some: b"--x\r\n" + some)),
    kind=st.one_of(
        st.sampled_from(
            [FORM, BOUNDARY, "multipart/form-data", "application/json", "text/plain", "", "\xff"]
        ),
        st.sampled_from(["undefined", "idna", "utf-16", "rot13", "zlib", "nonsense"]).map(
            lambda charset: f"{BOUNDARY}; charset={charset}"
        ),
    ),
)
@example(
    body=b'--x\r\nContent-Disposition: form-data; name="people"\r\n\r\n\xff\r\n--x--\r\n',
    kind=f"{BOUNDARY}; charset=undefined",
)
@example(body=b"--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n\r\n--x--", kind=BOUNDARY)
@example(body=b"%", kind=FORM)
def test_hostile_bodies(trial: Trial, body: bytes, kind: str) -> None:
    """A body that is no form, or only nearly one, is refused or read as empty; it never breaks anything."""
    before = trial.kept()
    answer = trial.visitor.ask("POST", f"/s/{trial.token}/questionnaire", body, {"Content-Type": kind})
    assert answer.status in {400, 303}
    assert answer.header("location") in {None, f"/s/{trial.token}/review?seen=0"}
    assert trial.kept() == before


def test_too_many_fields(make: Maker, visitor: Visitor) -> None:
    """More fields than any form has are refused."""
    answer = visitor.post(f"/s/{make.link(make.session())}/review", [("a", "b")] * 501)
    assert answer.status == 400


@pytest.mark.parametrize(
    "words",
    ["<script>alert(1)</script>", "\"'><img src=x>", "\u202egnp.exe", "🎉👩‍👩‍👧", "{{ 7*7 }}", "&amp;lt;"],
)
def test_hostile_words_are_escaped(words: str, studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Titles, places, names and questions are shown as text, and kept apart in their direction of writing."""
    quoted = json.dumps(words, ensure_ascii=False)
    forms.add(studio, "hostile", f"title = {quoted}\n[[field]]\nname = 'a'\nlabel = {quoted}\n")
    session = make.session(one_off=words, location=words, client=str(make.client(words).id), form="hostile")
    token = make.link(session)
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = escaped.replace('"', "&#34;").replace("'", "&#39;")
    review = visitor.get(f"/s/{token}").text
    assert review.count(f'<dd dir="auto">{escaped}</dd>') == 3
    visitor.step(token, "review")
    questions = visitor.get(f"/s/{token}").text
    assert f'<h1 dir="auto">{escaped}</h1>' in questions
    if escaped != words:
        assert words not in review + questions


def test_very_long_answer(studio: Studio, make: Maker, visitor: Visitor, asked: Session) -> None:
    """A story of ten thousand characters is kept whole and comes back whole."""
    token = make.link(asked)
    visitor.step(token, "review")
    story = "¿Qué? <b>&</b>\n" * 700
    assert visitor.step(token, "questionnaire", people="Rui", story=story).status == 303
    assert ("story", kept(story)) in read(studio.file.path, "SELECT name, value FROM answer")
    assert (
        kept(story).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        in visitor.get(f"/s/{token}/questionnaire").text
    )


# ── trouble ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits a tenth of a second for its turn to write, not ten."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)


@pytest.fixture
def busy(impatient: None, studio: Studio, asked: Session) -> Iterator[sqlite3.Connection]:
    """Another program that is in the middle of a write."""
    other = sqlite3.connect(studio.file.path, isolation_level=None)
    yield other
    other.close()


def test_busy_file(studio: Studio, make: Maker, visitor: Visitor, asked: Session, busy: Any) -> None:
    """While another program writes, a post gets a page that asks to try again, and then goes through."""
    token = make.link(asked)
    busy.execute("BEGIN IMMEDIATE")
    answer = visitor.step(token, "review")
    assert (answer.status, answer.header("retry-after")) == (503, "5")
    assert "Just a moment" in answer.text
    busy.execute("ROLLBACK")
    assert visitor.step(token, "review").status == 303


def test_looking_while_busy(studio: Studio, make: Maker, visitor: Visitor, asked: Session, busy: Any) -> None:
    """A page is shown even when it cannot be noted, right now, that it was opened."""
    token = make.link(asked)
    busy.execute("BEGIN IMMEDIATE")
    assert "Review your session" in visitor.get(f"/s/{token}").text
    assert read(studio.file.path, "SELECT opened_at FROM share") == [(None,)]


def test_locked_file(studio: Studio, make: Maker, visitor: Visitor, asked: Session, busy: Any) -> None:
    """When the file cannot even be read, a plain page says so with the same status."""
    token = make.link(asked)
    busy.execute("BEGIN EXCLUSIVE")
    answer = visitor.get(f"/s/{token}")
    assert (answer.status, answer.header("retry-after")) == (503, "5")
    assert "try again" in answer.text


def test_inner_error_shows_nothing(
    studio: Studio, make: Maker, door: Door, visitor: Visitor, asked: Session, capfd: Any
) -> None:
    """A failure of ours is a page without anything internal, and its log says where, not with what."""
    token = make.link(asked)
    change(studio.file.path, ("UPDATE session SET form = '{\"hidden\": 1}'", ()))
    answer = visitor.get(f"/s/{token}")
    assert answer.status == 500 and "Something went wrong on our side" in answer.text
    for inner in ("Traceback", "KeyError", "hidden", "File ", str(studio.file.path)):
        assert inner not in answer.text
    assert any(line.startswith("KeyError at from_stored:") for line in door.log)
    assert "hidden" not in "".join(door.log) and capfd.readouterr().err == ""


def test_nothing_to_dress_an_error_with(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Even when the settings cannot be read, the answer is a plain sentence."""
    token = make.link(make.session())
    change(studio.file.path, ("DROP TABLE setting", ()))
    answer = visitor.get(f"/s/{token}")
    assert answer.status == 500
    assert answer.text == "Something went wrong. Please try again in a few minutes."


def test_log_has_no_secrets(
    studio: Studio, make: Maker, door: Door, visitor: Visitor, asked: Session
) -> None:
    """The log has a line for every request, and never a token, a name or an answer."""
    token = make.link(asked)
    secrets = [token, token[:12], "Rui", "Costa", "secret-answer"]
    asks: list[Answer] = [
        visitor.get(f"/s/{token}?from={token}"),
        visitor.step(token, "review"),
        visitor.step(token, "questionnaire", people="secret-answer"),
        visitor.step(token, "payment", revision=7),
        visitor.get(f"/s/{token}/secret-answer"),
        visitor.get(f"/{token}"),
        visitor.get(f"//s/{token}"),
        visitor.get(f"/s/{token}/"),
        visitor.get(f"/S/{token}"),
        visitor.get(f"/s/{token}%0Asecret-answer"),
        visitor.get(f"/x/s/{token}/review"),
        visitor.ask("DELETE", f"/s/{token}"),
        visitor.post(f"/s/{token}/review", {}, Origin="https://evil.example"),
    ]
    deadline = time.monotonic() + 10  # a line is written after its answer has gone
    while len(requests := [line for line in door.log if line.endswith(" ms")]) < len(asks):
        assert time.monotonic() < deadline, requests
        time.sleep(0.01)
    assert len(requests) == len(asks)
    assert requests[1].startswith("POST /s/…/review 303 ")
    for secret in secrets:
        assert secret not in "\n".join(door.log)
