"""Writes down what can be typed where, so that completion needs no command to be loaded: ``make completion``.

What an option or an argument takes is told by the word that stands for it in the help (SESSION, CLIENT, DAY), which is
what people go by too: a new command with a SESSION completes sessions as soon as it is written down.
"""

import json
import re
from pathlib import Path
from typing import Any

from typer.main import get_group

from studio_cli.cli.app import NOUNS, root
from studio_cli.language import LANGUAGES
from studio_cli.model.message import KINDS, STATES
from studio_cli.model.payment import METHODS
from studio_cli.model.session import STATUSES, STEPS
from studio_cli.model.settings import KEYS, SECRETS

TABLE = Path(__file__).with_name("completion_table.json")

LIVE = {
    "SESSION": "session",
    "CLIENT": "client",
    "TYPE": "type",
    "MESSAGE": "message",
    "ZONE": "zone",
    "VALUE": "value",
}
"""What is looked up in the studio's file, or on the machine."""

DAYS = {"today": "", "tomorrow": "", "+7d": "in a week", "+30d": "in thirty days"}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "mon-fri", "sat,sun")
CURRENCIES = [
    "AED",
    "ARS",
    "AUD",
    "BGN",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CZK",
    "DKK",
    "EGP",
    "EUR",
    "GBP",
    "HKD",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "JPY",
    "KES",
    "KRW",
    "KWD",
    "MAD",
    "MXN",
    "MYR",
    "NGN",
    "NOK",
    "NZD",
    "PEN",
    "PHP",
    "PLN",
    "RON",
    "RSD",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TRY",
    "TWD",
    "UAH",
    "USD",
    "UYU",
    "VND",
    "ZAR",
]

FIXED: dict[str, dict[str, str]] = {
    "STATUS": dict.fromkeys(STATUSES, ""),
    "STEP": dict.fromkeys(STEPS, ""),
    "STATE": dict.fromkeys(STATES, ""),
    "HOW": dict.fromkeys(METHODS, ""),
    "MAIL": {name: kind.about for name, kind in KINDS.items()},
    "KEY": {name: key.about for name, key in KEYS.items()},
    "LANG": dict.fromkeys(LANGUAGES, ""),
    "DAY": DAYS,
    "DATE": DAYS,
    "DAYS": dict.fromkeys(WEEKDAYS, ""),
    "CODE": dict.fromkeys(CURRENCIES, ""),
    "SHELL": dict.fromkeys(("bash", "zsh", "fish"), ""),
}

# A NAME is one of whatever its noun is, and what --form and --contract say everywhere; of a new thing it is free.
NAMED = {"form": "form", "contract": "contract", "calendar": "calendar"}
NEW = {("form", "add"), ("contract", "add")}


def table() -> dict[str, Any]:
    """Return every command with its options and arguments, and what each of them takes."""
    group: Any = get_group(root)
    found: dict[str, Any] = {
        "": {
            "verbs": {noun: about for noun, (_, about) in NOUNS.items()},
            "options": _options((), group),
        }
    }
    for noun in NOUNS:
        command = group.get_command(None, noun)
        if not hasattr(command, "list_commands"):
            found[noun] = _command((noun,), command)
            continue
        verbs = {verb: command.get_command(None, verb) for verb in command.list_commands(None)}
        found[noun] = {"verbs": {verb: _first_sentence(one.help) for verb, one in verbs.items()}}
        found |= {f"{noun} {verb}": _command((noun, verb), one) for verb, one in verbs.items()}
    return found


def _command(words: tuple[str, ...], command: Any) -> dict[str, Any]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    return {
        "options": _options(words, command),
        "arguments": [_takes(words, command, one) for one in arguments],
        "many": bool(arguments) and arguments[-1].nargs == -1,
    }


def _options(words: tuple[str, ...], command: Any) -> dict[str, list[Any]]:
    """Return each option with its help and what it takes: None for nothing, an empty text for anything."""
    options: dict[str, list[Any]] = {}
    for one in command.params:
        if one.param_type_name == "option":
            takes = None if one.is_flag else _takes(words, command, one)
            for name in (*one.opts, *one.secondary_opts):
                if name.startswith("--"):
                    options[name] = [_first_sentence(one.help), takes]
    options["--help"] = ["Show the help.", None]
    return options


def _first_sentence(text: str) -> str:
    return text.strip().split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")[:70]


def _takes(words: tuple[str, ...], command: Any, one: Any) -> Any:
    """Return what is taken: the kind of a thing that is looked up, or a list of values with a word about each."""
    metavar = (one.metavar or (one.name or "").upper()).strip("[].")
    if metavar == "FIELDS":
        return _values(dict.fromkeys(command.columns, ""))
    if metavar == "FIELD":
        return _values(dict.fromkeys(command.sorts, ""))
    if metavar == "NAME":
        return _named(words, one)
    if metavar == "NUMBER":
        return {"availability unblock": "time_off", "payment receipt": "receipt"}.get(" ".join(words), "")
    if metavar in FIXED:
        return _values(FIXED[metavar])
    if metavar in LIVE:
        return LIVE[metavar]
    if re.search(r"\b(FILE|PATH|DIR|FOLDER)\b|\.(toml|md|html|csv|ics)$", metavar):
        return "file"
    words_of_it = [word for word in metavar.split("|") if word.islower()] if "|" in metavar else []
    return _values(dict.fromkeys(words_of_it, "")) if words_of_it else ""


def _named(words: tuple[str, ...], one: Any) -> Any:
    if words == ("config", "secret"):
        return _values(dict.fromkeys(SECRETS, ""))
    if one.param_type_name == "option":
        return one.name if one.name in {"form", "contract"} else ""
    return "" if words in NEW else NAMED.get(words[0], "")


def _values(values: dict[str, str]) -> list[list[str]]:
    return [[value, about] for value, about in values.items()]


def main() -> None:
    """Write the table beside this module."""
    TABLE.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the table as it is kept: a command a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in table().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
