"""Whose request it is that a proxy passes on."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_cli.web.proxies import NOBODY, Proxies

TRUSTED = Proxies.named("127.0.0.1, 10.0.0.0/8, 2001:db8:ffff::/48")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ((), "127.0.0.1"),
        (("203.0.113.7",), "203.0.113.7"),
        (("198.51.100.1, 203.0.113.7",), "203.0.113.7"),
        (("198.51.100.1", "203.0.113.7"), "203.0.113.7"),
        (("203.0.113.7, 10.1.2.3",), "203.0.113.7"),
        (("198.51.100.1, 203.0.113.7, 10.1.2.3,10.9.9.9",), "203.0.113.7"),
        (("198.51.100.1, 203.0.113.7, 2001:db8:ffff::5",), "203.0.113.7"),
        (("10.1.2.3, 10.9.9.9",), "10.1.2.3"),
        (("203.0.113.7:4711",), "203.0.113.7"),
        (("2001:DB8::0:7",), "2001:db8::7"),
        (("[2001:db8::7]",), "2001:db8::7"),
        (("[2001:db8::7]:443",), "2001:db8::7"),
        (("::ffff:203.0.113.7",), "203.0.113.7"),
        (("fe80::7%eth0",), "127.0.0.1"),
        (("nonsense, 203.0.113.7",), "203.0.113.7"),
        (("203.0.113.7, nonsense",), "127.0.0.1"),
        (("203.0.113.7, nonsense, 10.1.2.3",), "127.0.0.1"),
        (("203.0.113.7,",), "127.0.0.1"),
        (("",), "127.0.0.1"),
        (("unknown",), "127.0.0.1"),
        (("_hidden",), "127.0.0.1"),
        (("203.0.113.777",), "127.0.0.1"),
        (("203.0.113.7:port",), "127.0.0.1"),
        (("[203.0.113.7",), "127.0.0.1"),
        (("for=203.0.113.7",), "127.0.0.1"),
        (("٢٠٣.0.113.7",), "127.0.0.1"),
    ],
)
def test_walk_from_the_right(forwarded: tuple[str, ...], client: str) -> None:
    """The client is the first address from the right that is no trusted proxy's; what is none ends the walk."""
    assert TRUSTED.client("127.0.0.1", forwarded) == client


def test_only_from_a_trusted_peer() -> None:
    """What anybody else writes into the header is not looked at."""
    assert TRUSTED.client("203.0.113.1", ("198.51.100.1",)) == "203.0.113.1"
    assert NOBODY.client("127.0.0.1", ("198.51.100.1",)) == "127.0.0.1"
    assert TRUSTED.client("::ffff:127.0.0.1", ("198.51.100.1",)) == "198.51.100.1"
    assert Proxies.named("fe80::/64").client("fe80::7%eth0", ("198.51.100.1",)) == "198.51.100.1"
    assert TRUSTED.client("", ("198.51.100.1",)) == ""


@given(
    peer=st.sampled_from(["127.0.0.1", "203.0.113.1", "::1", "", "nonsense"]),
    forwarded=st.lists(
        st.text(alphabet=st.one_of(st.sampled_from("0123456789abcdef.:,[]% _="), st.characters()))
    ),
)
def test_never_breaks(peer: str, forwarded: list[str]) -> None:
    """Whatever stands in the headers, the client is an address or the peer."""
    client = TRUSTED.client(peer, forwarded)
    assert client == peer or ipaddress.ip_address(client)


@given(invented=st.lists(st.ip_addresses(v=4).map(str)), real=st.ip_addresses(v=4).map(str))
def test_inventions_change_nothing(invented: list[str], real: str) -> None:
    """Whatever a client writes to the left of what the proxies add, its address is the same."""
    if real in TRUSTED:
        return
    header = ", ".join([*invented, real, "10.0.0.1"])
    assert TRUSTED.client("127.0.0.1", (header,)) == real
