"""The examination: each flaw, planted from outside, is found and nothing else is; a healthy studio has none."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.booking import backup as backups
from studio_cli.booking import doctor as doctors
from studio_cli.booking import studio as studios
from studio_cli.booking.checkup import MOST, Machine
from studio_cli.errors import OutsideFailed
from studio_cli.model.finding import Finding, State
from studio_cli.model.invariant import Place, overlaps
from studio_cli.model.message import MailFailed, Step
from studio_cli.store.database import VERSION, Database, wal_is_safe
from studio_cli.store.share import digest
from tests.terminal_studio import NOW, furnish

FILES = Path(__file__).parent.parent / "files"
TOKEN = "x" * 43
Found = set[tuple[str, State]]


def outside(path: Path, *statements: str | tuple[str, tuple[object, ...]]) -> None:
    """Write to a file as no tool should: without its triggers, its rules and its references."""
    sql = sqlite3.connect(path)
    sql.execute("PRAGMA ignore_check_constraints = ON")
    triggers = sql.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        sql.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        words, values = (statement, ()) if isinstance(statement, str) else statement
        assert sql.execute(words, values).rowcount != 0, f"This plants nothing: {words}"
    for _, text in triggers:
        sql.execute(text)
    sql.commit()
    sql.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a studio that has some of everything, all of it well, and a backup of it."""
    path = tmp_path_factory.mktemp("healthy") / "studio.db"
    studio = furnish(path)
    studios.change_setting(studio, "web.public_url", "https://book.example.com")
    with studio.file.atomic() as sql:
        sql.execute("UPDATE message SET state = 'canceled' WHERE state <> 'sent'")
        sql.execute("UPDATE calendar SET error = NULL, synced_at = ?", (NOW.format_iso(unit="second"),))
    backups.make(studio)
    studio.file.close()
    return path.parent


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "studio")
    (tmp_path / "secrets.json").touch(0o600)
    return tmp_path / "studio" / "studio.db"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that knows no secret, with fresh rules of time zones."""
    return Machine(lambda name, settings: None, tmp_path / "secrets.json", None, ("2026a", "2026a"))


def examined(path: Path, machine: Machine) -> list[Finding]:
    """Examine a file at the moment of the studio."""
    return list(doctors.examine(path, lambda: NOW, machine))


def troubles(path: Path, machine: Machine) -> Found:
    """Return the checks that are not fine."""
    return {(one.check, one.state) for one in examined(path, machine) if one.state != "fine"}


def test_healthy_studio_has_none(path: Path, machine: Machine) -> None:
    """Of a healthy studio every check has something to say, all of it is fine, and the file is not touched."""
    before = path.read_bytes(), sorted(one.name for one in path.parent.iterdir())
    found = examined(path, machine)
    assert [one for one in found if one.state != "fine" or one.advice or one.fixable] == []
    assert [one.check for one in found] == ["file", *(check.name for check in doctors.CHECKS)]
    assert all(one.words for one in found)
    assert (path.read_bytes(), sorted(one.name for one in path.parent.iterdir())) == before


def test_every_check_has_its_place() -> None:
    """The parts in which checks are shown have each of them once."""
    shown = [name for names in doctors.PARTS.values() for name in names]
    assert sorted(shown) == sorted({"file", *(check.name for check in doctors.CHECKS)})


# ── flaws in the file ─────────────────────────────────────────────────────────────────────────────

ONE, OTHER = 9, 10
"""Two sessions, pending or confirmed."""
CONFIRMED = "(SELECT min(id) FROM session WHERE status = 'confirmed' AND (SELECT max(number) FROM revision WHERE session_id = id) = 1)"
AT = "2026-11-20T15:00:00Z"

FLAWS: dict[str, tuple[tuple[str | tuple[str, tuple[object, ...]], ...], Found]] = {
    "two at one time": (
        (
            f"UPDATE session SET starts_at = (SELECT starts_at FROM session WHERE id = {OTHER}) WHERE id = {ONE}",
            f"UPDATE session SET overlap_allowed = 0 WHERE id IN ({ONE}, {OTHER})",
        ),
        {("overlaps", "wrong")},
    ),
    "buffers that touch": (
        (
            f"""UPDATE session SET buffer_after_minutes = 720, starts_at = (SELECT strftime('%Y-%m-%dT%H:%M:00Z', starts_at,
                '-11 hours') FROM session WHERE id = {OTHER}), duration_minutes = 5 WHERE id = {ONE}""",
        ),
        {("overlaps", "wrong")},
    ),
    "confirmed without a time": (
        (f"UPDATE session SET confirmed_at = NULL, confirmed_by = NULL WHERE id = {CONFIRMED}",),
        {("statuses", "wrong"), ("integrity", "wrong")},
    ),
    "confirmed without a step": (
        (f"DELETE FROM step WHERE step = 'review' AND session_id = {CONFIRMED}",),
        {("steps", "wrong")},
    ),
    "more given back than paid": (
        (
            f"""INSERT INTO payment (session_id, kind, amount_minor, currency, method, at, recorded_at)
                SELECT session_id, 'refund', 99999999, currency, 'cash', '{AT}', '{AT}' FROM payment LIMIT 1""",
        ),
        {("sums", "wrong")},
    ),
    "more given back than that payment": (
        (
            f"""INSERT INTO payment (session_id, kind, amount_minor, currency, method, at, recorded_at, refund_of)
                SELECT session_id, 'refund', amount_minor + 1, currency, 'cash', '{AT}', '{AT}', id FROM payment LIMIT 1""",
            f"""INSERT INTO payment (session_id, kind, amount_minor, currency, method, at, recorded_at)
                SELECT session_id, 'payment', 99999, currency, 'cash', '{AT}', '{AT}' FROM payment LIMIT 1""",
            f"INSERT INTO receipt (number, payment_id, issued_at) SELECT (SELECT max(number) + 1 FROM receipt), max(id), '{AT}' FROM payment",
        ),
        {("sums", "wrong")},
    ),
    "a receipt is gone": (("DELETE FROM receipt WHERE number = 2",), {("receipts", "wrong")}),
    "the last receipt is gone": (
        ("DELETE FROM receipt WHERE number = (SELECT max(number) FROM receipt)",),
        {("receipts", "wrong")},
    ),
    "a client is gone": ((f"UPDATE session SET client_id = 999 WHERE id = {ONE}",), {("references", "wrong")}),
    "a type is gone": ((f"UPDATE session SET type_id = 999 WHERE id = {ONE}",), {("references", "wrong")}),
    "an address is not found": (("UPDATE client SET email_folded = 'x@y' WHERE id = 2",), {("names", "wrong")}),
    "the search is behind": (("UPDATE client_search SET notes = 'Has a dog' WHERE rowid = 1",), {("search", "wrong")}),
    "the search knows too many": (
        ("INSERT INTO client_search (rowid, name) VALUES (999, 'Nobody')",),
        {("search", "wrong")},
    ),
    "a link is kept": (
        (
            (
                "INSERT INTO link (token_sha256, share_id, created_at) SELECT ?, min(id), ? FROM share",
                (digest(TOKEN), AT),
            ),
            f"UPDATE message SET html = html || '<a href=\"https://book.example.com/s/{TOKEN}\">' WHERE id = 1",
        ),
        {("links", "wrong")},
    ),
    "a view is broken": (
        ("DROP VIEW agenda", "CREATE VIEW agenda AS SELECT * FROM nowhere"),
        {("schema", "wrong"), ("views", "wrong")},
    ),
    "an index is gone": (("DROP INDEX session_by_start",), {("schema", "wrong")}),
    "a setting cannot be": (
        ("INSERT OR REPLACE INTO setting VALUES ('mail.port', '70000')",),
        {("settings", "wrong")},
    ),
    "a currency that is none": (
        ("UPDATE setting SET value = 'XYZ' WHERE name = 'studio.currency'",),
        {("settings", "wrong")},
    ),
    "a setting of another program": (("INSERT INTO setting VALUES ('a.b', 'c')",), {("settings", "look")}),
    "mails wait for a server": (
        ("DELETE FROM setting WHERE name = 'mail.host'", "UPDATE message SET state = 'queued', sent_at = NULL WHERE id = 1"),
        {("mail", "look")},
    ),
    "no password": (("INSERT INTO setting VALUES ('mail.user', 'ana')",), {("mail", "wrong")}),
    "a mail in doubt": (
        ("UPDATE message SET state = 'unknown', sent_at = NULL WHERE id = 1",),
        {("outbox", "look")},
    ),
    "no key for Stripe": (
        ("UPDATE setting SET value = 'stripe' WHERE name = 'payment.provider'",),
        {("stripe", "wrong")},
    ),
    "a refund half done": (
        (
            f"""INSERT INTO refund_order (session_id, payment_id, amount_minor, idempotency_key, created_at)
                SELECT session_id, id, 1, 'k', '{AT}' FROM payment LIMIT 1""",
        ),
        {("refunds", "look")},
    ),
    "a calendar cannot be read": (("UPDATE calendar SET error = 'Nobody is there.'",), {("calendars", "look")}),
    "a calendar was not read": (("UPDATE calendar SET synced_at = '2026-11-01T00:00:00Z'",), {("calendars", "look")}),
    "no protection": (
        ("UPDATE setting SET value = 'http://book.example.com' WHERE name = 'web.public_url'",),
        {("address", "look")},
    ),
    "served elsewhere": (
        ("INSERT OR REPLACE INTO setting VALUES ('internal.address', 'https://other.example.com')",),
        {("address", "look")},
    ),
    "links to this machine": (
        ("DELETE FROM setting WHERE name IN ('web.public_url', 'internal.test_studio')",),
        {("address", "look")},
    ),
    "a zone that is none": ((f"UPDATE session SET timezone = 'Mars/Olympus' WHERE id = {ONE}",), {("zones", "wrong")}),
    "done in the future": (
        ("INSERT INTO event (at, actor, kind) VALUES ('2027-11-20T15:00:00Z', 'owner', 'studio made')",),
        {("clock", "wrong")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_flaw_in_the_file(path: Path, machine: Machine, flaw: str) -> None:
    """A flaw that was planted past all rules is found, with what to do about it, and nothing else is."""
    planted, expected = FLAWS[flaw]
    outside(path, *planted)
    found = examined(path, machine)
    assert {(one.check, one.state) for one in found if one.state != "fine"} == expected
    assert all(one.advice for one in found if one.state == "wrong")


def test_trigger_is_gone(path: Path, machine: Machine) -> None:
    """A trigger that another tool has taken away is missed."""
    with sqlite3.connect(path) as sql:
        sql.execute("DROP TRIGGER session_overlap_update")
    assert troubles(path, machine) == {("schema", "wrong")}


def test_many_of_one_kind_are_counted(path: Path, machine: Machine) -> None:
    """However much is wrong, it stays short enough to be read."""
    rows = [(f"Client {number}", AT) for number in range(30)]
    with sqlite3.connect(path) as sql:
        sql.executemany("INSERT INTO client (name, name_folded, created_at) VALUES (?, 'x', ?)", rows)
    found = [one for one in examined(path, machine) if one.check == "names"]
    assert len(found) == MOST + 1
    assert found[-1].words == "20 more like that."


# ── flaws around it ───────────────────────────────────────────────────────────────────────────────


def open_file(path: Path) -> None:
    path.chmod(0o644)


def open_backup(path: Path) -> None:
    next(path.parent.glob("studio-backups/*.zip")).chmod(0o640)


def open_folder(path: Path) -> None:
    (path.parent / "studio-backups").chmod(0o755)


def open_secrets(path: Path) -> None:
    (path.parent.parent / "secrets.json").chmod(0o604)


def draft(path: Path) -> None:
    left = path.with_name(".studio.db.123.new")
    left.touch()
    os.utime(left, (0, 0))


def half_a_backup(path: Path) -> None:
    left = path.parent / "studio-backups" / ".studio-backup-abc"
    left.mkdir()
    (left / "studio.db").write_text("half")
    os.utime(left, (0, 0))


def no_backup(path: Path) -> None:
    shutil.rmtree(path.parent / "studio-backups")


def old_backup(path: Path) -> None:
    kept = next(path.parent.glob("studio-backups/*.zip"))
    kept.rename(kept.with_name("studio-20261101T000000Z.zip"))


def broken_template(path: Path) -> None:
    folder = path.with_name("studio-templates")
    folder.mkdir(0o700)
    (folder / "share.en.md").write_text("Subject: Hello\n\n{{ client.shoe_size }}\n")


def strange_template(path: Path) -> None:
    folder = path.with_name("studio-templates")
    folder.mkdir(0o700)
    (folder / "shaer.en.md").write_text("Subject: Hello\n\nHello\n")


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (open_file, ("permissions", "wrong")),
        (open_backup, ("permissions", "wrong")),
        (open_folder, ("permissions", "wrong")),
        (open_secrets, ("permissions", "wrong")),
        (draft, ("leftovers", "look")),
        (half_a_backup, ("leftovers", "look")),
        (no_backup, ("backup", "look")),
        (old_backup, ("backup", "look")),
        (broken_template, ("templates", "wrong")),
        (strange_template, ("templates", "look")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_flaw_around_the_file(
    path: Path, machine: Machine, plant: Callable[[Path], None], expected: tuple[str, State]
) -> None:
    """What is wrong beside the file is found, and nothing else is."""
    plant(path)
    assert troubles(path, machine) == {expected}


def test_fresh_draft_is_somebody_at_work(path: Path, machine: Machine) -> None:
    """What was begun today may be going on."""
    path.with_name(".studio.db.123.new").touch()
    assert troubles(path, machine) == set()


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        (("2024a", "2026a"), {("zone-data", "look")}),
        ((None, "2023c"), {("zone-data", "look")}),
        ((None, None), {("zone-data", "wrong")}),
        (("unknown", None), set()),
        ((None, "2025b"), set()),
    ],
)
def test_rules_of_time_zones(
    path: Path, machine: Machine, releases: tuple[str | None, str | None], expected: Found
) -> None:
    """Rules of time zones that are years old are worth a look; none at all is wrong."""
    assert troubles(path, replace(machine, zone_data=releases)) == expected


def test_file_from_the_future(path: Path, machine: Machine) -> None:
    """A file that was written to later than now says that the clock went back."""
    behind = replace(machine, wall_clock=Instant.now().subtract(hours=3))
    assert troubles(path, behind) == {("clock", "wrong")}
    assert troubles(path, replace(machine, wall_clock=Instant.now())) == set()


def test_little_room(path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which neither a backup nor an update has room is worth a look."""
    free = os.statvfs(path)
    values = [*free[:3], 10, 10, *free[5:]]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(values))
    assert troubles(path, machine) == {("room", "look")}


