"""Questionnaires: added once, found by name."""

from __future__ import annotations

import pytest

from studio_cli.booking import form as forms
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.store import form as form_store
from tests.conftest import Maker

FORM = '[[field]]\nname = "people"\nlabel = "How many?"\n'


def test_add_and_find(studio: Studio) -> None:
    """A form is kept with the text it was made from."""
    form = forms.add(studio, "intake", FORM)
    assert forms.find(studio, "intake") == form
    assert form_store.source(studio.file, "intake") == FORM
    assert form_store.listed(studio.file) == [form]


def test_name_is_unique(studio: Studio) -> None:
    """A second form of the same name is refused, and the first stays."""
    forms.add(studio, "intake", FORM)
    with pytest.raises(Refused) as refused:
        forms.add(studio, "intake", FORM.replace("people", "pets"))
    assert refused.value.code == "already_exists"
    assert forms.find(studio, "intake").fields[0].name == "people"


@pytest.mark.parametrize(("name", "source"), [("Intake Form", FORM), ("", FORM), ("intake", "not toml")])
def test_wrong_form(studio: Studio, name: str, source: str) -> None:
    """A form without a proper name or text is not kept."""
    with pytest.raises(WrongUsage):
        forms.add(studio, name, source)
    assert form_store.listed(studio.file) == []


def test_edit(studio: Studio) -> None:
    """An edit replaces text and questions and is in the history; the same text again changes nothing."""
    forms.add(studio, "intake", FORM)
    other = FORM.replace("people", "pets")
    edited = forms.edit(studio, "intake", other, before=FORM)
    assert (edited.changed, edited.form.fields[0].name) == (True, "pets")
    assert forms.find(studio, "intake") == edited.form
    assert forms.source_of(studio, "intake") == other
    assert not forms.edit(studio, "intake", other).changed
    with studio.file.reading() as sql:
        kinds = [row["kind"] for row in sql.execute("SELECT kind FROM event ORDER BY id")]
    assert kinds.count("form changed") == 1


def test_edit_leaves_what_was_sent(studio: Studio, make: Maker) -> None:
    """Sessions keep the questions they were set up with; the pending ones that do are told."""
    forms.add(studio, "intake", FORM)
    first, second, done = (make.session(f"2026-12-04 1{hour}:00", form="intake") for hour in range(3))
    before = first.form
    sessions.confirm(studio, str(done.id))
    edited = forms.edit(studio, "intake", FORM.replace("many", "much"))
    assert edited.keeping == (first.id, second.id)
    assert sessions.get(studio, first.id).form == before
    assert make.session("2026-12-04 14:00", form="intake").form == edited.form
    assert forms.edit(studio, "intake", FORM).keeping == (4,)
    assert forms.edit(studio, "intake", "# as it was\n" + FORM).keeping == (4,)


def test_edit_that_is_refused(studio: Studio) -> None:
    """A wrong text, a form that is not there, or one that somebody else changed meanwhile: nothing is changed."""
    forms.add(studio, "intake", FORM)
    with pytest.raises(WrongUsage):
        forms.edit(studio, "intake", "not toml")
    with pytest.raises(NotFound):
        forms.edit(studio, "other", FORM)
    with pytest.raises(Refused) as refused:
        forms.edit(studio, "intake", FORM + "\n", before="what it was when the editor was opened")
    assert refused.value.code == "changed_meanwhile"
    assert forms.source_of(studio, "intake") == FORM


def test_find_nothing(studio: Studio) -> None:
    """A form that is not there is answered with the nearest, whatever was typed."""
    forms.add(studio, "intake", FORM)
    with pytest.raises(NotFound) as missing:
        forms.find(studio, "intaek")
    assert missing.value.details == {"nearest": ["intake"]}
    for name in ("", "\x00", "%"):
        with pytest.raises(NotFound):
            forms.find(studio, name)
    with pytest.raises(WrongUsage):
        forms.find(studio, "\udcff")
