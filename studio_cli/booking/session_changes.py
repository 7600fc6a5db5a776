"""Moving a session to another time, and changing what it is. Its number, links, answers and money stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from whenever import Instant

from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import letter, new_session, slot
from studio_cli.booking import session as sessions
from studio_cli.booking.session_type import until_of
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.contract import Document
from studio_cli.model.session import Session
from studio_cli.model.session_type import LONGEST_BUFFER, within
from studio_cli.model.terms import NOTHING_SAID, change_terms, typed_terms
from studio_cli.model.text import LONG, clean, clean_optional
from studio_cli.model.times import Which, parse_duration, parse_when
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store
from studio_cli.store.event import Actor


@dataclass(frozen=True, slots=True)
class Changed:
    """A session before and after a change. ``overlaps``: what the owner allowed it to overlap."""

    before: Session
    after: Session
    overlaps: Sequence[int] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is different."""
        return self.before != self.after

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """What is different, as scripts read it: old and new by the name of the field."""
        old, new = self.before.as_json(), self.after.as_json()
        return {
            name: (old[name], new[name]) for name in new if old[name] != new[name] and name not in _FOLLOWS
        }


_FOLLOWS = {
    "steps",
    "waiting_for",
    "shares",
    "balance",
    "total",
    "due_now",
    "custom_time",
    "overlap_allowed",
    "ends_at",
    "reminded_of",
}
"""Fields that change because others do: not worth a line of their own in the history."""


@dataclass(frozen=True, slots=True)
class Edits:
    """What is to be different, in the words that were typed. None means: stays; an empty text removes."""

    title: str | None = None
    duration: str | None = None
    price: str | None = None
    deposit: str | None = None
    pay: str | None = None
    discount: str | None = None
    discount_reason: str | None = None
    tax: str | None = None
    balance_due: str | None = None
    tips: bool | None = None
    refunds: str | None = None
    location: str | None = None
    notes: str | None = None
    form: str | None = None
    contract: str | None = None
    language: str | None = None
    refresh_documents: bool = False
    expires: str | None = None
    buffer_before: str | None = None
    buffer_after: str | None = None
    move_until: str | None = None
    cancel_until: str | None = None
    reminders: bool | None = None


def reschedule(
    studio: Studio,
    selector: str,
    at: str,
    *,
    which: Which | None = None,
    custom: bool = False,
    allow_overlap: bool = False,
    tell: bool = True,
    note: str | None = None,
) -> Changed:
    """Move a session. A pending one is reviewed again by its client; a confirmed one stays confirmed."""
    with studio.file.atomic():
        studio.settle(studio.now())
        before = sessions.find(studio, selector)
        _check_living(before, "moved")
        starts_at = parse_when(at, studio.settings.zone, studio.now(), which)
        if starts_at == before.starts_at:
            return Changed(before, before)
        draft = _without_proposals(replace(before, starts_at=starts_at))
        placed, overlaps = slot.place(
            studio, draft, custom=custom, allow_overlap=allow_overlap, moving=before
        )
        saved = save(studio, "session moved", before, placed, overlaps)
        return told(studio, saved, note) if tell else saved


def _without_proposals(session: Session) -> Session:
    """Return a session at the time that its owner gives it: of a request nothing else is proposed any more."""
    if session.status != "inquiry" or not session.holds_time or session.expires_at is None:
        return replace(session, offered=())
    return replace(session, offered=(), expires_at=min(session.expires_at, session.starts_at))


def edit(
    studio: Studio,
    selector: str,
    edits: Edits,
    *,
    custom: bool = False,
    allow_overlap: bool = False,
    tell: bool = True,
    note: str | None = None,
) -> Changed:
    """Change what a session is. What its client agreed to and no longer holds is asked for again."""
    if edits == Edits():
        raise WrongUsage(
            "Nothing to change was said.", hint='For example: studio session edit 12 --location "High Park"'
        )
    with studio.file.atomic():
        studio.settle(studio.now())
        before = sessions.find(studio, selector)
        _check_living(before, "changed")
        if before.status == "confirmed" and (edits.refresh_documents or edits.contract is not None):
            raise sessions.wrong_status(before, "its contract stays as it is.")
        after = _edited(studio, before, edits)
        contract = _contract(studio, before, edits)
        overlaps: list[int] = []
        if after.need != before.need:
            # Where it was is fine; only what reaches further is looked at anew.
            shorter = _inside(after, before)
            after, overlaps = slot.place(
                studio,
                after,
                custom=custom or before.custom_time or shorter,
                allow_overlap=allow_overlap or (before.overlap_allowed and shorter),
                moving=before,
            )
        if edits.expires is not None:
            session_store.leave_to_owner(studio.file, before.id)
        saved = save(studio, "session changed", before, after, overlaps, contract=contract)
        return told(studio, saved, note) if tell else saved


def told(studio: Studio, done: Changed, note: str | None, *, by_client: bool = False) -> Changed:
    """Inside a write: tell the client what is different; that it is confirmed now, when nothing is left to do.

    When it was the client who did it, the owner is told too, and whoever has heard that it is confirmed has heard
    enough.
    """
    before, after = done.before, done.after
    occasion = f"event {event_store.newest(studio.file)}"  # that of this change
    if after.status == "confirmed" != before.status:
        if not by_client:
            letter.tell_client(studio, after, "confirmed", occasion)
    elif done.changed:
        letter.tell_change(studio, before, after, occasion, note)
    if by_client and done.changed:
        letter.tell_owner(studio, after, "moved", occasion, about={"before": before.details()})
    return done


def _inside(after: Session, before: Session) -> bool:
    """Return whether a session that does not move takes no time, buffers included, that it did not take before."""
    ends = after.duration + after.buffer_after <= before.duration + before.buffer_after
    return after.buffer_before <= before.buffer_before and after.duration <= before.duration and ends


