"""``studio session``: the contract that scripts and people lean on."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Cli
from tests.terminal import CTRL_C, CTRL_D, Terminal, on_terminal, studio

AT_TEN = "2026-12-04 10:00"
ONE_OFF = ("--one-off", "Portrait", "--duration", "1h", "--price", "100")

SESSION_FIELDS = {
    "id", "status", "title", "type", "client", "starts_at", "ends_at", "timezone", "duration_minutes", "location",
    "price", "due_now", "paid", "balance", "steps", "waiting_for", "custom_time", "overlap_allowed", "expires_at",
    "created_at", "confirmed_at", "confirmed_by", "shares",
}  # fmt: skip
"""What a session in JSON has at least."""


@pytest.fixture
def with_type(new_studio: Cli) -> Cli:
    """A studio with the type family (90 minutes, 250, 50 at booking) and the client Rui."""
    new_studio("type", "add", "Family session", "--duration", "90m", "--price", "250", "--deposit", "50").ok()
    new_studio("client", "add", "Rui Costa", "--email", "rui@example.com").ok()
    return new_studio


# ── new ───────────────────────────────────────────────────────────────────────────────────────────


def test_new_session_in_json(with_type: Cli) -> None:
    """A new session has every promised field, times in its zone, money as text with its currency."""
    made = with_type("session", "new", "--type", "fam", "--client", "rui", "--at", AT_TEN, "--json").ok().json
    assert set(made) >= SESSION_FIELDS
    assert made["share"] is None
    assert {key: made[key] for key in ("id", "status", "title", "type", "client")} == {
        "id": 1,
        "status": "pending",
        "title": "Family session",
        "type": {"slug": "family-session", "name": "Family session"},
        "client": {"id": 1, "name": "Rui Costa", "email": "rui@example.com"},
    }
    assert (made["starts_at"], made["ends_at"]) == ("2026-12-04T10:00:00-05:00", "2026-12-04T11:30:00-05:00")
    assert (made["timezone"], made["duration_minutes"]) == ("America/Toronto", 90)
    assert made["price"] == {"amount": "250.00", "currency": "CAD"}
    assert made["due_now"] == {"amount": "50.00", "currency": "CAD"}
    assert made["paid"] == {"amount": "0.00", "currency": "CAD"}
    assert made["balance"] == {"amount": "250.00", "currency": "CAD"}
    assert made["steps"] == [
        {"step": "review", "required": True, "done": False, "waived": False},
        {"step": "questionnaire", "required": False, "done": False, "waived": False},
        {"step": "contract", "required": False, "done": False, "waived": False},
        {"step": "payment", "required": True, "done": False, "waived": False},
    ]
    assert made["waiting_for"] == ["review", "payment"]
    assert (made["custom_time"], made["overlap_allowed"]) == (False, False)
    assert made["created_at"] == "2026-11-20T10:00:00-05:00"
    assert [made[key] for key in ("location", "expires_at", "confirmed_at", "confirmed_by")] == [None] * 4
    assert made["shares"] == []


def test_show_and_list_have_the_same_fields(with_session: Cli) -> None:
    """show and list give the same document for the same session; show has room for its answers and its contract."""
    shown = with_session("session", "show", "1", "--json").ok().json
    (listed,) = with_session("session", "list", "--json").ok().json
    assert shown == {**listed, "answers": None, "document": None}
    assert set(shown) >= SESSION_FIELDS


def test_money_without_cents(cli: Cli) -> None:
    """In a currency without minor digits amounts have none."""
    cli(
        "init", "--name", "A", "--email", "a@example.com", "--timezone", "Asia/Tokyo", "--currency", "JPY"
    ).ok()
    made = cli(
        "session", "new", "--one-off", "X", "--duration", "1h", "--price", "25000", "--add-client", "Rui",
        "--at", AT_TEN, "--json",
    ).ok().json  # fmt: skip
    assert made["price"] == {"amount": "25000", "currency": "JPY"}
    assert made["starts_at"] == "2026-12-04T10:00:00+09:00"


def test_new_session_as_a_line(with_type: Cli) -> None:
    """Off a terminal a new session is one tab-separated line on stdout, with the link last when it was shared."""
    line = with_type("session", "new", *ONE_OFF, "--client", "1", "--at", AT_TEN, "--share", "link").ok()
    *cells, link = line.out.removesuffix("\n").split("\t")
    assert cells == [
        "1", "pending", "2026-12-04T10:00:00-05:00", "2026-12-04T11:00:00-05:00", "Portrait", "Rui Costa",
        "100.00 CAD", "100.00 CAD", "review,payment",
    ]  # fmt: skip
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/s/[\w-]{43}", link)
    assert line.err == ""


@pytest.mark.parametrize(
    ("at", "starts"),
    [
        ("2026-12-04 10:00", "2026-12-04T10:00:00-05:00"),
        ("2026-12-04T10:00:00+01:00", "2026-12-04T04:00:00-05:00"),
        ("2026-12-04T15:00:00Z", "2026-12-04T10:00:00-05:00"),
        ("tomorrow 10:00", "2026-11-21T10:00:00-05:00"),
        ("fri 3pm", "2026-11-20T15:00:00-05:00"),
        ("fri 9am", "2026-11-27T09:00:00-05:00"),
    ],
)
def test_times_that_are_understood(with_type: Cli, at: str, starts: str) -> None:
    """--at takes a wall time, RFC 3339 with an offset and everyday words."""
    made = with_type("session", "new", *ONE_OFF, "--client", "1", "--at", at, "--custom", "--json").ok().json
    assert made["starts_at"] == starts


def test_zones_of_the_contract_example(with_type: Cli) -> None:
    """A one-off outside the hours needs --custom, and says so in its JSON."""
    arguments = ("session", "new", "--one-off", "Team headshots", "--duration", "2h", "--price", "400",
                 "--client", "rui", "--at", "2026-12-05 19:30", "--json")  # fmt: skip
    refused = with_type(*arguments)
    assert (refused.code, refused.error["code"]) == (3, "not_available")
    assert "there are no hours on a Saturday" in refused.error["message"]
    assert refused.error["details"]["rule"] == "hours"
    assert refused.error["details"]["nearest"][0].startswith("2026-12-0")
    made = with_type(*arguments, "--custom").ok().json
    assert (made["custom_time"], made["overlap_allowed"]) == (True, False)


def test_hours_that_close_are_named(with_type: Cli) -> None:
    """A time outside the hours of its day names those hours, the nearest free times and --custom."""
    refused = with_type("session", "new", *ONE_OFF, "--client", "1", "--at", "2026-12-04 16:30")
    assert refused.code == 3
    assert "09:00–17:00" in refused.err
    assert "Nearest free: " in refused.err
    assert "--custom" in refused.err
    assert len(refused.err.splitlines()) == 2


def test_past_time(with_type: Cli) -> None:
    """A past time is refused without --custom, and booked with it."""
    arguments = ("session", "new", *ONE_OFF, "--client", "1", "--at", "2026-11-19 10:00")
    refused = with_type(*arguments, "--json")
    assert (refused.code, refused.error["code"]) == (3, "past")
    assert "is in the past" in refused.error["message"]
    assert with_type(*arguments, "--custom", "--json").ok().json["custom_time"] is True


def test_overlap(with_type: Cli) -> None:
    """A taken time is exit 3 with what it overlaps and the nearest free times; --custom alone does not allow it."""
    first = ("session", "new", *ONE_OFF, "--client", "1", "--at", AT_TEN)
    second = ("session", "new", *ONE_OFF, "--client", "1", "--at", "2026-12-04 10:30")
    with_type(*first).ok()
    refused = with_type(*second, "--custom", "--json")
    assert (refused.code, refused.error["code"]) == (3, "overlap")
    assert refused.error["details"]["overlaps"] == [1]
    assert refused.error["details"]["nearest"] == [
        "2026-12-04T09:00:00-05:00", "2026-12-04T11:00:00-05:00", "2026-12-04T11:30:00-05:00",
    ]  # fmt: skip
    words = with_type(*second).err
    assert "session 1, Portrait with Rui Costa, 10:00 to 11:00" in words
    assert "Nearest free: Fri 4 Dec 2026 09:00, 11:00, 11:30." in words
    made = with_type(*second, "--allow-overlap", "--json").ok().json
    assert made["overlap_allowed"] is True


def test_clock_changes(with_type: Cli) -> None:
    """A wall time that does not exist is exit 3 with the nearest that do; one that exists twice is exit 2 with flags."""
    new = ("session", "new", *ONE_OFF, "--client", "1", "--custom", "--at")
    skipped = with_type(*new, "2027-03-14 02:30", "--json")
    assert (skipped.code, skipped.error["details"]["nearest"]) == (
        3,
        ["2027-03-14 01:59", "2027-03-14 03:00"],
    )
    twice = with_type(*new, "2027-11-07 01:30")
    assert twice.code == 2
    assert "--first" in twice.err
    assert "--second" in twice.err
    starts = [with_type(*new, "2027-11-07 01:30", which, "--json").ok().json["starts_at"]
              for which in ("--first", "--second")]  # fmt: skip
    assert starts == ["2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"]


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"--at": "someday"}, 2, "Write it like"),
        ({"--at": "2026-02-30 10:00"}, 2, "2026-02-30"),
        ({"--at": "2026-12-04 25:00"}, 2, "Write it like"),
        ({"--duration": "90"}, 2, "90m, 1h30 or 2h"),
        ({"--duration": "long"}, 2, "90m, 1h30 or 2h"),
        ({"--duration": "1m"}, 2, "5 min"),
        ({"--price": "lots"}, 2, "250.00"),
        ({"--price": "10.999"}, 2, "250.00"),
        ({"--price": "-5"}, 2, ""),
        ({"--deposit": "200"}, 2, "at most the price"),
        ({"--deposit": "120%"}, 2, "1% to 100%"),
        ({"--pay": "never"}, 2, "full, deposit or later"),
        ({"--client": "nobody"}, 4, ""),
        ({"--client": "Rui Cosat"}, 4, "Did you mean “Rui Costa”?"),
        ({"--form": "none-such"}, 4, ""),
        ({"--share": "pigeon"}, 2, "--share email, link, copy, qr or none"),
        ({"--expires": "soon"}, 2, ""),
        ({"--location": "x" * 10_000}, 2, "10,000 characters; the limit is 200"),
        ({"--one-off": "a\x00".replace("\x00", "\x07")}, 2, "U+0007"),
        ({"--one-off": "two\nlines"}, 2, "U+000A"),
    ],
)
def test_bad_values(with_type: Cli, changed: dict[str, str], code: int, words: str) -> None:
    """What cannot be meant is refused with what was wrong and an example, and nothing is kept."""
    values = {
        "--one-off": "Portrait",
        "--duration": "1h",
        "--price": "100",
        "--client": "1",
        "--at": AT_TEN,
        **changed,
    }
    result = with_type("session", "new", *[word for pair in values.items() for word in pair])
    assert result.code == code, result.err
    assert words in result.err
    assert 1 <= len(result.err.splitlines()) <= 2, result.err
    assert with_type("session", "list", "--json").ok().json == []


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (("--client", "1", *ONE_OFF), "--at"),
        (("--client", "1", "--at", AT_TEN), "--type"),
        (("--at", AT_TEN, *ONE_OFF), "--client"),
        (("--at", AT_TEN, "--client", "1", "--one-off", "X"), "--duration"),
        ((), "--at"),
    ],
)
def test_missing_values_name_their_flag(with_type: Cli, arguments: tuple[str, ...], flag: str) -> None:
    """Off a terminal a missing value is exit 2 and names the flag."""
    result = with_type("session", "new", *arguments)
    assert result.code == 2
    assert flag in result.err


@pytest.mark.parametrize(
    "title",
    [
        "O'Brien \"Bobby\" Tables'); DROP TABLE session;--",
        "<script>alert(1)</script>",
        "{{ 7*7 }} {% raw %}",
        "שלום \u202eabc\u202c",
        "👩‍👩‍👧 Família, première séance",
        "x" * 200,
        "=?utf-8?q?=0D=0ABcc=3A?=",
        "%s %(x)s {0}",
    ],
)
def test_text_is_stored_whole(with_session: Cli, title: str) -> None:
    """Whatever is typed as a title is stored whole, and written so that it cannot rearrange a terminal."""
    new = (
        "session",
        "new",
        "--one-off",
        title,
        "--duration",
        "1h",
        "--client",
        "1",
        "--at",
        "2026-12-07 10:00",
    )
    assert with_session(*new, "--json").ok().json["title"] == title
    assert with_session("session", "show", "2", "--json").ok().json["title"] == title
    line = with_session("session", "list").ok().out.splitlines()[1]
    assert len(line.split("\t")) == 9
    assert "\u202e" not in line


def test_new_with_a_new_client(with_type: Cli) -> None:
    """--add-client adds the client in the same write: when the session is refused, nobody is added."""
    new = ("session", "new", *ONE_OFF, "--at", AT_TEN, "--add-client", "Eva Lima <eva@example.com>")
    assert with_type(*new, "--json").ok().json["client"] == {
        "id": 2,
        "name": "Eva Lima",
        "email": "eva@example.com",
    }
    assert (
        with_type("session", "new", *ONE_OFF, "--at", AT_TEN, "--add-client", "Otto <otto@example.com>").code
        == 3
    )
    assert [client["name"] for client in with_type("client", "list", "--json").json] == [
        "Eva Lima",
        "Rui Costa",
    ]
    assert with_type(*new).code == 3


def test_same_key(with_type: Cli) -> None:
    """The same key again returns the first session and changes nothing; with other arguments it is exit 3."""
    new = ("session", "new", *ONE_OFF, "--client", "1", "--key", "k1", "--share", "link", "--json")
    first = with_type(*new, "--at", AT_TEN).ok().json
    again = with_type(*new, "--at", AT_TEN).ok().json
    assert {**again, "share": None} == {**first, "share": None}
    assert again["share"]["share"] == first["share"]["share"]
    assert len(again["shares"]) == 1
    other = with_type(*new, "--at", "2026-12-07 10:00")
    assert (other.code, other.error["code"]) == (3, "key_reused")
    assert len(with_type("session", "list", "--json").json) == 1


def test_dry_run_keeps_nothing(with_type: Cli) -> None:
    """--dry-run checks everything, keeps and sends nothing, and gives no number."""
    new = (
        "session",
        "new",
        *ONE_OFF,
        "--add-client",
        "Eva <eva@example.com>",
        "--share",
        "email",
        "--dry-run",
        "--at",
    )
    rehearsed = with_type(*new, AT_TEN, "--key", "k", "--json").ok().json
    assert (rehearsed["id"], rehearsed["dry_run"], rehearsed["share"]) == (None, True, None)
    plain = with_type(*new, AT_TEN).ok()
    assert plain.out == ""
    assert "Nothing was changed" in plain.err
    assert with_type(*new, "2026-12-05 10:00").code == 3
    for noun in ("session", "mail"):
        assert with_type(noun, "list", "--json").ok().json == []
    assert len(with_type("client", "list", "--json").ok().json) == 1
    assert with_type("session", "show", "last").code == 4


def test_expired_hold(with_type: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold that has run out is expired, frees its time, and tells how to take it up again."""
    with_type("session", "new", *ONE_OFF, "--client", "1", "--at", AT_TEN, "--expires", "2d").ok()
    assert with_type("session", "show", "1", "--json").json["expires_at"] == "2026-11-22T10:00:00-05:00"
    monkeypatch.setenv("STUDIO_NOW", "2026-11-23T15:00:00Z")
    assert with_type("session", "list", "--status", "expired", "--json").json[0]["id"] == 1
    refused = with_type("session", "share", "1", "--link")
    assert refused.code == 3
    assert "studio session reopen 1" in refused.err
    assert with_type("session", "reopen", "1", "--json").ok().json["status"] == "pending"


