"""``studio contract`` and ``studio session show --contract``: writing what clients sign, and seeing what they signed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from studio_cli.booking import contract as contracts
from studio_cli.booking import journey
from studio_cli.booking import session as sessions
from studio_cli.booking.journey import Signer
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from tests.conftest import Cli, Maker, studio_process
from tests.terminal import on_terminal, studio

TERMS = "# Our terms\n\n{{ client.name }} pays {{ session.price }}.\n"
FIELDS = {"name", "source", "created_at", "changed_at"}


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    """A contract in a file."""
    path = tmp_path / "terms.md"
    path.write_text(TERMS, encoding="utf-8")
    return path


@pytest.fixture
def with_terms(new_studio: Cli, terms: Path) -> Cli:
    """A studio with the contract terms."""
    new_studio("contract", "add", "terms", "--file", str(terms)).ok()
    return new_studio


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def test_add_list_show(new_studio: Cli, terms: Path) -> None:
    """A contract is added from its file, listed by how it begins, and shown as it was written."""
    added = new_studio("contract", "add", "terms", "--file", str(terms), "--json").ok().json
    assert set(added) == FIELDS
    assert (added["name"], added["source"]) == ("terms", TERMS.strip())
    assert added["created_at"] == added["changed_at"] == "2026-11-20T10:00:00-05:00"
    assert new_studio("contract", "list").ok().out == "terms\tOur terms\n"
    assert new_studio("contract", "list", "--json").ok().json == [added]
    assert new_studio("contract", "show", "terms", "--json").ok().json == added
    assert new_studio("contract", "show", "terms").ok().out == TERMS


def test_add_from_stdin(new_studio: Cli) -> None:
    """--file - reads the contract from stdin, and a byte order mark is none of it."""
    assert studio_process("contract", "add", "terms", "--file", "-", input="\ufeff" + TERMS).returncode == 0
    assert new_studio("contract", "show", "terms").ok().out == TERMS


def test_used_by_a_type_and_a_session(with_terms: Cli) -> None:
    """A type gives its contract to its sessions; one of them can have another or none."""
    family = ("type", "add", "Family", "--duration", "1h", "--price", "10", "--contract", "terms", "--json")
    assert with_terms(*family).ok().json["contract"] == "terms"
    new = ("session", "new", "--type", "family", "--json")
    made = with_terms(*new, "--add-client", "Rui", "--at", "2026-12-04 10:00").ok().json
    assert (made["contract"], made["waiting_for"]) == ("terms", ["review", "contract", "payment"])
    assert (made["signed_by"], made["signed_at"]) == (None, None)
    without = with_terms(*new, "--client", "rui", "--at", "2026-12-04 14:00", "--contract", "none").ok().json
    assert (without["contract"], without["waiting_for"]) == (None, ["review", "payment"])
    assert with_terms("type", "edit", "family", "--contract", "none", "--json").ok().json["contract"] is None
    unknown = with_terms("type", "edit", "family", "--contract", "trems", "--json")
    assert (unknown.code, unknown.error["details"]["nearest"]) == (4, ["terms"])


def test_edit_from_a_file(with_terms: Cli, terms: Path) -> None:
    """A contract is changed from a file; the same text again changes nothing and says so."""
    assert with_terms("contract", "edit", "terms", "--file", str(terms)).ok().out == "terms\tOur terms\n"
    terms.write_text("# New terms", encoding="utf-8")
    changed = with_terms("contract", "edit", "terms", "--file", str(terms), "--json").ok().json
    assert changed["source"] == "# New terms"
    code, shown = on_terminal(studio("contract", "edit", "terms", "--file", str(terms)))
    assert (code, "is as it was" in shown, "--refresh-documents" in shown) == (0, True, False)
    terms.write_text("# Newer terms", encoding="utf-8")
    code, shown = on_terminal(studio("contract", "edit", "terms", "--file", str(terms)))
    assert (code, "is changed" in shown, "--refresh-documents" in shown) == (0, True, True)


def test_name_is_unique(with_terms: Cli, terms: Path) -> None:
    """A second contract of a name is exit 3, with the command that changes the first."""
    result = with_terms("contract", "add", "terms", "--file", str(terms), "--json")
    assert (result.code, result.error["code"]) == (3, "already_exists")
    assert "studio contract edit terms" in result.error["hint"]


def test_missing_file_option(new_studio: Cli) -> None:
    """Without a file nothing is added, and the flag is named."""
    result = new_studio("contract", "add", "terms")
    assert result.code == 2 and "--file" in result.err


@pytest.mark.parametrize("verb", [("show",), ("edit", "--file", "-"), ("check",)])
def test_unknown_contract(with_terms: Cli, verb: tuple[str, ...]) -> None:
    """An unknown contract is exit 4 with the nearest name."""
    result = with_terms("contract", verb[0], "trems", *verb[1:], "--json")
    assert (result.code, result.error["details"]["nearest"]) == (4, ["terms"])


@pytest.mark.parametrize(
    "content",
    [b"", b" \n", b"\xff\xfe", b"{{ price }}", b"{{", b"{% for", b"a\x00b", b"x" * 300_000, b"x" * 100_001,
     b"{{ " + b"9" * 5000 + b" }}", b"{% if " + b"client.name and " * 5000 + b"client.name %}{% endif %}"],
    ids=lambda content: repr(content[:12]),
)  # fmt: skip
def test_bad_contracts(new_studio: Cli, terms: Path, content: bytes) -> None:
    """What cannot be a contract is exit 2 in one or two plain lines, added or changed, and nothing is kept."""
    new_studio("contract", "add", "terms", "--file", str(terms)).ok()
    terms.write_bytes(content)
    for arguments in (("add", "other"), ("edit", "terms")):
        result = new_studio("contract", *arguments, "--file", str(terms))
        assert (result.code, result.out) == (2, ""), result.err
        assert 1 <= len(result.err.splitlines()) <= 2
    assert [one["source"] for one in new_studio("contract", "list", "--json").json] == [TERMS.strip()]


@pytest.mark.parametrize("file", ["none.md", "", "/", "/dev/zero", "x" * 5000, "~nobody-of-that-name/x.md"])
def test_files_that_are_none(new_studio: Cli, file: str) -> None:
    """A file that is not there, a folder, or one without end is exit 2 in plain words."""
    result = new_studio("contract", "add", "x", "--file", file)
    assert (result.code, result.out) == (2, ""), result.err
    assert len(result.err.splitlines()) <= 2


# ── checking ──────────────────────────────────────────────────────────────────────────────────────


def test_check(with_terms: Cli, terms: Path) -> None:
    """Checking tells every mistake with its file and line, exit 2; of a good text that, exit 0; nothing is kept."""
    assert with_terms("contract", "check", str(terms)).ok().out.endswith("terms.md is fine.\n")
    assert with_terms("contract", "check", "terms", "--json").ok().json == {
        "contract": "terms",
        "fine": True,
        "mistakes": [],
    }
    terms.write_text("\n{{ client.nmae }}\n{% set x = 1 %}\n{{ price }}", encoding="utf-8")
    result = with_terms("contract", "check", str(terms))
    assert result.code == 2
    lines = result.out.splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4"]
    assert all(line.startswith(f"{terms}:") for line in lines)
    assert "Did you mean “client.name”" in lines[0]
    told = with_terms("contract", "check", str(terms), "--json")
    assert (told.code, told.json["fine"]) == (2, False)
    assert [one["line"] for one in told.json["mistakes"]] == [2, 3, 4]
    assert with_terms("contract", "show", "terms").ok().out == TERMS


def test_check_is_as_strict_as_adding(new_studio: Cli, terms: Path) -> None:
    """What check finds fine can be added: it looks at the length and the characters too."""
    for content in ("", "x" * 100_001, "a\x1bb"):
        terms.write_text(content, encoding="utf-8")
        assert new_studio("contract", "check", str(terms)).code == 2
        assert new_studio("contract", "add", "terms", "--file", str(terms)).code == 2


def test_check_from_stdin(new_studio: Cli) -> None:
    """- checks what comes on stdin, as an editor would ask."""
    checked = studio_process("contract", "check", "-", input="{{ x }}")
    assert (checked.returncode, checked.stdout.split(":")[:2]) == (2, ["-", "1"])
    assert studio_process("contract", "check", "-", input="fine").returncode == 0


# ── seeing ────────────────────────────────────────────────────────────────────────────────────────


def test_sample(with_terms: Cli, tmp_path: Path) -> None:
    """A contract can be read as a client would, filled in with examples, as text or as a page that stands alone."""
    assert "Rui Costa pays CA$250.00." in with_terms("contract", "show", "terms", "--sample").ok().out
    out = tmp_path / "sample.html"
    assert with_terms("contract", "show", "terms", "--out", str(out)).ok().out == f"{out}\n"
    page = out.read_text(encoding="utf-8")
    assert "<h2>Our terms</h2>" in page and "Rui Costa pays CA$250.00." in page and "href=" not in page


def test_contract_cannot_draw_on_the_terminal(with_terms: Cli, terms: Path) -> None:
    """What reorders the words of a line is written out on a terminal, and kept for a file or a program."""
    terms.write_text("# \u202eevil\n\nterms", encoding="utf-8")
    with_terms("contract", "edit", "terms", "--file", str(terms)).ok()
    for arguments in (("contract", "list"), ("contract", "show", "terms")):
        code, shown = on_terminal(studio(*arguments))
        assert (code, "\u202e" in shown, "\\u202eevil" in shown) == (0, False, True)
    assert with_terms("contract", "show", "terms").ok().out == "# \u202eevil\n\nterms\n"


# ── what a client signed ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A session with a contract that nobody has signed yet."""
    contracts.add(studio, "terms", TERMS)
    return make.session(contract="terms", client=str(make.client("Rui Costa").id))