@pytest.mark.parametrize(
    ("key", "test", "expected"),
    [
        ("sk_test_" + "x" * 24, True, set()),
        ("sk_test_" + "x" * 24, False, {("stripe", "look")}),
        ("sk_live_" + "x" * 24, True, {("stripe", "wrong")}),
        ("sk_live_" + "x" * 24, False, set()),
        ("pk_live_" + "x" * 24, False, {("stripe", "wrong")}),
    ],
)
def test_kinds_of_keys(path: Path, machine: Machine, key: str, test: bool, expected: Found) -> None:
    """Real money in a studio for trying out is wrong, pretended money in a real one is worth a look."""
    outside(
        path,
        "UPDATE setting SET value = 'stripe' WHERE name = 'payment.provider'",
        *([] if test else ["DELETE FROM setting WHERE name = 'internal.test_studio'"]),
    )
    known = replace(machine, secret=lambda name, settings: key if name == "stripe.key" else None)
    assert troubles(path, known) == expected


@pytest.mark.skipif(wal_is_safe(), reason="This SQLite has no fault in WAL mode.")
def test_wal_mode_where_it_can_lose_writes(path: Path, machine: Machine) -> None:
    """A file in WAL mode is wrong with an SQLite that can lose writes in it, and stays as it is."""
    keep = sqlite3.connect(path)
    keep.execute("PRAGMA journal_mode = wal")
    assert troubles(path, machine) == {("sqlite", "wrong")}
    assert keep.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    keep.close()


