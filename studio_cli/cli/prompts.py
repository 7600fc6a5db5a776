"""Questions on a terminal: a text, or a choice from a list. Arrow keys and typing; Esc goes back one question.

Loaded only where something is asked: prompt_toolkit takes as long to import as an everyday command to run.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    FormattedTextControl,
    HSplit,
    Layout,
    VerticalAlign,
    VSplit,
    Window,
)
from prompt_toolkit.layout.processors import AfterInput, ConditionalProcessor
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from studio_cli.cli.desk import Desk
from studio_cli.errors import StudioError, WrongUsage
from studio_cli.model.text import folded, shown

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Row = StyleAndTextTuples

# The sixteen colours of the terminal's own theme, and never colour alone: each has a mark beside it.
STYLES = {
    "mark": "ansicyan",
    "question": "bold",
    "answer": "ansicyan",
    "picked": "ansicyan bold",
    "cursor": "reverse",
    "free": "ansigreen",
    "title": "bold",
    "dim": "dim",
    "wrong": "ansired",
}
MOST_ROWS = 10
ESCAPE_SECONDS = 0.1
"""How long to wait after an Esc for what would make it an arrow key; over a slow line they come apart."""


class Back(Exception):
    """The question before this one is wanted again."""


class Body(Protocol[T_co]):
    """What is asked: what is seen below the question, and what its keys do."""

    hint: str
    default: str
    """What is seen dimly where nothing is typed yet, and is meant by just Enter."""

    @property
    def keys(self) -> Mapping[str, Callable[[], None]]:
        """What keys do that are not typed: ``up``, ``pagedown``."""

    def change(self, typed: str) -> None:
        """Follow what is typed."""

    def rows(self) -> Sequence[Row]:
        """Return what is seen below the question."""

    def answer(self, typed: str) -> T_co:
        """Return the answer at Enter; raise ``StudioError`` with what is wrong about it."""

    def told(self, typed: str) -> str:
        """Return the answer as it is read afterwards."""


# ── a text ────────────────────────────────────────────────────────────────────────────────────────


class Text(Generic[T]):
    """A text that is typed. ``check`` returns what it means, by the rules that the flag has too."""

    def __init__(self, check: Callable[[str], T], hint: str = "", default: str = "") -> None:
        self.check, self.hint, self.default = check, hint, default
        self.keys: Mapping[str, Callable[[], None]] = {}

    def change(self, typed: str) -> None:
        """Do nothing: it is looked at when it is complete."""

    def rows(self) -> Sequence[Row]:
        """Return nothing."""
        return []

    def answer(self, typed: str) -> T:
        """Return what the text means."""
        return self.check(typed or self.default)

    def told(self, typed: str) -> str:
        """Return the text."""
        return typed.strip() or self.default or "–"


# ── a choice ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One line of a list. ``told`` is how it reads as an answer, where it leads on to another question."""

    value: T
    label: str
    detail: str = ""
    told: str | None = None


Find = Callable[[str], Sequence[Choice[T]]]
"""Returns what is in a list for what is typed."""


def among(choices: Sequence[Choice[T]]) -> Find[T]:
    """Return what finds those of the choices that have every typed word; first those that begin with them."""

    def find(typed: str) -> Sequence[Choice[T]]:
        words, begun = folded(typed).split(), folded(typed.strip())
        found = [one for one in choices if all(word in folded(f"{one.label} {one.detail}") for word in words)]
        return sorted(found, key=lambda one: not folded(one.label).startswith(begun))

    return find


def nothing_more(typed: str) -> Sequence[Choice[Any]]:
    """Return nothing: a list without an end of its own."""
    return ()


