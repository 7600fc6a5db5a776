"""From which template a mail is written: the owner's own, or the shipped one, which always works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio_cli.booking.studio import Studio
from studio_cli.errors import FileTrouble
from studio_cli.language import LANGUAGES, Language
from studio_cli.model.message import KINDS
from studio_cli.model.template import Fault, Unusable
from studio_cli.store import template as template_store

if TYPE_CHECKING:
    from studio_cli.letters import Written


def write(
    studio: Studio, kind: str, data: Mapping[str, Any], language: Language, logo: Mapping[str, Any] | None
) -> tuple[Written, str | None]:
    """Inside a write: return subject, text and HTML of a mail, and why the owner's own template was not used.

    Nothing that is wrong with that stops a booking.
    """
    from studio_cli.letters import source_of  # much to load for whoever only asks which templates are used
    from studio_cli.letters import write as write_shipped

    trouble = None
    try:
        source = template_store.read(studio.file, kind, language.code)
        if source is not None:
            return _from_own(studio, kind, source, data, language, logo), None
    except (FileTrouble, Unusable) as problem:
        # What is told of a strange file or text can be strange itself: the file has to be able to keep it.
        trouble = str(problem).encode("utf-8", "backslashreplace").decode()
    return write_shipped(source_of(kind), data, language, logo), trouble


def _from_own(
    studio: Studio,
    kind: str,
    source: str,
    data: Mapping[str, Any],
    language: Language,
    logo: Mapping[str, Any] | None,
) -> Written:
    from studio_cli.letters_bounded import write_bounded  # only for owners with templates of their own

    known = template_store.fault(studio.file, kind, language.code)
    if known and known.costly and known.sha256 == fingerprint(source):
        # It would hold up everybody who waits for the file, again for every mail.
        raise Unusable(known.message, known.line, costly=True)
    try:
        written = write_bounded(source, [data], language, logo)[0]
    except Unusable as problem:
        if not problem.passing:
            fault = Fault(fingerprint(source), problem.message, problem.line, problem.costly)
            template_store.remember(studio.file, kind, language.code, fault)
        raise
    if known:
        template_store.remember(studio.file, kind, language.code, None)
    return written


def fingerprint(source: str) -> str:
    """Return the SHA-256 of a template's text."""
    import hashlib  # costs as much as all of this module, and most owners have no templates

    return hashlib.sha256(source.encode()).hexdigest()


# ── those there are ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NotUsed:
    """A template of the owner's that mails are not written from, and why."""

    kind: str
    language: str
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {"template": self.kind, "language": self.language, "why": self.why}


def copies(studio: Studio) -> list[tuple[str, str]]:
    """Return kind and language of every template of the owner's, in the order of the kinds."""
    there = set(template_store.listed(studio.file))
    return [(kind, code) for kind in KINDS for code in LANGUAGES if (kind, code) in there]


def not_used(studio: Studio) -> list[NotUsed]:
    """Return the owner's templates that failed when they were used last, and have not been changed since."""
    found = []
    for kind, code in copies(studio):
        why = _why_not(studio, kind, code)
        if why:
            found.append(NotUsed(kind, code, why))
    return found


def _why_not(studio: Studio, kind: str, code: str) -> str | None:
    try:
        source = template_store.read(studio.file, kind, code)
    except FileTrouble as problem:
        return problem.message
    fault = template_store.fault(studio.file, kind, code)
    return str(fault) if fault and source is not None and fault.sha256 == fingerprint(source) else None
