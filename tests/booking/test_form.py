"""Questionnaires: added once, found by name."""

from __future__ import annotations

import pytest

from studio_cli.booking import form as forms
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.store import form as form_store

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
