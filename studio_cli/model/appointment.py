"""Appointments as other programs write them down: tables, and events of a calendar.

Tables are those of Acuity (Reports, Export: ``Start Time``, ``End Time``, ``First Name``, ``Last Name``, ``Phone``,
``Email``, ``Type``, ``Appointment Price``, ``Notes``; its import page names them:
https://help.acuityscheduling.com/hc/en-us/articles/360023934112), of Square (``Date``, ``Time``, ``Customer Name``,
``Service``, ``Duration``, ``Price``) and our own ``studio session list --csv``; what is called otherwise is renamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.client import ClientDetails
from studio_cli.model.contact import Columns, key_of, recognized
from studio_cli.model.spreadsheet import from_cell
from studio_cli.model.text import folded, shown
from studio_cli.model.times import parse_duration, parse_when

Order = Literal["dmy", "mdy"]
"""What 4/12/2026 means: the day first, or the month."""
_KNOWN = {
    "start": "startsat starttime start startdateandtime startdatetime starts begin begins when",
    "date": "date startdate appointmentdate sessiondate day",
    "clock": "time appointmenttime clock",
    "end": "endsat endtime end enddateandtime enddatetime ends",
    "duration": "durationminutes duration durationmin length minutes",
    "title": "title subject summary appointment what sessionname",
    "type": "type appointmenttype service services sessiontype offering",
    "price": "price appointmentprice",
    "location": "location place where",
    "status": "status appointmentstatus",
    "uid": "uid appointmentid",
}
_BY_NAME = {name: what for what, names in _KNOWN.items() for name in names.split()}
_CLOCK = re.compile(r"\d{1,2}([:.]\d{2}){0,2}\s*([ap]\.?m\.?)?", re.I)
_NUMBERS = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b,?")
CALLED_OFF = {
    "canceled",
    "cancelled",
    "declined",
    "expired",
    "no show",
    "noshow",
    "no-show",
    "inquiry",
    "rejected",
}
"""What a row can say of itself that is then not imported."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment, checked as far as it can be without the studio. ``uid``: what it is called over there."""

    starts_at: Instant
    minutes: int | None
    client: ClientDetails | None
    title: str = ""
    type: str = ""
    price: str = ""
    location: str = ""
    notes: str = ""
    status: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Timetable:
    """A table of appointments: what its columns say, in which zone its times are, and how it writes its dates."""

    columns: Columns
    fields: Mapping[str, tuple[int, ...]]
    zone: str
    now: Instant
    order: Order | None = None

    def appointment(self, cells: Sequence[str]) -> Appointment:
        """Return the appointment that a row says; raise ``WrongUsage`` or ``Refused`` for one that cannot be."""
        said = {what: self._text(cells, what) for what in _KNOWN}
        if said["status"].casefold() in CALLED_OFF:
            raise WrongUsage(
                f"It is {said['status'].casefold()}.", hint="Set it up by hand if it takes place."
            )
        start = self._moment(said["date"], said["start"] or said["clock"])
        client = self.columns.details(cells)
        return Appointment(
            starts_at=start,
            minutes=self._minutes(start, said),
            client=ClientDetails(client.name, client.email, client.phone),
            title=said["title"],
            type=said["type"],
            price=said["price"],
            location=said["location"],
            notes=client.notes or "",
            status=said["status"].casefold(),
            uid=said["uid"],
        )

    def _text(self, cells: Sequence[str], what: str) -> str:
        for place in self.fields.get(what, ()):
            if place < len(cells) and cells[place].strip():
                return from_cell(cells[place].strip())
        return ""

    def _moment(self, date: str, clock: str) -> Instant:
        text = clock if not date or not _CLOCK.fullmatch(clock) else f"{date} {clock}"
        if not re.search(r"\d{4}", text):
            raise WrongUsage(
                f"{shown(text)[:60]!r} is not a day with its year, and a time.",
                hint="Write it like 2026-12-04 10:00.",
            )
        return parse_when(_NUMBERS.sub(self._iso, text), self.zone, self.now)

    def _iso(self, found: re.Match[str]) -> str:
        day, month = (found[1], found[2]) if self.order == "dmy" else (found[2], found[1])
        return f"{found[3]}-{int(month):02d}-{int(day):02d}"

    def _minutes(self, start: Instant, said: Mapping[str, str]) -> int | None:
        if said["end"]:
            same_day = start.to_tz(self.zone).date().format_iso()
            end = self._moment(same_day, said["end"])
            return int(end.timestamp() - start.timestamp()) // 60
        text = said["duration"]
        if re.fullmatch(r"\d{1,5}", text):
            return int(text)
        return parse_duration(text.replace("min", "m").replace(" ", "").removesuffix("s")) if text else None


