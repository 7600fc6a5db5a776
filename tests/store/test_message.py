"""The outbox as it is kept: who may send what, and when."""

from __future__ import annotations

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.model.message import Letter, Message, State
from studio_cli.store import message as message_store
from studio_cli.store.message import Draft
from tests.conftest import Clock

LETTER = Letter("Hello", "text", "<p>html</p>")


def put(studio: Studio) -> int:
    """Put a mail into the outbox."""
    occasion = f"share {message_store.newest(studio.file) + 1}"
    with studio.file.atomic():
        number = message_store.insert(
            studio.file, Draft("share", occasion, ("Rui", "rui@example.com"), LETTER), studio.now()
        )
    assert number is not None
    return number


def state(studio: Studio, number: int) -> State:
    """Return a message's state."""
    message = message_store.get(studio.file, number)
    assert message is not None
    return message.state


def test_message_is_claimed_once(studio: Studio) -> None:
    """Of two that want to send a message, one gets it."""
    number = put(studio)
    with studio.file.atomic():
        assert message_store.claim(studio.file, number, studio.now())
        assert not message_store.claim(studio.file, number, studio.now())
    assert state(studio, number) == "sending"


def claimed(studio: Studio, number: int) -> Message:
    """Return a message as whoever sends it has it."""
    message = message_store.get(studio.file, number)
    assert message is not None
    return message


@pytest.mark.parametrize(("settled", "claimable"), [("sent", False), ("failed", True), ("unknown", False)])
def test_what_may_be_claimed_again(studio: Studio, settled: State, claimable: bool) -> None:
    """A mail that failed may be tried again; one that was sent, or may have been, not."""
    number = put(studio)
    with studio.file.atomic():
        message_store.claim(studio.file, number, studio.now())
        message_store.settle(studio.file, claimed(studio, number), settled, studio.now(), None)
        assert message_store.claim(studio.file, number, studio.now()) is claimable


def test_only_a_claimed_message_is_settled(studio: Studio) -> None:
    """A message that nobody is sending cannot become sent."""
    number = put(studio)
    with studio.file.atomic():
        message_store.settle(studio.file, claimed(studio, number), "sent", studio.now())
    assert state(studio, number) == "queued"


def test_release_is_for_unknown_ones(studio: Studio) -> None:
    """Only a message whose fate is unknown is released to be sent again."""
    number = put(studio)
    with studio.file.atomic():
        assert not message_store.release(studio.file, number)
        message_store.claim(studio.file, number, studio.now())
        message_store.settle(studio.file, claimed(studio, number), "unknown", studio.now(), "gone")
        assert message_store.release(studio.file, number)
    assert state(studio, number) == "queued"


def test_claims_are_given_up_after_their_time(studio: Studio, clock: Clock) -> None:
    """A message left in the middle of being sent becomes unknown, and only after its time."""
    number = put(studio)
    with studio.file.atomic():
        message_store.claim(studio.file, number, clock.now)
        assert message_store.give_up_claims(studio.file, clock.now) == []
        assert message_store.give_up_claims(studio.file, clock.now.add(seconds=1)) == [number]
    assert state(studio, number) == "unknown"


def test_listed_by_state(studio: Studio) -> None:
    """Messages are listed in the order in which they were written, by state when asked."""
    first, second = put(studio), put(studio)
    with studio.file.atomic():
        message_store.cancel(studio.file, first)
        message_store.cancel(studio.file, first)
    assert [message.id for message in message_store.listed(studio.file)] == [first, second]
    assert [message.id for message in message_store.listed(studio.file, ["queued", "failed"])] == [second]
    assert state(studio, first) == "canceled"


def test_only_the_present_sending_is_settled(studio: Studio) -> None:
    """A sending that was given up and taken over by another cannot say any more how it ended."""
    number = put(studio)
    with studio.file.atomic():
        message_store.claim(studio.file, number, studio.now())
        first = claimed(studio, number)
        assert message_store.give_up_claims(studio.file, studio.now().add(hours=1)) == [number]
        assert message_store.settle(studio.file, first, "sent", studio.now()), (
            "nobody has taken over: it was sent"
        )
    other = put(studio)
    with studio.file.atomic():
        message_store.claim(studio.file, other, studio.now())
        first = claimed(studio, other)
        message_store.give_up_claims(studio.file, studio.now().add(hours=1))
        message_store.release(studio.file, other)
        message_store.claim(studio.file, other, studio.now())
        assert not message_store.settle(studio.file, first, "failed", studio.now(), "late")
        assert message_store.settle(studio.file, claimed(studio, other), "sent", studio.now())
    assert state(studio, other) == "sent"
