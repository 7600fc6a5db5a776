"""A studio with some of everything, for looking at what a terminal shows: a Wednesday morning in November."""

from __future__ import annotations

from pathlib import Path

from whenever import Instant

from studio_cli.booking import availability, journey
from studio_cli.booking import client as clients
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import session_type as types
from studio_cli.booking import share as shares
from studio_cli.booking import studio as studios
from studio_cli.booking.new_session import Wanted, set_up
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.model.calendar import Busy, Calendar, Reading
from studio_cli.model.client import ClientDetails
from studio_cli.model.times import parse_when, stored
from studio_cli.store import calendar as calendar_store
from tests.conftest import ZONE, Clock

NOW = Instant.from_utc(2026, 11, 25, 14, 40)
"""A Wednesday, twenty to ten in the morning in Toronto."""
NAME = "Ana Silva Photography"
CLIENTS = (
    ("Rui Costa", "rui@example.com"),
    ("Amara Okafor", "amara@example.com"),
    ("Eva Lima", "eva@example.com"),
    ("Jürgen Weiß", "juergen@example.org"),
    ("Mei-Ling Chen", "meiling@example.com"),
    ("Sofia Marchetti-Bergström", "sofia@example.com"),
    ("Noa Ben-David", "noa@example.com"),
)
STUDIO = "12 Dundas Street West, studio 3"
TYPES = (
    TypedOffer("Family session", "family", "90m", "250", "50", location=STUDIO, buffer_after="15m",
               tax="HST 13%", balance_due="7d before", discount="10%", discount_reason="Returning client"),
    TypedOffer("Portrait", "portrait", "60m", "160", "25%", location=STUDIO),
    TypedOffer("Team headshots", "headshots", "2h", "480", location="At your office", buffer_before="30m"),
    TypedOffer("Wedding consultation", "consultation", "30m", "0", location="By video"),
)  # fmt: skip


def furnish(path: Path) -> Studio:
    """Make the studio; its clock stands still at ``NOW``."""
    clock = Clock(NOW.subtract(hours=24 * 15))
    studio = studios.found(
        path, clock, name=NAME, email="ana@example.com", timezone=ZONE, currency="CAD", test=True
    )
    studios.change_setting(studio, "payment.provider", "offline")
    studios.change_setting(studio, "mail.host", "smtp.example.com")
    for offer in TYPES:
        types.add(studio, offer)
    for name, email in CLIENTS:
        clients.add(studio, ClientDetails.checked(name, email))
    availability.set_hours(studio, "tue-fri", ["09:00-12:00", "13:00-18:00"])
    availability.set_hours(studio, "sat", ["10:00-16:00"])
    availability.set_hours(studio, "sun,mon", ["off"])
    availability.block(studio, "2026-12-10", "2026-12-11", "Workshop in Montréal")
    _sessions(studio, clock)
    _trouble(studio)
    clock.now = NOW
    return studio


def _sessions(studio: Studio, clock: Clock) -> None:
    before = clock.now
    clock.now = NOW.subtract(hours=24 * 30)
    _book(studio, "family", "Sofia", "2026-11-14 10:00", "confirmed", paid="50")
    clock.now = before
    _book(studio, "portrait", "Amara", "2026-11-25 11:00", "confirmed", paid="40")
    _book(studio, "consultation", "Eva", "2026-11-25 14:00", "confirmed")
    _book(studio, "headshots", "Jürgen", "2026-11-28 10:00", "confirmed", paid="480")
    _book(studio, "family", "Sofia", "2026-12-01 13:00", "confirmed", paid="254.25")
    late = _book(studio, "portrait", "Eva", "2026-12-02 15:00", "confirmed", paid="160")
    sessions.cancel(studio, str(late))
    payments.record(studio, str(late), "20")
    _book(studio, "portrait", "Mei-Ling", "2026-12-15 10:00", expires="3d", shared=True)
    clock.now = NOW.subtract(hours=24 * 4)
    rui = _book(studio, "family", "Rui", "2026-11-26 09:30")
    _link(studio, rui, clock, hours=30)
    _book(studio, "portrait", "Mei-Ling", "2026-11-27 13:00", shared=True)
    clock.now = NOW.subtract(hours=47)
    paying = _book(studio, "portrait", "Amara", "2026-12-04 10:00")
    journey.announce_payment(studio, _link(studio, paying, clock, hours=3), 1)
    _book(studio, "consultation", "Jürgen", "2026-12-08 16:00")
    _book(studio, "portrait", "Noa", "2026-11-28 13:30", inquiry=True)


def _book(studio: Studio, slug: str, client: str, at: str, state: str = "", paid: str = "", shared: bool = False,
          **wanted: object) -> int:  # fmt: skip
    made = set_up(studio, Wanted(at=at, type=slug, client=client, **wanted)).session  # type: ignore[arg-type]
    if shared:
        shares.share(studio, str(made.id), "email")
    if paid:
        payments.record(studio, str(made.id), paid, method="transfer")
    if state == "confirmed":
        sessions.confirm(studio, str(made.id))
    return made.id


def _link(studio: Studio, number: int, clock: Clock, hours: int) -> str:
    """Share a session by a link that is opened, and reviewed, some hours before ``NOW``; return its token."""
    link = shares.share(studio, str(number), "direct").link
    assert link is not None
    token = link.rpartition("/s/")[2]
    clock.now = NOW.subtract(hours=hours)
    share = journey.share_of(studio, token)
    assert share is not None
    journey.mark_opened(studio, share)
    journey.review(studio, token, 1)
    return token


def _trouble(studio: Studio) -> None:
    """One calendar is read, another one cannot be; a mail was refused, and is tried again."""
    now = stored(NOW.subtract(minutes=4))
    with studio.file.atomic() as sql:
        private = calendar_store.insert(
            studio.file, Calendar(0, "Private", "file", "/p.ics", None, True, False, NOW)
        )
        calendar_store.replace_busy(studio.file, private, Reading(None, list(_busy())))
        calendar_store.mark_same(studio.file, private, NOW)
        address = "https://cal.example.com/school.ics"
        school = calendar_store.insert(
            studio.file, Calendar(0, "School", "url", address, None, True, False, NOW)
        )
        calendar_store.mark_failed(
            studio.file, school, NOW, "cal.example.com did not answer within 20 seconds."
        )
        sql.execute("UPDATE message SET state = 'sending'")
        sql.execute(
            "UPDATE message SET state = 'sent', sent_at = ? WHERE id < (SELECT max(id) FROM message)", (now,)
        )
        sql.execute(
            """UPDATE message SET state = 'failed', attempts = 2, next_try_at = ?, last_error =
               'The server does not accept the login: 535 5.7.8 Authentication credentials invalid.'
               WHERE state = 'sending'""",
            (stored(NOW.add(minutes=11)),),
        )


def _busy() -> list[Busy]:
    times = (
        ("2026-11-26 14:00", 60, "Dentist"),
        ("2026-11-27 09:00", 90, "School play"),
        ("2026-12-03 12:00", 120, "Lunch with Tomás"),
    )
    starts = [(parse_when(at, ZONE, NOW), minutes, title) for at, minutes, title in times]
    return [Busy(start, start.add(minutes=minutes), title) for start, minutes, title in starts]
