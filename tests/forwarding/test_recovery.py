from collections import deque
from typing import Any

import pytest

from relay.forwarding.recovery import Fate, fate_of
from relay.model import Forward, MessageOptions, Origin, SendAs
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ChatMessage, Person


def forward(**over: Any) -> Forward:
    fields: dict[str, Any] = {
        "id": "f",
        "keys": ("twitch:1",),
        "send_as": SendAs.USER,
        "body": "Ann says hello",
        "origins": (Origin(platform="twitch", channel="lobby"),),
        "chat_id": "home",
        "after_index": 3,
    }
    return Forward.model_validate(fields | over)


def stands(index: int | None = 4, text: str = "Ann says hello", role: str = "User", id: str = "") -> ChatMessage:
    return ChatMessage(message_id=id or f"m{index}", text=text, role=role, index=index)


def chat(*history: ChatMessage, chat_id: str = "home") -> JoinedChat:
    return JoinedChat("session", chat_id, "Sam", [Person(id="v", name="Vox")], deque(history))


@pytest.mark.parametrize(
    ("message", "fate"),
    [
        (stands(4), Fate.TAKEN),
        (stands(4, text=" Ann says hello\n", role="user"), Fate.TAKEN),
        (stands(None), Fate.TAKEN),
        (stands(3), Fate.LOST),
        (stands(2), Fate.LOST),
        (stands(4, text="Ann says hello!"), Fate.LOST),
        (stands(4, role="Assistant"), Fate.LOST),
    ],
)
def test_only_a_newer_message_of_its_text_and_role_is_the_forward(message: ChatMessage, fate: Fate) -> None:
    assert fate_of(forward(), chat(message), set()) is fate


@pytest.mark.parametrize("index", [4, 0, None])
def test_what_stands_there_may_be_an_older_twin_where_nobody_knew_the_chat(index: int | None) -> None:
    sent = forward(after_index=None)

    assert fate_of(sent, chat(stands(index)), set()) is Fate.UNKNOWN
    assert fate_of(sent, chat(stands(index, text="Bob says hello")), set()) is Fate.LOST


def test_two_equal_texts_need_two_messages() -> None:
    claimed: set[str] = set()
    once = chat(stands(4))

    assert [fate_of(forward(id=id), once, claimed) for id in ("f", "g")] == [Fate.TAKEN, Fate.LOST]
    twice = chat(stands(4), stands(5))
    claimed.clear()
    assert [fate_of(forward(id=id), twice, claimed) for id in ("f", "g")] == [Fate.TAKEN, Fate.TAKEN]
    assert claimed == {"m4", "m5"}


@pytest.mark.parametrize(
    "sent", [forward(send_as=SendAs.STORY), forward(send_as=SendAs.MESSAGE, options=MessageOptions(role="Note"))]
)
def test_what_does_not_stand_in_the_chat_as_it_was_sent_is_unknown(sent: Forward) -> None:
    assert fate_of(sent, chat(stands(4)), set()) is Fate.UNKNOWN


def test_another_chat_and_one_without_history_tell_nothing() -> None:
    silent = chat()
    silent.history = None

    assert fate_of(forward(), silent, set()) is Fate.UNKNOWN
    assert fate_of(forward(), chat(stands(4), chat_id="elsewhere"), set()) is Fate.UNKNOWN
