"""A gateway's events, and the messages of Voxta they stand for."""

import pytest

from relay.replies.replies import Replies
from relay.voxta.gateway_events import GatewayEvents
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.replies.test_replies import FROM_ANN
from tests.support import eventually


class Ears:
    """Keeps what is told, and puts replies together as the relay does."""

    def __init__(self) -> None:
        self.told: list[WireMessage] = []
        self.replies: list[str] = []
        self.following = Replies()

    def __call__(self, message: WireMessage) -> None:
        self.told.append(message)
        step = self.following.apply(message, "Vox")
        if step is not None and step.public is not None:
            self.replies.append(step.public.text)


@pytest.fixture
def ears() -> Ears:
    return Ears()


def sentence(text: str, message_id: str = "m") -> tuple[str, dict[str, object]]:
    return "sentence_ready", {"text": text, "character_id": "c", "message_id": message_id}


def dialogue(text: str, message_id: str = "m") -> tuple[str, dict[str, object]]:
    return "dialogue_received", {"text": text, "character_id": "c", "message_id": message_id, "source": "ai"}


def state(name: str) -> tuple[str, dict[str, object]]:
    return "ai_state_changed", {"new_state": name}


@pytest.mark.parametrize("end", [state("idle"), sentence("Next.", "n"), dialogue("One. Two.")])
async def test_a_reply_is_whole_when_the_gateway_shows_it(ears: Ears, end: tuple[str, dict[str, object]]) -> None:
    mirrored = GatewayEvents(ears)
    for event in (state("thinking"), sentence("One."), sentence("Two.")):
        mirrored.translate(*event)
    assert ears.replies == []

    mirrored.translate(*end)
    mirrored.forget()

    assert ears.replies == ["One. Two."]


async def test_a_reply_of_which_nothing_more_comes_is_whole_after_a_while(ears: Ears) -> None:
    mirrored = GatewayEvents(ears, quiet=0.01)
    mirrored.translate(*sentence("One."))

    await eventually(lambda: ears.replies == ["One."])


async def test_what_comes_after_all_is_a_reply_of_its_own(ears: Ears) -> None:
    mirrored = GatewayEvents(ears, quiet=0.01)
    mirrored.translate(*sentence("One."))
    await eventually(lambda: ears.replies == ["One."])

    mirrored.translate(*sentence("Two."))
    mirrored.translate(*dialogue("One. Two."))

    assert ears.replies == ["One.", "Two."]


async def test_dialogue_of_a_reply_that_is_whole_is_no_news(ears: Ears) -> None:
    mirrored = GatewayEvents(ears)
    for event in (sentence("One."), state("idle"), dialogue("One.")):
        mirrored.translate(*event)

    assert ears.replies == ["One."]
    assert len([m for m in ears.told if isinstance(m, server.ReplyEnd)]) == 1


async def test_a_reply_without_sentences_is_its_dialogue(ears: Ears) -> None:
    GatewayEvents(ears).translate(*dialogue("One."))

    assert ears.replies == ["One."]


async def test_what_was_asked_and_never_answered_is_not_answered_by_what_comes_later(ears: Ears) -> None:
    events = GatewayEvents(ears)
    for _ in range(2):
        ears.following.asked(FROM_ANN)
        events.translate(*state("thinking"))
        events.translate(*state("idle"))

    events.translate(*sentence("By the way."))
    events.forget()

    reply = ears.following.get("m")
    assert reply is not None
    assert reply.forward is None
