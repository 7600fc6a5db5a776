"""Every form, posted as nobody meant it: whatever comes is kept whole and exact, or not at all."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from studio_cli.booking import form as forms
from studio_cli.booking import journey
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.model.form import Field
from studio_cli.model.session import STEPS, Session, StepName
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store
from tests.gallery import QUESTIONS, Stage
from tests.web.audit.conftest import dump
from tests.web.visitor import FORM, Answer, read

CASES = int(os.environ.get("CASES", "600")) // 10
"""Each is a whole session with several posts, and the file is read before and after every one."""

# Questions that are called what the pages' own fields are called.
AWKWARD = 'title = "Awkward"\n' + "".join(
    f'[[field]]\nname = "{name}"\nlabel = "{name}"\nkind = "{kind}"\nrequired = {required}\n'
    for name, kind, required in (
        ("revision", "short", "false"),
        ("name", "long", "true"),
        ("agreed", "yes_no", "true"),
        ("document", "short", "false"),
        ("step", "short", "false"),
    )
)

Fields = list[tuple[str, str | bytes]]


# ── what a page asks for ──────────────────────────────────────────────────────────────────────────


@dataclass
class Asked:
    """The form of a page: where it goes, what it sends by itself, and what may be filled in where."""

    action: str
    own: Fields = field(default_factory=list)
    open: dict[str, list[str]] = field(default_factory=dict)
    shown: bool = True


GOOD = {"email": "rui@example.com", "tel": "+1 416 555 0134", "date": "2026-12-04", "number": "3"}
"""What is never refused, by the type of an input."""


class _Reader(HTMLParser):
    """Finds the form on a page, as a browser without scripts does."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.form: Asked | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of it."""
        one = {name: value or "" for name, value in attrs}
        if tag == "form" and one["method"] == "post":
            self.form = Asked(one["action"])
        elif self.form and tag in {"input", "textarea"}:
            self._note(self.form, tag, one)

    def _note(self, form: Asked, tag: str, one: dict[str, str]) -> None:
        name, kind = one["name"], one.get("type", tag)
        if kind == "hidden":
            form.own.append((name, one["value"]))
        elif kind in {"radio", "checkbox"}:
            form.open.setdefault(name, []).append(one["value"])
        else:
            kind = "number" if one.get("inputmode") in {"numeric", "decimal"} else kind
            form.open[name] = [GOOD[kind]] if kind in GOOD else ["Rui", "Zoë & <b>", "עברית 🎉"]


# ── what is posted ────────────────────────────────────────────────────────────────────────────────


class Long(str):
    """A text so long that a failure should not print it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self[:1]!r} * {len(self)}"


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=12),
    st.sampled_from(
        [
            "", " \t ", "\x00", "a\x07b", "a\r\nb", "a\rb", "\u2028", "\ufeff", "\u202egnp.exe", "e\u0301", "ﬁ",
            "👩‍👩‍👧", "<script>alert(1)</script>", "\"'></textarea>", "{{ 7*7 }}{% raw %}", "' OR 1=1 --", "%00%ZZ",
            "yes", "no", "on", "1", Long("x" * 1000), Long("x" * 1001), Long("é" * 20_000), Long("y" * 20_001), Long("\n" * 20_001),
        ]
    ),
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(["revision", "token", "__proto__", "people[]", "people.x", "session_id", ""]),
    st.text(max_size=8),
)
REVISIONS = st.sampled_from(["", "0", "99", "-1", "1.0", "٣", " 1", "1\x00", Long("9" * 400), "1;2"])


@dataclass
class Meddling:
    """How a post differs from what the page would send."""

    step: StepName
    answers: dict[int, str | bytes]
    left_out: set[int]
    twice: list[tuple[int, str | bytes]]
    added: Fields
    revision: str | None
    without_revision: bool
    pick: int

    @property
    def none(self) -> bool:
        """Whether the post is just what the page would send."""
        wrong = self.answers or self.left_out or self.twice or self.added
        return not wrong and self.revision is None and not self.without_revision


def honest(step: StepName, pick: int) -> Meddling:
    """Send a form as its page would, with the answers that ``pick`` chooses."""
    return Meddling(step, {}, set(), [], [], None, False, pick)


few = st.integers(min_value=0, max_value=5)
rarely = st.sampled_from([False, False, False, True])
MEDDLINGS = st.builds(
    Meddling,
    step=st.sampled_from(STEPS),
    answers=st.dictionaries(few, HOSTILE, max_size=2),
    left_out=st.sets(few, max_size=1),
    twice=st.lists(st.tuples(few, HOSTILE), max_size=1),
    added=st.lists(st.tuples(NAMES, HOSTILE), max_size=2),
    revision=st.one_of(st.none(), st.none(), REVISIONS),
    without_revision=rarely,
    pick=few,
)
HONEST = st.builds(honest, st.sampled_from(STEPS), few)


def fill_in(form: Asked, how: Meddling) -> Fields:
    """Return what is sent: the form, filled in as it asks, then meddled with."""
    names = list(form.open)
    fields: Fields = [(name, value) for name, value in form.own if name != "revision"]
    for index, name in enumerate(names):
        if index not in how.left_out:
            good = form.open[name][how.pick % len(form.open[name])]
            fields.append((name, how.answers.get(index, good)))
    fields += [(names[index], value) for index, value in how.twice if index < len(names)]
    fields += how.added
    own = [value for name, value in form.own if name == "revision"][:1]
    revision = [] if how.without_revision else own if how.revision is None else [how.revision]
    return [("revision", value) for value in revision] + fields


def text_of(value: str | bytes) -> str:
    """Return what a server reads where bytes that are no text were sent."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


