"""The owner's mail templates: used for whom they are written, kept through upgrades, never a reason to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio_cli.booking import mail, own_template
from studio_cli.booking import template as templates
from studio_cli.booking.share import share
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.language import ENGLISH
from studio_cli.model.message import KINDS, Message
from studio_cli.store import message as message_store
from studio_cli.store import template as template_store
from tests.conftest import Door, Maker
from tests.model.test_picture import png
from tests.web.visitor import Visitor

OWN = "Subject: Ana here: {{ session.title }}\n\nDear {{ client.name }}, [look here]({{ link }}).\n"


def own(
    studio: Studio, kind: str = "share", source: str = OWN, language: str | None = None
) -> templates.Template:
    """Make a text the owner's template."""
    template, changed = templates.edit(studio, templates.find(studio, kind, language), source)
    assert changed
    return template


def shared(studio: Studio, number: int = 1) -> Message:
    """Share a session by mail and return its message."""
    return mail.get(studio, share(studio, str(number), "email").message_id or 0)


# ── whose words ───────────────────────────────────────────────────────────────────────────────────


def test_a_mail_in_own_words(studio: Studio, make: Maker) -> None:
    """A mail is written from the owner's template, text and HTML, with the link in it."""
    own(studio)
    make.session()
    message = shared(studio)
    assert (message.letter.subject, message.trouble) == ("Ana here: Portrait", None)
    letter = message.letter.with_link("https://x/s/abc")
    assert "Dear Rui Costa, look here: https://x/s/abc." in letter.text
    assert '<a href="https://x/s/abc" class="leads"' in letter.html
    assert "Ana Silva Photography" in letter.text.split("\n\n")[-1]


def test_only_for_its_language(studio: Studio, make: Maker) -> None:
    """A client who reads another language goes on getting the shipped mail in theirs, until that has words too."""
    own(studio)
    make.session("2026-12-04 10:00", language="pt")
    assert shared(studio).letter.subject == "Confirme a sua sessão com Ana Silva Photography: Portrait"
    own(studio, language="pt-BR", source=OWN.replace("here", "aqui"))
    assert shared(studio).letter.subject == "Ana aqui: Portrait"


def test_only_for_its_kind(studio: Studio) -> None:
    """A template is for one kind of mail; copies of all kinds stand beside each other."""
    assert own_template.copies(studio) == []
    own(studio, "tomorrow", "Subject: See you\n\nBye\n")
    own(studio, "share", OWN, "de")
    own(studio)
    assert own_template.copies(studio) == [("share", "en"), ("share", "de"), ("tomorrow", "en")]


def test_a_waiting_mail_takes_the_words_of_now(studio: Studio, make: Maker) -> None:
    """A mail that waits says what the template says when it goes out."""

    class Postbox:
        def send(self, envelope: object, letter: object) -> None:
            """Take a mail."""

    change_setting(studio, "mail.host", "127.0.0.1")
    make.session()
    waiting = shared(studio)
    own(studio)
    assert mail.deliver(studio, Postbox(), waiting.id).letter.subject == "Ana here: Portrait"


def test_a_client_completes_a_booking_with_a_broken_template(studio: Studio, make: Maker, door: Door) -> None:
    """What a client does on their page is done, whatever is wrong with the owner's templates; the owner is told."""
    change_setting(studio, "mail.host", "127.0.0.1")
    for kind in ("confirmed", "owner", "receipt"):
        template_store.write(studio.file, kind, "en", "Subject: x\n\n{{ client.nmae }}\n")
    session = make.session(price="0")
    token = make.link(session)
    assert Visitor(door.base).post(f"/s/{token}/review", [("revision", "1")]).status == 303
    found = {one.kind: one for one in message_store.listed(studio.file)}
    assert {kind: one.trouble for kind, one in found.items()} == {
        "confirmed": "line 3: There is no nmae there.",
        "owner": "line 3: There is no nmae there.",
    }
    assert found["confirmed"].letter.subject.startswith("Confirmed: ")
    assert [one.kind for one in own_template.not_used(studio)] == ["confirmed", "owner"]


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


