"""``studio client import`` and the way back: files of other programs as they stand, mistakes in them, and our own."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.client import Client, ClientDetails
from studio_cli.model.contact import FIELDS, recognized
from studio_cli.model.spreadsheet import as_cell, from_cell
from studio_cli.model.vcard import cards, written
from tests.conftest import NOW, Cli

FILES = Path(__file__).parent.parent / "files" / "import"
CASES = int(os.environ.get("CASES", "30"))
EXPECTED: dict[str, list[tuple[str, str | None, str | None, str | None]]] = {
    "honeybook.csv": [
        ("Nora Feld", "nora@example.com", "(416) 555-0101", None),
        ("Ibrahim Sow", "ibrahim@example.com", None, None),
    ],
    "dubsado.csv": [
        ("Júlia Prado", "julia@example.com", "555-0102", "Allergic to lilies,\nbrings her mother"),
        ("Omar", "omar@example.com", None, "Company: Omar Bakes"),
    ],
    "studio-ninja.csv": [
        ("Zoë O'Hara", "zoe@example.com", "+44 20 7946 0018", None),
        ("Tariq Aziz", "tariq@example.com", None, None),
    ],
    "17hats.csv": [
        ("Lena Vogel", "lena@example.com", "416-555-0104", "Company: Vogel & Söhne"),
        ("Hugo Blanc", "hugo@example.com", None, None),
    ],
    "shootproof.csv": [
        ("Priya Nair", "priya@example.com", None, None),
        ("Priya Nair", "priya.nair@example.com", "416 555 0105", None),
    ],
    "pixieset.csv": [
        ("Anaïs Petit", "anais@example.com", "514 555 0106", "Prefers French"),
        ("Florist Bloom", None, None, None),
    ],
    "bloom.csv": [("Yuki Tanaka", "yuki@example.com", "+81 3 1234 5678", None)],
    "acuity.csv": [
        ("Chidi Anagonye", "chidi@example.com", "6125550107", "Can't decide"),
        ("Walk In", None, "6125550108", None),
    ],
    "square.csv": [("Marta Nowak", "marta@example.com", "+14165550109", "Pays cash")],
    "google.csv": [
        (
            "Mei Ling Chen",
            "mei@example.com",
            "+1 416 555 0111",
            "Also: mei.chen@example.com, chen@work.example.com, +1 416 555 0112",
        ),
        ("Dundas Dental", None, "416 555 0113", None),
    ],
    "google-2023.csv": [("Sam Adeyemi", "sam@example.com", "555 0114", None)],
    "address-book.vcf": [
        (
            "Rosa Díaz",
            "rosa@example.com",
            "+34 600 555 115",
            "Likes mornings, and dogs\nAlways early\nAlso: rosa@work.example.com",
        ),
        ("Jürgen Müller", None, "+49 30 555 0116", None),
        ("Ada & Co", "ada@example.com", "+1-555-0117", None),
    ],
}
REFUSED = {"studio-ninja.csv": 1, "square.csv": 1, "address-book.vcf": 1}


def everybody(cli: Cli) -> list[tuple[Any, ...]]:
    """Return what is known of every client, in the order in which they came."""
    listed = cli("client", "list", "--archived", "--sort", "id", "--json").ok().json
    return [tuple(one[name] for name in ("name", "email", "phone", "notes")) for one in listed]


def put(folder: Path, text: str | bytes, name: str = "people.csv") -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


# ── files as they stand ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", EXPECTED)
def test_files_of_other_programs_as_they_stand(new_studio: Cli, tmp_path: Path, name: str) -> None:
    """What each program exports arrives as it is; the same file again changes nothing, byte for byte."""
    file = put(tmp_path, (FILES / name).read_bytes(), name)
    done = new_studio("client", "import", file, "--json").ok().json
    known = everybody(new_studio)
    assert known == EXPECTED[name]
    assert (done["new"], done["refused"]) == (len(known), REFUSED.get(name, 0))
    before = (tmp_path / "studio.db").read_bytes()
    again = new_studio("client", "import", file, "--json").ok().json
    assert (again["new"], again["changed"], again["refused"]) == (0, 0, done["refused"])
    assert (tmp_path / "studio.db").read_bytes() == before


def test_bad_rows_are_given_back_with_their_reason(new_studio: Cli, tmp_path: Path) -> None:
    """A row that cannot be imported is in a file beside, under its own columns, and comes in once it is mended."""
    file = put(tmp_path, 'Name,Email\nRui,rui@\nEva,eva@example.com\n=cmd,"bad\ttext"\n')
    done = new_studio("client", "import", file, "--json").ok().json
    assert [one["line"] for one in done["refusals"]] == [2, 4]
    path = Path(done["rejects"])
    assert path == tmp_path / "people.not-imported.csv"
    head, first, second = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    assert head == ["Name", "Email", "Reason why not"]
    assert first[:2] == ["Rui", "rui@"]
    assert "not a mail address" in first[2]
    assert second[0] == "'=cmd"
    path.write_text(path.read_text(encoding="utf-8").replace("rui@,", "rui@example.com,"), encoding="utf-8")
    new_studio("client", "import", str(path)).ok()
    assert [one[:2] for one in everybody(new_studio)] == [
        ("Eva", "eva@example.com"),
        ("Rui", "rui@example.com"),
    ]


def test_what_was_given_back_is_not_written_over(new_studio: Cli, tmp_path: Path) -> None:
    """Other rows than those that are there get a file of their own; the same ones do not, and --rejects names one."""
    file = put(tmp_path, "Name,Email\nRui,rui@\nEva,\n")
    for _ in range(2):
        assert new_studio("client", "import", file, "--json").ok().json["rejects"].endswith("d.csv")
    put(tmp_path, "Name,Email\nTom,tom@\nEva,\n")
    assert new_studio("client", "import", file, "--json").ok().json["rejects"].endswith("d-2.csv")
    named = str(tmp_path / "bad.csv")
    for _ in range(2):
        assert (
            new_studio("client", "import", file, "--rejects", named, "--json").ok().json["rejects"] == named
        )
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == [
        "bad.csv", "people.csv", "people.not-imported-2.csv", "people.not-imported.csv",
    ]  # fmt: skip
    assert not list(tmp_path.glob(".*.new"))


def test_rehearsal(new_studio: Cli, tmp_path: Path) -> None:
    """--dry-run says what would happen, and neither the studio nor the folder is another one after it."""
    file = put(tmp_path, "Name,Email,Pet\nRui,rui@example.com,dog\nEva,eva@,\n")
    before = (tmp_path / "studio.db").read_bytes()
    done = new_studio("client", "import", file, "--dry-run", "--json").ok().json
    assert (done["new"], done["refused"], done["left_out"], done["rejects"]) == (1, 1, ["Pet"], None)
    assert (tmp_path / "studio.db").read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.csv")] == ["people.csv"]


# ── columns ───────────────────────────────────────────────────────────────────────────────────────


def test_columns_are_mapped_by_hand(new_studio: Cli, tmp_path: Path) -> None:
    """--map says what a column is, and keeps others in the notes under their names; * is for all that are not known."""
    file = put(tmp_path, "Kunde,E-Post,Pet,Shoe size\nRui,rui@example.com,dog,43\n")
    maps = ("--map", "kunde=name", "--map", "E-Post=email", "--map", "*=notes")
    new_studio("client", "import", file, *maps).ok()
    assert everybody(new_studio) == [("Rui", "rui@example.com", None, "Pet: dog\nShoe size: 43")]


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        (["Nmae=name"], "no column 'Nmae'"),
        (["Name=nmae"], "says nothing that is known"),
        (["Name"], "says nothing that is known"),
        (["*=ignore", "Name=ignore"], "None of its columns"),
    ],
)
def test_maps_that_mean_nothing(new_studio: Cli, tmp_path: Path, maps: list[str], words: str) -> None:
    """A map of a column or a field that there is not is wrong usage, and so is a table of nobody."""
    file = put(tmp_path, "Name,Pet\nRui,dog\n")
    refused = new_studio("client", "import", file, *(word for one in maps for word in ("--map", one)))
    assert refused.code == 2
    assert words in refused.err


@pytest.mark.parametrize(
    "header", ["E-MAIL", "e-mail address", " Email ", "Email 1", "email_address", "E-mail 1 - Value"]
)
def test_columns_are_known_by_their_names_however_they_are_written(header: str) -> None:
    """Case, hyphens, numbers and the order of columns make no difference."""
    columns = recognized(["last name", header, "FIRST_NAME"])
    assert columns.details(["Costa", "rui@example.com", "Rui"]) == ClientDetails(
        "Rui Costa", "rui@example.com"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(new_studio: Cli, tmp_path: Path, encoding: str, separator: str) -> None:
    """Neither needs to be said; line ends and empty lines make no difference."""
    rows = [["Name", "Email", "Notes"], [], ["José Nuñez", "jose@example.com", "a, b; c"], []]
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    new_studio("client", "import", put(tmp_path, text.encode(encoding))).ok()
    assert everybody(new_studio) == [("José Nuñez", "jose@example.com", None, "a, b; c")]


def test_an_encoding_that_cannot_be_found_out_is_named(new_studio: Cli, tmp_path: Path) -> None:
    """--encoding is for the others; one that there is not, or that the file is not in, is wrong usage."""
    file = put(tmp_path, "Name\nŁukasz\n".encode("iso8859-2"))
    new_studio("client", "import", file, "--encoding", "latin2").ok()
    assert everybody(new_studio)[0][0] == "Łukasz"
    for wrong in ("latin99", "utf-8", "hex"):
        assert new_studio("client", "import", file, "--encoding", wrong).code == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04\0\0", b"Name,Email", b"\xff\xfeN\0"])
def test_files_that_are_none(new_studio: Cli, tmp_path: Path, content: bytes) -> None:
    """A file without a table in it, or of another kind, is wrong usage or imports nobody, and never a crash."""
    refused = new_studio("client", "import", put(tmp_path, content))
    assert refused.code in {0, 2}
    assert everybody(new_studio) == []


def test_a_quote_that_is_not_closed_costs_no_other_row(new_studio: Cli, tmp_path: Path) -> None:
    """What cannot be read is given back, and the rows before and after it arrive."""
    file = put(
        tmp_path,
        'Name,Email\nRui,rui@example.com\n"Eva" x" y,"eva\nTom,"tom@example.com"\nAna,ana@example.com\n',
    )
    done = new_studio("client", "import", file, "--json").ok().json
    assert done["refused"] >= 1
    assert {"Rui", "Ana"} <= {one[0] for one in everybody(new_studio)}


def test_nothing_usable_is_refused(new_studio: Cli, tmp_path: Path) -> None:
    """A file of which no row is a client ends with exit 3, and its rows are given back all the same."""
    refused = new_studio("client", "import", put(tmp_path, "Name,Email\nRui,rui@\n"))
    assert refused.code == 3
    assert (tmp_path / "people.not-imported.csv").exists()


# ── those who are known ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("skip", ("Rui Costa", "rui@example.com", "555 0100", None)),
        ("merge", ("Rui Costa", "rui@example.com", "555 0100", "Dogs")),
        ("update", ("Rui da Costa", "rui@example.com", "555 0199", "Dogs")),
    ],
)
def test_clients_that_are_known(new_studio: Cli, tmp_path: Path, how: str, expected: tuple[str, ...]) -> None:
    """A client is known by their address in any case: left, filled in or replaced as told, and never twice."""
    new_studio("client", "add", "Rui Costa", "--email", "rui@example.com", "--phone", "555 0100").ok()
    text = (
        "Name,Email,Phone,Notes\nRui da Costa,RUI@EXAMPLE.COM,555 0199,Dogs\nRuy,rui@example.com,1234,Cats\n"
    )
    file = put(tmp_path, text)
    done = new_studio("client", "import", file, "--duplicates", how, "--json").ok().json
    assert everybody(new_studio) == [expected]
    assert (done["new"], done["changed"]) == (0, 0 if how == "skip" else 1)
    again = new_studio("client", "import", file, "--duplicates", how, "--json").ok().json
    assert (again["new"], again["changed"], again["same"]) == (0, 0, 2)
    assert everybody(new_studio) == [expected]


def test_changes_are_in_the_history(new_studio: Cli, tmp_path: Path) -> None:
    """One line tells of the import and whom it brought, and one of each client that it changed, with old and new."""
    new_studio("client", "add", "Rui", "--email", "rui@example.com").ok()
    new_studio(
        "client", "import", put(tmp_path, "Name,Email,Phone\nRui,rui@example.com,5550100\nEva,,\nAna,,\n")
    ).ok()
    with sqlite3.connect(tmp_path / "studio.db") as file:
        lines = file.execute("SELECT kind, client_id, details FROM event ORDER BY id DESC LIMIT 2").fetchall()
    assert lines[0][0] == "clients imported"
    assert '"first": 2, "last": 3' in lines[0][2]
    assert lines[1] == ("client changed", 1, '{"phone": [null, "5550100"]}')


ADDRESSES = st.sampled_from(["", "a@example.com", "A@EXAMPLE.com", "b@example.com", "c@"])
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["Rui", "RUI", "Eva", "", "Éva"]),
        ADDRESSES,
        st.sampled_from(["", "555 0100", "5550100", "12"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=PEOPLE, known=PEOPLE, how=st.sampled_from(["skip", "merge", "update"]))
def test_the_same_file_again_changes_nothing(
    tmp_path: Path, cli: Cli, people: Any, known: Any, how: str
) -> None:
    """Whoever was there before and however the rows repeat each other, the second time nothing is new or changed."""
    empty = tmp_path / "empty.db"
    if not empty.exists():
        made = ("--name", "A", "--email", "a@example.com", "--timezone", "UTC", "--currency", "CAD")
        cli("--db", str(empty), "init", *made).ok()
    shutil.copy(empty, tmp_path / "studio.db")
    for rows, name in ((known, "known.csv"), (people, "people.csv")):
        text = io.StringIO()
        csv.writer(text).writerows([("Name", "Email", "Phone"), *rows])
        cli("client", "import", put(tmp_path, text.getvalue(), name), "--duplicates", how)
    before = (tmp_path / "studio.db").read_bytes()
    cli("client", "import", str(tmp_path / "people.csv"), "--duplicates", how)
    assert (tmp_path / "studio.db").read_bytes() == before


# ── there and back ────────────────────────────────────────────────────────────────────────────────


def stored(text: str) -> bool:
    """Whether a text can be a client's name."""
    try:
        ClientDetails.checked(text)
    except WrongUsage:
        return False
    return True


