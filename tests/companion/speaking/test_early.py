"""Answers that are begun before they are wanted: nobody may ever tell, but for the clock."""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.companion.brains.base import BrainError, ChatView
from relay.companion.brains.reasoning import Thought
from relay.companion.conversation.commands import parse
from relay.companion.conversation.conversation import Conversation
from relay.companion.scenario.files import Loaded
from relay.companion.scenario.model import Character, Scenario
from relay.companion.serving.server import CompanionServer
from relay.companion.speaking import early
from relay.companion.speaking.clips import Speech
from relay.companion.speaking.early import AHEAD, TRIES
from relay.companion.speaking.setup import Setup
from relay.companion.state.chat import Chat, Participant
from relay.config import CompanionSection
from relay.wire import server
from relay.wire.messages import WireMessage
from tests.companion.endpoints import wav
from tests.companion.raw import Brains, connected

TEXTS = ("Which dragon?", "Which dragon is it?", "Never mind.")


class Parrot(Brains):
    """Thinks, and says what it was told, in two sentences, a piece at a time."""

    def __init__(self) -> None:
        self.views: list[ChatView] = []
        self.pieces = 0
        self.fails = False
        self.last_word = "Well."

    async def reply(self, view: ChatView) -> AsyncGenerator[str, None]:
        self.views.append(view)
        for piece in (Thought("hm"), f"You said {view.lines[-1].text[:-1]}. ", *self.last_word.split(" ")):
            await asyncio.sleep(0)
            if self.fails:
                raise BrainError("out of order")
            self.pieces += 1
            yield piece


class CountingVoice:
    def __init__(self) -> None:
        self.spoken: list[str] = []

    async def speak(self, text: str) -> bytes:
        self.spoken.append(text)
        await asyncio.sleep(0)
        return wav(0.1)


class Player:
    """A listener that plays speech; keeps what it was told."""

    plays, records = True, False

    def __init__(self) -> None:
        self.told: list[WireMessage] = []

    def send(self, message: WireMessage) -> None:
        self.told.append(message)

    @property
    def story(self) -> list[str]:
        """What it was told, without ids, times and addresses."""
        return [f"{m.type_name}: {getattr(m, 'text', '')}" for m in self.told]


