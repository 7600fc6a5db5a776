"""What the studio works with: settings, mail, payments, calendars, addresses, templates, time."""

from __future__ import annotations

from collections.abc import Iterator

from studio_cli.booking import own_template
from studio_cli.booking import template as templates
from studio_cli.booking.checkout import check_stripe_key
from studio_cli.booking.checkup import Check, Patient, Trouble
from studio_cli.booking.studio import check_currency
from studio_cli.errors import StudioError
from studio_cli.model.message import MailFailed, MailUnknown
from studio_cli.model.settings import ADDRESS, KEYS, check_setting, is_local
from studio_cli.model.text import shown
from studio_cli.model.times import known_zone, show_short
from studio_cli.store import calendar as calendar_store
from studio_cli.store import doctor as doctor_store
from studio_cli.store import refund_order as refund_store
from studio_cli.store import session_type as type_store

UNREAD_DAYS = 2
"""A calendar that was not read for so long says little of when its owner is busy."""
AHEAD_MINUTES = 10
"""How far in the future something may have been done: clocks differ a little."""
OLD_YEARS = 2
"""Rules of time zones of that age miss changes: some government makes one every year."""


def _settings(patient: Patient) -> Iterator[Trouble]:
    for name, value in sorted(patient.settings.values.items()):
        if name.startswith("internal."):
            continue
        if name not in KEYS:
            yield Trouble("look", f"There is a setting {shown(name)[:60]} that this program does not know.")
            continue
        try:
            check_currency(value) if name == "studio.currency" else check_setting(name, value)
        except StudioError as error:
            yield Trouble("wrong", f"{name}: {error.message}", f"studio config set {name} VALUE")
    for name in ("studio.name", "studio.email", "studio.timezone", "studio.currency"):
        if patient.settings.get(name) is None:
            yield Trouble("wrong", f"{name} is missing.", f"studio config set {name} VALUE")


# ── mail ──────────────────────────────────────────────────────────────────────────────────────────


def _mail(patient: Patient) -> Iterator[Trouble]:
    settings, states = patient.settings, doctor_store.mail_states(patient.at_work.file)
    host, user = settings.get("mail.host"), settings.get("mail.user")
    if host is None:
        if states.get("queued") or states.get("failed"):
            yield Trouble(
                "look",
                "Mails wait, and no mail server is set.",
                "studio config set mail.host smtp.example.com",
            )
        else:
            yield Trouble("fine", "No mail server is set, and no mail waits for one.")
        return
    if user and patient.machine.secret("mail.password", settings) is None:
        words = f"The login {shown(user)} on {shown(host)} has no password here, so no mail can be sent."
        yield Trouble("wrong", words, "studio config secret mail.password")
    elif patient.machine.try_mail is not None:
        yield from _try_mail(patient)


def _try_mail(patient: Patient) -> Iterator[Trouble]:
    assert patient.machine.try_mail is not None
    try:
        steps = list(patient.machine.try_mail(patient.at_work))
    except (MailFailed, MailUnknown) as failure:
        yield Trouble("wrong", str(failure), getattr(failure, "hint", None) or "studio mail test ADDRESS")
    else:
        names = ", ".join(step.name for step in steps)
        yield Trouble("fine", f"The mail server can be used ({names}).")


_OUTBOX = {
    "failed": ("could not be sent so far", "studio mail send"),
    "given_up": ("could not be sent and were given up", "studio mail list --state given_up"),
    "unknown": ("may or may not have been sent", "studio mail list --state unknown"),
}


def _outbox(patient: Patient) -> Iterator[Trouble]:
    states = doctor_store.mail_states(patient.at_work.file)
    for state, (words, advice) in _OUTBOX.items():
        if count := states.get(state, 0):
            yield Trouble("look", f"{count:,} mail{'' if count == 1 else 's'} {words}.", advice)


# ── money from outside ────────────────────────────────────────────────────────────────────────────


def _stripe(patient: Patient) -> Iterator[Trouble]:
    settings = patient.settings
    key, wanted = patient.machine.secret("stripe.key", settings), settings["payment.provider"] == "stripe"
    if key is None and not wanted:
        yield Trouble(
            "fine", f"Clients do not pay with Stripe (payment.provider is {settings['payment.provider']})."
        )
        return
    live = check_stripe_key(settings, key)
    if wanted and not live and not settings.is_test_studio:
        words = "Clients pay with Stripe, and the key is one for trying things out: no money moves."
        yield Trouble("look", words, "studio config secret stripe.key")
    if patient.machine.try_provider is not None:
        account = patient.machine.try_provider(patient.at_work)
        yield Trouble("fine", f"Stripe knows the key{f': {shown(account)}' if account else ''}.")


def _refunds(patient: Patient) -> Iterator[Trouble]:
    count = len(refund_store.unfinished(patient.at_work.file))
    if count:
        words = (
            f"{count} refund{' was' if count == 1 else 's were'} begun, and nobody knows whether it was made."
        )
        yield Trouble("look", words, "studio payment sync")


# ── calendars, addresses ──────────────────────────────────────────────────────────────────────────


