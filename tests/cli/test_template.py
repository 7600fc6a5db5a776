"""``studio template``: putting the mails into the owner's words, and hearing when those cannot be used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from studio_cli import letters_bounded
from studio_cli.model.message import KINDS
from tests.conftest import Cli, studio_process
from tests.smtp_server import MailServer
from tests.terminal import Terminal, on_terminal, script, studio

OWN = "Subject: Ana here: {{ session.title }}\n\nDear {{ client.name }}, [look here]({{ link }}).\n"
BROKEN = "Subject: x\n\nDear {{ client.nmae }},\n{% include 'x' %}\n"
FIELDS = {"template", "about", "recipient", "language", "own", "path", "newly_shipped"}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time: what a template may take of the processor stays the same."""
    monkeypatch.setattr(letters_bounded, "SECONDS", 30.0)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the owner's template of the share mail is."""
    return tmp_path / "studio-templates" / "share.en.md"


@pytest.fixture
def own(new_studio: Cli, tmp_path: Path) -> Cli:
    """A studio with a share mail in the owner's words."""
    (tmp_path / "share.md").write_text(OWN, encoding="utf-8")
    new_studio("template", "edit", "share", "--file", str(tmp_path / "share.md")).ok()
    return new_studio


def break_it(copy: Path, source: str = BROKEN) -> None:
    """Put a text with mistakes in place, past every check."""
    copy.parent.mkdir(exist_ok=True)
    copy.write_text(source, encoding="utf-8")


# ── list, show ────────────────────────────────────────────────────────────────────────────────────


def test_list(own: Cli, copy: Path) -> None:
    """Every mail is listed: in whose words, with what is wrong with them."""
    rows = own("template", "list", "--json").ok().json
    assert len(rows) == len(KINDS) and all(set(row) == FIELDS | {"mistakes"} for row in rows)
    assert rows[0] == {
        "template": "share", "about": "the link to a session, to be completed", "recipient": "client",
        "language": "en", "own": True, "path": str(copy), "newly_shipped": False, "mistakes": [],
    }  # fmt: skip
    assert not any(row["own"] for row in rows[1:])
    break_it(copy)
    first, second, *_ = own("template", "list").ok().out.splitlines()
    assert first.split("\t") == ["share", "en", "yours", "", "2", "the link to a session, to be completed"]
    assert second.split("\t")[:3] == ["reminder", "en", "shipped"]


def test_list_on_a_terminal(own: Cli, copy: Path) -> None:
    """On a terminal the list says below what is wrong, what is new, and what is of no use."""
    break_it(copy)
    (copy.parent / ".shipped" / "share.en.md").write_text("before")
    (copy.parent / "shared.en.md").write_text("x")
    code, shown = on_terminal(studio("template", "list"))
    words = " ".join(shown.split())
    assert code == 0 and "share yours (en)" in words and "reminder as shipped" in words
    assert "Your share (en) is not used, but the shipped one: line 3: There is no client.nmae here." in words
    assert "The shipped share (en) has changed: studio template diff share" in words
    assert "shared.en.md is the template of no mail" in words


def test_show(own: Cli) -> None:
    """The owner's text is shown, with --shipped the one of the program, in whichever language."""
    assert own("template", "show", "share").ok().out == OWN
    shipped = own("template", "show", "share", "--shipped").ok().out
    assert "\nHello {{ client.name }},\n" in shipped
    assert own("template", "show", "confirmed", "--language", "pt").ok().out.startswith("{# What can")
    shown = own("template", "show", "share", "--json").ok().json
    assert set(shown) == FIELDS | {"source", "variables", "parts"} and shown["source"] == OWN


def test_variables_on_a_terminal(new_studio: Cli) -> None:
    """On a terminal the variables are a table that 80 columns hold."""
    code, shown = on_terminal(studio("template", "show", "share", "--variables"), environ={"NO_COLOR": "1"})
    assert code == 0 and max(map(len, shown.splitlines())) <= 90
    assert " session.discount_reason  why " in shown and '{{ button("See your booking") }}' in shown


