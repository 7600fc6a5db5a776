"""Settings: which there are and what each may be."""

from __future__ import annotations

import pytest

from studio_cli.errors import NotFound, WrongUsage
from studio_cli.model.settings import (
    ADDRESS,
    DEFAULT_ADDRESS,
    KEYS,
    TEST_STUDIO,
    Settings,
    check_key,
    check_public_url,
    check_setting,
)


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("studio.name", "  Ana Silva ", "Ana Silva"),
        ("studio.email", "ana@EXAMPLE.com", "ana@example.com"),
        ("studio.timezone", "america/toronto", "America/Toronto"),
        ("studio.currency", "cad", "CAD"),
        ("studio.locale", "pt_BR", "pt-BR"),
        ("brand.color", "#2F6F62", "#2f6f62"),
        ("web.public_url", "https://book.example.com/", "https://book.example.com"),
        ("web.public_url", "https://example.com/ana/", "https://example.com/ana"),
        ("web.public_url", "http://[::1]:8000", "http://[::1]:8000"),
        ("web.trusted_proxy", " 127.0.0.1 ", "127.0.0.1"),
        ("web.trusted_proxy", "10.1.2.3/8,2001:DB8:0::1", "10.0.0.0/8, 2001:db8::1"),
        ("mail.host", "smtp.example.com", "smtp.example.com"),
        ("mail.port", "0587", "587"),
        ("mail.tls", "none", "none"),
        ("payment.provider", "offline", "offline"),
        ("payment.instructions", "IBAN …\nThank you", "IBAN …\nThank you"),
    ],
)
def test_setting(name: str, typed: str, kept: str) -> None:
    """Each setting is kept in its normal form."""
    assert check_setting(name, typed) == kept


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("studio.name", " "),
        ("studio.name", "a\nb"),
        ("studio.email", "ana"),
        ("studio.timezone", "Toronto time"),
        ("studio.currency", "dollars"),
        ("studio.locale", "English"),
        ("brand.color", "red"),
        ("brand.color", "#12345"),
        ("brand.color", "#123456;x"),
        ("web.trusted_proxy", ""),
        ("web.trusted_proxy", "proxy.example.com"),
        ("web.trusted_proxy", "127.0.0.1:8000"),
        ("web.trusted_proxy", "127.0.0.1,"),
        ("web.trusted_proxy", "127.0.0.1 10.0.0.1"),
        ("web.trusted_proxy", "*"),
        ("web.trusted_proxy", "0.0.0.0/0"),
        ("web.trusted_proxy", "127.0.0.1, ::/0"),
        ("mail.host", "smtp example"),
        ("mail.host", "smtp/x"),
        ("mail.port", "0"),
        ("mail.port", "65536"),
        ("mail.port", "５８７"),
        ("mail.port", "-1"),
        ("mail.tls", "ssl"),
        ("mail.tls", "NONE"),
        ("payment.provider", "cash"),
        ("payment.instructions", "x" * 2001),
    ],
)
def test_setting_refused(name: str, typed: str) -> None:
    """What a setting cannot be is refused as wrong usage."""
    with pytest.raises(WrongUsage):
        check_setting(name, typed)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "book.example.com",
        "ftp://example.com",
        "https://",
        "http://[",
        "http://[::1",
        "https://example.com:port",
        "https://example.com:99999",
        "https://user@example.com",
        "https://example.com/?a=1",
        "https://example.com/#a",
        "https://exa mple.com",
        "https://example.com/<b>",
        "https://exämple.com",
        'https://example.com/"',
    ],
)
def test_public_url_refused(url: str) -> None:
    """Only a plain web address can begin a link."""
    with pytest.raises(WrongUsage, match="not a web address"):
        check_public_url(url)


def test_unknown_setting_suggests() -> None:
    """A mistyped setting is answered with the one that was probably meant."""
    with pytest.raises(NotFound) as unknown:
        check_key("studio.timezon")
    assert "studio.timezone" in str(unknown.value.hint)


def test_secret_is_not_a_setting() -> None:
    """A password is never set as a setting: the studio's file would keep it."""
    with pytest.raises(WrongUsage) as wrong:
        check_setting("mail.password", "hunter2")
    assert "config secret mail.password" in str(wrong.value.hint)


def test_defaults() -> None:
    """A setting that nobody made has its default, or nothing."""
    settings = Settings({"studio.name": "Ana"})
    assert settings["studio.name"] == "Ana"
    assert settings["payment.provider"] == "offline"
    assert settings["mail.port"] == "587"
    assert settings.get("mail.host") is None
    with pytest.raises(KeyError):
        settings["mail.host"]


def test_every_default_is_possible() -> None:
    """Each default is a value that could have been typed."""
    for name, key in KEYS.items():
        if key.default is not None:
            assert check_setting(name, key.default) == key.default


def test_link_base() -> None:
    """Links begin with the public address, else where they were served last, else this machine."""
    served, public = {ADDRESS: "http://10.0.0.2:8000"}, {"web.public_url": "https://book.example.com"}
    assert Settings({}).link_base == DEFAULT_ADDRESS
    assert Settings(served).link_base == "http://10.0.0.2:8000"
    assert Settings(served | public).link_base == "https://book.example.com"


def test_only_a_test_studio_is_one() -> None:
    """Pretended payments are allowed only where the studio was made for them."""
    assert not Settings({}).is_test_studio
    assert not Settings({TEST_STUDIO: "no"}).is_test_studio
    assert Settings({TEST_STUDIO: "yes"}).is_test_studio


def test_clients_see_no_mail_settings() -> None:
    """Pages and mails know how to reach the studio, not how its mail is sent."""
    settings = Settings(
        {
            "studio.name": "Ana",
            "studio.email": "ana@example.com",
            "studio.timezone": "America/Toronto",
            "studio.phone": "+1 (416) 555-0100",
            "mail.host": "secret.example.com",
            "mail.user": "secret-user",
        }
    )
    told = settings.for_clients()
    assert told["tel"] == "+14165550100"
    assert told["phone"] == "+1 (416) 555-0100"
    assert "secret" not in str(told)
