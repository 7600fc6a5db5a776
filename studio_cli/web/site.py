"""The booking site's pages: the studio, a type with its free times, the details of whoever takes one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from whenever import Date, Instant

from studio_cli.booking import site, waiting
from studio_cli.booking.details import tax_name
from studio_cli.booking.month import Month
from studio_cli.booking.site import Person, Visitor
from studio_cli.language import Language
from studio_cli.model.answers import Problem
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.settings import SITE_KEY, is_local
from studio_cli.model.times import (
    COMMON_ZONES,
    EARLIEST,
    LATEST,
    from_stored,
    known_zone,
    same_clock,
    show_offset,
    stored,
)
from studio_cli.model.waiting import show_days
from studio_cli.model.wish import MOST_WISHES
from studio_cli.web.guard import HEADERS, OWN_HEADERS
from studio_cli.web.limits import whose
from studio_cli.web.month import day_of, grid, offsets
from studio_cli.web.pages import Dress
from studio_cli.web.questions import said

if TYPE_CHECKING:
    from studio_cli.web.app import Call

FIELDS = ("name", "email", "phone", "words")
TRAP = "topic"
"""A field that no person sees: whoever fills it in is a script."""


# ── what every page of the site has ───────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Shop:
    """One request to the site: what its pages wear, and in which zone its times are read."""

    call: Call
    dress: Dress
    zone: str

    @classmethod
    def of(cls, call: Call) -> Shop:
        """Look at who asks, in which language and in which zone."""
        dress = call.dress()
        asked = "".join(call.posted.fields.get("zone", [])[-1:]) or call.request.query_params.get("zone", "")
        return cls(call, dress, known_zone(asked) or dress.settings.zone)

    @property
    def language(self) -> Language:
        """The language of the pages."""
        return self.dress.language

    @property
    def visitor(self) -> Visitor:
        """Who asks."""
        client = self.call.request.client
        return Visitor(whose(client.host if client else ""), self.zone, self.language.locale)

    @property
    def now(self) -> Instant:
        """The present moment."""
        return self.call.studio.now()

    def clock(self, start: Instant) -> dict[str, str]:
        """Return a start as it is shown and sent: by the visitor's clock, and by the studio's where that differs."""
        own, language = self.dress.settings.zone, self.language
        there = ""
        if not same_clock(start, self.zone, own):
            there = language.clock(start, own)
            if start.to_tz(self.zone).date() != start.to_tz(own).date():
                there = language.short(start, own)
        return {"time": language.clock(start, self.zone), "there": there}

    def page(self, name: str, path: str, title: str, summary: str, *, frame: bool = True, **data: Any) -> str:
        """Return a page, and let its answer be found and framed as the owner has said.

        ``title`` and ``summary`` are what a shared link shows. Only pages on which nothing is sent are ever
        ``frame``d: in somebody else's frame a button could lie under another one.
        """
        settings, base = self.dress.settings, self.call.link_base
        indexed = frame and not data.get("private") and settings["site.indexed"] == "yes"
        framing = settings.get("site.embed") if frame else None
        self.call.request.scope[OWN_HEADERS] = _headers(framing, indexed=indexed)
        here = "" if is_local(base) else f"{base}{path}"
        shared = {
            "title": title,
            "words": " ".join(summary.split())[:300],
            "address": here,
            "picture": f"{base}/logo" if here and self.dress.logo else "",
        }
        around = {"shared": shared, "indexed": indexed, "home": f"{self.call.root}/", "zone": self.zone}
        return self.dress.page(name, {**around, **data})


def _headers(framing: str | None, *, indexed: bool) -> dict[str, str | None]:
    """Return the headers of a page of the site: it may be framed by some, found by all, and fetch its next month."""
    policy = f"{HEADERS['Content-Security-Policy']}; connect-src 'self'"
    own: dict[str, str | None] = {"Content-Security-Policy": policy}
    if framing:
        own["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {framing}"
        )
        own["X-Frame-Options"] = None  # cannot name anybody; browsers that know neither are long gone
    if indexed:
        own["X-Robots-Tag"] = None
    return own


def robots(call: Call) -> Response:
    """Tell search engines what they may look at: never a link."""
    if call.studio.settings["site.indexed"] == "yes":
        return PlainTextResponse(f"User-agent: *\nDisallow: {call.root}/s/\nDisallow: {call.root}/book/*/\n")
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


# ── the studio ────────────────────────────────────────────────────────────────────────────────────


def studio_page(call: Call) -> Response:
    """The studio, and what everybody can book."""
    shop = Shop.of(call)
    words = shop.dress.settings.get("site.words") or ""
    offers = [described(shop, one) for one in site.offers(call.studio)]
    name = shop.dress.settings["studio.name"]
    listed = ", ".join(one["name"] for one in offers)
    page = shop.page("site", "/", name, words or listed or name, words=words, offers=offers)
    return HTMLResponse(page)


def described(shop: Shop, offer: SessionType) -> dict[str, Any]:
    """Return a type as its visitors read it, as plain data."""
    language, terms = shop.language, offer.terms
    return {
        "name": offer.name,
        "link": f"{shop.call.root}/book/{site.key_of(offer)}",
        "duration": language.duration(offer.duration),
        "location": offer.location or "",
        "description": offer.site.description or "",
        "price": language.money(terms.total) if terms.total else "",
        "now": language.money(terms.asked_now) if terms.asked_now else "",
        "whole": terms.asked_now == terms.total,
        "was": language.money(replace(terms, discount=None).total) if terms.discount else "",
        "why": terms.discount.reason or "" if terms.discount else "",
        "tax": tax_name(str(terms.tax), language) if terms.tax else "",
        "tips": terms.tips,
        "asks": offer.site.request if offer.site.approval else "",
        "wishes": MOST_WISHES,
    }


# ── a type, and when ──────────────────────────────────────────────────────────────────────────────


def offer_page(call: Call) -> Response:
    """A type: what it is, what will be asked, and its free times."""
    with (
        call.studio.file.reading()
    ):  # once: each look into the file by itself takes its lock and gives it back
        shop, offer = Shop.of(call), site.offer_at(call.studio, call.request.path_params["key"])
        about, chosen = described(shop, offer), _wished(call.request.query_params.getlist("at"))
        wished = chosen[: MOST_WISHES - 1] if about["asks"] == "wishes" else []
        picker, asked = _picker(shop, offer, about["link"], wished), _asked(shop, offer)
    path = about["link"].removeprefix(call.root)
    facts = " · ".join(filter(None, (about["price"], about["duration"], about["location"])))
    words, private = about["description"] or facts, offer.private
    page = shop.page(
        "offer",
        path,
        offer.name,
        words,
        about=about,
        picker=picker,
        asked=asked,
        private=private,
        free_now=call.asked("note") == "free",
    )
    return HTMLResponse(page)


def _picker(shop: Shop, offer: SessionType, link: str, wished: Sequence[Instant]) -> dict[str, Any]:
    """Return the month, the day in it and its free times, each with where it leads."""
    query = shop.call.request.query_params
    day = day_of(query.get("day", ""))
    month = site.month_of(
        shop.call.studio, offer, shop.visitor, day or day_of(f"{query.get('month', '')}-01")
    )
    if day is None or day.replace(day=1) != month.first:
        day = min(month.days, default=None)
    leads = Leads(link, shop.zone if shop.zone != shop.dress.settings.zone else "", wished)
    starts = month.days.get(day, []) if day else []
    return {
        **grid(month, day, shop.language, leads.at),
        "slots": _slots(shop, offer, starts, leads),
        "next": _next(shop, offer, month, day, leads) if not starts else None,
        "wait": _wait(shop, offer, month, day, leads),
        "zones": _zones(shop.zone, shop.dress.settings.zone),
        "own": shop.dress.settings.zone,
        "offset": show_offset(starts[0] if starts else shop.now, shop.zone),
        "at": ",".join(map(stored, wished)),
        "browser": leads.to(day=day.format_iso() if day else "", zone="-").replace("zone=-", "zone="),
        "shown": day.format_iso() if day else "",
        "wished": [{"when": _when(shop, offer, one), "without": leads.without(one, day)} for one in wished],
    }


@dataclass(frozen=True, slots=True)
class Leads:
    """The addresses within one type's pages; ``zone`` is said only where it is not the studio's."""

    link: str
    zone: str
    wished: Sequence[Instant] = ()

    def to(self, page: str = "", **query: str) -> str:
        """Return the address of a page, with what is chosen so far."""
        values = {"at": ",".join(map(stored, self.wished)), **query}
        values.setdefault("zone", self.zone)
        asked = "&".join(f"{name}={quote(value, safe=':/,')}" for name, value in values.items() if value)
        return f"{self.link}{page}{'?' if asked else ''}{asked}"

    def at(self, day: str) -> str:
        """Return where a month (``2026-12``) or a day (``2026-12-04``) is shown."""
        return self.to(**{"day" if len(day) > 7 else "month": day})

    def day(self, day: Date) -> str:
        return self.to(day=day.format_iso())

    def details(self, starts: Iterable[Instant]) -> str:
        return Leads(self.link, self.zone, [*self.wished, *starts]).to("/details")

    def without(self, start: Instant, day: Date | None) -> str:
        rest = [one for one in self.wished if one != start]
        return Leads(self.link, self.zone, rest).to(day=day.format_iso() if day else "")


def _slots(shop: Shop, offer: SessionType, starts: Sequence[Instant], leads: Leads) -> list[dict[str, str]]:
    """Return a day's free times. An hour that clocks repeat is told apart by its offset; a night, by its end."""
    apart, rows = offsets(starts, shop.zone), []
    for start in starts:
        end = start.add(minutes=offer.duration)
        over = start.to_tz(shop.zone).date() != end.to_tz(shop.zone).date()
        rows.append(
            {
                **shop.clock(start),
                "offset": apart[start],
                "link": leads.details([start] if start not in leads.wished else []),
                "until": shop.language.short(end, shop.zone) if over else "",
            }
        )
    return rows


