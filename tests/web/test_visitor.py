"""The client made of a few lines: fills in whatever a form asks, as it may be answered."""

from __future__ import annotations

from studio_cli.booking import form as forms
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.model.form import KINDS
from studio_cli.web.visitor import walk
from tests.conftest import Door, Maker

FORM = """
[[field]]
name = "choice"
label = "One"
kind = "choice"
options = ["x", "y"]
[[field]]
name = "choices"
label = "Some"
kind = "choices"
options = ["x", "y", "z"]
least = 2
most = 2
[[field]]
name = "tick"
label = "At least one"
kind = "choices"
options = ["x", "y"]
[[field]]
name = "short"
label = "Short"
most = 5
[[field]]
name = "long"
label = "Long"
kind = "long"
most = 20
[[field]]
name = "shown"
label = "Shown"
kind = "yes_no"
show_if = { field = "choice", equals = "x" }
[[field]]
name = "number"
label = "Number"
kind = "number"
min = 7
[[field]]
name = "less"
label = "Less"
kind = "number"
max = -2
[[field]]
name = "date"
label = "Date"
kind = "date"
max = "-10d"
[[field]]
name = "day"
label = "Day"
kind = "date"
min = 2030-01-01
[[field]]
name = "email"
label = "Email"
kind = "email"
[[field]]
name = "phone"
label = "Phone"
kind = "phone"
"""


def test_every_kind_is_filled_in(studio: Studio, make: Maker, door: Door) -> None:
    """A form with every kind, all required and within limits, is answered on the way to Confirmed."""
    forms.add(studio, "every", FORM.replace("label =", "required = true\nlabel ="))
    session = make.session(form="every")
    assert {field.kind for field in session.form.fields} == set(KINDS) if session.form else False
    pages = list(walk(f"{door.base}/s/{make.link(session)}"))
    assert pages[-1].heading == "Your session is confirmed"
    given = {answer.name: answer.values for answer in sessions.answers(studio, session)}
    assert len(given) == FORM.count("[[field]]")
    assert (given["choices"], given["tick"], given["short"]) == (("x", "y"), ("x",), ("Sofia",))
    assert (given["number"], given["less"], given["date"]) == (("7",), ("-2",), ("2026-11-10",))
