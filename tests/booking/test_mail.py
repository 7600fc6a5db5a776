"""The outbox at work: sent once, retried when it is known to have failed, and no link ever in the file."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from studio_cli.booking import journey, mail
from studio_cli.booking import session as sessions
from studio_cli.booking.share import Shared, revoke, share
from studio_cli.booking.studio import Studio, change_setting, open_studio
from studio_cli.errors import NotFound, OutsideFailed, Refused
from studio_cli.model.message import LINK, Envelope, Letter, MailFailed, MailUnknown, Step
from tests.conftest import Clock, Maker


@dataclass
class Postbox:
    """A mailer that keeps what it is given, or fails as it is told to."""

    trouble: Exception | None = None
    sent: list[tuple[Envelope, Letter]] = field(default_factory=list)
    tried: int = 0
    entered: threading.Event = field(default_factory=threading.Event)

    def send(self, envelope: Envelope, letter: Letter) -> None:
        """Take a mail, or raise the trouble there is."""
        self.tried += 1
        self.entered.set()
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((envelope, letter))

    def steps(self, envelope: Envelope, letter: Letter) -> Iterator[Step]:
        """Take a mail in one step."""
        yield Step("acceptance", self.trouble is None, "taken", 1)
        self.send(envelope, letter)

    def tokens(self) -> list[str]:
        """Return the tokens of the links in what was sent."""
        return [token for _, letter in self.sent for token in re.findall(r"/s/([\w-]+)", letter.text)]


@pytest.fixture
def shared(studio: Studio, make: Maker) -> Shared:
    """A session shared by mail, its message waiting."""
    make.session()
    return share(studio, "1", "email")


def number_of(shared: Shared) -> int:
    """Return the number of a share's message."""
    assert shared.message_id is not None
    return shared.message_id


def state(studio: Studio, number: int = 1) -> str:
    """Return a message's state."""
    return mail.get(studio, number).state


def raw_contents(studio: Studio) -> bytes:
    """Return every value in every table of the file, and the bytes of the file and what lies beside it."""
    outside = sqlite3.connect(studio.file.path)
    outside.text_factory = bytes
    tables = [
        row[0].decode() for row in outside.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    values = [
        value if isinstance(value, bytes) else str(value).encode()
        for table in tables
        for row in outside.execute(f'SELECT * FROM "{table}"')
        for value in row
    ]
    outside.close()
    path = studio.file.path
    return b"\n".join(values) + b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))


# ── sending ───────────────────────────────────────────────────────────────────────────────────────


def test_sent(studio: Studio, shared: Shared, clock: Clock) -> None:
    """A mail is sent to the client, from the studio, with the link that was made for it."""
    box = Postbox()
    message = mail.deliver(studio, box, number_of(shared), shared.link)
    assert (message.state, message.attempts, message.sent_at, message.last_error) == (
        "sent",
        1,
        clock.now,
        None,
    )
    envelope, letter = box.sent[0]
    assert envelope.to == ("Rui Costa", "client1@example.com")
    assert envelope.sender == envelope.reply_to == ("Ana Silva Photography", "ana@example.com")
    assert re.fullmatch(r"<[0-9a-f]{16}\.1@example\.com>", envelope.message_id)
    assert str(shared.link) in letter.text
    assert str(shared.link) in letter.html
    assert LINK not in letter.text + letter.html


def test_sender_may_be_another_address(studio: Studio, shared: Shared) -> None:
    """With a sender of its own, answers still go to the studio."""
    change_setting(studio, "mail.from", "post@mail.example.org")
    box = Postbox()
    mail.deliver(studio, box, number_of(shared))
    envelope = box.sent[0][0]
    assert envelope.sender == ("Ana Silva Photography", "post@mail.example.org")
    assert envelope.reply_to == ("Ana Silva Photography", "ana@example.com")
    assert envelope.message_id.endswith("@mail.example.org>")


def test_without_a_mail_server_it_waits(studio: Studio, shared: Shared) -> None:
    """While no mail server is set, the message waits and nothing was tried."""
    message = mail.deliver(studio, None, number_of(shared), shared.link)
    assert (message.state, message.attempts) == ("queued", 0)