@pytest.fixture
def signed(studio: Studio, make: Maker, session: Session) -> Session:
    """The session, with its contract signed by a name that is not harmless."""
    token = make.link(session)
    journey.review(studio, token, 1)
    assert session.contract is not None
    posted = {"name": ["Rui <b> \u202eC"], "agreed": ["yes"]}
    signer = Signer("192.0.2.7", "Mozilla/5.0 <script>")
    journey.sign(studio, token, 1, session.contract.sha256, posted, signer)
    return sessions.get(studio, session.id)


def test_show_what_was_signed(cli: Cli, signed: Session) -> None:
    """The text is data; who signed it, when and from where stands beside it, safe to show."""
    result = cli("session", "show", "1", "--contract").ok()
    assert result.out.strip() == "# Our terms\n\nRui Costa pays CA$100.00."
    assert "Signed Fri 20 Nov 2026 10:00 (America/Toronto) by Rui <b> \\u202eC, from 192.0.2.7." in result.err
    assert signed.contract is not None
    assert f"SHA-256 {signed.contract.sha256}" in result.err


def test_signed_contract_in_json(cli: Cli, signed: Session) -> None:
    """The JSON has the exact text, of which anybody can compute the SHA-256 again, and the whole signature."""
    told = cli("session", "show", "1", "--contract", "--json").ok().json
    document = told["document"]
    assert {**told, "document": None} == cli("session", "show", "1", "--json").ok().json
    assert (told["contract"], told["signed_by"]) == ("terms", "Rui <b> \u202eC")
    assert set(document) == {"name", "text", "sha256", "signature"}
    assert hashlib.sha256(document["text"].encode("utf-8")).hexdigest() == document["sha256"]
    assert document["signature"] == {
        "name": "Rui <b> \u202eC",
        "at": "2026-11-20T10:00:00-05:00",
        "at_utc": "2026-11-20T15:00:00+00:00",
        "timezone": "America/Toronto",
        "share": 1,
        "address": "192.0.2.7",
        "user_agent": "Mozilla/5.0 <script>",
        "sha256": document["sha256"],
    }