@pytest.mark.parametrize("verb", ["show", "edit", "check", "preview", "diff", "reset"])
def test_unknown_mail(new_studio: Cli, verb: str) -> None:
    """A mail that there is not is exit 4 with the nearest; a language exit 2."""
    result = new_studio("template", verb, "confirmd", "--json")
    assert (result.code, result.error["details"]["nearest"][0]) == (4, "confirmed")
    assert new_studio("template", verb, "share", "--language", "xx").code == 2


# ── edit ──────────────────────────────────────────────────────────────────────────────────────────


def test_edit_from_a_file_and_stdin(new_studio: Cli, tmp_path: Path, copy: Path) -> None:
    """A template is made from a file or from stdin; the same text again changes nothing."""
    done = studio_process("template", "edit", "share", "--file", "-", "--json", input="\ufeff" + OWN)
    assert done.returncode == 0, done.stderr
    assert copy.read_text(encoding="utf-8") == OWN
    (tmp_path / "x.md").write_text(OWN, encoding="utf-8")
    edit = ("template", "edit", "share", "--file", str(tmp_path / "x.md"))
    again = new_studio(*edit, "--json").ok().json
    assert set(again) == FIELDS | {"changed", "source"} and again["changed"] is False
    assert new_studio(*edit).ok().out == "share\ten\tyours\t\t0\tthe link to a session, to be completed\n"


def test_edit_refuses_mistakes(own: Cli, tmp_path: Path, copy: Path) -> None:
    """A text with mistakes is exit 3 with each of them by line, and the one before stays."""
    (tmp_path / "x.md").write_text(BROKEN, encoding="utf-8")
    result = own("template", "edit", "share", "--file", str(tmp_path / "x.md"), "--json")
    assert (result.code, result.error["code"]) == (3, "template")
    assert [one["line"] for one in result.error["details"]["mistakes"]] == [3, 4]
    assert copy.read_text(encoding="utf-8") == OWN


def test_edit_in_the_editor(new_studio: Cli, tmp_path: Path, copy: Path) -> None:
    """The editor opens on the shipped words; mistakes are shown with their line, and it opens again on what was typed."""
    editor = script(
        tmp_path / "editor",
        f'cp "$1" {tmp_path}/given$(ls {tmp_path} | grep -c given)\n'
        f'if grep -q nmae "$1"; then sed -i s/nmae/name/ "$1"; else sed -i "s/Hello {{{{ client.name/Dear {{{{ client.nmae/" "$1"; fi',
    )
    with Terminal(studio("template", "edit", "share"), environ={"EDITOR": str(editor)}) as screen:
        screen.read_until("Edit it again? [y/N] ")
        assert "There is no client.nmae here. Did you mean “client.name”" in " ".join(screen.shown.split())
        assert not copy.exists()
        screen.type("y\n")
        assert screen.finish() == 0
    assert "\nHello {{ client.name }},\n" in (tmp_path / "given0").read_text(encoding="utf-8")
    assert "\nDear {{ client.nmae }},\n" in (tmp_path / "given1").read_text(encoding="utf-8")
    assert "\nDear {{ client.name }},\n" in copy.read_text(encoding="utf-8")


def test_edit_needs_a_terminal(new_studio: Cli) -> None:
    """Off a terminal an edit without a file is exit 2 and names the option."""
    result = new_studio("template", "edit", "share")
    assert (result.code, "--file" in result.err) == (2, True)


# ── check ─────────────────────────────────────────────────────────────────────────────────────────