# ── what is to come of it ─────────────────────────────────────────────────────────────────────────


def normal(text: str) -> str:
    """Return what a typed text is in the file: composed, with plain line ends and no outer white space."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


EXACT = {"short", "long", "yes_no", "choice"}
"""Kinds of question whose answer is kept as it was typed; others keep it in a spelling of their own."""


def expected(asked: Field, sent: list[str]) -> str | None:
    """Return what is to be kept of what was sent for a question; None where only its spelling is known."""
    if asked.kind == "choices":
        return "\n".join(option for option in asked.options if option in sent)
    last = normal(sent[-1]) if sent else ""
    known = asked.kind in EXACT or not last or last in GOOD.values()
    return last if known else None


def applies(asked: Field, kept: dict[str, str]) -> bool:
    """Return whether a question is asked after the answers that were kept of the earlier ones."""
    condition = getattr(asked, "show_if", None)
    return condition is None or condition.equals in kept.get(condition.field, "").split("\n")


def check_kept(session: Session, fields: Fields, kept: dict[str, str]) -> None:
    """Fail unless exactly what was posted is in the file."""
    assert session.form is not None
    sent = [(name, text_of(value)) for name, value in fields]
    own = next(index for index, (name, _) in enumerate(sent) if name == "revision")
    del sent[own]  # the first is the page's: a question may be called revision too
    for asked in session.form.fields:
        value = kept.get(asked.name, "")
        if not applies(asked, kept):
            assert not value
            continue
        assert value or not asked.required
        wanted = expected(asked, [text for name, text in sent if name == asked.name])
        assert value == (normal(value) if wanted is None else wanted), asked
    assert set(kept) <= {asked.name for asked in session.form.fields}


@dataclass
class Booking:
    """A session on its way, and what the file has of it."""

    on: Stage
    session: Session
    link: str

    def look(self, step: StepName) -> Asked:
        """Return the form of a step's page; of the client's place when that step has none now."""
        visitor = self.on.visitor
        for path in (f"{self.link}/{step}", self.link):
            page = visitor.get(path)
            form = _Reader(page.text).form if page.status == 200 else None
            if form:
                return form
        return Asked(f"{self.link}/{step}", own=[("revision", str(self.now.revision))], shown=False)

    def post(self, action: str, fields: Fields) -> Answer:
        """Send a form."""
        return self.on.visitor.ask("POST", action, urlencode(fields).encode(), {"Content-Type": FORM})

    @property
    def now(self) -> Session:
        """The session as it is now."""
        return sessions.get(self.on.studio, self.session.id)

    def done(self) -> dict[str, bool]:
        """Return for each step whether it is done."""
        return {step.name: step.done_at is not None for step in self.now.steps}

    def kept(self) -> dict[str, str]:
        """Return the answers in the file."""
        query = "SELECT name, value FROM answer WHERE session_id = ?"
        return {
            str(name): str(value) for name, value in read(self.on.studio.file.path, query, self.session.id)
        }

    def file(self) -> list[str]:
        """Return the file, but for what waits to be mended."""
        return [line for line in dump(self.on.studio.file.path) if not line.startswith('INSERT INTO "draft"')]

    def try_out(self, how: Meddling) -> None:
        """Post a form, meddled with, and hold what came of it against what was there before."""
        form = self.look(how.step)
        fields = fill_in(form, how)
        file, done, before = self.file(), self.done(), self.kept()
        answer = self.post(form.action, fields)
        assert answer.status < 500
        self.check(form.action, fields, file, done, before)
        if how.none and form.shown and not done[how.step] and form.action.endswith(f"/{how.step}"):
            assert self.done()[how.step], f"{how.step} was refused"

    def check(
        self, action: str, fields: Fields, file: list[str], done: dict[str, bool], before: dict[str, str]
    ) -> None:
        """Fail unless one step was done as a whole, or nothing was changed."""
        after, kept = self.done(), self.kept()
        newly = [step for step in after if after[step] and not done[step]]
        assert all(action.endswith(f"/{step}") for step in newly)
        assert all(after[step] for step in done if done[step])
        if kept != before or "questionnaire" in newly:
            assert action.endswith("/questionnaire") and after["questionnaire"]
            check_kept(self.now, fields, kept)
        elif not newly:
            assert self.file() == file


def begin(on: Stage, form: str, client: str) -> Booking:
    """Set up one more session with every step."""
    session = on.make.session(form=form, client=client, allow_overlap=True)
    return Booking(on, session, on.link(session))


@pytest.fixture
def client(on: Stage) -> str:
    """Somebody who books a lot."""
    forms.add(on.studio, "gallery", QUESTIONS)
    forms.add(on.studio, "awkward", AWKWARD)
    return str(on.make.client().id)


@pytest.mark.timeout(1800)
@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=set(Phase) - {Phase.explain},
)
@given(
    form=st.sampled_from(["gallery", "awkward"]),
    posts=st.lists(st.one_of(HONEST, MEDDLINGS), min_size=2, max_size=6),
)
def test_posts_that_nobody_meant(on: Stage, client: str, form: str, posts: list[Meddling]) -> None:
    """A step is done as a whole, with every answer exact, or nothing in the file has changed; and never a 5xx."""
    booking = begin(on, form, client)
    for how in posts:
        booking.try_out(how)
    event(f"done: {', '.join(step for step, done in booking.done().items() if done)}")


@pytest.mark.parametrize("form", ["gallery", "awkward"])
def test_posts_that_are_meant(on: Stage, client: str, form: str) -> None:
    """What a page asks for, given step by step, confirms the session: the forms above are read as they are meant."""
    booking = begin(on, form, client)
    for step in [one.name for one in booking.now.waiting_for]:
        booking.try_out(honest(step, 0))
    assert booking.now.status == "confirmed"
    kept = booking.kept()
    assert kept.keys() == {one.name for one in booking.session.form.fields if applies(one, kept)}


# ── what would be noticed ─────────────────────────────────────────────────────────────────────────


def cut_short(planted: pytest.MonkeyPatch) -> None:
    """Keep three characters of every answer."""
    save = session_store.save_answers

    def cut(db: Any, number: int, answers: Any) -> None:
        save(db, number, [replace(one, value=one.value[:3]) for one in answers])

    planted.setattr(session_store, "save_answers", cut)


def half_saved(planted: pytest.MonkeyPatch) -> None:
    """Keep the answers, and forget that the step is done."""
    planted.setattr(session_store, "finish_step", lambda *arguments: False)


def not_saved(planted: pytest.MonkeyPatch) -> None:
    """Do the step, and forget the answers."""
    planted.setattr(session_store, "save_answers", lambda *arguments: None)


def written_anyway(planted: pytest.MonkeyPatch) -> None:
    """Leave something behind, whatever was posted."""
    settle = Studio.settle

    def writing(studio: Studio, now: Any) -> None:
        settle(studio, now)
        event_store.add(studio.file, "client looked", now)

    planted.setattr(Studio, "settle", writing)


def broken(planted: pytest.MonkeyPatch) -> None:
    """Fail, instead of saying what is wrong."""
    planted.setattr(journey, "check_answers", lambda *arguments: 1 / 0)


@pytest.mark.parametrize(
    ("plant", "post"),
    [
        (cut_short, honest("questionnaire", 0)),
        (half_saved, honest("questionnaire", 0)),
        (not_saved, honest("questionnaire", 0)),
        (written_anyway, Meddling("questionnaire", {}, set(), [], [], "99", False, 0)),
        (broken, honest("questionnaire", 0)),
    ],
    ids=lambda value: "" if isinstance(value, Meddling) else value.__name__,
)
def test_planted_flaw_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None],
    post: Meddling,
    on: Stage,
    client: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Answers that are cut, kept without their step, lost with it, or a trace of a refused post: each is noticed."""
    booking = begin(on, "gallery", client)
    booking.try_out(honest("review", 0))
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        booking.try_out(post)
