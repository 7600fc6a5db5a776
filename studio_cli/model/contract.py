"""A contract: the owner's text, the copy that a session's client reads, and the signature under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.model.times import rfc3339

LONGEST = 100_000
"""Characters in a contract."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as its owner wrote it: Markdown with variables, ``{{ client.name }}``."""

    name: str
    source: str
    created_at: Instant
    changed_at: Instant

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return the contract as scripts read it; times in ``zone``."""
        return {
            "name": self.name,
            "source": self.source,
            "created_at": rfc3339(self.created_at, zone),
            "changed_at": rfc3339(self.changed_at, zone),
        }


@dataclass(frozen=True, slots=True)
class Document:
    """A session's own copy of a contract: ``text`` is Markdown with everything filled in, exactly as it is signed."""

    name: str
    source: str
    text: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the text in UTF-8, in hexadecimal (FIPS 180-4)."""
        import hashlib  # loads OpenSSL: only where there is a contract

        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signature:
    """A name typed under a document. ``sha256`` says which; ``timezone`` is the one the session is in."""

    sha256: str
    name: str
    at: Instant
    timezone: str
    share_id: int
    address: str
    user_agent: str

    def as_json(self) -> dict[str, Any]:
        """Return the signature as scripts read it; its time in UTC and in its zone."""
        return {
            "name": self.name,
            "at": rfc3339(self.at, self.timezone),
            "at_utc": rfc3339(self.at, "UTC"),
            "timezone": self.timezone,
            "share": self.share_id,
            "address": self.address,
            "user_agent": self.user_agent,
            "sha256": self.sha256,
        }