# ── list, show ────────────────────────────────────────────────────────────────────────────────────


def test_empty_list(new_studio: Cli) -> None:
    """An empty list is exit 0: no lines, or an empty JSON list."""
    result = new_studio("session", "list").ok()
    assert (result.out, result.err) == ("", "")
    assert new_studio("session", "list", "--json").ok().json == []


def test_list_is_narrowed(with_session: Cli) -> None:
    """A list is narrowed by status, client, days and number, and ordered by time."""
    cli = with_session
    cli("session", "new", *ONE_OFF, "--add-client", "Eva", "--at", "2026-12-01 10:00").ok()
    cli("session", "confirm", "2").ok()

    def ids(*options: str) -> list[int]:
        return [one["id"] for one in cli("session", "list", *options, "--json").ok().json]

    assert ids() == [2, 1]
    assert ids("--status", "pending") == [1]
    assert ids("--status", "pending,confirmed") == [2, 1]
    assert ids("--status", "pending", "--status", "confirmed") == [2, 1]
    assert ids("--client", "eva") == [2]
    assert ids("--from", "2026-12-04") == [1]
    assert ids("--to", "2026-12-01") == [2]
    assert ids("--from", "2026-12-02", "--to", "2026-12-03") == []
    assert ids("--limit", "1") == [2]
    assert cli("session", "list", "--client", "nobody").code == 4


