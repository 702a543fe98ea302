"""What is heard in a voice channel of what the companion says, measured at the other end of the call."""

import itertools
import secrets
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from relay.platforms.discord.voice import session, sink
from relay.platforms.discord.voice.sink import DiscordSink
from relay.speech.base import FRAME, Clip, Sink
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.voice import Heard
from tests.doubles.discord.voice_sound import decode, loudness, pitch, tone
from tests.platforms.discord.conftest import Run
from tests.support import eventually

LONG = 30.0
"""Seconds of a clip that is never said to its end."""
SAMPLES = 960
"""Samples in a packet of 20 ms."""
PRE_SKIP = 312
"""Samples by which Opus is late."""


class Witness:
    """Writes down what a sink tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Clip]] = []
        self.changes: list[bool] = []

    def started(self, sink: Sink, clip: Clip) -> None:
        self.told.append(("started", clip))

    def ended(self, sink: Sink, clip: Clip) -> None:
        self.told.append(("ended", clip))

    def changed(self, sink: Sink) -> None:
        self.changes.append(sink.is_open)


def clip(hertz: float, seconds: float = 0.3) -> Clip:
    pcm = (tone(hertz, seconds) * 32_767).astype("<i2").tobytes()
    return Clip(secrets.token_hex(4), "reply", f"{hertz} Hz", pcm)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TICK", 0.02)


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def mouth(discord: DiscordDouble, run: Run, witness: Witness) -> AsyncIterator[DiscordSink]:
    """The sink, in the lounge with ann."""
    await discord.enter("ann")
    async with run() as voice:
        voice.sink.listen(witness)
        await discord.voice.wait_joined(discord.lounge)
        await eventually(lambda: voice.sink.is_open)
        yield voice.sink


async def silence_after_words(discord: DiscordDouble) -> list[Heard]:
    """All words, when silence has followed them."""
    voice = discord.voice
    await eventually(lambda: bool(voice.words) and all(packet.is_silence for packet in voice.heard[-3:]))
    return voice.words


async def over(discord: DiscordDouble, witness: Witness, said: Clip) -> None:
    """Wait until a clip was said, and all of it has arrived."""
    await eventually(lambda: ("ended", said) in witness.told)
    await silence_after_words(discord)


def frames(said: Clip) -> int:
    return round(said.duration / FRAME)


async def test_a_clip_arrives_encrypted_whole_and_at_the_pace_of_speech(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    said = clip(440)
    mouth.play(said)
    words = await discord.voice.wait_words(frames(said))
    await over(discord, witness, said)
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)
    assert {packet.encrypted for packet in words} == {True}
    assert np.diff([packet.timestamp for packet in words]).tolist() == [SAMPLES] * (frames(said) - 1)
    assert mouth.seconds_heard(said) == pytest.approx(said.duration)


async def test_clips_follow_each_other_without_a_gap_and_in_order(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    said = [clip(hertz) for hertz in (440, 880, 1_320)]
    for each in said:
        mouth.play(each)
    await over(discord, witness, said[-1])
    words = discord.voice.words
    assert np.diff([packet.sequence for packet in words]).tolist() == [1] * (3 * frames(said[0]) - 1)
    heard = discord.voice.samples()[PRE_SKIP:]
    thirds = [heard[place + 2_400 : place + 12_000] for place in range(0, 43_200, 14_400)]
    assert [round(pitch(third), -1) for third in thirds] == [440, 880, 1_320]
    assert witness.told == list(itertools.chain.from_iterable((("started", each), ("ended", each)) for each in said))


async def test_silence_follows_what_is_said_and_then_nothing(discord: DiscordDouble, mouth: DiscordSink) -> None:
    link = mouth._link
    assert link is not None
    mouth.play(said := clip(440, 0.1))  # which wakes a player that rests, so that it rests again only behind this
    await eventually(link.is_paused)
    await discord.voice.wait_words(frames(said))
    await eventually(lambda: discord.voice.speaking[-1:] == [0])
    mouth.play(clip(440, 0.1))
    await discord.voice.wait_words(2 * frames(said))
    last, first = discord.voice.words[frames(said) - 1].sequence, discord.voice.words[frames(said)].sequence
    between = [packet for packet in discord.voice.heard if last < packet.sequence < first]
    assert 5 <= len(between) <= 10 and all(packet.is_silence for packet in between)


async def test_a_sentence_goes_on_after_a_pause_without_a_sound(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    begin, pause, end = clip(440, 0.1), bytes(2 * 48_000 * 2 // 10), clip(880, 0.1)
    said = Clip(secrets.token_hex(4), "reply", "Well, no.", begin.pcm + pause + end.pcm)
    mouth.play(said)
    await over(discord, witness, said)
    voice = discord.voice  # the pause can be as silent as the end, but comes before the clip's length is over
    await eventually(lambda: voice.heard[-1].timestamp - voice.words[0].timestamp >= frames(said) * SAMPLES)
    assert pitch(voice.samples()[-2 * SAMPLES :]) == pytest.approx(880, abs=30)


async def test_the_path_is_kept_alive_while_it_is_silent(
    discord: DiscordDouble, mouth: DiscordSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    await eventually(lambda: discord.voice.speaking[-1:] == [0])
    monkeypatch.setattr(sink, "ALIVE_EVERY", 0.05)
    count = len(discord.voice.heard)
    await eventually(lambda: len(discord.voice.heard) > count + 7)
    assert discord.voice.words == []


async def test_a_cut_is_heard_within_a_frame_from_any_thread(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    said, never = clip(440, LONG), clip(880)
    mouth.play(said)
    mouth.play(never)
    await discord.voice.wait_words(10)
    thread = threading.Thread(target=mouth.cut)
    thread.start()
    thread.join()
    heard = mouth.seconds_heard(said)
    words = await silence_after_words(discord)
    assert len(words) * FRAME == pytest.approx(heard, abs=1e-6), "no frame is taken after the cut"
    assert mouth.seconds_heard(said) == heard
    assert (mouth.seconds_heard(never), witness.told) == (0, [("started", said)])


async def test_what_is_said_after_a_cut_is_heard_alone(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    mouth.play(clip(440, LONG))
    words = await discord.voice.wait_words(5)
    mouth.cut()
    count = len(await silence_after_words(discord))
    mouth.play(said := clip(880))
    await over(discord, witness, said)
    after = discord.voice.words[count:]
    assert len(after) == frames(said) and len(words) <= count
    assert pitch(decode(packet.opus for packet in after)) == pytest.approx(880, abs=5)


async def test_a_pause_keeps_the_place(discord: DiscordDouble, mouth: DiscordSink, witness: Witness) -> None:
    mouth.play(said := clip(440, 0.5))
    await discord.voice.wait_words(10)
    mouth.pause()
    heard = mouth.seconds_heard(said)
    words = await silence_after_words(discord)
    assert len(words) * FRAME == pytest.approx(heard, abs=1e-6), "no frame is taken after the pause"
    assert mouth.seconds_heard(said) == heard
    await eventually(lambda: discord.voice.speaking[-1:] == [0])
    mouth.resume()
    await over(discord, witness, said)
    assert len(discord.voice.words) == frames(said)
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)


async def test_the_volume_changes_while_it_speaks(discord: DiscordDouble, mouth: DiscordSink) -> None:
    mouth.play(said := clip(440, LONG))
    await discord.voice.wait_words(15)
    mouth.set_volume(0.25)
    before = round(mouth.seconds_heard(said) / FRAME)  # more than have arrived
    await discord.voice.wait_words(before + 15)
    mouth.cut()
    heard = discord.voice.samples()
    begin = (before + 2) * SAMPLES  # the last that was loud rings out
    loud, quiet = loudness(heard[2_400:12_000]), loudness(heard[begin : begin + 9_600])
    assert quiet / loud == pytest.approx(0.25, rel=0.1)


async def test_after_a_lost_connection_it_speaks_again(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    mouth.play(lost := clip(440, LONG))
    await discord.voice.wait_words(5)
    await discord.voice.close(4006)
    await eventually(lambda: witness.changes == [True, False, True])
    count = len(discord.voice.words)
    mouth.play(said := clip(880))
    await over(discord, witness, said)
    after = decode(packet.opus for packet in discord.voice.words[count:])
    assert pitch(after) == pytest.approx(880, abs=5)
    assert mouth.seconds_heard(lost) < LONG


async def test_after_a_move_by_a_moderator_it_speaks_in_the_new_channel(
    discord: DiscordDouble, run: Run, witness: Witness
) -> None:
    lobby = discord.open_voice_channel()
    await discord.enter("ann")
    await discord.enter("bob", lobby)
    async with run() as voice:
        voice.sink.listen(witness)
        await eventually(lambda: voice.sink.is_open)
        await discord.voice.move_bot(lobby)
        await discord.voice.wait_joined(lobby)
        await eventually(lambda: voice.sink.is_open)
        voice.sink.play(said := clip(440))
        await over(discord, witness, said)
    assert {packet.channel for packet in discord.voice.words} == {lobby}
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)


async def test_people_who_come_and_go_hear_it_without_a_break(
    discord: DiscordDouble, mouth: DiscordSink, witness: Witness
) -> None:
    mouth.play(said := clip(440, 0.8))
    await discord.voice.wait_words(5)
    await discord.enter("bob")
    await discord.voice.wait_words(20)
    await discord.leave("bob")
    await over(discord, witness, said)
    assert len(discord.voice.words) == frames(said) and discord.voice.unreadable == 0
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)


async def test_a_rotated_key_does_not_silence_it(discord: DiscordDouble, mouth: DiscordSink, witness: Witness) -> None:
    link = mouth._link
    assert link is not None
    old = link.secret_key
    await discord.voice.rotate_key()
    await eventually(lambda: link.secret_key != old and mouth.is_open)
    mouth.play(said := clip(440))
    await over(discord, witness, said)
    assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)


class TestEncryption:
    async def test_nothing_is_said_while_the_group_is_not_ready(
        self, discord: DiscordDouble, mouth: DiscordSink, witness: Witness
    ) -> None:
        mouth.play(clip(440, LONG))
        await discord.voice.wait_words(5)
        discord.voice.e2ee.held = True
        await discord.voice.e2ee.restart()
        await eventually(lambda: not mouth.is_open)
        await eventually(lambda: witness.changes == [True, False])
        count = len(await silence_after_words(discord))
        mouth.play(never := clip(880))
        await discord.voice.e2ee.release()
        await eventually(lambda: witness.changes == [True, False, True])
        mouth.play(said := clip(1_320))
        await over(discord, witness, said)
        words = discord.voice.words[count:]
        assert (len(words), mouth.seconds_heard(never)) == (frames(said), 0)
        assert pitch(decode(packet.opus for packet in words)) == pytest.approx(1_320, abs=5)
        assert all(packet.encrypted for packet in discord.voice.words)

    async def test_it_speaks_in_the_clear_only_where_the_call_is_in_the_clear(
        self, discord: DiscordDouble, mouth: DiscordSink, witness: Witness
    ) -> None:
        await discord.voice.e2ee.downgrade()
        await eventually(lambda: len(discord.voice.e2ee.executed) == 2)
        await eventually(lambda: mouth.is_open)
        mouth.play(said := clip(440))
        await over(discord, witness, said)
        assert {packet.encrypted for packet in discord.voice.words} == {False}
        assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)

    async def test_a_commit_of_its_own_counts(self, discord: DiscordDouble, run: Run, witness: Witness) -> None:
        await discord.enter("ann")
        async with run() as voice:
            voice.sink.listen(witness)
            await eventually(lambda: voice.sink.is_open)
            discord.voice.e2ee.bot_commits = True
            await discord.enter("bob")
            await eventually(lambda: len(discord.voice.e2ee.executed) == 2)
            voice.sink.play(said := clip(440))
            await over(discord, witness, said)
        assert pitch(discord.voice.samples()) == pytest.approx(440, abs=5)
        assert {packet.encrypted for packet in discord.voice.words} == {True}