def test_signed_contract_as_a_page(cli: Cli, signed: Session, tmp_path: Path) -> None:
    """The page to keep has the text and the proof, fetches nothing, and what was typed is only text in it."""
    out = tmp_path / "contract.html"
    assert cli("session", "show", "1", "--contract", "--out", str(out)).ok().out == f"{out}\n"
    page = out.read_text(encoding="utf-8")
    assert signed.contract is not None
    for part in (
        "Rui Costa pays CA$100.00.",
        "Rui &lt;b&gt;",
        "192.0.2.7",
        signed.contract.sha256,
        "15:00:00+00:00",
    ):
        assert part in page
    assert "<script" not in page and "<b>" not in page
    assert not re.search(r"\b(?:src|href)=|url\(|@import", page)


def test_never_over_a_file_that_is_there(cli: Cli, signed: Session, tmp_path: Path) -> None:
    """A file that exists stays as it is, whether it is a file, a folder or a link; exit 3 says so."""
    there = tmp_path / "there.html"
    there.write_text("mine", encoding="utf-8")
    (tmp_path / "link.html").symlink_to(tmp_path / "nowhere.html")
    for path in (there, tmp_path, tmp_path / "link.html"):
        result = cli("session", "show", "1", "--out", str(path), "--json")
        assert (result.code, result.error["code"], result.out) == (3, "already_exists", "")
    assert there.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "nowhere.html").exists()


