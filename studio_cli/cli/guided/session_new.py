"""``studio session new``, asked: what, when, with whom, and how the client gets the link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import typer
from whenever import Date, Instant

from studio_cli.booking import client as clients
from studio_cli.booking import new_session, slot
from studio_cli.booking.month import View
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.slot import Verdict
from studio_cli.booking.studio import Studio
from studio_cli.cli.guided import same
from studio_cli.cli.guided.client import name_of_new, phone_of_new
from studio_cli.cli.guided.share import LATER, ways
from studio_cli.cli.month_picture import CustomTime, MonthPicture
from studio_cli.cli.params import desk_of
from studio_cli.cli.prompts import Back, Choice, Known, Prompts, among, walk
from studio_cli.model.availability import Need
from studio_cli.model.client import Client, check_email, parse_person
from studio_cli.model.money import parse_money
from studio_cli.model.text import clean
from studio_cli.model.times import (
    Which,
    as_typed,
    day_begins,
    parse_when,
    rfc3339,
    show_clock,
    show_duration,
    show_range,
)
from studio_cli.store import session_type as type_store

MOST_CLIENTS = 50
ONE_OFF = Choice("", "One-off", "only this once")
SELECT_CUSTOM: Choice[Instant | str] = Choice(
    "custom", "Select custom…", "a time outside the availability", told="custom"
)
ANOTHER_DAY: Choice[Instant | str] = Choice("day", "Another day…")


def run(ctx: typer.Context, command: Callable[..., None]) -> None:
    """Ask for what is missing of a new session, then set it up."""
    desk = desk_of(ctx)
    given = same.typed(ctx)
    refuse_wrong(desk.studio, given)
    with Prompts(desk) as prompts:
        asking = _NewSession(desk.studio, prompts)
        answers = walk(prompts, asking.steps, given)
    same.run_completed(ctx, command, answers)


def refuse_wrong(studio: Studio, given: Known) -> None:
    """Refuse what was typed wrong before anything is asked: an answer would be lost with it."""
    if given.get("type_") or (given.get("one_off") and given.get("duration")):
        new_session.need_of(studio, _wanted(given))
    if given.get("duration"):
        new_session.duration_of(given["duration"])
    if given.get("client"):
        clients.find(studio, given["client"])
    if given.get("add_client"):
        clients.check_new(studio, parse_person(given["add_client"]))
    if given.get("at"):
        which: Which | None = "first" if given.get("first") else "second" if given.get("second") else None
        parse_when(given["at"], studio.settings.zone, studio.now(), which)


def _wanted(known: Known) -> Wanted:
    """Return what is known of what a session is; its time and client do not matter here."""
    names = ("one_off", "duration", "price", "deposit", "pay", "form", "contract", "location")
    said: dict[str, Any] = {name: known.get(name) for name in names}
    return Wanted(at="", type=known.get("type_"), **said)


class _NewSession:
    """The questions of a new session. What they make known is named as the command's parameters are."""

    def __init__(self, studio: Studio, prompts: Prompts) -> None:
        self.studio, self.prompts = studio, prompts
        self.zone = studio.settings.zone
        self._last_day: Date | None = None
        self.steps = (
            self.what, self.title, self.duration, self.price, self.day, self.slot, self.custom,
            self.client, self.new_name, self.new_email, self.new_phone, self.share, self.address,
        )  # fmt: skip

    # ── what ─────────────────────────────────────────────────────────────────────────────────────

    def what(self, known: Known) -> Known | None:
        """Ask for the session type, or that it is a one-off."""
        if known.get("type_") or known.get("one_off"):
            return None
        offers = [
            Choice(offer.slug, offer.name, f"{show_duration(offer.duration)}, {offer.terms.price}")
            for offer in type_store.listed(self.studio.file)
        ]
        slug = self.prompts.choose("Session type", among(offers), lambda typed: [ONE_OFF])
        return {"type_": slug} if slug else {"asked_one_off": True}

    def title(self, known: Known) -> Known | None:
        """Ask what a one-off is called."""
        if not known.get("asked_one_off"):
            return None
        return {
            "one_off": self.prompts.text(
                "Title", lambda text: clean(text, "The title"), hint="what the client reads"
            )
        }

    def duration(self, known: Known) -> Known | None:
        """Ask how long a one-off lasts."""
        if not known.get("one_off") or known.get("duration"):
            return None
        text = self.prompts.text(
            "Duration", _as_it_is(new_session.duration_of), hint="like 90m, 1h30, 2h", default="1h"
        )
        return {"duration": text}

    def price(self, known: Known) -> Known | None:
        """Ask what a one-off costs."""
        if not known.get("one_off") or known.get("price"):
            return None
        currency = self.studio.settings.currency
        check = _as_it_is(lambda text: parse_money(text, currency, "The price"))
        return {"price": self.prompts.text(f"Price in {currency}", check, hint="0 is free", default="0")}

    # ── when ─────────────────────────────────────────────────────────────────────────────────────

    def day(self, known: Known) -> Known | None:
        """Ask for the day, in a picture of the month."""
        if known.get("at"):
            return None
        need = self._need(known)
        view = View(partial(slot.slots, self.studio, need), self.zone, self.studio.now())
        month = MonthPicture(view, lambda day: slot.why_not_on(self.studio, day, need), self._last_day)
        picked = self.prompts.ask("Day", month)
        if isinstance(picked, CustomTime):
            return {"custom_text": picked.text}
        self._last_day = picked
        return {"day": picked}

    def slot(self, known: Known) -> Known | None:
        """Ask for one of the day's free times."""
        if "day" not in known:
            return None
        day: Date = known["day"]
        need = self._need(known)
        begins, ends = day_begins(day, self.zone), day_begins(day.add(days=1), self.zone)
        free = slot.slots(self.studio, need, begins, ends)
        picked = self.prompts.choose(
            "Time",
            among([self._slot(start, need) for start in free]),
            lambda typed: [SELECT_CUSTOM, ANOTHER_DAY],
        )
        if picked == ANOTHER_DAY.value:
            self.prompts.unsay(1)
            raise Back
        return {"custom_text": f"{day} "} if isinstance(picked, str) else self._at(picked)

    def _slot(self, start: Instant, need: Need) -> Choice[Instant | str]:
        label = show_range(start, start.add(minutes=need.duration), self.zone)
        twice = as_typed(start, self.zone)[1]
        return Choice(start, label, f"the {twice}, UTC{rfc3339(start, self.zone)[19:]}" if twice else "")

    def custom(self, known: Known) -> Known | None:
        """Ask for a time in words; say what stands against it, and what it overlaps."""
        if "custom_text" not in known:
            return None
        text: str = known["custom_text"]
        need = self._need(known)
        moment = self._moment(text) if not text.endswith(" ") else None
        while True:
            moment = moment or self._moment(self._custom_text(text))
            verdict = slot.why(self.studio, rfc3339(moment, self.zone), need)
            against = [one for one in verdict.closures if not one.clients_only]
            for one in against:
                self.prompts.note(one.words)
            taken = [one for one in against if one.rule in {"session", "buffer"}]
            if not taken or self._book_both(verdict):
                beyond = len(against) > len(taken)
                return self._at(moment) | {"custom": beyond, "allow_overlap": bool(taken)}
            moment = None

    def _custom_text(self, begun: str) -> str:
        now = self.studio.now()

        def check(text: str) -> str:
            parse_when(text, self.zone, now, "first")
            return text

        return self.prompts.text(
            "Date and time", check, hint="like 2026-12-04 10:00, sat 19:30, 24 dec 3pm", begun=begun
        )

    def _moment(self, text: str) -> Instant:
        """Return the time that is meant; one that exists twice is asked about."""
        zone, now = self.zone, self.studio.now()
        first, second = parse_when(text, zone, now, "first"), parse_when(text, zone, now, "second")
        if first == second:
            return first
        return self.prompts.choose(
            f"{show_clock(first, self.zone)} comes twice that night",
            among(
                [
                    Choice(moment, which, f"UTC{rfc3339(moment, self.zone)[19:]}")
                    for which, moment in (("The first", first), ("The second", second))
                ]
            ),
        )

    def _book_both(self, verdict: Verdict) -> bool:
        return self.prompts.choose(
            "That time is taken",
            among([Choice(False, "Another time"), Choice(True, "Book both", "they overlap")]),
        )

    def _at(self, moment: Instant) -> dict[str, Any]:
        text, which = as_typed(moment, self.zone)
        return {"at": text, "first": which == "first", "second": which == "second"}

    def _need(self, known: Known) -> Need:
        return new_session.need_of(self.studio, _wanted(known))

    # ── with whom ────────────────────────────────────────────────────────────────────────────────

    def client(self, known: Known) -> Known | None:
        """Ask for the client: searched as the name is typed, or a new one."""
        if known.get("client") or known.get("add_client"):
            return None
        found = self.prompts.choose("Client", self._clients, _new_client)
        if isinstance(found, Client):
            return {"client": found.email or str(found.id), "found": found}
        return {"new_client": found}

    def _clients(self, text: str) -> Sequence[Choice[Client | str]]:
        found = clients.matching(self.studio, text, MOST_CLIENTS)
        return [Choice(one, one.name, one.email or "") for one in found]

    def new_name(self, known: Known) -> Known | None:
        """Ask for the name of a new client."""
        if "new_client" not in known:
            return None
        typed: str = known["new_client"]
        return {"name": name_of_new(self.prompts, "" if "@" in typed else typed)}

    def new_email(self, known: Known) -> Known | None:
        """Ask for the address of a new client, which may be missing."""
        if "name" not in known:
            return None
        typed: str = known["new_client"]

        def check(text: str) -> str:
            person = f"{known['name']} <{check_email(text)}>" if text.strip() else known["name"]
            clients.check_new(self.studio, parse_person(person))
            return person

        hint = "where the link goes · just Enter: none"
        return {
            "add_client": self.prompts.text("Email", check, hint=hint, begun=typed if "@" in typed else "")
        }

    def new_phone(self, known: Known) -> Known | None:
        """Ask for the phone number of a new client, which may be missing."""
        if "name" not in known or known.get("client_phone"):
            return None
        return {"client_phone": phone_of_new(self.prompts)}

    # ── sending ──────────────────────────────────────────────────────────────────────────────────

    def share(self, known: Known) -> Known | None:
        """Ask how the client gets the link."""
        if "share" in known or known.get("inquiry"):
            return None
        who = self._who(known)
        email = known.get("client_email") or who.email
        return {
            "share": self.prompts.choose("Send session", among([*ways(self.studio, email, who.name), LATER]))
        }

    def address(self, known: Known) -> Known | None:
        """Ask for the address that a mail goes to, when the client has none."""
        who = self._who(known)
        if known.get("share") != "email" or known.get("client_email") or who.email:
            return None

        def check(text: str) -> str:
            clients.check_new(self.studio, parse_person(f"{who.name} <{check_email(text)}>"))
            return text.strip()

        return {"client_email": self.prompts.text(f"Email of {who.name}", check)}

    def _who(self, known: Known) -> Any:
        """Return the client, or what will be one, with ``name`` and ``email``."""
        if known.get("add_client"):
            return parse_person(known["add_client"])
        return known.get("found") or clients.find(self.studio, known["client"])


def _new_client(text: str) -> Sequence[Choice[Client | str]]:
    name = text.strip()
    label = f"Add new client “{name}”…" if name else "Add new client…"
    return [Choice(name, label, told="a new one")]


def _as_it_is(parse: Callable[[str], object]) -> Callable[[str], str]:
    """Return what checks a text by ``parse`` and keeps it as it was typed: the command parses it once more."""

    def check(text: str) -> str:
        parse(text)
        return text.strip()

    return check
