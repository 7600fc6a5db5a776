"""The studio's settings: which there are, what each may be, and what it is when nobody has said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studio_cli.errors import NotFound, WrongUsage
from studio_cli.model.client import check_email
from studio_cli.model.colors import palette
from studio_cli.model.money import parse_currency
from studio_cli.model.reminder_plan import (
    DEFAULTS,
    Plan,
    check_balance,
    check_hold,
    check_quiet,
    check_tomorrow,
    check_unfinished,
    plan_of,
)
from studio_cli.model.terms import Tax, parse_tax, show_rate
from studio_cli.model.text import clean, did_you_mean, nearest, shown
from studio_cli.model.times import check_zone

DEFAULT_PORT = 8000
DEFAULT_ADDRESS = f"http://127.0.0.1:{DEFAULT_PORT}"


def _line(what: str) -> Callable[[str], str]:
    return lambda text: clean(text, what)


def _one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in words:
            raise WrongUsage(
                f"{shown(text)[:40]!r} is not possible here.", hint=f"Use one of: {', '.join(words)}."
            )
        return text

    return check


def _port(text: str) -> str:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise WrongUsage(
            f"{shown(text)[:40]!r} is not a port.", hint="Use a number from 1 to 65535, often 587."
        )
    return str(int(text))


def _color(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise WrongUsage(f"{shown(text)[:40]!r} is not a colour.", hint="Write it like #2f6f62.")
    return text.lower()


def _host(text: str) -> str:
    name, _, port = text.rpartition(":")
    if name and ":" not in name and port.isdigit():
        raise WrongUsage(
            f"{shown(text)[:60]!r} is a server with its port.",
            hint=f"studio config set mail.host {name}, then: studio config set mail.port {port}",
        )
    if not re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,253}", text):
        raise WrongUsage(
            f"{shown(text)[:60]!r} is not the name of a server.", hint="Write it like smtp.example.com."
        )
    return text


def check_public_url(text: str) -> str:
    """Return the address under which clients reach the pages, without a slash at its end."""

    value = text.strip().rstrip("/")
    if not _leads_somewhere(value) or re.search(r"[\s<>\"'\\^`{|}]", value) or not value.isascii():
        raise WrongUsage(
            f"{shown(text)[:80]!r} is not a web address.", hint="Write it like https://book.example.com."
        )
    return value


def _leads_somewhere(url: str) -> bool:
    from urllib.parse import urlsplit  # only when an address is set: every command loads this module

    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # looked at because it raises for what is not a port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain


def check_proxies(text: str) -> str:
    """Return the addresses and networks of proxies, each in its usual form, separated by commas."""
    import ipaddress  # only when they are set: every command loads this module

    try:
        networks = [ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",")]
    except ValueError:
        networks = []
    if not networks or any(network.prefixlen == 0 for network in networks):
        raise WrongUsage(
            f"{shown(text)[:80]!r} is not the address of a proxy.",
            hint="Write it like 127.0.0.1, 10.0.0.0/8 or both: 127.0.0.1, 10.0.0.0/8.",
        )
    return ", ".join(str(one).removesuffix(f"/{one.max_prefixlen}") for one in networks)


def check_origins(text: str) -> str:
    """Return the addresses of websites (RFC 6454 origins), each in its usual form, separated by spaces."""
    from urllib.parse import urlsplit  # only when they are set: every command loads this module

    found = []
    for part in text.replace(",", " ").split():
        value = part.rstrip("/").lower()
        parts = urlsplit(value) if _leads_somewhere(value) else None
        plain = parts is not None and re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", value)
        if parts is None or not plain or (parts.scheme != "https" and not is_local(value)):
            raise WrongUsage(
                f"{shown(part)[:80]!r} is not the address of a website.",
                hint="Write it like https://www.example.com, without what stands behind it.",
            )
        found.append(value)
    if not found:
        raise WrongUsage("No address was given.", hint="Write it like https://www.example.com.")
    return " ".join(dict.fromkeys(found))


def is_local(address: str) -> bool:
    """Return whether an address leads nowhere but to this machine."""
    return address.startswith(("http://127.", "http://localhost", "http://[::1]"))


def _locale(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}([_-][A-Za-z]{2,4})?", text):
        raise WrongUsage(f"{shown(text)[:40]!r} is not a language.", hint="Write it like en or pt-BR.")
    return text.replace("_", "-")


def _tax(text: str) -> str:
    tax = parse_tax(text)
    if tax is None:
        raise WrongUsage(
            "No tax is what there is when nothing is set.", hint="studio config set payment.tax --unset"
        )
    return f"{tax.name} {show_rate(tax.rate)}%{' included' if tax.included else ''}"


def default_tax(settings: Settings) -> Tax | None:
    """Return the tax of what is offered without saying another."""
    text = settings.get("payment.tax")
    return parse_tax(text) if text else None


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: what it is for, what it may be, and its value when not set."""

    about: str
    check: Callable[[str], str]
    default: str | None = None


