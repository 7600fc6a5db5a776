"""How the status looks on a terminal: one column where it is narrow, two where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from studio_cli.booking.overview import Overview
from studio_cli.cli.cells import cut, fit, width_of, wrap
from studio_cli.cli.drawing import COMMAND, beside, heading, status_text
from studio_cli.cli.status_parts import Entry, Part, diary_parts, money_parts, todo_parts
from studio_cli.model.text import shown
from studio_cli.model.times import show_clock, show_day

WIDE = 140
"""From so many columns on the diary and what is to be done stand side by side."""
GAP = 4
MOST = 8
"""How many entries a part shows before it names the command that shows them all."""


def draw(found: Overview, width: int, most: int | None = MOST) -> list[Text]:
    """Return the screen's lines; ``most`` entries in a part, or all of them."""
    diary, todo, money = diary_parts(found), todo_parts(found), money_parts(found)
    if most is not None:
        diary, todo, money = ([part.cut(most) for part in parts] for parts in (diary, todo, money))
    lines = [Text(), *_header(found, width)]
    if width < WIDE or not (todo or money):
        lines += _column([*diary, *todo, *money], width)
    else:
        left = (width - GAP) // 2
        lines += beside(_column([*diary, *money], left), _column(todo, width - GAP - left), left, GAP)
    if found.is_calm:
        lines += [Text(), Text(CALM, style="green")]
    return [*lines, Text()]


CALM = "Nothing waits for you, nobody owes you anything, and all mail has gone out."


def _header(found: Overview, width: int) -> list[Text]:
    now = f"{show_day(found.now, found.zone)}, {show_clock(found.now, found.zone)}"
    zone = f"  {found.zone}"
    name = shown(found.name)
    if width_of(name) + 4 + len(now + zone) > width:
        zone = ""
    if width_of(name) + 2 + len(now) > width:
        return [Text(cut(name, width), style="bold"), Text(cut(now, width))]
    space = " " * (width - width_of(name) - len(now) - len(zone))
    return [Text.assemble((name, "bold"), space, now, (zone, "dim"))]


def _column(parts: Sequence[Part], width: int) -> list[Text]:
    lines: list[Text] = []
    numbers = [len(str(entry.number)) for part in parts for entry in part.entries if entry.number]
    shape = _Shape(width, max([2, *numbers]))
    for part in parts:
        lines += [Text(), heading(part.title, width, part.sums)]
        lines += shape.part(part)
    return lines


@dataclass(frozen=True, slots=True)
class _Shape:
    """The columns of a part: ``number`` is as wide as the longest number of a session."""

    width: int
    number: int

    def part(self, part: Part) -> list[Text]:
        if not part.entries:
            return [Text(f"{' ' * self._indent}{part.empty}", style="dim")]
        timed = any(entry.status and not entry.command for entry in part.entries)
        lines = self._diary(part) if timed else self._todo(part)
        if part.left_out:
            lines += self._rest(part)
        return lines

    def _rest(self, part: Part) -> list[Text]:
        words = f"and {part.left_out} more: "
        return [Text.assemble(" " * self._indent, (words, "dim"), (part.more, COMMAND))]

    @property
    def _indent(self) -> int:
        return self.number + 2

    def _number(self, entry: Entry) -> tuple[str, str]:
        return fit(str(entry.number or ""), self.number, right=True) + "  ", "dim"

    def _diary(self, part: Part) -> list[Text]:
        day, clock = (
            max(width_of(getattr(entry, name)) for entry in part.entries) for name in ("day", "when")
        )
        day = max(day, 10)
        lines = []
        for entry in part.entries:
            line = Text.assemble(self._number(entry))
            line.append(fit(entry.day, day) + "  ", style="bold" if entry.day == "now" else "")
            line.append(fit(entry.when, clock) + "  ")
            line.append_text(status_text(entry.status, 11)).append("  ")
            rest = self.width - self._indent - day - clock - 17
            what = cut(shown(entry.what), rest)
            line.append(what)
            place = "".join(f"  {shown(note)}" for note in entry.notes)
            if width_of(what + place) <= rest:
                line.append(place, style="dim")
            lines.append(line)
        return lines

    def _todo(self, part: Part) -> list[Text]:
        return [line for entry in part.entries for line in self._entry(entry)]

    def _entry(self, entry: Entry) -> list[Text]:
        room = self.width - self._indent
        when = shown(entry.when)
        what = (
            wrap(shown(entry.what), room) if not when else [cut(shown(entry.what), room - width_of(when) - 2)]
        )
        first = Text.assemble(self._number(entry), (what[0], "bold"))
        if when:
            space = " " * (room - width_of(what[0]) - width_of(when))
            first.append(space + when)
        lines = [first, *(Text(" " * self._indent + more, style="bold") for more in what[1:])]
        return [*lines, *self._beneath(entry)]

    def _beneath(self, entry: Entry) -> list[Text]:
        """Return the notes, and the command at the right end of their last line or, without room there, of its own."""
        room, indent = self.width - self._indent, " " * self._indent
        notes = [shown(note) for note in entry.notes if note]
        lines = [Text(indent).append_text(line) for line in self._notes(notes, entry, room)]
        command = shown(entry.command or "")
        if not command:
            return lines
        if not lines or width_of(lines[-1].plain) + width_of(command) + 3 > self.width:
            lines.append(Text())
        space = self.width - width_of(lines[-1].plain) - width_of(command)
        lines[-1].append(" " * max(space, 0)).append(command, style=COMMAND)
        return lines

    def _notes(self, notes: Sequence[str], entry: Entry, room: int) -> list[Text]:
        """Return the notes as lines, the first one so that it stands out."""
        if not notes:
            return []
        style = "red" if entry.alarm else "yellow" if entry.status else ""
        words = ", ".join(notes)
        if width_of(words) > room:
            return [Text(line, style=style) for line in wrap(words, room)]
        rest = "".join(f", {note}" for note in notes[1:])
        return [Text.assemble((notes[0], style), (rest, "dim" if entry.status else style))]
