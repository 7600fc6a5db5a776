"""The client's way from a link to Confirmed."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable

import pytest
from whenever import Instant

from studio_cli.booking import form as forms
from studio_cli.booking import journey
from studio_cli.booking import payment as payments
from studio_cli.booking import session as sessions
from studio_cli.booking.details import differences
from studio_cli.booking.journey import Visit
from studio_cli.booking.studio import Studio, change_setting, open_studio
from studio_cli.errors import NotFound
from studio_cli.language import ENGLISH
from studio_cli.model.money import Money
from studio_cli.model.session import Session
from tests.conftest import Clock, Maker

FORM = """
[[field]]
name = "people"
label = "How many?"
required = true
[[field]]
name = "notes"
label = "Anything else?"
kind = "long"
"""


@pytest.fixture
def session(studio: Studio, make: Maker) -> Session:
    """A pending session with every step there is."""
    forms.add(studio, "intake", FORM)
    return make.session(form="intake")


@pytest.fixture
def token(make: Maker, session: Session) -> str:
    """A link to it."""
    return make.link(session)


def contents(studio: Studio) -> list[str]:
    """Return everything in the studio's file, as statements."""
    outside = sqlite3.connect(studio.file.path)
    try:
        return list(outside.iterdump())
    finally:
        outside.close()


def but_drafts(studio: Studio) -> list[str]:
    """Return everything in the studio's file but what waits to be mended."""
    return [line for line in contents(studio) if not line.startswith('INSERT INTO "draft"')]


def told(studio: Studio, visit: Visit, seen: int) -> list[tuple[str, str, str]]:
    """Return what the page tells has changed since revision ``seen``."""
    before = journey.seen_before(studio, visit, seen)
    assert before is not None
    now = visit.session.details()
    return [(one.label, one.before, one.now) for one in differences(before, now, ENGLISH)]


def client_did(studio: Studio) -> list[str]:
    """Return what clients did, in order."""
    rows = studio.file.connection.execute("SELECT kind FROM event WHERE actor = 'client' ORDER BY id")
    return [row["kind"] for row in rows]


Post = Callable[[Studio, str, int], Visit]
POSTS: dict[str, Post] = {
    "review": journey.review,
    "questionnaire": lambda studio, token, revision: journey.questionnaire(
        studio, token, revision, {"people": ["4"]}
    ),
    "announce": journey.announce_payment,
    "pay": journey.pay_test,
}


def post(studio: Studio, token: str, *names: str, revision: int = 1) -> Visit:
    """Post some steps, one after the other."""
    visits = [POSTS[name](studio, token, revision) for name in names]
    return visits[-1]


# ── the way ───────────────────────────────────────────────────────────────────────────────────────


def test_whole_way(studio: Studio, session: Session, token: str) -> None:
    """Review, questions and payment, each leading to the next, end in a session confirmed by its client."""
    assert journey.visit(studio, token).current == "review"
    assert journey.review(studio, token, 1).current == "questionnaire"
    answered = journey.questionnaire(studio, token, 1, {"people": [" 4 "], "notes": ["Two dogs\r\n🐕🐕"]})
    assert answered.current == "payment"
    assert [answer.value for answer in answered.answers] == ["4", "Two dogs\n🐕🐕"]
    done = journey.pay_test(studio, token, 1)
    assert done.current is None
    assert (done.session.status, done.session.confirmed_by) == ("confirmed", "client")
    assert done.session.paid == Money(10000, "CAD")
    assert client_did(studio) == [
        "review done",
        "questionnaire done",
        "payment recorded",
        "session confirmed",
    ]


def test_looking_changes_nothing(studio: Studio, token: str) -> None:
    """However often a link is looked at, the file stays as it was."""
    before = contents(studio)
    for _ in range(3):
        journey.visit(studio, token)
    assert contents(studio) == before


def test_last_step_confirms(studio: Studio, make: Maker) -> None:
    """A session that asks for nothing but its review is confirmed by it."""
    token = make.link(make.session(price="0"))
    assert journey.review(studio, token, 1).session.status == "confirmed"


def test_way_may_go_over_two_links(studio: Studio, make: Maker, session: Session, token: str) -> None:
    """What was begun with one link goes on with another, and the file knows which was used for what."""
    other = make.link(session)
    post(studio, token, "review")
    assert post(studio, other, "questionnaire").current == "payment"
    shares = studio.file.connection.execute(
        "SELECT step, share_id FROM step WHERE done_at IS NOT NULL ORDER BY position"
    )
    assert [tuple(row) for row in shares] == [("review", 1), ("questionnaire", 2)]