# ── asking outside ────────────────────────────────────────────────────────────────────────────────


def test_online(path: Path, machine: Machine) -> None:
    """What the mail server and Stripe answer when they are asked is told."""

    def refuses(studio: studios.Studio) -> Iterator[Step]:
        yield Step("name", True, "", 1)
        raise MailFailed("The login was refused.", hint="studio config secret mail.password")

    def unknown(studio: studios.Studio) -> str:
        raise OutsideFailed("Stripe does not know this key.", hint="studio config secret stripe.key")

    key = "sk_test_" + "x" * 24
    good = replace(
        machine,
        secret=lambda name, settings: key,
        try_mail=lambda studio: iter([Step("name", True, "", 1)]),
        try_provider=lambda studio: "Ana Silva",
    )
    assert troubles(path, good) == set()
    assert "Ana Silva" in next(one.words for one in examined(path, good) if one.check == "stripe")
    assert troubles(path, replace(good, try_mail=refuses)) == {("mail", "wrong")}
    assert troubles(path, replace(good, try_provider=unknown)) == {("stripe", "wrong")}


# ── files that cannot be looked at as they should ─────────────────────────────────────────────────


def gone(path: Path) -> None:
    path.unlink()


def text(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)


def other_program(path: Path) -> None:
    with sqlite3.connect(path) as sql:
        sql.execute("PRAGMA application_id = 42")


