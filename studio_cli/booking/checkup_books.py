"""What must be true of sessions, money and clients, worked out anew from the rows themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studio_cli.booking.checkup import Check, Patient, Trouble
from studio_cli.model import invariant
from studio_cli.model.text import shown
from studio_cli.store import doctor as doctor_store
from studio_cli.store import session as session_store

FIX = "studio doctor --fix"


def _overlaps(patient: Patient) -> Iterator[Trouble]:
    for one, other in invariant.overlaps(doctor_store.places(patient.at_work.file)):
        words = (
            f"Sessions {one} and {other} are at the same time, buffers included, and nobody has allowed it."
        )
        yield Trouble("wrong", words, f"studio session reschedule {other} --at TIME")


def _statuses(patient: Patient) -> Iterator[Trouble]:
    for words in invariant.contradictions(doctor_store.statuses(patient.at_work.file)):
        yield Trouble("wrong", words, _history(words))


def _history(words: str) -> str:
    return f"studio session history {words.split()[1]}"


def _steps(patient: Patient) -> Iterator[Trouble]:
    file, now = patient.at_work.file, patient.now()
    with file.reading():
        changed, ledger = doctor_store.changed_since_confirmed(file), doctor_store.ledger(file)
        confirmed = session_store.listed(file, now, statuses=("confirmed",))
    paid_in = defaultdict[int, int](int)
    for row in ledger:
        if row.kind == "payment":
            paid_in[row.session_id] += row.amount
    unchanged = (session for session in confirmed if session.id not in changed)
    for number, words in invariant.unfinished(unchanged, paid_in):
        yield Trouble("wrong", words, f"studio session reopen {number}")


def _sums(patient: Patient) -> Iterator[Trouble]:
    for number, words in invariant.wrong_sums(doctor_store.ledger(patient.at_work.file)):
        yield Trouble("wrong", words, f"studio session show {number}")


def _receipts(patient: Patient) -> Iterator[Trouble]:
    for words in invariant.receipt_faults(doctor_store.ledger(patient.at_work.file)):
        yield Trouble("wrong", words, "studio payment list")


def _names(patient: Patient) -> Iterator[Trouble]:
    for number, name, _, _ in doctor_store.unfolded(patient.at_work.file):
        words = f"Client {number} ({shown(name)}) is not found by name or address."
        yield Trouble("wrong", words, FIX, fixable=True)


def _fold_names(patient: Patient) -> str:
    found = doctor_store.unfolded(patient.at_work.file)
    for number, _, name, email in found:
        doctor_store.fold(patient.at_work.file, number, name, email)
    return f"Found by name again: {_clients(len(found))}."


def _search(patient: Patient) -> Iterator[Trouble]:
    found = doctor_store.unsearchable(patient.at_work.file)
    if found:
        yield Trouble("wrong", f"The search does not know {_clients(len(found))} as they are.", FIX, True)


def _index_again(patient: Patient) -> str:
    doctor_store.index_again(patient.at_work.file)
    return "The index of the search was made anew."


def _clients(count: int) -> str:
    return f"{count:,} client{'' if count == 1 else 's'}"


def _links(patient: Patient) -> Iterator[Trouble]:
    for number in doctor_store.mails_with_links(patient.at_work.file):
        words = f"The kept mail {number} holds a link that opens a client's page; whoever reads the file could use it."
        yield Trouble("wrong", words, f"studio mail show {number}, then studio session link NUMBER --revoke")


CHECKS = (
    Check("overlaps", "No two sessions are at one time that nobody has allowed.", _overlaps),
    Check("statuses", "Confirmed sessions say when and by whom, the others say nothing.", _statuses),
    Check("steps", "Of confirmed sessions every step is done or waived.", _steps),
    Check("sums", "Nowhere was more given back than paid.", _sums),
    Check("receipts", "Every payment has its receipt, and they are numbered without gaps.", _receipts),
    Check("names", "Every client is found by name and address.", _names, mend=_fold_names),
    Check("search", "The index of the search is what the clients are.", _search, mend=_index_again),
    Check("links", "No kept mail holds a link that works.", _links),
)