def test_show_as_lines(with_session: Cli) -> None:
    """Off a terminal a session is shown as lines of name and value."""
    facts = dict(line.split("\t") for line in with_session("session", "show", "1").ok().out.splitlines())
    assert facts["client.name"] == "Rui Costa"
    assert facts["price"] == "100.00 CAD"
    assert facts["custom_time"] == "false"
    assert facts["waiting_for"] == "review,payment"
    assert facts["confirmed_at"] == ""


@pytest.mark.parametrize("which", ["99", "0", "-1x", "first", "", "1.0", "١", "9" * 40])
def test_unknown_session(with_session: Cli, which: str) -> None:
    """What is no session is exit 4 and says where the numbers are, in one or two lines."""
    result = with_session("session", "show", "--", which)
    assert (result.code, result.out) == (4, "")
    assert "session list" in result.err


def test_last(new_studio: Cli) -> None:
    """last is the session that the owner touched last, and exit 4 when there is none."""
    cli = new_studio
    assert cli("session", "show", "last").code == 4
    for day in (1, 2):
        cli("session", "new", *ONE_OFF, "--add-client", f"C{day}", "--at", f"2026-12-0{day} 10:00").ok()
    assert cli("session", "show", "last", "--json").json["id"] == 2
    cli("session", "confirm", "1").ok()
    assert cli("session", "show", "last", "--json").json["id"] == 1


