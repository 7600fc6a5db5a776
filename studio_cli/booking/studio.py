"""The studio at work: its open file and its clock, passed to every use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whenever import Instant

from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.availability import DEFAULT_HOURS, Hours
from studio_cli.model.settings import (
    ADDRESS,
    KEYS,
    STUDIO_ID,
    TEST_STUDIO,
    Settings,
    check_key,
    check_setting,
)
from studio_cli.store import availability as hours_store
from studio_cli.store import event as event_store
from studio_cli.store import session as session_store
from studio_cli.store import setting as setting_store
from studio_cli.store.database import Database

Clock = Callable[[], Instant]


@dataclass(frozen=True, slots=True)
class Studio:
    """An open studio. The clock is part of it, so that no rule ever asks the machine for the time."""

    file: Database
    clock: Clock
    quiet: bool = False
    """Whether clients are told nothing of what is done now."""

    def now(self) -> Instant:
        """Return the present moment in whole seconds, as it is stored."""
        return self.clock().round("second", mode="floor")

    @property
    def settings(self) -> Settings:
        """The settings as they are now: the server sees a change at once."""
        return setting_store.read(self.file)

    def settle(self, now: Instant) -> None:
        """Inside a write, before anything else is decided: let go of what was held, and of requests, long enough."""
        expired = session_store.expire(self.file, now)
        over = session_store.end_requests(self.file, now)
        released = session_store.release_requests(self.file, now)
        if not (expired or over or released):
            return
        from studio_cli.booking import expiry  # which needs this module

        for number in expired:
            expiry.tell(self, number)
        for number in over:
            expiry.tell_over(self, number)
        for number in released:
            expiry.tell_released(self, number)


def open_studio(path: Path, clock: Clock) -> Studio:
    """Open the studio in a file that exists."""
    return Studio(Database.open(path, clock), clock)


def found(
    path: Path,
    clock: Clock,
    *,
    name: str,
    email: str,
    timezone: str,
    currency: str,
    test: bool = False,
    week: Sequence[Hours] = DEFAULT_HOURS,
    furnish: Callable[[Studio], None] | None = None,
) -> Studio:
    """Make a new studio: its file, its settings, its weekly hours; ``furnish`` puts in what else it begins with.

    The file appears when all of that is in it, or not at all.
    """
    import secrets

    settings = {
        "studio.name": check_setting("studio.name", name),
        "studio.email": check_setting("studio.email", email),
        "studio.timezone": check_setting("studio.timezone", timezone),
        "studio.currency": check_currency(currency),
        STUDIO_ID: secrets.token_hex(8),
    }
    if test:
        settings |= {TEST_STUDIO: "yes", "payment.provider": "test"}

    def fill(file: Database) -> None:
        now = Studio(file, clock).now()
        with file.atomic():
            for key, value in settings.items():
                setting_store.write(file, key, value)
            hours_store.set_weekly_hours(file, range(1, 8), week)
            event_store.add(file, "studio made", now)
        if furnish:
            furnish(Studio(file, clock))

    return Studio(Database.create(path, fill), clock)


def check_currency(code: str) -> str:
    """Return ``code`` if it is a currency that exists (ISO 4217, by CLDR's list)."""
    from babel.numbers import list_currencies

    known = check_setting("studio.currency", code)
    if known not in list_currencies():
        raise WrongUsage(f"{known} is not a currency.", hint="Use a code like CAD, EUR or JPY.")
    return known


def change_setting(studio: Studio, name: str, text: str, *, stripe_key: str | None = None) -> str:
    """Set one setting and return its value in its normal form. ``stripe_key`` is the secret, where there is one."""
    value = check_currency(text) if name == "studio.currency" else check_setting(name, text)
    if name == "payment.provider" and value == "test" and not studio.settings.is_test_studio:
        raise Refused(
            "The test payment page only works in a studio made for trying things out.",
            hint="Make one: studio --db try.db init --test …, or run studio demo.",
            code="not_a_test_studio",
        )
    if name == "payment.provider" and value == "stripe":
        from studio_cli.booking.checkout import check_stripe_key

        check_stripe_key(studio.settings, stripe_key)
    with studio.file.atomic():
        if name == "brand.logo":
            from studio_cli.booking import brand

            value = brand.keep_logo(studio, text)
        setting_store.write(studio.file, name, value)
        event_store.add(studio.file, "setting changed", studio.now(), details={"name": name})
    return value


def remove_setting(studio: Studio, name: str) -> None:
    """Set one setting back to what it is when nobody has said anything."""
    check_key(name)
    if name in {"studio.name", "studio.email", "studio.timezone", "studio.currency"}:
        raise Refused(f"A studio cannot be without {name}.", hint=f"Change it: studio config set {name} …")
    with studio.file.atomic():
        if name == "brand.logo":
            from studio_cli.booking import brand

            brand.forget_logo(studio)
        setting_store.write(studio.file, name, None)
        event_store.add(studio.file, "setting changed", studio.now(), details={"name": name})


def remember_address(studio: Studio, address: str) -> None:
    """Note where the links are served, so that the links made meanwhile lead there."""
    if studio.settings.get(ADDRESS) != address:
        with studio.file.atomic():
            setting_store.write(studio.file, ADDRESS, address)


def shown_settings(settings: Settings) -> Mapping[str, str | None]:
    """Return every setting with its value or default, in the order of their list."""
    return {name: settings.get(name) for name in KEYS}
