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
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command_from_info, get_group

from studio_cli import __version__
from studio_cli.cli.desk import Desk, unwritten
from studio_cli.cli.verb import Verb
from studio_cli.errors import Refused, StudioError, WrongUsage

# noun or command: its module in studio_cli.cli and its line in the help. Nothing is imported to show the help.
NOUNS = {
    "init": ("init", "Make a new studio."),
    "demo": ("demo", "See a whole booking in a throw-away studio."),
    "help": ("help", "How things work, topic by topic."),
    "doctor": ("doctor", "Whether everything is well, and what to do if not."),
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
    "waiting": ("waiting", "Who waits for a time to come free."),
    "backup": ("backup", "A checked copy of everything."),
    "restore": ("backup", "Come back from a backup."),
    "config": ("config", "The studio's settings and secrets."),
}
COMMANDS = {
    "init", "demo", "help", "doctor", "status", "slots", "remind", "serve", "serve-link", "backup", "restore",
}  # fmt: skip
"""The entries of NOUNS that are commands themselves: the module's app has just that one."""

AREAS = {
    "Start": ("init", "demo", "help", "doctor"),
    "Sessions": ("status", "session", "type"),
    "Clients": ("client",),
    "Time": ("availability", "slots"),
    "Documents": ("form", "contract"),
    "Money": ("payment",),
    "Mail": ("mail", "remind", "template"),
    "Online": ("serve", "serve-link", "site", "block", "waiting"),
    "Calendars": ("calendar",),
    "Data": ("backup", "restore", "config"),
}
"""How the help groups the entries of NOUNS. One that stands nowhere here is shown under More."""


VERBS = {
    "calendar": {
        "show": "calendar_show",
        **dict.fromkeys(
            ("export", "feed", "list", "subscribe", "unsubscribe", "connect", "disconnect", "sync"),
            "calendar",
        ),
    },
    "client": {
        **dict.fromkeys(("add", "list", "show", "edit"), "client"),
        "import": "client_import",
    },
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
        "import": "session_import",
    },
}
"""Nouns whose verbs are spread over several modules, so that looking does not load what changing needs."""


NO_INPUT = "Never ask anything."
NO_COLOR = "No colour (or NO_COLOR)."
NO_PAGER = "Show what is long all at once (or PAGER=cat)."
DB = "The studio's file (or STUDIO_DB)."
PLAIN = "For a screen reader: sentences, no tables or marks (or STUDIO_PLAIN)."


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


_METAVARS = {"str": "TEXT", "int": "N", "int range": "N"}
"""What stands for a value whose option or argument says nothing better."""


def _build(info: Any) -> Any:
    if not issubclass(info.cls or TyperCommand, Verb):
        info.cls = Verb
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    for param in command.params:
        if param.metavar is None and param.type.name in _METAVARS:
            is_argument = param.param_type_name == "argument"
            param.metavar = str(param.name).upper() if is_argument else _METAVARS[param.type.name]
    command.params.extend(_said_after())
    return command


def _said_after() -> list[TyperOption]:
    """Return the options of the root for a command: what is said before a command can be said after it too."""

    def hear(name: str) -> Any:
        def heard(ctx: Any, option: Any, wanted: Any) -> None:
            if wanted:
                setattr(ctx.find_object(Desk), name, wanted)

        return heard

    flags = [
        TyperOption(
            param_decls=[f"--{name.replace('_', '-')}"], is_flag=True, default=False, expose_value=False, hidden=True,
            callback=hear(name), help=words,
        )
        for name, words in (
            ("plain", PLAIN), ("no_input", NO_INPUT), ("no_color", NO_COLOR), ("no_pager", NO_PAGER),
        )
    ]  # fmt: skip
    file = TyperOption(
        param_decls=["--db"],
        type=str,
        expose_value=False,
        hidden=True,
        callback=hear("db"),
        metavar="PATH",
        help=DB,
    )
    return [*flags, file]