def test_answers(with_session: Cli) -> None:
    """With --answers the JSON has the answers, an empty list before there are any; without, it has null."""
    assert with_session("session", "show", "1", "--answers", "--json").ok().json["answers"] == []
    assert with_session("session", "show", "1", "--json").ok().json["answers"] is None


# ── share, link ───────────────────────────────────────────────────────────────────────────────────


def test_share_by_link(with_session: Cli) -> None:
    """--link prints the link and nothing else; each share makes a new link and the earlier ones go on."""
    first = with_session("session", "share", "1", "--link").ok()
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/s/[\w-]{43}\n", first.out)
    assert first.err == ""
    second = with_session("session", "share", "1", "--link", "--json").ok().json
    assert second.keys() == {"session", "share", "channel", "link", "message", "mails", "dry_run"}
    assert (second["session"], second["share"], second["channel"], second["message"]) == (
        1,
        2,
        "direct",
        None,
    )
    assert second["link"] not in first.out
    shares = with_session("session", "show", "1", "--json").json["shares"]
    assert [set(share) for share in shares] == [
        {"id", "channel", "created_at", "opened_at", "last_opened_at", "revoked_at"}
    ] * 2
    assert [share["revoked_at"] for share in shares] == [None, None]


def test_share_with_qr_code(with_session: Cli) -> None:
    """--qr draws on stderr, so that stdout has only the link."""
    result = with_session("session", "share", "1", "--qr").ok()
    assert len(result.out.splitlines()) == 1
    assert len(result.err.splitlines()) > 10


