"""The companion in a Discord voice channel: the real discord.py, end-to-end encryption, and people who interrupt."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from relay.companion.speaking.clips import Speech
from relay.companion.voice.espeak import Espeak
from relay.model import AudienceMessage, Author, Caller, Kind, Role
from relay.platforms.discord.hearing.ears import Ears
from relay.platforms.discord.voice.sink import DiscordSink
from relay.replies.reply import Reply
from relay.speech.packet_source import SILENCE
from tests.companion.endpoints import TranscriptionEndpoint, serving
from tests.companion.play import CAST, loaded
from tests.doubles.discord import DiscordDouble
from tests.end_to_end.call import PATIENT, SAGA, STORY, calling, length_of_the_story, voice
from tests.support import eventually


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


FRAME = 0.02
"""Seconds in a packet."""
MODERATOR = Caller(source="terminal", name="mia", roles=frozenset({Role.MODERATOR}))


async def test_an_answer_is_heard_in_the_channel_and_posted_when_it_was(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path) as call:
        await discord.say("tell us a story")
        await call.says(5)
        assert call.posts() == [], "nothing is posted before it was heard"

        post = await call.posted()
        await call.said_to_its_end()
        said = discord.voice.words

    assert post == STORY
    assert all(word.encrypted for word in said)
    assert np.abs(discord.voice.samples()).max() > 0.05
    assert len(said) * FRAME == pytest.approx(await length_of_the_story(), abs=3 * FRAME)


class Handing:
    """Counts the frames that the sink hands out, how it stood when somebody was first heard, and how it went on.

    On a machine that is late, who talks may be missed for a moment, in which the companion goes on.
    """

    def __init__(self, sink: DiscordSink, ears: Ears, said: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
        """`said` counts what has arrived of it."""
        self.frames = 0
        self.then: tuple[int, int] | None = None
        """Frames handed out, and sounds of people heard."""
        self.until: int | None = None
        """What had arrived before it went on."""
        self._ears = ears
        self._said = said
        self._read, self._pause, self._resume = sink._packets.read, sink.pause, sink.resume
        monkeypatch.setattr(sink._packets, "read", self.read)
        monkeypatch.setattr(sink, "pause", self.pause)
        monkeypatch.setattr(sink, "resume", self.resume)

    def read(self) -> bytes:
        frame = self._read()
        self.frames += frame != SILENCE
        return frame

    def pause(self) -> None:
        self._pause()
        self.then = self.then or (self.frames, self._ears.counts.decoded)

    def resume(self) -> None:
        if self.then is not None and self.until is None:
            self.until = self._said()
        self._resume()


async def test_who_talks_on_ends_the_answer_where_it_was_heard_and_is_answered(
    discord: DiscordDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = TranscriptionEndpoint("Wait, which dragon?")
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing_url=url) as call,
    ):
        handing = Handing(call.sink, call.ears, lambda: len(discord.voice.words), monkeypatch)
        await discord.say("tell us a saga")
        await call.says(60)
        await eventually(lambda: call.stands_in_the_chat() == [SAGA])

        talking = asyncio.create_task(call.ann.speak(voice(30)))
        await eventually(lambda: call.stands_in_the_chat() != [SAGA])
        told = await call.said_to_its_end()
        talking.cancel()
        await eventually(lambda: call.teller.asked[-1] == "Wait, which dragon?")
        await eventually(lambda: call.stands_in_the_chat()[-1] == "All right.")
        await call.says(10, since=told)
        await call.is_free()
        kept = call.stands_in_the_chat()[0]
        await call.posted()

    assert handing.then is not None
    frames, sounds = handing.then
    assert sounds == 1, "the first sound is enough"
    until = told if handing.until is None else handing.until
    assert until - frames <= 1, "at most one frame was on its way"
    assert kept and SAGA.startswith(f"{kept} "), "it ends with a whole word"
    assert call.posts()[0] == f"{kept} \u2014"
    assert endpoint.heard


async def test_what_a_guest_says_reaches_the_character_with_their_name(discord: DiscordDouble, tmp_path: Path) -> None:
    endpoint = TranscriptionEndpoint("Hello everybody.")
    async with (
        serving("/audio/transcriptions", endpoint.answer) as url,
        calling(discord, tmp_path, hearing_url=url) as call,
    ):
        await call.bob.speak(voice(0.8))

        await call.says(10)
        await call.is_free()
        assert call.teller.asked == ['bob (voice): "Hello everybody."']


async def test_a_cough_only_makes_it_pause(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path, floor=PATIENT) as call:
        await discord.say("tell us a story")
        await call.says(30)

        await call.ann.speak(voice(0.2))

        post = await call.posted()
        await call.said_to_its_end()
        assert call.stands_in_the_chat() == [STORY]

    assert post == STORY
    words = discord.voice.words
    between = [packet for packet in discord.voice.heard if words[0].sequence < packet.sequence < words[-1].sequence]
    assert any(packet.is_silence for packet in between), "it was silent for a moment"
    assert len(words) * FRAME == pytest.approx(await length_of_the_story(), abs=3 * FRAME), "nothing is lost by it"


@pytest.mark.parametrize("happens", ["deleted", "banned"])
async def test_an_answer_ends_when_its_question_is_deleted_or_its_author_banned(
    discord: DiscordDouble, tmp_path: Path, happens: str
) -> None:
    async with calling(discord, tmp_path) as call:
        asked = await discord.say("tell us a saga", author="bob")
        await call.says(20)

        if happens == "deleted":
            await discord.delete(asked)
        else:
            await discord.ban("bob")

        await call.is_free()
        await eventually(lambda: call.stands_in_the_chat()[-1] != SAGA)
        assert SAGA.startswith(call.stands_in_the_chat()[-1])
        await discord.say("still there?", author="ann")
        assert await call.posted() == "All right.", "of the answer to it nothing is posted"


async def test_skipping_goes_on_with_the_next_message(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path) as call:
        await discord.say("tell us a saga")
        await discord.say("and hello")
        said = await call.says(20)

        assert await call.relay.controls.run("skip", MODERATOR)

        await call.says(10, since=said)
        await eventually(lambda: "All right." in call.posts())
        kept = call.stands_in_the_chat()[0]
        assert SAGA.startswith(kept) and kept != SAGA
        assert SAGA not in call.posts()


async def test_what_may_not_be_interrupted_is_said_to_its_end(discord: DiscordDouble, tmp_path: Path) -> None:
    kinds = {"kinds": {"chat": {"interruptible": False}}}
    async with calling(discord, tmp_path, forwarding=kinds) as call:
        await discord.say("tell us a story")
        await call.says(20)

        await call.ann.speak(voice(1.0))

        post = await call.posted()
    assert post == STORY


async def test_the_gap_between_two_forwards_can_begin_with_the_end_of_speech(
    discord: DiscordDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud = {"loud_per_minute": 1, "gap": 1.0, "gap_from": "speech", "picks": 1}
    async with calling(discord, tmp_path, selection=loud) as call:
        heard_at: list[float] = []
        reply_heard = call.relay.voice.reply_heard

        def note(reply: Reply) -> None:
            heard_at.append(time.monotonic())
            reply_heard(reply)

        monkeypatch.setattr(call.relay.voice, "reply_heard", note)
        for author, text in {"ann": "tell us a story", "bob": "hello you", "cleo": "how are you"}.items():
            await discord.say(text, author=author)
        await eventually(lambda: len(call.teller.asked) == 2)

        assert call.teller.asked_at[1] - heard_at[0] >= 1.0


async def test_what_a_narrator_reads_is_heard_and_only_the_answer_is_posted(
    discord: DiscordDouble, tmp_path: Path
) -> None:
    async with calling(discord, tmp_path, scenario=loaded(characters=CAST)) as call:
        await call.relay.receive(
            AudienceMessage(
                platform="discord",
                id="raid",
                channel=str(discord.channel),
                kind=Kind.RAID,
                author=Author(id="7", name="Ann"),
                at=time.time(),
                amount=42,
            )
        )
        assert await call.posted() == "All right."
        said = [m.text for m in call.relay.session.chat.history or () if m.role == "Event"]  # type: ignore[union-attr]
        assert len(said) == 1 and "42" in said[0]
        await call.said_to_its_end()
    clips = [await Speech(Espeak("")).clip(text) for text in (said[0], "All right.")]
    spoken = sum(clip.duration for clip in clips if clip is not None)
    assert len(discord.voice.words) * FRAME == pytest.approx(spoken, abs=5 * FRAME)
    assert call.posts() == ["All right."]


async def test_the_character_knows_who_is_in_the_voice_channel(discord: DiscordDouble, tmp_path: Path) -> None:
    async with calling(discord, tmp_path) as call:
        await eventually(lambda: "In the voice channel: ann, bob." in call.relay.scenario.context.contexts())
        await discord.leave("bob")
        await eventually(lambda: "In the voice channel: ann." in call.relay.scenario.context.contexts())
