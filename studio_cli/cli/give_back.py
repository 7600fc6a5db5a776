"""Giving money back where it was paid: what a command needs to reach the provider."""

from __future__ import annotations

from studio_cli.booking.checkout import give_back_with
from studio_cli.booking.payment import GiveBack
from studio_cli.cli.desk import Desk


def give_back(desk: Desk) -> GiveBack | None:
    """Return what gives money back at the provider, or None when there is none; nothing is loaded until it does."""
    provider = desk.provider()
    return give_back_with(provider) if provider else None
