"""``studio calendar``: your own calendars close times here, and your sessions appear in them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

from studio_cli import config
from studio_cli.booking import connection as connections
from studio_cli.booking import feed as feeds
from studio_cli.booking import slot
from studio_cli.booking import subscription as subscriptions
from studio_cli.booking.connection import Outcome
from studio_cli.cli import columns, output
from studio_cli.cli.config import ask_secret
from studio_cli.cli.desk import Desk
from studio_cli.cli.link import Copy, Qr, show_link
from studio_cli.cli.listing import Listing, listing_of, lists
from studio_cli.cli.params import CalendarRef, Json, Yes, desk_of, example
from studio_cli.cli.progress import busy, tracked
from studio_cli.cli.text_file import write_text
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.calendar import Calendar, CalendarUnreadable, Kind
from studio_cli.model.settings import CALENDAR_PASSWORD, STUDIO_ID, is_local, login_name
from studio_cli.model.text import clean, shown
from studio_cli.model.times import day_begins, parse_day, show_short

app = typer.Typer()

MOST_NAMED = 5
"""Sessions in a calendar's busy times of which each gets a line; the others are counted."""

Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What you call it.")]
NoTitles = Annotated[bool, typer.Option("--no-titles", help="Keep when you are busy, and not with what.")]


@app.command(
    "feed",
    epilog=example("studio calendar feed", "studio calendar feed --new", "studio calendar feed --revoke"),
)
def feed(
    ctx: typer.Context,
    new: Annotated[bool, typer.Option("--new", help="Another address; the one there is ends.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="End it: nobody can read it any more.")] = False,
    qr: Qr = False,
    copy: Copy = False,
    as_json: Json = False,
) -> None:
    """Make the secret address under which your own calendars read your sessions."""
    desk = desk_of(ctx)
    if new and revoke:
        raise WrongUsage("--new and --revoke contradict each other.", hint="Leave one of them out.")
    if revoke:
        ended = feeds.revoke(desk.studio)
        if as_json:
            desk.json({**feeds.Feed(None).as_json(desk.studio.settings.zone), "revoked": ended})
        else:
            desk.say("The feed has ended." if ended else "There was no feed.")
        return
    made = feeds.feed(desk.studio, new=new)
    if as_json:
        desk.json({**made.as_json(desk.studio.settings.zone), "revoked": False})
    elif made.address:
        show_link(desk, made.address, qr=qr, copy=copy)
    _tell_feed(desk, made)


def _tell_feed(desk: Desk, made: feeds.Feed) -> None:
    if made.address is None:
        assert made.made_at is not None
        since = show_short(made.made_at, desk.studio.settings.zone)
        desk.say(f"There is a feed since {since}. Its address was shown then, and is kept nowhere.")
        desk.say("For another one (which ends it): studio calendar feed --new")
        return
    desk.say("Whoever has this address reads your sessions, with the names and contacts of your clients.")
    if made.ended:
        desk.say("The earlier address works no more.")
    if is_local(made.address):
        desk.say("It works on this computer only, while studio serve-link runs.")
        if desk.studio.settings.get("web.public_url"):
            desk.say("web.public_url is an address of this computer, which nobody else can open.")


@app.command(
    "export",
    epilog=example(
        "studio calendar export --out sessions.ics",
        "studio calendar export --from 2026-01-01 --to 2026-12-31",
    ),
)
def export(
    ctx: typer.Context,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="From this day on; else 90 days back.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Until this day, included.")] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Else to stdout.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write what was exported as JSON; needs --out.")
    ] = False,
) -> None:
    """Write your sessions as a calendar file."""
    desk = desk_of(ctx)
    if as_json and out is None:
        raise WrongUsage("--json needs --out: the calendar itself goes to stdout.", hint="Add --out FILE.ics")
    zone, now = desk.studio.settings.zone, desk.studio.now()
    begin = day_begins(parse_day(first, zone, now), zone) if first else None
    end = day_begins(parse_day(last, zone, now).add(days=1), zone) if last else None
    if begin and end and begin >= end:
        raise WrongUsage("--from is after --to.", hint="For example: --from 2026-01-01 --to 2026-12-31")
    with busy(desk, "Writing the calendar"):
        found = feeds.entries(desk.studio, begin, end)
        content = feeds.calendar(desk.studio, found).decode()
    if out is None:
        desk.text((content.replace("\r\n", "\n") if desk.on_terminal else content).removesuffix("\n"))
    else:
        write_text(out, content)
    if as_json:
        desk.json({"path": out, "sessions": len(found)})
    else:
        desk.say(f"{len(found)} session{'' if len(found) == 1 else 's'}{f' in {shown(out)}' if out else ''}.")


@app.command("list", cls=lists(columns.calendar_columns("UTC")), epilog=example("studio calendar list"))
def list_(ctx: typer.Context) -> None:
    """List the calendars that close times here."""
    desk = desk_of(ctx)
    _show_list(desk, subscriptions.listed(desk.studio), listing_of(ctx))


