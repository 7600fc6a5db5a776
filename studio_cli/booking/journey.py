"""The client's way from a link to Confirmed: review, questionnaire, contract, payment; each step kept as it is posted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from whenever import Date, Instant

from studio_cli.booking import letter
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, WrongUsage
from studio_cli.model.answers import Problem, check_answers
from studio_cli.model.contract import Signature
from studio_cli.model.form import Answer
from studio_cli.model.money import parse_money
from studio_cli.model.session import Session, StepName
from studio_cli.model.site import MONEY_ON_ITS_WAY
from studio_cli.model.text import clean
from studio_cli.model.words import N_
from studio_cli.store import contract as contract_store
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store
from studio_cli.store import share as share_store

Fields = Mapping[str, Sequence[str]]
"""What a form posted: values by the name of their field, which can stand there more than once."""
Details = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """A client at their session, through one of its links.

    ``changed``: what was posted was about other details than there are now. ``drafts`` are what was posted and
    could not be kept as done, ``problems`` what is wrong with it, by the name of its field. ``today`` is the day
    in the studio's zone.
    """

    session: Session
    share_id: int
    today: Date
    answers: tuple[Answer, ...] = ()
    drafts: Mapping[StepName, Fields] = field(default_factory=dict)
    changed: bool = False
    trouble: Mapping[str, str] = field(default_factory=dict)

    @property
    def current(self) -> StepName | None:
        """The step that the client is asked for now."""
        return self.session.waiting_for[0].name if self.session.waiting_for else None

    def problems(self, step: StepName) -> dict[str, Problem]:
        """Return what is wrong with what was typed for a step and is waiting to be mended."""
        typed = self.drafts.get(step)
        if step == "payment":
            return {name: Problem(TIP_PROBLEMS[code]) for name, code in self.trouble.items()}
        if typed is None:
            return {}
        if step == "contract":
            return _unsigned(typed)
        form = self.session.form
        return check_answers(form, typed, self.today)[1] if form else {}


def share_of(studio: Studio, token: str) -> int | None:
    """Return the share whose living link a token is, without looking at more than that."""
    found = share_store.by_token(studio.file, token)
    session = session_store.get(studio.file, found[1], studio.now()) if found else None
    return found[0] if found and session and session.link_ends_at > studio.now() else None


def visit(studio: Studio, token: str) -> Visit:
    """Return the session behind a link. Dead, revoked and unknown links are the same ``NotFound``."""
    found = share_store.by_token(studio.file, token)
    session = session_store.get(studio.file, found[1], studio.now()) if found else None
    if found is None or session is None or session.link_ends_at <= studio.now():
        raise NotFound("This link does not work.", code="no_link")
    today = studio.now().to_tz(studio.settings.zone).date()
    answers = tuple(session_store.answers(studio.file, session.id))
    return Visit(session, found[0], today, answers, session_store.drafts(studio.file, session.id))


def seen_before(studio: Studio, here: Visit, revision: int | None = None) -> Details | None:
    """Return the details that the client saw last, when they are not the present ones.

    ``revision`` is that of a page that was still open; else it is the one that they agreed to.
    """
    session = here.session
    seen = session.step("review").revision if revision is None else revision
    if seen is None or seen >= session.revision:
        return None
    details = session_store.details_at(studio.file, session.id, seen)
    return None if details == session.details() else details


def mark_opened(studio: Studio, share_id: int) -> None:
    """Note that the link was opened: the one thing that a GET leaves behind."""
    now = studio.now()
    if share_store.needs_mark(studio.file, share_id, now):
        with studio.file.atomic(wait=False):  # nobody waits for a page because somebody else writes
            share_store.mark_opened(studio.file, share_id, now)


# ── the steps ─────────────────────────────────────────────────────────────────────────────────────


def review(studio: Studio, token: str, revision: int) -> Visit:
    """The client agrees to the details of ``revision``."""
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        if _may(here, "review"):
            _finish(studio, here, "review")
        return leave(studio, token, here)


def questionnaire(studio: Studio, token: str, revision: int, posted: Fields) -> Visit:
    """The client answers the questions: all of it is kept, or a draft with what is wrong. May be done over."""
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        if not _may(here, "questionnaire", again=True):
            return leave(studio, token, here, "questionnaire", posted)
        assert here.session.form is not None
        answers, problems = check_answers(here.session.form, posted, here.today)
        if problems:
            return _keep_draft(studio, here, "questionnaire", posted)
        if tuple(answers) != here.answers:
            session_store.save_answers(studio.file, here.session.id, answers)
            if here.session.step("questionnaire").done_at is not None:
                _tell(studio, here, "questionnaire changed")
        _finish(studio, here, "questionnaire")
        return leave(studio, token, here)


@dataclass(frozen=True, slots=True)
class Signer:
    """Where a signature comes from: the address and the browser, as the server saw them."""

    address: str
    user_agent: str


def sign(studio: Studio, token: str, revision: int, sha256: str, posted: Fields, signer: Signer) -> Visit:
    """The client signs the contract by typing a name and ticking that they agree.

    ``sha256`` is that of the text on the page: nobody signs another text than the one they saw.
    """
    with studio.file.atomic():
        here = _enter(studio, token, revision)
        agreement = here.session.contract
        if here.session.status == "pending" and agreement and agreement.sha256 != sha256:
            here = replace(here, changed=True)
        if not _may(here, "contract"):
            return leave(studio, token, here, "contract", posted)
        assert agreement is not None
        if _unsigned(posted):
            return _keep_draft(studio, here, "contract", posted)
        signature = Signature(
            sha256=agreement.sha256,
            name=clean(_last(posted)["name"], "The name"),
            at=studio.now(),
            timezone=here.session.timezone,
            share_id=here.share_id,
            address=signer.address,
            user_agent=signer.user_agent,
        )
        contract_store.sign(studio.file, here.session.id, signature)
        _finish(studio, here, "contract")
        return leave(studio, token, here)


def _unsigned(posted: Fields) -> dict[str, Problem]:
    """Return what is missing for a signature, by the name of the field."""
    typed, problems = _last(posted), dict[str, Problem]()
    try:
        clean(typed.get("name", ""), "The name")
    except WrongUsage as problem:
        empty = problem.code == "empty"
        text = N_("Please type your full name.") if empty else N_("Please type just your name.")
        problems["name"] = Problem(text)
    if typed.get("agreed") != "yes":
        problems["agreed"] = Problem(N_("Please tick that you agree."))
    return problems


TIPS = (10, 15, 20)
"""The tips that a client is offered, in percent of what they pay in all."""

# Most of Europe and South America write 20,00; a comma before three digits is one for thousands.
_DECIMAL_COMMA = re.compile(r",(?=\d{1,2}(?!\d))")


def pay(studio: Studio, token: str, revision: int, posted: Fields | None = None) -> Visit:
    """The client does what the studio's way of being paid asks of them, with the tip that they choose."""
    with studio.file.atomic():
        here = at_payment(studio, token, revision, posted)
        if here.trouble:
            return here
        testing = studio.settings["payment.provider"] == "test"
        return (_pay_test if testing else _announce)(studio, token, here)