def timetable(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    maps: Sequence[str],
    zone: str,
    now: Instant,
    order: Order | None,
) -> Timetable:
    """Return what a table of appointments says; ``rows`` are looked at for how their dates are written, if that is not said."""
    places: dict[str, list[int]] = {}
    rest = list(header)
    for place, name in enumerate(header):
        what = _BY_NAME.get(key_of(name))
        if what:
            places.setdefault(what, []).append(place)
            rest[place] = ""
    columns = recognized(rest, maps)
    if not {"start", "date"} & set(places):
        raise WrongUsage(
            "None of its columns is known as the time at which a session begins.",
            hint="Call it starts_at, or Date and Time.",
            code="columns",
            details={"columns": list(header)},
        )
    fields = {what: tuple(found) for what, found in places.items()}
    dated = [*fields.get("date", ()), *fields.get("start", ())]
    return Timetable(columns, fields, zone, now, order or _order(rows, dated))


def _order(rows: Iterable[Sequence[str]], places: Sequence[int]) -> Order | None:
    """Return how dates like 4/12/2026 are meant: some day beyond the twelfth says it."""
    found: set[tuple[int, int]] = set()
    for cells in rows:
        for place in places:
            if place < len(cells) and (match := _NUMBERS.match(cells[place].strip())):
                found.add((int(match[1]), int(match[2])))
    if not found:
        return None
    first, second = max(one for one, _ in found), max(one for _, one in found)
    if (first > 12) == (second > 12):
        raise WrongUsage(
            "Its dates can be read in two ways: with the day first, or the month.",
            hint="Say which: --dates dmy or --dates mdy.",
            code="dates",
        )
    return "dmy" if first > 12 else "mdy"


# ── events of a calendar ──────────────────────────────────────────────────────────────────────────


def of_event(event: Mapping[str, Any], owner: str, *, titles_are_names: bool) -> Appointment | int:
    """Return an event of a calendar as an appointment with whom it invites; raise ``WrongUsage`` for what is none.

    ``titles_are_names``: who is invited by nobody is the client that its title names, before a colon or a dash.
    """
    if event["ours"] is not None:
        return int(event["ours"])
    if event["off"] or event["whole_day"]:
        raise WrongUsage(
            "It is a whole day." if event["whole_day"] else "It is canceled.", hint="Set it up by hand."
        )
    title, client = event["title"], None
    people = [one for one in event["people"] if "@" in one[0] and folded(one[0]) != folded(owner)]
    if people:
        address, name = people[0]
        client = ClientDetails.checked(name or address, address)
    elif titles_are_names:
        name, title = _named_by(title)
        client = ClientDetails.checked(name)
    begins = Instant.from_timestamp(event["begins"])
    return Appointment(
        starts_at=begins,
        minutes=(event["ends"] - event["begins"]) // 60,
        client=client,
        title=" ".join(title.split())[:200],
        location=" ".join(event["location"].split())[:200],
        notes=event["notes"].replace("\r", "")[:20_000],
        uid=event["uid"],
    )


def _named_by(title: str) -> tuple[str, str]:
    for mark in (": ", " – ", " - "):
        name, found, rest = title.partition(mark)
        if found and name.strip():
            return name.strip(), rest.strip()
    return title.strip(), ""
