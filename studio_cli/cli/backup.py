"""``studio backup · restore``: a copy of everything, and the way back."""

from pathlib import Path
from typing import Annotated

import typer

from studio_cli.booking import backup as backups
from studio_cli.cli.desk import Desk
from studio_cli.cli.params import DryRun, Json, Yes, desk_of, example
from studio_cli.model.backup import Backup, Contents
from studio_cli.model.text import shown
from studio_cli.model.times import show_short

app = typer.Typer()


@app.command(
    "backup",
    epilog=example("studio backup", "studio backup --keep 14", "studio backup ~/Documents/studio.zip --json"),
)
def backup(
    ctx: typer.Context,
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]",
            help="A folder, or a new file; else beside the studio's file.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option("--keep", metavar="N", min=1, help="Of the backups there only the newest stay."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a complete, checked copy of the studio, also while its server runs.

    It holds the file and your templates; your passwords and keys are not in it.
    """
    desk = desk_of(ctx)
    made = backups.make(desk.studio, Path(path).expanduser() if path else None, keep)
    if as_json:
        desk.json(made.as_json())
        return
    desk.data(str(made.backup.path))
    desk.say(f"Checked: {_size(made.backup.size)}, {_counted(made.backup.contents)}.")
    if made.rotated:
        desk.say(f"{len(made.rotated)} older {'one is' if len(made.rotated) == 1 else 'ones are'} gone.")


@app.command(
    "restore",
    epilog=example(
        "studio restore last",
        "studio restore ~/Documents/studio.zip --dry-run",
        "studio --db copy.db restore ~/Documents/studio.zip",
    ),
)
def restore(
    ctx: typer.Context,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A backup, or last: the newest one beside the file.", show_default=False
        ),
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring a backup back. It is checked first, and what is there now is kept."""
    desk = desk_of(ctx)
    source = backups.find(desk.path, path)
    found = backups.look(source)
    if dry_run:
        _show_rehearsal(desk, found, as_json=as_json)
        return
    if desk.path.exists():
        desk.say(_sentence(found))
        desk.agree(f"Put it in the place of {desk.path}? What is there is kept.", yes=yes)
    done = backups.restore(source, desk.path, desk.clock)
    if as_json:
        desk.json(done.as_json())
        return
    desk.data(str(done.path))
    desk.say(f"Restored: {_counted(found.contents)}.")
    if done.kept:
        desk.say(f"What was there before is in {done.kept}")
    if done.templates_kept:
        desk.say(f"The templates that were there are in {done.templates_kept}")
    if done.mails_in_doubt:
        count = done.mails_in_doubt
        desk.say(
            f"{count} {'mail' if count == 1 else 'mails'} may have been sent since the backup: studio mail list --state unknown"
        )


def _show_rehearsal(desk: Desk, found: Backup, *, as_json: bool) -> None:
    if as_json:
        desk.json({"path": str(desk.path), "backup": found.as_json(), "kept": None, "templates_kept": None,
                   "mails_in_doubt": None})  # fmt: skip
        return
    desk.say(_sentence(found))
    desk.say("It is whole. Nothing was changed.")


def _sentence(found: Backup) -> str:
    zone = found.contents.timezone
    made = f"made {show_short(found.created_at, zone)}" if found.created_at else "a plain copy of the file"
    last = found.contents.last_change
    changed = f", last changed {show_short(last, zone)}" if last else ""
    return f"{found.path.name}: {shown(found.contents.studio)}, {_counted(found.contents)}, {made}{changed}."


def _counted(contents: Contents) -> str:
    return ", ".join(
        f"{number:,} {word}{'' if number == 1 else 's'}"
        for number, word in (
            (contents.sessions, "session"),
            (contents.clients, "client"),
            (contents.payments, "payment"),
        )
    )


def _size(number: int) -> str:
    return f"{number / 1000:,.0f} kB" if number < 1_000_000 else f"{number / 1_000_000:,.1f} MB"
