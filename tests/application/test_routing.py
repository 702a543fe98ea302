"""Who is told of which of Voxta's messages."""

import time
from pathlib import Path
from unittest.mock import Mock

import pytest

from relay.application.composition import Relay
from relay.application.events import Events
from relay.application.routing import ReplyRouter
from relay.application.statistics import Statistics
from relay.model import Forward, Outcome, Retraction, SendAs, Settlement
from relay.replies.replies import Replies
from relay.replies.screening import Screening
from relay.speech.floor import THOUGHT
from relay.speech.voice import Voice
from relay.text.aloud.emotes import Emotes
from relay.wire import server, services
from relay.wire.messages import WireMessage
from relay.wire.server import parse_server
from tests.contracts.samples import message, messages
from tests.end_to_end.stage import settings
from tests.speech.test_voice import QUESTION, speaking


def routing(voice: Voice, events: Events, *, is_known: bool = True, replies: Replies | None = None) -> ReplyRouter:
    """`is_known`: it is the relay that tells Voxta what is said, and knows who says it."""
    return ReplyRouter(
        replies or Replies(), voice, Mock(spec=Screening), events,
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


def thought(message_id: str = "r") -> WireMessage:
    return parse_server({"$type": "replyThink", "sessionId": "s", "messageId": message_id, "text": "Let me see."})


async def test_who_thinks_for_longer_than_it_may_be_silent_is_not_talked_over() -> None:
    async with speaking() as scene:
        router = routing(scene.voice, Events(), replies=scene.replies)
        router.hear(server.ReplyGenerating(message_id="r"))
        for _ in range(5):
            scene.passes(20)
            router.hear(thought())

        scene.passes(29)
        assert not scene.floor.is_free(scene.clock.now)
        scene.passes(2)
        assert scene.floor.is_free(scene.clock.now), "it fell silent"


async def test_who_never_comes_to_an_end_with_thinking_loses_the_floor_until_it_says_something() -> None:
    async with speaking() as scene:
        router = routing(scene.voice, Events(), replies=scene.replies)
        router.hear(server.ReplyGenerating(message_id="r"))
        for _ in range(round(THOUGHT / 20) + 2):
            scene.passes(20)
            router.hear(thought())
        assert scene.floor.is_free(scene.clock.now)

        router.hear(server.ReplyStart(message_id="r"))

        assert not scene.floor.is_free(scene.clock.now)


@pytest.mark.parametrize("message_id", ["unheard of", "over"])
async def test_the_thoughts_of_a_reply_that_is_over_or_never_began_take_no_floor_and_no_question(
    message_id: str,
) -> None:
    async with speaking() as scene:
        router = routing(scene.voice, Events(), replies=scene.replies)
        router.hear(server.ReplyGenerating(message_id="over"))
        router.hear(server.ReplyCancelled(message_id="over"))
        scene.replies.asked(QUESTION)

        router.hear(thought(message_id))
        assert scene.floor.is_free(scene.clock.now)
        router.hear(server.ReplyGenerating(message_id="r"))

        assert [reply.forward for reply in scene.replies if reply.id == "r"] == [QUESTION]


def asked(relay: Relay, send_as: SendAs = SendAs.USER) -> Forward:
    """A question that goes to Voxta."""
    question = Forward(
        id="f", keys=("twitch:1",), send_as=send_as, body="hello", origins=(), chat_id="c", after_index=0
    )
    relay.floor.asked(time.monotonic())
    relay.events.asking(question)
    return question


@pytest.mark.parametrize("is_taken", [True, False])
def test_what_the_character_says_after_a_question_that_voxta_did_not_take_answers_nobody(
    tmp_path: Path, is_taken: bool
) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    answered: list[Forward | None] = []
    relay.events.replied.subscribe(lambda step: answered.append(step.reply.forward))
    question = asked(relay)
    if not is_taken:
        relay.events.unasked(question)

    relay.events.received(server.ReplyGenerating(message_id="r"))

    assert answered == [question if is_taken else None]


def test_a_question_that_is_taken_back_before_its_answer_begins_is_given_up_as_one_that_a_moderator_stops(
    tmp_path: Path,
) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    given_up: list[Forward] = []
    relay.events.given_up.subscribe(given_up.append)
    question = asked(relay)

    for _ in range(2):
        relay.events.retracted(Retraction(platform="twitch", reason="deleted", id="1"))

    assert given_up == [question]


@pytest.mark.parametrize(
    ("send_as", "service", "is_over"),
    [
        (SendAs.STORY, services.MODEL, True),
        (SendAs.STORY, services.VOICE, False),
        (SendAs.USER, services.MODEL, False),
    ],
)
def test_a_story_that_could_not_be_written_is_given_up_and_keeps_nobody_waiting(
    tmp_path: Path, send_as: SendAs, service: str, is_over: bool
) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    given_up: list[Forward] = []
    relay.events.given_up.subscribe(given_up.append)
    prompt = asked(relay, send_as)

    relay.events.received(server.ChatSessionError(message="no model", service_name=service, retry=True))

    assert given_up == [prompt] * is_over
    assert relay.is_answering is not is_over


def test_what_the_store_drops_waits_no_more_for_its_turn(tmp_path: Path) -> None:
    relay = Relay(settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
    [each] = messages(1)
    relay.forwarder.waiting.admit([each], each.at)
    assert len(relay.forwarder.waiting) == 1

    relay.events.settled([Settlement(key=each.key, outcome=Outcome.DROPPED, reason="deleted", at=each.at)])
    assert len(relay.forwarder.waiting) == 0


def test_the_emotes_that_people_write_are_learnt_for_who_reads_aloud(tmp_path: Path) -> None:
    emotes = Emotes()
    relay = Relay(
        settings(tmp_path), lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics(), emotes=emotes
    )

    relay.events.arrived(message(emotes=("annHype",)))

    assert "annHype" in emotes
