from tests.conftest import Cli
from tests.smtp_server import MailServer


def test_share_by_mail(new_studio: Cli, mail_server: MailServer) -> None:
    cli = new_studio
    cli("config", "set", "mail.host", "127.0.0.1").ok()
    cli("config", "set", "mail.port", str(mail_server.port)).ok()
    cli("config", "set", "mail.tls", "none").ok()
    cli(
        "session",
        "new",
        "--one-off",
        "Portrait",
        "--duration",
        "1h",
        "--price",
        "100",
        "--add-client",
        'Rui, "Costa" <rui@example.com>',
        "--at",
        "2026-12-04 10:00",
    ).ok()
    r = cli("session", "share", "1", "--email", "--json").ok()
    assert r.json["message"]["state"] == "sent"
    assert r.json["link"] in mail_server.received[0].text
    print(mail_server.received[0].raw.decode())