class Choices(Generic[T]):
    """A list to choose from. What ``last`` returns stands below what ``find`` returns, always in sight."""

    def __init__(self, find: Find[T], last: Find[T] = nothing_more, *, chosen: int = 0) -> None:
        self.hint, self.default = "↑↓ move · type to search · Enter picks", ""
        self._finds = find, last
        self._found, self._last = find(""), last("")
        self._at, self._top = chosen, 0
        self.keys = {
            "up": lambda: self._move(-1),
            "down": lambda: self._move(1),
            "pageup": lambda: self._move(-MOST_ROWS),
            "pagedown": lambda: self._move(MOST_ROWS),
        }

    def _move(self, by: int) -> None:
        self._at = max(0, min(self._at + by, len(self._found) + len(self._last) - 1))

    def change(self, typed: str) -> None:
        """Find anew."""
        find, last = self._finds
        self._found, self._last = find(typed), last(typed)
        self._at = self._top = 0
        if not self._found:
            meant = (at for at, one in enumerate(self._last) if folded(typed.strip()) in folded(one.label))
            self._at = next(meant, 0)

    def rows(self) -> Sequence[Row]:
        """Return the part of the list around the line that Enter picks, and its end."""
        room = max(min(MOST_ROWS, get_app().output.get_size().rows - 6 - len(self._last)), 2)
        count = len(self._found)
        at = min(self._at, count - 1)
        self._top = max(min(self._top, at), at - room + 1, 0)
        seen = self._found[self._top : self._top + room]
        width = min(max((get_cwidth(one.label) for one in (*seen, *self._last)), default=0), 40)
        rows = [self._row(one, self._top + place, width) for place, one in enumerate(seen)]
        above, below = self._top, count - self._top - len(seen)
        if above or below:
            rows.append([("class:dim", f"    {_beyond(above, below)}")])
        if not self._found:
            rows.append(
                [("class:dim", "    Nothing is like that." if self._last else "    There is nothing.")]
            )
        return [*rows, *(self._row(one, count + place, width) for place, one in enumerate(self._last))]

    def _row(self, one: Choice[T], place: int, width: int) -> Row:
        mark, style = ("❯", "class:picked") if place == self._at else (" ", "")
        label = shown(one.label)
        gap = " " * (width - get_cwidth(label) + 2)
        return [(style, f"  {mark} {label}"), ("class:dim", gap + shown(one.detail))]

    @property
    def _picked(self) -> Choice[T] | None:
        lines = [*self._found, *self._last]
        return lines[self._at] if lines else None

    def answer(self, typed: str) -> T:
        """Return what is picked."""
        if self._picked is None:
            raise WrongUsage(
                f"Nothing is like {shown(typed)[:40]!r}.", hint="Type less of it, or something else."
            )
        return self._picked.value

    def told(self, typed: str) -> str:
        """Return the picked line."""
        assert self._picked is not None
        one = self._picked
        return one.told or ", ".join(part for part in (one.label, one.detail) if part)


def _beyond(above: int, below: int) -> str:
    return ", ".join(
        f"{count} more {where}" for count, where in ((above, "above"), (below, "below")) if count
    )


# ── asking ────────────────────────────────────────────────────────────────────────────────────────


class Prompts:
    """The terminal on which questions are asked: ``with Prompts(desk) as prompts``. It is left as it was found."""

    def __init__(self, desk: Desk) -> None:
        stream = desk.stderr if desk.stderr.isatty() else desk.stdout
        size = Vt100_Output.from_pty(stream).get_size
        # Asking the terminal where its cursor is would leave the answer lying around when a question is interrupted.
        self._output = Vt100_Output(stream, size, term=desk.environ.get("TERM"), enable_cpr=False)
        self._input = create_input(desk.stdin)
        self._style = Style.from_dict({} if desk.colorless else STYLES)
        self._depth = ColorDepth.DEPTH_1_BIT if desk.colorless else ColorDepth.DEPTH_4_BIT
        self._raw: AbstractContextManager[None] = self._input.raw_mode()
        self._typed: dict[str, str] = {}
        self.lines = 0
        """How many lines the answers and notes have taken so far."""

    def __enter__(self) -> Prompts:
        self._raw.__enter__()  # between two questions too, so that nothing typed early is echoed
        return self

    def __exit__(self, *error: Any) -> None:
        self._raw.__exit__(*error)

    def text(
        self, question: str, check: Callable[[str], T], *, hint: str = "", default: str = "", begun: str = ""
    ) -> T:
        """Ask for a text until ``check`` takes it; return what ``check`` returned.

        Just Enter means ``default``. ``begun`` is typed already, to be gone on with: whoever comes back to a question
        finds what they had typed there.
        """
        return self.ask(question, Text(check, hint, default), begun or self._typed.get(question, ""))

    def choose(self, question: str, find: Find[T], last: Find[T] = nothing_more, *, chosen: int = 0) -> T:
        """Ask for one of a list."""
        return self.ask(question, Choices(find, last, chosen=chosen))

    def ask(self, question: str, body: Body[T], begun: str = "") -> T:
        """Ask, and leave the answer on the screen. ``Back`` on Esc, ``KeyboardInterrupt`` on Ctrl-C and Ctrl-D."""
        asking = _Asking(question, body, begun)
        app: Application[T] = Application(
            asking.layout,
            key_bindings=asking.bindings,
            style=self._style,
            color_depth=self._depth,
            include_default_pygments_style=False,
            erase_when_done=True,
            input=self._input,
            output=self._output,
        )
        app.ttimeoutlen = ESCAPE_SECONDS
        try:
            value = app.run()
        except EOFError:  # the terminal has gone
            raise KeyboardInterrupt from None
        self._typed[question] = asking.typed
        self._line(
            [
                ("class:free", "✓ "),
                ("", f"{shown(question)}: "),
                ("class:answer", shown(body.told(asking.typed))),
            ]
        )
        return value

    def note(self, text: str) -> None:
        """Say something about the last answer."""
        columns = self._output.get_size().columns - 3
        for line in textwrap.wrap(shown(text), columns):
            self._line([("class:dim", f"  {line}")])

    def unsay(self, lines: int) -> None:
        """Take the last lines off the screen again."""
        if lines:
            self._output.cursor_up(lines)
            self._output.erase_down()
            self._output.flush()
            self.lines -= lines

    def _line(self, row: Row) -> None:
        """Write a line, cut to the width of the terminal, so that it is one line to take back."""
        print_formatted_text(
            self._output,
            [*_cut(row, self._output.get_size().columns - 1), ("", "\n")],
            self._style,
            color_depth=self._depth,
        )
        self.lines += 1


