"""What happens with the money when a client cancels, as they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio_cli.model.money import Money, parse_money

_SUMS = ("paid", "back", "online")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What happens with the money when a client cancels: ``back`` of what was ``paid``, ``online`` of it by itself.

    The rest of what goes back was not paid online: the owner gives it back.
    """

    paid: Money
    back: Money
    online: Money

    @property
    def kept(self) -> Money:
        """What stays with the studio."""
        return self.paid - self.back

    @property
    def by_hand(self) -> Money:
        """What the owner gives back."""
        return self.back - self.online

    def as_json(self) -> dict[str, Any]:
        """Return it for the history and for mails."""
        return {name: getattr(self, name).as_json() for name in _SUMS}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Settlement:
        """Read what ``as_json`` wrote."""
        return cls(*(parse_money(kept[name]["amount"], kept[name]["currency"]) for name in _SUMS))