def at_payment(studio: Studio, token: str, revision: int, posted: Fields | None = None) -> Visit:
    """Inside a write: bring the client to the payment step, with the tip that they choose."""
    here = _enter(studio, token, revision)
    if not _may(here, "payment"):
        return here
    problem = _take_tip(studio, here.session, _last(posted or {}))
    return replace(here, trouble={"tip": problem}) if problem else visit(studio, token)


def may_pay(here: Visit) -> bool:
    """Return whether there is something for this client to pay now."""
    return not here.trouble and _may(here, "payment") and bool(here.session.due_now)


TIP_PROBLEMS = {
    "amount": N_("Please write just the amount."),
    "much": N_("That is more than the session costs."),
}
"""What can be wrong with a tip, as its client reads it."""


def _take_tip(studio: Studio, session: Session, typed: Mapping[str, str]) -> str | None:
    """Inside a write: add the tip that was chosen to what is due; return what is wrong with it, of ``TIP_PROBLEMS``.

    An amount that is typed is meant, whatever is ticked above it.
    """
    amount = _DECIMAL_COMMA.sub(".", typed.get("tip_amount", "").strip())
    if not session.terms.tips or not ("tip" in typed or amount):
        return None
    chosen, total = typed.get("tip", "0"), session.terms.total
    try:
        other = parse_money(amount, total.currency) if amount or chosen == "other" else None
    except WrongUsage:
        return "amount"
    percent = int(chosen) if chosen in {str(tip) for tip in TIPS} else 0
    tip = other if other is not None else total.share(percent, 100)
    if tip > total:
        return "much"
    if tip != session.tip:
        session_store.update(studio.file, replace(session, tip=tip))
        session_store.forget_announcement(studio.file, session.id)
    return None


def announce_payment(studio: Studio, token: str, revision: int) -> Visit:
    """The client says that the payment is on its way: noted, not believed. The owner records it when it is there."""
    with studio.file.atomic():
        return _announce(studio, token, _enter(studio, token, revision))


def pay_test(studio: Studio, token: str, revision: int) -> Visit:
    """Pretend to pay what is due, in a studio made for trying things out."""
    with studio.file.atomic():
        return _pay_test(studio, token, _enter(studio, token, revision))


