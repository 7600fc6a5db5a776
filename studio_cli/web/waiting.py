"""Waiting for a time: who is told when one comes free, and who is told no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from studio_cli.booking import site
from studio_cli.booking import waiting as lists
from studio_cli.booking.site import Person
from studio_cli.language import Language, choose, preferred
from studio_cli.model.answers import Problem
from studio_cli.model.session_type import SessionType
from studio_cli.model.waiting import Days, parse_days, show_days
from studio_cli.model.words import N_
from studio_cli.web.questions import said
from studio_cli.web.site import TRAP, Leads, Shop, described, signing_key

if TYPE_CHECKING:
    from studio_cli.web.app import Call

FIELDS = ("name", "email")


# ── getting on the list ───────────────────────────────────────────────────────────────────────────


def wait(call: Call) -> Response:
    """Who wants to be told, and of which days; sent, they are on the list."""
    shop, offer = Shop.of(call), site.offer_at(call.studio, call.request.path_params["key"])
    if call.request.method != "POST":
        query = call.request.query_params
        asked = parse_days(query.get("day", "") or query.get("month", ""), shop.zone)
        return _form(shop, offer, asked, dict.fromkeys(FIELDS, ""))
    posted = call.posted.fields
    typed = {name: "".join(posted.get(name, [])[-1:]) for name in FIELDS}
    given = "".join(posted.get("stamp", [])[-1:])
    days = parse_days("".join(posted.get("days", [])[-1:]), shop.zone)
    unhurried = site.is_unhurried(signing_key(shop), given, shop.now)
    if days is None or not unhurried or any(posted.get(TRAP, [])):
        # Whole, and without a word: a person just sends it once more.
        return _form(shop, offer, days, typed, given if unhurried is False else "")
    person, problems = site.check_person(typed)
    if person is None:
        return _form(shop, offer, days, typed, given, problems=problems)
    return _answer(shop, offer, days, person)


def _answer(shop: Shop, offer: SessionType, days: Days, person: Person) -> Response:
    link = described(shop, offer)["link"]
    joined = lists.join(shop.call.studio, site.key_of(offer), days, person, shop.visitor)
    if joined == "enough":
        raise HTTPException(429, headers={"Retry-After": "3600"})
    if joined == "free":
        free = lists.first_free(shop.call.studio, offer, days)
        day = free.to_tz(shop.zone).date().format_iso() if free else ""
        return RedirectResponse(_leads(shop, link).to(day=day, note="free"), status_code=303)
    return RedirectResponse(f"{link}/listed", status_code=303)


def _form(
    shop: Shop,
    offer: SessionType,
    asked: Days | None,
    typed: Mapping[str, str],
    given: str = "",
    *,
    problems: Mapping[str, Problem] | None = None,
) -> Response:
    """Return the page on which somebody says who they are; to the free times where there is nothing to wait for."""
    about = described(shop, offer)
    month = site.month_of(shop.call.studio, offer, shop.visitor, asked.first if asked else None)
    found = lists.choices(shop.call.studio, offer, shop.visitor, month)
    if not found:
        return RedirectResponse(about["link"], status_code=303)
    page = shop.page(
        "wait",
        about["link"].removeprefix(shop.call.root),
        offer.name,
        offer.site.description or offer.name,
        frame=False,
        about=about,
        choices=_choices(found, asked, shop.language),
        typed=typed,
        problems={name: said(problem, shop.language) for name, problem in (problems or {}).items()},
        back=_leads(shop, about["link"]).to(month=month.first.format_iso()[:7]),
        trap=TRAP,
        stamp=given or site.stamp(signing_key(shop), shop.now),
    )
    return HTMLResponse(page, status_code=422 if problems else 200)


def _leads(shop: Shop, link: str) -> Leads:
    return Leads(link, shop.zone if shop.zone != shop.dress.settings.zone else "")


def _choices(found: Sequence[Days], asked: Days | None, language: Language) -> list[dict[str, Any]]:
    chosen = asked if asked in found else found[0]
    return [
        {"days": show_days(one), "label": _label(one, language), "chosen": one == chosen} for one in found
    ]


def _label(days: Days, language: Language) -> str:
    """Return days as their reader calls them."""
    if days.first is None or days.last is None:
        return language.text(N_("Any day"))
    if days.is_month:
        return language.text(N_("Any day in %(month)s"), month=language.month(days.first))
    first, last = language.date(days.first), language.date(days.last)
    return first if first == last else f"{first} – {last}"


def listed(call: Call) -> Response:
    """The page for whoever is on the list now."""
    shop, offer = Shop.of(call), site.offer_at(call.studio, call.request.path_params["key"])
    about = described(shop, offer)
    path = about["link"].removeprefix(call.root)
    return HTMLResponse(shop.page("listed", path, offer.name, offer.name, frame=False, about=about))


# ── getting off it ────────────────────────────────────────────────────────────────────────────────


def ending(call: Call) -> Response:
    """The page on which somebody takes themselves off. Looking at it changes nothing: programs open every link.

    A mail program that does it for them (RFC 8058) gets its answer without being led elsewhere.
    """
    if call.request.method != "POST":
        return HTMLResponse(_ending(call, lists.behind(call.studio, call.token)))
    fields = call.posted.fields
    found = lists.stop(call.studio, call.token, everything=fields.get("all") == ["yes"])
    if "List-Unsubscribe" in fields:
        return HTMLResponse(_ending(call, found))
    return RedirectResponse(f"{call.root}/waiting/{call.token}", status_code=303)


def _ending(call: Call, found: lists.Ending) -> str:
    one, settings = found.waiting, call.studio.settings
    browser = preferred(call.request.headers.get("accept-language"))
    language = choose((one.language, one.client.language, *browser), settings["studio.locale"])
    anew = site.address_of(call.studio, one.type.id) if call.site else None
    data = {
        "title": one.type.name,
        "days": _label(one.days, language),
        "waits": one.left_at is None,
        "others": found.others > 0,
        "here": f"{call.root}/waiting/{call.token}",
        "anew": f"{call.root}/book/{anew}" if anew else "",
    }
    return replace(call.dress(), language=language).page("stop", data)