def test_link_begins_with_the_public_address(with_session: Cli) -> None:
    """A link begins with the public address when one is set."""
    with_session("config", "set", "web.public_url", "https://book.example.com/").ok()
    assert with_session("session", "share", "1", "--link").ok().out.startswith("https://book.example.com/s/")


@pytest.mark.parametrize("options", [(), ("--email", "--link"), ("--email", "--qr")])
def test_share_needs_one_way(with_session: Cli, options: tuple[str, ...]) -> None:
    """Off a terminal the way to share must be said, and be one."""
    result = with_session("session", "share", "1", *options)
    assert (result.code, result.out) == (2, "")
    assert "--email" in result.err


def test_share_to_a_client_without_address(with_session: Cli) -> None:
    """Mail to a client without an address is refused, naming how to add one."""
    with_session("client", "edit", "rui", "--email", "").ok()
    result = with_session("session", "share", "1", "--email", "--json")
    assert (result.code, result.error["code"]) == (3, "no_email")
    assert "studio client edit 1 --email" in result.error["hint"]


def test_share_of_what_is_not_pending(with_session: Cli) -> None:
    """Only a pending session is shared."""
    with_session("session", "confirm", "1").ok()
    result = with_session("session", "share", "1", "--link", "--json")
    assert (result.code, result.error["code"]) == (3, "wrong_status")


