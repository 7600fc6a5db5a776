"""What screens are drawn with: headings, statuses, two columns side by side. Loaded on a terminal only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.text import Text
from whenever import Date, Instant

from studio_cli.cli.cells import cut, width_of, wrap
from studio_cli.cli.output import STYLES
from studio_cli.model.session import Session
from studio_cli.model.text import shown
from studio_cli.model.times import show_clock

COMMAND = "cyan"
MARKS = {
    "confirmed": "●",
    "pending": "◐",
    "inquiry": "○",
    "expired": "◌",
    "canceled": "×",
    "declined": "×",
}
"""A status has a mark and its word, so that nobody depends on its colour."""


def heading(title: str, width: int, right: str = "") -> Text:
    """Return the title of a part with a rule behind it, and what belongs to the title at its end."""
    rule = width - width_of(title) - 1 - (width_of(right) + 1 if right else 0)
    line = Text.assemble((title, "bold"), " ", ("─" * max(rule, 0), "dim"))
    return line.append(f" {right}", style="bold") if right else line


def status_text(status: str, width: int = 0) -> Text:
    """Return a status as its mark and its word."""
    words = f"{MARKS.get(status, ' ')} {status}" if status else ""
    return Text(words.ljust(width), style=STYLES.get(status, ""))


def beside(left: Sequence[Text], right: Sequence[Text], width: int, gap: int) -> list[Text]:
    """Return two columns of lines side by side, the left one ``width`` wide."""
    lines = []
    for one, other in zip_longest(left, right, fillvalue=Text()):
        line = Text().append_text(one)
        if other.plain:
            line.append(" " * (width - width_of(one.plain) + gap)).append_text(other)
        lines.append(line)
    return lines


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture depends on: the zone and moment it is of, how wide it may be, and whether there are many colours."""

    zone: str
    now: Instant
    width: int
    colors: bool = True

    @property
    def today(self) -> Date:
        """The day it is."""
        return self.now.to_tz(self.zone).date()

    def block(self, status: str) -> str:
        """Return the style of a session's block: letters and ground together, to be read on any terminal."""
        many, few = BLOCKS.get(status, BLOCKS["confirmed"])
        return many if self.colors else few


BLOCKS = {
    "confirmed": ("#ffffff on #1f6f47", "black on green"),
    "pending": ("#1f1600 on #e5ba67", "black on yellow"),
    "inquiry": ("#00242c on #7fc8d6", "black on cyan"),
}
EDGES = {"confirmed": "▌", "pending": "┊", "inquiry": "┊"}
"""The left edge of a session's block, for whoever sees no colours."""


def appointment(session: Session, look: Look, width: int, day: str = "", number: int = 2) -> Text:
    """Return a session as a line: number, day, time, status, what and with whom; the place, where there is room."""
    line = Text.assemble((f"{session.id:>{number}}  ", "dim"), day)
    times = "–".join(show_clock(moment, look.zone) for moment in (session.starts_at, session.ends_at))
    line.append(f"{times}  ").append_text(status_text(session.status, 11)).append("  ")
    room = width - width_of(line.plain)
    what = cut(shown(f"{session.title}, {session.client.name}"), room)
    line.append(what)
    place = f"  {shown(session.location)}" if session.location else ""
    return line.append(place, style="dim") if width_of(what + place) <= room else line


def hours(minutes: int, *, about: bool = False) -> str:
    """Return how long something is in few letters: ``2 h``, ``1½ h``, ``40 min``; ``about``: in whole quarters."""
    if about and minutes > 60:
        minutes -= minutes % 15
    whole, rest = divmod(minutes, 60)
    if minutes < 60:
        return f"{minutes} min"
    quarter = {0: "", 15: "¼", 30: "½", 45: "¾"}.get(rest)
    return f"{whole}{quarter} h" if quarter is not None else f"{whole} h {rest} min"


class Card:
    """One thing: names and what is to be said under each; in two columns where there is room for them."""

    WIDE = 130

    def __init__(self, width: int) -> None:
        self.width = width
        self._columns: list[list[tuple[str, Sequence[Text | str]]]] = [[]]

    def add(self, facts: Iterable[tuple[str, str]]) -> None:
        """Add facts in words."""
        for name, value in facts:
            self._columns[-1].append((name, [shown(line) for line in value.split("\n")]))

    def lines(self, name: str, lines: Sequence[Text]) -> None:
        """Add what is drawn already; it is to be no wider than half a card."""
        self._columns[-1].append((name, lines))

    def turn(self) -> None:
        """Begin the second column."""
        self._columns.append([])

    def drawn(self, title: str, status: str = "", right: str = "") -> list[Text]:
        """Return the card's lines."""
        return [Text(), self._title(title, status, right), Text(), *self._body()]

    def _title(self, title: str, status: str, right: str) -> Text:
        end = Text(" " if status or right else "").append_text(status_text(status))
        end.append(f"{'  ' if status else ''}{right}", style="dim")
        name = cut(shown(title), self.width - width_of(end.plain) - 3)
        rule = self.width - width_of(name) - width_of(end.plain) - 1
        return Text.assemble((name, "bold"), " ", ("─" * rule, "dim"), end)

    def _body(self) -> list[Text]:
        columns = [facts for facts in self._columns if facts]
        if len(columns) < 2 or self.width < self.WIDE:
            name = self._name([fact for facts in columns for fact in facts])
            parts = [self._column(facts, name, self.width) for facts in columns]
            return [line for number, part in enumerate(parts) for line in ([Text()] if number else []) + part]
        width = (self.width - 4) // 2
        left, right = (self._column(facts, self._name(facts), width) for facts in columns)
        return beside(left, right, width, 4)

    def _name(self, facts: Sequence[tuple[str, Sequence[Text | str]]]) -> int:
        return max(len(name) for name, _ in facts) + 2

    def _column(self, facts: Sequence[tuple[str, Sequence[Text | str]]], name: int, width: int) -> list[Text]:
        lines = []
        for title, values in facts:
            label = title
            for value in values:
                parts = self._broken(value, width - name)
                for part in parts:
                    lines.append(Text.assemble((f"{label:<{name}}", "dim")).append_text(part))
                    label = ""
        return lines

    def _broken(self, value: Text | str, room: int) -> list[Text]:
        if isinstance(value, Text):
            return (
                [value] if width_of(value.plain) <= room else [Text(line) for line in wrap(value.plain, room)]
            )
        if value.startswith("studio "):
            return [Text(value, style=COMMAND)]
        return [Text(line) for line in wrap(value, room)]
