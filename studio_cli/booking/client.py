"""Clients: adding, finding, changing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused
from studio_cli.model.client import Client, ClientDetails
from studio_cli.model.money import Money, sums_of
from studio_cli.model.session import Session
from studio_cli.model.text import did_you_mean, is_number, nearest, shown
from studio_cli.store import client as client_store
from studio_cli.store import event as event_store
from studio_cli.store import repeat_key
from studio_cli.store import session as session_store
from studio_cli.store.event import Actor


def add(
    studio: Studio,
    details: ClientDetails,
    *,
    key: str | None = None,
    if_missing: bool = False,
    rehearse: bool = False,
) -> tuple[Client, bool]:
    """Add a client; return it, and whether it is new.

    With ``if_missing`` an existing client with that address is returned instead of refused. With ``key`` the
    same call again returns the first result.
    """
    with studio.file.rehearsal() if rehearse else studio.file.atomic():
        now = studio.now()
        if key is not None:
            earlier = repeat_key.earlier_result(studio.file, key, "client add", asdict(details))
            if earlier is not None:
                return get(studio, earlier), False
        existing = client_store.by_email(studio.file, details.email) if details.email else None
        if existing and not if_missing:
            raise _exists(existing)
        number = existing.id if existing else insert(studio, details)
        if key is not None:
            repeat_key.remember(studio.file, key, "client add", asdict(details), number, now)
        return get(studio, number), existing is None


def insert(studio: Studio, details: ClientDetails, actor: Actor = "owner") -> int:
    """Inside a write: add a client and its line of history; refuse an address that a client has already."""
    check_new(studio, details)
    now = studio.now()
    number = client_store.insert(studio.file, details, now)
    event_store.add(studio.file, "client added", now, actor=actor, client_id=number)
    return number


def edit(studio: Studio, number: int, **changes: str | bool | None) -> Client:
    """Change what is known of a client; a change to an empty text removes it."""
    with studio.file.atomic():
        return change(studio, number, **changes)


def change(studio: Studio, number: int, **changes: str | bool | None) -> Client:
    """Inside a write: change what is known of a client."""
    client = get(studio, number)
    before = ClientDetails(
        client.name, client.email, client.phone, client.notes, client.language, client.no_reminders
    )
    typed: dict[str, Any] = {**asdict(before), **changes}
    after = ClientDetails.checked(**typed)
    other = client_store.by_email(studio.file, after.email) if after.email else None
    if other and other.id != number:
        raise _exists(other)
    if after != before:
        client_store.update(studio.file, number, after)
        changed = {
            name: [asdict(before)[name], value]
            for name, value in asdict(after).items()
            if asdict(before)[name] != value
        }
        event_store.add(studio.file, "client changed", studio.now(), client_id=number, details=changed)
    return get(studio, number)


def matching(studio: Studio, text: str, most: int = 50) -> list[Client]:
    """Return some clients whose name or address begins with what is typed so far, by name; archived ones are not among them."""
    return client_store.matching(studio.file, text, most)


def check_new(studio: Studio, details: ClientDetails) -> ClientDetails:
    """Return the details if a client can be added with them; refuse an address that a client has already."""
    existing = client_store.by_email(studio.file, details.email) if details.email else None
    if existing:
        raise _exists(existing)
    return details


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are between the studio and a client: their next session, those that were, money by currency."""

    next: Session | None
    coming: int
    past: int
    paid: tuple[Money, ...]
    balance: tuple[Money, ...]

    def as_json(self) -> dict[str, Any]:
        """Return ``{next_session, sessions_coming, sessions_past, paid, balance}``."""
        return {
            "next_session": self.next and self.next.id,
            "sessions_coming": self.coming,
            "sessions_past": self.past,
            "paid": [amount.as_json() for amount in self.paid],
            "balance": [amount.as_json() for amount in self.balance],
        }


def standing(studio: Studio, client: Client) -> Standing:
    """Return a client's sessions and money; a balance is what confirmed sessions still cost."""
    now = studio.now()
    found = session_store.listed(studio.file, now, client_id=client.id)
    coming = [one for one in found if one.occupies and one.ends_at > now]
    confirmed = [one for one in found if one.status == "confirmed"]
    return Standing(
        next=coming[0] if coming else None,
        coming=len(coming),
        past=sum(one.ends_at <= now for one in confirmed),
        paid=tuple(sums_of(one.paid for one in found)),
        balance=tuple(sums_of(one.balance.or_zero() for one in confirmed)),
    )


def get(studio: Studio, number: int) -> Client:
    """Return the client of that number; ``NotFound`` when there is none."""
    client = client_store.get(studio.file, number)
    if client is None:
        raise NotFound(f"There is no client {number}.", hint="studio client list")
    return client


def find(studio: Studio, selector: str) -> Client:
    """Return the client that a number, an address, a name or the unique beginning of a name means.

    ``last`` is the one that the owner touched last, or whose session.
    """
    text = selector.strip()
    if is_number(text):
        return get(studio, int(text))
    if text == "last":
        return _last(studio)
    if "@" in text:
        by_email = client_store.by_email(studio.file, text)
        found = [by_email] if by_email else []
    else:
        named = client_store.by_name(studio.file, text) if text else []
        found = [client for client in named if client.archived_at is None] or named
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(text, found)
    names = client_store.names(studio.file)
    near = nearest(text, names) or nearest(text, [name.split()[0] for name in names])
    raise NotFound(
        f"There is no client {shown(text)[:80]!r}.",
        hint=did_you_mean(near) or 'Add one: studio client add "Name" --email name@example.com',
        details={"nearest": near},
    )


def _last(studio: Studio) -> Client:
    number = client_store.last_touched(studio.file)
    if number is None:
        raise NotFound(
            "There is no client yet.", hint='Add one: studio client add "Name" --email name@example.com'
        )
    return get(studio, number)


def _ambiguous(text: str, found: list[Client]) -> NotFound:
    listed = ", ".join(
        f"{client.id} {shown(client.name)}{f' <{client.email}>' if client.email else ''}" for client in found
    )
    return NotFound(
        f"{shown(text)[:80]!r} could be {len(found)} clients: {listed}.",
        hint="Say which one by its number or address.",
        code="ambiguous",
        details={
            "candidates": [{"id": client.id, "name": client.name, "email": client.email} for client in found]
        },
    )


def _exists(client: Client) -> Refused:
    return Refused(
        f"There is a client with that address already: {client.id} {shown(client.name)} <{client.email}>.",
        hint=f"Use it: --client {client.id}. (client add --if-missing returns it.)",
        code="already_exists",
        details={"client": client.id},
    )
