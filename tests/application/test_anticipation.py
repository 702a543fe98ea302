"""The embedded companion begins to answer before it is certain that somebody is done talking."""

import asyncio
import time
from pathlib import Path

from relay.application.anticipation import Anticipation, anticipation_for
from relay.application.composition import Relay
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection, HearingSection
from relay.errors import VoxtaUnavailable
from relay.model import AudienceMessage, Author, Kind
from relay.platforms.simulated import QuietPlatform
from tests.end_to_end.stage import EchoBrain, relaying, settings
from tests.support import alongside, eventually

ANN = "voice:1"
QUESTION = "Which dragon is it that lives here?"


def spoken(text: str, number: int = 1) -> AudienceMessage:
    return AudienceMessage(
        platform="discord",
        id=f"voice-{number}",
        channel="lounge",
        kind=Kind.VOICE,
        author=Author(id="1", name="Ann"),
        text=text,
        at=time.time(),
    )


class Scene:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails = False
        self.guesses = Anticipation(HearingSection(), lambda message: f"Ann: {message.text}", self.tell)

    async def tell(self, text: str) -> None:
        self.told.append(text)
        if self.fails:
            raise VoxtaUnavailable("gone")


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_only_what_is_plainly_done_is_told_and_taken_back_when_they_go_on() -> None:
    scene = Scene()
    async with alongside(scene.guesses.run()):
        scene.guesses.may_be_done(ANN, spoken("and then I"))
        await settle()
        scene.guesses.may_be_done(ANN, spoken(QUESTION))
        await settle()
        scene.guesses.goes_on("voice:2")
        await settle()
        scene.guesses.goes_on(ANN)
        await settle()

    assert scene.told == [f"Ann: {QUESTION}", ""]


async def test_what_was_said_takes_no_guess_back_and_the_same_may_be_guessed_again() -> None:
    scene = Scene()
    async with alongside(scene.guesses.run()):
        for _ in range(2):
            scene.guesses.may_be_done(ANN, spoken(QUESTION))
            await settle()
            scene.guesses.is_done(ANN)
            scene.guesses.goes_on(ANN)
            await settle()

    assert scene.told == [f"Ann: {QUESTION}"] * 2


async def test_a_companion_that_is_away_ends_nothing() -> None:
    scene = Scene()
    scene.fails = True
    async with alongside(scene.guesses.run()):
        for number in range(2):
            scene.guesses.may_be_done(ANN, spoken(f"{QUESTION[:-1]}, number {number}?"))
            await settle()

    assert len(scene.told) == 2


async def test_what_is_guessed_is_to_the_letter_what_is_asked(tmp_path: Path) -> None:
    brain = EchoBrain()
    companion = CompanionSection(port=0, pace=0, begin_early=True)
    async with (
        CompanionServer(companion, brain=brain) as server,
        relaying(settings(tmp_path), server.url, lambda *_: [QuietPlatform("discord")]) as (relay, _),
    ):
        guess = relay.forwarder.worded(spoken(QUESTION))
        assert guess is not None
        await relay.session.anticipate(guess)  # type: ignore[attr-defined]
        await eventually(lambda: bool(brain.asked))
        await relay.receive(spoken(QUESTION))
        chat = relay.session.chat
        assert chat is not None
        await eventually(lambda: any(m.role == "Assistant" for m in chat.history or ()))

    assert brain.asked == [guess]


async def test_nothing_is_guessed_of_whom_the_companion_would_not_be_told(tmp_path: Path) -> None:
    async with (
        CompanionServer(CompanionSection(port=0, pace=0), brain=EchoBrain()) as server,
        relaying(settings(tmp_path), server.url, lambda *_: [QuietPlatform("discord")]) as (relay, _),
    ):
        waiting, as_it_is = relay.forwarder.waiting, relay.forwarder.waiting.switches
        guesses = {}
        for name, switches in {
            "as it is": as_it_is,
            "muted": as_it_is.with_(muted=frozenset({"ann"})),
            "a term": as_it_is.with_(blocked_terms=("dragon",)),
            "paused": as_it_is.with_(paused=True),
        }.items():
            waiting.apply(switches)
            guesses[name] = relay.forwarder.worded(spoken(QUESTION)) is not None
        waiting.apply(as_it_is)
        await relay.forwarder.waiting.judging._quiet.leave_out("discord:1")  # type: ignore[attr-defined]
        guesses["left out"] = relay.forwarder.worded(spoken(QUESTION)) is not None

    assert guesses == {"as it is": True, "muted": False, "a term": False, "paused": False, "left out": False}


def test_only_the_embedded_companion_is_told_and_only_on_demand(tmp_path: Path) -> None:
    for mode, through, early, is_told in (
        ("embedded", "openai", True, True),
        ("embedded", "openai", False, False),
        ("embedded", "voxta", True, False),
        ("server", "openai", True, False),
    ):
        config = load(
            relay={"data_dir": str(tmp_path)},
            voxta={"mode": mode},
            hearing={"through": through},
            companion={"begin_early": early},
        )
        relay = Relay(config, lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics())
        assert (anticipation_for(config, relay.session, relay.forwarder) is not None) == is_told