HOSTILE = st.sampled_from(
    ["=", "+", "-", "@", "'", '"', ",", ";", "\\", ":::", ":", "\n", "-5 +", "＝", "\t", "BEGIN:VCARD"]
)
TEXTS = st.lists(st.one_of(HOSTILE, st.text(max_size=12)), min_size=1, max_size=4).map("".join)
LINES = TEXTS.filter(stored).map(lambda text: ClientDetails.checked(text).name)
LONG = TEXTS.map(lambda text: text.replace("\r", "")).filter(
    lambda text: stored(text.replace("\n", "").replace("\t", ""))
)
DETAILS = st.builds(
    lambda name, phone, notes: ClientDetails.checked(name, "rui@example.com", f"{phone[:20]} 555", notes),
    LINES, LINES, LONG,
)  # fmt: skip


def kept(details: ClientDetails) -> tuple[Any, ...]:
    """Return what is compared of a client."""
    return details.name, details.email, details.phone, details.notes


@settings(max_examples=CASES * 4, deadline=None)
@given(details=DETAILS)
@example(ClientDetails("'=1", "rui@example.com", "-5 +1 555", "''=x"))
def test_any_text_survives_the_way_there_and_back(details: ClientDetails) -> None:
    """What is written as a cell or a card is read as it was, whatever it says."""
    names = ["name", "email", "phone", "notes"]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([as_cell(cell or "") for cell in kept(details)])
    cells = next(csv.reader(io.StringIO(text.getvalue(), newline="")))
    assert kept(recognized(names).details(cells)) == kept(details)
    one = Client(1, details.name, details.email, details.phone, details.notes, None, NOW, None)
    (card,) = cards(io.StringIO(written(one), newline=""))
    assert (card.called, card.emails, card.phones, card.notes) == (
        details.name, ["rui@example.com"], [details.phone], [details.notes] if details.notes else [],
    )  # fmt: skip
    assert max(len(line) for line in written(one).encode().split(b"\r\n")) <= 75


