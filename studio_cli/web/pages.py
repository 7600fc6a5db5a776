"""The pages: which one a visit sees, and what is on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from studio_cli.booking import contract as contracts
from studio_cli.booking import receipt as receipts
from studio_cli.booking import site as sites
from studio_cli.booking.calendar_file import web_calendars
from studio_cli.booking.change_of_mind import why_not_cancel, why_not_move
from studio_cli.booking.details import STEP_TITLES, describe, differences
from studio_cli.booking.journey import TIPS, Visit, seen_before
from studio_cli.booking.studio import Studio
from studio_cli.language import Language
from studio_cli.model.payment import Payment
from studio_cli.model.session import StepName
from studio_cli.model.settings import Settings
from studio_cli.model.words import N_
from studio_cli.templates import render
from studio_cli.web import changes
from studio_cli.web.questions import asked, said, shown

Paying = Literal["offline", "live", "testing"]
"""How clients pay online: not at all, with real money, or with a key that moves none."""

MINUTES: dict[StepName, int] = {"review": 1, "questionnaire": 3, "contract": 3, "payment": 2}
"""About how long a step takes, for the line that says so."""


@dataclass(frozen=True, slots=True)
class Dress:
    """What every page wears: the studio's settings, the path that its addresses begin with, the language, the logo.

    ``site``: the booking site is served too.
    """

    settings: Settings
    root: str
    language: Language
    logo: tuple[int, int] | None = None
    site: bool = False

    def page(self, name: str, data: Mapping[str, Any]) -> str:
        """Return a page as HTML."""
        around = {"studio": self.settings.for_clients(), "root": self.root, "logo": self.logo}
        return render(f"page/{name}.html", {**around, **data}, self.language)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client is: their visit by a link, and what pages wear for them.

    ``seen`` is the revision of the details on a page that was still open when they changed; ``paying`` how they
    can pay online.
    """

    studio: Studio
    visit: Visit
    token: str
    dress: Dress
    seen: int | None = None
    typed: str = ""
    paying: Paying = "offline"

    @property
    def here(self) -> str:
        """The path of the link."""
        return f"{self.dress.root}/s/{self.token}"

    def page(self, name: str, **data: Any) -> str:
        """Return a page about the session."""
        session = describe(self.visit.session, self.dress.settings, self.dress.language, self.studio.now())
        around = {"here": self.here, "testing": self.paying == "testing", "can": self._can(), "note": ""}
        return self.dress.page(name, {"session": session, **around, "alarming": False, **data})

    def _can(self) -> dict[str, bool]:
        """Return what the client can do by themselves now."""
        session = self.visit.session
        return {
            "move": why_not_move(self.studio, session) is None,
            "cancel": why_not_cancel(self.studio, session) is None,
        }


def current(place: Place, word: str = "") -> str:
    """Return the page for where the client is now; ``word`` is one of ``changes.NOTES``, said first."""
    if place.visit.current is None:
        return _no_step_left(place, word)
    return step(place.visit.current, place, word)


def may_look_at(name: StepName, visit: Visit) -> bool:
    """Return whether a client can look at this step now: the current one, or one done before."""
    asked = visit.session.step(name)
    open_now = visit.session.status == "pending" and visit.current is not None
    done = (
        asked.done_at is not None and name != "payment"
    )  # of a payment that is done there is nothing to see
    return open_now and asked.required and (visit.current == name or done)


def step(name: StepName, place: Place, word: str = "") -> str:
    """Return the page of one step."""
    session = place.visit.session
    return place.page(
        name,
        revision=session.revision,
        steps=_progress(place),
        done=session.step(name).done_at is not None,
        last=[one.name for one in session.waiting_for] == [name],
        problems=_problems(name, place),
        **_CONTENT[name](place),
        **changes.note(place, word),
    )


def _problems(name: StepName, place: Place) -> dict[str, str]:
    """Return what is wrong with what was typed, in the client's language."""
    return {
        field: said(problem, place.dress.language) for field, problem in place.visit.problems(name).items()
    }


