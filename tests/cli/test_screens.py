"""What the owner looks at: status, calendar and cards, at every width, in every colour, and read out."""

from __future__ import annotations

import io
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_cli.booking.studio import Studio, open_studio
from studio_cli.cli.cells import width_of
from tests import terminal_pictures, terminal_studio
from tests.conftest import Cli, Result
from tests.terminal import on_terminal, studio
from tests.terminal_pictures import SCREENS
from tests.terminal_studio import NOW

DOCS = Path(__file__).parent.parent.parent / "docs"
WIDTHS = (60, 80, 139, 140, 200)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HOSTILE = (
    "שלום עליכם",
    "👩‍👧‍👦 Família 🏳️‍🌈",
    "Zo\u0301e\u200b\u200d\u200b Dvořák",
    "日本語の名前はとても長いです" * 3,
    "Wolfeschlegelsteinhausenbergerdorff" * 5,
    "\u202egnp.exe \u2066x",
    "[red]Eva[/red] :smile:",
)


class Screen(io.StringIO):
    """A terminal in this process."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Return that somebody looks."""
        return True


Look = Callable[..., str]


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studio of the pictures, made once."""
    path = tmp_path_factory.mktemp("screens") / "studio.db"
    terminal_studio.furnish(path).file.close()
    return path


@pytest.fixture
def file(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, at the moment for which it is made."""
    path = tmp_path / "studio.db"
    shutil.copy(furnished, path)
    monkeypatch.setenv("STUDIO_NOW", NOW.format_iso())
    return path


@pytest.fixture
def hostile(file: Path) -> Path:
    """The same with names that want to break a screen."""
    opened = open_studio(file, lambda: NOW)
    with opened.file.atomic() as sql:
        for number, name in enumerate(HOSTILE, start=1):
            sql.execute("UPDATE client SET name = ? WHERE id = ?", (name, number))
            sql.execute(
                "UPDATE session SET title = ?, location = ? WHERE client_id = ?", (name, name * 2, number)
            )
        sql.execute("UPDATE calendar SET error = ?", (" ".join(HOSTILE),))
        sql.execute("UPDATE busy SET title = ?", (HOSTILE[3],))
    opened.file.close()
    return file


