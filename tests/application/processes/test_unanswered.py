from collections import deque

import pytest

from relay.application.processes.unanswered import answers_to
from relay.model import Forward, Origin, SendAs
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ChatMessage

QUESTION = Forward(
    id="f",
    keys=("twitch:1",),
    send_as=SendAs.USER,
    body="hello",
    origins=(Origin(platform="twitch", channel="lobby"),),
    chat_id="chat",
    after_index=0,
)


def chat(*said: str, chat_id: str = "chat") -> JoinedChat:
    """Each as `role: text`."""
    parts = [line.partition(": ") for line in said]
    history = [
        ChatMessage(message_id=f"m{n}", role=role, text=text, index=n) for n, (role, _, text) in enumerate(parts)
    ]
    return JoinedChat("session", chat_id, "Sam", [], deque(history))


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        (["User: hello", "Assistant: before", "User: hello", "Assistant: hi"], ["hi"]),
        (["User: a", "User: hello", "Assistant: hi", "Note: x", "Assistant: there"], ["hi", "there"]),
        (["User: a", "User: hello", "Assistant: hi", "User: b", "Assistant: other"], ["hi"]),
        (["User: a", "User: hello", "Assistant:  ", "Event: b"], []),
        (["User: a", "User: hello"], []),
    ],
)
def test_answers_stand_between_a_question_and_what_is_said_next(said: list[str], answers: list[str]) -> None:
    assert [answer.text for answer in answers_to(QUESTION, chat(*said)) or ()] == answers


def test_a_question_that_never_arrived_has_no_answers() -> None:
    assert answers_to(QUESTION, chat("User: hello", "Assistant: hi")) is None
    assert answers_to(QUESTION, chat("User: a", "User: hello", "Assistant: hi", chat_id="another")) is None
