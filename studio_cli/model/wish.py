"""What a client wishes who cannot pick a time: up to three that would suit them, the dearest first, and words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.errors import StudioError, WrongUsage
from studio_cli.model.text import clean_optional
from studio_cli.model.times import from_stored, parse_when, rfc3339, stored

MOST_WISHES = 3
LONGEST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """Times that would suit a client, the dearest first, and what they say about it."""

    times: tuple[Instant, ...] = ()
    words: str | None = None

    def stored(self) -> str:
        """Return it as the file keeps it: ``{"times": [UTC, …], "words": …}``."""
        times = [stored(moment) for moment in self.times]
        return json.dumps({"times": times, "words": self.words}, ensure_ascii=False)

    @classmethod
    def from_stored(cls, text: str) -> Wish:
        """Read what the file keeps; whatever is not of this form is words."""
        try:
            kept = json.loads(text)
            return cls(tuple(from_stored(moment) for moment in kept["times"]), kept["words"])
        except (ValueError, TypeError, KeyError):
            return cls(words=text)

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the wish as scripts read it; times in ``zone``."""
        return {"times": [rfc3339(moment, zone) for moment in self.times], "words": self.words}


def parse_wish(times: Sequence[str], words: str, zone: str, now: Instant) -> Wish:
    """Return a wish as it was typed; times in whatever form the command line takes, empty ones left out.

    Raises ``WrongUsage``: no time, too many, the same twice, one that is past or does not exist.
    """
    typed = [text for text in times if text.strip()]
    if not typed:
        raise WrongUsage("Name at least one time that would suit you.", code="missing")
    if len(typed) > MOST_WISHES:
        raise WrongUsage(f"Name at most {MOST_WISHES} times.", code="too_many")
    wished = tuple(_time(text, zone, now) for text in typed)
    if len(set(wished)) < len(wished):
        raise WrongUsage("The same time stands there twice.", code="twice")
    said = clean_optional(words, "The words", limit=LONGEST_WORDS, multiline=True)
    return Wish(wished, said)


def _time(text: str, zone: str, now: Instant) -> Instant:
    try:
        moment = parse_when(text, zone, now)
    except StudioError as problem:  # a client reads one sentence, whatever is wrong with what they typed
        raise WrongUsage("That is not a time.", code="not_a_time") from problem
    if moment <= now:
        raise WrongUsage("That time has passed already.", code="past")
    return moment
