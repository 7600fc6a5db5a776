"""The pages: which one a visit sees, and what is on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio_cli.booking.details import LABELS, STEP_TITLES, describe, show_money
from studio_cli.booking.journey import Visit
from studio_cli.model.money import parse_money
from studio_cli.model.session import Session, StepName
from studio_cli.model.settings import Settings
from studio_cli.templates import render

MINUTES: dict[StepName, int] = {"review": 1, "questionnaire": 3, "contract": 3, "payment": 2}
"""About how long a step takes, for the line that says so."""


@dataclass(frozen=True, slots=True)
class Dress:
    """What every page wears: the studio's settings, and the path that its addresses begin with."""

    settings: Settings
    root: str

    def page(self, name: str, data: Mapping[str, Any]) -> str:
        """Return a page as HTML."""
        return render(f"page/{name}.html", {"studio": self.settings.for_clients(), "root": self.root, **data})

    def link(self, token: str) -> str:
        """Return the path of a link."""
        return f"{self.root}/s/{token}"


def current(visit: Visit, token: str, dress: Dress) -> str:
    """Return the page for where the client is now."""
    if visit.current is None:
        return _no_step_left(visit.session, dress)
    return step(visit.current, visit, token, dress)


def may_look_at(name: StepName, visit: Visit) -> bool:
    """Return whether a client can look at this step now: the current one, or one done before."""
    asked = visit.session.step(name)
    open_now = visit.session.status == "pending" and visit.current is not None
    done = (
        asked.done_at is not None and name != "payment"
    )  # of a payment that is done there is nothing to see
    return open_now and asked.required and (visit.current == name or done)


def step(
    name: StepName,
    visit: Visit,
    token: str,
    dress: Dress,
    *,
    typed: Mapping[str, str] | None = None,
) -> str:
    """Return the page of one step; ``typed`` are answers that were posted but not kept."""
    session, here = visit.session, dress.link(token)
    data: dict[str, Any] = {
        "session": describe(session, dress.settings),
        "here": here,
        "revision": session.revision,
        "steps": _progress(visit, here),
        "last": [one.name for one in session.waiting_for] == [name],
    }
    if name == "review":
        data |= {
            "done": session.step("review").done_at is not None,
            "asked": _asked(session),
            "changed": bool(visit.differences or visit.since_review),
            "posted": visit.changed,
            "differences": _differences(visit, dress.settings["studio.locale"]),
            "carried": _carried(visit, typed or {}),
        }
    elif name == "questionnaire":
        assert session.form is not None
        kept = {answer.name: answer.value for answer in visit.answers}
        choices = [{**field.as_json(), "choices": list(field.choices)} for field in session.form.fields]
        data |= {
            "form": {"title": session.form.title, "fields": choices},
            "values": dict(typed) if typed is not None else kept,
            "problems": dict(visit.problems),
        }
    else:
        data |= {
            "provider": dress.settings["payment.provider"],
            "announced": session.step("payment").announced_at is not None,
        }
    return dress.page(name, data)


def _differences(visit: Visit, locale: str) -> list[dict[str, str]]:
    """Return what changed, with amounts written as they are on the rest of the page."""
    return [
        {
            "label": one.label,
            "before": _shown(one.label, one.before, locale),
            "now": _shown(one.label, one.now, locale),
        }
        for one in visit.differences or visit.since_review
    ]


def _shown(label: str, text: str, locale: str) -> str:
    """Return a kept detail as the rest of the page writes it: ``150.00 CAD`` becomes ``CA$150.00``."""
    amount, _, currency = text.rpartition(" ")
    if label not in {LABELS["price"], LABELS["due_now"]} or not amount:
        return text
    return show_money(parse_money(amount, currency), locale)


def _carried(visit: Visit, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the answers that wait, in the page, until the client has agreed to the changed details."""
    session = visit.session
    if session.form is None:
        return {}
    return {field.name: typed[field.name] for field in session.form.fields if field.name in typed}


def _progress(visit: Visit, here: str) -> list[dict[str, Any]]:
    line = []
    for one in visit.session.steps:
        if one.required:
            done = one.done_at is not None
            state = "current" if one.name == visit.current else "done" if done else "later"
            reachable = may_look_at(one.name, visit)
            link = f"{here}/{one.name}" if reachable else ""
            line.append({"name": one.name, "title": STEP_TITLES[one.name], "state": state, "link": link})
    return line


def _asked(session: Session) -> str:
    """Return what is asked of the client and about how long it takes."""
    left = [one.name for one in session.waiting_for]
    also = {"questionnaire": "answer a few questions", "contract": "sign the contract", "payment": "pay"}
    parts = ["review the details", *(also[name] for name in left if name in also)]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    minutes = sum(MINUTES[name] for name in left)
    return f"To confirm it, please {listed}. That takes about {minutes} minute{'s' if minutes > 1 else ''}."


def _no_step_left(session: Session, dress: Dress) -> str:
    data: dict[str, Any] = {"session": describe(session, dress.settings)}
    if session.status == "confirmed":
        return dress.page("confirmed", data)
    if session.status in {"pending", "inquiry"}:
        return dress.page("waiting", data)
    heading, words = _ENDED[session.status]
    return dress.page("ended", {**data, "heading": heading, "words": words})


_ENDED = {
    "expired": (
        "The time to confirm has run out",
        "The session was held for you, but not completed in time, so its time is free again. "
        "If you still want it, please get in touch: it may well be possible.",
    ),
    "canceled": (
        "This session was canceled",
        "It will not take place. If that surprises you, please get in touch.",
    ),
    "declined": ("This session cannot take place", "If you would like another time, please get in touch."),
}

ERRORS: dict[int, tuple[str, str]] = {
    400: ("That did not arrive as it should", "Please go back, load the page again and try once more."),
    403: ("That came from another website", "Please open the link that you were given, and continue there."),
    404: (
        "This link does not work",
        "It may have been replaced or have ended. Please use the newest link you were given, or ask for another one.",
    ),
    405: ("That is not possible here", "Please open the link that you were given, and continue there."),
    413: ("That is too long", "Please go back and shorten your answers."),
    429: (
        "That was a lot at once",
        "Please wait a moment, then open the link that you were given once more. Nothing is lost.",
    ),
    431: (
        "That is too long",
        "Please open the link exactly as you were given it, in a private window or another browser if need be.",
    ),
    500: (
        "Something went wrong on our side",
        "What you saved before is safe. Please try again in a few minutes.",
    ),
    503: (
        "Just a moment, please",
        "The studio is busy with another booking. Nothing is lost: please try again.",
    ),
}


def error(status: int, dress: Dress) -> str:
    """Return the page for an HTTP error; it says nothing of what is inside."""
    heading, words = ERRORS.get(status, ERRORS[400 if status < 500 else 500])
    return dress.page("error", {"heading": heading, "words": words})


def home(dress: Dress) -> str:
    """Return the page at the door: there is nothing to see without a link."""
    words = "This is where bookings are completed. To see yours, please open the link that you were given."
    return dress.page("error", {"heading": "Welcome", "words": words})
