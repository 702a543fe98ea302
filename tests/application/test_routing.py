"""Who is told of which of Voxta's messages."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from relay.application.composition import Relay
from relay.application.events import Events
from relay.application.routing import ReplyRouter
from relay.application.statistics import Statistics
from relay.model import Forward, SendAs
from relay.replies.replies import Replies
from relay.replies.screening import Screening
from relay.speech.voice import Voice
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.end_to_end.stage import settings


def routing(voice: Voice, events: Events, *, is_known: bool = True) -> ReplyRouter:
    """`is_known`: it is the relay that tells Voxta what is said, and knows who says it."""
    return ReplyRouter(
        Replies(), voice, Mock(spec=Screening), events,
        name_of=lambda _: "Vox", record=lambda _: None, is_known=lambda: is_known,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("message", "is_news"),
    [
        (server.ReplyGenerating(message_id="r"), True),
        (server.ReplyCancelled(message_id="r"), True),
        (server.ContextUpdated(session_id="s"), True),
        (server.ChatFlow(state=server.WAITING), True),
        (server.MessageUpdate(message_id="m", text="Hi", role="User"), False),
    ],
    ids=lambda value: getattr(value, "type_name", str(value)),
)
def test_nobody_looks_who_speaks_because_of_a_line_in_the_chat(message: WireMessage, is_news: bool) -> None:
    told: list[bool] = []
    events, voice = Events(), Mock(spec=Voice)
    events.changed.subscribe(lambda: told.append(True))
    router = routing(voice, events)

    router.hear(message)

    assert told == [True] * is_news


@pytest.mark.parametrize("is_known", [True, False])
def test_while_voxta_recognises_what_is_said_the_voice_knows_that_it_cannot_answer_yet(is_known: bool) -> None:
    voice = Mock(spec=Voice)
    router = routing(voice, Events(), is_known=is_known)

    router.hear(server.SpeechRecognitionStart())
    router.hear(server.SpeechRecognitionEnd(text="Wait"))

    assert [call.kwargs for call in voice.recognising.call_args_list] == [
        {"is_under_way": True},
        {"is_under_way": False},
    ]
    assert voice.speaks.called is not is_known


@pytest.mark.parametrize("is_taken", [True, False])
def test_what_the_character_says_after_a_question_that_voxta_did_not_take_answers_nobody(
    tmp_path: Path, is_taken: bool
) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    answered: list[Forward | None] = []
    relay.events.replied.subscribe(lambda step: answered.append(step.reply.forward))
    question = Forward(
        id="f", keys=("twitch:1",), send_as=SendAs.USER, body="hello", origins=(), chat_id="c", after_index=0
    )
    relay.events.asking(question)
    if not is_taken:
        relay.events.unasked(question)

    relay.events.received(server.ReplyGenerating(message_id="r"))

    assert answered == [question if is_taken else None]
