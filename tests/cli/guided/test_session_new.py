"""``studio session new`` on a terminal: asks for what is missing, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.guided.conftest import Replay, dump, rows
from tests.cli.guided.shell import Shell
from tests.terminal import on_terminal, studio


def test_type_slot_client_later(shell: Shell, file: Path, replayed: Replay) -> None:
    """Session type, day, free slot, client, later: the session is set up, and the one command shown does the same."""
    shell.run("session new")
    shell.sees("Session type:", "❯ Family session", "Portrait", "One-off")
    shell.press("enter")
    shell.sees("November 2026", "[20•]", "• free", "12 free times")
    shell.press("pagedown")
    shell.sees("December 2026", "Sun 20 Dec 2026: nothing is free.")
    shell.press("up", "up", "left", "left")
    shell.sees("[ 4•]", "Fri 4 Dec 2026: 10 free times")
    shell.press("enter")
    shell.sees("Time:", "❯ 11:00 to 12:30", "Select custom…", "Another day…")
    shell.press("13:3")
    shell.sees("❯ 13:30 to 15:00")
    shell.press("enter")
    shell.sees("Client:", "❯ Émile Zola", "lima@example.com", "Add new client…")
    shell.press("down", "down", "enter")
    shell.sees("Send session:", "❯ Copy the direct link", "no mail server is set")
    shell.press("later", "enter")
    shown = shell.ends()
    assert "Session 2 is set up: Family session with Rui Lima" in shown
    assert replayed(shell.all_shown)[1:] == [
        "session", "new", "--type", "family", "--at", "2026-12-04 13:30", "--client", "lima@example.com",
        "--share", "none",
    ]  # fmt: skip
    del file


def test_one_off_custom_new_client(shell: Shell, file: Path, replayed: Replay) -> None:
    """A one-off at a custom time with a new client, link copied: the client is kept with the session."""
    shell.run("session new")
    shell.sees("Session type:")
    shell.press("one", "enter")
    shell.sees("Title:")
    shell.press("Team's “headshots”", "enter")
    shell.sees("Duration:")
    shell.press("two hours", "enter")
    shell.sees("✗ The duration cannot be 'two hours'", "like 90m, 1h30 or 2h.")
    shell.press("clear", "2h", "enter")
    shell.sees("Price in CAD:")
    shell.press("1.999", "enter")
    shell.sees("✗ The price '1.999' has more decimals than CAD has (2).")
    shell.press("clear", "400", "enter")
    shell.sees("Day:")
    shell.press("sat 19:30")
    shell.sees("Enter takes Sat 21 Nov 2026 19:30.")
    shell.press("enter")
    shell.sees("is outside your hours: there are no hours on a", "Client:")
    shell.press("Eva")
    shell.sees("Nothing is like that.", "❯ Add new client “Eva”…")
    shell.press("enter")
    shell.sees("Name: Eva")
    shell.press(" Lima", "enter")
    shell.sees("Email:")
    shell.press("rui@example.com", "enter")
    shell.sees("✗ There is a client with that address already: 1 Rui Costa")
    shell.press("clear", "eva@", "enter")
    shell.sees("✗ 'eva@' is not a mail address")
    shell.press("example.com", "enter")
    shell.sees("Phone:")
    shell.press("x", "enter")
    shell.sees("✗ 'x' is not a phone number")
    shell.press("clear", "+1 416 555 0199", "enter")
    shell.sees("Send session:")
    shell.press("enter")
    shown = shell.ends()
    assert "This is outside your availability." in shown
    assert "Copied, if your terminal allows it." in shown
    words = replayed(shell.all_shown)
    assert words[words.index("--add-client") + 1] == "Eva Lima <eva@example.com>"
    assert {"--custom", "--client-phone"} <= set(words)
    del file


def test_only_the_missing_is_asked(shell: Shell, file: Path, replayed: Replay) -> None:
    """What was typed is not asked for; when nothing is missing, nothing is asked and no command is shown."""
    shell.run('session new --at "2026-12-07 09:00" --share link --type fam')
    shell.sees("Client:")
    shell.press("lima", "enter")
    shown = shell.ends()
    assert [line for line in shown.splitlines() if line.startswith("✓")] == [
        "✓ Client: Rui Lima, lima@example.com"
    ]
    assert replayed(shell.all_shown)[-2:] == ["--share", "link"]
    shell.run('session new --type fam --share none --client rui@example.com --at "2026-12-08 09:00"')
    shown = shell.ends()
    assert "Session 3 is set up" in shown
    assert "✓" not in shown
    assert "The same" not in shown
    del file


def test_wrong_value_fails_before_anything_is_asked(shell: Shell, file: Path) -> None:
    """A value that was typed wrong fails as it does off a terminal; no question is asked first."""
    before = dump(file)
    for words, code, said in (
        ("--type nonsuch", 4, "There is no session type"),
        ("--client nobody", 4, "There is no client"),
        ('--at "25 o clock"', 2, "is not a date and time"),
        ("--one-off X --duration long", 2, "is not a length of time"),
        ('--add-client "Rui <rui@example.com>"', 3, "There is a client with that address already"),
        ("--share pigeon", 2, "is not a way to share"),
    ):
        shell.run(f"session new {words}")
        shown = shell.ends(code)
        assert said in shown
        assert "?" not in shown.splitlines()[1][:2]
    assert dump(file) == before


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────

TO_A_MAIL = (
    ("Session type:", ("one", "enter")),
    ("Title:", ("Portrait", "enter")),
    ("Duration:", ("enter",)),
    ("Price in CAD:", ("50", "enter")),
    ("Day:", ("enter",)),
    ("Time:", ("sel", "enter")),
    ("Date and time:", ("19:30", "enter")),
    ("Client:", ("ém", "enter")),
    ("Send session:", ("mail", "enter")),
    ("Email of Émile Zola:", ()),
)
TO_A_NEW_CLIENT = (
    ("Client:", ("eva", "enter")),
    ("Name: eva", ("enter",)),
    ("Email:", ("eva@example.com", "enter")),
    ("Phone:", ("enter",)),
    ("Send session:", ()),
)


@pytest.mark.parametrize(
    ("command", "questions", "key"),
    [
        ("session new", TO_A_MAIL, "ctrl-c"),
        ("session new --type family --at '2026-12-07 09:00'", TO_A_NEW_CLIENT, "ctrl-d"),
    ],
    ids=["to a mail", "to a new client"],
)
def test_interrupted_at_each_question(
    shell: Shell, file: Path, command: str, questions: tuple[tuple[str, tuple[str, ...]], ...], key: str
) -> None:
    """Ctrl-C and Ctrl-D at any question leave with 130: nothing is in the file, and the terminal is as it was."""
    before = file.read_bytes()
    for last in range(len(questions)):
        shell.run(command)
        for question, keys in questions[:last]:
            shell.sees(question)
            shell.press(*keys)
        shell.sees(f"? {questions[last][0]}")
        shell.press(key)
        assert "Interrupted. Nothing was changed." in shell.ends(130)
    assert file.read_bytes() == before


def test_esc_goes_back(shell: Shell, file: Path) -> None:
    """Esc takes the last answer off the screen and asks again, up to the first question; nothing is changed."""
    before = dump(file)
    shell.run("session new")
    for question, keys in TO_A_MAIL[:-1]:
        shell.sees(f"? {question}")
        shell.press(*keys)
    shell.sees("? Email of")
    for question, _ in reversed(TO_A_MAIL[:-1]):
        shell.press("esc")
        shown = shell.sees(f"? {question}")
        assert shown.count("?") == 1, shown
    assert "✓" not in shown
    shell.press("esc", "one", "enter")
    shell.sees("? Title:")
    shell.press("ctrl-c")
    shell.ends(130)
    assert dump(file) == before


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


def test_days_without_free_times_say_why(shell: Shell, file: Path) -> None:
    """Enter on a day without free times says what closes it; a typed day is jumped to; Tab is for a custom time."""
    shell.run("session new --type family --client rui@example.com --share none")
    shell.sees("Day:")
    shell.press("24 dec", "enter")
    shell.sees("[24 ]", "✗ Thu 24 Dec 2026 09:00 is in your time off 1 (Winter holidays).")
    shell.press("clear", "2026-11-22", "enter")
    shell.sees("[22 ]", "is outside your hours: there are no hours on", "a Sunday.")
    shell.press("clear", "never", "enter")
    shell.sees("✗ 'never' is not a date and time")
    shell.press("clear", "tab")
    shell.sees("❯ Select custom…")
    shell.press("enter")
    shell.sees("Date and time: 2026-11-22")
    shell.press("9am", "enter")
    shown = shell.ends()
    assert "This is outside your availability." in shown
    del file


def test_another_day(shell: Shell, file: Path, replayed: Replay) -> None:
    """From a day's free times one can go back to the month, which is as it was left."""
    shell.run("session new --type family --client rui@example.com --share none")
    shell.sees("Day:")
    shell.press("right", "right", "right", "enter")
    shell.sees("Time:")
    shell.press("another", "enter")
    shown = shell.sees("? Day:", "[23•]")
    assert "✓" not in shown
    shell.press("enter", "enter")
    assert "Monday 23 November 2026, 09:00 to 10:30" in shell.ends()
    replayed(shell.all_shown)
    del file