@settings(max_examples=CASES * 4, deadline=None)
@given(text=TEXTS)
@example("-5 +cmd|' /C calc'!A0")
@example("-1")
def test_hostile_cells_never_become_formulas(text: str) -> None:
    """No cell begins with what a spreadsheet runs, but an amount below zero; and each comes back as it was."""
    cell = as_cell(text)
    assert from_cell(cell) == text
    runs = cell[:1] in set("=+-@\t\r\n＝＋－＠")
    assert not runs or cell.removeprefix("-").replace(".", "").partition(" ")[0].isdigit()
    assert not runs or "+" not in cell


def test_our_own_lists_come_back_whole(new_studio: Cli, tmp_path: Path) -> None:
    """What client list writes as CSV or vCard, client import reads into an empty studio as the same people."""
    said = ("--phone", "+1 416", "--notes", "=1+1\n\n'quoted'\\n; a, b", "--language", "pt", "--no-reminders")
    new_studio("client", "add", "=Rui \u202eCosta", "--email", "rui@example.com", *said).ok()
    new_studio("client", "add", 'Émile, "the" Zola').ok()
    known = everybody(new_studio)
    fields = "name,email,phone,language,reminders,notes"
    table = new_studio("client", "list", "--sort", "id", "--csv", "--columns", fields).ok().out
    book = new_studio("client", "list", "--sort", "id", "--vcard").ok().out
    for name, content in (("all.csv", table), ("all.vcf", book)):
        (tmp_path / "studio.db").unlink()
        new_studio(
            "init", "--name", "B", "--email", "b@example.com", "--timezone", "UTC", "--currency", "CAD"
        ).ok()
        new_studio("client", "import", put(tmp_path, content, name)).ok()
        assert everybody(new_studio) == known
        first = new_studio("client", "show", "1", "--json").ok().json
        assert first["language"] == "pt"
        assert first["reminders"] is (name == "all.vcf")


