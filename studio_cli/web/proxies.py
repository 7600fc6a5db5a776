"""Who asks: the client's own address, also when the request comes by way of a reverse proxy."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_ADDRESS = 100
"""An address of IPv6 has 45 characters at most, and the name of its zone is short; what is longer is none."""

# An address in brackets or without, with or without a port: what proxies are seen to write.
_HOP = re.compile(r"\[([^\]]*)\](?::\d{1,5})?|([^:]*)(?::\d{1,5})?|([0-9A-Fa-f:.]*)")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that are believed; with none of them, whoever is connected is the client."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def named(cls, text: str | None) -> Proxies:
        """Return those of the setting ``web.trusted_proxy``."""
        return cls(tuple(ipaddress.ip_network(part) for part in (text or "").replace(",", " ").split()))

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and self._trusts(_address(host))

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)

    def client(self, peer: str, forwarded: Sequence[str] = ()) -> str:
        """Return the address of the client behind ``peer``; ``forwarded`` are the X-Forwarded-For headers in order.

        Every proxy adds at the end whom it was asked by, so only what trusted proxies have added is true: from the
        right, the first address that is none of theirs. Everything left of it may be invented
        (https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For, "Security and
        privacy concerns"; RFC 7239, section 8.1, says the same of its successor ``Forwarded``). A hop that is no
        address ends the walk: then the peer is all that is known.
        """
        near = _address(peer)
        if near is None or not self._trusts(near):
            return _plain(near, peer)
        seen = near
        for text in reversed(",".join(forwarded).split(",") if forwarded else []):
            hop = _hop(text)
            if hop is None:
                return _plain(near, peer)
            seen = hop
            if not self._trusts(hop):
                break
        return str(seen)


NOBODY = Proxies()


def _plain(address: Address | None, text: str) -> str:
    return text if address is None else str(address)


def _hop(text: str) -> Address | None:
    found = _HOP.fullmatch(text.strip())
    return _address(next(part for part in found.groups() if part is not None)) if found else None


def _address(text: str) -> Address | None:
    """Return an address in its one form: without a zone, and as IPv4 when it is one inside IPv6."""
    return _parsed(text) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=1000)
def _parsed(text: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed
