"""Whether the companion is interrupted by people, and by nothing else: a conversation of three in a local Discord call.

Ann, the streamer, types loudly all the time; bob sits beside a fan and laughs; cleo hears the companion by a
loudspeaker, so that its voice comes back. Their microphones are never off. The whole relay and its companion take
part, with real packets, encrypted end to end; only what people say is known to the endpoint that makes text of it.
"""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

from relay.speech.floor import FloorDecision
from tests.benchmarks.recognised import KnowsUtterances
from tests.companion.endpoints import serving
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice import Heard
from tests.doubles.discord.voice_microphone import Loudspeaker, Microphone
from tests.doubles.discord.voice_person import VoicePerson
from tests.doubles.discord.voice_sound import Samples
from tests.end_to_end.call import SAGA, STORY, Call, calling
from tests.end_to_end.stage import heard
from tests.hearing.sounds import fan, laughter, raised, room, typing
from tests.support import eventually
from tests.voices import ANN, BOB, CLEO, said

Name = Literal["ann", "bob", "cleo"]
VOICES: Final[dict[Name, str]] = {"ann": ANN, "bob": BOB, "cleo": CLEO}
FAR_IN: Final = 50
"""Packets of an answer after which something happens in it: one second."""
ECHO: Final = -20.0
"""dB beside what is played."""
LATE: Final = 0.25
"""Seconds after which it comes back."""
LAUGHING: Final = 1.5
"""Seconds."""
LAST: Final = "All right."
"""What the companion says to what is no story and no saga."""
TIMEOUT: Final = 30.0
"""Seconds after which what was waited for is missing."""


Line = tuple[Name, str]


@dataclass(frozen=True)
class Scene:
    """Somebody asks, and is answered; bob laughs into the answer, or it is cut."""

    asks: Line
    answer: str
    """The one that is cut is followed by another, which is not."""
    cut_by: Line | None = None
    laughs: bool = False


SHORT: Final = (Scene(("ann", "Read the whole saga"), SAGA, cut_by=("bob", "Hold on I want to ask for the gold")),)
WHOLE: Final = (
    Scene(("ann", "Tell us the story of the dragon"), STORY, laughs=True),
    Scene(("cleo", "Now read the whole saga to all of us"), SAGA, cut_by=("bob", "Hold on I want to ask for the gold")),
    Scene(("cleo", "Then tell me another story about him"), STORY, laughs=True),
    Scene(("bob", "Is there any other saga that you know"), SAGA, cut_by=("cleo", "Wait a moment I am not with you")),
    Scene(("bob", "Please tell that story once again"), STORY, laughs=True),
    Scene(("ann", "Go on and read the saga of the knights"), SAGA, cut_by=("ann", "No please talk about the weather")),
)


@dataclass(frozen=True)
class ConversationFigures:
    seconds: float
    """How long it took."""
    answers: int
    """Those that nobody interrupts."""
    answers_heard_to_the_end: int
    short_pauses: int
    """For sounds that were none of speech, in answers that nobody cuts."""
    seconds_paused: float
    """By these, in all."""
    interruptions: int
    """True ones."""
    interruptions_found: int
    false_interruptions: int
    packets_after_confirmation_max: int
    """The companion's, after an interruption was certain: one frame at most."""
    packets_after_first_sound_max: int
    """The companion's, after the first packet of who interrupts reached the relay. It may go on while it is not certain
    that a sound is not its own echo."""
    utterances: int
    told_once_under_their_names: int
    told_besides: tuple[str, ...]
    """What was told that nobody said so, or again."""
    echo_seconds: float
    """Of the companion's own voice in what cleo sent, above -50 dBFS."""
    turns_without_words: int
    """Sounds that went to recognition although nobody spoke."""


@dataclass
class _Notes:
    scene: Scene
    heard_to_the_end: bool = False
    pauses: int = 0
    paused: float = 0.0
    interruptions: int = 0
    after_confirmation: int = 0
    after_first_sound: int = 0


