"""Session types: added, changed, put away, found."""

from __future__ import annotations

from typing import Any

import pytest

from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import session_type as types
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio, change_setting
from studio_cli.errors import NotFound, Refused, StudioError, WrongUsage
from studio_cli.model.money import Money
from studio_cli.model.session_type import SessionType, Terms
from studio_cli.model.site import SiteRules, TypedSite
from tests.conftest import Maker

FORM = '[[field]]\nname = "people"\nlabel = "How many?"\n'


def cad(amount: int) -> Money:
    """Return dollars."""
    return Money(amount * 100, "CAD")


# ── adding ────────────────────────────────────────────────────────────────────────────────────────


def test_add_with_everything(studio: Studio) -> None:
    """A type is kept as it was typed."""
    forms.add(studio, "intake", FORM)
    contracts.add(studio, "terms", "Agreed?")
    change_setting(studio, "mail.host", "mail.example.com")  # else no mail could be opened
    typed = TypedOffer(
        name="Séance de famille", duration="90m", price="250", deposit="20%", location="The park",
        buffer_before="10m", buffer_after="1h", increment="15m", notice="1d", window="60d", per_day=3, hold="2d",
        form="intake", contract="terms", private=True,
        site=TypedSite(True, "With *your* people.", True, "free", "20m", True, "2d", "0"),
    )  # fmt: skip
    offer, new = types.add(studio, typed)
    assert new
    assert offer == SessionType(
        id=offer.id, slug="seance-de-famille", name="Séance de famille", duration=90,
        terms=Terms(cad(250), "deposit", deposit_percent=20), location="The park", buffer_before=10, buffer_after=60,
        increment=15, notice=1440, window_days=60, per_day=3, hold=2880, form="intake", private=True,
        contract="terms",
        created_at=studio.now(), archived_at=None, link_key=offer.link_key,
        site=SiteRules(True, "With *your* people.", True, "free", 20, True, 2880, 0),
    )  # fmt: skip
    assert len(str(offer.link_key)) == 16


def test_add_with_little(studio: Studio) -> None:
    """What is not said has its default: due whole, no buffers, half-hour steps, no limits."""
    offer, _ = types.add(studio, TypedOffer(name="Portrait", duration="1h", price="100"))
    assert offer.terms == Terms(cad(100))
    assert (offer.buffer_before, offer.buffer_after, offer.increment, offer.notice) == (0, 0, 30, 0)
    assert (offer.window_days, offer.per_day, offer.hold, offer.form, offer.location) == (None,) * 5
    assert not offer.private


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": None}, WrongUsage),
        ({"name": "写真"}, WrongUsage),
        ({"name": "2026"}, WrongUsage),
        ({"slug": "Not A Slug"}, WrongUsage),
        ({"duration": None}, WrongUsage),
        ({"price": None}, WrongUsage),
        ({"duration": "4m"}, WrongUsage),
        ({"duration": "721m"}, WrongUsage),
        ({"price": "x"}, WrongUsage),
        ({"deposit": "300"}, WrongUsage),
        ({"pay": "deposit", "deposit": None}, WrongUsage),
        ({"buffer_before": "721m"}, WrongUsage),
        ({"increment": "4m"}, WrongUsage),
        ({"increment": "61m"}, WrongUsage),
        ({"window": "36h"}, WrongUsage),
        ({"window": "0d"}, WrongUsage),
        ({"per_day": 0}, WrongUsage),
        ({"hold": "0m"}, WrongUsage),
        ({"hold": "366d"}, WrongUsage),
        ({"form": "nothing"}, NotFound),
    ],
)
def test_add_refused(studio: Studio, changes: dict[str, Any], error: type[StudioError]) -> None:
    """What cannot be a type is refused, and none is kept."""
    values: dict[str, Any] = {"name": "Portrait", "duration": "1h", "price": "100", **changes}
    with pytest.raises(error):
        types.add(studio, TypedOffer(**values))
    assert studio.file.connection.execute("SELECT count(*) FROM session_type").fetchone()[0] == 0


def test_slug_is_unique(studio: Studio, make: Maker) -> None:
    """Two types never share a short name; with another one the same name is fine."""
    make.type("Family session")
    with pytest.raises(Refused) as refused:
        make.type("Family Session!")
    assert refused.value.code == "already_exists"
    assert make.type("Family session", slug="family-2").slug == "family-2"


def test_same_key(studio: Studio) -> None:
    """The same key again is the same type; for another one it is refused."""
    typed = TypedOffer(name="Portrait", duration="1h", price="100")
    first, _ = types.add(studio, typed, key="k1")
    assert types.add(studio, typed, key="k1") == (first, False)
    with pytest.raises(Refused) as refused:
        types.add(studio, TypedOffer(name="Portrait", duration="2h", price="100"), key="k1")
    assert refused.value.code == "key_reused"


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "typed", "terms"),
    [
        ({"deposit": "50"}, {"price": "300"}, Terms(cad(300), "deposit", deposit=cad(50))),
        ({"deposit": "20%"}, {"price": "300"}, Terms(cad(300), "deposit", deposit_percent=20)),
        ({"deposit": None, "pay": "later"}, {"price": "300"}, Terms(cad(300), "later")),
        ({"deposit": None}, {"price": "300"}, Terms(cad(300), "full")),
        ({"deposit": "50"}, {"pay": "full"}, Terms(cad(250), "full")),
        ({"deposit": "50"}, {"pay": "later"}, Terms(cad(250), "later")),
        ({"deposit": "50"}, {"pay": "deposit"}, Terms(cad(250), "deposit", deposit=cad(50))),
        ({"deposit": "50"}, {"deposit": "10%"}, Terms(cad(250), "deposit", deposit_percent=10)),
        ({"deposit": None, "pay": "later"}, {"deposit": "60"}, Terms(cad(250), "deposit", deposit=cad(60))),
        ({"deposit": None, "pay": "later"}, {"pay": "full"}, Terms(cad(250), "full")),
    ],
)
def test_terms_after_a_change(
    studio: Studio, make: Maker, before: dict[str, Any], typed: dict[str, Any], terms: Terms
) -> None:
    """A price alone keeps how it is paid; what is said of the paying replaces it."""
    make.type(**before)
    assert types.edit(studio, "family", TypedOffer(**typed)).terms == terms