def test_taken_time_is_asked_about(shell: Shell, file: Path, replayed: Replay) -> None:
    """A custom time where another session is: what it overlaps is shown, and both are booked only if chosen."""
    shell.run("session new --type family --client rui@example.com --share none")
    shell.sees("Day:")
    shell.press("4 dec 10:30", "enter")
    shell.sees(
        "There is session 1, Portrait with Rui Costa, 10:00 to 11:00.",
        "? That time is taken:",
        "❯ Another time",
    )
    shell.press("enter")
    shell.sees("? Date and time: 4 dec 10:30")
    shell.press("enter")
    shell.sees("? That time is taken:")
    shell.press("both", "enter")
    assert "It overlaps session 1, as you allowed." in shell.ends()
    words = replayed(shell.all_shown)
    assert "--allow-overlap" in words
    assert "--custom" not in words
    del file


def test_time_that_exists_twice(shell: Shell, file: Path, replayed: Replay) -> None:
    """A time that clocks show twice is asked about; the command says which one it is."""
    shell.run("session new --type portrait --client rui@example.com --share none")
    shell.sees("Day:")
    shell.press("2027-11-07 01:30", "enter")
    shell.sees("01:30 comes twice that night:", "The first", "UTC-04:00", "The second", "UTC-05:00")
    shell.press("down", "enter")
    shell.ends()
    assert "--second" in replayed(shell.all_shown)
    assert rows(file, "session")["session"][-1] != rows(file, "session")["session"][0]


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