def test_what_is_kept(studio: Studio) -> None:
    """A copy is a file beside the studio's, readable by its owner only, with the shipped one that it was made from."""
    template = own(studio)
    assert template.path == studio.file.path.parent / "studio-templates" / "share.en.md"
    assert template.path.read_text(encoding="utf-8") == OWN
    assert template.copied == template.shipped != template.source
    assert template.path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_changes(studio: Studio) -> None:
    """The shipped text, or the owner's once more, changes nothing and makes no file."""
    template = templates.find(studio, "share")
    assert templates.edit(studio, template, template.shipped) == (template, False)
    assert not template_store.folder(studio.file).exists()
    template = own(studio)
    assert templates.edit(studio, template, OWN + "\n\n") == (template, False)


def test_a_mistake_is_not_kept(studio: Studio) -> None:
    """A text with a mistake is refused with its line, and the one before stays in use."""
    template = own(studio)
    with pytest.raises(Refused) as refusal:
        templates.edit(studio, template, OWN + "{{ session.titel }}{{ x }}")
    assert refusal.value.message == (
        "share, line 4: There is no session.titel here. "
        "Did you mean “session.title” or “session.time” or “session.total”? And 1 more mistake."
    )
    assert refusal.value.details["mistakes"][1]["line"] == 4
    assert template.path.read_text(encoding="utf-8") == OWN


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("Hello", 1, "It has to begin with its subject"),
        ("Subject: x\n\n{{ session.balance + 1 }}", 3, "It cannot be filled in."),
        ("Subject: x\n\n{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", 1, "It takes too long"),
        ("Subject: x\n\n{{ mail.note.nothing }}", 3, "There is no nothing there."),
        ("Subject: x\n\n{% if session.refunded %}\n{{ 1 / 0 }}{% endif %}", 4, "It cannot be filled in."),
        ("Subject: x\n\n{% if not session.location %}\n{{ ''.x }}{% endif %}", 4, "There is no x there."),
    ],
)  # fmt: skip
def test_what_comes_up_when_it_is_filled_in(studio: Studio, source: str, line: int, words: str) -> None:
    """A template is tried with sessions in the states in which its mail is sent, in all details and with the fewest."""
    (mistake,) = templates.check(studio, "canceled", ENGLISH, source)
    assert (mistake.line, mistake.message.startswith(words)) == (line, True), mistake


