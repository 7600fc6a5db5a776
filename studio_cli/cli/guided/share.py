"""How a session is sent to its client: the last question of a new session, and ``studio session share``, asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from studio_cli.booking import session as sessions
from studio_cli.booking.studio import Studio
from studio_cli.cli.guided import same
from studio_cli.cli.guided.pick import session_question
from studio_cli.cli.params import desk_of
from studio_cli.cli.prompts import Choice, Known, Prompts, among, walk

LATER = Choice("none", "Later")


def ways(studio: Studio, email: str | None, who: str) -> Sequence[Choice[str]]:
    """Return the ways to give a client the link, by the words of ``--share``; a mail first where one can be sent."""
    mail = Choice("email", "Send an email", _of_mail(studio, email, who))
    others = [
        Choice("copy", "Copy the direct link", "to hand over yourself"),
        Choice("qr", "Show a QR code", "to scan from this screen"),
    ]
    can_mail = email and studio.settings.get("mail.host")
    return [mail, *others] if can_mail else [*others, mail]


def _of_mail(studio: Studio, email: str | None, who: str) -> str:
    if not studio.settings.get("mail.host"):
        return "it waits: no mail server is set; you get the link"
    return f"to {email}" if email else f"{who} has no address yet: you are asked for it"


def run(ctx: typer.Context, command: Callable[..., None]) -> None:
    """Ask which session is shared, and how."""
    desk = desk_of(ctx)
    studio, given = desk.studio, same.typed(ctx)
    if "session" in given:
        sessions.find(studio, given["session"])

    def session(known: Known) -> Known | None:
        return None if "session" in known else {"session": session_question(prompts, studio, ["pending"])}

    def way(known: Known) -> Known | None:
        if any(known.get(name) for name in ("email", "link", "qr", "copy")):
            return None
        client = sessions.find(studio, known["session"]).client
        offered = [
            one for one in ways(studio, client.email, client.name) if client.email or one.value != "email"
        ]
        return {prompts.choose("Send session", among(offered)): True}

    with Prompts(desk) as prompts:
        answers = walk(prompts, (session, way), given)
    same.run_completed(ctx, command, answers)
