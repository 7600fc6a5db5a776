"""What people of a trade usually offer: session types to begin with, without prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio_cli.booking import session_type as types
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.text import did_you_mean, nearest, shown

TRADES: Mapping[str, Sequence[TypedOffer]] = {
    "photographer": (
        TypedOffer("Family session", duration="90m", price="0", buffer_after="15m"),
        TypedOffer("Portrait", duration="1h", price="0", buffer_after="15m"),
        TypedOffer("Headshots", duration="30m", price="0"),
        TypedOffer("Wedding consultation", duration="30m", price="0"),
    ),
    "tutor": (
        TypedOffer("Lesson", duration="1h", price="0"),
        TypedOffer("Long lesson", duration="90m", price="0"),
        TypedOffer("First meeting", duration="30m", price="0"),
    ),
    "therapist": (
        TypedOffer("Session", duration="50m", price="0", buffer_after="10m", increment="60m"),
        TypedOffer("Couples session", duration="80m", price="0", buffer_after="10m"),
        TypedOffer("First conversation", duration="25m", price="0"),
    ),
    "trainer": (
        TypedOffer("Training", duration="1h", price="0"),
        TypedOffer("Short training", duration="30m", price="0"),
        TypedOffer("First training and plan", duration="90m", price="0"),
    ),
}


def check_trade(name: str) -> str | None:
    """Return the name of a trade; None for ``none``."""
    trade = name.strip().casefold()
    if trade == "none":
        return None
    if trade in TRADES:
        return trade
    raise WrongUsage(
        f"There are no samples for {shown(name)[:40]!r}.",
        hint=did_you_mean(nearest(trade, TRADES)) or f"Use one of: {', '.join(TRADES)}, none.",
    )


def add_samples(studio: Studio, trade: str) -> None:
    """Add the session types of a trade."""
    for offer in TRADES[trade]:
        types.add(studio, offer)
