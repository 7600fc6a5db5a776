"""What is usual where somebody is: the currency of a time zone or of a locale (Unicode CLDR, by Babel)."""

from __future__ import annotations

import re
from collections.abc import Sequence


def zones() -> Sequence[str]:
    """Return the names of all time zones of places, in order; without the old names of the same."""
    from zoneinfo import available_timezones  # reads a thousand names

    return sorted(name for name in available_timezones() if _is_place(name))


def _is_place(name: str) -> bool:
    return name == "UTC" or (
        "/" in name and name.partition("/")[0] not in {"Etc", "SystemV", "US", "posix", "right"}
    )


def currencies() -> Sequence[tuple[str, str]]:
    """Return the currencies that are money somewhere today, each as its ISO 4217 code and its name."""
    from babel.core import get_global
    from babel.numbers import get_currency_name, get_territory_currencies

    codes = {
        code
        for territory in get_global("territory_currencies")
        for code in get_territory_currencies(territory)
    }
    return [(code, get_currency_name(code, locale="en")) for code in sorted(codes)]


def usual_currency(zone: str, locale: str = "") -> str | None:
    """Return what is paid with where a time zone is, else in the territory of a locale, ``pt_BR.UTF-8``; or None."""
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    spoken = re.match(r"[a-z]{2,3}_([A-Z]{2})", locale)
    for territory in (get_global("zone_territories").get(zone), spoken and spoken[1]):
        paid = get_territory_currencies(territory) if territory else []
        if paid:
            return str(paid[0])
    return None