def newer(path: Path) -> None:
    with sqlite3.connect(path) as sql:
        sql.execute(f"PRAGMA user_version = {VERSION + 1}")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)


@pytest.mark.parametrize("spoil", [gone, text, other_program, newer, folder], ids=lambda one: one.__name__)
def test_no_studio_to_look_at(path: Path, machine: Machine, spoil: Callable[[Path], None]) -> None:
    """Where there is no studio that can be read, that is said, and what can be looked at all the same is."""
    spoil(path)
    found = examined(path, machine)
    assert [(one.check, one.state) for one in found if one.state != "fine"] == [("file", "wrong")]
    assert found[0].advice
    assert {"sqlite", "permissions", "leftovers", "room", "zone-data"} <= {one.check for one in found}


def test_damaged_file(path: Path, machine: Machine) -> None:
    """A damaged file is examined to the end: what can be read of it is looked at."""
    content = bytearray(path.read_bytes())
    for page in range(len(content) // 4096 // 2, len(content) // 4096, 3):
        content[page * 4096 : page * 4096 + 2000] = b"\xa5" * 2000
    path.write_bytes(content)
    found = examined(path, machine)
    assert ("integrity", "wrong") in {(one.check, one.state) for one in found}
    assert {one.check for one in found} == {"file", *(check.name for check in doctors.CHECKS)}
    assert path.read_bytes() == content


def test_older_file(path: Path, machine: Machine) -> None:
    """A file of an older version is looked at as it is, and not brought up to date by that."""
    content = gzip.decompress((FILES / "studio-8.db.gz").read_bytes())
    path.write_bytes(content)
    assert troubles(path, machine) == {("file", "look")}
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", [file.name for file in sorted(FILES.glob("studio-*.db.gz"))])
def test_books_of_updated_files(path: Path, machine: Machine, name: str) -> None:
    """The books of older files are right once they were brought up to date, and their schema is the present one."""
    path.write_bytes(gzip.decompress((FILES / name).read_bytes()))
    Database.open(path, lambda: NOW, keep_copy=False).close()
    checks = {*doctors.PARTS["Books"], "integrity", "references", "schema", "views", "zones"}
    assert [one for one in examined(path, machine) if one.check in checks and one.state != "fine"] == []


# ── mending ───────────────────────────────────────────────────────────────────────────────────────


def dump(path: Path) -> set[str]:
    """Return all that a file holds."""
    with sqlite3.connect(path) as sql:
        return {line for line in sql.iterdump() if "client_search_" not in line}


@pytest.mark.parametrize(
    "flaw",
    ["an address is not found", "the search is behind", "the search knows too many", "a view is broken"],
)
def test_mend_the_file(path: Path, machine: Machine, flaw: str) -> None:
    """What can be made anew from the rest is, and nothing else in the file changes."""
    before = dump(path)
    outside(path, *FLAWS[flaw][0])
    with sqlite3.connect(path) as sql:
        sql.execute("DROP TRIGGER payment_stays")
    found = examined(path, machine)
    done = doctors.mend(path, lambda: NOW, machine, found)
    after = doctors.with_mended(examined(path, machine), done)
    assert [one for one in after if one.state != "fine"] == []
    assert (
        {one.check for one in after if one.fixed} == set(done) == {one.check for one in found if one.fixable}
    )
    assert dump(path) == before


def test_mend_around_the_file(path: Path, machine: Machine) -> None:
    """Files are closed to others and leftovers go; nothing else does."""
    before = sorted(path.parent.rglob("*"))
    for plant in (open_file, open_backup, open_folder, open_secrets, draft, half_a_backup):
        plant(path)
    found = examined(path, machine)
    done = doctors.mend(path, lambda: NOW, machine, found)
    assert set(done) == {"permissions", "leftovers"}
    assert troubles(path, machine) == set()
    assert sorted(path.parent.rglob("*")) == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_to_mend_changes_nothing(path: Path, machine: Machine) -> None:
    """What is wrong and not safe to mend stays as it is."""
    outside(path, *FLAWS["two at one time"][0])
    before = path.read_bytes()
    assert doctors.mend(path, lambda: NOW, machine, examined(path, machine)) == {}
    assert path.read_bytes() == before


# ── the sweep ─────────────────────────────────────────────────────────────────────────────────────

DRAWN = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10), st.booleans()), max_size=12)


@given(DRAWN)
def test_sweep_finds_every_overlap(drawn: list[tuple[int, int, bool]]) -> None:
    """The sweep finds the same pairs as comparing each with each."""
    places = [Place(number, begins, begins + long, free) for number, (begins, long, free) in enumerate(drawn)]
    pairs = {
        frozenset((one.id, other.id))
        for one, other in combinations(places, 2)
        if one.begins < other.ends and other.begins < one.ends
        if not one.overlap_allowed and not other.overlap_allowed
    }
    assert {frozenset(pair) for pair in overlaps(places)} == pairs
