"""How clients book a session type by themselves, and until when they may change their minds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.client import check_email
from studio_cli.model.text import folded, shown
from studio_cli.model.times import rfc3339, show_duration

Request = Literal["hold", "free", "wishes"]
REQUESTS: tuple[Request, ...] = ("hold", "free", "wishes")
"""What asking for a time does: it is held, it stays free for others, or the client only names times that would suit."""

SITE_HOLD = 15
"""Minutes for which a time is held for somebody who has just picked it on the booking site."""

REQUEST_HOLD = 7 * 24 * 60
"""Minutes for which a request holds its time when its type does not say how long; never beyond its beginning."""
MOST_MOVES = 5
"""So often a client can move one session themselves; after that they ask the studio."""


MONEY_ON_ITS_WAY = 3 * 24 * 60
"""Minutes for which a time picked there is held for a payment that is said to be on its way, if the type says nothing."""


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What a session type says about booking it on the site. Times are minutes.

    ``approval``: the owner says yes or no to each. ``move_until`` and ``cancel_until`` are how long before it begins
    a client can still move or cancel a session; None: they ask the studio. ``waiting_list``: whether who finds no
    time can ask to be told when one comes free.
    """

    published: bool = False
    description: str | None = None
    approval: bool = False
    request: Request = "hold"
    hold: int = SITE_HOLD
    verify_email: bool = False
    move_until: int | None = None
    cancel_until: int | None = None
    waiting_list: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the rules as scripts read them."""
        return {
            "published": self.published,
            "description": self.description,
            "approval": self.approval,
            "request": self.request,
            "site_hold_minutes": self.hold,
            "verify_email": self.verify_email,
            "move_until_minutes": self.move_until,
            "cancel_until_minutes": self.cancel_until,
            "waiting_list": self.waiting_list,
        }


NOT_ON_THE_SITE = SiteRules()


@dataclass(frozen=True, slots=True)
class TypedSite:
    """The rules as they were typed. None means: not said."""

    publish: bool | None = None
    description: str | None = None
    approval: bool | None = None
    request: str | None = None
    site_hold: str | None = None
    verify_email: bool | None = None
    move_until: str | None = None
    cancel_until: str | None = None
    waiting_list: bool | None = None


NOTHING_TYPED = TypedSite()


def held_until(hold: int | None, starts_at: Instant, now: Instant) -> Instant:
    """Return until when a request for a time holds it: for the type's hold, else a week, and never once it begins."""
    return min(now.add(minutes=hold or REQUEST_HOLD), starts_at)


def show_until(minutes: int | None) -> str:
    """Return ``until 2 days before``, for the owner."""
    if minutes is None:
        return "they ask you"
    return f"until {show_duration(minutes)} before" if minutes else "until it begins"


# ── who may not book ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Blocked:
    """One entry of the owner's list: an address or network, a mail address, or ``@domain`` with all that
    is below it."""

    what: str
    since: Instant

    def as_json(self, zone: str) -> dict[str, Any]:
        """Return ``{what, since}``."""
        return {"what": self.what, "since": rfc3339(self.since, zone)}


def check_blocked(text: str) -> str:
    """Return what is to be blocked in its normal form; raise ``WrongUsage`` when it is none of those."""
    value = text.strip()
    if value.startswith("@") and "." in value and not any(mark.isspace() for mark in value):
        return folded(value)
    if "@" in value:
        return folded(check_email(value))
    import ipaddress  # only when one is typed: everyday commands load this module

    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        raise WrongUsage(
            f"{shown(value)[:60]!r} cannot be blocked: it is no address.",
            hint="Use a mail address, @example.com, 203.0.113.7 or 203.0.113.0/24.",
            code="block",
        )
    if network.version == 6 and network.prefixlen > 64:  # all of that is one home, which has many addresses
        network = network.supernet(new_prefix=64)
    return str(network).removesuffix(f"/{network.max_prefixlen}")


def _meant(email: str) -> set[str]:
    """Return the entries that mean a mail address: itself, its domain, and the domains that this one is part of."""
    labels = email.rpartition("@")[2].split(".")
    return {email, *("@" + ".".join(labels[number:]) for number in range(len(labels)))}


def is_blocked(entries: Iterable[str], address: str, email: str | None = None) -> bool:
    """Return whether an entry of the list means this machine or this mail address."""
    import ipaddress

    words = set() if email is None else _meant(folded(email))
    try:
        machine = ipaddress.ip_address(address)
    except ValueError:
        machine = None
    for entry in entries:
        if "@" in entry:
            if entry in words:
                return True
        elif machine is not None and machine in ipaddress.ip_network(entry):
            return True
    return False
