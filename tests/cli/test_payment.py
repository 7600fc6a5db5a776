"""``studio payment``: writing down money, once."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from studio_cli.booking import change_of_mind as minds
from studio_cli.booking.studio import open_studio
from tests.conftest import Cli, Clock
from tests.terminal import on_terminal, studio

PAYMENT_FIELDS = {
    "id", "session", "kind", "amount", "method", "note", "reference", "at", "recorded_at", "session_status",
    "due_now", "balance", "title", "client", "receipt", "refund_of", "late", "to_refund", "paid", "dry_run", "mails",
}  # fmt: skip


def test_record_in_json(with_session: Cli) -> None:
    """A recorded payment has every field, and what is due after it."""
    paid = with_session(
        "payment", "record", "1", "40.50", "--method", "cash", "--note", "in the studio", "--json"
    )
    document = paid.ok().json
    assert set(document) == PAYMENT_FIELDS
    assert (document["session"], document["method"], document["note"]) == (1, "cash", "in the studio")
    assert document["amount"] == {"amount": "40.50", "currency": "CAD"}
    assert document["due_now"] == document["balance"] == {"amount": "59.50", "currency": "CAD"}
    assert (document["at"], document["session_status"]) == ("2026-11-20T10:00:00-05:00", "pending")


def test_money_alone_does_not_confirm(with_session: Cli) -> None:
    """Paid in full, a session whose review is open stays pending, and waits only for the review."""
    with_session("payment", "record", "last", "100", "--at", "2026-11-19 18:00").ok()
    session = with_session("session", "show", "1", "--json").json
    assert (session["status"], session["waiting_for"]) == ("pending", ["review"])
    assert session["paid"]["amount"] == "100.00"


def test_same_key(with_session: Cli) -> None:
    """The same key again returns the first payment and records nothing; with other arguments it is exit 3."""
    record = ("payment", "record", "1", "--key", "bank-42", "--json")
    first = with_session(*record, "50").ok().json
    assert with_session(*record, "50").ok().json == first
    other = with_session(*record, "60")
    assert (other.code, other.error["code"]) == (3, "key_reused")
    assert with_session("session", "show", "1", "--json").json["paid"]["amount"] == "50.00"


@pytest.mark.parametrize("amount", ["0", "0.00", "ten", "1.999", "--", "", "1e5", "٥", "9" * 5000, "50 USD"])
def test_bad_amounts(with_session: Cli, amount: str) -> None:
    """What is no amount, or nothing, is exit 2 in one or two lines, and the ledger stays as it is."""
    result = with_session("payment", "record", "1", amount)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) <= 2
    assert len(result.err) < 400
    assert with_session("session", "show", "1", "--json").json["paid"]["amount"] == "0.00"


def test_negative_amount(with_session: Cli) -> None:
    """A negative amount is not a payment."""
    assert with_session("payment", "record", "1", "--", "-50").code == 2


def test_bad_method_and_session(with_session: Cli) -> None:
    """An unknown method is exit 2 with the possible ones; an unknown session exit 4."""
    result = with_session("payment", "record", "1", "50", "--method", "barter")
    assert (result.code, "cash" in result.err) == (2, True)
    assert with_session("payment", "record", "9", "50").code == 4


def test_more_than_the_price_is_kept_and_said(with_session: Cli) -> None:
    """Money beyond the price, or for a canceled session, is recorded and remarked on, never dropped."""
    over = with_session("payment", "record", "1", "150").ok()
    assert "50.00 CAD more than there was to pay" in over.err
    with_session("session", "cancel", "1", "--yes").ok()
    late = with_session("payment", "record", "1", "10").ok()
    assert "has to go back" in late.err
    assert late.out.split("\t")[-1] == "to refund\n"


def test_owner_cannot_pretend_a_payment(with_session: Cli) -> None:
    """The method of the test page is not one that an owner can record."""
    refused = with_session("payment", "record", "1", "10", "--method", "test")
    assert refused.code == 2
    assert "cash" in refused.err


def test_what_is_owed_can_be_kept(with_session: Cli) -> None:
    """What is owed to a client who has canceled is kept when its owner says so: once, in the history, and off the list."""
    with_session("payment", "record", "1", "50", "--method", "cash").ok()
    assert with_session("payment", "keep", "1").code == 3
    with_session("session", "edit", "1", "--cancel-until", "0").ok()
    token = with_session("session", "share", "1", "--link").ok().out.strip().rpartition("/s/")[2]
    with_session("session", "confirm", "1").ok()
    opened = open_studio(Path(os.environ["STUDIO_DB"]), Clock())
    assert minds.cancel(opened, token, 2, "5000-5000-0").what == "done"
    opened.file.close()
    assert with_session("status", "--json").ok().json["owed"][0]["amount"]["amount"] == "50.00"
    assert with_session("payment", "keep", "1").code == 2
    assert "would be kept" in with_session("payment", "keep", "1", "--dry-run").ok().out
    kept = with_session("payment", "keep", "1", "--note", "a voucher", "--yes", "--json").ok().json
    assert (kept["kept"]["amount"], kept["changed"]) == ("50.00", True)
    assert with_session("status", "--json").ok().json["owed"] == []
    assert with_session("payment", "keep", "1", "--json").ok().json["changed"] is False
    assert "a voucher" in with_session("session", "history", "1").ok().out


def test_list_fits_a_terminal_of_80_columns(with_session: Cli) -> None:
    """The ledger stands on one line a row, and what no row has takes no room."""
    with_session("payment", "record", "1", "50", "--method", "transfer").ok()
    code, colored = on_terminal(studio("payment", "list"))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    row = next(line for line in shown.splitlines() if "transfer" in line)
    assert (code, "50.00 CAD" in row, "Rui Costa" in row) == (0, True, True)
    assert "Late" not in shown and "Note" not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