def _show_list(desk: Desk, calendars: Sequence[Calendar], look: Listing) -> None:
    zone = desk.studio.settings.zone
    output.show_as(
        desk,
        look,
        columns.calendar_columns(zone),
        calendars,
        json=lambda one: one.as_json(zone),
        empty="No calendars yet. Subscribe to one: studio calendar subscribe FILE|URL",
    )


@app.command(
    "subscribe",
    epilog=example(
        "studio calendar subscribe https://example.com/private.ics --name Private",
        "studio calendar subscribe ~/holidays.ics --no-titles",
    ),
)
def subscribe(
    ctx: typer.Context,
    where: Annotated[
        str,
        typer.Argument(metavar="FILE|URL", help="A calendar file, or its address.", show_default=False),
    ],
    name: Name = None,
    no_titles: NoTitles = False,
    as_json: Json = False,
) -> None:
    """Let a calendar close times here: no session is offered while you are busy in it."""
    desk = desk_of(ctx)
    kind, address = _where(where)
    calendar, new = subscriptions.subscribe(
        desk.studio, kind, address, desk.calendar_source, name=name, titles=not no_titles
    )
    _tell_kept(desk, calendar, new, as_json=as_json)


def _where(text: str) -> tuple[Kind, str]:
    """Return what a calendar is read from: a path, or an address."""
    if re.match(r"(https?|webcals?):", text, re.I):
        from studio_cli.outside.web import check_address

        return "url", check_address(text)
    if "://" in text:
        raise WrongUsage("That is not the address of a calendar.", hint="Give a file, or an https address.")
    try:
        return "file", str(Path(text).expanduser().absolute())
    except RuntimeError:
        raise WrongUsage("Nobody here has that home folder.", hint="Write the whole path.") from None


def _tell_kept(desk: Desk, calendar: Calendar, new: bool, *, as_json: bool) -> None:
    zone = desk.studio.settings.zone
    if as_json:
        desk.json({**calendar.as_json(zone), "new": new})
    elif desk.on_terminal:
        words = "closes times here now" if new else "closed times here already"
        desk.data(f"{shown(calendar.name)} {words}: {_count(calendar)} to come.")
    else:
        desk.lines([output.line(columns.calendar_columns(zone), calendar)])
    _warn(desk, calendar)
    _name_sessions(desk, calendar)


def _count(calendar: Calendar) -> str:
    return f"{calendar.events} busy time{'' if calendar.events == 1 else 's'}"


def _warn(desk: Desk, calendar: Calendar) -> None:
    for note in calendar.notes:
        desk.say(f"{shown(calendar.name)}: {note}.")


def _name_sessions(desk: Desk, calendar: Calendar) -> None:
    """Name the sessions that a calendar's busy times meet: nothing else would tell of two things at one time."""
    met, zone = subscriptions.sessions_in(desk.studio, calendar), desk.studio.settings.zone
    for session in met[:MOST_NAMED]:
        desk.say(f"On {show_short(session.starts_at, zone)} there is {slot.named(session)}; it stays.")
    if len(met) > MOST_NAMED:
        desk.say(f"And {_sessions(len(met) - MOST_NAMED)} more.")


