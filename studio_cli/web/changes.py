"""The pages on which clients change their minds: a request, another time, not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whenever import Instant

from studio_cli.booking import cancellation, policy, site
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import request as requests
from studio_cli.booking.change_of_mind import No
from studio_cli.booking.details import STEP_TITLES, differences, when
from studio_cli.booking.journey import seen_before
from studio_cli.model.settlement import Settlement
from studio_cli.model.times import day_begins, stored
from studio_cli.model.words import N_
from studio_cli.web.month import day_of, grid, offsets

if TYPE_CHECKING:
    from studio_cli.web.pages import Place

NOTES = {
    "moved": N_("It is moved. You find the new time below."),
    "asked": N_("You have asked for another time. You find it below."),
    "taken": N_("Somebody has just taken that time, so nothing was changed. Please choose another."),
    "changed": N_(
        "Something has changed since you opened that page, so nothing was done. Please look again."
    ),
}
"""What a page begins with after something was done, or could not be, by the word in its address."""


def note(place: Place, word: str) -> dict[str, Any]:
    """Return what a page says first, in the client's language; nothing for a word that is none of ours."""
    words = NOTES.get(word)
    text = place.dress.language.text(words) if words else ""
    return {"note": text, "alarming": word in {"taken", "changed"}}


# ── a request ─────────────────────────────────────────────────────────────────────────────────────


def asked(place: Place, word: str = "") -> str:
    """Return the page of a request: what was asked for and what happens next, or the times to choose from."""
    session, language, studio = place.visit.session, place.dress.language, place.studio
    still = minds.still_offered(studio, session)
    apart = offsets(still, session.timezone)
    offered = [
        {"value": stored(moment), "text": f"{when(moment, session, language)} {apart[moment]}".rstrip()}
        for moment in still
    ]
    lost = _lost(place) if not session.offered else set()
    later = [step for step in session.steps if step.required and step.name != "review"]
    return place.page(
        "asked",
        revision=session.revision,
        offered=offered,
        gone=bool(session.offered) and len(offered) < len(session.offered),
        taken=lost.issuperset(requests.asked_times(session)),
        wished=[
            {"text": when(one, session, language), "lost": one in lost}
            for one in (session.wishes.times if session.wishes else ())
        ],
        differences=_differences_of_request(place),
        later=language.listed([language.text(STEP_TITLES[step.name]) for step in later]) if later else "",
        **note(place, word),
    )


def _lost(place: Place) -> set[Instant]:
    """Return which of the times that a request is for cannot be had any more; of one that is held, none."""
    session = place.visit.session
    if session.holds_time:
        return set()
    asked_for = requests.asked_times(session)
    return {one for one in asked_for if not requests.is_possible(place.studio, session, one)}


def _differences_of_request(place: Place) -> list[Any]:
    """Return what was changed since its client saw a request; of times that are proposed the page speaks anyway."""
    session = place.visit.session
    first = 1 if session.source == "site" else None
    revision = place.seen or session.step("review").revision or first
    seen = seen_before(place.studio, place.visit, revision) if revision else None
    if seen is None:
        return []
    now = session.details()
    if session.offered:
        seen = {**seen, **{name: now[name] for name in ("starts_at", "ends_at", "balance_due")}}
    return list(differences(seen, now, place.dress.language))


# ── another time ──────────────────────────────────────────────────────────────────────────────────


def move(place: Place, day: str, taken: Instant | None, word: str = "") -> str:
    """Return the page to move a session on: a month, the free times of a day, and until when this is possible."""
    session, studio = place.visit.session, place.studio
    why = minds.why_not_move(studio, session)
    if why:
        return _cannot(place, _CANNOT_MOVE[why])

    language, zone = place.dress.language, session.timezone
    near = [one for one in minds.nearest(studio, session, taken) if one != session.starts_at] if taken else []
    apart = offsets(near, zone)
    until = session.move_ends_at if session.status != "inquiry" else None
    return place.page(
        "move",
        revision=session.revision,
        picker=_picker(place, day, taken or session.starts_at),
        near=[
            {"value": stored(one), "text": f"{language.short(one, zone)} {apart[one]}".rstrip()}
            for one in near
        ],
        until=language.short(until, zone) if until else "",
        refunds=_refunds(place),
        differences=_differences(place),
        **note(place, "taken" if taken else word),
    )


def _refunds(place: Place) -> str:
    """Return what moving it now changes in what goes back, if it is canceled later."""
    session = place.visit.session
    after = cancellation.after_a_move(place.studio, session)
    return policy.after_a_move(session.terms.refunds, after, place.dress.language)


