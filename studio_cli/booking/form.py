"""Questionnaires: adding and finding."""

from __future__ import annotations

from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.form import Form, parse_form
from studio_cli.model.text import check_slug, did_you_mean, nearest, shown
from studio_cli.store import event as event_store
from studio_cli.store import form as form_store


def add(studio: Studio, name: str, source: str) -> Form:
    """Add a questionnaire from its TOML text."""
    form = parse_form(check_slug(name), source)
    with studio.file.atomic():
        if form_store.by_name(studio.file, name):
            raise Refused(
                f"There is a form {name} already.", hint="Give it another name.", code="already_exists"
            )
        form_store.insert(studio.file, form, source, studio.now())
        event_store.add(studio.file, "form added", studio.now(), details={"name": name})
    return form


def find(studio: Studio, name: str) -> Form:
    """Return the questionnaire of that name."""
    found = form_store.by_name(studio.file, name)
    if found:
        return found[1]
    near = nearest(name, [form.name for form in form_store.listed(studio.file)])
    raise NotFound(
        f"There is no form {shown(name)[:60]!r}.",
        hint=did_you_mean(near) or "studio form list shows them.",
        details={"nearest": near},
    )