@pytest.mark.parametrize(
    ("done", "name"),
    [
        ([], "questionnaire"),
        ([], "announce"),
        ([], "pay"),
        (["review"], "announce"),
        (["review"], "pay"),
    ],
)
def test_out_of_order(studio: Studio, token: str, done: list[str], name: str) -> None:
    """A step that is posted before its turn is not kept, and the page shows the one whose turn it is."""
    if done:
        post(studio, token, *done)
    turn = journey.visit(studio, token).current
    before = contents(studio)
    assert post(studio, token, name).current == turn
    assert contents(studio) == before


def test_step_that_is_not_asked(studio: Studio, make: Maker) -> None:
    """Posting a step that the session does not have keeps nothing."""
    token = make.link(make.session(pay="later", price="100", location="Here"))
    before = contents(studio)
    for name in ("questionnaire", "announce", "pay"):
        assert post(studio, token, name).current == "review"
    assert contents(studio) == before


@pytest.mark.parametrize("name", ["review", "questionnaire", "announce", "pay"])
def test_double_posts(studio: Studio, token: str, name: str) -> None:
    """A post that arrives twice does what it does once."""
    order = ["review", "questionnaire", name if name in {"announce", "pay"} else "announce"]
    post(studio, token, *order[: order.index(name) + 1])
    before = contents(studio)
    post(studio, token, name)
    assert contents(studio) == before


