"""A studio to look around in: a photographer's week, with clients who do not exist."""

from __future__ import annotations

from pathlib import Path

from whenever import Instant

from studio_cli.booking import availability, new_session, slot
from studio_cli.booking import client as clients
from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Clock, Studio, change_setting, found
from studio_cli.model.availability import Need
from studio_cli.model.client import ClientDetails
from studio_cli.model.times import rfc3339
from studio_cli.templates import folder

ZONE = "America/Toronto"
TYPES = (
    TypedOffer("Family session", "family", "90m", "250", "50", location="12 Dundas Street West, studio 3",
               buffer_after="15m", hold="5d", form="family", contract="agreement"),
    TypedOffer("Portrait", "portrait", "60m", "160", "25%", location="12 Dundas Street West, studio 3"),
    TypedOffer("Team headshots", "headshots", "2h", "480", location="At your office", buffer_before="30m"),
    TypedOffer("Wedding consultation", "consultation", "30m", "0", location="By video"),
)  # fmt: skip
CLIENTS = (
    ("Rui Costa", "rui@example.com", "+1 416 555 0100"),
    ("Amara Okafor", "amara@example.com", "+1 416 555 0134"),
    ("Eva Lima", "eva@example.com", None),
    ("Jürgen Weiß", "juergen@example.org", "+49 30 5550 0199"),
    ("Mei-Ling Chen", "meiling@example.com", "+1 647 555 0177"),
)
WEEK = (
    ("portrait", "Amara Okafor", 1, "confirmed"),
    ("consultation", "Eva Lima", 2, "confirmed"),
    ("headshots", "Jürgen Weiß", 4, "paid"),
    ("portrait", "Mei-Ling Chen", 5, "pending"),
)
"""What is in the diary already: type, client, days ahead, and how far it has got."""


def furnish(path: Path, clock: Clock) -> Studio:
    """Make the demo studio in ``path``."""
    studio = found(
        path,
        clock,
        name="Ana Silva Photography",
        email="ana@example.com",
        timezone=ZONE,
        currency="CAD",
        test=True,
    )
    change_setting(studio, "studio.phone", "+1 416 555 0111")
    forms.add(studio, "family", (folder() / "sample" / "family.toml").read_text(encoding="utf-8"))
    contracts.add(studio, "agreement", (folder() / "sample" / "agreement.md").read_text(encoding="utf-8"))
    for offer in TYPES:
        types.add(studio, offer)
    for name, email, phone in CLIENTS:
        clients.add(studio, ClientDetails.checked(name, email, phone))
    availability.set_hours(studio, "tue-fri", ["09:00-12:00", "13:00-18:00"])
    availability.set_hours(studio, "sat", ["10:00-16:00"])
    availability.set_hours(studio, "sun,mon", ["off"])
    for slug, client, days, state in WEEK:
        _book(studio, slug, client, days, state)
    return studio


def free_time(studio: Studio, slug: str, days: int) -> str:
    """Return the first free start of a session type at least so many days ahead, as RFC 3339."""
    offer = types.find(studio, slug)
    need = Need(offer.duration, offer.buffer_before, offer.buffer_after, offer.increment)
    first: Instant = studio.now().add(hours=24 * days)
    return rfc3339(slot.slots(studio, need, first, first.add(hours=24 * 14))[0], ZONE)


def _book(studio: Studio, slug: str, client: str, days: int, state: str) -> None:
    wanted = Wanted(at=free_time(studio, slug, days), type=slug, client=client, share="direct")
    session = new_session.set_up(studio, wanted).session
    if state == "paid":
        payments.record(studio, str(session.id), session.asked_now.amount, method="transfer")
    if state != "pending":
        sessions.confirm(studio, str(session.id))
