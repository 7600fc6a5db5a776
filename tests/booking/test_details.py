"""What a client reads about a session."""

from __future__ import annotations

from dataclasses import replace

from studio_cli.booking.details import describe_for, differences
from studio_cli.booking.studio import Studio
from studio_cli.language import ENGLISH, choose
from studio_cli.model.form import Field, Form
from studio_cli.model.money import Money
from studio_cli.model.terms import Terms
from tests.conftest import Maker


def test_described_as_plain_data(studio: Studio, make: Maker) -> None:
    """A template gets texts and numbers only, nothing that has methods of ours."""

    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(inner) for key, inner in value.items())
        if isinstance(value, list):
            return all(plain(inner) for inner in value)
        return value is None or type(value) in {str, int, bool}

    told = describe_for(studio, make.session(expires="2h"))
    assert plain(told)
    assert told["session"]["day"] == "Friday 4 December 2026"
    assert told["session"]["time"] == "10:00 to 11:00"
    assert told["session"]["zone"] == "America/Toronto, UTC−05:00"
    assert told["session"]["steps"] == ["Review", "Payment"]
    assert told["session"]["deadline"] == "Fri 20 Nov 2026 12:00"


def test_time_on_the_client_s_clock(studio: Studio, make: Maker) -> None:
    """A client elsewhere reads their own time too; a zone that this machine does not know is left out."""
    session = make.session()
    told = {
        zone: describe_for(studio, replace(session, client_zone=zone))["session"]["there"]
        for zone in ("Europe/Lisbon", "America/New_York", "Mars/Olympus", "localtime", None)
    }
    assert told.pop("Europe/Lisbon") == "Friday 4 December 2026, 15:00 to 16:00 (Europe/Lisbon, UTC+00:00)"
    assert set(told.values()) == {""}


def test_nothing_is_not_written_as_money(studio: Studio, make: Maker) -> None:
    """What is nothing is an empty text, so that a template can leave it out."""
    session = replace(make.session(price="0"), paid=Money(0, "CAD"))
    told = describe_for(studio, session)["session"]
    assert (told["price"], told["due_now"], told["paid"], told["balance"]) == ("", "", "", "")


QUESTIONS = Form("about", "About", (Field("people", "Who?", "short"),))


def test_nothing_differs_from_itself(make: Maker) -> None:
    """Details that are the same have no differences, in any language."""
    seen = replace(make.session(location="Park"), form=QUESTIONS).details()
    for tag in ("en", "de", "pt-BR"):
        assert differences(seen, seen, choose((tag,), "en")) == ()


def test_differences_are_read_in_the_clients_language(make: Maker) -> None:
    """Times and amounts that changed are told as the language writes them."""
    session = make.session()
    terms = Terms(Money(12550, "CAD"))
    moved = replace(session, starts_at=session.starts_at.add(hours=24), terms=terms)
    told = differences(session.details(), moved.details(), choose(("de",), "en"))
    texts = [(one.before, one.now) for one in told]
    assert "4. Dezember 2026" in texts[0][0] and "5. Dezember 2026" in texts[0][1]
    assert texts[1] == ("100,00\xa0CA$", "125,50\xa0CA$")


def test_other_wording_of_a_form_with_the_same_title(make: Maker) -> None:
    """A questionnaire that is called the same and asks something else is a difference."""
    before = replace(make.session(), form=QUESTIONS)
    other = Form("about", "About", (Field("people", "Who will come?", "short"),))
    told = differences(before.details(), replace(before, form=other).details(), ENGLISH)
    assert [(one.label, one.before, one.now) for one in told] == [
        ("Questions", "About", "About, with another wording")
    ]


def test_details_of_the_first_versions(make: Maker) -> None:
    """What an older program kept in words is compared in words: only what changed is told, in any language."""
    now = replace(make.session(location="Park"), form=QUESTIONS).details()
    old = {
        "title": "Portrait",
        "when": "Friday 4 December 2026, 10:00 to 11:00",
        "zone": "America/Toronto, UTC−05:00",
        "location": "",
        "price": "100.00 CAD",
        "due_now": "100.00 CAD",
        "questions": "About (1)",
    }
    for tag in ("en", "de"):
        told = differences(old, now, choose((tag,), "en"))
        assert [(one.before, one.now) for one in told] == [("", "Park")]
    told = differences({**old, "when": "Thursday 3 December 2026, 10:00 to 11:00"}, now, ENGLISH)
    assert [one.before for one in told] == ["Thursday 3 December 2026, 10:00 to 11:00", ""]