def _next(
    shop: Shop, offer: SessionType, month: Month, day: Date | None, leads: Leads
) -> dict[str, str] | None:
    """Return the next day with a free time, where the one that is shown has none."""
    from studio_cli.model.times import day_begins

    after = day_begins(day.add(days=1) if day else month.first, shop.zone)
    found = site.next_free(shop.call.studio, offer, shop.visitor, after)
    if found is None:
        return None
    date = found.to_tz(shop.zone).date()
    return {"link": leads.day(date), "day": shop.language.date(date)}


def _wait(shop: Shop, offer: SessionType, month: Month, day: Date | None, leads: Leads) -> str:
    """Return where one asks to be told of a time, where there is something in the month to wait for."""
    if not waiting.choices(shop.call.studio, offer, shop.visitor, month):
        return ""
    shown = (
        {"day": day.format_iso()}
        if day and not month.days.get(day)
        else {"month": month.first.format_iso()[:7]}
    )
    return leads.to("/waiting", **shown)


@lru_cache(maxsize=600)
def _zones(shown: str, own: str) -> tuple[dict[str, Any], ...]:
    """Return the zones to choose from: the one that is shown, the studio's, then the usual ones."""
    names = dict.fromkeys([own, shown, *COMMON_ZONES])
    return tuple({"zone": one, "name": one.replace("_", " "), "chosen": one == shown} for one in names)