def _picker(place: Place, asked_for: str, near: Instant) -> dict[str, Any]:
    """Return the month that was asked for, else the one of ``near`` if anything is free there, and a day's times."""
    session, language, zone = place.visit.session, place.dress.language, place.visit.session.timezone
    view = minds.view(place.studio, session)
    day, nearby = day_of(asked_for), near.to_tz(zone).date()
    wanted = day or day_of(f"{asked_for}-01")
    month = view.month(wanted or nearby)
    if wanted is None and not month.days:
        month = view.month()
    if day is None or day.replace(day=1) != month.first:
        later = [one for one in month.days if wanted is None and one >= nearby]
        day = min(later, default=min(month.days, default=None))
    starts = month.days.get(day, []) if day else []
    apart = offsets(starts, zone)

    def to(shown: str) -> str:
        return f"{place.here}/move?day={shown}#times"

    after = day_begins(day.add(days=1) if day else month.first, zone)
    onward = view.next(after) if not starts else None
    date = onward.to_tz(zone).date() if onward else None
    return {
        **grid(month, day, language, to),
        "times": [
            {"value": stored(one), "text": f"{language.clock(one, zone)} {apart[one]}".strip()}
            for one in starts
        ],
        "next": {"link": to(str(date)), "day": language.date(date)} if date else None,
    }


def _differences(place: Place) -> list[Any]:
    """Return what was changed since the page was opened that was posted from."""
    seen = seen_before(place.studio, place.visit, place.seen) if place.seen else None
    return list(differences(seen, place.visit.session.details(), place.dress.language)) if seen else []


_CANNOT_MOVE: dict[No, tuple[str, str]] = {
    "never": (N_("Another time?"), N_("Please write to the studio: it finds another time with you.")),
    "late": (
        N_("It is too late to move it here"),
        N_(
            "It begins so soon that it cannot be moved here any more. Please get in touch: it may well be possible."
        ),
    ),
    "often": (
        N_("It cannot be moved here any more"),
        N_(
            "You have moved it several times already. Please get in touch, and the studio finds a time with you."
        ),
    ),
    "over": (N_("This cannot be moved any more"), N_("If you would like another time, please get in touch.")),
}


# ── not at all ────────────────────────────────────────────────────────────────────────────────────


def cancel(place: Place, word: str = "") -> str:
    """Return the page that asks once: what canceling means, what happens with the money, and how."""
    session, studio = place.visit.session, place.studio
    why = minds.why_not_cancel(studio, session)
    if why:
        return _cannot(place, _CANNOT_CANCEL[why])
    settled = cancellation.settlement(studio, session)
    until = session.cancel_ends_at if session.status != "inquiry" else None
    language = place.dress.language
    return place.page(
        "cancel",
        revision=session.revision,
        money=_about_money(place, settled),
        seen=minds.terms_seen(settled),
        until=language.short(until, session.timezone) if until else "",
        differences=_differences(place),
        **note(place, word),
    )


_CANNOT_CANCEL: dict[No, tuple[str, str]] = {
    "never": (N_("You cannot come?"), N_("Please write to the studio: it cancels the session for you.")),
    "late": (
        N_("It is too late to cancel it here"),
        N_(
            "It begins so soon that it cannot be canceled here any more. Please get in touch as soon as you can."
        ),
    ),
    "over": (N_("There is nothing to cancel any more"), N_("If that surprises you, please get in touch.")),
}


def _cannot(place: Place, words: tuple[str, str]) -> str:
    return place.page("cannot", heading=words[0], words=words[1])


# ── it is over ────────────────────────────────────────────────────────────────────────────────────


def _about_money(place: Place, settled: Settlement) -> list[str]:
    session, name = place.visit.session, place.dress.settings["studio.name"]
    announced = session.step("payment").announced_at is not None
    return policy.money(settled, place.dress.language, name, announced=announced) if session.total else []


def ended(place: Place) -> tuple[str, str, list[str]] | None:
    """Return how a session ended by its client or without an answer: heading, words, the money. None: otherwise."""
    session, studio = place.visit.session, place.studio
    if session.status == "declined":
        passed = _PASSED if session.offered else _UNANSWERED
        return None if requests.was_answered(studio, session) else (*passed, [])
    if site.was_let_go(studio, session):
        return (*_LET_GO, [])
    settled = minds.ended(studio, session)
    if settled is None:
        return None
    if settled.request:
        return (*_WITHDRAWN, [])
    name = place.dress.settings["studio.name"]
    if not session.total:
        return (*_CANCELED, [])
    announced = session.step("payment").announced_at is not None
    rows = minds.since(studio, session, settled)
    return (
        *_CANCELED,
        policy.money_now(settled.money, rows, place.dress.language, name, announced=announced),
    )


_UNANSWERED = (
    N_("Your request was not answered in time"),
    N_("The time that you asked for has come, and nothing was booked. We are sorry: please get in touch."),
)
_PASSED = (
    N_("The times that you were offered have passed"),
    N_("Nothing was booked. If you would still like to come, please get in touch."),
)
_LET_GO = (
    N_("You have taken another time"),
    N_("When you took it, this one became free again. Yours is behind the link that you were given then."),
)
_WITHDRAWN = (
    N_("You have withdrawn your request"),
    N_("The studio knows. If you change your mind, please get in touch."),
)
_CANCELED = (
    N_("You have canceled this session"),
    N_("The studio knows, and the time is free again."),
)
