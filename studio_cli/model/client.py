"""A client: who a session is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.text import clean, clean_optional, shown
from studio_cli.model.times import rfc3339


@dataclass(frozen=True, slots=True)
class Client:
    """A person or business that sessions are for."""

    id: int
    name: str
    email: str | None
    phone: str | None
    notes: str | None
    language: str | None
    created_at: Instant
    archived_at: Instant | None
    no_reminders: bool = False

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the client as scripts read it; times in ``zone``."""
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "notes": self.notes,
            "language": self.language,
            "reminders": not self.no_reminders,
            "created_at": rfc3339(self.created_at, zone),
            "archived_at": self.archived_at and rfc3339(self.archived_at, zone),
        }


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """What is typed about a client, checked: the same for adding, editing and importing."""

    name: str
    email: str | None = None
    phone: str | None = None
    notes: str | None = None
    language: str | None = None
    no_reminders: bool = False

    @classmethod
    def checked(
        cls,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        notes: str | None = None,
        language: str | None = None,
        no_reminders: bool = False,
    ) -> ClientDetails:
        """Return the details as they are stored; raise ``WrongUsage`` for what cannot be one."""
        return cls(
            name=clean(name, "The client's name"),
            email=check_email(email) if email and email.strip() else None,
            phone=check_phone(phone),
            notes=clean_optional(notes, "The notes", limit=20_000, multiline=True),
            language=_language(language),
            no_reminders=no_reminders,
        )


def _language(text: str | None) -> str | None:
    if text is None or not text.strip() or text == "none":
        return None
    from studio_cli.language import check_language  # only when one is said

    return check_language(text)


_COMMON = re.compile(r"[a-z0-9]+(?:[._+-][a-z0-9]+)*")
"""What stands before the @ in most addresses: what it is allowed to be needs no more looking."""
_THREE_DIGITS = re.compile(r"\d.*\d.*\d", re.S)
LONGEST_LOCAL, LONGEST_EMAIL = 64, 254
"""Characters before the @ and in all (RFC 5321, 4.5.3.1)."""


def check_email(text: str) -> str:
    """Return a mail address in its normal form (RFC 5321/5322/6531); no DNS is asked."""
    local, _, host = text.strip().rpartition("@")
    if len(local) <= LONGEST_LOCAL and _COMMON.fullmatch(local) and (domain := _domain(host)):
        address = f"{local}@{domain}"
        if len(address) <= LONGEST_EMAIL:
            return address
    return _looked_into(text)


@lru_cache(maxsize=4096)
def _domain(host: str) -> str | None:
    """Return a domain in its normal form, or None if it is none. Clients share few of them, and each takes time."""
    try:
        return _looked_into(f"a@{host}").rpartition("@")[2]
    except WrongUsage:
        return None


def _looked_into(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    if "=?" in text:
        # Valid by the RFC, but no mail can be sent there safely: see outside/smtp.py.
        raise WrongUsage(
            f"{shown(text.strip())[:80]!r} is not a mail address that can be used.",
            hint="Write it like rui@example.com.",
            code="email",
        )
    try:
        # Reserved names (.test, .example, localhost) are fine: the owner may try things out with them.
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as problem:
        raise WrongUsage(
            f"{shown(text.strip())[:80]!r} is not a mail address: {str(problem)[:200].rstrip('.')}.",
            hint="Write it like rui@example.com.",
            code="email",
        ) from None
    return found.normalized


def check_phone(text: str | None) -> str | None:
    value = clean_optional(text, "The phone number", limit=40)
    if value is not None and not _THREE_DIGITS.search(value):
        raise WrongUsage(f"{shown(value)!r} is not a phone number.", hint="Write it like +1 416 555 0100.")
    return value


def parse_person(text: str) -> ClientDetails:
    """Read ``Eva Lima <eva@example.com>``, or just ``Eva Lima``."""
    value = text.strip()
    if value.endswith(">") and "<" in value:
        name, _, address = value[:-1].rpartition("<")
        name = name.strip()
        quoted = len(name) > 1 and name.startswith('"') and name.endswith('"')
        return ClientDetails.checked(name[1:-1] if quoted else name, address)
    if "@" in value:
        raise WrongUsage(
            f"{shown(value)[:80]!r} is not a name and an address.",
            hint='Write it like "Eva Lima <eva@example.com>".',
            code="client",
        )
    return ClientDetails.checked(value)