class _Conversation:
    """The call, and what the floor decides in it."""

    def __init__(
        self, call: Call, microphones: dict[Name, Microphone], sounds: dict[str, Samples], echo: Loudspeaker
    ) -> None:
        self.echo = echo
        self._call = call
        self._microphones = microphones
        self._sounds = sounds
        self._decisions: list[tuple[float, FloorDecision]] = []
        self._understood: list[float] = []
        """When the words of each utterance came; answers are later."""

    def note(self) -> None:
        """Note what the floor decides, and when."""
        floor = self._call.relay.floor
        advance = floor.advance

        def noted(now: float) -> FloorDecision | None:
            if (decision := advance(now)) is not None:
                self._decisions.append((time.perf_counter(), decision))
            return decision

        self._call.relay.events.arrived.subscribe(lambda _: self._understood.append(time.perf_counter()))
        floor.advance = noted  # type: ignore[method-assign]

    async def play(self, scene: Scene) -> _Notes:
        """Have it asked, and wait until all is said."""
        notes, begun, decided = _Notes(scene), len(self._words), len(self._decisions)
        await self._say(*scene.asks)
        await _within(lambda: len(self._words) >= begun + FAR_IN)
        began = time.perf_counter()
        if scene.laughs:
            self._microphones["bob"].say(raised(laughter(LAUGHING)))
            heard_before = len(self._words)
            await _within(lambda: self._microphones["bob"].is_silent and len(self._words) >= heard_before + FAR_IN)
            began = time.perf_counter()
        if scene.cut_by is not None:
            await self._say(*scene.cut_by)
        await _within(self._is_over)
        since = self._decisions[decided:]
        notes.pauses = sum(decision is FloorDecision.PAUSE for _, decision in since)
        notes.paused = sum(
            then - at for (at, decision), (then, _) in pairwise(since) if decision is FloorDecision.PAUSE
        )
        cuts = [at for at, decision in since if decision is FloorDecision.INTERRUPT]
        notes.interruptions = len(cuts)
        if cuts:
            understood = next(at for at in [*self._understood, time.perf_counter()] if at > cuts[0])
            notes.after_confirmation = self._between(cuts[0], understood)
            notes.after_first_sound = self._between(began, understood)
        notes.heard_to_the_end = self._call.stands_in_the_chat()[-1:] == [LAST if scene.cut_by else scene.answer]
        return notes

    async def _say(self, who: Name, text: str) -> None:
        """Have it said, and wait until it is told."""
        told = len(heard(self._call.relay))
        self._microphones[who].say(self._sounds[text])
        await _within(lambda: len(heard(self._call.relay)) > told)

    def _is_over(self) -> bool:
        quiet = all(packet.is_silence for packet in self._call.discord.voice.heard[-3:])
        silent = all(microphone.is_silent for microphone in self._microphones.values())
        return silent and quiet and self._call.relay.floor.is_free(time.monotonic())

    @property
    def _words(self) -> list[Heard]:
        return self._call.discord.voice.words

    def _between(self, begin: float, end: float) -> int:
        return sum(begin < word.at < end for word in self._words)


async def run(scenes: Sequence[Scene] = WHOLE) -> ConversationFigures:
    """Let it happen, at the pace of speech."""
    lines = [line for scene in scenes for line in (scene.asks, scene.cut_by) if line is not None]
    sounds = {text: await said(text, VOICES[who]) for who, text in lines}
    endpoint, began = KnowsUtterances(sounds), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        async with (
            serving("/audio/transcriptions", endpoint.answer) as url,
            DiscordDouble() as discord,
            _talking(discord, Path(folder), url, sounds) as (conversation, call),
        ):
            notes = [await conversation.play(scene) for scene in scenes]
            told = list(heard(call.relay))
    names = [text if who == "ann" else f'{who} (voice): "{text}"' for who, text in lines]
    whole = [each for each in notes if each.scene.cut_by is None]
    cut = [each for each in notes if each.scene.cut_by is not None]
    return ConversationFigures(
        seconds=round(time.perf_counter() - began, 1),
        answers=len(notes),
        answers_heard_to_the_end=sum(each.heard_to_the_end for each in notes),
        short_pauses=sum(each.pauses for each in whole),
        seconds_paused=round(sum(each.paused for each in whole), 2),
        interruptions=len(cut),
        interruptions_found=sum(each.interruptions > 0 for each in cut),
        false_interruptions=sum(each.interruptions for each in whole)
        + sum(max(0, each.interruptions - 1) for each in cut),
        packets_after_confirmation_max=max(each.after_confirmation for each in cut),
        packets_after_first_sound_max=max(each.after_first_sound for each in cut),
        utterances=len(lines),
        told_once_under_their_names=sum(told.count(name) == 1 for name in names),
        told_besides=tuple((Counter(told) - Counter(names)).elements()),
        echo_seconds=round(conversation.echo.seconds, 1),
        turns_without_words=endpoint.understood.count(""),
    )


@asynccontextmanager
async def _talking(
    discord: DiscordDouble, folder: Path, url: str, sounds: dict[str, Samples]
) -> AsyncIterator[tuple[_Conversation, Call]]:
    cleo = await discord.enter("cleo")
    async with calling(discord, folder, hearing={"through": "openai", "url": url}, floor={}) as call:
        loudspeaker = Loudspeaker(discord.voice.heard, level=ECHO, delay=LATE)
        microphones: dict[Name, Microphone] = {
            "ann": Microphone(raised(typing(10.0) + room(10.0))),
            "bob": Microphone(raised(fan(10.0))),
            "cleo": Microphone(raised(room(10.0)), loudspeaker.echo),
        }
        people: dict[Name, VoicePerson] = {"ann": call.ann, "bob": call.bob, "cleo": cleo}
        conversation = _Conversation(call, microphones, sounds, loudspeaker)
        conversation.note()
        async with asyncio.TaskGroup() as tasks:
            on = [tasks.create_task(people[name].stream(each)) for name, each in microphones.items()]
            try:
                yield conversation, call
            finally:
                for each in on:
                    each.cancel()


async def _within(true: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: what never comes is missing in the figures."""
    with suppress(TimeoutError):
        await eventually(true, TIMEOUT)