def _calendars(patient: Patient) -> Iterator[Trouble]:
    import shlex

    now = patient.now()
    for one in calendar_store.listed(patient.at_work.file, now):
        advice = f"studio calendar sync {shlex.quote(one.name)}"
        if one.error:
            yield Trouble("look", f"The calendar {shown(one.name)} cannot be read: {one.error}", advice)
        elif one.synced_at is None or one.synced_at < now.subtract(hours=24 * UNREAD_DAYS):
            since = f"since {show_short(one.synced_at, patient.settings.zone)}" if one.synced_at else "so far"
            yield Trouble("look", f"The calendar {shown(one.name)} was not read {since}.", advice)


def _address(patient: Patient) -> Iterator[Trouble]:
    settings = patient.settings
    public, served = settings.get("web.public_url"), settings.get(ADDRESS)
    if public is None:
        if settings.is_test_studio or not (is_local(settings.link_base) and _has_clients_online(patient)):
            yield Trouble("fine", f"Links begin with {settings.link_base}.")
            return
        words = f"Links begin with {settings.link_base}, which no client can open from elsewhere."
        yield Trouble("look", words, "studio config set web.public_url https://book.example.com")
    elif not public.startswith("https://") and not is_local(public):
        words = f"Clients open {public} without protection: what they type and sign can be read on the way."
        yield Trouble("look", words, "studio help links")
    elif served and not is_local(served) and served != public:
        words = f"web.public_url is {public}, and links were last served as {served}."
        yield Trouble("look", words, f"studio config set web.public_url {served}")


def _has_clients_online(patient: Patient) -> bool:
    file = patient.at_work.file
    return doctor_store.gave_links(file) or any(one.site.published for one in type_store.listed(file))


# ── templates ─────────────────────────────────────────────────────────────────────────────────────


def _templates(patient: Patient) -> Iterator[Trouble]:
    studio = patient.at_work
    unused = {(one.kind, one.language): one.why for one in own_template.not_used(studio)}
    for (kind, language), why in unused.items():
        words = f"Your template {kind} ({language}) is not used, mails are as shipped: {shown(why)}"
        yield Trouble("wrong", words, f"studio template check {kind}")
    for template in templates.owned(studio):
        if (template.kind, template.language) in unused:
            continue
        for mistake in templates.check_used(studio, template):
            words = f"Your template {template.kind} ({template.language}), line {mistake.line}: {shown(mistake.message)}"
            yield Trouble("wrong", words, f"studio template check {template.kind}")
    for name in templates.strangers(studio):
        yield Trouble(
            "look",
            f"{shown(name)} lies among your templates and is the template of no mail.",
            "studio template list",
        )


# ── time ──────────────────────────────────────────────────────────────────────────────────────────


def _zones(patient: Patient) -> Iterator[Trouble]:
    used = doctor_store.zones(patient.at_work.file)
    zone = patient.settings.get("studio.timezone")
    for name in sorted({*used, *([zone] if zone else [])}):
        if known_zone(name) is None:
            where = "The studio's zone" if name == zone else f"The zone of {used[name]:,} rows,"
            words = f"{where} {shown(name)[:60]} is not known on this machine: its times cannot be shown."
            yield Trouble("wrong", words, "pip install --upgrade tzdata")


def _zone_data(patient: Patient) -> Iterator[Trouble]:
    system, package = patient.machine.zone_data
    used = system or package
    if used is None:
        yield Trouble("wrong", "There are no time zones on this machine.", "pip install --upgrade tzdata")
        return
    whose = "the system's" if system else "the package tzdata's"
    words = f"The rules of time zones are {whose}, release {used}"
    year = used[:4]
    if year.isdigit() and patient.now().to_tz("UTC").year - int(year) >= OLD_YEARS:
        how = "Update the system's package tzdata." if system else "pip install --upgrade tzdata"
        yield Trouble("look", f"{words}: clocks have been changed by law since.", how)
    elif system and package and package > system:
        yield Trouble("fine", f"{words}; the package tzdata has {package}.")
    else:
        yield Trouble("fine", f"{words}.")


def _clock(patient: Patient) -> Iterator[Trouble]:
    now, zone = patient.now(), patient.settings.zone
    newest, wall = doctor_store.newest_moment(patient.at_work.file), patient.machine.wall_clock
    if newest and newest > now.add(minutes=AHEAD_MINUTES):
        words = f"It is {show_short(now, zone)} here, and something was done on {show_short(newest, zone)}: the clock went back, or was wrong."
        yield Trouble(
            "wrong", words, "Set this machine's clock, by the network if it can: timedatectl set-ntp true"
        )
    elif wall and patient.path.stat().st_mtime > wall.add(minutes=AHEAD_MINUTES).timestamp():
        words = "The file was written to at a time that has not come yet: the clock went back, or was wrong."
        yield Trouble(
            "wrong", words, "Set this machine's clock, by the network if it can: timedatectl set-ntp true"
        )


CHECKS = (
    Check("settings", "Every setting is what it can be.", _settings),
    Check("mail", "A mail server is set, with what it takes to log in.", _mail),
    Check("outbox", "No mail has failed.", _outbox),
    Check("stripe", "The key for Stripe is there, and of the right kind.", _stripe),
    Check("refunds", "No refund is half done.", _refunds),
    Check("calendars", "Every calendar was read.", _calendars),
    Check("address", "Clients reach you at an address that is protected.", _address),
    Check("templates", "Your templates are used, and each of them works.", _templates),
    Check("zones", "Every time zone in use is known here.", _zones),
    Check("zone-data", "", _zone_data, "nothing"),
    Check("clock", "Nothing was done in the future.", _clock),
)
