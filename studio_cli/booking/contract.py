"""Contracts: adding, checking, and the copy that a session keeps of one."""

from __future__ import annotations

from collections.abc import Mapping

from studio_cli.booking import details
from studio_cli.booking.studio import Studio
from studio_cli.errors import NotFound, Refused, WrongUsage
from studio_cli.language import choose
from studio_cli.model.contract import LONGEST, Contract, Document, Signature
from studio_cli.model.session import Session
from studio_cli.model.text import check_slug, clean, did_you_mean, nearest, shown
from studio_cli.model.times import rfc3339
from studio_cli.store import contract as contract_store
from studio_cli.store import event as event_store
from studio_cli.templates import Mistake

VARIABLES: dict[str, dict[str, str]] = {
    "studio": {
        "name": "Ana Silva Photography",
        "email": "ana@example.com",
        "phone": "+1 416 555 0111",
        "timezone": "America/Toronto",
        "instructions": "E-transfer to ana@example.com",
    },
    "client": {"name": "Rui Costa", "email": "rui@example.com"},
    "session": {
        "id": "12",
        "title": "Family session",
        "day": "Friday 4 December 2026",
        "time": "10:00 to 11:30",
        "starts_at": "Friday 4 December 2026, 10:00",
        "zone": "America/Toronto, UTC−05:00",
        "duration": "1 h 30 min",
        "location": "High Park",
        "price": "CA$250.00",
        "discount": "CA$25.00",
        "tax": "CA$29.25",
        "total": "CA$254.25",
        "due_now": "CA$50.00",
        "rest": "CA$204.25",
    },
}
"""What a contract can say of a session, with an example of each. What does not apply is empty."""


# ── the owner's texts ─────────────────────────────────────────────────────────────────────────────


def check(source: str) -> list[Mistake]:
    """Return what is wrong with a contract's text, by line."""
    from studio_cli.templates import check_words

    try:
        text = clean(source, "The contract", limit=LONGEST, multiline=True)
    except WrongUsage as problem:
        return [Mistake(1, problem.message)]
    above = source[: len(source) - len(source.lstrip())].count("\n")
    return [Mistake(one.line + above, one.message) for one in check_words(text, VARIABLES)]


def add(studio: Studio, name: str, source: str) -> Contract:
    """Add a contract from its Markdown."""
    check_slug(name)
    if name == "none":
        raise WrongUsage("A contract cannot be called none.", hint="--contract none means: no contract.")
    text = _checked(name, source)
    with studio.file.atomic():
        if contract_store.by_name(studio.file, name):
            raise Refused(
                f"There is a contract {name} already.",
                hint=f"Give it another name, or change that one: studio contract edit {name}",
                code="already_exists",
            )
        contract_store.insert(studio.file, name, text, studio.now())
        event_store.add(studio.file, "contract added", studio.now(), details={"name": name})
    return find(studio, name)


def edit(studio: Studio, name: str, source: str) -> tuple[Contract, bool]:
    """Replace a contract's text; return it, and whether anything changed. Sessions keep the copies they have."""
    text = _checked(name, source)
    with studio.file.atomic():
        before = find(studio, name)
        if before.source == text:
            return before, False
        contract_store.update(studio.file, name, text, studio.now())
        event_store.add(studio.file, "contract changed", studio.now(), details={"name": name})
    return find(studio, name), True


def find(studio: Studio, name: str) -> Contract:
    """Return the contract of that name."""
    found = contract_store.by_name(studio.file, name)
    if found:
        return found[1]
    near = nearest(name, [contract.name for contract in contract_store.listed(studio.file)])
    raise NotFound(
        f"There is no contract {shown(name)[:60]!r}.",
        hint=did_you_mean(near) or "Add it: studio contract add NAME --file CONTRACT.md",
        details={"nearest": near},
    )


def _checked(name: str, source: str) -> str:
    text = clean(source, "The contract", limit=LONGEST, multiline=True)
    mistakes = check(source)
    if mistakes:
        first, more = mistakes[0], len(mistakes) - 1
        others = f" And {more} more mistake{'s' if more > 1 else ''}." if more else ""
        raise WrongUsage(
            f"{name}, line {first.line}: {first.message}{others}",
            hint="studio contract check FILE lists every mistake; docs/contracts.md what a contract can say.",
            code="contract",
            details={"mistakes": [mistake.as_json() for mistake in mistakes]},
        )
    return text


# ── a session's own copy ──────────────────────────────────────────────────────────────────────────


def draft(studio: Studio, name: str | None) -> Document | None:
    """Return the copy that a session to be set up will have, not filled in yet; None for no contract."""
    if not name or name == "none":
        return None
    return Document(name, find(studio, name).source, "")


