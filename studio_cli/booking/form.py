"""Questionnaires: adding, finding and changing."""

from __future__ import annotations

from dataclasses import dataclass

from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.form import Form
from studio_cli.model.text import check_slug, did_you_mean, nearest, shown
from studio_cli.store import event as event_store
from studio_cli.store import form as form_store
from studio_cli.store import session as session_store


@dataclass(frozen=True, slots=True)
class Edited:
    """A questionnaire after an edit. ``changed`` is False when its text was so already.

    ``keeping`` are the numbers of the pending sessions that go on with other questions of this name.
    """

    form: Form
    changed: bool
    keeping: tuple[int, ...] = ()


def add(studio: Studio, name: str, source: str) -> Form:
    """Add a questionnaire from its TOML text."""
    form = _parsed(check_slug(name), source)
    with studio.file.atomic():
        if form_store.by_name(studio.file, name):
            raise Refused(
                f"There is a form {name} already.",
                hint=f"Give it another name, or change it: studio form edit {name}",
                code="already_exists",
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


def source_of(studio: Studio, name: str) -> str:
    """Return the TOML text of the questionnaire of that name."""
    return form_store.source(studio.file, find(studio, name).name)


def edit(studio: Studio, name: str, source: str, *, before: str | None = None) -> Edited:
    """Replace the text of a questionnaire; sessions that are set up keep the questions they have.

    ``before`` is the text that was edited: when somebody else has changed it meanwhile, the edit is refused.
    """
    form = _parsed(find(studio, name).name, source)
    with studio.file.atomic():
        kept = form_store.source(studio.file, name)
        if before is not None and kept != before:
            raise Refused(
                f"The form {name} was changed by somebody else meanwhile.",
                hint=f"Look at it, then edit it again: studio form show {name} --source",
                code="changed_meanwhile",
            )
        if kept != source:
            form_store.update(studio.file, form, source)
            event_store.add(studio.file, "form changed", studio.now(), details={"name": name})
    return Edited(form, kept != source, _keeping(studio, form))


def _parsed(name: str, source: str) -> Form:
    from studio_cli.model.form_source import parse_form  # not needed to look at forms

    return parse_form(name, source)


def _keeping(studio: Studio, form: Form) -> tuple[int, ...]:
    pending = session_store.listed(studio.file, studio.now(), statuses=["pending"])
    others = [one.id for one in pending if one.form and one.form.name == form.name and one.form != form]
    return tuple(sorted(others))
