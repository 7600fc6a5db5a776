"""Templates of mails: the owner's own beside the shipped ones, what is wrong with them, and how their mails look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_cli.booking import brand, details, letter, own_template, sample
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import FileTrouble, NotFound, Refused
from studio_cli.language import Language, check_language, choose
from studio_cli.letter_source import mistakes_in, plain_source
from studio_cli.letters import Written, source_of, write
from studio_cli.model.message import KINDS, LOGO, Letter
from studio_cli.model.session import Session
from studio_cli.model.template import Unusable
from studio_cli.model.text import did_you_mean, nearest, shown
from studio_cli.store import event as event_store
from studio_cli.store import payment as payment_store
from studio_cli.store import template as template_store
from studio_cli.templates import Mistake


@dataclass(frozen=True, slots=True)
class Template:
    """The template that the mails of a kind in a language are written from.

    ``own``: the owner's text, None while there is none. ``shipped``: the text that this version brings.
    ``copied``: the shipped one that the owner's was made from or compared with last, None when nobody knows it.
    ``unreadable``: why the owner's file cannot be read.
    """

    kind: str
    language: str
    own: str | None
    shipped: str
    copied: str | None
    path: Path
    unreadable: str | None = None

    @property
    def source(self) -> str:
        """The text that mails are written from."""
        return self.shipped if self.own is None else self.own

    @property
    def newly_shipped(self) -> bool:
        """Whether the shipped one has changed since the owner's was made from it."""
        return self.own is not None and self.copied is not None and self.copied != self.shipped

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {
            "template": self.kind,
            "about": KINDS[self.kind].about,
            "recipient": KINDS[self.kind].recipient,
            "language": self.language,
            "own": self.own is not None,
            "path": str(self.path) if self.own is not None else None,
            "newly_shipped": self.newly_shipped,
        }


# ── looking ───────────────────────────────────────────────────────────────────────────────────────


def find(studio: Studio, kind: str, language: str | None = None) -> Template:
    """Return the template of a kind of mail, in a language or the studio's."""
    check_kind(kind)
    return _get(studio, kind, language_for(studio, language))


def check_kind(kind: str) -> None:
    """Raise ``NotFound`` with the nearest names for a kind of mail that there is not."""
    if kind not in KINDS:
        near = nearest(kind, KINDS)
        raise NotFound(
            f"There is no mail {shown(kind)[:60]!r}.",
            hint=did_you_mean(near) or "studio template list shows them all.",
            details={"nearest": near},
        )


def language_for(studio: Studio, tag: str | None) -> Language:
    """Return the language that was named, or the studio's."""
    locale = studio.settings["studio.locale"]
    return choose((check_language(tag),) if tag else (), locale)


def _get(studio: Studio, kind: str, language: Language) -> Template:
    file, code = studio.file, language.code
    return Template(
        kind,
        code,
        own=template_store.read(file, kind, code),
        shipped=plain_source(kind, language),
        copied=template_store.read_shipped(file, kind, code),
        path=template_store.path_of(file, kind, code),
    )


def owned(studio: Studio, kind: str | None = None, language: str | None = None) -> list[Template]:
    """Return the owner's templates: all, or those of one kind, or in one language."""
    if kind is not None:
        check_kind(kind)
    code = language_for(studio, language).code if language else None
    there = own_template.copies(studio)
    return [
        _whatever_it_is(studio, *one) for one in there if kind in {None, one[0]} and code in {None, one[1]}
    ]


def listed(studio: Studio) -> list[Template]:
    """Return the owner's templates, and of every kind that has none the shipped one."""
    own, spoken = owned(studio), language_for(studio, None)
    found = []
    for kind in KINDS:
        found += [one for one in own if one.kind == kind] or [_get(studio, kind, spoken)]
    return found


def _whatever_it_is(studio: Studio, kind: str, code: str) -> Template:
    """Return a template of the owner's; of one that cannot be read, why."""
    try:
        return _get(studio, kind, Language(code, code))
    except FileTrouble as problem:
        path = template_store.path_of(studio.file, kind, code)
        return Template(kind, code, "", "", None, path, unreadable=problem.message)


def strangers(studio: Studio) -> list[str]:
    """Return the names of files that lie among the owner's templates and are the template of no mail."""
    known = set(own_template.copies(studio))
    return [
        f"{kind}.{code}.md" for kind, code in template_store.listed(studio.file) if (kind, code) not in known
    ]


# ── checking ──────────────────────────────────────────────────────────────────────────────────────


def check(studio: Studio, kind: str, language: Language, source: str) -> list[Mistake]:
    """Return what is wrong with a template: what can be seen, else what comes up when it is filled in with samples."""
    found = mistakes_in(source)
    if found:
        return found
    from studio_cli.letters_bounded import write_bounded

    data = sample.trials(studio.settings, studio.now(), kind, language)
    try:
        write_bounded(source, data, language)
    except Unusable as problem:
        return [Mistake(problem.line or 1, problem.message)]
    return []


def check_used(studio: Studio, template: Template) -> list[Mistake]:
    """Return what is wrong with a template of the owner's, and what was wrong when a real mail was written from it."""
    if template.own is None:
        return []
    if template.unreadable:
        return [Mistake(1, template.unreadable)]
    found = check(studio, template.kind, Language(template.language, template.language), template.source)
    fault = template_store.fault(studio.file, template.kind, template.language)
    if not found and fault and fault.sha256 == own_template.fingerprint(template.source):
        return [Mistake(fault.line or 1, f"In a mail that was to be sent: {fault.message}")]
    return found


