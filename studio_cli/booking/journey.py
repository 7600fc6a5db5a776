"""The client's way from a link to Confirmed: review, questionnaire, payment; each step kept as it is posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.details import LABELS
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound
from studio_cli.model.form import Answer, check_answers
from studio_cli.model.session import Session, StepName
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import session as session_store
from studio_cli.store import share as share_store


@dataclass(frozen=True, slots=True)
class Difference:
    """One detail that is not what the client saw."""

    label: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A client at their session, through one of its links.

    ``changed``: it is not what the client saw, with the ``differences`` (of the details; a form can differ too); ``problems`` say what is wrong with an answer, by
    the name of its field. With either, nothing was kept of what was posted.
    """

    session: Session
    share_id: int
    answers: tuple[Answer, ...] = ()
    differences: tuple[Difference, ...] = ()
    since_review: tuple[Difference, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether what was posted was about something else than there is now."""
        return bool(self.differences)

    @property
    def current(self) -> StepName | None:
        """The step that the client is asked for now."""
        return self.session.waiting_for[0].name if self.session.waiting_for else None


def visit(studio: Studio, token: str) -> Visit:
    """Return the session behind a link. Dead, revoked and unknown links are the same ``NotFound``."""
    found = share_store.by_token(studio.file, token)
    session = session_store.get(studio.file, found[1], studio.now()) if found else None
    if found is None or session is None or session.link_ends_at <= studio.now():
        raise NotFound("This link does not work.", code="no_link")
    reviewed = session.step("review").revision
    changes = _differences(studio, session, reviewed) if reviewed not in {None, session.revision} else ()
    return Visit(
        session, found[0], tuple(session_store.answers(studio.file, session.id)), since_review=changes
    )


def mark_opened(studio: Studio, share_id: int) -> None:
    """Note that the link was opened: the one thing that a GET leaves behind."""
    now = studio.now()
    if share_store.needs_mark(studio.file, share_id, now):
        with studio.file.atomic(wait=False):  # nobody waits for a page because somebody else writes
            share_store.mark_opened(studio.file, share_id, now)


def review(studio: Studio, token: str, revision: int) -> Visit:
    """The client agrees to the details of ``revision``."""
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        if _may(here, "review"):
            _finish(studio, here, "review")
        return _leave(studio, token, here)


def questionnaire(
    studio: Studio, token: str, revision: int, posted: Mapping[str, str], *, agreed: bool = False
) -> Visit:
    """The client answers the questions: all of it is kept, or nothing with what is wrong. May be done over.

    ``agreed``: they were shown changed details with their answers waiting, and agree to both at once.
    """
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        if agreed and _may(here, "review") and here.session.form is not None:
            _finish(studio, here, "review")
            here = visit(studio, token)
        if not _may(here, "questionnaire", again=True):
            return _leave(studio, token, here)
        assert here.session.form is not None
        answers, problems = check_answers(here.session.form, posted)
        if problems:
            return Visit(here.session, here.share_id, here.answers, problems=problems)
        if tuple(answers) != here.answers:
            session_store.save_answers(studio.file, here.session.id, answers)
            if here.session.step("questionnaire").done_at is not None:
                _tell(studio, here, "questionnaire changed")
        _finish(studio, here, "questionnaire")
        return _leave(studio, token, here)


def pay(studio: Studio, token: str, revision: int) -> Visit:
    """The client does what the studio's way of being paid asks of them."""
    if studio.settings["payment.provider"] == "test":
        return pay_test(studio, token, revision)
    return announce_payment(studio, token, revision)


def announce_payment(studio: Studio, token: str, revision: int) -> Visit:
    """The client says that the payment is on its way: noted, not believed. The owner records it when it is there."""
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        if _may(here, "payment") and session_store.announce_payment(
            studio.file, here.session.id, studio.now(), here.share_id
        ):
            _tell(studio, here, "payment announced")
        return _leave(studio, token, here)


def pay_test(studio: Studio, token: str, revision: int) -> Visit:
    """Pretend to pay what is due, in a studio made for trying things out."""
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        settings, now = studio.settings, studio.now()
        allowed = settings.is_test_studio and settings["payment.provider"] == "test"
        if allowed and _may(here, "payment") and here.session.due_now:
            session = here.session
            # What the ledger has already is part of the reference: the same tap twice is the same payment.
            reference = f"test:{session.id}:{payment_store.count(studio.file, session.id)}"
            payment_store.insert(
                studio.file, session.id, session.due_now, "test", at=now, now=now, reference=reference
            )
            _tell(studio, here, "payment recorded")
            payments.received(studio, session.id)
        return _leave(studio, token, here)


# ── at the door of every step ─────────────────────────────────────────────────────────────────────


def _enter(studio: Studio, token: str, revision: int) -> Visit:
    """Look again, inside the write: is the link alive, and is the session what the client saw?"""
    studio.settle(studio.now())
    here = visit(studio, token)
    if here.session.status == "pending" and revision != here.session.revision:
        return replace(here, differences=_differences(studio, here.session, revision))
    return here


def _may(here: Visit, step: StepName, *, again: bool = False) -> bool:
    """Return whether this step is asked of the client now, with every earlier one done."""
    if here.session.status != "pending" or here.changed or not here.session.step(step).required:
        return False
    return here.current == step or (again and here.session.step(step).done_at is not None)


def _finish(studio: Studio, here: Visit, step: StepName) -> None:
    session = here.session
    if session_store.finish_step(
        studio.file, session.id, step, studio.now(), session.revision, here.share_id
    ):
        _tell(studio, here, f"{step} done")


def _tell(studio: Studio, here: Visit, kind: str) -> None:
    event_store.add(
        studio.file, kind, studio.now(), actor="client", session_id=here.session.id, share_id=here.share_id
    )


def _leave(studio: Studio, token: str, here: Visit) -> Visit:
    """Confirm the session when nothing is left to do; return how it is now."""
    if here.changed:
        return here
    sessions.complete(studio, here.session.id)
    return visit(studio, token)


def _differences(studio: Studio, session: Session, revision: int | None) -> tuple[Difference, ...]:
    seen = session_store.details_at(studio.file, session.id, revision or 0) or {}
    now = session.details()
    changed = [name for name in now if seen.get(name, "") != now[name]]
    return tuple(Difference(LABELS[name], seen.get(name, ""), now[name]) for name in changed)
