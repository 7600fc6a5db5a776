"""Sharing: each share is one act of giving the client a link, by mail or directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from whenever import Instant

from studio_cli.booking import letter, mail
from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.model.message import WAITING, Message
from studio_cli.model.session import Channel, Session
from studio_cli.store import event as event_store
from studio_cli.store import message as message_store
from studio_cli.store import share as share_store
from studio_cli.store.event import Actor


@dataclass(frozen=True, slots=True)
class Shared:
    """A share just made. ``link`` is None for one made earlier: the file does not know it any more."""

    session_id: int
    share_id: int
    channel: Channel
    link: str | None
    message_id: int | None = None

    def as_json(self, message: Message | None) -> dict[str, Any]:
        """Return ``{session, share, channel, link, message}`` as scripts read it."""
        return {
            "session": self.session_id,
            "share": self.share_id,
            "channel": self.channel,
            "link": self.link,
            "message": message
            and {"id": message.id, "state": message.state, "last_error": message.last_error},
        }


def share(
    studio: Studio,
    selector: str,
    channel: Channel,
    base: str | None = None,
    *,
    note: str | None = None,
) -> Shared:
    """Share a pending session once more; the links it has go on working.

    ``base`` is the address that the link begins with; else the one of the settings. ``note`` stands in the mail.
    """
    with studio.file.atomic():
        now = studio.now()
        studio.settle(now)
        return prepare(studio, sessions.find(studio, selector), channel, now, base, note)


def prepare(
    studio: Studio,
    session: Session,
    channel: Channel,
    now: Instant,
    base: str | None = None,
    note: str | None = None,
    actor: Actor = "owner",
    *,
    picked: bool = False,
) -> Shared:
    """Inside a write: make the share, its link and, for a mail, the message that is still to be sent.

    ``picked``: its client, or somebody who typed their address, has picked it on the booking site just now.
    Of a request the owner can hand over the link, to its page; mails about it go out when it is answered.
    """
    if session.status == "inquiry" and channel == "email":
        raise sessions.wrong_status(session, "its client gets a mail when you answer it.")
    if session.status not in {"inquiry", "pending"}:
        hint = None if session.status in {"confirmed", "expired"} else "Set up a new one: studio session new"
        raise sessions.wrong_status(session, "only a pending session is shared.", hint)
    if channel == "email" and not session.client.email:
        raise Refused(
            f"{session.client.name} has no mail address.",
            hint=f"Add one: studio client edit {session.client.id} --email name@example.com, or share with --link.",
            code="no_email",
        )
    if channel == "email":
        note = _take_back(studio, session, note)
    share_id, link = make(studio, session, channel, now, base, actor)
    message_id = None
    if channel == "email":
        about = {
            "note": letter.check_note(note),
            "again": _has_had_a_mail(studio, session),
            **({"picked": True} if picked else {}),
        }
        message_id = letter.put(studio, session, "share", f"share {share_id}", about=about, share_id=share_id)
    elif note:
        raise WrongUsage("A note goes into a mail.", hint="Add --email.")
    return Shared(session.id, share_id, channel, link, message_id)


def _take_back(studio: Studio, session: Session, note: str | None) -> str | None:
    """Inside a write: cancel shares whose mail has not gone out: the new one takes their place, and their words."""
    for waiting in message_store.listed(studio.file, WAITING, session_id=session.id, kind="share"):
        message_store.cancel(studio.file, waiting.id)
        note = note or waiting.about.get("note")
    return note


def _has_had_a_mail(studio: Studio, session: Session) -> bool:
    """Return whether a link of a session has been mailed to its client, as far as is known."""
    gone = message_store.listed(
        studio.file, ("sending", "sent", "unknown"), session_id=session.id, kind="share"
    )
    return bool(gone)


def make(
    studio: Studio,
    session: Session,
    channel: Channel,
    now: Instant,
    base: str | None = None,
    actor: Actor = "owner",
) -> tuple[int, str]:
    """Inside a write: make a share of a session, whatever its status; return its number and its link."""
    share_id = share_store.insert(studio.file, session.id, channel, now)
    link = letter.new_link(studio, share_id, now, base)
    event_store.add(
        studio.file,
        "session shared",
        now,
        actor=actor,
        session_id=session.id,
        share_id=share_id,
        details={"channel": channel},
    )
    return share_id, link


def by_mail(studio: Studio, session_id: int) -> int:
    """Inside a write: make a share for a mail other than the one of ``prepare``; its link is made when it is sent."""
    now = studio.now()
    share_id = share_store.insert(studio.file, session_id, "email", now)
    details = {"channel": "email"}
    event_store.add(
        studio.file, "session shared", now, session_id=session_id, share_id=share_id, details=details
    )
    return share_id


def latest(studio: Studio, session_id: int) -> Shared | None:
    """Return the newest share of a session, without its link."""
    session = sessions.get(studio, session_id)
    if not session.shares:
        return None
    newest = session.shares[-1]
    return Shared(session_id, newest.id, newest.channel, None, message_store.of_share(studio.file, newest.id))


def revoke(studio: Studio, selector: str, share_id: int | None = None) -> tuple[Session, int]:
    """End all links of a session, or those of one share; return the session and how many shares ended."""
    with studio.file.atomic():
        session = sessions.find(studio, selector)
        if share_id is not None and share_id not in {share.id for share in session.shares}:
            raise NotFound(
                f"Session {session.id} has no share {share_id}.", hint=f"studio session show {session.id}"
            )
        now = studio.now()
        ended = share_store.revoke(studio.file, session.id, now, share_id)
        if ended:
            details_ = {"share": share_id} if share_id else {}
            event_store.add(studio.file, "links revoked", now, session_id=session.id, details=details_)
            mail.cancel_pointless(studio, session.id)
        return sessions.get(studio, session.id), ended