def test_check(own: Cli, copy: Path, tmp_path: Path) -> None:
    """Mistakes are exit 3, each with file and line; a file can be checked before it is used."""
    assert own("template", "check").ok().out == "share.en.md is fine.\n"
    break_it(copy)
    result = own("template", "check", "share")
    assert (result.code, [line.split(":")[:2] for line in result.out.splitlines()]) == (
        3,
        [["share.en.md", "3"], ["share.en.md", "4"]],
    )
    (found,) = own("template", "check", "--json").json
    assert (found["fine"], [one["line"] for one in found["mistakes"]]) == (False, [3, 4])
    (tmp_path / "x.md").write_text(OWN, encoding="utf-8")
    assert (
        own("template", "check", "receipt", "--file", str(tmp_path / "x.md"))
        .ok()
        .out.endswith("x.md is fine.\n")
    )
    assert own("template", "check", "--file", str(tmp_path / "x.md")).code == 2


def test_nothing_to_check(new_studio: Cli) -> None:
    """Where there is nothing to check or to compare that is said, exit 0."""
    for verb in ("check", "diff"):
        result = new_studio("template", verb).ok()
        assert (result.out, "as shipped" in result.err) == ("", True)
        assert new_studio("template", verb, "--json").ok().json == []


# ── preview ───────────────────────────────────────────────────────────────────────────────────────


def test_preview(own: Cli, tmp_path: Path) -> None:
    """A preview is the subject and the text, or the HTML into a file that is not written over."""
    assert (
        own("template", "preview", "share")
        .ok()
        .out.startswith(
            "Subject: Ana here: Family session\n\nDear Rui Costa, look here: [the client's link].\n"
        )
    )
    page = tmp_path / "page.html"
    assert own("template", "preview", "share", "--html", str(page)).ok().out == f"{page}\n"
    assert "Dear Rui Costa" in page.read_text(encoding="utf-8")
    assert own("template", "preview", "share", "--html", str(page)).code == 3
    assert (
        own("template", "preview", "share", "--html", "-").ok().out == page.read_text(encoding="utf-8") + "\n"
    )
    shown = own("template", "preview", "confirmed", "--language", "de", "--json").ok().json
    assert set(shown) == {"template", "subject", "text", "html", "trouble"}
    assert (shown["trouble"], "Freitag" in shown["text"]) == (None, True)


def test_preview_of_a_session(own: Cli, copy: Path) -> None:
    """With a session the preview is about that; a template that cannot be used is said to be none."""
    own("session", "new", "--one-off", "Portrait", "--duration", "1h", "--price", "10",
        "--add-client", "Eva", "--at", "2026-12-04 10:00").ok()  # fmt: skip
    assert "Dear Eva," in own("template", "preview", "share", "--session", "last").ok().out
    break_it(copy)
    result = own("template", "preview", "share", "--session", "1").ok()
    assert result.out.startswith("Subject: Please confirm")
    assert "so this is the shipped one: line 3: There is no nmae there." in result.err
    assert own("template", "preview", "share", "--session", "9").code == 4


def test_preview_in_the_browser(own: Cli, tmp_path: Path) -> None:
    """On a terminal --open opens the HTML from a file that nobody else can read."""
    browser = script(tmp_path / "browser", f'echo "$1" > "{tmp_path}/opened"')
    code, _ = on_terminal(
        studio("template", "preview", "share", "--open"), environ={"BROWSER": f"{browser} %s"}
    )
    page = Path((tmp_path / "opened").read_text().strip().removeprefix("file://"))
    assert code == 0 and page.parent.stat().st_mode & 0o077 == 0
    assert "Dear Rui Costa" in page.read_text(encoding="utf-8")
    shutil.rmtree(page.parent)


# ── diff, reset ───────────────────────────────────────────────────────────────────────────────────


