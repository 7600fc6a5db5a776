"""Sessions from elsewhere: appointments of another program become sessions here, and nobody is told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace

from whenever import Instant

from studio_cli.booking import client as clients
from studio_cli.booking import new_session, slot
from studio_cli.booking import session as sessions
from studio_cli.booking.client_import import Outcome, Row, What
from studio_cli.booking.new_session import Wanted
from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, StudioError, WrongUsage
from studio_cli.model.appointment import Appointment
from studio_cli.model.client import ClientDetails
from studio_cli.model.money import parse_money
from studio_cli.model.session_type import SessionType
from studio_cli.model.text import clean, folded
from studio_cli.model.times import as_typed
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store
from studio_cli.store import repeat_key
from studio_cli.store import session as session_store
from studio_cli.store import session_type as type_store

COMMAND = "session import"


@dataclass(slots=True)
class SessionImport:
    """One import: what its sessions are when they do not say so, and how many rows came to what so far.

    ``type``: all are of this one. ``client``: whose they are when they name nobody. ``status``: what they are, whatever
    they say.
    """

    source: str
    type: SessionType | None = None
    client: int | None = None
    status: str | None = None
    allow_overlap: bool = False
    rehearse: bool = False
    count: Counter[What] = field(default_factory=Counter)
    finished: bool = False

    def rows(
        self, studio: Studio, rows: Iterable[Row], read: Callable[[Row], Appointment | int]
    ) -> Generator[Outcome, None, None]:
        """Import rows in one write, and yield what becomes of each; when nobody goes on asking, nothing is kept.

        ``read`` returns what a row says, or the number of the session of ours that it is. A row that was imported once
        is known again, wherever its session has been moved since. Nobody is mailed.
        """
        with studio.file.rehearsal() if self.rehearse else studio.file.atomic():
            studio.settle(studio.now())
            for row in rows:
                outcome = self._settled(studio, row, read)
                self.count[outcome.what] += 1
                yield outcome
            if self.count["refused"] and self.count.total() == self.count["refused"]:
                raise Refused(
                    f"None of its {self.count['refused']} rows can be a session.",
                    hint="Are its columns what they seem to be? studio session import --help",
                    code="not_imported",
                )
            if self.count["new"]:
                details = {
                    "source": self.source,
                    **{str(what): number for what, number in self.count.items()},
                }
                event_store.add(studio.file, "sessions imported", studio.now(), details=details)
        self.finished = True

    def _settled(self, studio: Studio, row: Row, read: Callable[[Row], Appointment | int]) -> Outcome:
        if row.problem is not None:
            return Outcome(row, "refused", why=row.problem)
        try:
            said = read(row)
            if isinstance(said, int):
                return Outcome(row, "same", said)
            with studio.file.part():
                return self._kept(studio, row, said)
        except StudioError as problem:
            return Outcome(row, "refused", why=problem.message)

    def _kept(self, studio: Studio, row: Row, said: Appointment) -> Outcome:
        key = _key(said)
        earlier = repeat_key.earlier_result(studio.file, key, COMMAND, {})
        if earlier is not None:
            return Outcome(row, "same", earlier)
        client = self._client(studio, said.client)
        there = session_store.at(studio.file, client, said.starts_at)
        number = there or self._set_up(studio, said, client)
        repeat_key.remember(studio.file, key, COMMAND, {}, number, studio.now())
        return Outcome(row, "same" if there else "new", number)

    def _client(self, studio: Studio, said: ClientDetails | None) -> int:
        if said is None:
            if self.client is None:
                raise WrongUsage("It names no client.", hint="Say whose they are: --client WHO")
            return self.client
        known = (
            client_store.by_email(studio.file, said.email)
            if said.email
            else client_store.alike(studio.file, said.name, said.phone)
        )
        return known.id if known else clients.insert(studio, said)

    def _set_up(self, studio: Studio, said: Appointment, client: int) -> int:
        now = studio.now()
        offer = self.type or _type_of(studio, said)
        draft, contract = new_session.draft(studio, _wanted(studio, said, offer, client, now), now)
        need = slot.need_of(studio, draft)
        taken = slot.taken_by(studio, draft.starts_at, need)
        if taken and not self.allow_overlap:
            raise Refused(
                f"Its time is taken: {'; '.join(slot.named(one) for one in taken)}.",
                hint="To have both: --allow-overlap",
                code="overlap",
            )
        custom = not slot.is_regular(studio, draft.starts_at, need)
        number = new_session.put(
            studio, replace(draft, custom_time=custom, overlap_allowed=bool(taken)), contract
        )
        event_store.add(
            studio.file, "session set up", now, session_id=number, details={"source": self.source}
        )
        if (self.status or said.status or "confirmed") != "pending":
            sessions.waive(studio, sessions.get(studio, number), now, tell=False)
        return number


def _type_of(studio: Studio, said: Appointment) -> SessionType | None:
    """Return the session type that an appointment names: by its name or short name, in any case."""
    for text in filter(None, (said.type, said.title)):
        for offer in type_store.listed(studio.file):
            if folded(text) in {folded(offer.name), offer.slug}:
                return offer
    return None


def _wanted(
    studio: Studio, said: Appointment, offer: SessionType | None, client: int, now: Instant
) -> Wanted:
    """Return an appointment as a session is asked for. One that is over is asked no money for: what it cost is noted."""
    over = said.starts_at <= now
    price, notes = _price(said.price, studio.settings.currency), said.notes
    if said.price and (over or price is None):
        notes = f"{notes}\nPrice: {said.price}".strip()
    if said.minutes is None and offer is None:
        raise WrongUsage("It does not say how long it is.", hint="Add an end or a duration.")
    at, which = as_typed(said.starts_at, studio.settings.zone)
    return Wanted(
        at=at,
        which=which,
        type=offer.slug if offer else None,
        one_off=None if offer else clean(said.title or said.type or "Session", "The title"),
        duration=None if said.minutes is None else f"{said.minutes}m",
        price="0" if over else price,
        pay="full" if over else None,
        client=str(client),
        location=said.location or None,
        notes=notes or None,
        expires="never",
        custom=True,
    )


def _price(text: str, currency: str) -> str | None:
    """Return an amount without the sign of a currency, if it is one in the studio's."""
    bare = text.strip().strip("$€£¥ ")
    try:
        parse_money(bare, currency)
    except WrongUsage:
        return None
    return bare


def _key(said: Appointment) -> str:
    """Return by what an appointment is known again: its own name over there, else when it is, what, and with whom."""
    import hashlib  # loads OpenSSL: only here

    who = (said.client.email or said.client.name) if said.client else ""
    parts = [said.uid] if said.uid else [str(said.starts_at.timestamp()), folded(who), said.type, said.title]
    return f"{COMMAND} {hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"