@pytest.mark.parametrize(
    "out", ["no/such/folder/x.html", "x" * 300, "~nobody-of-that-name/x.html", "/proc/x.html"]
)
def test_places_that_cannot_be_written(cli: Cli, signed: Session, out: str) -> None:
    """A place where nothing can be written is refused in one or two plain lines."""
    result = cli("session", "show", "1", "--contract", "--out", out)
    assert (result.code, result.out) == (3, ""), result.err
    assert 1 <= len(result.err.splitlines()) <= 2 and "cannot be written" in result.err


def test_not_signed_yet(cli: Cli, session: Session, tmp_path: Path) -> None:
    """A contract that nobody has signed is shown as the client would read it, and as not signed everywhere."""
    result = cli("session", "show", "1", "--contract").ok()
    assert "Rui Costa pays CA$100.00." in result.out and "Not signed." in result.err
    document = cli("session", "show", "1", "--contract", "--json").ok().json["document"]
    assert document["signature"] is None and document["text"].endswith("pays CA$100.00.")
    cli("session", "show", "1", "--out", str(tmp_path / "x.html")).ok()
    assert "Not signed." in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert cli("session", "show", "1", "--json").ok().json["signed_at"] is None


def test_no_contract(with_session: Cli, tmp_path: Path) -> None:
    """A session without a contract has none to show: exit 4, and no file is made."""
    for extra in (("--contract",), ("--out", str(tmp_path / "x.html"))):
        result = with_session("session", "show", "1", *extra, "--json")
        assert (result.code, result.error["code"], result.out) == (4, "not_found", "")
    assert not (tmp_path / "x.html").exists()


def test_signed_on_the_card(signed: Session) -> None:
    """On a terminal the session's card says when the contract was signed, and by whom."""
    code, shown = on_terminal(studio("session", "show", "1"), environ={"NO_COLOR": "1"})
    assert code == 0
    assert "Fri 20 Nov 10:00 by Rui <b> \\u202eC" in shown


def test_refreshing_on_the_command_line(cli: Cli, studio: Studio, signed: Session) -> None:
    """An edited contract reaches a session with --refresh-documents and not before; its client is asked again."""
    contracts.edit(studio, "terms", "# Other terms")
    cli("session", "edit", "1", "--notes", "x").ok()
    assert "pays" in cli("session", "show", "1", "--contract").ok().out
    edited = cli("session", "edit", "1", "--refresh-documents", "--json").ok()
    assert edited.json["waiting_for"] == ["review", "contract", "payment"]
    assert (edited.json["changed"], edited.json["signed_by"]) == (True, None)
    assert "Other terms" in cli("session", "show", "1", "--contract").ok().out
    again = cli("session", "edit", "1", "--refresh-documents", "--json").ok().json
    assert again["changed"] is False
    assert "studio session edit" in cli("session", "edit", "1").err
