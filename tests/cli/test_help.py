"""studio help: topics for somebody who has never seen the program, and the help of every command."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from studio_cli.cli.app import AREAS, NOUNS
from studio_cli.cli.help import TOPICS, WIDTH, parts, read
from studio_cli.model.session import STATUSES, TRANSITIONS
from tests.command_tree import commands, named_by, tree, words_of
from tests.conftest import Cli
from tests.terminal import on_terminal, studio

DOCS = Path(__file__).parent.parent.parent / "docs"
LONGEST = 45
"""Lines of a topic: one or two screens."""


def test_topics_are_listed(cli: Cli) -> None:
    """studio help lists every topic with what it tells, for scripts too; it needs no studio."""
    lines = cli("help").ok().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == list(TOPICS)
    listed = cli("help", "--json").ok().json
    assert [one["topic"] for one in listed] == list(TOPICS)
    assert all(one["title"] for one in listed)


def test_there_is_a_text_for_each_topic_and_a_topic_for_each_text() -> None:
    """The texts in the package are those of the topics."""
    texts = Path(sys.modules["studio_cli"].__path__[0]) / "help"
    assert {path.stem for path in texts.iterdir()} == set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_topics(cli: Cli, topic: str) -> None:
    """A topic fits one or two screens of 80 columns, and is text without colour for whoever reads no terminal."""
    out = cli("help", topic).ok().out
    assert out.startswith("# ")
    assert len(out.splitlines()) <= LONGEST
    assert max(map(len, out.splitlines())) <= WIDTH
    code = [line for kind, lines in parts(read(topic)[1]) if kind == "code" for line in lines]
    assert max(map(len, code), default=0) <= WIDTH - 2, "On a terminal code stands two columns in."
    assert "\x1b" not in out
    told = cli("help", topic, "--json").ok().json
    assert told["topic"] == topic
    assert told["text"].startswith(f"# {topic.split('-')[0].capitalize()}")


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_name_commands_that_exist(cli: Cli, topic: str) -> None:
    """Every command that a topic shows exists, with every option that it shows."""
    text = read(topic)[1]
    code = re.findall(r"`(studio [^`]*)`", text.replace("\n", " ").replace("  ", " "))
    code += [re.split(r" {2,}", line)[0] for line in text.splitlines() if line.startswith("studio ")]
    for line in code:
        words = [word for word in words_of(line) if word not in {"…"}]
        assert named_by(words) or tuple(words[:1]) in {one.path for one in tree()}, line
        result = cli(*words, "--help")
        assert result.code == 0, (line, result.err)


@pytest.mark.parametrize("words", [one.path for one in tree() if one.path], ids=" ".join)
def test_help_of_a_command(cli: Cli, words: tuple[str, ...]) -> None:
    """studio help COMMAND is what COMMAND --help says, unless a topic has that name."""
    wanted = cli(*words, "--help").ok().out
    if words in {(topic,) for topic in TOPICS}:
        assert f"studio {words[0]} --help" in read(words[0])[1]
    else:
        assert cli("help", *words).ok().out == wanted


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("sttuses",), "statuses"),
        (("exit-code",), "exit-codes"),
        (("sesion", "new"), "session"),
        (("session", "nw"), "new"),
        (("session", "new", "now"), "studio help lists the topics."),
        (("\x1b[31m",), "studio help lists the topics."),
    ],
)
def test_help_that_is_not_there(cli: Cli, words: tuple[str, ...], hint: str) -> None:
    """What there is no help on is exit 4, with the nearest topics and commands."""
    result = cli("help", *words)
    assert (result.code, result.out) == (4, "")
    assert hint in result.err
    assert "\x1b" not in result.err


def test_statuses_are_those_of_the_model() -> None:
    """The arrows that the topic on statuses draws are the changes that the model allows, and it names every status."""
    text = read("statuses")[1]
    drawn = set(re.findall(r"^(\w+) +-> (\w+) ", text, re.M))
    assert drawn == {(one, other) for one, others in TRANSITIONS.items() for other in others}
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^- (`.*?:)", text, re.M | re.S))))
    assert set(STATUSES) <= explained


def test_exit_codes_are_those_of_the_documentation() -> None:
    """The table of exit codes in the help is that of docs/scripting.md, word for word."""
    table = [line for line in read("exit-codes")[1].splitlines() if line.startswith("|")]
    assert "\n".join(table) in (DOCS / "scripting.md").read_text(encoding="utf-8")
    assert len(table) == 9


def test_on_a_terminal() -> None:
    """On a terminal a topic is wrapped to it, without marks of Markdown; what is shown is what is written."""
    for topic in TOPICS:
        code, shown = on_terminal(studio("help", topic), columns=60, environ={"NO_COLOR": "1"})
        assert code == 0
        lines = [line.rstrip() for line in shown.splitlines()]
        assert not [line for line in lines if line.startswith(("#", "```", "|"))]
        assert "`" not in shown
        written = re.sub(r"[`#|\s-]", "", read(topic)[1])
        assert re.sub(r"[`#|\s-]", "", shown) == written


def test_colour_on_a_terminal() -> None:
    """On a terminal with colour, headings and commands stand out."""
    code, shown = on_terminal(studio("help", "exit-codes"))
    assert code == 0
    assert "\x1b[1m" in shown and "\x1b[36m" in shown


def test_first_help_groups_the_commands_and_loads_none(cli: Cli) -> None:
    """The first help names each area once, with its commands below, and loads no module of any of them."""
    out = cli("--help").ok().out
    names = re.findall(r"^ {2}(\w*) +([a-z-]+)  +[A-Z]", out.partition("Commands:")[2], re.M)
    areas: dict[str, list[str]] = {}
    area = ""
    for label, noun in names:
        area = label or area
        areas.setdefault(area, []).append(noun)
    assert areas == {area: list(nouns) for area, nouns in AREAS.items()}
    script = (
        "import sys; from studio_cli.cli.app import run; run(['--help']); "
        "print(*(name for name in sys.modules if name.startswith('studio_cli.cli.')))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    loaded = set(ended.stdout.splitlines()[-1].split())
    assert loaded <= {"studio_cli.cli.app", "studio_cli.cli.desk", "studio_cli.cli.verb"}
    assert set(NOUNS) == {noun for nouns in areas.values() for noun in nouns}
    assert len(commands()) > len(NOUNS)
