"""What an examination of a studio finds: of each check whether it is fine, and if not, what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["fine", "look", "wrong"]
STATES: tuple[State, ...] = ("fine", "look", "wrong")
"""``look``: worth a look, nothing is wrong. In the order in which they grow worse."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says. ``advice`` is what to do now: a command, mostly.

    ``fixable``: ``--fix`` mends it. ``fixed``: what was done about it.
    """

    check: str
    state: State
    words: str
    advice: str | None = None
    fixable: bool = False
    fixed: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {
            "check": self.check,
            "state": self.state,
            "words": self.words,
            "advice": self.advice,
            "fixable": self.fixable,
            "fixed": self.fixed,
        }


def worst(findings: Sequence[Finding]) -> State:
    """Return the worst of the states."""
    return max((one.state for one in findings), key=STATES.index, default="fine")