def _asked(shop: Shop, offer: SessionType) -> dict[str, Any]:
    """Return what booking a type takes, and until when one may change one's mind."""
    language, rules, terms = shop.language, offer.site, offer.terms
    return {
        "questions": site.questions_of(shop.call.studio, offer),
        "contract": offer.contract is not None,
        "move": _until(language, rules.move_until),
        "cancel": _until(language, rules.cancel_until),
        "refunds": [
            {"share": f"{percent}\u00a0%", "before": language.duration(days * 1440) if days else ""}
            for percent, days in (terms.refunds.rules if terms.refunds else ())
        ],
        "hold": language.duration(rules.hold),
    }


def _until(language: Language, minutes: int | None) -> str | None:
    return None if minutes is None else language.duration(minutes) if minutes else ""


# ── who ───────────────────────────────────────────────────────────────────────────────────────────


def details(call: Call) -> Response:
    """Who takes the time; sent, it is theirs, or they see what else is free."""
    shop, offer = Shop.of(call), site.offer_at(call.studio, call.request.path_params["key"])
    if call.request.method != "POST":
        return _empty_form(shop, offer)
    posted = call.posted.fields
    starts = _starts(offer, posted.get("at", []))
    typed = {name: "".join(posted.get(name, [])[-1:]) for name in FIELDS}
    given = "".join(posted.get("stamp", [])[-1:])
    unhurried = site.is_unhurried(signing_key(shop), given, shop.now)
    if not starts:
        return RedirectResponse(described(shop, offer)["link"], status_code=303)
    if not unhurried or any(posted.get(TRAP, [])):
        # Whole, and without a word: a person just sends it once more.
        return HTMLResponse(_form(shop, offer, starts, typed, given if unhurried is False else ""))
    person, problems = site.check_person(typed)
    if person is None:
        return HTMLResponse(_form(shop, offer, starts, typed, given, problems=problems), status_code=422)
    return _answer(shop, offer, starts, person, typed, given)


