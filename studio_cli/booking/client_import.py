"""Clients from elsewhere, many at a time: who is new, who is known, and what becomes of what is known of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Protocol, get_args

from studio_cli.booking.studio import Studio
from studio_cli.errors import Refused, StudioError
from studio_cli.model.client import Client, ClientDetails
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store

Duplicates = Literal["skip", "merge", "update"]
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)
"""What becomes of a client who is known already: left as is, what is empty filled in, or what is there replaced."""
What = Literal["new", "changed", "same", "refused"]


class Row(Protocol):
    """A row of a file, and why it could not be read, if so."""

    @property
    def line(self) -> int: ...
    @property
    def cells(self) -> Sequence[str]: ...
    @property
    def problem(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row; ``why`` it was refused."""

    row: Row
    what: What
    client: int | None = None
    why: str | None = None


@dataclass(slots=True)
class Import:
    """One import: where it is from, what to do with clients who are known, and how many rows came to what so far."""

    source: str
    duplicates: Duplicates = "merge"
    rehearse: bool = False
    count: Counter[What] = field(default_factory=Counter)
    added: list[int] = field(default_factory=list)
    """The first and the last number of the clients that are new: whoever has one between them is new too."""
    finished: bool = False

    def rows(
        self, studio: Studio, rows: Iterable[Row], read: Callable[[Sequence[str]], ClientDetails]
    ) -> Generator[Outcome, None, None]:
        """Import rows in one write, and yield what becomes of each; when nobody goes on asking, nothing is kept.

        A client is known by their address, without regard to case; one without an address by name and phone number. Of
        rows for the same client the first one counts, and the later ones fill in what it leaves out (or are left, with
        ``skip``): so the same file again changes nothing. Raises ``Refused`` when no row at all could be used.
        """
        with studio.file.rehearsal() if self.rehearse else studio.file.atomic():
            before = client_store.newest(studio.file)
            with client_store.Additions(studio.file, studio.now()) as additions:
                work = _Work(studio, self.duplicates, additions, before)
                for row in rows:
                    outcome = _settled(work, row, read)
                    self._counted(outcome)
                    yield outcome
            if self.count["refused"] and self.count.total() == self.count["refused"]:
                raise _nothing_usable(self.count["refused"])
            self._note(studio)
        self.finished = True

    def _counted(self, outcome: Outcome) -> None:
        self.count[outcome.what] += 1
        if outcome.what == "new" and outcome.client is not None:
            self.added = [*self.added[:1], outcome.client]

    def _note(self, studio: Studio) -> None:
        """Write one line of history: the new clients are those of these numbers. Changed ones have a line each."""
        if not (self.count["new"] or self.count["changed"]):
            return
        details = {
            "source": self.source,
            **{what: self.count[what] for what in ("new", "changed", "same", "refused")},
            "first": self.added[0] if self.added else None,
            "last": self.added[-1] if self.added else None,
        }
        event_store.add(studio.file, "clients imported", studio.now(), details=details)


def _nothing_usable(count: int) -> Refused:
    return Refused(
        f"None of its {count} rows can be a client." if count > 1 else "Its only row cannot be a client.",
        hint="Are its columns what they seem to be? --dry-run shows them; --map says what a column is.",
        code="not_imported",
    )


@dataclass(slots=True)
class _Work:
    """What is known while rows are settled: who was there ``before``, and whom of them a row spoke of already."""

    studio: Studio
    duplicates: Duplicates
    additions: client_store.Additions
    before: int
    met: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)


def _settled(work: _Work, row: Row, read: Callable[[Sequence[str]], ClientDetails]) -> Outcome:
    if row.problem is not None:
        return Outcome(row, "refused", why=row.problem)
    try:
        details = read(row.cells)
    except StudioError as problem:
        return Outcome(row, "refused", why=problem.message)
    file = work.studio.file
    if details.email is None:
        known = client_store.alike(file, details.name, details.phone)
    else:
        known = client_store.by_email(file, details.email)
    if known is None:
        return Outcome(row, "new", work.additions.add(details))
    return _met(work, row, known, details)


def _met(work: _Work, row: Row, known: Client, details: ClientDetails) -> Outcome:
    """Settle a row about a client who is there."""
    again = known.id > work.before or known.id in work.met
    work.met.add(known.id)
    present = ClientDetails(
        known.name, known.email, known.phone, known.notes, known.language, known.no_reminders
    )
    if work.duplicates == "skip":
        return Outcome(row, "same", known.id)
    wanted = (
        _replaced(present, details)
        if work.duplicates == "update" and not again
        else _filled(present, details)
    )
    if wanted == present:
        return Outcome(row, "same", known.id)
    _change(work, known.id, present, wanted)
    counts = known.id <= work.before and known.id not in work.changed
    work.changed.add(known.id)
    return Outcome(row, "changed" if counts else "same", known.id)


def _filled(present: ClientDetails, said: ClientDetails) -> ClientDetails:
    return replace(
        present,
        phone=present.phone or said.phone,
        notes=present.notes or said.notes,
        language=present.language or said.language,
    )


def _replaced(present: ClientDetails, said: ClientDetails) -> ClientDetails:
    """Return what a row says; what it leaves empty stays."""
    return ClientDetails(
        said.name,
        present.email,  # by which they were known
        said.phone or present.phone,
        said.notes or present.notes,
        said.language or present.language,
        said.no_reminders or present.no_reminders,
    )


def _change(work: _Work, number: int, present: ClientDetails, wanted: ClientDetails) -> None:
    work.additions.settle()
    client_store.update(work.studio.file, number, wanted)
    if number > work.before:
        return  # it is new: its history begins with how it came
    old, new = asdict(present), asdict(wanted)
    changed = {name: [old[name], value] for name, value in new.items() if old[name] != value}
    event_store.add(work.studio.file, "client changed", work.studio.now(), client_id=number, details=changed)
