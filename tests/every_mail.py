"""Every kind of mail in every state: with and without a link, a note, a balance, a deadline, and all that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from whenever import Instant

from studio_cli.booking import letter, session_changes
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.model.message import Letter
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from studio_cli.model.settlement import Settlement
from studio_cli.model.wish import Wish
from tests.conftest import Clock, Maker

PAGE = "https://book.example.com/book/portrait?day=2026-12-11"
"""Where the free times of a type are."""


@dataclass(frozen=True)
class Mail:
    """A mail that was written; ``name`` says its kind and what is special about it."""

    name: str
    kind: str
    session: Session
    letter: Letter

    def __str__(self) -> str:
        return self.name


@dataclass
class EveryMail:
    """``write()`` writes every mail; what the owner and the client typed can be said otherwise."""

    studio: Studio
    make: Maker
    clock: Clock
    title: str = "Wedding portraits"
    client: str = "Rui Costa and Eva Lima"
    place: str = "Toronto Music Garden, 479 Queens Quay West"
    note: str = "The light is best at ten.\nPlease bring the dog."
    instructions: str = "E-transfer to ana@example.com\nor IBAN PT50 0002 0123 1234 5678 9015 4"
    wanted: Mapping[str, Any] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)

    def write(self) -> list[Mail]:
        """Return every kind of mail in every state; the clock is afterwards what it was."""
        self._without_instructions()
        studios.change_setting(self.studio, "payment.instructions", self.instructions)
        self._held()
        self._held_with_little()
        self._confirmed()
        self._nothing_left()
        self._over()
        self._requests()
        self._canceled_by_the_client()
        self._time_free()
        return self.mails

    def _session(self, **wanted: Any) -> Session:
        values = {
            "one_off": self.title,
            "duration": "90m",
            "price": "1250",
            "deposit": "20%",
            "custom": True,
            "allow_overlap": True,
            **self.wanted,
            **wanted,
        }
        client = str(self.make.client(self.client).id)
        return self.make.session("2026-12-11 10:00", client=client, **values)

    def _add(
        self, kind: str, state: str, session: Session, payment_id: int | None = None, **about: Any
    ) -> None:
        for linked in (True, False) if kind not in {"share", "owner"} else (kind == "share",):
            words, trouble = letter.compose(
                self.studio, session, kind, linked=linked, about=about, payment_id=payment_id
            )
            assert trouble is None
            name = ", ".join([kind, *([state] if state else []), *([] if linked else ["no link"])])
            self.mails.append(Mail(name, kind, session, words))

    @contextmanager
    def _at(self, now: Instant) -> Iterator[None]:
        kept, self.clock.now = self.clock.now, now
        yield
        self.clock.now = kept

    def _without_instructions(self) -> None:
        session = self._session(balance_due="7d before")
        self._add("payment-instructions", "no instructions", session)
        confirmed = sessions.confirm(self.studio, str(session.id)).session
        self._add("payment-due", "no instructions", confirmed)

    # ── not confirmed yet ────────────────────────────────────────────────────────────────────────

    def _held(self) -> None:
        session = self._session(location=self.place, balance_due="7d before", expires="3d")
        self._add("share", "", session)
        self._add("share", "note", session, note=self.note)
        self._add("share", "again, note", session, again=True, note=self.note)
        self._add("share", "picked", session, picked=True)
        self._add("reminder", "", session)
        self._add("hold-ending", "", session)
        self._add("owner", "payment-announced", session, news="payment-announced")
        self._add("payment-instructions", "", session)
        before, number = session.details(), str(session.id)
        moved = session_changes.reschedule(
            self.studio, number, "2026-12-12 23:15", custom=True, allow_overlap=True
        ).after
        self._add("changed", "moved", moved, before=before, note=self.note)
        edits = Edits(location="", price="1400", discount="10%", tax="TVA 20% included")
        edited = session_changes.edit(self.studio, number, edits).after
        self._add("changed", "", edited, before=moved.details())
        self._add("changed", "everything", edited, before=before, note=self.note)

    def _held_with_little(self) -> None:
        session = self._session()
        self._add("share", "no place, no deadline", session)
        self._add("reminder", "no deadline", session)
        self._add("payment-instructions", "no deadline", session)
        self._add("share", "whole price", self._session(deposit=None))
        free = self._session(price="0", deposit=None)
        self._add("share", "free", free)
        edited = session_changes.edit(self.studio, str(free.id), Edits(location=self.place)).after
        self._add("changed", "no deadline", edited, before=free.details())
        self._add("declined", "note", replace(session, status="declined"), note=self.note)
        self._add("declined", "", replace(session, status="declined"))
        passed = replace(
            session, status="declined", offered=(session.starts_at, session.starts_at.add(hours=24))
        )
        self._add("declined", "times have passed", passed)
        self._add("expired", "", replace(session, status="expired"))

    # ── confirmed ────────────────────────────────────────────────────────────────────────────────

    def _confirmed(self) -> None:
        session = self._session(location=self.place, balance_due="7d before")
        number = str(session.id)
        nothing_paid = sessions.confirm(self.studio, number).session
        self._add("confirmed", "nothing paid", nothing_paid)
        self._add("payment-due", "nothing paid", nothing_paid)
        paid = payments.record(self.studio, number, "250")
        session, payment = paid.session, paid.payment.id
        self._add("confirmed", "paid", session, payment)
        self._add("receipt", "", session, payment)
        self._add("payment-due", "", session)
        with self._at(session.starts_at.subtract(hours=24 * 3)):
            self._add("payment-due", "overdue", session)
        with self._at(session.starts_at.subtract(hours=20)):
            self._add("tomorrow", "", session)
        with self._at(session.starts_at.subtract(hours=2)):
            self._add("tomorrow", "today", session)
        moved = session_changes.reschedule(
            self.studio, number, "2026-12-13 09:00", custom=True, allow_overlap=True
        ).after
        self._add("changed", "confirmed", moved, before=session.details())
        for what in letter.NEWS:
            if what not in {"payment-announced", "moved", "canceled-owed"}:
                self._add("owner", what, session, news=what)

    def _nothing_left(self) -> None:
        number = str(self._session().id)
        sessions.confirm(self.studio, number)
        part = payments.record(self.studio, number, "250")
        self._add("confirmed", "rest without a day", part.session, part.payment.id)
        self._add("receipt", "rest without a day", part.session, part.payment.id)
        rest = payments.record(self.studio, number, "1000")
        self._add("confirmed", "all paid", rest.session, rest.payment.id)
        self._add("receipt", "all paid", rest.session, rest.payment.id)
        with self._at(rest.session.starts_at.subtract(hours=20)):
            self._add("tomorrow", "all paid", rest.session)

    def _over(self) -> None:
        session = self._session(location=self.place)
        number = str(session.id)
        nothing_paid = replace(session, status="canceled")
        self._add("canceled", "", nothing_paid)
        payments.record(self.studio, number, "250")
        given = payments.refund(self.studio, WantedRefund(number, "150"))[0]
        over = sessions.cancel(self.studio, number).session
        self._add("refund", "", over, given.payment.id, refunds=[given.payment.id])
        self._add("canceled", "refunded, note", over, note=self.note)

    # ── asked for, moved and canceled by the client ──────────────────────────────────────────────

    def _requests(self) -> None:
        held = self._session(location=self.place, inquiry=True)
        not_held = replace(held, location=None, holds_time=False, expires_at=None)
        for state, session in (("held", held), ("not held", not_held)):
            self._add("requested", state, session)
            times = [session.starts_at.add(hours=24), session.starts_at.add(hours=26)]
            wish = Wish((session.starts_at, *times), self.note)
            wished = replace(session, wish=wish.stored())
            self._add("requested", f"{state}, wishes", wished)
            self._add("owner", f"requested, {state}", session, news="requested")
            self._add("owner", f"requested, {state}, wishes", wished, news="requested")
            for count in (1, 2):
                proposed = replace(session, offered=tuple(times[:count]))
                self._add("proposal", f"{state}, {count}", proposed)
                self._add("proposal", f"{state}, {count}, note", proposed, note=self.note)
            accepted = replace(session, status="pending", expires_at=None)
            rules = replace(accepted, move_until=60, cancel_until=120, expires_at=session.starts_at)
            self._add("accepted", state, accepted)
            about = {"before": replace(session, starts_at=times[0]).details(), "note": self.note}
            self._add("accepted", f"{state}, another time, rules", rules, **about)

    def _canceled_by_the_client(self) -> None:
        session = replace(self._session(), status="canceled")
        paid, half = session.total, Money(session.total.minor // 2, session.total.currency)
        nothing = session.terms.nothing
        for state, money in (
            ("nothing paid", Settlement(nothing, nothing, nothing)),
            ("nothing back", Settlement(paid, nothing, nothing)),
            ("all back online", Settlement(paid, paid, paid)),
            ("part back", Settlement(paid, half, nothing)),
        ):
            about = {"money": money.as_json()}
            self._add("canceled", f"by the client, {state}", session, **about)
            self._add("owner", f"canceled-owed, {state}", session, news="canceled-owed", **about)
        before = replace(session, starts_at=session.starts_at.add(hours=24)).details()
        self._add("owner", "moved", session, news="moved", before=before)

    # ── waited for ───────────────────────────────────────────────────────────────────────────────

    def _time_free(self) -> None:
        """Of a session that nobody has booked."""
        session = replace(self._session(location=self.place), id=0, expires_at=None)
        self._add("time-free", "", session, page=PAGE)
        self._add("time-free", "no place", replace(session, location=None), page=PAGE)