def _review(place: Place) -> dict[str, Any]:
    visit, language = place.visit, place.dress.language
    seen = seen_before(place.studio, visit, place.seen)
    return {
        "changed": seen is not None,
        "was_open": place.seen is not None,
        "differences": differences(seen, visit.session.details(), language) if seen is not None else (),
        "kept": bool(visit.drafts),
        "left": [one.name for one in visit.session.waiting_for],
        "minutes": sum(MINUTES[one.name] for one in visit.session.waiting_for),
    }


def _questionnaire(place: Place) -> dict[str, Any]:
    form = place.visit.session.form
    assert form is not None
    typed = place.visit.drafts.get("questionnaire")
    kept = {answer.name: answer.values for answer in place.visit.answers}
    return {
        "form": asked(form, kept if typed is None else typed, place.visit.today, place.dress.language),
        "labelled": [(one.name, one.label) for one in form.fields],
    }


def _contract(place: Place) -> dict[str, Any]:
    session = place.visit.session
    document = contracts.current(place.studio, session)
    assert document is not None
    typed = place.visit.drafts.get("contract", {}).get("name", [])
    return {
        "text": contracts.as_html(document.text),
        "document": document.sha256,
        "typed": "".join(typed[-1:]),
        "signed_by": session.contract.signed_by if session.contract else None,
    }


def _payment(place: Place) -> dict[str, Any]:
    session, language = place.visit.session, place.dress.language
    total = session.terms.total
    offered = [{"percent": tip, "amount": language.money(total.share(tip, 100))} for tip in TIPS if total]
    return {
        "provider": _way_to_pay(place),
        "tips": offered if session.terms.tips else [],
        "typed_tip": place.typed,
        "announced": session.step("payment").announced_at is not None,
    }


def _way_to_pay(place: Place) -> str:
    """Return what the page offers; a provider that cannot be asked is not offered."""
    named = place.dress.settings["payment.provider"]
    return named if named == "test" or place.paying != "offline" else "offline"


_CONTENT = {
    "review": _review,
    "questionnaire": _questionnaire,
    "contract": _contract,
    "payment": _payment,
}


def _progress(place: Place) -> list[dict[str, Any]]:
    line, visit = [], place.visit
    for one in visit.session.steps:
        if one.required:
            done = one.done_at is not None
            state = "current" if one.name == visit.current else "done" if done else "later"
            link = f"{place.here}/{one.name}" if may_look_at(one.name, visit) else ""
            title = place.dress.language.text(STEP_TITLES[one.name])
            line.append({"name": one.name, "title": title, "state": state, "link": link})
    return line


# ── on the way to paying, and back ────────────────────────────────────────────────────────────────


def checkout(place: Place, url: str) -> str:
    """Return the page that says where the client is going, and leads there."""
    return place.page("checkout", url=url)


def unpaid(place: Place) -> str:
    """Return the page for a client who is back while nothing has been paid."""
    return place.page("unpaid", heading=N_("Your payment has not arrived yet"))


def not_known_yet(place: Place) -> str:
    """Return the page for a client who is back while nobody can tell whether they have paid."""
    return place.page("unpaid", heading=N_("We cannot see yet whether your payment has arrived"))


def no_way_to_pay(place: Place, *, for_good: bool) -> str:
    """Return the page for when the payment page cannot be opened; ``for_good``: trying again does not help."""
    words = (
        N_(
            "Nothing was charged, and nothing that you did is lost. Please write to the studio: it can mend this."
        )
        if for_good
        else N_("Nothing was charged, and nothing that you did is lost. Please try again in a few minutes.")
    )
    heading = N_("The payment page cannot be opened just now")
    return place.dress.page("error", {"heading": heading, "words": words, "again": f"{place.here}/payment"})


# ── no step left ──────────────────────────────────────────────────────────────────────────────────


