"""What an owner's template cannot do: reach anything but its words, or take more than a little time and memory."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from studio_cli import letters_bounded, letters_child
from studio_cli.booking import letter, mail, own_template, sample
from studio_cli.booking import session as sessions
from studio_cli.booking.overview import overview
from studio_cli.booking.share import Shared, share
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.language import Language
from studio_cli.letters import source_of, write
from studio_cli.letters_bounded import write_bounded
from studio_cli.model.message import LINK, Envelope, Letter
from studio_cli.model.session import Session
from studio_cli.model.template import Unusable
from studio_cli.store import setting as setting_store
from studio_cli.store import template as template_store
from tests.conftest import Maker

ENGLISH = Language()
AS_SET = letters_bounded.SECONDS

ESCAPES = {
    "a class": "{{ ''.__class__ }}",
    "every class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "by item": "{{ ''['__class__'] }}",
    "by a built name": "{{ ''['__cla' ~ 'ss__'] }}",
    "by attr": "{{ ''|attr('__class__') }}",
    "by format": "{{ '{0.__class__.__mro__}'.format('') }}",
    "by format kept": "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "by format through attr": "{{ ('{0.__class__}'|attr('format'))(1) }}",
    "by format through map": "{% set f = ['{0.__class__}']|map('attr', 'format')|first %}{{ f(1) }}",
    "by format_map": "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "globals of a part": "{{ details.__globals__ }}",
    "a file through a part": "{{ details.__globals__['__builtins__']['open']('FILE').read() }}",
    "globals of gettext": "{{ _.__globals__['__builtins__']['open']('FILE').read() }}",
    "a file through namespace": "{{ namespace.__init__.__globals__['__builtins__'].open('FILE').read() }}",
    "the environment": "{{ namespace.__init__.__globals__['t'].sys.modules['os'].environ }}",
    "a command": "{{ cycler.__init__.__globals__.os.sys.modules['subprocess'].getoutput('cat FILE') }}",
    "lipsum": "{{ lipsum.__globals__['os'].sys.modules['subprocess'].getoutput('cat FILE') }}",
    "itself": "{{ self._TemplateReference__context }}",
    "a loop": "{% for i in [1] %}{{ loop.__class__.__init__.__globals__ }}{% endfor %}",
    "a macro": "{% macro m() %}{% endmacro %}{{ m.__class__.__init__.__globals__ }}",
    "a frame": "{{ (['a']|map('upper')).gi_frame.f_globals }}",
    "the data": "{{ session.update({'title': 'ESCAPED'}) }}{{ session.title }}",
    "a list": "{{ changed.append('ESCAPED') }}{{ changed }}",
    "pickle": "{{ [].__reduce_ex__(2) }}",
    "include": "{% include 'FILE' %}",
    "import": "{% import 'FILE' as x %}{{ x }}",
    "extends": "{% extends 'FILE' %}",
}
"""By what each reaches for something that is not its own. FILE is a file with a secret."""

HARMLESS = (
    "{{ ['']|map(attribute='__class__')|list }}",
    "{{ ['']|groupby('__class__')|list }}",
    "{{ details }}",
)
"""What looks like an escape, and gets nothing."""

BOMBS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a number": "{{ 9 ** (9 ** 9) }}",
    "half of the memory, twice": "{% set a = 'x'|center(10 ** 8) %}{{ a ~ a ~ a }}",
    "doubling": "{% set n = namespace(x=['a']) %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "a long mail": "{% for a in range(99999) %}{{ details() }}{% endfor %}",
    "macros": "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "nesting": "{{ " + "(" * 40_000 + " }}",
}
"""What takes as much time or memory as it gets."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time: what a template may take of the processor stays the same."""
    monkeypatch.setattr(letters_bounded, "SECONDS", 30.0)