def test_diff(own: Cli, copy: Path) -> None:
    """What the owner changed is shown, and after an upgrade what is new, until it was seen."""
    result = own("template", "diff", "share").ok()
    assert result.out.startswith("--- share.en.md as shipped\n+++ share.en.md, yours\n@@")
    assert "\n+Dear {{ client.name }}, [look here]" in result.out
    (base,) = copy.parent.joinpath(".shipped").iterdir()
    base.write_text(base.read_text(encoding="utf-8").replace("Hello", "Hi"), encoding="utf-8")
    assert "\n-Hi {{ client.name }},\n+Hello {{ client.name }},\n" in own("template", "diff").ok().out
    code, shown = on_terminal(studio("template", "diff", "share", "--seen"))
    assert code == 0
    assert "What you changed in share (en)" in shown and "What the new version changed in share (en)" in shown
    (found,) = own("template", "diff", "--json").ok().json
    assert set(found) == FIELDS | {"yours", "new"}
    assert (found["new"], found["newly_shipped"], bool(found["yours"])) == ("", False, True)


def test_diff_is_coloured_on_a_terminal(own: Cli) -> None:
    """What came is green and what went is red, where there are colours."""
    _, shown = on_terminal(
        studio("template", "diff", "share"), environ={"TERM": "xterm-256color", "NO_COLOR": ""}
    )
    assert "\x1b[32m+Dear" in shown and "\x1b[31m-Hello" in shown


def test_reset(own: Cli, copy: Path) -> None:
    """Going back needs a yes, and keeps the owner's text in a file that it names."""
    assert own("template", "reset", "share").code == 2
    result = own("template", "reset", "share", "--yes", "--json").ok().json
    assert (result["own"], result["kept"]) == (False, f"{copy}.old")
    assert Path(result["kept"]).read_text(encoding="utf-8") == OWN
    assert own("template", "reset", "share", "--yes").ok().out == ""
    assert own("template", "list", "--json").ok().json[0]["own"] is False


# ── at work ───────────────────────────────────────────────────────────────────────────────────────


def test_the_owner_is_told(new_studio: Cli, copy: Path, mail_server: MailServer) -> None:
    """A broken template stops nothing: the shipped mail goes out, and the owner hears of it wherever they look."""
    for name, value in (("host", "127.0.0.1"), ("port", str(mail_server.port)), ("tls", "none")):
        new_studio("config", "set", f"mail.{name}", value).ok()
    new_studio("session", "new", "--one-off", "Portrait", "--duration", "1h", "--price", "10",
               "--add-client", "Eva <eva@example.com>", "--at", "2026-12-04 10:00").ok()  # fmt: skip
    break_it(copy, BROKEN.partition("{%")[0])
    sent = new_studio("session", "share", "1", "--email").ok()
    assert "Your template share was not used: line 3: There is no nmae there." in sent.err
    assert "studio template check share" in sent.err
    (received,) = mail_server.received
    assert "Please confirm your session" in received.mail["subject"]
    assert "line 3: There is no nmae there." in new_studio("mail", "show", "1").ok().out
    status = new_studio("status").ok()
    assert "Your template share (en) is not used: line 3: There is no nmae there." in status.err
    assert new_studio("status", "--json").ok().json["templates"] == [
        {"template": "share", "language": "en", "why": "line 3: There is no nmae there."}
    ]
    break_it(copy, OWN)
    assert "template" not in new_studio("status").ok().err


def test_a_fault_in_a_real_mail_is_found_by_check(new_studio: Cli, copy: Path) -> None:
    """What went wrong in a real mail and in no sample is told by check too, until the text is another one."""
    new_studio("session", "new", "--one-off", "Wedding", "--duration", "1h", "--price", "10",
               "--add-client", "Eva <eva@example.com>", "--at", "2026-12-04 10:00").ok()  # fmt: skip
    break_it(copy, "Subject: x\n\n{% if session.title == 'Wedding' %}{{ 1 / 0 }}{% endif %}")
    assert new_studio("template", "check").ok().out == "share.en.md is fine.\n"
    new_studio("session", "share", "1", "--email")
    result = new_studio("template", "check")
    assert result.code == 3
    assert result.out == (
        "share.en.md:3: In a mail that was to be sent: It cannot be filled in. Division by zero.\n"
    )