class Root(TyperGroup):
    """``studio``: knows its nouns by name and loads the one that is used."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the global options; those about completion may name a shell, and need not."""
        if args and args[0] in _COMPLETION:
            named = len(args) > 1 and not args[1].startswith("-")
            args = [f"{args[0]}={args[1] if named else 'auto'}", *args[1 + named :]]
        return super().parse_args(ctx, args)

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
        """Write the nouns by area without loading any, a line each."""
        width = max(len(area) for area in AREAS)
        with formatter.section("Commands"):
            for area, names in _areas():
                for place, name in enumerate(names):
                    label = "" if place else area
                    formatter.write(f"  {label:<{width}}  {name:<12}  {NOUNS[name][1]}\n")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the noun; a mistyped one gets the nearest."""
        return _resolve(self, super().resolve_command, ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; ``run`` answers a Ctrl-C and a closed pipe, Typer would with codes of its own."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, BrokenPipeError) as end:
            raise Ended(end) from None


def _areas() -> list[tuple[str, list[str]]]:
    """Return the areas with their nouns, and last the nouns of no area."""
    placed = {name for names in AREAS.values() for name in names}
    areas = [(area, [name for name in names if name in NOUNS]) for area, names in AREAS.items()]
    return [*areas, ("More", [name for name in NOUNS if name not in placed])]


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


_COMPLETION = {"--install-completion", "--show-completion"}


def _install_completion(shell: str | None) -> None:
    if shell is not None:
        from studio_cli.cli import shells

        name = shells.shell_named(shell)
        path, read_by = shells.install(name)
        print(f"Completion for {name} is in {path}{f', which {read_by} reads' if read_by else ''}.")
        print("It works in every shell that is opened from now on.")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        from studio_cli.cli import shells

        print(shells.SCRIPTS[shells.shell_named(shell)], end="")
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
    "  studio session show last\n"
    "\n"
    "\b\nHow things work: studio help lists the topics, studio help statuses reads one."
)
def studio(
    ctx: typer.Context,
    db: Annotated[str | None, typer.Option("--db", metavar="PATH", help=DB)] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help=NO_INPUT)] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help=NO_COLOR)] = False,
    no_pager: Annotated[bool, typer.Option("--no-pager", help=NO_PAGER)] = False,
    plain: Annotated[
        bool,
        typer.Option("--plain", help=PLAIN),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    install_completion: Annotated[
        str | None,
        typer.Option(
            "--install-completion",
            metavar="[SHELL]",
            callback=_install_completion,
            is_eager=True,
            help="Let the Tab key complete commands and names: bash, zsh, fish.",
        ),
    ] = None,
    show_completion: Annotated[
        str | None,
        typer.Option(
            "--show-completion",
            metavar="[SHELL]",
            callback=_show_completion,
            is_eager=True,
            help="Print what that installs.",
        ),
    ] = None,
) -> None:
    """A studio manager for people who work alone: set up sessions, share them, let clients complete them from a link."""
    desk = Desk(db=db, no_input=no_input, no_color=no_color, no_pager=no_pager, plain=plain)
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
        return error.exit_code
    desk = Desk(plain="--plain" in sys.argv)
    for line in (f"studio: {error.message}", error.hint):
        for part in desk.folded(shown(line), sys.stderr) if line else ():
            _tell(part)
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
    how = f"{path} --help shows how."
    if context and hasattr(error, "possibilities"):  # an option that there is none of
        hint = _nearest_option(context.command, error.option_name)
        return _fail(WrongUsage(_sentence(error.message), hint=f"{hint} {how}" if hint else how), as_json)
    return _fail(WrongUsage(_sentence(error.format_message()), hint=how), as_json)


def _nearest_option(command: Any, typed: str) -> str | None:
    from studio_cli.model.text import did_you_mean, nearest

    names = [name for one in command.params for name in (*one.opts, *one.secondary_opts) if name[:2] == "--"]
    return did_you_mean(nearest(typed, names, most=2))


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

    return explain(error, Path("the studio's file")) or StudioError(
        f"SQLite said: {error}",
        hint="This is a bug. Run it again with STUDIO_TRACEBACK=1 and report what it prints.",
        code="bug",
    )


def _machine(error: OSError) -> StudioError:
    where = f"{error.filename}: " if error.filename else ""
    return Refused(f"{where}{error.strerror or error}.", code="machine")


def _not_text(error: UnicodeEncodeError, as_json: bool) -> int:
    """Answer an argument whose bytes are not UTF-8: the file could not keep it. Anything else is a bug."""
    if not any("\ud800" <= character <= "\udfff" for character in error.object):
        return _bug(error, as_json)
    typed = WrongUsage(
        "Something that was typed is not UTF-8 text.", hint="Type it again, in UTF-8.", code="not_text"
    )
    return _fail(typed, as_json)


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
