import asyncio
import json
from collections import deque
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from relay.application.events import Events
from relay.application.unanswered import FRESH, KEPT, Questions, answers_to
from relay.model import Forward, Origin, ReplyText, Retraction, SendAs
from relay.replies.replies import Step
from relay.replies.reply import Reply
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ChatMessage
from tests.support import alongside, eventually

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


def test_a_question_that_was_taken_back_is_looked_up_no_more() -> None:
    events = Events()
    relay: Any = SimpleNamespace(events=events)
    questions = Questions(relay)
    for each in ("asked", "of the relay before"):
        forward = QUESTION.model_copy(update={"id": each, "expects_reply": True})
        (events.asking if each == "asked" else events.forwarded)(forward)
    assert set(questions._open) == {"asked"} and set(questions._left) == {"of the relay before"}

    events.retracted(Retraction(platform="twitch", reason="deleted", id="1"))

    assert not questions._open and not questions._left


def test_a_question_that_was_stopped_before_its_answer_began_is_looked_up_no_more() -> None:
    events = Events()
    relay: Any = SimpleNamespace(events=events)
    questions = Questions(relay)
    events.asking(QUESTION)

    events.given_up(QUESTION)

    assert not questions._open


def test_a_question_that_nobody_answers_is_looked_up_no_more_once_another_is_asked() -> None:
    events = Events()
    relay: Any = SimpleNamespace(events=events)
    questions = Questions(relay)
    for each in ("never answered", "being answered", "the newest"):
        forward = QUESTION.model_copy(update={"id": each, "expects_reply": True})
        events.asking(forward)
        if each == "being answered":
            reply = Reply("r", forward=forward)
            events.replied(Step(reply))

    assert set(questions._open) == {"being answered", "the newest"}


@pytest.mark.parametrize("is_answered", [True, False], ids=["answered", "being answered"])
@pytest.mark.parametrize(("away", "is_looked_up"), [(FRESH - 1, True), (FRESH + 1, False)])
def test_what_was_asked_before_voxta_was_away_for_long_is_answered_no_more(
    away: float, is_looked_up: bool, is_answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("relay.system.clock.now", lambda: now)
    relay: Any = MagicMock(events=Events())
    relay.dialogue.name_of.return_value = "Vox"
    Questions(relay)
    relay.events.asking(QUESTION.model_copy(update={"heard_at": (now,)}))
    relay.session.chat = None
    relay.events.chat_changed()
    now += away
    relay.session.chat = chat("User: a", "User: hello", *(["Assistant: hi"] if is_answered else []))
    relay.events.chat_changed()

    goes_on = relay.dialogue.screening.screen if is_answered else relay.dialogue.router.asked
    assert goes_on.called is is_looked_up, "points that it cost are given back by then"


def answered(events: Events, number: int) -> None:
    """A question was asked and is being answered, and nothing of that answer is ever released."""
    forward = QUESTION.model_copy(update={"id": f"f{number}", "keys": (f"twitch:{number}",), "expects_reply": True})
    events.asking(forward)
    events.replied(Step(Reply(f"r{number}", forward=forward)))


def test_answers_that_are_never_released_are_remembered_no_longer_than_their_questions() -> None:
    events = Events()
    relay: Any = SimpleNamespace(events=events)
    questions = Questions(relay)
    for number in range(2 * KEPT):
        answered(events, number)
    assert len(questions._answers) <= KEPT

    for number in range(2 * KEPT):
        events.retracted(Retraction(platform="twitch", reason="deleted", id=str(number)))

    assert not questions._answers


async def test_a_question_is_noted_at_once_and_let_go_once_its_answer_is_posted() -> None:
    notes: list[list[str]] = []
    is_posted = asyncio.Event()

    class Store:
        async def get_note(self, name: str) -> str | None:
            return None

        async def set_note(self, name: str, value: str) -> None:
            notes.append([forward["id"] for forward in json.loads(value)])

    def ask(number: str) -> None:
        events.asking(QUESTION.model_copy(update={"id": number, "expects_reply": True}))

    events = Events()
    poster = SimpleNamespace(drain=is_posted.wait)
    relay: Any = SimpleNamespace(events=events, inbox=Store(), poster=poster, session=SimpleNamespace(chat=None))
    async with alongside(Questions(relay).run()):
        ask("first")
        await eventually(lambda: notes[-1:] == [["first"]])
        events.replied(Step(Reply("r", forward=QUESTION.model_copy(update={"id": "first"}))))
        events.released(ReplyText(message_id="r", character="Vox", text="hi"))
        ask("second")
        await eventually(lambda: notes[-1:] == [["first", "second"]])

        is_posted.set()
        await eventually(lambda: notes[-1:] == [["second"]])