@dataclass
class Postbox:
    """A mailer that keeps what it is given."""

    sent: list[tuple[Envelope, Letter]] = field(default_factory=list)

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Take a mail."""
        self.sent.append((envelope, letter))


@pytest.fixture
def postbox(studio: Studio) -> Postbox:
    """A mailer, and the settings of a mail server."""
    change_setting(studio, "mail.host", "127.0.0.1")
    return Postbox()


def keep(studio: Studio, kind: str, body: str) -> None:
    """Make a text the owner's template, past every check, as an editor of files could."""
    template_store.write(studio.file, kind, "en", f"Subject: OWN\n\n{body}\n")


def again_by_the_shipped_one(studio: Studio, session: Session, kind: str) -> Letter:
    """Return the mail that the shipped template makes of a session that was shared before."""
    path = template_store.path_of(studio.file, kind, "en")
    aside = path.rename(path.with_suffix(".aside"))
    with studio.file.atomic():
        made, trouble = letter.compose(studio, sessions.get(studio, session.id), kind, linked=True)
    aside.rename(path)
    assert trouble is None
    return made


def spent() -> float:
    """Return the seconds of the processor that ended children of this process have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def deliver(studio: Studio, postbox: Postbox, shared: Shared) -> Letter:
    """Send the mail of a share."""
    assert shared.message_id
    assert mail.deliver(studio, postbox, shared.message_id, shared.link).state == "sent"
    return postbox.sent[-1][1]


# ── escapes ───────────────────────────────────────────────────────────────────────────────────────


def test_escapes_are_blocked(studio: Studio, make: Maker, tmp_path: Path) -> None:
    """A template that reaches out of its sandbox is not used: the session is shared, by the shipped mail."""
    (tmp_path / "secret").write_text("hunter2")
    session = make.session()
    for kind, source in ESCAPES.items():
        keep(studio, "share", source.replace("FILE", str(tmp_path / "secret")))
        shared = share(studio, "1", "email")
        message = mail.get(studio, shared.message_id or 0)
        assert (sessions.get(studio, 1).status, message.state) == ("pending", "queued")
        assert message.trouble and len(message.trouble) < 300, kind
        assert message.letter == again_by_the_shipped_one(studio, session, "share"), kind
        assert overview(studio).templates[0].why == message.trouble


@pytest.mark.parametrize("source", HARMLESS)
def test_nothing_there(source: str) -> None:
    """What a template names in vain comes into no mail."""
    _, text, html = write_bounded(f"Subject: x\n\n{source}", [SMALL], ENGLISH)[0]
    assert "class" not in text and "&lt;class" not in html


def test_the_escapes_are_real(tmp_path: Path) -> None:
    """Without the sandbox most of them do reach something: the tests above can fail."""
    (tmp_path / "secret").write_text("hunter2")
    warnings.simplefilter("ignore", ResourceWarning)  # nobody closes what an escape opens
    environment = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.i18n"])
    environment.install_null_translations()  # type: ignore[attr-defined]
    data = {"session": {"title": "x"}, "changed": [], "details": lambda: ""}
    escaped = []
    for kind, source in ESCAPES.items():
        try:
            made = environment.from_string(source.replace("FILE", str(tmp_path / "secret"))).render(data)
        except Exception as error:
            assert kind in {"include", "import", "extends"}, (kind, error)
            continue
        if any(sign in made for sign in ("hunter2", "ESCAPED", "<class", "__", "built-in")):
            escaped.append(kind)
    gc.collect()
    assert len(escaped) >= 20, sorted(set(ESCAPES) - set(escaped))


def test_nothing_but_the_request_reaches_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a template that left the sandbox would find no environment, no open file and no way to open one."""
    monkeypatch.setenv("STUDIO_MAIL_PASSWORD", "hunter2")
    look = (
        "import json, os, resource, sys\n"
        "sys.argv = ['x', json.dumps(sys.path)]\n"
        "from studio_cli import letters_child\n"
        "letters_child._load(); letters_child._seal()\n"
        "limits = {n: resource.getrlimit(getattr(resource, 'RLIMIT_' + n))[1] for n in ('NOFILE', 'NPROC')}\n"
        "tried = []\n"
        "for way in (lambda: open('/etc/passwd'), lambda: os.pipe(), lambda: __import__('xml.dom.pulldom')):\n"
        "    try: way(); tried.append('done')\n"
        "    except OSError as error: tried.append(error.errno)\n"
        "print(json.dumps([limits, tried]))\n"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == '[{"NOFILE": 0, "NPROC": 0}, [24, 24, 24]]', done.stderr
    with letters_bounded._process() as child:
        environ = Path(f"/proc/{child.pid}/environ")
        letters_bounded._read(child.stdout, 1, 10)  # type: ignore[arg-type]
        if environ.exists():
            assert b"hunter2" not in environ.read_bytes()
            assert sorted(entry.name for entry in Path(f"/proc/{child.pid}/fd").iterdir()) == ["0", "1", "2"]
    assert child.returncode is not None


# ── bombs ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_stopped(
    kind: str, studio: Studio, make: Maker, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template that takes all it gets is stopped within two seconds; the session is shared, by the shipped mail."""
    monkeypatch.setattr(letters_bounded, "SECONDS", AS_SET)
    session = make.session()
    keep(studio, "share", BOMBS[kind])
    before, begun = spent(), time.monotonic()
    shared = share(studio, "1", "email")
    took = time.monotonic() - begun
    assert spent() - before < 2
    assert (
        took < 2 + letters_bounded.START_SECONDS / 10
    )  # the start of the process is not the template's time
    sent = deliver(studio, postbox, shared)
    assert sent == again_by_the_shipped_one(studio, session, "share").with_link(shared.link or "")
    assert mail.get(studio, shared.message_id or 0).trouble


def test_memory_is_bounded() -> None:
    """The process of a template never has more than 256 MB, however it asks for them."""
    measure = (
        "import resource\n"
        "from studio_cli import letters_bounded\n"
        "from studio_cli.language import Language\n"
        "from tests.test_letters_bounds import BOMBS, SMALL\n"
        "letters_bounded.SECONDS = 30.0\n"
        "for kind in ('half of the memory, twice', 'doubling'):\n"
        "    try: letters_bounded.write_bounded('Subject: x\\n\\n' + BOMBS[kind], [SMALL], Language())\n"
        "    except Exception as error: print(type(error).__name__, error.costly)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", measure], capture_output=True, text=True, timeout=60, check=True
    )
    *outcomes, peak = done.stdout.split("\n")[:3]
    assert outcomes == ["Unusable True"] * 2, done.stderr
    assert 150 * 1024 < int(peak) < 256 * 1024  # kilobytes: it was given what there is, and no more


SMALL: dict[str, Any] = {
    "studio": {
        "name": "Ana", "email": "a@example.com", "phone": "", "signature": "", "color": "#2f5d50",
        "on_color": "#ffffff", "ink_color": "#2f5d50", "night_color": "#829e96",
    },
    "session": {"title": "T", "day": "D", "time": "T", "zone": "Z", "location": "", "asks": ""},
    "client": {"name": "Rui"}, "link": LINK, "changed": [],
}  # fmt: skip
"""The least that the frame of a mail wants to know."""


def test_a_bomb_costs_its_time_once(studio: Studio, make: Maker, postbox: Postbox) -> None:
    """A text that took all the time is not tried again, for any mail, until it is another text."""
    for hour in (9, 11, 14):
        make.session(f"2026-12-04 {hour:02}:00")
    keep(studio, "share", BOMBS["loops"])
    share(studio, "1", "email")
    before = spent()
    second = share(studio, "2", "email")
    assert spent() - before < 0.02  # no process at all
    assert mail.get(studio, second.message_id or 0).trouble == "It takes too long to fill in."
    keep(studio, "share", "Hello {{ client.name }}")
    third = mail.get(studio, share(studio, "3", "email").message_id or 0)
    assert (third.letter.subject, third.trouble) == ("OWN", None)
    assert overview(studio).templates == []


def test_confirming_goes_on(studio: Studio, make: Maker, postbox: Postbox) -> None:
    """A bomb in the mail of a confirmation, and an escape in the one after it, stop neither the booking nor the mail."""
    make.session()
    share(studio, "1", "direct")
    keep(studio, "confirmed", BOMBS["loops"])
    assert sessions.confirm(studio, "1").session.status == "confirmed"
    (sent,) = mail.send_written(studio, postbox)
    assert (sent.kind, sent.state, sent.trouble) == ("confirmed", "sent", "It takes too long to fill in.")
    keep(studio, "canceled", ESCAPES["a class"])
    assert sessions.cancel(studio, "1").session.status == "canceled"
    (sent,) = mail.send_written(studio, postbox)
    assert (sent.kind, sent.state) == ("canceled", "sent")
    assert sent.trouble and sent.trouble.startswith("line 3: A template may not do that: ")


# ── what else can go wrong ────────────────────────────────────────────────────────────────────────


def trouble_with(source: str, data: Mapping[str, Any] = SMALL) -> str:
    """Return why a template cannot be used."""
    with pytest.raises(Unusable) as problem:
        write_bounded(source, [data], ENGLISH)
    return str(problem.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Hello", "line 1: It has to begin with its subject: a line like Subject: Hello"),
        ("Subject:\n\nHello", "line 1: Its subject is empty."),
        ("Subject: {{ link }}\n\nHello", "line 1: The link cannot be in the subject"),
        ("Subject: x{{ 'x' * 500 }}\n\nHello", "line 1: Its subject is longer than 500 characters."),
        ("Subject: x\n\n{{ client.nmae }}", "line 3: There is no nmae there."),
        ("Subject: x\n\n{{ clinet }}", "line 3: There is no clinet here."),
        ("Subject: x\n\n{{ 'a' + 1 }}", "line 3: It cannot be filled in. Can only concatenate str"),
        ("Subject: x\n\n{{ quote() }}", "line 3: Parameter 'text' was not provided."),
        ("Subject: x\n\n{{ client.name", "line 3: It ends in the middle: }} is missing."),
        ("Subject: x\n{{ '\\x00' }}", "It makes a character that no mail can have (U+0000)."),
        ("Subject: x\n{{ '\\x1b[31m' }}", "It makes a character that no mail can have (U+001B)."),
        ("Subject: x\n{{ '\\ud800' }}", "It makes a character that no mail can have (U+D800)."),
        ("Subject: x\n" + "x" * 100_000, "It has 100,011 characters; the limit is 100,000."),
    ],
)  # fmt: skip
def test_why_not(source: str, words: str) -> None:
    """What is wrong with a template is one plain sentence, with its line where there is one."""
    assert trouble_with(source).startswith(words)


def test_the_same_mail_as_in_this_process(studio: Studio) -> None:
    """The process writes what would be written here, in whichever language."""
    for code in ("en", "pt"):
        language = Language(code, code)
        data = sample.trials(studio.settings, studio.now(), "changed", language)
        logo = {"address": "cid:logo", "width": 20, "height": 10}
        here = [write(source_of("changed"), one, language, logo) for one in data]
        assert [tuple(one) for one in write_bounded(source_of("changed"), data, language, logo)] == here


def test_every_filter_works_without_files() -> None:
    """No filter or test of Jinja needs a file that the process cannot open any more."""
    names = ("wordwrap(5)", "tojson", "pprint", "urlize", "random", "title", "xmlattr", "filesizeformat",
             "truncate(3)", "striptags", "batch(2)|list", "dictsort", "unique|list", "float", "round")  # fmt: skip
    given = {"xmlattr": "{'a': 1}", "dictsort": "{'a': 1}", "filesizeformat": "5", "round": "1.5"}
    used = "".join(f"{{{{ {given.get(name, chr(39) + 'a b' + chr(39))}|{name} }}}}\n" for name in names)
    assert write_bounded(f"Subject: x\n\n{used}", [SMALL], ENGLISH)


@pytest.mark.parametrize("how", ["folder", "not text", "too large", "pipe", "link to nowhere"])
def test_a_file_that_is_none(studio: Studio, make: Maker, how: str) -> None:
    """A template that cannot be read is not used and not waited for, and the owner is told."""
    path = template_store.path_of(studio.file, "share", "en")
    path.parent.mkdir()
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "link to nowhere":
        path.symlink_to("/nowhere")
    else:
        path.write_bytes(b"\xff\xfe" if how == "not text" else b"x" * 300_000)
    make.session()
    message = mail.get(studio, share(studio, "1", "email").message_id or 0)
    assert message.trouble and "share.en.md" in message.trouble
    assert message.letter.subject.startswith("Please confirm")
    assert overview(studio).templates[0].why == message.trouble


def test_no_process_to_be_had(studio: Studio, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started the shipped template is used, and the text is tried again the next time."""
    keep(studio, "share", "Hello")
    make.session()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        message = mail.get(studio, share(studio, "1", "email").message_id or 0)
    assert message.trouble and message.trouble.startswith("It could not be filled in")
    assert overview(studio).templates == []
    again = mail.get(studio, share(studio, "1", "email").message_id or 0)
    assert (again.letter.subject, again.trouble) == ("OWN", None)


def test_a_process_that_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of what the process answers nothing but its shape is believed."""
    for said in ("", "x", "[]", "{}", '{"letters": 1}', '{"letters": []}', '{"letters": [["a", "b"]]}',
                 '{"letters": [["a", "b", 1]]}', '{"problem": 1}', '{"problem": {}}', "[" * 100_000):  # fmt: skip
        liar = tmp_path / "liar.py"
        liar.write_text(
            f"import sys\nsys.stdout.write('+'); sys.stdout.flush(); sys.stdin.read()\nprint({said!r}, end='')"
        )
        monkeypatch.setattr(letters_child, "__file__", str(liar))
        assert trouble_with("Subject: x").endswith(".")


def test_a_process_that_falls_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process that says nothing more, whether or not it lets go of its pipes, is not waited for and does not live on."""
    monkeypatch.setattr(letters_bounded, "SECONDS", 0.3)
    for silence in ("os.close(1)", "pass"):
        mute = tmp_path / "mute.py"
        mute.write_text(f"import os, sys, time\nos.write(1, b'+')\n{silence}\ntime.sleep(60)")
        monkeypatch.setattr(letters_child, "__file__", str(mute))
        begun = time.monotonic()
        assert trouble_with("Subject: x")
        assert time.monotonic() - begun < 10


def test_a_fault_that_cannot_be_read(studio: Studio, make: Maker) -> None:
    """What somebody else wrote in the place of a remembered fault is no reason for a mail to fail."""
    keep(studio, "share", "Hello")
    make.session()
    for rubbish in ("x", "[]", "{}", "1"):
        with studio.file.atomic():
            setting_store.write(studio.file, "internal.template.share.en", rubbish)
        assert overview(studio).templates == []
    assert mail.get(studio, share(studio, "1", "email").message_id or 0).letter.subject == "OWN"


def test_several_at_once(studio: Studio) -> None:
    """Threads of the server write from the owner's templates at the same time without disturbing each other."""
    made: list[str] = []

    def one(number: int) -> None:
        made.append(write_bounded(f"Subject: {number}\n\nx", [SMALL], ENGLISH)[0][0])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == ["0", "1", "2", "3"]


def test_nothing_is_started_for_shipped_templates(studio: Studio, make: Maker) -> None:
    """A studio without templates of its own pays nothing for those that others have."""
    make.session()
    before = spent()
    share(studio, "1", "email")
    assert spent() - before < 0.001
    assert own_template.copies(studio) == []
