"""Examining a studio: everything that can be wrong with it, and what to do; mending what is safe to mend."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from studio_cli.booking import checkup_around, checkup_books, checkup_file
from studio_cli.booking.checkup import Check, Machine, Patient
from studio_cli.booking.studio import Clock, Studio
from studio_cli.errors import FileTrouble, StudioError
from studio_cli.model.finding import Finding
from studio_cli.store import doctor as doctor_store
from studio_cli.store.database import APPLICATION_ID, VERSION, Database

CHECKS: tuple[Check, ...] = (*checkup_file.CHECKS, *checkup_books.CHECKS, *checkup_around.CHECKS)
PARTS = {
    "File": ("file", *(check.name for check in checkup_file.CHECKS)),
    "Books": tuple(check.name for check in checkup_books.CHECKS),
    "Around": tuple(check.name for check in checkup_around.CHECKS),
}
"""How the checks are grouped where somebody reads them."""


def examine(path: Path, clock: Clock, machine: Machine) -> Iterator[Finding]:
    """Yield what there is to say of the studio in a file, as far as it can be looked at. Nothing is changed."""
    with contextlib.ExitStack() as stack:
        patient, first = _admitted(Patient(path, clock, machine), stack)
        yield first
        for check in CHECKS:
            if check.can(patient):
                yield from check.findings(patient)


def _admitted(patient: Patient, stack: contextlib.ExitStack) -> tuple[Patient, Finding]:
    """Open the file as far as that is possible, and say how far that was."""
    path = patient.path
    try:
        if not path.exists():
            make = 'studio init --name "Your Studio" --email you@example.com'
            return patient, Finding("file", "wrong", f"There is no studio at {path}.", make)
        file = stack.enter_context(doctor_store.opened(path))
        header = doctor_store.header(file)
    except (StudioError, OSError) as error:
        advice = error.hint if isinstance(error, StudioError) else "Is the folder there, and yours?"
        words = error.message if isinstance(error, StudioError) else f"{path} cannot be looked at."
        return patient, Finding("file", "wrong", words, advice)
    if header.application != APPLICATION_ID:
        return patient, Finding(
            "file", "wrong", f"{path} is not a studio's file.", "Name another file with --db."
        )
    readable = replace(patient, file=file)
    if header.version > VERSION:
        words = f"{path} was written by a newer version of studio (file version {header.version}, this program knows {VERSION})."
        return readable, Finding(
            "file", "wrong", words, "Update the program: pip install --upgrade studio-cli"
        )
    if header.version < VERSION:
        words = f"{path} is of version {header.version}. The next command brings it to version {VERSION}, after a backup of it."
        return readable, Finding("file", "look", words, "studio status, then studio doctor again")
    words = f"{path}, version {VERSION}."
    return replace(readable, studio=Studio(file, patient.clock)), Finding("file", "fine", words)


def mend(path: Path, clock: Clock, machine: Machine, findings: Sequence[Finding]) -> dict[str, str]:
    """Mend what is safe to mend of what was found; return what was done, by the name of the check."""
    wanted = {one.check for one in findings if one.fixable}
    done = {}
    for check in CHECKS:
        if check.mend is not None and check.name in wanted:
            done[check.name] = _mended(check, Patient(path, clock, machine))
    return done


def _mended(check: Check, patient: Patient) -> str:
    assert check.mend is not None
    if check.needs == "nothing":
        try:
            return check.mend(patient)
        except OSError as error:
            raise FileTrouble(
                f"{error.filename}: {error.strerror}.", hint="Is it yours?", code="not_mended"
            ) from error
    with contextlib.closing(Database.open(patient.path, patient.clock)) as file, file.atomic():
        return check.mend(replace(patient, file=file, studio=Studio(file, patient.clock)))


def with_mended(findings: Sequence[Finding], done: dict[str, str]) -> list[Finding]:
    """Return what was found afterwards, with what was done about it."""
    told: set[str] = set()
    after = []
    for one in findings:
        words = done.get(one.check) if one.check not in told else None
        told.add(one.check)
        after.append(replace(one, fixed=words))
    return after