def test_revoke(with_session: Cli) -> None:
    """Links are listed and revoked, all or one; revoking again changes nothing."""
    cli = with_session
    assert cli("session", "link", "1").ok().out == ""
    for _ in range(3):
        cli("session", "share", "1", "--link").ok()
    assert len(cli("session", "link", "1").ok().out.splitlines()) == 3
    cli("session", "link", "1", "--revoke", "--share", "2", "--yes").ok()
    listed = cli("session", "link", "1", "--json").ok().json
    assert [bool(share["revoked_at"]) for share in listed["shares"]] == [False, True, False]
    assert cli("session", "link", "1", "--revoke", "--share", "9", "--yes").code == 4
    cli("session", "link", "1", "--revoke", "--yes").ok()
    assert cli("session", "link", "1", "--revoke", "--yes").ok().err == "0 links of session 1 ended.\n"


# ── confirm, reopen, cancel ───────────────────────────────────────────────────────────────────────


def test_confirm(with_session: Cli) -> None:
    """Off a terminal confirm does it at once and names what it waived; twice is exit 0 and changes nothing."""
    first = with_session("session", "confirm", "1").ok()
    assert first.out.startswith("1\tconfirmed\t")
    assert "Waived: review, payment." in first.err
    assert "100.00 CAD" in first.err
    again = with_session("session", "confirm", "1").ok()
    assert again.out == first.out
    assert "already confirmed" in again.err
    document = with_session("session", "confirm", "1", "--json").ok().json
    assert (document["changed"], document["waived"]) == (False, [])
    assert (document["confirmed_by"], document["confirmed_at"]) == ("owner", "2026-11-20T10:00:00-05:00")
    assert document["waiting_for"] == []
    assert document["due_now"] == {"amount": "0.00", "currency": "CAD"}


def test_confirm_in_json(with_session: Cli) -> None:
    """confirm --json has the session and what was waived."""
    document = with_session("session", "confirm", "1", "--json").ok().json
    assert set(document) >= SESSION_FIELDS
    assert (document["changed"], document["waived"]) == (True, ["review", "payment"])
    assert document["waived_money"] == {"amount": "100.00", "currency": "CAD"}
    assert [step["waived"] for step in document["steps"] if step["required"]] == [True, True]


def test_reopen(with_session: Cli) -> None:
    """A confirmed session is pending again and asks for what was waived; twice changes nothing."""
    with_session("session", "confirm", "1").ok()
    document = with_session("session", "reopen", "1", "--json").ok().json
    assert (document["status"], document["waiting_for"], document["changed"]) == (
        "pending",
        ["review", "payment"],
        True,
    )
    assert with_session("session", "reopen", "1", "--json").ok().json["changed"] is False


def test_cancel_needs_a_yes(with_session: Cli) -> None:
    """Off a terminal cancel needs --yes: without it exit 2 and nothing changed."""
    refused = with_session("session", "cancel", "1", "--json")
    assert (refused.code, refused.error["code"]) == (2, "needs_yes")
    assert "--yes" in refused.error["hint"]
    assert with_session("session", "show", "1", "--json").json["status"] == "pending"


def test_cancel(with_session: Cli) -> None:
    """Cancel frees the time, is done once, and cannot be confirmed over."""
    assert with_session("session", "cancel", "1", "--yes", "--json").ok().json["status"] == "canceled"
    assert "already canceled" in with_session("session", "cancel", "1").ok().err
    refused = with_session("session", "confirm", "1", "--json")
    assert (refused.code, refused.error["code"]) == (3, "wrong_status")
    with_session("session", "new", *ONE_OFF, "--client", "1", "--at", AT_TEN).ok()


