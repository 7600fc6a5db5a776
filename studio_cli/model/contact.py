"""Contacts as other programs write them down: which column says what, and a row as what we keep of a client.

Columns are known by their names, in any order, case and spelling (``E-mail 1 - Value``, ``email_address``). The names
are those of the files that people bring along:

* HoneyBook, contacts and the report of leads: ``Full Name``, ``Email Address``, ``Phone Number``; columns of projects
  beside them (read off the importer in github.com/newworldstrategiesai/m10dj, scripts/import-honeybook-leads.js);
* Dubsado: ``First Name``, ``Last Name``, ``Email``, ``Phone Number``, ``Company`` and custom mapped fields
  (https://help.dubsado.com/en/articles/12856750-managing-your-contact-list);
* Studio Ninja, 17hats, ShootProof, Pixieset and Bloom: ``First Name``, ``Last Name``, ``Email``, ``Phone``, with a
  postal address, a type or tags. None of them documents its file; Pixieset takes those of the others as they are
  (https://help.pixieset.com/hc/en-us/articles/13649905611789), Bloom names the three that it needs
  (https://help.bloom.io/en/articles/5166973-export-and-import-contacts);
* Acuity: ``First Name``, ``Last Name``, ``Phone``, ``Email``, ``Notes`` and whether somebody is ``Banned``
  (https://help.acuityscheduling.com/hc/en-us/articles/16676918445965);
* Square: ``First Name``, ``Last Name`` (``Surname`` outside the USA), ``Email Address``, ``Phone Number`` (with an
  apostrophe before it), ``Company Name``, ``Memo``, ``Square Customer ID``
  (https://squareup.com/help/us/en/article/6632-import-customers-online);
* Google Contacts: ``First Name``, ``Middle Name``, ``Last Name``, ``Organization Name``, ``E-mail 1 - Value``,
  ``Phone 1 - Value``, several in one cell between `` ::: ``; before 2024 ``Given Name`` and ``Family Name``
  (https://support.google.com/contacts/answer/1069522);
* our own ``studio client list --csv``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from studio_cli.errors import WrongUsage
from studio_cli.model.client import ClientDetails, check_email, check_phone
from studio_cli.model.spreadsheet import from_cell
from studio_cli.model.text import did_you_mean, nearest, shown, unaccented

Field = Literal[
    "name", "first", "middle", "last", "email", "phone", "company", "notes", "language", "reminders", "ignore"
]
FIELDS: tuple[Field, ...] = get_args(Field)
"""What a column can say."""

_KNOWN: Mapping[Field, str] = {
    "name": "name fullname clientname contactname customername displayname client clients contact customer contactfullname",
    "first": "firstname givenname first fname clientfirstname contactfirstname customerfirstname vorname prenom nombre",
    "middle": "middlename additionalname middle",
    "last": "lastname surname familyname last lname clientlastname contactlastname customerlastname nachname apellido "
    "apellidos sobrenome apelido nomdefamille",
    "email": "email emailaddress mail primaryemail clientemail contactemail customeremail emails emailaddresses "
    "correoelectronico correo courriel adressemail mailadresse emailadresse primaryemailaddress",
    "phone": "phone phonenumber mobile mobilephone mobilenumber cell cellphone cellphonenumber telephone tel "
    "primaryphone clientphone contactphone customerphone workphone homephone businessphone phones phonenumbers "
    "telefon telefono telefone handy",
    "company": "company companyname organization organisation organizationname organisationname business businessname "
    "firma empresa entreprise",
    "notes": "notes note memo comments comment clientnotes privatenotes internalnotes notizen notas",
    "language": "language",
    "reminders": "reminders",
    "ignore": "reasonwhynot",
}
_BY_NAME = {name: what for what, names in _KNOWN.items() for name in names.split()}
_NUMBERED = re.compile(r"(email|emailaddress|phone|phonenumber|mobile|mobilephone|cellphone)\d+(value)?")
_NOTHING = {"-", "–", "—", "n/a", "na", "none", "null", "tbd", "unknown", "."}
"""What people and programs write where there is nothing to write."""
_PARTS: tuple[Field, ...] = ("first", "middle", "last")
REASON = "Reason why not"
"""The column that we add to rows that are given back."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a table says, by its place; None for one that is left out.

    ``plain``: the cells are texts as they are, not those of a spreadsheet. ``labeled``: the columns whose name stands
    before what is in them, in the notes.
    """

    header: tuple[str, ...]
    fields: tuple[Field | None, ...]
    labeled: frozenset[int] = frozenset()
    plain: bool = False

    def details(self, cells: Sequence[str]) -> ClientDetails:
        """Return what a row says of a client, checked; raise ``WrongUsage`` for a row that cannot be one."""
        said = self._said(cells)
        email, more_emails = _first_good([one for _, text in said["email"] for one in _addresses(text)])
        phone, more_phones = _first_number(
            [one for place, text in said["phone"] for one in self._numbers(place, text)]
        )
        name, company = _name(said), _first(said, "company")
        if not (name or company or email):
            raise WrongUsage(
                "It names nobody: there is no name, no company and no mail address.",
                hint="Give it one, or say which column it is in with --map.",
            )
        language, other = _language(_first(said, "language"))
        notes = [self._note(place, text) for place, text in said["notes"]]
        if company and name and company != name:
            notes.append(f"Company: {company}")
        if other:
            notes.append(f"Language: {other}")
        if more := [*more_emails, *more_phones]:
            notes.append(f"Also: {', '.join(more)}")
        return ClientDetails.checked(
            name or company or email or "",
            email,
            phone,
            "\n".join(notes),
            language,
            _first(said, "reminders").casefold() in {"no", "false", "0"},
        )

    def _said(self, cells: Sequence[str]) -> defaultdict[Field, list[tuple[int, str]]]:
        """Return the filled cells by what they say, with the places of their columns."""
        if len(cells) > len(self.header) and any(cell.strip() for cell in cells[len(self.header) :]):
            raise WrongUsage(
                f"It has {len(cells)} cells, and there are {len(self.header)} columns.",
                hint="Put what has a separator in it between quotes.",
            )
        said: defaultdict[Field, list[tuple[int, str]]] = defaultdict(list)
        for place, (cell, what) in enumerate(zip(cells, self.fields, strict=False)):
            if cell and what is not None and (text := cell.strip()):
                said[what].append((place, text if self.plain else from_cell(text)))
        return said

    def _numbers(self, place: int, text: str) -> list[str]:
        """Return the phone numbers of a cell: one a line, and as Google Contacts has several in its own columns."""
        lines = text.replace("\r", "\n").split("\n") if not text.isprintable() else [text]
        if self.header[place].casefold().endswith("value"):
            lines = [one for line in lines for one in line.split(":::")]
        return [one.strip() for one in lines if one.strip() and one.strip().casefold() not in _NOTHING]

    def _note(self, place: int, text: str) -> str:
        words = text.replace("\r\n", "\n").replace("\r", "\n")
        return f"{self.header[place].strip()}: {words}" if place in self.labeled else words


Said = Mapping[Field, Sequence[tuple[int, str]]]


def _first(said: Said, what: Field) -> str:
    """Return what the first filled column of a field says, on one line."""
    if what not in said:
        return ""
    text = said[what][0][1]
    return text if text.isprintable() else re.sub(r"[\t\r\n]+", " ", text)


def _name(said: Said) -> str:
    whole = _first(said, "name")
    if whole:
        return whole
    return " ".join(filter(None, (_first(said, part) for part in _PARTS)))


def recognized(header: Sequence[str], maps: Sequence[str] = (), *, plain: bool = False) -> Columns:
    """Return what the columns of a table say: as they are called, and as ``maps`` (``COLUMN=FIELD``) say.

    ``*=notes`` keeps every column that is not known in the notes. Raises ``WrongUsage`` for a map that means nothing,
    and for a table without anything that could be a name or an address.
    """
    fields = [_meaning(name) for name in header]
    labeled: set[int] = set()
    rest: Field | None = None
    for text in maps:
        column, what = _map(text)
        if column == "*":
            rest = what
            continue
        for place in _places(header, column):
            fields[place] = what
            if what == "notes" and _meaning(header[place]) != "notes":
                labeled.add(place)
    if rest:
        unknown = {place for place, what in enumerate(fields) if what is None}
        fields = [rest if place in unknown else what for place, what in enumerate(fields)]
        labeled |= unknown
    if not {"name", "first", "last", "email", "company"} & set(fields):
        raise WrongUsage(
            "None of its columns is known as a name or a mail address.",
            hint=f'Say which is which: --map "COLUMN=name" --map "COLUMN=email". It has: {_listed(header)}.',
            code="columns",
            details={"columns": [name for name in header if name.strip()]},
        )
    return Columns(tuple(header), tuple(fields), frozenset(labeled), plain)


def key_of(name: str) -> str:
    """Return the name of a column without what makes no difference: case, accents, spaces, marks."""
    return re.sub(r"[^a-z0-9]", "", unaccented(name))


def _meaning(name: str) -> Field | None:
    key = key_of(name)
    numbered = _NUMBERED.fullmatch(key)
    return _BY_NAME.get(numbered[1] if numbered else key)


def _map(text: str) -> tuple[str, Field]:
    column, equals, what = text.rpartition("=")
    wanted = what.strip().casefold()
    for one in FIELDS:
        if equals and column.strip() and wanted == one:
            return column.strip(), one
    near = did_you_mean(nearest(wanted, FIELDS)) if equals else None
    listed = f"Write --map COLUMN=FIELD. The fields are: {', '.join(FIELDS)}."
    raise WrongUsage(
        f"--map {shown(text)[:60]!r} says nothing that is known.",
        hint=f"{near} {listed}" if near else listed,
        code="map",
    )


def _places(header: Sequence[str], column: str) -> list[int]:
    exact = [place for place, name in enumerate(header) if name.strip() == column]
    found = exact or [place for place, name in enumerate(header) if key_of(name) == key_of(column)]
    if not found:
        raise WrongUsage(
            f"It has no column {shown(column)[:60]!r}.",
            hint=did_you_mean(nearest(column, header)) or f"It has: {_listed(header)}.",
            code="map",
            details={"columns": [name for name in header if name.strip()]},
        )
    return found


def _listed(header: Sequence[str]) -> str:
    names = [shown(name.strip())[:40] for name in header if name.strip()]
    return ", ".join(names[:30]) + (" …" if len(names) > 30 else "")


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────


def _addresses(text: str) -> list[str]:
    """Return what could be mail addresses in a cell: one, or several with anything between them."""
    if text.casefold() in _NOTHING:
        return []
    parts = re.split(r"[\s;,]+|:::", text)
    if len(parts) == 1:
        return parts
    found = [part.strip("<>").removeprefix("mailto:") for part in parts if "@" in part]
    return found or [text]


def _first_good(candidates: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the first that is a mail address, and the others that are; raise what is wrong when none is."""
    if not candidates:
        return None, []
    good, trouble = [], None
    for one in candidates:
        try:
            good.append(check_email(one))
        except WrongUsage as problem:
            trouble = trouble or problem
    if not good:
        assert trouble is not None
        raise trouble
    return good[0], [one for one in dict.fromkeys(good) if one != good[0]]


def _first_number(candidates: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the first that can be a phone number, and what else was there: nobody is left out for it."""
    for number in candidates:
        try:
            phone = check_phone(number)
        except WrongUsage:
            continue
        return phone, [one for one in dict.fromkeys(candidates) if one != number]
    return None, list(candidates)


def _language(text: str) -> tuple[str | None, str]:
    """Return the language that a cell names as we do, or what else it says."""
    from studio_cli.language import check_language

    if not text:
        return None, ""
    try:
        return check_language(text), ""
    except WrongUsage:
        return None, text
