"""What the studio's mails say, and the links in them."""

from __future__ import annotations

from whenever import Instant

from studio_cli.booking import details
from studio_cli.booking.studio import Studio
from studio_cli.model.message import LINK, Letter
from studio_cli.model.session import Session
from studio_cli.store import share as share_store
from studio_cli.templates import render


def new_link(studio: Studio, share_id: int, now: Instant, base: str | None = None) -> str:
    """Inside a write: make a link of a share. Its token is 256 random bits, of which the file keeps the SHA-256."""
    import secrets

    token = secrets.token_urlsafe(32)
    share_store.add_link(studio.file, share_id, token, now)
    return f"{base or studio.settings.link_base}/s/{token}"


def share_letter(studio: Studio, session: Session) -> Letter:
    """Return the mail that shares a session, as it is now."""
    language = details.language_of(session, studio.settings)
    data = {**details.describe_for(studio, session, language), "link": LINK}
    return Letter(
        subject=" ".join(render("email/share.subject.txt", data, language).split()),
        text=render("email/share.txt", data, language),
        html=render("email/share.html", data, language),
    )