def test_sent_is_sent_once(studio: Studio, shared: Shared) -> None:
    """Delivering again what was sent does nothing; sending it again on purpose is refused."""
    box = Postbox()
    mail.deliver(studio, box, number_of(shared))
    mail.deliver(studio, box, number_of(shared))
    assert list(mail.send_waiting(studio, box)) == []
    with pytest.raises(Refused):
        mail.send_again(studio, box, number_of(shared))
    assert len(box.sent) == 1


def test_two_at_once_send_once(studio: Studio, shared: Shared, clock: Clock) -> None:
    """Two that deliver the same message at the same moment send it once."""
    box, barrier = Postbox(), threading.Barrier(2)

    def send() -> None:
        mine = open_studio(studio.file.path, clock)
        barrier.wait(5)
        mail.deliver(mine, box, number_of(shared))
        list(mail.send_waiting(mine, box))
        mine.file.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(box.sent) == 1
    assert state(studio) == "sent"


def test_file_is_free_while_a_mail_is_being_sent(studio: Studio, shared: Shared, clock: Clock) -> None:
    """A slow mail server keeps nobody from writing to the studio."""

    class Slow(Postbox):
        def send(self, envelope: Envelope, letter: Letter) -> None:
            other = open_studio(studio.file.path, clock)
            other.file.connection.execute("PRAGMA busy_timeout = 50")
            change_setting(other, "studio.phone", "+1 416 555 0100")
            other.file.close()
            super().send(envelope, letter)

    assert mail.deliver(studio, Slow(), number_of(shared)).state == "sent"


# ── trouble ───────────────────────────────────────────────────────────────────────────────────────


def test_failed_is_retried(studio: Studio, shared: Shared) -> None:
    """A mail that is known not to have been sent is tried again, with a link that works, and keeps its identity."""
    broken, working = Postbox(MailFailed("smtp said no")), Postbox()
    message = mail.deliver(studio, broken, number_of(shared), shared.link)
    assert (message.state, message.attempts, message.last_error) == ("failed", 1, "smtp said no")
    assert [(sent.state, sent.attempts) for sent in mail.send_waiting(studio, working)] == [("sent", 2)]
    assert mail.get(studio, 1).last_error is None
    (token, *_) = working.tokens()
    assert journey.visit(studio, token).share_id == shared.share_id
    assert journey.visit(studio, str(shared.link).rpartition("/")[2]).share_id == shared.share_id


def test_failure_undoes_nothing(studio: Studio, shared: Shared) -> None:
    """A mail that fails leaves the session pending and its link alive."""
    mail.deliver(studio, Postbox(MailFailed("no")), number_of(shared), shared.link)
    assert sessions.get(studio, 1).status == "pending"
    assert journey.visit(studio, str(shared.link).rpartition("/")[2]).session.id == 1


def test_unknown_is_not_sent_again_by_itself(studio: Studio, shared: Shared) -> None:
    """A mail that may have been sent waits for the owner's word, and is then sent."""
    box = Postbox()
    message = mail.deliver(studio, Postbox(MailUnknown("gone")), number_of(shared), shared.link)
    assert (message.state, message.last_error) == ("unknown", "gone")
    assert list(mail.send_waiting(studio, box)) == []
    assert mail.deliver(studio, box, 1).state == "unknown"
    assert box.tried == 0
    assert mail.send_again(studio, box, 1).state == "sent"
    assert len(box.sent) == 1


def test_every_attempt_has_the_same_message_id(studio: Studio, shared: Shared) -> None:
    """A mail that arrives twice after all is seen to be one."""
    seen: list[str] = []

    class Doubtful(Postbox):
        def send(self, envelope: Envelope, letter: Letter) -> None:
            seen.append(envelope.message_id)
            raise MailUnknown("gone")

    mail.deliver(studio, Doubtful(), 1)
    mail.send_again(studio, Doubtful(), 1)
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_program_that_died_while_sending(studio: Studio, shared: Shared, clock: Clock) -> None:
    """A message left in the middle of being sent becomes unknown after a while, and is not sent twice."""

    class Death(BaseException):
        """The program ends."""

    class Dying(Postbox):
        def send(self, envelope: Envelope, letter: Letter) -> None:
            raise Death

    with pytest.raises(Death):
        mail.deliver(studio, Dying(), 1)
    box = Postbox()
    assert state(studio) == "sending"
    clock.forward(minutes=mail.CLAIM_MINUTES)
    assert list(mail.send_waiting(studio, box)) == []
    clock.forward(seconds=1)
    assert [message.state for message in mail.send_waiting(studio, box)] == ["unknown"]
    assert box.tried == 0