def test_changed_meanwhile(studio: Studio) -> None:
    """What was changed by another program while the editor was open is not written over."""
    template = own(studio)
    template.path.write_text("Subject: other\n\nx\n", encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        templates.edit(studio, template, OWN.replace("Dear", "Hello"))
    assert refusal.value.code == "changed_meanwhile"
    assert template.path.read_text(encoding="utf-8") == "Subject: other\n\nx\n"


def test_reset(studio: Studio, make: Maker) -> None:
    """Going back keeps the owner's text, every time; a fault of it is forgotten with it."""
    first = templates.reset(studio, own(studio))
    second = templates.reset(studio, own(studio, source=OWN.replace("Dear", "Hello")))
    assert (first.name, second.name) == ("share.en.md.old", "share.en.md.old2")
    assert (first.read_text(encoding="utf-8"), "Hello" in second.read_text(encoding="utf-8")) == (OWN, True)
    make.session()
    assert shared(studio).letter.subject.startswith("Please confirm")
    assert template_store.listed(studio.file) == []


def test_an_upgrade(studio: Studio) -> None:
    """When the shipped words change, the owner's stay, and what is new is shown until it was seen."""
    template = own(studio)
    before = template.shipped.replace("It takes a few minutes", "It takes a moment")
    template_store.write_shipped(studio.file, "share", "en", before)  # as another version would have
    template = templates.find(studio, "share")
    assert (template.newly_shipped, template.own) == (True, OWN)
    yours, new = templates.differences(template)
    assert any(line.startswith("+Dear {{ client.name }}") for line in yours)
    changed = [line.split(",")[0] for line in new[2:] if line[:1] in "+-"]
    assert changed == ["-It takes a moment", "+It takes a few minutes"]
    templates.mark_seen(studio, template)
    template = templates.find(studio, "share")
    assert (template.newly_shipped, templates.differences(template)[1]) == (False, [])


def test_a_file_put_there_by_hand(studio: Studio) -> None:
    """A file that no command made is the owner's template all the same; it is compared with the shipped one."""
    template_store.write(studio.file, "share", "en", "Subject: x\r\n\r\nHello\r\n")
    template = templates.find(studio, "share")
    assert (template.own, template.copied, template.newly_shipped) == ("Subject: x\n\nHello\n", None, False)
    yours, new = templates.differences(template)
    assert (bool(yours), new) == (True, [])


def test_strangers(studio: Studio) -> None:
    """Files with the name of no mail or of no language are known to be of no use."""
    own(studio)
    folder = template_store.folder(studio.file)
    for name in ("shared.en.md", "share.xx.md", "share.en.md.old", "notes.txt", "README.md"):
        (folder / name).write_text("x")
    assert templates.strangers(studio) == ["share.xx.md", "shared.en.md"]


def test_unknown(studio: Studio) -> None:
    """A mail or a language that there is not is refused with the nearest, or with those there are."""
    with pytest.raises(NotFound) as missing:
        templates.find(studio, "confirm")
    assert (missing.value.hint or "").startswith("Did you mean “confirmed”")
    with pytest.raises(WrongUsage):
        templates.find(studio, "share", "klingon")


def test_history(studio: Studio) -> None:
    """Changing and resetting a template is in the studio's history."""
    templates.reset(studio, own(studio))
    kinds = [row[0] for row in studio.file.connection.execute("SELECT kind FROM event ORDER BY id")]
    assert kinds[-2:] == ["template changed", "template reset"]


# ── previewing ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_preview_of_every_kind(studio: Studio, kind: str) -> None:
    """Every mail can be looked at with a made-up session, without a trace in the file."""
    before = studio.file.connection.total_changes
    letter, trouble = templates.preview(studio, kind)
    assert trouble is None and letter.subject and "Family session" in letter.text
    assert "  " not in letter.subject and not letter.subject.endswith((",", ":"))
    assert studio.file.connection.total_changes == before


def test_preview_of_a_session(studio: Studio, make: Maker) -> None:
    """A session that is named is shown as it is, in its client's language; nothing of it changes."""
    make.session(language="pt", location="High Park")
    letter, _ = templates.preview(studio, "share", session="1")
    assert letter.subject == "Confirme a sua sessão com Ana Silva Photography: Portrait"
    assert "High Park" in letter.text
    assert templates.preview(studio, "share", "en", "1")[0].subject.startswith("Please confirm")
    assert "receipt 7" in templates.preview(studio, "receipt", "en", "1")[0].text
    assert message_store.listed(studio.file) == []


def test_preview_shows_what_would_happen(studio: Studio) -> None:
    """With a template that cannot be used the preview is the shipped mail, and says why."""
    own(studio)
    assert templates.preview(studio, "share")[0].subject == "Ana here: Family session"
    template_store.write(studio.file, "share", "en", "Subject: x\n\n{{ y }}")
    letter, trouble = templates.preview(studio, "share")
    assert (letter.subject[:14], trouble) == ("Please confirm", "line 3: There is no y here.")


def test_preview_with_a_logo(studio: Studio, tmp_path: Path) -> None:
    """The HTML of a preview stands alone: the logo is in it."""
    (tmp_path / "logo.png").write_bytes(png(40, 20))
    change_setting(studio, "brand.logo", str(tmp_path / "logo.png"))
    own(studio)
    for kind in ("share", "confirmed"):
        html = templates.preview(studio, kind)[0].html
        assert 'src="data:image/png;base64,' in html and "cid:" not in html
