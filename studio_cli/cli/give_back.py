"""Giving money back where it was paid: what a command needs to reach the provider."""

from __future__ import annotations

from studio_cli.booking.payment import GiveBack
from studio_cli.cli.desk import Desk
from studio_cli.model.money import Money
from studio_cli.model.payment import Payment


def give_back(desk: Desk) -> GiveBack | None:
    """Return what gives money back at the provider, or None when there is no key for it.

    Nothing is loaded, and no key looked at, before there is something to give back.
    """
    if desk.secret("stripe.key") is None:
        return None

    def giving(payment: Payment, amount: Money, key: str) -> str:
        from studio_cli.booking.checkout import give_back_with

        provider = desk.provider()
        assert provider is not None
        return give_back_with(provider)(payment, amount, key)

    return giving
