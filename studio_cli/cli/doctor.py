"""``studio doctor``: whether everything is well, and what to do if not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import typer
from whenever import Instant

from studio_cli import config
from studio_cli.booking import doctor as doctors
from studio_cli.booking.checkup import Machine
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import Json, desk_of, example
from studio_cli.cli.progress import tracked
from studio_cli.errors import Refused
from studio_cli.model.finding import STATES, Finding, worst
from studio_cli.model.text import shown

app = typer.Typer()

FIX = "studio doctor --fix"
WORDS = {"fine": "fine", "look": "worth a look", "wrong": "wrong"}


@app.command("doctor", epilog=example("studio doctor", "studio doctor --fix", "studio doctor --json"))
def doctor(
    ctx: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend.")] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also log in to the mail server and to Stripe, and send nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Examine the file, the books in it, and what the studio works with; say what is wrong and what to do.

    It changes nothing without --fix. It ends with 3 when something is wrong.
    """
    desk = desk_of(ctx)
    findings = _examined(desk, online=online)
    if fix and any(one.fixable for one in findings):
        done = doctors.mend(desk.path, desk.clock, _machine(desk, online=online), findings)
        findings = doctors.with_mended(_examined(desk, online=online), done)
    state = worst(findings)
    if as_json:
        document = {"path": str(desk.path), "state": state, "findings": [one.as_json() for one in findings]}
        desk.json(document)
    else:
        _show(desk, findings)
    if state == "wrong":
        raise typer.Exit(Refused.exit_code)


def _examined(desk: Desk, *, online: bool) -> list[Finding]:
    work = doctors.examine(desk.path, desk.clock, _machine(desk, online=online))
    return list(tracked(desk, "Examining", work, len(doctors.CHECKS) + 1))


def _machine(desk: Desk, *, online: bool) -> Machine:
    from studio_cli.outside.zone_data import releases

    machine = Machine(
        secret=desk.secret,
        secrets_path=config.secrets_path(desk.environ),
        wall_clock=None if desk.environ.get("STUDIO_NOW") else Instant.now(),
        zone_data=releases(),
    )
    if not online:
        return machine
    from studio_cli.booking.studio import Studio
    from studio_cli.model.message import Step

    def try_mail(studio: Studio) -> Iterator[Step]:
        mailer = desk.mailer(studio)
        if mailer:
            yield from mailer.reach()

    def try_provider(studio: Studio) -> str:
        provider = desk.provider(studio)
        return provider.account() if provider else ""

    return replace(machine, try_mail=try_mail, try_provider=try_provider)


# ── how it looks ──────────────────────────────────────────────────────────────────────────────────


def _show(desk: Desk, findings: list[Finding]) -> None:
    if desk.reader == "script":
        desk.lines([_cells(one) for one in findings])
        return
    if desk.reader == "listener":
        for one in findings:
            desk.data(_sentence(one))
        desk.data(_sum(findings))
        if any(one.fixable for one in findings):
            desk.data(f"What can be mended at once: {FIX}")
        return
    from rich.console import Group
    from rich.text import Text

    from studio_cli.cli.doctor_screen import draw
    from studio_cli.cli.drawing import COMMAND

    more = [Text(FIX, style=COMMAND)] if any(one.fixable for one in findings) else []
    desk.show(Group(*draw(findings, desk.columns), Text(_sum(findings)), *more, Text()))


def _cells(one: Finding) -> list[str]:
    how = "fixed" if one.fixed else "fixable" if one.fixable else ""
    return [one.state, one.check, one.words, one.advice or "", how, one.fixed or ""]


def _sentence(one: Finding) -> str:
    parts = [f"{WORDS[one.state].capitalize()}: {one.check}.", shown(one.words)]
    if one.fixed:
        parts.append(f"Mended. {shown(one.fixed)}")
    if one.advice:
        parts.append(f"What to do: {shown(one.advice)}")
    return " ".join(parts)


def _sum(findings: list[Finding]) -> str:
    counts = {state: sum(one.state == state for one in findings) for state in STATES}
    if counts["wrong"] == counts["look"] == 0:
        return "Everything is well."
    said = [f"{counts[state]} {WORDS[state]}" for state in reversed(STATES) if counts[state]]
    return f"{', '.join(said)}."