def test_mail_to_a_client_without_an_address(shell: Shell, file: Path, replayed: Replay) -> None:
    """Who has no address is asked for one, kept with the session; without a mail server the link is shown, exit 5."""
    shell.run("session new --type family --client zola --at '2026-12-07 09:00'")
    shell.ends(4)
    shell.run("session new --type family --client émile")
    shell.sees("Day:")
    shell.press("enter", "enter")
    shell.sees("Send session:", "no mail server is set")
    shell.press("mail", "enter")
    shell.sees("Email of Émile Zola:")
    shell.press("rui@example.com", "enter")
    shell.sees("✗ There is a client with that address already")
    shell.press("clear", "zola@example.com", "enter")
    shown = shell.ends(5)
    assert "/s/" in shown
    assert "No mail server is set." in shell.all_shown
    assert "--client-email" in replayed(shell.all_shown)
    assert "zola@example.com" in str(rows(file, "client"))


def test_address_that_is_known_is_not_replaced(shell: Shell, file: Path) -> None:
    """--client-email adds an address where there is none; another one is refused and nothing is set up."""
    before = dump(file)
    shell.run(
        "session new --type family --client 1 --at '2026-12-07 09:00' --client-email other@example.com --share none"
    )
    assert "has another email: rui@example.com" in shell.ends(3)
    assert dump(file) == before


def test_qr_code(shell: Shell, file: Path, replayed: Replay) -> None:
    """A QR code of the link is drawn when it is chosen."""
    shell.resize(100, 50)
    shell.run("session new --type family --client rui@example.com --at '2026-12-07 09:00' --one-off x")
    shell.ends(2)
    shell.run("session new --at '2026-12-07 09:00' --client rui@example.com")
    shell.sees("Session type:")
    shell.press("enter")
    shell.sees("Send session:")
    shell.press("qr", "enter")
    assert "▀▀▀▀" in shell.ends()
    assert replayed(shell.all_shown)[-2:] == ["--share", "qr"]
    del file


# ── terminals ────────────────────────────────────────────────────────────────────────────────────


def test_window_made_smaller(shell: Shell, file: Path) -> None:
    """A window made 60 columns wide in the middle of a question shows it whole, and it goes on."""
    shell.run("session new")
    shell.sees("Session type:")
    shell.press("enter")
    shell.sees("Day:")
    shell.resize(60)
    shell.press("right", "right", "right")
    shown = shell.sees("[23•]", "Esc back")
    assert shown.count("November 2026") == 1
    assert all(len(line) <= 60 for line in shown.splitlines())
    shell.press("enter")
    shell.sees("Time:", "Another day…", "Esc back")
    shell.press("ctrl-c")
    shell.ends(130)
    del file


def test_without_colour(file: Path) -> None:
    """With NO_COLOR nothing is coloured or reversed: free days have a mark, the picked one brackets."""
    with Shell(environ={"NO_COLOR": "1"}) as shell:
        shell.run("session new --type family")
        shell.sees("[20•]", " 23•", " 21 ")
        assert (shell.colors, shell.marked) == ({"default"}, "")
        shell.press("ctrl-c")
        shell.ends(130)
    with Shell() as shell:
        shell.run("session new --type family")
        shell.sees("[20•]", "Esc back")
        assert (shell.colors, shell.marked) == ({"default", "cyan", "green"}, "[20•]")
    del file


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--no-input", "session", "new"], {}),
        (["session", "new", "--json"], {}),
        (["session", "new"], {"TERM": "dumb"}),
    ],
    ids=["--no-input", "--json", "dumb"],
)
def test_never_asked(file: Path, arguments: list[str], environ: dict[str, str]) -> None:
    """With --no-input, with --json and on a dumb terminal a missing value is exit 2 and names the flag."""
    code, shown = on_terminal(studio(*arguments), environ=environ)
    assert code == 2
    assert "--at is missing" in shown
    assert "?" not in shown
    del file
