"""Completion in somebody's shell: the script for it, and putting that where the shell finds it.

The scripts hand over what is typed and take lines back. Nothing of what comes back is ever run: names of clients are
among it, and strangers choose theirs.
"""

import os
from pathlib import Path

from studio_cli.cli.completion import SHELLS, VARIABLE
from studio_cli.errors import Refused, WrongUsage
from studio_cli.model.text import shown

_BASH = r"""# Completion of studio in bash.
_studio() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ "$line" = $'\tfiles' ]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        else
            COMPREPLY+=("$line")
        fi
    done < <(_STUDIO_COMPLETE=bash STUDIO_LINE="${COMP_LINE:0:COMP_POINT}" "$1" 2>/dev/null)
    case ${COMPREPLY[0]} in *[=,/]) compopt -o nospace 2>/dev/null ;; esac
}
complete -o nosort -F _studio studio 2>/dev/null || complete -F _studio studio
"""

_ZSH = r"""#compdef studio
# Completion of studio in zsh.
_studio() {
    local line value about
    local -a values labels
    while IFS= read -r line; do
        if [[ $line == $'\tfiles' ]]; then
            _files
            return
        fi
        value=${line%%$'\t'*}
        about=${line#$value}
        values+=("$value")
        labels+=("$value${about:+  ${about#$'\t'}}")
    done < <(_STUDIO_COMPLETE=zsh "${words[1]}" -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    (( $#values )) && compadd -U -V studio -l -d labels -a values
}
if [[ ${funcstack[1]} == _studio ]]; then
    _studio "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _studio studio
fi
"""

_FISH = r"""# Completion of studio in fish.
function __studio_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l plain (string unescape -- "$current"; or echo -- "$current")
    set -lx _STUDIO_COMPLETE fish
    for line in (command $words[1] -- $words[2..-1] "$plain" 2>/dev/null)
        if test "$line" = \tfiles
            __fish_complete_path "$current"
        else
            echo -- $line
        end
    end
end
complete -c studio -f -k -a '(__studio_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
assert set(SCRIPTS) == set(SHELLS) and all(VARIABLE in script for script in SCRIPTS.values())


def shell_named(typed: str) -> str:
    """Return the shell that was named, or with ``auto`` the one that studio was called from."""
    name = _running() if typed == "auto" else typed.strip().casefold()
    if name not in SCRIPTS:
        words = f"{shown(typed)[:30]!r} is not a shell that completion is for." if typed != "auto" else ""
        raise WrongUsage(
            words or "Which shell this is cannot be seen.", hint="Name it: studio --install-completion zsh"
        )
    return name


def _running() -> str:
    import shellingham

    try:
        return str(shellingham.detect_shell()[0])
    except (shellingham.ShellDetectionFailure, OSError):
        return Path(os.environ.get("SHELL", "")).name


def install(shell: str) -> tuple[Path, Path | None]:
    """Put the script where the shell finds it; return where, and which file of the shell's now reads it, if one does."""
    path = _place(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCRIPTS[shell], encoding="utf-8")
        return path, _read_by(shell, path)
    except OSError as error:
        raise Refused(
            f"{error.filename or path} cannot be written: {error.strerror}.",
            hint=f"Or do it yourself: studio --show-completion {shell}",
            code="file",
        ) from error


def _place(shell: str) -> Path:
    """Return where a shell looks for completions by itself, or where its own file can read it."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    if shell == "fish":
        return config / "fish" / "completions" / "studio.fish"
    return config / "studio" / f"completion.{shell}"


def _read_by(shell: str, path: Path) -> Path | None:
    """Let the shell's own file read the script, once; fish needs none."""
    if shell == "fish":
        return None
    folder = Path(os.environ.get("ZDOTDIR") or Path.home()) if shell == "zsh" else Path.home()
    startup = folder / f".{shell}rc"
    line = f"[ -f '{path}' ] && . '{path}'  # completion of studio"
    before = startup.read_text(encoding="utf-8", errors="surrogateescape") if startup.exists() else ""
    if line not in before.splitlines():
        with startup.open("a", encoding="utf-8") as file:
            file.write(f"{'' if before.endswith(chr(10)) or not before else chr(10)}{line}\n")
    return startup