def _answer(
    shop: Shop,
    offer: SessionType,
    starts: Sequence[Instant],
    person: Person,
    typed: Mapping[str, str],
    given: str,
) -> Response:
    call = shop.call
    instead = "".join(call.posted.fields.get("instead", [])[-1:])
    reply = site.pick(
        call.studio,
        site.key_of(offer),
        starts,
        person,
        shop.visitor,
        call.link_base,
        instead=int(instead) if re.fullmatch(r"[0-9]{1,18}", instead) else None,
    )
    if reply.what == "taken" and reply.left:
        return HTMLResponse(_form(shop, offer, reply.left, typed, given, wanted=starts), status_code=409)
    if reply.what == "taken":
        page = _form(shop, offer, starts, typed, given, taken=True, nearest=reply.nearest)
        return HTMLResponse(page, status_code=409)
    if reply.what in {"enough", "many"}:
        page = _form(shop, offer, starts, typed, given, enough=reply.what, begun=reply.begun)
        return HTMLResponse(page, status_code=409)
    if reply.what == "mailed":
        call.request.state.mail = reply.message_id
        by = site.signature(signing_key(shop), f"sent {person.email}")
        to = f"{described(shop, offer)['link']}/sent?to={quote(person.email, safe='@')}&by={by}"
        return RedirectResponse(to, status_code=303)
    assert reply.link is not None
    token = reply.link.rpartition("/")[2]
    return RedirectResponse(f"{call.root}/s/{token}", status_code=303)


def _empty_form(shop: Shop, offer: SessionType) -> Response:
    starts = _starts(offer, shop.call.request.query_params.getlist("at"))
    if not starts:
        return RedirectResponse(described(shop, offer)["link"], status_code=303)
    studio, visitor = shop.call.studio, shop.visitor
    with studio.file.reading():
        left = [start for start in starts if site.is_free(studio, offer, visitor, start)]
        if left:
            return HTMLResponse(_form(shop, offer, left, dict.fromkeys(FIELDS, ""), wanted=starts))
        free = site.nearest(studio, offer, visitor, starts[0])
    return HTMLResponse(_form(shop, offer, starts, dict.fromkeys(FIELDS, ""), taken=True, nearest=free))


def _form(
    shop: Shop,
    offer: SessionType,
    starts: Sequence[Instant],
    typed: Mapping[str, str],
    given: str = "",
    *,
    problems: Mapping[str, Problem] | None = None,
    taken: bool = False,
    enough: str = "",
    begun: Sequence[Session] = (),
    nearest: Sequence[Instant] = (),
    wanted: Sequence[Instant] = (),
) -> str:
    """Return the page on which somebody says who they are, or takes another time with what they said before.

    ``given`` is the stamp of the form that was sent: who corrects something has not become any faster by it.
    ``wanted`` is what they had wished for, of which ``starts`` is left; ``begun`` what they can let go.
    """
    apart = offsets(nearest, shop.zone)
    about = described(shop, offer)
    leads = Leads(about["link"], shop.zone if shop.zone != shop.dress.settings.zone else "")
    wishing = about["asks"] == "wishes"
    own = shop.dress.settings.zone
    wrong = {name: said(problem, shop.language) for name, problem in (problems or {}).items()}
    day = starts[0].to_tz(shop.zone).date()
    return shop.page(
        "details",
        about["link"].removeprefix(shop.call.root),
        offer.name,
        offer.site.description or offer.name,
        frame=False,
        about=about,
        at=",".join(map(stored, starts)),
        times=[
            {
                "when": _when(shop, offer, start),
                "there": _at_the_studio(shop, offer, start),
            }
            for start in starts
        ],
        offset=show_offset(starts[0], shop.zone),
        own_offset=show_offset(starts[0], own),
        own_zone=own,
        back=leads.day(day),
        more=Leads(leads.link, leads.zone, starts).day(day) if wishing and len(starts) < MOST_WISHES else "",
        typed=typed,
        problems=wrong,
        taken=taken,
        enough=enough,
        begun=[{"id": one.id, "what": one.title, "when": _of_session(shop, one)} for one in begun],
        gone=[_when(shop, offer, one) for one in wanted if one not in starts],
        nearest=[
            {
                "at": stored(one),
                "when": f"{shop.language.day(one, shop.zone)}, {shop.language.clock(one, shop.zone)}"
                f" {apart[one]}".rstrip(),
                "link": leads.details([one]),
            }
            for one in nearest
        ],
        trap=TRAP,
        stamp=given or site.stamp(signing_key(shop), shop.now),
        asked=_asked(shop, offer),
        wait=_wait_instead(shop, offer, day, leads) if taken else None,
    )


