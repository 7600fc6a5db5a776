"""The root command: nouns loaded when they are used, and the one place where an error becomes words and a code."""

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info, get_group

from studio_cli import __version__
from studio_cli.cli.desk import Desk, unwritten
from studio_cli.errors import Refused, StudioError, WrongUsage

# noun or command: its module in studio_cli.cli and its line in the help. Nothing is imported to show the help.
NOUNS = {
    "init": ("init", "Make a new studio."),
    "demo": ("demo", "See a whole booking in a throw-away studio."),
    "status": ("status", "What is stuck, what is next, what you are owed."),
    "session": ("session", "Set up, share and confirm sessions."),
    "client": ("client", "The people your sessions are for."),
    "type": ("session_type", "The session types you offer."),
    "availability": ("availability", "The hours you work, and your time off."),
    "slots": ("slots", "The free times of a session type."),
    "calendar": ("calendar", "Your own calendars, out and in."),
    "form": ("form", "Questionnaires for your clients."),
    "contract": ("contract", "Contracts for your clients to sign."),
    "payment": ("payment", "The money that came in."),
    "mail": ("mail", "The outbox."),
    "remind": ("remind", "Remind clients of what is due; for cron."),
    "template": ("template", "The words of your mails."),
    "serve": ("serve", "Serve your booking site, and your clients' links."),
    "serve-link": ("serve_link", "Serve your clients' links only."),
    "site": ("site", "Your booking site."),
    "block": ("block", "Who may not book on it."),
    "backup": ("backup", "A checked copy of everything."),
    "restore": ("backup", "Come back from a backup."),
    "config": ("config", "The studio's settings and secrets."),
}
COMMANDS = {"init", "demo", "status", "slots", "remind", "serve", "serve-link", "backup", "restore"}
"""The entries of NOUNS that are commands themselves: the module's app has just that one."""


VERBS = {
    "session": {
        "new": "session_new",
        "list": "session",
        "show": "session",
        "share": "session_share",
        "link": "session_share",
        "confirm": "session_status",
        "reopen": "session_status",
        "cancel": "session_status",
        "accept": "session_request",
        "decline": "session_request",
        "propose": "session_request",
        "reschedule": "session_changes",
        "edit": "session_changes",
        "history": "session_changes",
    }
}
"""Nouns whose verbs are spread over several modules, so that looking does not load what changing needs."""


class Noun(TyperGroup):
    """A noun whose verbs are loaded and built when they are used, one at a time."""

    def __init__(self, name: str, module: str, help_line: str) -> None:
        super().__init__(name=name, help=help_line, rich_markup_mode=None, no_args_is_help=True)
        self._modules = VERBS.get(name) or dict.fromkeys(_verbs_of(module), module)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order in which they are written."""
        return list(self._modules)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build one verb."""
        return _build(_verbs_of(self._modules[cmd_name])[cmd_name]) if cmd_name in self._modules else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb; a mistyped one gets the nearest."""
        return _resolve(self, super().resolve_command, ctx, args)


def _verbs_of(module: str) -> dict[str, Any]:
    """Load a module and return its commands by name."""
    verbs: typer.Typer = import_module(f"studio_cli.cli.{module}").app
    return {str(info.name): info for info in verbs.registered_commands}


def _build(info: Any) -> Any:
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


class Root(TyperGroup):
    """``studio``: knows its nouns by name and loads the one that is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the nouns in the order of the table."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a noun."""
        if cmd_name not in NOUNS:
            return None
        module, help_line = NOUNS[cmd_name]
        if cmd_name in COMMANDS:
            return _build(_verbs_of(module)[cmd_name])
        return Noun(cmd_name, module, help_line)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of nouns without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in NOUNS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the noun; a mistyped one gets the nearest."""
        return _resolve(self, super().resolve_command, ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; ``run`` answers a Ctrl-C and a closed pipe, Typer would with codes of its own."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as end:
            raise Ended(end) from None


class Ended(Exception):
    """A command was ended from outside, by what ``args`` holds."""


def _resolve(group: Any, resolve: Any, ctx: Any, args: list[str]) -> Any:
    if (
        args
        and not args[0].startswith("-")
        and group.get_command(ctx, args[0]) is None
        and not ctx.resilient_parsing
    ):
        from studio_cli.model.text import did_you_mean, nearest, shown

        near = nearest(args[0], group.list_commands(ctx))
        raise WrongUsage(
            f"There is no command {ctx.command_path} {shown(args[0])[:40]}.",
            hint=did_you_mean(near) or f"{ctx.command_path} --help shows them all.",
        )
    return resolve(ctx, args)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"studio {__version__}")
        raise typer.Exit


root = typer.Typer(
    cls=Root,
    name="studio",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@root.callback(
    epilog="\b\nThe four steps of a session:\n"
    '  studio session new --type family --client rui --at "fri 10:00"\n'
    "  studio session share last --email\n"
    "  studio serve-link\n"
    "  studio session show last"
)
def studio(
    ctx: typer.Context,
    db: Annotated[
        str | None, typer.Option("--db", metavar="PATH", help="The studio's file (or STUDIO_DB).")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask anything.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour (or NO_COLOR).")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A studio manager for people who work alone: set up sessions, share them, let clients complete them from a link."""
    desk = Desk(db=db, no_input=no_input, no_color=no_color)
    ctx.obj = desk
    ctx.call_on_close(desk.close)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``studio`` and end the process with its exit code."""
    _stand_in_for_closed_streams()
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def _stand_in_for_closed_streams() -> None:
    """Put nothing where the caller closed a stream (``<&-``), so that no command has to look."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code (docs/scripting.md)."""
    as_json = "--json" in arguments
    try:
        command = get_group(root)
        code = command.main(args=arguments, prog_name="studio", standalone_mode=False)
        _flush()
        return code if isinstance(code, int) else 0
    except StudioError as error:
        return _fail(error, as_json)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return _pipe_closed()
    except Ended as end:
        return _pipe_closed() if isinstance(end.args[0], BrokenPipeError) else _interrupted()
    except sqlite3.Error as error:
        return _fail(_storage(error), as_json)
    except OSError as error:
        return _fail(_machine(error), as_json)
    except UnicodeEncodeError as error:
        return _not_text(error, as_json)
    except Exception as error:
        if hasattr(error, "format_message"):  # what Typer says of wrong usage
            return _usage(error, as_json)
        if type(error).__name__ == "Abort":
            return _interrupted()
        return _bug(error, as_json)


