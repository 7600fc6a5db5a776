"""``studio init``, asked: who you are, where, what you are paid in, what you offer and when."""

from __future__ import annotations

from collections.abc import Callable

import typer

from studio_cli.booking.studio import check_currency
from studio_cli.booking.trade import TRADES, check_trade
from studio_cli.cli.guided import same
from studio_cli.cli.params import desk_of
from studio_cli.cli.prompts import Choice, Known, Prompts, among, walk
from studio_cli.model.availability import parse_week
from studio_cli.model.places import currencies, usual_currency, zones
from studio_cli.model.settings import check_setting
from studio_cli.model.times import show_clock

DEFAULT_WEEK = "mon-fri 09:00-17:00"
WEEKS = (
    Choice(DEFAULT_WEEK, "Monday to Friday, 09:00 to 17:00"),
    Choice("tue-sat 10:00-18:00", "Tuesday to Saturday, 10:00 to 18:00"),
)
OTHER_HOURS = Choice("", "Other hours…", told="others")
NO_HOURS = Choice("off", "None yet", "set them later: studio availability set")
NO_SAMPLES = Choice("none", "None", "you add your own")


def run(ctx: typer.Context, command: Callable[..., None], this_zone: str | None) -> None:
    """Ask for what is missing of a new studio, then make it. ``this_zone`` is the machine's, if it is known."""
    desk = desk_of(ctx)
    given = same.typed(ctx)
    _refuse_wrong(given)
    with Prompts(desk) as prompts:
        asking = _NewStudio(ctx, prompts, this_zone)
        answers = walk(prompts, asking.steps, given)
    same.run_completed(ctx, command, answers)


def _refuse_wrong(given: Known) -> None:
    """Refuse what was typed wrong before anything is asked."""
    for name in ("name", "email", "timezone"):
        if name in given:
            check_setting(f"studio.{name}", given[name])
    for name, check in (("currency", check_currency), ("samples", check_trade), ("hours", parse_week)):
        if name in given:
            check(given[name])


class _NewStudio:
    """The questions of a new studio."""

    def __init__(self, ctx: typer.Context, prompts: Prompts, this_zone: str | None) -> None:
        self.desk, self.prompts, self.this_zone = desk_of(ctx), prompts, this_zone
        self.steps = (
            self.name, self.email, self.timezone, self.currency, self.samples, self.hours, self.other_hours,
        )  # fmt: skip

    def name(self, known: Known) -> Known | None:
        """Ask for the studio's name."""
        return self._setting(known, "name", "Your studio's name", "what clients read")

    def email(self, known: Known) -> Known | None:
        """Ask for the owner's address."""
        return self._setting(known, "email", "Your email", "where clients reach you")

    def _setting(self, known: Known, name: str, question: str, hint: str) -> Known | None:
        if name in known:
            return None
        return {
            name: self.prompts.text(question, lambda text: check_setting(f"studio.{name}", text), hint=hint)
        }

    def timezone(self, known: Known) -> Known | None:
        """Ask for the time zone; this machine's is the first."""
        if "timezone" in known:
            return None
        names = [one for one in zones() if one != self.this_zone]
        first = [self.this_zone] if self.this_zone else []
        return {
            "timezone": self.prompts.choose(
                "Time zone", among([self._zone(name) for name in [*first, *names]])
            )
        }

    def _zone(self, name: str) -> Choice[str]:
        if name != self.this_zone:
            return Choice(name, name)
        return Choice(name, name, f"this machine's: {show_clock(self.desk.clock(), name)}", told=name)

    def currency(self, known: Known) -> Known | None:
        """Ask for the currency; the one of the time zone's country is the first."""
        if "currency" in known:
            return None
        environ = self.desk.environ
        locale = environ.get("LC_ALL") or environ.get("LC_MONETARY") or environ.get("LANG") or ""
        usual = usual_currency(known["timezone"], locale)
        listed = sorted(currencies(), key=lambda one: one[0] != usual)
        code = self.prompts.choose("Currency", among([Choice(code, code, name) for code, name in listed]))
        return {"currency": check_currency(code)}

    def samples(self, known: Known) -> Known | None:
        """Ask whether to begin with the session types of a trade."""
        if "samples" in known:
            return None
        trades = [
            Choice(trade, trade.capitalize(), ", ".join(offer.name or "" for offer in offers), told=trade)
            for trade, offers in TRADES.items()
        ]
        return {
            "samples": self.prompts.choose("Sample session types", among(trades), lambda typed: [NO_SAMPLES])
        }

    def hours(self, known: Known) -> Known | None:
        """Ask for the weekly hours."""
        if "hours" in known:
            return None
        picked = self.prompts.choose("Hours you work", among(WEEKS), lambda typed: [OTHER_HOURS, NO_HOURS])
        return {"hours": picked} if picked else {"other_hours": True}

    def other_hours(self, known: Known) -> Known | None:
        """Ask for weekly hours in words."""
        if not known.get("other_hours"):
            return None

        def check(text: str) -> str:
            parse_week(text)
            return text.strip()

        hint = "like mon-fri 09:00-12:00 13:00-17:00; sat 10:00-14:00"
        return {"hours": self.prompts.text("Hours", check, hint=hint, default=DEFAULT_WEEK)}