def _wait_instead(shop: Shop, offer: SessionType, day: Date, leads: Leads) -> dict[str, str] | None:
    """Return for what somebody whose time is gone can wait: that day, else what there is in its month."""
    month = site.month_of(shop.call.studio, offer, shop.visitor, day)
    found = waiting.choices(shop.call.studio, offer, shop.visitor, month)
    that_day = [one for one in found if one.first == one.last == day]
    if not found or (not that_day and month.days):
        return None
    days = show_days((that_day or found)[0])
    return {
        "days": days,
        "link": leads.to(
            "/waiting", **{"day" if that_day else "month": day.format_iso()[: 10 if that_day else 7]}
        ),
    }


def _when(shop: Shop, offer: SessionType, start: Instant, zone: str | None = None) -> str:
    """Return a time whole: its day, from when to when."""
    end, language, zone = start.add(minutes=offer.duration), shop.language, zone or shop.zone
    return f"{language.day(start, zone)}, {language.range(start, end, zone)}"


def _of_session(shop: Shop, session: Session) -> str:
    """Return the time of a session whole, by the visitor's clock."""
    start, end, zone = session.starts_at, session.ends_at, shop.zone
    return f"{shop.language.day(start, zone)}, {shop.language.range(start, end, zone)}"


def _at_the_studio(shop: Shop, offer: SessionType, start: Instant) -> str:
    """Return a time by the studio's clocks, where those show another one."""
    own = shop.dress.settings.zone
    if same_clock(start, shop.zone, own):
        return ""
    if start.to_tz(shop.zone).date() == start.to_tz(own).date():
        return shop.language.range(start, start.add(minutes=offer.duration), own)
    return _when(shop, offer, start, own)


def sent(call: Call) -> Response:
    """The page for whoever has picked a time and now finds the link to it in their mail."""
    shop, offer = Shop.of(call), site.offer_at(call.studio, call.request.path_params["key"])
    about = described(shop, offer)
    page = shop.page(
        "sent",
        about["link"].removeprefix(call.root),
        offer.name,
        offer.name,
        frame=False,
        about=about,
        address=_typed_address(shop),
        hold=shop.language.duration(offer.site.hold),
    )
    return HTMLResponse(page)


def _typed_address(shop: Shop) -> str:
    """Return the mail address that was typed on the page before; nothing for one that somebody else put there."""
    query = shop.call.request.query_params
    address = query.get("to", "")
    ours = site.is_signed(signing_key(shop), f"sent {address}", query.get("by", ""))
    return address if ours else ""


# ── what was asked for ────────────────────────────────────────────────────────────────────────────


def signing_key(shop: Shop) -> str:
    """Return the key with which the forms of the site are signed."""
    return shop.dress.settings[SITE_KEY]


def _starts(offer: SessionType, texts: Sequence[str]) -> list[Instant]:
    """Return the times that were asked for: one, or up to three where a type takes wishes."""
    wishes = offer.site.approval and offer.site.request == "wishes"
    found = _wished(texts)
    return found[:MOST_WISHES] if wishes else found[-1:]


def _wished(texts: Sequence[str]) -> list[Instant]:
    found = []
    for text in ",".join(texts[:20]).split(",")[:20]:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", text) and text.isascii():
            with contextlib.suppress(ValueError):
                moment = from_stored(text)
                if EARLIEST <= moment <= LATEST:
                    found.append(moment)
    return list(dict.fromkeys(found))