def _cut(row: Row, columns: int) -> Row:
    cut: Row = []
    for style, text, *_ in row:
        room = columns - sum(get_cwidth(one[1]) for one in cut)
        if get_cwidth(text) > room:
            while get_cwidth(text) > room - 1:
                text = text[:-1]
            return [*cut, (style, text + "…")]
        cut.append((style, text))
    return cut


class _Asking:
    """One question on the screen: what is typed beside it, its body below, and what is wrong or helps under that."""

    def __init__(self, question: str, body: Body[Any], begun: str) -> None:
        self.body = body
        self._trouble: StudioError | None = None
        self._buffer = Buffer(document=Document(begun), multiline=False, on_text_changed=self._changed)
        label: Row = [("class:mark", "? "), ("class:question", f"{shown(question)}: ")]
        default = ConditionalProcessor(
            AfterInput(body.default, style="class:dim"), Condition(lambda: not self._buffer.text)
        )
        field = Window(BufferControl(self._buffer, input_processors=[default]), height=1)
        self.layout = Layout(
            HSplit(
                [
                    VSplit([Window(FormattedTextControl(label), dont_extend_width=True, height=1), field]),
                    Window(FormattedTextControl(self._below), dont_extend_height=True, wrap_lines=True),
                ],
                align=VerticalAlign.TOP,
            ),
            focused_element=field,
        )
        self.bindings = self._bindings()

    @property
    def typed(self) -> str:
        """What is typed."""
        return self._buffer.text

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()
        for name, act in self.body.keys.items():
            keys.add(name, eager=True)(self._acting(act))
        keys.add("enter", eager=True)(self._enter)
        keys.add("escape", eager=True)(lambda event: event.app.exit(exception=Back()))
        for name in ("c-c", "c-d", "<sigint>"):
            keys.add(name, eager=True)(lambda event: event.app.exit(exception=KeyboardInterrupt()))
        return keys

    def _acting(self, act: Callable[[], None]) -> Callable[[KeyPressEvent], None]:
        def press(event: KeyPressEvent) -> None:
            self._trouble = None
            act()

        return press

    def _enter(self, event: KeyPressEvent) -> None:
        try:
            event.app.exit(result=self.body.answer(self.typed))
        except StudioError as wrong:
            self._trouble = wrong

    def _changed(self, buffer: Buffer) -> None:
        self._trouble = None
        self.body.change(buffer.text)

    def _below(self) -> Row:
        columns = get_app().output.get_size().columns
        rows: list[Row] = [[*_cut(row, columns), ("", "\n")] for row in self.body.rows()]
        if rows:
            rows.append([("", "\n")])
        return [fragment for row in rows for fragment in row] + self._foot()

    def _foot(self) -> Row:
        if self._trouble is None:
            words = " · ".join(part for part in (self.body.hint, "Esc back") if part)
            return [("class:dim", _indented(words))]
        return [("class:wrong", _indented(f"✗ {shown(in_words(self._trouble))}"))]


def _indented(text: str) -> str:
    """Return a text in as many lines as it needs, each a little to the right."""
    columns = max(get_app().output.get_size().columns - 3, 20)
    return textwrap.indent(textwrap.fill(text, columns, subsequent_indent="  "), "  ")


def in_words(wrong: StudioError) -> str:
    """Return what is wrong, and what helps; a hint that is a command or a flag helps only who types commands."""
    hint = wrong.hint or ""
    helps = not ("--" in hint or "studio " in hint)
    return " ".join(part for part in (wrong.message, hint if helps else "") if part)


# ── one question after the other ──────────────────────────────────────────────────────────────────

Known = Mapping[str, Any]
Step = Callable[[Known], "Known | None"]
"""Asks one thing and returns what is known by it; None when there is nothing to ask."""


def walk(prompts: Prompts, steps: Sequence[Step], known: Known) -> dict[str, Any]:
    """Ask what is not known yet, in order; Esc takes the last answer back. Return all that is known then."""
    answers: list[tuple[int, int, Known]] = []
    at = 0
    while at < len(steps):
        begun = prompts.lines
        try:
            answer = steps[at](_together(known, answers))
        except Back:
            answered_something = prompts.lines > begun
            prompts.unsay(prompts.lines - begun)
            if answers and not answered_something:
                at, begun, _ = answers.pop()
                prompts.unsay(prompts.lines - begun)
            continue
        if answer is not None:
            answers.append((at, begun, answer))
        at += 1
    return _together(known, answers)


def _together(known: Known, answers: Sequence[tuple[int, int, Known]]) -> dict[str, Any]:
    return {
        name: value for one in (known, *(answer for _, _, answer in answers)) for name, value in one.items()
    }