def test_two_taps_at_once_pay_once(studio: Studio, clock: Clock, token: str) -> None:
    """Two taps that arrive at the same moment pay once and confirm once."""
    post(studio, token, "review", "questionnaire")
    barrier, statuses = threading.Barrier(2), []

    def tap() -> None:
        mine = open_studio(studio.file.path, clock)
        barrier.wait(5)
        statuses.append(journey.pay_test(mine, token, 1).session.status)
        mine.file.close()

    threads = [threading.Thread(target=tap) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == ["confirmed", "confirmed"]
    assert studio.file.connection.execute("SELECT count(*) FROM payment").fetchone()[0] == 1
    assert client_did(studio).count("session confirmed") == 1


# ── the questions ─────────────────────────────────────────────────────────────────────────────────


def test_wrong_answers_keep_nothing(studio: Studio, token: str) -> None:
    """When one answer is wrong none is kept as done; all wait as a draft, with what is wrong by its field."""
    post(studio, token, "review")
    before = contents(studio)
    posted = {"people": [""], "notes": ["Two dogs"], "other": ["not asked"]}
    for visit in (journey.questionnaire(studio, token, 1, posted), journey.visit(studio, token)):
        problems = {name: str(problem) for name, problem in visit.problems("questionnaire").items()}
        assert problems == {"people": "Please fill this in."}
        assert visit.drafts == {"questionnaire": {"people": [""], "notes": ["Two dogs"]}}
        assert (visit.current, visit.answers) == ("questionnaire", ())
    assert but_drafts(studio) == before


def test_draft_ends_when_the_step_is_done(studio: Studio, token: str) -> None:
    """What waited to be mended is forgotten when the answers are kept."""
    post(studio, token, "review")
    journey.questionnaire(studio, token, 1, {"people": [""]})
    assert post(studio, token, "questionnaire").drafts == {}
    assert studio.file.connection.execute("SELECT count(*) FROM draft").fetchone()[0] == 0


def test_answers_may_be_changed_while_pending(studio: Studio, token: str) -> None:
    """Until the session is confirmed the client may answer again; then the answers stay."""
    post(studio, token, "review", "questionnaire")
    again = journey.questionnaire(studio, token, 1, {"people": ["5"]})
    assert ([answer.value for answer in again.answers], again.current) == (["5"], "payment")
    post(studio, token, "pay")
    late = journey.questionnaire(studio, token, 1, {"people": ["6"]})
    assert [answer.value for answer in late.answers] == ["5"]


EVERY_KIND = """
[[field]]
name = "places"
label = "Where?"
kind = "choices"
options = ["Park", "Studio", "Home"]
[[field]]
name = "address"
label = "Which address?"
required = true
show_if = { field = "places", equals = "Home" }
[[field]]
name = "day"
label = "Which day suits you as well?"
kind = "date"
min = "today"
"""


def test_ticks_and_conditions(studio: Studio, make: Maker) -> None:
    """Every tick is kept, what does not apply is not, and the answers come back as they were kept."""
    forms.add(studio, "every", EVERY_KIND)
    token = make.link(make.session(form="every"))
    post(studio, token, "review")
    missing = journey.questionnaire(studio, token, 1, {"places": ["Home", "Park"]})
    assert set(missing.problems("questionnaire")) == {"address"}
    visit = journey.questionnaire(studio, token, 1, {"places": ["Home", "Park"], "address": ["1 Main St"]})
    assert [answer.values for answer in visit.answers] == [("Park", "Home"), ("1 Main St",)]
    visit = journey.questionnaire(studio, token, 1, {"places": ["Park"], "address": ["1 Main St"]})
    assert [answer.as_json()["value"] for answer in visit.answers] == [["Park"]]


def test_today_is_the_studios(studio: Studio, make: Maker, clock: Clock) -> None:
    """A limit from today on counts from the day in the studio's zone, not from that of UTC."""
    forms.add(studio, "every", EVERY_KIND)
    token = make.link(make.session(form="every"))
    post(studio, token, "review")
    clock.now = Instant.from_utc(2026, 11, 21, 3)  # still the twentieth in Toronto
    visit = journey.questionnaire(studio, token, 1, {"day": ["2026-11-19"]})
    assert str(visit.problems("questionnaire")["day"]) == "Please choose 2026-11-20 or a later day."
    assert not journey.questionnaire(studio, token, 1, {"day": ["2026-11-20"]}).problems("questionnaire")


# ── what changed under the client ─────────────────────────────────────────────────────────────────


def change(studio: Studio, session: Session, **columns: object) -> Session:
    """Change a session as an edit would: new values, a new revision, and what a client reads of it kept."""
    with studio.file.atomic() as sql:
        sets = ", ".join(f"{name} = ?" for name in columns)
        sql.execute(
            f"UPDATE session SET {sets}, revision = revision + 1 WHERE id = ?",
            [*columns.values(), session.id],
        )
        after = sessions.get(studio, session.id)
        sql.execute(
            "INSERT INTO revision VALUES (?, ?, ?, '2026-11-20T15:00:00Z')",
            (session.id, after.revision, json.dumps(after.details())),
        )
    return after


@pytest.mark.parametrize("name", list(POSTS))
@pytest.mark.parametrize(
    ("columns", "label", "before", "now"),
    [
        (
            {"starts_at": "2026-12-04T19:00:00Z"},
            "When",
            "Friday 4 December 2026, 10:00 to 11:00",
            "Friday 4 December 2026, 14:00 to 15:00",
        ),
        ({"title": "Passport"}, "What", "Portrait", "Passport"),
        ({"location": "Park"}, "Where", "", "Park"),
        (
            {"asked_now_minor": 5000, "pay": "deposit", "deposit_minor": 5000},
            "To be paid at booking",
            "CA$100.00",
            "CA$50.00",
        ),
    ],
)
def test_changed_under_the_client(
    studio: Studio,
    session: Session,
    token: str,
    name: str,
    columns: dict[str, object],
    label: str,
    before: str,
    now: str,
) -> None:
    """What changed since the client looked is told, old beside new; what was posted is not kept as done."""
    order = ["review", "questionnaire", "announce"]
    if name in order:
        order = order[: order.index(name)]
    if name == "pay":
        order = ["review", "questionnaire"]
    if order:
        post(studio, token, *order)
    change(studio, session, **columns)
    kept = contents(studio)
    visit = post(studio, token, name)
    assert visit.changed
    assert told(studio, visit, 1) == [(label, before, now)]
    assert but_drafts(studio) == kept
    assert visit.session.status == "pending"
    assert visit.drafts == ({"questionnaire": {"people": ["4"]}} if name == "questionnaire" else {})


def test_agreeing_to_what_is_now(studio: Studio, session: Session, token: str) -> None:
    """Having seen the change, the client agrees to it and goes on."""
    after = change(studio, session, title="Passport")
    assert journey.review(studio, token, 1).changed
    assert journey.review(studio, token, after.revision).current == "questionnaire"
    row = studio.file.connection.execute("SELECT done_revision FROM step WHERE step = 'review'").fetchone()
    assert row["done_revision"] == after.revision


def test_change_back_is_no_change(studio: Studio, session: Session, token: str) -> None:
    """A session that is again as the client saw it is not asked about."""
    change(studio, session, title="Passport")
    change(studio, session, title="Portrait")
    visit = journey.review(studio, token, 1)
    assert not visit.changed
    assert visit.current == "questionnaire"


def test_change_back_is_not_told(studio: Studio, session: Session, token: str) -> None:
    """A client who agreed before a change and its taking back is not told of changes that there are none of."""
    post(studio, token, "review")
    change(studio, session, title="Passport")
    assert journey.seen_before(studio, journey.visit(studio, token)) is not None
    change(studio, session, title="Portrait")
    assert journey.seen_before(studio, journey.visit(studio, token)) is None


@pytest.mark.parametrize("revision", [0, -1, 2, 10**12])
def test_revision_that_never_was(studio: Studio, token: str, revision: int) -> None:
    """A post that names a revision which never was confirms nothing."""
    before = contents(studio)
    assert journey.review(studio, token, revision).changed
    assert contents(studio) == before


@pytest.mark.parametrize("name", list(POSTS))
def test_canceled_under_the_client(studio: Studio, session: Session, token: str, name: str) -> None:
    """A post for a session that was canceled meanwhile keeps nothing and shows it canceled."""
    sessions.cancel(studio, str(session.id))
    before = contents(studio)
    assert post(studio, token, name).session.status == "canceled"
    assert contents(studio) == before


@pytest.mark.parametrize("name", list(POSTS))
def test_expired_under_the_client(studio: Studio, make: Maker, clock: Clock, name: str) -> None:
    """A post after the deadline comes too late: the session is expired, and its time is free."""
    token = make.link(make.session(expires="2h"))
    clock.forward(hours=2)
    visit = post(studio, token, name)
    assert visit.session.status == "expired"
    assert visit.current is None
    make.session()


@pytest.mark.parametrize("name", list(POSTS))
def test_dead_links_are_all_the_same(studio: Studio, make: Maker, name: str) -> None:
    """An unknown token posts nothing and is told the same as any dead link."""
    before = contents(studio)
    with pytest.raises(NotFound, match=r"^This link does not work\.$"):
        post(studio, "unknown", name)
    assert contents(studio) == before


# ── the money ─────────────────────────────────────────────────────────────────────────────────────


def test_announced_is_not_paid(studio: Studio, session: Session, token: str, clock: Clock) -> None:
    """A payment on its way leaves the session pending until the owner records it, which confirms it."""
    post(studio, token, "review", "questionnaire")
    announced = journey.announce_payment(studio, token, 1)
    assert announced.session.status == "pending"
    assert announced.session.step("payment").announced_at == clock.now
    assert not announced.session.paid
    recorded = payments.record(studio, str(session.id), "100", method="transfer")
    assert recorded.confirmed
    assert recorded.session.status == "confirmed"
    assert recorded.session.due_now == Money(0, "CAD")


def test_test_payment_only_in_a_test_studio(studio: Studio, token: str) -> None:
    """Where payments are not pretended, the test page's post pays nothing."""
    change_setting(studio, "payment.provider", "offline")
    post(studio, token, "review", "questionnaire")
    before = contents(studio)
    assert post(studio, token, "pay").current == "payment"
    assert contents(studio) == before


def test_test_payment_pays_what_is_left(studio: Studio, session: Session, token: str) -> None:
    """What was paid before is not asked for again."""
    post(studio, token, "review", "questionnaire")
    payments.record(studio, str(session.id), "30")
    post(studio, token, "pay")
    rows = studio.file.connection.execute("SELECT amount_minor, method FROM payment ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [(3000, "other"), (7000, "test")]


def test_owner_confirmed_meanwhile(studio: Studio, session: Session, token: str) -> None:
    """After the owner confirmed, the client is asked for nothing more, and what is still posted changes nothing."""
    post(studio, token, "review")
    sessions.confirm(studio, str(session.id))
    visit = journey.visit(studio, token)
    assert visit.current is None
    assert visit.session.due_now == Money(0, "CAD")
    before = contents(studio)
    for name in POSTS:
        assert post(studio, token, name).session.confirmed_by == "owner"
    assert contents(studio) == before