def test_one_failure_does_not_stop_the_others(studio: Studio, make: Maker, shared: Shared) -> None:
    """Of several waiting messages each is tried, whatever becomes of the ones before it."""
    share(studio, str(make.session("2026-12-04 14:00").id), "email")

    class Picky(Postbox):
        def send(self, envelope: Envelope, letter: Letter) -> None:
            self.trouble = MailFailed("no such box") if envelope.to[1] == "client1@example.com" else None
            super().send(envelope, letter)

    assert [message.state for message in mail.send_waiting(studio, Picky())] == ["failed", "sent"]


@pytest.mark.parametrize("end", ["canceled", "confirmed", "completed", "revoked", "expired"])
def test_pointless_mail_is_not_sent(studio: Studio, make: Maker, clock: Clock, end: str) -> None:
    """A mail that would ask for what is over is canceled instead of sent, also after it failed once."""
    session = make.session(expires="2h", price="0")
    shared = share(studio, str(session.id), "email")
    mail.deliver(studio, Postbox(MailFailed("no")), number_of(shared), shared.link)
    if end == "canceled":
        sessions.cancel(studio, str(session.id))
    elif end == "confirmed":
        sessions.confirm(studio, str(session.id))
    elif end == "completed":
        journey.review(studio, str(shared.link).rpartition("/")[2], 1)
    elif end == "revoked":
        revoke(studio, str(session.id))
    else:
        clock.forward(hours=2)
    box = Postbox()
    assert mail.deliver(studio, box, number_of(shared)).state == "canceled"
    assert box.tried == 0
    with pytest.raises(Refused):
        mail.send_again(studio, box, number_of(shared))


def test_no_such_message(studio: Studio) -> None:
    """A number that no message has is not found."""
    with pytest.raises(NotFound):
        mail.send_again(studio, Postbox(), 1)


# ── the link ──────────────────────────────────────────────────────────────────────────────────────


def test_no_link_is_ever_in_the_file(studio: Studio, make: Maker, shared: Shared) -> None:
    """Before and after sending, retrying and sharing directly, no token of any link is in the file; its digest is."""
    box = Postbox()
    tokens = [str(shared.link).rpartition("/")[2], make.link(sessions.get(studio, 1))]
    for token in tokens:
        assert token.encode() not in raw_contents(studio)
    mail.deliver(studio, Postbox(MailFailed(f"could not send {len(tokens)} mails")), 1, shared.link)
    mail.deliver(studio, box, 1)
    tokens += box.tokens()
    assert len(set(tokens)) == 3
    kept = raw_contents(studio)
    for token in tokens:
        assert token.encode() not in kept
        assert hashlib.sha256(token.encode()).digest() in kept
        assert journey.visit(studio, token).session.id == 1


# ── trying it out ─────────────────────────────────────────────────────────────────────────────────


def test_test_mail(studio: Studio) -> None:
    """A test mail goes to the address that is named, and is not kept."""
    box = Postbox()
    (step,) = mail.send_test(studio, box, "me@example.com")
    assert step.ok
    assert box.sent[0][0].to == ("", "me@example.com")
    with pytest.raises(NotFound):
        mail.get(studio, 1)


@pytest.mark.parametrize("trouble", [MailFailed("no"), MailUnknown("gone")])
def test_test_mail_fails_loudly(studio: Studio, trouble: Exception) -> None:
    """A test mail that fails is told with the server's words, after the step that failed."""
    steps = mail.send_test(studio, Postbox(trouble), "me@example.com")
    assert not next(steps).ok
    with pytest.raises(OutsideFailed, match=str(trouble)):
        next(steps)