class Stage:
    """A conversation with one player that nobody has to connect to."""

    def __init__(self, *, begins_early: bool) -> None:
        self.brain, self.voice, self.player = Parrot(), CountingVoice(), Player()
        self.tasks: list[asyncio.Task[None]] = []
        self.speech = Speech(self.voice)
        setup = Setup(brain=self.brain, speech=self.speech, hears=False, pace=0.0, grace=1.0, begins_early=begins_early)
        chat = Chat(Participant("user", "Streamer"), [Participant("vox", "Vox", "main")], time.time)
        scene = Loaded(Scenario(name="Stage", characters=(Character(name="Vox"),)), {})
        self.conversation = Conversation(chat, scene, setup, self.spawn, lambda chat: None)
        self.conversation.audience.listeners.add(self.player)
        self.conversation.audience.inspectors.add(self.player)
        self.conversation.open(is_new=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    def expects(self, text: str) -> None:
        self.conversation.turns.anticipate(text)

    def says(self, text: str) -> None:
        self.conversation.execute(parse(text))

    @property
    def history(self) -> list[str]:
        return [message.text for message in self.conversation.chat.messages]

    async def settle(self) -> None:
        """Let everything happen that does not wait for somebody."""
        for _ in range(60):
            await asyncio.sleep(0)

    async def heard(self) -> None:
        """Let the answer come, and be heard to its end."""
        await self.settle()
        for message in list(self.player.told):
            if isinstance(message, server.ReplyEnd):
                self.conversation.replies.speech_completed(message.message_id)
        await self.settle()

    async def end(self) -> None:
        self.conversation.close()
        await asyncio.wait(self.tasks) if self.tasks else None


steps = st.lists(
    st.tuples(st.sampled_from(("stops", "goes on", "says", "waits", "is heard", "moves")), st.sampled_from(TEXTS)),
    max_size=14,
)


@settings(max_examples=25)
@given(steps)
def test_whoever_stops_and_goes_on_is_told_what_they_would_be_told_without(steps: Sequence[tuple[str, str]]) -> None:
    with_it, brain, shelf = asyncio.run(_played(steps, begins_early=True))
    without, usual, _ = asyncio.run(_played(steps, begins_early=False))

    assert with_it == without
    wanted = len(usual.views)
    assert len(brain.views) <= wanted + TRIES * (wanted + 1)
    assert shelf == set(), "no speech is kept of what nobody was told"


async def _played(steps: Sequence[tuple[str, str]], *, begins_early: bool) -> tuple[list[str], Parrot, set[str]]:
    """All that was told and is remembered; the brain; and the clips that were not told of."""
    stage = Stage(begins_early=begins_early)
    for number, (step, text) in enumerate(steps):
        match step:
            case "stops":
                stage.expects(text)
            case "goes on":
                stage.expects("")
            case "says":
                stage.says(text)
                await stage.heard()
            case "waits":
                for _ in range(number):
                    await asyncio.sleep(0)
            case "is heard":
                await stage.heard()
            case "moves":
                stage.says(f"/note the scene has changed {number}")
    await stage.heard()
    await stage.end()
    told = {getattr(m, "audio_url", "").rpartition("/")[2] for m in stage.player.told if m.type_name == "replyChunk"}
    return [*stage.player.story, *stage.history], stage.brain, set(stage.speech._kept) - told


@pytest.fixture
def stage() -> Stage:
    return Stage(begins_early=True)


async def test_an_answer_that_was_begun_is_the_one_that_is_given(stage: Stage) -> None:
    stage.expects(TEXTS[0])
    await stage.settle()
    assert stage.player.told == [] and stage.history == [], "nobody knows of it"
    assert stage.voice.spoken == ["You said Which dragon. "], "and its first sentence is ready to be heard"

    stage.says(TEXTS[0])
    await stage.settle()

    assert len(stage.brain.views) == 1
    assert stage.history == [TEXTS[0], "You said Which dragon. Well."]
    assert stage.voice.spoken == ["You said Which dragon. ", "Well."]


async def test_who_goes_on_and_says_something_else_gets_an_answer_to_that(stage: Stage) -> None:
    stage.expects(TEXTS[0])
    await stage.settle()
    stage.expects("")
    stage.says(TEXTS[1])
    await stage.settle()

    assert stage.history == [TEXTS[1], "You said Which dragon is it. Well."]


async def test_an_answer_is_not_given_to_what_the_character_knows_by_now(stage: Stage) -> None:
    stage.expects(TEXTS[0])
    await stage.settle()
    stage.says("/note There is a new dragon.")
    stage.says(TEXTS[0])
    await stage.settle()

    assert len(stage.brain.views) == 2
    assert [line.text for line in stage.brain.views[1].lines] == ["There is a new dragon.", TEXTS[0]]


async def test_what_failed_early_is_asked_again(stage: Stage) -> None:
    stage.brain.fails = True
    stage.expects(TEXTS[0])
    await stage.settle()
    stage.brain.fails = False
    stage.says(TEXTS[0])
    await stage.settle()

    assert stage.history == [TEXTS[0], "You said Which dragon. Well."]


async def test_speech_that_nobody_is_there_to_play_is_not_kept(stage: Stage) -> None:
    stage.expects(TEXTS[0])
    await stage.settle()
    stage.conversation.leave(stage.player)
    for text in TEXTS[:2]:
        stage.says(text)
        await stage.settle()

    assert stage.voice.spoken == ["You said Which dragon. "]
    assert stage.speech._kept == {}


async def test_only_so_much_is_begun_in_vain_and_only_so_much_read(stage: Stage) -> None:
    stage.brain.last_word = " ".join(["word"] * 3 * AHEAD)
    for number in range(10):
        stage.expects(f"Is it number {number}?")
        await stage.settle()
        for _ in range(2 * AHEAD):
            await asyncio.sleep(0)

    assert len(stage.brain.views) == TRIES
    assert stage.brain.pieces == TRIES * AHEAD


async def test_the_rest_of_an_answer_is_not_kept_waiting_for_ever(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "HOLD", 0.0)
    stage.brain.last_word = " ".join(["word"] * 3 * AHEAD)
    stage.expects(TEXTS[0])
    await asyncio.wait(stage.tasks)

    stage.says(TEXTS[0])
    await stage.settle()
    assert len(stage.brain.views) == 2


async def test_nothing_is_begun_where_nobody_wants_that() -> None:
    stage = Stage(begins_early=False)
    stage.expects(TEXTS[0])
    await stage.settle()

    assert stage.brain.views == []


async def test_what_is_begun_ends_with_the_chat(stage: Stage) -> None:
    stage.brain.last_word = " ".join(["word"] * 3 * AHEAD)
    stage.expects(TEXTS[0])
    await stage.settle()
    await stage.end()

    assert all(task.done() for task in stage.tasks)


async def test_a_client_says_what_is_likely_to_come() -> None:
    brain = Parrot()
    async with (
        CompanionServer(CompanionSection(port=0, begin_early=True), brain=brain) as companion,
        connected(companion.url) as raw,
    ):
        await raw.enter()
        await raw.in_chat("anticipate", text=TEXTS[0])
        assert len(brain.views) == 1
        await raw.say(TEXTS[0])
        await raw.expect("update", role="Assistant")
        answers = [answer["text"] for answer in raw.answers]

    assert (len(brain.views), answers) == (1, ["You said Which dragon. Well."])