def _announce(studio: Studio, token: str, here: Visit) -> Visit:
    if _may(here, "payment") and session_store.announce_payment(
        studio.file, here.session.id, studio.now(), here.share_id
    ):
        event = _tell(studio, here, "payment announced")
        if event_store.count(studio.file, here.session.id, "payment announced", "client") == 1:
            _wait_for_money(studio, here.session)  # said again, for another tip, it holds nothing longer
        announced = sessions.get(studio, here.session.id)
        letter.tell_client(studio, announced, "payment-instructions", f"event {event}")
        letter.tell_owner(studio, announced, "payment-announced", f"event {event}")
    return leave(studio, token, here)


def _pay_test(studio: Studio, token: str, here: Visit) -> Visit:
    settings, session = studio.settings, here.session
    allowed = settings.is_test_studio and settings["payment.provider"] == "test"
    if allowed and _may(here, "payment") and session.due_now:
        # What the ledger has already is part of the reference: the same tap twice is the same payment.
        reference = f"test:{session.id}:{payment_store.count(studio.file, session.id)}"
        payments.receive(studio, session, session.due_now, "test", at=studio.now(), reference=reference)
    return leave(studio, token, here)


# ── at the door of every step ─────────────────────────────────────────────────────────────────────


def _enter(studio: Studio, token: str, revision: int) -> Visit:
    """Look again, inside the write: is the link alive, and is the session what the client saw?"""
    studio.settle(studio.now())
    here = visit(studio, token)
    known = here.session.status != "pending" or is_present(studio, here.session, revision)
    return replace(here, changed=not known)


def is_present(studio: Studio, session: Session, revision: int) -> bool:
    """Return whether a revision says what there is now: what was changed and changed back is no change."""
    if revision == session.revision:
        return True
    return session_store.details_at(studio.file, session.id, revision) == session.details()


def _may(here: Visit, step: StepName, *, again: bool = False) -> bool:
    """Return whether this step is asked of the client now, with every earlier one done."""
    if here.session.status != "pending" or here.changed or not here.session.step(step).required:
        return False
    return here.current == step or (again and here.session.step(step).done_at is not None)


def _finish(studio: Studio, here: Visit, step: StepName) -> None:
    session = here.session
    session_store.drop_draft(studio.file, session.id, step)
    if session_store.finish_step(
        studio.file, session.id, step, studio.now(), session.revision, here.share_id
    ):
        _tell(studio, here, f"{step} done")
        if session.site_hold is not None:
            _hold_until(studio, session, studio.now().add(minutes=session.site_hold))


def _hold_until(studio: Studio, session: Session, until: Instant) -> None:
    """Hold a time that the client picked themselves longer: whoever goes on has as long again. Never shorter."""
    if session.expires_at is not None and session.expires_at < until:
        session_store.set_expiry(studio.file, session.id, until)


def _wait_for_money(studio: Studio, session: Session) -> None:
    """Hold a time picked on the site as long as one that the owner set up: now it waits for the owner."""
    if session.site_hold is None:
        return
    offer = type_store.get(studio.file, session.type.id) if session.type else None
    hold = offer.hold if offer and offer.hold else MONEY_ON_ITS_WAY
    _hold_until(studio, session, studio.now().add(minutes=hold))


def _keep_draft(studio: Studio, here: Visit, step: StepName, posted: Fields) -> Visit:
    """Keep what was typed, so that the page shows it with what is wrong, on any device."""
    form = here.session.form
    names = {"name", "agreed"} if step == "contract" or form is None else {one.name for one in form.fields}
    typed = {name: list(values) for name, values in posted.items() if name in names}
    session_store.save_draft(studio.file, here.session.id, step, typed, studio.now())
    return replace(here, drafts={**here.drafts, step: typed})


def _tell(studio: Studio, here: Visit, kind: str) -> int:
    return event_store.add(
        studio.file, kind, studio.now(), actor="client", session_id=here.session.id, share_id=here.share_id
    )


def leave(
    studio: Studio, token: str, here: Visit, step: StepName | None = None, posted: Fields | None = None
) -> Visit:
    """Confirm the session when nothing is left to do; return how it is now.

    What was typed for a session that has changed meanwhile is not lost: it waits as a draft.
    """
    if here.changed:
        if step and posted and _may_wait(here, step):
            return _keep_draft(studio, here, step, posted)
        return here
    sessions.complete(studio, here.session.id)
    return visit(studio, token)


def _may_wait(here: Visit, step: StepName) -> bool:
    """Return whether what was typed for a step is of use later: answers can be given again, a signature cannot."""
    asked = here.session.step(step)
    return asked.open or (step == "questionnaire" and asked.done_at is not None)


def _last(posted: Fields) -> dict[str, str]:
    """Return one value a field: the last, as for a field that stands in a form once."""
    return {name: values[-1] for name, values in posted.items() if values}
