"""The gallery: every page and state that a client can see. Whatever looks at the pages looks at these.

A new state is three lines: the template it shows, a name, and what brings it about::

    @scene("review")
    def review_only(on: Stage) -> str:
        return on.link(on.make.session(price="0"))
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from studio_cli.booking import availability, session_changes, waiting_mail
from studio_cli.booking import block as blocks
from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import payment as payments
from studio_cli.booking import request as requests
from studio_cli.booking import session as sessions
from studio_cli.booking import share as shares
from studio_cli.booking import site as sites
from studio_cli.booking import studio as studios
from studio_cli.booking import waiting as lists
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.session_type import SessionType
from studio_cli.model.settings import SITE_KEY
from studio_cli.model.site import TypedSite
from studio_cli.model.wish import Wish
from studio_cli.outside import stripe as outside
from studio_cli.outside.stripe import Stripe
from studio_cli.store import database
from studio_cli.web import limits
from studio_cli.web.guard import LARGEST_BODY
from tests.booking.asking import ask
from tests.conftest import Clock, Door, Maker
from tests.fake_stripe import TEST_KEY, WEBHOOK_SECRET, FakeStripe
from tests.web.visitor import Answer, Visitor, change

QUESTIONS = """
title = "A few questions"

[[field]]
name = "people"
label = "Who will be there?"
help = "Names, and ages of the children."
kind = "long"
required = true

[[field]]
name = "season"
label = "What are you celebrating?"
kind = "choice"
options = ["A wedding", "A birthday", "Nothing in particular, we just want good pictures of all of us"]
required = true

[[field]]
name = "photos"
label = "May the studio show some of the pictures on its website?"
kind = "yes_no"
required = true

[[field]]
name = "website"
label = "Which of them?"
kind = "choices"
options = ["Portraits", "Everybody together", "Details"]
help = "Under each picture there will be no names."
most = 2
show_if = { field = "photos", equals = "yes" }

[[field]]
name = "guests"
label = "How many people will there be?"
kind = "number"
min = 1
max = 200

[[field]]
name = "ready"
label = "When do you need the pictures?"
kind = "date"
min = "today"

[[field]]
name = "email"
label = "Where should we send them?"
kind = "email"

[[field]]
name = "phone"
label = "Your phone number on the day"
kind = "phone"
help = "For when we cannot find each other."

[[field]]
name = "notes"
label = "Anything else we should know?"
kind = "short"
"""
"""A questionnaire with every kind of question that there is."""

ANSWERS = {
    "people": "Rui and Eva\nBenedita (4)",
    "season": "A wedding",
    "photos": "yes",
    "website": "Portraits",
    "guests": "80",
    "ready": "2026-12-24",
    "email": "rui@example.com",
    "phone": "+1 416 555 0134",
    "notes": "A shy dog",
}
CONTRACT = """
# Photography agreement

between **{{ studio.name }}** and **{{ client.name }}** for {{ session.title }} on {{ session.starts_at }}{% if session.location %}, {{ session.location }}{% endif %}.

## Payment

The price is {{ session.price }}, of which {{ session.due_now }} is paid at booking.

| What | When |
|---|---|
| Proofs | within two weeks |
| Album | within two months |

## Changes