def _no_step_left(place: Place, word: str) -> str:
    session = place.visit.session
    if session.status == "confirmed":
        calendars = web_calendars(place.studio, session)
        return place.page(
            "confirmed",
            calendars=calendars,
            signed=session.contract is not None,
            receipts=[row.receipt for row in receipts.of_session(place.studio, session.id)],
            **changes.note(place, word),
        )
    if session.status == "inquiry":
        return changes.asked(place, word)
    if session.status == "pending":
        return place.page("waiting")
    heading, words, money = changes.ended(place) or (*_ENDED[session.status], [])
    return place.page("ended", heading=heading, words=words, money=money, anew=_anew(place))


def _anew(place: Place) -> str:
    """Return where a client who let a time of the booking site run out picks another, if they still can."""
    session = place.visit.session
    if not place.dress.site or session.source != "site" or session.status != "expired":
        return ""
    key = sites.still_offered(place.studio, session)
    return f"{place.dress.root}/book/{key}" if key else ""


def summary(place: Place) -> str:
    """Return everything about a confirmed session on one page, to print or keep."""
    session, language = place.visit.session, place.dress.language
    signed = contracts.signed(place.studio, session)
    signature = signed[1] if signed else None
    return place.page(
        "summary",
        answers=[
            {"label": answer.label, "value": shown(answer.kind, answer.value, language)}
            for answer in place.visit.answers
        ],
        contract=contracts.as_html(signed[0].text) if signed else "",
        signature={
            "name": signature.name,
            "at": language.short(signature.at, signature.timezone),
            "zone": signature.timezone,
            "sha256": signature.sha256,
        }
        if signature
        else None,
    )


def receipt(place: Place, payment: Payment) -> str:
    """Return the receipt of a payment, to print or keep."""
    data = receipts.describe(place.studio, payment, place.dress.language)
    return place.page("receipt", receipt=data["receipt"])


_ENDED = {
    "expired": (
        N_("The time to confirm has run out"),
        N_(
            "The session was held for you, but not completed in time, so its time is free again. "
            "If you still want it, please get in touch: it may well be possible."
        ),
    ),
    "canceled": (
        N_("This session was canceled"),
        N_("It will not take place. If that surprises you, please get in touch."),
    ),
    "declined": (
        N_("This session cannot take place"),
        N_("If you would like another time, please get in touch."),
    ),
}


# ── pages without a session ───────────────────────────────────────────────────────────────────────

ERRORS: dict[int, tuple[str, str]] = {
    400: (
        N_("That did not arrive as it should"),
        N_("Please go back, load the page again and try once more."),
    ),
    403: (
        N_("That came from another website"),
        N_("Please open the link that you were given, and continue there."),
    ),
    404: (
        N_("This link does not work"),
        N_(
            "It may have been replaced or have ended. Please use the newest link you were given, or ask for another one."
        ),
    ),
    405: (
        N_("That is not possible here"),
        N_("Please open the link that you were given, and continue there."),
    ),
    413: (N_("That is too long"), N_("Please go back and shorten your answers.")),
    429: (
        N_("That was a lot at once"),
        N_("Please wait a moment, then open the link that you were given once more. Nothing is lost."),
    ),
    431: (
        N_("That is too long"),
        N_(
            "Please open the link exactly as you were given it, in a private window or another browser if need be."
        ),
    ),
    500: (
        N_("Something went wrong on our side"),
        N_("What you saved before is safe. Please try again in a few minutes."),
    ),
    503: (
        N_("Just a moment, please"),
        N_("The studio is busy with another booking. Nothing is lost: please try again."),
    ),
}


def error(status: int, dress: Dress, again: str = "") -> str:
    """Return the page for an HTTP error; it says nothing of what is inside. ``again`` is where to try once more."""
    heading, words = ERRORS.get(status, ERRORS[400 if status < 500 else 500])
    return dress.page("error", {"heading": heading, "words": words, "again": again})


def home(dress: Dress) -> str:
    """Return the page at the door: there is nothing to see without a link."""
    words = N_(
        "This is where bookings are completed. To see yours, please open the link that you were given."
    )
    return dress.page("error", {"heading": N_("Welcome"), "words": words, "again": ""})
