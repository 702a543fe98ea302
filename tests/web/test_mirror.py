"""What Voxta and the floor do, as the events of a gateway."""

from typing import Any

import pytest

from relay.model import Forward, Origin, SendAs
from relay.replies.replies import Replies
from relay.web.gateway.mirror import Mirror
from relay.web.gateway.state import GatewayState, KeyState
from relay.web.gateway.subscribers import Subscribers
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.support import PATIENCE, alongside, turns


class Told(Subscribers):
    """Keeps what all clients are told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def tell(self, event: str, data: Any) -> None:
        self.events.append((event, data))


@pytest.mark.parametrize(("names", "author"), [(("Ann",), "Ann"), (("Ann", "Bob"), "Ann, Bob"), ((), None)])
def test_what_the_audience_said_is_told_with_who_said_it(names: tuple[str, ...], author: str | None) -> None:
    clients = Told()
    forward = Forward(
        id="f",
        keys=("twitch:1",),
        send_as=SendAs.USER,
        body='Ann (Twitch): "hello"',
        names=names,
        origins=(Origin(platform="twitch", channel="lobby"),),
        chat_id="c",
        after_index=-1,
    )

    Mirror(clients, GatewayState).told(forward)

    [(event, data)] = clients.events
    assert (event, data["source"], data["author"]) == ("dialogue_received", "twitch", author)


def test_what_keys_show_is_told_when_it_is_another() -> None:
    clients, states = Told(), iter([KeyState(), KeyState(held=1), KeyState(held=1), KeyState(held=1, paused=True)])
    mirror = Mirror(clients, lambda: GatewayState(relay=next(states)))

    for _ in range(4):
        mirror.look()

    assert [(event, data["held"], data["paused"]) for event, data in clients.events] == [
        ("relay_changed", 1, False),
        ("relay_changed", 1, True),
    ]


async def test_nobody_looks_what_is_the_case_while_nobody_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.web.gateway.mirror.LOOK_EVERY", PATIENCE)
    clients, looks = Subscribers(), 0

    def state() -> GatewayState:
        nonlocal looks
        looks += 1
        return GatewayState()

    async with alongside(Mirror(clients, state).keep_looking()):
        await turns()
        unseen = looks
        client = clients.add("game")
        await turns()
        seen = looks
        clients.remove(client)
        assert not clients.present.is_set()

    assert (unseen, seen) == (0, 1)


def chunk(text: str, start: int, **over: Any) -> server.ReplyChunk:
    return server.ReplyChunk(message_id="r1", sender_id="vox", text=text, start_index=start, **over)


def sentences(*messages: WireMessage) -> list[str]:
    """What clients read of a reply."""
    clients, replies = Told(), Replies()
    mirror = Mirror(clients, GatewayState)
    for message in messages:
        if (step := replies.apply(message)) is not None:
            mirror.replied(step)
    assert all((data["message_id"], data["character_id"]) == ("r1", "vox") for _, data in clients.events)
    return [data["text"] for event, data in clients.events if event == "sentence_ready"]


def test_each_sentence_is_told_when_it_is_whole_and_the_last_when_the_reply_ends() -> None:
    begun = [chunk("Hello Ann. How ", 0), chunk("are you? I am", 15)]

    assert sentences(*begun) == ["Hello Ann.", "How are you?"]
    assert sentences(*begun, server.ReplyEnd(message_id="r1")) == ["Hello Ann.", "How are you?", "I am"]


def test_the_rest_of_a_reply_that_was_cancelled_is_not_told() -> None:
    messages = [chunk("Hello Ann. How", 0), server.ReplyCancelled(message_id="r1"), server.ReplyEnd(message_id="r1")]

    assert sentences(*messages) == ["Hello Ann."]


def test_what_is_read_aloud_stands_in_the_chat_already() -> None:
    assert sentences(chunk("It is night. ", 0, is_narration=True), server.ReplyEnd(message_id="r1")) == []


def test_the_newest_message_of_a_character_is_that_of_which_something_came() -> None:
    replies, mirror = Replies(), Mirror(Told(), GatewayState)
    for message in (chunk("Hello.", 0), server.ReplyGenerating(message_id="r2")):
        step = replies.apply(message)
        assert step is not None
        mirror.replied(step)

    assert mirror.last_message_id == "r1"