@app.command("sync", epilog=example("studio calendar sync", "studio calendar sync private"))
def sync(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this one.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the calendars once more. A running server does so by itself."""
    desk = desk_of(ctx)
    wanted = [subscriptions.find(desk.studio, name)] if name else subscriptions.listed(desk.studio)
    trouble: CalendarUnreadable | None = None
    done: dict[int, Outcome] = {}
    for one in tracked(desk, "Reading calendars", _synced(desk, wanted), len(wanted)):
        if isinstance(one, CalendarUnreadable):
            if trouble is not None:  # the last one is told at the end
                desk.say(shown(trouble.message))
            trouble = one
            continue
        done[one.calendar.id] = one
        _tell_synced(desk, one, aloud=desk.on_terminal and not as_json)
    after = [one for one in subscriptions.listed(desk.studio) if one.id in {before.id for before in wanted}]
    if as_json:
        zone = desk.studio.settings.zone
        desk.json([done.get(one.id, Outcome(one, changed=False)).as_json(zone) for one in after])
    elif not desk.on_terminal or not wanted:
        _show_list(desk, after, Listing())
    if trouble is not None:
        raise trouble


def _synced(desk: Desk, wanted: Sequence[Calendar]) -> Iterator[Outcome | CalendarUnreadable]:
    """Read calendars, one after the other; one that cannot be read holds up no other."""
    for calendar in wanted:
        try:
            yield connections.sync(desk.studio, calendar, desk.calendar_source(calendar))
        except CalendarUnreadable as problem:
            yield problem


def _tell_synced(desk: Desk, done: Outcome, *, aloud: bool) -> None:
    name, delivered = shown(done.calendar.name), done.delivered
    if aloud:
        desk.data(f"{name}: {'read' if done.changed else 'unchanged'}, {_count(done.calendar)} to come.")
        for words, numbers in (("written into it", delivered.put), ("taken out of it", delivered.removed)):
            if numbers:
                desk.data(f"{name}: {_sessions(len(numbers))} {words}.")
    for number in delivered.put_back:
        desk.say(f"{name}: session {number} was changed there, and is put back as it is here.")
        desk.say(f"To move it: studio session reschedule {number} --at TIME")
    _warn(desk, done.calendar)
    if done.changed:
        _name_sessions(desk, done.calendar)


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


@app.command(
    "connect",
    epilog=example(
        "studio calendar connect https://cal.example.com/ --user ana@example.com",
        "studio calendar connect https://cal.example.com/ --user ana --calendar Work --name Work",
        "studio calendar connect https://cal.example.com/ --user ana --calendar Family --read-only",
    ),
)
def connect(
    ctx: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Of the server, or of the calendar.", show_default=False)
    ],
    user: Annotated[
        str, typer.Option("--user", metavar="NAME", help="Your login there.", show_default=False)
    ],
    which: Annotated[
        str | None, typer.Option("--calendar", metavar="NAME", help="Which one, when there are several.")
    ] = None,
    name: Name = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Write no sessions into it.")] = False,
    no_titles: NoTitles = False,
    as_json: Json = False,
) -> None:
    """Connect a calendar of a CalDAV server: sessions appear in it, and what else is in it closes times here.

    The password is asked for, read from stdin, or STUDIO_CALENDAR_PASSWORD; an app password, where there are some.
    """
    from studio_cli.outside.caldav import CalDav
    from studio_cli.outside.web import check_address

    desk = desk_of(ctx)
    identity = desk.studio.settings[STUDIO_ID]
    address, login = check_address(url), clean(user, "The login")
    fresh = None if desk.environ.get(CALENDAR_PASSWORD) else ask_secret("password", hidden=desk.may_ask)
    password = fresh or desk.calendar_password(address, login)
    with subscriptions.nothing_kept():
        found = connections.choose(CalDav(address, login, password).find(), which)
    if fresh is not None:
        config.write_secret(desk.environ, identity, login_name(found.address, login), fresh)
    calendar, new = subscriptions.subscribe(
        desk.studio, "caldav", found.address, desk.calendar_source,
        name=name, called=found.name, titles=not no_titles, user=login, writes=not read_only,
    )  # fmt: skip
    done = connections.sync(desk.studio, calendar, desk.calendar_source(calendar))
    if as_json:
        desk.json({**done.as_json(desk.studio.settings.zone), "new": new})
        return
    _tell_kept(desk, done.calendar, new, as_json=False)
    if calendar.writes:
        desk.say(
            f"{_sessions(len(done.delivered.put))} written into it. A running server keeps it up to date."
        )


@app.command(
    "disconnect",
    epilog=example(
        "studio calendar disconnect work --yes", "studio calendar disconnect work --remove-events --yes"
    ),
)
def disconnect(
    ctx: typer.Context,
    name: CalendarRef,
    remove_events: Annotated[
        bool, typer.Option("--remove-events", help="Take the sessions to come out of it first.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget a connected calendar and its password. Sessions that were written into it stay there, unless you say so."""
    desk = desk_of(ctx)
    calendar = subscriptions.find(desk.studio, name)
    if calendar.kind != "caldav":
        raise Refused(
            f"{shown(calendar.name)} is subscribed to, not connected.",
            hint=f"End that: studio calendar unsubscribe {shown(calendar.name)}",
        )
    desk.agree(f"Forget {shown(calendar.name)}? {_count(calendar)} would be free again.", yes=yes)
    target = cast(connections.Target, desk.calendar_source(calendar)) if remove_events else None
    removed = connections.disconnect(desk.studio, calendar, target)
    _forget_password(desk, calendar)
    if as_json:
        desk.json({**calendar.as_json(desk.studio.settings.zone), "forgotten": True, "removed": removed})
    else:
        desk.say(f"{shown(calendar.name)} is forgotten; {_sessions(removed)} taken out of it.")


def _forget_password(desk: Desk, calendar: Calendar) -> None:
    """Forget a login's password, unless another calendar is read with it."""
    mine = login_name(calendar.address, calendar.user or "")
    others = {login_name(one.address, one.user or "") for one in subscriptions.listed(desk.studio)}
    if mine not in others:
        config.write_secret(desk.environ, desk.studio.settings[STUDIO_ID], mine, None)


@app.command("unsubscribe", epilog=example("studio calendar unsubscribe private --yes"))
def unsubscribe(ctx: typer.Context, name: CalendarRef, yes: Yes = False, as_json: Json = False) -> None:
    """Forget a calendar: what only it closed is free again."""
    desk = desk_of(ctx)
    calendar = subscriptions.find(desk.studio, name)
    if calendar.kind == "caldav":
        raise Refused(
            f"{shown(calendar.name)} is connected, not only subscribed to.",
            hint=f"End that: studio calendar disconnect {shown(calendar.name)}",
        )
    question = f"Forget {shown(calendar.name)}? {_count(calendar)} would be free again."
    desk.agree(question, yes=yes)
    subscriptions.unsubscribe(desk.studio, calendar.name)
    if as_json:
        desk.json({**calendar.as_json(desk.studio.settings.zone), "forgotten": True})
    else:
        desk.say(f"{shown(calendar.name)} is forgotten.")
