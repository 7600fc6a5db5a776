"""Clients: what may be typed about one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant

from studio_cli.errors import WrongUsage
from studio_cli.model.client import Client, ClientDetails, check_email, parse_person

NOW = Instant.from_utc(2026, 11, 20, 15)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("rui@example.com", "rui@example.com"),
        (" rui@example.com ", "rui@example.com"),
        ("Rui@EXAMPLE.com", "Rui@example.com"),
        ("rui@studio.test", "rui@studio.test"),
        ("josé@exämple.com", "josé@exämple.com"),
        ("rui+photos@example.com", "rui+photos@example.com"),
    ],
)
def test_email(typed: str, kept: str) -> None:
    """An address is kept in its normal form; nobody asks whether it exists."""
    assert check_email(typed) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rui",
        "rui@",
        "@example.com",
        "rui@example",
        "a b@example.com",
        "rui@example.com\nBcc: x@y.z",
        "\udcff@x.com",
        "a" * 400 + "@x.com",
    ],
)
def test_email_refused(text: str) -> None:
    """What is not an address is refused in one line, with an example."""
    with pytest.raises(WrongUsage) as wrong:
        check_email(text)
    assert wrong.value.code == "email"
    assert "\n" not in wrong.value.message


def test_details_are_checked() -> None:
    """Every field is cleaned; one that is only white space is none."""
    details = ClientDetails.checked("  Zoe\u0308 ", " zoe@example.com ", "  ", " one\r\ntwo ")
    assert details == ClientDetails("Zoë", "zoe@example.com", None, "one\ntwo")
    assert ClientDetails.checked("Zoë", " ") == ClientDetails("Zoë")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "a" * 201])
def test_name_refused(name: str) -> None:
    """A client has a name, on one line, of at most 200 characters."""
    with pytest.raises(WrongUsage, match="client's name"):
        ClientDetails.checked(name)


@pytest.mark.parametrize("phone", ["12", "call me", "+", "1" * 41])
def test_phone_refused(phone: str) -> None:
    """A phone number has at least three digits and at most forty characters."""
    with pytest.raises(WrongUsage, match="phone number"):
        ClientDetails.checked("Rui", phone=phone)


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("Eva Lima <eva@example.com>", "Eva Lima", "eva@example.com"),
        ('"Lima, Eva" <eva@example.com>', "Lima, Eva", "eva@example.com"),
        ("Eva Lima", "Eva Lima", None),
        ("Eva <3 Lima <eva@example.com>", "Eva <3 Lima", "eva@example.com"),
        ("Eva <>", "Eva", None),
    ],
)
def test_person(text: str, name: str, email: str | None) -> None:
    """A person is a name, and an address in angle brackets if there is one."""
    assert parse_person(text) == ClientDetails(name, email)


@pytest.mark.parametrize(
    "text", ["", "eva@example.com", "<eva@example.com>", "Eva <eva>", '"" <eva@example.com>']
)
def test_person_refused(text: str) -> None:
    """An address alone is not a person: the name is what the owner will look for."""
    with pytest.raises(WrongUsage):
        parse_person(text)


def test_json_has_every_field() -> None:
    """A script finds every field of a client, empty ones as null, times in the studio's zone."""
    client = Client(3, "Rui", None, None, None, "pt-BR", NOW, None)
    assert client.as_json("America/Toronto") == {
        "id": 3,
        "name": "Rui",
        "email": None,
        "phone": None,
        "notes": None,
        "language": "pt-BR",
        "reminders": True,
        "created_at": "2026-11-20T10:00:00-05:00",
        "archived_at": None,
    }


def test_address_that_no_mail_reaches_safely() -> None:
    """An address with an encoded word in it is refused: sent as a header it would become something else."""
    with pytest.raises(WrongUsage):
        check_email("=?utf-8?q?a?=@example.com")


LOCALS = st.one_of(st.text("ab.-_+1A'é ", max_size=8), st.just("a" * 64), st.just("a" * 65))
HOSTS = st.one_of(
    st.sampled_from(
        [
            "example.com",
            "EXAMPLE.com",
            "bücher.example",
            "localhost",
            "a.test",
            "x.local",
            "-a.com",
            "a..b",
            "",
        ]
    ),
    st.just(".".join(["b" * 60] * 4)),
)


@given(local=LOCALS, host=HOSTS)
def test_a_common_address_is_what_the_library_makes_of_it(local: str, host: str) -> None:
    """What is not looked into letter by letter comes out as if it had been, or is refused as well."""
    from email_validator import EmailNotValidError, validate_email

    text = f"{local}@{host}"
    try:
        expected = validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        expected = None
    try:
        found = check_email(text)
    except WrongUsage:
        found = None
    assert found == expected