KEYS: dict[str, Key] = {
    "studio.name": Key("what clients read as your name", _line("The studio's name")),
    "studio.email": Key("where clients reach you", check_email),
    "studio.phone": Key("where clients call you", lambda text: clean(text, "The phone number", limit=40)),
    "studio.timezone": Key("the zone your hours are in", check_zone),
    "studio.currency": Key("what your prices are in (ISO 4217)", parse_currency),
    "studio.locale": Key(
        "the language of pages and mails, and how dates and money are written", _locale, "en"
    ),
    "brand.logo": Key(
        "a picture at the head of the pages: PNG, JPEG, WebP or GIF",
        lambda text: clean(text, "The logo", limit=4096),  # typed as a path, kept as the name of the file
    ),
    "brand.color": Key("the colour of the pages' buttons", _color, "#2f5d50"),
    "web.public_url": Key("the address clients open, for example https://book.example.com", check_public_url),
    "web.trusted_proxy": Key(
        "the proxy in front of serve-link, for example 127.0.0.1: it says who asks", check_proxies
    ),
    "site.words": Key(
        "what your booking site says before what you offer",
        lambda text: clean(text, "The words", limit=4000, multiline=True),
    ),
    "site.indexed": Key("whether search engines may list your booking site", _one_of("yes", "no"), "no"),
    "site.embed": Key("your own websites, in which the booking site may stand", check_origins),
    "mail.from": Key("the sender of your mails", check_email),
    "mail.host": Key("the mail server", _host),
    "mail.port": Key("the mail server's port", _port, "587"),
    "mail.user": Key("the login on the mail server", _line("The mail user")),
    "mail.tls": Key(
        "how the connection is protected: starttls, tls or none",
        _one_of("starttls", "tls", "none"),
        "starttls",
    ),
    "mail.signature": Key(
        "how your mails end; else your name, address and phone number",
        lambda text: clean(text, "The signature", limit=1000, multiline=True),
    ),
    "mail.news": Key("whether you get a mail when a client has done something", _one_of("yes", "no"), "yes"),
    "remind.unfinished": Key(
        "when clients are asked about what they have not finished: days after the link, 2d, 5d; none",
        check_unfinished,
        DEFAULTS["remind.unfinished"],
    ),
    "remind.hold": Key(
        "how long before a hold ends its client is told: 24h; none", check_hold, DEFAULTS["remind.hold"]
    ),
    "remind.balance": Key(
        "when clients are asked for a balance: 7d before, on the day, 2d after; none",
        check_balance,
        DEFAULTS["remind.balance"],
    ),
    "remind.tomorrow": Key(
        "from what hour on the day before a session its client is reminded: 09:00; no",
        check_tomorrow,
        DEFAULTS["remind.tomorrow"],
    ),
    "remind.quiet": Key(
        "hours in which no reminder is sent: 21:00-08:00; none", check_quiet, DEFAULTS["remind.quiet"]
    ),
    "payment.tax": Key("the tax of new session types and one-offs: HST 13%, or VAT 20% included", _tax),
    "payment.provider": Key(
        "how clients pay: offline, stripe or test", _one_of("offline", "stripe", "test"), "offline"
    ),
    "payment.instructions": Key(
        "what a client reads when something is to be paid",
        lambda text: clean(text, "The instructions", limit=2000, multiline=True),
    ),
}

