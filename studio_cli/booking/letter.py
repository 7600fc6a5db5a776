"""What the studio's mails say, and the links in them."""

from __future__ import annotations

from typing import Any

from whenever import Instant

from studio_cli.booking import details
from studio_cli.booking.studio import Studio
from studio_cli.model.message import LINK, Letter
from studio_cli.model.session import Session
from studio_cli.store import message as message_store
from studio_cli.store import payment as payment_store
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
    return compose(studio, session, "share", linked=True)


def compose(
    studio: Studio, session: Session, kind: str, *, linked: bool, payment_id: int | None = None
) -> Letter:
    """Return a mail of a kind about a session as it is now, in its client's language."""
    from studio_cli.booking import receipt

    language = details.language_of(session, studio.settings)
    payment = payment_store.get(studio.file, payment_id) if payment_id is not None else None
    data: dict[str, Any] = {
        **details.describe_for(studio, session, language),
        "link": LINK if linked else "",
        "receipt": receipt.describe(studio, payment, language)["receipt"] if payment else None,
    }
    return Letter(
        subject=" ".join(render(f"email/{kind}.subject.txt", data, language).split()),
        text=render(f"email/{kind}.txt", data, language),
        html=render(f"email/{kind}.html", data, language),
    )


def tell_client(studio: Studio, session: Session, kind: str, *, payment_id: int | None = None) -> int | None:
    """Inside a write: put a mail about what just happened into the outbox; return its number.

    None when there is nobody to write to, or no mail server: nobody asked for this mail, so it does not wait for
    one to be set up. The link in it is a further one of the last share.
    """
    if not session.client.email or not studio.settings.get("mail.host"):
        return None
    living = [share.id for share in session.shares if share.revoked_at is None]
    share_id = living[-1] if living else None
    return message_store.insert(
        studio.file,
        kind,
        (session.client.name, session.client.email),
        compose(studio, session, kind, linked=share_id is not None, payment_id=payment_id),
        studio.now(),
        session_id=session.id,
        share_id=share_id,
        payment_id=payment_id,
    )