def _check_living(session: Session, word: str) -> None:
    if session.status not in {"inquiry", "pending", "confirmed"}:
        raise sessions.wrong_status(session, f"it cannot be {word}.")


def _edited(studio: Studio, before: Session, edits: Edits) -> Session:
    changes: dict[str, Any] = {}
    if edits.title is not None:
        changes["title"] = clean(edits.title, "The title")
    if edits.location is not None:
        changes["location"] = clean_optional(edits.location, "The location")
    if edits.notes is not None:
        changes["notes"] = clean_optional(edits.notes, "The notes", limit=LONG, multiline=True)
    if edits.duration is not None:
        changes["duration"] = new_session.duration_of(edits.duration)
    if edits.form is not None:
        changes["form"] = new_session.form_of(studio, edits.form)
    elif edits.refresh_documents and before.form is not None and not before.step("questionnaire").done_at:
        changes["form"] = forms.find(studio, before.form.name)
    if edits.language is not None:
        changes["language"] = new_session.language_of(edits.language)
    if edits.reminders is not None:
        changes["reminders"] = edits.reminders
    if edits.expires is not None:
        changes["expires_at"] = _deadline(studio, before, edits.expires)
    for name in ("buffer_before", "buffer_after"):
        text = getattr(edits, name)
        if text is not None:
            changes[name] = within(parse_duration(text, "A buffer"), 0, LONGEST_BUFFER, "A buffer")
    for name in ("move_until", "cancel_until"):
        text = getattr(edits, name)
        if text is not None:
            changes[name] = until_of(text)
    if typed_terms(edits) != NOTHING_SAID:
        changes["terms"] = change_terms(before.terms, typed_terms(edits))
        if not changes["terms"].tips and before.step("payment").open:
            changes["tip"] = before.terms.nothing  # chosen, and not paid: it is not asked for any more
    if changes.get("form") != before.form and "form" in changes and before.step("questionnaire").done_at:
        raise Refused(
            "The client has answered the questionnaire already.",
            hint=f"Their answers: studio session show {before.id} --answers",
            code="answered",
        )
    return replace(before, **changes)


def _deadline(studio: Studio, session: Session, text: str) -> Instant | None:
    """Return the deadline that was typed; a request holds its time no longer than until it begins, if at all."""
    deadline = new_session.deadline_of(text, None, session.timezone, studio.now())
    if session.status != "inquiry":
        return deadline
    if not session.holds_time:
        raise Refused(
            f"Session {session.id} is a request that holds no time.",
            hint=f"Accept it, or propose a time, which is held: studio session propose {session.id} --help",
            code="holds_nothing",
        )
    return min(deadline or session.starts_at, session.starts_at)


def _contract(studio: Studio, before: Session, edits: Edits) -> Document | None:
    """Return the contract after a change: the copy that the session has, unless another or a fresh one is wanted."""
    if edits.contract is not None:
        return contracts.draft(studio, edits.contract)
    if edits.refresh_documents and before.contract is not None:
        return contracts.draft(studio, before.contract.name)
    return contracts.current(studio, before)


def save(
    studio: Studio,
    kind: str,
    before: Session,
    after: Session,
    overlaps: Sequence[int] = (),
    *,
    contract: Document | Literal["as it is"] | None = "as it is",
    actor: Actor = "owner",
    agreed: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Changed:
    """Inside a write: keep a change, with a new revision for the client when it is one that they would see.

    ``kind`` is what the history calls it, ``more`` goes into it. ``agreed``: the client has seen and wants exactly
    this.
    """
    now = studio.now()
    if contract == "as it is":
        contract = contracts.current(studio, before)
    session_store.update(studio.file, after)
    if _words_may_change(studio, before, contract):
        contracts.freeze(studio, sessions.get(studio, before.id), contract)
    if sessions.get(studio, before.id) == before:
        return Changed(before, before)
    _keep_revision(studio, before)
    if after.asked_now != before.asked_now:
        session_store.forget_announcement(studio.file, before.id)
    if agreed:
        revision = sessions.get(studio, before.id).revision
        session_store.finish_step(studio.file, before.id, "review", now, revision)
    sessions.complete(studio, before.id, actor, tell=actor == "client")
    saved = Changed(before, sessions.get(studio, before.id), overlaps)
    details: dict[str, Any] = {name: list(values) for name, values in saved.fields.items()}
    details |= {**_reworded(before, saved.after), **(more or {})}
    if overlaps:
        details["overlaps"] = list(overlaps)
    event_store.add(studio.file, kind, now, actor=actor, session_id=before.id, details=details)
    return saved


def _words_may_change(studio: Studio, before: Session, contract: Document | None) -> bool:
    """Return whether a session's contract is to be filled in anew: it is another one, or the details are others.

    A note that the client never sees is no reason to write today's telephone number into a signed text.
    """
    now = sessions.get(studio, before.id)
    return contract != contracts.current(studio, before) or now.details() != before.details()


def _keep_revision(studio: Studio, before: Session) -> None:
    after = sessions.get(studio, before.id)
    if after.details() != before.details():
        newer = replace(after, revision=before.revision + 1)
        session_store.update(studio.file, newer)
        session_store.keep_revision(studio.file, newer, studio.now())


def _reworded(before: Session, after: Session) -> dict[str, str]:
    """Return which documents have another wording, for the history: their names may be the same."""
    old, new = before.details(), after.details()
    return {
        noun: "another wording"
        for noun, words in (("questions", "form"), ("contract_text", "document"))
        if after.status == "pending" and old[words] and new[words] and old[words] != new[words]
    }