@pytest.fixture
def look(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """Return what a command shows on a terminal that is so wide: ``look("status", columns=60)``."""
    from studio_cli.cli import app

    del file

    def shown(*command: str, columns: int = 80, color: bool = False, encoding: str = "utf-8") -> str:
        screen = Screen()
        monkeypatch.setattr(screen, "encoding", encoding, raising=False)
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", screen)
            patch.setenv("COLUMNS", str(columns))
            patch.setenv("TERM", "xterm-256color")
            if not color:
                patch.setenv("NO_COLOR", "1")
            assert app.run(list(command)) == 0
        return screen.getvalue()

    yield shown


def plain(text: str) -> str:
    """Return what is left without colours."""
    return ESCAPE.sub("", text)


@pytest.mark.parametrize("columns", WIDTHS)
def test_nothing_is_wider_than_the_terminal(hostile: Path, look: Look, columns: int) -> None:
    """No line of a screen is wider than the terminal, whatever the names in it are."""
    del hostile
    for command in SCREENS.values():
        for line in look(*command, columns=columns).splitlines():
            if "studio " not in line or columns >= 80:
                assert width_of(line) <= columns, (command, line)


def test_a_terminal_of_few_columns_is_no_reason_to_fail(hostile: Path, look: Look) -> None:
    """However narrow, a screen is drawn, and its commands are in one piece as far as the terminal goes."""
    del hostile
    for columns in (3, 20, 45):
        for command in SCREENS.values():
            assert look(*command, columns=columns), command


def test_names_cannot_draw(hostile: Path, look: Look) -> None:
    """Marks that reorder text and markup are shown as what they are, and no character moves a cursor."""
    del hostile
    for command in SCREENS.values():
        text = look(*command, columns=200)
        assert not any(unicodedata.category(character) == "Cc" and character != "\n" for character in text)
        assert not {"\u202e", "\u2066"} & set(text), command


@pytest.mark.parametrize("columns", WIDTHS)
def test_status_has_all_its_facts(look: Look, columns: int) -> None:
    """At every width all that waits, is owed or failed is there, with its command in one piece."""
    text = look("status", columns=columns)
    for words in (
        "Today", "Coming week", "Waiting for you", "Waiting for clients", "Trouble", "Owed to you", "To give back",
        "11:00–12:00", "● confirmed", "◐ pending", "○ inquiry", "Noa Ben-David", "accept, decline or propose",
        "link opened 3 hours ago", "link never opened", "324.25 CAD", "20.00 CAD", "was due Sat 7 Nov, 18 days ago",
        "Mail 17 to ana@example.com (owner): failed", "Calendar School cannot be read", "Wed 25 Nov 09:51",
        "studio session accept 12", "studio payment record 10 40.00", "studio session share 11 --email",
        "studio session share 8 --email", "studio mail send 17", "studio calendar sync School",
        "studio payment record 1 204.25", "studio payment refund 6 20.00 --of 6",
    ):  # fmt: skip
        assert words in " ".join(text.split()), words
    assert "Wednesday 25 November 2026, 09:40" in text


def test_wide_status_stands_side_by_side(look: Look) -> None:
    """Where there is room the diary and what is to be done are beside each other."""
    assert any(
        "Today" in line and "Waiting for you" in line for line in look("status", columns=140).splitlines()
    )
    assert len(look("status", columns=200).splitlines()) < len(look("status", columns=139).splitlines())


@pytest.mark.parametrize("name", ["status", "month", "week", "agenda", "session", "client"])
def test_colour_adds_nothing_that_is_not_in_words(look: Look, name: str) -> None:
    """With and without colours a screen has the same characters, so that nobody depends on a colour."""
    colored = look(*SCREENS[name], color=True)
    assert ESCAPE.search(colored)
    assert plain(colored) == look(*SCREENS[name])


def test_status_when_all_is_well(file: Path, look: Look, cli: Cli) -> None:
    """A studio where nothing waits says so in one line, and when there is nothing at all how to begin."""
    file.unlink()
    cli(
        "init",
        "--name",
        "Ana",
        "--email",
        "a@example.com",
        "--timezone",
        "America/Toronto",
        "--currency",
        "CAD",
    ).ok()
    text = look("status")
    assert "Nothing waits for you, nobody owes you anything, and all mail has gone out." in text
    assert "Nothing more today." in text
    assert "Nothing waits for you" in cli("status", "--plain").ok().out


def test_long_lists_are_cut(file: Path, look: Look, cli: Cli) -> None:
    """Of many that wait the first ones are shown, with the command that shows the rest; ``--all`` cuts nothing."""
    del file
    for hour in range(12):
        cli(
            "session", "new", "--one-off", f"Talk {hour}", "--duration", "30m", "--price", "0", "--client", "rui",
            "--at", f"2027-01-04 {hour + 8:02}:00", "--custom",
        ).ok()  # fmt: skip
    text = look("status")
    assert "and 7 more: studio session list --status pending,inquiry" in text
    assert "Talk 11" not in text
    assert "Talk 11" in look("status", "--all")
    cli("session", "list", "--status", "pending,inquiry").ok()


BOXES = re.compile(r"[\u2500-\u259f\u25a0-\u25ff╱✓✗×…│]| {2,}")


@pytest.mark.parametrize("name", sorted(SCREENS))
def test_plain_is_to_be_read_out(cli: Cli, file: Path, name: str) -> None:
    """``--plain`` draws nothing, aligns nothing and cuts nothing, before or after the command, also into a pipe."""
    del file
    out = cli(*SCREENS[name], "--plain").ok().out
    assert out
    assert not BOXES.search(out), BOXES.search(out)
    assert "\t" not in out
    assert cli("--plain", *SCREENS[name]).ok().out == out


def test_plain_status_has_whole_sentences(cli: Cli, file: Path) -> None:
    """Read out, each thing is one line: what, when, since when, and the command."""
    del file
    out = cli("status", "--plain").ok().out
    assert (
        "Session 10. Portrait, Amara Okafor. Fri 4 Dec 10:00. Confirm payment. For 3 hours. Link opened 3 hours ago. "
        "Command: studio payment record 10 40.00\n"
    ) in out
    assert (
        "Session 5. Family session, Sofia Marchetti-Bergström. Tue 1 Dec, 13:00 to 14:30. Confirmed." in out
    )


def test_studio_plain_is_for_people(
    look: Look, cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STUDIO_PLAIN changes what a person gets, and nothing for a script."""
    del file
    lines = cli("session", "list").ok().out
    monkeypatch.setenv("STUDIO_PLAIN", "1")
    assert cli("session", "list").ok().out == lines
    assert look("session", "list").startswith("Number: 1. Status: confirmed.")


def test_old_terminals_get_what_they_can_show(look: Look) -> None:
    """Where there are no marks and lines, others of the same width stand for them."""
    text = look("status", encoding="ascii")
    assert "* confirmed" in text and "o pending" in text and "Today -----" in text
    assert "Jürgen" not in text or text.isascii() is False
    assert "Sofia Marchetti-Bergstr" in text


# ── calendar ──────────────────────────────────────────────────────────────────────────────────────


def test_month(look: Look) -> None:
    """A month is a grid with a mark for each session, what is free, and today; its sessions stand beneath."""
    text = look("calendar", "show")
    assert "November 2026" in text and "7 sessions, 19½ h free" in text
    assert "│›25  today│" in text
    assert "│ ●○       │" in text and "│ 3 h free │" in text and "│ · · · ·  │" in text
    assert "12              13:30–14:30  ○ inquiry    Portrait, Noa Ben-David" in text
    december = look("calendar", "show", "--month", "dec")
    assert "December 2026" in december and "╱╱ Worksh" in look(
        "calendar", "show", "--month", "2026-12", columns=200
    )
    assert "today" not in december


def test_week(look: Look) -> None:
    """A week is drawn by the hour: sessions as blocks, what is closed with dots, what is busy hatched."""
    text = look("calendar", "show", "--week")
    assert "›Wed 25" in text and "09:40›" in text
    assert "▌● Amara" in text and "┊◐ Rui" in text and "┊○ Noa" in text
    assert "╱ Denti…" in text and " · · · · " in text
    wide = look("calendar", "show", "--week", columns=200)
    assert "◐ 09:30–11:00 pending 8" in wide and "● 14:00 Eva Lima" in wide
    later = look("calendar", "show", "--week", "--from", "2026-12-08")
    assert "Tue 8 Dec 2026 to Mon 14 Dec 2026" in later and "╱ Works…" in later


def test_sessions_at_one_time_stand_side_by_side(look: Look, cli: Cli) -> None:
    """Sessions that overlap on purpose share the width of their day."""
    for title in ("Talk", "Tea"):
        cli(
            "session", "new", "--one-off", title, "--duration", "1h", "--price", "0", "--add-client", f"{title} Client",
            "--at", "2026-11-25 11:00", "--custom", "--allow-overlap",
        ).ok()  # fmt: skip
    text = look("calendar", "show", "--week", columns=200)
    row = next(line for line in text.splitlines() if line.startswith("11:00"))
    assert [row.count(mark) for mark in ("●", "◐")] == [1, 2]


def test_agenda(look: Look) -> None:
    """An agenda has each day with its sessions, busy times and what is free in between."""
    text = look("calendar", "show", "--agenda", "--days", "4")
    assert "Wednesday 25 November, today" in text and "5 h 50 min free" in text
    assert "    13:00–14:00    free       1 h\n 3  14:00–14:30  ● confirmed" in text
    assert "09:00–10:30  ╱ busy       School play, Private" in text
    assert "all day      ╱ time off   Workshop in Montréal" in look(
        "calendar", "show", "--from", "2026-12-10"
    )


def test_calendar_for_scripts(cli: Cli, file: Path) -> None:
    """Off a terminal each line begins with what it is; the JSON has each day with sessions, hours and free ranges."""
    del file
    rows = [
        line.split("\t") for line in cli("calendar", "show", "--agenda", "--days", "2").ok().out.splitlines()
    ]
    assert ["free", "2026-11-25T13:00:00-05:00", "2026-11-25T14:00:00-05:00"] in rows
    assert ["busy", "2026-11-26T14:00:00-05:00", "2026-11-26T15:00:00-05:00", "Dentist", "Private"] in rows
    assert [row[1] for row in rows if row[0] == "session"] == ["2", "3", "8"]
    found = cli("calendar", "show", "--month", "december", "--json").ok().json
    assert (found["view"], found["from"], found["to"], len(found["days"])) == (
        "month",
        "2026-12-01",
        "2026-12-31",
        31,
    )
    assert set(found["days"][0]) == {"date", "hours", "free", "time_off", "busy", "sessions"}
    assert found["days"][9]["time_off"][0]["reason"] == "Workshop in Montréal"
    assert found["days"][9]["free"] == []


@pytest.mark.parametrize(
    "options",
    [
        ("--week", "--agenda"),
        ("--month", "2026-12", "--from", "today"),
        ("--month", "2026-13"),
        ("--month", "soon"),
        ("--week", "--days", "3"),
        ("private", "--week"),
    ],
)
def test_calendar_refuses_what_contradicts_itself(cli: Cli, file: Path, options: tuple[str, ...]) -> None:
    """Views that contradict each other, and what is no month, are exit 2 with a hint."""
    del file
    refused = cli("calendar", "show", *options, "--json")
    assert refused.code == 2
    assert refused.error["hint"]


def test_days_on_which_clocks_change(cli: Cli, look: Look, file: Path) -> None:
    """A day of twenty-three hours and one of twenty-five are drawn like others."""
    opened: Studio = open_studio(file, lambda: NOW)
    opened.file.close()
    for day in ("2027-03-14", "2027-11-07"):
        cli("availability", "override", day, "00:00-24:00").ok()
        assert day[:4] in look("calendar", "show", "--week", "--from", day)
    free = (
        cli("calendar", "show", "--from", "2027-03-14", "--days", "1", "--json").ok().json["days"][0]["free"]
    )
    assert [(one["starts_at"], one["ends_at"]) for one in free] == [
        ("2027-03-14T00:00:00-05:00", "2027-03-15T00:00:00-04:00")
    ]


# ── cards ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("columns", WIDTHS)
def test_session_card(look: Look, columns: int) -> None:
    """A session's card says when in words, what is done and what is not, what it costs, and what comes next."""
    text = look("session", "show", "8", columns=columns)
    for words in (
        "Family session", "◐ pending 8", "Thursday 26 November 2026, tomorrow", "09:30 to 11:00 (1 h 30 min)",
        "✓ review ", "done Tue 24 Nov 03:40", "○ payment", "250.00 CAD", " 25.00 CAD", "254.25 CAD", " 50.00 CAD",
        "opened Tue 24 Nov 03:40", "studio session share 8 --email",
    ):  # fmt: skip
        assert words.strip() in " ".join(text.split()), words


def test_client_card(look: Look, cli: Cli) -> None:
    """A client's card has their next session, how many there were, what they paid and what is open; the JSON too."""
    text = look("client", "show", "sofia")
    for words in ("5 Family session, confirmed", "Tue 1 Dec 13:00, in 6 days", "304.25 CAD", "204.25 CAD"):
        assert words in text
    found = cli("client", "show", "sofia", "--json").ok().json
    assert (found["next_session"], found["sessions_coming"], found["sessions_past"]) == (5, 1, 1)
    assert found["paid"] == [{"amount": "304.25", "currency": "CAD"}]
    assert found["balance"] == [{"amount": "204.25", "currency": "CAD"}]
    nobody = cli("client", "add", "Nobody", "--json").ok().json
    assert "nothing" in look("client", "show", str(nobody["id"]))


# ── prose ─────────────────────────────────────────────────────────────────────────────────────────


def test_mail_errors_stand_beneath_the_table(look: Look) -> None:
    """What a mail server said is read in lines of its own, broken between words, not in a narrow column."""
    lines = look("mail", "list").splitlines()
    assert lines[-2:] == [
        "17  The server does not accept the login: 535 5.7.8 Authentication credentials",
        "    invalid. Next try: Wed 25 Nov 2026 09:51.",
    ]


def test_prose_is_broken_between_words(file: Path) -> None:
    """On a terminal a long message is broken between words, and the command in its hint stays in one piece."""
    del file
    command = studio("session", "new", "--type", "family", "--client", "rui", "--at", "2026-11-29 10:00")
    code, shown = on_terminal(command, columns=60)
    assert code == 3
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0] == "studio: Sun 29 Nov 2026 10:00 to 11:30 is outside your"
    assert " ".join(lines).count("Sunday") == 1


def test_dates_are_words(cli: Cli, look: Look) -> None:
    """Dates among prose are written as everywhere."""
    assert "Thu 10 Dec 2026 to Fri 11 Dec 2026, Workshop in Montréal" in look("availability", "show")
    result: Result = cli("availability", "override", "2026-12-24", "--remove")
    assert result.err.startswith("studio: Thu 24 Dec 2026 has no hours of its own.")


def test_pictures(look: Look) -> None:
    """What a terminal shows becomes a picture that asks nobody for anything, and the documentation has those it names."""
    drawn = terminal_pictures.render(look("status", color=True), 80, "studio status")
    assert "<svg" in drawn and "Waiting" in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    page = (DOCS / "terminal.md").read_text(encoding="utf-8")
    for name in re.findall(r"\((pictures/[^)]+)\)", page):
        assert (DOCS / name).exists(), name
