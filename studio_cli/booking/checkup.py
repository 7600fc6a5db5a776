"""What an examination of a studio is made of: whom it examines, on which machine, and what a check is."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from whenever import Instant

from studio_cli.booking.studio import Clock, Studio
from studio_cli.errors import StudioError
from studio_cli.model.finding import Finding, State
from studio_cli.model.settings import Settings
from studio_cli.store.database import Database

if TYPE_CHECKING:
    from studio_cli.model.message import Step

MOST = 10
"""How much one check says before it only counts."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What around the file is looked at: secrets, the clock of the machine, and, if anything may be asked, who answers.

    ``wall_clock`` is None where the studio's clock was stopped on purpose. ``zone_data`` are the releases of the time
    zones: the system's, if it has any and says so, and that of Python's package.
    """

    secret: Callable[[str, Settings], str | None]
    secrets_path: Path
    wall_clock: Instant | None
    zone_data: tuple[str | None, str | None]
    try_mail: Callable[[Studio], Iterator[Step]] | None = None
    try_provider: Callable[[Studio], str] | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. ``file`` is there when it can be read, ``studio`` when this program understands what it reads."""

    path: Path
    clock: Clock
    machine: Machine
    file: Database | None = None
    studio: Studio | None = None

    def now(self) -> Instant:
        """Return the present moment in whole seconds."""
        return self.clock().round("second", mode="floor")

    @property
    def at_work(self) -> Studio:
        """The studio, where a check says that it needs one."""
        assert self.studio is not None
        return self.studio

    @property
    def settings(self) -> Settings:
        """The studio's settings."""
        return self.at_work.settings


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a check has to say: that something is wrong or worth a look, or more than that it is fine."""

    state: State
    words: str
    advice: str | None = None
    fixable: bool = False


Needs = Literal["nothing", "file", "studio"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. ``fine`` is what is said when there is nothing to say.

    ``mend`` does what is safe and returns what it did.
    """

    name: str
    fine: str
    look: Callable[[Patient], Iterator[Trouble]]
    needs: Needs = "studio"
    mend: Callable[[Patient], str] | None = None

    def can(self, patient: Patient) -> bool:
        """Whether there is enough of the patient to look at."""
        have = {"nothing": True, "file": patient.file is not None, "studio": patient.studio is not None}
        return have[self.needs]

    def findings(self, patient: Patient) -> Iterator[Finding]:
        """Yield what it finds: at least one finding, and however much is wrong no more than can be read."""
        said = self._said(patient)
        first = list(itertools.islice(said, MOST))
        for one in first or [Trouble("fine", self.fine)]:
            yield Finding(self.name, one.state, one.words, one.advice, one.fixable)
        more = sum(1 for _ in said)
        if more:
            yield Finding(self.name, first[-1].state, f"{more:,} more like that.", fixable=first[-1].fixable)

    def _said(self, patient: Patient) -> Iterator[Trouble]:
        try:
            yield from self.look(patient)
        except StudioError as error:
            yield Trouble("wrong", error.message, error.hint)
        except OSError as error:
            yield Trouble("wrong", f"{error.filename}: {error.strerror}.", "Is it there, and yours?")
        except sqlite3.Error as error:
            yield Trouble("wrong", f"It cannot be looked at. SQLite says: {error}.")
        except (ValueError, TypeError, KeyError) as error:
            # What is in the file is not what can be in it: a number where a time should be.
            yield Trouble("wrong", f"What is there cannot be understood ({type(error).__name__}: {error}).")