# ── on a terminal ─────────────────────────────────────────────────────────────────────────────────


def status(cli: Cli) -> str:
    return str(cli("session", "show", "1", "--json").ok().json["status"])


def test_confirm_asks_on_a_terminal(with_session: Cli) -> None:
    """On a terminal confirm shows what it waives, asks, and does it after a yes."""
    with Terminal(studio("session", "confirm", "1")) as screen:
        asked = screen.read_until("[y/N] ")
        assert "Session 1: Portrait with Rui Costa" in asked
        assert "  • review the details\n  • pay 100.00 CAD now; 100.00 CAD stays open\n" in asked
        assert status(with_session) == "pending"
        screen.type("y\n")
        assert screen.finish() == 0
        assert "Session 1 is confirmed." in screen.shown
    assert status(with_session) == "confirmed"


@pytest.mark.parametrize(
    ("typed", "code"), [("n\n", 0), ("\n", 0), ("what\n", 0), (CTRL_C, 130), (CTRL_D, 0)]
)
def test_anything_but_yes_changes_nothing(with_session: Cli, typed: str, code: int) -> None:
    """No, nothing, and an end of input leave the session as it is; Ctrl-C is 130."""
    with Terminal(studio("session", "confirm", "1")) as screen:
        screen.read_until("[y/N] ")
        screen.type(typed)
        assert screen.finish() == code
        assert ("Interrupted." if code else "Nothing was changed.") in screen.shown
        assert "Traceback" not in screen.shown
    assert status(with_session) == "pending"


def test_cancel_asks_on_a_terminal(with_session: Cli) -> None:
    """On a terminal cancel names what will go, the money included, and asks."""
    with_session("payment", "record", "1", "20").ok()
    with Terminal(studio("session", "cancel", "1")) as screen:
        asked = screen.read_until("[y/N] ")
        assert "Cancel session 1, Portrait with Rui Costa?" in asked
        assert "20.00 CAD was paid" in asked
        screen.type("y\n")
        screen.read_until("[20.00] ")
        screen.type("15\n")
        assert screen.finish() == 0
        assert "15.00 CAD is given back" in screen.shown
    assert status(with_session) == "canceled"
    assert with_session("session", "show", "1", "--json").ok().json["paid"]["amount"] == "5.00"


@pytest.mark.parametrize(
    "where", [("--no-input", "session", "cancel", "1"), ("session", "cancel", "1", "--yes")]
)
def test_no_input_and_yes_do_not_ask(with_session: Cli, where: tuple[str, ...]) -> None:
    """With --no-input cancel is refused on a terminal too, and with --yes it is done, both without a question."""
    code, shown = on_terminal(studio(*where))
    assert "[y/N]" not in shown
    assert code == (2 if "--no-input" in where else 0)
    assert status(with_session) == ("pending" if "--no-input" in where else "canceled")


def test_confirm_with_no_input_on_a_terminal(with_session: Cli) -> None:
    """With --no-input confirm does it without asking, as it does off a terminal."""
    code, shown = on_terminal(studio("--no-input", "session", "confirm", "1"))
    assert (code, "[y/N]" in shown) == (0, False)
    assert status(with_session) == "confirmed"


def test_missing_value_with_no_input_on_a_terminal(with_session: Cli) -> None:
    """With --no-input a missing value is exit 2 on a terminal too."""
    del with_session
    code, shown = on_terminal(studio("--no-input", "session", "new"))
    assert code == 2
    assert "--at" in shown


def test_new_session_on_a_terminal(with_session: Cli) -> None:
    """On a terminal a new session is told in words, with the day and the zone that were understood."""
    del with_session
    code, shown = on_terminal(
        studio(
            "session", "new", *ONE_OFF, "--client", "rui", "--at", "sat 19:30", "--custom", "--share", "link"
        )
    )
    assert code == 0
    assert "Saturday 21 November 2026, 19:30 to 20:30 (America/Toronto, UTC−05:00)" in shown
    assert "This is outside your availability." in shown
    assert re.search(r"/s/[\w-]{43}", shown)