def test_edit_keeps_what_is_not_said(studio: Studio, make: Maker) -> None:
    """A change touches only what was said; none and empty texts take a limit, a place or a form away."""
    forms.add(studio, "intake", FORM)
    contracts.add(studio, "terms", "Agreed?")
    before = make.type(
        location="The park", hold="2d", window="60d", form="intake", contract="terms", private=True
    )
    after = types.edit(studio, "family", TypedOffer(name="Families"))
    assert after.contract == "terms"
    assert (after.name, after.slug) == ("Families", "family-session")
    assert (after.location, after.hold, after.window_days, after.form, after.private) == (
        before.location,
        before.hold,
        before.window_days,
        before.form,
        before.private,
    )
    bare = types.edit(
        studio,
        "family",
        TypedOffer(location="", hold="none", window="none", form="none", contract="none", private=False),
    )
    assert bare.contract is None
    assert (bare.location, bare.hold, bare.window_days, bare.form, bare.private) == (
        None,
        None,
        None,
        None,
        False,
    )


def test_edit_to_the_same_is_not_history(studio: Studio, make: Maker) -> None:
    """A change that changes nothing is not in the history."""
    make.type()
    types.edit(studio, "family", TypedOffer(duration="1h30"))
    rows = studio.file.connection.execute("SELECT 1 FROM event WHERE kind = 'type changed'").fetchall()
    assert rows == []


def test_edit_refused(studio: Studio, make: Maker) -> None:
    """A change that would break a type is refused, and the type stays as it was."""
    before = make.type()
    make.type("Portrait")
    for typed, error in (
        (TypedOffer(slug="portrait"), Refused),
        (TypedOffer(price="40"), WrongUsage),
        (TypedOffer(duration="1d"), WrongUsage),
    ):
        with pytest.raises(error):
            types.edit(studio, "family", typed)
    assert types.find(studio, "family") == before


def test_sessions_keep_what_they_had(studio: Studio, make: Maker) -> None:
    """A session that was set up before a change keeps its title, time and price."""
    from studio_cli.booking import session as sessions

    make.type()
    session = make.session(type="family", client=str(make.client().id))
    types.edit(studio, "family", TypedOffer(name="Families", duration="2h", price="900"))
    kept = sessions.get(studio, session.id)
    assert (kept.title, kept.duration, kept.price) == ("Family session", 90, cad(250))


def test_archive(studio: Studio, make: Maker) -> None:
    """A type is put away and taken out again; doing it twice changes nothing."""
    make.type()
    offer, changed = types.archive(studio, "family")
    assert (offer.archived_at, changed) == (studio.now(), True)
    assert types.archive(studio, "family")[1] is False
    offer, changed = types.archive(studio, "family", restore=True)
    assert (offer.archived_at, changed) == (None, True)
    assert types.archive(studio, "family", restore=True)[1] is False


# ── finding ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("selector", ["family-session", "fam", "FAM", "Family s", " family session "])
def test_find(studio: Studio, make: Maker, selector: str) -> None:
    """A short name, or the unique beginning of it or of the name, finds the type."""
    make.type()
    make.type("Portrait")
    assert types.find(studio, selector).slug == "family-session"


def test_short_name_wins(studio: Studio, make: Maker) -> None:
    """A whole short name finds its type, though another one has it as its name or begins with it."""
    make.type("Studio", slug="portrait")
    make.type("At home", slug="studio")
    make.type("Studio day")
    assert types.find(studio, "studio").name == "At home"
    assert types.find(studio, "Studio day").slug == "studio-day"


def test_ambiguous(studio: Studio, make: Maker) -> None:
    """A beginning that several types have is refused with the candidates."""
    make.type("Family")
    make.type("Family long")
    make.type("Fashion")
    assert types.find(studio, "family").slug == "family"
    with pytest.raises(NotFound) as refused:
        types.find(studio, "fa")
    assert refused.value.code == "ambiguous"
    assert refused.value.details == {"candidates": ["family", "family-long", "fashion"]}


def test_archived_types_stand_back(studio: Studio, make: Maker) -> None:
    """A beginning means a type that is offered, before one that was put away; alone, the latter is still found."""
    make.type("Family old")
    types.archive(studio, "family-old")
    assert types.find(studio, "fam").slug == "family-old"
    make.type("Family new")
    assert types.find(studio, "fam").slug == "family-new"


@pytest.mark.parametrize("selector", ["", " ", "x", "\udcff", "%"])
def test_find_nothing(studio: Studio, make: Maker, selector: str) -> None:
    """What is no type's name is not found."""
    make.type()
    with pytest.raises(NotFound) as missing:
        types.find(studio, selector)
    assert missing.value.code == "not_found"


def test_nearest(studio: Studio, make: Maker) -> None:
    """A mistyped short name is answered with the nearest."""
    make.type()
    with pytest.raises(NotFound) as missing:
        types.find(studio, "famly-session")
    assert missing.value.details == {"nearest": ["family-session"]}