1. The session can be moved once, up to 48 hours before.
2. If the photographer cannot come, every payment is returned. See [our terms](https://example.com/terms).
"""
COSTS: dict[str, Any] = {
    "discount": "10%",
    "discount_reason": "Returning client",
    "tax": "HST 13%",
    "balance_due": "7d before",
    "tips": True,
}
INSTRUCTIONS = (
    "E-transfer to ana@example.com\nor by bank: IBAN PT50 0002 0123 1234 5678 9015 4\nPlease write your name."
)
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


def png(width: int, height: int) -> bytes:
    """Return a violet picture of that size (PNG, W3C)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    rows = zlib.compress((b"\x00" + b"\x7a\x3e\x9d" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@dataclass(frozen=True)
class Post:
    """A form sent by the client; ``foreign`` when it stands on another website."""

    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    foreign: bool = False


@dataclass
class Stage:
    """A studio with nothing in it yet, its door open, and what a scene is played with."""

    studio: Studio
    make: Maker
    clock: Clock
    door: Door
    exits: contextlib.ExitStack

    @property
    def visitor(self) -> Visitor:
        """The client, before the scene is looked at."""
        return Visitor(self.door.base)

    def wedding(self, **wanted: Any) -> Session:
        """A session with every step there is: review, questions, a contract, a deposit, and a deadline."""
        self.setting("studio.phone", "+1 416 555 0134")
        forms.add(self.studio, "family", QUESTIONS)
        contracts.add(self.studio, "agreement", CONTRACT)
        values = {
            "one_off": "Wedding portraits",
            "duration": "90m",
            "price": "1250",
            "deposit": "20%",
            "location": "Toronto Music Garden, 479 Queens Quay West",
            "form": "family",
            "contract": "agreement",
            "expires": "3d",
        }
        return self.make.session(
            **{"client": str(self.make.client("Rui Costa and Eva Lima").id), **values, **wanted}
        )

    def request(self, request: str = "hold", **typed: Any) -> Session:
        """A client's request for a session of a type that is approved, on 4 December at ten."""
        self.setting("studio.phone", "+1 416 555 0134")
        forms.add(self.studio, "family", QUESTIONS)
        contracts.add(self.studio, "agreement", CONTRACT)
        values = {"form": "family", "contract": "agreement", "location": "Toronto Music Garden", **typed}
        site = TypedSite(approval=True, request=request, move_until="2d", cancel_until="2d")
        self.make.type("Family portraits", site=site, **values)
        return ask(self.studio, self.make, type="family-portraits")

    def changeable(self, **wanted: Any) -> Session:
        """A session that its client can move and cancel until two days before."""
        session = self.wedding(**{**CHANGES, **wanted})
        policy = "UPDATE session SET move_until_minutes = 2880, cancel_until_minutes = 2880 WHERE id = ?"
        change(self.studio.file.path, (policy, (session.id,)))
        return sessions.get(self.studio, session.id)

    def setting(self, name: str, value: str) -> None:
        """Change a setting as the owner does."""
        studios.change_setting(self.studio, name, value)

    def logo(self) -> None:
        """Give the studio a logo."""
        picture = self.studio.file.path.with_name("logo.png")
        picture.write_bytes(png(300, 100))
        self.setting("brand.logo", str(picture))

    def link(self, session: Session) -> str:
        """Share a session and return the path of its link."""
        return f"/s/{self.make.link(session)}"

    def past(self, step: str, session: Session) -> str:
        """Return a link whose client has done everything up to and with ``step``."""
        link = self.link(session)
        agreement = sessions.get(self.studio, session.id).contract
        signed = {"name": "Rui Costa", "agreed": "yes", "document": agreement.sha256 if agreement else ""}
        steps = {"review": {}, "questionnaire": ANSWERS, "contract": signed, "payment": {}}
        for name, fields in steps.items():
            answer = self.visitor.post(f"{link}/{name}", {"revision": "1", **fields})
            assert answer.status == 303, f"{name} answered {answer.status}"
            if name == step:
                return link
        raise AssertionError(f"There is no step {step}.")

    def send(self, post: Post) -> Answer:
        """Send a form, as a browser does when it stands on this or on another website."""
        headers = {"Sec_Fetch_Site": "cross-site", "Origin": "null"} if post.foreign else {}
        return self.visitor.post(post.path, post.fields, **headers)

    def offered(self, site: TypedSite = TypedSite(), **typed: Any) -> SessionType:
        """Put a session type on the booking site that has all that one can have."""
        self.setting("studio.phone", "+1 416 555 0134")
        forms.add(self.studio, "family", QUESTIONS)
        contracts.add(self.studio, "agreement", CONTRACT)
        rules = replace(site, description=OFFER, move_until="48h", cancel_until="72h")
        values = {
            "location": "Toronto Music Garden, 479 Queens Quay West",
            "form": "family",
            "contract": "agreement",
            "discount": "10%",
            "discount_reason": "Until Christmas",
            "tax": "HST 13%",
            "refunds": "100% until 14d, 50%",
        }
        return self.make.offer(site=rules, **{**values, **typed})

    def booking(self, path: str, at: str, **typed: str) -> Post:
        """What a person sends who takes a time on the site, ten seconds after they saw the form."""
        given = sites.stamp(self.studio.settings[SITE_KEY], self.clock.now.subtract(seconds=10))
        person = {"name": "Rui Costa", "email": "rui@example.com", "phone": "", "words": ""}
        return Post(f"{path}/details", {**person, "at": at, "stamp": given, **typed})

    def full(self, **typed: Any) -> SessionType:
        """Put a type on the site that has one day, and somebody else has that; whoever waits can be told."""
        self.setting("mail.host", "127.0.0.1")
        offered = self.offered(**typed)
        availability.set_hours(self.studio, "mon-sun", ["off"])
        availability.set_override(self.studio, "2026-12-12", ["10:00-11:30"])
        self.make.session("2026-12-12 10:00", duration="90m")
        return offered

    def waiting(self, path: str, **typed: str) -> Post:
        """What a person sends who wants to be told of a time on the twelfth, ten seconds after they saw the form."""
        post = self.booking(path, "")
        return Post(f"{path}/waiting", {**post.fields, "days": "2026-12-12", **typed})

    def off_the_list(self, *days: str) -> str:
        """Put somebody on the list for some days and return the link that takes them off, of the first."""
        offered = self.full(duration="90m")
        client = self.make.client("Rui Costa", "rui@example.com")
        numbers = [lists.add(self.studio, offered.slug, str(client.id), day, None)[0].id for day in days]
        with self.studio.file.atomic():
            return waiting_mail.new_link(self.studio, numbers[0]).removeprefix(self.door.base)

    def raise_price(self, session: Session, price: str) -> None:
        """Change what the client saw, as the owner does."""
        session_changes.edit(self.studio, str(session.id), Edits(price=price))

    def turned(self, session: Session, status: str) -> Session:
        """Give a session a status that no command leads to yet: a file is what it says."""
        change(
            self.studio.file.path,
            ("DROP TRIGGER session_transition", ()),
            ("UPDATE session SET status = ? WHERE id = ?", (status, session.id)),
        )
        return session

    def stripe(self) -> FakeStripe:
        """Let clients pay with Stripe, at a stand-in for it."""
        fake = self.exits.enter_context(FakeStripe(lambda: self.clock.now.timestamp()))
        self.door.provider = Stripe(TEST_KEY, WEBHOOK_SECRET, fake.base)
        studios.change_setting(self.studio, "payment.provider", "stripe", stripe_key=TEST_KEY)
        return fake

    def stripe_is_down(self) -> None:
        """Let Stripe be out of reach from now on, and let nobody wait for it."""
        self.exits.enter_context(mock.patch.object(outside, "RETRIES", 0))
        self.door.provider = Stripe(TEST_KEY, WEBHOOK_SECRET, "http://127.0.0.1:1")

    def held(self) -> None:
        """Let another program write to the file for as long as the scene is looked at."""
        self.exits.enter_context(mock.patch.object(database, "BUSY_TIMEOUT_MS", 50))
        other = sqlite3.connect(self.studio.file.path, isolation_level=None)
        self.exits.callback(other.close)
        other.execute("BEGIN IMMEDIATE")


Play = Callable[[Stage], str | Post]


@dataclass(frozen=True)
class Scene:
    """One page in one state: ``template`` is what renders it, ``statuses`` what the last answer may be."""

    name: str
    template: str
    statuses: frozenset[int]
    play: Play

    def __str__(self) -> str:
        return self.name


SCENES: list[Scene] = []
PICTURES = (
    "review-390",
    "review-390-dark",
    "review-1280",
    "questionnaire-390",
    "questionnaire-mistakes-390",
    "contract-390",
    "payment-offline-390",
    "confirmed-390",
    "confirmed-1280",
    "summary-390",
)
"""What ``make pictures`` keeps for the documentation."""

# A page of a link. Mistakes and changed details may come as 422 and 409, or by a redirect.
PAGE = frozenset({200, 409, 422})


def scene(template: str, *statuses: int) -> Callable[[Play], Play]:
    """Hang a scene into the gallery under the name of its function."""

    def hang(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        SCENES.append(Scene(name, f"page/{template}.html", frozenset(statuses) or PAGE, play))
        return play

    return hang


@contextlib.contextmanager
def stage(studio: Studio, make: Maker, clock: Clock, door: Door) -> Iterator[Stage]:
    """A stage for one scene; whatever the scene holds is let go of at the end."""
    with contextlib.ExitStack() as exits:
        yield Stage(studio, make, clock, door, exits)


# ── review ────────────────────────────────────────────────────────────────────────────────────────


@scene("review")
def review(on: Stage) -> str:
    """The first page of a link."""
    return on.link(on.wedding())


@scene("review")
def review_only(on: Stage) -> str:
    """A session that asks for nothing else, in a studio that has told nothing but its address."""
    return on.link(on.make.session(price="0"))


@scene("review")
def review_again(on: Stage) -> str:
    """Looked back at from a later step."""
    return on.past("review", on.wedding()) + "/review"


@scene("review")
def review_changed(on: Stage) -> str:
    """The studio changed the details after the client had agreed to them."""
    session = on.wedding()
    link = on.past("review", session)
    on.raise_price(session, "1450")
    return link


@scene("review")
def review_changed_meanwhile(on: Stage) -> Post:
    """The studio changed the details while the client was reading them."""
    session = on.wedding()
    link = on.link(session)
    on.raise_price(session, "1450")
    return Post(f"{link}/review", {"revision": "1"})


@scene("review")
def questionnaire_changed_meanwhile(on: Stage) -> Post:
    """The studio changed the details while the client was answering: the answers wait on the page."""
    session = on.wedding()
    link = on.past("review", session)
    on.raise_price(session, "1450")
    return Post(f"{link}/questionnaire", {"revision": "1", **ANSWERS})


@scene("review")
def hostile(on: Stage) -> str:
    """Words that would break a page, and one that is longer than a phone is wide."""
    client = on.make.client("<img src=x onerror=alert(1)>")
    words = "<script>alert(1)</script> \u202egnp.exe 🎉 \"'&"
    return on.link(on.make.session(one_off=words, client=str(client.id), location=LONG_WORD))


@scene("review")
def right_to_left(on: Stage) -> str:
    """Names that are written from right to left, on an English page."""
    on.setting("studio.name", "סטודיו אנה")
    client = on.make.client("רות כהן")
    return on.link(on.make.session(one_off="צילום", client=str(client.id), location="תל אביב"))


# ── questionnaire ─────────────────────────────────────────────────────────────────────────────────


@scene("questionnaire")
def questionnaire(on: Stage) -> str:
    """Every kind of question, nothing answered."""
    return on.past("review", on.wedding())


@scene("questionnaire")
def questionnaire_mistakes(on: Stage) -> Post:
    """Everything left out that is needed."""
    return Post(on.past("review", on.wedding()) + "/questionnaire", {"revision": "1", "notes": "A shy dog"})


@scene("questionnaire")
def questionnaire_filled(on: Stage) -> str:
    """Looked back at, with the answers that were given."""
    return on.past("questionnaire", on.wedding()) + "/questionnaire"


@scene("questionnaire")
def questionnaire_hostile(on: Stage) -> Post:
    """Answers that would break a page, and one that is too long to be kept."""
    words = "</textarea><script>alert(1)</script> \"'>&lt; \u202egnp.exe"
    fields = {"people": words, "season": words, "photos": words, "notes": LONG_WORD * 10}
    return Post(on.past("review", on.wedding()) + "/questionnaire", {"revision": "1", **fields})


# ── contract ──────────────────────────────────────────────────────────────────────────────────────


@scene("contract")
def contract(on: Stage) -> str:
    """To be read and signed."""
    return on.past("questionnaire", on.wedding())


@scene("contract")
def contract_mistakes(on: Stage) -> Post:
    """Neither a name nor a tick."""
    session = on.wedding()
    link = on.past("questionnaire", session)
    agreement = sessions.get(on.studio, session.id).contract
    assert agreement
    return Post(f"{link}/contract", {"revision": "1", "document": agreement.sha256, "name": ""})


@scene("contract")
def contract_signed(on: Stage) -> str:
    """Looked back at, with the signature under it."""
    return on.past("contract", on.wedding()) + "/contract"


@scene("review")
def contract_changed_meanwhile(on: Stage) -> Post:
    """The studio changed the details while the client was signing."""
    session = on.wedding()
    link = on.past("questionnaire", session)
    on.raise_price(session, "1450")
    return Post(f"{link}/contract", {"revision": "1", "name": "Rui Costa", "agreed": "yes"})


# ── payment ───────────────────────────────────────────────────────────────────────────────────────


@scene("payment")
def payment_test(on: Stage) -> str:
    """The pretended payment of a studio for trying things out."""
    return on.past("contract", on.wedding())


@scene("payment")
def payment_offline(on: Stage) -> str:
    """How the studio wants to be paid."""
    on.setting("payment.provider", "offline")
    on.setting("payment.instructions", INSTRUCTIONS)
    return on.past("contract", on.wedding())


@scene("payment")
def payment_without_instructions(on: Stage) -> str:
    """A studio that has not said how it wants to be paid, and asks for the whole price."""
    on.setting("payment.provider", "offline")
    return on.past("review", on.make.session())


@scene("payment")
def payment_announced(on: Stage) -> str:
    """The client has said that the money is on its way."""
    on.setting("payment.provider", "offline")
    on.setting("payment.instructions", INSTRUCTIONS)
    return on.past("payment", on.wedding())


@scene("payment")
def payment_with_tips(on: Stage) -> str:
    """A deposit of a sum with a discount and tax, and a tip if the client likes."""
    return on.past("contract", on.wedding(**COSTS))


@scene("payment")
def payment_tip_mistake(on: Stage) -> Post:
    """A tip that is no amount."""
    link = on.past("contract", on.wedding(**COSTS))
    return Post(f"{link}/payment", {"revision": "1", "tip": "other", "tip_amount": "a lot"})


@scene("review")
def review_sums(on: Stage) -> str:
    """Discount, tax and a balance that is due by a day."""
    return on.link(on.wedding(**COSTS))


@scene("payment")
def payment_online(on: Stage) -> str:
    """To be paid at Stripe, with a key that moves no money."""
    on.stripe()
    return on.past("contract", on.wedding())


@scene("checkout")
def checkout(on: Stage) -> str:
    """On the way to Stripe."""
    on.stripe()
    link = on.past("contract", on.wedding())
    assert on.visitor.post(f"{link}/checkout", {"revision": "1"}).status == 303
    return f"{link}/checkout"


@scene("unpaid")
def unpaid(on: Stage) -> str:
    """Back from Stripe without having paid."""
    on.stripe()
    link = on.past("contract", on.wedding())
    on.visitor.post(f"{link}/checkout", {"revision": "1"})
    return f"{link}/paid"


@scene("error", 503)
def checkout_impossible(on: Stage) -> Post:
    """Stripe cannot be reached."""
    on.stripe()
    link = on.past("contract", on.wedding())
    on.stripe_is_down()
    return Post(f"{link}/checkout", {"revision": "1"})


@scene("unpaid", 503)
def unpaid_or_not(on: Stage) -> str:
    """Back from Stripe, which cannot be asked."""
    back = unpaid(on)
    on.stripe_is_down()
    return back


# ── how it ended ──────────────────────────────────────────────────────────────────────────────────


@scene("confirmed")
def confirmed(on: Stage) -> str:
    """The client has done everything; a part of the price is still to pay."""
    return on.past("payment", on.wedding())


@scene("confirmed")
def confirmed_paid(on: Stage) -> str:
    """Everything is paid as well."""
    session = on.wedding()
    link = on.past("payment", session)
    payments.record(on.studio, str(session.id), "1000")
    return link


@scene("confirmed")
def confirmed_by_the_studio(on: Stage) -> str:
    """The owner has confirmed it; nothing is asked for any more."""
    session = on.wedding()
    link = on.link(session)
    sessions.confirm(on.studio, str(session.id))
    return link


@scene("summary")
def summary(on: Stage) -> str:
    """Everything on one page, to print or keep."""
    return on.past("payment", on.wedding()) + "/summary"


@scene("confirmed")
def confirmed_with_sums(on: Stage) -> str:
    """Discount, tax, a tip, a receipt, and a balance that is due by a day."""
    link = on.past("contract", on.wedding(**COSTS))
    on.visitor.post(f"{link}/payment", {"revision": "1", "tip": "10"})
    return link


@scene("receipt")
def receipt(on: Stage) -> str:
    """The receipt of the deposit."""
    link = on.past("contract", on.wedding(**COSTS))
    on.visitor.post(f"{link}/payment", {"revision": "1", "tip": "10"})
    return f"{link}/receipt/1"


@scene("confirmed")
def in_german(on: Stage) -> str:
    """In the client's language, with a logo."""
    on.logo()
    on.setting("brand.color", "#7a3e9d")
    return on.past("payment", on.wedding(language="de"))


@scene("waiting")
def waiting(on: Stage) -> str:
    """Everything is there, and only the studio has still to say yes."""
    session = on.make.session(price="0")
    link = on.link(session)
    waived = "INSERT INTO step (session_id, position, step, waived_at) VALUES (?, 0, 'review', ?)"
    change(on.studio.file.path, (waived, (session.id, "2026-11-20T15:00:00Z")))
    return link


@scene("ended")
def expired(on: Stage) -> str:
    """The time to confirm has run out."""
    link = on.link(on.wedding())
    on.clock.forward(hours=24 * 3)
    return link


@scene("ended")
def canceled(on: Stage) -> str:
    """The session will not take place."""
    session = on.wedding()
    link = on.link(session)
    sessions.cancel(on.studio, str(session.id))
    return link


@scene("ended")
def declined(on: Stage) -> str:
    """The studio has said no."""
    session = on.wedding()
    link = on.link(session)
    on.turned(session, "declined")
    return link


# ── requests ──────────────────────────────────────────────────────────────────────────────────────


@scene("asked")
def asked(on: Stage) -> str:
    """A request that holds its time; a questionnaire and a contract come after the yes."""
    return on.link(on.request())


@scene("asked")
def asked_free(on: Stage) -> str:
    """A request that does not hold its time, after which there is nothing more to do."""
    return on.link(on.request(request="free", price="0", deposit=None, form=None, contract=None))


@scene("asked")
def asked_wishes(on: Stage) -> str:
    """A request with three times that would suit, and words."""
    session = on.request(request="wishes")
    wish = Wish(
        tuple(session.starts_at.add(hours=hours) for hours in (0, 24, 28)),
        "Not before ten, please:\nBenedita has school.",
    )
    change(on.studio.file.path, ("UPDATE session SET wish = ? WHERE id = ?", (wish.stored(), session.id)))
    return on.link(session)


@scene("asked")
def proposed(on: Stage) -> str:
    """Another time, and one more, to choose from."""
    session = on.request()
    link = on.link(session)
    requests.propose(on.studio, str(session.id), ["2026-12-07 10:00", "2026-12-08 14:00"])
    return link


@scene("asked")
def proposed_and_gone(on: Stage) -> Post:
    """Somebody else was faster."""
    session = on.request(request="free")
    link = on.link(session)
    requests.propose(on.studio, str(session.id), ["2026-12-07 10:00", "2026-12-08 14:00"])
    on.make.session("2026-12-07 10:00")
    return Post(f"{link}/proposal", {"revision": "2", "at": "2026-12-07T15:00:00Z"})


@scene("asked")
def asked_again(on: Stage) -> Post:
    """Another time was asked for."""
    link = on.link(on.request())
    return Post(f"{link}/move", {"revision": "1", "at": "2026-12-08T15:00:00Z"})


@scene("move")
def move_request(on: Stage) -> str:
    """Asking for another time."""
    return on.link(on.request()) + "/move"


@scene("cancel")
def withdraw(on: Stage) -> str:
    """Withdrawing a request is asked about once."""
    return on.link(on.request()) + "/cancel"


@scene("ended")
def withdrawn(on: Stage) -> Post:
    """The request is withdrawn."""
    return Post(on.link(on.request()) + "/cancel", {"revision": "1", "seen": "0-0-0"})


@scene("ended")
def unanswered(on: Stage) -> str:
    """Nobody has answered the request before its time had come."""
    link = on.link(on.request())
    on.clock.forward(hours=24 * 15)
    return link


@scene("questionnaire")
def accepted(on: Stage) -> str:
    """The owner has said yes; the client goes on with what is left, and need not review what they asked for."""
    session = on.request()
    link = on.link(session)
    requests.accept(on.studio, str(session.id))
    return link


# ── changes of mind ───────────────────────────────────────────────────────────────────────────────

CHANGES: dict[str, Any] = {"refunds": "100% until 14d, 50% until 7d", "expires": None}


@scene("review")
def review_with_terms(on: Stage) -> str:
    """Until when it can be moved and canceled, and what goes back, before it is booked."""
    return on.link(on.changeable())


@scene("confirmed")
def confirmed_changeable(on: Stage) -> str:
    """A confirmed session that its client can move and cancel."""
    return on.past("payment", on.changeable())


@scene("move")
def move(on: Stage) -> str:
    """Another time for a confirmed session."""
    return on.past("payment", on.changeable()) + "/move"


@scene("move")
def move_taken(on: Stage) -> Post:
    """Somebody else was faster: the nearest times are offered."""
    link = on.past("payment", on.changeable())
    on.make.session("2026-12-07 10:00")
    return Post(f"{link}/move", {"revision": "1", "at": "2026-12-07T15:00:00Z"})


@scene("move")
def move_changed(on: Stage) -> Post:
    """The owner moved it while the client was choosing."""
    session = on.changeable()
    link = on.past("payment", session)
    session_changes.reschedule(on.studio, str(session.id), "2026-12-09 10:00")
    return Post(f"{link}/move", {"revision": "1", "at": "2026-12-07T15:00:00Z"})


@scene("confirmed")
def moved(on: Stage) -> Post:
    """It is moved, and stays confirmed."""
    link = on.past("payment", on.changeable())
    return Post(f"{link}/move", {"revision": "1", "at": "2026-12-07T15:00:00Z"})


@scene("cannot")
def move_too_late(on: Stage) -> str:
    """The deadline has passed."""
    link = on.past("payment", on.changeable())
    on.clock.forward(hours=24 * 13)
    return f"{link}/move"


@scene("cannot")
def cancel_too_late(on: Stage) -> str:
    """The deadline has passed, in a studio with a telephone."""
    link = on.past("payment", on.changeable())
    on.clock.forward(hours=24 * 13)
    return f"{link}/cancel"


@scene("cancel")
def cancel(on: Stage) -> str:
    """What happens with the money is said before anything is done."""
    return on.past("payment", on.changeable()) + "/cancel"


@scene("cancel")
def cancel_half(on: Stage) -> str:
    """A part of it goes back."""
    link = on.past("payment", on.changeable())
    on.clock.forward(hours=24 * 3)
    return f"{link}/cancel"


@scene("ended")
def canceled_by_client(on: Stage) -> Post:
    """The client has canceled; what they were told about the money stands there still."""
    link = on.past("payment", on.changeable())
    on.clock.forward(hours=24 * 3)
    return Post(f"{link}/cancel", {"revision": "1", "seen": "25000-12500-0"})


# ── no page of a link ─────────────────────────────────────────────────────────────────────────────


@scene("ended")
def expired_on_the_site(on: Stage) -> str:
    """A time that was picked on the site and not kept: another one is a tap away."""
    offer = on.offered()
    answer = on.send(on.booking(f"/book/{offer.slug}", FREE))
    on.clock.forward(hours=1)
    return str(answer.header("location"))


# ── the booking site ──────────────────────────────────────────────────────────────────────────────

OFFER = "An hour and a half in the park, with everybody who belongs to you.\n\nChildren set the pace."
FREE, ALSO_FREE, LATER = "2026-12-04T15:00:00Z", "2026-12-04T17:00:00Z", "2026-12-07T15:00:00Z"


@scene("site")
def site(on: Stage) -> str:
    """The studio, what it says of itself, and what can be booked."""
    on.logo()
    on.setting(
        "site.words", "I photograph families and the days between them.\n\nPick a time that suits you."
    )
    on.offered()
    on.make.offer("Consultation", duration="30m", price="0", deposit=None)
    on.make.offer("Wedding", TypedSite(approval=True), price="2400")
    return "/"


@scene("site")
def site_empty(on: Stage) -> str:
    """Nothing is offered."""
    return "/"


@scene("site")
def site_hostile(on: Stage) -> str:
    """Words that would break a page."""
    words = "<script>alert(1)</script> \u202egnp.exe \"'&"
    on.setting("site.words", words + LONG_WORD)
    on.make.offer(words, TypedSite(description=words), slug="x", location=LONG_WORD)
    return "/"


@scene("offer")
def offer(on: Stage) -> str:
    """A type with all that one can have, on the day of the first free time."""
    return f"/book/{on.offered().slug}"


@scene("offer")
def offer_elsewhere(on: Stage) -> str:
    """Read where it is another time, and another day: both clocks stand there."""
    return f"/book/{on.offered().slug}?month=2026-12&zone=Asia/Tokyo"


@scene("offer")
def offer_day_without_times(on: Stage) -> str:
    """A Saturday: the next free day is one tap away."""
    return f"/book/{on.offered().slug}?day=2026-11-28"


@scene("offer")
def offer_without_times(on: Stage) -> str:
    """Nothing is free as far as one can look, and what is offered is private."""
    availability.set_hours(on.studio, "mon-sun", ["off"])
    return f"/book/{on.offered(private=True).link_key}"


@scene("offer")
def offer_overnight(on: Stage) -> str:
    """What ends on the next day, on the day on which an hour is there twice."""
    availability.set_hours(on.studio, "mon-sun", ["00:00-24:00"])
    return f"/book/{on.offered(duration='11h').slug}?day=2027-11-07"


@scene("offer")
def offer_wishes(on: Stage) -> str:
    """The client names times that would suit; one is chosen."""
    offered = on.offered(TypedSite(approval=True, request="wishes"))
    return f"/book/{offered.slug}?at={FREE}"


@scene("offer")
def offer_another_wish(on: Stage) -> Post:
    """Another time is chosen by buttons, which carry what was typed."""
    offered = on.offered(TypedSite(approval=True, request="wishes"))
    return on.booking(f"/book/{offered.slug}", FREE, words="With two dogs.", more="2026-12-04")


@scene("details")
def details(on: Stage) -> str:
    """Who takes the time."""
    return f"/book/{on.offered().slug}/details?at={FREE}&zone=Europe/Lisbon"


@scene("details")
def details_wishes(on: Stage) -> str:
    """Who asks, for two times."""
    offered = on.offered(TypedSite(approval=True, request="wishes"))
    return f"/book/{offered.slug}/details?at={FREE},{ALSO_FREE}"


@scene("details")
def details_mistakes(on: Stage) -> Post:
    """Nothing that can be used, but not lost."""
    offered = on.offered(TypedSite(approval=True, request="wishes"))
    typed = {"name": "", "email": "rui@", "phone": "x", "words": "x" * 1001}
    return on.booking(f"/book/{offered.slug}", FREE, **typed)


@scene("details")
def details_taken(on: Stage) -> Post:
    """Somebody was faster: the nearest free times book with one tap."""
    on.make.session("2026-12-04 10:00")
    return on.booking(f"/book/{on.offered().slug}", FREE)


@scene("details")
def details_taken_before(on: Stage) -> str:
    """The address of a time that is gone."""
    on.make.session("2026-12-04 10:00")
    return f"/book/{on.offered().slug}/details?at={FREE}"


@scene("details")
def details_blocked(on: Stage) -> Post:
    """Somebody whom the owner does not want: there is no time."""
    blocks.add(on.studio, "rui@example.com")
    return on.booking(f"/book/{on.offered().slug}", FREE)


@scene("details")
def details_enough(on: Stage) -> Post:
    """Too much that was begun is not finished."""
    path = f"/book/{on.offered().slug}"
    for number in range(3):
        assert (
            on.send(
                on.booking(path, f"2026-12-0{number + 7}T15:00:00Z", email=f"{number}@example.com")
            ).status
            == 303
        )
    return on.booking(path, FREE)


@scene("details")
def details_of_a_script(on: Stage) -> Post:
    """A field that nobody sees is filled in: the form is there again, without a word."""
    return on.booking(f"/book/{on.offered().slug}", FREE, topic="x")


@scene("sent")
def sent(on: Stage) -> str:
    """The link is in the mail."""
    on.setting("mail.host", "127.0.0.1")
    offered = on.offered(TypedSite(verify_email=True))
    return str(on.send(on.booking(f"/book/{offered.slug}", FREE)).header("location"))


@scene("offer")
def offer_all_taken(on: Stage) -> str:
    """Everything is taken: who wants to can be told."""
    return f"/book/{on.full().slug}?month=2026-12"


@scene("offer")
def offer_one_day_taken(on: Stage) -> str:
    """One day is taken whole, others are not: there is something to wait for, said quietly."""
    on.setting("mail.host", "127.0.0.1")
    on.make.session("2026-12-04 09:00", duration="8h")
    return f"/book/{on.offered().slug}?day=2026-12-03"


@scene("offer")
def offer_free_after_all(on: Stage) -> str:
    """Somebody wanted to wait, and need not."""
    return f"/book/{on.offered().slug}?day=2026-12-04&note=free"


@scene("details")
def details_taken_to_wait(on: Stage) -> Post:
    """Somebody was faster, and that was the last: one tap, and one is told of the next."""
    return on.booking(f"/book/{on.full().slug}", "2026-12-12T15:00:00Z")


@scene("details")
def details_taken_before_to_wait(on: Stage) -> str:
    """The address of a time that is gone, on a day that is taken whole."""
    return f"/book/{on.full().slug}/details?at=2026-12-12T15:00:00Z"


@scene("wait")
def wait(on: Stage) -> str:
    """Who wants to be told, and of which days."""
    return f"/book/{on.full().slug}/waiting?day=2026-12-12"


@scene("wait")
def wait_for_one_day(on: Stage) -> str:
    """There is only one day to wait for: nothing to choose."""
    on.setting("mail.host", "127.0.0.1")
    on.make.session("2026-12-04 09:00", duration="8h")
    return f"/book/{on.offered().slug}/waiting?day=2026-12-04"


@scene("wait")
def wait_mistakes(on: Stage) -> Post:
    """Nothing that can be used, but not lost."""
    return on.waiting(f"/book/{on.full().slug}", name="", email="rui@")


@scene("wait")
def wait_of_a_script(on: Stage) -> Post:
    """A field that nobody sees is filled in: the form is there again, without a word."""
    return on.waiting(f"/book/{on.full().slug}", topic="x")


@scene("listed")
def listed(on: Stage) -> str:
    """On the list."""
    return str(on.send(on.waiting(f"/book/{on.full().slug}")).header("location"))


@scene("stop")
def stop(on: Stage) -> str:
    """The link in a mail that a time is free: one waits for more."""
    return on.off_the_list("2026-12-12", "2026-12-13")


@scene("stop")
def stopped(on: Stage) -> Post:
    """Off the list."""
    return Post(on.off_the_list("2026-12-12"))


@scene("review")
def picked(on: Stage) -> Post:
    """The link of a time that was just taken, read in another zone."""
    return on.booking(f"/book/{on.offered().slug}", FREE, zone="Europe/Lisbon")


@scene("error", 404)
def no_offer(on: Stage) -> str:
    """A type that is not on the site."""
    return f"/book/{on.make.type().slug}"


@scene("error", 404)
def no_link(on: Stage) -> str:
    """A link that works no more looks like one that never did."""
    session = on.wedding()
    link = on.link(session)
    shares.revoke(on.studio, str(session.id))
    return link


@scene("error", 400)
def error_400(on: Stage) -> Post:
    """More fields than any form has."""
    fields = {f"field{number}": "x" for number in range(501)}
    return Post(on.link(on.make.session()) + "/review", fields)


@scene("error", 403)
def error_403(on: Stage) -> Post:
    """A form on another website."""
    return Post(on.link(on.make.session()) + "/review", {"revision": "1"}, foreign=True)


@scene("error", 405)
def error_405(on: Stage) -> Post:
    """A form sent to where none is."""
    return Post(on.link(on.make.session()))


@scene("error", 413)
def error_413(on: Stage) -> Post:
    """More than any questionnaire needs."""
    return Post(on.link(on.make.session()) + "/review", {"revision": "1", "notes": "x" * LARGEST_BODY})


@scene("error", 429)
def error_429(on: Stage) -> Post:
    """More at once than any person."""
    link = on.link(on.make.session())
    on.exits.enter_context(mock.patch.object(limits.Buckets, "take", return_value=False))
    return Post(f"{link}/review", {"revision": "1"})


@scene("error", 500)
def error_500(on: Stage) -> str:
    """A failure of ours."""
    link = on.link(on.make.session())
    change(on.studio.file.path, ("DROP TABLE step", ()))
    return link


@scene("error", 503)
def error_503(on: Stage) -> Post:
    """Another program writes to the file."""
    link = on.link(on.make.session())
    on.held()
    return Post(f"{link}/review", {"revision": "1"})
