"""``studio type add``, asked: what it is, how long, what it costs, what clients fill in, who sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from studio_cli.booking import session_type as types
from studio_cli.booking.session_type import TypedOffer
from studio_cli.booking.studio import Studio
from studio_cli.cli.guided import same
from studio_cli.cli.params import desk_of
from studio_cli.cli.prompts import Choice, Known, Prompts, among, walk
from studio_cli.store import contract as contract_store
from studio_cli.store import form as form_store

SEEN = (
    Choice("nobody", "Only you set it up", "it is not on your booking site"),
    Choice("everybody", "On your booking site", "clients book it themselves"),
    Choice("link", "By its direct link", "only those with the link book it"),
)
NONE = Choice("none", "None")


def run(ctx: typer.Context, command: Callable[..., None]) -> None:
    """Ask for what is missing of a new session type, then add it."""
    desk = desk_of(ctx)
    given = same.typed(ctx)
    _try(desk.studio, given)
    with Prompts(desk) as prompts:
        asking = _NewType(desk.studio, prompts)
        answers = walk(prompts, asking.steps, given)
    same.run_completed(ctx, command, answers)


def _try(studio: Studio, known: Known) -> None:
    """Refuse what cannot be in a session type; what is missing of it does not matter yet."""
    usual = {"name": "A session", "duration": "1h", "price": "0"}
    names = ("name", "slug", "duration", "price", "deposit", "form", "contract", "location")
    said = {name: known[name] for name in names if known.get(name) is not None}
    with studio.file.rehearsal():
        types.insert(studio, TypedOffer(**{**usual, **said}))


class _NewType:
    """The questions of a new session type; each answer is tried with those before it."""

    def __init__(self, studio: Studio, prompts: Prompts) -> None:
        self.studio, self.prompts = studio, prompts
        self.currency = studio.settings.currency
        self.steps = (
            self.name, self.duration, self.price, self.deposit, self.form, self.contract, self.seen,
        )  # fmt: skip

    def _text(self, known: Known, name: str, question: str, *, hint: str, default: str = "") -> Known | None:
        if known.get(name) is not None:
            return None

        def check(text: str) -> str | None:
            value = text.strip()
            if not value and name == "deposit":
                return None
            _try(self.studio, {**known, name: value})
            return value

        return {name: self.prompts.text(question, check, hint=hint, default=default)}

    def name(self, known: Known) -> Known | None:
        """Ask what clients read."""
        return self._text(known, "name", "Name", hint="what clients read, like Family session")

    def duration(self, known: Known) -> Known | None:
        """Ask how long it lasts."""
        return self._text(known, "duration", "Duration", hint="like 90m, 1h30, 2h", default="1h")

    def price(self, known: Known) -> Known | None:
        """Ask what it costs."""
        return self._text(known, "price", f"Price in {self.currency}", hint="0 is free", default="0")

    def deposit(self, known: Known) -> Known | None:
        """Ask what of the price is due at booking."""
        if known.get("pay") or not any(mark in "123456789" for mark in known["price"]):
            return None
        return self._text(
            known, "deposit", "Due at booking", hint="like 50 or 20% · just Enter: the whole price"
        )

    def form(self, known: Known) -> Known | None:
        """Ask for the questionnaire, where there are any."""
        names = [form.name for form in form_store.listed(self.studio.file)]
        return self._document(known, "form", "Questionnaire", names)

    def contract(self, known: Known) -> Known | None:
        """Ask for the contract, where there are any."""
        names = [contract.name for contract in contract_store.listed(self.studio.file)]
        return self._document(known, "contract", "Contract", names)

    def _document(self, known: Known, name: str, question: str, names: Sequence[str]) -> Known | None:
        if not names or known.get(name) is not None:
            return None
        picked = self.prompts.choose(question, among([NONE, *(Choice(one, one) for one in names)]))
        return {name: picked if picked != NONE.value else None}

    def seen(self, known: Known) -> Known | None:
        """Ask who can book it."""
        if known.get("publish") is not None or known.get("private") is not None:
            return None
        who = self.prompts.choose("Who books it", among(SEEN))
        return {"publish": True if who != "nobody" else None, "private": True if who == "link" else None}
