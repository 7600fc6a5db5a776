"""``studio config``: settings and secrets."""

from typing import Annotated

import typer

from studio_cli import config
from studio_cli.booking import studio as studios
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.errors import NotFound, StudioError, WrongUsage
from studio_cli.model.settings import KEYS, SECRETS, STUDIO_ID, check_key, check_setting
from studio_cli.model.text import clean, did_you_mean, nearest, shown

app = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="KEY", help="As studio.name.", show_default=False)]


@app.command("list", epilog=example("studio config list"))
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List every setting with its value."""
    desk = desk_of(ctx)
    values = studios.shown_settings(desk.studio.settings)
    if as_json:
        desk.json(dict(values))
    elif desk.on_terminal:
        from studio_cli.cli.output import show_card

        facts = [(name, value or f"– ({KEYS[name].about})") for name, value in values.items()]
        show_card(desk, str(desk.path), facts, facts)
    else:
        desk.lines([[name, (value or "").replace("\n", "\\n")] for name, value in values.items()])


@app.command("get", epilog=example("studio config get studio.timezone"))
def get(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Print one setting."""
    desk = desk_of(ctx)
    check_key(name)
    value = desk.studio.settings.get(name)
    if as_json:
        desk.json({"name": name, "value": value})
    else:
        desk.data(value or "")


@app.command(
    "set",
    epilog=example(
        "studio config set web.public_url https://book.example.com",
        "studio config set mail.host smtp.example.com",
        "studio config set studio.phone --unset",
    ),
)
def set_(
    ctx: typer.Context,
    name: Name,
    value: Annotated[str | None, typer.Argument(help="Its new value.", show_default=False)] = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Back to what it is when nobody has said anything.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Change one setting."""
    desk = desk_of(ctx)
    if unset == (value is not None):
        raise WrongUsage(
            "Say a value, or --unset.", hint=f"For example: studio config set {shown(name)} VALUE"
        )
    if value is None:
        studios.remove_setting(desk.studio, name)
    else:
        _change(desk, name, value)
    _tell_set(desk, name, as_json=as_json)


def _tell_set(desk: Desk, name: str, *, as_json: bool) -> None:
    now = desk.studio.settings.get(name)
    if as_json:
        desk.json({"name": name, "value": now})
    elif desk.on_terminal:
        desk.data(f"{name} is now {shown(now) if now else 'not set'}.")
    else:
        desk.lines([[name, (now or "").replace("\n", "\\n")]])


@app.command("edit", epilog=example("studio config edit site.words", "studio config edit mail.signature"))
def edit(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Write a setting of several lines in your editor ($VISUAL, $EDITOR); an empty text unsets it."""
    from studio_cli.cli.editor import edit_until_right, not_lost

    desk = desk_of(ctx)
    before = desk.studio.settings.get(name) if check_key(name) else None
    if not desk.may_ask:
        raise WrongUsage(
            "An editor needs a terminal.", hint=f"Or: studio config set {name} TEXT", code="missing"
        )
    typed = edit_until_right(desk, before or "", ".txt", lambda text: _mistakes(name, text))
    if typed is None:
        desk.leave("Nothing was changed.")
    with not_lost(desk, typed, ".txt"):
        if typed.strip():
            _change(desk, name, typed.strip())
        else:
            studios.remove_setting(desk.studio, name)
    _tell_set(desk, name, as_json=as_json)


def _mistakes(name: str, text: str) -> list[str]:
    try:
        if text.strip():
            check_setting(name, text.strip())
    except StudioError as wrong:
        return [wrong.message]
    return []


def _change(desk: Desk, name: str, value: str) -> None:
    to_stripe = name == "payment.provider" and value == "stripe"
    key = desk.secret("stripe.key") if to_stripe else None
    studios.change_setting(desk.studio, name, value, stripe_key=key)
    provider = desk.provider() if to_stripe else None
    if provider:
        desk.say_mode(provider)


@app.command("path", epilog=example("studio config path"))
def path(ctx: typer.Context, as_json: Json = False) -> None:
    """Print where the studio's file is, or would be."""
    desk = desk_of(ctx)
    if as_json:
        desk.json({"path": str(desk.path), "exists": desk.path.exists()})
    else:
        desk.data(str(desk.path))


@app.command(
    "secret",
    epilog=example(
        "studio config secret mail.password",
        "pass show mail | studio config secret mail.password",
        "studio config secret stripe.key",
    ),
)
def secret(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As mail.password.", show_default=False)],
    unset: Annotated[bool, typer.Option("--unset", help="Forget it.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a secret outside the studio's file. It is asked for, or read from stdin; never an argument."""
    desk = desk_of(ctx)
    if name not in SECRETS:
        near = did_you_mean(nearest(name, SECRETS))
        raise NotFound(
            f"There is no secret {shown(name)[:40]!r}.", hint=near or f"There is: {', '.join(SECRETS)}."
        )
    studio_id = desk.studio.settings[STUDIO_ID]
    value = None if unset else ask_secret(name, hidden=desk.may_ask)
    if value is not None:
        _check_secret(desk, name, value)
    where = config.write_secret(desk.environ, studio_id, name, value)
    if as_json:
        desk.json({"name": name, "set": not unset, "path": str(where)})
    else:
        desk.say(f"{name} is {'forgotten' if unset else 'kept'} in {where}.")


def _check_secret(desk: Desk, name: str, value: str) -> None:
    """Refuse what cannot be such a secret."""
    if name == "stripe.webhook":
        from studio_cli.model.checkout import check_webhook_secret

        check_webhook_secret(value)
    elif name == "stripe.key":
        _check_stripe_key(desk, value)


def _check_stripe_key(desk: Desk, value: str) -> None:
    """Refuse a key that does not belong here, or that Stripe does not know, and say what kind it is."""
    from studio_cli.booking.checkout import check_stripe_key
    from studio_cli.model.checkout import ProviderUnreachable
    from studio_cli.outside.stripe import Stripe

    provider = Stripe(value, api_base=desk.environ.get("STUDIO_STRIPE_API_BASE"), hurried=True)
    live = check_stripe_key(desk.studio.settings, value)
    try:
        account = provider.account()
    except ProviderUnreachable:
        desk.say("Stripe cannot be reached, so the key was not tried.")
    else:
        whose = f" of {shown(account)}" if account else ""
        desk.say(f"Stripe knows this {'LIVE' if live else 'test'} key{whose}.")
    if live:
        desk.say("LIVE: with this key clients pay real money.")
    else:
        desk.say_mode(provider)


def ask_secret(name: str, *, hidden: bool) -> str:
    """Ask for a secret on a terminal without showing it, or read a line of stdin."""
    import sys

    if hidden:
        import getpass

        typed = getpass.getpass(f"{name}: ")
    else:
        try:
            typed = sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise WrongUsage(
                f"{name} is not UTF-8 text.", hint="Give it as UTF-8.", code="not_text"
            ) from None
    clean(typed, name, limit=1000)
    # Kept as it was typed: a password may end with a blank.
    return typed