_CAN_BE_UNSET = {
    "studio.phone",
    "web.public_url",
    "mail.from",
    "mail.host",
    "mail.user",
    "mail.signature",
    "payment.instructions",
}

SECRETS: dict[str, str] = {
    "mail.password": "STUDIO_MAIL_PASSWORD",
    "stripe.key": "STUDIO_STRIPE_KEY",
    "stripe.webhook": "STUDIO_STRIPE_WEBHOOK",
}
"""Kept outside the studio's file; the environment variable wins."""

CALENDAR_PASSWORD = "STUDIO_CALENDAR_PASSWORD"  # noqa: S105
"""The environment variable with the password of a connected calendar; else each login's is kept by its name."""

TEST_STUDIO = "internal.test_studio"
"""Set by ``studio demo`` and ``init --test``: the only studios in which the test payment page works."""
ADDRESS = "internal.address"
"""Where this studio's links were last served on purpose: a link's address while there is no public one."""
STUDIO_ID = "internal.id"
SITE_KEY = "internal.site_key"
"""With what the booking site signs the forms that it gives out; made when it is first served."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one studio. Missing ones have their default."""

    values: Mapping[str, str]

    def get(self, key: str) -> str | None:
        """Return the value of ``key``, or its default, or None."""
        value = self.values.get(key)
        return value if value is not None or key not in KEYS else KEYS[key].default

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    @property
    def zone(self) -> str:
        """The studio's IANA time zone."""
        return self["studio.timezone"]

    @property
    def currency(self) -> str:
        """The studio's ISO 4217 currency."""
        return self["studio.currency"]

    @property
    def link_base(self) -> str:
        """The address that links begin with."""
        return self.get("web.public_url") or self.get(ADDRESS) or DEFAULT_ADDRESS

    @property
    def is_test_studio(self) -> bool:
        """Whether pretended payments are allowed here."""
        return self.get(TEST_STUDIO) == "yes"

    @property
    def reminders(self) -> Plan:
        """When clients are reminded."""
        return plan_of({name: self[name] for name in DEFAULTS}, self.zone)

    def for_clients(self) -> dict[str, Any]:
        """Return what pages and mails may know of the studio, as plain data."""
        return {
            "name": self["studio.name"],
            "email": self["studio.email"],
            "phone": self.get("studio.phone") or "",
            "timezone": self.zone,
            "tel": "".join(mark for mark in self.get("studio.phone") or "" if mark in "+0123456789"),
            "test": self.is_test_studio,
            **palette(self["brand.color"]),
            "instructions": self.get("payment.instructions") or "",
        }


def login_name(address: str, user: str) -> str:
    """Return the name under which the password of somebody on a calendar server is kept: one for all calendars there."""
    from studio_cli.model.calendar import host_of

    return f"calendar {user}@{host_of(address)}"


def check_key(name: str) -> Key:
    """Return the setting of that name; raise ``NotFound`` with the nearest names."""
    if name in KEYS:
        return KEYS[name]
    if name in SECRETS:
        raise WrongUsage(f"{name} is a secret.", hint=f"Set it with: studio config secret {name}")
    hint = did_you_mean(nearest(name, KEYS)) or "studio config list shows them all."
    raise NotFound(f"There is no setting {shown(name)[:60]!r}.", hint=hint)


def check_setting(name: str, text: str) -> str:
    """Return ``text`` as the value of the setting ``name``; raise ``WrongUsage`` when it cannot be."""
    if name in _CAN_BE_UNSET and text.strip().casefold() in {"", "none"}:
        raise WrongUsage(
            f"{name} cannot be {shown(text)!r}.", hint=f"To be without: studio config set {name} --unset"
        )
    return check_key(name).check(text)