def _flush() -> None:
    """Hand over the data; a reader that went away is another matter."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritten(error) from error


def _fail(error: StudioError, as_json: bool) -> int:
    from studio_cli.model.text import shown

    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _drop_stdout()
    if as_json:
        _tell(json.dumps(error.as_json(), ensure_ascii=False))
    else:
        _tell(f"studio: {shown(error.message)}")
        if error.hint:
            _tell(shown(error.hint))
    return error.exit_code


def _tell(line: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    with contextlib.suppress(OSError):
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)


def _usage(error: Any, as_json: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        _tell(error.format_message())
        return 2
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "studio"
    return _fail(WrongUsage(_sentence(error.format_message()), hint=f"{path} --help shows how."), as_json)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else text + "."


def _interrupted() -> int:
    from studio_cli.store.database import Database

    _tell("\nInterrupted." if Database.wrote else "\nInterrupted. Nothing was changed.")
    return 130


def _pipe_closed() -> int:
    # Whoever read the output has gone (head, less): nothing is wrong, and the interpreter must not say so.
    _drop_stdout()
    return 0


def _drop_stdout() -> None:
    """Let what is still to be written go nowhere: the interpreter would try once more at its end, and complain."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _storage(error: sqlite3.Error) -> StudioError:
    from pathlib import Path

    from studio_cli.store.database import explain

    return explain(error, Path("the studio's file")) or StudioError(f"SQLite said: {error}", code="bug")


def _machine(error: OSError) -> StudioError:
    where = f"{error.filename}: " if error.filename else ""
    return Refused(f"{where}{error.strerror or error}.", code="machine")


def _not_text(error: UnicodeEncodeError, as_json: bool) -> int:
    """Answer an argument whose bytes are not UTF-8: the file could not keep it. Anything else is a bug."""
    if not any("\ud800" <= character <= "\udfff" for character in error.object):
        return _bug(error, as_json)
    return _fail(WrongUsage("Something that was typed is not UTF-8 text.", code="not_text"), as_json)


def _bug(error: Exception, as_json: bool) -> int:
    if os.environ.get("STUDIO_TRACEBACK"):
        raise error
    from studio_cli.store.database import Database

    kept = (
        "What was saved before it is safe: look before you repeat it."
        if Database.wrote
        else "Nothing was changed."
    )
    return _fail(
        StudioError(
            f"Something unexpected happened ({type(error).__name__}: {error}). {kept}",
            hint="This is a bug. Run it again with STUDIO_TRACEBACK=1 and report what it prints.",
            code="bug",
        ),
        as_json,
    )
