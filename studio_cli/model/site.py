"""How clients book a session type by themselves, and until when they may change their minds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Request = Literal["hold", "free", "wishes"]
REQUESTS: tuple[Request, ...] = ("hold", "free", "wishes")
"""What asking for a time does: it is held, it stays free for others, or the client only names times that would suit."""

SITE_HOLD = 15
"""Minutes for which a time is held for somebody who has just picked it on the booking site."""


MONEY_ON_ITS_WAY = 3 * 24 * 60
"""Minutes for which a time picked there is held for a payment that is said to be on its way, if the type says nothing."""


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What a session type says about booking it on the site. Times are minutes.

    ``approval``: the owner says yes or no to each. ``move_until`` and ``cancel_until`` are how long before it begins
    a client can still move or cancel a session; None: they ask the studio.
    """

    published: bool = False
    description: str | None = None
    approval: bool = False
    request: Request = "hold"
    hold: int = SITE_HOLD
    verify_email: bool = False
    move_until: int | None = None
    cancel_until: int | None = None

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


NOTHING_TYPED = TypedSite()
