"""A questionnaire as its client sees it, in one file for the owner: nothing is fetched and nothing can be sent."""

from __future__ import annotations

from markupsafe import Markup
from whenever import Date

from studio_cli.language import choose
from studio_cli.model.form import Form
from studio_cli.model.settings import Settings
from studio_cli.templates import render
from studio_cli.web.pages import Dress
from studio_cli.web.questions import asked


def questionnaire(form: Form, settings: Settings, today: Date) -> str:
    """Return the page of a form as HTML, with style and script in it."""
    language = choose((), settings["studio.locale"])
    data = {
        "form": asked(form, {}, today, language),
        "labelled": [],
        "problems": {},
        "steps": [],
        "last": False,
        "note": "",
        "alarming": False,
        "can": {"move": False, "cancel": False},
        # Ours, not typed by anybody, and inside elements whose content is not escaped.
        "style": Markup(render("page/studio.css", settings.for_clients())),  # noqa: S704
        "script": Markup(render("page/studio.js", {})),  # noqa: S704
    }
    return Dress(settings, "", language).page("preview", data)
