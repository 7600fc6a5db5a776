"""Everything that a client can read, in one language: every page, mail and receipt, with all that can be on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from whenever import Instant

from studio_cli.booking import (
    availability,
    cancellation,
    journey,
    request,
    session_changes,
    site,
    site_limits,
    waiting_mail,
)
from studio_cli.booking import block as blocks
from studio_cli.booking import change_of_mind as minds
from studio_cli.booking import contract as contracts
from studio_cli.booking import form as forms
from studio_cli.booking import payment as payments
from studio_cli.booking import receipt as receipts
from studio_cli.booking import session as sessions
from studio_cli.booking import studio as studios
from studio_cli.booking import waiting as lists
from studio_cli.booking.availability import block
from studio_cli.booking.details import language_of
from studio_cli.booking.payment import WantedRefund
from studio_cli.booking.session_changes import Edits
from studio_cli.booking.studio import Studio
from studio_cli.model.session import Session
from studio_cli.model.settings import SITE_KEY, Settings
from studio_cli.model.site import TypedSite
from studio_cli.model.wish import Wish
from studio_cli.web import pages
from studio_cli.web.changes import NOTES
from studio_cli.web.pages import Dress, Place
from studio_cli.web.preview import questionnaire as preview
from tests.booking.asking import ask
from tests.conftest import ZONE, Clock, Maker
from tests.every_mail import EveryMail
from tests.web.visitor import Visitor

# What the owner and the client wrote is in no language, so that every word left over is ours.
FORM = """
title = "Żółć"
[[field]]
name = "a"
label = "Fa"
required = true
[[field]]
name = "b"
label = "Fb"
kind = "long"
most = 10
[[field]]
name = "c"
label = "Fc"
kind = "yes_no"
required = true
[[field]]
name = "d"
label = "Fd"
kind = "choice"
options = ["x1", "x2"]
show_if = { field = "c", equals = true }
[[field]]
name = "e"
label = "Fe"
kind = "choices"
options = ["x1", "x2", "x3"]
least = 2
most = 2
required = true
[[field]]
name = "f"
label = "Ff"
kind = "choices"
options = ["x1", "x2", "x3"]
least = 1
most = 2
[[field]]
name = "g"
label = "Fg"
kind = "choices"
options = ["x1", "x2"]
least = 2
[[field]]
name = "h"
label = "Fh"
kind = "choices"
options = ["x1", "x2"]
most = 1
[[field]]
name = "i"
label = "Fi"
kind = "choices"
options = ["x1", "x2"]
[[field]]
name = "j"
label = "Fj"
kind = "number"
min = 1.5
max = 12
[[field]]
name = "k"
label = "Fk"
kind = "number"
min = 2
[[field]]
name = "l"
label = "Fl"
kind = "number"
max = 2
[[field]]
name = "m"
label = "Fm"
kind = "date"
min = "2026-12-01"
max = "2026-12-31"
[[field]]
name = "n"
label = "Fn"
kind = "date"
min = "2026-12-01"
[[field]]
name = "o"
label = "Fo"
kind = "date"
max = "2026-12-01"
[[field]]
name = "p"
label = "Fp"
kind = "email"
[[field]]
name = "q"
label = "Fq"
kind = "phone"
"""
RIGHT = [
    ("a", "Łódź"), ("c", "yes"), ("d", "x1"), ("e", "x1"), ("e", "x2"), ("j", "2.5"), ("m", "2026-12-24"),
]  # fmt: skip
WRONG: list[list[tuple[str, str]]] = [
    [],
    [("a", "\x07"), ("b", "1234567890123"), ("c", "yes"), ("d", "x9"), ("e", "x1"), ("h", "x1"), ("h", "x2"),
     ("j", "x"), ("k", "1"), ("l", "3"), ("m", "2027-01-01"), ("n", "2026-11-30"), ("o", "2026-12-02"),
     ("p", "x"), ("q", "x")],
    [*RIGHT, ("j", "99"), ("k", "1,000"), ("m", "31.12.2026")],
]  # fmt: skip


FREE = "2026-12-02T15:00:00Z"
"""A Wednesday on which nothing else is."""


@dataclass
class EveryPage:
    """``read()`` goes to every page; ``texts`` is what was there, by a name for each."""

    studio: Studio
    make: Maker
    clock: Clock
    visitor: Visitor
    language: str
    texts: dict[str, str] = field(default_factory=dict)

    def read(self) -> dict[str, str]:
        """Return every page, mail and receipt, as HTML or text."""
        self._furnish()
        whole = self._whole_journey()
        self._short_journeys()
        self._paid_elsewhere()
        self._paid_online()
        self._requests()
        self._over()
        self._site()
        self._errors(whole)
        self._papers(whole)
        self._mails()
        return self.texts

    def _furnish(self) -> None:
        for name, value in (
            ("studio.name", "Żabka"),
            ("studio.phone", "+48 22 555 01 11"),
            ("studio.locale", self.language),
        ):
            studios.change_setting(self.studio, name, value)
        forms.add(self.studio, "f", FORM)
        forms.add(self.studio, "g", FORM.replace("Fa", "Fz"))
        contracts.add(self.studio, "k", "Ćma {{ client.name }}")

    def _session(self, **wanted: object) -> tuple[Session, str]:
        values = {"one_off": "Źrebię", "duration": "25h", "custom": True, "allow_overlap": True, **wanted}
        session = self.make.session(client=str(self.make.client("Łukasz").id), **values)
        return session, self.make.link(session)

    def _look(self, name: str, token: str, step: str = "") -> None:
        answer = self.visitor.get(f"/s/{token}{step}")
        assert answer.status == 200, (name, answer.status, answer.header("location"))
        self.texts[name] = answer.text

    def _do(self, token: str, step: str, revision: int, pairs: list[tuple[str, str]] | None = None) -> None:
        answer = self.visitor.post(f"/s/{token}/{step}", [("revision", str(revision)), *(pairs or [])])
        assert answer.status == 303, (step, answer.status)

    # ── journeys ─────────────────────────────────────────────────────────────────────────────────

    def _whole_journey(self) -> Session:
        session, token = self._session(
            form="f", contract="k", price="250", deposit="50", discount="10%", discount_reason="Ósmy",
            tax="TVA 5.5%", balance_due="2d before", tips=True, location="Świdnica", expires="3d",
        )  # fmt: skip
        number = str(session.id)
        self._look("review", token)
        edits = Edits(location="", price="300", form="g", refresh_documents=True, tax="TVA 20% included")
        session_changes.edit(self.studio, number, edits)
        self._look("changed while open", token, "/review?seen=1")
        self._do(token, "review", 2)
        self._look("questions", token)
        for index, wrong in enumerate(WRONG):
            self._do(token, "questionnaire", 2, wrong)
            self._look(f"questions, wrong {index}", token, "/questionnaire")
        session_changes.edit(self.studio, number, Edits(price="320"))
        self._look("changed after agreeing", token)
        self._do(token, "review", 3)
        self._do(token, "questionnaire", 3, RIGHT)
        self._contract(token)
        self._look("review again", token, "/review")
        self._look("questions again", token, "/questionnaire")
        self._look("contract again", token, "/contract")
        self._look("payment", token)
        for problem in journey.TIP_PROBLEMS:
            self._look(f"payment, wrong tip: {problem}", token, f"/payment?tip={problem}")
        self._do(token, "payment", 3, [("tip", "15")])
        self._look("confirmed", token)
        self._look("summary", token, "/summary")
        for index, method in enumerate(("cash", "transfer", "card", "check", "other")):
            payments.record(self.studio, number, "1", method=method)
            self._look(f"receipt, {method}", token, f"/receipt/{index + 2}")
        payments.refund(self.studio, WantedRefund(number, "0.50", method="cash"))
        self._look("receipt, given back", token, "/receipt/6")
        return sessions.get(self.studio, session.id)

    def _contract(self, token: str) -> None:
        agreement = journey.visit(self.studio, token).session.contract
        assert agreement is not None
        document = ("document", agreement.sha256)
        self._look("contract", token)
        self._do(token, "contract", 3, [document])
        self._look("contract, nothing typed", token, "/contract")
        self._do(token, "contract", 3, [document, ("name", "\x07")])
        self._look("contract, wrong name", token, "/contract")
        self._do(token, "contract", 3, [document, ("name", "Łukasz"), ("agreed", "yes")])

    def _short_journeys(self) -> None:
        for name, wanted in (("review", {}), ("questions", {"form": "f"}), ("contract", {"contract": "k"})):
            _, token = self._session(price="0", **wanted)
            self._look(f"only {name}, before", token)
            self._do(token, "review", 1)
            self._look(f"only {name}", token)

    def _paid_elsewhere(self) -> None:
        studios.change_setting(self.studio, "payment.provider", "offline")
        for name, expires in (("held", "2d"), ("not held", None)):
            _, token = self._session(expires=expires)
            self._do(token, "review", 1)
            self._look(f"payment elsewhere, {name}", token)
            self._do(token, "payment", 1)
            self._look(f"payment announced, {name}", token)
        studios.change_setting(self.studio, "studio.phone", "+48 22 555 01 12")

    def _paid_online(self) -> None:
        """What is on the way to a payment page elsewhere and back; whether that is there is not looked at here."""
        session, token = self._session(tips=True)
        self._do(token, "review", 1)
        settings = Settings({**self.studio.settings.values, "payment.provider": "stripe"})
        dress = Dress(settings, "", language_of(session, settings))
        visit = journey.visit(self.studio, token)
        place = Place(self.studio, visit, token, dress, paying="testing")
        self.texts["payment online"] = pages.step("payment", place)
        self.texts["on the way"] = pages.checkout(place, "https://pay.example/1")
        self.texts["back, not paid"] = pages.unpaid(place)
        self.texts["back, not known"] = pages.not_known_yet(place)
        for for_good in (True, False):
            self.texts[f"no way to pay, {for_good}"] = pages.no_way_to_pay(place, for_good=for_good)

    def _over(self) -> None:
        session, token = self._session()
        sessions.confirm(self.studio, str(session.id))
        self._look("confirmed by the studio", token)
        sessions.cancel(self.studio, str(session.id))
        self._look("canceled", token)
        session, token = self._session(expires="2h")
        visit, language = journey.visit(self.studio, token), language_of(session, self.studio.settings)
        steps = tuple(replace(step, required=False) for step in session.steps)
        there = replace(visit, session=replace(session, steps=steps))
        dress = Dress(self.studio.settings, "", language)
        self.texts["waiting"] = pages.current(Place(self.studio, there, token, dress))
        self.clock.forward(hours=3)
        self._look("expired", token)

    # ── requests and changes of mind ─────────────────────────────────────────────────────────────

    def _requests(self) -> None:
        block(self.studio, "2027-04-01", "2027-04-30")
        site = TypedSite(approval=True, move_until="2d", cancel_until="1d")
        self.make.type("Žlutý", site=site, price="100", deposit=None, refunds="100% until 9d, 50% until 7d")
        self.make.type("Kůň", site=TypedSite(approval=True, request="free"), price="0", deposit=None)
        self._answers("held", "zluty", 11)
        self._answers("free", "kun", 18)
        self._changes()

    def _answers(self, name: str, slug: str, day: int) -> None:
        def asked(at: str, wish: Wish | None = None) -> tuple[str, str]:
            client = str(self.make.client("Łukasz").id)
            made = ask(self.studio, self.make, at, wish, type=slug, client=client, allow_overlap=True)
            return str(made.id), self.make.link(made)

        wished = Wish((Instant.from_utc(2027, 1, day, 15), Instant.from_utc(2027, 1, day, 17)), "Ňu")
        number, token = asked(f"2027-01-{day} 10:00", wished if name == "free" else None)
        self._look(f"asked, {name}", token)
        for moment in (f"2027-01-{day} 10:00", f"2027-01-{day} 12:00"):
            self.make.session(moment, allow_overlap=True)
        self._look(f"asked and gone, {name}", token)
        self._look(f"asked for one and gone, {name}", asked(f"2027-01-{day} 10:00")[1])
        offered = [f"2027-01-{day + 1} 10:00", f"2027-01-{day + 1} 13:00"]
        for times in (offered[:1], offered):
            request.propose(self.studio, number, times)
            self._look(f"proposed {len(times)}, {name}", token)
        for word in NOTES:
            self._look(f"proposed, {word}, {name}", token, f"?note={word}")
        for moment in offered:
            self.make.session(moment, allow_overlap=True)
        self._look(f"proposed and gone, {name}", token)
        self._look(f"another time, {name}", token, "/move?taken=2027-01-12T15:00:00Z")
        self._look(f"withdraw, {name}", token, "/cancel")
        minds.cancel(self.studio, token, sessions.get(self.studio, int(number)).revision, "0-0-0")
        self._look(f"withdrawn, {name}", token)
        number, token = asked(f"2027-01-{day + 2} 10:00")
        request.accept(self.studio, number, at=f"2027-01-{day + 3} 10:00")
        self._look(f"accepted, {name}", token)

    def _changes(self) -> None:
        for back in ("all", "part", "none", "nothing paid"):
            session, token = self._changeable(paid=back != "nothing paid")
            before = self.clock.now
            days = {"part": 8, "none": 3}.get(back, 30)
            self.clock.now = session.starts_at.subtract(hours=24 * days)
            seen = minds.terms_seen(cancellation.settlement(self.studio, session))
            for page in (
                "",
                "/move",
                "/move?day=2027-03",
                "/move?day=2027-02-07",
                "/move?day=2027-04",
                "/cancel",
            ):
                self._look(f"{page or 'policy'}, {back}", token, page)
            minds.cancel(self.studio, token, session.revision, seen)
            self._look(f"canceled, {back}", token)
            self.clock.now = before
        self._cannot()

    def _changeable(self, *, paid: bool) -> tuple[Session, str]:
        client = str(self.make.client("Łukasz").id)
        session = self.make.session("2027-02-10 10:00", type="zluty", client=client, allow_overlap=True)
        token = self.make.link(session)
        journey.review(self.studio, token, 1)
        if paid:
            payments.record(self.studio, str(session.id), "100", method="cash", tell=False)
        return sessions.get(self.studio, session.id), token

    def _cannot(self) -> None:
        before = self.clock.now
        session, token = self._changeable(paid=False)
        edits = Edits(move_until="1d", cancel_until="0", refunds="10% until 1d")
        session_changes.edit(self.studio, str(session.id), edits)
        self._look("other terms", token, "/cancel?note=changed&seen=1")
        edits = Edits(move_until="1d", cancel_until="1d", refunds="none")
        session_changes.edit(self.studio, str(session.id), edits)
        self._look("same deadline, no terms", token)
        session, token = self._changeable(paid=True)
        self.clock.now = session.starts_at.subtract(hours=1)
        self._look("move, late", token, "/move")
        self._look("cancel, late", token, "/cancel")
        self.clock.now = before
        for count in range(5):
            at = f"2027-02-1{5 + count}T15:00:00Z"
            assert minds.move(self.studio, token, count + 1, at).what in {"done", "taken"}
        self._look("move, often", token, "/move")
        session_changes.edit(self.studio, str(session.id), Edits(move_until="0", cancel_until="none"))
        self._look("cancel, never", token, "/cancel?note=changed&seen=1")
        session_changes.edit(self.studio, str(session.id), Edits(move_until="none", refunds="none"))
        self._look("move, never", token, "/move?note=changed&seen=1")
        sessions.cancel(self.studio, str(session.id))
        self._look("move, over", token, "/move")
        session = ask(self.studio, self.make, "2027-03-09 10:00", type="kun")
        token = self.make.link(session)
        request.decline(self.studio, str(session.id))
        self._look("declined", token)
        self._look("cancel, over", token, "/cancel")
        session = ask(self.studio, self.make, "2027-03-10 10:00", type="kun")
        token = self.make.link(session)
        self.clock.now = session.starts_at
        self._look("unanswered", token)
        self.clock.now = before
        session = ask(self.studio, self.make, "2027-03-11 10:00", type="kun")
        token = self.make.link(session)
        last = request.propose(self.studio, str(session.id), ["2027-03-12 10:00"]).session.starts_at
        self.clock.now = last
        self._look("proposed, and passed", token)
        self.clock.now = before

    def _site(self) -> None:
        """The booking site: every kind of type, and all that can come of picking a time."""
        self._see("site, empty", "/")
        studios.change_setting(self.studio, "site.words", "Ćwierć")
        rules = TypedSite(description="Łąka", move_until="0", cancel_until="0")
        more = {"form": "f", "contract": "k", "tax": "TVA 5.5%", "discount": "10%", "discount_reason": "Ósmy"}
        self.make.offer("Ż", rules, slug="a", refunds="100% until 14d, 50%", location="Świdnica", **more)
        later = replace(rules, move_until="2d", cancel_until="2d", approval=True)
        self.make.offer("Ź", later, slug="b", price="0", deposit=None)
        self.make.offer("Ł", replace(later, request="wishes"), slug="c")
        self._see("site", "/")
        for key, query in (
            ("a", "zone=Asia/Tokyo&month=2026-12"),
            ("b", "day=2026-11-28"),
            ("c", f"at={FREE}"),
        ):
            self._see(f"offer {key}", f"/book/{key}?{query}")
            self._see(f"details {key}", f"/book/{key}/details?zone=Asia/Tokyo&at={FREE},2026-12-02T17:00:00Z")
        self._see("sent", "/book/a/sent")
        signed = site.signature(self.studio.settings[SITE_KEY], "sent rui@example.com")
        self._see("sent to", f"/book/a/sent?to=rui@example.com&by={signed}")
        self._take("c", "details, wrong", 422, name="", email="x", phone="x", words="x" * 1001)
        for number in range(3):
            self._take("a", "", 303, at=f"2026-12-0{number + 1}T15:00:00Z", email=f"{number}@example.com")
        self._take("a", "details, enough", 409)
        self._take("a", "details, taken", 409, at="2026-12-01T15:00:00Z")
        self._see("details, taken before", "/book/a/details?at=2026-12-01T15:00:00Z")
        self._take("c", "details, one wish gone", 409, at=f"2026-12-01T15:00:00Z,{FREE}")
        self.clock.forward(hours=1)
        self._many()
        blocks.add(self.studio, "rui@example.com")
        self._take("a", "details, nothing free", 409)
        studios.remove_setting(self.studio, "studio.phone")
        self._take("a", "details, nothing free, no phone", 409)
        studios.change_setting(self.studio, "studio.phone", "+48 22 555 01 11")
        availability.set_hours(self.studio, "mon-sun", ["off"])
        self._see("offer, nothing free", "/book/a")
        self._waiting()

    def _waiting(self) -> None:
        """Everything is taken: getting on the list, and off it."""
        studios.change_setting(self.studio, "mail.host", "127.0.0.1")
        self._see("offer, to wait", "/book/b?month=2026-12")
        self._take("b", "details, taken, to wait", 409, email="eva@example.com")
        self._see("wait", "/book/b/waiting?month=2026-12")
        self._see("listed", "/book/b/listed")
        client = self.make.client("Łukasz")
        links = []
        for day in ("2027-05-03", "2027-05-04", None):
            one, _ = lists.add(self.studio, "b", str(client.id), day, None)
            with self.studio.file.atomic():
                links.append(waiting_mail.new_link(self.studio, one.id).rpartition("/")[2])
        self._see("stop", f"/waiting/{links[0]}")
        lists.stop(self.studio, links[0], everything=True)
        self._see("stopped", f"/waiting/{links[0]}")
        availability.set_hours(self.studio, "mon-sun", ["09:00-17:00"])
        self._see("offer, free after all", "/book/b?note=free")
        self.make.session("2027-05-04 09:00", duration="8h", allow_overlap=True, one_off="Ń", price="1")
        self._see("offer, a day to wait for", "/book/b?month=2027-05")
        studios.remove_setting(self.studio, "mail.host")

    def _many(self) -> None:
        """Somebody takes a time, then the one next to it instead; and then as many free ones as there can be."""
        first = self._take("a", "", 303, at="2026-12-01T15:00:00Z")
        self._take("a", "details, instead", 409, at="2026-12-01T15:30:00Z")
        number = re.findall(r'name="instead" value="(\d+)"', self.texts["details, instead"])[0]
        self._take("a", "", 303, at="2026-12-01T15:30:00Z", instead=number)
        self._look("let go", first)
        self.clock.forward(hours=1)
        self.make.offer("Ń", slug="d", price="0", deposit=None)
        for day in range(7, 7 + site_limits.MOST_UNPAID):
            token = self._take(
                "d", "", 303, at=f"2026-12-{day:02}T15:00:00Z" if day < 12 else "2026-12-14T15:00:00Z"
            )
            self._do(token, "review", 1)
        self._take("d", "details, many", 409)

    def _see(self, name: str, path: str) -> None:
        answer = self.visitor.get(path, Accept_Language=self.language)
        assert answer.status == 200, (name, answer.status, answer.header("location"))
        self.texts[name] = answer.text

    def _take(self, key: str, text: str, status: int, at: str = FREE, **typed: str) -> str:
        stamp = site.stamp(self.studio.settings[SITE_KEY], self.clock.now.subtract(seconds=9))
        person = {"name": "Łukasz", "email": "rui@example.com", "stamp": stamp, "at": at, **typed}
        answer = self.visitor.post(f"/book/{key}/details", person, Accept_Language=self.language)
        assert answer.status == status, (text, answer.status)
        if text:
            self.texts[text] = answer.text
        return str(answer.header("location")).rpartition("/s/")[2]

    def _errors(self, session: Session) -> None:
        dress = Dress(self.studio.settings, "", language_of(session, self.studio.settings))
        self.texts["home"] = pages.home(dress)
        for status in pages.ERRORS:
            self.texts[f"error {status}"] = pages.error(status, dress, "/" if status == 503 else "")

    # ── mails and papers ─────────────────────────────────────────────────────────────────────────

    def _mails(self) -> None:
        mails = EveryMail(
            self.studio, self.make, self.clock, title="Źrebię", client="Łukasz", place="Świdnica",
            note="Ćwierć", instructions="Środa", wanted={"form": "f", "contract": "k"},
        )  # fmt: skip
        for mail in mails.write():
            self.texts[f"mail {mail}, text"] = mail.letter.text
            self.texts[f"mail {mail}, HTML"] = mail.letter.html  # the subject is its title

    def _papers(self, session: Session) -> None:
        for payment in receipts.of_session(self.studio, session.id)[:6:5]:
            self.texts[f"receipt {payment.receipt} as text"] = receipts.as_text(self.studio, payment)
            self.texts[f"receipt {payment.receipt} as paper"] = receipts.as_paper(self.studio, payment)
        signed = contracts.signed(self.studio, session)
        assert signed is not None
        self.texts["contract as paper"] = contracts.as_paper(self.studio, "Źrebię", *signed)
        self.texts["contract, not signed"] = contracts.as_paper(self.studio, "Źrebię", signed[0])
        form, today = forms.find(self.studio, "f"), self.studio.now().to_tz(ZONE).date()
        self.texts["preview"] = preview(form, self.studio.settings, today)