# ── changing ──────────────────────────────────────────────────────────────────────────────────────


def edit(studio: Studio, template: Template, source: str) -> tuple[Template, bool]:
    """Make a text the owner's template; return it, and whether anything changed. One with mistakes is refused."""
    source = source.rstrip() + "\n"
    if source == template.source.rstrip() + "\n":
        return template, False
    language = Language(template.language, template.language)
    mistakes = check(studio, template.kind, language, source)
    if mistakes:
        raise _wrong(template, mistakes)
    if template_store.read(studio.file, template.kind, template.language) != template.own:
        raise Refused(
            f"{template.path} was changed meanwhile, so it was left as it is now.",
            hint=f"Look at it, then edit it again: studio template show {template.kind}",
            code="changed_meanwhile",
        )
    if template.own is None:
        template_store.write_shipped(studio.file, template.kind, template.language, template.shipped)
    template_store.write(studio.file, template.kind, template.language, source)
    _note(studio, template, "template changed")
    return _get(studio, template.kind, language), True


def _wrong(template: Template, mistakes: list[Mistake]) -> Refused:
    first, more = mistakes[0], len(mistakes) - 1
    others = f" And {more} more mistake{'s' if more > 1 else ''}." if more else ""
    return Refused(
        f"{template.kind}, line {first.line}: {first.message}{others}",
        hint=f"What can stand in braces: studio template show {template.kind} --variables",
        code="template",
        details={"mistakes": [mistake.as_json() for mistake in mistakes]},
    )


def _note(studio: Studio, template: Template, what: str) -> None:
    with studio.file.atomic():
        known = {"name": template.kind, "language": template.language}
        event_store.add(studio.file, what, studio.now(), details=known)


def reset(studio: Studio, template: Template) -> Path:
    """Go back to the shipped template; return where the owner's is kept."""
    aside = template_store.set_aside(studio.file, template.kind, template.language)
    _note(studio, template, "template reset")
    return aside


def mark_seen(studio: Studio, template: Template) -> None:
    """Take it that the owner has seen what a new version changed."""
    template_store.write_shipped(studio.file, template.kind, template.language, template.shipped)


def differences(template: Template) -> tuple[list[str], list[str]]:
    """Return what the owner changed, and what a new version changed since, as lines of unified diffs."""
    before = template.shipped if template.copied is None else template.copied
    name = f"{template.kind}.{template.language}.md"
    yours = _diff(before, template.source, f"{name} as shipped", f"{name}, yours")
    new = _diff(before, template.shipped, f"{name} as shipped before", f"{name} as shipped now")
    return yours, new


def _diff(before: str, after: str, old: str, new: str) -> list[str]:
    import difflib

    lines = before.rstrip().split("\n"), after.rstrip().split("\n")
    return list(difflib.unified_diff(lines[0], lines[1], old, new, lineterm=""))


# ── previewing ────────────────────────────────────────────────────────────────────────────────────


def preview(
    studio: Studio, kind: str, tag: str | None = None, session: str | None = None
) -> tuple[Letter, str | None]:
    """Return a mail as it would be written now, about a session or a sample, and why not from the owner's template."""
    check_kind(kind)
    found = sessions.find(studio, session) if session else None
    language = _language_of(studio, kind, tag, found)
    data = sample.data_for(studio.settings, studio.now(), kind, language)
    if found:
        data = _about(studio, found, kind, data, language)
    (subject, text, html), trouble = _written(studio, kind, data, language)
    return Letter(subject, text, html.replace(LOGO, _logo_here(studio))), trouble


def _language_of(studio: Studio, kind: str, tag: str | None, session: Session | None) -> Language:
    if tag or session is None or KINDS[kind].recipient == "owner":
        return language_for(studio, tag)
    return details.language_of(session, studio.settings)


def _about(
    studio: Studio, session: Session, kind: str, data: dict[str, Any], language: Language
) -> dict[str, Any]:
    """Return what a mail would know of a session; of what it has not got, like a receipt, the sample's is shown."""
    paid = payment_store.listed(studio.file, session_id=session.id, kind="payment")
    about = {"news": "confirmed"} if KINDS[kind].recipient == "owner" else {}
    known = letter.describe(studio, session, about, language, payment_id=paid[-1].id if paid else None)
    known["receipt"] = known["receipt"] if known["receipt"]["number"] else data["receipt"]
    known["refund"] = known["refund"] if known["refund"]["amount"] else data["refund"]
    return {**data, **known, "changed": data["changed"]}


def _written(
    studio: Studio, kind: str, data: dict[str, Any], language: Language
) -> tuple[Written, str | None]:
    from studio_cli.letters_bounded import write_bounded

    logo, trouble = letter.logo_of(studio), None
    try:
        own = template_store.read(studio.file, kind, language.code)
        if own is not None:
            return write_bounded(own, [data], language, logo)[0], None
    except (FileTrouble, Unusable) as problem:
        trouble = str(problem)
    return write(source_of(kind), data, language, logo), trouble


def _logo_here(studio: Studio) -> str:
    """Return the address of the logo for a file that stands alone."""
    from base64 import b64encode

    logo = brand.logo(studio)
    return f"data:{logo.media_type};base64,{b64encode(logo.content).decode()}" if logo else LOGO
