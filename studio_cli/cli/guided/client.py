"""``studio client add``, asked: the name, and how to reach them."""

from __future__ import annotations

from collections.abc import Callable

import typer

from studio_cli.booking import client as clients
from studio_cli.cli.guided import same
from studio_cli.cli.params import desk_of
from studio_cli.cli.prompts import Known, Prompts, walk
from studio_cli.model.client import ClientDetails


def run(ctx: typer.Context, command: Callable[..., None]) -> None:
    """Ask for what is missing of a new client, then add them."""
    desk = desk_of(ctx)
    studio, given = desk.studio, same.typed(ctx)
    ClientDetails.checked("Somebody", given.get("email"), given.get("phone"), given.get("notes"))

    def email(known: Known) -> Known | None:
        def check(text: str) -> str | None:
            details = ClientDetails.checked(known["name"], text)
            return details.email if known.get("if_missing") else clients.check_new(studio, details).email

        if "email" in known:
            return None
        return {"email": prompts.text("Email", check, hint="where links go · just Enter: none")}

    with Prompts(desk) as prompts:
        steps = (
            lambda known: None if known.get("name") else {"name": name_of_new(prompts)},
            email,
            lambda known: None if "phone" in known else {"phone": phone_of_new(prompts)},
        )
        answers = walk(prompts, steps, given)
    same.run_completed(ctx, command, answers)


def name_of_new(prompts: Prompts, begun: str = "") -> str:
    """Ask for the name of a new client."""
    return prompts.text("Name", lambda text: ClientDetails.checked(text).name, begun=begun)


def phone_of_new(prompts: Prompts) -> str | None:
    """Ask for the phone number of a new client; None when there is none."""
    return prompts.text(
        "Phone",
        lambda text: ClientDetails.checked("Somebody", phone=text).phone,
        hint="like +1 416 555 0100 · just Enter: none",
    )