def filled_in(studio: Studio, session: Session, document: Document) -> Document:
    """Return a copy with everything filled in as the session is now.

    In the studio's language, in which the contract is written: a date in another one would look like a mistake.
    """
    from studio_cli.templates import fill_in

    language = choose((), studio.settings["studio.locale"])
    known = details.describe_for(studio, session, language)
    # What was agreed to be paid at booking, not what of it is missing today: a payment changes no contract.
    known["session"]["due_now"] = language.money(session.asked_now) if session.asked_now else ""
    data = {noun: {word: known[noun][word] for word in words} for noun, words in VARIABLES.items()}
    return Document(document.name, document.source, fill_in(document.source, data))


def freeze(studio: Studio, session: Session, document: Document | None) -> None:
    """Inside a write: give a session the contract that its client signs, filled in as it is now."""
    contract_store.freeze(
        studio.file, session.id, document and filled_in(studio, session, document), studio.now()
    )


def current(studio: Studio, session: Session) -> Document | None:
    """Return the contract that a session's client is to sign or has signed; None when it has none."""
    if session.contract is None:
        return None
    return contract_store.get(studio.file, session.id, session.contract.sha256)


def same_wording(studio: Studio, session: Session, seen: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Return whether two ``Session.details`` have one contract, of which only what is filled in may differ."""
    earlier, later = (contract_store.get(studio.file, session.id, one["document"]) for one in (seen, now))
    return earlier is not None and later is not None and earlier.source == later.source


def told_by_the_rest(studio: Studio, session: Session, seen: Mapping[str, str]) -> dict[str, str]:
    """Return details that a client saw, with the present contract where it is worded as the one they saw.

    What is filled into it (the time, say) is told as a change of its own: the contract is not another one. Where
    nothing else is different it stays told, because its text is.
    """
    now = session.details()
    changed = {name for name in now if seen.get(name) != now[name]}
    told = "document" in changed and len(changed) > 1 and bool(seen.get("document"))
    if told and same_wording(studio, session, seen, now):
        return {**seen, "document": now["document"]}
    return dict(seen)


def signed(studio: Studio, session: Session) -> tuple[Document, Signature | None] | None:
    """Return the contract of a session with its signature: the present text if that is signed, else the last that was.

    A confirmed session that was moved since is still the one whose contract was signed before.
    """
    present = current(studio, session)
    signatures = contract_store.signatures(studio.file, session.id)
    fitting = [one for one in signatures if present and one.sha256 == present.sha256]
    if present and (fitting or session.status == "pending" or not signatures):
        return present, fitting[-1] if fitting else None
    if not signatures:
        return None
    document = contract_store.get(studio.file, session.id, signatures[-1].sha256)
    assert document is not None
    return document, signatures[-1]


def sample(source: str) -> Document:
    """Return a contract filled in with the examples of ``VARIABLES``, to see how it reads."""
    from studio_cli.templates import fill_in

    return Document("sample", source, fill_in(source, VARIABLES))


def as_paper(studio: Studio, title: str, document: Document, signature: Signature | None = None) -> str:
    """Return a contract as an HTML file that stands alone, to print, send or keep."""
    from studio_cli.templates import render

    settings = studio.settings
    language = choose((), settings["studio.locale"])
    brand = settings.for_clients()
    proof = signature and {
        "name": signature.name,
        "at": language.short(signature.at, signature.timezone),
        "at_utc": rfc3339(signature.at, "UTC"),
        "zone": signature.timezone,
        "address": signature.address,
        "user_agent": signature.user_agent,
        "sha256": signature.sha256,
    }
    data = {
        "studio": brand,
        "css": render("page/studio.css", brand),
        "title": title,
        "text": as_html(document.text),
        "signature": proof,
    }
    return render("page/paper.html", data, language)


def _leads_out(address: str) -> bool:
    """Return whether a link in a contract may be followed: to a website, a mail or a call, and nowhere else."""
    return address.casefold().startswith(("https://", "http://", "mailto:", "tel:"))


def as_html(text: str) -> str:
    """Return a contract's Markdown as HTML: no raw HTML, no pictures, its headings below that of the page."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    reader.validateLink = _leads_out  # type: ignore[assignment]
    tokens = reader.parse(text)
    levels = sorted({token.tag for token in tokens if token.type == "heading_open"})
    ours = {tag: f"h{min(number, 6)}" for number, tag in enumerate(levels, 2)}
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = ours[token.tag]
        elif token.type in {"paragraph_open", "list_item_open", "td_open", "th_open"}:
            # As a class, because the pages allow no inline style.
            side = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            token.attrs = {"dir": "auto", "class": side} if side in {"center", "right"} else {"dir": "auto"}
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html