def test_cards_are_read_by_another_program(new_studio: Cli) -> None:
    """What client list --vcard writes is a vCard to a library of others."""
    vobject = pytest.importorskip("vobject")
    new_studio("client", "add", "Émile; Zola", "--phone", "555 0100", "--notes", "a\nb, c" + "é" * 100).ok()
    (card,) = vobject.readComponents(new_studio("client", "list", "--vcard").ok().out)
    assert (card.fn.value, card.tel.value, card.note.value) == (
        "Émile; Zola",
        "555 0100",
        "a\nb, c" + "é" * 100,
    )


def test_vcard_with_another_form_is_wrong_usage(new_studio: Cli) -> None:
    """A list has one form."""
    for more in ("--json", "--csv"):
        assert new_studio("client", "list", "--vcard", more).code == 2


# ── many ──────────────────────────────────────────────────────────────────────────────────────────


def many(folder: Path, count: int) -> str:
    """Write a file of so many people, some of them twice."""
    rows = [
        f"Client {number % (count - 5)},c{number % (count - 5)}@example.com,+1 (416) 555 {number:05d} x\n"
        for number in range(count)
    ]
    return put(folder, "Name,Email,Phone\n" + "".join(rows), "many.csv")


def test_search_finds_imported_clients_as_any_others(new_studio: Cli, tmp_path: Path) -> None:
    """What is searched is what the schema's own view says of every client, and the trigger is there again."""
    new_studio("client", "import", many(tmp_path, 2500)).ok()
    new_studio("client", "import", put(tmp_path, "Name,Phone,Notes\nÉmile,12 34 5²,blue\nBo,,\n")).ok()
    with sqlite3.connect(tmp_path / "studio.db") as file:
        searched = file.execute(
            "SELECT rowid, name, email, phone, notes FROM client_search ORDER BY rowid"
        ).fetchall()
        assert (
            searched
            == file.execute("SELECT id, name, email, phone, notes FROM client_words ORDER BY id").fetchall()
        )
        assert len(searched) == 2497
    new_studio("client", "add", "Zed Last").ok()
    assert "Zed Last" in new_studio("client", "list", "last").ok().out


def test_a_kill_in_the_middle_leaves_nothing(new_studio: Cli, tmp_path: Path) -> None:
    """A process that dies while it imports has imported nobody, and the file is whole."""
    file = many(tmp_path, 30_000)
    for pause in (0.5, 1.0):
        process = subprocess.Popen(
            [sys.executable, "-m", "studio_cli", "client", "import", file], stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 30
        while (
            not (tmp_path / "studio.db-journal").exists()
            and time.monotonic() < until
            and process.poll() is None
        ):
            time.sleep(0.02)
        time.sleep(pause / 5)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            pytest.skip("It was faster than we are.")
        assert everybody(new_studio) == []
        with sqlite3.connect(tmp_path / "studio.db") as opened:
            assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert opened.execute(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'client_search_insert'"
            ).fetchone() == (1,)


def test_fields_of_the_schema_are_those_of_the_program() -> None:
    """The schema lists the fields that a column can have."""
    from tests.schemas import schemas

    column = schemas()["clients-imported"]["properties"]["columns"]["items"]["properties"]["field"]
    assert column["enum"] == [*FIELDS, None]
